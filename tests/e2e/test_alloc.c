/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Each allocation fails, one by one: of a kiosk under taps, of a register that stores them, of both at their start. They
 * go on or end with status 1, never by a signal; what a screen was told as stored is stored, and delivered once.
 *
 * test_alloc [STEP]: every STEPth allocation; else every fourth of a tap and every eightieth of a start. Without
 * sanitizers, which have a malloc of their own.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "e2e/fail_alloc.h"
#include "e2e/school.h"
#include "e2e/tap_client.h"
#include "unit/unit.h"

#define GATE "gate-1"
#define TAPS_MAX 4000
#define AT_LEAST 60 /* what the register does for a tap isn't the same each time */
#define NONE_LEFT 3 /* so many taps in a row in which nothing failed: there is no such allocation */
#define TOLD_MS                                                                                    \
	400 /* what was not told or confirmed by then is sent again, or lost for want of memory */

static int start_step = 80, tap_step = 4;

struct rig {
	struct stage *stage;
	struct fail_alloc *fail;
	struct stage_program *kiosk, *reg; /* NULL: doesn't run */
	bool is_register; /* which of the two has its allocations fail */
	struct tap_client reader, views;
	char preload[600], name[400];
	unsigned n_taps;
	bool told;
	size_t n_stored, n_refused, n_silent, n_ended;
	char stored[TAPS_MAX][37];
};

static void on_view(void *ctx, const struct wire_view *v)
{
	struct rig *r = ctx;

	if (v->state != WIRE_VIEW_RESULT)
		return;
	r->told = true;
	if (v->result == WIRE_RESULT_NOT_STORED) {
		r->n_refused++;
		return;
	}
	assert_int_equal(v->result, WIRE_RESULT_UNKNOWN_CARD);
	assert_true(r->n_stored < TAPS_MAX);
	uuid_format(v->checkin, r->stored[r->n_stored++]);
}

static struct stage_program *start(struct rig *r, const char *program, const char *unit, bool armed)
{
	return stage_start(r->stage, program, unit, NULL,
		armed ? (const char *const[]){ r->preload, r->name, NULL } : NULL);
}

static void arm(struct rig *r, long from, long until)
{
	atomic_store(&r->fail->n_calls, 0);
	atomic_store(&r->fail->n_failed, 0);
	atomic_store(&r->fail->fail_from, from);
	atomic_store(&r->fail->fail_until, until);
	atomic_store(&r->fail->armed, 1);
}

static long disarm(struct rig *r)
{
	atomic_store(&r->fail->armed, 0);
	return atomic_load(&r->fail->n_failed);
}

static void open_rig(struct rig *r)
{
	*r = (struct rig){ .stage = stage_open() };
	(void)snprintf(r->preload, sizeof(r->preload), "LD_PRELOAD=%s", TEST_FAIL_ALLOC);
	(void)snprintf(
		r->name, sizeof(r->name), FAIL_ALLOC_ENV "=%s", stage_path(r->stage, "alloc"));
	int fd = open(stage_path(r->stage, "alloc"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*r->fail)), 0);
	r->fail = mmap(NULL, sizeof(*r->fail), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(r->fail != MAP_FAILED);
	(void)close(fd);
	stage_clock(r->stage, "2026-11-23T08:30:00+01:00");
	stage_broker_start(r->stage, true);
	stage_unit(r->stage, GATE, (const char *const[]){ "screen.result_ms = 500", NULL });
	stage_unit(r->stage, "register", (const char *const[]){ "register.gates = " GATE, NULL });
	tap_client_init(&r->reader, r->stage, GATE, WIRE_ROLE_READER);
	tap_client_init(&r->views, r->stage, GATE, WIRE_ROLE_SCREEN);
	r->views.on_view = on_view;
	r->views.ctx = r;
}

static void close_rig(struct rig *r)
{
	tap_client_close(&r->reader);
	tap_client_close(&r->views);
	stage_close(r->stage);
	(void)munmap(r->fail, sizeof(*r->fail));
}

static void serve(struct rig *r)
{
	tap_client_serve(&r->reader);
	tap_client_serve(&r->views);
	stage_turn(r->stage, 2);
	tap_client_drain(&r->reader);
	tap_client_drain(&r->views);
}

/* Return: whether it has ended; then it did with status 1, and is forgotten. */
static bool ended(struct rig *r, struct stage_program **program, const char *what, long n)
{
	int status;

	if (!stage_ended(r->stage, *program, &status))
		return false;
	if (status != 1)
		fail_msg(
			"%s, allocation %ld: status %d\n%s", what, n, status, stage_text(*program));
	stage_forget(r->stage, *program);
	*program = NULL;
	r->n_ended++;
	return true;
}

static void keep_running(struct rig *r)
{
	if (!r->reg) {
		r->reg = start(r, "schoolpoort-register", "register", r->is_register);
		stage_wait_log(r->stage, r->reg, "started school=");
	}
	if (!r->kiosk) {
		tap_client_close(&r->reader);
		tap_client_close(&r->views);
		r->kiosk = start(r, "schoolpoort-kiosk", GATE, !r->is_register);
		stage_wait_log(r->stage, r->kiosk, "started gate=");
	}
	for (int64_t end_us = tap_now_us() + STAGE_DEADLINE_MS * INT64_C(1000);
		!(r->views.welcome && r->reader.welcome) && tap_now_us() < end_us;)
		serve(r);
	assert_true(r->views.welcome && r->reader.welcome);
}

