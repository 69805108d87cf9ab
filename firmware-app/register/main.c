/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/main.c: the wiring of schoolpoort-register.
 *
 * DESIGN. A turn, in this order and no other: wait; read the clock once; take a bounded batch from the
 * broker; step each; let time pass; one COMMIT; only then publish; feed the watchdog. So an alert is in
 * the database before anybody hears of it, and a confirm never promises what a power cut takes back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "register/register.h"
#include "sys/log.h"
#include "sys/memory.h"
#include "sys/zone.h"

#define TURN_MAX_US INT64_C(1000000) /* a turn at least every second: watchdog, clock state */
#define TURN_MIN_US INT64_C(50000) /* at most 20 a second of their own, also at a clock's x60 */
#define TICK_MS 1000 /* by the clock of the domain */
#define DISPATCH_MAX 32

static void on_wake(void *ctx)
{
	(void)ctx; /* the turn looks at everything itself */
}

static void sooner(int64_t *wait_us, int64_t due_us, int64_t now_us)
{
	if (due_us - now_us < *wait_us)
		*wait_us = due_us - now_us;
}

static int64_t until_turn_us(struct register_program *r)
{
	int64_t now_us = r->now.mono_us;
	int64_t wait_us = clock_real_us(&r->clock, TICK_MS);
	const struct day *today = school_today(r);
	if (wait_us > TURN_MAX_US)
		wait_us = TURN_MAX_US;
	if (today) {
		int64_t next_ms = register_next_ms(&r->state, today);
		/* One millisecond past the moment: then it has passed. */
		if (next_ms < r->now.wall_ms + 2 * TICK_MS) {
			int64_t in_us = clock_real_us(&r->clock, next_ms - r->now.wall_ms + 1);
			sooner(&wait_us, now_us + in_us, now_us);
		}
	}
	if (r->data_due_us != INT64_MAX)
		sooner(&wait_us, r->data_due_us, now_us);
	if (r->day_due_us != INT64_MAX)
		sooner(&wait_us, r->day_due_us, now_us);
	if (r->events.up && r->events.more && r->events.again_us > now_us)
		sooner(&wait_us, r->events.again_us, now_us);
	sooner(&wait_us, r->state_due_us, now_us);
	/* No room at the link, which doesn't say when there is; or a crowd that may be over. */
	if (r->night.copy || r->out_first || r->patient_first)
		wait_us = TURN_MIN_US;
	return wait_us < TURN_MIN_US ? TURN_MIN_US : wait_us;
}

static void turn(struct register_program *r)
{
	r->turn++;
	r->now = clock_read(&r->clock);
	time_turn(r);
	/* Before LINK_EVENT_UP is taken: it asks for all that is open today. */
	(void)school_day(r, r->state.today);
	broker_take(r);
	school_turn(r);
	publish_due(r);
	publish_events_done(r);
	school_end(r);
	publish_flush(r);
	publish_events(r);
	school_care(r);
	loop_fed(); /* by hand: only a whole turn feeds it */
}

static int run(struct register_program *r)
{
	for (;;) {
		loop_set_timer(r->timer, until_turn_us(r));
		int err = loop_turn(r->loop, -1, DISPATCH_MAX);
		if (err < 0 && err != -ESTALE) {
			log_error("loop_failed error=\"%s\"", strerror(-err));
			return 1;
		}
		turn(r);
		if (err == -ESTALE) /* asked to stop; this turn was the last */
			return 0;
	}
}

static void init_state(struct register_program *r)
{
	r->state.connected_since_ms = -1;
	r->state.n_gates = r->config.register_n_gates;
	r->n_gates_known = r->state.n_gates;
	for (size_t g = 0; g < r->state.n_gates; g++) {
		struct register_gate *gate = &r->state.gates[g];
		snprintf(gate->id, sizeof(gate->id), "%s", r->config.register_gates[g]);
		snprintf(r->gate_ids[g], sizeof(r->gate_ids[g]), "%s", gate->id);
		gate->expected = true;
		gate->absence.clock = -1;
		gate->absence.last_seq = -1;
		gate->absence.complete_until_ms = -1;
	}
	r->started_us = r->last_write_us = r->now.mono_us;
	r->state_due_us = r->day_due_us = INT64_MAX;
	r->data_due_us = r->now.mono_us; /* holidays and excuses may be of another day by now */
	r->disk_free_mb = -1;
}

