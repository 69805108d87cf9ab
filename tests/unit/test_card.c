/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/card.h"

#include <string.h>

#include "unit/unit.h"

/* What a UID's text gives, and what may be done with such a UID. */
static void test_uids(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int len; /* -1: not a UID's text */
		enum card_form form;
	} row[] = {
		{ "04a1b2c3", 4, CARD_FORM_TOKEN },
		{ "04A1B2C3", 4, CARD_FORM_TOKEN },
		{ "04a1b2c3d4e5f6", 7, CARD_FORM_TOKEN },
		{ "04a1b2c3d4e5f6071829", 10, CARD_FORM_TOKEN },
		{ "07a1b2c3", 4, CARD_FORM_TOKEN },
		{ "08a1b2c3", 4, CARD_FORM_RANDOM },
		{ "08000000", 4, CARD_FORM_RANDOM },
		{ "09a1b2c3", 4, CARD_FORM_TOKEN },
		{ "08a1b2c3d4e5f6", 7, CARD_FORM_TOKEN }, /* only 4 bytes are ever drawn anew */
		{ "87a1b2c3", 4, CARD_FORM_TOKEN },
		{ "88a1b2c3", 4, CARD_FORM_INVALID },
		{ "89a1b2c3", 4, CARD_FORM_TOKEN },
		{ "88a1b2c3d4e5f6", 7, CARD_FORM_TOKEN },
		{ "00000000", 4, CARD_FORM_INVALID },
		{ "00000001", 4, CARD_FORM_TOKEN },
		{ "00000000000000", 7, CARD_FORM_INVALID },
		{ "00000000000000000000", 10, CARD_FORM_INVALID },
		{ "", -1, CARD_FORM_INVALID },
		{ "04a1b2", -1, CARD_FORM_INVALID },
		{ "04a1b2c", -1, CARD_FORM_INVALID },
		{ "04a1b2c3d", -1, CARD_FORM_INVALID },
		{ "04a1b2c3d4", -1, CARD_FORM_INVALID },
		{ "04a1b2c3d4e5", -1, CARD_FORM_INVALID },
		{ "04a1b2c3d4e5f607", -1, CARD_FORM_INVALID },
		{ "04a1b2c3d4e5f607182", -1, CARD_FORM_INVALID },
		{ "04a1b2c3d4e5f60718293a", -1, CARD_FORM_INVALID },
		{ "04:a1:b2:c3", -1, CARD_FORM_INVALID },
		{ "04a1b2g3", -1, CARD_FORM_INVALID },
		{ "0x04a1b2", -1, CARD_FORM_INVALID },
		{ " 4a1b2c3", -1, CARD_FORM_INVALID },
		{ NULL, -1, CARD_FORM_INVALID },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint8_t uid[CARD_UID_MAX];
		memset(uid, 0x5a, sizeof(uid));
		int len = card_parse_uid(row[i].text, uid);
		if (len != row[i].len)
			fail_msg("%s: length %d", row[i].text, len);
		if (len < 0 && uid[0] != 0x5a)
			fail_msg("%s: refused, yet written", row[i].text);
		if (len > 0 && card_form_of(uid, (size_t)len) != row[i].form)
			fail_msg("%s: form %d", row[i].text, (int)card_form_of(uid, (size_t)len));
	}
}

static void test_parsed_bytes(void **state)
{
	(void)state;
	uint8_t uid[CARD_UID_MAX];
	static const uint8_t want[] = { 0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6 };
	assert_int_equal(card_parse_uid("04a1B2c3D4e5F6", uid), 7);
	assert_memory_equal(uid, want, sizeof(want));
}

static void test_lengths(void **state)
{
	(void)state;
	uint8_t bytes[CARD_UID_MAX + 2];
	memset(bytes, 0x21, sizeof(bytes));
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		bool fits = len == 4 || len == 7 || len == 10;
		enum card_form want = fits ? CARD_FORM_TOKEN : CARD_FORM_INVALID;
		if (card_form_of(bytes, len) != want)
			fail_msg("%zu bytes", len);
	}
}

static void test_hash_text(void **state)
{
	(void)state;
	static const char text[] = "00112233445566778899aabbccddeeff";
	struct card_hash hash;
	assert_int_equal(card_hash_parse(text, &hash), 0);
	assert_int_equal(hash.b[1], 0x11);
	assert_int_equal(hash.b[15], 0xff);
	char again[CARD_HASH_TEXT];
	card_hash_format(hash, again);
	assert_string_equal(again, text);
	static const char *const refused[] = {
		"",
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeefff",
		"00112233445566778899AABBCCDDEEFF",
		"00112233445566778899aabbccddeefg",
		" 0112233445566778899aabbccddeeff",
		NULL,
	};
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct card_hash kept = hash;
		if (card_hash_parse(refused[i], &kept) != -1 || card_hash_compare(kept, hash) != 0)
			fail_msg("taken or touched: %s", refused[i]);
	}
}

static void test_hash_order(void **state)
{
	(void)state;
	struct card_hash none = { { 0 } };
	assert_true(card_hash_is_none(none));
	for (size_t i = 0; i < CARD_HASH_BYTES; i++) {
		struct card_hash one = { { 0 } };
		one.b[i] = 0x80; /* as unsigned bytes: above 0x7f too */
		assert_false(card_hash_is_none(one));
		assert_true(card_hash_compare(none, one) < 0);
		assert_true(card_hash_compare(one, none) > 0);
		assert_int_equal(card_hash_compare(one, one), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uids),
		cmocka_unit_test(test_parsed_bytes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_hash_text),
		cmocka_unit_test(test_hash_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
