/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * golden/screen_pictures.c: draws every view off screen and compares with the accepted pictures.
 *
 *   screen_pictures LOCALE_DIR GOLDEN_DIR OUT_DIR          compare; 0 same, 1 not, 77 can't run here
 *   screen_pictures LOCALE_DIR --draw OUT_DIR WxH [nl]     draw alone, at any size and language
 *
 * Tolerance: fonts come from the distribution, whose next release may set a letter a pixel aside. So
 * a picture passes while at most SHARE_MAX of its pixels differ by more than CHANNEL_MAX in a channel.
 * A sign, colour, text or place that changed differs in many times that.
 */
#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/screen_views.h"
#include "screen/draw.h"
#include "screen/picture.h"

#define CHANNEL_MAX 40 /* of 255: soft edges of letters may differ by this */
#define SHARE_MAX 0.004 /* of all pixels: 1,536 at 800x480 */
#define SKIPPED 77
#define PATH_SIZE 1200

struct stage {
	SDL_Surface *surface;
	SDL_Renderer *renderer;
	struct screen_draw *draw;
	struct screen_settings settings;
	struct screen_words words;
};

static int stage_open(struct stage *s, int width, int height)
{
	const char *reason;
	s->surface = SDL_CreateRGBSurfaceWithFormat(0, width, height, 32, SDL_PIXELFORMAT_ARGB8888);
	s->renderer = s->surface ? SDL_CreateSoftwareRenderer(s->surface) : NULL;
	s->draw = s->renderer ? screen_draw_create(s->renderer, width, height, &reason) : NULL;
	if (!s->draw)
		fprintf(stderr, "screen_pictures: no renderer or font\n");
	return s->draw ? 0 : -1;
}

static void stage_close(struct stage *s)
{
	screen_draw_destroy(s->draw);
	if (s->renderer)
		SDL_DestroyRenderer(s->renderer);
	SDL_FreeSurface(s->surface);
	SDL_Quit();
}

static int draw_row(struct stage *s, const struct screen_view_row *row, const char *path)
{
	struct screen_picture picture;
	s->settings.late_open = row->late_open;
	if (row->away)
		screen_picture_away(&s->settings, &s->words, &picture);
	else
		screen_picture_of(&row->view, &s->settings, &s->words, &picture);
	screen_draw_picture(s->draw, &picture, 0);
	SDL_RenderPresent(s->renderer);
	return screen_picture_write(s->renderer, s->surface->w, s->surface->h, path);
}

/* Share of pixels that differ; 1 where the sizes do. @diff: where they do, white on black. */
static double difference(const unsigned char *a, const unsigned char *b, int n, unsigned char *diff)
{
	int differ = 0;
	for (size_t i = 0; i < (size_t)n; i++) {
		bool far = false;
		for (size_t c = 0; c < 3; c++)
			far = far || abs(a[3 * i + c] - b[3 * i + c]) > CHANNEL_MAX;
		memset(&diff[3 * i], far ? 255 : 0, 3);
		differ += far;
	}
	return (double)differ / n;
}

static int compare(const char *golden, const char *actual, const char *diff_path)
{
	int gw, gh, aw = 0, ah = 0;
	unsigned char *g = NULL, *a = NULL, *diff = NULL;
	double share = 1;
	if (screen_picture_read(golden, &gw, &gh, &g)) {
		fprintf(stderr, "no accepted picture\n  expected %s\n  actual   %s\n", golden,
			actual);
		return 1;
	}
	if (!screen_picture_read(actual, &aw, &ah, &a) && aw == gw && ah == gh)
		diff = malloc((size_t)aw * (size_t)ah * 3);
	if (diff) {
		share = difference(g, a, aw * ah, diff);
		screen_picture_save(diff_path, aw, ah, diff);
	}
	free(g);
	free(a);
	free(diff);
	if (share <= SHARE_MAX)
		return 0;
	fprintf(stderr,
		"%.2f %% of the pixels differ\n  expected   %s\n  actual     %s\n  difference %s\n",
		100 * share, golden, actual, diff_path);
	return 1;
}

static int run(struct stage *s, const char *golden_dir, const char *out_dir)
{
	char actual[PATH_SIZE], golden[PATH_SIZE], diff[PATH_SIZE];
	int failed = 0, drawn = 0;
	for (const struct screen_view_row *row = screen_view_rows; row->name; row++, drawn++) {
		snprintf(actual, sizeof(actual), "%s/%s.png", out_dir, row->name);
		snprintf(diff, sizeof(diff), "%s/%s.difference.png", out_dir, row->name);
		if (draw_row(s, row, actual)) {
			fprintf(stderr, "%s can't be written\n", actual);
			return 1;
		}
		if (!golden_dir)
			continue;
		snprintf(golden, sizeof(golden), "%s/%s.png", golden_dir, row->name);
		failed += compare(golden, actual, diff);
	}
	printf("%d pictures, %d differ\n", drawn, failed);
	return failed > 0;
}

int main(int argc, char **argv)
{
	struct stage s = { .settings = { "Sint-Jansinstituut", ROSTER_NL, false, true, true } };
	int width = 800, height = 480, status = 1;
	if (argc < 4) {
		fprintf(stderr, "usage: screen_pictures LOCALE_DIR GOLDEN_DIR|--draw OUT_DIR [WxH "
				"[LANGUAGE]]\n");
		return 2;
	}
	bool draw_only = !strcmp(argv[2], "--draw");
	if (argc > 4) {
		char *end;
		width = (int)strtol(argv[4], &end, 10);
		height = *end == 'x' ? (int)strtol(end + 1, &end, 10) : 0;
	}
	if (argc > 5)
		s.settings.language = roster_language_parse(argv[5]);
	if (width < 160 || height < 160 || s.settings.language == ROSTER_LANGUAGE_NONE)
		return 2;
	if (screen_words_load(argv[1], &s.words) > 0)
		fprintf(stderr, "%s: texts are missing\n", argv[1]);
	else if (!stage_open(&s, width, height))
		status = !draw_only && !screen_text_is_own(screen_draw_text(s.draw))
				 ? SKIPPED
				 : run(&s, draw_only ? NULL : argv[2], argv[3]);
	if (status == SKIPPED)
		printf("skipped: fonts-inter is not installed\n");
	stage_close(&s);
	return status;
}
