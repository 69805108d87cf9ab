/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * schoolpoort-reader: what lies before the antenna, told to the kiosk.
 *
 * DESIGN: one thread, and a driver that may block. A turn: serve the socket without waiting, tell a
 * status where one is due, one step of the reader (health.h says which), whose result goes through
 * field.h to the kiosk at once; then feed the watchdog. The longest step, an open, takes 1.9 s;
 * a status is told right before it, so that the kiosk's 2 s aren't passed by a reader that lives.
 * sd-event is in the loop for SIGTERM and for the socket; a thread for libnfc was rejected, since
 * one that hangs there can't be ended. Logged are edges only: the first good look, the fault, the
 * kiosk lost and back; a start that comes to nothing is one line, a reader that comes and goes two
 * for each row of it. Never a UID.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/client.h"
#include "reader/field.h"
#include "reader/health.h"
#include "reader/reader.h"
#include "reader/upkeep.h"
#include "sys/clock.h"
#include "sys/config.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/zone.h"

#define EVENTS_PER_TURN 16
#define WAIT_MAX_US                                                                                \
	500000 /* the watchdog and the socket are served that often whatever is waited for */
#define LOCK_WORD_MAX 200 /* of the connstring in the lock's name: a file name has 255 bytes */

static const struct reader_driver *const drivers[] = { &reader_replay };

struct program {
	struct config config;
	struct loop *loop;
	int lock_fd;
	char lock[CONFIG_PATH_MAX + LOCK_WORD_MAX + 16];
	struct client client;
	struct reader reader;
	struct field field;
	struct health health;
	int n_before; /* starts in a row that never read steadily; -1: this one does */
	struct upkeep upkeep;
	struct clock
		clock; /* for the night alone; what the kiosk is told runs on CLOCK_MONOTONIC */
	enum wire_reader_state told; /* the state that the kiosk was told, or would have been */
	bool was_good; /* since the start: the fault after it is an edge */
	bool unsteady; /* comes and goes: said once, and no line more until it stays */
	bool rests; /* ends for the night */
	bool kiosk_lost;
	char refused[WIRE_TEXT_MAX]; /* the last reason of the kiosk that was logged; "" none */
};

const struct reader_driver *reader_driver_of(const char *connstring)
{
	size_t len = strcspn(connstring, ":");

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strlen(drivers[i]->name) == len &&
			strncmp(drivers[i]->name, connstring, len) == 0)
			return drivers[i];
	}
	return &reader_nfc;
}

/* run_dir/reader-CONNSTRING.lock, with what no file name should have replaced. */
static void name_lock(struct program *p)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	char word[LOCK_WORD_MAX + 1];

	(void)snprintf(word, sizeof(word), "%.200s", p->config.reader_connstring);
	for (char *at = word; *(at += strspn(at, plain));)
		*at = '_';
	(void)snprintf(
		p->lock, sizeof(p->lock), "%s/reader-%s.lock", p->config.paths_run_dir, word);
}

/* Two programs can open one serial port, and each would read the other's answers. */
static int take_lock(struct program *p)
{
	name_lock(p);
	p->lock_fd = file_lock(p->lock);
	if (p->lock_fd == -EWOULDBLOCK)
		log_error("reader_busy lock=%s another reader holds it next=exit", p->lock);
	else if (p->lock_fd < 0)
		log_error("reader_no_lock lock=%s reason=\"%s\" next=exit", p->lock,
			strerror(-p->lock_fd));
	return p->lock_fd < 0 ? -1 : 0;
}

static void tell_status(struct program *p)
{
	const char *reason = p->told == WIRE_READER_FAULT ? p->reader.reason : "";

	client_status(&p->client, p->told, reason, clock_mono_us());
}

static void become(struct program *p, enum wire_reader_state state)
{
	if (p->told == state)
		return;
	p->told = state;
	if (state == WIRE_READER_OK && p->was_good && !p->unsteady)
		log_info("reader_back");
	else if (state == WIRE_READER_OK && !p->was_good)
		log_info("reader_ok");
	p->was_good = p->was_good || state == WIRE_READER_OK;
	tell_status(p);
}

static void tell_events(struct program *p, const struct field_events *events)
{
	for (size_t i = 0; i < events->n; i++)
		client_event(&p->client, &events->event[i]);
}

/* Before it becomes one. A start that never was good ends in a line of its own. */
static void log_fault(struct program *p)
{
	if (p->told != WIRE_READER_OK || p->unsteady)
		return;
	p->unsteady = p->health.n_short > 0;
	log_warn("reader_fault reason=\"%s\" next=%s", p->reader.reason,
		p->unsteady ? "open_again_and_again" : "close_and_open");
}

