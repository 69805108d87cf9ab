/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/trace.h"

#include <stdlib.h>

static size_t held(const struct trace *trace)
{
	return trace->n < TRACE_MAX ? trace->n : TRACE_MAX;
}

static struct trace_tap *at(struct trace *trace, size_t back)
{
	return &trace->tap[(trace->n - 1 - back) % TRACE_MAX];
}

void trace_add(struct trace *trace, const struct trace_tap *tap)
{
	trace->tap[trace->n % TRACE_MAX] = *tap;
	trace->n++;
}

void trace_presented(struct trace *trace, int64_t view, int64_t at_us)
{
	for (size_t back = 0; back < held(trace); back++) {
		struct trace_tap *t = at(trace, back);
		if (t->view == view && t->presented_us < 0)
			t->presented_us = at_us;
		if (t->view <= view)
			return;
	}
}

void trace_published(struct trace *trace, int64_t seq, int64_t at_us)
{
	for (size_t back = 0; back < held(trace); back++) {
		struct trace_tap *t = at(trace, back);
		if (t->seq != seq)
			continue;
		if (t->published_us < 0)
			t->published_us = at_us;
		return;
	}
}

void trace_confirmed(struct trace *trace, int64_t through, int64_t at_us)
{
	for (size_t back = 0; back < held(trace); back++) {
		struct trace_tap *t = at(trace, back);
		if (t->seq > through || t->seq == 0)
			continue;
		if (t->confirmed_us >= 0)
			return; /* the older ones were confirmed with it */
		t->confirmed_us = at_us;
	}
}

const struct trace_tap *trace_at(const struct trace *trace, size_t back)
{
	return back < held(trace) ? &trace->tap[(trace->n - 1 - back) % TRACE_MAX] : NULL;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double rank_ms(const int64_t *sorted_us, size_t n, size_t percent)
{
	size_t rank = (n * percent + 99) / 100;

	return (double)sorted_us[rank ? rank - 1 : 0] / 1000.0;
}

struct trace_percentiles trace_percentiles_of(const struct trace *trace)
{
	int64_t took_us[TRACE_MAX];
	size_t n = 0;

	for (size_t back = 0; back < held(trace); back++) {
		const struct trace_tap *t = trace_at(trace, back);
		if (t->presented_us >= 0)
			took_us[n++] = t->presented_us - t->seen_us;
	}
	if (!n)
		return (struct trace_percentiles){ -1, -1, -1 };
	qsort(took_us, n, sizeof(took_us[0]), compare);
	return (struct trace_percentiles){ rank_ms(took_us, n, 50), rank_ms(took_us, n, 95),
		rank_ms(took_us, n, 99) };
}

void trace_renumbered(struct trace *trace)
{
	for (size_t back = 0; back < held(trace); back++)
		at(trace, back)->seq = 0;
}
