/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The register: the real day and steps, driven as register/school.c drives them, over a database that is an
 * array a day. What is written there is looked at first: a certainty that is false fails at once.
 */
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"

/* ---- the roster ---- */

static void set_class(char *ret_name, int class_of)
{
	ret_name[0] = (char)('1' + class_of / 10);
	ret_name[1] = (char)('A' + class_of % 10);
	ret_name[2] = 0;
}

static void add_lessons(
	struct roster *r, int class_of, int weekday, enum halfday half, int from_min, int to_min)
{
	struct timetable_row *row = &r->rows[r->n_rows++];
	*row = (struct timetable_row){
		.weekday = weekday, .half = half, .slot = { 60 * from_min, 60 * to_min }
	};
	if (class_of < 0)
		row->class_name[0] = '*';
	else
		set_class(row->class_name, class_of);
}

/* The school's timetable as a secretariat types it: the week of "*", and whole weeks of the others. */
static void add_week(struct roster *r, int class_of)
{
	for (int weekday = 0; weekday < 5; weekday++) {
		bool late = class_of / 10 == 4 && weekday == 0;
		add_lessons(r, class_of, weekday, HALFDAY_AM, late ? 555 : 505, 725);
		if (weekday == 2 || (class_of >= 0 && class_of % 10 == 9 && weekday == 4))
			continue;
		add_lessons(r, class_of, weekday, HALFDAY_PM, 790,
			class_of == 3 && weekday == 3 ? 1010 : 960);
	}
}

static void add_off(
	struct roster *r, struct civil_date from, struct civil_date to, enum halfday half)
{
	for (; civil_date_compare(from, to) <= 0; from = civil_date_add(from, 1)) {
		r->days[r->n_days].date = from;
		r->days[r->n_days++].half = half;
	}
}

static void add_days(const struct sim *s, struct roster *r)
{
	static const int own[][3] = { { 912, 2025, 1 }, { 1219, 2025, 1 }, { 1006, 2025, 0 },
		{ 911, 2026, 1 }, { 1218, 2026, 1 }, { 1005, 2026, 0 }, { 910, 2027, 1 },
		{ 1224, 2027, 1 }, { 1004, 2027, 0 } };
	static const int late[] = { 11, 10, 9 }; /* of September */
	struct calendar_period periods[CALENDAR_PERIODS_MAX];
	size_t n = calendar_periods_of(s->year, periods);
	for (size_t i = 0; i < n; i++)
		if (periods[i].from.month != 7)
			add_off(r, periods[i].from, periods[i].to, periods[i].half);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct civil_date date = { own[i][1], own[i][0] / 100, own[i][0] % 100 };
		if (own[i][1] == s->year)
			add_off(r, date, date, own[i][2] ? HALFDAY_PM : HALFDAY_NONE);
	}
	r->n_changed = 1;
	r->changed[0] = (struct timetable_day){ .class_name = "*",
		.date = { s->year, 9, late[s->year - 2025] },
		.half = HALFDAY_AM,
		.slot = { 610 * 60, 725 * 60 } };
}

static void add_people(const struct sim *s, struct roster *r)
{
	r->n_pupils = SIM_PUPILS;
	for (int p = 0; p < SIM_PUPILS; p++) {
		r->pupils[p].id = SIM_FIRST_PUPIL + p;
		set_class(r->pupils[p].class_name, p / SIM_CLASS_SIZE);
	}
	for (int c = 0; c < s->n_cards; c++) {
		if (s->cards[c].pupil < 0 || !s->cards[c].linked)
			continue;
		struct roster_card *card = &r->cards[r->n_cards++];
		card->hash.b[0] = (uint8_t)(1 + c % 251);
		memcpy(&card->hash.b[4], &c, sizeof(c));
		card->pupil = SIM_FIRST_PUPIL + s->cards[c].pupil;
		card->blocked = s->cards[c].blocked_ms != SIM_NEVER;
		card->blocked_at_ms = card->blocked ? s->cards[c].blocked_ms : 0;
	}
	for (int i = 0; i < s->n_excuses; i++) {
		const struct sim_excuse *e = &s->excuses[i];
		if (e->to / 2 < s->today - 2 * SIM_CLOSED_AFTER)
			continue;
		r->excuses[r->n_excuses++] = (struct roster_excuse){
			.pupil = SIM_FIRST_PUPIL + e->pupil,
			.from = truth_date(s, e->from / 2),
			.to = truth_date(s, e->to / 2),
			.from_half = e->from % 2 ? HALFDAY_PM : HALFDAY_AM,
			.to_half = e->to % 2 ? HALFDAY_PM : HALFDAY_AM,
		};
	}
}

