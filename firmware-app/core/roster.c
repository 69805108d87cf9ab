/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Room for @n things at the end of a block that so far has *@end bytes. Return: where it begins. */
static size_t reserve(size_t *end, size_t n, size_t size)
{
	size_t begin = *end;
	size_t bytes = n * size; /* no overflow: the limits keep all of it below 100 MB */
	size_t align = sizeof(max_align_t);
	*end = begin + (bytes + align - 1) / align * align;
	return begin;
}

struct roster *roster_create(const struct roster_size *size)
{
	if (size->pupils > ROSTER_PUPILS_MAX || size->cards > ROSTER_CARDS_MAX ||
		size->rows > ROSTER_ROWS_MAX || size->days > ROSTER_DAYS_MAX ||
		size->excuses > ROSTER_EXCUSES_MAX || size->changed > ROSTER_CHANGED_MAX)
		return NULL;
	size_t end = 0;
	reserve(&end, 1, sizeof(struct roster));
	size_t pupils = reserve(&end, size->pupils, sizeof(struct roster_pupil));
	size_t cards = reserve(&end, size->cards, sizeof(struct roster_card));
	size_t rows = reserve(&end, size->rows, sizeof(struct timetable_row));
	size_t days = reserve(&end, size->days, sizeof(struct calendar_day));
	size_t excuses = reserve(&end, size->excuses, sizeof(struct roster_excuse));
	size_t changed = reserve(&end, size->changed, sizeof(struct timetable_day));
	/* Each pupil and each row can name a class of its own; pages never used cost nothing. */
	size_t classes = reserve(&end, size->pupils + size->rows, sizeof(struct roster_class));
	char *block = calloc(1, end);
	if (!block)
		return NULL;
	struct roster *roster = (void *)block;
	roster->pupils = (void *)(block + pupils);
	roster->cards = (void *)(block + cards);
	roster->rows = (void *)(block + rows);
	roster->days = (void *)(block + days);
	roster->excuses = (void *)(block + excuses);
	roster->changed = (void *)(block + changed);
	roster->classes = (void *)(block + classes);
	return roster;
}

void roster_destroy(struct roster *roster)
{
	free(roster);
}

static int compare_int64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_pupils(const void *a, const void *b)
{
	const struct roster_pupil *x = a;
	const struct roster_pupil *y = b;
	return compare_int64(x->id, y->id);
}

static int compare_cards(const void *a, const void *b)
{
	const struct roster_card *x = a;
	const struct roster_card *y = b;
	return card_hash_compare(x->hash, y->hash);
}

static int compare_days(const void *a, const void *b)
{
	const struct calendar_day *x = a;
	const struct calendar_day *y = b;
	return civil_date_compare(x->date, y->date);
}

static int compare_changed(const void *a, const void *b)
{
	return timetable_day_compare(a, b);
}

static int compare_classes(const void *a, const void *b)
{
	const struct roster_class *x = a;
	const struct roster_class *y = b;
	return strcmp(x->name, y->name);
}

/* Half days in order of time: the date first. */
static int compare_half_days(
	struct civil_date a, enum halfday a_half, struct civil_date b, enum halfday b_half)
{
	int order = civil_date_compare(a, b);
	return order ? order : (int)a_half - (int)b_half;
}

/* By all fields, so that of two that cover a half day the same one is found on every machine. */
static int compare_excuses(const void *a, const void *b)
{
	const struct roster_excuse *x = a;
	const struct roster_excuse *y = b;
	int order = compare_int64(x->pupil, y->pupil);
	if (!order)
		order = compare_half_days(x->from, x->from_half, y->from, y->from_half);
	if (!order)
		order = compare_half_days(x->to, x->to_half, y->to, y->to_half);
	if (!order)
		order = (int)x->reason - (int)y->reason;
	return order ? order : x->code - y->code;
}

/* qsort() and bsearch() may not be given a NULL array or rely on one; none of ours is NULL. */
static bool sort_unique(
	void *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	const char *at = items;
	qsort(items, n, size, compare);
	for (size_t i = 1; i < n; i++)
		if (compare(at + (i - 1) * size, at + i * size) == 0)
			return false;
	return true;
}

