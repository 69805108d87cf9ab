/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * R4: every date of domain.md section 3 by rule, and Easter Monday 15 April 2047. R3: half days that exist.
 */
#include "core/calendar.h"

#include <string.h>

#include "unit/unit.h"

/*
 * 2019-20 to 2025-26 as published; the last two computed. Days and half days are of a class with
 * lessons Monday to Friday, Wednesday afternoon free, by the rule alone: before the school's own
 * days, and in 2020-21 before the week by which the governments lengthened herfst.
 * Source: domain.md section 3.
 */
static const struct {
	int school_year;
	struct civil_date autumn[2], christmas[2], carnival[2], easter[2], ascension[2],
		whit_monday;
	int days, half_days;
} year[] = {
	{ 2019, { { 2019, 10, 28 }, { 2019, 11, 3 } }, { { 2019, 12, 23 }, { 2020, 1, 5 } },
		{ { 2020, 2, 24 }, { 2020, 3, 1 } }, { { 2020, 4, 6 }, { 2020, 4, 19 } },
		{ { 2020, 5, 21 }, { 2020, 5, 22 } }, { 2020, 6, 1 }, 182, 327 },
	{ 2020, { { 2020, 11, 2 }, { 2020, 11, 8 } }, { { 2020, 12, 21 }, { 2021, 1, 3 } },
		{ { 2021, 2, 15 }, { 2021, 2, 21 } }, { { 2021, 4, 5 }, { 2021, 4, 18 } },
		{ { 2021, 5, 13 }, { 2021, 5, 14 } }, { 2021, 5, 24 }, 183, 329 },
	{ 2021, { { 2021, 11, 1 }, { 2021, 11, 7 } }, { { 2021, 12, 27 }, { 2022, 1, 9 } },
		{ { 2022, 2, 28 }, { 2022, 3, 6 } }, { { 2022, 4, 4 }, { 2022, 4, 18 } },
		{ { 2022, 5, 26 }, { 2022, 5, 27 } }, { 2022, 6, 6 }, 182, 326 },
	{ 2022, { { 2022, 10, 31 }, { 2022, 11, 6 } }, { { 2022, 12, 26 }, { 2023, 1, 8 } },
		{ { 2023, 2, 20 }, { 2023, 2, 26 } }, { { 2023, 4, 3 }, { 2023, 4, 16 } },
		{ { 2023, 5, 18 }, { 2023, 5, 19 } }, { 2023, 5, 29 }, 182, 327 },
	{ 2023, { { 2023, 10, 30 }, { 2023, 11, 5 } }, { { 2023, 12, 25 }, { 2024, 1, 7 } },
		{ { 2024, 2, 12 }, { 2024, 2, 18 } }, { { 2024, 4, 1 }, { 2024, 4, 14 } },
		{ { 2024, 5, 9 }, { 2024, 5, 10 } }, { 2024, 5, 20 }, 182, 328 },
	{ 2024, { { 2024, 10, 28 }, { 2024, 11, 3 } }, { { 2024, 12, 23 }, { 2025, 1, 5 } },
		{ { 2025, 3, 3 }, { 2025, 3, 9 } }, { { 2025, 4, 7 }, { 2025, 4, 21 } },
		{ { 2025, 5, 29 }, { 2025, 5, 30 } }, { 2025, 6, 9 }, 180, 323 },
	{ 2025, { { 2025, 10, 27 }, { 2025, 11, 2 } }, { { 2025, 12, 22 }, { 2026, 1, 4 } },
		{ { 2026, 2, 16 }, { 2026, 2, 22 } }, { { 2026, 4, 6 }, { 2026, 4, 19 } },
		{ { 2026, 5, 14 }, { 2026, 5, 15 } }, { 2026, 5, 25 }, 182, 327 },
	{ 2026, { { 2026, 11, 2 }, { 2026, 11, 8 } }, { { 2026, 12, 21 }, { 2027, 1, 3 } },
		{ { 2027, 2, 8 }, { 2027, 2, 14 } }, { { 2027, 3, 29 }, { 2027, 4, 11 } },
		{ { 2027, 5, 6 }, { 2027, 5, 7 } }, { 2027, 5, 17 }, 183, 329 },
	{ 2027, { { 2027, 11, 1 }, { 2027, 11, 7 } }, { { 2027, 12, 27 }, { 2028, 1, 9 } },
		{ { 2028, 2, 28 }, { 2028, 3, 5 } }, { { 2028, 4, 3 }, { 2028, 4, 17 } },
		{ { 2028, 5, 25 }, { 2028, 5, 26 } }, { 2028, 6, 5 }, 182, 326 },
};

