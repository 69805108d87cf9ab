/* SPDX-License-Identifier: EUPL-1.2 */
/* What the care team asks, in every state that it can be asked in: mark, alert, card, journal, reply. */
#include "core/halfday.h"
#include "register/command.h"
#include "unit/register_school.h"

#define AM HALFDAY_AM
#define PM HALFDAY_PM
#define ALERT_NOOR "2026-11-23-am-p0000012345"

static const struct card_hash unknown = { { 0xab, 0xcd, 0xef, 0x01, 5 } };

static int setup(void **state)
{
	static struct school s;
	school_open(&s, 1);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	school_close(*state);
	return 0;
}

/* ---- asking ---- */

static struct day *host_day(void *ctx, struct civil_date date)
{
	struct school *s = ctx;
	if (civil_date_compare(s->day->date, date) != 0) {
		day_destroy(s->day);
		s->day = school_build(s, date);
	}
	return s->day;
}

static void host_wrote(void *ctx, struct day *day)
{
	school_write(ctx, day);
}

static void reload_bare(struct school *s)
{
	struct civil_date date = s->day->date;
	day_destroy(s->day);
	roster_destroy(s->roster);
	register_effects_destroy(s->fx);
	assert_int_equal(register_store_roster(s->store, s->state.today, 1, &s->roster), 0);
	s->fx = register_effects_create(s->roster);
	assert_non_null(s->fx);
	s->day = school_build(s, date);
}

/* The roster anew, and the day with it: as the register does in the same turn. */
static void reload(struct school *s)
{
	reload_bare(s);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
}

static struct wire_reply ask(struct school *s, const char *user, struct wire_command c)
{
	struct wire_reply reply;
	c.request.b[0] = 1;
	struct command_host host = { .store = s->store,
		.state = &s->state,
		.roster = s->roster,
		.fx = s->fx,
		.day = host_day,
		.wrote = host_wrote,
		.ctx = s };
	assert_int_equal(command_run(&host, user, &c, &reply), 0);
	assert_int_equal(reply.ok, reply.error == WIRE_REPLY_OK);
	assert_int_equal(reply.ok, !reply.reason[0]);
	char *text = wire_reply_encode(&reply, NULL);
	assert_non_null(text);
	free(text);
	if (host.roster_changed)
		reload(s);
	school_restart(s);
	return reply;
}

static int count_line(void *ctx, const struct register_store_line *line)
{
	size_t *n = ctx;
	assert_true(line->who[0] && line->what[0]);
	(*n)++;
	return 0;
}

static size_t lines_about(struct school *s, const char *about)
{
	size_t n = 0;
	assert_int_equal(
		register_store_each_line_of(s->store, about, 0, INT64_MAX, count_line, &n), 0);
	return n;
}

/* 08:50 of Monday: Noor and Yassine are missing, 4C is in. */
static void bring_4c(struct school *s)
{
	for (int i = 0; i < 10; i++)
		school_tap(s, FIRST_OF_4C + i, "gate-1", HMS(8, 10, i));
}

static void missing_noor(struct school *s)
{
	bring_4c(s);
	school_gate(s, 0, HMS(8, 50, 0));
	school_at(s, HMS(8, 50, 0));
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 1");
}

/* ---- the table: command by state ---- */

enum standing {
	NOTHING, /* no alert, nothing known: 08:00 */
	MISSING,
	SEEN, /* acknowledged by bob */
	REACHED, /* by bob */
	WAS_THERE, /* was_present by bob */
	ARRIVED, /* late, after the cut-off */
	LATE, /* before it */
	ENDED, /* 12:10, half_day_over */
};

static void stand(struct school *s, enum standing standing)
{
	struct wire_command by_bob = { .command = WIRE_COMMAND_RESOLVE, .alert = ALERT_NOOR };
	if (standing == NOTHING) {
		school_now(s, HMS(8, 0, 0));
		return;
	}
	if (standing == LATE) {
		school_now(s, HMS(8, 30, 0));
		school_tap(s, NOOR, "gate-1", HMS(8, 30, 0));
		return;
	}
	missing_noor(s);
	switch (standing) {
	case SEEN:
		by_bob.command = WIRE_COMMAND_ACKNOWLEDGE;
		assert_true(ask(s, "bob", by_bob).ok);
		break;
	case REACHED:
		by_bob.what = ALERT_REACHED;
		assert_true(ask(s, "bob", by_bob).ok);
		break;
	case WAS_THERE:
		by_bob.what = ALERT_WAS_PRESENT;
		assert_true(ask(s, "bob", by_bob).ok);
		break;
	case ARRIVED:
		school_tap(s, NOOR, "gate-1", HMS(8, 50, 0));
		break;
	case ENDED:
		school_at(s, HMS(12, 10, 0));
		break;
	case NOTHING:
	case MISSING:
	case LATE:
		break;
	}
}

