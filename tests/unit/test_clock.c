/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The clock's states over a scripted kernel, each limit with the value before and after it, and the simulated clock.
 */
#include "sys/clock_stamp.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"
#include "unit/unit.h"

#define T0 INT64_C(1795417800000) /* 2026-11-23T07:10:00Z */
#define S INT64_C(1000)
#define DAY (86400 * S)

static void scripted_read(void *ctx, struct clock_kernel *ret_kernel)
{
	*ret_kernel = *(struct clock_kernel *)ctx;
}

static const struct clock_source scripted = { "scripted", scripted_read, NULL };

/* Each row is one reading; a row with a name begins anew, the others go on from the one before. */
static const struct {
	const char *name;
	int64_t wall_ms, boot_ms;
	bool synchronised;
	int64_t max_error_us;
	int64_t build_ms, newest_ms; /* told before this reading */
	enum clock_state state;
	int64_t error_ms;
} row[] = {
	{ "started without time", T0, 10 * S, false, 16000000, 0, 0, CLOCK_UNKNOWN, -1 },
	{ NULL, T0 + S, 11 * S, true, 999999, 0, 0, CLOCK_STATE_TRUSTED, 1000 },
	{ "flag alone is no trust", T0, 0, true, 1000000, 0, 0, CLOCK_UNKNOWN, -1 },
	{ "small error without the flag", T0, 0, false, 0, 0, 0, CLOCK_UNKNOWN, -1 },
	{ "trust is left at 2 s", T0, 0, true, 0, 0, 0, CLOCK_STATE_TRUSTED, 0 },
	{ NULL, T0 + 9 * S, 9 * S, true, 1000000, 0, 0, CLOCK_STATE_TRUSTED, 1000 },
	{ NULL, T0 + 10 * S, 10 * S, true, 1999999, 0, 0, CLOCK_STATE_TRUSTED, 2000 },
	{ NULL, T0 + 11 * S, 11 * S, true, 2000000, 0, 0, CLOCK_STATE_HOLDOVER, 2001 },
	{ NULL, T0 + 12 * S, 12 * S, true, 1000000, 0, 0, CLOCK_STATE_HOLDOVER, 2001 },
	{ NULL, T0 + 13 * S, 13 * S, true, 999999, 0, 0, CLOCK_STATE_TRUSTED, 1000 },
	{ "holdover for 13 days, then unknown", T0, 0, true, 500000, 0, 0, CLOCK_STATE_TRUSTED,
		500 },
	{ NULL, T0 + DAY, DAY, false, 16000000, 0, 0, CLOCK_STATE_HOLDOVER, 4820 },
	{ NULL, T0 + 1189980 * S, 1189980 * S, false, 0, 0, 0, CLOCK_STATE_HOLDOVER, 59999 },
	{ NULL, T0 + 1190000 * S, 1190000 * S, false, 0, 0, 0, CLOCK_UNKNOWN, -1 },
	{ NULL, T0 + 14 * DAY, 14 * DAY, true, 0, 0, 0, CLOCK_STATE_TRUSTED, 0 },
	{ "earlier than the build", T0, 0, false, 0, T0 + 2001, 0, CLOCK_STATE_REGRESSED, -1 },
	{ "earlier by 2 s is none", T0, 0, false, 0, T0 + 2000, 0, CLOCK_UNKNOWN, -1 },
	{ "synchronised before the build", T0, 0, true, 0, T0 + DAY, 0, CLOCK_STATE_TRUSTED, 0 },
	{ "an event from the future", T0, 0, false, 0, 0, T0 + 1000 * DAY, CLOCK_STATE_REGRESSED,
		-1 },
	{ NULL, T0 + S, S, true, 1500000, 0, 0, CLOCK_UNKNOWN, -1 },
	{ NULL, T0 + 2 * S, 2 * S, true, 100000, 0, 0, CLOCK_STATE_TRUSTED, 100 },
	{ "back beyond the error in holdover", T0, 0, true, 0, 0, T0, CLOCK_STATE_TRUSTED, 0 },
	{ NULL, T0 + 2 * S, 20000 * S, false, 0, 0, T0 + 5001, CLOCK_STATE_REGRESSED, -1 },
	{ NULL, T0 + 20001 * S, 20001 * S, false, 0, 0, 0, CLOCK_STATE_HOLDOVER, 1001 },
	{ "set an hour back, nothing stored", T0, 0, true, 0, 0, 0, CLOCK_STATE_TRUSTED, 0 },
	{ NULL, T0 - 3600 * S, S, false, 16000000, 0, 0, CLOCK_UNKNOWN, -1 },
	{ NULL, T0 + 2 * S, 2 * S, false, 16000000, 0, 0, CLOCK_STATE_HOLDOVER, 1 },
	{ "set three days forward", T0, 0, true, 0, 0, 0, CLOCK_STATE_TRUSTED, 0 },
	{ NULL, T0 + 3 * DAY, S, false, 16000000, 0, 0, CLOCK_UNKNOWN, -1 },
	{ "off by what drift and slack allow", T0, 0, true, 0, 0, 0, CLOCK_STATE_TRUSTED, 0 },
	{ NULL, T0 + 3 * S + 1, S, false, 0, 0, 0, CLOCK_STATE_HOLDOVER, 1 },
	{ NULL, T0 + 3 * S + 2, S, false, 0, 0, 0, CLOCK_UNKNOWN, -1 },
};

