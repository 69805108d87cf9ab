/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The changes of a zone against instants that were computed apart (Python's zoneinfo), and the ways in which a zone
 * can be missing.
 */
#include "sys/zone.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/unit.h"

#define ROOM 600

struct table {
	size_t n;
	int64_t from_s[ROOM];
	int32_t offset_s[ROOM];
};

static void add(void *ctx, int64_t from_s, int32_t offset_s)
{
	struct table *t = ctx;
	assert_true(t->n < ROOM);
	assert_true(
		t->n == 0 || (from_s > t->from_s[t->n - 1] && offset_s != t->offset_s[t->n - 1]));
	t->from_s[t->n] = from_s;
	t->offset_s[t->n++] = offset_s;
}

static bool has(const struct table *t, int64_t from_s, int32_t offset_s)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->from_s[i] == from_s)
			return t->offset_s[i] == offset_s;
	return false;
}

static void c5_brussels(void **state)
{
	(void)state;
	static const struct {
		int64_t from_s;
		int32_t offset_s;
	} want[] = {
		{ 638326800, 7200 },
		{ 654656400, 3600 }, /* until 1995 the last Sunday of September */
		{ 828234000, 7200 },
		{ 846378000, 3600 },
		{ 1774746000, 7200 }, /* 2026-03-29T01:00:00Z */
		{ 1792890000, 3600 }, /* 2026-10-25T01:00:00Z */
		{ 2121901200, 7200 },
		{ 2140045200, 3600 },
		{ 2153350800,
			7200 }, /* after 2037, where the file's table ends and its rule begins */
		{ 2172099600, 3600 },
		{ 4078429200, 7200 },
		{ 4096573200, 3600 },
	};
	struct table t = { 0 };
	assert_int_equal(zone_load("Europe/Brussels", add, &t), 0);
	assert_true(t.from_s[0] < -INT64_C(1000000000000));
	assert_int_equal(t.offset_s[0], 3600);
	assert_int_equal(t.n, 1 + 2 * (2100 - 1990 + 1));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (!has(&t, want[i].from_s, want[i].offset_s))
			fail_msg("no change to %d at %lld", (int)want[i].offset_s,
				(long long)want[i].from_s);
	assert_string_equal(getenv("TZ"), "Europe/Brussels");
}

static void test_without_changes(void **state)
{
	(void)state;
	struct table t = { 0 };
	assert_int_equal(zone_load("UTC", add, &t), 0);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.offset_s[0], 0);
}

static void c5_no_such_zone(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "Europe/Brusels", "Europe", "europe/brussels",
		"/usr/share/zoneinfo/UTC", "../zoneinfo/UTC", "Europe//Brussels", "UTC/",
		"Europe/Brussels ", "CET-1CEST", ":UTC", "zone.tab" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct table t = { 0 };
		if (zone_check(bad[i]) != ZONE_NO_SUCH || zone_load(bad[i], add, &t) != -1 || t.n)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

static void c5_no_tzdata(void **state)
{
	(void)state;
	char folder[] = "/tmp/schoolpoort-zone-XXXXXX", path[64];
	struct table t = { 0 };
	assert_non_null(mkdtemp(folder));
	assert_int_equal(setenv("TZDIR", folder, 1), 0);
	assert_int_equal(zone_check("Europe/Brussels"), ZONE_NO_TZDATA);
	assert_int_equal(zone_load("Europe/Brussels", add, &t), -1);
	assert_int_equal(t.n, 0);
	/* A file in the zone's place that is none. */
	(void)snprintf(path, sizeof(path), "%s/UTC", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "TZi", 3), 3);
	close(fd);
	assert_int_equal(zone_check("UTC"), ZONE_NO_TZDATA);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(unsetenv("TZDIR"), 0);
	assert_int_equal(zone_check("Europe/Brussels"), ZONE_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c5_brussels),
		cmocka_unit_test(test_without_changes),
		cmocka_unit_test(c5_no_such_zone),
		cmocka_unit_test(c5_no_tzdata),
	};
	unsetenv("TZDIR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
