/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The care team's commands and the desk's enrolments, between broker, command line and school.
 *
 * What is asked is done once: the reply is kept with the request, in the transaction that did it, and who
 * asks again gets the same one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "register/look.h"
#include "register/register.h"
#include "sys/log.h"
#include "sys/utf8.h"

#define DONE_KEPT_MS (INT64_C(14) * 24 * 3600 * 1000) /* longer than any client tries again */
#define USER_CHARS 64 /* alert.json: by */
#define LINKED_DAYS_MAX COMMAND_DAYS_BACK
#define ENROL_S 60
#define ENROL_EARLY_MS 2000 /* clocks of gate and register may be so far apart */

/* ---- commands ---- */

static void reply(struct register_program *r, const char *user, const struct wire_reply *what)
{
	struct wire_context ctx = publish_context(r);
	publish_reply(r, user, wire_reply_encode(what, &ctx));
}

static void refuse(struct register_program *r, const char *user, struct uuid request,
	enum wire_reply_error error, const char *reason)
{
	static struct wire_reply no; /* 14 KB; one thread */
	no = (struct wire_reply){ .request = request, .error = error };
	snprintf(no.reason, sizeof(no.reason), "%s", reason);
	reply(r, user, &no);
}

static void complain(struct register_program *r, const char *reason)
{
	r->complaints++;
	if (!r->complained_other)
		log_warn("command_refused reason=\"%s\" next=ignore", reason);
	r->complained_other = true;
}

/* The broker's rights make the topic true; here it must only be fit for a name. */
static bool is_user(const char *user)
{
	size_t n = 0;
	for (const char *at = user; *at; n++) {
		unsigned char c = (unsigned char)*at;
		size_t len = utf8_length(at, strlen(at));
		if (len == 0 || c < 0x20 || c == 0x7f || c == '/')
			return false;
		at += len;
	}
	return n > 0 && n <= USER_CHARS;
}

static struct day *host_day(void *ctx, struct civil_date date)
{
	return school_day(ctx, date);
}

static void host_wrote(void *ctx, struct day *day)
{
	school_write(ctx, day);
}

static int run(struct register_program *r, const char *user, const struct wire_command *command)
{
	static struct wire_reply done; /* 14 KB; one thread */
	struct wire_context ctx = publish_context(r);
	struct command_host host = { .store = r->store,
		.state = &r->state,
		.roster = r->roster,
		.fx = r->fx,
		.day = host_day,
		.wrote = host_wrote,
		.ctx = r };
	int err = command_run(&host, user, command, &done);
	if (err)
		return err;
	char *text = wire_reply_encode(&done, &ctx);
	err = text ? register_store_done_put(r->store, command->request, user, r->now.wall_ms, text,
			     r->now.wall_ms - DONE_KEPT_MS)
		   : STORE_ERR_MEMORY;
	if (err) {
		free(text);
		return err;
	}
	log_info("command what=%s ok=%d", command_word(command->command), done.ok);
	publish_reply(r, user, text);
	r->roster_changed |= host.roster_changed;
	if (!card_hash_is_none(host.linked) && r->n_linked < REGISTER_EVENTS_PER_TURN)
		r->linked[r->n_linked++] =
			(struct register_linked){ host.linked, host.linked_pupil };
	return 0;
}

/* Who asked for a pupil's chronology is itself on record, before it goes out: R25. */
static void journal_look(struct register_program *r, const char *user, int64_t pupil)
{
	char about[11];
	checkin_pupil_format(pupil, about);
	if (school_begin(r))
		return;
	r->err = register_store_journal(r->store, r->now.wall_ms, user, LOOK_SHOWN, about, "");
}

