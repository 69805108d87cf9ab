/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a gate does with each tap: a Monday of the sample school, in the school's time (UTC+1 in November).
 */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kiosk/step.h"

#define NOOR 12345 /* 3A, 08:25 */
#define AN 12349 /* 5B, 09:15 on Mondays */
#define MONDAY_MS (INT64_C(1795388400) * 1000) /* 2026-11-23T00:00:00+01:00 */
#define AT(h, m, s) (MONDAY_MS + (((h)*60 + (m)) * 60 + (s)) * INT64_C(1000))

struct gate {
	struct kiosk_state *state;
	struct kiosk_effects *fx;
	struct civil_zone zone;
	struct roster *roster;
	struct now now;
	unsigned drawn;
};

static struct card_hash card(unsigned char n)
{
	struct card_hash h = { { n } };
	return h;
}

static struct timetable_row lessons(const char *name, enum halfday half, int start_s, int end_s)
{
	struct timetable_row row = { .weekday = 0, .half = half, .slot = { start_s, end_s } };

	(void)snprintf(row.class_name, sizeof(row.class_name), "%s", name);
	return row;
}

static struct roster *sample(void)
{
	struct roster_size size = { .pupils = 2, .cards = 4, .rows = 4, .days = 1, .excuses = 1 };
	struct roster *r = roster_create(&size);

	assert_non_null(r);
	r->n_pupils = 2;
	r->pupils[0] = (struct roster_pupil){ .id = NOOR,
		.first_name = "Noor",
		.last_name = "Peeters",
		.class_name = "3A",
		.language = ROSTER_NL,
		.has_record = true,
		.late_30_days = 2 };
	r->pupils[1] = (struct roster_pupil){ .id = AN,
		.first_name = "An",
		.last_name = "Nguyễn",
		.class_name = "5B",
		.language = ROSTER_EN };
	r->n_cards = 4;
	r->cards[0] = (struct roster_card){ .hash = card(1), .pupil = NOOR };
	r->cards[1] = (struct roster_card){ .hash = card(2), .pupil = AN };
	r->cards[2] = (struct roster_card){ .hash = card(3), .pupil = NOOR, .blocked = true };
	r->cards[3] = (struct roster_card){ .hash = card(4), .pupil = AN, .to = { 2026, 11, 22 } };
	r->n_rows = 4;
	r->rows[0] = lessons("*", HALFDAY_AM, 8 * 3600 + 25 * 60, 12 * 3600 + 5 * 60);
	r->rows[1] = lessons("*", HALFDAY_PM, 13 * 3600 + 10 * 60, 16 * 3600);
	r->rows[2] = lessons("5B", HALFDAY_AM, 9 * 3600 + 15 * 60, 12 * 3600 + 5 * 60);
	r->rows[3] = lessons("5B", HALFDAY_PM, 13 * 3600 + 10 * 60, 16 * 3600);
	assert_int_equal(roster_index(r), 0);
	return r;
}

static int open_gate(void **state)
{
	struct gate *g = calloc(1, sizeof(*g));
	struct kiosk_settings settings = {
		.gate = "gate-1",
		.boot = { { 7 } },
		.clock_speed = 1,
		.opens_before_min = 90,
		.repeat_s = 60,
		.result_ms = 1500,
		.show_name = WIRE_NAMES_FIRST,
		.overview = true,
		.talk = true,
	};

	assert_non_null(g);
	g->state = calloc(1, sizeof(*g->state));
	g->fx = calloc(1, sizeof(*g->fx));
	assert_non_null(g->state);
	assert_non_null(g->fx);
	civil_zone_add(&g->zone, INT64_MIN / 2, 3600);
	settings.zone = &g->zone;
	g->roster = sample();
	kiosk_init(g->state, &settings);
	g->state->roster = g->roster;
	g->now = (struct now){ .boot_ms = 5000000,
		.mono_us = INT64_C(5000000000),
		.state = CLOCK_STATE_TRUSTED,
		.error_ms = 3 };
	g->now.wall_ms = AT(8, 0, 0);
	*state = g;
	return 0;
}

static int close_gate(void **state)
{
	struct gate *g = *state;

	roster_destroy(g->roster);
	free(g->state);
	free(g->fx);
	free(g);
	return 0;
}

static void go_to(struct gate *g, int64_t wall_ms)
{
	int64_t d = wall_ms - g->now.wall_ms;

	g->now.wall_ms += d;
	g->now.boot_ms += d;
	g->now.mono_us += 1000 * d;
}

static void step(struct gate *g, struct kiosk_input input)
{
	g->fx->n_rows = g->fx->n_views = 0;
	g->fx->about_to_store = false;
	if (input.kind == KIOSK_INPUT_CARD || input.kind == KIOSK_INPUT_TOUCH) {
		input.id.b[0] = 99;
		input.id.b[1] = (uint8_t)++g->drawn;
		if (!input.seen_us)
			input.seen_us = g->now.mono_us;
	}
	kiosk_step(g->state, &input, &g->now, g->fx);
	kiosk_number(g->state, g->fx);
}

static void tap(struct gate *g, unsigned char n)
{
	step(g, (struct kiosk_input){
			.kind = KIOSK_INPUT_CARD, .form = CARD_FORM_TOKEN, .card = card(n) });
}

static void tick(struct gate *g)
{
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_TICK });
}

static const struct wire_view *last_view(const struct gate *g)
{
	assert_true(g->fx->n_views > 0);
	return &g->fx->views[g->fx->n_views - 1];
}

