/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Home Assistant is told of the gates only where a school wants it, and nothing stays behind when it no longer does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/harness.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* The recorder reads all; "stage/" is its own. */
#define RIGHTS "topic readwrite schoolpoort/#\ntopic readwrite stage/#\ntopic read #\n"
#define GATE_1 "homeassistant/device/schoolpoort-sint-jan-gate-1/config"
#define GATE_2 "homeassistant/device/schoolpoort-sint-jan-gate-2/config"

static struct stage_program *start(struct stage *s, const char *discovery, const char *gates)
{
	char keys[2][100];

	(void)snprintf(keys[0], sizeof(keys[0]), "register.gates = %s", gates);
	(void)snprintf(keys[1], sizeof(keys[1]), "homeassistant.discovery = %s", discovery);
	stage_unit(s, "register", ARGS(keys[0], keys[1]));
	struct stage_program *reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(s, reg, "broker_up");
	return reg;
}

/* The next message on a topic. Return: its payload. */
static const char *wait_for(struct stage *s, size_t from, const char *topic)
{
	const struct stage_message *m = stage_message(s, stage_wait_message(s, from, topic, NULL));

	assert_string_equal(m->topic, topic);
	assert_true(m->retained);
	return m->payload;
}

static bool keeps(struct stage *s, void *ctx)
{
	char *text = ran_read(stage_path(s, "register-state/homeassistant"));
	bool same = strcmp(text, ctx) == 0;

	free(text);
	if (!same)
		stage_turn(s, 20);
	return same;
}

static void told_and_taken_back(void **state)
{
	struct stage *s = stage_open();
	size_t from;

	(void)state;
	stage_broker_start(s, true);
	struct stage_program *reg = start(s, "on", "gate-1,gate-2");
	assert_non_null(
		strstr(wait_for(s, 0, GATE_1), "\"schoolpoort/sint-jan/gate/gate-1/state\""));
	assert_non_null(
		strstr(wait_for(s, 0, GATE_2), "\"schoolpoort/sint-jan/gate/gate-2/state\""));
	stage_until(s, keeps, (char[]){ "gate-1\ngate-2\n" }, "both gates kept");
	stage_stop(s, reg);
	/* A gate is taken away: its device goes, the other stays. */
	from = stage_n_messages(s);
	reg = start(s, "on", "gate-1");
	assert_string_equal(wait_for(s, from, GATE_2), "");
	assert_string_not_equal(wait_for(s, from, GATE_1), "");
	stage_until(s, keeps, (char[]){ "gate-1\n" }, "one gate kept");
	stage_stop(s, reg);
	from = stage_n_messages(s);
	reg = start(s, "off", "gate-1");
	assert_string_equal(wait_for(s, from, GATE_1), "");
	stage_until(s, keeps, (char[]){ "" }, "no gate kept");
	stage_stop(s, reg);
	/* From then on the topic isn't touched any more. */
	from = stage_n_messages(s);
	reg = start(s, "off", "gate-1");
	stage_stop(s, reg);
	(void)stage_wait_message(s, from, "register/state", "stopping");
	for (size_t i = from; i < stage_n_messages(s); i++)
		assert_int_not_equal(strncmp(stage_message(s, i)->topic, "homeassistant", 13), 0);
	stage_close(s);
}

static bool is_refused(struct stage *s, void *ctx)
{
	struct wire_node *status = school_ctl_json(s, "register", ARGS("status"));
	const struct wire_node *refused =
		wire_node_get_node(wire_node_get_node(status, "broker"), "refused");
	const char *topic = wire_node_count(refused)
				    ? wire_node_get_text(wire_node_at(refused, 0), "topic")
				    : NULL;
	bool same = topic && !strcmp(topic, "homeassistant/");

	(void)ctx;
	wire_node_destroy(status);
	return same;
}

/* The right is the school's to give: without it that alone isn't said, and IT sees why. */
static void forbidden_is_shown_and_the_rest_goes_on(void **state)
{
	static char lines[700];
	struct stage *s = stage_open();

	(void)state;
	ran_write(stage_path(s, "acl"), RIGHTS, strlen(RIGHTS));
	(void)snprintf(lines, sizeof(lines), "acl_file %s/acl\n", stage_dir(s));
	stage_broker_lines(s, lines);
	stage_broker_start(s, true);
	struct stage_program *reg = start(s, "on", "gate-1");
	stage_wait_log(s, reg, "publish_refused topic=homeassistant/ code=135");
	stage_until(s, is_refused, NULL, "the code in the status");
	(void)stage_wait_message(s, 0, "register/state", "online");
	stage_stop(s, reg);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_and_taken_back),
		cmocka_unit_test(forbidden_is_shown_and_the_rest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
