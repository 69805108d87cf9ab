/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/draw.h"

#include <stdlib.h>
#include <string.h>

#include "screen/name.h"
#include "screen/signs.h"

#define STAMPS 80 /* signs and boxes that are kept: big signs, marks in two sizes, buttons */
#define PIXEL_BYTES sizeof(uint32_t)
#define BUTTONS 3
#define GROUP_MAX 4 /* lines of text under each other */
#define TARGET 14.2f /* hundredths: 12.1 mm of the 7 inch display's 86, 68 pixels of 480 */
#define WATERMARK_COLOUR 0xe4e0d5u /* on the ground of a record with nothing in it yet */

/*
 * A sign or a box. To paint a big sign takes tens of milliseconds, so each stays, packed; as textures fifteen of them
 * would be 10 MB at 1280 by 720, and only the last ones shown have one.
 */
struct stamp {
	struct screen_raster_run *runs; /* NULL: free */
	size_t n_runs;
	SDL_Texture *texture; /* NULL: none just now */
	int sign; /* enum screen_sign, or -1: a box */
	int width, height, phase;
	uint32_t ink, block;
	uint64_t used;
};

struct button {
	SDL_Rect at;
	enum wire_touch touch;
};

struct screen_draw {
	SDL_Renderer *renderer;
	struct screen_text *text;
	int width, height;
	bool upright;
	SDL_Point shift; /* against burning in */
	struct stamp stamp[STAMPS];
	size_t bytes, bytes_max; /* of the stamps' textures */
	struct button button[BUTTONS];
	int n_buttons;
	uint64_t turn;
	bool cut; /* a catalogue's text was */
};

/* One line group: what stands under each other on the ground. */
struct group {
	const char *string;
	enum screen_text_weight weight;
	uint32_t colour;
	float size, min_size, gap; /* in hundredths; gap: above it */
	int lines;
	bool is_name; /* may be cut; a person's is shortened before */
};

struct screen_draw *screen_draw_create(
	SDL_Renderer *renderer, int width, int height, const char **ret_reason)
{
	struct screen_draw *d = calloc(1, sizeof(*d));
	*ret_reason = "no memory";
	if (!d)
		return NULL;
	d->renderer = renderer;
	d->width = width;
	d->height = height;
	d->upright = height > width;
	d->bytes_max = (size_t)width * (size_t)height * PIXEL_BYTES; /* five or six big signs */
	d->text = screen_text_create(renderer, ret_reason);
	if (d->text)
		return d;
	free(d);
	return NULL;
}

static size_t stamp_bytes(const struct stamp *s)
{
	return (size_t)s->width * (size_t)s->height * PIXEL_BYTES;
}

static void drop_texture(struct screen_draw *d, struct stamp *s)
{
	if (!s->texture)
		return;
	SDL_DestroyTexture(s->texture);
	s->texture = NULL;
	d->bytes -= stamp_bytes(s);
}

static void drop_stamp(struct screen_draw *d, struct stamp *s)
{
	drop_texture(d, s);
	free(s->runs);
	*s = (struct stamp){ 0 };
}

void screen_draw_forget(struct screen_draw *d)
{
	for (int i = 0; i < STAMPS; i++)
		drop_texture(d, &d->stamp[i]);
	screen_text_forget(d->text);
}

void screen_draw_destroy(struct screen_draw *d)
{
	if (!d)
		return;
	for (int i = 0; i < STAMPS; i++)
		drop_stamp(d, &d->stamp[i]);
	screen_text_destroy(d->text);
	free(d);
}

size_t screen_draw_kept(const struct screen_draw *d)
{
	return d->bytes + screen_text_kept(d->text);
}

struct screen_text *screen_draw_text(struct screen_draw *d)
{
	return d->text;
}

/* Hundredths of the shorter side, in pixels. */
static int px(const struct screen_draw *d, float hundredths)
{
	int shorter = d->upright ? d->width : d->height;
	return (int)(hundredths * (float)shorter / 100.0f + 0.5f);
}

