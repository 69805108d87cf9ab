/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the register says to the world.
 *
 * A turn's messages wait in a list of their own until its COMMIT, then join the outbox, which gives
 * the link as much as its mailbox takes. While the link is down nothing is kept: what is retained is
 * published anew at the next LINK_EVENT_UP, and what gates miss they ask for by sending again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/halfday.h"
#include "register/figures.h"
#include "register/outbox.h"
#include "register/register.h"
#include "sys/log.h"

struct outbox_message {
	struct outbox_message *next;
	char topic[LINK_TOPIC_MAX];
	char *payload; /* NULL: empty */
	int qos;
	bool retain;
	bool patient; /* see publish_flush() */
};

/* What the broker's answer to each topic is known by: the link's tags. Those of care/event are its numbers. */
#define TOPIC_TAG (UINT64_C(1) << 62)
#define ARRIVAL 2
#define CARE_EVENT 3
#define CARE_ALERT 4
#define HOMEASSISTANT 8 /* beside the root, not below it */
static const char *const topic_begins[] = { "register/state", "gates/data",
	[ARRIVAL] = "gates/arrival", [CARE_EVENT] = "care/event", [CARE_ALERT] = "care/alert/",
	"care/day/", "care/reply/", "public/counts/", [HOMEASSISTANT] = "homeassistant/", "gate/" };
_Static_assert(sizeof(topic_begins) / sizeof(topic_begins[0]) == REGISTER_TOPICS, "one code each");

static size_t topic_of(const struct register_program *r, const char *topic)
{
	size_t i = 0;
	if (strncmp(topic, topic_begins[HOMEASSISTANT], strlen(topic_begins[HOMEASSISTANT])) == 0)
		return HOMEASSISTANT;
	topic += strlen(r->root) + 1;
	while (i + 1 < REGISTER_TOPICS &&
		strncmp(topic, topic_begins[i], strlen(topic_begins[i])) != 0)
		i++;
	return i;
}

const char *publish_topic(size_t index)
{
	return topic_begins[index];
}

void publish_acked(struct register_program *r, uint64_t tag, int code)
{
	bool event = tag < TOPIC_TAG;
	size_t i = event ? CARE_EVENT : (size_t)(tag - TOPIC_TAG);
	bool refused = code >= REGISTER_REASON_FAILED;
	if (!event && i == HOMEASSISTANT && announce_acked(&r->announce, &r->config, code))
		log_warn("announced_not_written file=%s next=empty_them_again", r->announce.path);
	if (event)
		event_acked(&r->events, (int64_t)tag, code, r->now.mono_us);
	/* Once a topic and connection: the others go on. */
	if (refused && r->refused_codes[i] == 0)
		log_error("publish_refused topic=%s code=%d next=go_on_with_the_others",
			topic_begins[i], code);
	if (refused)
		r->refused_codes[i] = code;
}

struct wire_context publish_context(const struct register_program *r)
{
	return (struct wire_context){ .zone = &r->zone, .rehearsal = r->clock.simulated };
}

/* ---- the outbox ---- */

static void drop_message(struct register_program *r, struct outbox_message *m)
{
	r->n_out--;
	r->n_patient -= m->patient;
	free(m->payload);
	free(m);
}

static enum outbox_kind kind_of(const struct register_program *r, const char *topic)
{
	size_t i = topic_of(r, topic);
	return i == CARE_ALERT ? OUTBOX_ALERT : i == ARRIVAL ? OUTBOX_ARRIVAL : OUTBOX_OTHER;
}

/* @topic: whole. @payload: taken over; NULL with @empty false is memory that was out: what matters comes again. */
static struct outbox_message *put_whole(struct register_program *r, const char *topic,
	char *payload, bool empty, int qos, bool retain)
{
	struct outbox_message *m = payload || empty ? calloc(1, sizeof(*m)) : NULL;
	if (!m || !outbox_takes(kind_of(r, topic), r->n_out, r->n_patient) || !link_up(r->link)) {
		free(m);
		free(payload);
		return NULL;
	}
	snprintf(m->topic, sizeof(m->topic), "%s", topic);
	m->payload = payload;
	m->qos = qos;
	m->retain = retain;
	if (r->turn_last)
		r->turn_last->next = m;
	else
		r->turn_first = m;
	r->turn_last = m;
	r->n_out++;
	return m;
}

