/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/loop.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#define DISPATCH_MAX_US UINT64_C(500000)
#define TIMER_ACCURACY_US 1000 /* 0 would mean sd-event's default of 250 ms */

struct loop_source {
	struct loop *loop;
	struct loop_source *next, **link; /* *link points here */
	sd_event_source *event;
	loop_fd_handler *on_fd;
	loop_timer_handler *on_timer;
	void *ctx;
	bool rests; /* a waker that has been seen in the present turn */
};

struct loop {
	sd_event *event;
	struct loop_source *sources;
	int n_dispatched; /* in the present turn */
	int n_rest; /* wakers to be watched again from the next turn on */
	bool stopping;
};

/* All callbacks return 0: sd-event switches a source off for good whose handler returns less. */
static int on_signal(sd_event_source *event, const struct signalfd_siginfo *info, void *ctx)
{
	(void)event;
	(void)info;
	loop_stop(ctx);
	return 0;
}

static int on_fd(sd_event_source *event, int fd, uint32_t events, void *ctx)
{
	struct loop_source *s = ctx;
	(void)event;
	s->loop->n_dispatched++;
	s->on_fd(s->ctx, fd, events); /* may drop s: not touched afterwards */
	return 0;
}

static int on_waker(sd_event_source *event, int fd, uint32_t events, void *ctx)
{
	struct loop_source *s = ctx;
	(void)fd;
	(void)events;
	s->loop->n_dispatched++;
	s->loop->n_rest++;
	s->rests = true;
	(void)sd_event_source_set_io_events(event, 0);
	return 0;
}

/* Level, not edge: what the turn before left is seen again. */
static void watch_wakers(struct loop *loop)
{
	for (struct loop_source *s = loop->sources; loop->n_rest > 0 && s; s = s->next) {
		if (!s->rests)
			continue;
		s->rests = false;
		loop->n_rest--;
		(void)sd_event_source_set_io_events(s->event, EPOLLIN);
	}
}

static int on_timer(sd_event_source *event, uint64_t at_us, void *ctx)
{
	struct loop_source *s = ctx;
	(void)event;
	(void)at_us;
	s->loop->n_dispatched++;
	s->on_timer(s->ctx); /* likewise */
	return 0;
}

static void do_nothing(int number)
{
	(void)number;
}

/*
 * Nobody has a reason to send these; who does by mistake must not end a gate. Handled without SA_RESTART rather than
 * ignored: so a test that sends a thousand a second meets every call that can be interrupted (faults.md P4).
 */
static void survive_unused(void)
{
	static const int unused[] = { SIGUSR1, SIGUSR2 };
	struct sigaction nothing = { .sa_handler = do_nothing };

	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		(void)sigaction(unused[i], &nothing, NULL);
}

