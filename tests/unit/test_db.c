/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/db.h"
#include "unit/tempdir.h"
#include "unit/unit.h"

#define PAGE 4096L
#define MANY 5000

static char dir[TEMPDIR_MAX];
static char path[TEMPDIR_PATH_MAX];

static const struct db_migration versions[] = {
	{ 1, 1,
		"CREATE TABLE t(n INTEGER PRIMARY KEY, word TEXT, bytes BLOB, UNIQUE(word)) "
		"STRICT" },
	{ 2, 1, "ALTER TABLE t ADD COLUMN more INTEGER NOT NULL DEFAULT 7" },
	{ 3, 3, "ALTER TABLE t RENAME COLUMN more TO less" },
};

enum { ADD, ONE, COUNT, SYNCHRONOUS, JOURNAL, CHECKPOINT_AT, MMAP, FOREIGN_KEYS, TRUSTED, BUSY };

static const char *const statements[] = {
	[ADD] = "INSERT INTO t(n, word, bytes) VALUES(?1, ?2, ?3)",
	[ONE] = "SELECT n, word, bytes FROM t WHERE n = ?1",
	[COUNT] = "SELECT count(*) FROM t",
	[SYNCHRONOUS] = "PRAGMA synchronous",
	[JOURNAL] = "PRAGMA journal_mode",
	[CHECKPOINT_AT] = "PRAGMA wal_autocheckpoint",
	[MMAP] = "PRAGMA mmap_size",
	[FOREIGN_KEYS] = "PRAGMA foreign_keys",
	[TRUSTED] = "PRAGMA trusted_schema",
	[BUSY] = "PRAGMA busy_timeout",
};

static struct db_schema schema_of(size_t n_versions)
{
	return (struct db_schema){ versions, n_versions, statements, ARRAY_LEN(statements), 0 };
}

static int open_as(size_t n_versions, bool rehearsal, struct db **ret_db)
{
	struct db_schema schema = schema_of(n_versions);

	return db_open(path, &schema, rehearsal, ret_db);
}

static struct db *open_ok(size_t n_versions)
{
	struct db *db = NULL;

	assert_int_equal(open_as(n_versions, false, &db), 0);
	return db;
}

static int add(struct db *db, int64_t n)
{
	char word[32], bytes[200];
	struct db_query q = db_query(db, ADD);

	snprintf(word, sizeof(word), "word %ld", (long)n);
	memset(bytes, (int)n, sizeof(bytes));
	db_put_int(&q, n);
	db_put_text(&q, word);
	db_put_blob(&q, bytes, sizeof(bytes));
	return db_run(&q);
}

static void add_all(struct db *db, int64_t from, int64_t n)
{
	assert_int_equal(db_begin(db), 0);
	for (int64_t i = from; i < from + n; i++)
		assert_int_equal(add(db, i), 0);
	assert_int_equal(db_commit(db), 0);
}

static int64_t number(struct db *db, int statement)
{
	struct db_query q = db_query(db, statement);

	assert_int_equal(db_step(&q), 1);
	int64_t n = db_get_int(&q);
	db_end(&q);
	return n;
}

