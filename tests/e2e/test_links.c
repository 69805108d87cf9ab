/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whole programs on bad connections: M3 (who hangs), M10, M11 (slow), M14 (one identity twice), and weeks without a broker.
 *
 * test_links [long]: with the rates, waits and numbers of faults.md instead of those that CI has time for.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "e2e/school.h"
#include "proxy/fault.h"
#include "store/kiosk_store.h"
#include "unit/unit.h"

#define TAPS_MAX 400
#define CLOSE_MS 3000 /* faults.md M3 */
#define BUSY_MS 20000
#define HALF_OPEN_MS 60000 /* faults.md M10 */

static bool in_full;

struct gate {
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
	long cards; /* shown so far: each tap has a card of its own */
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void start_gate(struct stage *s, const char *unit, struct gate *g)
{
	*g = (struct gate){ .kiosk = stage_start(s, "schoolpoort-kiosk", unit, NULL, NULL) };
	g->reader = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	g->views = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void leave_gate(struct stage *s, struct gate *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
}

/* One tap of a new card, until its result is here. Return: ms from seen to the view. */
static int64_t tap(struct stage *s, struct gate *g)
{
	size_t from = stage_views(g->views);
	char uid[16];
	int64_t at = now_ms();

	(void)snprintf(uid, sizeof(uid), "0477%010lx", g->cards++);
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	stage_tap(s, g->reader, uid);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD);
	return now_ms() - at;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Return: the time that 99 of 100 taps stay below. */
static int64_t taps_p99(struct stage *s, struct gate *g, int n)
{
	int64_t ms[TAPS_MAX];

	for (int i = 0; i < n; i++)
		ms[i] = tap(s, g);
	qsort(ms, (size_t)n, sizeof(ms[0]), by_size);
	return ms[(n * 99 + 99) / 100 - 1];
}

static int64_t number(const char *path, const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* Without a deadline of the stage's: some of these take minutes. */
static void wait_stored(struct stage *s, int64_t n, int64_t within_ms)
{
	char path[256];
	int64_t from = now_ms();

	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "register-state/register.db"));
	while (number(path, "SELECT coalesce(max(through), 0) FROM log") < n) {
		if (now_ms() - from > within_ms)
			fail_msg("not stored within %lld ms", (long long)within_ms);
		stage_turn(s, 50);
	}
}

static void start_proxy(struct stage *s, struct fault *f)
{
	char spec[48];

	(void)snprintf(spec, sizeof(spec), "gate-1=%d", stage_broker_port(s));
	fault_start(f, 11, (const char *const[]){ spec, NULL });
}

/* ---- M3 and M10: who hangs ---- */

static int listen_silently(int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* The keepalive that a program's CONNECT asks for, in seconds; the peer says nothing. */
static int keepalive_asked(int listen_fd, int *ret_peer)
{
	unsigned char packet[16];
	struct pollfd p = { listen_fd, POLLIN, 0 };

	assert_int_equal(poll(&p, 1, STAGE_DEADLINE_MS), 1);
	*ret_peer = accept(listen_fd, NULL, NULL);
	assert_true(*ret_peer >= 0);
	/* A fixed header of two or three bytes, then 0 4 M Q T T 5 flags keepalive. */
	assert_int_equal(recv(*ret_peer, packet, sizeof(packet), MSG_WAITALL), sizeof(packet));
	int at = packet[1] & 0x80 ? 3 : 2;
	assert_memory_equal(packet + at, "\0\4MQTT\5", 7);
	return packet[at + 8] << 8 | packet[at + 9];
}

static void name_a_host_that_is_none(struct stage *s, const char *unit)
{
	FILE *conf = fopen(stage_path(s, "%s.conf", unit), "r+e");
	char text[1024] = "", *host;

	assert_non_null(conf);
	assert_true(fread(text, 1, sizeof(text) - 1, conf) > 0);
	assert_non_null(host = strstr(text, "host = 127.0.0.1"));
	memcpy(host, "host = a.invalid", strlen("host = a.invalid"));
	rewind(conf);
	assert_true(fputs(text, conf) >= 0);
	assert_int_equal(fclose(conf), 0);
}

static void m3_m10_a_peer_that_hangs_costs_no_tap_and_no_stop(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate gates[3];
	int port, peers[2], fd = listen_silently(&port);
	static const char *const units[] = { "gate-1", "gate-2", "gate-3" };

	/* Accepts and says nothing; a host that has no name; a connect that hangs: a full backlog drops the SYN. */
	stage_unit_port(s, port);
	stage_unit(s, units[0], NULL);
	start_gate(s, units[0], &gates[0]);
	/* Half-open is noticed after twice the keepalive and a second: see test_link_faults.c. */
	assert_in_range(keepalive_asked(fd, &peers[0]), 5, (HALF_OPEN_MS / 1000 - 1) / 2);
	stage_unit(s, "register", (const char *const[]){ "register.gates = gate-1", NULL });
	struct stage_program *reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	assert_in_range(keepalive_asked(fd, &peers[1]), 5, (HALF_OPEN_MS / 1000 - 1) / 2);

	int full_port, full = listen_silently(&full_port), fill[16];
	assert_int_equal(listen(full, 0), 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)full_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&a, sizeof(a));
	}
	stage_unit_port(s, full_port);
	stage_unit(s, units[1], NULL);
	start_gate(s, units[1], &gates[1]);
	stage_unit(s, units[2], NULL);
	name_a_host_that_is_none(s, units[2]);
	start_gate(s, units[2], &gates[2]);

