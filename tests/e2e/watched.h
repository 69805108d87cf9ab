/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/watched.h: a whole gate and its register under the manager of manager.h: broker, emulated PN532, real reader,
 * kiosk, screen off screen. Monday 23 November 2026, 08:30; the sample school.
 */
#pragma once

#include "e2e/harness.h"
#include "e2e/manager.h"

#define WATCHED_GATE "gate-1"

struct emu_control;

struct watched {
	struct stage *stage;
	struct manager *manager;
	struct manager_unit *kiosk, *reg, *reader, *screen; /* NULL until started */
	struct stage_client *views; /* a light beside the screen: it is told the same */
	struct emu_control *emu;
	pid_t emu_pid;
};

/** watched_open() - broker with recorder, emulator, configurations; no program of ours. @more: further lines of the
 * gate's configuration, ended by NULL, or NULL */
void watched_open(struct watched *w, const char *const *more);
/** watched_start() - all four programs, the sample imported, the gate online and idle. */
void watched_start(struct watched *w);
/** watched_close() - stop what runs. */
void watched_close(struct watched *w);

/** watched_kiosk() - start it (reader, screen, register: likewise); doesn't wait. */
void watched_kiosk(struct watched *w);
void watched_reader(struct watched *w);
void watched_screen(struct watched *w);
void watched_register(struct watched *w);

/** watched_look() - connect views, anew where the kiosk has gone meanwhile. */
void watched_look(struct watched *w);
/** watched_place() - hold a card to the reader. @uid: NULL: take it away */
void watched_place(struct watched *w, const char *uid);
/** watched_tap() - hold a card there until its result is told, take it away. Return: the view; valid until the next
 * event. */
const struct wire_view *watched_tap(
	struct watched *w, const char *uid, enum wire_view_result result);
/** watched_checkins() - how many different check-ins of a pupil crossed the broker. @pupil: ten digits */
size_t watched_checkins(struct watched *w, const char *pupil);
