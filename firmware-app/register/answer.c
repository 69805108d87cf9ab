/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The command line's side of the socket: hello, welcome, requests, answers.
 *
 * A request is answered in its handler, between two turns, with a transaction of its own: an import
 * changes the database alone, and the next turn takes the new roster in. Source: contract, commands.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "register/answer.h"
#include "sys/file.h"
#include "sys/log.h"
#include "wire/local.h"

#define ANSWER_MAX (60 * 1024) /* bytes; a larger one travels as a descriptor */

/* What is known of a client: its tag points into this array, the index says what. */
enum { SAID_HELLO = 1, COMPLAINED = 2 };
static char tags[4];

static unsigned known_of(const struct hub_client *client)
{
	const char *tag = hub_tag(client);
	return tag ? (unsigned)(tag - tags) : 0;
}

static void note(struct hub_client *client, unsigned what)
{
	hub_set_tag(client, &tags[known_of(client) | what]);
}

static void send_text(struct hub_client *to, const char *text, int fd)
{
	if (text && hub_send(to, text, strlen(text), fd) < 0)
		log_warn("answer_not_sent next=client_asks_again");
}

static void send_error(struct hub_client *to, const char *reason)
{
	struct wire_local *error = calloc(1, sizeof(*error));
	if (!error)
		return;
	error->type = WIRE_LOCAL_ERROR;
	snprintf(error->reason, sizeof(error->reason), "%s", reason);
	char *text = wire_local_encode(error);
	send_text(to, text, -1);
	free(text);
	free(error);
}

/* Counted, and said once a client and minute: who sends nonsense must not fill the journal. */
static void complain(struct register_program *r, struct hub_client *from, const char *reason)
{
	int64_t now_us = clock_mono_us();

	r->complaints++;
	if (!(known_of(from) & COMPLAINED) && now_us - r->complained_us >= REGISTER_COMPLAIN_US) {
		r->complained_us = now_us;
		log_warn("datagram_refused pid=%d reason=\"%s\" next=ignore",
			(int)hub_peer(from)->pid, reason);
	}
	note(from, COMPLAINED);
	send_error(from, reason);
}

static void send_welcome(struct hub_client *to)
{
	struct wire_local *welcome = calloc(1, sizeof(*welcome));
	if (!welcome)
		return;
	welcome->type = WIRE_LOCAL_WELCOME;
	snprintf(welcome->gate, sizeof(welcome->gate), "register");
	snprintf(welcome->version, sizeof(welcome->version), "%s", config_version());
	char *text = wire_local_encode(welcome);
	send_text(to, text, -1);
	free(text);
	free(welcome);
}

void answer_send(struct hub_client *to, const struct wire_node *request, struct wire_node *answer)
{
	if (!answer)
		return;
	char *text = wire_node_text(answer);
	if (text && strlen(text) > ANSWER_MAX) {
		struct wire_node *stub = wire_response_create(request, true);
		int fd = file_in_memory("answer", text, strlen(text));
		wire_node_set_text(stub, "output", "fd");
		char *line = fd < 0 ? NULL : wire_node_text(stub);
		send_text(to, line, fd);
		free(line);
		if (fd >= 0)
			close(fd);
		wire_node_destroy(stub);
	} else {
		send_text(to, text, -1);
	}
	free(text);
	wire_node_destroy(answer);
}

struct wire_node *answer_refuse(
	const struct wire_node *request, const char *error, const char *reason)
{
	struct wire_node *node = wire_response_create(request, false);
	wire_node_set_text(node, "error", error);
	wire_node_set_text(node, "reason", reason);
	return node;
}

static const struct {
	const char *command;
	answer_fn *answer;
	bool needs_store;
} commands[] = {
	{ "import", answer_import, true },
	{ "calendar", answer_calendar, true },
	{ "pupil show", answer_pupil_show, true },
	{ "card list", answer_card_list, true },
	{ "card add", answer_card_add, true },
	{ "card block", answer_card_block, true },
	{ "day", answer_day, true },
	{ "status", answer_status, false },
	{ "export informat", answer_export_informat, true },
	{ "export csv", answer_export_csv, true },
	{ "enrol", answer_enrol, true },
	{ "backup", answer_backup, true },
};

static struct wire_node *answer(struct register_program *r, const struct wire_node *request, int fd)
{
	const char *command = wire_node_get_text(request, "command");
	for (size_t i = 0; command && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].command, command) != 0)
			continue;
		if (commands[i].needs_store && !r->store)
			return answer_refuse(
				request, "busy", "the database can't be used now; try again");
		return commands[i].answer(r, request, fd);
	}
	return answer_refuse(request, "invalid", "no such command");
}

static void take_request(
	struct register_program *r, struct hub_client *from, const char *bytes, size_t len, int fd)
{
	char reason[WIRE_REASON_MAX];
	struct wire_node *request = wire_node_parse(bytes, len, reason);
	if (!request) {
		complain(r, from, reason);
		return;
	}
	/* Requests come between turns: they have the time of their own moment. An import on a slow card is two syncs,
	 * and the turn's own commit comes on top. */
	r->now = clock_read(&r->clock);
	loop_patience();
	r->asking = from;
	struct wire_node *node = answer(r, request, fd);
	r->asking = NULL;
	answer_send(from, request, node);
	wire_node_destroy(request);
}

static void take_datagram(
	struct register_program *r, struct hub_client *from, const char *bytes, size_t len, int fd)
{
	static struct wire_local m; /* 40 KB; one thread */
	char reason[WIRE_REASON_MAX];
	if (wire_local_decode(bytes, len, &m, reason)) {
		complain(r, from, reason);
		return;
	}
	if (m.type == WIRE_LOCAL_HELLO && m.role == WIRE_ROLE_CONTROL) {
		note(from, SAID_HELLO);
		send_welcome(from);
	} else if (m.type == WIRE_LOCAL_HELLO) {
		complain(r, from, "this is the register; reader and screen belong to a kiosk");
	} else if (m.type != WIRE_LOCAL_REQUEST) {
		complain(r, from, "a client of the register says hello and requests");
	} else if (!(known_of(from) & SAID_HELLO)) {
		complain(r, from, "say hello first");
	} else {
		take_request(r, from, bytes, len, fd);
	}
}

static void on_client(void *ctx, struct hub_client *client, enum hub_event event, const char *bytes,
	size_t len, int fd)
{
	struct register_program *r = ctx;
	switch (event) {
	case HUB_CAME:
		break;
	case HUB_DATAGRAM:
		take_datagram(r, client, bytes, len, fd);
		break;
	case HUB_TOO_LARGE:
		complain(r, client, "datagram: over 64 KiB; a file travels as a descriptor");
		break;
	case HUB_GONE:
		desk_gone(r, client);
		hub_set_tag(client, NULL);
		break;
	}
	if (fd >= 0)
		close(fd);
}

int answer_open(struct register_program *r)
{
	char path[108];
	if (config_socket_path(&r->config, "register.sock", path))
		return -ENAMETOOLONG;
	r->complained_us = -REGISTER_COMPLAIN_US;
	return hub_open(r->loop, path, on_client, r, &r->hub);
}

void answer_close(struct register_program *r)
{
	hub_close(r->hub);
	r->hub = NULL;
}
