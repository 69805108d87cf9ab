/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kiosk/kiosk.h"
#include "sys/log.h"

#define KEEPALIVE_S                                                                                \
	25 /* a half-open connection is noticed after twice that and 1 s; faults.md M10 */
#define FLUSH_MS 500 /* at the end: time for "stopping" and what is on its way */
#define SESSION_TAKEN_OVER 142 /* MQTT 5, 4.13: another unit has our client id */
#define GAP_AGAIN_US INT64_C(60000000) /* between two logs drawn for a gap */
#define STATE_TAG UINT64_MAX /* of gate/state; a check-in's is its number */

static struct wire_context wire_context(const struct kiosk *k)
{
	return (struct wire_context){ .zone = &k->zone, .rehearsal = k->clock.simulated };
}

/* A will that says what was last known, under the session id that the next birth will carry too. */
static void renew_will(struct kiosk *k)
{
	struct wire_gate_state will;
	struct wire_context ctx = wire_context(k);
	uint8_t random[UUID_BYTES];

	secret_random(random, sizeof(random));
	k->session = uuid_from_random(random);
	report_state(k, &will);
	report_times(k, &will);
	will.state = WIRE_UNIT_OFFLINE;
	char *text = wire_gate_state_encode(&will, &ctx);
	if (!text || link_set_will(k->link, text, strlen(text)) < 0)
		log_error("will_not_set next=connect_with_the_last_one");
	free(text);
}

int broker_open(struct kiosk *k)
{
	const struct config *c = &k->config;
	char root[LINK_TOPIC_MAX];
	char client_id[CONFIG_SLUG_MAX + 32];

	(void)snprintf(root, sizeof(root), "schoolpoort/%s", c->school_id);
	(void)snprintf(client_id, sizeof(client_id), "schoolpoort-kiosk-%s", c->unit_id);
	(void)snprintf(
		k->topic_state, sizeof(k->topic_state), "%.100s/gate/%s/state", root, c->unit_id);
	(void)snprintf(k->topic_checkin, sizeof(k->topic_checkin), "%.100s/gate/%s/checkin", root,
		c->unit_id);
	(void)snprintf(k->topic_confirm, sizeof(k->topic_confirm), "%.100s/gate/%s/confirm", root,
		c->unit_id);
	(void)snprintf(k->topic_data, sizeof(k->topic_data), "%.100s/gates/data", root);
	(void)snprintf(k->topic_arrival, sizeof(k->topic_arrival), "%.100s/gates/arrival", root);
	const struct link_subscription subscriptions[] = {
		{ k->topic_confirm, 1, false },
		{ k->topic_data, 1, false },
		{ k->topic_arrival, 0, false },
	};
	const struct link_config link = {
		.host = c->broker_host,
		.port = c->broker_port,
		.tls = c->broker_tls,
		.ca_file = c->broker_ca_file,
		.cert_file = c->broker_cert_file,
		.key_file = c->broker_key_file,
		.username = c->broker_username,
		.password_file = c->broker_password_file,
		.client_id = client_id,
		.will_topic = k->topic_state,
		.subscriptions = subscriptions,
		.n_subscriptions = sizeof(subscriptions) / sizeof(subscriptions[0]),
		.keepalive_s = KEEPALIVE_S,
	};
	int err = link_open(&link, &k->link);
	if (!err)
		renew_will(k);
	return err;
}

/* Once a kind: a peer that sends nonsense must not fill the journal. */
static void complain(struct kiosk *k, bool *complained, const char *what, const char *reason)
{
	k->complaints++;
	if (!*complained)
		log_warn("payload_refused topic=%s reason=\"%s\" next=ignore", what, reason);
	*complained = true;
}

