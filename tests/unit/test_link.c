/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The link against a real Mosquitto. Whatever another client must see, a second link sees.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "link/link.h"
#include "unit/broker.h"
#include "unit/unit.h"

#define DEADLINE_MS 60000 /* for what depends on a back-off of a few rounds */
#define MESSAGES 1000

static struct broker broker;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The next event, whatever it is. */
static void next(struct link *link, struct link_event *ret_event)
{
	int64_t until = now_ms() + DEADLINE_MS;

	while (!link_take(link, ret_event)) {
		struct pollfd p = { link_fd(link), POLLIN, 0 };
		int64_t left = until - now_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			fail_msg("no event within %d ms", DEADLINE_MS);
	}
}

/* The next event, which must be of this kind. */
static struct link_event expect(struct link *link, enum link_event_kind kind)
{
	struct link_event e;

	next(link, &e);
	if (e.kind != kind)
		fail_msg("event %d instead of %d: %s%s", (int)e.kind, (int)kind, e.topic, e.reason);
	return e;
}

static void expect_up(struct link *link)
{
	struct link_event e = expect(link, LINK_EVENT_UP);

	assert_true(link_up(link));
	link_event_finish(&e);
}

static int expect_down(struct link *link)
{
	struct link_event e = expect(link, LINK_EVENT_DOWN);

	assert_false(link_up(link));
	assert_true(e.reason[0] != '\0');
	return e.code;
}

static void expect_message(struct link *link, const char *topic, const char *payload, bool retained)
{
	struct link_event e = expect(link, LINK_EVENT_MESSAGE);

	assert_string_equal(e.topic, topic);
	assert_string_equal(e.payload, payload);
	assert_int_equal(e.len, strlen(payload));
	assert_int_equal(e.retained, retained);
	link_event_finish(&e);
}

static int expect_ack(struct link *link, uint64_t tag)
{
	struct link_event e = expect(link, LINK_EVENT_ACK);

	assert_int_equal(e.tag, tag);
	return e.code;
}

static struct link *open_as(const char *id, int port, const struct link_subscription *subscription,
	const char *will_topic)
{
	struct link_config config = {
		.host = "127.0.0.1",
		.port = port,
		.client_id = id,
		.will_topic = will_topic,
		.subscriptions = subscription,
		.n_subscriptions = subscription->filter ? 1 : 0,
		.keepalive_s = 30,
	};
	struct link *link = NULL;

	assert_int_equal(link_open(&config, &link), 0);
	return link;
}

static struct link *open_link(const char *id, int port, const char *filter, const char *will_topic)
{
	const struct link_subscription s = { filter, 1, false };

	return open_as(id, port, &s, will_topic);
}

static void post(struct link *link, const char *topic, const char *text, bool retain, uint64_t tag)
{
	assert_int_equal(link_post(link, topic, text, strlen(text), 1, retain, tag), 0);
}

static int start_broker(void **state)
{
	(void)state;
	return broker_init(&broker) || broker_start(&broker, NULL);
}

static int only_choose_port(void **state)
{
	(void)state;
	return broker_init(&broker);
}

static int stop_broker(void **state)
{
	(void)state;
	broker_stop(&broker);
	return 0;
}

static void test_up_and_down(void **state)
{
	struct link *link = open_link("a", broker.port, "t/#", NULL);

	(void)state;
	assert_false(link_up(link));
	assert_int_equal(link_post(link, "t/1", "x", 1, 1, false, 0), LINK_ERR_DOWN);
	expect_up(link);
	post(link, "t/1", "one", false, 0);
	expect_message(link, "t/1", "one", false);
	broker_kill(&broker);
	expect_down(link);
	assert_int_equal(link_post(link, "t/1", "x", 1, 1, false, 0), LINK_ERR_DOWN);
	assert_int_equal(broker_start(&broker, NULL), 0);
	expect_up(link); /* and no second DOWN before it */
	post(link, "t/2", "two", false, 0);
	expect_message(link, "t/2", "two", false);
	link_close(link, 1000);
}

