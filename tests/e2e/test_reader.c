/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * schoolpoort-reader as it runs at a gate: real libnfc, an emulated PN532 at 115,200 baud, a kiosk
 * that listens.
 *
 * Rows N1 to N5, N8, N10, N11, N13 of faults.md as far as the reader goes; test_reader_gate.c has the kiosk beside
 * it. The last test prints the figures of drivers/reader/README.md.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "e2e/lanes.h"
#include "e2e/reader_rig.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define LANES 4
#define A "04a1b2c3"
#define C "04998877665544"

static void tap(struct rig *rig, size_t *at, const char *uid)
{
	rig_tell(rig, "place %s", uid);
	const struct rig_said *s = rig_wait(rig, at, WIRE_LOCAL_CARD);
	assert_string_equal(s->uid, uid);
	rig_tell(rig, "remove");
	(void)rig_wait(rig, at, WIRE_LOCAL_GONE);
}

/* Each length of UID comes with its own SAK and ATQA, once, and goes once. */
static void test_card_and_gone(void **state)
{
	static const struct {
		const char *uid;
		int sak;
		const char *atqa;
	} card[] = {
		{ A, 0x08, "0004" },
		{ "04a1b2c3d4e5f6", 0x20, "0344" },
		{ "04a1b2c3d4e5f6a7b8c9", 0x00, "0084" },
	};
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(card); i++) {
		int64_t before_us = clock_mono_us();
		rig_tell(rig, "place %s sak %02x atqa %s", card[i].uid, (unsigned)card[i].sak,
			card[i].atqa);
		const struct rig_said *s = rig_wait(rig, &at, WIRE_LOCAL_CARD);
		assert_string_equal(s->uid, card[i].uid);
		assert_int_equal(s->sak, card[i].sak);
		assert_string_equal(s->atqa, card[i].atqa);
		assert_true(s->seen_us >= before_us && s->seen_us <= s->at_us);
		rig_turn_ms(rig, 700); /* it stays: nothing more is said */
		assert_int_equal(rig_count(rig, at, WIRE_LOCAL_CARD, NULL), 0);
		assert_int_equal(rig_count(rig, at, WIRE_LOCAL_GONE, NULL), 0);
		int64_t left_us = clock_mono_us();
		rig_tell(rig, "remove");
		s = rig_wait(rig, &at, WIRE_LOCAL_GONE);
		assert_true(s->at_us - left_us >= 250000);
	}
	rig_check_statuses(rig, 0);
	assert_int_equal(rig_stop_reader(rig), 0);
	/* Nobody's UID, and nothing of libnfc's own. */
	assert_null(strstr(rig_log(rig), "04a1"));
	assert_string_equal(rig_log(rig), "schoolpoort-reader: reader_ok\n");
	rig_close(rig);
}