static void fill(struct screen_draw *d, SDL_Rect at, uint32_t colour)
{
	SDL_SetRenderDrawColor(
		d->renderer, (Uint8)(colour >> 16), (Uint8)(colour >> 8), (Uint8)colour, 255);
	SDL_RenderFillRect(d->renderer, &at);
}

/* Return: false where memory is out; nothing is held then. */
static bool paint_stamp(struct screen_draw *d, struct stamp *s)
{
	size_t n = (size_t)s->width * (size_t)s->height;
	uint32_t *pixels = malloc(n * sizeof(*pixels));
	uint32_t paints[SCREEN_RASTER_PAINTS];
	if (!pixels)
		return false;
	if (s->sign < 0) {
		screen_raster_box(
			s->width, s->height, (float)px(d, 3), 0xff000000u | s->ink, pixels);
	} else {
		screen_sign_paints(s->ink, s->block, s->phase, paints);
		screen_raster_draw(
			screen_sign_drawing((enum screen_sign)s->sign), paints, s->width, pixels);
	}
	s->n_runs = screen_raster_pack(pixels, n, NULL);
	s->runs = malloc(s->n_runs * sizeof(*s->runs));
	if (s->runs)
		screen_raster_pack(pixels, n, s->runs);
	free(pixels);
	return s->runs;
}

static void make_texture(struct screen_draw *d, struct stamp *s)
{
	uint32_t *pixels = malloc(stamp_bytes(s));
	if (!pixels)
		return;
	screen_raster_unpack(s->runs, s->n_runs, pixels);
	s->texture = SDL_CreateTexture(d->renderer, SDL_PIXELFORMAT_ARGB8888,
		SDL_TEXTUREACCESS_STATIC, s->width, s->height);
	if (s->texture) {
		SDL_UpdateTexture(s->texture, NULL, pixels, s->width * (int)PIXEL_BYTES);
		SDL_SetTextureBlendMode(s->texture, SDL_BLENDMODE_BLEND);
		d->bytes += stamp_bytes(s);
	}
	free(pixels);
}

/* Until no more textures are kept than may be, but the one that is about to be put. */
static void make_room(struct screen_draw *d, const struct stamp *keep)
{
	while (d->bytes > d->bytes_max) {
		struct stamp *oldest = NULL;
		for (int i = 0; i < STAMPS; i++) {
			struct stamp *s = &d->stamp[i];
			if (s->texture && s != keep && (!oldest || s->used < oldest->used))
				oldest = s;
		}
		if (!oldest)
			return;
		drop_texture(d, oldest);
	}
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->sign == b->sign && a->width == b->width && a->height == b->height &&
	       a->phase == b->phase && a->ink == b->ink && a->block == b->block;
}

/* The place of one like @want, painted now where there is none yet. NULL: no memory. */
static struct stamp *stamp_of(struct screen_draw *d, const struct stamp *want)
{
	struct stamp *oldest = &d->stamp[0];
	for (int i = 0; i < STAMPS; i++) {
		struct stamp *s = &d->stamp[i];
		if (s->runs && same_stamp(s, want)) {
			s->used = ++d->turn;
			return s;
		}
		if (s->used < oldest->used)
			oldest = s;
	}
	drop_stamp(d, oldest);
	*oldest = *want;
	if (!paint_stamp(d, oldest)) {
		*oldest = (struct stamp){ 0 };
		return NULL;
	}
	oldest->used = ++d->turn;
	return oldest;
}

static void put_stamp(struct screen_draw *d, const struct stamp *want, int x, int y)
{
	struct stamp *s = stamp_of(d, want);
	SDL_Rect to = { x, y, want->width, want->height };
	if (!s)
		return;
	if (!s->texture) {
		make_texture(d, s);
		make_room(d, s);
	}
	if (s->texture)
		SDL_RenderCopy(d->renderer, s->texture, NULL, &to);
}

