/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/halfday.h"
#include "wire/json.h"

/* Lengths of gates-data.json, in characters, and its lists. */
#define NAME_CHARS 100
#define CLASS_CHARS 20
#define EXCUSED_MAX 40
#define EXCUSED_DAYS 14 /* today and the 13 days after it */

static void encode_excused(struct wire_out *out, json_t *object, const struct roster *roster,
	int64_t pupil, struct civil_date today)
{
	json_t *list = NULL;

	for (int i = 0; i < 2 * EXCUSED_DAYS; i++) {
		struct civil_date date = civil_date_add(today, i / 2);
		enum halfday half = i % 2 ? HALFDAY_PM : HALFDAY_AM;
		if (!roster_excuse_of(roster, pupil, date, half))
			continue;
		if (!list)
			list = wire_out_array(out, object, "excused");
		json_t *row = wire_out_object(out, list, NULL);
		wire_out_date(out, row, "date", date);
		wire_out_half(out, row, "half", half);
	}
}

static void encode_pupils(struct wire_out *out, const struct roster *roster, enum wire_names names,
	struct civil_date today)
{
	json_t *list = wire_out_array(out, out->root, "pupils");

	for (size_t i = 0; i < roster->n_pupils; i++) {
		const struct roster_pupil *p = &roster->pupils[i];
		json_t *object = wire_out_object(out, list, NULL);
		wire_out_pupil(out, object, "id", p->id);
		if (names != WIRE_NAMES_NONE && p->first_name[0])
			wire_out_text(out, object, "first_name", p->first_name, NAME_CHARS);
		if (names == WIRE_NAMES_FULL && p->last_name[0])
			wire_out_text(out, object, "last_name", p->last_name, NAME_CHARS);
		wire_out_text(out, object, "class", p->class_name, CLASS_CHARS);
		if (p->language != ROSTER_LANGUAGE_NONE)
			wire_out_word(out, object, "language", roster_language_word(p->language));
		if (p->has_record)
			wire_out_record(out, object, p->late_30_days, p->recent, p->n_recent);
		if (roster->n_excuses > 0)
			encode_excused(out, object, roster, p->id, today);
		if (p->id < 1 || !p->class_name[0])
			out->failed = true;
	}
}

static void encode_cards(struct wire_out *out, const struct roster *roster)
{
	static const char *const must[] = { "card", "pupil", NULL };
	json_t *list = wire_out_array(out, out->root, "cards");

	for (size_t i = 0; i < roster->n_cards; i++) {
		const struct roster_card *c = &roster->cards[i];
		json_t *object = wire_out_object(out, list, NULL);
		wire_out_hash(out, object, "card", c->hash);
		wire_out_pupil(out, object, "pupil", c->pupil);
		if (c->blocked)
			wire_out_bool(out, object, "blocked", true);
		wire_out_date(out, object, "from", c->from);
		wire_out_date(out, object, "to", c->to);
		wire_out_must(out, object, must);
	}
}

static void out_clock(struct wire_out *out, json_t *object, const char *key, int at_s)
{
	char text[CIVIL_CLOCK_TEXT];
	/* The contract has no 24:00: lessons up to midnight end a minute before it. */
	civil_format_clock(at_s < CIVIL_DAY_S ? at_s : CIVIL_DAY_S - 60, text);
	wire_out_word(out, object, key, text);
}

static void encode_timetable(struct wire_out *out, const struct roster *roster)
{
	json_t *list = wire_out_array(out, out->root, "timetable");

	for (size_t i = 0; i < roster->n_rows; i++) {
		const struct timetable_row *r = &roster->rows[i];
		json_t *object = wire_out_object(out, list, NULL);
		wire_out_text(out, object, "class", r->class_name, CLASS_CHARS);
		wire_out_word(out, object, "weekday", timetable_weekday_word(r->weekday));
		wire_out_word(out, object, "half", halfday_word(r->half));
		out_clock(out, object, "start", r->slot.start_s);
		out_clock(out, object, "end", r->slot.end_s);
	}
}

