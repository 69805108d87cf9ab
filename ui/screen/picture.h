/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/picture.h: what stands in a renderer, as a PNG file. For the demo, the golden pictures and
 * screenshots; the only place with libpng.
 */
#pragma once

#include <SDL.h>

/**
 * screen_picture_write() - read a renderer's pixels back and write them.
 * Slow (some 30 ms): only where somebody asked for pictures. Return: 0, or -1.
 */
int screen_picture_write(SDL_Renderer *renderer, int width, int height, const char *path);

/**
 * screen_picture_read() - a PNG file as width * height pixels of R, G, B.
 * @ret_pixels: for free()
 * Return: 0, or -1 with the others untouched.
 */
int screen_picture_read(
	const char *path, int *ret_width, int *ret_height, unsigned char **ret_pixels);

/** screen_picture_save() - width * height pixels of R, G, B into a file. Return: 0, or -1. */
int screen_picture_save(const char *path, int width, int height, const unsigned char *pixels);
