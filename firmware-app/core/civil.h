/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/civil.h: dates, times of day and instants in the school's civil time.
 *
 * Pure: no clock, no I/O, no allocation, no static state; any thread may call it. The zone's rules
 * come in as a table that sys/zone reads from tzdata, so that this file needs no C library time.
 * Not here: which days have lessons (core/calendar.h, core/timetable.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIVIL_DAY_S 86400
#define CIVIL_ZONE_CHANGES_MAX 512 /* two a year from 1990 to 2100, with room for odd zones */
#define CIVIL_TIME_TEXT 30 /* "2026-11-23T08:10:00.000+01:00" and its zero */
#define CIVIL_DATE_TEXT 11 /* "2026-11-23" and its zero */
#define CIVIL_CLOCK_TEXT 6 /* "08:10" and its zero */

/* A calendar date, Gregorian. All zero: no date. */
struct civil_date {
	int year; /* 1970..9999 */
	int month; /* 1..12 */
	int day; /* 1..31 */
};

/* What a clock on the school's wall shows at an instant. */
struct civil_local {
	struct civil_date date;
	int at_s; /* seconds of the day by the wall, 0..86399 */
	int offset_s; /* east of UTC */
};

struct civil_zone_change {
	int64_t from_s; /* seconds since 1970 UTC from which the offset holds */
	int32_t offset_s; /* east of UTC */
};

/* A time zone as its changes in ascending order; before the first one its own offset holds. */
struct civil_zone {
	size_t n_changes;
	struct civil_zone_change change[CIVIL_ZONE_CHANGES_MAX];
};

/** civil_zone_add() - append a change; in ascending order, beyond the limit it is dropped.
 * @zone: a struct civil_zone; void so that it fits zone_load()'s callback as it is */
void civil_zone_add(void *zone, int64_t from_s, int32_t offset_s);

/** civil_date_valid() - a date that exists, 1970..9999, leap years by the Gregorian rule. */
bool civil_date_valid(struct civil_date date);

/** civil_day_number() - days since 1970-01-01 of a valid date. */
int32_t civil_day_number(struct civil_date date);

/** civil_date_of_day() - the date of a day number, 0 or more. */
struct civil_date civil_date_of_day(int32_t day_number);

/** civil_date_add() - the date so many days later (earlier where negative). */
struct civil_date civil_date_add(struct civil_date date, int days);

/** civil_date_compare() - negative, 0, positive as a is before, the same as, after b. */
int civil_date_compare(struct civil_date a, struct civil_date b);

/** civil_weekday() - 0 Monday … 6 Sunday. */
int civil_weekday(struct civil_date date);

/** civil_school_year() - the calendar year in which the date's school year began.
 * It runs from 1 September to 31 August (domain.md section 3). */
int civil_school_year(struct civil_date date);

/** civil_local_of() - what the wall clock shows at an instant.
 * @at_ms: milliseconds since 1970 UTC; below 0 and beyond 30 December 9999 the bound is taken, so
 * that no clock and no message can cause a date without a text. A zone without changes is UTC. */
struct civil_local civil_local_of(const struct civil_zone *zone, int64_t at_ms);

/**
 * civil_instant_of() - the instant of a wall clock's reading, in milliseconds since 1970 UTC.
 * @at_s: seconds of the day, 0..86400
 *
 * A reading that the spring change skips is taken as if the change had not come yet; one that the
 * autumn change repeats means the first of the two.
 */
int64_t civil_instant_of(const struct civil_zone *zone, struct civil_date date, int at_s);

/** civil_format_time() - RFC 3339 with the school's offset and milliseconds, as every message has it.
 * @at_ms: bounded as in civil_local_of(). @ret_text: CIVIL_TIME_TEXT bytes */
void civil_format_time(const struct civil_zone *zone, int64_t at_ms, char *ret_text);

/** civil_parse_time() - an RFC 3339 time with any offset or Z, fraction of up to 9 digits optional.
 * Years 1970..9999, from 1970 UTC up to 30 December 9999; a leap second (:60) is refused, since no
 * clock of ours shows one. Digits beyond milliseconds are cut. Return: 0, or -1 where it is not one
 * (NULL included); *ret_at_ms is then untouched. */
int civil_parse_time(const char *text, int64_t *ret_at_ms);

/** civil_format_date() - "YYYY-MM-DD". @ret_text: CIVIL_DATE_TEXT bytes */
void civil_format_date(struct civil_date date, char *ret_text);

/** civil_parse_date() - "YYYY-MM-DD", existing dates alone. Return: 0 or -1. */
int civil_parse_date(const char *text, struct civil_date *ret_date);

/** civil_format_clock() - "HH:MM" of seconds of the day, cut to the minute. @ret_text: CIVIL_CLOCK_TEXT bytes */
void civil_format_clock(int at_s, char *ret_text);

/** civil_parse_clock() - "HH:MM", 00:00..23:59. Return: 0 or -1; *ret_at_s in seconds of the day. */
int civil_parse_clock(const char *text, int *ret_at_s);
