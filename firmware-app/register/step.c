/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/step.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"

#define HOUR_MS INT64_C(3600000)
#define UNKNOWN_AN_HOUR 20 /* alerts of unknown cards; faults.md X4 */

static const enum halfday halves[] = { HALFDAY_AM, HALFDAY_PM };

/* What every function below works on. */
struct turn {
	const struct register_state *s;
	struct day *day;
	struct register_effects *fx;
	bool is_today;
};

static struct turn turn_of(
	const struct register_state *s, struct day *day, struct register_effects *fx)
{
	return (struct turn){ s, day, fx, civil_date_compare(day->date, s->today) == 0 };
}

struct register_effects *register_effects_create(const struct roster *roster)
{
	struct register_effects *fx = calloc(1, sizeof(*fx));
	if (!fx)
		return NULL;
	/* Each alert of a full day twice, each mark twice: more than one event can reach. */
	fx->max = 4 * roster->n_pupils + 4 * roster->n_classes +
		  2 * (DAY_UNKNOWN_MAX + 2 * DAY_GATES_MAX) + 2000;
	fx->alerts = calloc(fx->max, sizeof(*fx->alerts));
	fx->marks = calloc(fx->max, sizeof(*fx->marks));
	if (!fx->alerts || !fx->marks) {
		register_effects_destroy(fx);
		return NULL;
	}
	return fx;
}

void register_effects_destroy(struct register_effects *fx)
{
	if (!fx)
		return;
	free(fx->alerts);
	free(fx->marks);
	free(fx);
}

void register_effects_clear(struct register_effects *fx)
{
	fx->n_alerts = fx->n_marks = 0;
	fx->arrived = fx->unknown_more = false;
}

enum register_fate register_fate_of(
	const struct register_store_known *known, const struct checkin *c)
{
	if (known->number_known) {
		if (uuid_is_none(known->number_id))
			return REGISTER_REFUSED_BEFORE;
		if (!uuid_equal(known->number_id, c->id))
			return REGISTER_CONFLICT;
	}
	if (known->id_known) {
		if (c->revision > known->revision)
			return REGISTER_REVISED;
		return known->number_known ? REGISTER_REPEAT : REGISTER_SAME;
	}
	if (known->number_known)
		return REGISTER_REPEAT;
	if (c->seq > known->through)
		return REGISTER_NEW;
	/* A number below the mark whose row is gone was dealt with before retention took it. But what retention can't
	 * have taken yet is another's: of a gate whose database is an old copy. Source: faults.md S10. */
	return checkin_clock_judges(c->clock) && c->at_ms < known->kept_from_ms ? REGISTER_REPEAT
										: REGISTER_CONFLICT;
}

/* ---- alerts ---- */

static void note_alert(const struct turn *t, int32_t index)
{
	assert(t->fx->n_alerts < t->fx->max);
	t->fx->alerts[t->fx->n_alerts++] = index;
}

static struct alert *alert_at(const struct turn *t, int32_t index)
{
	return index < 0 ? NULL : &t->day->alerts[index];
}

static bool change(const struct turn *t, int32_t index, const struct alert_change *c)
{
	struct alert_change timed = *c;
	timed.at_ms = t->s->now_ms;
	if (index < 0 || !alert_apply(&t->day->alerts[index], &timed))
		return false;
	note_alert(t, index);
	return true;
}

static bool tell(const struct turn *t, int32_t index, enum alert_event event)
{
	struct alert_change c = { .event = event, .expected_at_ms = -1, .arrived_at_ms = -1 };
	return change(t, index, &c);
}

/* Above what anybody may have heard of it: clients drop by id and revision. */
static int revision_before(const struct register_state *s, const char *id)
{
	int before = s->revision_base;
	for (size_t i = 0; i < s->n_heard; i++)
		if (!strcmp(s->heard[i].id, id) && s->heard[i].revision > before)
			before = s->heard[i].revision;
	return before;
}

/* A new alert of today, or NULL where the day is full: the marks are right all the same. */
static struct alert *raise(const struct turn *t, const char *id, enum alert_kind kind,
	enum alert_certainty certainty, enum halfday half, int32_t *ret_index)
{
	struct alert *a = day_alert_new(t->day, ret_index);
	if (!a)
		return NULL;
	alert_raise(a, id, kind, certainty, t->day->date, half, t->s->now_ms);
	a->revision += revision_before(t->s, id);
	note_alert(t, *ret_index);
	return a;
}

/* ---- one pupil's half day ---- */

static struct day_class *class_of(const struct turn *t, size_t pupil, enum halfday half)
{
	return day_class_of(t->day, t->day->roster->pupils[pupil].class_index, half);
}

static bool is_over(const struct turn *t, const struct day_class *c)
{
	return !t->is_today || !c->slot || t->s->now_ms >= c->end_ms;
}