static void take_data(struct kiosk *k, const struct link_event *event)
{
	char reason[WIRE_REASON_MAX];
	struct roster *roster = NULL;

	if (event->len == 0)
		return; /* emptied: the gate goes on with what it has */
	if (wire_gates_data_decode(event->payload, event->len, &roster, reason) < 0) {
		complain(k, &k->complained_data, "gates/data", reason);
		return;
	}
	int64_t have = k->roster ? k->roster->generation : 0;
	if (roster->generation <= have) {
		if (roster->generation < have)
			log_info("data_older generation=%lld have=%lld next=ignore",
				(long long)roster->generation, (long long)have);
		roster_destroy(roster);
		return;
	}
	disk_data(k, roster, event->payload, event->len);
}

/*
 * Another check-in has a number of ours: this database is an old copy whose numbers were used before. All that is
 * kept goes out again under a new log; what the register has by its id stays one check-in. Source: topics.md "Delivery".
 */
static bool has_conflict(struct kiosk *k, const struct wire_confirm *confirm)
{
	bool conflict = false;

	for (size_t i = 0; i < confirm->n_refused; i++) {
		const struct wire_refused *refused = &confirm->refused[i];
		conflict =
			conflict || strncmp(refused->reason, "conflict", strlen("conflict")) == 0;
		if (!k->complained_refused)
			log_warn("checkin_refused seq=%lld reason=\"%s\" "
				 "next=kept_aside_at_register",
				(long long)refused->seq, refused->reason);
		k->complained_refused = true;
	}
	return conflict;
}

/* The next state comes after so long at the latest. */
static void say_state_within(struct kiosk *k, int64_t us)
{
	int64_t at_ms = k->now.wall_ms + (int64_t)((double)us / 1000 * k->clock.speed) + 1;

	if (at_ms < k->next_state_ms)
		k->next_state_ms = at_ms;
}

static void take_confirm(struct kiosk *k, const struct link_event *event)
{
	static struct wire_confirm confirm; /* 50 KB; one thread */
	char reason[WIRE_REASON_MAX];

	if (wire_confirm_decode(event->payload, event->len, &confirm, reason) < 0) {
		complain(k, &k->complained_confirm, "confirm", reason);
		return;
	}
	if (!k->store)
		return;
	if (!uuid_equal(confirm.log, kiosk_store_info(k->store)->log)) {
		if (!k->complained_log) /* one that this gate has left, as a rule */
			log_info("confirm_of_another_log through=%lld next=ignore",
				(long long)confirm.through);
		k->complained_log = true;
		return;
	}
	if (has_conflict(k, &confirm)) {
		disk_relog(k, true);
		return;
	}
	switch (deliver_confirmed(&k->deliver, confirm.through, k->now.mono_us)) {
	case DELIVER_OLD:
		break;
	case DELIVER_CONFIRMED:
		k->last_delivery_ms = k->now.wall_ms;
		trace_confirmed(&k->trace, confirm.through, clock_mono_us());
		/* The register can't tell by itself that these numbers are not an older copy's: absence may wait for it. */
		if (k->deliver.confirmed == k->deliver.last &&
			k->said.confirmed_seq < k->said.last_seq)
			say_state_within(k, 0);
		break;
	case DELIVER_DOUBTED:
		say_state_within(k, DELIVER_ECHO_US);
		break;
	case DELIVER_BACK:
		log_warn("register_has_less through=%lld next=send_again",
			(long long)confirm.through);
		disk_confirm(k);
		break;
	case DELIVER_BEYOND:
		log_warn("register_has_more through=%lld last=%lld next=new_log",
			(long long)confirm.through, (long long)k->deliver.last);
		disk_relog(k, false);
		return;
	}
	/* Rows that were purged can't be sent again: what is left goes on under a log without gaps. */
	if (k->store && kiosk_store_info(k->store)->oldest_seq > k->deliver.confirmed + 1)
		disk_relog(k, true);
}

static void take_arrival(struct kiosk *k, const struct link_event *event)
{
	struct kiosk_input input = { .kind = KIOSK_INPUT_ARRIVAL };
	char reason[WIRE_REASON_MAX];

	if (wire_arrival_decode(event->payload, event->len, &input.arrival, reason) < 0) {
		complain(k, &k->complained_arrival, "gates/arrival", reason);
		return;
	}
	(void)kiosk_push(k, &input, 0);
}

