/* SPDX-License-Identifier: EUPL-1.2 */
/* What the display hears: in a kiosk a finger alone, no mouse, no key, no wish to close; in a window a mouse too. */
#include "screen/stage.h"

#include <SDL.h>
#include <stdlib.h>

#include "unit/unit.h"

static struct screen_words words;

/* With "My record" to touch, and nothing else. */
static void show_result(struct screen_stage *s)
{
	struct screen_settings settings = { "School", ROSTER_NL, false, true, true, -1, -1 };
	struct wire_view v = { .state = WIRE_VIEW_RESULT, .result = WIRE_RESULT_PRESENT };
	struct screen_picture p;
	screen_words_load(NULL, &words);
	screen_picture_of(&v, &settings, &words, &p);
	screen_stage_show(s, &p, 0);
}

static void press(uint32_t which, int x, int y)
{
	SDL_Event e = { .type = SDL_MOUSEBUTTONDOWN };
	e.button.which = which;
	e.button.x = x;
	e.button.y = y;
	assert_int_equal(SDL_PushEvent(&e), 1);
}

/* Everywhere on the glass, so that the button is hit without knowing its place. Return: what was seen. */
static struct screen_events press_everywhere(struct screen_stage *s, uint32_t which)
{
	struct screen_events all = { .touch = WIRE_TOUCH_NONE };
	for (int y = 0; y < 1440; y += 20)
		for (int x = 0; x < 2560; x += 40) {
			press(which, x, y);
			struct screen_events e = screen_stage_look(s);
			all.touched = all.touched || e.touched;
			if (e.touch != WIRE_TOUCH_NONE)
				all.touch = e.touch;
		}
	return all;
}

static struct screen_events press_keys(struct screen_stage *s)
{
	static const SDL_Keycode keys[] = { SDLK_ESCAPE, SDLK_RETURN, SDLK_q, SDLK_F4, SDLK_c };
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		SDL_Event e = { .type = SDL_KEYDOWN };
		e.key.keysym.sym = keys[i];
		e.key.keysym.mod = KMOD_ALT | KMOD_CTRL;
		assert_int_equal(SDL_PushEvent(&e), 1);
	}
	SDL_Event quit = { .type = SDL_QUIT };
	assert_int_equal(SDL_PushEvent(&quit), 1);
	return screen_stage_look(s);
}

static struct screen_stage *open_stage(int width, int height)
{
	struct screen_stage *s = NULL;
	const char *reason = "";
	if (screen_stage_open(width, height, &s, &reason))
		fail_msg("%s", reason);
	(void)screen_stage_look(s); /* what came with the window */
	show_result(s);
	return s;
}

static void test_a_kiosk_hears_fingers_alone(void **state)
{
	(void)state;
	struct screen_stage *s = open_stage(0, 0);
	struct screen_events e = press_everywhere(s, 0);
	assert_int_equal(e.touch, WIRE_TOUCH_NONE);
	assert_false(e.touched);
	e = press_keys(s);
	assert_false(e.quit || e.touched);
	assert_int_equal(e.touch, WIRE_TOUCH_NONE);
	assert_int_equal(SDL_ShowCursor(SDL_QUERY), SDL_DISABLE);
	e = press_everywhere(s, SDL_TOUCH_MOUSEID);
	assert_int_equal(e.touch, WIRE_TOUCH_OVERVIEW);
	screen_stage_close(s);
}

static void test_a_window_hears_the_mouse_too(void **state)
{
	(void)state;
	struct screen_stage *s = open_stage(800, 480);
	assert_int_equal(press_everywhere(s, 0).touch, WIRE_TOUCH_OVERVIEW);
	assert_true(press_keys(s).quit);
	screen_stage_close(s);
}

int main(void)
{
	setenv("SDL_VIDEODRIVER", "dummy", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kiosk_hears_fingers_alone),
		cmocka_unit_test(test_a_window_hears_the_mouse_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
