/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/register_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "core/halfday.h"
#include "store/db.h"
#include "store/register_store_internal.h"

#define SOURCE_ROWS_MAX 4000 /* own days off: each can be one day of the roster at least */

static const struct db_migration migrations[] = {
	{ 1, 1,
		"CREATE TABLE pupil(id INTEGER PRIMARY KEY, last_name TEXT NOT NULL,"
		" first_name TEXT NOT NULL, class TEXT NOT NULL, language TEXT NOT NULL,"
		" left_at INTEGER) STRICT;"
		"CREATE TABLE card(hash BLOB PRIMARY KEY, pupil INTEGER NOT NULL,"
		" blocked INTEGER NOT NULL, from_day INTEGER, to_day INTEGER) STRICT, WITHOUT "
		"ROWID;"
		"CREATE INDEX card_pupil ON card(pupil);"
		"CREATE TABLE timetable(class TEXT NOT NULL, weekday INTEGER NOT NULL,"
		" half TEXT NOT NULL, start_s INTEGER NOT NULL, end_s INTEGER NOT NULL,"
		" PRIMARY KEY(class, weekday, half)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE day_off(from_day INTEGER NOT NULL, to_day INTEGER NOT NULL,"
		" half TEXT NOT NULL, name TEXT NOT NULL,"
		" PRIMARY KEY(from_day, to_day, half)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE excuse(pupil INTEGER NOT NULL, from_day INTEGER NOT NULL,"
		" from_half TEXT NOT NULL, to_day INTEGER NOT NULL, to_half TEXT NOT NULL,"
		" reason TEXT NOT NULL, code TEXT NOT NULL,"
		" PRIMARY KEY(pupil, from_day, from_half, to_day, to_half)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE log(log BLOB PRIMARY KEY, gate TEXT NOT NULL,"
		" through INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE TABLE number(log BLOB NOT NULL, seq INTEGER NOT NULL, checkin BLOB,"
		" PRIMARY KEY(log, seq)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE checkin(id BLOB NOT NULL UNIQUE, revision INTEGER NOT NULL,"
		" day INTEGER NOT NULL, received_at INTEGER NOT NULL, log BLOB NOT NULL,"
		" seq INTEGER NOT NULL, gate TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT "
		"NULL,"
		" clock TEXT NOT NULL, clock_error_ms INTEGER NOT NULL, boot BLOB NOT NULL,"
		" boot_ms INTEGER NOT NULL, pupil INTEGER NOT NULL, card BLOB NOT NULL,"
		" gate_day INTEGER, gate_half TEXT NOT NULL, minutes_late INTEGER NOT NULL,"
		" source INTEGER NOT NULL) STRICT;"
		"CREATE INDEX checkin_day ON checkin(day);"
		"CREATE TABLE refused(log BLOB NOT NULL, seq INTEGER NOT NULL, gate TEXT NOT NULL,"
		" reason TEXT NOT NULL, received_at INTEGER NOT NULL, payload BLOB NOT NULL) "
		"STRICT;"
		"CREATE INDEX refused_number ON refused(log, seq);"
		"CREATE TABLE mark(day INTEGER NOT NULL, half TEXT NOT NULL, pupil INTEGER NOT "
		"NULL,"
		" mark TEXT NOT NULL, unconfirmed INTEGER NOT NULL, minutes_late INTEGER NOT NULL,"
		" arrived_at INTEGER, gate TEXT NOT NULL,"
		" PRIMARY KEY(pupil, day, half)) STRICT, WITHOUT ROWID;"
		"CREATE INDEX mark_day ON mark(day);"
		"CREATE TABLE alert(id TEXT PRIMARY KEY, day INTEGER NOT NULL, half TEXT NOT NULL,"
		" kind TEXT NOT NULL, state TEXT NOT NULL, confirmed INTEGER NOT NULL,"
		" raised_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, revision INTEGER NOT "
		"NULL,"
		" pupil INTEGER NOT NULL, gate TEXT NOT NULL, class TEXT NOT NULL, card BLOB NOT "
		"NULL,"
		" expected_at INTEGER NOT NULL, arrived_at INTEGER NOT NULL,"
		" minutes_late INTEGER NOT NULL, missing INTEGER NOT NULL, expected INTEGER NOT "
		"NULL,"
		" acknowledged_by TEXT NOT NULL, acknowledged_at INTEGER NOT NULL, what TEXT NOT "
		"NULL,"
		" resolved_by TEXT NOT NULL, resolved_at INTEGER NOT NULL, note TEXT NOT NULL) "
		"STRICT;"
		"CREATE INDEX alert_day ON alert(day);"
		"CREATE INDEX alert_pupil ON alert(pupil);"
		"CREATE INDEX alert_open ON alert(day) WHERE state IN ('open', 'acknowledged');"
		"CREATE TABLE journal(number INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
		" who TEXT NOT NULL, what TEXT NOT NULL, about TEXT NOT NULL,"
		" detail TEXT NOT NULL) STRICT;" },
	/* Lessons of one date alone, and what Informat was told of a half day. */
	{ 2, 1,
		"CREATE TABLE timetable_day(class TEXT NOT NULL, day INTEGER NOT NULL,"
		" half TEXT NOT NULL, start_s INTEGER NOT NULL, end_s INTEGER NOT NULL,"
		" PRIMARY KEY(class, day, half)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE exported(day INTEGER NOT NULL, half TEXT NOT NULL,"
		" pupil INTEGER NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL,"
		" PRIMARY KEY(day, half, pupil)) STRICT, WITHOUT ROWID;" },
	/* The public numbers as they were told: what may be told later depends on it. */
	{ 3, 1,
		"CREATE TABLE counts(day INTEGER NOT NULL, half TEXT NOT NULL,"
		" at INTEGER NOT NULL, withheld INTEGER NOT NULL,"
		" PRIMARY KEY(day, half)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE counts_group(day INTEGER NOT NULL, half TEXT NOT NULL,"
		" place INTEGER NOT NULL, name TEXT NOT NULL, expected INTEGER NOT NULL,"
		" present INTEGER NOT NULL, late INTEGER NOT NULL, absent INTEGER NOT NULL,"
		" excused INTEGER NOT NULL,"
		" PRIMARY KEY(day, half, place)) STRICT, WITHOUT ROWID;" },
	/* What people said of half days. An older program, put back in need, judges without it. */
	{ 4, 1,
		"CREATE TABLE correction(pupil INTEGER NOT NULL, day INTEGER NOT NULL,"
		" half TEXT NOT NULL, seen INTEGER NOT NULL, excused INTEGER NOT NULL,"
		" code TEXT NOT NULL, decided INTEGER NOT NULL, at INTEGER NOT NULL,"
		" who TEXT NOT NULL, PRIMARY KEY(pupil, day, half)) STRICT, WITHOUT ROWID;"
		"CREATE INDEX correction_day ON correction(day);"
		"CREATE TABLE command_done(request BLOB NOT NULL, who TEXT NOT NULL,"
		" at INTEGER NOT NULL, reply TEXT NOT NULL,"
		" PRIMARY KEY(request, who)) STRICT, WITHOUT ROWID;"
		"CREATE INDEX command_done_at ON command_done(at);"
		"CREATE INDEX journal_about ON journal(about);" },
	/* The class that the pupil was in: an export of last year must not stand under this year's classes. */
	{ 5, 1, "ALTER TABLE mark ADD COLUMN class TEXT NOT NULL DEFAULT ''" },
	/* What care/event was not yet told. Numbers never come again: an answer names one. */
	{ 6, 1,
		"CREATE TABLE event(number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
		" payload TEXT NOT NULL) STRICT" },
	/* Empty at a school that has time: `day` and `status` read every check-in of the day, or of two weeks, for it. */
	{ 7, 1,
		"CREATE INDEX checkin_undated ON checkin(day) WHERE NOT"
		" (clock IN ('trusted', 'holdover') AND at <= received_at + 120000)" },
};

