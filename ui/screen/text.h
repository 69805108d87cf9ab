/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/text.h: text into the renderer, whatever the text is.
 *
 * A text is drawn smaller, then on more lines, then shortened; never refused, and never outside of its
 * box. HarfBuzz shapes it, right to left where it begins so. A character without a glyph in any font
 * is left out. Each (text, size, colour) is a texture; the least recently used one goes.
 * Source: faults.md U4; library-facts.md section 7.
 */
#pragma once

#include <SDL.h>
#include <stdbool.h>
#include <stddef.h>

#define SCREEN_TEXT_INPUT_MAX 1024 /* bytes of a text that are looked at; a name has at most 804 */
#define SCREEN_TEXT_LINES_MAX 4

enum screen_text_weight { SCREEN_TEXT_MEDIUM, SCREEN_TEXT_BOLD, SCREEN_TEXT_N_WEIGHTS };
enum screen_text_align { SCREEN_TEXT_LEFT, SCREEN_TEXT_CENTRE };

struct screen_text_style {
	enum screen_text_weight weight;
	enum screen_text_align align;
	uint32_t colour; /* 0xRRGGBB */
	int size; /* pixels from line to line, about; shrinks down to min_size before it is cut */
	int min_size;
	int lines; /* at most, 1..SCREEN_TEXT_LINES_MAX */
};

/* How a text came to stand in its box. */
struct screen_text_fit {
	int size; /* pixels, as it was drawn */
	int lines;
	int width; /* pixels of its longest line */
	int height; /* pixels that it takes, 0 for none */
	bool cut; /* ends in an ellipsis */
};

struct screen_text; /* opaque */

/**
 * screen_text_create() - open the fonts.
 * @renderer: borrowed, outlives the result
 * Return: NULL where SDL_ttf doesn't start or memory is short; *ret_reason then says why (static storage). Without
 * any font every text is drawn as nothing.
 */
struct screen_text *screen_text_create(SDL_Renderer *renderer, const char **ret_reason);

/** screen_text_destroy() - accepts NULL. */
void screen_text_destroy(struct screen_text *text);

/** screen_text_forget() - drop the textures: the renderer has lost them. */
void screen_text_forget(struct screen_text *text);

/** screen_text_kept() - bytes of the textures that it keeps: at most a display's picture, or one text. */
size_t screen_text_kept(const struct screen_text *text);

/** screen_text_is_any() - at least one font is there. */
bool screen_text_is_any(struct screen_text *text);

/** screen_text_is_own() - every font of the list is there: what pictures are compared with. */
bool screen_text_is_own(struct screen_text *text);

/** screen_text_fit() - how a text would stand in a box, without drawing. @string: UTF-8 */
struct screen_text_fit screen_text_fit(struct screen_text *text, const char *string,
	const struct screen_text_style *style, int width, int height);

/** screen_text_draw() - the text at the top of @box, by screen_text_fit(). Return: as screen_text_fit(). */
struct screen_text_fit screen_text_draw(struct screen_text *text, const char *string,
	const struct screen_text_style *style, const SDL_Rect *box);
