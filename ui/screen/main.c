/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/main.c: schoolpoort-screen, the display at a gate.
 *
 * DESIGN. One thread, one loop. A turn: look what was touched; take all that the kiosk has sent and
 * keep the newest view; decide what should be seen; draw where that has changed, and say `presented`
 * once it is on the display. SDL's own waiting wakes a thousand times a second on a bare display
 * (library-facts.md section 7), so the loop waits, and looks at SDL 30 times a second while
 * something can be touched or moves, 4 times otherwise.
 *
 * The screen decides nothing about pupils. By itself it only covers up: without a kiosk for 2 s, or
 * with a name that should have gone, it shows "use the other gate".
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "screen/client.h"
#include "screen/signs.h"
#include "screen/sound.h"
#include "screen/stage.h"
#include "sys/clock.h"
#include "sys/config.h"
#include "sys/file.h"
#include "sys/log.h"

#define SECOND_US INT64_C(1000000)
#define WATCHDOG_EVERY_US 500000 /* with a turn each 250 ms: at least once a second */
#define DISPLAY_EVERY_US (10 * SECOND_US)
#define AWAY_AFTER_US (2 * SECOND_US)
#define READING_AFTER_US 100000 /* a result within this needs no "one moment" before it */
#define NAME_GRACE_US (3 * SECOND_US) /* past screen.result_ms: the kiosk hangs */
#define RECORD_MOST_US (30 * SECOND_US) /* the kiosk closes it after 8 s */
#define LOOK_BUSY_US 33000
#define LOOK_IDLE_US 250000
#define BUSY_AFTER_TOUCH_US (5 * SECOND_US)
#define PHASE_US 700000 /* of the hint's waves */
#define SHIFT_EVERY_US (300 * SECOND_US) /* an OLED shows an edge after hours */
#define EVENTS_PER_TURN 64

enum shown { SHOWN_NOTHING, SHOWN_START, SHOWN_VIEW, SHOWN_AWAY };

struct app {
	struct config config;
	struct loop *loop;
	int lock_fd;
	struct screen_stage *stage; /* NULL: no display yet */
	struct screen_speaker *speaker;
	struct screen_client client;
	struct screen_settings settings;
	struct screen_words words;
	struct screen_picture picture;
	const char *frames_dir; /* NULL: none */

	struct wire_view view; /* the newest */
	bool pending; /* came, not yet drawn */
	bool redraw;
	int64_t view_us; /* when it came */
	int64_t shown_us; /* when it was drawn */
	struct uuid shown_checkin; /* of the view that is on the display; a newer one may wait */
	enum shown shown;
	int phase;
	int64_t touched_us, next_display_us, next_watchdog_us;
	bool no_display_told;
};

static int fail(const char *what, const char *reason)
{
	log_error("%s reason=\"%s\" next=exit", what, reason);
	return 1;
}

/* Beside the programs in the build, under share/ where installed. */
static const char *find_locale(char *ret_path, size_t size)
{
	static const char *const places[] = { "../locale", "../share/locale" };
	char self[PATH_MAX], probe[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = NULL;
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
	}
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		int len = snprintf(ret_path, size, "%.*s/%s", (int)(slash - self), self, places[i]);
		snprintf(probe, sizeof(probe), "%s/nl/LC_MESSAGES/" SCREEN_WORDS_DOMAIN ".mo",
			ret_path);
		if (len > 0 && (size_t)len < size && !access(probe, R_OK))
			return ret_path;
	}
	return NULL;
}

