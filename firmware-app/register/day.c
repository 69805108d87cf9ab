/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/day.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/code.h"
#include "core/halfday.h"

static const enum halfday halves[] = { HALFDAY_AM, HALFDAY_PM };

static int index_of(enum halfday half)
{
	assert(half != HALFDAY_NONE);
	return half == HALFDAY_PM;
}

struct day_class *day_class_of(const struct day *day, size_t class_index, enum halfday half)
{
	return &day->classes[2 * class_index + (size_t)index_of(half)];
}

struct day_half *day_half_of(const struct day *day, size_t pupil, enum halfday half)
{
	return &day->pupils[pupil].half[index_of(half)];
}

static void set_class(struct day *day, size_t class_index, enum halfday half)
{
	struct day_class *c = day_class_of(day, class_index, half);
	c->alert = DAY_NO_ALERT;
	c->slot = roster_class_slot_of(
		day->roster, &day->roster->classes[class_index], day->date, half);
	if (!c->slot)
		return;
	c->start_ms = civil_instant_of(day->zone, day->date, c->slot->start_s);
	c->end_ms = civil_instant_of(day->zone, day->date, c->slot->end_s);
	c->cutoff_ms = c->start_ms + INT64_C(60000) * day->rules.absent_after_min;
}

static void set_pupil(struct day *day, size_t pupil)
{
	size_t class_index = day->roster->pupils[pupil].class_index;
	for (size_t i = 0; i < 2; i++) {
		struct day_half *h = day_half_of(day, pupil, halves[i]);
		h->tap_at_ms = -1;
		h->stored_at_ms = -1;
		h->alert = DAY_NO_ALERT;
		h->said = DAY_NO_ALERT;
		if (day_class_of(day, class_index, halves[i])->slot)
			h->mark.value = MARK_AWAITED;
	}
}

/* By counting: in a class they keep the roster's order. */
static void sort_by_class(struct day *day)
{
	const struct roster *roster = day->roster;
	size_t *from = day->class_from;
	for (size_t p = 0; p < roster->n_pupils; p++)
		from[roster->pupils[p].class_index + 1]++;
	for (size_t c = 0; c < roster->n_classes; c++)
		from[c + 1] += from[c];
	/* Filled from behind, each class's begin serving as its end, and moving back to where it belongs. */
	for (size_t p = roster->n_pupils; p-- > 0;)
		day->by_class[--from[roster->pupils[p].class_index + 1]] = p;
	for (size_t c = 0; c < roster->n_classes; c++)
		from[c] = from[c + 1];
	from[roster->n_classes] = roster->n_pupils;
}

static void set_ends(struct day *day)
{
	for (size_t h = 0; h < 2; h++) {
		day->first_end_ms[h] = day->last_end_ms[h] = -1;
		for (size_t i = 0; i < day->roster->n_classes; i++) {
			const struct day_class *c = day_class_of(day, i, halves[h]);
			if (!c->slot)
				continue;
			if (c->end_ms > day->last_end_ms[h])
				day->last_end_ms[h] = c->end_ms;
			if (day->first_end_ms[h] < 0 || c->end_ms < day->first_end_ms[h])
				day->first_end_ms[h] = c->end_ms;
		}
	}
}

static bool allocate(struct day *day)
{
	const struct roster *roster = day->roster;
	/* One a pupil and half, a talk a pupil, one a class and half, one a gate and half, unknown cards, and
	 * as many again of pupils who have left meanwhile. */
	day->max_alerts = 3 * roster->n_pupils + 2 * roster->n_classes +
			  (size_t)(2 * DAY_GATES_MAX + DAY_UNKNOWN_MAX) + 1000;
	day->pupils = calloc(roster->n_pupils + 1, sizeof(*day->pupils));
	day->classes = calloc(2 * roster->n_classes + 1, sizeof(*day->classes));
	day->by_class = calloc(roster->n_pupils + 1, sizeof(*day->by_class));
	day->class_from = calloc(roster->n_classes + 1, sizeof(*day->class_from));
	day->alerts = calloc(day->max_alerts, sizeof(*day->alerts));
	day->corrections = calloc(2 * roster->n_pupils + 1, sizeof(*day->corrections));
	return day->pupils && day->classes && day->by_class && day->class_from && day->alerts &&
	       day->corrections;
}

