/* SPDX-License-Identifier: EUPL-1.2 */
/* The proxy by plain sockets: each of its faults really happens, where and when it was told to. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/fault.h"
#include "proxy/proxy.h"
#include "unit/unit.h"

#define DEADLINE_MS 20000
#define QUIET_MS 200 /* nothing came in all this time */

struct pair {
	struct fault fault;
	int listen_fd;
	int client, server; /* one connection through the proxy */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static void begin(struct pair *p, uint64_t seed)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	char spec[32];

	p->client = p->server = -1;
	p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listen_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(p->listen_fd, 8), 0);
	assert_int_equal(getsockname(p->listen_fd, (struct sockaddr *)&a, &len), 0);
	snprintf(spec, sizeof(spec), "a=%d", ntohs(a.sin_port));
	fault_start(&p->fault, seed, (const char *const[]){ spec, NULL });
}

static int try_connect(struct pair *p)
{
	struct sockaddr_in a = loopback(fault_port(&p->fault, "a"));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	int err = errno;
	close(fd);
	return -err;
}

static void wait_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	if (poll(&p, 1, DEADLINE_MS) != 1)
		fail_msg("nothing came");
}

static void join(struct pair *p)
{
	p->client = try_connect(p);
	assert_true(p->client >= 0);
	wait_readable(p->listen_fd);
	p->server = accept(p->listen_fd, NULL, NULL);
	assert_true(p->server >= 0);
}

static void part(struct pair *p)
{
	if (p->client >= 0)
		close(p->client);
	if (p->server >= 0)
		close(p->server);
	p->client = p->server = -1;
}

static void finish(struct pair *p)
{
	part(p);
	close(p->listen_fd);
	fault_stop(&p->fault);
}

/* All until the end. *ret_end: 0 in peace, else errno. Return: bytes. */
static size_t read_all(int fd, int *ret_end)
{
	char bytes[4096];
	size_t n = 0;

	for (;;) {
		wait_readable(fd);
		ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
		if (got <= 0) {
			*ret_end = got < 0 ? errno : 0;
			return n;
		}
		n += (size_t)got;
	}
}

static void read_exactly(int fd, char *bytes, size_t len)
{
	for (size_t n = 0; n < len;) {
		wait_readable(fd);
		ssize_t got = recv(fd, bytes + n, len - n, 0);
		assert_true(got > 0);
		n += (size_t)got;
	}
}

static bool is_quiet(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, QUIET_MS) == 0;
}

static void test_passes_all_bytes(void **state)
{
	static char out[300000], back[300000];
	struct pair p;

	(void)state;
	begin(&p, 1);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	static const char *const rules[] = { "a clear", "a pieces both 900", "a latency both 20" };
	for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
		fault_tell(&p.fault, "%s", rules[r]);
		join(&p);
		for (int way = 0; way < 2; way++) {
			int from = way ? p.server : p.client, to = way ? p.client : p.server;
			for (size_t n = 0; n < sizeof(out); n += 30000) {
				assert_int_equal(send(from, out + n, 30000, 0), 30000);
				read_exactly(to, back + n, 30000);
			}
			assert_memory_equal(out, back, sizeof(out));
		}
		int end = -1;
		assert_int_equal(shutdown(p.client, SHUT_WR), 0);
		assert_int_equal(read_all(p.server, &end), 0);
		assert_int_equal(end, 0);
		/* One side has said its end, the other may still speak. */
		assert_int_equal(send(p.server, "x", 1, 0), 1);
		read_exactly(p.client, back, 1);
		part(&p);
	}
	finish(&p);
}

