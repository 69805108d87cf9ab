/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/view.h"

#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT 16 /* an int in decimal */

static const struct screen_colours colours[SCREEN_N_TONES] = {
	[SCREEN_TONE_CALM] = { 0x0f4c5c, 0xf4faf9, 0xf6f4ee, 0xffffff, 0x16303a, 0x465a63 },
	[SCREEN_TONE_WELCOME] = { 0x0b7350, 0xffffff, 0xeff7f2, 0xffffff, 0x10352a, 0x34574a },
	[SCREEN_TONE_AMBER] = { 0xf4b13d, 0x2b1e00, 0xfff7e6, 0xffffff, 0x3b2a00, 0x624a12 },
	[SCREEN_TONE_INFO] = { 0x1f5fa8, 0xffffff, 0xeef3fa, 0xffffff, 0x12283f, 0x3a536e },
	[SCREEN_TONE_DESK] = { 0x58469c, 0xffffff, 0xf2f0f9, 0xffffff, 0x2a1f45, 0x524873 },
	[SCREEN_TONE_FAULT] = { 0x3c4a59, 0xffffff, 0xf0f2f4, 0xffffff, 0x1f2933, 0x4a5663 },
	[SCREEN_TONE_NIGHT] = { 0x05090b, 0x74858c, 0x000000, 0x0c1215, 0x74858c, 0x74858c },
};

/* What a result looks like where neither name nor setting changes it. */
struct look {
	enum screen_sign sign;
	enum screen_tone tone;
	enum screen_sound sound;
	enum screen_word headline, detail;
	bool pupil; /* we know who it is: the record may be offered */
};

static const struct look looks[] = {
	[WIRE_RESULT_NONE] = { SCREEN_SIGN_HOLD, SCREEN_TONE_CALM, SCREEN_SOUND_NONE,
		SCREEN_WORD_READING, SCREEN_WORD_READING, false },
	[WIRE_RESULT_PRESENT] = { SCREEN_SIGN_TICK, SCREEN_TONE_WELCOME, SCREEN_SOUND_WELCOME,
		SCREEN_WORD_WELCOME, SCREEN_WORD_ON_TIME, true },
	/* Discreet; apply_late() makes it open. */
	[WIRE_RESULT_LATE] = { SCREEN_SIGN_TICK, SCREEN_TONE_WELCOME, SCREEN_SOUND_WELCOME,
		SCREEN_WORD_WELCOME, SCREEN_WORD_PASS_BY_DESK, true },
	[WIRE_RESULT_ALREADY] = { SCREEN_SIGN_AGAIN, SCREEN_TONE_WELCOME, SCREEN_SOUND_INFO,
		SCREEN_WORD_ALREADY, SCREEN_WORD_ALREADY_DETAIL, true },
	[WIRE_RESULT_NOT_EXPECTED] = { SCREEN_SIGN_CALENDAR, SCREEN_TONE_INFO, SCREEN_SOUND_INFO,
		SCREEN_WORD_NOT_EXPECTED, SCREEN_WORD_NOT_EXPECTED_DETAIL, true },
	[WIRE_RESULT_UNJUDGED] = { SCREEN_SIGN_TRAY, SCREEN_TONE_INFO, SCREEN_SOUND_INFO,
		SCREEN_WORD_UNJUDGED, SCREEN_WORD_UNJUDGED_DETAIL, true },
	[WIRE_RESULT_UNKNOWN_CARD] = { SCREEN_SIGN_BELL, SCREEN_TONE_DESK, SCREEN_SOUND_DESK,
		SCREEN_WORD_UNKNOWN, SCREEN_WORD_TO_DESK, false },
	[WIRE_RESULT_BLOCKED_CARD] = { SCREEN_SIGN_BELL_CARD, SCREEN_TONE_DESK, SCREEN_SOUND_DESK,
		SCREEN_WORD_BLOCKED, SCREEN_WORD_TO_DESK, false },
	[WIRE_RESULT_REFUSED_CARD] = { SCREEN_SIGN_SCHOOL_CARD, SCREEN_TONE_CALM, SCREEN_SOUND_CARD,
		SCREEN_WORD_REFUSED, SCREEN_WORD_REFUSED_DETAIL, false },
	[WIRE_RESULT_TWO_CARDS] = { SCREEN_SIGN_ONE_CARD, SCREEN_TONE_CALM, SCREEN_SOUND_CARD,
		SCREEN_WORD_TWO_CARDS, SCREEN_WORD_TWO_CARDS_DETAIL, false },
	[WIRE_RESULT_NOT_STORED] = { SCREEN_SIGN_NOT_STORED, SCREEN_TONE_FAULT, SCREEN_SOUND_FAULT,
		SCREEN_WORD_NOT_STORED, SCREEN_WORD_NOT_STORED_DETAIL, false },
};

