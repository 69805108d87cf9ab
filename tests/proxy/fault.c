/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/fault.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/proxy.h"
#include "unit/unit.h"

#define START_TRIES 1000 /* of 10 ms */

static void run(const char *control, uint64_t seed, const char *const *links)
{
	char self[512], number[32];
	char *argv[4 + PROXY_LINKS_MAX];
	size_t n = 0;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 16);

	if (len <= 0)
		_exit(126);
	self[len] = 0;
	memcpy(strrchr(self, '/') + 1, "fault_proxy", sizeof("fault_proxy"));
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)seed);
	argv[n++] = self;
	argv[n++] = number;
	argv[n++] = strdup(control);
	for (; *links && n < sizeof(argv) / sizeof(argv[0]) - 1; links++)
		argv[n++] = strdup(*links);
	argv[n] = NULL;
	execv(self, argv);
	_exit(127);
}

void fault_start(struct fault *f, uint64_t seed, const char *const *links)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/schoolpoort-proxy-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/control", f->dir);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0)
		run(a.sun_path, seed, links);
	f->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(f->fd >= 0);
	for (int i = 0; connect(f->fd, (struct sockaddr *)&a, sizeof(a)) < 0; i++) {
		if (i == START_TRIES || waitpid(f->pid, NULL, WNOHANG) == f->pid)
			fail_msg("fault_proxy did not start");
		(void)poll(NULL, 0, 10); /* a socket file has no event; the loop has the deadline */
	}
}

static void ask(struct fault *f, const char *line, char answer[PROXY_ANSWER_MAX])
{
	assert_true(send(f->fd, line, strlen(line), MSG_NOSIGNAL) > 0);
	ssize_t n = recv(f->fd, answer, PROXY_ANSWER_MAX - 1, 0);
	assert_true(n > 0);
	answer[n] = 0;
	if (strncmp(answer, "error", 5) == 0)
		fail_msg("fault_proxy: %s: %s", line, answer);
}

int fault_port(struct fault *f, const char *link)
{
	char line[128], answer[PROXY_ANSWER_MAX];

	(void)snprintf(line, sizeof(line), "%s port", link);
	ask(f, line, answer);
	return (int)strtol(answer, NULL, 10);
}

void fault_tell(struct fault *f, const char *format, ...)
{
	char line[256], answer[PROXY_ANSWER_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	ask(f, line, answer);
}

uint64_t fault_figure(struct fault *f, const char *link, const char *what)
{
	char line[128], answer[PROXY_ANSWER_MAX];

	(void)snprintf(line, sizeof(line), "%s stats", link);
	ask(f, line, answer);
	const char *at = strstr(answer, what);
	assert_non_null(at);
	return strtoull(at + strlen(what), NULL, 10);
}

void fault_stop(struct fault *f)
{
	if (!f->pid)
		return;
	(void)close(f->fd); /* it ends with its last control connection */
	while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)rmdir(f->dir);
	f->pid = 0;
}
