/* SPDX-License-Identifier: EUPL-1.2 */
/* What is on the picture, for every result, mode of lateness and language; and its contrast. */
#include "screen/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

static struct screen_words words;

static struct screen_settings settings_of(bool late_open)
{
	return (struct screen_settings){ "Sint-Jansinstituut", ROSTER_NL, late_open, true, true,
		20 * 60, 6 * 60 };
}

static struct wire_view result_of(enum wire_view_result result)
{
	struct wire_view v = { .number = 1,
		.state = WIRE_VIEW_RESULT,
		.result = result,
		.at = "08:29",
		.clock = CHECKIN_CLOCK_TRUSTED,
		.name = "Noor",
		.minutes_late = -1 };
	if (result == WIRE_RESULT_LATE)
		v.minutes_late = 4;
	return v;
}

static const struct {
	const char *name;
	enum wire_view_result result;
	bool late_open;
	enum screen_sign sign;
	enum screen_tone tone;
	enum screen_sound sound;
	const char *headline, *detail;
	bool named, record;
} row[] = {
	{ "present", WIRE_RESULT_PRESENT, false, SCREEN_SIGN_TICK, SCREEN_TONE_WELCOME,
		SCREEN_SOUND_WELCOME, "Goedemorgen", "Fijne schooldag.", true, true },
	{ "present, open mode", WIRE_RESULT_PRESENT, true, SCREEN_SIGN_TICK, SCREEN_TONE_WELCOME,
		SCREEN_SOUND_WELCOME, "Goedemorgen", "Fijne schooldag.", true, true },
	{ "late, discreet", WIRE_RESULT_LATE, false, SCREEN_SIGN_TICK, SCREEN_TONE_WELCOME,
		SCREEN_SOUND_WELCOME, "Goedemorgen", "Ga even langs het onthaal.", true, true },
	{ "late, open", WIRE_RESULT_LATE, true, SCREEN_SIGN_CLOCK, SCREEN_TONE_AMBER,
		SCREEN_SOUND_LATE, "4 minuten te laat", "Ga even langs het onthaal.", true, true },
	{ "already", WIRE_RESULT_ALREADY, false, SCREEN_SIGN_AGAIN, SCREEN_TONE_WELCOME,
		SCREEN_SOUND_INFO, "Je bent al aangemeld", "Je vorige tik telt.", true, true },
	{ "not expected", WIRE_RESULT_NOT_EXPECTED, false, SCREEN_SIGN_CALENDAR, SCREEN_TONE_INFO,
		SCREEN_SOUND_INFO, "Nu geen les", "Je tik is bewaard.", true, true },
	{ "unjudged", WIRE_RESULT_UNJUDGED, false, SCREEN_SIGN_TRAY, SCREEN_TONE_INFO,
		SCREEN_SOUND_INFO, "Je tik is bewaard", "Het uur wordt later aangevuld.", true,
		true },
	{ "unknown", WIRE_RESULT_UNKNOWN_CARD, false, SCREEN_SIGN_BELL, SCREEN_TONE_DESK,
		SCREEN_SOUND_DESK, "We kennen deze kaart nog niet",
		"Ga even langs het onthaal. Ze helpen je daar.", false, false },
	{ "blocked", WIRE_RESULT_BLOCKED_CARD, true, SCREEN_SIGN_BELL_CARD, SCREEN_TONE_DESK,
		SCREEN_SOUND_DESK, "Deze kaart werkt niet meer",
		"Ga even langs het onthaal. Ze helpen je daar.", false, false },
	{ "refused", WIRE_RESULT_REFUSED_CARD, false, SCREEN_SIGN_SCHOOL_CARD, SCREEN_TONE_CALM,
		SCREEN_SOUND_CARD, "Gebruik je schoolkaart",
		"Geen telefoon, identiteits- of bankkaart.", false, false },
	{ "two cards", WIRE_RESULT_TWO_CARDS, false, SCREEN_SIGN_ONE_CARD, SCREEN_TONE_CALM,
		SCREEN_SOUND_CARD, "Eén kaart tegelijk", "Haal je schoolkaart uit je portefeuille.",
		false, false },
	{ "not stored", WIRE_RESULT_NOT_STORED, false, SCREEN_SIGN_NOT_STORED, SCREEN_TONE_FAULT,
		SCREEN_SOUND_FAULT, "Niet bewaard", "Ga langs het onthaal en meld je daar aan.",
		false, false },
};

