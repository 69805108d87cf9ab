/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kiosk/kiosk.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/user.h"
#include "wire/request.h"

#define ANSWER_MAX (60 * 1024) /* bytes of a response in its datagram; commands.md */

static int64_t mono_us(void)
{
	return clock_mono_us();
}

static void send_message(struct hub_client *to, const struct wire_local *message)
{
	char *text = wire_local_encode(message);

	if (text)
		(void)hub_send(to, text, strlen(text), -1);
	free(text);
}

static void complain(
	struct kiosk *k, struct hub_client *from, struct kiosk_client *c, const char *reason)
{
	struct wire_local error = { .type = WIRE_LOCAL_ERROR };

	int64_t now_us = mono_us();

	k->complaints++;
	if (!c->complained && now_us - k->complained_us >= KIOSK_COMPLAIN_US) {
		k->complained_us = now_us;
		log_warn("datagram_refused client=\"%s\" pid=%d reason=\"%s\" next=ignore", c->name,
			(int)hub_peer(from)->pid, reason);
	}
	c->complained = true;
	(void)snprintf(error.reason, sizeof(error.reason), "%s", reason);
	send_message(from, &error);
}

static void send_view(struct kiosk *k, struct hub_client *to, const struct wire_view *view)
{
	const struct kiosk_client *c = hub_tag(to);
	/* A client that can't take it is dropped as it is sent, and what is kept of it is gone. */
	bool is_screen = c && c->role == WIRE_ROLE_SCREEN;
	/* One message a call of this size would not fit every stack; the wiring has one thread. */
	static struct wire_local message;

	message = (struct wire_local){ .type = WIRE_LOCAL_VIEW };
	message.view = *view;
	send_message(to, &message);
	if (is_screen && k->view_sent_us < 0)
		k->view_sent_us = mono_us();
}

void clients_show(struct kiosk *k, const struct wire_view *view)
{
	for (struct hub_client *at = hub_next(k->hub, NULL), *next; at; at = next) {
		struct kiosk_client *c = hub_tag(at);
		next = hub_next(k->hub, at);
		if (c->role == WIRE_ROLE_SCREEN || c->role == WIRE_ROLE_SIGNAL)
			send_view(k, at, view);
	}
}

static void take_hello(struct kiosk *k, struct hub_client *from, struct kiosk_client *c,
	const struct wire_local *m)
{
	struct wire_local welcome = { .type = WIRE_LOCAL_WELCOME };
	const char *refusal = who_refuse(&k->who, hub_peer(from)->uid, m->role);

	if (refusal) {
		complain(k, from, c, refusal);
		return;
	}
	c->role = m->role;
	memcpy(c->name, m->name, sizeof(c->name));
	c->heard_us = mono_us();
	if (c->role == WIRE_ROLE_READER)
		c->reader = WIRE_READER_STARTING;
	(void)snprintf(welcome.gate, sizeof(welcome.gate), "%s", k->config.unit_id);
	(void)snprintf(welcome.version, sizeof(welcome.version), "%s", config_version());
	enum wire_role role = c->role;
	send_message(from, &welcome); /* may drop it */
	if (k->state.shown && (role == WIRE_ROLE_SCREEN || role == WIRE_ROLE_SIGNAL))
		send_view(k, from, &k->state.view);
}

/* One line a card: whoever reads the log compares the two. */
static void look_at_kind(struct kiosk *k, struct card_hash hash, const struct wire_card *card)
{
	int atqa = card->atqa[0] ? (int)strtol(card->atqa, NULL, 16) : -1;
	const struct kind *was = kinds_differ(&k->kinds, hash, card->sak, atqa);
	char text[CARD_HASH_TEXT];

	if (!was)
		return;
	card_hash_format(hash, text);
	log_warn("card_of_another_kind card=%.8s sak=%02x atqa=%04x was_sak=%02x was_atqa=%04x "
		 "next=look_for_a_copy",
		text, (unsigned)card->sak, (unsigned)atqa, (unsigned)was->sak, (unsigned)was->atqa);
}

/* A reader went, without a "gone" for the card that it had told. */
static void leave_lying(struct kiosk *k, const struct kiosk_client *c)
{
	if (!c || card_hash_is_none(c->lying.card))
		return;
	k->left = c->lying;
	k->left_us = c->heard_us;
	memcpy(k->left_by, c->name, sizeof(k->left_by));
}

/*
 * A reader that is started anew finds the card that still lies there, and knows nothing of its first sight: that is the
 * same tap, however long it lies. Only where it is back as soon as a restart takes: a pupil may have left meanwhile, and
 * come back. Source: faults.md N11.
 */
