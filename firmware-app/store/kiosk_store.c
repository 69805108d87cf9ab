/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/kiosk_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"
#include "store/db.h"

/*
 * The log is a table whose key is the number. Numbers 1 and up belong to the log named in meta; 0
 * and below are rows of an earlier log that its register had confirmed: kept for their time, never
 * sent again. Words are the contract's, so a reordered enum changes no stored row.
 */
#define COLUMNS                                                                                    \
	"seq, id, revision, result, at_ms, clock, clock_error_ms, boot, boot_ms, pupil, card,"     \
	" date, half, minutes_late, desk"
#define SHIFT "1099511627776" /* 2^40: farther than any log reaches, see relog */
#define SHIFT_N INT64_C(1099511627776)
#define STAMP_MAX 2000 /* rows a purge: two days of a large school's gate */

/*
 * A tap changes two pages, the row's and its id's in the index, and each goes to the WAL whole. Of 4096 bytes that was
 * 13.7 kB on the medium a tap, checkpoints included, of 1024 it is 7.5 (2026-11-22, ext4; tests/bench). A file of before
 * keeps its own.
 */
#define PAGE_BYTES 1024

#define UNDATED "clock IN ('unknown', 'regressed')" /* checkin_clock_judges() says no */

static const struct db_migration migrations[] = {
	/* The same check-in with a higher revision is a row of its own: the register must get
	 * both. */
	{ 1, 1,
		"CREATE TABLE checkin("
		" seq INTEGER PRIMARY KEY,"
		" id BLOB NOT NULL CHECK(length(id) = 16),"
		" revision INTEGER NOT NULL,"
		" result TEXT NOT NULL,"
		" at_ms INTEGER NOT NULL,"
		" clock TEXT NOT NULL,"
		" clock_error_ms INTEGER NOT NULL," /* -1: not said */
		" boot BLOB NOT NULL CHECK(length(boot) = 16),"
		" boot_ms INTEGER NOT NULL,"
		" pupil INTEGER NOT NULL," /* 0: none */
		" card BLOB CHECK(length(card) = 16),"
		" date TEXT NOT NULL," /* '': not said */
		" half TEXT NOT NULL," /* '': none */
		" minutes_late INTEGER NOT NULL,"
		" desk INTEGER NOT NULL," /* 1: entered at the desk */
		" UNIQUE(id, revision)) STRICT;"
		"CREATE TABLE data("
		" one INTEGER PRIMARY KEY CHECK(one = 1),"
		" generation INTEGER NOT NULL,"
		" bytes BLOB NOT NULL) STRICT" },
	/* Its time runs from the confirm: for rows of the first version from the next purge. */
	{ 2, 1, "ALTER TABLE checkin ADD COLUMN confirmed_at INTEGER" },
	/* Empty at a gate that has time: so the one question that is asked of it costs no tap anything. */
	{ 3, 1, "CREATE INDEX checkin_undated ON checkin(boot, seq) WHERE " UNDATED },
};

enum statement {
	ADD,
	SEQ_OF,
	SPAN,
	NEWEST_TRUSTED,
	UNCONFIRMED,
	UNDATED_ROWS,
	LATEST,
	STAMP,
	UNSTAMP,
	TALK_DROP,
	PURGE,
	FREE_UP,
	RELOG_SHIFT,
	RELOG_CONFIRMED,
	RELOG_REST,
	DATA_SAVE,
	DATA_LOAD,
	SALVAGE_ADD,
};

#define VALUES "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"

