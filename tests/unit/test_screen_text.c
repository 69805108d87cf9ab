/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Any name draws, and stays in its box; every text of every language fits its place at every size;
 * buttons are where they are seen. Drawn off screen by the software renderer.
 */
#include <SDL.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "golden/screen_views.h"
#include "screen/draw.h"
#include "unit/unit.h"

static struct screen_words words;

struct stage {
	SDL_Surface *surface;
	SDL_Renderer *renderer;
	struct screen_draw *draw;
};

static struct stage open_stage(int width, int height)
{
	const char *reason = "";
	struct stage s;
	s.surface = SDL_CreateRGBSurfaceWithFormat(0, width, height, 32, SDL_PIXELFORMAT_ARGB8888);
	assert_non_null(s.surface);
	s.renderer = SDL_CreateSoftwareRenderer(s.surface);
	assert_non_null(s.renderer);
	s.draw = screen_draw_create(s.renderer, width, height, &reason);
	if (!s.draw)
		fail_msg("%s", reason);
	return s;
}

static void close_stage(struct stage *s)
{
	screen_draw_destroy(s->draw);
	SDL_DestroyRenderer(s->renderer);
	SDL_FreeSurface(s->surface);
}

#define TEN(s) s s s s s s s s s s

static const struct {
	const char *name, *text;
	bool draws; /* something is left to see */
} hostile[] = {
	{ "empty", "", false },
	{ "a hundred letters, no blank", TEN(TEN("W")), true },
	{ "a hundred words", TEN(TEN("a ")), true },
	{ "804 bytes of accents", TEN(TEN("e\u0301\u0301\u0301")) "e\u0301", true },
	{ "fifty marks on a letter", "Z" TEN("\u0300\u0301\u0302\u0303\u0304") "oe", true },
	{ "marks alone", "\u0300\u0301\u0302", false },
	{ "arabic", "نور الهدى", true },
	{ "hebrew", "נועה", true },
	{ "both directions", "Noor نور", true },
	{ "greek", "Ελένη", true },
	{ "cyrillic", "Олександра", true },
	{ "polish, czech, turkish", "Łucja Žofie Işıl", true },
	{ "chinese", "王小明", true },
	{ "japanese", "さくらハナ", true },
	{ "korean", "김민준", true },
	{ "amharic", "አበበ", true },
	{ "hindi", "अनिल", true },
	{ "punjabi", "ਗੁਰਪ੍ਰੀਤ", true },
	{ "thai", "สมชาย", true },
	{ "tifinagh", "ⵎⵓⵃⵏⴷ", true },
	{ "egyptian, which no font has", "\U00013000\U00013001", false },
	{ "emoji alone, of which DejaVu has one",
		"\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467", true },
	{ "emoji and name", "\U0001f600 Noor", true },
	{ "override of direction", "\u202enoor\u202c", true },
	{ "controls", "\x01\x02\x1b[31mNoor\x7f", true },
	{ "bytes that are no UTF-8", "No\xff\xfe\xc3or\xe2\x82", true },
	{ "the last byte opens a character", "Noor\xf0", true },
	{ "blanks", "   \t\n  ", false },
};

static bool all_is(const struct stage *s, SDL_Rect out_of, uint32_t colour)
{
	const uint32_t *pixel = s->surface->pixels;
	for (int y = 0; y < s->surface->h; y++)
		for (int x = 0; x < s->surface->w; x++) {
			SDL_Point p = { x, y };
			if (!SDL_PointInRect(&p, &out_of) &&
				(pixel[y * s->surface->pitch / 4 + x] & 0xffffff) != colour)
				return false;
		}
	return true;
}

