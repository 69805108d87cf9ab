/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/night.h"
#include "unit/unit.h"

static void s12_once_a_night(void **state)
{
	static const struct civil_date monday = { 2026, 11, 23 };
	static const struct {
		const char *name;
		int at_s;
		struct civil_date last;
		bool want;
	} row[] = {
		{ "a second before", 2 * 3600 - 1, { 0 }, false },
		{ "at two", 2 * 3600, { 0 }, true },
		{ "the last second", 5 * 3600 - 1, { 2026, 11, 22 }, true },
		{ "at five", 5 * 3600, { 2026, 11, 22 }, false },
		{ "done", 3 * 3600, { 2026, 11, 23 }, false },
		{ "at noon", 12 * 3600, { 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct civil_local now = { .date = monday, .at_s = row[i].at_s };
		if (night_due(now, row[i].last) != row[i].want)
			fail_msg("%s", row[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(s12_once_a_night) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
