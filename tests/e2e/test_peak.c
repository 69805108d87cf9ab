/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The morning peak, and what may happen in it: signals, stops, clients that don't read. Each card is another one, so
 * each tap is a check-in of its own, and whatever a screen was told as stored must reach the register's broker.
 *
 * test_e2e_peak [VIEWS [STOPS [SECONDS]]]: 2000 views past clients that don't read, 6 stops, 2 seconds of signals.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/uuid.h"
#include "e2e/school.h"
#include "e2e/tap_client.h"
#include "e2e/watched.h"
#include "sys/local.h"
#include "unit/unit.h"

#define SHOWN_MAX 4096
#define TAP_EVERY_US 333000

static int n_views = 2000, n_stops = 6, n_seconds = 2;

/* What screens were told as stored. */
struct peak {
	struct stage *stage;
	struct tap_client reader, views;
	unsigned n_tapped;
	size_t n_shown;
	char shown[SHOWN_MAX][37];
};

static void note_view(struct peak *p, const struct wire_view *v)
{
	if (v->state != WIRE_VIEW_RESULT || uuid_is_none(v->checkin))
		return;
	assert_true(p->n_shown < SHOWN_MAX);
	uuid_format(v->checkin, p->shown[p->n_shown]);
	p->n_shown++;
}

static void on_view(void *ctx, const struct wire_view *v)
{
	note_view(ctx, v);
}

static void open_peak(struct peak *p, struct stage *s)
{
	*p = (struct peak){ .stage = s };
	tap_client_init(&p->reader, s, WATCHED_GATE, WIRE_ROLE_READER);
	tap_client_init(&p->views, s, WATCHED_GATE, WIRE_ROLE_SIGNAL);
	p->views.on_view = on_view;
	p->views.ctx = p;
}

static void serve(struct peak *p)
{
	tap_client_serve(&p->reader);
	tap_client_serve(&p->views);
	stage_turn(p->stage, 10);
	tap_client_drain(&p->reader);
	tap_client_drain(&p->views);
}

/* A card that nobody has held before. Return: false where no kiosk was there to take it. */
static bool tap_next(struct peak *p)
{
	char uid[16];

	(void)snprintf(uid, sizeof(uid), "04%012x", 0x100000 + ++p->n_tapped);
	return tap_client_tap(&p->reader, uid);
}

static bool all_arrived(struct stage *s, void *ctx)
{
	const struct peak *p = ctx;

	for (size_t i = 0; i < p->n_shown; i++)
		if (stage_find(s, 0, "/checkin", p->shown[i]) < 0)
			return false;
	return true;
}

/* ---- P7 -------------------------------------------------------------------------------------- */

static void tap_until(struct peak *p, int64_t until_us)
{
	static int64_t next_us;

	/* At least two, however long a loaded machine takes for them. */
	size_t want = p->n_shown + 2;
	int64_t end_us = until_us + STAGE_DEADLINE_MS * INT64_C(1000);
	while (tap_now_us() < until_us || p->n_shown < want) {
		if (tap_now_us() > end_us)
			fail_msg("nobody was shown as stored any more");
		serve(p);
		if (tap_now_us() >= next_us) {
			(void)tap_next(p);
			next_us = tap_now_us() + TAP_EVERY_US;
		}
	}
}

