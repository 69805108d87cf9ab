/* SPDX-License-Identifier: EUPL-1.2 */
/* What a handshake tells of a broker: each certificate that a unit must not trust, and each port that is no broker's. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/probe.h"
#include "unit/new_cert.h"
#include "unit/tempdir.h"
#include "unit/unit.h"

#define DAY_S INT64_C(86400)
#define WAIT_MS 10000
#define SHORT_MS 200 /* where the end of the wait is what is looked at */

static struct {
	char dir[TEMPDIR_MAX], ca_file[TEMPDIR_PATH_MAX];
	struct new_cert ca, other;
	int64_t now_s;
} on;

static int setup(void **state)
{
	(void)state;
	if (tempdir_make(on.dir))
		return -1;
	on.now_s = time(NULL);
	on.ca = new_cert_make("School CA", on.now_s - 900 * DAY_S, on.now_s + 900 * DAY_S, NULL);
	on.other = new_cert_make("Other CA", on.now_s - 900 * DAY_S, on.now_s + 900 * DAY_S, NULL);
	(void)snprintf(on.ca_file, sizeof(on.ca_file), "%s/ca.crt", on.dir);
	new_cert_write(&on.ca, on.ca_file, NULL, "we");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	new_cert_finish(&on.ca);
	new_cert_finish(&on.other);
	tempdir_remove(on.dir);
	return 0;
}

static int listen_somewhere(int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

enum manner { SHAKES, WANTS_ONE_TOO, SILENT, PLAIN, OLD };

/* In a process of its own: one client, until it goes. */
static void serve(int listener, enum manner manner, const struct new_cert *cert)
{
	char byte;
	int fd = accept(listener, NULL, NULL);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(ctx, cert->x509);
	SSL_CTX_use_PrivateKey(ctx, cert->key);
	if (manner == OLD)
		SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	if (manner == WANTS_ONE_TOO) {
		SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (manner == PLAIN)
		(void)!write(fd, "220 mail.example\r\n", 18);
	else if (manner != SILENT)
		(void)SSL_accept(ssl);
	if (manner == WANTS_ONE_TOO)
		_exit(0); /* as a broker hangs up */
	while (read(fd, &byte, 1) > 0)
		;
	_exit(0);
}

static struct probe probe_of(
	enum manner manner, const struct new_cert *cert, const char *host, int wait_ms)
{
	int port;
	int listener = listen_somewhere(&port);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		serve(listener, manner, cert);
	assert_int_equal(close(listener), 0);
	struct probe p = probe_tls(host, port, on.ca_file, wait_ms);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return p;
}

static void m6_each_certificate(void **state)
{
	static const struct {
		const char *name, *of, *host;
		int64_t from_s, until_s; /* from now */
		bool foreign;
		enum probe_result want;
	} row[] = {
		{ "well", "localhost", "localhost", -DAY_S, DAY_S, false, PROBE_TRUSTED },
		{ "m5: not yet", "localhost", "localhost", DAY_S, 2 * DAY_S, false, PROBE_NOT_YET },
		{ "ended", "localhost", "localhost", -2 * DAY_S, -DAY_S, false, PROBE_ENDED },
		{ "another host", "elsewhere.example", "localhost", -DAY_S, DAY_S, false,
			PROBE_OTHER_HOST },
		{ "by its address", "localhost", "127.0.0.1", -DAY_S, DAY_S, false,
			PROBE_OTHER_HOST },
		{ "another CA", "localhost", "localhost", -DAY_S, DAY_S, true, PROBE_OTHER_CA },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct new_cert c = new_cert_make(row[i].of, on.now_s + row[i].from_s,
			on.now_s + row[i].until_s, row[i].foreign ? &on.other : &on.ca);
		struct probe p = probe_of(SHAKES, &c, row[i].host, WAIT_MS);
		struct probe half = probe_of(WANTS_ONE_TOO, &c, row[i].host, WAIT_MS);
		if (half.result != p.result || strcmp(half.cert.name, p.cert.name) != 0)
			fail_msg("%s: %d of a broker that wants ours", row[i].name,
				(int)half.result);
		if (p.result != row[i].want || strcmp(p.cert.name, row[i].of) != 0 ||
			p.cert.until_ms != (on.now_s + row[i].until_s) * 1000)
			fail_msg("%s: %d of \"%s\"", row[i].name, (int)p.result, p.cert.name);
		new_cert_finish(&c);
	}
}

static void each_port_that_is_no_brokers(void **state)
{
	struct new_cert c = new_cert_make("localhost", on.now_s - DAY_S, on.now_s + DAY_S, &on.ca);
	int port;

	(void)state;
	assert_int_equal(probe_of(PLAIN, &c, "localhost", WAIT_MS).result, PROBE_NO_TLS);
	assert_int_equal(probe_of(OLD, &c, "localhost", WAIT_MS).result, PROBE_NO_TLS);
	assert_int_equal(probe_of(SILENT, &c, "localhost", SHORT_MS).result, PROBE_NO_ANSWER);
	int listener = listen_somewhere(&port);
	assert_int_equal(close(listener), 0);
	assert_int_equal(probe_tls("localhost", port, on.ca_file, WAIT_MS).result, PROBE_NO_ANSWER);
	assert_int_equal(
		probe_tls("no such name", port, on.ca_file, WAIT_MS).result, PROBE_NO_NAME);
	listener = listen_somewhere(&port);
	assert_int_equal(
		probe_tls("localhost", port, "/nonexistent", WAIT_MS).result, PROBE_CA_UNREADABLE);
	assert_int_equal(close(listener), 0);
	new_cert_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m6_each_certificate),
		cmocka_unit_test(each_port_that_is_no_brokers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
