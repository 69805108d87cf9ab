/* SPDX-License-Identifier: EUPL-1.2 */
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/kiosk_store.h"
#include "unit/tempdir.h"
#include "unit/unit.h"

#define PAGE 4096L
#define MANY 2000
#define GATE "gate-a"
#define MORNING_MS INT64_C(1795331100000) /* 2026-11-23 08:25 in Brussels */

static char dir[TEMPDIR_MAX];
static char path[TEMPDIR_PATH_MAX];

static int setup(void **state)
{
	(void)state;
	if (tempdir_make(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/" KIOSK_STORE_FILE, dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(dir);
	return 0;
}

static struct uuid uuid_of(int kind, int n)
{
	struct uuid u = { { 0xfe, (uint8_t)kind, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n } };

	return u;
}

/* A check-in whose every field follows from @n, so that reading it back shows each column. */
static struct checkin checkin_of(int n)
{
	struct checkin c = {
		.id = uuid_of(1, n),
		.revision = 1,
		.result = CHECKIN_PRESENT + (enum checkin_result)(n % 6),
		.at_ms = MORNING_MS + n,
		.clock = (enum checkin_clock)(n % 4),
		.clock_error_ms = n % 3 ? n : -1,
		.boot = uuid_of(2, n / 100),
		.boot_ms = 5000 + n,
		.pupil = n % 5 ? 1000 + n : 0,
		.half = (enum halfday)(n % 3),
		.minutes_late = n % 6 == 1 ? n % 1440 + 1 : 0,
		.source = n % 7 ? CHECKIN_SOURCE_CARD : CHECKIN_SOURCE_DESK,
	};

	if (n % 4)
		c.date = (struct civil_date){ 2026, 11, 1 + n % 30 };
	if (n % 2)
		c.card.b[0] = (uint8_t)(n | 1);
	return c;
}

static bool same(const struct checkin *a, const struct checkin *b)
{
	return uuid_equal(a->log, b->log) && a->seq == b->seq && uuid_equal(a->id, b->id) &&
	       a->revision == b->revision && strcmp(a->gate, b->gate) == 0 &&
	       a->result == b->result && a->at_ms == b->at_ms && a->clock == b->clock &&
	       a->clock_error_ms == b->clock_error_ms && uuid_equal(a->boot, b->boot) &&
	       a->boot_ms == b->boot_ms && a->pupil == b->pupil &&
	       card_hash_compare(a->card, b->card) == 0 &&
	       civil_date_compare(a->date, b->date) == 0 && a->half == b->half &&
	       a->minutes_late == b->minutes_late && a->source == b->source;
}

static struct kiosk_store *open_ok(void)
{
	struct kiosk_store *s = NULL;

	assert_int_equal(kiosk_store_open(path, false, uuid_of(9, 1), &s), 0);
	return s;
}

static void add(struct kiosk_store *s, int from, int n)
{
	for (int i = from; i < from + n; i++) {
		struct checkin c = checkin_of(i);
		assert_int_equal(kiosk_store_add(s, &c, 1), 0);
		assert_true(uuid_equal(c.log, kiosk_store_info(s)->log));
		assert_int_equal(c.seq, kiosk_store_info(s)->last_seq);
	}
}

static void add_at_once(struct kiosk_store *s, int from, int n)
{
	struct checkin *rows = calloc((size_t)n, sizeof(*rows));

	assert_non_null(rows);
	for (int i = 0; i < n; i++)
		rows[i] = checkin_of(from + i);
	assert_int_equal(kiosk_store_add(s, rows, (size_t)n), 0);
	free(rows);
}

static int count_unconfirmed(struct kiosk_store *s)
{
	static struct checkin rows[2 * MANY];

	return kiosk_store_unconfirmed(s, 1, GATE, rows, ARRAY_LEN(rows));
}

static int count_all(struct kiosk_store *s)
{
	static struct checkin rows[2 * MANY];

	return kiosk_store_latest(s, 0, GATE, rows, ARRAY_LEN(rows));
}

static void test_rows_come_back(void **state)
{
	struct checkin rows[60], want;

	(void)state;
	struct kiosk_store *s = open_ok();
	assert_int_equal(kiosk_store_info(s)->last_seq, 0);
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 0);
	assert_true(uuid_equal(kiosk_store_info(s)->log, uuid_of(9, 1)));
	add(s, 0, 20);
	add_at_once(s, 20, 40);
	kiosk_store_close(s);

	s = open_ok();
	const struct kiosk_store_info *info = kiosk_store_info(s);
	assert_int_equal(info->last_seq, 60);
	assert_int_equal(info->oldest_seq, 1);
	assert_int_equal(info->confirmed_seq, 0);
	assert_int_equal(info->newest_trusted_ms, MORNING_MS + 59);
	assert_false(info->recovered);
	assert_int_equal(kiosk_store_unconfirmed(s, 1, GATE, rows, 60), 60);
	for (int i = 0; i < 60; i++) {
		want = checkin_of(i);
		want.seq = i + 1;
		want.log = info->log;
		snprintf(want.gate, sizeof(want.gate), GATE);
		if (!same(&rows[i], &want))
			fail_msg("row %d is another", i);
	}
	assert_int_equal(kiosk_store_unconfirmed(s, 58, GATE, rows, 60), 3);
	assert_int_equal(rows[0].seq, 58);
	assert_int_equal(kiosk_store_unconfirmed(s, 1, GATE, rows, 5), 5);
	assert_int_equal(rows[4].seq, 5);
	assert_int_equal(kiosk_store_unconfirmed(s, 61, GATE, rows, 60), 0);
	assert_int_equal(kiosk_store_latest(s, MORNING_MS + 50, GATE, rows, 60), 10);
	assert_int_equal(rows[0].seq, 60);
	assert_int_equal(rows[9].seq, 51);
	assert_int_equal(kiosk_store_latest(s, 0, GATE, rows, 3), 3);
	kiosk_store_close(s);
	kiosk_store_close(NULL);
}

/* A correction is a row of its own; the same row again is none. */
static void test_revisions_and_repeats(void **state)
{
	struct checkin c = checkin_of(1), two[2];

	(void)state;
	struct kiosk_store *s = open_ok();
	add(s, 0, 3);
	c.revision = 2;
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_int_equal(c.seq, 4);
	c.seq = 0;
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_int_equal(c.seq, 4);
	two[0] = checkin_of(0);
	two[1] = checkin_of(7);
	assert_int_equal(kiosk_store_add(s, two, 2), 0);
	assert_int_equal(two[0].seq, 1);
	assert_int_equal(two[1].seq, 5); /* no gap where the known row would have been */
	assert_int_equal(count_all(s), 5);
	kiosk_store_close(s);
}

static void test_confirm(void **state)
{
	static const struct {
		int64_t through, want;
		int unconfirmed;
	} row[] = { { 4, 4, 6 }, { 4, 4, 6 }, { 10, 10, 0 }, { 3, 3, 7 }, { 99, 10, 0 },
		{ -5, 0, 10 } };

	(void)state;
	struct kiosk_store *s = open_ok();
	add(s, 0, 10);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(kiosk_store_confirm(s, row[i].through), 0);
		assert_int_equal(kiosk_store_info(s)->confirmed_seq, row[i].want);
		assert_int_equal(count_unconfirmed(s), row[i].unconfirmed);
		kiosk_store_close(s);
		s = open_ok();
		assert_int_equal(kiosk_store_info(s)->confirmed_seq, row[i].want);
	}
	kiosk_store_close(s);
}

