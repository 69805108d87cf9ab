/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the care team looks up, over a real broker: the list of a large school in pages, a pupil's whole year, who may see the
 * answer, who asked, and that a client which asks without end stops nobody's tap.
 */
#include "e2e/school.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/checkin.h"
#include "core/civil.h"
#include "store/register_store.h"
#include "unit/unit.h"

#define DATABASE "register-state/register.db"
#define PUPILS 2000
#define CROWD 1600 /* check-ins: more than may wait for a slow broker while pages are looked up */
#define LOG_ID "00000000-0000-4000-8000-00000000a001"
#define HALF_DAYS 329 /* of a class with lessons on four days and a half; domain.md */
#define HOSTILE "<img src=x onerror=alert(1)>\"'&\xE2\x80\xAE\xF0\x9F\x98\x80"

#define ASSERT_HOLDS(payload, text) assert_non_null(strstr(payload, text))

static int n_asked;

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void publish(struct stage *s, const char *user, int n, const char *rest)
{
	char topic[100], text[600];

	(void)snprintf(topic, sizeof(topic), "schoolpoort/sint-jan/care/command/%s", user);
	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"request\":\"00000000-0000-4000-8000-%012d\",%s}", n, rest);
	stage_publish(s, topic, text);
}

/* Ask and wait. Return: the reply, for wire_node_destroy(). */
static struct wire_node *ask(struct stage *s, const char *user, const char *rest)
{
	char end[60], id[40], reason[WIRE_REASON_MAX];
	size_t from = stage_n_messages(s);

	(void)snprintf(end, sizeof(end), "care/reply/%s", user);
	(void)snprintf(id, sizeof(id), "%012d", ++n_asked);
	publish(s, user, n_asked, rest);
	const char *payload = stage_message(s, stage_wait_message(s, from, end, id))->payload;
	assert_true(strlen(payload) < WIRE_PAYLOAD_MAX);
	struct wire_node *reply = wire_node_parse(payload, strlen(payload), reason);
	assert_non_null(reply);
	return reply;
}

/* One more page. Return: the reply; *next becomes "" after the last. */
static struct wire_node *ask_page(
	struct stage *s, const char *user, const char *what, char next[65])
{
	char rest[300], after[90] = "";

	if (next[0])
		(void)snprintf(after, sizeof(after), ",\"after\":\"%s\"", next);
	(void)snprintf(rest, sizeof(rest), "%s%s", what, after);
	struct wire_node *reply = ask(s, user, rest);
	const char *more = wire_node_get_text(reply, "next");
	assert_true(wire_node_get_bool(reply, "ok", false));
	(void)snprintf(next, 65, "%s", more ? more : "");
	return reply;
}

static size_t count(const struct wire_node *reply, const char *key)
{
	return wire_node_count(wire_node_get_node(reply, key));
}

/* ---- a large school ---- */

static void import_pupils(struct stage *s)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/many.csv", stage_dir(s));
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f, "pupil_id;last_name;first_name;class\n");
	(void)fprintf(
		f, "1;\"<img src=x onerror=alert(1)>\"\"'&\xE2\x80\xAE\xF0\x9F\x98\x80\";A;3A\n");
	for (int i = 0; i < PUPILS; i++)
		(void)fprintf(f, "%d;Van den Bossche-%d;Jean-Baptiste;3A\n", 50000 + i, i);
	assert_int_equal(fclose(f), 0);
	free(school_ctl(s, "register", (const char *const[]){ "import", "pupils", path, NULL }));
}

/* A whole year of Noor's, last year's, as the register would have kept it; it isn't running. */
static void fill_year(struct stage *s)
{
	struct register_store *store;
	struct register_store_mark m = { .pupil = 12345, .gate = "gate-1", .class_name = "3A" };
	int32_t day = civil_day_number((struct civil_date){ 2025, 9, 1 });

	assert_int_equal(register_store_open(stage_path(s, DATABASE), true, &store), 0);
	assert_int_equal(register_store_begin(store), 0);
	for (int i = 0; i < HALF_DAYS; i++) {
		m.day = day + i / 2;
		m.half = i % 2 ? HALFDAY_PM : HALFDAY_AM;
		m.value = i % 8 ? MARK_PRESENT : MARK_LATE;
		m.minutes_late = i % 8 ? 0 : 7;
		m.arrived_at_ms = (int64_t)m.day * 86400000 + 30000000;
		assert_int_equal(register_store_mark_put(store, &m), 0);
		if (i % 8 == 0)
			assert_int_equal(
				register_store_journal(store, m.arrived_at_ms + 1, "ann", "resolve",
					NOOR, "2025-11-24-am-p" NOOR " reached: mother called"),
				0);
	}
	assert_int_equal(register_store_end(store, 0), 0);
	register_store_close(store);
}

