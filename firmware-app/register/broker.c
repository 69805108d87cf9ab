/* SPDX-License-Identifier: EUPL-1.2 */
/* What comes from the broker, into school and state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "register/register.h"
#include "sys/log.h"

#define KEEPALIVE_S                                                                                \
	25 /* a half-open connection is noticed after twice that and 1 s; faults.md M10 */
#define GATE_AHEAD_MS 2000 /* two trusted clocks may be a second off each */
#define LOST_AGAIN_MS 5000 /* told by its uptime, in whole seconds: not another loss */
#define FLUSH_MS 1000 /* at the end: time for "stopping" and what is on its way */

int broker_open(struct register_program *r)
{
	const struct config *c = &r->config;
	char client_id[CONFIG_SLUG_MAX + 32];
	snprintf(r->root, sizeof(r->root), "schoolpoort/%s", c->school_id);
	snprintf(client_id, sizeof(client_id), "schoolpoort-register-%s", c->unit_id);
	snprintf(r->topic_state, sizeof(r->topic_state), "%s/register/state", r->root);
	snprintf(r->filter_state, sizeof(r->filter_state), "%s/gate/+/state", r->root);
	snprintf(r->filter_checkin, sizeof(r->filter_checkin), "%s/gate/+/checkin", r->root);
	snprintf(r->filter_command, sizeof(r->filter_command), "%s/care/command/+", r->root);
	snprintf(r->filter_alert, sizeof(r->filter_alert), "%s/care/alert/#", r->root);
	const struct link_subscription subscriptions[] = {
		{ r->filter_state, 1, false },
		{ r->filter_checkin, 1, false },
		{ r->filter_alert, 1, true }, /* its own come back: 500 at a cut-off */
		{ r->filter_command, 1, false },
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
		.will_topic = r->topic_state,
		.subscriptions = subscriptions,
		.n_subscriptions = sizeof(subscriptions) / sizeof(subscriptions[0]),
		.keepalive_s = KEEPALIVE_S,
	};
	announce_open(&r->announce, c);
	int err = link_open(&link, &r->link);
	if (!err)
		publish_renew_will(r);
	return err;
}

/* Once a kind and sender: a peer that sends nonsense must not fill the journal. */
static void complain(
	struct register_program *r, bool *complained, const char *topic, const char *reason)
{
	r->complaints++;
	if (!*complained)
		log_warn("payload_refused topic=%s reason=\"%s\" next=ignore", topic, reason);
	*complained = true;
}

static size_t place_of(const struct register_program *r, const char *id)
{
	size_t g = 0;
	while (g < r->n_gates_known && strcmp(r->state.gates[g].id, id) != 0)
		g++;
	return g < r->n_gates_known ? g : DAY_GATES_MAX;
}

static void forget_stranger(struct register_program *r, size_t place)
{
	memmove(&r->state.gates[place], &r->state.gates[place + 1],
		(r->n_gates_known - place - 1) * sizeof(r->state.gates[0]));
	r->n_gates_known--;
}

/* Room for one more that nobody expects: where there is none, the one heard first goes. NULL: none at all. */
static struct register_gate *new_stranger(struct register_program *r, const char *id)
{
	size_t strangers = r->n_gates_known - r->state.n_gates;
	if (strangers == REGISTER_STRANGERS_MAX)
		forget_stranger(r, r->state.n_gates);
	if (r->n_gates_known == DAY_GATES_MAX)
		return NULL;
	if (r->n_strangers_told < REGISTER_STRANGERS_MAX)
		log_warn("gate_not_expected gate=%s next=show_it_but_do_not_wait", id);
	else if (r->n_strangers_told == REGISTER_STRANGERS_MAX)
		log_warn("gates_not_expected next=show_the_last_%d", REGISTER_STRANGERS_MAX);
	if (r->n_strangers_told <= REGISTER_STRANGERS_MAX)
		r->n_strangers_told++;
	struct register_gate *gate = &r->state.gates[r->n_gates_known++];
	*gate = (struct register_gate){ 0 };
	snprintf(gate->id, sizeof(gate->id), "%s", id);
	return gate;
}

static struct register_gate *gate_of(struct register_program *r, const char *id)
{
	for (size_t g = 0; g < r->n_gates_known; g++)
		if (!strcmp(r->state.gates[g].id, id))
			return &r->state.gates[g];
	return new_stranger(r, id);
}

/* The retained state of a gate that was taken away: it would stand there for good. A spare one that is in use says
 * something every 20 s. */
static bool is_retired(const struct register_program *r, const char *id,
	const struct wire_gate_state *state, const struct link_event *event)
{
	return event->retained && r->state.clock_judges && state->at_ms >= 0 &&
	       place_of(r, id) >= r->state.n_gates &&
	       r->now.wall_ms - state->at_ms > REGISTER_RETIRED_MS;
}