static const struct tap_row {
	const char *name;
	int64_t at_ms;
	unsigned char card;
	enum clock_state clock;
	bool no_data;
	enum checkin_result want;
	enum wire_view_result want_view;
	int want_late;
	enum halfday want_half;
	int64_t want_pupil;
} tap_row[] = {
	{ "before the gate opens", AT(6, 54, 59), 1, CLOCK_STATE_TRUSTED, false,
		CHECKIN_NOT_EXPECTED, WIRE_RESULT_NOT_EXPECTED, 0, HALFDAY_NONE, NOOR },
	{ "as it opens", AT(6, 55, 0), 1, CLOCK_STATE_TRUSTED, false, CHECKIN_PRESENT,
		WIRE_RESULT_PRESENT, 0, HALFDAY_AM, NOOR },
	{ "on the bell", AT(8, 25, 0), 1, CLOCK_STATE_TRUSTED, false, CHECKIN_PRESENT,
		WIRE_RESULT_PRESENT, 0, HALFDAY_AM, NOOR },
	{ "within the second of the bell", AT(8, 25, 0) + 999, 1, CLOCK_STATE_TRUSTED, false,
		CHECKIN_PRESENT, WIRE_RESULT_PRESENT, 0, HALFDAY_AM, NOOR },
	{ "a second after", AT(8, 25, 1), 1, CLOCK_STATE_TRUSTED, false, CHECKIN_LATE,
		WIRE_RESULT_LATE, 1, HALFDAY_AM, NOOR },
	{ "in holdover", AT(8, 26, 1), 1, CLOCK_STATE_HOLDOVER, false, CHECKIN_LATE,
		WIRE_RESULT_LATE, 2, HALFDAY_AM, NOOR },
	{ "a class that starts later", AT(8, 26, 1), 2, CLOCK_STATE_TRUSTED, false, CHECKIN_PRESENT,
		WIRE_RESULT_PRESENT, 0, HALFDAY_AM, AN },
	{ "late in the morning", AT(12, 4, 59), 1, CLOCK_STATE_TRUSTED, false, CHECKIN_LATE,
		WIRE_RESULT_LATE, 220, HALFDAY_AM, NOOR },
	{ "over lunch", AT(12, 5, 0), 1, CLOCK_STATE_TRUSTED, false, CHECKIN_PRESENT,
		WIRE_RESULT_PRESENT, 0, HALFDAY_PM, NOOR },
	{ "after school", AT(16, 0, 0), 1, CLOCK_STATE_TRUSTED, false, CHECKIN_NOT_EXPECTED,
		WIRE_RESULT_NOT_EXPECTED, 0, HALFDAY_NONE, NOOR },
	{ "clock unknown", AT(8, 40, 0), 1, CLOCK_UNKNOWN, false, CHECKIN_UNJUDGED,
		WIRE_RESULT_UNJUDGED, 0, HALFDAY_NONE, NOOR },
	{ "clock regressed", AT(8, 40, 0), 1, CLOCK_STATE_REGRESSED, false, CHECKIN_UNJUDGED,
		WIRE_RESULT_UNJUDGED, 0, HALFDAY_NONE, NOOR },
	{ "unknown card", AT(8, 10, 0), 9, CLOCK_STATE_TRUSTED, false, CHECKIN_UNKNOWN_CARD,
		WIRE_RESULT_UNKNOWN_CARD, 0, HALFDAY_NONE, 0 },
	{ "expired card", AT(8, 10, 0), 4, CLOCK_STATE_TRUSTED, false, CHECKIN_UNKNOWN_CARD,
		WIRE_RESULT_UNKNOWN_CARD, 0, HALFDAY_NONE, 0 },
	{ "blocked card", AT(8, 10, 0), 3, CLOCK_STATE_TRUSTED, false, CHECKIN_BLOCKED_CARD,
		WIRE_RESULT_BLOCKED_CARD, 0, HALFDAY_NONE, 0 },
	{ "no data yet", AT(8, 10, 0), 1, CLOCK_STATE_TRUSTED, true, CHECKIN_UNKNOWN_CARD,
		WIRE_RESULT_UNKNOWN_CARD, 0, HALFDAY_NONE, 0 },
};

static void check_tap(const struct tap_row *row)
{
	void *fresh = NULL;

	assert_int_equal(open_gate(&fresh), 0);
	struct gate *g = fresh;
	go_to(g, row->at_ms);
	g->now.state = row->clock;
	if (row->no_data)
		g->state->roster = NULL;
	tap(g, row->card);
	if (g->fx->n_rows != 1 || g->fx->n_views != 1)
		fail_msg("%s: %zu rows, %zu views", row->name, g->fx->n_rows, g->fx->n_views);
	const struct checkin *c = &g->fx->rows[0];
	const struct wire_view *v = &g->fx->views[0];
	if (c->result != row->want || v->result != row->want_view ||
		c->minutes_late != row->want_late || c->half != row->want_half ||
		c->pupil != row->want_pupil)
		fail_msg("%s: result %d, view %d, late %d, half %d, pupil %lld", row->name,
			(int)c->result, (int)v->result, c->minutes_late, (int)c->half,
			(long long)c->pupil);
	if (!uuid_equal(v->checkin, c->id) || v->number != 2 || g->fx->reading.number != 1)
		fail_msg("%s: the view is not of the row", row->name);
	if (c->at_ms != row->at_ms || card_hash_compare(c->card, card(row->card)) != 0)
		fail_msg("%s: time or card differ", row->name);
	(void)close_gate(&fresh);
}

static void test_every_kind_of_tap(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tap_row); i++)
		check_tap(&tap_row[i]);
}