static void put_sign(
	struct screen_draw *d, enum screen_sign sign, SDL_Rect at, uint32_t ink, uint32_t block)
{
	struct stamp want = {
		.sign = (int)sign, .width = at.w, .height = at.w, .ink = ink, .block = block
	};
	put_stamp(d, &want, at.x, at.y);
}

static void put_box(struct screen_draw *d, SDL_Rect at, uint32_t colour)
{
	struct stamp want = { .sign = -1, .width = at.w, .height = at.h, .ink = colour };
	if (at.w > 0 && at.h > 0)
		put_stamp(d, &want, at.x, at.y);
}

void screen_draw_shift(struct screen_draw *d, int64_t step)
{
	static const SDL_Point places[] = { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 }, { -1, 1 },
		{ -1, 0 }, { -1, -1 }, { 0, -1 } };
	int far = px(d, 0.8f);
	const SDL_Point *place = &places[(uint64_t)step % (sizeof(places) / sizeof(places[0]))];
	d->shift = (SDL_Point){ place->x * far, place->y * far };
}

static SDL_Rect block_of(const struct screen_draw *d, enum screen_layout layout)
{
	bool record = layout == SCREEN_LAYOUT_RECORD;
	if (d->upright)
		return (SDL_Rect){ 0, 0, d->width, record ? px(d, 62) : d->height * 44 / 100 };
	int width = d->width * (record ? 34 : 42) / 100;
	int least = record ? px(d, 56) : 0; /* of a 4:3 display a third is too narrow for words */
	return (SDL_Rect){ 0, 0, width > least ? width : least, d->height };
}

/* The side of the big sign's square. */
static int sign_size(const struct screen_draw *d)
{
	int size = px(d, d->upright ? 52 : 56);
	int most = block_of(d, SCREEN_LAYOUT_RESULT).w * 85 / 100; /* for 4:3 displays */
	return size < most ? size : most;
}

/* What is left beside or under the block, within the margins. */
static SDL_Rect ground_of(const struct screen_draw *d, SDL_Rect block)
{
	int margin = px(d, 6);
	if (d->upright)
		return (SDL_Rect){ margin, block.h + margin, d->width - 2 * margin,
			d->height - block.h - 2 * margin };
	return (SDL_Rect){ block.w + margin, margin, d->width - block.w - 2 * margin,
		d->height - 2 * margin };
}

static struct screen_text_style style_of(
	const struct screen_draw *d, const struct group *g, float scale)
{
	int size = px(d, g->size * scale), least = px(d, g->min_size);
	return (struct screen_text_style){ g->weight, SCREEN_TEXT_LEFT, g->colour,
		size > least ? size : least, least, g->lines };
}

/* Heights of the lines of a group, and of the whole with its gaps, in pixels. */
static int measure(struct screen_draw *d, const struct group *group, int n, SDL_Rect in,
	float scale, int *ret_heights)
{
	int total = 0;
	for (int i = 0; i < n; i++) {
		struct screen_text_style style = style_of(d, &group[i], scale);
		struct screen_text_fit fit =
			screen_text_fit(d->text, group[i].string, &style, in.w, in.h);
		ret_heights[i] = fit.height;
		if (fit.height > 0)
			total += fit.height + (total > 0 ? px(d, group[i].gap * scale) : 0);
	}
	return total;
}

/*
 * Lines under each other, the whole group in the middle of its box; smaller where it is too high.
 * @least: pixels that the last line counts for at least: so that a name stands at the same height
 * whether one line follows or two, and the queue can't tell by the place.
 */
