/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/register_store.h: the school's database: pupils and timetable, every gate's check-ins, what
 * followed from them, and who did what.
 *
 * DESIGN. Facts (check-ins) are kept apart from what follows from them (marks, alerts): the first are
 * never edited but by a higher revision of the gate's own, the second are written again whenever the
 * register judges anew. The journal is only added to. Nothing is written outside a transaction of the
 * caller: it begins at its turn's first change and publishes only what a COMMIT has made true.
 * Owner's thread only; every call may block for one fdatasync. Days are civil_day_number()s.
 * Source: contract, topics.md "Delivery"; library-facts.md section 3; domain.md section 2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alert.h"
#include "core/calendar.h"
#include "core/checkin.h"
#include "core/counts.h"
#include "core/mark.h"
#include "core/roster.h"
#include "store/store.h"

#define REGISTER_STORE_FILE "register.db" /* in paths.state_dir */
#define REGISTER_STORE_REASON_MAX 201 /* bytes with the zero; ASCII */

struct register_store; /* opaque */

/* What may be missing after a rescue; until it is entered anew nobody is surely absent. */
enum register_store_lost {
	REGISTER_LOST_PUPILS = 1,
	REGISTER_LOST_CARDS = 2,
	REGISTER_LOST_TIMETABLE = 4,
	REGISTER_LOST_CALENDAR = 8,
	REGISTER_LOST_EXCUSED = 16,
	REGISTER_LOST_CORRECTIONS =
		32, /* what people said of half days: matters on the day itself */
	REGISTER_LOST_ALL = 63,
};

/* A damaged file was replaced, at this open or before. */
struct register_store_rescue {
	bool now; /* at this open */
	int64_t n_rows; /* read from the damaged file, at this open */
	bool from_backup; /* a table came from the backup, at this open */
	unsigned lost; /* enum register_store_lost, ored */
	bool refilling; /* gates have not all delivered again */
	int revision_base; /* alerts raised on @day begin above it: of those lost nobody knows how far they were */
	int32_t day; /* of the rescue; -1: its owner has not said yet */
};

/**
 * register_store_open() - open or make it. @rehearsal: the clock is simulated.
 *
 * A damaged file is moved aside (PATH.damaged-TIME) and replaced by one with every readable row, and what it lost from
 * PATH.backup where that is there. No gate's log counts as stored then. Return: 0 or a store_err.
 */
int register_store_open(const char *path, bool rehearsal, struct register_store **ret_store);

/** register_store_rescue() - Return: 0 or a store_err. */
int register_store_rescue(struct register_store *s, struct register_store_rescue *ret_rescue);

/** register_store_older() - it has shown itself to be an older copy: as after a rescue, but what people said alone counts as
 * lost. Within the caller's transaction; days in memory are then to be read again. Return: 0 or a store_err. */
int register_store_older(struct register_store *s, struct register_store_rescue *rescue);

/** register_store_rescue_put() - lost, base, refilling and day, within the caller's transaction. Return: 0 or a store_err. */
int register_store_rescue_put(struct register_store *s, const struct register_store_rescue *rescue);

/** register_store_close() - checkpoint and close; accepts NULL. */
void register_store_close(struct register_store *s);

/** register_store_begin() - harmless where a transaction is open. Return: 0 or a store_err. */
int register_store_begin(struct register_store *s);

/** register_store_end() - COMMIT where @err is 0, else ROLLBACK; harmless where none is open.
 * Return: @err, or the commit's: then nothing of the transaction may be told to anybody. */
int register_store_end(struct register_store *s, int err);

/** register_store_checkpoint() - when idle. @truncate: at night. Return: 0 or a store_err. */
int register_store_checkpoint(struct register_store *s, bool truncate);

/** register_store_wal_bytes() - size of the WAL, for deciding on a checkpoint. */
int64_t register_store_wal_bytes(const struct register_store *s);

/** register_store_backup_open() - start a copy, for store_backup_step(). @path: replaced once the copy is whole.
 * Return: 0 or a store_err. */
int register_store_backup_open(
	struct register_store *s, const char *path, struct db_backup **ret_backup);

/** register_store_check() - a whole check. @stop: asked every few ms; true ends it.
 * Return: 1 sound, 0 ended before, or a store_err: after STORE_ERR_DAMAGED the next open replaces the file. */
