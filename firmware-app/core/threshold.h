/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/threshold.h: when a pupil's absences or lateness reach a number that asks something of the school.
 *
 * Pure. A threshold is a row: which codes count, from how many half days, in which window, for which
 * school years. Rows, half days and a date give events; another duty is another row and no new build.
 * Not here: what a row asks of people, and any message: no kind of alert carries these events.
 * Source: domain.md section 4 (AgODi; Groeipakketdecreet art. 34; edulex 13644), R6, R7, R16, R17.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/timetable.h"

#define THRESHOLD_NAME_MAX 24 /* bytes with the zero: [a-z0-9_], for events, journal and texts */
#define THRESHOLD_LETTERS_MAX 16 /* bytes with the zero; a row counts a few codes */
#define THRESHOLD_EVERY_ABSENCE                                                                    \
	"*" /* any code of absence, a - without code, an excuse without code */
#define THRESHOLD_ID_MAX 48 /* bytes with the zero: "2026-2027-contact_parents-p0000012345" */

struct threshold_row {
	char name[THRESHOLD_NAME_MAX]; /* identifies the row */
	char letters
		[THRESHOLD_LETTERS_MAX]; /* as they stand in the register (D is not Z), or "*" */
	bool on; /* off: gives no event, and leaves those that there are as they are */
	int at; /* half days, 1 and up; 0: no number yet, gives no event */
	int up_to; /* above this another row stands for it; 0: no bound */
	int percent; /* 1..100: counts as reached from this share of the half days so far, in place of
		      * at; 0: by number */
	int from_elapsed; /* with percent: half days that must have gone by */
	int window_days; /* school days, today's included; 0: the whole school year */
	bool last_year_too; /* last year's total must have reached it as well */
	int from_year,
		to_year; /* school years by their first calendar year, included; 0: no bound */
};

extern const struct threshold_row threshold_shipped[]; /* domain.md section 4, as delivered */
extern const size_t threshold_n_shipped;

/** threshold_row_valid() - for rows that come from outside: a name, letters, numbers in range, and
 * no percent together with up_to, window_days or last_year_too. */
bool threshold_row_valid(const struct threshold_row *row);

/* A half day in which the pupil's class had lessons. */
struct threshold_half {
	struct civil_date date;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	char mark; /* mark_letter(): | L - x . */
	char code; /* what a person entered; 0: none. It goes before the mark */
	bool elsewhere; /* x for trajectory, internship, excursion, exam_free: an absence only by code */
};

/* What is known without dates. Whoever changes school brings a number of B half days. */
struct threshold_before {
	int opening_b; /* B half days of this school year at another school, 0 and up */
	int last_year_b; /* all B half days of the school year before, 0 and up */
};

struct threshold_tally {
	int count; /* half days that count, up to today; of a window that of its highest moment */
	bool reached; /* on some day of this school year, by what is known now */
	bool passed; /* beyond up_to */
	struct civil_date
		since; /* with reached: the first such day; all zero: by the opening value */
};

/**
 * threshold_tally_of() - how a pupil stands to one row.
 * @today: up to and including this day; its school year counts. For a correction in a year that is over
 * its 31 August
 * @halves: @n_halves, oldest first (asserted); of other school years and later days they are passed over
 *
 * A window that slides on, or a share that falls since the pupil came again, takes nothing back: it was
 * reached. What takes it back is a correction, since then it never was. A row that is off, without a
 * number or for other years reaches nothing. The opening value counts where "B" is among the letters
 * and the window is the school year by number. Can't fail.
 */
struct threshold_tally threshold_tally_of(const struct threshold_row *row, struct civil_date today,
	const struct threshold_half *halves, size_t n_halves, struct threshold_before before);

enum threshold_state {
	THRESHOLD_NONE, /* never reached */
	THRESHOLD_OPEN,
	THRESHOLD_WITHDRAWN, /* a correction: it was untrue */
	THRESHOLD_PASSED, /* beyond up_to: another row stands for it */
};

/* One event a pupil, row and school year. */
struct threshold_event {
	int64_t pupil; /* 1..9999999999 */
	char row[THRESHOLD_NAME_MAX];
	int school_year; /* its first calendar year */
	enum threshold_state state;
	int revision; /* 0: never told; one more at each change */
	struct civil_date changed_on;
};

/** threshold_event_begin() - none yet. @ret_event: filled */
void threshold_event_begin(int64_t pupil, const struct threshold_row *row, int school_year,
	struct threshold_event *ret_event);

/** threshold_event_id() - "{year}-{year+1}-{row}-p{pupil}": the same through every revision.
 * @ret_id: THRESHOLD_ID_MAX bytes */
void threshold_event_id(const struct threshold_event *event, char *ret_id);

/**
 * threshold_apply() - bring the event to what the tally says.
 * @event: of this row, and of the tally's school year
 * @today: stands in changed_on
 *
 * Return: true where there is something to tell: it opens, is withdrawn, passes, or opens again, with
 * a higher revision under the same id. False at a 6th and 7th half day, and for a row that is off.
 */
bool threshold_apply(struct threshold_event *event, const struct threshold_row *row,
	const struct threshold_tally *tally, struct civil_date today);
