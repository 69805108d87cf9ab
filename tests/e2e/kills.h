/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/kills.h: a school of two gates under taps whose programs are killed at random moments.
 *
 * gate-1 has the real reader on an emulated PN532 and the real screen; gate-2 a reader and a screen of the test's own, for
 * the rate. A light of the test's own at each gate keeps every id that it was told: what a pupil was shown as stored.
 * Taps go on by a timer of the stage's loop, whatever the test waits for. By a seed; figures on standard output.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/uuid.h"
#include "e2e/harness.h"
#include "e2e/tap_client.h"

#define KILLS_GATES 2
#define KILLS_PUPILS 1200 /* a school; cards 04 and twelve digits */

enum kills_what {
	KILLS_KIOSK_1,
	KILLS_KIOSK_2,
	KILLS_READER,
	KILLS_SCREEN,
	KILLS_REGISTER,
	KILLS_BROKER,
	KILLS_N
};

/* One kind of program: what runs of it, and how long it took to be ready again. */
struct kills_program {
	struct stage_program *p; /* NULL: the broker, which the stage keeps */
	int64_t started_us;
	bool ready;
	int n_kills, n_unready; /* killed in all; while it was still starting */
	int n_ready;
	int *ready_ms; /* after a kill, once ready */
};

struct kills_gate {
	const char *unit;
	struct tap_client light, reader, screen; /* reader and screen at gate-2 alone */
	struct uuid *told;
	size_t n_told, room, n_checked;
	pid_t armed; /* to be killed the moment that something is told as stored; 0 nobody */
	int64_t next_tap_us;
	uint64_t n_taps, n_refused; /* refused: results without a check-in */
};

struct kills {
	struct stage *stage;
	unsigned seed;
	uint64_t random;
	int n_max; /* kills */
	int n_kills;
	bool taps; /* taps go on */
	bool once; /* every pupil taps once, in order, at gate-2 alone */
	int next_pupil, last_pupil;
	int tap_every_ms; /* mean, at gate-2 */
	bool dead[KILLS_N]; /* between a kill and the start */
	struct kills_program programs[KILLS_N];
	struct kills_gate gates[KILLS_GATES];
	pid_t emu_pid;
	struct emu_control *emu;
	int timer_fd, news_fd;
};

/** kills_open() - the school, and everything started at a clock; taps not yet going. @speed: of the clock; @class_size: pupils a class */
void kills_open(
	struct kills *k, unsigned seed, int n_max, const char *clock, int speed, int class_size);
/** kills_run() - kill until the sum is reached, @mean_ms apart. */
void kills_run(struct kills *k, int n, int mean_ms);
/** kills_run_for() - kill for so long. */
void kills_run_for(struct kills *k, int ms, int mean_ms);
/** kills_drain() - taps end, everybody is ready, nothing waits for the register any more. */
void kills_drain(struct kills *k);
/** kills_stop() - SIGTERM to all programs but the broker. */
void kills_stop(struct kills *k);
/** kills_figures() - print what was killed and how long each took. */
void kills_figures(const struct kills *k);
/** kills_close() - ends all, removes the folder. */
void kills_close(struct kills *k);

/** kills_random() - 0 to @below - 1, by the seed. */
unsigned kills_random(struct kills *k, unsigned below);
/** kills_uid() - the card of a pupil. @ret_uid: 16 bytes */
void kills_uid(int pupil, char *ret_uid);