static void p7_stopped_among_taps(void **state)
{
	static struct peak p;
	struct watched w;
	int64_t worst_ms = 0;

	(void)state;
	watched_open(&w, NULL);
	watched_register(&w);
	school_import(w.stage);
	watched_kiosk(&w);
	manager_wait_ready(w.manager, w.kiosk, 1);
	open_peak(&p, w.stage);
	for (int i = 0; i < n_stops; i++) {
		struct manager_unit *u = i % 3 == 2 ? w.reg : w.kiosk;
		size_t from = stage_n_messages(w.stage);
		/* Half a second to a second and a half of taps, at another phase each time. */
		tap_until(&p, tap_now_us() + 500000 + (i * 377000) % 1000000);
		(void)tap_next(&p); /* and one that is on its way */
		int64_t ms = manager_stop(w.manager, u);
		worst_ms = ms > worst_ms ? ms : worst_ms;
		tap_client_drain(&p.views);
		(void)stage_wait_message(w.stage, from,
			u == w.kiosk ? "gate/" WATCHED_GATE "/state" : "register/state",
			"\"state\":\"stopping\"");
		manager_again(w.manager, u);
		manager_wait_ready(w.manager, u, u->n_ready + 1);
	}
	tap_until(&p, tap_now_us() + 1000000);
	stage_until(w.stage, all_arrived, &p, "all that was shown as stored");
	print_message("\nfigure: SIGTERM under 3 taps/s: ended after, worst %lld ms (%d stops)\n",
		(long long)worst_ms, n_stops);
	print_message(
		"figure: of %zu taps shown as stored, lost 0 (%d stops)\n", p.n_shown, n_stops);
	/* Each within its TimeoutStopSec=, or manager_stop() would have failed. */
	assert_true(p.n_shown > (size_t)n_stops);
	tap_client_close(&p.reader);
	tap_client_close(&p.views);
	watched_close(&w);
}

/* ---- P4 -------------------------------------------------------------------------------------- */

/* A thousand SIGUSR1 a second to each, until it is ended. */
static pid_t start_drummer(const pid_t *pids, size_t n)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct timespec ms = { 0, 1000000 };
		for (size_t i = 0; i < n; i++)
			(void)kill(pids[i], SIGUSR1);
		(void)nanosleep(&ms, NULL);
	}
}

static void p4_signals_among_taps(void **state)
{
	static struct peak p;
	struct watched w;
	unsigned n = 0;

	(void)state;
	watched_open(&w, NULL);
	watched_start(&w);
	p = (struct peak){ .stage = w.stage };
	struct manager_unit *const units[] = { w.kiosk, w.reg, w.reader, w.screen };
	pid_t pids[ARRAY_LEN(units)];
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		pids[i] = stage_pid(units[i]->program);
	pid_t drummer = start_drummer(pids, ARRAY_LEN(pids));
	for (int64_t end_us = tap_now_us() + n_seconds * INT64_C(1000000); tap_now_us() < end_us;) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "04%012x", 0x200000 + ++n);
		/* Through the emulated chip and the real reader; fails where it isn't stored. */
		note_view(&p, watched_tap(&w, uid, WIRE_RESULT_UNKNOWN_CARD));
	}
	assert_int_equal(p.n_shown, n);
	stage_until(w.stage, all_arrived, &p, "all that was shown as stored");
	assert_int_equal(kill(drummer, SIGKILL), 0);
	assert_int_equal(waitpid(drummer, NULL, 0), drummer);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		assert_int_equal(units[i]->n_starts, 1);
		if (stage_said(units[i]->program, "nterrupted") ||
			stage_said(units[i]->program, "_failed") ||
			stage_said(units[i]->program, "_lost"))
			fail_msg("%s: %s", units[i]->name, stage_text(units[i]->program));
	}
	print_message("\nfigure: SIGUSR1 at 1 kHz to four programs: lost 0 of %u taps (%d s)\n", n,
		n_seconds);
	watched_close(&w);
}

/* ---- U3 -------------------------------------------------------------------------------------- */

static int connect_deaf(struct stage *s, const char *role)
{
	char text[100];
	int fd = local_connect(stage_path(s, "%s-run/kiosk.sock", WATCHED_GATE));

	assert_true(fd >= 0);
	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"hello\",\"role\":\"%s\",\"name\":\"deaf\"}", role);
	assert_int_equal(local_send(fd, text, strlen(text), -1), 0);
	return fd;
}

