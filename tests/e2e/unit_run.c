/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit_run RESTART_MS PIDFILE COMMAND...: a service as its unit keeps it: Restart=always, RestartSec=RESTART_MS,
 * RestartPreventExitStatus=2.
 *
 * Says how each run ended, on standard error. Ends by SIGTERM, which it passes on, with status 0 if the service ends
 * so. The process of the present run stands in PIDFILE.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int signals;

static pid_t run(char **command, const char *pidfile)
{
	char temporary[600];
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(command[0], command);
		_exit(127);
	}
	(void)snprintf(temporary, sizeof(temporary), "%s.new", pidfile);
	FILE *f = fopen(temporary, "we");
	if (!f || fprintf(f, "%d\n", (int)pid) < 0 || fclose(f) || rename(temporary, pidfile))
		_exit(127);
	return pid;
}

/* Return: whether SIGTERM came within that time; -1: for ever, or until the service ends. */
static int asked_to_end(int wait_ms)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };
	struct signalfd_siginfo info;

	while (poll(&fd, 1, wait_ms) > 0 && read(signals, &info, sizeof(info)) > 0) {
		if (info.ssi_signo == SIGTERM)
			return 1;
		if (wait_ms < 0)
			return 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	sigset_t set;
	int status = 0;

	if (argc < 4)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || (signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
		return 1;
	int restart_ms = (int)strtol(argv[1], NULL, 10);
	for (;;) {
		pid_t pid = run(argv + 3, argv[2]);
		int end = 0;
		while (!end && waitpid(pid, &status, WNOHANG) == 0)
			end = asked_to_end(-1);
		if (end) {
			(void)kill(pid, SIGTERM);
			(void)waitpid(pid, &status, 0);
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		}
		if (WIFSIGNALED(status))
			(void)fprintf(stderr, "unit_run: signal %d\n", WTERMSIG(status));
		else
			(void)fprintf(stderr, "unit_run: status %d\n", WEXITSTATUS(status));
		if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
			return 2;
		if (asked_to_end(restart_ms))
			return 0;
	}
}
