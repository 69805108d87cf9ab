/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/main.c: the wiring of schoolpoort-kiosk.
 *
 * DESIGN. A turn, in this order and no other: wait; read the clock once; take a bounded batch of inputs; step each;
 * one transaction; only then show the views and hand rows to the link; feed the watchdog. So a tick on the screen
 * always has its row, and a slow broker or screen can't hold up a tap.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kiosk/kiosk.h"
#include "sys/log.h"
#include "sys/memory.h"
#include "sys/zone.h"

#define TURN_MAX_US INT64_C(1000000) /* a turn at least every second: reader's silence, watchdog */

static void on_wake(void *ctx)
{
	(void)ctx; /* the turn looks at everything itself */
}

static int64_t until_wake_us(const struct kiosk *k)
{
	bool at_once =
		(k->redate && k->state.store_ok) || (backup_runs(k) && k->store) || k->n_purged > 0;
	int64_t wait_us = at_once ? 0 : TURN_MAX_US;
	int64_t view_ms = kiosk_next_ms(&k->state, &k->now);
	int64_t again_us = deliver_next_us(&k->deliver, k->now.mono_us);

	if (k->reader_silent_us > k->now.mono_us && k->reader_silent_us - k->now.mono_us < wait_us)
		wait_us = k->reader_silent_us - k->now.mono_us;
	if (view_ms >= 0 && view_ms * 1000 < wait_us)
		wait_us = view_ms * 1000;
	if (again_us >= 0 && again_us < wait_us)
		wait_us = again_us;
	if (link_up(k->link) && k->next_state_ms > k->now.wall_ms) {
		/* One millisecond past the moment, so that a state due at 08:45:00.000 covers it. */
		int64_t state_us = clock_real_us(&k->clock, k->next_state_ms - k->now.wall_ms + 1);
		wait_us = state_us < wait_us ? state_us : wait_us;
	}
	return wait_us;
}

/*
 * Every tap up to this moment is in the log. It stands still while taps may be missing: no reader that works, or a
 * database that doesn't take them; and while the clock can't say when they are made, or those of before have no time
 * yet.
 */
static void move_complete(struct kiosk *k)
{
	bool stored = k->state.store_ok && time_complete(k);
	bool read = k->reader == WIRE_READER_OK || k->reader == WIRE_READER_STARTING ||
		    (k->reader_heard_us == k->started_us &&
			    k->now.mono_us - k->started_us < KIOSK_READER_NEVER_US);

	if (stored && read)
		k->complete_until_ms = k->now.wall_ms;
}

static void trace_rows(struct kiosk *k, int64_t committed_us)
{
	for (size_t i = 0; i < k->fx.n_rows; i++) {
		const struct checkin *row = &k->fx.rows[i];
		if (row->result == CHECKIN_TALK) /* no tap: it has no time to be seen in */
			continue;
		struct trace_tap tap = {
			.id = row->id, .seq = row->seq, .committed_us = committed_us
		};
		tap.presented_us = tap.published_us = tap.confirmed_us = -1;
		for (size_t j = 0; j < k->n_inputs; j++)
			if (k->inputs[j].kind == KIOSK_INPUT_CARD &&
				uuid_equal(k->inputs[j].id, row->id)) {
				tap.seen_us = k->inputs[j].seen_us;
				tap.received_us = k->received_us[j];
			}
		for (size_t v = 0; v < k->fx.n_views; v++)
			if (uuid_equal(k->fx.views[v].checkin, row->id)) {
				tap.view = k->fx.views[v].number;
				break;
			}
		trace_add(&k->trace, &tap);
	}
}

static void store_and_show(struct kiosk *k)
{
	struct kiosk_effects *fx = &k->fx;

	kiosk_number(&k->state, fx);
	if (fx->about_to_store)
		clients_show(k, &fx->reading);
	if (fx->n_rows) {
		if (disk_add(k) == 0)
			trace_rows(k, clock_mono_us());
		else
			kiosk_refuse(&k->state, &k->now, fx);
	}
	for (size_t i = 0; i < fx->n_views; i++)
		clients_show(k, &fx->views[i]);
}

static void turn(struct kiosk *k)
{
	k->now = clock_read(&k->clock);
	time_turn(k);
	broker_take(k);
	clients_look(k);
	k->inputs[k->n_inputs] = (struct kiosk_input){ .kind = KIOSK_INPUT_TICK };
	k->n_inputs++;
	k->fx.n_rows = k->fx.n_views = 0;
	k->fx.about_to_store = false;
	size_t n_stepped = k->n_inputs;
	for (size_t i = 0; i < n_stepped; i++)
		kiosk_step(&k->state, &k->inputs[i], &k->now, &k->fx);
	store_and_show(k);
	/* A failing store has pushed its news meanwhile: they are the next turn's. */
	k->n_inputs -= n_stepped;
	memmove(k->inputs, k->inputs + n_stepped, k->n_inputs * sizeof(k->inputs[0]));
	disk_redate(k);
	disk_care(k);
	move_complete(k);
	broker_give(k);
	loop_fed(); /* by hand: only a whole turn feeds it */
}

static int run(struct kiosk *k)
{
	for (;;) {
		loop_set_timer(k->timer, k->n_inputs ? 0 : until_wake_us(k));
		int r = loop_turn(k->loop, -1, KIOSK_LOCAL_PER_TURN);
		if (r < 0 && r != -ESTALE) {
			log_error("loop_failed error=\"%s\"", strerror(-r));
			return 1;
		}
		turn(k);
		if (r == -ESTALE) /* asked to stop; this turn was the last */
			return 0;
	}
}

