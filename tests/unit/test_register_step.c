/* SPDX-License-Identifier: EUPL-1.2 */
/* Whole mornings by a scripted clock. After each event a restart is tried: see register_school.h. */
#include "unit/register_school.h"

#define AM HALFDAY_AM
#define PM HALFDAY_PM

static struct school school;

static int open_one_gate(void **state)
{
	*state = &school;
	school_open(&school, 1);
	return 0;
}

static int open_two_gates(void **state)
{
	*state = &school;
	school_open(&school, 2);
	return 0;
}

static int close_it(void **state)
{
	school_close(*state);
	return 0;
}

/* Class 4C comes in on time, so that it stays out of the way. */
static void bring_4c(struct school *s, int n)
{
	for (int i = 0; i < n; i++)
		school_tap(s, FIRST_OF_4C + i, "gate-1", HMS(8, 15, i));
}

static void test_on_time_and_late(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(8, 25, 1));
	school_tap(s, NOOR, "gate-1", HMS(8, 25, 0));
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	assert_int_equal(school_mark(s, NOOR, PM), '|'); /* carry */
	EXPECT_ALERT(s, "am-p0000012345", "none");
	school_tap(s, YASSINE, "gate-1", HMS(8, 25, 1));
	assert_int_equal(school_mark(s, YASSINE, AM), 'L');
	assert_int_equal(
		school_mark(s, YASSINE, PM), '|'); /* late in the morning is in all the same */
	EXPECT_ALERT(s, "am-p0000012346", "late open confirmed 1");
	const struct alert *a = school_alert(s, "am-p0000012346");
	assert_int_equal(a->minutes_late, 1);
	assert_int_equal(a->arrived_at_ms, instant(MONDAY, HMS(8, 25, 1)));
	assert_int_equal(a->expected_at_ms, instant(MONDAY, HMS(8, 25, 0)));
	assert_int_equal(s->n_arrivals, 2);
}

static void test_second_tap_changes_nothing(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(8, 40, 0));
	school_tap(s, NOOR, "gate-1", HMS(8, 20, 0));
	school_tap(s, NOOR, "gate-1", HMS(8, 39, 0));
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	EXPECT_ALERT(s, "am-p0000012345", "none");
	assert_int_equal(s->n_arrivals, 1);
}

