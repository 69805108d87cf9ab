/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu_control.h: start pn532_emu and drive it from a test.
 *
 * Each wait has a deadline. Errors are negative values of errno.h. One thread a connection.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EMU_CONTROL_ANSWER_MAX 50000 /* bytes of the longest answer, `state` with all cards */

struct emu_control;

/**
 * emu_control_start() - run the emulator and wait until its port can be opened.
 * @program: path of pn532_emu
 * @link: path for the port's link
 * @control: path for the control socket, at most 107 bytes
 * @more: further options, ended by NULL, or NULL
 * @ret_pid: the process; the caller ends it with emu_control_stop()
 *
 * It ends by itself when the calling thread ends.
 * Returns 0, -ETIMEDOUT after deadline_ms, or -ECHILD when it ended instead; then none runs.
 */
int emu_control_start(const char *program, const char *link, const char *control,
	const char *const more[], int deadline_ms, pid_t *ret_pid)
	__attribute__((warn_unused_result));

/**
 * emu_control_stop() - SIGTERM, and SIGKILL once deadline_ms has passed.
 *
 * Returns the exit status, or -ETIMEDOUT when it had to be killed, -ECHILD when a signal ended it.
 */
int emu_control_stop(pid_t pid, int deadline_ms);

/**
 * emu_control_open() - connect to the socket of a running emulator.
 */
int emu_control_open(const char *path, struct emu_control **ret_control)
	__attribute__((warn_unused_result));

/**
 * emu_control_close() - accepts NULL.
 */
void emu_control_close(struct emu_control *c);

/**
 * emu_control_tell() - send one command and wait for "ok".
 * @format: printf format of the command, without line end
 *
 * Returns 0, -EINVAL when the emulator refused it, -ETIMEDOUT after deadline_ms, or another
 * error of the connection. emu_control_answer() has the words.
 */
int emu_control_tell(struct emu_control *c, int deadline_ms, const char *format, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/**
 * emu_control_state() - ask for the counters.
 * @uid: in hex, or NULL for all cards
 *
 * Errors as emu_control_tell(). emu_control_answer() has the JSON.
 */
int emu_control_state(struct emu_control *c, int deadline_ms, const char *uid)
	__attribute__((warn_unused_result));

/**
 * emu_control_answer() - the last answer without its line end; the connection's, until the next.
 */
const char *emu_control_answer(const struct emu_control *c);

/**
 * emu_control_number() - a number of the last state.
 * @key: "polls", "selects", "selected_us", ...; with several cards the first one's
 *
 * Returns the number, or -1 if there is none.
 */
int64_t emu_control_number(const struct emu_control *c, const char *key);
