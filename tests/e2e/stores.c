/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/stores.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/harness.h"
#include "unit/unit.h"

#define SQL_MAX 2048
#define ROWS_SHOWN 10

struct stores {
	sqlite3 *db;
};

static void copy_file(const char *from, const char *to)
{
	static char buffer[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	(void)unlink(to);
	if (in < 0)
		return;
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(out >= 0);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, (size_t)n), n);
	assert_int_equal(n, 0);
	(void)close(in);
	assert_int_equal(close(out), 0);
}

void stores_copy(const char *from, const char *to)
{
	char wal[2][512];

	(void)snprintf(wal[0], sizeof(wal[0]), "%s-wal", from);
	(void)snprintf(wal[1], sizeof(wal[1]), "%s-wal", to);
	copy_file(from, to);
	copy_file(wal[0], wal[1]);
	(void)snprintf(wal[1], sizeof(wal[1]), "%s-shm", to);
	(void)unlink(wal[1]);
}

static void run(struct stores *st, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(st->db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s\n%s", error, sql);
}

static sqlite3_stmt *prepare(struct stores *st, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(st->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s\n%s", sqlite3_errmsg(st->db), sql);
	return stmt;
}

static void check_sound(struct stores *st, int unit, const char *file)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA u%d.integrity_check", unit);
	sqlite3_stmt *stmt = prepare(st, sql);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	const char *said = (const char *)sqlite3_column_text(stmt, 0);
	if (strcmp(said, "ok") != 0)
		fail_msg("%s: %s", file, said);
	(void)sqlite3_finalize(stmt);
}

struct stores *stores_open(struct stage *s, const char *const *units)
{
	struct stores *st = calloc(1, sizeof(*st));
	char from[512], to[512], sql[SQL_MAX];

	assert_non_null(st);
	assert_int_equal(sqlite3_open(":memory:", &st->db), SQLITE_OK);
	run(st, "CREATE TABLE told(id BLOB PRIMARY KEY, unit INTEGER NOT NULL);"
		"CREATE TABLE retained(id TEXT PRIMARY KEY, revision INTEGER NOT NULL);"
		"CREATE TABLE absent(pupil INTEGER PRIMARY KEY)");
	for (int i = 0; units[i]; i++) {
		bool gate = strcmp(units[i], "register") != 0;
		(void)snprintf(from, sizeof(from), "%s",
			stage_path(s, "%s-state/%s", units[i], gate ? "kiosk.db" : "register.db"));
		(void)snprintf(to, sizeof(to), "%s", stage_path(s, "copy-%d.db", i));
		stores_copy(from, to);
		(void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS u%d", to, i);
		run(st, sql);
		check_sound(st, i, units[i]);
	}
	return st;
}

void stores_close(struct stores *st)
{
	if (!st)
		return;
	assert_int_equal(sqlite3_close(st->db), SQLITE_OK);
	free(st);
}

int64_t stores_number(struct stores *st, const char *sql, ...)
{
	char text[SQL_MAX];
	va_list args;

	va_start(args, sql);
	(void)vsnprintf(text, sizeof(text), sql, args);
	va_end(args);
	sqlite3_stmt *stmt = prepare(st, text);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return value;
}

void stores_none(struct stores *st, const char *what, const char *sql, ...)
{
	char text[SQL_MAX];
	int n = 0;
	va_list args;

	va_start(args, sql);
	(void)vsnprintf(text, sizeof(text), sql, args);
	va_end(args);
	sqlite3_stmt *stmt = prepare(st, text);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; n < ROWS_SHOWN && i < sqlite3_column_count(stmt); i++) {
			const char *value = (const char *)sqlite3_column_text(stmt, i);
			print_error("%s%s", value ? value : "NULL",
				i + 1 < sqlite3_column_count(stmt) ? " | " : "\n");
		}
		n++;
	}
	(void)sqlite3_finalize(stmt);
	if (n)
		fail_msg("%d rows: %s\n%s", n, what, text);
}