static void find_lying(struct kiosk *k, struct kiosk_client *c, struct kiosk_input *input)
{
	bool same = card_hash_compare(k->left.card, input->card) == 0 &&
		    strcmp(k->left_by, c->name) == 0 && c->heard_us - k->left_us <= KIOSK_LYING_US;

	if (card_hash_is_none(input->card))
		return;
	if (same)
		input->seen_us = k->left.seen_us;
	memset(&k->left, 0, sizeof(k->left));
	c->lying = (struct kiosk_lying){ input->card, input->seen_us };
}

/* The raw UID ends here: what goes on is its form and its hash. */
static void take_card(struct kiosk *k, struct kiosk_client *c, const struct wire_card *card)
{
	struct kiosk_input input = { .kind = KIOSK_INPUT_CARD, .seen_us = card->seen_us };
	uint8_t random[UUID_BYTES];
	int64_t now_us = mono_us();

	c->heard_us = now_us;
	input.form = card_form_of(card->uid, card->uid_len);
	if (input.form == CARD_FORM_TOKEN)
		secret_card_hash(&k->key, card->uid, card->uid_len, input.card.b);
	look_at_kind(k, input.card, card);
	secret_random(random, sizeof(random));
	input.id = uuid_from_random(random);
	if (input.seen_us < 0 || input.seen_us > now_us)
		input.seen_us = now_us;
	find_lying(k, c, &input);
	(void)kiosk_push(k, &input, now_us);
}

static void take_status(struct kiosk_client *c, const struct wire_local *m)
{
	c->heard_us = mono_us();
	c->reader = m->reader;
	memcpy(c->reader_fault, m->reason, sizeof(c->reader_fault));
}

static void take_presented(struct kiosk *k, struct kiosk_client *c, const struct wire_local *m)
{
	c->shown = m->number;
	trace_presented(&k->trace, m->number, m->at_us);
	if (m->number >= k->state.view.number)
		k->view_sent_us = -1;
}

static void take_touch(struct kiosk *k, const struct wire_local *m)
{
	struct kiosk_input input = { .kind = KIOSK_INPUT_TOUCH, .touch = m->touch };
	uint8_t random[UUID_BYTES];

	secret_random(random, sizeof(random));
	input.id = uuid_from_random(random);
	input.touched = m->checkin;
	(void)kiosk_push(k, &input, mono_us());
}

/* Return: why this client may not say that, or NULL. */
static const char *refuse_by_role(const struct kiosk_client *c, enum wire_local_type type)
{
	switch (type) {
	case WIRE_LOCAL_HELLO:
		return NULL;
	case WIRE_LOCAL_CARD:
	case WIRE_LOCAL_GONE:
	case WIRE_LOCAL_TWO_CARDS:
	case WIRE_LOCAL_STATUS:
		return c->role == WIRE_ROLE_READER ? NULL
						   : "only a reader may say this; say hello first";
	case WIRE_LOCAL_PRESENTED:
	case WIRE_LOCAL_TOUCH:
		return c->role == WIRE_ROLE_SCREEN ? NULL
						   : "only a screen may say this; say hello first";
	case WIRE_LOCAL_REQUEST:
		return c->role == WIRE_ROLE_CONTROL
			       ? NULL
			       : "only the command line may ask this; say hello first";
	case WIRE_LOCAL_NONE:
	case WIRE_LOCAL_WELCOME:
	case WIRE_LOCAL_VIEW:
	case WIRE_LOCAL_RESPONSE:
	case WIRE_LOCAL_ERROR:
		return "a client doesn't say this";
	}
	return "unknown type";
}

/* What is larger than a datagram goes as a file in memory beside it (commands.md). */
static void send_large(struct hub_client *to, const char *request, size_t len, const char *text)
{
	char reason[WIRE_REASON_MAX];
	struct wire_node *asked = wire_node_parse(request, len, reason);
	struct wire_node *stub = asked ? wire_response_create(asked, true) : NULL;
	int fd = file_in_memory("answer", text, strlen(text));

	wire_node_set_text(stub, "output", "fd");
	char *line = stub && fd >= 0 ? wire_node_text(stub) : NULL;
	if (line)
		(void)hub_send(to, line, strlen(line), fd);
	free(line);
	if (fd >= 0)
		(void)close(fd);
	wire_node_destroy(stub);
	wire_node_destroy(asked);
}

