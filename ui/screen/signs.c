/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/signs.h"

#define OPAQUE 0xff000000u
#define FAINT 0x80000000u /* alpha 50 %: seen as behind, and 3:1 on its block */
#define UNLIT 0x40000000u

#define INK SCREEN_PAINT_INK
#define CUT SCREEN_PAINT_BLOCK
#define DIM SCREEN_PAINT_FAINT

#define DISC(p, x, y, a)                                                                           \
	{                                                                                          \
		SCREEN_SHAPE_DISC, p, x, y, a, 0, 0, 0                                             \
	}
#define RING(p, x, y, a, b)                                                                        \
	{                                                                                          \
		SCREEN_SHAPE_RING, p, x, y, a, b, 0, 0                                             \
	}
#define BOX(p, x, y, a, b, r)                                                                      \
	{                                                                                          \
		SCREEN_SHAPE_BOX, p, x, y, a, b, r, 0                                              \
	}
#define TURNED(p, x, y, a, b, r, turn)                                                             \
	{                                                                                          \
		SCREEN_SHAPE_BOX, p, x, y, a, b, r, turn                                           \
	}
#define LINE(p, x, y, a, b, r)                                                                     \
	{                                                                                          \
		SCREEN_SHAPE_LINE, p, x, y, a, b, r, 0                                             \
	}
#define ARC(p, x, y, a, b, open, turn)                                                             \
	{                                                                                          \
		SCREEN_SHAPE_ARC, p, x, y, a, b, open, turn                                        \
	}
#define DOME(p, x, y, a)                                                                           \
	{                                                                                          \
		SCREEN_SHAPE_DOME, p, x, y, a, 0, 0, 0                                             \
	}
#define END                                                                                        \
	{                                                                                          \
		SCREEN_SHAPE_END, 0, 0, 0, 0, 0, 0, 0                                              \
	}

#define ROWS (const struct screen_raster_row[])

