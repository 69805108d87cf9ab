/* SPDX-License-Identifier: EUPL-1.2 */
/* The half of store/register_store.h about check-ins, and what followed from them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/civil.h"
#include "core/halfday.h"
#include "store/register_store.h"
#include "store/register_store_internal.h"

/* ---- check-ins ---- */

static struct register_store_log *find_log(struct register_store *s, struct uuid log)
{
	for (size_t i = 0; i < s->n_logs; i++)
		if (uuid_equal(s->logs[i].log, log))
			return &s->logs[i];
	return NULL;
}

static int number_known(
	struct register_store *s, struct uuid log, int64_t seq, struct register_store_known *known)
{
	struct db_query q = db_query(s->db, NUMBER_ONE);
	db_put_blob(&q, log.b, sizeof(log.b));
	db_put_int(&q, seq);
	int r = db_step(&q);
	if (r > 0) {
		known->number_known = true;
		db_get_blob(&q, known->number_id.b, sizeof(known->number_id.b));
	}
	db_end(&q);
	return r < 0 ? r : 0;
}

static int id_known(struct register_store *s, struct uuid id, struct register_store_known *known)
{
	struct db_query q = db_query(s->db, CHECKIN_ONE);
	db_put_blob(&q, id.b, sizeof(id.b));
	int r = db_step(&q);
	if (r > 0) {
		known->id_known = true;
		known->revision = (int)db_get_int(&q);
		known->day = (int32_t)db_get_int(&q);
	}
	db_end(&q);
	return r < 0 ? r : 0;
}

int register_store_known(struct register_store *s, struct uuid log, int64_t seq, struct uuid id,
	struct register_store_known *ret_known)
{
	struct register_store_known known = { 0 };
	const struct register_store_log *l = find_log(s, log);
	bool new_number = l && l->none_above && seq > l->through;
	int err = new_number ? 0 : number_known(s, log, seq, &known);
	if (!err)
		err = id_known(s, id, &known);
	if (!err)
		err = register_store_through(s, log, &known.through);
	struct register_store_retention run = { .run_ms = -1 };
	if (!err && !known.number_known && seq <= known.through)
		err = register_store_retention(s, &run);
	if (run.run_ms >= 0)
		known.kept_from_ms = run.kept_from * INT64_C(86400000);
	if (!err)
		*ret_known = known;
	return err;
}

int register_store_checkin_put(
	struct register_store *s, const struct checkin *c, int32_t day, int64_t received_ms)
{
	struct db_query q = db_query(s->db, CHECKIN_PUT);
	db_put_blob(&q, c->id.b, sizeof(c->id.b));
	db_put_int(&q, c->revision);
	db_put_int(&q, received_ms);
	db_put_blob(&q, c->log.b, sizeof(c->log.b));
	db_put_int(&q, c->seq);
	db_put_text(&q, c->gate);
	db_put_text(&q, checkin_result_word(c->result));
	db_put_int(&q, c->at_ms);
	db_put_text(&q, checkin_clock_word(c->clock));
	db_put_int(&q, c->clock_error_ms);
	db_put_blob(&q, c->boot.b, sizeof(c->boot.b));
	db_put_int(&q, c->boot_ms);
	db_put_int(&q, c->pupil);
	db_put_blob(&q, c->card.b, sizeof(c->card.b));
	register_store_put_date(&q, c->date);
	register_store_put_half(&q, c->half);
	db_put_int(&q, c->minutes_late);
	db_put_int(&q, c->source);
	db_put_int(&q, day);
	return db_run(&q);
}

static bool get_checkin(struct db_query *q, struct checkin *ret_c, int64_t *ret_received_ms)
{
	char word[32];
	memset(ret_c, 0, sizeof(*ret_c));
	bool sound = db_get_blob(q, ret_c->id.b, sizeof(ret_c->id.b));
	ret_c->revision = (int)db_get_int(q);
	*ret_received_ms = db_get_int(q);
	sound &= db_get_blob(q, ret_c->log.b, sizeof(ret_c->log.b));
	ret_c->seq = db_get_int(q);
	db_get_text(q, ret_c->gate, sizeof(ret_c->gate));
	db_get_text(q, word, sizeof(word));
	ret_c->result = checkin_result_parse(word);
	ret_c->at_ms = db_get_int(q);
	db_get_text(q, word, sizeof(word));
	int clock = checkin_clock_parse(word);
	ret_c->clock = clock < 0 ? CHECKIN_CLOCK_UNKNOWN : (enum checkin_clock)clock;
	ret_c->clock_error_ms = db_get_int(q);
	sound &= db_get_blob(q, ret_c->boot.b, sizeof(ret_c->boot.b));
	ret_c->boot_ms = db_get_int(q);
	ret_c->pupil = db_get_int(q);
	sound &= db_get_blob(q, ret_c->card.b, sizeof(ret_c->card.b));
	ret_c->date = register_store_get_date(q);
	ret_c->half = register_store_get_half(q);
	ret_c->minutes_late = (int)db_get_int(q);
	ret_c->source = db_get_int(q) ? CHECKIN_SOURCE_DESK : CHECKIN_SOURCE_CARD;
	return sound;
}

