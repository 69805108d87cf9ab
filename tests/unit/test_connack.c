/* SPDX-License-Identifier: EUPL-1.2 */
/* M4: a broker's refusals, by hand, since a real Mosquitto sends 135 alone. The link tells each once and tries on. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/link.h"
#include "unit/broker.h"
#include "unit/unit.h"

#define DEADLINE_MS 60000
#define ATTEMPTS 2 /* refused; the next one is let in */

static void wait_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

/* Takes one connection and answers its CONNECT. Return: the connection. */
static int answer(int server, int code)
{
	const unsigned char connack[] = { 0x20, 3, 0, (unsigned char)code, 0 };
	unsigned char connect[512];

	wait_readable(server);
	int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	wait_readable(fd);
	assert_true(recv(fd, connect, sizeof(connect), 0) > 10);
	assert_int_equal(connect[0], 0x10);
	assert_int_equal(connect[8], 5); /* never another version, also after a refusal */
	assert_int_equal(send(fd, connack, sizeof(connack), MSG_NOSIGNAL), sizeof(connack));
	return fd;
}

static struct link_event next(struct link *link)
{
	struct link_event e;

	while (!link_take(link, &e))
		wait_readable(link_fd(link));
	return e;
}

static void m4_connack_134_to_137_is_told_once_and_tried_again(void **state)
{
	(void)state;
	struct link_config config = { .host = "127.0.0.1", .client_id = "a", .keepalive_s = 30 };

	for (int code = 134; code <= 137; code++) {
		struct link *link = NULL;
		char said[32];
		int server = broker_silent(false, &config.port);
		assert_true(server >= 0);
		assert_int_equal(link_open(&config, &link), 0);
		for (int i = 0; i < ATTEMPTS; i++)
			(void)close(answer(server, code));
		int fd = answer(server, 0);
		struct link_event e = next(link);
		(void)snprintf(said, sizeof(said), "CONNACK %d", code);
		assert_int_equal(e.kind, LINK_EVENT_DOWN);
		assert_int_equal(e.code, code);
		assert_non_null(strstr(e.reason, said));
		e = next(link); /* and no second word about it */
		assert_int_equal(e.kind, LINK_EVENT_UP);
		link_close(link, 0);
		(void)close(fd);
		(void)close(server);
	}
}

/* Each refusal for another reason is news, what the network does in between is none. */
static void m4_another_refusal_while_down_is_told(void **state)
{
	(void)state;
	struct link_config config = { .host = "127.0.0.1", .client_id = "a", .keepalive_s = 30 };
	struct link *link = NULL;
	int server = broker_silent(false, &config.port);

	assert_true(server >= 0);
	assert_int_equal(link_open(&config, &link), 0);
	(void)close(answer(server, 136));
	(void)close(answer(server, 135));
	int fd = answer(server, 0);
	assert_int_equal(next(link).code, 136);
	assert_int_equal(next(link).code, 135);
	assert_int_equal(next(link).kind, LINK_EVENT_UP);
	link_close(link, 0);
	(void)close(fd);
	(void)close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m4_connack_134_to_137_is_told_once_and_tried_again),
		cmocka_unit_test(m4_another_refusal_while_down_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
