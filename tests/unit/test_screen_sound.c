/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What schoolpoort-screen plays: SDL writes it to a file, this test is its kiosk and listens.
 *
 * The file grows as the time of a device goes by, so each look waits until enough of it is there.
 */
#include <fcntl.h>
#include <math.h>
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
#include "sys/file.h"
#include "sys/local.h"
#include "unit/unit.h"
#include "wire/local.h"

#define DEADLINE_US INT64_C(60000000)
#define RATE 48000
#define HEARD (RATE * 3 / 4) /* frames of one result: longer than any tune */
#define WINDOW (RATE / 40) /* 25 ms */
#define QUIET 0.003

struct fixture {
	char dir[64], config[128], socket[128], played[128], said[128];
	int listen_fd, lock_fd, fd;
	pid_t pid;
	int64_t number;
};

static void write_files(struct fixture *f)
{
	char key[128];

	(void)snprintf(key, sizeof(key), "%s/card.key", f->dir);
	FILE *k = fopen(key, "we");
	assert_non_null(k);
	(void)fputs("0123456789abcdef0123456789abcdef", k);
	assert_int_equal(fclose(k), 0);
	assert_int_equal(chmod(key, 0600), 0);
	FILE *c = fopen(f->config, "we");
	assert_non_null(c);
	(void)fprintf(c,
		"[school]\nid = sint-jan\ncard_key_file = %s\n[unit]\nid = gate-1\n"
		"[paths]\nrun_dir = %s\nstate_dir = %s\n[broker]\ntls = off\n"
		"[screen]\nsize = 320x240\nsoft_until = 07:30\nsoft_volume = 25\n",
		key, f->dir, f->dir);
	assert_int_equal(fclose(c), 0);
}

/* What it says goes to a file. @driver: of SDL */
static void start(struct fixture *f, const char *driver)
{
	static char program[] = SCREEN_PROGRAM, config[] = "--config";
	char *argv[] = { program, config, f->config, NULL };
	posix_spawn_file_actions_t files;
	struct local_peer peer;
	struct pollfd p;

	assert_int_equal(setenv("SDL_AUDIODRIVER", driver, 1), 0);
	assert_int_equal(setenv("SDL_DISKAUDIOFILE", f->played, 1), 0);
	assert_int_equal(posix_spawn_file_actions_init(&files), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(
				 &files, 2, f->said, O_CREAT | O_TRUNC | O_WRONLY, 0600),
		0);
	assert_int_equal(posix_spawn(&f->pid, SCREEN_PROGRAM, &files, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&files);
	p = (struct pollfd){ f->listen_fd, POLLIN, 0 };
	assert_int_equal(poll(&p, 1, (int)(DEADLINE_US / 1000)), 1);
	f->fd = local_accept(f->listen_fd, &peer);
	assert_true(f->fd >= 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/schoolpoort-sound-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->config, sizeof(f->config), "%s/unit.conf", f->dir);
	(void)snprintf(f->socket, sizeof(f->socket), "%s/kiosk.sock", f->dir);
	(void)snprintf(f->played, sizeof(f->played), "%s/played.raw", f->dir);
	(void)snprintf(f->said, sizeof(f->said), "%s/said", f->dir);
	write_files(f);
	assert_int_equal(local_listen(f->socket, &f->listen_fd, &f->lock_fd), 0);
	f->fd = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static char rm[] = "rm", recursively[] = "-r";
	char *argv[] = { rm, recursively, f->dir, NULL };
	pid_t pid;

	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL);
		(void)waitpid(f->pid, NULL, 0);
	}
	(void)close(f->fd);
	(void)close(f->listen_fd);
	(void)close(f->lock_fd);
	if (!posix_spawnp(&pid, "rm", NULL, NULL, argv, environ))
		(void)waitpid(pid, NULL, 0);
	free(f);
	return 0;
}

