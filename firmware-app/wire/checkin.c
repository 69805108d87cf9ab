/* SPDX-License-Identifier: EUPL-1.2 */
#include <limits.h>

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

int wire_checkin_decode(
	const void *bytes, size_t len, struct checkin *ret_checkin, char *ret_reason)
{
	struct checkin c = { .clock_error_ms = -1 };
	struct wire_in in;

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