struct day *day_create(const struct roster *roster, const struct civil_zone *zone,
	const struct day_rules *rules, struct civil_date date)
{
	struct day *day = calloc(1, sizeof(*day));
	if (!day)
		return NULL;
	day->date = date;
	day->roster = roster;
	day->zone = zone;
	day->rules = *rules;
	if (!allocate(day)) {
		day_destroy(day);
		return NULL;
	}
	for (size_t i = 0; i < roster->n_classes; i++)
		for (size_t h = 0; h < 2; h++)
			set_class(day, i, halves[h]);
	set_ends(day);
	sort_by_class(day);
	for (size_t i = 0; i < roster->n_pupils; i++)
		set_pupil(day, i);
	for (size_t g = 0; g < DAY_GATES_MAX; g++)
		day->gate_alert[g][0] = day->gate_alert[g][1] = DAY_NO_ALERT;
	day->changed[0] = day->changed[1] = true;
	day->counts_changed[0] = day->counts_changed[1] = true;
	return day;
}

void day_destroy(struct day *day)
{
	if (!day)
		return;
	free(day->pupils);
	free(day->classes);
	free(day->by_class);
	free(day->class_from);
	free(day->alerts);
	free(day->corrections);
	free(day);
}

bool day_has_time(const struct checkin *c, int64_t received_ms)
{
	return checkin_clock_judges(c->clock) && c->at_ms <= received_ms + REGISTER_STORE_AHEAD_MS;
}

void day_note_undated(struct day *day, const struct checkin *c, int64_t received_ms)
{
	size_t i = 0;
	if (c->result == CHECKIN_TALK || day_has_time(c, received_ms))
		return;
	while (i < day->n_undated && strcmp(day->undated[i].gate, c->gate) != 0)
		i++;
	if (i == DAY_GATES_MAX)
		return;
	if (i == day->n_undated) {
		memcpy(day->undated[i].gate, c->gate, sizeof(day->undated[i].gate));
		day->undated[day->n_undated++].before_ms = received_ms;
	} else if (received_ms > day->undated[i].before_ms) {
		day->undated[i].before_ms = received_ms;
	}
}

bool day_is_undated(const struct day *day, const char *gate, int64_t from_ms)
{
	for (size_t i = 0; i < day->n_undated; i++)
		if (!strcmp(day->undated[i].gate, gate))
			return day->undated[i].before_ms > from_ms;
	return false;
}

struct civil_date day_of_checkin(
	const struct civil_zone *zone, const struct checkin *c, int64_t received_ms)
{
	return civil_local_of(zone, day_has_time(c, received_ms) ? c->at_ms : received_ms).date;
}

/* A day card goes from hand to hand: the gate knew whose it was before it became this pupil's. */
static bool was_anothers(
	const struct day *day, const struct roster_card *card, const struct checkin *c)
{
	return c->pupil > 0 && c->pupil != card->pupil && card->from.year > 0 &&
	       civil_date_compare(day->date, card->from) < 0;
}

/* A tap of before its card was blocked stays its pupil's; without a time of its own the gate's word counts. */
static bool was_blocked(const struct roster_card *card, const struct checkin *c)
{
	if (!card->blocked)
		return false;
	if (!checkin_clock_judges(c->clock))
		return card->blocked_at_ms == 0 || c->result == CHECKIN_BLOCKED_CARD;
	return c->at_ms >= card->blocked_at_ms;
}

enum day_whose day_whose(const struct day *day, const struct checkin *c, size_t *ret_pupil)
{
	int64_t id = c->pupil;
	if (c->result == CHECKIN_TALK) /* asked for at a gate, and no presence there */
		return DAY_NOBODY;
	bool has_card = !card_hash_is_none(c->card);
	const struct roster_card *card = has_card ? roster_card_of(day->roster, c->card) : NULL;
	if (card && was_anothers(day, card, c))
		card = NULL;
	if (card && was_blocked(card, c))
		return DAY_NOBODY;
	if (card) {
		struct roster_card bounds = { .from = card->from, .to = card->to };
		if (!roster_card_valid(&bounds, day->date))
			return DAY_UNKNOWN_CARD;
	}
	if (card)
		id = card->pupil;
	else if (c->result == CHECKIN_BLOCKED_CARD)
		return DAY_NOBODY;
	if (id == 0)
		return has_card ? DAY_UNKNOWN_CARD : DAY_NOBODY;
	const struct roster_pupil *pupil = roster_pupil_of(day->roster, id);
	if (!pupil)
		return DAY_NOBODY;
	*ret_pupil = (size_t)(pupil - day->roster->pupils);
	return DAY_PUPIL;
}

