/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who may say what on the kiosk's socket: the kiosk under its own user, and clients of five others. The users exist in
 * this program's own view of /etc alone. Needs root; says so and is skipped elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/harness.h"
#include "e2e/tap_client.h"
#include "sys/local.h"
#include "unit/unit.h"

#define GATE "gate-1"
#define GROUP 900
#define FLOOD 1000

enum { ROOT = 0, KIOSK = 901, READER = 902, SCREEN = 903, DESK = 904, STRANGER = 905 };

static struct stage *stage;
static struct stage_program *kiosk;
static bool able;
static int64_t started_us; /* the kiosk */

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Return: whether this machine lets us. */
static bool make_users(void)
{
	const char *passwd = stage_path(stage, "passwd");

	if (geteuid() != 0 || unshare(CLONE_NEWNS) ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	write_text(passwd, "root:x:0:0::/:/bin/sh\n"
			   "schoolpoort-kiosk:x:901:900::/:/bin/false\n"
			   "schoolpoort-reader:x:902:900::/:/bin/false\n"
			   "schoolpoort-screen:x:903:900::/:/bin/false\n"
			   "desk:x:904:900::/:/bin/false\nstranger:x:905:905::/:/bin/false\n");
	return mount(passwd, "/etc/passwd", NULL, MS_BIND, NULL) == 0;
}

static int hand_over(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *dash = strrchr(path, '-');

	(void)type;
	(void)at;
	/* As tmpfiles makes them. */
	if (dash && (!strcmp(dash, "-state") || !strcmp(dash, "-run")))
		return chown(path, ROOT, GROUP) || chmod(path, 01770);
	return chown(path, KIOSK, GROUP) || chmod(path, S_ISDIR(st->st_mode) ? 0770 : 0750);
}

static int start_kiosk(void **state)
{
	char self[512], program[300], config[300];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 32);

	(void)state;
	stage = stage_open();
	able = make_users();
	if (!able)
		return 0;
	assert_true(n > 0);
	self[n] = 0;
	(void)snprintf(strrchr(self, '/'), 32, "/schoolpoort-kiosk");
	stage_unit(stage, GATE, (const char *const[]){ "screen.result_ms = 500", NULL });
	/* A copy: the build may lie where no other user may look. */
	(void)snprintf(program, sizeof(program), "%s", stage_path(stage, "schoolpoort-kiosk"));
	(void)snprintf(config, sizeof(config), "%s", stage_path(stage, GATE ".conf"));
	struct stage_program *cp =
		stage_start(stage, "cp", NULL, (const char *const[]){ self, program, NULL }, NULL);
	assert_int_equal(stage_wait_exit(stage, cp), 0);
	assert_int_equal(nftw(stage_dir(stage), hand_over, 16, FTW_PHYS), 0);
	started_us = tap_now_us();
	kiosk = stage_start(stage, "setpriv", NULL,
		(const char *const[]){ "--reuid=901", "--regid=900", "--clear-groups", program,
			"--config", config, "--clock", "2026-11-23T08:30:00+01:00", NULL },
		NULL);
	stage_wait_log(stage, kiosk, "started gate=");
	return 0;
}

static int stop_kiosk(void **state)
{
	(void)state;
	stage_close(stage);
	return 0;
}

static void need_users(void)
{
	if (able)
		return;
	print_message("SKIP: root alone can be several users\n");
	skip();
}

/* ---- clients of several users ---------------------------------------------------------------- */

/* Return: a descriptor or negative errno. */
static int connect_as(uid_t uid, gid_t gid)
{
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setegid(gid), 0);
	assert_int_equal(seteuid(uid), 0);
	int fd = local_connect(stage_path(stage, GATE "-run/kiosk.sock"));
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	return fd;
}

struct answer_wait {
	int fd;
	const char *until; /* what the awaited datagram holds */
	size_t n_errors, n_views;
	bool gone;
};

static bool was_answered(struct stage *s, void *ctx)
{
	static char buffer[LOCAL_DATAGRAM_MAX + 1];
	struct answer_wait *w = ctx;

	(void)s;
	for (;;) {
		ssize_t n = local_recv(w->fd, buffer, NULL);
		if (n == -EAGAIN)
			break;
		if (n < 0) {
			w->gone = true;
			return true;
		}
		buffer[n] = 0;
		w->n_errors += strstr(buffer, "\"type\":\"error\"") != NULL;
		w->n_views += strstr(buffer, "\"type\":\"view\"") != NULL;
		if (strstr(buffer, w->until))
			return true;
	}
	return false;
}

