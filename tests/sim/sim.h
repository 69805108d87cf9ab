/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sim/sim.h: a school year of 1,500 pupils at three gates, by a seed.
 *
 * DESIGN. World, gates and office meet at one clock that jumps from event to event. The gates run the real
 * kiosk/step and kiosk/deliver, the office the real register/day and register/step over a store in memory.
 * What is true is computed in truth.c by plain code of its own, which includes nothing of core but types.
 * Everything hangs on the seed, so a failure comes back with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alert.h"
#include "core/checkin.h"
#include "core/roster.h"
#include "kiosk/deliver.h"
#include "kiosk/step.h"
#include "register/day.h"
#include "register/step.h"
#include "wire/wire.h"

#define SIM_PUPILS 1500
#define SIM_CLASSES 60
#define SIM_CLASS_SIZE (SIM_PUPILS / SIM_CLASSES)
#define SIM_GATES 3
#define SIM_DAYS_MAX 310 /* 1 September to 30 June */
#define SIM_CARDS_MAX 20000
#define SIM_EXCUSES_MAX 60000
#define SIM_PIPE 1024 /* messages under way from one gate */
#define SIM_FIRST_PUPIL 10001
#define SIM_CLOSED_AFTER                                                                           \
	45 /* days until a day is checked for the last time: no gate is away so long */
#define SIM_NEVER INT64_MAX
#define SIM_MIN INT64_C(60000)

enum sim_event_kind {
	SIM_TAP,
	SIM_STRAY_CARD, /* nobody's */
	SIM_EXCUSE, /* one pupil */
	SIM_EXCURSION, /* a class, its whole day */
	SIM_SEEN, /* the desk saw the pupil */
	SIM_LOST, /* the pupil's card is blocked; a new one is handed out, not linked yet */
	SIM_LINK,
	SIM_CALL, /* a person closes alerts that are open */
	SIM_GATE_DOWN,
	SIM_GATE_UP,
	SIM_WILL, /* the broker notices that a gate is gone */
	SIM_READER_DOWN,
	SIM_READER_UP,
	SIM_CLOCK_LOST, /* the gate starts again, without the time */
	SIM_CLOCK_BACK,
	SIM_BROKER_DOWN,
	SIM_BROKER_UP,
	SIM_RESTART, /* of the register */
	SIM_CHECK, /* a half day has ended */
};

struct sim_event {
	int64_t at_ms;
	uint64_t order; /* of two at one instant the earlier made goes first */
	enum sim_event_kind kind;
	int who; /* pupil, class, card or gate */
	int gate;
	int from, to; /* half days: 2 * day + half; SIM_WILL: of which connection */
};

/* A card's life as the world knows it. */
struct sim_card {
	int pupil; /* whose it is; -1: a stranger's */
	int since; /* day from which it may have been used */
	bool linked; /* the register knows so */
	int64_t blocked_ms; /* SIM_NEVER: not */
};

/* A tap that was made. */
struct sim_tap {
	int card, day;
	int64_t at_ms; /* when it was made */
	int64_t received_ms; /* negative: the register hasn't it */
	bool refused; /* by the gate, as a blocked card */
	int told; /* 0 nothing, 1 without verdict, 2 with its own time */
	bool undated; /* its gate started anew before it had time: nobody can date it any more */
};

struct sim_row {
	struct checkin c;
	size_t tap; /* into the gate's taps */
};

struct sim_message {
	int64_t at_ms; /* when it arrives */
	int64_t seq; /* of a check-in; 0: a state */
	struct wire_gate_state state;
};

struct sim_gate {
	int index;
	struct kiosk_state kiosk;
	struct kiosk_effects fx;
	struct deliver deliver;
	struct sim_row *rows; /* [seq - 1]: its database */
	struct sim_tap *taps;
	size_t n_rows, max_rows, n_taps, max_taps;
	size_t n_numbered; /* rows that the register has */
	int n_reboots, n_sessions;
	int64_t boot0_ms, complete_until_ms, next_state_ms, delay_ms, data_due_ms;
	bool said_pending; /* its last state had check-ins that were not confirmed */
	struct roster *roster;
	bool up, reader, clock; /* what works */
	int64_t down_ms, reader_down_ms, clock_lost_ms; /* since when not */
	size_t first_unjudged; /* rows before it need no new date */
	struct sim_message pipe[SIM_PIPE];
	size_t pipe_head, pipe_tail;
};

