/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/kiosk_store.h: a gate's database: its log of check-ins, and the cached gates/data.
 *
 * A check-in is one transaction and one fdatasync. Rows are kept until the register's confirm
 * covers their number and retention.gate_days have passed. Source: contract, topics.md "Delivery".
 */
#pragma once

#include <stddef.h>

#include "core/checkin.h"
#include "store/store.h"

#define KIOSK_STORE_FILE "kiosk.db" /* in paths.state_dir */

struct kiosk_store; /* opaque */

/* Filled at open and kept up to date by the calls below. */
struct kiosk_store_info {
	struct uuid log; /* of this database */
	int64_t last_seq; /* 0: empty log */
	int64_t confirmed_seq; /* stored by the register up to here */
	int64_t oldest_seq; /* of this log's rows still kept; 0: none */
	int64_t newest_trusted_ms; /* of the event that was stored last under a trusted clock; 0: none */
	bool recovered; /* a damaged file was moved aside at open */
};

/**
 * kiosk_store_open() - open or make the database.
 * @path: the file; its folder must exist and be writable
 * @rehearsal: the clock is simulated; a database belongs to one kind for good
 * @new_log: becomes the log of a new database; drawn by the caller
 *
 * A damaged file is moved aside (PATH.damaged-TIME) and a new one made; readable check-ins are
 * taken over under their ids into the new log, all as unconfirmed, with what PATH.backup has besides, and so is the cached
 * gates/data. Return: 0 or a store_err.
 */
int kiosk_store_open(
	const char *path, bool rehearsal, struct uuid new_log, struct kiosk_store **ret_store);

/** kiosk_store_close() - checkpoint and close; accepts NULL and a store half open. */
void kiosk_store_close(struct kiosk_store *s);

/** kiosk_store_info() - borrowed until the next call. */
const struct kiosk_store_info *kiosk_store_info(const struct kiosk_store *s);

/**
 * kiosk_store_add() - store check-ins durably, all or none, in one transaction.
 * @rows: @n_rows, 1 or more; seq and log are given here, the rest is the caller's. On success each
 *        row has its log and seq; after an error seq is 0.
 *
 * The same id with a higher revision is a row with a number of its own: the register must get both.
 * The same id and revision again is no error and no new row: the row gets the number it has (a
 * commit that failed may have been stored all the same).
 * Return: 0 once COMMIT returned; or a store_err and nothing may be promised of these rows (one may
 * be found later).
 */
int kiosk_store_add(struct kiosk_store *s, struct checkin *rows, size_t n_rows);

/**
 * kiosk_store_unconfirmed() - the oldest rows from @from_seq on, in order of seq.
 * @gate: copied into the rows, which the database doesn't repeat
 * @ret_rows: room for @max. Return: how many (0: none), or a store_err. STORE_ERR_DAMAGED, here and below: close and
 * open, then all but what is damaged is there, under a new log.
 */
int kiosk_store_unconfirmed(struct kiosk_store *s, int64_t from_seq, const char *gate,
	struct checkin *ret_rows, size_t max);

/**
 * kiosk_store_undated() - this boot's check-ins that were stored under a clock that didn't judge and have no later
 * revision, in order of seq (0 and less: of an earlier log).
 * @boot: the kernel's boot id; @after_seq: those above it; @gate: copied into the rows
 * @ret_rows: room for @max. Return: how many (0: none), or a store_err.
 */
int kiosk_store_undated(struct kiosk_store *s, const struct uuid *boot, int64_t after_seq,
	const char *gate, struct checkin *ret_rows, size_t max);

/** kiosk_store_latest() - the newest check-ins, newest first, for what a restart must remember
 * (repeats, who is in). Of a corrected check-in every revision comes. Rows of an earlier log have a
 * seq of 0 or less.
 * @since_ms: none older than this by the wall clock. Return: how many, or a store_err. */
int kiosk_store_latest(struct kiosk_store *s, int64_t since_ms, const char *gate,
	struct checkin *ret_rows, size_t max);

/** kiosk_store_confirm() - the register has everything up to @through (clipped to the last number);
 * may go back. Rows CHECKIN_TALK that are confirmed by it are deleted: nothing of them stays here.
 * Return: 0 or a store_err. */