/* What can go wrong for good goes wrong here, each with its reason as the last line.
 * Return: an exit status or 0. */
static int open_inputs(struct register_program *r)
{
	int err = secret_key_load(r->config.school_card_key_file, &r->key);
	if (err) {
		log_error("card_key_unreadable error=\"%s\"", strerror(-err));
		return 2;
	}
	if (zone_load(r->config.school_timezone, civil_zone_add, &r->zone)) {
		log_error(
			"timezone_unknown zone=%s next=install_tzdata", r->config.school_timezone);
		return 1;
	}
	err = loop_create(&r->loop);
	if (!err)
		err = loop_add_timer(r->loop, on_wake, r, &r->timer);
	if (!err)
		err = answer_open(r); /* holds the lock: a second instance ends here */
	if (err) {
		log_error("socket_failed run_dir=%s error=\"%s\"", r->config.paths_run_dir,
			err == -EADDRINUSE ? "another register is running" : strerror(-err));
		return 1;
	}
	return 0;
}

static int open_all(struct register_program *r)
{
	int status = open_inputs(r);
	if (status)
		return status;
	time_open(r);
	r->now = clock_read(&r->clock);
	init_state(r);
	snprintf(r->db_path, sizeof(r->db_path), "%s/%s", r->config.paths_state_dir,
		REGISTER_STORE_FILE);
	int err = school_open(r);
	if (err) {
		log_error("store_not_opened file=%s error=\"%s\"", r->db_path, store_err_text(err));
		return err == STORE_ERR_REHEARSAL ? 2 : 1;
	}
	err = broker_open(r);
	if (!err) {
		struct loop_source *source;
		err = loop_add_waker(r->loop, link_fd(r->link), &source);
	}
	if (err) {
		log_error("link_failed error=\"%s\"", strerror(-err));
		return 1;
	}
	return 0;
}

static void close_all(struct register_program *r)
{
	broker_close(r);
	desk_close(r);
	answer_close(r);
	school_close(r);
	publish_finish(r);
	loop_destroy(r->loop);
	secret_key_forget(&r->key);
}

int main(int argc, char **argv)
{
	struct register_program *r = calloc(1, sizeof(*r));
	const char *reason;
	int status = 1;

	memory_give_back();
	if (!r)
		return 1;
	r->confirms = calloc(REGISTER_CONFIRMS_MAX, sizeof(*r->confirms));
	r->confirm_gates = calloc(REGISTER_CONFIRMS_MAX, sizeof(*r->confirm_gates));
	if (!r->confirms || !r->confirm_gates)
		goto out;
	if (config_start(argc, argv, CONFIG_REGISTER, &r->options, &r->config, &status))
		goto out;
	if (clock_init(&r->clock, r->options.clock_spec,
		    r->config.clock_trust == CONFIG_TRUST_ALWAYS, &reason)) {
		log_error("clock_refused reason=\"%s\"", reason);
		status = 2;
		goto out;
	}
	if (secret_init()) {
		log_error("randomness_not_available");
		status = 1;
		goto out;
	}
	status = open_all(r);
	if (status == 0) {
		log_info("started school=%s gates=%zu version=%s rehearsal=%d", r->config.school_id,
			r->state.n_gates, config_version(), r->clock.simulated);
		loop_notify("READY=1");
		status = run(r);
		loop_notify("STOPPING=1");
	}
	close_all(r);
	if (status == 0)
		log_info("stopped school=%s", r->config.school_id);
out:
	free(r->confirms);
	free(r->confirm_gates);
	free(r);
	return status;
}