static void put_group(
	struct screen_draw *d, const struct group *group, int n, SDL_Rect in, int least)
{
	int heights[GROUP_MAX] = { 0 };
	float scale = 1;
	int total = measure(d, group, n, in, scale, heights);
	while (total > in.h && scale > 0.6f) {
		scale -= 0.06f;
		total = measure(d, group, n, in, scale, heights);
	}
	if (heights[n - 1] > 0 && heights[n - 1] < least)
		total += least - heights[n - 1];
	SDL_Rect at = { in.x, in.y + (in.h > total ? (in.h - total) / 2 : 0), in.w, 0 };
	bool first = true;
	for (int i = 0; i < n; i++) {
		struct screen_text_style style = style_of(d, &group[i], scale);
		if (heights[i] == 0)
			continue;
		at.y += first ? 0 : px(d, group[i].gap * scale);
		at.h = in.y + in.h - at.y;
		struct screen_text_fit fit =
			screen_text_draw(d->text, group[i].string, &style, &at);
		d->cut = d->cut || (!group[i].is_name && (fit.cut || fit.height != heights[i]));
		at.y += fit.height;
		first = false;
	}
}

/* A person's name as short as it must be to stand in two lines of @min_size hundredths. */
static void shorten(struct screen_draw *d, const char *name, float min_size, SDL_Rect in,
	char *ret_name, size_t size)
{
	const struct screen_text_style style = { SCREEN_TEXT_BOLD, SCREEN_TEXT_LEFT, 0,
		px(d, min_size), px(d, min_size), 2 };
	for (int step = 0; screen_name_shorten(name, step, ret_name, size); step++)
		if (!screen_text_fit(d->text, ret_name, &style, in.w, in.h).cut)
			return;
}

static void add_button(struct screen_draw *d, SDL_Rect at, enum wire_touch touch)
{
	if (d->n_buttons < BUTTONS)
		d->button[d->n_buttons++] = (struct button){ at, touch };
}

static struct screen_text_style label_style(const struct screen_draw *d, uint32_t ink)
{
	return (struct screen_text_style){ SCREEN_TEXT_BOLD, SCREEN_TEXT_LEFT, ink, px(d, 5.6f),
		px(d, 4.2f), 2 };
}

/* As wide as its label wants, at most @most. */
static int label_width(struct screen_draw *d, const char *label, int height, int most)
{
	int icon = px(d, 6.5f), pad = px(d, 3.2f);
	struct screen_text_style style = label_style(d, 0);
	style.lines = 1;
	int around = 3 * pad + icon + px(d, 1);
	int width = around + screen_text_fit(d->text, label, &style, most - around, height).width;
	return width < most ? width : most;
}

/* A box with a small sign and a label. */
static void put_label(struct screen_draw *d, SDL_Rect at, enum screen_sign sign, const char *label,
	uint32_t box, uint32_t ink)
{
	int icon = px(d, 6.5f), pad = px(d, 3.2f);
	struct screen_text_style style = label_style(d, ink);
	SDL_Rect words = { at.x + 2 * pad + icon, at.y, at.w - 3 * pad - icon, at.h };
	SDL_Rect left = { at.x + pad, at.y + (at.h - icon) / 2, icon, icon };
	struct screen_text_fit fit = screen_text_fit(d->text, label, &style, words.w, words.h);
	put_box(d, at, box);
	put_sign(d, sign, left, ink, box);
	words.y += (at.h - fit.height) / 2;
	words.h = fit.height;
	d->cut = d->cut || fit.cut;
	screen_text_draw(d->text, label, &style, &words);
}

/* In the block's corner, for staff who know them; they say nothing to pupils. */
static void put_staff(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect block)
{
	int size = px(d, 5);
	SDL_Rect at = { block.x + px(d, 3.5f), block.y + block.h - px(d, 3.5f) - size, size, size };
	if (p->staff_offline) {
		put_sign(d, SCREEN_SIGN_OFFLINE, at, c->ink, c->block);
		at.x += size + px(d, 2.5f);
	}
	if (p->staff_clock)
		put_sign(d, SCREEN_SIGN_CLOCK_DOUBT, at, c->ink, c->block);
}

static void draw_big_sign(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect block, int phase)
{
	int size = sign_size(d);
	struct stamp want = {
		.sign = (int)p->sign,
		.width = size,
		.height = size,
		.phase = p->sign == SCREEN_SIGN_HOLD ? phase : 0,
		.ink = c->ink,
		.block = c->block,
	};
	put_stamp(d, &want, block.x + (block.w - size) / 2, block.y + (block.h - size) / 2);
}

