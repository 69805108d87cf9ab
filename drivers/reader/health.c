/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader/health.h"

#include "reader/reader.h"

/* After the first, second, third failed open, and all further ones. */
static const int wait_s[] = { 1, 2, 4, 5 };

void health_begin(struct health *h, int n_before, int64_t now_us)
{
	*h = (struct health){
		.end_at_us = n_before < HEALTH_STARTS_FAST ? now_us : now_us + HEALTH_HOLD_US
	};
}

enum health_step health_next(const struct health *h, bool has_card, int64_t now_us)
{
	if (h->open && (h->lost || h->errors >= HEALTH_ERRORS_MAX))
		return HEALTH_CLOSE;
	if (h->open && !has_card && now_us - h->pinged_us >= HEALTH_PING_US)
		return HEALTH_PING;
	if (h->open)
		return HEALTH_LOOK;
	bool over = h->hopeless || (!h->absent && h->failed >= HEALTH_OPENS_MAX) ||
		    h->n_short >= HEALTH_SHORT_MAX;
	if (over && now_us >= h->end_at_us)
		return HEALTH_END;
	if (h->hopeless)
		return HEALTH_WAIT;
	return now_us < h->open_at_us ? HEALTH_WAIT : HEALTH_OPEN;
}

int64_t health_wait_us(const struct health *h, int64_t now_us)
{
	int64_t until_us = h->hopeless ? h->end_at_us : h->open_at_us;

	return now_us < until_us ? until_us - now_us : 0;
}

static int64_t wait_us(int n_before)
{
	int last = (int)(sizeof(wait_s) / sizeof(wait_s[0])) - 1;

	return (int64_t)wait_s[n_before < last ? n_before : last] * 1000000;
}

static void failed(struct health *h, int64_t now_us)
{
	h->open_at_us = now_us + wait_us(h->failed);
	if (h->failed <= HEALTH_OPENS_MAX) /* so that years of a missing port don't overflow it */
		h->failed++;
}

void health_opened(struct health *h, int err, int64_t now_us)
{
	/* A port that comes back after a long wait starts afresh: its chip hasn't failed yet. */
	if (h->absent && err != READER_ERR_ABSENT)
		h->failed = 0;
	h->absent = err == READER_ERR_ABSENT;
	h->hopeless = err == READER_ERR_USAGE || err == READER_ERR_MEMORY;
	h->open = err >= 0;
	h->good = false;
	h->lost = false;
	h->errors = 0;
	h->pinged_us = now_us;
	h->opened_us = now_us;
	if (err == READER_ERR_ABSENT) /* unplugged: nothing that comes and goes by itself */
		h->n_short = 0;
	if (err < 0)
		failed(h, now_us);
}

void health_answered(struct health *h, int err, bool is_look, int64_t now_us)
{
	if (err < 0) {
		h->errors++;
		/* A ping that fails says by itself that the chip is none any more. */
		h->lost = h->lost || err == READER_ERR_LOST || !is_look;
		return;
	}
	if (!is_look) {
		h->pinged_us = now_us;
		return;
	}
	h->errors = 0;
	h->good = true;
	h->failed = 0;
	if (now_us - h->opened_us >= HEALTH_STEADY_US)
		h->n_short = 0;
}

void health_refreshed(struct health *h, int64_t now_us)
{
	h->open = false;
	h->good = false;
	h->open_at_us = now_us;
}

bool health_is_steady(const struct health *h)
{
	return h->good && h->n_short == 0;
}

void health_closed(struct health *h, int64_t now_us)
{
	h->open = false;
	h->open_at_us = now_us;
	if (!h->good) {
		failed(h, now_us);
	} else if (now_us - h->opened_us < HEALTH_STEADY_US) {
		/* The first is opened again at once: a disturbance. The next ones wait: each open costs 60 ms of
		 * reading, two lines of log and, with some drivers, memory. */
		if (h->n_short > 0)
			h->open_at_us = now_us + wait_us(h->n_short - 1);
		if (h->n_short < HEALTH_SHORT_MAX)
			h->n_short++;
	}
	h->good = false;
}
