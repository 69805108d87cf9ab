/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A gate: the real steps of the kiosk, wired as kiosk/main.c wires them, with an array for its database and a
 * pipe for its connection. Not here: what a screen shows.
 */
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_EVERY_MS 20000
#define QUIET_EVERY_MS 300000 /* far from every cut-off: 20 s would make a year take minutes */
#define WILL_MS 15000 /* 1.5 times the keep-alive */

static struct now now_of(const struct sim *s, const struct sim_gate *g)
{
	int64_t boot_ms = s->now_ms - g->boot0_ms;
	return (struct now){
		.wall_ms = g->clock ? s->now_ms : boot_ms, /* without a time it counts from 1970 */
		.boot_ms = boot_ms,
		.mono_us = 1000 * (s->now_ms - s->start_ms),
		.state = g->clock ? CLOCK_STATE_TRUSTED : CLOCK_UNKNOWN,
		.error_ms = g->clock ? 12 : -1,
	};
}

static void start_kiosk(struct sim *s, struct sim_gate *g)
{
	struct kiosk_settings settings = {
		.zone = &s->zone,
		.clock_speed = 1,
		.opens_before_min = s->rules.opens_before_min,
		.late_grace_min = s->rules.grace_min,
		.repeat_s = s->rules.repeat_s,
		.carry = s->rules.carry,
		.result_ms = 3000,
	};
	snprintf(settings.gate, sizeof(settings.gate), "gate-%d", g->index + 1);
	settings.boot.b[0] = (uint8_t)(1 + g->index);
	settings.boot.b[1] = (uint8_t)++g->n_reboots;
	g->boot0_ms = s->now_ms - 20000;
	kiosk_init(&g->kiosk, &settings);
	g->kiosk.roster = g->roster;
	g->complete_until_ms = 0;
	for (size_t i = g->first_unjudged; i < g->n_rows; i++)
		if (!checkin_clock_judges(g->rows[i].c.clock))
			g->taps[g->rows[i].tap].undated = true;
	g->first_unjudged = g->n_rows;
}

void gate_open(struct sim *s, int index)
{
	struct sim_gate *g = &s->gates[index];
	memset(g, 0, sizeof(*g));
	g->index = index;
	g->up = g->reader = g->clock = true;
	g->delay_ms = 20;
	g->roster = s->roster;
	g->n_sessions = 1;
	start_kiosk(s, g);
	deliver_init(&g->deliver, 0, 0);
	deliver_up(&g->deliver, 0);
}

void gate_close(struct sim_gate *g)
{
	free(g->rows);
	free(g->taps);
}

static struct uuid log_of(const struct sim_gate *g)
{
	struct uuid log = { { 0xa0, (uint8_t)(1 + g->index) } };
	return log;
}

/* ---- the pipe: in order, and what is in it is lost with the connection ---- */

static void post(struct sim *s, struct sim_gate *g, const struct sim_message *m)
{
	size_t last = (g->pipe_tail + SIM_PIPE - 1) % SIM_PIPE;
	int64_t at_ms = s->now_ms + g->delay_ms / 2 + sim_below(s, (int)g->delay_ms);
	if (g->pipe_head != g->pipe_tail && g->pipe[last].at_ms > at_ms)
		at_ms = g->pipe[last].at_ms;
	g->pipe[g->pipe_tail] = *m;
	g->pipe[g->pipe_tail].at_ms = at_ms;
	g->pipe_tail = (g->pipe_tail + 1) % SIM_PIPE;
	if (g->pipe_tail == g->pipe_head)
		sim_fail(s, "gate %d has %d messages under way", g->index, SIM_PIPE);
}

static bool near_cutoff(const struct sim *s)
{
	int64_t at_ms = s->now_ms - s->midnight_ms[s->today];
	static const int starts_min[] = { 8 * 60 + 25, 9 * 60 + 15, 10 * 60 + 10, 13 * 60 + 10 };
	for (size_t i = 0; i < sizeof(starts_min) / sizeof(starts_min[0]); i++) {
		int64_t cutoff_ms = SIM_MIN * (starts_min[i] + s->rules.absent_after_min);
		if (at_ms >= cutoff_ms - 2 * SIM_MIN && at_ms <= cutoff_ms + 4 * SIM_MIN)
			return true;
	}
	return false;
}