#define PUPIL_COLUMNS "id, last_name, first_name, class, language, left_at IS NOT NULL"
#define CARD_COLUMNS "hash, pupil, blocked, from_day, to_day"
#define CORRECTION_COLUMNS "pupil, day, half, seen, excused, code, decided, at, who"
#define CHECKIN_COLUMNS                                                                            \
	"id, revision, received_at, log, seq, gate, result, at, clock, clock_error_ms, boot,"      \
	" boot_ms, pupil, card, gate_day, gate_half, minutes_late, source"
#define MARK_COLUMNS "day, half, pupil, mark, unconfirmed, minutes_late, arrived_at, gate, class"
#define ALERT_COLUMNS                                                                              \
	"id, day, half, kind, state, confirmed, raised_at, changed_at, revision, pupil, gate,"     \
	" class, card, expected_at, arrived_at, minutes_late, missing, expected,"                  \
	" acknowledged_by, acknowledged_at, what, resolved_by, resolved_at, note"

/* As day_has_time() of the register has it. */
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)
#define HAS_TIME(of)                                                                               \
	of ".clock IN ('trusted', 'holdover') AND " of ".at <= " of                                \
	   ".received_at + " TEXT(REGISTER_STORE_AHEAD_MS)

/* An id of a pupil, in an alert's id or alone: ten digits. */
#define PUPIL_GLOB "'*[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]*'"

/* ?1: day, ?2: milliseconds since 1970 of its first moment, ?3: rows at most; register_figures.c */
#define OLD_CHECKINS "FROM checkin WHERE day < ?1 ORDER BY day, rowid LIMIT ?3"
#define PUPILS_LONG_GONE "SELECT id FROM pupil WHERE left_at < ?2"