static void test_every_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct wire_view v = result_of(row[i].result);
		struct screen_settings s = settings_of(row[i].late_open);
		struct screen_picture p;
		screen_picture_of(&v, &s, &words, &p);
		print_message("%s\n", row[i].name);
		assert_int_equal(p.layout, SCREEN_LAYOUT_RESULT);
		assert_int_equal(p.sign, row[i].sign);
		assert_int_equal(p.tone, row[i].tone);
		assert_int_equal(p.sound, row[i].sound);
		assert_string_equal(p.headline, row[i].headline);
		assert_string_equal(p.detail, row[i].detail);
		assert_string_equal(p.name, row[i].named ? "Noor" : "");
		assert_int_equal(p.record_label[0] != '\0', row[i].record);
		assert_false(p.staff_offline || p.staff_clock);
	}
}

/* R26: what the queue sees and hears is the same; only the sentence differs. */
static void test_discreet_late_looks_like_present(void **state)
{
	(void)state;
	for (int language = ROSTER_NL; language <= ROSTER_DE; language++) {
		struct wire_view present = result_of(WIRE_RESULT_PRESENT);
		struct wire_view late = result_of(WIRE_RESULT_LATE);
		struct screen_settings s = settings_of(false);
		struct screen_picture a, b;
		present.language = late.language = (enum roster_language)language;
		screen_picture_of(&present, &s, &words, &a);
		screen_picture_of(&late, &s, &words, &b);
		assert_string_not_equal(a.detail, b.detail);
		memset(a.detail, 0, sizeof(a.detail));
		memset(b.detail, 0, sizeof(b.detail));
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void test_every_language_of_every_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct screen_picture p[ROSTER_DE + 1];
		for (int language = ROSTER_NL; language <= ROSTER_DE; language++) {
			struct wire_view v = result_of(row[i].result);
			struct screen_settings s = settings_of(row[i].late_open);
			v.language = (enum roster_language)language;
			screen_picture_of(&v, &s, &words, &p[language]);
			assert_true(p[language].headline[0] && p[language].detail[0]);
			assert_null(strchr(p[language].headline, '{'));
			if (language > ROSTER_NL)
				assert_string_not_equal(p[language].detail, p[ROSTER_NL].detail);
			assert_int_equal(p[language].sign, p[ROSTER_NL].sign);
			assert_int_equal(p[language].tone, p[ROSTER_NL].tone);
		}
	}
}

static const struct {
	const char *at, *want;
} hour[] = { { "03:59", "Goedenavond" }, { "04:00", "Goedemorgen" }, { "11:59", "Goedemorgen" },
	{ "12:00", "Goedemiddag" }, { "17:59", "Goedemiddag" }, { "18:00", "Goedenavond" },
	{ "", "Welkom" } };

static void test_greeting_by_the_hour(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hour); i++) {
		struct wire_view v = result_of(WIRE_RESULT_PRESENT);
		struct screen_settings s = settings_of(false);
		struct screen_picture p;
		snprintf(v.at, sizeof(v.at), "%s", hour[i].at);
		screen_picture_of(&v, &s, &words, &p);
		assert_string_equal(p.headline, hour[i].want);
	}
}

static void test_minutes_in_words(void **state)
{
	static const struct {
		int minutes;
		const char *want;
	} late[] = { { 1, "1 minuut te laat" }, { 2, "2 minuten te laat" },
		{ 1440, "1440 minuten te laat" }, { -1, "Goedemorgen" } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(late); i++) {
		struct wire_view v = result_of(WIRE_RESULT_LATE);
		struct screen_settings s = settings_of(true);
		struct screen_picture p;
		v.minutes_late = late[i].minutes;
		screen_picture_of(&v, &s, &words, &p);
		assert_string_equal(p.headline, late[i].want);
	}
}

static void test_the_other_states(void **state)
{
	struct screen_settings s = settings_of(false);
	struct wire_view v = { .state = WIRE_VIEW_IDLE,
		.at = "08:07",
		.offline = true,
		.clock = CHECKIN_CLOCK_REGRESSED };
	struct screen_picture p;
	(void)state;
	screen_picture_of(&v, &s, &words, &p);
	assert_int_equal(p.layout, SCREEN_LAYOUT_IDLE);
	assert_string_equal(p.clock, "08:07");
	assert_string_equal(p.school, "Sint-Jansinstituut");
	assert_string_equal(p.headline, "Houd je kaart voor de lezer");
	assert_true(p.staff_offline && p.staff_clock);
	v = (struct wire_view){ .state = WIRE_VIEW_READING, .clock = CHECKIN_CLOCK_HOLDOVER };
	screen_picture_of(&v, &s, &words, &p);
	assert_string_equal(p.headline, "Even geduld…");
	assert_false(p.staff_offline || p.staff_clock);
	v = (struct wire_view){ .state = WIRE_VIEW_FAULT, .fault = WIRE_FAULT_STORE };
	screen_picture_of(&v, &s, &words, &p);
	assert_int_equal(p.sign, SCREEN_SIGN_OTHER_GATE);
	assert_string_equal(p.detail, "Hier wordt nu niets bewaard. Je kunt ook naar het onthaal.");
	v.taps_count = true;
	screen_picture_of(&v, &s, &words, &p);
	assert_string_equal(p.detail, "Krijg je hier toch een antwoord, dan telt je tik.");
	screen_picture_away(&s, &words, &p);
	assert_string_equal(p.headline, "Gebruik de andere poort");
	assert_string_equal(p.detail, "Of meld je aan bij het onthaal.");
	assert_false(p.staff_offline || p.staff_clock);
	screen_picture_start(&s, &p);
	assert_string_equal(p.headline, "");
}