static int add_signals(struct loop *loop)
{
	static const int stop_by[] = { SIGTERM, SIGINT };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;
	sigemptyset(&set);
	survive_unused();
	for (size_t i = 0; i < sizeof(stop_by) / sizeof(stop_by[0]); i++)
		sigaddset(&set, stop_by[i]);
	/* Per thread, and inherited by threads that come later: sd-event needs them blocked in all. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) || sigaction(SIGPIPE, &ignore, NULL))
		return -errno;
	for (size_t i = 0; i < sizeof(stop_by) / sizeof(stop_by[0]); i++) {
		int r = sd_event_add_signal(loop->event, NULL, stop_by[i], on_signal, loop);
		if (r < 0)
			return r;
	}
	return 0;
}

int loop_create(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	int r = sd_event_new(&loop->event);
	if (r >= 0)
		r = add_signals(loop);
	if (r < 0) {
		loop_destroy(loop);
		return r;
	}
	*ret_loop = loop;
	return 0;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	for (struct loop_source *s = loop->sources, *next; s; s = next) {
		next = s->next;
		loop_drop(s);
	}
	sd_event_unref(loop->event);
	free(loop);
}

static struct loop_source *new_source(struct loop *loop, void *ctx)
{
	struct loop_source *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct loop_source){ .loop = loop, .ctx = ctx, .next = loop->sources };
	s->link = &loop->sources;
	if (s->next)
		s->next->link = &s->next;
	loop->sources = s;
	return s;
}

int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_handler *handler, void *ctx,
	struct loop_source **ret_source)
{
	struct loop_source *s = new_source(loop, ctx);
	if (!s)
		return -ENOMEM;
	s->on_fd = handler;
	int r = sd_event_add_io(loop->event, &s->event, fd, events, on_fd, s);
	if (r < 0) {
		loop_drop(s);
		return r;
	}
	*ret_source = s;
	return 0;
}

int loop_add_waker(struct loop *loop, int fd, struct loop_source **ret_source)
{
	struct loop_source *s = new_source(loop, NULL);
	if (!s)
		return -ENOMEM;
	int r = sd_event_add_io(loop->event, &s->event, fd, EPOLLIN, on_waker, s);
	if (r < 0) {
		loop_drop(s);
		return r;
	}
	*ret_source = s;
	return 0;
}

int loop_add_timer(
	struct loop *loop, loop_timer_handler *handler, void *ctx, struct loop_source **ret_source)
{
	struct loop_source *s = new_source(loop, ctx);
	if (!s)
		return -ENOMEM;
	s->on_timer = handler;
	int r = sd_event_add_time(
		loop->event, &s->event, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, on_timer, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->event, SD_EVENT_OFF);
	if (r < 0) {
		loop_drop(s);
		return r;
	}
	*ret_source = s;
	return 0;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void loop_set_timer(struct loop_source *timer, int64_t in_us)
{
	assert(timer->on_timer);
	if (in_us < 0) {
		(void)sd_event_source_set_enabled(timer->event, SD_EVENT_OFF);
		return;
	}
	/*
	 * Not sd_event_source_set_time_relative(): that counts from the moment the loop last woke, which
	 * a slow commit leaves seconds behind.
	 */
	(void)sd_event_source_set_time(timer->event, now_us() + (uint64_t)in_us);
	(void)sd_event_source_set_enabled(timer->event, SD_EVENT_ONESHOT);
}

void loop_set_events(struct loop_source *source, uint32_t events)
{
	assert(source->on_fd);
	(void)sd_event_source_set_io_events(source->event, events);
}

void loop_drop(struct loop_source *source)
{
	if (!source)
		return;
	/* Off first: inside its own handler sd-event still holds a reference of its own. */
	sd_event_source_disable_unref(source->event);
	source->loop->n_rest -= source->rests;
	*source->link = source->next;
	if (source->next)
		source->next->link = source->link;
	free(source);
}

int loop_turn(struct loop *loop, int64_t wait_us, int most)
{
	if (loop->stopping)
		return -ESTALE;
	loop->n_dispatched = 0;
	watch_wakers(loop);
	int r = sd_event_run(loop->event, wait_us < 0 ? UINT64_MAX : (uint64_t)wait_us);
	uint64_t start_us = now_us();
	/* One run dispatches one source, so the rest that is ready is fetched by runs without a wait. */
	while (r > 0 && loop->n_dispatched < most && now_us() - start_us < DISPATCH_MAX_US)
		r = sd_event_run(loop->event, 0);
	if (r < 0)
		return r;
	return loop->stopping ? -ESTALE : loop->n_dispatched;
}

bool loop_is_ready(struct loop *loop)
{
	watch_wakers(loop);
	/* sd-event's own descriptor is an epoll: readable as soon as one of its sources is. */
	struct pollfd p = { .fd = sd_event_get_fd(loop->event), .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

void loop_notify(const char *state)
{
	(void)sd_notify(false, state); /* 0 where no manager listens, as on a developer's machine */
}

/* What the manager waits between two words; 0: it doesn't watch. */
static uint64_t watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(false, &us) > 0 ? us : 0;
}

static bool is_patient; /* as is the one service manager that a process has */

void loop_patience(void)
{
	uint64_t us = watchdog_us();

	if (us && !is_patient)
		is_patient = sd_notifyf(false, "WATCHDOG_USEC=%" PRIu64, us * LOOP_PATIENCE) > 0;
}

void loop_fed(void)
{
	if (is_patient)
		(void)sd_notifyf(false, "WATCHDOG=1\nWATCHDOG_USEC=%" PRIu64, watchdog_us());
	else
		(void)sd_notify(false, "WATCHDOG=1");
	is_patient = false;
}