static const char *const statements[N_STATEMENTS] = {
	[PUPIL_PUT] =
		"INSERT INTO pupil(id, last_name, first_name, class, language, left_at)"
		" VALUES(?1, ?2, ?3, ?4, ?5, NULL) ON CONFLICT(id) DO UPDATE SET last_name = ?2,"
		" first_name = ?3, class = ?4, language = ?5, left_at = NULL",
	[PUPIL_LEAVE] = "UPDATE pupil SET left_at = ?2 WHERE id = ?1 AND left_at IS NULL",
	[PUPIL_ONE] = "SELECT " PUPIL_COLUMNS " FROM pupil WHERE id = ?1",
	[PUPIL_ALL] = "SELECT " PUPIL_COLUMNS " FROM pupil WHERE left_at IS NULL ORDER BY id",
	[PUPIL_COUNT] = "SELECT count(*) FROM pupil WHERE left_at IS NULL",
	[PUPIL_AFTER] = "SELECT " PUPIL_COLUMNS " FROM pupil WHERE id > ?1 ORDER BY id",
	[PUPIL_COUNT_EVER] = "SELECT count(*) FROM pupil",
	[CARD_PUT] = "INSERT INTO card(" CARD_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5)"
		     " ON CONFLICT(hash) DO UPDATE SET pupil = ?2, blocked = ?3, from_day = ?4,"
		     " to_day = ?5",
	[CARD_ONE] = "SELECT " CARD_COLUMNS " FROM card WHERE hash = ?1",
	[CARD_OF] = "SELECT " CARD_COLUMNS " FROM card WHERE pupil = ?1 ORDER BY hash LIMIT ?2",
	/* A leaver's cards are kept with the history, and are nobody's. */
	[CARD_ALL] = "SELECT " CARD_COLUMNS " FROM card"
		     " WHERE pupil IN (SELECT id FROM pupil WHERE left_at IS NULL)",
	[CARD_TAKE_BACK] = "DELETE FROM card WHERE hash = ?1",
	[CARD_COUNT] = "SELECT count(*) FROM card"
		       " WHERE pupil IN (SELECT id FROM pupil WHERE left_at IS NULL)",
	[TIMETABLE_ADD] = "INSERT INTO timetable(class, weekday, half, start_s, end_s)"
			  " VALUES(?1, ?2, ?3, ?4, ?5)",
	[TIMETABLE_CLEAR] = "DELETE FROM timetable",
	[TIMETABLE_ALL] = "SELECT class, weekday, half, start_s, end_s FROM timetable",
	[TIMETABLE_COUNT] = "SELECT count(*) FROM timetable",
	[TIMETABLE_DAY_ADD] = "INSERT INTO timetable_day(class, day, half, start_s, end_s)"
			      " VALUES(?1, ?2, ?3, ?4, ?5)",
	[TIMETABLE_DAY_CLEAR] = "DELETE FROM timetable_day",
	[TIMETABLE_DAY_ALL] = "SELECT class, day, half, start_s, end_s FROM timetable_day",
	[TIMETABLE_DAY_COUNT] = "SELECT count(*) FROM timetable_day",
	[EXPORTED_PUT] =
		"INSERT INTO exported(day, half, pupil, code, at) VALUES(?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO UPDATE SET code = ?4, at = ?5",
	[EXPORTED_HALF] = "SELECT pupil, code FROM exported WHERE day = ?1 AND half = ?2"
			  " ORDER BY pupil",
	[DAY_OFF_ADD] = "INSERT INTO day_off(from_day, to_day, half, name) VALUES(?1, ?2, ?3, ?4)",
	[DAY_OFF_CLEAR] = "DELETE FROM day_off",
	[DAY_OFF_ALL] = "SELECT from_day, to_day, half, name FROM day_off"
			" ORDER BY from_day, to_day, half",
	[DAY_OFF_COUNT] = "SELECT count(*) FROM day_off",
	[EXCUSE_PUT] =
		"INSERT INTO excuse(pupil, from_day, from_half, to_day, to_half, reason, code)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
		" ON CONFLICT DO UPDATE SET reason = ?6, code = ?7",
	[EXCUSE_DROP] = "DELETE FROM excuse WHERE pupil = ?1 AND from_day = ?2 AND from_half = ?3"
			" AND to_day = ?4 AND to_half = ?5",
	[EXCUSE_ALL] =
		"SELECT pupil, from_day, from_half, to_day, to_half, reason, code FROM excuse",
	[EXCUSE_COUNT] = "SELECT count(*) FROM excuse",
	[NUMBER_ONE] = "SELECT checkin FROM number WHERE log = ?1 AND seq = ?2",
	[NUMBER_ADD] = "INSERT INTO number(log, seq, checkin) VALUES(?1, ?2, ?3)"
		       " ON CONFLICT DO NOTHING",
	[NUMBER_AFTER] = "SELECT seq FROM number WHERE log = ?1 AND seq > ?2 ORDER BY seq",
	[LOG_ONE] = "SELECT through FROM log WHERE log = ?1",
	[LOG_PUT] = "INSERT INTO log(log, gate, through) VALUES(?1, ?2, ?3)"
		    " ON CONFLICT(log) DO UPDATE SET through = ?3",
	[CHECKIN_ONE] = "SELECT revision, day FROM checkin WHERE id = ?1",
	[CHECKIN_PUT] =
		"INSERT INTO checkin(" CHECKIN_COLUMNS ", day)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17, ?18, ?19) ON CONFLICT(id) DO UPDATE SET revision = ?2,"
		" received_at = iif(?8 > received_at, ?3, received_at), gate = ?6,"
		" result = ?7, at = ?8, clock = ?9, clock_error_ms = ?10, boot = ?11,"
		" boot_ms = ?12, pupil = ?13, card = ?14, gate_day = ?15, gate_half = ?16,"
		" minutes_late = ?17, source = ?18, day = ?19",
	[CHECKIN_DAY] = "SELECT " CHECKIN_COLUMNS " FROM checkin WHERE day = ?1 ORDER BY at, id",
	[CHECKIN_COUNT] = "SELECT count(*) FROM checkin",
	/* Of those stored last, and none later than it came: one gate that is in 2030 says nothing of the time. */
	[CHECKIN_NEWEST] = "SELECT max(min(at, received_at)) FROM (SELECT at, received_at"
			   " FROM checkin WHERE clock IN ('trusted', 'holdover')"
			   " ORDER BY rowid DESC LIMIT 1000)",
	/* Their neighbours by number: whatever the gate's clock showed, it was made between them. */
	[CHECKIN_UNDATED] =
		"SELECT gate, pupil, card, result, received_at,"
		" (SELECT k.at FROM number AS n JOIN checkin AS k ON k.id = n.checkin"
		"  WHERE n.log = c.log AND n.seq < c.seq AND " HAS_TIME(
			"k") "  ORDER BY n.seq DESC LIMIT 1),"
			     " (SELECT k.at FROM number AS n JOIN checkin AS k ON k.id = n.checkin"
			     "  WHERE n.log = c.log AND n.seq > c.seq AND " HAS_TIME(
				     "k") "  ORDER BY n.seq LIMIT 1)"
					  " FROM checkin AS c WHERE day = ?1 AND NOT (" HAS_TIME(
						  "c") ") AND result <> 'talk'"
						       " ORDER BY received_at, gate, seq LIMIT ?2",
	[CHECKIN_UNDATED_COUNT] = "SELECT count(*) FROM checkin WHERE day >= ?1"
				  " AND NOT (" HAS_TIME("checkin") ") AND result <> 'talk'",
	[REFUSED_ADD] = "INSERT INTO refused(log, seq, gate, reason, received_at, payload)"
			" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[REFUSED_LAST] = "SELECT log, seq, gate, reason, received_at FROM refused"
			 " ORDER BY rowid DESC LIMIT ?1",
	[REFUSED_ONE] = "SELECT reason FROM refused WHERE log = ?1 AND seq = ?2 LIMIT 1",
	[REFUSED_CONFLICT] = "SELECT 1 FROM refused WHERE log = ?1"
			     " AND substr(reason, 1, length(?2)) = ?2 LIMIT 1",
	[REFUSED_COUNT] = "SELECT count(*) FROM refused",
	[MARK_PUT] = "INSERT INTO mark(" MARK_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
		     " ON CONFLICT DO UPDATE SET mark = ?4, unconfirmed = ?5, minutes_late = ?6,"
		     " arrived_at = ?7, gate = ?8",
	[MARK_DROP] = "DELETE FROM mark WHERE day = ?1 AND half = ?2 AND pupil = ?3",
	[MARK_DAY] = "SELECT " MARK_COLUMNS " FROM mark WHERE day = ?1",
	[MARK_OF] = "SELECT " MARK_COLUMNS " FROM mark WHERE pupil = ?1 AND day BETWEEN ?2 AND ?3"
		    " ORDER BY day, half",
	/* By the roster's order, so that each pupil's marks lie together in the file. */
	[MARK_BETWEEN] =
		"SELECT day, half, pupil, mark, unconfirmed, minutes_late, arrived_at, gate, "
		"mark.class"
		" FROM pupil CROSS JOIN mark ON mark.pupil = pupil.id"
		" WHERE left_at IS NULL AND day BETWEEN ?1 AND ?2 ORDER BY pupil.id, day, half",
	[ALERT_PUT] =
		"INSERT OR REPLACE INTO alert(" ALERT_COLUMNS ")"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
	[ALERT_DAY] = "SELECT " ALERT_COLUMNS " FROM alert WHERE day = ?1 ORDER BY id",
	[ALERT_OF] =
		"SELECT " ALERT_COLUMNS " FROM alert WHERE pupil = ?1 AND day BETWEEN ?2 AND ?3"
		" ORDER BY day, half, id",
	[ALERT_IS_OPEN] = "SELECT " ALERT_COLUMNS " FROM alert"
			  " WHERE state IN ('open', 'acknowledged') ORDER BY day, id",
	[ALERT_OLDEST] = "SELECT min(day) FROM alert WHERE state IN ('open', 'acknowledged')",
	[ALERT_OPEN_COUNT] = "SELECT count(*) FROM alert WHERE state IN ('open', 'acknowledged')",
	/* Above the mark a number still says that its check-in has come. */
	[CHECKIN_DROP_NUMBER] =
		"DELETE FROM number WHERE (log, seq) IN (SELECT c.log, c.seq"
		" FROM (SELECT log, seq " OLD_CHECKINS ") AS c JOIN log ON log.log = c.log"
		" WHERE c.seq <= log.through)",
	[CHECKIN_DROP] = "DELETE FROM checkin WHERE rowid IN (SELECT rowid " OLD_CHECKINS ")",
	[MARK_DROP_OLD] = "DELETE FROM mark WHERE (pupil, day, half) IN (SELECT pupil, day, half"
			  " FROM mark INDEXED BY mark_day WHERE day < ?1 LIMIT ?3)",
	[EXPORTED_DROP] = "DELETE FROM exported WHERE (day, half, pupil) IN"
			  " (SELECT day, half, pupil FROM exported WHERE day < ?1 LIMIT ?3)",
	[ALERT_DROP] = "DELETE FROM alert WHERE rowid IN (SELECT rowid FROM alert"
		       " INDEXED BY alert_day WHERE day < ?1 LIMIT ?3)",
	[EXCUSE_DROP_OLD] =
		"DELETE FROM excuse WHERE (pupil, from_day, from_half, to_day, to_half) IN"
		" (SELECT pupil, from_day, from_half, to_day, to_half FROM excuse"
		" WHERE to_day < ?1 OR pupil IN (" PUPILS_LONG_GONE ") LIMIT ?3)",
	[REFUSED_DROP] = "DELETE FROM refused WHERE rowid IN (SELECT rowid FROM refused"
			 " WHERE received_at < ?2 LIMIT ?3)",
	/* Who is named by an id, also within that of an alert, or by a card's hash. */
	[JOURNAL_DROP] =
		"DELETE FROM journal WHERE number IN (SELECT number FROM journal WHERE at < ?2"
		" AND (about GLOB " PUPIL_GLOB " OR detail GLOB " PUPIL_GLOB
		" OR (length(about) = 32 AND about NOT GLOB '*[^0-9a-f]*')) LIMIT ?3)",
	[CARD_DROP] = "DELETE FROM card WHERE hash IN (SELECT hash FROM card WHERE to_day < ?1"
		      " OR pupil IN (" PUPILS_LONG_GONE ") LIMIT ?3)",
	[PUPIL_DROP] = "DELETE FROM pupil WHERE id IN (" PUPILS_LONG_GONE " LIMIT ?3)",
	[COUNTS_PUT] = "INSERT OR REPLACE INTO counts(day, half, at, withheld)"
		       " VALUES(?1, ?2, ?3, ?4)",
	[COUNTS_ONE] = "SELECT at, withheld FROM counts WHERE day = ?1 AND half = ?2",
	[COUNTS_GROUP_PUT] =
		"INSERT INTO counts_group(day, half, place, name, expected, present, late, absent,"
		" excused) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[COUNTS_GROUP_CLEAR] = "DELETE FROM counts_group WHERE day = ?1 AND half = ?2",
	[COUNTS_GROUP_ALL] = "SELECT name, expected, present, late, absent, excused"
			     " FROM counts_group WHERE day = ?1 AND half = ?2 ORDER BY place",
	[CORRECTION_DROP] =
		"DELETE FROM correction WHERE (pupil, day, half) IN (SELECT pupil, day, half"
		" FROM correction INDEXED BY correction_day WHERE day < ?1 LIMIT ?3)",
	[COMMAND_DONE_DROP_OLD] = "DELETE FROM command_done WHERE (request, who) IN"
				  " (SELECT request, who FROM command_done WHERE at < ?2 LIMIT ?3)",
	[EVENT_ADD] = "INSERT INTO event(at, payload) VALUES(?1, ?2)",
	[EVENT_BOUND] = "DELETE FROM event WHERE number <= last_insert_rowid() - ?1",
	[EVENT_AFTER] = "SELECT number, payload FROM event WHERE number > ?1 ORDER BY number"
			" LIMIT ?2",
	[EVENT_DROP] = "DELETE FROM event WHERE number <= ?1",
	[EVENT_LAST] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'",
	[EVENT_DROP_OLD] = "DELETE FROM event WHERE number IN (SELECT number FROM event"
			   " WHERE at < ?2 ORDER BY number LIMIT ?3)",
	[CORRECTION_PUT] =
		"INSERT INTO correction(" CORRECTION_COLUMNS ")"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET seen = ?4,"
		" excused = ?5, code = ?6, decided = ?7, at = ?8, who = ?9",
	[CORRECTION_DAY] = "SELECT " CORRECTION_COLUMNS " FROM correction WHERE day = ?1",
	[CORRECTION_OF] = "SELECT " CORRECTION_COLUMNS
			  " FROM correction WHERE pupil = ?1 AND day BETWEEN ?2 AND ?3"
			  " ORDER BY day, half",
	[COMMAND_DONE_ONE] = "SELECT reply FROM command_done WHERE request = ?1 AND who = ?2",
	[COMMAND_DONE_PUT] = "INSERT INTO command_done(request, who, at, reply)"
			     " VALUES(?1, ?2, ?3, ?4)",
	[COMMAND_DONE_DROP] = "DELETE FROM command_done WHERE at < ?1",
	[CHECKIN_DAYS_OF_CARD] = "SELECT DISTINCT day FROM checkin"
				 " WHERE day BETWEEN ?2 AND ?3 AND card = ?1 ORDER BY day LIMIT ?4",
	[JOURNAL_OF] = "SELECT at, who, what, about, detail FROM journal"
		       " WHERE about = ?1 AND at BETWEEN ?2 AND ?3 ORDER BY at, number",
	[JOURNAL_ADD] = "INSERT INTO journal(at, who, what, about, detail)"
			" VALUES(?1, ?2, ?3, ?4, ?5)",
};

