/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/tap_client.h: a reader, screen or light at a gate whose kiosk may die at any moment.
 *
 * Like a real client: it connects again by itself and waits for nobody. Clients of the stage (e2e/harness.h) fail the
 * test where the kiosk is away; these don't. What was told before a kiosk's death is read to its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/local.h"

struct stage;

struct tap_client {
	struct stage *stage;
	char path[300];
	enum wire_role role;
	void (*on_view)(void *ctx, const struct wire_view *view); /* NULL: not asked */
	void *ctx;
	int fd; /* -1 not connected */
	bool welcome; /* the kiosk has answered */
	int64_t welcome_us; /* CLOCK_MONOTONIC of the last welcome */
	int64_t status_us; /* of a reader: when it last told its status */
	uint64_t n_views, n_errors;
};

/** tap_client_init() - of UNIT's kiosk.sock; not connected yet. */
void tap_client_init(struct tap_client *c, struct stage *s, const char *unit, enum wire_role role);
/** tap_client_serve() - connect where it isn't, say the reader's status where it is due. Doesn't wait. */
void tap_client_serve(struct tap_client *c);
/** tap_client_drain() - read all that was told. */
void tap_client_drain(struct tap_client *c);
/** tap_client_close() - read what is left and let go; it may connect again. */
void tap_client_close(struct tap_client *c);
/** tap_client_tap() - a card that was seen now and has left. @uid: hex. Return: false where nobody took it. */
bool tap_client_tap(struct tap_client *c, const char *uid);

/** tap_now_us() - CLOCK_MONOTONIC. */
int64_t tap_now_us(void);
