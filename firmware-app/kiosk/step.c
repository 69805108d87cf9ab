/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/step.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/halfday.h"
#include "core/verdict.h"

/* What one tap turned out to be, before it is a row and a view. */
struct tap {
	struct civil_local local; /* by the wall, at the tap */
	bool has_local; /* false: clock or zone can't be trusted */
	int64_t at_ms; /* milliseconds since 1970 UTC */
	const struct roster_pupil *pupil; /* NULL: none */
	enum checkin_result result;
	enum halfday half;
	int minutes_late;
	bool already; /* this pupil was in already */
};

static enum checkin_clock to_checkin_clock(enum clock_state state)
{
	switch (state) {
	case CLOCK_UNKNOWN:
		return CHECKIN_CLOCK_UNKNOWN;
	case CLOCK_STATE_REGRESSED:
		return CHECKIN_CLOCK_REGRESSED;
	case CLOCK_STATE_HOLDOVER:
		return CHECKIN_CLOCK_HOLDOVER;
	case CLOCK_STATE_TRUSTED:
		return CHECKIN_CLOCK_TRUSTED;
	}
	return CHECKIN_CLOCK_UNKNOWN;
}

void kiosk_init(struct kiosk_state *state, const struct kiosk_settings *settings)
{
	memset(state, 0, sizeof(*state));
	state->settings = *settings;
	state->view.state = WIRE_VIEW_IDLE;
	state->view.seen_us = -1;
	state->view.minutes_late = -1;
	state->view_ends_us = -1;
	state->reader_ok = true; /* no fault before it had time to say hello */
	state->store_ok = true;
	state->offline = true;
	state->complete_ms = INT64_MIN;
}

/* ---- who is in ------------------------------------------------------------------------------- */

static struct kiosk_in *in_slot(struct kiosk_state *state, int64_t pupil)
{
	/* Fibonacci hashing: pupil numbers are dense, this spreads them. */
	size_t i =
		(size_t)(((uint64_t)pupil * UINT64_C(0x9E3779B97F4A7C15)) >> 48) % KIOSK_IN_SLOTS;

	while (state->in[i].pupil && state->in[i].pupil != pupil)
		i = (i + 1) % KIOSK_IN_SLOTS;
	return &state->in[i];
}

static unsigned char half_bit(enum halfday half)
{
	return half == HALFDAY_AM ? 1 : half == HALFDAY_PM ? 2 : 0;
}

static bool is_in(
	struct kiosk_state *state, int64_t pupil, struct civil_date date, enum halfday half)
{
	if (civil_date_compare(state->in_date, date) != 0)
		return false;
	return in_slot(state, pupil)->halves & half_bit(half);
}

/* What a wrong clock, this gate's of an hour ago or another gate's, has put under a day that is still to come. */
static bool is_to_come(
	const struct kiosk_state *state, struct civil_date date, const struct now *now)
{
	return state->settings.zone && checkin_clock_judges(to_checkin_clock(now->state)) &&
	       civil_date_compare(date, civil_local_of(state->settings.zone, now->wall_ms).date) >
		       0;
}

static void set_in(struct kiosk_state *state, int64_t pupil, struct civil_date date,
	enum halfday half, const struct now *now)
{
	if (civil_date_compare(state->in_date, date) > 0)
		return; /* news of yesterday */
	if (is_to_come(state, date, now))
		return; /* else today's would be news of yesterday until then */
	if (civil_date_compare(state->in_date, date) < 0) {
		memset(state->in, 0, sizeof(state->in));
		state->n_in = 0;
		state->in_date = date;
	}
	if (state->n_in >= KIOSK_IN_SLOTS / 2)
		return; /* more pupils than a school can have: nobody is shown "already" any more */
	struct kiosk_in *slot = in_slot(state, pupil);
	if (!slot->pupil)
		state->n_in++;
	slot->pupil = pupil;
	slot->halves |= half_bit(half);
}

/* ---- repeats --------------------------------------------------------------------------------- */

/*
 * When the card was found, by the clock since boot. Not when it was received: a reader that finds its kiosk back tells
 * the card that still lies there with the time at which it came, however long ago, and that was one tap.
 */
