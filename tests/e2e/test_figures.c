/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Public numbers at the end of a half day, a pupil's own figures the day after, and the night after which a school
 * year's data is gone: whole programs, under clocks that start just before.
 */
#include "e2e/school.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#define MAY_4 "2026-05-04" /* a Monday of 2025-26: kept until 31 August 2027 */

static const struct stage_message *wait_counts(struct stage *s, size_t from, size_t *ret_at)
{
	*ret_at = stage_wait_message(s, from, "public/counts/2026-11-23/am", NULL);
	return stage_message(s, *ret_at);
}

/* R22: two classes under five are hidden, their sum isn't; nothing is told before the bell, and no person ever. */
static void test_counts(void **state)
{
	(void)state;
	static const char *const hidden[] = { "3A", "5B", NOOR, "Noor", "\"3\"", "\"5\"" };
	struct stage *s = stage_open();
	size_t at;

	/* The school is there before: ten seconds are for a start alone, not for imports. */
	stage_clock(s, "2026-11-23T07:00:00+01:00");
	struct stage_program *reg = school_register(s, "gate-1");
	stage_stop(s, reg);
	stage_broker_start(s, true);
	stage_clock(s, "2026-11-23T12:04:50+01:00");
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	(void)stage_wait_message(s, 0, "care/day/2026-11-23/am", "\"5B\"");
	const struct stage_message *m = wait_counts(s, 0, &at);
	assert_true(m->retained);
	assert_non_null(strstr(m->payload, "\"at\":\"2026-11-23T12:05:"));
	assert_non_null(
		strstr(m->payload, "{\"group\":\"all\",\"expected\":5,\"present\":0,\"late\":0"));
	assert_non_null(strstr(m->payload, "\"excused\":1}"));
	assert_non_null(strstr(m->payload, "\"withheld\":2,\"rehearsal\":true"));
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		assert_null(strstr(m->payload, hidden[i]));
	char *first = strdup(m->payload);
	/* A broker that forgot gets the same again, as it was told. */
	stage_broker_stop(s, true);
	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	m = wait_counts(s, from, &at);
	assert_string_equal(m->payload, first);
	free(first);
	assert_int_equal(stage_find(s, 0, "public/counts/2026-11-23/pm", NULL), -1);
	stage_validate(s);
	stage_stop(s, reg);
	stage_close(s);
}

static void tap_noor(struct stage *s)
{
	stage_unit(s, "gate-1", NULL);
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	struct stage_client *reader = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);

	school_wait_status(s, "gate-1", "cards", 5);
	stage_tap(s, reader, CARD_NOOR);
	(void)stage_wait_message(s, 0, "gate/gate-1/confirm", "\"through\":1");
	stage_disconnect(s, reader);
	stage_stop(s, kiosk);
}

static size_t half_days(struct stage *s, const char *pupil)
{
	struct wire_node *shown = school_ctl_json(s, "register",
		(const char *const[]){
			"pupil", "show", pupil, "--from", MAY_4, "--to", MAY_4, NULL });
	size_t n = wire_node_count(wire_node_get_node(shown, "half_days"));

	wire_node_destroy(shown);
	return n;
}

static void check_status(struct stage *s, const char *kept_from, bool dropped)
{
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	const struct wire_node *retention = wire_node_get_node(status, "retention");

	assert_non_null(retention);
	assert_non_null(wire_node_get_text(retention, "last_run"));
	assert_string_equal(wire_node_get_text(retention, "kept_from"), kept_from);
	assert_int_equal(wire_node_get_int(retention, "rows_dropped", -1) > 0, dropped);
	wire_node_destroy(status);
}

/* R29, R16: a tap of 4 May 2026 is in the record the next day, there on 31 August 2027, and gone in the night. */
static void test_retention(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, MAY_4 "T08:10:00+02:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	tap_noor(s);
	assert_int_equal(half_days(s, NOOR), 2); /* carry */
	stage_stop(s, reg);

	stage_clock(s, "2026-05-05T07:30:00+02:00");
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	(void)stage_wait_message(
		s, 0, "gates/data", "\"late_30_days\":0,\"recent\":[[\"" MAY_4 "\",\"||\"]]");
	stage_stop(s, reg);

	stage_clock(s, "2027-08-31T23:59:30+02:00");
	size_t from = stage_n_messages(s);
	reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "retention kept_from=2025-09-01 dropped=0");
	assert_int_equal(half_days(s, NOOR), 2);
	check_status(s, "2025-09-01", false);
	/* Midnight first: then a pause of five seconds before each slice, so the two together would pass one deadline. */
	stage_wait_log(s, reg, "new_day");
	stage_wait_log(s, reg, "retention kept_from=2026-09-01");
	assert_int_equal(half_days(s, NOOR), 0);
	check_status(s, "2026-09-01", true);
	/* The day has turned: what the care team saw of the last one is emptied. */
	static const char *const halves[] = { "care/day/2027-08-31/am", "care/day/2027-08-31/pm" };
	for (size_t h = 0; h < ARRAY_LEN(halves); h++) {
		size_t at = from;
		do
			at = stage_wait_message(s, at + 1, halves[h], NULL);
		while (stage_message(s, at)->payload[0]);
		assert_true(stage_message(s, at)->retained);
	}
	stage_validate(s);
	stage_stop(s, reg);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_retention),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