static void test_refused_cards_leave_nothing(void **state)
{
	struct gate *g = *state;

	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_CARD, .form = CARD_FORM_RANDOM });
	assert_int_equal(last_view(g)->result, WIRE_RESULT_REFUSED_CARD);
	assert_true(uuid_is_none(last_view(g)->checkin));
	assert_int_equal(g->fx->n_rows, 0);
	assert_false(g->fx->about_to_store);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_CARD, .form = CARD_FORM_INVALID });
	assert_int_equal(last_view(g)->result, WIRE_RESULT_REFUSED_CARD);
	assert_int_equal(g->fx->n_rows, 0);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_TWO_CARDS });
	assert_int_equal(last_view(g)->result, WIRE_RESULT_TWO_CARDS);
	assert_int_equal(g->fx->n_rows, 0);
}

static void test_same_card_is_the_same_tap(void **state)
{
	struct gate *g = *state;

	tap(g, 1);
	struct uuid first = g->fx->rows[0].id;
	go_to(g, AT(8, 0, 59) + 999);
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 0);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY);
	assert_true(uuid_equal(last_view(g)->checkin, first));
	assert_string_equal(last_view(g)->name, "Noor");
	/* From the last accepted tap, not from the last time it was held there. */
	go_to(g, AT(8, 1, 0));
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_PRESENT);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY); /* in already, this half day */
	/* The afternoon is another half day. */
	go_to(g, AT(12, 30, 0));
	tap(g, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_PRESENT);
	/* An unknown card says again what it is, not that its bearer is in. */
	tap(g, 9);
	go_to(g, AT(12, 30, 10));
	tap(g, 9);
	assert_int_equal(g->fx->n_rows, 0);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_UNKNOWN_CARD);
}

/* A card that did not count a moment ago must not be swallowed once it does. */
static void test_what_counts_now_is_no_repeat(void **state)
{
	struct gate *g = *state;

	go_to(g, AT(6, 54, 57));
	tap(g, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_NOT_EXPECTED);
	go_to(g, AT(6, 54, 59));
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 0);
	go_to(g, AT(6, 55, 1));
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_PRESENT);
	/* Unknown, then the gate hears of the card. */
	g->state->roster = NULL;
	tap(g, 2);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_UNKNOWN_CARD);
	g->state->roster = g->roster;
	tap(g, 2);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_NOT_EXPECTED); /* 5B opens at 07:45 */
	/* Judged as soon as the clock can be trusted. */
	go_to(g, AT(8, 0, 0));
	g->now.state = CLOCK_UNKNOWN;
	tap(g, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_UNJUDGED);
	g->now.state = CLOCK_STATE_TRUSTED;
	tap(g, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_PRESENT);
}

static void test_not_late_who_was_not_expected(void **state)
{
	struct gate *g = *state;

	/* Excused on that half day, and comes all the same. */
	g->roster->excuses[0] = (struct roster_excuse){ .pupil = NOOR,
		.from = { 2026, 11, 23 },
		.to = { 2026, 11, 23 },
		.from_half = HALFDAY_AM,
		.to_half = HALFDAY_AM };
	g->roster->n_excuses = 1;
	go_to(g, AT(8, 40, 0));
	tap(g, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_PRESENT);
	assert_int_equal(g->fx->rows[0].minutes_late, 0);
	/* Carried over from the morning: in, whenever the card is held there again. */
	g->state->settings.carry = true;
	go_to(g, AT(13, 20, 0));
	tap(g, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_PRESENT);
	/* Not in during the morning, or a school that wants each half day's tap: late. */
	tap(g, 2);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_LATE);
}

/* A kiosk that comes back is told of the card that still lies there, with the time at which it was found. */
static void p2_a_card_that_still_lies_there_counts_once(void **state)
{
	static const struct {
		const char *name;
		int lies_ms; /* how long, when the kiosk is back */
		int stored_after_ms; /* from the find to the stored row; negative: never stored */
		size_t rows;
	} row[] = {
		{ "stored, within the window", 5000, 10, 0 },
		{ "stored, past the window", 61000, 10, 0 },
		{ "stored, ten minutes", 600000, 10, 0 },
		{ "stored late, after a slow commit", 600000, 4000, 0 },
		{ "never stored", 5000, -1, 1 },
		{ "never stored, ten minutes", 600000, -1, 1 },
		/* Found a whole window after the tap before: another tap. */
		{ "the tap before, 59.9 s earlier", 5000, -59900, 0 },
		{ "the tap before, 60 s earlier", 5000, -60000, 1 },
	};
	struct gate *g = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t found_us = g->now.mono_us, found_boot_ms = g->now.boot_ms;
		struct kiosk_settings settings = g->state->settings;
		kiosk_init(g->state, &settings); /* killed, and back */
		g->state->roster = g->roster;
		go_to(g, g->now.wall_ms + row[i].lies_ms);
		struct checkin stored = { .id = { { 1, 2, 3 } },
			.boot = settings.boot,
			.boot_ms = found_boot_ms + row[i].stored_after_ms,
			.card = card(1),
			.pupil = NOOR,
			.half = HALFDAY_AM,
			.date = { 2026, 11, 23 },
			.result = CHECKIN_PRESENT };
		if (row[i].stored_after_ms != -1)
			kiosk_remember(g->state, &stored, &g->now);
		step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_CARD,
				.form = CARD_FORM_TOKEN,
				.card = card(1),
				.seen_us = found_us });
		if (g->fx->n_rows != row[i].rows || g->fx->n_views != 1)
			fail_msg("%s: %zu rows", row[i].name, g->fx->n_rows);
		/* Either way the pupil sees a check-in that is in the database. */
		if (!row[i].rows)
			assert_true(uuid_equal(g->fx->views[0].checkin, stored.id));
		go_to(g, g->now.wall_ms + 3600000);
		g->now.wall_ms -=
			3600000 + row[i].lies_ms; /* the next row at the same time of day */
	}
}