static void tap(struct rig *r)
{
	char uid[16];

	r->told = false;
	(void)snprintf(uid, sizeof(uid), "04%012x", 0x400000 + ++r->n_taps);
	assert_true(tap_client_tap(&r->reader, uid));
}

/* Until the tap has its end, and what follows from it: the message, its answer. */
static void await(struct rig *r, struct stage_program **victim, const char *what, long n)
{
	size_t confirms = stage_count(r->stage, "/confirm", NULL);
	size_t refused = r->n_refused;
	bool over = false;

	for (int64_t end_us = tap_now_us() + TOLD_MS * INT64_C(1000);
		!over && tap_now_us() < end_us;) {
		serve(r);
		if (ended(r, victim, what, n))
			return;
		over = r->told && (r->n_refused > refused ||
					  stage_count(r->stage, "/confirm", NULL) > confirms);
	}
	r->n_silent += !r->told;
}

static int ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

/* A clean start, and all that was told as stored is at the register once. */
static void check(struct rig *r)
{
	char sql[160], gate[300], reg[300];

	keep_running(r);
	size_t before = r->n_stored;
	tap(r);
	/* Nothing fails any more: however long it takes, it is told. */
	for (int64_t end_us = tap_now_us() + STAGE_DEADLINE_MS * INT64_C(1000);
		r->n_stored == before && tap_now_us() < end_us;)
		serve(r);
	assert_true(r->n_stored > before);
	school_wait_status(r->stage, GATE, "queue", 0);
	stage_stop(r->stage, r->kiosk);
	stage_stop(r->stage, r->reg);
	(void)snprintf(gate, sizeof(gate), "%s", stage_path(r->stage, GATE "-state/kiosk.db"));
	(void)snprintf(reg, sizeof(reg), "%s", stage_path(r->stage, "register-state/register.db"));
	for (size_t i = 0; i < r->n_stored; i++) {
		char hex[33] = "";
		for (const char *at = r->stored[i]; *at; at++)
			if (*at != '-')
				strncat(hex, at, 1);
		(void)snprintf(
			sql, sizeof(sql), "SELECT count(*) FROM checkin WHERE id = x'%s'", hex);
		assert_int_equal(ask(gate, sql), 1);
		if (ask(reg, sql) != 1)
			fail_msg("%s: told as stored, delivered, and not in the register\n%s", hex,
				stage_text(r->reg));
	}
	assert_int_equal(ask(gate, "SELECT max(seq) - count(*) FROM checkin"), 0);
}

static void sweep(const char *what, bool is_register)
{
	static struct rig r;
	struct stage_program **victim = is_register ? &r.reg : &r.kiosk;
	int none = 0;
	long n = 1;

	open_rig(&r);
	r.is_register = is_register;
	for (; none < NONE_LEFT || n < AT_LEAST; n += tap_step) {
		keep_running(&r);
		arm(&r, n, n);
		tap(&r);
		await(&r, victim, what, n);
		none = disarm(&r) ? 0 : none + 1;
	}
	check(&r);
	print_message("\nfigure: failing allocations, %s: false ticks 0, lost 0, %zu stored, %zu "
		      "not_stored, %zu told nothing, %zu ended with 1 (%ld "
		      "allocations, every %d)\n",
		what, r.n_stored, r.n_refused, r.n_silent, r.n_ended, n - 1, tap_step);
	close_rig(&r);
}

static void p3_each_allocation_of_a_tap_at_the_kiosk(void **state)
{
	(void)state;
	sweep("kiosk", false);
}

static void p3_each_allocation_of_a_tap_at_the_register(void **state)
{
	(void)state;
	sweep("register", true);
}

struct starting {
	struct stage_program *program;
	int status; /* where it has ended; else -1 */
};

static bool is_decided(struct stage *s, void *ctx)
{
	struct starting *w = ctx;

	return stage_ended(s, w->program, &w->status) || stage_said(w->program, "started ");
}

static void sweep_start(const char *program, const char *unit)
{
	static struct rig r;
	size_t n_started = 0;

	open_rig(&r);
	for (long n = 1, failed = 1; failed; n += start_step) {
		arm(&r, n, n);
		struct starting w = { start(&r, program, unit, true), -1 };
		stage_until(r.stage, is_decided, &w, "a start or an end");
		failed = disarm(&r);
		if (w.status < 0) {
			/* What failed may end it behind its start as well, before it is told to stop. */
			assert_int_equal(kill(stage_pid(w.program), SIGTERM), 0);
			w.status = stage_wait_exit(r.stage, w.program);
		}
		if (w.status != 0 && w.status != 1)
			fail_msg("%s, allocation %ld: status %d\n%s", program, n, w.status,
				stage_text(w.program));
		n_started += w.status == 0;
		r.n_ended += w.status == 1;
		stage_forget(r.stage, w.program);
	}
	check(&r);
	print_message("\nfigure: failing allocations at the start of %s: %zu started, %zu ended "
		      "with 1 (every %d)\n",
		program, n_started, r.n_ended, start_step);
	close_rig(&r);
}

static void p3_allocations_of_a_start(void **state)
{
	(void)state;
	sweep_start("schoolpoort-kiosk", GATE);
	sweep_start("schoolpoort-register", "register");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_each_allocation_of_a_tap_at_the_kiosk),
		cmocka_unit_test(p3_each_allocation_of_a_tap_at_the_register),
		cmocka_unit_test(p3_allocations_of_a_start),
	};

	if (argc > 1)
		start_step = tap_step = (int)strtol(argv[1], NULL, 10);
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
