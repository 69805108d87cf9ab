/* SPDX-License-Identifier: EUPL-1.2 */
/* The part of store/register_store.h about what people said and did. */
#include <stdlib.h>
#include <string.h>

#include "store/register_store.h"
#include "store/register_store_internal.h"

#define DETAIL_MAX (ALERT_NOTE_MAX + 400) /* a note, and what it was about */

int register_store_correction_put(
	struct register_store *s, const struct register_store_correction *correction)
{
	char code[2] = { correction->code, 0 };
	struct db_query q = db_query(s->db, CORRECTION_PUT);
	db_put_int(&q, correction->pupil);
	db_put_int(&q, correction->day);
	register_store_put_half(&q, correction->half);
	db_put_int(&q, correction->seen);
	db_put_int(&q, correction->excused);
	db_put_text(&q, code);
	db_put_int(&q, correction->decided);
	db_put_int(&q, correction->at_ms);
	db_put_text(&q, correction->who);
	return db_run(&q);
}

static enum mark_decided decided_of(int64_t number)
{
	return number == MARK_DECIDED               ? MARK_DECIDED
	       : number == MARK_DECIDED_UNCONFIRMED ? MARK_DECIDED_UNCONFIRMED
						    : MARK_UNDECIDED;
}

static int walk_corrections(struct db_query *q, register_store_correction_fn *take, void *ctx)
{
	int r;
	while ((r = db_step(q)) > 0) {
		struct register_store_correction c;
		char code[2];
		memset(&c, 0, sizeof(c));
		c.pupil = db_get_int(q);
		c.day = (int32_t)db_get_int(q);
		c.half = register_store_get_half(q);
		c.seen = db_get_int(q) != 0;
		c.excused = db_get_int(q) != 0;
		db_get_text(q, code, sizeof(code));
		c.code = code[0];
		c.decided = decided_of(db_get_int(q));
		c.at_ms = db_get_int(q);
		db_get_text(q, c.who, sizeof(c.who));
		r = take(ctx, &c);
		if (r)
			break;
	}
	db_end(q);
	return r;
}

int register_store_each_correction(
	struct register_store *s, int32_t day, register_store_correction_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, CORRECTION_DAY);
	db_put_int(&q, day);
	return walk_corrections(&q, take, ctx);
}

int register_store_each_correction_of(struct register_store *s, int64_t pupil, int32_t from,
	int32_t to, register_store_correction_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, CORRECTION_OF);
	db_put_int(&q, pupil);
	db_put_int(&q, from);
	db_put_int(&q, to);
	return walk_corrections(&q, take, ctx);
}

int register_store_done(
	struct register_store *s, struct uuid request, const char *who, char **ret_reply)
{
	struct db_query q = db_query(s->db, COMMAND_DONE_ONE);
	db_put_blob(&q, request.b, sizeof(request.b));
	db_put_text(&q, who);
	int r = db_step(&q);
	if (r > 0) {
		size_t len;
		const void *reply = db_get_bytes(&q, &len);
		*ret_reply = reply ? strndup(reply, len) : strdup("");
		r = *ret_reply ? 1 : STORE_ERR_MEMORY;
	}
	db_end(&q);
	return r;
}

int register_store_done_put(struct register_store *s, struct uuid request, const char *who,
	int64_t at_ms, const char *reply, int64_t forget_before_ms)
{
	struct db_query drop = db_query(s->db, COMMAND_DONE_DROP);
	db_put_int(&drop, forget_before_ms);
	int err = db_run(&drop);
	if (err)
		return err;
	struct db_query q = db_query(s->db, COMMAND_DONE_PUT);
	db_put_blob(&q, request.b, sizeof(request.b));
	db_put_text(&q, who);
	db_put_int(&q, at_ms);
	db_put_text(&q, reply);
	return db_run(&q);
}

int register_store_days_of_card(struct register_store *s, struct card_hash card, int32_t from,
	int32_t to, int32_t *ret_days, size_t max)
{
	struct db_query q = db_query(s->db, CHECKIN_DAYS_OF_CARD);
	db_put_blob(&q, card.b, sizeof(card.b));
	db_put_int(&q, from);
	db_put_int(&q, to);
	db_put_int(&q, (int64_t)max);
	int n = 0;
	int r;
	while ((r = db_step(&q)) > 0 && (size_t)n < max)
		ret_days[n++] = (int32_t)db_get_int(&q);
	db_end(&q);
	return r < 0 ? r : n;
}

int register_store_each_line_of(struct register_store *s, const char *about, int64_t from_ms,
	int64_t to_ms, register_store_line_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, JOURNAL_OF);
	db_put_text(&q, about);
	db_put_int(&q, from_ms);
	db_put_int(&q, to_ms);
	int r;
	while ((r = db_step(&q)) > 0) {
		char who[ALERT_BY_MAX];
		char what[40];
		char text[ALERT_ID_MAX];
		char detail[DETAIL_MAX];
		struct register_store_line line = {
			.who = who, .what = what, .about = text, .detail = detail
		};
		line.at_ms = db_get_int(&q);
		db_get_text(&q, who, sizeof(who));
		db_get_text(&q, what, sizeof(what));
		db_get_text(&q, text, sizeof(text));
		db_get_text(&q, detail, sizeof(detail));
		r = take(ctx, &line);
		if (r)
			break;
	}
	db_end(&q);
	return r;
}