static int64_t seen_boot_ms(const struct kiosk_state *state, int64_t seen_us, const struct now *now)
{
	int64_t age_us = now->mono_us - seen_us;

	if (seen_us < 0 || age_us < 0)
		return now->boot_ms;
	return now->boot_ms - (int64_t)((double)age_us / 1000.0 * state->settings.clock_speed);
}

/* @boot_ms: when the card was found */
static const struct kiosk_recent *recent_of(
	const struct kiosk_state *state, struct card_hash card, int64_t boot_ms)
{
	size_t n = state->n_recent < KIOSK_RECENT_MAX ? state->n_recent : KIOSK_RECENT_MAX;

	for (size_t back = 1; back <= n; back++) {
		const struct kiosk_recent *r =
			&state->recent[(state->n_recent - back) % KIOSK_RECENT_MAX];
		if (boot_ms - r->boot_ms >= INT64_C(1000) * state->settings.repeat_s)
			return NULL; /* all further ones are older still */
		if (!uuid_is_none(r->id) && card_hash_compare(r->card, card) == 0)
			return r;
	}
	return NULL;
}

static void add_recent(struct kiosk_state *state, const struct kiosk_recent *recent)
{
	state->recent[state->n_recent % KIOSK_RECENT_MAX] = *recent;
	state->n_recent++;
}

static enum wire_view_result result_of(enum checkin_result result)
{
	switch (result) {
	case CHECKIN_RESULT_NONE:
		return WIRE_RESULT_NONE;
	case CHECKIN_PRESENT:
		return WIRE_RESULT_PRESENT;
	case CHECKIN_LATE:
		return WIRE_RESULT_LATE;
	case CHECKIN_UNJUDGED:
		return WIRE_RESULT_UNJUDGED;
	case CHECKIN_NOT_EXPECTED:
		return WIRE_RESULT_NOT_EXPECTED;
	case CHECKIN_UNKNOWN_CARD:
		return WIRE_RESULT_UNKNOWN_CARD;
	case CHECKIN_BLOCKED_CARD:
		return WIRE_RESULT_BLOCKED_CARD;
	case CHECKIN_TALK: /* no tap */
		return WIRE_RESULT_NONE;
	}
	return WIRE_RESULT_NONE;
}

/* A corrected tap isn't a newer one: it keeps its place. Return: false where it isn't remembered. */
static bool correct_recent(struct kiosk_state *state, const struct checkin *row)
{
	for (size_t back = 1; back <= KIOSK_RECENT_MAX && back <= state->n_recent; back++) {
		struct kiosk_recent *r =
			&state->recent[(state->n_recent - back) % KIOSK_RECENT_MAX];
		if (!uuid_equal(r->id, row->id))
			continue;
		r->result = result_of(row->result);
		r->pupil = row->pupil;
		return true;
	}
	return false;
}

void kiosk_remember(struct kiosk_state *state, const struct checkin *row, const struct now *now)
{
	if (row->pupil && row->half != HALFDAY_NONE)
		set_in(state, row->pupil, row->date, row->half, now);
	/* Another boot's CLOCK_BOOTTIME can't be compared with this one's. */
	if (!uuid_equal(row->boot, state->settings.boot) || row->boot_ms > now->boot_ms)
		return;
	if (row->revision > 1 && correct_recent(state, row))
		return;
	if (!card_hash_is_none(row->card))
		add_recent(state, &(struct kiosk_recent){ .card = row->card,
					  .boot_ms = row->boot_ms,
					  .pupil = row->pupil,
					  .id = row->id,
					  .result = result_of(row->result) });
}

/* ---- views ----------------------------------------------------------------------------------- */

static void clock_text(const struct kiosk_state *state, int64_t at_ms, char *ret_text)
{
	ret_text[0] = 0;
	if (state->settings.zone && checkin_clock_judges(state->clock))
		civil_format_clock(civil_local_of(state->settings.zone, at_ms).at_s, ret_text);
}

