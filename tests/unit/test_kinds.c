/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/kinds.h"
#include "unit/unit.h"

static struct kinds kinds;

static void x4_same_uid_on_another_chip_is_told_once(void **state)
{
	(void)state;
	const struct card_hash card = { { 1, 2, 3 } }, other = { { 1, 2, 4 } };
	const struct kind *was;

	assert_null(kinds_differ(&kinds, card, 0x20, 0x0344));
	assert_null(kinds_differ(&kinds, card, 0x20, 0x0344));
	was = kinds_differ(&kinds, card, 0x08, 0x0344);
	assert_non_null(was);
	assert_int_equal(was->sak, 0x20);
	assert_int_equal(was->atqa, 0x0344);
	assert_null(kinds_differ(&kinds, card, 0x08, 0x0344));
	assert_null(kinds_differ(&kinds, card, 0x20, 0x0344));
	/* Another card on the same place is a first one; then the ATQA alone differs. */
	assert_null(kinds_differ(&kinds, other, 0x08, 0x0004));
	assert_non_null(kinds_differ(&kinds, other, 0x08, 0x0044));
}

static void x4_what_a_reader_does_not_say_is_no_kind(void **state)
{
	(void)state;
	const struct card_hash card = { { 9 } }, none = { { 0 } };

	assert_null(kinds_differ(&kinds, card, -1, 0x0344));
	assert_null(kinds_differ(&kinds, card, 0x20, -1));
	assert_null(kinds_differ(&kinds, card, 0x20, 0x0344));
	assert_null(kinds_differ(&kinds, card, -1, -1));
	assert_null(kinds_differ(&kinds, none, 1, 1));
	assert_null(kinds_differ(&kinds, none, 2, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x4_same_uid_on_another_chip_is_told_once),
		cmocka_unit_test(x4_what_a_reader_does_not_say_is_no_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
