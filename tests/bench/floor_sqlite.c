/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * floor_sqlite FILE COUNT: how many durable commits of one row SQLite itself makes in a second.
 *
 * The table, its indexes, the width of its rows and everything that durability hangs on are the kiosk's
 * (store/kiosk_store.c, store/db.c): pages of 1024 bytes, WAL, synchronous FULL, secure_delete, moved over at 4 MiB. Left
 * out is all else: no socket, no card to look up, nothing shown, nothing delivered. One prepared INSERT between BEGIN
 * IMMEDIATE and COMMIT.
 * Prints `bench: commits_s`, and `bench: bytes` of one commit as the kernel counted them (write_bytes in proc(5)).
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAL_FRAMES 4002 /* 4 MiB of pages of 1024 bytes, each with its head of 24 */

static const char schema[] =
	"PRAGMA page_size=1024; PRAGMA mmap_size=0; PRAGMA cache_size=-2000; PRAGMA "
	"temp_store=MEMORY;"
	"PRAGMA secure_delete=ON; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	"PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=8388608;"
	"CREATE TABLE IF NOT EXISTS checkin(seq INTEGER PRIMARY KEY,"
	" id BLOB NOT NULL CHECK(length(id) = 16), revision INTEGER NOT NULL,"
	" result TEXT NOT NULL, at_ms INTEGER NOT NULL, clock TEXT NOT NULL,"
	" clock_error_ms INTEGER NOT NULL, boot BLOB NOT NULL CHECK(length(boot) = 16),"
	" boot_ms INTEGER NOT NULL, pupil INTEGER NOT NULL, card BLOB CHECK(length(card) = 16),"
	" date TEXT NOT NULL, half TEXT NOT NULL, minutes_late INTEGER NOT NULL,"
	" desk INTEGER NOT NULL, confirmed_at INTEGER, UNIQUE(id, revision)) STRICT;"
	"CREATE INDEX IF NOT EXISTS checkin_undated ON checkin(boot, seq)"
	" WHERE clock IN ('unknown', 'regressed')";
static const char insert[] =
	"INSERT INTO checkin VALUES(NULL, ?1, 1, 'present', ?2, 'trusted', -1, ?1, ?2, ?3, ?1,"
	" '2026-11-23', 'am', 0, 0, NULL)";

static sqlite3 *db;

static void must(int rc, const char *what)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	(void)fprintf(stderr, "floor_sqlite: %s: %s\n", what, sqlite3_errmsg(db));
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double written(void)
{
	char line[128];
	double bytes = -1;
	FILE *f = fopen("/proc/self/io", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "write_bytes:", 12) == 0)
			bytes = strtod(line + 12, NULL);
	if (f)
		(void)fclose(f);
	return bytes;
}

static int count_frames(void *frames, sqlite3 *handle, const char *name, int n)
{
	(void)handle;
	(void)name;
	*(int *)frames = n;
	return SQLITE_OK;
}

/* Ids are random, so that the index is hit everywhere, as by the kiosk's. */
static void put(sqlite3_stmt *stmt, int i)
{
	unsigned char id[16];

	sqlite3_randomness(sizeof(id), id);
	must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), "BEGIN");
	must(sqlite3_bind_blob(stmt, 1, id, sizeof(id), SQLITE_TRANSIENT), "bind");
	must(sqlite3_bind_int64(stmt, 2, INT64_C(1795417200000) + i), "bind");
	must(sqlite3_bind_int64(stmt, 3, 1000000 + i % 2000), "bind");
	must(sqlite3_step(stmt), "INSERT");
	must(sqlite3_reset(stmt), "reset");
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "COMMIT");
}

int main(int argc, char **argv)
{
	int n = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0, frames = 0;
	sqlite3_stmt *stmt = NULL;

	if (n < 1) {
		(void)fputs("usage: floor_sqlite FILE COUNT\n", stderr);
		return 2;
	}
	must(sqlite3_open(argv[1], &db), "open");
	must(sqlite3_exec(db, schema, NULL, NULL, NULL), "schema");
	(void)sqlite3_wal_hook(db, count_frames, &frames);
	must(sqlite3_prepare_v2(db, insert, -1, &stmt, NULL), "prepare");
	put(stmt, 0); /* the file's first write, and the log's */
	double bytes = written(), begin = now_s();
	for (int i = 1; i <= n; i++) {
		put(stmt, i);
		if (frames >= WAL_FRAMES) {
			must(sqlite3_wal_checkpoint(db, NULL), "checkpoint");
			frames = 0;
		}
	}
	double took = now_s() - begin;
	(void)printf(
		"bench: commits_s %.1f\nbench: bytes %.0f\n", n / took, (written() - bytes) / n);
	sqlite3_finalize(stmt);
	/* Left as it is, so that the next slice goes on in the same log: closing would move it over and drop it. */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	must(sqlite3_close(db), "close");
	return 0;
}
