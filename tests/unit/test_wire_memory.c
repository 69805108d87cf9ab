/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * P3: a message read or written while memory is out is read or written as it is, or not at all: no word cut short, no
 * field left out, no assertion inside the library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checkin.h"
#include "unit/unit.h"
#include "unit/wire_samples.h"
#include "wire/local.h"
#include "wire/wire.h"

#define FOREVER 1000000

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static const struct civil_date today = { 2026, 11, 23 };
static long n_calls, fail_from, fail_until;

void *__wrap_malloc(size_t size)
{
	n_calls++;
	return n_calls >= fail_from && n_calls < fail_until ? NULL : __real_malloc(size);
}

static void arm(long from, long until)
{
	n_calls = 0;
	fail_from = from;
	fail_until = until;
}

static long disarm(void)
{
	fail_from = fail_until = 0;
	return n_calls;
}

static struct checkin sample(void)
{
	struct checkin c = { .seq = 7, .revision = 1, .gate = "gate-1", .clock_error_ms = 5 };

	c.log.b[0] = c.id.b[0] = c.boot.b[0] = 1;
	c.log.b[15] = c.id.b[14] = c.boot.b[13] = 9;
	c.result = CHECKIN_UNKNOWN_CARD;
	c.at_ms = INT64_C(1795419032080);
	c.clock = CHECKIN_CLOCK_TRUSTED;
	c.card.b[3] = 0x5a;
	c.date = (struct civil_date){ 2026, 11, 23 };
	return c;
}

/* One allocation after the other, then from one on all of them. */
static void sweep(long (*once)(long from, long until))
{
	for (int all = 0; all < 2; all++) {
		long n = 1, calls;
		do
			calls = once(n, all ? FOREVER : n + 1);
		while (n++ <= calls);
		assert_true(n > 10);
	}
}

static char *whole;

static long encode(long from, long until)
{
	struct checkin c = sample();

	arm(from, until);
	char *text = wire_checkin_encode(&c, NULL);
	long calls = disarm();
	if (text)
		assert_string_equal(text, whole);
	free(text);
	return calls;
}

static long decode(long from, long until)
{
	char reason[WIRE_REASON_MAX];
	struct checkin got;
	struct checkin want = sample();
	struct uuid log;
	int64_t seq;

	arm(from, until);
	int err = wire_checkin_decode(whole, strlen(whole), &got, reason);
	int peeked = wire_checkin_peek(whole, strlen(whole), &log, &seq);
	long calls = disarm();
	char *again = err ? NULL : wire_checkin_encode(&got, NULL);
	if (err)
		assert_int_equal(err, WIRE_ERR_MEMORY);
	else
		assert_string_equal(again, whole);
	free(again);
	if (peeked)
		assert_int_equal(peeked, WIRE_ERR_MEMORY);
	else
		assert_true(uuid_equal(log, want.log) && seq == want.seq);
	return calls;
}

static void p3_a_message_is_read_whole_or_not(void **state)
{
	struct checkin c = sample();

	(void)state;
	whole = wire_checkin_encode(&c, NULL);
	assert_non_null(whole);
	sweep(encode);
	sweep(decode);
	free(whole);
}

/* A school large enough for several blocks. */
static struct roster *new_school(void)
{
	enum { N = 3000 };
	struct roster *roster = roster_create(&(struct roster_size){ .pupils = N });

	assert_non_null(roster);
	roster->generation = 5;
	roster->made_at_ms = INT64_C(1795419032080);
	roster->n_pupils = N;
	for (int i = 0; i < N; i++) {
		struct roster_pupil *p = &roster->pupils[i];
		p->id = i + 1;
		snprintf(p->first_name, sizeof(p->first_name), "Noor%d", i);
		memcpy(p->class_name, "3A", 3);
	}
	assert_int_equal(roster_index(roster), 0);
	return roster;
}

static long decode_school(long from, long until)
{
	char reason[WIRE_REASON_MAX];
	struct roster *got = NULL;

	arm(from, until);
	int err = wire_gates_data_decode(whole, strlen(whole), &got, reason);
	long calls = disarm();
	char *again = err ? NULL : wire_gates_data_encode(got, WIRE_NAMES_FIRST, today, NULL);
	if (err)
		assert_int_equal(err, WIRE_ERR_MEMORY);
	else
		assert_string_equal(again, whole);
	free(again);
	roster_destroy(got);
	return calls;
}

/* A school's data is read into blocks: without one of them it isn't read at all, and nothing of it stays. */
static void p3_a_school_is_read_whole_or_not(void **state)
{
	struct roster *roster = new_school();

	(void)state;
	whole = wire_gates_data_encode(roster, WIRE_NAMES_FIRST, today, NULL);
	assert_non_null(whole);
	assert_true(decode_school(0, 0) > 3);
	for (int all = 0; all < 2; all++)
		for (long n = 1; n <= 12; n++)
			decode_school(n, all ? FOREVER : n + 1);
	/* What the reserve served is whole again: enough for a tap. */
	free(whole);
	struct checkin c = sample();
	whole = wire_checkin_encode(&c, NULL);
	sweep(decode);
	free(whole);
	roster_destroy(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_a_message_is_read_whole_or_not),
		cmocka_unit_test(p3_a_school_is_read_whole_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
