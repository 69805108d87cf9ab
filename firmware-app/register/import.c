/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/halfday.h"

#define COLUMNS_MAX 8
#define NAME_CHARS_MAX 100 /* gates-data.json */
#define CLASS_CHARS_MAX 20
#define DATE_SPAN_MAX 400 /* days of one row: more is a slip of the year */

/* The work of one import. On the heap: a CSV reader is large. */
struct job {
	struct register_store *s;
	const struct import_order *order;
	struct import_result *result;
	struct csv csv;
	const struct csv_column *columns;
	int at[COLUMNS_MAX]; /* where the wanted columns stand, -1: not there */
	void *rows; /* of the kind's own type */
	size_t n, max;
};

/* How each kind of file is read; the order of columns is that of its enum. */
struct kind {
	const char *word;
	const struct csv_column *columns;
	size_t n_columns;
	size_t row_size;
	size_t rows_max;
	int (*read)(struct job *job, void *row);
	int (*write)(struct job *job);
};

static int refuse(struct job *job, int column, const char *reason)
{
	if (column >= 0)
		snprintf(job->result->column_name, sizeof(job->result->column_name), "%s",
			job->columns[column].name);
	return csv_refuse(&job->csv, column < 0 ? -1 : job->at[column], reason);
}

static const char *field(const struct job *job, int column)
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

static int read_text(struct job *job, int column, size_t chars_max, bool required, char *ret_text)
{
	const char *text = field(job, column);
	if (!*text && required)
		return refuse(job, column, "is empty");
	if (count_chars(text) > chars_max)
		return refuse(job, column,
			chars_max == CLASS_CHARS_MAX ? "is longer than 20 characters"
						     : "is longer than 100 characters");
	memcpy(ret_text, text, strlen(text) + 1);
	return 0;
}

static int read_pupil_id(struct job *job, int column, int64_t *ret_pupil)
{
	int64_t id = checkin_pupil_parse(field(job, column));
	if (id < 0)
		return refuse(job, column, "is no pupil number of 1 to 10 digits");
	*ret_pupil = id;
	return 0;
}

static int read_known_pupil(struct job *job, int column, int64_t *ret_pupil)
{
	if (read_pupil_id(job, column, ret_pupil))
		return -1;
	if (!roster_pupil_of(job->order->roster, *ret_pupil))
		return refuse(job, column, "no such pupil; import pupils first");
	return 0;
}

static int read_date(struct job *job, int column, bool required, struct civil_date *ret_date)
{
	const char *text = field(job, column);
	*ret_date = (struct civil_date){ 0 };
	if (!*text && !required)
		return 0;
	if (civil_parse_date(text, ret_date))
		return refuse(job, column, "is no date that exists (YYYY-MM-DD)");
	return 0;
}

static int read_half(struct job *job, int column, bool required, enum halfday *ret_half)
{
	const char *text = field(job, column);
	*ret_half = halfday_parse(text);
	if (*ret_half == HALFDAY_NONE && (*text || required))
		return refuse(job, column, "is neither am nor pm");
	return 0;
}

static int check_span(struct job *job, int column, struct civil_date from, struct civil_date to)
{
	int days = civil_day_number(to) - civil_day_number(from);
	if (days < 0)
		return refuse(job, column, "is before from");
	if (days > DATE_SPAN_MAX)
		return refuse(job, column, "is more than 400 days after from");
	return 0;
}

/* ---- pupils ---- */

enum { P_ID, P_LAST, P_FIRST, P_CLASS, P_LANGUAGE };
static const struct csv_column pupil_columns[] = { { "pupil_id", true }, { "last_name", true },
	{ "first_name", true }, { "class", true }, { "language", false } };

struct pupil_row {
	struct roster_pupil pupil;
	long line;
};