static void expect_period(
	int school_year, const char *name, struct civil_date from, struct civil_date to)
{
	struct calendar_period periods[CALENDAR_PERIODS_MAX];
	size_t n = calendar_periods_of(school_year, periods);
	for (size_t i = 0; i < n; i++) {
		const struct calendar_period *p = &periods[i];
		if (strcmp(p->name, name) != 0)
			continue;
		if (civil_date_compare(p->from, from) != 0 || civil_date_compare(p->to, to) != 0 ||
			p->half != HALFDAY_NONE)
			fail_msg("%d %s: %d-%d-%d to %d-%d-%d", school_year, name, p->from.year,
				p->from.month, p->from.day, p->to.year, p->to.month, p->to.day);
		return;
	}
	fail_msg("%d: no %s", school_year, name);
}

static void test_published_years(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(year); i++) {
		int y = year[i].school_year;
		expect_period(y, "herfstvakantie", year[i].autumn[0], year[i].autumn[1]);
		expect_period(y, "kerstvakantie", year[i].christmas[0], year[i].christmas[1]);
		expect_period(y, "krokusvakantie", year[i].carnival[0], year[i].carnival[1]);
		expect_period(y, "paasvakantie", year[i].easter[0], year[i].easter[1]);
		expect_period(y, "Hemelvaart", year[i].ascension[0], year[i].ascension[1]);
		expect_period(y, "pinkstermaandag", year[i].whit_monday, year[i].whit_monday);
		struct civil_date armistice = { y, 11, 11 };
		expect_period(y, "Wapenstilstand", armistice, armistice);
		struct civil_date labour = { y + 1, 5, 1 };
		expect_period(y, "Dag van de Arbeid", labour, labour);
		expect_period(y, "zomervakantie", (struct civil_date){ y + 1, 7, 1 },
			(struct civil_date){ y + 1, 8, 31 });
	}
}

/* School days and half days of a class, from 1 September to 31 August. */
static void count_days(int school_year, const struct calendar_day *own, size_t n_own, int *ret_days,
	int *ret_half_days)
{
	*ret_days = 0;
	*ret_half_days = 0;
	struct civil_date date = { school_year, 9, 1 };
	for (; civil_school_year(date) == school_year; date = civil_date_add(date, 1)) {
		if (civil_weekday(date) >= 5 || calendar_legal_name(date))
			continue;
		bool am = !calendar_days_off(own, n_own, date, HALFDAY_AM);
		bool pm = !calendar_days_off(own, n_own, date, HALFDAY_PM) &&
			  civil_weekday(date) != 2;
		*ret_days += am || pm;
		*ret_half_days += am + pm;
	}
}

static void test_counts_of_days(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(year); i++) {
		int days, half_days;
		count_days(year[i].school_year, NULL, 0, &days, &half_days);
		if (days != year[i].days || half_days != year[i].half_days)
			fail_msg("%d: %d / %d", year[i].school_year, days, half_days);
	}
}

/* A decision in the middle of a year is rows of the calendar, not a change of the rule. */
static void test_longer_autumn_of_2020(void **state)
{
	(void)state;
	static const struct calendar_day own[] = {
		{ { 2020, 11, 9 }, HALFDAY_NONE, "herfstvakantie verlengd" },
		{ { 2020, 11, 10 }, HALFDAY_NONE, "herfstvakantie verlengd" },
		{ { 2020, 11, 12 }, HALFDAY_NONE, "herfstvakantie verlengd" },
		{ { 2020, 11, 13 }, HALFDAY_NONE, "herfstvakantie verlengd" },
	};
	int days, half_days;
	count_days(2020, own, ARRAY_LEN(own), &days, &half_days);
	assert_int_equal(days, 183 - 4);
	assert_int_equal(half_days, 329 - 8);
}

