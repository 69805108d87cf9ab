/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every sample that a gate can play: which notes are heard in which order, that nothing clicks, how loud it is when.
 */
#include "unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "screen/tune.h"
#include "screen/words.h"

#define MS (SCREEN_TUNE_RATE / 1000)
#define LONGEST (SCREEN_TUNE_LONGEST_MS * MS)
#define WINDOW (20 * MS) /* one look for a note: 50 Hz apart is told apart */
/* The steepest that the highest note is at its peak; a cut would be ten times that. */
#define STEP_MAX 0.035f
#define STEP_OF_TWO 0.055f /* of two that are heard together, one of them fading */

static const float scale[] = { 246.9f, 293.7f, 349.2f, 392.0f, 523.3f, 587.3f, 659.3f, 880.0f };

/* Goertzel: how much of this frequency is in the frames, as the amplitude of a sine. */
static float amount(const float *frame, int n, float hertz)
{
	double w = 2 * 3.14159265358979 * hertz / SCREEN_TUNE_RATE, a = 0, b = 0;

	for (int i = 0; i < n; i++) {
		double c = 2 * cos(w) * a - b + frame[i];
		b = a;
		a = c;
	}
	return (float)(2 * sqrt(fmax(0, a * a + b * b - 2 * cos(w) * a * b)) / n);
}

/* Index into scale, or -1: quiet. */
static int note_at(const float *frame)
{
	int best = -1;
	float most = 0.004f;

	for (int i = 0; i < (int)ARRAY_LEN(scale); i++) {
		float here = amount(frame, WINDOW, scale[i]);
		if (here > most) {
			most = here;
			best = i;
		}
	}
	return best;
}

/* The notes as letters, each once for as long as it lasts, "-" a pause between two: "G-G". */
static void notes_of(const float *frame, int n, char *ret_text)
{
	char last = 0;
	size_t len = 0;

	for (int at = 0; at + WINDOW <= n; at += 10 * MS) {
		int i = note_at(frame + at);
		char letter = i < 0 ? '-' : (char)('A' + i);
		if (letter != last && (letter != '-' || len > 0) && len < 14)
			ret_text[len++] = letter;
		last = letter;
	}
	while (len > 0 && ret_text[len - 1] == '-')
		len--;
	ret_text[len] = '\0';
}

static float *played(enum screen_sound sound, float gain)
{
	float *frame = calloc(LONGEST, sizeof(*frame));
	struct screen_synth synth = { 0 };

	assert_non_null(frame);
	screen_tune_play(&synth, sound, gain);
	/* In pieces as a device asks for them. */
	for (int at = 0; at < LONGEST; at += 480)
		screen_tune_fill(&synth, frame + at, 480);
	return frame;
}

static float steepest(const float *frame, int n, float before)
{
	float most = 0;

	for (int i = 0; i < n; i++) {
		most = fmaxf(most, fabsf(frame[i] - before));
		before = frame[i];
	}
	return most;
}

static float loudness(const float *frame, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double)frame[i] * (double)frame[i];
	return (float)sqrt(sum / n);
}

static void test_what_is_heard(void **state)
{
	static const struct {
		const char *name;
		enum screen_sound sound;
		const char *want;
	} row[] = {
		{ "nothing", SCREEN_SOUND_NONE, "" },
		{ "welcome rises", SCREEN_SOUND_WELCOME, "GH" },
		{ "open lateness stays", SCREEN_SOUND_LATE, "G-G" },
		{ "information is one note", SCREEN_SOUND_INFO, "F" },
		{ "the desk falls", SCREEN_SOUND_DESK, "ED" },
		{ "the card knocks twice", SCREEN_SOUND_CARD, "E-E" },
		{ "a fault falls deep", SCREEN_SOUND_FAULT, "CBA" },
	};

	(void)state;
	assert_int_equal(ARRAY_LEN(row), SCREEN_N_SOUNDS);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char notes[16];
		float *frame = played(row[i].sound, 1);
		notes_of(frame, LONGEST, notes);
		if (strcmp(notes, row[i].want) != 0)
			fail_msg("%s: heard %s, want %s", row[i].name, notes, row[i].want);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row[i].want, row[j].want);
		free(frame);
	}
}

static void test_nothing_clicks(void **state)
{
	(void)state;
	for (int sound = 0; sound < SCREEN_N_SOUNDS; sound++) {
		float *frame = played((enum screen_sound)sound, 1);
		float peak = 0;
		int last = -1;
		for (int i = 0; i < LONGEST; i++) {
			peak = fmaxf(peak, fabsf(frame[i]));
			if (frame[i] != 0)
				last = i;
		}
		assert_true(peak <= SCREEN_TUNE_PEAK);
		assert_true(sound == SCREEN_SOUND_NONE || peak > SCREEN_TUNE_PEAK / 2);
		assert_true(steepest(frame, LONGEST, 0) < STEP_MAX);
		/* It comes out of silence and goes into it, and is over well before the next pupil. */
		for (int i = 0; i < MS && last > 0; i++) {
			assert_true(fabsf(frame[i]) < SCREEN_TUNE_PEAK / 8);
			assert_true(fabsf(frame[last - i]) < SCREEN_TUNE_PEAK / 8);
		}
		assert_true(last < LONGEST - 20 * MS);
		free(frame);
	}
}