#define OF_ALERT .alert = ALERT_NOOR
#define OF_NOOR .pupil = NOOR, .half = HALFDAY_AM
#define NO_ALERT "none"

static const struct {
	const char *name;
	enum standing from;
	struct wire_command c;
	enum wire_reply_error error;
	const char *alert; /* as EXPECT_ALERT */
	const char *by; /* who ended it; "" nobody, or the software */
	char mark;
} row[] = {
	{ "acknowledge", MISSING, { .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT }, 0,
		"absent acknowledged confirmed 2", "", '-' },
	{ "acknowledged by another", SEEN, { .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT },
		WIRE_REPLY_NOT_ALLOWED, "absent acknowledged confirmed 2", "", '-' },
	{ "nothing to acknowledge", NOTHING, { .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT },
		WIRE_REPLY_NOT_FOUND, NO_ALERT, "", '.' },
	{ "acknowledge what is over", ARRIVED, { .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT },
		WIRE_REPLY_NOT_ALLOWED, "absent resolved arrived confirmed 2", "", 'L' },
	{ "acknowledge nothing", MISSING, { .command = WIRE_COMMAND_ACKNOWLEDGE },
		WIRE_REPLY_INVALID, "absent open confirmed 1", "", '-' },
	{ "release another's", SEEN, { .command = WIRE_COMMAND_RELEASE, OF_ALERT },
		WIRE_REPLY_NOT_ALLOWED, "absent acknowledged confirmed 2", "", '-' },
	{ "nothing to release", MISSING, { .command = WIRE_COMMAND_RELEASE, OF_ALERT },
		WIRE_REPLY_NOT_ALLOWED, "absent open confirmed 1", "", '-' },
	{ "release nothing", NOTHING, { .command = WIRE_COMMAND_RELEASE, OF_ALERT },
		WIRE_REPLY_NOT_FOUND, NO_ALERT, "", '.' },
	{ "release without an alert", SEEN, { .command = WIRE_COMMAND_RELEASE }, WIRE_REPLY_INVALID,
		"absent acknowledged confirmed 2", "", '-' },
	{ "reached", SEEN,
		{ .command = WIRE_COMMAND_RESOLVE,
			OF_ALERT,
			.what = ALERT_REACHED,
			.note = "mother called" },
		0, "absent resolved reached confirmed 3", "ann", '-' },
	{ "not reached", MISSING,
		{ .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_NOT_REACHED }, 0,
		"absent resolved not_reached confirmed 2", "ann", '-' },
	{ "another end", MISSING,
		{ .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_OTHER }, 0,
		"absent resolved other confirmed 2", "ann", '-' },
	{ "resolved without a word", MISSING, { .command = WIRE_COMMAND_RESOLVE, OF_ALERT },
		WIRE_REPLY_INVALID, "absent open confirmed 1", "", '-' },
	{ "R14: seen in class", MISSING,
		{ .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_WAS_PRESENT }, 0,
		"absent retracted was_present confirmed 2", "ann", '|' },
	{ "seen in class, known only after noon", ENDED,
		{ .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_WAS_PRESENT }, 0,
		"absent retracted was_present confirmed 3", "ann", '|' },
	{ "R8: reached after noon", ENDED,
		{ .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_REACHED },
		WIRE_REPLY_NOT_ALLOWED, "absent resolved half_day_over confirmed 2", "", '-' },
	{ "resolved twice", WAS_THERE,
		{ .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_WAS_PRESENT },
		WIRE_REPLY_NOT_ALLOWED, "absent retracted was_present confirmed 2", "bob", '|' },
	{ "excused", MISSING, { .command = WIRE_COMMAND_RESOLVE, OF_ALERT, .what = ALERT_EXCUSED },
		0, "absent retracted excused confirmed 2", "ann", 'x' },
	{ "reopen a call", REACHED, { .command = WIRE_COMMAND_REOPEN, OF_ALERT }, 0,
		"absent open confirmed 3", "", '-' },
	{ "take back what was seen", WAS_THERE, { .command = WIRE_COMMAND_REOPEN, OF_ALERT }, 0,
		"absent open confirmed 3", "", '-' },
	{ "the same by pupil", WAS_THERE, { .command = WIRE_COMMAND_REOPEN, OF_NOOR }, 0,
		"absent open confirmed 3", "", '-' },
	{ "a fact isn't undone", ARRIVED, { .command = WIRE_COMMAND_REOPEN, OF_ALERT },
		WIRE_REPLY_NOT_ALLOWED, "absent resolved arrived confirmed 2", "", 'L' },
	{ "nothing to take back", MISSING, { .command = WIRE_COMMAND_REOPEN, OF_NOOR },
		WIRE_REPLY_NOT_ALLOWED, "absent open confirmed 1", "", '-' },
	{ "forgotten card, before the cut-off", NOTHING,
		{ .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR }, 0, NO_ALERT, "", '|' },
	{ "forgotten card, after it", MISSING, { .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR }, 0,
		"absent retracted was_present confirmed 2", "ann", '|' },
	{ "of an alert", SEEN, { .command = WIRE_COMMAND_MARK_PRESENT, OF_ALERT }, 0,
		"absent retracted was_present confirmed 3", "ann", '|' },
	{ "late by the gate, in time by a person", LATE,
		{ .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR }, 0,
		"late retracted was_present confirmed 2", "ann", '|' },
	{ "reached, then seen", REACHED, { .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR }, 0,
		"absent retracted was_present confirmed 3", "ann", '|' },
	{ "present in a future half day", NOTHING,
		{ .command = WIRE_COMMAND_MARK_PRESENT, .pupil = NOOR, .half = HALFDAY_PM },
		WIRE_REPLY_NOT_ALLOWED, NO_ALERT, "", '.' },
	{ "no half", MISSING, { .command = WIRE_COMMAND_MARK_PRESENT, .pupil = NOOR },
		WIRE_REPLY_INVALID, "absent open confirmed 1", "", '-' },
	{ "nobody", MISSING, { .command = WIRE_COMMAND_MARK_PRESENT, .half = HALFDAY_AM },
		WIRE_REPLY_INVALID, "absent open confirmed 1", "", '-' },
	{ "a stranger", MISSING,
		{ .command = WIRE_COMMAND_MARK_PRESENT, .pupil = 77, .half = HALFDAY_AM },
		WIRE_REPLY_NOT_FOUND, "absent open confirmed 1", "", '-' },
	{ "long ago", MISSING,
		{ .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR, .date = { 2026, 9, 1 } },
		WIRE_REPLY_NOT_ALLOWED, "absent open confirmed 1", "", '-' },
	{ "ill, told before", NOTHING, { .command = WIRE_COMMAND_MARK_EXCUSED, OF_NOOR }, 0,
		NO_ALERT, "", 'x' },
	{ "ill, told after", MISSING, { .command = WIRE_COMMAND_MARK_EXCUSED, OF_NOOR }, 0,
		"absent retracted excused confirmed 2", "ann", 'x' },
	{ "excused who came late", LATE, { .command = WIRE_COMMAND_MARK_EXCUSED, OF_NOOR }, 0,
		"late retracted excused confirmed 2", "ann", '|' },
	{ "code Z", MISSING, { .command = WIRE_COMMAND_SET_CODE, OF_NOOR, .code = 'Z' }, 0,
		"absent retracted excused confirmed 2", "ann", 'x' },
	{ "code B is no excuse", MISSING,
		{ .command = WIRE_COMMAND_SET_CODE, OF_NOOR, .code = 'B' }, 0,
		"absent open confirmed 1", "", '-' },
	{ "code B before the cut-off raises nothing", NOTHING,
		{ .command = WIRE_COMMAND_SET_CODE, OF_NOOR, .code = 'B' }, 0, NO_ALERT, "", '-' },
	{ "a code beside lateness leaves it", LATE,
		{ .command = WIRE_COMMAND_SET_CODE, OF_NOOR, .code = 'B' }, 0,
		"late open confirmed 1", "", 'L' },
	{ "no code", MISSING, { .command = WIRE_COMMAND_SET_CODE, OF_NOOR }, WIRE_REPLY_INVALID,
		"absent open confirmed 1", "", '-' },
	{ "R5: an unknown code", MISSING,
		{ .command = WIRE_COMMAND_SET_CODE, OF_NOOR, .code = 'T' }, WIRE_REPLY_INVALID,
		"absent open confirmed 1", "", '-' },
	{ "stale", SEEN,
		{ .command = WIRE_COMMAND_RESOLVE,
			OF_ALERT,
			.what = ALERT_REACHED,
			.if_revision = 1 },
		WIRE_REPLY_STALE, "absent acknowledged confirmed 2", "", '-' },
	{ "stale by pupil", SEEN,
		{ .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR, .if_revision = 1 },
		WIRE_REPLY_STALE, "absent acknowledged confirmed 2", "", '-' },
	{ "not stale", SEEN,
		{ .command = WIRE_COMMAND_RESOLVE,
			OF_ALERT,
			.what = ALERT_REACHED,
			.if_revision = 2 },
		0, "absent resolved reached confirmed 3", "ann", '-' },
	{ "a revision of no alert", NOTHING,
		{ .command = WIRE_COMMAND_MARK_EXCUSED, OF_NOOR, .if_revision = 1 },
		WIRE_REPLY_NOT_FOUND, NO_ALERT, "", '.' },
	{ "an alert of no day", MISSING, { .command = WIRE_COMMAND_ACKNOWLEDGE, .alert = "x" },
		WIRE_REPLY_NOT_FOUND, "absent open confirmed 1", "", '-' },
	{ "another pupil's alert", MISSING,
		{ .command = WIRE_COMMAND_MARK_PRESENT, OF_ALERT, .pupil = YASSINE },
		WIRE_REPLY_INVALID, "absent open confirmed 1", "", '-' },
};

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct school s;
		school_open(&s, 1);
		stand(&s, row[i].from);
		size_t before = lines_about(&s, "0000012345");
		struct wire_reply reply = ask(&s, "ann", row[i].c);
		if (reply.error != row[i].error)
			fail_msg("%s: error %d, want %d (%s)", row[i].name, reply.error,
				row[i].error, reply.reason);
		print_message("%s\n", row[i].name);
		EXPECT_ALERT(&s, "am-p0000012345", row[i].alert);
		const struct alert *a = school_alert(&s, "am-p0000012345");
		if (a)
			assert_string_equal(a->resolved_by, row[i].by);
		if (a && (reply.ok || reply.error == WIRE_REPLY_STALE)) {
			assert_string_equal(reply.alert, a->id);
			assert_int_equal(reply.revision, a->revision);
		}
		assert_int_equal(school_mark(&s, NOOR, AM), row[i].mark);
		/* Each thing done is one line; what was refused is none. */
		assert_int_equal(lines_about(&s, "0000012345"), before + reply.ok);
		school_close(&s);
	}
}

