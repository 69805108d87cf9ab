/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Faults of the reader as a school sees them: what view and gate state say, and that the kiosk runs on.
 *
 * Rows N1 to N8, N11, N13 of faults.md, at a whole gate: emulated PN532, real libnfc, reader under a unit that restarts
 * it after a second, kiosk, broker. test_reader.c has what the reader says, test_reader_i2c.c has N9.
 * Usage: test_reader_gate [PATTERN [SECONDS]]; SECONDS: how long a card lies there (N11).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "e2e/lanes.h"
#include "e2e/whole_gate.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define A "04a1b2c3"
#define C "04998877665544"
/* faults.md section 2, "a fault is shown", has 5 s, which the figures tell; a loaded machine takes longer. */
#define SHOWN_MAX_MS 20000
#define LANES 4

static int lies_s = 3;

struct moment {
	size_t view, message;
	int64_t us;
};

static struct moment now(const struct whole_gate *g)
{
	return (struct moment){ stage_views(g->views), stage_n_messages(g->s), clock_mono_us() };
}

static int since_ms(const struct moment *m)
{
	return (int)((clock_mono_us() - m->us) / 1000);
}

static void wait_shown(struct whole_gate *g, const char *row, const struct moment *m, int max_ms)
{
	char reason[200];
	struct gate_shown shown = gate_wait_fault(g, m->view, m->message, m->us, reason);

	printf("figure: %s, fault to view %d ms (1 run)\n", row, shown.view_ms);
	printf("figure: %s, fault to gate state %d ms (1 run, \"%s\")\n", row, shown.state_ms,
		reason);
	if (shown.view_ms > max_ms || shown.state_ms > max_ms)
		fail_msg("%s: shown after %d and %d ms", row, shown.view_ms, shown.state_ms);
}

static void wait_back(struct whole_gate *g, const char *row, const struct moment *m)
{
	gate_wait_well(g, m->view, m->message);
	printf("figure: %s, back after %d ms (1 run)\n", row, since_ms(m));
}

/* A fault that the emulator makes and ends: shown, and over by itself; the kiosk is the same all the while. */
static void shown(const char *row, const char *fault, const char *end, int max_ms)
{
	struct whole_gate g;

	gate_open(&g);
	gate_start(&g);
	(void)gate_tap(&g, A, WIRE_RESULT_UNKNOWN_CARD);
	gate_turn_ms(&g, 500); /* gone by then */
	struct moment m = now(&g);
	gate_tell(&g, "%s", fault);
	wait_shown(&g, row, &m, max_ms);
	m = now(&g);
	gate_tell(&g, "%s", end);
	wait_back(&g, row, &m);
	(void)gate_tap(&g, C, WIRE_RESULT_UNKNOWN_CARD);
	(void)stage_wait_message(g.s, 0, "/checkin", "\"seq\":2,");
	assert_int_equal(gate_checkins(&g), 2);
	/* One edge; and one or two more where the machine itself halts the reader or its chip for long enough. */
	size_t n_faults = stage_said_count(g.kiosk, "reader_fault");
	if (n_faults < 1 || n_faults > 3)
		fail_msg("%zu edges in\n%s", n_faults, stage_text(g.kiosk));
	assert_int_equal(stage_said_count(g.kiosk, "reader_back"), n_faults);
	stage_validate(g.s);
	gate_close(&g);
}

static void n1_port_gone_is_shown(void **state)
{
	(void)state;
	shown("N1 port gone", "fault unplug", "fault plug", SHOWN_MAX_MS);
}

static void n2_mute_chip_is_shown(void **state)
{
	(void)state;
	shown("N2 chip mute", "fault mute", "clear", SHOWN_MAX_MS);
}

static void n3_chip_that_only_acks_is_shown(void **state)
{
	(void)state;
	shown("N3 ACK and silence", "fault ack_only", "clear", SHOWN_MAX_MS);
}

static void n3_list_unanswered_is_shown(void **state)
{
	(void)state;
	shown("N3 InListPassiveTarget unanswered", "fault drop 4a", "clear", SHOWN_MAX_MS);
}

static void n4_wrong_checksums_are_shown(void **state)
{
	(void)state;
	shown("N4 wrong checksums", "fault bad_checksum", "clear", SHOWN_MAX_MS);
}

