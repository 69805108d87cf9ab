/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/db.h: one SQLite file, opened and used as library-facts.md section 3 says.
 *
 * For the stores of this folder alone: its callers see no SQLite type, and nobody above store/ sees
 * this header. One connection, one thread. A query binds its parameters and reads its columns in
 * order; a mistake in number or type is a bug of ours and asserts.
 *
 *	struct db_query q = db_query(db, ADD);
 *	db_put_int(&q, seq);
 *	db_put_blob(&q, id.b, sizeof(id.b));
 *	int err = db_run(&q);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct db; /* opaque */
struct sqlite3_stmt;

#define DB_PATH_MAX 4096 /* bytes with the zero: Linux's PATH_MAX */

/* A step of the schema. Released rows are never edited; versions ascend by one from 1. */
struct db_migration {
	int version;
	int readable_from; /* the oldest version whose program may still read and write the file */
	const char *sql; /* one or more statements, run in one transaction with user_version */
};

/* Borrowed for the life of the db. */
struct db_schema {
	const struct db_migration *migrations;
	size_t n_migrations;
	const char *const *statements; /* prepared at open; named by their index */
	size_t n_statements;
	int page_bytes; /* of a file that is made, a power of two from 512; 0: SQLite's own 4096 */
};

/* A prepared statement while it is being used; on the caller's stack, ended by db_end(). */
struct db_query {
	struct db *db;
	struct sqlite3_stmt *stmt;
	int n_put, n_got; /* the last parameter bound, the columns read of this row */
	int err; /* of a db_put_*(): given by the next step */
};

/**
 * db_open() - open or make a database, check it, and bring its schema up.
 * @path: its folder must exist and be writable
 * @rehearsal: the clock is simulated; written at the first open, compared at the others
 *
 * Runs quick_check for up to 5 s; what it can't finish counts as sound. Return: 0;
 * STORE_ERR_DAMAGED (not a database, or quick_check found something: db_move_aside() and open
 * anew), _REHEARSAL, _NEWER (both leave the file as it was), or any other store_err.
 */
int db_open(const char *path, const struct db_schema *schema, bool rehearsal, struct db **ret_db);

/** db_close() - end all statements, checkpoint, close; accepts NULL. After an error of the disk or
 * a damaged page the WAL is left as it is for the next open, which then checks the file. */
void db_close(struct db *db);

/** db_was_unclean() - the last user of the file did not close it: a WAL with content was there. */
bool db_was_unclean(const struct db *db);

/** db_damaged() - what was read can't be, though quick_check may find nothing: the next db_open_rescued() rescues what
 * makes sense. Return: STORE_ERR_DAMAGED, or STORE_ERR_IO where that can't be noted. */
int db_damaged(struct db *db);

/** db_is_suspect() - the disk failed, or a page was damaged: close and open before it is used again. */
bool db_is_suspect(const struct db *db);

/** db_begin() - BEGIN IMMEDIATE. No transaction may be open. Return: 0 or a store_err. */
int db_begin(struct db *db);

/** db_commit() - durable once 0 is returned. After an error nothing may be promised: the
 * transaction is over, and its rows may still be found after a restart. Return: 0 or a
 * store_err. */
int db_commit(struct db *db);

/** db_rollback() - end an open transaction without it; harmless where none is open. */
void db_rollback(struct db *db);

/** db_end_with() - db_commit() where @err is 0, else db_rollback(). Return: @err, or the
 * commit's. */
int db_end_with(struct db *db, int err);

/** db_query() - start a statement of the schema. @statement: its index */
struct db_query db_query(struct db *db, int statement);

/** db_put_int() - bind the next parameter. */
void db_put_int(struct db_query *q, int64_t value);
/** db_put_text() - bind the next parameter; copied; NULL binds NULL. */
void db_put_text(struct db_query *q, const char *text);
/** db_put_blob() - bind the next parameter; borrowed until db_end(); @len 0 is an empty blob. */
void db_put_blob(struct db_query *q, const void *bytes, size_t len);
/** db_put_null() - bind NULL to the next parameter. */
void db_put_null(struct db_query *q);

/** db_step() - Return: 1: a row to read, 0: no more, or a store_err; after the last two the query
 * has ended and may be bound and stepped again. */
int db_step(struct db_query *q);

/** db_run() - step to the end, rows unread. Return: 0 or a store_err. */
int db_run(struct db_query *q);

/** db_end() - give the statement back; after 0, an error or db_run() it is done already. */
void db_end(struct db_query *q);

/** db_is_null() - whether the next column of the row is NULL; doesn't move on. */
bool db_is_null(const struct db_query *q);
/** db_get_int() - the next column; NULL gives 0. */
int64_t db_get_int(struct db_query *q);
/** db_get_text() - the next column, cut to @size with its zero; NULL gives "". */
void db_get_text(struct db_query *q, char *ret_text, size_t size);
/** db_get_blob() - the next column into exactly @size bytes; zeros where it is NULL.
 * Return: false where it has another length (a damaged row); *ret_bytes is then zeros. */
bool db_get_blob(struct db_query *q, void *ret_bytes, size_t size);
/** db_get_bytes() - the next column, blob or text, of any length; borrowed until the next step;
 * NULL and length 0 where it is NULL or empty. */
const void *db_get_bytes(struct db_query *q, size_t *ret_len);
/** db_skip() - pass over the next column. */
void db_skip(struct db_query *q);

