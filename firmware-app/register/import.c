/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"
#include "register/import_internal.h"

#define DATE_SPAN_MAX 400 /* days of one row: more is a slip of the year */

int import_refuse(struct import_job *job, int column, const char *reason)
{
	if (column >= 0)
		snprintf(job->result->column_name, sizeof(job->result->column_name), "%s",
			job->columns[column].name);
	return csv_refuse(&job->csv, column < 0 ? -1 : job->at[column], reason);
}

const char *import_field(const struct import_job *job, int column)
{
	return job->at[column] < 0 ? "" : job->csv.field[job->at[column]];
}

static size_t count_chars(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

int import_read_text(
	struct import_job *job, int column, size_t chars_max, bool required, char *ret_text)
{
	const char *text = import_field(job, column);
	if (!*text && required)
		return import_refuse(job, column, "is empty");
	if (count_chars(text) > chars_max)
		return import_refuse(job, column,
			chars_max == IMPORT_CLASS_CHARS_MAX ? "is longer than 20 characters"
							    : "is longer than 100 characters");
	memcpy(ret_text, text, strlen(text) + 1);
	return 0;
}

static int read_pupil_id(struct import_job *job, int column, int64_t *ret_pupil)
{
	int64_t id = checkin_pupil_parse(import_field(job, column));
	if (id < 0)
		return import_refuse(job, column, "is no pupil number of 1 to 10 digits");
	*ret_pupil = id;
	return 0;
}

int import_read_known_pupil(struct import_job *job, int column, int64_t *ret_pupil)
{
	if (read_pupil_id(job, column, ret_pupil))
		return -1;
	if (!roster_pupil_of(job->order->roster, *ret_pupil))
		return import_refuse(job, column, "no such pupil; import pupils first");
	return 0;
}

int import_read_date(struct import_job *job, int column, bool required, struct civil_date *ret_date)
{
	const char *text = import_field(job, column);
	*ret_date = (struct civil_date){ 0 };
	if (!*text && !required)
		return 0;
	if (civil_parse_date(text, ret_date))
		return import_refuse(job, column, "is no date that exists (YYYY-MM-DD)");
	return 0;
}

int import_read_half(struct import_job *job, int column, bool required, enum halfday *ret_half)
{
	const char *text = import_field(job, column);
	*ret_half = halfday_parse(text);
	if (*ret_half == HALFDAY_NONE && (*text || required))
		return import_refuse(job, column, "is neither am nor pm");
	return 0;
}

int import_check_span(
	struct import_job *job, int column, struct civil_date from, struct civil_date to)
{
	int days = civil_day_number(to) - civil_day_number(from);
	if (days < 0)
		return import_refuse(job, column, "is before from");
	if (days > DATE_SPAN_MAX)
		return import_refuse(job, column, "is more than 400 days after from");
	return 0;
}

/* ---- pupils ---- */

enum { P_ID, P_LAST, P_FIRST, P_CLASS, P_LANGUAGE };

/* As Informat and WISA write them in their lists of pupils; files.md. The package's own number of a pupil
 * is looked for first: a number in the school's roll may be another. */
static const char *const id_names[] = { "uniekenummer", "unieknummer", "unieknr", "leerlingnummer",
	"leerlingnr", "leerlingennummer", "stamnummer", "stamnr", "stamboeknummer", NULL };
static const char *const last_names[] = { "naam", "familienaam", "achternaam", "nom", NULL };
static const char *const first_names[] = { "voornaam", "prenom", NULL };
static const char *const class_names[] = { "klascode", "klas", "klasnaam", "klasgroep", "classe",
	NULL };

static const struct csv_column pupil_columns[] = { { "pupil_id", true, id_names },
	{ "last_name", true, last_names }, { "first_name", true, first_names },
	{ "class", true, class_names }, { "language", false, NULL } };

struct pupil_row {
	struct roster_pupil pupil;
	long line;
};

static int read_pupil(struct import_job *job, void *out)
{
	struct pupil_row *row = out;
	struct roster_pupil *p = &row->pupil;
	row->line = job->csv.line;
	if (read_pupil_id(job, P_ID, &p->id) ||
		import_read_text(job, P_LAST, IMPORT_NAME_CHARS_MAX, true, p->last_name) ||
		import_read_text(job, P_FIRST, IMPORT_NAME_CHARS_MAX, false, p->first_name) ||
		import_read_text(job, P_CLASS, IMPORT_CLASS_CHARS_MAX, true, p->class_name))
		return -1;
	if (!strcmp(p->class_name, TIMETABLE_DEFAULT_CLASS))
		return import_refuse(job, P_CLASS, "* is no class of a pupil");
	p->language = roster_language_parse(import_field(job, P_LANGUAGE));
	if (*import_field(job, P_LANGUAGE) && p->language == ROSTER_LANGUAGE_NONE)
		return import_refuse(job, P_LANGUAGE, "is none of nl, fr, en, de");
	return 0;
}

static int compare_pupil_rows(const void *a, const void *b)
{
	const struct pupil_row *x = a;
	const struct pupil_row *y = b;
	if (x->pupil.id != y->pupil.id)
		return x->pupil.id < y->pupil.id ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

/* After the last row csv->line no longer says where; so the row does. */
int import_refuse_line(struct import_job *job, long line, int column, const char *reason)
{
	job->csv.line = line;
	return import_refuse(job, column, reason);
}

static bool same_pupil(const struct roster_pupil *a, const struct roster_pupil *b)
{
	return a->language == b->language && !strcmp(a->last_name, b->last_name) &&
	       !strcmp(a->first_name, b->first_name) && !strcmp(a->class_name, b->class_name);
}

static const struct pupil_row *row_of_pupil(const struct import_job *job, int64_t id)
{
	const struct pupil_row *rows = job->rows;
	size_t low = 0;
	size_t high = job->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rows[middle].pupil.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < job->n && rows[low].pupil.id == id ? &rows[low] : NULL;
}

static int remove_pupils(struct import_job *job)
{
	const struct roster *roster = job->order->roster;
	int err = 0;
	for (size_t i = 0; !err && i < roster->n_pupils; i++) {
		if (row_of_pupil(job, roster->pupils[i].id))
			continue;
		job->result->left[job->result->removed++] = roster->pupils[i].id;
		err = register_store_pupil_leave(job->s, roster->pupils[i].id, job->order->now_ms);
	}
	return err;
}

/* Pupils of the file are at most as many as a school may have, so each list has room. */
static void note_pupil(struct import_result *result, const struct roster_pupil *old,
	const struct roster_pupil *pupil)
{
	if (!old) {
		result->came[result->added++] = pupil->id;
		return;
	}
	result->changed++;
	if (strcmp(old->class_name, pupil->class_name) != 0)
		result->moved[result->n_moved++] = pupil->id;
}

static int write_pupils(struct import_job *job)
{
	struct pupil_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_pupil_rows);
	for (size_t i = 1; i < job->n; i++)
		if (rows[i].pupil.id == rows[i - 1].pupil.id)
			return import_refuse_line(
				job, rows[i].line, P_ID, "stands in the file twice");
	int err = job->order->remove_missing ? remove_pupils(job) : 0;
	if (!job->order->remove_missing &&
		job->n + job->order->roster->n_pupils > ROSTER_PUPILS_MAX) {
		size_t known = 0;
		for (size_t i = 0; i < job->n; i++)
			known += roster_pupil_of(job->order->roster, rows[i].pupil.id) != NULL;
		if (job->n - known + job->order->roster->n_pupils > ROSTER_PUPILS_MAX)
			return import_refuse_line(job, 0, -1, "makes more than 20,000 pupils");
	}
	for (size_t i = 0; !err && i < job->n; i++) {
		const struct roster_pupil *old =
			roster_pupil_of(job->order->roster, rows[i].pupil.id);
		if (old && same_pupil(old, &rows[i].pupil)) {
			job->result->unchanged++;
			continue;
		}
		note_pupil(job->result, old, &rows[i].pupil);
		err = register_store_pupil_put(job->s, &rows[i].pupil);
	}
	return err;
}

/* ---- calendar ---- */

enum { C_FROM, C_TO, C_HALF, C_NAME };
static const struct csv_column calendar_columns[] = { { "from", true, NULL }, { "to", true, NULL },
	{ "half", false, NULL }, { "name", true, NULL } };

struct day_row {
	struct register_store_day_off day;
	long line;
};

static int read_day_off(struct import_job *job, void *out)
{
	struct day_row *row = out;
	row->line = job->csv.line;
	if (import_read_date(job, C_FROM, true, &row->day.from) ||
		import_read_date(job, C_TO, true, &row->day.to) ||
		import_check_span(job, C_TO, row->day.from, row->day.to) ||
		import_read_half(job, C_HALF, false, &row->day.half))
		return -1;
	return import_read_text(job, C_NAME, IMPORT_NAME_CHARS_MAX, true, row->day.name);
}

static int compare_days(
	const struct register_store_day_off *a, const struct register_store_day_off *b)
{
	int order = civil_date_compare(a->from, b->from);
	if (!order)
		order = civil_date_compare(a->to, b->to);
	return order ? order : (int)a->half - (int)b->half;
}

static int compare_day_rows(const void *a, const void *b)
{
	const struct day_row *x = a;
	const struct day_row *y = b;
	int order = compare_days(&x->day, &y->day);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void compare_calendar(
	struct import_job *job, const struct register_store_day_off *old, size_t n_old)
{
	const struct day_row *rows = job->rows;
	long kept = 0;
	for (size_t i = 0; i < n_old; i++) {
		size_t j = 0;
		while (j < job->n && compare_days(&rows[j].day, &old[i]) != 0)
			j++;
		if (j == job->n) {
			job->result->removed++;
			continue;
		}
		kept++;
		if (!strcmp(rows[j].day.name, old[i].name))
			job->result->unchanged++;
		else
			job->result->changed++;
	}
	job->result->added = (long)job->n - kept;
}

static int write_calendar(struct import_job *job)
{
	struct day_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_day_rows);
	for (size_t i = 1; i < job->n; i++)
		if (compare_days(&rows[i - 1].day, &rows[i].day) == 0)
			return import_refuse_line(
				job, rows[i].line, C_FROM, "these days stand in the file twice");
	struct register_store_day_off *old;
	int n_old = register_store_days_off(job->s, &old);
	if (n_old < 0)
		return n_old;
	compare_calendar(job, old, (size_t)n_old);
	free(old);
	struct register_store_day_off *plain = calloc(job->n + 1, sizeof(*plain));
	if (!plain)
		return STORE_ERR_MEMORY;
	for (size_t i = 0; i < job->n; i++)
		plain[i] = rows[i].day;
	int err = register_store_days_off_replace(job->s, plain, job->n);
	free(plain);
	return err;
}

/* ---- cards ---- */

enum { K_UID, K_PUPIL, K_FROM, K_TO };
static const struct csv_column card_columns[] = { { "uid", true, NULL }, { "pupil_id", true, NULL },
	{ "from", false, NULL }, { "to", false, NULL } };

struct card_row {
	struct roster_card card;
	long line;
};

static int read_card(struct import_job *job, void *out)
{
	struct card_row *row = out;
	uint8_t uid[CARD_UID_MAX];
	int len = card_parse_uid(import_field(job, K_UID), uid);
	row->line = job->csv.line;
	if (len < 0)
		return import_refuse(job, K_UID, "is no UID of 4, 7 or 10 bytes in hex");
	switch (card_form_of(uid, (size_t)len)) {
	case CARD_FORM_INVALID:
		return import_refuse(job, K_UID, "can't be a card's UID");
	case CARD_FORM_RANDOM:
		return import_refuse(job, K_UID,
			"is a random UID (4 bytes from 08): new at each read, of no use as a card");
	case CARD_FORM_TOKEN:
		break;
	}
	secret_card_hash(job->order->key, uid, (size_t)len, row->card.hash.b);
	if (import_read_known_pupil(job, K_PUPIL, &row->card.pupil) ||
		import_read_date(job, K_FROM, false, &row->card.from) ||
		import_read_date(job, K_TO, false, &row->card.to))
		return -1;
	if (row->card.from.year && row->card.to.year &&
		civil_date_compare(row->card.to, row->card.from) < 0)
		return import_refuse(job, K_TO, "is before from");
	return 0;
}

static int compare_card_rows(const void *a, const void *b)
{
	const struct card_row *x = a;
	const struct card_row *y = b;
	int order = card_hash_compare(x->card.hash, y->card.hash);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int write_card(struct import_job *job, struct card_row *row)
{
	struct roster_card old;
	int r = register_store_card(job->s, row->card.hash, &old);
	if (r < 0)
		return r;
	if (r > 0 && old.pupil != row->card.pupil)
		return import_refuse_line(
			job, row->line, K_UID, "is another pupil's card; block it there first");
	if (r > 0 && civil_date_compare(old.from, row->card.from) == 0 &&
		civil_date_compare(old.to, row->card.to) == 0) {
		job->result->unchanged++;
		return 0;
	}
	if (r > 0)
		job->result->changed++;
	else
		job->result->added++;
	row->card.blocked = r > 0 && old.blocked; /* a lost card stays blocked */
	row->card.blocked_at_ms = row->card.blocked ? old.blocked_at_ms : 0;
	return register_store_card_put(job->s, &row->card);
}

static int write_cards(struct import_job *job)
{
	struct card_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_card_rows);
	for (size_t i = 1; i < job->n; i++)
		if (card_hash_compare(rows[i - 1].card.hash, rows[i].card.hash) == 0)
			return import_refuse_line(
				job, rows[i].line, K_UID, "stands in the file twice");
	if (job->n + job->order->roster->n_cards > ROSTER_CARDS_MAX)
		return import_refuse_line(job, 0, -1, "makes more than 100,000 cards");
	int err = 0;
	for (size_t i = 0; !err && i < job->n; i++)
		err = write_card(job, &rows[i]);
	return err;
}

/* ---- all of them ---- */

static const struct import_kind plain_kinds[] = {
	[IMPORT_NOTHING] = { .word = "" },
	[IMPORT_PUPILS] = { "pupils", IMPORT_COLUMNS(pupil_columns), sizeof(struct pupil_row),
		ROSTER_PUPILS_MAX, read_pupil, write_pupils },
	[IMPORT_CALENDAR] = { "calendar", IMPORT_COLUMNS(calendar_columns), sizeof(struct day_row),
		1000, read_day_off, write_calendar },
	[IMPORT_CARDS] = { "cards", IMPORT_COLUMNS(card_columns), sizeof(struct card_row),
		CSV_ROWS_MAX, read_card, write_cards },
};

static const struct import_kind *const kinds[] = {
	[IMPORT_NOTHING] = &plain_kinds[IMPORT_NOTHING],
	[IMPORT_PUPILS] = &plain_kinds[IMPORT_PUPILS],
	[IMPORT_TIMETABLE] = &import_timetable,
	[IMPORT_CALENDAR] = &plain_kinds[IMPORT_CALENDAR],
	[IMPORT_EXCUSED] = &import_excused,
	[IMPORT_CARDS] = &plain_kinds[IMPORT_CARDS],
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum import_what import_what_parse(const char *word)
{
	for (size_t i = 1; word && i < N_KINDS; i++)
		if (!strcmp(kinds[i]->word, word))
			return (enum import_what)i;
	return IMPORT_NOTHING;
}

const char *import_what_word(enum import_what what)
{
	return kinds[what]->word;
}

void *import_more_rows(struct import_job *job, size_t row_size)
{
	if (job->n == job->max) {
		size_t max = job->max ? 2 * job->max : 256;
		void *rows = realloc(job->rows, max * row_size);
		if (!rows)
			return NULL;
		job->rows = rows;
		job->max = max;
	}
	char *row = (char *)job->rows + job->n * row_size;
	memset(row, 0, row_size);
	job->n++;
	return row;
}

static int add_row(struct import_job *job, const struct import_kind *kind)
{
	if (job->n >= kind->rows_max)
		return import_refuse(job, -1, "more rows than a school can have");
	void *row = import_more_rows(job, kind->row_size);
	if (!row)
		return STORE_ERR_MEMORY;
	return kind->read(job, row);
}

static int read_file(
	struct import_job *job, const struct import_kind *kind, const void *bytes, size_t len)
{
	int r;
	if (csv_open(&job->csv, bytes, len) ||
		csv_bind(&job->csv, kind->columns, kind->n_columns, job->at))
		return -1;
	while ((r = csv_next(&job->csv)) > 0) {
		int err = add_row(job, kind);
		if (err)
			return err;
	}
	if (r == 0 && job->n == 0) /* an empty export would take a school's timetable away */
		return import_refuse_line(job, 0, -1, "has no rows");
	job->n_read = job->n;
	return r;
}

/* -1 is the reader's and the checks' own word for "refused". The one store_err of the same number,
 * STORE_ERR_REHEARSAL, comes from opening alone. */
static void finish(struct import_job *job, int err)
{
	struct import_result *result = job->result;
	result->rows = (long)job->n_read;
	if (err == 0) {
		result->end = IMPORT_DONE;
	} else if (err == -1) {
		result->end = IMPORT_REFUSED;
		result->line = job->csv.error_line;
		result->column = job->csv.error_column;
		snprintf(result->reason, sizeof(result->reason), "%s", job->csv.reason);
		result->added = result->changed = result->removed = result->unchanged = 0;
		result->n_moved = 0;
	} else {
		result->end = IMPORT_FAILED;
		result->err = err;
	}
}

void import_run(struct register_store *s, const struct import_order *order, const void *bytes,
	size_t len, struct import_result *ret_result)
{
	const struct import_kind *kind = kinds[order->what];
	struct import_job *job = calloc(1, sizeof(*job));
	memset(ret_result, 0, sizeof(*ret_result));
	if (!job) {
		ret_result->end = IMPORT_FAILED;
		ret_result->err = STORE_ERR_MEMORY;
		return;
	}
	job->s = s;
	job->order = order;
	job->result = ret_result;
	job->columns = kind->columns;
	int err = read_file(job, kind, bytes, len);
	if (!err)
		err = kind->write(job);
	finish(job, err);
	free(job->rows);
	free(job);
}

static bool *classes_with_pupils(const struct roster *roster)
{
	bool *has = calloc(roster->n_classes + 1, sizeof(*has));
	for (size_t i = 0; has && i < roster->n_pupils; i++)
		has[roster->pupils[i].class_index] = true;
	return has;
}

static int list_classes(const struct roster *of, const struct roster *other,
	char (*names)[TIMETABLE_CLASS_MAX], size_t *n)
{
	bool *here = classes_with_pupils(of);
	bool *there = classes_with_pupils(other);
	size_t j = 0;
	for (size_t i = 0; here && there && i < of->n_classes; i++) {
		const char *name = of->classes[i].name; /* both lists are in order of name */
		while (j < other->n_classes && strcmp(other->classes[j].name, name) < 0)
			j++;
		bool both =
			j < other->n_classes && there[j] && !strcmp(other->classes[j].name, name);
		if (!here[i] || both || *n == IMPORT_CLASSES_MAX)
			continue;
		memcpy(names[(*n)++], name, strlen(name) + 1);
	}
	int err = here && there ? 0 : STORE_ERR_MEMORY;
	free(here);
	free(there);
	return err;
}

int import_compare_classes(
	const struct roster *before, const struct roster *after, struct import_result *result)
{
	int err = list_classes(after, before, result->classes_new, &result->n_classes_new);
	return err ? err
		   : list_classes(before, after, result->classes_gone, &result->n_classes_gone);
}
