/* SPDX-License-Identifier: EUPL-1.2 */
/* The whole life of an alert: every kind, from every state that it can be in, by every event. */
#include <stdio.h>
#include <string.h>

#include "core/alert.h"
#include "unit/unit.h"

static const struct civil_date MONDAY = { 2026, 11, 23 };

/* Where an alert can stand: made by a short history. */
enum standing {
	OPEN, /* confirmed */
	DOUBTED, /* open, unconfirmed */
	SEEN, /* acknowledged */
	ARRIVED,
	OVER, /* half_day_over */
	UNTRUE, /* retracted was_present, by the software */
	REACHED, /* resolved by a person */
	WAS_SEEN, /* retracted was_present, by a person */
	GATE_BACK,
	N_STANDINGS,
};

static void apply(struct alert *a, struct alert_change c)
{
	c.at_ms = 2000;
	assert_true(alert_apply(a, &c));
}

static struct alert make(enum alert_kind kind, enum standing standing)
{
	struct alert a;
	alert_raise(&a, "x", kind, standing == DOUBTED ? ALERT_UNCONFIRMED : ALERT_CONFIRMED,
		MONDAY, HALFDAY_AM, 1000);
	switch (standing) {
	case SEEN:
		apply(&a, (struct alert_change){ .event = ALERT_EVENT_ACKNOWLEDGE, .by = "ann" });
		break;
	case ARRIVED:
		apply(&a, (struct alert_change){ .event = ALERT_EVENT_ARRIVED,
				  .arrived_at_ms = 1500,
				  .minutes_late = 3 });
		break;
	case OVER:
		apply(&a, (struct alert_change){ .event = ALERT_EVENT_HALF_DAY_OVER });
		break;
	case UNTRUE:
		apply(&a, (struct alert_change){
				  .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 900 });
		break;
	case REACHED:
	case WAS_SEEN:
		apply(&a, (struct alert_change){ .event = ALERT_EVENT_RESOLVE,
				  .what = standing == REACHED ? ALERT_REACHED : ALERT_WAS_PRESENT,
				  .by = "ann",
				  .note = "mother called" });
		break;
	case GATE_BACK:
		apply(&a, (struct alert_change){ .event = ALERT_EVENT_GATE_BACK });
		break;
	case OPEN:
	case DOUBTED:
	case N_STANDINGS:
		break;
	}
	return a;
}

#define SAME "same" /* the event changes nothing */

