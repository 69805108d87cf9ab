/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu_time.h: the one place of the emulator that asks for the time.
 *
 * Not sys/clock.h: a simulated clock of the programs under test must not slow a reader's line.
 */
#pragma once

#include <stdint.h>

/**
 * emu_now_us() - CLOCK_MONOTONIC in microseconds.
 */
int64_t emu_now_us(void);

/**
 * emu_left_ms() - milliseconds until an instant, rounded up, for poll(); 0 when it has passed.
 */
int emu_left_ms(int64_t until_us);
