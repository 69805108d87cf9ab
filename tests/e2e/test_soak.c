/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * P5: a gate, a register, a broker and a screen for weeks in minutes: memory and descriptors flat, a bounded journal.
 *
 *	test_soak [TAPS]
 *
 * Under a fast clock, from the last days of a school year's retention on: days change, alerts come and go, rows are purged
 * at the gate, last year's leave the register, checkpoints run. Taps come as fast as they are answered; the gate rests for
 * some hours each night, when housekeeping has its time.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/school.h"
#include "e2e/stores.h"
#include "e2e/tap_client.h"
#include "unit/unit.h"

#define TAPS_DEFAULT 1500
#define TAPS_LONG 50000 /* from here on memory is judged, not only descriptors */
#define TAPS_DAYS 300000 /* from here on days enough pass for what is old to go */
#define SPEED 2400 /* a day in 36 s: its night leaves 10 s for housekeeping */
#define LAST_YEAR "2026-05-11T06:00:00+02:00" /* a Monday; leaves the register on 2027-08-31 */
#define WARM_UP "2027-08-30T07:10:00+02:00"
#define WARM_UP_SPEED 28800 /* a day in 3 s */
#define WARM_UP_S 75 /* 25 days: a pupil's record of fifteen school days is full by then */
#define WARM_UP_TAPS_MAX 60000
#define START "2027-09-24T07:10:00+02:00"
#define THIS_YEAR_MS "(strftime('%%s', '2027-08-30T05:10:00Z') * 1000)"
#define START_S (7 * 3600 + 10 * 60)
#define NIGHT_FROM_S (30 * 60)
#define NIGHT_UNTIL_S (7 * 3600)
#define LAST_YEAR_TAPS 300
#define PUPILS 1200
#define OUTSTANDING_MAX 24 /* taps without their result: less than a socket's buffer holds */
#define QUEUE_MAX 2000 /* then taps wait until the register has caught up */
#define SAMPLES_MAX 4096
#define GROWTH_KB                                                                                  \
	1536 /* what memory may differ between the middle and the end: SQLite's cache is 2 MB */
#define LINES_A_DAY 60 /* of a program's log; a tap has none */
#define FONTS_MAX 24 /* pairs of face and size that the screen keeps open: ui/screen/text.c */

enum { KIOSK, REGISTER, SCREEN, BROKER, N_WATCHED };
static const char *const names[N_WATCHED] = { "kiosk", "register", "screen", "broker" };

struct sample {
	int64_t at_taps;
	int64_t pss_kb[N_WATCHED];
	int n_fds[N_WATCHED];
	int64_t db_kb[2], wal_kb[2];
};

struct soak {
	struct stage *stage;
	struct stage_program *programs[N_WATCHED];
	struct tap_client light, reader;
	int64_t start_us; /* of the clock */
	int64_t n_taps, n_results, n_max;
	struct uuid *told;
	size_t n_told;
	size_t n_samples;
	struct sample samples[SAMPLES_MAX];
};

static int64_t n_taps_wanted = TAPS_DEFAULT;

static void on_view(void *ctx, const struct wire_view *view)
{
	struct soak *k = ctx;

	if (view->state != WIRE_VIEW_RESULT)
		return;
	k->n_results++;
	assert_false(uuid_is_none(view->checkin));
	assert_true(k->n_told < (size_t)k->n_max);
	k->told[k->n_told++] = view->checkin;
}

/* ---- the school ------------------------------------------------------------------------------ */

static void write_school(struct stage *s)
{
	FILE *pupils = fopen(stage_path(s, "pupils.csv"), "we");
	FILE *cards = fopen(stage_path(s, "cards.csv"), "we");

	assert_non_null(pupils);
	assert_non_null(cards);
	(void)fputs("pupil_id;last_name;first_name;class\n", pupils);
	(void)fputs("uid;pupil_id;from;to\n", cards);
	for (int i = 0; i < PUPILS; i++) {
		(void)fprintf(pupils, "%d;Naam%d;Voor%d;K%d\n", 1000 + i, i, i, i / 25);
		(void)fprintf(cards, "04%012d;%d;;\n", i, 1000 + i);
	}
	assert_int_equal(fclose(pupils), 0);
	assert_int_equal(fclose(cards), 0);
}

static void import(struct soak *k, const char *what, const char *file)
{
	free(school_ctl(k->stage, "register", (const char *const[]){ "import", what, file, NULL }));
}