static const char *const statements[] = {
	[ADD] = "INSERT INTO checkin(" COLUMNS ") " VALUES " ON CONFLICT(id, revision) DO NOTHING",
	[SEQ_OF] = "SELECT seq FROM checkin WHERE id = ?1 AND revision = ?2",
	[SPAN] = "SELECT (SELECT max(seq) FROM checkin),"
		 " (SELECT min(seq) FROM checkin WHERE seq > 0)",
	/* The last one, not the largest: one that a clock of 2030 made isn't believed once an update has ended it. */
	[NEWEST_TRUSTED] = "SELECT at_ms FROM checkin WHERE clock = ?1 ORDER BY seq DESC LIMIT 1",
	[UNCONFIRMED] = "SELECT " COLUMNS " FROM checkin WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
	[UNDATED_ROWS] =
		"SELECT " COLUMNS " FROM checkin AS c WHERE " UNDATED " AND result <> 'talk'"
		" AND boot = ?1 AND seq > ?2 AND NOT EXISTS (SELECT 1 FROM checkin AS later"
		" WHERE later.id = c.id AND later.revision > c.revision)"
		" ORDER BY seq LIMIT ?3",
	[LATEST] = "SELECT " COLUMNS " FROM checkin WHERE at_ms >= ?1 ORDER BY seq DESC LIMIT ?2",
	[PURGE] = "DELETE FROM checkin WHERE seq IN (SELECT seq FROM checkin"
		  " WHERE seq <= ?1 AND confirmed_at < ?2 ORDER BY seq LIMIT ?3)",
	[FREE_UP] = "DELETE FROM checkin WHERE seq IN (SELECT seq FROM checkin"
		    " WHERE seq <= ?1 ORDER BY seq LIMIT ?2)",
	[STAMP] = "UPDATE checkin SET confirmed_at = ?2 WHERE seq IN (SELECT seq FROM checkin"
		  " WHERE seq <= ?1 AND confirmed_at IS NULL ORDER BY seq LIMIT ?3)",
	[UNSTAMP] = "UPDATE checkin SET confirmed_at = NULL"
		    " WHERE seq > ?1 AND confirmed_at IS NOT NULL",
	/* Only rows that are confirmed just now: of those before none is left. */
	[TALK_DROP] = "DELETE FROM checkin WHERE seq > ?1 AND seq <= ?2 AND result = ?3",
	/* Out of the way first, so that no new number meets an old one. */
	[RELOG_SHIFT] = "UPDATE checkin SET seq = seq + " SHIFT,
	[RELOG_CONFIRMED] = "UPDATE checkin SET seq = n.new FROM"
			    " (SELECT seq AS old, 1 - row_number() OVER (ORDER BY seq DESC) AS new"
			    "  FROM checkin WHERE seq <= ?1 + " SHIFT ") AS n"
			    " WHERE checkin.seq = n.old",
	[RELOG_REST] = "UPDATE checkin SET seq = n.new FROM"
		       " (SELECT seq AS old, row_number() OVER (ORDER BY seq) AS new"
		       "  FROM checkin WHERE seq > " SHIFT " / 2) AS n"
		       " WHERE checkin.seq = n.old",
	[DATA_SAVE] = "INSERT OR REPLACE INTO data(one, generation, bytes) VALUES(1, ?1, ?2)",
	[DATA_LOAD] = "SELECT bytes FROM data",
	[SALVAGE_ADD] = "INSERT OR IGNORE INTO checkin(" COLUMNS ") " VALUES,
};

static const struct db_schema schema = {
	.migrations = migrations,
	.n_migrations = sizeof(migrations) / sizeof(migrations[0]),
	.statements = statements,
	.n_statements = sizeof(statements) / sizeof(statements[0]),
	.page_bytes = PAGE_BYTES,
};

/* Keys of meta. */
#define META_LOG "log"
#define META_CONFIRMED "confirmed_seq"
#define META_CHECKED "checked_day"
#define META_PURGED "purged_seq" /* the last number that was given, once its row is gone */

struct kiosk_store {
	struct db *db;
	struct kiosk_store_info info;
	bool unsure; /* a commit failed: what is in the file must be asked again */
};

static void put_row(struct db_query *q, int64_t seq, const struct checkin *c)
{
	char date[CIVIL_DATE_TEXT] = "";

	if (civil_date_valid(c->date))
		civil_format_date(c->date, date);
	db_put_int(q, seq);
	db_put_blob(q, c->id.b, sizeof(c->id.b));
	db_put_int(q, c->revision);
	db_put_text(q, checkin_result_word(c->result));
	db_put_int(q, c->at_ms);
	db_put_text(q, checkin_clock_word(c->clock));
	db_put_int(q, c->clock_error_ms < 0 ? -1 : c->clock_error_ms);
	db_put_blob(q, c->boot.b, sizeof(c->boot.b));
	db_put_int(q, c->boot_ms);
	db_put_int(q, c->pupil);
	if (card_hash_is_none(c->card))
		db_put_null(q);
	else
		db_put_blob(q, c->card.b, sizeof(c->card.b));
	db_put_text(q, date);
	db_put_text(q, halfday_word(c->half));
	db_put_int(q, c->minutes_late);
	db_put_int(q, c->source == CHECKIN_SOURCE_DESK);
}