/* The next card at any moment: faded, not cut; and a third one within the fade. */
static void test_cut_off_at_any_moment(void **state)
{
	static float frame[LONGEST];

	(void)state;
	for (int first = 1; first < SCREEN_N_SOUNDS; first++)
		for (int cut = 1; cut < 420 * MS; cut += 7 * MS + 13) {
			struct screen_synth synth = { 0 };
			screen_tune_play(&synth, (enum screen_sound)first, 1);
			screen_tune_fill(&synth, frame, (size_t)cut);
			float before = frame[cut - 1];
			screen_tune_play(&synth, SCREEN_SOUND_WELCOME, 1);
			screen_tune_fill(&synth, frame, 2 * MS);
			screen_tune_play(&synth, SCREEN_SOUND_DESK, 1);
			screen_tune_fill(&synth, frame + 2 * MS, LONGEST - 2 * MS);
			if (steepest(frame, LONGEST, before) >= STEP_OF_TWO)
				fail_msg("sound %d cut at %d: a step of %g", first, cut,
					(double)steepest(frame, LONGEST, before));
			assert_true(note_at(frame + 30 * MS) == 4); /* the last one asked for */
		}
}

static void test_loudness_by_hour(void **state)
{
	static const struct screen_loudness by_day = { 100, 30, 7 * 60 + 30, 17 * 60 };
	static const struct screen_loudness never = { 80, 30, -1, -1 };
	static const struct screen_loudness odd = { 20, 60, 24 * 60 - 1, 0 };
	static const struct {
		const struct screen_loudness *loudness;
		const char *at;
		int percent;
	} row[] = {
		{ &by_day, "00:00", 30 }, { &by_day, "07:29", 30 }, { &by_day, "07:30", 100 },
		{ &by_day, "16:59", 100 }, { &by_day, "17:00", 30 }, { &by_day, "23:59", 30 },
		{ &by_day, "", 100 }, /* a clock that can't be trusted */
		{ &by_day, "7:30", 100 }, { &never, "00:00", 80 }, { &never, "23:59", 80 },
		{ &odd, "12:00", 20 }, /* soft is never louder */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		float gain = screen_tune_gain(row[i].loudness, row[i].at);
		if (fabsf(gain - (float)row[i].percent / 100) > 0.001f)
			fail_msg("row %zu, %s: %g", i, row[i].at, (double)gain);
	}
	float *full = played(SCREEN_SOUND_WELCOME, 1), *soft = played(SCREEN_SOUND_WELCOME, 0.3f);
	float ratio = loudness(soft, LONGEST) / loudness(full, LONGEST);
	assert_true(fabsf(ratio - 0.3f) < 0.01f);
	free(full);
	free(soft);
	float *none = played(SCREEN_SOUND_WELCOME, 0);
	assert_true(loudness(none, LONGEST) == 0);
	free(none);
}

/* R26: from the queue late and on time sound the same, until a school wants it otherwise. */
static void r26_a_discreet_late_sounds_like_a_stored_tap(void **state)
{
	static struct screen_words words;
	static struct screen_picture on_time, late;
	struct screen_settings settings = { .school_name = "", .language = ROSTER_NL };
	struct wire_view view = {
		.state = WIRE_VIEW_RESULT, .result = WIRE_RESULT_PRESENT, .minutes_late = -1
	};

	(void)state;
	(void)screen_words_load(NULL, &words);
	screen_picture_of(&view, &settings, &words, &on_time);
	view.result = WIRE_RESULT_LATE;
	view.minutes_late = 6;
	screen_picture_of(&view, &settings, &words, &late);
	assert_int_equal(on_time.sound, SCREEN_SOUND_WELCOME);
	assert_int_equal(late.sound, on_time.sound);
	settings.late_open = true;
	screen_picture_of(&view, &settings, &words, &late);
	assert_int_equal(late.sound, SCREEN_SOUND_LATE);
	/* What a card can't help sounds like what its pupil can't: nobody hears which it was. */
	view.result = WIRE_RESULT_BLOCKED_CARD;
	screen_picture_of(&view, &settings, &words, &late);
	assert_int_equal(late.sound, SCREEN_SOUND_DESK);
	view.result = WIRE_RESULT_UNKNOWN_CARD;
	screen_picture_of(&view, &settings, &words, &late);
	assert_int_equal(late.sound, SCREEN_SOUND_DESK);
	view.result = WIRE_RESULT_NOT_STORED;
	screen_picture_of(&view, &settings, &words, &late);
	assert_int_equal(late.sound, SCREEN_SOUND_FAULT);
	/* The own record and a talk are nobody else's business. */
	view.state = WIRE_VIEW_OVERVIEW;
	view.talk_asked = true;
	screen_picture_of(&view, &settings, &words, &late);
	assert_int_equal(late.sound, SCREEN_SOUND_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_heard),
		cmocka_unit_test(test_nothing_clicks),
		cmocka_unit_test(test_cut_off_at_any_moment),
		cmocka_unit_test(test_loudness_by_hour),
		cmocka_unit_test(r26_a_discreet_late_sounds_like_a_stored_tap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