static void c3_c4_every_state_by_its_limits(void **state)
{
	(void)state;
	struct clock_kernel k = { 0 };
	struct clock clock = { 0 };
	const char *name = "";
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (row[i].name) {
			name = row[i].name;
			clock_init_source(&clock, &scripted, &k);
		}
		if (row[i].build_ms)
			clock.build_ms = row[i].build_ms;
		if (row[i].newest_ms)
			clock_newest_event(&clock, row[i].newest_ms);
		k = (struct clock_kernel){ row[i].wall_ms, row[i].boot_ms, 42, row[i].synchronised,
			row[i].max_error_us };
		struct now now = clock_read(&clock);
		if (now.state != row[i].state || now.error_ms != row[i].error_ms)
			fail_msg("%s, row %zu: state %d, error %lld ms", name, i, (int)now.state,
				(long long)now.error_ms);
		assert_int_equal(now.wall_ms, row[i].wall_ms);
		assert_int_equal(now.boot_ms, row[i].boot_ms);
		assert_int_equal(now.mono_us, 42);
	}
}

/* 14 days without a source, a reading a minute: one way through the states, the bound only grows. */
static void c4_fourteen_days_without_a_source(void **state)
{
	(void)state;
	struct clock_kernel k = { T0, 0, 0, true, 300000 };
	struct clock clock;
	clock_init_source(&clock, &scripted, &k);
	assert_int_equal(clock_read(&clock).state, CLOCK_STATE_TRUSTED);
	k.synchronised = false;
	int64_t bound_ms = 0;
	int changes = 0;
	enum clock_state last = CLOCK_STATE_TRUSTED;
	for (int minute = 1; minute <= 14 * 24 * 60; minute++) {
		k.wall_ms += 60 * S;
		k.boot_ms += 60 * S;
		struct now now = clock_read(&clock);
		changes += now.state != last;
		last = now.state;
		if (now.state == CLOCK_STATE_HOLDOVER) {
			assert_true(now.error_ms > bound_ms && now.error_ms < 60000);
			bound_ms = now.error_ms;
		}
	}
	assert_int_equal(changes, 2);
	assert_int_equal(last, CLOCK_UNKNOWN);
	assert_true(bound_ms > 59990);
}

static void test_always(void **state)
{
	(void)state;
	const char *reason = NULL;
	struct clock clock;
	assert_int_equal(clock_init(&clock, NULL, true, &reason), 0);
	assert_false(clock.simulated);
	assert_true(clock.build_ms > 0);
	clock_newest_event(&clock, INT64_MAX / 2);
	assert_int_equal(clock_read(&clock).state, CLOCK_STATE_TRUSTED);
}