static void look(struct register_program *r, const char *user, const struct wire_command *command)
{
	struct look_host host = { .store = r->store,
		.wire = publish_context(r),
		.today = r->state.today,
		.names = r->config.register_care_names };
	char *text = NULL;
	/* What waits for a pause says nothing of the broker. */
	size_t n_waiting = r->n_out - r->n_patient;
	if (r->n_looks >= REGISTER_LOOKS_PER_TURN || n_waiting >= REGISTER_LOOKS_WAIT) {
		refuse(r, user, command->request, WIRE_REPLY_FAILED,
			"too much is looked up at once; ask again");
		return;
	}
	r->n_looks++;
	int found = look_run(&host, command, &text);
	if (found < 0) {
		refuse(r, user, command->request, WIRE_REPLY_FAILED, store_err_text(found));
		return;
	}
	if (found > 0 && command->command == WIRE_COMMAND_PUPIL)
		journal_look(r, user, command->pupil);
	log_info("command what=%s ok=%d", command_word(command->command), found);
	publish_reply(r, user, text);
}

static void take(struct register_program *r, const char *user, const struct wire_command *command)
{
	char *before = NULL;
	if (!r->store || r->err) {
		refuse(r, user, command->request, WIRE_REPLY_FAILED,
			"the database can't be used now");
		return;
	}
	if (command_is_look(command->command)) {
		look(r, user, command);
		return;
	}
	/* A day that is built here settles first: what a command finds is true at this moment. */
	if (!school_day(r, r->state.today) || school_begin(r))
		return;
	int known = register_store_done(r->store, command->request, user, &before);
	if (known > 0)
		publish_reply(r, user, before);
	else
		r->err = known < 0 ? known : run(r, user, command);
}

/* Whoever wrote something else than a command, but with a request's id, is told so. */
static void refuse_unread(struct register_program *r, const char *user,
	const struct link_event *event, const char *reason)
{
	char why[WIRE_REASON_MAX];
	struct uuid request;
	struct wire_node *node = event->len <= WIRE_PAYLOAD_MAX
					 ? wire_node_parse(event->payload, event->len, why)
					 : NULL;
	const char *text = node ? wire_node_get_text(node, "request") : NULL;
	if (text && !uuid_parse(text, &request))
		refuse(r, user, request, WIRE_REPLY_INVALID, reason);
	else
		complain(r, reason);
	wire_node_destroy(node);
}

void desk_take_command(struct register_program *r, const char *user, const struct link_event *event)
{
	static struct wire_command command; /* 5 KB; one thread */
	char reason[WIRE_REASON_MAX];
	if (!is_user(user)) {
		complain(r, "topic: no user's name");
		return;
	}
	if (event->retained) { /* would come again at each start, long after it was meant */
		complain(r, "a command must not be retained");
		return;
	}
	if (wire_command_decode(event->payload, event->len, &command, reason)) {
		refuse_unread(r, user, event, reason);
		return;
	}
	if (r->n_asked < REGISTER_EVENTS_PER_TURN) {
		struct register_asked *asked = &r->asked[r->n_asked++];
		snprintf(asked->user, sizeof(asked->user), "%s", user);
		asked->request = command.request;
	}
	take(r, user, &command);
}

/* The gates hear of a tap that is the pupil's now as they would have then. */
static void tell_arrival(struct register_program *r, int64_t pupil)
{
	const struct day *today = school_today(r);
	const struct roster_pupil *p = roster_pupil_of(r->roster, pupil);
	if (!today || !p)
		return;
	for (int h = 0; h < 2; h++) {
		enum halfday half = h ? HALFDAY_PM : HALFDAY_AM;
		size_t index = (size_t)(p - r->roster->pupils);
		if (day_half_of(today, index, half)->tap_at_ms >= 0)
			publish_arrival(r, today, index, half);
	}
}

