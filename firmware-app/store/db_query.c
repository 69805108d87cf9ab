/* SPDX-License-Identifier: EUPL-1.2 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/db.h"
#include "store/db_internal.h"

struct db_query db_query_of(struct db *db, sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt); /* its error, if any, was given when it happened */
	sqlite3_clear_bindings(stmt);
	return (struct db_query){ .db = db, .stmt = stmt };
}

struct db_query db_query(struct db *db, int statement)
{
	assert(statement >= 0 && (size_t)statement < db->n_statements);
	return db_query_of(db, db->statements[statement]);
}

/* A wrong number of parameters is our bug; lack of memory is given by the next step. */
static void put(struct db_query *q, int rc)
{
	assert(rc != SQLITE_RANGE && rc != SQLITE_MISUSE);
	if (rc != SQLITE_OK && !q->err)
		q->err = db_error(q->db, rc);
}

void db_put_int(struct db_query *q, int64_t value)
{
	put(q, sqlite3_bind_int64(q->stmt, ++q->n_put, value));
}

void db_put_text(struct db_query *q, const char *text)
{
	put(q, sqlite3_bind_text(q->stmt, ++q->n_put, text, -1, SQLITE_TRANSIENT));
}

void db_put_blob(struct db_query *q, const void *bytes, size_t len)
{
	int at = ++q->n_put;

	if (len == 0)
		put(q, sqlite3_bind_zeroblob(q->stmt, at, 0));
	else
		put(q, sqlite3_bind_blob64(q->stmt, at, bytes, len, SQLITE_STATIC));
}

void db_put_null(struct db_query *q)
{
	put(q, sqlite3_bind_null(q->stmt, ++q->n_put));
}

int db_step(struct db_query *q)
{
	if (!q->err && db_transaction_lost(q->db))
		q->err = STORE_ERR_IO;
	errno = 0; /* see is_full() */
	int rc = q->err ? SQLITE_OK : sqlite3_step(q->stmt);
	int err = q->err ? q->err : db_error(q->db, rc);

	q->n_got = 0;
	if (rc == SQLITE_ROW)
		return 1;
	db_end(q);
	return err;
}

int db_run(struct db_query *q)
{
	int r;

	do
		r = db_step(q);
	while (r == 1);
	return r;
}

void db_end(struct db_query *q)
{
	sqlite3_reset(q->stmt);
	q->n_put = 0;
	q->n_got = 0;
	q->err = 0;
}

bool db_is_null(const struct db_query *q)
{
	return sqlite3_column_type(q->stmt, q->n_got) == SQLITE_NULL;
}

static int column(struct db_query *q)
{
	assert(q->n_got < sqlite3_column_count(q->stmt));
	return q->n_got++;
}

int64_t db_get_int(struct db_query *q)
{
	return sqlite3_column_int64(q->stmt, column(q));
}

void db_get_text(struct db_query *q, char *ret_text, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(q->stmt, column(q));

	snprintf(ret_text, size, "%s", text ? text : "");
}

bool db_get_blob(struct db_query *q, void *ret_bytes, size_t size)
{
	size_t len;
	bool null = db_is_null(q);
	const void *bytes = db_get_bytes(q, &len);

	memset(ret_bytes, 0, size);
	if (null)
		return true;
	if (!bytes || len != size)
		return false;
	memcpy(ret_bytes, bytes, size);
	return true;
}

const void *db_get_bytes(struct db_query *q, size_t *ret_len)
{
	int at = column(q);
	const void *bytes = sqlite3_column_blob(q->stmt, at);

	*ret_len = (size_t)sqlite3_column_bytes(q->stmt, at);
	return bytes;
}

void db_skip(struct db_query *q)
{
	(void)column(q);
}

int db_meta_int(struct db *db, const char *key, int64_t fallback, int64_t *ret_value)
{
	struct db_query q = db_query_of(db, db->own[DB_META_GET]);

	db_put_text(&q, key);
	int r = db_step(&q);
	if (r < 0)
		return r;
	*ret_value = r ? db_get_int(&q) : fallback;
	db_end(&q);
	return 0;
}

int db_meta_put_int(struct db *db, const char *key, int64_t value)
{
	struct db_query q = db_query_of(db, db->own[DB_META_PUT]);

	db_put_text(&q, key);
	db_put_int(&q, value);
	return db_run(&q);
}

int db_meta_blob(struct db *db, const char *key, void *ret_bytes, size_t size)
{
	struct db_query q = db_query_of(db, db->own[DB_META_GET]);
	size_t len = 0;

	db_put_text(&q, key);
	int r = db_step(&q);
	if (r <= 0)
		return r;
	const void *bytes = db_get_bytes(&q, &len);
	bool fits = bytes && len == size;
	if (fits)
		memcpy(ret_bytes, bytes, size);
	db_end(&q);
	return fits;
}

int db_meta_put_blob(struct db *db, const char *key, const void *bytes, size_t size)
{
	struct db_query q = db_query_of(db, db->own[DB_META_PUT]);

	db_put_text(&q, key);
	db_put_blob(&q, bytes, size);
	return db_run(&q);
}
