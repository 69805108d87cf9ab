/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Payloads that fit nothing, on every topic that kiosk and register listen to: neither ends, each says so once a kind, and
 * the next proper message is taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define ROOT "schoolpoort/sint-jan/"
#define LARGE (100 * 1024)
#define DEEP 40000

static const struct {
	const char *name, *text;
	size_t len; /* 0: as a string */
} small[] = {
	{ "no JSON", "hello", 0 },
	{ "half", "{\"v\":1,", 0 },
	{ "array", "[]", 0 },
	{ "number", "1", 0 },
	{ "null", "null", 0 },
	{ "nothing in it", "{}", 0 },
	{ "later version", "{\"v\":2,\"gate\":\"gate-1\",\"new\":true}", 0 },
	{ "version alone", "{\"v\":1}", 0 },
	{ "version as text", "{\"v\":\"1\"}", 0 },
	{ "NUL bytes", "{\"v\":1}\0\0\0", 10 },
	{ "NUL inside", "{\"v\":1,\"gate\":\"a\\u0000b\"}", 0 },
	{ "not UTF-8", "{\"v\":1,\"gate\":\"\xff\xfe\"}", 0 },
	{ "huge integer", "{\"v\":1,\"seq\":99999999999999999999999999,\"generation\":1e400}", 0 },
	{ "negative",
		"{\"v\":1,\"log\":\"00000000-0000-4000-8000-000000000000\",\"seq\":-5,\"through\":-"
		"1,"
		"\"generation\":-1}",
		0 },
	{ "twice", "{\"v\":1,\"v\":1,\"gate\":\"gate-1\",\"gate\":\"gate-2\"}", 0 },
	{ "types", "{\"v\":1,\"gate\":[],\"log\":{},\"seq\":\"1\",\"pupils\":{},\"cards\":1}", 0 },
	{ "other gate",
		"{\"v\":1,\"state\":\"online\",\"gate\":\"gate-2\",\"at\":\"2026-11-23T08:10:00+01:"
		"00\"}",
		0 },
	{ "no such time",
		"{\"v\":1,\"state\":\"online\",\"gate\":\"gate-1\",\"at\":\"2026-13-45T99:99:99+99:"
		"99\"}",
		0 },
	{ "control characters", "\x1b[2J\x07\r\n\r\nfake: line", 0 },
};

struct school {
	struct stage *stage;
	struct stage_program *reg, *kiosk;
	struct stage_client *reader, *views;
	char file[300], port[16];
};

