/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/civil.h"

#include <string.h>

#include "unit/brussels.h"
#include "unit/unit.h"

#define SAME_DATE(a, b) (civil_date_compare((a), (b)) == 0)

static void test_day_numbers(void **state)
{
	(void)state;
	static const struct {
		struct civil_date date;
		int32_t number;
		int weekday;
	} row[] = {
		{ { 1970, 1, 1 }, 0, 3 },
		{ { 1970, 12, 31 }, 364, 3 },
		{ { 2000, 2, 29 }, 11016, 1 },
		{ { 2000, 3, 1 }, 11017, 2 },
		{ { 2024, 2, 29 }, 19782, 3 },
		{ { 2026, 11, 23 }, 20780, 0 },
		{ { 2100, 2, 28 }, 47540, 6 },
		{ { 2100, 3, 1 }, 47541, 0 },
		{ { 2400, 2, 29 }, 157113, 1 },
		{ { 9999, 12, 31 }, 2932896, 4 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (civil_day_number(row[i].date) != row[i].number)
			fail_msg("day %d: got %d", row[i].number, civil_day_number(row[i].date));
		if (!SAME_DATE(civil_date_of_day(row[i].number), row[i].date))
			fail_msg("date of day %d", row[i].number);
		if (civil_weekday(row[i].date) != row[i].weekday)
			fail_msg("weekday of day %d", row[i].number);
	}
}

/* Every day from 1970 to 2401 is the day before and one more, by the plain rule of months. */
static void test_every_day_follows(void **state)
{
	(void)state;
	struct civil_date want = { 1970, 1, 1 };
	for (int32_t day = 0; want.year < 2401; day++) {
		if (!civil_date_valid(want) || !SAME_DATE(civil_date_of_day(day), want) ||
			civil_day_number(want) != day || civil_weekday(want) != (day + 3) % 7)
			fail_msg("day %d: %d-%d-%d", day, want.year, want.month, want.day);
		want.day++;
		if (civil_date_valid(want))
			continue;
		want.day = 1;
		want.month++;
		if (want.month == 13)
			want = (struct civil_date){ want.year + 1, 1, 1 };
	}
}

static void test_valid_dates(void **state)
{
	(void)state;
	static const struct {
		struct civil_date date;
		bool want;
	} row[] = {
		{ { 1969, 12, 31 }, false },
		{ { 1970, 1, 1 }, true },
		{ { 9999, 12, 31 }, true },
		{ { 10000, 1, 1 }, false },
		{ { 2026, 0, 1 }, false },
		{ { 2026, 13, 1 }, false },
		{ { 2026, 1, 0 }, false },
		{ { 2026, 1, 31 }, true },
		{ { 2026, 1, 32 }, false },
		{ { 2026, 4, 30 }, true },
		{ { 2026, 4, 31 }, false },
		{ { 2026, 2, 28 }, true },
		{ { 2026, 2, 29 }, false },
		{ { 2028, 2, 29 }, true },
		{ { 2028, 2, 30 }, false },
		{ { 2100, 2, 29 }, false },
		{ { 2000, 2, 29 }, true },
		{ { 0, 0, 0 }, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (civil_date_valid(row[i].date) != row[i].want)
			fail_msg("%d-%d-%d", row[i].date.year, row[i].date.month, row[i].date.day);
}

static void test_date_add(void **state)
{
	(void)state;
	static const struct {
		struct civil_date date;
		int days;
		struct civil_date want;
	} row[] = {
		{ { 2026, 12, 31 }, 1, { 2027, 1, 1 } },
		{ { 2027, 1, 1 }, -1, { 2026, 12, 31 } },
		{ { 2028, 2, 28 }, 1, { 2028, 2, 29 } },
		{ { 2028, 3, 1 }, -1, { 2028, 2, 29 } },
		{ { 2027, 2, 28 }, 1, { 2027, 3, 1 } },
		{ { 2026, 3, 28 }, 2, { 2026, 3, 30 } }, /* over a day of 23 hours */
		{ { 2026, 9, 1 }, 0, { 2026, 9, 1 } },
		{ { 2026, 9, 1 }, 365, { 2027, 9, 1 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (!SAME_DATE(civil_date_add(row[i].date, row[i].days), row[i].want))
			fail_msg("row %zu", i);
}

static void test_compare(void **state)
{
	(void)state;
	static const struct civil_date ascending[] = {
		{ 2025, 12, 31 },
		{ 2026, 1, 31 },
		{ 2026, 2, 1 },
		{ 2026, 2, 2 },
		{ 2027, 1, 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
		for (size_t j = 0; j < ARRAY_LEN(ascending); j++) {
			int got = civil_date_compare(ascending[i], ascending[j]);
			if ((got < 0) != (i < j) || (got > 0) != (i > j))
				fail_msg("%zu and %zu: %d", i, j, got);
		}
}

static void test_school_year(void **state)
{
	(void)state;
	assert_int_equal(civil_school_year((struct civil_date){ 2027, 8, 31 }), 2026);
	assert_int_equal(civil_school_year((struct civil_date){ 2027, 9, 1 }), 2027);
	assert_int_equal(civil_school_year((struct civil_date){ 2026, 12, 31 }), 2026);
	assert_int_equal(civil_school_year((struct civil_date){ 2027, 1, 1 }), 2026);
}

static void expect_local(const struct civil_zone *zone, int64_t at_ms, struct civil_date date,
	int at_s, int offset_s)
{
	struct civil_local got = civil_local_of(zone, at_ms);
	if (!SAME_DATE(got.date, date) || got.at_s != at_s || got.offset_s != offset_s)
		fail_msg("%lld ms: got %d-%d-%d %d s, offset %d", (long long)at_ms, got.date.year,
			got.date.month, got.date.day, got.at_s, got.offset_s);
}

static void c5_both_nights(void **state)
{
	(void)state;
	struct civil_zone zone = brussels_zone();
	for (size_t i = 0; i < ARRAY_LEN(brussels_year); i++) {
		struct civil_date spring = brussels_year[i].spring;
		int64_t at_ms = brussels_year[i].spring_s * 1000;
		assert_int_equal(civil_weekday(spring), 6);
		expect_local(&zone, at_ms - 1, spring, HMS(1, 59, 59), WINTER_S);
		expect_local(&zone, at_ms, spring, HMS(3, 0, 0), SUMMER_S);
		expect_local(&zone, at_ms + 1000, spring, HMS(3, 0, 1), SUMMER_S);
		struct civil_date autumn = brussels_year[i].autumn;
		at_ms = brussels_year[i].autumn_s * 1000;
		assert_int_equal(civil_weekday(autumn), 6);
		expect_local(&zone, at_ms - 1, autumn, HMS(2, 59, 59), SUMMER_S);
		expect_local(&zone, at_ms, autumn, HMS(2, 0, 0), WINTER_S);
		expect_local(&zone, at_ms + 3600000, autumn, HMS(3, 0, 0), WINTER_S);
	}
}

/* Around the nights of 2026, in seconds after each change. */
static void test_instants_of_wall_times(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct civil_date date;
		int at_s;
		int64_t want_s;
	} row[] = {
		{ "before the gap", { 2026, 3, 29 }, HMS(1, 59, 59), 1774746000 - 1 },
		{ "first of the gap", { 2026, 3, 29 }, HMS(2, 0, 0), 1774746000 },
		{ "in the gap", { 2026, 3, 29 }, HMS(2, 30, 0), 1774746000 + 1800 },
		{ "last of the gap", { 2026, 3, 29 }, HMS(2, 59, 59), 1774746000 + 3599 },
		{ "after the gap", { 2026, 3, 29 }, HMS(3, 0, 0), 1774746000 },
		{ "spring Monday", { 2026, 3, 30 }, HMS(8, 25, 0), 1774746000 + HMS(29, 25, 0) },
		{ "before the fold", { 2026, 10, 25 }, HMS(1, 59, 59), 1792890000 - 3601 },
		{ "first of the fold", { 2026, 10, 25 }, HMS(2, 0, 0), 1792890000 - 3600 },
		{ "in the fold", { 2026, 10, 25 }, HMS(2, 30, 0), 1792890000 - 1800 },
		{ "last of the fold", { 2026, 10, 25 }, HMS(2, 59, 59), 1792890000 - 1 },
		{ "after the fold", { 2026, 10, 25 }, HMS(3, 0, 0), 1792890000 + 3600 },
		{ "autumn Monday", { 2026, 10, 26 }, HMS(8, 25, 0), 1792890000 + HMS(30, 25, 0) },
		{ "a school day", { 2026, 11, 23 }, HMS(8, 10, 0), 1795417800 },
		{ "midnight", { 2026, 11, 23 }, 0, 1795417800 - HMS(8, 10, 0) },
		{ "end of day", { 2026, 11, 22 }, 86400, 1795417800 - HMS(8, 10, 0) },
	};
	struct civil_zone zone = brussels_zone();
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t got = civil_instant_of(&zone, row[i].date, row[i].at_s);
		if (got != row[i].want_s * 1000)
			fail_msg("%s: got %lld", row[i].name, (long long)got);
	}
}

/* Each quarter of an hour of twelve years goes to the wall and back, but for the repeated hour. */
static void test_there_and_back(void **state)
{
	(void)state;
	struct civil_zone zone = brussels_zone();
	int n_repeated = 0;
	for (int64_t at_s = 1546300800; at_s < 1924988400; at_s += 900) {
		struct civil_local local = civil_local_of(&zone, at_s * 1000);
		int64_t back_s = civil_instant_of(&zone, local.date, local.at_s) / 1000;
		if (back_s == at_s)
			continue;
		if (back_s != at_s - 3600 || local.offset_s != WINTER_S)
			fail_msg("%lld came back as %lld", (long long)at_s, (long long)back_s);
		n_repeated++;
	}
	assert_int_equal(n_repeated, 4 * ARRAY_LEN(brussels_year));
}

static void test_other_zones(void **state)
{
	(void)state;
	static struct civil_zone zone; /* without changes: UTC */
	expect_local(&zone, 0, (struct civil_date){ 1970, 1, 1 }, 0, 0);
	assert_int_equal(civil_instant_of(&zone, (struct civil_date){ 1970, 1, 2 }, 1), 86401000);

	civil_zone_add(&zone, 86400, -12600); /* half hours, west; its offset holds before it too */
	expect_local(&zone, 86400000, (struct civil_date){ 1970, 1, 1 }, HMS(20, 30, 0), -12600);
	expect_local(&zone, 0, (struct civil_date){ 1969, 12, 31 }, HMS(20, 30, 0), -12600);

	for (int i = 0; i < 2 * CIVIL_ZONE_CHANGES_MAX; i++)
		civil_zone_add(&zone, 86401 + i, i);
	assert_int_equal(zone.n_changes, CIVIL_ZONE_CHANGES_MAX);
	expect_local(&zone, INT64_C(864000000), (struct civil_date){ 1970, 1, 11 }, 510, 510);
}

static void test_format_time(void **state)
{
	(void)state;
	struct civil_zone brussels = brussels_zone();
	static struct civil_zone utc, newfoundland, mean_time;
	civil_zone_add(&newfoundland, 0, -12600);
	civil_zone_add(&mean_time, 0, -2670); /* -0:44:30, Liberia until 1972 */
	const struct {
		const struct civil_zone *zone;
		int64_t at_ms;
		const char *want;
	} row[] = {
		{ &brussels, INT64_C(1795417800000), "2026-11-23T08:10:00.000+01:00" },
		{ &brussels, INT64_C(1795417800999), "2026-11-23T08:10:00.999+01:00" },
		{ &brussels, INT64_C(1774745999999), "2026-03-29T01:59:59.999+01:00" },
		{ &brussels, INT64_C(1774746000000), "2026-03-29T03:00:00.000+02:00" },
		{ &brussels, INT64_C(1792889999999), "2026-10-25T02:59:59.999+02:00" },
		{ &brussels, INT64_C(1792890000000), "2026-10-25T02:00:00.000+01:00" },
		{ &utc, 0, "1970-01-01T00:00:00.000+00:00" },
		{ &utc, -1, "1970-01-01T00:00:00.000+00:00" },
		{ &utc, INT64_MIN, "1970-01-01T00:00:00.000+00:00" },
		{ &utc, INT64_MAX, "9999-12-30T23:59:59.999+00:00" },
		{ &brussels, INT64_MAX, "9999-12-31T00:59:59.999+01:00" },
		{ &newfoundland, 0, "1969-12-31T20:30:00.000-03:30" },
		{ &mean_time, 0, "1969-12-31T23:16:00.000-00:44" },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char text[CIVIL_TIME_TEXT];
		civil_format_time(row[i].zone, row[i].at_ms, text);
		assert_string_equal(text, row[i].want);
	}
}

static void test_parse_time(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want_ms; /* negative: refused */
	} row[] = {
		{ "2026-11-23T08:10:00.000+01:00", INT64_C(1795417800000) },
		{ "2026-11-23T07:10:00Z", INT64_C(1795417800000) },
		{ "2026-11-23t07:10:00z", INT64_C(1795417800000) },
		{ "2026-11-23T03:40:00-03:30", INT64_C(1795417800000) },
		{ "2026-11-24T07:09:00+23:59", INT64_C(1795417800000) },
		{ "2026-11-23T07:10:00.5Z", INT64_C(1795417800500) },
		{ "2026-11-23T07:10:00.05Z", INT64_C(1795417800050) },
		{ "2026-11-23T07:10:00.123456789Z", INT64_C(1795417800123) },
		{ "2026-11-23T07:10:00.000999999Z", INT64_C(1795417800000) },
		{ "2026-11-23T07:10:00.1234567890Z", -1 },
		{ "2026-11-23T07:10:00.Z", -1 },
		{ "2026-11-23T07:10:00,5Z", -1 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1970-01-01T00:59:59.999+01:00", -1 },
		{ "1969-12-31T23:00:00-01:00", -1 },
		{ "9999-12-30T23:59:59.999Z", INT64_C(253402214399999) },
		{ "9999-12-31T00:00:00Z", -1 },
		{ "2028-02-29T00:00:00Z", INT64_C(1835395200000) },
		{ "2027-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-11-23T24:00:00Z", -1 },
		{ "2026-11-23T23:60:00Z", -1 },
		{ "2026-11-23T23:59:59Z", INT64_C(1795478399000) },
		{ "2026-11-23T23:59:60Z", -1 },
		{ "2026-11-23T08:10:00+24:00", -1 },
		{ "2026-11-23T08:10:00+01:60", -1 },
		{ "2026-11-23T08:10:00+0100", -1 },
		{ "2026-11-23T08:10:00+01", -1 },
		{ "2026-11-23T08:10:00", -1 },
		{ "2026-11-23T08:10Z", -1 },
		{ "2026-11-23 08:10:00Z", -1 },
		{ "2026-11-23", -1 },
		{ "2026-11-23T", -1 },
		{ "2026-11-23T08:10:00Z ", -1 },
		{ " 2026-11-23T08:10:00Z", -1 },
		{ "26-11-23T08:10:00Z", -1 },
		{ "+026-11-23T08:10:00Z", -1 },
		{ "2026-11-23T-8:10:00Z", -1 },
		{ "", -1 },
		{ NULL, -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t got = -77;
		int r = civil_parse_time(row[i].text, &got);
		int64_t want = row[i].want_ms < 0 ? -77 : row[i].want_ms;
		if (r != (row[i].want_ms < 0 ? -1 : 0) || got != want)
			fail_msg("%s: %d, %lld", row[i].text, r, (long long)got);
	}
}

/* A text cut anywhere is refused, and nothing beyond its end is read (the sanitizer looks on). */
static void test_parse_cut_times(void **state)
{
	(void)state;
	static const char whole[] = "2026-11-23T08:10:00.123+01:00";
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char cut[sizeof(whole)];
		memset(cut, '0', sizeof(cut));
		memcpy(cut, whole, n);
		cut[n] = '\0';
		int64_t got = -77;
		if (civil_parse_time(cut, &got) != -1 || got != -77)
			fail_msg("taken: %s", cut);
	}
}

static void test_dates_as_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct civil_date want; /* year 0: refused */
	} row[] = {
		{ "2026-11-23", { 2026, 11, 23 } },
		{ "1970-01-01", { 1970, 1, 1 } },
		{ "9999-12-31", { 9999, 12, 31 } },
		{ "2028-02-29", { 2028, 2, 29 } },
		{ "2027-02-29", { 0 } },
		{ "1969-12-31", { 0 } },
		{ "2026-1-23", { 0 } },
		{ "2026-11-2", { 0 } },
		{ "2026-11-231", { 0 } },
		{ "2026/11/23", { 0 } },
		{ "23-11-2026", { 0 } },
		{ "2026-11-00", { 0 } },
		{ "", { 0 } },
		{ NULL, { 0 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct civil_date got = { 1, 2, 3 };
		int r = civil_parse_date(row[i].text, &got);
		if (row[i].want.year == 0) {
			if (r != -1 || got.year != 1 || got.month != 2 || got.day != 3)
				fail_msg("taken or touched: %s", row[i].text);
			continue;
		}
		if (r != 0 || !SAME_DATE(got, row[i].want))
			fail_msg("%s: %d", row[i].text, r);
		char text[CIVIL_DATE_TEXT];
		civil_format_date(got, text);
		assert_string_equal(text, row[i].text);
	}
}

static void test_clocks_as_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want_s; /* negative: refused */
	} row[] = {
		{ "00:00", 0 },
		{ "08:25", HMS(8, 25, 0) },
		{ "23:59", HMS(23, 59, 0) },
		{ "24:00", -1 },
		{ "23:60", -1 },
		{ "8:25", -1 },
		{ "08:5", -1 },
		{ "08.25", -1 },
		{ "08:25:00", -1 },
		{ "-8:25", -1 },
		{ "", -1 },
		{ NULL, -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int got = -77;
		int r = civil_parse_clock(row[i].text, &got);
		if (r != (row[i].want_s < 0 ? -1 : 0) || got != (r ? -77 : row[i].want_s))
			fail_msg("%s: %d, %d", row[i].text, r, got);
	}
	char text[CIVIL_CLOCK_TEXT];
	civil_format_clock(HMS(8, 9, 59), text);
	assert_string_equal(text, "08:09");
	civil_format_clock(HMS(24, 0, 0), text);
	assert_string_equal(text, "24:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_day_numbers),
		cmocka_unit_test(test_every_day_follows),
		cmocka_unit_test(test_valid_dates),
		cmocka_unit_test(test_date_add),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_school_year),
		cmocka_unit_test(c5_both_nights),
		cmocka_unit_test(test_instants_of_wall_times),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_other_zones),
		cmocka_unit_test(test_format_time),
		cmocka_unit_test(test_parse_time),
		cmocka_unit_test(test_parse_cut_times),
		cmocka_unit_test(test_dates_as_text),
		cmocka_unit_test(test_clocks_as_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