static struct checkin talk_of(int n)
{
	struct checkin c = checkin_of(n);

	c.result = CHECKIN_TALK;
	c.pupil = 12345;
	c.card = (struct card_hash){ { 0 } };
	c.half = HALFDAY_NONE;
	c.minutes_late = 0;
	return c;
}

static int count_talks(struct kiosk_store *s)
{
	static struct checkin rows[2 * MANY];
	int n = kiosk_store_latest(s, 0, GATE, rows, ARRAY_LEN(rows));
	int talks = 0;

	for (int i = 0; i < n; i++)
		talks += rows[i].result == CHECKIN_TALK;
	return talks;
}

/* What a pupil asked for stays at the gate until the register has it, and not a moment longer. */
static void test_talk_goes_with_its_confirm(void **state)
{
	struct checkin rows[8];

	(void)state;
	struct kiosk_store *s = open_ok();
	for (int i = 1; i <= 6; i++) {
		struct checkin c = i == 2 || i == 4 || i == 6 ? talk_of(i) : checkin_of(i);
		assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	}
	assert_int_equal(count_talks(s), 3);
	assert_int_equal(kiosk_store_confirm(s, 3), 0);
	assert_int_equal(count_talks(s), 2);
	assert_int_equal(kiosk_store_info(s)->confirmed_seq, 3);
	assert_int_equal(count_unconfirmed(s), 3);
	/* A new log while two still wait, and the file opened anew. */
	assert_int_equal(kiosk_store_relog(s, uuid_of(9, 2), false), 0);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(count_talks(s), 2);
	int n = kiosk_store_unconfirmed(s, 1, GATE, rows, ARRAY_LEN(rows));
	assert_int_equal(n, 3);
	assert_int_equal(rows[0].seq, 1);
	assert_int_equal(rows[0].result, CHECKIN_TALK);
	assert_int_equal(rows[2].seq, 3);
	/* The last number of the log is a talk's: the next one follows it all the same. */
	assert_int_equal(kiosk_store_confirm(s, 99), 0);
	assert_int_equal(count_talks(s), 0);
	assert_int_equal(kiosk_store_info(s)->last_seq, 3);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(kiosk_store_info(s)->confirmed_seq, 3);
	add(s, 20, 1);
	assert_int_equal(kiosk_store_info(s)->last_seq, 4);
	/* Room on a full disk is made by what was confirmed: a talk with it. */
	struct checkin c = talk_of(21);
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_true(kiosk_store_free_up(s, 5, 1) == 1);
	assert_int_equal(count_talks(s), 0);
	/* Going back brings none of them again. */
	assert_int_equal(kiosk_store_confirm(s, 0), 0);
	assert_int_equal(count_talks(s), 0);
	kiosk_store_close(s);
}

