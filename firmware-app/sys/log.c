/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/utf8.h"

#define LINE_MAX_BYTES                                                                             \
	1024 /* with prefix and line feed; one write() of this stays whole in a pipe */

/* The only state of the folder that isn't in a struct: every line of a program looks the same. */
static struct {
	const char *program;
	bool journal;
} out = { "schoolpoort", false };

void log_open(const char *program)
{
	const char *stream = getenv("JOURNAL_STREAM");
	out.program = program;
	out.journal = stream && *stream;
}

/* Control characters and what is no UTF-8 become '?'; ends before a character that is cut. */
static size_t clean(char *text, size_t n, bool cut)
{
	size_t i = 0;
	while (i < n) {
		size_t length = utf8_length(text + i, n - i);
		unsigned char b = (unsigned char)text[i];
		if (!length && cut && n - i < 4 && b >= 0xc2)
			return i;
		bool control = b < 0x20 || b == 0x7f;
		if (length == 2 && b == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			control = true; /* C1, which some terminals obey */
		if (!length || control)
			memset(text + i, '?', length ? length : 1);
		i += length ? length : 1;
	}
	return n;
}

static void write_all(const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* nowhere left to complain */
		bytes += done;
		n -= (size_t)done;
	}
}

__attribute__((format(printf, 3, 0))) static void put(
	int priority, bool named, const char *format, va_list args)
{
	int saved = errno; /* a log line must not change what its caller looks at next */
	char line[LINE_MAX_BYTES];
	int head = 0;
	if (out.journal)
		head = snprintf(line, sizeof(line), "<%d>", priority);
	else if (named)
		head = snprintf(line, sizeof(line), "%.100s: ", out.program);
	size_t room = sizeof(line) - (size_t)head;
	/* clang-tidy 14 doesn't see that va_start() sets it. NOLINTNEXTLINE(*valist*) */
	int wanted = vsnprintf(line + head, room, format, args);
	if (wanted < 0)
		wanted = 0;
	bool cut = (size_t)wanted >= room;
	size_t n = clean(line + head, cut ? room - 1 : (size_t)wanted, cut);
	line[(size_t)head + n] = '\n'; /* in the place of the zero at most */
	write_all(line, (size_t)head + n + 1);
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	put(3, true, format, args);
	va_end(args);
}

void log_refusal(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	put(3, false, format, args);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	put(4, true, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	put(6, true, format, args);
	va_end(args);
}
