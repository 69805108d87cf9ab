/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * floor_sync FILE COUNT append|overwrite [PAUSE_US]: what making 4 KiB durable costs, and nothing else.
 *
 * One pwrite and one fdatasync each, a pause of under a second before each where one is wanted; a line `us: …` with every
 * time in microseconds. The two ways are those of a write-ahead log: `append` makes the file longer each time, which the
 * file system must note as well; `overwrite` goes through 4 MiB that are there already, again and again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define BLOCKS 1024 /* of the file that is written over: 4 MiB, where the kiosk checkpoints */

static int failed(const char *what)
{
	(void)fprintf(stderr, "floor_sync: %s: %s\n", what, strerror(errno));
	return 1;
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Return: 0, once there are BLOCKS durable blocks. */
static int fill(int fd, const char *block)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)BLOCKS * BLOCK)
		return 0;
	for (int i = 0; i < BLOCKS; i++)
		if (pwrite(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
			return -1;
	return fsync(fd);
}

int main(int argc, char **argv)
{
	char block[BLOCK];
	struct stat st;
	int n = argc == 4 || argc == 5 ? (int)strtol(argv[2], NULL, 10) : 0;

	if (n < 1) {
		(void)fputs("usage: floor_sync FILE COUNT append|overwrite [PAUSE_US]\n", stderr);
		return 2;
	}
	const struct timespec pause = { .tv_nsec =
						argc == 5 ? strtol(argv[4], NULL, 10) * 1000 : 0 };
	int over = strcmp(argv[3], "overwrite") == 0;
	int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	memset(block, 's', sizeof(block));
	if (fd < 0 || (over && fill(fd, block) < 0) || fstat(fd, &st) < 0)
		return failed(argv[1]);
	(void)printf("us:");
	for (int i = 0; i < n; i++) {
		off_t at = over ? (off_t)(i % BLOCKS) * BLOCK : st.st_size + (off_t)i * BLOCK;
		if (pause.tv_nsec > 0)
			(void)nanosleep(&pause, NULL);
		double begin = now_us();
		block[0] = (char)i;
		if (pwrite(fd, block, BLOCK, at) != BLOCK || fdatasync(fd) < 0)
			return failed(argv[1]);
		(void)printf(" %.1f", now_us() - begin);
	}
	(void)printf("\n");
	return close(fd) < 0 ? failed(argv[1]) : 0;
}
