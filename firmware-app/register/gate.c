/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/gate.h"

#define START_SAME_MS 3000 /* uptime comes in whole seconds, and a clock is corrected in between */
#define TWICE_RETURNS 2 /* one could be a clock that was put back and forth */
#define ALONE_MS (10 * 60 * 1000) /* a session that lasts so long: the other one has gone */

static bool same_start(int64_t a_ms, int64_t b_ms)
{
	return a_ms - b_ms < START_SAME_MS && b_ms - a_ms < START_SAME_MS;
}

/* @birth: the first word of a session */
static void follow_twins(struct register_twins *t, const struct wire_gate_state *state, bool birth)
{
	int64_t started_ms = state->at_ms - state->uptime_s * 1000;

	if (state->uptime_s < 0)
		return;
	if (!birth) {
		if (state->at_ms - t->born_ms >= ALONE_MS)
			*t = (struct register_twins){ .started_ms = { started_ms },
				.born_ms = t->born_ms };
		return;
	}
	t->born_ms = state->at_ms;
	if (same_start(started_ms, t->started_ms[0]))
		return;
	if (same_start(started_ms, t->started_ms[1]))
		t->n_returns++;
	t->started_ms[1] = t->started_ms[0];
	t->started_ms[0] = started_ms;
	t->twice = t->n_returns >= TWICE_RETURNS;
}

/* How many taps the gate had told of that are nowhere now. */
static int64_t lost_with_the_log(
	const struct register_gate *gate, const struct wire_gate_state *state, int64_t through)
{
	const struct absence_gate *was = &gate->absence;
	if (uuid_is_none(was->log) || uuid_is_none(state->log) || state->last_seq < 0)
		return 0;
	if (uuid_equal(was->log, state->log))
		return was->last_seq - (through > state->last_seq ? through : state->last_seq);
	bool doubtful = was->older || was->conflicted;
	int64_t missing = was->last_seq - (doubtful ? was->own_through : was->stored_through);
	/* A program that draws a new log brings the rows of the last one along. */
	bool brought = uuid_equal(gate->session, state->session) && state->last_seq >= missing;
	return brought ? 0 : missing;
}

void register_gate_loss(struct register_gate *gate, const struct wire_gate_state *state,
	int64_t through, int64_t now_ms)
{
	if (state->state == WIRE_UNIT_OFFLINE) /* as it was when it connected */
		return;
	bool live = gate->seen && uuid_equal(gate->session, state->session);
	if (state->store == WIRE_STORE_RECOVERED) {
		bool now = state->uptime_s < 0 || (live && gate->last.store != state->store);
		int64_t at_ms = now ? now_ms : now_ms - 1000 * state->uptime_s;
		if (at_ms > gate->lost_ms)
			gate->lost_ms = at_ms;
	}
	if (gate->seen && lost_with_the_log(gate, state, through) > 0)
		gate->lost_ms = now_ms;
}

/* A will says how it was at the connection's start: of the log no more than was heard since. */
static void keep_log(struct absence_gate *gate, const struct absence_gate *was)
{
	if (uuid_is_none(was->log))
		return;
	if (uuid_equal(was->log, gate->log)) {
		gate->last_seq = was->last_seq > gate->last_seq ? was->last_seq : gate->last_seq;
		return;
	}
	gate->log = was->log;
	gate->last_seq = was->last_seq;
	gate->stored_through = was->stored_through;
	gate->own_through = was->own_through;
	gate->older = was->older;
	gate->conflicted |= was->conflicted;
}

/* Up to here the gate has said that its numbers are confirmed, or has sent them, in this session. A new session can be
 * another copy of the database: it begins with what that one says. Source: faults.md S10. */
static int64_t own_through(
	const struct register_gate *gate, const struct wire_gate_state *state, bool birth)
{
	int64_t own = state->confirmed_seq > 0 ? state->confirmed_seq : 0;
	bool same = !birth && uuid_equal(gate->absence.log, state->log);
	return same && gate->absence.own_through > own ? gate->absence.own_through : own;
}

bool register_take_gate(
	struct register_gate *gate, const struct wire_gate_state *state, int64_t through)
{
	bool online = state->state == WIRE_UNIT_ONLINE;
	/* The will of a connection that was taken over comes before the birth that replaced it, or,
	 * from a broker that noticed late, long after: then it speaks of a session that is gone. */
	if (!online && gate->seen && !uuid_is_none(gate->session) &&
		!uuid_is_none(state->session) && !uuid_equal(gate->session, state->session))
		return false;
	bool birth = online && !uuid_equal(gate->session, state->session);
	if (online) {
		follow_twins(&gate->twins, state, birth);
		gate->session = state->session;
	}
	struct absence_gate was = gate->absence;
	gate->seen = true;
	gate->last = *state;
	gate->absence = (struct absence_gate){
		.online = online,
		.clock = state->clock,
		.log = state->log,
		.last_seq = state->last_seq,
		.complete_until_ms = state->complete_until_ms,
		.stored_through = through,
		.own_through = own_through(gate, state, birth),
		.older = through > state->last_seq,
		/* What one of two units has said is complete, the other one may still hold. */
		.conflicted = uuid_equal(gate->conflict_log, state->log) || gate->twins.twice,
	};
	if (state->state == WIRE_UNIT_OFFLINE)
		keep_log(&gate->absence, &was);
	return true;
}

void register_gate_sent(struct register_gate *gate, const struct checkin *c)
{
	if (uuid_equal(gate->absence.log, c->log) && c->seq == gate->absence.own_through + 1)
		gate->absence.own_through++;
}

void register_gate_conflict(struct register_gate *gate, struct uuid log)
{
	gate->conflict_log = log;
	if (uuid_equal(gate->absence.log, log))
		gate->absence.conflicted = true;
}