static void c2_wall_clock_steps_change_no_repeat(void **state)
{
	struct gate *g = *state;

	tap(g, 1);
	g->now.wall_ms -= 3600 * 1000; /* an hour back; no time passed */
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 0);
	g->now.wall_ms += 3 * 24 * 3600 * INT64_C(1000);
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 0);
}

static void test_second_tap_opens_the_record(void **state)
{
	struct gate *g = *state;

	tap(g, 1);
	go_to(g, AT(8, 0, 1));
	tap(g, 1);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	assert_int_equal(last_view(g)->late_30_days, 2);
	assert_int_equal(g->fx->n_rows, 0);
	/* Another pupil's card ends it at once, and shows nothing of it. */
	tap(g, 2);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_RESULT);
	assert_string_equal(last_view(g)->name, "An");
	assert_false(last_view(g)->has_record);
	/* Noor's result no longer shows: a tap of hers is "already". */
	tap(g, 1);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_RESULT);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY);
	tap(g, 1);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	go_to(g, g->now.wall_ms + KIOSK_OVERVIEW_MS);
	tick(g);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_IDLE);
}

static void test_touch(void **state)
{
	struct gate *g = *state;

	tick(g);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_TOUCH, .touch = WIRE_TOUCH_OVERVIEW });
	assert_int_equal(g->fx->n_views, 0); /* nobody's result shows */
	tap(g, 1);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_TOUCH, .touch = WIRE_TOUCH_OVERVIEW });
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_TOUCH, .touch = WIRE_TOUCH_CLOSE });
	assert_int_equal(last_view(g)->state, WIRE_VIEW_IDLE);
	assert_string_equal(last_view(g)->name, "");
}

static void touch(struct gate *g, enum wire_touch what, struct uuid checkin)
{
	step(g, (struct kiosk_input){
			.kind = KIOSK_INPUT_TOUCH, .touch = what, .touched = checkin });
}

static struct uuid open_record(struct gate *g)
{
	tap(g, 1);
	struct uuid id = last_view(g)->checkin;
	tap(g, 1);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	assert_true(uuid_equal(last_view(g)->checkin, id));
	return id;
}

/* R18: stored like a tap, thanked for, and gone from the picture by itself. */
static void test_talk_is_asked_for_once_a_record(void **state)
{
	struct gate *g = *state;
	struct uuid id = open_record(g);

	assert_true(last_view(g)->talk);
	assert_false(last_view(g)->talk_asked);
	go_to(g, AT(8, 0, 2));
	touch(g, WIRE_TOUCH_TALK, id);
	assert_int_equal(g->fx->n_rows, 1);
	const struct checkin *row = &g->fx->rows[0];
	assert_int_equal(row->result, CHECKIN_TALK);
	assert_int_equal(row->pupil, NOOR);
	assert_int_equal(row->half, HALFDAY_NONE);
	assert_int_equal(row->at_ms, AT(8, 0, 2));
	assert_int_equal(row->date.day, 23);
	assert_true(card_hash_is_none(row->card));
	assert_false(uuid_is_none(row->id));
	assert_false(uuid_equal(row->id, id));
	assert_false(g->fx->about_to_store); /* no "one moment" over the record */
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	assert_false(last_view(g)->talk);
	assert_true(last_view(g)->talk_asked);
	assert_true(last_view(g)->has_record);
	touch(g, WIRE_TOUCH_TALK, id); /* a finger that trembles */
	assert_int_equal(g->fx->n_rows, 0);
	assert_int_equal(g->fx->n_views, 0);
	go_to(g, g->now.wall_ms + KIOSK_THANKS_MS);
	tick(g);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_IDLE);
	assert_false(last_view(g)->talk_asked);
	/* Nothing of it stays: the record of later is one like any other. */
	tap(g, 1);
	tap(g, 1);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	assert_true(last_view(g)->talk);
	assert_false(last_view(g)->talk_asked);
}

static void test_next_card_takes_the_thanks_away(void **state)
{
	struct gate *g = *state;
	struct uuid id = open_record(g);
	struct kiosk_input input[] = {
		{ .kind = KIOSK_INPUT_TOUCH,
			.touch = WIRE_TOUCH_TALK,
			.touched = id,
			.id = { { 5 } } },
		{ .kind = KIOSK_INPUT_CARD,
			.form = CARD_FORM_TOKEN,
			.card = card(2),
			.id = { { 6 } } },
	};

	/* Both in one turn: both are stored, and the picture is the next pupil's. */
	g->fx->n_rows = g->fx->n_views = 0;
	for (size_t i = 0; i < ARRAY_LEN(input); i++)
		kiosk_step(g->state, &input[i], &g->now, g->fx);
	assert_int_equal(g->fx->n_rows, 2);
	assert_int_equal(g->fx->rows[0].pupil, NOOR);
	assert_int_equal(g->fx->rows[1].pupil, AN);
	assert_string_equal(last_view(g)->name, "An");
	assert_false(last_view(g)->talk_asked);
	/* The other way round the finger meant a picture that is no longer there. */
	touch(g, WIRE_TOUCH_TALK, id);
	assert_int_equal(g->fx->n_rows, 0);
	tap(g, 2);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	touch(g, WIRE_TOUCH_TALK, id);
	assert_int_equal(g->fx->n_rows, 0);
	touch(g, WIRE_TOUCH_CLOSE, id);
	assert_int_equal(g->fx->n_views, 0);
	touch(g, WIRE_TOUCH_TALK, (struct uuid){ { 6 } });
	assert_int_equal(g->fx->n_rows, 1);
	assert_int_equal(g->fx->rows[0].pupil, AN);
}

