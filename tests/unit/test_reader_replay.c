/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The recording as a driver, and what every driver but libnfc's promises: the table of reader.h
 * held against it.
 */
#include "reader/replay.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "unit/unit.h"

static const struct {
	const char *text;
	bool good;
	enum replay_kind kind;
	int64_t at_ms;
	size_t len;
	int sak, atqa;
} row[] = {
	{ "", true, REPLAY_HEADER, 0, 0, 0, 0 },
	{ "# Device: PN532", true, REPLAY_HEADER, 0, 0, 0, 0 },
	{ "   ", true, REPLAY_HEADER, 0, 0, 0, 0 },
	{ "0 empty", true, REPLAY_EMPTY, 0, 0, 0, 0 },
	{ "17 error", true, REPLAY_ERROR, 17, 0, 0, 0 },
	{ "5 present 01020304", true, REPLAY_PRESENT, 5, 4, -1, -1 },
	{ "5 present 04A1b2c3d4e5f6", true, REPLAY_PRESENT, 5, 7, -1, -1 },
	{ "5\tpresent  04a1b2c3d4e5f6:20:0344", true, REPLAY_PRESENT, 5, 7, 0x20, 0x344 },
	{ "5 present 0102030405060708090a:00:0084", true, REPLAY_PRESENT, 5, 10, 0, 0x84 },
	{ "86400000 empty", true, REPLAY_EMPTY, 86400000, 0, 0, 0 },
	{ "86400001 empty", false, 0, 0, 0, 0, 0 },
	{ "99999999999999999999 empty", false, 0, 0, 0, 0, 0 },
	{ "-1 empty", false, 0, 0, 0, 0, 0 },
	{ "empty", false, 0, 0, 0, 0, 0 },
	{ "5", false, 0, 0, 0, 0, 0 },
	{ "5 gone", false, 0, 0, 0, 0, 0 },
	{ "5 empty now", false, 0, 0, 0, 0, 0 },
	{ "5 present", false, 0, 0, 0, 0, 0 },
	{ "5 present 010203", false, 0, 0, 0, 0, 0 },
	{ "5 present 0102030405", false, 0, 0, 0, 0, 0 },
	{ "5 present 0102030g", false, 0, 0, 0, 0, 0 },
	{ "5 present 0102030", false, 0, 0, 0, 0, 0 },
	{ "5 present 01020304:20", false, 0, 0, 0, 0, 0 },
	{ "5 present 01020304:20:034", false, 0, 0, 0, 0, 0 },
	{ "5 present 01020304:20-0344", false, 0, 0, 0, 0, 0 },
	{ "5 present 01020304:2x:0344", false, 0, 0, 0, 0, 0 },
	{ "5 present 0102030405060708090a0b", false, 0, 0, 0, 0, 0 },
	{ "5 present 01020304:20:0344 twice", false, 0, 0, 0, 0, 0 },
};

static void test_every_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct replay_line line = { .kind = REPLAY_ERROR, .at_ms = -7 };
		/* On the heap and without an end, so that a read past it is seen. */
		size_t len = strlen(row[i].text);
		char *text = malloc(len ? len : 1);
		assert_non_null(text);
		memcpy(text, row[i].text, len);
		const char *reason = replay_parse(text, len, &line);
		free(text);
		if ((reason == NULL) != row[i].good)
			fail_msg("\"%s\": %s", row[i].text, reason ? reason : "taken");
		if (reason) { /* untouched on failure */
			assert_int_equal(line.at_ms, -7);
			continue;
		}
		if (line.kind != row[i].kind || line.at_ms != row[i].at_ms ||
			line.card.len != row[i].len || line.card.sak != row[i].sak ||
			line.card.atqa != row[i].atqa)
			fail_msg("\"%s\": read as something else", row[i].text);
	}
	static char longest[REPLAY_LINE_MAX + 2];
	struct replay_line line;
	memset(longest, '#', sizeof(longest) - 1);
	assert_null(replay_parse(longest, REPLAY_LINE_MAX, &line));
	assert_non_null(replay_parse(longest, REPLAY_LINE_MAX + 1, &line));
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Opened long after its start all times are due, so each look tells the next line: no clock is
 * waited for. */
