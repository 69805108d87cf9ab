/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* The C library's file of that name. NOLINTNEXTLINE(readability-duplicate-include) */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FIRST_BYTES 4096 /* where the size isn't known before, as for a pipe or /proc */

/* Return: the bytes read up to the end of the file or to @room, or negative errno. */
static int64_t fill(int fd, char *bytes, size_t room)
{
	size_t n = 0;
	while (n < room) {
		ssize_t r = read(fd, bytes + n, room - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	return (int64_t)n;
}

int64_t file_read_fd(int fd, size_t max, char **ret_bytes)
{
	struct stat st;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		return -EFBIG;
	(void)lseek(fd, 0, SEEK_SET); /* a pipe has no start; what it holds is read as it comes */
	size_t room = S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : FIRST_BYTES;
	size_t n = 0;
	char *bytes = NULL;
	for (;;) {
		if (room > max + 1)
			room = max + 1; /* one more than allowed, to see that there is more */
		char *larger = realloc(bytes, room + 1);
		if (!larger) {
			free(bytes);
			return -ENOMEM;
		}
		bytes = larger;
		int64_t got = fill(fd, bytes + n, room - n);
		if (got < 0 || n + (size_t)got > max) {
			free(bytes);
			return got < 0 ? got : -EFBIG;
		}
		n += (size_t)got;
		if (n < room)
			break;
		room *= 2;
	}
	bytes[n] = '\0';
	*ret_bytes = bytes;
	return (int64_t)n;
}

int64_t file_read(const char *path, size_t max, char **ret_bytes)
{
	/* Without O_NONBLOCK a FIFO in the place of a file would hold the program here for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	int64_t n = file_read_fd(fd, max, ret_bytes);
	close(fd);
	return n;
}

bool file_is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int64_t file_free_mb(const char *folder)
{
	struct statvfs fs;
	if (statvfs(folder, &fs))
		return -errno;
	/* f_bavail: what is left for us, without the reserve of root. */
	return (int64_t)(((uint64_t)fs.f_bavail * fs.f_frsize) >> 20);
}

int file_reserve(const char *path, int64_t bytes)
{
	struct stat st;

	/* By blocks: one that a cut left sparse would give nothing back. */
	if (stat(path, &st) == 0 && st.st_size >= bytes && (int64_t)st.st_blocks * 512 >= bytes)
		return 0;
	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0)
		return -errno;
	int err = -posix_fallocate(fd, 0, bytes);
	(void)close(fd);
	if (err)
		(void)unlink(path);
	return err;
}

int file_oldest(
	const char *folder, const char *prefix, char *ret_path, size_t size, int64_t *ret_at_s)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int found = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct stat st;
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
			!S_ISREG(st.st_mode))
			continue;
		int64_t at_s = st.st_mtime > st.st_ctime ? st.st_mtime : st.st_ctime;
		if (found && at_s >= *ret_at_s)
			continue;
		int n = snprintf(ret_path, size, "%s/%s", folder, entry->d_name);
		if (n < 0 || (size_t)n >= size)
			continue;
		*ret_at_s = at_s;
		found = 1;
	}
	(void)closedir(dir);
	return found;
}

int file_drop_oldest(
	const char *folder, const char *prefix, int64_t before_s, char *ret_path, size_t size)
{
	static const char *const ends[] = { "-wal", "-shm" };
	char beside[PATH_MAX + 8];
	int64_t at_s = 0;
	int r = file_oldest(folder, prefix, ret_path, size, &at_s);

	if (r <= 0 || at_s >= before_s)
		return r < 0 ? r : 0;
	if (unlink(ret_path) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(beside, sizeof(beside), "%s%s", ret_path, ends[i]);
		(void)unlink(beside);
	}
	return 1;
}

int file_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0660);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = -errno;
		if (err == -EINTR)
			continue;
		close(fd);
		return err;
	}
	return fd;
}

int file_in_memory(const char *name, const void *bytes, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)bytes + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = n < 0 ? -errno : -EIO;
			(void)close(fd);
			return err;
		}
		done += (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0) {
		int err = -errno;
		(void)close(fd);
		return err;
	}
	return fd;
}