/* mosquitto_pub of a file; @text NULL: an empty payload. */
static void publish(struct school *c, const char *topic, const void *text, size_t len, bool retain)
{
	char *argv[16];
	size_t n = 0;
	int status;

	if (text)
		ran_write(c->file, text, len);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		argv[n++] = strdup("mosquitto_pub");
		argv[n++] = strdup("-p");
		argv[n++] = c->port;
		argv[n++] = strdup("-h");
		argv[n++] = strdup("127.0.0.1");
		argv[n++] = strdup("-q");
		argv[n++] = strdup("1");
		argv[n++] = strdup("-t");
		argv[n++] = strdup(topic);
		if (retain)
			argv[n++] = strdup("-r");
		argv[n++] = strdup(text ? "-f" : "-n");
		if (text)
			argv[n++] = c->file;
		argv[n] = NULL;
		execvp(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void publish_all(struct school *c, const char *topic, bool retain)
{
	static char large[LARGE + 64], deep[DEEP + 1];

	for (size_t i = 0; i < ARRAY_LEN(small); i++)
		publish(c, topic, small[i].text,
			small[i].len ? small[i].len : strlen(small[i].text), retain);
	memset(large, 'x', sizeof(large));
	publish(c, topic, large, LARGE, retain);
	int n = snprintf(large, 40, "{\"v\":1,\"gate\":\"");
	large[n] = 'x'; /* no zero inside the text */
	(void)snprintf(large + LARGE, 8, "\"}");
	publish(c, topic, large, LARGE + 2, retain);
	memset(deep, '[', DEEP);
	publish(c, topic, deep, DEEP, retain);
	n = snprintf(deep, 40, "{\"v\":1,\"x\":");
	deep[n] = '[';
	publish(c, topic, deep, DEEP, retain);
	publish(c, topic, NULL, 0, retain);
}

/* A tap that gets all the way to the register and back. */
static void check_works(struct school *c, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(c->views);

	stage_send_text(c->stage, c->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	stage_tap(c->stage, c->reader, uid);
	(void)stage_wait_view(c->stage, c->views, from, WIRE_VIEW_RESULT, want);
	school_wait_status(c->stage, "gate-1", "queue", 0);
}

static struct school *open_school(void)
{
	struct school *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->stage = stage_open();
	(void)snprintf(c->file, sizeof(c->file), "%s", stage_path(c->stage, "payload"));
	(void)snprintf(c->port, sizeof(c->port), "%d", stage_broker_port(c->stage));
	stage_clock(c->stage, "2026-11-23T08:10:00+01:00");
	stage_broker_start(c->stage, false);
	c->reg = school_register(c->stage, "gate-1");
	stage_unit(c->stage, "gate-1", NULL);
	return c;
}

static void start_gate(struct school *c)
{
	c->kiosk = stage_start(c->stage, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	c->reader = stage_connect(c->stage, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	c->views = stage_connect(c->stage, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void stop_gate(struct school *c)
{
	stage_disconnect(c->stage, c->reader);
	stage_disconnect(c->stage, c->views);
	stage_stop(c->stage, c->kiosk);
}

static void close_school(struct school *c)
{
	stop_gate(c);
	stage_stop(c->stage, c->reg);
	stage_close(c->stage);
	free(c);
}

/* How often a program's log, kept by the stage, holds a text. */
static void check_said_once(struct stage_program *p, const char *text, size_t n_max)
{
	size_t n = stage_said_count(p, text);

	if (n < 1 || n > n_max)
		fail_msg("\"%s\" was said %zu times, not 1 to %zu", text, n, n_max);
}

static void test_every_topic(void **state)
{
	(void)state;
	static const char *const topics[] = { "gate/gate-1/confirm", "gates/arrival", "gates/data",
		"gate/gate-1/state", "gate/gate-1/checkin", "gate/GATE 1/state",
		"gate/gate-1/other", "care/alert/x", "care/alert/a/b/c", "care/command/ict" };
	struct school *c = open_school();

	start_gate(c);
	school_wait_status(c->stage, "gate-1", "cards", 5);
	check_works(c, CARD_NOOR, WIRE_RESULT_PRESENT);
	for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
		char topic[200];
		(void)snprintf(topic, sizeof(topic), ROOT "%s", topics[i]);
		publish_all(c, topic, false);
		/* Both answer; and the stage reads what the broker said, whose pipe would fill. */
		school_wait_status(c->stage, "gate-1", "cards", 5);
		school_wait_status(c->stage, "register", "pupils", 5);
	}
	check_works(c, CARD_YASSINE, WIRE_RESULT_PRESENT);
	check_said_once(c->kiosk, "payload_refused topic=confirm ", 1);
	check_said_once(c->kiosk, "payload_refused topic=gates/arrival ", 1);
	check_said_once(c->kiosk, "payload_refused topic=gates/data ", 1);
	check_said_once(c->reg, "payload_refused topic=" ROOT "gate/gate-1/state ", 1);
	check_said_once(c->reg, "payload_refused topic=" ROOT "gate/gate-1/checkin ", 1);
	check_said_once(c->reg, "payload_refused topic=gate/+ ", 1);
	/* Nothing of it has passed for a check-in, and nobody is there who wasn't. */
	school_wait_status(c->stage, "register", "pupils", 5);
	school_wait_status(c->stage, "register", "open_alerts", 0);
	school_wait_status(c->stage, "gate-1", "cards", 5);
	close_school(c);
}

/* What a broker keeps: nonsense on gates/data, which a gate that starts gets first. */
static void test_retained(void **state)
{
	(void)state;
	struct school *c = open_school();
	static const char older[] =
		"{\"v\":1,\"generation\":1,\"made_at\":\"2026-11-23T08:00:00+01:00\","
		"\"pupils\":[],\"cards\":[],\"timetable\":[],\"days_off\":[]}";

	start_gate(c);
	school_wait_status(c->stage, "gate-1", "cards", 5);
	stop_gate(c);
	stage_stop(c->stage, c->reg);
	for (size_t i = 0; i < 3; i++) {
		if (i == 0)
			publish(c, ROOT "gates/data", "{\"v\":1,\"pupils\":7}", 18, true);
		else if (i == 1)
			publish(c, ROOT "gates/data", older, sizeof(older) - 1, true);
		else
			publish(c, ROOT "gates/data", NULL, 0, true);
		start_gate(c);
		stage_wait_log(c->stage, c->kiosk,
			i == 0   ? "payload_refused topic=gates/data"
			: i == 1 ? "data_older"
				 : "broker_up");
		size_t from = stage_views(c->views);
		stage_tap(c->stage, c->reader, i == 1 ? CARD_YASSINE : CARD_NOOR);
		(void)stage_wait_view(c->stage, c->views, from, WIRE_VIEW_RESULT,
			i == 2 ? WIRE_RESULT_ALREADY : WIRE_RESULT_PRESENT);
		school_wait_status(c->stage, "gate-1", "cards", 5);
		if (i < 2)
			stop_gate(c);
	}
	/* The register puts its own in the place of whatever stands there. */
	c->reg = stage_start(c->stage, "schoolpoort-register", "register", NULL, NULL);
	check_works(c, CARD_MARIE, WIRE_RESULT_PRESENT);
	school_wait_status(c->stage, "gate-1", "cards", 5);
	close_school(c);
}

/* Retained nonsense where the register listens, there before it starts. */
static void test_retained_for_the_register(void **state)
{
	(void)state;
	struct school *c = open_school();
	char topic[400];

	stage_stop(c->stage, c->reg);
	publish(c, ROOT "gate/gate-1/state", "{\"v\":1}", 7, true);
	publish(c, ROOT "gate/gate-1/checkin", "[[[", 3, true);
	publish(c, ROOT "care/alert/none-such", "x", 1, true);
	(void)snprintf(topic, sizeof(topic), ROOT "care/alert/%0300d", 0);
	publish(c, topic, "x", 1, true);
	/* Gates that nobody has: as many as somebody likes to invent. */
	for (int i = 0; i < 100; i++) {
		char text[600];
		(void)snprintf(topic, sizeof(topic), ROOT "gate/ghost-%d/state", i);
		int n = snprintf(text, sizeof(text),
			"{\"v\":1,\"state\":\"online\",\"gate\":\"ghost-%d\","
			"\"at\":\"2026-11-23T08:10:00+01:00\","
			"\"session\":\"00000000-0000-4000-8000-000000000001\"}",
			i);
		publish(c, topic, text, (size_t)n, true);
	}
	c->reg = stage_start(c->stage, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(c->stage, c->reg, "broker_up");
	start_gate(c);
	school_wait_status(c->stage, "gate-1", "cards", 5);
	check_works(c, CARD_NOOR, WIRE_RESULT_PRESENT);
	close_school(c);
}

static bool answered(struct stage *s, void *ctx)
{
	(void)s;
	return strstr(stage_last_text(ctx), "\"id\":4711") != NULL;
}

/* What a client of the register's socket can say: each gets an answer, and the next one is served. */
static void test_register_socket(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{",
		"[]",
		"{\"v\":1}",
		"{\"v\":2,\"type\":\"request\",\"id\":1,\"command\":\"status\"}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"04a1b2c3d4e5f6\",\"sak\":0,\"atqa\":\"0344\","
		"\"seen_us\":1}",
		"{\"v\":1,\"type\":\"request\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":7}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"drop tables\"}",
		/* Without the descriptor that they need. */
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"import\",\"what\":"
		"\"pupils\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"import\",\"what\":[]}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"backup\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"pupil show\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"pupil "
		"show\",\"pupil\":12345}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"pupil "
		"show\",\"pupil\":\"12345\","
		"\"from\":\"2026-12-31\",\"to\":\"1999-01-01\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"pupil "
		"show\",\"pupil\":\"12345\","
		"\"from\":\"1990-01-01\",\"to\":\"2099-12-31\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"card list\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"card add\",\"pupil\":\"1\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"card block\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"card "
		"block\",\"card\":\"00\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"day\",\"date\":\"2026-02-"
		"30\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"day\",\"date\":\"1900-01-"
		"01\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"day\",\"date\":\"9999-12-"
		"31\"}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"calendar\",\"year\":-1}",
		"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"calendar\","
		"\"year\":9223372036854775807}",
		"{\"v\":1,\"type\":\"hello\",\"role\":\"reader\",\"name\":\"x\"}",
	};
	struct school *c = open_school();
	struct stage_client *client =
		stage_connect(c->stage, "register", "register.sock", WIRE_ROLE_CONTROL);
	char *large = malloc(60001);

	assert_non_null(large);
	start_gate(c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		stage_send_text(c->stage, client, bad[i]);
	memset(large, '[', 60000);
	large[60000] = 0;
	stage_send_text(c->stage, client, large);
	stage_send_text(c->stage, client,
		"{\"v\":1,\"type\":\"request\",\"id\":4711,\"command\":\"status\"}");
	stage_until(c->stage, answered, client, "the answer to a proper request");
	assert_non_null(strstr(stage_last_text(client), "\"ok\":true"));
	assert_non_null(strstr(stage_last_text(client), "\"pupils\":5"));
	assert_null(strstr(stage_last_text(client), "\"not_understood\":0,"));
	check_said_once(c->reg, "datagram_refused", 1);
	stage_disconnect(c->stage, client);
	school_wait_status(c->stage, "gate-1", "cards", 5);
	check_works(c, CARD_NOOR, WIRE_RESULT_PRESENT);
	free(large);
	close_school(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_topic),
		cmocka_unit_test(test_retained),
		cmocka_unit_test(test_retained_for_the_register),
		cmocka_unit_test(test_register_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
