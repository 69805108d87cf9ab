/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/code.h"

#define SINCE 2019 /* on 1 September 2019 seven codes took the place of twenty-three */

#define OFFICIAL CODE_USE_OFFICIAL
#define SCHOOLS (CODE_USE_SECONDARY | CODE_USE_SPECIAL)
#define SPECIAL CODE_USE_SPECIAL
#define COMMAND CODE_USE_COMMAND
#define INFORMAT CODE_USE_INFORMAT
#define AS(letter) CODE_SENT_AS, letter
#define NOTHING CODE_SENT_NOTHING, 0
#define OPEN CODE_SENT_OPEN, 0

const struct code_row code_shipped[] = {
	{ 'A', CODE_NURSERY, AS('A'), SINCE, 0, OFFICIAL },
	{ 'B', CODE_PROBLEMATIC, AS('B'), SINCE, 0, OFFICIAL | SCHOOLS | COMMAND | INFORMAT },
	{ 'H', CODE_AGREED, AS('H'), SINCE, 0, OFFICIAL | SPECIAL | COMMAND },
	{ 'M', CODE_LAWFUL, AS('M'), SINCE, 0, OFFICIAL | SCHOOLS | COMMAND },
	{ 'P', CODE_AGREED, AS('P'), SINCE, 0, OFFICIAL | SCHOOLS | COMMAND },
	{ 'R', CODE_LAWFUL, AS('R'), SINCE, 0, OFFICIAL | SCHOOLS | COMMAND | INFORMAT },
	{ 'Z', CODE_LAWFUL, AS('Z'), SINCE, 0, OFFICIAL | SCHOOLS | COMMAND | INFORMAT },
	/* The schools' own. D: illness with a medical attest, kept apart to count the parents' notes. */
	{ 'D', CODE_LAWFUL, AS('Z'), SINCE, 0, SCHOOLS | COMMAND | INFORMAT },
	{ 'T', CODE_LAWFUL, AS('R'), SINCE, 0, SCHOOLS }, /* definitieve uitsluiting */
	{ 'U', CODE_LAWFUL, AS('R'), SINCE, 0, SCHOOLS }, /* tijdelijke uitsluiting */
	{ 'Y', CODE_LAWFUL, AS('R'), SINCE, 0, SCHOOLS }, /* preventieve schorsing */
	{ 'C', CODE_LAWFUL, AS('R'), SINCE, 0, SCHOOLS }, /* top sport or arts */
	{ 'J', CODE_LAWFUL, AS('R'), SINCE, 0, SCHOOLS }, /* maternity leave */
	{ 'L', CODE_GROUP_NONE, NOTHING, 0, 0, SCHOOLS | INFORMAT }, /* te laat */
	{ '|', CODE_GROUP_NONE, NOTHING, 0, 0, SCHOOLS }, /* present */
	{ '-', CODE_GROUP_NONE, NOTHING, 0, 0, SCHOOLS }, /* absent, reason unknown */
	/* Smartschool's opvang and mourning: P most likely, not confirmed. */
	{ 'O', CODE_AGREED, OPEN, SINCE, 0, SCHOOLS },
	{ 'Q', CODE_AGREED, OPEN, SINCE, 0, SCHOOLS },
	/* History: internship on the school's and on a spread programme; the years of Covid. */
	{ 'W', CODE_GROUP_NONE, NOTHING, 0, SINCE - 1, SCHOOLS },
	{ 'G', CODE_GROUP_NONE, NOTHING, 0, SINCE - 1, SCHOOLS },
	{ 'N', CODE_GROUP_NONE, NOTHING, 2019, 2021, SCHOOLS },
	{ 'X', CODE_GROUP_NONE, NOTHING, 2019, 2021, SCHOOLS },
};

const size_t code_n_shipped = sizeof(code_shipped) / sizeof(code_shipped[0]);

static bool holds_in(const struct code_row *row, int school_year)
{
	return (!row->from_year || school_year >= row->from_year) &&
	       (!row->to_year || school_year <= row->to_year);
}

const struct code_row *code_find(
	const struct code_row *rows, size_t n_rows, char letter, int school_year)
{
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].letter == letter && holds_in(&rows[i], school_year))
			return &rows[i];
	return NULL;
}

static bool is_known(const struct code_row *rows, size_t n_rows, char letter)
{
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].letter == letter)
			return true;
	return false;
}

static bool comes_by(const struct code_row *row, enum code_way way)
{
	switch (way) {
	case CODE_WAY_COMMAND:
		return row->uses & CODE_USE_COMMAND;
	case CODE_WAY_IMPORT:
		return (row->uses & CODE_USE_OFFICIAL) && (row->uses & SCHOOLS);
	}
	return false;
}

enum code_verdict code_check(
	const struct code_row *rows, size_t n_rows, char letter, int school_year, enum code_way way)
{
	const struct code_row *row = code_find(rows, n_rows, letter, school_year);
	if (!row)
		return is_known(rows, n_rows, letter) ? CODE_REFUSED_YEAR : CODE_REFUSED_UNKNOWN;
	return comes_by(row, way) ? CODE_TAKEN : CODE_REFUSED_WAY;
}

bool code_is_excuse(const struct code_row *row)
{
	return row && (row->group == CODE_LAWFUL || row->group == CODE_AGREED);
}

bool code_is_absence(const struct code_row *row)
{
	return row && row->group != CODE_GROUP_NONE;
}

char code_discimus(const struct code_row *row)
{
	return row && row->sent == CODE_SENT_AS ? row->becomes : (char)0;
}

bool code_informat_takes(char letter)
{
	for (size_t i = 0; i < code_n_shipped; i++)
		if (code_shipped[i].letter == letter)
			return code_shipped[i].uses & CODE_USE_INFORMAT;
	return false;
}