static const struct {
	const char *name;
	enum alert_kind kind;
	enum standing from;
	struct alert_change change;
	const char *want; /* kind state what certainty by */
} row[] = {
	{ "confirmed when the gates are complete", ALERT_ABSENT, DOUBTED,
		{ .event = ALERT_EVENT_CONFIRM }, "absent open confirmed" },
	{ "told twice", ALERT_ABSENT, OPEN, { .event = ALERT_EVENT_CONFIRM }, SAME },
	{ "an arrived one isn't confirmed", ALERT_ABSENT, ARRIVED, { .event = ALERT_EVENT_CONFIRM },
		SAME },
	{ "a tap without verdict", ALERT_ABSENT, OPEN, { .event = ALERT_EVENT_DOUBT },
		"absent open unconfirmed" },
	{ "doubt is of absence alone", ALERT_LATE, OPEN, { .event = ALERT_EVENT_DOUBT }, SAME },
	{ "missing confirms", ALERT_ABSENT, DOUBTED,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED },
		"absent open confirmed" },
	{ "missing never goes back", ALERT_ABSENT, OPEN,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_UNCONFIRMED }, SAME },
	{ "missing again: its tap was another's", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED },
		"absent open confirmed" },
	{ "not when the half day is over", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED, .over = true },
		SAME },
	{ "missing after its excuse was taken back", ALERT_ABSENT, UNTRUE,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED },
		"absent open confirmed" },
	{ "what ended with its half day stays ended", ALERT_ABSENT, OVER,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED }, SAME },
	{ "a person's word stays", ALERT_ABSENT, WAS_SEEN,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED }, SAME },
	{ "arrives", ALERT_ABSENT, OPEN,
		{ .event = ALERT_EVENT_ARRIVED, .arrived_at_ms = 1500, .minutes_late = 3 },
		"absent resolved arrived confirmed" },
	{ "arrives, acknowledged", ALERT_ABSENT, SEEN,
		{ .event = ALERT_EVENT_ARRIVED, .arrived_at_ms = 1500, .minutes_late = 3 },
		"absent resolved arrived confirmed" },
	{ "arrived already", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_ARRIVED, .arrived_at_ms = 1500, .minutes_late = 3 }, SAME },
	{ "arrived earlier than thought", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_ARRIVED, .arrived_at_ms = 1400, .minutes_late = 2 },
		"absent resolved arrived confirmed" },
	{ "the tap comes hours later", ALERT_ABSENT, OVER,
		{ .event = ALERT_EVENT_ARRIVED,
			.arrived_at_ms = 1500,
			.minutes_late = 3,
			.over = true },
		"absent resolved arrived confirmed" },
	{ "reached, then arrives", ALERT_ABSENT, REACHED,
		{ .event = ALERT_EVENT_ARRIVED, .arrived_at_ms = 1500, .minutes_late = 3 },
		"absent resolved reached confirmed ann" },
	{ "a colleague saw the pupil, then a late tap", ALERT_ABSENT, WAS_SEEN,
		{ .event = ALERT_EVENT_ARRIVED, .arrived_at_ms = 1500, .minutes_late = 3 }, SAME },
	{ "made in time, came late", ALERT_ABSENT, OPEN,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 900 },
		"absent retracted was_present confirmed" },
	{ "the same after the half day", ALERT_ABSENT, OVER,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 900, .over = true },
		"absent retracted was_present confirmed" },
	{ "reached by mistake: it was untrue", ALERT_ABSENT, REACHED,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 900 },
		"absent retracted was_present confirmed" },
	{ "retracted once", ALERT_ABSENT, UNTRUE,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 800 }, SAME },
	{ "a late alert by an earlier tap", ALERT_LATE, OPEN,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 900 },
		"late retracted was_present confirmed" },
	{ "an excuse", ALERT_ABSENT, OPEN, { .event = ALERT_EVENT_EXCUSED },
		"absent retracted excused confirmed" },
	{ "an excuse after the half day", ALERT_ABSENT, OVER, { .event = ALERT_EVENT_EXCUSED },
		"absent retracted excused confirmed" },
	{ "no gate is excused", ALERT_GATE_SILENT, OPEN, { .event = ALERT_EVENT_EXCUSED }, SAME },
	{ "a day off after all", ALERT_LATE, OPEN, { .event = ALERT_EVENT_NOT_EXPECTED },
		"late retracted other confirmed" },
	{ "the class's count", ALERT_CLASS_MISSING, OPEN,
		{ .event = ALERT_EVENT_COUNT, .missing = 5, .expected = 10 },
		"class_missing open confirmed" },
	{ "the class has come", ALERT_CLASS_MISSING, OPEN,
		{ .event = ALERT_EVENT_COUNT, .missing = 0, .expected = 10 },
		"class_missing resolved arrived confirmed" },
	{ "the class had been there", ALERT_CLASS_MISSING, DOUBTED,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = -1 },
		"class_missing retracted was_present unconfirmed" },
	{ "no count of a pupil", ALERT_ABSENT, OPEN,
		{ .event = ALERT_EVENT_COUNT, .missing = 5, .expected = 10 }, SAME },
	{ "others stand for it", ALERT_CLASS_MISSING, OPEN, { .event = ALERT_EVENT_SUPERSEDED },
		"class_missing resolved superseded confirmed" },
	{ "the gate is back", ALERT_GATE_SILENT, SEEN, { .event = ALERT_EVENT_GATE_BACK },
		"gate_silent resolved gate_back confirmed" },
	{ "no pupil is a gate", ALERT_ABSENT, OPEN, { .event = ALERT_EVENT_GATE_BACK }, SAME },
	{ "silent again", ALERT_GATE_SILENT, GATE_BACK,
		{ .event = ALERT_EVENT_MISSING, .certainty = ALERT_CONFIRMED },
		"gate_silent open confirmed" },
	{ "the card is somebody's", ALERT_UNKNOWN_CARD, OPEN, { .event = ALERT_EVENT_CARD_LINKED },
		"unknown_card resolved card_linked confirmed" },
	{ "the half day ends", ALERT_LATE, SEEN, { .event = ALERT_EVENT_HALF_DAY_OVER },
		"late resolved half_day_over confirmed" },
	{ "it ends once", ALERT_ABSENT, OVER, { .event = ALERT_EVENT_HALF_DAY_OVER }, SAME },
	{ "acknowledged", ALERT_ABSENT, DOUBTED, { .event = ALERT_EVENT_ACKNOWLEDGE, .by = "ann" },
		"absent acknowledged unconfirmed" },
	{ "acknowledged twice", ALERT_ABSENT, SEEN,
		{ .event = ALERT_EVENT_ACKNOWLEDGE, .by = "bob" }, SAME },
	{ "released", ALERT_ABSENT, SEEN, { .event = ALERT_EVENT_RELEASE, .by = "ann" },
		"absent open confirmed" },
	{ "nothing to release", ALERT_ABSENT, OPEN, { .event = ALERT_EVENT_RELEASE, .by = "ann" },
		SAME },
	{ "released when it is over", ALERT_ABSENT, REACHED,
		{ .event = ALERT_EVENT_RELEASE, .by = "ann" }, SAME },
	{ "R8: by nobody", ALERT_ABSENT, OPEN,
		{ .event = ALERT_EVENT_RESOLVE, .what = ALERT_REACHED, .by = "" }, SAME },
	{ "R8: by a person", ALERT_ABSENT, SEEN,
		{ .event = ALERT_EVENT_RESOLVE, .what = ALERT_NOT_REACHED, .by = "ann" },
		"absent resolved not_reached confirmed ann" },
	{ "was present, by a person", ALERT_ABSENT, OPEN,
		{ .event = ALERT_EVENT_RESOLVE, .what = ALERT_WAS_PRESENT, .by = "ann" },
		"absent retracted was_present confirmed ann" },
	{ "resolved already", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_RESOLVE, .what = ALERT_REACHED, .by = "ann" }, SAME },
	{ "reopened by a person", ALERT_ABSENT, REACHED,
		{ .event = ALERT_EVENT_REOPEN, .by = "bob" }, "absent open confirmed" },
	{ "a fact isn't undone by a click", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_REOPEN, .by = "bob" }, SAME },
	{ "a person saw the pupil, said after the half day", ALERT_ABSENT, OVER,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = -1, .over = true, .by = "ann" },
		"absent retracted was_present confirmed ann" },
	{ "a person saw who was late by the gate", ALERT_LATE, OPEN,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = 900, .by = "ann" },
		"late retracted was_present confirmed ann" },
	{ "excused by a person", ALERT_ABSENT, ARRIVED,
		{ .event = ALERT_EVENT_EXCUSED, .by = "ann" },
		"absent retracted excused confirmed ann" },
	{ "retracted once, by whomever", ALERT_ABSENT, UNTRUE,
		{ .event = ALERT_EVENT_IN_TIME, .arrived_at_ms = -1, .by = "ann" }, SAME },
	{ "what a person took back opens again", ALERT_ABSENT, WAS_SEEN,
		{ .event = ALERT_EVENT_REOPEN, .by = "bob" }, "absent open confirmed" },
	{ "but not when the half day is over", ALERT_ABSENT, WAS_SEEN,
		{ .event = ALERT_EVENT_REOPEN, .by = "bob", .over = true }, SAME },
	{ "R15: linked by a person", ALERT_UNKNOWN_CARD, SEEN,
		{ .event = ALERT_EVENT_CARD_LINKED, .by = "ann" },
		"unknown_card resolved card_linked confirmed ann" },
};

