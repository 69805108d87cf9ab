/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * schoolpoort_sim [DAYS]: a school year by SCHOOLPOORT_SEED, or its first DAYS school days.
 * Prints its seed first; ends with 1 at the first thing that is not so.
 */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit/brussels.h"

#define SEED_DEFAULT 1

_Noreturn void sim_fail(const struct sim *s, const char *format, ...)
{
	char when[CIVIL_TIME_TEXT];
	va_list args;
	civil_format_time(&s->zone, s->now_ms, when);
	fprintf(stderr, "sim: seed %" PRIu64 ", %s: ", s->seed, when);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* splitmix64 */
static uint64_t draw(struct sim *s)
{
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int sim_below(struct sim *s, int n)
{
	return n > 0 ? (int)(draw(s) % (uint64_t)n) : 0;
}

bool sim_chance(struct sim *s, int in_10000)
{
	return sim_below(s, 10000) < in_10000;
}

void *sim_grow(void *items, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return items;
	*max = *max ? 2 * *max : 64;
	void *more = realloc(items, *max * size);
	if (!more)
		exit(1);
	return more;
}

struct sim_day *sim_day_of(struct sim *s, int day)
{
	if (day < 0 || day > s->n_days)
		sim_fail(s, "day %d is not of this year", day);
	if (!s->days[day])
		s->days[day] = calloc(1, sizeof(*s->days[day]));
	if (!s->days[day])
		exit(1);
	return s->days[day];
}

/* ---- events, soonest first: a binary heap ---- */

static bool sooner(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_add(struct sim *s, struct sim_event event)
{
	s->heap = sim_grow(s->heap, s->n_heap, &s->max_heap, sizeof(*s->heap));
	event.order = ++s->n_events_made;
	size_t i = s->n_heap++;
	for (; i > 0 && sooner(&event, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = event;
}

static struct sim_event take_event(struct sim *s)
{
	struct sim_event first = s->heap[0];
	struct sim_event last = s->heap[--s->n_heap];
	size_t i = 0;
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= s->n_heap)
			break;
		if (child + 1 < s->n_heap && sooner(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!sooner(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

/* ---- what people do ---- */

static int new_card(struct sim *s, int pupil, bool linked)
{
	if (s->n_cards == SIM_CARDS_MAX)
		sim_fail(s, "more cards than room");
	s->cards[s->n_cards] = (struct sim_card){ pupil, s->today, linked, SIM_NEVER };
	return s->n_cards++;
}

static void tap(struct sim *s, const struct sim_event *e)
{
	struct sim_gate *g = &s->gates[e->gate];
	if (!g->reader) { /* walks on to the next one */
		struct sim_event again = *e;
		again.gate = (e->gate + 1) % SIM_GATES;
		again.at_ms = s->now_ms + 20000;
		if (s->now_ms < s->midnight_ms[s->today + 1] - SIM_MIN)
			sim_add(s, again);
		return;
	}
	gate_tap(s, g, e->kind == SIM_TAP ? s->pupils[e->who].card : new_card(s, -1, false));
}

/* From the end of this instant on the register knows it; of days that are past too. */
static void type(struct sim *s, int pupil, int from_day)
{
	s->reload = true;
	if (from_day >= s->today)
		return;
	if (s->n_late == (int)(sizeof(s->late) / sizeof(s->late[0])))
		sim_fail(s, "the office types too much");
	s->late[s->n_late++] = (struct sim_late){ pupil, from_day };
}

static void excuse(struct sim *s, int pupil, int from, int to)
{
	if (s->n_excuses == SIM_EXCUSES_MAX)
		sim_fail(s, "more excuses than room");
	if (to / 2 >= s->n_days)
		to = 2 * s->n_days - 1;
	s->excuses[s->n_excuses++] = (struct sim_excuse){ pupil, from, to };
	for (int half = from; half <= to; half++)
		sim_day_of(s, half / 2)->excused[pupil][half % 2] = true;
	type(s, pupil, from / 2);
}

static void lose_card(struct sim *s, int pupil)
{
	s->cards[s->pupils[pupil].card].blocked_ms = s->now_ms;
	s->pupils[pupil].card = new_card(s, pupil, false);
	s->reload = true;
	/* Handed out now; the office links it at once, later today, or when it finds the time. */
	int64_t wait_ms = SIM_MIN * (sim_chance(s, 5000) ? sim_below(s, 10) : sim_below(s, 3000));
	sim_add(s, (struct sim_event){ .kind = SIM_LINK,
			   .at_ms = s->now_ms + wait_ms,
			   .who = s->pupils[pupil].card });
}

static void broker(struct sim *s, bool up)
{
	if (!up)
		office_broker(s, false);
	for (int g = 0; g < SIM_GATES; g++) {
		struct sim_event e = { .kind = up ? SIM_GATE_UP : SIM_GATE_DOWN, .gate = g };
		if (up && g == 0)
			office_broker(s, true);
		gate_event(s, &e);
	}
}

static void read_typed(struct sim *s)
{
	if (!s->reload)
		return;
	s->reload = false;
	office_reload(s);
	for (int i = 0; i < s->n_late; i++)
		office_hindsight(s, s->late[i].pupil, s->late[i].from_day);
	s->n_late = 0;
}

static void happen(struct sim *s, const struct sim_event *e)
{
	switch (e->kind) {
	case SIM_TAP:
	case SIM_STRAY_CARD:
		tap(s, e);
		break;
	case SIM_EXCUSE:
		excuse(s, e->who, e->from, e->to);
		break;
	case SIM_EXCURSION:
		for (int i = 0; i < SIM_CLASS_SIZE; i++)
			excuse(s, e->who * SIM_CLASS_SIZE + i, e->from, e->to);
		break;
	case SIM_SEEN:
		office_seen(s, e->who, e->from);
		break;
	case SIM_LOST:
		lose_card(s, e->who);
		break;
	case SIM_LINK:
		s->cards[e->who].linked = true;
		type(s, s->cards[e->who].pupil, s->cards[e->who].since);
		break;
	case SIM_CALL:
		office_call(s);
		break;
	case SIM_BROKER_DOWN:
	case SIM_BROKER_UP:
		broker(s, e->kind == SIM_BROKER_UP);
		break;
	case SIM_RESTART:
		office_restart(s);
		break;
	case SIM_CHECK:
		read_typed(s);
		office_check(s);
		s->count.half_days++;
		break;
	case SIM_GATE_DOWN:
	case SIM_GATE_UP:
	case SIM_WILL:
	case SIM_READER_DOWN:
	case SIM_READER_UP:
	case SIM_CLOCK_LOST:
	case SIM_CLOCK_BACK:
		gate_event(s, e);
		break;
	}
}

/* ---- the clock ---- */

static int64_t next_ms(const struct sim *s)
{
	int64_t at_ms = s->n_heap ? s->heap[0].at_ms : SIM_NEVER;
	for (int g = 0; g < SIM_GATES; g++) {
		int64_t gate_ms = gate_next_ms(s, &s->gates[g]);
		at_ms = gate_ms < at_ms ? gate_ms : at_ms;
	}
	at_ms = s->tick_ms < at_ms ? s->tick_ms : at_ms;
	return at_ms < s->now_ms ? s->now_ms : at_ms;
}

static void run_day(struct sim *s)
{
	int64_t end_ms = s->midnight_ms[s->today] + 18 * 60 * SIM_MIN;
	for (int64_t at_ms; (at_ms = next_ms(s)) < end_ms;) {
		s->now_ms = at_ms;
		for (int g = 0; g < SIM_GATES; g++)
			if (s->gates[g].up && gate_next_ms(s, &s->gates[g]) <= at_ms) {
				gate_arrivals(s, &s->gates[g]);
				gate_turn(s, &s->gates[g]);
			}
		while (s->n_heap && s->heap[0].at_ms <= at_ms) {
			struct sim_event e = take_event(s);
			happen(s, &e);
		}
		read_typed(s);
		if (s->tick_ms <= at_ms) {
			office_tick(s);
			s->tick_ms = register_next_ms(&s->state, s->day);
		}
	}
}

static void run_year(struct sim *s, int n_days)
{
	for (s->today = 0; s->today < s->n_days && s->count.days < n_days; s->today++) {
		if (!truth_school_day(s, s->today))
			continue;
		s->now_ms = s->midnight_ms[s->today] + 6 * 60 * SIM_MIN;
		office_new_day(s);
		plan_day(s);
		run_day(s);
		if (s->today >= SIM_CLOSED_AFTER)
			for (int day = 0; day <= s->today - SIM_CLOSED_AFTER; day++)
				office_check_past(s, day);
		s->count.days++;
	}
}

/* Everything comes back, and everything is told; then every day is looked at once more. */
static void finish(struct sim *s)
{
	s->today--;
	while (!truth_school_day(s, s->today))
		s->today--;
	broker(s, true);
	for (int g = 0; g < SIM_GATES; g++) {
		struct sim_event clock = { .kind = SIM_CLOCK_BACK, .gate = g };
		gate_event(s, &clock);
	}
	for (int turns = 0; turns < 2000000; turns++) {
		int64_t at_ms = SIM_NEVER;
		bool all = true;
		for (int g = 0; g < SIM_GATES; g++) {
			int64_t gate_ms = gate_next_ms(s, &s->gates[g]);
			at_ms = gate_ms < at_ms ? gate_ms : at_ms;
			all &= s->gates[g].n_numbered == s->gates[g].n_rows;
		}
		if (all)
			break;
		s->now_ms = at_ms > s->now_ms ? at_ms : s->now_ms;
		for (int g = 0; g < SIM_GATES; g++) {
			gate_arrivals(s, &s->gates[g]);
			gate_turn(s, &s->gates[g]);
		}
	}
	s->today++; /* what comes now is of days that are past */
	s->now_ms = s->midnight_ms[s->today] + 6 * 60 * SIM_MIN;
	office_new_day(s);
	for (int day = 0; day < s->today; day++)
		office_check_past(s, day);
}

static void open_year(struct sim *s)
{
	s->random = s->seed * UINT64_C(0x2545f4914f6cdd1d) + 11;
	s->year = 2025 + (int)(s->seed % 3);
	s->zone = brussels_zone();
	s->rules = (struct sim_rules){ .grace_min = s->seed % 4 == 3 ? 5 : 0,
		.absent_after_min = 20,
		.hold_s = 60,
		.opens_before_min = 90,
		.mass_percent = 50,
		.repeat_s = 60,
		.carry = s->seed % 5 != 4 };
	truth_year(s);
	s->now_ms = s->start_ms = s->midnight_ms[0];
	for (int p = 0; p < SIM_PUPILS; p++)
		s->pupils[p].card = new_card(s, p, !sim_chance(s, 50));
	for (int c = 0; c < s->n_cards; c++)
		if (!s->cards[c].linked)
			sim_add(s,
				(struct sim_event){ .kind = SIM_LINK,
					.at_ms = s->now_ms + SIM_MIN * (420 + sim_below(s, 4000)),
					.who = c });
	s->broker = true;
	s->state.n_gates = SIM_GATES;
	s->state.clock_judges = true;
	s->state.connected_since_ms = s->now_ms;
	s->state.today = truth_date(s, 0);
	for (int g = 0; g < SIM_GATES; g++) {
		gate_open(s, g);
		snprintf(s->state.gates[g].id, CHECKIN_GATE_MAX, "gate-%d", g + 1);
		s->state.gates[g].absence.clock = -1;
		s->state.gates[g].absence.last_seq = -1;
	}
}

static void close_year(struct sim *s)
{
	office_close(s);
	for (int g = 0; g < SIM_GATES; g++)
		gate_close(&s->gates[g]);
	for (int day = 0; day <= s->n_days; day++) {
		struct sim_day *of = s->days[day];
		if (!of)
			continue;
		free(of->facts);
		free(of->alerts);
		free(of->taps);
		free(of->said);
		free(of);
	}
	free(s->gates);
	free(s->heap);
	free(s);
}

static void report(const struct sim *s, double took_s)
{
	const struct sim_count *c = &s->count;
	printf("%" PRId64 " days, %" PRId64 " half days, %" PRId64 " taps (%" PRId64
	       " without verdict, %" PRId64 " on a later day), %" PRId64 " repeats\n",
		c->days, c->half_days, c->taps, c->unjudged, c->past_taps, c->repeats);
	printf("alerts: %" PRId64 " absent (%" PRId64 " times certain), %" PRId64 " late, %" PRId64
	       " classes, %" PRId64 " gates; %" PRId64 " retractions\n",
		c->absent_alerts, c->confirmed, c->late, c->class_missing, c->gate_silent,
		c->retracted);
	printf("marks looked at: %" PRId64 " absent, %" PRId64 " unconfirmed; %" PRId64
	       " rosters; %.1f s\n",
		c->absent_marks, c->unconfirmed_marks, c->reloads, took_s);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("SCHOOLPOORT_SEED");
	struct sim *s = calloc(1, sizeof(*s));
	long n_days = argc > 1 ? strtol(argv[1], NULL, 10) : SIM_DAYS_MAX;
	clock_t began = clock();
	if (!s)
		return 1;
	s->gates = calloc(SIM_GATES, sizeof(*s->gates));
	if (!s->gates)
		return 1;
	s->seed = seed && *seed ? strtoull(seed, NULL, 10) : SEED_DEFAULT;
	open_year(s);
	printf("seed %" PRIu64 ": school year %d-%d, grace %d min, afternoon %s\n", s->seed,
		s->year, s->year + 1, s->rules.grace_min, s->rules.carry ? "carry" : "tap");
	fflush(stdout);
	run_year(s, (int)n_days);
	finish(s);
	report(s, (double)(clock() - began) / CLOCKS_PER_SEC);
	close_year(s);
	return 0;
}
