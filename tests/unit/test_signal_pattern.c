/* SPDX-License-Identifier: EUPL-1.2 */
/* What lights and buzzer do for each view: drawn as text, a letter each 50 ms. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "signal/pattern.h"

#define STEP_MS 50
#define STEPS 40 /* two seconds */

static const struct signal_settings plain = {
	.sound = true, .soft_volume = 30, .soft_until_min = -1, .soft_from_min = -1
};

/* "##..##": on and off, without what is dark at the end. */
static void draw(const struct signal_pattern *p, enum signal_line line, char *ret_text)
{
	size_t len = 0;

	for (int i = 0; i < STEPS; i++) {
		bool on[SIGNAL_N_LINES];
		(void)signal_pattern_at(p, i * STEP_MS + 1, on);
		ret_text[i] = on[line] ? '#' : '.';
		if (on[line])
			len = (size_t)i + 1;
	}
	ret_text[len] = '\0';
}

static struct wire_view result(enum wire_view_result of, const char *at)
{
	struct wire_view v = { .state = WIRE_VIEW_RESULT, .result = of, .minutes_late = -1 };

	(void)snprintf(v.at, sizeof(v.at), "%s", at);
	return v;
}

static const struct {
	const char *name;
	enum wire_view_state state;
	enum wire_view_result result;
	bool late_open;
	const char *go, *desk, *piezo;
} row[] = {
	{ "idle", WIRE_VIEW_IDLE, WIRE_RESULT_NONE, false, "", "", "" },
	{ "present", WIRE_VIEW_RESULT, WIRE_RESULT_PRESENT, false, "####################", "",
		"##" },
	{ "late, discreet", WIRE_VIEW_RESULT, WIRE_RESULT_LATE, false, "####################", "",
		"##" },
	{ "late, open", WIRE_VIEW_RESULT, WIRE_RESULT_LATE, true, "#########...#########", "",
		"######" },
	{ "already", WIRE_VIEW_RESULT, WIRE_RESULT_ALREADY, false, "####...####...####", "",
		"####" },
	{ "not expected", WIRE_VIEW_RESULT, WIRE_RESULT_NOT_EXPECTED, false, "####...####...####",
		"", "####" },
	{ "unknown", WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD, false, "",
		"########....########....########", "###..###" },
	{ "blocked", WIRE_VIEW_RESULT, WIRE_RESULT_BLOCKED_CARD, false, "",
		"########....########....########", "###..###" },
	{ "not stored", WIRE_VIEW_RESULT, WIRE_RESULT_NOT_STORED, false,
		"#####.....#####.....#####", ".....#####.....#####.....#####",
		"#####..#####..#####" },
	{ "own record", WIRE_VIEW_OVERVIEW, WIRE_RESULT_ALREADY, false, "####...####...####", "",
		"" },
	{ "fault", WIRE_VIEW_FAULT, WIRE_RESULT_NONE, false, "", "###", "" },
};

static void test_every_view(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char go[STEPS + 1], desk[STEPS + 1], piezo[STEPS + 1];
		struct wire_view v = result(row[i].result, "08:07");
		struct signal_settings s = plain;
		struct signal_pattern p;
		v.state = row[i].state;
		s.late_open = row[i].late_open;
		assert_true(signal_pattern_of(&v, &s, &p));
		draw(&p, SIGNAL_GO, go);
		draw(&p, SIGNAL_DESK, desk);
		draw(&p, SIGNAL_PIEZO, piezo);
		if (strcmp(go, row[i].go) != 0 || strcmp(desk, row[i].desk) != 0 ||
			strcmp(piezo, row[i].piezo) != 0)
			fail_msg("%s: go \"%s\", desk \"%s\", piezo \"%s\"", row[i].name, go, desk,
				piezo);
	}
	/* A view "reading" leaves what is shown. */
	struct wire_view reading = { .state = WIRE_VIEW_READING };
	struct signal_pattern p;
	assert_false(signal_pattern_of(&reading, &plain, &p));
}

/* Two cards knock faster than the grid of the table. */
static void test_cards_are_quick(void **state)
{
	struct wire_view two = result(WIRE_RESULT_TWO_CARDS, "08:07");
	struct wire_view refused = result(WIRE_RESULT_REFUSED_CARD, "08:07");
	struct signal_pattern p, q;
	int changes = 0;
	bool was = false;

	(void)state;
	assert_true(signal_pattern_of(&two, &plain, &p));
	assert_true(signal_pattern_of(&refused, &plain, &q));
	assert_memory_equal(&p, &q, sizeof(p));
	for (int ms = 0; ms < 2000; ms++) {
		bool on[SIGNAL_N_LINES];
		(void)signal_pattern_at(&p, ms, on);
		changes += on[SIGNAL_DESK] != was;
		was = on[SIGNAL_DESK];
		assert_false(on[SIGNAL_GO]);
	}
	assert_int_equal(changes, 16);
}

