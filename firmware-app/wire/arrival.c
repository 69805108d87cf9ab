/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

char *wire_arrival_encode(const struct wire_arrival *a, const struct wire_context *ctx)
{
	static const char *const must[] = { "pupil", "date", "half", "at", "gate", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	wire_out_pupil(&out, out.root, "pupil", a->pupil);
	wire_out_date(&out, out.root, "date", a->date);
	wire_out_half(&out, out.root, "half", a->half);
	wire_out_time(&out, out.root, "at", a->at_ms);
	wire_out_slug(&out, out.root, "gate", a->gate);
	wire_out_must(&out, out.root, must);
	return wire_out_close(&out);
}

int wire_arrival_decode(
	const void *bytes, size_t len, struct wire_arrival *ret_arrival, char *ret_reason)
{
	struct wire_arrival a = { .pupil = 0 };
	struct wire_in in;

	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	wire_in_pupil(&in, in.root, "pupil", WIRE_REQUIRED, &a.pupil);
	wire_in_date(&in, in.root, "date", WIRE_REQUIRED, &a.date);
	wire_in_half(&in, in.root, "half", WIRE_REQUIRED, &a.half);
	wire_in_time(&in, in.root, "at", WIRE_REQUIRED, &a.at_ms);
	wire_in_slug(&in, in.root, "gate", WIRE_REQUIRED, a.gate);
	if (wire_in_close(&in))
		return in.err;
	*ret_arrival = a;
	return 0;
}