/* What the register's database would have of a day, and what the world knows of it. */
struct sim_fact {
	struct checkin c;
	int64_t received_ms;
};

struct sim_mark {
	enum mark_value value;
	int minutes_late;
	int64_t arrived_ms;
};

struct sim_tap_ref {
	int gate;
	size_t tap;
};

struct sim_day {
	struct sim_fact *facts;
	struct alert *alerts;
	struct sim_tap_ref *taps;
	struct register_store_correction *said; /* by people */
	size_t n_said, max_said, n_facts, max_facts, n_alerts, max_alerts, n_taps, max_taps;
	struct sim_mark marks[SIM_PUPILS][2];
	bool excused[SIM_PUPILS][2], seen[SIM_PUPILS][2];
	bool closed;
};

struct sim_excuse {
	int pupil, from, to; /* 2 * day + half */
};

struct sim_late {
	int pupil, from_day;
};

struct sim_pupil {
	int card;
	int away_until; /* 2 * day + half, not included; told or not */
	bool excused; /* and the office has been told */
};

struct sim_rules {
	int grace_min, absent_after_min, hold_s, opens_before_min, mass_percent, repeat_s;
	bool carry;
};

struct sim_count {
	int64_t days, half_days, taps, late, absent_alerts, confirmed, retracted, class_missing,
		gate_silent, unjudged, reloads, past_taps, repeats, unconfirmed_marks, absent_marks;
};

struct sim {
	uint64_t seed, random, n_events_made;
	int year; /* in which it begins */
	int n_days, today; /* days since 1 September */
	int64_t now_ms, start_ms;
	int64_t midnight_ms[SIM_DAYS_MAX + 1];
	struct sim_rules rules;
	struct civil_zone zone;
	struct sim_event *heap;
	size_t n_heap, max_heap;
	struct sim_pupil pupils[SIM_PUPILS];
	struct sim_card cards[SIM_CARDS_MAX];
	int n_cards;
	struct sim_excuse excuses[SIM_EXCUSES_MAX];
	int n_excuses;
	struct sim_day *days[SIM_DAYS_MAX + 1];
	struct sim_gate *gates;
	bool faulty; /* something was broken today: no claim that all could be certain */
	/* the office */
	bool broker;
	int64_t blind_ms; /* the register was last without the broker then */
	struct roster *roster; /* shared with the gates that have its generation */
	struct roster *old_rosters[64];
	size_t n_old;
	int64_t generation;
	struct register_state state;
	struct register_effects *fx;
	struct day *day, *past; /* today's, and the last one that late deliveries needed */
	struct sim_late late[4096]; /* typed now, of days before */
	int n_late;
	int64_t tick_ms; /* when the register wants to look again */
	bool reload; /* the office has typed something: at this instant's end it is in the roster */
	struct sim_count count;
};

/* ---- sim.c: the world and its clock ---- */

