/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/export.h: half days out of the database as rows for Informat and as CSV.
 *
 * What a file looks like is core's (core/informat.h, core/export_csv.h); which half days stand in it
 * is here: the marks as they are kept, with the code that a person gave or that came with an excuse.
 * Pupils who have left are in it with their name and last class. Nothing is decided or changed.
 * Source: contract, files.md, commands.md (export); domain.md R19, R20, R23.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/informat.h"
#include "core/roster.h"
#include "core/sink.h"
#include "store/register_store.h"

#define EXPORT_DAYS_MAX 400 /* of one CSV: a school year, and never a slip of the year */

/**
 * export_informat_rows() - a half day's pupils for Informat: marks, codes, and what it was told before.
 * @roster: for excuses' codes; borrowed for the call
 * @ret_rows: by pupil, one each; for free()
 * Return: how many, or a store_err.
 */
long export_informat_rows(struct register_store *s, const struct roster *roster,
	const struct informat_half *half, struct informat_row **ret_rows);

/**
 * export_informat_keep() - remember what the files say, within the caller's transaction.
 *
 * A pupil who stands in none of them keeps what Informat was told last: it still has that, until
 * somebody puts it right there, and so the next export names the pupil again. Return: 0 or a store_err.
 */
int export_informat_keep(struct register_store *s, const struct informat_half *half,
	const struct informat_row *rows, size_t n_rows, int64_t now_ms);

/**
 * export_csv() - all half days from @from to @to, by date, half and pupil.
 * @zone: the school's, for the time of arrival
 * @sink: what it refuses with (negative) is returned as it is; the file is then there in part
 * @ret_rows: lines without the header
 * Return: 0, a store_err, or the sink's.
 */
int export_csv(struct register_store *s, const struct roster *roster, const struct civil_zone *zone,
	struct civil_date from, struct civil_date to, sink_fn *sink, void *ctx, long *ret_rows);
