/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/verdict.h"

#include <assert.h>
#include <stdint.h>

#define DAY_MS 86400000

struct verdict verdict_of(const struct timetable_slot *slot, int at_ms, int grace_min, bool trusted)
{
	assert(at_ms >= 0 && at_ms < DAY_MS && grace_min >= 0);
	if (!trusted)
		return (struct verdict){ VERDICT_UNJUDGED, VERDICT_BY_CLOCK, 0 };
	if (!slot)
		return (struct verdict){ VERDICT_NOT_EXPECTED, VERDICT_BY_TIMETABLE, 0 };
	/* Cut to the second first: what the wall showed decides, for the pupil could read it. */
	int at_s = at_ms / 1000;
	if (at_s <= slot->start_s + INT64_C(60) * grace_min)
		return (struct verdict){ VERDICT_PRESENT, VERDICT_BY_START, 0 };
	return (struct verdict){ VERDICT_LATE, VERDICT_BY_START, (at_s - slot->start_s + 59) / 60 };
}
