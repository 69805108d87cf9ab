/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/clock_double.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NS INT64_C(1000000000)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define RTC "/sys/class/rtc/rtc0/since_epoch"

static struct clock_double *shared; /* NULL: a program that isn't doubled, or before its start */
static const char *file;

__attribute__((constructor)) static void join(void)
{
	file = getenv(CLOCK_DOUBLE_ENV);
	if (!file)
		return;
	/* By system calls: nothing here may depend on what a sanitizer has set up by now. */
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		abort();
	void *at = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		abort();
	(void)syscall(SYS_close, fd);
	shared = at;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);
	int64_t add = !shared                ? 0
		      : id == CLOCK_REALTIME ? shared->wall_ns + shared->passed_ns
		      : id == CLOCK_BOOTTIME ? shared->boot_ns + shared->passed_ns
					     : 0;

	if (r < 0 || !add)
		return r;
	int64_t ns = ts->tv_sec * NS + ts->tv_nsec + add;
	ts->tv_sec = ns / NS;
	ts->tv_nsec = ns % NS;
	return 0;
}

int adjtimex(struct timex *tx)
{
	if (!shared)
		return (int)syscall(SYS_adjtimex, tx);
	memset(tx, 0, sizeof(*tx));
	tx->status = shared->synchronised ? STA_PLL : STA_UNSYNC;
	tx->maxerror = shared->max_error_us;
	return shared->synchronised ? TIME_OK : TIME_ERROR;
}

/* The two files of the kernel that tell of boots and clocks. */
static int open_as_told(const char *path, int flags, mode_t mode)
{
	char other[512];
	const char *end = !strcmp(path, BOOT_ID) ? "boot" : !strcmp(path, RTC) ? "rtc" : NULL;

	if (shared && end) {
		(void)snprintf(other, sizeof(other), "%s.%s", file, end);
		path = other;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_as_told(path, flags, mode);
}