/* A view with what every view carries; the rest is the caller's. */
static struct wire_view new_view(
	const struct kiosk_state *state, enum wire_view_state kind, int64_t at_ms)
{
	struct wire_view view = {
		.state = kind,
		.seen_us = -1,
		.offline = state->offline,
		.clock = state->clock,
		.minutes_late = -1,
	};
	clock_text(state, at_ms, view.at);
	return view;
}

static void show(struct kiosk_state *state, struct wire_view view, int64_t pupil, int64_t ends_us,
	struct kiosk_effects *fx)
{
	assert(fx->n_views < KIOSK_INPUTS_PER_TURN); /* one an input: the caller's bound */
	view.number = state->view.number; /* the real one comes at the end of the turn */
	state->view = view;
	state->shown = true;
	state->view_pupil = pupil;
	state->view_ends_us = ends_us;
	fx->views[fx->n_views++] = view;
}

/* What stands when nobody is at the gate: idle, or what is broken. */
static void show_rest(struct kiosk_state *state, const struct now *now, struct kiosk_effects *fx)
{
	struct wire_view view = new_view(state, WIRE_VIEW_IDLE, now->wall_ms);

	if (!state->store_ok || !state->reader_ok) {
		view.state = WIRE_VIEW_FAULT;
		view.fault = state->store_ok ? WIRE_FAULT_READER : WIRE_FAULT_STORE;
		view.taps_count = state->store_ok;
	}
	show(state, view, 0, -1, fx);
}

static bool rests(const struct kiosk_state *state)
{
	return state->view_ends_us < 0;
}

static int64_t result_ends_us(const struct kiosk_state *state, const struct now *now)
{
	return now->mono_us + INT64_C(1000) * state->settings.result_ms;
}

static void put_person(
	const struct kiosk_state *state, const struct roster_pupil *pupil, struct wire_view *view)
{
	if (!pupil)
		return;
	view->language = pupil->language;
	switch (state->settings.show_name) {
	case WIRE_NAMES_NONE:
		break;
	case WIRE_NAMES_FIRST:
		(void)snprintf(view->name, sizeof(view->name), "%s", pupil->first_name);
		break;
	case WIRE_NAMES_FULL:
		(void)snprintf(view->name, sizeof(view->name), "%s%s%s", pupil->first_name,
			pupil->first_name[0] && pupil->last_name[0] ? " " : "", pupil->last_name);
		break;
	}
}

/* A result that promises nothing: no check-in belongs to it. */
static void show_bare(struct kiosk_state *state, enum wire_view_result result,
	const struct kiosk_input *input, const struct now *now, struct kiosk_effects *fx)
{
	struct wire_view view = new_view(state, WIRE_VIEW_RESULT, now->wall_ms);

	view.result = result;
	view.seen_us = input->seen_us;
	show(state, view, 0, result_ends_us(state, now), fx);
}

static void show_overview(struct kiosk_state *state, const struct roster_pupil *pupil,
	const struct wire_view *of, const struct now *now, struct kiosk_effects *fx)
{
	struct wire_view view = new_view(state, WIRE_VIEW_OVERVIEW, now->wall_ms);

	view.result = of->result;
	view.checkin = of->checkin;
	view.seen_us = of->seen_us;
	put_person(state, pupil, &view);
	view.has_record = pupil->has_record;
	view.late_30_days = pupil->late_30_days;
	view.n_recent = pupil->n_recent;
	memcpy(view.recent, pupil->recent, sizeof(view.recent));
	view.talk = state->settings.talk && state->store_ok;
	show(state, view, pupil->id, now->mono_us + INT64_C(1000) * KIOSK_OVERVIEW_MS, fx);
}

static const struct roster_pupil *pupil_of(const struct kiosk_state *state, int64_t pupil)
{
	return state->roster && pupil ? roster_pupil_of(state->roster, pupil) : NULL;
}

