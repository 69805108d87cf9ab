/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/uuid.h: identifiers drawn at random (RFC 9562, version 4) and their text.
 *
 * Pure. The randomness comes from sys/secret; here are only the form and the comparison.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UUID_BYTES 16
#define UUID_TEXT 37 /* 36 characters and the zero */

/* All zero: none. */
struct uuid {
	uint8_t b[UUID_BYTES];
};

/** uuid_from_random() - set version and variant on 16 random bytes. */
struct uuid uuid_from_random(const uint8_t random[UUID_BYTES]);

/** uuid_equal() - the same identifier. */
bool uuid_equal(struct uuid a, struct uuid b);

/** uuid_is_none() - all zero. */
bool uuid_is_none(struct uuid u);

/** uuid_format() - lower case with hyphens. @ret_text: UUID_TEXT bytes */
void uuid_format(struct uuid u, char *ret_text);

/** uuid_parse() - 36 characters, either case, any version. Return: 0 or -1. */
int uuid_parse(const char *text, struct uuid *ret_uuid);
