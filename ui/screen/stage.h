/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/stage.h: the display: SDL's window and renderer, what is drawn on it, what is touched on it.
 *
 * With SDL_VIDEODRIVER=dummy or offscreen everything is drawn by the software renderer, and --frames
 * writes it down.
 */
#pragma once

#include <stdbool.h>

#include "screen/view.h"

struct screen_stage; /* opaque */

/* What people did since the last look. */
struct screen_events {
	enum wire_touch touch; /* the last button that was touched */
	bool touched; /* anything, anywhere */
	bool redraw; /* the display has lost the picture */
	bool quit; /* the window was closed */
};

/* Why a stage could not be opened. */
enum screen_stage_err {
	SCREEN_STAGE_NO_DISPLAY = -1, /* try again later */
	SCREEN_STAGE_NO_DRAWING = -2, /* nothing to draw with: end */
};

/**
 * screen_stage_open() - start SDL's video and make a window.
 * @width, @height: of a window; 0: the whole display
 * @ret_reason: what failed, valid until the next call of SDL
 * Return: 0 or a screen_stage_err. May be called again after a failure.
 */
int screen_stage_open(
	int width, int height, struct screen_stage **ret_stage, const char **ret_reason);

/** screen_stage_close() - accepts NULL. Ends SDL altogether. */
void screen_stage_close(struct screen_stage *stage);

/** screen_stage_shift() - as screen_draw_shift(), from the next picture on. */
void screen_stage_shift(struct screen_stage *stage, int64_t step);

/** screen_stage_show() - draw and present; on return the frame is on the display. Blocks up to a frame. */
void screen_stage_show(struct screen_stage *stage, const struct screen_picture *picture, int phase);

/** screen_stage_has_text() - a font was found; without one the signs are shown alone. */
bool screen_stage_has_text(const struct screen_stage *stage);

/** screen_stage_write() - draw once more, into a PNG file. Slow: for --frames alone. Return: 0 or -1. */
int screen_stage_write(
	struct screen_stage *stage, const struct screen_picture *picture, const char *path);

/** screen_stage_look() - take what SDL has collected. Doesn't block. */
struct screen_events screen_stage_look(struct screen_stage *stage);
