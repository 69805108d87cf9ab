/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kiosk/kiosk.h"
#include "wire/request.h"

#define TRACE_DEFAULT 20
#define TRACE_ANSWER_MAX                                                                           \
	300 /* taps in one answer: each takes under 200 of the datagram's 65,536 bytes */

/* As gate/state has it: 1 ok, 0 absent, -1 not said, where there is none on purpose. One that draws all the same is told. */
static int screen_of(const struct kiosk *k)
{
	if (k->screen_ok)
		return 1;
	return k->config.screen_display ? 0 : -1;
}

void report_state(const struct kiosk *k, struct wire_gate_state *ret_state)
{
	const struct kiosk_store_info *info = k->store ? kiosk_store_info(k->store) : NULL;
	struct wire_gate_state s = {
		.state = WIRE_UNIT_ONLINE,
		.at_ms = k->now.wall_ms,
		.session = k->session,
		.last_seq = k->deliver.last,
		.confirmed_seq = k->deliver.confirmed,
		.complete_until_ms = k->complete_until_ms,
		.clock = (int)k->state.clock,
		.clock_error_ms = k->now.error_ms,
		.reader = k->reader == WIRE_READER_UNSAID ? WIRE_READER_STARTING : k->reader,
		.screen_ok = screen_of(k),
		.store = k->store_state,
		.data_generation = k->roster ? k->roster->generation : 0,
		.disk_free_mb = k->disk_free_mb,
		.uptime_s = (k->now.mono_us - k->started_us) / 1000000,
		.rehearsal = k->clock.simulated,
		.taps_today = k->taps_today,
		.p50_ms = -1,
		.p95_ms = -1,
		.p99_ms = -1,
	};

	if (info)
		s.log = info->log;
	(void)snprintf(s.gate, sizeof(s.gate), "%s", k->config.unit_id);
	(void)snprintf(s.version, sizeof(s.version), "%s", config_version());
	(void)snprintf(s.reader_fault, sizeof(s.reader_fault), "%s", k->reader_fault);
	*ret_state = s;
}

void report_times(const struct kiosk *k, struct wire_gate_state *state)
{
	struct trace_percentiles took = trace_percentiles_of(&k->trace);

	state->p50_ms = took.p50_ms;
	state->p95_ms = took.p95_ms;
	state->p99_ms = took.p99_ms;
}

static const char *reader_word(enum wire_reader_state state)
{
	switch (state) {
	case WIRE_READER_OK:
		return "ok";
	case WIRE_READER_FAULT:
		return "fault";
	case WIRE_READER_STARTING:
	case WIRE_READER_UNSAID:
		break;
	}
	return "starting";
}

static const char *store_word(enum wire_store_state state)
{
	switch (state) {
	case WIRE_STORE_FULL:
		return "full";
	case WIRE_STORE_FAILING:
		return "failing";
	case WIRE_STORE_RECOVERED:
		return "recovered";
	case WIRE_STORE_OK:
	case WIRE_STORE_UNSAID:
		break;
	}
	return "ok";
}

static const char *screen_word(int screen_ok)
{
	if (screen_ok < 0)
		return "none";
	return screen_ok ? "ok" : "absent";
}

static void put_time(struct wire_node *node, const char *key, const struct kiosk *k, int64_t at_ms)
{
	char text[CIVIL_TIME_TEXT];

	if (at_ms < 0)
		return;
	civil_format_time(&k->zone, at_ms, text);
	wire_node_set_text(node, key, text);
}

static void put_ms(struct wire_node *node, const char *key, double ms)
{
	if (ms >= 0)
		wire_node_set_real(node, key, ms);
}

/* Shaped as the register's status (commands.md), so that one reader of both suffices. */
static struct wire_node *clock_node(const struct kiosk *k)
{
	struct wire_node *n = wire_node_object();

	wire_node_set_text(n, "state", checkin_clock_word(k->state.clock));
	if (k->now.error_ms >= 0)
		wire_node_set_int(n, "error_ms", k->now.error_ms);
	else
		wire_node_set_text(n, "error_ms", NULL);
	return n;
}

static struct wire_node *store_node(const struct kiosk *k)
{
	struct wire_node *n = wire_node_object();

	wire_node_set_text(n, "state", store_word(k->store_state));
	wire_node_set_int(n, "disk_free_mb", k->disk_free_mb);
	return n;
}

static void put_refused(struct wire_node *list, const char *topic, int code)
{
	if (!code)
		return;
	struct wire_node *row = wire_node_object();
	wire_node_set_text(row, "topic", topic);
	wire_node_set_int(row, "code", code);
	wire_node_set_node(list, NULL, row);
}

static struct wire_node *broker_node(const struct kiosk *k)
{
	struct wire_node *n = wire_node_object();

	wire_node_set_bool(n, "connected", !k->state.offline);
	wire_node_set_text(n, "since", NULL);
	put_time(n, "since", k, k->state.offline ? -1 : k->link_since_ms);
	wire_node_set_text(n, "reason", k->state.offline ? k->link_reason : NULL);
	struct wire_node *refused = wire_node_array();
	put_refused(refused, "gate/state", k->refused_state);
	put_refused(refused, "gate/checkin", k->refused_checkin);
	wire_node_set_node(n, "refused", refused);
	return n;
}

