/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/code.h"

#include <string.h>

#include "unit/unit.h"

#define SHIPPED code_shipped, code_n_shipped

/* R5: what each code becomes, where it is used, in the school year 2026-27. */
static const struct {
	char letter;
	enum code_group group;
	enum code_sent sent;
	char becomes;
	bool secondary, special, command, import, informat, excuse;
} row[] = {
	{ 'A', CODE_NURSERY, CODE_SENT_AS, 'A', false, false, false, false, false, false },
	{ 'B', CODE_PROBLEMATIC, CODE_SENT_AS, 'B', true, true, true, true, true, false },
	{ 'H', CODE_AGREED, CODE_SENT_AS, 'H', false, true, true, true, false, true },
	{ 'M', CODE_LAWFUL, CODE_SENT_AS, 'M', true, true, true, true, false, true },
	{ 'P', CODE_AGREED, CODE_SENT_AS, 'P', true, true, true, true, false, true },
	{ 'R', CODE_LAWFUL, CODE_SENT_AS, 'R', true, true, true, true, true, true },
	{ 'Z', CODE_LAWFUL, CODE_SENT_AS, 'Z', true, true, true, true, true, true },
	{ 'D', CODE_LAWFUL, CODE_SENT_AS, 'Z', true, true, true, false, true, true },
	{ 'T', CODE_LAWFUL, CODE_SENT_AS, 'R', true, true, false, false, false, true },
	{ 'U', CODE_LAWFUL, CODE_SENT_AS, 'R', true, true, false, false, false, true },
	{ 'Y', CODE_LAWFUL, CODE_SENT_AS, 'R', true, true, false, false, false, true },
	{ 'C', CODE_LAWFUL, CODE_SENT_AS, 'R', true, true, false, false, false, true },
	{ 'J', CODE_LAWFUL, CODE_SENT_AS, 'R', true, true, false, false, false, true },
	{ 'L', CODE_GROUP_NONE, CODE_SENT_NOTHING, 0, true, true, false, false, true, false },
	{ '|', CODE_GROUP_NONE, CODE_SENT_NOTHING, 0, true, true, false, false, false, false },
	{ '-', CODE_GROUP_NONE, CODE_SENT_NOTHING, 0, true, true, false, false, false, false },
	{ 'O', CODE_AGREED, CODE_SENT_OPEN, 0, true, true, false, false, false, true },
	{ 'Q', CODE_AGREED, CODE_SENT_OPEN, 0, true, true, false, false, false, true },
};

static bool takes(char letter, enum code_way way)
{
	return code_check(SHIPPED, letter, 2026, way) == CODE_TAKEN;
}

static void test_every_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char letter = row[i].letter;
		const struct code_row *got = code_find(SHIPPED, letter, 2026);
		if (!got || got->group != row[i].group || got->sent != row[i].sent ||
			code_discimus(got) != row[i].becomes)
			fail_msg("%c: group or Discimus", letter);
		if (!(got->uses & CODE_USE_SECONDARY) == row[i].secondary ||
			!(got->uses & CODE_USE_SPECIAL) == row[i].special)
			fail_msg("%c: kind of school", letter);
		if (takes(letter, CODE_WAY_COMMAND) != row[i].command ||
			takes(letter, CODE_WAY_IMPORT) != row[i].import)
			fail_msg("%c: way in", letter);
		if (code_informat_takes(letter) != row[i].informat)
			fail_msg("%c: Informat", letter);
		if (code_is_excuse(got) != row[i].excuse ||
			code_is_absence(got) != (row[i].group != CODE_GROUP_NONE))
			fail_msg("%c: excuse or absence", letter);
	}
}

/* R5: in a year the table has what stands above and nothing else; what becomes one is one. */
static void test_nothing_else(void **state)
{
	(void)state;
	size_t n = 0;
	for (int c = 1; c < 256; c++) {
		const struct code_row *got = code_find(SHIPPED, (char)c, 2026);
		n += got != NULL;
		if (!got)
			continue;
		if (got->sent == CODE_SENT_AS) {
			const struct code_row *official = code_find(SHIPPED, got->becomes, 2026);
			if (!official || !(official->uses & CODE_USE_OFFICIAL))
				fail_msg("%c becomes no official code", c);
		}
	}
	assert_int_equal(n, ARRAY_LEN(row));
}