/* Return: false where the row is none that was ever written here. */
static bool get_row(struct db_query *q, struct checkin *ret)
{
	struct checkin c = { 0 };
	char word[32];

	c.seq = db_get_int(q);
	bool ok = db_get_blob(q, c.id.b, sizeof(c.id.b)) && !uuid_is_none(c.id);
	int64_t revision = db_get_int(q);
	db_get_text(q, word, sizeof(word));
	c.result = checkin_result_parse(word);
	c.at_ms = db_get_int(q);
	db_get_text(q, word, sizeof(word));
	int clock = checkin_clock_parse(word);
	c.clock_error_ms = db_get_int(q);
	ok = db_get_blob(q, c.boot.b, sizeof(c.boot.b)) && ok;
	c.boot_ms = db_get_int(q);
	c.pupil = db_get_int(q);
	ok = db_get_blob(q, c.card.b, sizeof(c.card.b)) && ok;
	db_get_text(q, word, sizeof(word));
	ok = (word[0] == '\0' || civil_parse_date(word, &c.date) == 0) && ok;
	db_get_text(q, word, sizeof(word));
	c.half = halfday_parse(word);
	int64_t minutes_late = db_get_int(q);
	int64_t desk = db_get_int(q);
	c.source = desk ? CHECKIN_SOURCE_DESK : CHECKIN_SOURCE_CARD;

	ok = ok && c.seq > -SHIFT_N / 2 && c.seq < SHIFT_N / 2 && revision >= 1 &&
	     revision <= INT32_MAX && c.result != CHECKIN_RESULT_NONE && c.at_ms >= 0 &&
	     clock >= 0 && c.clock_error_ms >= -1 && c.boot_ms >= 0 && c.pupil >= 0 &&
	     c.pupil <= CHECKIN_PUPIL_MAX && minutes_late >= 0 && minutes_late <= 1440 &&
	     (desk == 0 || desk == 1);
	if (!ok)
		return false;
	c.revision = (int)revision;
	c.clock = (enum checkin_clock)clock;
	c.minutes_late = (int)minutes_late;
	*ret = c;
	return true;
}

/* Everything of info that the file knows. */
static int load_info(struct kiosk_store *s)
{
	struct kiosk_store_info info = { .recovered = s->info.recovered,
		.newest_trusted_ms = s->info.newest_trusted_ms };
	int64_t purged = 0;
	int r = db_meta_blob(s->db, META_LOG, info.log.b, sizeof(info.log.b));

	if (r < 0)
		return r;
	r = db_meta_int(s->db, META_CONFIRMED, 0, &info.confirmed_seq);
	if (!r)
		r = db_meta_int(s->db, META_PURGED, 0, &purged);
	if (r)
		return r;
	struct db_query q = db_query(s->db, SPAN);
	r = db_step(&q);
	if (r < 0)
		return r;
	info.last_seq = db_get_int(&q);
	info.oldest_seq = db_get_int(&q);
	db_end(&q);
	if (info.last_seq < purged)
		info.last_seq = purged;
	s->info = info;
	s->unsure = false;
	return 0;
}

static int load_newest_trusted(struct kiosk_store *s)
{
	struct db_query q = db_query(s->db, NEWEST_TRUSTED);

	db_put_text(&q, checkin_clock_word(CHECKIN_CLOCK_TRUSTED));
	int r = db_step(&q);
	if (r < 0)
		return r;
	s->info.newest_trusted_ms = r ? db_get_int(&q) : 0;
	db_end(&q);
	return 0;
}