/* @topic: below the root. Return: what waits for the COMMIT now, borrowed; NULL where it doesn't */
static struct outbox_message *put(struct register_program *r, const char *topic, char *payload,
	bool empty, int qos, bool retain)
{
	char whole[LINK_TOPIC_MAX];
	int n = snprintf(whole, sizeof(whole), "%s/%s", r->root, topic);
	if (n > 0 && (size_t)n < sizeof(whole))
		return put_whole(r, whole, payload, empty, qos, retain);
	free(payload); /* of no topic of the contract; cut short it would be another's */
	return NULL;
}

static void drop_list(
	struct register_program *r, struct outbox_message **first, struct outbox_message **last)
{
	while (*first) {
		struct outbox_message *m = *first;
		*first = m->next;
		drop_message(r, m);
	}
	*last = NULL;
}

void publish_forget(struct register_program *r)
{
	drop_list(r, &r->turn_first, &r->turn_last);
}

static void append(
	struct outbox_message **first, struct outbox_message **last, struct outbox_message *m)
{
	m->next = NULL;
	if (*last)
		(*last)->next = m;
	else
		*first = m;
	*last = m;
}

void publish_keep(struct register_program *r)
{
	while (r->turn_first) {
		struct outbox_message *m = r->turn_first;
		r->turn_first = m->next;
		if (m->patient && !r->patient_first)
			r->patient_since_us = r->now.mono_us;
		if (m->patient)
			append(&r->patient_first, &r->patient_last, m);
		else
			append(&r->out_first, &r->out_last, m);
	}
	r->turn_last = NULL;
}

/* Return: whether the link took all of it. */
static bool post_list(
	struct register_program *r, struct outbox_message **first, struct outbox_message **last)
{
	while (*first) {
		struct outbox_message *m = *first;
		size_t len = m->payload ? strlen(m->payload) : 0;
		size_t topic = topic_of(r, m->topic);
		/* What was taken is news only of the topics that are counted: see publish_acked(). */
		int (*post)(struct link *, const char *, const void *, size_t, int, bool,
			uint64_t) = topic == HOMEASSISTANT ? link_post : link_post_quiet;
		if (post(r->link, m->topic, m->payload ? m->payload : "", len, m->qos, m->retain,
			    TOPIC_TAG + topic))
			return false; /* full: the rest goes when there is room */
		*first = m->next;
		drop_message(r, m);
	}
	*last = NULL;
	return true;
}

/*
 * gates/arrival is patient. The broker copies it to every gate: with thirty gates nine tenths of its work, in a crowd or
 * when gates deliver what they held, and confirms and alerts would stand behind that. So it waits for a turn with little to
 * take, a second at most. Rejected: many pupils in one message, which gates and tests of the contract don't know.
 */
void publish_flush(struct register_program *r)
{
	if (!link_up(r->link)) {
		drop_list(r, &r->out_first, &r->out_last);
		drop_list(r, &r->patient_first, &r->patient_last);
		return;
	}
	if (!post_list(r, &r->out_first, &r->out_last))
		return;
	if (r->n_taken <= REGISTER_CROWD ||
		r->now.mono_us - r->patient_since_us >= REGISTER_PATIENT_US)
		(void)post_list(r, &r->patient_first, &r->patient_last);
}

void publish_finish(struct register_program *r)
{
	drop_list(r, &r->turn_first, &r->turn_last);
	drop_list(r, &r->out_first, &r->out_last);
	drop_list(r, &r->patient_first, &r->patient_last);
	publish_later_forget(r);
	free(r->data);
	r->data = NULL;
}

void publish_empty(struct register_program *r, const char *topic)
{
	put(r, topic, NULL, true, 1, true);
}

