/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/local.h"

#include <stdio.h>
#include <string.h>

#include "wire/json.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_CHARS 200 /* names and reasons */
#define NAME_CHARS 201 /* first and last name, and the space */

static const char *const role_words[] = {
	[WIRE_ROLE_NONE] = NULL,
	[WIRE_ROLE_READER] = "reader",
	[WIRE_ROLE_SCREEN] = "screen",
	[WIRE_ROLE_SIGNAL] = "signal",
	[WIRE_ROLE_CONTROL] = "control",
};
static const char *const type_words[] = {
	[WIRE_LOCAL_NONE] = NULL,
	[WIRE_LOCAL_HELLO] = "hello",
	[WIRE_LOCAL_WELCOME] = "welcome",
	[WIRE_LOCAL_CARD] = "card",
	[WIRE_LOCAL_GONE] = "gone",
	[WIRE_LOCAL_TWO_CARDS] = "two_cards",
	[WIRE_LOCAL_STATUS] = "status",
	[WIRE_LOCAL_VIEW] = "view",
	[WIRE_LOCAL_PRESENTED] = "presented",
	[WIRE_LOCAL_TOUCH] = "touch",
	[WIRE_LOCAL_REQUEST] = "request",
	[WIRE_LOCAL_RESPONSE] = "response",
	[WIRE_LOCAL_ERROR] = "error",
};
static const char *const touch_words[] = {
	[WIRE_TOUCH_NONE] = NULL,
	[WIRE_TOUCH_OVERVIEW] = "overview",
	[WIRE_TOUCH_TALK] = "talk",
	[WIRE_TOUCH_CLOSE] = "close",
};
/* One further than the enum, since wire_in_choice() keeps 0 for "none" and idle is 0. */
static const char *const view_state_words[] = {
	NULL,
	[WIRE_VIEW_IDLE + 1] = "idle",
	[WIRE_VIEW_READING + 1] = "reading",
	[WIRE_VIEW_RESULT + 1] = "result",
	[WIRE_VIEW_OVERVIEW + 1] = "overview",
	[WIRE_VIEW_FAULT + 1] = "fault",
};
static const char *const result_words[] = {
	[WIRE_RESULT_NONE] = NULL,
	[WIRE_RESULT_PRESENT] = "present",
	[WIRE_RESULT_LATE] = "late",
	[WIRE_RESULT_ALREADY] = "already",
	[WIRE_RESULT_NOT_EXPECTED] = "not_expected",
	[WIRE_RESULT_UNJUDGED] = "unjudged",
	[WIRE_RESULT_UNKNOWN_CARD] = "unknown_card",
	[WIRE_RESULT_BLOCKED_CARD] = "blocked_card",
	[WIRE_RESULT_REFUSED_CARD] = "refused_card",
	[WIRE_RESULT_TWO_CARDS] = "two_cards",
	[WIRE_RESULT_NOT_STORED] = "not_stored",
};
static const char *const fault_words[] = {
	[WIRE_FAULT_NONE] = NULL,
	[WIRE_FAULT_READER] = "reader",
	[WIRE_FAULT_STORE] = "store",
};

const char *wire_view_result_word(enum wire_view_result result)
{
	return result_words[result] ? result_words[result] : "";
}

const char *wire_view_state_word(enum wire_view_state state)
{
	return view_state_words[state + 1];
}

static void encode_card(struct wire_out *out, const struct wire_card *c)
{
	char uid[2 * CARD_UID_MAX + 1];

	if (c->uid_len != 4 && c->uid_len != 7 && c->uid_len != 10) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < c->uid_len; i++)
		snprintf(uid + 2 * i, 3, "%02x", c->uid[i]);
	wire_out_word(out, out->root, "uid", uid);
	wire_out_said(out, out->root, "sak", c->sak);
	if (c->atqa[0])
		wire_out_text(out, out->root, "atqa", c->atqa, 4);
	wire_out_said(out, out->root, "seen_us", c->seen_us);
}

