/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * signal/main.c: schoolpoort-signal, lights and a buzzer at a gate without loudspeaker or display.
 *
 * DESIGN. One thread, one loop, nothing that waits. A turn: take the newest view; where it says something new begin its
 * pattern; set the lines as the pattern has them now; sleep until it changes, or somebody says something. Lines that
 * can't be had are tried again; the gate works without them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "signal/client.h"
#include "signal/lines.h"
#include "signal/pattern.h"
#include "signal/program.h"
#include "sys/clock.h"
#include "sys/config.h"
#include "sys/log.h"

#define AWAY_AFTER_US INT64_C(2000000) /* a kiosk that is started anew is back by then */
#define LINES_AGAIN_US INT64_C(10000000)
#define TURN_MOST_US INT64_C(2000000) /* for the watchdog */
#define RETRY_US INT64_C(500000) /* while the kiosk is looked for */
#define EVENTS_PER_TURN 64

struct line {
	const char *where; /* "": none */
	struct signal_line_handle *handle; /* NULL: not had */
	bool on; /* as it was set last */
	bool told; /* that it can't be had */
	int64_t again_us;
};

struct app {
	struct config config;
	struct loop *loop;
	struct signal_client client;
	struct signal_settings settings;
	struct wire_view view;
	struct signal_pattern pattern;
	int64_t begun_us; /* of the pattern */
	bool away; /* the pattern says so */
	struct line line[SIGNAL_N_LINES];
};

static void begin(struct app *a, const struct signal_pattern *pattern, int64_t now_us)
{
	a->pattern = *pattern;
	a->begun_us = now_us;
}

/* A view that only tells the time or the network anew leaves the pattern where it is. */
static bool says_the_same(const struct wire_view *a, const struct wire_view *b)
{
	return a->state == b->state && (a->state == WIRE_VIEW_IDLE || a->state == WIRE_VIEW_FAULT);
}

static void follow(struct app *a, int64_t now_us)
{
	struct signal_pattern pattern;
	struct wire_view was = a->view;

	if (signal_client_serve(&a->client, now_us, &a->view)) {
		if (!a->away && says_the_same(&was, &a->view))
			return;
		if (signal_pattern_of(&a->view, &a->settings, &pattern)) {
			begin(a, &pattern, now_us);
			a->away = false;
		}
	}
	if (!a->away && !a->client.heard && now_us - a->client.away_us >= AWAY_AFTER_US) {
		signal_pattern_away(&pattern);
		begin(a, &pattern, now_us);
		a->away = true;
	}
}

static void open_line(struct app *a, struct line *line, int64_t now_us)
{
	char reason[SIGNAL_REASON_MAX];

	if (!line->where[0] || line->handle || now_us < line->again_us)
		return;
	line->again_us = now_us + LINES_AGAIN_US;
	line->handle = signal_line_open(line->where, a->config.signal_active_low, reason);
	line->on = false;
	if (!line->handle && !line->told)
		log_warn("line_absent line=%s reason=\"%s\" next=again_in_10_s", line->where,
			reason);
	else if (line->handle)
		log_info("line_open line=%s", line->where);
	line->told = !line->handle;
}

static void set_line(struct line *line, bool on, int64_t now_us)
{
	if (!line->handle || line->on == on)
		return;
	int err = signal_line_set(line->handle, on);
	line->on = on;
	if (!err)
		return;
	log_warn("line_failed line=%s error=\"%s\" next=open_again", line->where, strerror(-err));
	signal_line_close(line->handle);
	line->handle = NULL;
	line->told = true;
	line->again_us = now_us + LINES_AGAIN_US;
}

/* Return: microseconds until something may change by itself. */
static int64_t turn(struct app *a)
{
	bool on[SIGNAL_N_LINES];
	int64_t now_us = clock_mono_us();

	follow(a, now_us);
	int64_t since_us = now_us - a->begun_us;
	int64_t next_ms = signal_pattern_at(&a->pattern, since_us / 1000, on);
	for (int i = 0; i < SIGNAL_N_LINES; i++) {
		open_line(a, &a->line[i], now_us);
		set_line(&a->line[i], on[i], now_us);
	}
	loop_fed(); /* by hand: only a whole turn feeds it */
	int64_t wait_us = a->client.heard ? TURN_MOST_US : RETRY_US;
	if (next_ms != SIGNAL_FOREVER && 1000 * next_ms - since_us % 1000 < wait_us)
		wait_us = 1000 * next_ms - since_us % 1000;
	return wait_us;
}

static int run(struct app *a)
{
	char path[108];
	int r = 0;

	if (config_socket_path(&a->config, "kiosk.sock", path) < 0) {
		log_error("socket_path_too_long run_dir=%s", a->config.paths_run_dir);
		return 1;
	}
	if (loop_create(&a->loop) < 0) {
		log_error("loop_failed");
		return 1;
	}
	signal_client_init(&a->client, a->loop, path, clock_mono_us());
	loop_notify("READY=1");
	while (r >= 0)
		r = loop_turn(a->loop, turn(a), EVENTS_PER_TURN);
	loop_notify("STOPPING=1");
	for (int i = 0; i < SIGNAL_N_LINES; i++)
		signal_line_close(a->line[i].handle);
	signal_client_finish(&a->client);
	loop_destroy(a->loop);
	if (r != -ESTALE)
		log_error("loop_failed error=\"%s\"", strerror(-r));
	return r == -ESTALE ? 0 : 1;
}

static void settle(struct app *a)
{
	const struct config *c = &a->config;

	a->settings = (struct signal_settings){
		.late_open = c->screen_late == CONFIG_LATE_OPEN,
		.sound = c->screen_sound && c->screen_volume > 0,
		.soft_volume = c->screen_soft_volume,
		.soft_until_min = c->screen_soft_until_min,
		.soft_from_min = c->screen_soft_from_min,
	};
	a->line[SIGNAL_GO].where = c->signal_go;
	a->line[SIGNAL_DESK].where = c->signal_desk;
	a->line[SIGNAL_PIEZO].where = c->signal_piezo;
}

int signal_main(int argc, char **argv)
{
	static struct app app; /* zero; too large for the stack */
	struct config_options options;
	struct clock clock;
	const char *reason;
	int status;

	if (config_start(argc, argv, CONFIG_SIGNAL, &options, &app.config, &status) != 0)
		return status;
	/* It has no time of its own, views bring it; but a wrong --clock is refused alike. */
	if (clock_init(&clock, options.clock_spec, false, &reason) < 0) {
		log_error("clock_refused reason=\"%s\"", reason);
		return 2;
	}
	settle(&app);
	if (!app.config.signal_go[0] && !app.config.signal_desk[0] && !app.config.signal_piezo[0]) {
		log_refusal("%s: signal: no line is set; set go, desk or piezo, or disable "
			    "schoolpoort-signal",
			options.config_path);
		return 2;
	}
	return run(&app);
}
