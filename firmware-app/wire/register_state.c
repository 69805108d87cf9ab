/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

#define VERSION_CHARS (WIRE_VERSION_MAX - 1) /* register-state.json */

char *wire_register_state_encode(
	const struct wire_register_state *s, const struct wire_context *ctx)
{
	struct wire_out out;

	wire_out_open(&out, ctx);
	json_t *m = out.root;
	wire_out_word(&out, m, "state", wire_unit_state_word(s->state));
	wire_out_time(&out, m, "at", s->at_ms);
	wire_out_uuid(&out, m, "session", s->session);
	if (s->version[0])
		wire_out_text(&out, m, "version", s->version, VERSION_CHARS);
	wire_out_said(&out, m, "generation", s->generation);
	wire_out_said(&out, m, "pupils", s->pupils);
	wire_out_said(&out, m, "open_alerts", s->open_alerts);
	wire_out_said(&out, m, "refused_checkins", s->refused_checkins);
	if (s->store != WIRE_STORE_UNSAID)
		wire_out_word(&out, m, "store", wire_store_words[s->store]);
	wire_out_said(&out, m, "disk_free_mb", s->disk_free_mb);
	wire_out_said(&out, m, "uptime_s", s->uptime_s);
	if (s->rehearsal || (ctx && ctx->rehearsal))
		wire_out_bool(&out, m, "rehearsal", true);
	return wire_out_close(&out);
}

int wire_register_state_decode(
	const void *bytes, size_t len, struct wire_register_state *ret_state, char *ret_reason)
{
	struct wire_register_state s = { .at_ms = -1, .generation = -1, .pupils = -1 };
	struct wire_in in;

	s.open_alerts = s.refused_checkins = s.disk_free_mb = s.uptime_s = -1;
	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	json_t *m = in.root;
	wire_in_unit_state(&in, &s.state);
	wire_in_time(&in, m, "at", WIRE_OPTIONAL, &s.at_ms);
	wire_in_uuid(&in, m, "session", WIRE_OPTIONAL, &s.session);
	wire_in_text(&in, m, "version", WIRE_OPTIONAL, VERSION_CHARS, s.version, sizeof(s.version));
	wire_in_int(&in, m, "generation", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.generation);
	wire_in_int(&in, m, "pupils", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.pupils);
	wire_in_int(&in, m, "open_alerts", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.open_alerts);
	wire_in_int(
		&in, m, "refused_checkins", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.refused_checkins);
	s.store = (enum wire_store_state)wire_in_choice(
		&in, m, "store", WIRE_OPTIONAL, wire_store_words, WIRE_STORE_RECOVERED + 1);
	wire_in_int(&in, m, "disk_free_mb", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.disk_free_mb);
	wire_in_int(&in, m, "uptime_s", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &s.uptime_s);
	wire_in_bool(&in, m, "rehearsal", WIRE_OPTIONAL, &s.rehearsal);
	if (wire_in_close(&in))
		return in.err;
	*ret_state = s;
	return 0;
}
