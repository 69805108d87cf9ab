/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lights and buzzer at a real kiosk, on lines that are written down: signal_lines.c.
 *
 * A tap is answered, a kiosk that goes is told of by the light and found again, the end leaves all dark. A gate without
 * lines works.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "e2e/school.h"
#include "sys/file.h"
#include "unit/unit.h"

#define GO "gpiochip0:23"
#define DESK "gpiochip0:24"
#define PIEZO "gpiochip0:25"
#define TAPS 7

struct play {
	struct stage *s;
	struct stage_program *kiosk, *signal;
	struct stage_client *reader;
	char lines[300];
};

/* What was written after the first @from bytes, for free(). */
static char *written(const struct play *p, size_t from)
{
	char *all = NULL;
	int64_t len = file_read(p->lines, 1 << 20, &all);

	if (len < 0 || (size_t)len < from) {
		free(all);
		return calloc(1, 1);
	}
	memmove(all, all + from, (size_t)len - from + 1);
	return all;
}

static size_t written_so_far(const struct play *p)
{
	char *all = written(p, 0);
	size_t len = strlen(all);

	free(all);
	return len;
}

struct look {
	struct play *p;
	size_t from;
	const char *text;
	int times;
	int64_t at_us; /* of the last of them */
};

static bool seen(struct stage *s, void *ctx)
{
	struct look *l = ctx;
	char *all = written(l->p, l->from);
	int times = 0;

	(void)s;
	for (char *at = strstr(all, l->text); at; at = strstr(at + 1, l->text)) {
		char *line = at;
		while (line > all && line[-1] != '\n')
			line--;
		l->at_us = strtoll(line, NULL, 10);
		if (++times == l->times)
			break;
	}
	free(all);
	return times >= l->times;
}

/* Wait until "WHERE LEVEL" was written so often. Return: when the last of them was. */
static int64_t wait_line(struct play *p, size_t from, const char *text, int times)
{
	struct look l = { p, from, text, times, 0 };

	/* Nothing announces a line of a file: looked at every few milliseconds, under the stage's deadline. */
	for (int turns = 0; !seen(p->s, &l); turns++) {
		if (turns == STAGE_DEADLINE_MS / 5)
			stage_until(p->s, seen, &l, text);
		stage_turn(p->s, 5);
	}
	return l.at_us;
}

