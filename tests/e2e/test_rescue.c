/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Databases that are damaged (faults.md S9) or older than what their owners have said (S10), under whole programs: the gate
 * takes taps, the register is filled again, nobody is absent who was in, and no tap is dropped because of its number.
 *
 * `test_rescue all` starts the whole kiosk on 200 damaged files instead of some.
 */
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "e2e/gate_rig.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define PAGE 4096
#define EARLY "2026-11-23T08:20:00+01:00" /* 3A starts at 08:25 */
#define PAST_CUTOFF "2026-11-23T08:50:00+01:00"
#define TAPS 30
#define LATER 50 /* faults.md S10 */

static bool all;

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t ask(struct stage *s, const char *file, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "%s", file));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static void copy_file(struct stage *s, const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *in = fopen(stage_path(s, "%s", from), "re");
	FILE *out = fopen(stage_path(s, "%s", to), "we");

	assert_non_null(in);
	assert_non_null(out);
	for (size_t n; (n = fread(bytes, 1, sizeof(bytes), in)) > 0;)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

static void remove_file(struct stage *s, const char *name)
{
	(void)unlink(stage_path(s, "%s", name));
}

static void remove_all(struct stage *s, const char *pattern)
{
	glob_t found;

	assert_int_equal(glob(stage_path(s, "%s", pattern), 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		assert_int_equal(unlink(found.gl_pathv[i]), 0);
	globfree(&found);
}

/* One way to damage a file, by a seed. */
static void damage(struct stage *s, const char *name, unsigned seed)
{
	struct stat st;
	int fd = open(stage_path(s, "%s", name), O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	unsigned pages = (unsigned)(st.st_size / PAGE);
	unsigned char junk[PAGE];
	memset(junk, (int)(seed * 37), sizeof(junk));
	switch (seed % 5) {
	case 0: /* pages destroyed */
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(
				pwrite(fd, junk, PAGE, (seed * 7 + i * 3) % pages * PAGE), PAGE);
		break;
	case 1: /* bytes flipped, in each page's head too */
		for (unsigned i = 0; i < pages; i++)
			assert_int_equal(pwrite(fd, junk, 3, i * PAGE + seed % 40), 3);
		break;
	case 2:
		assert_int_equal(ftruncate(fd, st.st_size * (seed % 90 + 5) / 100), 0);
		break;
	case 3:
		assert_int_equal(ftruncate(fd, 0), 0);
		break;
	default: /* not a database */
		for (unsigned i = 0; i < pages; i++)
			assert_int_equal(pwrite(fd, junk, PAGE, i * PAGE), PAGE);
	}
	assert_int_equal(close(fd), 0);
}

static size_t count_aside(struct stage *s, const char *folder)
{
	char command[400];

	(void)snprintf(command, sizeof(command), "%s", stage_path(s, "%s", folder));
	return ran_entries(command);
}

static void tap_many(struct stage *s, struct gate_rig *g, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
}

/* ---- S9 ---- */

static void s9_gate_takes_taps_on_a_damaged_database(void **state)
{
	static const unsigned few[] = { 0, 1, 2, 3, 4 };
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = NULL;
	double slowest = 0;
	size_t n = all ? 200 : ARRAY_LEN(few);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (i % 5 == 0) { /* a stage keeps what every program said */
			stage_close(s);
			s = stage_open();
			stage_clock(s, EARLY);
			stage_unit(s, "gate-1", NULL);
			gate_rig_start(s, g, NULL);
			tap_many(s, g, TAPS);
			gate_rig_stop(s, g);
			copy_file(s, "gate-1-state/kiosk.db", "whole.db");
		}
		remove_file(s, "gate-1-state/kiosk.db-wal");
		copy_file(s, "whole.db", "gate-1-state/kiosk.db");
		damage(s, "gate-1-state/kiosk.db", (unsigned)i);
		size_t files = count_aside(s, "gate-1-state");
		double start = seconds();
		gate_rig_start(s, g, NULL);
		assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_UNKNOWN_CARD);
		double took = seconds() - start;
		slowest = took > slowest ? took : slowest;
		/* A flipped byte can lie where nothing is: then there is nothing to notice. */
		if (stage_said(g->kiosk, "database_recovered")) {
			gate_rig_wait_store(s, "recovered");
			assert_true(count_aside(s, "gate-1-state") > files); /* the damaged one */
		} else {
			assert_true(i % 5 == 1 ||
				    i % 5 == 2); /* or in an index: the weekly check finds it */
			gate_rig_wait_store(s, "ok");
		}
		gate_rig_stop(s, g);
		assert_int_equal(ask(s, "gate-1-state/kiosk.db",
					 "SELECT max(seq) - count(*) FROM checkin WHERE seq > 0"),
			0);
	}
	assert_true(slowest < 10);
	print_message("figure: start of a gate on a damaged database until a tap is shown, slowest "
		      "%.0f ms (%zu runs, whole kiosk)\n",
		1000 * slowest, n);
	stage_close(s);
	free(g);
}

static bool has_data(struct stage *s, void *ctx)
{
	(void)ctx;
	return ask(s, "gate-1-state/kiosk.db", "SELECT count(*) FROM data WHERE generation = 7") ==
	       1;
}

/* The file is lost while the gate runs, with no copy of it: the pupils that are in use are in the new one. */
static void s9_pupils_in_use_are_written_into_the_new_file(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	stage_publish_retained(s, "schoolpoort/sint-jan/gates/data",
		"{\"v\":1,\"generation\":7,\"made_at\":\"2026-11-23T07:00:00.000+01:00\","
		"\"cards\":[],\"timetable\":[],\"days_off\":[],\"pupils\":["
		"{\"id\":\"0000001001\",\"class\":\"3A\",\"first_name\":\"Noor\"}]}");
	stage_wait_log(s, g->kiosk, "data_applied generation=7");
	tap_many(s, g, 2);
	damage(s, "gate-1-state/kiosk.db", 4);
	remove_file(s, "gate-1-state/kiosk.db-wal");
	pid_t tracer = gate_rig_inject(stage_pid(g->kiosk), "fdatasync", "error=EIO:when=1");
	if (tracer < 0) {
		gate_rig_stop(s, g);
		stage_close(s);
		free(g);
		skip();
	}
	assert_int_equal(gate_rig_tap(s, g), WIRE_RESULT_NOT_STORED);
	gate_rig_inject_end(tracer);
	tap_many(s, g, 2);
	stage_wait_log(s, g->kiosk, "database_recovered");
	stage_until(s, has_data, NULL, "the pupils in the new file");
	stage_broker_stop(s, false);
	gate_rig_stop(s, g);
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "pupils", 1);
	gate_rig_stop(s, g);
	stage_close(s);
	free(g);
}

/* Whole as a database, and one row of it makes no sense: nothing behind it may wait for ever. */
static void s9_a_row_of_nonsense_stops_nothing(void **state)
{
	/* The last of them, read at the start; one that is delivered, read for that alone; one that was confirmed. */
	static const int seqs[] = { 5, 2, 1 };
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();
	char sql[200];

	(void)state;
	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	struct stage_program *reg = school_register(s, "gate-1");
	for (size_t i = 0; i < ARRAY_LEN(seqs); i++) {
		bool confirmed = i == 2;
		if (!confirmed)
			stage_broker_stop(s, false);
		gate_rig_start(s, g, NULL);
		tap_many(s, g, 5);
		if (confirmed)
			school_wait_status(s, "gate-1", "queue", 0);
		gate_rig_stop(s, g);
		/* Beyond what a restart remembers, a row is first read as it is delivered. */
		(void)snprintf(sql, sizeof(sql),
			"UPDATE checkin SET result = 'unkxown_card', at_ms = at_ms - %lld WHERE "
			"seq ="
			" (SELECT max(seq) - 5 + %d FROM checkin) RETURNING seq",
			seqs[i] == 2 ? 2 * 86400000LL : 0LL, seqs[i]);
		(void)ask(s, "gate-1-state/kiosk.db", sql);
		assert_int_equal(
			ask(s, "gate-1-state/kiosk.db",
				"SELECT count(*) FROM pragma_quick_check WHERE quick_check = "
				"'ok'"),
			1);
		if (!confirmed)
			stage_broker_start(s, true);
		gate_rig_start(s, g, NULL);
		tap_many(s, g, 1);
		stage_wait_log(s, g->kiosk, "database_recovered");
		school_wait_status(s, "gate-1", "queue", 0);
		gate_rig_wait_store(s, "recovered");
		tap_many(s, g, 1);
		school_wait_status(s, "gate-1", "queue", 0);
		assert_int_equal(stage_said_count(g->kiosk, "store_failed"), 1);
		gate_rig_stop(s, g);
		assert_int_equal(
			ask(s, "gate-1-state/kiosk.db",
				"SELECT count(*) FROM checkin WHERE result = 'unkxown_card'"),
			0);
	}
	/* All taps but the two that nobody can read any more; the third had been confirmed. */
	assert_int_equal(ask(s, "register-state/register.db", "SELECT count(*) FROM checkin"),
		g->n_taps - 2);
	stage_stop(s, reg);
	stage_validate(s);
	stage_close(s);
	free(g);
}

/* The page that the table of check-ins begins with: all of them are gone, everything else is whole. */
static void lose_checkins(struct stage *s)
{
	int64_t page = ask(s, "register-state/register.db",
		"SELECT rootpage FROM sqlite_schema WHERE name = 'checkin'");
	int fd = open(stage_path(s, "register-state/register.db"), O_RDWR | O_CLOEXEC);
	char junk[PAGE];

	memset(junk, 0xa5, sizeof(junk));
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, PAGE, (page - 1) * PAGE), PAGE);
	assert_int_equal(close(fd), 0);
}

