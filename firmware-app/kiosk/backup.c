/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What takes longer than a turn may: copies of the database, at night and for the command line, and the weekly check.
 *
 * A copy is made a slice a turn, so that a tap waits for one slice at most; each slice is on the medium before the next, so
 * that the end of a copy is no pause either. The check can't be cut in slices: it gives up where somebody comes, and is
 * tried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/night.h"
#include "kiosk/kiosk.h"
#include "sys/file.h"
#include "sys/log.h"
#include "wire/request.h"

#define SLICE_US INT64_C(50000) /* library-facts.md section 3 */
#define SLICE_PAGES 64 /* 64 KiB, 256 of a file of before: some ms of a slow card */
#define SEND_PIECE                                                                                 \
	16384 /* the caller's medium may be slow: the turn's time is looked at after each */
#define CHECK_YIELD_US INT64_C(300000) /* so long somebody at the gate may wait for the check */
#define CHECK_MAX_US INT64_C(5000000) /* well before the watchdog */
#define CHECK_TRIES                                                                                \
	20 /* a night; a gate whose reader talks all night is checked at its next start */
#define PATH_EXTRA 16

/* A client that can't take it is dropped, and backup_gone() may have ended its copy then. */
static void answer(struct hub_client *client, const struct wire_node *request, const char *error,
	const char *reason, int64_t bytes)
{
	struct wire_node *node = wire_response_create(request, error == NULL);

	if (error) {
		wire_node_set_text(node, "error", error);
		wire_node_set_text(node, "reason", reason);
	} else {
		wire_node_set_int(node, "bytes", bytes);
		wire_node_set_text(node, "note",
			"a gate's copy holds its log and its cached pupils: destroy it when it "
			"isn't "
			"needed any more");
	}
	char *text = wire_node_text(node);
	if (text && client)
		(void)hub_send(client, text, strlen(text), -1);
	free(text);
	wire_node_destroy(node);
}

static void say(struct kiosk *k, const char *error, const char *reason, int64_t bytes)
{
	answer(k->backup.client, k->backup.request, error, reason, bytes);
}

static void end(struct kiosk *k)
{
	struct kiosk_backup *b = &k->backup;

	(void)store_backup_close(b->copy);
	if (b->from >= 0)
		(void)close(b->from);
	if (b->to >= 0)
		(void)close(b->to);
	if (!b->nightly && b->path[0])
		(void)unlink(b->path);
	wire_node_destroy(b->request);
	*b = (struct kiosk_backup){
		.from = -1, .to = -1, .night = b->night, .step = b->step, .tries = b->tries
	};
}

static void fail(struct kiosk *k, const char *reason)
{
	if (k->backup.nightly)
		log_warn("backup_failed reason=\"%s\" next=tomorrow", reason);
	else
		say(k, "failed", reason, 0);
	end(k);
}

static int begin(struct kiosk *k, const char *ending)
{
	struct kiosk_backup *b = &k->backup;

	(void)snprintf(b->path, sizeof(b->path), "%s.%s", k->db_path, ending);
	int err = kiosk_store_backup_open(k->store, b->path, &b->copy);
	if (err)
		fail(k, store_err_text(err));
	return err;
}

bool backup_ask(struct kiosk *k, struct hub_client *client, const char *bytes, size_t len, int fd)
{
	struct kiosk_backup *b = &k->backup;
	char reason[WIRE_REASON_MAX];
	struct wire_node *request = wire_node_parse(bytes, len, reason);
	const char *command = wire_node_get_text(request, "command");

	if (!command || strcmp(command, "backup") != 0) {
		wire_node_destroy(request);
		return false;
	}
	bool is_file = file_is_regular(fd);
	const char *error = !is_file ? "invalid" : backup_runs(k) || !k->store ? "busy" : NULL;
	if (error) { /* answered beside the one that runs */
		answer(client, request, error,
			!is_file ? "the descriptor of a regular file is missing"
				 : "another copy is being made, or the database can't be read now",
			0);
		wire_node_destroy(request);
		return true;
	}
	b->request = request;
	b->client = client;
	b->to = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (b->to < 0)
		fail(k, "the file can't be written");
	else
		(void)begin(k, "copy");
	return true;
}

