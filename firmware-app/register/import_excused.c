/* SPDX-License-Identifier: EUPL-1.2 */
/* Excuses: of a pupil, or of all who are in a class at the moment of the import. */
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"
#include "register/import_internal.h"

#define CLASS_ROWS_MAX 2000 /* of whole classes in a file: each is a walk over all pupils */

enum { E_PUPIL, E_FROM, E_FROM_HALF, E_TO, E_TO_HALF, E_REASON, E_CODE, E_CLASS };
static const struct csv_column columns[] = { { "pupil_id", false, NULL }, { "from", true, NULL },
	{ "from_half", true, NULL }, { "to", true, NULL }, { "to_half", true, NULL },
	{ "reason", true, NULL }, { "code", false, NULL }, { "class", false, NULL } };

struct excuse_row {
	struct roster_excuse excuse; /* pupil 0: of a class, until it is told apart */
	size_t class_index; /* of the roster's; with of_class */
	bool of_class;
	long line;
};

static int compare_name_to_class(const void *key, const void *item)
{
	const struct roster_class *c = item;
	return strcmp(key, c->name);
}

static int read_whose(struct import_job *job, struct excuse_row *row)
{
	const struct roster *roster = job->order->roster;
	const char *name = import_field(job, E_CLASS);
	bool pupil = *import_field(job, E_PUPIL) != 0;
	if (pupil && *name)
		return import_refuse(job, E_CLASS, "stands beside a pupil; one of the two");
	if (pupil)
		return import_read_known_pupil(job, E_PUPIL, &row->excuse.pupil);
	if (!*name && job->at[E_PUPIL] < 0)
		return import_refuse(job, job->at[E_CLASS] < 0 ? -1 : E_CLASS,
			"names neither a pupil (pupil_id) nor a class");
	if (!*name)
		return import_refuse(job, E_PUPIL, "is empty, and no class is named");
	const struct roster_class *found = bsearch(
		name, roster->classes, roster->n_classes, sizeof(*found), compare_name_to_class);
	if (!found)
		return import_refuse(job, E_CLASS, "no such class; import pupils first");
	row->class_index = (size_t)(found - roster->classes);
	row->of_class = true;
	return 0;
}

static int read_excuse(struct import_job *job, void *out)
{
	struct excuse_row *row = out;
	struct roster_excuse *e = &row->excuse;
	row->line = job->csv.line;
	if (read_whose(job, row) || import_read_date(job, E_FROM, true, &e->from) ||
		import_read_half(job, E_FROM_HALF, true, &e->from_half) ||
		import_read_date(job, E_TO, true, &e->to) ||
		import_read_half(job, E_TO_HALF, true, &e->to_half) ||
		import_check_span(job, E_TO, e->from, e->to))
		return -1;
	if (civil_date_compare(e->from, e->to) == 0 && e->from_half > e->to_half)
		return import_refuse(job, E_TO_HALF, "is before from_half of the same day");
	int reason = roster_excuse_parse(import_field(job, E_REASON));
	if (reason < 0)
		return import_refuse(job, E_REASON,
			"is none of excused, trajectory, internship, excursion, exam_free");
	e->reason = (enum roster_excuse_reason)reason;
	const char *code = import_field(job, E_CODE);
	/* Official codes of secondary education; B says that a justification is missing, so it
	 * can't stand with an excuse. Source: domain.md section 2. */
	if (*code && (code[1] || !strchr("MRZHP", code[0])))
		return import_refuse(job, E_CODE, "is none of H, M, P, R, Z");
	e->code = code[0];
	return 0;
}

static int compare_excuses(const struct roster_excuse *a, const struct roster_excuse *b)
{
	if (a->pupil != b->pupil)
		return a->pupil < b->pupil ? -1 : 1;
	int order = civil_date_compare(a->from, b->from);
	if (!order)
		order = (int)a->from_half - (int)b->from_half;
	if (!order)
		order = civil_date_compare(a->to, b->to);
	return order ? order : (int)a->to_half - (int)b->to_half;
}

