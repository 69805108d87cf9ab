/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Storage under fire at a gate (faults.md S5 to S8): full disks, I/O errors, a disk that turns read-only, syncs that take
 * seconds. The whole kiosk runs; the disk is an ext4 of 8 MB on a loop device, and what it refuses it refuses by strace.
 *
 * `test_storage all` breaks every write and sync of a gate's life instead of some of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "e2e/gate_rig.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define BALLAST (4 * 1048576L)
#define MORNING "2026-11-23T08:10:00+01:00"
#define SLOW_MS 4000
#define SLOW_SYNC "delay_enter=4000000"

/* Leaks can't be looked for in a program that is traced. */
static const char *const traced[] = { "ASAN_OPTIONS=detect_leaks=0", NULL };

static bool can_mount, all;

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static struct stage *open_stage(bool broker)
{
	struct stage *s = stage_open();

	stage_clock(s, MORNING);
	if (broker)
		stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	return s;
}

static int run(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		union {
			const char *const *in;
			char *const *out;
		} args = { argv };
		(void)execvp(argv[0], args.out);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* 8 MB of ext4 under the gate's state_dir. Return: whether this machine allows it. */
static bool mount_disk(struct stage *s)
{
	char image[256], at[256];

	(void)snprintf(image, sizeof(image), "%s", stage_path(s, "disk.img"));
	(void)snprintf(at, sizeof(at), "%s", stage_path(s, "gate-1-state"));
	int fd = open(image, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8 * 1048576), 0);
	assert_int_equal(close(fd), 0);
	if (run((const char *const[]){ "mkfs.ext4", "-q", "-F", "-m", "0", image, NULL }) != 0 ||
		run((const char *const[]){ "mount", "-o", "loop", image, at, NULL }) != 0) {
		print_message("no loop device here: a tmpfs of 8 MB in its place\n");
		return mount("none", at, "tmpfs", 0, "size=8m") == 0;
	}
	print_message("on an ext4 of 8 MB on a loop device\n");
	return true;
}

static void unmount_disk(struct stage *s)
{
	assert_int_equal(umount2(stage_path(s, "gate-1-state"), MNT_DETACH), 0);
}

static long blocks_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_blocks * 512 : -1;
}

static bool has_ballast(struct stage *s, void *ctx)
{
	(void)ctx;
	if (blocks_of(stage_path(s, "gate-1-state/kiosk.ballast")) >= BALLAST)
		return true;
	stage_turn(s, 100); /* nothing announces it but the log */
	return false;
}

