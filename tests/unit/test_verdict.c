/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/verdict.h"

#include "unit/brussels.h"
#include "unit/unit.h"

#define UNJUDGED                                                                                   \
	{                                                                                          \
		VERDICT_UNJUDGED, VERDICT_BY_CLOCK, 0                                              \
	}
#define NOT_EXPECTED                                                                               \
	{                                                                                          \
		VERDICT_NOT_EXPECTED, VERDICT_BY_TIMETABLE, 0                                      \
	}
#define PRESENT                                                                                    \
	{                                                                                          \
		VERDICT_PRESENT, VERDICT_BY_START, 0                                               \
	}
#define LATE(min)                                                                                  \
	{                                                                                          \
		VERDICT_LATE, VERDICT_BY_START, min                                                \
	}

static const struct timetable_slot am = { HMS(8, 25, 0), HMS(12, 5, 0) };
static const struct timetable_slot of_5b = { HMS(9, 15, 0), HMS(12, 5, 0) };
static const struct timetable_slot midnight = { 0, HMS(24, 0, 0) };

static const struct {
	const char *name;
	const struct timetable_slot *slot;
	int at_ms, grace_min;
	bool trusted;
	struct verdict want;
} row[] = {
	{ "first of the day", &am, 0, 0, true, PRESENT },
	{ "a second before", &am, HMS_MS(8, 24, 59, 0), 0, true, PRESENT },
	{ "on the bell", &am, HMS_MS(8, 25, 0, 0), 0, true, PRESENT },
	{ "within its second", &am, HMS_MS(8, 25, 0, 999), 0, true, PRESENT },
	{ "a second after", &am, HMS_MS(8, 25, 1, 0), 0, true, LATE(1) },
	{ "one minute after", &am, HMS_MS(8, 26, 0, 0), 0, true, LATE(1) },
	{ "within that second", &am, HMS_MS(8, 26, 0, 999), 0, true, LATE(1) },
	{ "a second more", &am, HMS_MS(8, 26, 1, 0), 0, true, LATE(2) },
	{ "after the cut-off", &am, HMS_MS(8, 45, 1, 0), 0, true, LATE(21) },
	{ "last of the half day", &am, HMS_MS(12, 4, 59, 999), 0, true, LATE(220) },
	{ "end of the grace", &am, HMS_MS(8, 30, 0, 999), 5, true, PRESENT },
	{ "past the grace", &am, HMS_MS(8, 30, 1, 0), 5, true, LATE(6) },
	{ "grace of a minute", &am, HMS_MS(8, 26, 0, 999), 1, true, PRESENT },
	{ "past that minute", &am, HMS_MS(8, 26, 1, 0), 1, true, LATE(2) },
	{ "a grace without end", &am, HMS_MS(23, 59, 59, 999), 2147483647, true, PRESENT },
	{ "its own start", &of_5b, HMS_MS(9, 15, 0, 999), 0, true, PRESENT },
	{ "after its own start", &of_5b, HMS_MS(9, 15, 1, 0), 0, true, LATE(1) },
	{ "the longest", &midnight, HMS_MS(23, 59, 59, 999), 0, true, LATE(1440) },
	{ "no lessons", NULL, HMS_MS(8, 25, 0, 0), 0, true, NOT_EXPECTED },
	{ "clock unknown, early", &am, HMS_MS(8, 0, 0, 0), 0, false, UNJUDGED },
	{ "clock unknown, late", &am, HMS_MS(8, 31, 0, 0), 5, false, UNJUDGED },
	{ "clock unknown, no lessons", NULL, HMS_MS(8, 31, 0, 0), 5, false, UNJUDGED },
};

static bool same_verdict(struct verdict a, struct verdict b)
{
	return a.result == b.result && a.reason == b.reason && a.minutes_late == b.minutes_late;
}

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct verdict got =
			verdict_of(row[i].slot, row[i].at_ms, row[i].grace_min, row[i].trusted);
		if (!same_verdict(got, row[i].want))
			fail_msg("%s: got %d by %d, %d min", row[i].name, (int)got.result,
				(int)got.reason, got.minutes_late);
	}
}

/* R9: the same on the Mondays after a clock change, from the instant of the tap. */
static void c5_around_clock_changes(void **state)
{
	(void)state;
	struct civil_zone zone = brussels_zone();
	for (size_t i = 0; i < 2 * ARRAY_LEN(brussels_year); i++) {
		struct civil_date sunday =
			i % 2 ? brussels_year[i / 2].autumn : brussels_year[i / 2].spring;
		struct civil_date monday = civil_date_add(sunday, 1);
		int64_t bell_ms = civil_instant_of(&zone, monday, am.start_s);
		/* Noon is the same in both; the bell is 3 h 35 min before it. */
		assert_int_equal(civil_instant_of(&zone, monday, HMS(12, 0, 0)) - bell_ms,
			HMS_MS(3, 35, 0, 0));
		struct civil_local at = civil_local_of(&zone, bell_ms + 999);
		struct civil_local after = civil_local_of(&zone, bell_ms + 1000);
		struct verdict on_time = verdict_of(&am, at.at_s * 1000 + 999, 0, true);
		struct verdict late = verdict_of(&am, after.at_s * 1000, 0, true);
		if (on_time.result != VERDICT_PRESENT || late.result != VERDICT_LATE ||
			late.minutes_late != 1)
			fail_msg("Monday after %d-%d-%d", sunday.year, sunday.month, sunday.day);
	}
}

/* R2: from the second after the grace until the end, never anything but late; never a step back. */
static void test_every_second_of_the_morning(void **state)
{
	(void)state;
	int before_min = 0;
	for (int at_s = am.start_s; at_s < am.end_s; at_s++) {
		struct verdict got = verdict_of(&am, at_s * 1000, 5, true);
		bool late = at_s > am.start_s + 300;
		if (got.result != (late ? VERDICT_LATE : VERDICT_PRESENT))
			fail_msg("second %d: %d", at_s, (int)got.result);
		if (!late)
			continue;
		int late_s = at_s - am.start_s;
		if (got.minutes_late * 60 < late_s || (got.minutes_late - 1) * 60 >= late_s ||
			got.minutes_late < before_min)
			fail_msg("second %d: %d min", at_s, got.minutes_late);
		before_min = got.minutes_late;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(c5_around_clock_changes),
		cmocka_unit_test(test_every_second_of_the_morning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