static void retire(struct register_program *r, const char *id)
{
	char topic[LINK_TOPIC_MAX];
	size_t place = place_of(r, id);
	if (place >= r->state.n_gates && place < r->n_gates_known)
		forget_stranger(r, place);
	snprintf(topic, sizeof(topic), "gate/%s/state", id);
	if (publish_empty_later(r, topic))
		log_info("gate_retired gate=%s next=empty_its_state", id);
}

/*
 * Who is asked for the rest hears no more than it has heard before: a gate whose database is an old copy would take a
 * higher number for its own new taps. What it sends then tells.
 */
static int64_t its_own(const struct wire_gate_state *state, int64_t through)
{
	int64_t heard = state->confirmed_seq > 0 ? state->confirmed_seq : 0;
	return heard < through ? heard : through;
}

static void take_gate_state(
	struct register_program *r, const char *id, const struct link_event *event)
{
	static struct wire_gate_state state; /* 2 KB; one thread */
	char reason[WIRE_REASON_MAX];
	int64_t through = 0;
	if (event->len == 0)
		return; /* emptied: a gate that was taken away */
	if (wire_gate_state_decode(event->payload, event->len, &state, reason)) {
		complain(r, &r->complained_gate[place_of(r, id)], event->topic, reason);
		return;
	}
	if (strcmp(state.gate, id) != 0) {
		complain(r, &r->complained_gate[place_of(r, id)], event->topic,
			"gate: not that of the topic");
		return;
	}
	if (is_retired(r, id, &state, event)) {
		retire(r, id);
		return;
	}
	struct register_gate *gate = gate_of(r, id);
	if (!gate)
		return;
	bool was_online = gate->absence.online;
	if (r->store && register_store_through(r->store, state.log, &through))
		through = 0;
	if (r->store && register_store_has_conflict(r->store, state.log) > 0)
		register_gate_conflict(gate, state.log);
	/* No gate can be complete for a time that hasn't been: one that is ahead would vouch for taps still to come. */
	if (clock_judges(r->now.state) && state.complete_until_ms > r->now.wall_ms + GATE_AHEAD_MS)
		state.complete_until_ms = r->now.wall_ms;
	int64_t lost_ms = gate->lost_ms;
	register_gate_loss(gate, &state, through, r->now.wall_ms);
	if (gate->lost_ms - lost_ms > LOST_AGAIN_MS)
		log_warn("gate_lost_taps gate=%s next=nobody_surely_absent_this_half_day", id);
	bool was_twice = gate->twins.twice;
	if (!register_take_gate(gate, &state, through))
		return;
	if (place_of(r, id) < r->state.n_gates && !uuid_is_none(state.log))
		rescue_older(r, id, state.confirmed_seq, through);
	if (gate->twins.twice && !was_twice)
		log_error("gate_twice gate=%s next=find_the_unit_with_a_copied_card", id);
	else if (!gate->twins.twice && was_twice)
		log_info("gate_alone_again gate=%s", id);
	/* It believes more to be stored than is, or has less than it once told: either database is an
	 * old copy. Said now, not at the next tap: absence is decided on what it still holds. A state
	 * from before this connection says what was sent meanwhile, to nobody. */
	bool behind = event->retained && state.last_seq > through && state.confirmed_seq == through;
	if (r->store && gate->absence.online && !uuid_is_none(state.log) &&
		(behind || state.confirmed_seq > through ||
			(state.last_seq >= 0 && through > state.last_seq)))
		school_confirm_again(r, id, state.log, behind ? its_own(&state, through) : through);
	if (gate->absence.online != was_online)
		log_info("gate_%s gate=%s", gate->absence.online ? "online" : "offline", id);
}

static void take_checkin(struct register_program *r, const char *id, const struct link_event *event)
{
	struct checkin c;
	struct uuid log;
	int64_t seq;
	char reason[WIRE_REASON_MAX];
	int err = wire_checkin_decode(event->payload, event->len, &c, reason);
	if (err == WIRE_ERR_MEMORY)
		return; /* not its fault: neither stored nor refused, it comes again */
	if (err) {
		if (event->len <= WIRE_PAYLOAD_MAX &&
			!wire_checkin_peek(event->payload, event->len, &log, &seq))
			school_refuse(r, id, log, seq, reason, event->payload, event->len);
		else
			complain(r, &r->complained_checkin[place_of(r, id)], event->topic, reason);
		return;
	}
	if (strcmp(c.gate, id) != 0) {
		complain(r, &r->complained_checkin[place_of(r, id)], event->topic,
			"gate: not that of the topic");
		return;
	}
	school_take_checkin(r, &c);
}

/*
 * Told once more, above what is retained: a database that was lost or damaged raised it again from below, and who has
 * seen the higher revision drops the lower ones.
 */
static void raise_above(struct register_program *r, struct alert *alert, int revision)
{
	if (school_begin(r))
		return;
	alert->revision = revision + 1;
	alert->changed_at_ms = r->now.wall_ms;
	int err = register_store_alert_put(r->store, alert);
	if (err && !r->err)
		r->err = err;
	publish_alert(r, alert);
}

