/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

static int saved_stderr;
static FILE *file;
static char seen[4096];

static void capture(void)
{
	fflush(stderr);
	file = tmpfile();
	saved_stderr = dup(STDERR_FILENO);
	assert_true(file && saved_stderr >= 0);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
}

static size_t captured(void)
{
	assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
	close(saved_stderr);
	ssize_t n = pread(fileno(file), seen, sizeof(seen) - 1, 0);
	assert_true(n >= 0);
	seen[n] = '\0';
	fclose(file);
	return (size_t)n;
}

static void all_levels(void)
{
	errno = EPIPE;
	log_error("store_full free_mb=%d next=refuse", 3);
	log_warn("reader_silent age_ms=%d", 1200);
	log_info("reader_back");
	log_refusal("u.conf:1: a.b: %s", "no");
	assert_int_equal(errno, EPIPE);
}

static void test_terminal(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_open("schoolpoort-kiosk");
	capture();
	all_levels();
	captured();
	assert_string_equal(seen, "schoolpoort-kiosk: store_full free_mb=3 next=refuse\n"
				  "schoolpoort-kiosk: reader_silent age_ms=1200\n"
				  "schoolpoort-kiosk: reader_back\n"
				  "u.conf:1: a.b: no\n");
}

static void test_journal(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:12345", 1), 0);
	log_open("schoolpoort-kiosk");
	capture();
	all_levels();
	captured();
	assert_string_equal(seen, "<3>store_full free_mb=3 next=refuse\n"
				  "<4>reader_silent age_ms=1200\n"
				  "<6>reader_back\n"
				  "<3>u.conf:1: a.b: no\n");
	unsetenv("JOURNAL_STREAM");
}

static const struct {
	const char *name, *value, *want;
} row[] = {
	{ "plain", "gate-1", "p: v=gate-1\n" },
	{ "a second line", "x\n<0>forged", "p: v=x?<0>forged\n" },
	{ "tab, carriage return, delete", "a\tb\rc\177", "p: v=a?b?c?\n" },
	{ "escape sequence", "\033[2J", "p: v=?[2J\n" },
	{ "C1 control",
		"a\xc2\x9b"
		"2J",
		"p: v=a??2J\n" },
	{ "UTF-8 stays", "Ségur €", "p: v=Ségur €\n" },
	{ "no-break space stays", "a\xc2\xa0z", "p: v=a\xc2\xa0z\n" },
	{ "Latin-1", "caf\xe9.", "p: v=caf?.\n" },
	{ "overlong slash", "\xc0\xaf", "p: v=??\n" },
	{ "surrogate", "\xed\xa0\x80", "p: v=???\n" },
	{ "past the last plane", "\xf4\x90\x80\x80", "p: v=????\n" },
	{ "an emoji", "\xf0\x9f\x98\x80", "p: v=\xf0\x9f\x98\x80\n" },
	{ "cut at the end", "a\xe2\x82", "p: v=a??\n" },
};

static void test_values(void **state)
{
	(void)state;
	log_open("p");
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		capture();
		log_info("v=%s", row[i].value);
		captured();
		if (strcmp(seen, row[i].want) != 0)
			fail_msg("%s: got %s", row[i].name, seen);
	}
}

/* A line has 1,024 bytes at most, and never half a character. */
static void test_long(void **state)
{
	(void)state;
	char value[2000];
	memset(value, 'a', sizeof(value));
	log_open("p");
	for (size_t len = 1015; len <= 1030; len++) {
		value[len] = '\0';
		capture();
		log_info("%s", value);
		size_t n = captured();
		assert_int_equal(n, len + 4 < 1024 ? len + 4 : 1024);
		assert_int_equal(seen[n - 1], '\n');
		assert_null(memchr(seen, '\n', n - 1));
		value[len] = 'a';
	}
	for (size_t at = 1014; at <= 1022; at++) {
		memset(value, 'a', sizeof(value));
		memcpy(value + at, "€", 3);
		value[1500] = '\0';
		capture();
		log_info("%s", value);
		size_t n = captured();
		/* 3 of prefix, 1,020 of value, 1 line feed; the character is whole or not there. */
		size_t want = at + 3 <= 1020 || at >= 1020 ? 1024 : 3 + at + 1;
		assert_int_equal(n, want);
		assert_null(memchr(seen, '?', n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