static int read_pupil(struct job *job, void *out)
{
	struct pupil_row *row = out;
	struct roster_pupil *p = &row->pupil;
	row->line = job->csv.line;
	if (read_pupil_id(job, P_ID, &p->id) ||
		read_text(job, P_LAST, NAME_CHARS_MAX, true, p->last_name) ||
		read_text(job, P_FIRST, NAME_CHARS_MAX, false, p->first_name) ||
		read_text(job, P_CLASS, CLASS_CHARS_MAX, true, p->class_name))
		return -1;
	if (!strcmp(p->class_name, TIMETABLE_DEFAULT_CLASS))
		return refuse(job, P_CLASS, "* is no class of a pupil");
	p->language = roster_language_parse(field(job, P_LANGUAGE));
	if (*field(job, P_LANGUAGE) && p->language == ROSTER_LANGUAGE_NONE)
		return refuse(job, P_LANGUAGE, "is none of nl, fr, en, de");
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
static int refuse_line(struct job *job, long line, int column, const char *reason)
{
	job->csv.line = line;
	return refuse(job, column, reason);
}

static bool same_pupil(const struct roster_pupil *a, const struct roster_pupil *b)
{
	return a->language == b->language && !strcmp(a->last_name, b->last_name) &&
	       !strcmp(a->first_name, b->first_name) && !strcmp(a->class_name, b->class_name);
}

static const struct pupil_row *row_of_pupil(const struct job *job, int64_t id)
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

static int remove_pupils(struct job *job)
{
	const struct roster *roster = job->order->roster;
	int err = 0;
	for (size_t i = 0; !err && i < roster->n_pupils; i++) {
		if (row_of_pupil(job, roster->pupils[i].id))
			continue;
		job->result->removed++;
		err = register_store_pupil_leave(job->s, roster->pupils[i].id, job->order->now_ms);
	}
	return err;
}

static int write_pupils(struct job *job)
{
	struct pupil_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_pupil_rows);
	for (size_t i = 1; i < job->n; i++)
		if (rows[i].pupil.id == rows[i - 1].pupil.id)
			return refuse_line(job, rows[i].line, P_ID, "stands in the file twice");
	int err = job->order->remove_missing ? remove_pupils(job) : 0;
	if (!job->order->remove_missing &&
		job->n + job->order->roster->n_pupils > ROSTER_PUPILS_MAX) {
		size_t known = 0;
		for (size_t i = 0; i < job->n; i++)
			known += roster_pupil_of(job->order->roster, rows[i].pupil.id) != NULL;
		if (job->n - known + job->order->roster->n_pupils > ROSTER_PUPILS_MAX)
			return refuse_line(job, 0, -1, "makes more than 20,000 pupils");
	}
	for (size_t i = 0; !err && i < job->n; i++) {
		const struct roster_pupil *old =
			roster_pupil_of(job->order->roster, rows[i].pupil.id);
		if (old && same_pupil(old, &rows[i].pupil)) {
			job->result->unchanged++;
			continue;
		}
		if (old)
			job->result->changed++;
		else
			job->result->added++;
		err = register_store_pupil_put(job->s, &rows[i].pupil);
	}
	return err;
}

/* ---- timetable ---- */

enum { T_CLASS, T_WEEKDAY, T_HALF, T_START, T_END };
static const struct csv_column timetable_columns[] = { { "class", true }, { "weekday", true },
	{ "half", true }, { "start", true }, { "end", true } };

struct lesson_row {
	struct timetable_row row;
	long line;
};

static int read_lesson(struct job *job, void *out)
{
	struct lesson_row *line = out;
	struct timetable_row *row = &line->row;
	line->line = job->csv.line;
	if (read_text(job, T_CLASS, CLASS_CHARS_MAX, true, row->class_name))
		return -1;
	row->weekday = timetable_weekday_parse(field(job, T_WEEKDAY));
	if (row->weekday < 0)
		return refuse(job, T_WEEKDAY, "is none of mon, tue, wed, thu, fri, sat, sun");
	if (read_half(job, T_HALF, true, &row->half))
		return -1;
	if (civil_parse_clock(field(job, T_START), &row->slot.start_s))
		return refuse(job, T_START, "is no time of day (HH:MM)");
	if (civil_parse_clock(field(job, T_END), &row->slot.end_s))
		return refuse(job, T_END, "is no time of day (HH:MM)");
	if (row->slot.end_s <= row->slot.start_s)
		return refuse(job, T_END, "is not after start");
	return 0;
}

static int compare_keys(const struct timetable_row *a, const struct timetable_row *b)
{
	int order = strcmp(a->class_name, b->class_name);
	if (!order)
		order = a->weekday - b->weekday;
	return order ? order : (int)a->half - (int)b->half;
}