static const struct db_schema schema = {
	.migrations = migrations,
	.n_migrations = sizeof(migrations) / sizeof(migrations[0]),
	.statements = statements,
	.n_statements = N_STATEMENTS,
};

int register_store_open(const char *path, bool rehearsal, struct register_store **ret_store)
{
	struct register_store *s = calloc(1, sizeof(*s));
	if (!s)
		return STORE_ERR_MEMORY;
	int err = db_open_rescued(path, &schema, rehearsal, register_store_refill, &s->rescue,
		&s->db, &s->rescue.now);
	if (!err)
		err = db_meta_int(s->db, "generation", 0, &s->generation);
	if (err) {
		register_store_close(s);
		return err;
	}
	*ret_store = s;
	return 0;
}

void register_store_close(struct register_store *s)
{
	if (!s)
		return;
	db_close(s->db);
	free(s);
}

int register_store_begin(struct register_store *s)
{
	if (s->in_transaction)
		return 0;
	int err = db_begin(s->db);
	s->in_transaction = !err;
	return err;
}

int register_store_end(struct register_store *s, int err)
{
	if (!s->in_transaction)
		return err;
	s->in_transaction = false;
	if (!err)
		err = register_store_logs_put(s);
	s->n_logs = 0;
	return db_end_with(s->db, err);
}