static void draw_idle(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect ground)
{
	const struct group group[] = {
		{ p->school, SCREEN_TEXT_BOLD, c->soft, 6, 4, 0, 2, true },
		{ p->clock, SCREEN_TEXT_BOLD, c->text, 27, 20, 3, 1, false },
		{ p->headline, SCREEN_TEXT_BOLD, c->text, 9.5f, 7, 4, 3, false },
	};
	put_group(d, group, 3, ground, 0);
}

static void draw_result(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect ground)
{
	bool named = p->name[0];
	char name[sizeof(p->name)];
	shorten(d, p->name, 10, ground, name, sizeof(name));
	const struct group group[] = {
		{ p->headline, SCREEN_TEXT_BOLD, named ? c->soft : c->text, named ? 9.5f : 12.5f,
			named ? 7 : 8.5f, 0, named ? 2 : 4, false },
		{ name, SCREEN_TEXT_BOLD, c->text, 17, 10, 1.5f, 2, true },
		{ p->detail, SCREEN_TEXT_MEDIUM, c->text, 8.6f, 6.6f, 3.4f, 4, false },
	};
	if (p->record_label[0]) {
		SDL_Rect at = { ground.x, ground.y + ground.h - px(d, TARGET), 0, px(d, TARGET) };
		at.w = label_width(d, p->record_label, at.h, ground.w);
		put_label(d, at, SCREEN_SIGN_RECORD, p->record_label, c->panel, c->text);
		add_button(d, at, WIRE_TOUCH_OVERVIEW);
		ground.h -= at.h + px(d, 4);
	}
	put_group(d, group, 3, ground, named ? px(d, 2 * 1.18f * 8.6f) : 0);
}

/* A date over its morning and its afternoon. */
static void draw_tile(struct screen_draw *d, const struct screen_tile *tile,
	const struct screen_picture *p, SDL_Rect at)
{
	const struct screen_colours *c = screen_colours_of(p->tone);
	int mark = px(d, 5.6f), line = px(d, 5), gap = px(d, 1.4f);
	if (2 * mark + 2 * gap > at.w)
		mark = (at.w - 2 * gap) / 2;
	if (line + mark + 2 * gap > at.h)
		mark = at.h - line - 2 * gap;
	struct screen_text_style date = { SCREEN_TEXT_MEDIUM, SCREEN_TEXT_CENTRE, c->text,
		px(d, 4.2f), px(d, 3), 1 };
	SDL_Rect words = { at.x, at.y + (at.h - line - mark - gap / 2) / 2, at.w, line };
	put_box(d, at, c->panel);
	screen_text_draw(d->text, tile->date, &date, &words);
	SDL_Rect sign = { at.x + (at.w - 2 * mark - gap) / 2, words.y + line + gap / 2, mark,
		mark };
	for (int i = 0; i < 2; i++) {
		put_sign(d, tile->mark[i], sign, screen_mark_colour(tile->mark[i], p->tone),
			c->panel);
		sign.x += mark + gap;
	}
}

static void draw_legend(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect in)
{
	struct screen_text_style style = { SCREEN_TEXT_MEDIUM, SCREEN_TEXT_LEFT, c->soft, px(d, 4),
		px(d, 3.2f), 1 };
	int icon = px(d, 4.4f), row = in.h / 2;
	for (int i = 0; i < 4; i++) {
		enum screen_sign mark = (enum screen_sign)(SCREEN_SIGN_MARK_PRESENT + i);
		SDL_Rect at = { in.x + (i % 2) * in.w / 2, in.y + (i / 2) * row, icon, icon };
		SDL_Rect words = { at.x + icon + px(d, 1.6f), at.y - px(d, 0.2f),
			in.w / 2 - icon - px(d, 2.4f), row };
		put_sign(d, mark, at, screen_mark_colour(mark, p->tone), c->ground);
		d->cut = d->cut || screen_text_draw(d->text, p->legend[i], &style, &words).cut;
	}
}

