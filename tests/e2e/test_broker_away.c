/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A broker that is away for days, that dies under load, and a register that isn't there: M1, M8, M12.
 *
 * test_e2e_broker_away [TAPS [SECONDS]]: M1 with so many taps over five school days and so many seconds of looking at an
 * idle gate; M12 for as many seconds. Without arguments a small size, in which memory and time are printed and not
 * asserted: sanitizers have their own.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "e2e/gates.h"
#include "e2e/school.h"
#include "unit/unit.h"

static int n_taps = 600, n_seconds = 0;

static const char *const cards[] = { CARD_NOOR, CARD_YASSINE, CARD_ELIF, CARD_MARIE };
static const char *const gate_one[] = { "gate-1" };

/* Each of another card, so that none is the same tap as one before. They come by dozens, as a reader sends them while a
 * commit takes its time; a phone, which is not stored, ends each dozen: its view can't be taken for another's. */
static void tap_many(struct stage *s, struct gate *g, int first, int n)
{
	char uid[15];

	for (int i = 0; i < n; i++) {
		(void)snprintf(uid, sizeof(uid), "04aa%010x", (unsigned)(first + i));
		stage_tap(s, g->reader, uid);
		if (i % 12 == 11 || i + 1 == n)
			(void)gate_tap(s, g, "08a1b2c3", WIRE_RESULT_REFUSED_CARD);
	}
}

static const char *clock_at(const char *start, char *room, size_t size)
{
	(void)snprintf(room, size, "--clock=%s@%lld", start, (long long)time(NULL));
	return room;
}

static void begin(struct stage *s, struct stage_program **reg)
{
	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, false);
	*reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", (const char *const[]){ "kiosk.repeat_s = 0", NULL });
}

static int days_of(struct stage *s, const char *unit)
{
	return gate_rows(s, unit,
		strcmp(unit, "register") == 0
			? "SELECT count(DISTINCT at / 86400000) FROM checkin"
			: "SELECT count(DISTINCT at_ms / 86400000) FROM main.checkin");
}

static void report_idle(struct stage *s, struct gate *g)
{
	int ms = n_seconds ? n_seconds * 1000 : 2000;
	long before = gate_cpu_ms(g->kiosk);

	gate_pass(s, ms);
	double percent = (double)(gate_cpu_ms(g->kiosk) - before) * 100 / ms;
	printf("figure: kiosk, broker away, idle %.2f %% of a core (1 run, %d s%s)\n", percent,
		ms / 1000, n_seconds ? "" : ", sanitizers");
	if (n_seconds)
		assert_true(percent < 1.0);
}

/* One process lives through the five days: its clock runs 24 hours in the time that a day's taps take, more or less. */
static void m1_broker_away_for_five_school_days(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	char clock[96];

	begin(s, &reg);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	gate_wait_cards(s, "gate-1", 5);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_broker_stop(s, true);

	(void)clock_at("2026-11-23T08:10:00+01:00", clock, sizeof(clock));
	(void)snprintf(clock + strlen(clock), sizeof(clock) - strlen(clock), "x86400");
	g = gate_start(s, "gate-1", (const char *const[]){ clock, NULL }, NULL);
	stage_clock(s, NULL);
	long memory = 0;
	int taps = 0;
	/* What is allocated once, at the first tap of each kind, is no growth. */
	for (int day = 0; day < 5; day++) {
		int64_t end = gate_now_ms() + 1000; /* 24 hours of that clock */
		tap_many(s, &g, taps, n_taps / 5);
		taps += n_taps / 5;
		if (day == 0)
			memory = gate_memory_kb(g.kiosk);
		if (gate_now_ms() < end)
			gate_pass(s, (int)(end - gate_now_ms()));
	}
	long grown = gate_memory_kb(g.kiosk) - memory;
	printf("figure: kiosk, broker away, memory after day 5 over day 1 %ld kB (%d taps%s)\n",
		grown, taps, n_seconds ? "" : ", sanitizers");
	report_idle(s, &g);
	assert_int_equal(gate_rows(s, "gate-1", "SELECT count(*) FROM main.checkin"), taps);
	assert_true(stage_view(g.views, stage_views(g.views) - 1)->offline);
	assert_true(stage_said_count(g.kiosk, "broker_down") <= 2); /* an edge, a line */
	int days = days_of(s, "gate-1");
	assert_true(days >= 5);

	/* The broker's return; the register finds days that are over. */
	stage_clock(s, "2026-12-01T20:00:00+01:00");
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_disconnect(s, stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL));
	int64_t back = gate_now_ms();
	stage_broker_start(s, false);
	school_wait_status(s, "gate-1", "queue", 0);
	printf("figure: delivered after the broker's return %lld ms (%d taps)\n",
		(long long)(gate_now_ms() - back), taps);
	gate_check_delivered(s, gate_one, 1);
	assert_int_equal(days_of(s, "register"), days);
	if (n_seconds)
		assert_true(grown < 2048);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

