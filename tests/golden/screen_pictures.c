/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * golden/screen_pictures.c: draws every view off screen and compares with the accepted pictures.
 *
 *   screen_pictures LOCALE_DIR GOLDEN_DIR OUT_DIR          compare; 0 same, 1 not, 77 can't run here
 *   screen_pictures LOCALE_DIR --accept GOLDEN_DIR         write what is drawn now; for update.sh
 *   screen_pictures LOCALE_DIR --draw OUT_DIR WxH [nl]     each picture alone, at any size and language
 *
 * A golden is a sheet: all views of one size and language, each made smaller by a whole number. So 640
 * pictures weigh a few MB, and can be looked at in twenty glances.
 *
 * Tolerance: fonts come from the distribution, whose next release may set a letter a pixel aside. So
 * a picture passes while at most SHARE_MAX of its (smaller) pixels differ by more than CHANNEL_MAX in
 * a channel. A sign, colour, text or place that changed differs in many times that.
 */
#include <SDL.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/screen_views.h"
#include "screen/draw.h"
#include "screen/picture.h"

#define CHANNEL_MAX 40 /* of 255: soft edges of letters may differ by this */
#define SHARE_MAX 0.004 /* of a picture's pixels: 384 of 400x240 */
#define COLUMNS 5
#define GAP 4 /* pixels between the pictures of a sheet */
#define COARSE 17 /* sixteen values a channel: still plain to see, and half the bytes */
#define PALETTE 256
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
}

/* Sizes that schools have, and by how much their pictures are made smaller. */
static const struct sheet_size {
	const char *name;
	int width, height, by;
} sizes[] = { { "800x480", 800, 480, 2 }, { "1280x720", 1280, 720, 4 },
	{ "1920x1080", 1920, 1080, 6 }, { "480x800", 480, 800, 2 }, { "720x1280", 720, 1280, 4 },
	{ "1080x1920", 1080, 1920, 6 } };

struct sheet {
	int width, height; /* of all */
	int cell_width, cell_height;
	unsigned char *pixels; /* RGB */
};

static int sheet_init(struct sheet *sheet, const struct sheet_size *size)
{
	int n = 0;
	while (screen_view_rows[n].name)
		n++;
	sheet->cell_width = size->width / size->by;
	sheet->cell_height = size->height / size->by;
	sheet->width = COLUMNS * (sheet->cell_width + GAP) + GAP;
	sheet->height = (n + COLUMNS - 1) / COLUMNS * (sheet->cell_height + GAP) + GAP;
	sheet->pixels = calloc((size_t)sheet->width * (size_t)sheet->height, 3);
	return sheet->pixels ? 0 : -1;
}

/* Where the picture of a row begins. */
static size_t cell_of(const struct sheet *sheet, int row)
{
	int x = GAP + row % COLUMNS * (sheet->cell_width + GAP);
	int y = GAP + row / COLUMNS * (sheet->cell_height + GAP);
	return 3 * ((size_t)y * (size_t)sheet->width + (size_t)x);
}

/* The mean of by x by pixels each. */
static void put_cell(struct sheet *sheet, int row, const SDL_Surface *from, int by)
{
	unsigned char *to = sheet->pixels + cell_of(sheet, row);
	for (int y = 0; y < sheet->cell_height; y++)
		for (int x = 0; x < sheet->cell_width; x++) {
			uint32_t sum[3] = { 0 }, n = (uint32_t)(by * by);
			for (int i = 0; i < by * by; i++) {
				const uint32_t *line =
					(const void *)((const char *)from->pixels +
						       (y * by + i / by) * from->pitch);
				uint32_t c = line[x * by + i % by];
				sum[0] += c >> 16 & 0xff;
				sum[1] += c >> 8 & 0xff;
				sum[2] += c & 0xff;
			}
			for (int c = 0; c < 3; c++)
				to[3 * (y * sheet->width + x) + c] =
					(unsigned char)((sum[c] / n + COARSE / 2) / COARSE *
							COARSE);
		}
}