/* M2: a port that is closed gives one DOWN, and the broker is found once it is there. */
static void m2_port_closed_gives_one_down(void **state)
{
	struct link *link = open_link("a", broker.port, NULL, NULL);

	(void)state;
	assert_int_equal(expect_down(link), 0);
	assert_int_equal(broker_start(&broker, NULL), 0);
	expect_up(link);
	link_close(link, 0);
}

/*
 * M14. A connects with the will of session 1 and says that it is online. B takes its client id
 * over, as a copied card would: A is told 142, the broker sends A's will, B's birth stands after
 * it. B leaves in peace: no will.
 */
static void m14_will_and_birth(void **state)
{
	struct link *watch = open_link("watch", broker.port, "g/#", NULL);
	struct link *a = open_link("same", broker.port, NULL, "g/state");

	(void)state;
	expect_up(watch);
	assert_int_equal(link_set_will(a, "offline 1", 9), 0);
	expect_up(a);
	post(a, "g/state", "online 1", true, 0);
	expect_message(watch, "g/state", "online 1", false);

	struct link *b = open_link("same", broker.port, NULL, "g/state");
	assert_int_equal(link_set_will(b, "offline 2", 9), 0);
	expect_up(b);
	post(b, "g/state", "online 2", true, 0);
	expect_message(watch, "g/state", "offline 1", false);
	expect_message(watch, "g/state", "online 2", false);
	int code = expect_down(a);
	if (code != 142 && code != 0) /* Mosquitto before 2.0.15 closes without a word */
		fail_msg("code %d", code);
	link_close(a, 0); /* in its back-off: at once */

	post(b, "g/state", "stopping 2", true, 0);
	link_close(b, 2000);
	expect_message(watch, "g/state", "stopping 2", false);
	post(watch, "g/end", "end", false, 0);
	expect_message(watch, "g/end", "end", false); /* and no "offline 2" before it */
	link_close(watch, 0);
}

/* The will of the next connection is the one that the owner set after DOWN. */
static void test_will_is_renewed(void **state)
{
	struct link *a = open_link("a", broker.port, NULL, "g/state");

	(void)state;
	assert_int_equal(link_set_will(a, "offline 1", 9), 0);
	expect_up(a);
	broker_kill(&broker);
	expect_down(a);
	assert_int_equal(broker_start(&broker, NULL), 0);
	struct link *watch = open_link("watch", broker.port, "g/#", NULL);
	expect_up(watch);
	assert_int_equal(link_set_will(a, "offline 2", 9), 0);
	expect_up(a);
	struct link *b = open_link("a", broker.port, NULL, NULL);
	expect_up(b);
	expect_message(watch, "g/state", "offline 2", false);
	link_close(a, 0);
	link_close(b, 0);
	link_close(watch, 0);
}

static void test_retained(void **state)
{
	struct link *a = open_link("a", broker.port, NULL, NULL);

	(void)state;
	expect_up(a);
	post(a, "t/kept", "kept", true, 7);
	assert_int_equal(expect_ack(a, 7), 16); /* nobody subscribes; kept all the same */
	struct link *b = open_link("b", broker.port, "t/#", NULL);
	struct link_event e;
	next(b, &e); /* MESSAGE and UP come in either order */
	bool up_first = e.kind == LINK_EVENT_UP;
	if (up_first)
		next(b, &e);
	assert_int_equal(e.kind, LINK_EVENT_MESSAGE);
	assert_true(e.retained);
	assert_string_equal(e.payload, "kept");
	link_event_finish(&e);
	if (!up_first)
		expect_up(b);
	post(a, "t/kept", "", true, 8);
	assert_int_equal(expect_ack(a, 8), 0);
	expect_message(b, "t/kept", "", false);
	link_close(a, 0);
	link_close(b, 0);
}

/* 0 where somebody listens, 16 where nobody does, none without a tag; QoS 0 is acknowledged when
 * written. */
