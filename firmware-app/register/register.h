/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/register.h: the register's program as one value, shared by the files of this folder alone.
 *
 * DESIGN. One thread owns all of it. A turn (main.c): read the clock; take a bounded batch from the
 * broker; step each event; let time pass; one COMMIT; only then hand the outbox to the link. broker.c
 * takes messages in, school.c keeps roster and days and writes what a step changed, publish.c says it
 * to the world, answer.c and import.c serve the command line. What decides is in day.c and step.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/roster.h"
#include "link/link.h"
#include "register/announce.h"
#include "register/command.h"
#include "register/day.h"
#include "register/event.h"
#include "register/import.h"
#include "register/retain.h"
#include "register/step.h"
#include "store/register_store.h"
#include "sys/clock_stamp.h"
#include "sys/config.h"
#include "sys/hub.h"
#include "sys/loop.h"
#include "sys/secret.h"
#include "wire/request.h"
#include "wire/wire.h"

#define REGISTER_EVENTS_PER_TURN 256 /* from the broker; bounds a turn to one commit of some ms */
#define REGISTER_LOOKS_PER_TURN 32 /* pages: each some ms in which no check-in is taken */
#define REGISTER_LOOKS_WAIT 1000 /* messages that wait for a slow broker: no more pages then */
#define REGISTER_DAYS_KEPT 4 /* today, and days of which check-ins come late */
#define REGISTER_REVISED_MAX REGISTER_EVENTS_PER_TURN
#define REGISTER_ENROLS_MAX 8 /* cards that are waited for at once; one a gate */
#define REGISTER_CONFIRMS_MAX DAY_GATES_MAX
#define REGISTER_CROWD 16 /* messages taken in a turn: more, and gates/arrival waits */
#define REGISTER_PATIENT_US                                                                        \
	INT64_C(1000000) /* and so long at most: who comes to a second gate takes longer */
#define REGISTER_STATE_EVERY_US INT64_C(20000000) /* register/state; topics.md */
#define REGISTER_GATHER_US INT64_C(500000) /* day and gates/data: changes of this long go as one */
#define REGISTER_STORE_AGAIN_US INT64_C(2000000) /* a store that failed is opened anew after this */
#define REGISTER_IDLE_US INT64_C(5000000) /* no write for so long: time for a checkpoint */
#define REGISTER_SLOW_US                                                                           \
	INT64_C(1000000) /* a turn that took so long by then leaves housekeeping to the next */
#define REGISTER_COMPLAIN_US                                                                       \
	INT64_C(60000000) /* a stranger who connects anew each time must not fill the journal */
#define REGISTER_WAL_MAX (4 * 1024 * 1024) /* bytes that are moved over even without a pause */
#define REGISTER_COUNTS_EVERY_US INT64_C(60000000) /* corrections of public numbers go together */
#define REGISTER_COUNTS_DAYS 7 /* so long numbers are corrected, and told anew at each UP */
#define REGISTER_DAYS_EMPTIED 7 /* care/day of so many days before today is emptied at each UP */

#define REGISTER_TOPICS 10 /* kinds of topics that it writes; publish.c */
#define REGISTER_REASON_FAILED 128 /* MQTT 5: from here on a reason code is a refusal */
#define REGISTER_STRANGERS_MAX 8 /* gates that are shown without being in register.gates */
#define REGISTER_RETIRED_MS                                                                        \
	(INT64_C(24) * 3600 * 1000) /* silent for so long, such a gate is gone */
#define REGISTER_LATER_MAX 20000 /* retained alerts of a broker's older copy */

struct outbox_message; /* publish.c */

/* A retained topic that a connection found at the broker, to be emptied unless it is open here. It comes before
 * LINK_EVENT_UP, when nothing can be published yet. */
struct register_later {
	struct register_later *next;
	char topic[LINK_TOPIC_MAX]; /* below the root */
};