static void test_purge(void **state)
{
	(void)state;
	struct kiosk_store *s = open_ok();
	add(s, 0, 10);
	assert_int_equal(kiosk_store_purge(s, 1, INT64_MAX, 100), 0); /* nothing is confirmed */
	assert_int_equal(kiosk_store_confirm(s, 5), 0);
	assert_int_equal(kiosk_store_purge(s, 1000, 1000, 100), 0); /* told just now */
	assert_int_equal(kiosk_store_confirm(s, 7), 0);
	assert_int_equal(kiosk_store_purge(s, 2000, 1001, 3), 3); /* a slice */
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 4);
	assert_int_equal(kiosk_store_purge(s, 2000, 1001, 100), 2);
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 6); /* confirmed a second later */
	assert_int_equal(kiosk_store_confirm(s, 6), 0); /* 7 is taken back: its time ends */
	assert_int_equal(kiosk_store_confirm(s, 7), 0);
	assert_int_equal(kiosk_store_purge(s, 9000, 2001, 100), 1);
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 7);
	assert_int_equal(kiosk_store_purge(s, 9000, 9001, 100), 1);
	assert_int_equal(kiosk_store_purge(s, 1, INT64_MAX, 100), 0); /* 8 to 10 are not */
	assert_int_equal(count_unconfirmed(s), 3);
	assert_int_equal(kiosk_store_confirm(s, 10), 0);
	assert_int_equal(kiosk_store_purge(s, 1, INT64_MAX, 100), 3);
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 0);
	assert_int_equal(kiosk_store_info(s)->last_seq, 10);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(kiosk_store_info(s)->last_seq, 10); /* although no row tells */
	add(s, 20, 1);
	assert_int_equal(kiosk_store_info(s)->last_seq, 11);
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 11);
	kiosk_store_close(s);
}

/* The check-ins behind the numbers, oldest first. */
static void expect_order(struct kiosk_store *s, int first, int n)
{
	struct checkin rows[40];

	assert_int_equal(kiosk_store_unconfirmed(s, 1, GATE, rows, ARRAY_LEN(rows)), n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(rows[i].seq, i + 1);
		assert_true(uuid_equal(rows[i].id, uuid_of(1, first + i)));
		assert_true(uuid_equal(rows[i].log, kiosk_store_info(s)->log));
	}
}

static void test_relog(void **state)
{
	struct checkin rows[40];

	(void)state;
	struct kiosk_store *s = open_ok();
	add(s, 0, 10);
	assert_int_equal(kiosk_store_confirm(s, 4), 0);
	assert_int_equal(kiosk_store_relog(s, uuid_of(9, 2), false), 0);
	const struct kiosk_store_info *info = kiosk_store_info(s);
	assert_true(uuid_equal(info->log, uuid_of(9, 2)));
	assert_int_equal(info->last_seq, 6);
	assert_int_equal(info->confirmed_seq, 0);
	assert_int_equal(info->oldest_seq, 1);
	expect_order(s, 4, 6);

	/* The confirmed ones are remembered, newest first, and never sent. */
	assert_int_equal(kiosk_store_latest(s, 0, GATE, rows, ARRAY_LEN(rows)), 10);
	for (int i = 0; i < 10; i++)
		assert_true(uuid_equal(rows[i].id, uuid_of(1, 9 - i)));
	assert_int_equal(rows[6].seq, 0);
	assert_int_equal(rows[9].seq, -3);
	add(s, 10, 1);
	kiosk_store_close(s);

	s = open_ok();
	assert_true(uuid_equal(kiosk_store_info(s)->log, uuid_of(9, 2)));
	expect_order(s, 4, 7);
	assert_int_equal(kiosk_store_confirm(s, 2), 0);
	assert_int_equal(kiosk_store_purge(s, 1, 2, 2), 2); /* of the earlier log */
	assert_int_equal(kiosk_store_relog(s, uuid_of(9, 3), true), 0);
	expect_order(s, 2, 9);
	assert_int_equal(kiosk_store_info(s)->last_seq, 9);
	kiosk_store_close(s);

	assert_int_equal(unlink(path), 0);
	s = open_ok();
	assert_int_equal(kiosk_store_relog(s, uuid_of(9, 4), false), 0); /* an empty one */
	assert_int_equal(kiosk_store_info(s)->last_seq, 0);
	add(s, 0, 1);
	expect_order(s, 0, 1);
	kiosk_store_close(s);
}

