/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/export.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/export_csv.h"

/* A pupil's half day as it is gathered. */
struct entry {
	enum halfday half;
	int64_t pupil;
	enum mark_value mark;
	int minutes_late;
	int64_t arrived_at_ms; /* negative: no tap */
	char code; /* 0: none */
	bool said; /* the code is a person's */
	char exported; /* 0: nothing */
	char class_name[TIMETABLE_CLASS_MAX]; /* of that day; "" not kept */
};

/* One date's, or one half day's. Grows by doubling; a failure shows at the end. */
struct gathering {
	const struct roster *roster;
	struct civil_date date;
	enum halfday only; /* HALFDAY_NONE: both */
	size_t n, max;
	struct entry *entries;
};

static struct entry *add(struct gathering *g)
{
	if (g->n == g->max) {
		size_t max = g->max ? 2 * g->max : 512;
		void *entries = realloc(g->entries, max * sizeof(*g->entries));
		if (!entries)
			return NULL;
		g->entries = entries;
		g->max = max;
	}
	struct entry *e = &g->entries[g->n++];
	*e = (struct entry){ .arrived_at_ms = -1 };
	return e;
}

/* An excuse's code stands for a half day that it excuses; who came in anyway was in. */
static char excuse_code(const struct gathering *g, int64_t pupil, enum halfday half)
{
	const struct roster_excuse *e = roster_excuse_of(g->roster, pupil, g->date, half);
	return e ? e->code : (char)0;
}

static int take_mark(void *ctx, const struct register_store_mark *mark)
{
	struct gathering *g = ctx;
	if (g->only != HALFDAY_NONE && mark->half != g->only)
		return 0;
	struct entry *e = add(g);
	if (!e)
		return STORE_ERR_MEMORY;
	e->half = mark->half;
	e->pupil = mark->pupil;
	e->mark = mark->value;
	e->minutes_late = mark->minutes_late;
	e->arrived_at_ms = mark->arrived_at_ms;
	memcpy(e->class_name, mark->class_name, sizeof(e->class_name));
	/* With B an excuse is none, and the mark says so: the code stands all the same. */
	if (mark->value == MARK_EXCUSED || mark_is_missing(mark->value))
		e->code = excuse_code(g, mark->pupil, mark->half);
	return 0;
}

/* What a person entered goes before what a package said. */
static int take_correction(void *ctx, const struct register_store_correction *correction)
{
	struct gathering *g = ctx;
	if (!correction->code || (g->only != HALFDAY_NONE && correction->half != g->only))
		return 0;
	struct entry *e = add(g);
	if (!e)
		return STORE_ERR_MEMORY;
	e->half = correction->half;
	e->pupil = correction->pupil;
	e->code = correction->code;
	e->said = true;
	return 0;
}

static int take_exported(void *ctx, int64_t pupil, char code)
{
	struct gathering *g = ctx;
	struct entry *e = add(g);
	if (!e)
		return STORE_ERR_MEMORY;
	e->half = g->only;
	e->pupil = pupil;
	e->exported = code;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	if (x->half != y->half)
		return (int)x->half - (int)y->half;
	return (x->pupil > y->pupil) - (x->pupil < y->pupil);
}

/* Several sources say something of the same half day: one entry of them all. */
static void merge(struct gathering *g)
{
	if (g->n == 0)
		return;
	qsort(g->entries, g->n, sizeof(*g->entries), compare_entries);
	size_t n = 0;
	for (size_t i = 1; i < g->n; i++) {
		struct entry *to = &g->entries[n];
		const struct entry *from = &g->entries[i];
		if (compare_entries(to, from) != 0) {
			g->entries[++n] = *from;
			continue;
		}
		if (from->mark != MARK_NONE) {
			to->mark = from->mark;
			to->minutes_late = from->minutes_late;
			to->arrived_at_ms = from->arrived_at_ms;
			memcpy(to->class_name, from->class_name, sizeof(to->class_name));
		}
		if (from->code && (from->said || !to->said))
			to->code = from->code;
		to->said |= from->said;
		to->exported = from->exported ? from->exported : to->exported;
	}
	g->n = n + 1;
}

