/* SPDX-License-Identifier: EUPL-1.2 */
/* The commands `export informat` and `export csv`: contents for the command line, which writes the files. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/halfday.h"
#include "register/answer.h"
#include "register/export.h"
#include "sys/log.h"

#define FILE_LINE_MAX 32 /* bytes: "300118T1" or ten digits, CRLF, and room */
#define PIECE 65536 /* bytes gathered before one write */

static const char *const file_kinds[] = {
	[INFORMAT_ABSENT] = "absent",
	[INFORMAT_LATE] = "late",
	[INFORMAT_CODED] = "coded",
};
#define N_FILES (sizeof(file_kinds) / sizeof(file_kinds[0]))

static const char *const left_words[] = {
	[INFORMAT_LEFT_NOT] = "",
	[INFORMAT_LEFT_CODE] = "code",
	[INFORMAT_LEFT_PRESENT] = "present",
	[INFORMAT_LEFT_CLEARED] = "cleared",
};

static int journal(struct register_program *r, const char *about, const char *detail, long rows)
{
	log_info("export what=%s rows=%ld", about, rows);
	return register_store_journal(r->store, r->now.wall_ms, "desk", "export", about, detail);
}

/* After a failure of the database: as after a turn's. */
static struct wire_node *failed(
	struct register_program *r, const struct wire_node *request, int err)
{
	r->err = err;
	school_end(r);
	return answer_refuse(
		request, err == STORE_ERR_MEMORY ? "failed" : "busy", store_err_text(err));
}

/* ---- Informat ---- */

static void set_letter(struct wire_node *node, const char *key, char letter)
{
	wire_node_set_text(node, key, letter ? (const char[]){ letter, 0 } : NULL);
}

/* A sink: each line without its end. A message carries no control characters, so the command line puts the
 * CRLF back. */
static int to_list(void *ctx, const char *bytes, size_t len)
{
	char line[FILE_LINE_MAX];
	assert(len >= 2 && len < sizeof(line) && !memcmp(bytes + len - 2, "\r\n", 2));
	memcpy(line, bytes, len - 2);
	line[len - 2] = 0;
	wire_node_set_text(ctx, NULL, line);
	return 0;
}

/* @empty: gets the name of a file without pupils, which isn't written. */
static void put_file(struct wire_node *files, struct wire_node *empty, enum informat_file file,
	const struct informat_half *half, const struct informat_row *rows, size_t n_rows)
{
	char name[INFORMAT_NAME_MAX];
	long n = informat_write(file, half, rows, n_rows, NULL, NULL);
	informat_file_name(file, half, name);
	if (n == 0) {
		wire_node_set_text(empty, NULL, name);
		return;
	}
	struct wire_node *node = wire_node_object();
	struct wire_node *lines = wire_node_array();
	informat_write(file, half, rows, n_rows, to_list, lines);
	wire_node_set_text(node, "name", name);
	wire_node_set_text(node, "kind", file_kinds[file]);
	wire_node_set_int(node, "pupils", n);
	wire_node_set_node(node, "lines", lines);
	wire_node_set_node(files, NULL, node);
}

static void put_left(struct wire_node *list, const struct informat_row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		enum informat_left why = informat_left_of(&rows[i]);
		char pupil[11];
		if (why == INFORMAT_LEFT_NOT)
			continue;
		struct wire_node *node = wire_node_object();
		checkin_pupil_format(rows[i].pupil, pupil);
		wire_node_set_text(node, "pupil", pupil);
		wire_node_set_text(node, "why", left_words[why]);
		set_letter(node, "code", rows[i].code);
		set_letter(node, "exported", rows[i].exported);
		wire_node_set_node(list, NULL, node);
	}
}

/* Whether marks of that half day can still come by time alone. */
static bool still_open(struct register_program *r, const struct informat_half *half)
{
	int order = civil_date_compare(half->date, r->state.today);
	const struct day *today = school_today(r);
	if (order != 0 || !today)
		return order > 0;
	return r->now.wall_ms < day_ends(today, half->half);
}

static int keep(struct register_program *r, const struct informat_half *half,
	const struct informat_row *rows, size_t n_rows)
{
	char detail[CIVIL_DATE_TEXT + 8];
	civil_format_date(half->date, detail);
	snprintf(detail + strlen(detail), 4, " %s", halfday_word(half->half));
	int err = register_store_begin(r->store);
	if (!err)
		err = export_informat_keep(r->store, half, rows, n_rows, r->now.wall_ms);
	if (!err)
		err = journal(r, "informat", detail, (long)n_rows);
	return register_store_end(r->store, err);
}

