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

#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define TAPS_MAX                                                                                   \
	400 /* a WAL that was never emptied grows by 4 KB a tap: far fewer fill what is left */
#define DISK "size=4m"

struct gate {
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
	int n_taps;
	size_t n_shown;
	char shown[TAPS_MAX][37]; /* ids of check-ins that a screen was told */
};

static bool can_mount;

static void gate_start(struct stage *s, struct gate *g)
{
	g->kiosk = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	g->reader = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	g->views = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void gate_stop(struct stage *s, struct gate *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
	stage_stop(s, g->kiosk);
}

struct result_wait {
	const struct gate *gate;
	size_t from, found;
};

static bool has_result(struct stage *s, void *ctx)
{
	struct result_wait *w = ctx;

	(void)s;
	for (size_t i = w->from; i < stage_views(w->gate->views); i++)
		if (stage_view(w->gate->views, i)->state == WIRE_VIEW_RESULT) {
			w->found = i;
			return true;
		}
	return false;
}

/* A card that nobody has, a new one each time. Return: what the screen was told. */
static enum wire_view_result tap(struct stage *s, struct gate *g)
{
	struct result_wait w = { .gate = g, .from = stage_views(g->views) };
	char uid[16];

	/* As a reader does every second: else the gate would show that it has none. */
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	(void)snprintf(uid, sizeof(uid), "04aa%010x", (unsigned)++g->n_taps);
	stage_tap(s, g->reader, uid);
	stage_until(s, has_result, &w, "a result on the screen");
	const struct wire_view *v = stage_view(g->views, w.found);
	if (v->result == WIRE_RESULT_NOT_STORED) {
		assert_true(uuid_is_none(v->checkin));
	} else {
		assert_int_equal(v->result, WIRE_RESULT_UNKNOWN_CARD);
		assert_false(uuid_is_none(v->checkin));
		assert_true(g->n_shown < TAPS_MAX);
		uuid_format(v->checkin, g->shown[g->n_shown++]);
	}
	return v->result;
}

static void tap_card(struct stage *s, struct gate *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_tap(s, g->reader, uid);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want);
}

static void tap_until_refused(struct stage *s, struct gate *g)
{
	for (int i = 0; i < TAPS_MAX - 20; i++)
		if (tap(s, g) == WIRE_RESULT_NOT_STORED)
			return;
	fail_msg("a disk without room took every tap");
}

struct store_wait {
	const char *word;
};

static bool store_is(struct stage *s, void *ctx)
{
	const struct store_wait *w = ctx;
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	const char *word = wire_node_get_text(wire_node_get_node(status, "store"), "state");
	bool is = word && strcmp(word, w->word) == 0;

	wire_node_destroy(status);
	return is;
}

static void wait_store(struct stage *s, const char *word)
{
	struct store_wait w = { word };

	stage_until(s, store_is, &w, word);
}

/* What a screen was told is in the database, and nothing else is. */
static void check_rows(struct stage *s, const struct gate *g)
{
	school_wait_status(s, "gate-1", "last_seq", (int64_t)g->n_shown);
}

/* All of it arrives, and nothing else. */
static void check_delivered(struct stage *s, const struct gate *g, size_t from)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_shown; i++)
		(void)stage_wait_message(s, from, "gate/gate-1/checkin", g->shown[i]);
	/* Nobody confirms here, so the gate sends again; but never what it did not promise. */
	for (size_t i = 0; i < g->n_shown; i++)
		n += stage_count(s, "gate/gate-1/checkin", g->shown[i]);
	assert_int_equal(stage_count(s, "gate/gate-1/checkin", NULL), n);
	stage_validate(s);
}

static void fill(const char *path)
{
	static char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = write(fd, block, sizeof(block))) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);
}

/* A restart meanwhile: the gate comes up, sends people to the desk, and has its log again once there is room. */
static void check_start_on_full(struct stage *s, struct gate *g)
{
	fill(stage_path(s, "gate-1-state/filler"));
	gate_start(s, g);
	wait_store(s, "full");
	assert_int_equal(tap(s, g), WIRE_RESULT_NOT_STORED);
	assert_int_equal(unlink(stage_path(s, "gate-1-state/filler")), 0);
	wait_store(s, "ok");
	check_rows(s, g);
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	check_rows(s, g);
	check_delivered(s, g, 0);
	gate_stop(s, g);
}

static void test_full(void **state)
{
	(void)state;
	struct gate *g = calloc(1, sizeof(*g));
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
	gate_start(s, g);
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	fill(stage_path(s, "gate-1-state/filler"));
	tap_until_refused(s, g);
	/* It stays so, is said to the school, and what was promised before is there. */
	assert_int_equal(tap(s, g), WIRE_RESULT_NOT_STORED);
	wait_store(s, "full");
	(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"full\"");
	check_rows(s, g);
	size_t from = stage_n_messages(s);
	assert_int_equal(unlink(stage_path(s, "gate-1-state/filler")), 0);
	wait_store(s, "ok");
	(void)stage_wait_message(s, from, "gate/gate-1/state", "\"store\":\"ok\"");
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	check_rows(s, g);
	check_delivered(s, g, 0);
	gate_stop(s, g);
	check_start_on_full(s, g);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	stage_close(s);
	free(g);
}

