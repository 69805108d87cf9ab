/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/emu_time.h"

#define ARGS_MAX 24 /* of the emulator's command line */
#define COMMAND_MAX 256 /* as EMU_LINE_MAX */

struct emu_control {
	int fd;
	char answer[EMU_CONTROL_ANSWER_MAX + 1];
};

/* Returns 0 once the descriptor can be read, or a negative errno. */
static int await(int fd, int64_t until_us)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int n = poll(&p, 1, emu_left_ms(until_us));
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static void run_child(const char *program, const char *link, const char *control,
	const char *const more[], int ready_fd)
{
	char *args[ARGS_MAX];
	char fd_text[16];
	const char *fixed[] = { program, "--link", link, "--control", control, "--ready-fd",
		fd_text };
	size_t n = 0;

	snprintf(fd_text, sizeof(fd_text), "%d", ready_fd);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		args[n++] = strdup(fixed[i]);
	for (size_t i = 0; more && more[i] && n < ARGS_MAX - 1; i++)
		args[n++] = strdup(more[i]);
	args[n] = NULL;
	fcntl(ready_fd, F_SETFD, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails half-way leaves none behind */
	execv(program, args);
	_exit(127);
}

/* The pipe says "ready ..." or ends with the process. */
static int await_ready(int fd, int64_t until_us)
{
	char byte;
	int err = await(fd, until_us);

	if (err)
		return err;
	return read(fd, &byte, 1) == 1 ? 0 : -ECHILD;
}

int emu_control_start(const char *program, const char *link, const char *control,
	const char *const more[], int deadline_ms, pid_t *ret_pid)
{
	int64_t until_us = emu_now_us() + (int64_t)deadline_ms * 1000;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		run_child(program, link, control, more, ends[1]);
	close(ends[1]);
	int err = pid < 0 ? -EAGAIN : await_ready(ends[0], until_us);
	close(ends[0]);
	if (err && pid > 0)
		emu_control_stop(pid, 0);
	if (!err)
		*ret_pid = pid;
	return err;
}

int emu_control_stop(pid_t pid, int deadline_ms)
{
	int64_t until_us = emu_now_us() + (int64_t)deadline_ms * 1000;
	int status = 0, err = 0;
	int fd = pidfd_open(pid, 0);

	kill(pid, SIGTERM);
	if (fd >= 0)
		err = await(fd, until_us);
	if (err)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

int emu_control_open(const char *path, struct emu_control **ret_control)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct emu_control *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	int err = 0;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof(address.sun_path))
		err = -ENAMETOOLONG;
	else
		memcpy(address.sun_path, path, strlen(path));
	if (!err && (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0))
		err = -errno;
	if (err)
		emu_control_close(c);
	else
		*ret_control = c;
	return err;
}

void emu_control_close(struct emu_control *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static int read_answer(struct emu_control *c, int64_t until_us)
{
	size_t len = 0;

	while (len < EMU_CONTROL_ANSWER_MAX) {
		int err = await(c->fd, until_us);
		if (err)
			return err;
		ssize_t n = recv(c->fd, c->answer + len, EMU_CONTROL_ANSWER_MAX - len, 0);
		if (n <= 0)
			return n == 0 ? -EPIPE : -errno;
		len += (size_t)n;
		if (c->answer[len - 1] == '\n') { /* a command has one line as its answer */
			c->answer[len - 1] = '\0';
			return 0;
		}
	}
	return -EMSGSIZE;
}

static int ask(struct emu_control *c, int deadline_ms, const char *line, size_t n)
{
	int64_t until_us = emu_now_us() + (int64_t)deadline_ms * 1000;

	c->answer[0] = '\0';
	if (send(c->fd, line, n, MSG_NOSIGNAL) != (ssize_t)n)
		return -EPIPE;
	return read_answer(c, until_us);
}

int emu_control_tell(struct emu_control *c, int deadline_ms, const char *format, ...)
{
	char line[COMMAND_MAX];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line) - 1)
		return -EMSGSIZE;
	line[n] = '\n';
	int err = ask(c, deadline_ms, line, (size_t)n + 1);
	if (err)
		return err;
	return strcmp(c->answer, "ok") == 0 ? 0 : -EINVAL;
}

int emu_control_state(struct emu_control *c, int deadline_ms, const char *uid)
{
	char line[COMMAND_MAX];
	int n = snprintf(line, sizeof(line), "state%s%s\n", uid ? " " : "", uid ? uid : "");

	if (n < 0 || (size_t)n >= sizeof(line))
		return -EMSGSIZE;
	int err = ask(c, deadline_ms, line, (size_t)n);
	if (err)
		return err;
	return c->answer[0] == '{' ? 0 : -EINVAL;
}

const char *emu_control_answer(const struct emu_control *c)
{
	return c->answer;
}

int64_t emu_control_number(const struct emu_control *c, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = strchr(c->answer, '"'); p; p = strchr(p + 1, '"')) {
		if (strncmp(p + 1, key, len) == 0 && p[len + 1] == '"' && p[len + 2] == ':')
			return strtoll(p + len + 3, NULL, 10);
	}
	return -1;
}