static void name_class(struct roster *roster, const char *name)
{
	struct roster_class *c = &roster->classes[roster->n_classes++];
	*c = (struct roster_class){ 0 };
	memcpy(c->name, name, strlen(name));
}

/* All names, sorted, each kept once. Rejected: inserting in order, quadratic for hostile data. */
static void make_classes(struct roster *roster)
{
	roster->n_classes = 0;
	for (size_t i = 0; i < roster->n_pupils; i++)
		name_class(roster, roster->pupils[i].class_name);
	for (size_t i = 0; i < roster->n_rows; i++)
		if (strcmp(roster->rows[i].class_name, TIMETABLE_DEFAULT_CLASS) != 0)
			name_class(roster, roster->rows[i].class_name);
	qsort(roster->classes, roster->n_classes, sizeof(*roster->classes), compare_classes);
	size_t n = 0;
	for (size_t i = 0; i < roster->n_classes; i++)
		if (n == 0 || compare_classes(&roster->classes[n - 1], &roster->classes[i]) != 0)
			roster->classes[n++] = roster->classes[i];
	roster->n_classes = n;
}

static struct roster_class *class_of_name(const struct roster *roster, const char *name)
{
	struct roster_class key = { 0 };
	memcpy(key.name, name, strlen(name));
	struct roster_class *found =
		bsearch(&key, roster->classes, roster->n_classes, sizeof(key), compare_classes);
	assert(found); /* make_classes() took every name there is */
	return found;
}

/* One walk over the rows for all classes; timetable_week_of() for each would be quadratic. */
static void fill_weeks(struct roster *roster)
{
	struct timetable_week week;
	bool has_default =
		timetable_week_of(roster->rows, roster->n_rows, TIMETABLE_DEFAULT_CLASS, &week);
	for (size_t i = 0; i < roster->n_rows; i++) {
		const struct timetable_row *row = &roster->rows[i];
		if (strcmp(row->class_name, TIMETABLE_DEFAULT_CLASS) == 0)
			continue;
		struct roster_class *c = class_of_name(roster, row->class_name);
		timetable_week_add(&c->week, row);
		c->has_lessons = c->has_own = true;
	}
	for (size_t i = 0; i < roster->n_classes; i++) {
		struct roster_class *c = &roster->classes[i];
		if (c->has_lessons || !has_default)
			continue;
		c->week = week;
		c->has_lessons = true;
	}
}

static bool rows_valid(const struct roster *roster)
{
	for (size_t i = 0; i < roster->n_rows; i++)
		if (!timetable_row_valid(&roster->rows[i]))
			return false;
	for (size_t i = 0; i < roster->n_changed; i++)
		if (!timetable_day_valid(&roster->changed[i]))
			return false;
	return true;
}

int roster_index(struct roster *roster)
{
	if (!rows_valid(roster))
		return -1;
	if (!sort_unique(roster->pupils, roster->n_pupils, sizeof(*roster->pupils), compare_pupils))
		return -1;
	if (roster->n_pupils > 0 && roster->pupils[0].id <= 0)
		return -1;
	if (!sort_unique(roster->cards, roster->n_cards, sizeof(*roster->cards), compare_cards))
		return -1;
	if (!sort_unique(
		    roster->changed, roster->n_changed, sizeof(*roster->changed), compare_changed))
		return -1;
	qsort(roster->days, roster->n_days, sizeof(*roster->days), compare_days);
	qsort(roster->excuses, roster->n_excuses, sizeof(*roster->excuses), compare_excuses);
	make_classes(roster);
	fill_weeks(roster);
	for (size_t i = 0; i < roster->n_pupils; i++) {
		struct roster_pupil *pupil = &roster->pupils[i];
		pupil->class_index =
			(size_t)(class_of_name(roster, pupil->class_name) - roster->classes);
	}
	return 0;
}

static int compare_id_to_pupil(const void *key, const void *item)
{
	const int64_t *id = key;
	const struct roster_pupil *pupil = item;
	return compare_int64(*id, pupil->id);
}

const struct roster_pupil *roster_pupil_of(const struct roster *roster, int64_t id)
{
	return bsearch(&id, roster->pupils, roster->n_pupils, sizeof(*roster->pupils),
		compare_id_to_pupil);
}

