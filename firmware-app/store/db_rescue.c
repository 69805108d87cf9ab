/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/db_rescue.c: copies of a database in use, and what is left of a damaged one.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/civil.h"
#include "store/db.h"
#include "store/db_internal.h"

#define ASIDE_MAX 1000 /* damaged files kept beside each other; a person cleans up long before */
#define MISSES_MAX 20000 /* numbers in a row without a row: a week of a busy gate */
#define SELECT_MAX 1024

struct db_backup {
	struct db *from; /* borrowed */
	struct db to;
	sqlite3_backup *copy;
	char path[DB_PATH_MAX]; /* the final name */
	int fd; /* of the part, opened before SQLite's and closed after it: see db_backup_close() */
	bool whole;
};

static int errno_error(int e)
{
	switch (e) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return STORE_ERR_FULL;
	case ENOMEM:
		return STORE_ERR_MEMORY;
	default:
		return STORE_ERR_IO;
	}
}

int store_backup_step(struct db_backup *backup, int n_pages)
{
	return db_backup_step(backup, n_pages);
}

int store_backup_close(struct db_backup *backup)
{
	return db_backup_close(backup);
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno_error(errno);
	int err = fsync(fd) < 0 ? errno_error(errno) : 0;
	close(fd);
	return err;
}

int db_sync_folder(const char *path)
{
	char folder[DB_PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash)
		return sync_path(".", O_DIRECTORY);
	slash[slash == folder] = '\0'; /* keep the one of "/" */
	return sync_path(folder, O_DIRECTORY);
}

/* Return: 0 or a store_err. */
static int write_again(int fd)
{
	uint8_t bytes[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		ssize_t done = pwrite(fd, bytes, (size_t)n, at);
		if (done <= 0)
			return errno_error(errno);
		at += done;
	}
	return n < 0 || fdatasync(fd) < 0 ? errno_error(errno) : 0;
}

/*
 * Where a sync fails, the kernel drops what it had to write and takes it for written: the medium never gets it, no later
 * sync brings it, and yet whoever opens the file reads it. SQLite would find there the commit that failed, and put
 * behind it the next ones, which are confirmed; after a loss of power its recovery ends at the hole before them.
 */
