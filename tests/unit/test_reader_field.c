/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Field and health by scripts: a letter a look, a letter an event, so that each rule is one line.
 *
 * Looks: A, B, C a card; '.' none; '!' failed; '~' failed, and its answer may come late; 'w'
 * nobody looks for 3 s. Each takes 50 ms; a card counts as gone after 120 ms, so three empty looks
 * are enough and two are not. Told: a letter with '+' came, '-' gone, '2' two cards.
 */
#include "reader/field.h"

#include <string.h>

#include "reader/health.h"
#include "reader/upkeep.h"
#include "unit/unit.h"

#define LOOK_US 50000
#define REMOVED_AFTER_MS 120
#define TOLD_MAX 128

static const struct {
	const char *name, *looks, *want;
} row[] = {
	{ "nothing", "....", "" },
	{ "one card", "A", "+A" },
	{ "it stays", "AAAAAAAAAA", "+A" },
	{ "it leaves", "A...", "+A-" },
	{ "not after two empty looks", "A..A..A", "+A" },
	{ "every second look", "A.A.A.A...", "+A-" },
	{ "one tap after the other", "A...B...", "+A-+B-" },
	{ "the same card again", "A...A...", "+A-+A-" },
	{ "another after an empty look: at once", "A.B", "+A-+B" },
	{ "another without: only once it was seen twice", "AB", "+A" },
	{ "another, seen twice", "ABB", "+A-+B" },
	{ "another, once, then none", "AB...", "+A-" },
	{ "another, an empty look between its sights", "AB.B", "+A-+B" },
	{ "two in one wallet", "ABA", "+A2" },
	{ "nothing more until the field is empty", "ABABBBAAA", "+A2" },
	{ "and then it is", "ABAB...C", "+A2-+C" },
	{ "a third is no second", "ABCA", "+A2" },
	{ "two right after another card: neither is ever seen twice in a row", "CABA", "+C-2" },
	{ "and then the field is empty", "CABAB...A", "+C-2-+A" },
	{ "an empty look between is none of that", "CAB.A", "+C-+A" },
	{ "an answer may come late: no two of strangers", "C~ABA", "+C" },
	{ "a wallet that alternates slowly", "AABBAA", "+A-+B2" },
	{ "back after longer than one is gone", "A.B.A", "+A-+B-+A" },
	{ "A, later B, later A in a queue", "A...B...A...", "+A-+B-+A-" },
	{ "a phone has another UID at each look", "ABCDEFG", "+A" },
	{ "and leaves", "ABCDEFG...", "+A-" },
	{ "a failed look is no empty one", "A!!!!!!A", "+A" },
	{ "nor does it hide one", "A.!..", "+A-" },
	{ "a failed look between two sights", "AB!BB", "+A-+B" },
	{ "an answer may come late: once is not enough", "~A", "" },
	{ "twice is", "~AA", "+A" },
	{ "two answers: twice is not", "~~AA", "" },
	{ "three times is", "~~AAA", "+A" },
	{ "not with an empty look between", "~~AA.A", "" },
	{ "an old answer does not take the next pupil's place", "A...~ABBB", "+A-+B" },
	{ "nor makes two of one", "A~BA", "+A" },
	{ "nor twice", "ABB~ABBB", "+A-+B" },
	{ "doubt ends", "~wA", "+A" },
	{ "a card that stayed while nobody looked came anew", "AwA", "+A-+A" },
	{ "another as well, at once", "AwB", "+A-+B" },
	{ "none needs its empty looks all the same", "Aw.", "+A" },
	{ "and is gone then", "Aw..", "+A-" },
	{ "two cards, nobody looked, one", "ABAwA", "+A2-+A" },
};

static struct reader_card card_of(char letter)
{
	return (struct reader_card){
		.uid = { 0x04, (uint8_t)letter, 1, 2 },
		.len = 4,
		.sak = 8,
		.atqa = 4,
	};
}

static struct field_events look(struct field *f, char what, int64_t *at_us)
{
	struct field_events none = { 0 };
	struct reader_card card = card_of(what);