/* ---- what lasts ---- */

/* The facts stay as they came; a late word goes before an early one. */
static void test_last_word(void **state)
{
	struct school *s = *state;
	missing_noor(s);
	assert_true(ask(s, "ann",
		(struct wire_command){ .command = WIRE_COMMAND_SET_CODE, OF_NOOR, .code = 'B' })
			    .ok);
	assert_int_equal(school_mark(s, NOOR, AM), '-');
	assert_true(ask(
		s, "ann", (struct wire_command){ .command = WIRE_COMMAND_MARK_EXCUSED, OF_NOOR })
			    .ok);
	assert_int_equal(school_mark(s, NOOR, AM), 'x');
	assert_true(ask(
		s, "bob", (struct wire_command){ .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR })
			    .ok);
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	/* carry: who was in is in */
	assert_int_equal(school_mark(s, NOOR, PM), '|');
	assert_true(
		ask(s, "bob", (struct wire_command){ .command = WIRE_COMMAND_REOPEN, OF_NOOR }).ok);
	assert_int_equal(school_mark(s, NOOR, AM), '-');
	assert_int_equal(school_mark(s, NOOR, PM), '.');
	assert_int_equal(lines_about(s, "0000012345"), 4);
}

/* B goes before an excuse that was imported. */
static void test_b_before_excuse(void **state)
{
	struct school *s = *state;
	assert_int_equal(school_mark(s, ELIF, AM), 'x');
	assert_true(ask(s, "ann",
		(struct wire_command){
			.command = WIRE_COMMAND_SET_CODE, .pupil = ELIF, .half = AM, .code = 'B' })
			    .ok);
	assert_int_equal(school_mark(s, ELIF, AM), '-');
	assert_true(ask(s, "ann",
		(struct wire_command){ .command = WIRE_COMMAND_REOPEN, .pupil = ELIF, .half = AM })
			    .ok);
	assert_int_equal(school_mark(s, ELIF, AM), 'x');
}

