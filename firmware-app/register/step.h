/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/step.h: what an event does to a day: the marks that follow, and the alerts that change.
 *
 * DESIGN. Pure: state, event and now go in, effects come out; no clock, no I/O, no allocation. All of
 * it rests on one idempotent question asked of a pupil's half day: which mark follows from the facts,
 * and does its alert still say the same? So a late check-in, an excuse, a corrected time, a restart
 * and the cut-off all take the same way. The caller writes the effects in the transaction of its turn
 * and publishes after COMMIT. Source: contract, topics.md; domain.md sections 2 and 9; faults.md D1, D2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/absence.h"
#include "core/civil.h"
#include "core/roster.h"
#include "register/day.h"
#include "register/gate.h"
#include "store/register_store.h"
#include "wire/wire.h"

#define REGISTER_TALK_DAYS                                                                         \
	28 /* a talk that nobody took up stands anew each day, so long: two weeks of holidays with their weekends, and school days */
#define REGISTER_HEARD_MAX 4096 /* alerts: more than a day of a large school has */

/* A retained alert of before: who knows it drops what is no newer. */
struct register_heard {
	char id[ALERT_ID_MAX];
	int revision;
};

/* What a step needs to know beside the day; the owner keeps it up to date. */
struct register_state {
	size_t n_gates; /* of register.gates, 1 and up */
	struct register_gate gates[DAY_GATES_MAX];
	int64_t connected_since_ms; /* to the broker; negative: not connected */
	bool clock_judges; /* the register's own clock is trusted or in holdover */
	int64_t now_ms; /* the wall clock of this turn */
	int64_t skipped_from_ms,
		skipped_to_ms; /* wall time that a jump forward left out: no cut-off in it is decided */
	struct civil_date today;
	/* After a lost or damaged database: */
	bool refilling; /* gates send again what it had of them: nothing is decided meanwhile */
	bool roster_lost; /* pupils, cards, lessons or excuses are missing: nobody is surely absent */
	int revision_base; /* of alerts raised today */
	size_t n_heard; /* alerts that the broker has and the database doesn't */
	const struct register_heard *heard;
};

struct register_mark_ref {
	size_t pupil; /* index into the roster's */
	enum halfday half;
};

/* What one event changed in one day. An alert or a mark stands here at most once an event but for
 * REGISTER_TICK's rare second thoughts, and then in order. */
struct register_effects {
	size_t n_alerts, n_marks, max; /* max: of each */
	int32_t *alerts; /* indexes into the day's alerts */
	struct register_mark_ref *marks;
	bool unknown_more; /* an unknown card without an alert: there were enough within the hour */
	bool arrived; /* gates/arrival: this pupil is in */
	size_t arrived_pupil;
	enum halfday arrived_half;
};

/** register_effects_create() - room for all that one event can change in a day of this roster.
 * Return: NULL where memory is out; for register_effects_destroy(). */
struct register_effects *register_effects_create(const struct roster *roster);

/** register_effects_destroy() - accepts NULL. */
void register_effects_destroy(struct register_effects *fx);

/** register_effects_clear() - before the next event. */
void register_effects_clear(struct register_effects *fx);

/* What a check-in message is, by what the database knows. */
enum register_fate {
	REGISTER_NEW,
	REGISTER_REPEAT, /* stored already: confirm again, nothing else */
	REGISTER_SAME, /* the same check-in under another number: take the number */
	REGISTER_REVISED, /* a higher revision: replaces it */
	REGISTER_REFUSED_BEFORE, /* this number was refused: say so again */
	REGISTER_CONFLICT, /* another check-in has this number: refuse it */
};

/** register_fate_of() - pure. Source: topics.md "Delivery". */
enum register_fate register_fate_of(
	const struct register_store_known *known, const struct checkin *c);

/** register_take_checkin() - a new check-in of this day. */
void register_take_checkin(const struct register_state *s, struct day *day, const struct checkin *c,
	int64_t received_ms, struct register_effects *fx);

/** register_take_talk() - a CHECKIN_TALK that is new. Whenever it was made, it is news today: one a pupil and day.
 * @today: also where the check-in is of another day. Of a pupil who isn't in the roster nothing comes, unless
 * it has lost some, or has none yet. */
void register_take_talk(const struct register_state *s, struct day *today, const struct checkin *c,
	struct register_effects *fx);

/** register_take_heard_talk() - a retained alert that the database doesn't know: it was lost there, and the gates keep none
 * of them. It stands again today, also where somebody had acknowledged it. */
void register_take_heard_talk(const struct register_state *s, struct day *today,
	const struct alert *heard, struct register_effects *fx);

/** register_carry_talks() - before a past day is closed: what nobody took up of its talks stands again today, for
 * REGISTER_TALK_DAYS from when it was asked for. @fx: of today */
void register_carry_talks(const struct register_state *s, const struct day *past, struct day *today,
	struct register_effects *fx);

/** register_settle() - ask every pupil's half days; after a day of today was built anew. */
void register_settle(const struct register_state *s, struct day *day, struct register_effects *fx);

/** register_settle_pupil() - ask one pupil's; for a day that is over.
 * @pupil: index into the roster's */
void register_settle_pupil(
	const struct register_state *s, struct day *day, size_t pupil, struct register_effects *fx);

/** register_correct() - a person's word about a pupil's half day; the facts stay, the mark and the alert
 * follow. @correction: all that is said of it now */
void register_correct(const struct register_state *s, struct day *day,
	const struct register_store_correction *correction, struct register_effects *fx);

/** register_person() - a person's event of an alert's life. @index: into the day's alerts; below 0: none
 * Return: false where it changes nothing. */
bool register_person(const struct register_state *s, struct day *day, int32_t index,
	const struct alert_change *c, struct register_effects *fx);

/** register_alert_has_ended() - its half day, or its day, is over. */
bool register_alert_has_ended(
	const struct register_state *s, struct day *day, const struct alert *alert);

/** register_decide_over() - a half day that is over and of which nothing is known is missed, unconfirmed. Raises
 * nothing: nobody calls home about yesterday. A tap that comes later corrects it like any other mark.
 * @pupil: index into the roster's. Source: domain.md section 2; R3. */
void register_decide_over(
	const struct register_state *s, struct day *day, size_t pupil, struct register_effects *fx);

/** register_settle_card() - a card became this pupil's, or is it no more; for a day that is over. A half day that its taps
 * had filled is decided like one of which nothing is known. */
void register_settle_card(
	const struct register_state *s, struct day *day, size_t pupil, struct register_effects *fx);

/** register_tick() - what only time and gates bring: absence, gates silent and back, the half day's end.
 * @day: today's */
void register_tick(struct register_state *s, struct day *day, struct register_effects *fx);

/** register_next_ms() - the next instant at which a tick can bring something by time alone (cut-offs, ends
 * of half days); INT64_MAX: none today. */
int64_t register_next_ms(const struct register_state *s, const struct day *day);

/** register_delivered() - every gate that is waited for is online and has nothing left that isn't stored here. */
bool register_delivered(const struct register_state *s);

/** register_close_day() - all that is still open is over; for a day that is past. */
void register_close_day(
	const struct register_state *s, struct day *day, struct register_effects *fx);

/** register_mark_row() - a mark as the database keeps it. */
void register_mark_row(
	const struct day *day, struct register_mark_ref ref, struct register_store_mark *ret_row);