/* The same card within repeat_s: the same tap. A second tap while the result shows opens the own record. */
static void show_repeat(struct kiosk_state *state, const struct kiosk_recent *recent,
	const struct kiosk_input *input, const struct now *now, struct kiosk_effects *fx)
{
	const struct roster_pupil *pupil = pupil_of(state, recent->pupil);
	struct wire_view view = new_view(state, WIRE_VIEW_RESULT, now->wall_ms);
	bool showing = state->view_pupil == recent->pupil && state->view_ends_us > now->mono_us;

	view.seen_us = input->seen_us;
	view.checkin = recent->id;
	view.result = recent->result;
	if (recent->result == WIRE_RESULT_PRESENT || recent->result == WIRE_RESULT_LATE ||
		recent->result == WIRE_RESULT_UNJUDGED)
		view.result = WIRE_RESULT_ALREADY;
	put_person(state, pupil, &view);
	if (pupil && showing && state->settings.overview)
		show_overview(state, pupil, &view, now, fx);
	else
		show(state, view, recent->pupil, result_ends_us(state, now), fx);
}

/* ---- a tap ----------------------------------------------------------------------------------- */

/*
 * The moment the reader saw the card, by this gate's clock. A commit that took seconds must not make a pupil late.
 * But never at or before what the register was told is complete.
 */
static int64_t tap_instant(const struct kiosk_state *state, int64_t seen_us, const struct now *now)
{
	int64_t age_us = now->mono_us - seen_us;

	if (seen_us < 0 || age_us < 0 || age_us > INT64_C(1000) * KIOSK_TAP_AGE_MAX_MS)
		return now->wall_ms;
	int64_t at_ms =
		now->wall_ms - (int64_t)((double)age_us / 1000.0 * state->settings.clock_speed);
	if (at_ms <= state->complete_ms)
		at_ms = state->complete_ms + 1;
	return at_ms < now->wall_ms ? at_ms : now->wall_ms;
}

/* Who was not expected can't be late, nor who is in already by the morning. Source: topics.md "Life of an alert",
 * programs.md rules.afternoon. */
static bool counts_as_late(struct kiosk_state *state, const struct tap *tap)
{
	int64_t pupil = tap->pupil->id;

	if (roster_excuse_of(state->roster, pupil, tap->local.date, tap->half))
		return false;
	return !(state->settings.carry && tap->half == HALFDAY_PM &&
		 is_in(state, pupil, tap->local.date, HALFDAY_AM));
}

static void judge_time(struct kiosk_state *state, struct tap *tap)
{
	const struct roster_pupil *pupil = tap->pupil;
	const struct timetable_slot *slot[3] = { NULL };

	if (!tap->has_local) {
		tap->result = CHECKIN_UNJUDGED;
		return;
	}
	slot[HALFDAY_AM] = roster_slot_of(state->roster, pupil, tap->local.date, HALFDAY_AM);
	slot[HALFDAY_PM] = roster_slot_of(state->roster, pupil, tap->local.date, HALFDAY_PM);
	tap->half = halfday_of(slot[HALFDAY_AM], slot[HALFDAY_PM], tap->local.at_s,
		state->settings.opens_before_min);
	int ms_of_day = tap->local.at_s * 1000 + (int)(tap->at_ms % 1000);
	struct verdict v =
		verdict_of(slot[tap->half], ms_of_day, state->settings.late_grace_min, true);
	tap->minutes_late = v.minutes_late;
	tap->result = v.result == VERDICT_PRESENT ? CHECKIN_PRESENT
		      : v.result == VERDICT_LATE  ? CHECKIN_LATE
						  : CHECKIN_NOT_EXPECTED;
	tap->already =
		tap->half != HALFDAY_NONE && is_in(state, pupil->id, tap->local.date, tap->half);
	if (tap->result == CHECKIN_LATE && !counts_as_late(state, tap)) {
		tap->result = CHECKIN_PRESENT;
		tap->minutes_late = 0;
	}
}

static void judge(struct kiosk_state *state, struct card_hash hash, struct tap *tap)
{
	const struct roster_card *card = state->roster ? roster_card_of(state->roster, hash) : NULL;

	tap->result = CHECKIN_UNKNOWN_CARD;
	if (!card)
		return;
	if (card->blocked) {
		tap->result = CHECKIN_BLOCKED_CARD;
		return;
	}
	/* Without a date nobody can say that a card has expired. */
	if (tap->has_local && !roster_card_valid(card, tap->local.date))
		return;
	tap->pupil = roster_pupil_of(state->roster, card->pupil);
	if (tap->pupil)
		judge_time(state, tap);
}