	int64_t slowest = 0;
	for (size_t i = 0; i < ARRAY_LEN(gates); i++) {
		int64_t p99 = taps_p99(s, &gates[i], 20);
		slowest = p99 > slowest ? p99 : slowest;
	}
	int64_t from = now_ms();
	for (size_t i = 0; i < ARRAY_LEN(gates); i++) {
		leave_gate(s, &gates[i]);
		assert_int_equal(kill(stage_pid(gates[i].kiosk), SIGTERM), 0);
	}
	assert_int_equal(kill(stage_pid(reg), SIGTERM), 0);
	for (size_t i = 0; i < ARRAY_LEN(gates); i++)
		assert_int_equal(stage_wait_exit(s, gates[i].kiosk), 0);
	assert_int_equal(stage_wait_exit(s, reg), 0);
	int64_t took = now_ms() - from;
	(void)printf(
		"figure: taps while the broker's address hangs p99 %lld ms (20 taps at each of 3 "
		"gates); all stopped %lld ms after SIGTERM\n",
		(long long)slowest, (long long)took);
	(void)fflush(stdout);
	/* Four programs at once, with the sanitizers' own end of each, on a loaded machine: a connect that hangs takes minutes. */
	assert_true(took < CLOSE_MS + BUSY_MS);
	for (size_t i = 0; i < ARRAY_LEN(fill); i++)
		(void)close(fill[i]);
	(void)close(full);
	(void)close(peers[0]);
	(void)close(peers[1]);
	(void)close(fd);
	stage_close(s);
}

/* Both of a gate's directions fall silent: the register must say offline within the minute. */
static void m10_silent_gate_is_offline_at_the_register(void **state)
{
	(void)state;
	if (!in_full)
		skip(); /* takes a minute: with `long` alone; test_link_faults.c has its short form */
	struct stage *s = stage_open();
	struct gate g;
	struct fault f;

	start_proxy(s, &f);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit_port(s, fault_port(&f, "gate-1"));
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	stage_wait_log(s, reg, "gate_online gate=gate-1");
	fault_tell(&f, "* silence both now");
	fault_tell(&f, "* refuse on");
	int64_t from = now_ms(), register_ms = 0, gate_ms = 0;
	while (now_ms() - from < HALF_OPEN_MS + 5000 && !(register_ms && gate_ms)) {
		stage_turn(s, 100);
		if (!register_ms && stage_said(reg, "gate_offline gate=gate-1"))
			register_ms = now_ms() - from;
		if (!gate_ms && stage_said(g.kiosk, "broker_down"))
			gate_ms = now_ms() - from;
	}
	(void)printf(
		"figure: silent connection known to the register after %lld ms, to the gate after "
		"%lld ms (1 run)\n",
		(long long)register_ms, (long long)gate_ms);
	(void)fflush(stdout);
	assert_in_range(register_ms, 1, HALF_OPEN_MS);
	assert_in_range(gate_ms, 1, HALF_OPEN_MS);
	leave_gate(s, &g);
	stage_stop(s, g.kiosk);
	stage_stop(s, reg);
	stage_close(s);
	fault_stop(&f);
}

/* ---- M11: slow ---- */

static bool has_data(struct stage *s, void *ctx)
{
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	int64_t pupils = wire_node_get_int(status, "pupils", 0);
	int64_t cards = wire_node_get_int(status, "cards", 0); /* imported last */

	(void)ctx;
	wire_node_destroy(status);
	assert_true(pupils == 0 || pupils == 5); /* whole, or not at all */
	return cards == 5;
}