static void draw_tiles(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect in)
{
	int gap = px(d, 1.6f), legend = px(d, 12), head = px(d, 5.6f);
	int width = (in.w - (p->n_days - 1) * gap) / p->n_days;
	int height = (in.h - head - legend - px(d, 2)) / p->n_weeks - gap;
	if (height > px(d, 20))
		height = px(d, 20);
	struct screen_text_style day = { SCREEN_TEXT_BOLD, SCREEN_TEXT_CENTRE, c->text, px(d, 4.6f),
		px(d, 3), 1 };
	for (int i = 0; i < p->n_days; i++) {
		SDL_Rect at = { in.x + i * (width + gap), in.y, width, head };
		d->cut = d->cut || screen_text_draw(d->text, p->day[i], &day, &at).cut;
	}
	in.y += head;
	/* A day without a tile had no lessons: its place stays empty. */
	for (int i = 0; i < p->n_tiles; i++) {
		const struct screen_tile *tile = &p->tile[i];
		SDL_Rect at = { in.x + tile->weekday * (width + gap),
			in.y + tile->week * (height + gap), width, height };
		draw_tile(d, tile, p, at);
	}
	in.y += p->n_weeks * (height + gap) + px(d, 2);
	in.h = legend;
	draw_legend(d, p, c, in);
}

static void draw_record_block(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect block)
{
	int margin = px(d, 5);
	SDL_Rect in = { block.x + margin, block.y + margin, block.w - 2 * margin,
		block.h - 2 * margin };
	char name[sizeof(p->name)];
	shorten(d, p->name, 7, in, name, sizeof(name));
	const struct group group[] = {
		{ name, SCREEN_TEXT_BOLD, c->ink, 11, 7, 0, 2, true },
		{ p->detail, SCREEN_TEXT_MEDIUM, c->ink, 7.2f, 5.2f, 3, 4, false },
	};
	if (p->talk_label[0]) {
		SDL_Rect at = { in.x, block.y + block.h - px(d, 15) - px(d, 11), in.w, px(d, 15) };
		if (d->upright)
			at.y = block.y + block.h - px(d, 15) - margin;
		in.h = at.y - in.y - px(d, 3);
		put_label(d, at, p->talk_done ? SCREEN_SIGN_MARK_PRESENT : SCREEN_SIGN_TALK,
			p->talk_label, p->talk_done ? c->block : c->ink,
			p->talk_done ? c->ink : c->block);
		if (!p->talk_done)
			add_button(d, at, WIRE_TOUCH_TALK);
	}
	put_group(d, group, 2, in, 0);
}

static void draw_record(struct screen_draw *d, const struct screen_picture *p,
	const struct screen_colours *c, SDL_Rect block, SDL_Rect ground)
{
	int head = px(d, TARGET), gap = px(d, 3);
	struct screen_text_style style = { SCREEN_TEXT_BOLD, SCREEN_TEXT_LEFT, c->text, px(d, 7),
		px(d, 5), 1 };
	SDL_Rect close = { ground.x + ground.w - head, ground.y - px(d, 2), head, head };
	SDL_Rect title = { ground.x, close.y + (head - px(d, 8.3f)) / 2, ground.w - head - gap,
		head };
	draw_record_block(d, p, c, block);
	d->cut = d->cut || screen_text_draw(d->text, p->headline, &style, &title).cut;
	put_box(d, close, c->panel);
	put_sign(d, SCREEN_SIGN_CLOSE,
		(SDL_Rect){ close.x + head / 4, close.y + head / 4, head / 2, head / 2 }, c->text,
		c->panel);
	add_button(d, close, WIRE_TOUCH_CLOSE);
	SDL_Rect rest = { ground.x, close.y + head + gap, ground.w, 0 };
	rest.h = ground.y + ground.h + px(d, 2) - rest.y;
	if (p->n_tiles > 0) {
		draw_tiles(d, p, c, rest);
		return;
	}
	int size = px(d, 36);
	put_sign(d, SCREEN_SIGN_RECORD,
		(SDL_Rect){
			rest.x + (rest.w - size) / 2, rest.y + (rest.h - size) / 2, size, size },
		WATERMARK_COLOUR, c->ground);
}