static int compare_excuse_rows(const void *a, const void *b)
{
	const struct excuse_row *x = a;
	const struct excuse_row *y = b;
	int order = compare_excuses(&x->excuse, &y->excuse);
	if (!order) /* a pupil's own line goes before one of the class */
		order = (int)x->of_class - (int)y->of_class;
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Both lists by the same key, side by side. */
static int merge_excuses(struct import_job *job, const struct roster_excuse *old, size_t n_old)
{
	const struct excuse_row *rows = job->rows;
	size_t i = 0;
	size_t j = 0;
	int err = 0;
	while (!err && (i < job->n || j < n_old)) {
		int order = i == job->n  ? 1
			    : j == n_old ? -1
					 : compare_excuses(&rows[i].excuse, &old[j]);
		bool same = order == 0 && rows[i].excuse.reason == old[j].reason &&
			    rows[i].excuse.code == old[j].code;
		bool gone = order > 0 && job->order->remove_missing;
		job->result->added += order < 0;
		job->result->changed += order == 0 && !same;
		job->result->unchanged += same;
		job->result->removed += gone;
		if (order <= 0 && !same)
			err = register_store_excuse_put(job->s, &rows[i].excuse);
		if (gone)
			err = register_store_excuse_drop(job->s, &old[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return err;
}

/* Each line of a class becomes one a pupil; a line is not left behind: its place is the first's. */
static int expand_class(struct import_job *job, size_t index)
{
	const struct roster *roster = job->order->roster;
	struct excuse_row line = ((struct excuse_row *)job->rows)[index];
	bool any = false;
	for (size_t p = 0; p < roster->n_pupils; p++) {
		if (roster->pupils[p].class_index != line.class_index)
			continue;
		if (job->n >= ROSTER_EXCUSES_MAX)
			return import_refuse_line(job, 0, -1, "makes more than 200,000 excuses");
		struct excuse_row *row = (struct excuse_row *)job->rows + index;
		if (any)
			row = import_more_rows(job, sizeof(*row));
		if (!row)
			return STORE_ERR_MEMORY;
		*row = line;
		row->excuse.pupil = roster->pupils[p].id;
		any = true;
	}
	return any ? 0 : import_refuse_line(job, line.line, E_CLASS, "no pupil is in this class");
}

static int expand_classes(struct import_job *job)
{
	size_t n_classes = 0;
	for (size_t i = 0; i < job->n_read; i++) {
		const struct excuse_row *row = (const struct excuse_row *)job->rows + i;
		if (!row->of_class)
			continue;
		if (++n_classes > CLASS_ROWS_MAX)
			return import_refuse_line(
				job, row->line, E_CLASS, "more than 2,000 lines of whole classes");
		int err = expand_class(job, i);
		if (err)
			return err;
	}
	return 0;
}

/* Of a pupil's own line and one of its class for the same half days the own one stands. */
static int drop_doubles(struct import_job *job)
{
	struct excuse_row *rows = job->rows;
	size_t n = 0;
	for (size_t i = 0; i < job->n; i++) {
		if (n == 0 || compare_excuses(&rows[n - 1].excuse, &rows[i].excuse) != 0) {
			rows[n++] = rows[i];
			continue;
		}
		if (rows[n - 1].of_class == rows[i].of_class)
			return import_refuse_line(job, rows[i].line,
				rows[i].of_class ? E_CLASS : E_PUPIL,
				"these half days stand in the file twice");
	}
	job->n = n;
	return 0;
}

static int write_excused(struct import_job *job)
{
	const struct roster *roster = job->order->roster;
	int err = expand_classes(job);
	if (err)
		return err;
	qsort(job->rows, job->n, sizeof(struct excuse_row), compare_excuse_rows);
	if (drop_doubles(job))
		return -1;
	if (!job->order->remove_missing && job->n + roster->n_excuses > ROSTER_EXCUSES_MAX)
		return import_refuse_line(job, 0, -1, "makes more than 200,000 excuses");
	return merge_excuses(job, roster->excuses, roster->n_excuses);
}

const struct import_kind import_excused = { "excused", IMPORT_COLUMNS(columns),
	sizeof(struct excuse_row), CSV_ROWS_MAX, read_excuse, write_excused };
