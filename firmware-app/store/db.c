/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "store/db_internal.h"

#define BEGIN "BEGIN IMMEDIATE"
#define COMMIT "COMMIT"
#define QUICK_CHECK_S 5 /* a gate must take taps 10 s after its start (faults.md S9) */
#define READ_FAILED "error code=266" /* SQLITE_IOERR_READ, as quick_check tells it in words */
#define QUICK_CHECK_STEPS 10000 /* virtual machine steps between two looks at the timer */

/* Each answers with one row or none; where an answer is given here it must be that one. */
static const struct {
	const char *sql, *want;
} pragmas[] = {
	{ "PRAGMA busy_timeout=2000", NULL }, /* first: journal_mode may already have to wait */
	{ "PRAGMA mmap_size=0", NULL }, /* an I/O error would be a SIGBUS */
	{ "PRAGMA trusted_schema=OFF", NULL },
	{ "PRAGMA cell_size_check=ON", NULL },
	{ "PRAGMA cache_size=-2000", NULL },
	{ "PRAGMA temp_store=MEMORY", NULL },
	{ "PRAGMA foreign_keys=ON", NULL },
	{ "PRAGMA secure_delete=ON", "1" },
	{ "PRAGMA journal_mode=WAL", "wal" },
	{ "PRAGMA synchronous=FULL", NULL },
	{ "PRAGMA synchronous", "2" },
	{ "PRAGMA wal_autocheckpoint=0", "0" },
	{ "PRAGMA journal_size_limit=8388608", NULL },
};

const char *store_err_text(int err)
{
	switch ((enum store_err)err) {
	case STORE_ERR_IO:
		return "the disk failed";
	case STORE_ERR_FULL:
		return "the disk is full";
	case STORE_ERR_DAMAGED:
		return "the database is damaged";
	case STORE_ERR_MEMORY:
		return "out of memory";
	case STORE_ERR_REHEARSAL:
		return "the database belongs to the other kind of clock, real or simulated";
	case STORE_ERR_NEWER:
		return "the database was made by a newer release";
	case STORE_ERR_EXISTS:
		return "there already";
	}
	return err < 0 ? strerror(-err) : "no error";
}

/*
 * SQLITE_FULL covers ENOSPC on a write; quotas, and a full disk met while syncing, come as I/O
 * errors. sqlite3_system_errno() stays at an older value, or 0, when it is a COMMIT that fails
 * (measured with 3.40.1), so errno goes first: it is cleared before every call.
 */
static bool is_full(const struct db *db)
{
	int e = errno ? errno : sqlite3_system_errno(db->handle);

	return e == ENOSPC || e == EDQUOT || e == EFBIG;
}

int db_error(struct db *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return STORE_ERR_FULL;
	case SQLITE_NOMEM:
		return STORE_ERR_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		db->suspect = true;
		return STORE_ERR_DAMAGED;
	case SQLITE_CONSTRAINT:
		return STORE_ERR_EXISTS;
	case SQLITE_IOERR:
		if (code == SQLITE_IOERR_NOMEM)
			return STORE_ERR_MEMORY;
		db->suspect = true;
		return is_full(db) ? STORE_ERR_FULL : STORE_ERR_IO;
	default: /* read-only, locked, can't open: all of them mean that nothing can be stored */
		return is_full(db) ? STORE_ERR_FULL : STORE_ERR_IO;
	}
}

static int count_wal(void *context, sqlite3 *handle, const char *name, int n_frames)
{
	struct db *db = context;

	(void)handle;
	(void)name;
	db->wal_frames = n_frames;
	return SQLITE_OK;
}

int db_connect(struct db *db, const char *path)
{
	int n = snprintf(db->path, sizeof(db->path), "%s", path);
	int off = 0;

	if (n < 0 || (size_t)n >= sizeof(db->path))
		return STORE_ERR_IO;
	errno = 0;
	int rc = sqlite3_open_v2(path, &db->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!db->handle)
		return STORE_ERR_MEMORY;
	sqlite3_extended_result_codes(db->handle, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, &off);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &off);
	return db_error(db, rc);
}

