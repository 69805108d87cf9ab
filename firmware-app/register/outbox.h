/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/outbox.h: what still finds room among the messages that a slow broker makes wait.
 *
 * Pure. What is dropped is made good in different ways, so it isn't dropped alike: gates/arrival only spares a pupil a
 * second "present" at another gate (QoS 0), a confirm comes again once the gate has sent again, a reply once its request
 * has been, states, days and gates/data with their next change. An alert's retained state comes again with the next
 * connection alone: until then who opens the page doesn't see the pupil. So arrivals go first, alerts last. The lists
 * themselves: publish.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define OUTBOX_MAX 50000 /* messages: a whole school's alerts raised and closed, twice */
#define OUTBOX_ARRIVALS_MAX                                                                        \
	25000 /* of them; a crowd at thirty gates leaves the rest half of the room */
#define OUTBOX_ALERTS_MORE                                                                         \
	20000 /* beyond it, for alerts alone: one of each pupil that a register can have */

enum outbox_kind { OUTBOX_OTHER, OUTBOX_ARRIVAL, OUTBOX_ALERT };

/** outbox_takes() - whether one more may wait. @n: that wait, of every kind; @n_arrivals: gates/arrival among them. */
bool outbox_takes(enum outbox_kind kind, size_t n, size_t n_arrivals);