/* Takes --frames DIR out of the arguments: an addition of this program alone. Return: 0 or -1. */
static int take_frames(int *argc, char **argv, const char **ret_dir)
{
	int kept = 1;
	for (int i = 1; i < *argc; i++) {
		if (!strncmp(argv[i], "--frames=", 9)) {
			*ret_dir = argv[i] + 9;
		} else if (!strcmp(argv[i], "--frames")) {
			if (i + 1 >= *argc)
				return -1;
			*ret_dir = argv[++i];
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	struct stat st;
	return *ret_dir && (stat(*ret_dir, &st) || !S_ISDIR(st.st_mode)) ? -1 : 0;
}

/* NUMBER-STATE-RESULT.png; in place at once, so that who waits for it never reads half of it. */
static void write_frame(struct app *a)
{
	char path[PATH_MAX], part[PATH_MAX + 8];
	const char *result = wire_view_result_word(a->view.result);
	bool away = a->shown == SHOWN_AWAY;
	int len = snprintf(path, sizeof(path), "%s/%06" PRId64 "-%s%s%s.png", a->frames_dir,
		a->view.number, away ? "away" : wire_view_state_word(a->view.state),
		!away && *result ? "-" : "", away ? "" : result);
	if (len < 0 || (size_t)len >= sizeof(path))
		return;
	snprintf(part, sizeof(part), "%s.part", path);
	if (screen_stage_write(a->stage, &a->picture, part) || rename(part, path))
		log_warn("frame_not_written number=%" PRId64, a->view.number);
}

static void show(struct app *a, enum shown what, int64_t now_us)
{
	bool again = what == a->shown && what != SHOWN_VIEW;
	a->shown = what;
	a->redraw = false;
	a->phase = 0;
	/* With a view alone, of which each minute brings one: nothing is drawn for its sake. */
	screen_stage_shift(a->stage, a->frames_dir ? 0 : now_us / SHIFT_EVERY_US);
	screen_stage_show(a->stage, &a->picture, 0);
	a->shown_us = now_us;
	if (what == SHOWN_AWAY && a->frames_dir && !again)
		write_frame(a);
}

static void show_view(struct app *a, int64_t now_us)
{
	screen_picture_of(&a->view, &a->settings, &a->words, &a->picture);
	a->pending = false;
	a->shown_checkin = a->view.checkin;
	show(a, SHOWN_VIEW, now_us);
	screen_client_presented(&a->client, a->view.number, clock_mono_us());
	screen_speaker_play(a->speaker, a->picture.sound, a->view.at);
	if (a->frames_dir)
		write_frame(a);
}

/* When the view that came may be drawn: at once, but for `reading`. */
static int64_t due_us(const struct app *a)
{
	if (a->view.state != WIRE_VIEW_READING)
		return a->view_us;
	return (a->view.seen_us >= 0 ? a->view.seen_us : a->view_us) + READING_AFTER_US;
}

/* When what is shown must be covered, since nobody takes it away; INT64_MAX: it may stay. */
static int64_t cover_us(const struct app *a)
{
	int64_t us = INT64_MAX;
	if (!a->client.heard)
		us = a->client.silent_us + AWAY_AFTER_US;
	if (a->shown == SHOWN_VIEW && !a->pending && a->picture.name[0]) {
		int64_t most = a->view.state == WIRE_VIEW_OVERVIEW
				       ? RECORD_MOST_US
				       : a->config.screen_result_ms * INT64_C(1000) + NAME_GRACE_US;
		us = a->shown_us + most < us ? a->shown_us + most : us;
	}
	return us;
}

static void animate(struct app *a, int64_t now_us)
{
	bool moves = a->picture.layout == SCREEN_LAYOUT_IDLE && a->shown == SHOWN_VIEW;
	/* At rest for a while, then one, two, three waves: four drawings in five seconds. */
	static const int steps[] = { 0, 0, 0, 0, 1, 2, 3 };
	int64_t step = (now_us - a->shown_us) / PHASE_US;
	int phase = moves ? steps[step % (int64_t)(sizeof(steps) / sizeof(steps[0]))] : a->phase;
	if (phase == a->phase && !a->redraw)
		return;
	a->phase = phase;
	a->redraw = false;
	screen_stage_show(a->stage, &a->picture, phase);
}

static void refresh(struct app *a, int64_t now_us)
{
	if (a->pending && now_us >= due_us(a)) {
		show_view(a, now_us);
	} else if (a->shown != SHOWN_AWAY && now_us >= cover_us(a)) {
		screen_picture_away(&a->settings, &a->words, &a->picture);
		show(a, SHOWN_AWAY, now_us);
	} else if (a->shown == SHOWN_NOTHING) {
		screen_picture_start(&a->settings, &a->picture);
		show(a, SHOWN_START, now_us);
	} else {
		animate(a, now_us);
	}
}

static void look(struct app *a, int64_t now_us)
{
	struct screen_events e = screen_stage_look(a->stage);
	if (e.quit)
		loop_stop(a->loop);
	if (e.touched)
		a->touched_us = now_us;
	a->redraw = a->redraw || e.redraw;
	if (e.touch == WIRE_TOUCH_NONE || a->shown != SHOWN_VIEW)
		return;
	screen_client_touch(&a->client, e.touch, a->shown_checkin);
}

/* Return: 0, also where there is no display yet; or -1 where it makes no sense to go on. */
static int open_stage(struct app *a, int64_t now_us)
{
	const char *reason = "";
	if (now_us < a->next_display_us)
		return 0;
	a->next_display_us = now_us + DISPLAY_EVERY_US;
	int err = screen_stage_open(
		a->config.screen_width, a->config.screen_height, &a->stage, &reason);
	if (err == SCREEN_STAGE_NO_DRAWING) {
		fail("no_drawing", reason);
		return -1;
	}
	if (err) {
		if (!a->no_display_told)
			log_warn("display_absent reason=\"%s\" next=again_in_10_s", reason);
		a->no_display_told = true;
		return 0;
	}
	log_info("display_open");
	if (!screen_stage_has_text(a->stage))
		log_error("font_absent next=signs_alone; install fonts-inter or fonts-dejavu-core");
	a->client.silent_us = now_us; /* two seconds for the kiosk from here on */
	if (a->config.screen_sound)
		a->speaker = screen_speaker_create(
			&(struct screen_loudness){ .volume = a->config.screen_volume,
				.soft_volume = a->config.screen_soft_volume,
				.soft_until_min = a->config.screen_soft_until_min,
				.soft_from_min = a->config.screen_soft_from_min });
	return 0;
}

static void care_for_sound(struct app *a, int64_t now_us)
{
	switch (screen_speaker_care(a->speaker, now_us)) {
	case SCREEN_SPEAKER_SAME:
		break;
	case SCREEN_SPEAKER_HERE:
		log_info("sound_open");
		break;
	case SCREEN_SPEAKER_ABSENT:
		log_info("sound_absent next=silent_and_look_again");
		break;
	}
}

static int64_t wait_us(const struct app *a, int64_t now_us)
{
	bool busy = a->stage && (a->picture.layout != SCREEN_LAYOUT_IDLE ||
					now_us - a->touched_us < BUSY_AFTER_TOUCH_US);
	int64_t until = now_us + (busy ? LOOK_BUSY_US : LOOK_IDLE_US);
	if (a->stage && a->pending && due_us(a) < until)
		until = due_us(a);
	if (a->stage && a->shown != SHOWN_AWAY && cover_us(a) < until)
		until = cover_us(a);
	return until > now_us ? until - now_us : 0;
}

static int turn(struct app *a)
{
	int64_t now_us = clock_mono_us();
	if (!a->stage && open_stage(a, now_us))
		return -1;
	if (a->stage) {
		look(a, now_us);
		/* Hello is said by who can show something. */
		screen_client_connect(&a->client, now_us);
		if (screen_client_drain(&a->client, &a->view)) {
			a->pending = true;
			a->view_us = now_us;
		}
		refresh(a, now_us);
		care_for_sound(a, now_us);
	}
	if (now_us >= a->next_watchdog_us) {
		loop_notify("WATCHDOG=1"); /* by hand: only a whole turn feeds it */
		a->next_watchdog_us = now_us + WATCHDOG_EVERY_US;
	}
	return 0;
}

/* Two screens would draw over each other, or the second wait for a display that it never gets. */
static int take_lock(struct app *a)
{
	char path[CONFIG_PATH_MAX + sizeof("/screen.lock")];
	snprintf(path, sizeof(path), "%s/screen.lock", a->config.paths_run_dir);
	a->lock_fd = file_lock(path);
	if (a->lock_fd >= 0)
		return 0;
	return fail("screen_lock",
		a->lock_fd == -EWOULDBLOCK ? "another screen is running" : strerror(-a->lock_fd));
}

static int run(struct app *a)
{
	char path[108];
	if (config_socket_path(&a->config, "kiosk.sock", path))
		return fail("socket_path", "paths.run_dir is too long");
	if (take_lock(a))
		return 1;
	if (loop_create(&a->loop))
		return fail("loop", "no event loop");
	int64_t now_us = clock_mono_us();
	screen_client_init(&a->client, a->loop, path, now_us);
	a->touched_us = now_us - BUSY_AFTER_TOUCH_US;
	loop_notify("READY=1");
	int r = 0, failed = 0;
	while (r >= 0 && !failed) {
		failed = turn(a);
		if (!failed)
			r = loop_turn(a->loop, wait_us(a, clock_mono_us()), EVENTS_PER_TURN);
	}
	loop_notify("STOPPING=1");
	screen_client_finish(&a->client);
	screen_speaker_destroy(a->speaker);
	screen_stage_close(a->stage);
	loop_destroy(a->loop);
	close(a->lock_fd);
	if (!failed && r != -ESTALE)
		return fail("loop", strerror(-r));
	return failed ? 1 : 0;
}

static void settle(struct app *a)
{
	char locale[PATH_MAX];
	int missing = screen_words_load(find_locale(locale, sizeof(locale)), &a->words);
	if (missing > 0)
		log_warn("texts_missing count=%d next=in_english", missing);
	a->settings = (struct screen_settings){
		.school_name = a->config.school_name,
		.language = roster_language_parse(a->config.screen_language),
		.late_open = a->config.screen_late == CONFIG_LATE_OPEN,
		.overview = a->config.screen_overview,
		.talk = a->config.screen_talk,
		.dark_from_min = a->config.screen_dark_from_min,
		.dark_until_min = a->config.screen_dark_until_min,
	};
}

int main(int argc, char **argv)
{
	static struct app app; /* zero; too large for the stack */
	struct config_options options;
	struct clock clock;
	const char *reason;
	int status;
	if (take_frames(&argc, argv, &app.frames_dir)) {
		fprintf(stderr, "schoolpoort-screen: --frames takes a directory that is there\n");
		return 2;
	}
	if (config_start(argc, argv, CONFIG_SCREEN, &options, &app.config, &status))
		return status;
	/* The screen has no time of its own, views bring it; but a wrong --clock is refused alike. */
	if (clock_init(&clock, options.clock_spec, false, &reason)) {
		fprintf(stderr, "schoolpoort-screen: --clock: %s\n", reason);
		return 2;
	}
	settle(&app);
	return run(&app);
}
