/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/clock_spec.h: the text of --clock. Inside sys only; no arrow leads from here to core/civil.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock_spec {
	int64_t wall_ms; /* what the clock shows … */
	bool anchored; /* … at real_ms rather than at start */
	int64_t real_ms;
	double speed;
};

/**
 * clock_spec_parse() - RFC 3339, optionally @EPOCH and xN.
 *
 * Return: 0, or -1 with *ret_reason (static storage). Pure. Source: contract, programs.md "The simulated
 * clock".
 */
int clock_spec_parse(const char *text, struct clock_spec *ret_spec, const char **ret_reason);
