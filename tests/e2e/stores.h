/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/stores.h: the databases of gates and register side by side, after their programs have ended or were killed.
 *
 * Always on copies: a connection of the test's own would change what recovery finds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/uuid.h"

struct stage;
struct stores; /* opaque */

/** stores_copy() - a database and its WAL, as they lie there now. @from, @to: the database's file */
void stores_copy(const char *from, const char *to);

/** stores_open() - copies of all that units hold: `u0`, `u1` … in the order given, each after integrity_check.
 * @units: "gate-1" (kiosk.db) or "register" (register.db), ended by NULL */
struct stores *stores_open(struct stage *s, const char *const *units);
/** stores_close() - accepts NULL. */
void stores_close(struct stores *st);

/** stores_number() - the first number that a query gives; fails the test where it gives none.
 * @sql: a printf format */
int64_t stores_number(struct stores *st, const char *sql, ...)
	__attribute__((format(printf, 2, 3)));
/** stores_none() - the query must give no row; otherwise fails with @what and the first rows. */
void stores_none(struct stores *st, const char *what, const char *sql, ...)
	__attribute__((format(printf, 3, 4)));
/** stores_put_told() - into the table told(id, unit): what screens were told. @unit: 0 for u0 … */
void stores_put_told(struct stores *st, int unit, const struct uuid *ids, size_t n_ids);

/** stores_put_retained() - into the table retained(id, revision): an alert as the broker keeps it. */
void stores_put_retained(struct stores *st, const char *id, int64_t revision);
/** stores_put_absent() - into the table absent(pupil): somebody was told that this pupil is missing for sure. */
void stores_put_absent(struct stores *st, int64_t pupil);

/** stores_compare() - gates u0 … against the register, the last unit: everything told is stored in its gate, every row of a
 * gate is at the register exactly once with the same content and number, and nothing else is. */
void stores_compare(struct stores *st, int n_gates);
