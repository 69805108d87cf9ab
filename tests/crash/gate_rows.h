/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * crash/gate_rows.h: invented check-ins, and a gate's database opened as the kiosk opens it.
 */
#pragma once

#include <string.h>

#include "crash/sweep.h"
#include "store/kiosk_store.h"
#include "unit/unit.h"

#define GATE_MORNING_MS INT64_C(1795331100000) /* 2026-11-23 08:25 in Brussels */

static inline struct uuid gate_uuid(int kind, int n)
{
	struct uuid u = { { 0xfe, (uint8_t)kind, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n } };

	return u;
}

/* Check-in @n of @kind; every field follows from them. */
static inline struct checkin gate_checkin(int kind, int n)
{
	struct checkin c = { .id = gate_uuid(kind, n),
		.revision = 1,
		.gate = "gate-1",
		.result = n % 3 ? CHECKIN_PRESENT : CHECKIN_UNKNOWN_CARD,
		.at_ms = GATE_MORNING_MS + n * 700,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = 3,
		.boot = gate_uuid(2, 1),
		.boot_ms = 5000 + n * 700,
		.pupil = n % 3 ? 1000 + n : 0,
		.date = { 2026, 11, 23 },
		.half = HALFDAY_AM };

	c.card.b[0] = 7;
	c.card.b[15] = (uint8_t)n;
	return c;
}

/* @log: of a database that must be made anew */
static inline struct kiosk_store *gate_open(const char *dir, int log)
{
	struct kiosk_store *s = NULL;
	int err = kiosk_store_open(sweep_path(dir, KIOSK_STORE_FILE), false, gate_uuid(9, log), &s);

	if (err)
		fail_msg("the store doesn't open: %s", store_err_text(err));
	return s;
}

/* @n_rows from @from on, in one transaction; at most 64 */
static inline void gate_add(struct kiosk_store *s, int from, int n_rows)
{
	struct checkin rows[64];
	int64_t last = kiosk_store_info(s)->last_seq;

	assert_true(n_rows <= 64);
	for (int i = 0; i < n_rows; i++)
		rows[i] = gate_checkin(1, from + i);
	assert_int_equal(kiosk_store_add(s, rows, (size_t)n_rows), 0);
	for (int i = 0; i < n_rows; i++)
		assert_int_equal(rows[i].seq, last + 1 + i);
}

/* What a kiosk does when the power is back. */
static inline void gate_recover(const char *dir, int told)
{
	(void)told;
	struct kiosk_store *s = gate_open(dir, 77);
	assert_false(kiosk_store_info(s)->recovered);
	kiosk_store_close(s);
}

/* Its numbers go on without a gap, and none is used twice. */
static inline void gate_check_numbers(const char *dir)
{
	const char *path = sweep_path(dir, KIOSK_STORE_FILE);

	assert_int_equal(
		sweep_number(path, "SELECT count(*) - (max(seq) - min(seq) + 1) FROM checkin"
				   " WHERE seq > 0 HAVING count(*) > 0"),
		0);
	assert_int_equal(sweep_number(path, "SELECT count(*) - count(DISTINCT id) FROM checkin"
					    " WHERE revision = 1"),
		0);
}

static inline void gate_next(const char *dir, int nth)
{
	struct kiosk_store *s = gate_open(dir, 77);
	struct checkin c = gate_checkin(3, nth);
	int64_t last = kiosk_store_info(s)->last_seq;

	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	assert_int_equal(c.seq, last + 1);
	kiosk_store_close(s);
	gate_check_numbers(dir);
}
