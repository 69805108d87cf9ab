/* SPDX-License-Identifier: EUPL-1.2 */
#include "link/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct slot {
	void *item;
	size_t bytes;
};

struct mailbox {
	pthread_mutex_t lock; /* of all below */
	size_t max_items, max_bytes;
	size_t first, n_items, n_bytes; /* slots[first] is the oldest */
	bool wanted; /* somebody waits for room */
	int full_fd; /* 1 while n_items > 0 */
	int room_fd; /* written when something is taken while room is wanted */
	struct slot slots[];
};

static void raise_fd(int fd)
{
	const uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	assert(n == (ssize_t)sizeof(one)); /* never near the counter's limit */
	(void)n;
}

static void lower_fd(int fd)
{
	uint64_t n;
	ssize_t r = read(fd, &n, sizeof(n));

	(void)r; /* EAGAIN: it was low */
}

struct mailbox *mailbox_create(size_t max_items, size_t max_bytes)
{
	struct mailbox *box = calloc(1, sizeof(*box) + max_items * sizeof(box->slots[0]));

	if (!box)
		return NULL;
	box->max_items = max_items;
	box->max_bytes = max_bytes;
	box->full_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	box->room_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&box->lock, NULL);
	if (box->full_fd < 0 || box->room_fd < 0) {
		mailbox_destroy(box, NULL);
		return NULL;
	}
	return box;
}

void mailbox_destroy(struct mailbox *box, void (*destroy)(void *item))
{
	if (!box)
		return;
	for (void *item = mailbox_take(box); item; item = mailbox_take(box)) {
		assert(destroy); /* NULL is for an empty one */
		destroy(item);
	}
	if (box->full_fd >= 0)
		close(box->full_fd);
	if (box->room_fd >= 0)
		close(box->room_fd);
	pthread_mutex_destroy(&box->lock);
	free(box);
}

/* @want: be told by room_fd when it was full. */
static bool put(struct mailbox *box, void *item, size_t bytes, bool want)
{
	pthread_mutex_lock(&box->lock);
	bool room = box->n_items < box->max_items && bytes <= box->max_bytes - box->n_bytes;
	if (room) {
		size_t at = (box->first + box->n_items) % box->max_items;
		box->slots[at] = (struct slot){ item, bytes };
		box->n_bytes += bytes;
		if (box->n_items++ == 0)
			raise_fd(box->full_fd);
	}
	box->wanted = want && !room;
	pthread_mutex_unlock(&box->lock);
	return room;
}

bool mailbox_put(struct mailbox *box, void *item, size_t bytes)
{
	assert(item);
	return put(box, item, bytes, false);
}

bool mailbox_put_wait(struct mailbox *box, void *item, size_t bytes, int patience_ms, int stop_fd)
{
	assert(item);
	while (!put(box, item, bytes, true)) {
		struct pollfd p[] = { { box->room_fd, POLLIN, 0 }, { stop_fd, POLLIN, 0 } };
		int r = poll(p, 2, patience_ms);
		if (r < 0 && errno != EINTR)
			return false;
		if (r == 0 || (r > 0 && p[1].revents))
			return put(box, item, bytes, false); /* room may have come just now */
		lower_fd(box->room_fd);
	}
	return true;
}

void *mailbox_take(struct mailbox *box)
{
	void *item = NULL;

	pthread_mutex_lock(&box->lock);
	if (box->n_items > 0) {
		struct slot *slot = &box->slots[box->first];
		item = slot->item;
		box->n_bytes -= slot->bytes;
		box->first = (box->first + 1) % box->max_items;
		if (--box->n_items == 0)
			lower_fd(box->full_fd);
		if (box->wanted) {
			box->wanted = false;
			raise_fd(box->room_fd);
		}
	}
	pthread_mutex_unlock(&box->lock);
	return item;
}

int mailbox_fd(const struct mailbox *box)
{
	return box->full_fd;
}

size_t mailbox_count(struct mailbox *box)
{
	pthread_mutex_lock(&box->lock);
	size_t n = box->n_items;
	pthread_mutex_unlock(&box->lock);
	return n;
}
