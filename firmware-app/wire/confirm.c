/* SPDX-License-Identifier: EUPL-1.2 */
#include <stddef.h>
#include <string.h>

#include "wire/json.h"

#define REASON_CHARS 200 /* confirm.json */

char *wire_confirm_encode(const struct wire_confirm *c)
{
	static const char *const must[] = { "log", NULL };
	struct wire_out out;

	wire_out_open(&out, NULL);
	wire_out_uuid(&out, out.root, "log", c->log);
	wire_out_int(&out, out.root, "through", c->through);
	if (c->n_refused > 0) {
		json_t *list = wire_out_array(&out, out.root, "refused");
		for (size_t i = 0; i < c->n_refused && i < WIRE_REFUSED_MAX; i++) {
			json_t *row = wire_out_object(&out, list, NULL);
			wire_out_int(&out, row, "seq", c->refused[i].seq);
			wire_out_text(&out, row, "reason", c->refused[i].reason, REASON_CHARS);
			if (c->refused[i].seq < 1)
				out.failed = true;
		}
	}
	wire_out_must(&out, out.root, must);
	if (c->through < 0)
		out.failed = true;
	return wire_out_close(&out);
}

int wire_confirm_decode(
	const void *bytes, size_t len, struct wire_confirm *ret_confirm, char *ret_reason)
{
	struct wire_confirm
		c; /* 52 KB, and as a rule nothing is refused: only what is said is set and copied */
	struct wire_in in;

	memset(&c, 0, offsetof(struct wire_confirm, refused));

	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	wire_in_uuid(&in, in.root, "log", WIRE_REQUIRED, &c.log);
	wire_in_int(&in, in.root, "through", WIRE_REQUIRED, 0, WIRE_INT_MAX, &c.through);
	json_t *list = wire_in_array(&in, in.root, "refused", WIRE_OPTIONAL, WIRE_REFUSED_MAX);
	for (size_t i = 0; i < json_array_size(list) && !in.err; i++) {
		struct wire_refused *r = &c.refused[c.n_refused++];
		memset(r, 0, sizeof(*r));
		wire_in_enter(&in, "refused", i);
		json_t *row = wire_in_element(&in, list, i);
		wire_in_int(&in, row, "seq", WIRE_REQUIRED, 1, WIRE_INT_MAX, &r->seq);
		wire_in_text(&in, row, "reason", WIRE_REQUIRED, REASON_CHARS, r->reason,
			sizeof(r->reason));
		wire_in_leave(&in);
	}
	if (wire_in_close(&in))
		return in.err;
	memcpy(ret_confirm, &c,
		offsetof(struct wire_confirm, refused) + c.n_refused * sizeof(c.refused[0]));
	return 0;
}