struct register_day_slot {
	struct day *day; /* NULL: free */
	uint64_t used; /* turn in which it was last needed */
};

/* A check-in that was replaced by its higher revision: both its days are judged again. */
struct register_revised {
	struct checkin checkin;
	int64_t received_ms;
	int32_t old_day, new_day;
};

/* Somebody at the desk waits for a pupil's card to be held to a gate. */
struct register_enrol {
	struct wire_node *request; /* owned; NULL: free */
	struct hub_client *client; /* borrowed until it is gone */
	int64_t pupil;
	char gate[CHECKIN_GATE_MAX]; /* "" any that is expected */
	int64_t from_ms, due_us;
	int wait_s;
	bool taken; /* by this turn's transaction */
	struct card_hash card;
	char at_gate[CHECKIN_GATE_MAX];
};

/* A card that became a pupil's this turn: its taps of past days are looked at again. */
struct register_linked {
	struct card_hash card;
	int64_t pupil;
};

/* Who asked something this turn: told "failed" where its COMMIT fails. */
struct register_asked {
	char user[ALERT_BY_MAX];
	struct uuid request;
};

/* Tonight's work. */
struct register_night {
	struct db_backup *copy; /* being made; NULL: none */
	bool copied; /* or tried */
	int tries; /* of the check */
	struct civil_date done; /* the last date of which all was done */
};

struct register_program {
	struct config config;
	struct config_options options;
	struct clock clock;
	struct civil_zone zone;
	struct secret_key key;
	struct loop *loop;
	struct loop_source *timer;
	struct hub *hub;
	struct link *link;
	struct register_store *store; /* NULL while it can't be opened */
	char db_path[CONFIG_PATH_MAX + sizeof(REGISTER_STORE_FILE) + 1];

	struct now now; /* of this turn */
	struct clock_keeper keeper;
	int clock_said; /* enum clock_state of the last turn; -1: none yet */
	int64_t doubt_until_boot_ms; /* after a jump nothing is judged up to here; 0: no doubt */
	bool jumped; /* from one trusted time to another, and the date hasn't been looked at since */
	uint64_t turn;
	int err; /* of this turn's transaction; 0: well */
	struct roster *roster; /* as the database has it; never NULL once open */
	struct register_effects *fx;
	struct register_state state;
	size_t n_gates_known; /* in state.gates: those expected, then others that were heard */
	char gate_ids[DAY_GATES_MAX][CHECKIN_GATE_MAX]; /* of those expected, for building days */
	struct register_day_slot days[REGISTER_DAYS_KEPT];
	size_t n_revised;
	struct register_revised revised[REGISTER_REVISED_MAX];
	size_t n_confirms;
	struct wire_confirm *confirms; /* REGISTER_CONFIRMS_MAX; of this turn */
	char (*confirm_gates)[CHECKIN_GATE_MAX];

	size_t n_linked;
	struct register_linked linked[REGISTER_EVENTS_PER_TURN];
	size_t n_looks; /* of this turn */
	size_t n_asked;
	struct register_asked asked[REGISTER_EVENTS_PER_TURN];
	struct register_enrol enrols[REGISTER_ENROLS_MAX];
	struct hub_client *asking; /* whose request is being answered */