static void test_talk_only_where_it_can_be_asked_for(void **state)
{
	struct gate *g = *state;

	touch(g, WIRE_TOUCH_TALK, (struct uuid){ { 0 } }); /* nobody is here */
	assert_int_equal(g->fx->n_rows, 0);
	tap(g, 1);
	touch(g, WIRE_TOUCH_TALK, (struct uuid){ { 0 } }); /* a result has no such button */
	assert_int_equal(g->fx->n_rows, 0);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_STORE, .flag = false });
	tap(g, 1);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_OVERVIEW);
	assert_false(last_view(g)->talk);
	touch(g, WIRE_TOUCH_TALK, (struct uuid){ { 0 } });
	assert_int_equal(g->fx->n_rows, 0);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_STORE, .flag = true });
	g->state->settings.talk = false;
	tap(g, 1);
	assert_false(last_view(g)->talk);
	touch(g, WIRE_TOUCH_TALK, (struct uuid){ { 0 } });
	assert_int_equal(g->fx->n_rows, 0);
}

static void test_talk_that_is_not_stored_is_not_thanked_for(void **state)
{
	struct gate *g = *state;
	struct uuid id = open_record(g);

	touch(g, WIRE_TOUCH_TALK, id);
	kiosk_refuse(g->state, &g->now, g->fx);
	assert_int_equal(g->fx->n_rows, 0);
	assert_int_equal(g->fx->n_views, 1);
	assert_int_equal(g->fx->views[0].result, WIRE_RESULT_NOT_STORED);
	assert_false(g->fx->views[0].talk_asked);
	assert_string_equal(g->fx->views[0].name, "");
	/* The tap before it counts all the same. */
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 0);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY);
}

static void test_talk_is_no_presence_after_a_restart(void **state)
{
	struct gate *g = *state;
	struct uuid id = open_record(g);

	touch(g, WIRE_TOUCH_TALK, id);
	struct checkin row = g->fx->rows[0];
	struct kiosk_settings settings = g->state->settings;
	kiosk_init(g->state, &settings);
	g->state->roster = g->roster;
	kiosk_remember(g->state, &row, &g->now);
	assert_int_equal(g->state->n_in, 0);
	assert_int_equal(g->state->n_recent, 0);
}

static void test_result_gives_way(void **state)
{
	struct gate *g = *state;

	tap(g, 1);
	assert_int_equal(kiosk_next_ms(g->state, &g->now), 1500);
	go_to(g, AT(8, 0, 1) + 499);
	tick(g);
	assert_int_equal(g->fx->n_views, 0);
	go_to(g, AT(8, 0, 1) + 500);
	tick(g);
	assert_int_equal(last_view(g)->state, WIRE_VIEW_IDLE);
	assert_string_equal(last_view(g)->at, "08:00");
	assert_int_equal(kiosk_next_ms(g->state, &g->now), -1);
	go_to(g, AT(8, 0, 59));
	tick(g);
	assert_int_equal(g->fx->n_views, 0); /* nothing changed: nothing is drawn */
	go_to(g, AT(8, 1, 0));
	tick(g);
	assert_string_equal(last_view(g)->at, "08:01");
}

static void test_faults_show_and_go(void **state)
{
	struct gate *g = *state;

	tick(g);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_READER, .flag = false });
	assert_int_equal(last_view(g)->state, WIRE_VIEW_FAULT);
	assert_int_equal(last_view(g)->fault, WIRE_FAULT_READER);
	assert_true(last_view(g)->taps_count);
	tap(g, 1); /* another reader still works */
	assert_int_equal(last_view(g)->result, WIRE_RESULT_PRESENT);
	go_to(g, AT(8, 1, 0));
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_STORE, .flag = false });
	assert_int_equal(last_view(g)->fault, WIRE_FAULT_STORE);
	assert_false(last_view(g)->taps_count);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_STORE, .flag = true });
	assert_int_equal(last_view(g)->fault, WIRE_FAULT_READER);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_READER, .flag = true });
	assert_int_equal(last_view(g)->state, WIRE_VIEW_IDLE);
	step(g, (struct kiosk_input){ .kind = KIOSK_INPUT_OFFLINE, .flag = false });
	assert_false(last_view(g)->offline);
}

static void test_not_stored_promises_nothing(void **state)
{
	struct gate *g = *state;

	tap(g, 1);
	kiosk_refuse(g->state, &g->now, g->fx);
	assert_int_equal(g->fx->n_rows, 0);
	assert_int_equal(g->fx->n_views, 1);
	assert_int_equal(g->fx->views[0].result, WIRE_RESULT_NOT_STORED);
	assert_true(uuid_is_none(g->fx->views[0].checkin));
	assert_string_equal(g->fx->views[0].name, "");
	/* The next try counts: it is neither a repeat nor "already". */
	go_to(g, AT(8, 0, 3));
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_PRESENT);
}

