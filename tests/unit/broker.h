/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/broker.h: the packaged Mosquitto on a free loopback port, for one test.
 *
 * Its configuration, log and data lie in a temporary folder, which broker_stop() removes. It ends
 * with the test program, however that ends.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define BROKER_DIR_MAX 64

struct broker {
	pid_t pid; /* 0: not running */
	int port; /* on 127.0.0.1; kept over a restart */
	char dir[BROKER_DIR_MAX]; /* files named by the extra lines may be put here */
};

/** broker_init() - make the folder and choose a port; nothing runs yet. Return: 0 or -1. */
int broker_init(struct broker *b);

/** broker_start() - start, or start again, and wait until the port accepts, a minute at most.
 * @extra: further lines of mosquitto.conf; NULL: anybody may do anything. Return: 0 or -1. */
int broker_start(struct broker *b, const char *extra);

/** broker_kill() - SIGKILL: no will, no DISCONNECT, nothing saved; harmless where it doesn't
 * run. */
void broker_kill(struct broker *b);

/** broker_freeze() - stop or continue the process: connected, and silent. */
void broker_freeze(struct broker *b, bool freeze);

/** broker_stop() - end it and remove the folder. */
void broker_stop(struct broker *b);

/** broker_silent() - a listener that accepts and says nothing, or (@full) whose backlog is full, so
 * that a connect() to it hangs. @ret_port: its port. Return: a descriptor to close, or -1. */
int broker_silent(bool full, int *ret_port);
