/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/tap_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "e2e/harness.h"
#include "sys/local.h"
#include "unit/unit.h"

#define STATUS_EVERY_US 500000 /* twice as often as a reader must */

int64_t tap_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

void tap_client_init(struct tap_client *c, struct stage *s, const char *unit, enum wire_role role)
{
	*c = (struct tap_client){ .stage = s, .role = role, .fd = -1 };
	(void)snprintf(c->path, sizeof(c->path), "%s", stage_path(s, "%s-run/kiosk.sock", unit));
}

static void let_go(struct tap_client *c)
{
	if (c->fd < 0)
		return;
	stage_remove_fd(c->stage, c->fd);
	(void)close(c->fd);
	c->fd = -1;
	c->welcome = false;
}

static bool send_local(struct tap_client *c, const struct wire_local *m)
{
	char *text = wire_local_encode(m);

	assert_non_null(text);
	int err = local_send(c->fd, text, strlen(text), -1);
	free(text);
	return err == 0; /* a dead kiosk shows itself at the next read, with what it said before */
}

static void take(struct tap_client *c, const char *bytes, size_t len)
{
	static struct wire_local m;
	char reason[WIRE_REASON_MAX];

	if (wire_local_decode(bytes, len, &m, reason) < 0)
		fail_msg("not understood: %s in %.*s", reason, (int)len, bytes);
	if (m.type == WIRE_LOCAL_WELCOME) {
		c->welcome = true;
		c->welcome_us = tap_now_us();
	} else if (m.type == WIRE_LOCAL_ERROR) {
		c->n_errors++;
	} else if (m.type == WIRE_LOCAL_VIEW) {
		c->n_views++;
		if (c->on_view)
			c->on_view(c->ctx, &m.view);
		if (c->role != WIRE_ROLE_SCREEN)
			return;
		const struct wire_local presented = {
			.type = WIRE_LOCAL_PRESENTED, .number = m.view.number, .at_us = tap_now_us()
		};
		(void)send_local(c, &presented);
	}
}

void tap_client_drain(struct tap_client *c)
{
	static char buffer[LOCAL_DATAGRAM_MAX + 1];

	while (c->fd >= 0) {
		ssize_t n = local_recv(c->fd, buffer, NULL);
		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n < 0)
			let_go(c);
		else
			take(c, buffer, (size_t)n);
	}
}

static void on_readable(void *ctx)
{
	tap_client_drain(ctx);
}

void tap_client_serve(struct tap_client *c)
{
	if (c->fd < 0) {
		c->fd = local_connect(c->path);
		if (c->fd < 0)
			return;
		stage_add_fd(c->stage, c->fd, on_readable, c);
		const struct wire_local hello = {
			.type = WIRE_LOCAL_HELLO, .role = c->role, .name = "stage"
		};
		(void)send_local(c, &hello);
		c->status_us = 0;
	}
	int64_t now_us = tap_now_us();
	if (c->role != WIRE_ROLE_READER || now_us - c->status_us < STATUS_EVERY_US)
		return;
	const struct wire_local status = { .type = WIRE_LOCAL_STATUS, .reader = WIRE_READER_OK };
	c->status_us = now_us;
	(void)send_local(c, &status);
}

void tap_client_close(struct tap_client *c)
{
	tap_client_drain(c);
	let_go(c);
}

bool tap_client_tap(struct tap_client *c, const char *uid)
{
	static const char gone[] = "{\"v\":1,\"type\":\"gone\"}";
	char text[200];

	if (c->fd < 0 || !c->welcome)
		return false;
	int n = snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"card\",\"uid\":\"%s\",\"sak\":32,\"atqa\":\"0344\","
		"\"seen_us\":%lld}",
		uid, (long long)tap_now_us());
	return local_send(c->fd, text, (size_t)n, -1) == 0 &&
	       local_send(c->fd, gone, strlen(gone), -1) == 0;
}