/* Left out where it can't be known. */
static void put_arrival(const struct kiosk *k, struct wire_node *r)
{
	if (!k->roster || !k->has_zone)
		return;
	struct civil_local local = civil_local_of(&k->zone, k->now.wall_ms);
	wire_node_set_bool(r, "arrival",
		roster_arrival(
			k->roster, local.date, local.at_s, k->config.rules_absent_after_min));
}

static void answer_status(const struct kiosk *k, struct wire_node *r)
{
	struct wire_gate_state s;
	char log[UUID_TEXT];

	report_state(k, &s);
	report_times(k, &s);
	uuid_format(s.log, log);
	wire_node_set_text(r, "unit", "kiosk");
	wire_node_set_text(r, "gate", s.gate);
	wire_node_set_text(r, "school", k->config.school_id);
	wire_node_set_text(r, "version", s.version);
	put_time(r, "at", k, s.at_ms);
	wire_node_set_node(r, "clock", clock_node(k));
	wire_node_set_bool(r, "rehearsal", s.rehearsal);
	wire_node_set_text(r, "reader", reader_word(s.reader));
	if (s.reader_fault[0])
		wire_node_set_text(r, "reader_fault", s.reader_fault);
	wire_node_set_text(r, "screen", screen_word(s.screen_ok));
	wire_node_set_node(r, "store", store_node(k));
	wire_node_set_node(r, "broker", broker_node(k));
	wire_node_set_int(r, "queue", s.last_seq - s.confirmed_seq);
	wire_node_set_text(r, "log", log);
	wire_node_set_int(r, "last_seq", s.last_seq);
	wire_node_set_int(r, "confirmed_seq", s.confirmed_seq);
	put_time(r, "last_delivery", k, k->last_delivery_ms);
	put_time(r, "complete_until", k, s.complete_until_ms);
	wire_node_set_int(r, "data_generation", s.data_generation);
	wire_node_set_int(r, "pupils", k->roster ? (int64_t)k->roster->n_pupils : 0);
	wire_node_set_int(r, "cards", k->roster ? (int64_t)k->roster->n_cards : 0);
	wire_node_set_int(r, "taps_today", s.taps_today);
	if (k->last_tap_us > k->started_us)
		wire_node_set_int(r, "last_tap_s", (k->now.mono_us - k->last_tap_us) / 1000000);
	put_arrival(k, r);
	put_ms(r, "p50_ms", s.p50_ms);
	put_ms(r, "p95_ms", s.p95_ms);
	put_ms(r, "p99_ms", s.p99_ms);
	wire_node_set_int(r, "not_understood", (int64_t)k->complaints);
	wire_node_set_int(r, "uptime_s", s.uptime_s);
}

/* Microseconds from the moment the reader saw the card; null: not reached (yet). */
static void put_stage(
	struct wire_node *node, const char *key, const struct trace_tap *t, int64_t at_us)
{
	if (at_us < 0)
		wire_node_set_text(node, key, NULL);
	else
		wire_node_set_int(node, key, at_us - t->seen_us);
}

static void answer_trace(const struct kiosk *k, int64_t last, struct wire_node *r)
{
	struct wire_node *taps = wire_node_array();
	struct trace_percentiles took = trace_percentiles_of(&k->trace);

	for (int64_t back = last - 1; back >= 0; back--) { /* oldest first */
		const struct trace_tap *t = trace_at(&k->trace, (size_t)back);
		char id[UUID_TEXT];
		if (!t)
			continue;
		struct wire_node *row = wire_node_object();
		uuid_format(t->id, id);
		wire_node_set_text(row, "checkin", id);
		put_stage(row, "seen", t, t->seen_us);
		put_stage(row, "received", t, t->received_us);
		put_stage(row, "committed", t, t->committed_us);
		put_stage(row, "presented", t, t->presented_us);
		put_stage(row, "published", t, t->published_us);
		put_stage(row, "confirmed", t, t->confirmed_us);
		wire_node_set_node(taps, NULL, row);
	}
	wire_node_set_node(r, "taps", taps);
	put_ms(r, "p50_ms", took.p50_ms);
	put_ms(r, "p95_ms", took.p95_ms);
	put_ms(r, "p99_ms", took.p99_ms);
}

static struct wire_node *answer_of(const struct kiosk *k, const struct wire_node *request)
{
	const char *command = wire_node_get_text(request, "command");
	int64_t last = wire_node_get_int(request, "last", TRACE_DEFAULT);

	if (command && strcmp(command, "status") == 0) {
		struct wire_node *r = wire_response_create(request, true);
		answer_status(k, r);
		return r;
	}
	if (command && strcmp(command, "trace") == 0 && last >= 1 && last <= TRACE_MAX) {
		struct wire_node *r = wire_response_create(request, true);
		answer_trace(k, last, r);
		return r;
	}
	struct wire_node *r = wire_response_create(request, false);
	wire_node_set_text(r, "error", "invalid");
	wire_node_set_text(r, "reason",
		command && strcmp(command, "trace") == 0 ? "last: 1 to 1000"
							 : "command: a gate answers status and "
							   "trace; ask the register for the rest");
	return r;
}

char *report_answer(const struct kiosk *k, const char *bytes, size_t len)
{
	char reason[WIRE_REASON_MAX];
	struct wire_node *request = wire_node_parse(bytes, len, reason);

	if (!request)
		return NULL; /* decoded once before: memory is out */
	struct wire_node *response = answer_of(k, request);
	char *text = wire_node_text(response);
	wire_node_destroy(response);
	wire_node_destroy(request);
	return text;
}
