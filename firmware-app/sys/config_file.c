/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One file taken apart. inih splits lines into section, key and value; the lines themselves are ours, because inih
 * tells its handler no line number, cuts lines at 200 bytes into several, and stops at a NUL byte.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/config_type.h"
#include "sys/file.h"
#include "sys/utf8.h"

#define FILE_MAX_BYTES 65536 /* the sample with all its help has 8 KiB */
#define QUOTE_MAX 60 /* bytes of a value or name that a message repeats */

struct reading {
	const char *path;
	const char *text; /* the whole file, n bytes */
	size_t n, at;
	int line; /* the one handed out last */
	struct config_source *source;
	int refused_line; /* 0: none yet */
	char *reason;
};

int config_reason(char *ret_reason, const char *path, int line, const char *section,
	const char *key, const char *format, ...)
{
	int n = snprintf(ret_reason, CONFIG_REASON_MAX, "%s:%d: %s%s%s: ", path, line,
		key ? section : "file", key ? "." : "", key ? key : "");
	if (n > 0 && n < CONFIG_REASON_MAX) {
		va_list args;
		va_start(args, format);
		/* clang-tidy 14 doesn't see that va_start() sets it. NOLINTNEXTLINE(*valist*) */
		(void)vsnprintf(ret_reason + n, CONFIG_REASON_MAX - (size_t)n, format, args);
		va_end(args);
	}
	return -1;
}

/* As much of a value as a message can bear, not cut within a character. */
static int quotable(const char *text)
{
	size_t n = strlen(text), i = 0;
	while (i < n) {
		size_t length = utf8_length(text + i, n - i);
		if (length == 0 || i + length > QUOTE_MAX)
			break;
		i += length;
	}
	return (int)i;
}

static const char *dots(const char *text)
{
	return text[quotable(text)] ? "…" : "";
}

/* What is wrong with a line as such; NULL: nothing. */
static const char *line_fault(const char *line, size_t n)
{
	if (n > CONFIG_LINE_MAX)
		return "the line is too long: write at most 2400 bytes";
	if (memchr(line, '\0', n))
		return "the line holds a NUL byte: save the file as plain UTF-8 text";
	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(line + i, n - i);
		if (length == 0)
			return "the line isn't UTF-8: save the file as plain UTF-8 text";
		unsigned char b = (unsigned char)line[i];
		if ((b < 0x20 && b != '\t') || b == 0x7f)
			return "the line holds a control character: take it out";
		i += length;
	}
	const char *at = line;
	while (at < line + n && (*at == ' ' || *at == '\t'))
		at++;
	const char *end = *at == '[' ? memchr(at, ']', (size_t)(line + n - at)) : NULL;
	if (!end)
		return NULL;
	for (end++; end < line + n && (*end == ' ' || *end == '\t'); end++)
		;
	if (end < line + n && *end != ';' && *end != '#')
		return "there is text behind the section's name: write it on a line of its own";
	return NULL;
}

/* ini_reader: one line a call, so that inih counts as we do. */
static char *next_line(char *to, int size, void *stream)
{
	struct reading *r = stream;
	if (r->at >= r->n || r->refused_line)
		return NULL;
	const char *line = r->text + r->at;
	const char *feed = memchr(line, '\n', r->n - r->at);
	size_t n = feed ? (size_t)(feed - line) : r->n - r->at;
	r->at += n + 1;
	r->line++;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	const char *fault = line_fault(line, n);
	if (!fault && n + 2 > (size_t)size)
		fault = "the line is too long";
	if (fault) {
		r->refused_line = r->line;
		config_reason(r->reason, r->path, r->line, NULL, NULL, "%s", fault);
		return NULL;
	}
	memcpy(to, line, n);
	to[n] = '\n';
	to[n + 1] = '\0';
	return to;
}

static size_t list_sections(char *text, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < config_n_keys && n < size; i++)
		if (i == 0 || strcmp(config_keys[i].section, config_keys[i - 1].section) != 0)
			n += (size_t)snprintf(
				text + n, size - n, "%s%s", i ? ", " : "", config_keys[i].section);
	return n;
}

