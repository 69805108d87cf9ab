/* SPDX-License-Identifier: EUPL-1.2 */
#include <limits.h>

#include "wire/json.h"

/* Lengths of reply.json, in characters. */
#define ALERT_CHARS 120
#define REASON_CHARS 200

static const char *const error_words[] = {
	[WIRE_REPLY_OK] = NULL,
	[WIRE_REPLY_NOT_FOUND] = "not_found",
	[WIRE_REPLY_STALE] = "stale",
	[WIRE_REPLY_INVALID] = "invalid",
	[WIRE_REPLY_NOT_ALLOWED] = "not_allowed",
	[WIRE_REPLY_FAILED] = "failed",
};

char *wire_reply_encode(const struct wire_reply *r)
{
	static const char *const must[] = { "request", NULL };
	struct wire_out out;

	wire_out_open(&out, NULL);
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
	wire_out_must(&out, m, must);
	return wire_out_close(&out);
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
	if (wire_in_close(&in))
		return in.err;
	*ret_reply = r;
	return 0;
}
