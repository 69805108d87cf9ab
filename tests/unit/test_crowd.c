/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * M16: many clients at once, one of them that doesn't read, and a region that isn't there.
 *
 * test_crowd [LINKS]: 500 is the row of faults.md. The broker has a bridge to a closed port all the time.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "link/link.h"
#include "unit/broker.h"
#include "unit/unit.h"

#define LINKS_MAX 500
#define PER_PROCESS 50 /* the library waits with select(), which ends at descriptor 1,023 */
#define PROCESSES_MAX (LINKS_MAX / PER_PROCESS)
#define BACK_MS 40000 /* faults.md: delivery within 40 s of the broker's return */
#define BUCKET_MS 100
#define AWAY_MS 6000 /* by then the waits have grown past what a machine may stand still for */
#define BUCKETS (BACK_MS / BUCKET_MS)
#define BURST 300 /* messages of BURST_BYTES: more than any socket takes */
#define BURST_BYTES 100000
#define REGION                                                                                     \
	"allow_anonymous true\nconnection region\naddress 127.0.0.1:1\ntopic public/# out 1\n"

static size_t n_links = 60;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct link *open_link(const char *id, int port, const char *filter)
{
	const struct link_subscription s = { filter, 1, false };
	const struct link_config config = { .host = "127.0.0.1",
		.port = port,
		.client_id = id,
		.subscriptions = &s,
		.n_subscriptions = filter ? 1 : 0,
		.keepalive_s = 30 };
	struct link *link = NULL;

	assert_int_equal(link_open(&config, &link), 0);
	return link;
}

/* Until every link of this process had this event. ret_at_ms: when. */
static bool all_have(struct link **link, size_t n, enum link_event_kind kind, int64_t *ret_at_ms)
{
	struct pollfd fds[PER_PROCESS];
	int64_t from = now_ms();
	size_t left = n;

	memset(ret_at_ms, 0, n * sizeof(*ret_at_ms));
	while (left > 0) {
		for (size_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){ link_fd(link[i]), POLLIN, 0 };
		if (poll(fds, n, BACK_MS) <= 0 || now_ms() - from > 2 * BACK_MS)
			return false;
		for (size_t i = 0; i < n; i++) {
			struct link_event e;
			while (fds[i].revents && link_take(link[i], &e)) {
				if (e.kind == kind && !ret_at_ms[i]) {
					ret_at_ms[i] = now_ms();
					left--;
				}
				link_event_finish(&e);
			}
		}
	}
	return true;
}

/* Some of the links; a word to the parent once all are up, once all are down, and then when each came back. */
static int run_some(int port, size_t first, size_t n, int to_parent)
{
	struct link *link[PER_PROCESS];
	int64_t at_ms[PER_PROCESS];

	for (size_t i = 0; i < n; i++) {
		char id[32];
		snprintf(id, sizeof(id), "gate-%zu", first + i);
		link[i] = open_link(id, port, NULL);
	}
	if (!all_have(link, n, LINK_EVENT_UP, at_ms) || write(to_parent, "u", 1) != 1 ||
		!all_have(link, n, LINK_EVENT_DOWN, at_ms) || write(to_parent, "d", 1) != 1 ||
		!all_have(link, n, LINK_EVENT_UP, at_ms) ||
		write(to_parent, at_ms, n * sizeof(at_ms[0])) < 0)
		return 1;
	for (size_t i = 0; i < n; i++)
		link_close(link[i], 0);
	return 0;
}

/* The same word of every process. */
static void hear(const int *pipes, size_t n, char word)
{
	for (size_t i = 0; i < n; i++) {
		struct pollfd p = { pipes[i], POLLIN, 0 };
		char c = 0;
		if (poll(&p, 1, 2 * BACK_MS) != 1 || read(pipes[i], &c, 1) != 1 || c != word)
			fail_msg("process %zu: no '%c'", i, word);
	}
}

static void print_spread(const int64_t *ms)
{
	int bucket[BUCKETS + 1] = { 0 }, most = 0;
	int64_t last = 0;

	for (size_t i = 0; i < n_links; i++) {
		int64_t b = ms[i] / BUCKET_MS;
		bucket[b < BUCKETS ? b : BUCKETS]++;
		last = ms[i] > last ? ms[i] : last;
	}
	for (int i = 0; i <= BUCKETS; i++) {
		most = bucket[i] > most ? bucket[i] : most;
		if (bucket[i])
			printf("%6d ms %4d\n", i * BUCKET_MS, bucket[i]);
	}
	printf("figure: reconnect of %zu links: at most %d in %d ms, the last after %lld ms (1 "
	       "run, "
	       "broker killed, back after %d s)\n",
		n_links, most, BUCKET_MS, (long long)last, AWAY_MS / 1000);
	fflush(stdout);
	assert_true(last < BACK_MS);
	/* Ten times a second's even share would be a crowd. */
	assert_true((size_t)most < n_links / 2);
}

