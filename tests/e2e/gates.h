/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/gates.h: gates of a stage with a reader and a screen that the test plays, and their databases beside the register's.
 */
#pragma once

#include "e2e/harness.h"

struct gate {
	const char *unit;
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
};

/** gate_start() - the kiosk of a unit whose file is there, with a reader that is well. @args: further options, ended by
 * NULL, or NULL; @env: NAME=VALUE pairs ended by NULL, or NULL */
struct gate gate_start(
	struct stage *s, const char *unit, const char *const *args, const char *const *env);
/** gate_stop() - SIGTERM. */
void gate_stop(struct stage *s, struct gate *g);
/** gate_tap() - a card, and the view of its result. */
struct wire_view gate_tap(
	struct stage *s, struct gate *g, const char *uid, enum wire_view_result want);
/** gate_wait_cards() - the gate has data with so many cards: the list that a school imports last (school.h), so all that
 * came before it is there too. */
void gate_wait_cards(struct stage *s, const char *unit, int n);
/** gate_rows() - one number out of a database of the stage. @unit: whose; @sql: gates.c calls the register's database
 * "r", where @unit is a gate */
int gate_rows(struct stage *s, const char *unit, const char *sql);
/** gate_check_delivered() - every check-in of these gates is at the register, once, with its own time, and none else is. */
void gate_check_delivered(struct stage *s, const char *const *units, size_t n_units);
/** gate_memory_kb() - a program's resident memory. */
long gate_memory_kb(const struct stage_program *p);
/** gate_cpu_ms() - what a program has had of a processor. */
long gate_cpu_ms(const struct stage_program *p);
/** gate_now_ms() - monotonic. */
int64_t gate_now_ms(void);
/** gate_pass() - let this much time go by, reading what programs say: for what must not happen meanwhile. */
void gate_pass(struct stage *s, int ms);
