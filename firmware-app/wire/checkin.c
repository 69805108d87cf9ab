/* SPDX-License-Identifier: EUPL-1.2 */
#include <limits.h>
#include <string.h>

#include "core/halfday.h"
#include "wire/json.h"

/* checkin.json. Source 0 is the card, so the table is one further than the enum. */
static const char *const source_words[] = {
	NULL,
	[CHECKIN_SOURCE_CARD + 1] = "card",
	[CHECKIN_SOURCE_DESK + 1] = "desk",
};

char *wire_checkin_encode(const struct checkin *c, const struct wire_context *ctx)
{
	static const char *const must[] = { "log", "id", "gate", "at", "boot", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	json_t *m = out.root;
	wire_out_uuid(&out, m, "log", c->log);
	wire_out_int(&out, m, "seq", c->seq);
	wire_out_uuid(&out, m, "id", c->id);
	wire_out_int(&out, m, "revision", c->revision);
	wire_out_slug(&out, m, "gate", c->gate);
	wire_out_word(&out, m, "result", checkin_result_word(c->result));
	wire_out_time(&out, m, "at", c->at_ms);
	wire_out_word(&out, m, "clock", checkin_clock_word(c->clock));
	wire_out_said(&out, m, "clock_error_ms", c->clock_error_ms);
	wire_out_uuid(&out, m, "boot", c->boot);
	wire_out_int(&out, m, "boot_ms", c->boot_ms);
	if (c->pupil)
		wire_out_pupil(&out, m, "pupil", c->pupil);
	else
		wire_out_null(&out, m, "pupil");
	if (card_hash_is_none(c->card))
		wire_out_null(&out, m, "card");
	else
		wire_out_hash(&out, m, "card", c->card);
	wire_out_date(&out, m, "date", c->date);
	if (c->half == HALFDAY_NONE)
		wire_out_null(&out, m, "half");
	else
		wire_out_half(&out, m, "half", c->half);
	if (c->result == CHECKIN_LATE)
		wire_out_int(&out, m, "minutes_late", c->minutes_late);
	wire_out_word(&out, m, "source", source_words[c->source + 1]);
	wire_out_must(&out, m, must);
	if (c->seq < 1 || c->revision < 1 || c->boot_ms < 0 || c->minutes_late < 0 ||
		c->minutes_late > WIRE_MINUTES_MAX)
		out.failed = true;
	return wire_out_close(&out);
}

/* ---- as gates write it --------------------------------------------------------------------- */

/*
 * A register takes thousands of these in a minute, and the library needs four fifths of a check-in's whole time for its
 * tree (callgrind, 2026-11-22). So the form in which gates write it is read in place: one object of known fields,
 * each once, plain ASCII without escapes, whole numbers. Of anything else, and of whatever is out of its bounds, this
 * says nothing, and the library decides, and finds the reason.
 */
enum plain_field {
	PLAIN_V,
	PLAIN_LOG,
	PLAIN_SEQ,
	PLAIN_ID,
	PLAIN_REVISION,
	PLAIN_GATE,
	PLAIN_RESULT,
	PLAIN_AT,
	PLAIN_CLOCK,
	PLAIN_CLOCK_ERROR_MS,
	PLAIN_BOOT,
	PLAIN_BOOT_MS,
	PLAIN_PUPIL,
	PLAIN_CARD,
	PLAIN_DATE,
	PLAIN_HALF,
	PLAIN_MINUTES_LATE,
	PLAIN_SOURCE,
	N_PLAIN
};

static const char *const plain_names[N_PLAIN] = { "v", "log", "seq", "id", "revision", "gate",
	"result", "at", "clock", "clock_error_ms", "boot", "boot_ms", "pupil", "card", "date",
	"half", "minutes_late", "source" };

#define PLAIN_TEXT_MAX 48 /* bytes with the zero: no text of a check-in is longer */
#define PLAIN_DIGITS_MAX 15 /* of a number: below 2^53 whatever they are */

enum plain_kind { PLAIN_ABSENT, PLAIN_NULL, PLAIN_NUMBER, PLAIN_TEXT };

struct plain {
	const char *at, *end; /* what is left */
	size_t likely; /* the next field, as gates write them */
	struct {
		enum plain_kind kind;
		int64_t number;
		char text[PLAIN_TEXT_MAX];
	} field[N_PLAIN];
};

static void skip_space(struct plain *p)
{
	while (p->at < p->end &&
		(*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
		p->at++;
}

static bool take_char(struct plain *p, char c)
{
	skip_space(p);
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

/* Between quotes. @ret_text: PLAIN_TEXT_MAX bytes */
static bool take_text(struct plain *p, char *ret_text)
{
	size_t n = 0;

	if (!take_char(p, '"'))
		return false;
	while (p->at < p->end && *p->at != '"') {
		char c = *p->at++;
		if (c < 0x20 || c > 0x7e || c == '\\' || n == PLAIN_TEXT_MAX - 1)
			return false;
		ret_text[n++] = c;
	}
	ret_text[n] = 0;
	if (p->at == p->end)
		return false;
	p->at++;
	return true;
}

/* Not below zero: no number of a check-in is. */
static bool take_number(struct plain *p, int64_t *ret_number)
{
	const char *from = p->at;
	int64_t number = 0;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9' && p->at - from <= PLAIN_DIGITS_MAX)
		number = 10 * number + (*p->at++ - '0');
	*ret_number = number;
	return p->at > from && p->at - from <= PLAIN_DIGITS_MAX &&
	       (*from != '0' || p->at - from == 1);
}

/* What follows a value must be a comma or the end: so 1.5 and nullx are none. */
static bool take_value(struct plain *p, enum plain_field f)
{
	static const char null[] = "null";
	size_t left;

	skip_space(p);
	left = (size_t)(p->end - p->at);
	if (left > 0 && *p->at == '"') {
		p->field[f].kind = PLAIN_TEXT;
		return take_text(p, p->field[f].text);
	}
	if (left >= sizeof(null) - 1 && memcmp(p->at, null, sizeof(null) - 1) == 0) {
		p->field[f].kind = PLAIN_NULL;
		p->at += sizeof(null) - 1;
		return true;
	}
	p->field[f].kind = PLAIN_NUMBER;
	return take_number(p, &p->field[f].number);
}

static bool take_field(struct plain *p)
{
	char name[PLAIN_TEXT_MAX];
	size_t f = p->likely, tries = 0;

	if (!take_text(p, name))
		return false;
	while (tries < N_PLAIN && strcmp(name, plain_names[f]) != 0) {
		f = (f + 1) % N_PLAIN;
		tries++;
	}
	p->likely = (f + 1) % N_PLAIN;
	if (tries == N_PLAIN || p->field[f].kind != PLAIN_ABSENT || !take_char(p, ':'))
		return false;
	return take_value(p, (enum plain_field)f);
}

static bool take_object(struct plain *p)
{
	if (!take_char(p, '{'))
		return false;
	do {
		if (!take_field(p))
			return false;
	} while (take_char(p, ','));
	if (!take_char(p, '}'))
		return false;
	skip_space(p);
	return p->at == p->end;
}

/* A text that must be there; NULL where it isn't. */
static const char *text_of(const struct plain *p, enum plain_field f)
{
	return p->field[f].kind == PLAIN_TEXT ? p->field[f].text : NULL;
}

static bool get_number(
	const struct plain *p, enum plain_field f, int64_t min, int64_t max, int64_t *ret_number)
{
	int64_t n = p->field[f].number;

	if (p->field[f].kind != PLAIN_NUMBER || n < min || n > max)
		return false;
	*ret_number = n;
	return true;
}

static bool get_uuid(const struct plain *p, enum plain_field f, struct uuid *ret_uuid)
{
	const char *text = text_of(p, f);

	return text && !uuid_parse(text, ret_uuid) && !uuid_is_none(*ret_uuid);
}

static bool is_absent(const struct plain *p, enum plain_field f)
{
	return p->field[f].kind == PLAIN_ABSENT;
}

/* Fields that may be null, or missing. */
static bool get_whose(const struct plain *p, struct checkin *c)
{
	const char *pupil = text_of(p, PLAIN_PUPIL), *card = text_of(p, PLAIN_CARD);
	const char *half = text_of(p, PLAIN_HALF);

	if (p->field[PLAIN_PUPIL].kind == PLAIN_NUMBER ||
		p->field[PLAIN_CARD].kind == PLAIN_NUMBER ||
		p->field[PLAIN_HALF].kind == PLAIN_NUMBER)
		return false;
	if (pupil && (strlen(pupil) != 10 || (c->pupil = checkin_pupil_parse(pupil)) < 0))
		return false;
	if (card && (card_hash_parse(card, &c->card) || card_hash_is_none(c->card)))
		return false;
	return !half || (c->half = halfday_parse(half)) != HALFDAY_NONE;
}

static bool get_optional(const struct plain *p, struct checkin *c)
{
	const char *date = text_of(p, PLAIN_DATE), *source = text_of(p, PLAIN_SOURCE);
	int64_t late = 0;

	if (!is_absent(p, PLAIN_CLOCK_ERROR_MS) &&
		!get_number(p, PLAIN_CLOCK_ERROR_MS, 0, WIRE_INT_MAX, &c->clock_error_ms))
		return false;
	if (!is_absent(p, PLAIN_MINUTES_LATE) &&
		!get_number(p, PLAIN_MINUTES_LATE, 0, WIRE_MINUTES_MAX, &late))
		return false;
	if (!is_absent(p, PLAIN_DATE) && (!date || civil_parse_date(date, &c->date)))
		return false;
	c->minutes_late = c->result == CHECKIN_LATE ? (int)late : 0;
	c->source = CHECKIN_SOURCE_CARD;
	if (is_absent(p, PLAIN_SOURCE))
		return true;
	if (source && strcmp(source, source_words[CHECKIN_SOURCE_DESK + 1]) == 0)
		c->source = CHECKIN_SOURCE_DESK;
	return source && strcmp(source, source_words[c->source + 1]) == 0;
}

/* Return: false: ask the library. */
static bool decode_plain(const void *bytes, size_t len, struct checkin *ret_checkin)
{
	struct plain p = { .at = bytes, .end = (const char *)bytes + len };
	struct checkin c = { .clock_error_ms = -1 };
	int64_t n = 0;

	if (len > WIRE_PAYLOAD_MAX || !take_object(&p) || !get_number(&p, PLAIN_V, 1, 1, &n))
		return false;
	if (!get_uuid(&p, PLAIN_LOG, &c.log) || !get_uuid(&p, PLAIN_ID, &c.id) ||
		!get_uuid(&p, PLAIN_BOOT, &c.boot) ||
		!get_number(&p, PLAIN_SEQ, 1, WIRE_INT_MAX, &c.seq) ||
		!get_number(&p, PLAIN_BOOT_MS, 0, WIRE_INT_MAX, &c.boot_ms) ||
		!get_number(&p, PLAIN_REVISION, 1, INT_MAX, &n))
		return false;
	c.revision = (int)n;
	const char *gate = text_of(&p, PLAIN_GATE), *at = text_of(&p, PLAIN_AT);
	if (!gate || !checkin_slug_valid(gate) || !at || civil_parse_time(at, &c.at_ms))
		return false;
	memcpy(c.gate, gate, strlen(gate) + 1);
	c.result = checkin_result_parse(text_of(&p, PLAIN_RESULT));
	int clock = text_of(&p, PLAIN_CLOCK) ? checkin_clock_parse(text_of(&p, PLAIN_CLOCK)) : -1;
	if (c.result == CHECKIN_RESULT_NONE || clock < 0)
		return false;
	c.clock = (enum checkin_clock)clock;
	if (!get_whose(&p, &c) || !get_optional(&p, &c))
		return false;
	*ret_checkin = c;
	return true;
}

/* ---- and as anybody may ---------------------------------------------------------------------- */

int wire_checkin_decode(
	const void *bytes, size_t len, struct checkin *ret_checkin, char *ret_reason)
{
	struct checkin c = { .clock_error_ms = -1 };
	struct wire_in in;

	if (decode_plain(bytes, len, ret_checkin)) {
		ret_reason[0] = '\0';
		return 0;
	}
	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	json_t *m = in.root;
	wire_in_uuid(&in, m, "log", WIRE_REQUIRED, &c.log);
	wire_in_int(&in, m, "seq", WIRE_REQUIRED, 1, WIRE_INT_MAX, &c.seq);
	wire_in_uuid(&in, m, "id", WIRE_REQUIRED, &c.id);
	wire_in_int32(&in, m, "revision", WIRE_REQUIRED, 1, INT_MAX, &c.revision);
	wire_in_slug(&in, m, "gate", WIRE_REQUIRED, c.gate);
	const char *word = wire_in_word(&in, m, "result", WIRE_REQUIRED);
	c.result = checkin_result_parse(word);
	if (word && c.result == CHECKIN_RESULT_NONE)
		wire_in_refuse(&in, "result", "no such word");
	wire_in_time(&in, m, "at", WIRE_REQUIRED, &c.at_ms);
	int clock = -1;
	wire_in_clock(&in, WIRE_REQUIRED, &clock);
	c.clock = clock < 0 ? CHECKIN_CLOCK_UNKNOWN : (enum checkin_clock)clock;
	wire_in_int(&in, m, "clock_error_ms", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &c.clock_error_ms);
	wire_in_uuid(&in, m, "boot", WIRE_REQUIRED, &c.boot);
	wire_in_int(&in, m, "boot_ms", WIRE_REQUIRED, 0, WIRE_INT_MAX, &c.boot_ms);
	wire_in_pupil(&in, m, "pupil", WIRE_NULLABLE, &c.pupil);
	wire_in_hash(&in, m, "card", WIRE_NULLABLE, &c.card);
	wire_in_date(&in, m, "date", WIRE_OPTIONAL, &c.date);
	wire_in_half(&in, m, "half", WIRE_NULLABLE, &c.half);
	wire_in_int32(&in, m, "minutes_late", WIRE_OPTIONAL, 0, WIRE_MINUTES_MAX, &c.minutes_late);
	if (c.result != CHECKIN_LATE)
		c.minutes_late = 0;
	int source = wire_in_choice(&in, m, "source", WIRE_OPTIONAL, source_words,
		sizeof(source_words) / sizeof(source_words[0]));
	c.source = source > 0 ? (enum checkin_source)(source - 1) : CHECKIN_SOURCE_CARD;
	if (wire_in_close(&in))
		return in.err;
	*ret_checkin = c;
	return 0;
}

int wire_checkin_peek(const void *bytes, size_t len, struct uuid *ret_log, int64_t *ret_seq)
{
	char reason[WIRE_REASON_MAX];
	struct uuid log = { { 0 } };
	int64_t seq = 0;
	struct wire_in in;

	/* Not wire_in_open(): a later version is confirmed and kept aside like anything else. */
	wire_in_parse(&in, bytes, len, WIRE_PAYLOAD_MAX, reason);
	wire_in_uuid(&in, in.root, "log", WIRE_REQUIRED, &log);
	wire_in_int(&in, in.root, "seq", WIRE_REQUIRED, 1, WIRE_INT_MAX, &seq);
	if (wire_in_close(&in))
		return in.err;
	*ret_log = log;
	*ret_seq = seq;
	return 0;
}
