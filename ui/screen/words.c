/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/words.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>

/* Marks a text for xgettext, and is otherwise nothing. */
#define N_(text) (text)

/* Tells glibc's gettext that LANGUAGE has changed; documented in its manual, "Gettext and Locales". */
extern int _nl_msg_cat_cntr;

static const char *const msgid[SCREEN_N_WORDS] = {
	[SCREEN_WORD_HOLD_CARD] = N_("Hold your card to the reader"),
	[SCREEN_WORD_READING] = N_("One moment…"),
	[SCREEN_WORD_WELCOME] = N_("Welcome"),
	[SCREEN_WORD_MORNING] = N_("Good morning"),
	[SCREEN_WORD_AFTERNOON] = N_("Good afternoon"),
	[SCREEN_WORD_EVENING] = N_("Good evening"),
	[SCREEN_WORD_ON_TIME] = N_("Have a good day at school."),
	[SCREEN_WORD_PASS_BY_DESK] = N_("Please pass by the desk."),
	[SCREEN_WORD_LATE_ONE] = N_("1 minute late"),
	[SCREEN_WORD_LATE_MANY] = N_("{n} minutes late"),
	[SCREEN_WORD_ALREADY] = N_("Already signed in"),
	[SCREEN_WORD_ALREADY_DETAIL] = N_("Your earlier tap counts."),
	[SCREEN_WORD_NOT_EXPECTED] = N_("No lessons now"),
	[SCREEN_WORD_NOT_EXPECTED_DETAIL] = N_("Your tap is stored."),
	[SCREEN_WORD_UNJUDGED] = N_("Your tap is stored"),
	[SCREEN_WORD_UNJUDGED_DETAIL] = N_("The time is added later."),
	[SCREEN_WORD_UNKNOWN] = N_("We don't know this card yet"),
	[SCREEN_WORD_BLOCKED] = N_("This card no longer works"),
	[SCREEN_WORD_TO_DESK] = N_("Please go to the desk. They will help you."),
	[SCREEN_WORD_REFUSED] = N_("Use your school card"),
	[SCREEN_WORD_REFUSED_DETAIL] = N_("No phone, identity or bank card."),
	[SCREEN_WORD_TWO_CARDS] = N_("One card at a time"),
	[SCREEN_WORD_TWO_CARDS_DETAIL] = N_("Take your school card out of the wallet."),
	[SCREEN_WORD_NOT_STORED] = N_("Not stored"),
	[SCREEN_WORD_NOT_STORED_DETAIL] = N_("Please go to the desk and sign in there."),
	[SCREEN_WORD_OTHER_GATE] = N_("Please use the other gate"),
	[SCREEN_WORD_OR_DESK] = N_("Or sign in at the desk."),
	[SCREEN_WORD_STILL_COUNTS] = N_("A tap that this screen answers still counts."),
	[SCREEN_WORD_NOT_COUNTED] = N_("Nothing is stored here now. The desk can help too."),
	[SCREEN_WORD_RECORD] = N_("My record"),
	[SCREEN_WORD_RECORD_NONE] = N_("Nothing to show yet. Come back tomorrow."),
	[SCREEN_WORD_RECORD_NEVER_LATE] = N_("Never late in the last 30 days."),
	[SCREEN_WORD_RECORD_LATE_ONE] = N_("Late once in the last 30 days."),
	[SCREEN_WORD_RECORD_LATE_MANY] = N_("Late {n} times in the last 30 days."),
	[SCREEN_WORD_MARK_PRESENT] = N_("present"),
	[SCREEN_WORD_MARK_LATE] = N_("late"),
	[SCREEN_WORD_MARK_NO_TAP] = N_("no tap"),
	[SCREEN_WORD_MARK_EXCUSED] = N_("excused"),
	[SCREEN_WORD_TALK] = N_("I'd like to talk"),
	[SCREEN_WORD_TALK_DONE] = N_("Passed on. Thank you."),
	[SCREEN_WORD_DATE] = N_("{d}/{m}"),
	[SCREEN_WORD_MONDAY] = N_("Mo"),
	[SCREEN_WORD_MONDAY + 1] = N_("Tu"),
	[SCREEN_WORD_MONDAY + 2] = N_("We"),
	[SCREEN_WORD_MONDAY + 3] = N_("Th"),
	[SCREEN_WORD_MONDAY + 4] = N_("Fr"),
	[SCREEN_WORD_MONDAY + 5] = N_("Sa"),
	[SCREEN_WORD_SUNDAY] = N_("Su"),
};

const char *screen_words_msgid(enum screen_word word)
{
	return msgid[word];
}

int screen_words_load(const char *locale_dir, struct screen_words *ret_words)
{
	int missing = 0;
	bool ready = locale_dir && setlocale(LC_ALL, "C.UTF-8") &&
		     bindtextdomain(SCREEN_WORDS_DOMAIN, locale_dir) &&
		     bind_textdomain_codeset(SCREEN_WORDS_DOMAIN, "UTF-8");
	for (int language = 0; language < SCREEN_N_LANGUAGES; language++) {
		const char *name = roster_language_word((enum roster_language)language);
		if (ready && *name) {
			ready = !setenv("LANGUAGE", name, 1);
			++_nl_msg_cat_cntr;
		}
		for (int i = 0; i < SCREEN_N_WORDS; i++) {
			/* gettext gives the msgid itself back where it found nothing. */
			const char *found =
				ready && *name ? dgettext(SCREEN_WORDS_DOMAIN, msgid[i]) : msgid[i];
			missing += *name && found == msgid[i];
			ret_words->text[language][i] = found;
		}
	}
	return missing;
}