static void test_acks(void **state)
{
	struct link *a = open_link("a", broker.port, NULL, NULL);
	struct link *b = open_link("b", broker.port, "heard/#", NULL);

	(void)state;
	expect_up(a);
	expect_up(b);
	post(a, "heard/1", "x", false, 1);
	post(a, "unheard/1", "x", false, 0);
	post(a, "unheard/1", "x", false, 2);
	assert_int_equal(expect_ack(a, 1), 0);
	assert_int_equal(expect_ack(a, 2), 16);
	assert_int_equal(link_post(a, "heard/2", "y", 1, 0, false, 3), 0);
	assert_int_equal(expect_ack(a, 3), 0);
	expect_message(b, "heard/1", "x", false);
	expect_message(b, "heard/2", "y", false);
	link_close(a, 0);
	link_close(b, 0);
}

/* M7: forbidden and too large are told by tag, the messages behind them go on. */
static void test_refused_messages(void **state)
{
	char acl[BROKER_DIR_MAX + 8], extra[BROKER_DIR_MAX + 100], *large;
	FILE *f;

	(void)state;
	snprintf(acl, sizeof(acl), "%s/acl", broker.dir);
	f = fopen(acl, "w");
	assert_non_null(f);
	fputs("topic readwrite mine/#\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(acl, 0600), 0);
	snprintf(extra, sizeof(extra), "allow_anonymous true\nmax_packet_size 1000\nacl_file %s\n",
		acl);
	assert_int_equal(broker_start(&broker, extra), 0);
	struct link *link = open_link("a", broker.port, "mine/#", NULL);
	expect_up(link);

	large = calloc(1, 2000);
	assert_non_null(large);
	post(link, "theirs/1", "x", false, 1);
	assert_int_equal(expect_ack(link, 1), 135);
	assert_int_equal(link_post(link, "mine/1", large, 2000, 1, false, 2), 0);
	assert_int_equal(expect_ack(link, 2), 149);
	assert_int_equal(link_post(link, "mine/1", large, 2000, 0, false, 3), 0);
	assert_int_equal(expect_ack(link, 3), 149);
	assert_int_equal(link_post(link, "mine/#", "x", 1, 1, false, 4), 0);
	assert_int_equal(expect_ack(link, 4), 144);
	/* Quiet: what is refused is told, what is taken is not. */
	assert_int_equal(link_post_quiet(link, "theirs/1", "x", 1, 1, false, 5), 0);
	assert_int_equal(expect_ack(link, 5), 135);
	assert_int_equal(link_post_quiet(link, "mine/1", large, 2000, 1, false, 6), 0);
	assert_int_equal(expect_ack(link, 6), 149);
	assert_int_equal(link_post_quiet(link, "mine/1", "quiet", 5, 1, false, 7), 0);
	expect_message(link, "mine/1", "quiet", false);
	post(link, "mine/1", "small", false, 0);
	expect_message(link, "mine/1", "small", false);
	free(large);
	link_close(link, 0);
}

/* What it writes itself comes back from the broker, and wakes nobody; what stood there does, at each connection. */
static void test_retained_only(void **state)
{
	static const struct link_subscription own = { "t/#", 1, true };
	struct link *link = open_as("a", broker.port, &own, NULL);
	struct link *other = open_link("b", broker.port, "t/#", NULL);

	(void)state;
	expect_up(link);
	expect_up(other);
	post(link, "t/1", "stands", true, 1);
	expect_message(other, "t/1", "stands", false);
	assert_int_equal(expect_ack(link, 1), 0);
	post(link, "t/1", "again", true, 2);
	expect_message(other, "t/1", "again", false);
	assert_int_equal(expect_ack(link, 2), 0);
	link_close(link, 1000);
	link = open_as("a", broker.port, &own, NULL);
	bool up = false, stood = false;
	while (!up || !stood) { /* in either order: the broker's affair */
		struct link_event e;
		next(link, &e);
		up = up || e.kind == LINK_EVENT_UP;
		stood = stood ||
			(e.kind == LINK_EVENT_MESSAGE && e.retained && !strcmp(e.payload, "again"));
		link_event_finish(&e);
	}
	link_close(link, 0);
	link_close(other, 0);
}

/* M4: a refused connection is retried until the broker changes its mind. */
static void test_connection_refused(void **state)
{
	(void)state;
	assert_int_equal(broker_start(&broker, "allow_anonymous false"), 0);
	struct link *link = open_link("a", broker.port, NULL, NULL);
	assert_int_equal(expect_down(link), 135);
	broker_kill(&broker);
	assert_int_equal(broker_start(&broker, NULL), 0);
	expect_up(link);
	link_close(link, 0);
}

static void test_thousand_in_order(void **state)
{
	struct link *link = open_link("a", broker.port, "t/#", NULL);
	int n_messages = 0, n_acks = 0;
	char text[16];

	(void)state;
	expect_up(link);
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof(text), "%d", i);
		post(link, "t/n", text, false, (uint64_t)i + 1);
	}
	while (n_messages < MESSAGES || n_acks < MESSAGES) {
		struct link_event e;
		next(link, &e);
		if (e.kind == LINK_EVENT_MESSAGE)
			assert_int_equal(strtol(e.payload, NULL, 10), n_messages++);
		else if (e.kind == LINK_EVENT_ACK)
			assert_int_equal(e.tag, ++n_acks);
		else
			fail_msg("event %d: %s", (int)e.kind, e.reason);
		link_event_finish(&e);
	}
	link_close(link, 0);
}

