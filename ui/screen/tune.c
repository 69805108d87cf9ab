/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/tune.h"

#include <math.h>

#define MS (SCREEN_TUNE_RATE / 1000) /* frames of a millisecond */
#define NOTES 3
#define GLIDE 384 /* 8 ms in and out: shorter is heard as a click */
#define FADE 288 /* 6 ms, of what is cut off */
#define TURN 6.2831853f /* radians */

struct screen_note {
	float hertz; /* 0: a pause */
	int frames; /* 0: the tune is over */
};

/*
 * Rising is "go on", level is "for your information", falling is "please read". A late pupil hears by default what
 * everybody hears (domain.md 7 (8)); the cards that don't count are one kind, whatever is wrong with them. What is the
 * gate's own fault is deeper than all others, so that nobody takes it for the pupil's.
 */
static const struct screen_note tunes[SCREEN_N_SOUNDS][NOTES + 1] = {
	[SCREEN_SOUND_WELCOME] = { { 659.3f, 90 * MS }, { 880.0f, 170 * MS } },
	[SCREEN_SOUND_LATE] = { { 659.3f, 90 * MS }, { 0, 30 * MS }, { 659.3f, 170 * MS } },
	[SCREEN_SOUND_INFO] = { { 587.3f, 200 * MS } },
	[SCREEN_SOUND_DESK] = { { 523.3f, 125 * MS }, { 392.0f, 200 * MS } },
	[SCREEN_SOUND_CARD] = { { 523.3f, 70 * MS }, { 0, 40 * MS }, { 523.3f, 70 * MS } },
	[SCREEN_SOUND_FAULT] = { { 349.2f, 140 * MS }, { 293.7f, 140 * MS }, { 246.9f, 240 * MS } },
};

static float sample(const struct screen_note *note, int at)
{
	float in = (float)at / GLIDE, out = (float)(note->frames - 1 - at) / GLIDE;
	float level = fminf(1, fminf(in, out)) * expf(-2.2f * (float)at / (float)note->frames);
	float angle = TURN * note->hertz * (float)at / SCREEN_TUNE_RATE;

	/* A little of the octave makes a sine carry over voices. */
	return SCREEN_TUNE_PEAK * level * (0.8f * sinf(angle) + 0.2f * sinf(2 * angle));
}

static float next(struct screen_voice *v)
{
	if (!v->tune)
		return 0;
	const struct screen_note *note = &v->tune[v->note];
	if (note->frames == 0) {
		v->tune = NULL;
		return 0;
	}
	float value = note->hertz > 0 ? v->gain * sample(note, v->at) : 0;
	if (++v->at >= note->frames) {
		v->note++;
		v->at = 0;
	}
	return value;
}

void screen_tune_play(struct screen_synth *s, enum screen_sound sound, float gain)
{
	/* Of two that are cut off within the same few milliseconds the older one is not there yet, or nearly over. */
	if (s->now.tune && !(s->fade > 0 && s->now.note == 0 && s->now.at < GLIDE / 2)) {
		s->old = s->now;
		s->fade = FADE;
	}
	s->now = (struct screen_voice){ gain > 0 ? tunes[sound] : NULL, 0, 0, gain };
}

void screen_tune_fill(struct screen_synth *s, float *ret_frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float value = next(&s->now);
		if (s->fade > 0) {
			s->fade--;
			value += next(&s->old) * (float)s->fade / FADE;
		}
		ret_frames[i] = fmaxf(-SCREEN_TUNE_PEAK, fminf(SCREEN_TUNE_PEAK, value));
	}
}

float screen_tune_gain(const struct screen_loudness *l, const char *at)
{
	int minute = -1;

	if (at[0] >= '0' && at[0] <= '2' && at[1] >= '0' && at[1] <= '9' && at[2] == ':' &&
		at[3] >= '0' && at[3] <= '5' && at[4] >= '0' && at[4] <= '9')
		minute = 60 * (10 * (at[0] - '0') + at[1] - '0') + 10 * (at[3] - '0') + at[4] - '0';
	bool soft = minute >= 0 && (minute < l->soft_until_min ||
					   (l->soft_from_min >= 0 && minute >= l->soft_from_min));
	int percent = soft && l->soft_volume < l->volume ? l->soft_volume : l->volume;
	return (float)percent / 100;
}
