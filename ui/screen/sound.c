/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/sound.h"

#include <SDL.h>
#include <stdlib.h>

#define BUFFER_FRAMES 512 /* 11 ms; with the device's own 21 to 32 ms until it is heard */
#define SOUND_BITS                                                                                 \
	8 /* of an order: which sound, how loud in percent, and a number that differs from the last */
#define GAIN_BITS 8
#define SERIAL_MASK 0x7fff

/* Which of the two threads has the device's handle. */
enum { IDLE, WORKING, DONE };

struct screen_speaker {
	struct screen_loudness loudness;
	SDL_AudioDeviceID device; /* 0: none. The worker's while it works, else the caller's */
	SDL_Thread *worker;
	SDL_atomic_t work; /* IDLE, WORKING, DONE */
	bool here; /* as it was told */
	bool told; /* anything at all */
	int64_t again_us;
	int serial;
	SDL_atomic_t
		order; /* the caller writes it, the device's thread reads it: no lock, nobody waits */
	/* The device's thread's own. */
	int done; /* the last order that it took */
	struct screen_synth synth;
};

static void SDLCALL fill(void *ctx, Uint8 *bytes, int len)
{
	struct screen_speaker *s = ctx;
	int order = SDL_AtomicGet(&s->order);

	if (order != s->done) {
		int gain = (order >> SOUND_BITS) & ((1 << GAIN_BITS) - 1);
		screen_tune_play(&s->synth, (enum screen_sound)(order & ((1 << SOUND_BITS) - 1)),
			(float)gain / 100);
		s->done = order;
	}
	screen_tune_fill(&s->synth, (float *)(void *)bytes, (size_t)len / sizeof(float));
}

/* A device that went is given back first: SDL keeps it running on nothing until then. */
static int SDLCALL work(void *ctx)
{
	struct screen_speaker *s = ctx;
	SDL_AudioSpec want = { .freq = SCREEN_TUNE_RATE,
		.format = AUDIO_F32SYS,
		.channels = 1,
		.samples = BUFFER_FRAMES,
		.callback = fill,
		.userdata = s };

	if (s->device)
		SDL_CloseAudioDevice(s->device);
	s->device = 0;
	if (SDL_WasInit(SDL_INIT_AUDIO) || !SDL_InitSubSystem(SDL_INIT_AUDIO))
		s->device = SDL_OpenAudioDevice(NULL, 0, &want, NULL, 0);
	if (s->device) {
		/* What was asked for without a device isn't made up for. */
		s->done = SDL_AtomicGet(&s->order);
		s->synth = (struct screen_synth){ 0 };
		SDL_PauseAudioDevice(s->device, 0);
	} else {
		SDL_QuitSubSystem(SDL_INIT_AUDIO); /* the next try looks for drivers anew */
	}
	SDL_AtomicSet(&s->work, DONE);
	return 0;
}

struct screen_speaker *screen_speaker_create(const struct screen_loudness *loudness)
{
	struct screen_speaker *s = calloc(1, sizeof(*s));

	if (s)
		s->loudness = *loudness;
	return s;
}

void screen_speaker_destroy(struct screen_speaker *s)
{
	if (!s)
		return;
	if (s->worker)
		SDL_WaitThread(s->worker, NULL);
	if (s->device)
		SDL_CloseAudioDevice(s->device);
	free(s);
}

/* Return: whether there is a device that plays. */
static bool plays(const struct screen_speaker *s)
{
	return s->device && SDL_GetAudioDeviceStatus(s->device) == SDL_AUDIO_PLAYING;
}

enum screen_speaker_news screen_speaker_care(struct screen_speaker *s, int64_t now_us)
{
	if (!s || SDL_AtomicGet(&s->work) == WORKING)
		return SCREEN_SPEAKER_SAME;
	if (SDL_AtomicGet(&s->work) == DONE) {
		SDL_WaitThread(s->worker, NULL); /* it has nothing left to do */
		s->worker = NULL;
		SDL_AtomicSet(&s->work, IDLE);
		s->again_us = now_us + SCREEN_SPEAKER_AGAIN_US;
	}
	bool here = plays(s);
	if (!here && now_us >= s->again_us) {
		SDL_AtomicSet(&s->work, WORKING);
		s->worker = SDL_CreateThread(work, "sound", s);
		if (!s->worker) {
			SDL_AtomicSet(&s->work, IDLE);
			s->again_us = now_us + SCREEN_SPEAKER_AGAIN_US;
		}
		return SCREEN_SPEAKER_SAME; /* it may be here in a moment */
	}
	if (s->told && here == s->here)
		return SCREEN_SPEAKER_SAME;
	s->told = true;
	s->here = here;
	return here ? SCREEN_SPEAKER_HERE : SCREEN_SPEAKER_ABSENT;
}

void screen_speaker_play(struct screen_speaker *s, enum screen_sound sound, const char *at)
{
	if (!s || sound == SCREEN_SOUND_NONE)
		return;
	int gain = (int)(100 * screen_tune_gain(&s->loudness, at) + 0.5f);
	s->serial = (s->serial + 1) & SERIAL_MASK;
	SDL_AtomicSet(&s->order,
		(s->serial << (SOUND_BITS + GAIN_BITS)) | (gain << SOUND_BITS) | (int)sound);
}