static void test_easter(void **state)
{
	(void)state;
	static const struct civil_date sunday[] = {
		{ 1583, 4, 10 }, { 1598, 3, 22 }, /* the earliest there is */
		{ 1666, 4, 25 }, /* the latest */
		{ 1818, 3, 22 }, { 1886, 4, 25 }, { 1943, 4, 25 },
		{ 1954, 4, 18 }, /* the two exceptions of Gauss's rule */
		{ 1981, 4, 19 }, { 2000, 4, 23 }, { 2008, 3, 23 }, { 2018, 4, 1 }, { 2024, 3, 31 },
		{ 2026, 4, 5 }, { 2027, 3, 28 }, { 2038, 4, 25 }, { 2047, 4, 14 }, { 2049, 4, 18 },
		{ 2076, 4, 19 }, { 2100, 3, 28 }, { 2285, 3, 22 },
		{ 3165, 4, 18 }, /* the correction of late moons, at its edge */
	};
	for (size_t i = 0; i < ARRAY_LEN(sunday); i++) {
		struct civil_date got = calendar_easter(sunday[i].year);
		if (civil_date_compare(got, sunday[i]) != 0)
			fail_msg("%d: %d-%d", sunday[i].year, got.month, got.day);
	}
}

static const struct {
	struct civil_date date;
	const char *want; /* NULL: lessons */
} single[] = {
	{ { 2026, 8, 31 }, "zomervakantie" },
	{ { 2026, 9, 1 }, NULL },
	{ { 2026, 10, 30 }, NULL },
	{ { 2026, 11, 1 }, NULL }, /* a Sunday: the week after is the holiday */
	{ { 2026, 11, 2 }, "herfstvakantie" },
	{ { 2026, 11, 8 }, "herfstvakantie" },
	{ { 2026, 11, 9 }, NULL },
	{ { 2026, 11, 10 }, NULL },
	{ { 2026, 11, 11 }, "Wapenstilstand" },
	{ { 2026, 11, 12 }, NULL },
	{ { 2026, 12, 18 }, NULL },
	{ { 2026, 12, 31 }, "kerstvakantie" },
	{ { 2027, 1, 1 }, "kerstvakantie" },
	{ { 2027, 1, 4 }, NULL },
	{ { 2027, 3, 28 }, NULL }, /* Easter Sunday itself, in March */
	{ { 2027, 3, 29 }, "paasvakantie" },
	{ { 2027, 4, 12 }, NULL },
	{ { 2027, 5, 1 }, "Dag van de Arbeid" },
	{ { 2027, 5, 5 }, NULL },
	{ { 2027, 5, 6 }, "Hemelvaart" },
	{ { 2027, 5, 7 }, "Hemelvaart" },
	{ { 2027, 5, 8 }, NULL },
	{ { 2027, 5, 17 }, "pinkstermaandag" },
	{ { 2027, 5, 18 }, NULL },
	{ { 2027, 6, 30 }, NULL },
	{ { 2027, 7, 1 }, "zomervakantie" },
	{ { 2027, 8, 31 }, "zomervakantie" },
	/* 29 February: in the holiday, on a school day, and a year without one. */
	{ { 2020, 2, 29 }, "krokusvakantie" },
	{ { 2024, 2, 29 }, NULL },
	{ { 2028, 2, 28 }, "krokusvakantie" },
	{ { 2028, 2, 29 }, "krokusvakantie" },
	{ { 2028, 3, 6 }, NULL },
	/* Easter Monday outside the two weeks, and the day after. */
	{ { 2047, 4, 14 }, "paasvakantie" },
	{ { 2047, 4, 15 }, "paasmaandag" },
	{ { 2047, 4, 16 }, NULL },
	/* On 1 April, 15 April and 16 April. */
	{ { 2018, 4, 2 }, "paasvakantie" },
	{ { 2018, 4, 15 }, "paasvakantie" },
	{ { 2018, 4, 16 }, NULL },
	{ { 2063, 4, 2 }, "paasvakantie" },
	{ { 2063, 4, 16 }, "paasmaandag" },
	{ { 2028, 4, 2 }, NULL },
	{ { 2028, 4, 17 }, "paasvakantie" },
	{ { 2028, 4, 18 }, NULL },
	/* Hemelvaart on 1 May. */
	{ { 2008, 5, 1 }, "Dag van de Arbeid" },
	{ { 2008, 5, 2 }, "Hemelvaart" },
	/* 25 December on a Friday, Saturday, Sunday, Monday. */
	{ { 2020, 12, 20 }, NULL },
	{ { 2020, 12, 21 }, "kerstvakantie" },
	{ { 2021, 12, 26 }, NULL },
	{ { 2021, 12, 27 }, "kerstvakantie" },
	{ { 2022, 12, 25 }, NULL },
	{ { 2022, 12, 26 }, "kerstvakantie" },
	{ { 2023, 12, 24 }, NULL },
	{ { 2023, 12, 25 }, "kerstvakantie" },
	/* Beyond what the rule says anything about. */
	{ { 1970, 1, 1 }, NULL },
	{ { 1990, 8, 31 }, NULL },
	{ { 1990, 11, 11 }, "Wapenstilstand" },
	{ { 2201, 8, 31 }, "zomervakantie" },
	{ { 2201, 11, 11 }, NULL },
	{ { 9999, 12, 31 }, NULL },
};