/* Who entered B says that the justification is missing: wherever an excuse came from, it is none. */
static bool is_excused(const struct turn *t, size_t pupil, enum halfday half)
{
	const struct roster *roster = t->day->roster;
	const struct day_half *h = day_half_of(t->day, pupil, half);
	const struct roster_excuse *e =
		roster_excuse_of(roster, roster->pupils[pupil].id, t->day->date, half);
	if (day_says_absent(t->day, h->code))
		return false;
	return h->excused || (e && !day_says_absent(t->day, e->code));
}

/* Whose word it is, where a person's made the mark; NULL: nobody's. */
static const char *said_by(const struct turn *t, const struct day_half *h)
{
	return h->said >= 0 && (h->seen || h->excused) ? t->day->corrections[h->said].who : NULL;
}

static void judge_mark(const struct turn *t, size_t pupil, enum halfday half)
{
	struct day_half *h = day_half_of(t->day, pupil, half);
	const struct day_half *am = day_half_of(t->day, pupil, HALFDAY_AM);
	bool after_morning = half == HALFDAY_PM && t->day->rules.carry;
	struct mark_facts facts = {
		.slot = class_of(t, pupil, half)->slot,
		.tap_ms = -1,
		.grace_min = t->day->rules.late_grace_min,
		.unjudged = h->unjudged || (after_morning && am->unjudged),
		.seen = h->seen,
		.excused = is_excused(t, pupil, half),
		.carried = after_morning && mark_is_in(am->mark.value),
		.decided = day_says_absent(t->day, h->code) ? MARK_DECIDED : h->decided,
	};
	if (h->tap_at_ms >= 0) {
		struct civil_local local = civil_local_of(t->day->zone, h->tap_at_ms);
		facts.tap_ms = local.at_s * 1000 + (int)(h->tap_at_ms % 1000);
	}
	struct mark mark = mark_of(&facts);
	if (mark.value != h->mark.value) {
		t->day->changed[half == HALFDAY_PM] = true;
		t->day->counts_changed[half == HALFDAY_PM] = true;
	}
	h->mark = mark;
	class_of(t, pupil, half)->asked =
		ABSENCE_WAIT; /* who is awaited again may be decided again */
	int64_t at_ms = mark_is_in(mark.value) ? h->tap_at_ms : -1;
	if (mark.value == h->stored.value && mark.minutes_late == h->stored.minutes_late &&
		at_ms == h->stored_at_ms)
		return;
	bool both_silent = (mark.value == MARK_NONE || mark.value == MARK_AWAITED) &&
			   (h->stored.value == MARK_NONE || h->stored.value == MARK_AWAITED);
	h->stored = mark;
	h->stored_at_ms = at_ms;
	if (both_silent)
		return;
	assert(t->fx->n_marks < t->fx->max);
	t->fx->marks[t->fx->n_marks++] = (struct register_mark_ref){ pupil, half };
}

static void raise_for_pupil(const struct turn *t, size_t pupil, enum halfday half,
	enum alert_kind kind, enum alert_certainty certainty)
{
	struct day_half *h = day_half_of(t->day, pupil, half);
	int64_t id = t->day->roster->pupils[pupil].id;
	char text[ALERT_ID_MAX];
	alert_id_pupil(t->day->date, half, id, text);
	struct alert *a = raise(t, text, kind, certainty, half, &h->alert);
	if (!a)
		return;
	a->pupil = id;
	a->expected_at_ms = class_of(t, pupil, half)->start_ms;
	if (kind != ALERT_LATE)
		return;
	a->arrived_at_ms = h->tap_at_ms;
	a->minutes_late = h->mark.minutes_late;
}

/* One alert stands for the whole class: unless others took its place or its pupils came. */
static bool class_speaks(const struct turn *t, const struct day_class *c)
{
	const struct alert *a = alert_at(t, c->alert);
	return a && (!alert_is_over(a) || a->resolved_by[0] || a->what == ALERT_HALF_DAY_OVER);
}

static void alert_missing(const struct turn *t, size_t pupil, enum halfday half)
{
	const struct day_class *c = class_of(t, pupil, half);
	struct day_half *h = day_half_of(t->day, pupil, half);
	struct alert *a = alert_at(t, h->alert);
	bool confirmed = h->mark.value == MARK_ABSENT;
	if (h->mark.reason == MARK_BY_TAP) { /* without a verdict: no certainty, and no news */
		tell(t, h->alert, ALERT_EVENT_DOUBT);
		return;
	}
	if (!a && day_says_absent(t->day, h->code))
		return; /* who entered the code knows already */
	if (a && a->kind == ALERT_LATE && !alert_is_over(a)) /* its tap was another day's */
		tell(t, h->alert, ALERT_EVENT_NOT_EXPECTED);
	/* A mark of before: what the gates send again decides whether it still holds. */
	if (class_speaks(t, c) || t->s->refilling)
		return;
	if (a) {
		struct alert_change missing = {
			.event = ALERT_EVENT_MISSING,
			.over = is_over(t, c),
			.certainty = confirmed ? ALERT_CONFIRMED : ALERT_UNCONFIRMED,
		};
		change(t, h->alert, &missing);
	} else if (!is_over(t, c)) {
		raise_for_pupil(t, pupil, half, ALERT_ABSENT,
			confirmed ? ALERT_CONFIRMED : ALERT_UNCONFIRMED);
	}
}