enum halfday day_add_tap(
	struct day *day, const struct checkin *c, int64_t received_ms, size_t pupil)
{
	bool judges = day_has_time(c, received_ms);
	size_t class_index = day->roster->pupils[pupil].class_index;
	struct civil_local local = civil_local_of(day->zone, judges ? c->at_ms : received_ms);
	enum halfday half = halfday_of(day_class_of(day, class_index, HALFDAY_AM)->slot,
		day_class_of(day, class_index, HALFDAY_PM)->slot, local.at_s,
		day->rules.opens_before_min);
	if (half == HALFDAY_NONE || civil_date_compare(local.date, day->date) != 0)
		return HALFDAY_NONE;
	struct day_half *h = day_half_of(day, pupil, half);
	if (!judges) {
		bool news = !h->unjudged;
		h->unjudged = true;
		return news ? half : HALFDAY_NONE;
	}
	if (h->tap_at_ms >= 0 && h->tap_at_ms <= c->at_ms)
		return HALFDAY_NONE;
	h->tap_at_ms = c->at_ms;
	memcpy(h->tap_gate, c->gate, sizeof(h->tap_gate));
	return half;
}

void day_load_checkin(struct day *day, const struct checkin *c, int64_t received_ms)
{
	size_t pupil;
	day_note_undated(day, c, received_ms);
	if (day_whose(day, c, &pupil) == DAY_PUPIL)
		day_add_tap(day, c, received_ms, pupil);
}

void day_load_mark(struct day *day, int64_t pupil, enum halfday half, enum mark_value value,
	int minutes_late, int64_t arrived_at_ms)
{
	const struct roster_pupil *p = roster_pupil_of(day->roster, pupil);
	if (!p || half == HALFDAY_NONE)
		return;
	struct day_half *h = day_half_of(day, (size_t)(p - day->roster->pupils), half);
	h->stored.value = value;
	h->stored.minutes_late = minutes_late;
	h->stored_at_ms = arrived_at_ms;
	h->mark = h->stored;
	if (value == MARK_ABSENT)
		h->decided = MARK_DECIDED;
	else if (value == MARK_UNCONFIRMED)
		h->decided = MARK_DECIDED_UNCONFIRMED;
}

void day_doubt(struct day *day)
{
	for (size_t p = 0; p < day->roster->n_pupils; p++)
		for (int h = 0; h < 2; h++) {
			struct day_half *half = day_half_of(day, p, h ? HALFDAY_PM : HALFDAY_AM);
			if (half->decided == MARK_DECIDED)
				half->decided = MARK_DECIDED_UNCONFIRMED;
		}
}

bool day_says_absent(const struct day *day, char code)
{
	const struct code_row *row =
		code ? code_find(code_shipped, code_n_shipped, code, civil_school_year(day->date))
		     : NULL;
	return code_is_absence(row) && !code_is_excuse(row);
}

bool day_correct(struct day *day, const struct register_store_correction *correction)
{
	const struct roster_pupil *p = roster_pupil_of(day->roster, correction->pupil);
	if (!p || correction->half == HALFDAY_NONE)
		return false;
	struct day_half *h = day_half_of(day, (size_t)(p - day->roster->pupils), correction->half);
	if (h->said < 0)
		h->said = (int32_t)day->n_corrections++;
	day->corrections[h->said] = *correction;
	h->seen = correction->seen;
	h->excused = correction->excused;
	h->code = correction->code;
	/* With B the mark is absent before its cut-off: then it says nothing of what was decided. */
	if (correction->decided > h->decided || day_says_absent(day, h->code))
		h->decided = correction->decided;
	return true;
}