static struct wire_node *informat_done(struct register_program *r, const struct wire_node *request,
	const struct informat_half *half, const struct informat_row *rows, size_t n_rows)
{
	char date[CIVIL_DATE_TEXT];
	struct wire_node *files = wire_node_array();
	struct wire_node *empty = wire_node_array();
	struct wire_node *left = wire_node_array();
	for (size_t i = 0; i < N_FILES; i++)
		put_file(files, empty, (enum informat_file)i, half, rows, n_rows);
	put_left(left, rows, n_rows);
	int err = keep(r, half, rows, n_rows);
	struct wire_node *node =
		err ? failed(r, request, err) : wire_response_create(request, true);
	if (err) {
		wire_node_destroy(files);
		wire_node_destroy(empty);
		wire_node_destroy(left);
		return node;
	}
	civil_format_date(half->date, date);
	wire_node_set_text(node, "date", date);
	wire_node_set_text(node, "half", halfday_word(half->half));
	wire_node_set_bool(node, "open", still_open(r, half));
	wire_node_set_node(node, "files", files);
	wire_node_set_node(node, "empty", empty);
	wire_node_set_node(node, "left_out", left);
	return node;
}

struct wire_node *answer_export_informat(
	struct register_program *r, const struct wire_node *request, int fd)
{
	const char *date = wire_node_get_text(request, "date");
	struct informat_half half = {
		.half = halfday_parse(wire_node_get_text(request, "half")),
		.slots = { r->config.export_slot_am, r->config.export_slot_pm },
	};
	struct informat_row *rows = NULL;
	(void)fd;
	if (!date || civil_parse_date(date, &half.date))
		return answer_refuse(request, "invalid", "date: no date as YYYY-MM-DD");
	if (half.half == HALFDAY_NONE)
		return answer_refuse(request, "invalid", "half: neither am nor pm");
	long n = export_informat_rows(r->store, r->roster, &half, &rows);
	if (n < 0)
		return failed(r, request, (int)n);
	struct wire_node *node = informat_done(r, request, &half, rows, (size_t)n);
	free(rows);
	return node;
}

/* ---- CSV ---- */

/* The caller's file, by pieces. */
struct out {
	int fd;
	int err; /* errno of the first write that failed */
	int64_t bytes;
	size_t used;
	char piece[PIECE];
};

static int flush(struct out *out)
{
	for (size_t at = 0; at < out->used && !out->err;) {
		ssize_t n = write(out->fd, out->piece + at, out->used - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			out->err = n < 0 ? errno : EIO;
		else
			at += (size_t)n;
	}
	out->bytes += (int64_t)out->used;
	out->used = 0;
	return out->err ? -1 : 0;
}

static int to_file(void *ctx, const char *bytes, size_t len)
{
	struct out *out = ctx;
	while (len > 0) {
		size_t room = sizeof(out->piece) - out->used;
		size_t n = len < room ? len : room;
		memcpy(out->piece + out->used, bytes, n);
		out->used += n;
		bytes += n;
		len -= n;
		if (out->used == sizeof(out->piece) && flush(out))
			return -1;
	}
	return 0;
}

static struct wire_node *csv_done(struct register_program *r, const struct wire_node *request,
	const char *const dates[2], const struct out *out, long rows)
{
	char detail[2 * CIVIL_DATE_TEXT];
	snprintf(detail, sizeof(detail), "%.10s %.10s", dates[0], dates[1]);
	int err = register_store_begin(r->store);
	if (!err)
		err = journal(r, "csv", detail, rows);
	err = register_store_end(r->store, err);
	if (err)
		return failed(r, request, err);
	struct wire_node *node = wire_response_create(request, true);
	wire_node_set_text(node, "from", dates[0]);
	wire_node_set_text(node, "to", dates[1]);
	wire_node_set_int(node, "rows", rows);
	wire_node_set_int(node, "bytes", out->bytes);
	return node;
}

static struct wire_node *write_csv(struct register_program *r, const struct wire_node *request,
	struct out *out, struct civil_date from, struct civil_date to)
{
	const char *const dates[] = { wire_node_get_text(request, "from"),
		wire_node_get_text(request, "to") };
	long rows = 0;
	int err = export_csv(r->store, r->roster, &r->zone, from, to, to_file, out, &rows);
	if (!err)
		flush(out);
	if (out->err)
		return answer_refuse(request, "failed", "the file can't be written");
	if (err)
		return failed(r, request, err);
	return csv_done(r, request, dates, out, rows);
}

/* Written straight into the caller's file: a school year of a large school has 40 MB. */
struct wire_node *answer_export_csv(
	struct register_program *r, const struct wire_node *request, int fd)
{
	struct civil_date from;
	struct civil_date to;
	const char *from_text = wire_node_get_text(request, "from");
	const char *to_text = wire_node_get_text(request, "to");
	if (!from_text || !to_text || civil_parse_date(from_text, &from) ||
		civil_parse_date(to_text, &to))
		return answer_refuse(request, "invalid", "from, to: dates as YYYY-MM-DD");
	int days = civil_day_number(to) - civil_day_number(from);
	if (days < 0 || days > EXPORT_DAYS_MAX)
		return answer_refuse(request, "invalid",
			days < 0 ? "to: is before from" : "to: is more than 400 days after from");
	if (fd < 0)
		return answer_refuse(request, "invalid", "the file's descriptor is missing");
	struct out *out = calloc(1, sizeof(*out));
	if (!out)
		return answer_refuse(request, "failed", store_err_text(STORE_ERR_MEMORY));
	out->fd = fd;
	struct wire_node *node = write_csv(r, request, out, from, to);
	free(out);
	return node;
}