static int setup(void **state)
{
	(void)state;
	if (tempdir_make(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/test.db", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(dir);
	return 0;
}

static void test_pragmas(void **state)
{
	static const struct {
		int statement;
		int64_t want;
	} row[] = { { SYNCHRONOUS, 2 }, { CHECKPOINT_AT, 0 }, { MMAP, 0 }, { FOREIGN_KEYS, 1 },
		{ TRUSTED, 0 }, { BUSY, 2000 } };
	char text[16];

	(void)state;
	struct db *db = open_ok(1);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (number(db, row[i].statement) != row[i].want)
			fail_msg("%s", statements[row[i].statement]);
	}
	struct db_query q = db_query(db, JOURNAL);
	assert_int_equal(db_step(&q), 1);
	db_get_text(&q, text, sizeof(text));
	db_end(&q);
	assert_string_equal(text, "wal");
	db_close(db);
	db_close(NULL);
}

static void test_values(void **state)
{
	static const char bytes[] = { 1, 0, 2 };
	char text[4], got[3], wrong[2] = "x";
	size_t len;

	(void)state;
	struct db *db = open_ok(1);
	struct db_query q = db_query(db, ADD);
	db_put_int(&q, INT64_MIN);
	db_put_text(&q, "een twee");
	db_put_blob(&q, bytes, sizeof(bytes));
	assert_int_equal(db_run(&q), 0);
	assert_int_equal(db_changes(db), 1);

	q = db_query(db, ONE);
	db_put_int(&q, INT64_MIN);
	assert_int_equal(db_step(&q), 1);
	assert_true(db_get_int(&q) == INT64_MIN);
	db_get_text(&q, text, sizeof(text));
	assert_string_equal(text, "een"); /* cut */
	assert_true(db_get_blob(&q, got, sizeof(got)));
	assert_memory_equal(got, bytes, sizeof(bytes));
	assert_int_equal(db_step(&q), 0);

	q = db_query(db, ONE);
	db_put_int(&q, INT64_MIN);
	assert_int_equal(db_step(&q), 1);
	db_skip(&q);
	db_skip(&q);
	assert_false(db_get_blob(&q, wrong, sizeof(wrong))); /* another length */
	assert_int_equal(wrong[0], 0);
	db_end(&q);

	q = db_query(db, ADD);
	db_put_int(&q, 2);
	db_put_text(&q, NULL);
	db_put_blob(&q, "", 0);
	assert_int_equal(db_run(&q), 0);
	q = db_query(db, ONE);
	db_put_int(&q, 2);
	assert_int_equal(db_step(&q), 1);
	db_skip(&q);
	assert_true(db_is_null(&q));
	db_get_text(&q, text, sizeof(text));
	assert_string_equal(text, "");
	assert_false(db_is_null(&q));
	assert_null(db_get_bytes(&q, &len));
	assert_int_equal(len, 0);
	db_end(&q);
	db_close(db);
}

static void test_transactions(void **state)
{
	int64_t value = 0;
	char got[3];

	(void)state;
	struct db *db = open_ok(1);
	add_all(db, 1, 3);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(add(db, 4), 0);
	assert_int_equal(add(db, 3), STORE_ERR_EXISTS);
	assert_int_equal(db_end_with(db, STORE_ERR_EXISTS), STORE_ERR_EXISTS);
	assert_int_equal(number(db, COUNT), 3);
	db_rollback(db); /* none is open */

	/* As SQLite may do after a failed statement: what follows must not be committed alone. */
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(add(db, 4), 0);
	assert_int_equal(db_exec(db, "ROLLBACK"), 0);
	assert_int_equal(add(db, 5), STORE_ERR_IO);
	assert_int_equal(db_exec(db, "DELETE FROM thing"), STORE_ERR_IO);
	assert_int_equal(db_end_with(db, 0), STORE_ERR_IO);
	assert_int_equal(number(db, COUNT), 3);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_end_with(db, 0), 0);

	assert_int_equal(db_meta_int(db, "k", 5, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_meta_put_int(db, "k", 6), 0);
	assert_int_equal(db_meta_put_blob(db, "b", "abc", 3), 0);
	assert_int_equal(db_end_with(db, 0), 0);
	db_close(db);

	db = open_ok(1);
	assert_false(db_was_unclean(db));
	assert_int_equal(number(db, COUNT), 3);
	assert_int_equal(db_meta_int(db, "k", 5, &value), 0);
	assert_int_equal(value, 6);
	assert_int_equal(db_meta_blob(db, "b", got, 3), 1);
	assert_memory_equal(got, "abc", 3);
	assert_int_equal(db_meta_blob(db, "b", got, 2), 0);
	assert_int_equal(db_meta_blob(db, "none", got, 3), 0);
	db_close(db);
}

/* S11: up step by step, back to the release before where the step allows it, and no step by
 * half. */
static void test_migrations(void **state)
{
	static const struct db_migration broken[] = {
		{ 1, 1, "" },
		{ 2, 1, "ALTER TABLE t ADD COLUMN more INTEGER; CREATE TABLE t(x)" },
	};
	struct db_schema bad = { broken, 2, NULL, 0, 0 };
	struct db *db = open_ok(1);

	(void)state;
	add_all(db, 1, 3);
	db_close(db);
	assert_true(db_open(path, &bad, false, &db) < 0);
	db = open_ok(2); /* so the column of the broken step is not there */
	assert_int_equal(number(db, COUNT), 3);
	assert_int_equal(db_exec(db, "UPDATE t SET more = more + 1"), 0);
	db_close(db);
	db = open_ok(1); /* the release before */
	add_all(db, 4, 1);
	db_close(db);
	db_close(open_ok(3));
	assert_int_equal(open_as(2, false, &db), STORE_ERR_NEWER);
	assert_int_equal(open_as(1, false, &db), STORE_ERR_NEWER);
	db = open_ok(3);
	assert_int_equal(number(db, COUNT), 4);
	assert_int_equal(db_exec(db, "PRAGMA user_version=99"), 0);
	db_close(db);
	db_close(open_ok(3)); /* 99 says that a program of 3 may still write it */
	assert_int_equal(open_as(2, false, &db), STORE_ERR_NEWER);
}

static void test_rehearsal(void **state)
{
	struct db *db = NULL;

	(void)state;
	for (int rehearsal = 0; rehearsal < 2; rehearsal++) {
		assert_int_equal(open_as(1, rehearsal, &db), 0);
		db_close(db);
		assert_int_equal(open_as(1, !rehearsal, &db), STORE_ERR_REHEARSAL);
		assert_int_equal(open_as(1, rehearsal, &db), 0);
		db_close(db);
		assert_int_equal(unlink(path), 0);
	}
}

static void write_file(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void test_damaged(void **state)
{
	static const struct {
		const char *name;
		long from, len; /* overwritten */
		long cut; /* new length; -1: as it is */
		int want;
	} row[] = {
		{ "head", 0, 16, -1, STORE_ERR_DAMAGED },
		{ "first page", 100, PAGE - 100, -1, STORE_ERR_DAMAGED },
		{ "a page in the middle", 20 * PAGE, PAGE, -1, STORE_ERR_DAMAGED },
		{ "cut in the middle", 0, 0, 30 * PAGE, STORE_ERR_DAMAGED },
		{ "cut in a page", 0, 0, 30 * PAGE + 100, STORE_ERR_DAMAGED },
		{ "cut in the head", 0, 0, 50, STORE_ERR_DAMAGED }, { "untouched", 0, 0, -1, 0 },
		{ "empty", 0, 0, 0, 0 }, /* as if it were new */
	};
	struct db *db;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		unlink(path);
		db = open_ok(1);
		add_all(db, 1, 1000);
		db_close(db);
		db = NULL;
		assert_int_equal(tempdir_overwrite(path, row[i].from, row[i].len, 0xa5), 0);
		if (row[i].cut >= 0)
			assert_int_equal(truncate(path, row[i].cut), 0);
		int err = open_as(1, false, &db);
		if (err != row[i].want)
			fail_msg("%s: %s", row[i].name, store_err_text(err));
		db_close(db);
	}
}

static void test_not_ours(void **state)
{
	char aside[DB_PATH_MAX], name[TEMPDIR_PATH_MAX], first[TEMPDIR_PATH_MAX];
	struct db *db = NULL;

	(void)state;
	write_file(path, "not a database, but long enough to look like one", 48);
	assert_int_equal(open_as(1, false, &db), STORE_ERR_DAMAGED);
	snprintf(name, sizeof(name), "%s/test.db-wal", dir);
	write_file(name, "x", 1);
	assert_int_equal(db_move_aside(path, aside), 0);
	/* test.db.damaged-20261123T071000Z: the time, so that a person knows which morning it was. */
	snprintf(name, sizeof(name), "%s/test.db.damaged-2", dir);
	assert_memory_equal(aside, name, strlen(name));
	assert_int_equal(strlen(aside), strlen(name) + strlen("0261123T071000Z"));
	assert_int_equal(aside[strlen(aside) - 1], 'Z');
	assert_int_equal(access(aside, F_OK), 0);
	snprintf(name, sizeof(name), "%.300s-wal", aside);
	assert_int_equal(access(name, F_OK), 0);
	snprintf(first, sizeof(first), "%.300s", aside);
	assert_int_not_equal(access(path, F_OK), 0);

	db = open_ok(1); /* another program's database: tables, but no mark of ours */
	assert_int_equal(db_exec(db, "DROP TABLE meta; PRAGMA user_version=0"), 0);
	db_close(db);
	assert_int_equal(open_as(1, false, &db), STORE_ERR_DAMAGED);
	assert_int_equal(db_move_aside(path, aside), 0);
	assert_string_not_equal(aside, first);

	snprintf(path, sizeof(path), "%s/no/such/folder.db", dir);
	assert_int_equal(open_as(1, false, &db), STORE_ERR_IO);
}

/* The file of a process that died: told, and nothing lost. */
static void test_unclean(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct db *db = NULL;
		if (open_as(1, false, &db) || db_begin(db) || add(db, 1) || db_commit(db))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	struct db *db = open_ok(1);
	assert_true(db_was_unclean(db));
	assert_int_equal(number(db, COUNT), 1);
	db_close(db);
	db = open_ok(1);
	assert_false(db_was_unclean(db));
	db_close(db);
}

static void test_checkpoint(void **state)
{
	struct db *db = open_ok(1);

	(void)state;
	add_all(db, 1, 1000);
	assert_true(db_wal_bytes(db) > 50 * PAGE);
	assert_int_equal(db_checkpoint(db, false), 0);
	assert_int_equal(db_wal_bytes(db), 0);
	add_all(db, 1001, 1);
	assert_in_range(db_wal_bytes(db), 1, 20 * PAGE); /* although the file keeps its length */
	assert_int_equal(db_checkpoint(db, true), 0);
	assert_int_equal(db_wal_bytes(db), 0);
	db_close(db);
}

/* S12: a copy in slices while rows are added; it is whole, and has them. */
static void test_backup(void **state)
{
	char copy[TEMPDIR_PATH_MAX], part[TEMPDIR_PATH_MAX];
	struct db_backup *backup = NULL;
	struct db *db = open_ok(1);
	int r, n_slices = 0;

	(void)state;
	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	snprintf(part, sizeof(part), "%s/copy.db.part", dir);
	add_all(db, 1, MANY);
	assert_int_equal(db_backup_open(db, copy, &backup), 0);
	while ((r = db_backup_step(backup, 20)) == 1)
		add_all(db, MANY + ++n_slices, 1);
	assert_int_equal(r, 0);
	assert_true(n_slices > 5);
	assert_int_equal(db_backup_close(backup), 0);

	assert_int_equal(db_backup_open(db, copy, &backup), 0);
	assert_int_equal(db_backup_step(backup, 1), 1);
	assert_int_equal(db_backup_close(backup), 0); /* broken off: the copy of before stays */
	assert_int_not_equal(access(part, F_OK), 0);
	db_close(db);

	snprintf(path, sizeof(path), "%s", copy);
	db = open_ok(1);
	assert_int_equal(number(db, COUNT), MANY + n_slices);
	db_close(db);
	assert_int_equal(db_backup_close(NULL), 0);
}

struct seen {
	bool row[MANY + 1];
	int n;
};

static int note(void *context, struct db_query *row)
{
	struct seen *seen = context;
	int64_t n = db_get_int(row);

	if (n >= 1 && n <= MANY && !seen->row[n]) {
		seen->row[n] = true;
		seen->n++;
	}
	return 0;
}

static int refuse(void *context, struct db_query *row)
{
	(void)context;
	(void)row;
	return STORE_ERR_FULL;
}

static void test_salvage(void **state)
{
	static const char select[] = "SELECT n, word FROM t WHERE n";
	static const struct {
		const char *name;
		long pages[3]; /* destroyed; 0: none */
		int at_least, at_most;
	} row[] = {
		{ "whole", { 0 }, MANY, MANY },
		{ "three pages", { 100, 200, 300 }, MANY - 600, MANY - 1 },
		{ "a page near each end", { 9, 290, 0 }, MANY - 600, MANY - 1 },
	};
	static struct seen seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		unlink(path);
		struct db *db = open_ok(1);
		add_all(db, 1, MANY);
		db_close(db);
		for (int j = 0; j < 3 && row[i].pages[j]; j++)
			assert_int_equal(
				tempdir_overwrite(path, row[i].pages[j] * PAGE, PAGE, 0xff), 0);
		seen = (struct seen){ .n = 0 };
		assert_true(db_salvage(path, select, note, &seen) >= seen.n);
		if (seen.n < row[i].at_least || seen.n > row[i].at_most)
			fail_msg("%s: %d rows", row[i].name, seen.n);
	}
	assert_int_equal(db_salvage(path, select, refuse, NULL), STORE_ERR_FULL);
	write_file(path, "nothing", 7);
	assert_int_equal(db_salvage(path, select, note, &seen), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(db_salvage(path, select, note, &seen), 0);
	assert_int_not_equal(access(path, F_OK), 0); /* and made none */
}

static void test_texts(void **state)
{
	static const int errs[] = { STORE_ERR_IO, STORE_ERR_FULL, STORE_ERR_DAMAGED,
		STORE_ERR_MEMORY, STORE_ERR_REHEARSAL, STORE_ERR_NEWER, STORE_ERR_EXISTS };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errs); i++) {
		assert_true(store_err_text(errs[i])[0] != '\0');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(store_err_text(errs[i]), store_err_text(errs[j]));
	}
	assert_string_equal(store_err_text(0), "no error");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_pragmas),
		IN_FOLDER(test_values),
		IN_FOLDER(test_transactions),
		IN_FOLDER(test_migrations),
		IN_FOLDER(test_rehearsal),
		IN_FOLDER(test_damaged),
		IN_FOLDER(test_not_ours),
		IN_FOLDER(test_unclean),
		IN_FOLDER(test_checkpoint),
		IN_FOLDER(test_backup),
		IN_FOLDER(test_salvage),
		cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