static void test_the_next_pupil_at_once(void **state)
{
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	rig_tell(rig, "place " A);
	(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
	size_t from = at;
	rig_tell(rig, "place " C);
	rig_tell(rig, "remove " A);
	const struct rig_said *s = rig_wait(rig, &at, WIRE_LOCAL_CARD);
	assert_string_equal(s->uid, C);
	assert_int_equal(rig_count(rig, from, WIRE_LOCAL_GONE, NULL), 1);
	assert_int_equal(rig_count(rig, from, WIRE_LOCAL_TWO_CARDS, NULL), 0);
	rig_close(rig);
}

static void n13_two_cards_are_told_once(void **state)
{
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	rig_tell(rig, "two " A " " C);
	(void)rig_wait(rig, &at, WIRE_LOCAL_TWO_CARDS);
	rig_turn_ms(rig, 500);
	assert_int_equal(rig_count(rig, 0, WIRE_LOCAL_CARD, NULL), 1);
	assert_int_equal(rig_count(rig, 0, WIRE_LOCAL_TWO_CARDS, NULL), 1);
	rig_tell(rig, "remove");
	(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	tap(rig, &at, C);
	rig_close(rig);
}

/* A card that answers every second look is one card. */
static void n11_every_second_look_is_one_card(void **state)
{
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	rig_tell(rig, "every_second on");
	rig_tell(rig, "place " A);
	(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
	rig_turn_ms(rig, 2000);
	assert_int_equal(rig_count(rig, at, WIRE_LOCAL_CARD, NULL), 0);
	assert_int_equal(rig_count(rig, at, WIRE_LOCAL_GONE, NULL), 0);
	rig_tell(rig, "remove");
	(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	rig_close(rig);
}

static void n1_port_gone_is_told_in_2s_and_waited_for(void **state)
{
	struct rig *rig = rig_start();
	size_t at = rig->n_said;

	(void)state;
	int64_t before_us = clock_mono_us();
	rig_tell(rig, "fault unplug");
	const struct rig_said *s = rig_wait_status(rig, &at, WIRE_READER_FAULT);
	assert_true(s->at_us - before_us < 10000000);
	/* A port that is away is waited for, however long: past the third open. */
	rig_turn_ms(rig, 4000);
	at = rig->n_said;
	s = rig_wait_status(rig, &at, WIRE_READER_FAULT);
	assert_non_null(strstr(s->reason, "no device"));
	rig_tell(rig, "fault plug");
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	tap(rig, &at, A);
	rig_check_statuses(rig, 0);
	rig_close(rig);
}

/* The third failed open ends it, with the reason as its last line, and a status comes all the
 * while. */
static void n2_mute_chip_ends_it_after_three_opens(void **state)
{
	struct rig *rig = rig_start();
	size_t at = rig->n_said;

	(void)state;
	int64_t before_us = clock_mono_us();
	rig_tell(rig, "fault mute");
	const struct rig_said *s = rig_wait_status(rig, &at, WIRE_READER_FAULT);
	assert_true(s->at_us - before_us < 10000000);
	assert_int_equal(rig_wait_exit(rig), 1);
	rig_check_statuses(rig, 0);
	const char *last = strstr(rig_log(rig), "reader_end");
	assert_non_null(last);
	assert_string_equal(strchr(last, '\n'), "\n");
	/* Started again by its unit, it finds the chip as it is. */
	rig_tell(rig, "clear");
	rig_reader(rig);
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	tap(rig, &at, A);
	rig_close(rig);
}

/* An error is never told as an empty field. */
static void n3_no_answer_is_no_empty_field(void **state)
{
	static const char *const fault[] = { "ack_only", "drop 4a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fault); i++) {
		struct rig *rig = rig_start();
		size_t at = 0;
		rig_tell(rig, "place " A);
		(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
		size_t from = rig->n_said;
		rig_tell(rig, "fault %s", fault[i]);
		(void)rig_wait_status(rig, &at, WIRE_READER_FAULT);
		rig_turn_ms(rig, 1000);
		assert_int_equal(rig_count(rig, from, WIRE_LOCAL_GONE, NULL), 0);
		rig_tell(rig, "remove");
		rig_tell(rig, "clear");
		(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
		at = 0;
		(void)rig_wait_status(rig, &at, WIRE_READER_FAULT);
		(void)rig_wait_status(rig, &at, WIRE_READER_OK);
		rig_check_statuses(rig, 0);
		tap(rig, &at, C);
		rig_close(rig);
	}
}

/* A chip that leaves the first question of an opening unanswered must not end in libnfc's assert. */
static void n3_half_opened_chip_is_opened_again(void **state)
{
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	rig_tell(rig, "fault drop 02");
	(void)rig_wait_status(rig, &at, WIRE_READER_FAULT);
	rig_turn_ms(rig, 1000); /* it opens at once, and again after a second */
	rig_tell(rig, "clear");
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	tap(rig, &at, A);
	rig_close(rig);
}

/* The answer to a look comes long after; its UID is never the next pupil's. */
static void n5_late_answer_is_nobodys_card(void **state)
{
	static const struct {
		int late_ms, count;
	} late[] = { { 500, 1 }, { 560, 1 }, { 640, 1 }, { 900, 2 }, { 900, 3 } };
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(late); i++) {
		rig_tell(rig, "place " A);
		(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
		rig_tell(rig, "fault late %d count %d", late[i].late_ms, late[i].count);
		rig_turn_ms(rig, 60);
		rig_tell(rig, "remove");
		(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
		size_t from = at;
		rig_turn_ms(rig, 1200);
		if (rig_count(rig, from, WIRE_LOCAL_CARD, NULL))
			fail_msg("%d ms late, %d times: a card that was not there", late[i].late_ms,
				late[i].count);
		rig_tell(rig, "place " C);
		assert_string_equal(rig_wait(rig, &at, WIRE_LOCAL_CARD)->uid, C);
		rig_tell(rig, "remove");
		(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	}
	rig_close(rig);
}

/* The next pupil holds the card there while the old answer is still under way. */
static void n5_late_answer_while_the_next_pupil_waits(void **state)
{
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	for (int late_ms = 400; late_ms <= 1000; late_ms += 300) {
		rig_tell(rig, "place " A);
		(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
		rig_tell(rig, "fault late %d count 1", late_ms);
		rig_turn_ms(rig, 60);
		rig_tell(rig, "remove");
		rig_tell(rig, "place " C);
		assert_string_equal(rig_wait(rig, &at, WIRE_LOCAL_CARD)->uid, C);
		size_t from = at;
		rig_turn_ms(rig, 1200);
		assert_int_equal(rig_count(rig, from, WIRE_LOCAL_CARD, A), 0);
		assert_int_equal(rig_count(rig, from, WIRE_LOCAL_TWO_CARDS, NULL), 0);
		rig_tell(rig, "remove");
		(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	}
	rig_close(rig);
}

/* In short: no card that was not there, and it reads again. */
static void n4_damaged_answers_are_no_card(void **state)
{
	static const char *const fault[] = { "bad_checksum count 2", "split 20 count 5",
		"noise 7 count 20", "no_ack count 2", "bad_checksum count 8" };
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fault); i++) {
		size_t from = at;
		rig_tell(rig, "fault %s", fault[i]);
		rig_turn_ms(rig, 700);
		assert_int_equal(rig_count(rig, from, WIRE_LOCAL_CARD, NULL), 0);
		rig_tell(rig, "clear");
		tap(rig, &at, A);
	}
	rig_close(rig);
}

/* A chip that has lost its set-up hears us and finds nobody: found out by itself. */
static void test_forgotten_set_up(void **state)
{
	static const char *const fault[] = { "brownout", "reset" };
	struct rig *rig = rig_start();
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fault); i++) {
		at = rig->n_said;
		int64_t before_us = clock_mono_us();
		rig_tell(rig, "fault %s", fault[i]);
		rig_tell(rig, "place " A);
		const struct rig_said *s = rig_wait(rig, &at, WIRE_LOCAL_CARD);
		assert_true(s->at_us - before_us < 10000000);
		rig_tell(rig, "remove");
		(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	}
	rig_close(rig);
}

static void n10_second_reader_ends_and_names_the_lock(void **state)
{
	struct rig *rig = rig_start();
	pid_t first = rig->reader_pid;
	size_t at = 0;

	(void)state;
	rig_reader(rig);
	assert_int_equal(rig_wait_exit(rig), 1);
	rig->reader_pid = first;
	assert_non_null(strstr(rig_log(rig), "reader_busy lock="));
	assert_non_null(strstr(rig_log(rig), "tty.lock"));
	tap(rig, &at, A); /* and the first goes on */
	rig_close(rig);
}

/* With descriptor 0 free the port would become it, and libnfc take each read for an abort. */
static void n10_started_without_stdin(void **state)
{
	struct rig *rig = rig_open();
	size_t at = 0;

	(void)state;
	rig->no_stdin = true;
	rig_kiosk(rig, true);
	rig_reader(rig);
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	tap(rig, &at, A);
	tap(rig, &at, C);
	rig_close(rig);
}

static void wait_selected(struct rig *rig, const char *uid)
{
	int64_t until_us = clock_mono_us() + (int64_t)RIG_DEADLINE_MS * 1000;

	while (rig_number(rig, uid, "selects") < 1) {
		if (clock_mono_us() > until_us)
			fail_msg("never looked at: %s", rig_log(rig));
		rig_turn(rig);
	}
}

/* A card that has left is not told to a kiosk that comes later; one that is there is, with its own
 * time. */
static void test_kiosk_comes_later(void **state)
{
	struct rig *rig = rig_open();
	size_t at = 0;

	(void)state;
	rig_reader(rig);
	rig_tell(rig, "place " A);
	wait_selected(rig, A);
	rig_tell(rig, "remove");
	rig_turn_ms(rig, 600);
	rig_tell(rig, "place " C);
	wait_selected(rig, C);
	int64_t there_us = clock_mono_us() + 100000;
	rig_turn_ms(rig, 1200);
	rig_kiosk(rig, true);
	int64_t seen_us = 0;
	for (int restart = 0; restart < 3; restart++) {
		const struct rig_said *s = rig_wait(rig, &at, WIRE_LOCAL_HELLO);
		assert_int_equal(rig_wait(rig, &at, WIRE_LOCAL_STATUS)->reader, WIRE_READER_OK);
		s = rig_wait(rig, &at, WIRE_LOCAL_CARD);
		assert_string_equal(s->uid, C);
		assert_true(s->seen_us < there_us);
		assert_true(restart == 0 || s->seen_us == seen_us);
		seen_us = s->seen_us;
		rig_turn_ms(rig, 100);
		rig_kiosk(rig, true); /* a new one at the same place */
	}
	assert_int_equal(rig_count(rig, 0, WIRE_LOCAL_CARD, A), 0);
	rig_close(rig);
}

static void test_stops_while_mute(void **state)
{
	struct rig *rig = rig_start();

	(void)state;
	rig_tell(rig, "fault mute");
	rig_turn_ms(rig, 200);
	assert_int_equal(rig_stop_reader(rig), 0);
	rig_close(rig);
}

static void test_replay(void **state)
{
	struct rig *rig = rig_open();
	char path[96];
	size_t at = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/session", rig->folder);
	(void)snprintf(rig->connstring, sizeof(rig->connstring), "replay:%s", path);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("# Device: invented\n300 empty\n500 present " C ":20:0344\n700 empty\n", f);
	fclose(f);
	rig_kiosk(rig, true);
	rig_reader(rig);
	const struct rig_said *s = rig_wait(rig, &at, WIRE_LOCAL_CARD);
	assert_string_equal(s->uid, C);
	assert_string_equal(s->atqa, "0344");
	(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	rig_turn_ms(rig, 500);
	assert_int_equal(rig_count(rig, at, WIRE_LOCAL_CARD, NULL), 0);
	rig_close(rig);
}

static size_t lines_of(struct rig *rig)
{
	size_t n = 0;

	for (const char *at = rig_log(rig); (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* A chip that reads for a moment and fails again: opened ever later, and said once. */
static void n8_coming_and_going_is_said_once(void **state)
{
	struct rig *rig = rig_start();
	int64_t opened_us = 0;
	size_t at = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		at = rig->n_said;
		rig_tell(rig, "fault reset");
		int64_t fault_us = rig_wait_status(rig, &at, WIRE_READER_FAULT)->at_us;
		opened_us = rig_wait_status(rig, &at, WIRE_READER_OK)->at_us - fault_us;
	}
	assert_true(opened_us > 1900000); /* at once, then after 1, 2 s */
	assert_non_null(strstr(rig_log(rig), "next=open_again_and_again"));
	assert_int_equal(lines_of(rig), 4); /* ok, fault, back, fault; nothing since */
	tap(rig, &at, A);
	rig_close(rig);
}

/* Two hours at twenty minutes a second: opened anew at each ten minutes without a card it reads on, and ends at three. */
static void test_refreshed_and_at_rest(void **state)
{
	struct rig *rig = rig_open();
	size_t at = 0;

	(void)state;
	rig->clock = "2026-11-24T00:59:00+01:00x1200";
	rig_kiosk(rig, true);
	rig_reader(rig);
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	int64_t set_ups = rig_number(rig, NULL, "set_ups");
	tap(rig, &at, A);
	rig_turn_ms(rig, 2000);
	assert_true(rig_number(rig, NULL, "set_ups") > set_ups + 1);
	tap(rig, &at, C);
	assert_int_equal(rig_wait_exit(rig), 0);
	assert_int_equal(rig_count(rig, 0, WIRE_LOCAL_CARD, NULL), 2);
	assert_int_equal(rig_count_status(rig, 0, WIRE_READER_FAULT), 0);
	assert_non_null(strstr(rig_log(rig), "reader_rests next=start_anew\n"));
	assert_int_equal(lines_of(rig), 3); /* rehearsal, ok, rests */
	rig_close(rig);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Time on a processor so far, in seconds; finer than the ticks of /proc/PID/stat. */
static double cpu_s(pid_t pid)
{
	char path[64], text[128];

	(void)snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return strtod(text, NULL) / 1e9;
}

/* The figures of README.md: from the card before the antenna, and from its selection, to the
 * datagram. */
static void test_latency(void **state)
{
	enum { TAPS = 40 };
	struct rig *rig = rig_start();
	int64_t placed[TAPS], selected[TAPS];
	size_t at = 0;

	(void)state;
	for (int i = 0; i < TAPS; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "04aa%04x", (unsigned)i);
		rig_turn_ms(rig, 3 + i % 17); /* at any point of a look */
		rig_tell(rig, "place %s", uid);
		const struct rig_said *s = rig_wait(rig, &at, WIRE_LOCAL_CARD);
		assert_string_equal(s->uid, uid);
		placed[i] = s->at_us - rig_number(rig, uid, "placed_us");
		selected[i] = s->at_us - rig_number(rig, uid, "first_us");
		rig_tell(rig, "remove");
		(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
	}
	qsort(placed, TAPS, sizeof(*placed), compare);
	qsort(selected, TAPS, sizeof(*selected), compare);
	double before = cpu_s(rig->reader_pid);
	int64_t polls = rig_number(rig, NULL, "polls");
	rig_turn_ms(rig, 3000);
	double empty = (cpu_s(rig->reader_pid) - before) / 3.0;
	polls = rig_number(rig, NULL, "polls") - polls;
	rig_tell(rig, "place " A);
	(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
	before = cpu_s(rig->reader_pid);
	rig_turn_ms(rig, 3000);
	double resting = (cpu_s(rig->reader_pid) - before) / 3.0;
	print_message("selection to datagram: p50 %.1f ms, p95 %.1f ms; placed to datagram: p50 "
		      "%.1f ms, p95 %.1f ms; %.1f looks a second; CPU %.1f %% empty, %.1f %% with "
		      "a card\n",
		(double)selected[TAPS / 2] / 1e3, (double)selected[TAPS * 95 / 100] / 1e3,
		(double)placed[TAPS / 2] / 1e3, (double)placed[TAPS * 95 / 100] / 1e3,
		(double)polls / 3.0, 100 * empty, 100 * resting);
	/* The middle one: the slowest are what else this machine had to do. */
	assert_true(placed[TAPS / 2] < 100000);
	rig_close(rig);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_card_and_gone),
		cmocka_unit_test(test_the_next_pupil_at_once),
		cmocka_unit_test(n13_two_cards_are_told_once),
		cmocka_unit_test(n11_every_second_look_is_one_card),
		cmocka_unit_test(n1_port_gone_is_told_in_2s_and_waited_for),
		cmocka_unit_test(n2_mute_chip_ends_it_after_three_opens),
		cmocka_unit_test(n3_no_answer_is_no_empty_field),
		cmocka_unit_test(n3_half_opened_chip_is_opened_again),
		cmocka_unit_test(n5_late_answer_is_nobodys_card),
		cmocka_unit_test(n5_late_answer_while_the_next_pupil_waits),
		cmocka_unit_test(n4_damaged_answers_are_no_card),
		cmocka_unit_test(test_forgotten_set_up),
		cmocka_unit_test(n10_second_reader_ends_and_names_the_lock),
		cmocka_unit_test(n10_started_without_stdin),
		cmocka_unit_test(test_kiosk_comes_later),
		cmocka_unit_test(test_stops_while_mute),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(n8_coming_and_going_is_said_once),
		cmocka_unit_test(test_refreshed_and_at_rest),
		cmocka_unit_test(test_latency),
	};

	/* A pattern, as test_latency; it alone, whose figures are of a quiet machine. */
	return lanes_run("reader", tests, ARRAY_LEN(tests), LANES, argc > 1 ? argv[1] : NULL);
}
