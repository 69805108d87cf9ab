/* SPDX-License-Identifier: EUPL-1.2 */
/* Commands that change the database, each in one transaction, with a line in the journal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "register/answer.h"
#include "sys/file.h"
#include "sys/log.h"

#define BACKUP_PIECE (1024 * 1024)

static struct wire_node *failed(
	struct register_program *r, const struct wire_node *request, int err)
{
	/* A failed COMMIT leaves nothing to rely on: as after a turn's. */
	r->err = err;
	school_end(r);
	return answer_refuse(
		request, err == STORE_ERR_MEMORY ? "failed" : "busy", store_err_text(err));
}

/* ---- import ---- */

static struct wire_node *import_refused(
	const struct wire_node *request, const struct import_result *result, const char *name)
{
	struct wire_node *node = answer_refuse(request, "refused", result->reason);
	wire_node_set_text(node, "file", name);
	wire_node_set_int(node, "line", result->line);
	wire_node_set_int(node, "column", result->column);
	wire_node_set_text(
		node, "column_name", result->column_name[0] ? result->column_name : NULL);
	return node;
}

static void set_pupils(
	struct wire_node *node, const char *key, const int64_t *pupils, size_t n_pupils)
{
	struct wire_node *list = wire_node_array();
	for (size_t i = 0; i < n_pupils; i++) {
		char pupil[11];
		checkin_pupil_format(pupils[i], pupil);
		wire_node_set_text(list, NULL, pupil);
	}
	wire_node_set_node(node, key, list);
}

static void set_classes(struct wire_node *node, const char *key,
	char (*const classes)[TIMETABLE_CLASS_MAX], size_t n_classes)
{
	struct wire_node *list = wire_node_array();
	for (size_t i = 0; i < n_classes; i++)
		wire_node_set_text(list, NULL, classes[i]);
	wire_node_set_node(node, key, list);
}

/* Who comes, moves and goes: what a person looks at before a new school year is let in. */
static void set_roll_over(struct wire_node *node, struct import_result *result)
{
	wire_node_set_int(node, "moved", (int64_t)result->n_moved);
	set_pupils(node, "pupils_added", result->came, (size_t)result->added);
	set_pupils(node, "pupils_moved", result->moved, result->n_moved);
	set_pupils(node, "pupils_removed", result->left, (size_t)result->removed);
	set_classes(node, "classes_added", result->classes_new, result->n_classes_new);
	set_classes(node, "classes_removed", result->classes_gone, result->n_classes_gone);
}

static struct wire_node *import_done(const struct wire_node *request, struct import_result *result,
	enum import_what what, bool dry_run)
{
	struct wire_node *node = wire_response_create(request, true);
	struct wire_node *warnings = wire_node_array();
	wire_node_set_text(node, "what", import_what_word(what));
	wire_node_set_bool(node, "dry_run", dry_run);
	wire_node_set_int(node, "rows", result->rows);
	wire_node_set_int(node, "added", result->added);
	wire_node_set_int(node, "changed", result->changed);
	wire_node_set_int(node, "removed", result->removed);
	wire_node_set_int(node, "unchanged", result->unchanged);
	for (size_t i = 0; i < result->n_warnings; i++)
		wire_node_set_text(warnings, NULL, result->warnings[i]);
	wire_node_set_node(node, "warnings", warnings);
	if (what == IMPORT_PUPILS)
		set_roll_over(node, result);
	return node;
}

static int journal_import(struct register_program *r, const struct import_result *result,
	const struct import_order *order)
{
	char detail[120];
	snprintf(detail, sizeof(detail), "added %ld changed %ld removed %ld unchanged %ld",
		result->added, result->changed, result->removed, result->unchanged);
	log_info("import what=%s added=%ld changed=%ld removed=%ld unchanged=%ld",
		import_what_word(order->what), result->added, result->changed, result->removed,
		result->unchanged);
	return register_store_journal(
		r->store, r->now.wall_ms, "desk", "import", import_what_word(order->what), detail);
}

/* What follows for classes, as the school would be after the import; a dry run's too. */
static int look_at_classes(
	struct register_program *r, const struct roster *before, struct import_result *result)
{
	struct roster *roster;
	int err = register_store_roster(r->store, r->state.today, r->now.wall_ms, &roster);
	if (err)
		return err;
	import_warn_classes(roster, result);
	err = import_compare_classes(before, roster, result);
	roster_destroy(roster);
	return err;
}

