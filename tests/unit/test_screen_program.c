/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * schoolpoort-screen itself, off screen, with this test as its kiosk: hello, presented, `reading` held
 * back, the newest view wins, what it refuses, what it covers up, how it ends.
 *
 * Each step says what must come and waits for that alone, under one deadline.
 *
 *   test_screen_program [--taps SECONDS]    three taps a second for so long, 10 by default
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/local.h"
#include "unit/unit.h"
#include "wire/local.h"

#define DEADLINE_US 60000000 /* of a step; generous: build machines are slow and sanitized */
#define PATH_SIZE 256

#define TAP_EVERY_US 333333
#define IDLE_MS 5000
#define TAPS_MAX 20000
#ifdef __SANITIZE_ADDRESS__
#define BUILD "sanitizers"
#else
#define BUILD "optimised"
#endif

static int tap_seconds = 10;

struct fixture {
	bool measured; /* as a school runs it: 800x480, no frames written */
	char dir[64], config[PATH_SIZE], frames[PATH_SIZE], socket[PATH_SIZE];
	int listen_fd, lock_fd, fd;
	pid_t pid;
	int64_t number;
	char buffer[LOCAL_DATAGRAM_MAX + 1];
};

static void write_config(struct fixture *f)
{
	char key[PATH_SIZE];
	snprintf(key, sizeof(key), "%s/card.key", f->dir);
	FILE *k = fopen(key, "w");
	assert_non_null(k);
	fprintf(k, "0123456789abcdef0123456789abcdef");
	fclose(k);
	FILE *c = fopen(f->config, "w");
	assert_non_null(c);
	fprintf(c,
		"[school]\nid = sint-jan\nname = Sint-Jansinstituut\ncard_key_file = %s\n"
		"[unit]\nid = gate-1\n[paths]\nrun_dir = %s\nstate_dir = %s\n"
		"[broker]\ntls = off\n[screen]\nsize = %s\nresult_ms = 500\n",
		key, f->dir, f->dir, f->measured ? "800x480" : "400x240");
	fclose(c);
	assert_int_equal(chmod(key, 0600), 0);
}

static void start_screen(struct fixture *f)
{
	static char program[] = SCREEN_PROGRAM, config[] = "--config", frames[] = "--frames";
	char *argv[] = { program, config, f->config, f->measured ? NULL : frames, f->frames, NULL };
	assert_int_equal(posix_spawn(&f->pid, SCREEN_PROGRAM, NULL, NULL, argv, environ), 0);
}

static void wait_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	if (poll(&p, 1, DEADLINE_US / 1000) != 1)
		fail_msg("nothing came within %d s", DEADLINE_US / 1000000);
}

static struct wire_local receive(struct fixture *f)
{
	static struct wire_local m;
	char reason[WIRE_REASON_MAX];
	wait_readable(f->fd);
	ssize_t n = local_recv(f->fd, f->buffer, NULL);
	assert_true(n > 0);
	assert_int_equal(wire_local_decode(f->buffer, (size_t)n, &m, reason), 0);
	return m;
}

static void accept_screen(struct fixture *f)
{
	struct local_peer peer;
	wait_readable(f->listen_fd);
	f->fd = local_accept(f->listen_fd, &peer);
	assert_true(f->fd >= 0);
	struct wire_local hello = receive(f);
	assert_int_equal(hello.type, WIRE_LOCAL_HELLO);
	assert_int_equal(hello.role, WIRE_ROLE_SCREEN);
}

static void listen_as_kiosk(struct fixture *f)
{
	assert_int_equal(local_listen(f->socket, &f->listen_fd, &f->lock_fd), 0);
}

static int set_up(void **state, bool measured)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->measured = measured;
	snprintf(f->dir, sizeof(f->dir), "/tmp/schoolpoort-screen-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->config, sizeof(f->config), "%s/unit.conf", f->dir);
	snprintf(f->frames, sizeof(f->frames), "%s/frames", f->dir);
	snprintf(f->socket, sizeof(f->socket), "%s/kiosk.sock", f->dir);
	assert_int_equal(mkdir(f->frames, 0700), 0);
	write_config(f);
	listen_as_kiosk(f);
	start_screen(f);
	accept_screen(f);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return set_up(state, false);
}

static int setup_measured(void **state)
{
	return set_up(state, true);
}

