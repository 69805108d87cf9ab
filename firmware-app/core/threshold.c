/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/threshold.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/checkin.h"
#include "core/code.h"

#define YEAR_MAX 9999
#define HALVES_MAX 1000 /* half days a row may ask for; a school year has some 330 */
#define DAYS_MAX 366

/* Numbers that aren't known, or no duty anywhere, are off or 0: domain.md section 11. */
const struct threshold_row threshold_shipped[] = {
	{ .name = "contact_parents", .letters = "B", .on = true, .at = 1, .up_to = 4 },
	{ .name = "tell_clb", .letters = "B", .on = true, .at = 5 },
	{ .name = "school_norm", .letters = "B", .at = 10 },
	{ .name = "b30", .letters = "B", .on = true, .at = 30 },
	{ .name = "b30_twice", .letters = "B", .on = true, .at = 30, .last_year_too = true },
	{ .name = "z_clb", .letters = "Z", .from_year = 2027 },
	{ .name = "any_10", .letters = THRESHOLD_EVERY_ABSENCE, .percent = 10, .from_elapsed = 40 },
	{ .name = "late_repeat", .letters = "L", .at = 3, .window_days = 10 },
};

const size_t threshold_n_shipped = sizeof(threshold_shipped) / sizeof(threshold_shipped[0]);

static bool is_within(int value, int min, int max)
{
	return value >= min && value <= max;
}

static bool name_valid(const char *name)
{
	size_t n = 0;
	while (n < THRESHOLD_NAME_MAX && name[n] &&
		strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name[n]))
		n++;
	return n > 0 && n < THRESHOLD_NAME_MAX && !name[n];
}

static bool every_absence(const struct threshold_row *row)
{
	return strcmp(row->letters, THRESHOLD_EVERY_ABSENCE) == 0;
}

bool threshold_row_valid(const struct threshold_row *row)
{
	if (!name_valid(row->name) || !row->letters[0] ||
		!memchr(row->letters, 0, THRESHOLD_LETTERS_MAX))
		return false;
	if (!every_absence(row) && strpbrk(row->letters, "*."))
		return false;
	if (row->percent && (row->up_to || row->window_days || row->last_year_too))
		return false;
	return is_within(row->at, 0, HALVES_MAX) && is_within(row->up_to, 0, HALVES_MAX) &&
	       (!row->up_to || row->up_to >= row->at) && is_within(row->percent, 0, 100) &&
	       is_within(row->from_elapsed, 0, HALVES_MAX) &&
	       is_within(row->window_days, 0, DAYS_MAX) && is_within(row->from_year, 0, YEAR_MAX) &&
	       is_within(row->to_year, 0, YEAR_MAX);
}

static bool is_absence(const struct threshold_half *half)
{
	if (half->code)
		return code_is_absence(code_find(
			code_shipped, code_n_shipped, half->code, civil_school_year(half->date)));
	return half->mark == '-' || (half->mark == 'x' && !half->elsewhere);
}

static bool row_counts(const struct threshold_row *row, const struct threshold_half *half)
{
	if (every_absence(row))
		return is_absence(half);
	return strchr(row->letters, half->code ? half->code : half->mark) != NULL;
}

static bool row_holds(const struct threshold_row *row, int school_year)
{
	return row->on && (row->at > 0 || row->percent > 0) &&
	       (!row->from_year || school_year >= row->from_year) &&
	       (!row->to_year || school_year <= row->to_year);
}

/* A walk along the half days of one school year. */
struct walk {
	const struct threshold_row *row;
	const struct threshold_half *halves;
	size_t first; /* oldest half day that the window holds */
	int days, elapsed,
		count; /* school days in the window; half days so far; those that count */
};

static bool same_day(const struct threshold_half *a, const struct threshold_half *b)
{
	return civil_date_compare(a->date, b->date) == 0;
}

