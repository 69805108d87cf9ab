/* SPDX-License-Identifier: EUPL-1.2 */
/* The part of store/register_store.h about what is still to be said on care/event. */
#include "store/register_store.h"
#include "store/register_store_internal.h"

int register_store_event_add(struct register_store *s, int64_t at_ms, const char *payload)
{
	struct db_query q = db_query(s->db, EVENT_ADD);
	db_put_int(&q, at_ms);
	db_put_text(&q, payload);
	int err = db_run(&q);
	if (err)
		return err;
	struct db_query bound = db_query(s->db, EVENT_BOUND);
	db_put_int(&bound, REGISTER_STORE_EVENTS_MAX);
	err = db_run(&bound);
	return err ? err : (int)db_changes(s->db);
}

int register_store_events(
	struct register_store *s, int64_t after, int most, register_store_event_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, EVENT_AFTER);
	db_put_int(&q, after);
	db_put_int(&q, most);
	int r;
	while ((r = db_step(&q)) > 0) {
		char payload[REGISTER_STORE_EVENT_BYTES];
		int64_t number = db_get_int(&q);
		db_get_text(&q, payload, sizeof(payload));
		r = take(ctx, number, payload);
		if (r)
			break;
	}
	db_end(&q);
	return r;
}

int register_store_event_drop(struct register_store *s, int64_t through)
{
	struct db_query q = db_query(s->db, EVENT_DROP);
	db_put_int(&q, through);
	return db_run(&q);
}

int64_t register_store_event_last(struct register_store *s)
{
	return register_store_count(s, EVENT_LAST);
}
