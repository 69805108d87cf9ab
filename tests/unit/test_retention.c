/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/retention.h"

#include "unit/unit.h"

#define DAY_MS INT64_C(86400000)

static const struct retention_until august = { 8, 31 };

static bool same(struct civil_date a, struct civil_date b)
{
	return civil_date_compare(a, b) == 0;
}

/* R29: domain.md section 7, and what other settings make of it. */
static void test_last_days(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct civil_date date;
		struct retention_until until;
		struct civil_date want;
	} row[] = {
		{ "first of 2026-27", { 2026, 9, 1 }, { 8, 31 }, { 2028, 8, 31 } },
		{ "a morning in it", { 2026, 11, 23 }, { 8, 31 }, { 2028, 8, 31 } },
		{ "a tap of 31 August", { 2027, 8, 31 }, { 8, 31 }, { 2028, 8, 31 } },
		{ "one of 1 September", { 2027, 9, 1 }, { 8, 31 }, { 2029, 8, 31 } },
		{ "New Year", { 2027, 1, 1 }, { 8, 31 }, { 2028, 8, 31 } },
		{ "the earliest setting", { 2026, 9, 1 }, { 9, 1 }, { 2027, 9, 1 } },
		{ "before New Year", { 2027, 8, 31 }, { 12, 31 }, { 2027, 12, 31 } },
		{ "after New Year", { 2026, 9, 1 }, { 1, 1 }, { 2028, 1, 1 } },
		{ "a leap day", { 2026, 9, 1 }, { 2, 29 }, { 2028, 2, 29 } },
		{ "no leap day", { 2027, 9, 1 }, { 2, 29 }, { 2029, 2, 28 } },
		{ "no 31 June", { 2026, 9, 1 }, { 6, 31 }, { 2028, 6, 30 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct civil_date got = retention_last_day(row[i].date, row[i].until);
		if (!same(got, row[i].want))
			fail_msg("%s: %d-%d-%d", row[i].name, got.year, got.month, got.day);
		if (!retention_keeps(row[i].date, row[i].want, row[i].until))
			fail_msg("%s: gone on its last day", row[i].name);
		if (retention_keeps(row[i].date, civil_date_add(row[i].want, 1), row[i].until))
			fail_msg("%s: still there the day after", row[i].name);
	}
}

/* R29: what the daily run drops. */
static void test_first_kept(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct civil_date today;
		struct retention_until until;
		struct civil_date want;
	} row[] = {
		{ "in November", { 2026, 11, 23 }, { 8, 31 }, { 2025, 9, 1 } },
		{ "2026-27's last day", { 2028, 8, 31 }, { 8, 31 }, { 2026, 9, 1 } },
		{ "the day after", { 2028, 9, 1 }, { 8, 31 }, { 2027, 9, 1 } },
		{ "the day before another", { 2027, 10, 14 }, { 10, 15 }, { 2026, 9, 1 } },
		{ "that day", { 2027, 10, 15 }, { 10, 15 }, { 2026, 9, 1 } },
		{ "after it", { 2027, 10, 16 }, { 10, 15 }, { 2027, 9, 1 } },
		{ "until the leap day", { 2028, 2, 29 }, { 2, 29 }, { 2026, 9, 1 } },
		{ "after the leap day", { 2028, 3, 1 }, { 2, 29 }, { 2027, 9, 1 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct civil_date got = retention_first_kept(row[i].today, row[i].until, true);
		if (!same(got, row[i].want))
			fail_msg("%s: %d-%d-%d", row[i].name, got.year, got.month, got.day);
	}
}

/* R29: on each day of three years the run drops exactly the dates whose last day is past. */
static void test_run_drops_what_is_past(void **state)
{
	(void)state;
	static const struct retention_until until[] = { { 8, 31 }, { 9, 1 }, { 12, 31 },
		{ 2, 29 } };
	for (size_t u = 0; u < ARRAY_LEN(until); u++)
		for (int day = 0; day < 3 * 365; day++) {
			struct civil_date today =
				civil_date_add((struct civil_date){ 2026, 9, 1 }, day);
			struct civil_date first = retention_first_kept(today, until[u], true);
			if (!retention_keeps(first, today, until[u]) ||
				retention_keeps(civil_date_add(first, -1), today, until[u]))
				fail_msg("until %d-%d, day %d", until[u].month, until[u].day, day);
		}
}

/* A clock that can't be trusted may show any date: then nothing goes. */
static void test_untrusted_clock(void **state)
{
	(void)state;
	struct civil_date far = { 2099, 1, 1 };
	assert_true(
		same(retention_first_kept(far, august, false), (struct civil_date){ 1970, 1, 1 }));
	assert_false(retention_gate_drops(0, 1000 * DAY_MS, 30, false));
}

/* R29: a gate keeps 30 days after the confirm, and what is unconfirmed however old it is. */
static void test_gate(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t confirmed_at_ms, now_ms;
		int gate_days;
		bool want;
	} row[] = {
		{ "at once", 5000, 5000, 30, false },
		{ "30 days", 5000, 5000 + 30 * DAY_MS, 30, false },
		{ "a millisecond more", 5000, 5001 + 30 * DAY_MS, 30, true },
		{ "one day", 5000, 5000 + DAY_MS, 1, false },
		{ "past one day", 5000, 5001 + DAY_MS, 1, true },
		{ "a year", 5000, 5000 + 366 * DAY_MS, 366, false },
		{ "confirmed in the future", 5000 + 60 * DAY_MS, 5000, 30, false },
		{ "confirmed at 0", 0, 31 * DAY_MS, 30, true },
		{ "unconfirmed, 31 days", -1, 31 * DAY_MS, 30, false },
		{ "unconfirmed, ten years", -1, 3650 * DAY_MS, 30, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (retention_gate_drops(row[i].confirmed_at_ms, row[i].now_ms, row[i].gate_days,
			    true) != row[i].want)
			fail_msg("%s", row[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_days),
		cmocka_unit_test(test_first_kept),
		cmocka_unit_test(test_run_drops_what_is_past),
		cmocka_unit_test(test_untrusted_clock),
		cmocka_unit_test(test_gate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
