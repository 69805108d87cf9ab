/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * signal/pattern.h: what lights and buzzer do for each view.
 *
 * Pure: no clock, no I/O. Which light, and how it blinks, each tell a result by themselves, so that nobody has to tell
 * green from amber; the rhythm of the buzzer does it once more. A late pupil sees and hears by default what everybody
 * does. Source: contract, local.md (views); domain.md 7 (8).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/local.h"

enum signal_line { SIGNAL_GO, SIGNAL_DESK, SIGNAL_PIEZO, SIGNAL_N_LINES };

#define SIGNAL_SHORT_MS 25 /* of a beep in the soft hours: a click of a beep */
#define SIGNAL_FOREVER INT64_MAX

/* What of the configuration decides. */
struct signal_settings {
	bool late_open;
	bool sound;
	int soft_volume; /* percent; 0: silent in the soft hours */
	int soft_until_min, soft_from_min; /* minutes of the day; -1: none */
};

/* One line: @times times on for on_ms, off_ms between two; from_ms after the start. */
struct signal_blink {
	int from_ms, on_ms, off_ms;
	int times; /* 0: dark; negative: for good */
};

struct signal_pattern {
	struct signal_blink line[SIGNAL_N_LINES];
};

/** signal_pattern_of() - of a view. Return: false where it leaves what is shown as it is (reading). */
bool signal_pattern_of(const struct wire_view *view, const struct signal_settings *settings,
	struct signal_pattern *ret_pattern);

/** signal_pattern_away() - nobody says what to show: taps may not count. */
void signal_pattern_away(struct signal_pattern *ret_pattern);

/**
 * signal_pattern_at() - the lines so long after the pattern began.
 * @ret_on: SIGNAL_N_LINES of them
 * Return: milliseconds until one of them changes, SIGNAL_FOREVER: none will.
 */
int64_t signal_pattern_at(const struct signal_pattern *pattern, int64_t since_ms, bool *ret_on);