/* A new database's log gets the name that the caller drew. */
static int name_log(struct kiosk_store *s, struct uuid new_log)
{
	if (!uuid_is_none(s->info.log))
		return 0;
	int err = db_begin(s->db);
	if (!err)
		err = db_end_with(
			s->db, db_meta_put_blob(s->db, META_LOG, new_log.b, sizeof(new_log.b)));
	if (!err)
		s->info.log = new_log;
	return err;
}

/* Renumber all rows: those up to @confirmed from 0 downwards, the others from 1 upwards. */
static int renumber(struct db *db, int64_t confirmed)
{
	struct db_query q = db_query(db, RELOG_SHIFT);
	int err = db_run(&q);

	if (err)
		return err;
	q = db_query(db, RELOG_CONFIRMED);
	db_put_int(&q, confirmed);
	err = db_run(&q);
	if (err)
		return err;
	q = db_query(db, RELOG_REST);
	return db_run(&q);
}

static int write_new_log(struct db *db, struct uuid log)
{
	int err = db_meta_put_blob(db, META_LOG, log.b, sizeof(log.b));

	if (!err)
		err = db_meta_put_int(db, META_CONFIRMED, 0);
	if (!err)
		err = db_meta_put_int(db, META_PURGED, 0);
	return err;
}

struct refill {
	struct db *fresh;
	struct uuid log;
	int64_t n_added;
};

#define BACKUP_END ".backup" /* last night's copy, beside its file */

static int add_salvaged(struct refill *refill, int64_t seq, const struct checkin *c)
{
	struct db_query q = db_query(refill->fresh, SALVAGE_ADD);

	put_row(&q, seq, c);
	int err = db_run(&q);
	if (!err && db_changes(refill->fresh) > 0)
		refill->n_added++;
	return err;
}

/* Where the copy was made under another log, its numbers are other rows' now: those come before, as they were earlier. Far
 * enough from each other for renumber(). */
static int take_salvaged(void *context, struct db_query *row)
{
	struct refill *refill = context;
	struct checkin c;

	if (!get_row(row, &c))
		return 0; /* nonsense: no check-in */
	int64_t n_before = refill->n_added;
	int err = add_salvaged(refill, c.seq + 4 * SHIFT_N, &c);
	return err || refill->n_added > n_before ? err
						 : add_salvaged(refill, c.seq + 2 * SHIFT_N, &c);
}

static int salvage_from(struct refill *refill, const char *path)
{
	struct db_copied copied;
	int64_t n = db_salvage(
		path, "SELECT " COLUMNS " FROM checkin WHERE seq", take_salvaged, refill);

	/* Only where there is none yet: the damaged file's are newer than the copy's. */
	return n < 0 ? (int)n : db_copy_table(path, refill->fresh, "data", &copied);
}

/*
 * All of them, also what was confirmed: where the confirmation stood can't be believed any more, and the register takes a
 * check-in once, however often it comes. What the file doesn't show any more last night's copy may have; a row of it that
 * was dropped since begins its time again.
 */
static int refill_log(void *context, struct db *fresh, const char *damaged)
{
	struct refill *refill = context;
	char backup[DB_PATH_MAX + sizeof(BACKUP_END)];

	(void)snprintf(backup, sizeof(backup), "%s" BACKUP_END, damaged);
	refill->fresh = fresh;
	int err = db_begin(fresh);
	if (err)
		return err;
	err = salvage_from(refill, damaged);
	if (!err)
		err = salvage_from(refill, backup);
	db_leave(backup);
	if (!err)
		err = renumber(fresh, -SHIFT_N);
	if (!err)
		err = write_new_log(fresh, refill->log);
	return db_end_with(fresh, err);
}

int kiosk_store_open(
	const char *path, bool rehearsal, struct uuid new_log, struct kiosk_store **ret_store)
{
	struct refill refill = { .log = new_log };
	struct kiosk_store *s = calloc(1, sizeof(*s));

	if (!s)
		return STORE_ERR_MEMORY;
	int err = db_open_rescued(
		path, &schema, rehearsal, refill_log, &refill, &s->db, &s->info.recovered);
	if (!err)
		err = load_info(s);
	if (!err)
		err = load_newest_trusted(s);
	if (!err)
		err = name_log(s, new_log);
	if (err)
		goto out;
	*ret_store = s;
	s = NULL; /* the caller's now */
out:
	kiosk_store_close(s);
	return err;
}

