/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/manager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

#define TICK_MS 20
#define LINE_MAX_BYTES 512

struct manager {
	struct stage *stage;
	char path[108];
	int fd, timer_fd;
	size_t n_units;
	struct manager_unit units[MANAGER_UNITS_MAX];
};

int64_t manager_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* ---- what the file says ---------------------------------------------------------------------- */

static int64_t seconds(const char *name, const char *value)
{
	char *end;
	long s = strtol(value, &end, 10);

	if (*end || s < 0)
		fail_msg("%s: \"%s\" is not a number of seconds", name, value);
	return s * INT64_C(1000);
}

static void take_key(struct manager_unit *u, const char *key, const char *value)
{
	if (strcmp(key, "Type") == 0 && strcmp(value, "notify") != 0)
		fail_msg("%s: this manager knows Type=notify alone", u->name);
	if (strcmp(key, "WatchdogSec") == 0)
		u->watchdog_ms = seconds(u->name, value);
	if (strcmp(key, "RestartSec") == 0)
		u->restart_ms = seconds(u->name, value);
	if (strcmp(key, "TimeoutStopSec") == 0)
		u->stop_ms = seconds(u->name, value);
	if (strcmp(key, "Restart") == 0)
		u->restart = strcmp(value, "always") == 0;
	if (strcmp(key, "WatchdogSignal") == 0) {
		assert_string_equal(value, "SIGKILL");
		u->watchdog_signal = SIGKILL;
	}
	if (strcmp(key, "RestartPreventExitStatus") != 0)
		return;
	for (char *end; *value; value = end) {
		long status = strtol(value, &end, 10);
		assert_ptr_not_equal(value, end);
		assert_true(u->n_prevent < MANAGER_PREVENT_MAX);
		u->prevent[u->n_prevent++] = (int)status;
	}
}

static void read_unit(struct manager_unit *u)
{
	char path[300], line[LINE_MAX_BYTES];

	/* systemd's own defaults, where the file is silent. */
	u->restart_ms = 100;
	u->stop_ms = 90000;
	u->watchdog_signal = SIGABRT;
	(void)snprintf(path, sizeof(path),
		TEST_SOURCE_DIR "/firmware-app/packaging/systemd/%s.service", u->name);
	FILE *f = fopen(path, "re");
	if (!f)
		fail_msg("%s can't be read", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		char *equals = strchr(line, '=');
		if (line[0] == '#' || !equals)
			continue;
		*equals = 0;
		take_key(u, line, equals + 1);
	}
	assert_int_equal(fclose(f), 0);
}

/* ---- a unit's life --------------------------------------------------------------------------- */

static void start(struct manager *m, struct manager_unit *u)
{
	char notify[160], usec[64];
	const char *env[MANAGER_WORDS_MAX + 3] = { notify, usec };
	size_t n = 2;

	(void)snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s", m->path);
	(void)snprintf(usec, sizeof(usec), "WATCHDOG_USEC=%lld", (long long)u->watchdog_ms * 1000);
	for (size_t i = 0; i < MANAGER_WORDS_MAX && u->env[i]; i++)
		env[n++] = u->env[i];
	u->ready = false;
	u->start_ms = u->kill_ms = 0;
	u->patience_ms = u->watchdog_ms;
	u->started_ms = manager_now_ms();
	u->n_starts++;
	u->program = stage_start(m->stage, u->name, u->conf, u->args, env);
}

static bool is_prevented(const struct manager_unit *u, int status)
{
	for (size_t i = 0; i < u->n_prevent; i++)
		if (u->prevent[i] == status)
			return true;
	return false;
}

static void note_end(struct manager *m, struct manager_unit *u, int status)
{
	const char *said = stage_text(u->program);

	u->log_bytes += strlen(said);
	for (; (said = strchr(said, '\n')); said++)
		u->log_lines++;
	stage_forget(m->stage, u->program);
	u->program = NULL;
	u->ready = false;
	u->last_status = status;
	u->ended_ms = manager_now_ms();
	if (is_prevented(u, status))
		u->wanted = false;
	if (u->wanted && u->restart)
		u->start_ms = u->ended_ms + u->restart_ms;
}

/* As systemd does it: what a signal is for is also let run, so that it can take it. */
static void send_signal(const struct manager_unit *u, int signal_number)
{
	(void)kill(stage_pid(u->program), signal_number);
	if (signal_number != SIGKILL)
		(void)kill(stage_pid(u->program), SIGCONT);
}

static void look_at(struct manager *m, struct manager_unit *u)
{
	int64_t now = manager_now_ms();
	int status;

	if (u->program && stage_ended(m->stage, u->program, &status))
		note_end(m, u, status);
	if (!u->program) {
		if (u->start_ms && now >= u->start_ms)
			start(m, u);
		return;
	}
	if (u->kill_ms && now >= u->kill_ms) {
		u->kill_ms = 0;
		u->n_killed++;
		send_signal(u, SIGKILL);
	}
	if (u->ready && u->wanted && u->watchdog_ms && now - u->fed_ms > u->patience_ms) {
		u->ready = false; /* ended once a run */
		u->n_hung++;
		u->hung_ms = now;
		u->kill_ms = now + u->stop_ms;
		send_signal(u, u->watchdog_signal);
	}
}

static void on_timer(void *ctx)
{
	struct manager *m = ctx;
	uint64_t n;

	(void)!read(m->timer_fd, &n, sizeof(n));
	for (size_t i = 0; i < m->n_units; i++)
		look_at(m, &m->units[i]);
}

/* ---- what they say --------------------------------------------------------------------------- */