static void start_all(struct soak *k)
{
	static const char *const silent[] = { "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy",
		NULL };
	struct stage *s = k->stage;

	k->programs[REGISTER] = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	k->programs[KIOSK] = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	k->programs[SCREEN] = stage_start(s, "schoolpoort-screen", "gate-1", NULL, silent);
	k->programs[BROKER] = stage_broker(s);
	stage_disconnect(s, stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL));
	stage_disconnect(s, stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_CONTROL));
}

static int64_t status(struct soak *k, const char *unit, const char *key)
{
	struct wire_node *n =
		school_ctl_json(k->stage, unit, (const char *const[]){ "status", NULL });
	int64_t value = wire_node_get_int(n, key, -1);

	wire_node_destroy(n);
	return value;
}

static bool knows_school(struct stage *s, void *ctx)
{
	(void)s;
	return status(ctx, "gate-1", "pupils") == PUPILS;
}

/* ---- taps ------------------------------------------------------------------------------------ */

static int second_of_day(const struct soak *k)
{
	return (int)((START_S + (tap_now_us() - k->start_us) * SPEED / 1000000) % 86400);
}

static bool is_night(const struct soak *k)
{
	int at_s = second_of_day(k);

	return at_s >= NIGHT_FROM_S && at_s < NIGHT_UNTIL_S;
}

static void serve(struct soak *k)
{
	tap_client_serve(&k->light);
	tap_client_serve(&k->reader);
}

static void tap(struct soak *k)
{
	char uid[16];

	/* Everybody in turn: two taps of one card at the same moment would be one. */
	(void)snprintf(uid, sizeof(uid), "04%012lld", (long long)(k->n_taps * 7 % PUPILS));
	if (k->n_taps % 211 == 0)
		(void)snprintf(uid, sizeof(uid), "04%010lldff", (long long)(k->n_taps / 211 % 30));
	if (tap_client_tap(&k->reader, uid))
		k->n_taps++;
}

/* Taps until there are @n in all, none at night. Return: what the wait was for is over. */
static void tap_some(struct soak *k, int64_t n, bool nights)
{
	while (k->n_taps < n || k->n_results < n) {
		serve(k);
		while (k->n_taps < n && k->n_taps - k->n_results < OUTSTANDING_MAX &&
			k->light.welcome && k->reader.welcome && !(nights && is_night(k)))
			tap(k);
		stage_turn(k->stage, 20);
	}
}

static void wait_queue(struct soak *k, int64_t most)
{
	while (status(k, "gate-1", "queue") > most) {
		serve(k);
		stage_turn(k->stage, 50);
	}
}

/* ---- samples --------------------------------------------------------------------------------- */

static int64_t number_after(const char *path, const char *key)
{
	char line[512];
	int64_t value = -1;
	FILE *f = fopen(path, "re");

	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoll(line + strlen(key), NULL, 10);
	if (f)
		(void)fclose(f);
	return value;
}