/* Nine hours are what the kernel calls synchronised without any source: the bound is told all the time. */
static void c4_nine_hours_are_holdover_with_a_growing_error(void **state)
{
	(void)state;
	struct clock_kernel k = { T0, 0, 0, true, 0 };
	struct clock clock;
	clock_init_source(&clock, &scripted, &k);
	assert_int_equal(clock_read(&clock).state, CLOCK_STATE_TRUSTED);
	int64_t last_ms = 0;
	for (int s = 16; s <= 9 * 3600;
		s += 16) { /* as the kernel counts: 500 us a second, unsynchronised at 16 s */
		k.wall_ms = T0 + s * S;
		k.boot_ms = s * S;
		k.max_error_us = 500 * s < 16000000 ? 500 * s : 16000000;
		k.synchronised = k.max_error_us < 16000000;
		struct now now = clock_read(&clock);
		bool trusted = k.max_error_us < 2000000;
		assert_int_equal(now.state, trusted ? CLOCK_STATE_TRUSTED : CLOCK_STATE_HOLDOVER);
		assert_true(clock_judges(now.state));
		if (!trusted)
			assert_true(now.error_ms >= last_ms && now.error_ms < 4000);
		last_ms = trusted ? 0 : now.error_ms;
	}
	assert_true(last_ms >= 3400); /* 2 s as trust was left, and 50 ppm of eight hours */
}

/* One tap of a clock that was in 2030: what is synchronised has the last word, and for good. */
static void c3_an_update_ends_an_event_of_the_future(void **state)
{
	(void)state;
	struct clock_kernel k = { T0, 0, 0, false, 16000000 };
	struct clock clock;
	clock_init_source(&clock, &scripted, &k);
	clock_newest_event(&clock, T0 + 1200 * DAY);
	assert_int_equal(clock_read(&clock).state, CLOCK_STATE_REGRESSED);
	k = (struct clock_kernel){ T0 + S, S, 0, true, 100000 };
	assert_int_equal(clock_read(&clock).state, CLOCK_STATE_TRUSTED);
	k = (struct clock_kernel){ T0 + DAY, DAY, 0, false, 16000000 };
	assert_int_equal(clock_read(&clock).state, CLOCK_STATE_HOLDOVER);
	k = (struct clock_kernel){ T0 + 14 * DAY, 14 * DAY, 0, false, 16000000 };
	assert_int_equal(clock_read(&clock).state, CLOCK_UNKNOWN);
	assert_int_equal(clock.newest_event_ms, T0 + S);
}

/* What somebody set, beyond the slack, once; drift, sleep and slewing are none. */
static void c2_a_jump_is_told_once(void **state)
{
	(void)state;
	static const struct {
		int64_t wall_by, boot_by, jump_ms;
	} step[] = { { S, S, 0 }, { -3600 * S + S, S, -3600 * S }, { S, S, 0 },
		{ 3 * DAY + S, S, 3 * DAY }, { DAY, DAY, 0 }, { S + 2000, S, 0 },
		{ S + 2001, S, 2001 }, { S - 2000, S, 0 }, { S - 2001, S, -2001 } };
	struct clock_kernel k = { T0, 0, 0, false, 0 };
	struct clock clock;
	clock_init_source(&clock, &scripted, &k);
	assert_int_equal(clock_read(&clock).jump_ms, 0);
	for (size_t i = 0; i < ARRAY_LEN(step); i++) {
		k.wall_ms += step[i].wall_by;
		k.boot_ms += step[i].boot_by;
		assert_int_equal(clock_read(&clock).jump_ms, step[i].jump_ms);
	}
}

/* ---- from one start to the next ---- */

#define BOOT_A "11111111-2222-4333-8444-555555555555"
#define BOOT_B "99999999-2222-4333-8444-555555555555"

struct board {
	struct clock_kernel k;
	int rtc_error;
	int64_t rtc_ms;
};

static void board_read(void *ctx, struct clock_kernel *ret_kernel)
{
	*ret_kernel = ((struct board *)ctx)->k;
}