static int64_t number(struct stage *s, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(stage_path(s, DATABASE), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* ---- what is looked up ---- */

static void look_list(struct stage *s, struct stage_program **reg)
{
	char next[65] = "";
	size_t n = 0, pages = 0;
	int64_t before = 0;
	double spent_ms = 0;

	do {
		double from_ms = now_ms();
		struct wire_node *page = ask_page(s, "ann", "\"command\":\"pupils\"", next);
		spent_ms += now_ms() - from_ms;
		const struct wire_node *list = wire_node_get_node(page, "pupils");
		if (pages == 0)
			assert_string_equal(
				wire_node_get_text(wire_node_at(list, 0), "last_name"), HOSTILE);
		assert_int_equal(wire_node_get_int(page, "total", -1), PUPILS + 6);
		for (size_t i = 0; i < wire_node_count(list); i++, n++) {
			int64_t id = checkin_pupil_parse(
				wire_node_get_text(wire_node_at(list, i), "id"));
			assert_true(id > before);
			before = id;
		}
		wire_node_destroy(page);
		if (pages++ == 1) { /* the cursor is good at another process too */
			stage_stop(s, *reg);
			*reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
			stage_wait_log(s, *reg, "broker_up");
		}
	} while (next[0]);
	printf("figure: list of %d pupils over the broker %.0f ms (1 run, %zu pages, debug "
	       "build)\n",
		PUPILS + 6, spent_ms, pages);
	assert_int_equal(n, PUPILS + 6);
}

static void look_year(struct stage *s)
{
	char next[65] = "";
	size_t halves = 0, lines = 0, pages = 0;
	double from_ms = now_ms();

	do {
		struct wire_node *page = ask_page(s, "ann",
			"\"command\":\"pupil\",\"pupil\":\"" NOOR "\",\"year\":2025", next);
		halves += count(page, "half_days");
		lines += count(page, "journal");
		wire_node_destroy(page);
		pages++;
	} while (next[0]);
	printf("figure: a pupil's year of %d half days over the broker %.0f ms (1 run, %zu pages, "
	       "debug "
	       "build)\n",
		HALF_DAYS, now_ms() - from_ms, pages);
	assert_int_equal(halves, HALF_DAYS);
	assert_int_equal(lines, (HALF_DAYS + 7) / 8);
	/* The same request again: looked up anew, not told from memory. */
	char id[40];
	size_t from = stage_n_messages(s);
	(void)snprintf(id, sizeof(id), "%012d", n_asked);
	publish(s, "ann", n_asked, "\"command\":\"pupil\",\"pupil\":\"" YASSINE "\"");
	ASSERT_HOLDS(stage_message(s, stage_wait_message(s, from, "care/reply/ann", id))->payload,
		YASSINE);
	struct wire_node *no = ask(s, "ann", "\"command\":\"pupil\",\"pupil\":\"0000000077\"");
	assert_string_equal(wire_node_get_text(no, "error"), "not_found");
	wire_node_destroy(no);
	no = ask(s, "ann", "\"command\":\"history\",\"alert\":\"2026-11-23-am-p" NOOR "\"");
	assert_string_equal(wire_node_get_text(no, "error"), "not_found");
	wire_node_destroy(no);
}

/* A page that was asked for without end: some are answered, none of the others waits for it. */
static void ask_without_end(struct stage *s)
{
	size_t from = stage_n_messages(s);
	int first = n_asked + 1;

	for (int i = 0; i < 60; i++)
		publish(s, "bob", ++n_asked, "\"command\":\"pupils\"");
	struct wire_node *reply = ask(s, "ann", "\"command\":\"acknowledge\",\"alert\":\"x\"");
	assert_string_equal(wire_node_get_text(reply, "error"), "not_found");
	wire_node_destroy(reply);
	for (int i = first; i < first + 60; i++) {
		char id[40];
		(void)snprintf(id, sizeof(id), "%012d", i);
		(void)stage_wait_message(s, from, "care/reply/bob", id);
	}
}

/* A gate that nobody plays; of the year's pupils, each once. */
static void write_checkin(FILE *f, int n)
{
	(void)fprintf(f,
		"{\"v\":1,\"log\":\"" LOG_ID
		"\",\"seq\":%d,\"id\":\"00000000-0000-4000-9000-%012d\","
		"\"revision\":1,\"gate\":\"gate-1\",\"result\":\"present\","
		"\"at\":\"2026-11-23T08:20:00.000+01:00\",\"clock\":\"trusted\","
		"\"clock_error_ms\":10,\"boot\":\"" LOG_ID "\",\"boot_ms\":%d,"
		"\"pupil\":\"%010d\",\"card\":null,\"date\":\"2026-11-23\",\"half\":\"am\"}\n",
		n + 1, n + 1, 1000 + n, 50000 + n);
}

/* By one program: one for each would take longer than a broker bears with a register that is silent. */
static void publish_checkins(struct stage *s, int from, int to)
{
	char command[500];
	FILE *f = fopen(stage_path(s, "checkins"), "we");

	assert_non_null(f);
	for (int i = from; i < to; i++)
		write_checkin(f, i);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(command, sizeof(command),
		"exec mosquitto_pub -V 5 -h 127.0.0.1 -p %d -q 1 -l"
		" -t schoolpoort/sint-jan/gate/gate-1/checkin <%s",
		stage_broker_port(s), stage_path(s, "checkins"));
	struct stage_program *p =
		stage_start(s, "sh", NULL, (const char *const[]){ "-c", command, NULL }, NULL);
	assert_int_equal(stage_wait_exit(s, p), 0);
	stage_forget(s, p);
}

/* What a gate held for long comes at once: gates/arrival waits then, and a page that is asked for meanwhile isn't refused. */
static void look_in_a_crowd(struct stage *s, struct stage_program *reg)
{
	char id[40];
	size_t from = stage_n_messages(s);

	assert_int_equal(kill(stage_pid(reg), SIGSTOP), 0);
	publish_checkins(s, 0, CROWD - CROWD / 10);
	publish(s, "ann", ++n_asked, "\"command\":\"pupils\"");
	publish_checkins(s, CROWD - CROWD / 10, CROWD);
	assert_int_equal(kill(stage_pid(reg), SIGCONT), 0);
	(void)snprintf(id, sizeof(id), "%012d", n_asked);
	ASSERT_HOLDS(stage_message(s, stage_wait_message(s, from, "care/reply/ann", id))->payload,
		"\"ok\":true");
	(void)snprintf(id, sizeof(id), "\"%010d\"", 50000 + CROWD - 1);
	(void)stage_wait_message(s, from, "gates/arrival", id);
	assert_int_equal(stage_count(s, "gates/arrival", NULL), CROWD);
}

static void test_lookup(void **state)
{
	struct stage *s = stage_open();

	(void)state;
	stage_clock(s, "2026-11-23T10:00:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	import_pupils(s);
	stage_stop(s, reg);
	fill_year(s);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "broker_up");
	look_list(s, &reg);
	assert_int_equal(stage_count(s, "care/reply/bob", NULL), 0);
	look_year(s);
	ask_without_end(s);
	look_in_a_crowd(s, reg);
	/* What was looked up is nobody else's. */
	for (size_t i = 0; i < stage_n_messages(s); i++) {
		const struct stage_message *m = stage_message(s, i);
		assert_true(!strstr(m->payload, "Bossche") || strstr(m->topic, "/care/reply/") ||
			    strstr(m->topic, "/gates/data"));
		assert_false(strstr(m->topic, "/care/reply/") && m->retained);
	}
	stage_validate(s);
	stage_stop(s, reg);
	/* R25: who asked for a chronology is on record, and for which; a list is none. */
	assert_true(
		number(s, "SELECT count(*) FROM journal WHERE what = 'pupil show' AND who = 'ann'"
			  " AND about = '0000012345'") >= 1);
	assert_int_equal(number(s, "SELECT count(*) FROM journal WHERE what = 'pupil show' AND"
				   " (who <> 'ann' OR about NOT IN ('0000012345', '0000012346'))"),
		0);
	assert_int_equal(
		number(s, "SELECT count(*) FROM command_done WHERE reply LIKE '%\"pupil%'"), 0);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
