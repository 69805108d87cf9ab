/* SPDX-License-Identifier: EUPL-1.2 */
/* Long names, shortened step by step the way people do it. */
#include "screen/name.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

static const struct {
	const char *name;
	int step;
	const char *want;
	bool more;
} row[] = {
	{ "Noor", 0, "Noor", true },
	{ "Noor", 1, "Noor", false },
	{ "", 0, "", true },
	{ "", 1, "", false },
	{ " \t ", 1, "", false },
	{ "Marie-Antoinette van den Broecke", 0, "Marie-Antoinette van den Broecke", true },
	{ "Marie-Antoinette van den Broecke", 1, "Marie-Antoinette v. d. B.", true },
	{ "Marie-Antoinette van den Broecke", 2, "Marie-Antoinette", true },
	{ "Marie-Antoinette van den Broecke", 3, "Marie", true },
	{ "Marie-Antoinette van den Broecke", 4, "Marie", false },
	{ "Anna Maria Peeters", 1, "Anna Maria P.", true },
	{ "Anna Maria Peeters", 2, "Anna M. P.", true },
	{ "Anna Maria Peeters", 3, "Anna", true },
	{ "Anna Maria Peeters", 4, "Anna", false },
	{ "Louise d'Aspremont", 1, "Louise d'A.", true },
	{ "Jan van 't Hof", 1, "Jan v. H.", true },
	{ "Zo\u00eb \u00c9lise", 1, "Zo\u00eb \u00c9.", true },
	{ "Zoe E\u0301lise", 1, "Zoe E\u0301.", true },
	{ "\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432", 1,
		"\u0418\u0432\u0430\u043d \u041f.", true },
	/* Letters that join have no initials: the word goes. */
	{ "\u0646\u0648\u0631 \u0627\u0644\u0647\u062f\u0649", 1, "\u0646\u0648\u0631", true },
	{ "\u738b \u5c0f\u660e", 1, "\u738b", true },
};

static void u4_each_step_of_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char got[128];
		bool more = screen_name_shorten(row[i].name, row[i].step, got, sizeof(got));
		print_message("%s, step %d: %s\n", row[i].name, row[i].step, got);
		assert_string_equal(got, row[i].want);
		assert_int_equal(more, row[i].more);
	}
}

/* A hundred words and a hundred steps: never longer than the buffer, and it ends. */
static void u4_hostile_names_come_to_an_end(void **state)
{
	char name[805] = "", got[40];
	(void)state;
	for (int i = 0; i < 100; i++)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s",
			i % 3 ? "van " : "\xff\xc3'");
	int step = 0;
	while (screen_name_shorten(name, step, got, sizeof(got)) && step < 200) {
		assert_true(strlen(got) < sizeof(got));
		step++;
	}
	assert_in_range(step, 1, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u4_each_step_of_a_name),
		cmocka_unit_test(u4_hostile_names_come_to_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
