/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/import.h: a school's CSV files into the database, all or nothing.
 *
 * A file is read and checked whole before a row is written; what is wrong is told by file, line and
 * column. A card's UID is hashed as its field is read, and is in no message. Source: contract,
 * files.md, commands.md (import); domain.md R21, R27; faults.md D4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/roster.h"
#include "store/register_store.h"
#include "sys/secret.h"

#define IMPORT_FILE_MAX (32 * 1024 * 1024) /* bytes; 100,000 rows of 300 */
#define IMPORT_REASON_MAX 200
#define IMPORT_WARNINGS_MAX 100 /* classes without lessons that are named */
#define IMPORT_CLASSES_MAX 200 /* that appear or disappear and are named: of a school all */

enum import_what {
	IMPORT_NOTHING,
	IMPORT_PUPILS,
	IMPORT_TIMETABLE,
	IMPORT_CALENDAR,
	IMPORT_EXCUSED,
	IMPORT_CARDS,
};

struct import_order {
	enum import_what what;
	bool remove_missing; /* pupils, excused: who isn't in the file goes */
	int64_t now_ms;
	const struct roster *roster; /* as the database has it now; borrowed */
	const struct secret_key *key; /* for cards */
};

enum import_end {
	IMPORT_DONE,
	IMPORT_REFUSED, /* line, column, column_name, reason */
	IMPORT_FAILED, /* err: a store_err */
};

/* Large: keep it off the stack. */
struct import_result {
	enum import_end end;
	int err;
	long rows, added, changed, removed, unchanged;
	/* Of pupils alone: who is new (as many as `added`), in another class, gone (`removed`). */
	size_t n_moved;
	int64_t came[ROSTER_PUPILS_MAX], moved[ROSTER_PUPILS_MAX], left[ROSTER_PUPILS_MAX];
	size_t n_classes_new, n_classes_gone;
	char classes_new[IMPORT_CLASSES_MAX][TIMETABLE_CLASS_MAX]; /* in order of name */
	char classes_gone[IMPORT_CLASSES_MAX][TIMETABLE_CLASS_MAX];
	size_t n_warnings;
	char warnings[IMPORT_WARNINGS_MAX][IMPORT_REASON_MAX];
	long line; /* of the file, 1 is the header; 0: the file as a whole */
	int column; /* 1 and up; 0: the whole line */
	char column_name[40]; /* "" none */
	char reason[IMPORT_REASON_MAX];
};

/** import_what_parse() - "pupils" …; IMPORT_NOTHING for anything else, NULL included. */
enum import_what import_what_parse(const char *word);

/** import_what_word() - its reverse, "" for IMPORT_NOTHING. */
const char *import_what_word(enum import_what what);

/**
 * import_run() - read, check, compare, and write within the caller's transaction.
 * @bytes: the file, @len bytes
 *
 * But for IMPORT_DONE the caller rolls back: some rows may have been written. A dry run is rolled back
 * as well, so that it can't promise what the import would refuse.
 */
void import_run(struct register_store *s, const struct import_order *order, const void *bytes,
	size_t len, struct import_result *ret_result);

/** import_warn_classes() - name the classes that have pupils and no lessons at all, or none on a weekday
 * on which other pupils have some. */
void import_warn_classes(const struct roster *roster, struct import_result *result);

/** import_compare_classes() - which classes have pupils now and had none, and the other way round.
 * Return: 0 or STORE_ERR_MEMORY. */
int import_compare_classes(
	const struct roster *before, const struct roster *after, struct import_result *result);