static size_t list_keys(const char *section, char *text, size_t size)
{
	size_t n = 0;
	text[0] = '\0';
	for (size_t i = 0; i < config_n_keys && n < size; i++)
		if (!strcmp(config_keys[i].section, section))
			n += (size_t)snprintf(
				text + n, size - n, "%s%s", n ? ", " : "", config_keys[i].key);
	return n;
}

static void refuse_name(struct reading *r, const char *section, const char *name)
{
	char known[400], shown_section[QUOTE_MAX + 1], shown_name[QUOTE_MAX + 1];
	(void)snprintf(shown_section, sizeof(shown_section), "%.*s", quotable(section), section);
	(void)snprintf(shown_name, sizeof(shown_name), "%.*s", quotable(name), name);
	r->refused_line = r->line;
	if (!*section)
		config_reason(r->reason, r->path, r->line, shown_section, shown_name,
			"stands before any [section]: move it under its own");
	else if (list_keys(section, known, sizeof(known)))
		config_reason(r->reason, r->path, r->line, shown_section, shown_name,
			"unknown key: [%s] has %s", shown_section, known);
	else if (list_sections(known, sizeof(known)))
		config_reason(r->reason, r->path, r->line, shown_section, shown_name,
			"unknown section: there are %s", known);
}

static const struct config_key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (!strcmp(config_keys[i].section, section) && !strcmp(config_keys[i].key, name))
			return &config_keys[i];
	return NULL;
}

/* ini_handler. inih goes on after a refusal, so the first reason is kept and the rest passed over. */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	if (r->refused_line)
		return 1;
	const struct config_key *key = find_key(section, name);
	if (!key) {
		refuse_name(r, section, name);
		return 1;
	}
	int *line = &r->source->line[key - config_keys];
	const char *wrong = NULL;
	if (*line) {
		config_reason(r->reason, r->path, r->line, section, name,
			"given twice, first in line %d: keep one of them", *line);
		r->refused_line = r->line;
		return 1;
	}
	*line = r->line;
	wrong = key->type->parse(key, value, &r->source->config);
	if (wrong) {
		char range[CONFIG_RANGE_MAX];
		key->type->range(key, range, sizeof(range));
		config_reason(r->reason, r->path, r->line, section, name, "\"%.*s%s\" %s: write %s",
			quotable(value), value, dots(value), wrong, range);
		r->refused_line = r->line;
	}
	return 1;
}

static int parse(struct reading *r)
{
	ini_allow_multiline = false; /* an indented line is a line like any other */
	ini_use_stack = false; /* else 200 bytes are compiled in */
	ini_allow_realloc = false;
	ini_max_line = CONFIG_LINE_MAX + 3;
	ini_initial_alloc = CONFIG_LINE_MAX + 3;
	int syntax_line = ini_parse_stream(next_line, r, take, r);
	if (syntax_line < 0)
		return config_reason(r->reason, r->path, 0, NULL, NULL, "out of memory");
	if (syntax_line > 0 && (!r->refused_line || syntax_line < r->refused_line))
		return config_reason(r->reason, r->path, syntax_line, NULL, NULL,
			"the line is neither [section], key = value nor a # comment");
	return r->refused_line ? -1 : 0;
}

static const char *read_error(int64_t err)
{
	return err == -EFBIG ? "it is longer than 64 KiB" : strerror((int)-err);
}

int config_file_read(const char *path, struct config_source *ret_source, char *ret_reason)
{
	char *text = NULL;
	int64_t n = file_read(path, FILE_MAX_BYTES, &text);
	if (n < 0)
		return config_reason(ret_reason, path, 0, NULL, NULL,
			"can't be read: %s; name another by --config or make this one readable",
			read_error(n));
	memset(ret_source, 0, sizeof(*ret_source));
	struct reading r = { .path = path,
		.text = text,
		.n = (size_t)n,
		.source = ret_source,
		.reason = ret_reason };
	int err = parse(&r);
	ret_source->n_lines = r.line > 0 ? r.line : 1;
	free(text);
	return err;
}
