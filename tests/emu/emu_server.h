/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu_server.h: the control socket: a stream of lines, each answered with a line.
 *
 * A stream and not SOCK_SEQPACKET, so that `nc -U` and every script language can speak to it.
 */
#pragma once

#include <stddef.h>

#include "emu/emu.h"

#define EMU_CLIENTS_MAX 8 /* a test needs one, a demo two */

struct emu_client {
	int fd; /* -1: free */
	char line[EMU_LINE_MAX];
	size_t len;
};

struct emu_server {
	const char *path; /* borrowed; NULL: there is no socket */
	int listener; /* -1: there is no socket */
	struct emu_client client[EMU_CLIENTS_MAX];
	char answer[EMU_STATE_MAX + 1];
	/* Fills the answer without a line end; returns its length. Called from emu_server_read(). */
	size_t (*handle)(void *context, const char *line, char *answer, size_t room);
	void *context;
};

/**
 * emu_server_open() - listen at a path; a socket left there by a dead emulator is replaced.
 *
 * @path: NULL: no socket, and all the rest does nothing
 *
 * Set handle and context afterwards. Returns 0 or a negative errno.
 */
int emu_server_open(struct emu_server *s, const char *path);

/**
 * emu_server_accept() - take a client; with EMU_CLIENTS_MAX there it is turned away.
 */
void emu_server_accept(struct emu_server *s);

/**
 * emu_server_read() - answer what a client has sent; one that misbehaves is dropped.
 * @i: 0..EMU_CLIENTS_MAX - 1
 */
void emu_server_read(struct emu_server *s, size_t i);

/**
 * emu_server_close() - drop all and remove the socket.
 */
void emu_server_close(struct emu_server *s);
