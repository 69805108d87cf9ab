/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which user may be what on the kiosk's socket: as installed, and as run by hand.
 */
#include "kiosk/who.h"

#include <errno.h>
#include <unistd.h>

#include "sys/user.h"
#include "unit/unit.h"

enum { ROOT = 0, KIOSK = 901, READER = 902, SCREEN = 903, STRANGER = 1000, DEVELOPER = 1001 };

static const struct who installed = { KIOSK, true, true, true, READER, SCREEN };
/* A developer's machine, with the packages installed and without. */
static const struct who by_hand = { DEVELOPER, false, true, true, READER, SCREEN };
static const struct who bare = { DEVELOPER, false, false, false, 0, 0 };
/* Somebody removed the reader's user. */
static const struct who half = { KIOSK, true, false, true, 0, SCREEN };

static const struct {
	const char *name;
	const struct who *who;
	uid_t uid;
	bool reader, screen;
} row[] = {
	{ "installed: reader", &installed, READER, true, false },
	{ "installed: screen", &installed, SCREEN, false, true },
	{ "installed: kiosk", &installed, KIOSK, false, false },
	{ "installed: root", &installed, ROOT, false, false },
	{ "installed: stranger", &installed, STRANGER, false, false },
	{ "by hand: reader", &by_hand, READER, true, false },
	{ "by hand: screen", &by_hand, SCREEN, false, true },
	{ "by hand: own", &by_hand, DEVELOPER, true, true },
	{ "by hand: root", &by_hand, ROOT, true, true },
	{ "by hand: stranger", &by_hand, STRANGER, false, false },
	{ "bare: own", &bare, DEVELOPER, true, true },
	{ "bare: root", &bare, ROOT, true, true },
	{ "bare: stranger", &bare, STRANGER, false, false },
	{ "half: kiosk as reader", &half, KIOSK, true, false },
	{ "half: root", &half, ROOT, true, false },
	{ "half: stranger", &half, STRANGER, false, false },
	{ "half: screen", &half, SCREEN, false, true },
};

static void x3_each_user_each_role(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct who *w = row[i].who;
		if (!who_refuse(w, row[i].uid, WIRE_ROLE_READER) != row[i].reader ||
			!who_refuse(w, row[i].uid, WIRE_ROLE_SCREEN) != row[i].screen)
			fail_msg("%s", row[i].name);
		assert_null(who_refuse(w, row[i].uid, WIRE_ROLE_CONTROL));
		assert_null(who_refuse(w, row[i].uid, WIRE_ROLE_SIGNAL));
	}
}

static void test_user_find(void **state)
{
	uid_t uid = 77;

	(void)state;
	assert_int_equal(user_find("root", &uid), 0);
	assert_int_equal(uid, 0);
	uid = 77;
	assert_int_equal(user_find("schoolpoort-nobody-of-this-name", &uid), -ENOENT);
	assert_int_equal(uid, 77);
	assert_int_equal(user_own(), geteuid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x3_each_user_each_role),
		cmocka_unit_test(test_user_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
