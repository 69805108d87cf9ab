/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/civil.h"

#include <assert.h>

#define ERA_YEARS 400 /* the Gregorian calendar repeats after this */
#define ERA_DAYS 146097
#define EPOCH_FROM_MARCH_0 719468 /* days from 0000-03-01 to 1970-01-01 */
#define YEAR_MIN 1970
#define YEAR_MAX 9999
/* 9999-12-31T00:00Z, a day before the end, so that every offset still shows a year of four digits. */
#define INSTANT_MAX_MS (INT64_C(253402214400000) - 1)

void civil_zone_add(void *zone, int64_t from_s, int32_t offset_s)
{
	struct civil_zone *z = zone;
	if (z->n_changes == CIVIL_ZONE_CHANGES_MAX)
		return;
	z->change[z->n_changes].from_s = from_s;
	z->change[z->n_changes].offset_s = offset_s;
	z->n_changes++;
}

static int days_in_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool civil_date_valid(struct civil_date date)
{
	return date.year >= YEAR_MIN && date.year <= YEAR_MAX && date.month >= 1 &&
	       date.month <= 12 && date.day >= 1 &&
	       date.day <= days_in_month(date.year, date.month);
}

/*
 * Years are counted from 1 March, so that the leap day is a year's last and a month's first day
 * follows from its number by one division: 153 days are five months from March or August on.
 */
int32_t civil_day_number(struct civil_date date)
{
	int year = date.month > 2 ? date.year : date.year - 1;
	int month = date.month > 2 ? date.month - 3 : date.month + 9;
	int era = year / ERA_YEARS;
	int year_of_era = year - era * ERA_YEARS;
	int day_of_year = (153 * month + 2) / 5 + date.day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * ERA_DAYS + day_of_era - EPOCH_FROM_MARCH_0;
}

struct civil_date civil_date_of_day(int32_t day_number)
{
	int32_t day = day_number + EPOCH_FROM_MARCH_0;
	assert(day >= 0);
	int era = day / ERA_DAYS;
	int day_of_era = day % ERA_DAYS;
	/* The leap days before it taken out: 1,460 days to the fourth year, and so on. */
	int leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / 146096;
	int year_of_era = (day_of_era - leap_days) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (5 * day_of_year + 2) / 153;
	struct civil_date date = { .day = day_of_year - (153 * month + 2) / 5 + 1 };
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = era * ERA_YEARS + year_of_era + (date.month <= 2 ? 1 : 0);
	return date;
}

struct civil_date civil_date_add(struct civil_date date, int days)
{
	return civil_date_of_day(civil_day_number(date) + days);
}

int civil_date_compare(struct civil_date a, struct civil_date b)
{
	if (a.year != b.year)
		return a.year < b.year ? -1 : 1;
	if (a.month != b.month)
		return a.month < b.month ? -1 : 1;
	return (a.day > b.day) - (a.day < b.day);
}

int civil_weekday(struct civil_date date)
{
	/* 1970-01-01 was a Thursday; 7 more keeps the days before it positive. */
	return (civil_day_number(date) % 7 + 3 + 7) % 7;
}

int civil_school_year(struct civil_date date)
{
	return date.month >= 9 ? date.year : date.year - 1;
}

static int32_t offset_at(const struct civil_zone *zone, int64_t at_s)
{
	if (zone->n_changes == 0)
		return 0;
	size_t low = 0; /* the first change holds before itself too */
	size_t high = zone->n_changes;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (zone->change[middle].from_s <= at_s)
			low = middle;
		else
			high = middle;
	}
	return zone->change[low].offset_s;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

static struct civil_local local_at(int64_t at_s, int32_t offset_s)
{
	int64_t wall_s = at_s + offset_s;
	int64_t day = floor_div(wall_s, CIVIL_DAY_S);
	return (struct civil_local){
		.date = civil_date_of_day((int32_t)day),
		.at_s = (int)(wall_s - day * CIVIL_DAY_S),
		.offset_s = offset_s,
	};
}

/* An instant may come from a message or a clock gone wild: it is bounded, never trusted. */
static int64_t bounded(int64_t at_ms)
{
	if (at_ms < 0)
		return 0;
	return at_ms > INSTANT_MAX_MS ? INSTANT_MAX_MS : at_ms;
}

struct civil_local civil_local_of(const struct civil_zone *zone, int64_t at_ms)
{
	int64_t at_s = bounded(at_ms) / 1000;
	return local_at(at_s, offset_at(zone, at_s));
}

int64_t civil_instant_of(const struct civil_zone *zone, struct civil_date date, int at_s)
{
	assert(at_s >= 0 && at_s <= CIVIL_DAY_S);
	int64_t wall_s = (int64_t)civil_day_number(date) * CIVIL_DAY_S + at_s;
	if (zone->n_changes == 0)
		return wall_s * 1000;
	/* The first stretch whose wall clock still gets there: of two readings, the earlier. */
	const struct civil_zone_change *change = zone->change;
	size_t i = 0;
	while (i + 1 < zone->n_changes && wall_s >= change[i + 1].from_s + change[i].offset_s)
		i++;
	int64_t instant_s = wall_s - change[i].offset_s;
	if (i > 0 && instant_s < change[i].from_s) /* skipped: no stretch has this reading */
		instant_s = wall_s - change[i - 1].offset_s;
	return instant_s * 1000;
}