static void encode_days_off(struct wire_out *out, const struct roster *roster)
{
	static const char *const must[] = { "date", NULL };
	json_t *list = wire_out_array(out, out->root, "days_off");

	for (size_t i = 0; i < roster->n_days; i++) {
		const struct calendar_day *d = &roster->days[i];
		json_t *object = wire_out_object(out, list, NULL);
		wire_out_date(out, object, "date", d->date);
		wire_out_half(out, object, "half", d->half);
		wire_out_text(out, object, "name", d->name, NAME_CHARS);
		wire_out_must(out, object, must);
	}
}

char *wire_gates_data_encode(const struct roster *roster, enum wire_names names,
	struct civil_date today, const struct wire_context *ctx)
{
	static const char *const must[] = { "made_at", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	wire_out_int(&out, out.root, "generation", roster->generation);
	wire_out_time(&out, out.root, "made_at", roster->made_at_ms);
	encode_pupils(&out, roster, names, today);
	encode_cards(&out, roster);
	encode_timetable(&out, roster);
	encode_days_off(&out, roster);
	wire_out_must(&out, out.root, must);
	if (roster->generation < 1)
		out.failed = true;
	return wire_out_close(&out);
}

static void decode_excused(struct wire_in *in, json_t *object, struct roster *roster, int64_t pupil)
{
	json_t *list = wire_in_array(in, object, "excused", WIRE_OPTIONAL, EXCUSED_MAX);
	for (size_t i = 0; i < json_array_size(list) && !in->err; i++) {
		struct roster_excuse *e = &roster->excuses[roster->n_excuses++];
		*e = (struct roster_excuse){ .pupil = pupil, .reason = ROSTER_EXCUSED };
		wire_in_enter(in, "excused", i);
		json_t *row = wire_in_element(in, list, i);
		wire_in_date(in, row, "date", WIRE_REQUIRED, &e->from);
		wire_in_half(in, row, "half", WIRE_REQUIRED, &e->from_half);
		wire_in_leave(in);
		e->to = e->from;
		e->to_half = e->from_half;
	}
}

static void decode_pupils(struct wire_in *in, json_t *list, struct roster *roster)
{
	for (size_t i = 0; i < json_array_size(list) && !in->err; i++) {
		struct roster_pupil *p = &roster->pupils[roster->n_pupils++];
		wire_in_enter(in, "pupils", i);
		json_t *object = wire_in_element(in, list, i);
		wire_in_pupil(in, object, "id", WIRE_REQUIRED, &p->id);
		wire_in_text(in, object, "first_name", WIRE_OPTIONAL, NAME_CHARS, p->first_name,
			sizeof(p->first_name));
		wire_in_text(in, object, "last_name", WIRE_OPTIONAL, NAME_CHARS, p->last_name,
			sizeof(p->last_name));
		wire_in_class(in, object, p->class_name);
		const char *word = wire_in_word(in, object, "language", WIRE_OPTIONAL);
		p->language = roster_language_parse(word);
		if (word && p->language == ROSTER_LANGUAGE_NONE)
			wire_in_refuse(in, "language", "no such word");
		p->has_record =
			wire_in_record(in, object, &p->late_30_days, p->recent, &p->n_recent);
		decode_excused(in, object, roster, p->id);
		wire_in_leave(in);
	}
}

static void decode_cards(struct wire_in *in, json_t *list, struct roster *roster)
{
	for (size_t i = 0; i < json_array_size(list) && !in->err; i++) {
		struct roster_card *c = &roster->cards[roster->n_cards++];
		wire_in_enter(in, "cards", i);
		json_t *object = wire_in_element(in, list, i);
		wire_in_hash(in, object, "card", WIRE_REQUIRED, &c->hash);
		wire_in_pupil(in, object, "pupil", WIRE_REQUIRED, &c->pupil);
		wire_in_bool(in, object, "blocked", WIRE_OPTIONAL, &c->blocked);
		wire_in_date(in, object, "from", WIRE_OPTIONAL, &c->from);
		wire_in_date(in, object, "to", WIRE_OPTIONAL, &c->to);
		wire_in_leave(in);
	}
}

static void in_clock(struct wire_in *in, json_t *object, const char *key, int *ret_at_s)
{
	const char *text = wire_in_word(in, object, key, WIRE_REQUIRED);
	if (text && civil_parse_clock(text, ret_at_s))
		wire_in_refuse(in, key, "no time of day");
}

static void decode_timetable(struct wire_in *in, json_t *list, struct roster *roster)
{
	for (size_t i = 0; i < json_array_size(list) && !in->err; i++) {
		struct timetable_row *r = &roster->rows[roster->n_rows++];
		wire_in_enter(in, "timetable", i);
		json_t *object = wire_in_element(in, list, i);
		wire_in_class(in, object, r->class_name);
		const char *word = wire_in_word(in, object, "weekday", WIRE_REQUIRED);
		r->weekday = word ? timetable_weekday_parse(word) : -1;
		if (word && r->weekday < 0)
			wire_in_refuse(in, "weekday", "no such word");
		wire_in_half(in, object, "half", WIRE_REQUIRED, &r->half);
		in_clock(in, object, "start", &r->slot.start_s);
		in_clock(in, object, "end", &r->slot.end_s);
		if (r->slot.end_s <= r->slot.start_s)
			wire_in_refuse(in, "end", "not after the start");
		wire_in_leave(in);
	}
}

static void decode_days_off(struct wire_in *in, json_t *list, struct roster *roster)
{
	for (size_t i = 0; i < json_array_size(list) && !in->err; i++) {
		struct calendar_day *d = &roster->days[roster->n_days++];
		wire_in_enter(in, "days_off", i);
		json_t *object = wire_in_element(in, list, i);
		wire_in_date(in, object, "date", WIRE_REQUIRED, &d->date);
		wire_in_half(in, object, "half", WIRE_OPTIONAL, &d->half);
		wire_in_text(
			in, object, "name", WIRE_REQUIRED, NAME_CHARS, d->name, sizeof(d->name));
		wire_in_leave(in);
	}
}

/* The lists of the message, each within the limit of core/roster.h. */
struct lists {
	json_t *pupils, *cards, *timetable, *days_off;
};

static struct lists find_lists(struct wire_in *in, struct roster_size *ret_size)
{
	json_t *m = in->root;
	struct lists l = {
		.pupils = wire_in_array(in, m, "pupils", WIRE_REQUIRED, ROSTER_PUPILS_MAX),
		.cards = wire_in_array(in, m, "cards", WIRE_REQUIRED, ROSTER_CARDS_MAX),
		.timetable = wire_in_array(in, m, "timetable", WIRE_REQUIRED, ROSTER_ROWS_MAX),
		.days_off = wire_in_array(in, m, "days_off", WIRE_REQUIRED, ROSTER_DAYS_MAX),
	};
	size_t excuses = 0;