static void remove_tree(char *dir)
{
	static char rm[] = "rm", recursively[] = "-r";
	char *argv[] = { rm, recursively, dir, NULL };
	pid_t pid;
	if (!posix_spawnp(&pid, "rm", NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}

static int stop_screen(struct fixture *f, int with)
{
	int status = -1;
	kill(f->pid, with);
	waitpid(f->pid, &status, 0);
	f->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->pid > 0)
		stop_screen(f, SIGKILL);
	close(f->fd);
	close(f->listen_fd);
	close(f->lock_fd);
	remove_tree(f->dir);
	free(f);
	return 0;
}

static int64_t send_view(struct fixture *f, struct wire_view view)
{
	static struct wire_local m;
	memset(&m, 0, sizeof(m));
	m.type = WIRE_LOCAL_VIEW;
	m.view = view;
	m.view.number = ++f->number;
	m.view.clock = CHECKIN_CLOCK_TRUSTED;
	if (view.result != WIRE_RESULT_LATE)
		m.view.minutes_late = -1;
	char *text = wire_local_encode(&m);
	assert_non_null(text);
	assert_int_equal(local_send(f->fd, text, strlen(text), -1), 0);
	free(text);
	return f->number;
}

static const struct wire_view idle = { .state = WIRE_VIEW_IDLE, .at = "08:07", .seen_us = -1 };
static const struct wire_view present = { .state = WIRE_VIEW_RESULT,
	.result = WIRE_RESULT_PRESENT,
	.at = "08:07",
	.name = "Noor",
	.seen_us = -1 };

/* A file of the frames, once it is there. */
static void wait_frame(const struct fixture *f, const char *name)
{
	char path[2 * PATH_SIZE];
	int64_t until = clock_mono_us() + DEADLINE_US;
	snprintf(path, sizeof(path), "%s/%s", f->frames, name);
	while (access(path, R_OK)) {
		if (clock_mono_us() > until)
			fail_msg("%s was never written", path);
		poll(NULL, 0, 10);
	}
}

static void test_each_view_is_presented(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 5; i++) {
		int64_t before = clock_mono_us();
		int64_t number = send_view(f, i % 2 ? present : idle);
		struct wire_local m = receive(f);
		assert_int_equal(m.type, WIRE_LOCAL_PRESENTED);
		assert_int_equal(m.number, number);
		assert_true(m.at_us >= before && m.at_us <= clock_mono_us());
	}
	wait_frame(f, "000001-idle.png");
	wait_frame(f, "000002-result-present.png");
	assert_int_equal(stop_screen(f, SIGTERM), 0);
}

static void test_reading_waits_for_its_result(void **state)
{
	struct fixture *f = *state;
	struct wire_view reading = { .state = WIRE_VIEW_READING, .at = "08:07" };
	/* As if its result came at once, however long this machine takes from one line to the next: reading isn't drawn. */
	reading.seen_us = clock_mono_us() + DEADLINE_US;
	send_view(f, reading);
	int64_t number = send_view(f, present);
	assert_int_equal(receive(f).number, number);
	/* Without a result it is drawn, and not before 100 ms are over. */
	reading.seen_us = clock_mono_us();
	number = send_view(f, reading);
	struct wire_local m = receive(f);
	assert_int_equal(m.number, number);
	assert_true(m.at_us - reading.seen_us >= 100000);
	assert_int_equal(stop_screen(f, SIGINT), 0);
}

/* A screen that was held up catches up with the newest view, not with old names. */
static void test_the_newest_view_wins(void **state)
{
	struct fixture *f = *state;
	int64_t number = 0;
	assert_int_equal(kill(f->pid, SIGSTOP), 0);
	for (int i = 0; i < 100; i++)
		number = send_view(f, i < 99 ? present : idle);
	assert_int_equal(kill(f->pid, SIGCONT), 0);
	assert_int_equal(receive(f).number, number);
}

static void test_what_it_does_not_understand(void **state)
{
	static const char *const datagrams[] = { "no JSON", "{}", "[]",
		"{\"v\":1,\"type\":\"view\"}", "{\"v\":2,\"type\":\"view\",\"number\":1}",
		"{\"v\":1,\"type\":\"card\",\"uid\":\"04a1b2c3\"}", "\xff\xfe\xff" };
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_LEN(datagrams); i++)
		assert_int_equal(local_send(f->fd, datagrams[i], strlen(datagrams[i]), -1), 0);
	int64_t number = send_view(f, present);
	assert_int_equal(receive(f).number, number);
}

