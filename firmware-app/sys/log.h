/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/log.h: one line an event, on standard error.
 *
 * A fixed event word, key=value, what comes next; in English; never a UID or a name, a card as the first 8
 * digits of its hash. With JOURNAL_STREAM set each line begins with the <n> priority that journald
 * understands. Only main.c and its like log: libraries return.
 */
#pragma once

/** log_open() - once at start. @program: put before each line where journald doesn't; static storage. */
void log_open(const char *program);

/** log_error() - priority 3: something fails that people should see. One line, cut at 1,024 bytes; control
 * characters in values become '?'. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** log_refusal() - priority 3, without the program's name: "FILE:LINE: section.key: reason" and its like, whose
 * form the contract fixes. */
void log_refusal(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** log_warn() - priority 4: works on, but less than it should. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** log_info() - priority 6: an edge worth a line. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