/* The first column of the first row as text, "" where there is none. To the end: what a pragma changes is committed after
 * its row, and a database that only says "wal" would go on with a journal. */
static int ask(struct db *db, const char *sql, char *ret_answer, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);

	ret_answer[0] = '\0';
	errno = 0;
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);
		snprintf(ret_answer, size, "%s", text ? text : "");
		rc = sqlite3_step(stmt);
	}
	int err = db_error(db, rc); /* before finalize, which may change errno */
	sqlite3_finalize(stmt);
	return err;
}

static int ask_int(struct db *db, const char *sql, int64_t *ret_value)
{
	char answer[32];
	int err = ask(db, sql, answer, sizeof(answer));

	if (!err)
		*ret_value = strtoll(answer, NULL, 10);
	return err;
}

/* Only a file that is made takes it, and before anything is written to it. */
static int set_page_size(struct db *db, int page_bytes)
{
	char sql[64], answer[32];

	snprintf(sql, sizeof(sql), "PRAGMA page_size=%d", page_bytes);
	return page_bytes ? ask(db, sql, answer, sizeof(answer)) : 0;
}

static int set_pragmas(struct db *db)
{
	char answer[64];

	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++) {
		int err = ask(db, pragmas[i].sql, answer, sizeof(answer));
		if (err)
			return err;
		if (pragmas[i].want && strcmp(answer, pragmas[i].want) != 0)
			return STORE_ERR_IO;
	}
	/* This replaces SQLite's own hook, the one that checkpoints: see wal_autocheckpoint=0. */
	sqlite3_wal_hook(db->handle, count_wal, db);
	return ask_int(db, "PRAGMA page_size", &db->page_bytes);
}

/* An own timer: this folder has no clock. */
static int timer_is_over(void *context)
{
	const int *fd = context;
	uint64_t n;

	return read(*fd, &n, sizeof(n)) == (ssize_t)sizeof(n);
}

static int quick_check(struct db *db)
{
	const struct itimerspec limit = { .it_value = { .tv_sec = QUICK_CHECK_S } };
	char answer[256];
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &limit, NULL) < 0) {
		if (fd >= 0)
			close(fd);
		return STORE_ERR_MEMORY;
	}
	sqlite3_progress_handler(db->handle, QUICK_CHECK_STEPS, timer_is_over, &fd);
	int err = ask(db, "PRAGMA quick_check(1)", answer, sizeof(answer));
	bool cut_short = sqlite3_errcode(db->handle) == SQLITE_INTERRUPT;
	sqlite3_progress_handler(db->handle, 0, NULL, NULL);
	close(fd);
	if (cut_short)
		return 0;
	if (!err && strcmp(answer, "ok") != 0) {
		db->suspect = true;
		db->unreadable = strstr(answer, READ_FAILED);
		err = db->unreadable ? STORE_ERR_IO : STORE_ERR_DAMAGED;
	}
	return err;
}

struct stopping {
	bool (*stop)(void *ctx);
	void *ctx;
};

static int ask_to_stop(void *context)
{
	const struct stopping *s = context;

	return s->stop(s->ctx);
}

int db_check(struct db *db, bool (*stop)(void *ctx), void *ctx)
{
	struct stopping stopping = { stop, ctx };
	char answer[64];

	sqlite3_progress_handler(db->handle, QUICK_CHECK_STEPS, ask_to_stop, &stopping);
	int err = ask(db, "PRAGMA integrity_check(1)", answer, sizeof(answer));
	bool cut_short = sqlite3_errcode(db->handle) == SQLITE_INTERRUPT;
	sqlite3_progress_handler(db->handle, 0, NULL, NULL);
	if (cut_short)
		return 0;
	if (!err && strcmp(answer, "ok") == 0)
		return 1;
	return err && err != STORE_ERR_DAMAGED ? err : db_damaged(db);
}

int db_damaged(struct db *db)
{
	db->suspect = true;
	return db_condemn(db->path) < 0 ? STORE_ERR_IO : STORE_ERR_DAMAGED;
}

