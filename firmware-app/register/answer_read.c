/* SPDX-License-Identifier: EUPL-1.2 */
/* Commands that only look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "core/halfday.h"
#include "register/answer.h"
#include "register/look.h"

#define CARDS_SHOWN_MAX 100 /* of one pupil */
#define SHOWN_DAYS 30 /* of a pupil's history, unless asked for more */
#define SHOWN_DAYS_MAX 800 /* two school years: all that retention keeps */
#define UNDATED_SHOWN 500 /* of a day: what a gate without a time gets in an hour and more */
#define REFUSED_SHOWN 20

static void set_date(struct wire_node *node, const char *key, struct civil_date date)
{
	char text[CIVIL_DATE_TEXT];
	if (date.year)
		civil_format_date(date, text);
	wire_node_set_text(node, key, date.year ? text : NULL);
}

static void set_half(struct wire_node *node, const char *key, enum halfday half)
{
	wire_node_set_text(node, key, half == HALFDAY_NONE ? NULL : halfday_word(half));
}

static void set_time(
	struct wire_node *node, const char *key, const struct civil_zone *zone, int64_t at_ms)
{
	char text[CIVIL_TIME_TEXT];
	if (at_ms >= 0)
		civil_format_time(zone, at_ms, text);
	wire_node_set_text(node, key, at_ms >= 0 ? text : NULL);
}

static void set_pupil(struct wire_node *node, const char *key, int64_t pupil)
{
	char text[11];
	checkin_pupil_format(pupil, text);
	wire_node_set_text(node, key, text);
}

static void set_text_or_null(struct wire_node *node, const char *key, const char *text)
{
	wire_node_set_text(node, key, *text ? text : NULL);
}

/* Return: 0; -1: the field is no date. Missing: *ret_date stays. */
static int get_date(const struct wire_node *request, const char *key, struct civil_date *ret_date)
{
	const char *text = wire_node_get_text(request, key);
	return text ? civil_parse_date(text, ret_date) : 0;
}

/* ---- calendar ---- */

static void add_period(struct wire_node *list, struct civil_date from, struct civil_date to,
	enum halfday half, const char *name, bool own)
{
	struct wire_node *row = wire_node_object();
	set_date(row, "from", from);
	set_date(row, "to", to);
	set_half(row, "half", half);
	wire_node_set_text(row, "name", name);
	wire_node_set_bool(row, "own", own);
	wire_node_set_node(list, NULL, row);
}

/* Two lists, each by first day, into one. */
static struct wire_node *merge_periods(const struct calendar_period *legal, size_t n_legal,
	const struct register_store_day_off *own, size_t n_own, int year)
{
	struct wire_node *list = wire_node_array();
	size_t i = 0;
	size_t j = 0;
	while (i < n_legal || j < n_own) {
		if (j < n_own && civil_school_year(own[j].from) != year &&
			civil_school_year(own[j].to) != year) {
			j++;
		} else if (j == n_own ||
			   (i < n_legal && civil_date_compare(legal[i].from, own[j].from) <= 0)) {
			add_period(list, legal[i].from, legal[i].to, legal[i].half, legal[i].name,
				false);
			i++;
		} else {
			add_period(list, own[j].from, own[j].to, own[j].half, own[j].name, true);
			j++;
		}
	}
	return list;
}

struct wire_node *answer_calendar(
	struct register_program *r, const struct wire_node *request, int fd)
{
	struct calendar_period legal[CALENDAR_PERIODS_MAX];
	struct register_store_day_off *own = NULL;
	int64_t year = wire_node_get_int(request, "year", civil_school_year(r->state.today));
	(void)fd;
	if (year < 1990 || year > 2200)
		return answer_refuse(request, "invalid", "year: 1990 to 2200");
	int n_own = register_store_days_off(r->store, &own);
	if (n_own < 0)
		return answer_refuse(request, "busy", store_err_text(n_own));
	size_t n_legal = calendar_periods_of((int)year, legal);
	struct wire_node *node = wire_response_create(request, true);
	wire_node_set_int(node, "year", year);
	wire_node_set_node(
		node, "periods", merge_periods(legal, n_legal, own, (size_t)n_own, (int)year));
	free(own);
	return node;
}