void kiosk_store_close(struct kiosk_store *s)
{
	if (!s)
		return;
	db_close(s->db);
	free(s);
}

const struct kiosk_store_info *kiosk_store_info(const struct kiosk_store *s)
{
	return &s->info;
}

/* One row under the next number, or, where the same is there already, under the number it has. */
static int add_row(struct kiosk_store *s, int64_t *next, struct checkin *row)
{
	struct db_query q = db_query(s->db, ADD);

	put_row(&q, *next, row);
	int r = db_run(&q);
	if (r)
		return r;
	if (db_changes(s->db) > 0) {
		row->seq = (*next)++;
		return 0;
	}
	q = db_query(s->db, SEQ_OF);
	db_put_blob(&q, row->id.b, sizeof(row->id.b));
	db_put_int(&q, row->revision);
	r = db_step(&q);
	if (r == 1) {
		row->seq = db_get_int(&q);
		db_end(&q);
	}
	return r < 0 ? r : 0;
}

static void note_added(struct kiosk_store *s, int64_t next, struct checkin *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		rows[i].log = s->info.log;
		if (rows[i].clock == CHECKIN_CLOCK_TRUSTED)
			s->info.newest_trusted_ms = rows[i].at_ms;
	}
	if (s->info.oldest_seq == 0 && next > s->info.last_seq + 1)
		s->info.oldest_seq = s->info.last_seq + 1;
	s->info.last_seq = next - 1;
}

int kiosk_store_add(struct kiosk_store *s, struct checkin *rows, size_t n_rows)
{
	int err = s->unsure ? load_info(s) : 0;

	assert(n_rows > 0);
	if (!err)
		err = db_begin(s->db);
	if (err)
		return err;
	int64_t next = s->info.last_seq + 1;
	for (size_t i = 0; !err && i < n_rows; i++)
		err = add_row(s, &next, &rows[i]);
	err = db_end_with(s->db, err);
	if (!err) {
		note_added(s, next, rows, n_rows);
		return 0;
	}
	s->unsure = true;
	for (size_t i = 0; i < n_rows; i++)
		rows[i].seq = 0;
	return err;
}

/* The rows of a started query. Return: how many, or a store_err. */
static int read_rows(struct kiosk_store *s, struct db_query *q, const char *gate,
	struct checkin *ret_rows, size_t max)
{
	size_t n = 0;
	int r = 0;

	while (n < max && (r = db_step(q)) == 1) {
		if (!get_row(q, &ret_rows[n])) {
			r = STORE_ERR_DAMAGED;
			break;
		}
		ret_rows[n].log = s->info.log;
		snprintf(ret_rows[n].gate, sizeof(ret_rows[n].gate), "%s", gate);
		n++;
	}
	db_end(q);
	/* One row of nonsense would stand before all that follow it, at every start anew. */
	if (r == STORE_ERR_DAMAGED)
		r = db_damaged(s->db);
	return r < 0 ? r : (int)n;
}

int kiosk_store_unconfirmed(struct kiosk_store *s, int64_t from_seq, const char *gate,
	struct checkin *ret_rows, size_t max)
{
	struct db_query q = db_query(s->db, UNCONFIRMED);
	int64_t first = s->info.confirmed_seq + 1;

	db_put_int(&q, from_seq > first ? from_seq : first);
	db_put_int(&q, (int64_t)max);
	return read_rows(s, &q, gate, ret_rows, max);
}

int kiosk_store_undated(struct kiosk_store *s, const struct uuid *boot, int64_t after_seq,
	const char *gate, struct checkin *ret_rows, size_t max)
{
	struct db_query q = db_query(s->db, UNDATED_ROWS);

	db_put_blob(&q, boot->b, sizeof(boot->b));
	db_put_int(&q, after_seq);
	db_put_int(&q, (int64_t)max);
	return read_rows(s, &q, gate, ret_rows, max);
}

int kiosk_store_latest(struct kiosk_store *s, int64_t since_ms, const char *gate,
	struct checkin *ret_rows, size_t max)
{
	struct db_query q = db_query(s->db, LATEST);