	*at_us += what == 'w' ? 3000000 : LOOK_US;
	switch (what) {
	case '.':
		return field_unseen(f, *at_us);
	case '!':
	case '~':
		field_missed(f, *at_us, what == '~');
		return none;
	case 'w':
		return none;
	}
	return field_seen(f, &card, *at_us);
}

static void told(const struct field_events *e, char *text)
{
	for (size_t i = 0; i < e->n; i++) {
		size_t n = strlen(text);
		assert_true(n + 3 < TOLD_MAX);
		switch (e->event[i].kind) {
		case FIELD_NOTHING:
			fail_msg("told nothing");
			break;
		case FIELD_CARD:
			text[n++] = '+';
			text[n++] = (char)e->event[i].card.uid[1];
			break;
		case FIELD_GONE:
			text[n++] = '-';
			break;
		case FIELD_TWO_CARDS:
			text[n++] = '2';
			break;
		}
		text[n] = '\0';
	}
}

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char got[TOLD_MAX] = "";
		int64_t at_us = 1000000000;
		struct field f;
		field_init(&f, REMOVED_AFTER_MS);
		for (const char *p = row[i].looks; *p; p++) {
			struct field_events e = look(&f, *p, &at_us);
			told(&e, got);
		}
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: %s gave %s, not %s", row[i].name, row[i].looks, got,
				row[i].want);
	}
}

/* The time of a card is that of the look that found it first, also where a second one was needed.
 */
static void test_seen_us_is_the_first_sight(void **state)
{
	struct field f;
	struct field_events e = { 0 };
	int64_t at_us = 0;

	(void)state;
	field_init(&f, REMOVED_AFTER_MS);
	for (const char *p = "ABB"; *p; p++)
		e = look(&f, *p, &at_us);
	assert_int_equal(e.n, 2);
	assert_int_equal(e.event[1].seen_us, 2 * LOOK_US);
	struct field_event now = field_now(&f);
	assert_int_equal(now.kind, FIELD_CARD);
	assert_int_equal(now.seen_us, 2 * LOOK_US);
	assert_int_equal(now.card.uid[1], 'B');
}

