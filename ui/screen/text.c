/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/text.h"

#include <SDL_ttf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/script.h"

#define ELLIPSIS "…"
#define FONTS_OPEN 32 /* (face, size) pairs: one picture uses about ten */
#define TEXTURES 192 /* one record with its tiles has about 60 */
#define PIXEL_BYTES 4
#define MARKS_MAX 2 /* combining marks on a letter; real names have up to two */
#define SHRINK_PERCENT 88 /* from one size tried to the next */
#define PIECES_MAX                                                                                 \
	48 /* words of a text, about; the longest sentence has twelve, what follows is cut */

#define NOTO(script) "/usr/share/fonts/truetype/noto/NotoSans" script
#define FACES (int)(sizeof(paths) / sizeof(paths[0]))

/*
 * In the order they are tried. Inter is drawn for screens. DejaVu is always there, and has Greek,
 * Cyrillic, Arabic, Hebrew, Armenian, Georgian. Noto has what else pupils' names are written in; the
 * last has Chinese, Japanese and Korean in 5 MB, of which Noto takes 90, and one weight alone.
 */
static const char *const paths[][SCREEN_TEXT_N_WEIGHTS] = {
	{ "/usr/share/fonts/opentype/inter/Inter-Medium.otf",
		"/usr/share/fonts/opentype/inter/Inter-SemiBold.otf" },
	{ "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
		"/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf" },
	{ NOTO("-Regular.ttf"), NOTO("-Bold.ttf") },
	{ NOTO("Ethiopic-Regular.ttf"), NOTO("Ethiopic-Bold.ttf") },
	{ NOTO("Devanagari-Regular.ttf"), NOTO("Devanagari-Bold.ttf") },
	{ NOTO("Gurmukhi-Regular.ttf"), NOTO("Gurmukhi-Bold.ttf") },
	{ NOTO("Bengali-Regular.ttf"), NOTO("Bengali-Bold.ttf") },
	{ NOTO("Gujarati-Regular.ttf"), NOTO("Gujarati-Bold.ttf") },
	{ NOTO("Tamil-Regular.ttf"), NOTO("Tamil-Bold.ttf") },
	{ NOTO("Telugu-Regular.ttf"), NOTO("Telugu-Bold.ttf") },
	{ NOTO("Kannada-Regular.ttf"), NOTO("Kannada-Bold.ttf") },
	{ NOTO("Malayalam-Regular.ttf"), NOTO("Malayalam-Bold.ttf") },
	{ NOTO("Sinhala-Regular.ttf"), NOTO("Sinhala-Bold.ttf") },
	{ NOTO("Thai-Regular.ttf"), NOTO("Thai-Bold.ttf") },
	{ NOTO("Lao-Regular.ttf"), NOTO("Lao-Bold.ttf") },
	{ NOTO("Khmer-Regular.ttf"), NOTO("Khmer-Bold.ttf") },
	{ NOTO("Myanmar-Regular.ttf"), NOTO("Myanmar-Bold.ttf") },
	{ NOTO("Syriac-Regular.ttf"), NOTO("Syriac-Regular.ttf") },
	{ NOTO("Thaana-Regular.ttf"), NOTO("Thaana-Bold.ttf") },
	{ NOTO("Adlam-Regular.ttf"), NOTO("Adlam-Bold.ttf") },
	{ NOTO("Tifinagh-Regular.ttf"), NOTO("Tifinagh-Regular.ttf") },
	{ "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
		"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc" },
};