int register_store_checkpoint(struct register_store *s, bool truncate)
{
	return db_checkpoint(s->db, truncate);
}

int64_t register_store_wal_bytes(const struct register_store *s)
{
	return db_wal_bytes(s->db);
}

int register_store_backup(struct register_store *s, const char *path)
{
	struct db_backup *backup;
	int err = db_backup_open(s->db, path, &backup);
	if (err)
		return err;
	int r;
	do {
		r = db_backup_step(backup, -1);
	} while (r > 0);
	err = db_backup_close(backup);
	return r < 0 ? r : err;
}

/* ---- shared by both files ---- */

void register_store_put_date(struct db_query *q, struct civil_date date)
{
	if (date.year)
		db_put_int(q, civil_day_number(date));
	else
		db_put_null(q);
}

struct civil_date register_store_get_date(struct db_query *q)
{
	if (db_is_null(q)) {
		db_skip(q);
		return (struct civil_date){ 0 };
	}
	return civil_date_of_day((int32_t)db_get_int(q));
}

void register_store_put_half(struct db_query *q, enum halfday half)
{
	db_put_text(q, halfday_word(half));
}

enum halfday register_store_get_half(struct db_query *q)
{
	char word[4];
	db_get_text(q, word, sizeof(word));
	return halfday_parse(word);
}