static void test_absent_then_arrives(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 44, 59));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1");
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 1");
	EXPECT_ALERT(s, "am-p0000012347", "none"); /* excused */
	EXPECT_ALERT(s, "am-p0000012348", "none"); /* 5B starts at 09:15 */
	assert_int_equal(school_mark(s, ELIF, AM), 'x');
	assert_int_equal(school_mark(s, MARIE, AM), '.');
	school_at(s, HMS(8, 50, 0)); /* told once */
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1");
	school_tap(s, NOOR, "gate-1", HMS(8, 49, 30));
	EXPECT_ALERT(s, "am-p0000012345", "absent resolved arrived confirmed 2");
	assert_int_equal(school_alert(s, "am-p0000012345")->minutes_late, 25);
	assert_int_equal(school_mark(s, NOOR, AM), 'L');
	school_at(s, HMS(12, 5, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent resolved arrived confirmed 2");
	EXPECT_ALERT(s, "am-p0000012346", "absent resolved half_day_over confirmed 2");
	assert_int_equal(school_mark(s, YASSINE, AM), '-');
}

static void test_class_by_its_own_start(void **state)
{
	struct school *s = *state;
	school_gate(s, 0, HMS(9, 34, 59));
	school_at(s, HMS(9, 35, 0));
	EXPECT_ALERT(s, "am-p0000012348", "none"); /* the gate has not told the last second */
	school_gate(s, 0, HMS(9, 35, 0));
	school_at(s, HMS(9, 35, 1));
	EXPECT_ALERT(s, "am-p0000012348", "absent open confirmed 1");
	school_tap(s, AN, "gate-1", HMS(9, 15, 0));
	EXPECT_ALERT(s, "am-p0000012349", "absent retracted was_present confirmed 2");
	assert_int_equal(school_mark(s, AN, AM), '|');
}

static void test_gate_silent_and_back(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_gate(s, 0, HMS(8, 46, 0));
	school_at(s, HMS(8, 45, 59));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	school_at(s, HMS(8, 46, 0));
	EXPECT_ALERT(s, "am-ggate-2", "gate_silent open confirmed 1");
	EXPECT_ALERT(s, "am-ggate-1", "none");
	EXPECT_ALERT(s, "am-p0000012345", "absent open unconfirmed 1");
	assert_int_equal(school_mark(s, NOOR, AM), '?');
	/* Yassine had tapped in time at the gate that was silent. */
	school_now(s, HMS(8, 55, 0));
	school_tap(s, YASSINE, "gate-2", HMS(8, 20, 0));
	EXPECT_ALERT(s, "am-p0000012346", "absent retracted was_present unconfirmed 2");
	school_gate(s, 1, HMS(8, 55, 0));
	school_tick(s);
	EXPECT_ALERT(s, "am-ggate-2", "gate_silent resolved gate_back confirmed 2");
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 2");
	assert_int_equal(school_mark(s, NOOR, AM), '-');
}

static void test_gate_silent_again_at_the_next_start(void **state)
{
	struct school *s = *state;
	struct wire_gate_state off = { .state = WIRE_UNIT_OFFLINE, .clock = -1, .last_seq = -1 };
	bring_4c(s, 10);
	off.session.b[0] = 1;
	school_gate(s, 0, HMS(8, 44, 0));
	school_at(s, HMS(8, 46, 0));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent open confirmed 1");
	school_gate(s, 0, HMS(8, 47, 0));
	school_at(s, HMS(8, 47, 0));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent resolved gate_back confirmed 2");
	assert_true(register_take_gate(&s->state.gates[0], &off, 0));
	school_at(s, HMS(9, 35, 0)); /* 5B's cut-off, and the hold begins */
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent resolved gate_back confirmed 2");
	school_at(s, HMS(9, 36, 0));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent open confirmed 3");
	EXPECT_ALERT(s, "am-p0000012348", "absent open unconfirmed 1");
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 2"); /* never back */
	school_at(s, HMS(12, 5, 0));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent resolved half_day_over confirmed 4");
}

static void c1_c2_no_claim_without_broker_or_clock(void **state)
{
	struct school *s = *state;
	school_gate(s, 0, HMS(8, 50, 0));
	s->state.connected_since_ms = -1;
	school_at(s, HMS(8, 50, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	s->state.connected_since_ms = instant(MONDAY, HMS(8, 50, 0));
	s->state.clock_judges = false;
	school_at(s, HMS(8, 50, 1));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	/* Connected late: what the gates have to say is still on its way, so the hold begins then. */
	s->state.clock_judges = true;
	s->state.gates[0].absence.online = false;
	school_at(s, HMS(8, 50, 59));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	school_at(s, HMS(8, 51, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open unconfirmed 1");
}

static void test_unstored_log_is_waited_for(void **state)
{
	struct school *s = *state;
	school_gate(s, 0, HMS(8, 45, 0));
	s->state.gates[0].absence.last_seq = s->state.gates[0].absence.own_through = 3;
	s->state.gates[0].absence.stored_through = 2;
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	s->state.gates[0].absence.stored_through = 3;
	school_tick(s);
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1");
}

static void test_carry_and_afternoon(void **state)
{
	struct school *s = *state;
	school_gate(s, 0, HMS(13, 30, 0));
	school_tap(s, NOOR, "gate-1", HMS(8, 20, 0));
	school_tap(s, FIRST_OF_4C, "gate-1", HMS(13, 20, 0)); /* only in the afternoon, late */
	school_at(s, HMS(13, 30, 0));
	assert_int_equal(school_mark(s, NOOR, PM), '|');
	EXPECT_ALERT(s, "pm-p0000012345", "none");
	EXPECT_ALERT(s, "pm-p0000012346", "absent open confirmed 1");
	assert_int_equal(school_mark(s, FIRST_OF_4C, PM), 'L');
	/* Whose morning tap comes only now is in for the afternoon too. */
	school_tap(s, YASSINE, "gate-1", HMS(8, 21, 0));
	EXPECT_ALERT(s, "pm-p0000012346", "absent retracted was_present confirmed 2");
	assert_int_equal(school_mark(s, YASSINE, AM), '|');
	/* A tap at noon of who was in changes nothing: present, not late. */
	school_tap(s, NOOR, "gate-1", HMS(13, 25, 0));
	assert_int_equal(school_mark(s, NOOR, PM), '|');
}

static void test_tap_rule_expects_both(void **state)
{
	struct school *s = *state;
	day_destroy(s->day);
	s->rules.carry = false;
	s->day = school_build(s, MONDAY);
	register_effects_clear(s->fx);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	school_gate(s, 0, HMS(13, 30, 0));
	school_tap(s, NOOR, "gate-1", HMS(8, 20, 0));
	school_at(s, HMS(13, 30, 0));
	assert_int_equal(school_mark(s, NOOR, PM), '-');
	EXPECT_ALERT(s, "pm-p0000012345", "absent open confirmed 1");
}

static void test_excused_comes_all_the_same(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(9, 0, 0));
	school_tap(s, ELIF, "gate-1", HMS(9, 0, 0));
	assert_int_equal(school_mark(s, ELIF, AM), '|'); /* without lateness */
	EXPECT_ALERT(s, "am-p0000012347", "none");
}

/* An import in the middle of the morning: the roster is replaced, the day built anew and settled. */
static void load_anew(struct school *s)
{
	day_destroy(s->day);
	roster_destroy(s->roster);
	register_effects_destroy(s->fx);
	assert_int_equal(register_store_roster(s->store, MONDAY, 1, &s->roster), 0);
	s->fx = register_effects_create(s->roster);
	assert_non_null(s->fx);
	s->day = school_build(s, MONDAY);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	school_restart(s);
}

static void import_now(struct school *s, enum import_what what, const char *text)
{
	school_import_bytes(s, what, text, strlen(text));
	load_anew(s);
}

static void test_excuse_entered_after(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	school_tap(s, YASSINE, "gate-1", HMS(8, 30, 0));
	EXPECT_ALERT(s, "am-p0000012346", "absent resolved arrived confirmed 2");
	import_now(s, IMPORT_EXCUSED,
		"pupil_id;from;from_half;to;to_half;reason\n"
		"12345;2026-11-23;am;2026-11-23;am;excursion\n"
		"12346;2026-11-23;am;2026-11-23;am;internship\n");
	EXPECT_ALERT(s, "am-p0000012345", "absent retracted excused confirmed 2");
	assert_int_equal(school_mark(s, NOOR, AM), 'x');
	EXPECT_ALERT(s, "am-p0000012346", "absent retracted excused confirmed 3");
	assert_int_equal(school_mark(s, YASSINE, AM), '|');
}

/* R11: one test a reason, entered before. */
static void test_nothing_is_raised_for_the_excused(void **state)
{
	static const char *const reasons[] = { "excused", "trajectory", "internship", "excursion",
		"exam_free" };
	struct school *s = *state;
	bring_4c(s, 10);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		char text[160];
		snprintf(text, sizeof(text),
			"pupil_id;from;from_half;to;to_half;reason\n"
			"12345;2026-11-23;am;2026-11-23;pm;%s\n",
			reasons[i]);
		import_now(s, IMPORT_EXCUSED, text);
		school_gate(s, 0, HMS(8, 45, 0));
		school_at(s, HMS(8, 45, (int)i));
		EXPECT_ALERT(s, "am-p0000012345", "none");
		assert_int_equal(school_mark(s, NOOR, AM), 'x');
	}
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 1");
}

static void test_day_off_and_no_lessons(void **state)
{
	struct school *s = *state;
	static const struct {
		struct civil_date date;
		char am, pm; /* of Noor, nobody tapped, all gates complete, late in the afternoon */
	} row[] = {
		{ { 2026, 11, 23 }, '-', '-' },
		{ { 2026, 11, 25 }, '-', '.' }, /* Wednesday afternoon */
		{ { 2026, 11, 11 }, '.', '.' }, /* legal */
		{ { 2026, 11, 2 }, '.', '.' }, /* herfst */
		{ { 2026, 12, 18 }, '-', '.' }, /* class council in the afternoon */
		{ { 2027, 5, 7 }, '.', '.' }, /* the Friday after Hemelvaart */
		{ { 2026, 11, 21 }, '.', '.' }, /* Saturday */
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		day_destroy(s->day);
		s->state.today = row[i].date;
		s->day = school_build(s, row[i].date);
		register_effects_clear(s->fx);
		register_settle(&s->state, s->day, s->fx);
		school_write(s, s->day);
		school_gate(s, 0, HMS(17, 0, 0));
		school_at(s, HMS(17, 0, 0));
		assert_int_equal(school_mark(s, NOOR, AM), row[i].am);
		assert_int_equal(school_mark(s, NOOR, PM), row[i].pm);
		assert_int_equal(s->day->n_alerts, 0); /* both halves are over: marks alone */
	}
}

static void test_class_missing(void **state)
{
	struct school *s = *state;
	bring_4c(s, 5);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-c4c", "class_missing open confirmed 1"); /* 5 of 10 */
	assert_int_equal(school_alert(s, "am-c4c")->missing, 5);
	assert_int_equal(school_alert(s, "am-c4c")->expected, 10);
	EXPECT_ALERT(s, "am-p0000020006", "none");
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1"); /* 2 of 2, but under 5 */
	assert_int_equal(school_mark(s, FIRST_OF_4C + 5, AM), '-');
	/* Four left: now each by name. Who came is late. */
	school_now(s, HMS(8, 50, 0));
	school_tap(s, FIRST_OF_4C + 5, "gate-1", HMS(8, 50, 0));
	EXPECT_ALERT(s, "am-c4c", "class_missing resolved superseded confirmed 2");
	EXPECT_ALERT(s, "am-p0000020006", "late open confirmed 1");
	EXPECT_ALERT(s, "am-p0000020007", "absent open confirmed 1");
	EXPECT_ALERT(s, "am-p0000020010", "absent open confirmed 1");
}

static void test_class_not_missing_at_four_of_ten(void **state)
{
	struct school *s = *state;
	bring_4c(s, 6);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-c4c", "none");
	EXPECT_ALERT(s, "am-p0000020007", "absent open confirmed 1");
}

static void test_class_missing_was_a_silent_gate(void **state)
{
	struct school *s = *state;
	school_at(s, HMS(8, 46, 0));
	EXPECT_ALERT(s, "am-c4c", "class_missing open unconfirmed 1");
	school_now(s, HMS(8, 47, 0));
	bring_4c(s, 5);
	EXPECT_ALERT(s, "am-c4c", "class_missing open unconfirmed 6");
	assert_int_equal(school_alert(s, "am-c4c")->missing, 5);
	for (int i = 5; i < 10; i++)
		school_tap(s, FIRST_OF_4C + i, "gate-1", HMS(8, 15, i));
	/* With four left each has an alert of its own, retracted as its tap came. */
	EXPECT_ALERT(s, "am-c4c", "class_missing resolved superseded unconfirmed 7");
	EXPECT_ALERT(s, "am-p0000020010", "absent retracted was_present unconfirmed 2");
	EXPECT_ALERT(s, "am-p0000020006", "none");
}

static struct card_hash hash_of_noor(const struct school *s)
{
	struct roster_card card;
	assert_int_equal(register_store_cards_of(s->store, NOOR, &card, 1), 1);
	return card.hash;
}

static void test_own_roster_goes_first(void **state)
{
	struct school *s = *state;
	/* A gate with older data doesn't know the card; the register does. */
	school_now(s, HMS(8, 20, 0));
	struct checkin c = school_checkin(s, 0, "gate-1", instant(MONDAY, HMS(8, 20, 0)));
	c.result = CHECKIN_UNKNOWN_CARD;
	c.card = hash_of_noor(s);
	school_take(s, &c);
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	assert_int_equal(s->day->n_alerts, 0);
	/* A gate with older data thinks that it is Yassine's. */
	c = school_checkin(s, YASSINE, "gate-1", instant(MONDAY, HMS(8, 20, 5)));
	c.card = hash_of_noor(s);
	school_take(s, &c);
	assert_int_equal(school_mark(s, YASSINE, AM), '.');
}

static void test_unknown_card_once_a_day_then_linked(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(8, 20, 0));
	for (int i = 0; i < 3; i++) {
		struct checkin c = school_checkin(s, 0, "gate-1", instant(MONDAY, HMS(8, 20, i)));
		uint8_t uid[] = { 0x04, 1, 2, 3, 4, 5, 6 };
		c.result = CHECKIN_UNKNOWN_CARD;
		secret_card_hash(&s->key, uid, sizeof(uid), c.card.b);
		school_take(s, &c);
	}
	assert_int_equal(s->day->n_alerts, 1);
	assert_int_equal(s->day->alerts[0].kind, ALERT_UNKNOWN_CARD);
	assert_int_equal(s->day->alerts[0].revision, 1);
	assert_string_equal(s->day->alerts[0].gate, "gate-1");
	/* R15: linked to a pupil, its tap counts from its own time. */
	import_now(s, IMPORT_CARDS, "uid;pupil_id\n04010203040506;12345\n");
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	assert_int_equal(s->day->alerts[0].what, ALERT_CARD_LINKED);
}

/* Twenty within an hour are news; of the others only that they were many, and the same card never twice. */
static void x4_unknown_cards_in_a_flood(void **state)
{
	struct school *s = *state;
	for (int i = 0; i < 60; i++) {
		/* 30 cards twice each within half an hour. */
		uint8_t uid[] = { 0x04, 9, 9, 9, 9, 9, (uint8_t)(i / 2) };
		school_now(s, HMS(8, i / 2, i % 2));
		struct checkin c =
			school_checkin(s, 0, "gate-1", instant(MONDAY, HMS(8, i / 2, i % 2)));
		c.result = CHECKIN_UNKNOWN_CARD;
		secret_card_hash(&s->key, uid, sizeof(uid), c.card.b);
		school_take(s, &c);
	}
	assert_int_equal(s->day->n_alerts, 20);
	for (size_t i = 0; i < s->day->n_alerts; i++)
		assert_int_equal(s->day->alerts[i].revision, 1);
	/* An hour after the first there is room for one again. */
	uint8_t uid[] = { 0x04, 9, 9, 9, 9, 9, 25 };
	school_now(s, HMS(9, 0, 1));
	struct checkin c = school_checkin(s, 0, "gate-1", instant(MONDAY, HMS(9, 0, 1)));
	c.result = CHECKIN_UNKNOWN_CARD;
	secret_card_hash(&s->key, uid, sizeof(uid), c.card.b);
	school_take(s, &c);
	assert_int_equal(s->day->n_alerts, 21);
}

static void ask_for_talk(struct school *s, struct day *today, int64_t pupil, int64_t at_ms)
{
	struct checkin c = school_checkin(s, pupil, "gate-1", at_ms);
	c.result = CHECKIN_TALK;
	int32_t day = civil_day_number(day_of_checkin(&s->zone, &c, s->state.now_ms));
	assert_int_equal(register_store_checkin_put(s->store, &c, day, s->state.now_ms), 0);
	register_effects_clear(s->fx);
	register_take_talk(&s->state, today, &c, s->fx);
	school_write(s, today);
	school_restart(s);
}

static bool by_person(struct school *s, const char *tail, enum alert_event event)
{
	char id[ALERT_ID_MAX];
	struct alert_change c = { .event = event,
		.by = "ann",
		.what = event == ALERT_EVENT_RESOLVE ? ALERT_REACHED : ALERT_WHAT_NONE };
	snprintf(id, sizeof(id), "2026-11-23-%s", tail);
	register_effects_clear(s->fx);
	bool done = register_person(&s->state, s->day, day_alert_find(s->day, id), &c, s->fx);
	school_write(s, s->day);
	return done;
}

/* R18: an alert of its own, whatever the pupil's marks, and no mark by it. */
static void test_talk_is_an_alert_and_no_presence(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(8, 20, 0));
	ask_for_talk(s, s->day, NOOR, instant(MONDAY, HMS(8, 19, 0)));
	EXPECT_ALERT(s, "r0000012345", "talk open confirmed 1");
	const struct alert *a = school_alert(s, "r0000012345");
	assert_int_equal(a->pupil, NOOR);
	assert_int_equal(a->half, HALFDAY_NONE);
	assert_string_equal(a->gate, "gate-1");
	assert_int_equal(a->raised_at_ms, instant(MONDAY, HMS(8, 20, 0)));
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	assert_int_equal(s->n_arrivals, 0);
	/* However often, from whichever gate, days late or by a clock that is wrong: one. */
	ask_for_talk(s, s->day, NOOR, instant(MONDAY, HMS(8, 19, 5)));
	ask_for_talk(s, s->day, NOOR, instant((struct civil_date){ 2026, 11, 19 }, HMS(8, 0, 0)));
	ask_for_talk(s, s->day, NOOR, instant((struct civil_date){ 2031, 1, 1 }, HMS(8, 0, 0)));
	EXPECT_ALERT(s, "r0000012345", "talk open confirmed 1");
	assert_int_equal(s->day->n_alerts, 1);
	/* It ends by a person alone, not with a half day, and not by a tap. */
	school_tap(s, NOOR, "gate-1", HMS(8, 21, 0));
	school_at(s, HMS(16, 0, 1));
	EXPECT_ALERT(s, "r0000012345", "talk open confirmed 1");
	assert_true(by_person(s, "r0000012345", ALERT_EVENT_ACKNOWLEDGE));
	ask_for_talk(s, s->day, NOOR, instant(MONDAY, HMS(16, 1, 0)));
	EXPECT_ALERT(s, "r0000012345", "talk acknowledged confirmed 2");
	assert_true(by_person(s, "r0000012345", ALERT_EVENT_RESOLVE));
	EXPECT_ALERT(s, "r0000012345", "talk resolved reached confirmed 3");
	/* Asked for anew. */
	ask_for_talk(s, s->day, NOOR, instant(MONDAY, HMS(16, 2, 0)));
	EXPECT_ALERT(s, "r0000012345", "talk open confirmed 4");
	ask_for_talk(s, s->day, 999, instant(MONDAY, HMS(16, 3, 0))); /* nobody */
	ask_for_talk(s, s->day, 0, instant(MONDAY, HMS(16, 3, 0)));
	for (size_t i = 0; i < s->day->n_alerts; i++)
		assert_true(s->day->alerts[i].pupil != 999 && s->day->alerts[i].pupil != 0);
}

/* Not a question of a half day: a gate whose only undated row is a talk is complete. */
static void test_talk_without_time_holds_nobody_up(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	struct checkin c = school_checkin(s, YASSINE, "gate-1", 1000);
	c.result = CHECKIN_TALK;
	c.clock = CHECKIN_CLOCK_UNKNOWN;
	school_now(s, HMS(8, 30, 0));
	assert_int_equal(
		register_store_checkin_put(s->store, &c, civil_day_number(MONDAY), s->state.now_ms),
		0);
	day_load_checkin(s->day, &c, s->state.now_ms);
	assert_int_equal(register_store_undated_count(s->store, 0), 0);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 1");
	assert_int_equal(school_mark(s, YASSINE, AM), '-');
}

/* What nobody took up on Monday stands again on the next school day that the register sees, with its first time. */
static void test_talk_that_nobody_heard_is_carried_on(void **state)
{
	static const struct {
		int day;
		bool carried;
	} row[] = { { 24, true }, { 27, true }, { 36, true }, { 50, true }, { 52, false } };
	struct school *s = *state;
	school_now(s, HMS(15, 50, 0));
	ask_for_talk(s, s->day, NOOR, s->state.now_ms);
	ask_for_talk(s, s->day, YASSINE, s->state.now_ms);
	ask_for_talk(s, s->day, AN, s->state.now_ms);
	assert_true(by_person(s, "r0000012346", ALERT_EVENT_ACKNOWLEDGE));
	assert_true(by_person(s, "r0000012349", ALERT_EVENT_RESOLVE));
	int64_t asked_ms = s->state.now_ms;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		s->state.today =
			civil_date_of_day(civil_day_number(MONDAY) + row[i].day - MONDAY.day);
		school_now(s, HMS(0, 0, 1));
		struct day *today = school_build(s, s->state.today);
		register_effects_clear(s->fx);
		register_carry_talks(&s->state, s->day, today, s->fx);
		assert_int_equal(today->n_alerts, row[i].carried);
		if (row[i].carried) {
			assert_int_equal(today->alerts[0].pupil, NOOR);
			assert_int_equal(today->alerts[0].raised_at_ms, asked_ms);
			assert_int_equal(today->alerts[0].date.day, s->state.today.day);
			assert_int_equal(today->alerts[0].state, ALERT_OPEN);
		}
		day_destroy(today);
	}
	s->state.now_ms = asked_ms + INT64_C(36000000);
	register_effects_clear(s->fx);
	register_close_day(&s->state, s->day, s->fx);
	school_write(s, s->day);
	EXPECT_ALERT(s, "r0000012345", "talk resolved superseded confirmed 2");
	EXPECT_ALERT(s, "r0000012346", "talk resolved half_day_over confirmed 3");
	EXPECT_ALERT(s, "r0000012349", "talk resolved reached confirmed 2");
	s->state.today = MONDAY;
}

