/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/log.h"

#define PAUSE_US INT64_C(1000000) /* of a listener that can't even refuse */
#define SAID_EVERY_US                                                                              \
	INT64_C(60000000) /* a line about that; a peer that comes and goes has no more */

struct hub_client {
	struct hub *hub;
	struct hub_client *next;
	int fd; /* -1: dropped, waits to be freed */
	struct loop_source *source;
	struct local_peer peer;
	void *tag;
};

struct hub {
	struct loop *loop;
	struct loop_source *source;
	struct loop_source *pause; /* a timer */
	int listen_fd, lock_fd;
	int spare_fd; /* given up to refuse a client where no other descriptor is left; -1 lost meanwhile */
	bool is_short; /* of descriptors or memory, as it was last seen */
	int64_t said_us;
	char path[108];
	hub_handler *handler;
	void *ctx;
	size_t n_clients;
	struct hub_client *clients;
	char buffer[LOCAL_DATAGRAM_MAX + 1];
};

static void free_dropped(struct hub *hub)
{
	struct hub_client **at = &hub->clients;

	while (*at) {
		struct hub_client *c = *at;
		if (c->fd >= 0) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free(c);
	}
}

void hub_drop(struct hub_client *client)
{
	struct hub *hub = client->hub;

	if (client->fd < 0)
		return;
	loop_drop(client->source);
	client->source = NULL;
	(void)close(client->fd);
	client->fd = -1;
	hub->n_clients--;
	/* Last, so that a handler that tells everybody else about it doesn't drop it once more. */
	hub->handler(hub->ctx, client, HUB_GONE, NULL, 0, -1);
}

static void receive(struct hub_client *client)
{
	struct hub *hub = client->hub;
	int fd = -1;
	ssize_t len = local_recv(client->fd, hub->buffer, &fd);

	if (len == -EAGAIN || len == -EINTR)
		return;
	if (len == -EMSGSIZE) {
		hub->handler(hub->ctx, client, HUB_TOO_LARGE, NULL, 0, -1);
		return;
	}
	if (len < 0) {
		hub_drop(client);
		return;
	}
	hub->buffer[len] = 0;
	hub->handler(hub->ctx, client, HUB_DATAGRAM, hub->buffer, (size_t)len, fd);
}

static void on_client(void *ctx, int fd, uint32_t events)
{
	struct hub_client *client = ctx;
	struct hub *hub = client->hub;

	(void)fd;
	/* What a peer wrote before it closed still counts: a tap must not go with its reader. */
	if (events & EPOLLIN)
		receive(client);
	else
		hub_drop(client);
	free_dropped(hub);
}

static bool has_room_for(const struct hub *hub, uid_t uid)
{
	size_t n = 0;

	for (const struct hub_client *c = hub->clients; c; c = c->next)
		n += c->fd >= 0 && c->peer.uid == uid;
	return hub->n_clients < HUB_CLIENTS_MAX && n < HUB_CLIENTS_OF_USER;
}

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_pause(void *ctx)
{
	struct hub *hub = ctx;

	loop_set_events(hub->source, EPOLLIN);
}

static void say_short(struct hub *hub, int err)
{
	int64_t now_us = clock_mono_us();

	if (!hub->is_short && now_us - hub->said_us >= SAID_EVERY_US) {
		hub->said_us = now_us;
		log_warn("clients_refused reason=\"%s\" next=close_them", strerror(-err));
	}
	hub->is_short = true;
}

/*
 * A client that can't be taken stays in the queue, and the listener readable: the loop would turn for it without end. So
 * it is taken by the spare descriptor and closed; where even that is gone the listener pauses.
 */
static void refuse_one(struct hub *hub, int err)
{
	if (err == -EAGAIN || err == -ECONNABORTED)
		return; /* went before it was taken */
	say_short(hub, err);
	int fd = -1;
	if (hub->spare_fd >= 0) {
		(void)close(hub->spare_fd);
		fd = local_accept(hub->listen_fd, NULL);
	}
	if (fd >= 0)
		(void)close(fd);
	hub->spare_fd = open_spare();
	if (fd >= 0)
		return;
	loop_set_events(hub->source, 0);
	loop_set_timer(hub->pause, PAUSE_US);
}

static void on_listener(void *ctx, int fd, uint32_t events)
{
	struct hub *hub = ctx;
	struct local_peer peer;
	int client_fd = local_accept(fd, &peer);

	(void)events;
	free_dropped(hub);
	if (client_fd < 0) {
		refuse_one(hub, client_fd);
		return;
	}
	hub->is_short = false;
	struct hub_client *c = has_room_for(hub, peer.uid) ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		(void)close(client_fd);
		return;
	}
	c->hub = hub;
	c->fd = client_fd;
	c->peer = peer;
	if (loop_add_fd(hub->loop, client_fd, EPOLLIN, on_client, c, &c->source) < 0) {
		(void)close(client_fd);
		free(c);
		return;
	}
	c->next = hub->clients;
	hub->clients = c;
	hub->n_clients++;
	hub->handler(hub->ctx, c, HUB_CAME, NULL, 0, -1);
}

int hub_open(
	struct loop *loop, const char *path, hub_handler *handler, void *ctx, struct hub **ret_hub)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	if (!hub)
		return -ENOMEM;
	hub->loop = loop;
	hub->handler = handler;
	hub->ctx = ctx;
	hub->listen_fd = hub->lock_fd = -1;
	hub->spare_fd = open_spare();
	hub->said_us = -SAID_EVERY_US;
	int err = -ENAMETOOLONG;
	if (strlen(path) >= sizeof(hub->path))
		goto out;
	memcpy(hub->path, path, strlen(path) + 1);
	err = local_listen(path, &hub->listen_fd, &hub->lock_fd);
	if (err)
		goto out;
	err = loop_add_timer(loop, on_pause, hub, &hub->pause);
	if (err)
		goto out;
	err = loop_add_fd(loop, hub->listen_fd, EPOLLIN, on_listener, hub, &hub->source);
	if (err)
		goto out;
	*ret_hub = hub;
	hub = NULL;
out:
	hub_close(hub);
	return err;
}

void hub_close(struct hub *hub)
{
	if (!hub)
		return;
	for (struct hub_client *c = hub->clients; c; c = c->next) {
		if (c->fd < 0)
			continue;
		loop_drop(c->source);
		(void)close(c->fd);
		c->fd = -1;
	}
	free_dropped(hub);
	loop_drop(hub->source);
	loop_drop(hub->pause);
	if (hub->spare_fd >= 0)
		(void)close(hub->spare_fd);
	if (hub->listen_fd >= 0) {
		(void)unlink(hub->path);
		(void)close(hub->listen_fd);
	}
	if (hub->lock_fd >= 0)
		(void)close(hub->lock_fd);
	free(hub);
}

int hub_send(struct hub_client *client, const void *bytes, size_t len, int pass_fd)
{
	if (client->fd < 0)
		return -ECONNRESET;
	int err = local_send(client->fd, bytes, len, pass_fd);
	if (err && err != -EMSGSIZE)
		hub_drop(
			client); /* freed by the next turn: the caller may be walking the clients */
	return err;
}

struct hub_client *hub_next(const struct hub *hub, const struct hub_client *client)
{
	struct hub_client *c = client ? client->next : hub->clients;

	while (c && c->fd < 0)
		c = c->next;
	return c;
}

const struct local_peer *hub_peer(const struct hub_client *client)
{
	return &client->peer;
}

void *hub_tag(const struct hub_client *client)
{
	return client->tag;
}

void hub_set_tag(struct hub_client *client, void *tag)
{
	client->tag = tag;
}
