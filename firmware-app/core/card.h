/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/card.h: what a card's UID says by its form alone, and the keyed hash that stands for it.
 *
 * Pure. Not here: the hash itself (sys/secret.h), which needs the school's key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CARD_UID_MAX 10 /* bytes; ISO/IEC 14443-3 has 4, 7 and 10 */
#define CARD_HASH_BYTES 16
#define CARD_HASH_TEXT 33 /* 32 hex digits and the zero */

/* Keyed BLAKE2b-128 of the UID bytes; all zero: no card. Contract: checkin.json, $defs/hash. */
struct card_hash {
	uint8_t b[CARD_HASH_BYTES];
};

enum card_form {
	CARD_FORM_INVALID, /* another length, all zeros, or 4 bytes from 88 (a cascade tag) */
	CARD_FORM_RANDOM, /* 4 bytes from 08: drawn anew at each read (phones, documents) */
	CARD_FORM_TOKEN, /* may stand for a pupil */
};

/** card_form_of() - what a UID can be used for. Source: ISO/IEC 14443-3; library-facts.md section 2.
 * @uid: @len bytes */
enum card_form card_form_of(const uint8_t *uid, size_t len);

/** card_parse_uid() - hex of 4, 7 or 10 bytes, either case, no separators.
 * @ret_uid: CARD_UID_MAX bytes. Return: the length in bytes, or -1 where it is not one. */
int card_parse_uid(const char *text, uint8_t *ret_uid);

/** card_hash_compare() - as memcmp, for sorting and searching. */
int card_hash_compare(struct card_hash a, struct card_hash b);

/** card_hash_is_none() - all zero. */
bool card_hash_is_none(struct card_hash hash);

/** card_hash_format() - 32 lower-case hex digits. @ret_text: CARD_HASH_TEXT bytes */
void card_hash_format(struct card_hash hash, char *ret_text);

/** card_hash_parse() - 32 lower-case hex digits. Return: 0 or -1. */
int card_hash_parse(const char *text, struct card_hash *ret_hash);
