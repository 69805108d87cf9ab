/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>
#include <string.h>

#include "sys/cert.h"
#include "unit/new_cert.h"
#include "unit/tempdir.h"
#include "unit/unit.h"

#define FROM_S INT64_C(1764547200) /* 2025-12-01T00:00:00Z */
#define UNTIL_S                                                                                    \
	INT64_C(2556143999) /* 2050-12-31T23:59:59Z: past 2049 the form of a date is another */

static struct {
	char dir[TEMPDIR_MAX];
	struct new_cert ca, other, gate;
} on;

static const char *path(const char *name)
{
	static char ring[8][TEMPDIR_PATH_MAX];
	static size_t next;
	char *at = ring[next++ % ARRAY_LEN(ring)];

	(void)snprintf(at, TEMPDIR_PATH_MAX, "%s/%s", on.dir, name);
	return at;
}

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	if (tempdir_make(on.dir))
		return -1;
	on.ca = new_cert_make("School CA", FROM_S, UNTIL_S, NULL);
	/* Of the same name and another key: a name alone signs nothing. */
	on.other = new_cert_make("School CA", FROM_S, UNTIL_S, NULL);
	on.gate = new_cert_make("gate-1", FROM_S, UNTIL_S, &on.ca);
	new_cert_write(&on.ca, path("ca"), NULL, "we");
	new_cert_write(&on.other, path("other"), path("other.key"), "we");
	new_cert_write(&on.gate, path("gate"), path("gate.key"), "we");
	/* While a CA is renewed both stand in the file. */
	new_cert_write(&on.other, path("both"), NULL, "we");
	new_cert_write(&on.ca, path("both"), NULL, "ae");
	write_text("empty", "");
	write_text("cut", "-----BEGIN CERTIFICATE-----\nMIIB\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	new_cert_finish(&on.ca);
	new_cert_finish(&on.other);
	new_cert_finish(&on.gate);
	tempdir_remove(on.dir);
	return 0;
}

static void reads_name_and_dates(void **state)
{
	struct cert c;

	(void)state;
	assert_int_equal(cert_read(path("gate"), &c), 0);
	assert_string_equal(c.name, "gate-1");
	assert_int_equal(c.from_ms, FROM_S * 1000);
	assert_int_equal(c.until_ms, UNTIL_S * 1000);
}

static void says_what_can_not_be_read(void **state)
{
	static const struct {
		const char *name;
		int want;
	} row[] = { { "nothing", -ENOENT }, { "empty", -EBADMSG }, { "cut", -EBADMSG },
		{ "gate.key", -EBADMSG } };
	struct cert c = { .name = "untouched" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (cert_read(path(row[i].name), &c) != row[i].want)
			fail_msg("%s", row[i].name);
		assert_int_equal(cert_signed_by(path("gate"), path(row[i].name)), row[i].want);
		if (i < 3)
			assert_int_equal(
				cert_has_key(path("gate"), path(row[i].name)), row[i].want);
	}
	assert_string_equal(c.name, "untouched");
}

static void knows_who_signed(void **state)
{
	(void)state;
	assert_int_equal(cert_signed_by(path("gate"), path("ca")), 1);
	assert_int_equal(cert_signed_by(path("gate"), path("both")), 1);
	assert_int_equal(cert_signed_by(path("gate"), path("other")), 0);
	assert_int_equal(cert_signed_by(path("ca"), path("gate")), 0);
}

static void knows_its_key(void **state)
{
	(void)state;
	assert_int_equal(cert_has_key(path("gate"), path("gate.key")), 1);
	assert_int_equal(cert_has_key(path("gate"), path("other.key")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_name_and_dates),
		cmocka_unit_test(says_what_can_not_be_read),
		cmocka_unit_test(knows_who_signed),
		cmocka_unit_test(knows_its_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