	db_put_int(&q, since_ms);
	db_put_int(&q, (int64_t)max);
	return read_rows(s, &q, gate, ret_rows, max);
}

/* What isn't confirmed any more has no time that runs. */
static int unstamp(struct db *db, int64_t through)
{
	struct db_query q = db_query(db, UNSTAMP);

	db_put_int(&q, through);
	return db_run(&q);
}

/* When a confirm came is noted as it is written, under a clock that its caller trusts, else by the next purge. So a row
 * may stay longer, never shorter. */
static int stamp(struct kiosk_store *s, int64_t through, int64_t now_ms)
{
	struct db_query q = db_query(s->db, STAMP);

	db_put_int(&q, through);
	db_put_int(&q, now_ms);
	db_put_int(&q, STAMP_MAX);
	return db_run(&q);
}

/*
 * That a pupil asked for a talk is the care team's from now on: nothing of it stays at a gate that can be carried away. A
 * register that goes back to before it finds a gap there, as where rows were purged, and is given what is left under a new
 * log.
 */
static int write_confirmed(struct kiosk_store *s, int64_t through, bool *ret_dropped)
{
	int err = db_meta_put_int(s->db, META_CONFIRMED, through);

	*ret_dropped = false;
	if (err || through <= s->info.confirmed_seq)
		return err;
	struct db_query q = db_query(s->db, TALK_DROP);
	db_put_int(&q, s->info.confirmed_seq);
	db_put_int(&q, through);
	db_put_text(&q, checkin_result_word(CHECKIN_TALK));
	err = db_run(&q);
	*ret_dropped = !err && db_changes(s->db) > 0;
	return *ret_dropped ? db_meta_put_int(s->db, META_PURGED, s->info.last_seq) : err;
}

int kiosk_store_confirm_at(struct kiosk_store *s, int64_t through, int64_t now_ms)
{
	int err = s->unsure ? load_info(s) : 0;

	if (err)
		return err;
	if (through > s->info.last_seq)
		through = s->info.last_seq;
	if (through < 0)
		through = 0;
	if (through == s->info.confirmed_seq)
		return 0;
	bool dropped = false;
	err = db_begin(s->db);
	if (!err) {
		err = through < s->info.confirmed_seq ? unstamp(s->db, through) : 0;
		if (!err)
			err = write_confirmed(s, through, &dropped);
		if (!err && now_ms >= 0)
			err = stamp(s, through, now_ms);
		err = db_end_with(s->db, err);
	}
	if (!err && !dropped)
		s->info.confirmed_seq = through;
	else
		s->unsure = true;
	return err || !dropped ? err : load_info(s);
}

int kiosk_store_confirm(struct kiosk_store *s, int64_t through)
{
	return kiosk_store_confirm_at(s, through, -1);
}

int kiosk_store_relog(struct kiosk_store *s, struct uuid log, bool all)
{
	int err = s->unsure ? load_info(s) : 0;

	if (!err)
		err = db_begin(s->db);
	if (err)
		return err;
	err = renumber(s->db, all ? -SHIFT_N : s->info.confirmed_seq);
	if (!err)
		err = unstamp(s->db, 0);
	if (!err)
		err = write_new_log(s->db, log);
	err = db_end_with(s->db, err);
	s->unsure = true;
	return err ? err : load_info(s);
}

int kiosk_store_data_save(struct kiosk_store *s, int64_t generation, const void *bytes, size_t len)
{
	int err = db_begin(s->db);

	assert(len > 0);
	if (err)
		return err;
	struct db_query q = db_query(s->db, DATA_SAVE);
	db_put_int(&q, generation);
	db_put_blob(&q, bytes, len);
	return db_end_with(s->db, db_run(&q));
}

int64_t kiosk_store_data_load(struct kiosk_store *s, char **ret_bytes)
{
	struct db_query q = db_query(s->db, DATA_LOAD);
	size_t len = 0;
	int r = db_step(&q);

	if (r <= 0)
		return r;
	const void *bytes = db_get_bytes(&q, &len);
	char *copy = malloc(len + 1);
	if (copy) {
		if (len)
			memcpy(copy, bytes, len);
		copy[len] = '\0';
		*ret_bytes = copy;
	}
	db_end(&q);
	return copy ? (int64_t)len : STORE_ERR_MEMORY;
}

