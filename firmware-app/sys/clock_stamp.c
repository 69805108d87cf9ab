/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/clock_stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

#define EVERY_US INT64_C(600000000) /* 144 small writes a day are nothing to a card */
#define TEXT_MAX 256
#define HEAD "schoolpoort-clock 1 "
#define WALL_MAX_MS (INT64_C(1) << 43) /* the year 2248 */

/* A number up to the next blank, and past it; -1 where there is none. */
static int64_t number(const char **at)
{
	char *end;
	long long n = strtoll(*at, &end, 10);

	if (end == *at || (*end != ' ' && *end != '\n') || n < 0 || n > WALL_MAX_MS)
		return -1;
	*at = end + 1;
	return n;
}

int clock_stamp_parse(const char *text, struct clock_stamp *ret_stamp)
{
	struct clock_stamp stamp = { 0 };
	const char *at = text + strlen(HEAD);

	if (strncmp(text, HEAD, strlen(HEAD)) != 0 || strcspn(at, " ") != sizeof(stamp.boot) - 1)
		return -1;
	memcpy(stamp.boot, at, sizeof(stamp.boot) - 1);
	at += sizeof(stamp.boot) - 1;
	if (*at++ != ' ')
		return -1;
	int64_t field[4];
	for (size_t i = 0; i < 4; i++) {
		field[i] = number(&at);
		if (field[i] < 0)
			return -1;
	}
	if (*at || field[3] > 1)
		return -1;
	stamp.wall_ms = field[0];
	stamp.boot_ms = field[1];
	stamp.error_ms = field[2];
	stamp.rtc = field[3];
	*ret_stamp = stamp;
	return 0;
}

void clock_keeper_open(struct clock_keeper *keeper, struct clock *clock, const char *state_dir)
{
	struct clock_stamp stamp;
	char *text;

	*keeper = (struct clock_keeper){ .next_us = INT64_MIN };
	if (clock->simulated || clock_boot_id(keeper->boot) < 0)
		return;
	(void)snprintf(keeper->path, sizeof(keeper->path), "%s/" CLOCK_STAMP_FILE, state_dir);
	if (file_read(keeper->path, TEXT_MAX, &text) < 0)
		return;
	if (clock_stamp_parse(text, &stamp) == 0)
		clock_resume(clock, &stamp, keeper->boot);
	free(text);
}

/*
 * In place: where kiosk and register share a machine, the folder lets nobody replace the other's file, and whoever made it
 * may be gone. Not emptied first: a full disk, or a kill between, would leave none. With the old one's tail behind it is no
 * stamp, and the next one comes.
 */
static void save_over(const char *path, const char *text, size_t len)
{
	/* Without O_CREAT, which the kernel refuses on another's file in such a folder. */
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (write(fd, text, len) == (ssize_t)len)
		(void)!ftruncate(fd, (off_t)len);
	close(fd);
}

static void save(const char *path, const struct clock_stamp *stamp)
{
	char text[TEXT_MAX], beside[CLOCK_STAMP_PATH_MAX + 4];
	int n = snprintf(text, sizeof(text), HEAD "%s %lld %lld %lld %d\n", stamp->boot,
		(long long)stamp->wall_ms, (long long)stamp->boot_ms, (long long)stamp->error_ms,
		stamp->rtc);

	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		save_over(path, text, (size_t)n); /* the other's, killed while it wrote */
		return;
	}
	bool whole = fchmod(fd, 0660) == 0 && write(fd, text, (size_t)n) == n;
	close(fd);
	if (whole && rename(beside, path) == 0)
		return;
	bool others = errno == EPERM;
	(void)unlink(beside);
	if (others)
		save_over(path, text, (size_t)n);
}

void clock_keeper_care(struct clock_keeper *keeper, struct clock *clock, const struct now *now)
{
	struct clock_stamp stamp;

	if (!keeper->path[0] || now->mono_us < keeper->next_us)
		return;
	if (!clock_stamp_of(clock, keeper->boot, &stamp))
		return;
	keeper->next_us = now->mono_us + EVERY_US;
	save(keeper->path, &stamp);
}
