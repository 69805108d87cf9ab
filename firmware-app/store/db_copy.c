/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/db_copy.c: whole tables out of a damaged database, whatever their columns and keys.
 *
 * db_salvage() reads by number and hands rows to somebody who judges them; here a row is taken as it is, so the fresh
 * table's own constraints decide. Read in the order of the table's tree from both ends: what lies between two damaged
 * pages is lost, unless a backup has it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/db.h"
#include "store/db_internal.h"

#define COLUMNS_MAX 32
#define SQL_MAX 2048

struct table {
	const char *name;
	int n;
	char columns[COLUMNS_MAX][64];
	char keys[COLUMNS_MAX][64]; /* of the primary key, in order; "" none */
	bool by_rowid; /* no primary key of its own */
};

static void append(char *sql, const char *text)
{
	size_t len = strlen(sql);

	snprintf(sql + len, SQL_MAX - len, "%s", text);
}

static bool has_column(struct db *db, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(db->handle, "main", table, column, NULL, NULL, NULL,
		       NULL, NULL) == SQLITE_OK;
}

/* The columns of the damaged table that the fresh one has as well: it may be of an older release. */
static int describe(struct db *from, struct db *to, const char *name, struct table *ret)
{
	sqlite3_stmt *stmt = NULL;
	char sql[128];
	int r;

	*ret = (struct table){ .name = name, .by_rowid = true };
	snprintf(sql, sizeof(sql), "PRAGMA table_info(%s)", name);
	int err = db_prepare(from, sql, &stmt);
	if (err)
		return err;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && ret->n < COLUMNS_MAX) {
		const char *column = (const char *)sqlite3_column_text(stmt, 1);
		int key = sqlite3_column_int(stmt, 5);
		if (key >= 1 && key <= COLUMNS_MAX) {
			snprintf(ret->keys[key - 1], sizeof(ret->keys[0]), "%s", column);
			ret->by_rowid = false;
		}
		if (has_column(to, name, column))
			snprintf(ret->columns[ret->n++], sizeof(ret->columns[0]), "%s", column);
	}
	err = db_error(from, r);
	sqlite3_finalize(stmt);
	return err;
}

static void put_columns(char *sql, const struct table *t)
{
	for (int i = 0; i < t->n; i++) {
		append(sql, i ? ", " : "");
		append(sql, t->columns[i]);
	}
}

static int prepare_select(struct db *from, const struct table *t, bool down, sqlite3_stmt **ret)
{
	char sql[SQL_MAX] = "SELECT ";

	put_columns(sql, t);
	append(sql, " FROM ");
	append(sql, t->name);
	append(sql, " NOT INDEXED");
	for (int i = 0; down && !t->by_rowid && i < COLUMNS_MAX && t->keys[i][0]; i++) {
		append(sql, i ? ", " : " ORDER BY ");
		append(sql, t->keys[i]);
		append(sql, " DESC");
	}
	if (down && t->by_rowid)
		append(sql, " ORDER BY rowid DESC");
	return db_prepare(from, sql, ret);
}

static int prepare_insert(struct db *to, const struct table *t, sqlite3_stmt **ret)
{
	char sql[SQL_MAX] = "INSERT OR IGNORE INTO ";

	append(sql, t->name);
	append(sql, "(");
	put_columns(sql, t);
	append(sql, ") VALUES(");
	for (int i = 0; i < t->n; i++)
		append(sql, i ? ", ?" : "?");
	append(sql, ")");
	return db_prepare(to, sql, ret);
}

/* Return: 0, or a store_err of the fresh database; a row that it can't hold is nonsense and left out. */
static int put_row(struct db *to, sqlite3_stmt *put, sqlite3_stmt *row, int n, int64_t *n_rows)
{
	for (int i = 0; i < n; i++)
		if (sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i)) != SQLITE_OK)
			return STORE_ERR_MEMORY;
	errno = 0;
	int err = db_error(to, sqlite3_step(put));
	*n_rows += !err && sqlite3_changes64(to->handle) > 0;
	sqlite3_reset(put);
	return err == STORE_ERR_EXISTS ? 0 : err;
}

/* One pass. *ret_whole: it came to the table's end. */
static int pass(
	struct db *from, struct db *to, const struct table *t, bool down, struct db_copied *copied)
{
	sqlite3_stmt *get = NULL, *put = NULL;
	int rc = SQLITE_ERROR;
	int err = prepare_insert(to, t, &put);

	if (!err && prepare_select(from, t, down, &get) == 0)
		while (!err && (rc = sqlite3_step(get)) == SQLITE_ROW)
			err = put_row(to, put, get, t->n, &copied->n_rows);
	copied->whole = rc == SQLITE_DONE;
	sqlite3_finalize(get);
	sqlite3_finalize(put);
	return err;
}

/* A page whose count of cells was flipped reads to its end as well, with rows missing. */
static bool is_sound(struct db *from, const char *table)
{
	sqlite3_stmt *stmt = NULL;
	char sql[128];
	bool sound = false;

	snprintf(sql, sizeof(sql), "PRAGMA integrity_check(%s)", table);
	if (db_prepare(from, sql, &stmt) == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);
		sound = text && strcmp(text, "ok") == 0;
	}
	sqlite3_finalize(stmt);
	return sound;
}

int db_copy_table(const char *path, struct db *to, const char *table, struct db_copied *ret_copied)
{
	struct db from = { .suspect = true };
	struct table t = { .n = 0 };
	int err = 0;

	*ret_copied = (struct db_copied){ 0 };
	if (access(path, R_OK) == 0 && db_connect(&from, path) == 0 &&
		describe(&from, to, table, &t) == 0 && t.n > 0) {
		err = pass(&from, to, &t, false, ret_copied);
		if (!err && !ret_copied->whole) {
			struct db_copied down = { 0 };
			err = pass(&from, to, &t, true, &down);
			ret_copied->n_rows += down.n_rows;
		}
		ret_copied->whole = ret_copied->whole && is_sound(&from, table);
	}
	if (from.handle)
		sqlite3_db_config(from.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(from.handle);
	return err;
}