static int count_fds(pid_t pid)
{
	char path[64];
	int n = -2; /* . and .. */

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

static int64_t size_kb(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size / 1024 : 0;
}

static void take_sample(struct soak *k)
{
	char path[64];

	assert_true(k->n_samples < SAMPLES_MAX);
	struct sample *s = &k->samples[k->n_samples++];
	s->at_taps = k->n_taps;
	for (int i = 0; i < N_WATCHED; i++) {
		pid_t pid = stage_pid(k->programs[i]);
		(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
		s->pss_kb[i] = number_after(path, "Pss:");
		s->n_fds[i] = count_fds(pid);
	}
	s->db_kb[0] = size_kb(stage_path(k->stage, "gate-1-state/kiosk.db"));
	s->wal_kb[0] = size_kb(stage_path(k->stage, "gate-1-state/kiosk.db-wal"));
	s->db_kb[1] = size_kb(stage_path(k->stage, "register-state/register.db"));
	s->wal_kb[1] = size_kb(stage_path(k->stage, "register-state/register.db-wal"));
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of a stretch of the run, in hundredths; what only one look saw is no level. */
static int64_t median_kb(const struct soak *k, int what, size_t from, size_t to)
{
	static int64_t values[SAMPLES_MAX];
	size_t first = k->n_samples * from / 100, n = 0;

	for (size_t i = first; i < k->n_samples * to / 100; i++)
		values[n++] = k->samples[i].pss_kb[what];
	assert_true(n > 0);
	qsort(values, n, sizeof(values[0]), by_size);
	return values[n / 2];
}

static int most_fds(const struct soak *k, int what, size_t from, size_t to)
{
	int most = 0;

	for (size_t i = k->n_samples * from / 100; i < k->n_samples * to / 100; i++)
		if (k->samples[i].n_fds[what] > most)
			most = k->samples[i].n_fds[what];
	return most;
}

static int64_t cpu_ms(pid_t pid)
{
	char path[64], line[1024] = "";
	char *save = NULL;
	int64_t ticks = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	(void)fclose(f);
	char *word = strtok_r(strrchr(line, ')') + 1, " ", &save);
	for (int i = 3; word && i <= 15; i++, word = strtok_r(NULL, " ", &save))
		if (i >= 14) /* utime and stime; proc(5) counts from 1 */
			ticks += strtoll(word, NULL, 10);
	return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* ---- what must be ---------------------------------------------------------------------------- */

static void judge(struct soak *k, double days, double real_s)
{
	bool judged = n_taps_wanted >= TAPS_LONG;

	for (int i = 0; i < N_WATCHED; i++) {
		const struct sample *first = &k->samples[0], *last = &k->samples[k->n_samples - 1];
		int64_t middle_kb = median_kb(k, i, 30, 50), end_kb = median_kb(k, i, 80, 100);
		int middle_fds = most_fds(k, i, 10, 55), end_fds = most_fds(k, i, 55, 100);
		size_t n_lines = lines_of(stage_text(k->programs[i]));
		printf("figure: soak %s PSS %lld kB at the start, %lld in the middle, %lld at the "
		       "end, "
		       "%lld last; descriptors %d, %d, %d; CPU %.1f %% of a core; %zu log lines "
		       "(%lld taps, %.1f days in %.0f s)\n",
			names[i], (long long)first->pss_kb[i], (long long)middle_kb,
			(long long)end_kb, (long long)last->pss_kb[i], first->n_fds[i], middle_fds,
			end_fds, (double)cpu_ms(stage_pid(k->programs[i])) / 10 / real_s, n_lines,
			(long long)k->n_taps, days, real_s);
		/* One who asks for the status may just be there; and in a short run the screen still meets texts that
		 * need a font for the first time. */
		int more = !judged && i == SCREEN ? FONTS_MAX : 1;
		if (end_fds > middle_fds + more)
			fail_msg("%s: descriptors grow", names[i]);
		if (judged && end_kb > middle_kb + GROWTH_KB)
			fail_msg("%s: memory grows", names[i]);
		if (n_lines > 40 + (size_t)(days * LINES_A_DAY))
			fail_msg(
				"%s says too much:\n%.4000s", names[i], stage_text(k->programs[i]));
	}
}

static void print_sizes(const struct soak *k)
{
	int64_t wal_kb[2] = { 0, 0 };

	for (size_t i = 0; i < k->n_samples; i++)
		for (int d = 0; d < 2; d++)
			wal_kb[d] = k->samples[i].wal_kb[d] > wal_kb[d] ? k->samples[i].wal_kb[d]
									: wal_kb[d];
	for (int d = 0; d < 2; d++) {
		printf("figure: soak %s.db %lld kB at the start, %lld in the middle, %lld at the "
		       "end; "
		       "WAL %lld kB at most\n",
			names[d], (long long)k->samples[0].db_kb[d],
			(long long)k->samples[k->n_samples / 2].db_kb[d],
			(long long)k->samples[k->n_samples - 1].db_kb[d], (long long)wal_kb[d]);
		assert_true(wal_kb[d] < 16 * 1024);
	}
}

/* Told as stored: at the register, each once; what the gate purged as well. */
static void compare(struct soak *k)
{
	struct stores *st =
		stores_open(k->stage, (const char *const[]){ "gate-1", "register", NULL });

	stores_put_told(st, 0, k->told, k->n_told);
	assert_int_equal(stores_number(st, "SELECT count(*) FROM told"), k->n_told);
	stores_none(st, "told as stored, and not at the register",
		"SELECT hex(id) FROM told WHERE id NOT IN (SELECT id FROM u1.checkin)");
	stores_none(st, "at the register, and never told",
		"SELECT hex(id) FROM u1.checkin WHERE at >= " THIS_YEAR_MS
		" AND id NOT IN (SELECT id FROM told)");
	printf("figure: soak told %zu, at the register %lld, still at the gate %lld, alerts %lld\n",
		k->n_told, (long long)stores_number(st, "SELECT count(*) FROM u1.checkin"),
		(long long)stores_number(st, "SELECT count(*) FROM u0.checkin"),
		(long long)stores_number(st, "SELECT count(*) FROM u1.alert"));
	if (n_taps_wanted >= TAPS_DAYS) {
		assert_true(
			stores_number(st, "SELECT count(*) FROM u0.checkin") < (int64_t)k->n_told);
		assert_true(stores_number(st, "SELECT count(*) FROM u1.alert") > 0);
		stores_none(st, "of a school year whose time is over",
			"SELECT hex(id) FROM u1.checkin WHERE at < " THIS_YEAR_MS);
	}
	stores_close(st);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void open_school(struct soak *k)
{
	k->stage = stage_open();
	k->n_max = n_taps_wanted + LAST_YEAR_TAPS + WARM_UP_TAPS_MAX;
	k->told = calloc((size_t)k->n_max, sizeof(*k->told));
	assert_non_null(k->told);
	write_school(k->stage);
	stage_unit(k->stage, "register", (const char *const[]){ "register.gates = gate-1", NULL });
	stage_unit(k->stage, "gate-1",
		(const char *const[]){ "retention.gate_days = 1", "kiosk.repeat_s = 0",
			"screen.size = 320x240", "screen.sound = off", NULL });
	tap_client_init(&k->light, k->stage, "gate-1", WIRE_ROLE_SIGNAL);
	tap_client_init(&k->reader, k->stage, "gate-1", WIRE_ROLE_READER);
	k->light.on_view = on_view;
	k->light.ctx = k;
	stage_broker_start(k->stage, false);
}

static void stop_all(struct soak *k)
{
	wait_queue(k, 0);
	for (int i = 0; i < BROKER; i++)
		stage_stop(k->stage, k->programs[i]);
	tap_client_close(&k->light);
	tap_client_close(&k->reader);
	for (int i = 0; i < BROKER; i++)
		stage_forget(k->stage, k->programs[i]);
	k->n_taps = k->n_results = 0;
}

/* What the register has to forget on the way. */
static void last_year(struct soak *k)
{
	stage_clock(k->stage, LAST_YEAR);
	start_all(k);
	import(k, "pupils", stage_path(k->stage, "pupils.csv"));
	import(k, "timetable", TEST_SOURCE_DIR "/broker-config/contract/sample/timetable.csv");
	import(k, "cards", stage_path(k->stage, "cards.csv"));
	stage_until(k->stage, knows_school, k, "the gate to know the school");
	tap_some(k, LAST_YEAR_TAPS, false);
	stop_all(k);
	k->n_told = 0;
}

/* Who has no record yet has it after some weeks: a growth that ends, and that no test should take for a leak. */
static void warm_up(struct soak *k)
{
	stage_clock_speed(k->stage, WARM_UP, WARM_UP_SPEED);
	start_all(k);
	for (int64_t end_us = tap_now_us() + WARM_UP_S * INT64_C(1000000); tap_now_us() < end_us;) {
		tap_some(k, k->n_taps + OUTSTANDING_MAX / 2, false);
		for (int64_t next_us = tap_now_us() + 40000; tap_now_us() < next_us;)
			stage_turn(k->stage, 10);
		assert_true(k->n_taps < WARM_UP_TAPS_MAX);
	}
	stop_all(k);
}

static void run_taps(struct soak *k)
{
	int64_t step = n_taps_wanted / 400 > 25 ? n_taps_wanted / 400 : 25;

	for (int64_t at = step; at <= n_taps_wanted; at += step) {
		tap_some(k, at, true);
		take_sample(k);
		if (at % (20 * step) == 0 && status(k, "gate-1", "queue") > QUEUE_MAX)
			wait_queue(k, QUEUE_MAX / 10);
	}
}

static void p5_memory_and_descriptors_stay_flat(void **state)
{
	(void)state;
	struct soak *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	open_school(k);
	last_year(k);
	if (n_taps_wanted >= TAPS_DAYS)
		warm_up(k);
	stage_clock_speed(k->stage, START, SPEED);
	k->start_us = tap_now_us();
	start_all(k);
	stage_until(k->stage, knows_school, k, "the gate to know the school");
	run_taps(k);
	double real_s = (double)(tap_now_us() - k->start_us) / 1e6, days = real_s * SPEED / 86400;
	printf("figure: soak %.0f taps a second (%lld taps, %.1f days in %.0f s)\n",
		(double)k->n_taps / real_s, (long long)k->n_taps, days, real_s);
	wait_queue(k, 0);
	judge(k, days, real_s);
	print_sizes(k);
	for (int i = 0; i < BROKER; i++)
		stage_stop(k->stage, k->programs[i]);
	tap_client_close(&k->light);
	tap_client_close(&k->reader);
	compare(k);
	stage_close(k->stage);
	free(k->told);
	free(k);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p5_memory_and_descriptors_stay_flat),
	};

	if (argc > 1)
		n_taps_wanted = strtoll(argv[1], NULL, 10);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
