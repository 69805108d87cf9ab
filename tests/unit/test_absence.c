/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * R10: confirmed at the cut-off once every gate is complete, else unconfirmed after the hold. R12: the class as one.
 */
#include "core/absence.h"
#include "unit/unit.h"

#define CUTOFF 1000000
#define HOLD_S 60
#define AFTER_HOLD (CUTOFF + 60000)

/* A gate that has told everything up to the cut-off. */
static const struct absence_gate complete = { .online = true,
	.clock = CHECKIN_CLOCK_TRUSTED,
	.log = { { 1 } },
	.last_seq = 7,
	.complete_until_ms = CUTOFF,
	.stored_through = 7,
	.own_through = 7 };

static void test_complete(void **state)
{
	(void)state;
	struct absence_gate g = complete;
	assert_true(absence_gate_complete(&g, CUTOFF));
	assert_false(absence_gate_complete(&g, CUTOFF + 1));
	g.online = false;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.clock = CHECKIN_CLOCK_HOLDOVER;
	assert_true(absence_gate_complete(&g, CUTOFF));
	g.clock = CHECKIN_CLOCK_UNKNOWN;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g.clock = CHECKIN_CLOCK_REGRESSED;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g.clock = -1;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.stored_through = 6;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g.last_seq = 6;
	assert_true(absence_gate_complete(&g, CUTOFF));
	g.last_seq = -1; /* not said */
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.log = (struct uuid){ 0 };
	assert_false(absence_gate_complete(&g, CUTOFF));
	g.last_seq = g.stored_through = 0; /* never a tap: nothing to deliver */
	assert_true(absence_gate_complete(&g, CUTOFF));
	g.complete_until_ms = -1;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.own_through = 6; /* what is stored as number 7 may be another's */
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.older = true;
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.conflicted = true; /* an old copy of its database: something is not here */
	assert_false(absence_gate_complete(&g, CUTOFF));
	g = complete;
	g.undated = true; /* what is here, nobody can date */
	assert_false(absence_gate_complete(&g, CUTOFF));
}

static const struct {
	const char *name;
	int64_t now_ms, connected_ms;
	bool judges, second_complete;
	enum absence_verdict want;
	enum absence_reason reason;
} row[] = {
	{ "a millisecond before", CUTOFF - 1, 0, true, true, ABSENCE_WAIT, ABSENCE_BY_CUTOFF },
	{ "at the cut-off, complete", CUTOFF, 0, true, true, ABSENCE_CONFIRMED, ABSENCE_BY_GATES },
	{ "own clock unknown", CUTOFF, 0, false, true, ABSENCE_WAIT, ABSENCE_BY_CLOCK },
	{ "not connected", CUTOFF, -1, true, true, ABSENCE_WAIT, ABSENCE_BY_BROKER },
	{ "connected just now, complete", CUTOFF, CUTOFF, true, true, ABSENCE_CONFIRMED,
		ABSENCE_BY_GATES },
	{ "one silent, at the cut-off", CUTOFF, 0, true, false, ABSENCE_WAIT, ABSENCE_BY_HOLD },
	{ "one silent, before the hold's end", AFTER_HOLD - 1, 0, true, false, ABSENCE_WAIT,
		ABSENCE_BY_HOLD },
	{ "one silent, hold over", AFTER_HOLD, 0, true, false, ABSENCE_UNCONFIRMED,
		ABSENCE_BY_HOLD },
	{ "one silent, connected later", AFTER_HOLD, CUTOFF + 1, true, false, ABSENCE_WAIT,
		ABSENCE_BY_HOLD },
	{ "one silent, hold since the connection", AFTER_HOLD + 1, CUTOFF + 1, true, false,
		ABSENCE_UNCONFIRMED, ABSENCE_BY_HOLD },
	{ "back after the hold", AFTER_HOLD + 5, 0, true, true, ABSENCE_CONFIRMED,
		ABSENCE_BY_GATES },
};

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct absence_gate gates[2] = { complete, complete };
		struct absence_moment moment = { .now_ms = row[i].now_ms,
			.cutoff_ms = CUTOFF,
			.connected_since_ms = row[i].connected_ms,
			.hold_s = HOLD_S,
			.clock_judges = row[i].judges };
		gates[1].online = row[i].second_complete;
		struct absence_decision got = absence_decide(&moment, gates, 2);
		if (got.verdict != row[i].want || got.reason != row[i].reason)
			fail_msg(
				"%s: got %d by %d", row[i].name, (int)got.verdict, (int)got.reason);
	}
}

/* R12 */
static void test_mass(void **state)
{
	static const struct {
		int missing, expected, percent;
		bool want;
	} mass[] = { { 5, 10, 50, true }, { 4, 8, 50, false }, { 5, 11, 50, false },
		{ 5, 5, 50, true }, { 6, 11, 50, true }, { 4, 4, 50, false }, { 0, 0, 50, false },
		{ 10, 10, 100, true }, { 9, 10, 100, false }, { 5, 500, 1, true } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mass); i++)
		if (absence_is_mass(mass[i].missing, mass[i].expected, mass[i].percent) !=
			mass[i].want)
			fail_msg("%d of %d at %d %%", mass[i].missing, mass[i].expected,
				mass[i].percent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_mass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