/* ---- cards and pupils ---- */

static struct wire_node *list_cards(struct register_program *r, int64_t pupil)
{
	struct roster_card cards[CARDS_SHOWN_MAX];
	struct wire_node *list = wire_node_array();
	int n = register_store_cards_of(r->store, pupil, cards, CARDS_SHOWN_MAX);
	for (int i = 0; i < n; i++) {
		struct wire_node *row = wire_node_object();
		char hash[CARD_HASH_TEXT];
		card_hash_format(cards[i].hash, hash);
		wire_node_set_text(row, "card", hash);
		wire_node_set_bool(row, "blocked", cards[i].blocked);
		set_date(row, "from", cards[i].from);
		set_date(row, "to", cards[i].to);
		wire_node_set_node(list, NULL, row);
	}
	return list;
}

/* Return: NULL where the pupil was found, else the refusal. */
static struct wire_node *find_pupil(struct register_program *r, const struct wire_node *request,
	struct roster_pupil *ret_pupil, bool *ret_left)
{
	int64_t id = checkin_pupil_parse(wire_node_get_text(request, "pupil"));
	if (id < 0)
		return answer_refuse(request, "invalid", "pupil: no number of 1 to 10 digits");
	int found = register_store_pupil(r->store, id, ret_pupil, ret_left);
	if (found < 0)
		return answer_refuse(request, "busy", store_err_text(found));
	return found ? NULL : answer_refuse(request, "not_found", "no such pupil");
}

struct wire_node *answer_card_list(
	struct register_program *r, const struct wire_node *request, int fd)
{
	struct roster_pupil pupil = { 0 };
	bool left = false;
	(void)fd;
	struct wire_node *node = find_pupil(r, request, &pupil, &left);
	if (node)
		return node;
	node = wire_response_create(request, true);
	set_pupil(node, "pupil", pupil.id);
	wire_node_set_node(node, "cards", list_cards(r, pupil.id));
	return node;
}

struct showing {
	const struct register_program *r;
	const struct roster_pupil *pupil;
	struct wire_node *list;
};

static int show_mark(void *ctx, const struct register_store_mark *mark)
{
	struct showing *s = ctx;
	struct wire_node *row = wire_node_object();
	char letter[2] = { mark_letter(mark->value), 0 };
	set_date(row, "date", civil_date_of_day(mark->day));
	set_half(row, "half", mark->half);
	wire_node_set_text(row, "mark", letter);
	wire_node_set_bool(row, "unconfirmed", mark->value == MARK_UNCONFIRMED);
	set_time(row, "arrived_at", &s->r->zone, mark->arrived_at_ms);
	if (mark->value == MARK_LATE)
		wire_node_set_int(row, "minutes_late", mark->minutes_late);
	else
		wire_node_set_text(row, "minutes_late", NULL);
	set_text_or_null(row, "gate", mark->gate);
	wire_node_set_node(s->list, NULL, row);
	return 0;
}

static int show_alert(void *ctx, const struct alert *alert)
{
	struct showing *s = ctx;
	struct wire_context wire = publish_context(s->r);
	char reason[WIRE_REASON_MAX];
	char *text = wire_alert_encode(alert, s->pupil, &wire);
	struct wire_node *row = text ? wire_node_parse(text, strlen(text), reason) : NULL;
	if (row)
		wire_node_set_node(s->list, NULL, row);
	free(text);
	return 0;
}

/* A reason is nobody's business here but B's, which is none. R25: no medical reason. */
static void hide_code(const char *what, const char *detail, char *ret_text, size_t size)
{
	static const size_t at = sizeof("2026-11-23 am ") - 1;
	bool hides = !strcmp(what, command_word(WIRE_COMMAND_SET_CODE)) && strlen(detail) > at &&
		     detail[at] != 'B';
	if (hides)
		snprintf(ret_text, size, "%.*s%s", (int)at - 1, detail, detail + at + 1);
	else
		snprintf(ret_text, size, "%s", detail);
}

