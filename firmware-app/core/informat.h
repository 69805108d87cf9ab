/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/informat.h: a half day's absences as Informat imports them.
 *
 * Pure: writes through a sink. Blocks one after another: `DDMMYYTx`, a code or none, then a pupil
 * number a line; CRLF, no blank line. A file that would be empty is not written, and what the format
 * can't say is named, so that somebody puts it right by hand.
 * Source: contract, files.md (Informat) and sample/informat; domain.md section 5, R19.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/mark.h"
#include "core/sink.h"
#include "core/timetable.h"

#define INFORMAT_NAME_MAX 24 /* bytes with the zero: "absent-300118-T1.txt" */
#define INFORMAT_UNKNOWN '-' /* informat_row.exported: the pupil stood in an absent file */

/* export.informat_slots: a school may have changed Informat's own 1 and 6. */
struct informat_slots {
	int am, pm; /* 1..9 */
};

struct informat_half {
	struct civil_date date;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	struct informat_slots slots;
};

/* A pupil's half day; one row a pupil, since of two the last would win without a word. */
struct informat_row {
	int64_t pupil; /* 1..9999999999 */
	enum mark_value mark;
	char code; /* what a person entered; 0: none. It goes before the mark */
	char exported; /* what stood in the files last written: a code, L, '-'; 0: nothing */
};

enum informat_file {
	INFORMAT_ABSENT, /* absent-…: no code */
	INFORMAT_LATE, /* late-…: L */
	INFORMAT_CODED, /* coded-…: a block a code, in the order B, D, R, Z */
};

/* Why a row stands in no file although Informat should know. */
enum informat_left {
	INFORMAT_LEFT_NOT,
	INFORMAT_LEFT_CODE, /* its import doesn't take the code: P, H, M, internal ones */
	INFORMAT_LEFT_PRESENT, /* was exported as absent or late, and was in */
	INFORMAT_LEFT_CLEARED, /* was exported, and is excused without a code, or not expected at all */
};

/** informat_left_of() - whether a row must be named on output, and why. Unconfirmed is absent here: no
 * tap, reason unknown. */
enum informat_left informat_left_of(const struct informat_row *row);

/** informat_file_name() - "absent-300118-T1.txt". @ret_name: INFORMAT_NAME_MAX bytes */
void informat_file_name(enum informat_file file, const struct informat_half *half, char *ret_name);

/**
 * informat_write() - one of the three files.
 * @rows: @n_rows, written in this order within a block
 * @sink: called line by line, not at all for a file that would be empty; NULL: only count
 *
 * Return: how many pupils stand in it (0: write no file), or what the sink refused with.
 */
long informat_write(enum informat_file file, const struct informat_half *half,
	const struct informat_row *rows, size_t n_rows, sink_fn *sink, void *ctx);

/** informat_exported() - what to keep as `exported` once the files are written: a code, L, '-', or 0. */
char informat_exported(const struct informat_row *row);