static struct wire_gate_state state_of(const struct sim_gate *g)
{
	struct wire_gate_state state = {
		.state = WIRE_UNIT_ONLINE,
		.log = log_of(g),
		.last_seq = g->deliver.last,
		.confirmed_seq = g->deliver.confirmed,
		.complete_until_ms = g->complete_until_ms,
		.clock = (int)g->kiosk.clock,
	};
	memcpy(state.gate, g->kiosk.settings.gate, sizeof(state.gate));
	state.session.b[0] = (uint8_t)(1 + g->index);
	state.session.b[1] = (uint8_t)(g->n_sessions >> 8);
	state.session.b[2] = (uint8_t)g->n_sessions;
	return state;
}

static void give(struct sim *s, struct sim_gate *g, int64_t mono_us)
{
	int want;
	while ((want = deliver_want(&g->deliver, mono_us)) > 0)
		for (int i = 0; i < want; i++) {
			post(s, g, &(struct sim_message){ .seq = g->deliver.next });
			deliver_sent(&g->deliver, mono_us);
		}
	if (s->now_ms < g->next_state_ms)
		return;
	struct sim_message m = { .state = state_of(g) };
	post(s, g, &m);
	g->said_pending = m.state.confirmed_seq < m.state.last_seq;
	int64_t every_ms = near_cutoff(s) ? STATE_EVERY_MS : QUIET_EVERY_MS;
	/* As the program does: a millisecond past the round moment, so that it covers that one. */
	g->next_state_ms = (s->now_ms / every_ms + 1) * every_ms + 1;
	int64_t soon_ms = (s->now_ms / STATE_EVERY_MS + 1) * STATE_EVERY_MS + 1;
	if (g->deliver.confirmed < g->deliver.last && soon_ms < g->next_state_ms)
		g->next_state_ms = soon_ms;
	g->kiosk.complete_ms = m.state.complete_until_ms;
}

void gate_turn(struct sim *s, struct sim_gate *g)
{
	struct now now = now_of(s, g);
	if (g->up && g->roster != s->roster && s->now_ms >= g->data_due_ms)
		g->kiosk.roster = g->roster = s->roster;
	g->fx.n_rows = g->fx.n_views = 0;
	kiosk_step(&g->kiosk, &(struct kiosk_input){ .kind = KIOSK_INPUT_TICK }, &now, &g->fx);
	if (g->reader && g->clock)
		g->complete_until_ms = now.wall_ms;
	if (g->up)
		give(s, g, now.mono_us);
}

int64_t gate_next_ms(const struct sim *s, const struct sim_gate *g)
{
	int64_t next_ms = SIM_NEVER;
	if (!g->up)
		return next_ms;
	if (g->pipe_head != g->pipe_tail)
		next_ms = g->pipe[g->pipe_head].at_ms;
	if (g->next_state_ms < next_ms)
		next_ms = g->next_state_ms;
	int64_t again_us = deliver_next_us(&g->deliver, 1000 * (s->now_ms - s->start_ms));
	if (again_us >= 0 && s->now_ms + again_us / 1000 + 1 < next_ms)
		next_ms = s->now_ms + again_us / 1000 + 1;
	return next_ms;
}

void gate_arrivals(struct sim *s, struct sim_gate *g)
{
	while (g->pipe_head != g->pipe_tail && g->pipe[g->pipe_head].at_ms <= s->now_ms) {
		struct sim_message *m = &g->pipe[g->pipe_head];
		g->pipe_head = (g->pipe_head + 1) % SIM_PIPE;
		if (!m->seq) {
			office_take_state(s, g, &m->state);
			continue;
		}
		int64_t through = office_take_checkin(s, g, &g->rows[m->seq - 1]);
		deliver_acked(&g->deliver, 0);
		if (sim_chance(s, 30)) /* a confirm that is lost: all of it comes again */
			continue;
		if (deliver_confirmed(&g->deliver, through, 1000 * (s->now_ms - s->start_ms)) >=
			DELIVER_BACK)
			sim_fail(s, "gate %d was told of %d", g->index, (int)through);
		if (g->said_pending && g->deliver.confirmed == g->deliver.last)
			g->next_state_ms = s->now_ms;
	}
}