static char *put_digits(char *out, int64_t value, int n)
{
	for (int i = n - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + n;
}

static char *put_char(char *out, char c)
{
	*out = c;
	return out + 1;
}

static char *put_date(char *out, struct civil_date date)
{
	out = put_char(put_digits(out, date.year, 4), '-');
	out = put_char(put_digits(out, date.month, 2), '-');
	return put_digits(out, date.day, 2);
}

static char *put_hour_minute(char *out, int at_s)
{
	out = put_char(put_digits(out, at_s / 3600, 2), ':');
	return put_digits(out, at_s / 60 % 60, 2);
}

void civil_format_time(const struct civil_zone *zone, int64_t at_ms, char *ret_text)
{
	at_ms = bounded(at_ms);
	/* The text has no room for an offset's seconds (local mean time): cut them from both. */
	int32_t offset_s = offset_at(zone, at_ms / 1000);
	offset_s -= offset_s % 60;
	struct civil_local local = local_at(at_ms / 1000, offset_s);
	char *out = put_char(put_date(ret_text, local.date), 'T');
	out = put_char(put_hour_minute(out, local.at_s), ':');
	out = put_char(put_digits(out, local.at_s % 60, 2), '.');
	out = put_digits(out, at_ms % 1000, 3);
	out = put_char(out, offset_s < 0 ? '-' : '+');
	*put_hour_minute(out, offset_s < 0 ? -offset_s : offset_s) = '\0';
}

/* Exactly @n decimal digits. Return: where they end, or NULL; also for a NULL @text. */
static const char *take_digits(const char *text, int n, int *ret_value)
{
	int value = 0;
	for (int i = 0; text && i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return NULL;
		value = value * 10 + (text[i] - '0');
	}
	*ret_value = value;
	return text ? text + n : NULL;
}

static const char *take_char(const char *text, char c)
{
	return text && *text == c ? text + 1 : NULL;
}

static const char *take_date(const char *text, struct civil_date *ret_date)
{
	struct civil_date date = { 0 };
	text = take_char(take_digits(text, 4, &date.year), '-');
	text = take_char(take_digits(text, 2, &date.month), '-');
	text = take_digits(text, 2, &date.day);
	if (!text || !civil_date_valid(date))
		return NULL;
	*ret_date = date;
	return text;
}

static const char *take_hour_minute(const char *text, int *ret_at_s)
{
	int hour = 0;
	int minute = 0;
	text = take_digits(take_char(take_digits(text, 2, &hour), ':'), 2, &minute);
	if (!text || hour > 23 || minute > 59)
		return NULL;
	*ret_at_s = hour * 3600 + minute * 60;
	return text;
}

/* A fraction of a second, cut to milliseconds; no dot is no fraction. */
static const char *take_fraction(const char *text, int *ret_ms)
{
	if (!text || *text != '.')
		return text;
	int value = 0;
	int n = 0;
	for (text++; *text >= '0' && *text <= '9'; text++, n++)
		if (n < 3)
			value = value * 10 + (*text - '0');
	if (n < 1 || n > 9)
		return NULL;
	for (; n < 3; n++)
		value *= 10;
	*ret_ms = value;
	return text;
}

static const char *take_offset(const char *text, int *ret_offset_s)
{
	if (!text)
		return NULL;
	if (*text == 'Z' || *text == 'z')
		return text + 1;
	if (*text != '+' && *text != '-')
		return NULL;
	int offset_s = 0;
	const char *end = take_hour_minute(text + 1, &offset_s);
	*ret_offset_s = *text == '-' ? -offset_s : offset_s;
	return end;
}

int civil_parse_time(const char *text, int64_t *ret_at_ms)
{
	struct civil_date date = { 0 };
	int at_s = 0;
	int second = 0;
	int ms = 0;
	int offset_s = 0;
	text = take_date(text, &date);
	if (!text || (*text != 'T' && *text != 't'))
		return -1;
	text = take_hour_minute(text + 1, &at_s);
	text = take_digits(take_char(text, ':'), 2, &second);
	text = take_offset(take_fraction(text, &ms), &offset_s);
	if (!text || *text || second > 59)
		return -1;
	int64_t wall_s = (int64_t)civil_day_number(date) * CIVIL_DAY_S + at_s + second;
	int64_t at_ms = (wall_s - offset_s) * 1000 + ms;
	if (at_ms != bounded(at_ms))
		return -1;
	*ret_at_ms = at_ms;
	return 0;
}

void civil_format_date(struct civil_date date, char *ret_text)
{
	*put_date(ret_text, date) = '\0';
}

int civil_parse_date(const char *text, struct civil_date *ret_date)
{
	struct civil_date date;
	text = take_date(text, &date);
	if (!text || *text)
		return -1;
	*ret_date = date;
	return 0;
}

void civil_format_clock(int at_s, char *ret_text)
{
	assert(at_s >= 0 && at_s <= CIVIL_DAY_S);
	*put_hour_minute(ret_text, at_s) = '\0';
}

int civil_parse_clock(const char *text, int *ret_at_s)
{
	int at_s = 0;
	text = take_hour_minute(text, &at_s);
	if (!text || *text)
		return -1;
	*ret_at_s = at_s;
	return 0;
}