static void describe(const struct alert *a, char *text, size_t size)
{
	snprintf(text, size, "%s %s%s%s %s%s%s", alert_kind_word(a->kind),
		alert_state_word(a->state), a->what ? " " : "", alert_what_word(a->what),
		a->certainty == ALERT_CONFIRMED ? "confirmed" : "unconfirmed",
		a->resolved_by[0] ? " " : "", a->resolved_by);
}

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct alert a = make(row[i].kind, row[i].from);
		struct alert before = a;
		struct alert_change c = row[i].change;
		char got[120];
		c.at_ms = 3000;
		bool changed = alert_apply(&a, &c);
		describe(&a, got, sizeof(got));
		if (changed != (strcmp(row[i].want, SAME) != 0))
			fail_msg("%s: %s", row[i].name, changed ? got : "changed nothing");
		if (!changed) {
			assert_memory_equal(&a, &before, sizeof(a));
			continue;
		}
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: got %s, want %s", row[i].name, got, row[i].want);
		assert_int_equal(a.revision, before.revision + 1);
		assert_int_equal(a.changed_at_ms, 3000);
		assert_string_equal(a.id, before.id);
		/* Told again, nothing happens: whoever asks twice makes no second revision. */
		assert_false(alert_apply(&a, &c));
	}
}