static void test_data(void **state)
{
	char *bytes = NULL, *large = malloc(2000000);

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 2000000);
	struct kiosk_store *s = open_ok();
	assert_int_equal(kiosk_store_data_load(s, &bytes), 0);
	assert_null(bytes);
	assert_int_equal(kiosk_store_data_save(s, 1, large, 2000000), 0);
	assert_int_equal(kiosk_store_data_save(s, 2, "{\"v\":1}", 7), 0);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(kiosk_store_data_load(s, &bytes), 7);
	assert_string_equal(bytes, "{\"v\":1}");
	free(bytes);
	assert_int_equal(kiosk_store_data_save(s, 3, large, 2000000), 0);
	assert_int_equal(kiosk_store_data_load(s, &bytes), 2000000);
	assert_memory_equal(bytes, large, 2000000);
	free(bytes);
	assert_true(kiosk_store_wal_bytes(s) > 2000000);
	assert_int_equal(kiosk_store_checkpoint(s), 0);
	assert_int_equal(kiosk_store_wal_bytes(s), 0);
	kiosk_store_close(s);
	free(large);
}

static void test_rehearsal(void **state)
{
	struct kiosk_store *s = NULL;

	(void)state;
	kiosk_store_close(open_ok());
	assert_int_equal(kiosk_store_open(path, true, uuid_of(9, 1), &s), STORE_ERR_REHEARSAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kiosk_store_open(path, true, uuid_of(9, 1), &s), 0);
	kiosk_store_close(s);
	assert_int_equal(kiosk_store_open(path, false, uuid_of(9, 1), &s), STORE_ERR_REHEARSAL);
	assert_int_equal(access(path, F_OK), 0); /* and left where it is */
}

/* Adds for ever, and says each number once it is durable. */
static void add_until_killed(int pipe_fd)
{
	struct kiosk_store *s = NULL;

	if (kiosk_store_open(path, false, uuid_of(9, 1), &s))
		_exit(1);
	for (int64_t n = kiosk_store_info(s)->last_seq;; n++) {
		struct checkin c = checkin_of((int)n);
		if (kiosk_store_add(s, &c, 1))
			_exit(2);
		if (write(pipe_fd, &c.seq, sizeof(c.seq)) != (ssize_t)sizeof(c.seq))
			_exit(3);
	}
}

/* S1: whatever was reported before the SIGKILL is there; at most one more is. */
static void test_killed(void **state)
{
	static const int after[] = { 1, 2, 3, 10, 37, 100, 1, 250, 5, 64 };
	int64_t last = 0, seq;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(after); i++) {
		int fds[2];
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		if (pid == 0) {
			close(fds[0]);
			add_until_killed(fds[1]);
		}
		close(fds[1]);
		for (int n = 0; n < after[i]; n++) {
			assert_int_equal(read(fds[0], &seq, sizeof(seq)), sizeof(seq));
			assert_int_equal(seq, last + n + 1);
		}
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (read(fds[0], &seq, sizeof(seq)) == (ssize_t)sizeof(seq))
			; /* what it had said before it died */
		close(fds[0]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		struct kiosk_store *s = open_ok();
		last = kiosk_store_info(s)->last_seq;
		assert_in_range(last, seq, seq + 1);
		assert_false(kiosk_store_info(s)->recovered);
		assert_int_equal(count_all(s), last);
		kiosk_store_close(s);
	}
}

static void limit_files(rlim_t bytes)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* S5: no room for the WAL to grow. Refused, nothing half stored, and well again by itself. */
static void test_full_disk(void **state)
{
	char wal[TEMPDIR_PATH_MAX];
	struct checkin rows[3];
	struct stat st;
	int refused = 0, n = 30;

	(void)state;
	snprintf(wal, sizeof(wal), "%s/" KIOSK_STORE_FILE "-wal", dir);
	struct kiosk_store *s = open_ok();
	add(s, 0, n);
	assert_int_equal(stat(wal, &st), 0);
	for (int i = 0; i < 20; i++) {
		/* The WAL may grow by so much: the cut falls at another place of a frame. */
		limit_files((rlim_t)st.st_size + (rlim_t)i * 1000);
		for (int j = 0; j < 3; j++)
			rows[j] = checkin_of(n + j);
		int err = kiosk_store_add(s, rows, 3);
		limit_files(RLIM_INFINITY);
		if (err) {
			assert_int_equal(err, STORE_ERR_FULL);
			assert_int_equal(rows[0].seq, 0);
			refused++;
		} else {
			n += 3;
		}
		assert_int_equal(count_all(s), n);
	}
	assert_in_range(refused, 5, 20);
	add(s, n, 1);
	assert_int_equal(kiosk_store_info(s)->last_seq, n + 1);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(kiosk_store_info(s)->last_seq, n + 1);
	assert_int_equal(count_all(s), n + 1);
	kiosk_store_close(s);
}

