/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Row C2 at the reader: the wall clock is set an hour back and three days forward under a card that lies there, and in
 * the moment between its leaving and its being gone. What the reader tells is as without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/clock_stage.h"
#include "e2e/reader_rig.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define CARD "04a1b2c3d4e5f6"

static void set_environment(const struct clock_unit *u, bool on)
{
	for (size_t i = 0; u->env[i]; i++) {
		char name[64];
		size_t n = strcspn(u->env[i], "=");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, u->env[i]);
		if (on)
			assert_int_equal(setenv(name, u->env[i] + n + 1, 1), 0);
		else if (strcmp(name, "ASAN_OPTIONS") != 0)
			assert_int_equal(unsetenv(name), 0);
	}
}

static void c2_jumps_move_no_card(void **state)
{
	static const int64_t jumps[] = { -CLOCK_HOUR, 3 * CLOCK_DAY };
	struct clock_unit clock;
	char file[128];
	size_t at = 0;

	(void)state;
	struct rig *rig = rig_open();
	(void)snprintf(file, sizeof(file), "%s/clock", rig->folder);
	clock_unit_open_at(&clock, file, MONDAY_0810_MS);
	clock_unit_sync(&clock, 5);
	rig_kiosk(rig, true);
	set_environment(&clock, true);
	rig_reader(rig);
	set_environment(&clock, false);
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	for (size_t i = 0; i < 2 * ARRAY_LEN(jumps); i++) {
		bool lying = i < ARRAY_LEN(jumps);
		rig_tell(rig, "place " CARD);
		(void)rig_wait(rig, &at, WIRE_LOCAL_CARD);
		size_t from = at;
		if (lying) {
			clock_unit_jump(&clock, jumps[i]);
			rig_turn_ms(rig, 700); /* twice what a card that is gone would take */
			assert_int_equal(rig_count(rig, from, WIRE_LOCAL_GONE, NULL), 0);
		}
		int64_t left_us = clock_mono_us();
		rig_tell(rig, "remove");
		if (!lying)
			clock_unit_jump(&clock, jumps[i - ARRAY_LEN(jumps)]);
		const struct rig_said *gone = rig_wait(rig, &at, WIRE_LOCAL_GONE);
		/* reader.removed_after_ms is 320; the upper bound is for a machine that has much to do. */
		assert_true(gone->at_us - left_us >= 250000 && gone->at_us - left_us < 5000000);
		assert_int_equal(rig_count(rig, from, WIRE_LOCAL_CARD, NULL), 0);
	}
	assert_int_equal(rig_count(rig, 0, WIRE_LOCAL_CARD, CARD), 4);
	assert_int_equal(rig_count(rig, 0, WIRE_LOCAL_GONE, NULL), 4);
	for (size_t i = 0; i < rig->n_said; i++)
		assert_false(rig->said[i].type == WIRE_LOCAL_STATUS &&
			     rig->said[i].reader == WIRE_READER_FAULT);
	assert_int_equal(rig_stop_reader(rig), 0);
	assert_int_equal(unlink(file), 0);
	(void)snprintf(file, sizeof(file), "%s/clock.boot", rig->folder);
	assert_int_equal(unlink(file), 0);
	clock_unit_close(&clock);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c2_jumps_move_no_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
