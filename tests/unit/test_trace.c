/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/unit.h"

#include <stdlib.h>

#include "kiosk/trace.h"

static struct trace *filled(int n)
{
	struct trace *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	for (int i = 1; i <= n; i++)
		trace_add(t, &(struct trace_tap){ .seq = i,
				     .view = 2 * i,
				     .seen_us = 1000 * i,
				     .received_us = 1000 * i + 1,
				     .committed_us = 1000 * i + 2,
				     .presented_us = -1,
				     .published_us = -1,
				     .confirmed_us = -1 });
	return t;
}

static void test_each_stage_once(void **state)
{
	(void)state;
	struct trace *t = filled(3);

	trace_presented(t, 4, 2500);
	trace_presented(t, 4, 9999); /* shown again: the first time counts */
	trace_presented(t, 5, 7777); /* a view without a tap */
	trace_published(t, 2, 2600);
	trace_confirmed(t, 2, 2700);
	trace_confirmed(t, 3, 2800);
	assert_int_equal(trace_at(t, 1)->presented_us, 2500);
	assert_int_equal(trace_at(t, 0)->presented_us, -1);
	assert_int_equal(trace_at(t, 2)->presented_us, -1);
	assert_int_equal(trace_at(t, 1)->published_us, 2600);
	assert_int_equal(trace_at(t, 2)->confirmed_us, 2700);
	assert_int_equal(trace_at(t, 1)->confirmed_us, 2700);
	assert_int_equal(trace_at(t, 0)->confirmed_us, 2800);
	assert_null(trace_at(t, 3));
	free(t);
}

static void test_ring_keeps_the_last(void **state)
{
	(void)state;
	struct trace *t = filled(TRACE_MAX + 5);

	assert_int_equal(trace_at(t, 0)->seq, TRACE_MAX + 5);
	assert_int_equal(trace_at(t, TRACE_MAX - 1)->seq, 6);
	assert_null(trace_at(t, TRACE_MAX));
	free(t);
}

static void test_percentiles_by_nearest_rank(void **state)
{
	(void)state;
	struct trace *t = filled(100);

	assert_true(trace_percentiles_of(t).p50_ms < 0);
	for (int i = 1; i <= 100; i++) /* tap i took i milliseconds */
		trace_presented(t, 2 * i, 1000 * i + 1000 * i);
	struct trace_percentiles p = trace_percentiles_of(t);
	assert_true(p.p50_ms == 50.0);
	assert_true(p.p95_ms == 95.0);
	assert_true(p.p99_ms == 99.0);
	free(t);
}

static void test_new_log_forgets_numbers(void **state)
{
	(void)state;
	struct trace *t = filled(2);

	trace_renumbered(t);
	trace_published(t, 1, 5000);
	trace_confirmed(t, 2, 5000);
	assert_int_equal(trace_at(t, 0)->confirmed_us, -1);
	assert_int_equal(trace_at(t, 1)->published_us, -1);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_stage_once),
		cmocka_unit_test(test_ring_keeps_the_last),
		cmocka_unit_test(test_percentiles_by_nearest_rank),
		cmocka_unit_test(test_new_log_forgets_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
