/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A card that takes 5 s for each sync, under a service manager that ends who is silent for ten: a gate under taps, its
 * housekeeping, and an import into the register. Nobody is ended, and no turn is longer than what one of them needs.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/gate_rig.h"
#include "e2e/manager.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define GATE "gate-1"
#define SLOW "delay_enter=5000000"
#define SYNC_MS 5000
#define TURNS_MAX 30
#define ONE_THING_MS                                                                               \
	(3 * SYNC_MS -                                                                             \
		1) /* two syncs, and what a loaded machine takes beside them: three are more */

struct until {
	const struct manager_unit *unit;
	size_t n;
};

static bool has_fed(struct stage *s, void *ctx)
{
	const struct until *u = ctx;

	(void)s;
	return u->unit->n_fed >= u->n;
}

static void wait_fed(struct stage *s, const struct manager_unit *u, size_t n)
{
	struct until until = { u, u->n_fed + n };

	stage_until(s, has_fed, &until, "whole turns");
}

/* A turn at a time: the deadline is of one. Return: results told from view @from on. */
static size_t results_from(struct gate_rig *g, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < stage_views(g->views); i++)
		n += stage_view(g->views, i)->state == WIRE_VIEW_RESULT;
	return n;
}

static void p1_s8_five_seconds_a_sync_end_nobody(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();
	struct manager *m = manager_open(s);
	static const char *const traced[] = { "ASAN_OPTIONS=detect_leaks=0", NULL };

	stage_clock(s, "2026-11-23T08:30:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, GATE, NULL);
	stage_unit(s, "register", (const char *const[]){ "register.gates = " GATE, NULL });
	struct manager_unit *reg =
		manager_start(m, "schoolpoort-register", "register", NULL, traced);
	struct manager_unit *kiosk = manager_start(m, "schoolpoort-kiosk", GATE, NULL, traced);
	manager_wait_ready(m, reg, 1);
	manager_wait_ready(m, kiosk, 1);
	gate_rig_join(s, g);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	(void)stage_wait_message(s, 0, "/confirm", "\"through\":1");
	pid_t tracer = gate_rig_inject(stage_pid(kiosk->program), "fdatasync", SLOW);
	pid_t other = gate_rig_inject(stage_pid(reg->program), "fdatasync", SLOW);
	if (tracer < 0 || other < 0) {
		print_message("SKIP: no strace here\n");
		skip();
	}
	wait_fed(s, kiosk, 1);
	kiosk->longest_ms = reg->longest_ms = 0;
	(void)stage_start(s, "schoolpoortctl", "register",
		(const char *const[]){ "import", "pupils",
			TEST_SOURCE_DIR "/broker-config/contract/sample/pupils.csv", NULL },
		NULL);
	size_t from = stage_views(g->views);
	for (int i = 0; i < 3; i++)
		gate_rig_send(s, g);
	for (int i = 0; i < TURNS_MAX && results_from(g, from) < 3; i++)
		wait_fed(s, kiosk, 1);
	for (int i = 0; i < 3; i++, from++) {
		from = gate_rig_wait_result(s, g, from);
		gate_rig_note(g, stage_view(g->views, from));
	}
	/* The asker may have waited in vain, but what was asked is done. Idle now: confirm, purge, and
	 * the checkpoint, whose two syncs are what the watchdog alone would not wait for. */
	(void)stage_wait_message(s, 0, "gates/data", NOOR);
	for (int i = 0; i < TURNS_MAX && kiosk->longest_ms < 2 * SYNC_MS; i++)
		wait_fed(s, kiosk, 1);
	wait_fed(s, reg, 1);
	print_message("\nfigure: 5 s a sync: longest between two WATCHDOG=1, kiosk %lld ms, "
		      "register %lld ms (4 taps, 1 import)\n",
		(long long)kiosk->longest_ms, (long long)reg->longest_ms);
	assert_in_range(kiosk->longest_ms, 2 * SYNC_MS, ONE_THING_MS);
	assert_in_range(reg->longest_ms, SYNC_MS, 3 * reg->watchdog_ms);
	gate_rig_inject_end(tracer);
	gate_rig_inject_end(other);
	assert_int_equal(kiosk->n_hung + reg->n_hung, 0);
	assert_int_equal(kiosk->n_starts, 1);
	assert_int_equal(reg->n_starts, 1);
	gate_rig_check_delivered(s, g, 0);
	gate_rig_leave(s, g);
	manager_close(m);
	stage_close(s);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_s8_five_seconds_a_sync_end_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
