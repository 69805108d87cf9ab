/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/kills.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/school.h"
#include "e2e/stores.h"
#include "emu/emu_control.h"
#include "unit/unit.h"

#define TICK_MS 2
#define ARMED_MS 200 /* no tick by then: it dies all the same */
#define EMU_TAP_MS 400 /* between two cards before the antenna: three a second at most */
#define DRAIN_US INT64_C(70000000) /* the back-off's 30 s, and time to deliver */
#define IMPORT_CLOCK "2026-11-23T05:00:00+01:00" /* how long an import takes moves no bell */
#define TOLD_FIRST 4096

static const struct {
	const char *name, *unit, *program;
	unsigned weight; /* how often it is hit */
} kinds[KILLS_N] = {
	[KILLS_KIOSK_1] = { "kiosk", "gate-1", "schoolpoort-kiosk", 4 },
	[KILLS_KIOSK_2] = { "kiosk", "gate-2", "schoolpoort-kiosk", 4 },
	[KILLS_READER] = { "reader", "gate-1", "schoolpoort-reader", 3 },
	[KILLS_SCREEN] = { "screen", "gate-1", "schoolpoort-screen", 3 },
	[KILLS_REGISTER] = { "register", "register", "schoolpoort-register", 4 },
	[KILLS_BROKER] = { "broker", NULL, NULL, 2 },
};

