/* SPDX-License-Identifier: EUPL-1.2 */
#include <limits.h>
#include <string.h>

#include "wire/json.h"

/* Lengths of command.json, in characters. */
#define ALERT_CHARS 120
#define NOTE_CHARS 1000
#define CURSOR_CHARS 64
#define CODES "RZDHPBM"
#define YEAR_MIN 1990
#define YEAR_MAX 2200

static const char *const command_words[] = {
	[WIRE_COMMAND_NONE] = NULL,
	[WIRE_COMMAND_ACKNOWLEDGE] = "acknowledge",
	[WIRE_COMMAND_RESOLVE] = "resolve",
	[WIRE_COMMAND_REOPEN] = "reopen",
	[WIRE_COMMAND_MARK_PRESENT] = "mark_present",
	[WIRE_COMMAND_MARK_EXCUSED] = "mark_excused",
	[WIRE_COMMAND_SET_CODE] = "set_code",
	[WIRE_COMMAND_LINK_CARD] = "link_card",
	[WIRE_COMMAND_BLOCK_CARD] = "block_card",
	[WIRE_COMMAND_DAY_CARD] = "day_card",
	[WIRE_COMMAND_RELEASE] = "release",
	[WIRE_COMMAND_UNLINK_CARD] = "unlink_card",
	[WIRE_COMMAND_UNBLOCK_CARD] = "unblock_card",
	[WIRE_COMMAND_PUPILS] = "pupils",
	[WIRE_COMMAND_PUPIL] = "pupil",
	[WIRE_COMMAND_HISTORY] = "history",
};

/* Of the ways in which an alert ends, those that a person may give; the others happen. */
static bool may_be_asked(enum alert_what what)
{
	return what == ALERT_WAS_PRESENT || what == ALERT_EXCUSED || what == ALERT_REACHED ||
	       what == ALERT_NOT_REACHED || what == ALERT_OTHER;
}

char *wire_command_encode(const struct wire_command *c)
{
	static const char *const must[] = { "request", NULL };
	const char code[] = { c->code, '\0' };
	struct wire_out out;

	wire_out_open(&out, NULL);
	json_t *m = out.root;
	wire_out_uuid(&out, m, "request", c->request);
	wire_out_word(&out, m, "command", command_words[c->command]);
	if (c->alert[0])
		wire_out_text(&out, m, "alert", c->alert, ALERT_CHARS);
	wire_out_pupil(&out, m, "pupil", c->pupil);
	wire_out_hash(&out, m, "card", c->card);
	wire_out_date(&out, m, "date", c->date);
	wire_out_half(&out, m, "half", c->half);
	if (c->what != ALERT_WHAT_NONE)
		wire_out_word(
			&out, m, "what", may_be_asked(c->what) ? alert_what_word(c->what) : NULL);
	if (c->code)
		wire_out_word(&out, m, "code", strchr(CODES, c->code) ? code : NULL);
	if (c->note[0])
		wire_out_text(&out, m, "note", c->note, NOTE_CHARS);
	if (c->if_revision > 0)
		wire_out_int(&out, m, "if_revision", c->if_revision);
	if (c->year > 0)
		wire_out_int(&out, m, "year", c->year);
	if (c->after[0])
		wire_out_text(&out, m, "after", c->after, CURSOR_CHARS);
	wire_out_must(&out, m, must);
	return wire_out_close(&out);
}

static void decode_words(struct wire_in *in, struct wire_command *c)
{
	json_t *m = in->root;

	c->command = (enum wire_command_kind)wire_in_choice(
		in, m, "command", WIRE_REQUIRED, command_words, WIRE_COMMAND_HISTORY + 1);
	const char *word = wire_in_word(in, m, "what", WIRE_OPTIONAL);
	c->what = alert_what_parse(word);
	if (word && !may_be_asked(c->what))
		wire_in_refuse(in, "what", "no such word");
	word = wire_in_word(in, m, "code", WIRE_OPTIONAL);
	if (word && (strlen(word) != 1 || !strchr(CODES, word[0])))
		wire_in_refuse(in, "code", "no such word");
	c->code = word ? word[0] : '\0';
}

int wire_command_decode(
	const void *bytes, size_t len, struct wire_command *ret_command, char *ret_reason)
{
	struct wire_command c = { .command = WIRE_COMMAND_NONE };
	struct wire_in in;

	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	json_t *m = in.root;
	wire_in_uuid(&in, m, "request", WIRE_REQUIRED, &c.request);
	decode_words(&in, &c);
	wire_in_text(&in, m, "alert", WIRE_OPTIONAL, ALERT_CHARS, c.alert, sizeof(c.alert));
	wire_in_pupil(&in, m, "pupil", WIRE_OPTIONAL, &c.pupil);
	wire_in_hash(&in, m, "card", WIRE_OPTIONAL, &c.card);
	wire_in_date(&in, m, "date", WIRE_OPTIONAL, &c.date);
	wire_in_half(&in, m, "half", WIRE_OPTIONAL, &c.half);
	wire_in_text(&in, m, "note", WIRE_OPTIONAL, NOTE_CHARS, c.note, sizeof(c.note));
	wire_in_int32(&in, m, "if_revision", WIRE_OPTIONAL, 1, INT_MAX, &c.if_revision);
	wire_in_int32(&in, m, "year", WIRE_OPTIONAL, YEAR_MIN, YEAR_MAX, &c.year);
	if (wire_in_text(&in, m, "after", WIRE_OPTIONAL, CURSOR_CHARS, c.after, sizeof(c.after)) &&
		!c.after[0])
		wire_in_refuse(&in, "after", "empty");
	if (wire_in_close(&in))
		return in.err;
	*ret_command = c;
	return 0;
}