int register_store_check(struct register_store *s, bool (*stop)(void *ctx), void *ctx);
/** register_store_check_due() - whether the last one is @days or more ago. @today: day number */
bool register_store_check_due(struct register_store *s, int32_t today, int days);
/** register_store_checked() - in a transaction of its own. Return: 0 or a store_err. */
int register_store_checked(struct register_store *s, int32_t today);

/** register_store_backup() - a consistent copy as a new file. Return: 0 or a store_err. */
int register_store_backup(struct register_store *s, const char *path);

/* ---- the roster ---- */

/** register_store_roster() - all that is expected, indexed, with the computed holidays from 40 days
 * before @today to 400 after it (other days are worked out with a roster of their own).
 * Return: 0 and *ret_roster for roster_destroy(), or a store_err. */
int register_store_roster(struct register_store *s, struct civil_date today, int64_t made_at_ms,
	struct roster **ret_roster);

/** register_store_generation_put() - generation of gates/data, kept so that it never goes back. */
int register_store_generation_put(struct register_store *s, int64_t generation);

/** register_store_pupil_put() - add, change, or take back one who had left. */
int register_store_pupil_put(struct register_store *s, const struct roster_pupil *pupil);

/** register_store_pupil_leave() - no longer expected; the history stays. */
int register_store_pupil_leave(struct register_store *s, int64_t pupil, int64_t at_ms);

/** register_store_pupil() - Return: 1 found, 0 none, or a store_err. *ret_left: has left. */
int register_store_pupil(
	struct register_store *s, int64_t id, struct roster_pupil *ret_pupil, bool *ret_left);

typedef int register_store_pupil_fn(void *ctx, const struct roster_pupil *pupil, bool left);

/** register_store_each_pupil() - by id, those above @after, who left among them. Return: 0, a store_err, or
 * what @take ended it with. */
int register_store_each_pupil(
	struct register_store *s, int64_t after, register_store_pupil_fn *take, void *ctx);

/** register_store_card_put() - add or change one, by its hash. */
int register_store_card_put(struct register_store *s, const struct roster_card *card);

/** register_store_card() - Return: 1 found, 0 none, or a store_err. */
int register_store_card(
	struct register_store *s, struct card_hash hash, struct roster_card *ret_card);

/** register_store_card_drop() - it is nobody's. */
int register_store_card_drop(struct register_store *s, struct card_hash hash);

/** register_store_cards_of() - a pupil's cards, by hash. @ret_cards: room for @max. Return: how many,
 * at most @max, or a store_err. */
int register_store_cards_of(
	struct register_store *s, int64_t pupil, struct roster_card *ret_cards, size_t max);

/** register_store_timetable_replace() - all rows at once. */
int register_store_timetable_replace(
	struct register_store *s, const struct timetable_row *rows, size_t n_rows);

/** register_store_timetable_days_replace() - likewise, the lines for one date alone. */
int register_store_timetable_days_replace(
	struct register_store *s, const struct timetable_day *days, size_t n_days);

/* The school's own days without lessons. */
struct register_store_day_off {
	struct civil_date from, to; /* both included */
	enum halfday half; /* HALFDAY_NONE: the whole day */
	char name[CALENDAR_NAME_MAX];
};

/** register_store_days_off() - by first day. *ret_days for free(). Return: how many, or a store_err. */
int register_store_days_off(struct register_store *s, struct register_store_day_off **ret_days);

/** register_store_days_off_replace() - all rows at once. */
int register_store_days_off_replace(
	struct register_store *s, const struct register_store_day_off *days, size_t n_days);

/** register_store_excuse_put() - add, or change reason and code of the same half days. */
int register_store_excuse_put(struct register_store *s, const struct roster_excuse *excuse);

/** register_store_excuse_drop() - by pupil and bounds. */
int register_store_excuse_drop(struct register_store *s, const struct roster_excuse *excuse);

/* ---- check-ins ---- */

/* What the database knows of a number and of an id, for deciding what a message is. */
struct register_store_known {
	bool number_known; /* (log, seq) is taken */
	struct uuid number_id; /* by this check-in; all zero: by one that was refused */
	bool id_known;
	int revision; /* of the check-in with that id */
	int32_t day; /* under which it is kept */
	int64_t through; /* the log without gaps up to here; 0: nothing yet */
	int64_t kept_from_ms; /* retention has taken numbers and check-ins of before this alone; 0: none yet */
};

/** register_store_known() - look up a message before it is judged. Return: 0 or a store_err. */
int register_store_known(struct register_store *s, struct uuid log, int64_t seq, struct uuid id,
	struct register_store_known *ret_known);

