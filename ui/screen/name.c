/* SPDX-License-Identifier: EUPL-1.2 */
#include "screen/name.h"

#include <stdint.h>
#include <string.h>

#define WORDS_MAX                                                                                  \
	16 /* of a name; what follows the last one is left out as soon as it is shortened */

struct words {
	int n;
	const char *from[WORDS_MAX];
	size_t len[WORDS_MAX];
};

static void split(const char *name, struct words *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (const char *at = name; *at && ret->n < WORDS_MAX;) {
		size_t blank = strspn(at, " \t"), len = strcspn(at + blank, " \t");
		if (len > 0) {
			ret->from[ret->n] = at + blank;
			ret->len[ret->n++] = len;
		}
		at += blank + len;
	}
}

/* van, de, 't: they begin with a small letter of ASCII, as all particles of our region do. */
static bool is_particle(const struct words *w, int i)
{
	char first = w->from[i][0];
	return (first >= 'a' && first <= 'z') || first == '\'';
}

/* Latin, Greek, Cyrillic, Armenian: scripts with capitals, whose people use initials. */
static bool has_initials(const char *word)
{
	unsigned char lead = (unsigned char)*word;
	return (lead >= 'A' && lead < 0x80) || (lead >= 0xc3 && lead <= 0xd5);
}

static bool is_mark(const char *s)
{
	unsigned char lead = (unsigned char)s[0], next = (unsigned char)s[1];
	return lead == 0xcc || (lead == 0xcd && next < 0xb0); /* U+0300 to U+036F */
}

/* Bytes of the first letter with its marks; of "d'A" where an apostrophe binds it to a capital. */
static size_t initial_of(const char *word, size_t len)
{
	size_t n = 1;
	while (n < len && (((unsigned char)word[n] & 0xc0) == 0x80 || is_mark(word + n)))
		n++;
	if (n + 1 < len && word[n] == '\'')
		return n + 1 + initial_of(word + n + 1, len - n - 1);
	return n;
}

static void add(char *to, size_t size, const char *what, size_t len)
{
	size_t have = strlen(to);
	if (have + len < size) {
		memcpy(to + have, what, len);
		to[have + len] = '\0';
	}
}

/* How many of the last words are initials after so many steps; a name brings its particles along. */
static int initials_after(const struct words *w, int step)
{
	int n = 0;
	while (step-- > 0 && n < w->n - 1) {
		n++;
		while (n < w->n - 1 && is_particle(w, w->n - 1 - n))
			n++;
	}
	return n;
}

static void first_alone(const struct words *w, bool half, char *ret_short, size_t size)
{
	const char *hyphen = memchr(w->from[0], '-', w->len[0]);
	size_t len =
		half && hyphen && hyphen > w->from[0] ? (size_t)(hyphen - w->from[0]) : w->len[0];
	add(ret_short, size, w->from[0], len);
}

bool screen_name_shorten(const char *name, int step, char *ret_short, size_t size)
{
	struct words w;
	ret_short[0] = '\0';
	if (step == 0) {
		add(ret_short, size, name, strlen(name));
		return true;
	}
	split(name, &w);
	if (w.n == 0)
		return false;
	int most = 0; /* steps until all but the first word are initials */
	while (initials_after(&w, most) < w.n - 1)
		most++;
	if (step > most) {
		bool half = step > most + (w.n > 1);
		first_alone(&w, half, ret_short, size);
		return step <= most + (w.n > 1) + (memchr(w.from[0], '-', w.len[0]) != NULL);
	}
	int initials = initials_after(&w, step);
	for (int i = 0; i < w.n; i++) {
		bool whole = i < w.n - initials;
		if (!whole && !has_initials(w.from[i]))
			continue; /* a script without initials: the word is left out */
		if (i > 0)
			add(ret_short, size, " ", 1);
		add(ret_short, size, w.from[i], whole ? w.len[i] : initial_of(w.from[i], w.len[i]));
		if (!whole)
			add(ret_short, size, ".", 1);
	}
	return true;
}
