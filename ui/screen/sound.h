/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/sound.h: a soft tune for each kind of result, made by the program (screen/tune.h).
 *
 * The device is opened once and kept running on silence: opening it for each tune costs 100 ms and a click. No sound
 * device is not a fault, and one that goes is looked for again. Opening and closing can take seconds, so a thread of
 * its own does it; nothing here makes a frame wait.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "screen/tune.h"

#define SCREEN_SPEAKER_AGAIN_US INT64_C(30000000) /* to the next try where there is no device */

/* What screen_speaker_care() has to tell; each once a change. */
enum screen_speaker_news { SCREEN_SPEAKER_SAME, SCREEN_SPEAKER_HERE, SCREEN_SPEAKER_ABSENT };

struct screen_speaker; /* opaque */

/** screen_speaker_create() - silent so far: screen_speaker_care() opens a device. Return: a speaker, or NULL where memory
 * is out. */
struct screen_speaker *screen_speaker_create(const struct screen_loudness *loudness);

/** screen_speaker_destroy() - waits for the device's end; accepts NULL. */
void screen_speaker_destroy(struct screen_speaker *speaker);

/** screen_speaker_care() - once a turn: follow what the device does, start looking for one. Doesn't wait; accepts NULL. */
enum screen_speaker_news screen_speaker_care(struct screen_speaker *speaker, int64_t now_us);

/** screen_speaker_play() - a tune, in place of one that still sounds. @at: HH:MM or "". Doesn't wait; accepts NULL. */
void screen_speaker_play(struct screen_speaker *speaker, enum screen_sound sound, const char *at);
