/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/checkin.h"

#include <string.h>

#include "unit/unit.h"

/* The words of checkin.json, each with its value. */
static void test_result_words(void **state)
{
	(void)state;
	static const struct {
		enum checkin_result result;
		const char *word;
	} row[] = {
		{ CHECKIN_RESULT_NONE, "" },
		{ CHECKIN_PRESENT, "present" },
		{ CHECKIN_LATE, "late" },
		{ CHECKIN_UNJUDGED, "unjudged" },
		{ CHECKIN_NOT_EXPECTED, "not_expected" },
		{ CHECKIN_UNKNOWN_CARD, "unknown_card" },
		{ CHECKIN_BLOCKED_CARD, "blocked_card" },
		{ CHECKIN_TALK, "talk" },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_string_equal(checkin_result_word(row[i].result), row[i].word);
		assert_int_equal(checkin_result_parse(row[i].word), row[i].result);
	}
	assert_int_equal(checkin_result_parse("Present"), CHECKIN_RESULT_NONE);
	assert_int_equal(checkin_result_parse("absent"), CHECKIN_RESULT_NONE);
	assert_int_equal(checkin_result_parse("latecomer"), CHECKIN_RESULT_NONE);
	assert_int_equal(checkin_result_parse(NULL), CHECKIN_RESULT_NONE);
}

static void test_clock_words(void **state)
{
	(void)state;
	static const struct {
		enum checkin_clock clock;
		const char *word;
		bool judges;
	} row[] = {
		{ CHECKIN_CLOCK_UNKNOWN, "unknown", false },
		{ CHECKIN_CLOCK_REGRESSED, "regressed", false },
		{ CHECKIN_CLOCK_HOLDOVER, "holdover", true },
		{ CHECKIN_CLOCK_TRUSTED, "trusted", true },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_string_equal(checkin_clock_word(row[i].clock), row[i].word);
		assert_int_equal(checkin_clock_parse(row[i].word), row[i].clock);
		assert_int_equal(checkin_clock_judges(row[i].clock), row[i].judges);
	}
	assert_int_equal(checkin_clock_parse(""), -1);
	assert_int_equal(checkin_clock_parse("trust"), -1);
	assert_int_equal(checkin_clock_parse(NULL), -1);
}

static void test_pupil_ids(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want;
		const char *again;
	} row[] = {
		{ "1", 1, "0000000001" },
		{ "0000000001", 1, "0000000001" },
		{ "0000023456", 23456, "0000023456" },
		{ "9999999999", CHECKIN_PUPIL_MAX, "9999999999" },
		{ "0", -1, NULL },
		{ "0000000000", -1, NULL },
		{ "00000000001", -1, NULL },
		{ "10000000000", -1, NULL },
		{ "99999999999999999999999", -1, NULL },
		{ "", -1, NULL },
		{ " 1", -1, NULL },
		{ "1 ", -1, NULL },
		{ "-1", -1, NULL },
		{ "+1", -1, NULL },
		{ "1a", -1, NULL },
		{ NULL, -1, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t got = checkin_pupil_parse(row[i].text);
		if (got != row[i].want)
			fail_msg("%s: got %lld", row[i].text, (long long)got);
		if (got < 0)
			continue;
		char text[11];
		checkin_pupil_format(got, text);
		assert_string_equal(text, row[i].again);
	}
}

static void test_slugs(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool want;
	} row[] = {
		{ "g", true },
		{ "gate-1", true },
		{ "0123456789abcdef0123456789abcdef", true },
		{ "0123456789abcdef0123456789abcdef0", false },
		{ "-", true },
		{ "", false },
		{ "Gate", false },
		{ "gate 1", false },
		{ "gate_1", false },
		{ "gate/1", false },
		{ "gate+", false },
		{ "gate#", false },
		{ "gate\n", false },
		{ "\xc3\xa9", false },
		{ NULL, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (checkin_slug_valid(row[i].text) != row[i].want)
			fail_msg("%s", row[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result_words),
		cmocka_unit_test(test_clock_words),
		cmocka_unit_test(test_pupil_ids),
		cmocka_unit_test(test_slugs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