static void u4_hostile_names_stay_in_their_box(void **state)
{
	(void)state;
	struct stage s = open_stage(400, 240);
	/* The box with the eighth of a size that accents may stand out by. */
	const SDL_Rect box = { 40, 60, 300, 100 }, near = { 32, 52, 316, 116 };
	const struct screen_text_style style = { SCREEN_TEXT_BOLD, SCREEN_TEXT_LEFT, 0x000000, 60,
		20, 2 };
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		SDL_SetRenderDrawColor(s.renderer, 255, 255, 255, 255);
		SDL_RenderClear(s.renderer);
		struct screen_text_fit fit =
			screen_text_draw(screen_draw_text(s.draw), hostile[i].text, &style, &box);
		SDL_RenderPresent(s.renderer);
		print_message("%s: size %d, lines %d%s\n", hostile[i].name, fit.size, fit.lines,
			fit.cut ? ", cut" : "");
		assert_int_equal(fit.height > 0, hostile[i].draws);
		assert_true(fit.height <= box.h && fit.lines <= 2 && fit.width <= box.w);
		assert_true(all_is(&s, near, 0xffffff));
		assert_int_equal(!all_is(&s, (SDL_Rect){ 0, 0, 0, 0 }, 0xffffff), hostile[i].draws);
	}
	close_stage(&s);
}

static void u4_smaller_then_more_lines_then_cut(void **state)
{
	static const struct {
		const char *text;
		int lines;
		bool smaller, cut;
	} row[] = {
		{ "Noor", 1, false, false },
		{ "Maria-Magdalena", 2, false, false },
		{ "Wolfeschlegelstein", 1, true, false },
		{ TEN("Alexandrina "), 2, true, true },
	};
	(void)state;
	struct stage s = open_stage(400, 240);
	const struct screen_text_style style = { SCREEN_TEXT_BOLD, SCREEN_TEXT_LEFT, 0x000000, 50,
		20, 2 };
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct screen_text_fit fit =
			screen_text_fit(screen_draw_text(s.draw), row[i].text, &style, 300, 150);
		if (fit.lines != row[i].lines || (fit.size < 50) != row[i].smaller ||
			fit.cut != row[i].cut)
			fail_msg("%s: size %d, %d lines, cut %d", row[i].text, fit.size, fit.lines,
				fit.cut);
	}
	close_stage(&s);
}

static uint32_t hash_of(const struct stage *s)
{
	const unsigned char *pixel = s->surface->pixels;
	uint32_t hash = 2166136261u;
	for (int i = 0; i < s->surface->h * s->surface->pitch; i++)
		hash = (hash ^ pixel[i]) * 16777619u;
	return hash;
}

static void draw_every_view(
	struct stage *s, enum roster_language language, const char *size, bool must_fit)
{
	for (const struct screen_view_row *r = screen_view_rows; r->name; r++) {
		struct screen_settings settings = { "Sint-Jansinstituut", language, r->late_open,
			true, true, -1, -1 };
		struct screen_picture p;
		struct wire_view view = r->view;
		if (view.result == WIRE_RESULT_LATE)
			view.minutes_late = 240;
		if (r->away)
			screen_picture_away(&settings, &words, &p);
		else
			screen_picture_of(&view, &settings, &words, &p);
		if (!screen_draw_picture(s->draw, &p, 0) && must_fit)
			fail_msg("%s in language %d at %s: a text doesn't fit", r->name,
				(int)language, size);
	}
}

static void test_every_text_fits_its_place(void **state)
{
	static const struct {
		const char *name;
		int width, height;
	} size[] = { { "800x480", 800, 480 }, { "1280x720", 1280, 720 }, { "480x800", 480, 800 },
		{ "720x1280", 720, 1280 }, { "1080x1920", 1080, 1920 }, { "1920x1080", 1920, 1080 },
		{ "1024x768", 1024, 768 } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(size); i++) {
		struct stage s = open_stage(size[i].width, size[i].height);
		for (int language = ROSTER_NL; language <= ROSTER_DE; language++)
			draw_every_view(&s, (enum roster_language)language, size[i].name, true);
		close_stage(&s);
	}
}

/* Widths of the display in millimetres: Raspberry Pi's own touch display, lying and upright, and a larger one. */
static const struct glass {
	int width, height;
	double wide_mm, high_mm;
} glass[] = { { 800, 480, 154.1, 85.9 }, { 480, 800, 85.9, 154.1 }, { 1280, 800, 216.6, 135.4 },
	{ 1920, 1080, 344.2, 193.6 } };

#define TARGET_MM 12.0

struct found {
	int left, right, top, bottom, n;
};

