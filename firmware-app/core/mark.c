/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/mark.h"

#include "core/verdict.h"

static struct mark by(enum mark_value value, enum mark_reason reason)
{
	return (struct mark){ value, reason, 0 };
}

static struct mark by_tap(const struct mark_facts *f)
{
	struct verdict v = verdict_of(f->slot, f->tap_ms, f->grace_min, true);
	if (v.result != VERDICT_LATE)
		return by(MARK_PRESENT, MARK_BY_TAP);
	return (struct mark){ MARK_LATE, MARK_BY_TAP, v.minutes_late };
}

struct mark mark_of(const struct mark_facts *facts)
{
	bool tapped = facts->tap_ms >= 0;
	if (!facts->slot)
		return by(MARK_NONE, MARK_BY_TIMETABLE);
	if (facts->seen)
		return by(MARK_PRESENT, MARK_BY_PERSON);
	if (facts->excused)
		return tapped ? by(MARK_PRESENT, MARK_BY_EXCUSE) : by(MARK_EXCUSED, MARK_BY_EXCUSE);
	if (facts->carried)
		return by(MARK_PRESENT, MARK_BY_CARRY);
	if (tapped)
		return by_tap(facts);
	if (facts->unjudged)
		return facts->decided == MARK_UNDECIDED ? by(MARK_AWAITED, MARK_BY_TAP)
							: by(MARK_UNCONFIRMED, MARK_BY_TAP);
	switch (facts->decided) {
	case MARK_DECIDED:
		return by(MARK_ABSENT, MARK_BY_CUTOFF);
	case MARK_DECIDED_UNCONFIRMED:
		return by(MARK_UNCONFIRMED, MARK_BY_CUTOFF);
	case MARK_UNDECIDED:
		break;
	}
	return by(MARK_AWAITED, MARK_BY_NOTHING);
}

bool mark_is_in(enum mark_value value)
{
	return value == MARK_PRESENT || value == MARK_LATE;
}

bool mark_is_missing(enum mark_value value)
{
	return value == MARK_ABSENT || value == MARK_UNCONFIRMED;
}

char mark_letter(enum mark_value value)
{
	switch (value) {
	case MARK_PRESENT:
		return '|';
	case MARK_LATE:
		return 'L';
	case MARK_ABSENT:
	case MARK_UNCONFIRMED:
		return '-';
	case MARK_EXCUSED:
		return 'x';
	case MARK_NONE:
	case MARK_AWAITED:
		break;
	}
	return '.';
}