/* A retained alert: one that is not open here is of a database that was lost, or of a broker's older copy. */
static void take_alert(struct register_program *r, const char *id, const struct link_event *event)
{
	static struct alert heard; /* 5 KB; one thread */
	char topic[LINK_TOPIC_MAX];
	char reason[WIRE_REASON_MAX];
	if (!event->retained || event->len == 0)
		return;
	struct day *today = school_today(r);
	int32_t index = today ? day_alert_find(today, id) : DAY_NO_ALERT;
	bool readable = wire_alert_decode(event->payload, event->len, &heard, reason) == 0 &&
			!strcmp(heard.id, id);
	if (readable && index < 0)
		rescue_hears(r, id, heard.revision);
	if (readable && index >= 0 && heard.revision > today->alerts[index].revision && r->store)
		raise_above(r, &today->alerts[index], heard.revision);
	/* What isn't known yet, or may not be stored at the turn's end, the next connection brings again. */
	if (readable && index < 0 && heard.kind == ALERT_TALK &&
		(!school_hear_talk(r, &heard) || day_alert_find(school_today(r), id) >= 0))
		return;
	snprintf(topic, sizeof(topic), "care/alert/%s", id);
	(void)publish_empty_later(r, topic);
}

static void take_message(struct register_program *r, const struct link_event *event)
{
	static const char gate_begin[] = "/gate/";
	static const char alert_begin[] = "/care/alert/";
	static const char command_begin[] = "/care/command/";
	char id[CHECKIN_GATE_MAX];
	size_t root = strlen(r->root);
	if (strncmp(event->topic, r->root, root) != 0)
		return;
	const char *rest = event->topic + root;
	if (!strncmp(rest, alert_begin, strlen(alert_begin))) {
		take_alert(r, rest + strlen(alert_begin), event);
		return;
	}
	if (!strncmp(rest, command_begin, strlen(command_begin))) {
		desk_take_command(r, rest + strlen(command_begin), event);
		return;
	}
	if (strncmp(rest, gate_begin, strlen(gate_begin)) != 0)
		return;
	rest += strlen(gate_begin);
	const char *slash = strchr(rest, '/');
	if (!slash || (size_t)(slash - rest) >= sizeof(id))
		return;
	snprintf(id, sizeof(id), "%.*s", (int)(slash - rest), rest);
	if (!checkin_slug_valid(id))
		complain(r, &r->complained_other, "gate/+", "no gate's name");
	else if (!strcmp(slash, "/state"))
		take_gate_state(r, id, event);
	else if (!strcmp(slash, "/checkin"))
		take_checkin(r, id, event);
}

/* A gate that waits for a confirm sends again at once when it hears the old one: see kiosk/deliver.h. Never a number that it
 * doesn't believe itself: of an old copy, that would confirm check-ins that are not the register's. */
static void ask_for_the_rest(struct register_program *r)
{
	for (size_t g = 0; r->store && g < r->n_gates_known; g++) {
		const struct register_gate *gate = &r->state.gates[g];
		const struct absence_gate *a = &gate->absence;
		if (a->online && !uuid_is_none(a->log) && a->last_seq > a->stored_through &&
			gate->last.confirmed_seq == a->stored_through)
			school_confirm_again(
				r, gate->id, a->log, its_own(&gate->last, a->stored_through));
	}
}

static void take_up(struct register_program *r)
{
	log_info("broker_up");
	r->link_reason[0] = 0;
	r->state.connected_since_ms = r->now.wall_ms;
	memset(r->refused_codes, 0, sizeof(r->refused_codes));
	event_up(&r->events, r->now.mono_us);
	publish_all(r);
	ask_for_the_rest(r);
}

static void take_down(struct register_program *r, const struct link_event *event)
{
	if (strcmp(r->link_reason, event->reason) != 0 || r->state.connected_since_ms >= 0)
		log_warn(
			"broker_down code=%d reason=\"%s\" next=retry", event->code, event->reason);
	snprintf(r->link_reason, sizeof(r->link_reason), "%s",
		event->reason[0] ? event->reason : "no reason");
	r->state.connected_since_ms = -1;
	event_down(&r->events);
	publish_later_forget(r);
	publish_renew_will(r);
}

void broker_take(struct register_program *r)
{
	struct link_event event = { 0 };
	r->n_taken = 0;
	while (r->n_taken < REGISTER_EVENTS_PER_TURN && link_take(r->link, &event)) {
		r->n_taken++;
		switch (event.kind) {
		case LINK_EVENT_UP:
			take_up(r);
			break;
		case LINK_EVENT_DOWN:
			take_down(r, &event);
			break;
		case LINK_EVENT_MESSAGE:
			take_message(r, &event);
			break;
		case LINK_EVENT_ACK:
			publish_acked(r, event.tag, event.code);
			break;
		case LINK_EVENT_NONE:
			break;
		}
		link_event_finish(&event);
	}
}

void broker_close(struct register_program *r)
{
	if (!r->link)
		return;
	if (link_up(r->link))
		publish_stopping(r);
	link_close(r->link, FLUSH_MS);
	r->link = NULL;
}
