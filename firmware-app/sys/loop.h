/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/loop.h: the loop of a program, on sd-event, and the word to the service manager.
 *
 * One thread. Handlers only collect: the turn that follows does the work. SIGTERM and SIGINT end the loop after
 * the present turn; SIGPIPE is ignored, SIGUSR1 and SIGUSR2 do nothing. Traps of sd-event: library-facts.md section 8.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOOP_PATIENCE                                                                              \
	3 /* times WatchdogSec=: a checkpoint is two syncs, and a bad card takes 5 s for each; faults.md S8 */

struct loop; /* opaque */
struct loop_source; /* opaque: one descriptor or timer, owned by the loop until loop_drop() */

/* @events: EPOLLIN | EPOLLOUT … as they came. */
typedef void loop_fd_handler(void *ctx, int fd, uint32_t events);
typedef void loop_timer_handler(void *ctx);

/** loop_create() - Return: 0 or negative errno. Blocks SIGTERM and SIGINT for signalfd use: call it before
 * starting threads. */
int loop_create(struct loop **ret_loop);
/** loop_destroy() - with all sources; descriptors stay the caller's. Accepts NULL. */
void loop_destroy(struct loop *loop);

/** loop_add_fd() - watch a descriptor that stays the caller's. Return: 0 or negative errno. */
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_handler *handler, void *ctx,
	struct loop_source **ret_source);
/** loop_add_waker() - a descriptor that the turn looks after by itself: readable, it ends the wait, once a turn. A handler
 * that leaves it readable would be called until @most of loop_turn() is reached. Return: 0 or negative errno. */
int loop_add_waker(struct loop *loop, int fd, struct loop_source **ret_source);
/** loop_add_timer() - a timer on CLOCK_MONOTONIC (1 ms accuracy), unset at first. */
int loop_add_timer(
	struct loop *loop, loop_timer_handler *handler, void *ctx, struct loop_source **ret_source);
/** loop_set_timer() - fire once, so many microseconds from now; negative: not at all. */
void loop_set_timer(struct loop_source *timer, int64_t in_us);
/** loop_set_events() - change what a descriptor is watched for. */
void loop_set_events(struct loop_source *source, uint32_t events);
/** loop_drop() - stop watching; may be called from its own handler; accepts NULL. */
void loop_drop(struct loop_source *source);

/**
 * loop_turn() - wait for one event, then dispatch all that are ready, at most @most, and none after half a second:
 * handlers may write to a slow disk, and the turn must end.
 * @wait_us: how long to wait at most; negative: for ever
 * Return: how many were dispatched (0: the wait ended), or -ESTALE once asked to stop (what was ready has still
 * been dispatched: do this turn's work, then end), or another negative errno.
 */
int loop_turn(struct loop *loop, int64_t wait_us, int most);

/** loop_is_ready() - whether somebody waits for a turn: a descriptor has something, or a timer is due. */
bool loop_is_ready(struct loop *loop);

/** loop_stop() - end as by SIGTERM. */
void loop_stop(struct loop *loop);

/** loop_notify() - to NOTIFY_SOCKET, where there is one: "READY=1", "STATUS=…", "STOPPING=1". */
void loop_notify(const char *state);

/** loop_fed() - WATCHDOG=1: a whole turn is done. */
void loop_fed(void);
/** loop_patience() - before work that waits for the medium more than once or twice: until the next loop_fed() the
 * service manager waits LOOP_PATIENCE times as long as the unit says. Nothing else gets more than WatchdogSec=. */
void loop_patience(void);