/* S9. Opens in every case, and what is taken over is in a new log without gaps. */
static void test_damaged(void **state)
{
	static const struct {
		const char *name;
		long from, len, cut; /* overwritten; new length, -1: as it is */
		int at_least; /* rows that must be saved */
		bool recovered;
	} row[] = {
		{ "untouched", 0, 0, -1, MANY, false },
		{ "a page of rows", 30 * PAGE, PAGE, -1, MANY - 100, true },
		{ "three pages", 20 * PAGE, 3 * PAGE, -1, MANY - 300, true },
		{ "a page's head", 40 * PAGE, 8, -1, MANY - 100, true },
		{ "first page", 0, PAGE, -1, 0, true },
		{ "cut", 0, 0, 50 * PAGE, 0, true },
		{ "cut short", 0, 0, 700, 0, true },
		{ "not a database", 0, 100 * PAGE, 3000, 0, true },
		{ "empty", 0, 0, 0, 0, true },
	};
	static struct checkin rows[MANY + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct kiosk_store *s = open_ok();
		add_at_once(s, 0, MANY);
		assert_int_equal(kiosk_store_confirm(s, MANY / 2), 0);
		kiosk_store_close(s);
		assert_int_equal(tempdir_overwrite(path, row[i].from, row[i].len, 0x5a), 0);
		if (row[i].cut >= 0)
			assert_int_equal(truncate(path, row[i].cut), 0);

		assert_int_equal(kiosk_store_open(path, false, uuid_of(9, 2), &s), 0);
		const struct kiosk_store_info *info = kiosk_store_info(s);
		bool new_log = uuid_equal(info->log, uuid_of(9, 2));
		if (info->recovered != row[i].recovered || new_log != (i > 0))
			fail_msg("%s: recovered %d, new log %d", row[i].name, info->recovered,
				new_log);
		int n = kiosk_store_unconfirmed(s, 1, GATE, rows, ARRAY_LEN(rows));
		if (i > 0 && n < row[i].at_least)
			fail_msg("%s: %d rows", row[i].name, n);
		for (int j = 0; i > 0 && j < n; j++)
			assert_int_equal(rows[j].seq, j + 1);
		add(s, MANY + 1, 1);
		kiosk_store_close(s);
		s = open_ok(); /* once is enough */
		assert_false(kiosk_store_info(s)->recovered);
		kiosk_store_close(s);
		teardown(NULL);
		setup(NULL);
	}
}

/* S9: a byte in the schema's own text. SQLite calls it a mistake in our SQL, and finds the file sound. */
static void test_damaged_schema(void **state)
{
	static const char *const names[] = { "boot_ms INTEGER", "generation INTEGER",
		"length(card)" };
	static char bytes[64 * PAGE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct kiosk_store *s = open_ok();
		add(s, 0, 10);
		kiosk_store_close(s);
		FILE *f = fopen(path, "re");
		assert_non_null(f);
		size_t n = fread(bytes, 1, sizeof(bytes), f);
		assert_int_equal(fclose(f), 0);
		char *at = memmem(bytes, n, names[i], strlen(names[i]));
		assert_non_null(at);
		assert_int_equal(tempdir_overwrite(path, at - bytes, 1, 'z'), 0);
		int err = kiosk_store_open(path, false, uuid_of(9, 2), &s);
		if (err || !kiosk_store_info(s)->recovered)
			fail_msg("%s: %s", names[i], store_err_text(err));
		add(s, 11, 1);
		kiosk_store_close(s);
		teardown(NULL);
		setup(NULL);
	}
}

/* S4: cut while the new file takes the damaged one's place. */
static void test_cut_while_recovering(void **state)
{
	char fresh[TEMPDIR_PATH_MAX];
	FILE *f;

	(void)state;
	snprintf(fresh, sizeof(fresh), "%s/" KIOSK_STORE_FILE ".new", dir);
	struct kiosk_store *s = open_ok();
	add(s, 0, 10);
	kiosk_store_close(s);
	assert_int_equal(rename(path, fresh), 0); /* the old one away, the new one not named */
	s = open_ok();
	assert_true(kiosk_store_info(s)->recovered);
	assert_int_equal(count_all(s), 10);
	kiosk_store_close(s);

	f = fopen(fresh, "w"); /* a new one half made, the old one still there */
	assert_non_null(f);
	fputs("half", f);
	assert_int_equal(fclose(f), 0);
	s = open_ok();
	assert_false(kiosk_store_info(s)->recovered);
	kiosk_store_close(s);
	assert_int_equal(tempdir_overwrite(path, 0, 100, 0), 0);
	s = open_ok();
	assert_true(kiosk_store_info(s)->recovered);
	kiosk_store_close(s);
	assert_int_not_equal(access(fresh, F_OK), 0);
}