/* Asked for on the last afternoon before two weeks without anybody: the first day of school has it. */
static void test_talk_outlives_the_holidays(void **state)
{
	static const struct civil_date first[] = { { 2027, 1, 4 }, { 2022, 4, 19 } };
	static const struct civil_date last[] = { { 2026, 12, 18 }, { 2022, 4, 1 } };
	struct school *s = *state;
	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		s->state.today = last[i];
		s->state.now_ms = instant(last[i], HMS(15, 50, 0));
		struct day *friday = school_build(s, last[i]);
		register_effects_clear(s->fx);
		struct checkin c = school_checkin(s, NOOR, "gate-1", s->state.now_ms);
		c.result = CHECKIN_TALK;
		register_take_talk(&s->state, friday, &c, s->fx);
		s->state.today = first[i];
		s->state.now_ms = instant(first[i], HMS(9, 0, 0));
		struct day *monday = school_build(s, first[i]);
		register_effects_clear(s->fx);
		register_carry_talks(&s->state, friday, monday, s->fx);
		assert_int_equal(monday->n_alerts, 1);
		day_destroy(friday);
		day_destroy(monday);
	}
	s->state.today = MONDAY;
}

/* What stands nowhere else isn't said to: too old, or of somebody who has left. */
static void test_talk_that_ends_says_how(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(15, 50, 0));
	ask_for_talk(s, s->day, NOOR, s->state.now_ms);
	s->state.today = civil_date_of_day(civil_day_number(MONDAY) + REGISTER_TALK_DAYS + 1);
	s->state.now_ms = instant(s->state.today, HMS(0, 0, 1));
	register_effects_clear(s->fx);
	register_close_day(&s->state, s->day, s->fx);
	school_write(s, s->day);
	EXPECT_ALERT(s, "r0000012345", "talk resolved half_day_over confirmed 2");
	s->state.today = MONDAY;
}