static int compare_hash_to_card(const void *key, const void *item)
{
	const struct card_hash *hash = key;
	const struct roster_card *card = item;
	return card_hash_compare(*hash, card->hash);
}

const struct roster_card *roster_card_of(const struct roster *roster, struct card_hash hash)
{
	const struct roster_card *card = bsearch(&hash, roster->cards, roster->n_cards,
		sizeof(*roster->cards), compare_hash_to_card);
	return card && roster_pupil_of(roster, card->pupil) ? card : NULL;
}

bool roster_card_valid(const struct roster_card *card, struct civil_date date)
{
	if (card->blocked)
		return false;
	if (card->from.year && civil_date_compare(date, card->from) < 0)
		return false;
	return !card->to.year || civil_date_compare(date, card->to) <= 0;
}

static bool is_day_off(const struct roster *roster, struct civil_date date, enum halfday half)
{
	size_t low = 0;
	size_t high = roster->n_days;
	while (low < high) { /* the first day not before date */
		size_t middle = low + (high - low) / 2;
		if (civil_date_compare(roster->days[middle].date, date) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	size_t n = 0;
	while (low + n < roster->n_days &&
		civil_date_compare(roster->days[low + n].date, date) == 0)
		n++;
	return calendar_days_off(&roster->days[low], n, date, half);
}

static const struct timetable_slot *changed_slot(const struct roster *roster,
	const char *class_name, struct civil_date date, enum halfday half)
{
	struct timetable_day key = { .date = date, .half = half };
	memcpy(key.class_name, class_name, strlen(class_name));
	const struct timetable_day *found = bsearch(&key, roster->changed, roster->n_changed,
		sizeof(*roster->changed), compare_changed);
	return found ? &found->slot : NULL;
}

const struct timetable_slot *roster_class_slot_of(const struct roster *roster,
	const struct roster_class *class_of, struct civil_date date, enum halfday half)
{
	const struct timetable_slot *slot = changed_slot(roster, class_of->name, date, half);
	if (!slot && !class_of->has_own)
		slot = changed_slot(roster, TIMETABLE_DEFAULT_CLASS, date, half);
	if (!slot)
		slot = timetable_slot_of(&class_of->week, civil_weekday(date), half);
	return slot && !is_day_off(roster, date, half) ? slot : NULL;
}

const struct timetable_slot *roster_slot_of(const struct roster *roster,
	const struct roster_pupil *pupil, struct civil_date date, enum halfday half)
{
	assert(pupil->class_index < roster->n_classes);
	return roster_class_slot_of(roster, &roster->classes[pupil->class_index], date, half);
}

static bool arrives(const struct timetable_slot *slot, int at_s, int until_min)
{
	return slot && at_s >= slot->start_s - ROSTER_ARRIVAL_S &&
	       at_s < slot->start_s + 60 * until_min;
}

bool roster_arrival(const struct roster *roster, struct civil_date date, int at_s, int until_min)
{
	for (size_t i = 0; i < roster->n_classes; i++) {
		const struct roster_class *c = &roster->classes[i];
		if (arrives(roster_class_slot_of(roster, c, date, HALFDAY_AM), at_s, until_min) ||
			arrives(roster_class_slot_of(roster, c, date, HALFDAY_PM), at_s, until_min))
			return true;
	}
	return false;
}

/* A week that is being put together. */
struct week_rows {
	struct timetable_row *rows;
	size_t n, max;
};

static bool put_row(struct week_rows *week, const struct timetable_row *row)
{
	for (size_t i = 0; i < week->n; i++) {
		struct timetable_row *old = &week->rows[i];
		if (old->weekday != row->weekday || old->half != row->half ||
			strcmp(old->class_name, row->class_name) != 0)
			continue;
		old->slot = row->slot;
		return true;
	}
	if (week->n == week->max)
		return false;
	week->rows[week->n++] = *row;
	return true;
}

/* A class that has followed "*" so far takes its rows as own ones, or its one row would be all it has. */
static bool settle_class(struct week_rows *week, const char *name)
{
	size_t n = week->n;
	for (size_t i = 0; i < n; i++)
		if (strcmp(week->rows[i].class_name, name) == 0)
			return true;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(week->rows[i].class_name, TIMETABLE_DEFAULT_CLASS) != 0)
			continue;
		struct timetable_row row = week->rows[i];
		memset(row.class_name, 0, sizeof(row.class_name));
		memcpy(row.class_name, name, strlen(name));
		if (!put_row(week, &row))
			return false;
	}
	return true;
}

