/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/whole_gate.h: one whole gate on a stage: emulated PN532, real reader and libnfc under a unit that restarts it,
 * kiosk, broker; a light that is told every view.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "e2e/harness.h"

struct whole_gate {
	struct stage *s;
	pid_t emu_pid;
	struct emu_control *emu;
	struct stage_program *kiosk, *reader; /* the reader's unit, unit_run.c */
	struct stage_client *views;
	char connstring[400]; /* set before gate_start() for another than the emulator's */
	int restart_ms; /* RestartSec; 1000 unless changed before gate_start() */
};

/* When a fault was seen, in milliseconds from a moment. */
struct gate_shown {
	int view_ms, state_ms;
};

/** gate_open() - stage, broker with recorder, emulator; no program of ours yet. */
void gate_open(struct whole_gate *g);
/** gate_start() - kiosk and reader; back once the reader reads, unless its connstring was changed. */
void gate_start(struct whole_gate *g);
/** gate_close() - ends all, with status 0 each. */
void gate_close(struct whole_gate *g);

/** gate_tell() - a command to the emulator that must succeed. */
void gate_tell(struct whole_gate *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** gate_turn_ms() - listen for so long. */
void gate_turn_ms(struct whole_gate *g, int ms);
/** gate_tap() - hold a card there until a result with this word is shown, take it away. Return: milliseconds it took. */
int gate_tap(struct whole_gate *g, const char *uid, enum wire_view_result want);
/** gate_reader_pid() - the reader's own process, of the present run. */
pid_t gate_reader_pid(const struct whole_gate *g);

/** gate_wait_fault() - wait for the fault in view and gate state, from these on.
 * @from_view, @from_message: stage_views(), stage_n_messages() of the moment @from_us
 * @ret_reason: NULL, or 200 bytes for the state's reader_fault */
struct gate_shown gate_wait_fault(struct whole_gate *g, size_t from_view, size_t from_message,
	int64_t from_us, char *ret_reason);
/** gate_wait_well() - wait for a view without fault and a gate state with the reader ok, from these on. */
void gate_wait_well(struct whole_gate *g, size_t from_view, size_t from_message);
/** gate_checkins() - different check-ins that crossed the broker. */
size_t gate_checkins(const struct whole_gate *g);
