/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"

#define NOTE_BEGINS ": " /* after what a line of the journal is about; command.c */
#define HALVES_MAX 1600 /* of two school years: all that retention keeps */

/* One page on its way. */
struct look {
	const struct look_host *host;
	const struct wire_command *c;
	struct wire_page *page;
	struct register_store_correction *said; /* of the page's days, in order */
	size_t n_said;
	const char *alert; /* only what is about this one; NULL: all */
	struct alert found; /* of history */
};

static int refuse(
	const struct look *l, enum wire_reply_error error, const char *reason, char **ret_reply)
{
	struct wire_reply *no = calloc(1, sizeof(*no));
	if (!no)
		return STORE_ERR_MEMORY;
	no->request = l->c->request;
	no->error = error;
	snprintf(no->reason, sizeof(no->reason), "%s", reason);
	*ret_reply = wire_reply_encode(no, &l->host->wire);
	free(no);
	return *ret_reply ? 0 : STORE_ERR_MEMORY;
}

static int begin_page(struct look *l)
{
	l->page = wire_page_create(l->c->request, &l->host->wire);
	return l->page ? 0 : STORE_ERR_MEMORY;
}

static int end_page(struct look *l, int err, char **ret_reply)
{
	if (err < 0) {
		wire_page_destroy(l->page);
		return err;
	}
	*ret_reply = wire_page_close(l->page);
	return *ret_reply ? 1 : STORE_ERR_MEMORY;
}

/* ---- the list of pupils ---- */

static int show_pupil(void *ctx, const struct roster_pupil *pupil, bool left)
{
	struct look *l = ctx;
	return !wire_page_add_pupil(l->page, pupil, left, l->host->names);
}

static int look_pupils(struct look *l, char **ret_reply)
{
	int64_t after = l->c->after[0] ? checkin_pupil_parse(l->c->after) : 0;
	if (after < 0)
		return refuse(l, WIRE_REPLY_INVALID, "after: no next of a page", ret_reply);
	int64_t total = register_store_number(l->host->store, REGISTER_STORE_PUPILS_EVER);
	int err = total < 0 ? (int)total : begin_page(l);
	if (err)
		return err;
	wire_page_set_total(l->page, total);
	err = register_store_each_pupil(l->host->store, after, show_pupil, l);
	return end_page(l, err, ret_reply);
}

/* ---- the journal ---- */

static bool is_alert_id(const char *text, size_t len)
{
	struct civil_date date;
	char day[CIVIL_DATE_TEXT];
	snprintf(day, sizeof(day), "%.10s", text);
	return len > 11 && len < ALERT_ID_MAX && text[10] == '-' && !civil_parse_date(day, &date);
}

/* A word of what a line is about; a code's letter is none of them. */
static void take_word(const char *text, size_t len, struct wire_line *line)
{
	char word[ALERT_ID_MAX];
	if (len >= sizeof(word))
		return;
	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	if (is_alert_id(word, len))
		memcpy(line->alert, word, len + 1);
	else if (len == CIVIL_DATE_TEXT - 1 && !civil_parse_date(word, &line->date))
		return;
	else if (halfday_parse(word) != HALFDAY_NONE)
		line->half = halfday_parse(word);
	else if (len == CARD_HASH_TEXT - 1 && !card_hash_parse(word, &line->card))
		return;
	else if (line->what == ALERT_WHAT_NONE)
		line->what = alert_what_parse(word);
}

void look_line(const struct register_store_line *line, struct wire_line *ret_line)
{
	const char *note = strstr(line->detail, NOTE_BEGINS);
	const char *end = note ? note : line->detail + strlen(line->detail);
	*ret_line = (struct wire_line){
		.at_ms = line->at_ms, .by = line->who, .did = line->what, .note = ""
	};
	if (note)
		ret_line->note = note + strlen(NOTE_BEGINS);
	if (is_alert_id(line->about, strlen(line->about)))
		snprintf(ret_line->alert, sizeof(ret_line->alert), "%s", line->about);
	for (const char *at = line->detail; at < end;) {
		size_t len = strcspn(at, " :");
		if (at + len > end)
			len = (size_t)(end - at);
		take_word(at, len, ret_line);
		at += len + 1;
	}
}

