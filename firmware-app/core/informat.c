/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/informat.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/checkin.h"
#include "core/code.h"

#define LATE 'L'
#define HEAD_MAX 16 /* "300118T1", CRLF, and room that the compiler can see */

static const char *const file_words[] = { "absent", "late", "coded" };
static const char coded_blocks[] = "BDRZ"; /* L has a file of its own */

/* The block to which a row belongs: a code, '-' for none, 0 where it stands nowhere. */
char informat_exported(const struct informat_row *row)
{
	if (row->code)
		return code_informat_takes(row->code) ? row->code : (char)0;
	if (row->mark == MARK_LATE)
		return LATE;
	return mark_is_missing(row->mark) ? INFORMAT_UNKNOWN : (char)0;
}

enum informat_left informat_left_of(const struct informat_row *row)
{
	if (informat_exported(row))
		return INFORMAT_LEFT_NOT;
	if (row->code)
		return INFORMAT_LEFT_CODE;
	if (!row->exported)
		return INFORMAT_LEFT_NOT;
	return mark_is_in(row->mark) ? INFORMAT_LEFT_PRESENT : INFORMAT_LEFT_CLEARED;
}

/* "300118T1": two digits of the year, as the format has them. @ret_head: HEAD_MAX bytes */
static void format_head(const struct informat_half *half, const char *between, char *ret_head)
{
	int slot = half->half == HALFDAY_PM ? half->slots.pm : half->slots.am;
	assert(half->half != HALFDAY_NONE && slot >= 1 && slot <= 9);
	assert(civil_date_valid(half->date));
	snprintf(ret_head, HEAD_MAX, "%02u%02u%02u%sT%u", (unsigned)half->date.day % 100U,
		(unsigned)half->date.month % 100U, (unsigned)half->date.year % 100U, between,
		(unsigned)slot % 10U);
}

void informat_file_name(enum informat_file file, const struct informat_half *half, char *ret_name)
{
	char head[HEAD_MAX];
	format_head(half, "-", head);
	snprintf(ret_name, INFORMAT_NAME_MAX, "%s-%s.txt", file_words[file], head);
}

static int put_line(sink_fn *sink, void *ctx, const char *text)
{
	char line[HEAD_MAX + 2];
	int n = snprintf(line, sizeof(line), "%s\r\n", text);
	return sink(ctx, line, (size_t)n);
}

static int put_head(const struct informat_half *half, char block, sink_fn *sink, void *ctx)
{
	char text[HEAD_MAX];
	format_head(half, "", text);
	int err = put_line(sink, ctx, text);
	if (err || block == INFORMAT_UNKNOWN)
		return err;
	return put_line(sink, ctx, (const char[]){ block, '\0' });
}

static long write_block(char block, const struct informat_half *half,
	const struct informat_row *rows, size_t n_rows, sink_fn *sink, void *ctx)
{
	long n = 0;
	for (size_t i = 0; i < n_rows; i++) {
		if (informat_exported(&rows[i]) != block)
			continue;
		char pupil[11];
		checkin_pupil_format(rows[i].pupil, pupil);
		int err = 0;
		if (sink && n == 0)
			err = put_head(half, block, sink, ctx);
		if (sink && !err)
			err = put_line(sink, ctx, pupil);
		if (err)
			return err;
		n++;
	}
	return n;
}

static const char *blocks_of(enum informat_file file)
{
	switch (file) {
	case INFORMAT_ABSENT:
		return "-";
	case INFORMAT_LATE:
		return "L";
	case INFORMAT_CODED:
		break;
	}
	return coded_blocks;
}

long informat_write(enum informat_file file, const struct informat_half *half,
	const struct informat_row *rows, size_t n_rows, sink_fn *sink, void *ctx)
{
	long sum = 0;
	for (const char *block = blocks_of(file); *block; block++) {
		long n = write_block(*block, half, rows, n_rows, sink, ctx);
		if (n < 0)
			return n;
		sum += n;
	}
	return sum;
}