/* Is this file ours, of our kind of clock, and of a version that we may write? */
static int check_marks(
	struct db *db, const struct db_schema *schema, bool rehearsal, int64_t *ret_version)
{
	int64_t version = 0, tables = 0, mark = 0, from = 0;
	int64_t ours = schema->migrations[schema->n_migrations - 1].version;
	int err = ask_int(db, "PRAGMA user_version", &version);

	if (!err)
		err = ask_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (err)
		return err;
	*ret_version = version;
	if (version == 0 && tables == 0)
		return 0; /* new, or made and never used */
	if (version > 0)
		err = ask_int(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", &mark);
	if (err)
		return err;
	if (mark != 1) { /* somebody else's, or its schema is lost */
		db->suspect = true;
		return version > ours ? STORE_ERR_NEWER : STORE_ERR_DAMAGED;
	}
	err = ask_int(db, "SELECT value FROM meta WHERE key = 'readable_from'", &from);
	if (!err)
		err = ask_int(db, "SELECT value FROM meta WHERE key = 'rehearsal'", &mark);
	if (err)
		return err;
	if (version > ours && (from < 1 || from > ours))
		return STORE_ERR_NEWER;
	return (mark != 0) == rehearsal ? 0 : STORE_ERR_REHEARSAL;
}

static int migrate_to(struct db *db, const struct db_migration *m, bool first, bool rehearsal)
{
	char sql[256];
	int err = db_begin(db);

	if (err)
		return err;
	if (first) {
		snprintf(sql, sizeof(sql),
			"CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
			"INSERT INTO meta VALUES('rehearsal', %d)",
			rehearsal ? 1 : 0);
		err = db_exec(db, sql);
	}
	if (!err)
		err = db_exec(db, m->sql);
	snprintf(sql, sizeof(sql),
		"INSERT OR REPLACE INTO meta VALUES('readable_from', %d); PRAGMA user_version=%d",
		m->readable_from, m->version);
	if (!err)
		err = db_exec(db, sql);
	return db_end_with(db, err);
}

static int migrate(struct db *db, const struct db_schema *schema, int64_t version, bool rehearsal)
{
	for (size_t i = 0; i < schema->n_migrations; i++) {
		const struct db_migration *m = &schema->migrations[i];
		assert(m->version == (int)i + 1 && m->readable_from >= 1);
		if (m->version <= version)
			continue;
		int err = migrate_to(db, m, version == 0, rehearsal);
		if (err)
			return err;
		version = m->version;
	}
	return 0;
}

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret_stmt)
{
	return db_error(db,
		sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL));
}

static int prepare_all(struct db *db, const struct db_schema *schema)
{
	static const char *const own[] = {
		[DB_META_GET] = "SELECT value FROM meta WHERE key = ?1",
		[DB_META_PUT] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
		[DB_BEGIN] = BEGIN,
		[DB_COMMIT] = COMMIT,
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_LEN(own); i++)
		err = db_prepare(db, own[i], &db->own[i]);
	if (err)
		return err;
	db->statements = calloc(schema->n_statements + 1, sizeof(sqlite3_stmt *));
	if (!db->statements)
		return STORE_ERR_MEMORY;
	db->n_statements = schema->n_statements;
	for (size_t i = 0; !err && i < schema->n_statements; i++)
		err = db_prepare(db, schema->statements[i], &db->statements[i]);
	return err;
}

/* A table that reads as another, by a byte in its text: to SQLite that is a mistake in our SQL, and quick_check may find
 * nothing. */
static int look_at_schema(struct db *db, int err)
{
	if (err != STORE_ERR_IO || sqlite3_errcode(db->handle) != SQLITE_ERROR)
		return err;
	db->suspect = true;
	return STORE_ERR_DAMAGED;
}

/* Before the connection, which may already roll the WAL forward. */
static bool has_wal(const char *path)
{
	char wal[DB_PATH_MAX + 8];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return stat(wal, &st) == 0 && st.st_size > 0;
}

int db_open(const char *path, const struct db_schema *schema, bool rehearsal, struct db **ret_db)
{
	bool unreadable;

	return db_open_noting(path, schema, rehearsal, ret_db, &unreadable);
}

