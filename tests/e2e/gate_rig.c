/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/gate_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/school.h"
#include "unit/unit.h"

void gate_rig_join(struct stage *s, struct gate_rig *g)
{
	g->reader = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	g->views = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
}

void gate_rig_start(struct stage *s, struct gate_rig *g, const char *const *env)
{
	g->kiosk = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, env);
	gate_rig_join(s, g);
}

void gate_rig_leave(struct stage *s, struct gate_rig *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
	g->reader = g->views = NULL;
}

void gate_rig_stop(struct stage *s, struct gate_rig *g)
{
	gate_rig_leave(s, g);
	stage_stop(s, g->kiosk);
}

void gate_rig_kill(struct stage *s, struct gate_rig *g)
{
	stage_kill(s, g->kiosk);
	gate_rig_leave(s, g);
}

struct result_wait {
	const struct gate_rig *gate;
	size_t from, found;
};

static bool has_result(struct stage *s, void *ctx)
{
	struct result_wait *w = ctx;

	(void)s;
	for (size_t i = w->from; i < stage_views(w->gate->views); i++)
		if (stage_view(w->gate->views, i)->state == WIRE_VIEW_RESULT) {
			w->found = i;
			return true;
		}
	return false;
}

size_t gate_rig_wait_result(struct stage *s, struct gate_rig *g, size_t from)
{
	struct result_wait w = { .gate = g, .from = from };

	stage_until(s, has_result, &w, "a result on the screen");
	return w.found;
}

void gate_rig_note(struct gate_rig *g, const struct wire_view *v)
{
	if (v->result == WIRE_RESULT_NOT_STORED) {
		assert_true(uuid_is_none(v->checkin));
		return;
	}
	assert_int_equal(v->result, WIRE_RESULT_UNKNOWN_CARD);
	assert_false(uuid_is_none(v->checkin));
	assert_true(g->n_shown < GATE_RIG_TAPS_MAX);
	uuid_format(v->checkin, g->shown[g->n_shown++]);
}

void gate_rig_send(struct stage *s, struct gate_rig *g)
{
	char uid[16];

	/* As a reader does every second: else the gate would show that it has none. */
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	(void)snprintf(uid, sizeof(uid), "04aa%010x", (unsigned)++g->n_taps);
	stage_tap(s, g->reader, uid);
}

enum wire_view_result gate_rig_tap(struct stage *s, struct gate_rig *g)
{
	size_t from = stage_views(g->views);

	gate_rig_send(s, g);
	const struct wire_view *v = stage_view(g->views, gate_rig_wait_result(s, g, from));
	gate_rig_note(g, v);
	return v->result;
}

static bool store_is(struct stage *s, void *ctx)
{
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	const char *word = wire_node_get_text(wire_node_get_node(status, "store"), "state");
	bool is = word && strcmp(word, *(const char **)ctx) == 0;

	wire_node_destroy(status);
	return is;
}

void gate_rig_wait_store(struct stage *s, const char *word)
{
	stage_until(s, store_is, &word, word);
}

void gate_rig_check_delivered(struct stage *s, const struct gate_rig *g, size_t from)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_shown; i++)
		(void)stage_wait_message(s, from, "gate/gate-1/checkin", g->shown[i]);
	/* Where nobody confirms the gate sends again; but never what it did not promise. */
	for (size_t i = 0; i < g->n_shown; i++)
		n += stage_count(s, "gate/gate-1/checkin", g->shown[i]);
	assert_int_equal(stage_count(s, "gate/gate-1/checkin", NULL), n);
	stage_validate(s);
}

void gate_rig_fill(const char *path)
{
	static char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = write(fd, block, sizeof(block))) > 0)
		;
	while ((n = write(fd, block, 512)) > 0) /* and what is less than a page */
		;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);
}

void gate_rig_limit_files(pid_t pid, rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

pid_t gate_rig_inject(pid_t pid, const char *calls, const char *what)
{
	char text[400] = "", number[16], trace[128], inject[256];
	int pipes[2];
	size_t n = 0;
	ssize_t got = 0;

	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	(void)snprintf(trace, sizeof(trace), "trace=%s", calls);
	(void)snprintf(inject, sizeof(inject), "inject=%s:%s", calls, what);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t tracer = fork();
	assert_true(tracer >= 0);
	if (tracer == 0) {
		(void)dup2(pipes[1], STDERR_FILENO);
		(void)execlp("strace", "strace", "-f", "-o", "/dev/null", "-e", trace, "-e", inject,
			"-p", number, (char *)NULL);
		_exit(127);
	}
	(void)close(pipes[1]);
	while (!strstr(text, "attached") && n < sizeof(text) - 1 &&
		(got = read(pipes[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	/* Its standard error stays open for as long as it runs: what it says later must not end it. */
	if (strstr(text, "attached"))
		return tracer;
	(void)close(pipes[0]);
	(void)waitpid(tracer, NULL, 0);
	return -1;
}

void gate_rig_inject_end(pid_t tracer)
{
	assert_int_equal(kill(tracer, SIGINT), 0);
	assert_int_equal(waitpid(tracer, NULL, 0), tracer);
}