struct open_font {
	TTF_Font *font; /* NULL: free */
	enum screen_text_weight weight;
	int face, size;
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

/*
 * A word, or the part of one that is of one script: drawn at once, in one font and one direction. So
 * "Noor نور" reads rightly in both, and a font that has but half of a word is never mixed into it.
 */
struct piece {
	int from, to; /* bytes of ready.string */
	int face;
	const struct screen_script *script;
	bool glued; /* to the piece before, without a blank */
	bool may_break; /* a line may begin here */
	int width; /* pixels, at the size at hand */
};

/* A text made ready: cleaned and in pieces. */
struct ready {
	char string[SCREEN_TEXT_INPUT_MAX + sizeof(ELLIPSIS)];
	struct piece piece[PIECES_MAX + 1]; /* one more for an ellipsis */
	int n;
	int blank; /* pixels, at the size at hand */
	bool too_many; /* there was more than PIECES_MAX */
};

/* Which pieces are on each line. */
struct layout {
	int n;
	int from[SCREEN_TEXT_LINES_MAX], to[SCREEN_TEXT_LINES_MAX];
	bool overflow; /* there was more than fits */
};

struct screen_text {
	SDL_Renderer *renderer;
	/* Asked for glyphs; opened when a text first needs one. */
	struct probe {
		TTF_Font *font; /* NULL: not there */
		bool tried;
	} probe[SCREEN_TEXT_N_WEIGHTS][sizeof(paths) / sizeof(paths[0])];
	struct open_font open[FONTS_OPEN];
	struct line_texture line[TEXTURES];
	size_t bytes, bytes_max; /* of the textures' pixels */
	uint64_t turn;
	struct ready ready; /* of the text at hand */
};

/*
 * As much as the display's own picture has: far more than the texts on it. Counted in bytes, since names are large and
 * a school has hundreds: 192 of them were 17 MB at 1280 by 720.
 */
static size_t bytes_of_display(SDL_Renderer *renderer)
{
	int width = 0, height = 0;
	(void)SDL_GetRendererOutputSize(renderer, &width, &height);
	return (size_t)width * (size_t)height * PIXEL_BYTES;
}

struct screen_text *screen_text_create(SDL_Renderer *renderer, const char **ret_reason)
{
	struct screen_text *t = calloc(1, sizeof(*t));
	*ret_reason = "no memory";
	if (!t)
		return NULL;
	t->renderer = renderer;
	t->bytes_max = bytes_of_display(renderer);
	if (TTF_Init()) {
		*ret_reason = "SDL_ttf doesn't start";
		free(t);
		return NULL;
	}
	return t;
}

static size_t line_bytes(const struct line_texture *l)
{
	return l->texture ? (size_t)l->width * (size_t)l->height * PIXEL_BYTES : 0;
}

/* Empties a place of the cache; accepts one that is. */
static void drop_line(struct screen_text *t, struct line_texture *l)
{
	t->bytes -= line_bytes(l);
	if (l->texture)
		SDL_DestroyTexture(l->texture);
	free(l->string);
	*l = (struct line_texture){ 0 };
}

void screen_text_forget(struct screen_text *t)
{
	for (int i = 0; i < TEXTURES; i++)
		drop_line(t, &t->line[i]);
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
			if (t->probe[w][f].font)
				TTF_CloseFont(t->probe[w][f].font);
	TTF_Quit();
	free(t);
}

static TTF_Font *probe_of(struct screen_text *t, enum screen_text_weight weight, int face)
{
	struct probe *p = &t->probe[weight][face];
	if (!p->tried)
		p->font = TTF_OpenFont(paths[face][weight], 16);
	p->tried = true;
	return p->font;
}

/* Its file went while we run: done without from now on, like one that never was. */
static void lose_face(struct screen_text *t, enum screen_text_weight weight, int face)
{
	struct probe *p = &t->probe[weight][face];
	if (p->font)
		TTF_CloseFont(p->font);
	*p = (struct probe){ NULL, true };
}

/* The first face of a weight that is there; -1: none. */
static int first_face(struct screen_text *t, enum screen_text_weight weight)
{
	for (int f = 0; f < FACES; f++)
		if (probe_of(t, weight, f))
			return f;
	return -1;
}

size_t screen_text_kept(const struct screen_text *t)
{
	return t->bytes;
}

bool screen_text_is_any(struct screen_text *t)
{
	return first_face(t, SCREEN_TEXT_MEDIUM) >= 0 || first_face(t, SCREEN_TEXT_BOLD) >= 0;
}

bool screen_text_is_own(struct screen_text *t)
{
	bool own = true;
	for (int f = 0; f < FACES; f++)
		for (int w = 0; w < SCREEN_TEXT_N_WEIGHTS; w++)
			own = probe_of(t, (enum screen_text_weight)w, f) && own;
	return own;
}

/* A weight of which no face could be opened borrows the other's. */
static enum screen_text_weight usable(struct screen_text *t, enum screen_text_weight weight)
{
	if (first_face(t, weight) >= 0)
		return weight;
	return weight == SCREEN_TEXT_BOLD ? SCREEN_TEXT_MEDIUM : SCREEN_TEXT_BOLD;
}

/* The first face with every glyph of a part, else the one that lacks the fewest; -1: no font at all. */
static int choose_face(
	struct screen_text *t, enum screen_text_weight weight, const char *s, const char *end)
{
	int best = -1, least = 0;
	for (int f = 0; f < FACES; f++) {
		int lacks = 0, len;
		TTF_Font *probe = probe_of(t, weight, f);
		if (!probe)
			continue;
		for (const char *at = s; at < end; at += len)
			lacks += !TTF_GlyphIsProvided32(probe, screen_script_character(at, &len));
		if (best < 0 || lacks < least) {
			best = f;
			least = lacks;
		}
		if (lacks == 0)
			break;
	}
	return best;
}

/* The last piece is whole: its face is chosen, and what has no glyph is left out. */
static void finish_piece(struct screen_text *t, enum screen_text_weight weight, int *out)
{
	struct ready *r = &t->ready;
	if (r->n == 0 || r->piece[r->n - 1].to >= 0)
		return;
	struct piece *p = &r->piece[r->n - 1];
	int kept = p->from, len;
	p->face = choose_face(t, weight, r->string + p->from, r->string + *out);
	for (int at = p->from; p->face >= 0 && at < *out; at += len) {
		uint32_t c = screen_script_character(r->string + at, &len);
		if (!TTF_GlyphIsProvided32(probe_of(t, weight, p->face), c))
			continue;
		memmove(r->string + kept, r->string + at, (size_t)len);
		kept += len;
	}
	*out = p->to = kept;
	if (!p->script)
		p->script = r->n > 1 ? r->piece[r->n - 2].script : screen_script_latin();
	if (kept == p->from)
		r->n--;
}

static bool begin_piece(struct ready *r, int out, bool glued, bool may_break)
{
	if (r->n == PIECES_MAX) {
		r->too_many = true;
		return false;
	}
	r->piece[r->n] = (struct piece){
		.from = out, .to = -1, .glued = glued && r->n > 0, .may_break = may_break
	};
	r->n++;
	return true;
}

/* Cleans a text into t->ready: known glyphs alone, in pieces. */
static void make_ready(struct screen_text *t, enum screen_text_weight weight, const char *s)
{
	struct ready *r = &t->ready;
	int len, marks = 0, out = 0;
	bool blank = true, hyphen = false;
	r->n = 0;
	r->too_many = false;
	for (const char *at = s; *at && out + 4 < SCREEN_TEXT_INPUT_MAX; at += len) {
		uint32_t c = screen_script_character(at, &len);
		const struct screen_script *script = screen_script_of(c);
		if (c == ' ' || c == '\t' || c == '\n' || c == 0xa0 || c == 0x3000) {
			finish_piece(t, weight, &out);
			blank = true;
			continue;
		}
		marks = screen_script_is_mark(c) ? marks + 1 : 0;
		if (screen_script_is_silent(c) || marks > MARKS_MAX || (marks > 0 && blank))
			continue;
		const struct piece *last = r->n > 0 ? &r->piece[r->n - 1] : NULL;
		bool other = !blank && script && last && last->script && last->script != script &&
			     strcmp(last->script->tag, script->tag) != 0;
		if (blank || hyphen || other) {
			finish_piece(t, weight, &out);
			if (!begin_piece(r, out, !blank, blank || hyphen))
				break;
		}
		if (script && r->n > 0 && !r->piece[r->n - 1].script)
			r->piece[r->n - 1].script = script;
		memcpy(r->string + out, at, (size_t)len);
		out += len;
		blank = false;
		hyphen = c == '-';
	}
	finish_piece(t, weight, &out);
}

static TTF_Font *font_of(
	struct screen_text *t, enum screen_text_weight weight, const struct piece *p, int size)
{
	struct open_font *at = &t->open[0];
	for (int i = 0; i < FONTS_OPEN; i++) {
		struct open_font *o = &t->open[i];
		if (o->font && o->weight == weight && o->face == p->face && o->size == size) {
			at = o;
			break;
		}
		if (o->used < at->used)
			at = o;
	}
	if (!at->font || at->weight != weight || at->face != p->face || at->size != size) {
		TTF_Font *font = TTF_OpenFont(paths[p->face][weight], size);
		if (!font)
			return NULL;
		TTF_SetFontHinting(font, TTF_HINTING_LIGHT_SUBPIXEL);
		if (at->font)
			TTF_CloseFont(at->font);
		*at = (struct open_font){ font, weight, p->face, size, 0 };
	}
	at->used = ++t->turn;
	TTF_SetFontDirection(
		at->font, p->script->right_to_left ? TTF_DIRECTION_RTL : TTF_DIRECTION_LTR);
	TTF_SetFontScriptName(at->font, p->script->tag);
	return at->font;
}

/* A piece's text, ended by a zero for as long as *ret_kept isn't put back. */
static char *borrow(struct ready *r, const struct piece *p, char *ret_kept)
{
	*ret_kept = r->string[p->to];
	r->string[p->to] = '\0';
	return r->string + p->from;
}

/* Return: 0, or -1 where the font is gone. */
static int measure_piece(
	struct screen_text *t, enum screen_text_weight weight, struct piece *p, int size)
{
	char kept;
	TTF_Font *font = font_of(t, weight, p, size);
	if (!font) {
		lose_face(t, weight, p->face);
		return -1;
	}
	TTF_SizeUTF8(font, borrow(&t->ready, p, &kept), &p->width, NULL);
	t->ready.string[p->to] = kept;
	return 0;
}

static int measure_all(struct screen_text *t, enum screen_text_weight weight, int size)
{
	struct ready *r = &t->ready;
	for (int i = 0; i < r->n; i++)
		if (measure_piece(t, weight, &r->piece[i], size))
			return -1;
	TTF_Font *font = r->n > 0 ? font_of(t, weight, &r->piece[0], size) : NULL;
	r->blank = size / 4;
	if (font)
		TTF_SizeUTF8(font, " ", &r->blank, NULL);
	return 0;
}

static int width_of(const struct ready *r, int from, int to)
{
	int width = 0;
	for (int i = from; i < to; i++)
		width += r->piece[i].width + (i > from && !r->piece[i].glued ? r->blank : 0);
	return width;
}

/* Greedy lines, at the blanks and behind hyphens, which double names have. */
static void break_lines(const struct ready *r, int width, int lines, struct layout *ret)
{
	int from = 0;
	memset(ret, 0, sizeof(*ret));
	while (from < r->n && ret->n < lines) {
		int to = from;
		for (int i = from + 1; i <= r->n; i++) {
			if (i < r->n && !r->piece[i].may_break)
				continue;
			if (to > from && width_of(r, from, i) > width)
				break;
			to = i;
		}
		ret->overflow = ret->overflow || width_of(r, from, to) > width;
		ret->from[ret->n] = from;
		ret->to[ret->n++] = to;
		from = to;
	}
	ret->overflow = ret->overflow || from < r->n;
}

/* The same number of lines, of more even length: no last line of one short word. */
static void balance(const struct ready *r, int width, struct layout *layout)
{
	struct layout tried;
	if (layout->n < 2)
		return;
	for (int percent = 94; percent >= 58; percent -= 6) {
		break_lines(r, width * percent / 100, layout->n, &tried);
		if (tried.overflow)
			return;
		*layout = tried;
	}
}

/* One whole character with its marks off the end of a piece. */
static void shorten_piece(const struct ready *r, struct piece *p)
{
	int len;
	do {
		do
			p->to--;
		while (p->to > p->from && ((unsigned char)r->string[p->to] & 0xc0) == 0x80);
	} while (p->to > p->from &&
		 screen_script_is_mark(screen_script_character(r->string + p->to, &len)));
}

/* The ellipsis becomes the last piece, behind @last. */
static int put_ellipsis(
	struct screen_text *t, enum screen_text_weight weight, int size, int last, int face)
{
	struct ready *r = &t->ready;
	int at = SCREEN_TEXT_INPUT_MAX; /* behind all that a text can be */
	memcpy(r->string + at, ELLIPSIS, sizeof(ELLIPSIS));
	r->piece[last + 1] = (struct piece){ .from = at,
		.to = at + (int)strlen(ELLIPSIS),
		.face = face,
		.script = last >= 0 ? r->piece[last].script : screen_script_latin(),
		.glued = last >= 0 };
	r->n = last + 2;
	return measure_piece(t, weight, &r->piece[last + 1], size);
}

/* Shortens the last line, and any word too wide, so that all fits; at the smallest size alone. */
static int cut(struct screen_text *t, enum screen_text_weight weight, int size, int width,
	int lines, struct layout *layout)
{
	struct ready *r = &t->ready;
	int face = first_face(t, weight);
	bool has = false; /* the last piece is the ellipsis */
	while (layout->overflow || !has) {
		/* The first line that is too wide, or the last one where lines were left over. */
		int n = 0;
		while (n < layout->n - 1 && width_of(r, layout->from[n], layout->to[n]) <= width)
			n++;
		int last = layout->to[n] - 1;
		if (has && last == r->n - 1)
			last--;
		if (last < 0)
			return 0; /* not even one letter fits: the box clips */
		shorten_piece(r, &r->piece[last]);
		if (r->piece[last].to <= r->piece[last].from)
			last--;
		else if (measure_piece(t, weight, &r->piece[last], size))
			return -1;
		if (put_ellipsis(t, weight, size, last, face))
			return -1;
		has = true;
		break_lines(r, width, lines, layout);
		if (last < 0)
			return 0;
	}
	return 0;
}

/* Lines are set a little tighter than the fonts' own distance, which is made for paragraphs. */
static int line_height(int size)
{
	return (size * 118 + 50) / 100;
}

/* Return: 0, or -1 where a font is gone and all begins anew. */
static int lay_out(struct screen_text *t, const struct screen_text_style *style, int width,
	int height, struct layout *ret, struct screen_text_fit *ret_fit)
{
	struct ready *r = &t->ready;
	enum screen_text_weight weight = usable(t, style->weight);
	int most = style->lines < SCREEN_TEXT_LINES_MAX ? style->lines : SCREEN_TEXT_LINES_MAX;
	for (int size = style->size;; size = size * SHRINK_PERCENT / 100) {
		bool last = size <= style->min_size || size < 10;
		if (last && size < style->min_size)
			size = style->min_size;
		if (measure_all(t, weight, size))
			return -1;
		int lines = height / line_height(size);
		lines = lines < 1 ? 1 : lines > most ? most : lines;
		break_lines(r, width, lines, ret);
		ret->overflow = ret->overflow || r->too_many;
		if (ret->overflow && !last)
			continue;
		*ret_fit = (struct screen_text_fit){ .size = size, .cut = ret->overflow };
		if (!ret->overflow)
			balance(r, width, ret);
		else if (cut(t, weight, size, width, lines, ret))
			return -1;
		ret_fit->lines = ret->n;
		for (int i = 0; i < ret->n; i++) {
			int wide = width_of(r, ret->from[i], ret->to[i]);
			ret_fit->width = wide > ret_fit->width ? wide : ret_fit->width;
		}
		ret_fit->height = ret->n * line_height(size);
		return 0;
	}
}

/* Return: 0, or -1 where nothing is to be drawn. */
static int prepare(struct screen_text *t, const char *string, const struct screen_text_style *style,
	int width, int height, struct layout *ret, struct screen_text_fit *ret_fit)
{
	/* Each try that fails has lost a face. */
	while (width > 0 && height > 0) {
		make_ready(t, usable(t, style->weight), string);
		if (t->ready.n == 0)
			break;
		if (!lay_out(t, style, width, height, ret, ret_fit))
			return 0;
	}
	*ret_fit = (struct screen_text_fit){ 0 };
	return -1;
}

/* Fills a place of the cache. Return: 0 or -1. */
static int make_line(struct screen_text *t, const struct piece *p, const char *string,
	const struct screen_text_style *style, int size, struct line_texture *l)
{
	enum screen_text_weight weight = usable(t, style->weight);
	SDL_Color colour = { (Uint8)(style->colour >> 16), (Uint8)(style->colour >> 8),
		(Uint8)style->colour, 255 };
	TTF_Font *font = font_of(t, weight, p, size);
	SDL_Surface *surface = font ? TTF_RenderUTF8_Blended(font, string, colour) : NULL;
	if (!surface)
		return -1;
	SDL_Texture *texture = SDL_CreateTextureFromSurface(t->renderer, surface);
	char *copy = strdup(string);
	drop_line(t, l);
	int width = surface->w, height = surface->h;
	SDL_FreeSurface(surface);
	if (!texture || !copy) {
		if (texture)
			SDL_DestroyTexture(texture);
		free(copy);
		return -1;
	}
	*l = (struct line_texture){ texture, NULL, weight, p->face, size, style->colour, width,
		height, 0 };
	l->string = copy;
	t->bytes += line_bytes(l);
	return 0;
}

/* Until no more is kept than may be, but the one that is about to be drawn. */
static void make_room(struct screen_text *t, const struct line_texture *keep)
{
	while (t->bytes > t->bytes_max) {
		struct line_texture *oldest = NULL;
		for (int i = 0; i < TEXTURES; i++) {
			struct line_texture *l = &t->line[i];
			if (l->texture && l != keep && (!oldest || l->used < oldest->used))
				oldest = l;
		}
		if (!oldest)
			return;
		drop_line(t, oldest);
	}
}

static struct line_texture *texture_of(struct screen_text *t, const struct piece *p,
	const struct screen_text_style *style, int size)
{
	struct line_texture *oldest = &t->line[0];
	enum screen_text_weight weight = usable(t, style->weight);
	char kept, *string = borrow(&t->ready, p, &kept);
	struct line_texture *found = NULL;
	for (int i = 0; i < TEXTURES && !found; i++) {
		struct line_texture *l = &t->line[i];
		if (l->texture && l->weight == weight && l->face == p->face && l->size == size &&
			l->colour == style->colour && !strcmp(l->string, string))
			found = l;
		if (l->used < oldest->used)
			oldest = l;
	}
	if (!found && !make_line(t, p, string, style, size, oldest)) {
		found = oldest;
		make_room(t, found);
	}
	if (found)
		found->used = ++t->turn;
	t->ready.string[p->to] = kept;
	return found;
}

struct screen_text_fit screen_text_fit(struct screen_text *t, const char *string,
	const struct screen_text_style *style, int width, int height)
{
	struct screen_text_fit fit = { 0 };
	struct layout layout;
	(void)prepare(t, string, style, width, height, &layout, &fit);
	return fit;
}

/*
 * The pieces of a line as they stand from left to right: runs of the other direction are turned round.
 * Names need no more of Unicode's bidirectional algorithm; nesting and numbers within Arabic do.
 */
static int order_of(const struct ready *r, int from, int to, int *ret_order)
{
	bool base = r->piece[0].script->right_to_left;
	int n = 0;
	for (int i = from; i < to;) {
		int end = i;
		bool turned = r->piece[i].script->right_to_left;
		while (end < to && r->piece[end].script->right_to_left == turned)
			end++;
		for (int k = 0; k < end - i; k++)
			ret_order[n++] = turned != base ? end - 1 - k : i + k;
		i = end;
	}
	for (int i = 0; base && i < n / 2; i++) {
		int other = ret_order[i];
		ret_order[i] = ret_order[n - 1 - i];
		ret_order[n - 1 - i] = other;
	}
	return n;
}

/* @x, @y: where the line's box begins. */
static void draw_line(struct screen_text *t, const struct screen_text_style *style, int size,
	int from, int to, int x, int y)
{
	struct ready *r = &t->ready;
	enum screen_text_weight weight = usable(t, style->weight);
	int order[PIECES_MAX + 1], n = order_of(r, from, to, order), base = 0;
	for (int i = 0; i < n; i++) {
		const struct piece *p = &r->piece[order[i]];
		const struct line_texture *l = texture_of(t, p, style, size);
		TTF_Font *font = font_of(t, weight, p, size);
		if (!l || !font)
			continue;
		/* The font's own box is higher than our line: centred on it; one baseline for all. */
		if (base == 0)
			base = (line_height(size) - TTF_FontHeight(font)) / 2 +
			       TTF_FontAscent(font);
		int next = i + 1 < n && order[i + 1] > order[i] ? order[i + 1] : order[i];
		bool glued = i + 1 < n && r->piece[next].glued;
		SDL_Rect at = { x, y + base - TTF_FontAscent(font), l->width, l->height };
		SDL_RenderCopy(t->renderer, l->texture, NULL, &at);
		x += p->width + (glued ? 0 : r->blank);
	}
}

struct screen_text_fit screen_text_draw(struct screen_text *t, const char *string,
	const struct screen_text_style *style, const SDL_Rect *box)
{
	struct screen_text_fit fit = { 0 };
	struct layout layout;
	if (prepare(t, string, style, box->w, box->h, &layout, &fit))
		return fit;
	/* Accents and tails may stand out of a line, never into the neighbour's text. */
	SDL_Rect clip = { box->x - fit.size / 8, box->y - fit.size / 8, box->w + fit.size / 4,
		box->h + fit.size / 4 };
	SDL_RenderSetClipRect(t->renderer, &clip);
	for (int i = 0; i < layout.n; i++) {
		int width = width_of(&t->ready, layout.from[i], layout.to[i]);
		int x = style->align == SCREEN_TEXT_CENTRE ? box->x + (box->w - width) / 2 : box->x;
		draw_line(t, style, fit.size, layout.from[i], layout.to[i], x,
			box->y + i * line_height(fit.size));
	}
	SDL_RenderSetClipRect(t->renderer, NULL);
	return fit;
}
