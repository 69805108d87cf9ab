/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/csv.h: the lines of an imported file as fields, and the columns that must not be there.
 *
 * Pure: works on bytes in memory and in the caller's struct, which is large (keep it off the stack of
 * a thread that has little). What the fields mean is the register's import. Source: contract,
 * files.md (first paragraph); domain.md section 7, rule 2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CSV_COLUMNS_MAX 128 /* a package's pupil export has up to 80 */
#define CSV_ROW_MAX 16384 /* bytes of one row as UTF-8; bounds a quote that never ends */
#define CSV_ROWS_MAX 100000 /* a hundred large schools */
#define CSV_REASON_MAX 160 /* bytes with the zero */

struct csv {
	const unsigned char *bytes; /* borrowed until the last csv_next() */
	size_t len, pos;
	bool windows_1252; /* else UTF-8 */
	char separator;
	long next_line; /* of the file, 1 and up */
	long n_rows; /* read so far, without the header */
	size_t n_columns; /* of the header */

	long line; /* on which the present row began */
	size_t n_fields; /* as many as the header has; what a row leaves out at its end is "" */
	const char
		*field[CSV_COLUMNS_MAX]; /* UTF-8, no control characters, trimmed unless quoted */
	char text[CSV_ROW_MAX];
	size_t used;

	/* Why it was refused. No value of the file is in it but a column's name. */
	long error_line; /* 0: the file as a whole */
	int error_column; /* 1 and up; 0: the whole line */
	char reason[CSV_REASON_MAX];
};

/* Names are compared by their letters and digits alone, without regard to case and accents: "Pupil ID" is
 * pupil_id. */
struct csv_column {
	const char *name; /* as the contract has it; the first that is looked for */
	bool required;
	const char *const
		*also; /* other names for it, in the order in which they are looked for, ended
		by NULL: lower case, letters and digits; NULL: none */
};

/**
 * csv_open() - look at the encoding, find the separator, read the header into @csv->field.
 * @bytes: @len bytes, borrowed
 * Return: 0, or -1 with error_line, error_column and reason.
 */
int csv_open(struct csv *csv, const void *bytes, size_t len);

/**
 * csv_bind() - where the wanted columns stand; right after csv_open().
 * @ret_index: @n indexes into csv->field, -1 for an optional one that isn't there
 *
 * Of several names for one column the first of the list counts, the others are further columns. Refuses
 * a forbidden column by its name, a name that stands twice, a required column that is missing.
 * Return: 0 or -1 with the error.
 */
int csv_bind(struct csv *csv, const struct csv_column *column, size_t n, int *ret_index);

/** csv_next() - the next row; empty lines are passed over.
 * Return: 1; 0 at the end; -1 with the error. */
int csv_next(struct csv *csv);

/** csv_refuse() - set the error to the present row. @column: index into field, -1: the whole row.
 * @reason: copied. Return: -1. */
int csv_refuse(struct csv *csv, int column, const char *reason);

/** csv_is_forbidden() - a header that names a national number, a birth date or an address, in the
 * spellings that Dutch, French, German and English exports use. An e-mail address is none. */
bool csv_is_forbidden(const char *header);