static void stop(struct fixture *f)
{
	int status = -1;

	(void)kill(f->pid, SIGTERM);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	f->pid = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool said(struct fixture *f, const char *text)
{
	char *bytes = NULL;
	bool has = file_read(f->said, 1 << 20, &bytes) > 0 && strstr(bytes, text);

	free(bytes);
	return has;
}

static void wait_said(struct fixture *f, const char *text)
{
	int64_t until_us = clock_mono_us() + DEADLINE_US;

	while (!said(f, text)) {
		if (clock_mono_us() > until_us)
			fail_msg("it never said %s", text);
		(void)poll(NULL, 0, 10);
	}
}

/* A view, until it is presented. */
static void show(struct fixture *f, enum wire_view_result result, const char *at)
{
	static struct wire_local m;
	static char buffer[LOCAL_DATAGRAM_MAX + 1];
	char reason[WIRE_REASON_MAX];

	memset(&m, 0, sizeof(m));
	m.type = WIRE_LOCAL_VIEW;
	m.view.number = ++f->number;
	m.view.state = WIRE_VIEW_RESULT;
	m.view.result = result;
	m.view.clock = CHECKIN_CLOCK_TRUSTED;
	m.view.seen_us = -1;
	m.view.minutes_late = result == WIRE_RESULT_LATE ? 6 : -1;
	(void)snprintf(m.view.at, sizeof(m.view.at), "%s", at);
	char *text = wire_local_encode(&m);
	assert_non_null(text);
	assert_int_equal(local_send(f->fd, text, strlen(text), -1), 0);
	free(text);
	do {
		struct pollfd p = { f->fd, POLLIN, 0 };
		assert_int_equal(poll(&p, 1, (int)(DEADLINE_US / 1000)), 1);
		ssize_t n = local_recv(f->fd, buffer, NULL);
		assert_true(n > 0);
		assert_int_equal(wire_local_decode(buffer, (size_t)n, &m, reason), 0);
	} while (m.type != WIRE_LOCAL_PRESENTED || m.number != f->number);
}

static long frames_played(const struct fixture *f)
{
	struct stat st;

	return stat(f->played, &st) ? 0 : (long)(st.st_size / (off_t)sizeof(float));
}

/* The frames from @from on, as many as there are. For free(); *ret_n. */
static float *read_from(const struct fixture *f, long from, long *ret_n)
{
	long n = frames_played(f) - from;
	float *frame = calloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*frame));

	assert_non_null(frame);
	*ret_n = 0;
	if (n <= 0)
		return frame;
	FILE *file = fopen(f->played, "re");
	assert_non_null(file);
	assert_int_equal(fseek(file, from * (long)sizeof(*frame), SEEK_SET), 0);
	*ret_n = (long)fread(frame, sizeof(*frame), (size_t)n, file);
	assert_int_equal(fclose(file), 0);
	return frame;
}

/* HEARD frames from the first one that isn't silence, at @from or later; waits until they are there. For free(). */
static float *listen_from(const struct fixture *f, long from)
{
	int64_t until_us = clock_mono_us() + DEADLINE_US;

	for (;;) {
		long n, begin = 0;
		float *frame = read_from(f, from, &n);
		while (begin < n && frame[begin] == 0)
			begin++;
		if (n - begin >= HEARD) {
			memmove(frame, frame + begin, HEARD * sizeof(*frame));
			return frame;
		}
		free(frame);
		if (clock_mono_us() > until_us)
			fail_msg("%ld frames, and no sound from %ld on", frames_played(f), from);
		(void)poll(NULL, 0, 50);
	}
}

static double loudness(const float *frame, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double)frame[i] * (double)frame[i];
	return sqrt(sum / n);
}

static double amount(const float *frame, double hertz)
{
	double w = 2 * 3.14159265358979 * hertz / RATE, a = 0, b = 0;

	for (int i = 0; i < WINDOW; i++) {
		double c = 2 * cos(w) * a - b + frame[i];
		b = a;
		a = c;
	}
	return a * a + b * b - 2 * cos(w) * a * b;
}

