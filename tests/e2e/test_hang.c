/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Programs that hang or die under a service manager that does what the shipped units say: who feeds the watchdog, who
 * is ended and when, what people see meanwhile, and that no tap goes with it.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/school.h"
#include "e2e/watched.h"
#include "emu/emu_control.h"
#include "unit/unit.h"

#define SLACK_MS                                                                                   \
	25000 /* what a loaded machine may take beside what the units say; figures are printed */
#define STUCK_US "13000000" /* past the watchdog: 10 s; its second signal comes 5 s later */
#define FEEDS 4 /* of each, while nothing happens */

static void figure(const char *what, int64_t ms)
{
	print_message("\nfigure: %s %lld ms (1 run)\n", what, (long long)ms);
}

struct until {
	const struct manager_unit *unit;
	size_t n;
};

static bool was_hung(struct stage *s, void *ctx)
{
	(void)s;
	return ((struct until *)ctx)->unit->n_hung >= ((struct until *)ctx)->n;
}

static bool has_fed(struct stage *s, void *ctx)
{
	(void)s;
	return ((struct until *)ctx)->unit->n_fed >= ((struct until *)ctx)->n;
}

static bool shows_result(struct stage *s, void *ctx)
{
	const struct watched *w = ctx;

	(void)s;
	for (size_t i = 0; i < stage_views(w->views); i++)
		if (stage_view(w->views, i)->state == WIRE_VIEW_RESULT)
			return true;
	return false;
}

static void wait_hung(struct watched *w, const struct manager_unit *u)
{
	struct until hung = { u, 1 };

	stage_until(w->stage, was_hung, &hung, "the watchdog to end a program");
}

static void stop_process(const struct manager_unit *u)
{
	assert_int_equal(kill(stage_pid(u->program), SIGSTOP), 0);
}

/* Idle: each feeds at least once a second. A loaded machine makes some of these waits longer, and hardly all. */
static void check_feeding(struct watched *w)
{
	struct manager_unit *const units[] = { w->kiosk, w->reg, w->reader, w->screen };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		units[i]->longest_ms = 0;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		char what[160];
		int64_t from_ms = manager_now_ms(), shortest_ms = INT64_MAX;
		for (int n = 0; n < FEEDS; n++) {
			struct until until = { units[i], units[i]->n_fed + 1 };
			stage_until(w->stage, has_fed, &until, "the next WATCHDOG=1");
			if (n > 0 && manager_now_ms() - from_ms < shortest_ms)
				shortest_ms = manager_now_ms() - from_ms;
			from_ms = manager_now_ms();
		}
		assert_true(units[i]->ready);
		assert_int_equal(units[i]->n_starts, 1);
		assert_true(shortest_ms < 2000);
		(void)snprintf(what, sizeof(what), "longest time between WATCHDOG=1, idle, %s",
			units[i]->name);
		figure(what, units[i]->longest_ms);
	}
}

/* N7: what the pupil sees, when it is ended, when it reads again. */
static void check_reader(struct watched *w, int64_t from_ms, size_t from_view, size_t from_message)
{
	size_t at =
		stage_wait_view(w->stage, w->views, from_view, WIRE_VIEW_FAULT, WIRE_RESULT_NONE);
	int64_t shown_ms = manager_now_ms() - from_ms;

	assert_int_equal(stage_view(w->views, at)->fault, WIRE_FAULT_READER);
	(void)stage_wait_message(w->stage, from_message, "/state", "\"reader\":\"fault\"");
	wait_hung(w, w->reader);
	int64_t ended_ms = w->reader->hung_ms - from_ms;
	watched_place(w, CARD_YASSINE);
	(void)stage_wait_view(w->stage, w->views, at, WIRE_VIEW_RESULT, WIRE_RESULT_LATE);
	int64_t back_ms = manager_now_ms() - from_ms;
	watched_place(w, NULL);
	assert_int_equal(w->reader->last_status, 128 + SIGKILL);
	assert_int_equal(w->reader->n_starts, 2);
	figure("reader hangs: fault on the screen after", shown_ms);
	figure("reader hangs: ended after", ended_ms);
	figure("reader hangs: reads again after", back_ms);
	assert_in_range(shown_ms, 0, 2000 + SLACK_MS);
	assert_in_range(
		ended_ms, 0, 3000 + SLACK_MS); /* the manager is patient; who is silent is ended */
	assert_in_range(back_ms, 0, 6000 + SLACK_MS);
}

