/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/school.h: the sample school on a stage: a register that holds it, gates that know it.
 *
 * The school is broker-config/contract/sample: 3A starts at 08:25, 5B on Mondays at 09:15.
 */
#pragma once

#include "e2e/harness.h"

#define NOOR "0000012345" /* 3A, card 04A1B2C3D4E5F6 */
#define YASSINE "0000012346" /* 3A, card DEADBEEF */
#define ELIF "0000012347" /* 3A, card 04112233445566; in a trajectory in the week of 2026-11-23 */
#define MARIE "0000012348" /* 5B, card 04FFEEDDCCBBAA */
#define AN "0000012349" /* 5B, card 0BADC0DE until 2026-10-31 */

#define CARD_NOOR "04a1b2c3d4e5f6"
#define CARD_YASSINE "deadbeef"
#define CARD_ELIF "04112233445566"
#define CARD_MARIE "04ffeeddccbbaa"
#define CARD_AN "0badc0de"

/** school_register() - write register.conf for these gates, start the register, import the sample. */
struct stage_program *school_register(struct stage *s, const char *gates);

/** school_register_as() - the same with an environment of its own: NAME=VALUE ended by NULL, or NULL. */
struct stage_program *school_register_as(
	struct stage *s, const char *gates, const char *const *env);

/** school_import() - the sample into the running register. */
void school_import(struct stage *s);

/** school_ctl() - one command that must succeed. Return: what it printed, for free(). */
char *school_ctl(struct stage *s, const char *unit, const char *const *args);

/** school_ctl_json() - the same with --json, parsed, for wire_node_destroy(). */
struct wire_node *school_ctl_json(struct stage *s, const char *unit, const char *const *args);

/** school_wait_status() - ask `status` of a unit until a number there has a value. */
void school_wait_status(struct stage *s, const char *unit, const char *key, int64_t value);