/* ---- the roster ---- */

int register_store_generation_put(struct register_store *s, int64_t generation)
{
	int err = db_meta_put_int(s->db, "generation", generation);
	if (!err)
		s->generation = generation;
	return err;
}

int register_store_pupil_put(struct register_store *s, const struct roster_pupil *pupil)
{
	struct db_query q = db_query(s->db, PUPIL_PUT);
	db_put_int(&q, pupil->id);
	db_put_text(&q, pupil->last_name);
	db_put_text(&q, pupil->first_name);
	db_put_text(&q, pupil->class_name);
	db_put_text(&q, roster_language_word(pupil->language));
	return db_run(&q);
}

int register_store_pupil_leave(struct register_store *s, int64_t pupil, int64_t at_ms)
{
	struct db_query q = db_query(s->db, PUPIL_LEAVE);
	db_put_int(&q, pupil);
	db_put_int(&q, at_ms);
	return db_run(&q);
}

static bool get_pupil(struct db_query *q, struct roster_pupil *ret_pupil)
{
	char language[4];
	memset(ret_pupil, 0, sizeof(*ret_pupil));
	ret_pupil->id = db_get_int(q);
	db_get_text(q, ret_pupil->last_name, sizeof(ret_pupil->last_name));
	db_get_text(q, ret_pupil->first_name, sizeof(ret_pupil->first_name));
	db_get_text(q, ret_pupil->class_name, sizeof(ret_pupil->class_name));
	db_get_text(q, language, sizeof(language));
	ret_pupil->language = roster_language_parse(language);
	return db_get_int(q) != 0;
}

int register_store_pupil(
	struct register_store *s, int64_t id, struct roster_pupil *ret_pupil, bool *ret_left)
{
	struct db_query q = db_query(s->db, PUPIL_ONE);
	db_put_int(&q, id);
	int r = db_step(&q);
	if (r > 0)
		*ret_left = get_pupil(&q, ret_pupil);
	db_end(&q);
	return r;
}

int register_store_each_pupil(
	struct register_store *s, int64_t after, register_store_pupil_fn *take, void *ctx)
{
	struct db_query q = db_query(s->db, PUPIL_AFTER);
	db_put_int(&q, after);
	int r;
	while ((r = db_step(&q)) > 0) {
		struct roster_pupil pupil;
		bool left = get_pupil(&q, &pupil);
		r = take(ctx, &pupil, left);
		if (r)
			break;
	}
	db_end(&q);
	return r;
}

int register_store_card_put(struct register_store *s, const struct roster_card *card)
{
	struct db_query q = db_query(s->db, CARD_PUT);
	db_put_blob(&q, card->hash.b, sizeof(card->hash.b));
	db_put_int(&q, card->pupil);
	/* 0 not, 1 from an unknown moment, else the moment itself: so the column holds both. */
	db_put_int(&q, !card->blocked ? 0 : card->blocked_at_ms > 1 ? card->blocked_at_ms : 1);
	register_store_put_date(&q, card->from);
	register_store_put_date(&q, card->to);
	return db_run(&q);
}

static void get_card(struct db_query *q, struct roster_card *ret_card)
{
	memset(ret_card, 0, sizeof(*ret_card));
	db_get_blob(q, ret_card->hash.b, sizeof(ret_card->hash.b));
	ret_card->pupil = db_get_int(q);
	int64_t blocked = db_get_int(q);
	ret_card->blocked = blocked != 0;
	ret_card->blocked_at_ms = blocked > 1 ? blocked : 0;
	ret_card->from = register_store_get_date(q);
	ret_card->to = register_store_get_date(q);
}

int register_store_card(
	struct register_store *s, struct card_hash hash, struct roster_card *ret_card)
{
	struct db_query q = db_query(s->db, CARD_ONE);
	db_put_blob(&q, hash.b, sizeof(hash.b));
	int r = db_step(&q);
	if (r > 0)
		get_card(&q, ret_card);
	db_end(&q);
	return r;
}

int register_store_card_drop(struct register_store *s, struct card_hash hash)
{
	struct db_query q = db_query(s->db, CARD_TAKE_BACK);
	db_put_blob(&q, hash.b, sizeof(hash.b));
	return db_run(&q);
}

int register_store_cards_of(
	struct register_store *s, int64_t pupil, struct roster_card *ret_cards, size_t max)
{
	struct db_query q = db_query(s->db, CARD_OF);
	db_put_int(&q, pupil);
	db_put_int(&q, (int64_t)max);
	int n = 0;
	int r;
	while ((r = db_step(&q)) > 0 && (size_t)n < max)
		get_card(&q, &ret_cards[n++]);
	db_end(&q);
	return r < 0 ? r : n;
}

