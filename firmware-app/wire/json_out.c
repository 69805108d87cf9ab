/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/checkin.h"
#include "core/halfday.h"

#define TIME_MAX_MS                                                                                \
	INT64_C(253402214400000) /* 9999-12-31T00:00Z: with any offset still four digits */

void wire_out_open(struct wire_out *out, const struct wire_context *ctx)
{
	static const struct civil_zone utc = { .n_changes = 1, .change = { { 0, 0 } } };

	wire_memory_watch();
	*out = (struct wire_out){ .root = json_object() };
	out->failed = !out->root;
	out->zone = ctx && ctx->zone ? ctx->zone : &utc;
	wire_out_int(out, out->root, "v", 1);
}

void wire_out_must(struct wire_out *out, json_t *at, const char *const *keys)
{
	for (; *keys; keys++)
		if (!json_object_get(at, *keys))
			out->failed = true;
}

char *wire_dump(const json_t *json, size_t flags)
{
	wire_memory_watch();
	wire_memory_watch();
	return wire_memory_own(json ? json_dumps(json, flags) : NULL);
}

char *wire_out_close(struct wire_out *out)
{
	char *text = NULL;
	/* 15 digits: a figure is written as it was meant, not as its nearest double. */
	if (!out->failed)
		text = wire_dump(out->root, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(out->root);
	out->root = NULL;
	return text;
}

void wire_out_add(struct wire_out *out, json_t *at, const char *key, json_t *value)
{
	/* Keys are literals of this folder. Both calls take the value, also where they fail. */
	int err = key ? json_object_set_new_nocheck(at, key, value)
		      : json_array_append_new(at, value);
	if (err)
		out->failed = true;
}

json_t *wire_out_object(struct wire_out *out, json_t *at, const char *key)
{
	json_t *object = json_object();
	wire_out_add(out, at, key, object);
	return out->failed ? NULL : object;
}

json_t *wire_out_array(struct wire_out *out, json_t *at, const char *key)
{
	json_t *array = json_array();
	wire_out_add(out, at, key, array);
	return out->failed ? NULL : array;
}

void wire_out_word(struct wire_out *out, json_t *at, const char *key, const char *word)
{
	if (!word || !word[0]) {
		out->failed = true;
		return;
	}
	wire_out_add(out, at, key, json_string(word));
}

/* Bytes of the first @max_chars characters. */
static size_t cut(const char *text, size_t max_chars)
{
	size_t n = 0;
	size_t chars = 0;
	for (; text[n]; n++)
		if (((unsigned char)text[n] & 0xC0) != 0x80 && ++chars > max_chars)
			break;
	return n;
}

/* Length of the valid character at @s with @left bytes, else 0. Second byte's bounds: RFC 3629. */
static size_t char_len(const unsigned char *s, size_t left)
{
	size_t len = s[0] < 0x80                    ? 1
		     : s[0] >= 0xC2 && s[0] <= 0xDF ? 2
		     : (s[0] & 0xF0) == 0xE0        ? 3
		     : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
						    : 0;
	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
		(s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return len;
}

json_t *wire_json_text(const char *text, size_t max_chars)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = char_len((const unsigned char *)text + i, len - i);
		/* Control characters would be written as six bytes each and pass a message's limit. */
		if (n == 0 || (n == 1 && (unsigned char)text[i] < ' ' && text[i] != '\n' &&
				      text[i] != '\t'))
			copy[i++] = '?';
		else
			for (; n > 0; n--, i++)
				copy[i] = text[i];
	}
	copy[len] = '\0';
	json_t *string = json_stringn(copy, cut(copy, max_chars));
	free(copy);
	return string;
}

void wire_out_text(
	struct wire_out *out, json_t *at, const char *key, const char *text, size_t max_chars)
{
	wire_out_add(out, at, key, wire_json_text(text, max_chars));
}

void wire_out_int(struct wire_out *out, json_t *at, const char *key, int64_t value)
{
	wire_out_add(out, at, key, json_integer(value));
}

void wire_out_said(struct wire_out *out, json_t *at, const char *key, int64_t value)
{
	if (value >= 0)
		wire_out_int(out, at, key, value);
}

void wire_out_real_said(struct wire_out *out, json_t *at, const char *key, double value)
{
	if (value >= 0)
		wire_out_add(out, at, key, json_real(round(value * 1000) / 1000));
}

void wire_out_bool(struct wire_out *out, json_t *at, const char *key, bool value)
{
	wire_out_add(out, at, key, json_boolean(value));
}

void wire_out_null(struct wire_out *out, json_t *at, const char *key)
{
	wire_out_add(out, at, key, json_null());
}

void wire_out_time(struct wire_out *out, json_t *at, const char *key, int64_t at_ms)
{
	char text[CIVIL_TIME_TEXT];
	if (at_ms < 0)
		return;
	if (at_ms > TIME_MAX_MS) {
		out->failed = true;
		return;
	}
	civil_format_time(out->zone, at_ms, text);
	wire_out_add(out, at, key, json_string(text));
}

void wire_out_date(struct wire_out *out, json_t *at, const char *key, struct civil_date date)
{
	char text[CIVIL_DATE_TEXT];
	if (date.year == 0)
		return;
	if (!civil_date_valid(date)) {
		out->failed = true;
		return;
	}
	civil_format_date(date, text);
	wire_out_add(out, at, key, json_string(text));
}

void wire_out_half(struct wire_out *out, json_t *at, const char *key, enum halfday half)
{
	if (half != HALFDAY_NONE)
		wire_out_word(out, at, key, halfday_word(half));
}

void wire_out_uuid(struct wire_out *out, json_t *at, const char *key, struct uuid uuid)
{
	char text[UUID_TEXT];
	if (uuid_is_none(uuid))
		return;
	uuid_format(uuid, text);
	wire_out_add(out, at, key, json_string(text));
}

void wire_out_hash(struct wire_out *out, json_t *at, const char *key, struct card_hash hash)
{
	char text[CARD_HASH_TEXT];
	if (card_hash_is_none(hash))
		return;
	card_hash_format(hash, text);
	wire_out_add(out, at, key, json_string(text));
}

void wire_out_pupil(struct wire_out *out, json_t *at, const char *key, int64_t pupil)
{
	char text[11];
	if (pupil == 0)
		return;
	if (pupil < 0 || pupil > CHECKIN_PUPIL_MAX) {
		out->failed = true;
		return;
	}
	checkin_pupil_format(pupil, text);
	wire_out_add(out, at, key, json_string(text));
}

void wire_out_slug(struct wire_out *out, json_t *at, const char *key, const char *slug)
{
	if (!slug[0])
		return;
	if (!checkin_slug_valid(slug)) {
		out->failed = true;
		return;
	}
	wire_out_add(out, at, key, json_string(slug));
}