static void n5_late_answers_are_shown(void **state)
{
	(void)state;
	shown("N5 answers 900 ms late", "fault late 900", "clear", SHOWN_MAX_MS);
}

/* What the unit runs before each start says one line where it can't reset, and never keeps the reader from starting. */
static void n2_reset_never_fails_the_start(void **state)
{
	static const struct {
		const char *setting, *says;
	} row[] = {
		{ "screen.sound = off", "" },
		{ "reader.reset_line = gpiochip99:4", "reader_reset_failed" },
		{ "reader.connstring = acr122_usb", "" },
		{ "reader.reset_line = nonsense", "reader.reset_line" },
	};
	struct stage *s = stage_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		stage_unit(s, "gate-1", (const char *const[]){ row[i].setting, NULL });
		struct stage_program *p =
			stage_start(s, "schoolpoort-reader-reset", "gate-1", NULL, NULL);
		assert_int_equal(stage_wait_exit(s, p), 0);
		if (row[i].says[0] ? !stage_said(p, row[i].says) : i == 0 && stage_said(p, "\n"))
			fail_msg("%s: another line than %s", row[i].setting, row[i].says);
		assert_true(stage_said_count(p, "\n") <= 1);
	}
	stage_close(s);
}

/*
 * libnfc ends a program whose chip answers some commands with bit 7 in the status. InDataExchange, 40, is one that the
 * reader never sends; PowerDown, 16, is another, and is sent at each close.
 */
static void n6_abort_takes_the_reader_alone(void **state)
{
	struct whole_gate g;

	(void)state;
	gate_open(&g);
	gate_start(&g);
	(void)gate_tap(&g, A, WIRE_RESULT_UNKNOWN_CARD);
	gate_tell(&g, "fault status 40 80");
	gate_turn_ms(&g, 700);
	(void)gate_tap(&g, A "d4e5f6", WIRE_RESULT_UNKNOWN_CARD);
	assert_false(stage_said(g.reader, "unit_run"));
	gate_turn_ms(&g, 500);

	struct moment m = now(&g);
	assert_int_equal(kill(gate_reader_pid(&g), SIGABRT), 0);
	wait_shown(&g, "N6 SIGABRT", &m, SHOWN_MAX_MS);
	gate_tell(&g, "place " C);
	(void)stage_wait_view(g.s, g.views, m.view, WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD);
	printf("figure: N6 SIGABRT, next card shown after %d ms (1 run, RestartSec=1)\n",
		since_ms(&m));
	assert_true(since_ms(&m) < 15000); /* 3 s, on a machine with time */
	gate_tell(&g, "remove");
	gate_turn_ms(&g, 500);

	gate_tell(&g, "clear");
	gate_tell(&g, "fault status 16 80");
	gate_tell(&g, "fault drop 4a");
	stage_wait_log(
		g.s, g.reader, "unit_run: signal 6"); /* the first was ours, this is libnfc's */
	stage_wait_log(g.s, g.reader, "unit_run: signal 6");
	m = now(&g);
	gate_tell(&g, "clear");
	wait_back(&g, "N6 abort() in libnfc", &m);
	(void)stage_wait_message(g.s, 0, "/checkin", "\"seq\":3,");
	assert_int_equal(gate_checkins(&g), 3);
	gate_close(&g);
}

/* The watchdog's part, here by hand: SIGKILL after 3 s without a sign, RestartSec=1. */
static void n7_hang_is_shown_after_2s(void **state)
{
	struct whole_gate g;

	(void)state;
	gate_open(&g);
	gate_start(&g);
	(void)gate_tap(&g, A, WIRE_RESULT_UNKNOWN_CARD);
	gate_turn_ms(&g, 500);
	struct moment m = now(&g);
	pid_t pid = gate_reader_pid(&g);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	wait_shown(&g, "N7 SIGSTOP", &m, SHOWN_MAX_MS);
	int wait_ms = 3000 - since_ms(&m);
	gate_turn_ms(&g, wait_ms > 0 ? wait_ms : 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	gate_tell(&g, "place " C);
	(void)stage_wait_view(g.s, g.views, m.view, WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD);
	printf("figure: N7 SIGSTOP, next card shown after %d ms (1 run, killed at 3 s, "
	       "RestartSec=1)\n",
		since_ms(&m));
	assert_true(since_ms(&m) < 20000); /* 6 s, on a machine with time */
	(void)stage_wait_message(g.s, 0, "/checkin", "\"seq\":2,");
	assert_int_equal(gate_checkins(&g), 2);
	gate_close(&g);
}

struct starts {
	struct whole_gate *g;
	size_t n;
};

static bool has_started(struct stage *s, void *ctx)
{
	const struct starts *w = ctx;

	(void)s;
	return stage_said_count(w->g->reader, "unit_run: status 1") >= w->n;
}

/* Views from @from on without the fault. */
static size_t views_without_fault(const struct whole_gate *g, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < stage_views(g->views); i++)
		n += stage_view(g->views, i)->state != WIRE_VIEW_FAULT;
	return n;
}