static void test_a_batch_shares_a_fate(void **state)
{
	struct gate *g = *state;
	struct kiosk_input input = {
		.kind = KIOSK_INPUT_CARD, .form = CARD_FORM_TOKEN, .seen_us = g->now.mono_us
	};

	memset(g->fx, 0, sizeof(*g->fx));
	for (unsigned char n = 1; n <= 2; n++) {
		input.card = card(n);
		input.id.b[0] = n;
		kiosk_step(g->state, &input, &g->now, g->fx);
	}
	input.card = card(1); /* and the first one again, a repeat of what isn't stored yet */
	input.id.b[0] = 3;
	kiosk_step(g->state, &input, &g->now, g->fx);
	kiosk_number(g->state, g->fx);
	assert_int_equal(g->fx->n_rows, 2);
	assert_int_equal(g->fx->n_views, 3);
	assert_int_equal(g->fx->reading.number, 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(g->fx->views[i].number, 2 + i);
	kiosk_refuse(g->state, &g->now, g->fx);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(g->fx->views[i].result, WIRE_RESULT_NOT_STORED);
	assert_int_equal(g->state->view.result, WIRE_RESULT_NOT_STORED);
}

static void test_dated_when_seen(void **state)
{
	struct gate *g = *state;
	struct kiosk_input input = {
		.kind = KIOSK_INPUT_CARD, .form = CARD_FORM_TOKEN, .card = card(1)
	};

	/* A commit took three seconds: the pupil was on time. */
	go_to(g, AT(8, 25, 2));
	input.seen_us = g->now.mono_us - 3000000;
	step(g, input);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_PRESENT);
	assert_int_equal(g->fx->rows[0].at_ms, AT(8, 24, 59));
	assert_int_equal(g->fx->rows[0].boot_ms, g->now.boot_ms - 3000);
	/* But never inside what the register was told is complete. */
	g->state->complete_ms = AT(8, 25, 1);
	input.card = card(2);
	input.seen_us = g->now.mono_us - 3000000;
	step(g, input);
	assert_int_equal(g->fx->rows[0].at_ms, AT(8, 25, 1) + 1);
}

static void test_arrival_at_another_gate(void **state)
{
	struct gate *g = *state;
	struct kiosk_input input = { .kind = KIOSK_INPUT_ARRIVAL,
		.arrival = { .pupil = NOOR, .date = { 2026, 11, 23 }, .half = HALFDAY_AM } };

	step(g, input);
	tap(g, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY);
	assert_int_equal(g->fx->n_rows, 1); /* a tap is a fact all the same */
}

static void test_remembers_after_a_restart(void **state)
{
	struct gate *g = *state;

	tap(g, 1);
	struct checkin row = g->fx->rows[0];
	void *fresh = NULL;
	assert_int_equal(open_gate(&fresh), 0);
	struct gate *again = fresh;
	go_to(again, AT(8, 0, 5));
	kiosk_remember(again->state, &row, &again->now);
	tap(again, 1);
	assert_int_equal(again->fx->n_rows, 0); /* the card was still in the field: one check-in */
	go_to(again, AT(8, 2, 0));
	tap(again, 1);
	assert_int_equal(last_view(again)->result, WIRE_RESULT_ALREADY);
	(void)close_gate(&fresh);
}

/* ---- a clock that can't be trusted ---- */

#define OFF_BY (3600 * INT64_C(1000)) /* the wall clock is an hour behind */

/* @at_ms: true time; what the wall shows is @off_by behind it. */
static void distrust(struct gate *g, int64_t at_ms, int64_t off_by)
{
	go_to(g, at_ms);
	g->now.wall_ms -= off_by;
	g->now.state = CLOCK_UNKNOWN;
	g->now.error_ms = -1;
}

static void trust(struct gate *g, int64_t off_by)
{
	g->now.wall_ms += off_by;
	g->now.state = CLOCK_STATE_TRUSTED;
	g->now.error_ms = 20;
}

/* Tapped under a clock an hour behind; an update comes at 12:30, so that each has its own true time. */
static const struct {
	const char *name;
	int64_t at_ms;
	unsigned char card;
	bool no_zone, no_roster;
	enum checkin_result before, after;
	int64_t pupil;
	enum halfday half;
	int minutes_late;
} redated[] = {
	{ "in time, though shown an hour early", AT(8, 24, 59), 1, false, false, CHECKIN_UNJUDGED,
		CHECKIN_PRESENT, NOOR, HALFDAY_AM, 0 },
	{ "on the bell", AT(8, 25, 0), 1, false, false, CHECKIN_UNJUDGED, CHECKIN_PRESENT, NOOR,
		HALFDAY_AM, 0 },
	{ "a second late", AT(8, 25, 1), 1, false, false, CHECKIN_UNJUDGED, CHECKIN_LATE, NOOR,
		HALFDAY_AM, 1 },
	{ "late by more than an hour", AT(9, 30, 0), 1, false, false, CHECKIN_UNJUDGED,
		CHECKIN_LATE, NOOR, HALFDAY_AM, 65 },
	{ "before the gate opens", AT(6, 54, 59), 1, false, false, CHECKIN_UNJUDGED,
		CHECKIN_NOT_EXPECTED, NOOR, HALFDAY_NONE, 0 },
	{ "an unknown card", AT(8, 20, 0), 9, false, false, CHECKIN_UNKNOWN_CARD,
		CHECKIN_UNKNOWN_CARD, 0, HALFDAY_NONE, 0 },
	{ "a blocked card", AT(8, 20, 0), 3, false, false, CHECKIN_BLOCKED_CARD,
		CHECKIN_BLOCKED_CARD, 0, HALFDAY_NONE, 0 },
	{ "a card that was over: only a date can tell", AT(8, 20, 0), 4, false, false,
		CHECKIN_UNJUDGED, CHECKIN_UNKNOWN_CARD, 0, HALFDAY_NONE, 0 },
	{ "dated but not judged without a zone", AT(8, 20, 0), 1, true, false, CHECKIN_UNJUDGED,
		CHECKIN_UNJUDGED, NOOR, HALFDAY_NONE, 0 },
	{ "judged by the roster that came meanwhile", AT(8, 20, 0), 1, false, true,
		CHECKIN_UNKNOWN_CARD, CHECKIN_PRESENT, NOOR, HALFDAY_AM, 0 },
};

