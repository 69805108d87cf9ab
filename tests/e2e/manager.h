/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/manager.h: a service manager for tests, that does what the shipped unit files say.
 *
 * Its NOTIFY_SOCKET hears READY=1, STATUS=, WATCHDOG=1 and WATCHDOG_USEC= of each program; who doesn't feed for WatchdogSec= is ended
 * with WatchdogSignal=, and SIGKILL after TimeoutStopSec=; who ends comes back after RestartSec=, unless its status is
 * one of RestartPreventExitStatus=. It runs inside the stage's loop, so a test only waits. ExecStartPre=, users and
 * sandbox are not its business: tests/lint reads them. Source: systemd.service(5), sd_notify(3).
 */
#pragma once

#include "e2e/harness.h"

#define MANAGER_UNITS_MAX 8
#define MANAGER_PREVENT_MAX 4
#define MANAGER_WORDS_MAX 8

struct manager; /* opaque */

/* One service. For reading alone; times are milliseconds of CLOCK_MONOTONIC, 0 never. */
struct manager_unit {
	char name[64]; /* schoolpoort-kiosk */
	/* What its file says. */
	int64_t watchdog_ms, restart_ms, stop_ms;
	int64_t patience_ms; /* what it last asked for by WATCHDOG_USEC=; watchdog_ms at each start */
	size_t n_patient; /* how often it asked for more than its file says, ever */
	int watchdog_signal;
	bool restart; /* Restart=always */
	size_t n_prevent;
	int prevent[MANAGER_PREVENT_MAX];

	struct stage_program *program; /* NULL: doesn't run */
	bool ready; /* this run said READY=1 */
	bool wanted; /* false: stopped by the test, or not to be tried again */
	size_t n_starts, n_ready, n_fed, n_hung; /* ever; n_hung: ended by the watchdog */
	size_t n_killed; /* did not end at WatchdogSignal= either */
	int last_status; /* of the last run that ended; -1 none */
	int64_t started_ms, ready_ms, fed_ms, hung_ms, ended_ms;
	int64_t longest_ms; /* between READY=1 or WATCHDOG=1 and the next, in a run that ended well or runs */
	size_t log_lines, log_bytes; /* of runs that ended */
	/* private */
	const char *conf;
	const char *args[MANAGER_WORDS_MAX], *env[MANAGER_WORDS_MAX];
	int64_t start_ms, kill_ms;
};

/** manager_open() - listen. */
struct manager *manager_open(struct stage *s);
/** manager_close() - stop all units, in the reverse order of their start; accepts NULL. */
void manager_close(struct manager *m);
/** manager_start() - read packaging/systemd/NAME.service and start it. @conf: the stage's unit; @args, @env: as
 * stage_start(), borrowed for the manager's life. */
struct manager_unit *manager_start(struct manager *m, const char *name, const char *conf,
	const char *const *args, const char *const *env);
/** manager_stop() - SIGTERM, and wait; fails unless it ends with status 0 within its TimeoutStopSec=.
 * Return: how long it took, in milliseconds. */
int64_t manager_stop(struct manager *m, struct manager_unit *u);
/** manager_again() - start one that was stopped or not tried again. */
void manager_again(struct manager *m, struct manager_unit *u);
/** manager_wait_ready() - wait until it has said READY=1 @n times, over all runs. */
void manager_wait_ready(struct manager *m, struct manager_unit *u, size_t n);
/** manager_now_ms() - the manager's clock. */
int64_t manager_now_ms(void);
