/* SPDX-License-Identifier: EUPL-1.2 */
#include "fuzz/fuzz.h"

#include <string.h>

const struct fuzz_target *fuzz_find(const char *name)
{
	static const struct fuzz_target *const lists[] = { fuzz_wire, fuzz_files, fuzz_frames };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct fuzz_target *t = lists[i]; t->name; t++)
			if (strcmp(t->name, name) == 0)
				return t;
	return NULL;
}
