/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/replay.h: a recorded session, line by line.
 *
 * A text file: headers `# Device: ...`, then lines `MS present UID[:SAK:ATQA]`, `MS empty`, `MS
 * error`, where MS are whole milliseconds since the start and never fall. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reader/reader.h"

#define REPLAY_LINES_MAX 20000 /* an hour at five changes a second */
#define REPLAY_LINE_MAX 200 /* bytes; a line with a card has under 50, a header a sentence */
#define REPLAY_MS_MAX 86400000 /* a day */

enum replay_kind { REPLAY_HEADER, REPLAY_EMPTY, REPLAY_PRESENT, REPLAY_ERROR };

struct replay_line {
	enum replay_kind kind; /* HEADER: a comment or an empty line, nothing else holds */
	int64_t at_ms;
	struct reader_card card; /* PRESENT */
};

/** replay_parse() - one line. @text: @len bytes, without a line end
 * Return: NULL, or why it is none (static storage), without its content. */
const char *replay_parse(const char *text, size_t len, struct replay_line *ret_line);
