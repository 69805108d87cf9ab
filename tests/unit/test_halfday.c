/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/halfday.h"

#include "unit/brussels.h"
#include "unit/unit.h"

/* The sample's Monday. */
static const struct timetable_slot am = { HMS(8, 25, 0), HMS(12, 5, 0) };
static const struct timetable_slot pm = { HMS(13, 10, 0), HMS(16, 0, 0) };
static const struct timetable_slot early = { HMS(0, 30, 0), HMS(12, 0, 0) };
static const struct timetable_slot joined = { HMS(12, 5, 0), HMS(16, 0, 0) };

static const struct {
	const char *name;
	const struct timetable_slot *am, *pm;
	int at_s, opens_before_min;
	enum halfday want;
} row[] = {
	{ "midnight", &am, &pm, 0, 90, HALFDAY_NONE },
	{ "before the morning opens", &am, &pm, HMS(6, 54, 59), 90, HALFDAY_NONE },
	{ "the morning opens", &am, &pm, HMS(6, 55, 0), 90, HALFDAY_AM },
	{ "before the bell", &am, &pm, HMS(8, 24, 59), 90, HALFDAY_AM },
	{ "the bell", &am, &pm, HMS(8, 25, 0), 90, HALFDAY_AM },
	{ "afternoon not open yet", &am, &pm, HMS(11, 39, 59), 90, HALFDAY_AM },
	{ "open, but the morning runs", &am, &pm, HMS(11, 40, 0), 90, HALFDAY_AM },
	{ "last of the morning", &am, &pm, HMS(12, 4, 59), 90, HALFDAY_AM },
	{ "the morning is over", &am, &pm, HMS(12, 5, 0), 90, HALFDAY_PM },
	{ "before the afternoon's bell", &am, &pm, HMS(13, 9, 59), 90, HALFDAY_PM },
	{ "the afternoon's bell", &am, &pm, HMS(13, 10, 0), 90, HALFDAY_PM },
	{ "last of the afternoon", &am, &pm, HMS(15, 59, 59), 90, HALFDAY_PM },
	{ "the day is over", &am, &pm, HMS(16, 0, 0), 90, HALFDAY_NONE },
	{ "last second of the day", &am, &pm, HMS(23, 59, 59), 90, HALFDAY_NONE },

	{ "no morning, not open yet", NULL, &pm, HMS(11, 39, 59), 90, HALFDAY_NONE },
	{ "no morning, open", NULL, &pm, HMS(11, 40, 0), 90, HALFDAY_PM },
	{ "no morning, at its bell", NULL, &pm, HMS(8, 25, 0), 90, HALFDAY_NONE },
	{ "Wednesday, last of the morning", &am, NULL, HMS(12, 4, 59), 90, HALFDAY_AM },
	{ "Wednesday, over", &am, NULL, HMS(12, 5, 0), 90, HALFDAY_NONE },
	{ "Wednesday afternoon", &am, NULL, HMS(13, 10, 0), 90, HALFDAY_NONE },
	{ "no lessons", NULL, NULL, HMS(8, 25, 0), 90, HALFDAY_NONE },

	{ "never early, before", &am, &pm, HMS(8, 24, 59), 0, HALFDAY_NONE },
	{ "never early, at the bell", &am, &pm, HMS(8, 25, 0), 0, HALFDAY_AM },
	{ "never early, at noon", &am, &pm, HMS(12, 5, 0), 0, HALFDAY_NONE },
	{ "short, the gap at noon", &am, &pm, HMS(12, 39, 59), 30, HALFDAY_NONE },
	{ "short, the afternoon opens", &am, &pm, HMS(12, 40, 0), 30, HALFDAY_PM },
	{ "long, the whole morning", &am, &pm, 0, 505, HALFDAY_AM },
	{ "long, the nearer one", &am, &pm, HMS(7, 0, 0), 1440, HALFDAY_AM },
	{ "reaches back before midnight", &early, &pm, 0, 90, HALFDAY_AM },
	{ "one ends as the next starts", &am, &joined, HMS(12, 4, 59), 0, HALFDAY_AM },
	{ "the next starts as one ends", &am, &joined, HMS(12, 5, 0), 0, HALFDAY_PM },
};

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		enum halfday got =
			halfday_of(row[i].am, row[i].pm, row[i].at_s, row[i].opens_before_min);
		if (got != row[i].want)
			fail_msg("%s: got \"%s\"", row[i].name, halfday_word(got));
	}
}

/* The same wall clock on the Friday before and the Monday after each change gives the same. */
static void test_around_clock_changes(void **state)
{
	(void)state;
	struct civil_zone zone = brussels_zone();
	for (size_t i = 0; i < 2 * ARRAY_LEN(brussels_year); i++) {
		struct civil_date sunday =
			i % 2 ? brussels_year[i / 2].autumn : brussels_year[i / 2].spring;
		struct civil_date monday = civil_date_add(sunday, 1);
		struct civil_date friday = civil_date_add(sunday, -2);
		int64_t friday_ms = civil_instant_of(&zone, friday, HMS(6, 55, 0));
		int64_t monday_ms = civil_instant_of(&zone, monday, HMS(6, 55, 0));
		int hours = i % 2 ? 3 * 24 + 1 : 3 * 24 - 1;
		assert_int_equal(monday_ms - friday_ms, hours * 3600000);
		struct civil_local before = civil_local_of(&zone, monday_ms - 1);
		struct civil_local at = civil_local_of(&zone, monday_ms);
		assert_int_equal(civil_weekday(at.date), 0);
		assert_int_equal(halfday_of(&am, &pm, before.at_s, 90), HALFDAY_NONE);
		assert_int_equal(halfday_of(&am, &pm, at.at_s, 90), HALFDAY_AM);
	}
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(halfday_word(HALFDAY_NONE), "");
	assert_string_equal(halfday_word(HALFDAY_AM), "am");
	assert_string_equal(halfday_word(HALFDAY_PM), "pm");
	assert_int_equal(halfday_parse("am"), HALFDAY_AM);
	assert_int_equal(halfday_parse("pm"), HALFDAY_PM);
	assert_int_equal(halfday_parse("AM"), HALFDAY_NONE);
	assert_int_equal(halfday_parse("am "), HALFDAY_NONE);
	assert_int_equal(halfday_parse(""), HALFDAY_NONE);
	assert_int_equal(halfday_parse(NULL), HALFDAY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_around_clock_changes),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
