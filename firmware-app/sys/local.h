/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/local.h: the local socket (Unix, SOCK_SEQPACKET), one datagram at a time, bytes only.
 *
 * What the bytes mean is wire/local.h's business. Nothing here ever waits: a peer that doesn't read is dropped.
 * Source: contract, local.md; library-facts.md section 8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOCAL_DATAGRAM_MAX 65536

/* Who connected; of the moment of connect(), not of each write. */
struct local_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/**
 * local_listen() - take the lock PATH.lock, unlink what is stale, bind with mode 0660, listen.
 * @ret_fd: non-blocking, close-on-exec; *ret_lock_fd keeps the lock until closed
 * Return: 0, -EADDRINUSE where another instance holds the lock, -EEXIST where something else than a socket is
 * there, -ENAMETOOLONG past sun_path, or another negative errno.
 */
int local_listen(const char *path, int *ret_fd, int *ret_lock_fd);

/** local_accept() - Return: a descriptor (non-blocking, close-on-exec), -EAGAIN where nobody waits, or another
 * negative errno (go on listening). */
int local_accept(int listen_fd, struct local_peer *ret_peer);

/** local_connect() - Return: a non-blocking descriptor, or negative errno (-ENOENT, -ECONNREFUSED: nobody there
 * yet, try again later). Doesn't wait. */
int local_connect(const char *path);

/** local_send() - one datagram, with a descriptor beside it unless @pass_fd is negative.
 * Return: 0, -EAGAIN where the peer doesn't read (drop it), -EMSGSIZE over the limit, -EINVAL empty, or
 * another negative errno. */
int local_send(int fd, const void *bytes, size_t len, int pass_fd);

/**
 * local_recv() - one datagram.
 * @buffer: LOCAL_DATAGRAM_MAX + 1 bytes
 * @ret_fd: a descriptor that came beside it, the caller's to close, or -1; further ones are closed here.
 *          NULL: none wanted, all are closed
 * Return: its length (0 and more); -EAGAIN nothing there; -EMSGSIZE it was larger than the limit and is gone;
 * -ECONNRESET the peer has closed; another negative errno. An empty datagram counts as a close.
 */
ssize_t local_recv(int fd, void *buffer, int *ret_fd);