static void start_kiosk(struct play *p)
{
	p->kiosk = stage_start(p->s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	p->reader = stage_connect(p->s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(p->s, p->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
}

static void start_signal(struct play *p)
{
	static char env[320];
	const char *const pairs[] = { env, NULL };

	(void)snprintf(p->lines, sizeof(p->lines), "%s", stage_path(p->s, "lines"));
	(void)snprintf(env, sizeof(env), "SIGNAL_LINES=%s", p->lines);
	p->signal = stage_start(p->s, "signal_to_file", "gate-1", NULL, pairs);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_a_tap_is_answered(void **state)
{
	struct play play = { .s = stage_open() };
	struct play *p = &play;
	int64_t took_us[TAPS];

	(void)state;
	stage_unit(p->s, "gate-1",
		(const char *const[]){
			"signal.go = " GO, "signal.desk = " DESK, "signal.piezo = " PIEZO, NULL });
	start_signal(p);
	(void)wait_line(p, 0, PIEZO " had", 1);
	/* Nobody there yet: use the other gate. */
	(void)wait_line(p, 0, DESK " on", 1);
	size_t from = written_so_far(p);
	start_kiosk(p);
	stage_wait_log(p->s, p->signal, "kiosk_found");
	/* A card that nobody has: the desk's light and two beeps, never the other light. */
	for (int i = 0; i < TAPS; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "04a1b2c3d4e5%02x", i);
		from = written_so_far(p);
		struct timespec t;
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
		int64_t seen_us = t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
		stage_tap(p->s, p->reader, uid);
		took_us[i] = wait_line(p, from, PIEZO " on", 1) - seen_us;
		/* The next one when it has said all: a beep that goes on over a new one is one line. */
		(void)wait_line(p, from, PIEZO " off", 2);
		if (i == 0) {
			(void)wait_line(p, from, DESK " on", 2);
			char *all = written(p, from);
			assert_null(strstr(all, GO " on"));
			free(all);
		}
	}
	qsort(took_us, TAPS, sizeof(took_us[0]), by_size);
	printf("figure: card seen to buzzer p50 %.1f ms, max %.1f ms (%d taps, sanitized build)\n",
		(double)took_us[TAPS / 2] / 1000, (double)took_us[TAPS - 1] / 1000, TAPS);
	/* Killed under it: told by the light, found again, and dark once it is well. */
	stage_disconnect(p->s, p->reader);
	stage_kill(p->s, p->kiosk);
	stage_wait_log(p->s, p->signal, "kiosk_gone");
	from = written_so_far(p);
	(void)wait_line(p, from, DESK " on", 1);
	start_kiosk(p);
	stage_wait_log(p->s, p->signal, "kiosk_found");
	from = written_so_far(p);
	stage_tap(p->s, p->reader, "08112233"); /* a phone */
	(void)wait_line(p, from, PIEZO " on", 2);
	/* In the middle of a blink: all dark at the end. */
	stage_stop(p->s, p->signal);
	char *all = written(p, 0);
	char *last = strstr(all, "");
	for (size_t len = strlen(all), n = 0; len > 0 && n < 4; len--)
		if (all[len - 1] == '\n' && ++n <= 4)
			last = all + len;
	assert_int_equal(strncmp(strchr(last, ' '), " " GO " off", strlen(GO) + 5), 0);
	assert_non_null(strstr(last, DESK " off"));
	assert_non_null(strstr(last, PIEZO " off"));
	assert_null(strstr(last, " on\n"));
	free(all);
	stage_disconnect(p->s, p->reader);
	stage_stop(p->s, p->kiosk);
	stage_close(p->s);
}

/* A line that can't be had is told once; the others work. None at all is a mistake of the configuration. */
static void test_lines_that_are_not_there(void **state)
{
	struct play play = { .s = stage_open() };
	struct play *p = &play;

	(void)state;
	stage_unit(p->s, "gate-1",
		(const char *const[]){ "signal.go = none0:1", "signal.desk = " DESK,
			"screen.sound = off", "signal.piezo = " PIEZO, NULL });
	start_signal(p);
	stage_wait_log(p->s, p->signal, "line_absent line=none0:1");
	start_kiosk(p);
	stage_wait_log(p->s, p->signal, "kiosk_found");
	size_t from = written_so_far(p);
	stage_tap(p->s, p->reader, "04a1b2c3d4e5f6");
	(void)wait_line(p, from, DESK " off", 2);
	char *all = written(p, from);
	assert_null(strstr(all, PIEZO " on")); /* screen.sound = off */
	free(all);
	stage_stop(p->s, p->signal);
	stage_disconnect(p->s, p->reader);
	stage_stop(p->s, p->kiosk);
	assert_int_equal(stage_said_count(p->signal, "line_absent"), 1);
	/* The shipped program, on a machine that has no such chip. */
	struct stage_program *real = stage_start(p->s, "schoolpoort-signal", "gate-1", NULL, NULL);
	stage_wait_log(p->s, real, "line_absent line=none0:1");
	stage_wait_log(p->s, real, "line_absent line=" PIEZO);
	stage_stop(p->s, real);
	stage_unit(p->s, "gate-1", NULL);
	real = stage_start(p->s, "schoolpoort-signal", "gate-1", NULL, NULL);
	assert_int_equal(stage_wait_exit(p->s, real), 2);
	assert_true(stage_said(real, "no line is set"));
	stage_close(p->s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tap_is_answered),
		cmocka_unit_test(test_lines_that_are_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