static struct roster *make_roster(struct sim *s)
{
	struct roster_size size = { .pupils = SIM_PUPILS,
		.cards = (size_t)s->n_cards,
		.rows = 200,
		.days = 100,
		.excuses = (size_t)s->n_excuses,
		.changed = 1 };
	struct roster *r = roster_create(&size);
	if (!r)
		sim_fail(s, "no memory");
	r->generation = ++s->generation;
	add_week(r, -1);
	for (int c = 0; c < SIM_CLASSES; c++)
		if (c / 10 == 4 || c % 10 == 9 || c == 3)
			add_week(r, c);
	add_days(s, r);
	add_people(s, r);
	if (roster_index(r))
		sim_fail(s, "the roster contradicts itself");
	return r;
}

/* ---- what a step changed, into the database ---- */

static void put_mark(struct sim *s, int day, const struct day *d, struct register_mark_ref ref)
{
	struct register_store_mark row;
	struct sim_day *of = sim_day_of(s, day);
	int half = ref.half == HALFDAY_PM;
	register_mark_row(d, ref, &row);
	if (row.value == MARK_ABSENT && day == s->today &&
		of->marks[ref.pupil][half].value != MARK_ABSENT) {
		truth_certain(s, day, (int)ref.pupil / SIM_CLASS_SIZE, half, "mark");
		truth_missing(s, day, (int)ref.pupil, half, "mark");
	}
	bool none = row.value == MARK_NONE || row.value == MARK_AWAITED;
	of->marks[ref.pupil][half] = (struct sim_mark){ none ? MARK_NONE : row.value,
		row.minutes_late, row.arrived_at_ms };
}

static void look_at_alert(
	struct sim *s, int day, const struct alert *old, const struct alert *a, size_t index)
{
	const struct sim_day *of = sim_day_of(s, day);
	bool certain = !alert_is_over(a) && a->certainty == ALERT_CONFIRMED &&
		       (!old || old->kind != a->kind || alert_is_over(old) ||
			       old->certainty != ALERT_CONFIRMED);
	int half = a->half == HALFDAY_PM;
	if (old && (a->revision <= old->revision || strcmp(a->id, old->id) != 0))
		sim_fail(s, "alert %s: revision %d after %d", a->id, a->revision, old->revision);
	for (size_t i = 0; !old && i < index; i++)
		if (!strcmp(of->alerts[i].id, a->id) ||
			(a->pupil && of->alerts[i].pupil == a->pupil &&
				of->alerts[i].half == a->half))
			sim_fail(s, "alert %s beside %s", a->id, of->alerts[i].id);
	if (!old && day != s->today)
		sim_fail(s, "alert %s is raised for a day that is past", a->id);
	if (certain && a->kind == ALERT_ABSENT) {
		truth_certain(
			s, day, (int)(a->pupil - SIM_FIRST_PUPIL) / SIM_CLASS_SIZE, half, a->id);
		truth_missing(s, day, (int)(a->pupil - SIM_FIRST_PUPIL), half, a->id);
	}
	if (certain && a->kind == ALERT_CLASS_MISSING)
		truth_certain(s, day, (a->class_name[0] - '1') * 10 + a->class_name[1] - 'A', half,
			a->id);
	s->count.absent_alerts += !old && a->kind == ALERT_ABSENT;
	s->count.confirmed += certain && a->kind == ALERT_ABSENT;
	s->count.retracted += a->state == ALERT_RETRACTED;
	s->count.class_missing += !old && a->kind == ALERT_CLASS_MISSING;
	s->count.gate_silent += !old && a->kind == ALERT_GATE_SILENT;
	s->count.late += !old && a->kind == ALERT_LATE;
}

