/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/timetable.h: the lessons of a class in a week.
 *
 * Pure. Lessons are rows, not a rule in code: Wednesday afternoon is free because no row says
 * otherwise. Source: contract, files.md (timetable); domain.md section 3.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/civil.h"

#define TIMETABLE_CLASS_MAX                                                                        \
	81 /* bytes with the zero: 20 characters of UTF-8 (schema: maxLength 20) */
#define TIMETABLE_DEFAULT_CLASS "*"

enum halfday { HALFDAY_NONE, HALFDAY_AM, HALFDAY_PM };

/* One half day's lessons, in seconds of the local day; end after start. */
struct timetable_slot {
	int start_s; /* 0..86340 */
	int end_s; /* start_s+60..86400 */
};

/* A line of the timetable as files and messages carry it. */
struct timetable_row {
	char class_name[TIMETABLE_CLASS_MAX]; /* "*": every class without rows of its own */
	int weekday; /* 0 Monday … 6 Sunday */
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	struct timetable_slot slot;
};

/* A line for one date alone: that class's half day begins and ends then, whatever its week says. */
struct timetable_day {
	char class_name[TIMETABLE_CLASS_MAX]; /* "*": every class without rows of its own */
	struct civil_date date;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	struct timetable_slot slot;
};

/* The week of one class; a slot with end_s 0 has no lessons. */
struct timetable_week {
	struct timetable_slot slot[7][2]; /* [weekday][0 am, 1 pm] */
};

/** timetable_row_valid() - a weekday 0..6, am or pm, and lessons that end after their start. */
bool timetable_row_valid(const struct timetable_row *row);

/** timetable_day_valid() - a date that exists, am or pm, and lessons that end after their start. */
bool timetable_day_valid(const struct timetable_day *day);

/** timetable_day_compare() - by date, class and half: of each there is one. */
int timetable_day_compare(const struct timetable_day *a, const struct timetable_day *b);

/** timetable_week_add() - put one line into a week, in place of an earlier one for the same slot.
 * @row: valid; its class is not looked at */
void timetable_week_add(struct timetable_week *week, const struct timetable_row *row);

/**
 * timetable_week_of() - the week of a class.
 * @rows: @n_rows lines in any order; of two for the same slot the last one counts
 * @class_name: the class; one with any row of its own takes none from "*"
 *
 * Return: false where neither the class nor "*" has a row (a class without lessons, to be warned
 * about); *ret_week is then empty.
 */
bool timetable_week_of(const struct timetable_row *rows, size_t n_rows, const char *class_name,
	struct timetable_week *ret_week);

/** timetable_slot_of() - a week's lessons of one half day, NULL where there are none.
 * @weekday: 0..6 */
const struct timetable_slot *timetable_slot_of(
	const struct timetable_week *week, int weekday, enum halfday half);

/** timetable_weekday_word() - "mon" … "sun". @weekday: 0..6 */
const char *timetable_weekday_word(int weekday);

/** timetable_weekday_parse() - 0..6, or -1. */
int timetable_weekday_parse(const char *word);
