/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/gates.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "e2e/school.h"
#include "unit/unit.h"

int64_t gate_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

void gate_pass(struct stage *s, int ms)
{
	int64_t end = gate_now_ms() + ms;

	for (int64_t left = ms; left > 0; left = end - gate_now_ms())
		stage_turn(s, (int)left);
}

struct gate gate_start(
	struct stage *s, const char *unit, const char *const *args, const char *const *env)
{
	struct gate g = { .unit = unit };

	g.kiosk = stage_start(s, "schoolpoort-kiosk", unit, args, env);
	g.reader = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(s, g.reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	g.views = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_SCREEN);
	return g;
}

void gate_stop(struct stage *s, struct gate *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
	stage_stop(s, g->kiosk);
}

struct wire_view gate_tap(
	struct stage *s, struct gate *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	stage_tap(s, g->reader, uid);
	return *stage_view(g->views, stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want));
}

void gate_wait_cards(struct stage *s, const char *unit, int n)
{
	school_wait_status(s, unit, "cards", n);
}

static void run_sql(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

int gate_rows(struct stage *s, const char *unit, const char *sql)
{
	bool gate = strcmp(unit, "register") != 0;
	char attach[400];
	sqlite3 *db;
	sqlite3_stmt *statement;

	const char *path = stage_path(s, gate ? "%s-state/kiosk.db" : "%s-state/register.db", unit);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 5000);
	if (gate) {
		(void)snprintf(attach, sizeof(attach), "ATTACH '%s' AS r",
			stage_path(s, "register-state/register.db"));
		run_sql(db, attach);
	}
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int n = sqlite3_column_int(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

void gate_check_delivered(struct stage *s, const char *const *units, size_t n_units)
{
	int all = 0;

	for (size_t i = 0; i < n_units; i++) {
		int rows = gate_rows(s, units[i], "SELECT count(*) FROM main.checkin");
		assert_int_equal(
			gate_rows(s, units[i],
				"SELECT count(*) FROM main.checkin AS k JOIN r.checkin AS c"
				" ON c.id = k.id AND c.at = k.at_ms AND c.pupil = k.pupil"
				" AND c.revision = k.revision"),
			rows);
		all += rows;
	}
	assert_int_equal(gate_rows(s, "register", "SELECT count(*) FROM checkin"), all);
	assert_int_equal(gate_rows(s, "register", "SELECT count(*) FROM refused"), 0);
}

static long number_after(const char *file, pid_t pid, const char *key)
{
	char path[64], line[256];
	long value = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (value < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtol(line + strlen(key), NULL, 10);
	assert_int_equal(fclose(f), 0);
	return value;
}

long gate_memory_kb(const struct stage_program *p)
{
	return number_after("status", stage_pid(p), "VmRSS:");
}

long gate_cpu_ms(const struct stage_program *p)
{
	char path[64], line[1024];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)stage_pid(p));
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(fclose(f), 0);
	/* Behind the name in brackets the 12th and 13th: user and system time in ticks. */
	const char *at = strrchr(line, ')');
	assert_non_null(at);
	for (int i = 0; i < 12; i++)
		at = strchr(at + 1, ' ');
	char *end;
	long ticks = strtol(at, &end, 10);
	ticks += strtol(end, NULL, 10);
	return ticks * 1000 / sysconf(_SC_CLK_TCK);
}