/* A register that has lost its pupils knows nobody: who asked is somebody all the same. */
static void test_talk_of_a_pupil_who_was_forgotten(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(8, 20, 0));
	s->state.roster_lost = true;
	ask_for_talk(s, s->day, 999, s->state.now_ms);
	EXPECT_ALERT(s, "r0000000999", "talk open confirmed 1");
	s->state.roster_lost = false;
	register_effects_clear(s->fx);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	EXPECT_ALERT(s, "r0000000999", "talk resolved other confirmed 2");
	/* Begun anew without a copy: before the school is imported it knows nobody at all. */
	static struct roster_pupil none;
	struct roster nobody = { .pupils = &none };
	struct day *day = day_create(&nobody, &s->zone, &s->rules, MONDAY);
	struct alert heard;
	alert_raise(&heard, "2026-11-23-r0000012345", ALERT_TALK, ALERT_CONFIRMED, MONDAY,
		HALFDAY_NONE, s->state.now_ms);
	heard.pupil = NOOR;
	register_effects_clear(s->fx);
	register_take_heard_talk(&s->state, day, &heard, s->fx);
	register_settle(&s->state, day, s->fx);
	assert_int_equal(day->n_alerts, 1);
	assert_int_equal(day->alerts[0].state, ALERT_OPEN);
	/* Over, or asked for long ago: that stays what it is. */
	heard.state = ALERT_RESOLVED;
	memcpy(heard.id, "x", 2);
	heard.pupil = AN;
	register_take_heard_talk(&s->state, day, &heard, s->fx);
	heard.state = ALERT_OPEN;
	heard.raised_at_ms -= INT64_C(86400000) * REGISTER_TALK_DAYS;
	register_take_heard_talk(&s->state, day, &heard, s->fx);
	assert_int_equal(day->n_alerts, 1);
	day_destroy(day);
}

static void test_blocked_card_is_no_presence(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(8, 20, 0));
	struct checkin c = school_checkin(s, NOOR, "gate-1", instant(MONDAY, HMS(8, 20, 0)));
	c.result = CHECKIN_BLOCKED_CARD;
	c.card.b[0] = 0xee; /* not in the register */
	school_take(s, &c);
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	assert_int_equal(s->day->n_alerts, 0);
}

/* Who came in at 08:20 and lost the card at noon was in; whoever tapped with it afterwards was not that pupil. */
static void test_blocked_from_its_moment_on(void **state)
{
	struct school *s = *state;
	static const struct {
		int tap_s, blocked_s; /* blocked 0: at an unknown moment */
		bool judges;
		enum checkin_result result;
		char want;
		bool unjudged;
	} row[] = {
		{ HMS(8, 20, 0), HMS(8, 20, 1), true, CHECKIN_PRESENT, '|', false },
		{ HMS(8, 20, 0), HMS(8, 20, 0), true, CHECKIN_PRESENT, '.', false },
		{ HMS(8, 20, 1), HMS(8, 20, 0), true, CHECKIN_PRESENT, '.', false },
		{ HMS(8, 20, 0), 0, true, CHECKIN_PRESENT, '.', false },
		{ HMS(8, 20, 0), HMS(8, 30, 0), false, CHECKIN_UNJUDGED, '.', true },
		{ HMS(8, 20, 0), HMS(8, 10, 0), false, CHECKIN_BLOCKED_CARD, '.', false },
		{ HMS(8, 20, 0), 0, false, CHECKIN_UNJUDGED, '.', false },
	};
	struct roster_card card;
	assert_int_equal(register_store_cards_of(s->store, NOOR, &card, 1), 1);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		card.blocked = true;
		card.blocked_at_ms = row[i].blocked_s ? instant(MONDAY, row[i].blocked_s) : 0;
		assert_int_equal(register_store_card_put(s->store, &card), 0);
		load_anew(s);
		struct day *day = day_create(s->roster, &s->zone, &s->rules, MONDAY);
		struct checkin c = school_checkin(s, NOOR, "gate-1", instant(MONDAY, row[i].tap_s));
		c.card = card.hash;
		c.result = row[i].result;
		c.clock = row[i].judges ? CHECKIN_CLOCK_TRUSTED : CHECKIN_CLOCK_UNKNOWN;
		day_load_checkin(day, &c, instant(MONDAY, row[i].tap_s));
		register_effects_clear(s->fx);
		register_settle(&s->state, day, s->fx);
		size_t noor = (size_t)(roster_pupil_of(s->roster, NOOR) - s->roster->pupils);
		const struct day_half *h = day_half_of(day, noor, AM);
		if (mark_letter(h->mark.value) != row[i].want || h->unjudged != row[i].unjudged)
			fail_msg("row %zu: %c", i, mark_letter(h->mark.value));
		day_destroy(day);
	}
}

