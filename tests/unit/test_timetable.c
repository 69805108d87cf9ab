/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/timetable.h"

#include <string.h>

#include "unit/brussels.h"
#include "unit/unit.h"

#define AM HALFDAY_AM
#define PM HALFDAY_PM
#define FROM_TO(h1, m1, h2, m2)                                                                    \
	{                                                                                          \
		HMS(h1, m1, 0), HMS(h2, m2, 0)                                                     \
	}

static const struct timetable_row rows[] = {
	{ "5B", 0, AM, FROM_TO(9, 15, 12, 5) },
	{ "*", 0, AM, FROM_TO(8, 25, 12, 5) },
	{ "*", 0, PM, FROM_TO(13, 10, 16, 0) },
	{ "*", 2, AM, FROM_TO(8, 25, 12, 5) },
	{ "5B", 0, PM, FROM_TO(13, 10, 15, 10) },
	{ "5B", 0, PM, FROM_TO(13, 10, 16, 0) },
	{ "*", 6, PM, FROM_TO(22, 0, 24, 0) },
	{ "*", 6, AM, FROM_TO(0, 0, 2, 0) },
};

static void test_weeks(void **state)
{
	(void)state;
	static const struct {
		const char *name, *class_name;
		int weekday;
		enum halfday half;
		int start_s, end_s; /* 0, 0: no lessons */
	} row[] = {
		{ "by default", "3A", 0, AM, HMS(8, 25, 0), HMS(12, 5, 0) },
		{ "by default", "3A", 0, PM, HMS(13, 10, 0), HMS(16, 0, 0) },
		{ "up to midnight", "3A", 6, PM, HMS(22, 0, 0), HMS(24, 0, 0) },
		{ "from midnight", "3A", 6, AM, 0, HMS(2, 0, 0) },
		{ "Wednesday morning", "3A", 2, AM, HMS(8, 25, 0), HMS(12, 5, 0) },
		{ "Wednesday afternoon", "3A", 2, PM, 0, 0 },
		{ "no row", "3A", 1, AM, 0, 0 },
		{ "a row of its own", "5B", 0, AM, HMS(9, 15, 0), HMS(12, 5, 0) },
		{ "the last of two", "5B", 0, PM, HMS(13, 10, 0), HMS(16, 0, 0) },
		{ "nothing from the default", "5B", 2, AM, 0, 0 },
		{ "another case is another class", "5b", 0, AM, HMS(8, 25, 0), HMS(12, 5, 0) },
		{ "no half day", "3A", 0, HALFDAY_NONE, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct timetable_week week;
		assert_true(timetable_week_of(rows, ARRAY_LEN(rows), row[i].class_name, &week));
		const struct timetable_slot *slot =
			timetable_slot_of(&week, row[i].weekday, row[i].half);
		if ((slot != NULL) != (row[i].end_s != 0))
			fail_msg("%s: lessons or none", row[i].name);
		if (slot && (slot->start_s != row[i].start_s || slot->end_s != row[i].end_s))
			fail_msg("%s: %d to %d", row[i].name, slot->start_s, slot->end_s);
	}
}

static void test_class_without_lessons(void **state)
{
	(void)state;
	struct timetable_week week;
	memset(&week, 0x5a, sizeof(week));
	assert_false(timetable_week_of(rows, 1, "3A", &week)); /* a row of 5B alone */
	for (int day = 0; day < 7; day++) {
		assert_null(timetable_slot_of(&week, day, AM));
		assert_null(timetable_slot_of(&week, day, PM));
	}
	assert_false(timetable_week_of(NULL, 0, "3A", &week));
}

static void test_valid_rows(void **state)
{
	(void)state;
	static const struct {
		struct timetable_row row;
		bool want;
	} row[] = {
		{ { "1A", 0, AM, { 0, 1 } }, true },
		{ { "1A", 6, PM, { 86340, 86400 } }, true },
		{ { "1A", -1, AM, { 0, 60 } }, false },
		{ { "1A", 7, AM, { 0, 60 } }, false },
		{ { "1A", 0, HALFDAY_NONE, { 0, 60 } }, false },
		{ { "1A", 0, AM, { 60, 60 } }, false },
		{ { "1A", 0, AM, { 120, 60 } }, false },
		{ { "1A", 0, AM, { -1, 60 } }, false },
		{ { "1A", 0, AM, { 0, 86401 } }, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (timetable_row_valid(&row[i].row) != row[i].want)
			fail_msg("row %zu", i);
}

static void test_weekday_words(void **state)
{
	(void)state;
	static const char *const words[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	for (int i = 0; i < 7; i++) {
		assert_string_equal(timetable_weekday_word(i), words[i]);
		assert_int_equal(timetable_weekday_parse(words[i]), i);
	}
	assert_int_equal(timetable_weekday_parse("Mon"), -1);
	assert_int_equal(timetable_weekday_parse("monday"), -1);
	assert_int_equal(timetable_weekday_parse(""), -1);
	assert_int_equal(timetable_weekday_parse(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weeks),
		cmocka_unit_test(test_class_without_lessons),
		cmocka_unit_test(test_valid_rows),
		cmocka_unit_test(test_weekday_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