static struct found find_button(const struct stage *s, const struct glass *g, enum wire_touch touch)
{
	struct found f = { g->width, -1, g->height, -1, 0 };
	for (int y = 0; y < g->height; y++)
		for (int x = 0; x < g->width; x++)
			if (screen_draw_hit(s->draw, x, y) == touch) {
				f.left = x < f.left ? x : f.left;
				f.right = x > f.right ? x : f.right;
				f.top = y < f.top ? y : f.top;
				f.bottom = y > f.bottom ? y : f.bottom;
				f.n++;
			}
	return f;
}

static const struct {
	const char *view;
	bool overview, talk, close;
} buttons[] = { { "idle", false, false, false }, { "present", true, false, false },
	{ "unknown_card", false, false, false }, { "overview", false, true, true },
	{ "overview_thanks", false, false, true }, { "overview_empty", false, false, true } };

static void buttons_on(const struct glass *g, int shift, double *least_mm)
{
	struct stage s = open_stage(g->width, g->height);
	screen_draw_shift(s.draw, shift);
	for (size_t i = 0; i < ARRAY_LEN(buttons); i++) {
		const struct screen_view_row *r = screen_view_rows;
		struct screen_settings settings = { "School", ROSTER_NL, false, true, true, -1,
			-1 };
		struct screen_picture p;
		const bool want[] = { [WIRE_TOUCH_OVERVIEW] = buttons[i].overview,
			[WIRE_TOUCH_TALK] = buttons[i].talk,
			[WIRE_TOUCH_CLOSE] = buttons[i].close };
		while (strcmp(r->name, buttons[i].view) != 0)
			r++;
		screen_picture_of(&r->view, &settings, &words, &p);
		screen_draw_picture(s.draw, &p, 0);
		for (int touch = WIRE_TOUCH_OVERVIEW; touch <= WIRE_TOUCH_CLOSE; touch++) {
			struct found f = find_button(&s, g, (enum wire_touch)touch);
			assert_int_equal(f.n > 0, want[touch]);
			if (f.n == 0)
				continue;
			int wide = f.right - f.left + 1, high = f.bottom - f.top + 1;
			assert_int_equal(f.n, wide * high); /* one rectangle */
			double wide_mm = wide * g->wide_mm / g->width;
			double high_mm = high * g->high_mm / g->height;
			double mm = wide_mm < high_mm ? wide_mm : high_mm;
			*least_mm = mm < *least_mm ? mm : *least_mm;
			if (mm < TARGET_MM)
				fail_msg("%s at %dx%d: touch %d is %.1f x %.1f mm", r->name,
					g->width, g->height, touch, wide_mm, high_mm);
		}
	}
	close_stage(&s);
}

/* Each button is there where it should be and nowhere else, and large enough for a finger. */
static void test_touch_targets_of_12_mm(void **state)
{
	double least_mm = 1000;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(glass); i++)
		buttons_on(&glass[i], (int)i, &least_mm);
	print_message("\nfigure: smallest touch target %.1f mm (%zu displays of 7 to 15.6 inch)\n",
		least_mm, ARRAY_LEN(glass));
}

/* Two hundred pupils, one after the other: caches stay bounded and nothing of a name stays behind. */
static void test_a_queue_leaves_nothing_behind(void **state)
{
	(void)state;
	struct stage s = open_stage(800, 480);
	struct screen_settings settings = { "School", ROSTER_NL, false, true, true, -1, -1 };
	struct wire_view idle = { .state = WIRE_VIEW_IDLE, .at = "08:07" };
	struct screen_picture p;
	screen_picture_of(&idle, &settings, &words, &p);
	screen_draw_picture(s.draw, &p, 0);
	SDL_RenderPresent(s.renderer);
	size_t size = (size_t)s.surface->pitch * 480, most = 0;
	void *before = malloc(size);
	assert_non_null(before);
	memcpy(before, s.surface->pixels, size);
	for (int i = 0; i < 200; i++) {
		struct wire_view v = { .state = WIRE_VIEW_RESULT, .at = "08:10" };
		/* A name beside most signs: each result in turn. */
		v.result =
			(enum wire_view_result)(WIRE_RESULT_PRESENT + i % WIRE_RESULT_NOT_STORED);
		snprintf(v.name, sizeof(v.name), "Leerling %d", i);
		struct screen_picture q;
		screen_picture_of(&v, &settings, &words, &q);
		screen_draw_picture(s.draw, &q, 0);
		SDL_RenderPresent(s.renderer);
		most = screen_draw_kept(s.draw) > most ? screen_draw_kept(s.draw) : most;
	}
	/* Were it a number of textures, these names alone would take six pictures' worth. */
	assert_true(most > 0 && most <= 2 * size);
	print_message("figure: textures kept for a queue of 200 names at 800x480 %.1f MB (1 run)\n",
		(double)most / 1e6);
	screen_draw_forget(s.draw); /* the renderer lost its textures: all are made again */
	screen_draw_picture(s.draw, &p, 0);
	SDL_RenderPresent(s.renderer);
	assert_memory_equal(before, s.surface->pixels, size);
	free(before);
	close_stage(&s);
}

