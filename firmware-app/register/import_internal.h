/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/import_internal.h: what the files of the import share: one job, its fields, its refusals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/csv.h"
#include "register/import.h"

#define IMPORT_COLUMNS_MAX 8
#define IMPORT_NAME_CHARS_MAX 100 /* gates-data.json */
#define IMPORT_CLASS_CHARS_MAX 20

/* The work of one import. On the heap: a CSV reader is large. */
struct import_job {
	struct register_store *s;
	const struct import_order *order;
	struct import_result *result;
	struct csv csv;
	const struct csv_column *columns;
	int at[IMPORT_COLUMNS_MAX]; /* where the wanted columns stand, -1: not there */
	void *rows; /* of the kind's own type */
	size_t n, max;
	size_t n_read; /* lines of the file; n may grow past it where a line stands for several rows */
};

/* How each kind of file is read; the order of columns is that of its enum. */
struct import_kind {
	const char *word;
	const struct csv_column *columns;
	size_t n_columns;
	size_t row_size;
	size_t rows_max;
	int (*read)(struct import_job *job, void *row);
	int (*write)(struct import_job *job);
};

#define IMPORT_COLUMNS(c) (c), sizeof(c) / sizeof((c)[0])

extern const struct import_kind import_timetable; /* import_timetable.c */
extern const struct import_kind import_excused; /* import_excused.c */

/** import_refuse() - the present row. @column: of the kind's enum, -1: the whole row. Return: -1. */
int import_refuse(struct import_job *job, int column, const char *reason);
/** import_refuse_line() - the same for a row that was read before; 0: the file as a whole. */
int import_refuse_line(struct import_job *job, long line, int column, const char *reason);
/** import_field() - the present row's, "" where the column isn't there. */
const char *import_field(const struct import_job *job, int column);
/** import_read_text() - @chars_max: IMPORT_NAME_CHARS_MAX or IMPORT_CLASS_CHARS_MAX. Return: 0 or -1, refused. */
int import_read_text(
	struct import_job *job, int column, size_t chars_max, bool required, char *ret_text);
/** import_read_known_pupil() - of the roster. Return: 0 or -1, refused. */
int import_read_known_pupil(struct import_job *job, int column, int64_t *ret_pupil);
/** import_read_date() - all zero where empty. Return: 0 or -1, refused. */
int import_read_date(
	struct import_job *job, int column, bool required, struct civil_date *ret_date);
/** import_read_half() - HALFDAY_NONE where empty. Return: 0 or -1, refused. */
int import_read_half(struct import_job *job, int column, bool required, enum halfday *ret_half);
/** import_check_span() - @to not before @from, nor 400 days after. Return: 0 or -1, refused at @column. */
int import_check_span(
	struct import_job *job, int column, struct civil_date from, struct civil_date to);
/** import_more_rows() - room for one more row. Return: it, zeroed and counted, or NULL: no memory. */
void *import_more_rows(struct import_job *job, size_t row_size);
