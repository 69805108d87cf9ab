/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/clock_double.h: the kernel's clock as a test has it, under whole programs.
 *
 * clock_double.c is preloaded into a program. It answers clock_gettime() for wall and boot clock, adjtimex(), and the
 * files that tell the boot id and the real-time clock, as this page of memory says; CLOCK_MONOTONIC and all waiting
 * stay real, so a jump moves no timeout. Chosen over libfaketime, which knows neither adjtimex nor the boot clock and
 * reads a new offset from its file only now and then: here a jump is there with the next reading.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define CLOCK_DOUBLE_ENV                                                                           \
	"SCHOOLPOORT_CLOCK_DOUBLE" /* the file of struct clock_double; beside it FILE.boot, FILE.rtc */

/* Shared with one program; each member changes by itself. */
struct clock_double {
	_Atomic int64_t wall_ns, boot_ns; /* added to the real ones */
	_Atomic int64_t passed_ns; /* added to both */
	_Atomic int64_t max_error_us;
	_Atomic int synchronised;
};
