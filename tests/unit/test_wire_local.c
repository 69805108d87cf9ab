/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The socket's datagrams: the contract's own lines, every view out and in again, requests and answers.
 */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "unit/wire_samples.h"
#include "wire/request.h"

static char reason[WIRE_REASON_MAX];

static struct wire_local decode(const char *text)
{
	static struct wire_local m;
	int err = wire_local_decode(text, strlen(text), &m, reason);
	if (err)
		fail_msg("%s: %d %s", text, err, reason);
	return m;
}

/* What we write for a message, after it was read: each line comes back as it is. */
static void test_lines(void **state)
{
	static const char *const line[] = {
		"{\"v\":1,\"type\":\"hello\",\"role\":\"reader\",\"name\":\"reader 0.1\"}",
		"{\"v\":1,\"type\":\"hello\",\"role\":\"screen\",\"name\":\"\"}",
		"{\"v\":1,\"type\":\"hello\",\"role\":\"signal\",\"name\":\"piezo\"}",
		"{\"v\":1,\"type\":\"hello\",\"role\":\"control\",\"name\":\"ctl\"}",
		"{\"v\":1,\"type\":\"welcome\",\"gate\":\"gate-1\",\"version\":\"0.1.0\"}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"04a1b2c3d4e5f6\",\"sak\":32,"
		"\"atqa\":\"0344\",\"seen_us\":123456}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"a1b2c3d4\",\"sak\":0,\"seen_us\":0}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"04a1b2c3d4e5f6071829\"}",
		"{\"v\":1,\"type\":\"gone\"}",
		"{\"v\":1,\"type\":\"two_cards\"}",
		"{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}",
		"{\"v\":1,\"type\":\"status\",\"state\":\"starting\"}",
		"{\"v\":1,\"type\":\"status\",\"state\":\"fault\",\"reason\":\"no answer\"}",
		"{\"v\":1,\"type\":\"presented\",\"number\":7,\"at_us\":99}",
		"{\"v\":1,\"type\":\"touch\",\"action\":\"overview\"}",
		"{\"v\":1,\"type\":\"touch\",\"action\":\"talk\"}",
		"{\"v\":1,\"type\":\"touch\",\"action\":\"close\"}",
		"{\"v\":1,\"type\":\"touch\",\"action\":\"talk\","
		"\"checkin\":\"22010203-0405-4607-8809-0a0b0c0d0e0f\"}",
		"{\"v\":1,\"type\":\"error\",\"reason\":\"type: missing\"}",
		"{\"v\":1,\"type\":\"view\",\"number\":1,\"state\":\"idle\",\"offline\":false,"
		"\"clock\":\"unknown\"}",
		"{\"v\":1,\"type\":\"view\",\"number\":2,\"state\":\"result\",\"seen_us\":5,"
		"\"offline\":false,\"clock\":\"trusted\",\"at\":\"08:31\",\"result\":\"not_"
		"stored\","
		"\"checkin\":null}",
		"{\"v\":1,\"type\":\"view\",\"number\":2,\"state\":\"result\",\"offline\":true,"
		"\"clock\":\"holdover\",\"at\":\"08:31\",\"result\":\"late\","
		"\"checkin\":\"22010203-0405-4607-8809-0a0b0c0d0e0f\",\"name\":\"Zo\xC3\xAB\","
		"\"language\":\"de\",\"minutes_late\":6}",
		"{\"v\":1,\"type\":\"view\",\"number\":3,\"state\":\"fault\",\"offline\":false,"
		"\"clock\":\"regressed\",\"fault\":\"reader\",\"taps_count\":false}",
		"{\"v\":1,\"type\":\"view\",\"number\":4,\"state\":\"overview\",\"offline\":false,"
		"\"clock\":\"trusted\",\"at\":\"08:31\",\"result\":\"present\",\"checkin\":null,"
		"\"talk\":true,\"record\":{\"late_30_days\":2,\"recent\":[[\"2026-11-20\",\"|L\"]]}"
		"}",
		"{\"v\":1,\"type\":\"view\",\"number\":5,\"state\":\"overview\",\"offline\":false,"
		"\"clock\":\"trusted\",\"checkin\":null,\"talk\":false}",
		"{\"v\":1,\"type\":\"view\",\"number\":6,\"state\":\"overview\",\"offline\":false,"
		"\"clock\":\"trusted\",\"checkin\":null,\"talk\":false,\"talk_asked\":true}",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(line); i++) {
		struct wire_local m = decode(line[i]);
		char *text = wire_local_encode(&m);
		assert_non_null(text);
		assert_string_equal(text, line[i]);
		free(text);
	}
}