/* R5: validity in school years, to the year. */
static void test_years(void **state)
{
	(void)state;
	static const struct {
		char letter;
		int school_year;
		enum code_verdict by_command;
	} years[] = {
		{ 'Z', 2018, CODE_REFUSED_YEAR },
		{ 'Z', 2019, CODE_TAKEN },
		{ 'Z', 2050, CODE_TAKEN },
		{ 'A', 2018, CODE_REFUSED_YEAR },
		{ 'A', 2019, CODE_REFUSED_WAY },
		{ 'G', 2018, CODE_REFUSED_WAY },
		{ 'G', 2019, CODE_REFUSED_YEAR },
		{ 'W', 2018, CODE_REFUSED_WAY },
		{ 'W', 2019, CODE_REFUSED_YEAR },
		{ 'N', 2018, CODE_REFUSED_YEAR },
		{ 'N', 2019, CODE_REFUSED_WAY },
		{ 'N', 2021, CODE_REFUSED_WAY },
		{ 'N', 2022, CODE_REFUSED_YEAR },
		{ 'X', 2018, CODE_REFUSED_YEAR },
		{ 'X', 2019, CODE_REFUSED_WAY },
		{ 'X', 2021, CODE_REFUSED_WAY },
		{ 'X', 2022, CODE_REFUSED_YEAR },
		{ 'L', 2017, CODE_REFUSED_WAY },
		{ 'K', 2026, CODE_REFUSED_UNKNOWN },
		{ 'z', 2026, CODE_REFUSED_UNKNOWN },
		{ ' ', 2026, CODE_REFUSED_UNKNOWN },
		{ 0, 2026, CODE_REFUSED_UNKNOWN },
	};
	for (size_t i = 0; i < ARRAY_LEN(years); i++) {
		enum code_verdict got = code_check(
			SHIPPED, years[i].letter, years[i].school_year, CODE_WAY_COMMAND);
		if (got != years[i].by_command)
			fail_msg("%c in %d: %d", years[i].letter, years[i].school_year, (int)got);
	}
}

/* command.json, code: exactly its seven letters; files.md: Informat's five. */
static void test_letters_of_the_contract(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		if (takes((char)c, CODE_WAY_COMMAND) != (strchr("RZDHPBM", c) != NULL))
			fail_msg("set_code and '%c'", c);
		if (code_informat_takes((char)c) != (strchr("BDLRZ", c) != NULL))
			fail_msg("Informat and '%c'", c);
	}
}

/* R5: a letter that means something else from a year on is a row more. */
static void test_rows_of_a_school(void **state)
{
	(void)state;
	static const struct code_row rows[] = {
		{ 'K', CODE_AGREED, CODE_SENT_AS, 'P', 2026, 2026, CODE_USE_COMMAND },
		{ 'K', CODE_LAWFUL, CODE_SENT_AS, 'R', 2027, 0, CODE_USE_COMMAND },
	};
	assert_null(code_find(rows, 2, 'K', 2025));
	assert_int_equal(code_discimus(code_find(rows, 2, 'K', 2026)), 'P');
	assert_int_equal(code_discimus(code_find(rows, 2, 'K', 2027)), 'R');
	assert_int_equal(code_check(rows, 2, 'K', 2027, CODE_WAY_COMMAND), CODE_TAKEN);
	assert_int_equal(code_check(rows, 2, 'K', 2025, CODE_WAY_COMMAND), CODE_REFUSED_YEAR);
	assert_int_equal(code_check(rows, 2, 'Z', 2027, CODE_WAY_COMMAND), CODE_REFUSED_UNKNOWN);
	assert_int_equal(code_discimus(NULL), 0);
	assert_false(code_is_excuse(NULL));
	assert_false(code_is_absence(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_years),
		cmocka_unit_test(test_letters_of_the_contract),
		cmocka_unit_test(test_rows_of_a_school),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