/* The WAL is part of what is saved: its rows had been confirmed to pupils. */
static void test_damaged_with_wal(void **state)
{
	int status;

	(void)state;
	struct kiosk_store *s = open_ok();
	add_at_once(s, 0, MANY);
	kiosk_store_close(s);
	pid_t pid = fork();
	if (pid == 0) {
		if (kiosk_store_open(path, false, uuid_of(9, 1), &s))
			_exit(1);
		struct checkin c = checkin_of(MANY);
		_exit(kiosk_store_add(s, &c, 1) ? 2
						: 0); /* no close: the row is in the WAL alone */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(tempdir_overwrite(path, 30 * PAGE, PAGE, 0x5a), 0);
	s = open_ok();
	assert_true(kiosk_store_info(s)->recovered);
	struct checkin last;
	assert_int_equal(kiosk_store_latest(s, 0, GATE, &last, 1), 1);
	assert_true(uuid_equal(last.id, uuid_of(1, MANY)));
	kiosk_store_close(s);
}

static bool has_checkin(struct kiosk_store *s, int n)
{
	static struct checkin rows[2 * MANY];
	int found = kiosk_store_latest(s, 0, GATE, rows, ARRAY_LEN(rows));

	for (int i = 0; i < found; i++)
		if (uuid_equal(rows[i].id, uuid_of(1, n)))
			return true;
	return false;
}

static void copy_beside(struct kiosk_store *s)
{
	char backup[TEMPDIR_PATH_MAX];
	struct db_backup *b;

	snprintf(backup, sizeof(backup), "%s/" KIOSK_STORE_FILE ".backup", dir);
	assert_int_equal(kiosk_store_backup_open(s, backup, &b), 0);
	assert_int_equal(store_backup_step(b, -1), 0);
	assert_int_equal(store_backup_close(b), 0);
}

static void check_data(struct kiosk_store *s, const char *want)
{
	char *bytes = NULL;

	assert_int_equal(kiosk_store_data_load(s, &bytes), strlen(want));
	assert_string_equal(bytes, want);
	free(bytes);
}

/* The first page is gone, and with it everything but last night's copy; its WAL and index stay with nobody. */
static void s9_lost_file_comes_back_from_the_copy(void **state)
{
	char wal[TEMPDIR_PATH_MAX];

	(void)state;
	struct kiosk_store *s = open_ok();
	add_at_once(s, 0, 20);
	assert_int_equal(kiosk_store_data_save(s, 1, "old", 3), 0);
	copy_beside(s);
	assert_int_equal(kiosk_store_data_save(s, 2, "newer", 5), 0);
	kiosk_store_close(s);
	assert_int_equal(tempdir_overwrite(path, 0, PAGE, 0), 0);
	s = open_ok();
	assert_true(kiosk_store_info(s)->recovered);
	assert_int_equal(count_unconfirmed(s), 20);
	check_data(s, "old");
	add(s, 20, 1);
	kiosk_store_close(s);
	snprintf(wal, sizeof(wal), "%s/" KIOSK_STORE_FILE ".backup-wal", dir);
	assert_int_not_equal(access(wal, F_OK), 0);
}

/* A page of rows is gone: the copy has them, under numbers that are others' since a new log was drawn. */
static void s9_lost_page_comes_back_from_a_copy_of_another_log(void **state)
{
	(void)state;
	struct kiosk_store *s = open_ok();
	add_at_once(s, 0, MANY);
	copy_beside(s);
	assert_int_equal(kiosk_store_confirm(s, 100), 0);
	assert_int_equal(kiosk_store_relog(s, uuid_of(9, 5), false), 0);
	add(s, MANY, 3);
	assert_int_equal(kiosk_store_data_save(s, 2, "newer", 5), 0);
	kiosk_store_close(s);
	assert_int_equal(tempdir_overwrite(path, 30 * PAGE, PAGE, 0x5a), 0);
	s = open_ok();
	assert_true(kiosk_store_info(s)->recovered);
	assert_int_equal(count_unconfirmed(s), MANY + 3);
	assert_int_equal(kiosk_store_info(s)->last_seq, MANY + 3);
	for (int i = 0; i < MANY + 3; i += 7)
		assert_true(has_checkin(s, i));
	struct checkin last;
	assert_int_equal(kiosk_store_latest(s, 0, GATE, &last, 1), 1);
	assert_true(uuid_equal(last.id, uuid_of(1, MANY + 2)));
	check_data(s, "newer");
	kiosk_store_close(s);
}

/* The register went back, and on a full disk that could not be written: the file's number would drop what it lacks. */
static void s5_what_the_register_lost_is_not_dropped(void **state)
{
	(void)state;
	struct kiosk_store *s = open_ok();
	add_at_once(s, 0, 20);
	assert_int_equal(kiosk_store_confirm_at(s, 15, MORNING_MS), 0);
	assert_int_equal(kiosk_store_free_up(s, 3, 200), 3);
	assert_int_equal(kiosk_store_info(s)->confirmed_seq, 3);
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 4);
	assert_int_equal(count_unconfirmed(s), 17);
	/* Their time had begun with the confirm that is void. */
	assert_int_equal(kiosk_store_confirm_at(s, 15, MORNING_MS + 2000), 0);
	assert_int_equal(kiosk_store_purge(s, MORNING_MS + 3000, MORNING_MS + 1000, 100), 0);
	assert_int_equal(
		kiosk_store_free_up(s, 20, 200), 17); /* more than the file says counts as before */
	kiosk_store_close(s);
}