/* ---- taps ---- */

static void check_row(struct sim *s, struct sim_gate *g, const struct checkin *c, int card)
{
	int minutes;
	int pupil = s->cards[card].pupil;
	if (llabs(c->at_ms - s->now_ms) > 1000 && g->clock)
		sim_fail(s, "gate %d dates a tap wrong", g->index);
	if (!g->clock || g->roster != s->roster)
		return; /* what it can't know it can't say */
	if (pupil < 0 || !s->cards[card].linked || s->cards[card].blocked_ms <= c->at_ms) {
		if (c->pupil)
			sim_fail(s, "gate %d knows a card that is nobody's", g->index);
		return;
	}
	int half = truth_verdict(s, pupil / SIM_CLASS_SIZE, c->at_ms, &minutes);
	/* Who was not expected can't be late, and what a gate knows of the morning depends on the others. */
	bool excused = half >= 0 && sim_day_of(s, s->today)->excused[pupil][half];
	bool may_be_in = half == 1 && s->rules.carry && c->result == CHECKIN_PRESENT;
	if (minutes && (excused || may_be_in))
		minutes = 0;
	enum checkin_result want = half < 0  ? CHECKIN_NOT_EXPECTED
				   : minutes ? CHECKIN_LATE
					     : CHECKIN_PRESENT;
	if (c->result != want || c->minutes_late != minutes || c->pupil != SIM_FIRST_PUPIL + pupil)
		sim_fail(s, "gate %d says result %d of %d min, but it is %d of %d", g->index,
			(int)c->result, c->minutes_late, (int)want, minutes);
}

static void add_row(struct sim *s, struct sim_gate *g, const struct checkin *c, size_t tap)
{
	(void)s;
	g->rows = sim_grow(g->rows, g->n_rows, &g->max_rows, sizeof(*g->rows));
	struct sim_row *row = &g->rows[g->n_rows++];
	row->c = *c;
	row->c.log = log_of(g);
	row->c.seq = (int64_t)g->n_rows;
	row->tap = tap;
	deliver_stored(&g->deliver, row->c.seq);
}

/* @ago_ms: since the reader saw the card; that is when the tap was made */
static void add_tap(
	struct sim *s, struct sim_gate *g, const struct checkin *c, int card, int64_t ago_ms)
{
	struct sim_day *d = sim_day_of(s, s->today);
	g->taps = sim_grow(g->taps, g->n_taps, &g->max_taps, sizeof(*g->taps));
	g->taps[g->n_taps] = (struct sim_tap){ .card = card,
		.day = s->today,
		.at_ms = g->clock ? c->at_ms : s->now_ms - ago_ms,
		.received_ms = -1,
		.refused = c->result == CHECKIN_BLOCKED_CARD };
	d->taps = sim_grow(d->taps, d->n_taps, &d->max_taps, sizeof(*d->taps));
	d->taps[d->n_taps++] = (struct sim_tap_ref){ g->index, g->n_taps };
	add_row(s, g, c, g->n_taps++);
	s->count.taps++;
	s->count.unjudged += !g->clock;
}

void gate_tap(struct sim *s, struct sim_gate *g, int card)
{
	struct now now = now_of(s, g);
	int64_t ago_ms = sim_below(s, 300);
	struct kiosk_input input = { .kind = KIOSK_INPUT_CARD,
		.form = CARD_FORM_TOKEN,
		.seen_us = now.mono_us - 1000 * ago_ms };
	input.card.b[0] = (uint8_t)(1 + card % 251);
	memcpy(&input.card.b[4], &card, sizeof(card));
	input.id.b[0] = (uint8_t)(1 + g->index);
	memcpy(&input.id.b[4], &g->n_taps, sizeof(g->n_taps));
	g->fx.n_rows = g->fx.n_views = 0;
	g->fx.about_to_store = false;
	kiosk_step(&g->kiosk, &input, &now, &g->fx);
	kiosk_number(&g->kiosk, &g->fx);
	if (!g->fx.n_rows)
		s->count.repeats++;
	for (size_t i = 0; i < g->fx.n_rows; i++) {
		check_row(s, g, &g->fx.rows[i], card);
		add_tap(s, g, &g->fx.rows[i], card, ago_ms);
	}
	gate_turn(s, g);
}