void backup_gone(struct kiosk *k, const struct hub_client *client)
{
	if (k->backup.client == client && client)
		end(k);
}

/* The copy is whole: it has its name, or goes to who asked for it. */
static void copied(struct kiosk *k)
{
	struct kiosk_backup *b = &k->backup;
	int err = store_backup_close(b->copy);

	b->copy = NULL;
	if (err) {
		fail(k, store_err_text(err));
	} else if (b->nightly) {
		log_info("backup_made file=%s", b->path);
		end(k);
	} else {
		b->from = open(b->path, O_RDONLY | O_CLOEXEC);
		if (b->from < 0)
			fail(k, strerror(errno));
	}
}

static bool send_piece(struct kiosk *k)
{
	struct kiosk_backup *b = &k->backup;
	static char piece[SEND_PIECE]; /* one thread */
	ssize_t n = read(b->from, piece, sizeof(piece));

	for (ssize_t at = 0; at < n;) {
		ssize_t w = write(b->to, piece + at, (size_t)(n - at));
		if (w <= 0) {
			n = -1;
			break;
		}
		at += w;
	}
	b->bytes += n > 0 ? n : 0;
	if (n > 0)
		return true;
	if (n < 0) {
		fail(k, "the file can't be written");
	} else {
		say(k, NULL, NULL, b->bytes);
		end(k);
	}
	return false;
}

bool backup_runs(const struct kiosk *k)
{
	return k->backup.copy || k->backup.from >= 0;
}

void backup_slice(struct kiosk *k)
{
	struct kiosk_backup *b = &k->backup;
	int64_t until_us = clock_mono_us() + SLICE_US;
	int r = 1;

	loop_patience();
	while (b->copy && r == 1 && clock_mono_us() < until_us)
		r = store_backup_step(b->copy, SLICE_PAGES);
	if (b->copy && r < 0)
		fail(k, store_err_text(r));
	else if (b->copy && r == 0)
		copied(k);
	while (b->from >= 0 && clock_mono_us() < until_us && send_piece(k))
		;
}

struct checking {
	const struct kiosk *k;
	int64_t start_us;
};

static bool should_stop(void *ctx)
{
	const struct checking *c = ctx;
	int64_t took_us = clock_mono_us() - c->start_us;

	return took_us > CHECK_MAX_US || (took_us > CHECK_YIELD_US && loop_is_ready(c->k->loop));
}

/* Return: whether it is done for this week. */
static bool check(struct kiosk *k)
{
	struct checking c = { k, clock_mono_us() };
	int r = kiosk_store_check(k->store, should_stop, &c);

	if (r == 0)
		return ++k->backup.tries >= CHECK_TRIES;
	if (r < 0) {
		log_error("database_damaged next=open_again_and_recover");
		disk_failed(k, r);
		return false;
	}
	if (r == 1)
		log_info("database_checked result=ok ms=%lld",
			(long long)((clock_mono_us() - c.start_us) / 1000));
	return true;
}

void backup_night(struct kiosk *k)
{
	struct kiosk_backup *b = &k->backup;
	struct civil_local now = civil_local_of(&k->zone, k->now.wall_ms);
	int32_t today = civil_day_number(now.date);

	if (!k->has_zone || !checkin_clock_judges(k->state.clock) || !night_due(now, b->night))
		return;
	loop_patience();
	if (b->step == 0) {
		b->nightly = true;
		b->step = 1;
		if (begin(k, "backup"))
			return;
	} else if (b->step == 1) {
		b->step = 2;
		if (kiosk_store_truncate(k->store) < 0)
			log_warn("checkpoint_failed next=tomorrow");
	} else {
		bool due = kiosk_store_check_due(k->store, today, NIGHT_CHECK_DAYS);
		if (due && !check(k))
			return;
		if (due)
			(void)kiosk_store_checked(k->store, today);
		b->step = 0;
		b->tries = 0;
		b->night = now.date;
	}
}

void backup_close(struct kiosk *k)
{
	if (backup_runs(k))
		fail(k, "the database is being closed");
}