static void test_what_is_in_the_field_now(void **state)
{
	static const struct {
		const char *looks;
		enum field_event_kind want;
	} now[] = {
		{ "", FIELD_NOTHING },
		{ "A", FIELD_CARD },
		{ "A..", FIELD_CARD },
		{ "A...", FIELD_NOTHING },
		{ "ABA", FIELD_TWO_CARDS },
		{ "ABA...", FIELD_NOTHING },
		{ "~A", FIELD_NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(now); i++) {
		struct field f;
		int64_t at_us = 0;
		field_init(&f, REMOVED_AFTER_MS);
		for (const char *p = now[i].looks; *p; p++)
			(void)look(&f, *p, &at_us);
		if (field_now(&f).kind != now[i].want)
			fail_msg("%s: %d", now[i].looks, (int)field_now(&f).kind);
	}
}

/* On and off at 10 Hz for a minute: one card, one gone. N11. */
static void test_edge_of_the_field(void **state)
{
	char got[TOLD_MAX] = "";
	struct field f;
	int64_t at_us = 0;

	(void)state;
	field_init(&f, REMOVED_AFTER_MS);
	for (int i = 0; i < 1200; i++) {
		struct field_events e = look(&f, i % 2 ? '.' : 'A', &at_us);
		told(&e, got);
	}
	for (int i = 0; i < 3; i++) {
		struct field_events e = look(&f, '.', &at_us);
		told(&e, got);
	}
	assert_string_equal(got, "+A-");
}

/* A wallet whose cards answer at every second look only: nobody leaves and comes back within 320
 * ms. */
static void test_back_too_soon(void **state)
{
	char got[TOLD_MAX] = "";
	struct field f;
	int64_t at_us = 0;

	(void)state;
	field_init(&f, 320);
	for (const char *p = "A.B.A.B.A"; *p; p++) {
		struct field_events e = look(&f, *p, &at_us);
		told(&e, got);
	}
	assert_string_equal(got, "+A-+B2");
}

/* removed_after_ms 0 still needs two empty looks. */
static void test_removed_at_once(void **state)
{
	struct field f;
	int64_t at_us = 0;

	(void)state;
	field_init(&f, 0);
	(void)look(&f, 'A', &at_us);
	assert_int_equal(look(&f, '.', &at_us).n, 0);
	assert_int_equal(look(&f, '.', &at_us).n, 1);
}

/*
 * Health: a letter a step as it is asked for, with its result. Steps: O open, L look, P ping, X
 * close, E end; a lower-case letter after it is the result: k good, t timeout, i I/O error, l
 * lost, a absent, u usage. Digits: whole seconds waited for the next open.
 */
static const struct {
	const char *name, *results, *want;
} life[] = {
	{ "opens and looks", "kkk", "OLL" },
	{ "three errors close, and open at once", "kktttk", "OLLLLXO" },
	{ "two do not", "kkttkttk", "OLLLLLLL" },
	{ "a lost one closes at once", "kklk", "OLLXO" },
	{ "a mute chip", "ttt", "O1O2OE" },
	{ "mute after a fault", "kktttttt", "OLLLLXO1O2OE" },
	{ "opens, never looks: an opening that failed",
		"kttt"
		"kttt"
		"kttt",
		"OLLLX1OLLLX2OLLLXE" },
	{ "a good look forgives",
		"kttt"
		"kkttt"
		"k",
		"OLLLX1OLLLLXO" },
	{ "no port: for ever", "aaaaaaaakk", "O1O2O4O5O5O5O5O5OL" },
	{ "no port, then mute: three more", "aaaattt", "O1O2O4O5O1O2OE" },
	{ "no such connstring", "u", "OE" },
	{ "comes and goes: opened at once, then ever later, then an end",
		"kklkklkklkklkkl"
		"kklkklkklkklkkl",
		"OLLXOLLX1OLLX2OLLX4OLLX5"
		"OLLX5OLLX5OLLX5OLLX5OLLXE" },
	{ "a port that goes is no coming and going", "kklakklakkl", "OLLXO1OLLXO1OLLX" },
};

static int result_of(char letter)
{
	switch (letter) {
	case 't':
		return READER_ERR_TIMEOUT;
	case 'i':
		return READER_ERR_IO;
	case 'l':
		return READER_ERR_LOST;
	case 'a':
		return READER_ERR_ABSENT;
	case 'u':
		return READER_ERR_USAGE;
	}
	return 0;
}

static void live(struct health *h, const char *results, char *got, size_t room)
{
	int64_t now_us = 5000000;
	size_t n = 0;

	for (int turn = 0; turn < 100 && n + 2 < room; turn++) {
		enum health_step step = health_next(h, true, now_us);
		int err = result_of(*results);
		bool takes = step == HEALTH_OPEN || step == HEALTH_LOOK || step == HEALTH_PING;
		if (takes && !*results)
			break;
		results += takes;
		now_us += 1000;
		switch (step) {
		case HEALTH_WAIT:
			got[n++] = (char)('0' + (health_wait_us(h, now_us) + 500000) / 1000000);
			now_us += health_wait_us(h, now_us);
			break;
		case HEALTH_OPEN:
			got[n++] = 'O';
			health_opened(h, err, now_us);
			break;
		case HEALTH_LOOK:
			got[n++] = 'L';
			health_answered(h, err, true, now_us);
			break;
		case HEALTH_PING:
			got[n++] = 'P';
			health_answered(h, err, false, now_us);
			break;
		case HEALTH_CLOSE:
			got[n++] = 'X';
			health_closed(h, now_us);
			break;
		case HEALTH_END:
			got[n++] = 'E';
			got[n] = '\0';
			return;
		}
	}
	got[n] = '\0';
}

static void test_every_life(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(life); i++) {
		struct health h = { 0 };
		char got[TOLD_MAX];
		live(&h, life[i].results, got, sizeof(got));
		/* What is asked for after the last result is not part of the row. */
		got[strlen(got) < strlen(life[i].want) ? strlen(got) : strlen(life[i].want)] = '\0';
		if (strcmp(got, life[i].want) != 0)
			fail_msg("%s: %s gave %s, not %s", life[i].name, life[i].results, got,
				life[i].want);
	}
}