int db_open_noting(const char *path, const struct db_schema *schema, bool rehearsal,
	struct db **ret_db, bool *ret_unreadable)
{
	struct db *db = calloc(1, sizeof(*db));
	int64_t version = 0;

	if (!db)
		return STORE_ERR_MEMORY;
	db->unclean = has_wal(path);
	int err = db->unclean ? db_secure_wal(path) : 0;
	if (!err)
		err = db_connect(db, path);
	if (!err)
		err = set_page_size(db, schema->page_bytes);
	if (!err)
		err = set_pragmas(db);
	if (!err)
		err = check_marks(db, schema, rehearsal, &version);
	if (!err)
		err = quick_check(db);
	if (err == STORE_ERR_IO && sqlite3_extended_errcode(db->handle) == SQLITE_IOERR_READ)
		db->unreadable = true;
	*ret_unreadable = err == STORE_ERR_IO && db->unreadable;
	err = look_at_schema(db, err);
	if (!err)
		err = migrate(db, schema, version, rehearsal);
	if (!err)
		err = look_at_schema(db, prepare_all(db, schema));
	if (err)
		goto out;
	*ret_db = db;
	db = NULL; /* the caller's now */
out:
	db_close(db);
	return err;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n_statements; i++)
		sqlite3_finalize(db->statements[i]);
	for (size_t i = 0; i < ARRAY_LEN(db->own); i++)
		sqlite3_finalize(db->own[i]);
	free(db->statements);
	if (db->handle && db->suspect)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	int rc = sqlite3_close(db->handle);
	assert(rc == SQLITE_OK); /* else a statement or a backup was left open */
	(void)rc;
	free(db);
}

bool db_was_unclean(const struct db *db)
{
	return db->unclean;
}

bool db_is_suspect(const struct db *db)
{
	return db->suspect;
}

bool db_transaction_lost(const struct db *db)
{
	return db->in_transaction && sqlite3_get_autocommit(db->handle);
}

int db_exec(struct db *db, const char *sql)
{
	if (db_transaction_lost(db))
		return STORE_ERR_IO;
	errno = 0;
	return db_error(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

/* A tap waits for these: prepared, but for the transactions before there is a schema. */
static int run_own(struct db *db, enum db_own_statement own, const char *sql)
{
	sqlite3_stmt *stmt = db->own[own];

	if (!stmt)
		return db_exec(db, sql);
	if (db_transaction_lost(db))
		return STORE_ERR_IO;
	errno = 0;
	int err = db_error(db, sqlite3_step(stmt));
	sqlite3_reset(stmt);
	return err;
}

int db_begin(struct db *db)
{
	assert(sqlite3_get_autocommit(db->handle) && !db->in_transaction);
	int err = run_own(db, DB_BEGIN, BEGIN);

	db->in_transaction = !err;
	return err;
}

int db_commit(struct db *db)
{
	int err = run_own(db, DB_COMMIT, COMMIT);

	if (err)
		db_rollback(db); /* most errors have done it already, BUSY has not */
	db->in_transaction = false;
	return err;
}

void db_rollback(struct db *db)
{
	db->in_transaction = false;
	if (sqlite3_get_autocommit(db->handle))
		return;
	if (db_exec(db, "ROLLBACK"))
		db->suspect = true; /* the transaction is gone all the same */
}

int db_end_with(struct db *db, int err)
{
	if (!err)
		return db_commit(db);
	db_rollback(db);
	return err;
}

int64_t db_changes(const struct db *db)
{
	return sqlite3_changes64(db->handle);
}

int db_checkpoint(struct db *db, bool truncate)
{
	int in_log = 0, moved = 0;
	int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
	errno = 0;
	int err = db_error(db, sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, &in_log, &moved));

	if (!err)
		db->wal_frames = in_log > moved ? in_log - moved : 0;
	return err;
}

int64_t db_wal_bytes(const struct db *db)
{
	return db->wal_frames * (db->page_bytes + 24); /* a page and its frame's head */
}
