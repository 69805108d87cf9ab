/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/alert.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/halfday.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char *const kind_words[] = {
	[ALERT_KIND_NONE] = "",
	[ALERT_ABSENT] = "absent",
	[ALERT_LATE] = "late",
	[ALERT_GATE_SILENT] = "gate_silent",
	[ALERT_CLASS_MISSING] = "class_missing",
	[ALERT_UNKNOWN_CARD] = "unknown_card",
	[ALERT_TALK] = "talk",
};

static const char *const state_words[] = {
	[ALERT_STATE_NONE] = "",
	[ALERT_OPEN] = "open",
	[ALERT_ACKNOWLEDGED] = "acknowledged",
	[ALERT_RESOLVED] = "resolved",
	[ALERT_RETRACTED] = "retracted",
};

static const char *const what_words[] = {
	[ALERT_WHAT_NONE] = "",
	[ALERT_ARRIVED] = "arrived",
	[ALERT_WAS_PRESENT] = "was_present",
	[ALERT_EXCUSED] = "excused",
	[ALERT_REACHED] = "reached",
	[ALERT_NOT_REACHED] = "not_reached",
	[ALERT_GATE_BACK] = "gate_back",
	[ALERT_CARD_LINKED] = "card_linked",
	[ALERT_HALF_DAY_OVER] = "half_day_over",
	[ALERT_SUPERSEDED] = "superseded",
	[ALERT_OTHER] = "other",
};

/* 0 claims nothing, so a word that is not in the list reads as 0. */
static size_t word_index(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 1; word && i < n; i++)
		if (!strcmp(words[i], word))
			return i;
	return 0;
}

const char *alert_kind_word(enum alert_kind kind)
{
	return kind_words[kind];
}

enum alert_kind alert_kind_parse(const char *word)
{
	return (enum alert_kind)word_index(kind_words, LEN(kind_words), word);
}

const char *alert_state_word(enum alert_state state)
{
	return state_words[state];
}

enum alert_state alert_state_parse(const char *word)
{
	return (enum alert_state)word_index(state_words, LEN(state_words), word);
}

const char *alert_what_word(enum alert_what what)
{
	return what_words[what];
}

enum alert_what alert_what_parse(const char *word)
{
	return (enum alert_what)word_index(what_words, LEN(what_words), word);
}

bool alert_is_over(const struct alert *alert)
{
	return alert->state == ALERT_RESOLVED || alert->state == ALERT_RETRACTED;
}

/* The longest start of @from that fits and doesn't cut a character of UTF-8. */
static void copy_text(char *to, size_t size, const char *from)
{
	size_t len = from ? strlen(from) : 0;
	if (len >= size)
		for (len = size - 1; len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80; len--)
			;
	if (len)
		memcpy(to, from, len);
	to[len] = 0;
}

void alert_raise(struct alert *ret_alert, const char *id, enum alert_kind kind,
	enum alert_certainty certainty, struct civil_date date, enum halfday half, int64_t at_ms)
{
	/* The note alone has 4 KB: not cleared by a whole assignment on the stack. */
	memset(ret_alert, 0, sizeof(*ret_alert));
	copy_text(ret_alert->id, sizeof(ret_alert->id), id);
	ret_alert->kind = kind;
	ret_alert->state = ALERT_OPEN;
	ret_alert->certainty = certainty;
	ret_alert->date = date;
	ret_alert->half = half;
	ret_alert->raised_at_ms = at_ms;
	ret_alert->changed_at_ms = at_ms;
	ret_alert->revision = 1;
	ret_alert->expected_at_ms = -1;
	ret_alert->arrived_at_ms = -1;
	ret_alert->minutes_late = -1;
	ret_alert->missing = -1;
	ret_alert->expected = -1;
}

static void close_as(struct alert *a, enum alert_state state, enum alert_what what,
	const struct alert_change *c, const char *by)
{
	a->state = state;
	a->what = what;
	copy_text(a->resolved_by, sizeof(a->resolved_by), by);
	a->resolved_at_ms = c->at_ms;
}

static void open_again(struct alert *a, enum alert_certainty certainty)
{
	a->state = ALERT_OPEN;
	a->certainty = certainty;
	a->what = ALERT_WHAT_NONE;
	a->resolved_by[0] = 0;
	a->resolved_at_ms = 0;
	a->note[0] = 0;
	a->acknowledged_by[0] = 0;
	a->acknowledged_at_ms = 0;
	if (a->kind == ALERT_ABSENT) {
		a->arrived_at_ms = -1;
		a->minutes_late = -1;
	}
}

static bool by_person(const struct alert *a)
{
	return alert_is_over(a) && a->resolved_by[0];
}

static bool about_pupil(const struct alert *a)
{
	return a->kind == ALERT_ABSENT || a->kind == ALERT_LATE;
}