static enum wire_names to_wire_names(enum config_names names)
{
	switch (names) {
	case CONFIG_NAMES_NONE:
		return WIRE_NAMES_NONE;
	case CONFIG_NAMES_FIRST:
		return WIRE_NAMES_FIRST;
	case CONFIG_NAMES_FULL:
		return WIRE_NAMES_FULL;
	}
	return WIRE_NAMES_NONE;
}

static int init_state(struct kiosk *k)
{
	const struct config *c = &k->config;
	struct kiosk_settings settings = {
		.zone = k->has_zone ? &k->zone : NULL,
		.clock_speed = k->clock.speed,
		.opens_before_min = c->rules_opens_before_min,
		.late_grace_min = c->rules_late_grace_min,
		.repeat_s = c->kiosk_repeat_s,
		.result_ms = c->screen_result_ms,
		.show_name = to_wire_names(c->screen_show_name),
		.overview = c->screen_overview,
		.talk = c->screen_talk,
		.carry = c->rules_afternoon == CONFIG_AFTERNOON_CARRY,
	};
	char boot[37];

	(void)snprintf(settings.gate, sizeof(settings.gate), "%s", c->unit_id);
	if (clock_boot_id(boot) < 0 || uuid_parse(boot, &settings.boot) < 0)
		return -1;
	kiosk_init(&k->state, &settings);
	k->started_us = k->reader_heard_us = k->reader_known_us = k->now.mono_us;
	k->view_sent_us = -1;
	k->last_delivery_ms = -1;
	k->complete_until_ms = 0; /* the first turn knows more */
	k->last_tap_us = k->last_save_us = k->now.mono_us;
	k->last_purge_us = k->last_disk_us = k->ballast_looked_us = INT64_MIN / 2;
	return 0;
}

/* What can go wrong for good goes wrong here, each with its reason as the last line. Return: an exit status or 0. */
static int open_all(struct kiosk *k)
{
	int err = secret_key_load(k->config.school_card_key_file, &k->key);
	if (err) {
		log_error("card_key_unreadable error=\"%s\"", strerror(-err));
		return 2;
	}
	/* Without tzdata taps are stored and nobody is judged: config_start() has said so. */
	k->has_zone = zone_load(k->config.school_timezone, civil_zone_add, &k->zone) == 0;
	err = loop_create(&k->loop);
	if (!err)
		err = loop_add_timer(k->loop, on_wake, k, &k->timer);
	if (!err)
		err = clients_open(
			k); /* holds the lock: a second instance ends here, before the database */
	if (err) {
		log_error("socket_failed run_dir=%s error=\"%s\"", k->config.paths_run_dir,
			err == -EADDRINUSE ? "another kiosk is running" : strerror(-err));
		return 1;
	}
	time_open(k);
	k->now = clock_read(&k->clock);
	if (init_state(k) < 0) {
		log_error("boot_id_unreadable");
		return 1;
	}
	(void)snprintf(k->db_path, sizeof(k->db_path), "%s/%s", k->config.paths_state_dir,
		KIOSK_STORE_FILE);
	(void)snprintf(k->ballast_path, sizeof(k->ballast_path), "%s/%s", k->config.paths_state_dir,
		KIOSK_BALLAST_FILE);
	err = disk_open(k);
	if (err) {
		log_error("store_not_opened file=%s error=\"%s\"", k->db_path, store_err_text(err));
		return err == STORE_ERR_REHEARSAL ? 2 : 1;
	}
	err = broker_open(k);
	if (!err) {
		struct loop_source *source;
		err = loop_add_waker(k->loop, link_fd(k->link), &source);
	}
	if (err) {
		log_error("link_failed error=\"%s\"", strerror(-err));
		return 1;
	}
	return 0;
}

static void close_all(struct kiosk *k)
{
	broker_close(k);
	backup_close(k); /* while there is somebody to tell */
	clients_close(k);
	disk_close(k);
	loop_destroy(k->loop);
	roster_destroy(k->roster);
	secret_key_forget(&k->key);
}

int main(int argc, char **argv)
{
	struct kiosk *k = calloc(1, sizeof(*k));
	const char *reason;
	int status = 1;

	memory_give_back();
	if (!k)
		return 1;
	k->backup.from = k->backup.to = -1;
	if (config_start(argc, argv, CONFIG_KIOSK, &k->options, &k->config, &status) != 0)
		goto out;
	if (clock_init(&k->clock, k->options.clock_spec,
		    k->config.clock_trust == CONFIG_TRUST_ALWAYS, &reason) < 0) {
		log_error("clock_refused reason=\"%s\"", reason);
		status = 2;
		goto out;
	}
	if (secret_init() < 0) {
		log_error("randomness_not_available");
		goto out;
	}
	status = open_all(k);
	if (status == 0) {
		log_info("started gate=%s version=%s rehearsal=%d", k->config.unit_id,
			config_version(), k->clock.simulated);
		loop_notify("READY=1");
		status = run(k);
		loop_notify("STOPPING=1");
	}
	close_all(k);
	if (status == 0)
		log_info("stopped gate=%s", k->config.unit_id);
out:
	free(k);
	return status;
}
