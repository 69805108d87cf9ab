/* SPDX-License-Identifier: EUPL-1.2 */
/* A unit's figures, read by the rules of Prometheus' text format; and those rules, by what breaks each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/doctor.h"
#include "ctl/metrics.h"
#include "e2e/promtext.h"
#include "unit/unit.h"
#include "wire/wire.h"

#define NOW_MS INT64_C(1795293078250)

static const char gate_status[] =
	"{\"unit\":\"kiosk\",\"gate\":\"gate-1\",\"at\":\"2026-11-23T08:12:00.500+01:00\","
	"\"clock\":{\"state\":\"holdover\",\"error_ms\":1250},\"rehearsal\":false,"
	"\"reader\":\"fault\",\"reader_fault\":\"port gone\",\"screen\":\"ok\","
	"\"store\":{\"state\":\"ok\",\"disk_free_mb\":700},"
	"\"broker\":{\"connected\":true,\"refused\":[{\"topic\":\"gate/checkin\",\"code\":135}]},"
	"\"queue\":3,\"last_delivery\":\"2026-11-23T08:10:00.250+01:00\",\"data_generation\":12,"
	"\"pupils\":5,\"taps_today\":41,\"p50_ms\":38.25,\"p95_ms\":80,\"p99_ms\":120.5,"
	"\"not_understood\":2,\"uptime_s\":9000}";

static const char register_status[] =
	"{\"unit\":\"register\",\"clock\":{\"state\":\"trusted\",\"error_ms\":null},"
	"\"broker\":{\"connected\":false,\"reason\":\"Connection refused\",\"refused\":[]},"
	"\"store\":{\"state\":\"recovered\",\"disk_free_mb\":0},\"rehearsal\":true,"
	"\"generation\":7,\"pupils\":1500,\"cards\":1490,\"open_alerts\":4,"
	"\"refused_checkins\":1,\"undated_checkins\":0,\"waiting\":0,\"uptime_s\":5,"
	"\"gates\":[{\"gate\":\"gate-1\",\"expected\":true,\"state\":\"online\",\"twice\":false,"
	"\"last_seq\":12,\"stored_through\":10},"
	"{\"gate\":\"gate-2\",\"expected\":true,\"state\":\"offline\",\"twice\":true,"
	"\"last_seq\":null,\"stored_through\":null},"
	"{\"gate\":\"stranger\",\"expected\":false,\"state\":\"online\",\"twice\":false}]}";

struct want {
	const char *name, *label; /* label NULL: any */
	double value; /* -1: there is no such sample */
};

static const struct want gate_wants[] = {
	{ "schoolpoort_up", "school=\"sint-jan\",unit=\"gate-1\"", 1 },
	{ "schoolpoort_written_timestamp_seconds", NULL, 1795293078.25 },
	{ "schoolpoort_certificate_remaining_seconds", NULL, 86400 },
	{ "schoolpoort_clock_state", "state=\"holdover\"", 1 },
	{ "schoolpoort_clock_state", "state=\"trusted\"", 0 },
	{ "schoolpoort_clock_error_seconds", NULL, 1.25 },
	{ "schoolpoort_broker_connected", NULL, 1 },
	{ "schoolpoort_broker_refused_topics", NULL, 1 },
	{ "schoolpoort_reader_state", "state=\"fault\"", 1 },
	{ "schoolpoort_reader_state", "state=\"ok\"", 0 },
	{ "schoolpoort_screen_ok", NULL, 1 },
	{ "schoolpoort_store_state", "state=\"ok\"", 1 },
	{ "schoolpoort_disk_free_bytes", NULL, 700.0 * 1024 * 1024 },
	{ "schoolpoort_queue", NULL, 3 },
	{ "schoolpoort_last_delivery_age_seconds", NULL, 120.25 },
	{ "schoolpoort_taps_today", NULL, 41 },
	{ "schoolpoort_tap_seconds", "quantile=\"0.5\"", 0.038 },
	{ "schoolpoort_tap_seconds", "quantile=\"0.95\"", 0.08 },
	{ "schoolpoort_tap_seconds", "quantile=\"0.99\"", 0.121 },
	{ "schoolpoort_not_understood_total", NULL, 2 },
	{ "schoolpoort_uptime_seconds", NULL, 9000 },
	{ "schoolpoort_rehearsal", NULL, 0 },
	{ "schoolpoort_open_alerts", NULL, -1 },
	{ "schoolpoort_updates_on", NULL, -1 },
	{ "schoolpoort_updates_age_seconds", NULL, -1 },
	{ NULL, NULL, 0 },
};

