/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

_Static_assert(SECRET_KEY_BYTES >= crypto_generichash_KEYBYTES_MIN &&
		       SECRET_KEY_BYTES <= crypto_generichash_KEYBYTES_MAX,
	"a key that BLAKE2b takes");
_Static_assert(SECRET_HASH_BYTES >= crypto_generichash_BYTES_MIN, "a length that BLAKE2b gives");

int secret_init(void)
{
	return sodium_init() < 0 ? -1 : 0;
}

int secret_key_load(const char *path, struct secret_key *ret_key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	uint8_t bytes[SECRET_KEY_BYTES + 1]; /* one more, to see that the file is longer */
	size_t n = 0;
	int err = 0;
	while (n < sizeof(bytes)) {
		ssize_t r = read(fd, bytes + n, sizeof(bytes) - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			err = -errno;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	close(fd);
	if (!err && n != SECRET_KEY_BYTES)
		err = -EMSGSIZE;
	if (!err)
		memcpy(ret_key->b, bytes, SECRET_KEY_BYTES);
	sodium_memzero(bytes, sizeof(bytes));
	return err;
}

void secret_key_forget(struct secret_key *key)
{
	if (key)
		sodium_memzero(key->b, sizeof(key->b));
}

void secret_card_hash(const struct secret_key *key, const uint8_t *uid, size_t len,
	uint8_t ret_hash[SECRET_HASH_BYTES])
{
	/* Fails on lengths alone, which are constants here. */
	(void)crypto_generichash(ret_hash, SECRET_HASH_BYTES, uid, len, key->b, sizeof(key->b));
}

void secret_random(void *ret_bytes, size_t n)
{
	randombytes_buf(ret_bytes, n);
}