static void wake(void *ctx)
{
	(void)ctx; /* the condition reads by itself */
}

static void wait_answer(struct answer_wait *w, const char *what)
{
	stage_add_fd(stage, w->fd, wake, NULL);
	stage_until(stage, was_answered, w, what);
	stage_remove_fd(stage, w->fd);
	assert_false(w->gone);
}

static void say(int fd, const char *text)
{
	assert_int_equal(local_send(fd, text, strlen(text), -1), 0);
}

/*
 * Says one thing, and then twice what no client may say: answers come in order, so whatever was said to the first has
 * come before the second's error. Return: whether the first was refused.
 */
static bool is_refused(int fd, const char *text)
{
	struct answer_wait w = { .fd = fd, .until = "\"type\":\"error\"" };

	say(fd, text);
	say(fd, "{\"v\":1,\"type\":\"welcome\",\"gate\":\"x\",\"version\":\"1\"}");
	say(fd, "no JSON");
	w.until = "JSON";
	wait_answer(&w, "an answer to each refusal");
	assert_in_range(w.n_errors, 2, 3);
	return w.n_errors == 3;
}

static const char *const messages[] = {
	("{\"v\":1,\"type\":\"card\",\"uid\":\"04a1b2c3d4e5f6\",\"sak\":32,\"atqa\":\"0344\","
	 "\"seen_us\":1}"),
	"{\"v\":1,\"type\":\"gone\"}",
	"{\"v\":1,\"type\":\"two_cards\"}",
	"{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}",
	"{\"v\":1,\"type\":\"presented\",\"number\":1,\"at_us\":1}",
	"{\"v\":1,\"type\":\"touch\",\"action\":\"close\"}",
	"{\"v\":1,\"type\":\"request\",\"id\":1,\"command\":\"status\"}",
};
static const char *const roles[] = { "reader", "screen", "signal", "control" };
/* Which of the messages a role may say: one letter each, in the order above. */
static const char *const says[] = { "yyyynnn", "nnnnyyn", "nnnnnnn", "nnnnnny" };
static const struct {
	const char *name;
	uid_t uid;
	const char *may_be; /* of the roles */
} users[] = {
	{ "the reader's", READER, "ynyy" },
	{ "the screen's", SCREEN, "nyyy" },
	{ "the kiosk's", KIOSK, "nnyy" },
	{ "a desk's", DESK, "nnyy" },
	{ "root", ROOT, "nnyy" },
};

static void check_user(size_t user, size_t role)
{
	char hello[120];
	bool may_be = users[user].may_be[role] == 'y';
	int fd = connect_as(users[user].uid, GROUP);

	assert_true(fd >= 0);
	(void)snprintf(hello, sizeof(hello),
		"{\"v\":1,\"type\":\"hello\",\"role\":\"%s\",\"name\":\"x\"}", roles[role]);
	if (is_refused(fd, hello) == may_be)
		fail_msg("%s user as %s", users[user].name, roles[role]);
	for (size_t m = 0; m < ARRAY_LEN(messages); m++) {
		bool allowed = may_be && says[role][m] == 'y';
		if (is_refused(fd, messages[m]) == allowed)
			fail_msg("%s user as %s: %s", users[user].name, roles[role], messages[m]);
	}
	(void)close(fd);
}

static void x3_each_user_each_message(void **state)
{
	(void)state;
	need_users();
	for (size_t user = 0; user < ARRAY_LEN(users); user++)
		for (size_t role = 0; role < ARRAY_LEN(roles); role++)
			check_user(user, role);
	/* Who isn't in the group doesn't even connect. */
	assert_int_equal(connect_as(STRANGER, STRANGER), -EACCES);
}

/* ---- many, and large ------------------------------------------------------------------------- */