static void answer(struct kiosk *k, struct hub_client *from, const char *bytes, size_t len, int fd)
{
	if (backup_ask(k, from, bytes, len, fd))
		return;
	char *text = report_answer(k, bytes, len);

	if (text && strlen(text) > ANSWER_MAX)
		send_large(from, bytes, len, text);
	else if (text)
		(void)hub_send(from, text, strlen(text), -1);
	free(text);
}

static void take_datagram(
	struct kiosk *k, struct hub_client *from, const char *bytes, size_t len, int fd)
{
	struct kiosk_client *c = hub_tag(from);
	static struct wire_local m; /* too large for the stack of a handler; one thread */
	char reason[WIRE_REASON_MAX];

	if (wire_local_decode(bytes, len, &m, reason) < 0) {
		complain(k, from, c, reason);
		return;
	}
	const char *refusal = refuse_by_role(c, m.type);
	if (refusal) {
		complain(k, from, c, refusal);
		return;
	}
	switch (m.type) {
	case WIRE_LOCAL_HELLO:
		take_hello(k, from, c, &m);
		break;
	case WIRE_LOCAL_CARD:
		take_card(k, c, &m.card);
		break;
	case WIRE_LOCAL_TWO_CARDS:
		c->heard_us = mono_us();
		(void)kiosk_push(k,
			&(struct kiosk_input){
				.kind = KIOSK_INPUT_TWO_CARDS, .seen_us = c->heard_us },
			c->heard_us);
		break;
	case WIRE_LOCAL_GONE:
		c->heard_us = mono_us();
		memset(&c->lying, 0, sizeof(c->lying));
		break;
	case WIRE_LOCAL_STATUS:
		take_status(c, &m);
		break;
	case WIRE_LOCAL_PRESENTED:
		take_presented(k, c, &m);
		break;
	case WIRE_LOCAL_TOUCH:
		take_touch(k, &m);
		break;
	case WIRE_LOCAL_REQUEST:
		answer(k, from, bytes, len, fd);
		break;
	case WIRE_LOCAL_NONE:
	case WIRE_LOCAL_WELCOME:
	case WIRE_LOCAL_VIEW:
	case WIRE_LOCAL_RESPONSE:
	case WIRE_LOCAL_ERROR:
		break; /* refused above */
	}
}

static void on_client(void *ctx, struct hub_client *client, enum hub_event event, const char *bytes,
	size_t len, int fd)
{
	struct kiosk *k = ctx;
	struct kiosk_client *c = hub_tag(client);

	switch (event) {
	case HUB_CAME:
		c = calloc(1, sizeof(*c));
		if (c)
			hub_set_tag(client, c);
		else
			hub_drop(client); /* it connects again */
		break;
	case HUB_DATAGRAM:
		take_datagram(k, client, bytes, len, fd);
		break;
	case HUB_TOO_LARGE:
		complain(k, client, c, "datagram: over 64 KiB");
		break;
	case HUB_GONE:
		backup_gone(k, client);
		leave_lying(k, c);
		free(c);
		hub_set_tag(client, NULL);
		break;
	}
	if (fd >= 0)
		(void)close(fd); /* who wants to keep it has copied it */
}

static int look_up(const char *name, bool *ret_has, uid_t *ret_uid)
{
	int err = user_find(name, ret_uid);

	*ret_has = err == 0;
	return err == -ENOENT ? 0 : err;
}

/* Return: 0 or negative errno: with half of the users known anybody could be the rest. */
static int look_up_users(struct who *who)
{
	bool has_kiosk;
	uid_t kiosk = 0;

	who->own = user_own();
	int err = look_up(WHO_KIOSK, &has_kiosk, &kiosk);
	if (!err)
		err = look_up(WHO_READER, &who->has_reader, &who->reader);
	if (!err)
		err = look_up(WHO_SCREEN, &who->has_screen, &who->screen);
	who->installed = has_kiosk && who->own == kiosk;
	return err;
}

int clients_open(struct kiosk *k)
{
	char path[108];

	if (config_socket_path(&k->config, "kiosk.sock", path) < 0)
		return -ENAMETOOLONG;
	k->complained_us = -KIOSK_COMPLAIN_US;
	int err = look_up_users(&k->who);
	if (err)
		return err;
	return hub_open(k->loop, path, on_client, k, &k->hub);
}

void clients_close(struct kiosk *k)
{
	if (!k->hub)
		return;
	for (struct hub_client *at = hub_next(k->hub, NULL); at; at = hub_next(k->hub, at)) {
		free(hub_tag(at));
		hub_set_tag(at, NULL);
	}
	hub_close(k->hub);
	k->hub = NULL;
}

