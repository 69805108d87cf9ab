/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/verdict.h: what one tap means for one half day.
 *
 * Pure: no clock, no I/O, no allocation, no static state; any thread may call it.
 * Not here: absence, which only the register decides (core/absence.h).
 */
#pragma once

#include <stdbool.h>

#include "core/timetable.h"

/* Those results of checkin.json that depend on the time. Zero claims nothing. */
enum verdict_result { VERDICT_UNJUDGED, VERDICT_NOT_EXPECTED, VERDICT_PRESENT, VERDICT_LATE };
enum verdict_reason { VERDICT_BY_CLOCK, VERDICT_BY_TIMETABLE, VERDICT_BY_START };

struct verdict {
	enum verdict_result result;
	enum verdict_reason reason; /* the rule that decided; screen, log and message use it */
	int minutes_late; /* minutes since the start, rounded up, 1..1440; 0 unless VERDICT_LATE */
};

/**
 * verdict_of() - judge one tap.
 * @slot: the half day's lessons, in seconds of the local day; NULL: none. Borrowed for the call.
 * @at_ms: what the school's clock read at the tap, milliseconds of the day, 0..86399999
 * @grace_min: rules.late_grace_min, whole minutes, 0 or more
 * @trusted: the clock was trusted or in holdover at the tap
 *
 * On time up to and including the second of start plus grace: 08:25:00.999 is on time, 08:25:01 is
 * late. Can't fail.
 * Source: contract, programs.md (rules.late_grace_min), checkin.json (minutes_late); domain.md R9.
 */
struct verdict verdict_of(
	const struct timetable_slot *slot, int at_ms, int grace_min, bool trusted);