/* xorshift64*: the same run again by its seed, as far as the machine lets it. */
unsigned kills_random(struct kills *k, unsigned below)
{
	k->random ^= k->random >> 12;
	k->random ^= k->random << 25;
	k->random ^= k->random >> 27;
	return (unsigned)((k->random * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

void kills_uid(int pupil, char *ret_uid)
{
	(void)snprintf(ret_uid, 16, "04%012d", pupil);
}

/* ---- what screens are told ------------------------------------------------------------------- */

static void on_view(void *ctx, const struct wire_view *view)
{
	struct kills_gate *g = ctx;

	if (view->state == WIRE_VIEW_RESULT && uuid_is_none(view->checkin))
		g->n_refused++;
	if (uuid_is_none(view->checkin))
		return;
	if (g->armed)
		assert_int_equal(kill(g->armed, SIGKILL), 0);
	g->armed = 0;
	if (g->n_told == g->room) {
		g->room = g->room ? 2 * g->room : TOLD_FIRST;
		g->told = realloc(g->told, g->room * sizeof(*g->told));
		assert_non_null(g->told);
	}
	g->told[g->n_told++] = view->checkin;
}

/* The kiosk is dead: each id that was told since the last look has its row by now. */
static void check_told(struct kills *k, struct kills_gate *g)
{
	char from[512], copy[512], id[37];
	sqlite3 *db;
	sqlite3_stmt *stmt;

	(void)snprintf(
		from, sizeof(from), "%s", stage_path(k->stage, "%s-state/kiosk.db", g->unit));
	(void)snprintf(copy, sizeof(copy), "%s", stage_path(k->stage, "%s-killed.db", g->unit));
	stores_copy(from, copy);
	assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
	if (g->n_checked < g->n_told) {
		assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM checkin WHERE id = ?1", -1,
					 &stmt, NULL),
			SQLITE_OK);
		for (; g->n_checked < g->n_told; g->n_checked++) {
			const struct uuid *u = &g->told[g->n_checked];
			(void)sqlite3_bind_blob(stmt, 1, u->b, sizeof(u->b), SQLITE_STATIC);
			uuid_format(*u, id);
			if (sqlite3_step(stmt) != SQLITE_ROW)
				fail_msg("seed %u, kill %d: %s was told as stored and has no row",
					k->seed, k->n_kills, id);
			(void)sqlite3_reset(stmt);
		}
		(void)sqlite3_finalize(stmt);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- taps ------------------------------------------------------------------------------------ */

static void note_ready(struct kills *k, int what)
{
	struct kills_program *p = &k->programs[what];

	if (p->ready || k->dead[what])
		return;
	p->ready = true;
	if (p->n_kills > 0)
		p->ready_ms[p->n_ready++] = (int)((tap_now_us() - p->started_us) / 1000);
}

static void look_ready(struct kills *k)
{
	for (int g = 0; g < KILLS_GATES; g++) {
		const struct tap_client *light = &k->gates[g].light;
		int what = g ? KILLS_KIOSK_2 : KILLS_KIOSK_1;
		if (light->welcome && light->welcome_us > k->programs[what].started_us)
			note_ready(k, what);
	}
	if (!k->programs[KILLS_READER].ready && k->programs[KILLS_READER].p &&
		(stage_said(k->programs[KILLS_READER].p, "reader_ok") ||
			stage_said(k->programs[KILLS_READER].p, "reader_back")))
		note_ready(k, KILLS_READER);
	if (!k->programs[KILLS_REGISTER].ready && k->programs[KILLS_REGISTER].p &&
		stage_said(k->programs[KILLS_REGISTER].p, "started "))
		note_ready(k, KILLS_REGISTER);
}

/* A picture was drawn: one that isn't "the kiosk is away". */
static void on_news(void *ctx)
{
	struct kills *k = ctx;
	union {
		struct inotify_event event;
		char bytes[4096];
	} news;
	ssize_t n;

	while ((n = read(k->news_fd, &news, sizeof(news))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(news.bytes + at);
			if (!strstr(e->name, "-away"))
				note_ready(k, KILLS_SCREEN);
			(void)unlink(stage_path(k->stage, "frames/%s", e->name));
			at += (ssize_t)sizeof(*e) + e->len;
		}
}

static int choose_pupil(struct kills *k)
{
	if (!k->once)
		return (int)kills_random(k, KILLS_PUPILS);
	return k->next_pupil < k->last_pupil ? k->next_pupil : -1;
}

static void tap_client(struct kills *k, struct kills_gate *g, int64_t now_us)
{
	char uid[16];
	int pupil = choose_pupil(k);

	g->next_tap_us = now_us + 500 + kills_random(k, 2000u * (unsigned)k->tap_every_ms);
	if (pupil < 0)
		return;
	kills_uid(pupil, uid);
	if (!k->once && kills_random(k, 100) == 0)
		(void)snprintf(uid, sizeof(uid), "08%012u", kills_random(k, 50)); /* nobody's */
	if (!k->once && kills_random(k, 100) == 0)
		(void)snprintf(uid, sizeof(uid), "04%010uff", kills_random(k, 30));
	if (!tap_client_tap(&g->reader, uid))
		return;
	g->n_taps++;
	k->next_pupil++;
}

static void tap_emulator(struct kills *k, struct kills_gate *g, int64_t now_us)
{
	char uid[16];

	g->next_tap_us = now_us + EMU_TAP_MS * INT64_C(1000);
	kills_uid((int)kills_random(k, KILLS_PUPILS), uid);
	assert_int_equal(emu_control_tell(k->emu, STAGE_DEADLINE_MS, "tap %s %u", uid,
				 150 + kills_random(k, 150)),
		0);
	g->n_taps++;
}

static void on_tick(void *ctx)
{
	struct kills *k = ctx;
	uint64_t n;
	int64_t now_us = tap_now_us();

	if (read(k->timer_fd, &n, sizeof(n)) < 0)
		return;
	for (int i = 0; i < KILLS_GATES; i++) {
		struct kills_gate *g = &k->gates[i];
		if (k->dead[i ? KILLS_KIOSK_2 : KILLS_KIOSK_1])
			continue;
		tap_client_serve(&g->light);
		if (i == 1) {
			tap_client_serve(&g->reader);
			tap_client_serve(&g->screen);
		}
		if (!k->taps || now_us < g->next_tap_us)
			continue;
		if (i == 1)
			tap_client(k, g, now_us);
		else if (!k->once)
			tap_emulator(k, g, now_us);
	}
	look_ready(k);
}

/* ---- programs -------------------------------------------------------------------------------- */

static void start(struct kills *k, int what)
{
	struct kills_program *p = &k->programs[what];
	const char *const screen_args[] = { "--frames", stage_path(k->stage, "frames"), NULL };
	static const char *const screen_env[] = { "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy",
		NULL };
	bool screen = what == KILLS_SCREEN;

	p->ready = false;
	p->started_us = tap_now_us();
	k->dead[what] = false;
	if (what == KILLS_BROKER) {
		stage_broker_start(k->stage, true);
		note_ready(k, what);
		return;
	}
	p->p = stage_start(k->stage, kinds[what].program, kinds[what].unit,
		screen ? screen_args : NULL, screen ? screen_env : NULL);
}

/* It may end by our signal alone; and what it said holds no word of the sanitizers. */
static void check_said(const struct kills *k, int what, int status, int want)
{
	static const char *const bad[] = { "AddressSanitizer", "LeakSanitizer", "runtime error",
		"Assertion", "store_not_opened", "store_failed", "log_drawn_anew", "register_has",
		"checkin_refused", "payload_refused", "publish_refused", "datagram_refused" };
	const char *said = stage_text(k->programs[what].p);

	if (status != want)
		fail_msg("seed %u, kill %d: %s of %s ended with status %d:\n%s", k->seed,
			k->n_kills, kinds[what].program, kinds[what].unit, status, said);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (strstr(said, bad[i]))
			fail_msg("seed %u, kill %d: %s of %s said:\n%s", k->seed, k->n_kills,
				kinds[what].program, kinds[what].unit, said);
}

/* Every other time a kiosk dies the moment that it has told a tick: where that came before the row, this shows it. */
static void kill_kiosk(struct kills *k, struct kills_gate *g, pid_t pid)
{
	int64_t until_us = tap_now_us() + ARMED_MS * INT64_C(1000);

	g->armed = kills_random(k, 2) ? pid : 0;
	bool at_tick = g->armed;
	while (g->armed && tap_now_us() < until_us)
		stage_turn(k->stage, 1);
	if (g->armed || !at_tick)
		assert_int_equal(kill(pid, SIGKILL), 0);
	g->armed = 0;
}

static void kill_one(struct kills *k, int what)
{
	struct kills_program *p = &k->programs[what];
	struct kills_gate *g = what == KILLS_KIOSK_1   ? &k->gates[0]
			       : what == KILLS_KIOSK_2 ? &k->gates[1]
						       : NULL;

	k->n_kills++;
	p->n_kills++;
	p->n_unready += !p->ready;
	if (g)
		kill_kiosk(k, g, stage_pid(p->p));
	k->dead[what] = true;
	if (what == KILLS_BROKER) {
		/* At times it has written its own database before: then old retained messages come back. */
		if (kills_random(k, 3) == 0)
			assert_int_equal(kill(stage_pid(stage_broker(k->stage)), SIGUSR1), 0);
		stage_broker_stop(k->stage, true);
		return;
	}
	if (!g)
		assert_int_equal(kill(stage_pid(p->p), SIGKILL), 0);
	check_said(k, what, stage_wait_exit(k->stage, p->p), 128 + SIGKILL);
	stage_forget(k->stage, p->p);
	p->p = NULL;
	if (!g)
		return;
	tap_client_close(&g->light);
	tap_client_close(&g->reader);
	tap_client_close(&g->screen);
	check_told(k, g);
}

static int choose(struct kills *k)
{
	unsigned all = 0;

	for (int i = 0; i < KILLS_N; i++)
		all += kinds[i].weight;
	unsigned at = kills_random(k, all);
	int what = 0;
	while (at >= kinds[what].weight)
		at -= kinds[what++].weight;
	return what;
}

static void kill_next(struct kills *k, int mean_ms)
{
	/* Mostly close together, at times a breath in which everybody gets somewhere. */
	unsigned ms = kills_random(k, 2u * (unsigned)mean_ms);

	if (kills_random(k, 12) == 0)
		ms *= 4;
	int64_t until_us = tap_now_us() + ms * INT64_C(1000);
	for (int64_t left; (left = until_us - tap_now_us()) > 0;)
		stage_turn(k->stage, (int)(left / 1000) + 1);
	int what = choose(k);
	kill_one(k, what);
	start(k, what);
}

void kills_run(struct kills *k, int n, int mean_ms)
{
	k->taps = true;
	for (int i = 0; i < n; i++)
		kill_next(k, mean_ms);
}

void kills_run_for(struct kills *k, int ms, int mean_ms)
{
	int64_t until_us = tap_now_us() + ms * INT64_C(1000);

	k->taps = true;
	while (tap_now_us() < until_us && k->n_kills < k->n_max)
		kill_next(k, mean_ms);
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool all_ready(struct stage *s, void *ctx)
{
	struct kills *k = ctx;

	(void)s;
	for (int i = 0; i < KILLS_N; i++)
		if (!k->programs[i].ready)
			return false;
	return true;
}

static int64_t status_of(struct kills *k, const char *unit, const char *key)
{
	struct wire_node *status =
		school_ctl_json(k->stage, unit, (const char *const[]){ "status", NULL });
	int64_t value = wire_node_get_int(status, key, -1);

	wire_node_destroy(status);
	return value;
}

void kills_drain(struct kills *k)
{
	k->taps = false;
	stage_until(k->stage, all_ready, k, "everybody to be ready");
	int64_t begin_us = tap_now_us();
	for (int g = 0; g < KILLS_GATES; g++)
		while (status_of(k, k->gates[g].unit, "queue") != 0) {
			if (tap_now_us() - begin_us > DRAIN_US)
				fail_msg("seed %u: %s still holds %lld check-ins", k->seed,
					k->gates[g].unit,
					(long long)status_of(k, k->gates[g].unit, "queue"));
			stage_turn(k->stage, 50);
		}
	printf("figure: kills drain %lld ms (seed %u)\n",
		(long long)(tap_now_us() - begin_us) / 1000, k->seed);
}

void kills_stop(struct kills *k)
{
	static const int order[] = { KILLS_SCREEN, KILLS_READER, KILLS_KIOSK_1, KILLS_KIOSK_2,
		KILLS_REGISTER };

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct kills_program *p = &k->programs[order[i]];
		k->dead[order[i]] = true;
		assert_int_equal(kill(stage_pid(p->p), SIGTERM), 0);
		check_said(k, order[i], stage_wait_exit(k->stage, p->p), 0);
	}
	for (int g = 0; g < KILLS_GATES; g++)
		tap_client_drain(&k->gates[g].light);
}

static int by_size(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

void kills_figures(const struct kills *k)
{
	const struct kills_gate *g = k->gates;

	printf("figure: taps %llu told %zu check-ins (seed %u)\n",
		(unsigned long long)(g[0].n_taps + g[1].n_taps), g[0].n_told + g[1].n_told,
		k->seed);
	for (int i = 0; i < KILLS_N; i++) {
		const struct kills_program *p = &k->programs[i];
		int n = p->n_ready;
		qsort(p->ready_ms, (size_t)n, sizeof(int), by_size);
		printf("figure: kills %s%s %d times, %d of them while it started; ready again p50 "
		       "%d, "
		       "p95 %d, max %d ms (%d runs, seed %u)\n",
			kinds[i].name,
			i == KILLS_KIOSK_1   ? " of gate-1"
			: i == KILLS_KIOSK_2 ? " of gate-2"
					     : "",
			p->n_kills, p->n_unready, n ? p->ready_ms[n / 2] : -1,
			n ? p->ready_ms[n * 95 / 100] : -1, n ? p->ready_ms[n - 1] : -1, n,
			k->seed);
	}
}

/* ---- opening --------------------------------------------------------------------------------- */

static void write_school(struct kills *k, int class_size)
{
	FILE *pupils = fopen(stage_path(k->stage, "pupils.csv"), "we");
	FILE *cards = fopen(stage_path(k->stage, "cards.csv"), "we");
	char uid[16];

	assert_non_null(pupils);
	assert_non_null(cards);
	(void)fputs("pupil_id;last_name;first_name;class\n", pupils);
	(void)fputs("uid;pupil_id;from;to\n", cards);
	for (int i = 0; i < KILLS_PUPILS; i++) {
		kills_uid(i, uid);
		(void)fprintf(pupils, "%d;Naam%d;Voor%d;K%d\n", 1000 + i, i, i, i / class_size);
		(void)fprintf(cards, "%s;%d;;\n", uid, 1000 + i);
	}
	assert_int_equal(fclose(pupils), 0);
	assert_int_equal(fclose(cards), 0);
}

static void import(struct kills *k, const char *what, const char *file)
{
	free(school_ctl(k->stage, "register", (const char *const[]){ "import", what, file, NULL }));
}

static void open_register(struct kills *k, int class_size)
{
	write_school(k, class_size);
	stage_unit(k->stage, "register",
		(const char *const[]){ "register.gates = gate-1,gate-2", NULL });
	start(k, KILLS_REGISTER);
	stage_disconnect(
		k->stage, stage_connect(k->stage, "register", "register.sock", WIRE_ROLE_CONTROL));
	import(k, "pupils", stage_path(k->stage, "pupils.csv"));
	import(k, "timetable", TEST_SOURCE_DIR "/broker-config/contract/sample/timetable.csv");
	import(k, "cards", stage_path(k->stage, "cards.csv"));
	stage_stop(k->stage, k->programs[KILLS_REGISTER].p);
	stage_forget(k->stage, k->programs[KILLS_REGISTER].p);
	k->programs[KILLS_REGISTER].started_us = 0;
}

static void open_emulator(struct kills *k)
{
	char emu[600], link[300], control[300];
	ssize_t n = readlink("/proc/self/exe", emu, sizeof(emu) - 20);

	assert_true(n > 0);
	emu[n] = 0;
	(void)snprintf(strrchr(emu, '/'), 20, "/pn532_emu");
	(void)snprintf(link, sizeof(link), "%s", stage_path(k->stage, "tty"));
	(void)snprintf(control, sizeof(control), "%s", stage_path(k->stage, "emu"));
	assert_int_equal(
		emu_control_start(emu, link, control, NULL, STAGE_DEADLINE_MS, &k->emu_pid), 0);
	assert_int_equal(emu_control_open(control, &k->emu), 0);
}

static void open_gates(struct kills *k)
{
	static const char *const units[] = { "gate-1", "gate-2" };
	char connstring[400];

	(void)snprintf(connstring, sizeof(connstring), "reader.connstring = pn532_uart:%s",
		stage_path(k->stage, "tty"));
	for (int i = 0; i < KILLS_GATES; i++) {
		struct kills_gate *g = &k->gates[i];
		g->unit = units[i];
		stage_unit(k->stage, g->unit,
			(const char *const[]){ i ? "kiosk.repeat_s = 0" : connstring,
				"screen.size = 320x240", "screen.sound = off", NULL });
		tap_client_init(&g->light, k->stage, g->unit, WIRE_ROLE_SIGNAL);
		tap_client_init(&g->reader, k->stage, g->unit, WIRE_ROLE_READER);
		tap_client_init(&g->screen, k->stage, g->unit, WIRE_ROLE_SCREEN);
		g->light.on_view = on_view;
		g->light.ctx = g;
	}
	for (int i = 0; i < KILLS_N; i++)
		if (!k->programs[i].started_us)
			start(k, i);
}

static bool have_data(struct stage *s, void *ctx)
{
	struct kills *k = ctx;

	(void)s;
	/* Each pupil has a card, and cards are imported last. */
	return status_of(k, "gate-1", "cards") == KILLS_PUPILS &&
	       status_of(k, "gate-2", "cards") == KILLS_PUPILS;
}

void kills_open(
	struct kills *k, unsigned seed, int n_max, const char *clock, int speed, int class_size)
{
	const struct itimerspec every = { { 0, TICK_MS * 1000000 }, { 0, TICK_MS * 1000000 } };

	*k = (struct kills){
		.stage = stage_open(), .seed = seed, .n_max = n_max, .tap_every_ms = 20
	};
	k->random = (uint64_t)seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	for (int i = 0; i < KILLS_N; i++) {
		k->programs[i].ready_ms = calloc((size_t)n_max + 1, sizeof(int));
		assert_non_null(k->programs[i].ready_ms);
		k->dead[i] = true;
	}
	stage_clock(k->stage, IMPORT_CLOCK);
	open_emulator(k);
	assert_int_equal(mkdir(stage_path(k->stage, "frames"), 0700), 0);
	k->news_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(
		inotify_add_watch(k->news_fd, stage_path(k->stage, "frames"), IN_MOVED_TO) >= 0);
	stage_add_fd(k->stage, k->news_fd, on_news, k);
	start(k, KILLS_BROKER);
	open_register(k, class_size);
	stage_clock_speed(k->stage, clock, speed);
	open_gates(k);
	k->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	assert_int_equal(timerfd_settime(k->timer_fd, 0, &every, NULL), 0);
	stage_add_fd(k->stage, k->timer_fd, on_tick, k);
	stage_until(k->stage, all_ready, k, "everybody to be ready");
	stage_until(k->stage, have_data, k, "the gates to know the school");
}

void kills_close(struct kills *k)
{
	stage_remove_fd(k->stage, k->timer_fd);
	stage_remove_fd(k->stage, k->news_fd);
	(void)close(k->timer_fd);
	(void)close(k->news_fd);
	for (int g = 0; g < KILLS_GATES; g++) {
		tap_client_close(&k->gates[g].light);
		tap_client_close(&k->gates[g].reader);
		tap_client_close(&k->gates[g].screen);
		free(k->gates[g].told);
	}
	for (int i = 0; i < KILLS_N; i++)
		free(k->programs[i].ready_ms);
	stage_close(k->stage);
	emu_control_close(k->emu);
	assert_int_equal(emu_control_stop(k->emu_pid, STAGE_DEADLINE_MS), 0);
}