/* ---- a page of one file that can't be read, for as many reads as asked for ---- */

static sqlite3_vfs bad_vfs;
static sqlite3_io_methods bad_methods;
static const sqlite3_io_methods *real_methods;
static sqlite3_vfs *real_vfs;
static ino_t bad_inode; /* of the file; the one that takes its place is sound */
static sqlite3_file *bad_file;
static int bad_reads;

static int bad_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
	if (file == bad_file && at == 30 * PAGE && bad_reads > 0) {
		bad_reads--;
		return SQLITE_IOERR_READ;
	}
	return real_methods->xRead(file, bytes, n, at);
}

static int bad_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct stat st;

	(void)vfs;
	int rc = real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
	if (file == bad_file)
		bad_file = NULL; /* its memory is used again */
	if (rc == SQLITE_OK && name && stat(name, &st) == 0 && st.st_ino == bad_inode) {
		real_methods = file->pMethods;
		bad_methods = *real_methods;
		bad_methods.xRead = bad_read;
		file->pMethods = &bad_methods;
		bad_file = file;
	}
	return rc;
}

static void spoil_page(int n_reads)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	bad_inode = st.st_ino;
	bad_reads = n_reads;
	real_vfs = sqlite3_vfs_find(NULL);
	bad_vfs = *real_vfs;
	bad_vfs.zName = "bad";
	bad_vfs.xOpen = bad_open;
	assert_int_equal(sqlite3_vfs_register(&bad_vfs, 1), SQLITE_OK);
}

static void heal_page(void)
{
	assert_int_equal(sqlite3_vfs_unregister(&bad_vfs), SQLITE_OK);
	bad_inode = 0;
}

