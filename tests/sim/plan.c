/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A day as it will go: who comes when by which gate, who is ill, what the office types when, what breaks.
 * Shares are guesses that make each case common, not figures of a school.
 */
#include "sim/sim.h"

#define HM_MS(h, m) (SIM_MIN * ((h)*60 + (m)))

/* When the office has typed what came in. */
static const int batches_min[] = { 450, 490, 515, 530, 560, 615, 690, 840 };
#define N_BATCHES 8

static int64_t at(const struct sim *s, int64_t of_day_ms)
{
	return s->midnight_ms[s->today] + of_day_ms;
}

static int64_t batch_after(const struct sim *s, int64_t of_day_ms)
{
	for (int i = 0; i < N_BATCHES; i++)
		if (SIM_MIN * batches_min[i] >= of_day_ms)
			return at(s, SIM_MIN * batches_min[i]);
	return at(s, HM_MS(15, 10));
}

static int64_t any_batch(struct sim *s, int n)
{
	return at(s, SIM_MIN * batches_min[sim_below(s, n)]);
}

static void add_tap(struct sim *s, int pupil, int gate, int64_t at_ms)
{
	sim_add(s,
		(struct sim_event){ .kind = SIM_TAP, .at_ms = at_ms, .who = pupil, .gate = gate });
}

/* The moment of a tap for lessons that start then, in milliseconds of the day. */
static int64_t moment(struct sim *s, int64_t start_ms)
{
	int64_t bell_ms = start_ms + SIM_MIN * s->rules.grace_min;
	int64_t cutoff_ms = start_ms + SIM_MIN * s->rules.absent_after_min;
	int kind = sim_below(s, 1000);
	if (kind < 10) /* the last second that is on time, and the first that is not */
		return bell_ms + sim_below(s, 1000);
	if (kind < 20)
		return bell_ms + 1000 + sim_below(s, 1000);
	if (kind < 26) /* around the cut-off */
		return cutoff_ms - 10000 + sim_below(s, 20000);
	if (kind < 32)
		return cutoff_ms + SIM_MIN + sim_below(s, 150) * SIM_MIN;
	if (kind < 62)
		return bell_ms + 1000 + sim_below(s, (int)(cutoff_ms - bell_ms));
	if (kind < 65) /* too early for any half day */
		return start_ms - SIM_MIN * s->rules.opens_before_min - 3000 + sim_below(s, 6000);
	return start_ms - 1000 - sim_below(s, 6) * SIM_MIN - sim_below(s, 9) * SIM_MIN -
	       sim_below(s, 60000);
}

/* The same card again: the same tap, or one that changes nothing, or one at another gate. */
static void tap_again(struct sim *s, int pupil, int gate, int64_t at_ms)
{
	if (sim_chance(s, 100))
		add_tap(s, pupil, gate, at_ms + 1000 + sim_below(s, 20000));
	if (sim_chance(s, 50))
		add_tap(s, pupil, (gate + 1) % SIM_GATES, at_ms + 30000 + sim_below(s, 200000));
	if (sim_chance(s, 50))
		add_tap(s, pupil, gate, at_ms + 5 * SIM_MIN + sim_below(s, 30000));
}

static void desk(struct sim *s, enum sim_event_kind kind, int pupil, int64_t at_ms, int half)
{
	if (at_ms > at(s, HM_MS(15, 55)))
		at_ms = at(s, HM_MS(15, 55));
	sim_add(s, (struct sim_event){ .kind = kind, .at_ms = at_ms, .who = pupil, .from = half });
}

static void come(struct sim *s, int pupil, int half, int64_t at_ms)
{
	int gate = sim_below(s, SIM_GATES);
	if (sim_chance(s, 100)) { /* forgot the card: most go to the desk */
		if (sim_chance(s, 7000))
			desk(s, SIM_SEEN, pupil, at_ms + 2 * SIM_MIN + sim_below(s, 40) * SIM_MIN,
				half);
		return;
	}
	add_tap(s, pupil, gate, at_ms);
	tap_again(s, pupil, gate, at_ms);
	if (sim_chance(s, 7)) {
		int64_t lost_ms = at_ms + sim_below(s, 300) * SIM_MIN;
		desk(s, SIM_LOST, pupil, batch_after(s, lost_ms - s->midnight_ms[s->today]), 0);
	}
}