static int read_through(struct register_store *s, struct uuid log, int64_t *ret_through)
{
	struct db_query q = db_query(s->db, LOG_ONE);
	db_put_blob(&q, log.b, sizeof(log.b));
	int r = db_step(&q);
	if (r >= 0)
		*ret_through = r > 0 ? db_get_int(&q) : 0;
	db_end(&q);
	return r < 0 ? r : 0;
}

int register_store_through(struct register_store *s, struct uuid log, int64_t *ret_through)
{
	const struct register_store_log *l = find_log(s, log);
	if (!l)
		return read_through(s, log, ret_through);
	*ret_through = l->through;
	return 0;
}

/* A gap ends the walk: what lies behind it waits until the gate has sent what is missing. */
static int walk_on(struct register_store *s, struct register_store_log *l)
{
	struct db_query q = db_query(s->db, NUMBER_AFTER);
	db_put_blob(&q, l->log.b, sizeof(l->log.b));
	db_put_int(&q, l->through);
	int r;
	while ((r = db_step(&q)) > 0) {
		int64_t seq = db_get_int(&q);
		if (seq != l->through + 1)
			break;
		l->through = seq;
	}
	l->none_above = r == 0;
	db_end(&q);
	return r < 0 ? r : 0;
}

static int put_log(struct register_store *s, const struct register_store_log *l)
{
	struct db_query put = db_query(s->db, LOG_PUT);
	db_put_blob(&put, l->log.b, sizeof(l->log.b));
	db_put_text(&put, l->gate);
	db_put_int(&put, l->through);
	return db_run(&put);
}

int register_store_logs_put(struct register_store *s)
{
	int err = 0;
	for (size_t i = 0; i < s->n_logs && !err; i++) {
		if (s->logs[i].changed)
			err = put_log(s, &s->logs[i]);
		s->logs[i].changed = false;
	}
	return err;
}

/* The log among those of this transaction; where there is no room, all of them are written first. */
static int open_log(struct register_store *s, struct uuid log, struct register_store_log **ret_log)
{
	struct register_store_log *l = find_log(s, log);
	if (!l) {
		int err = s->n_logs < REGISTER_STORE_LOGS_MAX ? 0 : register_store_logs_put(s);
		if (err)
			return err;
		if (s->n_logs == REGISTER_STORE_LOGS_MAX)
			s->n_logs = 0;
		struct register_store_log fresh = { .log = log };
		err = read_through(s, log, &fresh.through);
		if (err)
			return err;
		l = &s->logs[s->n_logs++];
		*l = fresh;
	}
	*ret_log = l;
	return 0;
}

static int add_number(struct register_store *s, struct uuid log, int64_t seq, const struct uuid *id)
{
	struct db_query add = db_query(s->db, NUMBER_ADD);
	db_put_blob(&add, log.b, sizeof(log.b));
	db_put_int(&add, seq);
	if (id)
		db_put_blob(&add, id->b, sizeof(id->b));
	else
		db_put_null(&add);
	return db_run(&add);
}

int register_store_number_put(struct register_store *s, struct uuid log, int64_t seq,
	const char *gate, const struct uuid *id, int64_t *ret_through)
{
	struct register_store_log *l = NULL;
	assert(s->in_transaction);
	int err = add_number(s, log, seq, id);
	if (!err)
		err = open_log(s, log, &l);
	if (err)
		return err;
	if (l->none_above && seq == l->through + 1)
		l->through = seq;
	else
		err = walk_on(s, l);
	l->changed = true;
	snprintf(l->gate, sizeof(l->gate), "%s", gate);
	if (!err)
		*ret_through = l->through;
	return err;
}