static bool put_changed(struct week_rows *week, const struct timetable_day *day)
{
	struct timetable_row row = {
		.weekday = civil_weekday(day->date), .half = day->half, .slot = day->slot
	};
	memcpy(row.class_name, day->class_name, sizeof(row.class_name));
	bool is_default = strcmp(row.class_name, TIMETABLE_DEFAULT_CLASS) == 0;
	return (is_default || settle_class(week, row.class_name)) && put_row(week, &row);
}

size_t roster_rows_from(const struct roster *roster, struct civil_date from,
	struct timetable_row *ret_rows, size_t max)
{
	struct week_rows week = { ret_rows, roster->n_rows, max };
	int first = civil_day_number(from);
	assert(max >= roster->n_rows);
	if (roster->n_rows)
		memcpy(ret_rows, roster->rows, roster->n_rows * sizeof(*ret_rows));
	/* "*" first: classes that leave it take it as it is on its changed days. */
	for (int own = 0; own < 2; own++)
		for (size_t i = 0; i < roster->n_changed; i++) {
			const struct timetable_day *day = &roster->changed[i];
			int offset = civil_day_number(day->date) - first;
			bool is_own = strcmp(day->class_name, TIMETABLE_DEFAULT_CLASS) != 0;
			if (offset < 0 || offset > 6 || is_own != (own == 1))
				continue;
			if (put_changed(&week, day))
				continue;
			memcpy(ret_rows, roster->rows, roster->n_rows * sizeof(*ret_rows));
			return roster->n_rows;
		}
	return week.n;
}

static bool covers(const struct roster_excuse *excuse, struct civil_date date, enum halfday half)
{
	return compare_half_days(excuse->from, excuse->from_half, date, half) <= 0 &&
	       compare_half_days(date, half, excuse->to, excuse->to_half) <= 0;
}

const struct roster_excuse *roster_excuse_of(
	const struct roster *roster, int64_t pupil, struct civil_date date, enum halfday half)
{
	if (!roster_pupil_of(roster, pupil))
		return NULL;
	size_t low = 0;
	size_t high = roster->n_excuses;
	while (low < high) { /* the pupil's first */
		size_t middle = low + (high - low) / 2;
		if (roster->excuses[middle].pupil < pupil)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < roster->n_excuses && roster->excuses[i].pupil == pupil; i++)
		if (covers(&roster->excuses[i], date, half))
			return &roster->excuses[i];
	return NULL;
}

static const char *const language_words[] = {
	[ROSTER_LANGUAGE_NONE] = "",
	[ROSTER_NL] = "nl",
	[ROSTER_FR] = "fr",
	[ROSTER_EN] = "en",
	[ROSTER_DE] = "de",
};

static const char *const excuse_words[] = {
	[ROSTER_EXCUSED] = "excused",
	[ROSTER_TRAJECTORY] = "trajectory",
	[ROSTER_INTERNSHIP] = "internship",
	[ROSTER_EXCURSION] = "excursion",
	[ROSTER_EXAM_FREE] = "exam_free",
};

static int index_of(const char *word, const char *const *words, size_t n_words)
{
	for (size_t i = 0; word && i < n_words; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

const char *roster_language_word(enum roster_language language)
{
	assert((size_t)language < N_OF(language_words));
	return language_words[language];
}

enum roster_language roster_language_parse(const char *word)
{
	int i = index_of(word, language_words, N_OF(language_words));
	return i < 0 ? ROSTER_LANGUAGE_NONE : (enum roster_language)i;
}

const char *roster_excuse_word(enum roster_excuse_reason reason)
{
	assert((size_t)reason < N_OF(excuse_words));
	return excuse_words[reason];
}

int roster_excuse_parse(const char *word)
{
	return index_of(word, excuse_words, N_OF(excuse_words));
}
