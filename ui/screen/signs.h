/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/signs.h: every sign of view.h as a drawing of raster.h.
 *
 * Pure. To add a sign: a value in view.h, its rows in signs.c; the test `screen_signs` draws it and checks
 * that its outline differs from all others.
 */
#pragma once

#include "screen/raster.h"
#include "screen/view.h"

/* What the numbers in screen_raster_row.paint mean here. */
enum screen_paint {
	SCREEN_PAINT_INK, /* on the block */
	SCREEN_PAINT_BLOCK, /* the block's own colour, for what is cut out of ink */
	SCREEN_PAINT_FAINT, /* ink, mostly see-through: what stands behind */
	SCREEN_PAINT_WAVE_1, /* the three waves of the hint, near to far: lit one after the other */
	SCREEN_PAINT_WAVE_2,
	SCREEN_PAINT_WAVE_3,
};

#define SCREEN_N_PHASES 4 /* of the hint's waves: 0 all lit, then one, two, three */

/** screen_sign_drawing() - a sign's rows. Static storage. */
const struct screen_raster_row *screen_sign_drawing(enum screen_sign sign);

/**
 * screen_sign_paints() - the paints of a drawing.
 * @ink, @block: 0xRRGGBB
 * @phase: 0..SCREEN_N_PHASES-1, for the hint alone
 * @ret_paints: SCREEN_RASTER_PAINTS colours
 */
void screen_sign_paints(uint32_t ink, uint32_t block, int phase, uint32_t *ret_paints);