/* What every picture is made with. */
struct maker {
	const struct wire_view *view;
	const struct screen_settings *settings;
	const char *const *text; /* of the view's language */
	struct screen_picture *picture;
};

const struct screen_colours *screen_colours_of(enum screen_tone tone)
{
	return &colours[tone];
}

static void put(char *to, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);
	/* A cut never leaves half a character. */
	while (text[len] && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(to, text, len);
	to[len] = '\0';
}

/* Replaces the first @mark ("{n}") of a text by a number. */
static void put_number(char *to, size_t size, const char *text, const char *mark, int number)
{
	char digits[NUMBER_TEXT], whole[2 * SCREEN_TEXT_MAX];
	const char *at = strstr(text, mark);
	if (!at) {
		put(to, size, text);
		return;
	}
	snprintf(digits, sizeof(digits), "%d", number);
	snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(at - text), text, digits,
		at + strlen(mark));
	put(to, size, whole);
}

static const char *const *text_of(const struct wire_view *view,
	const struct screen_settings *settings, const struct screen_words *words)
{
	enum roster_language language =
		view->language != ROSTER_LANGUAGE_NONE ? view->language : settings->language;
	return words->text[language];
}

/* By the time of the tap; without one there is no greeting by the hour. */
static enum screen_word greeting(const char *at)
{
	if (at[0] < '0' || at[0] > '2' || at[1] < '0' || at[1] > '9')
		return SCREEN_WORD_WELCOME;
	int hour = (at[0] - '0') * 10 + (at[1] - '0');
	if (hour < 4 || hour >= 18)
		return SCREEN_WORD_EVENING;
	return hour < 12 ? SCREEN_WORD_MORNING : SCREEN_WORD_AFTERNOON;
}

/* The minute of the day of "HH:MM"; -1 without one. */
static int minute_of(const char *at)
{
	for (int i = 0; i < 5; i++)
		if (i != 2 && (at[i] < '0' || at[i] > '9'))
			return -1;
	return 60 * (10 * (at[0] - '0') + at[1] - '0') + 10 * (at[3] - '0') + at[4] - '0';
}

static bool is_dark(const struct screen_settings *s, const char *at)
{
	int minute = minute_of(at), from = s->dark_from_min, until = s->dark_until_min;
	if (minute < 0 || from < 0 || until < 0)
		return false;
	return from <= until ? minute >= from && minute < until : minute >= from || minute < until;
}

static void make_idle(const struct maker *m, enum screen_word headline)
{
	struct screen_picture *p = m->picture;
	p->layout = SCREEN_LAYOUT_IDLE;
	p->sign = SCREEN_SIGN_HOLD;
	p->tone = is_dark(m->settings, m->view->at) ? SCREEN_TONE_NIGHT : SCREEN_TONE_CALM;
	put(p->headline, sizeof(p->headline), m->text[headline]);
}

static void make_late_open(const struct maker *m)
{
	struct screen_picture *p = m->picture;
	int minutes = m->view->minutes_late;
	p->sign = SCREEN_SIGN_CLOCK;
	p->tone = SCREEN_TONE_AMBER;
	p->sound = SCREEN_SOUND_LATE;
	if (minutes < 1)
		return; /* not said: the greeting stays */
	put_number(p->headline, sizeof(p->headline),
		m->text[minutes == 1 ? SCREEN_WORD_LATE_ONE : SCREEN_WORD_LATE_MANY], "{n}",
		minutes);
}

