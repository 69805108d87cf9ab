/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/fail_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The C library's own, which it exports for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct fail_alloc *shared;

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv(FAIL_ALLOC_ENV);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *at = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (at != MAP_FAILED)
		shared = at;
}

static int fails(void)
{
	if (!shared || !atomic_load(&shared->armed))
		return 0;
	long n = atomic_fetch_add(&shared->n_calls, 1) + 1;
	if (n < atomic_load(&shared->fail_from) || n > atomic_load(&shared->fail_until))
		return 0;
	(void)atomic_fetch_add(&shared->n_failed, 1);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