void stores_put_told(struct stores *st, int unit, const struct uuid *ids, size_t n_ids)
{
	sqlite3_stmt *stmt = prepare(st, "INSERT OR IGNORE INTO told VALUES(?1, ?2)");

	run(st, "BEGIN");
	for (size_t i = 0; i < n_ids; i++) {
		(void)sqlite3_bind_blob(stmt, 1, ids[i].b, sizeof(ids[i].b), SQLITE_STATIC);
		(void)sqlite3_bind_int(stmt, 2, unit);
		assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
		(void)sqlite3_reset(stmt);
	}
	run(st, "COMMIT");
	(void)sqlite3_finalize(stmt);
}

static void put_two(struct stores *st, const char *sql, const char *text, int64_t number)
{
	sqlite3_stmt *stmt = prepare(st, sql);

	(void)sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, number);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	(void)sqlite3_finalize(stmt);
}

void stores_put_retained(struct stores *st, const char *id, int64_t revision)
{
	put_two(st, "INSERT INTO retained VALUES(?1, ?2)", id, revision);
}

void stores_put_absent(struct stores *st, int64_t pupil)
{
	put_two(st, "INSERT OR IGNORE INTO absent SELECT ?2 WHERE ?1 = ''", "", pupil);
}

static void compare_gate(struct stores *st, int gate, int reg)
{
	stores_none(st, "told as stored, and not in the gate's database",
		"SELECT hex(id) FROM told WHERE unit = %d AND id NOT IN"
		" (SELECT id FROM u%d.checkin)",
		gate, gate);
	stores_none(st, "numbers of a log with gaps",
		"SELECT count(*), min(seq), max(seq) FROM u%d.checkin WHERE seq > 0"
		" HAVING count(*) > 0 AND (min(seq) <> 1 OR max(seq) <> count(*))",
		gate);
	stores_none(st, "stored at the gate, and missing or different at the register",
		"SELECT g.seq, hex(g.id), g.result, r.seq, r.result FROM u%d.checkin AS g"
		" LEFT JOIN u%d.checkin AS r ON r.id = g.id"
		" WHERE r.id IS NULL OR r.revision <> g.revision OR r.result <> g.result"
		" OR r.at <> g.at_ms OR r.clock <> g.clock OR r.boot <> g.boot"
		" OR r.boot_ms <> g.boot_ms OR r.pupil <> g.pupil"
		" OR r.card <> coalesce(g.card, zeroblob(16)) OR r.gate_half <> g.half"
		" OR r.minutes_late <> g.minutes_late",
		gate, reg);
	stores_none(st, "a number of the log that the register keeps for another check-in",
		"SELECT g.seq, hex(g.id), hex(n.checkin) FROM u%d.checkin AS g"
		" LEFT JOIN u%d.number AS n ON n.seq = g.seq"
		" AND n.log = (SELECT value FROM u%d.meta WHERE key = 'log')"
		" WHERE g.seq > 0 AND n.checkin IS NOT g.id",
		gate, reg, gate);
}

void stores_compare(struct stores *st, int n_gates)
{
	char gates[512] = "";
	size_t n = 0;

	for (int i = 0; i < n_gates; i++) {
		compare_gate(st, i, n_gates);
		n += (size_t)snprintf(gates + n, sizeof(gates) - n, "%sSELECT id FROM u%d.checkin",
			i ? " UNION ALL " : "", i);
	}
	stores_none(st, "an id in two gates",
		"SELECT hex(id) FROM (%s) GROUP BY id HAVING count(*) > 1", gates);
	stores_none(st, "at the register, and in no gate's log",
		"SELECT hex(id), gate, seq FROM u%d.checkin WHERE id NOT IN (%s)", n_gates, gates);
	stores_none(st, "refused by the register",
		"SELECT hex(log), seq, gate, reason FROM u%d.refused", n_gates);
}