static bool refilling(struct stage *s)
{
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	bool is = wire_node_get_bool(wire_node_get_node(status, "store"), "refilling", false);

	wire_node_destroy(status);
	return is;
}

static bool is_refilled(struct stage *s, void *ctx)
{
	(void)ctx;
	return !refilling(s);
}

static void tap_card(
	struct stage *s, struct gate_rig *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_tap(s, g->reader, uid);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want);
}

/* Lost check-ins are no absence: held until the gate is back, and then right. */
static void s9_register_lost_checkins_and_gates_bring_them(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "cards", 5);
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	tap_many(s, g, 5);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	lose_checkins(s);
	stage_clock(s, PAST_CUTOFF);
	size_t from = stage_n_messages(s);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "database_recovered");
	(void)stage_wait_message(s, from, "register/state", "\"store\":\"recovered\"");
	school_wait_status(s, "register", "pupils", 5);
	assert_true(refilling(s));
	assert_int_equal(stage_find(s, from, "care/event", "\"kind\":\"absent\""), -1);
	gate_rig_start(s, g, NULL);
	stage_until(s, is_refilled, NULL, "the gate's check-ins again");
	/* Yassine was not there; that is said now, and surely. Noor was. */
	(void)stage_wait_message(s, from, "care/event", "am-p" YASSINE);
	assert_true(stage_find(s, from, "care/event", "\"certainty\":\"confirmed\"") >= 0);
	assert_int_equal(stage_find(s, from, "care/event", "am-p" NOOR), -1);
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	assert_int_equal(ask(s, "register-state/register.db", "SELECT count(*) FROM checkin"), 6);
	assert_int_equal(ask(s, "register-state/register.db", "SELECT count(*) FROM refused"), 0);
	stage_validate(s);
	stage_close(s);
	free(g);
}