static void put_alert(struct sim *s, int day, const struct day *d, size_t index)
{
	struct sim_day *of = sim_day_of(s, day);
	const struct alert *a = &d->alerts[index];
	bool known = index < of->n_alerts;
	if (index > of->n_alerts)
		sim_fail(s, "alert %s is told before one that is older", a->id);
	look_at_alert(s, day, known ? &of->alerts[index] : NULL, a, index);
	of->alerts = sim_grow(of->alerts, of->n_alerts, &of->max_alerts, sizeof(*of->alerts));
	of->alerts[index] = *a;
	of->n_alerts += !known;
}

static void write_effects(struct sim *s, const struct day *d)
{
	const struct register_effects *fx = s->fx;
	int day = truth_day_at(s, civil_instant_of(&s->zone, d->date, 12 * 3600));
	for (size_t i = 0; i < fx->n_marks; i++)
		put_mark(s, day, d, fx->marks[i]);
	for (size_t i = 0; i < fx->n_alerts; i++) {
		bool done = false; /* it stands there as it is after all of them */
		for (size_t j = 0; j < i && !done; j++)
			done = fx->alerts[j] == fx->alerts[i];
		if (!done)
			put_alert(s, day, d, (size_t)fx->alerts[i]);
	}
	for (int g = 0; fx->arrived && g < SIM_GATES; g++)
		gate_arrival(s, &s->gates[g], SIM_FIRST_PUPIL + (int64_t)fx->arrived_pupil,
			fx->arrived_half);
}

/* ---- days ---- */

static struct day *build(struct sim *s, int day)
{
	static char names[SIM_GATES][CHECKIN_GATE_MAX] = { "gate-1", "gate-2", "gate-3" };
	const struct sim_day *of = sim_day_of(s, day);
	struct day_rules rules = { .opens_before_min = s->rules.opens_before_min,
		.late_grace_min = s->rules.grace_min,
		.absent_after_min = s->rules.absent_after_min,
		.absent_hold_s = s->rules.hold_s,
		.mass_percent = s->rules.mass_percent,
		.carry = s->rules.carry };
	struct day *d = day_create(s->roster, &s->zone, &rules, truth_date(s, day));
	if (!d)
		sim_fail(s, "no memory");
	for (size_t i = 0; i < of->n_alerts; i++)
		day_load_alert(d, &of->alerts[i], names, SIM_GATES);
	for (int p = 0; p < SIM_PUPILS; p++)
		for (int h = 0; h < 2; h++) {
			const struct sim_mark *m = &of->marks[p][h];
			if (m->value != MARK_NONE)
				day_load_mark(d, SIM_FIRST_PUPIL + p, h ? HALFDAY_PM : HALFDAY_AM,
					m->value, m->minutes_late, m->arrived_ms);
		}
	for (size_t i = 0; i < of->n_said; i++)
		if (!day_correct(d, &of->said[i]))
			sim_fail(s, "a word about a stranger");
	for (size_t i = 0; i < of->n_facts; i++)
		day_load_checkin(d, &of->facts[i].c, of->facts[i].received_ms);
	return d;
}

static void drop_days(struct sim *s)
{
	day_destroy(s->day);
	day_destroy(s->past);
	s->day = s->past = NULL;
}

static struct day *day_at(struct sim *s, int day)
{
	if (day == s->today) {
		if (!s->day) {
			s->day = build(s, day);
			register_effects_clear(s->fx);
			register_settle(&s->state, s->day, s->fx);
			write_effects(s, s->day);
		}
		return s->day;
	}
	if (!s->past || civil_date_compare(s->past->date, truth_date(s, day)) != 0) {
		day_destroy(s->past);
		s->past = build(s, day);
	}
	return s->past;
}

void office_reload(struct sim *s)
{
	drop_days(s);
	if (s->n_old == sizeof(s->old_rosters) / sizeof(s->old_rosters[0]))
		sim_fail(s, "too many rosters a day");
	if (s->roster)
		s->old_rosters[s->n_old++] = s->roster;
	register_effects_destroy(s->fx);
	s->roster = make_roster(s);
	s->fx = register_effects_create(s->roster);
	s->count.reloads++;
	for (int g = 0; g < SIM_GATES; g++)
		s->gates[g].data_due_ms = s->now_ms + 2000;
	s->state.now_ms = s->now_ms;
	s->tick_ms = s->now_ms;
	day_at(s, s->today);
}

