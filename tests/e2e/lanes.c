/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/lanes.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

#define LANES_MAX 8
#define TESTS_MAX 64

struct lane {
	pid_t pid;
	FILE *said;
};

static int run_lane(const char *name, const struct CMUnitTest *tests, size_t n_tests, size_t lane,
	size_t n_lanes, const char *filter)
{
	struct CMUnitTest mine[TESTS_MAX];
	size_t n = 0, matched = 0;

	for (size_t i = 0; i < n_tests; i++)
		if ((!filter || fnmatch(filter, tests[i].name, 0) == 0) &&
			matched++ % n_lanes == lane)
			mine[n++] = tests[i];
	return n ? _cmocka_run_group_tests(name, mine, n, NULL, NULL) : 0;
}

static void print(FILE *said)
{
	char piece[4096];
	size_t n;

	rewind(said);
	while ((n = fread(piece, 1, sizeof(piece), said)) > 0)
		(void)fwrite(piece, 1, n, stdout);
	(void)fflush(stdout);
	(void)fclose(said);
}

int lanes_run(const char *name, const struct CMUnitTest *tests, size_t n_tests, size_t n_lanes,
	const char *filter)
{
	struct lane lanes[LANES_MAX];
	int status, failed = 0;

	if (n_tests > TESTS_MAX || n_lanes > LANES_MAX)
		return EXIT_FAILURE;
	for (size_t i = 0; i < n_lanes; i++) {
		lanes[i].said = tmpfile();
		if (!lanes[i].said)
			return EXIT_FAILURE;
		lanes[i].pid = fork();
		if (lanes[i].pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)dup2(fileno(lanes[i].said), STDOUT_FILENO);
			(void)dup2(fileno(lanes[i].said), STDERR_FILENO);
			exit(run_lane(name, tests, n_tests, i, n_lanes, filter) ? EXIT_FAILURE : 0);
		}
	}
	for (size_t i = 0; i < n_lanes; i++) {
		bool good = lanes[i].pid > 0 && waitpid(lanes[i].pid, &status, 0) == lanes[i].pid &&
			    WIFEXITED(status) && WEXITSTATUS(status) == 0;
		print(lanes[i].said);
		failed += !good;
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
