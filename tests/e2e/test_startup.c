/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Starts: in any order, in the middle of a card, without a display, with a configuration that is wrong; and screens
 * that die. Under the manager of manager.h.
 *
 * test_e2e_startup [ORDERS]: how many of the 24 orders are tried, evenly spread; 4 unless said.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/school.h"
#include "e2e/watched.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define SLACK_MS 25000 /* of a loaded machine; figures are printed */
#define ONE_TRY_MS 5000 /* half of what lies between two */

static int n_orders = 4;

/* ---- any order ------------------------------------------------------------------------------- */

static void (*const starts[])(
	struct watched *) = { watched_kiosk, watched_register, watched_reader, watched_screen };

static bool is_all_connected(struct stage *s, void *ctx)
{
	long gate = -1, next;

	(void)ctx;
	while ((next = stage_find(s, (size_t)(gate + 1), "gate/" WATCHED_GATE "/state", NULL)) >= 0)
		gate = next;
	if (gate < 0 || stage_find(s, 0, "register/state", "\"state\":\"online\"") < 0)
		return false;
	const char *payload = stage_message(s, (size_t)gate)->payload;
	return strstr(payload, "\"reader\":\"ok\"") && strstr(payload, "\"screen\":\"ok\"") &&
	       strstr(payload, "\"state\":\"online\"");
}

/* The @index-th order of four, by its digits in the factorial system. */
static void order_of(int index, size_t ret_order[4])
{
	size_t left[] = { 0, 1, 2, 3 };
	int radix[] = { 6, 2, 1, 1 };

	for (int i = 0; i < 4; i++) {
		int at = index / radix[i];
		index %= radix[i];
		ret_order[i] = left[at];
		memmove(left + at, left + at + 1, (size_t)(3 - at) * sizeof(left[0]));
	}
}

static struct manager_unit *unit_of(const struct watched *w, size_t program)
{
	return program == 0   ? w->kiosk
	       : program == 1 ? w->reg
	       : program == 2 ? w->reader
			      : w->screen;
}

/* Return: milliseconds from the last one's READY=1 until all know each other. */
static int64_t connect_in_order(const size_t order[4])
{
	struct watched w;
	int64_t last_ms = 0;

	watched_open(&w, NULL);
	for (size_t i = 0; i < 4; i++) {
		starts[order[i]](&w);
		manager_wait_ready(w.manager, unit_of(&w, order[i]), 1);
		last_ms = manager_now_ms();
	}
	stage_until(w.stage, is_all_connected, NULL, "all four to know each other");
	int64_t took_ms = manager_now_ms() - last_ms;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(unit_of(&w, i)->n_starts, 1); /* nobody gave up meanwhile */
	watched_close(&w);
	return took_ms;
}

static void p2_in_any_order(void **state)
{
	(void)state;
	int64_t worst_ms = 0;

	for (int i = 0; i < n_orders; i++) {
		size_t order[4];
		order_of((24 * i / n_orders + i) % 24, order);
		int64_t ms = connect_in_order(order);
		if (ms > 2000 + SLACK_MS)
			fail_msg("order %zu%zu%zu%zu: %lld ms", order[0], order[1], order[2],
				order[3], (long long)ms);
		worst_ms = ms > worst_ms ? ms : worst_ms;
	}
	print_message("\nfigure: all connected after the last start, worst %lld ms (%d orders)\n",
		(long long)worst_ms, n_orders);
}

/* ---- a card in the field --------------------------------------------------------------------- */

struct count_wait {
	struct watched *watched;
	const char *pupil;
	size_t n;
};

static bool has_result(struct stage *s, void *ctx)
{
	const struct watched *w = ctx;

	(void)s;
	for (size_t i = 0; i < stage_views(w->views); i++)
		if (stage_view(w->views, i)->state == WIRE_VIEW_RESULT)
			return true;
	return false;
}

static void kill_and_look(struct watched *w, struct manager_unit *u)
{
	size_t n = u->n_ready;

	assert_int_equal(kill(stage_pid(u->program), SIGKILL), 0);
	manager_wait_ready(w->manager, u, n + 1);
	watched_look(w);
}

static bool has_passed(struct stage *s, void *ctx)
{
	(void)s;
	return manager_now_ms() >= *(int64_t *)ctx;
}

