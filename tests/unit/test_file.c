/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/unit.h"

static char folder[] = "/tmp/schoolpoort-file-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[64];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_read(void **state)
{
	(void)state;
	const char *path = path_of("a");
	static const struct {
		const char *text;
		size_t max;
		int64_t want;
	} row[] = {
		{ "", 0, 0 },
		{ "", 10, 0 },
		{ "hello", 5, 5 },
		{ "hello", 6, 5 },
		{ "hello", 4, -EFBIG },
		{ "hello", 0, -EFBIG },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *bytes = NULL;
		put(path, row[i].text);
		int64_t n = file_read(path, row[i].max, &bytes);
		if (n != row[i].want)
			fail_msg("row %zu: %lld", i, (long long)n);
		if (n < 0)
			assert_null(bytes);
		else
			assert_string_equal(bytes, row[i].text);
		free(bytes);
	}
	unlink(path);
	char *bytes = NULL;
	assert_int_equal(file_read(path, 10, &bytes), -ENOENT);
	assert_int_equal(file_read(folder, 10000, &bytes), -EISDIR);
	assert_null(bytes);
}

/* Files whose size isn't told before: /proc, a pipe, a FIFO that nobody writes to. */
static void test_read_without_size(void **state)
{
	(void)state;
	char *bytes = NULL;
	int64_t n = file_read("/proc/self/maps", 1 << 20, &bytes);
	assert_true(n > 4096);
	assert_int_equal(strlen(bytes), n);
	free(bytes);
	bytes = NULL;
	assert_int_equal(file_read("/proc/self/maps", 4096, &bytes), -EFBIG);
	int pipe_fd[2];
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(write(pipe_fd[1], "abc", 3), 3);
	close(pipe_fd[1]);
	assert_int_equal(file_read_fd(pipe_fd[0], 3, &bytes), 3);
	assert_string_equal(bytes, "abc");
	free(bytes);
	close(pipe_fd[0]);
	const char *path = path_of("fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, 3, &bytes), 0);
	free(bytes);
	unlink(path);
}

static void test_read_fd_from_its_start(void **state)
{
	(void)state;
	const char *path = path_of("a");
	put(path, "hello");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char skipped[3], *bytes = NULL;
	assert_int_equal(read(fd, skipped, 3), 3);
	assert_int_equal(file_read_fd(fd, 10, &bytes), 5);
	assert_string_equal(bytes, "hello");
	free(bytes);
	close(fd);
	assert_int_equal(file_read_fd(fd, 10, &bytes), -EBADF);
	unlink(path);
}

static void test_free_space(void **state)
{
	(void)state;
	assert_true(file_free_mb(folder) >= 0);
	assert_int_equal(file_free_mb(path_of("none")), -ENOENT);
}

static void test_lock(void **state)
{
	(void)state;
	const char *path = path_of("lock");
	int fd = file_lock(path);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(file_lock(path), -EWOULDBLOCK); /* of another open file, as of a process */
	close(fd);
	fd = file_lock(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(file_lock(path), -ELOOP);
	unlink(path);
	assert_int_equal(file_lock("/none/such"), -ENOENT);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_without_size),
		cmocka_unit_test(test_read_fd_from_its_start),
		cmocka_unit_test(test_free_space),
		cmocka_unit_test(test_lock),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
