/* SPDX-License-Identifier: EUPL-1.2 */
/* M12, M13: what care/event is still to be told. The broker is an array of reasons, one for each PUBACK. */
#include "register/event.h"
#include "register/outbox.h"
#include "unit/unit.h"

#define S INT64_C(1000000)
#define NOBODY 16
#define FORBIDDEN 135

/* Posts what may be posted of rows up to @last. Return: how many. */
static int post(struct event_outbox *o, int64_t last, int64_t now_us)
{
	int room = event_room(o, now_us), n = 0;

	while (n < room && o->posted < last) {
		event_posted(o, o->posted + 1);
		n++;
	}
	if (n < room)
		o->more = false;
	return n;
}

/* A broker so slow that the outbox fills: each kind at its own bound, one before and at it. */
static void m11_alerts_are_the_last_to_go(void **state)
{
	static const struct {
		const char *name;
		enum outbox_kind kind;
		size_t n, n_arrivals;
		bool want;
	} row[] = {
		{ "nothing waits", OUTBOX_ARRIVAL, 0, 0, true },
		{ "a crowd", OUTBOX_ARRIVAL, 24999, 24999, true },
		{ "too many arrivals", OUTBOX_ARRIVAL, 25000, 25000, false },
		{ "a confirm behind them", OUTBOX_OTHER, 25000, 25000, true },
		{ "few arrivals, little room", OUTBOX_ARRIVAL, 49999, 10, true },
		{ "few arrivals, no room", OUTBOX_ARRIVAL, 50000, 10, false },
		{ "the last of the others", OUTBOX_OTHER, 49999, 0, true },
		{ "full for the others", OUTBOX_OTHER, 50000, 0, false },
		{ "an alert then", OUTBOX_ALERT, 50000, 25000, true },
		{ "the last alert", OUTBOX_ALERT, 69999, 0, true },
		{ "full", OUTBOX_ALERT, 70000, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (outbox_takes(row[i].kind, row[i].n, row[i].n_arrivals) != row[i].want)
			fail_msg("%s", row[i].name);
}

static void m12_events_wait_while_the_broker_is_away(void **state)
{
	(void)state;
	struct event_outbox o = { 0 };

	event_added(&o);
	assert_int_equal(post(&o, 5, 0), 0);
	event_up(&o, S);
	assert_int_equal(post(&o, 5, S), 5);
	event_acked(&o, 1, 0, S);
	event_acked(&o, 2, 0, S);
	assert_int_equal(o.done, 2);
	/* Killed with three on their way: they go again, and an answer to an older connection says nothing. */
	event_down(&o);
	event_acked(&o, 3, 0, S);
	assert_int_equal(o.done, 2);
	event_up(&o, 2 * S);
	assert_int_equal(post(&o, 5, 2 * S), 3);
	for (int64_t n = 3; n <= 5; n++)
		event_acked(&o, n, 0, 2 * S);
	assert_int_equal(o.done, 5);
	assert_int_equal(post(&o, 5, 3 * S), 0);
	event_added(&o);
	assert_int_equal(post(&o, 6, 3 * S), 1);
}

static void m12_events_go_in_windows(void **state)
{
	(void)state;
	struct event_outbox o = { 0 };

	event_up(&o, 0);
	assert_int_equal(post(&o, 1000, 0), EVENT_WINDOW);
	assert_int_equal(event_room(&o, 0), 0);
	for (int64_t n = 1; n < EVENT_FEW; n++)
		event_acked(&o, n, 0, 0);
	assert_int_equal(
		event_room(&o, 0), 0); /* a walk through the database for each would cost more */
	event_acked(&o, EVENT_FEW, 0, 0);
	assert_int_equal(post(&o, 1000, 0), EVENT_FEW);
	assert_int_equal(o.posted, EVENT_WINDOW + EVENT_FEW);
}

/* What was said leaves the database with few COMMITs, and all of it as soon as nothing is on its way. */
static void m12_events_leave_together(void **state)
{
	(void)state;
	struct event_outbox o = { 0 };
	int64_t n = 0;

	event_up(&o, 0);
	assert_false(event_drops(&o));
	assert_int_equal(post(&o, 2, 0), 2);
	event_acked(&o, 1, 0, 0);
	assert_false(event_drops(&o));
	event_acked(&o, 2, 0, 0);
	assert_true(event_drops(&o));
	o.dropped = n = 2;
	assert_false(event_drops(&o));
	event_added(&o);
	for (; o.done - o.dropped < EVENT_DROP; event_acked(&o, ++n, 0, 0)) {
		assert_false(event_drops(&o));
		post(&o, 100000, 0);
	}
	assert_true(o.waiting > 0 && event_drops(&o));
	/* A connection that ends: what had its answer goes, the rest is told again. */
	o.dropped = o.done - 1;
	assert_false(event_drops(&o));
	event_down(&o);
	assert_true(event_drops(&o));
}

/* Clients of a broker that was restarted need a moment; a school without any doesn't fill its database. */
static void m12_events_wait_for_somebody_to_listen(void **state)
{
	(void)state;
	struct event_outbox o = { 0 };

	event_up(&o, 0);
	assert_int_equal(post(&o, 3, 0), 3);
	event_acked(&o, 1, 0, 0);
	event_acked(&o, 2, NOBODY, S);
	event_acked(&o, 3, 0, S); /* somebody is there now, but 2 comes before it */
	assert_int_equal(o.done, 1);
	assert_int_equal(post(&o, 3, S), 0);
	assert_int_equal(post(&o, 3, S + EVENT_AGAIN_US), 2);
	assert_int_equal(o.posted, 3);
	event_acked(&o, 2, NOBODY, EVENT_NOBODY_US - 1);
	event_acked(&o, 3, NOBODY, EVENT_NOBODY_US - 1);
	assert_int_equal(o.done, 1);
	assert_int_equal(post(&o, 3, EVENT_NOBODY_US + 2 * S), 2);
	event_acked(&o, 2, NOBODY, EVENT_NOBODY_US + 2 * S);
	event_acked(&o, 3, NOBODY, EVENT_NOBODY_US + 2 * S);
	assert_int_equal(o.done, 3);
}

static void m7_forbidden_events_stay(void **state)
{
	(void)state;
	struct event_outbox o = { 0 };
	int64_t day = INT64_C(86400) * S;

	event_up(&o, 0);
	assert_int_equal(post(&o, 2, day), 2);
	event_acked(&o, 1, FORBIDDEN, day);
	event_acked(&o, 2, FORBIDDEN, day);
	assert_int_equal(o.done, 0);
	assert_int_equal(post(&o, 2, day + EVENT_REFUSED_US - 1), 0);
	assert_int_equal(post(&o, 2, day + EVENT_REFUSED_US), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m11_alerts_are_the_last_to_go),
		cmocka_unit_test(m12_events_wait_while_the_broker_is_away),
		cmocka_unit_test(m12_events_go_in_windows),
		cmocka_unit_test(m12_events_leave_together),
		cmocka_unit_test(m12_events_wait_for_somebody_to_listen),
		cmocka_unit_test(m7_forbidden_events_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