static int board_rtc(void *ctx, int64_t *ret_wall_ms)
{
	struct board *b = ctx;
	if (b->rtc_error)
		return b->rtc_error;
	*ret_wall_ms = b->rtc_ms / 1000 * 1000;
	return 0;
}

static const struct clock_source board = { "board", board_read, board_rtc };

/* Started without a source: what the stamp and the real-time clock make of it. */
static const struct {
	const char *name;
	bool rtc; /* it agreed when the stamp was written */
	bool same_boot;
	int64_t wall_ms,
		boot_ms; /* at the start; the stamp is of T0 and 1,000 s after its boot, 500 ms off at most */
	int rtc_error;
	int64_t rtc_ms;
	int64_t newest_ms;
	enum clock_state state;
	int64_t error_ms;
} start_row[] = {
	{ "same boot, an hour later", false, true, T0 + 3600 * S, 4600 * S, -1, 0, 0,
		CLOCK_STATE_HOLDOVER, 680 },
	{ "same boot, set by hand since", false, true, T0, 4600 * S, -1, 0, 0, CLOCK_UNKNOWN, -1 },
	{ "same boot, after 14 days", false, true, T0 + 14 * DAY, 14 * DAY + 1000 * S, -1, 0, 0,
		CLOCK_UNKNOWN, -1 },
	{ "no real-time clock", false, false, T0 + DAY, 20 * S, -1, 0, 0, CLOCK_UNKNOWN, -1 },
	{ "fake-hwclock: plausible, and no clock", true, false, T0 - 600 * S, 20 * S, -1, 0, 0,
		CLOCK_UNKNOWN, -1 },
	{ "a real-time clock that never agreed", false, false, T0 + DAY, 20 * S, 0, T0 + DAY, 0,
		CLOCK_UNKNOWN, -1 },
	{ "set a day ago", true, false, T0 + DAY, 20 * S, 0, T0 + DAY, 0, CLOCK_STATE_TRUSTED,
		500 + 3000 + 1728 },
	{ "one second short of 30 days", true, false, T0 + 30 * DAY - S, 20 * S, 0,
		T0 + 30 * DAY - S, 0, CLOCK_STATE_TRUSTED, 500 + 3000 + 51840 },
	{ "set 30 days ago", true, false, T0 + 30 * DAY, 20 * S, 0, T0 + 30 * DAY, 0, CLOCK_UNKNOWN,
		-1 },
	{ "its oscillator stopped", true, false, T0 + DAY, 20 * S, -22, T0 + DAY, 0, CLOCK_UNKNOWN,
		-1 },
	{ "its battery was empty: earlier than the stamp", true, false, 946684800 * S, 20 * S, 0,
		946684800 * S, 0, CLOCK_UNKNOWN, -1 },
	{ "earlier by what it may be off", true, false, T0 - 3 * S, 20 * S, 0, T0 - 3 * S, 0,
		CLOCK_STATE_TRUSTED, 3500 },
	{ "earlier by more", true, false, T0 - 4 * S, 20 * S, 0, T0 - 4 * S, 0, CLOCK_UNKNOWN, -1 },
	{ "the wall clock isn't from it", true, false, T0 + DAY + 4 * S, 20 * S, 0, T0 + DAY, 0,
		CLOCK_UNKNOWN, -1 },
	{ "nor when it is behind", true, false, T0 + DAY - 3 * S, 20 * S, 0, T0 + DAY, 0,
		CLOCK_UNKNOWN, -1 },
	{ "earlier than what was stored", true, false, T0 + DAY, 20 * S, 0, T0 + DAY, T0 + 2 * DAY,
		CLOCK_STATE_REGRESSED, -1 },
};