static void alert_in(const struct turn *t, size_t pupil, enum halfday half)
{
	const struct day_class *c = class_of(t, pupil, half);
	struct day_half *h = day_half_of(t->day, pupil, half);
	if (h->mark.value == MARK_LATE && h->alert < 0) {
		if (!is_over(t, c))
			raise_for_pupil(t, pupil, half, ALERT_LATE, ALERT_CONFIRMED);
		return;
	}
	struct alert_change came = {
		.event = ALERT_EVENT_IN_TIME,
		.over = is_over(t, c),
		.expected_at_ms = c->start_ms,
		.arrived_at_ms = h->tap_at_ms,
		.minutes_late = h->mark.minutes_late,
		.by = h->mark.reason == MARK_BY_TAP ? NULL : said_by(t, h),
	};
	if (h->mark.value == MARK_LATE)
		came.event = ALERT_EVENT_ARRIVED;
	else if (h->mark.reason == MARK_BY_EXCUSE)
		came.event = ALERT_EVENT_EXCUSED;
	change(t, h->alert, &came);
}

static void alert_excused(const struct turn *t, const struct day_half *h)
{
	struct alert_change excused = { .event = ALERT_EVENT_EXCUSED,
		.expected_at_ms = -1,
		.arrived_at_ms = -1,
		.by = said_by(t, h) };
	change(t, h->alert, &excused);
}

static void judge_alert(const struct turn *t, size_t pupil, enum halfday half)
{
	struct day_half *h = day_half_of(t->day, pupil, half);
	const struct alert *a = alert_at(t, h->alert);
	switch (h->mark.value) {
	case MARK_NONE:
		tell(t, h->alert, ALERT_EVENT_NOT_EXPECTED);
		break;
	case MARK_EXCUSED:
		alert_excused(t, h);
		break;
	case MARK_AWAITED:
		if (a && a->kind == ALERT_LATE)
			tell(t, h->alert, ALERT_EVENT_NOT_EXPECTED);
		break;
	case MARK_ABSENT:
	case MARK_UNCONFIRMED:
		alert_missing(t, pupil, half);
		break;
	case MARK_PRESENT:
	case MARK_LATE:
		alert_in(t, pupil, half);
		break;
	}
}

/* ---- a class's half day ---- */

/* One walk over the pupils for all classes of a half. */
static void count_classes(const struct turn *t, enum halfday half)
{
	const struct roster *roster = t->day->roster;
	for (size_t i = 0; i < roster->n_classes; i++) {
		struct day_class *c = day_class_of(t->day, i, half);
		c->expected = c->missing = c->late = 0;
	}
	for (size_t p = 0; p < roster->n_pupils; p++) {
		struct day_class *c = class_of(t, p, half);
		enum mark_value value = day_half_of(t->day, p, half)->mark.value;
		c->expected += value != MARK_NONE && value != MARK_EXCUSED;
		c->missing += mark_is_missing(value);
		c->late += value == MARK_LATE;
	}
}

static bool any_absent_alert(const struct turn *t, size_t class_index, enum halfday half)
{
	const struct day *day = t->day;
	for (size_t k = day->class_from[class_index]; k < day->class_from[class_index + 1]; k++) {
		const struct alert *a =
			alert_at(t, day_half_of(day, day->by_class[k], half)->alert);
		if (a && a->kind == ALERT_ABSENT && !alert_is_over(a))
			return true;
	}
	return false;
}

static void raise_for_class(
	const struct turn *t, size_t class_index, struct day_class *c, enum halfday half)
{
	const char *name = t->day->roster->classes[class_index].name;
	char id[ALERT_ID_MAX];
	alert_id_class(t->day->date, half, name, id);
	/* Two class names can give one id (3-A, 3_A): the first has it, the other goes by pupil. */
	if (day_alert_find(t->day, id) >= 0)
		return;
	struct alert *a = raise(t, id, ALERT_CLASS_MISSING,
		c->verdict == ABSENCE_CONFIRMED ? ALERT_CONFIRMED : ALERT_UNCONFIRMED, half,
		&c->alert);
	if (!a)
		return;
	memcpy(a->class_name, name, sizeof(a->class_name));
	a->expected_at_ms = c->start_ms;
	a->missing = c->missing;
	a->expected = c->expected;
}