static void test_a_line_a_look(void **state)
{
	static const char session[] = "# Device: invented\n# Shows: two cards, an error\n\n"
				      "100 empty\n110 present 01020304\n120 present 05060708\n"
				      "130 error\n140 present 01020304:08:0004\n150 empty";
	char path[] = "/tmp/schoolpoort-replay-XXXXXX", connstring[64];
	struct reader r = { .driver = &reader_replay, .started_us = clock_mono_us() };
	struct reader_card card = { 0 };

	(void)state;
	write_file(path, session);
	(void)snprintf(connstring, sizeof(connstring), "replay:%s", path);
	assert_ptr_equal(r.driver, &reader_replay);
	assert_int_equal(r.driver->open(&r, connstring), 0);
	assert_int_equal(r.driver->look(&r, &card), 0); /* before its first line */
	r.started_us -= 3600000000;
	assert_int_equal(r.driver->look(&r, &card), 0); /* 100 empty */
	assert_int_equal(r.driver->look(&r, &card), 1);
	assert_int_equal(card.uid[0], 1);
	assert_int_equal(r.driver->look(&r, &card), 1);
	assert_int_equal(card.uid[0], 5);
	assert_int_equal(r.driver->look(&r, &card), READER_ERR_IO);
	assert_string_not_equal(r.reason, "");
	assert_int_equal(r.driver->look(&r, &card), 1);
	assert_int_equal(card.sak, 8);
	assert_int_equal(card.atqa, 4);
	for (int i = 0; i < 3; i++) /* the last line lasts */
		assert_int_equal(r.driver->look(&r, &card), 0);
	r.driver->close(&r);
	/* Opened again it goes on where the time is, and tells nothing twice. */
	assert_int_equal(r.driver->open(&r, connstring), 0);
	assert_int_equal(r.driver->look(&r, &card), 0);
	r.driver->close(&r);
	unlink(path);
}

static void test_bad_recordings(void **state)
{
	static const struct {
		const char *text, *line;
	} bad[] = {
		{ "", "" },
		{ "# Device: none\n", "" },
		{ "5 empty\n4 empty\n", ":2:" },
		{ "5 empty\n\n6 gone\n", ":3:" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char path[] = "/tmp/schoolpoort-replay-XXXXXX", connstring[64];
		struct reader r = { .driver = &reader_replay };
		write_file(path, bad[i].text);
		(void)snprintf(connstring, sizeof(connstring), "replay:%s", path);
		int err = r.driver->open(&r, connstring);
		unlink(path);
		if (err != READER_ERR_USAGE || !strstr(r.reason, bad[i].line) || r.state)
			fail_msg("%s: %d %s", bad[i].text, err, r.reason);
	}
}

static const struct {
	const struct reader_driver *driver;
	const char *wrong, *missing;
	int wrong_err, missing_err;
} promise[] = {
	{ &reader_replay, "replay:", "replay:/nonexistent/session", READER_ERR_USAGE,
		READER_ERR_USAGE },
	{ &reader_template, "other:x", "template:/nonexistent/tty", READER_ERR_USAGE,
		READER_ERR_ABSENT },
};

static void test_every_driver(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(promise); i++) {
		const struct reader_driver *d = promise[i].driver;
		struct reader r = { .driver = d };
		assert_true(d->name && d->open && d->look && d->ping && d->close);
		d->close(&r); /* never opened */
		assert_int_equal(d->open(&r, promise[i].wrong), promise[i].wrong_err);
		assert_string_not_equal(r.reason, "");
		assert_int_equal(d->open(&r, promise[i].missing), promise[i].missing_err);
		assert_null(r.state);
		d->close(&r);
		d->close(&r);
	}
}

/* The template does what its comments say, or newcomers copy a mistake. */
static void test_template(void **state)
{
	static const struct {
		const char *sent;
		int want;
	} line[] = {
		{ "\n", 0 },
		{ "01020304\n", 1 },
		{ "04a1b2c3d4e5f6\n", 1 },
		{ "0102030\n", READER_ERR_IO },
		{ "0102030x\n", READER_ERR_IO },
		{ "0102030405060708090a\n", 1 },
	};
	char folder[] = "/tmp/schoolpoort-template-XXXXXX", path[64], connstring[80];
	struct reader r = { .driver = &reader_template };
	struct reader_card card;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/fifo", folder);
	(void)snprintf(connstring, sizeof(connstring), "template:%s", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(r.driver->open(&r, connstring), 0);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_LEN(line); i++) {
		assert_true(write(fd, line[i].sent, strlen(line[i].sent)) > 0);
		if (r.driver->look(&r, &card) != line[i].want)
			fail_msg("%s", line[i].sent);
	}
	assert_int_equal(r.driver->ping(&r), 0);
	assert_int_equal(r.driver->look(&r, &card), READER_ERR_TIMEOUT);
	close(fd);
	assert_int_equal(r.driver->look(&r, &card), READER_ERR_LOST);
	r.driver->close(&r);
	assert_int_equal(r.driver->ping(&r), READER_ERR_LOST);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_line),
		cmocka_unit_test(test_a_line_a_look),
		cmocka_unit_test(test_bad_recordings),
		cmocka_unit_test(test_every_driver),
		cmocka_unit_test(test_template),
	};

	return cmocka_run_group_tests_name("reader_replay", tests, NULL, NULL);
}
