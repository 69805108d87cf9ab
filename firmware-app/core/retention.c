/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/retention.h"

#include <assert.h>

#define DAY_MS (INT64_C(1000) * CIVIL_DAY_S)
#define SEPTEMBER 9

/* 29 February is the 28th where there is none. */
static struct civil_date day_in(int year, struct retention_until until)
{
	struct civil_date date = { year, until.month, until.day };
	while (!civil_date_valid(date) && date.day > 28)
		date.day--;
	return date;
}

static struct civil_date last_day_of(int school_year, struct retention_until until)
{
	assert(until.month >= 1 && until.month <= 12 && until.day >= 1 && until.day <= 31);
	int following = school_year + 1;
	return day_in(until.month >= SEPTEMBER ? following : following + 1, until);
}

struct civil_date retention_last_day(struct civil_date date, struct retention_until until)
{
	return last_day_of(civil_school_year(date), until);
}

bool retention_keeps(struct civil_date date, struct civil_date today, struct retention_until until)
{
	return civil_date_compare(today, retention_last_day(date, until)) <= 0;
}

struct civil_date retention_first_kept(
	struct civil_date today, struct retention_until until, bool clock_judges)
{
	if (!clock_judges)
		return (struct civil_date){ 1970, 1, 1 };
	/* Last year's last day lies in this school year; those of the years before it are past. */
	int school_year = civil_school_year(today);
	bool last_year_too = civil_date_compare(today, last_day_of(school_year - 1, until)) <= 0;
	return (struct civil_date){ last_year_too ? school_year - 1 : school_year, SEPTEMBER, 1 };
}

int64_t retention_gate_before(int64_t now_ms, int gate_days, bool clock_judges)
{
	assert(gate_days >= 1);
	return clock_judges ? now_ms - gate_days * DAY_MS : INT64_MIN;
}

bool retention_gate_drops(int64_t confirmed_at_ms, int64_t now_ms, int gate_days, bool clock_judges)
{
	return confirmed_at_ms >= 0 &&
	       confirmed_at_ms < retention_gate_before(now_ms, gate_days, clock_judges);
}