/* Rejected: giving way to single alerts as soon as less than mass_percent are missing. A bus that is
 * late would then give one alert for each pupil in its second half. So only under ABSENCE_MASS_MIN. */
static void review_open_class(const struct turn *t, struct day_class *c)
{
	struct alert_change now = { .event = ALERT_EVENT_COUNT,
		.expected_at_ms = -1,
		.arrived_at_ms = -1,
		.missing = c->missing,
		.expected = c->expected };
	if (c->missing == 0 && c->late == 0)
		tell(t, c->alert, ALERT_EVENT_IN_TIME);
	else if (c->missing > 0 && c->missing < ABSENCE_MASS_MIN)
		tell(t, c->alert, ALERT_EVENT_SUPERSEDED);
	else
		change(t, c->alert, &now);
	if (c->verdict == ABSENCE_CONFIRMED)
		tell(t, c->alert, ALERT_EVENT_CONFIRM);
}

/* After count_classes(). Return: whether the missing pupils' own alerts must be looked at. */
static bool review_class(const struct turn *t, size_t class_index, enum halfday half)
{
	struct day_class *c = day_class_of(t->day, class_index, half);
	const struct alert *a = alert_at(t, c->alert);
	if (a && !alert_is_over(a)) {
		review_open_class(t, c);
		return !class_speaks(t, c);
	}
	if (!a && !is_over(t, c) && c->verdict != ABSENCE_WAIT &&
		absence_is_mass(c->missing, c->expected, t->day->rules.mass_percent) &&
		!any_absent_alert(t, class_index, half))
		raise_for_class(t, class_index, c, half);
	return c->missing > 0;
}

static void judge_class_alerts(const struct turn *t, size_t class_index, enum halfday half)
{
	const struct day *day = t->day;
	for (size_t k = day->class_from[class_index]; k < day->class_from[class_index + 1]; k++)
		if (mark_is_missing(day_half_of(day, day->by_class[k], half)->mark.value))
			judge_alert(t, day->by_class[k], half);
}

/* A pupil's facts or rules changed: the marks, the alerts, and what that means for the class. */
static void judge_pupil(const struct turn *t, size_t pupil)
{
	size_t class_index = t->day->roster->pupils[pupil].class_index;
	for (size_t i = 0; i < 2; i++) {
		judge_mark(t, pupil, halves[i]);
		judge_alert(t, pupil, halves[i]);
		const struct alert *a =
			alert_at(t, day_class_of(t->day, class_index, halves[i])->alert);
		if (!a || alert_is_over(a))
			continue;
		count_classes(t, halves[i]);
		if (review_class(t, class_index, halves[i]))
			judge_class_alerts(t, class_index, halves[i]);
	}
}

/* ---- events ---- */

/* Somebody tries cards, or a reader invents them: more alerts say nothing new. */
static bool is_flood(const struct turn *t)
{
	int n = 0;
	for (size_t i = 0; i < t->day->n_alerts; i++) {
		const struct alert *a = &t->day->alerts[i];
		if (a->kind == ALERT_UNKNOWN_CARD && a->raised_at_ms > t->s->now_ms - HOUR_MS)
			n++;
	}
	return n >= UNKNOWN_AN_HOUR;
}

static void raise_unknown(const struct turn *t, const struct checkin *c)
{
	char id[ALERT_ID_MAX];
	alert_id_card(t->day->date, c->card, id);
	/* One a day however often it comes; a past day's is no news for anybody. */
	if (!t->is_today || t->day->n_unknown >= DAY_UNKNOWN_MAX || day_alert_find(t->day, id) >= 0)
		return;
	if (is_flood(t)) {
		t->fx->unknown_more = true;
		return;
	}
	int32_t index;
	struct alert *a = raise(t, id, ALERT_UNKNOWN_CARD, ALERT_CONFIRMED, HALFDAY_NONE, &index);
	if (!a)
		return;
	t->day->n_unknown++;
	a->card = c->card;
	memcpy(a->gate, c->gate, sizeof(a->gate));
}

void register_take_checkin(const struct register_state *s, struct day *day, const struct checkin *c,
	int64_t received_ms, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	size_t pupil = 0;
	day_note_undated(day, c, received_ms);
	enum day_whose whose = day_whose(day, c, &pupil);
	if (whose == DAY_UNKNOWN_CARD)
		raise_unknown(&t, c);
	if (whose != DAY_PUPIL)
		return;
	enum halfday half = day_add_tap(day, c, received_ms, pupil);
	if (half == HALFDAY_NONE)
		return;
	bool was_in = mark_is_in(day_half_of(day, pupil, half)->mark.value);
	judge_pupil(&t, pupil);
	const struct day_half *h = day_half_of(day, pupil, half);
	if (was_in || !mark_is_in(h->mark.value) || !t.is_today)
		return;
	fx->arrived = true;
	fx->arrived_pupil = pupil;
	fx->arrived_half = half;
}