static void c1_c4_what_a_start_may_believe(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(start_row); i++) {
		struct clock_stamp stamp = { .boot = BOOT_A,
			.wall_ms = T0,
			.boot_ms = 1000 * S,
			.error_ms = 500,
			.rtc = start_row[i].rtc };
		struct board b = { { start_row[i].wall_ms, start_row[i].boot_ms, 0, false,
					   16000000 },
			start_row[i].rtc_error, start_row[i].rtc_ms };
		struct clock clock;
		clock_init_source(&clock, &board, &b);
		clock_newest_event(&clock, start_row[i].newest_ms);
		clock_resume(&clock, &stamp, start_row[i].same_boot ? BOOT_A : BOOT_B);
		struct now now = clock_read(&clock);
		if (now.state != start_row[i].state || now.error_ms != start_row[i].error_ms)
			fail_msg("%s: %s, error %lld ms", start_row[i].name,
				clock_state_word(now.state), (long long)now.error_ms);
	}
}

/* Trusted by a real-time clock: for its 30 days, then holdover, then nothing; an update takes over at any moment. */
static void c4_a_real_time_clock_is_believed_for_30_days(void **state)
{
	(void)state;
	struct clock_stamp stamp = { .boot = BOOT_A, .wall_ms = T0, .error_ms = 0, .rtc = true };
	struct board b = { { T0 + 20 * DAY, 10 * S, 0, false, 16000000 }, 0, T0 + 20 * DAY };
	struct clock clock;
	clock_init_source(&clock, &board, &b);
	clock_resume(&clock, &stamp, BOOT_B);
	struct clock_stamp again;
	int64_t trusted = 0, holdover = 0;
	for (int hour = 0; hour < 24 * 30; hour++) {
		struct now now = clock_read(&clock);
		trusted += now.state == CLOCK_STATE_TRUSTED;
		holdover += now.state == CLOCK_STATE_HOLDOVER;
		assert_true(now.error_ms < 60000);
		assert_false(clock_stamp_of(
			&clock, BOOT_B, &again)); /* it proves nothing about itself */
		b.k.wall_ms += 3600 * S;
		b.k.boot_ms += 3600 * S;
	}
	assert_int_equal(clock.state, CLOCK_UNKNOWN);
	assert_true(trusted > 100 && trusted <= 240);
	assert_true(trusted + holdover > 120 && trusted + holdover < 24 * 14);
	b.k.synchronised = true;
	b.k.max_error_us = 5000;
	assert_int_equal(clock_read(&clock).error_ms, 5);
	assert_true(clock_stamp_of(&clock, BOOT_B, &again));
	assert_false(again.rtc); /* it wasn't set yet */
	b.rtc_ms = b.k.wall_ms;
	assert_true(clock_stamp_of(&clock, BOOT_B, &again));
	assert_true(again.rtc);
	assert_string_equal(again.boot, BOOT_B);
}

static void test_stamps(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "\n", "schoolpoort-clock 1", "schoolpoort-clock 1 ",
		"schoolpoort-clock 2 " BOOT_A " 1 2 3 1\n", "schoolpoort-clock 1 " BOOT_A "\n",
		"schoolpoort-clock 1 " BOOT_A " 1 2 3\n",
		"schoolpoort-clock 1 " BOOT_A " 1 2 3 2\n",
		"schoolpoort-clock 1 " BOOT_A " 1 2 3 1 \n",
		"schoolpoort-clock 1 " BOOT_A " 1 2 -3 1\n",
		"schoolpoort-clock 1 " BOOT_A " 99999999999999999999 2 3 1\n",
		"schoolpoort-clock 1 1111 1 2 3 1\n", "schoolpoort-clock 1 " BOOT_A "1 1 2 3 1\n" };
	struct clock_stamp stamp;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (clock_stamp_parse(bad[i], &stamp) == 0)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(
		clock_stamp_parse("schoolpoort-clock 1 " BOOT_A " 1795417800000 7 3 1\n", &stamp),
		0);
	assert_string_equal(stamp.boot, BOOT_A);
	assert_int_equal(stamp.wall_ms, T0);
	assert_int_equal(stamp.boot_ms, 7);
	assert_int_equal(stamp.error_ms, 3);
	assert_true(stamp.rtc);
}

