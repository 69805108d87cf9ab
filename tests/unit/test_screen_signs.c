/* SPDX-License-Identifier: EUPL-1.2 */
/* Signs are told apart by their outline alone, and the shapes they are made of cover what they should. */
#include "screen/signs.h"

#include <stdbool.h>

#include "unit/unit.h"

#define SIZE 64
#define BIG_SIGNS (SCREEN_SIGN_OTHER_GATE + 1)

/* Ink as white, the block's colour as nothing: the outline that is left without any colour. */
static void outline(enum screen_sign sign, uint32_t *ret_pixels)
{
	uint32_t paints[SCREEN_RASTER_PAINTS];
	screen_sign_paints(0xffffff, 0x000000, 0, paints);
	screen_raster_draw(screen_sign_drawing(sign), paints, SIZE, ret_pixels);
}

static bool is_lit(uint32_t pixel)
{
	return (pixel >> 24) > 127 && (pixel & 0xff) > 127;
}

static void test_signs_differ_in_outline(void **state)
{
	static uint32_t pixels[SCREEN_N_SIGNS][SIZE * SIZE];
	(void)state;
	for (int i = 0; i < SCREEN_N_SIGNS; i++) {
		int lit = 0;
		assert_non_null(screen_sign_drawing((enum screen_sign)i));
		outline((enum screen_sign)i, pixels[i]);
		for (int k = 0; k < SIZE * SIZE; k++)
			lit += is_lit(pixels[i][k]);
		if (i != SCREEN_SIGN_MARK_NONE)
			assert_true(lit > SIZE * SIZE / 20);
	}
	for (int a = 0; a < BIG_SIGNS; a++)
		for (int b = 0; b < a; b++) {
			int differ = 0;
			for (int k = 0; k < SIZE * SIZE; k++)
				differ += is_lit(pixels[a][k]) != is_lit(pixels[b][k]);
			/* A tenth of the square is plain to see at ten metres. */
			if (differ < SIZE * SIZE / 10)
				fail_msg("signs %d and %d differ in %d pixels", a, b, differ);
		}
}

struct raster_case {
	const char *name;
	struct screen_raster_row row;
	float x, y; /* on the grid */
	bool covered;
};

static const struct raster_case cases[] = {
	{ "disc, middle", { SCREEN_SHAPE_DISC, 0, 50, 50, 20, 0, 0, 0 }, 50, 50, true },
	{ "disc, within", { SCREEN_SHAPE_DISC, 0, 50, 50, 20, 0, 0, 0 }, 68, 50, true },
	{ "disc, outside", { SCREEN_SHAPE_DISC, 0, 50, 50, 20, 0, 0, 0 }, 72, 50, false },
	{ "ring, hole", { SCREEN_SHAPE_RING, 0, 50, 50, 20, 4, 0, 0 }, 50, 50, false },
	{ "ring, line", { SCREEN_SHAPE_RING, 0, 50, 50, 20, 4, 0, 0 }, 70, 50, true },
	{ "box, corner", { SCREEN_SHAPE_BOX, 0, 50, 50, 20, 10, 0, 0 }, 68, 58, true },
	{ "box, round corner", { SCREEN_SHAPE_BOX, 0, 50, 50, 20, 10, 10, 0 }, 69, 59, false },
	{ "box, turned", { SCREEN_SHAPE_BOX, 0, 50, 50, 20, 10, 0, 90 }, 50, 68, true },
	{ "line, on it", { SCREEN_SHAPE_LINE, 0, 20, 20, 80, 80, 4, 0 }, 50, 50, true },
	{ "line, beside", { SCREEN_SHAPE_LINE, 0, 20, 20, 80, 80, 4, 0 }, 60, 40, false },
	{ "line, past its end", { SCREEN_SHAPE_LINE, 0, 20, 20, 80, 80, 4, 0 }, 90, 90, false },
	{ "arc, on it", { SCREEN_SHAPE_ARC, 0, 50, 50, 30, 4, 45, 0 }, 80, 50, true },
	{ "arc, its far side", { SCREEN_SHAPE_ARC, 0, 50, 50, 30, 4, 45, 0 }, 20, 50, false },
	{ "arc, turned", { SCREEN_SHAPE_ARC, 0, 50, 50, 30, 4, 45, 90 }, 50, 80, true },
	{ "dome, above", { SCREEN_SHAPE_DOME, 0, 50, 50, 30, 0, 0, 0 }, 50, 30, true },
	{ "dome, below", { SCREEN_SHAPE_DOME, 0, 50, 50, 30, 0, 0, 0 }, 50, 60, false },
};

static uint32_t alpha_at(const struct raster_case *c)
{
	static uint32_t pixels[200 * 200];
	const struct screen_raster_row rows[] = { c->row,
		{ SCREEN_SHAPE_END, 0, 0, 0, 0, 0, 0, 0 } };
	const uint32_t paints[SCREEN_RASTER_PAINTS] = { 0xff123456 };
	screen_raster_draw(rows, paints, 200, pixels);
	return pixels[(size_t)(c->y * 2) * 200 + (size_t)(c->x * 2)];
}

static void test_every_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t got = alpha_at(&cases[i]);
		if (got != (cases[i].covered ? 0xff123456 : 0))
			fail_msg("%s: %08x", cases[i].name, (unsigned)got);
	}
}

static void test_box_of_pixels(void **state)
{
	uint32_t pixels[20 * 10];
	(void)state;
	screen_raster_box(20, 10, 4, 0xffabcdef, pixels);
	assert_int_equal(pixels[0], 0); /* the corner is round */
	assert_int_equal(pixels[10], 0xffabcdef);
	assert_int_equal(pixels[100], 0xffabcdef);
	screen_raster_box(1, 1, 50, 0xffabcdef, pixels); /* no smaller box, no larger radius */
	assert_true(pixels[0] >> 24 > 0);
}

/* Comes out as it went in; a sign, even a small one, takes a quarter of its pixels at most. */
static void test_packed(void **state)
{
	static uint32_t pixels[200 * 200], again[200 * 200];
	static struct screen_raster_run runs[200 * 200];
	static const uint32_t few[] = { 1, 1, 2, 1 };
	uint32_t paints[SCREEN_RASTER_PAINTS];
	(void)state;
	for (int i = 0; i < SCREEN_N_SIGNS; i++) {
		screen_sign_paints(0x102030, 0x405060, 0, paints);
		screen_raster_draw(screen_sign_drawing((enum screen_sign)i), paints, 200, pixels);
		size_t n = screen_raster_pack(pixels, ARRAY_LEN(pixels), NULL);
		assert_true(n > 0 && n * sizeof(runs[0]) < sizeof(pixels) / 4);
		assert_int_equal(screen_raster_pack(pixels, ARRAY_LEN(pixels), runs), n);
		screen_raster_unpack(runs, n, again);
		assert_memory_equal(pixels, again, sizeof(pixels));
	}
	assert_int_equal(screen_raster_pack(few, 4, runs), 3);
	assert_int_equal(runs[0].n, 2);
	screen_raster_unpack(runs, 3, again);
	assert_memory_equal(few, again, sizeof(few));
	assert_int_equal(screen_raster_pack(few, 0, runs), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs_differ_in_outline),
		cmocka_unit_test(test_every_shape),
		cmocka_unit_test(test_box_of_pixels),
		cmocka_unit_test(test_packed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