/* One a pupil and day, however often it was asked for; one that a person has dealt with opens again. */
static void raise_talk(const struct turn *t, int64_t pupil, const char *gate, int64_t asked_ms)
{
	char id[ALERT_ID_MAX];
	alert_id_talk(t->day->date, pupil, id);
	int32_t index = day_alert_find(t->day, id);
	if (index >= 0) {
		tell(t, index, ALERT_EVENT_ASKED);
		return;
	}
	struct alert *a = raise(t, id, ALERT_TALK, ALERT_CONFIRMED, HALFDAY_NONE, &index);
	if (!a)
		return;
	a->pupil = pupil;
	a->raised_at_ms = asked_ms;
	memcpy(a->gate, gate, sizeof(a->gate));
}

/* A register that has lost pupils, or has none yet, doesn't know whom it doesn't know. */
static bool may_be_pupil(const struct turn *t, int64_t pupil)
{
	bool knows = t->day->roster->n_pupils > 0 && !t->s->roster_lost;
	return roster_pupil_of(t->day->roster, pupil) || (!knows && pupil > 0);
}

void register_take_talk(const struct register_state *s, struct day *today, const struct checkin *c,
	struct register_effects *fx)
{
	struct turn t = turn_of(s, today, fx);
	assert(t.is_today);
	if (may_be_pupil(&t, c->pupil))
		raise_talk(&t, c->pupil, c->gate, s->now_ms);
}

/* @t: of any day; all have one roster */
static bool is_still_asked(const struct turn *t, const struct alert *a)
{
	return a->kind == ALERT_TALK && !alert_is_over(a) &&
	       t->s->now_ms - a->raised_at_ms < REGISTER_TALK_DAYS * 24 * HOUR_MS &&
	       may_be_pupil(t, a->pupil);
}

static bool is_carried(const struct turn *t, const struct alert *a)
{
	return a->state == ALERT_OPEN && is_still_asked(t, a);
}

void register_take_heard_talk(const struct register_state *s, struct day *today,
	const struct alert *heard, struct register_effects *fx)
{
	struct turn t = turn_of(s, today, fx);
	assert(t.is_today);
	if (is_still_asked(&t, heard))
		raise_talk(&t, heard->pupil, heard->gate, heard->raised_at_ms);
}

void register_carry_talks(const struct register_state *s, const struct day *past, struct day *today,
	struct register_effects *fx)
{
	struct turn t = turn_of(s, today, fx);
	assert(t.is_today);
	for (size_t i = 0; i < past->n_alerts; i++) {
		const struct alert *a = &past->alerts[i];
		if (is_carried(&t, a))
			raise_talk(&t, a->pupil, a->gate, a->raised_at_ms);
	}
}

/* Alerts whose owner is gone: pupils who left, classes and gates renamed, cards that are somebody's now. */
static void settle_strangers(const struct turn *t)
{
	for (size_t i = 0; i < t->day->n_alerts; i++) {
		const struct alert *a = &t->day->alerts[i];
		if (alert_is_over(a))
			continue;
		if (a->kind == ALERT_UNKNOWN_CARD && roster_card_of(t->day->roster, a->card))
			tell(t, (int32_t)i, ALERT_EVENT_CARD_LINKED);
		bool stranger = a->kind == ALERT_TALK
					? !may_be_pupil(t, a->pupil)
					: (a->kind == ALERT_ABSENT || a->kind == ALERT_LATE) &&
						  !roster_pupil_of(t->day->roster, a->pupil);
		if (stranger)
			tell(t, (int32_t)i, ALERT_EVENT_NOT_EXPECTED);
	}
}

void register_settle(const struct register_state *s, struct day *day, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	for (size_t p = 0; p < day->roster->n_pupils; p++)
		for (size_t i = 0; i < 2; i++) {
			judge_mark(&t, p, halves[i]);
			if (!mark_is_missing(day_half_of(day, p, halves[i])->mark.value))
				judge_alert(&t, p, halves[i]);
		}
	for (size_t i = 0; i < 2; i++) {
		count_classes(&t, halves[i]);
		for (size_t c = 0; c < day->roster->n_classes; c++)
			if (review_class(&t, c, halves[i]))
				judge_class_alerts(&t, c, halves[i]);
	}
	settle_strangers(&t);
}

void register_settle_pupil(
	const struct register_state *s, struct day *day, size_t pupil, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	judge_pupil(&t, pupil);
}

/* ---- time ---- */