/** sim_below() - 0..n-1 by the seed. */
int sim_below(struct sim *s, int n);
/** sim_chance() - true so many times in ten thousand. */
bool sim_chance(struct sim *s, int in_10000);
/** sim_add() - an event to come. */
void sim_add(struct sim *s, struct sim_event event);
/** sim_day_of() - a day's facts, made when first asked for. */
struct sim_day *sim_day_of(struct sim *s, int day);
/** sim_fail() - say when, what and by which seed, and end with status 1. */
_Noreturn void sim_fail(const struct sim *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** sim_grow() - room for one more; ends the program where memory is out. */
void *sim_grow(void *items, size_t n, size_t *max, size_t size);

/* ---- plan.c: what people and machines will do ---- */

/** plan_day() - today's events. */
void plan_day(struct sim *s);

/* ---- truth.c: what is so, by rules written a second time ---- */

/** truth_year() - the year's days: their number and midnights in UTC. */
void truth_year(struct sim *s);
/** truth_date() - of a day of the year. */
struct civil_date truth_date(const struct sim *s, int day);
/** truth_weekday() - 0 Monday. */
int truth_weekday(const struct sim *s, int day);
/** truth_lessons() - seconds of the day. Return: false where a class has none. @half: 0 am, 1 pm */
bool truth_lessons(
	const struct sim *s, int day, int class_of, int half, int *ret_start_s, int *ret_end_s);
/** truth_school_day() - anybody has lessons. */
bool truth_school_day(const struct sim *s, int day);
/** truth_day_at() - the day of an instant. */
int truth_day_at(const struct sim *s, int64_t at_ms);
/** truth_verdict() - on time or late at an instant, and in which half (-1: none). @ret_minutes: 0 on time */
int truth_verdict(const struct sim *s, int class_of, int64_t at_ms, int *ret_minutes);
/** truth_missing() - fails unless a pupil may be called absent with certainty at this moment. */
void truth_missing(struct sim *s, int day, int pupil, int half, const char *where);
/** truth_certain() - fails unless every gate had told all of before the cut-off. */
void truth_certain(struct sim *s, int day, int class_of, int half, const char *where);
/** truth_check() - every mark, count and alert of a day against what is so. @d: that day as built */
void truth_check(struct sim *s, int day, const struct day *d);

/* ---- gate.c ---- */

/** gate_open() - a gate with an empty database. */
void gate_open(struct sim *s, int index);
/** gate_close() - frees what it has. */
void gate_close(struct sim_gate *g);
/** gate_tap() - a card is held to the reader now. @card: into the world's cards */
void gate_tap(struct sim *s, struct sim_gate *g, int card);
/** gate_event() - of the SIM_GATE_, SIM_READER_ and SIM_CLOCK_ kinds. */
void gate_event(struct sim *s, const struct sim_event *event);
/** gate_turn() - one turn of the gate's loop. */
void gate_turn(struct sim *s, struct sim_gate *g);
/** gate_next_ms() - when it has something to do by itself. */
int64_t gate_next_ms(const struct sim *s, const struct sim_gate *g);
/** gate_arrivals() - hand over what has arrived by now. */
void gate_arrivals(struct sim *s, struct sim_gate *g);
/** gate_arrival() - another gate's pupil is in. */
void gate_arrival(struct sim *s, struct sim_gate *g, int64_t pupil, enum halfday half);

/* ---- office.c ---- */

/** office_new_day() - the date turns: what is open of days before is closed. */
void office_new_day(struct sim *s);
/** office_reload() - a new roster, and the days built anew against it. */
void office_reload(struct sim *s);
/** office_hindsight() - what was typed concerns days that are past too: a pupil's are judged anew. */
void office_hindsight(struct sim *s, int pupil, int from_day);
/** office_restart() - all but the database is gone. */
void office_restart(struct sim *s);
/** office_broker() - the register's own connection. */
void office_broker(struct sim *s, bool up);
/** office_take_state() - a gate's state came. */
void office_take_state(struct sim *s, struct sim_gate *g, const struct wire_gate_state *state);
/** office_take_checkin() - a check-in came. Return: what to confirm. */
int64_t office_take_checkin(struct sim *s, struct sim_gate *g, const struct sim_row *row);
/** office_tick() - time passed. */
void office_tick(struct sim *s);
/** office_seen() - "was present". */
void office_seen(struct sim *s, int pupil, int half);
/** office_call() - a person closes what is open, or some of it. */
void office_call(struct sim *s);
/** office_check() - today's half days, and that a day built anew is the same. */
void office_check(struct sim *s);
/** office_check_past() - a day for the last time, and then forget it. */
void office_check_past(struct sim *s, int day);
/** office_close() - frees what it has. */
void office_close(struct sim *s);
