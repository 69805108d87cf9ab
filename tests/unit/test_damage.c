/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * S9: databases damaged in every way that files are damaged: bytes flipped, pages destroyed, cut, emptied, replaced by
 * something else, and their WAL likewise. Both stores open each time, within 10 s; what they took over is true.
 *
 * `test_damage 17` shows one variant; `all` takes each for the register too, instead of every third.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/kiosk_store.h"
#include "store/register_store.h"
#include "unit/tempdir.h"
#include "unit/unit.h"

#define VARIANTS 200
#define ROWS 1200
#define IN_WAL 60
#define PUPILS 300
#define OPEN_MAX_S 10.0
#define DAY 20780 /* 2026-11-23 */
#define DAY_MS (DAY * INT64_C(86400000))
#define BYTES_MAX (4 << 20)

static char dir[TEMPDIR_MAX];
static int only = -1, stride = 3;

struct file {
	size_t len;
	unsigned char bytes[BYTES_MAX];
};

static struct file base, base_wal, damaged, damaged_wal;

static void read_all(const char *path, struct file *ret)
{
	FILE *f = fopen(path, "r");

	ret->len = f ? fread(ret->bytes, 1, sizeof(ret->bytes), f) : 0;
	assert_true(ret->len < sizeof(ret->bytes));
	if (f)
		assert_int_equal(fclose(f), 0);
}

static void write_all(const char *path, const struct file *from)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(from->bytes, 1, from->len, f), from->len);
	assert_int_equal(fclose(f), 0);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static void flip(struct file *f, uint32_t *seed, size_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n && f->len > from; i++)
		f->bytes[from + next(seed) % (f->len - from)] ^=
			(unsigned char)(1U << next(seed) % 8);
}

static void destroy_pages(struct file *f, uint32_t *seed, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t at = next(seed) % (f->len / 4096) * 4096;
		uint32_t how = next(seed) % 3;
		for (size_t b = 0; b < 4096; b++)
			f->bytes[at + b] = how == 0   ? 0
					   : how == 1 ? 0xff
						      : (unsigned char)next(seed);
	}
}

/* One way in which a file is damaged. Return: its name. */
static const char *damage(int variant)
{
	uint32_t seed = (uint32_t)variant * 2654435761U + 1;

	damaged = base;
	damaged_wal = base_wal;
	switch (variant % 10) {
	case 0:
		flip(&damaged, &seed, 0, 1 + next(&seed) % 64);
		return "bytes flipped";
	case 1:
		flip(&damaged, &seed, 0, 500);
		return "many bytes flipped";
	case 2:
		destroy_pages(&damaged, &seed, 1 + next(&seed) % 3);
		return "pages destroyed";
	case 3:
		destroy_pages(&damaged, &seed, 10);
		return "many pages destroyed";
	case 4:
		damaged.len = next(&seed) % damaged.len;
		return "cut";
	case 5:
		damaged.len = damaged.len / 4096 / 2 * 4096;
		damaged_wal.len = 0;
		return "cut at a page, without its WAL";
	case 6:
		flip(&damaged_wal, &seed, 0, 1 + next(&seed) % 32);
		return "WAL flipped";
	case 7:
		damaged_wal.len = next(&seed) % damaged_wal.len;
		destroy_pages(&damaged, &seed, next(&seed) % 2);
		return "WAL cut";
	case 8:
		flip(&damaged, &seed, 0, 2000);
		for (size_t i = 0; i < 100; i++)
			damaged.bytes[i] = (unsigned char)next(&seed);
		return "head gone";
	default:
		if (variant % 20 < 10) {
			damaged.len = 0;
			return "empty";
		}
		for (size_t i = 0; i < damaged.len; i++)
			damaged.bytes[i] = (unsigned char)next(&seed);
		return "not a database";
	}
}

