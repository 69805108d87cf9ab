/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/retain.h"

int retain_open(struct retain *retain, struct register_store *s)
{
	*retain = (struct retain){ .last.run_ms = -1 };
	return register_store_retention(s, &retain->last);
}

bool retain_due(const struct retain *retain, const struct civil_zone *zone,
	const struct retain_moment *moment)
{
	struct civil_local local = civil_local_of(zone, moment->now_ms);
	if (!moment->clock_judges || !moment->idle)
		return false;
	if (local.at_s >= RETAIN_NOT_FROM_S && local.at_s < RETAIN_NOT_UNTIL_S)
		return false;
	if (retain->failed_ms && moment->now_ms >= retain->failed_ms &&
		moment->now_ms - retain->failed_ms < RETAIN_AGAIN_MS)
		return false;
	if (retain->last.run_ms < 0)
		return true;
	struct civil_date last = civil_local_of(zone, retain->last.run_ms).date;
	return civil_date_compare(last, local.date) != 0;
}

static struct register_store_bound bound_of(const struct civil_zone *zone,
	struct retention_until until, const struct retain_moment *moment)
{
	struct civil_date first = retention_first_kept(
		civil_local_of(zone, moment->now_ms).date, until, moment->clock_judges);
	return (struct register_store_bound){ civil_day_number(first),
		civil_instant_of(zone, first, 0) };
}

int retain_slice(struct retain *retain, struct register_store *s, const struct civil_zone *zone,
	struct retention_until until, const struct retain_moment *moment)
{
	struct civil_date today = civil_local_of(zone, moment->now_ms).date;
	struct register_store_bound before = bound_of(zone, until, moment);
	if (!retain->running || civil_date_compare(retain->day, today) != 0) {
		/* A run that midnight met is counted whole where it ends. */
		retain->dropped = retain->running ? retain->dropped : 0;
		retain->running = true;
		retain->day = today;
	}
	int err = register_store_begin(s);
	int n = err ? err : register_store_drop(s, &before, RETAIN_SLICE);
	struct register_store_retention run = { moment->now_ms, before.day, retain->dropped };
	if (n == 0)
		err = register_store_retention_put(s, &run);
	err = register_store_end(s, n < 0 ? n : err);
	retain->failed_ms = err ? moment->now_ms : 0;
	if (err)
		return err;
	retain->dropped += n;
	if (n > 0)
		return 1;
	retain->last = run;
	retain->running = false;
	return 0;
}