	struct outbox_message *out_first, *out_last; /* of this turn, then waiting for room */
	struct outbox_message *turn_first, *turn_last; /* of this turn, until COMMIT */
	struct outbox_message *patient_first,
		*patient_last; /* gates/arrival: they go when there is time */
	int64_t patient_since_us; /* the first of them; mono_us */
	size_t n_out, n_patient; /* in all three lists; of gates/arrival */
	int n_taken; /* from the broker, this turn */
	char root[CONFIG_SLUG_MAX + 16]; /* schoolpoort/{school} */
	char topic_state[LINK_TOPIC_MAX], filter_state[LINK_TOPIC_MAX],
		filter_checkin[LINK_TOPIC_MAX], filter_alert[LINK_TOPIC_MAX],
		filter_command[LINK_TOPIC_MAX];
	struct uuid session;
	char link_reason[LINK_REASON_MAX];
	struct wire_register_state said; /* as last published */
	int64_t state_due_us, data_due_us, day_due_us; /* monotonic; INT64_MAX: not due */
	int64_t counts_due_us; /* not before this, for halves that are over and changed */
	struct event_outbox events; /* care/event */
	int refused_codes[REGISTER_TOPICS]; /* of this connection; 0: none */
	struct announce announce; /* of gates to Home Assistant */
	struct register_later *later;
	size_t n_later;
	uint64_t unknown_more; /* taps of unknown cards today that raised nothing any more */
	size_t n_strangers_told; /* gates that nobody expects, logged */
	bool events_dropped; /* logged */
	const char *data_waits_for; /* logged; NULL: nothing */
	char *data; /* the payload of gates/data as last made; NULL: none yet */
	bool all_due; /* connected while there was no day to publish: once there is */
	int32_t settle_day; /* a past day whose excuses are looked at again, going back; 0: none */
	bool past_opened; /* the clock has judged: closed_day holds */
	int32_t closed_day; /* every half day up to here has its marks, in the database too */
	bool roster_changed; /* an import was committed: load it, make gates/data */

	struct register_night night;
	struct register_store_rescue
		rescue; /* what a damaged database left to be said and held back */
	bool recovered; /* in this run: shown as the store's state */
	bool rescue_changed; /* not yet in the database */
	struct register_heard heard[REGISTER_HEARD_MAX];

	int64_t started_us, last_write_us, store_failed_us;
	enum wire_store_state store_state;
	int64_t disk_free_mb, disk_looked_us;
	int64_t damaged_due_us; /* when files set aside are looked at again */
	/* Logged once a kind and gate; the last place is for gates that nobody knows. */
	bool complained_gate[DAY_GATES_MAX + 1], complained_checkin[DAY_GATES_MAX + 1];
	bool complained_other;
	uint64_t complaints; /* payloads and datagrams that were not understood */
	int64_t complained_us; /* CLOCK_MONOTONIC of the last log line about a datagram */
	int checkpoint_day; /* day number of the last nightly one */
	struct retain retain; /* what is too old goes, daily */
};

/* school.c */
/** school_open() - the database, the roster, today. Return: 0 or a store_err. */
int school_open(struct register_program *r);
/** school_close() - accepts a program that never opened. */
void school_close(struct register_program *r);
/** school_day() - a date in memory, built where it isn't; today's is settled as it is built.
 * Return: NULL where the store fails (r->err is set). */
struct day *school_day(struct register_program *r, struct civil_date date);
/** school_today() - today's, NULL where it isn't in memory; builds nothing. */
struct day *school_today(struct register_program *r);
/** school_forget_days() - all are built anew from the database. */
void school_forget_days(struct register_program *r);
/** school_begin() - before the turn's first write. Return: 0, or r->err. */
int school_begin(struct register_program *r);
/** school_take_checkin() - one message's check-in, through store and step. @received_ms: now */
void school_take_checkin(struct register_program *r, const struct checkin *c);
/** school_confirm_again() - tell a gate how far its log is stored, without a check-in of it. */
void school_confirm_again(
	struct register_program *r, const char *gate, struct uuid log, int64_t through);
/** school_refuse() - keep a message aside, confirm it by name. */
void school_refuse(struct register_program *r, const char *gate, struct uuid log, int64_t seq,
	const char *reason, const void *payload, size_t len);
/** school_write() - r->fx of a day: into the database, and out after COMMIT. */
void school_write(struct register_program *r, const struct day *day);
/** school_hear_talk() - a retained alert of a talk: raised again where the database has lost it.
 * Return: false where that can't be said now; then the message must stay. */