/* P1, P2: a store that blocks within the commit, a card that still lies there when the kiosk is back. */
static void check_kiosk(struct watched *w)
{
	char pid[16];
	size_t from = stage_views(w->views);

	(void)snprintf(pid, sizeof(pid), "%d", (int)stage_pid(w->kiosk->program));
	struct stage_program *strace = stage_start(w->stage, "strace", NULL,
		(const char *const[]){ "-f", "-p", pid, "-e", "trace=fdatasync", "-e",
			"inject=fdatasync:delay_enter=" STUCK_US ":when=1", NULL },
		NULL);
	stage_wait_log(w->stage, strace, "attached");
	watched_place(w, CARD_MARIE);
	(void)stage_wait_view(w->stage, w->views, from, WIRE_VIEW_READING, WIRE_RESULT_NONE);
	int64_t from_ms = manager_now_ms();
	size_t n_fed = w->kiosk->n_fed;
	wait_hung(w, w->kiosk);
	assert_in_range(w->kiosk->n_fed, n_fed, n_fed + 1); /* none while it was stuck */
	int64_t ended_ms = w->kiosk->hung_ms - from_ms;
	manager_wait_ready(w->manager, w->kiosk, 2);
	figure("kiosk stuck in its commit: ended after", ended_ms);
	figure("kiosk ended: ready again after", w->kiosk->ready_ms - w->kiosk->ended_ms);
	assert_in_range(ended_ms, 0, 10000 + SLACK_MS);
	assert_in_range(w->kiosk->ready_ms - w->kiosk->ended_ms, 0, 2000 + SLACK_MS);
	/* By the first of the two signals when its sync lets go; a manager that is late sends the second before. */
	if (w->kiosk->last_status != 128 + SIGKILL)
		assert_int_equal(w->kiosk->last_status, 128 + SIGABRT);
	(void)stage_wait_exit(w->stage, strace);
	stage_forget(w->stage, strace);
	watched_look(w);
	/* The reader tells the card again, and its pupil sees a check-in that is stored. */
	stage_until(w->stage, shows_result, w, "a result for the card that still lies there");
	watched_place(w, NULL);
	(void)stage_wait_message(w->stage, 0, "/checkin", "\"pupil\":\"" MARIE "\"");
	assert_int_equal(watched_checkins(w, MARIE), 1);
}

static void p1_p2_n7_u2_who_hangs_is_ended_and_comes_back(void **state)
{
	(void)state;
	struct watched w;

	watched_open(&w, NULL);
	watched_start(&w);
	check_feeding(&w);
	size_t from_view = stage_views(w.views);
	(void)watched_tap(&w, CARD_NOOR, WIRE_RESULT_LATE);
	size_t from_message = stage_n_messages(w.stage);
	int64_t from_ms = manager_now_ms();
	stop_process(w.reader);
	stop_process(w.screen);
	stop_process(w.reg);
	check_reader(&w, from_ms, from_view, from_message);
	(void)stage_wait_message(w.stage, from_message, "/state", "\"screen\":\"absent\"");
	check_kiosk(&w);
	/* Meanwhile the others' ten seconds are over too. */
	manager_wait_ready(w.manager, w.screen, 2);
	manager_wait_ready(w.manager, w.reg, 2);
	figure("screen hangs: ended after", w.screen->hung_ms - from_ms);
	figure("screen ended: ready again after", w.screen->ready_ms - w.screen->ended_ms);
	figure("register hangs: ended after", w.reg->hung_ms - from_ms);
	assert_in_range(w.screen->hung_ms - from_ms, 0, 10000 + SLACK_MS);
	assert_in_range(w.reg->hung_ms - from_ms, 0, 10000 + SLACK_MS);
	/* All is well again, and every tap arrived once. */
	(void)stage_wait_message(w.stage, 0, "/state", "\"confirmed_seq\":3");
	assert_int_equal(watched_checkins(&w, NOOR), 1);
	assert_int_equal(watched_checkins(&w, YASSINE), 1);
	watched_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_p2_n7_u2_who_hangs_is_ended_and_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
