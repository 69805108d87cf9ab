/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/retention.h: until when data of pupils is kept, and what a day's run drops.
 *
 * Pure. The register counts in school years and civil dates, a gate in whole days since its confirm.
 * Both drop nothing under a clock that can't be trusted: a date far ahead would empty a school.
 * Source: domain.md section 7 (table), R29; contract, programs.md (retention.until, retention.gate_days).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/civil.h"

/* retention.until: MM-DD in the school year that follows; 31 August by default. */
struct retention_until {
	int month; /* 1..12 */
	int day; /* 1..31; where the month has fewer, its last */
};

/** retention_last_day() - the last day on which data of @date is kept.
 * Of the school year 2026-27 with 08-31: 31 August 2028; with 10-15: 15 October 2027. */
struct civil_date retention_last_day(struct civil_date date, struct retention_until until);

/** retention_keeps() - whether data of @date is still kept on @today; of the future always. */
bool retention_keeps(struct civil_date date, struct civil_date today, struct retention_until until);

/**
 * retention_first_kept() - what a run on @today drops: everything of dates before the one returned.
 * @today: by the register's clock, 1971 and later
 * @clock_judges: trusted or in holdover (checkin_clock_judges())
 *
 * It is always a 1 September: this school year's or last one's. Under a clock that doesn't judge it is
 * 1 January 1970, so that nothing is dropped. Can't fail.
 */
struct civil_date retention_first_kept(
	struct civil_date today, struct retention_until until, bool clock_judges);

/** retention_gate_before() - the instant before which a confirm must have come for its check-in to leave the
 * gate now; INT64_MIN under a clock that doesn't judge. Arguments as below. */
int64_t retention_gate_before(int64_t now_ms, int gate_days, bool clock_judges);

/**
 * retention_gate_drops() - whether a check-in leaves its gate now.
 * @confirmed_at_ms: when the register's confirm came, milliseconds since 1970 UTC; negative: not
 * yet, and then it stays however old it is
 * @now_ms: the gate's clock; @gate_days: retention.gate_days, 1 or more
 * @clock_judges: as above
 *
 * A duration of days of 24 hours; to the millisecond still kept.
 */
bool retention_gate_drops(
	int64_t confirmed_at_ms, int64_t now_ms, int gate_days, bool clock_judges);
