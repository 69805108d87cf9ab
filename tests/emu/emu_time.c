/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu_time.h"

#include <limits.h>
#include <time.h>

int64_t emu_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail for this clock */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int emu_left_ms(int64_t until_us)
{
	int64_t left_ms = (until_us - emu_now_us() + 999) / 1000;

	return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}
