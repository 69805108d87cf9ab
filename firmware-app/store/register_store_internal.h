/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/register_store_internal.h: what the files of the register's store share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/timetable.h"
#include "store/db.h"
#include "store/register_store.h"

#define REGISTER_STORE_DAYS_BEFORE 40 /* check-ins of a month ago still find their holidays */
#define REGISTER_STORE_DAYS_AFTER 400 /* a school year whole, for gates that stay offline */

#define REGISTER_STORE_LOGS_MAX 64 /* as many gates as a school can have, one log each */

/* A log of this transaction: a gate that delivers adds to it number after number, and each would read and write all of
 * this anew. Written before COMMIT. */
struct register_store_log {
	struct uuid log;
	int64_t through;
	bool none_above; /* no number above `through` is known */
	bool changed;
	char gate[CHECKIN_GATE_MAX]; /* of the last number, where changed */
};

struct register_store {
	struct db *db;
	bool in_transaction;
	size_t n_logs; /* 0 outside of a transaction */
	struct register_store_log logs[REGISTER_STORE_LOGS_MAX];
	struct register_store_rescue rescue; /* of this open */
	int64_t generation; /* of the last gates/data; 0: none yet */
};

enum statement {
	PUPIL_PUT,
	PUPIL_LEAVE,
	PUPIL_ONE,
	PUPIL_ALL,
	PUPIL_COUNT,
	PUPIL_AFTER,
	PUPIL_COUNT_EVER,
	CARD_PUT,
	CARD_ONE,
	CARD_OF,
	CARD_ALL,
	CARD_COUNT,
	CARD_TAKE_BACK,
	TIMETABLE_ADD,
	TIMETABLE_CLEAR,
	TIMETABLE_ALL,
	TIMETABLE_COUNT,
	TIMETABLE_DAY_ADD,
	TIMETABLE_DAY_CLEAR,
	TIMETABLE_DAY_ALL,
	TIMETABLE_DAY_COUNT,
	DAY_OFF_ADD,
	DAY_OFF_CLEAR,
	DAY_OFF_ALL,
	DAY_OFF_COUNT,
	EXCUSE_PUT,
	EXCUSE_DROP,
	EXCUSE_ALL,
	EXCUSE_COUNT,
	NUMBER_ONE,
	NUMBER_ADD,
	NUMBER_AFTER,
	LOG_ONE,
	LOG_PUT,
	CHECKIN_ONE,
	CHECKIN_PUT,
	CHECKIN_DAY,
	CHECKIN_UNDATED,
	CHECKIN_UNDATED_COUNT,
	CHECKIN_COUNT,
	CHECKIN_NEWEST,
	CHECKIN_DROP_NUMBER,
	CHECKIN_DROP,
	REFUSED_ADD,
	REFUSED_LAST,
	REFUSED_ONE,
	REFUSED_CONFLICT,
	REFUSED_COUNT,
	REFUSED_DROP,
	MARK_PUT,
	MARK_DROP,
	MARK_DAY,
	MARK_OF,
	MARK_BETWEEN,
	MARK_DROP_OLD,
	ALERT_PUT,
	ALERT_DAY,
	ALERT_OF,
	ALERT_IS_OPEN,
	ALERT_OLDEST,
	ALERT_OPEN_COUNT,
	ALERT_DROP,
	CORRECTION_PUT,
	CORRECTION_DAY,
	CORRECTION_OF,
	CORRECTION_DROP,
	COMMAND_DONE_ONE,
	COMMAND_DONE_PUT,
	COMMAND_DONE_DROP,
	COMMAND_DONE_DROP_OLD,
	CHECKIN_DAYS_OF_CARD,
	JOURNAL_OF,
	JOURNAL_ADD,
	JOURNAL_DROP,
	CARD_DROP,
	PUPIL_DROP,
	EXCUSE_DROP_OLD,
	COUNTS_PUT,
	COUNTS_ONE,
	COUNTS_GROUP_PUT,
	COUNTS_GROUP_CLEAR,
	COUNTS_GROUP_ALL,
	EXPORTED_PUT,
	EXPORTED_HALF,
	EXPORTED_DROP,
	EVENT_ADD,
	EVENT_BOUND,
	EVENT_AFTER,
	EVENT_DROP,
	EVENT_LAST,
	EVENT_DROP_OLD,
	N_STATEMENTS,
};

/** register_store_refill() - a db_refill_fn. @context: struct register_store_rescue, told what came over */
int register_store_refill(void *context, struct db *fresh, const char *damaged);
/** register_store_logs_put() - what the transaction has changed of logs, into it. Return: 0 or a store_err. */
int register_store_logs_put(struct register_store *s);
/** register_store_count() - the one number of a statement. Return: it, or a store_err. */
int64_t register_store_count(struct register_store *s, int statement);
/** register_store_put_date() - as a day number; all zero as NULL. */
void register_store_put_date(struct db_query *q, struct civil_date date);
/** register_store_get_date() - all zero where NULL. */
struct civil_date register_store_get_date(struct db_query *q);
/** register_store_put_half() - as the contract's word. */
void register_store_put_half(struct db_query *q, enum halfday half);
/** register_store_get_half() - HALFDAY_NONE for "". */
enum halfday register_store_get_half(struct db_query *q);
