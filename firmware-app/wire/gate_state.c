/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

#define VERSION_CHARS (WIRE_VERSION_MAX - 1) /* gate-state.json */
#define FAULT_CHARS 200

static void encode_taps(struct wire_out *out, const struct wire_gate_state *s)
{
	if (s->taps_today < 0 && s->p50_ms < 0 && s->p95_ms < 0 && s->p99_ms < 0)
		return;
	json_t *taps = wire_out_object(out, out->root, "taps");
	wire_out_said(out, taps, "today", s->taps_today);
	wire_out_real_said(out, taps, "p50_ms", s->p50_ms);
	wire_out_real_said(out, taps, "p95_ms", s->p95_ms);
	wire_out_real_said(out, taps, "p99_ms", s->p99_ms);
}

char *wire_gate_state_encode(const struct wire_gate_state *s, const struct wire_context *ctx)
{
	static const char *const must[] = { "gate", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	json_t *m = out.root;
	wire_out_word(&out, m, "state", wire_unit_state_word(s->state));
	wire_out_slug(&out, m, "gate", s->gate);
	wire_out_time(&out, m, "at", s->at_ms);
	wire_out_uuid(&out, m, "session", s->session);
	if (s->version[0])
		wire_out_text(&out, m, "version", s->version, VERSION_CHARS);
	wire_out_uuid(&out, m, "log", s->log);
	wire_out_said(&out, m, "last_seq", s->last_seq);
	wire_out_said(&out, m, "confirmed_seq", s->confirmed_seq);
	wire_out_time(&out, m, "complete_until", s->complete_until_ms);
	if (s->clock >= 0)
		wire_out_word(&out, m, "clock", checkin_clock_word((enum checkin_clock)s->clock));
	wire_out_said(&out, m, "clock_error_ms", s->clock_error_ms);
	if (s->reader != WIRE_READER_UNSAID)
		wire_out_word(&out, m, "reader", wire_reader_words[s->reader]);
	if (s->reader_fault[0])
		wire_out_text(&out, m, "reader_fault", s->reader_fault, FAULT_CHARS);
	if (s->screen_ok >= 0)
		wire_out_word(&out, m, "screen", s->screen_ok ? "ok" : "absent");
	if (s->store != WIRE_STORE_UNSAID)
		wire_out_word(&out, m, "store", wire_store_words[s->store]);
	wire_out_said(&out, m, "data_generation", s->data_generation);
	wire_out_said(&out, m, "disk_free_mb", s->disk_free_mb);
	wire_out_said(&out, m, "uptime_s", s->uptime_s);
	if (s->rehearsal || (ctx && ctx->rehearsal))
		wire_out_bool(&out, m, "rehearsal", true);
	encode_taps(&out, s);
	wire_out_must(&out, m, must);
	return wire_out_close(&out);
}

static void decode_taps(struct wire_in *in, struct wire_gate_state *s)
{
	json_t *taps = wire_in_object(in, in->root, "taps", WIRE_OPTIONAL);
	wire_in_enter(in, "taps", SIZE_MAX);
	wire_in_int(in, taps, "today", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s->taps_today);
	wire_in_real(in, taps, "p50_ms", WIRE_OPTIONAL, &s->p50_ms);
	wire_in_real(in, taps, "p95_ms", WIRE_OPTIONAL, &s->p95_ms);
	wire_in_real(in, taps, "p99_ms", WIRE_OPTIONAL, &s->p99_ms);
	wire_in_leave(in);
}

static void decode_health(struct wire_in *in, struct wire_gate_state *s)
{
	/* Offset by one: the words' table keeps 0 for "not said", screen_ok has -1 for it. */
	static const char *const screen_words[] = { NULL, "absent", "ok" };
	json_t *m = in->root;

	s->reader = (enum wire_reader_state)wire_in_choice(
		in, m, "reader", WIRE_OPTIONAL, wire_reader_words, WIRE_READER_FAULT + 1);
	wire_in_text(in, m, "reader_fault", WIRE_OPTIONAL, FAULT_CHARS, s->reader_fault,
		sizeof(s->reader_fault));
	s->screen_ok = wire_in_choice(in, m, "screen", WIRE_OPTIONAL, screen_words, 3) - 1;
	s->store = (enum wire_store_state)wire_in_choice(
		in, m, "store", WIRE_OPTIONAL, wire_store_words, WIRE_STORE_RECOVERED + 1);
	wire_in_int(in, m, "data_generation", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s->data_generation);
	wire_in_int(in, m, "disk_free_mb", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s->disk_free_mb);
	wire_in_int(in, m, "uptime_s", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s->uptime_s);
	wire_in_bool(in, m, "rehearsal", WIRE_OPTIONAL, &s->rehearsal);
}

int wire_gate_state_decode(
	const void *bytes, size_t len, struct wire_gate_state *ret_state, char *ret_reason)
{
	struct wire_gate_state s = { .at_ms = -1, .last_seq = -1, .confirmed_seq = -1 };
	struct wire_in in;

	s.complete_until_ms = s.clock_error_ms = -1;
	s.clock = -1;
	s.data_generation = s.disk_free_mb = s.uptime_s = s.taps_today = -1;
	s.p50_ms = s.p95_ms = s.p99_ms = -1;
	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	json_t *m = in.root;
	wire_in_unit_state(&in, &s.state);
	wire_in_slug(&in, m, "gate", WIRE_REQUIRED, s.gate);
	wire_in_time(&in, m, "at", WIRE_OPTIONAL, &s.at_ms);
	wire_in_uuid(&in, m, "session", WIRE_OPTIONAL, &s.session);
	wire_in_text(&in, m, "version", WIRE_OPTIONAL, VERSION_CHARS, s.version, sizeof(s.version));
	wire_in_uuid(&in, m, "log", WIRE_OPTIONAL, &s.log);
	wire_in_int(&in, m, "last_seq", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.last_seq);
	wire_in_int(&in, m, "confirmed_seq", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.confirmed_seq);
	wire_in_time(&in, m, "complete_until", WIRE_OPTIONAL, &s.complete_until_ms);
	wire_in_clock(&in, WIRE_OPTIONAL, &s.clock);
	wire_in_int(&in, m, "clock_error_ms", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.clock_error_ms);
	decode_health(&in, &s);
	decode_taps(&in, &s);
	if (wire_in_close(&in))
		return in.err;
	*ret_state = s;
	return 0;
}
