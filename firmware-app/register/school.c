/* SPDX-License-Identifier: EUPL-1.2 */
/* Roster and days in memory, the turn's transaction, and what a step changed into the database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "register/register.h"
#include "sys/file.h"
#include "sys/log.h"

#define DISK_LOOK_US (60 * INT64_C(1000000))
#define PAYLOAD_KEPT_MAX 2048 /* of a refused message: enough to see what was wrong */

/* ---- the transaction ---- */

static void fail(struct register_program *r, int err)
{
	if (err && !r->err)
		r->err = err;
}

int school_begin(struct register_program *r)
{
	/* The first commit after a checkpoint syncs the head of the WAL by itself. */
	if (r->store && register_store_wal_bytes(r->store) == 0)
		loop_patience();
	if (!r->err)
		fail(r, r->store ? register_store_begin(r->store) : STORE_ERR_IO);
	r->last_write_us = r->now.mono_us;
	return r->err;
}

void school_forget_days(struct register_program *r)
{
	for (size_t i = 0; i < REGISTER_DAYS_KEPT; i++) {
		day_destroy(r->days[i].day);
		r->days[i] = (struct register_day_slot){ 0 };
	}
}

static void tell_store(struct register_program *r, int err)
{
	enum wire_store_state state = err == 0 ? r->recovered ? WIRE_STORE_RECOVERED : WIRE_STORE_OK
				      : err == STORE_ERR_FULL ? WIRE_STORE_FULL
							      : WIRE_STORE_FAILING;
	if (state == r->store_state)
		return;
	if (err)
		log_error("store_failed error=\"%s\" next=confirm_nothing_and_open_again",
			store_err_text(err));
	else
		log_info("store_back");
	r->store_state = state;
	r->state_due_us = 0;
}

/* What a gate was told to have delivered rests on the transaction too. */
static void follow_logs(struct register_program *r)
{
	for (size_t g = 0; g < r->n_gates_known; g++) {
		struct absence_gate *gate = &r->state.gates[g].absence;
		if (!r->store || register_store_through(r->store, gate->log, &gate->stored_through))
			gate->stored_through = 0;
	}
}

void school_end(struct register_program *r)
{
	int err = r->err;
	if (r->store)
		err = register_store_end(r->store, err);
	if (!err) {
		publish_confirms(r);
		publish_keep(r);
		r->events.dropped = r->events.dropping;
		/* Well again once something was written, not because there was nothing to write. */
		if (r->store && r->last_write_us == r->now.mono_us)
			tell_store(r, 0);
	} else {
		publish_forget(r);
		r->events.dropping = r->events.dropped;
		tell_store(r, err);
		school_forget_days(r);
		follow_logs(r);
		r->data_due_us = r->now.mono_us + REGISTER_GATHER_US;
		if (r->store_failed_us == 0)
			r->store_failed_us = r->now.mono_us;
	}
	r->n_confirms = 0;
	r->n_revised = 0;
	r->err = 0;
	desk_end(r, err);
}

/* ---- effects ---- */

static bool again_later(const struct register_effects *fx, size_t i)
{
	for (size_t j = i + 1; j < fx->n_alerts; j++)
		if (fx->alerts[j] == fx->alerts[i])
			return true;
	return false;
}

void school_write(struct register_program *r, const struct day *day)
{
	const struct register_effects *fx = r->fx;
	if (fx->n_marks + fx->n_alerts == 0 && !fx->arrived)
		return;
	if (school_begin(r))
		return;
	for (size_t i = 0; i < fx->n_marks; i++) {
		struct register_store_mark row;
		register_mark_row(day, fx->marks[i], &row);
		fail(r, register_store_mark_put(r->store, &row));
	}
	for (size_t i = 0; i < fx->n_alerts && !r->err; i++) {
		if (again_later(fx, i))
			continue;
		const struct alert *alert = &day->alerts[fx->alerts[i]];
		fail(r, register_store_alert_put(r->store, alert));
		publish_alert(r, alert);
	}
	if (fx->arrived)
		publish_arrival(r, day, fx->arrived_pupil, fx->arrived_half);
	r->state_due_us = fx->n_alerts ? 0 : r->state_due_us;
	if (r->day_due_us == INT64_MAX)
		r->day_due_us = r->now.mono_us + REGISTER_GATHER_US;
}