/* A reader of its own user: connects, taps, waits for the result on a screen of its own. */
static int64_t tap_through(const char *uid)
{
	char card[200];
	int64_t from_us = tap_now_us();
	int screen = -EAGAIN, reader = -EAGAIN;

	/* A full backlog is tried again, as a reader does. */
	while ((screen < 0 && (screen = connect_as(SCREEN, GROUP)) < 0) ||
		(reader < 0 && (reader = connect_as(READER, GROUP)) < 0)) {
		assert_true(tap_now_us() - from_us < STAGE_DEADLINE_MS * INT64_C(1000));
		stage_turn(stage, 5);
	}
	struct answer_wait w = { .fd = screen, .until = "\"result\":\"unknown_card\"" };
	say(screen, "{\"v\":1,\"type\":\"hello\",\"role\":\"screen\",\"name\":\"x\"}");
	say(reader, "{\"v\":1,\"type\":\"hello\",\"role\":\"reader\",\"name\":\"x\"}");
	(void)snprintf(card, sizeof(card),
		"{\"v\":1,\"type\":\"card\",\"uid\":\"%s\",\"sak\":32,\"atqa\":\"0344\","
		"\"seen_us\":%lld}",
		uid, (long long)tap_now_us());
	say(reader, card);
	wait_answer(&w, "the result of a tap beside a flood");
	(void)close(screen);
	(void)close(reader);
	return tap_now_us() - from_us;
}

static void x3_a_thousand_connections(void **state)
{
	static int fd[FLOOD];
	struct rlimit files = { 4096, 4096 };
	size_t kept = 0;

	(void)state;
	need_users();
	(void)setrlimit(RLIMIT_NOFILE, &files);
	int64_t alone_us = tap_through("04111111111101");
	for (size_t i = 0; i < FLOOD; i++) {
		int64_t end_us = tap_now_us() + STAGE_DEADLINE_MS * INT64_C(1000);
		while ((fd[i] = connect_as(DESK, GROUP)) == -EAGAIN && tap_now_us() < end_us)
			stage_turn(stage, 1);
		assert_true(fd[i] >= 0);
	}
	int64_t beside_us = tap_through("04111111111102");
	for (size_t i = 0; i < FLOOD; i++) {
		char byte;
		kept += recv(fd[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
		(void)close(fd[i]);
	}
	assert_int_equal(kept, 32);
	int64_t after_us = tap_through("04111111111103");
	print_message("\nfigure: connect and tap %lld us, beside %d connections of another user"
		      " %lld us, after them %lld us (1 run)\n",
		(long long)alone_us, FLOOD, (long long)beside_us, (long long)after_us);
	/* One line for all that was refused in a minute. */
	assert_in_range(stage_said_count(kiosk, "datagram_refused"), 1,
		2 + (tap_now_us() - started_us) / 60000000);
}

static void x3_64_kib_and_a_byte(void **state)
{
	static char large[LOCAL_DATAGRAM_MAX + 1];
	struct answer_wait w = { .until = "over 64 KiB" };

	(void)state;
	need_users();
	memset(large, 'x', sizeof(large));
	w.fd = connect_as(DESK, GROUP);
	assert_true(w.fd >= 0);
	assert_int_equal(send(w.fd, large, sizeof(large), 0), sizeof(large));
	wait_answer(&w, "the answer to what is too large");
	/* It stays, and so does everybody else. */
	assert_false(is_refused(
		w.fd, "{\"v\":1,\"type\":\"hello\",\"role\":\"control\",\"name\":\"x\"}"));
	(void)tap_through("04111111111104");
	(void)close(w.fd);
}

/* In folders that all of the group may write. */
static void x3_nobody_takes_anothers_files(void **state)
{
	static const uid_t others[] = { READER, SCREEN, DESK };
	static const char *const files[] = { "-state/kiosk.db", "-state/kiosk.db-wal",
		"-run/kiosk.sock", "-run/kiosk.sock.lock" };

	(void)state;
	need_users();
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setegid(GROUP), 0);
	for (size_t u = 0; u < ARRAY_LEN(others); u++)
		for (size_t i = 0; i < ARRAY_LEN(files); i++) {
			const char *path = stage_path(stage, GATE "%s", files[i]);
			const char *mine = stage_path(stage, GATE "-state/of-%d", (int)others[u]);
			assert_int_equal(seteuid(others[u]), 0);
			int fd = open(mine, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
			bool taken = !unlink(path) || !rename(path, mine) || !rename(mine, path);
			int why = errno;
			(void)close(fd);
			bool cleared = !unlink(mine);
			assert_int_equal(seteuid(0), 0);
			if (taken || why != EPERM || fd < 0 || !cleared)
				fail_msg("user %d, %s: %s", (int)others[u], path, strerror(why));
		}
	assert_int_equal(setegid(0), 0);
	(void)tap_through("04111111111105");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x3_nobody_takes_anothers_files),
		cmocka_unit_test(x3_each_user_each_message),
		cmocka_unit_test(x3_a_thousand_connections),
		cmocka_unit_test(x3_64_kib_and_a_byte),
	};
	return cmocka_run_group_tests(tests, start_kiosk, stop_kiosk);
}
