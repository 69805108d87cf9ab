/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A queue at the gate, and cards that are none: emulated PN532, real libnfc, reader, kiosk, screen off screen, broker
 * and register.
 *
 * N12: pupils come in pairs, 200 ms apart, three a second, and hold the card there for 150 ms. N14: one card a class.
 * It is 08:10 on Monday 23 November 2026; everybody is on time until 08:25.
 * Usage: test_reader_queue [SECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e2e/lanes.h"
#include "e2e/school.h"
#include "e2e/whole_gate.h"
#include "emu/emu_control.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define PAIR_US 666667 /* two pupils each: three a second */
#define NEXT_US 200000
#define HOLD_MS 150
#define TAPS_MAX 3000
#define TRACE_AT_ONCE 500 /* of the 1,000 that the kiosk remembers */

static int queue_s = 20;

struct queue {
	struct whole_gate g;
	struct stage_program *reg, *screen;
	int n_taps, n_rows;
	int n_unseen; /* cards that left before the chip was asked: the machine halted somebody for 150 ms */
	int n_once; /* cards that the chip told once: too few where another lay there just before */
	int n_traced, n_presented;
	double presented_ms[TAPS_MAX];
	double worst_commit_ms;
};

static void open_school(struct queue *q)
{
	struct stage *s;

	gate_open(&q->g);
	s = q->g.s;
	stage_clock(s, "2026-11-23T08:10:00+01:00");
	q->reg = school_register(s, "gate-1");
}

static void start_gate(struct queue *q)
{
	gate_start(&q->g);
	q->screen = stage_start(q->g.s, "schoolpoort-screen", "gate-1", NULL,
		(const char *const[]){ "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy", NULL });
	(void)stage_wait_message(q->g.s, 0, "gate-1/state", "\"screen\":\"ok\"");
}

static void uid_of(int pupil, char ret_uid[16])
{
	(void)snprintf(ret_uid, 16, "04%02x%02x5e6f7081", pupil >> 8, pupil & 0xFF);
}

static void import(struct stage *s, const char *what, const char *path)
{
	char file[300];

	(void)snprintf(file, sizeof(file), "%s", path);
	free(school_ctl(s, "register", (const char *const[]){ "import", what, file, NULL }));
}

static void import_pupils(struct stage *s, int n)
{
	FILE *pupils = fopen(stage_path(s, "pupils.csv"), "we");
	FILE *cards = fopen(stage_path(s, "cards.csv"), "we");
	char uid[16];

	assert_non_null(pupils);
	assert_non_null(cards);
	(void)fputs("pupil_id;last_name;first_name;class\n", pupils);
	(void)fputs("uid;pupil_id;from;to\n", cards);
	for (int i = 0; i < n; i++) {
		uid_of(i, uid);
		(void)fprintf(pupils, "%d;Achternaam %d;Voornaam %d;3A\n", 20000 + i, i, i);
		(void)fprintf(cards, "%s;%d;;\n", uid, 20000 + i);
	}
	assert_int_equal(fclose(pupils), 0);
	assert_int_equal(fclose(cards), 0);
	import(s, "pupils", stage_path(s, "pupils.csv"));
	import(s, "cards", stage_path(s, "cards.csv"));
}

static void turn_until(struct stage *s, int64_t until_us)
{
	for (int64_t left_us; (left_us = until_us - clock_mono_us()) > 0;)
		stage_turn(s, (int)((left_us + 999) / 1000));
}

/* What the command line tells of the last taps; each is asked for once. */
static void take_trace(struct queue *q, int n)
{
	char last[16];

	(void)snprintf(last, sizeof(last), "%d", n);
	struct wire_node *trace = school_ctl_json(
		q->g.s, "gate-1", (const char *const[]){ "trace", "--last", last, NULL });
	const struct wire_node *taps = wire_node_get_node(trace, "taps");
	for (size_t i = 0; i < wire_node_count(taps); i++) {
		const struct wire_node *t = wire_node_at(taps, i);
		int64_t presented_us = wire_node_get_int(t, "presented", -1);
		double committed_ms = (double)wire_node_get_int(t, "committed", -1) / 1000;
		if (committed_ms > q->worst_commit_ms)
			q->worst_commit_ms = committed_ms;
		q->n_traced++;
		if (presented_us >= 0 && q->n_presented < TAPS_MAX)
			q->presented_ms[q->n_presented++] = (double)presented_us / 1000;
	}
	wire_node_destroy(trace);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double nearest_rank(const struct queue *q, int percent)
{
	int rank = (q->n_presented * percent + 99) / 100;

	return q->presented_ms[rank > 0 ? rank - 1 : 0];
}

static int64_t last_seq(struct queue *q)
{
	struct wire_node *status =
		school_ctl_json(q->g.s, "gate-1", (const char *const[]){ "status", NULL });
	int64_t seq = wire_node_get_int(status, "last_seq", -1);

	wire_node_destroy(status);
	return seq;
}

static void hold(struct queue *q, int pupil)
{
	char uid[16];

	uid_of(pupil, uid);
	gate_tell(&q->g, "tap %s %d", uid, HOLD_MS);
}

static void look_back(struct queue *q, int pupil)
{
	char uid[16];

	uid_of(pupil, uid);
	assert_int_equal(emu_control_state(q->g.emu, STAGE_DEADLINE_MS, uid), 0);
	int64_t selects = emu_control_number(q->g.emu, "selects");
	q->n_unseen += selects < 1;
	q->n_once += selects == 1;
}

static size_t results_of(const struct queue *q, enum wire_view_result result)
{
	size_t n = 0;

	for (size_t i = 0; i < stage_views(q->g.views); i++) {
		const struct wire_view *v = stage_view(q->g.views, i);
		n += v->state == WIRE_VIEW_RESULT && v->result == result;
	}
	return n;
}

static bool all_shown(struct stage *s, void *ctx)
{
	const struct queue *q = ctx;

	(void)s;
	return (int)results_of(q, WIRE_RESULT_PRESENT) >= q->n_taps - q->n_unseen - q->n_once;
}

static void let_them_come(struct queue *q)
{
	int64_t start_us = clock_mono_us() + 100000;
	int asked = 0;

	for (int i = 0; i < q->n_taps; i++) {
		turn_until(q->g.s, start_us + i / 2 * (int64_t)PAIR_US + i % 2 * NEXT_US);
		hold(q, i);
		if (i >= 3)
			look_back(q, i - 3);
		/* In the pause between two pairs; the last few may still be under way. */
		if (i % 2 && i - asked >= TRACE_AT_ONCE + 20 && asked < q->n_taps) {
			turn_until(q->g.s, clock_mono_us() + NEXT_US);
			take_trace(q, (int)last_seq(q) - q->n_traced);
			asked = i;
		}
	}
	turn_until(q->g.s, clock_mono_us() + 1000000); /* the last picture */
	for (int i = q->n_taps - 3; i < q->n_taps; i++)
		look_back(q, i);
	stage_until(q->g.s, all_shown, q, "a result for each that could be read");
	q->n_rows = (int)last_seq(q);
	take_trace(q, q->n_rows - q->n_traced);
}

static void print_figures(struct queue *q)
{
	char about[96];

	(void)snprintf(about, sizeof(about),
		"(%d taps, 3 a second for %d s, broker and register up)", q->n_presented, queue_s);
	qsort(q->presented_ms, (size_t)q->n_presented, sizeof(q->presented_ms[0]), compare);
	printf("figure: N12 seen to presented p50 %.1f ms %s\n", nearest_rank(q, 50), about);
	printf("figure: N12 seen to presented p95 %.1f ms %s\n", nearest_rank(q, 95), about);
	printf("figure: N12 seen to presented p99 %.1f ms %s\n", nearest_rank(q, 99), about);
	printf("figure: N12 seen to presented worst %.1f ms %s\n", nearest_rank(q, 100), about);
	printf("figure: N12 seen to committed worst %.1f ms %s\n", q->worst_commit_ms, about);
	printf("figure: N12 check-ins %d of %d taps (cards held for %d ms; %d left before the "
	       "emulated "
	       "chip was asked, %d were told once)\n",
		q->n_rows, q->n_taps, HOLD_MS, q->n_unseen, q->n_once);
}

static void check_register(struct queue *q)
{
	school_wait_status(q->g.s, "gate-1", "queue", 0);
	struct wire_node *day = school_ctl_json(q->g.s, "register",
		(const char *const[]){ "day", "--date", "2026-11-23", "--half", "am", NULL });
	const struct wire_node *total = wire_node_get_node(day, "total");
	assert_int_equal(wire_node_get_int(total, "present", -1), q->n_rows);
	wire_node_destroy(day);
}

static void n12_queue_of_three_a_second(void **state)
{
	static struct queue q;

	(void)state;
	memset(&q, 0, sizeof(q));
	q.n_taps = queue_s * 3;
	assert_true(q.n_taps <= TAPS_MAX);
	open_school(&q);
	import_pupils(q.g.s, q.n_taps);
	start_gate(&q);
	school_wait_status(q.g.s, "gate-1", "cards", q.n_taps + 5);
	let_them_come(&q);
	print_figures(&q);
	check_register(&q);
	/* Each that could be read is one; on a machine with time that is each. */
	assert_in_range(q.n_rows, q.n_taps - q.n_unseen - q.n_once, q.n_taps - q.n_unseen);
	/* A handful, where the machine stood still; in ten minutes not one in a hundred, as a reader that looks too seldom has. */
	assert_true(q.n_unseen + q.n_once <= 6 + q.n_taps / 100);
	assert_int_equal(results_of(&q, WIRE_RESULT_PRESENT), q.n_rows);
	assert_int_equal(q.n_traced, q.n_rows);
	assert_true(q.n_presented > q.n_rows / 2); /* a picture may hold two results' time */
	/* The last one again, gone meanwhile: the same tap. */
	gate_turn_ms(&q.g, 2000); /* while the result shows, it would ask for the record */
	size_t from = stage_views(q.g.views);
	hold(&q, q.n_taps - 1);
	(void)stage_wait_view(q.g.s, q.g.views, from, WIRE_VIEW_RESULT, WIRE_RESULT_ALREADY);
	assert_int_equal(last_seq(&q), q.n_rows);
	/* A fault would delay each, a machine that stands still some. */
	assert_true(nearest_rank(&q, 50) < 2000);
	assert_true(
		nearest_rank(&q, 99) < 10000); /* 500 on a gate that has its machine for itself */
	stage_stop(q.g.s, q.screen);
	gate_close(&q.g);
}

/* What can't be a school's card, and what is said of it where somebody wants to make it one. */
static const struct {
	const char *name, *card, *uid, *why;
} refused[] = {
	{ "a phone", "08a1b2c3 sak 20", "08a1b2c3", "random" },
	{ "it again", "08c3b2a1 sak 20", "08c3b2a1", "random" },
	{ "a bank card", "08123456 sak 20 atqa 0004", "08123456", "random" },
	{ "a cascade tag", "88a1b2c3", "88a1b2c3", "can't be" },
	{ "zeros", "00000000", "00000000", "can't be" },
	{ "seven zeros", "00000000000000", "00000000000000", "can't be" },
	{ "ten zeros", "00000000000000000000", "00000000000000000000", "can't be" },
};

static void refuse_as_card(struct queue *q, size_t i)
{
	struct stage *s = q->g.s;
	char file[300];
	int status;

	char *said = stage_ctl(s, "register",
		(const char *const[]){ "card", "add", NOOR, refused[i].uid, NULL }, &status);
	if (status != 1 || !strstr(said, refused[i].why))
		fail_msg("card add %s: %d, %s", refused[i].name, status, said);
	free(said);
	(void)snprintf(file, sizeof(file), "%s", stage_path(s, "refused.csv"));
	FILE *f = fopen(file, "we");
	assert_non_null(f);
	(void)fprintf(f, "uid;pupil_id;from;to\n%s;12345;;\n", refused[i].uid);
	assert_int_equal(fclose(f), 0);
	said = stage_ctl(
		s, "register", (const char *const[]){ "import", "cards", file, NULL }, &status);
	if (status != 1 || !strstr(said, "refused.csv:2:1"))
		fail_msg("import cards, %s: %d, %s", refused[i].name, status, said);
	free(said);
}

static bool has_answer(struct stage *s, void *ctx)
{
	(void)s;
	return strstr(stage_last_text(ctx), "\"type\":\"response\"") != NULL;
}

/* The desk waits for a card, and only these come. */
static void refuse_enrolment(struct queue *q)
{
	struct stage *s = q->g.s;
	struct stage_client *c = stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL);

	stage_send_text(s, c,
		"{\"v\":1,\"type\":\"request\",\"id\":7,\"command\":\"enrol\",\"pupil\":\"" NOOR
		"\",\"wait_s\":8}");
	for (size_t i = 0; i < 3; i++) {
		(void)gate_tap(&q->g, refused[i].card, WIRE_RESULT_REFUSED_CARD);
		gate_turn_ms(&q->g, 400);
	}
	stage_until(s, has_answer, c, "the enrolment to end");
	assert_non_null(strstr(stage_last_text(c), "\"error\":\"refused\""));
	assert_non_null(strstr(stage_last_text(c), "phones and identity documents"));
	stage_disconnect(s, c);
}

static void n14_cards_that_are_none(void **state)
{
	static struct queue q;
	struct stage *s;

	(void)state;
	memset(&q, 0, sizeof(q));
	open_school(&q);
	s = q.g.s;
	start_gate(&q);
	school_wait_status(s, "gate-1", "cards", 5);
	size_t from = stage_n_messages(s);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		size_t view = stage_views(q.g.views);
		(void)gate_tap(&q.g, refused[i].card, WIRE_RESULT_REFUSED_CARD);
		view = stage_wait_view(
			s, q.g.views, view, WIRE_VIEW_RESULT, WIRE_RESULT_REFUSED_CARD);
		assert_true(uuid_is_none(stage_view(q.g.views, view)->checkin));
		gate_turn_ms(&q.g, 400); /* gone: after 320 ms */
		refuse_as_card(&q, i);
	}
	refuse_enrolment(&q);
	assert_int_equal(last_seq(&q), 0); /* nothing stored */
	/* 7 bytes that are known, 4 and 10 that become a card: accepted. */
	free(school_ctl(s, "register",
		(const char *const[]){ "card", "add", MARIE, "0411223344556677aabb", NULL }));
	(void)gate_tap(&q.g, CARD_NOOR, WIRE_RESULT_PRESENT);
	gate_turn_ms(&q.g, 400);
	(void)stage_wait_message(s, from, "gates/data", NULL);
	(void)gate_tap(&q.g, "0411223344556677aabb", WIRE_RESULT_PRESENT);
	gate_turn_ms(&q.g, 400);
	(void)gate_tap(&q.g, "5a5b5c5d", WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "last_seq", 3);
	/* The only alert is of the last one: of those that were refused nobody hears. */
	(void)stage_wait_message(s, from, "care/event", "\"kind\":\"unknown_card\"");
	assert_int_equal(stage_count(s, "care/event", "\"kind\":\"unknown_card\""), 1);
	for (size_t i = from; i < stage_n_messages(s); i++)
		for (size_t j = 0; j < ARRAY_LEN(refused); j++)
			if (strstr(stage_message(s, i)->payload, refused[j].uid) &&
				refused[j].uid[0] != '0')
				fail_msg("a UID on %s", stage_message(s, i)->topic);
	stage_validate(s);
	stage_stop(s, q.screen);
	gate_close(&q.g);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(n12_queue_of_three_a_second),
		cmocka_unit_test(n14_cards_that_are_none),
	};

	if (argc > 1)
		queue_s = (int)strtol(argv[1], NULL, 10);
	return lanes_run("reader_queue", tests, ARRAY_LEN(tests), ARRAY_LEN(tests), NULL);
}