static const struct want register_wants[] = {
	{ "schoolpoort_up", "unit=\"register\"", 1 },
	{ "schoolpoort_clock_error_seconds", NULL, -1 },
	{ "schoolpoort_broker_connected", NULL, 0 },
	{ "schoolpoort_disk_free_bytes", NULL, 0 },
	{ "schoolpoort_store_state", "state=\"recovered\"", 1 },
	{ "schoolpoort_open_alerts", NULL, 4 },
	{ "schoolpoort_refused_checkins", NULL, 1 },
	{ "schoolpoort_cards", NULL, 1490 },
	{ "schoolpoort_gate_online", "gate=\"gate-1\"", 1 },
	{ "schoolpoort_gate_online", "gate=\"gate-2\"", 0 },
	{ "schoolpoort_gate_online", "gate=\"stranger\"", -1 },
	{ "schoolpoort_gate_twice", "gate=\"gate-2\"", 1 },
	{ "schoolpoort_gate_queue", "gate=\"gate-1\"", 2 },
	{ "schoolpoort_gate_queue", "gate=\"gate-2\"", 0 },
	{ "schoolpoort_rehearsal", NULL, 1 },
	{ "schoolpoort_queue", NULL, -1 },
	{ "schoolpoort_reader_state", NULL, -1 },
	{ "schoolpoort_certificate_remaining_seconds", NULL, -1 },
	{ NULL, NULL, 0 },
};

static const struct updates *updates; /* of this machine */

static char *text_of(const char *unit, const char *status, int64_t cert_until_ms)
{
	static struct config config;
	char why[PROMTEXT_REASON_MAX], reason[WIRE_REASON_MAX];

	(void)snprintf(config.school_id, sizeof(config.school_id), "sint-jan");
	(void)snprintf(config.unit_id, sizeof(config.unit_id), "%s", unit);
	struct wire_node *node = status ? wire_node_parse(status, strlen(status), reason) : NULL;
	assert_true(!status || node);
	struct metrics m = { &config, node, NOW_MS, cert_until_ms, updates };
	char *text = metrics_text(&m);
	assert_non_null(text);
	int line = promtext_check(text, why);
	if (line)
		fail_msg("line %d: %s\n%s", line, why, text);
	wire_node_destroy(node);
	return text;
}

static void expect(const char *text, const struct want *want)
{
	for (; want->name; want++) {
		double value = -1;
		bool found = promtext_value(text, want->name, want->label, &value);
		if (found != (want->value != -1) || value < want->value - 1e-6 ||
			value > want->value + 1e-6)
			fail_msg("%s %s: %.6f\n%s", want->name, want->label ? want->label : "",
				value, text);
	}
}

static void tells_a_gate(void **state)
{
	(void)state;
	char *text = text_of("gate-1", gate_status, NOW_MS + 86400000);
	expect(text, gate_wants);
	free(text);
}

static void tells_no_screen_where_none_is_wanted(void **state)
{
	static const struct want absent[] = { { "schoolpoort_screen_ok", NULL, 0 },
		{ NULL, NULL, 0 } };
	static const struct want none[] = { { "schoolpoort_screen_ok", NULL, -1 },
		{ NULL, NULL, 0 } };

	(void)state;
	char *text = text_of("gate-1", "{\"screen\":\"absent\"}", 0);
	expect(text, absent);
	free(text);
	text = text_of("gate-1", "{\"screen\":\"none\"}", 0);
	expect(text, none);
	free(text);
}

static void tells_a_register(void **state)
{
	(void)state;
	char *text = text_of("register", register_status, 0);
	expect(text, register_wants);
	free(text);
}

