/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Clients of a unit's socket, as a test plays them: reader, screen, command line. The stage itself is in harness.c.
 */
#include "e2e/harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "sys/local.h"
#include "unit/unit.h"

#define SAID_AGAIN_MS 700 /* a reader that says nothing for two seconds is none */
static const char reader_ok[] = "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}";

struct stage_client {
	int fd;
	int timer_fd; /* of a reader that said that it is well: says so again; -1: not (yet) */
	struct stage *stage;
	size_t n_views, room;
	struct wire_view *views;
	char last[4096];
	size_t n_other;
};

static void take_datagram(struct stage_client *c, const char *bytes, size_t len)
{
	static struct wire_local m;
	char reason[WIRE_REASON_MAX];

	if (wire_local_decode(bytes, len, &m, reason) == 0 && m.type == WIRE_LOCAL_VIEW) {
		if (c->n_views == c->room) {
			c->room = c->room ? 2 * c->room : 64;
			c->views = realloc(c->views, c->room * sizeof(*c->views));
			assert_non_null(c->views);
		}
		c->views[c->n_views++] = m.view;
		return;
	}
	(void)snprintf(c->last, sizeof(c->last), "%.*s", (int)len, bytes);
	c->n_other++;
}

/* ---- a reader that is well ---- */

static void fall_silent(struct stage_client *c)
{
	if (c->timer_fd < 0)
		return;
	stage_remove_fd(c->stage, c->timer_fd);
	(void)close(c->timer_fd);
	c->timer_fd = -1;
}

static void rearm(const struct stage_client *c)
{
	const struct itimerspec t = { .it_value = { .tv_nsec = SAID_AGAIN_MS * 1000000L } };

	assert_int_equal(timerfd_settime(c->timer_fd, 0, &t, NULL), 0);
}

static void on_timer(void *ctx)
{
	struct stage_client *c = ctx;

	if (c->timer_fd < 0) /* it fell silent in this turn */
		return;
	rearm(c);
	(void)local_send(
		c->fd, reader_ok, strlen(reader_ok), -1); /* a kiosk that hangs has no room */
}

/* What the test said of its reader goes on until it says something else. */
static void note_status(struct stage_client *c, const char *text)
{
	if (!strstr(text, "\"type\":\"status\"")) {
		if (c->timer_fd >= 0)
			rearm(c);
		return;
	}
	if (!strstr(text, "\"state\":\"ok\"")) {
		fall_silent(c);
		return;
	}
	if (c->timer_fd < 0) {
		c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		assert_true(c->timer_fd >= 0);
		stage_add_fd(c->stage, c->timer_fd, on_timer, c);
	}
	rearm(c);
}

static void on_client(void *ctx)
{
	static char buffer[LOCAL_DATAGRAM_MAX + 1];
	struct stage_client *c = ctx;

	for (;;) {
		ssize_t n = local_recv(c->fd, buffer, NULL);
		if (n == -EAGAIN)
			return;
		if (n < 0) { /* the other side is gone */
			fall_silent(c);
			stage_remove_fd(c->stage, c->fd);
			(void)close(c->fd);
			c->fd = -1;
			return;
		}
		take_datagram(c, buffer, (size_t)n);
	}
}

struct connect_wait {
	const char *path;
	int fd;
};

static bool connected(struct stage *s, void *ctx)
{
	struct connect_wait *w = ctx;

	w->fd = local_connect(w->path);
	if (w->fd < 0)
		stage_turn(s,
			20); /* nothing announces a socket file; a program's log line would, were it asked to */
	return w->fd >= 0;
}

static bool welcomed(struct stage *s, void *ctx)
{
	(void)s;
	return ((struct stage_client *)ctx)->n_other > 0;
}

struct stage_client *stage_connect(
	struct stage *s, const char *unit, const char *name, enum wire_role role)
{
	struct stage_client *c = calloc(1, sizeof(*c));
	struct connect_wait w = { .path = stage_path(s, "%s-run/%s", unit, name), .fd = -1 };
	static struct wire_local hello;

	assert_non_null(c);
	c->timer_fd = -1;
	stage_until(s, connected, &w, "a socket to connect to");
	c->fd = w.fd;
	c->stage = s;
	stage_add_fd(s, c->fd, on_client, c);
	hello = (struct wire_local){ .type = WIRE_LOCAL_HELLO, .role = role, .name = "stage" };
	stage_send(s, c, &hello);
	stage_until(s, welcomed, c, "the welcome");
	return c;
}

void stage_disconnect(struct stage *s, struct stage_client *c)
{
	if (!c)
		return;
	fall_silent(c);
	if (c->fd >= 0) {
		stage_remove_fd(s, c->fd);
		(void)close(c->fd);
	}
	free(c->views);
	free(c);
}

void stage_hush(struct stage_client *reader)
{
	fall_silent(reader);
}

void stage_send_text(struct stage *s, struct stage_client *c, const char *text)
{
	(void)s;
	assert_int_equal(local_send(c->fd, text, strlen(text), -1), 0);
	note_status(c, text);
}

bool stage_try_text(struct stage_client *c, const char *text)
{
	int err = local_send(c->fd, text, strlen(text), -1);

	if (err && err != -EAGAIN)
		fail_msg("a client's socket: %s", strerror(-err));
	return err == 0;
}

void stage_send(struct stage *s, struct stage_client *c, const struct wire_local *m)
{
	char *text = wire_local_encode(m);

	assert_non_null(text);
	stage_send_text(s, c, text);
	free(text);
}

void stage_tap(struct stage *s, struct stage_client *reader, const char *uid)
{
	char text[200];
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"card\",\"uid\":\"%s\",\"sak\":32,\"atqa\":\"0344\",\"seen_"
		"us\":%lld}",
		uid, t.tv_sec * 1000000LL + t.tv_nsec / 1000);
	stage_send_text(s, reader, text);
	stage_send_text(s, reader, "{\"v\":1,\"type\":\"gone\"}");
}

size_t stage_views(const struct stage_client *c)
{
	return c->n_views;
}

const struct wire_view *stage_view(const struct stage_client *c, size_t index)
{
	assert_true(index < c->n_views);
	return &c->views[index];
}

const char *stage_last_text(const struct stage_client *c)
{
	return c->last;
}

struct view_wait {
	struct stage_client *client;
	size_t from;
	enum wire_view_state state;
	enum wire_view_result result;
	size_t found;
};

static bool viewed(struct stage *s, void *ctx)
{
	struct view_wait *w = ctx;

	(void)s;
	for (size_t i = w->from; i < w->client->n_views; i++)
		if (w->client->views[i].state == w->state &&
			w->client->views[i].result == w->result) {
			w->found = i;
			return true;
		}
	return false;
}

size_t stage_wait_view(struct stage *s, struct stage_client *c, size_t from,
	enum wire_view_state state, enum wire_view_result result)
{
	struct view_wait w = { c, from, state, result, 0 };
	char what[128];

	(void)snprintf(what, sizeof(what), "view %s %s", wire_view_state_word(state),
		wire_view_result_word(result));
	stage_until(s, viewed, &w, what);
	return w.found;
}
