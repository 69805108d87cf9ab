/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A client of the command line's role that asks for copies and does nothing as it should (faults.md U3): it never reads
 * its answers, or gives a pipe for a file. It is dropped or refused, and taps go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "e2e/gate_rig.h"
#include "e2e/school.h"
#include "sys/local.h"
#include "unit/unit.h"

#define MORNING "2026-11-23T08:10:00+01:00"
#define HELLO "{\"v\":1,\"type\":\"hello\",\"role\":\"control\",\"name\":\"t\"}"
#define BACKUP "{\"v\":1,\"type\":\"request\",\"id\":7,\"command\":\"backup\"}"

/* A client of its own: the stage's always read. */
struct control {
	int fd;
	int pass; /* beside each BACKUP; -1 none */
	char answer[LOCAL_DATAGRAM_MAX + 1];
};

static bool is_gone(struct stage *s, void *ctx)
{
	const struct control *c = ctx;
	int err;

	while ((err = local_send(c->fd, BACKUP, strlen(BACKUP), c->pass)) >= 0)
		;
	if (err != -EAGAIN)
		return true;
	stage_turn(s, 10); /* nothing announces that there is room again */
	return false;
}

static bool is_answered(struct stage *s, void *ctx)
{
	struct control *c = ctx;
	ssize_t n;

	while ((n = local_recv(c->fd, c->answer, NULL)) > 0) {
		c->answer[n] = 0;
		if (strstr(c->answer, "\"id\":7"))
			return true;
	}
	assert_int_equal(n, -EAGAIN);
	stage_turn(s, 10);
	return false;
}

static void connect_to(struct stage *s, struct control *c, const char *socket)
{
	c->fd = local_connect(stage_path(s, "%s", socket));
	c->pass = -1;
	assert_true(c->fd >= 0);
	assert_true(local_send(c->fd, HELLO, strlen(HELLO), -1) >= 0);
}

static void ask(struct stage *s, struct control *c, int pass)
{
	assert_true(local_send(c->fd, BACKUP, strlen(BACKUP), pass) >= 0);
	stage_until(s, is_answered, c, "the answer to a request for a copy");
}

static struct control control;

static void u3_copies_asked_for_and_never_read(void **state)
{
	(void)state;
	static struct gate_rig g;
	struct stage *s = stage_open();
	char copy[256];

	stage_clock(s, MORNING);
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	struct stage_program *reg = school_register(s, "gate-1");
	gate_rig_start(s, &g, NULL);
	(void)snprintf(copy, sizeof(copy), "%s", stage_path(s, "copy.db"));
	/* Without a file: refused beside the copy that runs. With one: also its own copy ends under it. */
	for (int with_file = 0; with_file < 2; with_file++) {
		connect_to(s, &control, "gate-1-run/kiosk.sock");
		int fd = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_true(local_send(control.fd, BACKUP, strlen(BACKUP), fd) >= 0);
		control.pass = with_file ? fd : -1;
		stage_until(s, is_gone, &control, "the gate to drop a client that never reads");
		assert_int_equal(close(fd), 0);
		assert_int_equal(close(control.fd), 0);
		assert_int_equal(gate_rig_tap(s, &g), WIRE_RESULT_UNKNOWN_CARD);
	}
	connect_to(s, &control, "register-run/register.sock");
	stage_until(s, is_gone, &control, "the register to drop a client that never reads");
	assert_int_equal(close(control.fd), 0);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_rig_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* The other end is never read: a blocking write would hold the program for ever. */
static void u3_copy_into_a_pipe_is_refused(void **state)
{
	(void)state;
	static const char *const sockets[] = { "gate-1-run/kiosk.sock",
		"register-run/register.sock" };
	static struct gate_rig g;
	struct stage *s = stage_open();
	int pipe_fd[2];
	char copy[256];

	stage_clock(s, MORNING);
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	struct stage_program *reg = school_register(s, "gate-1");
	gate_rig_start(s, &g, NULL);
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		connect_to(s, &control, sockets[i]);
		ask(s, &control, pipe_fd[1]);
		assert_non_null(strstr(control.answer, "\"error\":\"invalid\""));
		(void)snprintf(copy, sizeof(copy), "%s", stage_path(s, "copy-%zu.db", i));
		int fd = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		ask(s, &control, fd);
		assert_non_null(strstr(control.answer, "\"ok\":true"));
		assert_true(lseek(fd, 0, SEEK_END) > 0);
		assert_int_equal(close(fd), 0);
		assert_int_equal(close(control.fd), 0);
	}
	assert_int_equal(gate_rig_tap(s, &g), WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "queue", 0);
	assert_int_equal(close(pipe_fd[0]), 0);
	assert_int_equal(close(pipe_fd[1]), 0);
	gate_rig_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u3_copies_asked_for_and_never_read),
		cmocka_unit_test(u3_copy_into_a_pipe_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