static void fall_ill(struct sim *s, int pupil)
{
	struct sim_pupil *p = &s->pupils[pupil];
	int half = sim_chance(s, 8000) ? 0 : 1;
	int from = 2 * s->today + half;
	int to = from + (sim_chance(s, 3000) ? 1 : 2 + 2 * sim_below(s, 4));
	bool told = sim_chance(s, 7500);
	int64_t at_ms = any_batch(s, N_BATCHES);
	p->away_until = to;
	if (!told)
		return;
	if (sim_chance(s, 500)) /* the note comes a day later, which may be a Saturday */
		at_ms += INT64_C(86400000);
	sim_add(s, (struct sim_event){ .kind = SIM_EXCUSE,
			   .at_ms = at_ms,
			   .who = pupil,
			   .from = from,
			   .to = to - 1 });
}

static void plan_pupil(struct sim *s, int pupil, bool away, const bool *bus)
{
	struct sim_pupil *p = &s->pupils[pupil];
	int class_of = pupil / SIM_CLASS_SIZE;
	int start_s, end_s;
	if (p->away_until <= 2 * s->today && sim_chance(s, 150))
		fall_ill(s, pupil);
	for (int half = 0; half < 2; half++) {
		if (!truth_lessons(s, s->today, class_of, half, &start_s, &end_s))
			continue;
		bool ill = 2 * s->today + half < p->away_until;
		if ((ill || away) && !sim_chance(s, 100))
			continue;
		if (!ill && sim_chance(s, 40)) /* stays away, and nobody knows why */
			continue;
		if (half == 1 && sim_chance(s, s->rules.carry ? 7000 : 200))
			continue;
		int64_t at_ms = moment(s, INT64_C(1000) * start_s);
		if (half == 0 && bus[class_of] && !sim_chance(s, 3500))
			at_ms = INT64_C(1000) * start_s + SIM_MIN * 15 + sim_below(s, 1200000);
		if (half == 1 && at_ms < HM_MS(12, 7))
			at_ms = HM_MS(12, 7);
		come(s, pupil, half, at(s, at_ms));
	}
	if (sim_chance(s, 20)) /* at a time that means nothing */
		add_tap(s, pupil, sim_below(s, SIM_GATES),
			at(s, HM_MS(17, 5)) + sim_below(s, 60000));
}

/* ---- what breaks ---- */

static void gate_down(struct sim *s, int gate, int64_t from_ms, int64_t to_ms)
{
	s->faulty = true;
	sim_add(s, (struct sim_event){ .kind = SIM_GATE_DOWN, .at_ms = from_ms, .gate = gate });
	sim_add(s, (struct sim_event){ .kind = SIM_GATE_UP, .at_ms = to_ms, .gate = gate });
}

static int64_t bad_moment(struct sim *s)
{
	static const int around_min[] = { 505, 525, 575, 790, 810 };
	if (sim_chance(s, 6000))
		return at(s, SIM_MIN * around_min[sim_below(s, 5)] - 600000 + sim_below(s, 660000));
	return at(s, HM_MS(7, 0) + sim_below(s, 9 * 3600000));
}

static int64_t how_long(struct sim *s)
{
	return sim_chance(s, 5000) ? 20000 + sim_below(s, 600000)
				   : SIM_MIN * (5 + sim_below(s, 120));
}

static void plan_gate(struct sim *s, int gate)
{
	int64_t from_ms = bad_moment(s);
	int64_t to_ms = from_ms + how_long(s);
	struct sim_gate *g = &s->gates[gate];
	g->delay_ms = 20 + sim_below(s, 60);
	if (sim_chance(s, 500)) {
		g->delay_ms = 500 + sim_below(s, 4000);
		s->faulty = true;
	}
	if (sim_chance(s, 500))
		gate_down(s, gate, from_ms, to_ms);
	else if (sim_chance(s, 120)) /* for days: over a weekend, or a week of holidays */
		gate_down(s, gate, from_ms, from_ms + INT64_C(86400000) * (1 + sim_below(s, 4)));
	if (sim_chance(s, 200)) {
		from_ms = bad_moment(s);
		s->faulty = true;
		sim_add(s, (struct sim_event){
				   .kind = SIM_READER_DOWN, .at_ms = from_ms, .gate = gate });
		sim_add(s, (struct sim_event){ .kind = SIM_READER_UP,
				   .at_ms = from_ms + how_long(s) / 2,
				   .gate = gate });
	}
	if (sim_chance(s, 300)) {
		from_ms = bad_moment(s);
		s->faulty = true;
		sim_add(s, (struct sim_event){
				   .kind = SIM_CLOCK_LOST, .at_ms = from_ms, .gate = gate });
		sim_add(s, (struct sim_event){ .kind = SIM_CLOCK_BACK,
				   .at_ms = from_ms + how_long(s) / 2,
				   .gate = gate });
	}
}

