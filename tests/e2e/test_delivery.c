/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Alerts and delivery without hardware: readers are clients of the socket, all else is real.
 *
 * R10: confirmed at the cut-off. R13: who comes after it changes the alert under its id, and nothing stays retained.
 * R30, in part: without a broker every tap is kept and delivered, stored once, with its own time.
 */
#include "e2e/school.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/file.h"
#include "unit/unit.h"

#define AT_ONCE_MS 20000 /* on any machine; less than a minute that might have been waited for */

struct gate {
	const char *unit;
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void start_gate(struct stage *s, const char *unit, struct gate *g)
{
	g->unit = unit;
	g->kiosk = stage_start(s, "schoolpoort-kiosk", unit, NULL, NULL);
	g->reader = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	g->views = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void stop_gate(struct stage *s, struct gate *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
	stage_stop(s, g->kiosk);
}

static struct wire_view tap(
	struct stage *s, struct gate *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_tap(s, g->reader, uid);
	return *stage_view(g->views, stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want));
}

/* 08:45:01: 3A's missing are known at once; who then comes is `arrived` under the same id. */
static void test_absent_then_arrived(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;

	stage_clock(s, "2026-11-23T08:45:01+01:00");
	int64_t start = now_ms();
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	size_t online = stage_wait_message(s, 0, "gate/gate-1/state", "\"state\":\"online\"");
	int64_t known = now_ms();
	size_t noor =
		stage_wait_message(s, 0, "care/alert/2026-11-23-am-p" NOOR, "\"kind\":\"absent\"");
	size_t yassine = stage_wait_message(
		s, 0, "care/alert/2026-11-23-am-p" YASSINE, "\"kind\":\"absent\"");
	int64_t took = now_ms() - known;
	print_message("absent alerts %lld ms after the gate was complete, %lld ms after the start "
		      "of all\n",
		(long long)took, (long long)(now_ms() - start));
	assert_true(noor > online && yassine > online);
	if (!getenv("STAGE_SLOWER"))
		assert_true(took < AT_ONCE_MS);
	assert_non_null(strstr(stage_message(s, noor)->payload, "\"certainty\":\"confirmed\""));
	assert_true(stage_message(s, noor)->retained);
	/* Neither the excused one nor a class that has not begun. */
	assert_int_equal(stage_find(s, 0, "-p" ELIF, NULL), -1);
	assert_int_equal(stage_find(s, 0, "-p" MARIE, NULL), -1);
	school_wait_status(s, "gate-1", "cards", 5); /* imported last */
	(void)tap(s, &g, CARD_NOOR, WIRE_RESULT_LATE);
	size_t over = stage_wait_message(s, noor + 1, "care/event", "\"what\":\"arrived\"");
	const char *payload = stage_message(s, over)->payload;
	assert_non_null(strstr(payload, "\"id\":\"2026-11-23-am-p" NOOR "\""));
	assert_non_null(strstr(payload, "\"kind\":\"absent\""));
	assert_non_null(strstr(payload, "\"state\":\"resolved\""));
	assert_non_null(strstr(payload, "\"arrived_at\":"));
	assert_non_null(strstr(payload, "\"minutes_late\":"));
	/* What is over leaves no retained message, and no second alert came. */
	size_t emptied = noor;
	do
		emptied =
			stage_wait_message(s, emptied + 1, "care/alert/2026-11-23-am-p" NOOR, NULL);
	while (stage_message(s, emptied)->payload[0]);
	assert_true(stage_message(s, emptied)->retained);
	assert_int_equal(stage_count(s, "care/event", "\"kind\":\"late\""), 0);
	stage_validate(s);
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

static const struct wire_node *half_day(
	const struct wire_node *pupil, const char *date, const char *half)
{
	const struct wire_node *all = wire_node_get_node(pupil, "half_days");

	for (size_t i = 0; i < wire_node_count(all); i++) {
		const struct wire_node *h = wire_node_at(all, i);
		if (strcmp(wire_node_get_text(h, "date"), date) == 0 &&
			strcmp(wire_node_get_text(h, "half"), half) == 0)
			return h;
	}
	return NULL;
}

static void check_stored(struct stage *s, const char *unit, int64_t through)
{
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	const struct wire_node *gates = wire_node_get_node(status, "gates");
	bool seen = false;

	assert_int_equal(wire_node_get_int(status, "refused_checkins", -1), 0);
	for (size_t i = 0; i < wire_node_count(gates); i++) {
		const struct wire_node *g = wire_node_at(gates, i);
		if (strcmp(wire_node_get_text(g, "gate"), unit) != 0)
			continue;
		assert_int_equal(wire_node_get_int(g, "stored_through", -1), through);
		seen = true;
	}
	assert_true(seen);
	wire_node_destroy(status);
}

static int count_rows(const char *path, const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int n = sqlite3_column_int(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static void write_bytes(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static bool has_present(struct stage *s, void *ctx)
{
	struct wire_node *day = school_ctl_json(s, "register",
		(const char *const[]){ "day", "--date", "2026-11-23", "--half", "am", NULL });
	int64_t present = wire_node_get_int(wire_node_get_node(day, "total"), "present", -1);

	wire_node_destroy(day);
	return present == *(const int64_t *)ctx;
}

static void wait_present(struct stage *s, int64_t n)
{
	stage_until(s, has_present, &n, "so many present at the register");
}

/* The gate works from its cached data with no broker at all; what it took arrives once when the broker is back. */
static void test_broker_after_the_taps(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate one, two;

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1,gate-2");
	stage_unit(s, "gate-1", NULL);
	stage_unit(s, "gate-2", NULL);
	start_gate(s, "gate-1", &one);
	start_gate(s, "gate-2", &two);
	school_wait_status(s, "gate-1", "cards", 5); /* imported last */
	school_wait_status(s, "gate-2", "cards", 5); /* imported last */
	stop_gate(s, &one);
	stop_gate(s, &two);
	stage_stop(s, reg);
	stage_broker_stop(s, true);

	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	start_gate(s, "gate-1", &one);
	start_gate(s, "gate-2", &two);
	struct wire_view v = tap(s, &one, CARD_NOOR, WIRE_RESULT_PRESENT);
	assert_true(v.offline);
	(void)tap(s, &two, CARD_YASSINE, WIRE_RESULT_PRESENT);
	(void)tap(s, &two, CARD_MARIE, WIRE_RESULT_PRESENT);
	(void)tap(s, &one, "0411aa22bb33cc", WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "queue", 2);
	/* A kiosk that dies loses nothing that it showed. */
	stage_disconnect(s, one.reader);
	stage_disconnect(s, one.views);
	stage_kill(s, one.kiosk);
	start_gate(s, "gate-1", &one);
	school_wait_status(s, "gate-1", "queue", 2);

	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	school_wait_status(s, "gate-1", "queue", 0);
	school_wait_status(s, "gate-2", "queue", 0);
	struct wire_node *day = school_ctl_json(s, "register",
		(const char *const[]){ "day", "--date", "2026-11-23", "--half", "am", NULL });
	assert_int_equal(wire_node_get_int(wire_node_get_node(day, "total"), "present", -1), 3);
	wire_node_destroy(day);
	struct wire_node *pupil = school_ctl_json(
		s, "register", (const char *const[]){ "pupil", "show", NOOR, NULL });
	const struct wire_node *morning = half_day(pupil, "2026-11-23", "am");
	assert_non_null(morning);
	assert_string_equal(wire_node_get_text(morning, "mark"), "|");
	assert_string_equal(wire_node_get_text(morning, "gate"), "gate-1");
	wire_node_destroy(pupil);
	/* Stored once each, however often it was sent; and nobody who was in time is late because the broker was. */
	check_stored(s, "gate-1", 2);
	check_stored(s, "gate-2", 2);
	assert_int_equal(stage_find(s, from, "care/event", "\"kind\":\"late\""), -1);
	stage_validate(s);
	stop_gate(s, &one);
	stop_gate(s, &two);
	stage_stop(s, reg);
	/* R25: that somebody asked for the pupil's chronology is on record. */
	assert_int_equal(
		count_rows(stage_path(s, "register-state/register.db"),
			"SELECT count(*) FROM journal WHERE what = 'pupil show' AND about = '" NOOR
			"'"),
		1);
	stage_close(s);
}

struct mark_wait {
	const char *pupil, *mark;
};

/* Monday morning's mark of a pupil, as the secretariat sees it. */
static bool has_mark(struct stage *s, void *ctx)
{
	const struct mark_wait *w = ctx;
	struct wire_node *pupil = school_ctl_json(s, "register",
		(const char *const[]){ "pupil", "show", w->pupil, "--from", "2026-11-23", NULL });
	const struct wire_node *morning = half_day(pupil, "2026-11-23", "am");
	const char *mark = morning ? wire_node_get_text(morning, "mark") : NULL;
	bool has = mark && strcmp(mark, w->mark) == 0;

	wire_node_destroy(pupil);
	return has;
}

static void wait_mark(struct stage *s, const char *pupil, const char *mark)
{
	struct mark_wait w = { pupil, mark };
	char what[64];

	(void)snprintf(what, sizeof(what), "mark %s of %s", mark, pupil);
	stage_until(s, has_mark, &w, what);
}

static void import_text(struct stage *s, const char *what, const char *text)
{
	char file[300];

	(void)snprintf(file, sizeof(file), "%s", stage_path(s, "%s.csv", what));
	write_bytes(file, text, strlen(text));
	free(school_ctl(s, "register", (const char *const[]){ "import", what, file, NULL }));
}

static struct stage_program *start_register(struct stage *s)
{
	struct stage_program *p = stage_start(s, "schoolpoort-register", "register", NULL, NULL);

	stage_disconnect(s, stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL));
	return p;
}

/* Noor moved to 4A today; Monday's half days stay with the class that she was in. */
static void check_exported_class(struct stage *s)
{
	char file[300];
	char *csv = NULL;

	(void)snprintf(file, sizeof(file), "%s", stage_path(s, "monday.csv"));
	free(school_ctl(s, "register",
		(const char *const[]){ "export", "csv", "--from", "2026-11-23", "--to",
			"2026-11-23", "--out", file, NULL }));
	assert_true(file_read(file, 1 << 20, &csv) > 0);
	assert_non_null(strstr(csv, "23/11/2026;am;" NOOR ";Peeters;Noor;3A;-;"));
	assert_null(strstr(csv, ";4A;"));
	free(csv);
}

/* An excuse that comes the day after: yesterday's mark follows, and its alert says why it was untrue. */
static void test_excused_afterwards(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;

	stage_clock(s, "2026-11-23T08:45:01+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	(void)stage_wait_message(s, 0, "care/alert/2026-11-23-am-p" YASSINE, "\"kind\":\"absent\"");
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_clock(s, "2026-11-24T07:50:00+01:00");
	reg = start_register(s);
	size_t from = stage_n_messages(s);
	import_text(s, "excused",
		"pupil_id;from;from_half;to;to_half;reason\n12346;2026-11-23;am;2026-11-23;am;"
		"excused\n");
	wait_mark(s, YASSINE, "x");
	size_t at = stage_wait_message(s, from, "care/event", "\"what\":\"excused\"");
	assert_non_null(
		strstr(stage_message(s, at)->payload, "\"id\":\"2026-11-23-am-p" YASSINE "\""));
	assert_non_null(strstr(stage_message(s, at)->payload, "\"state\":\"retracted\""));
	/* But a timetable or a class of today says nothing about a day that is over. */
	import_text(s, "timetable", "class;weekday;half;start;end\n*;tue;am;07:00;12:05\n");
	import_text(s, "pupils", "pupil_id;last_name;first_name;class\n12345;Peeters;Noor;4A\n");
	stage_stop(s, reg);
	from = stage_n_messages(s);
	reg = start_register(s);
	(void)stage_wait_message(s, from, "gates/data", "\"4A\"");
	wait_mark(s, NOOR, "-");
	wait_mark(s, YASSINE, "x");
	assert_int_equal(stage_find(s, from, "care/event", "2026-11-23"), -1);
	check_exported_class(s);
	stage_validate(s);
	stage_stop(s, reg);
	stage_close(s);
}

/* No broker on Monday: on Tuesday every half day of it has its mark, and no one is called about it. */
static void test_a_day_without_broker(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	school_wait_status(s, "gate-1", "cards", 5); /* imported last */
	stage_stop(s, reg);
	stage_broker_stop(s, true);
	(void)tap(s, &g, CARD_NOOR, WIRE_RESULT_PRESENT);
	stop_gate(s, &g);

	stage_clock(s, "2026-11-24T07:50:00+01:00");
	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	reg = start_register(s);
	wait_mark(s, YASSINE, "-");
	start_gate(s, "gate-1", &g);
	wait_mark(s, NOOR, "|");
	wait_mark(s, ELIF, "x");
	assert_int_equal(stage_find(s, from, "care/event", "2026-11-23"), -1);
	stage_validate(s);
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

#define CROWD 60 /* far more than a turn may take before gates/arrival waits: REGISTER_CROWD */

static void import_crowd(struct stage *s)
{
	char pupils[CROWD * 40] = "pupil_id;last_name;first_name;class\n";
	char cards[CROWD * 40] = "uid;pupil_id\n";

	for (int i = 0; i < CROWD; i++) {
		size_t p = strlen(pupils), c = strlen(cards);
		(void)snprintf(
			pupils + p, sizeof(pupils) - p, "%d;Naam%d;Voor%d;3A\n", 20000 + i, i, i);
		(void)snprintf(cards + c, sizeof(cards) - c, "04%012d;%d\n", i, 20000 + i);
	}
	import_text(s, "pupils", pupils);
	import_text(s, "cards", cards);
}

static bool all_arrived(struct stage *s, void *ctx)
{
	(void)ctx;
	return stage_count(s, "gates/arrival", NULL) >= CROWD;
}

/* What a gate held for a register that was away comes at once: confirmed first, then every gate is told who is in, each once. */
static void test_a_crowd(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate one, two;
	char uid[15], pupil[11];

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1,gate-2");
	import_crowd(s);
	stage_unit(s, "gate-1", NULL);
	stage_unit(s, "gate-2", NULL);
	start_gate(s, "gate-1", &one);
	start_gate(s, "gate-2", &two);
	school_wait_status(s, "gate-1", "cards", CROWD + 5);
	school_wait_status(s, "gate-2", "cards", CROWD + 5);
	stage_stop(s, reg);
	for (int i = 0; i < CROWD; i++) {
		(void)snprintf(uid, sizeof(uid), "04%012d", i);
		(void)tap(s, &one, uid, WIRE_RESULT_PRESENT);
	}
	assert_int_equal(stage_count(s, "gates/arrival", NULL), 0);
	reg = start_register(s);
	stage_until(s, all_arrived, NULL, "each of the crowd's gates/arrival");
	school_wait_status(s, "gate-1", "queue", 0);
	for (int i = 0; i < CROWD; i++) {
		(void)snprintf(pupil, sizeof(pupil), "%010d", 20000 + i);
		assert_int_equal(stage_count(s, "gates/arrival", pupil), 1);
	}
	(void)tap(s, &two, "04000000000000", WIRE_RESULT_ALREADY);
	stage_validate(s);
	stop_gate(s, &one);
	stop_gate(s, &two);
	stage_stop(s, reg);
	stage_close(s);
}

/* A gate's database is put back as it was two taps ago: its numbers are used twice, and no tap is lost for it. */
static void test_old_copy_of_a_gate(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;
	char path[300];
	char *copy = NULL;

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", (const char *const[]){ "kiosk.repeat_s = 0", NULL });
	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "gate-1-state/kiosk.db"));
	start_gate(s, "gate-1", &g);
	school_wait_status(s, "gate-1", "cards", 5); /* imported last */
	(void)tap(s, &g, CARD_ELIF, WIRE_RESULT_PRESENT);
	school_wait_status(s, "gate-1", "queue", 0);
	stop_gate(s, &g);
	int64_t len = file_read(path, 64 << 20, &copy);
	assert_true(len > 0);
	start_gate(s, "gate-1", &g);
	(void)tap(s, &g, CARD_ELIF, WIRE_RESULT_ALREADY);
	(void)tap(s, &g, "0411aa22bb33cc", WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "queue", 0);
	stop_gate(s, &g);
	write_bytes(path, copy, (size_t)len);
	free(copy);
	/* Offline, so that it takes numbers that the register knows otherwise, and more of them than it had. */
	stage_broker_stop(s, true);
	start_gate(s, "gate-1", &g);
	(void)tap(s, &g, CARD_NOOR, WIRE_RESULT_PRESENT);
	(void)tap(s, &g, CARD_YASSINE, WIRE_RESULT_PRESENT);
	(void)tap(s, &g, CARD_MARIE, WIRE_RESULT_PRESENT);
	stage_broker_start(s, true);
	wait_present(s, 4);
	school_wait_status(s, "gate-1", "queue", 0);
	stage_validate(s);
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* The register's database is gone: each gate says again what it holds, without waiting for its next tap. */
static void test_lost_register(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	school_wait_status(s, "gate-1", "cards", 5); /* imported last */
	(void)tap(s, &g, CARD_NOOR, WIRE_RESULT_PRESENT);
	(void)tap(s, &g, CARD_YASSINE, WIRE_RESULT_PRESENT);
	school_wait_status(s, "gate-1", "queue", 0);
	stage_stop(s, reg);
	assert_int_equal(remove(stage_path(s, "register-state/register.db")), 0);
	reg = school_register(s, "gate-1");
	wait_present(s, 2);
	stage_validate(s);
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* Datagrams and payloads that are none of ours: counted, said once, ignored. */
static void test_nonsense(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"v\":1}",
		"{\"v\":2,\"type\":\"gone\"}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"zz\"}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"04A1\"}",
		"{\"v\":1,\"type\":\"view\",\"number\":1}",
		"{\"v\":1,\"type\":\"presented\",\"number\":-1}",
	};
	struct stage *s = stage_open();
	struct gate g;

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	for (size_t i = 1; i < ARRAY_LEN(bad); i++)
		stage_send_text(s, g.reader, bad[i]);
	/* It answers the next proper one, and has stored nothing of the rest. */
	(void)tap(s, &g, CARD_NOOR, WIRE_RESULT_UNKNOWN_CARD);
	assert_non_null(strstr(stage_last_text(g.reader), "\"type\":\"error\""));
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	assert_int_equal(wire_node_get_int(status, "not_understood", -1), ARRAY_LEN(bad) - 1);
	assert_int_equal(wire_node_get_int(status, "last_seq", -1), 1);
	wire_node_destroy(status);
	stop_gate(s, &g);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent_then_arrived),
		cmocka_unit_test(test_broker_after_the_taps),
		cmocka_unit_test(test_excused_afterwards),
		cmocka_unit_test(test_a_day_without_broker),
		cmocka_unit_test(test_a_crowd),
		cmocka_unit_test(test_old_copy_of_a_gate),
		cmocka_unit_test(test_lost_register),
		cmocka_unit_test(test_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
