/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/view.h: what is on the picture, as plain data, out of a view of the kiosk.
 *
 * Pure: no SDL, no clock, no I/O, no allocation; any thread may call it. Where things stand and how
 * they are drawn is draw.h's; which texts there are, words.h's.
 * Source: contract, local.md and programs.md (screen.*); domain.md section 7 (8), R26.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "screen/words.h"
#include "wire/local.h"

#define SCREEN_TEXT_MAX 256 /* bytes; the longest text of the catalogues has 70 */
#define SCREEN_TILE_TEXT_MAX 24 /* "Mo", "16/11" */
#define SCREEN_WEEKS_MAX 4 /* of the record: the newest; more would be too small to read */
#define SCREEN_DAYS_MAX 7

enum screen_layout {
	SCREEN_LAYOUT_IDLE, /* picture, school, time, what to do */
	SCREEN_LAYOUT_RESULT, /* sign, headline, name, detail */
	SCREEN_LAYOUT_RECORD, /* the pupil's own half days */
};

/* Each differs from the others in outline, not in colour alone; drawn in signs.c. */
enum screen_sign {
	SCREEN_SIGN_HOLD, /* a card and waves */
	SCREEN_SIGN_TICK, /* a tick on a disc */
	SCREEN_SIGN_AGAIN, /* a tick in a ring */
	SCREEN_SIGN_CLOCK, /* a clock face on a square */
	SCREEN_SIGN_CALENDAR, /* a calendar's leaf */
	SCREEN_SIGN_TRAY, /* put in a tray */
	SCREEN_SIGN_BELL, /* the bell of a reception desk, a question mark on it */
	SCREEN_SIGN_BELL_CARD, /* the bell above a card */
	SCREEN_SIGN_SCHOOL_CARD, /* a phone crossed out, a card ticked */
	SCREEN_SIGN_ONE_CARD, /* one card out of the wallet */
	SCREEN_SIGN_NOT_STORED, /* an exclamation mark on a diamond */
	SCREEN_SIGN_OTHER_GATE, /* an arrow through a door */
	/* Small ones: marks of the record, buttons, staff signs. */
	SCREEN_SIGN_MARK_PRESENT,
	SCREEN_SIGN_MARK_LATE,
	SCREEN_SIGN_MARK_NO_TAP,
	SCREEN_SIGN_MARK_EXCUSED,
	SCREEN_SIGN_MARK_NONE,
	SCREEN_SIGN_CLOSE,
	SCREEN_SIGN_TALK,
	SCREEN_SIGN_RECORD,
	SCREEN_SIGN_OFFLINE,
	SCREEN_SIGN_CLOCK_DOUBT,
	SCREEN_N_SIGNS,
};

/* A set of colours. None is red: nobody is shown up before the queue. */
enum screen_tone {
	SCREEN_TONE_CALM,
	SCREEN_TONE_WELCOME,
	SCREEN_TONE_AMBER, /* screen.late = open alone */
	SCREEN_TONE_INFO,
	SCREEN_TONE_DESK,
	SCREEN_TONE_FAULT,
	SCREEN_TONE_NIGHT, /* nobody is there: as dark as can still be read */
	SCREEN_N_TONES,
};

enum screen_sound {
	SCREEN_SOUND_NONE,
	SCREEN_SOUND_WELCOME,
	SCREEN_SOUND_LATE, /* screen.late = open alone */
	SCREEN_SOUND_INFO,
	SCREEN_SOUND_DESK,
	SCREEN_SOUND_CARD, /* hold it differently */
	SCREEN_SOUND_FAULT, /* this gate is out of order */
	SCREEN_N_SOUNDS,
};

/* 0xRRGGBB each. WCAG AA, 4.5:1, for ink on block and for text and soft on ground and panel. */
struct screen_colours {
	uint32_t block; /* the coloured field with the sign */
	uint32_t ink; /* on the block */
	uint32_t ground; /* under the texts */
	uint32_t panel; /* tiles and buttons, on the ground */
	uint32_t text;
	uint32_t soft; /* text of less weight */
};

struct screen_settings {
	const char *school_name;
	enum roster_language language; /* never NONE */
	bool late_open;
	bool overview, talk;
	/* Minutes of the day between which the idle picture is dark; -1: never. The same: never. */
	int dark_from_min, dark_until_min;
};

/* One school day of the record. */
struct screen_tile {
	char date[SCREEN_TILE_TEXT_MAX];
	int week; /* 0..n_weeks-1; a week without a school day has no row */
	int weekday; /* 0 Monday … */
	enum screen_sign mark[2]; /* morning, afternoon */
};

/* The whole picture. Texts are UTF-8; "" is left out. */
struct screen_picture {
	enum screen_layout layout;
	enum screen_sign sign;
	enum screen_tone tone;
	enum screen_sound sound;
	char school[SCREEN_TEXT_MAX];
	char clock[WIRE_CLOCK_TEXT];
	char headline[SCREEN_TEXT_MAX];
	char name[WIRE_VIEW_NAME_MAX];
	char detail[SCREEN_TEXT_MAX];
	/* Labels of the buttons that are there; "" is not there. */
	char record_label[SCREEN_TEXT_MAX], talk_label[SCREEN_TEXT_MAX];
	bool close;
	bool talk_done; /* the label says thanks and is no button */
	int n_tiles, n_weeks;
	int n_days; /* columns: 5, or up to 7 where there was school at a weekend */
	const char *day[SCREEN_DAYS_MAX]; /* their names; with tiles */
	struct screen_tile tile[ROSTER_RECENT_MAX]; /* oldest first */
	const char *legend[4]; /* of the four marks from MARK_PRESENT on; with tiles */
	bool staff_offline, staff_clock; /* small, in a corner; say nothing to pupils */
};

/**
 * screen_picture_of() - the picture of one view.
 * @view: as the kiosk sent it; borrowed for the call
 *
 * With late_open false, `late` and `present` differ in the detail alone. Can't fail: what is missing
 * in the view is left out.
 */
void screen_picture_of(const struct wire_view *view, const struct screen_settings *settings,
	const struct screen_words *words, struct screen_picture *ret_picture);

/** screen_picture_away() - the picture while no kiosk answers: use the other gate, or the desk. */
void screen_picture_away(const struct screen_settings *settings, const struct screen_words *words,
	struct screen_picture *ret_picture);

/** screen_picture_start() - before the first view: the school's name, and nothing asked of anyone. */
void screen_picture_start(
	const struct screen_settings *settings, struct screen_picture *ret_picture);

/** screen_colours_of() - a tone's colours. Static storage. */
const struct screen_colours *screen_colours_of(enum screen_tone tone);

/** screen_mark_colour() - the colour of a half day's mark on a tile of that tone. 3:1 and more. */
uint32_t screen_mark_colour(enum screen_sign mark, enum screen_tone tone);
