/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/raster.h"

#include <math.h>
#include <string.h>

#define DEGREE 0.017453292519943295f /* in radians */

/* A pixel while it is painted on: premultiplied, 0..1. */
struct pixel {
	float alpha, red, green, blue;
};

static float length(float x, float y)
{
	return sqrtf(x * x + y * y);
}

static float clamp(float v, float low, float high)
{
	return v < low ? low : v > high ? high : v;
}

static float to_box(float x, float y, float half_width, float half_height, float corner)
{
	float qx = fabsf(x) - half_width + corner;
	float qy = fabsf(y) - half_height + corner;
	return length(fmaxf(qx, 0), fmaxf(qy, 0)) + fminf(fmaxf(qx, qy), 0) - corner;
}

static float to_line(const struct screen_raster_row *s, float x, float y)
{
	float px = x - s->x, py = y - s->y;
	float bx = s->a - s->x, by = s->b - s->y;
	float along = clamp((px * bx + py * by) / (bx * bx + by * by + 1e-6f), 0, 1);
	return length(px - bx * along, py - by * along) - s->r;
}

static float to_arc(const struct screen_raster_row *s, float x, float y)
{
	/* Turned so that the arc opens evenly to both sides of the x axis; one side is enough. */
	float c = cosf(s->turn * DEGREE), n = sinf(s->turn * DEGREE);
	float px = (x - s->x) * c + (y - s->y) * n;
	float py = fabsf((y - s->y) * c - (x - s->x) * n);
	float open = s->r * DEGREE;
	if (atan2f(py, px) <= open)
		return fabsf(length(px, py) - s->a) - s->b;
	return length(px - s->a * cosf(open), py - s->a * sinf(open)) - s->b;
}

/* How far a point is outside of a shape, in its own units; negative inside. */
static float distance(const struct screen_raster_row *s, float x, float y)
{
	float c, n;
	switch (s->shape) {
	case SCREEN_SHAPE_END:
		break;
	case SCREEN_SHAPE_DISC:
		return length(x - s->x, y - s->y) - s->a;
	case SCREEN_SHAPE_RING:
		return fabsf(length(x - s->x, y - s->y) - s->a) - s->b;
	case SCREEN_SHAPE_BOX:
		c = cosf(s->turn * DEGREE);
		n = sinf(s->turn * DEGREE);
		return to_box((x - s->x) * c + (y - s->y) * n, (y - s->y) * c - (x - s->x) * n,
			s->a, s->b, s->r);
	case SCREEN_SHAPE_LINE:
		return to_line(s, x, y);
	case SCREEN_SHAPE_ARC:
		return to_arc(s, x, y);
	case SCREEN_SHAPE_DOME:
		return fmaxf(length(x - s->x, y - s->y) - s->a, y - s->y);
	}
	return SCREEN_RASTER_GRID;
}

static void paint_on(struct pixel *p, uint32_t paint, float cover)
{
	float alpha = cover * (float)(paint >> 24) / 255.0f;
	p->alpha = alpha + p->alpha * (1 - alpha);
	p->red = alpha * (float)(paint >> 16 & 0xff) + p->red * (1 - alpha);
	p->green = alpha * (float)(paint >> 8 & 0xff) + p->green * (1 - alpha);
	p->blue = alpha * (float)(paint & 0xff) + p->blue * (1 - alpha);
}

static uint32_t finished(const struct pixel *p)
{
	if (p->alpha <= 0)
		return 0;
	return (uint32_t)lroundf(p->alpha * 255) << 24 |
	       (uint32_t)lroundf(p->red / p->alpha) << 16 |
	       (uint32_t)lroundf(p->green / p->alpha) << 8 | (uint32_t)lroundf(p->blue / p->alpha);
}

void screen_raster_draw(const struct screen_raster_row *rows, const uint32_t *paints, int size,
	uint32_t *ret_pixels)
{
	float scale = (float)size / SCREEN_RASTER_GRID;
	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++) {
			struct pixel p = { 0 };
			for (const struct screen_raster_row *s = rows; s->shape != SCREEN_SHAPE_END;
				s++) {
				float d = distance(
					s, ((float)x + 0.5f) / scale, ((float)y + 0.5f) / scale);
				float cover = clamp(0.5f - d * scale, 0, 1);
				if (cover > 0)
					paint_on(&p, paints[s->paint], cover);
			}
			ret_pixels[(size_t)y * (size_t)size + (size_t)x] = finished(&p);
		}
	}
}

void screen_raster_box(int width, int height, float radius, uint32_t paint, uint32_t *ret_pixels)
{
	float a = (float)width / 2, b = (float)height / 2;
	float corner = fminf(radius, fminf(a, b));
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			struct pixel p = { 0 };
			float d = to_box((float)x + 0.5f - a, (float)y + 0.5f - b, a, b, corner);
			paint_on(&p, paint, clamp(0.5f - d, 0, 1));
			ret_pixels[(size_t)y * (size_t)width + (size_t)x] = finished(&p);
		}
	}
}

size_t screen_raster_pack(
	const uint32_t *pixels, size_t n_pixels, struct screen_raster_run *ret_runs)
{
	size_t n_runs = 0;
	for (size_t from = 0, to; from < n_pixels; from = to) {
		for (to = from + 1; to < n_pixels && pixels[to] == pixels[from];)
			to++;
		if (ret_runs)
			ret_runs[n_runs] =
				(struct screen_raster_run){ pixels[from], (uint32_t)(to - from) };
		n_runs++;
	}
	return n_runs;
}

void screen_raster_unpack(const struct screen_raster_run *runs, size_t n_runs, uint32_t *ret_pixels)
{
	for (size_t i = 0; i < n_runs; i++)
		for (uint32_t k = 0; k < runs[i].n; k++)
			*ret_pixels++ = runs[i].pixel;
}