static void test_past_day(void **state)
{
	struct school *s = *state;
	missing_noor(s);
	school_at(s, HMS(16, 0, 0));
	s->state.today = (struct civil_date){ 2026, 11, 24 };
	school_now(s, HMS(9, 0, 0));
	struct wire_command c = { .command = WIRE_COMMAND_MARK_PRESENT, OF_NOOR, .date = MONDAY };
	assert_true(ask(s, "ann", c).ok);
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	EXPECT_ALERT(s, "am-p0000012345", "absent retracted was_present confirmed 3");
	c.command = WIRE_COMMAND_REOPEN;
	assert_true(ask(s, "ann", c).ok);
	assert_int_equal(school_mark(s, NOOR, AM), '-');
	EXPECT_ALERT(s, "am-p0000012345", "absent resolved half_day_over confirmed 5");
}

static void test_class_on_excursion(void **state)
{
	struct school *s = *state;
	school_gate(s, 0, HMS(8, 50, 0));
	school_at(s, HMS(8, 50, 0));
	EXPECT_ALERT(s, "am-c4c", "class_missing open confirmed 1");
	struct wire_command c = {
		.command = WIRE_COMMAND_RESOLVE, .alert = "2026-11-23-am-c4c", .what = ALERT_EXCUSED
	};
	assert_true(ask(s, "ann", c).ok);
	EXPECT_ALERT(s, "am-c4c", "class_missing retracted excused confirmed 2");
	for (int i = 0; i < 10; i++)
		assert_int_equal(school_mark(s, FIRST_OF_4C + i, AM), 'x');
	c.command = WIRE_COMMAND_REOPEN;
	assert_true(ask(s, "bob", c).ok);
	EXPECT_ALERT(s, "am-c4c", "class_missing open confirmed 3");
	for (int i = 0; i < 10; i++)
		assert_int_equal(school_mark(s, FIRST_OF_4C + i, AM), '-');
	c.command = WIRE_COMMAND_RESOLVE;
	c.what = ALERT_REACHED;
	assert_true(ask(s, "bob", c).ok);
	assert_int_equal(school_mark(s, FIRST_OF_4C, AM), '-');
}