/* Return: microseconds from a card to its result. */
static int64_t time_tap(struct peak *p)
{
	size_t before = p->n_shown;
	int64_t from_us = tap_now_us();

	assert_true(tap_next(p));
	while (p->n_shown == before) {
		assert_true(tap_now_us() - from_us < STAGE_DEADLINE_MS * INT64_C(1000));
		serve(p);
	}
	return tap_now_us() - from_us;
}

/* Whether the other side has let go of it, behind all that it was told. */
static bool is_dropped(int fd)
{
	static char buffer[LOCAL_DATAGRAM_MAX + 1];
	ssize_t n;

	while ((n = local_recv(fd, buffer, NULL)) >= 0 || n == -EMSGSIZE)
		continue;
	return n == -ECONNRESET;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

#define U3_TAPS 30

static int64_t p95_of_taps(struct peak *p, uint64_t views_between)
{
	int64_t took_us[U3_TAPS];

	for (size_t i = 0; i < U3_TAPS; i++) {
		uint64_t until = p->views.n_views + views_between;
		/* Two cards at once: a view each time, and no commit. By bursts that fit the socket. */
		while (p->views.n_views < until) {
			uint64_t before = p->views.n_views;
			for (int k = 0; k < 16; k++)
				assert_int_equal(
					local_send(p->reader.fd, "{\"v\":1,\"type\":\"two_cards\"}",
						26, -1),
					0);
			int64_t end_us = tap_now_us() + STAGE_DEADLINE_MS * INT64_C(1000);
			while (p->views.n_views < before + 16) {
				if (tap_now_us() > end_us)
					fail_msg("no view came any more");
				serve(p);
			}
		}
		took_us[i] = time_tap(p);
	}
	qsort(took_us, U3_TAPS, sizeof(took_us[0]), by_size);
	return took_us[U3_TAPS * 95 / 100];
}

static void u3_clients_that_do_not_read(void **state)
{
	static const char *const roles[] = { "screen", "signal", "screen", "control" };
	static struct peak p;
	struct stage *s = stage_open();
	int deaf[ARRAY_LEN(roles)];

	(void)state;
	stage_unit(s, WATCHED_GATE, (const char *const[]){ "screen.result_ms = 500", NULL });
	stage_clock(s, "2026-11-23T08:30:00+01:00");
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", WATCHED_GATE, NULL, NULL);
	stage_wait_log(s, kiosk, "started gate=");
	open_peak(&p, s);
	while (!p.reader.welcome || !p.views.welcome)
		serve(&p);
	int64_t before_us = p95_of_taps(&p, 0);
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		deaf[i] = connect_deaf(s, roles[i]);
	uint64_t from = p.views.n_views;
	int64_t beside_us = p95_of_taps(&p, (uint64_t)(n_views + U3_TAPS - 1) / U3_TAPS);
	assert_true(p.views.n_views - from >= (uint64_t)n_views);
	/* Who asks for views and doesn't take them is gone; who asked for none may be silent. */
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (is_dropped(deaf[i]) != (strcmp(roles[i], "control") != 0))
			fail_msg("a %s that doesn't read", roles[i]);
		(void)close(deaf[i]);
	}
	print_message("\nfigure: tap to result, p95 alone %lld us, beside clients that don't read"
		      " %lld us (%d taps, %d views)\n",
		(long long)before_us, (long long)beside_us, U3_TAPS, n_views);
	assert_int_equal(p.n_shown, 2 * U3_TAPS);
	assert_true(beside_us < 10000000); /* who waited for one of them would wait for ever */
	tap_client_close(&p.reader);
	tap_client_close(&p.views);
	stage_stop(s, kiosk); /* alive, and in order */
	stage_close(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u3_clients_that_do_not_read),
		cmocka_unit_test(p4_signals_among_taps),
		cmocka_unit_test(p7_stopped_among_taps),
	};
	int *const sizes[] = { &n_views, &n_stops, &n_seconds };

	for (int i = 1; i < argc && i <= 3; i++)
		*sizes[i - 1] = (int)strtol(argv[i], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
