/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/file.h"

#define BACKLOG 16 /* reader, screen, signal and a few command lines; the rest tries again */
#define FDS_MAX                                                                                    \
	4 /* room for more than one, so that a surplus is seen; beyond it the kernel drops */
#define MODE 0660 /* contract, local.md */

static int set_address(struct sockaddr_un *addr, const char *path)
{
	size_t len = strlen(path);
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len == 0 || len >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	memcpy(addr->sun_path, path, len + 1);
	return 0;
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* cppcheck-suppress resourceLeak ; it is the caller's: 2.10 loses it behind the choice */
	return fd < 0 ? -errno : fd;
}

/* Under the lock: whoever made the socket file is gone. Anything but a socket isn't ours to take. */
static int remove_stale(const char *path)
{
	struct stat st;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(path) ? -errno : 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *addr)
{
	/* Before bind(), so that the file is never wider open; after it, so that no umask narrows it. */
	if (fchmod(fd, MODE) || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
		chmod(addr->sun_path, MODE) || listen(fd, BACKLOG))
		return -errno;
	return 0;
}

int local_listen(const char *path, int *ret_fd, int *ret_lock_fd)
{
	struct sockaddr_un addr;
	int err = set_address(&addr, path);
	if (err)
		return err;
	char lock_path[sizeof(addr.sun_path) + sizeof(".lock")];
	(void)snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	int lock_fd = file_lock(lock_path);
	if (lock_fd < 0)
		return lock_fd == -EWOULDBLOCK ? -EADDRINUSE : lock_fd;
	int fd = -1;
	err = remove_stale(path);
	if (!err) {
		fd = open_socket();
		err = fd < 0 ? fd : bind_and_listen(fd, &addr);
	}
	if (err) {
		if (fd >= 0)
			close(fd);
		close(lock_fd);
		return err;
	}
	*ret_fd = fd;
	*ret_lock_fd = lock_fd;
	return 0;
}

int local_accept(int listen_fd, struct local_peer *ret_peer)
{
	int fd;
	do
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		int err = -errno;
		close(fd);
		return err;
	}
	if (ret_peer)
		*ret_peer = (struct local_peer){ cred.pid, cred.uid, cred.gid };
	return fd;
}

int local_connect(const char *path)
{
	struct sockaddr_un addr;
	int err = set_address(&addr, path);
	if (err)
		return err;
	int fd = open_socket();
	if (fd < 0)
		return fd;
	/* Unix sockets connect at once or not at all: EAGAIN means a full backlog, not a wait. */
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int local_send(int fd, const void *bytes, size_t len, int pass_fd)
{
	if (len > LOCAL_DATAGRAM_MAX)
		return -EMSGSIZE;
	if (len == 0)
		return -EINVAL; /* the other side would take it for a close */
	union {
		struct cmsghdr head; /* for its alignment */
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	memset(&control, 0, sizeof(control));
	struct iovec iov = { .iov_len = len };
	memcpy(&iov.iov_base, &bytes, sizeof(bytes)); /* iovec has no const; sendmsg only reads */
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (pass_fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &pass_fd, sizeof(pass_fd));
	}
	ssize_t n;
	do
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0; /* a SEQPACKET goes whole or not at all */
}

/* The first descriptor to @ret_fd where one is wanted, all others closed: a peer may not fill our table. */
static void take_fds(struct msghdr *msg, int *ret_fd)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (ret_fd && *ret_fd < 0)
				*ret_fd = fd;
			else
				close(fd);
		}
	}
}

ssize_t local_recv(int fd, void *buffer, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control;
	struct iovec iov = { .iov_base = buffer, .iov_len = LOCAL_DATAGRAM_MAX + 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	if (ret_fd)
		*ret_fd = -1;
	ssize_t n;
	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	bool whole = n > 0 && n <= LOCAL_DATAGRAM_MAX && !(msg.msg_flags & MSG_TRUNC);
	take_fds(&msg, whole ? ret_fd : NULL);
	if (n == 0)
		return -ECONNRESET;
	return whole ? n : -EMSGSIZE;
}