/* What a result says, and an overview too. */
static void encode_result(struct wire_out *out, const struct wire_view *v)
{
	json_t *m = out->root;

	/* An overview need not follow a tap of just now. */
	if (v->state == WIRE_VIEW_RESULT || v->result != WIRE_RESULT_NONE)
		wire_out_word(out, m, "result", wire_view_result_word(v->result));
	if (uuid_is_none(v->checkin))
		wire_out_null(out, m, "checkin");
	else
		wire_out_uuid(out, m, "checkin", v->checkin);
	if (v->name[0])
		wire_out_text(out, m, "name", v->name, NAME_CHARS);
	if (v->language != ROSTER_LANGUAGE_NONE)
		wire_out_word(out, m, "language", roster_language_word(v->language));
	if (v->result == WIRE_RESULT_LATE)
		wire_out_said(out, m, "minutes_late", v->minutes_late);
}

static void encode_overview(struct wire_out *out, const struct wire_view *v)
{
	wire_out_bool(out, out->root, "talk", v->talk);
	if (v->talk_asked)
		wire_out_bool(out, out->root, "talk_asked", true);
	if (v->has_record)
		wire_out_record(out, out->root, v->late_30_days, v->recent, v->n_recent);
}

static void encode_view(struct wire_out *out, const struct wire_view *v)
{
	json_t *m = out->root;

	wire_out_int(out, m, "number", v->number);
	wire_out_word(out, m, "state", wire_view_state_word(v->state));
	wire_out_said(out, m, "seen_us", v->seen_us);
	wire_out_bool(out, m, "offline", v->offline);
	wire_out_word(out, m, "clock", checkin_clock_word(v->clock));
	if (v->at[0]) /* without a clock to trust there is no time to say */
		wire_out_text(out, m, "at", v->at, WIRE_CLOCK_TEXT - 1);
	switch (v->state) {
	case WIRE_VIEW_RESULT:
		encode_result(out, v);
		break;
	case WIRE_VIEW_OVERVIEW:
		encode_result(out, v);
		encode_overview(out, v);
		break;
	case WIRE_VIEW_FAULT:
		wire_out_word(out, m, "fault", fault_words[v->fault]);
		wire_out_bool(out, m, "taps_count", v->taps_count);
		break;
	case WIRE_VIEW_IDLE:
	case WIRE_VIEW_READING:
		break;
	}
	if (v->number < 1 || v->minutes_late > WIRE_MINUTES_MAX)
		out->failed = true;
}

static void encode_body(struct wire_out *out, const struct wire_local *m)
{
	json_t *root = out->root;

	switch (m->type) {
	case WIRE_LOCAL_HELLO:
		wire_out_word(out, root, "role", role_words[m->role]);
		wire_out_text(out, root, "name", m->name, TEXT_CHARS);
		break;
	case WIRE_LOCAL_WELCOME:
		wire_out_word(out, root, "gate", m->gate);
		wire_out_text(out, root, "version", m->version, WIRE_VERSION_MAX - 1);
		break;
	case WIRE_LOCAL_CARD:
		encode_card(out, &m->card);
		break;
	case WIRE_LOCAL_STATUS:
		wire_out_word(out, root, "state", wire_reader_words[m->reader]);
		if (m->reason[0])
			wire_out_text(out, root, "reason", m->reason, TEXT_CHARS);
		break;
	case WIRE_LOCAL_VIEW:
		encode_view(out, &m->view);
		break;
	case WIRE_LOCAL_PRESENTED:
		wire_out_int(out, root, "number", m->number);
		wire_out_int(out, root, "at_us", m->at_us);
		break;
	case WIRE_LOCAL_TOUCH:
		wire_out_word(out, root, "action", touch_words[m->touch]);
		if (!uuid_is_none(m->checkin))
			wire_out_uuid(out, root, "checkin", m->checkin);
		break;
	case WIRE_LOCAL_ERROR:
		wire_out_text(out, root, "reason", m->reason, TEXT_CHARS);
		break;
	case WIRE_LOCAL_GONE:
	case WIRE_LOCAL_TWO_CARDS:
		break;
	case WIRE_LOCAL_NONE:
	case WIRE_LOCAL_REQUEST: /* wire/request.h */
	case WIRE_LOCAL_RESPONSE:
		out->failed = true;
		break;
	}
}

