/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/clock_stage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

#define MS_NS INT64_C(1000000)
#define UNSYNCHRONISED_US INT64_C(16000000) /* as the kernel starts */

static int64_t real_ms(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / MS_NS;
}

static void put_environment(struct clock_unit *u)
{
	const char *options = getenv("ASAN_OPTIONS");

	(void)snprintf(u->lines[0], sizeof(u->lines[0]), CLOCK_DOUBLE_ENV "=%s", u->file);
	(void)snprintf(u->lines[1], sizeof(u->lines[1]), "LD_PRELOAD=%s", CLOCK_DOUBLE_LIBRARY);
	/* The double comes before the sanitizer, whose own answers to the time would come first otherwise. */
	(void)snprintf(u->lines[2], sizeof(u->lines[2]),
		"ASAN_OPTIONS=%s%sverify_asan_link_order=0", options ? options : "",
		options ? ":" : "");
	for (size_t i = 0; i < 3; i++)
		u->env[i] = u->lines[i];
	u->env[3] = u->env[4] = NULL;
}

void clock_unit_open(struct clock_unit *u, struct stage *s, const char *unit, int64_t wall_ms)
{
	clock_unit_open_at(u, stage_path(s, "%s.clock", unit), wall_ms);
}

void clock_unit_open_at(struct clock_unit *u, const char *file, int64_t wall_ms)
{
	*u = (struct clock_unit){ 0 };
	(void)snprintf(u->file, sizeof(u->file), "%s", file);
	int fd = open(u->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*u->d)), 0);
	void *at = mmap(NULL, sizeof(*u->d), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(close(fd), 0);
	u->d = at;
	clock_unit_boot(u, 1);
	clock_unit_wall(u, wall_ms);
	clock_unit_sync(u, -1);
	put_environment(u);
}

void clock_unit_close(struct clock_unit *u)
{
	if (u->d)
		(void)munmap(u->d, sizeof(*u->d));
	u->d = NULL;
}

void clock_unit_boot(struct clock_unit *u, int boot)
{
	char path[sizeof(u->file) + 8];

	(void)snprintf(path, sizeof(path), "%s.boot", u->file);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "%08d-2222-4333-8444-555555555555\n", boot) > 0);
	assert_int_equal(fclose(f), 0);
	u->d->boot_ns = (20 * CLOCK_S - real_ms(CLOCK_BOOTTIME)) * MS_NS;
}

void clock_unit_wall(struct clock_unit *u, int64_t wall_ms)
{
	u->d->wall_ns = (wall_ms - real_ms(CLOCK_REALTIME)) * MS_NS - u->d->passed_ns;
}

void clock_unit_jump(struct clock_unit *u, int64_t by_ms)
{
	u->d->wall_ns += by_ms * MS_NS;
}

void clock_unit_pass(struct clock_unit *u, int64_t ms)
{
	u->d->passed_ns += ms * MS_NS;
}

void clock_unit_sync(struct clock_unit *u, int64_t error_ms)
{
	u->d->max_error_us = error_ms < 0 ? UNSYNCHRONISED_US : error_ms * 1000;
	u->d->synchronised = error_ms >= 0;
}

int64_t clock_unit_now(const struct clock_unit *u)
{
	return real_ms(CLOCK_REALTIME) + (u->d->wall_ns + u->d->passed_ns) / MS_NS;
}