/* ---- cards ---- */

static void tap_card(struct school *s, struct card_hash card, int64_t pupil, int at_s)
{
	struct checkin c = school_checkin(s, pupil, "gate-1", instant(s->day->date, at_s));
	c.card = card;
	if (!pupil)
		c.result = CHECKIN_UNKNOWN_CARD;
	school_take_made(s, &c);
}

static void settle_card(struct school *s, int64_t pupil)
{
	reload_bare(s);
	const struct roster_pupil *p = roster_pupil_of(s->roster, pupil);
	register_settle_card(&s->state, s->day, (size_t)(p - s->roster->pupils), s->fx);
	school_write(s, s->day);
	school_restart(s);
}

/* A card that had been another's on a day that nobody decided: its tap counts, and its pupil is missing nowhere for it. */
static void test_card_of_a_past_day(void **state)
{
	struct school *s = *state;
	struct roster_card card = { .hash = unknown, .pupil = NOOR };
	tap_card(s, unknown, 0, HMS(13, 20, 0));
	s->state.today = (struct civil_date){ 2026, 11, 24 };
	school_now(s, HMS(9, 0, 0));
	assert_int_equal(register_store_card_put(s->store, &card), 0);
	settle_card(s, NOOR);
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	assert_int_equal(school_mark(s, NOOR, PM), 'L');
	assert_int_equal(register_store_card_drop(s->store, unknown), 0);
	settle_card(s, NOOR);
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	assert_int_equal(school_mark(s, NOOR, PM), '?');
	s->state.today = MONDAY;
}