static void make_result(const struct maker *m)
{
	struct screen_picture *p = m->picture;
	const struct look *look = &looks[m->view->result];
	enum screen_word headline = look->headline;
	p->layout = SCREEN_LAYOUT_RESULT;
	p->sign = look->sign;
	p->tone = look->tone;
	p->sound = look->sound;
	if (headline == SCREEN_WORD_WELCOME)
		headline = greeting(m->view->at);
	put(p->headline, sizeof(p->headline), m->text[headline]);
	put(p->detail, sizeof(p->detail), m->text[look->detail]);
	/* A name beside "go to the desk" or "not stored" would show somebody up: known pupils alone. */
	if (look->pupil)
		put(p->name, sizeof(p->name), m->view->name);
	if (m->view->result == WIRE_RESULT_LATE && m->settings->late_open)
		make_late_open(m);
	if (look->pupil && m->settings->overview)
		put(p->record_label, sizeof(p->record_label), m->text[SCREEN_WORD_RECORD]);
}

static enum screen_sign sign_of_mark(char mark)
{
	switch (mark) {
	case '|':
		return SCREEN_SIGN_MARK_PRESENT;
	case 'L':
		return SCREEN_SIGN_MARK_LATE;
	case '-':
		return SCREEN_SIGN_MARK_NO_TAP;
	case 'x':
		return SCREEN_SIGN_MARK_EXCUSED;
	default: /* '.', and whatever a later release may bring */
		return SCREEN_SIGN_MARK_NONE;
	}
}

static void make_tile(const char *const *text, const struct roster_recent *recent, int week,
	struct screen_tile *ret_tile)
{
	char half[SCREEN_TILE_TEXT_MAX];
	put_number(half, sizeof(half), text[SCREEN_WORD_DATE], "{d}", recent->date.day);
	put_number(ret_tile->date, sizeof(ret_tile->date), half, "{m}", recent->date.month);
	ret_tile->weekday = civil_weekday(recent->date);
	ret_tile->week = week;
	for (int i = 0; i < 2; i++)
		ret_tile->mark[i] = sign_of_mark(recent->marks[i]);
}

static int monday_of(const struct roster_recent *recent)
{
	return civil_day_number(recent->date) - civil_weekday(recent->date);
}

/* A row a school week, a column a weekday: so a Monday that is often late is seen at once. */
static void make_tiles(const struct maker *m)
{
	struct screen_picture *p = m->picture;
	const struct wire_view *v = m->view;
	int n = v->n_recent < ROSTER_RECENT_MAX ? v->n_recent : ROSTER_RECENT_MAX;
	int from = n;
	while (from > 0) {
		bool same =
			from < n && monday_of(&v->recent[from]) == monday_of(&v->recent[from - 1]);
		if (!same && p->n_weeks == SCREEN_WEEKS_MAX)
			break;
		p->n_weeks += !same;
		from--;
	}
	int week = -1;
	p->n_days = 5;
	for (int i = from; i < n; i++) {
		struct screen_tile *tile = &p->tile[p->n_tiles++];
		bool same = i > from && monday_of(&v->recent[i]) == monday_of(&v->recent[i - 1]);
		week += !same;
		make_tile(m->text, &v->recent[i], week, tile);
		if (tile->weekday >= p->n_days)
			p->n_days = tile->weekday + 1;
	}
	for (int i = 0; i < p->n_days; i++)
		p->day[i] = m->text[SCREEN_WORD_MONDAY + i];
	for (int i = 0; i < 4; i++)
		p->legend[i] = m->text[SCREEN_WORD_MARK_PRESENT + i];
}

