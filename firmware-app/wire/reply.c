/* SPDX-License-Identifier: EUPL-1.2 */
#include <limits.h>

#include "wire/json.h"

/* Lengths of reply.json, in characters. */
#define ALERT_CHARS 120
#define REASON_CHARS 200
#define BY_CHARS 64
#define NOTE_CHARS 1000

static const char *const error_words[] = {
	[WIRE_REPLY_OK] = NULL,
	[WIRE_REPLY_NOT_FOUND] = "not_found",
	[WIRE_REPLY_STALE] = "stale",
	[WIRE_REPLY_INVALID] = "invalid",
	[WIRE_REPLY_NOT_ALLOWED] = "not_allowed",
	[WIRE_REPLY_FAILED] = "failed",
};

void wire_out_card(struct wire_out *out, json_t *list, const struct roster_card *card)
{
	static const char *const must[] = { "card", NULL };
	json_t *object = wire_out_object(out, list, NULL);

	wire_out_hash(out, object, "card", card->hash);
	wire_out_bool(out, object, "blocked", card->blocked);
	wire_out_date(out, object, "from", card->from);
	wire_out_date(out, object, "to", card->to);
	wire_out_must(out, object, must);
}

static void encode_now(struct wire_out *out, const struct wire_reply_now *now)
{
	static const char *const must[] = { "at", NULL };
	json_t *object = wire_out_object(out, out->root, "now");

	wire_out_word(out, object, "state", alert_state_word(now->state));
	wire_out_time(out, object, "at", now->at_ms);
	if (now->by[0])
		wire_out_text(out, object, "by", now->by, BY_CHARS);
	if (now->what != ALERT_WHAT_NONE)
		wire_out_word(out, object, "what", alert_what_word(now->what));
	if (now->note[0])
		wire_out_text(out, object, "note", now->note, NOTE_CHARS);
	wire_out_must(out, object, must);
}

char *wire_reply_encode(const struct wire_reply *r, const struct wire_context *ctx)
{
	static const char *const must[] = { "request", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	json_t *m = out.root;
	wire_out_uuid(&out, m, "request", r->request);
	wire_out_bool(&out, m, "ok", r->ok);
	if (r->error != WIRE_REPLY_OK)
		wire_out_word(&out, m, "error", error_words[r->error]);
	if (r->reason[0])
		wire_out_text(&out, m, "reason", r->reason, REASON_CHARS);
	if (r->alert[0])
		wire_out_text(&out, m, "alert", r->alert, ALERT_CHARS);
	if (r->revision > 0)
		wire_out_int(&out, m, "revision", r->revision);
	if (r->now.state != ALERT_STATE_NONE)
		encode_now(&out, &r->now);
	json_t *cards = r->n_cards ? wire_out_array(&out, m, "cards") : NULL;
	for (size_t i = 0; i < r->n_cards && i < WIRE_REPLY_CARDS_MAX; i++)
		wire_out_card(&out, cards, &r->cards[i]);
	wire_out_must(&out, m, must);
	return wire_out_close(&out);
}

static void decode_now(struct wire_in *in, struct wire_reply_now *now)
{
	json_t *object = wire_in_object(in, in->root, "now", WIRE_OPTIONAL);

	wire_in_enter(in, "now", SIZE_MAX);
	const char *word = wire_in_word(in, object, "state", WIRE_REQUIRED);
	now->state = alert_state_parse(word);
	if (word && now->state == ALERT_STATE_NONE)
		wire_in_refuse(in, "state", "no such word");
	wire_in_time(in, object, "at", WIRE_REQUIRED, &now->at_ms);
	wire_in_text(in, object, "by", WIRE_OPTIONAL, BY_CHARS, now->by, sizeof(now->by));
	word = wire_in_word(in, object, "what", WIRE_OPTIONAL);
	now->what = alert_what_parse(word);
	if (word && now->what == ALERT_WHAT_NONE)
		wire_in_refuse(in, "what", "no such word");
	wire_in_text(in, object, "note", WIRE_OPTIONAL, NOTE_CHARS, now->note, sizeof(now->note));
	wire_in_leave(in);
}

static void decode_cards(struct wire_in *in, struct wire_reply *r)
{
	json_t *list = wire_in_array(in, in->root, "cards", WIRE_OPTIONAL, WIRE_REPLY_CARDS_MAX);

	for (size_t i = 0; list && i < json_array_size(list) && !in->err; i++) {
		struct roster_card *card = &r->cards[r->n_cards++];
		wire_in_enter(in, "cards", i);
		json_t *object = wire_in_element(in, list, i);
		wire_in_hash(in, object, "card", WIRE_REQUIRED, &card->hash);
		wire_in_bool(in, object, "blocked", WIRE_REQUIRED, &card->blocked);
		wire_in_date(in, object, "from", WIRE_OPTIONAL, &card->from);
		wire_in_date(in, object, "to", WIRE_OPTIONAL, &card->to);
		wire_in_leave(in);
	}
}

int wire_reply_decode(const void *bytes, size_t len, struct wire_reply *ret_reply, char *ret_reason)
{
	struct wire_reply r = { .ok = false };
	struct wire_in in;

	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	json_t *m = in.root;
	wire_in_uuid(&in, m, "request", WIRE_REQUIRED, &r.request);
	wire_in_bool(&in, m, "ok", WIRE_REQUIRED, &r.ok);
	r.error = (enum wire_reply_error)wire_in_choice(
		&in, m, "error", WIRE_OPTIONAL, error_words, WIRE_REPLY_FAILED + 1);
	wire_in_text(&in, m, "reason", WIRE_OPTIONAL, REASON_CHARS, r.reason, sizeof(r.reason));
	wire_in_text(&in, m, "alert", WIRE_OPTIONAL, ALERT_CHARS, r.alert, sizeof(r.alert));
	wire_in_int32(&in, m, "revision", WIRE_OPTIONAL, 1, INT_MAX, &r.revision);
	decode_now(&in, &r.now);
	decode_cards(&in, &r);
	if (wire_in_close(&in))
		return in.err;
	*ret_reply = r;
	return 0;
}
