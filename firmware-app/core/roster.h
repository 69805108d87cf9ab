/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/roster.h: whom a school expects when: pupils, cards, timetable, days off.
 *
 * One value that is replaced whole: the register builds it from its database, a gate from gates/data.
 * Filled by the owner, then indexed once; read-only afterwards, so any thread may read it.
 * Source: contract, gates-data.json, files.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/calendar.h"
#include "core/card.h"
#include "core/civil.h"
#include "core/timetable.h"

#define ROSTER_NAME_MAX                                                                            \
	401 /* bytes with the zero: 100 characters of UTF-8 (schema: maxLength 100) */
#define ROSTER_PUPILS_MAX 20000 /* ten times a large school; bounds memory and every loop */
#define ROSTER_CARDS_MAX 100000
#define ROSTER_ROWS_MAX 20000 /* timetable lines: 1,000 classes of 14 half days, with room */
#define ROSTER_CHANGED_MAX                                                                         \
	20000 /* timetable lines for one date: a school year of a class's every day */
#define ROSTER_DAYS_MAX 4000 /* days without lessons: two school years whole */
#define ROSTER_EXCUSES_MAX 200000
#define ROSTER_ARRIVAL_S                                                                           \
	3600 /* the first pupils come half an hour before the bell; an update with its way back ends before them */
#define ROSTER_RECENT_MAX 15 /* school days in a pupil's own record; gates-data.json */

enum roster_language { ROSTER_LANGUAGE_NONE, ROSTER_NL, ROSTER_FR, ROSTER_EN, ROSTER_DE };

/* Why a half day is excused; only the register has it, a gate sees ROSTER_EXCUSED at most. */
enum roster_excuse_reason {
	ROSTER_EXCUSED,
	ROSTER_TRAJECTORY,
	ROSTER_INTERNSHIP,
	ROSTER_EXCURSION,
	ROSTER_EXAM_FREE,
};

/* One school day in a pupil's own record. */
struct roster_recent {
	struct civil_date date;
	char marks[3]; /* morning, afternoon: | L - x (excused) . (none or not yet) */
};

struct roster_pupil {
	int64_t id; /* 1..9999999999 */
	char first_name[ROSTER_NAME_MAX]; /* "" where not given */
	char last_name[ROSTER_NAME_MAX];
	char class_name[TIMETABLE_CLASS_MAX];
	enum roster_language language;
	bool has_record;
	int late_30_days; /* with has_record */
	int n_recent;
	struct roster_recent recent[ROSTER_RECENT_MAX]; /* oldest first */
	size_t class_index; /* into classes; set by roster_index() */
};

struct roster_card {
	struct card_hash hash;
	int64_t pupil;
	bool blocked;
	int64_t blocked_at_ms; /* with blocked: taps of before were the pupil's own; 0: not said, then
		none counts. The register's alone: a gate refuses the card from now on */
	struct civil_date from, to; /* both included; all zero: no bound */
};

/* Half days on which a pupil is not expected, both ends included. */
struct roster_excuse {
	int64_t pupil;
	struct civil_date from, to;
	enum halfday from_half, to_half; /* HALFDAY_AM or HALFDAY_PM */
	enum roster_excuse_reason reason;
	char code; /* an official or internal code's letter, 0: none; never leaves the register */
};

struct roster_class {
	char name[TIMETABLE_CLASS_MAX];
	bool has_lessons; /* false: neither rows of its own nor "*" */
	bool has_own; /* rows of its own; else it follows "*", also on a changed day */
	struct timetable_week week;
};

struct roster_size {
	size_t pupils, cards, rows, days, excuses, changed;
};