static void make_record(const struct maker *m)
{
	struct screen_picture *p = m->picture;
	const struct wire_view *v = m->view;
	p->layout = SCREEN_LAYOUT_RECORD;
	p->tone = SCREEN_TONE_CALM;
	p->sign = SCREEN_SIGN_RECORD;
	p->close = true;
	put(p->name, sizeof(p->name), v->name);
	put(p->headline, sizeof(p->headline), m->text[SCREEN_WORD_RECORD]);
	/* Thanks only once it is in the kiosk's database. */
	p->talk_done = v->talk_asked;
	if (p->talk_done)
		put(p->talk_label, sizeof(p->talk_label), m->text[SCREEN_WORD_TALK_DONE]);
	else if (v->talk && m->settings->talk)
		put(p->talk_label, sizeof(p->talk_label), m->text[SCREEN_WORD_TALK]);
	if (!v->has_record) {
		put(p->detail, sizeof(p->detail), m->text[SCREEN_WORD_RECORD_NONE]);
		return;
	}
	enum screen_word late = SCREEN_WORD_RECORD_LATE_MANY;
	if (v->late_30_days <= 0)
		late = SCREEN_WORD_RECORD_NEVER_LATE;
	else if (v->late_30_days == 1)
		late = SCREEN_WORD_RECORD_LATE_ONE;
	put_number(p->detail, sizeof(p->detail), m->text[late], "{n}", v->late_30_days);
	make_tiles(m);
}

static void make_fault(const struct maker *m)
{
	struct screen_picture *p = m->picture;
	enum screen_word detail = SCREEN_WORD_OR_DESK;
	if (m->view->taps_count)
		detail = SCREEN_WORD_STILL_COUNTS;
	else if (m->view->fault == WIRE_FAULT_STORE)
		detail = SCREEN_WORD_NOT_COUNTED;
	p->layout = SCREEN_LAYOUT_RESULT;
	p->sign = SCREEN_SIGN_OTHER_GATE;
	p->tone = SCREEN_TONE_FAULT;
	put(p->headline, sizeof(p->headline), m->text[SCREEN_WORD_OTHER_GATE]);
	put(p->detail, sizeof(p->detail), m->text[detail]);
}

void screen_picture_of(const struct wire_view *view, const struct screen_settings *settings,
	const struct screen_words *words, struct screen_picture *ret_picture)
{
	struct maker m = { view, settings, text_of(view, settings, words), ret_picture };
	screen_picture_start(settings, ret_picture);
	put(ret_picture->clock, sizeof(ret_picture->clock), view->at);
	ret_picture->staff_offline = view->offline;
	ret_picture->staff_clock = !checkin_clock_judges(view->clock);
	switch (view->state) {
	case WIRE_VIEW_IDLE:
		make_idle(&m, SCREEN_WORD_HOLD_CARD);
		break;
	case WIRE_VIEW_READING:
		make_idle(&m, SCREEN_WORD_READING);
		break;
	case WIRE_VIEW_RESULT:
		make_result(&m);
		break;
	case WIRE_VIEW_OVERVIEW:
		make_record(&m);
		break;
	case WIRE_VIEW_FAULT:
		make_fault(&m);
		break;
	}
}

void screen_picture_away(const struct screen_settings *settings, const struct screen_words *words,
	struct screen_picture *ret_picture)
{
	const struct wire_view none = { .state = WIRE_VIEW_FAULT, .clock = CHECKIN_CLOCK_TRUSTED };
	screen_picture_of(&none, settings, words, ret_picture);
}

void screen_picture_start(
	const struct screen_settings *settings, struct screen_picture *ret_picture)
{
	memset(ret_picture, 0, sizeof(*ret_picture));
	put(ret_picture->school, sizeof(ret_picture->school), settings->school_name);
}

uint32_t screen_mark_colour(enum screen_sign mark, enum screen_tone tone)
{
	if (mark == SCREEN_SIGN_MARK_PRESENT)
		return colours[SCREEN_TONE_WELCOME].block;
	if (mark == SCREEN_SIGN_MARK_LATE)
		return 0xa85a00; /* 4.8:1 on white; no alarm */
	if (mark == SCREEN_SIGN_MARK_EXCUSED)
		return colours[SCREEN_TONE_INFO].block;
	return colours[tone].soft;
}