int register_store_refuse(struct register_store *s, const struct register_store_refused *refused,
	const void *payload, size_t len)
{
	struct db_query q = db_query(s->db, REFUSED_ADD);
	db_put_blob(&q, refused->log.b, sizeof(refused->log.b));
	db_put_int(&q, refused->seq);
	db_put_text(&q, refused->gate);
	db_put_text(&q, refused->reason);
	db_put_int(&q, refused->received_ms);
	db_put_blob(&q, payload, len);
	return db_run(&q);
}

int register_store_refused(
	struct register_store *s, struct register_store_refused *ret_refused, size_t max)
{
	struct db_query q = db_query(s->db, REFUSED_LAST);
	db_put_int(&q, (int64_t)max);
	int n = 0;
	int r;
	while ((r = db_step(&q)) > 0 && (size_t)n < max) {
		struct register_store_refused *one = &ret_refused[n++];
		db_get_blob(&q, one->log.b, sizeof(one->log.b));
		one->seq = db_get_int(&q);
		db_get_text(&q, one->gate, sizeof(one->gate));
		db_get_text(&q, one->reason, sizeof(one->reason));
		one->received_ms = db_get_int(&q);
	}
	db_end(&q);
	return r < 0 ? r : n;
}

int register_store_refused_of(
	struct register_store *s, struct uuid log, int64_t seq, char *ret_reason)
{
	struct db_query q = db_query(s->db, REFUSED_ONE);
	db_put_blob(&q, log.b, sizeof(log.b));
	db_put_int(&q, seq);
	int r = db_step(&q);
	if (r > 0)
		db_get_text(&q, ret_reason, REGISTER_STORE_REASON_MAX);
	db_end(&q);
	return r;
}

int register_store_has_conflict(struct register_store *s, struct uuid log)
{
	struct db_query q = db_query(s->db, REFUSED_CONFLICT);
	db_put_blob(&q, log.b, sizeof(log.b));
	db_put_text(&q, REGISTER_STORE_CONFLICT);
	int r = db_step(&q);
	db_end(&q);
	return r;
}

int register_store_each_checkin(
	struct register_store *s, int32_t day, register_store_checkin_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, CHECKIN_DAY);
	db_put_int(&q, day);
	int r;
	while ((r = db_step(&q)) > 0) {
		struct checkin c;
		int64_t received_ms;
		if (!get_checkin(&q, &c, &received_ms))
			r = STORE_ERR_DAMAGED;
		else
			r = take(ctx, &c, received_ms);
		if (r)
			break;
	}
	db_end(&q);
	return r;
}

static int64_t time_or_none(struct db_query *q)
{
	if (!db_is_null(q))
		return db_get_int(q);
	db_skip(q);
	return -1;
}

int register_store_undated(struct register_store *s, int32_t day,
	struct register_store_undated *ret_undated, size_t max)
{
	struct db_query q = db_query(s->db, CHECKIN_UNDATED);
	db_put_int(&q, day);
	db_put_int(&q, (int64_t)max);
	int n = 0;
	int r;
	while ((r = db_step(&q)) > 0 && (size_t)n < max) {
		struct register_store_undated *one = &ret_undated[n++];
		char word[32];
		db_get_text(&q, one->gate, sizeof(one->gate));
		one->pupil = db_get_int(&q);
		db_get_blob(&q, one->card.b, sizeof(one->card.b));
		db_get_text(&q, word, sizeof(word));
		one->result = checkin_result_parse(word);
		one->received_ms = db_get_int(&q);
		one->after_ms = time_or_none(&q);
		one->before_ms = time_or_none(&q);
	}
	db_end(&q);
	return r < 0 ? r : n;
}

int64_t register_store_undated_count(struct register_store *s, int32_t from_day)
{
	struct db_query q = db_query(s->db, CHECKIN_UNDATED_COUNT);
	db_put_int(&q, from_day);
	int r = db_step(&q);
	int64_t n = r > 0 ? db_get_int(&q) : 0;
	db_end(&q);
	return r < 0 ? r : n;
}

/* ---- what followed ---- */