static int show_line(void *ctx, const struct register_store_line *line)
{
	struct showing *s = ctx;
	char detail[ALERT_NOTE_MAX + ALERT_ID_MAX + 100];
	if (strcmp(line->what, LOOK_SHOWN) == 0)
		return 0; /* on record, but nothing that was done for the pupil */
	struct wire_node *row = wire_node_object();
	hide_code(line->what, line->detail, detail, sizeof(detail));
	set_time(row, "at", &s->r->zone, line->at_ms);
	wire_node_set_text(row, "who", line->who);
	wire_node_set_text(row, "what", line->what);
	wire_node_set_text(row, "detail", detail);
	wire_node_set_node(s->list, NULL, row);
	return 0;
}

/* What people did about a pupil, from the first moment of a day to the last of another. */
static int show_lines(struct register_program *r, int64_t pupil, struct civil_date from,
	struct civil_date to, struct showing *s)
{
	char about[11];
	checkin_pupil_format(pupil, about);
	return register_store_each_line_of(r->store, about, civil_instant_of(&r->zone, from, 0),
		civil_instant_of(&r->zone, civil_date_add(to, 1), 0) - 1, show_line, s);
}

/* Who asked for a pupil's chronology is itself on record: R25. */
static int journal_show(struct register_program *r, int64_t pupil)
{
	char about[11];
	checkin_pupil_format(pupil, about);
	int err = register_store_begin(r->store);
	if (!err)
		err = register_store_journal(
			r->store, r->now.wall_ms, "desk", LOOK_SHOWN, about, "");
	return register_store_end(r->store, err);
}

static struct wire_node *show_person(const struct roster_pupil *pupil, bool left)
{
	struct wire_node *node = wire_node_object();
	set_pupil(node, "id", pupil->id);
	wire_node_set_text(node, "last_name", pupil->last_name);
	wire_node_set_text(node, "first_name", pupil->first_name);
	wire_node_set_text(node, "class", pupil->class_name);
	set_text_or_null(node, "language", roster_language_word(pupil->language));
	wire_node_set_bool(node, "left", left);
	return node;
}

struct wire_node *answer_pupil_show(
	struct register_program *r, const struct wire_node *request, int fd)
{
	struct roster_pupil pupil = { 0 };
	bool left = false;
	struct civil_date to = r->state.today;
	(void)fd;
	struct wire_node *node = find_pupil(r, request, &pupil, &left);
	if (node)
		return node;
	if (get_date(request, "to", &to))
		return answer_refuse(request, "invalid", "to: no date as YYYY-MM-DD");
	struct civil_date from = civil_date_add(to, -SHOWN_DAYS);
	if (get_date(request, "from", &from))
		return answer_refuse(request, "invalid", "from: no date as YYYY-MM-DD");
	int32_t first = civil_day_number(from);
	int32_t last = civil_day_number(to);
	if (first > last || last - first > SHOWN_DAYS_MAX)
		return answer_refuse(request, "invalid", "from, to: 0 to 800 days apart");
	struct showing marks = { r, &pupil, wire_node_array() };
	struct showing alerts = { r, &pupil, wire_node_array() };
	struct showing lines = { r, &pupil, wire_node_array() };
	int err = register_store_each_mark_of(r->store, pupil.id, first, last, show_mark, &marks);
	if (!err)
		err = register_store_each_alert_of(
			r->store, pupil.id, first, last, show_alert, &alerts);
	if (!err)
		err = show_lines(r, pupil.id, from, to, &lines);
	if (!err)
		err = journal_show(r, pupil.id);
	node = wire_response_create(request, true);
	wire_node_set_node(node, "pupil", show_person(&pupil, left));
	wire_node_set_node(node, "cards", list_cards(r, pupil.id));
	wire_node_set_node(node, "half_days", marks.list);
	wire_node_set_node(node, "alerts", alerts.list);
	wire_node_set_node(node, "journal", lines.list);
	if (!err)
		return node;
	wire_node_destroy(node);
	return answer_refuse(request, "busy", store_err_text(err));
}

/* ---- day ---- */

static void set_counts(struct wire_node *node, const struct wire_day_class *row)
{
	wire_node_set_int(node, "expected", row->expected);
	wire_node_set_int(node, "present", row->present);
	wire_node_set_int(node, "late", row->late);
	wire_node_set_int(node, "absent", row->absent);
	wire_node_set_int(node, "unconfirmed", row->unconfirmed);
	wire_node_set_int(node, "excused", row->excused);
	wire_node_set_int(node, "awaited", row->awaited);
}