static bool gate_forgot_the_talk(struct stage *s, void *ctx)
{
	(void)ctx;
	return ask(s, "gate-1-state/kiosk.db",
		       "SELECT count(*) FROM checkin WHERE result = 'talk'") == 0;
}

/* Yassine asks for a talk, the care team is told, and the gate keeps nothing of it. */
static void ask_for_talk(struct stage *s, struct gate_rig *g)
{
	static struct wire_local m;

	tap_card(s, g, CARD_YASSINE, WIRE_RESULT_PRESENT);
	size_t from = stage_views(g->views);
	stage_tap(s, g->reader, CARD_YASSINE);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_OVERVIEW, WIRE_RESULT_ALREADY);
	memset(&m, 0, sizeof(m));
	m.type = WIRE_LOCAL_TOUCH;
	m.touch = WIRE_TOUCH_TALK;
	stage_send(s, g->views, &m);
	(void)stage_wait_message(s, 0, "care/event", "\"kind\":\"talk\"");
	stage_until(s, gate_forgot_the_talk, NULL, "the gate's row of a talk gone");
}

/* Nothing can be read: the gates keep the data they have, alerts go on above what people saw. */
static void s9_register_lost_all(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1",
		(const char *const[]){ "kiosk.repeat_s = 600", "screen.result_ms = 10000", NULL });
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "cards", 5);
	tap_many(s, g, 1);
	ask_for_talk(s, g);
	(void)stage_wait_message(s, 0, "care/event", "\"kind\":\"unknown_card\"");
	school_wait_status(s, "gate-1", "queue", 0);
	stage_kill(s, reg);
	remove_file(s, "register-state/register.db-wal");
	damage(s, "register-state/register.db", 4);
	size_t from = stage_n_messages(s);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "rows_lost table=pupils next=import_anew");
	stage_wait_log(s, reg, "gates_data_held");
	stage_until(s, is_refilled, NULL, "the gate's check-ins again");
	/* The same alert, raised again: who has seen revision 1 sees this one too. */
	size_t at = stage_wait_message(s, from, "care/event", "\"kind\":\"unknown_card\"");
	assert_non_null(strstr(stage_message(s, at)->payload, "\"revision\":1001"));
	/* What a pupil asked for nobody else has any more: taken from what is retained. */
	at = stage_wait_message(s, from, "care/event", "\"kind\":\"talk\"");
	assert_non_null(strstr(stage_message(s, at)->payload, "-r" YASSINE "\""));
	assert_non_null(strstr(stage_message(s, at)->payload, "\"revision\":1001"));
	school_wait_status(s, "gate-1", "cards", 5); /* not taken from it */
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	stage_stop(s, reg);
	reg = school_register(s, "gate-1"); /* starts it again, and imports all anew */
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	char *text = wire_node_text(status);
	assert_non_null(strstr(text, "\"lost\":[]"));
	free(text);
	wire_node_destroy(status);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	assert_int_equal(ask(s, "register-state/register.db", "SELECT count(*) FROM checkin"), 3);
	assert_int_equal(
		ask(s, "register-state/register.db",
			"SELECT count(*) FROM alert WHERE kind = 'talk' AND state = 'open'"),
		1);
	stage_validate(s);
	stage_close(s);
	free(g);
}

