/* SPDX-License-Identifier: EUPL-1.2 */
/* What of store/register_store.h is about figures, and about letting go of what is old. */
#include <assert.h>
#include <string.h>

#include "core/halfday.h"
#include "store/register_store.h"
#include "store/register_store_internal.h"

/* Keys of meta. */
#define META_RUN "retention_run_ms"
#define META_KEPT_FROM "retention_kept_from"
#define META_DROPPED "retention_dropped"

/* ---- figures ---- */

int register_store_counts_put(struct register_store *s, const struct register_store_counts *counts)
{
	struct db_query clear = db_query(s->db, COUNTS_GROUP_CLEAR);
	db_put_int(&clear, counts->day);
	register_store_put_half(&clear, counts->half);
	int err = db_run(&clear);
	struct db_query put = db_query(s->db, COUNTS_PUT);
	db_put_int(&put, counts->day);
	register_store_put_half(&put, counts->half);
	db_put_int(&put, counts->at_ms);
	db_put_int(&put, counts->withheld);
	if (!err)
		err = db_run(&put);
	for (size_t i = 0; !err && i < counts->n_groups; i++) {
		const struct counts_group *g = &counts->groups[i];
		struct db_query q = db_query(s->db, COUNTS_GROUP_PUT);
		db_put_int(&q, counts->day);
		register_store_put_half(&q, counts->half);
		db_put_int(&q, (int64_t)i);
		db_put_text(&q, g->group);
		db_put_int(&q, g->numbers.expected);
		db_put_int(&q, g->numbers.present);
		db_put_int(&q, g->numbers.late);
		db_put_int(&q, g->numbers.absent);
		db_put_int(&q, g->numbers.excused);
		err = db_run(&q);
	}
	return err;
}

static int get_groups(
	struct register_store *s, struct register_store_counts *counts, size_t max_groups)
{
	struct db_query q = db_query(s->db, COUNTS_GROUP_ALL);
	db_put_int(&q, counts->day);
	register_store_put_half(&q, counts->half);
	int r;
	while ((r = db_step(&q)) > 0 && counts->n_groups < max_groups) {
		struct counts_group *g = &counts->groups[counts->n_groups++];
		memset(g, 0, sizeof(*g));
		db_get_text(&q, g->group, sizeof(g->group));
		g->numbers.expected = (int)db_get_int(&q);
		g->numbers.present = (int)db_get_int(&q);
		g->numbers.late = (int)db_get_int(&q);
		g->numbers.absent = (int)db_get_int(&q);
		g->numbers.excused = (int)db_get_int(&q);
	}
	db_end(&q);
	return r < 0 ? r : 0;
}

int register_store_counts(struct register_store *s, int32_t day, enum halfday half,
	struct register_store_counts *counts, size_t max_groups)
{
	struct db_query q = db_query(s->db, COUNTS_ONE);
	db_put_int(&q, day);
	register_store_put_half(&q, half);
	int r = db_step(&q);
	if (r > 0) {
		counts->day = day;
		counts->half = half;
		counts->at_ms = db_get_int(&q);
		counts->withheld = (int)db_get_int(&q);
		counts->n_groups = 0;
	}
	db_end(&q);
	if (r <= 0)
		return r;
	int err = get_groups(s, counts, max_groups);
	return err ? err : 1;
}

/* ---- retention ---- */

/* One slice of one table. Return: how many rows went, or a store_err. */
static int64_t drop(struct register_store *s, int statement,
	const struct register_store_bound *before, int most)
{
	struct db_query q = db_query(s->db, statement);
	db_put_int(&q, before->day);
	db_put_int(&q, before->at_ms);
	db_put_int(&q, most);
	int err = db_run(&q);
	return err ? err : db_changes(s->db);
}

int register_store_drop(
	struct register_store *s, const struct register_store_bound *before, int most)
{
	/* A check-in's number goes first: once its row is gone nothing leads there. Pupils who left go
	 * after their cards. */
	static const int tables[] = { CHECKIN_DROP_NUMBER, CHECKIN_DROP, MARK_DROP_OLD,
		EXPORTED_DROP, CORRECTION_DROP, ALERT_DROP, EXCUSE_DROP_OLD, REFUSED_DROP,
		COMMAND_DONE_DROP_OLD, EVENT_DROP_OLD, JOURNAL_DROP, CARD_DROP, PUPIL_DROP };
	int64_t total = 0;
	assert(most > 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && total < most; i++) {
		int64_t n = drop(s, tables[i], before, most);
		if (n < 0)
			return (int)n;
		/* Numbers hold no person and are of the same check-ins: not counted. */
		total += tables[i] == CHECKIN_DROP_NUMBER ? 0 : n;
	}
	return (int)total;
}

int register_store_retention(struct register_store *s, struct register_store_retention *ret_run)
{
	int64_t kept_from = 0;
	int err = db_meta_int(s->db, META_RUN, -1, &ret_run->run_ms);
	if (!err)
		err = db_meta_int(s->db, META_KEPT_FROM, 0, &kept_from);
	if (!err)
		err = db_meta_int(s->db, META_DROPPED, 0, &ret_run->dropped);
	ret_run->kept_from = (int32_t)kept_from;
	return err;
}

int register_store_retention_put(
	struct register_store *s, const struct register_store_retention *run)
{
	int err = db_meta_put_int(s->db, META_RUN, run->run_ms);
	if (!err)
		err = db_meta_put_int(s->db, META_KEPT_FROM, run->kept_from);
	if (!err)
		err = db_meta_put_int(s->db, META_DROPPED, run->dropped);
	return err;
}

int register_store_closed_put(struct register_store *s, int64_t day)
{
	return db_meta_put_int(s->db, "closed_day", day);
}

int register_store_closed(struct register_store *s, int64_t fallback, int64_t *ret_day)
{
	int64_t day;
	int err = db_meta_int(s->db, "closed_day", -1, &day);
	if (!err && day < 0) {
		day = fallback;
		err = register_store_begin(s);
		if (!err)
			err = register_store_closed_put(s, day);
		err = register_store_end(s, err);
	}
	if (!err)
		*ret_day = day;
	return err;
}