/* From when on a tap counts for a half day: opens_before_min before its first class. */
static int64_t half_opens(const struct day *day, enum halfday half)
{
	int64_t start_ms = INT64_MAX;
	for (size_t i = 0; i < day->roster->n_classes; i++) {
		const struct day_class *c = day_class_of(day, i, half);
		if (c->slot && c->start_ms < start_ms)
			start_ms = c->start_ms;
	}
	return start_ms == INT64_MAX ? start_ms
				     : start_ms - INT64_C(60000) * day->rules.opens_before_min;
}

/* As they are for a half day: a gate whose log holds taps that nobody can date isn't complete for the time before they
 * came, however much it has told; nor one that lost taps. Source: faults.md C6, S9. */
static void absence_gates(const struct turn *t, enum halfday half, struct absence_gate *ret_gates)
{
	int64_t from_ms = half_opens(t->day, half);
	for (size_t g = 0; g < t->s->n_gates; g++) {
		ret_gates[g] = t->s->gates[g].absence;
		ret_gates[g].undated = day_is_undated(t->day, t->s->gates[g].id, from_ms) ||
				       t->s->gates[g].lost_ms > from_ms;
	}
}

/* A cut-off in wall time that never passed says nothing about who came. Source: faults.md C2. */
static bool is_skipped(const struct turn *t, int64_t cutoff_ms)
{
	return cutoff_ms > t->s->skipped_from_ms && cutoff_ms <= t->s->skipped_to_ms;
}

static struct absence_moment moment_of(const struct turn *t, int64_t cutoff_ms)
{
	return (struct absence_moment){
		.now_ms = t->s->now_ms,
		.cutoff_ms = cutoff_ms,
		.connected_since_ms = t->s->connected_since_ms,
		.hold_s = t->day->rules.absent_hold_s,
		.clock_judges = t->s->clock_judges,
	};
}

/* Return: whether any class may be decided now that wasn't asked yet. */
static bool look_at_classes(
	const struct turn *t, enum halfday half, const struct absence_gate *gates)
{
	bool any = false;
	for (size_t i = 0; i < t->day->roster->n_classes; i++) {
		struct day_class *c = day_class_of(t->day, i, half);
		struct absence_moment moment = moment_of(t, c->cutoff_ms);
		c->verdict = ABSENCE_WAIT;
		/* A class that starts and ends within absent_after_min has no cut-off of its own. */
		if (!c->slot || c->cutoff_ms >= c->end_ms || is_skipped(t, c->cutoff_ms))
			continue;
		c->verdict = absence_decide(&moment, gates, t->s->n_gates).verdict;
		/* Complete gates prove nothing of whom this register has forgotten. */
		if (t->s->roster_lost && c->verdict == ABSENCE_CONFIRMED)
			c->verdict = ABSENCE_UNCONFIRMED;
		any |= c->verdict > c->asked;
	}
	return any;
}

/* Return: whether a pupil's half day was decided now. */
static bool decide_pupil(const struct turn *t, size_t pupil, enum halfday half)
{
	const struct day_class *c = class_of(t, pupil, half);
	struct day_half *h = day_half_of(t->day, pupil, half);
	enum mark_decided decided = c->verdict == ABSENCE_CONFIRMED     ? MARK_DECIDED
				    : c->verdict == ABSENCE_UNCONFIRMED ? MARK_DECIDED_UNCONFIRMED
									: MARK_UNDECIDED;
	bool open = h->mark.value == MARK_AWAITED || h->mark.value == MARK_UNCONFIRMED;
	/* A tap without verdict keeps a pupil from being decided, not from being seen as unconfirmed. */
	if (!open || decided <= h->decided || h->mark.reason == MARK_BY_TAP)
		return false;
	h->decided = decided;
	judge_mark(t, pupil, half);
	return true;
}

static void decide_over(const struct turn *t, size_t pupil, enum halfday half)
{
	struct day_class *c = class_of(t, pupil, half);
	bool has_cutoff = c->slot && c->cutoff_ms < c->end_ms;
	c->verdict = has_cutoff ? ABSENCE_UNCONFIRMED : ABSENCE_WAIT;
	(void)decide_pupil(t, pupil, half);
}

void register_decide_over(
	const struct register_state *s, struct day *day, size_t pupil, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	for (size_t i = 0; i < 2; i++)
		decide_over(&t, pupil, halves[i]);
}

/* Rejected: register_decide_over(). A card that is given says nothing of a half day without a tap of it: its pupil may not
 * have been at this school then, or nobody was there to decide. */
void register_settle_card(
	const struct register_state *s, struct day *day, size_t pupil, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	bool was_in[2];
	for (size_t i = 0; i < 2; i++)
		was_in[i] = mark_is_in(day_half_of(day, pupil, halves[i])->mark.value);
	judge_pupil(&t, pupil);
	for (size_t i = 0; i < 2; i++)
		if (was_in[i])
			decide_over(&t, pupil, halves[i]);
}