static bool is_about(const struct look *l, const struct wire_line *line)
{
	if (!l->alert || !strcmp(line->alert, l->alert))
		return true;
	return !line->alert[0] && l->found.half != HALFDAY_NONE && line->half == l->found.half &&
	       civil_date_compare(line->date, l->found.date) == 0;
}

static int show_line(void *ctx, const struct register_store_line *stored)
{
	struct look *l = ctx;
	struct wire_line line;
	if (!strcmp(stored->what, LOOK_SHOWN))
		return 0; /* on record, but nothing that was done for the pupil */
	look_line(stored, &line);
	if (!is_about(l, &line))
		return 0;
	if (l->alert)
		return !wire_page_add_line(l->page, 0, &line);
	struct civil_date date = civil_local_of(l->host->wire.zone, stored->at_ms).date;
	return !wire_page_add_line(l->page, civil_day_number(date), &line);
}

/* ---- a pupil's year ---- */

static int keep_said(void *ctx, const struct register_store_correction *c)
{
	struct look *l = ctx;
	if (l->n_said < HALVES_MAX && (c->seen || c->excused || c->code))
		l->said[l->n_said++] = *c;
	return 0;
}

static const struct register_store_correction *said_of(
	const struct look *l, const struct register_store_mark *mark)
{
	for (size_t i = 0; i < l->n_said; i++)
		if (l->said[i].day == mark->day && l->said[i].half == mark->half)
			return &l->said[i];
	return NULL;
}

static int show_mark(void *ctx, const struct register_store_mark *mark)
{
	struct look *l = ctx;
	struct wire_half_day row = { .date = civil_date_of_day(mark->day),
		.half = mark->half,
		.mark = mark->value,
		.minutes_late = mark->minutes_late,
		.arrived_at_ms = mark->arrived_at_ms };
	const struct register_store_correction *said = said_of(l, mark);
	memcpy(row.gate, mark->gate, sizeof(row.gate));
	if (said) {
		memcpy(row.by, said->who, sizeof(row.by));
		row.said_at_ms = said->at_ms;
	}
	return !wire_page_add_half_day(l->page, &row);
}

static int show_alert(void *ctx, const struct alert *alert)
{
	struct look *l = ctx;
	return !wire_page_add_alert(l->page, alert);
}

static int show_cards(struct look *l, int64_t pupil)
{
	struct roster_card cards[WIRE_REPLY_CARDS_MAX];
	int n = register_store_cards_of(l->host->store, pupil, cards, WIRE_REPLY_CARDS_MAX);
	for (int i = 0; i < n; i++)
		wire_page_add_card(l->page, &cards[i]);
	return n < 0 ? n : 0;
}

/* Each walk ends by itself where the page is full: then it returns 1. */
static int show_days(struct look *l, int64_t pupil, int32_t from, int32_t to)
{
	struct register_store *s = l->host->store;
	const struct civil_zone *zone = l->host->wire.zone;
	char about[11];
	checkin_pupil_format(pupil, about);
	int64_t from_ms = civil_instant_of(zone, civil_date_of_day(from), 0);
	int64_t to_ms = civil_instant_of(zone, civil_date_of_day(to + 1), 0) - 1;
	int err = register_store_each_correction_of(s, pupil, from, to, keep_said, l);
	if (err >= 0)
		err = register_store_each_mark_of(s, pupil, from, to, show_mark, l);
	if (err >= 0)
		err = register_store_each_alert_of(s, pupil, from, to, show_alert, l);
	if (err >= 0)
		err = register_store_each_line_of(s, about, from_ms, to_ms, show_line, l);
	return err;
}