/* The card lies for longer than kiosk.repeat_s, over two deaths of the kiosk, and counts once. */
static void p2_a_card_in_the_field_counts_once(void **state)
{
	(void)state;
	struct watched w;

	watched_open(&w, (const char *const[]){ "kiosk.repeat_s = 1", NULL });
	watched_start(&w);
	size_t from = stage_views(w.views);
	watched_place(&w, CARD_NOOR);
	(void)stage_wait_view(w.stage, w.views, from, WIRE_VIEW_RESULT, WIRE_RESULT_LATE);
	for (int i = 0; i < 2; i++) {
		int64_t until_ms = manager_now_ms() + 1100;
		stage_until(w.stage, has_passed, &until_ms, "repeat_s to pass");
		kill_and_look(&w, w.kiosk);
		stage_until(w.stage, has_result, &w, "what the card that still lies there means");
	}
	int64_t back_ms = w.kiosk->ready_ms - w.kiosk->ended_ms;
	watched_place(&w, NULL);
	/* Somebody else's, behind it: by then all before it has been delivered. */
	(void)watched_tap(&w, CARD_YASSINE, WIRE_RESULT_LATE);
	(void)stage_wait_message(w.stage, 0, "/checkin", "\"pupil\":\"" YASSINE "\"");
	assert_int_equal(watched_checkins(&w, NOOR), 1);
	assert_int_equal(w.kiosk->n_starts, 3);
	print_message("\nfigure: kiosk killed: ready again after %lld ms (2 runs, the last)\n",
		(long long)back_ms);
	watched_close(&w);
}

/* ---- the second instance --------------------------------------------------------------------- */

static void p2_started_twice(void **state)
{
	static const struct {
		const char *name, *unit, *reason;
	} row[] = {
		{ "schoolpoort-kiosk", WATCHED_GATE, "another kiosk is running" },
		{ "schoolpoort-register", "register", "another register is running" },
		{ "schoolpoort-reader", WATCHED_GATE, "another reader holds it" },
		{ "schoolpoort-screen", WATCHED_GATE, "another screen is running" },
	};
	struct watched w;

	(void)state;
	watched_open(&w, NULL);
	watched_start(&w);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct stage_program *p = stage_start(w.stage, row[i].name, row[i].unit, NULL,
			(const char *const[]){ "SDL_VIDEODRIVER=dummy", NULL });
		int status = stage_wait_exit(w.stage, p);
		if (status != 1 || !stage_said(p, row[i].reason))
			fail_msg("%s: status %d, %s", row[i].name, status, stage_text(p));
		stage_forget(w.stage, p);
	}
	/* The first ones weren't disturbed. */
	(void)watched_tap(&w, CARD_NOOR, WIRE_RESULT_LATE);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(unit_of(&w, i)->n_starts, 1);
	watched_close(&w);
}

/* ---- a wrong configuration ------------------------------------------------------------------- */

static bool is_given_up(struct stage *s, void *ctx)
{
	const struct manager_unit *u = ctx;

	(void)s;
	return !u->program && !u->wanted;
}

static void p6_wrong_configuration_is_tried_once(void **state)
{
	static const char *const names[] = { "schoolpoort-kiosk", "schoolpoort-register",
		"schoolpoort-reader", "schoolpoort-screen" };
	struct stage *s = stage_open();
	struct manager *m = manager_open(s);

	(void)state;
	stage_unit(s, WATCHED_GATE, (const char *const[]){ "kiosk.repeat_s = soon", NULL });
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct manager_unit *u = manager_start(m, names[i], WATCHED_GATE, NULL, NULL);
		stage_until(s, is_given_up, u, "a refusal that is not tried again");
		assert_int_equal(u->last_status, 2);
		assert_int_equal(u->log_lines, 1);
	}
	int64_t until_ms = manager_now_ms() + 1500; /* past RestartSec */
	stage_until(s, has_passed, &until_ms, "RestartSec to pass");
	stage_unit(s, WATCHED_GATE, NULL); /* put right, and started by hand */
	struct manager_unit *again = manager_start(m, names[0], WATCHED_GATE, NULL, NULL);
	manager_wait_ready(m, again, 1);
	manager_close(m);
	stage_close(s);
}

/* ---- screens --------------------------------------------------------------------------------- */

/* An X server that refuses: what a display that isn't there looks like to SDL, and it can be counted. */
struct refuser {
	int fd, display;
	size_t n;
	int64_t at_ms[8];
};

