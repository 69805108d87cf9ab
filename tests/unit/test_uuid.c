/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/uuid.h"

#include <string.h>

#include "unit/unit.h"

static void test_version_and_variant(void **state)
{
	(void)state;
	static const uint8_t zeros[UUID_BYTES] = { 0 };
	uint8_t ones[UUID_BYTES];
	memset(ones, 0xff, sizeof(ones));
	char text[UUID_TEXT];
	uuid_format(uuid_from_random(zeros), text);
	assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
	uuid_format(uuid_from_random(ones), text);
	assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

static void test_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *want; /* NULL: refused */
	} row[] = {
		{ "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff", "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff" },
		{ "0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0FF", "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff" },
		{ "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000" },
		{ "0f1e2d3c-4b5a-7978-8695-a4b3c2d1e0ff", "0f1e2d3c-4b5a-7978-8695-a4b3c2d1e0ff" },
		{ "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f", NULL },
		{ "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0fff", NULL },
		{ "0f1e2d3c4b5a-4978-8695-a4b3c2d1e0ff-", NULL },
		{ "0f1e2d3c-4b5a-4978-8695_a4b3c2d1e0ff", NULL },
		{ "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0fg", NULL },
		{ "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0 f", NULL },
		{ "{f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f}", NULL },
		{ "0f1e2d3c4b5a49788695a4b3c2d1e0ff", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct uuid u;
		memset(&u, 0x5a, sizeof(u));
		struct uuid before = u;
		int r = uuid_parse(row[i].text, &u);
		if (!row[i].want) {
			if (r != -1 || !uuid_equal(u, before))
				fail_msg("taken or touched: %s", row[i].text);
			continue;
		}
		char text[UUID_TEXT];
		uuid_format(u, text);
		if (r != 0 || strcmp(text, row[i].want) != 0)
			fail_msg("%s: got %s", row[i].text, text);
	}
}

static void test_equal_and_none(void **state)
{
	(void)state;
	struct uuid a = { { 0 } };
	assert_true(uuid_is_none(a));
	for (size_t i = 0; i < UUID_BYTES; i++) {
		struct uuid b = { { 0 } };
		b.b[i] = 1;
		assert_false(uuid_is_none(b));
		assert_false(uuid_equal(a, b));
		assert_true(uuid_equal(b, b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_and_variant),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_equal_and_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
