/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The reader's driver and libnfc on a line that hurts what it carries: garbage, wrong checksums, cut and split frames,
 * seeded (N4); and a chip that says nothing, each call timed (N2, N3).
 *
 * Driver and field are in this process, so that the sanitizers and valgrind see what libnfc does with their memory.
 * Most of it is waiting for answers that don't come: many lanes wait at once, each with an emulator of its own.
 * Usage: test_reader_frames [FRAMES [LANES [SEED]]]
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/lanes.h"
#include "emu/emu_control.h"
#include "reader/field.h"
#include "reader/reader.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define LANES_MAX 100
#define DEADLINE_MS 60000
#define LOOKS_A_CARD 9 /* then another one, or none */
#define ERRORS_MAX 3

static int64_t n_frames = 2400;
static int n_lanes = 24;
static int first_seed = 1;

struct line {
	char folder[64], tty[96], control[96], connstring[128];
	pid_t emu_pid;
	struct emu_control *emu;
	struct reader reader;
};

static void line_open(struct line *l, const char *const *more)
{
	memset(l, 0, sizeof(*l));
	(void)snprintf(l->folder, sizeof(l->folder), "/tmp/schoolpoort-frames-XXXXXX");
	assert_non_null(mkdtemp(l->folder));
	(void)snprintf(l->tty, sizeof(l->tty), "%s/tty", l->folder);
	(void)snprintf(l->control, sizeof(l->control), "%s/emu.sock", l->folder);
	(void)snprintf(l->connstring, sizeof(l->connstring), "pn532_uart:%s", l->tty);
	assert_int_equal(emu_control_start(TEST_BIN_DIR "/pn532_emu", l->tty, l->control, more,
				 DEADLINE_MS, &l->emu_pid),
		0);
	assert_int_equal(emu_control_open(l->control, &l->emu), 0);
	l->reader.driver = &reader_nfc;
}

static void line_close(struct line *l)
{
	l->reader.driver->close(&l->reader);
	emu_control_close(l->emu);
	assert_int_equal(emu_control_stop(l->emu_pid, DEADLINE_MS), 0);
	(void)unlink(l->tty);
	(void)unlink(l->control);
	assert_int_equal(rmdir(l->folder), 0);
}

static void tell(struct line *l, const char *command)
{
	if (emu_control_tell(l->emu, DEADLINE_MS, "%s", command))
		fail_msg("%s: %s", command, emu_control_answer(l->emu));
}

static int64_t number(struct line *l, const char *key)
{
	assert_int_equal(emu_control_state(l->emu, DEADLINE_MS, NULL), 0);
	return emu_control_number(l->emu, key);
}

static const struct {
	const char *place;
	size_t len;
	uint8_t uid[READER_UID_MAX];
} cards[] = {
	{ "place 04A1B2C3", 4, { 0x04, 0xA1, 0xB2, 0xC3 } },
	{ "remove", 0, { 0 } },
	{ "place 04998877665544", 7, { 0x04, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44 } },
	{ "place 0411223344556677AABB", 10,
		{ 0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0xAA, 0xBB } },
	{ "remove", 0, { 0 } },
};

static void check_card(const struct reader_card *card, size_t there, int seed)
{
	if (card->len != cards[there].len || memcmp(card->uid, cards[there].uid, card->len) != 0)
		fail_msg("seed %d: a card of %zu bytes that was not there", seed, card->len);
}

struct tally {
	int64_t frames, looks, seen, errors, opens;
};

/* One look, as the program does it: opened where it has to be, closed after the third error. */
static int look(struct line *l, int *errors, struct reader_card *ret_card, struct tally *t)
{
	struct reader *r = &l->reader;

	if (!r->state) {
		t->opens++;
		*errors = 0;
		return r->driver->open(r, l->connstring) < 0 ? -1 : 0;
	}
	int n = r->driver->look(r, ret_card);
	t->looks++;
	t->errors += n < 0;
	*errors = n < 0 ? *errors + 1 : 0;
	if (*errors >= ERRORS_MAX || n == READER_ERR_LOST)
		r->driver->close(r);
	return n;
}