static void refuse(void *ctx)
{
	struct refuser *r = ctx;
	int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC);
	int64_t now_ms = manager_now_ms();

	if (fd < 0)
		return;
	(void)close(fd);
	/* libX11 asks more than once for one display. */
	if (r->n && now_ms - r->at_ms[r->n - 1] < ONE_TRY_MS)
		return;
	assert_true(r->n < ARRAY_LEN(r->at_ms));
	r->at_ms[r->n++] = now_ms;
}

static void open_refuser(struct stage *s, struct refuser *r)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	r->n = 0;
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(r->fd >= 0);
	for (r->display = 200; r->display < 2000; r->display++) {
		a.sin_port = htons((uint16_t)(6000 + r->display));
		if (bind(r->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			break;
	}
	assert_int_equal(listen(r->fd, 8), 0);
	stage_add_fd(s, r->fd, refuse, r);
}

static bool was_asked_twice(struct stage *s, void *ctx)
{
	(void)s;
	return ((struct refuser *)ctx)->n >= 2;
}

static void u1_no_display_at_start(void **state)
{
	struct refuser r;
	struct watched w;
	char display[64];

	(void)state;
	watched_open(&w, (const char *const[]){ "screen.result_ms = 500", NULL });
	open_refuser(w.stage, &r);
	(void)snprintf(display, sizeof(display), "DISPLAY=127.0.0.1:%d", r.display);
	watched_register(&w);
	school_import(w.stage);
	watched_kiosk(&w);
	watched_look(&w);
	watched_reader(&w);
	w.screen = manager_start(w.manager, "schoolpoort-screen", WATCHED_GATE, NULL,
		(const char *const[]){ "SDL_VIDEODRIVER=x11", display,
			"ASAN_OPTIONS=detect_leaks=0", NULL }); /* libX11's own, each time */
	manager_wait_ready(w.manager, w.screen, 1);
	stage_wait_log(w.stage, w.screen->program, "display_absent");
	(void)stage_wait_message(w.stage, 0, "/state", "\"reader\":\"ok\"");
	(void)stage_wait_message(w.stage, 0, "/state", "\"screen\":\"absent\"");
	/* A card that is in no data is a tap as well. */
	(void)watched_tap(&w, "04a1b2c3d4e5f7", WIRE_RESULT_UNKNOWN_CARD);
	(void)stage_wait_message(w.stage, 0, "/checkin", "\"seq\":1");
	stage_until(w.stage, was_asked_twice, &r, "the screen to try again");
	print_message("\nfigure: no display: tried again after %lld ms (1 run)\n",
		(long long)(r.at_ms[1] - r.at_ms[0]));
	assert_in_range(r.at_ms[1] - r.at_ms[0], ONE_TRY_MS, 10000 + SLACK_MS);
	assert_int_equal(w.screen->n_starts, 1); /* and it is told once */
	assert_int_equal(stage_said_count(w.screen->program, "display_absent"), 1);
	assert_int_equal(stage_find(w.stage, 0, "/state", "\"screen\":\"ok\""), -1);
	assert_true(w.screen->n_fed > 0);
	stage_remove_fd(w.stage, r.fd);
	(void)close(r.fd);
	watched_close(&w);
}

/* The lowest number of a picture written by this run of the screen; -1 none yet. */
static int64_t first_frame(const char *folder)
{
	int64_t first = -1;
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		char *end;
		long number = strtol(e->d_name, &end, 10);
		if (end != e->d_name && *end == '-' && strstr(end, ".png") &&
			!strstr(end, "away") && (first < 0 || number < first))
			first = number;
	}
	assert_int_equal(closedir(dir), 0);
	return first;
}

static bool has_frame(struct stage *s, void *ctx)
{
	(void)s;
	return first_frame(ctx) >= 0;
}

/* Between the end of one and the start of the next, which comes a second later and by a turn of the loop: what is there is
 * the old one's. */
static void empty(const char *folder)
{
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
	assert_int_equal(closedir(dir), 0);
}

static bool has_ended(struct stage *s, void *ctx)
{
	(void)s;
	return !((const struct manager_unit *)ctx)->program;
}

/*
 * Killed, killed while it hangs with a view that it never drew, and crashed in the middle of one, each among
 * taps: the taps go on, and the new screen begins with what stands now. No sound
 * device.
 */