/* The palette's colour, a new one while there is room, else the nearest. */
static int colour_of(unsigned char *palette, int *n, const unsigned char *pixel)
{
	int best = 0, least = 1 << 30;
	for (int i = 0; i < *n; i++) {
		int far = 0;
		for (int c = 0; c < 3; c++)
			far += abs(palette[3 * i + c] - pixel[c]);
		if (far < least) {
			least = far;
			best = i;
		}
		if (far == 0)
			return i;
	}
	if (*n == PALETTE)
		return best;
	memcpy(palette + 3 * *n, pixel, 3);
	return (*n)++;
}

/* As a PNG with a palette: half the size of one without. */
static int sheet_save(const struct sheet *sheet, const char *path)
{
	unsigned char palette[3 * PALETTE] = { 0 }, *index;
	int n = 0, size = sheet->width * sheet->height;
	png_image image = { .version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)sheet->width,
		.height = (png_uint_32)sheet->height,
		.format = PNG_FORMAT_RGB_COLORMAP,
		.flags = PNG_IMAGE_FLAG_COLORSPACE_NOT_sRGB };
	index = malloc((size_t)size);
	for (int i = 0, last = 0; index && i < size; i++) {
		const unsigned char *pixel = sheet->pixels + 3 * (size_t)i;
		if (n == 0 || memcmp(palette + 3 * last, pixel, 3) != 0)
			last = colour_of(palette, &n, pixel);
		index[i] = (unsigned char)last;
	}
	image.colormap_entries = (png_uint_32)n;
	bool written = index && png_image_write_to_file(&image, path, 0, index, 0, palette);
	free(index);
	return written ? 0 : -1;
}

static void draw_row(struct stage *s, const struct screen_view_row *row)
{
	struct screen_picture picture;
	s->settings.late_open = row->late_open;
	if (row->away)
		screen_picture_away(&s->settings, &s->words, &picture);
	else
		screen_picture_of(&row->view, &s->settings, &s->words, &picture);
	screen_draw_picture(s->draw, &picture, 0);
	SDL_RenderPresent(s->renderer);
}

static int draw_sheet(struct stage *s, const struct sheet_size *size, struct sheet *sheet)
{
	if (sheet_init(sheet, size))
		return -1;
	for (int i = 0; screen_view_rows[i].name; i++) {
		draw_row(s, &screen_view_rows[i]);
		put_cell(sheet, i, s->surface, size->by);
	}
	return 0;
}

/* Share of a picture's pixels that differ; they turn white in @diff, all else black. */
static double difference(
	const struct sheet *a, const unsigned char *golden, int row, unsigned char *diff)
{
	int differ = 0;
	size_t at = cell_of(a, row);
	for (int y = 0; y < a->cell_height; y++)
		for (int x = 0; x < a->cell_width; x++) {
			size_t i = at + 3 * ((size_t)y * (size_t)a->width + (size_t)x);
			bool far = false;
			for (size_t c = 0; c < 3; c++)
				far = far || abs(a->pixels[i + c] - golden[i + c]) > CHANNEL_MAX;
			memset(&diff[i], far ? 255 : 0, 3);
			differ += far;
		}
	return (double)differ / (a->cell_width * a->cell_height);
}

/* Return: how many pictures differ. */
static int compare(
	const struct sheet *sheet, const char *golden, const char *actual, const char *diff_path)
{
	int width, height, failed = 0;
	unsigned char *accepted = NULL;
	unsigned char *diff = calloc((size_t)sheet->width * (size_t)sheet->height, 3);
	bool same = diff && !screen_picture_read(golden, &width, &height, &accepted) &&
		    width == sheet->width && height == sheet->height;
	if (!same) {
		fprintf(stderr, "no accepted sheet of this size\n");
		failed = 1;
	}
	for (int i = 0; same && screen_view_rows[i].name; i++) {
		double share = difference(sheet, accepted, i, diff);
		if (share <= SHARE_MAX)
			continue;
		fprintf(stderr, "%s: %.2f %% of the pixels differ\n", screen_view_rows[i].name,
			100 * share);
		failed++;
	}
	if (failed) {
		screen_picture_save(actual, sheet->width, sheet->height, sheet->pixels);
		if (diff)
			screen_picture_save(diff_path, sheet->width, sheet->height, diff);
		fprintf(stderr, "  expected   %s\n  actual     %s\n  difference %s\n", golden,
			actual, diff_path);
	}
	free(accepted);
	free(diff);
	return failed;
}

