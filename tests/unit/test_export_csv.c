/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/export_csv.h"

#include <string.h>

#include "unit/brussels.h"
#include "unit/unit.h"

#define NOV_23                                                                                     \
	{                                                                                          \
		2026, 11, 23                                                                       \
	}

static void check(const char *name, const struct sink_buffer *out, const char *want)
{
	if (out->used != strlen(want) || memcmp(out->bytes, want, out->used) != 0)
		fail_msg("%s: %.*s", name, (int)out->used, out->bytes);
}

static void test_header(void **state)
{
	(void)state;
	char got[200];
	struct sink_buffer out = { got, sizeof(got), 0 };
	assert_int_equal(export_csv_begin(sink_to_buffer, &out), 0);
	check("header", &out,
		"\xef\xbb\xbf"
		"date;half;pupil_id;last_name;first_name;class;mark;code;arrived;minutes_late\r\n");
}

/* R20: lines as in the contract; the mark - stays, whatever else begins with one. */
static void test_rows(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct export_csv_row row;
		const char *want;
	} row[] = {
		{ "present",
			{ NOV_23, HALFDAY_AM, 12345, "Peeters", "Noor", "3A", MARK_PRESENT, 0,
				HMS(8, 24, 59), 0 },
			"23/11/2026;am;0000012345;Peeters;Noor;3A;|;;08:24;\r\n" },
		{ "late",
			{ NOV_23, HALFDAY_AM, 12346, "Ben Haddou", "Yassine", "3A", MARK_LATE, 0,
				HMS(8, 30, 1), 6 },
			"23/11/2026;am;0000012346;Ben Haddou;Yassine;3A;L;;08:30;6\r\n" },
		{ "absent",
			{ { 2026, 9, 1 }, HALFDAY_PM, 9999999999,
				"\xc3\x87"
				"elik",
				"Elif", "3A", MARK_ABSENT, 0, -1, 0 },
			"01/09/2026;pm;9999999999;\xc3\x87"
			"elik;Elif;3A;-;;;\r\n" },
		{ "unconfirmed",
			{ NOV_23, HALFDAY_PM, 1, "A", "B", "", MARK_UNCONFIRMED, 0, -1, 0 },
			"23/11/2026;pm;0000000001;A;B;;-;;;\r\n" },
		{ "absent with a code",
			{ NOV_23, HALFDAY_AM, 1, "A", "B", "5B", MARK_ABSENT, 'B', -1, 0 },
			"23/11/2026;am;0000000001;A;B;5B;-;B;;\r\n" },
		{ "excused with a code",
			{ NOV_23, HALFDAY_AM, 1, "A", "B", "5B", MARK_EXCUSED, 'P', -1, 0 },
			"23/11/2026;am;0000000001;A;B;5B;;P;;\r\n" },
		{ "carried over", { NOV_23, HALFDAY_PM, 1, "A", "B", "5B", MARK_PRESENT, 0, -1, 7 },
			"23/11/2026;pm;0000000001;A;B;5B;|;;;\r\n" },
		{ "at midnight", { NOV_23, HALFDAY_AM, 1, "A", "B", "5B", MARK_PRESENT, 0, 0, 0 },
			"23/11/2026;am;0000000001;A;B;5B;|;;00:00;\r\n" },
		{ "no lessons", { NOV_23, HALFDAY_AM, 1, "A", "B", "5B", MARK_NONE, 0, -1, 0 },
			"" },
		{ "names and class that would run",
			{ NOV_23, HALFDAY_AM, 1, "=1+1", "-", "@x", MARK_ABSENT, 0, -1, 0 },
			"23/11/2026;am;0000000001;'=1+1;'-;'@x;-;;;\r\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char got[300];
		struct sink_buffer out = { got, sizeof(got), 0 };
		assert_int_equal(export_csv_row(&row[i].row, sink_to_buffer, &out), 0);
		check(row[i].name, &out, row[i].want);
		for (size_t size = 0; size < out.used; size++) {
			struct sink_buffer small = { got, size, 0 };
			assert_int_equal(export_csv_row(&row[i].row, sink_to_buffer, &small), -1);
		}
	}
}

/* R20: cells of text. */
static void test_cells(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} row[] = {
		{ "", "" },
		{ "Noor", "Noor" },
		{ "=HYPERLINK(1)", "'=HYPERLINK(1)" },
		{ "+32", "'+32" },
		{ "-", "'-" },
		{ "-A", "'-A" },
		{ "@SUM", "'@SUM" },
		{ "\tA", "'\tA" },
		{ "\rA", "\"'\rA\"" },
		{ "A=1", "A=1" },
		{ "Ma-ri", "Ma-ri" },
		{ "'s Gravenmoer", "'s Gravenmoer" },
		{ "A;B", "\"A;B\"" },
		{ "A,B", "A,B" },
		{ "A\"B", "\"A\"\"B\"" },
		{ "\"", "\"\"\"\"" },
		{ "\"\"", "\"\"\"\"\"\"" },
		{ "A\r\nB", "\"A\r\nB\"" },
		{ "A\nB", "\"A\nB\"" },
		{ "=1;\"x\"", "\"'=1;\"\"x\"\"\"" },
		{ "|", "|" },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char got[100];
		struct sink_buffer out = { got, sizeof(got), 0 };
		assert_int_equal(export_csv_text(row[i].text, sink_to_buffer, &out), 0);
		check(row[i].text, &out, row[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
