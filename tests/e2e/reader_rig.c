/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/reader_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/emu_control.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/hub.h"
#include "sys/loop.h"
#include "unit/unit.h"

#define LOG_MAX 65536
/* One comes every second; an opening that nobody answers takes 8 s. Between them lies what a loaded machine needs. */
#define STATUS_MAX_US INT64_C(4000000)

static const char *in_folder(const struct rig *rig, const char *name)
{
	static char path[4][512];
	static int at;

	at = (at + 1) % 4;
	(void)snprintf(path[at], sizeof(path[at]), "%s/%s", rig->folder, name);
	return path[at];
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void configure(struct rig *rig)
{
	char text[1024];

	write_text(in_folder(rig, "key"), "0123456789abcdef0123456789abcdef");
	(void)snprintf(text, sizeof(text),
		"[school]\nid = demo\ncard_key_file = %s/key\n[unit]\nid = gate-1\n[paths]\n"
		"run_dir = %s\nstate_dir = %s\n[reader]\nconnstring = %s\n",
		rig->folder, rig->folder, rig->folder, rig->connstring);
	write_text(in_folder(rig, "unit.conf"), text);
}

struct rig *rig_open(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	(void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/schoolpoort-reader-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	(void)snprintf(rig->connstring, sizeof(rig->connstring), "pn532_uart:%s/tty", rig->folder);
	assert_int_equal(loop_create(&rig->loop), 0);
	assert_int_equal(emu_control_start(TEST_BIN_DIR "/pn532_emu", in_folder(rig, "tty"),
				 in_folder(rig, "emu.sock"), NULL, RIG_DEADLINE_MS, &rig->emu_pid),
		0);
	assert_int_equal(emu_control_open(in_folder(rig, "emu.sock"), &rig->emu), 0);
	return rig;
}

static void keep(struct rig *rig, const struct wire_local *m)
{
	assert_true(rig->n_said < RIG_SAID_MAX);
	struct rig_said *s = &rig->said[rig->n_said++];

	*s = (struct rig_said){ .type = m->type, .at_us = clock_mono_us() };
	if (m->type == WIRE_LOCAL_CARD) {
		for (size_t i = 0; i < m->card.uid_len; i++)
			(void)snprintf(s->uid + 2 * i, 3, "%02x", m->card.uid[i]);
		s->sak = m->card.sak;
		(void)snprintf(s->atqa, sizeof(s->atqa), "%s", m->card.atqa);
		s->seen_us = m->card.seen_us;
	}
	if (m->type == WIRE_LOCAL_STATUS) {
		s->reader = m->reader;
		(void)snprintf(s->reason, sizeof(s->reason), "%.79s", m->reason);
	}
}

static void on_hub(void *ctx, struct hub_client *client, enum hub_event event, const char *bytes,
	size_t len, int fd)
{
	struct wire_local welcome = { .type = WIRE_LOCAL_WELCOME }, m;
	struct rig *rig = ctx;
	char reason[WIRE_REASON_MAX];

	if (fd >= 0)
		close(fd);
	if (event == HUB_CAME)
		rig->n_connected++;
	if (event != HUB_DATAGRAM)
		return;
	if (wire_local_decode(bytes, len, &m, reason) < 0) {
		rig->n_bad++;
		return;
	}
	keep(rig, &m);
	if (m.type != WIRE_LOCAL_HELLO)
		return;
	rig->n_bad += m.role != WIRE_ROLE_READER;
	(void)snprintf(welcome.gate, sizeof(welcome.gate), "gate-1");
	(void)snprintf(welcome.version, sizeof(welcome.version), "1");
	char *text = wire_local_encode(&welcome);
	assert_non_null(text);
	(void)hub_send(client, text, strlen(text), -1);
	free(text);
}

void rig_kiosk(struct rig *rig, bool on)
{
	hub_close(rig->hub);
	rig->hub = NULL;
	if (on)
		assert_int_equal(
			hub_open(rig->loop, in_folder(rig, "kiosk.sock"), on_hub, rig, &rig->hub),
			0);
}

static void exec_wrapped(const char *const *wrapper, char *const *args)
{
	char *all[32];
	size_t n = 0;

	for (; *wrapper && n < 20; wrapper++)
		all[n++] = strdup(*wrapper);
	all[n++] = strdup(TEST_BIN_DIR "/schoolpoort-reader");
	for (args++; *args && n < 31; args++)
		all[n++] = *args;
	all[n] = NULL;
	execvp(all[0], all);
	_exit(127);
}

static void run_reader(const struct rig *rig, const char *conf, int log_fd)
{
	char *const args[] = { strdup("schoolpoort-reader"), strdup("--config"), strdup(conf),
		rig->clock ? strdup("--clock") : NULL, rig->clock ? strdup(rig->clock) : NULL,
		NULL };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails half-way leaves none behind */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL); /* the loop of this test blocks SIGTERM */
	dup2(log_fd, STDERR_FILENO);
	if (rig->no_stdin) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
	}
	if (rig->wrapper)
		exec_wrapped(rig->wrapper, args);
	execv(TEST_BIN_DIR "/schoolpoort-reader", args);
	_exit(127);
}

