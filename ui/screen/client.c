/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/log.h"

#define TRY_EVERY_US 500000
#define DRAIN_MAX 512 /* datagrams a turn; the kernel's queue holds 278 */

void screen_client_init(
	struct screen_client *c, struct loop *loop, const char *path, int64_t now_us)
{
	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->path = path;
	c->fd = -1;
	c->silent_us = now_us;
	c->next_try_us = now_us;
}

void screen_client_finish(struct screen_client *c)
{
	loop_drop(c->source);
	c->source = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void lose(struct screen_client *c, const char *why)
{
	screen_client_finish(c);
	int64_t now_us = clock_mono_us();
	c->next_try_us = now_us + TRY_EVERY_US;
	if (c->heard)
		c->silent_us = now_us; /* and not anew with each connection that brings nothing */
	c->heard = false;
	log_warn("kiosk_gone reason=%s next=connect_again", why);
	c->told = true;
}

static void say(struct screen_client *c, const struct wire_local *message)
{
	char *text = c->fd < 0 ? NULL : wire_local_encode(message);
	if (!text)
		return;
	int err = local_send(c->fd, text, strlen(text), -1);
	free(text);
	if (err)
		lose(c, "send_failed");
}

/* The turn that follows reads; this only wakes it. */
static void woken(void *ctx, int fd, uint32_t events)
{
	(void)ctx;
	(void)fd;
	(void)events;
}

void screen_client_connect(struct screen_client *c, int64_t now_us)
{
	if (c->fd >= 0 || now_us < c->next_try_us)
		return;
	c->next_try_us = now_us + TRY_EVERY_US;
	int fd = local_connect(c->path);
	if (fd < 0) {
		if (!c->told)
			log_warn("kiosk_absent errno=%d next=connect_again", -fd);
		c->told = true;
		return;
	}
	c->fd = fd;
	if (loop_add_fd(c->loop, fd, EPOLLIN, woken, c, &c->source)) {
		lose(c, "loop");
		return;
	}
	log_info("kiosk_found");
	c->told = false;
	c->refused = false;
	memset(&c->message, 0, sizeof(c->message));
	c->message.type = WIRE_LOCAL_HELLO;
	c->message.role = WIRE_ROLE_SCREEN;
	memcpy(c->message.name, "schoolpoort-screen", sizeof("schoolpoort-screen"));
	say(c, &c->message);
}

bool screen_client_drain(struct screen_client *c, struct wire_view *ret_view)
{
	char reason[WIRE_REASON_MAX];
	bool came = false;
	for (int i = 0; i < DRAIN_MAX && c->fd >= 0; i++) {
		ssize_t n = local_recv(c->fd, c->buffer, NULL);
		if (n == -EAGAIN)
			break;
		if (n == -EMSGSIZE)
			continue;
		if (n < 0) {
			lose(c, "closed");
			break;
		}
		if (wire_local_decode(c->buffer, (size_t)n, &c->message, reason)) {
			if (!c->refused)
				log_warn("datagram_refused reason=\"%s\" next=ignored", reason);
			c->refused = true;
			continue;
		}
		if (c->message.type == WIRE_LOCAL_ERROR && !c->refused) {
			log_warn("kiosk_refused reason=\"%s\"", c->message.reason);
			c->refused = true; /* once a connection, like what we refuse */
		}
		if (c->message.type == WIRE_LOCAL_VIEW) {
			*ret_view = c->message.view;
			came = c->heard = true;
		}
	}
	return came;
}

void screen_client_presented(struct screen_client *c, int64_t number, int64_t at_us)
{
	memset(&c->message, 0, sizeof(c->message));
	c->message.type = WIRE_LOCAL_PRESENTED;
	c->message.number = number;
	c->message.at_us = at_us;
	say(c, &c->message);
}

void screen_client_touch(struct screen_client *c, enum wire_touch touch, struct uuid checkin)
{
	memset(&c->message, 0, sizeof(c->message));
	c->message.type = WIRE_LOCAL_TOUCH;
	c->message.touch = touch;
	c->message.checkin = checkin;
	say(c, &c->message);
}
