/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/ran.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "e2e/harness.h"
#include "unit/unit.h"

#define ARGS_MAX 30

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void run_child(const char *program, const char *const *args, int out, int err)
{
	char path[600];
	char *argv[ARGS_MAX + 2];
	size_t n = 0;
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 100);

	if (len <= 0)
		_exit(127);
	path[len] = 0;
	char *base = strrchr(path, '/') + 1;
	(void)snprintf(base, sizeof(path) - (size_t)(base - path), "%s", program);
	argv[n++] = path;
	for (; *args && n <= ARGS_MAX; args++)
		argv[n++] = strdup(*args);
	argv[n] = NULL;
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(err, STDERR_FILENO);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(path, argv);
	_exit(127);
}

/* Return: whether more may come. */
static bool append(int fd, char **text, size_t *len)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n <= 0)
		return false;
	*text = realloc(*text, *len + (size_t)n + 1);
	assert_non_null(*text);
	memcpy(*text + *len, piece, (size_t)n);
	*len += (size_t)n;
	(*text)[*len] = 0;
	return true;
}

struct ran ran_run(const char *program, const char *const *args)
{
	struct ran r = { .out = strdup(""), .err = strdup("") };
	size_t n_out = 0, n_err = 0;
	int out[2], err[2], status;
	const char *factor = getenv("STAGE_SLOWER");
	int64_t end = now_ms() + 60000 * (factor ? strtol(factor, NULL, 10) : 1);

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(program, args, out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	struct pollfd fds[] = { { .fd = out[0], .events = POLLIN },
		{ .fd = err[0], .events = POLLIN } };
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (now_ms() > end || poll(fds, 2, 1000) < 0) {
			(void)kill(pid, SIGKILL);
			fail_msg("%s doesn't end; it said\n%s%s", program, r.out, r.err);
		}
		if (fds[0].revents && !append(out[0], &r.out, &n_out))
			fds[0].fd = -1;
		if (fds[1].revents && !append(err[0], &r.err, &n_err))
			fds[1].fd = -1;
		fds[0].revents = fds[1].revents = 0;
	}
	(void)close(out[0]);
	(void)close(err[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	r.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return r;
}

void ran_finish(struct ran *r)
{
	free(r->out);
	free(r->err);
	*r = (struct ran){ 0 };
}

bool ran_is_line(const char *text, const char *begin)
{
	const char *feed = strchr(text, '\n');

	return feed && !feed[1] && strncmp(text, begin, strlen(begin)) == 0;
}

const char *ran_last_line(const char *text)
{
	static char line[2048];
	size_t n = strlen(text);

	if (n && text[n - 1] == '\n')
		n--;
	size_t begin = n;
	while (begin && text[begin - 1] != '\n')
		begin--;
	(void)snprintf(line, sizeof(line), "%.*s", (int)(n - begin), text + begin);
	return line;
}

size_t ran_entries(const char *folder)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

void ran_write(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

char *ran_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = strdup("");
	size_t len = 0;

	if (!f)
		return text;
	while (append(fileno(f), &text, &len))
		;
	(void)fclose(f);
	return text;
}