void rig_reader(struct rig *rig)
{
	configure(rig);
	const char *conf = in_folder(rig, "unit.conf");
	int log_fd = open(
		in_folder(rig, "log"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(log_fd >= 0);
	rig->reader_pid = fork();
	if (rig->reader_pid == 0)
		run_reader(rig, conf, log_fd);
	close(log_fd);
	assert_true(rig->reader_pid > 0);
}

struct rig *rig_start(void)
{
	struct rig *rig = rig_open();
	size_t at = 0;

	rig_kiosk(rig, true);
	rig_reader(rig);
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);
	return rig;
}

void rig_turn(struct rig *rig)
{
	int status;

	if (rig->restarts && rig->reader_pid > 0 &&
		waitpid(rig->reader_pid, &status, WNOHANG) == rig->reader_pid) {
		rig->reader_pid = 0;
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		rig_reader(rig);
	}
	assert_true(loop_turn(rig->loop, 20000, 64) >= 0);
}

void rig_turn_ms(struct rig *rig, int ms)
{
	int64_t until_us = clock_mono_us() + (int64_t)ms * 1000;

	while (clock_mono_us() < until_us)
		rig_turn(rig);
}

static int exit_status(struct rig *rig, int64_t within_ms)
{
	int64_t until_us = clock_mono_us() + within_ms * 1000;
	int status;

	for (;;) {
		pid_t pid = waitpid(rig->reader_pid, &status, WNOHANG);
		if (pid == rig->reader_pid)
			break;
		if (pid < 0 || clock_mono_us() > until_us)
			fail_msg("the reader did not end; it said: %s", rig_log(rig));
		rig_turn(rig);
	}
	rig->reader_pid = 0;
	if (!WIFEXITED(status))
		fail_msg("the reader died of signal %d: %s", WTERMSIG(status), rig_log(rig));
	return WEXITSTATUS(status);
}

int rig_wait_exit(struct rig *rig)
{
	return exit_status(rig, RIG_DEADLINE_MS);
}

int rig_stop_reader(struct rig *rig)
{
	assert_int_equal(kill(rig->reader_pid, SIGTERM), 0);
	return exit_status(rig, 3000); /* P7: within 3 s, whatever the chip does */
}

const char *rig_log(struct rig *rig)
{
	static char kept[LOG_MAX + 1];
	char *text = NULL;

	kept[0] = '\0';
	if (file_read(in_folder(rig, "log"), LOG_MAX, &text) >= 0)
		(void)snprintf(kept, sizeof(kept), "%s", text);
	free(text);
	return kept;
}

void rig_close(struct rig *rig)
{
	static const char *const names[] = { "key", "unit.conf", "log", "tty", "emu.sock",
		"kiosk.sock", "kiosk.sock.lock", "session" };
	char lock[256];

	if (rig->reader_pid > 0)
		assert_int_equal(rig_stop_reader(rig), 0);
	assert_int_equal(rig->n_bad, 0);
	hub_close(rig->hub);
	emu_control_close(rig->emu);
	assert_int_equal(emu_control_stop(rig->emu_pid, RIG_DEADLINE_MS), 0);
	loop_destroy(rig->loop);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(in_folder(rig, names[i]));
	(void)snprintf(lock, sizeof(lock), "reader-%s.lock", rig->connstring);
	for (char *p = lock; *p; p++)
		*p = *p == ':' || *p == '/' ? '_' : *p;
	unlink(in_folder(rig, lock));
	if (rmdir(rig->folder))
		fail_msg("%s is not empty", rig->folder);
	free(rig);
}

void rig_tell(struct rig *rig, const char *format, ...)
{
	char command[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (emu_control_tell(rig->emu, RIG_DEADLINE_MS, "%s", command))
		fail_msg("%s: %s", command, emu_control_answer(rig->emu));
}

int64_t rig_number(struct rig *rig, const char *uid, const char *key)
{
	assert_int_equal(emu_control_state(rig->emu, RIG_DEADLINE_MS, uid), 0);
	return emu_control_number(rig->emu, key);
}

/* Each datagram a word, for a test that fails: who reads it sees what came instead. */
static const char *said(const struct rig *rig)
{
	static const char *const word[] = { "none", "hello", "welcome", "card", "gone", "two_cards",
		"status" };
	static char text[LOG_MAX];
	size_t n = 0;

	for (size_t i = 0; i < rig->n_said && n + 64 < sizeof(text); i++) {
		const struct rig_said *s = &rig->said[i];
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %d:%s%s%s",
			(int)((s->at_us - rig->said[0].at_us) / 1000),
			s->type < ARRAY_LEN(word) ? word[s->type] : "?",
			s->type != WIRE_LOCAL_STATUS     ? ""
			: s->reader == WIRE_READER_OK    ? "=ok"
			: s->reader == WIRE_READER_FAULT ? "=fault"
							 : "=starting",
			s->uid);
	}
	return text;
}

static const struct rig_said *wait_for(
	struct rig *rig, size_t *at, enum wire_local_type type, enum wire_reader_state state)
{
	int64_t until_us = clock_mono_us() + (int64_t)RIG_DEADLINE_MS * 1000;

	for (;;) {
		for (; *at < rig->n_said; (*at)++) {
			const struct rig_said *s = &rig->said[*at];
			if (s->type != type || (state && s->reader != state))
				continue;
			(*at)++;
			return s;
		}
		if (clock_mono_us() > until_us)
			fail_msg("no datagram of type %d, state %d, only%s; the reader logged: %s",
				(int)type, (int)state, said(rig), rig_log(rig));
		rig_turn(rig);
	}
}

const struct rig_said *rig_wait(struct rig *rig, size_t *at, enum wire_local_type type)
{
	return wait_for(rig, at, type, WIRE_READER_UNSAID);
}

const struct rig_said *rig_wait_status(struct rig *rig, size_t *at, enum wire_reader_state state)
{
	return wait_for(rig, at, WIRE_LOCAL_STATUS, state);
}

size_t rig_count(const struct rig *rig, size_t from, enum wire_local_type type, const char *uid)
{
	size_t n = 0;

	for (size_t i = from; i < rig->n_said; i++)
		n += rig->said[i].type == type && (!uid || strcmp(rig->said[i].uid, uid) == 0);
	return n;
}

size_t rig_count_status(const struct rig *rig, size_t from, enum wire_reader_state state)
{
	size_t n = 0;

	for (size_t i = from; i < rig->n_said; i++)
		n += rig->said[i].type == WIRE_LOCAL_STATUS && rig->said[i].reader == state;
	return n;
}

void rig_check_statuses(const struct rig *rig, size_t from)
{
	int64_t last_us = -1, least_us = INT64_MAX;
	int gaps = 0;

	for (size_t i = from; i < rig->n_said; i++) {
		const struct rig_said *s = &rig->said[i];
		if (s->type != WIRE_LOCAL_STATUS)
			continue;
		if (last_us >= 0 && s->at_us - last_us > STATUS_MAX_US)
			fail_msg("%d ms between two statuses", (int)((s->at_us - last_us) / 1000));
		if (last_us >= 0) {
			gaps++;
			least_us = s->at_us - last_us < least_us ? s->at_us - last_us : least_us;
		}
		last_us = s->at_us;
	}
	/* The load makes some late, not each of several. */
	if (gaps >= 4 && least_us > STATUS_MAX_US / 2)
		fail_msg("never less than %d ms between two", (int)(least_us / 1000));
}