void day_correction(const struct day *day, size_t pupil, enum halfday half,
	struct register_store_correction *ret_correction)
{
	const struct day_half *h = day_half_of(day, pupil, half);
	if (h->said >= 0) {
		*ret_correction = day->corrections[h->said];
		return;
	}
	memset(ret_correction, 0, sizeof(*ret_correction));
	ret_correction->pupil = day->roster->pupils[pupil].id;
	ret_correction->day = civil_day_number(day->date);
	ret_correction->half = half;
}

struct alert *day_alert_new(struct day *day, int32_t *ret_index)
{
	if (day->n_alerts >= day->max_alerts)
		return NULL;
	*ret_index = (int32_t)day->n_alerts;
	return &day->alerts[day->n_alerts++];
}

int32_t day_alert_find(const struct day *day, const char *id)
{
	for (size_t i = 0; i < day->n_alerts; i++)
		if (!strcmp(day->alerts[i].id, id))
			return (int32_t)i;
	return DAY_NO_ALERT;
}

static int32_t *owner_of_pupil(struct day *day, const struct alert *alert)
{
	const struct roster_pupil *p = roster_pupil_of(day->roster, alert->pupil);
	if (!p || alert->half == HALFDAY_NONE)
		return NULL;
	return &day_half_of(day, (size_t)(p - day->roster->pupils), alert->half)->alert;
}

static int32_t *owner_of_class(struct day *day, const struct alert *alert)
{
	for (size_t i = 0; i < day->roster->n_classes; i++)
		if (alert->half != HALFDAY_NONE &&
			!strcmp(day->roster->classes[i].name, alert->class_name))
			return &day_class_of(day, i, alert->half)->alert;
	return NULL;
}

static int32_t *owner_of_gate(
	struct day *day, const struct alert *alert, char (*gates)[CHECKIN_GATE_MAX], size_t n_gates)
{
	for (size_t g = 0; g < n_gates && g < DAY_GATES_MAX; g++)
		if (alert->half != HALFDAY_NONE && !strcmp(gates[g], alert->gate))
			return &day->gate_alert[g][index_of(alert->half)];
	return NULL;
}

void day_load_alert(
	struct day *day, const struct alert *alert, char (*gates)[CHECKIN_GATE_MAX], size_t n_gates)
{
	int32_t index;
	struct alert *a = day_alert_new(day, &index);
	if (!a)
		return;
	*a = *alert;
	int32_t *owner = NULL;
	switch (alert->kind) {
	case ALERT_ABSENT:
	case ALERT_LATE:
		owner = owner_of_pupil(day, alert);
		break;
	case ALERT_CLASS_MISSING:
		owner = owner_of_class(day, alert);
		break;
	case ALERT_GATE_SILENT:
		owner = owner_of_gate(day, alert, gates, n_gates);
		break;
	case ALERT_UNKNOWN_CARD:
		day->n_unknown++;
		break;
	case ALERT_TALK:
	case ALERT_KIND_NONE:
		break;
	}
	if (owner)
		*owner = index;
}

int64_t day_ends(const struct day *day, enum halfday half)
{
	return day->last_end_ms[index_of(half)];
}

static void count(struct wire_day_class *row, enum mark_value value)
{
	switch (value) {
	case MARK_NONE:
		return;
	case MARK_AWAITED:
		row->awaited++;
		break;
	case MARK_PRESENT:
		row->present++;
		break;
	case MARK_LATE:
		row->late++;
		break;
	case MARK_ABSENT:
		row->absent++;
		break;
	case MARK_UNCONFIRMED:
		row->unconfirmed++;
		break;
	case MARK_EXCUSED:
		row->excused++;
		break;
	}
	row->expected++;
}

size_t day_counts(
	const struct day *day, enum halfday half, struct wire_day_class *ret_classes, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < day->roster->n_classes && n < max; i++) {
		size_t begin = day->class_from[i];
		size_t end = day->class_from[i + 1];
		/* A class of the timetable without pupils says nothing. */
		if (!day_class_of(day, i, half)->slot || begin == end)
			continue;
		struct wire_day_class *row = &ret_classes[n++];
		memset(row, 0, sizeof(*row));
		memcpy(row->class_name, day->roster->classes[i].name, sizeof(row->class_name));
		for (size_t k = begin; k < end; k++)
			count(row, day_half_of(day, day->by_class[k], half)->mark.value);
	}
	return n;
}