bool publish_empty_later(struct register_program *r, const char *topic)
{
	struct register_later *l = r->n_later < REGISTER_LATER_MAX ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return false; /* it comes again with the next connection */
	snprintf(l->topic, sizeof(l->topic), "%s", topic);
	l->next = r->later;
	r->later = l;
	r->n_later++;
	return true;
}

void publish_later_forget(struct register_program *r)
{
	while (r->later) {
		struct register_later *l = r->later;
		r->later = l->next;
		free(l);
	}
	r->n_later = 0;
}

static bool is_open(const struct day *today, const char *topic)
{
	static const char begin[] = "care/alert/";
	if (strncmp(topic, begin, strlen(begin)) != 0)
		return false;
	int32_t index = day_alert_find(today, topic + strlen(begin));
	return index >= 0 && !alert_is_over(&today->alerts[index]);
}

static void empty_later(struct register_program *r)
{
	const struct day *today = school_today(r);
	/* What isn't open today is judged by today's date: without the time there is none. */
	if (!r->later || !today || !link_up(r->link) || !r->state.clock_judges)
		return;
	for (const struct register_later *l = r->later; l; l = l->next)
		if (!is_open(today, l->topic))
			publish_empty(r, l->topic);
	publish_later_forget(r);
}

/* ---- alerts, arrivals, confirms ---- */

static char *encode_alert(const struct register_program *r, const struct alert *alert)
{
	struct wire_context ctx = publish_context(r);
	const struct roster_pupil *pupil = r->config.register_care_names && alert->pupil
						   ? roster_pupil_of(r->roster, alert->pupil)
						   : NULL;
	return wire_alert_encode(alert, pupil, &ctx);
}

/* @text: taken over; what encode_alert() gave */
static void put_retained_alert(struct register_program *r, const struct alert *alert, char *text)
{
	char topic[LINK_TOPIC_MAX];
	snprintf(topic, sizeof(topic), "care/alert/%s", alert->id);
	put(r, topic, text, false, 1, true);
	/* Its last state stands for who listens now; for who comes later there is nothing. */
	if (alert_is_over(alert))
		publish_empty(r, topic);
}

void publish_alert(struct register_program *r, const struct alert *alert)
{
	char *text = encode_alert(r, alert);
	int n = text ? register_store_event_add(r->store, r->now.wall_ms, text) : STORE_ERR_MEMORY;
	put_retained_alert(r, alert, text);
	if (n < 0 && !r->err)
		r->err = n;
	if (n > 0 && !r->events_dropped)
		log_warn("events_dropped next=keep_the_newest_%d", REGISTER_STORE_EVENTS_MAX);
	r->events_dropped |= n > 0;
	event_added(&r->events);
}

static int post_event(void *ctx, int64_t number, const char *payload)
{
	struct register_program *r = ctx;
	char topic[LINK_TOPIC_MAX];
	snprintf(topic, sizeof(topic), "%s/care/event", r->root);
	if (link_post(r->link, topic, payload, strlen(payload), 1, false, (uint64_t)number))
		return 1; /* no room: the next turn */
	event_posted(&r->events, number);
	return 0;
}

void publish_events(struct register_program *r)
{
	int room = r->store && link_up(r->link) ? event_room(&r->events, r->now.mono_us) : 0;
	int64_t before = r->events.posted;
	int waiting = r->events.waiting;
	if (room == 0)
		return;
	if (register_store_events(r->store, before, room, post_event, r) == 0 &&
		r->events.waiting - waiting < room)
		r->events.more = false;
}

void publish_events_done(struct register_program *r)
{
	struct event_outbox *o = &r->events;
	bool failing =
		r->store_failed_us && r->now.mono_us - r->store_failed_us < REGISTER_STORE_AGAIN_US;
	o->dropping = o->dropped;
	if (!event_drops(o) || !r->store || failing || school_begin(r))
		return;
	r->err = register_store_event_drop(r->store, o->done);
	o->dropping = o->done;
}