static void limit_files(pid_t pid, rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static void test_quota(void **state)
{
	(void)state;
	struct gate *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_start(s, g);
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	limit_files(stage_pid(g->kiosk), 1);
	tap_until_refused(s, g);
	assert_int_equal(tap(s, g), WIRE_RESULT_NOT_STORED);
	wait_store(s, "full");
	(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"full\"");
	check_rows(s, g);
	limit_files(stage_pid(g->kiosk), RLIM_INFINITY);
	wait_store(s, "ok");
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	check_rows(s, g);
	check_delivered(s, g, 0);
	gate_stop(s, g);
	stage_close(s);
	free(g);
}

/* What the register sends while nothing can be written is used once it can. */
static void test_data_on_a_full_disk(void **state)
{
	(void)state;
	struct gate *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_start(s, g);
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	limit_files(stage_pid(g->kiosk), 1);
	tap_until_refused(s, g);
	struct stage_program *reg = school_register(s, "gate-1");
	wait_store(s, "full");
	/* It decides with what it was sent, and tells that it can't be counted on. */
	school_wait_status(s, "gate-1", "pupils", 5);
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_NOT_STORED);
	limit_files(stage_pid(g->kiosk), RLIM_INFINITY);
	wait_store(s, "ok");
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	/* And it is in the database: a start without a broker has it. */
	stage_stop(s, reg);
	gate_stop(s, g);
	stage_broker_stop(s, true);
	gate_start(s, g);
	school_wait_status(s, "gate-1", "pupils", 5);
	gate_stop(s, g);
	stage_close(s);
	free(g);
}

/* strace on a running program: every sync of its disk fails with EIO, until it is detached. Return: its process, or -1 where
 * it isn't installed or may not trace. */
static pid_t fail_syncs(pid_t pid)
{
	char text[400] = "", number[16];
	int pipes[2];
	size_t n = 0;
	ssize_t got = 0;

	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t tracer = fork();
	assert_true(tracer >= 0);
	if (tracer == 0) {
		(void)dup2(pipes[1], STDERR_FILENO);
		(void)execlp("strace", "strace", "-f", "-o", "/dev/null", "-e",
			"trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO", "-p",
			number, (char *)NULL);
		_exit(127);
	}
	(void)close(pipes[1]);
	while (!strstr(text, "attached") && n < sizeof(text) - 1 &&
		(got = read(pipes[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	/* Its standard error stays open for as long as it runs: what it says later must not end it. */
	if (strstr(text, "attached"))
		return tracer;
	(void)close(pipes[0]);
	(void)waitpid(tracer, NULL, 0);
	return -1;
}

static void end_tracer(pid_t tracer)
{
	assert_int_equal(kill(tracer, SIGINT), 0);
	assert_int_equal(waitpid(tracer, NULL, 0), tracer);
}

static void test_failing(void **state)
{
	(void)state;
	struct gate *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_start(s, g);
	assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	pid_t tracer = fail_syncs(stage_pid(g->kiosk));
	if (tracer > 0) {
		/* A row whose sync failed may be in the file or not: nobody was told that it is. */
		assert_int_equal(tap(s, g), WIRE_RESULT_NOT_STORED);
		assert_int_equal(tap(s, g), WIRE_RESULT_NOT_STORED);
		wait_store(s, "failing");
		(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"failing\"");
		end_tracer(tracer);
		wait_store(s, "ok");
		assert_int_equal(tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
		for (size_t i = 0; i < g->n_shown; i++)
			(void)stage_wait_message(s, 0, "gate/gate-1/checkin", g->shown[i]);
	}
	gate_stop(s, g);
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
static void test_register(void **state)
{
	(void)state;
	static const char one[] = "pupil_id;last_name;first_name;class\n777;A;B;3A\n";
	struct gate *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	gate_start(s, g);
	school_wait_status(s, "gate-1", "pupils", 5);
	ran_write(stage_path(s, "one.csv"), one, sizeof(one) - 1);
	limit_files(stage_pid(reg), 1);
	struct ran r = import(s, stage_path(s, "one.csv"));
	assert_int_equal(r.status, 1);
	if (!ran_is_line(r.err, "schoolpoortctl: "))
		fail_msg("import on a full disk: %s%s", r.out, r.err);
	ran_finish(&r);
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	tap_card(s, g, CARD_YASSINE, WIRE_RESULT_PRESENT);
	(void)stage_wait_message(s, 0, "register/state", "\"store\":\"full\"");
	school_wait_status(s, "gate-1", "queue", 2);
	limit_files(stage_pid(reg), RLIM_INFINITY);
	school_wait_status(s, "gate-1", "queue", 0);
	school_wait_status(s, "register", "pupils", 5);
	r = import(s, stage_path(s, "one.csv"));
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, "1 added"));
	ran_finish(&r);
	stage_validate(s);
	gate_stop(s, g);
	stage_stop(s, reg);
	stage_close(s);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_quota),
		cmocka_unit_test(test_data_on_a_full_disk),
		cmocka_unit_test(test_failing),
		cmocka_unit_test(test_register),
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