/* A dry run is the import itself, rolled back: so it can't promise what the import would refuse. */
static struct wire_node *run_import(struct register_program *r, const struct wire_node *request,
	struct import_order *order, const char *bytes, size_t len)
{
	const char *name = wire_node_get_text(request, "name");
	bool dry_run = wire_node_get_bool(request, "dry_run", false);
	struct roster *fresh = NULL;
	struct import_result *result = calloc(1, sizeof(*result));
	struct wire_node *node = NULL;
	int err = result ? register_store_begin(r->store) : STORE_ERR_MEMORY;
	/* Not the turn's roster: it may be a turn behind the last import. */
	if (!err)
		err = register_store_roster(r->store, r->state.today, r->now.wall_ms, &fresh);
	if (!err) {
		order->roster = fresh;
		import_run(r->store, order, bytes, len, result);
		err = result->end == IMPORT_FAILED ? result->err : 0;
	}
	bool done = !err && result->end == IMPORT_DONE;
	if (done)
		err = look_at_classes(r, fresh, result);
	if (!err && done && !dry_run)
		err = journal_import(r, result, order);
	if (!err && (!done || dry_run)) {
		register_store_end(r->store, STORE_ERR_IO); /* any error rolls back */
		node = done ? import_done(request, result, order->what, dry_run)
			    : import_refused(request, result, name ? name : "");
	} else if (!err) {
		err = register_store_end(r->store, 0);
	}
	if (err) {
		node = failed(r, request, err);
	} else if (!node) {
		r->roster_changed = true;
		rescue_imported(r, order->what);
		if (order->what == IMPORT_EXCUSED)
			past_settle(r);
		node = import_done(request, result, order->what, dry_run);
	}
	roster_destroy(fresh);
	free(result);
	return node;
}

struct wire_node *answer_import(struct register_program *r, const struct wire_node *request, int fd)
{
	struct import_order order = {
		.what = import_what_parse(wire_node_get_text(request, "what")),
		.remove_missing = wire_node_get_bool(request, "remove_missing", false),
		.now_ms = r->now.wall_ms,
		.key = &r->key,
	};
	char *bytes = NULL;
	if (order.what == IMPORT_NOTHING)
		return answer_refuse(request, "invalid",
			"what: none of pupils, timetable, calendar, excused, cards");
	if (fd < 0)
		return answer_refuse(request, "invalid", "the file's descriptor is missing");
	int64_t len = file_read_fd(fd, IMPORT_FILE_MAX, &bytes);
	if (len < 0)
		return answer_refuse(request, "refused",
			len == -EFBIG ? "the file is larger than 32 MiB"
				      : "the file can't be read");
	struct wire_node *node = run_import(r, request, &order, bytes, (size_t)len);
	/* UIDs of an import of cards don't stay in memory that is given back. */
	explicit_bzero(bytes, (size_t)len);
	free(bytes);
	return node;
}

/* ---- cards ---- */

/* Return: 0, or -1 with the reason. */
static int hash_of(const struct register_program *r, const struct wire_node *request,
	struct card_hash *ret_hash, const char **ret_reason)
{
	uint8_t uid[CARD_UID_MAX];
	const char *text = wire_node_get_text(request, "uid");
	int len = text ? card_parse_uid(text, uid) : -1;
	if (len < 0) {
		*ret_reason = "uid: no UID of 4, 7 or 10 bytes in hex";
		return -1;
	}
	switch (card_form_of(uid, (size_t)len)) {
	case CARD_FORM_INVALID:
		*ret_reason = "uid: can't be a card's";
		return -1;
	case CARD_FORM_RANDOM:
		*ret_reason =
			"uid: random (4 bytes from 08), new at each read: of no use as a card";
		return -1;
	case CARD_FORM_TOKEN:
		break;
	}
	secret_card_hash(&r->key, uid, (size_t)len, ret_hash->b);
	explicit_bzero(uid, sizeof(uid));
	return 0;
}

static int read_bound(const struct wire_node *request, const char *key, struct civil_date *ret_date)
{
	const char *text = wire_node_get_text(request, key);
	*ret_date = (struct civil_date){ 0 };
	return text && *text ? civil_parse_date(text, ret_date) : 0;
}

static struct wire_node *card_done(
	const struct wire_node *request, const struct roster_card *card, const char *result)
{
	char hash[CARD_HASH_TEXT];
	char pupil[11];
	struct wire_node *node = wire_response_create(request, true);
	card_hash_format(card->hash, hash);
	checkin_pupil_format(card->pupil, pupil);
	wire_node_set_text(node, "pupil", pupil);
	wire_node_set_text(node, "card", hash);
	wire_node_set_text(node, "result", result);
	return node;
}

static struct wire_node *write_card(struct register_program *r, const struct wire_node *request,
	const struct roster_card *card, const char *result)
{
	char about[11];
	checkin_pupil_format(card->pupil, about);
	int err = register_store_begin(r->store);
	if (!err)
		err = register_store_card_put(r->store, card);
	if (!err)
		err = register_store_journal(
			r->store, r->now.wall_ms, "desk", "card", about, result);
	err = register_store_end(r->store, err);
	if (err)
		return failed(r, request, err);
	r->roster_changed = true;
	return card_done(request, card, result);
}