static void test_members(void **state)
{
	static const uint8_t uid[] = { 0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6 };
	(void)state;
	struct wire_local m = decode("{\"v\":1,\"type\":\"card\",\"uid\":\"04a1b2c3d4e5f6\"}");
	assert_int_equal(m.type, WIRE_LOCAL_CARD);
	assert_int_equal(m.card.uid_len, 7);
	assert_memory_equal(m.card.uid, uid, 7);
	assert_int_equal(m.card.sak, -1);
	assert_int_equal(m.card.seen_us, -1);
	assert_string_equal(m.card.atqa, "");
	m = decode("{\"v\":1,\"type\":\"hello\",\"role\":\"screen\"}");
	assert_int_equal(m.role, WIRE_ROLE_SCREEN);
	m = decode("{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"status\"}");
	assert_int_equal(m.type, WIRE_LOCAL_REQUEST);
	m = decode("{\"v\":1,\"type\":\"response\",\"id\":1,\"ok\":true}");
	assert_int_equal(m.type, WIRE_LOCAL_RESPONSE);
	assert_null(wire_local_encode(&m)); /* wire/request.h writes these */
}

static void test_views(void **state)
{
	(void)state;
	for (int s = WIRE_VIEW_IDLE; s <= WIRE_VIEW_FAULT; s++) {
		static struct wire_local m;
		m.type = WIRE_LOCAL_VIEW;
		m.view = sample_view((enum wire_view_state)s);
		char *text = wire_local_encode(&m);
		assert_non_null(text);
		struct wire_view v = decode(text).view;
		assert_int_equal(v.number, m.view.number);
		assert_int_equal(v.state, s);
		assert_int_equal(v.seen_us, m.view.seen_us);
		assert_string_equal(v.at, m.view.at);
		assert_int_equal(v.offline, m.view.offline);
		assert_int_equal(v.clock, m.view.clock);
		assert_int_equal(v.result, m.view.result);
		assert_true(uuid_equal(v.checkin, m.view.checkin));
		assert_string_equal(v.name, m.view.name);
		assert_int_equal(v.language, m.view.language);
		assert_int_equal(v.minutes_late, m.view.minutes_late);
		assert_int_equal(v.fault, m.view.fault);
		assert_int_equal(v.taps_count, m.view.taps_count);
		assert_int_equal(v.has_record, m.view.has_record);
		assert_int_equal(v.late_30_days, m.view.late_30_days);
		assert_int_equal(v.n_recent, m.view.n_recent);
		assert_memory_equal(v.recent, m.view.recent, sizeof(v.recent));
		assert_int_equal(v.talk, m.view.talk);
		assert_int_equal(v.talk_asked, m.view.talk_asked);
		free(text);
	}
}

static void test_every_result(void **state)
{
	static struct wire_local m;
	(void)state;
	m.type = WIRE_LOCAL_VIEW;
	for (int r = WIRE_RESULT_PRESENT; r <= WIRE_RESULT_NOT_STORED; r++) {
		m.view = sample_view(WIRE_VIEW_RESULT);
		m.view.result = (enum wire_view_result)r;
		char *text = wire_local_encode(&m);
		assert_non_null(text);
		assert_int_equal(decode(text).view.result, r);
		assert_non_null(strstr(text, wire_view_result_word((enum wire_view_result)r)));
		assert_true((strstr(text, "minutes_late") != NULL) == (r == WIRE_RESULT_LATE));
		free(text);
	}
	m.view.result = WIRE_RESULT_NONE;
	assert_null(wire_local_encode(&m));
	assert_string_equal(wire_view_result_word(WIRE_RESULT_NONE), "");
	assert_string_equal(wire_view_state_word(WIRE_VIEW_IDLE), "idle");
}