/** register_store_checkin_put() - store one, or replace it by its higher revision.
 * @day: the day to which it belongs; @received_ms: when it came, kept of the first time */
int register_store_checkin_put(
	struct register_store *s, const struct checkin *c, int32_t day, int64_t received_ms);

/** register_store_number_put() - (log, seq) is dealt with. @id: by which check-in; NULL: refused.
 * *ret_through: the log without gaps up to here. Return: 0 or a store_err. */
int register_store_number_put(struct register_store *s, struct uuid log, int64_t seq,
	const char *gate, const struct uuid *id, int64_t *ret_through);

/** register_store_through() - of a log; 0 where it is not known. Return: 0 or a store_err. */
int register_store_through(struct register_store *s, struct uuid log, int64_t *ret_through);

#define REGISTER_STORE_CONFLICT "conflict" /* how the reason begins where a number was used twice */

struct register_store_refused {
	struct uuid log;
	int64_t seq;
	char gate[CHECKIN_GATE_MAX];
	char reason[REGISTER_STORE_REASON_MAX];
	int64_t received_ms;
};

/** register_store_refuse() - keep aside what can't be accepted. @payload: as it came, @len bytes */
int register_store_refuse(struct register_store *s, const struct register_store_refused *refused,
	const void *payload, size_t len);

/** register_store_refused() - the newest first. Return: how many, at most @max, or a store_err. */
int register_store_refused(
	struct register_store *s, struct register_store_refused *ret_refused, size_t max);

/** register_store_refused_of() - why a number of a log was refused. Return: 1, 0: it wasn't, or a
 * store_err. @ret_reason: REGISTER_STORE_REASON_MAX bytes */
int register_store_refused_of(
	struct register_store *s, struct uuid log, int64_t seq, char *ret_reason);

/** register_store_has_conflict() - whether a number of this log was used twice. Return: 1, 0 or a store_err. */
int register_store_has_conflict(struct register_store *s, struct uuid log);

/* Called for each row; a return other than 0 ends the walk and is returned. */
typedef int register_store_checkin_fn(void *ctx, const struct checkin *c, int64_t received_ms);

/** register_store_each_checkin() - of a day, in order of at_ms. Return: 0 or a store_err. */
int register_store_each_checkin(
	struct register_store *s, int32_t day, register_store_checkin_fn *take, void *ctx);

/* A check-in whose own time lies farther ahead of its coming is of a gate that is wrong, whatever its clock's state:
 * what two clocks that both judge may be apart is a holdover's minute each. Milliseconds. */
#define REGISTER_STORE_AHEAD_MS 120000

/* A check-in that never had a time of its own: its gate was started without one, and ended before one came. */
struct register_store_undated {
	char gate[CHECKIN_GATE_MAX];
	int64_t pupil; /* by the gate; 0: none */
	struct card_hash card;
	enum checkin_result result;
	int64_t received_ms;
	int64_t after_ms,
		before_ms; /* of the check-ins with a time before and after it in its log; negative: none */
};

/** register_store_undated() - those that came on a day and have no time, in order of coming.
 * Return: how many, at most @max, or a store_err. */
int register_store_undated(struct register_store *s, int32_t day,
	struct register_store_undated *ret_undated, size_t max);

/** register_store_undated_count() - how many came from a day on. Return: it, or a store_err. */
int64_t register_store_undated_count(struct register_store *s, int32_t from_day);

/* ---- what followed ---- */

struct register_store_mark {
	int32_t day;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	int64_t pupil;
	enum mark_value value; /* MARK_NONE and MARK_AWAITED are not kept */
	int minutes_late;
	int64_t arrived_at_ms; /* negative: no tap */
	char gate[CHECKIN_GATE_MAX]; /* of the tap; "" none */
	/* Of that day: a pupil moves on, the half day stays with the class. Kept as first written; "" from before. */
	char class_name[TIMETABLE_CLASS_MAX];
};

/** register_store_mark_put() - write one, or take it away where it says nothing. */
int register_store_mark_put(struct register_store *s, const struct register_store_mark *mark);

typedef int register_store_mark_fn(void *ctx, const struct register_store_mark *mark);

/** register_store_each_mark() - of a day. Return: 0 or a store_err. */
int register_store_each_mark(
	struct register_store *s, int32_t day, register_store_mark_fn *take, void *ctx);

/** register_store_each_mark_of() - of a pupil, days @from to @to, oldest first. */
int register_store_each_mark_of(struct register_store *s, int64_t pupil, int32_t from, int32_t to,
	register_store_mark_fn *take, void *ctx);