static void test_ping(void **state)
{
	struct health h = { 0 };
	int64_t t = 1000000;

	(void)state;
	health_opened(&h, 0, t);
	assert_int_equal(health_next(&h, false, t + HEALTH_PING_US - 1), HEALTH_LOOK);
	assert_int_equal(health_next(&h, true, t + HEALTH_PING_US), HEALTH_LOOK);
	assert_int_equal(health_next(&h, false, t + HEALTH_PING_US), HEALTH_PING);
	health_answered(&h, 0, false, t + HEALTH_PING_US);
	assert_int_equal(health_next(&h, false, t + HEALTH_PING_US), HEALTH_LOOK);
	/* One wrong ping is enough: looks may have read as empty fields for two seconds. */
	health_answered(&h, READER_ERR_IO, false, t + 2 * HEALTH_PING_US);
	assert_int_equal(health_next(&h, false, t + 2 * HEALTH_PING_US), HEALTH_CLOSE);
}

enum week { WEEK_MUTE, WEEK_NO_LOOK, WEEK_HOPELESS, WEEK_COMES_AND_GOES };

/* One start of a week: open takes what libnfc's takes on a mute chip. Return: when it ended. */
static int64_t live_until_end(enum week kind, int n_before, int64_t t)
{
	static const int open_result[] = { READER_ERR_TIMEOUT, 0, READER_ERR_USAGE, 0 };
	struct health h;

	health_begin(&h, n_before, t);
	for (;;) {
		switch (health_next(&h, true, t)) {
		case HEALTH_WAIT:
			assert_true(health_wait_us(&h, t) > 0); /* never in a circle */
			t += health_wait_us(&h, t);
			break;
		case HEALTH_OPEN:
			t += kind == WEEK_MUTE ? 1900000 : 60000;
			health_opened(&h, open_result[kind], t);
			if (kind == WEEK_COMES_AND_GOES)
				health_answered(&h, 0, true, t);
			break;
		case HEALTH_LOOK:
		case HEALTH_PING:
			t += 350000;
			health_answered(&h, READER_ERR_TIMEOUT, true, t);
			break;
		case HEALTH_CLOSE:
			health_closed(&h, t);
			break;
		case HEALTH_END:
			return t;
		}
	}
}

/*
 * What a reader that doesn't read costs the journal. Of a start: six lines of the service manager, the reader's own end,
 * and of one that comes and goes three more. A line is an entry of journald with all its fields.
 */
static void p5_a_week_of_failing_starts_is_under_10_mb(void **state)
{
	static const struct {
		const char *name;
		int lines, fast_s; /* a start; for the first fifty at most */
	} kind[] = {
		[WEEK_MUTE] = { "mute chip", 7, 500 },
		[WEEK_NO_LOOK] = { "chip that opens and never looks", 7, 500 },
		[WEEK_HOPELESS] = { "connstring that can't be", 7, 60 },
		[WEEK_COMES_AND_GOES] = { "plug that is loose", 10, 3000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kind); i++) {
		int64_t t = 1000000, week_us = INT64_C(7) * 24 * 3600 * 1000000;
		int n = 0;
		for (; t < week_us; n++) {
			t = live_until_end((enum week)i, n, t) + 1000000; /* RestartSec=1 */
			if (n == HEALTH_STARTS_FAST - 1)
				assert_in_range(t / 1000000, 0, kind[i].fast_s);
		}
		int64_t bytes = (int64_t)n * kind[i].lines * 800;
		if (i ==
			WEEK_COMES_AND_GOES) /* and the kiosk's own: KIOSK_READER_LINES and one an hour */
			bytes += INT64_C(9) * 24 * 7 * 800;
		print_message("\nfigure: journal of a week, %s, %d starts %.1f MB (simulated)\n",
			kind[i].name, n, (double)bytes / 1e6);
		assert_in_range(bytes, 1, 10000000);
	}
}