static void m11_slow_link_drains_in_order_and_taps_are_quick(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;
	struct fault f;
	int n = in_full ? 60 : 12, before = in_full ? 300 : 60;

	start_proxy(s, &f);
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	/* What comes down is cut in the middle of gates/data the first times. */
	fault_tell(&f, "* cut down 2500 2500 rst");
	fault_tell(&f, "* pieces both 40");
	stage_unit_port(s, fault_port(&f, "gate-1"));
	stage_unit(s, "gate-1", NULL);
	start_gate(s, "gate-1", &g);
	stage_wait_log(s, g.kiosk, "broker_down");
	assert_false(has_data(s, NULL));
	int64_t lan = taps_p99(s, &g, before);
	fault_tell(&f, "* cut down off");
	fault_tell(&f, "* rate both %d", in_full ? 2000 : 6000);
	fault_tell(&f, "* latency both %d", in_full ? 3000 : 500);
	int64_t slow = taps_p99(s, &g, n);
	int64_t from = now_ms();
	wait_stored(s, n + before, in_full ? 600000 : 150000);
	stage_until(s, has_data, NULL, "gates/data over the slow link");
	(void)printf("figure: taps p99 %lld ms on a slow link, %lld ms before it (%d and %d taps, "
		     "pieces of 40 bytes); %d check-ins stored after %lld ms\n",
		(long long)slow, (long long)lan, n, before, n + before,
		(long long)(now_ms() - from));
	(void)fflush(stdout);
	/* In order: what the register took first was never the younger one. */
	char path[256];
	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "register-state/register.db"));
	assert_int_equal(number(path, "SELECT count(*) FROM (SELECT seq, max(seq) OVER (ORDER BY "
				      "rowid) AS high FROM checkin) WHERE seq < high"),
		0);
	assert_int_equal(number(path, "SELECT count(*) FROM checkin"), n + before);
	fault_tell(&f, "* clear");
	leave_gate(s, &g);
	stage_stop(s, g.kiosk);
	stage_stop(s, reg);
	stage_close(s);
	fault_stop(&f);
}

/* ---- M14: one identity twice ---- */

/* gate-1's file with folders of its own: a card that was copied and put into another unit. */
static void copy_unit(struct stage *s)
{
	char line[512];
	FILE *in = fopen(stage_path(s, "gate-1.conf"), "re"),
	     *out = fopen(stage_path(s, "copy.conf"), "we");

	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "state_dir", 9) == 0)
			(void)fprintf(out, "state_dir = %s\n", stage_path(s, "copy-state"));
		else if (strncmp(line, "run_dir", 7) == 0)
			(void)fprintf(out, "run_dir = %s\n", stage_path(s, "copy-run"));
		else
			(void)fputs(line, out);
	}
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(mkdir(stage_path(s, "copy-state"), 01770), 0);
	assert_int_equal(mkdir(stage_path(s, "copy-run"), 01770), 0);
}

static bool is_twice(struct stage *s)
{
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	const struct wire_node *gates = wire_node_get_node(status, "gates");

	assert_int_equal(wire_node_count(gates), 1);
	bool twice = wire_node_get_bool(wire_node_at(gates, 0), "twice", false);
	wire_node_destroy(status);
	return twice;
}

