/* SPDX-License-Identifier: EUPL-1.2 */
/* A line by libgpiod: off from the first moment, whichever level that is, and off again at the end; nothing left open. */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "signal/lines.h"
#include "unit/double_gpiod.h"

static int begin(void **state)
{
	(void)state;
	memset(&double_gpiod, 0, sizeof(double_gpiod));
	return 0;
}

static void test_levels(void **state)
{
	(void)state;
	for (int low = 0; low < 2; low++) {
		char reason[SIGNAL_REASON_MAX] = "";
		double_gpiod.high[3] = !low; /* as something left it */
		struct signal_line_handle *h = signal_line_open("gpiochip0:3", low, reason);
		assert_non_null(h);
		assert_int_equal(double_gpiod.high[3], low);
		assert_int_equal(signal_line_set(h, true), 0);
		assert_int_equal(double_gpiod.high[3], !low);
		assert_int_equal(signal_line_set(h, false), 0);
		assert_int_equal(double_gpiod.high[3], low);
		assert_int_equal(signal_line_set(h, true), 0);
		signal_line_close(h);
		assert_int_equal(double_gpiod.high[3], low);
		assert_int_equal(double_gpiod.lines_had, 0);
		assert_int_equal(double_gpiod.chips_open, 0);
	}
	signal_line_close(NULL);
}

static void test_what_cannot_be_had(void **state)
{
	static const struct {
		const char *where;
		enum double_fault fault;
		const char *reason;
	} row[] = {
		{ "gpiochip9:3", DOUBLE_WELL, "can't open gpiochip9: " },
		{ "gpiochip0:3", DOUBLE_NO_CHIP, "can't open gpiochip0: " },
		{ "gpiochip0:99", DOUBLE_WELL, "can't find gpiochip0:99: " },
		{ "gpiochip0:3", DOUBLE_BUSY, "can't have gpiochip0:3: " },
		{ "none", DOUBLE_WELL, "can't name none: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char reason[SIGNAL_REASON_MAX] = "";
		double_gpiod.fault = row[i].fault;
		assert_null(signal_line_open(row[i].where, false, reason));
		if (strncmp(reason, row[i].reason, strlen(row[i].reason)) != 0)
			fail_msg("%s: %s", row[i].where, reason);
		assert_int_equal(double_gpiod.chips_open, 0);
		assert_int_equal(double_gpiod.lines_had, 0);
	}
}

static void test_unplugged_under_us(void **state)
{
	char reason[SIGNAL_REASON_MAX];

	(void)state;
	struct signal_line_handle *h = signal_line_open("gpiochip0:0", false, reason);
	assert_non_null(h);
	double_gpiod.fault = DOUBLE_UNPLUGGED;
	assert_int_equal(signal_line_set(h, true), -ENODEV);
	signal_line_close(h);
	assert_int_equal(double_gpiod.chips_open, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_levels, begin),
		cmocka_unit_test_setup(test_what_cannot_be_had, begin),
		cmocka_unit_test_setup(test_unplugged_under_us, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