static struct checkin to_row(const struct kiosk_state *state, const struct tap *tap,
	const struct kiosk_input *input, const struct now *now)
{
	int64_t age_ms = now->wall_ms - tap->at_ms;
	struct checkin row = {
		.id = input->id,
		.revision = 1,
		.result = tap->result,
		.at_ms = tap->at_ms,
		.clock = state->clock,
		.clock_error_ms = now->error_ms,
		.boot = state->settings.boot,
		.boot_ms = now->boot_ms - age_ms,
		.pupil = tap->pupil ? tap->pupil->id : 0,
		.card = input->card,
		.half = tap->half,
		.minutes_late = tap->minutes_late,
		.source = CHECKIN_SOURCE_CARD,
	};
	if (row.boot_ms < 0)
		row.boot_ms = 0;
	if (tap->has_local)
		row.date = tap->local.date;
	memcpy(row.gate, state->settings.gate, sizeof(row.gate));
	return row;
}

void kiosk_redate(struct kiosk_state *state, struct checkin *row, const struct now *now)
{
	struct tap tap = { .at_ms = row->boot_ms + (now->wall_ms - now->boot_ms) };

	tap.has_local = state->settings.zone;
	if (tap.has_local)
		tap.local = civil_local_of(state->settings.zone, tap.at_ms);
	judge(state, row->card, &tap);
	row->revision++;
	row->at_ms = tap.at_ms;
	row->clock = to_checkin_clock(now->state);
	row->clock_error_ms = now->error_ms;
	row->result = tap.result;
	row->pupil = tap.pupil ? tap.pupil->id : 0;
	row->half = tap.half;
	row->minutes_late = tap.minutes_late;
	row->date = tap.local.date;
	if (tap.half != HALFDAY_NONE)
		set_in(state, row->pupil, tap.local.date, tap.half, now);
	(void)correct_recent(state, row);
}

bool kiosk_clock_set(struct kiosk_state *state, const struct now *now)
{
	if (!is_to_come(state, state->in_date, now))
		return false;
	memset(state->in, 0, sizeof(state->in));
	state->n_in = 0;
	memset(&state->in_date, 0, sizeof(state->in_date));
	return true;
}

static void accept_tap(struct kiosk_state *state, const struct tap *tap,
	const struct kiosk_input *input, const struct now *now, struct kiosk_effects *fx)
{
	struct wire_view view = new_view(state, WIRE_VIEW_RESULT, tap->at_ms);
	int64_t pupil = tap->pupil ? tap->pupil->id : 0;

	assert(fx->n_rows < KIOSK_INPUTS_PER_TURN);
	fx->rows[fx->n_rows++] = to_row(state, tap, input, now);
	view.result = tap->already ? WIRE_RESULT_ALREADY : result_of(tap->result);
	view.checkin = input->id;
	view.seen_us = input->seen_us;
	if (view.result == WIRE_RESULT_LATE)
		view.minutes_late = tap->minutes_late;
	put_person(state, tap->pupil, &view);
	if (tap->half != HALFDAY_NONE)
		set_in(state, pupil, tap->local.date, tap->half, now);
	add_recent(state, &(struct kiosk_recent){ .card = input->card,
				  .boot_ms = now->boot_ms,
				  .pupil = pupil,
				  .id = input->id,
				  .result = view.result });
	if (!fx->about_to_store) {
		fx->about_to_store = true;
		fx->reading = new_view(state, WIRE_VIEW_READING, now->wall_ms);
		fx->reading.seen_us = input->seen_us;
	}
	show(state, view, pupil, result_ends_us(state, now), fx);
}

/*
 * The same tap, or one that says something new? Who is in stays in for repeat_s. But a card that was unknown, or came
 * before the gate opened, a moment ago must not be swallowed once it counts.
 */