static void plan_office(struct sim *s)
{
	int64_t from_ms = bad_moment(s);
	if (sim_chance(s, 300)) {
		s->faulty = true;
		sim_add(s, (struct sim_event){ .kind = SIM_BROKER_DOWN, .at_ms = from_ms });
		sim_add(s, (struct sim_event){
				   .kind = SIM_BROKER_UP, .at_ms = from_ms + how_long(s) / 2 });
	}
	if (sim_chance(s, 1000))
		sim_add(s, (struct sim_event){ .kind = SIM_RESTART, .at_ms = bad_moment(s) });
	sim_add(s, (struct sim_event){ .kind = SIM_CALL, .at_ms = at(s, HM_MS(9, 5)) });
	sim_add(s, (struct sim_event){ .kind = SIM_CALL, .at_ms = at(s, HM_MS(14, 0)) });
	sim_add(s, (struct sim_event){ .kind = SIM_CHECK, .at_ms = at(s, HM_MS(12, 5)) + 30000 });
	sim_add(s, (struct sim_event){ .kind = SIM_CHECK, .at_ms = at(s, HM_MS(17, 0)) });
	for (int i = sim_below(s, 6); i > 0; i--)
		sim_add(s, (struct sim_event){ .kind = SIM_STRAY_CARD,
				   .at_ms = at(s, HM_MS(8, 0) + sim_below(s, 1800000)),
				   .gate = sim_below(s, SIM_GATES) });
}

/* What must have happened in any run, however short and whatever the seed: by school day, from the second on. */
static void drill(struct sim *s)
{
	static const struct {
		int day, gate;
		enum sim_event_kind from, to;
		int from_s, to_s, delay_ms;
	} row[] = {
		/* Back just before the cut-off: its state says so before its taps have come. */
		{ 1, 0, SIM_GATE_DOWN, SIM_GATE_UP, 28800, 31493, 3000 },
		{ 2, 1, SIM_GATE_DOWN, SIM_GATE_UP, 30000, 33000, 60 }, /* past the hold */
		{ 3, 2, SIM_READER_DOWN, SIM_READER_UP, 31200, 31700, 60 },
		{ 4, 0, SIM_CLOCK_LOST, SIM_CLOCK_BACK, 29400, 31600, 60 },
		{ 5, 1, SIM_BROKER_DOWN, SIM_BROKER_UP, 31420, 31550, 500 },
		{ 6, 2, SIM_GATE_DOWN, SIM_GATE_UP, 29000, 115000, 60 }, /* until the next day */
		{ 7, 0, SIM_RESTART, SIM_RESTART, 31490, 31510, 60 },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (row[i].day != s->count.days)
			continue;
		s->faulty = true;
		s->gates[row[i].gate].delay_ms = row[i].delay_ms;
		sim_add(s, (struct sim_event){ .kind = row[i].from,
				   .at_ms = at(s, 1000 * (int64_t)row[i].from_s),
				   .gate = row[i].gate });
		sim_add(s, (struct sim_event){ .kind = row[i].to,
				   .at_ms = at(s, 1000 * (int64_t)row[i].to_s),
				   .gate = row[i].gate });
	}
}

void plan_day(struct sim *s)
{
	bool away[SIM_CLASSES] = { false };
	bool bus[SIM_CLASSES] = { false };
	s->faulty = false;
	for (int g = 0; g < SIM_GATES; g++) {
		const struct sim_gate *gate = &s->gates[g];
		s->faulty |= !gate->up || !gate->reader || !gate->clock;
	}
	for (int c = 0; c < SIM_CLASSES; c++) {
		away[c] = sim_chance(s, 100);
		bus[c] = sim_chance(s, 25);
		if (away[c])
			sim_add(s, (struct sim_event){ .kind = SIM_EXCURSION,
					   .at_ms = any_batch(s, 4),
					   .who = c,
					   .from = 2 * s->today,
					   .to = 2 * s->today + 1 });
	}
	for (int p = 0; p < SIM_PUPILS; p++)
		plan_pupil(s, p, away[p / SIM_CLASS_SIZE], bus);
	for (int g = 0; g < SIM_GATES; g++)
		plan_gate(s, g);
	plan_office(s);
	drill(s);
}
