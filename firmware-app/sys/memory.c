/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/memory.h"

#include <malloc.h>

#define LARGE (128 * 1024) /* bytes; glibc's own first value, which stays once it was set */

void memory_give_back(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

void memory_trim(void)
{
	(void)malloc_trim(0);
}
