/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/lanes.h: tests that mostly wait, side by side.
 *
 * Each lane is a process of its own with every n-th test; what it prints comes at its end, as one piece. For tests that
 * share nothing: each opens its own stage or rig.
 */
#pragma once

#include <stddef.h>

struct CMUnitTest;

/** lanes_run() - all tests that match @filter (NULL: all), in @n_lanes processes. Return: the exit status. */
int lanes_run(const char *name, const struct CMUnitTest *tests, size_t n_tests, size_t n_lanes,
	const char *filter);