int db_secure_wal(const char *path)
{
	char wal[DB_PATH_MAX + 8];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	int fd = open(wal, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : errno_error(errno);
	int err = write_again(fd);
	close(fd);
	return err;
}

int db_backup_open(struct db *db, const char *path, struct db_backup **ret_backup)
{
	struct db_backup *b = calloc(1, sizeof(*b));
	char part[DB_PATH_MAX];

	if (!b)
		return STORE_ERR_MEMORY;
	b->from = db;
	int n = snprintf(b->path, sizeof(b->path), "%s", path);
	int m = snprintf(part, sizeof(part), "%s.part", path);
	if (n < 0 || m < 0 || (size_t)m >= sizeof(part)) {
		free(b);
		return STORE_ERR_IO;
	}
	b->fd = unlink(part) < 0 && errno != ENOENT
			? -1
			: open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (b->fd < 0) {
		int err = errno_error(errno);
		free(b);
		return err;
	}
	int err = db_connect(&b->to, part);
	/* Nobody reads it before it is whole, so nothing protects it; and a slice's pages leave memory with the slice. */
	if (!err)
		err = db_exec(&b->to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
				      " PRAGMA cache_size=16; PRAGMA mmap_size=0");
	if (!err) {
		b->copy = sqlite3_backup_init(b->to.handle, "main", db->handle, "main");
		if (!b->copy)
			err = db_error(&b->to, sqlite3_errcode(b->to.handle));
	}
	if (err) {
		(void)db_backup_close(b);
		return err;
	}
	*ret_backup = b;
	return 0;
}

int db_backup_step(struct db_backup *backup, int n_pages)
{
	assert(n_pages > 0 || n_pages == -1);
	int rc = sqlite3_backup_step(backup->copy, n_pages);

	/* Slice by slice, so that the last sync isn't one of the whole file: seconds, on a slow card. */
	if ((rc == SQLITE_OK || rc == SQLITE_DONE) && fdatasync(backup->fd) < 0)
		return errno_error(errno);
	if (rc == SQLITE_DONE)
		backup->whole = true;
	/* The source is our own connection, so nothing else can hold it for long. */
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 1;
	return db_error(&backup->to, rc);
}

int db_backup_close(struct db_backup *backup)
{
	if (!backup)
		return 0;
	char part[DB_PATH_MAX];
	int err = 0;

	snprintf(part, sizeof(part), "%s", backup->to.path);
	if (backup->copy && sqlite3_backup_finish(backup->copy) != SQLITE_OK)
		backup->whole = false;
	sqlite3_close(backup->to.handle);
	/* Only now: a descriptor closed beside SQLite's would drop its locks. */
	if (backup->whole && fsync(backup->fd) < 0)
		err = errno_error(errno);
	(void)close(backup->fd);
	if (backup->whole && !err) {
		if (rename(part, backup->path) < 0)
			err = errno_error(errno);
		if (!err)
			err = db_sync_folder(backup->path);
	}
	if (!backup->whole || err)
		unlink(part);
	free(backup);
	return err;
}

/* The kernel's own time, by touching the file's atime: this folder has no clock. */
static int time_text(const char *path, char *ret_text, size_t size)
{
	const struct timespec touch[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };
	struct stat st;

	if (utimensat(AT_FDCWD, path, touch, 0) < 0 || stat(path, &st) < 0)
		return errno_error(errno);
	int64_t s = st.st_atim.tv_sec > 0 ? st.st_atim.tv_sec : 0;
	struct civil_date d = civil_date_of_day((int32_t)(s / CIVIL_DAY_S));
	int at_s = (int)(s % CIVIL_DAY_S);
	snprintf(ret_text, size, "%04d%02d%02dT%02d%02d%02dZ", d.year, d.month, d.day, at_s / 3600,
		at_s / 60 % 60, at_s % 60);
	return 0;
}

/* The WAL and its index go with their file: beside another one they would become part of it. */
static int move_beside(const char *path, const char *to_path)
{
	static const char *const ends[] = { "-wal", "-shm" };
	char from[DB_PATH_MAX + 8], to[DB_PATH_MAX + 8];

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(from, sizeof(from), "%s%s", path, ends[i]);
		snprintf(to, sizeof(to), "%s%s", to_path, ends[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			return errno_error(errno);
	}
	return 0;
}

/* A file that needn't be there: then @path itself gives the time. */
static int aside_name(const char *path, const char *touch, char *ret_path)
{
	char at[32];
	int err = time_text(touch, at, sizeof(at));

	for (int number = 1; !err && number <= ASIDE_MAX; number++) {
		int n = snprintf(ret_path, DB_PATH_MAX,
			number > 1 ? "%s.damaged-%s-%d" : "%s.damaged-%s", path, at, number);
		if (n < 0 || n >= DB_PATH_MAX)
			return STORE_ERR_IO;
		if (access(ret_path, F_OK) < 0)
			return 0;
	}
	return err ? err : STORE_ERR_FULL;
}

int db_move_aside(const char *path, char *ret_path)
{
	int err = aside_name(path, path, ret_path);

	/* The file first: cut after it, its WAL is what db_open_rescued() finds without a file. */
	if (!err && rename(path, ret_path) < 0)
		err = errno_error(errno);
	if (!err)
		err = move_beside(path, ret_path);
	return err ? err : db_sync_folder(path);
}

struct salvage {
	struct db *db;
	const char *select;
	db_salvage_fn *take;
	void *context;
	int64_t n_taken;
	int64_t last; /* rowid of the row handed over last */
	bool any; /* a row was handed over in this pass */
	bool whole; /* this pass came to the end of the table */
};

static int salvage_prepare(struct salvage *s, const char *condition, sqlite3_stmt **ret_stmt)
{
	char sql[SELECT_MAX];
	int n = snprintf(sql, sizeof(sql), "%s %s", s->select, condition);

	assert(n > 0 && (size_t)n < sizeof(sql));
	return db_prepare(s->db, sql, ret_stmt);
}

/* One pass: rows until the end or an error of the file. Return: 0, or what take returned. */
static int salvage_rows(struct salvage *s, sqlite3_stmt *stmt, int64_t parameter)
{
	struct db_query q = db_query_of(s->db, stmt);
	int err = 0, r = 1;

	s->any = false;
	db_put_int(&q, parameter);
	while (!err && (r = db_step(&q)) == 1) {
		s->last = sqlite3_column_int64(stmt, 0);
		s->any = true;
		s->n_taken++;
		err = s->take(s->context, &q);
	}
	s->whole = r == 0;
	db_end(&q);
	return err;
}

/* The numbers between @low and @high, one by one, until too many in a row are not there. */
static int salvage_between(struct salvage *s, sqlite3_stmt *stmt, int64_t low, int64_t high)
{
	int n_missed = 0, err = 0;

	for (int64_t at = low + 1; !err && at < high && n_missed < MISSES_MAX; at++) {
		err = salvage_rows(s, stmt, at);
		n_missed = s->any ? 0 : n_missed + 1;
	}
	return err;
}

static int salvage_passes(struct salvage *s)
{
	static const char *const conditions[] = { ">= ?1 ORDER BY 1", "<= ?1 ORDER BY 1 DESC",
		"= ?1" };
	sqlite3_stmt *stmt[ARRAY_LEN(conditions)] = { NULL };
	int64_t low = 0, high = INT64_MAX;
	int err = 0;

	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		if (salvage_prepare(s, conditions[i], &stmt[i]))
			goto out; /* the schema is lost, and with it everything */
	}
	err = salvage_rows(s, stmt[0], INT64_MIN);
	if (err || s->whole)
		goto out;
	low = s->any ? s->last : low;
	err = salvage_rows(s, stmt[1], INT64_MAX);
	high = s->any ? s->last : high;
	if (!err && !s->whole)
		err = salvage_between(s, stmt[2], low, high);
out:
	for (size_t i = 0; i < ARRAY_LEN(stmt); i++)
		sqlite3_finalize(stmt[i]);
	return err;
}

int64_t db_salvage(const char *path, const char *select, db_salvage_fn *take, void *context)
{
	struct db db = { .suspect = true }; /* so that closing leaves the file as it was found */
	struct salvage s = { .db = &db, .select = select, .take = take, .context = context };
	int err = 0;

	if (access(path, R_OK) == 0 && db_connect(&db, path) == 0)
		err = salvage_passes(&s);
	if (db.handle)
		sqlite3_db_config(db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db.handle);
	return err ? err : s.n_taken;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int remove_ends(const char *path, const char *const *ends, size_t n)
{
	char name[DB_PATH_MAX + 16];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (unlink(name) < 0 && errno != ENOENT)
			return errno_error(errno);
	}
	return 0;
}

static int remove_database(const char *path)
{
	static const char *const ends[] = { "-wal", "-shm", "" };

	return remove_ends(path, ends, ARRAY_LEN(ends));
}

void db_leave(const char *path)
{
	static const char *const ends[] = { "-wal", "-shm" };

	(void)remove_ends(path, ends, ARRAY_LEN(ends));
}

/* The new file, complete, checkpointed and closed: nothing of it is in a WAL when it gets its
 * name. */
static int build_new(const char *path, const char *damaged, const struct db_schema *schema,
	bool rehearsal, db_refill_fn *refill, void *context)
{
	char wal[DB_PATH_MAX + 8];
	struct db *db = NULL;
	int err = remove_database(path);

	if (!err)
		err = db_open(path, schema, rehearsal, &db);
	if (!err && refill)
		err = refill(context, db, damaged);
	if (!err)
		err = db_checkpoint(db, true);
	db_close(db);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	return !err && exists(wal) ? STORE_ERR_IO : err;
}

/* Cut while the new file took the damaged one's place: it was whole by then. Return: 1 done, 0 nothing to do, or a
 * store_err. */
static int finish_rescue(const char *path, const char *fresh)
{
	char aside[DB_PATH_MAX];

	if (exists(path) || !exists(fresh))
		return 0;
	int err = aside_name(path, fresh, aside);
	if (!err)
		err = move_beside(path, aside);
	if (!err && rename(fresh, path) < 0)
		err = errno_error(errno);
	if (!err)
		err = db_sync_folder(path);
	return err ? err : 1;
}

/* Made under another name until it is whole: so a file that is there and empty was cut by somebody else. */
static int make(const char *path, const struct db_schema *schema, bool rehearsal)
{
	char made[DB_PATH_MAX];
	int n = snprintf(made, sizeof(made), "%s.made", path);

	if (n < 0 || (size_t)n >= sizeof(made))
		return STORE_ERR_IO;
	char aside[DB_PATH_MAX];
	int err = build_new(made, NULL, schema, rehearsal, NULL, NULL);
	if (!err)
		err = aside_name(path, made, aside);
	if (!err)
		err = move_beside(path, aside); /* somebody took the file and left its WAL */
	if (!err && rename(made, path) < 0)
		err = errno_error(errno);
	return err ? err : db_sync_folder(path);
}

static int condemned_name(const char *path, char *ret_name)
{
	int n = snprintf(ret_name, DB_PATH_MAX, "%s.condemned", path);

	return n < 0 || n >= DB_PATH_MAX ? STORE_ERR_IO : 0;
}

int db_condemn(const char *path)
{
	char name[DB_PATH_MAX];
	int err = condemned_name(path, name);
	int fd = err ? -1 : open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err ? err : errno_error(errno);
	(void)close(fd);
	return db_sync_folder(path);
}

static bool is_condemned(const char *path)
{
	char name[DB_PATH_MAX];

	return condemned_name(path, name) == 0 && exists(name);
}

static bool is_empty(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size == 0;
}

/* Whether @path has had a file: its backup or one that was damaged is still there, so it was taken away. */
static bool has_left_traces(const char *path)
{
	char pattern[DB_PATH_MAX + 16];
	glob_t found = { 0 };

	snprintf(pattern, sizeof(pattern), "%s.backup", path);
	if (exists(pattern))
		return true;
	snprintf(pattern, sizeof(pattern), "%s.damaged-*", path);
	int err = glob(pattern, GLOB_NOSORT, NULL, &found);
	globfree(&found);
	return err == 0;
}

/* An empty file in its place is one that somebody cut; and so no half-made new one passes for whole after a cut. */
static int put_empty(const char *path)
{
	char aside[DB_PATH_MAX];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno_error(errno);
	(void)close(fd);
	int err = aside_name(path, path, aside);
	if (!err)
		err = move_beside(path, aside); /* its WAL may have been left */
	return err ? err : db_sync_folder(path);
}

/* A sector that can't be read is damage that salvage steps over; but a bus that stumbled once reads it the second time. */
static int open_readable(
	const char *path, const struct db_schema *schema, bool rehearsal, struct db **ret_db)
{
	bool unreadable = false;
	int err = db_open_noting(path, schema, rehearsal, ret_db, &unreadable);

	if (err == STORE_ERR_IO && unreadable)
		err = db_open_noting(path, schema, rehearsal, ret_db, &unreadable);
	return err == STORE_ERR_IO && unreadable ? STORE_ERR_DAMAGED : err;
}

int db_open_rescued(const char *path, const struct db_schema *schema, bool rehearsal,
	db_refill_fn *refill, void *context, struct db **ret_db, bool *ret_rescued)
{
	char fresh[DB_PATH_MAX], aside[DB_PATH_MAX];
	int n = snprintf(fresh, sizeof(fresh), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(fresh))
		return STORE_ERR_IO;
	int done = finish_rescue(path, fresh);
	int err = done < 0 ? done : 0;
	bool rescued = done > 0;
	if (!err && !exists(path))
		err = refill && has_left_traces(path) ? put_empty(path)
						      : make(path, schema, rehearsal);
	if (!err)
		err = is_empty(path) || is_condemned(path)
			      ? STORE_ERR_DAMAGED
			      : open_readable(path, schema, rehearsal, ret_db);
	if (err == STORE_ERR_DAMAGED) {
		err = build_new(fresh, path, schema, rehearsal, refill, context);
		if (!err)
			err = db_move_aside(path, aside);
		if (!err && rename(fresh, path) < 0)
			err = errno_error(errno);
		if (!err && condemned_name(path, aside) == 0)
			(void)unlink(aside); /* its sentence is carried out */
		if (!err)
			err = db_sync_folder(path);
		if (!err)
			err = db_open(path, schema, rehearsal, ret_db);
		rescued = true;
	}
	if (!err)
		*ret_rescued = rescued;
	return err;
}