/* Rosters that no gate has any more. */
static void forget_rosters(struct sim *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_old; i++) {
		bool used = false;
		for (int g = 0; g < SIM_GATES; g++)
			used |= s->gates[g].roster == s->old_rosters[i];
		if (used)
			s->old_rosters[n++] = s->old_rosters[i];
		else
			roster_destroy(s->old_rosters[i]);
	}
	s->n_old = n;
}

static void close_day(struct sim *s, int day)
{
	bool open = false;
	const struct sim_day *of = s->days[day];
	for (size_t i = 0; of && i < of->n_alerts; i++)
		open |= !alert_is_over(&of->alerts[i]);
	if (!open)
		return;
	struct day *d = day_at(s, day);
	register_effects_clear(s->fx);
	register_close_day(&s->state, d, s->fx);
	write_effects(s, d);
	for (size_t i = 0; i < of->n_alerts; i++)
		if (!alert_is_over(&of->alerts[i]))
			sim_fail(s, "alert %s is open on the next day", of->alerts[i].id);
}

void office_new_day(struct sim *s)
{
	s->state.now_ms = s->now_ms;
	s->state.today = truth_date(s, s->today);
	forget_rosters(s);
	office_reload(s);
	for (int day = 0; day < s->today; day++)
		close_day(s, day);
}

void office_restart(struct sim *s)
{
	struct register_gate was[SIM_GATES];
	memcpy(was, s->state.gates, sizeof(was));
	for (int g = 0; g < SIM_GATES; g++) {
		s->state.gates[g].seen = false;
		memset(&s->state.gates[g].session, 0, sizeof(s->state.gates[g].session));
		s->state.gates[g].absence = (struct absence_gate){ .clock = -1, .last_seq = -1 };
	}
	s->state.connected_since_ms = s->broker ? s->now_ms : -1;
	s->blind_ms = s->now_ms;
	office_reload(s);
	/* The retained states. */
	for (int g = 0; g < SIM_GATES && s->broker; g++)
		if (was[g].seen)
			office_take_state(s, &s->gates[g], &was[g].last);
}

void office_broker(struct sim *s, bool up)
{
	s->broker = up;
	s->blind_ms = s->now_ms;
	s->state.connected_since_ms = up ? s->now_ms : -1;
	s->tick_ms = s->now_ms;
}

/* ---- events ---- */

void office_tick(struct sim *s)
{
	if (!s->broker)
		s->blind_ms = s->now_ms;
	s->state.now_ms = s->now_ms;
	struct day *d = day_at(s, s->today);
	register_effects_clear(s->fx);
	register_tick(&s->state, d, s->fx);
	write_effects(s, d);
}

void office_take_state(struct sim *s, struct sim_gate *g, const struct wire_gate_state *state)
{
	s->state.now_ms = s->now_ms;
	register_gate_loss(&s->state.gates[g->index], state, (int64_t)g->n_numbered, s->now_ms);
	register_take_gate(&s->state.gates[g->index], state, (int64_t)g->n_numbered);
	office_tick(s);
}

static void add_fact(struct sim_day *of, const struct checkin *c, int64_t received_ms)
{
	of->facts = sim_grow(of->facts, of->n_facts, &of->max_facts, sizeof(*of->facts));
	of->facts[of->n_facts++] = (struct sim_fact){ *c, received_ms };
}

static int64_t take_away(struct sim *s, int day, struct uuid id)
{
	struct sim_day *of = sim_day_of(s, day);
	for (size_t i = 0; i < of->n_facts; i++)
		if (uuid_equal(of->facts[i].c.id, id)) {
			int64_t received_ms = of->facts[i].received_ms;
			of->facts[i] = of->facts[--of->n_facts];
			return received_ms;
		}
	sim_fail(s, "a check-in is not where it was put");
}

static void settle_pupil(struct sim *s, int day, const struct checkin *c)
{
	struct day *d = day_at(s, day);
	size_t pupil;
	if (day == s->today || day_whose(d, c, &pupil) != DAY_PUPIL)
		return;
	register_effects_clear(s->fx);
	register_settle_pupil(&s->state, d, pupil, s->fx);
	write_effects(s, d);
}