/** db_changes() - rows that the last insert, update or delete touched. */
int64_t db_changes(const struct db *db);

/** db_exec() - statements without parameters, for what is rare. Return: 0 or a store_err. */
int db_exec(struct db *db, const char *sql);

/** db_meta_int() - a number kept under @key. Return: 0 and *ret_value (@fallback where there is
 * none), or a store_err. The table `meta` belongs to db; "rehearsal" and "readable_from" are its
 * own keys. */
int db_meta_int(struct db *db, const char *key, int64_t fallback, int64_t *ret_value);
/** db_meta_put_int() - within the caller's transaction. Return: 0 or a store_err. */
int db_meta_put_int(struct db *db, const char *key, int64_t value);
/** db_meta_blob() - bytes kept under @key. Return: 1 and @size bytes, 0: none or of another length,
 * or a store_err. */
int db_meta_blob(struct db *db, const char *key, void *ret_bytes, size_t size);
/** db_meta_put_blob() - within the caller's transaction. Return: 0 or a store_err. */
int db_meta_put_blob(struct db *db, const char *key, const void *bytes, size_t size);

/** db_checkpoint() - move the WAL into the file, without waiting for anybody.
 * @truncate: and cut the WAL to nothing, at night. Return: 0 or a store_err. */
int db_checkpoint(struct db *db, bool truncate);

/** db_wal_bytes() - what a checkpoint would have to move, in bytes. */
int64_t db_wal_bytes(const struct db *db);

/** db_check() - integrity_check, whole. @stop: asked every few ms, true ends it. Return: 1 sound, 0 ended before, or a
 * store_err; with STORE_ERR_DAMAGED the file is marked, and db_open_rescued() replaces it at the next open. */
int db_check(struct db *db, bool (*stop)(void *ctx), void *ctx);

/** db_backup_open() - start a copy of a database in use. @path: replaced once the copy is whole;
 * until then it grows under PATH.part. Return: 0 or a store_err. */
int db_backup_open(struct db *db, const char *path, struct db_backup **ret_backup);

/** db_backup_step() - copy some more; what the owner writes in between is in the copy.
 * @n_pages: 1 or more, of 4 KiB; -1: all of it. Return: 1: go on, 0: done, or a store_err. */
int db_backup_step(struct db_backup *backup, int n_pages);

/** db_backup_close() - after a step's 0: bring the copy onto the medium under its name, else drop
 * it. Before db_close(). Return: 0 or a store_err; accepts NULL. */
int db_backup_close(struct db_backup *backup);

/** db_move_aside() - give a damaged file, with its -wal and -shm, the name
 * PATH.damaged-TIME (UTC, 20261123T071000Z; "-2" after it where that is taken).
 * @ret_path: DB_PATH_MAX bytes, the new name. The file must be closed. Return: 0 or a store_err. */
int db_move_aside(const char *path, char *ret_path);

/** db_salvage_fn - one readable row of a damaged table, columns as asked for; any of them may be
 * nonsense.
 * Return: 0 to go on, or a store_err that ends it. */
typedef int db_salvage_fn(void *context, struct db_query *row);

/**
 * db_salvage() - hand every row of a damaged table that can still be read to @take.
 * @path: the file moved aside
 * @select: "SELECT … FROM t WHERE t.rowid", to which a comparison is added; its first column the
 * rowid
 *
 * By rowid upwards until an error, downwards until an error, then number by number between the two.
 * A row may come twice. Return: how many rows were handed over, or what @take returned. An
 * unreadable file gives 0.
 */
int64_t db_salvage(const char *path, const char *select, db_salvage_fn *take, void *context);

/** db_leave() - after reading a copy, which nobody writes: the -wal and -shm that reading it left are removed. */
void db_leave(const char *path);

/* What of a table came over. */
struct db_copied {
	int64_t n_rows;
	bool whole; /* read from end to end: nothing of it is lost */
};

/**
 * db_copy_table() - the readable rows of one table, as they are, into the same table of another database.
 * @path: a damaged file, closed; left as it is
 * @to: within its owner's transaction; a row whose key it has, or that it can't hold, is left out
 *
 * Columns that only one of them has are left at their default. Return: 0, also where nothing can be read, or a store_err
 * of @to.
 */
int db_copy_table(const char *path, struct db *to, const char *table, struct db_copied *ret_copied);

/** db_refill_fn - put what can be saved of @damaged, by db_salvage(), into @fresh; no transaction
 * is open.
 * Return: 0 or a store_err. */
typedef int db_refill_fn(void *context, struct db *fresh, const char *damaged);

/**
 * db_open_rescued() - as db_open(), but a damaged file is replaced by a new one with what @refill
 * could save.
 * @ret_rescued: whether that happened
 *
 * The new file grows under PATH.new and takes the place of the damaged one, which is moved aside,
 * when it is whole: a power cut at any moment leaves one of the two to go on from. A database that isn't
 * there yet is made whole before it gets its name, so that an empty file counts as damaged; as does one that is gone while
 * its backup or a damaged one lies beside it. So does one with a page that can't be read. Return: 0 or a
 * store_err, never STORE_ERR_DAMAGED unless the new file is damaged as well.
 */
int db_open_rescued(const char *path, const struct db_schema *schema, bool rehearsal,
	db_refill_fn *refill, void *context, struct db **ret_db, bool *ret_rescued);