static int show_year(
	struct look *l, const struct roster_pupil *pupil, bool left, int32_t from, int32_t to)
{
	l->said = calloc(HALVES_MAX, sizeof(*l->said));
	if (!l->said)
		return STORE_ERR_MEMORY;
	wire_page_set_pupil(l->page, pupil, left, l->host->names);
	wire_page_set_days(l->page, from, to);
	int err = l->c->after[0] ? 0 : show_cards(l, pupil->id);
	if (!err)
		err = show_days(l, pupil->id, from, to);
	free(l->said);
	return err;
}

static int look_pupil(struct look *l, char **ret_reply)
{
	struct roster_pupil pupil;
	bool left = false;
	int year = l->c->year ? l->c->year : civil_school_year(l->host->today);
	int32_t first = civil_day_number((struct civil_date){ year, 9, 1 });
	int32_t last = civil_day_number((struct civil_date){ year + 1, 8, 31 });
	struct civil_date from = civil_date_of_day(first);
	if (l->c->pupil <= 0)
		return refuse(l, WIRE_REPLY_INVALID, "pupil: is missing", ret_reply);
	if (l->c->after[0] &&
		(civil_parse_date(l->c->after, &from) || civil_day_number(from) <= first ||
			civil_day_number(from) > last))
		return refuse(
			l, WIRE_REPLY_INVALID, "after: no next of this year's pages", ret_reply);
	int found = register_store_pupil(l->host->store, l->c->pupil, &pupil, &left);
	if (!found)
		return refuse(l, WIRE_REPLY_NOT_FOUND, "no such pupil", ret_reply);
	int err = found < 0 ? found : begin_page(l);
	if (err)
		return err;
	err = show_year(l, &pupil, left, civil_day_number(from), last);
	return end_page(l, err, ret_reply);
}

/* ---- an alert's history ---- */

static int find_alert(void *ctx, const struct alert *alert)
{
	struct look *l = ctx;
	if (strcmp(alert->id, l->c->alert) != 0)
		return 0;
	l->found = *alert;
	return 1;
}

static int look_history(struct look *l, char **ret_reply)
{
	struct register_store *s = l->host->store;
	char about[ALERT_ID_MAX];
	char text[CIVIL_DATE_TEXT];
	struct civil_date date;
	int found = 0;
	snprintf(text, sizeof(text), "%.10s", l->c->alert);
	if (!l->c->alert[0])
		return refuse(l, WIRE_REPLY_INVALID, "alert: is missing", ret_reply);
	if (!civil_parse_date(text, &date))
		found = register_store_each_alert(s, civil_day_number(date), find_alert, l);
	if (!found)
		return refuse(l, WIRE_REPLY_NOT_FOUND, "no such alert", ret_reply);
	int err = found < 0 ? found : begin_page(l);
	if (err)
		return err;
	snprintf(about, sizeof(about), "%s", l->c->alert);
	if (l->found.pupil > 0)
		checkin_pupil_format(l->found.pupil, about);
	l->alert = l->c->alert;
	wire_page_set_alert(l->page, &l->found);
	(void)wire_page_add_alert(l->page, &l->found);
	err = register_store_each_line_of(
		s, about, civil_instant_of(l->host->wire.zone, date, 0), INT64_MAX, show_line, l);
	return end_page(l, err, ret_reply);
}

int look_run(const struct look_host *host, const struct wire_command *command, char **ret_reply)
{
	struct look *l = calloc(1, sizeof(*l));
	int r = STORE_ERR_MEMORY;
	*ret_reply = NULL;
	if (!l)
		return r;
	l->host = host;
	l->c = command;
	if (command->command == WIRE_COMMAND_PUPILS)
		r = look_pupils(l, ret_reply);
	else if (command->command == WIRE_COMMAND_PUPIL)
		r = look_pupil(l, ret_reply);
	else
		r = look_history(l, ret_reply);
	free(l);
	return r;
}