/* The file is gone and last night's copy is there: the gates keep pupils and cards, and hear nothing that takes them. */
static void s9_register_gone_keeps_the_gates_data(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "cards", 5);
	stage_stop(s, reg);
	copy_file(s, "register-state/register.db", "register-state/register.db.backup");
	remove_file(s, "register-state/register.db");
	size_t from = stage_n_messages(s);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "database_recovered");
	stage_wait_log(s, reg, "gates_data_held");
	school_wait_status(s, "register", "pupils", 5);
	stage_stop(s, reg);
	/* And where nothing lies beside it: a new database, and a gate that isn't new. */
	remove_all(s, "register-state/register.db*");
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "gates_data_waits for=import");
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	school_wait_status(s, "gate-1", "queue", 0);
	assert_int_equal(stage_find(s, from, "gates/data", NULL), -1);
	school_import(s);
	size_t at = stage_wait_message(s, from, "gates/data", "\"generation\"");
	assert_non_null(strstr(stage_message(s, at)->payload, NOOR));
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	stage_validate(s);
	stage_close(s);
	free(g);
}

/* ---- S10 ---- */

/* Every tap that a screen was told is at the register, once. */
static void check_all_there(struct stage *s, const struct gate_rig *g, struct stage_program *reg)
{
	school_wait_status(s, "gate-1", "queue", 0);
	stage_stop(s, reg);
	for (size_t i = 0; i < g->n_shown; i++) {
		char hex[33] = "", sql[160];
		for (const char *at = g->shown[i]; *at; at++)
			if (*at != '-')
				(void)strncat(hex, at, 1);
		(void)snprintf(
			sql, sizeof(sql), "SELECT count(*) FROM checkin WHERE id = x'%s'", hex);
		assert_int_equal(ask(s, "register-state/register.db", sql), 1);
	}
	assert_int_equal(ask(s, "register-state/register.db", "SELECT count(*) FROM checkin"),
		(int64_t)g->n_shown);
}