static bool apply_missing(struct alert *a, const struct alert_change *c)
{
	if (!alert_is_over(a)) {
		/* Never back from confirmed: what every gate had told stays told. */
		if (c->certainty != ALERT_CONFIRMED || a->certainty == ALERT_CONFIRMED)
			return false;
		a->certainty = ALERT_CONFIRMED;
		return true;
	}
	if (c->over || by_person(a) || a->what == ALERT_HALF_DAY_OVER)
		return false;
	/* A late tap that turned out to be another day's leaves a missing pupil. */
	if (a->kind == ALERT_LATE) {
		a->kind = ALERT_ABSENT;
		a->raised_at_ms = c->at_ms;
	}
	open_again(a, c->certainty);
	return true;
}

static bool set_arrival(struct alert *a, const struct alert_change *c)
{
	bool same = a->arrived_at_ms == c->arrived_at_ms && a->minutes_late == c->minutes_late;
	a->arrived_at_ms = c->arrived_at_ms;
	a->minutes_late = c->minutes_late;
	if (c->expected_at_ms >= 0)
		a->expected_at_ms = c->expected_at_ms;
	return !same;
}

static bool apply_arrived(struct alert *a, const struct alert_change *c)
{
	if (!about_pupil(a) || (by_person(a) && a->state == ALERT_RETRACTED))
		return false;
	bool moved = set_arrival(a, c);
	if (a->kind == ALERT_LATE) {
		if (a->state != ALERT_RETRACTED || c->over)
			return moved;
		open_again(a, a->certainty);
		return true;
	}
	if (by_person(a) || (a->state == ALERT_RESOLVED && a->what == ALERT_ARRIVED))
		return moved;
	close_as(a, ALERT_RESOLVED, ALERT_ARRIVED, c, NULL);
	return true;
}

/* It was untrue: whatever became of it meanwhile, that is said once. */
static bool apply_untrue(struct alert *a, const struct alert_change *c, enum alert_what what)
{
	bool of_class = a->kind == ALERT_CLASS_MISSING && !alert_is_over(a);
	if ((!about_pupil(a) && !of_class) || a->state == ALERT_RETRACTED)
		return false;
	if (c->event == ALERT_EVENT_IN_TIME && c->arrived_at_ms >= 0) {
		a->arrived_at_ms = c->arrived_at_ms;
		a->minutes_late = -1;
	}
	close_as(a, ALERT_RETRACTED, what, c, c->by);
	return true;
}

static bool apply_certainty(struct alert *a, enum alert_certainty certainty)
{
	if (alert_is_over(a) || a->certainty == certainty ||
		(a->kind != ALERT_ABSENT && a->kind != ALERT_CLASS_MISSING))
		return false;
	a->certainty = certainty;
	return true;
}

static bool apply_count(struct alert *a, const struct alert_change *c)
{
	if (a->kind != ALERT_CLASS_MISSING || alert_is_over(a) ||
		(a->missing == c->missing && a->expected == c->expected))
		return false;
	a->missing = c->missing;
	a->expected = c->expected;
	if (c->missing == 0)
		close_as(a, ALERT_RESOLVED, ALERT_ARRIVED, c, NULL);
	return true;
}

static bool apply_close(struct alert *a, const struct alert_change *c, bool fits,
	enum alert_state state, enum alert_what what)
{
	if (!fits || alert_is_over(a))
		return false;
	close_as(a, state, what, c, c->by);
	return true;
}

static bool apply_person(struct alert *a, const struct alert_change *c)
{
	if (!c->by || !c->by[0])
		return false;
	if (c->event == ALERT_EVENT_ACKNOWLEDGE) {
		if (a->state != ALERT_OPEN)
			return false;
		a->state = ALERT_ACKNOWLEDGED;
		copy_text(a->acknowledged_by, sizeof(a->acknowledged_by), c->by);
		a->acknowledged_at_ms = c->at_ms;
		return true;
	}
	if (c->event == ALERT_EVENT_RELEASE) {
		if (a->state != ALERT_ACKNOWLEDGED)
			return false;
		open_again(a, a->certainty);
		return true;
	}
	if (c->event == ALERT_EVENT_REOPEN) {
		/* Only what a person closed: facts aren't undone by a click. Whose a card is was a person's word too. */
		if ((!by_person(a) && a->what != ALERT_CARD_LINKED) || c->over)
			return false;
		open_again(a, a->certainty);
		return true;
	}
	if (alert_is_over(a))
		return false;
	bool untrue = c->what == ALERT_WAS_PRESENT || c->what == ALERT_EXCUSED;
	close_as(a, untrue ? ALERT_RETRACTED : ALERT_RESOLVED, c->what, c, c->by);
	copy_text(a->note, sizeof(a->note), c->note);
	return true;
}