void publish_arrival(
	struct register_program *r, const struct day *day, size_t pupil, enum halfday half)
{
	const struct day_half *h = day_half_of(day, pupil, half);
	struct wire_context ctx = publish_context(r);
	struct wire_arrival arrival = { .pupil = day->roster->pupils[pupil].id,
		.date = day->date,
		.half = half,
		.at_ms = h->tap_at_ms };
	memcpy(arrival.gate, h->tap_gate, sizeof(arrival.gate));
	struct outbox_message *m =
		put(r, "gates/arrival", wire_arrival_encode(&arrival, &ctx), false, 0, false);
	if (!m)
		return;
	m->patient = true;
	r->n_patient++;
}

void publish_reply(struct register_program *r, const char *user, char *payload)
{
	char topic[LINK_TOPIC_MAX];
	int len = snprintf(topic, sizeof(topic), "care/reply/%s", user);
	if (len < 0 || (size_t)len >= sizeof(topic) - sizeof(r->root)) {
		free(payload);
		return;
	}
	put(r, topic, payload, false, 1, false);
}

void publish_confirms(struct register_program *r)
{
	for (size_t i = 0; i < r->n_confirms; i++) {
		char topic[LINK_TOPIC_MAX];
		snprintf(topic, sizeof(topic), "gate/%s/confirm", r->confirm_gates[i]);
		put(r, topic, wire_confirm_encode(&r->confirms[i]), false, 1, false);
	}
}

/* ---- the half days ---- */

static void put_day(struct register_program *r, const struct day *day, enum halfday half)
{
	struct wire_context ctx = publish_context(r);
	char topic[64];
	char date[CIVIL_DATE_TEXT];
	struct wire_day_class *rows = calloc(WIRE_DAY_CLASSES_MAX, sizeof(*rows));
	if (!rows)
		return;
	struct wire_day message = { .date = day->date,
		.half = half,
		.at_ms = r->now.wall_ms,
		.n_classes = day_counts(day, half, rows, WIRE_DAY_CLASSES_MAX),
		.classes = rows };
	civil_format_date(day->date, date);
	snprintf(topic, sizeof(topic), "care/day/%s/%s", date, halfday_word(half));
	put(r, topic, wire_day_encode(&message, &ctx), false, 1, true);
	free(rows);
}

static void put_days(struct register_program *r, bool all)
{
	struct day *today = school_today(r);
	if (!today)
		return;
	for (int h = 0; h < 2; h++) {
		if (all || today->changed[h])
			put_day(r, today, h ? HALFDAY_PM : HALFDAY_AM);
		today->changed[h] = false;
	}
}

/*
 * A register that was off at midnight left them; it may not read care/day, but it may empty it. Only days that it
 * has marks of: others it can't have published.
 */
static void empty_past_days(struct register_program *r)
{
	for (int back = 1; r->store && back <= REGISTER_DAYS_EMPTIED; back++) {
		struct civil_date day = civil_date_add(r->state.today, -back);
		if (!school_has_marks(r, civil_day_number(day)))
			continue;
		for (int h = 0; h < 2; h++) {
			char topic[64];
			char date[CIVIL_DATE_TEXT];
			civil_format_date(day, date);
			snprintf(topic, sizeof(topic), "care/day/%s/%s", date, h ? "pm" : "am");
			publish_empty(r, topic);
		}
	}
}

/* ---- public numbers ---- */

static void put_counts(struct register_program *r, const struct register_store_counts *counts)
{
	struct wire_context ctx = publish_context(r);
	struct wire_counts message = { .date = civil_date_of_day(counts->day),
		.half = counts->half,
		.at_ms = counts->at_ms,
		.n_groups = counts->n_groups,
		.groups = counts->groups,
		.withheld = counts->withheld };
	char topic[64];
	char date[CIVIL_DATE_TEXT];
	snprintf(message.school, sizeof(message.school), "%s", r->config.school_id);
	civil_format_date(message.date, date);
	snprintf(topic, sizeof(topic), "public/counts/%s/%s", date, halfday_word(counts->half));
	put(r, topic, wire_counts_encode(&message, &ctx), false, 1, true);
}

