/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/clock_stage.h: units of a stage whose kernel's clock the test has in hand (e2e/clock_double.h).
 *
 * The school's Monday is of 2037: later than any build, so that a clock without time is "unknown", not "regressed".
 */
#pragma once

#include "e2e/clock_double.h"
#include "e2e/school.h"

#define MONDAY "2037-11-23"
#define MONDAY_0810_MS INT64_C(2142573000000) /* 08:10 in Brussels */
#define CLOCK_S INT64_C(1000)
#define CLOCK_HOUR (3600 * CLOCK_S)
#define CLOCK_DAY (24 * CLOCK_HOUR)

/* One unit's clock. */
struct clock_unit {
	struct clock_double *d;
	char file[300];
	char lines[3][700];
	const char *env[5]; /* for stage_start(); one more may be put at [3] */
};

/** clock_unit_open() - a clock that shows @wall_ms now and knows no source. @unit: its file's name */
void clock_unit_open(struct clock_unit *u, struct stage *s, const char *unit, int64_t wall_ms);
/** clock_unit_open_at() - the same in a file of this name. */
void clock_unit_open_at(struct clock_unit *u, const char *file, int64_t wall_ms);
/** clock_unit_close() - forget it; accepts one that was never opened. */
void clock_unit_close(struct clock_unit *u);
/** clock_unit_boot() - what the next start takes for its boot: an id by number, started a moment ago. */
void clock_unit_boot(struct clock_unit *u, int boot);
/** clock_unit_wall() - the wall clock is set to this moment; no time passes. */
void clock_unit_wall(struct clock_unit *u, int64_t wall_ms);
/** clock_unit_jump() - the wall clock is set by so much. */
void clock_unit_jump(struct clock_unit *u, int64_t by_ms);
/** clock_unit_pass() - time passes, on the wall and since the boot. */
void clock_unit_pass(struct clock_unit *u, int64_t ms);
/** clock_unit_sync() - the kernel is synchronised, with this error; negative: it isn't. */
void clock_unit_sync(struct clock_unit *u, int64_t error_ms);
/** clock_unit_now() - what its wall shows. */
int64_t clock_unit_now(const struct clock_unit *u);
