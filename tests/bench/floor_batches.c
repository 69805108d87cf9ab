/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench/floor_batches.c FILE ROWS BATCH: bare SQLite, WAL and FULL, that inserts check-ins as the register keeps them, so many
 * a transaction. Prints rows a second.
 *
 * Of the register's schema the two tables in which a check-in is a fact, with all their indexes: `checkin`, and `number`,
 * by which it comes in once however often it is sent. No marks, no logs, nothing read; identifiers are drawn before.
 */
#include <assert.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ID_BYTES 16
#define DAY 20780 /* 2026-11-23 */
#define AT_MS INT64_C(1795417500000)

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
	"PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA cache_size=-2000; PRAGMA "
	"mmap_size=0;"
	"CREATE TABLE number(log BLOB NOT NULL, seq INTEGER NOT NULL, checkin BLOB,"
	" PRIMARY KEY(log, seq)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE checkin(id BLOB NOT NULL UNIQUE, revision INTEGER NOT NULL,"
	" day INTEGER NOT NULL, received_at INTEGER NOT NULL, log BLOB NOT NULL,"
	" seq INTEGER NOT NULL, gate TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL,"
	" clock TEXT NOT NULL, clock_error_ms INTEGER NOT NULL, boot BLOB NOT NULL,"
	" boot_ms INTEGER NOT NULL, pupil INTEGER NOT NULL, card BLOB NOT NULL,"
	" gate_day INTEGER, gate_half TEXT NOT NULL, minutes_late INTEGER NOT NULL,"
	" source INTEGER NOT NULL) STRICT;"
	"CREATE INDEX checkin_day ON checkin(day);";
static const char insert_checkin[] =
	"INSERT INTO checkin(id, revision, received_at, log, seq, gate, result, at, clock, "
	"clock_error_ms, boot,"
	" boot_ms, pupil, card, gate_day, gate_half, minutes_late, source, day)"
	" VALUES(?1, 1, ?2, ?3, ?4, 'gate-1', 'present', ?5, 'trusted', 12, ?6, ?7, ?8, ?9, ?10, "
	"'am', 0, 0, ?10)";
static const char insert_number[] = "INSERT INTO number(log, seq, checkin) VALUES(?1, ?2, ?3)";

static sqlite3 *db;
static sqlite3_stmt *checkin, *number;
static unsigned char log_id[ID_BYTES], boot[ID_BYTES];

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "floor_batches: %s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

static void put(sqlite3_stmt *s, int at, const unsigned char *bytes)
{
	(void)sqlite3_bind_blob(s, at, bytes, ID_BYTES, SQLITE_STATIC);
}

static void step(sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE)
		run("an insert failed");
	(void)sqlite3_reset(s);
}

/* @ids: of the check-in, then of its card */
static void insert(int64_t n, const unsigned char *ids)
{
	put(checkin, 1, ids);
	(void)sqlite3_bind_int64(checkin, 2, AT_MS + 600000);
	put(checkin, 3, log_id);
	(void)sqlite3_bind_int64(checkin, 4, n + 1);
	(void)sqlite3_bind_int64(checkin, 5, AT_MS + 750 * n);
	put(checkin, 6, boot);
	(void)sqlite3_bind_int64(checkin, 7, 36000000 + 750 * n);
	(void)sqlite3_bind_int64(checkin, 8, 1 + n * 7919 % 2000);
	put(checkin, 9, ids + ID_BYTES);
	(void)sqlite3_bind_int64(checkin, 10, DAY);
	step(checkin);
	put(number, 1, log_id);
	(void)sqlite3_bind_int64(number, 2, n + 1);
	put(number, 3, ids);
	step(number);
}

static void draw(unsigned char *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = getrandom(bytes + at, n - at < 256 ? n - at : 256, 0);
		assert(got > 0);
		at += (size_t)got;
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int64_t rows = strtoll(argv[2], NULL, 10), batch = strtoll(argv[3], NULL, 10);
	unsigned char *ids = malloc(2 * ID_BYTES * (size_t)rows);
	if (rows < 1 || batch < 1 || !ids || sqlite3_open(argv[1], &db) != SQLITE_OK)
		return 1;
	draw(ids, 2 * ID_BYTES * (size_t)rows);
	draw(log_id, sizeof(log_id));
	draw(boot, sizeof(boot));
	run(schema);
	run("PRAGMA wal_checkpoint(TRUNCATE)");
	if (sqlite3_prepare_v2(db, insert_checkin, -1, &checkin, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(db, insert_number, -1, &number, NULL) != SQLITE_OK)
		return 1;
	double began_s = now_s();
	for (int64_t n = 0; n < rows;) {
		run("BEGIN IMMEDIATE");
		for (int64_t end = n + batch; n < end && n < rows; n++)
			insert(n, ids + 2 * ID_BYTES * n);
		run("COMMIT");
	}
	double took_s = now_s() - began_s;
	(void)printf("bench: rate %.1f\nbench: seconds %.6f\n", (double)rows / took_s, took_s);
	(void)sqlite3_finalize(checkin);
	(void)sqlite3_finalize(number);
	(void)sqlite3_close(db);
	free(ids);
	return 0;
}
