/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PORT_FIRST 20000
#define PORT_N 12000

/* Return: the claim's descriptor, which ends with the process or is closed; -1 another test has it. */
static int claim(int port)
{
	struct sockaddr_un a = {
		.sun_family = AF_UNIX
	}; /* the name begins with a 0 byte: in no folder */
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "schoolpoort-port-%d", port);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
		bind(fd, (struct sockaddr *)&a,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool nobody_has(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_ANY) }; /* some listen on all, or on 127.0.0.11 */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&a, sizeof(a));

	if (fd >= 0)
		(void)close(fd);
	return r == 0;
}

int port_claim(void)
{
	static unsigned taken;

	for (int tries = 0; tries < PORT_N; tries++) {
		/* Each process begins elsewhere: most find their first one free. */
		int port = PORT_FIRST + (int)(((unsigned)getpid() * 16 + taken++) % PORT_N);
		int fd = claim(port);
		if (fd < 0)
			continue;
		if (nobody_has(port))
			return port; /* the descriptor stays: it is the claim */
		(void)close(fd);
	}
	return -1;
}