static void put_damaged(const char *name)
{
	char path[TEMPDIR_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	write_all(path, &damaged);
	snprintf(path, sizeof(path), "%s/%s-wal", dir, name);
	if (damaged_wal.len)
		write_all(path, &damaged_wal);
}

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start_over(void)
{
	if (dir[0])
		tempdir_remove(dir);
	assert_int_equal(tempdir_make(dir), 0);
}

/* In a process that ends without closing: so the last rows are in the WAL alone. */
static void make_base(void (*fill)(const char *path), const char *name)
{
	char path[TEMPDIR_PATH_MAX];
	int status;

	start_over();
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fill(path);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	read_all(path, &base);
	snprintf(path, sizeof(path), "%s/%s-wal", dir, name);
	read_all(path, &base_wal);
	assert_true(base.len > 25 * 4096 && base_wal.len > 4096);
}

static struct uuid uuid_of(int kind, int n)
{
	struct uuid u = { { 0xfe, (uint8_t)kind, (uint8_t)(n >> 8), (uint8_t)n, 1, 2, 3, 4, 5, 6, 7,
		8 } };

	return u;
}

static struct checkin checkin_of(int n)
{
	struct checkin c = { .id = uuid_of(1, n),
		.log = uuid_of(9, 1),
		.seq = n,
		.revision = 1,
		.result = CHECKIN_PRESENT,
		.at_ms = DAY_MS + n * INT64_C(1000),
		.clock = CHECKIN_CLOCK_TRUSTED,
		.boot = uuid_of(2, 1),
		.boot_ms = n,
		.pupil = n % PUPILS + 1,
		.half = HALFDAY_AM };

	c.date = civil_date_of_day(DAY);
	c.card.b[0] = 1;
	snprintf(c.gate, sizeof(c.gate), "gate-1");
	return c;
}

/* ---- the gate ---- */

static void fill_gate(const char *path)
{
	struct kiosk_store *s = NULL;
	static struct checkin rows[ROWS];

	for (int i = 0; i < ROWS; i++)
		rows[i] = checkin_of(i + 1);
	if (kiosk_store_open(path, false, uuid_of(9, 1), &s) ||
		kiosk_store_add(s, rows, ROWS - IN_WAL) || kiosk_store_checkpoint(s))
		_exit(1);
	for (int i = ROWS - IN_WAL; i < ROWS; i++)
		if (kiosk_store_add(s, &rows[i], 1))
			_exit(2);
}

/* Return: how many of the ids that were there are there. */
static int check_gate_rows(struct kiosk_store *s, const char *what, int variant)
{
	static struct checkin rows[ROWS + 100];
	static bool seen[ROWS + 1];
	int known = 0;
	int n = kiosk_store_unconfirmed(s, 1, "gate-1", rows, ARRAY_LEN(rows));

	if (n < 0)
		fail_msg("%s (%d): rows can't be read", what, variant);
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < n; i++) {
		assert_int_equal(rows[i].seq, i + 1);
		int id = rows[i].id.b[2] << 8 | rows[i].id.b[3];
		if (id < 1 || id > ROWS || !uuid_equal(rows[i].id, uuid_of(1, id)))
			continue; /* a byte flipped in an id: nobody can know */
		assert_false(seen[id]);
		seen[id] = true;
		known++;
	}
	return known;
}

static void s9_gate_opens_with_each_damaged_database(void **state)
{
	char path[TEMPDIR_PATH_MAX];
	double slowest = 0;
	int recovered = 0;
	long kept = 0;

	(void)state;
	make_base(fill_gate, KIOSK_STORE_FILE);
	for (int v = only < 0 ? 0 : only; v < (only < 0 ? VARIANTS : only + 1); v++) {
		struct kiosk_store *s = NULL;
		start_over();
		const char *what = damage(v);
		put_damaged(KIOSK_STORE_FILE);
		snprintf(path, sizeof(path), "%s/" KIOSK_STORE_FILE, dir);
		double start = seconds();
		int err = kiosk_store_open(path, false, uuid_of(9, 2), &s);
		if (err)
			fail_msg("%s (%d): %s", what, v, store_err_text(err));
		struct checkin one = checkin_of(ROWS + 1 + v);
		one.id = uuid_of(7, v);
		assert_int_equal(kiosk_store_add(s, &one, 1), 0);
		double took = seconds() - start;
		slowest = took > slowest ? took : slowest;
		const struct kiosk_store_info *info = kiosk_store_info(s);
		/* New numbers exactly where the old ones can't be trusted. */
		assert_int_equal(info->recovered, uuid_equal(info->log, uuid_of(9, 2)));
		recovered += info->recovered;
		kept += check_gate_rows(s, what, v);
		bool was = info->recovered;
		kiosk_store_close(s);
		assert_int_equal(kiosk_store_open(path, false, uuid_of(9, 3), &s), 0);
		if (was && kiosk_store_info(s)->recovered)
			fail_msg("%s (%d): recovered twice", what, v);
		kiosk_store_close(s);
	}
	assert_true(slowest < OPEN_MAX_S);
	printf("figure: damaged gate database until a tap is stored, slowest %.0f ms (%d variants, "
	       "%d recovered, %ld of %ld rows kept)\n",
		1000 * slowest, VARIANTS, recovered, kept, (long)VARIANTS * ROWS);
}

/* ---- the register ---- */