static void feed(struct field *f, int n, const struct reader_card *card, size_t there, int seed)
{
	int64_t at_us = clock_mono_us();
	struct field_events e = { 0 };

	if (n > 0)
		e = field_seen(f, card, at_us);
	else if (n == 0)
		e = field_unseen(f, at_us);
	else
		field_missed(f, at_us, n == READER_ERR_TIMEOUT);
	for (size_t i = 0; i < e.n; i++)
		if (e.event[i].kind == FIELD_CARD)
			check_card(&e.event[i].card, there, seed);
}

static struct tally run_lane(int seed, int64_t frames)
{
	struct tally t = { 0 };
	struct reader_card card;
	struct field field;
	struct line l;
	char command[64];
	int errors = 0;

	line_open(&l, (const char *const[]){ "--baud", "0", "--rf-us", "200", NULL });
	field_init(&field, 320);
	(void)snprintf(command, sizeof(command), "fault mangle %d", seed);
	tell(&l, command);
	size_t there = 1;
	for (int64_t i = 0; t.frames < frames; i++) {
		if (i % LOOKS_A_CARD == 0) {
			there = (size_t)(i / LOOKS_A_CARD) % ARRAY_LEN(cards);
			tell(&l, "remove");
			tell(&l, cards[there].place);
			t.frames = number(&l, "mangled");
		}
		int n = look(&l, &errors, &card, &t);
		if (n > 0) {
			check_card(&card, there, seed);
			t.seen++;
		}
		feed(&field, n, &card, there, seed);
	}
	/* The line is good again: it reads. */
	tell(&l, "clear");
	tell(&l, "remove");
	tell(&l, cards[0].place);
	int64_t until_us = clock_mono_us() + 10000000;
	while (look(&l, &errors, &card, &t) <= 0)
		assert_true(clock_mono_us() < until_us);
	check_card(&card, 0, seed);
	line_close(&l);
	return t;
}

static int lane_exit(int seed, int64_t frames, int out)
{
	struct tally t = run_lane(seed, frames);

	return write(out, &t, sizeof(t)) == (ssize_t)sizeof(t) ? 0 : 1;
}

static void lane_of_test(void **state)
{
	const int *lane = *state;

	assert_int_equal(lane_exit(first_seed + lane[0], n_frames / n_lanes + 1, lane[1]), 0);
}

/* cmocka's checks end a test, not a process: each lane is a test of its own in its own process. */
static int run_lane_process(int lane, int out)
{
	static int about[2];
	struct CMUnitTest test = { "n4_hurt_frames_are_no_card", lane_of_test, NULL, NULL, about };

	about[0] = lane;
	about[1] = out;
	/* Only a lane that fails has something to say. */
	FILE *said = tmpfile();
	int terminal = dup(STDERR_FILENO);
	if (!said || terminal < 0)
		return 1;
	(void)dup2(fileno(said), STDOUT_FILENO);
	(void)dup2(fileno(said), STDERR_FILENO);
	int failed = _cmocka_run_group_tests("frames", &test, 1, NULL, NULL);
	char text[4096];
	rewind(said);
	size_t n = fread(text, 1, sizeof(text), said);
	if (failed)
		(void)!write(terminal, text, n);
	return failed;
}