static struct counts_group *groups_alloc(void)
{
	return calloc(WIRE_DAY_CLASSES_MAX + 1, sizeof(struct counts_group));
}

/* @fresh, @told: room for groups. Return: whether something was told. */
static bool tell_counts(struct register_program *r, const struct day *day, enum halfday half,
	struct counts_group *fresh, struct counts_group *told_groups)
{
	struct register_store_counts told = { .groups = told_groups };
	struct counts_result result;
	int32_t number = civil_day_number(day->date);
	int found = register_store_counts(r->store, number, half, &told, WIRE_DAY_CLASSES_MAX + 1);
	if (found < 0 || figures_counts(day, half, fresh, &result))
		return false; /* asked again with the next change, or day */
	/* For the first time only while it is today: of another day the roster may be another. */
	bool first = !found && civil_date_compare(day->date, r->state.today) == 0;
	if (!first && !(found && figures_may_follow(&told, fresh, &result)))
		return false;
	if (school_begin(r))
		return false;
	struct register_store_counts now = { .day = number,
		.half = half,
		.at_ms = r->now.wall_ms,
		.withheld = result.withheld,
		.n_groups = result.n_groups,
		.groups = fresh };
	r->err = register_store_counts_put(r->store, &now);
	put_counts(r, &now);
	return true;
}

static bool counts_wait(const struct register_program *r, const struct day *day, int h)
{
	int64_t end_ms = day_ends(day, h ? HALFDAY_PM : HALFDAY_AM);
	return !day->counts_changed[h] || end_ms < 0 || r->now.wall_ms < end_ms ||
	       civil_day_number(r->state.today) - civil_day_number(day->date) >
		       REGISTER_COUNTS_DAYS;
}

/* Once a half day is over; why not before, says register/figures.h. */
static void tell_all_counts(struct register_program *r)
{
	struct counts_group *fresh = NULL;
	struct counts_group *told = NULL;
	for (size_t i = 0; i < REGISTER_DAYS_KEPT && !r->err; i++) {
		struct day *day = r->days[i].day;
		for (int h = 0; day && h < 2 && !r->err; h++) {
			if (counts_wait(r, day, h))
				continue;
			if (!fresh)
				fresh = groups_alloc();
			if (!told)
				told = groups_alloc();
			if (!fresh || !told)
				break;
			day->counts_changed[h] = false;
			if (tell_counts(r, day, h ? HALFDAY_PM : HALFDAY_AM, fresh, told))
				r->counts_due_us = r->now.mono_us + REGISTER_COUNTS_EVERY_US;
		}
	}
	free(fresh);
	free(told);
}

/* A broker that lost its store, or was away for days, gets the last ones again. */
static void put_told_counts(struct register_program *r)
{
	struct counts_group *groups = r->store ? groups_alloc() : NULL;
	int32_t today = civil_day_number(r->state.today);
	for (int32_t day = today - REGISTER_COUNTS_DAYS; groups && day <= today; day++)
		for (int h = 0; h < 2; h++) {
			struct register_store_counts told = { .groups = groups };
			if (register_store_counts(r->store, day, h ? HALFDAY_PM : HALFDAY_AM, &told,
				    WIRE_DAY_CLASSES_MAX + 1) > 0)
				put_counts(r, &told);
		}
	free(groups);
}

/* ---- gates/data ---- */

static enum wire_names names_of(enum config_names names)
{
	switch (names) {
	case CONFIG_NAMES_NONE:
		return WIRE_NAMES_NONE;
	case CONFIG_NAMES_FIRST:
		return WIRE_NAMES_FIRST;
	case CONFIG_NAMES_FULL:
		return WIRE_NAMES_FULL;
	}
	return WIRE_NAMES_NONE;
}

static void put_data(struct register_program *r)
{
	if (r->data)
		put(r, "gates/data", strdup(r->data), false, 1, true);
}