static struct manager_unit *unit_of(struct manager *m, pid_t pid)
{
	for (size_t i = 0; i < m->n_units; i++)
		if (m->units[i].program && stage_pid(m->units[i].program) == pid)
			return &m->units[i];
	return NULL; /* NotifyAccess=main */
}

static void take_word(struct manager_unit *u, const char *word)
{
	int64_t now = manager_now_ms();
	bool ready = strcmp(word, "READY=1") == 0, fed = strcmp(word, "WATCHDOG=1") == 0;

	if (strncmp(word, "WATCHDOG_USEC=", 14) == 0) {
		u->patience_ms = strtoll(word + 14, NULL, 10) / 1000;
		/* Ours ask for three times what the file says, and no more. */
		assert_in_range(u->patience_ms, u->watchdog_ms, 3 * u->watchdog_ms);
		u->n_patient += u->patience_ms > u->watchdog_ms;
		return;
	}
	if (ready && u->ready)
		fail_msg("%s said READY=1 twice", u->name);
	if (!ready && !fed && strcmp(word, "STOPPING=1") != 0 && strncmp(word, "STATUS=", 7) != 0)
		fail_msg("%s said \"%s\"", u->name, word);
	if (fed && u->ready && now - u->fed_ms > u->longest_ms)
		u->longest_ms = now - u->fed_ms;
	if (ready) {
		u->ready = true;
		u->ready_ms = now;
		u->n_ready++;
	}
	if (fed)
		u->n_fed++;
	if (ready || fed)
		u->fed_ms = now;
}

static void on_word(void *ctx)
{
	struct manager *m = ctx;
	char text[4096];
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;

	for (;;) {
		struct iovec iov = { text, sizeof(text) - 1 };
		struct msghdr msg = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes) };
		struct ucred from = { 0 };
		ssize_t n = recvmsg(m->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0)
			return;
		text[n] = 0;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_type == SCM_CREDENTIALS)
				memcpy(&from, CMSG_DATA(c), sizeof(from));
		struct manager_unit *u = unit_of(m, from.pid);
		char *save = NULL;
		for (char *word = strtok_r(text, "\n", &save); u && word;
			word = strtok_r(NULL, "\n", &save))
			take_word(u, word);
	}
}

/* ---- for tests ------------------------------------------------------------------------------- */

struct manager *manager_open(struct stage *s)
{
	struct manager *m = calloc(1, sizeof(*m));
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct itimerspec every = { { 0, TICK_MS * 1000000L }, { 0, TICK_MS * 1000000L } };
	int one = 1;

	assert_non_null(m);
	m->stage = s;
	(void)snprintf(m->path, sizeof(m->path), "%s", stage_path(s, "notify"));
	memcpy(a.sun_path, m->path, strlen(m->path) + 1);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(setsockopt(m->fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	m->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	assert_true(m->timer_fd >= 0);
	assert_int_equal(timerfd_settime(m->timer_fd, 0, &every, NULL), 0);
	stage_add_fd(s, m->fd, on_word, m);
	stage_add_fd(s, m->timer_fd, on_timer, m);
	return m;
}

struct manager_unit *manager_start(struct manager *m, const char *name, const char *conf,
	const char *const *args, const char *const *env)
{
	assert_true(m->n_units < MANAGER_UNITS_MAX);
	struct manager_unit *u = &m->units[m->n_units++];

	*u = (struct manager_unit){ .conf = conf, .last_status = -1, .wanted = true };
	(void)snprintf(u->name, sizeof(u->name), "%s", name);
	for (size_t i = 0; args && args[i]; i++)
		u->args[i] = args[i];
	for (size_t i = 0; env && env[i]; i++)
		u->env[i] = env[i];
	read_unit(u);
	start(m, u);
	return u;
}

void manager_again(struct manager *m, struct manager_unit *u)
{
	assert_null(u->program);
	u->wanted = true;
	start(m, u);
}

static bool has_ended(struct stage *s, void *ctx)
{
	(void)s;
	return !((struct manager_unit *)ctx)->program;
}

int64_t manager_stop(struct manager *m, struct manager_unit *u)
{
	char what[100];

	u->wanted = false;
	u->start_ms = 0;
	if (!u->program)
		return 0;
	int64_t asked_ms = manager_now_ms();
	assert_int_equal(kill(stage_pid(u->program), SIGTERM), 0);
	(void)snprintf(what, sizeof(what), "%s to stop", u->name);
	u->kill_ms = asked_ms + u->stop_ms;
	stage_until(m->stage, has_ended, u, what);
	if (u->last_status != 0)
		fail_msg("%s ended with status %d", u->name, u->last_status);
	return u->ended_ms - asked_ms;
}

struct ready_wait {
	const struct manager_unit *unit;
	size_t n;
};

static bool is_ready(struct stage *s, void *ctx)
{
	struct ready_wait *w = ctx;

	(void)s;
	return w->unit->n_ready >= w->n;
}

void manager_wait_ready(struct manager *m, struct manager_unit *u, size_t n)
{
	struct ready_wait w = { u, n };
	char what[100];

	(void)snprintf(what, sizeof(what), "READY=1 of %s, %zu times", u->name, n);
	stage_until(m->stage, is_ready, &w, what);
}

void manager_close(struct manager *m)
{
	if (!m)
		return;
	for (size_t i = m->n_units; i-- > 0;)
		(void)manager_stop(m, &m->units[i]);
	stage_remove_fd(m->stage, m->fd);
	stage_remove_fd(m->stage, m->timer_fd);
	(void)close(m->fd);
	(void)close(m->timer_fd);
	free(m);
}
