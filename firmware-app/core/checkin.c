/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/checkin.h"

#include <assert.h>
#include <string.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))
#define PUPIL_DIGITS 10

static const char *const result_words[] = {
	[CHECKIN_RESULT_NONE] = "",
	[CHECKIN_PRESENT] = "present",
	[CHECKIN_LATE] = "late",
	[CHECKIN_UNJUDGED] = "unjudged",
	[CHECKIN_NOT_EXPECTED] = "not_expected",
	[CHECKIN_UNKNOWN_CARD] = "unknown_card",
	[CHECKIN_BLOCKED_CARD] = "blocked_card",
	[CHECKIN_TALK] = "talk",
};

static const char *const clock_words[] = {
	[CHECKIN_CLOCK_UNKNOWN] = "unknown",
	[CHECKIN_CLOCK_REGRESSED] = "regressed",
	[CHECKIN_CLOCK_HOLDOVER] = "holdover",
	[CHECKIN_CLOCK_TRUSTED] = "trusted",
};

static int index_of(const char *word, const char *const *words, size_t n_words)
{
	for (size_t i = 0; word && i < n_words; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

const char *checkin_result_word(enum checkin_result result)
{
	assert((size_t)result < N_OF(result_words));
	return result_words[result];
}

enum checkin_result checkin_result_parse(const char *word)
{
	int i = index_of(word, result_words, N_OF(result_words));
	return i < 0 ? CHECKIN_RESULT_NONE : (enum checkin_result)i;
}

const char *checkin_clock_word(enum checkin_clock clock)
{
	assert((size_t)clock < N_OF(clock_words));
	return clock_words[clock];
}

int checkin_clock_parse(const char *word)
{
	return index_of(word, clock_words, N_OF(clock_words));
}

bool checkin_clock_judges(enum checkin_clock clock)
{
	return clock == CHECKIN_CLOCK_TRUSTED || clock == CHECKIN_CLOCK_HOLDOVER;
}

void checkin_pupil_format(int64_t pupil, char *ret_text)
{
	assert(pupil >= 0 && pupil <= CHECKIN_PUPIL_MAX);
	ret_text[PUPIL_DIGITS] = '\0';
	for (int i = PUPIL_DIGITS - 1; i >= 0; i--) {
		ret_text[i] = (char)('0' + pupil % 10);
		pupil /= 10;
	}
}

int64_t checkin_pupil_parse(const char *text)
{
	size_t n = text ? strspn(text, "0123456789") : 0;
	if (n < 1 || n > PUPIL_DIGITS || text[n])
		return -1;
	int64_t pupil = 0;
	for (size_t i = 0; i < n; i++)
		pupil = pupil * 10 + (text[i] - '0');
	return pupil ? pupil : -1;
}

bool checkin_slug_valid(const char *text)
{
	size_t n = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
	return n >= 1 && n < CHECKIN_GATE_MAX && !text[n];
}