char *wire_local_encode(const struct wire_local *m)
{
	struct wire_out out;

	wire_out_open(&out, NULL);
	wire_out_word(&out, out.root, "type", type_words[m->type]);
	encode_body(&out, m);
	return wire_out_close(&out);
}

static void decode_card(struct wire_in *in, struct wire_card *c)
{
	const char *uid = wire_in_word(in, in->root, "uid", WIRE_REQUIRED);
	/* The parser takes capitals as well; between our own programs there is one form. */
	int len = uid && !uid[strspn(uid, "0123456789abcdef")] ? card_parse_uid(uid, c->uid) : -1;
	if (uid && len < 0)
		wire_in_refuse(in, "uid", "no 4, 7 or 10 bytes in lower-case hex");
	c->uid_len = len > 0 ? (size_t)len : 0;
	wire_in_int32(in, in->root, "sak", WIRE_OPTIONAL, 0, 255, &c->sak);
	if (wire_in_text(in, in->root, "atqa", WIRE_OPTIONAL, 4, c->atqa, sizeof(c->atqa)) &&
		strspn(c->atqa, "0123456789abcdefABCDEF") != 4)
		wire_in_refuse(in, "atqa", "no four hex digits");
	wire_in_int(in, in->root, "seen_us", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &c->seen_us);
}

static void decode_result(struct wire_in *in, enum wire_need need, struct wire_view *v)
{
	json_t *m = in->root;

	v->result = (enum wire_view_result)wire_in_choice(
		in, m, "result", need, result_words, N_OF(result_words));
	wire_in_uuid(in, m, "checkin", WIRE_NULLABLE, &v->checkin);
	wire_in_text(in, m, "name", WIRE_OPTIONAL, NAME_CHARS, v->name, sizeof(v->name));
	const char *word = wire_in_word(in, m, "language", WIRE_OPTIONAL);
	v->language = roster_language_parse(word);
	if (word && v->language == ROSTER_LANGUAGE_NONE)
		wire_in_refuse(in, "language", "no such word");
	wire_in_int32(in, m, "minutes_late", WIRE_OPTIONAL, 0, WIRE_MINUTES_MAX, &v->minutes_late);
	if (v->result != WIRE_RESULT_LATE)
		v->minutes_late = -1;
}

static void decode_overview(struct wire_in *in, struct wire_view *v)
{
	wire_in_bool(in, in->root, "talk", WIRE_OPTIONAL, &v->talk);
	wire_in_bool(in, in->root, "talk_asked", WIRE_OPTIONAL, &v->talk_asked);
	v->has_record = wire_in_record(in, in->root, &v->late_30_days, v->recent, &v->n_recent);
}

static void decode_view(struct wire_in *in, struct wire_view *v)
{
	json_t *m = in->root;
	int clock = CHECKIN_CLOCK_UNKNOWN;
	int at_s;

	wire_in_int(in, m, "number", WIRE_REQUIRED, 1, WIRE_INT_MAX, &v->number);
	int state = wire_in_choice(
		in, m, "state", WIRE_REQUIRED, view_state_words, N_OF(view_state_words));
	v->state = state > 0 ? (enum wire_view_state)(state - 1) : WIRE_VIEW_IDLE;
	wire_in_int(in, m, "seen_us", WIRE_OPTIONAL, 0, WIRE_INT_MAX, &v->seen_us);
	wire_in_bool(in, m, "offline", WIRE_REQUIRED, &v->offline);
	wire_in_clock(in, WIRE_REQUIRED, &clock);
	v->clock = (enum checkin_clock)clock;
	if (wire_in_text(in, m, "at", WIRE_OPTIONAL, WIRE_CLOCK_TEXT - 1, v->at, sizeof(v->at)) &&
		v->at[0] && civil_parse_clock(v->at, &at_s))
		wire_in_refuse(in, "at", "no time of day");
	switch (v->state) {
	case WIRE_VIEW_RESULT:
		decode_result(in, WIRE_REQUIRED, v);
		break;
	case WIRE_VIEW_OVERVIEW:
		decode_result(in, WIRE_OPTIONAL, v);
		decode_overview(in, v);
		break;
	case WIRE_VIEW_FAULT:
		v->fault = (enum wire_view_fault)wire_in_choice(
			in, m, "fault", WIRE_REQUIRED, fault_words, N_OF(fault_words));
		wire_in_bool(in, m, "taps_count", WIRE_OPTIONAL, &v->taps_count);
		break;
	case WIRE_VIEW_IDLE:
	case WIRE_VIEW_READING:
		break;
	}
}

