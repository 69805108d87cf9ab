/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/tune.h: what each kind of result sounds like, as samples.
 *
 * Pure: no device, no clock, no allocation; one thread at a time. Notes glide in and out and a tune that is cut off
 * fades while the next one begins, so that nothing clicks whatever happens when.
 */
#pragma once

#include <stddef.h>

#include "screen/view.h"

#define SCREEN_TUNE_RATE 48000 /* frames a second; mono */
#define SCREEN_TUNE_PEAK 0.22f /* of full scale, at full volume: a corridor, not an alarm */
#define SCREEN_TUNE_LONGEST_MS                                                                     \
	600 /* of all tunes: three taps a second cut off what is longer anyway */

/* How loud, and when softer: screen.volume, screen.soft_volume, screen.soft_until, screen.soft_from. */
struct screen_loudness {
	int volume, soft_volume; /* percent */
	int soft_until_min, soft_from_min; /* minutes of the day; -1: none */
};

struct screen_note; /* opaque */

struct screen_voice {
	const struct screen_note *tune; /* NULL: silence */
	int note, at; /* which note, how many of its frames have sounded */
	float gain;
};

/* All zero is silence. */
struct screen_synth {
	struct screen_voice now;
	struct screen_voice old; /* was cut off */
	int fade; /* frames that it still has */
};

/** screen_tune_play() - a tune from the next frame on. @gain: 0 to 1; 0 is silence */
void screen_tune_play(struct screen_synth *synth, enum screen_sound sound, float gain);

/** screen_tune_fill() - the next @n frames, each within SCREEN_TUNE_PEAK of 0. */
void screen_tune_fill(struct screen_synth *synth, float *ret_frames, size_t n);

/** screen_tune_gain() - how loud it should be. @at: HH:MM of the view, or "": nobody knows, as by day */
float screen_tune_gain(const struct screen_loudness *loudness, const char *at);