static void step_open(struct program *p)
{
	struct reader *r = &p->reader;

	tell_status(
		p); /* the open may take most of the time within which the kiosk expects the next */
	int err = r->driver->open(r, p->config.reader_connstring);
	bool was_absent = p->health.absent;
	health_opened(&p->health, err, clock_mono_us());
	upkeep_opened(&p->upkeep, clock_read(&p->clock).boot_ms);
	/* The chip that is there and doesn't answer ends in a line of its own; a missing one never
	 * ends. */
	if (err == READER_ERR_ABSENT && !was_absent)
		log_warn("reader_absent reason=\"%s\" next=wait_for_it", r->reason);
	if (err < 0) {
		if (err != READER_ERR_ABSENT)
			log_fault(p); /* it was well until it was opened anew */
		become(p, WIRE_READER_FAULT);
	}
}

/*
 * How many starts in a row never read steadily, in the lock's file: run_dir forgets it with the boot. Noted as it begins,
 * so that one that is killed counts too.
 */
static void note_starts(const struct program *p, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%-10d\n", n);

	if (pwrite(p->lock_fd, text, (size_t)len, 0) != len)
		log_warn("reader_starts_not_noted reason=\"%s\" next=go_on", strerror(errno));
}

static void begin_health(struct program *p)
{
	char text[16] = "";

	if (pread(p->lock_fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '\0';
	long n = strtol(text, NULL, 10);
	p->n_before = n < 0 ? 0 : n > HEALTH_STARTS_FAST ? HEALTH_STARTS_FAST : (int)n;
	health_begin(&p->health, p->n_before, clock_mono_us());
	note_starts(p, p->n_before + 1);
}

/* A good look long after the open: the next start is the first of a row. */
static void look_steady(struct program *p, int64_t at_us)
{
	if (p->n_before < 0 || at_us - p->health.opened_us < HEALTH_STEADY_US)
		return;
	p->n_before = -1;
	note_starts(p, 0);
}

/* Of the school's time; of UTC where tzdata is missing. */
static int hour_of(int64_t wall_ms)
{
	time_t wall_s = (time_t)(wall_ms / 1000);
	struct tm local;

	return localtime_r(&wall_s, &local) ? local.tm_hour : -1;
}

static void step_upkeep(struct program *p)
{
	struct now now = clock_read(&p->clock);

	if (field_now(&p->field).kind != FIELD_NOTHING) {
		upkeep_card(&p->upkeep, now.boot_ms);
		return;
	}
	switch (upkeep_next(&p->upkeep, now.boot_ms, hour_of(now.wall_ms))) {
	case UPKEEP_NONE:
		break;
	case UPKEEP_REFRESH:
		p->reader.driver->close(&p->reader);
		health_refreshed(&p->health, clock_mono_us());
		break;
	case UPKEEP_END:
		p->rests = true;
		break;
	}
}

static void step_look(struct program *p)
{
	struct reader *r = &p->reader;
	struct reader_card card;
	struct field_events events = { 0 };

	int n = r->driver->look(r, &card);
	int64_t at_us = clock_mono_us();
	if (n > 0)
		events = field_seen(&p->field, &card, at_us);
	else if (n == 0)
		events = field_unseen(&p->field, at_us);
	else
		field_missed(&p->field, at_us, n == READER_ERR_TIMEOUT);
	tell_events(p, &events);
	health_answered(&p->health, n, true, at_us);
	if (n < 0)
		return;
	look_steady(p, at_us);
	become(p, WIRE_READER_OK);
	if (p->unsteady && health_is_steady(&p->health)) {
		p->unsteady = false;
		log_info("reader_back");
	}
	step_upkeep(p);
}

static void step_ping(struct program *p)
{
	health_answered(&p->health, p->reader.driver->ping(&p->reader), false, clock_mono_us());
}

static void step_close(struct program *p)
{
	log_fault(p);
	become(p, WIRE_READER_FAULT);
	p->reader.driver->close(&p->reader);
	health_closed(&p->health, clock_mono_us());
}

/* Return: 0, or -1 where the reader can't go on; why is said by main(). */
static int step(struct program *p)
{
	bool has_card = field_now(&p->field).kind != FIELD_NOTHING;

	switch (health_next(&p->health, has_card, clock_mono_us())) {
	case HEALTH_WAIT:
		break;
	case HEALTH_OPEN:
		step_open(p);
		break;
	case HEALTH_LOOK:
		step_look(p);
		break;
	case HEALTH_PING:
		step_ping(p);
		break;
	case HEALTH_CLOSE:
		step_close(p);
		break;
	case HEALTH_END:
		return -1;
	}
	return 0;
}

static int64_t turn_wait_us(const struct program *p)
{
	int64_t now_us = clock_mono_us();

	if (p->health.open)
		return (int64_t)p->reader.pause_ms * 1000;
	int64_t wait_us = health_wait_us(&p->health, now_us);
	int64_t client_us = client_wait_us(&p->client, now_us);
	if (client_us < wait_us)
		wait_us = client_us;
	return wait_us < WAIT_MAX_US ? wait_us : WAIT_MAX_US;
}

static void serve_kiosk(struct program *p)
{
	int64_t now_us = clock_mono_us();

	switch (client_serve(&p->client, now_us)) {
	case CLIENT_SAME:
		break;
	case CLIENT_CAME: {
		/*
		 * A kiosk that comes back with a card in the field is told of it, with the time at
		 * which it was found, and knows from its own log whether that tap is stored. A
		 * card that has left meanwhile is not told: its pupil saw no result, and knows it.
		 */
		struct field_event now = field_now(&p->field);
		tell_status(p);
		client_event(&p->client, &now);
		if (p->kiosk_lost)
			log_info("kiosk_back");
		p->kiosk_lost = false;
		break;
	}
	case CLIENT_LOST:
		p->kiosk_lost = true;
		log_warn("kiosk_lost next=connect_again");
		break;
	}
	/* A kiosk that refuses us says so each second: one line for each reason. */
	if (p->client.refused[0] && strcmp(p->client.refused, p->refused) != 0) {
		(void)snprintf(p->refused, sizeof(p->refused), "%s", p->client.refused);
		log_warn("kiosk_refused reason=\"%s\"", p->refused);
	}
	p->client.refused[0] = '\0';
	if (client_is_status_due(&p->client, now_us))
		tell_status(p);
}

static int run(struct program *p)
{
	int r = 0;

	while ((r = loop_turn(p->loop, turn_wait_us(p), EVENTS_PER_TURN)) >= 0) {
		serve_kiosk(p);
		if (step(p) < 0) {
			log_error("reader_end reason=\"%s\" next=exit", p->reader.reason);
			return EXIT_FAILURE;
		}
		loop_notify("WATCHDOG=1"); /* by hand: only a whole turn feeds it */
		if (p->rests) {
			log_info("reader_rests next=start_anew");
			r = -ESTALE;
			break;
		}
	}
	if (r == -ESTALE) {
		note_starts(p, 0); /* somebody's wish, or the night's: no failure */
		loop_notify("STOPPING=1");
		return EXIT_SUCCESS;
	}
	log_error("loop_failed reason=\"%s\" next=exit", strerror(-r));
	return EXIT_FAILURE;
}

static void skip_change(void *ctx, int64_t from_s, int32_t offset_s)
{
	(void)ctx;
	(void)from_s;
	(void)offset_s;
}

static int start_clock(struct program *p, const struct config_options *options)
{
	const char *reason;

	if (clock_init(&p->clock, options->clock_spec, false,
		    &reason)) /* was checked with the options */
		return -EINVAL;
	(void)zone_load(p->config.school_timezone, skip_change, NULL); /* leaves TZ set */
	upkeep_init(&p->upkeep, clock_read(&p->clock).boot_ms);
	return 0;
}

static int start(struct program *p, const struct config_options *options)
{
	const struct config *c = &p->config;
	char path[CLIENT_PATH_MAX];

	if (take_lock(p) < 0)
		return -1;
	int err = start_clock(p, options);
	if (err == 0)
		err = config_socket_path(c, "kiosk.sock", path);
	if (err == 0)
		err = loop_create(&p->loop);
	if (err == 0)
		err = client_init(&p->client, p->loop, path, c->reader_connstring);
	if (err < 0) {
		log_error("start_failed reason=\"%s\" next=exit",
			p->loop ? strerror(-err) : "the socket's path is too long, or no loop");
		return -1;
	}
	p->reader.driver = reader_driver_of(c->reader_connstring);
	p->reader.started_us = clock_mono_us();
	p->told = WIRE_READER_STARTING;
	field_init(&p->field, c->reader_removed_after_ms);
	begin_health(p);
	loop_notify("READY=1"); /* before the open: a chip that is mute must not fail the start */
	return 0;
}

int main(int argc, char **argv)
{
	static struct program p = { .lock_fd = -1 };
	struct config_options options;
	int status = EXIT_FAILURE;

	p.client.fd = -1;
	if (config_start(argc, argv, CONFIG_READER, &options, &p.config, &status))
		return status;
	if (options.clock_spec)
		log_info("rehearsal clock=\"%s\" seen_us stays real", options.clock_spec);
	status = start(&p, &options) < 0 ? EXIT_FAILURE : run(&p);
	if (p.reader.driver)
		p.reader.driver->close(&p.reader);
	client_finish(&p.client);
	loop_destroy(p.loop);
	if (p.lock_fd >= 0)
		close(p.lock_fd);
	return status;
}
