/* SPDX-License-Identifier: EUPL-1.2 */
/* Every text is in every catalogue, no catalogue has a text that nobody shows, and marks survive. */
#include "screen/words.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#define LINE_SIZE 1024

static const char *const languages[] = { "nl", "fr", "en", "de" };

static void test_each_text_in_each_language(void **state)
{
	static struct screen_words words;
	(void)state;
	assert_int_equal(screen_words_load(TEST_LOCALE_DIR, &words), 0);
	for (int language = 0; language < SCREEN_N_LANGUAGES; language++)
		for (int i = 0; i < SCREEN_N_WORDS; i++) {
			const char *text = words.text[language][i];
			assert_true(text && text[0]);
			for (const char *mark = "ndm"; *mark; mark++) {
				const char in_text[] = { '{', *mark, '}', '\0' };
				const char *key = screen_words_msgid((enum screen_word)i);
				assert_int_equal(!strstr(text, in_text), !strstr(key, in_text));
			}
		}
	assert_string_equal(words.text[ROSTER_NL][SCREEN_WORD_WELCOME], "Welkom");
	assert_string_equal(words.text[ROSTER_FR][SCREEN_WORD_WELCOME], "Bienvenue");
	assert_string_equal(words.text[ROSTER_EN][SCREEN_WORD_WELCOME], "Welcome");
	assert_string_equal(words.text[ROSTER_DE][SCREEN_WORD_WELCOME], "Willkommen");
}

/* Without catalogues the screen speaks English, and says how much is missing. */
static void test_no_catalogue(void **state)
{
	static struct screen_words words;
	(void)state;
	assert_int_equal(screen_words_load(NULL, &words), 4 * SCREEN_N_WORDS);
	assert_string_equal(words.text[ROSTER_NL][SCREEN_WORD_WELCOME], "Welcome");
}

static int index_of(const char *msgid)
{
	for (int i = 0; i < SCREEN_N_WORDS; i++)
		if (!strcmp(screen_words_msgid((enum screen_word)i), msgid))
			return i;
	return -1;
}

static void test_no_unused_text(void **state)
{
	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(languages); l++) {
		char path[LINE_SIZE], line[LINE_SIZE];
		snprintf(path, sizeof(path), "%s/ui/locale/%s.po", TEST_SOURCE_DIR, languages[l]);
		FILE *f = fopen(path, "r");
		int n = 0;
		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			char *end = strrchr(line, '"');
			if (strncmp(line, "msgid \"", 7) != 0 || !end || end == line + 7)
				continue;
			*end = '\0';
			n++;
			if (index_of(line + 7) < 0)
				fail_msg("%s: nobody shows \"%s\"", path, line + 7);
		}
		fclose(f);
		assert_int_equal(n, SCREEN_N_WORDS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_catalogue),
		cmocka_unit_test(test_each_text_in_each_language),
		cmocka_unit_test(test_no_unused_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
