/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The socket with both ends in one process (they never wait for each other), and once with a second process, whose
 * credentials are told.
 */
#include "sys/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

#define DEADLINE_MS 30000

static char folder[] = "/tmp/schoolpoort-local-XXXXXX";
static char path[64], lock_path[72];
static char sent[LOCAL_DATAGRAM_MAX + 2], got[LOCAL_DATAGRAM_MAX + 1];

struct ends {
	int listener, lock, server, client;
	struct local_peer peer;
};

static struct ends open_ends(void)
{
	struct ends e = { .client = -1 };
	assert_int_equal(local_listen(path, &e.listener, &e.lock), 0);
	assert_int_equal(local_accept(e.listener, &e.peer), -EAGAIN);
	e.client = local_connect(path);
	assert_true(e.client >= 0);
	e.server = local_accept(e.listener, &e.peer);
	assert_true(e.server >= 0);
	return e;
}

static void close_ends(const struct ends *e)
{
	close(e->client);
	close(e->server);
	close(e->listener);
	close(e->lock);
}

static int open_fds(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_sizes(void **state)
{
	(void)state;
	struct ends e = open_ends();
	static const struct {
		size_t len;
		int want;
	} row[] = { { 1, 0 }, { 1000, 0 }, { LOCAL_DATAGRAM_MAX, 0 },
		{ LOCAL_DATAGRAM_MAX + 1, -EMSGSIZE }, { 0, -EINVAL } };
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		memset(sent, (int)('a' + i), sizeof(sent));
		assert_int_equal(local_send(e.client, sent, row[i].len, -1), row[i].want);
		int fd = 7;
		ssize_t n = local_recv(e.server, got, &fd);
		assert_int_equal(n, row[i].want ? -EAGAIN : (ssize_t)row[i].len);
		assert_int_equal(fd, -1);
		if (n > 0)
			assert_memory_equal(got, sent, (size_t)n);
	}
	/* A peer that doesn't keep the limit: gone, and the next one arrives whole. */
	for (size_t len = LOCAL_DATAGRAM_MAX + 1; len <= LOCAL_DATAGRAM_MAX + 2; len++) {
		assert_int_equal(send(e.client, sent, len, 0), (ssize_t)len);
		assert_int_equal(local_send(e.client, "next", 4, -1), 0);
		assert_int_equal(local_recv(e.server, got, NULL), -EMSGSIZE);
		assert_int_equal(local_recv(e.server, got, NULL), 4);
		assert_memory_equal(got, "next", 4);
	}
	close_ends(&e);
}

static void test_descriptor(void **state)
{
	(void)state;
	struct ends e = open_ends();
	int before = open_fds(), fd = -1;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stat a, b;
	assert_int_equal(fstat(file, &a), 0);
	assert_int_equal(local_send(e.client, "x", 1, file), 0);
	close(file);
	assert_int_equal(local_recv(e.server, got, &fd), 1);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* One that isn't wanted leaves nothing open. */
	assert_int_equal(local_send(e.client, "x", 1, fd), 0);
	close(fd);
	assert_int_equal(local_recv(e.server, got, NULL), 1);
	assert_int_equal(open_fds(), before);
	close_ends(&e);
}

/* More descriptors than anyone should send, also beside a datagram that is too large. */
static void test_too_many_descriptors(void **state)
{
	(void)state;
	struct ends e = open_ends();
	int before = open_fds();
	static const struct {
		size_t len;
		int n_fds;
	} row[] = { { 1, 3 }, { 1, 20 }, { LOCAL_DATAGRAM_MAX + 1, 2 } };
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		union {
			struct cmsghdr head;
			char bytes[CMSG_SPACE(20 * sizeof(int))];
		} control = { .bytes = { 0 } };
		struct iovec iov = { sent, row[i].len };
		struct msghdr msg = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = CMSG_SPACE(row[i].n_fds * sizeof(int)) };
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(row[i].n_fds * sizeof(int));
		for (int f = 0; f < row[i].n_fds; f++)
			memcpy(CMSG_DATA(c) + f * sizeof(int), &e.lock, sizeof(int));
		assert_true(sendmsg(e.client, &msg, 0) > 0);
		int fd = -1;
		ssize_t n = local_recv(e.server, got, &fd);
		if (row[i].len > LOCAL_DATAGRAM_MAX) {
			assert_int_equal(n, -EMSGSIZE);
			assert_int_equal(fd, -1);
		} else {
			assert_int_equal(n, 1);
			assert_true(fd >= 0);
			close(fd);
		}
		assert_int_equal(open_fds(), before);
	}
	close_ends(&e);
}

