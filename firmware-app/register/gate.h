/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/gate.h: what a gate says of itself, and what of it can be relied on: which taps it has told of, delivered or
 * lost, and whether it is one unit.
 *
 * DESIGN. Pure, as register/step.h, which rests on it: a gate that counts as complete makes somebody absent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/absence.h"
#include "core/checkin.h"
#include "wire/wire.h"

/*
 * Two units with one identity (a copied card, a certificate given twice) throw each other out of the broker and come back,
 * in turns. Each birth tells when its program started, so a start that was followed by another one and returns is a
 * second unit, never a restart. Source: topics.md "Additions"; faults.md M14.
 */
struct register_twins {
	int64_t started_ms[2]; /* of the last two programs; the newer one first; 0: none */
	int64_t born_ms; /* of the session that stands */
	int n_returns; /* of a start that had been followed by another */
	bool twice; /* known for now: two units */
};

/* A gate as the register knows it. */
struct register_gate {
	char id[CHECKIN_GATE_MAX];
	bool expected; /* in register.gates; others are shown but not waited for */
	bool seen; /* a state has come */
	struct wire_gate_state last;
	struct uuid session; /* of the last birth; all zero: none yet */
	struct absence_gate absence;
	struct register_twins twins;
	int64_t complete_at_ms
		[2]; /* am, pm: when it last was for the cut-off that had passed; 0: not yet */
	int64_t lost_ms; /* taps made before then were lost with its database; 0: none */
	struct uuid conflict_log; /* one whose numbers were used twice; all zero: none */
};

/** register_take_gate() - a gate's state. A will of another session than the last birth changes nothing.
 * @through: how much of that log is stored. Return: false where it was ignored. */
bool register_take_gate(
	struct register_gate *gate, const struct wire_gate_state *state, int64_t through);

/**
 * register_gate_loss() - whether this state tells of taps that were lost with the gate's database; before
 * register_take_gate().
 * @through: how much of its log is stored
 *
 * A log that was left with taps that never came, by a gate that was started anew or has fewer than those; or a database
 * of which only what was readable is left. Halves that had opened by then are not complete. Source: faults.md S9, D2.
 */
void register_gate_loss(struct register_gate *gate, const struct wire_gate_state *state,
	int64_t through, int64_t now_ms);

/** register_gate_sent() - a check-in of this gate that is no conflict: by its number both mean the same. */
void register_gate_sent(struct register_gate *gate, const struct checkin *c);

/** register_gate_conflict() - a check-in of this log had a number that is another's: the gate's database is an old
 * copy. It is not complete until it goes on under a new log. Source: topics.md "Delivery"; faults.md S10. */
void register_gate_conflict(struct register_gate *gate, struct uuid log);