static int put_roster(struct register_store *s)
{
	struct roster_pupil *p = calloc(1, sizeof(*p));
	int err = p ? 0 : STORE_ERR_MEMORY;

	for (int i = 1; !err && i <= PUPILS; i++) {
		struct roster_card card = { .pupil = i };
		p->id = i;
		snprintf(p->last_name, sizeof(p->last_name), "Invented %d", i);
		snprintf(p->first_name, sizeof(p->first_name), "Pupil %d", i);
		snprintf(p->class_name, sizeof(p->class_name), "%dA", i / 20 + 1);
		card.hash.b[0] = (uint8_t)i;
		card.hash.b[1] = (uint8_t)(i >> 8);
		card.hash.b[5] = 9;
		err = register_store_pupil_put(s, p);
		if (!err)
			err = register_store_card_put(s, &card);
	}
	free(p);
	return err;
}

static void fill_register(const char *path)
{
	static struct timetable_row rows[10];
	struct register_store *s = NULL;
	int64_t through;

	for (int i = 0; i < 10; i++) {
		rows[i] = (struct timetable_row){ .weekday = i / 2,
			.half = i % 2 ? HALFDAY_PM : HALFDAY_AM,
			.slot = { 30000, 40000 } };
		snprintf(rows[i].class_name, sizeof(rows[i].class_name), "*");
	}
	if (register_store_open(path, false, &s) || register_store_begin(s) || put_roster(s) ||
		register_store_timetable_replace(s, rows, 10) || register_store_end(s, 0) ||
		register_store_checkpoint(s, true))
		_exit(1);
	for (int i = 1; i <= ROWS; i++) {
		struct checkin c = checkin_of(i);
		if (i == ROWS - IN_WAL &&
			(register_store_end(s, 0) || register_store_checkpoint(s, true)))
			_exit(2);
		if (register_store_begin(s) || register_store_checkin_put(s, &c, DAY, DAY_MS) ||
			register_store_number_put(s, c.log, c.seq, c.gate, &c.id, &through))
			_exit(3);
	}
	if (register_store_end(s, 0))
		_exit(4);
}

static int count(void *ctx, const struct checkin *c, int64_t received_ms)
{
	(void)c;
	(void)received_ms;
	++*(int *)ctx;
	return 0;
}

/* What decides over pupils is whole, or said to be lost; and no gate is believed to have delivered. */
static void check_rescued(struct register_store *s, const char *what, int v)
{
	struct register_store_rescue rescue;
	int64_t through = -1;

	assert_int_equal(register_store_rescue(s, &rescue), 0);
	assert_true(rescue.now && rescue.refilling && rescue.revision_base >= 1000);
	assert_int_equal(register_store_through(s, uuid_of(9, 1), &through), 0);
	assert_int_equal(through, 0);
	if (register_store_number(s, REGISTER_STORE_PUPILS) < PUPILS &&
		!(rescue.lost & REGISTER_LOST_PUPILS))
		fail_msg("%s (%d): pupils are gone without a word", what, v);
	if (register_store_number(s, REGISTER_STORE_CARDS) < PUPILS &&
		!(rescue.lost & (REGISTER_LOST_CARDS | REGISTER_LOST_PUPILS)))
		fail_msg("%s (%d): cards are gone without a word", what, v);
}

static void s9_register_opens_with_each_damaged_database(void **state)
{
	char path[TEMPDIR_PATH_MAX];
	int rescued = 0;
	long kept = 0;
	double slowest = 0;

	(void)state;
	make_base(fill_register, REGISTER_STORE_FILE);
	for (int v = only < 0 ? 0 : only; v < (only < 0 ? VARIANTS : only + 1); v += stride) {
		struct register_store *s = NULL;
		struct register_store_rescue rescue;
		struct roster *roster = NULL;
		int n = 0;
		start_over();
		const char *what = damage(v);
		put_damaged(REGISTER_STORE_FILE);
		snprintf(path, sizeof(path), "%s/" REGISTER_STORE_FILE, dir);
		double start = seconds();
		int err = register_store_open(path, false, &s);
		if (err)
			fail_msg("%s (%d): %s", what, v, store_err_text(err));
		double took = seconds() - start;
		slowest = took > slowest ? took : slowest;
		assert_int_equal(register_store_rescue(s, &rescue), 0);
		if (rescue.now) {
			check_rescued(s, what, v);
			err = register_store_roster(s, civil_date_of_day(DAY), DAY_MS, &roster);
			if (err)
				fail_msg("%s (%d): no roster", what, v);
			roster_destroy(roster);
			assert_int_equal(register_store_each_checkin(s, DAY, count, &n), 0);
			rescued++;
			kept += n;
		}
		register_store_close(s);
	}
	assert_true(slowest < OPEN_MAX_S);
	printf("figure: damaged register database until it is open, slowest %.0f ms (%d variants, "
	       "%d rescued, %ld of %ld check-ins of those kept)\n",
		1000 * slowest, (VARIANTS + stride - 1) / stride, rescued, kept,
		(long)rescued * ROWS);
}

