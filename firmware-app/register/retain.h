/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/retain.h: the daily run that lets go of what is too old, in slices.
 *
 * DESIGN. What goes follows from the date alone (core/retention.h), so a run that was missed, cut off or
 * done twice leaves the same database: after months switched off the first one takes all of it. A slice
 * is a transaction of its own, so that a tap never waits for more than one. What was dropped is counted
 * in the database, and told by `status`. Source: domain.md section 7, R29.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/retention.h"
#include "store/register_store.h"

#define RETAIN_SLICE                                                                               \
	500 /* rows a transaction: some 20 ms on a slow card, library-facts.md section 3 */
#define RETAIN_NOT_FROM_S (7 * 3600) /* the morning's queue: never then */
#define RETAIN_NOT_UNTIL_S (9 * 3600 + 1800)
#define RETAIN_AGAIN_MS (3600 * INT64_C(1000)) /* a store that refused is asked again after this */

/* When it is, by the register's clock. */
struct retain_moment {
	int64_t now_ms;
	bool clock_judges;
	bool idle; /* nothing was written for a while */
};

struct retain {
	struct register_store_retention last; /* as `status` tells it */
	bool running; /* some slices are done, not all */
	struct civil_date day; /* of the run */
	int64_t dropped; /* by this run so far */
	int64_t failed_ms; /* of the last refusal; 0: none */
};

/** retain_open() - what the database knows of the last run. Return: 0 or a store_err. */
int retain_open(struct retain *retain, struct register_store *s);

/** retain_due() - whether a slice may go now: once a day, idle, outside 07:00 to 09:30, and never under a
 * clock that doesn't judge. */
bool retain_due(const struct retain *retain, const struct civil_zone *zone,
	const struct retain_moment *moment);

/**
 * retain_slice() - one slice, when due.
 * No transaction of the caller may be open. Return: 1: more is left, 0: the run is done and noted, or
 * a store_err: nothing of this slice happened.
 */
int retain_slice(struct retain *retain, struct register_store *s, const struct civil_zone *zone,
	struct retention_until until, const struct retain_moment *moment);