static void m14_copied_card_is_noticed_once(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate one, two;
	struct fault f;

	start_proxy(s, &f);
	stage_broker_start(s, false);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit_port(s, fault_port(&f, "gate-1"));
	stage_unit(s, "gate-1", NULL);
	copy_unit(s);
	start_gate(s, "gate-1", &one);
	stage_wait_log(s, reg, "gate_online gate=gate-1");

	/* The broker's side of the old connection stays open: it is taken over by the same unit, and its will comes first. */
	fault_tell(&f, "* keep on");
	fault_tell(&f, "* hold 600000");
	fault_tell(&f, "* cut up 0 0 late");
	stage_wait_log(s, one.kiosk, "broker_down");
	fault_tell(&f, "* cut up off");
	stage_wait_log(s, reg, "gate_offline gate=gate-1");
	stage_wait_log(s, reg, "gate_online gate=gate-1");
	assert_false(is_twice(s));
	fault_tell(&f, "* clear");

	/* Older than the start's grain of seconds, so that the two are told apart. */
	for (int64_t until = now_ms() + 4000; now_ms() < until;)
		stage_turn(s, 100);
	int64_t from = now_ms();
	start_gate(s, "copy", &two);
	while (!stage_said(reg, "gate_twice gate=gate-1") && now_ms() - from < 240000)
		stage_turn(s, 200);
	(void)printf("figure: two units with one identity known after %lld ms (1 run)\n",
		(long long)(now_ms() - from));
	(void)fflush(stdout);
	assert_true(is_twice(s));
	/* Taps at both are kept, and go on being stored in turns. */
	(void)tap(s, &one);
	two.cards = 1000;
	(void)tap(s, &two);
	char path[256];
	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "register-state/register.db"));
	from = now_ms();
	while (number(path, "SELECT count(*) FROM checkin") < 2 && now_ms() - from < 120000)
		stage_turn(s, 100);
	assert_int_equal(number(path, "SELECT count(*) FROM checkin"), 2);
	assert_int_equal(stage_said_count(reg, "gate_twice"), 1);
	leave_gate(s, &one);
	leave_gate(s, &two);
	stage_stop(s, one.kiosk);
	stage_stop(s, two.kiosk);
	stage_stop(s, reg);
	stage_close(s);
	fault_stop(&f);
}

/* ---- offline for weeks ---- */

static struct checkin old_row(long n)
{
	struct checkin c = {
		.revision = 1,
		.result = CHECKIN_PRESENT,
		.at_ms = INT64_C(1794000000000) + n * 60000,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = -1,
		.pupil = 12345,
		.date = { 2026, 11, 6 },
		.half = HALFDAY_AM,
		.boot_ms = n,
		.source = CHECKIN_SOURCE_CARD,
	};
	uint8_t bytes[UUID_BYTES] = { 7 };

	memcpy(bytes + UUID_BYTES - 4, &(uint32_t){ (uint32_t)n }, 4);
	c.id = c.boot = uuid_from_random(bytes);
	return c;
}

static void fill(const char *path, long n)
{
	static struct checkin rows[500];
	struct kiosk_store *store = NULL;
	uint8_t log[UUID_BYTES] = { 1 };

	assert_int_equal(kiosk_store_open(path, true, uuid_from_random(log), &store), 0);
	for (long i = 0; i < n; i += (long)ARRAY_LEN(rows)) {
		for (size_t r = 0; r < ARRAY_LEN(rows); r++)
			rows[r] = old_row(i + (long)r);
		assert_int_equal(kiosk_store_add(store, rows, ARRAY_LEN(rows)), 0);
	}
	kiosk_store_close(store);
}

static void m1_m9_weeks_of_backlog_change_no_tap_and_drain_within_five_minutes(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;
	long n = in_full ? 10000 : 1000;
	int taps = in_full ? 300 : 40;
	int64_t p99[2];

	stage_clock(s, "2026-11-23T08:00:00+01:00");
	stage_unit(s, "gate-1", NULL); /* nobody listens at the broker's port */
	start_gate(s, "gate-1", &g);
	p99[0] = taps_p99(s, &g, taps);
	leave_gate(s, &g);
	stage_stop(s, g.kiosk);
	(void)remove(stage_path(s, "gate-1-state/" KIOSK_STORE_FILE));
	fill(stage_path(s, "gate-1-state/" KIOSK_STORE_FILE), n);
	start_gate(s, "gate-1", &g);
	p99[1] = taps_p99(s, &g, taps);
	stage_broker_start(s, false);
	struct stage_program *reg = school_register(s, "gate-1");
	int64_t from = now_ms();
	wait_stored(s, n + taps, 300000);
	(void)printf(
		"figure: %ld unconfirmed: taps p99 %lld ms, without them %lld ms (%d taps each); "
		"drained in %lld ms (1 run, the link's wait of up to 30 s in it)\n",
		n, (long long)p99[1], (long long)p99[0], taps, (long long)(now_ms() - from));
	(void)fflush(stdout);
	leave_gate(s, &g);
	stage_stop(s, g.kiosk);
	stage_stop(s, reg);
	stage_close(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m3_m10_a_peer_that_hangs_costs_no_tap_and_no_stop),
		cmocka_unit_test(m10_silent_gate_is_offline_at_the_register),
		cmocka_unit_test(m11_slow_link_drains_in_order_and_taps_are_quick),
		cmocka_unit_test(m14_copied_card_is_noticed_once),
		cmocka_unit_test(
			m1_m9_weeks_of_backlog_change_no_tap_and_drain_within_five_minutes),
	};

	in_full = argc > 1;
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
