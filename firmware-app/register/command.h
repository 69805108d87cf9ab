/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/command.h: what a member of the care team asks, done to the school.
 *
 * DESIGN. A person's word never touches a check-in: it is a correction beside the facts, and the mark
 * and the alert follow by the same question as after a tap (register/step.h). The journal has who, what
 * and when of each. Who asked is said by the topic alone. Only the store is written, within the caller's
 * transaction; days and messages are the caller's, so that tests need no broker.
 * Source: contract, command.json, reply.json; domain.md R8, R14, R15, R27.
 */
#pragma once

#include "core/roster.h"
#include "register/step.h"
#include "store/register_store.h"
#include "wire/wire.h"

#define COMMAND_DAYS_BACK 40 /* further back the computed holidays aren't in memory */
#define COMMAND_DAYS_AHEAD 366

/* The school as a command finds it. */
struct command_host {
	struct register_store *store; /* in a transaction */
	const struct register_state *state;
	const struct roster *roster;
	struct register_effects *fx;
	/* A date in memory, NULL where the store fails. */
	struct day *(*day)(void *ctx, struct civil_date date);
	/* Write and publish fx; called at most once, cleared by the caller of command_run(). */
	void (*wrote)(void *ctx, struct day *day);
	void *ctx;
	/* Said by command_run(): */
	bool roster_changed; /* cards: load it anew, within this transaction */
	struct card_hash linked; /* its taps count in hindsight; all zero: none */
	int64_t linked_pupil;
};

/**
 * command_run() - one command, once: whether it was done before is the caller's to know.
 * @user: who asks, 1 to 64 characters
 * @command: no look
 * @ret_reply: all of it
 * Return: 0, also where it was refused (the reply says why), or a store_err: then the turn is void.
 */
int command_run(struct command_host *host, const char *user, const struct wire_command *command,
	struct wire_reply *ret_reply);

/** command_is_look() - changes nothing, and is register/look.h's. */
bool command_is_look(enum wire_command_kind kind);

/** command_word() - the contract's word of a command, "" for none. */
const char *command_word(enum wire_command_kind kind);