static void c1_taps_without_time_are_dated_anew_and_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(redated); i++) {
		void *fresh = NULL;
		assert_int_equal(open_gate(&fresh), 0);
		struct gate *g = fresh;
		distrust(g, redated[i].at_ms, OFF_BY);
		g->state->roster = redated[i].no_roster ? NULL : g->roster;
		tap(g, redated[i].card);
		g->state->roster = g->roster;
		struct checkin row = g->fx->rows[0];
		if (g->fx->n_rows != 1 || row.result != redated[i].before || row.half ||
			row.revision != 1)
			fail_msg("%s: stored as %d", redated[i].name, (int)row.result);
		assert_int_equal(row.at_ms, redated[i].at_ms - OFF_BY);
		assert_int_equal(row.clock, CHECKIN_CLOCK_UNKNOWN);
		go_to(g, AT(12, 30, 0) - OFF_BY);
		trust(g, OFF_BY);
		if (redated[i].no_zone)
			g->state->settings.zone = NULL;
		struct uuid id = row.id;
		int64_t boot_ms = row.boot_ms;
		kiosk_redate(g->state, &row, &g->now);
		if (row.result != redated[i].after || row.pupil != redated[i].pupil ||
			row.half != redated[i].half || row.minutes_late != redated[i].minutes_late)
			fail_msg("%s: %d, half %d, %d min", redated[i].name, (int)row.result,
				(int)row.half, row.minutes_late);
		assert_true(uuid_equal(row.id, id));
		assert_int_equal(row.revision, 2);
		assert_int_equal(row.at_ms, redated[i].at_ms);
		assert_int_equal(row.boot_ms, boot_ms);
		assert_int_equal(row.clock, CHECKIN_CLOCK_TRUSTED);
		assert_int_equal(row.clock_error_ms, 20);
		(void)close_gate(&fresh);
	}
}

static void c1_a_tap_without_time_is_shown_neutrally(void **state)
{
	struct gate *g = *state;

	distrust(g, AT(8, 40, 0), 0);
	tap(g, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_UNJUDGED);
	assert_string_equal(last_view(g)->at, "");
	assert_int_equal(last_view(g)->minutes_late, -1);
	/* A clock that looks right is no better, nor one that was set back. */
	g->now.state = CLOCK_STATE_REGRESSED;
	tap(g, 2);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_UNJUDGED);
	assert_int_equal(g->fx->rows[0].clock, CHECKIN_CLOCK_REGRESSED);
	/* In holdover verdicts go on. */
	go_to(g, AT(8, 45, 0));
	g->now.state = CLOCK_STATE_HOLDOVER;
	g->now.error_ms = 3500;
	tap(g, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_LATE);
	assert_int_equal(g->fx->rows[0].clock_error_ms, 3500);
}

/* What is remembered follows: the same card a moment later is the same tap, and who is in is in. */
static void c1_memory_follows_the_new_dates(void **state)
{
	struct gate *g = *state;

	distrust(g, AT(8, 24, 30), OFF_BY);
	tap(g, 1);
	struct checkin row = g->fx->rows[0], again = row;
	go_to(g, AT(8, 25, 0) - OFF_BY);
	trust(g, OFF_BY);
	kiosk_redate(g->state, &row, &g->now);
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 0);
	go_to(g, AT(8, 26, 0));
	tap(g, 1);
	assert_int_equal(g->fx->n_rows, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY);
	/* Once more, as after a commit that failed: the same. */
	kiosk_redate(g->state, &again, &g->now);
	assert_int_equal(again.result, row.result);
	assert_int_equal(again.at_ms, row.at_ms);
	assert_int_equal(again.revision, row.revision);
	/* The morning's carries the afternoon's lateness. */
	go_to(g, AT(13, 20, 0));
	g->state->settings.carry = true;
	tap(g, 1);
	assert_int_equal(g->fx->rows[0].result, CHECKIN_PRESENT);
}

static void c1_memory_after_a_restart(void **state)
{
	struct gate *g = *state;

	distrust(g, AT(8, 20, 0), OFF_BY);
	tap(g, 1);
	struct checkin first = g->fx->rows[0], second = first;
	trust(g, OFF_BY);
	kiosk_redate(g->state, &second, &g->now);
	go_to(g, AT(8, 20, 40));
	tap(g, 2);
	struct checkin other = g->fx->rows[0];
	/* In order of their numbers: the correction came after a newer tap. */
	const struct checkin *rows[] = { &first, &other, &second };
	void *fresh = NULL;
	assert_int_equal(open_gate(&fresh), 0);
	struct gate *later = fresh;
	go_to(later, AT(8, 21, 30)); /* 90 s after the first, 50 s after the other */
	later->now.boot_ms = g->now.boot_ms + 50 * 1000;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		kiosk_remember(later->state, rows[i], &later->now);
	tap(later, 2);
	assert_int_equal(later->fx->n_rows, 0);
	tap(later, 1);
	assert_int_equal(later->fx->n_rows, 1);
	assert_int_equal(last_view(later)->result, WIRE_RESULT_ALREADY);
	(void)close_gate(&fresh);
}

