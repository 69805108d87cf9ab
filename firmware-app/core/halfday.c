/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/halfday.h"

#include <stdint.h>
#include <string.h>

static bool is_running(const struct timetable_slot *slot, int at_s)
{
	return slot && at_s >= slot->start_s && at_s < slot->end_s;
}

static bool is_open(const struct timetable_slot *slot, int at_s, int opens_before_min)
{
	return slot && at_s < slot->start_s &&
	       at_s >= slot->start_s - INT64_C(60) * opens_before_min;
}

enum halfday halfday_of(const struct timetable_slot *am, const struct timetable_slot *pm, int at_s,
	int opens_before_min)
{
	if (is_running(am, at_s))
		return HALFDAY_AM;
	if (is_running(pm, at_s))
		return HALFDAY_PM;
	if (is_open(am, at_s, opens_before_min))
		return HALFDAY_AM;
	if (is_open(pm, at_s, opens_before_min))
		return HALFDAY_PM;
	return HALFDAY_NONE;
}

static const char *const half_words[] = {
	[HALFDAY_NONE] = "",
	[HALFDAY_AM] = "am",
	[HALFDAY_PM] = "pm",
};

const char *halfday_word(enum halfday half)
{
	return half_words[half];
}

enum halfday halfday_parse(const char *word)
{
	if (word && strcmp(word, half_words[HALFDAY_AM]) == 0)
		return HALFDAY_AM;
	if (word && strcmp(word, half_words[HALFDAY_PM]) == 0)
		return HALFDAY_PM;
	return HALFDAY_NONE;
}
