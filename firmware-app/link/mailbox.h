/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * link/mailbox.h: a bounded queue of heap objects between two threads, readable as a descriptor.
 *
 * DESIGN. One thread puts, one takes; order is kept. The descriptor is readable exactly while
 * something is in it, so either side can wait for it beside its sockets and timers. For the same
 * reason a full mailbox is waited for on a descriptor too, and not on a condition variable: the
 * wait must also end when the link is asked to stop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mailbox; /* opaque */

/** mailbox_create() - an empty mailbox for at most @max_items of together at most @max_bytes.
 * Return: NULL where memory or descriptors are out. */
struct mailbox *mailbox_create(size_t max_items, size_t max_bytes);

/** mailbox_destroy() - with what is still in it, each given to @destroy (NULL: it is empty);
 * accepts NULL. Both threads must be done with it. */
void mailbox_destroy(struct mailbox *box, void (*destroy)(void *item));

/** mailbox_put() - append; never blocks. @bytes: what the item counts for, given back when it is
 * taken.
 * Return: true: the mailbox owns @item; false: full, the caller still owns it. */
bool mailbox_put(struct mailbox *box, void *item, size_t bytes);

/**
 * mailbox_put_wait() - as mailbox_put(), waiting for room.
 * @patience_ms: gives up when nothing at all was taken for so long; -1: never
 * @stop_fd: gives up when this is readable
 */
bool mailbox_put_wait(struct mailbox *box, void *item, size_t bytes, int patience_ms, int stop_fd);

/** mailbox_take() - the oldest item, the caller's now; NULL: empty. Never blocks. */
void *mailbox_take(struct mailbox *box);

/** mailbox_fd() - readable while there is something to take; the mailbox keeps it. */
int mailbox_fd(const struct mailbox *box);

/** mailbox_count() - how many items are in it. */
size_t mailbox_count(struct mailbox *box);