static int compare_lessons(const void *a, const void *b)
{
	const struct lesson_row *x = a;
	const struct lesson_row *y = b;
	int order = compare_keys(&x->row, &y->row);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int check_lessons(struct job *job)
{
	const struct lesson_row *rows = job->rows;
	for (size_t i = 1; i < job->n; i++) {
		const struct timetable_row *a = &rows[i - 1].row;
		const struct timetable_row *b = &rows[i].row;
		if (strcmp(a->class_name, b->class_name) != 0 || a->weekday != b->weekday)
			continue;
		long later = rows[i].line > rows[i - 1].line ? rows[i].line : rows[i - 1].line;
		if (a->half == b->half)
			return refuse_line(job, later, T_HALF,
				"this class has this half day in the file twice");
		if (b->slot.start_s < a->slot.end_s)
			return refuse_line(job, later, T_START,
				"the afternoon begins before the morning ends");
	}
	return 0;
}

/* Rows that say the same as one of the database; the others are added, or changed where the key is
 * there. Both lists are short: a thousand classes at the most. */
static void compare_timetable(struct job *job)
{
	const struct lesson_row *rows = job->rows;
	const struct roster *roster = job->order->roster;
	long kept = 0;
	for (size_t i = 0; i < roster->n_rows; i++) {
		const struct timetable_row *old = &roster->rows[i];
		size_t low = 0;
		size_t high = job->n;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (compare_keys(&rows[middle].row, old) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low >= job->n || compare_keys(&rows[low].row, old) != 0) {
			job->result->removed++;
			continue;
		}
		kept++;
		if (rows[low].row.slot.start_s == old->slot.start_s &&
			rows[low].row.slot.end_s == old->slot.end_s)
			job->result->unchanged++;
		else
			job->result->changed++;
	}
	job->result->added = (long)job->n - kept;
}

static int write_timetable(struct job *job)
{
	struct lesson_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_lessons);
	if (check_lessons(job))
		return -1;
	compare_timetable(job);
	struct timetable_row *plain = calloc(job->n + 1, sizeof(*plain));
	if (!plain)
		return STORE_ERR_MEMORY;
	for (size_t i = 0; i < job->n; i++)
		plain[i] = rows[i].row;
	int err = register_store_timetable_replace(job->s, plain, job->n);
	free(plain);
	return err;
}

/* ---- calendar ---- */

enum { C_FROM, C_TO, C_HALF, C_NAME };
static const struct csv_column calendar_columns[] = { { "from", true }, { "to", true },
	{ "half", false }, { "name", true } };

struct day_row {
	struct register_store_day_off day;
	long line;
};

static int read_day_off(struct job *job, void *out)
{
	struct day_row *row = out;
	row->line = job->csv.line;
	if (read_date(job, C_FROM, true, &row->day.from) ||
		read_date(job, C_TO, true, &row->day.to) ||
		check_span(job, C_TO, row->day.from, row->day.to) ||
		read_half(job, C_HALF, false, &row->day.half))
		return -1;
	return read_text(job, C_NAME, NAME_CHARS_MAX, true, row->day.name);
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
	struct job *job, const struct register_store_day_off *old, size_t n_old)
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

