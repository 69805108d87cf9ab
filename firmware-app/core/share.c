/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/share.h"

static int per_mille(int64_t part, int64_t whole)
{
	return whole > 0 ? (int)((part * 1000 + whole / 2) / whole) : 0;
}

static void add(struct share_period *period, const struct share_half *half)
{
	period->half_days++;
	period->expected += half->expected;
	period->late += half->late;
	period->absent += half->absent;
	if (half->expected > period->most_expected)
		period->most_expected = half->expected;
}

static void finish(struct share_period *period)
{
	period->late_per_mille = per_mille(period->late, period->expected);
	period->absent_per_mille = per_mille(period->absent, period->expected);
}

struct share share_of(const struct share_half *halves, size_t n, struct civil_date date)
{
	struct share share = { 0 };

	for (size_t i = 0; i < n; i++) {
		bool before = civil_date_compare(halves[i].date, date) < 0;
		if (halves[i].expected > 0)
			add(before ? &share.before : &share.after, &halves[i]);
	}
	finish(&share.before);
	finish(&share.after);
	return share;
}

static bool too_small(const struct share_period *period)
{
	return period->half_days > 0 && period->most_expected < SHARE_PUPILS_MIN;
}

bool share_outside(const struct share *share)
{
	return !too_small(&share->before) && !too_small(&share->after);
}
