/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/raster.h: shapes as rows of a table, painted into pixels with soft edges.
 *
 * Pure: no SDL, no allocation. Each shape is a distance function; how far a pixel's centre is inside
 * gives its cover. So every size is sharp, edges are smooth on any renderer, and a golden picture
 * is the same everywhere. Rejected: SDL_RenderGeometry with feathered edges, whose software
 * renderer leaves seams between triangles.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SCREEN_RASTER_GRID 100.0f /* shapes are drawn on 100 by 100, whatever the size in pixels */
#define SCREEN_RASTER_PAINTS 6 /* colours a drawing may use */

enum screen_shape {
	SCREEN_SHAPE_END, /* ends a drawing */
	SCREEN_SHAPE_DISC, /* x, y; a radius */
	SCREEN_SHAPE_RING, /* x, y; a radius of the middle of the line, b half its width */
	SCREEN_SHAPE_BOX, /* x, y centre; a, b half width and height; r corner; turn in degrees */
	SCREEN_SHAPE_LINE, /* x, y to a, b; r half its width; round ends */
	SCREEN_SHAPE_ARC, /* x, y; a radius, b half width; r half its opening, turn its direction, degrees */
	SCREEN_SHAPE_DOME, /* the upper half of a disc: x, y, a */
};

/* One shape; painted over those before it. */
struct screen_raster_row {
	enum screen_shape shape;
	int paint; /* 0..SCREEN_RASTER_PAINTS-1 */
	float x, y, a, b, r, turn;
};

/**
 * screen_raster_draw() - paint a drawing into pixels.
 * @rows: ends with SCREEN_SHAPE_END
 * @paints: SCREEN_RASTER_PAINTS colours, 0xAARRGGBB; full alpha 0 leaves out
 * @size: of the square in pixels, 1 and up
 * @ret_pixels: size * size of 0xAARRGGBB, straight alpha; all are written
 */
void screen_raster_draw(const struct screen_raster_row *rows, const uint32_t *paints, int size,
	uint32_t *ret_pixels);

/** screen_raster_box() - a rectangle with round corners of @radius pixels; @ret_pixels: width * height. */
void screen_raster_box(int width, int height, float radius, uint32_t paint, uint32_t *ret_pixels);

/* One colour, so many pixels on. A drawing has few edges: packed a big sign takes a fifteenth. */
struct screen_raster_run {
	uint32_t pixel, n;
};

/** screen_raster_pack() - @ret_runs: room for as many as a call with NULL has counted. Return: how many. */
size_t screen_raster_pack(
	const uint32_t *pixels, size_t n_pixels, struct screen_raster_run *ret_runs);

/** screen_raster_unpack() - @ret_pixels: room for all that was packed. */
void screen_raster_unpack(
	const struct screen_raster_run *runs, size_t n_runs, uint32_t *ret_pixels);