void gate_arrival(struct sim *s, struct sim_gate *g, int64_t pupil, enum halfday half)
{
	struct now now = now_of(s, g);
	struct kiosk_input input = { .kind = KIOSK_INPUT_ARRIVAL,
		.arrival = { .pupil = pupil, .date = truth_date(s, s->today), .half = half } };
	if (!g->up)
		return;
	g->fx.n_rows = g->fx.n_views = 0;
	kiosk_step(&g->kiosk, &input, &now, &g->fx);
}

/* ---- what breaks ---- */

/* The contract's second half of a tap without a verdict: the gate dates it anew under its id, as disk_redate() does. */
static void date_anew(struct sim *s, struct sim_gate *g)
{
	struct now now = now_of(s, g);
	size_t n = g->n_rows;
	for (size_t i = g->first_unjudged; i < n; i++) {
		struct checkin c = g->rows[i].c;
		if (checkin_clock_judges(c.clock))
			continue;
		kiosk_redate(&g->kiosk, &c, &now);
		if (llabs(c.at_ms - g->taps[g->rows[i].tap].at_ms) > 1)
			sim_fail(s, "gate %d dates a tap anew, and wrong", g->index);
		add_row(s, g, &c, g->rows[i].tap);
	}
	g->first_unjudged = g->n_rows;
}

static void go_down(struct sim *s, struct sim_gate *g)
{
	if (!g->up)
		return;
	g->up = false;
	g->down_ms = s->now_ms;
	g->pipe_head = g->pipe_tail = 0;
	deliver_down(&g->deliver);
	sim_add(s, (struct sim_event){ .kind = SIM_WILL,
			   .at_ms = s->now_ms + WILL_MS,
			   .gate = g->index,
			   .from = g->n_sessions });
}

static void go_up(struct sim *s, struct sim_gate *g)
{
	if (g->up || !s->broker)
		return;
	g->up = true;
	g->n_sessions++;
	g->next_state_ms = 0;
	g->data_due_ms = s->now_ms;
	deliver_up(&g->deliver, 1000 * (s->now_ms - s->start_ms));
	gate_turn(s, g);
}

static void will(struct sim *s, struct sim_gate *g, int session)
{
	struct wire_gate_state state = {
		.state = WIRE_UNIT_OFFLINE, .clock = -1, .last_seq = -1, .complete_until_ms = -1
	};
	state.session.b[0] = (uint8_t)(1 + g->index);
	state.session.b[1] = (uint8_t)(session >> 8);
	state.session.b[2] = (uint8_t)session;
	if (s->broker)
		office_take_state(s, g, &state);
}

void gate_event(struct sim *s, const struct sim_event *event)
{
	struct sim_gate *g = &s->gates[event->gate];
	switch ((int)event->kind) {
	case SIM_GATE_DOWN:
		go_down(s, g);
		break;
	case SIM_GATE_UP:
		go_up(s, g);
		break;
	case SIM_WILL:
		will(s, g, event->from);
		break;
	case SIM_READER_DOWN:
		gate_turn(s, g);
		g->reader = false;
		g->reader_down_ms = s->now_ms;
		break;
	case SIM_READER_UP:
		g->reader = true;
		break;
	case SIM_CLOCK_LOST:
		go_down(s, g);
		g->clock = false;
		g->clock_lost_ms = s->now_ms;
		start_kiosk(s, g);
		go_up(s, g);
		break;
	case SIM_CLOCK_BACK:
		g->clock = true;
		g->next_state_ms = 0; /* a change is worth a state of its own */
		date_anew(s, g);
		break;
	}
	gate_turn(s, g);
}