int kiosk_store_confirm(struct kiosk_store *s, int64_t through);

/** kiosk_store_confirm_at() - the same, and from @now_ms on these rows' time runs, also where the gate is switched off
 * before the next purge. Negative: the clock can't say; the next purge does. */
int kiosk_store_confirm_at(struct kiosk_store *s, int64_t through, int64_t now_ms);

/**
 * kiosk_store_relog() - go on under another log: the rows that are not confirmed are numbered anew
 * from 1.
 * @log: drawn by the caller
 * @all: the confirmed rows still kept too (a register that lost its data asks for them); else they
 *       stay for kiosk_store_latest() until they are purged, and are not sent again
 * Return: 0 or a store_err.
 */
int kiosk_store_relog(struct kiosk_store *s, struct uuid log, bool all);

/** kiosk_store_data_save() - the payload of gates/data as it came, replacing the one before, in one
 * transaction. */
int kiosk_store_data_save(struct kiosk_store *s, int64_t generation, const void *bytes, size_t len);

/** kiosk_store_data_load() - Return: its length and *ret_bytes for free(); 0: none yet; or a
 * store_err. */
int64_t kiosk_store_data_load(struct kiosk_store *s, char **ret_bytes);

/**
 * kiosk_store_purge() - drop the rows whose confirm came before @before_ms, at most @most.
 * @now_ms: when rows count as confirmed that were not so at the last purge; by a clock that judges
 * @before_ms: retention_gate_before()
 *
 * A row that isn't confirmed stays, however old. Return: how many went, or a store_err.
 */
int kiosk_store_purge(struct kiosk_store *s, int64_t now_ms, int64_t before_ms, int most);

/**
 * kiosk_store_free_up() - the disk is full: drop the oldest confirmed rows, whatever their age.
 * @confirmed: how far the register has got by what its owner knows, more or less than the file says; kept with it
 *
 * Room in the file for new rows, not room on the disk. A row that isn't confirmed stays.
 * Return: how many went (at most @most), or a store_err.
 */
int kiosk_store_free_up(struct kiosk_store *s, int64_t confirmed, int most);

/** kiosk_store_prove() - write, whether or not there is anything to be written: only that shows that a
 * disk which failed takes rows again. @confirmed: kept. Return: 0 or a store_err. */
int kiosk_store_prove(struct kiosk_store *s, int64_t confirmed);

/** kiosk_store_is_suspect() - the disk failed under it: what it holds in memory can't be trusted, close and
 * open it before it is used again. */
bool kiosk_store_is_suspect(const struct kiosk_store *s);

/** kiosk_store_backup_open() - start a copy, for store_backup_step(). @path: replaced once the copy is whole.
 * Return: 0 or a store_err. */
int kiosk_store_backup_open(struct kiosk_store *s, const char *path, struct db_backup **ret_backup);

/** kiosk_store_check() - a whole check. @stop: asked every few ms; true ends it.
 * Return: 1 sound, 0 ended before, or a store_err: after STORE_ERR_DAMAGED the next open replaces the file. */
int kiosk_store_check(struct kiosk_store *s, bool (*stop)(void *ctx), void *ctx);
/** kiosk_store_check_due() - whether the last one is @days or more ago. @today: day number */
bool kiosk_store_check_due(struct kiosk_store *s, int32_t today, int days);
/** kiosk_store_checked() - it was done, or tried for as long as there was time. Return: 0 or a store_err. */
int kiosk_store_checked(struct kiosk_store *s, int32_t today);

/** kiosk_store_truncate() - at night, or where the disk is full: as checkpoint, and the WAL gives its room back.
 * Return: 0 or a store_err. */
int kiosk_store_truncate(struct kiosk_store *s);

/** kiosk_store_checkpoint() - when idle: move the WAL into the file without waiting. Return: 0 or a
 * store_err. */
int kiosk_store_checkpoint(struct kiosk_store *s);

/** kiosk_store_wal_bytes() - size of the WAL, for deciding on a checkpoint. */
int64_t kiosk_store_wal_bytes(const struct kiosk_store *s);