/* Arrays have the sizes asked for at roster_create(); n_* say how many are filled. */
struct roster {
	int64_t generation; /* 1 and up; 0: none */
	int64_t made_at_ms;
	size_t n_pupils, n_cards, n_rows, n_days, n_excuses, n_classes, n_changed;
	struct roster_pupil *pupils; /* by id once indexed */
	struct roster_card *cards; /* by hash once indexed */
	struct timetable_row *rows;
	struct calendar_day *days; /* by date once indexed */
	struct roster_excuse *excuses; /* by pupil once indexed */
	struct timetable_day *changed; /* the register's alone: a gate gets a week that has them in
		place; by date once indexed */
	struct roster_class *classes; /* made by roster_index(), by name */
};

/** roster_create() - an empty roster with room for @size; one allocation, ended by roster_destroy().
 * Return: NULL where memory is out or a limit is passed. */
struct roster *roster_create(const struct roster_size *size);

/** roster_destroy() - accepts NULL. */
void roster_destroy(struct roster *roster);

/**
 * roster_index() - sort what was filled and resolve each pupil's class; once, before any look-up.
 *
 * Return: 0, or -1 where it contradicts itself: a pupil or a card twice, a pupil's id below 1, a
 * timetable line that timetable_row_valid() refuses. It is then to be destroyed. A card or excuse of
 * a pupil who is not there is allowed and ignored by look-ups.
 */
int roster_index(struct roster *roster);

/** roster_pupil_of() - by id; NULL where there is none. Borrowed from the roster. */
const struct roster_pupil *roster_pupil_of(const struct roster *roster, int64_t id);

/** roster_card_of() - by hash; NULL where there is none, or its pupil is not there. Borrowed.
 * Validity is not looked at. */
const struct roster_card *roster_card_of(const struct roster *roster, struct card_hash hash);

/** roster_card_valid() - not blocked, and @date within from and to. */
bool roster_card_valid(const struct roster_card *card, struct civil_date date);

/**
 * roster_slot_of() - the lessons of a pupil's class in a half day.
 *
 * A line for that date goes before the week's. NULL where the timetable has none, or the day is off:
 * a day in roster->days. (The register puts
 * the computed holidays there too, so a gate needs no rule of its own.)
 */
const struct timetable_slot *roster_slot_of(const struct roster *roster,
	const struct roster_pupil *pupil, struct civil_date date, enum halfday half);

/** roster_class_slot_of() - the same for a class. */
const struct timetable_slot *roster_class_slot_of(const struct roster *roster,
	const struct roster_class *class_of, struct civil_date date, enum halfday half);

/**
 * roster_arrival() - whether pupils are expected to come at that moment, by the timetable: from an hour before a
 * class's lessons begin until @until_min after.
 * @at_s: seconds of the day by the school's clock. Lessons of tomorrow don't count: none begin so soon after midnight.
 * @until_min: minutes, 0 or more
 */
bool roster_arrival(const struct roster *roster, struct civil_date date, int at_s, int until_min);

/**
 * roster_rows_from() - the week that begins with a date, as plain rows: with the lines in place that
 * stand for its dates alone.
 * @ret_rows: room for @max, at least n_rows
 *
 * For gates, which know weeks alone. A class that follows "*" and has a changed day gets the whole week
 * as its own. Return: how many; where @max is passed the rows are those of every week.
 */
size_t roster_rows_from(const struct roster *roster, struct civil_date from,
	struct timetable_row *ret_rows, size_t max);

/** roster_excuse_of() - the excuse that covers a pupil's half day, or NULL; of several the one that
 * began first. Borrowed. */
const struct roster_excuse *roster_excuse_of(
	const struct roster *roster, int64_t pupil, struct civil_date date, enum halfday half);

/** roster_language_word() - "nl" … or "" for none; roster_language_parse() its reverse (NONE for others). */
const char *roster_language_word(enum roster_language language);
/** roster_language_parse() - ROSTER_LANGUAGE_NONE for what is no such word, NULL included. */
enum roster_language roster_language_parse(const char *word);
/** roster_excuse_word() - the contract's word of a reason. */
const char *roster_excuse_word(enum roster_excuse_reason reason);
/** roster_excuse_parse() - Return: the reason, or -1. */
int roster_excuse_parse(const char *word);
