/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/picture.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

int screen_picture_write(SDL_Renderer *renderer, int width, int height, const char *path)
{
	unsigned char *pixels = malloc((size_t)width * (size_t)height * 3);
	int err = -1;
	if (pixels &&
		!SDL_RenderReadPixels(renderer, NULL, SDL_PIXELFORMAT_RGB24, pixels, 3 * width))
		err = screen_picture_save(path, width, height, pixels);
	free(pixels);
	return err;
}

int screen_picture_save(const char *path, int width, int height, const unsigned char *pixels)
{
	/* Flat colours: without filters the files are a third of the size, and quicker written. */
	png_image image = { .version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)width,
		.height = (png_uint_32)height,
		.format = PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST };
	return png_image_write_to_file(&image, path, 0, pixels, 0, NULL) ? 0 : -1;
}

int screen_picture_read(
	const char *path, int *ret_width, int *ret_height, unsigned char **ret_pixels)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	if (!png_image_begin_read_from_file(&image, path))
		return -1;
	image.format = PNG_FORMAT_RGB;
	unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
	if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
		png_image_free(&image);
		free(pixels);
		return -1;
	}
	*ret_width = (int)image.width;
	*ret_height = (int)image.height;
	*ret_pixels = pixels;
	return 0;
}
