/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A gate whose disk is full, or whose quota is used up: the pupil is sent to the desk, no tick without a row, and all is well again
 * by itself.
 *
 * The full disk is a tmpfs of 4 MB, mounted in a namespace of this test's own; the quota is a limit on the size of
 * files, which the kernel enforces on every write.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/gate_rig.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define TAPS_MAX                                                                                   \
	380 /* a WAL that was never emptied grows by 4 KB a tap: far fewer fill what is left */
#define DISK "size=4m"

static bool can_mount;

static void tap_card(
	struct stage *s, struct gate_rig *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_tap(s, g->reader, uid);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want);
}

/* @filler: grows with what the gate gives back; NULL: nothing to fill. */
static void tap_until_refused(struct stage *s, struct gate_rig *g, const char *filler)
{
	for (int i = 0; i < TAPS_MAX; i++) {
		if (filler)
			gate_rig_fill(stage_path(s, "%s", filler));
		if (gate_rig_tap(s, g) == WIRE_RESULT_NOT_STORED)
			return;
	}
	fail_msg("a disk without room took every tap");
}

/* What a screen was told is in the database, and nothing else is. */
static void check_rows(struct stage *s, const struct gate_rig *g)
{
	school_wait_status(s, "gate-1", "last_seq", (int64_t)g->n_shown);
}

/* A restart meanwhile: the gate comes up, sends people to the desk, and has its log again once there is room. */
static void check_start_on_full(struct stage *s, struct gate_rig *g)
{
	gate_rig_fill(stage_path(s, "gate-1-state/filler"));
	gate_rig_start(s, g, NULL);
	gate_rig_wait_store(s, "full");
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	assert_int_equal(unlink(stage_path(s, "gate-1-state/filler")), 0);
	gate_rig_wait_store(s, "ok");
	check_rows(s, g);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	check_rows(s, g);
	gate_rig_check_delivered(s, g, 0);
	gate_rig_stop(s, g);
}

static void s5_full_without_ballast_sends_to_the_desk_and_back(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	char path[256];

	if (!can_mount) {
		free(g);
		skip();
	}
	struct stage *s = stage_open();
	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "gate-1-state"));
	assert_int_equal(mount("none", path, "tmpfs", 0, DISK), 0);
	gate_rig_start(s, g, NULL);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	tap_until_refused(s, g, "gate-1-state/filler");
	/* It stays so, is said to the school, and what was promised before is there. */
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	gate_rig_wait_store(s, "full");
	(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"full\"");
	check_rows(s, g);
	size_t from = stage_n_messages(s);
	assert_int_equal(unlink(stage_path(s, "gate-1-state/filler")), 0);
	gate_rig_wait_store(s, "ok");
	(void)stage_wait_message(s, from, "gate/gate-1/state", "\"store\":\"ok\"");
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	check_rows(s, g);
	gate_rig_check_delivered(s, g, 0);
	gate_rig_stop(s, g);
	check_start_on_full(s, g);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	stage_close(s);
	free(g);
}

static void s5_quota_is_a_full_disk(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	gate_rig_limit_files(stage_pid(g->kiosk), 1);
	tap_until_refused(s, g, NULL);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	gate_rig_wait_store(s, "full");
	(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"full\"");
	check_rows(s, g);
	gate_rig_limit_files(stage_pid(g->kiosk), RLIM_INFINITY);
	gate_rig_wait_store(s, "ok");
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	check_rows(s, g);
	gate_rig_check_delivered(s, g, 0);
	gate_rig_stop(s, g);
	stage_close(s);
	free(g);
}

/* What the register sends while nothing can be written is used once it can. */
static void s5_data_on_a_full_disk_is_used_and_kept(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	gate_rig_limit_files(stage_pid(g->kiosk), 1);
	tap_until_refused(s, g, NULL);
	struct stage_program *reg = school_register(s, "gate-1");
	gate_rig_wait_store(s, "full");
	/* It decides with what it was sent, and tells that it can't be counted on. */
	school_wait_status(s, "gate-1", "cards", 5);
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_NOT_STORED);
	gate_rig_limit_files(stage_pid(g->kiosk), RLIM_INFINITY);
	gate_rig_wait_store(s, "ok");
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	/* And it is in the database: a start without a broker has it. */
	stage_stop(s, reg);
	gate_rig_stop(s, g);
	stage_broker_stop(s, true);
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "cards", 5);
	gate_rig_stop(s, g);
	stage_close(s);
	free(g);
}

static void s6_syncs_that_fail_are_not_stored(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	pid_t tracer = gate_rig_inject(stage_pid(g->kiosk), "fsync,fdatasync", "error=EIO");
	if (tracer > 0) {
		/* A row whose sync failed may be in the file or not: nobody was told that it is. */
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
		gate_rig_wait_store(s, "failing");
		(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"failing\"");
		gate_rig_inject_end(tracer);
		gate_rig_wait_store(s, "ok");
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
		for (size_t i = 0; i < g->n_shown; i++)
			(void)stage_wait_message(s, 0, "gate/gate-1/checkin", g->shown[i]);
	}
	gate_rig_stop(s, g);
	stage_close(s);
	free(g);
	if (tracer < 0)
		skip();
}

static struct ran import(struct stage *s, const char *file)
{
	return ran_run(
		"schoolpoortctl", (const char *const[]){ "--config", stage_path(s, "register.conf"),
					  "import", "pupils", file, NULL });
}

/* A register that can't write promises nothing: no import, no confirm; what gates hold comes when it can. */
static void s5_register_on_a_full_disk_promises_nothing(void **state)
{
	(void)state;
	static const char one[] = "pupil_id;last_name;first_name;class\n777;A;B;3A\n";
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "cards", 5);
	ran_write(stage_path(s, "one.csv"), one, sizeof(one) - 1);
	gate_rig_limit_files(stage_pid(reg), 1);
	struct ran r = import(s, stage_path(s, "one.csv"));
	assert_int_equal(r.status, 1);
	if (!ran_is_line(r.err, "schoolpoortctl: "))
		fail_msg("import on a full disk: %s%s", r.out, r.err);
	ran_finish(&r);
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	tap_card(s, g, CARD_YASSINE, WIRE_RESULT_PRESENT);
	(void)stage_wait_message(s, 0, "register/state", "\"store\":\"full\"");
	school_wait_status(s, "gate-1", "queue", 2);
	gate_rig_limit_files(stage_pid(reg), RLIM_INFINITY);
	school_wait_status(s, "gate-1", "queue", 0);
	school_wait_status(s, "register", "pupils", 5);
	r = import(s, stage_path(s, "one.csv"));
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, "1 added"));
	ran_finish(&r);
	stage_validate(s);
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	stage_close(s);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s5_full_without_ballast_sends_to_the_desk_and_back),
		cmocka_unit_test(s5_quota_is_a_full_disk),
		cmocka_unit_test(s5_data_on_a_full_disk_is_used_and_kept),
		cmocka_unit_test(s6_syncs_that_fail_are_not_stored),
		cmocka_unit_test(s5_register_on_a_full_disk_promises_nothing),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	/* Inherited by the kiosk: a write over the limit is an error then, not its end. */
	if (sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return 1;
	/* Where mounting isn't allowed, the first test says that it was skipped. */
	can_mount = unshare(CLONE_NEWNS) == 0 &&
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
