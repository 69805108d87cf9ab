/* SPDX-License-Identifier: EUPL-1.2 */
#include "signal/pattern.h"

#include <string.h>

/* What a pupil is told; several results share one, so that nobody is shown up. */
enum sign { SIGN_DARK, SIGN_GO, SIGN_LATE, SIGN_INFO, SIGN_DESK, SIGN_CARD, SIGN_NOT_STORED };

#define GO(...) .line[SIGNAL_GO] = { __VA_ARGS__ }
#define DESK(...) .line[SIGNAL_DESK] = { __VA_ARGS__ }
#define PIEZO(...) .line[SIGNAL_PIEZO] = { __VA_ARGS__ }

/* Steady: go on. Slow: for your information, or please read. Quick: hold it differently. Both in turn: this gate failed. */
static const struct signal_pattern signs[] = {
	[SIGN_DARK] = { GO(0, 0, 0, 0) },
	[SIGN_GO] = { GO(0, 1000, 0, 1), PIEZO(0, 90, 0, 1) },
	[SIGN_LATE] = { GO(0, 450, 150, 2), PIEZO(0, 300, 0, 1) },
	[SIGN_INFO] = { GO(0, 200, 150, 3), PIEZO(0, 160, 0, 1) },
	[SIGN_DESK] = { DESK(0, 400, 200, 3), PIEZO(0, 130, 110, 2) },
	[SIGN_CARD] = { DESK(0, 80, 80, 8), PIEZO(0, 45, 60, 2) },
	[SIGN_NOT_STORED] = { GO(0, 250, 250, 3), DESK(250, 250, 250, 3), PIEZO(0, 220, 130, 3) },
};

static enum sign sign_of(enum wire_view_result result, bool late_open)
{
	switch (result) {
	case WIRE_RESULT_NONE:
		return SIGN_DARK;
	case WIRE_RESULT_PRESENT:
		return SIGN_GO;
	case WIRE_RESULT_LATE:
		return late_open ? SIGN_LATE : SIGN_GO;
	case WIRE_RESULT_ALREADY:
	case WIRE_RESULT_NOT_EXPECTED:
	case WIRE_RESULT_UNJUDGED:
		return SIGN_INFO;
	case WIRE_RESULT_UNKNOWN_CARD:
	case WIRE_RESULT_BLOCKED_CARD:
		return SIGN_DESK;
	case WIRE_RESULT_REFUSED_CARD:
	case WIRE_RESULT_TWO_CARDS:
		return SIGN_CARD;
	case WIRE_RESULT_NOT_STORED:
		return SIGN_NOT_STORED;
	}
	return SIGN_DARK;
}

void signal_pattern_away(struct signal_pattern *ret_pattern)
{
	memset(ret_pattern, 0, sizeof(*ret_pattern));
	/* A short flash every two seconds: seen by who comes near, calm for who stands there. */
	ret_pattern->line[SIGNAL_DESK] =
		(struct signal_blink){ .on_ms = 120, .off_ms = 1880, .times = -1 };
}

static bool is_soft(const char *at, const struct signal_settings *s)
{
	int at_s;

	if (!at[0] || civil_parse_clock(at, &at_s) != 0)
		return false; /* nobody knows: as by day */
	int minute = at_s / 60;
	return minute < s->soft_until_min || (s->soft_from_min >= 0 && minute >= s->soft_from_min);
}

static void soften(struct signal_blink *beep, const char *at, const struct signal_settings *s)
{
	bool soft = is_soft(at, s);

	if (!s->sound || (soft && s->soft_volume == 0))
		beep->times = 0;
	/* A buzzer has one loudness; a shorter beep is a softer one to the ear. The rhythm stays. */
	if (soft && beep->on_ms > SIGNAL_SHORT_MS) {
		beep->off_ms += beep->on_ms - SIGNAL_SHORT_MS;
		beep->on_ms = SIGNAL_SHORT_MS;
	}
}

bool signal_pattern_of(const struct wire_view *view, const struct signal_settings *settings,
	struct signal_pattern *ret_pattern)
{
	switch (view->state) {
	case WIRE_VIEW_READING: /* the result comes in a moment */
		return false;
	case WIRE_VIEW_IDLE:
		*ret_pattern = signs[SIGN_DARK];
		return true;
	case WIRE_VIEW_FAULT:
		signal_pattern_away(ret_pattern);
		return true;
	case WIRE_VIEW_RESULT:
		*ret_pattern = signs[sign_of(view->result, settings->late_open)];
		break;
	case WIRE_VIEW_OVERVIEW: /* the second tap is answered; the record is nobody else's business */
		*ret_pattern = signs[SIGN_INFO];
		ret_pattern->line[SIGNAL_PIEZO].times = 0;
		break;
	}
	soften(&ret_pattern->line[SIGNAL_PIEZO], view->at, settings);
	return true;
}

static int64_t blink_at(const struct signal_blink *b, int64_t since_ms, bool *ret_on)
{
	int64_t at = since_ms - b->from_ms, period = b->on_ms + b->off_ms;

	*ret_on = false;
	if (b->times == 0)
		return SIGNAL_FOREVER;
	if (at < 0)
		return -at;
	if (b->times > 0 && at >= b->times * period - b->off_ms)
		return SIGNAL_FOREVER;
	*ret_on = at % period < b->on_ms;
	return (*ret_on ? b->on_ms : period) - at % period;
}

int64_t signal_pattern_at(const struct signal_pattern *pattern, int64_t since_ms, bool *ret_on)
{
	int64_t next_ms = SIGNAL_FOREVER;

	for (int i = 0; i < SIGNAL_N_LINES; i++) {
		int64_t one_ms = blink_at(&pattern->line[i], since_ms, &ret_on[i]);
		next_ms = one_ms < next_ms ? one_ms : next_ms;
	}
	return next_ms;
}