bool school_hear_talk(struct register_program *r, const struct alert *heard);

/** school_has_marks() - whether a day is one that the register kept. @day: day number */
bool school_has_marks(struct register_program *r, int32_t day);
/** school_turn() - what is left of a turn: revised days, the date, a changed roster, time. */
void school_turn(struct register_program *r);
/** school_end() - COMMIT, or forget everything that rested on it. */
void school_end(struct register_program *r);
/** school_care() - housekeeping: open again after a failure, checkpoint, free space. */
void school_care(struct register_program *r);

/* desk.c */
/** desk_take_command() - a message of the care team. @user: of its topic, who asks */
void desk_take_command(
	struct register_program *r, const char *user, const struct link_event *event);
/** desk_settle() - once the turn's roster is there: past days on which a linked card was tapped. */
void desk_settle(struct register_program *r);
/** desk_end() - the turn is over: answer who waited. @err: of its COMMIT */
void desk_end(struct register_program *r, int err);
/** desk_enrol() - begin to wait for a pupil's card. Return: NULL: the answer comes later, or a refusal. */
struct wire_node *desk_enrol(struct register_program *r, const struct wire_node *request);
/** desk_enrol_takes() - a new check-in of a card that nobody has. Return: true where it was waited for, and
 * is a pupil's now. */
bool desk_enrol_takes(struct register_program *r, const struct checkin *c);
/** desk_gone() - a client of the command line went. */
void desk_gone(struct register_program *r, const struct hub_client *client);
/** desk_close() - forget who waits. */
void desk_close(struct register_program *r);

/* night.c */
/** night_care() - a step of tonight's work, or a slice of its copy; where the database is open. Return: whether there
 * was anything to do. */
bool night_care(struct register_program *r);
/** night_drop_damaged() - the oldest register.db.damaged-*, once it is old: what can be read of it is in the database. */
void night_drop_damaged(struct register_program *r);
/** night_close() - before the database is closed: drop a copy that isn't whole. */
void night_close(struct register_program *r);

/* rescue.c */
/** rescue_open() - after the database was opened: say and follow what a damaged one left. Return: 0 or a store_err. */
int rescue_open(struct register_program *r);
/** rescue_turn() - have the gates delivered again? Before the turn's steps. */
void rescue_turn(struct register_program *r);
/** rescue_older() - a gate was told that more of its log is stored than is: the database is an older copy, and what was said
 * since is gone from it. Source: faults.md S10. */
void rescue_older(struct register_program *r, const char *gate, int64_t confirmed, int64_t through);
/** rescue_imported() - a list is whole again. */
void rescue_imported(struct register_program *r, enum import_what what);
/** rescue_holds_data() - whether gates/data would take pupils or cards from the gates that only this database lost. */
bool rescue_holds_data(const struct register_program *r);
/** rescue_show() - for `status`. @store: gets "refilling" and "lost" */
void rescue_show(const struct register_program *r, struct wire_node *store);
/** rescue_hears() - a retained alert that isn't here: raised again, it goes on above this revision. Of any date: without
 * the time, who hears it can't say which one is today. */
void rescue_hears(struct register_program *r, const char *id, int revision);
/** rescue_new_date() - forget what was heard of another. */
void rescue_new_date(struct register_program *r);

/* past.c */
/** past_open() - once the clock judges; not within a turn's transaction. Return: 0 or a store_err. */
int past_open(struct register_program *r);
/** past_jumped() - the date has changed by a jump of the clock. What lies ahead was not closed; and with @skip the
 * days in between never were, so nobody missed them. */
void past_jumped(struct register_program *r, bool skip);
/** past_settle() - look at past excuses again, a day a turn: some were imported. */
void past_settle(struct register_program *r);
/** past_turn() - what is left of days that are over: at most one of each kind. */
void past_turn(struct register_program *r);

