/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/sound.h"

#include <SDL.h>
#include <math.h>
#include <stdlib.h>

#define RATE 48000
#define BUFFER_FRAMES 512 /* 11 ms; with the device's own 21 to 32 ms until it is heard */
#define LOUD 0.22f /* of full scale: a corridor, not an alarm */
#define NOTES 3
#define GLIDE_FRAMES 384.0f /* 8 ms in and out */
#define TURN 6.2831853f /* radians */

struct note {
	float hertz; /* 0: none */
	int frames;
};

/* Rising is "go on", level is "for your information", falling is "please read". */
static const struct note tunes[][NOTES] = {
	[SCREEN_SOUND_NONE] = { { 0, 0 } },
	[SCREEN_SOUND_WELCOME] = { { 659.3f, RATE / 11 }, { 880.0f, RATE / 6 } },
	[SCREEN_SOUND_LATE] = { { 659.3f, RATE / 11 }, { 659.3f, RATE / 6 } },
	[SCREEN_SOUND_INFO] = { { 587.3f, RATE / 5 } },
	[SCREEN_SOUND_DESK] = { { 523.3f, RATE / 8 }, { 392.0f, RATE / 5 } },
	[SCREEN_SOUND_CARD] = { { 523.3f, RATE / 14 }, { 0, RATE / 25 }, { 523.3f, RATE / 14 } },
};

struct screen_speaker {
	SDL_AudioDeviceID device;
	/* Below: shared with the device's thread, under SDL_LockAudioDevice. */
	const struct note *tune;
	int note, at; /* which note, how many of its frames have sounded */
};

static float sample(const struct note *note, int at)
{
	float in = (float)at / GLIDE_FRAMES, out = (float)(note->frames - at) / GLIDE_FRAMES;
	float level = fminf(1, fminf(in, out)) * expf(-2.2f * (float)at / (float)note->frames);
	float angle = TURN * note->hertz * (float)at / RATE;
	/* A little of the octave makes a sine carry over voices. */
	return LOUD * level * (0.8f * sinf(angle) + 0.2f * sinf(2 * angle));
}

static void fill(void *ctx, Uint8 *bytes, int len)
{
	struct screen_speaker *s = ctx;
	float *frame = (float *)(void *)bytes;
	for (int i = 0; i < len / (int)sizeof(*frame); i++) {
		const struct note *note = s->note < NOTES ? &s->tune[s->note] : NULL;
		frame[i] = note && note->hertz > 0 ? sample(note, s->at) : 0;
		if (note && ++s->at >= note->frames) {
			s->note++;
			s->at = 0;
		}
	}
}

struct screen_speaker *screen_speaker_open(void)
{
	struct screen_speaker *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	SDL_AudioSpec want = { .freq = RATE,
		.format = AUDIO_F32SYS,
		.channels = 1,
		.samples = BUFFER_FRAMES,
		.callback = fill,
		.userdata = s };
	s->tune = tunes[SCREEN_SOUND_NONE];
	if (!SDL_InitSubSystem(SDL_INIT_AUDIO))
		s->device = SDL_OpenAudioDevice(NULL, 0, &want, NULL, 0);
	if (!s->device) {
		free(s);
		return NULL;
	}
	SDL_PauseAudioDevice(s->device, 0);
	return s;
}

void screen_speaker_close(struct screen_speaker *s)
{
	if (!s)
		return;
	SDL_CloseAudioDevice(s->device);
	free(s);
}

void screen_speaker_play(struct screen_speaker *s, enum screen_sound sound)
{
	if (!s || sound == SCREEN_SOUND_NONE)
		return;
	SDL_LockAudioDevice(s->device);
	s->tune = tunes[sound];
	s->note = 0;
	s->at = 0;
	SDL_UnlockAudioDevice(s->device);
}
