/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

static void put_one(struct wire_out *out, json_t *at, const struct wire_arrival *a)
{
	static const char *const must[] = { "pupil", "date", "half", "at", "gate", NULL };

	wire_out_pupil(out, at, "pupil", a->pupil);
	wire_out_date(out, at, "date", a->date);
	wire_out_half(out, at, "half", a->half);
	wire_out_time(out, at, "at", a->at_ms);
	wire_out_slug(out, at, "gate", a->gate);
	wire_out_must(out, at, must);
}

char *wire_arrival_encode(const struct wire_arrivals *a, const struct wire_context *ctx)
{
	struct wire_out out;

	wire_out_open(&out, ctx);
	put_one(&out, out.root, &a->row[0]);
	if (a->n > 1) {
		json_t *more = wire_out_array(&out, out.root, "more");
		for (size_t i = 1; i < a->n; i++)
			put_one(&out, wire_out_object(&out, more, NULL), &a->row[i]);
	}
	return wire_out_close(&out);
}

static void get_one(struct wire_in *in, json_t *at, struct wire_arrival *ret_a)
{
	wire_in_pupil(in, at, "pupil", WIRE_REQUIRED, &ret_a->pupil);
	wire_in_date(in, at, "date", WIRE_REQUIRED, &ret_a->date);
	wire_in_half(in, at, "half", WIRE_REQUIRED, &ret_a->half);
	wire_in_time(in, at, "at", WIRE_REQUIRED, &ret_a->at_ms);
	wire_in_slug(in, at, "gate", WIRE_REQUIRED, ret_a->gate);
}

int wire_arrival_decode(
	const void *bytes, size_t len, struct wire_arrivals *ret_arrivals, char *ret_reason)
{
	struct wire_arrivals a = { .n = 1 };
	struct wire_in in;

	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	get_one(&in, in.root, &a.row[0]);
	json_t *more = wire_in_array(&in, in.root, "more", WIRE_OPTIONAL, WIRE_ARRIVALS_MAX - 1);
	for (size_t i = 0; i < json_array_size(more) && !in.err; i++) {
		wire_in_enter(&in, "more", i);
		get_one(&in, wire_in_element(&in, more, i), &a.row[a.n++]);
		wire_in_leave(&in);
	}
	if (wire_in_close(&in))
		return in.err;
	*ret_arrivals = a;
	return 0;
}