static void take_message(struct kiosk *k, const struct link_event *event)
{
	if (strcmp(event->topic, k->topic_data) == 0)
		take_data(k, event);
	else if (strcmp(event->topic, k->topic_confirm) == 0)
		take_confirm(k, event);
	else if (strcmp(event->topic, k->topic_arrival) == 0)
		take_arrival(k, event);
}

static void take_up(struct kiosk *k)
{
	log_info("broker_up");
	k->link_since_ms = k->now.wall_ms;
	k->link_reason[0] = 0;
	k->refused_state = k->refused_checkin = 0;
	deliver_up(&k->deliver, k->now.mono_us);
	k->next_state_ms = INT64_MIN; /* the birth */
	(void)kiosk_push(k, &(struct kiosk_input){ .kind = KIOSK_INPUT_OFFLINE, .flag = false }, 0);
}

static void take_down(struct kiosk *k, const struct link_event *event)
{
	if (strcmp(k->link_reason, event->reason) != 0 || !k->state.offline)
		log_warn(
			"broker_down code=%d reason=\"%s\" next=retry", event->code, event->reason);
	(void)snprintf(k->link_reason, sizeof(k->link_reason), "%s",
		event->reason[0] ? event->reason : "no reason");
	if (event->code == SESSION_TAKEN_OVER && !k->complained_taken) {
		log_error("identity_in_use code=%d next=longest_wait_and_find_the_other_unit",
			event->code);
		k->complained_taken = true;
	}
	deliver_down(&k->deliver);
	renew_will(k);
	(void)kiosk_push(k, &(struct kiosk_input){ .kind = KIOSK_INPUT_OFFLINE, .flag = true }, 0);
}

static void take_ack(struct kiosk *k, const struct link_event *event)
{
	bool of_state = event->tag == STATE_TAG;
	bool refused = event->code >= DELIVER_REFUSED;
	int *code = of_state ? &k->refused_state : &k->refused_checkin;

	if (!of_state) {
		deliver_acked(&k->deliver, event->code);
		if (!refused)
			trace_published(&k->trace, (int64_t)event->tag, clock_mono_us());
	}
	/* Once a topic and kind of refusal; shown in the status until the broker takes it again. */
	if (refused && *code != event->code)
		log_error("publish_refused topic=gate/%s code=%d next=keep_and_send_again",
			of_state ? "state" : "checkin", event->code);
	*code = refused ? event->code : 0;
}

void broker_take(struct kiosk *k)
{
	struct link_event event;

	/* A batch's last places are for the turn's own inputs. */
	while (k->n_inputs < KIOSK_INPUTS_PER_TURN - 8 && link_take(k->link, &event)) {
		switch (event.kind) {
		case LINK_EVENT_NONE:
			break;
		case LINK_EVENT_UP:
			take_up(k);
			break;
		case LINK_EVENT_DOWN:
			take_down(k, &event);
			break;
		case LINK_EVENT_MESSAGE:
			take_message(k, &event);
			break;
		case LINK_EVENT_ACK:
			take_ack(k, &event);
			break;
		}
		link_event_finish(&event);
	}
}

/*
 * What should be sent isn't there: it was purged before the register went back, or lost with a page. Nothing could be
 * confirmed past it, so what is left goes on under a log without gaps. A disk that doesn't take that is opened anew first.
 */
static void close_gap(struct kiosk *k)
{
	bool usable = k->store_state == WIRE_STORE_OK || k->store_state == WIRE_STORE_RECOVERED;

	if (!usable || (k->closed_gap_us && k->now.mono_us - k->closed_gap_us < GAP_AGAIN_US))
		return;
	k->closed_gap_us = k->now.mono_us;
	log_warn("checkins_missing from=%lld next=new_log", (long long)k->deliver.next);
	disk_relog(k, true);
}

