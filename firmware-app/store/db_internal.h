/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/db_internal.h: what the files of db.h share.
 */
#pragma once

#include <sqlite3.h>

#include "store/db.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum db_own_statement { DB_META_GET, DB_META_PUT, DB_BEGIN, DB_COMMIT, DB_OWN_STATEMENTS };

struct db {
	sqlite3 *handle;
	char path[DB_PATH_MAX];
	sqlite3_stmt **statements; /* of the schema */
	size_t n_statements;
	sqlite3_stmt *own[DB_OWN_STATEMENTS]; /* of this folder; NULL until the schema is up */
	int64_t page_bytes;
	int wal_frames; /* in the WAL and not yet in the file */
	bool unclean; /* at open */
	bool unreadable; /* a page could not be read while it was opened */
	bool in_transaction; /* from db_begin() until it is ended, also where SQLite has ended it by itself */
	bool suspect; /* the disk failed or a page was damaged: keep the WAL at close */
};

/** db_error() - the store_err of an SQLite code, remembering in @db what must not be trusted any
 * more. */
int db_error(struct db *db, int code);

/** db_transaction_lost() - has SQLite rolled the open transaction back by itself? It may after any failed statement (no
 * memory, a full or failing disk); what ran after that would be committed alone, each statement for itself. */
bool db_transaction_lost(const struct db *db);

/** db_connect() - the connection alone: no pragma that writes, no check, no schema. */
int db_connect(struct db *db, const char *path);

/** db_open_noting() - db_open(). *ret_unreadable: with STORE_ERR_IO, it was a page that can't be read. */
int db_open_noting(const char *path, const struct db_schema *schema, bool rehearsal,
	struct db **ret_db, bool *ret_unreadable);

/** db_prepare() - one statement that lives as long as the connection. */
int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret_stmt);

/** db_query_of() - use a statement that is not in the schema. */
struct db_query db_query_of(struct db *db, sqlite3_stmt *stmt);

/** db_secure_wal() - write a WAL that was left behind once more, and sync it, before anybody reads it.
 * Return: 0, also where there is none, or a store_err. */
int db_secure_wal(const char *path);

/** db_condemn() - mark a file for the next db_open_rescued(), whose quick_check may find nothing. Return: 0 or a
 * store_err. */
int db_condemn(const char *path);

/** db_sync_folder() - bring a new or changed name in a file's folder onto the medium. */
int db_sync_folder(const char *path);
