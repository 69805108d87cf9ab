/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

#define DEADLINE_US 30000000

struct seen {
	int n;
	uint32_t events;
	struct loop_source *drop; /* in the handler */
	char last;
};

static int64_t mono_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void on_fd(void *ctx, int fd, uint32_t events)
{
	struct seen *s = ctx;
	s->n++;
	s->events = events;
	if ((events & EPOLLIN) && read(fd, &s->last, 1) < 1)
		s->last = '\0';
	loop_drop(s->drop);
	s->drop = NULL;
}

static void on_timer(void *ctx)
{
	struct seen *s = ctx;
	s->n++;
	loop_drop(s->drop);
	s->drop = NULL;
}

static struct loop *new_loop(void)
{
	struct loop *loop = NULL;
	assert_int_equal(loop_create(&loop), 0);
	assert_non_null(loop);
	return loop;
}

static void test_descriptors(void **state)
{
	(void)state;
	struct loop *loop = new_loop();
	struct seen a = { .n = 0 }, b = { .n = 0 };
	struct loop_source *sa, *sb;
	int pa[2], pb[2];
	assert_int_equal(pipe(pa) | pipe(pb), 0);
	assert_int_equal(loop_add_fd(loop, pa[0], EPOLLIN, on_fd, &a, &sa), 0);
	assert_int_equal(loop_add_fd(loop, pb[0], EPOLLIN, on_fd, &b, &sb), 0);
	assert_int_equal(loop_turn(loop, 0, 8), 0);
	assert_int_equal(write(pa[1], "xyz", 3), 3);
	assert_int_equal(write(pb[1], "q", 1), 1);
	/* All that is ready in one turn, up to the most; none is starved. */
	assert_int_equal(loop_turn(loop, DEADLINE_US, 2), 2);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 2);
	assert_int_equal(a.last, 'z');
	assert_int_equal(loop_turn(loop, 0, 8), 0);
	/* Not watched for a while, then again. */
	loop_set_events(sa, 0);
	assert_int_equal(write(pa[1], "w", 1), 1);
	assert_int_equal(loop_turn(loop, 0, 8), 0);
	loop_set_events(sa, EPOLLIN);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 1);
	assert_int_equal(a.last, 'w');
	/* A hang-up is told, and the descriptor stays ours. */
	close(pa[1]);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 1), 1);
	assert_true(a.events & EPOLLHUP);
	loop_drop(sa);
	assert_int_equal(loop_turn(loop, 0, 8), 0);
	assert_int_equal(close(pa[0]), 0);
	assert_true(loop_add_fd(loop, pa[0], EPOLLIN, on_fd, &a, &sa) < 0);
	loop_destroy(loop);
	assert_int_equal(close(pb[0]) | close(pb[1]), 0);
}

static void test_drop_inside(void **state)
{
	(void)state;
	struct loop *loop = new_loop();
	struct seen a = { .n = 0 }, b = { .n = 0 };
	struct loop_source *sa, *sb;
	int pa[2], pb[2];
	assert_int_equal(pipe(pa) | pipe(pb), 0);
	assert_int_equal(loop_add_fd(loop, pa[0], EPOLLIN, on_fd, &a, &sa), 0);
	assert_int_equal(loop_add_fd(loop, pb[0], EPOLLIN, on_fd, &b, &sb), 0);
	assert_int_equal(write(pa[1], "11", 2), 2);
	assert_int_equal(write(pb[1], "22", 2), 2);
	/* Whoever comes first drops the other, which is ready as well and must not be called. */
	a.drop = sb;
	b.drop = sa;
	assert_int_equal(loop_turn(loop, DEADLINE_US, 1), 1);
	assert_int_equal(a.n + b.n, 1);
	struct seen *left = a.n ? &a : &b;
	assert_int_equal(loop_turn(loop, DEADLINE_US, 1), 1);
	assert_int_equal(left->n, 2);
	/* And itself. */
	left->drop = a.n ? sa : sb;
	assert_int_equal(write(a.n ? pa[1] : pb[1], "33", 2), 2);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 1);
	assert_int_equal(left->n, 3);
	assert_int_equal(loop_turn(loop, 0, 8), 0);
	loop_drop(NULL);
	loop_destroy(loop);
	close(pa[0]);
	close(pa[1]);
	close(pb[0]);
	close(pb[1]);
}