static void decide_half(const struct turn *t, enum halfday half, const struct absence_gate *gates)
{
	bool decided = false;
	if (!look_at_classes(t, half, gates))
		return;
	for (size_t p = 0; p < t->day->roster->n_pupils; p++)
		decided |= decide_pupil(t, p, half);
	for (size_t i = 0; i < t->day->roster->n_classes; i++) {
		struct day_class *c = day_class_of(t->day, i, half);
		c->asked = c->verdict;
	}
	if (!decided)
		return;
	count_classes(t, half);
	for (size_t i = 0; i < t->day->roster->n_classes; i++) {
		if (day_class_of(t->day, i, half)->verdict == ABSENCE_WAIT)
			continue;
		if (review_class(t, i, half))
			judge_class_alerts(t, i, half);
	}
}

/* The latest cut-off that has passed in a half day that still runs; negative: none. */
static int64_t last_cutoff(const struct turn *t, enum halfday half)
{
	int64_t cutoff_ms = -1;
	for (size_t i = 0; i < t->day->roster->n_classes; i++) {
		const struct day_class *c = day_class_of(t->day, i, half);
		if (c->slot && c->cutoff_ms < c->end_ms && c->cutoff_ms <= t->s->now_ms &&
			t->s->now_ms < c->end_ms && c->cutoff_ms > cutoff_ms &&
			!is_skipped(t, c->cutoff_ms))
			cutoff_ms = c->cutoff_ms;
	}
	return cutoff_ms;
}

static void gate_is_silent(const struct turn *t, size_t gate, enum halfday half)
{
	int32_t *index = &t->day->gate_alert[gate][half == HALFDAY_PM];
	if (*index >= 0) {
		struct alert_change again = { .event = ALERT_EVENT_MISSING,
			.certainty = ALERT_CONFIRMED };
		change(t, *index, &again);
		return;
	}
	char id[ALERT_ID_MAX];
	alert_id_gate(t->day->date, half, t->s->gates[gate].id, id);
	struct alert *a = raise(t, id, ALERT_GATE_SILENT, ALERT_CONFIRMED, half, index);
	if (a)
		memcpy(a->gate, t->s->gates[gate].id, sizeof(a->gate));
}

/* While a gate is silent it is waited for, each time anew: one that restarts at ten is no news. */
static void follow_gates(struct register_state *s, const struct turn *t, enum halfday half,
	const struct absence_gate *gates)
{
	int64_t cutoff_ms = last_cutoff(t, half);
	for (size_t g = 0; cutoff_ms >= 0 && g < s->n_gates; g++) {
		int64_t *at_ms = &s->gates[g].complete_at_ms[half == HALFDAY_PM];
		/* Ahead of now: the clock was put back. */
		if (absence_gate_complete(&gates[g], cutoff_ms) || *at_ms > s->now_ms)
			*at_ms = s->now_ms;
	}
}

static bool is_waited_for(const struct turn *t, size_t gate, enum halfday half)
{
	int64_t at_ms = t->s->gates[gate].complete_at_ms[half == HALFDAY_PM];
	return t->s->now_ms < at_ms + INT64_C(1000) * t->day->rules.absent_hold_s;
}

static void look_at_gates(const struct turn *t, enum halfday half, const struct absence_gate *gates)
{
	int64_t cutoff_ms = last_cutoff(t, half);
	if (cutoff_ms < 0)
		return;
	struct absence_moment moment = moment_of(t, cutoff_ms);
	struct absence_decision d = absence_decide(&moment, gates, t->s->n_gates);
	for (size_t g = 0; g < t->s->n_gates; g++) {
		if (absence_gate_complete(&gates[g], cutoff_ms))
			tell(t, t->day->gate_alert[g][half == HALFDAY_PM], ALERT_EVENT_GATE_BACK);
		else if (d.verdict == ABSENCE_UNCONFIRMED && !is_waited_for(t, g, half))
			gate_is_silent(t, g, half);
	}
}

/* When an alert's half day is over, so is the alert; those of no half day last until the day's end. */
static bool alert_has_ended(const struct turn *t, const struct alert *a)
{
	/* Asked of each open alert each turn: mostly no class has gone home. */
	if (a->half == HALFDAY_NONE || t->s->now_ms < t->day->first_end_ms[a->half == HALFDAY_PM])
		return false;
	int64_t end_ms = day_ends(t->day, a->half);
	const struct roster_pupil *p = roster_pupil_of(t->day->roster, a->pupil);
	if (p) {
		const struct day_class *c = day_class_of(t->day, p->class_index, a->half);
		if (c->slot)
			end_ms = c->end_ms;
	}
	if (a->kind == ALERT_CLASS_MISSING)
		for (size_t i = 0; i < t->day->roster->n_classes; i++) {
			const struct day_class *c = day_class_of(t->day, i, a->half);
			if (c->slot && !strcmp(t->day->roster->classes[i].name, a->class_name))
				end_ms = c->end_ms;
		}
	return t->s->now_ms >= end_ms;
}