static void c6_a_tap_without_time_keeps_the_gate_incomplete(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_now(s, HMS(8, 20, 0));
	struct checkin c = school_checkin(s, NOOR, "gate-1", 5000); /* a clock at 1970 */
	c.clock = CHECKIN_CLOCK_UNKNOWN;
	c.result = CHECKIN_UNJUDGED;
	school_take(s, &c);
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-p0000012346", "none");
	/* The gate isn't complete for the time before that tap came, whatever it says. */
	school_at(s, HMS(8, 46, 0));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent open confirmed 1");
	EXPECT_ALERT(s, "am-p0000012346", "absent open unconfirmed 1");
	EXPECT_ALERT(s, "am-p0000012345", "none");
	/* For a later half day it is. */
	school_gate(s, 0, HMS(13, 30, 0));
	school_at(s, HMS(13, 30, 0));
	EXPECT_ALERT(s, "pm-p0000012346", "absent open confirmed 1");
	EXPECT_ALERT(s, "am-p0000012346", "absent resolved half_day_over unconfirmed 2");
}

static void c1_a_tap_without_time_takes_certainty(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 1");
	struct checkin c;
	/* One that comes after the alert takes its certainty, not the alert. */
	school_now(s, HMS(8, 50, 0));
	c = school_checkin(s, YASSINE, "gate-1", 6000);
	c.clock = CHECKIN_CLOCK_UNKNOWN;
	c.result = CHECKIN_UNJUDGED;
	school_take(s, &c);
	EXPECT_ALERT(s, "am-p0000012346", "absent open unconfirmed 2");
	assert_int_equal(school_mark(s, YASSINE, AM), '?');
	school_at(s, HMS(8, 51, 0));
	EXPECT_ALERT(s, "am-p0000012346", "absent open unconfirmed 2");
}

/* The tap is re-dated under its id: the day is built anew, as the program does. */
static void c1_redated_tap(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	school_now(s, HMS(8, 50, 0));
	struct checkin c = school_checkin(s, NOOR, "gate-1", 5000);
	c.clock = CHECKIN_CLOCK_UNKNOWN;
	school_take(s, &c);
	EXPECT_ALERT(s, "am-p0000012345", "absent open unconfirmed 2");
	c.revision = 2;
	c.clock = CHECKIN_CLOCK_TRUSTED;
	c.at_ms = instant(MONDAY, HMS(8, 24, 0));
	assert_int_equal(
		register_store_checkin_put(s->store, &c, civil_day_number(MONDAY), s->state.now_ms),
		0);
	day_destroy(s->day);
	s->day = school_build(s, MONDAY);
	register_effects_clear(s->fx);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	EXPECT_ALERT(s, "am-p0000012345", "absent retracted was_present unconfirmed 3");
	assert_int_equal(school_mark(s, NOOR, AM), '|');
}

/* One message as school_take_checkin() takes it: what is known decides, and a correction builds the day anew. */
static void deliver(struct school *s, const struct checkin *c)
{
	struct register_store_known known;
	assert_int_equal(register_store_known(s->store, c->log, c->seq, c->id, &known), 0);
	enum register_fate fate = register_fate_of(&known, c);
	int64_t through;
	if (fate == REGISTER_NEW)
		school_take(s, c);
	if (fate == REGISTER_REVISED) {
		int32_t day = civil_day_number(day_of_checkin(&s->zone, c, s->state.now_ms));
		assert_int_equal(register_store_checkin_put(s->store, c, day, s->state.now_ms), 0);
		day_destroy(s->day);
		s->day = school_build(s, MONDAY);
		register_effects_clear(s->fx);
		register_settle(&s->state, s->day, s->fx);
		school_write(s, s->day);
		school_restart(s);
	}
	assert_int_not_equal(fate, REGISTER_CONFLICT);
	assert_int_equal(
		register_store_number_put(s->store, c->log, c->seq, c->gate, &c->id, &through), 0);
}

/* A tap of 08:20, or of 08:30, stored without a time, corrected once and once more. Whatever comes first, late, twice or
 * after the cut-off, in the end the newest revision alone has an effect, under one alert id. */
static void c1_revisions_in_any_order(void **state)
{
	(void)state;
	static const int order[][6] = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 },
		{ 3, 1, 2 }, { 3, 2, 1 }, { 1, 2, 3, 1, 2, 3 }, { 3, 3, 1, 1, 2, 2 } };
	static const struct {
		int at_s;
		bool before_cutoff; /* all come in time for it */
		char mark;
		const char *alert; /* without its certainty and revision */
	} end[] = {
		{ HMS(8, 20, 0), true, '|', "none" },
		{ HMS(8, 30, 0), true, 'L', "late open" },
		{ HMS(8, 20, 0), false, '|', "absent retracted was_present" },
		{ HMS(8, 30, 0), false, 'L', "absent resolved arrived" },
	};
	for (size_t e = 0; e < ARRAY_LEN(end); e++)
		for (size_t o = 0; o < ARRAY_LEN(order); o++) {
			struct school *s = &school;
			/* Every order for the end with most to correct, there and back for the others. */
			if (e != 3 && o != 0 && o != 5)
				continue;
			school_open(s, 1);
			bring_4c(s, 10);
			school_now(s, HMS(8, 40, 0));
			if (!end[e].before_cutoff) {
				school_gate(s, 0, HMS(8, 45, 0));
				school_at(s, HMS(8, 45, 0));
				EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1");
				school_now(s, HMS(8, 50, 0));
			}
			struct checkin c[3] = { school_checkin(s, NOOR, "gate-1", 5000) };
			c[0].clock = CHECKIN_CLOCK_UNKNOWN;
			c[0].result = CHECKIN_UNJUDGED;
			for (int i = 1; i < 3; i++) {
				c[i] = c[0];
				c[i].seq = ++s->seq;
				c[i].revision = i + 1;
				c[i].clock = CHECKIN_CLOCK_TRUSTED;
				c[i].result = CHECKIN_PRESENT;
				/* The first correction was half a minute wrong. */
				c[i].at_ms = instant(MONDAY, end[e].at_s - (i == 1 ? 30 : 0));
			}
			for (size_t i = 0; i < ARRAY_LEN(order[o]) && order[o][i]; i++)
				deliver(s, &c[order[o][i] - 1]);
			const struct alert *a = school_alert(s, "am-p0000012345");
			char got[80] = "none";
			if (a)
				snprintf(got, sizeof(got), "%s %s%s%s", alert_kind_word(a->kind),
					alert_state_word(a->state), a->what ? " " : "",
					alert_what_word(a->what));
			const struct roster_pupil *p = roster_pupil_of(s->roster, NOOR);
			const struct day_half *h =
				day_half_of(s->day, (size_t)(p - s->roster->pupils), AM);
			if (school_mark(s, NOOR, AM) != end[e].mark ||
				strcmp(got, end[e].alert) != 0 || h->tap_at_ms != c[2].at_ms ||
				h->unjudged)
				fail_msg("end %zu, order %zu: %c, \"%s\"", e, o,
					school_mark(s, NOOR, AM), got);
			school_close(s);
		}
}

