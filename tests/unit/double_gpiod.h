/* SPDX-License-Identifier: EUPL-1.2 */
/* unit/double_gpiod.h: those functions of libgpiod 1 that gpiod.c calls, with eight lines in memory. */
#pragma once

#include <stdbool.h>

#define DOUBLE_LINES 8

enum double_fault { DOUBLE_WELL, DOUBLE_NO_CHIP, DOUBLE_BUSY, DOUBLE_UNPLUGGED };

struct double_gpiod {
	enum double_fault fault;
	int chips_open, lines_had;
	bool high[DOUBLE_LINES]; /* the level, not what it means */
	bool active_low[DOUBLE_LINES];
	bool had[DOUBLE_LINES];
};

/* The one machine of the test. */
extern struct double_gpiod double_gpiod;
