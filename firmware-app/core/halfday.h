/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/halfday.h: the unit of every count, and which one a tap belongs to.
 *
 * Pure. Source: contract, topics.md "Half days"; domain.md section 3.
 */
#pragma once

#include "core/timetable.h"

/**
 * halfday_of() - the half day that a tap belongs to.
 * @am, @pm: that day's lessons, NULL where there are none (no row, or a day off)
 * @at_s: the wall clock at the tap, seconds of the day, 0..86399
 * @opens_before_min: rules.opens_before_min, 0 or more
 *
 * The one that is running (from its start up to, not including, its end), else the next one that
 * opens within @opens_before_min, else HALFDAY_NONE. From 11:40 the sample's afternoon is open while
 * the morning still runs: the tap then belongs to the morning.
 */
enum halfday halfday_of(const struct timetable_slot *am, const struct timetable_slot *pm, int at_s,
	int opens_before_min);

/** halfday_word() - "am", "pm", or "" for HALFDAY_NONE: the contract's words, and only here. */
const char *halfday_word(enum halfday half);

/** halfday_parse() - of "am" and "pm"; HALFDAY_NONE for anything else, NULL included. */
enum halfday halfday_parse(const char *word);