static void test_single_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		const char *got = calendar_legal_name(single[i].date);
		if ((got == NULL) != (single[i].want == NULL) ||
			(got && strcmp(got, single[i].want) != 0))
			fail_msg("%d-%d-%d: %s", single[i].date.year, single[i].date.month,
				single[i].date.day, got ? got : "lessons");
	}
}

/* What holds in every year that the rule knows. */
static void test_every_year(void **state)
{
	(void)state;
	int n_easter_mondays = 0;
	for (int y = 1990; y <= 2200; y++) {
		struct calendar_period p[CALENDAR_PERIODS_MAX];
		size_t n = calendar_periods_of(y, p);
		assert_in_range(n, 9, 10);
		n_easter_mondays += n == 10;
		for (size_t i = 0; i < n; i++) {
			if (civil_date_compare(p[i].from, p[i].to) > 0 ||
				civil_school_year(p[i].from) != y ||
				civil_school_year(p[i].to) != y)
				fail_msg("%d: %s", y, p[i].name);
			if (i > 0 && civil_date_compare(p[i - 1].from, p[i].from) > 0)
				fail_msg("%d: %s out of order", y, p[i].name);
		}
		struct civil_date easter = calendar_easter(y + 1);
		assert_int_equal(civil_weekday(easter), 6);
		if (!calendar_legal_name(civil_date_add(easter, 1)))
			fail_msg("%d: lessons on Easter Monday", y + 1);
	}
	/* Easter on 14 or 15 April, from 1991 to 2201. */
	assert_int_equal(n_easter_mondays, 15);
}

static void test_days_off(void **state)
{
	(void)state;
	static const struct calendar_day days[] = {
		{ { 2027, 1, 29 }, HALFDAY_NONE, "pedagogische studiedag" },
		{ { 2026, 12, 18 }, HALFDAY_PM, "klassenraad" }, /* not in order of date */
		{ { 2026, 10, 5 }, HALFDAY_NONE, "facultatieve verlofdag" },
		{ { 2026, 10, 6 }, HALFDAY_AM, "evaluatiedag" },
		{ { 2026, 10, 6 }, HALFDAY_PM, "evaluatiedag" },
	};
	static const struct {
		struct civil_date date;
		bool am, pm;
	} row[] = {
		{ { 2026, 10, 4 }, false, false },
		{ { 2026, 10, 5 }, true, true },
		{ { 2026, 10, 6 }, true, true },
		{ { 2026, 12, 17 }, false, false },
		{ { 2026, 12, 18 }, false, true },
		{ { 2026, 12, 19 }, false, false },
		{ { 2027, 1, 29 }, true, true },
		{ { 2027, 12, 18 }, false, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		bool am = calendar_days_off(days, ARRAY_LEN(days), row[i].date, HALFDAY_AM);
		bool pm = calendar_days_off(days, ARRAY_LEN(days), row[i].date, HALFDAY_PM);
		if (am != row[i].am || pm != row[i].pm)
			fail_msg("%d-%d-%d", row[i].date.year, row[i].date.month, row[i].date.day);
	}
	assert_false(calendar_days_off(NULL, 0, days[0].date, HALFDAY_AM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_years),
		cmocka_unit_test(test_counts_of_days),
		cmocka_unit_test(test_longer_autumn_of_2020),
		cmocka_unit_test(test_easter),
		cmocka_unit_test(test_single_dates),
		cmocka_unit_test(test_every_year),
		cmocka_unit_test(test_days_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
