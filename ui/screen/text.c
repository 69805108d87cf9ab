/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/text.h"

#include <SDL_ttf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "…"
#define FACES 3 /* fonts of a weight, in the order they are tried */
#define FONTS_OPEN 24 /* (face, size) pairs: one picture uses about ten */
#define TEXTURES 96 /* one record with its tiles has about 50 */
#define MARKS_MAX 2 /* combining marks on a letter; real names have up to two */
#define SHRINK_PERCENT 88 /* from one size tried to the next */

/* Inter is drawn for screens; DejaVu has Arabic, Hebrew and much else, and is always there. */
static const char *const paths[SCREEN_TEXT_N_WEIGHTS][FACES] = {
	[SCREEN_TEXT_MEDIUM] = { "/usr/share/fonts/opentype/inter/Inter-Medium.otf",
		"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
		"/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf" },
	[SCREEN_TEXT_BOLD] = { "/usr/share/fonts/opentype/inter/Inter-SemiBold.otf",
		"/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
		"/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf" },
};

struct open_font {
	TTF_Font *font; /* NULL: free */
	enum screen_text_weight weight;
	int face, size;
	bool right_to_left;
	uint64_t used;
};

struct line_texture {
	SDL_Texture *texture; /* NULL: free */
	char *string; /* ours */
	enum screen_text_weight weight;
	int face, size;
	uint32_t colour;
	int width, height;
	uint64_t used;
};

/* A text made ready: cleaned, its face and direction chosen. */
struct ready {
	char string[SCREEN_TEXT_INPUT_MAX + sizeof(ELLIPSIS)];
	int face;
	bool right_to_left;
	bool hebrew; /* else Arabic, where right to left */
};

/* Where each line begins and ends in ready.string. */
struct layout {
	int n;
	int from[SCREEN_TEXT_LINES_MAX], to[SCREEN_TEXT_LINES_MAX];
	bool overflow; /* there was more than fits */
};

struct screen_text {
	SDL_Renderer *renderer;
	TTF_Font *probe[SCREEN_TEXT_N_WEIGHTS][FACES]; /* asked for glyphs; NULL: not there */
	struct open_font open[FONTS_OPEN];
	struct line_texture line[TEXTURES];
	uint64_t turn;
	struct ready ready; /* of the text at hand */
};

struct screen_text *screen_text_create(SDL_Renderer *renderer, const char **ret_reason)
{
	struct screen_text *t = calloc(1, sizeof(*t));
	*ret_reason = "no memory";
	if (!t)
		return NULL;
	t->renderer = renderer;
	if (TTF_Init()) {
		*ret_reason = "SDL_ttf doesn't start";
		free(t);
		return NULL;
	}
	for (int w = 0; w < SCREEN_TEXT_N_WEIGHTS; w++)
		for (int f = 0; f < FACES; f++)
			t->probe[w][f] = TTF_OpenFont(paths[w][f], 16);
	return t;
}

void screen_text_forget(struct screen_text *t)
{
	for (int i = 0; i < TEXTURES; i++) {
		if (t->line[i].texture)
			SDL_DestroyTexture(t->line[i].texture);
		free(t->line[i].string);
		t->line[i] = (struct line_texture){ 0 };
	}
}

void screen_text_destroy(struct screen_text *t)
{
	if (!t)
		return;
	screen_text_forget(t);
	for (int i = 0; i < FONTS_OPEN; i++)
		if (t->open[i].font)
			TTF_CloseFont(t->open[i].font);
	for (int w = 0; w < SCREEN_TEXT_N_WEIGHTS; w++)
		for (int f = 0; f < FACES; f++)
			if (t->probe[w][f])
				TTF_CloseFont(t->probe[w][f]);
	TTF_Quit();
	free(t);
}

bool screen_text_is_any(const struct screen_text *t)
{
	for (int w = 0; w < SCREEN_TEXT_N_WEIGHTS; w++)
		for (int f = 0; f < FACES; f++)
			if (t->probe[w][f])
				return true;
	return false;
}

bool screen_text_is_own(const struct screen_text *t)
{
	return t->probe[SCREEN_TEXT_MEDIUM][0] && t->probe[SCREEN_TEXT_BOLD][0];
}

