/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/ran.h: a program run to its end, with what it said on each of its two outputs apart.
 *
 * The stage (e2e/harness.h) keeps both in one text, which is right for logs; what is asked here is on which of them a
 * line stood, and which line was the last.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ran {
	int status; /* exit status; 128 and the signal's number where one ended it */
	char *out, *err; /* text ended by a zero */
};

/** ran_run() - run a program of bin/ and wait. @args: without its name, ended by NULL. Fails the test where it doesn't end
 * in time. ran_finish() frees. */
struct ran ran_run(const char *program, const char *const *args);
/** ran_finish() - accepts a zeroed one. */
void ran_finish(struct ran *r);
/** ran_is_line() - whether @text is one line that begins with @begin. */
bool ran_is_line(const char *text, const char *begin);
/** ran_last_line() - the last line of @text without its end; static, used at once. */
const char *ran_last_line(const char *text);
/** ran_entries() - how many files a folder holds. */
size_t ran_entries(const char *folder);
/** ran_write() - a file of these bytes. */
void ran_write(const char *path, const void *bytes, size_t len);
/** ran_read() - a file as text, for free(); "" where it isn't there. */
char *ran_read(const char *path);
