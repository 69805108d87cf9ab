/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu_script.h"

#include <string.h>

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))
#define SAK_ISO_DEP 0x20
#define GAP_DEFAULT_MS 20
#define SEED_MAX 1000000000

/* A word of the line; len 0 at its end. */
struct word {
	const char *at;
	size_t len;
};

static struct word next_word(const char **line)
{
	const char *p = *line + strspn(*line, " \t");
	struct word w = { p, strcspn(p, " \t") };

	if (*p == '#') /* the rest is a comment */
		w = (struct word){ p + strlen(p), 0 };
	*line = w.at + w.len;
	return w;
}

static struct word peek_word(const char *line)
{
	return next_word(&line);
}

static bool is_word(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(w.at, text, w.len) == 0;
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

/* Whole bytes only; returns their number, 0 if the word is anything else. */
static size_t hex_bytes(struct word w, uint8_t *out, size_t room)
{
	if (!w.len || w.len % 2 || w.len / 2 > room)
		return 0;
	for (size_t i = 0; i < w.len; i += 2) {
		int high = hex_digit(w.at[i]), low = hex_digit(w.at[i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[i / 2] = (uint8_t)(high * 16 + low);
	}
	return w.len / 2;
}

/* Returns -1 unless the word is a number of 0 to max. */
static int64_t number(struct word w, int64_t max)
{
	int64_t n = 0;

	if (!w.len || w.len > 10)
		return -1;
	for (size_t i = 0; i < w.len; i++) {
		if (w.at[i] < '0' || w.at[i] > '9')
			return -1;
		n = n * 10 + (w.at[i] - '0');
	}
	return n <= max ? n : -1;
}

static bool take_uid(const char **line, struct pn532_card *card)
{
	card->uid_len = (uint8_t)hex_bytes(next_word(line), card->uid, sizeof(card->uid));
	return card->uid_len > 0;
}

/* What a card of that UID most often is: MIFARE Classic, NTAG, and with SAK bit 20 a DESFire. */
static void fill_card(struct pn532_card *card, bool has_atqa, bool has_sak)
{
	static const uint8_t desfire_ats[] = { 0x06, 0x75, 0x77, 0x81, 0x02, 0x80 };

	if (!has_sak)
		card->sak = card->uid_len > 4 ? 0x00 : 0x08;
	if (!has_atqa) { /* bits 6 and 7 tell the length of the UID */
		card->atqa[0] = card->sak & SAK_ISO_DEP ? 0x03 : 0x00;
		card->atqa[1] = card->uid_len > 7 ? 0x84 : card->uid_len > 4 ? 0x44 : 0x04;
	}
	if ((card->sak & SAK_ISO_DEP) && !card->ats_len) {
		memcpy(card->ats, desfire_ats, sizeof(desfire_ats));
		card->ats_len = sizeof(desfire_ats);
	}
}

static const char *parse_card(const char **line, struct pn532_card *card)
{
	bool has_atqa = false, has_sak = false;

	for (struct word w = next_word(line); w.len; w = next_word(line)) {
		struct word value = next_word(line);
		if (is_word(w, "sak") && hex_bytes(value, &card->sak, 1) == 1) {
			has_sak = true;
		} else if (is_word(w, "atqa") && hex_bytes(value, card->atqa, 2) == 2) {
			has_atqa = true;
		} else if (is_word(w, "ats")) {
			card->ats_len = (uint8_t)hex_bytes(value, card->ats, sizeof(card->ats));
			if (!card->ats_len || card->ats[0] != card->ats_len)
				return "ats: not hex, or its first byte isn't its length";
		} else {
			return "after the UID: sak XX, atqa XXXX or ats HEX";
		}
	}
	fill_card(card, has_atqa, has_sak);
	return NULL;
}

static const char *parse_place(const char **line, struct emu_command *c)
{
	if (!take_uid(line, &c->card))
		return "place: needs a UID of 1 to 10 bytes in hex";
	return parse_card(line, &c->card);
}

static const char *parse_tap(const char **line, struct emu_command *c)
{
	if (!take_uid(line, &c->card))
		return "tap: needs a UID of 1 to 10 bytes in hex";
	if (is_word(peek_word(*line), "until-read")) {
		next_word(line);
		c->until_read = true;
	}
	c->ms = number(next_word(line), EMU_WAIT_MAX_MS);
	if (c->ms < 0)
		return "tap: needs milliseconds after the UID";
	return parse_card(line, &c->card);
}

static const char *parse_two(const char **line, struct emu_command *c)
{
	if (!take_uid(line, &c->card) || !take_uid(line, &c->second))
		return "two: needs two UIDs";
	if (pn532_card_same(&c->card, c->second.uid, c->second.uid_len))
		return "two: the UIDs are the same";
	fill_card(&c->card, false, false);
	fill_card(&c->second, false, false);
	return NULL;
}

static const char *parse_maybe_uid(const char **line, struct emu_command *c)
{
	if (peek_word(*line).len && !take_uid(line, &c->card))
		return "not a UID";
	return NULL;
}

static const char *parse_switch(const char **line, struct emu_command *c)
{
	struct word w = next_word(line);

	c->on = is_word(w, "on");
	return c->on || is_word(w, "off") ? NULL : "every_second: on or off";
}

static const char *parse_fault_arg(
	const char **line, enum emu_fault_arg arg, struct emu_armed *armed)
{
	bool has_number = peek_word(*line).len && !is_word(peek_word(*line), "count");

	switch (arg) {
	case EMU_ARG_NONE:
		return NULL;
	case EMU_ARG_COMMAND:
	case EMU_ARG_COMMAND_STATUS:
		if (hex_bytes(next_word(line), &armed->command, 1) != 1)
			return "fault: needs a command code of two hex digits";
		if (arg == EMU_ARG_COMMAND_STATUS &&
			hex_bytes(next_word(line), &armed->status, 1) != 1)
			return "fault: needs a status of two hex digits";
		return NULL;
	case EMU_ARG_MS:
		armed->value = number(next_word(line), EMU_WAIT_MAX_MS);
		return armed->value < 0 ? "fault: needs milliseconds" : NULL;
	case EMU_ARG_GAP_MS:
		armed->value =
			has_number ? number(next_word(line), EMU_WAIT_MAX_MS) : GAP_DEFAULT_MS;
		return armed->value < 0 ? "fault: gap isn't milliseconds" : NULL;
	case EMU_ARG_SEED:
		armed->value = has_number ? number(next_word(line), SEED_MAX) : 1;
		return armed->value < 0 ? "fault: seed isn't a number" : NULL;
	}
	return NULL;
}

static const char *parse_fault(const char **line, struct emu_command *c)
{
	struct word name = next_word(line);
	const struct emu_fault_kind *kind = emu_fault_kind_of(name.at, name.len);

	if (!kind)
		return "fault: no such name";
	c->fault.fault = kind->fault;
	c->fault.left = EMU_ALWAYS;
	const char *reason = parse_fault_arg(line, kind->arg, &c->fault);
	if (reason || !is_word(peek_word(*line), "count"))
		return reason;
	next_word(line);
	c->fault.left = number(next_word(line), SEED_MAX);
	if (c->fault.left < 1 || kind->at_once)
		return "fault: count isn't 1 or more, or the fault takes none";
	return NULL;
}

static const char *parse_wait(const char **line, struct emu_command *c)
{
	struct word w = next_word(line);

	if (is_word(w, "poll")) {
		c->verb = EMU_VERB_WAIT_POLL;
		return NULL;
	}
	c->ms = number(w, EMU_WAIT_MAX_MS);
	return c->ms < 0 ? "wait: needs milliseconds or poll" : NULL;
}

static const char *parse_nothing(const char **line, struct emu_command *c)
{
	(void)line;
	(void)c;
	return NULL;
}

static const struct {
	const char *name;
	enum emu_verb verb;
	const char *(*parse)(const char **line, struct emu_command *c);
} verbs[] = {
	{ "place", EMU_VERB_PLACE, parse_place },
	{ "tap", EMU_VERB_TAP, parse_tap },
	{ "two", EMU_VERB_TWO, parse_two },
	{ "remove", EMU_VERB_REMOVE, parse_maybe_uid },
	{ "every_second", EMU_VERB_EVERY_SECOND, parse_switch },
	{ "fault", EMU_VERB_FAULT, parse_fault },
	{ "clear", EMU_VERB_CLEAR, parse_nothing },
	{ "state", EMU_VERB_STATE, parse_maybe_uid },
	{ "wait", EMU_VERB_WAIT, parse_wait },
};

const char *emu_script_parse(const char *line, struct emu_command *ret_command)
{
	struct emu_command c = { .verb = EMU_VERB_NONE };
	struct word w = next_word(&line);

	if (!w.len) {
		*ret_command = c;
		return NULL;
	}
	for (size_t i = 0; i < N_VERBS; i++) {
		if (!is_word(w, verbs[i].name))
			continue;
		c.verb = verbs[i].verb;
		const char *reason = verbs[i].parse(&line, &c);
		if (reason)
			return reason;
		if (next_word(&line).len)
			return "too many words";
		*ret_command = c;
		return NULL;
	}
	return "no such command";
}

void emu_script_uid(const uint8_t *uid, size_t uid_len, char *out)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < uid_len; i++) {
		*out++ = digit[uid[i] >> 4];
		*out++ = digit[uid[i] & 15];
	}
	*out = '\0';
}