static const struct screen_raster_row *const drawings[SCREEN_N_SIGNS] = {
	/* A card, tilted as a hand holds it, before the waves of a reader. */
	[SCREEN_SIGN_HOLD] = ROWS{ TURNED(INK, 37, 54, 31, 20.5f, 5, -14),
		TURNED(CUT, 24.5f, 52.5f, 7, 8.5f, 2.5f, -14), LINE(CUT, 39, 50.5f, 58, 45.8f, 2),
		LINE(CUT, 40.8f, 58, 53, 55, 2),
		ARC(SCREEN_PAINT_WAVE_1, 64, 45.5f, 15, 2.6f, 42, -14),
		ARC(SCREEN_PAINT_WAVE_2, 64, 45.5f, 24, 2.6f, 42, -14),
		ARC(SCREEN_PAINT_WAVE_3, 64, 45.5f, 33, 2.6f, 42, -14), END },
	[SCREEN_SIGN_TICK] = ROWS{ DISC(INK, 50, 50, 47), LINE(CUT, 28, 52, 43.5f, 67, 5.6f),
		LINE(CUT, 43.5f, 67, 72.5f, 35, 5.6f), END },
	[SCREEN_SIGN_AGAIN] = ROWS{ RING(INK, 50, 50, 43.5f, 3.5f),
		LINE(INK, 29, 52, 44, 66.5f, 5.6f), LINE(INK, 44, 66.5f, 71, 36.5f, 5.6f), END },
	[SCREEN_SIGN_CLOCK] = ROWS{ BOX(INK, 50, 50, 45, 45, 16), RING(CUT, 50, 50, 28, 3.6f),
		LINE(CUT, 50, 50, 50, 33.5f, 3.6f), LINE(CUT, 50, 50, 61, 57, 3.6f), END },
	[SCREEN_SIGN_CALENDAR] = ROWS{ BOX(INK, 50, 55, 42, 38, 9), LINE(INK, 31, 12, 31, 24, 4.5f),
		LINE(INK, 69, 12, 69, 24, 4.5f), BOX(CUT, 50, 36.5f, 42, 2.4f, 0),
		DISC(CUT, 29, 54, 4), DISC(CUT, 50, 54, 4), DISC(CUT, 71, 54, 4),
		DISC(CUT, 29, 73, 4), DISC(CUT, 50, 73, 4), RING(CUT, 71, 73, 6, 2), END },
	[SCREEN_SIGN_TRAY] = ROWS{ LINE(INK, 50, 10, 50, 54, 6), LINE(INK, 31, 37, 50, 56, 6),
		LINE(INK, 69, 37, 50, 56, 6), LINE(INK, 12, 60, 12, 84, 6),
		LINE(INK, 12, 84, 88, 84, 6), LINE(INK, 88, 84, 88, 60, 6), END },
	[SCREEN_SIGN_BELL] = ROWS{ DOME(INK, 50, 68, 38), DISC(INK, 50, 25, 6.5f),
		BOX(INK, 50, 79, 46, 5.5f, 5.5f), ARC(CUT, 50, 45, 7.5f, 2.6f, 125, -65),
		LINE(CUT, 50, 52, 50, 55.5f, 2.6f), DISC(CUT, 50, 62, 3.2f),
		LINE(INK, 14, 23, 21, 30, 3), LINE(INK, 86, 23, 79, 30, 3), END },
	[SCREEN_SIGN_BELL_CARD] = ROWS{ DOME(INK, 50, 41, 25), DISC(INK, 50, 12, 5),
		BOX(INK, 50, 48.5f, 32, 4, 4), ARC(CUT, 50, 41, 16.5f, 2, 22, -128),
		BOX(INK, 50, 77, 34, 19.5f, 5), DISC(CUT, 33, 72.5f, 4.6f), DOME(CUT, 33, 87, 8),
		LINE(CUT, 50, 70, 74, 70, 2), LINE(CUT, 50, 78, 66, 78, 2), END },
	[SCREEN_SIGN_SCHOOL_CARD] = ROWS{ BOX(DIM, 24, 40, 16, 29, 5), BOX(CUT, 24, 38, 11, 20, 1),
		DISC(CUT, 24, 63.5f, 2.6f), LINE(CUT, 6, 66, 42, 14, 5.5f),
		LINE(INK, 6, 66, 42, 14, 2.6f), BOX(INK, 65, 60, 31, 21, 5),
		DISC(CUT, 50, 55, 5.5f), DOME(CUT, 50, 72, 9), LINE(CUT, 67, 52, 84, 52, 2),
		LINE(CUT, 67, 60, 78, 60, 2), DISC(CUT, 84, 79, 15.5f), DISC(INK, 84, 79, 12.5f),
		LINE(CUT, 78.5f, 79.5f, 82.5f, 83.5f, 2), LINE(CUT, 82.5f, 83.5f, 90, 75, 2), END },
	[SCREEN_SIGN_ONE_CARD] = ROWS{ BOX(INK, 50, 34, 26, 19, 4.5f), BOX(CUT, 37, 29, 6, 7, 2),
		LINE(CUT, 50, 25, 66, 25, 2), LINE(CUT, 50, 33, 60, 33, 2),
		BOX(CUT, 50, 73, 45, 28, 10), BOX(DIM, 50, 73, 42, 25, 8),
		LINE(CUT, 14, 58, 86, 58, 1.6f), BOX(INK, 79, 75, 14, 8, 8),
		DISC(CUT, 75, 75, 3.4f), LINE(INK, 89, 40, 89, 14, 3), LINE(INK, 81, 22, 89, 14, 3),
		LINE(INK, 97, 22, 89, 14, 3), END },
	[SCREEN_SIGN_NOT_STORED] = ROWS{ TURNED(INK, 50, 50, 34, 34, 8, 45),
		LINE(CUT, 50, 30, 50, 53, 5.6f), DISC(CUT, 50, 69, 6), END },
	[SCREEN_SIGN_OTHER_GATE] = ROWS{ BOX(INK, 67, 50, 29, 43, 6), BOX(CUT, 67, 50, 21, 35, 2),
		LINE(CUT, 34, 50, 48, 50, 11), LINE(INK, 9, 50, 64, 50, 5.5f),
		LINE(INK, 47, 33, 64, 50, 5.5f), LINE(INK, 47, 67, 64, 50, 5.5f), END },
	[SCREEN_SIGN_MARK_PRESENT] = ROWS{ DISC(INK, 50, 50, 46), LINE(CUT, 28, 52, 43, 67, 7),
		LINE(CUT, 43, 67, 72, 35, 7), END },
	[SCREEN_SIGN_MARK_LATE] = ROWS{ BOX(INK, 50, 50, 44, 44, 18),
		LINE(CUT, 50, 52, 50, 27, 6.5f), LINE(CUT, 50, 52, 68, 62, 6.5f), END },
	[SCREEN_SIGN_MARK_NO_TAP] = ROWS{ RING(INK, 50, 50, 39, 6), END },
	[SCREEN_SIGN_MARK_EXCUSED] =
		ROWS{ RING(INK, 50, 50, 39, 6), LINE(INK, 32, 50, 68, 50, 6), END },
	[SCREEN_SIGN_MARK_NONE] = ROWS{ DISC(DIM, 50, 50, 14), END },
	[SCREEN_SIGN_CLOSE] =
		ROWS{ LINE(INK, 28, 28, 72, 72, 5.5f), LINE(INK, 72, 28, 28, 72, 5.5f), END },
	[SCREEN_SIGN_TALK] = ROWS{ BOX(INK, 50, 43, 43, 32, 18), LINE(INK, 30, 70, 24, 88, 5),
		LINE(INK, 24, 88, 46, 72, 5), DISC(CUT, 30, 43, 5.5f), DISC(CUT, 50, 43, 5.5f),
		DISC(CUT, 70, 43, 5.5f), END },
	[SCREEN_SIGN_RECORD] = ROWS{ BOX(INK, 27, 27, 19, 19, 6), BOX(INK, 73, 27, 19, 19, 6),
		BOX(INK, 27, 73, 19, 19, 6), BOX(INK, 73, 73, 19, 19, 6), END },
	[SCREEN_SIGN_OFFLINE] = ROWS{ DISC(INK, 32, 58, 20), DISC(INK, 52, 46, 24),
		DISC(INK, 71, 60, 18), BOX(INK, 51, 68, 37, 10, 10), LINE(CUT, 12, 92, 90, 14, 10),
		LINE(INK, 14, 90, 88, 16, 4.5f), END },
	[SCREEN_SIGN_CLOCK_DOUBT] = ROWS{ RING(INK, 44, 50, 36, 6), LINE(INK, 44, 52, 44, 30, 5),
		LINE(INK, 44, 52, 58, 60, 5), DISC(CUT, 82, 78, 22), LINE(INK, 82, 62, 82, 78, 6),
		DISC(INK, 82, 93, 6), END },
};

const struct screen_raster_row *screen_sign_drawing(enum screen_sign sign)
{
	return drawings[sign];
}

void screen_sign_paints(uint32_t ink, uint32_t block, int phase, uint32_t *ret_paints)
{
	ret_paints[SCREEN_PAINT_INK] = OPAQUE | ink;
	ret_paints[SCREEN_PAINT_BLOCK] = OPAQUE | block;
	ret_paints[SCREEN_PAINT_FAINT] = FAINT | ink;
	for (int wave = 0; wave < 3; wave++) {
		bool lit = phase == 0 || phase > wave;
		ret_paints[SCREEN_PAINT_WAVE_1 + wave] = (lit ? OPAQUE : UNLIT) | ink;
	}
}
