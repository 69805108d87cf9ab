/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * R24: per class before and after a date, share late and share absent with their numbers.
 */
#include "core/share.h"
#include "unit/unit.h"

#define DAY(d)                                                                                     \
	{                                                                                          \
		2026, 11, d                                                                        \
	}

static const struct share_half month[] = {
	{ DAY(2), 0, 0, 0 }, /* a day off counts for nothing */
	{ DAY(9), 20, 2, 1 },
	{ DAY(10), 20, 3, 0 },
	{ DAY(13), 19, 1, 2 },
	{ DAY(16), 20, 1, 1 }, /* the date itself is after */
	{ DAY(17), 20, 0, 0 },
};

static void test_both_periods(void **state)
{
	(void)state;
	struct share s = share_of(month, ARRAY_LEN(month), (struct civil_date)DAY(16));

	assert_int_equal(s.before.half_days, 3);
	assert_int_equal(s.before.expected, 59);
	assert_int_equal(s.before.late, 6);
	assert_int_equal(s.before.absent, 3);
	assert_int_equal(s.before.late_per_mille, 102); /* 101.7 */
	assert_int_equal(s.before.absent_per_mille, 51); /* 50.8 */
	assert_int_equal(s.after.half_days, 2);
	assert_int_equal(s.after.expected, 40);
	assert_int_equal(s.after.late_per_mille, 25);
	assert_int_equal(s.after.absent_per_mille, 25);
	assert_true(share_outside(&s));
}

static void test_boundary_is_the_day(void **state)
{
	(void)state;
	static const struct {
		int day, before, after;
	} row[] = { { 9, 0, 5 }, { 10, 1, 4 }, { 17, 4, 1 }, { 18, 5, 0 } };
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct civil_date date = { 2026, 11, row[i].day };
		struct share s = share_of(month, ARRAY_LEN(month), date);
		assert_int_equal(s.before.half_days, row[i].before);
		assert_int_equal(s.after.half_days, row[i].after);
	}
}

static void test_nothing_is_no_share(void **state)
{
	(void)state;
	struct share s = share_of(NULL, 0, (struct civil_date)DAY(16));

	assert_int_equal(s.before.late_per_mille, 0);
	assert_int_equal(s.after.half_days, 0);
}

static void test_a_small_class_stays_inside(void **state)
{
	(void)state;
	static const struct {
		int before, after;
		bool outside;
	} row[] = { { 5, 5, true }, { 4, 5, false }, { 5, 4, false }, { 4, 4, false } };
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct share_half halves[] = {
			{ DAY(9), row[i].before, 0, 0 },
			{ DAY(17), row[i].after, 0, 0 },
		};
		struct share s = share_of(halves, 2, (struct civil_date)DAY(16));
		assert_int_equal(share_outside(&s), row[i].outside);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_periods),
		cmocka_unit_test(test_boundary_is_the_day),
		cmocka_unit_test(test_nothing_is_no_share),
		cmocka_unit_test(test_a_small_class_stays_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