static void m16_full_jitter_spreads_the_connects(void **state)
{
	static int64_t ms[LINKS_MAX];
	int pipes[PROCESSES_MAX], both[2];
	pid_t pids[PROCESSES_MAX];
	struct broker b;
	size_t n = (n_links + PER_PROCESS - 1) / PER_PROCESS;

	(void)state;
	assert_int_equal(broker_init(&b), 0);
	assert_int_equal(broker_start(&b, REGION), 0);
	for (size_t i = 0; i < n; i++) {
		size_t left = n_links - i * PER_PROCESS;
		assert_int_equal(pipe(both), 0);
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(run_some(b.port, i * PER_PROCESS,
				left < PER_PROCESS ? left : PER_PROCESS, both[1]));
		}
		close(both[1]);
		pipes[i] = both[0];
	}
	hear(pipes, n, 'u');
	broker_kill(&b);
	hear(pipes, n, 'd');
	(void)poll(NULL, 0, AWAY_MS);
	int64_t from = now_ms();
	assert_int_equal(broker_start(&b, REGION), 0);
	for (size_t i = 0; i < n; i++) {
		size_t left = n_links - i * PER_PROCESS,
		       some = left < PER_PROCESS ? left : PER_PROCESS;
		ssize_t len = (ssize_t)(some * sizeof(ms[0]));
		struct pollfd p = { pipes[i], POLLIN, 0 };
		assert_int_equal(poll(&p, 1, 2 * BACK_MS), 1);
		assert_int_equal(read(pipes[i], ms + i * PER_PROCESS, (size_t)len), len);
	}
	for (size_t i = 0; i < n_links; i++)
		ms[i] = ms[i] > from ? ms[i] - from : 0;
	print_spread(ms);
	for (size_t i = 0; i < n; i++) {
		int status = -1;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
		close(pipes[i]);
	}
	broker_stop(&b);
}

/* A care page that subscribed to all and then stopped reading. Return: its socket. */
static int stalled_reader(int port)
{
	static const char connect_packet[] = "\x10\x11\0\x04MQTT\x05\x02\0\x3c\0\0\x04page";
	static const char subscribe_packet[] = "\x82\x09\0\x01\0\0\x03t/#\x01";
	const int small = 4096;
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	char answer[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(send(fd, connect_packet, 19, 0), 19);
	assert_true(recv(fd, answer, sizeof(answer), 0) > 3);
	assert_int_equal(answer[0], 0x20);
	assert_int_equal(answer[3], 0); /* CONNACK: success */
	assert_int_equal(send(fd, subscribe_packet, 11, 0), 11);
	assert_true(recv(fd, answer, sizeof(answer), 0) > 3);
	assert_int_equal((unsigned char)answer[0], 0x90);
	return fd;
}

static void m16_who_does_not_read_holds_nobody_up(void **state)
{
	static char bytes[BURST_BYTES];
	struct broker b;
	struct link_event e;
	int heard = 0, acked = 0, posted = 0;

	(void)state;
	assert_int_equal(broker_init(&b), 0);
	assert_int_equal(broker_start(&b, REGION), 0);
	int page = stalled_reader(b.port);
	struct link *reader = open_link("reader", b.port, "t/#");
	struct link *writer = open_link("writer", b.port, NULL);
	int64_t from = now_ms();
	while ((heard < BURST || acked < BURST) && now_ms() - from < BACK_MS) {
		struct pollfd fds[] = { { link_fd(reader), POLLIN, 0 },
			{ link_fd(writer), POLLIN, 0 } };
		(void)poll(fds, 2, 100);
		while (link_take(reader, &e)) {
			heard += e.kind == LINK_EVENT_MESSAGE;
			link_event_finish(&e);
		}
		while (link_take(writer, &e)) {
			acked += e.kind == LINK_EVENT_ACK;
			link_event_finish(&e);
		}
		/* The reader is there first, or it would miss the first ones. */
		if (!link_up(reader) || !link_up(writer))
			continue;
		while (posted < BURST && posted - acked < 20 &&
			link_post(writer, posted % 2 ? "t/care" : "t/public", bytes, sizeof(bytes),
				1, false, (uint64_t)posted + 1) == 0)
			posted++;
	}
	int64_t took = now_ms() - from;
	assert_int_equal(heard, BURST);
	assert_int_equal(acked, BURST);
	printf("figure: 30 MB to one reader beside one that does not read %lld ms (1 run, region's "
	       "port closed)\n",
		(long long)took);
	fflush(stdout);
	link_close(reader, 0);
	link_close(writer, 0);
	close(page);
	broker_stop(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m16_full_jitter_spreads_the_connects),
		cmocka_unit_test(m16_who_does_not_read_holds_nobody_up),
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (argc > 1)
		n_links = strtoul(argv[1], NULL, 10);
	if (n_links > LINKS_MAX)
		return 2;
	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