/* What is on it is lost, unless last night's copy has it; a read that fails once is no damage. */
static void s6_page_that_cannot_be_read_is_stepped_over(void **state)
{
	static const struct {
		int n_reads;
		bool copy, recovered;
		int at_least;
	} row[] = {
		{ 1, false, false, MANY },
		{ 1000000, false, true, MANY - 100 },
		{ 1000000, true, true, MANY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct kiosk_store *s = open_ok();
		add_at_once(s, 0, MANY);
		if (row[i].copy)
			copy_beside(s);
		kiosk_store_close(s);
		spoil_page(row[i].n_reads);
		s = open_ok();
		assert_true(bad_reads < row[i].n_reads);
		assert_int_equal(kiosk_store_info(s)->recovered, row[i].recovered);
		assert_in_range(count_unconfirmed(s), row[i].at_least, MANY);
		add(s, MANY, 1);
		kiosk_store_close(s);
		heal_page();
		teardown(NULL);
		setup(NULL);
	}
}

static struct checkin tap_of(int n, int boot, enum checkin_clock clock, int revision)
{
	struct checkin c = checkin_of(n);

	c.boot = uuid_of(2, boot);
	c.clock = clock;
	c.revision = revision;
	return c;
}

static int undated(struct kiosk_store *s, int boot, int64_t after_seq, struct checkin *rows)
{
	struct uuid id = uuid_of(2, boot);

	return kiosk_store_undated(s, &id, after_seq, GATE, rows, 3);
}

/* What has to be dated anew is what the file says, so a kill in the middle forgets none and repeats none. */
static void c1_undated_taps_of_this_boot(void **state)
{
	struct checkin rows[3];

	(void)state;
	struct kiosk_store *s = open_ok();
	struct checkin taps[] = { tap_of(1, 1, CHECKIN_CLOCK_UNKNOWN, 1),
		tap_of(2, 2, CHECKIN_CLOCK_UNKNOWN, 1), tap_of(3, 2, CHECKIN_CLOCK_REGRESSED, 1),
		tap_of(4, 2, CHECKIN_CLOCK_TRUSTED, 1), tap_of(5, 2, CHECKIN_CLOCK_HOLDOVER, 1),
		tap_of(6, 2, CHECKIN_CLOCK_UNKNOWN, 1), tap_of(7, 2, CHECKIN_CLOCK_UNKNOWN, 1) };
	assert_int_equal(kiosk_store_add(s, taps, ARRAY_LEN(taps)), 0);
	assert_int_equal(undated(s, 3, INT64_MIN, rows), 0);
	assert_int_equal(undated(s, 2, INT64_MIN, rows), 3); /* of four: a slice */
	assert_int_equal(rows[0].seq, 2);
	assert_int_equal(rows[1].seq, 3);
	assert_int_equal(rows[2].seq, 6);
	assert_int_equal(undated(s, 2, 6, rows), 1);
	assert_int_equal(rows[0].seq, 7);
	struct checkin dated[] = { tap_of(2, 2, CHECKIN_CLOCK_TRUSTED, 2),
		tap_of(3, 2, CHECKIN_CLOCK_TRUSTED, 2) };
	assert_int_equal(kiosk_store_add(s, dated, ARRAY_LEN(dated)), 0);
	assert_int_equal(dated[0].seq, 8);
	/* Killed after the COMMIT: the same row again is the row that is there. */
	assert_int_equal(kiosk_store_add(s, dated, ARRAY_LEN(dated)), 0);
	assert_int_equal(dated[0].seq, 8);
	assert_int_equal(kiosk_store_info(s)->last_seq, 9);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(undated(s, 2, INT64_MIN, rows), 2);
	assert_int_equal(rows[0].seq, 6);
	/* Confirmed, and under another log: still of this boot, and their correction gets a number of the new one. */
	assert_int_equal(kiosk_store_confirm(s, 9), 0);
	assert_int_equal(kiosk_store_relog(s, uuid_of(9, 2), false), 0);
	assert_int_equal(undated(s, 2, INT64_MIN, rows), 2);
	assert_true(rows[0].seq <= 0);
	dated[0] = tap_of(6, 2, CHECKIN_CLOCK_TRUSTED, 2);
	dated[1] = tap_of(7, 2, CHECKIN_CLOCK_TRUSTED, 2);
	assert_int_equal(kiosk_store_add(s, dated, ARRAY_LEN(dated)), 0);
	assert_int_equal(dated[0].seq, 1);
	assert_int_equal(undated(s, 2, INT64_MIN, rows), 0);
	assert_int_equal(undated(s, 1, INT64_MIN, rows), 1);
	kiosk_store_close(s);
}

/* The last one that was stored, so that one event of 2030 doesn't count once others came after it. */
static void c3_newest_trusted_event_is_the_last(void **state)
{
	(void)state;
	struct kiosk_store *s = open_ok();
	struct checkin c = tap_of(1, 1, CHECKIN_CLOCK_TRUSTED, 1);
	assert_int_equal(kiosk_store_info(s)->newest_trusted_ms, 0);
	c.at_ms = INT64_C(1893456000000); /* 2030-01-01 */
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_int_equal(kiosk_store_info(s)->newest_trusted_ms, c.at_ms);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(kiosk_store_info(s)->newest_trusted_ms, c.at_ms);
	c = tap_of(2, 1, CHECKIN_CLOCK_UNKNOWN, 1);
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_int_equal(kiosk_store_info(s)->newest_trusted_ms, INT64_C(1893456000000));
	c = tap_of(3, 1, CHECKIN_CLOCK_TRUSTED, 1);
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_int_equal(kiosk_store_info(s)->newest_trusted_ms, c.at_ms);
	kiosk_store_close(s);
	s = open_ok();
	assert_int_equal(kiosk_store_info(s)->newest_trusted_ms, c.at_ms);
	kiosk_store_close(s);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_rows_come_back),
		IN_FOLDER(test_revisions_and_repeats),
		IN_FOLDER(test_confirm),
		IN_FOLDER(test_talk_goes_with_its_confirm),
		IN_FOLDER(test_purge),
		IN_FOLDER(test_relog),
		IN_FOLDER(test_data),
		IN_FOLDER(test_rehearsal),
		IN_FOLDER(test_killed),
		IN_FOLDER(test_full_disk),
		IN_FOLDER(test_damaged),
		IN_FOLDER(test_damaged_schema),
		IN_FOLDER(test_cut_while_recovering),
		IN_FOLDER(test_damaged_with_wal),
		IN_FOLDER(s9_lost_file_comes_back_from_the_copy),
		IN_FOLDER(s9_lost_page_comes_back_from_a_copy_of_another_log),
		IN_FOLDER(s6_page_that_cannot_be_read_is_stepped_over),
		IN_FOLDER(s5_what_the_register_lost_is_not_dropped),
		IN_FOLDER(c1_undated_taps_of_this_boot),
		IN_FOLDER(c3_newest_trusted_event_is_the_last),
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGXFSZ, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