static int gather_day(struct register_store *s, struct gathering *g)
{
	g->n = 0;
	int err = register_store_each_mark(s, civil_day_number(g->date), take_mark, g);
	if (!err)
		err = register_store_each_correction(
			s, civil_day_number(g->date), take_correction, g);
	return err;
}

long export_informat_rows(struct register_store *s, const struct roster *roster,
	const struct informat_half *half, struct informat_row **ret_rows)
{
	struct gathering g = { .roster = roster, .date = half->date, .only = half->half };
	int err = gather_day(s, &g);
	if (!err)
		err = register_store_each_exported(
			s, civil_day_number(half->date), half->half, take_exported, &g);
	merge(&g);
	struct informat_row *rows = err ? NULL : calloc(g.n + 1, sizeof(*rows));
	if (!err && !rows)
		err = STORE_ERR_MEMORY;
	for (size_t i = 0; !err && i < g.n; i++)
		rows[i] = (struct informat_row){ .pupil = g.entries[i].pupil,
			.mark = g.entries[i].mark,
			.code = g.entries[i].code,
			.exported = g.entries[i].exported };
	free(g.entries);
	if (err)
		return err;
	*ret_rows = rows;
	return (long)g.n;
}

int export_informat_keep(struct register_store *s, const struct informat_half *half,
	const struct informat_row *rows, size_t n_rows, int64_t now_ms)
{
	int err = 0;
	for (size_t i = 0; !err && i < n_rows; i++) {
		char told = informat_exported(&rows[i]);
		if (told)
			err = register_store_exported_put(s, civil_day_number(half->date),
				half->half, rows[i].pupil, told, now_ms);
	}
	return err;
}

static int put_entry(struct register_store *s, const struct gathering *g,
	const struct civil_zone *zone, const struct entry *e, sink_fn *sink, void *ctx)
{
	static const struct roster_pupil nobody;
	struct roster_pupil gone;
	const struct roster_pupil *pupil = roster_pupil_of(g->roster, e->pupil);
	bool left = false;
	int found = pupil ? 1 : register_store_pupil(s, e->pupil, &gone, &left);
	if (found < 0)
		return found;
	if (!pupil)
		pupil = found ? &gone : &nobody;
	struct export_csv_row row = { .date = g->date,
		.half = e->half,
		.pupil = e->pupil,
		.last_name = pupil->last_name,
		.first_name = pupil->first_name,
		.class_name = e->class_name[0] ? e->class_name : pupil->class_name,
		/* With a code alone, before there is a mark: open. */
		.mark = e->mark == MARK_NONE ? MARK_AWAITED : e->mark,
		.code = e->code,
		.arrived_s =
			e->arrived_at_ms < 0 ? -1 : civil_local_of(zone, e->arrived_at_ms).at_s,
		.minutes_late = e->minutes_late };
	return export_csv_row(&row, sink, ctx);
}

int export_csv(struct register_store *s, const struct roster *roster, const struct civil_zone *zone,
	struct civil_date from, struct civil_date to, sink_fn *sink, void *ctx, long *ret_rows)
{
	struct gathering g = { .roster = roster };
	long rows = 0;
	int err = export_csv_begin(sink, ctx);
	assert(civil_date_compare(from, to) <= 0);
	for (int32_t day = civil_day_number(from); !err && day <= civil_day_number(to); day++) {
		g.date = civil_date_of_day(day);
		err = gather_day(s, &g);
		merge(&g);
		for (size_t i = 0; !err && i < g.n; i++)
			err = put_entry(s, &g, zone, &g.entries[i], sink, ctx);
		rows += (long)g.n;
	}
	free(g.entries);
	if (!err)
		*ret_rows = rows;
	return err;
}
