/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/script.h: what a character is for whoever sets type: its script, its direction, or nothing.
 *
 * Pure. Tables of the blocks that names of pupils are written in; what is in none of them is Latin.
 * Source: Unicode 15, Blocks.txt and ISO 15924.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct screen_script {
	uint32_t first, last;
	char tag[5]; /* of ISO 15924, as HarfBuzz wants it */
	bool right_to_left;
};

/** screen_script_of() - of a letter; NULL for what takes its neighbour's: digits, points, marks. */
const struct screen_script *screen_script_of(uint32_t c);

/** screen_script_latin() - of a text without a single letter. */
const struct screen_script *screen_script_latin(void);

/** screen_script_is_mark() - combines with the letter before it. */
bool screen_script_is_mark(uint32_t c);

/** screen_script_is_silent() - controls, direction overrides, joiners, variation selectors: draw nothing. */
bool screen_script_is_silent(uint32_t c);

/** screen_script_character() - one character of UTF-8; *ret_len 1 and U+FFFD for what is none. */
uint32_t screen_script_character(const char *s, int *ret_len);