static void end_alerts(const struct turn *t)
{
	for (size_t i = 0; i < t->day->n_alerts; i++)
		if (!alert_is_over(&t->day->alerts[i]) && alert_has_ended(t, &t->day->alerts[i]))
			tell(t, (int32_t)i, ALERT_EVENT_HALF_DAY_OVER);
}

void register_tick(struct register_state *s, struct day *day, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	struct absence_gate gates[DAY_GATES_MAX];
	assert(t.is_today && s->n_gates <= DAY_GATES_MAX);
	if (!s->clock_judges)
		return;
	for (size_t i = 0; i < 2 && !s->refilling; i++) {
		absence_gates(&t, halves[i], gates);
		follow_gates(s, &t, halves[i], gates);
		look_at_gates(&t, halves[i], gates);
		decide_half(&t, halves[i], gates);
	}
	end_alerts(&t);
}

bool register_delivered(const struct register_state *s)
{
	for (size_t g = 0; g < s->n_gates; g++) {
		const struct absence_gate *gate = &s->gates[g].absence;
		if (!gate->online || gate->last_seq < 0 || gate->conflicted ||
			gate->stored_through < gate->last_seq)
			return false;
	}
	return s->n_gates > 0;
}

void register_close_day(
	const struct register_state *s, struct day *day, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	for (size_t i = 0; i < day->n_alerts; i++) {
		bool carried = is_carried(&t, &day->alerts[i]);
		tell(&t, (int32_t)i, carried ? ALERT_EVENT_SUPERSEDED : ALERT_EVENT_HALF_DAY_OVER);
	}
}

static void sooner(int64_t *next_ms, int64_t at_ms, int64_t now_ms)
{
	if (at_ms > now_ms && at_ms < *next_ms)
		*next_ms = at_ms;
}

int64_t register_next_ms(const struct register_state *s, const struct day *day)
{
	int64_t next_ms = INT64_MAX;
	int64_t hold_ms = INT64_C(1000) * day->rules.absent_hold_s;
	for (size_t i = 0; i < 2 * day->roster->n_classes; i++) {
		const struct day_class *c = &day->classes[i];
		if (!c->slot)
			continue;
		int64_t from_ms =
			s->connected_since_ms > c->cutoff_ms ? s->connected_since_ms : c->cutoff_ms;
		sooner(&next_ms, c->cutoff_ms, s->now_ms);
		sooner(&next_ms, from_ms + hold_ms, s->now_ms);
		sooner(&next_ms, c->end_ms, s->now_ms);
	}
	for (size_t i = 0; i < 2 * s->n_gates; i++) {
		int64_t at_ms = s->gates[i / 2].complete_at_ms[i % 2];
		if (at_ms < s->now_ms) /* else it is complete now */
			sooner(&next_ms, at_ms + hold_ms, s->now_ms);
	}
	return next_ms;
}

/* ---- people ---- */

void register_correct(const struct register_state *s, struct day *day,
	const struct register_store_correction *correction, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	const struct roster_pupil *p = roster_pupil_of(day->roster, correction->pupil);
	if (p && day_correct(day, correction))
		judge_pupil(&t, (size_t)(p - day->roster->pupils));
}

bool register_person(const struct register_state *s, struct day *day, int32_t index,
	const struct alert_change *c, struct register_effects *fx)
{
	struct turn t = turn_of(s, day, fx);
	return change(&t, index, c);
}

bool register_alert_has_ended(
	const struct register_state *s, struct day *day, const struct alert *alert)
{
	struct turn t = turn_of(s, day, NULL);
	return !t.is_today || alert_has_ended(&t, alert);
}

void register_mark_row(
	const struct day *day, struct register_mark_ref ref, struct register_store_mark *ret_row)
{
	const struct day_half *h = day_half_of(day, ref.pupil, ref.half);
	bool by_tap = mark_is_in(h->mark.value) && h->tap_at_ms >= 0;
	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->day = civil_day_number(day->date);
	ret_row->half = ref.half;
	ret_row->pupil = day->roster->pupils[ref.pupil].id;
	memcpy(ret_row->class_name, day->roster->pupils[ref.pupil].class_name,
		sizeof(ret_row->class_name));
	ret_row->value = h->mark.value;
	ret_row->minutes_late = h->mark.minutes_late;
	ret_row->arrived_at_ms = by_tap ? h->tap_at_ms : -1;
	if (by_tap)
		memcpy(ret_row->gate, h->tap_gate, sizeof(ret_row->gate));
}
