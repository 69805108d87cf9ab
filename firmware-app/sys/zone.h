/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/zone.h: the rules of a time zone out of tzdata.
 *
 * glibc silently computes in UTC where the zone's file is missing (library-facts.md section 6), so the file is
 * looked at first. Reads through TZ and localtime_r, at start only, before any thread exists.
 */
#pragma once

#include <stdint.h>

enum zone_check {
	ZONE_FOUND,
	ZONE_NO_SUCH, /* misspelt: there is tzdata, but not this zone */
	ZONE_NO_TZDATA /* no zones at all: a gate still stores its taps, without verdicts (faults.md C5) */
};

/** zone_check() - is there such a zone? Looks at files alone; TZDIR is heeded. */
enum zone_check zone_check(const char *name);

/**
 * zone_load() - tell each change of a zone from 1990 to 2100, in ascending order.
 * @name: a tzdata name ("Europe/Brussels"), no path, no dots
 * @add: called once with the first offset (from_s very small), then for each change
 *
 * TZDIR is heeded. The process's TZ is left set to @name. Return: 0, or -1 where there is no such zone.
 */
int zone_load(
	const char *name, void (*add)(void *ctx, int64_t from_s, int32_t offset_s), void *ctx);