/* A whole column of the kiosk's database, once nobody uses it. */
static int64_t ask(struct stage *s, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(stage_path(s, "gate-1-state/kiosk.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	const char *text = (const char *)sqlite3_column_text(q, 0);
	if (strstr(sql, "integrity"))
		n = text && strcmp(text, "ok") == 0;
	(void)sqlite3_finalize(q);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* Every id that a screen was told is a row; nothing is broken, no number is missing. */
static void check_database(struct stage *s, const struct gate_rig *g)
{
	char sql[160];

	assert_true(ask(s, "PRAGMA integrity_check"));
	assert_int_equal(ask(s, "SELECT count(*) FROM checkin WHERE seq > 0"),
		ask(s, "SELECT ifnull(max(seq), 0) FROM checkin"));
	for (size_t i = 0; i < g->n_shown; i++) {
		char hex[33] = "";
		for (const char *at = g->shown[i]; *at; at++)
			if (*at != '-')
				strncat(hex, at, 1);
		(void)snprintf(
			sql, sizeof(sql), "SELECT count(*) FROM checkin WHERE id = x'%s'", hex);
		assert_int_equal(ask(s, sql), 1);
	}
}

/* ---- S5 ---- */

static void tap_many(struct stage *s, struct gate_rig *g, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
}

/* Confirmed rows lie behind unconfirmed ones; then the disk fills, and fills again. */
static void fill_and_tap(struct stage *s, struct gate_rig *g)
{
	const char *filler = stage_path(s, "gate-1-state/filler");
	const char *ballast = stage_path(s, "gate-1-state/kiosk.ballast");

	gate_rig_fill(filler);
	/* The tap that meets the full disk is stored in the same turn, by the ballast's room. */
	for (int i = 0; i < 60 && blocks_of(ballast) > 0; i++)
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	assert_int_equal(blocks_of(ballast), -1);
	stage_wait_log(s, g->kiosk, "disk_full ballast=given_up");
	stage_wait_log(s, g->kiosk, "purged checkins=");
	tap_many(s, g, 5);
	gate_rig_wait_store(s, "ok");
	for (int i = 0; i < GATE_RIG_TAPS_MAX / 2; i++) {
		gate_rig_fill(filler);
		if (gate_rig_tap(s, g) == WIRE_RESULT_NOT_STORED)
			break;
	}
}

static void s5_full_disk_takes_ballast_then_confirmed_rows(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(true);

	if (!can_mount || !mount_disk(s)) {
		stage_close(s);
		free(g);
		skip();
	}
	struct stage_program *reg = school_register(s, "gate-1");
	gate_rig_start(s, g, NULL);
	stage_until(s, has_ballast, NULL, "the ballast");
	tap_many(s, g, 40);
	school_wait_status(s, "gate-1", "queue", 0);
	stage_stop(s, reg); /* from here on nothing is confirmed */
	size_t confirmed = g->n_shown, from = stage_n_messages(s);
	fill_and_tap(s, g);
	/* Nothing is left to give: never a tick, and it is said. */
	gate_rig_wait_store(s, "full");
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	(void)stage_wait_message(s, from, "gate/gate-1/state", "\"store\":\"full\"");
	assert_int_equal(stage_said_count(g->kiosk, "store_failed error=\"the disk is full\""), 1);
	from = stage_n_messages(s);
	assert_int_equal(unlink(stage_path(s, "gate-1-state/filler")), 0);
	gate_rig_wait_store(s, "ok");
	stage_wait_log(s, g->kiosk, "store_back");
	(void)stage_wait_message(s, from, "gate/gate-1/state", "\"store\":\"ok\"");
	stage_until(s, has_ballast, NULL, "the ballast again");
	tap_many(s, g, 2);
	/* Of what was not confirmed not one row is gone. */
	school_wait_status(s, "gate-1", "queue", (int64_t)(g->n_shown - confirmed));
	gate_rig_stop(s, g);
	assert_int_equal(ask(s, "SELECT count(*) FROM checkin WHERE seq > 40"),
		(int64_t)(g->n_shown - confirmed));
	assert_in_range(ask(s, "SELECT count(*) FROM checkin WHERE seq <= 40"), 0, 39);
	assert_true(ask(s, "PRAGMA integrity_check"));
	stage_validate(s);
	unmount_disk(s);
	stage_close(s);
	free(g);
}

/* ---- S6 ---- */

/* Not every container allows it. */
static bool may_trace(void)
{
	return run((const char *const[]){
		       "strace", "-o", "/dev/null", "-e", "trace=none", "true", NULL }) == 0;
}

static bool started_or_not(struct stage *s, void *ctx)
{
	(void)s;
	return stage_said(ctx, "started gate=") || stage_said(ctx, "store_not_opened");
}

static bool was_hit(struct stage *s)
{
	char *text = ran_read(stage_path(s, "trace"));
	bool hit = strstr(text, "INJECTED");

	free(text);
	return hit;
}

/* A gate whose Nth call fails: what is said is true, and the next tap counts. Return: false where N was never reached. */
static bool break_call(const char *call, const char *error, int n, int *refused)
{
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(false);
	char wrap[400], trace[128];

	gate_rig_start(s, g, NULL); /* the database is there: what fails is a gate's daily life */
	tap_many(s, g, 1);
	gate_rig_stop(s, g);

	(void)snprintf(trace, sizeof(trace), "%s", stage_path(s, "trace"));
	(void)snprintf(wrap, sizeof(wrap),
		"strace -D -f -o %s -e trace=%s -e inject=%s:error=%s:when=%d", trace, call, call,
		error, n);
	assert_int_equal(setenv("STAGE_WRAP", wrap, 1), 0);
	g->kiosk = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, traced);
	assert_int_equal(unsetenv("STAGE_WRAP"), 0);
	stage_until(s, started_or_not, g->kiosk, "a start, or why there is none");
	if (stage_said(g->kiosk, "store_not_opened")) {
		/* The service manager starts it again; nothing was shown meanwhile. */
		assert_int_equal(stage_wait_exit(s, g->kiosk), 1);
		gate_rig_start(s, g, NULL);
	} else {
		gate_rig_join(s, g);
	}
	bool last_refused = false;
	for (int i = 0; i < 4; i++) {
		bool is = gate_rig_tap(s, g) == WIRE_RESULT_NOT_STORED;
		if (is && last_refused)
			fail_msg("%s %s %d: two taps in a row", call, error, n);
		last_refused = is;
		*refused += is;
	}
	gate_rig_wait_store(s, "ok");
	bool said = stage_said(g->kiosk, "store_failed error=");
	gate_rig_stop(s, g);
	bool hit = was_hit(s);
	if (said && !hit)
		fail_msg("%s %s %d: failed without a reason", call, error, n);
	check_database(s, g);
	stage_close(s);
	free(g);
	return hit;
}

static void s6_io_error_at_each_write_and_sync(void **state)
{
	static const char *const calls[] = { "fdatasync", "pwrite64" };
	static const char *const errors[] = { "EIO", "ENOSPC" };
	/* Written with a shorter stride where everything is asked for. */
	static const int first[] = { 1, 2, 3, 5, 9, 14 };
	int n_runs = 0, refused = 0;

	(void)state;
	if (!may_trace())
		skip();
	for (size_t c = 0; c < 2; c++)
		for (size_t e = 0; e < 2; e++) {
			bool hit = true;
			for (int n = 1; all && hit; n++, n_runs++)
				hit = break_call(calls[c], errors[e], n, &refused);
			for (size_t i = e; !all && i < ARRAY_LEN(first) && hit; i += 3, n_runs++)
				hit = break_call(calls[c], errors[e], first[i], &refused);
		}
	assert_true(refused > 0);
	print_message("figure: ticks without a row after an I/O error 0 of %d refused (%d runs, "
		      "EIO and ENOSPC at the Nth fdatasync and pwrite64)\n",
		refused, n_runs);
}

static void remount(struct stage *s, unsigned long flags)
{
	assert_int_equal(
		mount(NULL, stage_path(s, "gate-1-state"), NULL, MS_REMOUNT | flags, NULL), 0);
}

static void s6_disk_turns_read_only(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(true);

	if (!can_mount || !mount_disk(s)) {
		stage_close(s);
		free(g);
		skip();
	}
	gate_rig_start(s, g, NULL);
	tap_many(s, g, 3);
	/* As errors=remount-ro does it: a file system that is in use, from below. */
	if (mount(NULL, stage_path(s, "gate-1-state"), NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0 &&
		run((const char *const[]){ "mount", "-o", "remount,ro,force",
			stage_path(s, "gate-1-state"), NULL }) != 0) {
		/* A file that is open for writing keeps the kernel from it: then by the block device. */
		pid_t tracer = gate_rig_inject(
			stage_pid(g->kiosk), "pwrite64,fdatasync,ftruncate,unlink", "error=EROFS");
		assert_true(tracer > 0);
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
		gate_rig_wait_store(s, "failing");
		gate_rig_inject_end(tracer);
	} else {
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
		gate_rig_wait_store(s, "failing");
		remount(s, 0);
	}
	(void)stage_wait_message(s, 0, "gate/gate-1/state", "\"store\":\"failing\"");
	/* At once, with the tap: nobody waits for a timer. */
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	gate_rig_wait_store(s, "ok");
	gate_rig_stop(s, g);
	check_database(s, g);
	stage_validate(s);
	unmount_disk(s);
	stage_close(s);
	free(g);
}

/* A card that came up read-only: the gate is not dark, and counts as soon as it may write. */
static void s6_starts_on_a_read_only_disk(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(false);

	if (!can_mount || !mount_disk(s)) {
		stage_close(s);
		free(g);
		skip();
	}
	gate_rig_start(s, g, NULL);
	tap_many(s, g, 3);
	gate_rig_stop(s, g);
	remount(s, MS_RDONLY);
	gate_rig_start(s, g, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	gate_rig_wait_store(s, "failing");
	assert_int_equal(stage_said_count(g->kiosk, "store_failed error="), 1);
	remount(s, 0);
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	gate_rig_wait_store(s, "ok");
	gate_rig_stop(s, g);
	check_database(s, g);
	assert_int_equal(ask(s, "SELECT count(*) FROM checkin"), 4);
	unmount_disk(s);
	stage_close(s);
	free(g);
}

/* From the Nth read of the file on nothing of it can be read: it goes aside, and a new one takes taps. */
static void s6_sector_that_cannot_be_read_at_start(void **state)
{
	static const int first[] = { 3, 9, 12 };
	char wrap[600], file[256];

	(void)state;
	if (!may_trace())
		skip();
	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		struct gate_rig *g = calloc(1, sizeof(*g));
		struct stage *s = open_stage(false);
		gate_rig_start(s, g, NULL);
		tap_many(s, g, 60);
		gate_rig_stop(s, g);
		(void)snprintf(file, sizeof(file), "%s", stage_path(s, "gate-1-state/kiosk.db"));
		(void)snprintf(wrap, sizeof(wrap),
			"strace -D -f -o /dev/null -P %s -e trace=pread64"
			" -e inject=pread64:error=EIO:when=%d+",
			file, first[i]);
		assert_int_equal(setenv("STAGE_WRAP", wrap, 1), 0);
		gate_rig_start(s, g, traced);
		assert_int_equal(unsetenv("STAGE_WRAP"), 0);
		for (int tap = 0; tap < 4; tap++)
			(void)gate_rig_tap(s, g); /* the new file is meant as well, by its path */
		gate_rig_stop(s, g);
		gate_rig_start(s, g, NULL);
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
		gate_rig_stop(s, g);
		assert_true(ask(s, "PRAGMA integrity_check"));
		stage_close(s);
		free(g);
	}
}

/* The state is what it is, and is said once, however many come to a gate that found its disk full. */
static void s5_started_on_a_full_disk(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(true);

	if (!can_mount || !mount_disk(s)) {
		stage_close(s);
		free(g);
		skip();
	}
	gate_rig_fill(stage_path(s, "gate-1-state/filler"));
	gate_rig_start(s, g, NULL);
	gate_rig_wait_store(s, "full");
	for (int i = 0; i < 8; i++)
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	gate_rig_wait_store(s, "full");
	assert_int_equal(stage_said_count(g->kiosk, "store_failed error="), 1);
	assert_int_equal(stage_count(s, "gate/gate-1/state", "\"store\":\"failing\""), 0);
	assert_int_equal(unlink(stage_path(s, "gate-1-state/filler")), 0);
	gate_rig_wait_store(s, "ok");
	tap_many(s, g, 2);
	gate_rig_stop(s, g);
	check_database(s, g);
	unmount_disk(s);
	stage_close(s);
	free(g);
}

static bool knows_pupils(struct stage *s, void *ctx)
{
	(void)ctx;
	return ask(s, "SELECT count(*) FROM data WHERE generation = 7") == 1;
}

static void publish_pupils(struct stage *s, int n)
{
	char *text = calloc(1, 200 + (size_t)n * 100);
	size_t len;

	assert_non_null(text);
	len = (size_t)snprintf(text, 200,
		"{\"v\":1,\"generation\":7,\"made_at\":\"2026-11-23T07:00:00.000+01:00\","
		"\"cards\":[],\"timetable\":[],\"days_off\":[],\"pupils\":[");
	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, 100,
			"%s{\"id\":\"%010d\",\"class\":\"3A\",\"first_name\":\"Number %d\"}",
			i ? "," : "", 1001 + i, i);
	(void)snprintf(text + len, 100, "]}");
	/* More than an argument may hold. */
	char port[16], path[256];
	(void)snprintf(port, sizeof(port), "%d", stage_broker_port(s));
	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "data.json"));
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(text);
	assert_int_equal(run((const char *const[]){ "mosquitto_pub", "-p", port, "-q", "1", "-r",
				 "-t", "schoolpoort/sint-jan/gates/data", "-f", path, NULL }),
		0);
}

