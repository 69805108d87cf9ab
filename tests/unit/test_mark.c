/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/mark.h"

#include <string.h>

#include "unit/brussels.h"
#include "unit/unit.h"

#define START HMS(8, 25, 0)
#define MS(h, m, s) HMS_MS(h, m, s, 0)

static const struct timetable_slot lessons = { START, HMS(12, 5, 0) };

/* Letters as in gates/data, and ? for unconfirmed. */
static const struct {
	const char *name;
	bool has_slot;
	int tap_ms, grace_min;
	bool unjudged, seen, excused, carried;
	enum mark_decided decided;
	char want;
	enum mark_reason reason;
	int minutes_late;
} row[] = {
	{ "no lessons, tapped all the same", false, MS(8, 20, 0), 0, false, false, false, false,
		MARK_UNDECIDED, '.', MARK_BY_TIMETABLE, 0 },
	{ "nothing yet", true, -1, 0, false, false, false, false, MARK_UNDECIDED, '.',
		MARK_BY_NOTHING, 0 },
	{ "on the bell", true, MS(8, 25, 0), 0, false, false, false, false, MARK_UNDECIDED, '|',
		MARK_BY_TAP, 0 },
	{ "in the bell's second", true, HMS_MS(8, 25, 0, 999), 0, false, false, false, false,
		MARK_UNDECIDED, '|', MARK_BY_TAP, 0 },
	{ "a second after", true, MS(8, 25, 1), 0, false, false, false, false, MARK_UNDECIDED, 'L',
		MARK_BY_TAP, 1 },
	{ "end of grace", true, MS(8, 30, 0), 5, false, false, false, false, MARK_UNDECIDED, '|',
		MARK_BY_TAP, 0 },
	{ "past the grace, minutes from the start", true, MS(8, 30, 1), 5, false, false, false,
		false, MARK_UNDECIDED, 'L', MARK_BY_TAP, 6 },
	{ "late after the cut-off is never absent", true, MS(12, 4, 59), 0, false, false, false,
		false, MARK_DECIDED, 'L', MARK_BY_TAP, 220 },
	{ "cut-off passed", true, -1, 0, false, false, false, false, MARK_DECIDED, '-',
		MARK_BY_CUTOFF, 0 },
	{ "cut-off passed, a gate silent", true, -1, 0, false, false, false, false,
		MARK_DECIDED_UNCONFIRMED, '?', MARK_BY_CUTOFF, 0 },
	{ "a tap without verdict", true, -1, 0, true, false, false, false, MARK_UNDECIDED, '.',
		MARK_BY_TAP, 0 },
	{ "the same after the cut-off", true, -1, 0, true, false, false, false, MARK_DECIDED, '?',
		MARK_BY_TAP, 0 },
	{ "without verdict, then a judged one", true, MS(8, 40, 0), 0, true, false, false, false,
		MARK_UNDECIDED, 'L', MARK_BY_TAP, 15 },
	{ "excused, away", true, -1, 0, false, false, true, false, MARK_DECIDED, 'x',
		MARK_BY_EXCUSE, 0 },
	{ "excused, comes late: present", true, MS(10, 0, 0), 0, false, false, true, false,
		MARK_UNDECIDED, '|', MARK_BY_EXCUSE, 0 },
	{ "excused in the afternoon, was in", true, -1, 0, false, false, true, true, MARK_UNDECIDED,
		'x', MARK_BY_EXCUSE, 0 },
	{ "carried", true, -1, 0, false, false, false, true, MARK_DECIDED, '|', MARK_BY_CARRY, 0 },
	{ "carried, taps late", true, MS(8, 40, 0), 0, false, false, false, true, MARK_UNDECIDED,
		'|', MARK_BY_CARRY, 0 },
	{ "a person saw the pupil", true, MS(8, 40, 0), 0, false, true, false, false, MARK_DECIDED,
		'|', MARK_BY_PERSON, 0 },
};

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct mark_facts facts = { .slot = row[i].has_slot ? &lessons : NULL,
			.tap_ms = row[i].tap_ms,
			.grace_min = row[i].grace_min,
			.unjudged = row[i].unjudged,
			.seen = row[i].seen,
			.excused = row[i].excused,
			.carried = row[i].carried,
			.decided = row[i].decided };
		struct mark got = mark_of(&facts);
		char letter = got.value == MARK_UNCONFIRMED ? '?' : mark_letter(got.value);
		if (letter != row[i].want || got.reason != row[i].reason ||
			got.minutes_late != row[i].minutes_late)
			fail_msg("%s: got %c by %d, %d min", row[i].name, letter, (int)got.reason,
				got.minutes_late);
	}
}

/* R1: from taps follow |, L and - alone, whatever is known. */
static void test_no_code_ever(void **state)
{
	(void)state;
	for (int bits = 0; bits < 32; bits++)
		for (int decided = MARK_UNDECIDED; decided <= MARK_DECIDED; decided++)
			for (int tap_ms = -1; tap_ms < 86400000; tap_ms += 599999) {
				struct mark_facts facts = { .slot = bits & 1 ? &lessons : NULL,
					.tap_ms = tap_ms,
					.unjudged = bits & 2,
					.seen = bits & 4,
					.excused = bits & 8,
					.carried = bits & 16,
					.decided = (enum mark_decided)decided };
				struct mark got = mark_of(&facts);
				assert_non_null(strchr("|L-x.", mark_letter(got.value)));
				assert_int_equal(got.minutes_late > 0, got.value == MARK_LATE);
				assert_true((got.value == MARK_NONE) == !facts.slot);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_no_code_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
