/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * X1: what a thief finds on the data partitions: no card, no key, and of names only the cache that a gate needs.
 *
 * The bytes themselves are searched, so that what SQLite has freed but not wiped, WALs and copies count too. A first
 * name in the gate's cache is the proof that the search can find anything. What is readable all the same is compared, field
 * by field, with the list in the privacy note (stolen_note.py).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/card.h"
#include "e2e/school.h"
#include "sys/file.h"
#include "unit/unit.h"

#define FILE_MAX_BYTES (64 * 1024 * 1024)
#define CARD_STRANGER "0a1b2c3d4e5f60"

struct search {
	const char *what;
	unsigned char bytes[64];
	size_t len;
};

/* In how many files of a folder these bytes are. */
static int files_with(const char *folder, const struct search *search)
{
	DIR *d = opendir(folder);
	char path[512];
	int n = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		struct stat st;
		char *bytes;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			continue;
		int64_t len = file_read(path, FILE_MAX_BYTES, &bytes);
		if (len < 0)
			fail_msg("%s can't be read", path);
		n += memmem(bytes, (size_t)len, search->bytes, search->len) != NULL;
		free(bytes);
	}
	closedir(d);
	return n;
}

static void text(struct search *search, const char *what)
{
	search->what = what;
	search->len = strlen(what);
	memcpy(search->bytes, what, search->len);
}

static void nowhere(struct stage *s, const struct search *search)
{
	static const char *const units[] = { "gate-1", "register" };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (files_with(stage_path(s, "%s-state", units[i]), search) > 0)
			fail_msg("%s is on the disk of %s", search->what, units[i]);
}

/* As hex of either case, and as the bytes that a reader gives. */
static void no_uid(struct stage *s, const char *uid)
{
	struct search search;
	uint8_t raw[CARD_UID_MAX];
	int len = card_parse_uid(uid, raw);

	assert_true(len > 0);
	text(&search, uid);
	nowhere(s, &search);
	for (size_t i = 0; i < search.len; i++)
		if (search.bytes[i] >= 'a')
			search.bytes[i] = (unsigned char)(search.bytes[i] - 'a' + 'A');
	nowhere(s, &search);
	memcpy(search.bytes, raw, (size_t)len);
	search.len = (size_t)len;
	nowhere(s, &search);
}

static void no_key(struct stage *s)
{
	struct search search = { .what = "the card key" };
	char *key;
	int64_t len = file_read(stage_path(s, "card.key"), 64, &key);

	assert_int_equal(len, 32);
	memcpy(search.bytes, key, 32);
	search.len = 32;
	nowhere(s, &search);
	/* Nor a part of it, as an index or a log might keep. */
	search.len = 8;
	nowhere(s, &search);
	free(key);
}

static void taps(struct stage *s)
{
	static const struct {
		const char *uid;
		enum wire_view_result want;
	} row[] = {
		{ CARD_NOOR, WIRE_RESULT_PRESENT },
		{ CARD_YASSINE, WIRE_RESULT_PRESENT },
		{ CARD_MARIE, WIRE_RESULT_PRESENT },
		{ CARD_AN, WIRE_RESULT_UNKNOWN_CARD },
		{ CARD_STRANGER, WIRE_RESULT_UNKNOWN_CARD },
		{ "08112233", WIRE_RESULT_REFUSED_CARD },
	};
	struct stage_client *reader = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	struct stage_client *views = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);

	stage_send_text(s, reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	school_wait_status(s, "gate-1", "cards", 5);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		size_t from = stage_views(views);
		stage_tap(s, reader, row[i].uid);
		(void)stage_wait_view(s, views, from, WIRE_VIEW_RESULT, row[i].want);
	}
	stage_disconnect(s, reader);
	stage_disconnect(s, views);
}

/* broker-config/it/privacy.md names what is there, all of it, and nothing else. */
static void as_the_note_says(struct stage *s)
{
	char gate[256], reg[256];

	(void)snprintf(gate, sizeof(gate), "%s", stage_path(s, "gate-1-state"));
	(void)snprintf(reg, sizeof(reg), "%s", stage_path(s, "register-state"));
	struct stage_program *p = stage_start(s, "/usr/bin/python3", NULL,
		(const char *const[]){
			"-B", TEST_SOURCE_DIR "/tests/e2e/stolen_note.py", gate, reg, NULL },
		NULL);
	if (stage_wait_exit(s, p) != 0)
		fail_msg("the privacy note and the disks differ:\n%s", stage_text(p));
	stage_forget(s, p);
}

static void x1_a_stolen_disk_tells_no_card(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	stage_clock(s, "2026-11-23T08:00:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, NULL);

	taps(s);
	school_wait_status(s, "gate-1", "confirmed_seq", 5);
	/* While they run, with the WAL, and as they are left. */
	for (int stopped = 0; stopped < 2; stopped++) {
		static const char *const uids[] = { CARD_NOOR, CARD_YASSINE, CARD_ELIF, CARD_MARIE,
			CARD_AN, CARD_STRANGER, "08112233" };
		struct search name;
		if (stopped) {
			stage_stop(s, kiosk);
			stage_stop(s, reg);
		}
		for (size_t i = 0; i < ARRAY_LEN(uids); i++)
			no_uid(s, uids[i]);
		no_key(s);
		text(&name, "Yassine"); /* the cache, and the proof that bytes are found */
		assert_true(files_with(stage_path(s, "gate-1-state"), &name) > 0);
		text(&name, "Peeters"); /* register.gate_names = first */
		assert_int_equal(files_with(stage_path(s, "gate-1-state"), &name), 0);
		assert_true(files_with(stage_path(s, "register-state"), &name) > 0);
	}
	as_the_note_says(s);
	stage_close(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(x1_a_stolen_disk_tells_no_card),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
