/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/fail_alloc.h: between a test and a program into which fail_alloc.so is loaded (LD_PRELOAD): which allocation fails.
 *
 * A file that both have mapped, named by FAIL_ALLOC. Numbers count malloc, calloc and realloc of all threads from the
 * moment that @armed was set; what libraries allocate counts as well.
 */
#pragma once

#include <stdatomic.h>

#define FAIL_ALLOC_ENV "FAIL_ALLOC"

struct fail_alloc {
	atomic_int armed;
	atomic_long n_calls;
	atomic_long fail_from, fail_until; /* numbers; from 1, both included */
	atomic_long n_failed;
};