static void settle_linked(struct register_program *r, const struct register_linked *linked)
{
	int32_t days[LINKED_DAYS_MAX];
	int32_t today = civil_day_number(r->state.today);
	int n = register_store_days_of_card(r->store, linked->card, today - COMMAND_DAYS_BACK,
		today - 1, days, LINKED_DAYS_MAX);
	if (n < 0)
		r->err = n;
	for (int i = 0; i < n && !r->err; i++) {
		struct day *day = school_day(r, civil_date_of_day(days[i]));
		const struct roster_pupil *p = roster_pupil_of(r->roster, linked->pupil);
		if (!day || !p)
			return;
		register_effects_clear(r->fx);
		register_settle_card(&r->state, day, (size_t)(p - r->roster->pupils), r->fx);
		school_write(r, day);
	}
}

void desk_settle(struct register_program *r)
{
	for (size_t i = 0; i < r->n_linked && !r->err; i++) {
		tell_arrival(r, r->linked[i].pupil);
		settle_linked(r, &r->linked[i]);
	}
}

/* ---- enrolment ---- */

static bool same_gate(const struct register_enrol *e, const char *gate)
{
	return !e->gate[0] || !gate[0] || !strcmp(e->gate, gate);
}

static struct register_enrol *free_enrol(struct register_program *r, const char *gate)
{
	struct register_enrol *found = NULL;
	for (size_t i = 0; i < REGISTER_ENROLS_MAX; i++) {
		struct register_enrol *e = &r->enrols[i];
		if (e->request && same_gate(e, gate))
			return NULL; /* whose card would it be? */
		if (!e->request && !found)
			found = e;
	}
	return found;
}

static bool is_expected(const struct register_program *r, const char *gate)
{
	for (size_t g = 0; g < r->state.n_gates; g++)
		if (!strcmp(r->state.gates[g].id, gate))
			return true;
	return false;
}

/* A node of its own: the answer outlives the request. */
static struct wire_node *copy_of(const struct wire_node *request)
{
	char reason[WIRE_REASON_MAX];
	char *text = wire_node_text(request);
	struct wire_node *copy = text ? wire_node_parse(text, strlen(text), reason) : NULL;
	free(text);
	return copy;
}

struct wire_node *desk_enrol(struct register_program *r, const struct wire_node *request)
{
	int64_t pupil = checkin_pupil_parse(wire_node_get_text(request, "pupil"));
	const char *gate = wire_node_get_text(request, "gate");
	int64_t wait_s = wire_node_get_int(request, "wait_s", ENROL_S);
	if (pupil < 0)
		return answer_refuse(request, "invalid", "pupil: no number of 1 to 10 digits");
	if (wait_s < 1 || wait_s > ENROL_S)
		return answer_refuse(request, "invalid", "wait_s: 1 to 60");
	if (!roster_pupil_of(r->roster, pupil))
		return answer_refuse(request, "not_found", "no such pupil");
	if (gate && !is_expected(r, gate))
		return answer_refuse(request, "not_found", "no such gate in register.gates");
	struct register_enrol *e = free_enrol(r, gate ? gate : "");
	struct wire_node *copy = e ? copy_of(request) : NULL;
	if (!copy)
		return answer_refuse(
			request, "busy", "another card is waited for there; try again");
	*e = (struct register_enrol){ .request = copy,
		.client = r->asking,
		.pupil = pupil,
		.from_ms = r->now.wall_ms,
		.wait_s = (int)wait_s,
		.due_us = r->now.mono_us + wait_s * INT64_C(1000000) };
	snprintf(e->gate, sizeof(e->gate), "%s", gate ? gate : "");
	return NULL;
}

/* Only a tap of now, by a clock that can say so: one that was delivered late is somebody else's. */
static struct register_enrol *waiting_for(struct register_program *r, const struct checkin *c)
{
	if (c->result != CHECKIN_UNKNOWN_CARD || card_hash_is_none(c->card) ||
		!checkin_clock_judges(c->clock) || !is_expected(r, c->gate))
		return NULL;
	for (size_t i = 0; i < REGISTER_ENROLS_MAX; i++) {
		struct register_enrol *e = &r->enrols[i];
		if (e->request && !e->taken && same_gate(e, c->gate) &&
			c->at_ms >= e->from_ms - ENROL_EARLY_MS)
			return e;
	}
	return NULL;
}