static void take_revised(struct sim *s, struct sim_tap *tap, const struct checkin *c)
{
	int old_day = truth_day_at(s, tap->received_ms);
	int64_t received_ms = take_away(s, old_day, c->id);
	add_fact(sim_day_of(s, tap->day), c, received_ms);
	tap->told = 2;
	drop_days(s);
	settle_pupil(s, old_day, c);
	settle_pupil(s, tap->day, c);
	day_at(s, s->today);
}

static void take_new(
	struct sim *s, struct sim_gate *g, struct sim_tap *tap, const struct sim_row *row)
{
	struct civil_date date = day_of_checkin(&s->zone, &row->c, s->now_ms);
	bool judges = checkin_clock_judges(row->c.clock);
	int day = judges ? tap->day : truth_day_at(s, s->now_ms);
	if (civil_date_compare(date, truth_date(s, day)) != 0)
		sim_fail(s, "a check-in is put under another day");
	struct day *d = day_at(s, day);
	struct sim_day *of = sim_day_of(s, day);
	if (of->closed)
		sim_fail(s, "a check-in came after %d days", SIM_CLOSED_AFTER);
	add_fact(of, &row->c, s->now_ms);
	tap->told = judges ? 2 : 1;
	tap->received_ms = s->now_ms;
	if (day != tap->day) {
		of->taps = sim_grow(of->taps, of->n_taps, &of->max_taps, sizeof(*of->taps));
		of->taps[of->n_taps++] = (struct sim_tap_ref){ g->index, row->tap };
	}
	s->count.past_taps += day != s->today;
	register_effects_clear(s->fx);
	register_take_checkin(&s->state, d, &row->c, s->now_ms, s->fx);
	write_effects(s, d);
}

int64_t office_take_checkin(struct sim *s, struct sim_gate *g, const struct sim_row *row)
{
	struct sim_tap *tap = &g->taps[row->tap];
	bool have = (size_t)row->c.seq <= g->n_numbered;
	struct register_store_known known = {
		.number_known = have,
		.number_id = have ? row->c.id : (struct uuid){ { 0 } },
		.id_known = tap->told > 0,
		.revision = tap->told == 0 ? 0
			    : have         ? row->c.revision
					   : row->c.revision - 1,
		.through = (int64_t)g->n_numbered,
	};
	s->state.now_ms = s->now_ms;
	if (!have && row->c.seq != (int64_t)g->n_numbered + 1)
		sim_fail(s, "gate %d leaves out a number", g->index);
	if (!have)
		g->n_numbered++;
	struct absence_gate *a = &s->state.gates[g->index].absence;
	if (uuid_equal(a->log, row->c.log) && a->stored_through < (int64_t)g->n_numbered)
		a->stored_through = (int64_t)g->n_numbered;
	enum register_fate fate = register_fate_of(&known, &row->c);
	register_gate_sent(&s->state.gates[g->index], &row->c);
	if (fate == REGISTER_NEW)
		take_new(s, g, tap, row);
	else if (fate == REGISTER_REVISED)
		take_revised(s, tap, &row->c);
	else if (fate != REGISTER_REPEAT)
		sim_fail(s, "gate %d: fate %d of a check-in", g->index, (int)fate);
	return (int64_t)g->n_numbered;
}

void office_hindsight(struct sim *s, int pupil, int from_day)
{
	for (int day = from_day; day < s->today; day++) {
		if (!s->days[day] || s->days[day]->closed)
			continue;
		struct day *d = day_at(s, day);
		register_effects_clear(s->fx);
		register_settle_pupil(&s->state, d, (size_t)pupil, s->fx);
		write_effects(s, d);
	}
}

void office_seen(struct sim *s, int pupil, int half)
{
	struct register_store_correction said;
	struct day *d = day_at(s, s->today);
	struct sim_day *of = sim_day_of(s, s->today);
	s->state.now_ms = s->now_ms;
	day_correction(d, (size_t)pupil, half ? HALFDAY_PM : HALFDAY_AM, &said);
	if (said.seen)
		return;
	said.seen = true;
	said.decided = d->pupils[pupil].half[half].decided;
	said.at_ms = s->now_ms;
	said.who[0] = 'A';
	of->said = sim_grow(of->said, of->n_said, &of->max_said, sizeof(*of->said));
	of->said[of->n_said++] = said;
	of->seen[pupil][half] = true;
	register_effects_clear(s->fx);
	register_correct(&s->state, d, &said, s->fx);
	write_effects(s, d);
}