/* @offline: numbers of the old copy are used for new taps before the register can object. */
static void old_copy(bool offline)
{
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	tap_many(s, g, 10);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_rig_stop(s, g);
	copy_file(s, "gate-1-state/kiosk.db", "old.db");
	gate_rig_start(s, g, NULL);
	tap_many(s, g, LATER);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_rig_stop(s, g);
	remove_file(s, "gate-1-state/kiosk.db-wal");
	copy_file(s, "old.db", "gate-1-state/kiosk.db");
	if (offline) {
		stage_stop(s, reg); /* else it may wait for 30 s before it connects again */
		stage_broker_stop(s, false);
	}
	gate_rig_start(s, g, NULL);
	/* More than the register has of this log: so no number tells it, only the ids do. */
	tap_many(s, g, offline ? LATER + 5 : 7);
	if (offline) {
		stage_broker_start(s, true);
		reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	}
	stage_wait_log(s, g->kiosk, "log_drawn_anew");
	tap_many(s, g, 3);
	check_all_there(s, g, reg);
	if (offline) /* the first of them was kept aside under its old number, and shown */
		assert_true(
			ask(s, "register-state/register.db", "SELECT count(*) FROM refused") > 0);
	gate_rig_stop(s, g);
	stage_validate(s);
	stage_close(s);
	free(g);
}

static void s10_old_copy_draws_a_new_log(void **state)
{
	(void)state;
	old_copy(false);
}

static void s10_old_copy_whose_numbers_were_used_loses_nothing(void **state)
{
	(void)state;
	old_copy(true);
}

/* The WAL of another hour, or none, after a kill: what the register has it keeps, what the gate has it delivers. */
static void s10_wal_gone_or_foreign_between_kills(void **state)
{
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	(void)state;
	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	for (int round = 0; round < 4; round++) {
		gate_rig_start(s, g, NULL);
		tap_many(s, g, 6);
		school_wait_status(s, "gate-1", "queue", 0);
		gate_rig_kill(s, g);
		if (round == 0)
			copy_file(s, "gate-1-state/kiosk.db-wal", "foreign-wal");
		if (round == 1)
			remove_file(s, "gate-1-state/kiosk.db-wal");
		if (round == 2)
			copy_file(s, "foreign-wal", "gate-1-state/kiosk.db-wal");
	}
	gate_rig_start(s, g, NULL);
	tap_many(s, g, 3);
	check_all_there(s, g, reg);
	gate_rig_stop(s, g);
	stage_validate(s);
	stage_close(s);
	free(g);
}

static void write_file(struct stage *s, const char *name)
{
	FILE *f = fopen(stage_path(s, "%s", name), "we");

	assert_non_null(f);
	assert_true(fputs("nobody's", f) > 0);
	assert_int_equal(fclose(f), 0);
}

static bool is_there(struct stage *s, const char *name)
{
	return access(stage_path(s, "%s", name), F_OK) == 0;
}

static bool damaged_gone(struct stage *s, void *ctx)
{
	(void)ctx;
	if (!is_there(s, "gate-1-state/kiosk.db.damaged-20260901T070000Z"))
		return true;
	stage_turn(s, 100);
	return false;
}

