/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

/* Computed apart: hashlib.blake2b(uid, digest_size=16, key=bytes(range(32))) of Python. */
static const struct {
	const char *name;
	uint8_t uid[10];
	size_t len;
	const char *want;
} row[] = {
	{ "4 bytes", { 0x04, 0xa1, 0xb2, 0xc3 }, 4, "405afe1979998f567cd92ce80dba6fed" },
	{ "7 bytes", { 0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6 }, 7,
		"fb4839ad3a86353f9e0be04d2ac72c35" },
	{ "10 bytes", { 0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99 }, 10,
		"8a1563c9f822f0f4825b69637eff1343" },
};

static void test_card_hash(void **state)
{
	(void)state;
	struct secret_key key;
	for (size_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint8_t hash[SECRET_HASH_BYTES];
		char text[2 * SECRET_HASH_BYTES + 1];
		secret_card_hash(&key, row[i].uid, row[i].len, hash);
		for (size_t b = 0; b < sizeof(hash); b++)
			(void)snprintf(text + 2 * b, 3, "%02x", hash[b]);
		if (strcmp(text, row[i].want) != 0)
			fail_msg("%s: %s", row[i].name, text);
	}
	uint8_t one[SECRET_HASH_BYTES], other[SECRET_HASH_BYTES];
	secret_card_hash(&key, row[0].uid, 4, one);
	key.b[31] ^= 1;
	secret_card_hash(&key, row[0].uid, 4, other);
	assert_memory_not_equal(one, other, sizeof(one));
}

static void test_key_file(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		int want;
	} length[] = { { 0, -EMSGSIZE }, { 31, -EMSGSIZE }, { 32, 0 }, { 33, -EMSGSIZE },
		{ 64, -EMSGSIZE } };
	char path[] = "/tmp/schoolpoort-key-XXXXXX", bytes[64];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (size_t i = 0; i < ARRAY_LEN(length); i++) {
		struct secret_key key, untouched;
		memset(&key, 0x5a, sizeof(key));
		memset(&untouched, 0x5a, sizeof(untouched));
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, bytes, length[i].len, 0), (ssize_t)length[i].len);
		int r = secret_key_load(path, &key);
		if (r != length[i].want)
			fail_msg("%zu bytes: %d", length[i].len, r);
		assert_memory_equal(key.b, r ? (char *)untouched.b : bytes, SECRET_KEY_BYTES);
	}
	close(fd);
	assert_int_equal(unlink(path), 0);
	struct secret_key key;
	assert_int_equal(secret_key_load(path, &key), -ENOENT);
	assert_int_equal(secret_key_load("/", &key), -EISDIR);
}

static void test_forget(void **state)
{
	(void)state;
	struct secret_key key;
	static const uint8_t zero[SECRET_KEY_BYTES];
	memset(&key, 0x5a, sizeof(key));
	secret_key_forget(&key);
	assert_memory_equal(key.b, zero, sizeof(zero));
	secret_key_forget(NULL);
}

static void test_random(void **state)
{
	(void)state;
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	secret_random(a, sizeof(a));
	secret_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	memset(a, 0x5a, sizeof(a));
	secret_random(a, 16);
	for (size_t i = 16; i < sizeof(a); i++)
		assert_int_equal(a[i], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_card_hash),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_random),
	};
	if (secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