static void u1_u2_screen_killed_among_taps(void **state)
{
	static const char *const cards[] = { CARD_NOOR, CARD_YASSINE, CARD_MARIE };
	static const enum wire_view_result means[] = { WIRE_RESULT_LATE, WIRE_RESULT_LATE,
		WIRE_RESULT_PRESENT };
	struct watched w;
	char frames[300];
	int64_t worst_ms = 0;

	(void)state;
	watched_open(
		&w, (const char *const[]){ "screen.result_ms = 500", "screen.sound = on", NULL });
	(void)snprintf(frames, sizeof(frames), "%s", stage_path(w.stage, "frames"));
	assert_int_equal(mkdir(frames, 0700), 0);
	watched_start(&w);
	(void)manager_stop(w.manager, w.screen);
	w.screen = manager_start(w.manager, "schoolpoort-screen", WATCHED_GATE,
		(const char *const[]){ "--frames", frames, NULL },
		(const char *const[]){
			"SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=none-of-that-name", NULL });
	stage_until(w.stage, has_frame, frames, "a picture");
	stage_wait_log(w.stage, w.screen->program, "sound_absent");
	for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
		pid_t pid = stage_pid(w.screen->program);
		if (i == 1)
			assert_int_equal(kill(pid, SIGSTOP), 0);
		const struct wire_view *v = watched_tap(&w, cards[i], means[i]);
		int64_t number = v->number;
		assert_int_equal(kill(pid, i == 2 ? SIGABRT : SIGKILL), 0);
		size_t n_ready = w.screen->n_ready;
		stage_until(w.stage, has_ended, w.screen, "the end of a killed screen");
		empty(frames);
		manager_wait_ready(w.manager, w.screen, n_ready + 1);
		int64_t ms = w.screen->ready_ms - w.screen->ended_ms;
		worst_ms = ms > worst_ms ? ms : worst_ms;
		stage_until(w.stage, has_frame, frames, "the new screen's first picture");
		assert_true(first_frame(frames) >= number);
	}
	assert_int_equal(w.screen->n_starts, 4);
	print_message("\nfigure: screen killed: ready again after, worst %lld ms (3 runs)\n",
		(long long)worst_ms);
	assert_in_range(worst_ms, 0, 2000 + SLACK_MS);
	(void)stage_wait_message(w.stage, 0, "/checkin", "\"seq\":3");
	watched_close(&w);
}

static void say(struct stage *s, struct stage_client *c, const char *type)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "{\"v\":1,\"type\":%s}", type);
	stage_send_text(s, c, text);
}

static const struct wire_view *tapped(
	struct stage *s, struct stage_client *reader, struct stage_client *views)
{
	size_t from = stage_views(views);
	char card[120];

	say(s, reader, "\"status\",\"state\":\"ok\"");
	/* Not stage_tap(), whose card leaves at once. */
	(void)snprintf(card, sizeof(card),
		"\"card\",\"uid\":\"04a1b2c3d4e5f8\",\"sak\":32,\"atqa\":\"0344\",\"seen_us\":%lld",
		(long long)clock_mono_us());
	say(s, reader, card);
	return stage_view(
		views, stage_wait_view(s, views, from, WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD));
}

static void turn_for(struct stage *s, int64_t ms)
{
	for (int64_t end_ms = manager_now_ms() + ms; manager_now_ms() < end_ms;)
		stage_turn(s, 20);
}

/* A card lies there as its reader is started anew: known, longer than repeat_s, and still one tap. Gone and back: two. */
static void n11_card_left_lying_while_the_reader_restarts(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:30:00+01:00");
	stage_unit(s, WATCHED_GATE, (const char *const[]){ "kiosk.repeat_s = 1", NULL });
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", WATCHED_GATE, NULL, NULL);
	struct stage_client *views = stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_SIGNAL);
	struct stage_client *reader =
		stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_READER);
	struct uuid first = tapped(s, reader, views)->checkin;
	for (int i = 0; i < 3; i++) {
		turn_for(s, 1200); /* longer than repeat_s */
		stage_disconnect(s, reader);
		reader = stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_READER);
		assert_true(uuid_equal(tapped(s, reader, views)->checkin, first));
	}
	say(s, reader, "\"gone\"");
	turn_for(s, 1200);
	struct uuid second = tapped(s, reader, views)->checkin;
	assert_false(uuid_equal(second, first));
	/* It went while nobody looked, and another card came between: a tap of its own. */
	stage_disconnect(s, reader);
	reader = stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_READER);
	size_t from = stage_views(views);
	stage_tap(s, reader, "04a1b2c3d4e5f9");
	(void)stage_wait_view(s, views, from, WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD);
	turn_for(s, 1200);
	assert_false(uuid_equal(tapped(s, reader, views)->checkin, second));
	stage_disconnect(s, reader);
	stage_disconnect(s, views);
	stage_stop(s, kiosk);
	stage_close(s);
}