int register_store_timetable_replace(
	struct register_store *s, const struct timetable_row *rows, size_t n_rows)
{
	struct db_query clear = db_query(s->db, TIMETABLE_CLEAR);
	int err = db_run(&clear);
	for (size_t i = 0; !err && i < n_rows; i++) {
		struct db_query q = db_query(s->db, TIMETABLE_ADD);
		db_put_text(&q, rows[i].class_name);
		db_put_int(&q, rows[i].weekday);
		register_store_put_half(&q, rows[i].half);
		db_put_int(&q, rows[i].slot.start_s);
		db_put_int(&q, rows[i].slot.end_s);
		err = db_run(&q);
	}
	return err;
}

int register_store_timetable_days_replace(
	struct register_store *s, const struct timetable_day *days, size_t n_days)
{
	struct db_query clear = db_query(s->db, TIMETABLE_DAY_CLEAR);
	int err = db_run(&clear);
	for (size_t i = 0; !err && i < n_days; i++) {
		struct db_query q = db_query(s->db, TIMETABLE_DAY_ADD);
		db_put_text(&q, days[i].class_name);
		register_store_put_date(&q, days[i].date);
		register_store_put_half(&q, days[i].half);
		db_put_int(&q, days[i].slot.start_s);
		db_put_int(&q, days[i].slot.end_s);
		err = db_run(&q);
	}
	return err;
}

int register_store_days_off(struct register_store *s, struct register_store_day_off **ret_days)
{
	int64_t n = register_store_count(s, DAY_OFF_COUNT);
	if (n < 0)
		return (int)n;
	struct register_store_day_off *days = calloc((size_t)n + 1, sizeof(*days));
	if (!days)
		return STORE_ERR_MEMORY;
	struct db_query q = db_query(s->db, DAY_OFF_ALL);
	int got = 0;
	int r;
	while ((r = db_step(&q)) > 0 && got < n) {
		days[got].from = register_store_get_date(&q);
		days[got].to = register_store_get_date(&q);
		days[got].half = register_store_get_half(&q);
		db_get_text(&q, days[got].name, sizeof(days[got].name));
		got++;
	}
	db_end(&q);
	if (r < 0) {
		free(days);
		return r;
	}
	*ret_days = days;
	return got;
}

int register_store_days_off_replace(
	struct register_store *s, const struct register_store_day_off *days, size_t n_days)
{
	struct db_query clear = db_query(s->db, DAY_OFF_CLEAR);
	int err = db_run(&clear);
	for (size_t i = 0; !err && i < n_days; i++) {
		struct db_query q = db_query(s->db, DAY_OFF_ADD);
		register_store_put_date(&q, days[i].from);
		register_store_put_date(&q, days[i].to);
		register_store_put_half(&q, days[i].half);
		db_put_text(&q, days[i].name);
		err = db_run(&q);
	}
	return err;
}

static void put_excuse_key(struct db_query *q, const struct roster_excuse *excuse)
{
	db_put_int(q, excuse->pupil);
	register_store_put_date(q, excuse->from);
	register_store_put_half(q, excuse->from_half);
	register_store_put_date(q, excuse->to);
	register_store_put_half(q, excuse->to_half);
}

int register_store_excuse_put(struct register_store *s, const struct roster_excuse *excuse)
{
	char code[2] = { excuse->code, 0 };
	struct db_query q = db_query(s->db, EXCUSE_PUT);
	put_excuse_key(&q, excuse);
	db_put_text(&q, roster_excuse_word(excuse->reason));
	db_put_text(&q, code);
	return db_run(&q);
}

int register_store_excuse_drop(struct register_store *s, const struct roster_excuse *excuse)
{
	struct db_query q = db_query(s->db, EXCUSE_DROP);
	put_excuse_key(&q, excuse);
	return db_run(&q);
}

static int fill_pupils(struct register_store *s, struct roster *roster, size_t max)
{
	struct db_query q = db_query(s->db, PUPIL_ALL);
	int r;
	while ((r = db_step(&q)) > 0 && roster->n_pupils < max)
		get_pupil(&q, &roster->pupils[roster->n_pupils++]);
	db_end(&q);
	return r < 0 ? r : 0;
}

static int fill_cards(struct register_store *s, struct roster *roster, size_t max)
{
	struct db_query q = db_query(s->db, CARD_ALL);
	int r;
	while ((r = db_step(&q)) > 0 && roster->n_cards < max)
		get_card(&q, &roster->cards[roster->n_cards++]);
	db_end(&q);
	return r < 0 ? r : 0;
}

static int fill_rows(struct register_store *s, struct roster *roster, size_t max)
{
	struct db_query q = db_query(s->db, TIMETABLE_ALL);
	int r;
	while ((r = db_step(&q)) > 0 && roster->n_rows < max) {
		struct timetable_row *row = &roster->rows[roster->n_rows++];
		db_get_text(&q, row->class_name, sizeof(row->class_name));
		row->weekday = (int)db_get_int(&q);
		row->half = register_store_get_half(&q);
		row->slot.start_s = (int)db_get_int(&q);
		row->slot.end_s = (int)db_get_int(&q);
	}
	db_end(&q);
	return r < 0 ? r : 0;
}

