/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/script.h"

#include <stddef.h>

static const struct screen_script latin = { 0x41, 0x24f, "Latn", false };

static const struct screen_script scripts[] = {
	{ 0x370, 0x3ff, "Grek", false },
	{ 0x400, 0x52f, "Cyrl", false },
	{ 0x530, 0x58f, "Armn", false },
	{ 0x590, 0x5ff, "Hebr", true },
	{ 0x600, 0x6ff, "Arab", true },
	{ 0x700, 0x74f, "Syrc", true },
	{ 0x750, 0x77f, "Arab", true },
	{ 0x780, 0x7bf, "Thaa", true },
	{ 0x7c0, 0x7ff, "Nkoo", true },
	{ 0x8a0, 0x8ff, "Arab", true },
	{ 0x900, 0x97f, "Deva", false },
	{ 0x980, 0x9ff, "Beng", false },
	{ 0xa00, 0xa7f, "Guru", false },
	{ 0xa80, 0xaff, "Gujr", false },
	{ 0xb00, 0xb7f, "Orya", false },
	{ 0xb80, 0xbff, "Taml", false },
	{ 0xc00, 0xc7f, "Telu", false },
	{ 0xc80, 0xcff, "Knda", false },
	{ 0xd00, 0xd7f, "Mlym", false },
	{ 0xd80, 0xdff, "Sinh", false },
	{ 0xe00, 0xe7f, "Thai", false },
	{ 0xe80, 0xeff, "Laoo", false },
	{ 0x1000, 0x109f, "Mymr", false },
	{ 0x10a0, 0x10ff, "Geor", false },
	{ 0x1100, 0x11ff, "Hang", false },
	{ 0x1200, 0x139f, "Ethi", false },
	{ 0x1780, 0x17ff, "Khmr", false },
	{ 0x1f00, 0x1fff, "Grek", false },
	{ 0x2d30, 0x2d7f, "Tfng", false },
	{ 0x3040, 0x309f, "Hira", false },
	{ 0x30a0, 0x30ff, "Kana", false },
	{ 0x3400, 0x9fff, "Hani", false },
	{ 0xac00, 0xd7af, "Hang", false },
	{ 0xf900, 0xfaff, "Hani", false },
	{ 0xfb1d, 0xfb4f, "Hebr", true },
	{ 0xfb50, 0xfdff, "Arab", true },
	{ 0xfe70, 0xfefc, "Arab", true },
	{ 0x1e900, 0x1e95f, "Adlm", true },
	{ 0x20000, 0x2ffff, "Hani", false },
};

bool screen_script_is_mark(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
	       (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
	       (c >= 0xfe20 && c <= 0xfe2f);
}

bool screen_script_is_silent(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfffd || c > 0x10ffff;
}

static bool is_neutral(uint32_t c)
{
	return c < 'A' || (c > 'Z' && c < 'a') || (c > 'z' && c < 0xc0) ||
	       (c >= 0x2000 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f) ||
	       screen_script_is_mark(c);
}

const struct screen_script *screen_script_latin(void)
{
	return &latin;
}

const struct screen_script *screen_script_of(uint32_t c)
{
	if (is_neutral(c))
		return NULL;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (c >= scripts[i].first && c <= scripts[i].last)
			return &scripts[i];
	return &latin;
}

uint32_t screen_script_character(const char *s, int *ret_len)
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
