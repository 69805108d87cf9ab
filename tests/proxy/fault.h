/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * proxy/fault.h: a test's hold on a running fault_proxy. Every failure fails the test.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct fault {
	pid_t pid; /* 0: not started */
	int fd; /* its control connection */
	char dir[64];
};

/** fault_start() - run it. @links: "NAME=PORT" of what lies behind it, ended by NULL; nobody need listen there yet */
void fault_start(struct fault *f, uint64_t seed, const char *const *links);

/** fault_port() - where a link listens. */
int fault_port(struct fault *f, const char *link);

/** fault_tell() - a line of proxy.h, obeyed on return. */
void fault_tell(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** fault_figure() - of a link's `stats`. @what: "connections", "open", "up", "down" or "cuts" */
uint64_t fault_figure(struct fault *f, const char *link, const char *what);

/** fault_stop() - end it; accepts one that never started. */
void fault_stop(struct fault *f);