static void test_cuts_at_the_byte(void **state)
{
	static const struct {
		const char *how;
		bool down;
		size_t at;
		bool sender_open, in_peace;
	} row[] = {
		{ "fin", false, 0, false, true },
		{ "fin", false, 1234, false, true },
		{ "fin", true, 777, false, true },
		{ "rst", false, 1, false, false },
		{ "rst", true, 1999, false, false },
		{ "half", false, 500, true, true },
		{ "half", true, 501, true, true },
	};
	static char bytes[2000];
	struct pair p;

	(void)state;
	begin(&p, 2);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const char *way = row[i].down ? "down" : "up";
		int end = -1;
		fault_tell(&p.fault, "a clear");
		fault_tell(&p.fault, "a cut %s %zu %zu %s", way, row[i].at, row[i].at, row[i].how);
		join(&p);
		int from = row[i].down ? p.server : p.client,
		    to = row[i].down ? p.client : p.server;
		assert_int_equal(send(from, bytes, sizeof(bytes), MSG_NOSIGNAL), sizeof(bytes));
		size_t got = read_all(to, &end);
		/* A reset may overtake what the receiver has not read yet. */
		if (row[i].in_peace ? got != row[i].at : got > row[i].at)
			fail_msg("%s %s at %zu: got %zu", way, row[i].how, row[i].at, got);
		assert_int_equal(end, row[i].in_peace ? 0 : ECONNRESET);
		if (row[i].sender_open) {
			char c;
			assert_int_equal(send(to, "y", 1, MSG_NOSIGNAL), 1);
			read_exactly(from, &c, 1);
			assert_true(is_quiet(from));
		} else {
			(void)read_all(from, &end);
		}
		part(&p);
	}
	assert_int_equal(fault_figure(&p.fault, "a", "cuts"), ARRAY_LEN(row));
	finish(&p);
}

/* The client is thrown out at once; the server hears of it when the time is over. */
static void test_late_close(void **state)
{
	struct pair p;
	int end = -1;

	(void)state;
	begin(&p, 3);
	fault_tell(&p.fault, "a hold 600");
	fault_tell(&p.fault, "a cut up 10 10 late");
	join(&p);
	int64_t from = now_ms();
	assert_int_equal(send(p.client, "0123456789ab", 12, 0), 12);
	(void)read_all(p.client, &end);
	int64_t client_knew = now_ms() - from;
	assert_int_equal(read_all(p.server, &end), 10);
	assert_true(now_ms() - from >= 600);
	assert_true(client_knew <= now_ms() - from);
	finish(&p);
}

static void test_keeps_the_old_connection(void **state)
{
	struct pair p;
	char c;
	int end;

	(void)state;
	begin(&p, 4);
	fault_tell(&p.fault, "a keep on");
	join(&p);
	assert_int_equal(send(p.client, "x", 1, 0), 1);
	read_exactly(p.server, &c, 1);
	close(p.client);
	p.client = -1;
	assert_true(is_quiet(p.server));
	fault_tell(&p.fault, "a keep off");
	assert_int_equal(read_all(p.server, &end), 0);
	finish(&p);
}

static void test_latency_and_rate(void **state)
{
	static char bytes[8000];
	struct pair p;

	(void)state;
	begin(&p, 5);
	fault_tell(&p.fault, "a latency up 300");
	join(&p);
	int64_t from = now_ms();
	assert_int_equal(send(p.client, bytes, 100, 0), 100);
	read_exactly(p.server, bytes, 100);
	assert_true(now_ms() - from >= 299);
	from = now_ms();
	assert_int_equal(send(p.server, bytes, 100, 0), 100); /* not in this direction */
	read_exactly(p.client, bytes, 100);
	fault_tell(&p.fault, "a clear");
	fault_tell(&p.fault, "a rate down 16000");
	from = now_ms();
	assert_int_equal(send(p.server, bytes, sizeof(bytes), 0), sizeof(bytes));
	read_exactly(p.client, bytes, sizeof(bytes));
	assert_true(now_ms() - from >= 440); /* 8,000 bytes less the first step's 800 */
	finish(&p);
}