static void tells_of_updates(void **state)
{
	static const struct want never[] = {
		{ "schoolpoort_updates_on", NULL, 1 },
		{ "schoolpoort_updates_age_seconds", NULL, -1 },
		{ NULL, NULL, 0 },
	};
	static const struct want stopped[] = {
		{ "schoolpoort_updates_on", NULL, 0 },
		{ "schoolpoort_updates_age_seconds", NULL, 86400.25 },
		{ NULL, NULL, 0 },
	};
	struct updates u = { .here = true, .program = true, .timed = true };

	(void)state;
	updates = &u;
	char *text = text_of("gate-1", NULL, 0);
	expect(text, never);
	free(text);
	u.timed = false;
	u.last_s = NOW_MS / 1000 - 86400;
	text = text_of("gate-1", NULL, 0);
	expect(text, stopped);
	free(text);
	u.timed = u.barred = true;
	text = text_of("gate-1", NULL, 0);
	expect(text, stopped);
	free(text);
	updates = NULL;
}

/* A certificate that has ended, and a program that doesn't answer: nothing is made up. */
static void tells_that_nobody_answers(void **state)
{
	static const struct want wants[] = {
		{ "schoolpoort_up", NULL, 0 },
		{ "schoolpoort_written_timestamp_seconds", NULL, 1795293078.25 },
		{ "schoolpoort_reader_state", NULL, -1 },
		{ "schoolpoort_queue", NULL, -1 },
		{ "schoolpoort_disk_free_bytes", NULL, -1 },
		{ NULL, NULL, 0 },
	};

	(void)state;
	char *text = text_of("gate-1", NULL, NOW_MS - 1500);
	expect(text, wants);
	assert_non_null(strstr(text, "schoolpoort_certificate_remaining_seconds"
				     "{school=\"sint-jan\",unit=\"gate-1\"} -1.500\n"));
	free(text);
}

#define UP "# HELP a x\n# TYPE a gauge\n"

/* The checker itself must be able to fail. */
static void the_rules_can_be_broken(void **state)
{
	static const struct {
		const char *text;
		int bad; /* line; 0: fine */
	} row[] = {
		{ UP "a 1\n", 0 },
		{ UP "a{b=\"c\"} 1\na{b=\"d\"} -2.5e3\n", 0 },
		{ UP "a{b=\"c\\\"\\\\\\n\",d=\"e\"} +Inf\n", 0 },
		{ "# free words\n\n" UP "a NaN\n", 0 },
		{ "", 1 },
		{ UP "a 1", 3 },
		{ UP "a 1,5\n", 3 },
		{ UP "a 1 1795293078\n", 3 },
		{ UP "a\n", 3 },
		{ UP "a{b=c} 1\n", 3 },
		{ UP "a{b=\"c} 1\n", 3 },
		{ UP "a{b=\"\\x\"} 1\n", 3 },
		{ UP "a{1b=\"c\"} 1\n", 3 },
		{ UP "1a 1\n", 3 },
		{ UP "a 1\na 1\n", 4 },
		{ UP "b 1\n", 3 },
		{ "a 1\n", 1 },
		{ "# TYPE a number\na 1\n", 1 },
		{ "# TYPE a counter\na 1\n", 1 },
		{ "# TYPE a_total gauge\na_total 1\n", 1 },
		{ UP "a 1\n# TYPE a gauge\n", 4 },
		{ UP "a 1\n# TYPE b gauge\nb 1\n# HELP a y\n", 6 },
		{ UP "a 1\n# TYPE b gauge\nb 1\na{c=\"d\"} 1\n", 6 },
	};
	char why[PROMTEXT_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (promtext_check(row[i].text, why) != row[i].bad)
			fail_msg("row %zu: %d, %s", i, promtext_check(row[i].text, why),
				row[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_a_gate),
		cmocka_unit_test(tells_no_screen_where_none_is_wanted),
		cmocka_unit_test(tells_a_register),
		cmocka_unit_test(tells_of_updates),
		cmocka_unit_test(tells_that_nobody_answers),
		cmocka_unit_test(the_rules_can_be_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