static void test_record(void **state)
{
	static const struct {
		int late;
		const char *want;
	} times[] = { { 0, "Geen enkele keer te laat in 30 dagen." },
		{ 1, "Eén keer te laat in 30 dagen." }, { 7, "7 keer te laat in 30 dagen." } };
	struct screen_settings s = settings_of(false);
	struct screen_picture p;
	(void)state;
	struct wire_view v = { .state = WIRE_VIEW_OVERVIEW,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.name = "Noor",
		.has_record = true,
		.talk = true,
		.n_recent = 2,
		.recent = { { { 2026, 11, 20 }, "|L" }, { { 2026, 11, 23 }, "-x" } } };
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		v.late_30_days = times[i].late;
		screen_picture_of(&v, &s, &words, &p);
		assert_string_equal(p.detail, times[i].want);
	}
	assert_int_equal(p.n_tiles, 2);
	assert_int_equal(p.n_days, 5);
	assert_int_equal(p.n_weeks, 2);
	assert_string_equal(p.day[0], "ma");
	assert_int_equal(p.tile[0].weekday, 4);
	assert_int_equal(p.tile[0].week, 0);
	assert_string_equal(p.tile[0].date, "20/11");
	assert_int_equal(p.tile[1].weekday, 0);
	assert_int_equal(p.tile[1].week, 1);
	assert_int_equal(p.tile[0].mark[0], SCREEN_SIGN_MARK_PRESENT);
	assert_int_equal(p.tile[0].mark[1], SCREEN_SIGN_MARK_LATE);
	assert_int_equal(p.tile[1].mark[0], SCREEN_SIGN_MARK_NO_TAP);
	assert_int_equal(p.tile[1].mark[1], SCREEN_SIGN_MARK_EXCUSED);
	assert_string_equal(p.legend[0], "aanwezig");
	assert_string_equal(p.legend[3], "verontschuldigd");
	assert_true(p.close);
	assert_string_equal(p.talk_label, "Ik wil eens praten");
	assert_false(p.talk_done);
	v.talk = false;
	v.talk_asked = true; /* the kiosk has stored it */
	screen_picture_of(&v, &s, &words, &p);
	assert_true(p.talk_done);
	assert_string_equal(p.talk_label, "Doorgegeven. Dank je.");
	v.talk_asked = false;
	v.has_record = false;
	screen_picture_of(&v, &s, &words, &p);
	assert_string_equal(p.talk_label, "");
	assert_int_equal(p.n_tiles, 0);
	assert_string_equal(p.detail, "Nog niets te tonen. Kom morgen terug.");
}

/* Weeks: the newest four that have a school day, a row each; weekend columns where there was school. */
static void test_record_in_weeks(void **state)
{
	struct screen_settings s = settings_of(false);
	struct screen_picture p;
	(void)state;
	struct wire_view v = { .state = WIRE_VIEW_OVERVIEW,
		.has_record = true,
		.n_recent = 6,
		.recent = { { { 2026, 10, 19 }, "||" }, { { 2026, 10, 30 }, "||" },
			{ { 2026, 11, 9 }, "||" }, { { 2026, 11, 10 }, "||" },
			{ { 2026, 11, 21 }, "||" }, { { 2026, 11, 23 }, "||" } } };
	static const int week[] = { 0, 1, 1, 2, 3 }, weekday[] = { 4, 0, 1, 5, 0 };
	screen_picture_of(&v, &s, &words, &p);
	assert_int_equal(p.n_weeks, SCREEN_WEEKS_MAX);
	assert_int_equal(p.n_days, 6);
	assert_int_equal(p.n_tiles, 5); /* the Monday of the fifth week back is left out */
	for (int i = 0; i < p.n_tiles; i++) {
		assert_int_equal(p.tile[i].week, week[i]);
		assert_int_equal(p.tile[i].weekday, weekday[i]);
	}
}

