/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/timetable.h"

#include <assert.h>
#include <string.h>

#define WEEK_DAYS 7
#define DAY_S 86400

static const char *const weekday_words[WEEK_DAYS] = {
	"mon",
	"tue",
	"wed",
	"thu",
	"fri",
	"sat",
	"sun",
};

static bool lessons_valid(enum halfday half, const struct timetable_slot *slot)
{
	return (half == HALFDAY_AM || half == HALFDAY_PM) && slot->start_s >= 0 &&
	       slot->end_s > slot->start_s && slot->end_s <= DAY_S;
}

bool timetable_row_valid(const struct timetable_row *row)
{
	return row->weekday >= 0 && row->weekday < WEEK_DAYS &&
	       lessons_valid(row->half, &row->slot);
}

bool timetable_day_valid(const struct timetable_day *day)
{
	return civil_date_valid(day->date) && lessons_valid(day->half, &day->slot);
}

int timetable_day_compare(const struct timetable_day *a, const struct timetable_day *b)
{
	int order = civil_date_compare(a->date, b->date);
	if (!order)
		order = strcmp(a->class_name, b->class_name);
	return order ? order : (int)a->half - (int)b->half;
}

void timetable_week_add(struct timetable_week *week, const struct timetable_row *row)
{
	assert(timetable_row_valid(row));
	week->slot[row->weekday][row->half == HALFDAY_PM] = row->slot;
}

/* Return: whether there was a row of exactly this name. */
static bool add_rows_of(const struct timetable_row *rows, size_t n_rows, const char *name,
	struct timetable_week *week)
{
	bool any = false;
	for (size_t i = 0; i < n_rows; i++) {
		if (strcmp(rows[i].class_name, name) != 0)
			continue;
		timetable_week_add(week, &rows[i]);
		any = true;
	}
	return any;
}

bool timetable_week_of(const struct timetable_row *rows, size_t n_rows, const char *class_name,
	struct timetable_week *ret_week)
{
	*ret_week = (struct timetable_week){ 0 };
	return add_rows_of(rows, n_rows, class_name, ret_week) ||
	       add_rows_of(rows, n_rows, TIMETABLE_DEFAULT_CLASS, ret_week);
}

const struct timetable_slot *timetable_slot_of(
	const struct timetable_week *week, int weekday, enum halfday half)
{
	assert(weekday >= 0 && weekday < WEEK_DAYS);
	if (half == HALFDAY_NONE)
		return NULL;
	const struct timetable_slot *slot = &week->slot[weekday][half == HALFDAY_PM];
	return slot->end_s ? slot : NULL;
}

const char *timetable_weekday_word(int weekday)
{
	assert(weekday >= 0 && weekday < WEEK_DAYS);
	return weekday_words[weekday];
}

int timetable_weekday_parse(const char *word)
{
	for (int i = 0; word && i < WEEK_DAYS; i++)
		if (strcmp(word, weekday_words[i]) == 0)
			return i;
	return -1;
}