int kiosk_store_purge(struct kiosk_store *s, int64_t now_ms, int64_t before_ms, int most)
{
	int64_t n = 0;
	int err = s->unsure ? load_info(s) : 0;

	if (!err)
		err = db_begin(s->db);
	if (err)
		return err;
	err = stamp(s, s->info.confirmed_seq, now_ms);
	if (!err) {
		struct db_query q = db_query(s->db, PURGE);
		db_put_int(&q, s->info.confirmed_seq);
		db_put_int(&q, before_ms);
		db_put_int(&q, most);
		err = db_run(&q);
	}
	n = err ? 0 : db_changes(s->db);
	/* Numbers go on where they stopped, also when no row is left to tell. */
	if (n > 0)
		err = db_meta_put_int(s->db, META_PURGED, s->info.last_seq);
	err = db_end_with(s->db, err);
	if (err || n > 0)
		s->unsure = true;
	if (!err && n > 0)
		err = load_info(s);
	return err ? err : (int)n;
}

/*
 * What is confirmed is written with the rows that go: a file that said less would send for them again. And one that says
 * more isn't asked: the register went back, and on this disk that could not be written.
 */
static int free_up(struct kiosk_store *s, int64_t confirmed, int most, int64_t *ret_n)
{
	int err = confirmed < s->info.confirmed_seq ? unstamp(s->db, confirmed) : 0;

	bool dropped;

	if (!err)
		err = write_confirmed(s, confirmed, &dropped);
	if (err)
		return err;
	struct db_query q = db_query(s->db, FREE_UP);
	db_put_int(&q, confirmed);
	db_put_int(&q, most);
	err = db_run(&q);
	*ret_n = err ? 0 : db_changes(s->db);
	return *ret_n > 0 ? db_meta_put_int(s->db, META_PURGED, s->info.last_seq) : err;
}

int kiosk_store_free_up(struct kiosk_store *s, int64_t confirmed, int most)
{
	int64_t n = 0;
	int err = s->unsure ? load_info(s) : 0;

	if (confirmed > s->info.last_seq)
		confirmed = s->info.last_seq;
	if (!err)
		err = db_begin(s->db);
	if (err)
		return err;
	err = db_end_with(s->db, free_up(s, confirmed, most, &n));
	s->unsure = true;
	if (!err)
		err = load_info(s);
	return err ? err : (int)n;
}

int kiosk_store_prove(struct kiosk_store *s, int64_t confirmed)
{
	int err = kiosk_store_confirm(s, confirmed);

	if (!err)
		err = db_begin(s->db);
	if (err)
		return err;
	err = db_end_with(s->db, db_meta_put_int(s->db, META_CONFIRMED, s->info.confirmed_seq));
	if (err)
		s->unsure = true;
	return err;
}

bool kiosk_store_is_suspect(const struct kiosk_store *s)
{
	return db_is_suspect(s->db);
}

int kiosk_store_backup_open(struct kiosk_store *s, const char *path, struct db_backup **ret_backup)
{
	return db_backup_open(s->db, path, ret_backup);
}

int kiosk_store_check(struct kiosk_store *s, bool (*stop)(void *ctx), void *ctx)
{
	return db_check(s->db, stop, ctx);
}

bool kiosk_store_check_due(struct kiosk_store *s, int32_t today, int days)
{
	int64_t last = 0;

	return db_meta_int(s->db, META_CHECKED, 0, &last) == 0 &&
	       (last > today || today - last >= days);
}

int kiosk_store_checked(struct kiosk_store *s, int32_t today)
{
	int err = db_begin(s->db);

	return err ? err : db_end_with(s->db, db_meta_put_int(s->db, META_CHECKED, today));
}

int kiosk_store_truncate(struct kiosk_store *s)
{
	return db_checkpoint(s->db, true);
}

int kiosk_store_checkpoint(struct kiosk_store *s)
{
	return db_checkpoint(s->db, false);
}

int64_t kiosk_store_wal_bytes(const struct kiosk_store *s)
{
	return db_wal_bytes(s->db);
}