static void test_peer_that_does_not_read(void **state)
{
	(void)state;
	struct ends e = open_ends();
	int err = 0, n = 0;
	while (!err && n < 100000) {
		err = local_send(e.server, "small", 5, -1);
		n += !err;
	}
	assert_int_equal(err, -EAGAIN);
	assert_true(n >= 10);
	for (int i = 0; i < n; i++)
		assert_int_equal(local_recv(e.client, got, NULL), 5);
	assert_int_equal(local_recv(e.client, got, NULL), -EAGAIN);
	assert_int_equal(local_send(e.server, "small", 5, -1), 0);
	close_ends(&e);
}

static void test_peer_that_goes(void **state)
{
	(void)state;
	struct ends e = open_ends();
	assert_int_equal(local_send(e.client, "last", 4, -1), 0);
	close(e.client);
	e.client = -1;
	assert_int_equal(local_recv(e.server, got, NULL), 4);
	assert_int_equal(local_recv(e.server, got, NULL), -ECONNRESET);
	/* Without MSG_NOSIGNAL this would end the test. */
	assert_int_equal(local_send(e.server, "x", 1, -1), -EPIPE);
	close_ends(&e);
}

static void test_empty_datagram_is_a_close(void **state)
{
	(void)state;
	struct ends e = open_ends();
	assert_int_equal(send(e.client, "", 0, 0), 0);
	assert_int_equal(local_recv(e.server, got, NULL), -ECONNRESET);
	close_ends(&e);
}

static void test_mode_and_flags(void **state)
{
	(void)state;
	struct stat st;
	mode_t before = umask(0077);
	struct ends e = open_ends();
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	int fds[] = { e.listener, e.server, e.client };
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
	}
	assert_int_equal(e.peer.pid, getpid());
	assert_int_equal(e.peer.uid, getuid());
	assert_int_equal(e.peer.gid, getgid());
	close_ends(&e);
}

static void test_second_instance_and_stale_file(void **state)
{
	(void)state;
	struct ends e = open_ends();
	int listener = -7, lock = -7;
	assert_int_equal(local_listen(path, &listener, &lock), -EADDRINUSE);
	assert_int_equal(listener, -7);
	assert_int_equal(lock, -7);
	int client = local_connect(path); /* the first one wasn't disturbed */
	assert_true(client >= 0);
	close(client);
	close_ends(&e);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(local_connect(path), -ECONNREFUSED);
	e = open_ends(); /* over the stale file */
	close_ends(&e);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(local_connect(path), -ENOENT);
}

static void test_not_our_file(void **state)
{
	(void)state;
	int listener, lock;
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(local_listen(path, &listener, &lock), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(
		local_listen(path, &listener, &lock), -EEXIST); /* the lock was given back */
	unlink(path);
}

static void test_path_lengths(void **state)
{
	(void)state;
	int listener, lock;
	char name[120];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s/", folder);
	memset(name + n, 'a', sizeof(name) - n);
	name[108] = '\0';
	assert_int_equal(local_listen(name, &listener, &lock), -ENAMETOOLONG);
	assert_int_equal(local_connect(name), -ENAMETOOLONG);
	assert_int_equal(local_connect(""), -ENAMETOOLONG);
	name[107] = '\0';
	assert_int_equal(local_listen(name, &listener, &lock), 0);
	int client = local_connect(name);
	assert_true(client >= 0);
	close(client);
	close(listener);
	close(lock);
	unlink(name);
	memcpy(name + 107, ".lock", sizeof(".lock"));
	unlink(name);
}

static void test_two_processes(void **state)
{
	(void)state;
	int listener, lock;
	assert_int_equal(local_listen(path, &listener, &lock), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = local_connect(path);
		_exit(fd >= 0 && !local_send(fd, "hello", 5, -1) ? 0 : 1);
	}
	struct pollfd p = { .fd = listener, .events = POLLIN };
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	struct local_peer peer;
	int server = local_accept(listener, &peer);
	assert_true(server >= 0);
	assert_int_equal(peer.pid, pid);
	p.fd = server;
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_int_equal(local_recv(server, got, NULL), 5);
	assert_memory_equal(got, "hello", 5);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(local_recv(server, got, NULL), -ECONNRESET);
	close(server);
	close(listener);
	close(lock);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/kiosk.sock", folder);
	(void)snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(lock_path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_too_many_descriptors),
		cmocka_unit_test(test_peer_that_does_not_read),
		cmocka_unit_test(test_peer_that_goes),
		cmocka_unit_test(test_empty_datagram_is_a_close),
		cmocka_unit_test(test_mode_and_flags),
		cmocka_unit_test(test_second_instance_and_stale_file),
		cmocka_unit_test(test_not_our_file),
		cmocka_unit_test(test_path_lengths),
		cmocka_unit_test(test_two_processes),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
