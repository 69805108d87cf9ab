/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/client.h: the screen's end of the kiosk's socket.
 *
 * Never waits: connects when the kiosk is there, drains what has come, keeps the newest view alone.
 * Source: contract, local.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys/local.h"
#include "sys/loop.h"
#include "wire/local.h"

struct screen_client {
	struct loop *loop; /* borrowed */
	const char *path; /* borrowed */
	struct loop_source *source;
	int fd; /* -1: not connected */
	bool heard; /* a view has come over this connection */
	int64_t silent_us; /* where nothing was heard: since when */
	int64_t next_try_us;
	bool told; /* of being away, in the log */
	bool refused; /* a datagram of this connection was not understood, and the log says so */
	char buffer[LOCAL_DATAGRAM_MAX + 1];
	struct wire_local message; /* the datagram at hand; large, so not on the stack */
};

/** screen_client_init() - not yet connected. @path: of the socket, borrowed */
void screen_client_init(
	struct screen_client *client, struct loop *loop, const char *path, int64_t now_us);

/** screen_client_finish() - accepts one that never connected. */
void screen_client_finish(struct screen_client *client);

/** screen_client_connect() - once every 500 ms, where it isn't connected; says hello. */
void screen_client_connect(struct screen_client *client, int64_t now_us);

/**
 * screen_client_drain() - read all that has come.
 * @ret_view: the newest view, untouched where none came
 * Return: whether one came. A result that comes late never shows over a newer view.
 */
bool screen_client_drain(struct screen_client *client, struct wire_view *ret_view);

/** screen_client_presented() - tell that a view is on the display since @at_us. */
void screen_client_presented(struct screen_client *client, int64_t number, int64_t at_us);

/** screen_client_touch() - tell of a touched button. @checkin: of the view that was on the display; none: it had none */
void screen_client_touch(struct screen_client *client, enum wire_touch touch, struct uuid checkin);