static void test_link_card(void **state)
{
	struct school *s = *state;
	char id[ALERT_ID_MAX];
	tap_card(s, unknown, 0, HMS(8, 20, 0));
	tap_card(s, unknown, 0, HMS(8, 21, 0));
	missing_noor(s);
	alert_id_card(MONDAY, unknown, id);
	assert_non_null(school_alert(s, id + 11));
	struct wire_command c = { .command = WIRE_COMMAND_LINK_CARD, .pupil = NOOR };
	snprintf(c.alert, sizeof(c.alert), "%s", id);
	struct wire_reply reply = ask(s, "ann", c);
	assert_true(reply.ok);
	assert_string_equal(reply.alert, id);
	EXPECT_ALERT(s, id + 11, "unknown_card resolved card_linked confirmed 2");
	assert_string_equal(school_alert(s, id + 11)->resolved_by, "ann");
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	EXPECT_ALERT(s, "am-p0000012345", "absent retracted was_present confirmed 2");
	assert_int_equal(lines_about(s, "0000012345"), 1);
	/* Again it is no news; and nobody else's any more. */
	c.alert[0] = 0;
	c.card = unknown;
	assert_true(ask(s, "ann", c).ok);
	assert_int_equal(lines_about(s, "0000012345"), 1);
	c.pupil = YASSINE;
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_ALLOWED);
	c.pupil = 77;
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_FOUND);
	c.card = (struct card_hash){ { 0 } };
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_INVALID);
}

static void test_block_card(void **state)
{
	struct school *s = *state;
	struct wire_command c = {
		.command = WIRE_COMMAND_LINK_CARD, .pupil = NOOR, .card = unknown
	};
	school_now(s, HMS(8, 0, 0));
	assert_true(ask(s, "ann", c).ok);
	tap_card(s, unknown, NOOR, HMS(8, 20, 0));
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	school_now(s, HMS(9, 0, 0));
	c.command = WIRE_COMMAND_BLOCK_CARD;
	c.pupil = YASSINE;
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_INVALID);
	c.pupil = 0;
	assert_true(ask(s, "ann", c).ok);
	assert_true(roster_card_of(s->roster, unknown)->blocked);
	/* Lost at nine: the tap of before was Noor's, one of after is nobody's. */
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	tap_card(s, unknown, NOOR, HMS(13, 0, 0));
	assert_int_equal(s->day->pupils[roster_pupil_of(s->roster, NOOR) - s->roster->pupils]
				 .half[1]
				 .tap_at_ms,
		-1);
	assert_true(ask(s, "ann", c).ok); /* blocked twice */
	c.command = WIRE_COMMAND_LINK_CARD;
	c.pupil = NOOR;
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_ALLOWED);
	/* Who lost it doesn't know its hash. */
	c = (struct wire_command){ .command = WIRE_COMMAND_BLOCK_CARD, .pupil = MARIE };
	assert_true(ask(s, "ann", c).ok);
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_FOUND);
	c = (struct wire_command){ .command = WIRE_COMMAND_BLOCK_CARD, .card = { { 1, 2, 3 } } };
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_FOUND);
}

static void test_day_card(void **state)
{
	struct school *s = *state;
	struct wire_command c = {
		.command = WIRE_COMMAND_DAY_CARD, .pupil = NOOR, .card = unknown
	};
	school_now(s, HMS(8, 0, 0));
	c.date = (struct civil_date){ 2026, 11, 24 };
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_INVALID);
	c.date = (struct civil_date){ 0 };
	assert_true(ask(s, "ann", c).ok);
	tap_card(s, unknown, NOOR, HMS(8, 20, 0));
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	c.pupil = YASSINE;
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_ALLOWED);
	/* Tomorrow it is Yassine's; yesterday's tap stays Noor's. */
	s->state.today = (struct civil_date){ 2026, 11, 24 };
	school_now(s, HMS(8, 0, 0));
	assert_false(roster_card_valid(roster_card_of(s->roster, unknown), s->state.today));
	assert_true(ask(s, "ann", c).ok);
	struct day *monday = school_build(s, MONDAY);
	size_t noor = (size_t)(roster_pupil_of(s->roster, NOOR) - s->roster->pupils);
	assert_true(day_half_of(monday, noor, AM)->tap_at_ms >= 0);
	day_destroy(monday);
}