static void add_counts(struct wire_day_class *total, const struct wire_day_class *row)
{
	total->expected += row->expected;
	total->present += row->present;
	total->late += row->late;
	total->absent += row->absent;
	total->unconfirmed += row->unconfirmed;
	total->excused += row->excused;
	total->awaited += row->awaited;
}

/* When the first class of a half day starts; INT64_MAX: none has lessons. */
static int64_t starts(const struct day *day, enum halfday half)
{
	int64_t start_ms = INT64_MAX;
	for (size_t i = 0; i < day->roster->n_classes; i++) {
		const struct day_class *c = day_class_of(day, i, half);
		if (c->slot && c->start_ms < start_ms)
			start_ms = c->start_ms;
	}
	return start_ms;
}

/* Taps that came that day and have no time: a person decides what they were. */
static struct wire_node *show_undated(struct register_program *r, const struct day *day)
{
	struct register_store_undated *undated = calloc(UNDATED_SHOWN, sizeof(*undated));
	struct wire_node *list = wire_node_array();
	int n = undated ? register_store_undated(
				  r->store, civil_day_number(day->date), undated, UNDATED_SHOWN)
			: 0;
	for (int i = 0; i < n; i++) {
		struct checkin c = { .pupil = undated[i].pupil,
			.card = undated[i].card,
			.result = undated[i].result };
		size_t pupil;
		struct wire_node *row = wire_node_object();
		char text[11];
		bool known = day_whose(day, &c, &pupil) == DAY_PUPIL;
		wire_node_set_text(row, "gate", undated[i].gate);
		if (known)
			checkin_pupil_format(day->roster->pupils[pupil].id, text);
		wire_node_set_text(row, "pupil", known ? text : NULL);
		set_time(row, "received_at", &r->zone, undated[i].received_ms);
		set_time(row, "after", &r->zone, undated[i].after_ms);
		set_time(row, "before", &r->zone, undated[i].before_ms);
		wire_node_set_node(list, NULL, row);
	}
	free(undated);
	return list;
}

static struct wire_node *show_day(struct register_program *r, const struct wire_node *request,
	const struct day *day, enum halfday half, struct wire_day_class *rows)
{
	struct wire_node *node = wire_response_create(request, true);
	struct wire_node *list = wire_node_array();
	struct wire_node *sum = wire_node_object();
	struct wire_day_class total = { 0 };
	size_t n = day_counts(day, half, rows, WIRE_DAY_CLASSES_MAX);
	for (size_t i = 0; i < n; i++) {
		struct wire_node *row = wire_node_object();
		wire_node_set_text(row, "class", rows[i].class_name);
		set_counts(row, &rows[i]);
		add_counts(&total, &rows[i]);
		wire_node_set_node(list, NULL, row);
	}
	set_counts(sum, &total);
	set_date(node, "date", day->date);
	set_half(node, "half", half);
	wire_node_set_bool(node, "running",
		r->now.wall_ms >= starts(day, half) && r->now.wall_ms < day_ends(day, half));
	set_time(node, "at", &r->zone, r->now.wall_ms);
	wire_node_set_node(node, "classes", list);
	wire_node_set_node(node, "total", sum);
	wire_node_set_node(node, "undated", show_undated(r, day));
	return node;
}

struct wire_node *answer_day(struct register_program *r, const struct wire_node *request, int fd)
{
	struct civil_date date = r->state.today;
	const char *word = wire_node_get_text(request, "half");
	enum halfday half = halfday_parse(word);
	(void)fd;
	if (get_date(request, "date", &date))
		return answer_refuse(request, "invalid", "date: no date as YYYY-MM-DD");
	if (word && half == HALFDAY_NONE)
		return answer_refuse(request, "invalid", "half: neither am nor pm");
	/* Today's may be built here, and then it is settled: that writes, so it ends like a turn. */
	const struct day *day = school_day(r, date);
	struct wire_day_class *rows = calloc(WIRE_DAY_CLASSES_MAX, sizeof(*rows));
	if (!day || !rows) {
		school_end(r);
		free(rows);
		return answer_refuse(request, "busy", "the database can't be read now");
	}
	if (half == HALFDAY_NONE)
		half = r->now.wall_ms >= starts(day, HALFDAY_PM) ? HALFDAY_PM : HALFDAY_AM;
	struct wire_node *node = show_day(r, request, day, half, rows);
	free(rows);
	school_end(r);
	return node;
}