/* One character of UTF-8; *ret_len 1 and U+FFFD for what is none. */
static uint32_t character(const char *s, int *ret_len)
{
	const unsigned char *u = (const unsigned char *)s;
	int len = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;
	uint32_t c = len == 1 ? u[0] : u[0] & (0x7fu >> len);
	*ret_len = 1;
	if (!len || u[0] > 0xf4)
		return 0xfffd;
	for (int i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (u[i] & 0x3fu);
	}
	*ret_len = len;
	return c;
}

static bool is_mark(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
	       (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
	       (c >= 0xfe20 && c <= 0xfe2f);
}

/* Controls, direction overrides, joiners, variation selectors: they draw nothing of their own. */
static bool is_silent(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfffd || c > 0x10ffff;
}

static bool is_hebrew(uint32_t c)
{
	return (c >= 0x590 && c <= 0x5ff) || (c >= 0xfb1d && c <= 0xfb4f);
}

static bool is_right_to_left(uint32_t c)
{
	return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
	       (c >= 0xfe70 && c <= 0xfefc);
}

/* The first face with every glyph, else the one that lacks the fewest. */
static int choose_face(const struct screen_text *t, enum screen_text_weight weight, const char *s)
{
	int best = -1, least = 0;
	for (int f = 0; f < FACES; f++) {
		int lacks = 0, len;
		if (!t->probe[weight][f])
			continue;
		for (const char *at = s; *at; at += len) {
			uint32_t c = character(at, &len);
			lacks += !is_silent(c) && !TTF_GlyphIsProvided32(t->probe[weight][f], c);
		}
		if (best < 0 || lacks < least) {
			best = f;
			least = lacks;
		}
	}
	return best;
}

/* A weight of which no face could be opened borrows the other's. */
static enum screen_text_weight usable(const struct screen_text *t, enum screen_text_weight weight)
{
	for (int f = 0; f < FACES; f++)
		if (t->probe[weight][f])
			return weight;
	return weight == SCREEN_TEXT_BOLD ? SCREEN_TEXT_MEDIUM : SCREEN_TEXT_BOLD;
}

/* Cleans a text into t->ready: known glyphs alone, white space as single blanks. */
static void make_ready(struct screen_text *t, enum screen_text_weight weight, const char *s)
{
	struct ready *r = &t->ready;
	int len, marks = 0;
	size_t out = 0;
	bool decided = false;
	memset(r, 0, sizeof(*r));
	r->face = choose_face(t, weight, s);
	if (r->face < 0) /* no font at all: the signs speak alone */
		return;
	for (const char *at = s; *at && out + 4 < SCREEN_TEXT_INPUT_MAX; at += len) {
		uint32_t c = character(at, &len);
		bool blank = c == ' ' || c == '\t' || c == '\n' || c == 0xa0;
		marks = is_mark(c) ? marks + 1 : 0;
		if (blank && out > 0 && r->string[out - 1] != ' ')
			r->string[out++] = ' ';
		if (blank || is_silent(c) || marks > MARKS_MAX || (marks > 0 && out == 0) ||
			!TTF_GlyphIsProvided32(t->probe[weight][r->face], c))
			continue;
		if (!decided && c > '@') {
			r->right_to_left = is_right_to_left(c);
			r->hebrew = is_hebrew(c);
			decided = true;
		}
		memcpy(r->string + out, at, (size_t)len);
		out += (size_t)len;
	}
	while (out > 0 && r->string[out - 1] == ' ')
		out--;
	r->string[out] = '\0';
}

static TTF_Font *font_of(struct screen_text *t, enum screen_text_weight weight, int size)
{
	struct open_font *oldest = &t->open[0];
	const struct ready *r = &t->ready;
	for (int i = 0; i < FONTS_OPEN; i++) {
		struct open_font *o = &t->open[i];
		if (o->font && o->weight == weight && o->face == r->face && o->size == size &&
			o->right_to_left == r->right_to_left) {
			o->used = ++t->turn;
			return o->font;
		}
		if (o->used < oldest->used)
			oldest = o;
	}
	TTF_Font *font = TTF_OpenFont(paths[weight][r->face], size);
	if (!font)
		return NULL;
	TTF_SetFontHinting(font, TTF_HINTING_LIGHT_SUBPIXEL);
	if (oldest->font)
		TTF_CloseFont(oldest->font);
	*oldest = (struct open_font){ font, weight, r->face, size, r->right_to_left, ++t->turn };
	return font;
}

static void direct(TTF_Font *font, const struct ready *r)
{
	TTF_SetFontDirection(font, r->right_to_left ? TTF_DIRECTION_RTL : TTF_DIRECTION_LTR);
	TTF_SetFontScriptName(font, !r->right_to_left ? "Latn" : r->hebrew ? "Hebr" : "Arab");
}

/* Width of a part of the ready text; the part is ended by a zero for the while of the call. */
static int width_of(TTF_Font *font, char *string, int from, int to)
{
	char kept = string[to];
	int width = 0;
	string[to] = '\0';
	TTF_SizeUTF8(font, string + from, &width, NULL);
	string[to] = kept;
	return width;
}

/* Greedy lines at the blanks (and behind hyphens, which double names have). */
static void break_lines(TTF_Font *font, char *s, int width, int lines, struct layout *ret)
{
	int len = (int)strlen(s), from = 0;
	memset(ret, 0, sizeof(*ret));
	while (from < len && ret->n < lines) {
		int to = from, next = from;
		for (int i = from + 1; i <= len; i++) {
			bool behind = i < len && s[i - 1] == '-' && i - 1 > from;
			if (i < len && s[i] != ' ' && !behind)
				continue;
			if (to > from && width_of(font, s, from, i) > width)
				break;
			to = i;
			next = i < len && s[i] == ' ' ? i + 1 : i;
		}
		ret->overflow = ret->overflow || width_of(font, s, from, to) > width;
		ret->from[ret->n] = from;
		ret->to[ret->n++] = to;
		from = next;
	}
	ret->overflow = ret->overflow || from < len;
}

/* The same number of lines, of more even length: no last line of one short word. */
static void balance(TTF_Font *font, char *s, int width, struct layout *layout)
{
	struct layout tried;
	if (layout->n < 2)
		return;
	for (int percent = 94; percent >= 58; percent -= 6) {
		break_lines(font, s, width * percent / 100, layout->n, &tried);
		if (tried.overflow)
			return;
		*layout = tried;
	}
}

/* Shortens the last line, and any word too wide, so that all fits; at the smallest size alone. */
static void cut(TTF_Font *font, struct ready *r, int width, int lines, struct layout *layout)
{
	for (int guard = 0; layout->overflow && guard < SCREEN_TEXT_INPUT_MAX; guard++) {
		/* The first line that is too wide, or the last one where lines were left over. */
		int n = 0;
		while (n < layout->n - 1 &&
			width_of(font, r->string, layout->from[n], layout->to[n]) <= width)
			n++;
		int end = layout->to[n];
		size_t mark = strlen(ELLIPSIS);
		if (end >= (int)mark && !memcmp(r->string + end - mark, ELLIPSIS, mark))
			end -= (int)mark;
		int len;
		do { /* a whole character with its marks */
			do
				end--;
			while (end > layout->from[n] &&
				((unsigned char)r->string[end] & 0xc0) == 0x80);
		} while (end > layout->from[n] && is_mark(character(r->string + end, &len)));
		while (end > layout->from[n] && r->string[end - 1] == ' ')
			end--;
		if (end < layout->from[n])
			end = layout->from[n];
		memcpy(r->string + end, ELLIPSIS, mark + 1);
		break_lines(font, r->string, width, lines, layout);
		if (end <= layout->from[n])
			return; /* not even one letter fits: the box clips */
	}
}

/* Lines are set a little tighter than the fonts' own distance, which is made for paragraphs. */
static int line_height(int size)
{
	return (size * 118 + 50) / 100;
}

static TTF_Font *lay_out(struct screen_text *t, const struct screen_text_style *style, int width,
	int height, struct layout *ret, struct screen_text_fit *ret_fit)
{
	struct ready *r = &t->ready;
	enum screen_text_weight weight = usable(t, style->weight);
	for (int size = style->size;; size = size * SHRINK_PERCENT / 100) {
		bool last = size <= style->min_size || size < 10;
		if (last && size < style->min_size)
			size = style->min_size;
		TTF_Font *font = font_of(t, weight, size);
		if (!font)
			return NULL;
		direct(font, r);
		int lines = height / line_height(size);
		lines = lines < 1 ? 1 : lines > style->lines ? style->lines : lines;
		break_lines(font, r->string, width, lines, ret);
		if (ret->overflow && !last)
			continue;
		*ret_fit = (struct screen_text_fit){ .size = size, .cut = ret->overflow };
		if (ret->overflow)
			cut(font, r, width, lines, ret);
		else
			balance(font, r->string, width, ret);
		ret_fit->lines = ret->n;
		for (int i = 0; i < ret->n; i++) {
			int wide = width_of(font, r->string, ret->from[i], ret->to[i]);
			ret_fit->width = wide > ret_fit->width ? wide : ret_fit->width;
		}
		ret_fit->height = ret->n * line_height(size);
		return font;
	}
}

/* A font whose file went while we run is done without, like one that never was. Return: NULL where nothing is to be
 * drawn. */
static TTF_Font *prepare(struct screen_text *t, const char *string,
	const struct screen_text_style *style, int width, int height, struct layout *ret,
	struct screen_text_fit *ret_fit)
{
	while (width > 0 && height > 0) {
		enum screen_text_weight weight = usable(t, style->weight);
		make_ready(t, weight, string);
		if (!t->ready.string[0])
			break;
		TTF_Font *font = lay_out(t, style, width, height, ret, ret_fit);
		if (font)
			return font;
		TTF_CloseFont(t->probe[weight][t->ready.face]);
		t->probe[weight][t->ready.face] = NULL;
	}
	return NULL;
}

static struct line_texture *texture_of(struct screen_text *t, TTF_Font *font, const char *string,
	const struct screen_text_style *style, const struct screen_text_fit *fit)
{
	struct line_texture *oldest = &t->line[0];
	enum screen_text_weight weight = usable(t, style->weight);
	for (int i = 0; i < TEXTURES; i++) {
		struct line_texture *l = &t->line[i];
		if (l->texture && l->weight == weight && l->face == t->ready.face &&
			l->size == fit->size && l->colour == style->colour &&
			!strcmp(l->string, string)) {
			l->used = ++t->turn;
			return l;
		}
		if (l->used < oldest->used)
			oldest = l;
	}
	SDL_Color colour = { (Uint8)(style->colour >> 16), (Uint8)(style->colour >> 8),
		(Uint8)style->colour, 255 };
	SDL_Surface *surface = TTF_RenderUTF8_Blended(font, string, colour);
	if (!surface)
		return NULL;
	SDL_Texture *texture = SDL_CreateTextureFromSurface(t->renderer, surface);
	char *copy = strdup(string);
	if (oldest->texture)
		SDL_DestroyTexture(oldest->texture);
	free(oldest->string);
	*oldest = (struct line_texture){ texture, copy, weight, t->ready.face, fit->size,
		style->colour, surface->w, surface->h, ++t->turn };
	SDL_FreeSurface(surface);
	if (texture && copy)
		return oldest;
	if (texture)
		SDL_DestroyTexture(texture);
	free(copy);
	*oldest = (struct line_texture){ 0 };
	return NULL;
}

struct screen_text_fit screen_text_fit(struct screen_text *t, const char *string,
	const struct screen_text_style *style, int width, int height)
{
	struct screen_text_fit fit = { 0 };
	struct layout layout;
	(void)prepare(t, string, style, width, height, &layout, &fit);
	return fit;
}

struct screen_text_fit screen_text_draw(struct screen_text *t, const char *string,
	const struct screen_text_style *style, const SDL_Rect *box)
{
	struct screen_text_fit fit = { 0 };
	struct layout layout;
	TTF_Font *font = prepare(t, string, style, box->w, box->h, &layout, &fit);
	if (!font)
		return fit;
	/* Accents and tails may stand out of a line, never into the neighbour's text. */
	SDL_Rect clip = { box->x - fit.size / 8, box->y - fit.size / 8, box->w + fit.size / 4,
		box->h + fit.size / 4 };
	SDL_RenderSetClipRect(t->renderer, &clip);
	for (int i = 0; i < layout.n; i++) {
		char *end = t->ready.string + layout.to[i], kept = *end;
		*end = '\0';
		struct line_texture *l =
			texture_of(t, font, t->ready.string + layout.from[i], style, &fit);
		*end = kept;
		if (!l)
			continue;
		/* The font's own box is higher than our line: centred on it. */
		SDL_Rect to = { box->x, box->y + i * line_height(fit.size), l->width, l->height };
		to.y += (line_height(fit.size) - l->height) / 2;
		if (style->align == SCREEN_TEXT_CENTRE)
			to.x += (box->w - l->width) / 2;
		SDL_RenderCopy(t->renderer, l->texture, NULL, &to);
	}
	SDL_RenderSetClipRect(t->renderer, NULL);
	return fit;
}
