/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/answer.h: one function a command, shared by answer.c and its commands alone.
 */
#pragma once

#include "register/register.h"
#include "wire/request.h"

/* @fd: the descriptor that came beside the request, borrowed; -1 none. Return: the response, the
 * caller's, or NULL where it comes later (desk.c). Called with a database but for `status`. */
typedef struct wire_node *answer_fn(
	struct register_program *r, const struct wire_node *request, int fd);

/* answer_write.c: what changes the database */
answer_fn answer_import, answer_card_add, answer_card_block, answer_backup, answer_enrol;
/* answer_export.c: half days for the school's package */
answer_fn answer_export_informat, answer_export_csv;
/* answer_read.c: what only looks */
answer_fn answer_calendar, answer_pupil_show, answer_card_list, answer_day, answer_status;
