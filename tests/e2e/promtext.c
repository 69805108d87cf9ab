/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/promtext.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 1024
#define LINES_MAX 2000

struct reading {
	char line[LINE_MAX_BYTES]; /* the one being looked at */
	char metric[200]; /* whose HELP and TYPE came last */
	bool typed, sampled; /* of it */
	char *seen[LINES_MAX]; /* names of metrics, then samples with their labels */
	size_t n_seen;
	char *reason;
};

static bool refuse(struct reading *r, const char *why)
{
	(void)snprintf(r->reason, PROMTEXT_REASON_MAX, "%s: %.200s", why, r->line);
	return false;
}

static size_t name_length(const char *at, bool colons)
{
	size_t n = 0;

	while (isalpha((unsigned char)at[n]) || at[n] == '_' || (colons && at[n] == ':') ||
		(n > 0 && isdigit((unsigned char)at[n])))
		n++;
	return n;
}

/* Return: false where it was there before. */
static bool remember(struct reading *r, char kind, const char *text, size_t len)
{
	char *key = malloc(len + 2);

	if (!key || r->n_seen == LINES_MAX)
		abort();
	(void)snprintf(key, len + 2, "%c%.*s", kind, (int)len, text);
	for (size_t i = 0; i < r->n_seen; i++)
		if (!strcmp(r->seen[i], key)) {
			free(key);
			return false;
		}
	r->seen[r->n_seen++] = key;
	return true;
}

static bool is_type(const char *word)
{
	static const char *const types[] = { "counter", "gauge", "histogram", "summary",
		"untyped" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(word, types[i]))
			return true;
	return false;
}

/* "# HELP name text", "# TYPE name type"; other comments are free. */
static bool take_comment(struct reading *r)
{
	bool help = !strncmp(r->line, "# HELP ", 7), type = !strncmp(r->line, "# TYPE ", 7);
	const char *name = r->line + 7;

	if (!help && !type)
		return true;
	size_t n = name_length(name, true);
	if (n == 0 || name[n] != ' ' || n >= sizeof(r->metric))
		return refuse(r, "no metric's name");
	if (!remember(r, help ? 'H' : 'T', name, n))
		return refuse(r, "a second HELP or TYPE");
	bool same = strlen(r->metric) == n && !strncmp(name, r->metric, n);
	if (type && same && r->sampled)
		return refuse(r, "TYPE after a sample");
	if (!same) {
		(void)snprintf(r->metric, sizeof(r->metric), "%.*s", (int)n, name);
		r->typed = r->sampled = false;
		if (!remember(r, 'M', name, n))
			return refuse(r, "the metric's lines don't stand together");
	}
	r->typed |= type;
	if (type && !is_type(name + n + 1))
		return refuse(r, "no type");
	bool total = n > 6 && !strncmp(name + n - 6, "_total", 6);
	if (type && total != !strcmp(name + n + 1, "counter"))
		return refuse(r, "a counter ends in _total, and nothing else does");
	return true;
}

/* {name="value",…}; @at: behind the brace. Return: behind the closing one, or NULL. */
static const char *labels_end(const char *at)
{
	while (*at != '}') {
		size_t n = name_length(at, false);
		if (n == 0 || strncmp(at + n, "=\"", 2) != 0)
			return NULL;
		for (at += n + 2; *at && *at != '"'; at++)
			if (*at == '\\' && !strchr("\\\"n", *++at))
				return NULL;
		if (*at++ != '"' || (*at != ',' && *at != '}'))
			return NULL;
		at += *at == ',';
	}
	return at + 1;
}

static bool take_sample(struct reading *r)
{
	size_t n = name_length(r->line, true);
	const char *at = r->line + n;
	char *end;

	if (n == 0)
		return refuse(r, "no metric's name");
	if (!r->typed || strlen(r->metric) != n || strncmp(r->metric, r->line, n) != 0)
		return refuse(r, "not below its own TYPE");
	if (*at == '{')
		at = labels_end(at + 1);
	if (!at || *at != ' ')
		return refuse(r, "no labels, or no blank behind them");
	if (!remember(r, 'S', r->line, (size_t)(at - r->line)))
		return refuse(r, "this sample is there already");
	(void)strtod(at + 1, &end);
	if (end == at + 1 || *end)
		return refuse(r, "no number, or something behind it");
	r->sampled = true;
	return true;
}

int promtext_check(const char *text, char *ret_reason)
{
	struct reading r = { .reason = ret_reason };
	int number = 1, bad = 0;

	for (const char *at = text; *at && !bad; number++) {
		size_t len = strcspn(at, "\n");
		(void)snprintf(r.line, sizeof(r.line), "%.*s", (int)len, at);
		bool fine = at[len] != '\n'         ? refuse(&r, "the last line has no end")
			    : len >= sizeof(r.line) ? refuse(&r, "too long")
			    : len == 0              ? true
			    : at[0] == '#'          ? take_comment(&r)
						    : take_sample(&r);
		if (!fine)
			bad = number;
		at += len + (at[len] == '\n');
	}
	if (!bad && !*text)
		bad = refuse(&r, "empty") ? 0 : 1;
	for (size_t i = 0; i < r.n_seen; i++)
		free(r.seen[i]);
	return bad;
}

bool promtext_value(const char *text, const char *name, const char *label, double *ret_value)
{
	size_t len = strlen(name);

	for (const char *at = text; at && *at;
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (strncmp(at, name, len) != 0 || (at[len] != '{' && at[len] != ' '))
			continue;
		const char *end = strchr(at, '\n');
		const char *stands = label ? strstr(at, label) : at;
		const char *value = strstr(at, "} ");
		if (!stands || !value || !end || stands > end || value > end)
			continue;
		*ret_value = strtod(value + 2, NULL);
		return true;
	}
	return false;
}