/* A kiosk that hangs leaves no name on the display; one that goes is looked for. */
static void test_it_covers_up_and_comes_back(void **state)
{
	struct fixture *f = *state;
	send_view(f, present);
	receive(f);
	wait_frame(f, "000001-away.png");
	send_view(f, idle);
	receive(f);
	close(f->fd);
	wait_frame(f, "000002-away.png");
	accept_screen(f);
	int64_t number = send_view(f, idle);
	assert_int_equal(receive(f).number, number);
	wait_frame(f, "000003-idle.png");
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Each pupil of a queue is shown, under the own name's view, before the next one taps. */
static void test_three_taps_a_second(void **state)
{
	static int64_t took_us[TAPS_MAX];
	struct fixture *f = *state;
	int n = tap_seconds * 3 < TAPS_MAX ? tap_seconds * 3 : TAPS_MAX, late = 0;
	int64_t next_us = clock_mono_us();
	for (int i = 0; i < n; i++) {
		struct wire_view reading = { .state = WIRE_VIEW_READING, .at = "08:07" };
		struct wire_view result = present;
		snprintf(result.name, sizeof(result.name), "Leerling %d van den Berg", i);
		int64_t ms = (next_us - clock_mono_us()) / 1000;
		poll(NULL, 0,
			ms > 0 ? (int)ms : 0); /* the queue's pace, no waiting for the screen */
		int64_t sent_us = reading.seen_us = result.seen_us = clock_mono_us();
		send_view(f, reading);
		int64_t number = send_view(f, result);
		struct wire_local m = receive(f);
		assert_int_equal(m.type, WIRE_LOCAL_PRESENTED);
		if (m.number != number) { /* a machine that stood still between the two */
			assert_int_equal(m.number, number - 1);
			m = receive(f);
		}
		assert_int_equal(m.number, number);
		took_us[i] = m.at_us - sent_us;
		late += took_us[i] > TAP_EVERY_US;
		next_us += TAP_EVERY_US;
	}
	qsort(took_us, (size_t)n, sizeof(*took_us), by_size);
	printf("\nfigure: view to presented, 3 taps a second for %d s: p50 %.1f, p95 %.1f, worst "
	       "%.1f "
	       "ms, %d of %d behind the next tap (1 run, 800x480 off screen, " BUILD ")\n",
		tap_seconds, (double)took_us[n / 2] / 1000, (double)took_us[n * 95 / 100] / 1000,
		(double)took_us[n - 1] / 1000, late, n);
}

/* Time on a processor, in ticks. */
static long ticks_of(pid_t pid)
{
	char path[64], text[1024];
	long user = 0, system_time = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *s = fopen(path, "r");
	assert_non_null(s);
	assert_non_null(fgets(text, sizeof(text), s));
	fclose(s);
	char *at = strrchr(text, ')'); /* the program's name may hold anything before it */
	assert_non_null(at);
	for (int field = 2; field < 14 && at; field++)
		at = strchr(at + 1, ' ');
	assert_non_null(at);
	user = strtol(at, &at, 10);
	system_time = strtol(at, &at, 10);
	return user + system_time;
}

static long pss_kb_of(pid_t pid)
{
	char path[64], line[256];
	long kb = -1;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *s = fopen(path, "r");
	while (s && fgets(line, sizeof(line), s))
		if (!strncmp(line, "Pss:", 4))
			kb = strtol(line + 4, NULL, 10);
	if (s)
		fclose(s);
	return kb;
}

/* Waiting for a card, the hint moving: the loop rests. */
static void test_idle_costs_little(void **state)
{
	struct fixture *f = *state;
	send_view(f, present);
	receive(f);
	send_view(f, idle);
	receive(f);
	long before = ticks_of(f->pid);
	int64_t from_us = clock_mono_us();
	struct pollfd none = { f->fd, POLLIN, 0 };
	assert_int_equal(poll(&none, 1, IDLE_MS), 0); /* and nothing is presented unasked */
	double spent_ms = (double)(ticks_of(f->pid) - before) * 1000 / (double)sysconf(_SC_CLK_TCK);
	double share = spent_ms * 1000 / (double)(clock_mono_us() - from_us);
	long kb = pss_kb_of(f->pid);
	printf("\nfigure: screen idle %.1f %% of a core, %.1f MB PSS (1 run of %d s, 800x480 off "
	       "screen, " BUILD ")\n",
		100 * share, (double)kb / 1024, IDLE_MS / 1000);
	assert_true(share < 0.5); /* a loop that spins would take all of it */
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--taps"))
		tap_seconds = (int)strtol(argv[2], NULL, 10);
	setenv("SDL_VIDEODRIVER", "dummy", 1);
	setenv("SDL_AUDIODRIVER", "dummy", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_view_is_presented, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reading_waits_for_its_result, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_newest_view_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_it_does_not_understand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_it_covers_up_and_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle_costs_little, setup_measured, teardown),
		cmocka_unit_test_setup_teardown(test_three_taps_a_second, setup_measured, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
