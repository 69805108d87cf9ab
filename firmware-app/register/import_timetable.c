/* SPDX-License-Identifier: EUPL-1.2 */
/* The timetable: lines for every week, and lines for one date alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"
#include "register/import_internal.h"

#define WEEK_DAYS 7

enum { T_CLASS, T_WEEKDAY, T_HALF, T_START, T_END, T_DATE };
static const struct csv_column columns[] = { { "class", true, NULL }, { "weekday", true, NULL },
	{ "half", true, NULL }, { "start", true, NULL }, { "end", true, NULL },
	{ "date", false, NULL } };

struct lesson_row {
	struct timetable_row row;
	struct civil_date date; /* all zero: every week */
	long line;
};

/* A date says its weekday; where both are there they must say the same. */
static int read_when(struct import_job *job, struct lesson_row *line)
{
	const char *weekday = import_field(job, T_WEEKDAY);
	if (import_read_date(job, T_DATE, false, &line->date))
		return -1;
	int named = timetable_weekday_parse(weekday);
	if (named < 0 && (*weekday || !line->date.year))
		return import_refuse(
			job, T_WEEKDAY, "is none of mon, tue, wed, thu, fri, sat, sun");
	line->row.weekday = line->date.year ? civil_weekday(line->date) : named;
	if (named >= 0 && named != line->row.weekday)
		return import_refuse(job, T_WEEKDAY, "is not the weekday of this date");
	return 0;
}