/* Return: 0, or another number: the next turn tries again. */
static int give_checkin(struct kiosk *k, const struct checkin *row, const struct wire_context *ctx)
{
	char *text = wire_checkin_encode(row, ctx);
	int err = text ? link_post(k->link, k->topic_checkin, text, strlen(text), 1, false,
				 (uint64_t)row->seq)
		       : LINK_ERR_MEMORY;

	free(text);
	if (!err)
		deliver_sent(&k->deliver, k->now.mono_us);
	return err;
}

/* The next one, where this turn has stored it: the usual case needs no look into the database. Numbers of another log, one
 * that was drawn meanwhile, are other rows'. */
static const struct checkin *just_stored(const struct kiosk *k)
{
	for (size_t i = 0; i < k->fx.n_rows; i++) {
		const struct checkin *row = &k->fx.rows[i];
		if (row->seq == k->deliver.next &&
			uuid_equal(row->log, kiosk_store_info(k->store)->log))
			return row;
	}
	return NULL;
}

static void give_checkins(struct kiosk *k)
{
	struct checkin rows[DELIVER_UNACKED_MAX];
	struct wire_context ctx = wire_context(k);
	int want;

	while (k->store && (want = deliver_want(&k->deliver, k->now.mono_us)) > 0) {
		/* The register went back, and the file can't be told: it would show what comes after its own number. */
		if (k->deliver.next <= kiosk_store_info(k->store)->confirmed_seq)
			return;
		const struct checkin *row = just_stored(k);
		if (row) {
			if (give_checkin(k, row, &ctx))
				return;
			continue;
		}
		int n = kiosk_store_unconfirmed(
			k->store, k->deliver.next, k->config.unit_id, rows, (size_t)want);
		if (n == STORE_ERR_DAMAGED)
			disk_failed(k, n);
		if (n < 0)
			return; /* a failing store shows itself at the next write */
		for (int i = 0; i < n && rows[i].seq == k->deliver.next; i++)
			if (give_checkin(k, &rows[i], &ctx))
				return; /* it is in the database; the next turn tries again */
		if (n == 0 || rows[n - 1].seq != k->deliver.next - 1) {
			close_gap(k);
			return;
		}
	}
}

/* What is worth a message of its own, before the 20 seconds are over. */
static bool differs(const struct wire_gate_state *a, const struct wire_gate_state *b)
{
	return a->state != b->state || a->clock != b->clock || a->reader != b->reader ||
	       strcmp(a->reader_fault, b->reader_fault) != 0 || a->screen_ok != b->screen_ok ||
	       a->store != b->store || a->data_generation != b->data_generation ||
	       !uuid_equal(a->log, b->log) || !uuid_equal(a->session, b->session);
}

static void give_state(struct kiosk *k, enum wire_unit_state unit)
{
	struct wire_context ctx = wire_context(k);
	struct wire_gate_state state;

	report_state(k, &state);
	state.state = unit;
	bool due = k->now.wall_ms >= k->next_state_ms ||
		   k->next_state_ms - k->now.wall_ms > 2 * KIOSK_STATE_EVERY_MS;
	if (!due && !differs(&state, &k->said))
		return;
	report_times(k, &state);
	char *text = wire_gate_state_encode(&state, &ctx);
	if (text &&
		link_post(k->link, k->topic_state, text, strlen(text), 1, true, STATE_TAG) == 0) {
		k->said = state;
		k->next_state_ms =
			(k->now.wall_ms / KIOSK_STATE_EVERY_MS + 1) * KIOSK_STATE_EVERY_MS;
		/* From now on no tap may be dated before what was said to be complete. */
		k->state.complete_ms = state.complete_until_ms;
	}
	free(text);
}

void broker_give(struct kiosk *k)
{
	if (!link_up(k->link))
		return;
	give_checkins(k);
	give_state(k, WIRE_UNIT_ONLINE);
}

void broker_close(struct kiosk *k)
{
	if (!k->link)
		return;
	if (link_up(k->link)) {
		k->next_state_ms = INT64_MIN;
		give_state(k, WIRE_UNIT_STOPPING);
	}
	link_close(k->link, FLUSH_MS);
	k->link = NULL;
}
