/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/share.h: a class before and after a date, for a school and a service that look back on what they did together.
 *
 * Pure. Shares come with their numbers, so that nobody reads 100 % of two half days as a trend. A class under
 * SHARE_PUPILS_MIN pupils is for the school's own eyes: share_outside() leaves it out.
 * Source: domain.md R24, section 6 (content and timing).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"

#define SHARE_PUPILS_MIN 5 /* as for public counts: R22 */

/* One half day of a class that is over. */
struct share_half {
	struct civil_date date;
	int expected, late,
		absent; /* absent: confirmed or not; late and absent together at most expected */
};

struct share_period {
	int half_days;
	int64_t expected, late, absent; /* summed over the half days */
	int most_expected; /* in any one of them: how large the class is */
	int late_per_mille,
		absent_per_mille; /* of expected, rounded to nearest; 0 where nobody was expected */
};

struct share {
	struct share_period before, after; /* before the date; from the date on */
};

/**
 * share_of() - both periods of one class.
 * @halves: @n half days in any order; those without anybody expected count for nothing
 * @date: the first day of "after"
 * Can't fail.
 */
struct share share_of(const struct share_half *halves, size_t n, struct civil_date date);

/** share_outside() - whether it may leave the school: in neither period a class under SHARE_PUPILS_MIN. */
bool share_outside(const struct share *share);