bool desk_enrol_takes(struct register_program *r, const struct checkin *c)
{
	char about[11];
	char detail[CARD_HASH_TEXT + CHECKIN_GATE_MAX + 1];
	char hash[CARD_HASH_TEXT];
	struct roster_card card = { .hash = c->card };
	struct roster_card old;
	struct register_enrol *e = waiting_for(r, c);
	if (!e || r->err)
		return false;
	int err = register_store_card(r->store, c->card, &old);
	if (err > 0)
		return false; /* somebody's; the gate had older data */
	card.pupil = e->pupil;
	checkin_pupil_format(card.pupil, about);
	card_hash_format(card.hash, hash);
	snprintf(detail, sizeof(detail), "%s %s", hash, c->gate);
	if (!err)
		err = register_store_card_put(r->store, &card);
	if (!err)
		err = register_store_journal(
			r->store, r->now.wall_ms, "desk", "enrol", about, detail);
	if (err) {
		r->err = err;
		return false;
	}
	e->taken = true;
	e->card = c->card;
	memcpy(e->at_gate, c->gate, sizeof(e->at_gate));
	r->roster_changed = true;
	if (r->n_linked < REGISTER_EVENTS_PER_TURN)
		r->linked[r->n_linked++] = (struct register_linked){ card.hash, card.pupil };
	return true;
}

static void finish(struct register_enrol *e, struct wire_node *answer)
{
	answer_send(e->client, e->request, answer);
	wire_node_destroy(e->request);
	*e = (struct register_enrol){ 0 };
}

static struct wire_node *enrolled(const struct register_enrol *e)
{
	char pupil[11];
	char hash[CARD_HASH_TEXT];
	struct wire_node *node = wire_response_create(e->request, true);
	checkin_pupil_format(e->pupil, pupil);
	card_hash_format(e->card, hash);
	wire_node_set_text(node, "pupil", pupil);
	wire_node_set_text(node, "card", hash);
	wire_node_set_text(node, "gate", e->at_gate);
	wire_node_set_text(node, "result", "added");
	return node;
}

static struct wire_node *nothing_came(const struct register_enrol *e)
{
	char reason[200];
	snprintf(reason, sizeof(reason),
		"no unknown card came within %d s; phones and identity documents show a random "
		"number, new at each read, and can't be used",
		e->wait_s);
	return answer_refuse(e->request, "refused", reason);
}

void desk_end(struct register_program *r, int err)
{
	for (size_t i = 0; i < REGISTER_ENROLS_MAX; i++) {
		struct register_enrol *e = &r->enrols[i];
		if (!e->request)
			continue;
		if (e->taken && !err)
			finish(e, enrolled(e));
		else if (r->now.mono_us >= e->due_us)
			finish(e, nothing_came(e));
		e->taken = false; /* not stored: the gate sends it again */
	}
	for (size_t i = 0; i < r->n_asked && err; i++)
		refuse(r, r->asked[i].user, r->asked[i].request, WIRE_REPLY_FAILED,
			"not stored; ask again");
	if (err)
		publish_keep(r);
	r->n_asked = r->n_linked = r->n_looks = 0;
}

void desk_gone(struct register_program *r, const struct hub_client *client)
{
	for (size_t i = 0; i < REGISTER_ENROLS_MAX; i++)
		if (r->enrols[i].client == client) {
			wire_node_destroy(r->enrols[i].request);
			r->enrols[i] = (struct register_enrol){ 0 };
		}
}

void desk_close(struct register_program *r)
{
	for (size_t i = 0; i < REGISTER_ENROLS_MAX; i++)
		wire_node_destroy(r->enrols[i].request);
	memset(r->enrols, 0, sizeof(r->enrols));
}
