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

/* What can happen to an alert. Who publishes and stores it is not this file's business. */
enum alert_event {
	ALERT_EVENT_CONFIRM, /* every gate is complete now: what was unconfirmed is certain */
	ALERT_EVENT_DOUBT, /* a tap without a verdict came: no certainty can be claimed */
	ALERT_EVENT_MISSING, /* the pupil is (again) missing, the gate (again) silent */
	ALERT_EVENT_ARRIVED, /* a late tap: arrived_at_ms, minutes_late, expected_at_ms */
	ALERT_EVENT_IN_TIME, /* a tap made in time, or carried over: it was untrue; arrived_at_ms.
			      * class_missing: so had they all */
	ALERT_EVENT_EXCUSED, /* an excuse covers it: it was untrue */
	ALERT_EVENT_NOT_EXPECTED, /* no lessons after all, or a pupil who has left: it was untrue */
	ALERT_EVENT_COUNT, /* class_missing: missing, expected; with none missing they have arrived */
	ALERT_EVENT_SUPERSEDED, /* others stand for it */
	ALERT_EVENT_GATE_BACK, /* gate_silent: the gate has told all */
	ALERT_EVENT_CARD_LINKED, /* unknown_card: it is a pupil's now */
	ALERT_EVENT_ASKED, /* talk: asked for again; one that is over opens again */
	ALERT_EVENT_HALF_DAY_OVER, /* the half day, or the day, has ended */
	ALERT_EVENT_ACKNOWLEDGE, /* a person: by */
	ALERT_EVENT_RELEASE, /* a person takes that back: by */
	ALERT_EVENT_RESOLVE, /* a person: by, what, note */
	ALERT_EVENT_REOPEN, /* a person: by */
};

struct alert_change {
	enum alert_event event;
	int64_t at_ms; /* now */
	bool over; /* the half day is over: nothing is opened (again) */
	enum alert_certainty certainty; /* MISSING */
	int64_t expected_at_ms, arrived_at_ms; /* ARRIVED, IN_TIME; negative: not said */
	int minutes_late; /* ARRIVED */
	int missing, expected; /* COUNT */
	enum alert_what what; /* RESOLVE: was_present, excused, reached, not_reached, other */
	const char *
		by; /* a person's name, never NULL or "" in a person's events; in others who said so, NULL: the
			 * software itself; borrowed */
	const char *note; /* RESOLVE; NULL: none; cut at 1,000 characters; borrowed */
};

/** alert_raise() - a new alert, open, of revision 1, with every other member not said.
 * @id: made by one of the functions below; the caller fills what belongs to the kind. */
void alert_raise(struct alert *ret_alert, const char *id, enum alert_kind kind,
	enum alert_certainty certainty, struct civil_date date, enum halfday half, int64_t at_ms);

/**
 * alert_apply() - the whole life of an alert as one machine.
 *
 * Return: true where the alert changed, and then its revision is one more; false where the event
 * changes nothing (told twice, or it doesn't concern this kind or state), and *alert is untouched.
 * What a person has closed as reached or not_reached stays so when its pupil arrives (the arrival is
 * added); a tap made in time retracts it all the same, since it was untrue.
 * Source: contract, topics.md "Life of an alert"; domain.md R8, R13; faults.md D2.
 */
bool alert_apply(struct alert *alert, const struct alert_change *change);

/** alert_id_pupil() - {date}-{half}-p{pupil}. @ret_id: ALERT_ID_MAX bytes, as of all below */
void alert_id_pupil(struct civil_date date, enum halfday half, int64_t pupil, char *ret_id);
/** alert_id_gate() - {date}-{half}-g{gate} */
void alert_id_gate(struct civil_date date, enum halfday half, const char *gate, char *ret_id);
/** alert_id_class() - {date}-{half}-c{class}: in lower case, all but a-z0-9 as one _ a character. */
void alert_id_class(
	struct civil_date date, enum halfday half, const char *class_name, char *ret_id);
/** alert_id_card() - {date}-u{first 8 digits of the hash} */
void alert_id_card(struct civil_date date, struct card_hash card, char *ret_id);
/** alert_id_talk() - {date}-r{pupil} */
void alert_id_talk(struct civil_date date, int64_t pupil, char *ret_id);