static bool is_repeat(const struct kiosk_recent *recent, const struct tap *tap)
{
	enum wire_view_result now = result_of(tap->result);
	bool was_in = recent->result == WIRE_RESULT_PRESENT || recent->result == WIRE_RESULT_LATE ||
		      recent->result == WIRE_RESULT_ALREADY;
	bool no_pupil = now == WIRE_RESULT_UNKNOWN_CARD || now == WIRE_RESULT_BLOCKED_CARD;

	return now == recent->result || (was_in && !no_pupil);
}

static void step_card(struct kiosk_state *state, const struct kiosk_input *input,
	const struct now *now, struct kiosk_effects *fx)
{
	if (input->form != CARD_FORM_TOKEN) {
		show_bare(state, WIRE_RESULT_REFUSED_CARD, input, now, fx);
		return;
	}
	struct tap tap = { .at_ms = tap_instant(state, input->seen_us, now) };
	tap.has_local = state->settings.zone && checkin_clock_judges(state->clock);
	if (tap.has_local)
		tap.local = civil_local_of(state->settings.zone, tap.at_ms);
	judge(state, input->card, &tap);
	const struct kiosk_recent *recent =
		recent_of(state, input->card, seen_boot_ms(state, input->seen_us, now));
	if (recent && is_repeat(recent, &tap)) {
		show_repeat(state, recent, input, now, fx);
		return;
	}
	accept_tap(state, &tap, input, now, fx);
}

/*
 * In the log like a tap, so that it is delivered like one; but it is nobody's presence. It can be asked for again as soon
 * as the record is opened again: that it was, the gate doesn't keep in mind. The register raises one alert.
 */
static void ask_for_talk(struct kiosk_state *state, const struct kiosk_input *input,
	const struct now *now, struct kiosk_effects *fx)
{
	struct wire_view view = state->view;
	struct tap tap = { .at_ms = now->wall_ms,
		.pupil = pupil_of(state, state->view_pupil),
		.result = CHECKIN_TALK };

	if (!tap.pupil || view.state != WIRE_VIEW_OVERVIEW || !view.talk)
		return;
	tap.has_local = state->settings.zone && checkin_clock_judges(state->clock);
	if (tap.has_local)
		tap.local = civil_local_of(state->settings.zone, tap.at_ms);
	assert(fx->n_rows < KIOSK_INPUTS_PER_TURN);
	fx->rows[fx->n_rows++] = to_row(state, &tap, input, now);
	view.talk = false;
	view.talk_asked = true;
	show(state, view, tap.pupil->id, now->mono_us + INT64_C(1000) * KIOSK_THANKS_MS, fx);
}

static void step_touch(struct kiosk_state *state, const struct kiosk_input *input,
	const struct now *now, struct kiosk_effects *fx)
{
	const struct roster_pupil *pupil = pupil_of(state, state->view_pupil);

	/* A finger that meant the picture of who was here before must not speak for who is here now. */
	if (!uuid_is_none(input->touched) && !uuid_equal(input->touched, state->view.checkin))
		return;
	switch (input->touch) {
	case WIRE_TOUCH_OVERVIEW:
		if (pupil && state->view.state == WIRE_VIEW_RESULT && state->settings.overview) {
			struct wire_view of = state->view;
			show_overview(state, pupil, &of, now, fx);
		}
		break;
	case WIRE_TOUCH_CLOSE:
		if (!rests(state))
			show_rest(state, now, fx);
		break;
	case WIRE_TOUCH_TALK:
		ask_for_talk(state, input, now, fx);
		break;
	case WIRE_TOUCH_NONE:
		break;
	}
}

/* What stands changes with time alone: a result ends, the minute turns, a state behind the picture changed. */
static void settle(struct kiosk_state *state, const struct now *now, struct kiosk_effects *fx)
{
	bool ended = !rests(state) && now->mono_us >= state->view_ends_us;
	char at[WIRE_CLOCK_TEXT];

	if (!rests(state) && !ended)
		return;
	clock_text(state, now->wall_ms, at);
	enum wire_view_fault fault = !state->store_ok    ? WIRE_FAULT_STORE
				     : !state->reader_ok ? WIRE_FAULT_READER
							 : WIRE_FAULT_NONE;
	bool same = state->shown && strcmp(at, state->view.at) == 0 && state->view.fault == fault &&
		    state->view.offline == state->offline && state->view.clock == state->clock;
	if (ended || !same)
		show_rest(state, now, fx);
}

