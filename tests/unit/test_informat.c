/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/informat.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#define AM_OF(y, m, d)                                                                             \
	{                                                                                          \
		{ y, m, d }, HALFDAY_AM,                                                           \
		{                                                                                  \
			1, 6                                                                       \
		}                                                                                  \
	}

static const struct informat_half sample_half = AM_OF(2018, 1, 30);

/* Two without a tap, one late, one in: the contract's sample. */
static const struct informat_row sample_rows[] = {
	{ 12345, MARK_ABSENT, 0, 0 },
	{ 12346, MARK_ABSENT, 0, 0 },
	{ 12347, MARK_LATE, 0, 0 },
	{ 12348, MARK_PRESENT, 0, 0 },
};

static size_t read_sample(const char *name, char *ret_bytes, size_t size)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/broker-config/contract/sample/informat/%s",
		TEST_SOURCE_DIR, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: not there", path);
	size_t n = fread(ret_bytes, 1, size, f);
	fclose(f);
	return n;
}

/* R19: byte for byte as the sample, names of the files included. */
static void test_sample(void **state)
{
	(void)state;
	static const struct {
		enum informat_file file;
		const char *name;
		long pupils;
	} row[] = {
		{ INFORMAT_ABSENT, "absent-300118-T1.txt", 2 },
		{ INFORMAT_LATE, "late-300118-T1.txt", 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char want[200], got[200], name[INFORMAT_NAME_MAX];
		struct sink_buffer out = { got, sizeof(got), 0 };
		informat_file_name(row[i].file, &sample_half, name);
		assert_string_equal(name, row[i].name);
		size_t n = read_sample(name, want, sizeof(want));
		long pupils = informat_write(row[i].file, &sample_half, sample_rows,
			ARRAY_LEN(sample_rows), sink_to_buffer, &out);
		assert_int_equal(pupils, row[i].pupils);
		assert_int_equal(out.used, n);
		assert_memory_equal(got, want, n);
	}
}

/* R19: one row, and where it goes. */
static const struct {
	const char *name;
	enum mark_value mark;
	char code, exported;
	const char *absent, *late, *coded; /* what follows the first line; NULL: no file */
	enum informat_left left;
	char kept;
} row[] = {
	{ "present", MARK_PRESENT, 0, 0, NULL, NULL, NULL, INFORMAT_LEFT_NOT, 0 },
	{ "absent", MARK_ABSENT, 0, 0, "", NULL, NULL, INFORMAT_LEFT_NOT, '-' },
	{ "unconfirmed", MARK_UNCONFIRMED, 0, 0, "", NULL, NULL, INFORMAT_LEFT_NOT, '-' },
	{ "late", MARK_LATE, 0, 0, NULL, "L\r\n", NULL, INFORMAT_LEFT_NOT, 'L' },
	{ "excused", MARK_EXCUSED, 0, 0, NULL, NULL, NULL, INFORMAT_LEFT_NOT, 0 },
	{ "awaited", MARK_AWAITED, 0, 0, NULL, NULL, NULL, INFORMAT_LEFT_NOT, 0 },
	{ "no lessons", MARK_NONE, 0, 0, NULL, NULL, NULL, INFORMAT_LEFT_NOT, 0 },
	{ "B", MARK_ABSENT, 'B', '-', NULL, NULL, "B\r\n", INFORMAT_LEFT_NOT, 'B' },
	{ "D", MARK_ABSENT, 'D', '-', NULL, NULL, "D\r\n", INFORMAT_LEFT_NOT, 'D' },
	{ "R", MARK_EXCUSED, 'R', 0, NULL, NULL, "R\r\n", INFORMAT_LEFT_NOT, 'R' },
	{ "Z", MARK_EXCUSED, 'Z', 0, NULL, NULL, "Z\r\n", INFORMAT_LEFT_NOT, 'Z' },
	{ "late, but missed", MARK_LATE, 'B', 'L', NULL, NULL, "B\r\n", INFORMAT_LEFT_NOT, 'B' },
	{ "P", MARK_EXCUSED, 'P', 0, NULL, NULL, NULL, INFORMAT_LEFT_CODE, 0 },
	{ "H", MARK_EXCUSED, 'H', 0, NULL, NULL, NULL, INFORMAT_LEFT_CODE, 0 },
	{ "M", MARK_ABSENT, 'M', '-', NULL, NULL, NULL, INFORMAT_LEFT_CODE, 0 },
	{ "T", MARK_EXCUSED, 'T', 0, NULL, NULL, NULL, INFORMAT_LEFT_CODE, 0 },
	{ "was in after all", MARK_PRESENT, 0, '-', NULL, NULL, NULL, INFORMAT_LEFT_PRESENT, 0 },
	{ "was in time", MARK_PRESENT, 0, 'L', NULL, NULL, NULL, INFORMAT_LEFT_PRESENT, 0 },
	{ "late after all", MARK_LATE, 0, '-', NULL, "L\r\n", NULL, INFORMAT_LEFT_NOT, 'L' },
	{ "excused since", MARK_EXCUSED, 0, '-', NULL, NULL, NULL, INFORMAT_LEFT_CLEARED, 0 },
	{ "day off since", MARK_NONE, 0, 'Z', NULL, NULL, NULL, INFORMAT_LEFT_CLEARED, 0 },
};

static void check_file(size_t i, enum informat_file file, const char *want)
{
	char text[200], got[200];
	struct sink_buffer out = { got, sizeof(got), 0 };
	struct informat_row r = { 42, row[i].mark, row[i].code, row[i].exported };
	struct informat_half half = { { 2026, 11, 23 }, HALFDAY_PM, { 1, 6 } };
	int n = want ? snprintf(text, sizeof(text), "231126T6\r\n%s0000000042\r\n", want) : 0;
	long pupils = informat_write(file, &half, &r, 1, sink_to_buffer, &out);
	if (pupils != (want != NULL) || out.used != (size_t)n || memcmp(got, text, out.used) != 0)
		fail_msg("%s: %.*s", row[i].name, (int)out.used, got);
	assert_int_equal(informat_write(file, &half, &r, 1, NULL, NULL), pupils);
}

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct informat_row r = { 42, row[i].mark, row[i].code, row[i].exported };
		check_file(i, INFORMAT_ABSENT, row[i].absent);
		check_file(i, INFORMAT_LATE, row[i].late);
		check_file(i, INFORMAT_CODED, row[i].coded);
		if (informat_left_of(&r) != row[i].left || informat_exported(&r) != row[i].kept)
			fail_msg("%s: left %d", row[i].name, (int)informat_left_of(&r));
	}
}

