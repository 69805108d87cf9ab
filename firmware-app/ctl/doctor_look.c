/* SPDX-License-Identifier: EUPL-1.2 */
/* What the checks look with. */
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/civil.h"
#include "ctl/doctor.h"
#include "sys/file.h"

#define SMALL_MAX (1024 * 1024) /* /proc/mounts of a machine with many; a command line is shorter */

void doctor_find(
	struct doctor_finding *ret_finding, enum doctor_state state, const char *format, ...)
{
	va_list args;

	ret_finding->state = state;
	va_start(args, format);
	(void)vsnprintf(ret_finding->text, sizeof(ret_finding->text), format, args);
	va_end(args);
	/* One line each, whatever a device or another program says of itself. */
	for (char *at = ret_finding->text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
}

bool doctor_is_gate(const struct doctor *d)
{
	return strcmp(d->config.unit_id, "register") != 0;
}

const char *doctor_path(const struct doctor *d, const char *path, char *ret_path)
{
	(void)snprintf(ret_path, DOCTOR_PATH_MAX, "%s%s", d->root, path);
	return ret_path;
}

char *doctor_read(const struct doctor *d, const char *path)
{
	char whole[DOCTOR_PATH_MAX];
	char *text;

	return file_read(doctor_path(d, path, whole), SMALL_MAX, &text) < 0 ? NULL : text;
}

bool doctor_exists(const struct doctor *d, const char *path)
{
	char whole[DOCTOR_PATH_MAX];

	return access(doctor_path(d, path, whole), F_OK) == 0;
}

bool doctor_glob(const struct doctor *d, const char *pattern, char *ret_path)
{
	char whole[DOCTOR_PATH_MAX];
	glob_t found = { 0 };
	bool any = glob(doctor_path(d, pattern, whole), 0, NULL, &found) == 0;

	if (any && ret_path)
		(void)snprintf(
			ret_path, DOCTOR_PATH_MAX, "%s", found.gl_pathv[0] + strlen(d->root));
	globfree(&found);
	return any;
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* @path: a /proc/N/cmdline: words ended by zeros. */
static bool is_program(const char *path, const char *program, const char *argument)
{
	char *words;
	int64_t len = file_read(path, SMALL_MAX, &words);
	bool named, has = !argument;

	if (len <= 0) { /* a thread of the kernel has none */
		if (len == 0)
			free(words);
		return false;
	}
	named = strcmp(base(words), program) == 0;
	for (const char *at = words; !has && at < words + len; at += strlen(at) + 1)
		has = strstr(at, argument) != NULL;
	free(words);
	return named && has;
}

bool doctor_runs(const struct doctor *d, const char *program, const char *argument)
{
	char pattern[DOCTOR_PATH_MAX];
	glob_t found = { 0 };
	bool runs = false;

	if (glob(doctor_path(d, "/proc/[0-9]*/cmdline", pattern), 0, NULL, &found) == 0)
		for (size_t i = 0; !runs && i < found.gl_pathc; i++)
			runs = is_program(found.gl_pathv[i], program, argument);
	globfree(&found);
	return runs;
}

bool doctor_word(const char *text, const char *word)
{
	static const char ends[] = " ,\t\r\n";
	size_t len = strlen(word);

	for (const char *at = text; at && (at = strstr(at, word)) != NULL; at++)
		if ((at == text || strchr(ends, at[-1])) && (!at[len] || strchr(ends, at[len])))
			return true;
	return false;
}

const char *doctor_bus(const struct doctor *d)
{
	static const struct {
		const char *driver, *bus;
	} row[] = {
		{ "pn532_uart", "uart" },
		{ "arygon", "uart" },
		{ "acr122s", "uart" },
		{ "pn532_i2c", "i2c" },
		{ "pn532_spi", "spi" },
		{ "acr122_usb", "usb" },
		{ "pn53x_usb", "usb" },
	};
	size_t len = strcspn(d->config.reader_connstring, ":");

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strlen(row[i].driver) == len &&
			!strncmp(d->config.reader_connstring, row[i].driver, len))
			return row[i].bus;
	return "";
}

/* KEY=WORD WORD …, one line of many. */
static bool line_holds(const char *text, const char *key, const char *word)
{
	size_t len = strlen(key);

	while (text && *text) {
		size_t line = strcspn(text, "\n");
		char copy[1024];
		(void)snprintf(copy, sizeof(copy), "%.*s", (int)line, text);
		if (!strncmp(copy, key, len) && copy[len] == '=' &&
			doctor_word(copy + len + 1, word))
			return true;
		text += line + (text[line] == '\n');
	}
	return false;
}

bool doctor_holds(const struct doctor *d, const char *pattern, const char *key, const char *word)
{
	char whole[DOCTOR_PATH_MAX];
	glob_t found = { 0 };
	bool holds = false;

	if (glob(doctor_path(d, pattern, whole), 0, NULL, &found) == 0)
		for (size_t i = 0; !holds && i < found.gl_pathc; i++) {
			char *text;
			if (file_read(found.gl_pathv[i], SMALL_MAX, &text) < 0)
				continue;
			holds = key ? line_holds(text, key, word) : doctor_word(text, word);
			free(text);
		}
	globfree(&found);
	return holds;
}

void doctor_device(const struct doctor *d, char *ret_path)
{
	char whole[DOCTOR_PATH_MAX], target[CONFIG_TEXT_MAX];
	const char *at = strchr(d->config.reader_connstring, ':');

	ret_path[0] = '\0';
	if (!at || at[1] != '/')
		return;
	(void)snprintf(ret_path, CONFIG_TEXT_MAX, "%.*s", (int)strcspn(at + 1, ":"), at + 1);
	ssize_t len = readlink(doctor_path(d, ret_path, whole), target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0'; /* /dev/serial0 is a link to ttyAMA0 beside it */
	if (!strchr(target, '/'))
		(void)snprintf(ret_path, CONFIG_TEXT_MAX, "/dev/%.200s", target);
	else if (target[0] == '/')
		(void)snprintf(ret_path, CONFIG_TEXT_MAX, "%s", target);
}

const char *doctor_time(int64_t at_ms, char *ret_text)
{
	static const struct civil_zone utc; /* without a change; 5 KB */
	char text[CIVIL_TIME_TEXT];

	civil_format_time(&utc, at_ms, text);
	(void)snprintf(ret_text, 32, "%.10s %.5s UTC", text, text + 11);
	return ret_text;
}