/* Through the file: a program that is started again in the same boot knows what the one before knew. */
static void c4_holdover_outlives_the_program(void **state)
{
	(void)state;
	char folder[] = "/tmp/clock-test-XXXXXX", path[64];
	struct board b = { { T0, 1000 * S, 0, true, 500000 }, -1, 0 };
	struct clock clock;
	struct clock_keeper keeper;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/" CLOCK_STAMP_FILE, folder);
	for (int start = 0; start < 3; start++) {
		clock_init_source(&clock, &board, &b);
		clock_keeper_open(&keeper, &clock, folder);
		struct now now = clock_read(&clock);
		assert_int_equal(now.state, start ? CLOCK_STATE_HOLDOVER : CLOCK_STATE_TRUSTED);
		clock_keeper_care(&keeper, &clock, &now);
		assert_int_equal(access(path, F_OK), 0);
		b.k = (struct clock_kernel){ b.k.wall_ms + 60 * S, b.k.boot_ms + 60 * S, 0, false,
			16000000 };
	}
	/* An empty one, as a power cut leaves it, is none. */
	assert_int_equal(truncate(path, 0), 0);
	clock_init_source(&clock, &board, &b);
	clock_keeper_open(&keeper, &clock, folder);
	assert_int_equal(clock_read(&clock).state, CLOCK_UNKNOWN);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static bool is_there(const char *path, int64_t wall_ms)
{
	struct clock_stamp stamp = { 0 };
	char *text;

	if (file_read(path, 256, &text) < 0)
		return false;
	bool whole = clock_stamp_parse(text, &stamp) == 0;
	free(text);
	return whole && stamp.wall_ms == wall_ms;
}

/* One trusted reading is saved there by a user. Return: whether the file says it. */
static bool is_saved_by(uid_t uid, const char *folder, const char *path, int64_t wall_ms)
{
	struct board b = { { wall_ms, 1000 * S, 0, true, 500000 }, -1, 0 };
	struct clock clock;
	struct clock_keeper keeper;

	assert_int_equal(setegid(900), 0);
	assert_int_equal(seteuid(uid), 0);
	clock_init_source(&clock, &board, &b);
	clock_keeper_open(&keeper, &clock, folder);
	struct now now = clock_read(&clock);
	clock_keeper_care(&keeper, &clock, &now);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	return is_there(path, wall_ms);
}

/* Kiosk and register on one machine: the folder lets nobody replace what is another's. */
static void two_users_keep_one_file(void **state)
{
	(void)state;
	char folder[] = "/tmp/clock-test-XXXXXX", path[64], beside[72];

	if (geteuid() != 0) {
		print_message("SKIP: root alone can be several users\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chown(folder, 0, 900), 0);
	assert_int_equal(chmod(folder, 01770), 0);
	(void)snprintf(path, sizeof(path), "%s/" CLOCK_STAMP_FILE, folder);
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	assert_true(is_saved_by(901, folder, path, T0));
	assert_true(is_saved_by(902, folder, path, T0 + DAY));
	assert_true(is_saved_by(901, folder, path, T0 + 2 * DAY));
	assert_int_equal(access(beside, F_OK), -1);
	/* Killed while it wrote: the other goes on all the same. */
	assert_int_equal(close(open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)), 0);
	assert_int_equal(chown(beside, 901, 900), 0);
	assert_true(is_saved_by(902, folder, path, T0 + 3 * DAY));
	/* Nor does a full disk take the one that is there. */
	struct rlimit limit, none;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	assert_int_equal(sigaction(SIGXFSZ, &ignore, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(is_saved_by(902, folder, path, T0 + 4 * DAY));
	assert_true(is_there(path, T0 + 3 * DAY));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(is_saved_by(901, folder, path, T0 + 4 * DAY));
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_newest_event(void **state)
{
	(void)state;
	struct clock_kernel k = { 0 };
	struct clock clock;
	clock_init_source(&clock, &scripted, &k);
	clock_newest_event(&clock, T0);
	clock_newest_event(&clock, T0 - DAY);
	assert_int_equal(clock.newest_event_ms, T0);
}

static const struct {
	const char *spec;
	int64_t wall_ms, real_ms; /* real_ms -1: of the start */
	double speed;
} good[] = {
	{ "2026-11-23T08:10:00+01:00", T0, -1, 1 },
	{ "2026-11-23T07:10:00Z", T0, -1, 1 },
	{ "2026-11-23t02:40:00.250-04:30", T0 + 250, -1, 1 },
	{ "2026-11-23T07:10:00.9999z", T0 + 999, -1, 1 },
	{ "2026-11-23T08:10:00+01:00@1795293078", T0, INT64_C(1795293078000), 1 },
	{ "2026-11-23T08:10:00+01:00@1795293078.5x60", T0, INT64_C(1795293078500), 60 },
	{ "2026-11-23T08:10:00+01:00x60@1795293078.5", T0, INT64_C(1795293078500), 60 },
	{ "2026-11-23T08:10:00+01:00x0.001", T0, -1, 0.001 },
	{ "2026-11-23T08:10:00+01:00x100000", T0, -1, 100000 },
	{ "2028-02-29T23:59:59Z", INT64_C(1835481599000), -1, 1 },
	{ "1990-01-01T00:00:00Z", INT64_C(631152000000), -1, 1 },
	{ "2099-12-31T23:59:59Z", INT64_C(4102444799000), -1, 1 },
	{ "2000-03-01T00:00:00Z", INT64_C(951868800000), -1, 1 },
};

static void test_specs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const char *reason = "";
		struct clock clock;
		if (clock_init(&clock, good[i].spec, false, &reason))
			fail_msg("%s: %s", good[i].spec, reason);
		assert_true(clock.simulated);
		double off = clock.speed - good[i].speed;
		if (clock.anchor_wall_ms != good[i].wall_ms || off > 1e-9 || off < -1e-9 ||
			(good[i].real_ms >= 0 && clock.anchor_real_ms != good[i].real_ms))
			fail_msg("%s: %lld x%g", good[i].spec, (long long)clock.anchor_wall_ms,
				clock.speed);
	}
}

static void test_bad_specs(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "08:10", "2026-11-23", "2026-11-23T08:10:00",
		"2026-11-23 08:10:00Z", "2026-11-23T08:10Z", "2026-11-23T08:10:00+0100",
		"2026-11-23T08:10:00+24:00", "2026-11-23T08:10:00+01:60", "2026-11-23T24:00:00Z",
		"2026-11-23T08:60:00Z", "2026-11-23T08:10:60Z", "2026-02-29T08:10:00Z",
		"2100-01-01T00:00:00Z", "1989-12-31T23:59:59Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-11-23T08:10:00.Z", "2026-11-23T08:10:00Z@", "2026-11-23T08:10:00Z@-1",
		"2026-11-23T08:10:00Z@1.", "2026-11-23T08:10:00Z@123456789012",
		"2026-11-23T08:10:00Zx", "2026-11-23T08:10:00Zx0", "2026-11-23T08:10:00Zx0.0009",
		"2026-11-23T08:10:00Zx100001", "2026-11-23T08:10:00Zx1e3",
		"2026-11-23T08:10:00Zx60@1795293078x60", "2026-11-23T08:10:00Z ",
		" 2026-11-23T08:10:00Z", "+026-11-23T08:10:00Z" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *reason = NULL;
		struct clock clock;
		if (!clock_init(&clock, bad[i], false, &reason) || !reason)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

/* The arithmetic of a simulated clock, over a scripted kernel. */
static void test_simulated(void **state)
{
	(void)state;
	struct clock_kernel k = { 0 };
	struct clock clock;
	clock_init_source(&clock, &scripted, &k);
	clock.simulated = clock.always_trusted = true;
	clock.speed = 60;
	clock.anchor_wall_ms = T0;
	clock.anchor_mono_us = 5000000;
	clock.anchor_boot_ms = 7000;
	k = (struct clock_kernel){ 1, 9000, 7000000, false, 0 };
	struct now now = clock_read(&clock);
	assert_int_equal(now.wall_ms, T0 + 120 * S);
	assert_int_equal(now.boot_ms, 7000 + 120 * S);
	assert_int_equal(now.mono_us, 7000000);
	assert_int_equal(now.state, CLOCK_STATE_TRUSTED);
	assert_int_equal(now.error_ms, 0);
	k.wall_ms = INT64_MAX / 4; /* the real clock jumps: nobody notices */
	assert_int_equal(clock_read(&clock).wall_ms, now.wall_ms);
	k.mono_us = 4000000; /* before the anchor */
	assert_int_equal(clock_read(&clock).wall_ms, T0 - 60 * S);
	assert_int_equal(clock_read(&clock).boot_ms, 0);
}

/* Programs that start one after the other under the same @EPOCH agree. */
static void test_programs_agree(void **state)
{
	(void)state;
	const char *reason;
	struct clock a, b;
	const char *spec = "2026-11-23T08:10:00+01:00@1795293078x60";
	assert_int_equal(clock_init(&a, spec, false, &reason), 0);
	int64_t start_us = clock_mono_us();
	while (clock_mono_us() < start_us + 3000)
		;
	assert_int_equal(clock_init(&b, spec, false, &reason), 0);
	struct now first = clock_read(&a), second = clock_read(&b), third = clock_read(&a);
	/* Real clocks are read a millisecond apart at init: at 60 times that is 60 ms each. */
	assert_true(second.wall_ms >= first.wall_ms - 180);
	assert_true(second.wall_ms <= third.wall_ms + 180);
	assert_true(second.boot_ms >= first.boot_ms - 180);
	assert_true(second.boot_ms <= third.boot_ms + 180);
}

static void test_real_us(void **state)
{
	(void)state;
	const char *reason;
	struct clock clock;
	assert_int_equal(clock_init(&clock, NULL, false, &reason), 0);
	assert_int_equal(clock_real_us(&clock, 1500), 1500000);
	assert_int_equal(clock_real_us(&clock, 0), 0);
	assert_int_equal(clock_real_us(&clock, -5), 0);
	assert_int_equal(clock_init(&clock, "2026-11-23T08:10:00Zx60", false, &reason), 0);
	assert_int_equal(clock_real_us(&clock, 60000), 1000000);
	assert_int_equal(clock_real_us(&clock, 1), 17); /* rounded up: not a turn too early */
	assert_true(clock_real_us(&clock, INT64_MAX) > 0);
}

static void test_system(void **state)
{
	(void)state;
	const char *reason;
	struct clock clock;
	struct timespec wall;
	assert_int_equal(clock_init(&clock, NULL, false, &reason), 0);
	struct now a = clock_read(&clock);
	clock_gettime(CLOCK_REALTIME, &wall);
	struct now b = clock_read(&clock);
	assert_true(b.mono_us >= a.mono_us && b.boot_ms >= a.boot_ms);
	int64_t wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
	assert_true(llabs(wall_ms - b.wall_ms) < 10000);
	assert_true(clock_mono_us() >= b.mono_us);
}

static void test_boot_id(void **state)
{
	(void)state;
	char a[37], b[37];
	assert_int_equal(clock_boot_id(a), 0);
	assert_int_equal(clock_boot_id(b), 0);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c3_c4_every_state_by_its_limits),
		cmocka_unit_test(c4_fourteen_days_without_a_source),
		cmocka_unit_test(c4_nine_hours_are_holdover_with_a_growing_error),
		cmocka_unit_test(c3_an_update_ends_an_event_of_the_future),
		cmocka_unit_test(c2_a_jump_is_told_once),
		cmocka_unit_test(c1_c4_what_a_start_may_believe),
		cmocka_unit_test(c4_a_real_time_clock_is_believed_for_30_days),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(c4_holdover_outlives_the_program),
		cmocka_unit_test(two_users_keep_one_file),
		cmocka_unit_test(test_always),
		cmocka_unit_test(test_newest_event),
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_bad_specs),
		cmocka_unit_test(test_simulated),
		cmocka_unit_test(test_programs_agree),
		cmocka_unit_test(test_real_us),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_boot_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