/* All languages of one size. @out_dir: NULL: accept into golden_dir. Return: how many differ, or -1. */
static int run_size(
	struct stage *s, const struct sheet_size *size, const char *golden_dir, const char *out_dir)
{
	char actual[PATH_SIZE], golden[PATH_SIZE], diff[PATH_SIZE];
	int failed = 0;
	for (int language = ROSTER_NL; language <= ROSTER_DE; language++) {
		const char *word = roster_language_word((enum roster_language)language);
		struct sheet sheet;
		s->settings.language = (enum roster_language)language;
		if (draw_sheet(s, size, &sheet))
			return -1;
		snprintf(golden, sizeof(golden), "%s/%s-%s.png", golden_dir, size->name, word);
		snprintf(actual, sizeof(actual), "%s/%s-%s.png", out_dir ? out_dir : "", size->name,
			word);
		snprintf(diff, sizeof(diff), "%s/%s-%s.difference.png", out_dir ? out_dir : "",
			size->name, word);
		if (out_dir)
			failed += compare(&sheet, golden, actual, diff);
		else if (sheet_save(&sheet, golden))
			failed++;
		free(sheet.pixels);
	}
	return failed;
}

static int run(struct stage *s, const char *golden_dir, const char *out_dir)
{
	int failed = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (stage_open(s, sizes[i].width, sizes[i].height))
			return 1;
		if (out_dir && !screen_text_is_own(screen_draw_text(s->draw))) {
			stage_close(s);
			printf("skipped: a font of .ci/packages is not installed\n");
			return SKIPPED;
		}
		int n = run_size(s, &sizes[i], golden_dir, out_dir);
		stage_close(s);
		if (n < 0)
			return 1;
		failed += n;
	}
	printf("%d pictures differ\n", failed);
	return failed > 0;
}

static int draw_alone(struct stage *s, const char *out_dir, const char *size)
{
	char path[PATH_SIZE], *end;
	int width = (int)strtol(size, &end, 10);
	int height = *end == 'x' ? (int)strtol(end + 1, &end, 10) : 0;
	if (width < 160 || height < 160 || s->settings.language == ROSTER_LANGUAGE_NONE)
		return 2;
	if (stage_open(s, width, height))
		return 1;
	int err = 0;
	for (const struct screen_view_row *row = screen_view_rows; row->name && !err; row++) {
		draw_row(s, row);
		snprintf(path, sizeof(path), "%s/%s.png", out_dir, row->name);
		err = screen_picture_write(s->renderer, width, height, path);
	}
	stage_close(s);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct stage s = { .settings = { "Sint-Jansinstituut", ROSTER_NL, false, true, true,
				   20 * 60, 6 * 60 } };
	int status;
	if (argc < 4) {
		fprintf(stderr, "usage: screen_pictures LOCALE_DIR GOLDEN_DIR OUT_DIR | --accept "
				"GOLDEN_DIR | --draw OUT_DIR WxH [LANGUAGE]\n");
		return 2;
	}
	if (screen_words_load(argv[1], &s.words) > 0) {
		fprintf(stderr, "%s: texts are missing\n", argv[1]);
		return 1;
	}
	if (!strcmp(argv[2], "--draw")) {
		if (argc > 5)
			s.settings.language = roster_language_parse(argv[5]);
		status = draw_alone(&s, argv[3], argc > 4 ? argv[4] : "800x480");
	} else if (!strcmp(argv[2], "--accept")) {
		status = run(&s, argv[3], NULL);
	} else {
		status = run(&s, argv[2], argv[3]);
	}
	SDL_Quit();
	return status;
}
