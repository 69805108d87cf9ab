/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/calendar.h: the days without lessons in Flemish schools, computed for any school year.
 *
 * Pure. Source: Decision of the Flemish Government of 17 April 1991, as domain.md section 3 sums it
 * up. Not here: the school's own days, which are rows of `import calendar`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/civil.h"
#include "core/timetable.h"

#define CALENDAR_NAME_MAX                                                                          \
	401 /* bytes with the zero: 100 characters of UTF-8 (schema: maxLength 100) */
#define CALENDAR_PERIODS_MAX 16 /* computed periods of one school year, with room */

/* A row of days without lessons, both ends included. */
struct calendar_period {
	struct civil_date from, to;
	enum halfday half; /* HALFDAY_NONE: the whole day */
	const char *name; /* Dutch, as schools call it; static storage where computed */
};

/* One day, or half a day, without lessons, as gates/data carries it. */
struct calendar_day {
	struct civil_date date;
	enum halfday half; /* HALFDAY_NONE: the whole day */
	char name[CALENDAR_NAME_MAX];
};

/** calendar_easter() - Easter Sunday of a year, 1583..9999 (Gregorian computus). */
struct civil_date calendar_easter(int year);

/**
 * calendar_periods_of() - the legal holidays of a school year, in order of their first day. They may touch or
 * overlap (1 May on Hemelvaart, as in 2008).
 * @school_year: the year in which it begins, 1990..2200
 * @ret_periods: room for CALENDAR_PERIODS_MAX
 *
 * herfst, 11 November, kerst, krokus, pasen, Easter Monday (where it lies outside), 1 May,
 * Hemelvaart with the Friday, Pinkstermaandag, zomer (1 July to 31 August).
 * Return: their number. Can't fail.
 */
size_t calendar_periods_of(int school_year, struct calendar_period *ret_periods);

/** calendar_legal_name() - why a date has no lessons by the computed rules, or NULL; also NULL for a
 * school year outside 1990..2200. Weekends are not in it: the timetable has no rows for them. */
const char *calendar_legal_name(struct civil_date date);

/** calendar_days_off() - whether any of @n_days (sorted by date or not) covers the half day.
 * @half: HALFDAY_AM or HALFDAY_PM; with HALFDAY_NONE only rows of a whole day count */
bool calendar_days_off(
	const struct calendar_day *days, size_t n_days, struct civil_date date, enum halfday half);
