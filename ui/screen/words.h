/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/words.h: every text that the screen can show, in every language it has.
 *
 * A pupil's own language wins over the screen's, so the language changes from one view to the next.
 * Debian's minimal systems have no locale but C.UTF-8, and gettext switches languages through the
 * environment. So all catalogues are asked once, at the start, before any thread exists; after that
 * a text is a lookup in a table, and the picture model stays pure. Measured 2026-11-21, glibc 2.36:
 * LANGUAGE works under LC_MESSAGES=C.UTF-8, not under C.
 */
#pragma once

#include <stdbool.h>

#include "wire/local.h"

#define SCREEN_N_LANGUAGES 5 /* indexed by enum roster_language; 0 holds the bare msgids */
#define SCREEN_WORDS_DOMAIN "schoolpoort"

/* In the order of the views. {n}, {d}, {m} are replaced by numbers, never by printf. */
enum screen_word {
	SCREEN_WORD_HOLD_CARD,
	SCREEN_WORD_READING,
	SCREEN_WORD_WELCOME,
	SCREEN_WORD_MORNING,
	SCREEN_WORD_AFTERNOON,
	SCREEN_WORD_EVENING,
	SCREEN_WORD_ON_TIME,
	SCREEN_WORD_PASS_BY_DESK,
	SCREEN_WORD_LATE_ONE,
	SCREEN_WORD_LATE_MANY,
	SCREEN_WORD_ALREADY,
	SCREEN_WORD_ALREADY_DETAIL,
	SCREEN_WORD_NOT_EXPECTED,
	SCREEN_WORD_NOT_EXPECTED_DETAIL,
	SCREEN_WORD_UNJUDGED,
	SCREEN_WORD_UNJUDGED_DETAIL,
	SCREEN_WORD_UNKNOWN,
	SCREEN_WORD_BLOCKED,
	SCREEN_WORD_TO_DESK,
	SCREEN_WORD_REFUSED,
	SCREEN_WORD_REFUSED_DETAIL,
	SCREEN_WORD_TWO_CARDS,
	SCREEN_WORD_TWO_CARDS_DETAIL,
	SCREEN_WORD_NOT_STORED,
	SCREEN_WORD_NOT_STORED_DETAIL,
	SCREEN_WORD_OTHER_GATE,
	SCREEN_WORD_OR_DESK,
	SCREEN_WORD_STILL_COUNTS,
	SCREEN_WORD_NOT_COUNTED,
	SCREEN_WORD_RECORD,
	SCREEN_WORD_RECORD_NONE,
	SCREEN_WORD_RECORD_NEVER_LATE,
	SCREEN_WORD_RECORD_LATE_ONE,
	SCREEN_WORD_RECORD_LATE_MANY,
	SCREEN_WORD_MARK_PRESENT,
	SCREEN_WORD_MARK_LATE,
	SCREEN_WORD_MARK_NO_TAP,
	SCREEN_WORD_MARK_EXCUSED,
	SCREEN_WORD_TALK,
	SCREEN_WORD_TALK_DONE,
	SCREEN_WORD_DATE,
	SCREEN_WORD_MONDAY, /* and the six days after it, two or three letters each */
	SCREEN_WORD_SUNDAY = SCREEN_WORD_MONDAY + 6,
	SCREEN_N_WORDS,
};

struct screen_words {
	const char *text[SCREEN_N_LANGUAGES][SCREEN_N_WORDS]; /* never NULL once loaded; static */
};

/**
 * screen_words_load() - read every catalogue, once, before any thread exists.
 * @locale_dir: holds LANGUAGE/LC_MESSAGES/schoolpoort.mo; NULL or without them: English stays
 * @ret_words: filled in any case
 *
 * Changes LANGUAGE and the locale of the process (to C.UTF-8). Return: how many texts were not found
 * in a catalogue, 0 where all is well; the screen works on with the English ones.
 */
int screen_words_load(const char *locale_dir, struct screen_words *ret_words);

/** screen_words_msgid() - a text's key in the catalogues: its English. Static storage. */
const char *screen_words_msgid(enum screen_word word);
