/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/harness.h: a school in a temporary folder: real programs, a real broker, every message recorded.
 *
 * One poll loop reads what every program says and what crosses the broker; a test waits for a condition under one
 * deadline and never sleeps. A failed wait prints what all programs said. Ends only processes that it started.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/local.h"
#include "wire/request.h"

#define STAGE_DEADLINE_MS 120000 /* for one event; generous, since only a failure waits so long */

struct stage; /* opaque */
struct stage_program; /* opaque */
struct stage_client; /* opaque: a client of a local socket */

/* A message as the recorder saw it. */
struct stage_message {
	const char *topic;
	const char *payload; /* "" emptied */
	bool retained; /* the publisher's flag */
};

/** stage_open() - a new folder with a card key, state and run folders for each unit. Fails the test on an error. */
struct stage *stage_open(void);
/** stage_close() - end every program that still runs (it must end with status 0, or what stage_end() was told), remove the
 * folder. Accepts NULL. */
void stage_close(struct stage *s);
/** stage_dir() - the folder, for paths. */
const char *stage_dir(const struct stage *s);
/** stage_path() - a path in the folder; static ring of 16, so use it at once. */
const char *stage_path(const struct stage *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** stage_clock() - the --clock that every program started from now on gets, anchored to this moment; NULL: none.
 * @start: RFC 3339 */
void stage_clock(struct stage *s, const char *start);
/** stage_clock_speed() - the same, that many times as fast. */
void stage_clock_speed(struct stage *s, const char *start, int speed);
/** stage_unit() - write UNIT.conf: school, broker, paths of its own; @more: further lines ("section.key = value"). */
void stage_unit(struct stage *s, const char *unit, const char *const *more);
/** stage_unit_port() - units written from now on reach the broker by this port (of a proxy); 0: by its own. */
void stage_unit_port(struct stage *s, int port);

/** stage_broker_start() - Mosquitto on broker-config's loopback file, always on the same free port; with @record a
 * recorder on "#". Waits until it accepts. */
void stage_broker_start(struct stage *s, bool record);
/** stage_broker_lines() - from the next start on with these lines of mosquitto.conf as well; one of the same key in the
 * loopback file gives way. Lines ended by a newline, as long as the stage; NULL: none */
void stage_broker_lines(struct stage *s, const char *lines);
/** stage_broker_stop() - @crash: SIGKILL. */
void stage_broker_stop(struct stage *s, bool crash);
/** stage_publish() - one message of somebody else, at QoS 1; back once the broker has it.
 * @topic: whole */
void stage_publish(struct stage *s, const char *topic, const char *payload);
/** stage_publish_retained() - the same, to stay at the broker. */
void stage_publish_retained(struct stage *s, const char *topic, const char *payload);
/** stage_broker() - the process that runs, NULL none; of stage_broker_start(). */
struct stage_program *stage_broker(const struct stage *s);
/** stage_free_port() - a port that nobody has and no other test gets: unit/port.h. */
int stage_free_port(void);
/** stage_broker_port() - its port, free until the first start. */
int stage_broker_port(const struct stage *s);

/** stage_start() - a program of bin/ with --config UNIT.conf and the stage's clock. @env: NAME=VALUE pairs ended by NULL, or
 * NULL. @wrapper: a command put before it (valgrind …) ended by NULL, or NULL */
struct stage_program *stage_start(struct stage *s, const char *name, const char *unit,
	const char *const *more_args, const char *const *env);
/** stage_stop() - SIGTERM and wait; fails unless it ends with status 0. */
void stage_stop(struct stage *s, struct stage_program *p);
/** stage_kill() - SIGKILL and reap. */
void stage_kill(struct stage *s, struct stage_program *p);
/** stage_wait_exit() - wait for its own end. Return: the exit status. */
int stage_wait_exit(struct stage *s, struct stage_program *p);
/** stage_ended() - whether it has ended, and is reaped then; doesn't wait. *ret_status as stage_wait_exit(). */
bool stage_ended(struct stage *s, struct stage_program *p, int *ret_status);
/** stage_wait_log() - wait until it said a line that holds @text, from the last such wait on. */
void stage_wait_log(struct stage *s, struct stage_program *p, const char *text);
/** stage_said() - whether it ever said @text. */
bool stage_said(const struct stage_program *p, const char *text);
/** stage_said_count() - how often it said @text. */
size_t stage_said_count(const struct stage_program *p, const char *text);
/** stage_text() - all that it said, "" nothing; borrowed until its next word. */
const char *stage_text(const struct stage_program *p);
/** stage_forget() - free one that has ended: a test that starts hundreds keeps only those that run. */
void stage_forget(struct stage *s, struct stage_program *p);
/** stage_pid() - its process. */
pid_t stage_pid(const struct stage_program *p);

/** stage_ctl() - run schoolpoortctl on a unit, wait, return what it printed (for free()); *ret_status its exit status.
 * @args: ended by NULL */
char *stage_ctl(struct stage *s, const char *unit, const char *const *args, int *ret_status);

/** stage_turn() - read what is there, once; waits so long at most. For conditions that nothing announces. */
void stage_turn(struct stage *s, int wait_ms);
/** stage_until() - turn the loop until @done says true; fails the test after the deadline with @what. */
void stage_until(
	struct stage *s, bool (*done)(struct stage *s, void *ctx), void *ctx, const char *what);
/** stage_add_fd() - call @handler when @fd is readable during stage_until(). */
void stage_add_fd(struct stage *s, int fd, void (*handler)(void *ctx), void *ctx);
/** stage_remove_fd() - stop that. */
void stage_remove_fd(struct stage *s, int fd);

/** stage_n_messages() - how many the recorder saw. */
size_t stage_n_messages(const struct stage *s);
/** stage_message() - by index, in order; borrowed for the stage's life. */
const struct stage_message *stage_message(const struct stage *s, size_t index);
/** stage_find() - the next message from @from on whose topic ends in @topic_end and whose payload holds @text (NULL: any).
 * Return: its index, or -1. */
long stage_find(const struct stage *s, size_t from, const char *topic_end, const char *text);
/** stage_wait_message() - wait for it. Return: its index. */
size_t stage_wait_message(struct stage *s, size_t from, const char *topic_end, const char *text);
/** stage_count() - how many such messages there were. */
size_t stage_count(const struct stage *s, const char *topic_end, const char *text);
/** stage_validate() - every recorded message against the contract's schemas; fails the test where one doesn't fit. */
void stage_validate(struct stage *s);

/** stage_connect() - a client of UNIT's kiosk.sock (or of register.sock), once it is there; says hello and waits for the
 * welcome. */
struct stage_client *stage_connect(
	struct stage *s, const char *unit, const char *socket, enum wire_role role);
/** stage_disconnect() - accepts NULL. */
void stage_disconnect(struct stage *s, struct stage_client *c);
/** stage_send() - one message. */
void stage_send(struct stage *s, struct stage_client *c, const struct wire_local *m);
/** stage_send_text() - any bytes. A reader's word that it is well is said again, as a reader does, until it says another. */
void stage_send_text(struct stage *s, struct stage_client *c, const char *text);
/** stage_try_text() - the same where the socket has room. Return: false where it has none. */
bool stage_try_text(struct stage_client *c, const char *text);
/** stage_hush() - that isn't said again: the test says it itself. */
void stage_hush(struct stage_client *reader);
/** stage_tap() - a reader's card, seen now. @uid: hex */
void stage_tap(struct stage *s, struct stage_client *reader, const char *uid);
/** stage_views() - how many views a screen client got. */
size_t stage_views(const struct stage_client *c);
/** stage_view() - by index; borrowed until the next event. */
const struct wire_view *stage_view(const struct stage_client *c, size_t index);
/** stage_wait_view() - wait for a view from @from on with this state and result. Return: its index. */
size_t stage_wait_view(struct stage *s, struct stage_client *c, size_t from,
	enum wire_view_state state, enum wire_view_result result);
/** stage_last_text() - the last datagram that was no view, as text; "" none. */
const char *stage_last_text(const struct stage_client *c);
