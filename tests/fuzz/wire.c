/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Messages: each MQTT payload that a program reads, and the datagrams of the local socket.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/local.h"
#include "wire/request.h"
#include "wire/wire.h"

/* A message's decoder and encoder, for values in one static room. */
struct codec {
	int (*decode)(const void *bytes, size_t len, char *ret_reason);
	char *(*encode)(void);
};

/* Accepted: it can be written, the writing is accepted too, and writes the same again. */
static void both_ways(const uint8_t *bytes, size_t len, const struct codec *codec)
{
	char reason[WIRE_REASON_MAX];

	memset(reason, 'x', sizeof(reason));
	reason[0] = '\0';
	if (codec->decode(bytes, len, reason) != 0) {
		fuzz_promise(reason[0] && memchr(reason, '\0', sizeof(reason)));
		return;
	}
	char *once = codec->encode();
	fuzz_promise(once);
	fuzz_promise(codec->decode(once, strlen(once), reason) == 0);
	char *twice = codec->encode();
	fuzz_promise(twice && strcmp(once, twice) == 0);
	free(once);
	free(twice);
}

/* MESSAGE(name, type, arguments of the encoder after the value) */
#define MESSAGE(name, type, ...)                                                                   \
	static type name;                                                                          \
	static int name##_decode(const void *bytes, size_t len, char *ret_reason)                  \
	{                                                                                          \
		return wire_##name##_decode(bytes, len, &name, ret_reason);                        \
	}                                                                                          \
	static char *name##_encode(void)                                                           \
	{                                                                                          \
		return wire_##name##_encode(__VA_ARGS__);                                          \
	}                                                                                          \
	static void name##_run(const uint8_t *bytes, size_t len)                                   \
	{                                                                                          \
		both_ways(bytes, len, &(struct codec){ name##_decode, name##_encode });            \
	}

MESSAGE(confirm, struct wire_confirm, &confirm)
MESSAGE(gate_state, struct wire_gate_state, &gate_state, NULL)
MESSAGE(register_state, struct wire_register_state, &register_state, NULL)
MESSAGE(arrival, struct wire_arrival, &arrival, NULL)
MESSAGE(alert, struct alert, &alert, NULL, NULL)
MESSAGE(command, struct wire_command, &command)
MESSAGE(reply, struct wire_reply, &reply, NULL)
MESSAGE(checkin, struct checkin, &checkin, NULL)

static void checkin_and_peek_run(const uint8_t *bytes, size_t len)
{
	struct uuid log;
	int64_t seq;
	bool peeked = wire_checkin_peek(bytes, len, &log, &seq) == 0;
	char reason[WIRE_REASON_MAX];

	if (peeked)
		fuzz_promise(seq > 0);
	/* What is accepted whole must be known by its number as well. */
	if (checkin_decode(bytes, len, reason) == 0)
		fuzz_promise(peeked && uuid_equal(log, checkin.log) && seq == checkin.seq);
	checkin_run(bytes, len);
}

/* Bytes to a roster and its bytes again: names and excuses as the first writing had them. */
static void gates_data_run(const uint8_t *bytes, size_t len)
{
	static const struct civil_date today = { 2026, 11, 23 };
	char reason[WIRE_REASON_MAX] = "";
	struct roster *roster, *again;

	if (wire_gates_data_decode(bytes, len, &roster, reason) != 0) {
		fuzz_promise(reason[0] && memchr(reason, '\0', sizeof(reason)));
		return;
	}
	char *once = wire_gates_data_encode(roster, WIRE_NAMES_FULL, today, NULL);
	fuzz_promise(once);
	fuzz_promise(wire_gates_data_decode(once, strlen(once), &again, reason) == 0);
	fuzz_promise(again->n_pupils == roster->n_pupils && again->n_cards == roster->n_cards);
	char *twice = wire_gates_data_encode(again, WIRE_NAMES_FULL, today, NULL);
	fuzz_promise(twice && strcmp(once, twice) == 0);
	free(once);
	free(twice);
	roster_destroy(roster);
	roster_destroy(again);
}

static struct wire_local local;

static int local_decode(const void *bytes, size_t len, char *ret_reason)
{
	return wire_local_decode(bytes, len, &local, ret_reason);
}

static char *local_encode(void)
{
	return wire_local_encode(&local);
}

static void datagram_run(const uint8_t *bytes, size_t len)
{
	char reason[WIRE_REASON_MAX];

	/* Requests and their answers are free in form: a tree that can be written and read again. */
	if (local_decode(bytes, len, reason) == 0 &&
		(local.type == WIRE_LOCAL_REQUEST || local.type == WIRE_LOCAL_RESPONSE)) {
		struct wire_node *node = wire_node_parse(bytes, len, reason);
		fuzz_promise(node);
		char *once = wire_node_text(node);
		fuzz_promise(once);
		struct wire_node *again = wire_node_parse(once, strlen(once), reason);
		fuzz_promise(again);
		wire_node_destroy(again);
		wire_node_destroy(node);
		free(once);
		return;
	}
	both_ways(bytes, len, &(struct codec){ local_decode, local_encode });
}

const struct fuzz_target fuzz_wire[] = {
	{ "checkin", checkin_and_peek_run },
	{ "confirm", confirm_run },
	{ "gate_state", gate_state_run },
	{ "register_state", register_state_run },
	{ "arrival", arrival_run },
	{ "alert", alert_run },
	{ "command", command_run },
	{ "reply", reply_run },
	{ "gates_data", gates_data_run },
	{ "datagram", datagram_run },
	{ NULL, NULL },
};