/* ---- taken back ---- */

static void test_release(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT };
	missing_noor(s);
	struct wire_reply done = ask(s, "ann", c);
	c.command = WIRE_COMMAND_RELEASE;
	c.if_revision = done.revision;
	done = ask(s, "ann", c);
	assert_true(done.ok);
	assert_int_equal(done.revision, 3);
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 3");
	assert_string_equal(school_alert(s, "am-p0000012345")->acknowledged_by, "");
	assert_int_equal(lines_about(s, "0000012345"), 2);
	/* Anybody may take it now. */
	c = (struct wire_command){ .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT };
	assert_true(ask(s, "bob", c).ok);
}

/* Who comes too late is shown what was done, by whom, since when, with the note. */
static void test_too_late(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_ACKNOWLEDGE, OF_ALERT };
	missing_noor(s);
	assert_int_equal(ask(s, "bob", c).now.state, ALERT_STATE_NONE);
	c.if_revision = 1;
	struct wire_reply late = ask(s, "ann", c);
	assert_int_equal(late.error, WIRE_REPLY_STALE);
	assert_int_equal(late.revision, 2);
	assert_int_equal(late.now.state, ALERT_ACKNOWLEDGED);
	assert_string_equal(late.now.by, "bob");
	assert_int_equal(late.now.at_ms, s->state.now_ms);
	c = (struct wire_command){ .command = WIRE_COMMAND_RESOLVE,
		OF_ALERT,
		.what = ALERT_REACHED,
		.note = "on her way" };
	assert_true(ask(s, "bob", c).ok);
	school_now(s, HMS(9, 0, 0));
	late = ask(s, "ann", c);
	assert_int_equal(late.error, WIRE_REPLY_NOT_ALLOWED);
	assert_int_equal(late.now.state, ALERT_RESOLVED);
	assert_int_equal(late.now.what, ALERT_REACHED);
	assert_string_equal(late.now.by, "bob");
	assert_string_equal(late.now.note, "on her way");
	assert_int_equal(late.now.at_ms, instant(MONDAY, HMS(8, 50, 0)));
}

static void test_unlink_card(void **state)
{
	struct school *s = *state;
	char id[ALERT_ID_MAX];
	struct wire_command link = {
		.command = WIRE_COMMAND_LINK_CARD, .pupil = NOOR, .card = unknown
	};
	struct wire_command back = link;
	back.command = WIRE_COMMAND_UNLINK_CARD;
	tap_card(s, unknown, 0, HMS(8, 20, 0));
	missing_noor(s);
	alert_id_card(MONDAY, unknown, id);
	assert_int_equal(ask(s, "ann", back).error, WIRE_REPLY_NOT_FOUND);
	struct wire_reply done = ask(s, "ann", link);
	assert_int_equal(done.n_cards, 1);
	assert_int_equal(card_hash_compare(done.cards[0].hash, unknown), 0);
	assert_int_equal(ask(s, "bob", link).n_cards, 0); /* not his to take back */
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	/* It is Yassine's in truth: who takes it back names whom he means. */
	back.pupil = YASSINE;
	assert_int_equal(ask(s, "ann", back).error, WIRE_REPLY_NOT_ALLOWED);
	back.pupil = 0;
	assert_int_equal(ask(s, "ann", back).error, WIRE_REPLY_INVALID);
	back.pupil = NOOR;
	done = ask(s, "ann", back);
	assert_true(done.ok);
	assert_int_equal(done.n_cards, 0);
	assert_string_equal(done.alert, id);
	EXPECT_ALERT(s, id + 11, "unknown_card open confirmed 3");
	school_tick(s);
	assert_int_equal(school_mark(s, NOOR, AM), '-');
	EXPECT_ALERT(s, "am-p0000012345", "absent open confirmed 3");
	assert_int_equal(lines_about(s, "0000012345"), 2);
	link.pupil = YASSINE;
	assert_true(ask(s, "ann", link).ok);
	assert_int_equal(school_mark(s, YASSINE, AM), '|');
	/* Blocked by a colleague meanwhile. */
	assert_true(ask(s, "bob",
		(struct wire_command){ .command = WIRE_COMMAND_BLOCK_CARD, .card = unknown })
			    .ok);
	back.pupil = YASSINE;
	assert_int_equal(ask(s, "ann", back).error, WIRE_REPLY_NOT_ALLOWED);
}

