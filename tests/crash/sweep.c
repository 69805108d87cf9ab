/* SPDX-License-Identifier: EUPL-1.2 */
#include "crash/sweep.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

#define ORDINARY "unix" /* never ours: what looks must leave no trace */
#define SEEN_SLOTS (1u << 21) /* of images already opened; a power of two */

struct sweep {
	const struct sweep_work *work;
	struct powerloss *record;
	char dir[SWEEP_PATH_MAX], image[SWEEP_PATH_MAX], second[SWEEP_PATH_MAX];
	int n_steps;
	uint64_t after
		[SWEEP_STEPS_MAX]; /* what the database held after each step; [0] before the first */
	uint64_t *seen;
	struct sweep_result result;
};

/* ---- databases -------------------------------------------------------------------------------- */

static sqlite3 *open_to_look(const char *path)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, ORDINARY) != SQLITE_OK)
		fail_msg("%s doesn't open: %s", path, sqlite3_errmsg(db));
	sqlite3_busy_timeout(db, 5000);
	return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	return stmt;
}

static void close_db(sqlite3 *db)
{
	/* Looking must not be what moves the WAL into the file. */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return (h ^ len) * UINT64_C(1099511628211);
}

static uint64_t hash_rows(sqlite3 *db, const char *sql, uint64_t h)
{
	sqlite3_stmt *stmt = prepare(db, sql);
	int r;

	while ((r = sqlite3_step(stmt)) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			int type = sqlite3_column_type(stmt, i);
			h = mix(h, &type, sizeof(type));
			const void *bytes = sqlite3_column_blob(stmt, i);
			h = mix(h, bytes, (size_t)sqlite3_column_bytes(stmt, i));
		}
	if (r != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_finalize(stmt);
	return h;
}

/* A cut may come before the first table was made. */
static bool has_tables(sqlite3 *db)
{
	sqlite3_stmt *stmt = prepare(db, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'");
	bool has = sqlite3_step(stmt) == SQLITE_ROW;

	(void)sqlite3_finalize(stmt);
	return has;
}

uint64_t sweep_hash(const char *path, const char *what)
{
	uint64_t h = UINT64_C(14695981039346656037);

	if (access(path, F_OK) < 0)
		return h; /* as an empty one */
	sqlite3 *db = open_to_look(path);
	if (what && !has_tables(db)) {
		close_db(db);
		return h;
	}
	if (what) {
		h = hash_rows(db, what, h);
		close_db(db);
		return h;
	}
	sqlite3_stmt *tables =
		prepare(db, "SELECT format('SELECT * FROM %Q', name), sql FROM sqlite_schema"
			    " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
	while (sqlite3_step(tables) == SQLITE_ROW) {
		h = mix(h, sqlite3_column_blob(tables, 1), (size_t)sqlite3_column_bytes(tables, 1));
		h = hash_rows(db, (const char *)sqlite3_column_text(tables, 0), h);
	}
	(void)sqlite3_finalize(tables);
	close_db(db);
	return h;
}

void sweep_integrity(const char *path)
{
	sqlite3 *db = open_to_look(path);
	sqlite3_stmt *stmt = prepare(db, "PRAGMA integrity_check");

	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	const char *says = (const char *)sqlite3_column_text(stmt, 0);
	if (strcmp(says, "ok") != 0)
		fail_msg("%s: %s", path, says);
	(void)sqlite3_finalize(stmt);
	close_db(db);
}

int64_t sweep_number(const char *path, const char *sql)
{
	sqlite3 *db = open_to_look(path);
	sqlite3_stmt *stmt = prepare(db, sql);
	int64_t n = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;

	(void)sqlite3_finalize(stmt);
	close_db(db);
	return n;
}

void sweep_exec(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(
		sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, ORDINARY),
		SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", path, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- folders ---------------------------------------------------------------------------------- */

void sweep_folder(char *ret_dir)
{
	static const char *const where[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < ARRAY_LEN(where); i++) {
		(void)snprintf(ret_dir, SWEEP_PATH_MAX, "%s/schoolpoort-crash-XXXXXX", where[i]);
		if (mkdtemp(ret_dir))
			return;
	}
	fail_msg("no folder for temporary files");
}

void sweep_folder_remove(const char *dir)
{
	DIR *d = opendir(dir);

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		(void)unlinkat(dirfd(d), e->d_name, 0);
	(void)closedir(d);
	(void)rmdir(dir);
}

const char *sweep_path(const char *dir, const char *name)
{
	static char ring[8][SWEEP_PATH_MAX + 64];
	static unsigned at;
	char *path = ring[at++ % 8];

	(void)snprintf(path, sizeof(ring[0]), "%s/%s", dir, name);
	return path;
}

/* ---- the sweep -------------------------------------------------------------------------------- */

static uint64_t held(const struct sweep *s, const char *dir)
{
	return sweep_hash(sweep_path(dir, s->work->file), s->work->what);
}

void sweep_told(struct sweep *s)
{
	assert_true(s->n_steps + 1 < SWEEP_STEPS_MAX);
	s->n_steps = powerloss_told(s->record);
	s->after[s->n_steps] = held(s, s->dir);
}

/* Return: false where such a folder was looked at before, with as many steps told. */
static bool is_new(struct sweep *s, uint64_t hash, int told)
{
	hash = (hash ^ (uint64_t)told) * UINT64_C(0x9e3779b97f4a7c15);
	hash += hash == 0;
	for (size_t at = hash % SEEN_SLOTS;; at = (at + 1) % SEEN_SLOTS) {
		if (s->seen[at] == hash)
			return false;
		if (s->seen[at] == 0) {
			s->seen[at] = hash;
			assert_true(++s->result.states < SEEN_SLOTS / 2);
			return true;
		}
	}
}

/* @more: another content that is as good; @nth: how often this folder has gone on, with this time. */
static void check(struct sweep *s, const char *dir, int told, uint64_t more, int nth)
{
	const char *path = sweep_path(dir, s->work->file);

	if (s->work->found)
		s->work->found(dir, told);
	s->work->recover(dir, told);
	sweep_integrity(path);
	uint64_t has = held(s, dir);
	if (has != more && has != s->after[told] &&
		(told == s->n_steps || has != s->after[told + 1]))
		fail_msg("the database holds neither what it held after step %d nor after the next",
			told);
	if (s->work->next) {
		s->work->next(dir, nth);
		sweep_integrity(path);
	}
}

/* Where a failed assertion happened: printed by itself, since it says nothing but a line. */
static char where[800];

static void say_where(const struct sweep *s, const char *what, const struct powerloss *record,
	size_t moment, uint64_t seed)
{
	(void)snprintf(where, sizeof(where), "%s: %s at moment %zu of %zu (%s), seed %llu",
		s->work->name, what, moment, powerloss_moments(record),
		powerloss_moment_text(record, moment), (unsigned long long)seed);
}

/* Where all is too much: moments far apart, the first and the last among them, others with each seed. */
static bool is_left_out(size_t moment, size_t n, uint64_t seeds, uint64_t most)
{
	uint64_t all = (n + 1) * seeds, z = (moment + 1) * UINT64_C(0x9e3779b97f4a7c15);

	if (most == 0 || all <= most || moment == 0 || moment == n)
		return false;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (z >> 20) % all >= most;
}

/* The power is back, the unit starts and goes on; and then it goes again. */
static struct powerloss *go_on(struct sweep *s, struct powerloss_image *image, int told)
{
	powerloss_image_write(image, s->second);
	struct powerloss *record = powerloss_start(s->second);
	s->work->recover(s->second, told);
	if (s->work->next) {
		s->work->next(s->second, 1);
		(void)powerloss_told(record);
	}
	powerloss_stop(record);
	return record;
}

static void check_second(struct sweep *s, struct powerloss_image *image, int told, bool told_next,
	uint64_t with_next)
{
	if (!is_new(s, powerloss_image_hash(image), 2 * told + told_next + SWEEP_STEPS_MAX))
		return;
	powerloss_image_write(image, s->image);
	if (!told_next) {
		check(s, s->image, told, with_next, 2);
		return;
	}
	/* Told once more: that and nothing else is right now. */
	uint64_t after = s->after[told], then = s->after[told + 1];
	s->after[told] = s->after[told + 1] = with_next;
	check(s, s->image, told, with_next, 2);
	s->after[told] = after;
	s->after[told + 1] = then;
}

static void second_cuts(
	struct sweep *s, struct powerloss_image *image, int told, const struct sweep_size *size)
{
	struct powerloss *record = go_on(s, image, told);
	uint64_t with_next = held(s, s->second), seeds = size->second_seeds;
	size_t n = powerloss_moments(record), length = strlen(where);
	int told_again;

	for (size_t moment = 0; moment <= n; moment++)
		for (uint64_t seed = 0;
			seed < seeds && !is_left_out(moment, n, seeds, size->second_most); seed++) {
			s->result.second_cuts++;
			struct powerloss_image *again =
				powerloss_cut(record, moment, seed, &told_again);
			(void)snprintf(where + length, sizeof(where) - length,
				"; then at moment %zu of %zu (%s), seed %llu", moment, n,
				powerloss_moment_text(record, moment), (unsigned long long)seed);
			check_second(s, again, told, told_again > 0, with_next);
			powerloss_image_destroy(again);
		}
	where[length] = '\0';
	powerloss_destroy(record);
}

static bool goes_on(size_t moment, uint64_t seed, const struct sweep_size *size)
{
	return size->every && moment % size->every == 0 &&
	       (seed + moment / size->every) % size->seeds < size->firsts;
}

static void first_cuts(struct sweep *s, const struct sweep_size *size)
{
	size_t n = powerloss_moments(s->record);
	int told;

	s->result.moments = n + 1;
	for (size_t moment = 0; moment <= n; moment++)
		for (uint64_t seed = 0;
			seed < size->seeds && !is_left_out(moment, n, size->seeds, size->most);
			seed++) {
			struct powerloss_image *image =
				powerloss_cut(s->record, moment, seed, &told);
			s->result.cuts++;
			say_where(s, "cut", s->record, moment, seed);
			if (is_new(s, powerloss_image_hash(image), told)) {
				powerloss_image_write(image, s->image);
				check(s, s->image, told, s->after[told], 1);
			}
			if (goes_on(moment, seed, size))
				second_cuts(s, image, told, size);
			powerloss_image_destroy(image);
		}
}

int sweep_teardown(void **state)
{
	(void)state;
	if (where[0])
		print_error("%s\n", where);
	where[0] = '\0';
	return 0;
}

struct sweep_result sweep_run(const struct sweep_work *work, const struct sweep_size *size)
{
	struct sweep *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->seen = calloc(SEEN_SLOTS, sizeof(*s->seen));
	assert_non_null(s->seen);
	s->work = work;
	sweep_folder(s->dir);
	sweep_folder(s->image);
	sweep_folder(s->second);
	(void)snprintf(where, sizeof(where), "%s: before a cut", work->name);
	if (work->prepare)
		work->prepare(s->dir);
	s->after[0] = held(s, s->dir);
	s->record = powerloss_start(s->dir);
	work->work(s, s->dir);
	powerloss_stop(s->record);
	first_cuts(s, size);
	struct sweep_result result = s->result;
	where[0] = '\0';
	powerloss_destroy(s->record);
	sweep_folder_remove(s->dir);
	sweep_folder_remove(s->image);
	sweep_folder_remove(s->second);
	free(s->seen);
	free(s);
	return result;
}

void sweep_add(struct sweep_result *to, struct sweep_result more)
{
	to->moments += more.moments;
	to->cuts += more.cuts;
	to->second_cuts += more.second_cuts;
	to->states += more.states;
}

void sweep_figures(const char *who, const struct sweep_result *total, const struct sweep_size *size,
	int failed)
{
	char setting[120];

	(void)snprintf(setting, sizeof(setting), "%s, %llu moments, %llu seeds%s", who,
		(unsigned long long)total->moments, (unsigned long long)size->seeds,
		size->most ? ", sampled" : ", all");
	printf("figure: power cuts %llu cuts (1 run, %s)\n", (unsigned long long)total->cuts,
		setting);
	if (total->second_cuts)
		printf("figure: second power cuts in the recovery %llu cuts (1 run, %s)\n",
			(unsigned long long)total->second_cuts, setting);
	if (failed)
		return;
	printf("figure: confirmed rows lost to power cuts 0 rows (%llu cuts, %s)\n",
		(unsigned long long)(total->cuts + total->second_cuts), setting);
	printf("figure: integrity_check not ok after power cuts 0 (%llu cuts, %s)\n",
		(unsigned long long)(total->cuts + total->second_cuts), setting);
}

struct sweep_size sweep_size(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "full") == 0)
		return (struct sweep_size){
			.seeds = 32, .firsts = 4, .every = 1, .second_seeds = 4
		};
	return (struct sweep_size){ .seeds = 4,
		.most = 64,
		.firsts = 1,
		.every = 23,
		.second_seeds = 2,
		.second_most = 24 };
}
