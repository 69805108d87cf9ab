/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Days on which clocks and calendars go wrong (row C5): the same taps at the gate as on any other day. The instants were
 * computed by Python's zoneinfo, which shares no code with ours.
 */
#include "kiosk/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/zone.h"
#include "unit/unit.h"

#define NOOR 12345

static const struct {
	const char *name;
	int64_t at_ms; /* UTC */
	struct civil_date date; /* what the school's calendar and clock say then */
	const char *at;
	enum checkin_result result;
	int minutes_late;
} row[] = {
	{ "Friday before the clocks go back, on the bell", INT64_C(1792736700000), { 2026, 10, 23 },
		"08:25", CHECKIN_PRESENT, 0 },
	{ "Friday before the clocks go back, a second late", INT64_C(1792736701000),
		{ 2026, 10, 23 }, "08:25", CHECKIN_LATE, 1 },
	{ "Friday before the clocks go back, an hour late", INT64_C(1792740300000),
		{ 2026, 10, 23 }, "09:25", CHECKIN_LATE, 60 },
	{ "Monday after they went back, on the bell", INT64_C(1792999500000), { 2026, 10, 26 },
		"08:25", CHECKIN_PRESENT, 0 },
	{ "Monday after they went back, a second late", INT64_C(1792999501000), { 2026, 10, 26 },
		"08:25", CHECKIN_LATE, 1 },
	{ "Monday after they went back, an hour late", INT64_C(1793003100000), { 2026, 10, 26 },
		"09:25", CHECKIN_LATE, 60 },
	{ "Friday before they go forward, on the bell", INT64_C(1806045900000), { 2027, 3, 26 },
		"08:25", CHECKIN_PRESENT, 0 },
	{ "Friday before they go forward, a second late", INT64_C(1806045901000), { 2027, 3, 26 },
		"08:25", CHECKIN_LATE, 1 },
	{ "Friday before they go forward, an hour late", INT64_C(1806049500000), { 2027, 3, 26 },
		"09:25", CHECKIN_LATE, 60 },
	{ "Monday after they went forward, on the bell", INT64_C(1806301500000), { 2027, 3, 29 },
		"08:25", CHECKIN_PRESENT, 0 },
	{ "Monday after they went forward, a second late", INT64_C(1806301501000), { 2027, 3, 29 },
		"08:25", CHECKIN_LATE, 1 },
	{ "Monday after they went forward, an hour late", INT64_C(1806305100000), { 2027, 3, 29 },
		"09:25", CHECKIN_LATE, 60 },
	{ "29 February, on the bell", INT64_C(1835421900000), { 2028, 2, 29 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "29 February, a second late", INT64_C(1835421901000), { 2028, 2, 29 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "29 February, an hour late", INT64_C(1835425500000), { 2028, 2, 29 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "1 March of a leap year, on the bell", INT64_C(1835508300000), { 2028, 3, 1 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "1 March of a leap year, a second late", INT64_C(1835508301000), { 2028, 3, 1 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "1 March of a leap year, an hour late", INT64_C(1835511900000), { 2028, 3, 1 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "1 March of another, on the bell", INT64_C(1803885900000), { 2027, 3, 1 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "1 March of another, a second late", INT64_C(1803885901000), { 2027, 3, 1 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "1 March of another, an hour late", INT64_C(1803889500000), { 2027, 3, 1 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "last day of a year, on the bell", INT64_C(1798701900000), { 2026, 12, 31 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "last day of a year, a second late", INT64_C(1798701901000), { 2026, 12, 31 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "last day of a year, an hour late", INT64_C(1798705500000), { 2026, 12, 31 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "first day of a year, on the bell", INT64_C(1798788300000), { 2027, 1, 1 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "first day of a year, a second late", INT64_C(1798788301000), { 2027, 1, 1 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "first day of a year, an hour late", INT64_C(1798791900000), { 2027, 1, 1 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "29 February 2036, on the bell", INT64_C(2087882700000), { 2036, 2, 29 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "29 February 2036, a second late", INT64_C(2087882701000), { 2036, 2, 29 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "29 February 2036, an hour late", INT64_C(2087886300000), { 2036, 2, 29 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "the day on which 31 bits end, on the bell", INT64_C(2147498700000), { 2038, 1, 19 },
		"08:25", CHECKIN_PRESENT, 0 },
	{ "the day on which 31 bits end, a second late", INT64_C(2147498701000), { 2038, 1, 19 },
		"08:25", CHECKIN_LATE, 1 },
	{ "the day on which 31 bits end, an hour late", INT64_C(2147502300000), { 2038, 1, 19 },
		"09:25", CHECKIN_LATE, 60 },
	{ "the Monday before it, on the bell", INT64_C(2147412300000), { 2038, 1, 18 }, "08:25",
		CHECKIN_PRESENT, 0 },
	{ "the Monday before it, a second late", INT64_C(2147412301000), { 2038, 1, 18 }, "08:25",
		CHECKIN_LATE, 1 },
	{ "the Monday before it, an hour late", INT64_C(2147415900000), { 2038, 1, 18 }, "09:25",
		CHECKIN_LATE, 60 },
	{ "Monday after the clocks went forward in 2038, on the bell", INT64_C(2153456700000),
		{ 2038, 3, 29 }, "08:25", CHECKIN_PRESENT, 0 },
	{ "Monday after the clocks went forward in 2038, a second late", INT64_C(2153456701000),
		{ 2038, 3, 29 }, "08:25", CHECKIN_LATE, 1 },
	{ "Monday after the clocks went forward in 2038, an hour late", INT64_C(2153460300000),
		{ 2038, 3, 29 }, "09:25", CHECKIN_LATE, 60 },
	{ "Monday after they went back in 2038, on the bell", INT64_C(2172209100000),
		{ 2038, 11, 1 }, "08:25", CHECKIN_PRESENT, 0 },
	{ "Monday after they went back in 2038, a second late", INT64_C(2172209101000),
		{ 2038, 11, 1 }, "08:25", CHECKIN_LATE, 1 },
	{ "Monday after they went back in 2038, an hour late", INT64_C(2172212700000),
		{ 2038, 11, 1 }, "09:25", CHECKIN_LATE, 60 },
	{ "02:30, the first time", INT64_C(1792888200000), { 2026, 10, 25 }, "02:30",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "02:30, the second time", INT64_C(1792891800000), { 2026, 10, 25 }, "02:30",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "before the hour that isn't", INT64_C(1806195599000), { 2027, 3, 28 }, "01:59",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "after the hour that isn't", INT64_C(1806195600000), { 2027, 3, 28 }, "03:00",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "a second before midnight of the year", INT64_C(1798757999000), { 2026, 12, 31 }, "23:59",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "midnight of the year", INT64_C(1798758000000), { 2027, 1, 1 }, "00:00",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "the last second of 31 bits", INT64_C(2147483647000), { 2038, 1, 19 }, "04:14",
		CHECKIN_NOT_EXPECTED, 0 },
	{ "the first second beyond", INT64_C(2147483648000), { 2038, 1, 19 }, "04:14",
		CHECKIN_NOT_EXPECTED, 0 },
};

static struct roster *one_pupil(void)
{
	static const struct roster_size size = { .pupils = 1, .cards = 1, .rows = 5 };
	struct roster *r = roster_create(&size);

	assert_non_null(r);
	r->n_pupils = r->n_cards = 1;
	r->pupils[0] = (struct roster_pupil){ .id = NOOR, .class_name = "3A" };
	r->cards[0] = (struct roster_card){ .hash = { { 1 } }, .pupil = NOOR };
	r->n_rows = 5;
	for (size_t day = 0; day < 5; day++)
		r->rows[day] = (struct timetable_row){ .class_name = "*",
			.weekday = (int)day,
			.half = HALFDAY_AM,
			.slot = { 8 * 3600 + 25 * 60, 12 * 3600 + 5 * 60 } };
	assert_int_equal(roster_index(r), 0);
	return r;
}

struct gate {
	struct kiosk_state *state;
	struct kiosk_effects *fx;
	struct roster *roster;
};

static void open_gate(struct gate *g, const struct civil_zone *zone)
{
	struct kiosk_settings settings = { .gate = "gate-1",
		.zone = zone,
		.clock_speed = 1,
		.opens_before_min = 90,
		.repeat_s = 60,
		.result_ms = 1500 };

	g->state = calloc(1, sizeof(*g->state));
	g->fx = calloc(1, sizeof(*g->fx));
	g->roster = one_pupil();
	assert_non_null(g->state);
	assert_non_null(g->fx);
	kiosk_init(g->state, &settings);
	g->state->roster = g->roster;
}

static void close_gate(struct gate *g)
{
	roster_destroy(g->roster);
	free(g->state);
	free(g->fx);
}

/* Under a clock that judges, or dated anew two hours later, when one does. */
static struct checkin tap_at(struct gate *g, int64_t at_ms, bool judged)
{
	struct now now = { .wall_ms = judged ? at_ms : at_ms - 3600000,
		.boot_ms = 5000000,
		.mono_us = INT64_C(5000000000),
		.state = judged ? CLOCK_STATE_TRUSTED : CLOCK_UNKNOWN };
	struct kiosk_input input = { .kind = KIOSK_INPUT_CARD,
		.form = CARD_FORM_TOKEN,
		.card = { { 1 } },
		.id = { { 9 } },
		.seen_us = now.mono_us };

	g->fx->n_rows = g->fx->n_views = 0;
	kiosk_step(g->state, &input, &now, g->fx);
	assert_int_equal(g->fx->n_rows, 1);
	struct checkin c = g->fx->rows[0];
	if (!judged) {
		assert_int_equal(c.result, CHECKIN_UNJUDGED);
		now.wall_ms = at_ms + 7200000;
		now.boot_ms += 7200000;
		now.state = CLOCK_STATE_TRUSTED;
		kiosk_redate(g->state, &c, &now);
	}
	return c;
}

static void c5_days_on_which_clocks_change(void **state)
{
	(void)state;
	struct civil_zone zone = { 0 };
	if (zone_load("Europe/Brussels", civil_zone_add, &zone))
		skip(); /* no tzdata on this machine */
	for (size_t i = 0; i < 2 * ARRAY_LEN(row); i++) {
		size_t r = i / 2;
		struct gate g;
		open_gate(&g, &zone);
		struct checkin c = tap_at(&g, row[r].at_ms, i % 2 == 0);
		char at[6];
		civil_format_clock(civil_local_of(&zone, c.at_ms).at_s, at);
		if (c.at_ms != row[r].at_ms || c.result != row[r].result ||
			c.minutes_late != row[r].minutes_late ||
			civil_date_compare(c.date, row[r].date) != 0 || strcmp(at, row[r].at) != 0)
			fail_msg("%s: %s, %d, %d min", row[r].name, at, (int)c.result,
				c.minutes_late);
		if (i % 2 == 0)
			assert_string_equal(g.fx->views[0].at, row[r].at);
		close_gate(&g);
	}
}

/* No zone: no verdict, whatever the clock, and the right time all the same. */
static void c5_without_a_zone_nobody_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct gate g;
		open_gate(&g, NULL);
		struct checkin c = tap_at(&g, row[i].at_ms, true);
		assert_int_equal(c.result, CHECKIN_UNJUDGED);
		assert_int_equal(c.half, HALFDAY_NONE);
		assert_int_equal(c.at_ms, row[i].at_ms);
		assert_int_equal(c.clock, CHECKIN_CLOCK_TRUSTED);
		assert_string_equal(g.fx->views[0].at, "");
		close_gate(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c5_days_on_which_clocks_change),
		cmocka_unit_test(c5_without_a_zone_nobody_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