/* ---- status ---- */

static const char *store_word(enum wire_store_state state)
{
	switch (state) {
	case WIRE_STORE_OK:
		return "ok";
	case WIRE_STORE_FULL:
		return "full";
	case WIRE_STORE_FAILING:
		return "failing";
	case WIRE_STORE_RECOVERED:
		return "recovered";
	case WIRE_STORE_UNSAID:
		break;
	}
	return NULL;
}

static const char *reader_word(enum wire_reader_state state)
{
	switch (state) {
	case WIRE_READER_OK:
		return "ok";
	case WIRE_READER_STARTING:
		return "starting";
	case WIRE_READER_FAULT:
		return "fault";
	case WIRE_READER_UNSAID:
		break;
	}
	return NULL;
}

static const char *unit_word(const struct register_gate *gate)
{
	if (!gate->seen)
		return "unseen";
	switch (gate->last.state) {
	case WIRE_UNIT_ONLINE:
		return "online";
	case WIRE_UNIT_OFFLINE:
		return "offline";
	case WIRE_UNIT_STOPPING:
		return "stopping";
	}
	return "unseen";
}

static void set_number(struct wire_node *node, const char *key, int64_t value)
{
	if (value < 0)
		wire_node_set_text(node, key, NULL);
	else
		wire_node_set_int(node, key, value);
}

static void set_uuid(struct wire_node *node, const char *key, struct uuid id)
{
	char text[UUID_TEXT];
	uuid_format(id, text);
	wire_node_set_text(node, key, uuid_is_none(id) ? NULL : text);
}

static struct wire_node *show_gate(
	const struct register_program *r, const struct register_gate *gate)
{
	struct wire_node *row = wire_node_object();
	const struct wire_gate_state *last = &gate->last;
	wire_node_set_text(row, "gate", gate->id);
	wire_node_set_bool(row, "expected", gate->expected);
	wire_node_set_text(row, "state", unit_word(gate));
	wire_node_set_bool(row, "twice", gate->twins.twice);
	set_time(row, "at", &r->zone, gate->seen ? last->at_ms : -1);
	wire_node_set_text(row, "clock",
		gate->seen && last->clock >= 0 ? checkin_clock_word((enum checkin_clock)last->clock)
					       : NULL);
	wire_node_set_text(row, "reader", gate->seen ? reader_word(last->reader) : NULL);
	wire_node_set_text(row, "store", gate->seen ? store_word(last->store) : NULL);
	set_uuid(row, "log", last->log);
	set_number(row, "last_seq", gate->seen ? last->last_seq : -1);
	set_number(row, "stored_through", gate->seen ? gate->absence.stored_through : -1);
	set_time(row, "complete_until", &r->zone, gate->seen ? last->complete_until_ms : -1);
	set_number(row, "data_generation", gate->seen ? last->data_generation : -1);
	return row;
}

static struct wire_node *show_refused(struct register_program *r)
{
	struct wire_node *list = wire_node_array();
	struct register_store_refused refused[REFUSED_SHOWN];
	int n = r->store ? register_store_refused(r->store, refused, REFUSED_SHOWN) : 0;
	for (int i = 0; i < n; i++) {
		struct wire_node *row = wire_node_object();
		wire_node_set_text(row, "gate", refused[i].gate);
		set_uuid(row, "log", refused[i].log);
		wire_node_set_int(row, "seq", refused[i].seq);
		wire_node_set_text(row, "reason", refused[i].reason);
		set_time(row, "received_at", &r->zone, refused[i].received_ms);
		wire_node_set_node(list, NULL, row);
	}
	return list;
}

static struct wire_node *show_refused_topics(const struct register_program *r)
{
	struct wire_node *list = wire_node_array();
	for (size_t i = 0; i < REGISTER_TOPICS; i++) {
		if (!r->refused_codes[i])
			continue;
		struct wire_node *row = wire_node_object();
		wire_node_set_text(row, "topic", publish_topic(i));
		wire_node_set_int(row, "code", r->refused_codes[i]);
		wire_node_set_node(list, NULL, row);
	}
	return list;
}