/* Gates know weeks alone: they get the one that begins today, with its changed days in place. Made anew
 * at each change of date, so a gate that stays offline is right for six days more. */
static char *encode_data(const struct register_program *r, const struct wire_context *ctx)
{
	struct roster week = *r->roster;
	size_t max = week.n_rows + 20 * week.n_changed; /* 14 rows a class that leaves "*" */
	if (max > ROSTER_ROWS_MAX)
		max = ROSTER_ROWS_MAX;
	struct timetable_row *rows = calloc(max + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	week.n_rows = roster_rows_from(r->roster, r->state.today, rows, max);
	week.rows = rows;
	char *text = wire_gates_data_encode(
		&week, names_of(r->config.register_gate_names), r->state.today, ctx);
	free(rows);
	return text;
}

static bool a_gate_has_data(const struct register_program *r)
{
	for (size_t g = 0; g < r->n_gates_known; g++)
		if (r->state.gates[g].seen && r->state.gates[g].last.data_generation > 0)
			return true;
	return false;
}

/*
 * What would be worse than what the gates have: a week of a date that isn't known to be today's, or a school without
 * pupils or cards out of a database that is new where the gates are not. Their retained states come before the
 * connection is up; a school that is new altogether waits for nothing.
 */
static const char *data_waits_for(const struct register_program *r)
{
	bool published = r->roster->generation > 0;

	/* Of this program: it follows its own. What a rescue holds back is said where it is made. */
	if (r->data || rescue_holds_data(r))
		return NULL;
	if (!r->state.clock_judges && (published || a_gate_has_data(r)))
		return "time";
	if (published || (r->roster->n_pupils > 0 && r->roster->n_cards > 0))
		return NULL;
	if (!link_up(r->link))
		return "broker";
	return a_gate_has_data(r) ? "import" : NULL;
}

/* Return: false where it waits, and is looked at again. */
static bool may_make_data(struct register_program *r)
{
	const char *what = data_waits_for(r);

	if (what && what != r->data_waits_for && link_up(r->link))
		log_info("gates_data_waits for=%s next=gates_keep_what_they_have", what);
	r->data_waits_for = link_up(r->link) ? what : NULL;
	return !what;
}

void publish_make_data(struct register_program *r)
{
	struct wire_context ctx = publish_context(r);
	int64_t generation = r->roster->generation + 1;
	if (rescue_holds_data(r)) {
		log_warn("gates_data_held reason=\"pupils or cards were lost\" next=import_anew");
		return;
	}
	/* Never back, also where the database was lost: then the seconds since 1970 are ahead of it. */
	if (r->now.wall_ms / 1000 > generation)
		generation = r->now.wall_ms / 1000;
	if (school_begin(r))
		return;
	int err = register_store_generation_put(r->store, generation);
	if (!err)
		err = figures_fill(r->store, r->roster, r->state.today);
	if (err) {
		r->err = err;
		return;
	}
	r->roster->generation = generation;
	r->roster->made_at_ms = r->now.wall_ms;
	char *text = encode_data(r, &ctx);
	if (!text || strlen(text) > WIRE_GATES_DATA_MAX) {
		log_error("gates_data_too_large bytes=%zu next=gates_keep_what_they_have",
			text ? strlen(text) : 0);
		free(text);
		return;
	}
	free(r->data);
	r->data = text;
	r->state_due_us = 0;
	log_info("gates_data generation=%lld pupils=%zu cards=%zu bytes=%zu", (long long)generation,
		r->roster->n_pupils, r->roster->n_cards, strlen(text));
}

/* ---- the state ---- */

static int64_t number(const struct register_program *r, enum register_store_number what)
{
	return r->store ? register_store_number(r->store, what) : -1;
}

static void report(const struct register_program *r, struct wire_register_state *ret_state)
{
	*ret_state = (struct wire_register_state){
		.state = WIRE_UNIT_ONLINE,
		.at_ms = r->now.wall_ms,
		.session = r->session,
		.generation = r->roster->generation,
		.pupils = (int64_t)r->roster->n_pupils,
		.open_alerts = number(r, REGISTER_STORE_OPEN_ALERTS),
		.refused_checkins = number(r, REGISTER_STORE_REFUSED),
		.store = r->store_state,
		.disk_free_mb = r->disk_free_mb,
		.uptime_s = (r->now.mono_us - r->started_us) / 1000000,
		.rehearsal = r->clock.simulated,
	};
	snprintf(ret_state->version, sizeof(ret_state->version), "%s", config_version());
}

static void put_state(struct register_program *r, enum wire_unit_state unit)
{
	struct wire_context ctx = publish_context(r);
	report(r, &r->said);
	r->said.state = unit;
	put(r, "register/state", wire_register_state_encode(&r->said, &ctx), false, 1, true);
	r->state_due_us = r->now.mono_us + REGISTER_STATE_EVERY_US;
}

void publish_renew_will(struct register_program *r)
{
	struct wire_context ctx = publish_context(r);
	struct wire_register_state will;
	uint8_t random[UUID_BYTES];
	secret_random(random, sizeof(random));
	r->session = uuid_from_random(random);
	report(r, &will);
	will.state = WIRE_UNIT_OFFLINE;
	char *text = wire_register_state_encode(&will, &ctx);
	if (!text || link_set_will(r->link, text, strlen(text)))
		log_error("will_not_set next=connect_with_the_last_one");
	free(text);
}

void publish_stopping(struct register_program *r)
{
	r->n_taken = 0; /* nothing more is taken: the pause that gates/arrival waits for */
	publish_flush(r);
	put_state(r, WIRE_UNIT_STOPPING);
	publish_keep(r);
	publish_flush(r);
}

/* ---- Home Assistant ---- */

static void put_announcements(struct register_program *r)
{
	struct announce *a = &r->announce;
	int err = announce_begin(a, &r->config);
	if (err)
		log_warn("announced_not_written file=%s next=announce_no_new_gate", a->path);
	for (size_t i = 0; !err && i < a->n; i++) {
		char topic[ANNOUNCE_TOPIC_MAX];
		bool wanted = announce_wanted(&r->config, a->gates[i]);
		announce_topic(&r->config, a->gates[i], topic);
		put_whole(r, topic, wanted ? announce_payload(&r->config, a->gates[i]) : NULL,
			!wanted, 1, true);
	}
}

/* ---- all of it ---- */

void publish_all(struct register_program *r)
{
	put_state(r, WIRE_UNIT_ONLINE);
	put_data(r);
	const struct day *today = school_today(r);
	r->all_due = !today;
	for (size_t i = 0; today && i < today->n_alerts; i++) {
		char topic[LINK_TOPIC_MAX];
		if (!alert_is_over(&today->alerts[i])) {
			put_retained_alert(
				r, &today->alerts[i], encode_alert(r, &today->alerts[i]));
			continue;
		}
		/* A broker that was restarted on an older copy can have it again. */
		snprintf(topic, sizeof(topic), "care/alert/%s", today->alerts[i].id);
		publish_empty(r, topic);
	}
	put_days(r, true);
	put_told_counts(r);
	empty_past_days(r);
	put_announcements(r);
}

void publish_due(struct register_program *r)
{
	int64_t now_us = r->now.mono_us;
	if (r->data_due_us <= now_us && r->store && !r->err) {
		bool may = may_make_data(r);
		r->data_due_us = may ? INT64_MAX : now_us + REGISTER_GATHER_US;
		if (may) {
			publish_make_data(r);
			put_data(r);
		}
	}
	if (r->all_due && link_up(r->link) && school_today(r))
		publish_all(r);
	empty_later(r);
	if (r->day_due_us <= now_us) {
		r->day_due_us = INT64_MAX;
		put_days(r, false);
	}
	if (r->counts_due_us <= now_us && r->store && !r->err && r->state.clock_judges)
		tell_all_counts(r);
	if (r->state_due_us <= now_us && link_up(r->link))
		put_state(r, WIRE_UNIT_ONLINE);
}
