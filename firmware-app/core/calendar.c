/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/calendar.h"

#include <assert.h>

#define SCHOOL_YEAR_MIN 1990 /* the decision is of April 1991 */
#define SCHOOL_YEAR_MAX 2200
#define ONE_WEEK 7
#define TWO_WEEKS 14

/*
 * The computus in its tabular form: the golden number gives the paschal full moon, corrected for
 * the century's dropped leap days and the moon's drift, then the Sunday after it.
 */
struct civil_date calendar_easter(int year)
{
	assert(year >= 1583 && year <= 9999);
	int golden = year % 19;
	int century = year / 100;
	int of_century = year % 100;
	int moon_shift = (century - (century + 8) / 25 + 1) / 3;
	int epact = (19 * golden + century - century / 4 - moon_shift + 15) % 30;
	int to_sunday =
		(32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
	int early = (golden + 11 * epact + 22 * to_sunday) / 451; /* never later than 25 April */
	int days = epact + to_sunday - 7 * early + 114;
	return (struct civil_date){ year, days / 31, days % 31 + 1 };
}

static struct civil_date monday_of(struct civil_date date)
{
	return civil_date_add(date, -civil_weekday(date));
}

/* The date itself where it is a Monday. */
static struct civil_date monday_from(struct civil_date date)
{
	return civil_date_add(date, (7 - civil_weekday(date)) % 7);
}

static struct calendar_period period(struct civil_date from, int days, const char *name)
{
	return (struct calendar_period){
		.from = from,
		.to = civil_date_add(from, days - 1),
		.half = HALFDAY_NONE,
		.name = name,
	};
}

static struct calendar_period autumn(int year)
{
	struct civil_date all_saints = { year, 11, 1 };
	bool sunday = civil_weekday(all_saints) == 6;
	return period(sunday ? civil_date_add(all_saints, 1) : monday_of(all_saints), ONE_WEEK,
		"herfstvakantie");
}

static struct calendar_period christmas(int year)
{
	struct civil_date day = { year, 12, 25 };
	bool weekend = civil_weekday(day) >= 5;
	return period(weekend ? monday_from(day) : monday_of(day), TWO_WEEKS, "kerstvakantie");
}

static struct calendar_period spring(struct civil_date easter)
{
	if (easter.month == 3)
		return period(civil_date_add(easter, 1), TWO_WEEKS, "paasvakantie");
	if (easter.day > 15) /* one day more: through Easter Monday */
		return period(civil_date_add(easter, -13), TWO_WEEKS + 1, "paasvakantie");
	struct civil_date april = { easter.year, 4, 1 };
	return period(monday_from(april), TWO_WEEKS, "paasvakantie");
}

/* No two need sorting: before 2285 Hemelvaart never falls before 1 May. */
size_t calendar_periods_of(int school_year, struct calendar_period *ret_periods)
{
	assert(school_year >= SCHOOL_YEAR_MIN && school_year <= SCHOOL_YEAR_MAX);
	int next = school_year + 1;
	struct civil_date easter = calendar_easter(next);
	struct civil_date easter_monday = civil_date_add(easter, 1);
	size_t n = 0;
	ret_periods[n++] = autumn(school_year);
	ret_periods[n++] = period((struct civil_date){ school_year, 11, 11 }, 1, "Wapenstilstand");
	ret_periods[n++] = christmas(school_year);
	ret_periods[n++] = period(civil_date_add(easter, -48), ONE_WEEK, "krokusvakantie");
	ret_periods[n++] = spring(easter);
	if (civil_date_compare(easter_monday, ret_periods[n - 1].to) > 0)
		ret_periods[n++] = period(easter_monday, 1, "paasmaandag");
	ret_periods[n++] = period((struct civil_date){ next, 5, 1 }, 1, "Dag van de Arbeid");
	ret_periods[n++] = period(civil_date_add(easter, 39), 2, "Hemelvaart");
	ret_periods[n++] = period(civil_date_add(easter, 50), 1, "pinkstermaandag");
	ret_periods[n++] = period((struct civil_date){ next, 7, 1 }, 31 + 31, "zomervakantie");
	return n;
}

const char *calendar_legal_name(struct civil_date date)
{
	int school_year = civil_school_year(date);
	if (school_year < SCHOOL_YEAR_MIN || school_year > SCHOOL_YEAR_MAX)
		return NULL;
	struct calendar_period periods[CALENDAR_PERIODS_MAX];
	size_t n = calendar_periods_of(school_year, periods);
	for (size_t i = 0; i < n; i++)
		if (civil_date_compare(periods[i].from, date) <= 0 &&
			civil_date_compare(date, periods[i].to) <= 0)
			return periods[i].name;
	return NULL;
}

bool calendar_days_off(
	const struct calendar_day *days, size_t n_days, struct civil_date date, enum halfday half)
{
	for (size_t i = 0; i < n_days; i++)
		if (civil_date_compare(days[i].date, date) == 0 &&
			(days[i].half == HALFDAY_NONE || days[i].half == half))
			return true;
	return false;
}