/* At the desk it was linked, by a card of the command line: the day noticed it, and no person's name is on the alert. */
static void test_unlink_what_the_desk_linked(void **state)
{
	struct school *s = *state;
	struct roster_card card = { .hash = unknown, .pupil = NOOR };
	char id[ALERT_ID_MAX];
	alert_id_card(MONDAY, unknown, id);
	tap_card(s, unknown, 0, HMS(8, 20, 0));
	EXPECT_ALERT(s, id + 11, "unknown_card open confirmed 1");
	assert_int_equal(register_store_card_put(s->store, &card), 0);
	reload(s);
	EXPECT_ALERT(s, id + 11, "unknown_card resolved card_linked confirmed 2");
	struct wire_command back = {
		.command = WIRE_COMMAND_UNLINK_CARD, .pupil = NOOR, .card = unknown
	};
	assert_true(ask(s, "ann", back).ok);
	EXPECT_ALERT(s, id + 11, "unknown_card open confirmed 3");
}

static void test_unblock_card(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_BLOCK_CARD, .pupil = NOOR };
	school_now(s, HMS(8, 0, 0));
	struct wire_reply done = ask(s, "ann", c);
	assert_true(done.ok);
	assert_int_equal(done.n_cards, 1);
	assert_true(done.cards[0].blocked);
	tap_card(s, done.cards[0].hash, NOOR, HMS(8, 20, 0));
	assert_int_equal(school_mark(s, NOOR, AM), '.');
	c = (struct wire_command){
		.command = WIRE_COMMAND_UNBLOCK_CARD, .pupil = YASSINE, .card = done.cards[0].hash
	};
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_ALLOWED);
	c.pupil = 0;
	done = ask(s, "ann", c);
	assert_true(done.ok);
	assert_int_equal(done.n_cards, 1);
	assert_false(done.cards[0].blocked);
	assert_int_equal(school_mark(s, NOOR, AM), '|');
	size_t lines = lines_about(s, "0000012345");
	done = ask(s, "ann", c);
	assert_true(done.ok); /* it is so already: nothing that could be taken back */
	assert_int_equal(done.n_cards, 0);
	assert_int_equal(lines_about(s, "0000012345"), lines);
	c.card = unknown;
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_NOT_FOUND);
	c.card = (struct card_hash){ { 0 } };
	assert_int_equal(ask(s, "ann", c).error, WIRE_REPLY_INVALID);
}

/* ---- done once ---- */

static void test_done_once(void **state)
{
	struct school *s = *state;
	struct uuid request = { { 1, 2, 3 } };
	char *reply = NULL;
	assert_int_equal(register_store_done(s->store, request, "ann", &reply), 0);
	assert_int_equal(
		register_store_done_put(s->store, request, "ann", 1000, "{\"v\":1}", 0), 0);
	assert_int_equal(register_store_done(s->store, request, "ann", &reply), 1);
	assert_string_equal(reply, "{\"v\":1}");
	free(reply);
	/* Another's request of the same id is another request. */
	assert_int_equal(register_store_done(s->store, request, "bob", &reply), 0);
	request.b[0] = 9;
	assert_int_equal(
		register_store_done_put(s->store, request, "ann", 5000, "{\"v\":1}", 2000), 0);
	request.b[0] = 1;
	assert_int_equal(register_store_done(s->store, request, "ann", &reply), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test_setup_teardown(test_last_word, setup, teardown),
		cmocka_unit_test_setup_teardown(test_b_before_excuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_past_day, setup, teardown),
		cmocka_unit_test_setup_teardown(test_class_on_excursion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_card_of_a_past_day, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_block_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_day_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_release, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unlink_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unlink_what_the_desk_linked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unblock_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_done_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