static void test_tree(void **state)
{
	struct wire_node *list = wire_node_array();
	struct wire_node *root = wire_node_object();
	(void)state;
	wire_node_set_text(list, NULL, "a\xFF");
	wire_node_set_int(list, NULL, -5);
	wire_node_set_real(list, NULL, 0.5);
	wire_node_set_bool(list, NULL, true);
	wire_node_set_text(list, NULL, NULL);
	wire_node_set_text(root, "name", "first");
	wire_node_set_text(root, "name", "second"); /* the later one counts */
	wire_node_set_node(root, "list", list);
	char *text = wire_node_text(root);
	assert_string_equal(text, "{\"name\":\"second\",\"list\":[\"a?\",-5,0.5,true,null]}");
	wire_node_destroy(root);

	struct wire_node *back = wire_node_parse(text, strlen(text), reason);
	assert_non_null(back);
	assert_string_equal(wire_node_get_text(back, "name"), "second");
	const struct wire_node *l = wire_node_get_node(back, "list");
	assert_int_equal(wire_node_count(l), 5);
	assert_string_equal(wire_node_get_text(wire_node_at(l, 0), NULL), "a?");
	assert_int_equal(wire_node_get_int(wire_node_at(l, 1), NULL, 0), -5);
	assert_float_equal(wire_node_get_real(wire_node_at(l, 1), NULL, 0), -5, 0);
	assert_float_equal(wire_node_get_real(wire_node_at(l, 2), NULL, 0), 0.5, 0);
	assert_true(wire_node_get_bool(wire_node_at(l, 3), NULL, false));
	assert_null(wire_node_get_text(wire_node_at(l, 4), NULL));
	assert_null(wire_node_at(l, 5));
	/* Missing, or of another kind: the fallback. */
	assert_null(wire_node_get_text(back, "list"));
	assert_null(wire_node_get_text(back, "other"));
	assert_int_equal(wire_node_get_int(back, "name", 9), 9);
	assert_true(wire_node_get_bool(back, "name", true));
	assert_int_equal(wire_node_count(back), 0);
	assert_null(wire_node_get_node(NULL, "x"));
	wire_node_destroy(back);
	free(text);
}

static void test_tree_failures(void **state)
{
	struct wire_node *root = wire_node_object();
	(void)state;
	wire_node_set_int(root, "a", 1);
	char *text = wire_node_pretty(root);
	assert_string_equal(text, "{\n  \"a\": 1\n}\n");
	free(text);
	struct wire_node *child = wire_node_object();
	wire_node_set_int(child, NULL, 1); /* an object wants a key: remembered in the child */
	wire_node_set_node(root, "child", child);
	assert_null(wire_node_text(root));
	wire_node_destroy(root);
	root = wire_node_object();
	wire_node_set_node(root, "child", NULL); /* as after a failed wire_node_object() */
	assert_null(wire_node_text(root));
	assert_null(wire_node_pretty(root));
	wire_node_destroy(root);
	wire_node_set_int(NULL, "a", 1);
	wire_node_set_node(NULL, "a", wire_node_object()); /* not leaked */
	wire_node_destroy(NULL);
	assert_null(wire_node_text(NULL));
	assert_null(wire_node_parse("[1]", 3, reason));
	assert_string_equal(reason, "is no object");
	assert_null(wire_node_parse("{", 1, reason));
}

static void test_requests(void **state)
{
	static const struct {
		const char *request, *response;
	} row[] = {
		{ "{\"id\":7}", "{\"v\":1,\"type\":\"response\",\"id\":7,\"ok\":false}" },
		{ "{\"id\":\"7\"}", "{\"v\":1,\"type\":\"response\",\"id\":\"7\",\"ok\":false}" },
		{ "{}", "{\"v\":1,\"type\":\"response\",\"id\":null,\"ok\":false}" },
		{ "{\"id\":[1]}", "{\"v\":1,\"type\":\"response\",\"id\":null,\"ok\":false}" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct wire_node *request =
			wire_node_parse(row[i].request, strlen(row[i].request), reason);
		struct wire_node *response = wire_response_create(request, false);
		char *text = wire_node_text(response);
		assert_string_equal(text, row[i].response);
		free(text);
		wire_node_destroy(request);
		wire_node_destroy(response);
	}
	struct wire_node *request = wire_request_create(3, "day");
	wire_node_set_text(request, "half", "am");
	char *text = wire_node_text(request);
	assert_string_equal(text,
		"{\"v\":1,\"type\":\"request\",\"id\":3,\"command\":\"day\",\"half\":\"am\"}");
	assert_int_equal(decode(text).type, WIRE_LOCAL_REQUEST);
	free(text);
	wire_node_destroy(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_every_result),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_tree_failures),
		cmocka_unit_test(test_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