static size_t sent(struct stage *s)
{
	return stage_said_count(stage_broker(s), "Received PUBLISH from schoolpoort-kiosk-gate-1 "
						 "(d0, q1, r0") +
	       stage_said_count(stage_broker(s), "Received PUBLISH from schoolpoort-kiosk-gate-1 "
						 "(d1, q1, r0");
}

static bool repeated(struct stage *s, void *ctx)
{
	return sent(s) >= *(size_t *)ctx;
}

/* The broker's log is the witness: a recorder would be somebody who listens. */
static void m8_register_away_only_the_window_is_repeated(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	size_t want = n_seconds ? 30 : 10; /* one window; in the long form two more */

	stage_broker_lines(s, "max_queued_messages 10\nlog_type all\n");
	begin(s, &reg);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	gate_wait_cards(s, "gate-1", 5);
	stage_stop(s, reg);
	size_t before = sent(s);
	assert_int_equal(before, 0);
	long memory = gate_memory_kb(stage_broker(s));
	tap_many(s, &g, 0, 600);
	stage_until(s, repeated, &want, "the window");
	gate_pass(s, 500);
	assert_in_range(sent(s), want, want + 10);
	printf("figure: broker's memory, 600 taps with the register away %ld kB more (1 run, "
	       "max_queued_messages 10)\n",
		gate_memory_kb(stage_broker(s)) - memory);
	assert_true(gate_memory_kb(stage_broker(s)) - memory < 4096);
	assert_int_equal(gate_rows(s, "gate-1", "SELECT count(*) FROM main.checkin"), 600);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_check_delivered(s, gate_one, 1);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* Three taps a second; the broker dies every few seconds, without a word to anybody. */
static void m12_broker_killed_under_load(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	int64_t every = n_seconds ? 5000 : 1500, length = n_seconds ? n_seconds * 1000 : 4000;
	int kills = 0, taps = 0;

	begin(s, &reg);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	gate_wait_cards(s, "gate-1", 5);
	int64_t start = gate_now_ms(), next_kill = start + every;
	for (int64_t now = start; now < start + length; now = gate_now_ms()) {
		stage_send_text(s, g.reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
		stage_tap(s, g.reader, cards[taps % 4]);
		taps++;
		if (now >= next_kill) {
			stage_broker_stop(s, true);
			stage_broker_start(s, false);
			kills++;
			next_kill = gate_now_ms() + every;
		}
		gate_pass(s, 330);
	}
	stage_broker_stop(s, true);
	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	/* Births, and all that is retained, anew: the recorder came before both. */
	(void)stage_wait_message(s, from, "gate/gate-1/state", "\"state\":\"online\"");
	(void)stage_wait_message(s, from, "register/state", "\"state\":\"online\"");
	(void)stage_wait_message(s, from, "gates/data", NULL);
	(void)stage_wait_message(s, from, "care/day/2026-11-23/am", NULL);
	(void)gate_tap(s, &g, "04bb0000000001", WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "queue", 0);
	assert_int_equal(gate_rows(s, "gate-1", "SELECT count(*) FROM main.checkin"), taps + 1);
	gate_check_delivered(s, gate_one, 1);
	printf("figure: broker killed under load, lost 0 taps (%d taps, %d kills)\n", taps + 1,
		kills + 1);
	stage_validate(s);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m1_broker_away_for_five_school_days),
		cmocka_unit_test(m8_register_away_only_the_window_is_repeated),
		cmocka_unit_test(m12_broker_killed_under_load),
	};
	if (argc > 1)
		n_taps = (int)strtol(argv[1], NULL, 10);
	if (argc > 2)
		n_seconds = (int)strtol(argv[2], NULL, 10);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