static bool apply(struct alert *a, const struct alert_change *c)
{
	switch (c->event) {
	case ALERT_EVENT_CONFIRM:
		return apply_certainty(a, ALERT_CONFIRMED);
	case ALERT_EVENT_DOUBT:
		return apply_certainty(a, ALERT_UNCONFIRMED);
	case ALERT_EVENT_MISSING:
		return apply_missing(a, c);
	case ALERT_EVENT_ARRIVED:
		return apply_arrived(a, c);
	case ALERT_EVENT_IN_TIME:
		return apply_untrue(a, c, ALERT_WAS_PRESENT);
	case ALERT_EVENT_EXCUSED:
		return apply_untrue(a, c, ALERT_EXCUSED);
	case ALERT_EVENT_NOT_EXPECTED:
		if (a->kind == ALERT_TALK) /* who asked has left: it was true all the same */
			return apply_close(a, c, true, ALERT_RESOLVED, ALERT_OTHER);
		return apply_untrue(a, c, ALERT_OTHER);
	case ALERT_EVENT_COUNT:
		return apply_count(a, c);
	case ALERT_EVENT_SUPERSEDED:
		return apply_close(a, c, true, ALERT_RESOLVED, ALERT_SUPERSEDED);
	case ALERT_EVENT_GATE_BACK:
		return apply_close(
			a, c, a->kind == ALERT_GATE_SILENT, ALERT_RESOLVED, ALERT_GATE_BACK);
	case ALERT_EVENT_CARD_LINKED:
		return apply_close(
			a, c, a->kind == ALERT_UNKNOWN_CARD, ALERT_RESOLVED, ALERT_CARD_LINKED);
	case ALERT_EVENT_ASKED:
		if (a->kind != ALERT_TALK || !alert_is_over(a))
			return false;
		open_again(a, a->certainty);
		return true;
	case ALERT_EVENT_HALF_DAY_OVER:
		return apply_close(a, c, true, ALERT_RESOLVED, ALERT_HALF_DAY_OVER);
	case ALERT_EVENT_ACKNOWLEDGE:
	case ALERT_EVENT_RELEASE:
	case ALERT_EVENT_RESOLVE:
	case ALERT_EVENT_REOPEN:
		return apply_person(a, c);
	}
	return false;
}

bool alert_apply(struct alert *alert, const struct alert_change *change)
{
	if (alert->state == ALERT_STATE_NONE || !apply(alert, change))
		return false;
	alert->revision++;
	alert->changed_at_ms = change->at_ms;
	return true;
}

/* "2026-11-23-am-" or "2026-11-23-"; ids are cut at their limit, which no contract's value reaches. */
static void id_of(struct civil_date date, enum halfday half, const char *tail, char *ret_id)
{
	char day[CIVIL_DATE_TEXT];
	civil_format_date(date, day);
	int n = half == HALFDAY_NONE
			? snprintf(ret_id, ALERT_ID_MAX, "%s-%s", day, tail)
			: snprintf(ret_id, ALERT_ID_MAX, "%s-%s-%s", day, halfday_word(half), tail);
	assert(n > 0 && n < ALERT_ID_MAX);
}

void alert_id_pupil(struct civil_date date, enum halfday half, int64_t pupil, char *ret_id)
{
	char tail[24];
	snprintf(tail, sizeof(tail), "p%010" PRId64, pupil);
	id_of(date, half, tail, ret_id);
}

void alert_id_gate(struct civil_date date, enum halfday half, const char *gate, char *ret_id)
{
	char tail[CHECKIN_GATE_MAX + 1];
	snprintf(tail, sizeof(tail), "g%s", gate);
	id_of(date, half, tail, ret_id);
}

void alert_id_class(struct civil_date date, enum halfday half, const char *class_name, char *ret_id)
{
	char tail[TIMETABLE_CLASS_MAX + 1] = "c";
	size_t n = 1;
	for (const char *p = class_name; *p && n < sizeof(tail) - 1; p++) {
		unsigned char c = (unsigned char)*p;
		if ((c & 0xc0) == 0x80) /* a character of several bytes gives one _ */
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		tail[n++] = plain ? (char)c : '_';
	}
	tail[n] = 0;
	id_of(date, half, tail, ret_id);
}

void alert_id_card(struct civil_date date, struct card_hash card, char *ret_id)
{
	char text[CARD_HASH_TEXT];
	char tail[10];
	card_hash_format(card, text);
	snprintf(tail, sizeof(tail), "u%.8s", text);
	id_of(date, HALFDAY_NONE, tail, ret_id);
}

void alert_id_talk(struct civil_date date, int64_t pupil, char *ret_id)
{
	char tail[24];
	snprintf(tail, sizeof(tail), "r%010" PRId64, pupil);
	id_of(date, HALFDAY_NONE, tail, ret_id);
}
