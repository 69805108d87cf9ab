/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/replay.c: a recorded session as a driver like any other, connstring `replay:PATH`.
 *
 * Each line lasts until the next one's time has come, and for one look at least: a session in
 * which two cards alternate from look to look stays one on a slow machine. The last line lasts for
 * ever.
 */
#include "reader/replay.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/file.h"

#define FILE_BYTES_MAX (REPLAY_LINES_MAX * 60)
#define PAUSE_MS 10 /* a look takes no time here */
#define SCHEME "replay:"

struct replay_state {
	struct replay_line *line;
	size_t n;
	size_t at; /* the line that holds now */
	bool looked; /* it has been told */
};

/* The next word of a line, ended by a blank or the end; empty at the end. */
struct word {
	const char *at;
	size_t len;
};

static struct word next_word(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
	struct word w = { *at, 0 };
	while (*at < end && **at != ' ' && **at != '\t')
		(*at)++;
	w.len = (size_t)(*at - w.at);
	return w;
}

static bool is_word(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(w.at, text, w.len) == 0;
}

static int64_t number(struct word w)
{
	int64_t n = 0;

	for (size_t i = 0; i < w.len; i++) {
		if (w.at[i] < '0' || w.at[i] > '9')
			return -1;
		n = n * 10 + (w.at[i] - '0');
		if (n > REPLAY_MS_MAX)
			return -1;
	}
	return w.len ? n : -1;
}

static int hex_digit(char c)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

	for (int i = 0; i < 16; i++) {
		if (c == lower[i] || c == upper[i])
			return i;
	}
	return -1;
}

/* Return: the number of whole bytes, 0 where the text is anything else. */
static size_t hex_bytes(const char *text, size_t len, uint8_t *out, size_t room)
{
	if (len % 2 || len / 2 > room)
		return 0;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[i / 2] = (uint8_t)(high * 16 + low);
	}
	return len / 2;
}

/* UID[:SAK:ATQA] */
static const char *parse_card(struct word w, struct reader_card *card)
{
	const char *colon = memchr(w.at, ':', w.len);
	size_t uid_len = colon ? (size_t)(colon - w.at) : w.len;
	uint8_t more[3];

	card->sak = card->atqa = READER_NOT_SAID;
	card->len = hex_bytes(w.at, uid_len, card->uid, sizeof(card->uid));
	if (card->len != 4 && card->len != 7 && card->len != 10)
		return "the UID is not hex of 4, 7 or 10 bytes";
	if (!colon)
		return NULL;
	if (w.len - uid_len != sizeof(":20:0344") - 1 || colon[3] != ':' ||
		hex_bytes(colon + 1, 2, more, 1) != 1 || hex_bytes(colon + 4, 4, more + 1, 2) != 2)
		return "after the UID: :SAK:ATQA in hex, as :20:0344";
	card->sak = more[0];
	card->atqa = more[1] << 8 | more[2];
	return NULL;
}

const char *replay_parse(const char *text, size_t len, struct replay_line *ret_line)
{
	const char *at = text, *end = text + len;
	struct replay_line line = { .kind = REPLAY_HEADER };

	if (len > REPLAY_LINE_MAX)
		return "the line is too long";
	struct word time = next_word(&at, end), what = next_word(&at, end);
	if (time.len == 0 || time.at[0] == '#') {
		*ret_line = line;
		return NULL;
	}
	line.at_ms = number(time);
	if (line.at_ms < 0)
		return "does not begin with milliseconds, at most a day";
	const char *reason = NULL;
	if (is_word(what, "present")) {
		line.kind = REPLAY_PRESENT;
		reason = parse_card(next_word(&at, end), &line.card);
	} else if (is_word(what, "empty")) {
		line.kind = REPLAY_EMPTY;
	} else if (is_word(what, "error")) {
		line.kind = REPLAY_ERROR;
	} else {
		reason = "after the time: present, empty or error";
	}
	if (!reason && next_word(&at, end).len)
		reason = "too many words";
	if (!reason)
		*ret_line = line;
	return reason;
}