/* The notes heard, as the letters of test_screen_tune.c. */
static void notes_of(const float *frame, char *ret_text)
{
	static const double scale[] = { 246.9, 293.7, 349.2, 392.0, 523.3, 587.3, 659.3, 880.0 };
	char last = '-';
	size_t len = 0;

	for (int at = 0; at + WINDOW <= HEARD; at += WINDOW / 3) {
		size_t best = 0;
		for (size_t i = 1; i < ARRAY_LEN(scale); i++)
			if (amount(frame + at, scale[i]) > amount(frame + at, scale[best]))
				best = i;
		char letter = loudness(frame + at, WINDOW) < QUIET ? '-' : (char)('A' + (int)best);
		/* Seen twice: where one note gives way to the next there is a look at both. */
		if (letter != '-' && letter == last && len < 14 &&
			(len == 0 || ret_text[len - 1] != letter))
			ret_text[len++] = letter;
		last = letter;
	}
	ret_text[len] = '\0';
}

/* A pause may be shorter than a look, and one note after another be mixed in one: so only which notes, in order. */
static const struct {
	enum wire_view_result result;
	const char *at, *notes;
} row[] = {
	{ WIRE_RESULT_PRESENT, "08:07", "GH" },
	{ WIRE_RESULT_LATE, "08:31", "GH" }, /* discreet */
	{ WIRE_RESULT_ALREADY, "08:31", "F" },
	{ WIRE_RESULT_UNKNOWN_CARD, "08:31", "ED" },
	{ WIRE_RESULT_BLOCKED_CARD, "08:31", "ED" },
	{ WIRE_RESULT_NOT_STORED, "08:31", "CBA" },
	{ WIRE_RESULT_PRESENT, "07:29", "GH" },
};

static void test_each_result_is_heard(void **state)
{
	struct fixture *f = *state;
	double loud[ARRAY_LEN(row)];

	start(f, "disk");
	wait_said(f, "sound_open");
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char notes[16];
		long from = frames_played(f);
		show(f, row[i].result, row[i].at);
		float *frame = listen_from(f, from);
		notes_of(frame, notes);
		if (strcmp(notes, row[i].notes) != 0)
			fail_msg("row %zu: heard %s, want %s", i, notes, row[i].notes);
		loud[i] = loudness(frame, HEARD);
		float most = fabsf(frame[0]);
		for (int j = 1; j < HEARD; j++)
			most = fmaxf(most, fabsf(frame[j] - frame[j - 1]));
		assert_true(most < 0.035f); /* nothing clicks on its way to the device either */
		free(frame);
	}
	/* Softly before half past seven: a quarter. */
	double ratio = loud[ARRAY_LEN(row) - 1] / loud[0];
	assert_true(ratio > 0.23 && ratio < 0.27);
	assert_true(fabs(loud[1] / loud[0] - 1) < 0.02); /* and late as loud as on time */
	stop(f);
}

/* U1: no sound device is no fault. */
static void u1_no_sound_device_is_no_fault(void **state)
{
	struct fixture *f = *state;

	start(f, "nothing-like-that");
	wait_said(f, "sound_absent");
	for (size_t i = 0; i < 3; i++)
		show(f, row[i].result, row[i].at);
	assert_false(said(f, "sound_open"));
	stop(f);
	/* Nor one that can't be opened. */
	(void)close(f->fd);
	(void)snprintf(f->played, sizeof(f->played), "%s/none/played.raw", f->dir);
	start(f, "disk");
	wait_said(f, "sound_absent");
	show(f, WIRE_RESULT_PRESENT, "08:07");
	stop(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_result_is_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(u1_no_sound_device_is_no_fault, setup, teardown),
	};

	(void)setenv("SDL_VIDEODRIVER", "dummy", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