/** register_store_exported_put() - Informat was told this of a pupil's half day; in place of what it was
 * told before. @code: a code's letter, or '-' */
int register_store_exported_put(struct register_store *s, int32_t day, enum halfday half,
	int64_t pupil, char code, int64_t at_ms);

typedef int register_store_exported_fn(void *ctx, int64_t pupil, char code);

/** register_store_each_exported() - of a half day, by pupil. Return: 0 or a store_err. */
int register_store_each_exported(struct register_store *s, int32_t day, enum halfday half,
	register_store_exported_fn *take, void *ctx);

/** register_store_each_mark_between() - of everybody who has not left, days @from to @to, by pupil and
 * oldest first: one walk for the whole school. Return: 0, a store_err, or what @take ended it with. */
int register_store_each_mark_between(struct register_store *s, int32_t from, int32_t to,
	register_store_mark_fn *take, void *ctx);

/** register_store_alert_put() - write one as it stands now. */
int register_store_alert_put(struct register_store *s, const struct alert *alert);

typedef int register_store_alert_fn(void *ctx, const struct alert *alert);

/** register_store_each_alert() - of a day, by id. Return: 0 or a store_err. */
int register_store_each_alert(
	struct register_store *s, int32_t day, register_store_alert_fn *take, void *ctx);

/** register_store_each_alert_of() - of a pupil, days @from to @to, oldest first. */
int register_store_each_alert_of(struct register_store *s, int64_t pupil, int32_t from, int32_t to,
	register_store_alert_fn *take, void *ctx);

/** register_store_each_open_alert() - open or acknowledged, of any day. */
int register_store_each_open_alert(
	struct register_store *s, register_store_alert_fn *take, void *ctx);

/** register_store_oldest_open_day() - of alerts that are not over. Return: 1 and *ret_day, 0: none, or a
 * store_err. */
int register_store_oldest_open_day(struct register_store *s, int32_t *ret_day);

/** register_store_closed() - every half day up to *ret_day (a day number) has its marks.
 * @fallback: where nothing is kept yet; it is kept from then on. Return: 0 or a store_err. */
int register_store_closed(struct register_store *s, int64_t fallback, int64_t *ret_day);
/** register_store_closed_put() - within the caller's transaction. Return: 0 or a store_err. */
int register_store_closed_put(struct register_store *s, int64_t day);

enum register_store_number {
	REGISTER_STORE_PUPILS, /* not left */
	REGISTER_STORE_PUPILS_EVER, /* those who left too */
	REGISTER_STORE_CARDS,
	REGISTER_STORE_OPEN_ALERTS,
	REGISTER_STORE_REFUSED,
	REGISTER_STORE_CHECKINS,
	REGISTER_STORE_NEWEST_MS, /* newest of the last check-ins' times under a clock that judges; 0: none */
};

/** register_store_number() - Return: it, or a store_err. */
int64_t register_store_number(struct register_store *s, enum register_store_number number);

/* What people said of a pupil's half day, as it stands; what was said before is in the journal. */
struct register_store_correction {
	int64_t pupil;
	int32_t day;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	bool seen; /* was present, whatever the gates say */
	bool excused;
	char code; /* a letter of core/code.h, 0: none; leaves the register in an export alone */
	enum mark_decided
		decided; /* how far the cut-off had got: whoever takes a word back needs it */
	int64_t at_ms;
	char who[ALERT_BY_MAX];
};

/** register_store_correction_put() - add, or replace what was said of this half day. */
int register_store_correction_put(
	struct register_store *s, const struct register_store_correction *correction);

typedef int register_store_correction_fn(
	void *ctx, const struct register_store_correction *correction);

/** register_store_each_correction() - of a day. Return: 0 or a store_err. */
int register_store_each_correction(
	struct register_store *s, int32_t day, register_store_correction_fn *take, void *ctx);

/** register_store_each_correction_of() - of a pupil, days @from to @to, oldest first. */
int register_store_each_correction_of(struct register_store *s, int64_t pupil, int32_t from,
	int32_t to, register_store_correction_fn *take, void *ctx);

/** register_store_done() - the reply that a command got. Return: 1 and *ret_reply for free(), 0: it is
 * new, or a store_err. */
int register_store_done(
	struct register_store *s, struct uuid request, const char *who, char **ret_reply);

/** register_store_done_put() - remember a reply; those of before @forget_before_ms are forgotten. */
int register_store_done_put(struct register_store *s, struct uuid request, const char *who,
	int64_t at_ms, const char *reply, int64_t forget_before_ms);

