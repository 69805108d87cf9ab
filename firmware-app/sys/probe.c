/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"

struct attempt {
	int64_t until_us;
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
};

/* Return: whether it came before the end. */
static bool wait_for(const struct attempt *a, short events)
{
	for (;;) {
		int64_t left_us = a->until_us - clock_mono_us();
		struct pollfd p = { .fd = a->fd, .events = events };
		if (left_us <= 0)
			return false;
		int n = poll(&p, 1, (int)(left_us / 1000) + 1);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static bool connect_to(struct attempt *a, const struct addrinfo *to)
{
	int error = 0;
	socklen_t len = sizeof(error);

	a->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
	if (a->fd < 0)
		return false;
	bool connected =
		connect(a->fd, to->ai_addr, to->ai_addrlen) == 0 ||
		(errno == EINPROGRESS && wait_for(a, POLLOUT) &&
			getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
	if (!connected) {
		(void)close(a->fd);
		a->fd = -1;
	}
	return connected;
}

static enum probe_result open_port(struct attempt *a, const char *host, int port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char service[16];

	(void)snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(host, service, &hints, &found) != 0)
		return PROBE_NO_NAME;
	bool connected = false;
	for (const struct addrinfo *to = found; to && !connected; to = to->ai_next)
		connected = connect_to(a, to);
	freeaddrinfo(found);
	return connected ? PROBE_NOT_MADE : PROBE_NO_ANSWER;
}

static enum probe_result prepare(struct attempt *a, const char *host, const char *ca_file)
{
	unsigned char address[sizeof(struct in6_addr)];
	char name[256]; /* the macro below wants one that may be written */
	bool is_address =
		inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

	(void)snprintf(name, sizeof(name), "%s", host);
	a->ctx = SSL_CTX_new(TLS_client_method());
	if (!a->ctx || SSL_CTX_set_min_proto_version(a->ctx, TLS1_2_VERSION) != 1)
		return PROBE_NO_TLS;
	if (SSL_CTX_load_verify_locations(a->ctx, ca_file, NULL) != 1)
		return PROBE_CA_UNREADABLE;
	/* To the end of the handshake whatever comes: the verdict is read after it. */
	SSL_CTX_set_verify(a->ctx, SSL_VERIFY_NONE, NULL);
	a->ssl = SSL_new(a->ctx);
	if (!a->ssl || SSL_set_fd(a->ssl, a->fd) != 1)
		return PROBE_NO_TLS;
	bool named = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(a->ssl), host) == 1
				: SSL_set1_host(a->ssl, host) == 1 &&
					  SSL_set_tlsext_host_name(a->ssl, name) == 1;
	return named ? PROBE_NOT_MADE : PROBE_NO_TLS;
}

static enum probe_result shake_hands(const struct attempt *a)
{
	for (;;) {
		int r = SSL_connect(a->ssl);
		if (r == 1)
			return PROBE_NOT_MADE;
		int why = SSL_get_error(a->ssl, r);
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return PROBE_NO_TLS;
		if (!wait_for(a, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT))
			return PROBE_NO_ANSWER;
	}
}

static enum probe_result verdict(const SSL *ssl)
{
	switch (SSL_get_verify_result(ssl)) {
	case X509_V_OK:
		return PROBE_TRUSTED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return PROBE_NOT_YET;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return PROBE_ENDED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return PROBE_OTHER_HOST;
	default:
		return PROBE_OTHER_CA;
	}
}

struct probe probe_tls(const char *host, int port, const char *ca_file, int wait_ms)
{
	/* Who hangs up in the middle is no answer, and no reason to die of. */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;
	(void)sigaction(SIGPIPE, &ignore, &before);
	struct attempt a = { .until_us = clock_mono_us() + wait_ms * INT64_C(1000), .fd = -1 };
	struct probe probe = { .result = open_port(&a, host, port) };

	if (probe.result == PROBE_NOT_MADE)
		probe.result = prepare(&a, host, ca_file);
	if (probe.result == PROBE_NOT_MADE)
		probe.result = shake_hands(&a);
	/* A broker that wants a certificate of ours ends a handshake of TLS 1.2, having shown its own. */
	X509 *peer = a.ssl ? SSL_get1_peer_certificate(a.ssl) : NULL;
	if (peer)
		probe.result = verdict(a.ssl);
	else if (probe.result == PROBE_NOT_MADE)
		probe.result = PROBE_NO_TLS;
	if (peer && cert_of(peer, &probe.cert))
		probe.cert = (struct cert){ .name = "" };
	X509_free(peer);
	SSL_free(a.ssl);
	SSL_CTX_free(a.ctx);
	ERR_clear_error();
	if (a.fd >= 0)
		(void)close(a.fd);
	(void)sigaction(SIGPIPE, &before, NULL);
	return probe;
}
