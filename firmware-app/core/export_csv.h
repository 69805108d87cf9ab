/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/export_csv.h: half days as CSV for WISA, Smartschool or a spreadsheet.
 *
 * Pure: writes through a sink. `;`, UTF-8 with BOM, CRLF, dates DD/MM/YYYY, and no cell that a
 * spreadsheet would run. Source: contract, files.md (CSV export); domain.md section 5, R20.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/mark.h"
#include "core/sink.h"
#include "core/timetable.h"

/* One line. Texts are UTF-8, borrowed for the call, never NULL. */
struct export_csv_row {
	struct civil_date date;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	int64_t pupil; /* 1..9999999999 */
	const char *last_name, *first_name, *class_name;
	enum mark_value mark; /* | L -; excused and what is still open leave the cell empty */
	char code; /* what a person entered; 0: none */
	int arrived_s; /* seconds of the local day, written as HH:MM; negative: no tap */
	int minutes_late; /* written with MARK_LATE alone */
};

/** export_csv_begin() - byte order mark and header line. Return: 0, or what the sink refused with. */
int export_csv_begin(sink_fn *sink, void *ctx);

/** export_csv_row() - one line; a half day without lessons (MARK_NONE) has none.
 * Return: 0, or what the sink refused with; a line may then be there in part. */
int export_csv_row(const struct export_csv_row *row, sink_fn *sink, void *ctx);

/**
 * export_csv_text() - one cell of text, as export_csv_row() writes names.
 *
 * From = + - @ tab or CR it gets a leading ' ; with ; " CR or LF in it, it is quoted, quotes doubled.
 * Return: 0, or what the sink refused with.
 */
int export_csv_text(const char *text, sink_fn *sink, void *ctx);