static int reader_rank(enum wire_reader_state state)
{
	switch (state) {
	case WIRE_READER_OK:
		return 3;
	case WIRE_READER_STARTING:
		return 2;
	case WIRE_READER_FAULT:
		return 1;
	case WIRE_READER_UNSAID:
		break;
	}
	return 0;
}

/* Of several readers the best one counts: a gate works as long as one of them does. */
static void look_at_readers(
	struct kiosk *k, enum wire_reader_state *ret_best, const struct kiosk_client **ret_client)
{
	*ret_best = WIRE_READER_UNSAID;
	*ret_client = NULL;
	for (struct hub_client *at = hub_next(k->hub, NULL); at; at = hub_next(k->hub, at)) {
		const struct kiosk_client *c = hub_tag(at);
		if (c->role != WIRE_ROLE_READER ||
			k->now.mono_us - c->heard_us > KIOSK_READER_SILENT_US)
			continue;
		if (reader_rank(c->reader) > reader_rank(*ret_best)) {
			*ret_best = c->reader;
			*ret_client = c;
		}
	}
}

/* A line an edge, and so many an hour: then one that comes and goes has said it. */
static bool may_log_reader(struct kiosk *k)
{
	if (k->now.mono_us - k->reader_hour_us > INT64_C(3600000000)) {
		k->reader_hour_us = k->now.mono_us;
		k->reader_lines = 0;
	}
	if (k->reader_lines > KIOSK_READER_LINES)
		return false;
	if (k->reader_lines++ < KIOSK_READER_LINES)
		return true;
	log_warn("reader_comes_and_goes next=say_no_more_for_an_hour");
	return false;
}

static void tell_reader(struct kiosk *k, enum wire_reader_state state, const char *fault)
{
	if (state == k->reader && strcmp(fault, k->reader_fault) == 0)
		return;
	/* A reason that changes is in the state, not in the log: a reader that is started again and again has two. */
	bool was = k->reader == WIRE_READER_FAULT, is = state == WIRE_READER_FAULT;
	if (was != is && may_log_reader(k)) {
		if (is)
			log_warn("reader_fault reason=\"%s\" next=wait_for_reader", fault);
		else
			log_info("reader_back");
	}
	k->reader = state;
	(void)snprintf(k->reader_fault, sizeof(k->reader_fault), "%s", fault);
	(void)kiosk_push(k,
		&(struct kiosk_input){
			.kind = KIOSK_INPUT_READER, .flag = state != WIRE_READER_FAULT },
		0);
}

static bool any_screen(const struct kiosk *k)
{
	for (struct hub_client *at = hub_next(k->hub, NULL); at; at = hub_next(k->hub, at))
		if (((const struct kiosk_client *)hub_tag(at))->role == WIRE_ROLE_SCREEN)
			return true;
	return false;
}

static void look_at_reader(struct kiosk *k)
{
	enum wire_reader_state best;
	const struct kiosk_client *client;
	int64_t now_us = k->now.mono_us;
	bool in_fault = k->reader == WIRE_READER_FAULT;

	look_at_readers(k, &best, &client);
	if (best != WIRE_READER_UNSAID)
		k->reader_known_us = now_us;
	if (best == WIRE_READER_OK || (best == WIRE_READER_STARTING && !in_fault)) {
		k->reader_heard_us = now_us;
		k->reader_silent_us = client->heard_us + KIOSK_READER_SILENT_US + 1;
		tell_reader(k, best, "");
	} else if (best == WIRE_READER_FAULT) {
		tell_reader(k, best, client->reader_fault);
	} else if (in_fault && now_us - k->reader_known_us <= KIOSK_READER_GONE_US) {
		/* Started anew by its unit: until it reads, what was wrong stays shown, with its reason. */
	} else if (now_us - k->started_us > KIOSK_READER_SILENT_US) {
		tell_reader(k, WIRE_READER_FAULT, "no reader program is heard");
	}
}

void clients_look(struct kiosk *k)
{
	int64_t now_us = k->now.mono_us;

	look_at_reader(k);
	bool screen_ok = any_screen(k) &&
			 (k->view_sent_us < 0 || now_us - k->view_sent_us <= KIOSK_PRESENTED_US);
	if (!any_screen(k))
		k->view_sent_us = -1;
	if (screen_ok != k->screen_ok)
		log_info("screen_%s", screen_ok ? "ok" : "absent");
	k->screen_ok = screen_ok;
}
