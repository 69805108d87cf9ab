/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/checkin.h: one tap at a gate, as gate and register keep it and as it crosses the broker.
 *
 * Plain data. A check-in is a fact: nobody edits it; only the gate itself replaces it, under the same
 * id with a higher revision. Source: contract, checkin.json.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/card.h"
#include "core/civil.h"
#include "core/timetable.h"
#include "core/uuid.h"

#define CHECKIN_GATE_MAX 33 /* bytes with the zero: [a-z0-9-]{1,32} */
#define CHECKIN_PUPIL_MAX INT64_C(9999999999) /* ten digits */

enum checkin_result {
	CHECKIN_RESULT_NONE,
	CHECKIN_PRESENT,
	CHECKIN_LATE,
	CHECKIN_UNJUDGED, /* stored while the clock could not be trusted */
	CHECKIN_NOT_EXPECTED,
	CHECKIN_UNKNOWN_CARD,
	CHECKIN_BLOCKED_CARD,
	CHECKIN_TALK, /* no tap: a pupil asked for a talk; has a pupil and no card, and makes nobody present */
};

/* How far the wall clock could be trusted. Source: library-facts.md section 6. */
enum checkin_clock {
	CHECKIN_CLOCK_UNKNOWN,
	CHECKIN_CLOCK_REGRESSED,
	CHECKIN_CLOCK_HOLDOVER,
	CHECKIN_CLOCK_TRUSTED,
};

enum checkin_source { CHECKIN_SOURCE_CARD, CHECKIN_SOURCE_DESK };

struct checkin {
	struct uuid log; /* drawn anew when a gate starts an empty database */
	int64_t seq; /* 1 and up, no gaps within a log */
	struct uuid id;
	int revision; /* 1 and up */
	char gate[CHECKIN_GATE_MAX];
	enum checkin_result result;
	int64_t at_ms; /* milliseconds since 1970 UTC by the gate's wall clock */
	enum checkin_clock clock;
	int64_t clock_error_ms; /* bound of the clock's error; negative: not said */
	struct uuid boot; /* the kernel's boot id */
	int64_t boot_ms; /* CLOCK_BOOTTIME at the tap */
	int64_t pupil; /* 1..CHECKIN_PUPIL_MAX; 0: none */
	struct card_hash card; /* all zero: none */
	struct civil_date date; /* in the school's zone; all zero: not said */
	enum halfday half; /* HALFDAY_NONE: null */
	int minutes_late; /* 0..1440; only with CHECKIN_LATE */
	enum checkin_source source;
};

/** checkin_result_word() - the contract's word, "" for CHECKIN_RESULT_NONE. */
const char *checkin_result_word(enum checkin_result result);
/** checkin_result_parse() - CHECKIN_RESULT_NONE for what is no such word, NULL included. */
enum checkin_result checkin_result_parse(const char *word);
/** checkin_clock_word() - "trusted", "holdover", "unknown", "regressed". */
const char *checkin_clock_word(enum checkin_clock clock);
/** checkin_clock_parse() - Return: the value (0..3), or -1 for what is no such word. */
int checkin_clock_parse(const char *word);
/** checkin_clock_judges() - trusted or holdover: a verdict may rest on it. */
bool checkin_clock_judges(enum checkin_clock clock);
/** checkin_pupil_format() - ten digits with leading zeros. @ret_text: 11 bytes */
void checkin_pupil_format(int64_t pupil, char *ret_text);
/** checkin_pupil_parse() - 1 to 10 digits, not all zero. Return: the number, or -1. */
int64_t checkin_pupil_parse(const char *text);
/** checkin_slug_valid() - [a-z0-9-]{1,32}, the form of school and gate ids. */
bool checkin_slug_valid(const char *text);