/* One light and its rhythm tell a result, and so does the buzzer alone: no two kinds are alike. */
static void test_kinds_are_told_apart(void **state)
{
	static const enum wire_view_result kinds[] = { WIRE_RESULT_PRESENT, WIRE_RESULT_ALREADY,
		WIRE_RESULT_UNKNOWN_CARD, WIRE_RESULT_TWO_CARDS, WIRE_RESULT_NOT_STORED,
		WIRE_RESULT_LATE };
	struct signal_settings s = plain;
	struct signal_pattern p[ARRAY_LEN(kinds)];

	(void)state;
	s.late_open = true;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct wire_view v = result(kinds[i], "08:07");
		assert_true(signal_pattern_of(&v, &s, &p[i]));
		for (size_t j = 0; j < i; j++) {
			/* Also for who can't tell the two lights' colours: the rhythm of either. */
			assert_memory_not_equal(p[i].line, p[j].line, 2 * sizeof(p[i].line[0]));
			assert_memory_not_equal(&p[i].line[SIGNAL_PIEZO], &p[j].line[SIGNAL_PIEZO],
				sizeof(p[i].line[0]));
		}
	}
}

/* What it says of the next change is when the next change is: the loop sleeps until then. */
static void test_next_change(void **state)
{
	(void)state;
	for (int of = WIRE_RESULT_PRESENT; of <= WIRE_RESULT_NOT_STORED; of++) {
		struct wire_view v = result((enum wire_view_result)of, "08:07");
		struct signal_pattern p;
		bool was[SIGNAL_N_LINES], on[SIGNAL_N_LINES];
		assert_true(signal_pattern_of(&v, &plain, &p));
		int64_t next_ms = signal_pattern_at(&p, 0, was);
		for (int64_t ms = 1; ms < 5000; ms++) {
			int64_t left_ms = signal_pattern_at(&p, ms, on);
			bool changed = memcmp(on, was, sizeof(on)) != 0;
			assert_true(left_ms > 0);
			if (changed)
				assert_int_equal(next_ms, 1);
			if (next_ms != SIGNAL_FOREVER && next_ms > 1 && !changed)
				assert_int_equal(left_ms, next_ms - 1);
			memcpy(was, on, sizeof(on));
			next_ms = left_ms;
		}
		assert_true(next_ms == SIGNAL_FOREVER); /* no result blinks for good */
		for (int i = 0; i < SIGNAL_N_LINES; i++)
			assert_false(on[i]);
	}
	struct signal_pattern away;
	bool on[SIGNAL_N_LINES];
	signal_pattern_away(&away);
	assert_int_equal(signal_pattern_at(&away, INT64_C(86400000) * 30 + 60, on), 60);
	assert_true(on[SIGNAL_DESK]);
	assert_false(on[SIGNAL_GO]);
	assert_int_equal(signal_pattern_at(&away, INT64_C(86400000) * 30 + 120, on), 1880);
	assert_false(on[SIGNAL_DESK]);
}

static void test_quiet_hours(void **state)
{
	static const struct {
		const char *at;
		bool sound;
		int soft_volume;
		int on_ms, times;
	} hour[] = {
		{ "08:07", true, 30, 90, 1 },
		{ "07:29", true, 30, SIGNAL_SHORT_MS, 1 },
		{ "07:30", true, 30, 90, 1 },
		{ "17:00", true, 30, SIGNAL_SHORT_MS, 1 },
		{ "17:00", true, 0, SIGNAL_SHORT_MS, 0 },
		{ "08:07", true, 0, 90, 1 },
		{ "08:07", false, 30, 90, 0 },
		{ "", true, 30, 90, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hour); i++) {
		struct signal_settings s = { .sound = hour[i].sound,
			.soft_volume = hour[i].soft_volume,
			.soft_until_min = 7 * 60 + 30,
			.soft_from_min = 17 * 60 };
		struct wire_view v = result(WIRE_RESULT_PRESENT, hour[i].at);
		struct signal_pattern p;
		assert_true(signal_pattern_of(&v, &s, &p));
		assert_int_equal(p.line[SIGNAL_PIEZO].on_ms, hour[i].on_ms);
		assert_int_equal(p.line[SIGNAL_PIEZO].times, hour[i].times);
		assert_int_equal(p.line[SIGNAL_GO].on_ms, 1000); /* lights stay as they are */
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_view),
		cmocka_unit_test(test_cards_are_quick),
		cmocka_unit_test(test_kinds_are_told_apart),
		cmocka_unit_test(test_next_change),
		cmocka_unit_test(test_quiet_hours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
