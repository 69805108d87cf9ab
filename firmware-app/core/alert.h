/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/alert.h: an alert to the care team, and every way in which it may change.
 *
 * Pure. One state machine for the whole life of an alert; what it publishes and stores is the
 * register's business. Names are not in it: they are put in while encoding, from the roster, so that
 * the database holds a name in one place. Source: contract, topics.md "Life of an alert", alert.json.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/card.h"
#include "core/checkin.h"
#include "core/civil.h"
#include "core/timetable.h"

#define ALERT_ID_MAX 121 /* bytes with the zero; alert.json: 120 characters, all ASCII */
#define ALERT_BY_MAX 257 /* 64 characters of UTF-8 and the zero */
#define ALERT_NOTE_MAX 4001 /* 1,000 characters of UTF-8 and the zero */

enum alert_kind {
	ALERT_KIND_NONE,
	ALERT_ABSENT,
	ALERT_LATE,
	ALERT_GATE_SILENT,
	ALERT_CLASS_MISSING,
	ALERT_UNKNOWN_CARD,
	ALERT_TALK,
};

enum alert_state {
	ALERT_STATE_NONE, /* not raised */
	ALERT_OPEN,
	ALERT_ACKNOWLEDGED,
	ALERT_RESOLVED,
	ALERT_RETRACTED, /* it was untrue */
};

enum alert_certainty { ALERT_UNCONFIRMED, ALERT_CONFIRMED };

enum alert_what {
	ALERT_WHAT_NONE,
	ALERT_ARRIVED,
	ALERT_WAS_PRESENT,
	ALERT_EXCUSED,
	ALERT_REACHED,
	ALERT_NOT_REACHED,
	ALERT_GATE_BACK,
	ALERT_CARD_LINKED,
	ALERT_HALF_DAY_OVER,
	ALERT_SUPERSEDED,
	ALERT_OTHER,
};

struct alert {
	char id[ALERT_ID_MAX]; /* topics.md "Alert ids" */
	enum alert_kind kind;
	enum alert_state state;
	enum alert_certainty certainty;
	struct civil_date date;
	enum halfday half; /* HALFDAY_NONE: not of a half day */
	int64_t raised_at_ms, changed_at_ms; /* milliseconds since 1970 UTC */
	int revision; /* 1 and up; one more at each change */
	int64_t pupil; /* 0: none */
	char gate[CHECKIN_GATE_MAX]; /* "" none */
	char class_name[TIMETABLE_CLASS_MAX]; /* class_missing; "" none */
	struct card_hash card; /* unknown_card; all zero: none */
	int64_t expected_at_ms; /* start of the lessons; negative: not said */
	int64_t arrived_at_ms; /* negative: not said */
	int minutes_late; /* negative: not said */
	int missing, expected; /* class_missing; negative: not said */
	char acknowledged_by[ALERT_BY_MAX]; /* "" not acknowledged */
	int64_t acknowledged_at_ms;
	enum alert_what what; /* ALERT_WHAT_NONE: no resolution */
	char resolved_by[ALERT_BY_MAX]; /* "" by the software itself */
	int64_t resolved_at_ms;
	char note[ALERT_NOTE_MAX];
};

/** alert_kind_word() - the contract's word, "" for none. */
const char *alert_kind_word(enum alert_kind kind);
/** alert_kind_parse() - ALERT_KIND_NONE for what is no such word, NULL included. */
enum alert_kind alert_kind_parse(const char *word);
/** alert_state_word() - the contract's word, "" for none. */
const char *alert_state_word(enum alert_state state);
/** alert_state_parse() - ALERT_STATE_NONE for what is no such word, NULL included. */
enum alert_state alert_state_parse(const char *word);
/** alert_what_word() - the contract's word of a resolution, "" for none. */
const char *alert_what_word(enum alert_what what);
/** alert_what_parse() - ALERT_WHAT_NONE for what is no such word, NULL included. */
enum alert_what alert_what_parse(const char *word);
/** alert_is_over() - resolved or retracted. */
bool alert_is_over(const struct alert *alert);