void office_call(struct sim *s)
{
	struct day *d = day_at(s, s->today);
	size_t n = sim_day_of(s, s->today)->n_alerts;
	s->state.now_ms = s->now_ms;
	register_effects_clear(s->fx);
	for (size_t i = 0; i < n; i++) {
		struct alert_change reached = { .event = ALERT_EVENT_RESOLVE,
			.expected_at_ms = -1,
			.arrived_at_ms = -1,
			.what = ALERT_REACHED,
			.by = "An" };
		if (d->alerts[i].kind == ALERT_ABSENT && sim_chance(s, 4000))
			register_person(&s->state, d, (int32_t)i, &reached, s->fx);
	}
	write_effects(s, d);
}

/* ---- checks ---- */

/* A fresh day from the facts says what the database says, and has nothing to add. */
static void check_again(struct sim *s, int day)
{
	const struct sim_day *of = sim_day_of(s, day);
	struct day *d = build(s, day);
	register_effects_clear(s->fx);
	register_settle(&s->state, d, s->fx);
	for (int p = 0; p < SIM_PUPILS; p++)
		for (int h = 0; h < 2; h++) {
			enum mark_value v = d->pupils[p].half[h].mark.value;
			v = v == MARK_AWAITED ? MARK_NONE : v;
			if (v != of->marks[p][h].value || d->pupils[p].half[h].mark.minutes_late !=
								  of->marks[p][h].minutes_late)
				sim_fail(s, "day %d half %d pupil %d: kept %d, computed anew %d",
					day, h, p, (int)of->marks[p][h].value, (int)v);
		}
	if (s->fx->n_alerts) {
		const struct alert *a = &d->alerts[s->fx->alerts[0]];
		sim_fail(s, "day %d built anew changes alert %s to %s %s %s of revision %d", day,
			a->id, alert_kind_word(a->kind), alert_state_word(a->state),
			alert_what_word(a->what), a->revision);
	}
	if (s->fx->n_marks)
		sim_fail(s, "day %d built anew changes %d marks", day, (int)s->fx->n_marks);
	truth_check(s, day, d);
	day_destroy(d);
}

void office_check(struct sim *s)
{
	const struct sim_day *of = sim_day_of(s, s->today);
	office_tick(s);
	truth_check(s, s->today, s->day);
	check_again(s, s->today);
	bool evening = s->now_ms >= s->midnight_ms[s->today] + 16 * 60 * SIM_MIN + 55 * SIM_MIN;
	for (size_t i = 0; i < of->n_alerts; i++)
		if (!alert_is_over(&of->alerts[i]) &&
			(of->alerts[i].half == HALFDAY_AM ||
				(of->alerts[i].half == HALFDAY_PM && evening)))
			sim_fail(s, "alert %s is open after its half day", of->alerts[i].id);
}

void office_check_past(struct sim *s, int day)
{
	struct sim_day *of = s->days[day];
	if (!of || of->closed)
		return;
	s->state.now_ms = s->now_ms;
	check_again(s, day);
	for (size_t i = 0; i < of->n_taps; i++) {
		const struct sim_tap *tap = &s->gates[of->taps[i].gate].taps[of->taps[i].tap];
		if (tap->told != 2 && !(tap->undated && tap->told == 1))
			sim_fail(s, "day %d: a tap at gate %d never came", day, of->taps[i].gate);
	}
	free(of->facts);
	free(of->alerts);
	free(of->taps);
	free(of->said);
	of->said = NULL;
	of->facts = NULL;
	of->alerts = NULL;
	of->taps = NULL;
	of->n_facts = of->n_alerts = of->n_taps = of->n_said = 0;
	of->closed = true;
}

void office_close(struct sim *s)
{
	drop_days(s);
	register_effects_destroy(s->fx);
	for (int g = 0; g < SIM_GATES; g++)
		s->gates[g].roster = NULL;
	forget_rosters(s);
	roster_destroy(s->roster);
}
