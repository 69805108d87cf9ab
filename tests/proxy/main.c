/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fault_proxy SEED CONTROL NAME=PORT...: the proxy as a program of its own.
 *
 * Listens for each NAME on a free port of loopback and connects to PORT there. CONTROL: a Unix socket (SOCK_SEQPACKET); each
 * datagram is a line of proxy.h, and is answered. Ends with its last control connection, so that it never outlives a test.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/proxy.h"

#define CLIENTS_MAX 8

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		return -1;
	memcpy(a.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Return: false: this client has gone. */
static bool answer(struct proxy *p, int fd)
{
	char line[256], said[PROXY_ANSWER_MAX];
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return false;
	line[n] = 0;
	(void)proxy_tell(p, line, said);
	return send(fd, said, strlen(said), MSG_NOSIGNAL) > 0;
}

static void run(struct proxy *p, int listen_fd)
{
	struct pollfd fds[1 + CLIENTS_MAX] = { { listen_fd, POLLIN, 0 } };
	size_t n = 1;
	bool had = false;

	while (!had || n > 1) {
		proxy_turn(p, -1, fds, n);
		for (size_t i = n; i-- > 1;) {
			if (!fds[i].revents || answer(p, fds[i].fd))
				continue;
			(void)close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (fds[0].revents && n <= CLIENTS_MAX) {
			int fd = accept(listen_fd, NULL, NULL);
			if (fd >= 0)
				fds[n++] = (struct pollfd){ fd, POLLIN, 0 };
			had = had || fd >= 0;
		}
	}
}

static int add_links(struct proxy *p, int n, char **specs)
{
	for (int i = 0; i < n; i++) {
		char name[PROXY_NAME_MAX];
		char *equals = strchr(specs[i], '=');
		if (!equals || (size_t)(equals - specs[i]) >= sizeof(name))
			return -EINVAL;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - specs[i]), specs[i]);
		int port = proxy_add_link(p, name, (int)strtol(equals + 1, NULL, 10));
		if (port < 0)
			return port;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (argc < 4) {
		(void)fprintf(stderr, "usage: fault_proxy SEED CONTROL NAME=PORT...\n");
		return 2;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	struct proxy *p = proxy_create(strtoull(argv[1], NULL, 10));
	int listen_fd = listen_at(argv[2]);
	int err = !p || listen_fd < 0 ? -EIO : add_links(p, argc - 3, argv + 3);
	if (err)
		(void)fprintf(stderr, "fault_proxy: %s\n", strerror(-err));
	else
		run(p, listen_fd);
	if (listen_fd >= 0) {
		(void)close(listen_fd);
		(void)unlink(argv[2]);
	}
	proxy_destroy(p);
	return err ? 1 : 0;
}
