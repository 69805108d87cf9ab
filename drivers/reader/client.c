/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/local.h"

#define DATAGRAMS_PER_TURN 16 /* a kiosk sends one a connection; more is served in the next turn */

int client_init(struct client *c, struct loop *loop, const char *path, const char *name)
{
	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->fd = -1;
	(void)snprintf(c->path, sizeof(c->path), "%s", path);
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->buffer = malloc(LOCAL_DATAGRAM_MAX + 1);
	return c->buffer ? 0 : -ENOMEM;
}

static void disconnect(struct client *c)
{
	loop_drop(c->source);
	c->source = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->broken = false;
}

void client_finish(struct client *c)
{
	if (!c->buffer) /* never came to hold anything */
		return;
	disconnect(c);
	free(c->buffer);
	c->buffer = NULL;
}

static void send_message(struct client *c, const struct wire_local *m)
{
	if (c->fd < 0 || c->broken)
		return;
	char *text = wire_local_encode(m);
	/* A kiosk that doesn't read is as good as gone; what it missed it is told when it is back.
	 */
	if (!text || local_send(c->fd, text, strlen(text), -1) < 0)
		c->broken = true;
	free(text);
}

static void on_datagram(struct client *c, size_t len)
{
	struct wire_local m;
	char reason[WIRE_REASON_MAX];

	/* A welcome, or what is meant for screens: nothing that changes how cards are read. */
	if (wire_local_decode(c->buffer, len, &m, reason) < 0 || m.type != WIRE_LOCAL_ERROR)
		return;
	(void)snprintf(c->refused, sizeof(c->refused), "%s", m.reason);
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	struct client *c = ctx;

	for (int i = 0; i < DATAGRAMS_PER_TURN && !c->broken; i++) {
		ssize_t n = local_recv(fd, c->buffer, NULL);
		if (n == -EAGAIN)
			break;
		if (n >= 0)
			on_datagram(c, (size_t)n);
		else if (n != -EMSGSIZE && n != -EINTR)
			c->broken = true;
	}
	if (events & EPOLLERR)
		c->broken = true;
}

static enum client_edge connect_now(struct client *c, int64_t now_us)
{
	struct wire_local hello = { .type = WIRE_LOCAL_HELLO, .role = WIRE_ROLE_READER };

	c->retry_us = now_us + CLIENT_RETRY_US;
	c->fd = local_connect(c->path);
	if (c->fd < 0) {
		c->fd = -1;
		return CLIENT_SAME;
	}
	if (loop_add_fd(c->loop, c->fd, EPOLLIN, on_readable, c, &c->source) < 0) {
		disconnect(c);
		return CLIENT_SAME;
	}
	(void)snprintf(hello.name, sizeof(hello.name), "%s", c->name);
	send_message(c, &hello);
	c->status_us = now_us - CLIENT_STATUS_US; /* due at once */
	return CLIENT_CAME;
}

enum client_edge client_serve(struct client *c, int64_t now_us)
{
	if (c->broken) {
		disconnect(c);
		c->retry_us = now_us + CLIENT_RETRY_US;
		return CLIENT_LOST;
	}
	return c->fd < 0 && now_us >= c->retry_us ? connect_now(c, now_us) : CLIENT_SAME;
}

static void fill_card(struct wire_card *w, const struct field_event *event)
{
	const struct reader_card *card = &event->card;

	memcpy(w->uid, card->uid, card->len);
	w->uid_len = card->len;
	w->sak = card->sak;
	if (card->atqa >= 0)
		(void)snprintf(w->atqa, sizeof(w->atqa), "%04x", (unsigned)card->atqa & 0xFFFF);
	w->seen_us = event->seen_us;
}

void client_event(struct client *c, const struct field_event *event)
{
	struct wire_local m = { 0 };

	switch (event->kind) {
	case FIELD_NOTHING:
		return;
	case FIELD_CARD:
		m.type = WIRE_LOCAL_CARD;
		fill_card(&m.card, event);
		break;
	case FIELD_GONE:
		m.type = WIRE_LOCAL_GONE;
		break;
	case FIELD_TWO_CARDS:
		m.type = WIRE_LOCAL_TWO_CARDS;
		break;
	}
	send_message(c, &m);
}

void client_status(
	struct client *c, enum wire_reader_state state, const char *reason, int64_t now_us)
{
	struct wire_local m = { .type = WIRE_LOCAL_STATUS, .reader = state };

	(void)snprintf(m.reason, sizeof(m.reason), "%s", reason);
	send_message(c, &m);
	c->status_us = now_us;
}

bool client_is_status_due(const struct client *c, int64_t now_us)
{
	return c->fd >= 0 && now_us - c->status_us >= CLIENT_STATUS_US;
}

int64_t client_wait_us(const struct client *c, int64_t now_us)
{
	int64_t at_us = c->fd < 0 ? c->retry_us : c->status_us + CLIENT_STATUS_US;

	return c->broken || at_us < now_us ? 0 : at_us - now_us;
}
