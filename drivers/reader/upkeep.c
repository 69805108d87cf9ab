/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader/upkeep.h"

void upkeep_init(struct upkeep *u, int64_t at_ms)
{
	*u = (struct upkeep){ at_ms, at_ms, at_ms };
}

void upkeep_opened(struct upkeep *u, int64_t at_ms)
{
	u->opened_ms = at_ms;
}

void upkeep_card(struct upkeep *u, int64_t at_ms)
{
	u->card_ms = at_ms;
}

enum upkeep_step upkeep_next(const struct upkeep *u, int64_t at_ms, int hour)
{
	int64_t idle_ms = at_ms - u->card_ms;

	if (hour == UPKEEP_HOUR && at_ms - u->started_ms >= UPKEEP_RAN_MS &&
		idle_ms >= UPKEEP_IDLE_MS)
		return UPKEEP_END;
	if (idle_ms >= UPKEEP_REFRESH_MS && at_ms - u->opened_ms >= UPKEEP_REFRESH_MS)
		return UPKEEP_REFRESH;
	return UPKEEP_NONE;
}
