/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fuzz/fuzz.h: everything that takes bytes from outside, each as one function of those bytes.
 *
 * A target must take any bytes without a crash, a leak or a wait, and keep what it promises: what was
 * accepted can be said again, and says the same; what was refused has a reason that fits its room.
 * A broken promise ends the process, as a crash does.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_INPUT_MAX 65536 /* bytes; what is larger is refused by length alone */

struct fuzz_target {
	const char *name; /* of the corpus' folder as well */
	void (*run)(const uint8_t *bytes, size_t len);
};

/* Ended by a row without a name. */
extern const struct fuzz_target fuzz_wire[], fuzz_files[], fuzz_frames[];

/** fuzz_find() - by name. Return: the target, or NULL. */
const struct fuzz_target *fuzz_find(const char *name);

/** fuzz_promise() - end the process with a line that names the broken promise. */
#define fuzz_promise(holds)                                                                        \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__,         \
				#holds);                                                           \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