static const struct {
	enum alert_event event;
	bool by_person;
} events[] = { { ALERT_EVENT_CONFIRM, false }, { ALERT_EVENT_DOUBT, false },
	{ ALERT_EVENT_MISSING, false }, { ALERT_EVENT_ARRIVED, false },
	{ ALERT_EVENT_IN_TIME, false }, { ALERT_EVENT_EXCUSED, false },
	{ ALERT_EVENT_NOT_EXPECTED, false }, { ALERT_EVENT_COUNT, false },
	{ ALERT_EVENT_SUPERSEDED, false }, { ALERT_EVENT_GATE_BACK, false },
	{ ALERT_EVENT_CARD_LINKED, false }, { ALERT_EVENT_HALF_DAY_OVER, false },
	{ ALERT_EVENT_ASKED, false }, { ALERT_EVENT_ACKNOWLEDGE, true },
	{ ALERT_EVENT_RELEASE, true }, { ALERT_EVENT_RESOLVE, true },
	{ ALERT_EVENT_REOPEN, true } };

static bool fits(enum alert_kind kind, enum standing standing)
{
	bool pupil = kind == ALERT_ABSENT || kind == ALERT_LATE;
	if (standing == GATE_BACK)
		return kind == ALERT_GATE_SILENT;
	return pupil ? kind == ALERT_ABSENT || standing != ARRIVED
		     : standing != ARRIVED && standing != UNTRUE;
}

/* Whatever happens to whatever: idempotent, the revision counts changes, reasons go with endings. */
static void test_everything_by_everything(void **state)
{
	(void)state;
	for (int kind = ALERT_ABSENT; kind <= ALERT_TALK; kind++)
		for (int from = OPEN; from < N_STANDINGS; from++)
			for (size_t e = 0; e < ARRAY_LEN(events); e++) {
				if (!fits((enum alert_kind)kind, (enum standing)from))
					continue;
				struct alert a = make((enum alert_kind)kind, (enum standing)from);
				int revision = a.revision;
				struct alert_change c = { .event = events[e].event,
					.at_ms = 3000,
					.arrived_at_ms = 1234,
					.minutes_late = 9,
					.missing = 6,
					.expected = 12,
					.certainty = ALERT_CONFIRMED,
					.what = ALERT_OTHER,
					.by = events[e].by_person ? "ann" : NULL };
				bool changed = alert_apply(&a, &c);
				assert_int_equal(a.revision, revision + changed);
				assert_int_equal(alert_is_over(&a), a.what != ALERT_WHAT_NONE);
				if (a.what == ALERT_REACHED || a.what == ALERT_NOT_REACHED)
					assert_true(a.resolved_by[0] != 0);
				assert_false(alert_apply(&a, &c));
			}
}

static void test_ids(void **state)
{
	struct card_hash card = { { 0x0a, 0x1b, 0x2c, 0x3d, 0x4e } };
	char id[ALERT_ID_MAX];
	(void)state;
	alert_id_pupil(MONDAY, HALFDAY_AM, 12345, id);
	assert_string_equal(id, "2026-11-23-am-p0000012345");
	alert_id_gate(MONDAY, HALFDAY_PM, "gate-1", id);
	assert_string_equal(id, "2026-11-23-pm-ggate-1");
	alert_id_class(MONDAY, HALFDAY_AM, "5B Éco/2", id);
	assert_string_equal(id, "2026-11-23-am-c5b__co_2");
	alert_id_card(MONDAY, card, id);
	assert_string_equal(id, "2026-11-23-u0a1b2c3d");
	alert_id_talk(MONDAY, 9999999999, id);
	assert_string_equal(id, "2026-11-23-r9999999999");
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i <= ALERT_TALK; i++)
		assert_int_equal(alert_kind_parse(alert_kind_word((enum alert_kind)i)), i);
	for (int i = 0; i <= ALERT_RETRACTED; i++)
		assert_int_equal(alert_state_parse(alert_state_word((enum alert_state)i)), i);
	for (int i = 0; i <= ALERT_OTHER; i++)
		assert_int_equal(alert_what_parse(alert_what_word((enum alert_what)i)), i);
	assert_int_equal(alert_kind_parse("Absent"), ALERT_KIND_NONE);
	assert_int_equal(alert_state_parse(NULL), ALERT_STATE_NONE);
}

/* A name or note that is too long is cut at a whole character. */
static void test_long_texts(void **state)
{
	static char note[3 * ALERT_NOTE_MAX];
	struct alert a = make(ALERT_ABSENT, OPEN);
	(void)state;
	for (size_t i = 0; i + 3 < sizeof(note); i += 3)
		memcpy(note + i, "\xe2\x82\xac", 3); /* the euro sign */
	struct alert_change c = {
		.event = ALERT_EVENT_RESOLVE, .what = ALERT_OTHER, .by = "ann", .note = note
	};
	assert_true(alert_apply(&a, &c));
	assert_int_equal(strlen(a.note), (ALERT_NOTE_MAX - 1) / 3 * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_everything_by_everything),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_long_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