static void fails_at_starts(struct whole_gate *g, const char *row, size_t n_starts)
{
	char what[96];
	struct moment m = now(g);
	struct starts w = { g, 0 };

	wait_shown(g, row, &m, 60000);
	/* A start at a time: the deadline is of one. */
	for (w.n = 1; w.n <= n_starts; w.n++) {
		(void)snprintf(what, sizeof(what), "start %zu to end", w.n);
		stage_until(g->s, has_started, &w, what);
	}
	size_t first = stage_views(g->views);
	while (first > 0 && stage_view(g->views, first - 1)->state == WIRE_VIEW_FAULT)
		first--;
	printf("figure: %s, views without the fault after it was shown first %zu (%zu starts)\n",
		row, views_without_fault(g, first), n_starts);
	/* The fault is the last that was shown, and was shown before the second start. */
	assert_true(first <= m.view + 2);
	size_t ends = stage_said_count(g->reader, "unit_run: status 1");
	size_t lines = stage_said_count(g->reader, "\n");
	printf("figure: %s, lines of log a start %.2f (%zu starts)\n", row,
		(double)(lines - ends) / (double)ends, ends);
	assert_in_range(lines - ends, ends, ends + 1); /* one more: a start that goes on */
	assert_int_equal(stage_said_count(g->kiosk, "reader_fault"), 1);
	assert_int_equal(stage_said_count(g->kiosk, "reader_back"), 0);
	/* No effect on the kiosk: its states are those of its own time, and the reasons of the first starts. */
	size_t states = stage_count(g->s, "gate-1/state", "\"reader\":\"fault\"");
	assert_true(states <= 6 + (size_t)since_ms(&m) / 10000);
}

