/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * link/link_internal.h: what the owner's side (link.c) and the thread's side (connection.c) share.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/link.h"
#include "link/mailbox.h"

/* A posted message; one allocation, the payload behind it. */
struct link_message {
	uint64_t tag;
	uint64_t session; /* of the connection that the owner knew; of another one: dropped */
	int qos;
	bool retain;
	bool quiet; /* an event only where it was refused */
	size_t len;
	char topic[LINK_TOPIC_MAX];
	char payload[];
};

struct link {
	struct link_config config; /* its strings are ours */
	struct mailbox *in, *out; /* struct link_event, struct link_message */
	int stop_fd; /* eventfd, raised once and for good by link_close() */
	int flush_fd; /* timerfd: how long the thread may go on sending after that */
	int will_fd; /* eventfd: a will was set */
	int ended_fd; /* eventfd: the thread is through */
	pthread_t thread;

	/* The owner's alone. */
	bool up;
	uint64_t session; /* LINK_EVENT_UPs taken */

	pthread_mutex_t lock; /* of all below */
	char *will;
	size_t will_len;
	uint64_t will_serial; /* 0: none was set yet */
	bool ended; /* the thread touches nothing any more; the owner frees */
	bool abandoned; /* the owner went; the thread frees, if it ever ends */
};

/** link_thread() - the connection's whole life; @arg: the link. */
void *link_thread(void *arg);

/** link_free() - all memory and descriptors, by whoever comes last; accepts one half made. */
void link_free(struct link *link);
