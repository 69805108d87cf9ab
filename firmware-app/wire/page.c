/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

/* Lengths of reply.json, in characters. */
#define ALERT_CHARS 120
#define NAME_CHARS 100
#define CLASS_CHARS 20
#define BY_CHARS 64
#define DID_CHARS 32
#define NOTE_CHARS 1000
#define DAYS_MAX 800

enum list { HALF_DAYS, ALERTS, JOURNAL, N_LISTS };

static const char *const list_words[N_LISTS] = {
	[HALF_DAYS] = "half_days",
	[ALERTS] = "alerts",
	[JOURNAL] = "journal",
};

/* Rows of days: which day each is of, to be cut where the page is full. */
struct rows {
	json_t *array; /* borrowed; NULL: no row yet */
	int32_t *days;
	size_t n, room;
	size_t bytes;
	size_t n_of_day; /* of the last day */
};

struct wire_page {
	struct wire_out out;
	struct rows rows[N_LISTS];
	bool dated;
	int32_t from, to;
	int32_t end; /* the last day that can still be on this page */
	size_t day_bytes[DAYS_MAX];
	json_t *cards, *pupils; /* borrowed */
	size_t n_pupils, pupil_bytes;
	int64_t last_pupil; /* in the list */
	bool more;
};

struct wire_page *wire_page_create(struct uuid request, const struct wire_context *ctx)
{
	struct wire_page *page = calloc(1, sizeof(*page));
	if (!page)
		return NULL;
	wire_out_open(&page->out, ctx);
	wire_out_uuid(&page->out, page->out.root, "request", request);
	wire_out_bool(&page->out, page->out.root, "ok", true);
	return page;
}

void wire_page_destroy(struct wire_page *page)
{
	if (!page)
		return;
	for (int i = 0; i < N_LISTS; i++)
		free(page->rows[i].days);
	json_decref(page->out.root);
	free(page);
}

void wire_page_set_days(struct wire_page *page, int32_t from, int32_t to)
{
	page->dated = true;
	page->from = from;
	page->to = page->end = to;
	if (to < from || to - from >= DAYS_MAX)
		page->out.failed = true;
	for (int i = 0; i < N_LISTS; i++)
		page->rows[i].array = wire_out_array(&page->out, page->out.root, list_words[i]);
}

static void out_pupil(struct wire_out *out, json_t *object, const struct roster_pupil *pupil,
	bool left, bool names)
{
	static const char *const must[] = { "id", NULL };

	wire_out_pupil(out, object, "id", pupil->id);
	if (names && pupil->last_name[0])
		wire_out_text(out, object, "last_name", pupil->last_name, NAME_CHARS);
	if (names && pupil->first_name[0])
		wire_out_text(out, object, "first_name", pupil->first_name, NAME_CHARS);
	if (pupil->class_name[0])
		wire_out_text(out, object, "class", pupil->class_name, CLASS_CHARS);
	if (left)
		wire_out_bool(out, object, "left", true);
	wire_out_must(out, object, must);
}

void wire_page_set_pupil(
	struct wire_page *page, const struct roster_pupil *pupil, bool left, bool names)
{
	json_t *object = wire_out_object(&page->out, page->out.root, "pupil");
	out_pupil(&page->out, object, pupil, left, names);
}

void wire_page_set_total(struct wire_page *page, int64_t total)
{
	wire_out_said(&page->out, page->out.root, "total", total);
	page->pupils = wire_out_array(&page->out, page->out.root, "pupils");
}

void wire_page_set_alert(struct wire_page *page, const struct alert *alert)
{
	wire_out_text(&page->out, page->out.root, "alert", alert->id, ALERT_CHARS);
	wire_out_int(&page->out, page->out.root, "revision", alert->revision);
	for (int i = ALERTS; i < N_LISTS; i++)
		page->rows[i].array = wire_out_array(&page->out, page->out.root, list_words[i]);
}

void wire_page_add_card(struct wire_page *page, const struct roster_card *card)
{
	if (!page->cards)
		page->cards = wire_out_array(&page->out, page->out.root, "cards");
	wire_out_card(&page->out, page->cards, card);
}

/* Of a row that was written; 0 where it failed. */
static size_t bytes_of(struct wire_page *page, const json_t *row)
{
	char *text = page->out.failed ? NULL : wire_dump(row, JSON_COMPACT);
	size_t len = text ? strlen(text) + 1 : 0;
	page->out.failed |= !text;
	free(text);
	return len;
}

bool wire_page_add_pupil(
	struct wire_page *page, const struct roster_pupil *pupil, bool left, bool names)
{
	if (page->n_pupils >= WIRE_PAGE_PUPILS || page->pupil_bytes >= WIRE_PAGE_PUPIL_BYTES) {
		page->more = true;
		return false;
	}
	json_t *object = wire_out_object(&page->out, page->pupils, NULL);
	out_pupil(&page->out, object, pupil, left, names);
	page->pupil_bytes += bytes_of(page, object);
	page->last_pupil = pupil->id;
	page->n_pupils++;
	return !page->out.failed;
}

/* ---- rows of days ---- */

/* Return: false: the page ends before this day. */
static bool has_room(struct wire_page *page, enum list list, int32_t day)
{
	const struct rows *rows = &page->rows[list];
	if (!page->dated)
		return true;
	if (day < page->from || day > page->end)
		return false;
	if (rows->bytes <= WIRE_PAGE_BYTES || (rows->n > 0 && rows->days[rows->n - 1] == day))
		return true;
	page->end = day - 1;
	return false;
}

