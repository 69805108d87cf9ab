/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/client.h: the kiosk's socket as the reader sees it.
 *
 * Connects again every half second for as long as nobody is there. Nothing is kept for a kiosk
 * that is away: what is in the field is told as it comes, by the one who owns the field. One
 * thread; nothing here waits. Source: contract, local.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reader/field.h"
#include "sys/loop.h"
#include "wire/local.h"

#define CLIENT_RETRY_US 500000
#define CLIENT_STATUS_US 1000000
#define CLIENT_PATH_MAX 108 /* sun_path */

/* What happened to the connection in a call; for the log. */
enum client_edge {
	CLIENT_SAME,
	CLIENT_CAME, /* connected, hello said: now tell what is in the field */
	CLIENT_LOST,
};

struct client {
	struct loop *loop; /* borrowed */
	struct loop_source *source; /* NULL: not connected */
	int fd; /* -1: not connected */
	char path[CLIENT_PATH_MAX];
	char name[WIRE_TEXT_MAX]; /* said in hello */
	int64_t retry_us; /* not before */
	int64_t status_us; /* when a status was sent last */
	bool broken; /* to be closed at the next client_serve() */
	char refused[WIRE_TEXT_MAX]; /* why the kiosk didn't understand us; "" nothing new */
	char *buffer; /* of one datagram */
};

/** client_init() - not yet connected. @path, @name: copied, cut where too long.
 * Return: 0, or -ENOMEM. */
int client_init(struct client *c, struct loop *loop, const char *path, const char *name);

/** client_finish() - close; accepts one that was all zero or failed to init. */
void client_finish(struct client *c);

/** client_serve() - connect where it is time to, close what has broken. Once a turn. */
enum client_edge client_serve(struct client *c, int64_t now_us);

/** client_event() - tell one event of the field; lost where nobody is connected. */
void client_event(struct client *c, const struct field_event *event);

/** client_status() - tell how the reader is. @reason: for WIRE_READER_FAULT, "" otherwise */
void client_status(
	struct client *c, enum wire_reader_state state, const char *reason, int64_t now_us);

/** client_wait_us() - how long until a status or a new attempt is due; 0: now. */
int64_t client_wait_us(const struct client *c, int64_t now_us);

/** client_is_status_due() - a second has passed since the last. */
bool client_is_status_due(const struct client *c, int64_t now_us);