/* A broker that is connected and silent: the window and then the mailbox fill; later all of it
 * arrives. */
static void test_mailbox_full(void **state)
{
	struct link *link = open_link("a", broker.port, "t/#", NULL);
	int n = 0, r = 0;
	char text[16];

	(void)state;
	expect_up(link);
	broker_freeze(&broker, true);
	for (; n < 2 * LINK_OUT_MAX && !r; n++) {
		snprintf(text, sizeof(text), "%d", n);
		r = link_post(link, "t/n", text, strlen(text), 1, false, 0);
	}
	assert_int_equal(r, LINK_ERR_FULL);
	n--; /* the one that was refused */
	assert_in_range(n, LINK_OUT_MAX, LINK_OUT_MAX + 10);
	broker_freeze(&broker, false);
	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%d", i);
		expect_message(link, "t/n", text, false);
	}
	link_close(link, 0);
}

static void test_close_flushes(void **state)
{
	struct link *watch = open_link("watch", broker.port, "t/#", NULL);
	struct link *a = open_link("a", broker.port, NULL, NULL);
	char text[16];

	(void)state;
	expect_up(watch);
	expect_up(a);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%d", i);
		post(a, "t/n", text, false, 0);
	}
	link_close(a, 10000);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%d", i);
		expect_message(watch, "t/n", text, false);
	}
	link_close(watch, 0);
}

/* M3: whatever the thread hangs in, closing ends within flush_ms and 2 s. The limits leave a busy
 * machine room; a hang would be minutes. */