/* The clock was set from 08:30 to 11:00: 08:45 never was, so nobody was absent at it; the afternoon's cut-off comes. */
static void c2_cut_offs_that_never_were(void **state)
{
	struct school *s = *state;
	school_at(s, HMS(8, 30, 0));
	s->state.skipped_from_ms = instant(MONDAY, HMS(8, 30, 0));
	s->state.skipped_to_ms = instant(MONDAY, HMS(11, 0, 0));
	school_gate(s, 0, HMS(11, 0, 0));
	school_at(s, HMS(11, 1, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-ggate-1", "none");
	s->state.gates[0].absence.online = false;
	school_at(s, HMS(11, 30, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-ggate-1", "none");
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	school_gate(s, 0, HMS(13, 30, 0));
	school_at(s, HMS(13, 30, 0));
	EXPECT_ALERT(s, "pm-p0000012345", "absent open confirmed 1");
	/* A second before and a second after what was left out. */
	s->state.skipped_from_ms = instant(MONDAY, HMS(8, 45, 0));
	school_tick(s);
	assert_int_equal(school_mark(s, NOOR, AM), '-');
}

/* Its kernel says synchronised, and it is in 2030: its taps say who came, not when, and nobody is absent by them. */
static void c3_a_gate_ahead_of_its_time(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_now(s, HMS(8, 20, 0));
	struct checkin c = school_checkin(s, NOOR, "gate-1", INT64_C(1893456000000));
	school_take(s, &c);
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	/* Two minutes are what two clocks that judge may be apart. */
	c = school_checkin(s, YASSINE, "gate-1", s->state.now_ms + REGISTER_STORE_AHEAD_MS);
	school_take(s, &c);
	assert_int_equal(school_mark(s, YASSINE, AM), '|');
	c = school_checkin(s, MARIE, "gate-1", s->state.now_ms + REGISTER_STORE_AHEAD_MS + 1);
	school_take(s, &c);
	assert_int_equal(school_mark(s, MARIE, AM), '.');
	school_gate(s, 0, HMS(9, 35, 0));
	school_at(s, HMS(9, 36, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-p0000012348", "none");
	EXPECT_ALERT(s, "am-p0000012349", "absent open unconfirmed 1");
	assert_int_equal(
		register_store_number(s->store, REGISTER_STORE_NEWEST_MS) <= s->state.now_ms, 1);
	struct register_store_undated undated[4];
	assert_int_equal(register_store_undated(s->store, civil_day_number(MONDAY), undated, 4), 2);
	assert_int_equal(register_store_undated_count(s->store, civil_day_number(MONDAY)), 2);
	assert_int_equal(register_store_undated_count(s->store, civil_day_number(MONDAY) + 1), 0);
}

/* D1: two gates that were both offline; the earliest tap counts, in whatever order they come. */
static void test_earliest_tap_counts(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(9, 0, 0));
	school_tap(s, NOOR, "gate-1", HMS(8, 40, 0));
	EXPECT_ALERT(s, "am-p0000012345", "late open confirmed 1");
	school_tap(s, NOOR, "gate-2", HMS(8, 30, 0));
	EXPECT_ALERT(s, "am-p0000012345", "late open confirmed 2");
	assert_int_equal(school_alert(s, "am-p0000012345")->minutes_late, 5);
	school_tap(s, NOOR, "gate-2", HMS(8, 24, 0));
	EXPECT_ALERT(s, "am-p0000012345", "late retracted was_present confirmed 3");
	assert_int_equal(school_mark(s, NOOR, AM), '|');
}

/* D2: delivered days later, by a gate that was silent. */
static void test_late_delivery_of_a_past_day(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	school_at(s, HMS(8, 46, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open unconfirmed 1");
	school_at(s, HMS(12, 5, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent resolved half_day_over unconfirmed 2");
	s->state.today = (struct civil_date){ 2026, 11, 26 };
	school_now(s, HMS(9, 0, 0));
	day_destroy(s->day);
	s->day = school_build(s, MONDAY);
	school_tap(s, NOOR, "gate-2", HMS(8, 20, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent retracted was_present unconfirmed 3");
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	school_tap(s, YASSINE, "gate-2", HMS(8, 55, 0));
	EXPECT_ALERT(s, "am-p0000012346", "absent resolved arrived unconfirmed 3");
	assert_int_equal(school_mark(s, YASSINE, AM), 'L');
	/* No alert of a past day is opened anew, and the afternoon's was carried. */
	school_tap(s, AN, "gate-2", HMS(9, 20, 0));
	EXPECT_ALERT(s, "am-p0000012349", "none");
	assert_int_equal(school_mark(s, AN, AM), 'L');
	assert_int_equal(s->n_arrivals, 10);
}

static void test_half_boundaries(void **state)
{
	struct school *s = *state;
	school_now(s, HMS(12, 4, 59));
	school_tap(s, NOOR, "gate-1", HMS(12, 4, 59)); /* 11:40 on the afternoon is open too */
	assert_int_equal(school_mark(s, NOOR, AM), 'L');
	assert_int_equal(school_alert(s, "am-p0000012345")->minutes_late, 220);
	school_now(s, HMS(12, 5, 0));
	school_tap(s, YASSINE, "gate-1", HMS(12, 5, 0));
	assert_int_equal(school_mark(s, YASSINE, AM), '.');
	assert_int_equal(school_mark(s, YASSINE, PM), '|');
	school_now(s, HMS(6, 54, 59));
	school_tap(s, MARIE, "gate-1", HMS(6, 54, 59)); /* before any half day opens */
	assert_int_equal(school_mark(s, MARIE, AM), '.');
}

/* M14: births of one gate, each with the start of its program in seconds; whether two units are behind it. */
static void m14_two_units_with_one_identity_are_noticed(void **state)
{
	static const struct {
		const char *name;
		int start_s[8]; /* 0: no more births */
		bool twice;
	} row[] = {
		{ "one unit that reconnects", { 100, 101, 100, 99, 100, 101, 100 }, false },
		{ "one that is restarted again and again", { 100, 200, 300, 400, 500, 600 },
			false },
		{ "a clock put back and forth", { 100, 3700, 100 }, false },
		{ "two in turns", { 100, 200, 100, 200 }, true },
		{ "two, and each comes back twice at times", { 100, 200, 201, 100, 101, 200 },
			true },
		{ "started within the same second", { 100, 101, 100, 101, 100, 101 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct register_gate gate = { .id = "gate-1" };
		struct wire_gate_state birth = { .state = WIRE_UNIT_ONLINE, .gate = "gate-1" };
		birth.log = (struct uuid){ { 9 } };
		int n = 0;
		for (; n < 8 && row[i].start_s[n]; n++) {
			birth.session = (struct uuid){ { (uint8_t)(n + 1) } };
			birth.at_ms = 7200000 + n * 10000;
			birth.uptime_s = birth.at_ms / 1000 - row[i].start_s[n];
			assert_true(register_take_gate(&gate, &birth, 0));
		}
		if (gate.twins.twice != row[i].twice)
			fail_msg("%s", row[i].name);
		assert_int_equal(gate.absence.conflicted, row[i].twice);
		birth.at_ms += 10 * 60 * 1000 - 1;
		assert_true(register_take_gate(&gate, &birth, 0));
		assert_int_equal(gate.twins.twice, row[i].twice);
		birth.at_ms += 1;
		assert_true(register_take_gate(&gate, &birth, 0));
		assert_false(gate.twins.twice);
	}
}

/* M14: a will of an older session changes nothing. */
static void m14_will_of_an_older_session_changes_nothing(void **state)
{
	(void)state;
	struct register_gate gate = { .id = "gate-1" };
	struct wire_gate_state birth = { .state = WIRE_UNIT_ONLINE, .last_seq = 4 };
	struct wire_gate_state will = { .state = WIRE_UNIT_OFFLINE, .last_seq = 2 };
	birth.session.b[0] = 2;
	will.session.b[0] = 1;
	assert_true(register_take_gate(&gate, &birth, 4));
	assert_false(register_take_gate(&gate, &will, 4));
	assert_true(gate.absence.online);
	will.session.b[0] = 2;
	assert_true(register_take_gate(&gate, &will, 4));
	assert_false(gate.absence.online);
	struct register_gate fresh = { .id = "gate-1" };
	assert_true(register_take_gate(&fresh, &will, 4)); /* the retained one, after a restart */
}

/* S10: what is stored of a log is not what a gate with an old copy of its database means by the same numbers. */
static void s10_d2_an_old_copy_is_not_complete(void **state)
{
	static const struct {
		const char *name;
		int64_t last, confirmed, through;
		int64_t sent[2]; /* numbers, first and last, that it sends then; 0: none */
		bool want;
	} row[] = {
		{ "all confirmed", 20, 20, 20, { 0 }, true },
		{ "the last confirm is on its way, its tap was before the birth", 20, 18, 20, { 0 },
			false },
		{ "it sends what isn't confirmed", 20, 18, 20, { 19, 20 }, true },
		{ "it sends part of it", 20, 18, 20, { 19, 19 }, false },
		{ "it leaves one out", 20, 18, 20, { 20, 20 }, false },
		{ "an older copy with taps of its own", 16, 10, 20, { 0 }, false },
		{ "the same, and it sent some", 16, 10, 20, { 11, 16 }, false },
		{ "an older copy without any", 10, 10, 20, { 0 }, false },
		{ "an older copy that has reached the same number", 20, 14, 20, { 0 }, false },
		{ "an older copy that is further", 25, 14, 20, { 0 }, false },
		{ "an older copy without a row", 0, 0, 20, { 0 }, false },
		{ "never a tap", 0, 0, 0, { 0 }, true },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct register_gate gate = { .id = "gate-1" };
		struct wire_gate_state birth = { .state = WIRE_UNIT_ONLINE,
			.session = { { 1 } },
			.log = { { 3 } },
			.clock = CHECKIN_CLOCK_TRUSTED,
			.last_seq = row[i].last,
			.confirmed_seq = row[i].confirmed };
		struct checkin c = { .log = birth.log };
		assert_true(register_take_gate(&gate, &birth, row[i].through));
		for (c.seq = row[i].sent[0]; c.seq && c.seq <= row[i].sent[1]; c.seq++)
			register_gate_sent(&gate, &c);
		if (absence_gate_complete(&gate.absence, 0) != row[i].want)
			fail_msg("%s", row[i].name);
		if (!row[i].want)
			continue;
		/* Its next state keeps what it sent; another session may be another copy. */
		assert_true(register_take_gate(&gate, &birth, row[i].through));
		assert_true(absence_gate_complete(&gate.absence, 0));
		birth.session.b[0] = 2;
		assert_true(register_take_gate(&gate, &birth, row[i].through));
		assert_int_equal(
			absence_gate_complete(&gate.absence, 0), row[i].confirmed == row[i].last);
	}
}

/* A gate comes back without the taps that it had told of. The half days that had opened then stay unsure. */
static void s9_d2_taps_lost_with_a_database(void **state)
{
	static const struct {
		const char *name;
		int64_t told, stored; /* of log 1 */
		int log, session;
		int64_t last, through; /* of the log that it comes back with */
		bool recovered, lost;
		int64_t uptime_s;
	} row[] = {
		{ "the same log goes on", 6, 2, 1, 2, 7, 2, false, false, 9 },
		{ "an empty database, all delivered", 6, 6, 2, 2, 0, 0, false, false, 9 },
		{ "an empty database, four not delivered", 6, 2, 2, 2, 0, 0, false, true, 9 },
		{ "and it has had five since", 6, 2, 2, 2, 5, 0, false, true, 9 },
		{ "a new log in the same session brings them along", 6, 2, 2, 1, 4, 0, false, false,
			9 },
		{ "a new log in the same session with fewer", 6, 2, 2, 1, 3, 0, false, true, 9 },
		{ "an older copy without the last ones", 6, 2, 1, 2, 4, 2, false, true, 9 },
		{ "an older copy, but all was stored", 6, 6, 1, 2, 4, 6, false, false, 9 },
		{ "a rescue just now", 6, 6, 2, 2, 6, 0, true, true, 9 },
		{ "a rescue at night", 6, 6, 2, 2, 6, 6, true, false, 4 * 3600 },
		{ "a rescue while it ran", 6, 6, 2, 1, 6, 6, true, true, 4 * 3600 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct school *s = *state;
		struct register_gate *gate = &s->state.gates[0];
		struct wire_gate_state word = { .state = WIRE_UNIT_ONLINE,
			.session = { { 1 } },
			.log = { { 1 } },
			.clock = CHECKIN_CLOCK_TRUSTED,
			.last_seq = row[i].told,
			.confirmed_seq = row[i].stored,
			.uptime_s = 100,
			.complete_until_ms = instant(MONDAY, HMS(16, 0, 0)) };
		school_now(s, HMS(8, 40, 0));
		register_gate_loss(gate, &word, row[i].stored, s->state.now_ms);
		assert_true(register_take_gate(gate, &word, row[i].stored));
		/* A will of that session takes nothing back of what was told since. */
		struct wire_gate_state will = { .state = WIRE_UNIT_OFFLINE, .session = { { 1 } } };
		if (row[i].session != 1)
			assert_true(register_take_gate(gate, &will, 0));
		word.log.b[0] = (uint8_t)row[i].log;
		word.session.b[0] = (uint8_t)row[i].session;
		word.last_seq = word.confirmed_seq = row[i].last;
		word.store = row[i].recovered ? WIRE_STORE_RECOVERED : WIRE_STORE_OK;
		word.uptime_s = row[i].uptime_s;
		register_gate_loss(gate, &word, row[i].through, s->state.now_ms);
		assert_true(register_take_gate(gate, &word, row[i].last)); /* all has come */
		school_at(s, HMS(8, 46, 0));
		char got = school_mark(s, NOOR, AM);
		school_at(s, HMS(13, 31, 0));
		if (got != (row[i].lost ? '?' : '-') || school_mark(s, NOOR, PM) != '-')
			fail_msg("%s: %c, then %c", row[i].name, got, school_mark(s, NOOR, PM));
		school_close(s);
		school_open(s, 1);
	}
}

/* A gate that is away for a moment, long after the cut-off, is waited for like at the cut-off itself. */
static void d2_a_gate_that_restarts_at_ten_is_no_news(void **state)
{
	struct school *s = *state;
	struct wire_gate_state off = { .state = WIRE_UNIT_OFFLINE, .clock = -1, .last_seq = -1 };
	off.session.b[0] = 1;
	school_gate(s, 0, HMS(9, 40, 0));
	school_at(s, HMS(9, 40, 0));
	school_at(s, HMS(10, 0, 0));
	assert_true(register_take_gate(&s->state.gates[0], &off, 0));
	school_tick(s);
	school_at(s, HMS(10, 0, 1));
	EXPECT_ALERT(s, "am-ggate-1", "none");
	assert_int_equal(register_next_ms(&s->state, s->day), instant(MONDAY, HMS(10, 1, 0)));
	school_gate(s, 0, HMS(10, 0, 2));
	school_at(s, HMS(10, 0, 2));
	EXPECT_ALERT(s, "am-ggate-1", "none");
	assert_true(register_take_gate(&s->state.gates[0], &off, 0));
	school_at(s, HMS(10, 1, 1));
	EXPECT_ALERT(s, "am-ggate-1", "none"); /* its hold began anew */
	school_at(s, HMS(10, 1, 2));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent open confirmed 1");
	school_gate(s, 0, HMS(10, 1, 3));
	school_at(s, HMS(10, 1, 3));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent resolved gate_back confirmed 2");
	/* The clock is put back an hour: that is no hour to wait. */
	s->state.now_ms = instant(MONDAY, HMS(9, 50, 0));
	assert_true(register_take_gate(&s->state.gates[0], &off, 0));
	school_tick(s);
	school_at(s, HMS(9, 51, 0));
	EXPECT_ALERT(s, "am-ggate-1", "gate_silent open confirmed 3");
}

static void s10_fates(void **state)
{
	(void)state;
	struct checkin c = {
		.seq = 3, .revision = 2, .at_ms = 1000, .clock = CHECKIN_CLOCK_TRUSTED
	};
	c.id.b[0] = 5;
	struct uuid other = { { 6 } };
	static const struct {
		const char *name;
		bool number_known, refused, other_id, id_known;
		int revision;
		int64_t through;
		enum register_fate want;
		int64_t kept_from_ms;
	} row[] = {
		{ "new", false, false, false, false, 0, 2, REGISTER_NEW, 0 },
		{ "new after a gap", false, false, false, false, 0, 0, REGISTER_NEW, 0 },
		{ "the same again", true, false, false, true, 2, 3, REGISTER_REPEAT, 0 },
		{ "an older revision again", true, false, false, true, 3, 3, REGISTER_REPEAT, 0 },
		{ "a higher revision", true, false, false, true, 1, 3, REGISTER_REVISED, 0 },
		{ "the same under another number", false, false, false, true, 2, 2, REGISTER_SAME,
			0 },
		{ "a higher revision under another number", false, false, false, true, 1, 2,
			REGISTER_REVISED, 0 },
		{ "another under this number", true, false, true, false, 0, 3, REGISTER_CONFLICT,
			0 },
		{ "another known one under this number", true, false, true, true, 2, 3,
			REGISTER_CONFLICT, 0 },
		{ "refused before", true, true, false, false, 0, 3, REGISTER_REFUSED_BEFORE, 0 },
		{ "its row is purged", false, false, false, false, 0, 3, REGISTER_REPEAT, 2000 },
		{ "its number's row is purged, itself it is new", false, false, false, false, 0, 3,
			REGISTER_CONFLICT, 1000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct register_store_known known = { .number_known = row[i].number_known,
			.id_known = row[i].id_known,
			.revision = row[i].revision,
			.through = row[i].through,
			.kept_from_ms = row[i].kept_from_ms };
		if (row[i].number_known && !row[i].refused)
			known.number_id = row[i].other_id ? other : c.id;
		enum register_fate got = register_fate_of(&known, &c);
		if (got != row[i].want)
			fail_msg("%s: got %d, want %d", row[i].name, (int)got, (int)row[i].want);
	}
}

/* expected = present + late + absent + unconfirmed + excused + awaited, at every step of a morning. */
static void test_counts_add_up(void **state)
{
	struct school *s = *state;
	struct wire_day_class rows[8];
	static const int times[] = { HMS(8, 0, 0), HMS(8, 45, 0), HMS(8, 46, 0), HMS(9, 36, 0),
		HMS(12, 5, 0), HMS(13, 31, 0), HMS(16, 0, 0) };
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		school_at(s, times[i]);
		if (i < 5)
			school_tap(s, FIRST_OF_4C + (int)i, "gate-1", times[i]);
		for (int h = 0; h < 2; h++) {
			size_t n = day_counts(s->day, h ? PM : AM, rows, ARRAY_LEN(rows));
			assert_int_equal(n, 3);
			for (size_t c = 0; c < n; c++)
				assert_int_equal(rows[c].expected,
					rows[c].present + rows[c].late + rows[c].absent +
						rows[c].unconfirmed + rows[c].excused +
						rows[c].awaited);
			assert_string_equal(rows[0].class_name, "3A");
			assert_int_equal(rows[0].excused, 1);
		}
	}
}

/* A day that nobody looked at while it ran: nothing is known of it, and nobody is left out. */
static void test_a_day_without_marks(void **state)
{
	struct school *s = *state;
	struct wire_day_class rows[8];
	struct day *day = school_build(s, (struct civil_date){ 2026, 11, 25 });
	assert_int_equal(day_counts(day, AM, rows, ARRAY_LEN(rows)), 2); /* 5B has no Wednesday */
	assert_int_equal(rows[0].expected, 3);
	assert_int_equal(rows[0].awaited, 3);
	assert_int_equal(rows[1].awaited, 10);
	assert_int_equal(day_counts(day, PM, rows, ARRAY_LEN(rows)), 0);
	day_destroy(day);
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, open_one_gate, close_it)
#define TWO(f) cmocka_unit_test_setup_teardown(f, open_two_gates, close_it)

/* A register that lost taps waits for the gates, however long they are away, and then knows who was in. */
static void s9_nothing_is_decided_while_gates_deliver_again(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	s->state.refilling = true;
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	school_at(s, HMS(8, 59, 0)); /* far past absent_hold_s */
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-ggate-1", "none");
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	school_tap(s, NOOR, "gate-1", HMS(8, 20, 0));
	s->state.refilling = false;
	school_gate(s, 0, HMS(9, 0, 0));
	school_at(s, HMS(9, 0, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 1");
}

/* Marks of before the damage are no news, and no certainty: what the gates send again decides. */
static void s9_marks_of_before_raise_nothing_while_gates_deliver_again(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	s->state.refilling = true;
	school_at(s, HMS(8, 50, 0));
	day_load_mark(s->day, NOOR, AM, MARK_ABSENT, 0, -1);
	day_load_mark(s->day, NOOR + 1, AM, MARK_ABSENT, 0, -1);
	day_doubt(s->day);
	register_effects_clear(s->fx);
	register_settle(&s->state, s->day, s->fx);
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-p0000012346", "none");
	assert_int_equal(school_mark(s, NOOR, AM), '?');
	school_tap(s, NOOR, "gate-1", HMS(8, 20, 0));
	s->state.refilling = false;
	school_gate(s, 0, HMS(9, 0, 0));
	school_at(s, HMS(9, 0, 0));
	EXPECT_ALERT(s, "am-p0000012345", "none");
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 1");
}

/* Who was forgotten may have tapped with a card that was forgotten too. */
static void s9_a_lost_roster_makes_nobody_surely_absent(void **state)
{
	struct school *s = *state;
	bring_4c(s, 10);
	s->state.roster_lost = true;
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open unconfirmed 1");
	s->state.roster_lost = false; /* imported anew */
	school_at(s, HMS(8, 46, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 2");
}

/* People's pages drop what they have by id and revision. */
static void s9_alerts_go_on_above_what_was_heard(void **state)
{
	static const struct register_heard heard[] = { { "2026-11-23-am-p0000012346", 7 } };
	struct school *s = *state;
	bring_4c(s, 10);
	s->state.heard = heard;
	s->state.n_heard = 1;
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1");
	EXPECT_ALERT(s, "am-p0000012346", "absent open confirmed 8");
	s->state.revision_base = 1000;
	school_tap(s, MARIE, "gate-1", HMS(9, 16, 0));
	EXPECT_ALERT(s, "am-p0000012348", "late open confirmed 1001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_on_time_and_late),
		ONE(test_second_tap_changes_nothing),
		ONE(test_absent_then_arrives),
		ONE(test_class_by_its_own_start),
		TWO(test_gate_silent_and_back),
		ONE(test_gate_silent_again_at_the_next_start),
		ONE(c1_c2_no_claim_without_broker_or_clock),
		ONE(test_unstored_log_is_waited_for),
		ONE(test_carry_and_afternoon),
		ONE(test_tap_rule_expects_both),
		ONE(test_excused_comes_all_the_same),
		ONE(test_excuse_entered_after),
		ONE(test_nothing_is_raised_for_the_excused),
		ONE(test_day_off_and_no_lessons),
		ONE(test_class_missing),
		ONE(test_class_not_missing_at_four_of_ten),
		ONE(test_class_missing_was_a_silent_gate),
		ONE(test_own_roster_goes_first),
		ONE(test_unknown_card_once_a_day_then_linked),
		ONE(x4_unknown_cards_in_a_flood),
		ONE(test_talk_is_an_alert_and_no_presence),
		ONE(test_talk_without_time_holds_nobody_up),
		ONE(test_talk_that_nobody_heard_is_carried_on),
		ONE(test_talk_outlives_the_holidays),
		ONE(test_talk_that_ends_says_how),
		ONE(test_talk_of_a_pupil_who_was_forgotten),
		ONE(test_blocked_card_is_no_presence),
		ONE(test_blocked_from_its_moment_on),
		ONE(c6_a_tap_without_time_keeps_the_gate_incomplete),
		ONE(c1_a_tap_without_time_takes_certainty),
		ONE(c1_redated_tap),
		cmocka_unit_test(c1_revisions_in_any_order),
		ONE(c2_cut_offs_that_never_were),
		ONE(c3_a_gate_ahead_of_its_time),
		TWO(test_earliest_tap_counts),
		TWO(test_late_delivery_of_a_past_day),
		ONE(test_half_boundaries),
		cmocka_unit_test(m14_two_units_with_one_identity_are_noticed),
		cmocka_unit_test(m14_will_of_an_older_session_changes_nothing),
		cmocka_unit_test(s10_d2_an_old_copy_is_not_complete),
		cmocka_unit_test(s10_fates),
		ONE(s9_d2_taps_lost_with_a_database),
		ONE(d2_a_gate_that_restarts_at_ten_is_no_news),
		ONE(s9_nothing_is_decided_while_gates_deliver_again),
		ONE(s9_marks_of_before_raise_nothing_while_gates_deliver_again),
		ONE(s9_a_lost_roster_makes_nobody_surely_absent),
		ONE(s9_alerts_go_on_above_what_was_heard),
		ONE(test_counts_add_up),
		ONE(test_a_day_without_marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