/* Shifted by a few pixels nothing else changes, and after eight steps all is as it was. */
static void test_shifted_pictures(void **state)
{
	(void)state;
	struct stage s = open_stage(800, 480);
	struct screen_settings settings = { "School", ROSTER_NL, false, true, true, -1, -1 };
	struct wire_view idle = { .state = WIRE_VIEW_IDLE, .at = "08:07" };
	struct screen_picture p;
	uint32_t seen[9];
	screen_picture_of(&idle, &settings, &words, &p);
	for (int step = 0; step < 9; step++) {
		screen_draw_shift(s.draw, step);
		assert_true(screen_draw_picture(s.draw, &p, 0));
		SDL_RenderPresent(s.renderer);
		seen[step] = hash_of(&s);
		for (int k = 0; k < step; k++)
			assert_int_equal(seen[k] == seen[step], step == 8 && k == 0);
	}
	close_stage(&s);
}

/* Hides the folder of fonts from this program alone. Return: false where the machine doesn't allow it. */
static bool hide_fonts(void)
{
	return !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", "/usr/share/fonts", "tmpfs", 0, NULL);
}

/* In a program of its own, so that the other tests keep their fonts. Return: what failed, 0 for nothing. */
static int without_fonts(void)
{
	static const enum wire_view_result results[] = { WIRE_RESULT_PRESENT,
		WIRE_RESULT_UNKNOWN_CARD, WIRE_RESULT_NOT_STORED };
	struct stage running = open_stage(400, 240);
	uint32_t seen[ARRAY_LEN(results)];

	if (!hide_fonts())
		return 77;
	/* Gone while it runs: sizes that it had not opened yet are asked for now. */
	draw_every_view(&running, ROSTER_NL, "fonts gone", false);
	/* Gone at the start: signs alone, which still tell the results apart. */
	struct stage s = open_stage(400, 240);
	if (screen_text_is_any(screen_draw_text(s.draw)))
		return 1;
	draw_every_view(&s, ROSTER_NL, "no fonts", false);
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		struct screen_settings settings = { "School", ROSTER_NL, true, true, true, -1, -1 };
		struct wire_view v = { .state = WIRE_VIEW_RESULT, .result = results[i] };
		struct screen_picture p;
		snprintf(v.name, sizeof(v.name), "Noor");
		screen_picture_of(&v, &settings, &words, &p);
		screen_draw_picture(s.draw, &p, 0);
		SDL_RenderPresent(s.renderer);
		seen[i] = hash_of(&s);
		for (size_t k = 0; k < i; k++)
			if (seen[k] == seen[i])
				return 2;
	}
	close_stage(&s);
	close_stage(&running);
	return 0;
}

static void u4_font_files_gone(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(without_fonts());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIP: root alone can hide a folder\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int load(void **state)
{
	(void)state;
	return screen_words_load(TEST_LOCALE_DIR, &words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u4_hostile_names_stay_in_their_box),
		cmocka_unit_test(u4_smaller_then_more_lines_then_cut),
		cmocka_unit_test(u4_font_files_gone),
		cmocka_unit_test(test_every_text_fits_its_place),
		cmocka_unit_test(test_touch_targets_of_12_mm),
		cmocka_unit_test(test_shifted_pictures),
		cmocka_unit_test(test_a_queue_leaves_nothing_behind),
	};
	int failed = cmocka_run_group_tests(tests, load, NULL);
	SDL_Quit();
	return failed;
}