struct wire_node *answer_card_add(
	struct register_program *r, const struct wire_node *request, int fd)
{
	struct roster_card card = { 0 };
	struct roster_card old;
	struct roster_pupil pupil;
	bool left = false;
	const char *reason;
	(void)fd;
	card.pupil = checkin_pupil_parse(wire_node_get_text(request, "pupil"));
	if (card.pupil < 0)
		return answer_refuse(request, "invalid", "pupil: no number of 1 to 10 digits");
	if (register_store_pupil(r->store, card.pupil, &pupil, &left) <= 0 || left)
		return answer_refuse(request, "not_found", "no such pupil");
	if (hash_of(r, request, &card.hash, &reason))
		return answer_refuse(request, "refused", reason);
	if (read_bound(request, "from", &card.from) || read_bound(request, "to", &card.to))
		return answer_refuse(request, "invalid", "from, to: dates as YYYY-MM-DD");
	int found = register_store_card(r->store, card.hash, &old);
	if (found < 0)
		return failed(r, request, found);
	if (found && old.pupil != card.pupil)
		return answer_refuse(request, "refused", "this is another pupil's card");
	if (found && !old.blocked && civil_date_compare(old.from, card.from) == 0 &&
		civil_date_compare(old.to, card.to) == 0)
		return card_done(request, &card, "unchanged");
	return write_card(r, request, &card, found ? "changed" : "added");
}

struct wire_node *answer_card_block(
	struct register_program *r, const struct wire_node *request, int fd)
{
	struct card_hash hash;
	struct roster_card card;
	const char *reason;
	const char *text = wire_node_get_text(request, "card");
	(void)fd;
	if (text && card_hash_parse(text, &hash))
		return answer_refuse(request, "invalid", "card: no hash of 32 hex digits");
	if (!text && hash_of(r, request, &hash, &reason))
		return answer_refuse(request, "refused", reason);
	int found = register_store_card(r->store, hash, &card);
	if (found < 0)
		return failed(r, request, found);
	if (!found)
		return answer_refuse(request, "not_found", "this card is nobody's");
	if (card.blocked)
		return card_done(request, &card, "unchanged");
	card.blocked = true;
	card.blocked_at_ms = r->now.wall_ms; /* who tapped with it this morning was here */
	return write_card(r, request, &card, "blocked");
}

struct wire_node *answer_enrol(struct register_program *r, const struct wire_node *request, int fd)
{
	(void)fd;
	return desk_enrol(r, request);
}

/* ---- backup ---- */

/* Return: the bytes copied, or negative errno. */
static int64_t copy_into(const char *path, int to)
{
	char *bytes = NULL;
	int64_t done = 0;
	FILE *from = fopen(path, "re");
	if (!from)
		return -errno;
	bytes = malloc(BACKUP_PIECE);
	size_t n = 0;
	while (bytes && (n = fread(bytes, 1, BACKUP_PIECE, from)) > 0) {
		for (size_t at = 0; at < n;) {
			ssize_t w = write(to, bytes + at, n - at);
			if (w < 0 && errno == EINTR)
				continue;
			if (w <= 0) {
				done = w < 0 ? -errno : -EIO;
				goto out;
			}
			at += (size_t)w;
		}
		done += (int64_t)n;
	}
	if (!bytes || ferror(from) || fsync(to))
		done = bytes ? -EIO : -ENOMEM;
out:
	free(bytes);
	fclose(from);
	return done;
}

/* Made beside the database, where the register may write, and copied into the caller's file, where
 * it need not be able to. */
struct wire_node *answer_backup(struct register_program *r, const struct wire_node *request, int fd)
{
	char path[sizeof(r->db_path) + 16];
	if (!file_is_regular(fd))
		return answer_refuse(
			request, "invalid", "the descriptor of a regular file is missing");
	snprintf(path, sizeof(path), "%s.copy", r->db_path);
	int err = register_store_backup(r->store, path);
	if (err)
		return answer_refuse(request, "failed", store_err_text(err));
	int64_t bytes = copy_into(path, fd);
	unlink(path);
	if (bytes < 0)
		return answer_refuse(request, "failed", "the file can't be written");
	err = register_store_begin(r->store);
	if (!err)
		err = register_store_journal(
			r->store, r->now.wall_ms, "desk", "backup", "database", "");
	err = register_store_end(r->store, err);
	if (err)
		return failed(r, request, err);
	struct wire_node *node = wire_response_create(request, true);
	wire_node_set_int(node, "bytes", bytes);
	wire_node_set_text(node, "note",
		"retention doesn't reach copies: older ones are the school's to destroy");
	return node;
}
