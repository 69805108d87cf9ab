/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * S11: the power cut in a migration leaves the old or the new schema whole, and what an earlier release left behind is opened,
 * migrated and complete; the release before opens what this one leaves, and writes into it, where the migration says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/gate_rows.h"
#include "crash/sweep.h"
#include "crash/versions.h"
#include "store/db.h"
#include "store/register_store.h"
#include "unit/unit.h"

#define VERSIONS_MAX 32
#define SCHEMA                                                                                     \
	"SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"   \
	" ORDER BY type, name"

static struct sweep_size size;
static struct sweep_result total;

/* Of the sweep that runs: the callbacks have no place for it. */
static const struct versions *which;
static int from;
static uint64_t schemas[VERSIONS_MAX]; /* of each version, made by the migrations alone */

static char *fixture(const struct versions *v, int version)
{
	char path[300];

	(void)snprintf(path, sizeof(path), TEST_SOURCE_DIR "/tests/crash/fixtures/%s-%d.sql",
		v->name, version);
	FILE *f = fopen(path, "re");
	if (!f)
		return NULL;
	char *text = calloc(1, 65536);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, f) > 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void load(const struct versions *v, int version, const char *dir)
{
	char *sql = fixture(v, version);

	if (!sql)
		fail_msg("no fixture of %s version %d", v->name, version);
	sweep_exec(sweep_path(dir, v->file), sql);
	free(sql);
}

static void learn_schemas(const struct versions *v)
{
	char dir[SWEEP_PATH_MAX];

	assert_true(v->newest < VERSIONS_MAX);
	for (int version = 1; version <= v->newest; version++) {
		struct db *db = NULL;
		sweep_folder(dir);
		assert_int_equal(v->open_as(sweep_path(dir, v->file), version, &db), 0);
		db_close(db);
		schemas[version] = sweep_hash(sweep_path(dir, v->file), SCHEMA);
		sweep_folder_remove(dir);
	}
}

static void open_store(const char *dir)
{
	struct register_store *r = NULL;
	struct roster *roster = NULL;

	if (which == &versions_gate) {
		gate_recover(dir, 0);
		return;
	}
	assert_int_equal(register_store_open(sweep_path(dir, REGISTER_STORE_FILE), false, &r), 0);
	assert_int_equal(
		register_store_roster(r, (struct civil_date){ 2026, 11, 23 }, 1, &roster), 0);
	roster_destroy(roster);
	register_store_close(r);
}

static void prepare(const char *dir)
{
	load(which, from, dir);
}

static void migrate(struct sweep *s, const char *dir)
{
	open_store(dir);
	sweep_told(s);
}

static void recover(const char *dir, int told)
{
	(void)told;
	open_store(dir);
}

/* Before anybody has opened it again. */
static void check_schema(const char *dir, int told)
{
	const char *path = sweep_path(dir, which->file);
	int64_t version = sweep_number(path, "PRAGMA user_version");

	if (told ? version != which->newest : version < from || version > which->newest)
		fail_msg("version %lld after the cut", (long long)version);
	if (sweep_hash(path, SCHEMA) != schemas[version])
		fail_msg("a half schema of version %lld", (long long)version);
}

static void sweep_migrations(const struct versions *v)
{
	which = v;
	learn_schemas(v);
	for (from = 1; from < v->newest; from++) {
		char name[64];
		char *there = fixture(v, from);
		assert_non_null(there);
		free(there);
		(void)snprintf(name, sizeof(name), "%s from version %d", v->name, from);
		struct sweep_work work = { .name = name,
			.file = v->file,
			.prepare = prepare,
			.work = migrate,
			.recover = recover,
			.next = v == &versions_gate ? gate_next : NULL,
			.found = check_schema };
		sweep_add(&total, sweep_run(&work, &size));
	}
}

static void s3_s4_s11_power_loss_migration_of_a_gate(void **state)
{
	(void)state;
	sweep_migrations(&versions_gate);
}

static void s3_s4_s11_power_loss_migration_of_the_register(void **state)
{
	(void)state;
	sweep_migrations(&versions_register);
}

