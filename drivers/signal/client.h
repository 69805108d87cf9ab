/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * signal/client.h: the kiosk's socket as lights and buzzer see it.
 *
 * Never waits: connects where the kiosk is there, takes what has come, keeps the newest view alone. One thread.
 * Source: contract, local.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys/local.h"
#include "sys/loop.h"
#include "wire/local.h"

struct signal_client {
	struct loop *loop; /* borrowed */
	const char *path; /* of the socket; borrowed */
	struct loop_source *source;
	int fd; /* -1: not connected */
	bool heard; /* a view has come over this connection */
	bool told; /* that it is away, in the log */
	int64_t away_us; /* since when no view has come from anybody */
	int64_t try_us; /* not before */
	char buffer[LOCAL_DATAGRAM_MAX + 1];
	struct wire_local message; /* the datagram at hand; too large for a stack */
};

/** signal_client_init() - not connected yet. */
void signal_client_init(
	struct signal_client *c, struct loop *loop, const char *path, int64_t now_us);
/** signal_client_finish() - accepts one that never connected. */
void signal_client_finish(struct signal_client *c);
/** signal_client_serve() - connect where it isn't, and read all that came. Return: whether a view did; *ret_view is the
 * newest then, and untouched otherwise. */
bool signal_client_serve(struct signal_client *c, int64_t now_us, struct wire_view *ret_view);