/** register_store_days_of_card() - on which days, @from to @to, a card was tapped, oldest first.
 * Return: how many of at most @max, or a store_err. */
int register_store_days_of_card(struct register_store *s, struct card_hash card, int32_t from,
	int32_t to, int32_t *ret_days, size_t max);

/* One line of the journal; its texts last as long as the call. */
struct register_store_line {
	int64_t at_ms;
	const char *who, *what, *about, *detail;
};

typedef int register_store_line_fn(void *ctx, const struct register_store_line *line);

/** register_store_each_line_of() - about one pupil or alert, @from_ms to @to_ms, in order. */
int register_store_each_line_of(struct register_store *s, const char *about, int64_t from_ms,
	int64_t to_ms, register_store_line_fn *take, void *ctx);

/** register_store_journal() - who did what; only ever added to.
 * @who: a person's or unit's name; @what: a fixed word; @about: an id; @detail: figures. No names of
 * pupils, no UIDs. */
int register_store_journal(struct register_store *s, int64_t at_ms, const char *who,
	const char *what, const char *about, const char *detail);

/* ---- care/event ---- */

/* Changes that wait for a broker at most: half a school year of a school of 1,500. Then the oldest go. */
#define REGISTER_STORE_EVENTS_MAX 20000
#define REGISTER_STORE_EVENT_BYTES                                                                 \
	8192 /* with the zero; an alert with its longest note has 5,000 */

/** register_store_event_add() - a change of an alert, within the transaction that changes it.
 * Return: how many of the oldest went because there were too many, or a store_err. */
int register_store_event_add(struct register_store *s, int64_t at_ms, const char *payload);

/* @number: ascending, never used twice. */
typedef int register_store_event_fn(void *ctx, int64_t number, const char *payload);

/** register_store_events() - those after @after, in order, at most @most. Return: 0, a store_err, or what
 * @take ended it with. */
int register_store_events(struct register_store *s, int64_t after, int most,
	register_store_event_fn *take, void *ctx);

/** register_store_event_last() - the newest number ever given; 0: none. Return: it, or a store_err. */
int64_t register_store_event_last(struct register_store *s);

/** register_store_event_drop() - all up to and including @through have been said. */
int register_store_event_drop(struct register_store *s, int64_t through);

/* ---- figures ---- */

/* A half day's public numbers as they were told last; they hold no person and are kept for good. */
struct register_store_counts {
	int32_t day;
	enum halfday half; /* HALFDAY_AM or HALFDAY_PM */
	int64_t at_ms;
	int withheld;
	size_t n_groups;
	struct counts_group *groups; /* the caller's */
};

/** register_store_counts_put() - within the caller's transaction; replaces what was told before. */
int register_store_counts_put(struct register_store *s, const struct register_store_counts *counts);

/** register_store_counts() - what was told of a half day.
 * @counts: its groups have room for @max_groups. Return: 1, 0: nothing was, or a store_err. */
int register_store_counts(struct register_store *s, int32_t day, enum halfday half,
	struct register_store_counts *counts, size_t max_groups);

/* ---- retention ---- */

/* The first day that is kept, and its first moment. */
struct register_store_bound {
	int32_t day;
	int64_t at_ms;
};

/**
 * register_store_drop() - a slice of what concerns a pupil and is of before @before.
 * @most: rows of a table, 1 or more: a slice is that and one transaction, the caller's
 *
 * Check-ins with their numbers, marks, what was exported of them, alerts, excuses that ended, refused messages, entries of the
 * journal that name a pupil or a card, cards whose time was over, and pupils who had left, with their
 * cards and excuses. Everything else stays: timetable, days off, public numbers, the rest of the
 * journal. The file keeps no copy of it (secure_delete). Source: domain.md section 7, R29.
 * Return: how many rows went, 0: nothing is left to drop, or a store_err.
 */
int register_store_drop(
	struct register_store *s, const struct register_store_bound *before, int most);

/* The last run of retention. */
struct register_store_retention {
	int64_t run_ms; /* when it ended; negative: never yet */
	int32_t kept_from; /* the first day it kept */
	int64_t dropped; /* rows */
};

/** register_store_retention() - Return: 0 or a store_err. */
int register_store_retention(struct register_store *s, struct register_store_retention *ret_run);

/** register_store_retention_put() - within the caller's transaction. Return: 0 or a store_err. */
int register_store_retention_put(
	struct register_store *s, const struct register_store_retention *run);