/* R19: blocks follow each other without a blank line, in one order whatever that of the rows. */
static void test_coded_blocks(void **state)
{
	(void)state;
	static const struct informat_row rows[] = {
		{ 9, MARK_EXCUSED, 'Z', 0 },
		{ 9999999999, MARK_ABSENT, 'B', 0 },
		{ 5, MARK_EXCUSED, 'P', 0 },
		{ 3, MARK_EXCUSED, 'Z', 0 },
		{ 4, MARK_EXCUSED, 'D', 0 },
		{ 6, MARK_ABSENT, 0, 0 },
	};
	static const char want[] = "010927T2\r\nB\r\n9999999999\r\n"
				   "010927T2\r\nD\r\n0000000004\r\n"
				   "010927T2\r\nZ\r\n0000000009\r\n0000000003\r\n";
	struct informat_half half = { { 2027, 9, 1 }, HALFDAY_AM, { 2, 9 } };
	char got[400];
	struct sink_buffer out = { got, sizeof(got), 0 };
	assert_int_equal(
		informat_write(INFORMAT_CODED, &half, rows, ARRAY_LEN(rows), sink_to_buffer, &out),
		4);
	assert_int_equal(out.used, sizeof(want) - 1);
	assert_memory_equal(got, want, sizeof(want) - 1);
}

static void test_names(void **state)
{
	(void)state;
	char name[INFORMAT_NAME_MAX];
	struct informat_half half = { { 2099, 12, 31 }, HALFDAY_PM, { 2, 9 } };
	informat_file_name(INFORMAT_CODED, &half, name);
	assert_string_equal(name, "coded-311299-T9.txt");
	half.half = HALFDAY_AM;
	informat_file_name(INFORMAT_ABSENT, &half, name);
	assert_string_equal(name, "absent-311299-T2.txt");
}

/* What the sink refuses with comes back, at whatever byte the room ends. */
static void test_full_sink(void **state)
{
	(void)state;
	char got[200];
	struct sink_buffer whole = { got, sizeof(got), 0 };
	informat_write(INFORMAT_ABSENT, &sample_half, sample_rows, 4, sink_to_buffer, &whole);
	for (size_t size = 0; size < whole.used; size++) {
		struct sink_buffer out = { got, size, 0 };
		assert_int_equal(informat_write(INFORMAT_ABSENT, &sample_half, sample_rows, 4,
					 sink_to_buffer, &out),
			-1);
	}
	struct sink_buffer out = { got, whole.used, 0 };
	assert_int_equal(
		informat_write(INFORMAT_ABSENT, &sample_half, sample_rows, 4, sink_to_buffer, &out),
		2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_coded_blocks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_full_sink),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
