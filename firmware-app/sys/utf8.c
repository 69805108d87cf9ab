/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/utf8.h"

size_t utf8_length(const char *text, size_t n)
{
	const unsigned char *b = (const unsigned char *)text;
	if (b[0] < 0x80)
		return 1;
	/* The second byte's range is narrower where an overlong form or a surrogate would begin. */
	size_t length = b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
	if (!length || n < length)
		return 0;
	unsigned low = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
	unsigned high = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;
	if (b[1] < low || b[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	return length;
}
