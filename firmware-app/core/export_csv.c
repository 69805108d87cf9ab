/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/export_csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/checkin.h"
#include "core/halfday.h"

#define CELLS_MAX 64 /* the cells that are no free text, together */

static const char head[] = "\xef\xbb\xbf"
			   "date;half;pupil_id;last_name;first_name;class;mark;code;arrived;"
			   "minutes_late\r\n";

int export_csv_begin(sink_fn *sink, void *ctx)
{
	return sink(ctx, head, sizeof(head) - 1);
}

static bool would_run(const char *text)
{
	return text[0] && strchr("=+-@\t\r", text[0]);
}

static int put(sink_fn *sink, void *ctx, const char *text)
{
	size_t len = strlen(text);
	return len ? sink(ctx, text, len) : 0;
}

/* A quote inside is written twice: each piece up to and including it, then it again. */
static int put_quoted(const char *text, sink_fn *sink, void *ctx)
{
	for (const char *quote = strchr(text, '"'); quote; quote = strchr(text, '"')) {
		int err = sink(ctx, text, (size_t)(quote - text) + 1);
		if (!err)
			err = put(sink, ctx, "\"");
		if (err)
			return err;
		text = quote + 1;
	}
	return put(sink, ctx, text);
}

int export_csv_text(const char *text, sink_fn *sink, void *ctx)
{
	bool quoted = strpbrk(text, ";\"\r\n") != NULL;
	const char *open = quoted ? "\"" : "";
	int err = put(sink, ctx, open);
	if (!err && would_run(text))
		err = put(sink, ctx, "'");
	if (!err)
		err = put_quoted(text, sink, ctx);
	return err ? err : put(sink, ctx, open);
}

static int put_names(const struct export_csv_row *row, sink_fn *sink, void *ctx)
{
	const char *const cells[] = { row->last_name, row->first_name, row->class_name };
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		int err = export_csv_text(cells[i], sink, ctx);
		if (!err)
			err = put(sink, ctx, ";");
		if (err)
			return err;
	}
	return 0;
}

/* The mark's own - is data and stays as it is: no spreadsheet runs it alone. */
static const char *mark_cell(enum mark_value mark)
{
	switch (mark) {
	case MARK_PRESENT:
		return "|";
	case MARK_LATE:
		return "L";
	case MARK_ABSENT:
	case MARK_UNCONFIRMED:
		return "-";
	case MARK_EXCUSED:
	case MARK_NONE:
	case MARK_AWAITED:
		break;
	}
	return "";
}

static int put_marks(const struct export_csv_row *row, sink_fn *sink, void *ctx)
{
	char arrived[CIVIL_CLOCK_TEXT] = "";
	char minutes[12] = "";
	if (row->arrived_s >= 0)
		civil_format_clock(row->arrived_s, arrived);
	if (row->mark == MARK_LATE)
		snprintf(minutes, sizeof(minutes), "%d", row->minutes_late);
	char cells[CELLS_MAX];
	snprintf(cells, sizeof(cells), "%s;%.1s;%s;%s\r\n", mark_cell(row->mark),
		(const char[]){ row->code, '\0' }, arrived, minutes);
	return put(sink, ctx, cells);
}

int export_csv_row(const struct export_csv_row *row, sink_fn *sink, void *ctx)
{
	if (row->mark == MARK_NONE)
		return 0;
	char pupil[11];
	char cells[CELLS_MAX];
	checkin_pupil_format(row->pupil, pupil);
	snprintf(cells, sizeof(cells), "%02d/%02d/%04d;%s;%s;", row->date.day, row->date.month,
		row->date.year, halfday_word(row->half), pupil);
	int err = put(sink, ctx, cells);
	if (!err)
		err = put_names(row, sink, ctx);
	return err ? err : put_marks(row, sink, ctx);
}