	for (size_t i = 0; i < json_array_size(l.pupils); i++)
		excuses += json_array_size(json_object_get(json_array_get(l.pupils, i), "excused"));
	if (excuses > ROSTER_EXCUSES_MAX)
		wire_in_refuse(in, "excused", "too many elements");
	*ret_size = (struct roster_size){
		.pupils = json_array_size(l.pupils),
		.cards = json_array_size(l.cards),
		.rows = json_array_size(l.timetable),
		.days = json_array_size(l.days_off),
		.excuses = excuses,
	};
	return l;
}

int wire_gates_data_decode(
	const void *bytes, size_t len, struct roster **ret_roster, char *ret_reason)
{
	struct roster *roster = NULL;
	struct roster_size size;
	struct wire_in in;
	int64_t generation = 0;
	int64_t made_at_ms = 0;

	wire_in_open_large(&in, bytes, len, WIRE_GATES_DATA_MAX, ret_reason);
	wire_in_int(&in, in.root, "generation", WIRE_REQUIRED, 1, WIRE_INT_MAX, &generation);
	wire_in_time(&in, in.root, "made_at", WIRE_REQUIRED, &made_at_ms);
	struct lists lists = find_lists(&in, &size);
	if (in.err)
		goto out;
	roster = roster_create(&size);
	if (!roster) {
		wire_in_fail_memory(&in);
		goto out;
	}
	roster->generation = generation;
	roster->made_at_ms = made_at_ms;
	decode_pupils(&in, lists.pupils, roster);
	decode_cards(&in, lists.cards, roster);
	decode_timetable(&in, lists.timetable, roster);
	decode_days_off(&in, lists.days_off, roster);
	if (!in.err && roster_index(roster))
		wire_in_refuse(&in, "pupils or cards", "one of them twice");
	if (in.err)
		goto out;
	*ret_roster = roster;
	roster = NULL; /* the caller's now */
out:
	roster_destroy(roster);
	return wire_in_close(&in);
}
