/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The VFS that loses power, proved by programs that are known to be careless: whoever doesn't sync must be seen to lose.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/powerloss.h"
#include "crash/sweep.h"
#include "unit/unit.h"

#define SEEDS 12
#define ROWS 6

/* What a sweep over a piece of work has met; each is a number of cuts. */
struct met {
	int cuts, lost, damaged, torn, kept_untold;
};

static char live[SWEEP_PATH_MAX], image_dir[SWEEP_PATH_MAX];

static int setup(void **state)
{
	(void)state;
	sweep_folder(live);
	sweep_folder(image_dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sweep_folder_remove(live);
	sweep_folder_remove(image_dir);
	return 0;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* Rows 1 to ROWS, each told once its COMMIT returned; on a table that is there already. */
static struct powerloss *record_rows(const char *pragmas)
{
	char sql[200];
	sqlite3 *db = NULL;

	sweep_exec(sweep_path(live, "t.db"), "PRAGMA journal_mode=WAL; CREATE TABLE t(n INTEGER, b "
					     "BLOB); CREATE INDEX i ON t(b)");
	struct powerloss *p = powerloss_start(live);
	assert_int_equal(sqlite3_open(sweep_path(live, "t.db"), &db), SQLITE_OK);
	run(db, pragmas);
	for (int i = 1; i <= ROWS; i++) {
		(void)snprintf(
			sql, sizeof(sql), "INSERT INTO t VALUES(%d, zeroblob(1500 + %d))", i, i);
		run(db, sql);
		assert_int_equal(powerloss_told(p), i);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	powerloss_stop(p);
	return p;
}

/* Return: how many rows there are, or -1 where the database is damaged. */
static int rows_after(const struct powerloss_image *image)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int n = -1;

	powerloss_image_write(image, image_dir);
	assert_int_equal(sqlite3_open(sweep_path(image_dir, "t.db"), &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db,
		    "SELECT CASE (SELECT integrity_check FROM pragma_integrity_check(1))"
		    " WHEN 'ok' THEN (SELECT count(*) FROM t) ELSE -1 END",
		    -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

static struct met sweep(const struct powerloss *p)
{
	struct met met = { 0 };
	int told;

	for (size_t moment = 0; moment <= powerloss_moments(p); moment++)
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct powerloss_image *image = powerloss_cut(p, moment, seed, &told);
			int n = rows_after(image);
			met.cuts++;
			met.damaged += n < 0;
			met.lost += n >= 0 && n < told;
			met.kept_untold += n > told;
			powerloss_image_destroy(image);
		}
	return met;
}

static void test_full_loses_nothing(void **state)
{
	(void)state;
	struct powerloss *p = record_rows("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=7");
	struct met met = sweep(p);

	assert_int_equal(met.lost, 0);
	assert_int_equal(met.damaged, 0);
	assert_true(met.kept_untold > 0); /* written, and not yet told */
	assert_true(powerloss_syncs(p) >= ROWS);
	powerloss_destroy(p);
}

/* The same with a sync too few: the loss must be seen. */
static void test_normal_is_seen_to_lose(void **state)
{
	(void)state;
	struct powerloss *p = record_rows("PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=7");
	struct met met = sweep(p);

	assert_true(met.lost > 0);
	assert_int_equal(met.damaged, 0); /* it forgets, but what it has is whole */
	powerloss_destroy(p);
}

static void test_off_is_seen_to_break(void **state)
{
	(void)state;
	struct powerloss *p = record_rows("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=7");
	struct met met = sweep(p);

	assert_true(met.lost > 0);
	assert_true(met.damaged > 0);
	assert_int_equal(powerloss_syncs(p), 0);
	powerloss_destroy(p);
}

/* The first seeds are the ends: all that was written, as after the death of the process alone; and only what was synced. */
static void test_ends(void **state)
{
	(void)state;
	struct powerloss *p = record_rows("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0");
	int told;

	for (size_t moment = 0; moment <= powerloss_moments(p); moment++) {
		struct powerloss_image *image =
			powerloss_cut(p, moment, POWERLOSS_EVERYTHING, &told);
		assert_true(rows_after(image) >= told);
		powerloss_image_destroy(image);
		image = powerloss_cut(p, moment, POWERLOSS_NOTHING_MORE, &told);
		assert_int_equal(rows_after(image), 0);
		powerloss_image_destroy(image);
		/* And each seed is the same every time. */
		struct powerloss_image *one = powerloss_cut(p, moment, 7, &told),
				       *two = powerloss_cut(p, moment, 7, &told);
		assert_true(powerloss_image_hash(one) == powerloss_image_hash(two));
		powerloss_image_destroy(one);
		powerloss_image_destroy(two);
	}
	powerloss_destroy(p);
}

/* ---- names, and bytes without SQLite ------------------------------------------------------------- */

static void put_file(const char *dir, const char *name, char with, size_t len)
{
	char bytes[20000];
	int fd = open(sweep_path(dir, name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && len <= sizeof(bytes));
	memset(bytes, with, len);
	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	assert_int_equal(close(fd), 0);
}

/* What @name begins with after this cut: '-' not there, '0' empty. */
static char first_byte(
	const struct powerloss *p, size_t moment, uint64_t seed, const char *name, size_t *ret_len)
{
	char bytes[20000] = "0";
	int told;
	struct powerloss_image *image = powerloss_cut(p, moment, seed, &told);

	powerloss_image_write(image, image_dir);
	powerloss_image_destroy(image);
	int fd = open(sweep_path(image_dir, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '-';
	ssize_t n = read(fd, bytes, sizeof(bytes));
	assert_true(n >= 0);
	assert_int_equal(close(fd), 0);
	*ret_len = (size_t)n;
	return bytes[0];
}

static void replace(bool sync_folder)
{
	assert_int_equal(rename(sweep_path(live, "new"), sweep_path(live, "file")), 0);
	if (!sync_folder)
		return;
	int fd = open(live, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(close(fd), 0);
}

static void test_rename_without_a_folder_sync_is_lost(void **state)
{
	size_t len;

	(void)state;
	for (int sync_folder = 0; sync_folder < 2; sync_folder++) {
		put_file(live, "file", 'a', 100);
		put_file(live, "new", 'b', 100);
		struct powerloss *p = powerloss_start(live);
		replace(sync_folder);
		powerloss_stop(p);
		size_t end = powerloss_moments(p);
		assert_int_equal(end, 1 + sync_folder);
		char want = sync_folder ? 'b' : 'a';
		assert_int_equal(first_byte(p, end, POWERLOSS_NOTHING_MORE, "file", &len), want);
		assert_int_equal(first_byte(p, end, POWERLOSS_EVERYTHING, "file", &len), 'b');
		assert_int_equal(first_byte(p, end, POWERLOSS_EVERYTHING, "new", &len), '-');
		powerloss_destroy(p);
	}
}

static void test_deletion_may_be_undone(void **state)
{
	size_t len;

	(void)state;
	put_file(live, "file", 'a', 100);
	struct powerloss *p = powerloss_start(live);
	assert_int_equal(unlink(sweep_path(live, "file")), 0);
	powerloss_stop(p);
	assert_int_equal(first_byte(p, 1, POWERLOSS_NOTHING_MORE, "file", &len), 'a');
	assert_int_equal(first_byte(p, 1, POWERLOSS_EVERYTHING, "file", &len), '-');
	powerloss_destroy(p);
}

/* SQLite itself syncs the folder once it has made a WAL: its name must be safe with the first commit. */
static void test_sqlite_syncs_its_folder(void **state)
{
	(void)state;
	size_t len;
	struct powerloss *p = record_rows("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0");
	bool found = false;

	for (size_t i = 0; i < powerloss_moments(p); i++)
		found = found || strncmp(powerloss_moment_text(p, i), "sync folder", 11) == 0;
	assert_true(found);
	size_t last = powerloss_moments(p) - 1; /* the WAL's deletion at close */
	assert_int_not_equal(first_byte(p, last, POWERLOSS_NOTHING_MORE, "t.db-wal", &len), '-');
	powerloss_destroy(p);
}

/* A write of 16 KB over old bytes: all old, all new, and torn between sectors, never within one. */
static void test_writes_are_torn_at_sectors(void **state)
{
	int torn_512 = 0, torn_4096 = 0, old = 0, new = 0;
	char bytes[20000];
	int told;

	(void)state;
	put_file(live, "file", 'a', 16384);
	struct powerloss *p = powerloss_start(live);
	put_file(live, "file", 'b', 16384);
	powerloss_stop(p);
	assert_int_equal(powerloss_moments(p), 1);
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct powerloss_image *image = powerloss_cut(p, 0, seed, &told);
		powerloss_image_write(image, image_dir);
		powerloss_image_destroy(image);
		int fd = open(sweep_path(image_dir, "file"), O_RDONLY | O_CLOEXEC);
		assert_int_equal(read(fd, bytes, sizeof(bytes)), 16384);
		assert_int_equal(close(fd), 0);
		int n_new = 0, changes = 0;
		for (int i = 0; i < 16384; i++) {
			n_new += bytes[i] == 'b';
			if (i > 0 && bytes[i] != bytes[i - 1]) {
				assert_int_equal(i % 512, 0);
				changes |= i % 4096 ? 1 : 2;
			}
		}
		old += n_new == 0;
		new += n_new == 16384;
		torn_512 += (changes & 1) != 0;
		torn_4096 += changes == 2;
	}
	assert_true(old > 0 && new > 0 && torn_512 > 0 && torn_4096 > 0);
	powerloss_destroy(p);
}

/* What a failed sync dropped stays lost after a sync that succeeds; what is written again does not. */
static void test_failed_sync_drops_for_good(void **state)
{
	size_t len = 0;

	(void)state;
	for (int again = 0; again < 2; again++) {
		put_file(live, "file", 'a', 100);
		struct powerloss *p = powerloss_start(live);
		powerloss_fail_sync(p, 1);
		put_file(live, "file", 'b', 100);
		int fd = open(sweep_path(live, "file"), O_RDWR | O_CLOEXEC);
		assert_int_equal(fdatasync(fd), -1);
		if (again)
			put_file(live, "file", 'b', 100);
		assert_int_equal(fdatasync(fd), 0);
		assert_int_equal(close(fd), 0);
		powerloss_stop(p);
		size_t end = powerloss_moments(p);
		char want = again ? 'b' : 'a';
		assert_int_equal(first_byte(p, end, POWERLOSS_NOTHING_MORE, "file", &len), want);
		assert_int_equal(first_byte(p, end, POWERLOSS_EVERYTHING, "file", &len), 'b');
		powerloss_destroy(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_normal_is_seen_to_lose, setup, teardown),
		cmocka_unit_test_setup_teardown(test_off_is_seen_to_break, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_rename_without_a_folder_sync_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deletion_may_be_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sqlite_syncs_its_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writes_are_torn_at_sectors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_sync_drops_for_good, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
