/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The gate's own clock: what is said of it, and what follows when it is set or begins to be trusted.
 *
 * Taps that were stored without a time get theirs once the clock has proved itself: the difference between wall and
 * boot clock is the same for the whole boot, so CLOCK_BOOTTIME says when each was made (disk_redate()). Taps of an
 * earlier boot that never had time stay as they are: nothing ties its boot clock to any wall clock. The register shows
 * them between their neighbours, and a person decides. Source: library-facts.md section 6.
 */
#include "kiosk/kiosk.h"
#include "sys/log.h"

void time_open(struct kiosk *k)
{
	k->clock_said = -1;
	clock_keeper_open(&k->keeper, &k->clock, k->config.paths_state_dir);
}

static void tell_state(struct kiosk *k)
{
	bool judged = k->clock_said >= 0 && clock_judges((enum clock_state)k->clock_said);
	bool judges = clock_judges(k->now.state);

	if ((int)k->now.state == k->clock_said)
		return;
	if (judges)
		log_info("clock_state state=%s error_ms=%lld", clock_state_word(k->now.state),
			(long long)k->now.error_ms);
	else
		log_warn("clock_state state=%s next=store_taps_without_verdict",
			clock_state_word(k->now.state));
	k->clock_said = (int)k->now.state;
	if (judges && !judged) {
		k->redate = true;
		k->redated_seq = INT64_MIN;
		k->n_redated = 0;
	}
}

void time_turn(struct kiosk *k)
{
	/* Nothing that lasts is counted by the wall clock; only who is in belongs to a date. */
	if (k->now.jump_ms)
		log_warn("clock_jumped by_ms=%lld state=%s next=durations_unmoved",
			(long long)k->now.jump_ms, clock_state_word(k->now.state));
	if (kiosk_clock_set(&k->state, &k->now) && k->store)
		disk_remember(k);
	tell_state(k);
	clock_keeper_care(&k->keeper, &k->clock, &k->now);
}

bool time_complete(const struct kiosk *k)
{
	return clock_judges(k->now.state) && !k->redate;
}
