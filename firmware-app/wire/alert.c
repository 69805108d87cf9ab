/* SPDX-License-Identifier: EUPL-1.2 */
#include <limits.h>
#include <stdio.h>

#include "wire/json.h"

/* Lengths of alert.json, in characters. */
#define ID_CHARS 120
#define NAME_CHARS 200
#define CLASS_CHARS 20
#define BY_CHARS 64
#define NOTE_CHARS 1000

/* One further than the enum, since wire_in_choice() keeps 0 for "none". */
static const char *const certainty_words[] = {
	NULL,
	[ALERT_UNCONFIRMED + 1] = "unconfirmed",
	[ALERT_CONFIRMED + 1] = "confirmed",
};

static void encode_pupil(
	struct wire_out *out, const struct alert *a, const struct roster_pupil *pupil)
{
	char name[2 * ROSTER_NAME_MAX];

	if (a->pupil == 0)
		return;
	json_t *object = wire_out_object(out, out->root, "pupil");
	wire_out_pupil(out, object, "id", a->pupil);
	if (!pupil)
		return;
	snprintf(name, sizeof(name), "%s%s%s", pupil->first_name,
		pupil->first_name[0] && pupil->last_name[0] ? " " : "", pupil->last_name);
	if (name[0])
		wire_out_text(out, object, "name", name, NAME_CHARS);
	if (pupil->class_name[0])
		wire_out_text(out, object, "class", pupil->class_name, CLASS_CHARS);
}

static void encode_people(struct wire_out *out, json_t *m, const struct alert *a)
{
	static const char *const must[] = { "at", NULL };

	if (a->acknowledged_by[0]) {
		json_t *object = wire_out_object(out, m, "acknowledged");
		wire_out_text(out, object, "by", a->acknowledged_by, BY_CHARS);
		wire_out_time(out, object, "at", a->acknowledged_at_ms);
		wire_out_must(out, object, must);
	}
	if (a->what != ALERT_WHAT_NONE) {
		json_t *object = wire_out_object(out, m, "resolution");
		wire_out_word(out, object, "what", alert_what_word(a->what));
		if (a->resolved_by[0])
			wire_out_text(out, object, "by", a->resolved_by, BY_CHARS);
		wire_out_time(out, object, "at", a->resolved_at_ms);
		if (a->note[0])
			wire_out_text(out, object, "note", a->note, NOTE_CHARS);
		wire_out_must(out, object, must);
	}
}

void wire_out_alert(struct wire_out *out, json_t *m, const struct alert *a)
{
	static const char *const must[] = { "date", "raised_at", "changed_at", NULL };

	wire_out_text(out, m, "id", a->id, ID_CHARS);
	wire_out_word(out, m, "kind", alert_kind_word(a->kind));
	wire_out_word(out, m, "state", alert_state_word(a->state));
	wire_out_word(out, m, "certainty", certainty_words[a->certainty + 1]);
	wire_out_date(out, m, "date", a->date);
	wire_out_half(out, m, "half", a->half);
	wire_out_time(out, m, "raised_at", a->raised_at_ms);
	wire_out_time(out, m, "changed_at", a->changed_at_ms);
	wire_out_int(out, m, "revision", a->revision);
	wire_out_slug(out, m, "gate", a->gate);
	if (a->class_name[0])
		wire_out_text(out, m, "class", a->class_name, CLASS_CHARS);
	wire_out_hash(out, m, "card", a->card);
	wire_out_time(out, m, "expected_at", a->expected_at_ms);
	wire_out_time(out, m, "arrived_at", a->arrived_at_ms);
	wire_out_said(out, m, "minutes_late", a->minutes_late);
	wire_out_said(out, m, "missing", a->missing);
	wire_out_said(out, m, "expected", a->expected);
	encode_people(out, m, a);
	wire_out_must(out, m, must);
	if (a->revision < 1 || a->minutes_late > WIRE_MINUTES_MAX || !a->id[0])
		out->failed = true;
}

char *wire_alert_encode(
	const struct alert *a, const struct roster_pupil *pupil, const struct wire_context *ctx)
{
	struct wire_out out;

	wire_out_open(&out, ctx);
	wire_out_alert(&out, out.root, a);
	encode_pupil(&out, a, pupil);
	if (ctx && ctx->rehearsal)
		wire_out_bool(&out, out.root, "rehearsal", true);
	return wire_out_close(&out);
}

static void decode_words(struct wire_in *in, struct alert *a)
{
	const char *word = wire_in_word(in, in->root, "kind", WIRE_REQUIRED);
	a->kind = alert_kind_parse(word);
	if (word && a->kind == ALERT_KIND_NONE)
		wire_in_refuse(in, "kind", "no such word");
	word = wire_in_word(in, in->root, "state", WIRE_REQUIRED);
	a->state = alert_state_parse(word);
	if (word && a->state == ALERT_STATE_NONE)
		wire_in_refuse(in, "state", "no such word");
	int certainty =
		wire_in_choice(in, in->root, "certainty", WIRE_REQUIRED, certainty_words, 3);
	a->certainty = certainty > 0 ? (enum alert_certainty)(certainty - 1) : ALERT_UNCONFIRMED;
}