static bool note_day(struct rows *rows, int32_t day)
{
	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 16;
		int32_t *grown = reallocarray(rows->days, room, sizeof(*grown));
		if (!grown)
			return false;
		rows->days = grown;
		rows->room = room;
	}
	rows->n_of_day = rows->n > 0 && rows->days[rows->n - 1] == day ? rows->n_of_day + 1 : 1;
	rows->days[rows->n++] = day;
	return true;
}

/* The row has been written. */
static bool took(struct wire_page *page, enum list list, int32_t day, const json_t *row)
{
	size_t bytes = bytes_of(page, row);
	if (page->out.failed || !note_day(&page->rows[list], day)) {
		page->out.failed = true;
		return false;
	}
	page->rows[list].bytes += bytes;
	if (page->dated)
		page->day_bytes[day - page->from] += bytes;
	return true;
}

bool wire_page_add_half_day(struct wire_page *page, const struct wire_half_day *row)
{
	static const char *const must[] = { "date", "half", NULL };
	struct wire_out *out = &page->out;
	const char mark[] = { mark_letter(row->mark), 0 };
	int32_t day = civil_day_number(row->date);

	if (!has_room(page, HALF_DAYS, day))
		return false;
	json_t *m = wire_out_object(out, page->rows[HALF_DAYS].array, NULL);
	wire_out_date(out, m, "date", row->date);
	wire_out_half(out, m, "half", row->half);
	wire_out_word(out, m, "mark", strchr("|L-x", mark[0]) ? mark : NULL);
	if (row->mark == MARK_UNCONFIRMED)
		wire_out_bool(out, m, "unconfirmed", true);
	wire_out_time(out, m, "arrived_at", row->arrived_at_ms);
	if (row->mark == MARK_LATE)
		wire_out_said(out, m, "minutes_late", row->minutes_late);
	wire_out_slug(out, m, "gate", row->gate);
	if (row->by[0]) {
		json_t *said = wire_out_object(out, m, "said");
		wire_out_text(out, said, "by", row->by, BY_CHARS);
		wire_out_time(out, said, "at", row->said_at_ms);
	}
	wire_out_must(out, m, must);
	return took(page, HALF_DAYS, day, m);
}

bool wire_page_add_alert(struct wire_page *page, const struct alert *alert)
{
	int32_t day = civil_day_number(alert->date);

	if (!has_room(page, ALERTS, day))
		return false;
	json_t *m = wire_out_object(&page->out, page->rows[ALERTS].array, NULL);
	wire_out_alert(&page->out, m, alert);
	return took(page, ALERTS, day, m);
}

bool wire_page_add_line(struct wire_page *page, int32_t day, const struct wire_line *line)
{
	static const char *const must[] = { "at", NULL };
	struct wire_out *out = &page->out;
	const struct rows *rows = &page->rows[JOURNAL];

	if (!has_room(page, JOURNAL, day))
		return false;
	if (rows->n > 0 && rows->days[rows->n - 1] == day && rows->n_of_day >= WIRE_PAGE_LINES)
		return true;
	json_t *m = wire_out_object(out, rows->array, NULL);
	wire_out_time(out, m, "at", line->at_ms);
	wire_out_text(out, m, "by", line->by, BY_CHARS);
	wire_out_text(out, m, "did", line->did, DID_CHARS);
	if (line->alert[0])
		wire_out_text(out, m, "alert", line->alert, ALERT_CHARS);
	wire_out_date(out, m, "date", line->date);
	wire_out_half(out, m, "half", line->half);
	wire_out_hash(out, m, "card", line->card);
	if (line->what != ALERT_WHAT_NONE)
		wire_out_word(out, m, "what", alert_what_word(line->what));
	if (line->note[0])
		wire_out_text(out, m, "note", line->note, NOTE_CHARS);
	wire_out_must(out, m, must);
	return took(page, JOURNAL, day, m);
}

/* The last day that fits; a day that is too large for any page is one of its own. */
static int32_t last_day(const struct wire_page *page)
{
	size_t sum = 0;
	int32_t day = page->from;
	for (; day <= page->end; day++) {
		size_t bytes = page->day_bytes[day - page->from];
		if (sum > 0 && bytes > 0 && sum + bytes > WIRE_PAGE_BYTES)
			break;
		sum += bytes;
	}
	return day - 1;
}

static void cut(struct wire_page *page)
{
	char next[CIVIL_DATE_TEXT];
	int32_t last = last_day(page);

	for (int i = 0; i < N_LISTS; i++) {
		const struct rows *rows = &page->rows[i];
		for (size_t n = rows->n; n > 0; n--)
			if (rows->days[n - 1] > last && json_array_remove(rows->array, n - 1))
				page->out.failed = true;
	}
	wire_out_date(&page->out, page->out.root, "from", civil_date_of_day(page->from));
	wire_out_date(&page->out, page->out.root, "to", civil_date_of_day(last));
	if (last == page->to)
		return;
	civil_format_date(civil_date_of_day(last + 1), next);
	wire_out_word(&page->out, page->out.root, "next", next);
}

char *wire_page_close(struct wire_page *page)
{
	char next[11];

	if (page->dated && !page->out.failed)
		cut(page);
	if (page->more) {
		checkin_pupil_format(page->last_pupil, next);
		wire_out_word(&page->out, page->out.root, "next", next);
	}
	char *text = wire_out_close(&page->out);
	wire_page_destroy(page);
	return text;
}