/* The window's oldest school day leaves it. */
static void drop_day(struct walk *w)
{
	const struct threshold_half *oldest = &w->halves[w->first];
	for (; same_day(&w->halves[w->first], oldest); w->first++)
		w->count -= row_counts(w->row, &w->halves[w->first]);
	w->days--;
}

static void take(struct walk *w, size_t i)
{
	const struct threshold_half *half = &w->halves[i];
	if (w->elapsed == 0)
		w->first = i;
	if (w->elapsed == 0 || !same_day(half, half - 1))
		w->days++;
	w->elapsed++;
	if (w->row->window_days && w->days > w->row->window_days)
		drop_day(w);
	w->count += row_counts(w->row, half);
}

static bool is_reached(const struct walk *w)
{
	if (w->row->percent)
		return w->elapsed >= w->row->from_elapsed &&
		       100 * w->count >= w->row->percent * w->elapsed;
	return w->count >= w->row->at;
}

static bool is_before(const struct threshold_half *a, const struct threshold_half *b)
{
	int days = civil_date_compare(a->date, b->date);
	return days < 0 || (days == 0 && a->half < b->half);
}

static int opening_of(const struct threshold_row *row, struct threshold_before before)
{
	bool by_number = !row->percent && !row->window_days;
	return by_number && strchr(row->letters, 'B') ? before.opening_b : 0;
}

struct threshold_tally threshold_tally_of(const struct threshold_row *row, struct civil_date today,
	const struct threshold_half *halves, size_t n_halves, struct threshold_before before)
{
	struct threshold_tally tally = { 0 };
	int school_year = civil_school_year(today);
	if (!row_holds(row, school_year) || (row->last_year_too && before.last_year_b < row->at))
		return tally;
	struct walk w = { .row = row, .halves = halves, .count = opening_of(row, before) };
	tally.count = w.count;
	tally.reached = !row->percent && is_reached(&w);
	for (size_t i = 0; i < n_halves; i++) {
		assert(i == 0 || is_before(&halves[i - 1], &halves[i]));
		if (civil_school_year(halves[i].date) != school_year)
			continue;
		if (civil_date_compare(halves[i].date, today) > 0)
			break;
		take(&w, i);
		if (!row->window_days || w.count > tally.count)
			tally.count = w.count;
		if (!tally.reached && is_reached(&w)) {
			tally.reached = true;
			tally.since = halves[i].date;
		}
	}
	tally.passed = row->up_to && tally.count > row->up_to;
	return tally;
}

void threshold_event_begin(int64_t pupil, const struct threshold_row *row, int school_year,
	struct threshold_event *ret_event)
{
	*ret_event = (struct threshold_event){ .pupil = pupil, .school_year = school_year };
	memcpy(ret_event->row, row->name, sizeof(ret_event->row));
}

void threshold_event_id(const struct threshold_event *event, char *ret_id)
{
	char pupil[11];
	checkin_pupil_format(event->pupil, pupil);
	unsigned year = (unsigned)event->school_year;
	snprintf(ret_id, THRESHOLD_ID_MAX, "%04u-%04u-%s-p%s", year % 10000U, (year + 1) % 10000U,
		event->row, pupil);
}

static enum threshold_state next_state(
	enum threshold_state state, const struct threshold_tally *tally)
{
	bool told = state == THRESHOLD_OPEN || state == THRESHOLD_PASSED;
	if (!tally->reached)
		return told ? THRESHOLD_WITHDRAWN : state;
	if (tally->passed)
		return told ? THRESHOLD_PASSED : state; /* the other row has said it already */
	return THRESHOLD_OPEN;
}

bool threshold_apply(struct threshold_event *event, const struct threshold_row *row,
	const struct threshold_tally *tally, struct civil_date today)
{
	assert(strcmp(event->row, row->name) == 0);
	if (!row_holds(row, event->school_year))
		return false;
	enum threshold_state state = next_state(event->state, tally);
	if (state == event->state)
		return false;
	event->state = state;
	event->revision++;
	event->changed_on = today;
	return true;
}
