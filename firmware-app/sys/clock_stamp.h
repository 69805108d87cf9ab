/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/clock_stamp.h: the last trusted reading, kept in a small file from one start to the next.
 *
 * DESIGN. Two things rest on it. A program that is started again in a boot that had time goes on in holdover, instead
 * of knowing nothing. And a boot whose wall clock was set by the kernel from a battery-backed real-time clock is trusted
 * at once, where that clock had been seen to agree with a synchronised one less than 30 days before. Linux itself tells
 * neither when a real-time clock was last set nor from what: hctosys says only that it was read, and fake-hwclock's
 * file looks as well as a real one. Written while the kernel is synchronised, every ten minutes, beside the database;
 * not synced, since an older one is as true, and one that is empty after a power cut counts as none.
 */
#pragma once

#include "sys/clock.h"

#define CLOCK_STAMP_FILE "clock" /* in paths.state_dir */
#define CLOCK_STAMP_PATH_MAX 4200

/* Where a program keeps its stamp; simulated clocks keep none. */
struct clock_keeper {
	char path[CLOCK_STAMP_PATH_MAX]; /* "" keeps nothing */
	char boot[37];
	int64_t next_us; /* CLOCK_MONOTONIC at which the next one is due */
};

/** clock_stamp_parse() - Return: 0, or -1 where @text is no stamp. */
int clock_stamp_parse(const char *text, struct clock_stamp *ret_stamp);

/** clock_keeper_open() - read what an earlier start kept into @clock; a file that is missing or damaged counts as none.
 * @state_dir: paths.state_dir */
void clock_keeper_open(struct clock_keeper *keeper, struct clock *clock, const char *state_dir);

/** clock_keeper_care() - once a turn: write the stamp where it is due. One that can't be written is tried again then. */
void clock_keeper_care(struct clock_keeper *keeper, struct clock *clock, const struct now *now);
