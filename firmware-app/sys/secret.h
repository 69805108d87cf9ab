/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/secret.h: the school's card key, the hash that stands for a card, and randomness (libsodium).
 *
 * A raw UID exists on the way from reader or import file to secret_card_hash(), and nowhere else.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SECRET_KEY_BYTES 32
#define SECRET_HASH_BYTES 16

struct secret_key {
	uint8_t b[SECRET_KEY_BYTES];
};

/** secret_init() - once at start. Return: 0, or -1 where the library can't start (exit status 1). */
int secret_init(void);

/** secret_key_load() - school.card_key_file: exactly 32 bytes.
 * Return: 0, negative errno where it can't be read, -EMSGSIZE where the length is another. */
int secret_key_load(const char *path, struct secret_key *ret_key);

/** secret_key_forget() - overwrite it; accepts NULL. */
void secret_key_forget(struct secret_key *key);

/** secret_card_hash() - keyed BLAKE2b-128 of the UID bytes. Source: contract, checkin.json $defs/hash. */
void secret_card_hash(const struct secret_key *key, const uint8_t *uid, size_t len,
	uint8_t ret_hash[SECRET_HASH_BYTES]);

/** secret_random() - @n bytes from the kernel's generator; can't fail after secret_init(). */
void secret_random(void *ret_bytes, size_t n);