/* An opening that lives long enough ends the row of short ones. */
static void test_steady(void **state)
{
	struct health h = { 0 };
	int64_t t = 1000000;

	(void)state;
	for (int life_s = 9; life_s <= 10; life_s++) {
		for (int i = 0; i < 3; i++) {
			health_opened(&h, 0, t);
			health_answered(&h, 0, true, t + 1);
			health_answered(&h, READER_ERR_LOST, true, t + 2);
			health_closed(&h, t + 2);
			t += 5000000;
		}
		assert_false(health_is_steady(&h));
		health_opened(&h, 0, t);
		health_answered(&h, 0, true, t + (int64_t)life_s * 1000000);
		assert_int_equal(health_is_steady(&h), life_s == 10);
		health_answered(&h, READER_ERR_LOST, true, t + (int64_t)life_s * 1000000);
		t += 11000000;
		health_closed(&h, t - 11000000 + (int64_t)life_s * 1000000);
		assert_int_equal(h.n_short, life_s == 10 ? 0 : 4);
	}
}

static void test_refreshed(void **state)
{
	struct health h = { 0 };

	(void)state;
	for (int64_t t = 0; t < 100000000; t += 1000000) {
		health_opened(&h, 0, t);
		health_answered(&h, 0, true, t + 1);
		health_refreshed(&h, t + 2);
		assert_int_equal(health_next(&h, false, t + 2), HEALTH_OPEN);
		assert_int_equal(h.n_short, 0);
	}
}

static void test_upkeep(void **state)
{
	enum { MINUTE = 60000 };
	static const struct {
		const char *name;
		int64_t opened_ms, card_ms, at_ms;
		int hour;
		enum upkeep_step want;
	} due[] = {
		{ "just opened", 0, 0, 10 * MINUTE - 1, 12, UPKEEP_NONE },
		{ "ten minutes", 0, 0, 10 * MINUTE, 12, UPKEEP_REFRESH },
		{ "a card since", 0, 1, 10 * MINUTE, 12, UPKEEP_NONE },
		{ "opened since", 1, 0, 10 * MINUTE, 12, UPKEEP_NONE },
		{ "at night, not long at work", 119 * MINUTE, 0, 120 * MINUTE - 1, 3, UPKEEP_NONE },
		{ "at night", 119 * MINUTE, 0, 120 * MINUTE, 3, UPKEEP_END },
		{ "before three", 119 * MINUTE, 0, 120 * MINUTE, 2, UPKEEP_NONE },
		{ "after four", 119 * MINUTE, 0, 120 * MINUTE, 4, UPKEEP_NONE },
		{ "somebody is there", 119 * MINUTE, 119 * MINUTE + 1, 120 * MINUTE, 3,
			UPKEEP_NONE },
		{ "was there", 119 * MINUTE, 119 * MINUTE, 120 * MINUTE, 3, UPKEEP_END },
		{ "no hour", 119 * MINUTE, 0, 120 * MINUTE, -1, UPKEEP_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(due); i++) {
		struct upkeep u;
		upkeep_init(&u, 1000);
		upkeep_opened(&u, 1000 + due[i].opened_ms);
		upkeep_card(&u, 1000 + due[i].card_ms);
		if (upkeep_next(&u, 1000 + due[i].at_ms, due[i].hour) != due[i].want)
			fail_msg("%s", due[i].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_seen_us_is_the_first_sight),
		cmocka_unit_test(test_what_is_in_the_field_now),
		cmocka_unit_test(test_edge_of_the_field),
		cmocka_unit_test(test_back_too_soon),
		cmocka_unit_test(test_removed_at_once),
		cmocka_unit_test(test_every_life),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_steady),
		cmocka_unit_test(p5_a_week_of_failing_starts_is_under_10_mb),
		cmocka_unit_test(test_refreshed),
		cmocka_unit_test(test_upkeep),
	};

	return cmocka_run_group_tests_name("reader_field", tests, NULL, NULL);
}