static int refuse(struct reader *r, const char *path, int number_of, const char *reason)
{
	if (number_of)
		(void)snprintf(
			r->reason, sizeof(r->reason), "%.80s:%d: %s", path, number_of, reason);
	else
		(void)snprintf(r->reason, sizeof(r->reason), "%.80s: %s", path, reason);
	return READER_ERR_USAGE;
}

static int parse_all(struct reader *r, const char *path, const char *text, size_t len)
{
	struct replay_state *s = r->state;
	const char *end = text + len;

	for (int n = 1; text < end; n++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((stop ? stop : end) - text);
		struct replay_line line;
		const char *reason = replay_parse(text, line_len, &line);
		if (!reason && line.kind != REPLAY_HEADER) {
			if (s->n == REPLAY_LINES_MAX)
				reason = "too many lines";
			else if (s->n && line.at_ms < s->line[s->n - 1].at_ms)
				reason = "earlier than the line before";
			else
				s->line[s->n++] = line;
		}
		if (reason)
			return refuse(r, path, n, reason);
		text += line_len + 1;
	}
	return s->n ? 0 : refuse(r, path, 0, "no line but headers");
}

static void replay_close(struct reader *r)
{
	struct replay_state *s = r->state;

	if (!s)
		return;
	free(s->line);
	free(s);
	r->state = NULL;
}

static int64_t elapsed_ms(const struct reader *r)
{
	return (clock_mono_us() - r->started_us) / 1000;
}

static bool is_next_due(const struct replay_state *s, int64_t now_ms)
{
	return s->at + 1 < s->n && s->line[s->at + 1].at_ms <= now_ms;
}

static int replay_open(struct reader *r, const char *connstring)
{
	const char *path = connstring + sizeof(SCHEME) - 1;
	char *text = NULL;

	if (strncmp(connstring, SCHEME, sizeof(SCHEME) - 1) != 0 || !*path)
		return refuse(r, connstring, 0, "not of the form replay:PATH");
	int64_t len = file_read(path, FILE_BYTES_MAX, &text);
	if (len < 0)
		return refuse(r, path, 0, "can't be read");
	struct replay_state *s = r->state = calloc(1, sizeof(*s));
	if (s)
		s->line = calloc(REPLAY_LINES_MAX, sizeof(*s->line));
	int err = s && s->line ? parse_all(r, path, text, (size_t)len) : READER_ERR_MEMORY;
	if (err == READER_ERR_MEMORY)
		(void)snprintf(r->reason, sizeof(r->reason), "out of memory");
	if (err == 0) {
		r->pause_ms = PAUSE_MS;
		/* Opened again after an error: what has passed is not told a second time. */
		while (is_next_due(s, elapsed_ms(r)))
			s->at++;
	} else {
		replay_close(r);
	}
	free(text);
	return err;
}

static int replay_look(struct reader *r, struct reader_card *ret_card)
{
	struct replay_state *s = r->state;
	int64_t now_ms = elapsed_ms(r);

	if (s->looked && is_next_due(s, now_ms))
		s->at++;
	const struct replay_line *line = &s->line[s->at];
	if (line->at_ms > now_ms) /* before the first line there is nothing */
		return 0;
	s->looked = true;
	switch (line->kind) {
	case REPLAY_PRESENT:
		*ret_card = line->card;
		return 1;
	case REPLAY_ERROR:
		(void)snprintf(r->reason, sizeof(r->reason), "an error of the recording");
		return READER_ERR_IO;
	case REPLAY_HEADER:
	case REPLAY_EMPTY:
		break;
	}
	return 0;
}

static int replay_ping(struct reader *r)
{
	(void)r;
	return 0;
}

const struct reader_driver reader_replay = {
	.name = "replay",
	.open = replay_open,
	.look = replay_look,
	.ping = replay_ping,
	.close = replay_close,
};
