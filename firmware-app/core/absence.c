/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/absence.h"

bool absence_gate_complete(const struct absence_gate *gate, int64_t cutoff_ms)
{
	if (!gate->online || gate->clock < 0 ||
		!checkin_clock_judges((enum checkin_clock)gate->clock))
		return false;
	if (gate->complete_until_ms < cutoff_ms || gate->last_seq < 0 || gate->conflicted ||
		gate->older || gate->undated)
		return false;
	/* What is stored under a number is no proof until the gate is known to mean the same by it. */
	int64_t here =
		gate->stored_through < gate->own_through ? gate->stored_through : gate->own_through;
	/* A gate that never had a tap has nothing to deliver, whether it names its log or not. */
	return gate->last_seq == 0 || (!uuid_is_none(gate->log) && here >= gate->last_seq);
}

static bool all_complete(const struct absence_gate *gates, size_t n_gates, int64_t cutoff_ms)
{
	for (size_t i = 0; i < n_gates; i++)
		if (!absence_gate_complete(&gates[i], cutoff_ms))
			return false;
	return n_gates > 0;
}

struct absence_decision absence_decide(
	const struct absence_moment *moment, const struct absence_gate *gates, size_t n_gates)
{
	if (!moment->clock_judges)
		return (struct absence_decision){ ABSENCE_WAIT, ABSENCE_BY_CLOCK };
	if (moment->now_ms < moment->cutoff_ms)
		return (struct absence_decision){ ABSENCE_WAIT, ABSENCE_BY_CUTOFF };
	if (moment->connected_since_ms < 0)
		return (struct absence_decision){ ABSENCE_WAIT, ABSENCE_BY_BROKER };
	if (all_complete(gates, n_gates, moment->cutoff_ms))
		return (struct absence_decision){ ABSENCE_CONFIRMED, ABSENCE_BY_GATES };
	int64_t from_ms = moment->connected_since_ms > moment->cutoff_ms
				  ? moment->connected_since_ms
				  : moment->cutoff_ms;
	if (moment->now_ms < from_ms + INT64_C(1000) * moment->hold_s)
		return (struct absence_decision){ ABSENCE_WAIT, ABSENCE_BY_HOLD };
	return (struct absence_decision){ ABSENCE_UNCONFIRMED, ABSENCE_BY_HOLD };
}

bool absence_is_mass(int missing, int expected, int mass_percent)
{
	return missing >= ABSENCE_MASS_MIN && expected > 0 &&
	       INT64_C(100) * missing >= (int64_t)mass_percent * expected;
}
