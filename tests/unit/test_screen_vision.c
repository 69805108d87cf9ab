/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Results told apart by whoever doesn't see all colours, or none: the real pictures, without a letter on
 * them, looked at through a simulation of protanopia, deuteranopia, tritanopia, and in grey.
 *
 * Matrices: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
 * Deficiency", IEEE TVCG 15 (2009), severity 1.0, applied to linear light.
 * Measure: in the block with the sign, the share of pixels whose luminance (WCAG's, of what is seen)
 * stands in a ratio of 1.5:1 or more between the two pictures, once plainly and once after each picture
 * was stretched to black and white by its own middle: that leaves the shape alone. Both at least 5 %.
 */
#include <SDL.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "screen/draw.h"
#include "unit/unit.h"

#define WIDTH 400
#define HEIGHT 240
#define PIXELS (WIDTH * HEIGHT)
#define BLOCK_WIDTH (WIDTH * 42 / 100)
#define LEAST_SHARE 0.05

enum eye { EYE_FULL, EYE_PROTAN, EYE_DEUTAN, EYE_TRITAN, EYE_GREY, N_EYES };

static const char *const eye_name[N_EYES] = { "full colour", "protanopia", "deuteranopia",
	"tritanopia", "grey" };
static const double matrix[N_EYES][3][3] = {
	[EYE_FULL] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
	[EYE_PROTAN] = { { 0.152286, 1.052583, -0.204868 }, { 0.114503, 0.786281, 0.099216 },
		{ -0.003882, -0.048116, 1.051998 } },
	[EYE_DEUTAN] = { { 0.367322, 0.860646, -0.227968 }, { 0.280085, 0.672501, 0.047413 },
		{ -0.011820, 0.042940, 0.968881 } },
	[EYE_TRITAN] = { { 1.255528, -0.076749, -0.178779 }, { -0.078411, 0.930809, 0.147602 },
		{ 0.004733, 0.691367, 0.303900 } },
	[EYE_GREY] = { { 0.2126, 0.7152, 0.0722 }, { 0.2126, 0.7152, 0.0722 },
		{ 0.2126, 0.7152, 0.0722 } },
};

static const struct {
	const char *name;
	enum wire_view_state state;
	enum wire_view_result result;
	bool late_open;
} seen[] = {
	{ "idle", WIRE_VIEW_IDLE, WIRE_RESULT_NONE, false },
	{ "present", WIRE_VIEW_RESULT, WIRE_RESULT_PRESENT, false },
	{ "late, open", WIRE_VIEW_RESULT, WIRE_RESULT_LATE, true },
	{ "already", WIRE_VIEW_RESULT, WIRE_RESULT_ALREADY, false },
	{ "not expected", WIRE_VIEW_RESULT, WIRE_RESULT_NOT_EXPECTED, false },
	{ "unjudged", WIRE_VIEW_RESULT, WIRE_RESULT_UNJUDGED, false },
	{ "unknown card", WIRE_VIEW_RESULT, WIRE_RESULT_UNKNOWN_CARD, false },
	{ "blocked card", WIRE_VIEW_RESULT, WIRE_RESULT_BLOCKED_CARD, false },
	{ "refused card", WIRE_VIEW_RESULT, WIRE_RESULT_REFUSED_CARD, false },
	{ "two cards", WIRE_VIEW_RESULT, WIRE_RESULT_TWO_CARDS, false },
	{ "not stored", WIRE_VIEW_RESULT, WIRE_RESULT_NOT_STORED, false },
	{ "fault", WIRE_VIEW_FAULT, WIRE_RESULT_NONE, false },
};

static struct screen_words words; /* all "": the test is about what is no text */
static float light[ARRAY_LEN(seen)][N_EYES][PIXELS]; /* relative luminance */

static double linear(uint32_t value)
{
	double v = (value & 0xff) / 255.0;
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static void look(const uint32_t *pixel, enum eye eye, float *ret_light)
{
	static const double weight[3] = { 0.2126, 0.7152, 0.0722 };
	static double table[256];
	for (uint32_t i = 0; table[255] < 0.5 && i < 256; i++)
		table[i] = linear(i);
	for (int i = 0; i < PIXELS; i++) {
		double rgb[3] = { table[pixel[i] >> 16 & 0xff], table[pixel[i] >> 8 & 0xff],
			table[pixel[i] & 0xff] };
		double sum = 0;
		for (int c = 0; c < 3; c++) {
			const double *m = matrix[eye][c];
			double v = m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2];
			sum += weight[c] * fmin(1, fmax(0, v));
		}
		ret_light[i] = (float)sum;
	}
}

static int draw_all(void **state)
{
	const char *reason;
	(void)state;
	for (int l = 0; l < SCREEN_N_LANGUAGES; l++)
		for (int i = 0; i < SCREEN_N_WORDS; i++)
			words.text[l][i] = "";
	SDL_Surface *surface =
		SDL_CreateRGBSurfaceWithFormat(0, WIDTH, HEIGHT, 32, SDL_PIXELFORMAT_ARGB8888);
	SDL_Renderer *renderer = SDL_CreateSoftwareRenderer(surface);
	struct screen_draw *draw = screen_draw_create(renderer, WIDTH, HEIGHT, &reason);
	for (size_t i = 0; draw && i < ARRAY_LEN(seen); i++) {
		struct screen_settings s = { "", ROSTER_NL, seen[i].late_open, false, false, -1,
			-1 };
		struct wire_view v = { .state = seen[i].state,
			.result = seen[i].result,
			.minutes_late = 4,
			.clock = CHECKIN_CLOCK_TRUSTED };
		struct screen_picture p;
		screen_picture_of(&v, &s, &words, &p);
		if (p.layout == SCREEN_LAYOUT_IDLE)
			p.headline[0] =
				1; /* a sign is drawn with its sentence alone; 1 draws nothing */
		screen_draw_picture(draw, &p, 0);
		SDL_RenderPresent(renderer);
		for (int eye = 0; eye < N_EYES; eye++)
			look(surface->pixels, (enum eye)eye, light[i][eye]);
	}
	screen_draw_destroy(draw);
	SDL_DestroyRenderer(renderer);
	SDL_FreeSurface(surface);
	SDL_Quit();
	return draw ? 0 : -1;
}

static float middle_of(const float *l)
{
	float low = 1, high = 0;
	for (int i = 0; i < PIXELS; i++)
		if (i % WIDTH < BLOCK_WIDTH) {
			low = fminf(low, l[i]);
			high = fmaxf(high, l[i]);
		}
	return (low + high) / 2;
}

static double plain(const float *a, const float *b)
{
	int n = 0;
	for (int i = 0; i < PIXELS; i++)
		n += i % WIDTH < BLOCK_WIDTH &&
		     (fmaxf(a[i], b[i]) + 0.05f) / (fminf(a[i], b[i]) + 0.05f) >= 1.5f;
	return (double)n / (BLOCK_WIDTH * HEIGHT);
}

static double shape(const float *a, const float *b)
{
	float ma = middle_of(a), mb = middle_of(b);
	int n = 0, turned = 0;
	for (int i = 0; i < PIXELS; i++)
		if (i % WIDTH < BLOCK_WIDTH) {
			n += (a[i] > ma) != (b[i] > mb);
			turned += (a[i] > ma) == (b[i] > mb);
		}
	/* A dark sign on a light block has the same shape as its negative. */
	return (double)(n < turned ? n : turned) / (BLOCK_WIDTH * HEIGHT);
}

static void test_any_two_results_stay_apart(void **state)
{
	(void)state;
	for (int eye = 0; eye < N_EYES; eye++) {
		double least[2] = { 1, 1 };
		for (size_t a = 0; a < ARRAY_LEN(seen); a++)
			for (size_t b = 0; b < a; b++) {
				double by[2] = { plain(light[a][eye], light[b][eye]),
					shape(light[a][eye], light[b][eye]) };
				for (int k = 0; k < 2; k++) {
					least[k] = fmin(least[k], by[k]);
					if (by[k] < LEAST_SHARE)
						fail_msg("%s: %s and %s differ in %.1f %% by %s",
							eye_name[eye], seen[a].name, seen[b].name,
							100 * by[k], k ? "shape" : "light");
				}
			}
		print_message(
			"\nfigure: results apart, %s: at least %.0f %% of the block by light, "
			"%.0f %% by shape (%zu pictures)\n",
			eye_name[eye], 100 * least[0], 100 * least[1], ARRAY_LEN(seen));
	}
}

/* Each sign on its block, through each eye: 3:1, WCAG 2.2's 1.4.11. */
static void test_each_sign_stands_out_from_its_block(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		for (int eye = 0; eye < N_EYES; eye++) {
			float low = 1, high = 0;
			for (int k = 0; k < PIXELS; k++)
				if (k % WIDTH < BLOCK_WIDTH) {
					low = fminf(low, light[i][eye][k]);
					high = fmaxf(high, light[i][eye][k]);
				}
			if ((high + 0.05f) / (low + 0.05f) < 3)
				fail_msg("%s, %s", seen[i].name, eye_name[eye]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_two_results_stay_apart),
		cmocka_unit_test(test_each_sign_stands_out_from_its_block),
	};
	return cmocka_run_group_tests(tests, draw_all, NULL);
}
