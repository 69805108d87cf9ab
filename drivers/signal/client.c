/* SPDX-License-Identifier: EUPL-1.2 */
#include "signal/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/log.h"

#define TRY_EVERY_US 500000
#define DRAIN_MAX 512 /* datagrams a turn */

void signal_client_init(
	struct signal_client *c, struct loop *loop, const char *path, int64_t now_us)
{
	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->path = path;
	c->fd = -1;
	c->away_us = c->try_us = now_us;
}

static void disconnect(struct signal_client *c)
{
	loop_drop(c->source);
	c->source = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void signal_client_finish(struct signal_client *c)
{
	disconnect(c);
}

static void lose(struct signal_client *c, const char *why, int64_t now_us)
{
	disconnect(c);
	c->try_us = now_us + TRY_EVERY_US;
	if (c->heard)
		c->away_us = now_us; /* not anew with each connection that brings nothing */
	c->heard = false;
	if (!c->told)
		log_warn("kiosk_gone reason=%s next=connect_again", why);
	c->told = true;
}

/* The turn that follows reads; this only wakes it. */
static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)ctx;
	(void)fd;
	(void)events;
}

static void say_hello(struct signal_client *c, int64_t now_us)
{
	memset(&c->message, 0, sizeof(c->message));
	c->message.type = WIRE_LOCAL_HELLO;
	c->message.role = WIRE_ROLE_SIGNAL;
	memcpy(c->message.name, "schoolpoort-signal", sizeof("schoolpoort-signal"));
	char *text = wire_local_encode(&c->message);
	if (!text || local_send(c->fd, text, strlen(text), -1) < 0)
		lose(c, "send_failed", now_us);
	free(text);
}

static void connect_where_due(struct signal_client *c, int64_t now_us)
{
	if (c->fd >= 0 || now_us < c->try_us)
		return;
	c->try_us = now_us + TRY_EVERY_US;
	int fd = local_connect(c->path);
	if (fd < 0) {
		if (!c->told)
			log_warn("kiosk_absent error=\"%s\" next=connect_again", strerror(-fd));
		c->told = true;
		return;
	}
	c->fd = fd;
	if (loop_add_fd(c->loop, fd, EPOLLIN, on_readable, c, &c->source) < 0)
		lose(c, "no_memory", now_us);
	else
		say_hello(c, now_us);
}

static bool take(struct signal_client *c, size_t len, struct wire_view *ret_view)
{
	char reason[WIRE_REASON_MAX];

	if (wire_local_decode(c->buffer, len, &c->message, reason) < 0 ||
		c->message.type != WIRE_LOCAL_VIEW)
		return false; /* a welcome, or words of a later release */
	*ret_view = c->message.view;
	if (!c->heard)
		log_info("kiosk_found");
	c->heard = true;
	c->told = false;
	return true;
}

bool signal_client_serve(struct signal_client *c, int64_t now_us, struct wire_view *ret_view)
{
	bool came = false;

	connect_where_due(c, now_us);
	for (int i = 0; i < DRAIN_MAX && c->fd >= 0; i++) {
		ssize_t n = local_recv(c->fd, c->buffer, NULL);
		if (n == -EAGAIN)
			break;
		if (n >= 0)
			came = take(c, (size_t)n, ret_view) || came;
		else if (n != -EMSGSIZE && n != -EINTR)
			lose(c, "closed", now_us);
	}
	return came;
}