int register_store_mark_put(struct register_store *s, const struct register_store_mark *mark)
{
	bool says_nothing = mark->value == MARK_NONE || mark->value == MARK_AWAITED;
	struct db_query q = db_query(s->db, says_nothing ? MARK_DROP : MARK_PUT);
	db_put_int(&q, mark->day);
	register_store_put_half(&q, mark->half);
	db_put_int(&q, mark->pupil);
	if (says_nothing)
		return db_run(&q);
	char letter[2] = { mark_letter(mark->value), 0 };
	db_put_text(&q, letter);
	db_put_int(&q, mark->value == MARK_UNCONFIRMED);
	db_put_int(&q, mark->minutes_late);
	if (mark->arrived_at_ms >= 0)
		db_put_int(&q, mark->arrived_at_ms);
	else
		db_put_null(&q);
	db_put_text(&q, mark->gate);
	db_put_text(&q, mark->class_name);
	return db_run(&q);
}

static enum mark_value value_of(char letter, bool unconfirmed)
{
	static const enum mark_value values[] = { MARK_PRESENT, MARK_LATE, MARK_ABSENT,
		MARK_EXCUSED };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (mark_letter(values[i]) == letter)
			return values[i] == MARK_ABSENT && unconfirmed ? MARK_UNCONFIRMED
								       : values[i];
	return MARK_NONE;
}

static int walk_marks(struct db_query *q, register_store_mark_fn *take, void *ctx)
{
	int r;
	while ((r = db_step(q)) > 0) {
		struct register_store_mark mark = { 0 };
		char letter[2];
		mark.day = (int32_t)db_get_int(q);
		mark.half = register_store_get_half(q);
		mark.pupil = db_get_int(q);
		db_get_text(q, letter, sizeof(letter));
		mark.value = value_of(letter[0], db_get_int(q) != 0);
		mark.minutes_late = (int)db_get_int(q);
		mark.arrived_at_ms = -1;
		if (db_is_null(q))
			db_skip(q);
		else
			mark.arrived_at_ms = db_get_int(q);
		db_get_text(q, mark.gate, sizeof(mark.gate));
		db_get_text(q, mark.class_name, sizeof(mark.class_name));
		r = take(ctx, &mark);
		if (r)
			break;
	}
	db_end(q);
	return r;
}

int register_store_each_mark(
	struct register_store *s, int32_t day, register_store_mark_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, MARK_DAY);
	db_put_int(&q, day);
	return walk_marks(&q, take, ctx);
}

int register_store_each_mark_of(struct register_store *s, int64_t pupil, int32_t from, int32_t to,
	register_store_mark_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, MARK_OF);
	db_put_int(&q, pupil);
	db_put_int(&q, from);
	db_put_int(&q, to);
	return walk_marks(&q, take, ctx);
}

int register_store_each_mark_between(
	struct register_store *s, int32_t from, int32_t to, register_store_mark_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, MARK_BETWEEN);
	db_put_int(&q, from);
	db_put_int(&q, to);
	return walk_marks(&q, take, ctx);
}

int register_store_alert_put(struct register_store *s, const struct alert *alert)
{
	struct db_query q = db_query(s->db, ALERT_PUT);
	db_put_text(&q, alert->id);
	db_put_int(&q, civil_day_number(alert->date));
	register_store_put_half(&q, alert->half);
	db_put_text(&q, alert_kind_word(alert->kind));
	db_put_text(&q, alert_state_word(alert->state));
	db_put_int(&q, alert->certainty == ALERT_CONFIRMED);
	db_put_int(&q, alert->raised_at_ms);
	db_put_int(&q, alert->changed_at_ms);
	db_put_int(&q, alert->revision);
	db_put_int(&q, alert->pupil);
	db_put_text(&q, alert->gate);
	db_put_text(&q, alert->class_name);
	db_put_blob(&q, alert->card.b, sizeof(alert->card.b));
	db_put_int(&q, alert->expected_at_ms);
	db_put_int(&q, alert->arrived_at_ms);
	db_put_int(&q, alert->minutes_late);
	db_put_int(&q, alert->missing);
	db_put_int(&q, alert->expected);
	db_put_text(&q, alert->acknowledged_by);
	db_put_int(&q, alert->acknowledged_at_ms);
	db_put_text(&q, alert_what_word(alert->what));
	db_put_text(&q, alert->resolved_by);
	db_put_int(&q, alert->resolved_at_ms);
	db_put_text(&q, alert->note);
	return db_run(&q);
}