/* time.c */
/** time_open() - what an earlier start knew of the clock; before the first reading. */
void time_open(struct register_program *r);
/** time_turn() - after the turn's reading: jumps and changes of trust, each logged once; whether this turn may judge. */
void time_turn(struct register_program *r);
/** time_new_date() - the date changes, by midnight or otherwise. */
void time_new_date(struct register_program *r, struct civil_date date);

/* broker.c */
/** broker_open() - start the link. Return: 0 or a link_err. */
int broker_open(struct register_program *r);
/** broker_take() - what came, a bounded batch. */
void broker_take(struct register_program *r);
/** broker_close() - say "stopping", flush, disconnect; accepts a program without a link. */
void broker_close(struct register_program *r);

/* publish.c */
/** publish_alert() - an alert as it stands, within the transaction that changed it: event and retained topic,
 * emptied at once when over. */
void publish_alert(struct register_program *r, const struct alert *alert);
/** publish_events() - after COMMIT: what care/event was not yet told. */
void publish_events(struct register_program *r);
/** publish_events_done() - before COMMIT: what it was told leaves the database. */
void publish_events_done(struct register_program *r);
/** publish_arrival() - this pupil is in. */
void publish_arrival(
	struct register_program *r, const struct day *day, size_t pupil, enum halfday half);
/** publish_reply() - to a member of the care team. @payload: taken over, NULL where memory was out */
void publish_reply(struct register_program *r, const char *user, char *payload);
/** publish_acked() - the broker's answer to a message. @tag: as the link gave it back; @code: MQTT 5 reason */
void publish_acked(struct register_program *r, uint64_t tag, int code);
/** publish_topic() - what a place of r->refused_codes is about: a topic below the root, or its beginning; homeassistant/ stands beside the root. */
const char *publish_topic(size_t index);
/** publish_confirms() - this turn's, one a log. */
void publish_confirms(struct register_program *r);
/** publish_empty() - empty a retained topic below the root. */
void publish_empty(struct register_program *r, const char *topic);
/** publish_empty_later() - the same once there is a connection; an alert only if it isn't open then.
 * Return: false where memory is out. */
bool publish_empty_later(struct register_program *r, const char *topic);
/** publish_later_forget() - the connection that found them is gone. */
void publish_later_forget(struct register_program *r);
/** publish_all() - every retained topic anew, after LINK_EVENT_UP; the birth first. */
void publish_all(struct register_program *r);
/** publish_due() - the state, gates/data and the half days, where changed or due. */
void publish_due(struct register_program *r);
/** publish_keep() - the turn was committed: its messages may go. */
void publish_keep(struct register_program *r);
/** publish_forget() - it was not: drop them. */
void publish_forget(struct register_program *r);
/** publish_flush() - hand the link what it has room for; while down nothing is kept. */
void publish_flush(struct register_program *r);
/** publish_stopping() - the last word before the link is closed. */
void publish_stopping(struct register_program *r);
/** publish_renew_will() - a fresh session, and the will that goes with it. */
void publish_renew_will(struct register_program *r);
/** publish_make_data() - the next generation of gates/data out of the roster, stored. */
void publish_make_data(struct register_program *r);
/** publish_context() - how messages are written. */
struct wire_context publish_context(const struct register_program *r);
/** publish_finish() - free what waits. */
void publish_finish(struct register_program *r);

/* answer.c */
/** answer_open() - listen on register.sock. Return: 0 or negative errno. */
int answer_open(struct register_program *r);
/** answer_send() - a response of now or later. @answer: taken over; NULL: none */
void answer_send(struct hub_client *to, const struct wire_node *request, struct wire_node *answer);
/** answer_refuse() - a response that says no. @error: a word of commands.md */
struct wire_node *answer_refuse(
	const struct wire_node *request, const char *error, const char *reason);
/** answer_close() - drop everybody; accepts a program that never listened. */
void answer_close(struct register_program *r);