/* The backup of last night fills what the damaged file has lost, and is no reason for certainty. */
static void s9_register_takes_from_the_backup(void **state)
{
	char path[TEMPDIR_PATH_MAX], backup[TEMPDIR_PATH_MAX];
	struct register_store *s = NULL;
	struct register_store_rescue rescue;

	(void)state;
	start_over();
	snprintf(path, sizeof(path), "%s/" REGISTER_STORE_FILE, dir);
	snprintf(backup, sizeof(backup), "%s/" REGISTER_STORE_FILE ".backup", dir);
	assert_int_equal(register_store_open(path, false, &s), 0);
	assert_int_equal(register_store_begin(s), 0);
	assert_int_equal(put_roster(s), 0);
	assert_int_equal(register_store_end(s, 0), 0);
	assert_int_equal(register_store_backup(s, backup), 0);
	register_store_close(s);
	assert_int_equal(truncate(path, 5000), 0);
	assert_int_equal(register_store_open(path, false, &s), 0);
	assert_int_equal(register_store_number(s, REGISTER_STORE_PUPILS), PUPILS);
	assert_int_equal(register_store_number(s, REGISTER_STORE_CARDS), PUPILS);
	assert_int_equal(register_store_rescue(s, &rescue), 0);
	assert_true(rescue.from_backup && rescue.lost == REGISTER_LOST_ALL);
	register_store_close(s);
	assert_int_equal(register_store_open(path, false, &s), 0);
	assert_int_equal(register_store_rescue(s, &rescue), 0);
	assert_false(rescue.now);
	assert_true(rescue.refilling &&
		    rescue.lost == REGISTER_LOST_ALL); /* until it is said otherwise */
	register_store_close(s);
	tempdir_remove(dir);
}

static int keep_alert(void *context, const struct alert *alert)
{
	*(struct alert *)context = *alert;
	return 0;
}

/* Taken away, it is no new school: what lies beside it says so, and an alert out of it goes on above what people saw. */
static void s9_register_gone_beside_its_backup(void **state)
{
	char path[TEMPDIR_PATH_MAX], backup[TEMPDIR_PATH_MAX], aside[TEMPDIR_PATH_MAX];
	struct register_store *s = NULL;
	struct register_store_rescue rescue;
	struct alert alert;

	(void)state;
	start_over();
	snprintf(path, sizeof(path), "%s/" REGISTER_STORE_FILE, dir);
	snprintf(backup, sizeof(backup), "%s/" REGISTER_STORE_FILE ".backup", dir);
	snprintf(aside, sizeof(aside), "%s/" REGISTER_STORE_FILE ".damaged-20261123T071000Z", dir);
	alert_raise(&alert, "2026-11-23-am-p0000000001", ALERT_ABSENT, ALERT_CONFIRMED,
		civil_date_of_day(DAY), HALFDAY_AM, DAY_MS);
	alert.pupil = 1;
	assert_int_equal(register_store_open(path, false, &s), 0);
	assert_int_equal(register_store_begin(s), 0);
	assert_int_equal(put_roster(s), 0);
	assert_int_equal(register_store_alert_put(s, &alert), 0);
	assert_int_equal(register_store_end(s, 0), 0);
	assert_int_equal(register_store_backup(s, backup), 0);
	register_store_close(s);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(register_store_open(path, false, &s), 0);
	assert_int_equal(register_store_number(s, REGISTER_STORE_PUPILS), PUPILS);
	assert_int_equal(register_store_rescue(s, &rescue), 0);
	assert_true(rescue.now && rescue.from_backup && rescue.refilling);
	assert_int_equal(rescue.lost, REGISTER_LOST_ALL);
	assert_int_equal(register_store_each_alert(s, DAY, keep_alert, &alert), 0);
	assert_int_equal(alert.revision, 1001);
	assert_int_equal(alert.certainty, ALERT_UNCONFIRMED);
	register_store_close(s);
	/* A damaged one alone gives nothing, but says that there was a school. */
	assert_int_equal(rename(backup, aside), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(register_store_open(path, false, &s), 0);
	assert_int_equal(register_store_number(s, REGISTER_STORE_PUPILS), 0);
	assert_int_equal(register_store_rescue(s, &rescue), 0);
	assert_true(rescue.now && rescue.lost == REGISTER_LOST_ALL);
	register_store_close(s);
	tempdir_remove(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s9_gate_opens_with_each_damaged_database),
		cmocka_unit_test(s9_register_opens_with_each_damaged_database),
		cmocka_unit_test(s9_register_takes_from_the_backup),
		cmocka_unit_test(s9_register_gone_beside_its_backup),
	};

	if (argc > 1 && strcmp(argv[1], "all") == 0)
		stride = 1;
	else if (argc > 1)
		only = (int)strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