static void test_timer(void **state)
{
	(void)state;
	struct loop *loop = new_loop();
	struct seen s = { .n = 0 };
	struct loop_source *timer;
	assert_int_equal(loop_add_timer(loop, on_timer, &s, &timer), 0);
	assert_int_equal(loop_turn(loop, 1000, 8), 0); /* unset at first */
	/* 5 ms each; with sd-event's own accuracy of 250 ms hardly one would take less than that. Three are to be quick, however
	 * many a machine with much to do makes late. */
	int n_quick = 0, n_set = 0;
	for (; n_quick < 3 && n_set < 100; n_set++) {
		int64_t set_us = mono_us();
		loop_set_timer(timer, 5000);
		assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 1);
		assert_true(mono_us() - set_us >= 5000);
		n_quick += mono_us() - set_us < 50000;
	}
	assert_true(n_quick >= 3);
	assert_int_equal(loop_turn(loop, 1000, 8), 0); /* once */
	loop_set_timer(timer, 0);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 1);
	loop_set_timer(timer, 1000);
	loop_set_timer(timer, -1);
	assert_int_equal(loop_turn(loop, 5000, 8), 0);
	assert_int_equal(s.n, n_set + 1);
	/* Set after slow work: counted from now, not from when the loop woke. */
	int64_t start_us = mono_us();
	while (mono_us() < start_us + 5000)
		;
	loop_set_timer(timer, 4000);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 1);
	assert_true(mono_us() - start_us >= 9000);
	s.drop = timer;
	loop_set_timer(timer, 0);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 8), 1);
	loop_destroy(loop);
}

static void test_wait_ends(void **state)
{
	(void)state;
	struct loop *loop = new_loop();
	int64_t start_us = mono_us();
	assert_int_equal(loop_turn(loop, 10000, 8), 0);
	assert_true(mono_us() - start_us >= 9000);
	loop_destroy(loop);
}

static void test_stop(void **state)
{
	(void)state;
	static const int by[] = { SIGTERM, SIGINT, 0 };
	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		struct loop *loop = new_loop();
		struct seen s = { .n = 0 };
		struct loop_source *source;
		int p[2];
		assert_int_equal(pipe(p), 0);
		assert_int_equal(loop_add_fd(loop, p[0], EPOLLIN, on_fd, &s, &source), 0);
		assert_int_equal(write(p[1], "x", 1), 1);
		if (by[i])
			assert_int_equal(kill(getpid(), by[i]), 0);
		else
			loop_stop(loop);
		/* What was ready with the signal is still dispatched. */
		assert_int_equal(loop_turn(loop, DEADLINE_US, 8), -ESTALE);
		assert_int_equal(s.n, by[i] ? 1 : 0);
		assert_int_equal(loop_turn(loop, DEADLINE_US, 8), -ESTALE);
		loop_destroy(loop);
		close(p[0]);
		close(p[1]);
	}
}

static void test_broken_pipe(void **state)
{
	(void)state;
	struct loop *loop = new_loop();
	int p[2];
	assert_int_equal(pipe(p), 0);
	close(p[0]);
	assert_int_equal(write(p[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(p[1]);
	loop_destroy(loop);
	loop_destroy(NULL);
}

static void test_notify(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	loop_notify("READY=1"); /* nobody there: nothing happens */
	char folder[] = "/tmp/schoolpoort-loop-XXXXXX", text[32] = "";
	assert_non_null(mkdtemp(folder));
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/n", folder);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", addr.sun_path, 1), 0);
	loop_notify("WATCHDOG=1");
	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 10);
	assert_string_equal(text, "WATCHDOG=1");
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	unlink(addr.sun_path);
	rmdir(folder);
}

/* What the turn itself empties ends the wait once a turn, however long it stays readable. */
static void test_waker(void **state)
{
	(void)state;
	struct loop *loop = new_loop();
	struct seen a = { .n = 0 };
	struct loop_source *sa, *waker;
	int pa[2], pb[2];
	char byte;
	assert_int_equal(pipe(pa) | pipe(pb), 0);
	assert_int_equal(loop_add_fd(loop, pa[0], EPOLLIN, on_fd, &a, &sa), 0);
	assert_int_equal(loop_add_waker(loop, pb[0], &waker), 0);
	assert_int_equal(write(pa[1], "x", 1), 1);
	assert_int_equal(write(pb[1], "q", 1), 1);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 32), 2);
	assert_int_equal(a.n, 1);
	/* Left as it was: each turn again, and whoever asks in between is told. */
	assert_true(loop_is_ready(loop));
	assert_int_equal(loop_turn(loop, DEADLINE_US, 32), 1);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 32), 1);
	assert_int_equal(read(pb[0], &byte, 1), 1);
	assert_false(loop_is_ready(loop));
	assert_int_equal(loop_turn(loop, 0, 32), 0);
	/* Dropped while it rests. */
	assert_int_equal(write(pb[1], "q", 1), 1);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 32), 1);
	loop_drop(waker);
	assert_int_equal(loop_turn(loop, 0, 32), 0);
	assert_int_equal(write(pa[1], "y", 1), 1);
	assert_int_equal(loop_turn(loop, DEADLINE_US, 32), 1);
	for (int i = 0; i < 2; i++) {
		close(pa[i]);
		close(pb[i]);
	}
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_drop_inside),
		cmocka_unit_test(test_waker),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_wait_ends),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_notify),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
