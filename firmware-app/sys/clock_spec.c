/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/clock_spec.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define YEAR_MIN 1990 /* as far as zone_load() knows the zone */
#define YEAR_MAX 2099
#define SPEED_MIN 0.001
#define SPEED_MAX 100000.0
#define EPOCH_DIGITS 11 /* up to the year 5138 */

/* @width digits as a number, and past them; -1 where there are fewer. */
static int digits(const char **at, int width)
{
	int value = 0;
	for (int i = 0; i < width; i++) {
		if (!isdigit((unsigned char)(*at)[i]))
			return -1;
		value = value * 10 + ((*at)[i] - '0');
	}
	*at += width;
	return value;
}

static bool skip(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; years from 1970. */
static int64_t days_of(int year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int y = year - 1;
	int64_t days = (int64_t)y * 365 + y / 4 - y / 100 + y / 400 - 719162; /* to 1970-01-01 */
	return days + before[month - 1] + (leap && month > 2 ? 1 : 0) + day - 1;
}

static int days_in(int year, int month)
{
	int64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
	return (int)(next - days_of(year, month, 1));
}

/* ".5" and the like as milliseconds, what is finer is cut off; -1 where no digit follows the point. */
static int fraction_ms(const char **at)
{
	if (!skip(at, '.'))
		return 0;
	if (!isdigit((unsigned char)**at))
		return -1;
	int ms = 0, weight = 100;
	for (; isdigit((unsigned char)**at); (*at)++, weight /= 10)
		ms += weight * (**at - '0');
	return ms;
}

/* "Z" or "+01:00" as seconds east of UTC. */
static bool parse_offset(const char **at, int *ret_offset_s)
{
	if (skip(at, 'Z') || skip(at, 'z')) {
		*ret_offset_s = 0;
		return true;
	}
	int sign = **at == '+' ? 1 : -1;
	if (!skip(at, '+') && !skip(at, '-'))
		return false;
	int hour = digits(at, 2);
	bool colon = skip(at, ':');
	int minute = digits(at, 2);
	if (hour < 0 || hour > 23 || !colon || minute < 0 || minute > 59)
		return false;
	*ret_offset_s = sign * (hour * 3600 + minute * 60);
	return true;
}

static bool parse_date(const char **at, int64_t *ret_days)
{
	int year = digits(at, 4);
	if (year < YEAR_MIN || year > YEAR_MAX || !skip(at, '-'))
		return false;
	int month = digits(at, 2);
	if (month < 1 || month > 12 || !skip(at, '-'))
		return false;
	int day = digits(at, 2);
	if (day < 1 || day > days_in(year, month))
		return false;
	*ret_days = days_of(year, month, day);
	return true;
}

static bool parse_instant(const char **at, int64_t *ret_ms)
{
	int64_t days;
	if (!parse_date(at, &days) || (!skip(at, 'T') && !skip(at, 't')))
		return false;
	int hour = digits(at, 2);
	if (hour < 0 || hour > 23 || !skip(at, ':'))
		return false;
	int minute = digits(at, 2);
	if (minute < 0 || minute > 59 || !skip(at, ':'))
		return false;
	int second = digits(at, 2);
	int ms = second < 0 || second > 59 ? -1 : fraction_ms(at);
	int offset_s;
	if (ms < 0 || !parse_offset(at, &offset_s))
		return false;
	int second_of_day = hour * 3600 + minute * 60 + second;
	*ret_ms = (days * 86400 + second_of_day - offset_s) * 1000 + ms;
	return true;
}

static bool parse_epoch(const char **at, int64_t *ret_ms)
{
	int64_t s = 0;
	int n = 0;
	for (; n < EPOCH_DIGITS && isdigit((unsigned char)**at); n++, (*at)++)
		s = s * 10 + (**at - '0');
	int ms = fraction_ms(at);
	if (n == 0 || ms < 0)
		return false;
	*ret_ms = s * 1000 + ms;
	return true;
}

/* By hand, since strtod would want a comma in some locales. */
static bool parse_speed(const char **at, double *ret_speed)
{
	double value = 0, weight = 1;
	const char *start = *at;
	for (; isdigit((unsigned char)**at) && value <= SPEED_MAX; (*at)++)
		value = value * 10 + (**at - '0');
	if (*at == start)
		return false;
	if (skip(at, '.')) {
		if (!isdigit((unsigned char)**at))
			return false;
		for (; isdigit((unsigned char)**at); (*at)++)
			value += (**at - '0') * (weight /= 10);
	}
	*ret_speed = value;
	return value >= SPEED_MIN && value <= SPEED_MAX;
}

int clock_spec_parse(const char *text, struct clock_spec *ret_spec, const char **ret_reason)
{
	struct clock_spec spec = { .speed = 1 };
	const char *at = text;
	const char *reason = NULL;
	if (!parse_instant(&at, &spec.wall_ms))
		reason = "must begin with a date and time from 1990 to 2099, as "
			 "2026-11-23T08:10:00+01:00";
	bool sped = false;
	/* In either order: people remember both parts, not which comes first. */
	while (!reason && ((!spec.anchored && *at == '@') || (!sped && *at == 'x'))) {
		if (skip(&at, '@')) {
			spec.anchored = true;
			if (!parse_epoch(&at, &spec.real_ms))
				reason = "@ must be followed by seconds since 1970, as @1795293078";
		} else if (skip(&at, 'x')) {
			sped = true;
			if (!parse_speed(&at, &spec.speed))
				reason = "x must be followed by a speed from 0.001 to 100000, as "
					 "x60";
		}
	}
	if (!reason && *at)
		reason = "ends in something else than @EPOCH or xSPEED";
	if (reason) {
		*ret_reason = reason;
		return -1;
	}
	*ret_spec = spec;
	return 0;
}
