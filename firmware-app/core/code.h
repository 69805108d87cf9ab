/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/code.h: the codes of absence: the official ones, the schools' internal ones, what they become.
 *
 * Pure. A code is a judgement: a person enters it, or it comes from the school's package. Nothing in
 * this project derives one from taps (core/mark.h has the marks). The table is data: every look-up
 * takes rows, so that a school year with other codes needs other rows and no other program.
 * Source: domain.md section 2 (AgODi, aan- en afwezigheidscodes; edulex 13138), section 11, R5.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum code_group {
	CODE_GROUP_NONE, /* says nothing of an absence: |, -, L, and codes that are history */
	CODE_NURSERY, /* afwezigheid kleuters */
	CODE_LAWFUL, /* van rechtswege gewettigd */
	CODE_AGREED, /* met akkoord directie */
	CODE_PROBLEMATIC, /* problematisch */
};

/* What a package makes of it for Discimus, which Schoolpoort itself never talks to. */
enum code_sent {
	CODE_SENT_NOTHING,
	CODE_SENT_AS, /* another code or the same: code_row.becomes */
	CODE_SENT_OPEN, /* not confirmed; domain.md section 11 */
};

/* Bits of code_row.uses */
enum {
	CODE_USE_OFFICIAL = 1, /* one of the seven; import excused takes it */
	CODE_USE_SECONDARY = 2, /* in ordinary secondary education */
	CODE_USE_SPECIAL = 4, /* in special secondary education (BuSO) */
	CODE_USE_COMMAND = 8, /* command.json, set_code */
	CODE_USE_INFORMAT = 16, /* Informat's absence import; files.md */
};

/* One code during some school years. Of a letter several rows may stand, for other years. */
struct code_row {
	char letter;
	enum code_group group;
	enum code_sent sent;
	char becomes; /* with CODE_SENT_AS */
	int from_year,
		to_year; /* school years by their first calendar year, both included; 0: no bound */
	unsigned uses;
};

extern const struct code_row code_shipped[]; /* the table as it stands since 1 September 2019 */
extern const size_t code_n_shipped;

/** code_find() - a letter's row in a school year, the first of several; NULL: not known then.
 * @rows: @n_rows, borrowed; @school_year: as civil_school_year() gives it */
const struct code_row *code_find(
	const struct code_row *rows, size_t n_rows, char letter, int school_year);

/* Which way a code comes in; each takes others. */
enum code_way {
	CODE_WAY_COMMAND, /* set_code of a care/command */
	CODE_WAY_IMPORT, /* column code of import excused: an official one, for secondary schools */
};

enum code_verdict {
	CODE_TAKEN,
	CODE_REFUSED_UNKNOWN, /* no such code, in any year */
	CODE_REFUSED_YEAR, /* there is one, but not in this school year */
	CODE_REFUSED_WAY, /* known, but not one that comes in by this way */
};

/**
 * code_check() - whether a code may come in.
 *
 * H is taken everywhere: which schools are special ones is no setting, and the package checks it.
 * Source: contract, command.json (code), files.md (excused); R5: an unknown code is refused.
 */
enum code_verdict code_check(const struct code_row *rows, size_t n_rows, char letter,
	int school_year, enum code_way way);

/** code_is_excuse() - a half day with it is excused; B is an absence with a code, and no excuse.
 * @row: NULL gives false. Source: domain.md section 2, "Three layers". */
bool code_is_excuse(const struct code_row *row);

/** code_is_absence() - it says that the pupil was not in class, whatever the reason. @row: or NULL */
bool code_is_absence(const struct code_row *row);

/** code_discimus() - what a package sends for it, 0: nothing, or not confirmed. @row: or NULL */
char code_discimus(const struct code_row *row);

/** code_informat_takes() - B, D, L, R and Z: fixed by Informat's format, in every year.
 * Source: contract, files.md (Informat). */
bool code_informat_takes(char letter);