static int read_lesson(struct import_job *job, void *out)
{
	struct lesson_row *line = out;
	struct timetable_row *row = &line->row;
	line->line = job->csv.line;
	if (import_read_text(job, T_CLASS, IMPORT_CLASS_CHARS_MAX, true, row->class_name) ||
		read_when(job, line) || import_read_half(job, T_HALF, true, &row->half))
		return -1;
	if (civil_parse_clock(import_field(job, T_START), &row->slot.start_s))
		return import_refuse(job, T_START, "is no time of day (HH:MM)");
	if (civil_parse_clock(import_field(job, T_END), &row->slot.end_s))
		return import_refuse(job, T_END, "is no time of day (HH:MM)");
	if (row->slot.end_s <= row->slot.start_s)
		return import_refuse(job, T_END, "is not after start");
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
	int order = civil_date_compare(x->date, y->date); /* those of every week come first */
	if (!order)
		order = compare_keys(&x->row, &y->row);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static size_t count_weekly(const struct import_job *job)
{
	const struct lesson_row *rows = job->rows;
	size_t n = 0;
	while (n < job->n && !rows[n].date.year)
		n++;
	return n;
}

/* Neighbours: the same class and day, in order of half and line. */
static int check_pair(
	struct import_job *job, const struct lesson_row *a, const struct lesson_row *b)
{
	if (civil_date_compare(a->date, b->date) != 0 || a->row.weekday != b->row.weekday ||
		strcmp(a->row.class_name, b->row.class_name) != 0)
		return 0;
	long later = b->line > a->line ? b->line : a->line;
	if (a->row.half == b->row.half)
		return import_refuse_line(
			job, later, T_HALF, "this class has this half day in the file twice");
	if (b->row.slot.start_s < a->row.slot.end_s)
		return import_refuse_line(
			job, later, T_START, "the afternoon begins before the morning ends");
	return 0;
}

static int find_row(const void *key, const void *item)
{
	const struct lesson_row *a = key;
	const struct lesson_row *b = item;
	int order = civil_date_compare(a->date, b->date);
	return order ? order : compare_keys(&a->row, &b->row);
}

static const struct lesson_row *row_of(
	const struct import_job *job, const struct lesson_row *like, bool weekly, enum halfday half)
{
	struct lesson_row key = *like;
	key.row.half = half;
	if (weekly)
		key.date = (struct civil_date){ 0 };
	return bsearch(&key, job->rows, job->n, sizeof(key), find_row);
}

static bool has_own(const struct import_job *job, size_t n_weekly, const char *class_name)
{
	const struct lesson_row *rows = job->rows;
	size_t low = 0;
	size_t high = n_weekly;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(rows[middle].row.class_name, class_name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n_weekly && !strcmp(rows[low].row.class_name, class_name);
}

/* The other half of a changed day as that class has it then: its own line for the date, else the week's. */
static const struct lesson_row *other_half(
	const struct import_job *job, size_t n_weekly, const struct lesson_row *row)
{
	enum halfday half = row->row.half == HALFDAY_AM ? HALFDAY_PM : HALFDAY_AM;
	const struct lesson_row *other = row_of(job, row, false, half);
	if (other)
		return other;
	struct lesson_row like = *row;
	if (has_own(job, n_weekly, row->row.class_name))
		return row_of(job, &like, true, half);
	memset(like.row.class_name, 0, sizeof(like.row.class_name));
	memcpy(like.row.class_name, TIMETABLE_DEFAULT_CLASS, sizeof(TIMETABLE_DEFAULT_CLASS));
	other = row_of(job, &like, false, half);
	return other ? other : row_of(job, &like, true, half);
}

static int check_changed(struct import_job *job, size_t n_weekly, const struct lesson_row *row)
{
	const struct lesson_row *other = other_half(job, n_weekly, row);
	bool morning = row->row.half == HALFDAY_AM;
	if (!other)
		return 0;
	if (morning && row->row.slot.end_s > other->row.slot.start_s)
		return import_refuse_line(
			job, row->line, T_END, "the afternoon begins before the morning ends");
	if (!morning && row->row.slot.start_s < other->row.slot.end_s)
		return import_refuse_line(
			job, row->line, T_START, "the afternoon begins before the morning ends");
	return 0;
}

static int check_lessons(struct import_job *job, size_t n_weekly)
{
	const struct lesson_row *rows = job->rows;
	for (size_t i = 1; i < job->n; i++)
		if (check_pair(job, &rows[i - 1], &rows[i]))
			return -1;
	for (size_t i = n_weekly; i < job->n; i++)
		if (check_changed(job, n_weekly, &rows[i]))
			return -1;
	return 0;
}

/* What of the database is said again. @old: one of its lines. Return: 1 where the file has its key. */
static long compare_one(struct import_job *job, const struct lesson_row *old)
{
	const struct lesson_row *row = row_of(job, old, false, old->row.half);
	if (!row)
		job->result->removed++;
	else if (row->row.slot.start_s == old->row.slot.start_s &&
		 row->row.slot.end_s == old->row.slot.end_s)
		job->result->unchanged++;
	else
		job->result->changed++;
	return row != NULL;
}

static void compare_timetable(struct import_job *job)
{
	const struct roster *roster = job->order->roster;
	long kept = 0;
	for (size_t i = 0; i < roster->n_rows; i++) {
		struct lesson_row old = { .row = roster->rows[i] };
		kept += compare_one(job, &old);
	}
	for (size_t i = 0; i < roster->n_changed; i++) {
		const struct timetable_day *day = &roster->changed[i];
		struct lesson_row old = { .date = day->date };
		memcpy(old.row.class_name, day->class_name, sizeof(old.row.class_name));
		old.row.weekday = civil_weekday(day->date);
		old.row.half = day->half;
		old.row.slot = day->slot;
		kept += compare_one(job, &old);
	}
	job->result->added = (long)job->n - kept;
}

static int write_weekly(struct import_job *job, size_t n_weekly)
{
	const struct lesson_row *rows = job->rows;
	struct timetable_row *plain = calloc(n_weekly + 1, sizeof(*plain));
	if (!plain)
		return STORE_ERR_MEMORY;
	for (size_t i = 0; i < n_weekly; i++)
		plain[i] = rows[i].row;
	int err = register_store_timetable_replace(job->s, plain, n_weekly);
	free(plain);
	return err;
}

static int write_changed(struct import_job *job, size_t n_weekly)
{
	const struct lesson_row *rows = job->rows;
	size_t n = job->n - n_weekly;
	struct timetable_day *days = calloc(n + 1, sizeof(*days));
	if (!days)
		return STORE_ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct lesson_row *row = &rows[n_weekly + i];
		memcpy(days[i].class_name, row->row.class_name, sizeof(days[i].class_name));
		days[i].date = row->date;
		days[i].half = row->row.half;
		days[i].slot = row->row.slot;
	}
	int err = register_store_timetable_days_replace(job->s, days, n);
	free(days);
	return err;
}

static int write_timetable(struct import_job *job)
{
	qsort(job->rows, job->n, sizeof(struct lesson_row), compare_lessons);
	size_t n_weekly = count_weekly(job);
	if (check_lessons(job, n_weekly))
		return -1;
	compare_timetable(job);
	int err = write_weekly(job, n_weekly);
	return err ? err : write_changed(job, n_weekly);
}

const struct import_kind import_timetable = { "timetable", IMPORT_COLUMNS(columns),
	sizeof(struct lesson_row), ROSTER_ROWS_MAX, read_lesson, write_timetable };

/* ---- warnings ---- */

static bool has_lessons_on(const struct roster_class *c, int weekday)
{
	return timetable_slot_of(&c->week, weekday, HALFDAY_AM) ||
	       timetable_slot_of(&c->week, weekday, HALFDAY_PM);
}

/* "wed, fri": days on which somebody has lessons and this class has none. "" none. */
static void name_free_days(
	const struct roster_class *c, const bool *school_day, char *ret_text, size_t size)
{
	size_t used = 0;
	ret_text[0] = 0;
	for (int d = 0; d < WEEK_DAYS; d++)
		if (school_day[d] && !has_lessons_on(c, d) && used + 6 < size)
			used += (size_t)snprintf(ret_text + used, size - used, "%s%s",
				used ? ", " : "", timetable_weekday_word(d));
}

static void warn_class(
	const struct roster_class *c, const bool *school_day, struct import_result *result)
{
	char days[40];
	name_free_days(c, school_day, days, sizeof(days));
	if (c->has_lessons && !days[0])
		return;
	if (result->n_warnings == IMPORT_WARNINGS_MAX)
		return;
	char *text = result->warnings[result->n_warnings++];
	if (!c->has_lessons)
		snprintf(text, IMPORT_REASON_MAX,
			"class %s has pupils and no lessons in the timetable", c->name);
	else
		snprintf(text, IMPORT_REASON_MAX,
			"class %s has pupils and no lessons on %s, when other classes have",
			c->name, days);
}

void import_warn_classes(const struct roster *roster, struct import_result *result)
{
	bool school_day[WEEK_DAYS] = { false };
	bool *has_pupils = calloc(roster->n_classes + 1, sizeof(*has_pupils));
	if (!has_pupils)
		return; /* a warning less */
	for (size_t p = 0; p < roster->n_pupils; p++)
		has_pupils[roster->pupils[p].class_index] = true;
	for (size_t i = 0; i < roster->n_classes; i++)
		for (int d = 0; has_pupils[i] && d < WEEK_DAYS; d++)
			school_day[d] |= has_lessons_on(&roster->classes[i], d);
	for (size_t i = 0; i < roster->n_classes; i++)
		if (has_pupils[i])
			warn_class(&roster->classes[i], school_day, result);
	free(has_pupils);
}
