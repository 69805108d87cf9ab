/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/who.h: which user may be what on the kiosk's socket.
 *
 * Pure. A card is a pupil's presence, and `presented` proves that it was shown: so on a gate only the reader's user
 * may be a reader, only the screen's a screen. Everybody whom the socket's mode lets in may ask as the command line,
 * or listen as a signal. Source: faults.md X3; contract, local.md (additions).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "wire/local.h"

#define WHO_KIOSK "schoolpoort-kiosk"
#define WHO_READER "schoolpoort-reader"
#define WHO_SCREEN "schoolpoort-screen"

/* The users of this machine, looked up once at the start. */
struct who {
	uid_t own; /* the kiosk's */
	bool installed; /* own is the user WHO_KIOSK: a gate, not a developer's machine */
	bool has_reader, has_screen;
	uid_t reader, screen; /* where there are such users */
};

/** who_refuse() - may a client of this user be that? Return: why not (static), or NULL where it may. */
const char *who_refuse(const struct who *who, uid_t uid, enum wire_role role);
