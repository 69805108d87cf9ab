/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/hub.h: the listening end of a local socket: its clients, one datagram at a time.
 *
 * Kiosk and register both have one. Bytes only: who a client is and what it may say is the owner's business.
 * A client that doesn't read is dropped, never waited for; one that comes where no descriptor is left is closed, with a
 * log line for the first. All functions are for the loop's thread; none blocks.
 * Source: contract, local.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sys/local.h"
#include "sys/loop.h"

/* A unit has five programs; the rest is room for people's command lines. Far below 1,024 also because a link's
 * descriptors must be: libmosquitto waits by select(), see "Blind alleys" of link/. */
#define HUB_CLIENTS_MAX 64
#define HUB_CLIENTS_OF_USER                                                                        \
	32 /* of them: one user who takes all that he can get leaves room for the others */

struct hub; /* opaque */
struct hub_client; /* opaque; valid until its handler was told HUB_GONE or hub_drop() was called */

enum hub_event {
	HUB_CAME, /* connected; nothing said yet */
	HUB_DATAGRAM, /* bytes, len, maybe a descriptor */
	HUB_TOO_LARGE, /* a datagram over the limit was thrown away */
	HUB_GONE, /* closed, or dropped; the last word of this client */
};

/*
 * @bytes: HUB_DATAGRAM: @len bytes, with a zero after them; valid for the call
 * @fd: a descriptor that came beside it, the handler's to close; -1 none
 */
typedef void hub_handler(void *ctx, struct hub_client *client, enum hub_event event,
	const char *bytes, size_t len, int fd);

/** hub_open() - listen at a path. Return: 0, -EADDRINUSE where another instance does, or negative errno. */
int hub_open(
	struct loop *loop, const char *path, hub_handler *handler, void *ctx, struct hub **ret_hub);

/** hub_close() - drop everybody (without HUB_GONE), remove the socket; accepts NULL. */
void hub_close(struct hub *hub);

/** hub_send() - one datagram; a client that can't take it is dropped.
 * @pass_fd: a descriptor to pass beside it, still the caller's; -1 none
 * Return: 0 or negative errno (the client is gone, or the datagram was over the limit). */
int hub_send(struct hub_client *client, const void *bytes, size_t len, int pass_fd);

/** hub_drop() - close a client, and tell the handler HUB_GONE: hub_next() has passed it over by then, hub_send()
 * refuses it. It stays allocated until the next event. */
void hub_drop(struct hub_client *client);

/** hub_next() - walk the clients: the one after @client, the first for NULL, NULL at the end. Clients may be dropped
 * on the way, also @client itself after its successor was asked for. */
struct hub_client *hub_next(const struct hub *hub, const struct hub_client *client);

/** hub_peer() - who connected; borrowed. */
const struct local_peer *hub_peer(const struct hub_client *client);

/** hub_tag() - the owner's own pointer for a client, NULL at first; free it at HUB_GONE and before hub_close(). */
void *hub_tag(const struct hub_client *client);
/** hub_set_tag() - set it. */
void hub_set_tag(struct hub_client *client, void *tag);