void kiosk_step(struct kiosk_state *state, const struct kiosk_input *input, const struct now *now,
	struct kiosk_effects *fx)
{
	size_t views_before = fx->n_views;

	state->clock = to_checkin_clock(now->state);
	switch (input->kind) {
	case KIOSK_INPUT_TICK:
		break;
	case KIOSK_INPUT_CARD:
		step_card(state, input, now, fx);
		break;
	case KIOSK_INPUT_TWO_CARDS:
		show_bare(state, WIRE_RESULT_TWO_CARDS, input, now, fx);
		break;
	case KIOSK_INPUT_READER:
		state->reader_ok = input->flag;
		break;
	case KIOSK_INPUT_TOUCH:
		step_touch(state, input, now, fx);
		break;
	case KIOSK_INPUT_ARRIVAL:
		set_in(state, input->arrival.pupil, input->arrival.date, input->arrival.half, now);
		break;
	case KIOSK_INPUT_OFFLINE:
		state->offline = input->flag;
		break;
	case KIOSK_INPUT_STORE:
		state->store_ok = input->flag;
		break;
	}
	if (fx->n_views == views_before)
		settle(state, now, fx);
}

void kiosk_number(struct kiosk_state *state, struct kiosk_effects *fx)
{
	int64_t number = state->view.number;

	if (fx->about_to_store)
		fx->reading.number = ++number;
	for (size_t i = 0; i < fx->n_views; i++)
		fx->views[i].number = ++number;
	state->view.number = number;
}

/* Forget a tap, so that the next try is one of its own. */
static void forget(
	struct kiosk_state *state, const struct checkin *row, bool was_in, const struct now *now)
{
	for (size_t back = 1; back <= KIOSK_RECENT_MAX && back <= state->n_recent; back++) {
		struct kiosk_recent *r =
			&state->recent[(state->n_recent - back) % KIOSK_RECENT_MAX];
		if (!uuid_equal(r->id, row->id))
			continue;
		memset(r, 0, sizeof(*r));
		r->boot_ms = now->boot_ms; /* the ring stays in order of time */
		break;
	}
	if (row->pupil && row->half != HALFDAY_NONE && !was_in)
		in_slot(state, row->pupil)->halves &= (unsigned char)~half_bit(row->half);
}

void kiosk_refuse(struct kiosk_state *state, const struct now *now, struct kiosk_effects *fx)
{
	for (size_t i = 0; i < fx->n_rows; i++) {
		bool was_in = false;
		for (size_t v = 0; v < fx->n_views; v++) {
			bool promises = fx->rows[i].result == CHECKIN_TALK
						? fx->views[v].talk_asked
						: uuid_equal(fx->views[v].checkin, fx->rows[i].id);
			if (!promises)
				continue;
			was_in = was_in || fx->views[v].result == WIRE_RESULT_ALREADY;
			struct wire_view bare = new_view(state, WIRE_VIEW_RESULT, now->wall_ms);
			bare.result = WIRE_RESULT_NOT_STORED;
			bare.number = fx->views[v].number;
			bare.seen_us = fx->views[v].seen_us;
			fx->views[v] = bare;
		}
		forget(state, &fx->rows[i], was_in, now);
	}
	fx->n_rows = 0;
	if (fx->n_views && fx->views[fx->n_views - 1].result == WIRE_RESULT_NOT_STORED) {
		state->view = fx->views[fx->n_views - 1];
		state->view_pupil = 0;
	}
}

int64_t kiosk_next_ms(const struct kiosk_state *state, const struct now *now)
{
	if (rests(state))
		return -1;
	int64_t left_us = state->view_ends_us - now->mono_us;
	return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}
