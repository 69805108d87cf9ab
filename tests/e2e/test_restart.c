/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A register that dies and a broker that forgets: the same alerts under the same ids, nothing told twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define ALERT_OF(pupil) "care/alert/2026-11-23-am-p" pupil
#define ID_OF(pupil) "\"id\":\"2026-11-23-am-p" pupil "\""

struct school {
	struct stage *stage;
	struct stage_program *reg, *kiosk;
	struct stage_client *reader, *views;
};

/* 08:45:01 with nobody in: Noor and Yassine are absent. */
static struct school open_school(void)
{
	struct school c = { .stage = stage_open() };

	stage_clock(c.stage, "2026-11-23T08:45:01+01:00");
	stage_broker_start(c.stage, true);
	c.reg = school_register(c.stage, "gate-1");
	stage_unit(c.stage, "gate-1", NULL);
	c.kiosk = stage_start(c.stage, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	c.reader = stage_connect(c.stage, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(c.stage, c.reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	c.views = stage_connect(c.stage, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
	(void)stage_wait_message(c.stage, 0, ALERT_OF(NOOR), "\"kind\":\"absent\"");
	(void)stage_wait_message(c.stage, 0, ALERT_OF(YASSINE), "\"kind\":\"absent\"");
	school_wait_status(c.stage, "gate-1", "cards", 5);
	return c;
}

static void close_school(struct school *c)
{
	stage_disconnect(c->stage, c->reader);
	stage_disconnect(c->stage, c->views);
	stage_stop(c->stage, c->kiosk);
	stage_stop(c->stage, c->reg);
	stage_close(c->stage);
}

static void tap_late(struct school *c, const char *uid)
{
	size_t from = stage_views(c->views);

	stage_send_text(c->stage, c->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	stage_tap(c->stage, c->reader, uid);
	(void)stage_wait_view(c->stage, c->views, from, WIRE_VIEW_RESULT, WIRE_RESULT_LATE);
}

static void start_register(struct school *c)
{
	c->reg = stage_start(c->stage, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(c->stage, c->reg, "broker_up");
}

/* The alert is retained again, word for word as it was. */
static void check_again(
	struct school *c, size_t from, const char *topic, const char *id, const char *was)
{
	size_t at = stage_wait_message(c->stage, from, topic, id);
	const struct stage_message *m = stage_message(c->stage, at);

	assert_true(m->retained);
	assert_string_equal(m->payload, was);
}

static char *payload_of(const struct school *c, const char *topic)
{
	long at = stage_find(c->stage, 0, topic, "\"kind\":\"absent\"");

	assert_true(at >= 0);
	char *text = strdup(stage_message(c->stage, (size_t)at)->payload);
	assert_non_null(text);
	return text;
}

static size_t events(const struct school *c, const char *id)
{
	return stage_count(c->stage, "care/event", id);
}

static void check_resolved(struct school *c, const char *pupil, const char *state)
{
	struct wire_node *n = school_ctl_json(
		c->stage, "register", (const char *const[]){ "pupil", "show", pupil, NULL });
	const struct wire_node *alerts = wire_node_get_node(n, "alerts");

	assert_int_equal(wire_node_count(alerts), 1);
	assert_string_equal(wire_node_get_text(wire_node_at(alerts, 0), "state"), state);
	wire_node_destroy(n);
}

static void test_register_killed(void **state)
{
	(void)state;
	struct school c = open_school();
	char *noor = payload_of(&c, ALERT_OF(NOOR)), *yassine = payload_of(&c, ALERT_OF(YASSINE));

	for (int i = 0; i < 3; i++) {
		/* Once by a crash, once as it should be, once more by a crash. */
		if (i == 1)
			stage_stop(c.stage, c.reg);
		else
			stage_kill(c.stage, c.reg);
		size_t from = stage_n_messages(c.stage);
		start_register(&c);
		check_again(&c, from, ALERT_OF(NOOR), ID_OF(NOOR), noor);
		check_again(&c, from, ALERT_OF(YASSINE), ID_OF(YASSINE), yassine);
		(void)stage_wait_message(c.stage, from, "register/state", "\"open_alerts\":2");
		assert_int_equal(events(&c, ID_OF(NOOR)), 1);
		assert_int_equal(events(&c, ID_OF(YASSINE)), 1);
	}
	/* It goes on where it was. */
	tap_late(&c, CARD_NOOR);
	size_t over = stage_wait_message(c.stage, 0, "care/event", "\"what\":\"arrived\"");
	assert_non_null(strstr(stage_message(c.stage, over)->payload, ID_OF(NOOR)));
	assert_non_null(strstr(stage_message(c.stage, over)->payload, "\"revision\":2"));
	school_wait_status(c.stage, "register", "open_alerts", 1);
	/* What is over stays over. */
	school_wait_status(c.stage, "gate-1", "queue", 0);
	stage_kill(c.stage, c.reg);
	size_t from = stage_n_messages(c.stage);
	start_register(&c);
	check_again(&c, from, ALERT_OF(YASSINE), ID_OF(YASSINE), yassine);
	(void)stage_wait_message(c.stage, from, "register/state", "\"open_alerts\":1");
	assert_int_equal(stage_find(c.stage, from, ALERT_OF(NOOR), ID_OF(NOOR)), -1);
	assert_int_equal(events(&c, ID_OF(NOOR)), 2);
	check_resolved(&c, NOOR, "resolved");
	check_resolved(&c, YASSINE, "open");
	stage_validate(c.stage);
	close_school(&c);
	free(noor);
	free(yassine);
}

/* Killed with taps on their way: each is stored once, and each alert ends once. */
static void test_register_killed_among_taps(void **state)
{
	(void)state;
	struct school c = open_school();

	stage_kill(c.stage, c.reg);
	tap_late(&c, CARD_NOOR);
	c.reg = stage_start(c.stage, "schoolpoort-register", "register", NULL, NULL);
	tap_late(&c, CARD_YASSINE);
	stage_kill(c.stage, c.reg);
	start_register(&c);
	school_wait_status(c.stage, "gate-1", "queue", 0);
	school_wait_status(c.stage, "register", "open_alerts", 0);
	check_resolved(&c, NOOR, "resolved");
	check_resolved(&c, YASSINE, "resolved");
	/* Raised and over; a crash between COMMIT and broker can keep the second one back, but never make a third. */
	assert_true(events(&c, ID_OF(NOOR)) <= 2);
	assert_true(events(&c, ID_OF(YASSINE)) <= 2);
	assert_int_equal(stage_count(c.stage, "care/event", "\"kind\":\"late\""), 0);
	struct wire_node *day = school_ctl_json(c.stage, "register",
		(const char *const[]){ "day", "--date", "2026-11-23", "--half", "am", NULL });
	assert_int_equal(wire_node_get_int(wire_node_get_node(day, "total"), "late", -1), 2);
	wire_node_destroy(day);
	stage_validate(c.stage);
	close_school(&c);
}

static void forget_retained(struct school *c)
{
	stage_broker_stop(c->stage, true);
	(void)unlink(stage_path(c->stage, "mosquitto.db"));
}

static void test_broker_forgets(void **state)
{
	(void)state;
	struct school c = open_school();
	char *noor = payload_of(&c, ALERT_OF(NOOR)), *yassine = payload_of(&c, ALERT_OF(YASSINE));

	forget_retained(&c);
	stage_wait_log(c.stage, c.reg, "broker_down");
	size_t from = stage_n_messages(c.stage);
	stage_broker_start(c.stage, true);
	check_again(&c, from, ALERT_OF(NOOR), ID_OF(NOOR), noor);
	check_again(&c, from, ALERT_OF(YASSINE), ID_OF(YASSINE), yassine);
	(void)stage_wait_message(c.stage, from, "gates/data", NOOR);
	(void)stage_wait_message(c.stage, from, "care/day/2026-11-23/am", "\"absent\":2");
	(void)stage_wait_message(c.stage, from, "gate/gate-1/state", "\"state\":\"online\"");
	(void)stage_wait_message(c.stage, from, "register/state", "\"open_alerts\":2");
	assert_int_equal(events(&c, ID_OF(NOOR)), 1);
	/* And with a change while it was away. */
	forget_retained(&c);
	tap_late(&c, CARD_NOOR);
	from = stage_n_messages(c.stage);
	stage_broker_start(c.stage, true);
	size_t over = stage_wait_message(c.stage, from, "care/event", "\"what\":\"arrived\"");
	assert_non_null(strstr(stage_message(c.stage, over)->payload, ID_OF(NOOR)));
	check_again(&c, from, ALERT_OF(YASSINE), ID_OF(YASSINE), yassine);
	school_wait_status(c.stage, "gate-1", "queue", 0);
	school_wait_status(c.stage, "register", "open_alerts", 1);
	assert_int_equal(events(&c, ID_OF(NOOR)), 2);
	assert_int_equal(events(&c, ID_OF(YASSINE)), 1);
	stage_validate(c.stage);
	close_school(&c);
	free(noor);
	free(yassine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register_killed),
		cmocka_unit_test(test_register_killed_among_taps),
		cmocka_unit_test(test_broker_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
