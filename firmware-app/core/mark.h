/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/mark.h: what follows from the facts for one pupil and one half day.
 *
 * Pure. A mark is never edited: it is computed again whenever a fact, an excuse or a correction comes.
 * Not here: codes, which only people enter. Source: domain.md section 2 "Three layers", R1 to R3.
 */
#pragma once

#include <stdbool.h>

#include "core/timetable.h"

/* In day.json's terms; zero claims nothing. */
enum mark_value {
	MARK_NONE, /* no lessons: no mark at all */
	MARK_AWAITED, /* nothing can be said yet, or no verdict is possible */
	MARK_PRESENT, /* | */
	MARK_LATE, /* L */
	MARK_ABSENT, /* - */
	MARK_UNCONFIRMED, /* - without certainty */
	MARK_EXCUSED, /* x */
};

enum mark_reason {
	MARK_BY_TIMETABLE,
	MARK_BY_TAP,
	MARK_BY_PERSON,
	MARK_BY_CARRY, /* was in during the morning */
	MARK_BY_EXCUSE,
	MARK_BY_CUTOFF,
	MARK_BY_NOTHING,
};

/* How far the register has got with the missing pupils of a class. */
enum mark_decided { MARK_UNDECIDED, MARK_DECIDED_UNCONFIRMED, MARK_DECIDED };

struct mark_facts {
	const struct timetable_slot *slot; /* the half day's lessons; NULL: none. Borrowed */
	int tap_ms; /* earliest tap under a clock that judges, ms of the day; negative: none */
	int grace_min; /* rules.late_grace_min */
	bool unjudged; /* a tap without verdict is there */
	bool seen; /* a person said "was present" */
	bool excused;
	bool carried; /* afternoon = carry, and the morning's mark is present or late */
	enum mark_decided decided; /* the cut-off has passed with this certainty */
};

struct mark {
	enum mark_value value;
	enum mark_reason reason;
	int minutes_late; /* 1..1440; 0 unless MARK_LATE */
};

/**
 * mark_of() - one mark a pupil a half day, in the order in which the rules go before each other.
 *
 * A person's word, then a tap (an excused pupil who comes is present, without lateness), then the
 * excuse, then carry; with none of these a tap without a verdict keeps certainty away. A pupil carried
 * over who taps late in the afternoon stays present. Can't fail.
 */
struct mark mark_of(const struct mark_facts *facts);

/** mark_is_in() - present or late. */
bool mark_is_in(enum mark_value value);

/** mark_is_missing() - absent or unconfirmed. */
bool mark_is_missing(enum mark_value value);

/** mark_letter() - '|', 'L', '-', 'x', or '.' for none or not yet; gates-data.json. */
char mark_letter(enum mark_value value);
