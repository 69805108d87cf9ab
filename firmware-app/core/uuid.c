/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/uuid.h"

#include <string.h>

struct uuid uuid_from_random(const uint8_t random[UUID_BYTES])
{
	struct uuid u;
	memcpy(u.b, random, sizeof(u.b));
	u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40); /* version 4: drawn at random */
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
	return u;
}

bool uuid_equal(struct uuid a, struct uuid b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

bool uuid_is_none(struct uuid u)
{
	return uuid_equal(u, (struct uuid){ 0 });
}

static bool hyphen_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(struct uuid u, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	char *out = ret_text;
	for (int i = 0; i < UUID_BYTES; i++) {
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = digits[u.b[i] >> 4];
		*out++ = digits[u.b[i] & 0x0f];
	}
	*out = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int uuid_parse(const char *text, struct uuid *ret_uuid)
{
	if (!text || strlen(text) != UUID_TEXT - 1)
		return -1;
	struct uuid u;
	for (int i = 0; i < UUID_BYTES; i++) {
		if (hyphen_before(i) && *text++ != '-')
			return -1;
		int high = hex_value(text[0]);
		int low = hex_value(text[1]);
		if (high < 0 || low < 0)
			return -1;
		u.b[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	*ret_uuid = u;
	return 0;
}