static void decode_body(struct wire_in *in, struct wire_local *m)
{
	json_t *root = in->root;

	switch (m->type) {
	case WIRE_LOCAL_HELLO:
		m->role = (enum wire_role)wire_in_choice(
			in, root, "role", WIRE_REQUIRED, role_words, N_OF(role_words));
		wire_in_text(in, root, "name", WIRE_OPTIONAL, TEXT_CHARS, m->name, sizeof(m->name));
		break;
	case WIRE_LOCAL_WELCOME:
		wire_in_slug(in, root, "gate", WIRE_REQUIRED, m->gate);
		wire_in_text(in, root, "version", WIRE_OPTIONAL, WIRE_VERSION_MAX - 1, m->version,
			sizeof(m->version));
		break;
	case WIRE_LOCAL_CARD:
		decode_card(in, &m->card);
		break;
	case WIRE_LOCAL_STATUS:
		m->reader = (enum wire_reader_state)wire_in_choice(
			in, root, "state", WIRE_REQUIRED, wire_reader_words, WIRE_READER_FAULT + 1);
		wire_in_text(in, root, "reason", WIRE_OPTIONAL, TEXT_CHARS, m->reason,
			sizeof(m->reason));
		break;
	case WIRE_LOCAL_VIEW:
		decode_view(in, &m->view);
		break;
	case WIRE_LOCAL_PRESENTED:
		wire_in_int(in, root, "number", WIRE_REQUIRED, 1, WIRE_INT_MAX, &m->number);
		wire_in_int(in, root, "at_us", WIRE_REQUIRED, 0, WIRE_INT_MAX, &m->at_us);
		break;
	case WIRE_LOCAL_TOUCH:
		m->touch = (enum wire_touch)wire_in_choice(
			in, root, "action", WIRE_REQUIRED, touch_words, N_OF(touch_words));
		wire_in_uuid(in, root, "checkin", WIRE_OPTIONAL, &m->checkin);
		break;
	case WIRE_LOCAL_ERROR:
		wire_in_text(in, root, "reason", WIRE_REQUIRED, TEXT_CHARS, m->reason,
			sizeof(m->reason));
		break;
	case WIRE_LOCAL_GONE:
	case WIRE_LOCAL_TWO_CARDS:
	case WIRE_LOCAL_REQUEST:
	case WIRE_LOCAL_RESPONSE:
	case WIRE_LOCAL_NONE: /* refused by its word already */
		break;
	}
}

int wire_local_decode(const void *bytes, size_t len, struct wire_local *ret_local, char *ret_reason)
{
	struct wire_local m = { .type = WIRE_LOCAL_NONE };
	struct wire_in in;

	m.card.sak = -1;
	m.card.seen_us = -1;
	m.view.seen_us = -1;
	m.view.minutes_late = -1;
	wire_in_open(&in, bytes, len, WIRE_DATAGRAM_MAX, ret_reason);
	m.type = (enum wire_local_type)wire_in_choice(
		&in, in.root, "type", WIRE_REQUIRED, type_words, N_OF(type_words));
	decode_body(&in, &m);
	if (wire_in_close(&in))
		return in.err;
	*ret_local = m;
	return 0;
}