/* It comes once: what a full disk refused is written as soon as a tap has shown that there is room. */
static void s5_gates_data_that_waited_is_written(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(true);

	if (!can_mount || !mount_disk(s)) {
		stage_close(s);
		free(g);
		skip();
	}
	gate_rig_start(s, g, NULL);
	stage_until(s, has_ballast, NULL, "the ballast");
	tap_many(s, g, 1);
	gate_rig_fill(stage_path(s, "gate-1-state/filler"));
	publish_pupils(s, 2000);
	stage_wait_log(s, g->kiosk, "next=save_when_possible");
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
	stage_wait_log(s, g->kiosk, "store_back");
	stage_until(s, knows_pupils, NULL, "the pupils in the database");
	gate_rig_stop(s, g);
	check_database(s, g);
	unmount_disk(s);
	stage_close(s);
	free(g);
}

/* ---- S7 ---- */

/* Once more than the screen was told, each once, under numbers of their own. */
static void check_found_row(struct stage *s, struct gate_rig *g, struct stage_program *reg)
{
	tap_many(s, g, 2);
	school_wait_status(s, "gate-1", "queue", 0);
	school_wait_status(s, "gate-1", "last_seq", (int64_t)g->n_shown + 1);
	school_wait_status(s, "register", "refused_checkins", 0);
	gate_rig_wait_store(s, "ok");
	gate_rig_stop(s, g);
	check_database(s, g);
	stage_stop(s, reg);
	sqlite3 *db;
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_open(stage_path(s, "register-state/register.db"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
			"SELECT count(*), count(DISTINCT id), count(DISTINCT seq) FROM checkin", -1,
			&q, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sqlite3_column_int64(q, i), (int64_t)g->n_shown + 1);
	(void)sqlite3_finalize(q);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	stage_validate(s);
}

static void failed_commit_is_found(bool with_kill)
{
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(true);
	struct stage_program *reg = school_register(s, "gate-1");

	gate_rig_start(s, g, NULL);
	tap_many(s, g, 3);
	pid_t tracer = gate_rig_inject(stage_pid(g->kiosk), "fdatasync", "error=EIO:when=1");
	if (tracer < 0) {
		gate_rig_stop(s, g);
		stage_stop(s, reg);
		stage_close(s);
		free(g);
		skip();
	}
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	if (with_kill) {
		gate_rig_kill(s, g);
		(void)waitpid(tracer, NULL, 0);
		gate_rig_start(s, g, NULL);
	} else {
		gate_rig_inject_end(tracer);
	}
	check_found_row(s, g, reg);
	stage_close(s);
	free(g);
}

static void s7_failed_commit_found_after_a_kill_counts_once(void **state)
{
	(void)state;
	failed_commit_is_found(true);
}

static void s7_failed_commit_without_a_kill_counts_once(void **state)
{
	(void)state;
	failed_commit_is_found(false);
}

/* ---- S8 ---- */

static void s8_slow_sync_reads_first_and_loses_no_card(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = open_stage(true);
	size_t at = 0, n = 0;

	gate_rig_start(s, g, NULL);
	tap_many(s, g, 1);
	pid_t tracer = gate_rig_inject(stage_pid(g->kiosk), "fdatasync", SLOW_SYNC);
	if (tracer < 0) {
		gate_rig_stop(s, g);
		stage_close(s);
		free(g);
		skip();
	}
	int64_t start = now_ms();
	size_t from = stage_views(g->views);
	gate_rig_send(s, g);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_READING, WIRE_RESULT_NONE);
	int64_t reading = now_ms() - start;
	assert_true(reading < SLOW_MS);
	for (int i = 1; i < 9; i++) { /* three a second; the first three seconds of a queue */
		while (now_ms() - start < i * 333)
			stage_turn(s, 10);
		gate_rig_send(s, g);
	}
	for (at = from; n < 9; n++, at++) {
		at = gate_rig_wait_result(s, g, at);
		gate_rig_note(g, stage_view(g->views, at));
		if (n == 0)
			assert_true(now_ms() - start >= SLOW_MS);
	}
	gate_rig_inject_end(tracer);
	/* In the order of the cards: their times say it, and so do the numbers that they got. */
	gate_rig_check_delivered(s, g, 0);
	gate_rig_stop(s, g);
	check_database(s, g);
	assert_int_equal(ask(s, "SELECT count(*) FROM checkin AS a JOIN checkin AS b"
				" ON b.seq = a.seq + 1 WHERE b.at_ms < a.at_ms"),
		0);
	assert_int_equal(ask(s, "SELECT count(*) FROM checkin"), 10);
	print_message("figure: reading shown under a sync of 4 s %lld ms (1 run, 9 taps at 3 a "
		      "second, none lost)\n",
		(long long)reading);
	stage_close(s);
	free(g);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s5_full_disk_takes_ballast_then_confirmed_rows),
		cmocka_unit_test(s6_io_error_at_each_write_and_sync),
		cmocka_unit_test(s6_disk_turns_read_only),
		cmocka_unit_test(s6_starts_on_a_read_only_disk),
		cmocka_unit_test(s6_sector_that_cannot_be_read_at_start),
		cmocka_unit_test(s5_started_on_a_full_disk),
		cmocka_unit_test(s5_gates_data_that_waited_is_written),
		cmocka_unit_test(s7_failed_commit_found_after_a_kill_counts_once),
		cmocka_unit_test(s7_failed_commit_without_a_kill_counts_once),
		cmocka_unit_test(s8_slow_sync_reads_first_and_loses_no_card),
	};

	all = argc > 1 && strcmp(argv[1], "all") == 0;
	if (argc > 1 && !all)
		cmocka_set_test_filter(argv[1]);
	can_mount = unshare(CLONE_NEWNS) == 0 &&
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