static const struct {
	int from, until;
	const char *at;
	bool dark;
} night[] = { { 1200, 360, "19:59", false }, { 1200, 360, "20:00", true },
	{ 1200, 360, "05:59", true }, { 1200, 360, "06:00", false }, { 60, 300, "00:59", false },
	{ 60, 300, "01:00", true }, { 60, 300, "05:00", false }, { -1, 360, "03:00", false },
	{ 1200, -1, "23:00", false }, { 300, 300, "05:00", false }, { 1200, 360, "", false } };

static void test_dark_at_night(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(night); i++) {
		struct screen_settings s = settings_of(false);
		struct wire_view v = { .state = WIRE_VIEW_IDLE };
		struct screen_picture p;
		s.dark_from_min = night[i].from;
		s.dark_until_min = night[i].until;
		snprintf(v.at, sizeof(v.at), "%s", night[i].at);
		screen_picture_of(&v, &s, &words, &p);
		assert_int_equal(p.tone == SCREEN_TONE_NIGHT, night[i].dark);
		v.state = WIRE_VIEW_RESULT; /* who taps at night sees what everybody sees */
		v.result = WIRE_RESULT_PRESENT;
		screen_picture_of(&v, &s, &words, &p);
		assert_int_equal(p.tone, SCREEN_TONE_WELCOME);
	}
}

/* WCAG 2.2: relative luminance, and the ratio of two. */
static double channel(uint32_t value)
{
	double v = value / 255.0;
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double contrast(uint32_t a, uint32_t b)
{
	double l[2];
	for (int i = 0; i < 2; i++) {
		uint32_t c = i ? b : a;
		l[i] = 0.2126 * channel(c >> 16 & 0xff) + 0.7152 * channel(c >> 8 & 0xff) +
		       0.0722 * channel(c & 0xff);
	}
	double high = fmax(l[0], l[1]), low = fmin(l[0], l[1]);
	return (high + 0.05) / (low + 0.05);
}

static void test_contrast_of_every_text(void **state)
{
	(void)state;
	assert_true(fabs(contrast(0x000000, 0xffffff) - 21) < 0.01);
	assert_true(contrast(0x777777, 0xffffff) < 4.5); /* the known grey just below AA */
	for (int tone = 0; tone < SCREEN_N_TONES; tone++) {
		const struct screen_colours *c = screen_colours_of((enum screen_tone)tone);
		double least = fmin(contrast(c->ink, c->block),
			fmin(fmin(contrast(c->text, c->ground), contrast(c->soft, c->ground)),
				fmin(contrast(c->text, c->panel), contrast(c->soft, c->panel))));
		print_message("tone %d: least contrast %.1f\n", tone, least);
		assert_true(least >= 4.5);
		/* Marks of the record, and what is drawn faint at half strength: 3:1, as graphics. */
		for (int mark = SCREEN_SIGN_MARK_PRESENT; mark <= SCREEN_SIGN_MARK_EXCUSED;
			mark++) {
			uint32_t colour =
				screen_mark_colour((enum screen_sign)mark, (enum screen_tone)tone);
			assert_true(contrast(colour, c->panel) >= 3 || tone == SCREEN_TONE_NIGHT);
			assert_true(contrast(colour, c->ground) >= 3 || tone == SCREEN_TONE_NIGHT);
		}
		uint32_t faint = (c->ink >> 1 & 0x7f7f7f) + (c->block >> 1 & 0x7f7f7f);
		if (tone == SCREEN_TONE_CALM) /* the wallet and the phone are on it alone */
			assert_true(contrast(faint, c->block) >= 3);
	}
}

/* Never a red field: hue within 20 degrees of red, and strong. */
static void test_no_tone_is_red(void **state)
{
	(void)state;
	for (int tone = 0; tone < SCREEN_N_TONES; tone++) {
		const struct screen_colours *c = screen_colours_of((enum screen_tone)tone);
		int r = (int)(c->block >> 16 & 0xff), g = (int)(c->block >> 8 & 0xff);
		int b = (int)(c->block & 0xff);
		assert_false(r > 120 && g < r / 2 && b < r / 2);
	}
}

static int load(void **state)
{
	(void)state;
	return screen_words_load(TEST_LOCALE_DIR, &words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_result),
		cmocka_unit_test(test_discreet_late_looks_like_present),
		cmocka_unit_test(test_every_language_of_every_result),
		cmocka_unit_test(test_greeting_by_the_hour),
		cmocka_unit_test(test_minutes_in_words),
		cmocka_unit_test(test_the_other_states),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_in_weeks),
		cmocka_unit_test(test_dark_at_night),
		cmocka_unit_test(test_contrast_of_every_text),
		cmocka_unit_test(test_no_tone_is_red),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