static void m3_close_while_hanging(void **state)
{
	static const struct {
		const char *name;
		bool full;
	} row[] = { { "accepts and is silent", false }, { "connect() hangs", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int port = 0, fd = broker_silent(row[i].full, &port);
		assert_true(fd >= 0);
		struct link *link = open_link("a", port, NULL, NULL);
		struct pollfd p = { fd, POLLIN, 0 };
		poll(&p, 1, 1000); /* until it has knocked */
		int64_t from = now_ms();
		link_close(link, 100);
		if (now_ms() - from > 10000)
			fail_msg("%s: closed after %d ms", row[i].name, (int)(now_ms() - from));
		close(fd);
	}
	struct link *never = open_link("a", 1, NULL, "g/state"); /* waits for a will */
	link_close(never, 0);
	link_close(NULL, 0);
}

static void answer(int fd, const char *bytes, ssize_t len)
{
	char question[256];

	assert_true(
		read(fd, question, sizeof(question)) > 0); /* whatever it is: the packet's turn */
	assert_int_equal(write(fd, bytes, (size_t)len), len);
}

/* M14, by hand, for what the packaged broker never sends. After CONNECT comes CONNACK 0; the first
 * connection never gets its SUBACK, the second one gets DISCONNECT 142 in its place. */
static void m14_reason_142_of_a_broken_peer(void **state)
{
	int port = 0, fd = broker_silent(false, &port);

	(void)state;
	assert_true(fd >= 0);
	struct link *link = open_link("a", port, "t/#", NULL);
	int peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	answer(peer, "\x20\x03\0\0\0", 5);
	struct link_event e = expect(link, LINK_EVENT_DOWN);
	assert_int_equal(e.code, 0);
	assert_non_null(strstr(e.reason, "SUBACK"));
	close(peer);
	link_close(link, 0);

	link = open_link("b", port, "t/#", NULL);
	peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	answer(peer, "\x20\x03\0\0\0", 5);
	answer(peer, "\xe0\x02\x8e\0", 4);
	assert_int_equal(expect_down(link), 142);
	close(peer);
	close(fd);
	link_close(link, 0);
}

static int run(char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Not const: the argument vector of exec isn't. */
static int make_certificate(char *key, char *cert)
{
	char a[][48] = { "openssl", "req", "-x509", "-batch", "-nodes", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=localhost", "-addext",
		"subjectAltName=DNS:localhost", "-keyout", "-out" };
	char *argv[] = { a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11],
		a[12], a[13], a[14], a[15], key, a[16], cert, NULL };
	return run(argv);
}

static struct link *open_tls(const char *host, const char *ca)
{
	struct link_config config = { .host = host,
		.port = broker.port,
		.tls = true,
		.ca_file = ca,
		.client_id = "a",
		.keepalive_s = 30 };
	struct link *link = NULL;

	assert_int_equal(link_open(&config, &link), 0);
	return link;
}

/* M6: the broker's certificate must be of our CA and for its name; a new CA file is read at the
 * next attempt. */
static void test_tls(void **state)
{
	char key[2][128], cert[2][128], extra[512];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(key[i], sizeof(key[i]), "%s/key%d.pem", broker.dir, i);
		snprintf(cert[i], sizeof(cert[i]), "%s/cert%d.pem", broker.dir, i);
		int r = make_certificate(key[i], cert[i]);
		if (r == 127)
			skip(); /* no openssl here */
		assert_int_equal(r, 0);
	}
	snprintf(extra, sizeof(extra), "allow_anonymous true\ncertfile %s\nkeyfile %s\n", cert[0],
		key[0]);
	assert_int_equal(broker_start(&broker, extra), 0);

	struct link *wrong_name = open_tls("127.0.0.1", cert[0]);
	expect_down(wrong_name);
	link_close(wrong_name, 0);

	struct link *link = open_tls("localhost", cert[1]);
	struct link_event e = expect(link, LINK_EVENT_DOWN);
	assert_non_null(strstr(e.reason, "certificate verify failed"));
	assert_int_equal(rename(cert[0], cert[1]), 0);
	expect_up(link);
	post(link, "t/1", "x", false, 1);
	assert_int_equal(expect_ack(link, 1), 16);
	link_close(link, 1000);
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, start_broker, stop_broker)
#define WITH_PORT(test) cmocka_unit_test_setup_teardown(test, only_choose_port, stop_broker)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BROKER(test_up_and_down),
		WITH_PORT(m2_port_closed_gives_one_down),
		WITH_BROKER(m14_will_and_birth),
		WITH_BROKER(test_will_is_renewed),
		WITH_BROKER(test_retained),
		WITH_BROKER(test_acks),
		WITH_PORT(test_refused_messages),
		WITH_PORT(test_connection_refused),
		WITH_BROKER(test_retained_only),
		WITH_BROKER(test_thousand_in_order),
		WITH_BROKER(test_mailbox_full),
		WITH_BROKER(test_close_flushes),
		cmocka_unit_test(m3_close_while_hanging),
		cmocka_unit_test(m14_reason_142_of_a_broken_peer),
		WITH_PORT(test_tls),
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL); /* as every program of ours does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
