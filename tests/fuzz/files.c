/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Files: configuration, a school's CSV exports through the whole import, recordings, and the small texts in them.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/card.h"
#include "core/civil.h"
#include "core/csv.h"
#include "core/uuid.h"
#include "fuzz/fuzz.h"
#include "reader/replay.h"
#include "register/import.h"
#include "register/look.h"
#include "sys/clock.h"
#include "sys/config.h"
#include "sys/file.h"
#include "unit/tempdir.h"

static void config_run(const uint8_t *bytes, size_t len)
{
	static struct config config;
	static char reason[CONFIG_REASON_MAX];
	char path[64];
	int fd = memfd_create("unit.conf", MFD_CLOEXEC);

	fuzz_promise(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(&config, 0x5a, sizeof(config));
	for (int program = CONFIG_READER; program <= CONFIG_CTL; program++) {
		reason[0] = '\0';
		if (config_load(path, (enum config_program)program, &config, reason) == 0)
			fuzz_promise(strlen(config.school_id) > 0 && strlen(config.unit_id) > 0 &&
				     config.broker_port > 0 && config.broker_port < 65536);
		else /* FILE:LINE: section.key: reason */
			fuzz_promise(strncmp(reason, path, strlen(path)) == 0);
	}
	close(fd);
}

/* The CSV reader alone: whatever it gives is text without control characters, within its limits. */
static void csv_run(const uint8_t *bytes, size_t len)
{
	static struct csv csv;
	int more;

	if (csv_open(&csv, bytes, len) != 0) {
		fuzz_promise(csv.reason[0]);
		return;
	}
	while ((more = csv_next(&csv)) == 1) {
		fuzz_promise(csv.n_fields <= CSV_COLUMNS_MAX);
		for (size_t i = 0; i < csv.n_fields; i++)
			for (const char *c = csv.field[i]; *c; c++)
				fuzz_promise((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
	fuzz_promise(more == 0 || csv.reason[0]);
}

static char folder[TEMPDIR_MAX];
static struct register_store *store;

static void close_store(void)
{
	register_store_close(store);
	tempdir_remove(folder);
}

static void import_bytes(enum import_what what, const void *bytes, size_t len, bool keep)
{
	static const struct civil_date today = { 2026, 11, 23 };
	static const struct secret_key key = { { 3 } };
	static struct import_result result;
	struct roster *roster;

	fuzz_promise(register_store_roster(store, today, 1, &roster) == 0);
	struct import_order order = { .what = what, .now_ms = 1000, .roster = roster, .key = &key };
	fuzz_promise(register_store_begin(store) == 0);
	import_run(store, &order, bytes, len, &result);
	if (result.end == IMPORT_REFUSED)
		fuzz_promise(result.reason[0] &&
			     memchr(result.reason, '\0', sizeof(result.reason)) &&
			     result.line >= 0 && result.column >= 0);
	/* A database that works fails for no file. */
	fuzz_promise(result.end != IMPORT_FAILED);
	(void)register_store_end(store, keep ? 0 : STORE_ERR_EXISTS);
	roster_destroy(roster);
}

static void open_store(void)
{
	static const char pupils[] = "pupil_id;last_name;first_name;class\n"
				     "1;Peeters;Noor;3A\n2;Yilmaz;Yassine;3A\n3;Claes;Marie;5B\n";
	static const char timetable[] = "class;weekday;half;start;end\n3A;mon;am;08:25;12:00\n";
	char path[TEMPDIR_PATH_MAX];

	fuzz_promise(tempdir_make(folder) == 0);
	snprintf(path, sizeof(path), "%s/register.db", folder);
	fuzz_promise(register_store_open(path, true, &store) == 0);
	atexit(close_store);
	import_bytes(IMPORT_PUPILS, pupils, sizeof(pupils) - 1, true);
	import_bytes(IMPORT_TIMETABLE, timetable, sizeof(timetable) - 1, true);
}

/* The first byte chooses the kind of file; rolled back, so that each input meets the same school. */
static void import_run_any(const uint8_t *bytes, size_t len)
{
	if (!store)
		open_store();
	if (len == 0)
		return;
	enum import_what what = (enum import_what)(IMPORT_PUPILS + bytes[0] % IMPORT_CARDS);
	import_bytes(what, bytes + 1, len - 1, false);
}

static void replay_run(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes, *end = text + len;

	for (const char *line = text; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((stop ? stop : end) - line);
		struct replay_line parsed;
		const char *why = replay_parse(line, n, &parsed);

		if (!why && parsed.kind == REPLAY_PRESENT)
			fuzz_promise(parsed.card.len <= CARD_UID_MAX && parsed.at_ms >= 0);
		line += n + 1;
	}
}

/* Dates, times, identifiers, the clock's own language: whatever is one text. */
static void text_run(const uint8_t *bytes, size_t len)
{
	static char text[FUZZ_INPUT_MAX + 1];
	struct civil_date date;
	struct clock clock;
	struct uuid uuid;
	struct card_hash hash;
	uint8_t uid[CARD_UID_MAX];
	const char *reason = NULL;
	int64_t ms;
	int s;

	memcpy(text, bytes, len);
	text[len] = '\0';
	if (civil_parse_date(text, &date) == 0)
		fuzz_promise(
			date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31);
	if (civil_parse_clock(text, &s) == 0)
		fuzz_promise(s >= 0 && s < 86400);
	(void)civil_parse_time(text, &ms);
	(void)uuid_parse(text, &uuid);
	(void)card_hash_parse(text, &hash);
	s = card_parse_uid(text, uid);
	fuzz_promise(s < 0 || s == 4 || s == 7 || s == 10);
	if (clock_init(&clock, text, false, &reason) != 0)
		fuzz_promise(reason && reason[0]);
}

/* What people wrote into the journal, taken apart to be shown: each field fits, and what is shown can be written. */
static void journal_run(const uint8_t *bytes, size_t len)
{
	static char text[FUZZ_INPUT_MAX + 1];
	struct wire_line line;
	char *about = text;

	memcpy(text, bytes, len);
	text[len] = '\0';
	char *detail = strchr(text, '\n'); /* two lines: about what, what */
	if (detail)
		*detail++ = '\0';
	struct register_store_line stored = { .at_ms = 1,
		.who = "ann",
		.what = "resolve",
		.about = about,
		.detail = detail ? detail : "" };
	look_line(&stored, &line);
	fuzz_promise(memchr(line.alert, '\0', sizeof(line.alert)));
	fuzz_promise(!*line.note || (detail && line.note > detail && line.note < text + len));
	fuzz_promise(
		line.half == HALFDAY_NONE || line.half == HALFDAY_AM || line.half == HALFDAY_PM);
	struct wire_page *page = wire_page_create((struct uuid){ { 1 } }, NULL);
	fuzz_promise(page);
	wire_page_set_days(page, 0, 0);
	fuzz_promise(wire_page_add_line(page, 0, &line));
	char *said = wire_page_close(page);
	fuzz_promise(said);
	free(said);
}

const struct fuzz_target fuzz_files[] = {
	{ "config", config_run },
	{ "csv", csv_run },
	{ "import", import_run_any },
	{ "replay", replay_run },
	{ "text", text_run },
	{ "journal", journal_run },
	{ NULL, NULL },
};