static void get_alert(struct db_query *q, struct alert *ret_alert)
{
	char word[32];
	memset(ret_alert, 0, sizeof(*ret_alert));
	db_get_text(q, ret_alert->id, sizeof(ret_alert->id));
	ret_alert->date = register_store_get_date(q);
	ret_alert->half = register_store_get_half(q);
	db_get_text(q, word, sizeof(word));
	ret_alert->kind = alert_kind_parse(word);
	db_get_text(q, word, sizeof(word));
	ret_alert->state = alert_state_parse(word);
	ret_alert->certainty = db_get_int(q) ? ALERT_CONFIRMED : ALERT_UNCONFIRMED;
	ret_alert->raised_at_ms = db_get_int(q);
	ret_alert->changed_at_ms = db_get_int(q);
	ret_alert->revision = (int)db_get_int(q);
	ret_alert->pupil = db_get_int(q);
	db_get_text(q, ret_alert->gate, sizeof(ret_alert->gate));
	db_get_text(q, ret_alert->class_name, sizeof(ret_alert->class_name));
	db_get_blob(q, ret_alert->card.b, sizeof(ret_alert->card.b));
	ret_alert->expected_at_ms = db_get_int(q);
	ret_alert->arrived_at_ms = db_get_int(q);
	ret_alert->minutes_late = (int)db_get_int(q);
	ret_alert->missing = (int)db_get_int(q);
	ret_alert->expected = (int)db_get_int(q);
	db_get_text(q, ret_alert->acknowledged_by, sizeof(ret_alert->acknowledged_by));
	ret_alert->acknowledged_at_ms = db_get_int(q);
	db_get_text(q, word, sizeof(word));
	ret_alert->what = alert_what_parse(word);
	db_get_text(q, ret_alert->resolved_by, sizeof(ret_alert->resolved_by));
	ret_alert->resolved_at_ms = db_get_int(q);
	db_get_text(q, ret_alert->note, sizeof(ret_alert->note));
}

static int walk_alerts(struct db_query *q, register_store_alert_fn *take, void *ctx)
{
	int r;
	while ((r = db_step(q)) > 0) {
		struct alert alert;
		get_alert(q, &alert);
		r = take(ctx, &alert);
		if (r)
			break;
	}
	db_end(q);
	return r;
}

int register_store_each_alert(
	struct register_store *s, int32_t day, register_store_alert_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, ALERT_DAY);
	db_put_int(&q, day);
	return walk_alerts(&q, take, ctx);
}

int register_store_each_alert_of(struct register_store *s, int64_t pupil, int32_t from, int32_t to,
	register_store_alert_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, ALERT_OF);
	db_put_int(&q, pupil);
	db_put_int(&q, from);
	db_put_int(&q, to);
	return walk_alerts(&q, take, ctx);
}

int register_store_each_open_alert(
	struct register_store *s, register_store_alert_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, ALERT_IS_OPEN);
	return walk_alerts(&q, take, ctx);
}

int register_store_oldest_open_day(struct register_store *s, int32_t *ret_day)
{
	struct db_query q = db_query(s->db, ALERT_OLDEST);
	int r = db_step(&q);
	if (r > 0) {
		r = !db_is_null(&q);
		if (r)
			*ret_day = (int32_t)db_get_int(&q);
	}
	db_end(&q);
	return r;
}

int register_store_exported_put(struct register_store *s, int32_t day, enum halfday half,
	int64_t pupil, char code, int64_t at_ms)
{
	char text[2] = { code, 0 };
	struct db_query q = db_query(s->db, EXPORTED_PUT);
	db_put_int(&q, day);
	register_store_put_half(&q, half);
	db_put_int(&q, pupil);
	db_put_text(&q, text);
	db_put_int(&q, at_ms);
	return db_run(&q);
}

int register_store_each_exported(struct register_store *s, int32_t day, enum halfday half,
	register_store_exported_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, EXPORTED_HALF);
	db_put_int(&q, day);
	register_store_put_half(&q, half);
	int r;
	while ((r = db_step(&q)) > 0) {
		char code[4];
		int64_t pupil = db_get_int(&q);
		db_get_text(&q, code, sizeof(code));
		r = take(ctx, pupil, code[0]);
		if (r)
			break;
	}
	db_end(&q);
	return r;
}

int register_store_journal(struct register_store *s, int64_t at_ms, const char *who,
	const char *what, const char *about, const char *detail)
{
	struct db_query q = db_query(s->db, JOURNAL_ADD);
	db_put_int(&q, at_ms);
	db_put_text(&q, who);
	db_put_text(&q, what);
	db_put_text(&q, about);
	db_put_text(&q, detail);
	return db_run(&q);
}
