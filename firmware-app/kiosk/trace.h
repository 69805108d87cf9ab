/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/trace.h: when each stage of the last taps was reached.
 *
 * In memory only; by the check-in's id, so it holds nothing about a pupil. All times are CLOCK_MONOTONIC in
 * microseconds, negative: not reached. Source: contract, programs.md (`trace`).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/uuid.h"

#define TRACE_MAX 1000 /* gate-state.json: the percentiles are of the last 1,000 taps */

struct trace_tap {
	struct uuid id;
	int64_t seq;
	int64_t view; /* number of the view that showed it */
	int64_t seen_us, received_us, committed_us, presented_us, published_us, confirmed_us;
};

struct trace {
	size_t n; /* ever added; the ring holds the last TRACE_MAX */
	struct trace_tap tap[TRACE_MAX];
};

/* Milliseconds from seen to presented; negative: no tap was presented yet. */
struct trace_percentiles {
	double p50_ms, p95_ms, p99_ms;
};

/** trace_add() - a tap was committed. */
void trace_add(struct trace *trace, const struct trace_tap *tap);
/** trace_presented() - the screen showed a view; the tap that it belongs to, if any, is marked once. */
void trace_presented(struct trace *trace, int64_t view, int64_t at_us);
/** trace_published() - the broker has the check-in with this number. */
void trace_published(struct trace *trace, int64_t seq, int64_t at_us);
/** trace_confirmed() - the register has all up to this number. */
void trace_confirmed(struct trace *trace, int64_t through, int64_t at_us);
/** trace_at() - @back 0 is the newest; NULL beyond the ring's end. Borrowed until the next trace_add(). */
const struct trace_tap *trace_at(const struct trace *trace, size_t back);
/** trace_percentiles_of() - over the ring, by nearest rank. */
struct trace_percentiles trace_percentiles_of(const struct trace *trace);
/** trace_renumbered() - a new log was drawn: old numbers mean nothing any more. */
void trace_renumbered(struct trace *trace);
