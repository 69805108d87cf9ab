/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/look.h: what a member of the care team looks up that no topic holds: the list of pupils, a pupil's year,
 * an alert's history. Reads the database alone; who asked for a year is the caller's to put on record.
 * Source: contract, commands.md; domain.md section 7, R25, R28.
 */
#pragma once

#include "store/register_store.h"
#include "wire/page.h"

#define LOOK_SHOWN "pupil show" /* the journal's word for a chronology that was asked for */

/* The school as a look finds it. */
struct look_host {
	struct register_store *store;
	struct wire_context wire; /* with a zone */
	struct civil_date today;
	bool names; /* register.care_names */
};

/**
 * look_run() - one page.
 * @command: command_is_look()
 * *ret_reply: reply.json for free(), also where it was refused
 * Return: 1: there it is, 0: refused, or a store_err (then *ret_reply is NULL).
 */
int look_run(const struct look_host *host, const struct wire_command *command, char **ret_reply);

/** look_line() - a line of the journal as it may be shown: without a code. *ret_line borrows from @line. */
void look_line(const struct register_store_line *line, struct wire_line *ret_line);