static int write_calendar(struct job *job)
{
	struct day_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_day_rows);
	for (size_t i = 1; i < job->n; i++)
		if (compare_days(&rows[i - 1].day, &rows[i].day) == 0)
			return refuse_line(
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

/* ---- excused ---- */

enum { E_PUPIL, E_FROM, E_FROM_HALF, E_TO, E_TO_HALF, E_REASON, E_CODE };
static const struct csv_column excused_columns[] = { { "pupil_id", true }, { "from", true },
	{ "from_half", true }, { "to", true }, { "to_half", true }, { "reason", true },
	{ "code", false } };

struct excuse_row {
	struct roster_excuse excuse;
	long line;
};

static int read_excuse(struct job *job, void *out)
{
	struct excuse_row *row = out;
	struct roster_excuse *e = &row->excuse;
	row->line = job->csv.line;
	if (read_known_pupil(job, E_PUPIL, &e->pupil) || read_date(job, E_FROM, true, &e->from) ||
		read_half(job, E_FROM_HALF, true, &e->from_half) ||
		read_date(job, E_TO, true, &e->to) ||
		read_half(job, E_TO_HALF, true, &e->to_half) ||
		check_span(job, E_TO, e->from, e->to))
		return -1;
	if (civil_date_compare(e->from, e->to) == 0 && e->from_half > e->to_half)
		return refuse(job, E_TO_HALF, "is before from_half of the same day");
	int reason = roster_excuse_parse(field(job, E_REASON));
	if (reason < 0)
		return refuse(job, E_REASON,
			"is none of excused, trajectory, internship, excursion, exam_free");
	e->reason = (enum roster_excuse_reason)reason;
	const char *code = field(job, E_CODE);
	/* Official codes of secondary education; B says that a justification is missing, so it
	 * can't stand with an excuse. Source: domain.md section 2. */
	if (*code && (code[1] || !strchr("MRZHP", code[0])))
		return refuse(job, E_CODE, "is none of H, M, P, R, Z");
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
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Both lists by the same key, side by side. */
static int merge_excuses(struct job *job, const struct roster_excuse *old, size_t n_old)
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

static int write_excused(struct job *job)
{
	struct excuse_row *rows = job->rows;
	const struct roster *roster = job->order->roster;
	qsort(rows, job->n, sizeof(*rows), compare_excuse_rows);
	for (size_t i = 1; i < job->n; i++)
		if (compare_excuses(&rows[i - 1].excuse, &rows[i].excuse) == 0)
			return refuse_line(job, rows[i].line, E_PUPIL,
				"these half days stand in the file twice");
	if (!job->order->remove_missing && job->n + roster->n_excuses > ROSTER_EXCUSES_MAX)
		return refuse_line(job, 0, -1, "makes more than 200,000 excuses");
	return merge_excuses(job, roster->excuses, roster->n_excuses);
}

/* ---- cards ---- */

enum { K_UID, K_PUPIL, K_FROM, K_TO };
static const struct csv_column card_columns[] = { { "uid", true }, { "pupil_id", true },
	{ "from", false }, { "to", false } };

struct card_row {
	struct roster_card card;
	long line;
};

static int read_card(struct job *job, void *out)
{
	struct card_row *row = out;
	uint8_t uid[CARD_UID_MAX];
	int len = card_parse_uid(field(job, K_UID), uid);
	row->line = job->csv.line;
	if (len < 0)
		return refuse(job, K_UID, "is no UID of 4, 7 or 10 bytes in hex");
	switch (card_form_of(uid, (size_t)len)) {
	case CARD_FORM_INVALID:
		return refuse(job, K_UID, "can't be a card's UID");
	case CARD_FORM_RANDOM:
		return refuse(job, K_UID,
			"is a random UID (4 bytes from 08): new at each read, of no use as a card");
	case CARD_FORM_TOKEN:
		break;
	}
	secret_card_hash(job->order->key, uid, (size_t)len, row->card.hash.b);
	if (read_known_pupil(job, K_PUPIL, &row->card.pupil) ||
		read_date(job, K_FROM, false, &row->card.from) ||
		read_date(job, K_TO, false, &row->card.to))
		return -1;
	if (row->card.from.year && row->card.to.year &&
		civil_date_compare(row->card.to, row->card.from) < 0)
		return refuse(job, K_TO, "is before from");
	return 0;
}

static int compare_card_rows(const void *a, const void *b)
{
	const struct card_row *x = a;
	const struct card_row *y = b;
	int order = card_hash_compare(x->card.hash, y->card.hash);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int write_card(struct job *job, struct card_row *row)
{
	struct roster_card old;
	int r = register_store_card(job->s, row->card.hash, &old);
	if (r < 0)
		return r;
	if (r > 0 && old.pupil != row->card.pupil)
		return refuse_line(
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
	return register_store_card_put(job->s, &row->card);
}

static int write_cards(struct job *job)
{
	struct card_row *rows = job->rows;
	qsort(rows, job->n, sizeof(*rows), compare_card_rows);
	for (size_t i = 1; i < job->n; i++)
		if (card_hash_compare(rows[i - 1].card.hash, rows[i].card.hash) == 0)
			return refuse_line(job, rows[i].line, K_UID, "stands in the file twice");
	if (job->n + job->order->roster->n_cards > ROSTER_CARDS_MAX)
		return refuse_line(job, 0, -1, "makes more than 100,000 cards");
	int err = 0;
	for (size_t i = 0; !err && i < job->n; i++)
		err = write_card(job, &rows[i]);
	return err;
}

/* ---- all of them ---- */

#define COLUMNS(c) (c), sizeof(c) / sizeof((c)[0])

static const struct kind kinds[] = {
	[IMPORT_NOTHING] = { .word = "" },
	[IMPORT_PUPILS] = { "pupils", COLUMNS(pupil_columns), sizeof(struct pupil_row),
		ROSTER_PUPILS_MAX, read_pupil, write_pupils },
	[IMPORT_TIMETABLE] = { "timetable", COLUMNS(timetable_columns), sizeof(struct lesson_row),
		ROSTER_ROWS_MAX, read_lesson, write_timetable },
	[IMPORT_CALENDAR] = { "calendar", COLUMNS(calendar_columns), sizeof(struct day_row), 1000,
		read_day_off, write_calendar },
	[IMPORT_EXCUSED] = { "excused", COLUMNS(excused_columns), sizeof(struct excuse_row),
		CSV_ROWS_MAX, read_excuse, write_excused },
	[IMPORT_CARDS] = { "cards", COLUMNS(card_columns), sizeof(struct card_row), CSV_ROWS_MAX,
		read_card, write_cards },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum import_what import_what_parse(const char *word)
{
	for (size_t i = 1; word && i < N_KINDS; i++)
		if (!strcmp(kinds[i].word, word))
			return (enum import_what)i;
	return IMPORT_NOTHING;
}

const char *import_what_word(enum import_what what)
{
	return kinds[what].word;
}

static int add_row(struct job *job, const struct kind *kind)
{
	if (job->n >= kind->rows_max)
		return refuse(job, -1, "more rows than a school can have");
	if (job->n == job->max) {
		size_t max = job->max ? 2 * job->max : 256;
		void *rows = realloc(job->rows, max * kind->row_size);
		if (!rows)
			return STORE_ERR_MEMORY;
		job->rows = rows;
		job->max = max;
	}
	char *row = (char *)job->rows + job->n * kind->row_size;
	memset(row, 0, kind->row_size);
	if (kind->read(job, row))
		return -1;
	job->n++;
	return 0;
}

static int read_file(struct job *job, const struct kind *kind, const void *bytes, size_t len)
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
		return refuse_line(job, 0, -1, "has no rows");
	return r;
}

/* -1 is the reader's and the checks' own word for "refused". The one store_err of the same number,
 * STORE_ERR_REHEARSAL, comes from opening alone. */
static void finish(struct job *job, int err)
{
	struct import_result *result = job->result;
	result->rows = (long)job->n;
	if (err == 0) {
		result->end = IMPORT_DONE;
	} else if (err == -1) {
		result->end = IMPORT_REFUSED;
		result->line = job->csv.error_line;
		result->column = job->csv.error_column;
		snprintf(result->reason, sizeof(result->reason), "%s", job->csv.reason);
		result->added = result->changed = result->removed = result->unchanged = 0;
	} else {
		result->end = IMPORT_FAILED;
		result->err = err;
	}
}

void import_run(struct register_store *s, const struct import_order *order, const void *bytes,
	size_t len, struct import_result *ret_result)
{
	const struct kind *kind = &kinds[order->what];
	struct job *job = calloc(1, sizeof(*job));
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

void import_warn_classes(const struct roster *roster, struct import_result *result)
{
	for (size_t i = 0; i < roster->n_classes; i++) {
		const struct roster_class *c = &roster->classes[i];
		bool has_pupils = false;
		for (size_t p = 0; !c->has_lessons && p < roster->n_pupils && !has_pupils; p++)
			has_pupils = roster->pupils[p].class_index == i;
		if (!has_pupils || result->n_warnings >= IMPORT_WARNINGS_MAX)
			continue;
		snprintf(result->warnings[result->n_warnings++], IMPORT_REASON_MAX,
			"class %s has pupils and no lessons in the timetable", c->name);
	}
}
