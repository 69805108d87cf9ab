/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/card.h"

#include <string.h>

#define UID_RANDOM 0x08 /* first of 4 bytes; ISO/IEC 14443-3: a UID that is drawn anew */
#define UID_CASCADE 0x88 /* first of 4 bytes: the tag of a longer UID that was only half read */

static bool length_valid(size_t len)
{
	return len == 4 || len == 7 || len == CARD_UID_MAX;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

enum card_form card_form_of(const uint8_t *uid, size_t len)
{
	if (!length_valid(len) || all_zero(uid, len))
		return CARD_FORM_INVALID;
	if (len == 4 && uid[0] == UID_CASCADE)
		return CARD_FORM_INVALID;
	if (len == 4 && uid[0] == UID_RANDOM)
		return CARD_FORM_RANDOM;
	return CARD_FORM_TOKEN;
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

/* Pairs of hex digits, as many as @n_bytes; the text has them all. */
static bool hex_bytes(const char *text, size_t n_bytes, uint8_t *ret_bytes)
{
	for (size_t i = 0; i < n_bytes; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int card_parse_uid(const char *text, uint8_t *ret_uid)
{
	size_t n_digits = text ? strlen(text) : 0;
	size_t len = n_digits / 2;
	uint8_t uid[CARD_UID_MAX] = { 0 };
	if (n_digits % 2 || !length_valid(len) || !hex_bytes(text, len, uid))
		return -1;
	memcpy(ret_uid, uid, len);
	return (int)len;
}

int card_hash_compare(struct card_hash a, struct card_hash b)
{
	return memcmp(a.b, b.b, sizeof(a.b));
}

bool card_hash_is_none(struct card_hash hash)
{
	return all_zero(hash.b, sizeof(hash.b));
}

void card_hash_format(struct card_hash hash, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < CARD_HASH_BYTES; i++) {
		ret_text[2 * i] = digits[hash.b[i] >> 4];
		ret_text[2 * i + 1] = digits[hash.b[i] & 0x0f];
	}
	ret_text[CARD_HASH_TEXT - 1] = '\0';
}

int card_hash_parse(const char *text, struct card_hash *ret_hash)
{
	if (!text || strlen(text) != CARD_HASH_TEXT - 1)
		return -1;
	/* One text for one hash: upper case would make a second, so it is refused. */
	if (strspn(text, "0123456789abcdef") != CARD_HASH_TEXT - 1)
		return -1;
	return hex_bytes(text, CARD_HASH_BYTES, ret_hash->b) ? 0 : -1;
}
