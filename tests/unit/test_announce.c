/* SPDX-License-Identifier: EUPL-1.2 */
/* What Home Assistant is told of a gate, and what is remembered of having told it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "register/announce.h"
#include "sys/file.h"
#include "unit/tempdir.h"
#include "unit/unit.h"
#include "wire/request.h"
#include "wire/wire.h"

static struct {
	char dir[TEMPDIR_MAX];
	struct config config;
	struct announce a;
} on;

/* @gates: parted by blanks */
static void configure(bool discovery, const char *gates)
{
	struct config *c = &on.config;

	*c = (struct config){ .homeassistant_discovery = discovery };
	(void)snprintf(c->school_id, sizeof(c->school_id), "sint-jan");
	(void)snprintf(c->school_name, sizeof(c->school_name), "Sint-Jan");
	(void)snprintf(c->paths_state_dir, sizeof(c->paths_state_dir), "%s", on.dir);
	while (*gates) {
		size_t len = strcspn(gates, " ");
		(void)snprintf(c->register_gates[c->register_n_gates++], CONFIG_SLUG_MAX, "%.*s",
			(int)len, gates);
		gates += len + (gates[len] == ' ');
	}
}

static char *kept(void)
{
	char path[TEMPDIR_PATH_MAX], *text;

	(void)snprintf(path, sizeof(path), "%s/" ANNOUNCE_FILE, on.dir);
	return file_read(path, 10000, &text) < 0 ? strdup("none") : text;
}

static void keeps(const char *want)
{
	char *text = kept();

	assert_string_equal(text, want);
	free(text);
}

static void keep(const char *text)
{
	char path[TEMPDIR_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" ANNOUNCE_FILE, on.dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	return tempdir_make(on.dir);
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(on.dir);
	return 0;
}

/* What was kept, what is configured; what is said to how many, what is kept before the broker answered and after. */
static void remembers_whom_it_told(void **state)
{
	static const struct {
		const char *name, *before;
		bool discovery;
		const char *gates;
		size_t told;
		const char *during;
		int code; /* of the last answer */
		const char *after;
	} row[] = {
		{ "never on", NULL, false, "gate-1", 0, "none", 0, "none" },
		{ "on", NULL, true, "gate-1 gate-2", 2, "gate-1\ngate-2\n", 0, "gate-1\ngate-2\n" },
		{ "nobody listens", NULL, true, "gate-1", 1, "gate-1\n", 16, "gate-1\n" },
		{ "again", "gate-1\n", true, "gate-1", 1, "gate-1\n", 0, "gate-1\n" },
		{ "one taken away", "gate-1\ngate-2\n", true, "gate-1", 2, "gate-1\ngate-2\n", 0,
			"gate-1\n" },
		{ "one for another", "gate-2\n", true, "gate-1", 2, "gate-2\ngate-1\n", 0,
			"gate-1\n" },
		{ "off", "gate-1\ngate-2\n", false, "gate-1 gate-2", 2, "gate-1\ngate-2\n", 0,
			"none" },
		{ "off, and forbidden", "gate-1\n", false, "gate-1", 1, "gate-1\n", 135,
			"gate-1\n" },
		{ "damaged", "gate-1\n../x\nGATE\n\ngate-2", false, "gate-1", 2,
			"gate-1\n../x\nGATE\n\ngate-2", 0, "none" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (setup(NULL))
			fail_msg("no folder");
		if (row[i].before)
			keep(row[i].before);
		configure(row[i].discovery, row[i].gates);
		announce_open(&on.a, &on.config);
		assert_int_equal(announce_begin(&on.a, &on.config), 0);
		if (on.a.n != row[i].told)
			fail_msg("%s: %zu told", row[i].name, on.a.n);
		keeps(row[i].during);
		for (size_t n = on.a.n; n > 0; n--)
			assert_int_equal(
				announce_acked(&on.a, &on.config, n == 1 ? row[i].code : 0), 0);
		char *text = kept();
		if (strcmp(text, row[i].after) != 0)
			fail_msg("%s: keeps %s", row[i].name, text);
		free(text);
		teardown(NULL);
	}
	assert_int_equal(setup(NULL), 0);
}

/* What can't be remembered could never be emptied. */
static void says_nothing_that_it_can_not_remember(void **state)
{
	(void)state;
	configure(true, "gate-1");
	(void)snprintf(
		on.config.paths_state_dir, sizeof(on.config.paths_state_dir), "%s/nothing", on.dir);
	announce_open(&on.a, &on.config);
	assert_int_equal(announce_begin(&on.a, &on.config), -ENOENT);
	assert_int_equal(on.a.n, 0);
}

static void the_payload_is_what_home_assistant_reads(void **state)
{
	static const char *const ids[] = { "online", "reader", "screen", "store", "clock", "queue",
		"taps", "p99", "disk" };
	char topic[ANNOUNCE_TOPIC_MAX], reason[WIRE_REASON_MAX], id[100];

	(void)state;
	configure(true, "gate-1");
	announce_topic(&on.config, "gate-1", topic);
	assert_string_equal(topic, "homeassistant/device/schoolpoort-sint-jan-gate-1/config");
	char *text = announce_payload(&on.config, "gate-1");
	assert_non_null(text);
	struct wire_node *node = wire_node_parse(text, strlen(text), reason);
	assert_non_null(node);
	assert_string_equal(
		wire_node_get_text(node, "state_topic"), "schoolpoort/sint-jan/gate/gate-1/state");
	const struct wire_node *device = wire_node_get_node(node, "device");
	assert_string_equal(wire_node_get_text(device, "name"), "Sint-Jan gate-1");
	assert_string_equal(
		wire_node_get_text(
			wire_node_at(wire_node_get_node(device, "identifiers"), 0), NULL),
		"schoolpoort-sint-jan-gate-1");
	assert_non_null(wire_node_get_text(wire_node_get_node(node, "origin"), "name"));
	const struct wire_node *list = wire_node_get_node(node, "components");
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const struct wire_node *c = wire_node_get_node(list, ids[i]);
		assert_non_null(c);
		(void)snprintf(id, sizeof(id), "schoolpoort-sint-jan-gate-1-%s", ids[i]);
		assert_string_equal(wire_node_get_text(c, "unique_id"), id);
		assert_non_null(wire_node_get_text(c, "platform"));
		assert_non_null(strstr(wire_node_get_text(c, "value_template"), "value_json."));
		assert_int_equal(i > 0, wire_node_get_text(c, "availability_topic") != NULL);
	}
	wire_node_destroy(node);
	free(text);
}

/* Names of 32 letters each: cut, two gates would share one topic. */
static void long_names_keep_apart(void **state)
{
	char one[ANNOUNCE_TOPIC_MAX], other[ANNOUNCE_TOPIC_MAX];

	(void)state;
	configure(true, "");
	memset(on.config.school_id, 's', 32);
	announce_topic(&on.config, "gate-0123456789012345678901234-1", one);
	announce_topic(&on.config, "gate-0123456789012345678901234-2", other);
	assert_string_not_equal(one, other);
	assert_string_equal(one + strlen(one) - strlen("-1/config"), "-1/config");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_payload_is_what_home_assistant_reads),
		cmocka_unit_test(long_names_keep_apart),
		cmocka_unit_test_setup_teardown(
			says_nothing_that_it_can_not_remember, setup, teardown),
		cmocka_unit_test_teardown(remembers_whom_it_told, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
