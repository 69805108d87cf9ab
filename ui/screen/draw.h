/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/draw.h: a picture of view.h into a renderer, at any size, upright or lying.
 *
 * One grid: everything is measured in hundredths of the shorter side. A coloured block holds the sign
 * (left, or above where the display stands upright), the ground beside it the words. Signs, boxes and
 * lines of text are textures, made once.
 */
#pragma once

#include <SDL.h>
#include <stdbool.h>
#include <stddef.h>

#include "screen/text.h"
#include "screen/view.h"

struct screen_draw; /* opaque */

/**
 * screen_draw_create() - for a renderer of one size.
 * @renderer: borrowed, outlives the result
 * @width, @height: in pixels, 160 and up
 * Return: NULL where SDL_ttf doesn't start or memory is short; *ret_reason says why (static).
 */
struct screen_draw *screen_draw_create(
	SDL_Renderer *renderer, int width, int height, const char **ret_reason);

/** screen_draw_destroy() - accepts NULL. */
void screen_draw_destroy(struct screen_draw *draw);

/** screen_draw_warm() - make the big signs beforehand, so that no result waits for its first one. */
void screen_draw_warm(struct screen_draw *draw);

/** screen_draw_forget() - drop the textures: the renderer has lost them. */
void screen_draw_forget(struct screen_draw *draw);

/**
 * screen_draw_picture() - draw, without presenting.
 * @phase: of the hint's waves, 0..SCREEN_N_PHASES-1; 0 is the picture at rest
 * Return: false where a text of the catalogue (not a name) had to be cut: a mistake of the design that
 * the test `screen_text` finds.
 */
bool screen_draw_picture(struct screen_draw *draw, const struct screen_picture *picture, int phase);

/**
 * screen_draw_shift() - move what follows by a few pixels, so that no edge burns into a display that
 * shows the same picture for years.
 * @step: any number; eight places round the middle, the first of them the middle itself
 */
void screen_draw_shift(struct screen_draw *draw, int64_t step);

/** screen_draw_hit() - which button of the last picture is at a pixel; WIRE_TOUCH_NONE for none. */
enum wire_touch screen_draw_hit(const struct screen_draw *draw, int x, int y);

/** screen_draw_kept() - bytes of the textures that it keeps, without the packed signs: at most two of its pictures. */
size_t screen_draw_kept(const struct screen_draw *draw);

/** screen_draw_text() - the texts' part, for asking about fonts. Not the caller's. */
struct screen_text *screen_draw_text(struct screen_draw *draw);