/* The kernel counts segments with data. */
static void test_small_pieces(void **state)
{
	static char bytes[1000];
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	struct pair p;

	(void)state;
	begin(&p, 6);
	fault_tell(&p.fault, "a pieces up 4");
	join(&p);
	assert_int_equal(send(p.client, bytes, sizeof(bytes), 0), sizeof(bytes));
	read_exactly(p.server, bytes, sizeof(bytes));
	assert_int_equal(getsockopt(p.server, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	/* Not as many as pieces: what waits for an ACK is joined by the kernel. Without the rule it is one. */
	if (info.tcpi_data_segs_in < 15)
		fail_msg("only %u segments", info.tcpi_data_segs_in);
	finish(&p);
}

static void test_silence(void **state)
{
	static char bytes[1000];
	struct pair p;

	(void)state;
	begin(&p, 7);
	fault_tell(&p.fault, "a silence up 300");
	join(&p);
	assert_int_equal(send(p.client, bytes, sizeof(bytes), 0), sizeof(bytes));
	read_exactly(p.server, bytes, 300);
	assert_true(is_quiet(p.server));
	assert_int_equal(send(p.server, bytes, 100, 0), 100); /* the other direction lives */
	read_exactly(p.client, bytes, 100);
	fault_tell(&p.fault, "a silence both now");
	assert_int_equal(send(p.server, bytes, 100, 0), 100);
	assert_true(is_quiet(p.client));
	close(p.client); /* not even the end comes through */
	p.client = -1;
	assert_true(is_quiet(p.server));
	finish(&p);
}

static void test_refuses(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, 8);
	fault_tell(&p.fault, "a refuse on");
	assert_int_equal(try_connect(&p), -ECONNREFUSED);
	int64_t from = now_ms();
	fault_tell(&p.fault, "a refuse 300");
	int fd;
	while ((fd = try_connect(&p)) < 0 && now_ms() - from < DEADLINE_MS) {
		assert_int_equal(fd, -ECONNREFUSED);
		(void)poll(NULL, 0, 10);
	}
	assert_true(fd >= 0);
	assert_true(now_ms() - from >= 290);
	p.client = fd;
	part(&p);
	/* Nobody behind it: the client is thrown out. */
	close(p.listen_fd);
	p.listen_fd = -1;
	int end = 0;
	p.client = try_connect(&p);
	assert_true(p.client >= 0);
	assert_int_equal(read_all(p.client, &end), 0);
	finish(&p);
}

static void test_drops_the_present_ones(void **state)
{
	struct pair p;
	int end = 0;

	(void)state;
	begin(&p, 9);
	join(&p);
	fault_tell(&p.fault, "* drop rst");
	assert_int_equal(read_all(p.client, &end), 0);
	assert_int_equal(end, ECONNRESET);
	part(&p);
	join(&p);
	fault_tell(&p.fault, "a drop fin");
	assert_int_equal(read_all(p.server, &end), 0);
	assert_int_equal(end, 0);
	assert_int_equal(fault_figure(&p.fault, "a", "connections"), 2);
	finish(&p);
}

/* What the lot decided, as the receivers saw it. */
static void record(uint64_t seed, size_t got[2][8])
{
	static char bytes[5000];
	struct pair p;
	int end;

	begin(&p, seed);
	fault_tell(&p.fault, "a cut any 0 4000 fin");
	for (size_t i = 0; i < 8; i++) {
		join(&p);
		(void)send(p.client, bytes, sizeof(bytes), MSG_NOSIGNAL);
		(void)send(p.server, bytes, sizeof(bytes), MSG_NOSIGNAL);
		/* The direction that isn't cut depends on when the other is; it is not compared. */
		size_t up = read_all(p.server, &end), down = read_all(p.client, &end);
		got[0][i] = up < down ? up : down;
		part(&p);
	}
	finish(&p);
}

static void test_seed_gives_the_same_cuts(void **state)
{
	size_t a[2][8] = { { 0 } }, b[2][8] = { { 0 } }, c[2][8] = { { 0 } };
	int same = 0, other = 0;

	(void)state;
	record(42, a);
	record(42, b);
	record(43, c);
	for (size_t i = 0; i < 8; i++) {
		same += a[0][i] == b[0][i];
		other += a[0][i] == c[0][i];
	}
	/* The direction that is not cut may have got less: then its number stands there. */
	assert_true(same >= 5);
	assert_true(other <= 2);
}

static void test_refuses_what_it_does_not_know(void **state)
{
	static const char *const bad[] = { "", "b clear", "a", "a cut", "a cut up 5 4 fin",
		"a cut up 1 2 soon", "a latency sideways 3", "a rate up", "a hold",
		"a silence up x", "a refuse", "a drop", "a sing up 3" };
	char answer[PROXY_ANSWER_MAX];
	struct proxy *p = proxy_create(1);

	(void)state;
	assert_non_null(p);
	assert_true(proxy_add_link(p, "a", 1) > 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (proxy_tell(p, bad[i], answer) == 0)
			fail_msg("took \"%s\"", bad[i]);
		assert_memory_equal(answer, "error", 5);
	}
	proxy_destroy(p);
	proxy_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes_all_bytes),
		cmocka_unit_test(test_cuts_at_the_byte),
		cmocka_unit_test(test_late_close),
		cmocka_unit_test(test_keeps_the_old_connection),
		cmocka_unit_test(test_latency_and_rate),
		cmocka_unit_test(test_small_pieces),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_drops_the_present_ones),
		cmocka_unit_test(test_seed_gives_the_same_cuts),
		cmocka_unit_test(test_refuses_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