static void tell_reader(
	struct stage *s, struct stage_client *reader, struct stage_client *views, bool is_fault)
{
	size_t from = stage_views(views);

	say(s, reader,
		is_fault ? "\"status\",\"state\":\"fault\",\"reason\":\"no answer\""
			 : "\"status\",\"state\":\"ok\"");
	(void)stage_wait_view(
		s, views, from, is_fault ? WIRE_VIEW_FAULT : WIRE_VIEW_IDLE, WIRE_RESULT_NONE);
}

/* A plug that is loose: shown each time, and a few lines an hour. */
static void p5_reader_that_comes_and_goes_is_no_flood(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:30:00+01:00");
	stage_unit(s, WATCHED_GATE, NULL);
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", WATCHED_GATE, NULL, NULL);
	struct stage_client *views = stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_SIGNAL);
	struct stage_client *reader =
		stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_READER);
	for (int i = 0; i < 50; i++)
		tell_reader(s, reader, views, i % 2 == 0);
	size_t lines = stage_said_count(kiosk, "reader_fault") +
		       stage_said_count(kiosk, "reader_back") +
		       stage_said_count(kiosk, "reader_comes_and_goes");
	print_message("\nfigure: kiosk's lines about 50 edges of a reader %zu (1 run)\n", lines);
	assert_int_equal(lines, 9);
	stage_disconnect(s, reader);
	stage_disconnect(s, views);
	stage_stop(s, kiosk);
	stage_close(s);
}

/* A screen that says hello and draws nothing: absent two seconds after a view, and back as it presents one. */
static void u1_hello_without_a_picture_is_no_screen(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:30:00+01:00");
	stage_broker_start(s, true);
	stage_unit(s, WATCHED_GATE, NULL);
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", WATCHED_GATE, NULL, NULL);
	(void)stage_wait_message(s, 0, "/state", "\"screen\":\"absent\"");
	size_t from = stage_n_messages(s);
	int64_t believed_ms = manager_now_ms(); /* sooner than it is, by the time of a hello */
	struct stage_client *screen =
		stage_connect(s, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_SCREEN);
	/* It has two seconds for each view: until then it is believed. */
	from = stage_wait_message(s, from, "/state", "\"screen\":\"ok\"");
	from = stage_wait_message(s, from, "/state", "\"screen\":\"absent\"");
	int64_t absent_ms = manager_now_ms() - believed_ms;
	char presented[100];
	const struct wire_view *last = stage_view(screen, stage_views(screen) - 1);
	(void)snprintf(presented, sizeof(presented), "\"presented\",\"number\":%lld,\"at_us\":%lld",
		(long long)last->number, (long long)manager_now_ms() * 1000);
	say(s, screen, presented);
	(void)stage_wait_message(s, from, "/state", "\"screen\":\"ok\"");
	print_message("\nfigure: screen without a picture: absent after %lld ms (1 run)\n",
		(long long)absent_ms);
	assert_in_range(absent_ms, 2000, 3000 + SLACK_MS);
	stage_disconnect(s, screen);
	stage_stop(s, kiosk);
	stage_close(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p2_in_any_order),
		cmocka_unit_test(p2_a_card_in_the_field_counts_once),
		cmocka_unit_test(p2_started_twice),
		cmocka_unit_test(p6_wrong_configuration_is_tried_once),
		cmocka_unit_test(u1_u2_screen_killed_among_taps),
		cmocka_unit_test(u1_no_display_at_start),
		cmocka_unit_test(u1_hello_without_a_picture_is_no_screen),
		cmocka_unit_test(p5_reader_that_comes_and_goes_is_no_flood),
		cmocka_unit_test(n11_card_left_lying_while_the_reader_restarts),
	};

	if (argc > 1)
		n_orders = (int)strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
