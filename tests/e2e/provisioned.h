/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/provisioned.h: units on a stage that joined their school as in the field: provision, a bundle, schoolpoort-join; and
 * the broker on the shipped configuration, with nothing but ports and paths replaced.
 *
 * A unit's folder is STAGE/UNIT, its configuration also STAGE/UNIT.conf, so that the rest of the stage finds it.
 */
#pragma once

#include "e2e/harness.h"

struct provisioned {
	struct stage *stage;
	int tls_port, websocket_port;
	struct stage_program *broker;
};

/** provisioned_here() - whether faketime and Mosquitto's tools are; else says so. */
bool provisioned_here(void);
/** provisioned_open() - a stage and a school whose broker is called localhost. @at: what faketime takes as the time of it, NULL:
 * now */
struct provisioned provisioned_open(const char *at);
/** provisioned_close() - all of it. */
void provisioned_close(struct provisioned *p);
/** provisioned_run() - `provision ARGS` at that time; fails the test unless it ends with status 0. @args: ended by NULL */
void provisioned_run(struct provisioned *p, const char *at, const char *const *args);
/** provisioned_bundle() - UNIT.schoolpoort, with the stage's paths and port in it, and applied: a unit without a
 * certificate. @at: the unit's clock too */
void provisioned_bundle(struct provisioned *p, const char *unit, const char *at);
/** provisioned_sign() - the request of that unit; the certificate lies on the stick. */
void provisioned_sign(struct provisioned *p, const char *unit, const char *at);
/** provisioned_take() - what lies on the stick, by the unit. */
void provisioned_take(struct provisioned *p, const char *unit, const char *at);
/** provisioned_renewed() - what provision renewed, brought to the unit. */
void provisioned_renewed(struct provisioned *p, const char *unit);
/** provisioned_unit() - the four of them. */
void provisioned_unit(struct provisioned *p, const char *unit, const char *at);
/** provisioned_start() - the broker; waits for its ports. */
void provisioned_start(struct provisioned *p);
/** provisioned_stop() - SIGTERM. */
void provisioned_stop(struct provisioned *p);