static void n4_hurt_frames_are_no_card(void **state)
{
	struct tally all = { 0 }, one;
	pid_t pids[LANES_MAX];
	int pipes[2], status, bad = 0;

	(void)state;
	assert_true(n_lanes >= 1 && n_lanes <= LANES_MAX);
	assert_int_equal(pipe(pipes), 0);
	for (int i = 0; i < n_lanes; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			exit(run_lane_process(i, pipes[1]) ? 1 : 0);
		}
	}
	(void)close(pipes[1]);
	while (read(pipes[0], &one, sizeof(one)) == (ssize_t)sizeof(one)) {
		all.frames += one.frames;
		all.looks += one.looks;
		all.seen += one.seen;
		all.errors += one.errors;
		all.opens += one.opens;
	}
	(void)close(pipes[0]);
	for (int i = 0; i < n_lanes; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		bad += !WIFEXITED(status) || WEXITSTATUS(status);
	}
	printf("figure: N4 hurt frames %" PRId64 " frames (seeds %d to %d; %" PRId64
	       " looks, %" PRId64 " errors, %" PRId64 " cards that were there, %" PRId64
	       " opens)\n",
		all.frames, first_seed, first_seed + n_lanes - 1, all.looks, all.errors, all.seen,
		all.opens);
	printf("figure: N4 cards that were not there or crashes %d lanes of %d\n", bad, n_lanes);
	assert_int_equal(bad, 0);
	assert_true(all.frames >= n_frames);
	assert_true(all.seen > all.frames / 100); /* it did get through now and then */
}

static int64_t longest_us[4]; /* open, look, ping, close */

static int timed(int which, int64_t from_us, int result)
{
	int64_t took_us = clock_mono_us() - from_us;

	if (took_us > longest_us[which])
		longest_us[which] = took_us;
	return result;
}

/* Each function of the driver ends by itself, whatever the chip leaves out, and none tells an empty field. */
static void n2_n3_every_call_has_its_end(void **state)
{
	static const char *const faults[] = { "fault mute", "fault ack_only", "fault drop 4a",
		"fault drop 02", "fault drop 14", "fault no_ack", "fault unplug" };
	static const char *const names[] = { "open", "look", "ping", "close" };
	static const int bound_ms[] = { 1900, 650, 650, 1000 }; /* reader.h */
	struct line l;

	(void)state;
	line_open(&l, NULL);
	struct reader *r = &l.reader;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct reader_card card;
		int n = 0;
		assert_int_equal(r->driver->open(r, l.connstring), 0);
		tell(&l, faults[i]);
		bool hears_looks = strcmp(faults[i], "fault drop 02") == 0 ||
				   strcmp(faults[i], "fault drop 14") == 0;
		for (int look = 0; look < 3; look++) {
			int64_t from_us = clock_mono_us();
			n = timed(1, from_us, r->driver->look(r, &card));
			if (hears_looks ? n != 0 : n >= 0)
				fail_msg("%s: look gives %d", faults[i], n);
		}
		int64_t from_us = clock_mono_us();
		(void)timed(2, from_us, r->driver->ping(r));
		from_us = clock_mono_us();
		r->driver->close(r);
		(void)timed(3, from_us, 0);
		from_us = clock_mono_us();
		n = timed(0, from_us, r->driver->open(r, l.connstring));
		if (strcmp(faults[i], "fault drop 4a") != 0 && n == 0)
			fail_msg("%s: open gives %d", faults[i], n);
		r->driver->close(r);
		tell(&l, strcmp(faults[i], "fault unplug") ? "clear" : "fault plug");
	}
	line_close(&l);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		printf("figure: N2 longest %s of a chip that is silent %d ms (%zu kinds of "
		       "silence)\n",
			names[i], (int)(longest_us[i] / 1000), ARRAY_LEN(faults));
		assert_true(longest_us[i] < 2000 * bound_ms[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(n2_n3_every_call_has_its_end),
		cmocka_unit_test(n4_hurt_frames_are_no_card),
	};

	(void)setenv("LIBNFC_LOG_LEVEL", "0", 0);
	if (argc > 1)
		n_frames = strtoll(argv[1], NULL, 10);
	if (argc > 2)
		n_lanes = (int)strtol(argv[2], NULL, 10);
	if (argc > 3)
		first_seed = (int)strtol(argv[3], NULL, 10);
	return lanes_run("reader_frames", tests, ARRAY_LEN(tests), ARRAY_LEN(tests), NULL);
}