/* From today, by days: the time of files is the kernel's. */
static void at_clock(struct stage *s, int days)
{
	time_t now = time(NULL) + days * INT64_C(86400);
	char text[64];
	struct tm at;

	assert_non_null(gmtime_r(&now, &at));
	assert_true(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S+00:00", &at) > 0);
	stage_clock(s, text);
}

/* What is left of damaged files and of copies that were cut goes; nothing else does. */
static void d5_damaged_files_and_cut_copies_go(void **state)
{
	static const char *const left[] = { "kiosk.db.damaged-20260901T070000Z",
		"kiosk.db.damaged-20260901T070000Z-wal", "kiosk.db.damaged-20260901T070000Z-shm" };
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_unit(s, "gate-1", NULL);
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		write_file(s, stage_path(s, "gate-1-state/%s", left[i]) + strlen(stage_dir(s)) + 1);
	write_file(s, "gate-1-state/kiosk.db.copy");
	write_file(s, "gate-1-state/kiosk.db.copy.part");
	write_file(s, "gate-1-state/kiosk.db.backup");
	at_clock(s, 29);
	gate_rig_start(s, g, NULL);
	assert_false(is_there(s, "gate-1-state/kiosk.db.copy"));
	assert_false(is_there(s, "gate-1-state/kiosk.db.copy.part"));
	tap_many(s, g, 1);
	gate_rig_stop(s, g);
	assert_true(is_there(s, "gate-1-state/kiosk.db.damaged-20260901T070000Z"));
	at_clock(s, 31);
	gate_rig_start(s, g, NULL);
	stage_until(s, damaged_gone, NULL, "the damaged file's end");
	assert_true(is_there(s, "gate-1-state/kiosk.db.backup"));
	tap_many(s, g, 1);
	gate_rig_stop(s, g);
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		assert_false(is_there(
			s, stage_path(s, "gate-1-state/%s", left[i]) + strlen(stage_dir(s)) + 1));
	stage_close(s);
	free(g);
}

static bool register_damaged_gone(struct stage *s, void *ctx)
{
	(void)ctx;
	if (!is_there(s, "register-state/register.db.damaged-20260901T070000Z"))
		return true;
	stage_turn(s, 100);
	return false;
}

static void d5_damaged_files_of_a_register_go(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	at_clock(s, 29);
	stage_broker_start(s, true);
	stage_unit(s, "register", (const char *const[]){ "register.gates = gate-1", NULL });
	write_file(s, "register-state/register.db.damaged-20260901T070000Z");
	write_file(s, "register-state/register.db.damaged-20260901T070000Z-wal");
	struct stage_program *reg = school_register(s, "gate-1");
	free(school_ctl(s, "register", (const char *const[]){ "status", NULL }));
	stage_stop(s, reg);
	assert_true(is_there(s, "register-state/register.db.damaged-20260901T070000Z"));
	at_clock(s, 31);
	reg = school_register(s, "gate-1");
	stage_until(s, register_damaged_gone, NULL, "the damaged file's end");
	stage_stop(s, reg);
	assert_false(is_there(s, "register-state/register.db.damaged-20260901T070000Z-wal"));
	assert_true(is_there(s, "register-state/register.db"));
	stage_close(s);
}

static bool has_new_log(struct stage *s, void *ctx)
{
	struct gate_rig *g = ctx;

	if (stage_said(g->kiosk, "log_drawn_anew all=1"))
		return true;
	stage_turn(s, 100);
	return false;
}

/* All that was confirmed is gone by its age; then an older register says that it has less. Nobody taps. */
static void go_back_behind(const char *dropped, int n_left)
{
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();
	char log[64], confirm[160];

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	tap_many(s, g, 6);
	size_t at = stage_wait_message(s, 0, "gate/gate-1/checkin", "\"seq\":6");
	const char *word = strstr(stage_message(s, at)->payload, "\"log\":\"");
	assert_non_null(word);
	(void)snprintf(log, sizeof(log), "%.36s", word + 7);
	(void)snprintf(confirm, sizeof(confirm), "{\"v\":1,\"log\":\"%s\",\"through\":6}", log);
	stage_publish(s, "schoolpoort/sint-jan/gate/gate-1/confirm", confirm);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_rig_stop(s, g);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(stage_path(s, "gate-1-state/kiosk.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, dropped, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	gate_rig_start(s, g, NULL);
	(void)snprintf(confirm, sizeof(confirm), "{\"v\":1,\"log\":\"%s\",\"through\":2}", log);
	stage_wait_log(s, g->kiosk, "broker_up");
	stage_publish(s, "schoolpoort/sint-jan/gate/gate-1/confirm", confirm);
	stage_until(s, has_new_log, g, "a log without the gap");
	school_wait_status(s, "gate-1", "queue", n_left);
	size_t from = stage_n_messages(s);
	tap_many(s, g, 2);
	(void)snprintf(confirm, sizeof(confirm), "\"seq\":%d,", n_left + 2);
	(void)stage_wait_message(s, from, "gate/gate-1/checkin", confirm);
	assert_int_equal(stage_said_count(g->kiosk, "log_drawn_anew"), 1);
	gate_rig_stop(s, g);
	stage_validate(s);
	stage_close(s);
	free(g);
}

static void s10_register_goes_back_behind_what_was_purged(void **state)
{
	(void)state;
	go_back_behind("DELETE FROM checkin WHERE seq BETWEEN 1 AND 6;"
		       "INSERT OR REPLACE INTO meta VALUES('purged_seq', 6)",
		0);
}

/* A talk leaves a hole between taps: those on both sides of it are there, and sent. */
static void s10_register_goes_back_behind_a_talk(void **state)
{
	(void)state;
	go_back_behind("DELETE FROM checkin WHERE seq = 4", 5);
}

/* Whole, but of before: what its gate was told since proves it. What people did since is gone from it, so nobody is surely
 * absent that day, and alerts go on above what they have seen. */
static void s10_register_on_an_older_copy(void **state)
{
	(void)state;
	struct gate_rig *g = calloc(1, sizeof(*g));
	struct stage *s = stage_open();

	stage_clock(s, EARLY);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	gate_rig_start(s, g, NULL);
	school_wait_status(s, "gate-1", "cards", 5);
	tap_card(s, g, CARD_ELIF, WIRE_RESULT_PRESENT);
	school_wait_status(s, "gate-1", "queue", 0);
	stage_stop(s, reg);
	copy_file(s, "register-state/register.db", "older.db");
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	tap_card(s, g, CARD_NOOR, WIRE_RESULT_PRESENT);
	tap_many(s, g, 1);
	school_wait_status(s, "gate-1", "queue", 0);
	(void)stage_wait_message(s, 0, "care/event", "\"kind\":\"unknown_card\"");
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	assert_false(stage_said(reg, "database_older"));
	copy_file(s, "older.db", "register-state/register.db");
	stage_clock(s, PAST_CUTOFF);
	size_t from = stage_n_messages(s);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "database_older gate=gate-1 confirmed=3 stored=1");
	gate_rig_start(s, g, NULL);
	stage_until(s, is_refilled, NULL, "the gate's check-ins again");
	size_t at = stage_wait_message(s, from, "care/event", "am-p" YASSINE);
	assert_non_null(strstr(stage_message(s, at)->payload, "\"certainty\":\"unconfirmed\""));
	at = stage_wait_message(s, from, "care/event", "\"kind\":\"unknown_card\"");
	assert_non_null(strstr(stage_message(s, at)->payload, "\"revision\":1001"));
	assert_int_equal(stage_find(s, from, "care/event", "am-p" NOOR), -1);
	/* Said once: it isn't older again at the next start. */
	stage_stop(s, reg);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "gates_data generation");
	assert_false(stage_said(reg, "database_older"));
	gate_rig_stop(s, g);
	stage_stop(s, reg);
	assert_int_equal(ask(s, "register-state/register.db", "SELECT count(*) FROM checkin"), 3);
	stage_validate(s);
	stage_close(s);
	free(g);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s9_gate_takes_taps_on_a_damaged_database),
		cmocka_unit_test(s9_pupils_in_use_are_written_into_the_new_file),
		cmocka_unit_test(s9_a_row_of_nonsense_stops_nothing),
		cmocka_unit_test(s9_register_lost_checkins_and_gates_bring_them),
		cmocka_unit_test(s9_register_lost_all),
		cmocka_unit_test(s9_register_gone_keeps_the_gates_data),
		cmocka_unit_test(s10_old_copy_draws_a_new_log),
		cmocka_unit_test(s10_old_copy_whose_numbers_were_used_loses_nothing),
		cmocka_unit_test(d5_damaged_files_and_cut_copies_go),
		cmocka_unit_test(d5_damaged_files_of_a_register_go),
		cmocka_unit_test(s10_register_goes_back_behind_what_was_purged),
		cmocka_unit_test(s10_register_goes_back_behind_a_talk),
		cmocka_unit_test(s10_register_on_an_older_copy),
		cmocka_unit_test(s10_wal_gone_or_foreign_between_kills),
	};

	all = argc > 1 && strcmp(argv[1], "all") == 0;
	if (argc > 1 && !all)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
