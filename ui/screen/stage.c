/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/stage.h"

#include <SDL.h>
#include <stdlib.h>
#include <string.h>

#include "screen/draw.h"
#include "screen/picture.h"

#define EVENTS_PER_LOOK 256 /* a child that drums on the glass makes some hundred a second */

struct screen_stage {
	SDL_Window *window;
	SDL_Renderer *renderer;
	struct screen_draw *draw;
	int width, height;
	bool kiosk; /* fills the display: no pointer, no mouse, no keyboard */
};

/* Without a display, and only where it was asked for: SDL must not fall back to it by itself. */
static bool is_off_screen(const char *driver)
{
	return !strcmp(driver, "dummy") || !strcmp(driver, "offscreen");
}

static int start_video(const char **ret_reason)
{
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* the loop has them */
	if (SDL_InitSubSystem(SDL_INIT_VIDEO)) {
		*ret_reason = SDL_GetError();
		return SCREEN_STAGE_NO_DISPLAY;
	}
	const char *driver = SDL_GetCurrentVideoDriver(),
		   *asked = SDL_GetHint(SDL_HINT_VIDEODRIVER);
	if (!driver || (is_off_screen(driver) && !(asked && *asked))) {
		*ret_reason = "no display";
		SDL_QuitSubSystem(SDL_INIT_VIDEO);
		return SCREEN_STAGE_NO_DISPLAY;
	}
	return 0;
}

static SDL_Renderer *make_renderer(SDL_Window *window)
{
	SDL_Renderer *renderer = NULL;
	if (!is_off_screen(SDL_GetCurrentVideoDriver()))
		renderer = SDL_CreateRenderer(
			window, -1, SDL_RENDERER_ACCELERATED | SDL_RENDERER_PRESENTVSYNC);
	return renderer ? renderer : SDL_CreateRenderer(window, -1, SDL_RENDERER_SOFTWARE);
}

int screen_stage_open(
	int width, int height, struct screen_stage **ret_stage, const char **ret_reason)
{
	int err = start_video(ret_reason);
	if (err)
		return err;
	struct screen_stage *s = calloc(1, sizeof(*s));
	*ret_reason = "no memory";
	err = SCREEN_STAGE_NO_DISPLAY;
	if (!s)
		goto out;
	s->kiosk = width == 0;
	s->window = SDL_CreateWindow("Schoolpoort", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED,
		s->kiosk ? 1280 : width, s->kiosk ? 720 : height,
		s->kiosk ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
	if (s->window)
		s->renderer = make_renderer(s->window);
	*ret_reason = SDL_GetError();
	if (!s->renderer || SDL_GetRendererOutputSize(s->renderer, &s->width, &s->height))
		goto out;
	err = SCREEN_STAGE_NO_DRAWING;
	s->draw = screen_draw_create(s->renderer, s->width, s->height, ret_reason);
	if (!s->draw)
		goto out;
	if (s->kiosk)
		SDL_ShowCursor(SDL_DISABLE);
	screen_draw_warm(s->draw);
	*ret_stage = s;
	return 0;
out:
	if (s && s->renderer)
		SDL_DestroyRenderer(s->renderer);
	if (s && s->window)
		SDL_DestroyWindow(s->window);
	free(s);
	SDL_QuitSubSystem(SDL_INIT_VIDEO);
	return err;
}

void screen_stage_close(struct screen_stage *s)
{
	if (s) {
		screen_draw_destroy(s->draw);
		SDL_DestroyRenderer(s->renderer);
		SDL_DestroyWindow(s->window);
		free(s);
	}
	SDL_Quit();
}

bool screen_stage_has_text(const struct screen_stage *s)
{
	return screen_text_is_any(screen_draw_text(s->draw));
}

void screen_stage_shift(struct screen_stage *s, int64_t step)
{
	screen_draw_shift(s->draw, step);
}

void screen_stage_show(struct screen_stage *s, const struct screen_picture *picture, int phase)
{
	screen_draw_picture(s->draw, picture, phase);
	SDL_RenderPresent(s->renderer);
}

int screen_stage_write(
	struct screen_stage *s, const struct screen_picture *picture, const char *path)
{
	/* What was presented may be gone from the renderer's memory: drawn again. */
	screen_draw_picture(s->draw, picture, 0);
	return screen_picture_write(s->renderer, s->width, s->height, path);
}

struct screen_events screen_stage_look(struct screen_stage *s)
{
	struct screen_events seen = { .touch = WIRE_TOUCH_NONE };
	SDL_Event e;
	for (int i = 0; i < EVENTS_PER_LOOK && SDL_PollEvent(&e); i++) {
		if (e.type == SDL_QUIT)
			seen.quit = !s->kiosk;
		if (e.type == SDL_WINDOWEVENT)
			seen.redraw = true;
		if (e.type == SDL_RENDER_TARGETS_RESET || e.type == SDL_RENDER_DEVICE_RESET) {
			screen_draw_forget(s->draw);
			seen.redraw = true;
		}
		/* SDL makes a mouse of each finger; in a kiosk only the finger counts. */
		if (e.type != SDL_MOUSEBUTTONDOWN ||
			(s->kiosk && e.button.which != SDL_TOUCH_MOUSEID))
			continue;
		seen.touched = true;
		enum wire_touch touch = screen_draw_hit(s->draw, e.button.x, e.button.y);
		if (touch != WIRE_TOUCH_NONE)
			seen.touch = touch;
	}
	return seen;
}