/* Trusted and wrong: a week ahead, then set right. What was taken for next Monday must not stand in the way of this one. */
static void c2_a_day_that_never_was_is_forgotten(void **state)
{
	struct gate *g = *state;
	const int64_t a_week = 7 * 86400 * INT64_C(1000);

	tap(g, 1);
	g->now.wall_ms += a_week;
	assert_false(kiosk_clock_set(g->state, &g->now));
	tap(g, 2);
	assert_int_equal(g->fx->n_rows, 1);
	g->now.wall_ms -= a_week;
	assert_true(kiosk_clock_set(g->state, &g->now));
	assert_false(kiosk_clock_set(g->state, &g->now));
	go_to(g, AT(8, 10, 0));
	tap(g, 1);
	go_to(g, AT(8, 20, 0));
	tap(g, 1);
	assert_int_equal(last_view(g)->result, WIRE_RESULT_ALREADY);
}

/* The same after a restart, from another gate, and by a clock that is set first and trusted later: today stands. */
static void c3_a_row_of_a_day_to_come_hides_nobody(void **state)
{
	static const struct civil_date today = { 2026, 11, 23 }, thursday = { 2026, 11, 26 };
	static const struct {
		const char *name;
		bool arrival, untrusted;
	} row[] = {
		{ "a row of the database", false, false },
		{ "an arrival", true, false },
		{ "a row, trusted later", false, true },
		{ "an arrival, trusted later", true, true },
	};
	struct gate *g = *state;

	g->state->settings.carry = true;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct kiosk_settings settings = g->state->settings;
		kiosk_init(g->state, &settings);
		g->state->roster = g->roster;
		go_to(g, AT(8, 20, 0));
		struct checkin was_in = {
			.id = { { 1 } }, .pupil = NOOR, .half = HALFDAY_AM, .date = today
		};
		struct checkin to_come = was_in;
		to_come.date = thursday;
		struct kiosk_input input = { .kind = KIOSK_INPUT_ARRIVAL,
			.arrival = { .pupil = NOOR, .date = thursday, .half = HALFDAY_AM } };
		g->now.state = row[i].untrusted ? CLOCK_UNKNOWN : CLOCK_STATE_TRUSTED;
		kiosk_remember(g->state, &was_in, &g->now);
		if (row[i].arrival)
			step(g, input);
		else
			kiosk_remember(g->state, &to_come, &g->now);
		g->now.state = CLOCK_STATE_TRUSTED;
		if (kiosk_clock_set(g->state, &g->now) != row[i].untrusted)
			fail_msg("%s: forgotten or not", row[i].name);
		if (row[i].untrusted) { /* as the database has them */
			kiosk_remember(g->state, &was_in, &g->now);
			kiosk_remember(g->state, &to_come, &g->now);
		}
		assert_false(kiosk_clock_set(g->state, &g->now));
		go_to(g, AT(13, 30, 0));
		tap(g, 1);
		if (g->fx->n_rows != 1 || g->fx->rows[0].result != CHECKIN_PRESENT)
			fail_msg("%s: in since the morning, and told to be late", row[i].name);
		go_to(g, AT(13, 40, 0));
		tap(g, 1);
		if (last_view(g)->result != WIRE_RESULT_ALREADY)
			fail_msg("%s: not in after a tap of today", row[i].name);
	}
}

static void test_names_as_the_school_wants(void **state)
{
	static const struct {
		enum wire_names show;
		const char *want;
	} row[] = {
		{ WIRE_NAMES_NONE, "" },
		{ WIRE_NAMES_FIRST, "Noor" },
		{ WIRE_NAMES_FULL, "Noor Peeters" },
	};
	struct gate *g = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		g->state->settings.show_name = row[i].show;
		go_to(g, AT(8, 2 * (int)i, 0));
		tap(g, 1);
		assert_string_equal(last_view(g)->name, row[i].want);
		assert_int_equal(last_view(g)->language, ROSTER_NL);
	}
}

int main(void)
{
#define GATE_TEST(f) cmocka_unit_test_setup_teardown(f, open_gate, close_gate)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_tap),
		GATE_TEST(test_refused_cards_leave_nothing),
		GATE_TEST(test_same_card_is_the_same_tap),
		GATE_TEST(test_what_counts_now_is_no_repeat),
		GATE_TEST(test_not_late_who_was_not_expected),
		GATE_TEST(p2_a_card_that_still_lies_there_counts_once),
		GATE_TEST(c2_wall_clock_steps_change_no_repeat),
		GATE_TEST(test_second_tap_opens_the_record),
		GATE_TEST(test_touch),
		GATE_TEST(test_talk_is_asked_for_once_a_record),
		GATE_TEST(test_next_card_takes_the_thanks_away),
		GATE_TEST(test_talk_only_where_it_can_be_asked_for),
		GATE_TEST(test_talk_that_is_not_stored_is_not_thanked_for),
		GATE_TEST(test_talk_is_no_presence_after_a_restart),
		GATE_TEST(test_result_gives_way),
		GATE_TEST(test_faults_show_and_go),
		GATE_TEST(test_not_stored_promises_nothing),
		GATE_TEST(test_a_batch_shares_a_fate),
		GATE_TEST(test_dated_when_seen),
		GATE_TEST(test_arrival_at_another_gate),
		GATE_TEST(test_remembers_after_a_restart),
		GATE_TEST(test_names_as_the_school_wants),
		cmocka_unit_test(c1_taps_without_time_are_dated_anew_and_judged),
		GATE_TEST(c1_a_tap_without_time_is_shown_neutrally),
		GATE_TEST(c1_memory_follows_the_new_dates),
		GATE_TEST(c1_memory_after_a_restart),
		GATE_TEST(c2_a_day_that_never_was_is_forgotten),
		GATE_TEST(c3_a_row_of_a_day_to_come_hides_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
