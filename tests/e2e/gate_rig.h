/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/gate_rig.h: one gate under taps, on a disk that a test can fill, break and slow down.
 *
 * Every tap is a card that nobody has, a new one each time: it is stored whatever the gate knows. What the screen was
 * told as stored is kept, so that a test can ask both databases for it.
 */
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "e2e/harness.h"

#define GATE_RIG_TAPS_MAX                                                                          \
	2000 /* a WAL that was never emptied grows by 4 KB a tap: far fewer fill what is left */

struct gate_rig {
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
	int n_taps;
	size_t n_shown;
	char shown[GATE_RIG_TAPS_MAX][37]; /* ids of check-ins that a screen was told */
};

/** gate_rig_start() - gate-1 with a reader and a screen. @env: as stage_start() */
void gate_rig_start(struct stage *s, struct gate_rig *g, const char *const *env);
/** gate_rig_join() - reader and screen of a kiosk that the test started itself. */
void gate_rig_join(struct stage *s, struct gate_rig *g);
/** gate_rig_leave() - both of them go. */
void gate_rig_leave(struct stage *s, struct gate_rig *g);
/** gate_rig_stop() - SIGTERM. */
void gate_rig_stop(struct stage *s, struct gate_rig *g);
/** gate_rig_kill() - SIGKILL. */
void gate_rig_kill(struct stage *s, struct gate_rig *g);
/** gate_rig_send() - a tap that nobody waits for. */
void gate_rig_send(struct stage *s, struct gate_rig *g);
/** gate_rig_tap() - one tap. Return: what the screen was told: unknown_card with an id, or not_stored without one. */
enum wire_view_result gate_rig_tap(struct stage *s, struct gate_rig *g);
/** gate_rig_note() - a result that the test found itself: as gate_rig_tap(). */
void gate_rig_note(struct gate_rig *g, const struct wire_view *v);
/** gate_rig_wait_result() - the next result from view @from on. Return: its index. */
size_t gate_rig_wait_result(struct stage *s, struct gate_rig *g, size_t from);
/** gate_rig_wait_store() - until `status` says this of the store. */
void gate_rig_wait_store(struct stage *s, const char *word);
/** gate_rig_check_delivered() - what the screen was told crossed the broker, and nothing else. */
void gate_rig_check_delivered(struct stage *s, const struct gate_rig *g, size_t from);

/** gate_rig_fill() - a file that takes all that the disk has left; grows where there is more again. */
void gate_rig_fill(const char *path);
/** gate_rig_limit_files() - no file of that process may grow over this. */
void gate_rig_limit_files(pid_t pid, rlim_t bytes);
/** gate_rig_inject() - strace on a running program. @calls: "fsync,fdatasync"; @what: "error=EIO", "delay_enter=2000000"
 * Return: its process, or -1 where it isn't installed or may not trace. */
pid_t gate_rig_inject(pid_t pid, const char *calls, const char *what);
/** gate_rig_inject_end() - take it off again. */
void gate_rig_inject_end(pid_t tracer);