/* ---- days ---- */

struct loading {
	struct register_program *r;
	struct day *day;
};

static int load_alert(void *ctx, const struct alert *alert)
{
	struct loading *l = ctx;
	day_load_alert(l->day, alert, l->r->gate_ids, l->r->state.n_gates);
	return 0;
}

static int load_mark(void *ctx, const struct register_store_mark *mark)
{
	struct loading *l = ctx;
	day_load_mark(l->day, mark->pupil, mark->half, mark->value, mark->minutes_late,
		mark->arrived_at_ms);
	return 0;
}

static int load_correction(void *ctx, const struct register_store_correction *correction)
{
	struct loading *l = ctx;
	day_correct(l->day, correction);
	return 0;
}

static int load_checkin(void *ctx, const struct checkin *c, int64_t received_ms)
{
	struct loading *l = ctx;
	day_load_checkin(l->day, c, received_ms);
	return 0;
}

static struct day_rules rules_of(const struct config *c)
{
	return (struct day_rules){
		.opens_before_min = c->rules_opens_before_min,
		.late_grace_min = c->rules_late_grace_min,
		.absent_after_min = c->rules_absent_after_min,
		.absent_hold_s = c->rules_absent_hold_s,
		.mass_percent = c->rules_mass_percent,
		.carry = c->rules_afternoon == CONFIG_AFTERNOON_CARRY,
	};
}

static struct day *load_day(struct register_program *r, struct civil_date date)
{
	struct day_rules rules = rules_of(&r->config);
	struct day *day = day_create(r->roster, &r->zone, &rules, date);
	struct loading l = { r, day };
	int32_t number = civil_day_number(date);
	if (!day) {
		fail(r, STORE_ERR_MEMORY);
		return NULL;
	}
	int err = register_store_each_alert(r->store, number, load_alert, &l);
	if (!err)
		err = register_store_each_mark(r->store, number, load_mark, &l);
	if (!err)
		err = register_store_each_correction(r->store, number, load_correction, &l);
	if (!err)
		err = register_store_each_checkin(r->store, number, load_checkin, &l);
	if (err) {
		fail(r, err);
		day_destroy(day);
		return NULL;
	}
	if (r->state.refilling && civil_date_compare(date, r->state.today) == 0)
		day_doubt(day);
	return day;
}

static struct register_day_slot *slot_of(struct register_program *r, struct civil_date date)
{
	for (size_t i = 0; i < REGISTER_DAYS_KEPT; i++)
		if (r->days[i].day && civil_date_compare(r->days[i].day->date, date) == 0)
			return &r->days[i];
	return NULL;
}

