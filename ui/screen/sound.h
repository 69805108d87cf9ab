/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/sound.h: a soft tone for each kind of result, made by the program.
 *
 * The device is opened once and kept running on silence: opening it for each tone costs 100 ms and a
 * click. No sound device is not a fault. Tones glide in and out, so nothing clicks.
 */
#pragma once

#include <stdbool.h>

#include "screen/view.h"

struct screen_speaker; /* opaque */

/** screen_speaker_open() - Return: a speaker, or NULL where there is no device: the screen goes on silent. */
struct screen_speaker *screen_speaker_open(void);

/** screen_speaker_close() - accepts NULL. */
void screen_speaker_close(struct screen_speaker *speaker);

/** screen_speaker_play() - a tone, in place of one that still sounds. Doesn't block; accepts NULL. */
void screen_speaker_play(struct screen_speaker *speaker, enum screen_sound sound);