/* Each version that has a fixture is what its migrations make: a released row was not edited. */
static void check_fixtures(const struct versions *v)
{
	char dir[SWEEP_PATH_MAX];

	which = v;
	learn_schemas(v);
	for (int version = 1; version <= v->newest; version++) {
		sweep_folder(dir);
		load(v, version, dir);
		if (sweep_hash(sweep_path(dir, v->file), SCHEMA) != schemas[version])
			fail_msg(
				"%s version %d was edited after it was released", v->name, version);
		open_store(dir);
		sweep_integrity(sweep_path(dir, v->file));
		assert_int_equal(
			sweep_number(sweep_path(dir, v->file), "PRAGMA user_version"), v->newest);
		assert_int_equal(
			sweep_number(sweep_path(dir, v->file), "SELECT count(*) FROM checkin"),
			v == &versions_gate ? 8 : 3);
		sweep_folder_remove(dir);
	}
}

static void s11_every_released_version_is_opened(void **state)
{
	(void)state;
	check_fixtures(&versions_gate);
	check_fixtures(&versions_register);
}

/* The rows of a fixture once more, as its program would write them: with the columns that it knows. */
static void write_as(const struct versions *v, int version, const char *path)
{
	char *sql = fixture(v, version), *save = NULL;
	struct db *db = NULL;
	int err = v->open_as(path, version, &db);

	if (err)
		fail_msg("%s version %d doesn't open %d: %s", v->name, version, v->newest,
			store_err_text(err));
	assert_non_null(sql);
	assert_int_equal(db_begin(db), 0);
	for (char *line = strtok_r(sql, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "INSERT INTO ", 12) == 0 && !strstr(line, "INTO meta"))
			if (db_exec(db, line))
				fail_msg("version %d can't write into %d: %s", version, v->newest,
					line);
	assert_int_equal(db_commit(db), 0);
	db_close(db);
	free(sql);
}

static void clear_rows(const struct versions *v, const char *path)
{
	static const char *const gate[] = { "checkin", "data" };
	static const char *const reg[] = { "pupil", "card", "timetable", "day_off", "excuse", "log",
		"number", "checkin", "refused", "mark", "alert", "journal", "timetable_day",
		"exported", "counts", "counts_group", "correction", "command_done" };
	const char *const *tables = v == &versions_gate ? gate : reg;
	char sql[64];

	for (size_t i = 0; i < (v == &versions_gate ? ARRAY_LEN(gate) : ARRAY_LEN(reg)); i++) {
		(void)snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
		sweep_exec(path, sql);
	}
}

static void check_back(const struct versions *v)
{
	char dir[SWEEP_PATH_MAX];

	which = v;
	for (int before = 1; before < v->newest; before++) {
		sweep_folder(dir);
		load(v, v->newest, dir);
		const char *path = sweep_path(dir, v->file);
		/* A migration that says otherwise is told from a disk that fails. */
		if (sweep_number(path, "SELECT value FROM meta WHERE key = 'readable_from'") >
			before) {
			struct db *db = NULL;
			assert_int_equal(v->open_as(path, before, &db), STORE_ERR_NEWER);
			sweep_folder_remove(dir);
			continue;
		}
		clear_rows(v, path);
		write_as(v, before, sweep_path(dir, v->file));
		open_store(dir);
		sweep_integrity(sweep_path(dir, v->file));
		assert_int_equal(
			sweep_number(sweep_path(dir, v->file), "PRAGMA user_version"), v->newest);
		assert_int_equal(
			sweep_number(sweep_path(dir, v->file), "SELECT count(*) FROM checkin"),
			v == &versions_gate ? 8 : 3);
		sweep_folder_remove(dir);
	}
}

static void s11_the_release_before_opens_what_this_one_leaves(void **state)
{
	(void)state;
	check_back(&versions_gate);
	check_back(&versions_register);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(s11_every_released_version_is_opened, sweep_teardown),
		cmocka_unit_test_teardown(
			s11_the_release_before_opens_what_this_one_leaves, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_s11_power_loss_migration_of_a_gate, sweep_teardown),
		cmocka_unit_test_teardown(
			s3_s4_s11_power_loss_migration_of_the_register, sweep_teardown),
	};

	size = sweep_size(argc, argv);
	if (size.most)
		size.most = 40; /* there are many of them */
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sweep_figures("migrations", &total, &size, failed);
	return failed;
}