static int fill_changed(struct register_store *s, struct roster *roster, size_t max)
{
	struct db_query q = db_query(s->db, TIMETABLE_DAY_ALL);
	int r;
	while ((r = db_step(&q)) > 0 && roster->n_changed < max) {
		struct timetable_day *day = &roster->changed[roster->n_changed++];
		db_get_text(&q, day->class_name, sizeof(day->class_name));
		day->date = register_store_get_date(&q);
		day->half = register_store_get_half(&q);
		day->slot.start_s = (int)db_get_int(&q);
		day->slot.end_s = (int)db_get_int(&q);
	}
	db_end(&q);
	return r < 0 ? r : 0;
}

static int fill_excuses(struct register_store *s, struct roster *roster, size_t max)
{
	struct db_query q = db_query(s->db, EXCUSE_ALL);
	int r;
	while ((r = db_step(&q)) > 0 && roster->n_excuses < max) {
		struct roster_excuse *e = &roster->excuses[roster->n_excuses++];
		char word[32];
		e->pupil = db_get_int(&q);
		e->from = register_store_get_date(&q);
		e->from_half = register_store_get_half(&q);
		e->to = register_store_get_date(&q);
		e->to_half = register_store_get_half(&q);
		db_get_text(&q, word, sizeof(word));
		int reason = roster_excuse_parse(word);
		e->reason = reason < 0 ? ROSTER_EXCUSED : (enum roster_excuse_reason)reason;
		db_get_text(&q, word, sizeof(word));
		e->code = word[0];
	}
	db_end(&q);
	return r < 0 ? r : 0;
}

static void add_day(
	struct roster *roster, size_t max, int32_t day, enum halfday half, const char *name)
{
	if (roster->n_days >= max)
		return;
	struct calendar_day *d = &roster->days[roster->n_days++];
	d->date = civil_date_of_day(day);
	d->half = half;
	size_t len = strlen(name);
	assert(len < sizeof(d->name));
	memcpy(d->name, name, len + 1);
}

/* Own days whole, computed ones in a window round today: gates/data carries each day as a row. */
static int fill_days(
	struct register_store *s, struct roster *roster, size_t max, struct civil_date today)
{
	struct register_store_day_off *own;
	int n = register_store_days_off(s, &own);
	if (n < 0)
		return n;
	int32_t first = civil_day_number(today) - REGISTER_STORE_DAYS_BEFORE;
	int32_t last = civil_day_number(today) + REGISTER_STORE_DAYS_AFTER;
	if (first < 0)
		first = 0;
	for (int32_t day = first; day <= last; day++) {
		const char *name = calendar_legal_name(civil_date_of_day(day));
		if (name)
			add_day(roster, max, day, HALFDAY_NONE, name);
	}
	for (int i = 0; i < n; i++)
		for (int32_t day = civil_day_number(own[i].from);
			day <= civil_day_number(own[i].to); day++)
			if (day >= first && day <= last)
				add_day(roster, max, day, own[i].half, own[i].name);
	free(own);
	return 0;
}

int register_store_roster(struct register_store *s, struct civil_date today, int64_t made_at_ms,
	struct roster **ret_roster)
{
	int64_t n[] = { register_store_count(s, PUPIL_COUNT), register_store_count(s, CARD_COUNT),
		register_store_count(s, TIMETABLE_COUNT), register_store_count(s, EXCUSE_COUNT),
		register_store_count(s, TIMETABLE_DAY_COUNT) };
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		if (n[i] < 0)
			return (int)n[i];
	struct roster_size size = { .pupils = (size_t)n[0],
		.cards = (size_t)n[1],
		.rows = (size_t)n[2],
		.days = SOURCE_ROWS_MAX,
		.excuses = (size_t)n[3],
		.changed = (size_t)n[4] };
	struct roster *roster = roster_create(&size);
	if (!roster)
		return STORE_ERR_MEMORY;
	roster->generation = s->generation;
	roster->made_at_ms = made_at_ms;
	int err = fill_pupils(s, roster, size.pupils);
	if (!err)
		err = fill_cards(s, roster, size.cards);
	if (!err)
		err = fill_rows(s, roster, size.rows);
	if (!err)
		err = fill_excuses(s, roster, size.excuses);
	if (!err)
		err = fill_changed(s, roster, size.changed);
	if (!err)
		err = fill_days(s, roster, size.days, today);
	if (!err && roster_index(roster))
		err = STORE_ERR_DAMAGED; /* keys and the import's checks rule it out */
	if (err) {
		roster_destroy(roster);
		return err;
	}
	*ret_roster = roster;
	return 0;
}

int64_t register_store_count(struct register_store *s, int statement)
{
	struct db_query q = db_query(s->db, statement);
	int r = db_step(&q);
	int64_t n = r > 0 ? db_get_int(&q) : r;
	db_end(&q);
	return n;
}

int64_t register_store_number(struct register_store *s, enum register_store_number number)
{
	switch (number) {
	case REGISTER_STORE_PUPILS:
		return register_store_count(s, PUPIL_COUNT);
	case REGISTER_STORE_PUPILS_EVER:
		return register_store_count(s, PUPIL_COUNT_EVER);
	case REGISTER_STORE_CARDS:
		return register_store_count(s, CARD_COUNT);
	case REGISTER_STORE_OPEN_ALERTS:
		return register_store_count(s, ALERT_OPEN_COUNT);
	case REGISTER_STORE_REFUSED:
		return register_store_count(s, REFUSED_COUNT);
	case REGISTER_STORE_CHECKINS:
		return register_store_count(s, CHECKIN_COUNT);
	case REGISTER_STORE_NEWEST_MS:
		return register_store_count(s, CHECKIN_NEWEST);
	}
	return 0;
}