static void set_units(const struct register_program *r, struct wire_node *node)
{
	struct wire_node *clock_node = wire_node_object();
	struct wire_node *broker = wire_node_object();
	struct wire_node *store = wire_node_object();
	bool up = r->state.connected_since_ms >= 0;
	wire_node_set_text(
		clock_node, "state", checkin_clock_word((enum checkin_clock)r->now.state));
	set_number(clock_node, "error_ms", r->now.error_ms);
	wire_node_set_bool(broker, "connected", up);
	set_time(broker, "since", &r->zone, r->state.connected_since_ms);
	wire_node_set_text(broker, "reason", up || !r->link_reason[0] ? NULL : r->link_reason);
	wire_node_set_node(broker, "refused", show_refused_topics(r));
	wire_node_set_text(store, "state", store_word(r->store_state));
	set_number(store, "disk_free_mb", r->disk_free_mb);
	rescue_show(r, store);
	wire_node_set_node(node, "clock", clock_node);
	wire_node_set_node(node, "broker", broker);
	wire_node_set_node(node, "store", store);
}

static void set_retention(const struct register_program *r, struct wire_node *node)
{
	const struct register_store_retention *last = &r->retain.last;
	bool ran = last->run_ms >= 0;
	struct wire_node *retention = wire_node_object();
	set_time(retention, "last_run", &r->zone, last->run_ms);
	if (ran)
		set_date(retention, "kept_from", civil_date_of_day(last->kept_from));
	else
		wire_node_set_text(retention, "kept_from", NULL);
	wire_node_set_int(retention, "rows_dropped", ran ? last->dropped : 0);
	wire_node_set_bool(retention, "running", r->retain.running);
	wire_node_set_node(node, "retention", retention);
}

static int64_t number(const struct register_program *r, enum register_store_number what)
{
	return r->store ? register_store_number(r->store, what) : -1;
}

static int64_t undated_checkins(const struct register_program *r)
{
	int32_t from = civil_day_number(r->state.today) - COMMAND_DAYS_BACK;
	return r->store ? register_store_undated_count(r->store, from) : -1;
}

struct wire_node *answer_status(struct register_program *r, const struct wire_node *request, int fd)
{
	struct wire_node *node = wire_response_create(request, true);
	struct wire_node *gates = wire_node_array();
	struct civil_local local = civil_local_of(&r->zone, r->now.wall_ms);
	(void)fd;
	wire_node_set_text(node, "unit", "register");
	wire_node_set_text(node, "version", config_version());
	set_time(node, "at", &r->zone, r->now.wall_ms);
	wire_node_set_bool(node, "rehearsal", r->clock.simulated);
	wire_node_set_int(node, "uptime_s", (r->now.mono_us - r->started_us) / 1000000);
	wire_node_set_bool(node, "arrival",
		roster_arrival(
			r->roster, local.date, local.at_s, r->config.rules_absent_after_min));
	set_units(r, node);
	wire_node_set_int(node, "generation", r->roster->generation);
	wire_node_set_int(node, "pupils", (int64_t)r->roster->n_pupils);
	wire_node_set_int(node, "cards", (int64_t)r->roster->n_cards);
	set_number(node, "open_alerts", number(r, REGISTER_STORE_OPEN_ALERTS));
	set_number(node, "refused_checkins", number(r, REGISTER_STORE_REFUSED));
	wire_node_set_int(node, "unknown_more", (int64_t)r->unknown_more);
	set_number(node, "undated_checkins", undated_checkins(r));
	wire_node_set_int(node, "waiting", (int64_t)r->n_out);
	wire_node_set_int(node, "not_understood", (int64_t)r->complaints);
	set_retention(r, node);
	for (size_t g = 0; g < r->n_gates_known; g++)
		wire_node_set_node(gates, NULL, show_gate(r, &r->state.gates[g]));
	wire_node_set_node(node, "gates", gates);
	wire_node_set_node(node, "refused", show_refused(r));
	return node;
}
