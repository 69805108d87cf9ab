/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/absence.h: when a class's missing pupils may be called absent, and with what certainty.
 *
 * Pure. The watermark rule: no tap is no proof until every gate has said that it has nothing left to
 * tell. Source: contract, topics.md "Absence"; domain.md R10, R12; faults.md D2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/checkin.h"
#include "core/uuid.h"

#define ABSENCE_MASS_MIN 5 /* pupils; topics.md, rules.mass_percent */

/* What the register knows of a gate: its last state, and how much of its log is stored. */
struct absence_gate {
	bool online; /* the last state said so, and no valid will has come since */
	int clock; /* enum checkin_clock, or -1: not said */
	struct uuid log;
	int64_t last_seq; /* of that state; negative: not said */
	int64_t complete_until_ms; /* every tap up to here is in the log; negative: not said */
	int64_t stored_through; /* the register has @log without gaps up to here */
	int64_t own_through; /* so far the gate means the same check-ins by these numbers */
	bool older; /* it knows of less than is stored: its database may be an old copy */
	bool conflicted; /* numbers of @log were used twice: what it has is not all here */
	bool undated; /* taps that have no time may have been made in the time that is asked about */
};

/** absence_gate_complete() - the gate has told everything up to @cutoff_ms. */
bool absence_gate_complete(const struct absence_gate *gate, int64_t cutoff_ms);

enum absence_verdict {
	ABSENCE_WAIT, /* too early, or nothing can be claimed now */
	ABSENCE_UNCONFIRMED, /* a gate stayed silent past the hold */
	ABSENCE_CONFIRMED, /* every gate is complete */
};

enum absence_reason {
	ABSENCE_BY_CUTOFF, /* not reached */
	ABSENCE_BY_CLOCK, /* the register's own can't be trusted */
	ABSENCE_BY_BROKER, /* the register is not connected */
	ABSENCE_BY_HOLD, /* a gate is silent, and is waited for; or no longer */
	ABSENCE_BY_GATES, /* all complete */
};

struct absence_moment {
	int64_t now_ms; /* milliseconds since 1970 UTC, as all of these */
	int64_t cutoff_ms; /* the class's start plus rules.absent_after_min */
	int64_t connected_since_ms; /* of the register to the broker; negative: not connected */
	int hold_s; /* rules.absent_hold_s */
	bool clock_judges; /* the register's clock is trusted or in holdover */
};

struct absence_decision {
	enum absence_verdict verdict;
	enum absence_reason reason;
};

/**
 * absence_decide() - for one class in one half day.
 * @gates: @n_gates, those of register.gates, 1 or more
 *
 * The hold begins at the cut-off, or when the register became connected, if that was later: what the
 * gates have to say is still on its way then. Whether the half day still runs is the caller's question.
 */
struct absence_decision absence_decide(
	const struct absence_moment *moment, const struct absence_gate *gates, size_t n_gates);

/**
 * absence_is_mass() - one alert for the class instead of one a pupil.
 * @mass_percent: rules.mass_percent, 1..100
 * From this share of the expected pupils, and at least ABSENCE_MASS_MIN: 5 of 10 yes, 4 of 8 no.
 */
bool absence_is_mass(int missing, int expected, int mass_percent);