/* Name and class are checked as the schema says, then dropped: an alert holds the id alone. */
static void decode_pupil(struct wire_in *in, struct alert *a)
{
	char text[4 * NAME_CHARS + 1];
	json_t *object = wire_in_object(in, in->root, "pupil", WIRE_OPTIONAL);

	wire_in_enter(in, "pupil", SIZE_MAX);
	wire_in_pupil(in, object, "id", WIRE_REQUIRED, &a->pupil);
	wire_in_text(in, object, "name", WIRE_OPTIONAL, NAME_CHARS, text, sizeof(text));
	wire_in_text(in, object, "class", WIRE_OPTIONAL, CLASS_CHARS, text, sizeof(text));
	wire_in_leave(in);
}

static void decode_people(struct wire_in *in, struct alert *a)
{
	json_t *object = wire_in_object(in, in->root, "acknowledged", WIRE_OPTIONAL);
	wire_in_enter(in, "acknowledged", SIZE_MAX);
	wire_in_text(in, object, "by", WIRE_REQUIRED, BY_CHARS, a->acknowledged_by,
		sizeof(a->acknowledged_by));
	wire_in_time(in, object, "at", WIRE_REQUIRED, &a->acknowledged_at_ms);
	wire_in_leave(in);

	object = wire_in_object(in, in->root, "resolution", WIRE_OPTIONAL);
	wire_in_enter(in, "resolution", SIZE_MAX);
	const char *word = wire_in_word(in, object, "what", WIRE_REQUIRED);
	a->what = alert_what_parse(word);
	if (word && a->what == ALERT_WHAT_NONE)
		wire_in_refuse(in, "what", "no such word");
	wire_in_text(
		in, object, "by", WIRE_OPTIONAL, BY_CHARS, a->resolved_by, sizeof(a->resolved_by));
	wire_in_time(in, object, "at", WIRE_REQUIRED, &a->resolved_at_ms);
	wire_in_text(in, object, "note", WIRE_OPTIONAL, NOTE_CHARS, a->note, sizeof(a->note));
	wire_in_leave(in);
}

int wire_alert_decode(const void *bytes, size_t len, struct alert *ret_alert, char *ret_reason)
{
	struct alert a = { .expected_at_ms = -1, .arrived_at_ms = -1, .minutes_late = -1 };
	bool rehearsal;
	struct wire_in in;

	a.missing = a.expected = -1;
	wire_in_open(&in, bytes, len, WIRE_PAYLOAD_MAX, ret_reason);
	json_t *m = in.root;
	if (wire_in_text(&in, m, "id", WIRE_REQUIRED, ID_CHARS, a.id, sizeof(a.id)) && !a.id[0])
		wire_in_refuse(&in, "id", "empty");
	decode_words(&in, &a);
	wire_in_date(&in, m, "date", WIRE_REQUIRED, &a.date);
	wire_in_half(&in, m, "half", WIRE_OPTIONAL, &a.half);
	wire_in_time(&in, m, "raised_at", WIRE_REQUIRED, &a.raised_at_ms);
	wire_in_time(&in, m, "changed_at", WIRE_REQUIRED, &a.changed_at_ms);
	wire_in_int32(&in, m, "revision", WIRE_REQUIRED, 1, INT_MAX, &a.revision);
	decode_pupil(&in, &a);
	wire_in_slug(&in, m, "gate", WIRE_OPTIONAL, a.gate);
	wire_in_text(
		&in, m, "class", WIRE_OPTIONAL, CLASS_CHARS, a.class_name, sizeof(a.class_name));
	wire_in_hash(&in, m, "card", WIRE_OPTIONAL, &a.card);
	wire_in_time(&in, m, "expected_at", WIRE_OPTIONAL, &a.expected_at_ms);
	wire_in_time(&in, m, "arrived_at", WIRE_OPTIONAL, &a.arrived_at_ms);
	wire_in_int32(&in, m, "minutes_late", WIRE_OPTIONAL, 0, WIRE_MINUTES_MAX, &a.minutes_late);
	wire_in_int32(&in, m, "missing", WIRE_OPTIONAL, 0, INT_MAX, &a.missing);
	wire_in_int32(&in, m, "expected", WIRE_OPTIONAL, 0, INT_MAX, &a.expected);
	decode_people(&in, &a);
	wire_in_bool(&in, m, "rehearsal", WIRE_OPTIONAL, &rehearsal);
	if (wire_in_close(&in))
		return in.err;
	*ret_alert = a;
	return 0;
}