/* A reader that can't even begin: fifty starts in seconds. */
static void n8_p5_fifty_failing_starts(void **state)
{
	struct whole_gate g;
	struct moment m;

	(void)state;
	gate_open(&g);
	(void)snprintf(g.connstring, sizeof(g.connstring), "replay:/nonexistent/session");
	g.restart_ms = 10;
	gate_start(&g);
	fails_at_starts(&g, "N8 no such recording", 50);
	/* From then on a start lasts: at 10 ms each they would fill the journal. */
	size_t ends = stage_said_count(g.reader, "unit_run: status 1");
	gate_turn_ms(&g, 1000);
	assert_int_equal(stage_said_count(g.reader, "unit_run: status 1"), ends);
	/* Another reader beside it reads, and the fault is over. */
	struct stage_client *other = stage_connect(g.s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	m = now(&g);
	stage_send_text(g.s, other, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	gate_wait_well(&g, m.view, m.message);
	stage_tap(g.s, other, A);
	(void)stage_wait_view(g.s, g.views, m.view, WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD);
	stage_disconnect(g.s, other);
	stage_kill(g.s, g.reader); /* it has no good end to come to */
	gate_close(&g);
}

/* A chip that answers and never acknowledges: each start is three opens with the unit's own pause. */
static void refusing_chip(size_t n_starts)
{
	struct whole_gate g;

	gate_open(&g);
	gate_start(&g);
	gate_tell(&g, "fault no_ack");
	gate_wait_fault(&g, 0, 0, clock_mono_us(), NULL);
	struct starts w = { &g, 0 };
	for (w.n = 1; w.n <= n_starts; w.n++)
		stage_until(g.s, has_started, &w, "a start to end");
	size_t ends = stage_said_count(g.reader, "unit_run: status 1");
	size_t lines = stage_said_count(g.reader, "\n") - ends;
	printf("figure: N8 chip refuses, lines of log a start %.2f (%zu starts)\n",
		(double)lines / (double)ends, ends);
	assert_true(lines <= ends + 3); /* and the first life's ok and fault */
	assert_int_equal(stage_said_count(g.kiosk, "reader_fault"), 1);
	assert_int_equal(stage_said_count(g.kiosk, "reader_back"), 0);
	struct moment m = now(&g);
	gate_tell(&g, "clear");
	wait_back(&g, "N8 chip refuses", &m);
	(void)gate_tap(&g, A, WIRE_RESULT_UNKNOWN_CARD);
	gate_close(&g);
}

static void n8_chip_refuses_at_every_start(void **state)
{
	(void)state;
	refusing_chip(lies_s > 60 ? 50 : 2);
}

/* At the edge of the field, on and off at 10 Hz, and then left lying: one check-in. */
static void n11_card_left_lying_is_one_checkin(void **state)
{
	struct whole_gate g;

	(void)state;
	gate_open(&g);
	gate_start(&g);
	struct moment m = now(&g);
	for (int i = 0; since_ms(&m) < lies_s * 500; i++) {
		gate_tell(&g, i % 2 ? "remove" : "place " A);
		gate_turn_ms(&g, 50);
	}
	gate_tell(&g, "place " A);
	gate_turn_ms(&g, lies_s * 500);
	gate_tell(&g, "remove");
	(void)gate_tap(&g, C, WIRE_RESULT_UNKNOWN_CARD);
	(void)stage_wait_message(g.s, 0, "/checkin", "\"seq\":2,");
	assert_int_equal(gate_checkins(&g), 2);
	size_t results = 0;
	for (size_t i = m.view; i < stage_views(g.views); i++)
		results += stage_view(g.views, i)->state == WIRE_VIEW_RESULT;
	assert_int_equal(results, 2);
	printf("figure: N11 check-ins of a card that lies there 1 (%d s, half of it at 10 Hz)\n",
		lies_s);
	gate_close(&g);
}

/* Two cards in one wallet: the first one read counts, then the gate asks for one card alone. */
static void n13_two_cards_are_shown_and_one_counts(void **state)
{
	struct whole_gate g;

	(void)state;
	gate_open(&g);
	gate_start(&g);
	struct moment m = now(&g);
	gate_tell(&g, "two " A " " C);
	size_t at = stage_wait_view(g.s, g.views, m.view, WIRE_VIEW_RESULT, WIRE_RESULT_TWO_CARDS);
	assert_true(uuid_is_none(stage_view(g.views, at)->checkin));
	gate_turn_ms(&g, 700);
	gate_tell(&g, "remove");
	gate_turn_ms(&g, 500);
	(void)gate_tap(&g, "04112233", WIRE_RESULT_UNKNOWN_CARD);
	(void)stage_wait_message(g.s, 0, "/checkin", "\"seq\":2,");
	assert_int_equal(gate_checkins(&g), 2);
	gate_close(&g);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(n8_chip_refuses_at_every_start),
		cmocka_unit_test(n6_abort_takes_the_reader_alone),
		cmocka_unit_test(n7_hang_is_shown_after_2s),
		cmocka_unit_test(n11_card_left_lying_is_one_checkin),
		cmocka_unit_test(n1_port_gone_is_shown),
		cmocka_unit_test(n2_mute_chip_is_shown),
		cmocka_unit_test(n2_reset_never_fails_the_start),
		cmocka_unit_test(n3_chip_that_only_acks_is_shown),
		cmocka_unit_test(n3_list_unanswered_is_shown),
		cmocka_unit_test(n4_wrong_checksums_are_shown),
		cmocka_unit_test(n5_late_answers_are_shown),
		cmocka_unit_test(n8_p5_fifty_failing_starts),
		cmocka_unit_test(n13_two_cards_are_shown_and_one_counts),
	};

	if (argc > 2)
		lies_s = (int)strtol(argv[2], NULL, 10);
	return lanes_run("reader_gate", tests, ARRAY_LEN(tests), LANES, argc > 1 ? argv[1] : NULL);
}