bool screen_draw_picture(struct screen_draw *d, const struct screen_picture *p, int phase)
{
	const struct screen_colours *c = screen_colours_of(p->tone);
	SDL_Rect block = block_of(d, p->layout), ground = ground_of(d, block);
	/* The block stays at the display's edge, and its inner edge moves with the rest. */
	SDL_Rect field = block;
	field.w += d->upright ? 0 : d->shift.x;
	field.h += d->upright ? d->shift.y : 0;
	block.x += d->shift.x;
	block.y += d->shift.y;
	ground.x += d->shift.x;
	ground.y += d->shift.y;
	d->n_buttons = 0;
	d->cut = false;
	fill(d, (SDL_Rect){ 0, 0, d->width, d->height }, c->ground);
	fill(d, field, c->block);
	switch (p->layout) {
	case SCREEN_LAYOUT_IDLE:
		if (p->headline[0]) /* nobody is asked for a card before a kiosk has spoken */
			draw_big_sign(d, p, c, block, phase);
		draw_idle(d, p, c, ground);
		break;
	case SCREEN_LAYOUT_RESULT:
		draw_big_sign(d, p, c, block, 0);
		draw_result(d, p, c, ground);
		break;
	case SCREEN_LAYOUT_RECORD:
		draw_record(d, p, c, block, ground);
		break;
	}
	put_staff(d, p, c, block);
	return !d->cut;
}

void screen_draw_warm(struct screen_draw *d)
{
	static const struct {
		enum screen_sign sign;
		enum screen_tone tone;
	} big[] = {
		{ SCREEN_SIGN_TICK, SCREEN_TONE_WELCOME },
		{ SCREEN_SIGN_AGAIN, SCREEN_TONE_WELCOME },
		{ SCREEN_SIGN_CLOCK, SCREEN_TONE_AMBER },
		{ SCREEN_SIGN_CALENDAR, SCREEN_TONE_INFO },
		{ SCREEN_SIGN_TRAY, SCREEN_TONE_INFO },
		{ SCREEN_SIGN_BELL, SCREEN_TONE_DESK },
		{ SCREEN_SIGN_BELL_CARD, SCREEN_TONE_DESK },
		{ SCREEN_SIGN_SCHOOL_CARD, SCREEN_TONE_CALM },
		{ SCREEN_SIGN_ONE_CARD, SCREEN_TONE_CALM },
		{ SCREEN_SIGN_NOT_STORED, SCREEN_TONE_FAULT },
		{ SCREEN_SIGN_OTHER_GATE, SCREEN_TONE_FAULT },
	};
	int size = sign_size(d);
	for (size_t i = 0; i < sizeof(big) / sizeof(big[0]); i++) {
		const struct screen_colours *c = screen_colours_of(big[i].tone);
		struct stamp want = { .sign = (int)big[i].sign,
			.width = size,
			.height = size,
			.ink = c->ink,
			.block = c->block };
		stamp_of(d, &want);
	}
	const struct screen_colours *calm = screen_colours_of(SCREEN_TONE_CALM);
	for (int phase = 0; phase < SCREEN_N_PHASES; phase++) {
		struct stamp want = { .sign = SCREEN_SIGN_HOLD,
			.width = size,
			.height = size,
			.phase = phase,
			.ink = calm->ink,
			.block = calm->block };
		stamp_of(d, &want);
	}
}

enum wire_touch screen_draw_hit(const struct screen_draw *d, int x, int y)
{
	SDL_Point point = { x, y };
	for (int i = 0; i < d->n_buttons; i++)
		if (SDL_PointInRect(&point, &d->button[i].at))
			return d->button[i].touch;
	return WIRE_TOUCH_NONE;
}
