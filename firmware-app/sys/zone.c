/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/zone.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64 /* the longest of tzdata has 32 */
#define PATH_MAX_BYTES 1024
#define FIRST_S INT64_C(631152000) /* 1990-01-01T00:00:00Z: older than any pupil */
#define LAST_S INT64_C(4133980800) /* 2101-01-01T00:00:00Z */
#define STEP_S INT64_C(86400) /* no zone changes twice a day: 40,543 samples, some 20 ms */

static bool good_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/";
	size_t n = strlen(name);
	return n > 0 && n < NAME_MAX_BYTES && strspn(name, allowed) == n && name[0] != '/' &&
	       name[n - 1] != '/' && !strstr(name, "//");
}

static bool has_zone(const char *name)
{
	const char *folder = getenv("TZDIR");
	char path[PATH_MAX_BYTES];
	int n = snprintf(path, sizeof(path), "%s/%s",
		folder && *folder ? folder : "/usr/share/zoneinfo", name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	char magic[4]; /* RFC 8536, section 3.1 */
	bool found = read(fd, magic, sizeof(magic)) == sizeof(magic) && !memcmp(magic, "TZif", 4);
	close(fd);
	return found;
}

enum zone_check zone_check(const char *name)
{
	if (!good_name(name))
		return ZONE_NO_SUCH;
	if (has_zone(name))
		return ZONE_FOUND;
	return has_zone("UTC") || has_zone("Etc/UTC") ? ZONE_NO_SUCH : ZONE_NO_TZDATA;
}

static int32_t offset_at(int64_t at_s)
{
	time_t t = (time_t)at_s;
	struct tm tm;
	return localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

/* The first second of the new offset, between @from_s with @offset_s and @to_s with another. */
static int64_t change_between(int64_t from_s, int32_t offset_s, int64_t to_s)
{
	while (to_s - from_s > 1) {
		int64_t middle_s = from_s + (to_s - from_s) / 2;
		if (offset_at(middle_s) == offset_s)
			from_s = middle_s;
		else
			to_s = middle_s;
	}
	return to_s;
}

int zone_load(const char *name, void (*add)(void *ctx, int64_t from_s, int32_t offset_s), void *ctx)
{
	if (zone_check(name) != ZONE_FOUND || setenv("TZ", name, 1))
		return -1;
	tzset();
	int32_t offset_s = offset_at(FIRST_S);
	add(ctx, INT64_MIN, offset_s);
	for (int64_t at_s = FIRST_S; at_s < LAST_S; at_s += STEP_S) {
		int32_t next_s = offset_at(at_s + STEP_S);
		if (next_s == offset_s)
			continue;
		int64_t change_s = change_between(at_s, offset_s, at_s + STEP_S);
		offset_s = next_s;
		add(ctx, change_s, offset_s);
	}
	return 0;
}