/* The one that was not needed for longest, but never today's. */
static struct register_day_slot *slot_to_use(struct register_program *r)
{
	struct register_day_slot *oldest = NULL;
	for (size_t i = 0; i < REGISTER_DAYS_KEPT; i++) {
		struct register_day_slot *slot = &r->days[i];
		if (!slot->day)
			return slot;
		if (civil_date_compare(slot->day->date, r->state.today) == 0)
			continue;
		if (!oldest || slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

struct day *school_day(struct register_program *r, struct civil_date date)
{
	struct register_day_slot *slot = slot_of(r, date);
	if (!slot) {
		if (r->err || !r->store)
			return NULL;
		struct day *day = load_day(r, date);
		if (!day)
			return NULL;
		slot = slot_to_use(r);
		day_destroy(slot->day);
		slot->day = day;
		if (civil_date_compare(date, r->state.today) == 0) {
			register_effects_clear(r->fx);
			register_settle(&r->state, day, r->fx);
			school_write(r, day);
			r->day_due_us = r->now.mono_us;
		}
	}
	slot->used = r->turn;
	return slot->day;
}

struct day *school_today(struct register_program *r)
{
	struct register_day_slot *slot = slot_of(r, r->state.today);
	return slot ? slot->day : NULL;
}

static void drop_day(struct register_program *r, int32_t number)
{
	struct register_day_slot *slot = slot_of(r, civil_date_of_day(number));
	if (!slot)
		return;
	day_destroy(slot->day);
	*slot = (struct register_day_slot){ 0 };
}

/* ---- check-ins ---- */

static struct wire_confirm *confirm_of(
	struct register_program *r, const char *gate, struct uuid log)
{
	for (size_t i = 0; i < r->n_confirms; i++)
		if (uuid_equal(r->confirms[i].log, log) && !strcmp(r->confirm_gates[i], gate))
			return &r->confirms[i];
	if (r->n_confirms == REGISTER_CONFIRMS_MAX)
		return NULL; /* the gate sends again, and is told then */
	struct wire_confirm *c = &r->confirms[r->n_confirms];
	snprintf(r->confirm_gates[r->n_confirms], CHECKIN_GATE_MAX, "%s", gate);
	r->n_confirms++;
	c->log = log;
	c->through = 0;
	c->n_refused = 0;
	return c;
}

static void confirm(struct register_program *r, const char *gate, struct uuid log, int64_t through)
{
	struct wire_confirm *c = confirm_of(r, gate, log);
	if (c && through > c->through)
		c->through = through;
	for (size_t g = 0; g < r->n_gates_known; g++)
		if (uuid_equal(r->state.gates[g].absence.log, log) &&
			through > r->state.gates[g].absence.stored_through)
			r->state.gates[g].absence.stored_through = through;
}

static void confirm_refused(struct register_program *r, const char *gate, struct uuid log,
	int64_t seq, const char *reason)
{
	struct wire_confirm *c = confirm_of(r, gate, log);
	if (!c || c->n_refused == WIRE_REFUSED_MAX)
		return;
	for (size_t i = 0; i < c->n_refused; i++)
		if (c->refused[i].seq == seq)
			return;
	c->refused[c->n_refused].seq = seq;
	snprintf(c->refused[c->n_refused].reason, sizeof(c->refused[0].reason), "%s", reason);
	c->n_refused++;
}

void school_refuse(struct register_program *r, const char *gate, struct uuid log, int64_t seq,
	const char *reason, const void *payload, size_t len)
{
	struct register_store_refused refused = {
		.log = log, .seq = seq, .received_ms = r->now.wall_ms
	};
	char before[REGISTER_STORE_REASON_MAX];
	int64_t through = 0;
	if (school_begin(r))
		return;
	int known = register_store_refused_of(r->store, log, seq, before);
	if (known < 0) {
		fail(r, known);
		return;
	}
	snprintf(refused.gate, sizeof(refused.gate), "%s", gate);
	snprintf(refused.reason, sizeof(refused.reason), "%s", reason);
	if (!known) {
		log_warn("checkin_refused gate=%s seq=%" PRId64 " reason=\"%s\" next=kept_aside",
			gate, seq, reason);
		fail(r, register_store_refuse(r->store, &refused, payload,
				len < PAYLOAD_KEPT_MAX ? len : PAYLOAD_KEPT_MAX));
		r->state_due_us = 0;
	}
	/* Takes the number where it is free; where a check-in has it, that one keeps it. */
	fail(r, register_store_number_put(r->store, log, seq, gate, NULL, &through));
	confirm(r, gate, log, through);
	confirm_refused(r, gate, log, seq, known ? before : reason);
}

static void take_number(struct register_program *r, const struct checkin *c)
{
	int64_t through = 0;
	fail(r, register_store_number_put(r->store, c->log, c->seq, c->gate, &c->id, &through));
	confirm(r, c->gate, c->log, through);
}

/* When it came. Where the own clock can't say, a gate's that judges knows better: it came no earlier than it was made. */
static int64_t received_now(const struct register_program *r, const struct checkin *c)
{
	if (r->state.clock_judges || !checkin_clock_judges(c->clock) || c->at_ms < r->now.wall_ms)
		return r->now.wall_ms;
	return c->at_ms;
}

/* By the own clock, since it is asked for until somebody hears it: the gate's may be wrong, or days behind. */
static void take_talk(struct register_program *r, const struct checkin *c)
{
	int64_t received_ms = received_now(r, c);
	struct civil_date date = day_of_checkin(&r->zone, c, received_ms);
	struct day *today = school_day(r, r->state.today);
	if (!today || school_begin(r))
		return;
	fail(r, register_store_checkin_put(r->store, c, civil_day_number(date), received_ms));
	take_number(r, c);
	register_effects_clear(r->fx);
	register_take_talk(&r->state, today, c, r->fx);
	school_write(r, today);
}

static int same_id(void *ctx, const struct alert *alert)
{
	return !strcmp(alert->id, ctx);
}

bool school_hear_talk(struct register_program *r, const struct alert *heard)
{
	char id[ALERT_ID_MAX];
	struct day *today = r->store && !r->err ? school_day(r, r->state.today) : NULL;
	if (!today)
		return false;
	memcpy(id, heard->id, sizeof(id));
	int known = register_store_each_alert(r->store, civil_day_number(heard->date), same_id, id);
	fail(r, known < 0 ? known : 0);
	if (!known) {
		register_effects_clear(r->fx);
		register_take_heard_talk(&r->state, today, heard, r->fx);
		school_write(r, today);
	}
	return !r->err;
}

static void take_new(struct register_program *r, const struct checkin *c)
{
	int64_t received_ms = received_now(r, c);
	struct civil_date date = day_of_checkin(&r->zone, c, received_ms);
	/* Before the row is written: a day built after it would have the tap already. */
	struct day *day = school_day(r, date);
	if (!day || school_begin(r))
		return;
	fail(r, register_store_checkin_put(r->store, c, civil_day_number(date), received_ms));
	take_number(r, c);
	if (desk_enrol_takes(r, c))
		return; /* the day is built anew with this card */
	register_effects_clear(r->fx);
	register_take_checkin(&r->state, day, c, received_ms, r->fx);
	if (r->fx->unknown_more && r->unknown_more++ == 0)
		log_warn("unknown_cards_many next=count_without_alerts");
	school_write(r, day);
	/* By the own clock: a gate that is in 2030 must not make every other time look like the past. */
	if (r->now.state == CLOCK_STATE_TRUSTED)
		clock_newest_event(&r->clock, r->now.wall_ms);
}

static void take_revised(struct register_program *r, const struct checkin *c,
	const struct register_store_known *known)
{
	int64_t received_ms = received_now(r, c);
	struct civil_date date = day_of_checkin(&r->zone, c, received_ms);
	if (r->n_revised == REGISTER_REVISED_MAX || school_begin(r))
		return;
	r->revised[r->n_revised++] = (struct register_revised){ .checkin = *c,
		.received_ms = received_ms,
		.old_day = known->day,
		.new_day = civil_day_number(date) };
	fail(r, register_store_checkin_put(r->store, c, civil_day_number(date), received_ms));
	take_number(r, c);
}

/* Kept aside whole: the gate sends it again under a new log, but nothing may rest on that alone. */
static void refuse_conflict(struct register_program *r, const struct checkin *c)
{
	struct wire_context ctx = { .zone = &r->zone };
	char *text = wire_checkin_encode(c, &ctx);
	school_refuse(r, c->gate, c->log, c->seq,
		REGISTER_STORE_CONFLICT ": another check-in has this number of this log",
		text ? text : "", text ? strlen(text) : 0);
	free(text);
	for (size_t g = 0; g < r->n_gates_known; g++)
		if (!strcmp(r->state.gates[g].id, c->gate))
			register_gate_conflict(&r->state.gates[g], c->log);
}

void school_confirm_again(
	struct register_program *r, const char *gate, struct uuid log, int64_t through)
{
	confirm(r, gate, log, through);
}

static void note_sent(struct register_program *r, const struct checkin *c)
{
	for (size_t g = 0; g < r->n_gates_known; g++)
		if (!strcmp(r->state.gates[g].id, c->gate))
			register_gate_sent(&r->state.gates[g], c);
}

void school_take_checkin(struct register_program *r, const struct checkin *c)
{
	struct register_store_known known;
	char reason[REGISTER_STORE_REASON_MAX];
	if (r->err || !r->store)
		return;
	int err = register_store_known(r->store, c->log, c->seq, c->id, &known);
	fail(r, err);
	if (err)
		return;
	enum register_fate fate = register_fate_of(&known, c);
	if (fate != REGISTER_CONFLICT && fate != REGISTER_REFUSED_BEFORE)
		note_sent(r, c);
	switch (fate) {
	case REGISTER_NEW:
		if (c->result == CHECKIN_TALK)
			take_talk(r, c);
		else
			take_new(r, c);
		break;
	case REGISTER_REPEAT:
		/* Not further than what is the same: above it an old copy may have other taps (faults.md S10). What the gate
		 * was told before is no measure: it may have been another copy, which says so only behind its check-ins. */
		confirm(r, c->gate, c->log, c->seq < known.through ? c->seq : known.through);
		break;
	case REGISTER_SAME:
		if (!school_begin(r))
			take_number(r, c);
		break;
	case REGISTER_REVISED:
		take_revised(r, c, &known);
		break;
	case REGISTER_REFUSED_BEFORE:
		confirm(r, c->gate, c->log, known.through);
		if (register_store_refused_of(r->store, c->log, c->seq, reason) > 0)
			confirm_refused(r, c->gate, c->log, c->seq, reason);
		break;
	case REGISTER_CONFLICT:
		refuse_conflict(r, c);
		break;
	}
}

/* ---- the turn ---- */

static void settle_revised_day(
	struct register_program *r, const struct register_revised *revised, int32_t number)
{
	struct day *day = school_day(r, civil_date_of_day(number));
	size_t pupil;
	if (!day || civil_date_compare(day->date, r->state.today) == 0)
		return; /* today's was settled whole as it was built */
	if (day_whose(day, &revised->checkin, &pupil) != DAY_PUPIL)
		return;
	register_effects_clear(r->fx);
	register_settle_pupil(&r->state, day, pupil, r->fx);
	school_write(r, day);
	if (number >= civil_day_number(r->state.today))
		return;
	/* Its tap may have moved away: a day that was closed is not closed again. */
	register_effects_clear(r->fx);
	register_decide_over(&r->state, day, pupil, r->fx);
	school_write(r, day);
}

static void settle_revised(struct register_program *r)
{
	for (size_t i = 0; i < r->n_revised; i++) {
		drop_day(r, r->revised[i].old_day);
		drop_day(r, r->revised[i].new_day);
	}
	for (size_t i = 0; i < r->n_revised && !r->err; i++) {
		settle_revised_day(r, &r->revised[i], r->revised[i].old_day);
		if (r->revised[i].new_day != r->revised[i].old_day)
			settle_revised_day(r, &r->revised[i], r->revised[i].new_day);
	}
}

static int load_roster(struct register_program *r)
{
	struct roster *roster;
	int err = register_store_roster(r->store, r->state.today, r->now.wall_ms, &roster);
	if (err)
		return err;
	struct register_effects *fx = register_effects_create(roster);
	if (!fx) {
		roster_destroy(roster);
		return STORE_ERR_MEMORY;
	}
	school_forget_days(r); /* they borrow the old one */
	roster_destroy(r->roster);
	register_effects_destroy(r->fx);
	r->roster = roster;
	r->fx = fx;
	return 0;
}

/* One past day a turn, so that a register that was off for a term is no pause of its own. */
static void close_past_day(struct register_program *r)
{
	int32_t oldest;
	int found = r->store ? register_store_oldest_open_day(r->store, &oldest) : 0;
	if (found < 0)
		fail(r, found);
	if (found <= 0 || oldest >= civil_day_number(r->state.today))
		return;
	struct day *day = school_day(r, civil_date_of_day(oldest));
	struct day *today = school_today(r);
	if (!day || !today)
		return;
	register_effects_clear(r->fx);
	register_carry_talks(&r->state, day, today, r->fx);
	school_write(r, today);
	register_effects_clear(r->fx);
	register_close_day(&r->state, day, r->fx);
	school_write(r, day);
}

#define FOUND 1 /* ends a walk at the first row */

static int first_mark(void *ctx, const struct register_store_mark *mark)
{
	(void)ctx;
	(void)mark;
	return FOUND;
}

bool school_has_marks(struct register_program *r, int32_t day)
{
	return r->store && register_store_each_mark(r->store, day, first_mark, NULL) == FOUND;
}

static void follow_date(struct register_program *r)
{
	struct civil_date date = civil_local_of(&r->zone, r->now.wall_ms).date;
	/* A clock that can't be trusted doesn't turn the day: it could close the one that runs. */
	if (!r->state.clock_judges || civil_date_compare(date, r->state.today) == 0)
		return;
	for (int h = 0; h < 2; h++) {
		char topic[64];
		char text[CIVIL_DATE_TEXT];
		civil_format_date(r->state.today, text);
		snprintf(topic, sizeof(topic), "care/day/%s/%s", text, h ? "pm" : "am");
		publish_empty(r, topic);
	}
	time_new_date(r, date);
	r->state.today = date;
	r->unknown_more = 0;
	r->roster_changed = true; /* holidays of another window, excuses of another fortnight */
	r->all_due =
		true; /* of this date nothing was published yet: it can have been another for want of the time */
	rescue_new_date(r);
	log_info("new_day");
}

void school_turn(struct register_program *r)
{
	if (!r->store)
		return;
	follow_date(r);
	rescue_turn(r);
	if (r->roster_changed && !r->err) {
		settle_revised(r);
		int err = load_roster(r);
		fail(r, err);
		if (!err) {
			r->roster_changed = false;
			r->data_due_us = r->now.mono_us + REGISTER_GATHER_US;
		}
	} else {
		settle_revised(r);
	}
	struct day *today = r->err ? NULL : school_day(r, r->state.today);
	if (!today)
		return;
	desk_settle(r);
	register_effects_clear(r->fx);
	register_tick(&r->state, today, r->fx);
	school_write(r, today);
	if (r->state.clock_judges && r->past_opened) {
		close_past_day(r);
		if (!r->state.refilling) /* what gates send again belongs to those days as well */
			past_turn(r);
	}
}

/* ---- opening and care ---- */

int school_open(struct register_program *r)
{
	r->state.today = civil_local_of(&r->zone, r->now.wall_ms).date;
	r->state.now_ms = r->now.wall_ms;
	int err = register_store_open(r->db_path, r->clock.simulated, &r->store);
	if (err)
		return err;
	int64_t newest_ms = register_store_number(r->store, REGISTER_STORE_NEWEST_MS);
	if (newest_ms > 0)
		clock_newest_event(&r->clock, newest_ms);
	err = rescue_open(r);
	if (!err)
		err = load_roster(r);
	if (!err)
		err = retain_open(&r->retain, r->store);
	r->disk_free_mb = file_free_mb(r->config.paths_state_dir);
	r->disk_looked_us = r->now.mono_us;
	r->store_state = err            ? WIRE_STORE_FAILING
			 : r->recovered ? WIRE_STORE_RECOVERED
					: WIRE_STORE_OK;
	return err;
}

void school_close(struct register_program *r)
{
	school_forget_days(r);
	register_effects_destroy(r->fx);
	roster_destroy(r->roster);
	night_close(r);
	register_store_close(r->store);
	r->fx = NULL;
	r->roster = NULL;
	r->store = NULL;
}

/* Slices while nothing else happens: see register/retain.h. Return: whether one was due. */
static bool retain_care(struct register_program *r)
{
	struct retain_moment moment = { .now_ms = r->now.wall_ms,
		.clock_judges = r->state.clock_judges,
		.idle = r->now.mono_us - r->last_write_us >= REGISTER_IDLE_US };
	struct retention_until until = { r->config.retention_until_month,
		r->config.retention_until_day };
	int32_t oldest = 0;
	if (!retain_due(&r->retain, &r->zone, &moment))
		return false;
	/* What is open of a past day is closed first, so that its retained message is emptied too. */
	if (register_store_oldest_open_day(r->store, &oldest) != 0 &&
		oldest < civil_day_number(r->state.today))
		return false;
	loop_patience();
	int more = retain_slice(&r->retain, r->store, &r->zone, until, &moment);
	if (more < 0) {
		log_warn("retention_failed error=\"%s\" next=again_in_an_hour",
			store_err_text(more));
	} else if (more == 0) {
		char date[CIVIL_DATE_TEXT];
		civil_format_date(civil_date_of_day(r->retain.last.kept_from), date);
		log_info("retention kept_from=%s dropped=%lld", date,
			(long long)r->retain.last.dropped);
		/* Cards can have gone: gates hear of it with the next data. */
		r->roster_changed = r->roster_changed || r->retain.last.dropped > 0;
	}
	return true;
}

static void open_again(struct register_program *r)
{
	if (r->store_failed_us == 0 ||
		r->now.mono_us - r->store_failed_us < REGISTER_STORE_AGAIN_US)
		return;
	loop_patience();
	night_close(r);
	register_store_close(r->store);
	r->store = NULL;
	int err = register_store_open(r->db_path, r->clock.simulated, &r->store);
	if (!err)
		err = rescue_open(r);
	if (err) {
		register_store_close(r->store);
		r->store = NULL;
		r->store_failed_us = r->now.mono_us;
		return;
	}
	r->store_failed_us = 0;
	r->roster_changed = true;
	if (register_store_event_last(r->store) < r->events.done) {
		/* Another file was put in its place: its numbers begin anew. */
		r->events = (struct event_outbox){ 0 };
		if (link_up(r->link))
			event_up(&r->events, r->now.mono_us);
	}
	follow_logs(r);
}

void school_care(struct register_program *r)
{
	int64_t now_us = r->now.mono_us;
	open_again(r);
	/* A disk on which this turn's commit took that long isn't asked for more before others had a turn. */
	if (clock_mono_us() - now_us > REGISTER_SLOW_US)
		return;
	if (now_us - r->disk_looked_us >= DISK_LOOK_US) {
		r->disk_free_mb = file_free_mb(r->config.paths_state_dir);
		r->disk_looked_us = now_us;
	}
	night_drop_damaged(r);
	if (!r->store || retain_care(r) || night_care(r))
		return; /* one thing that waits for the medium a turn */
	int64_t wal = register_store_wal_bytes(r->store);
	int day = civil_day_number(r->state.today);
	bool night = day != r->checkpoint_day &&
		     civil_local_of(&r->zone, r->now.wall_ms).at_s > 3 * 3600;
	if (wal == 0 && !night)
		return;
	if (!night && wal <= REGISTER_WAL_MAX && now_us - r->last_write_us < REGISTER_IDLE_US)
		return;
	loop_patience();
	r->checkpoint_day = day;
	r->last_write_us =
		now_us; /* one that is held up by a reader is tried again after a pause */
	if (register_store_checkpoint(r->store, night))
		log_warn("checkpoint_failed next=again_when_idle");
}
