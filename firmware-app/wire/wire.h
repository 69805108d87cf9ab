/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire/wire.h: the messages of the contract as structs, to and from JSON.
 *
 * The only folder with jansson. Encoders return a heap string that the caller frees with free();
 * decoders take bytes that need not end in a zero, refuse what the schema refuses (further fields are
 * ignored: the contract may add some) and say why in one line without the value of any field that could
 * identify a pupil or a card. No state; any thread may call them.
 * Source: contract, the schemas and local.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alert.h"
#include "core/checkin.h"
#include "core/civil.h"
#include "core/counts.h"
#include "core/roster.h"
#include "core/uuid.h"

#define WIRE_DATAGRAM_MAX 65536 /* bytes of one local datagram; local.md */
#define WIRE_PAYLOAD_MAX 65536 /* bytes of any MQTT payload but gates/data */
#define WIRE_GATES_DATA_MAX 8388608 /* the broker's max_packet_size; library-facts.md section 5 */
#define WIRE_REASON_MAX 160 /* bytes with the zero: why something was refused */
#define WIRE_TEXT_MAX 801 /* 200 characters of UTF-8 and the zero */
#define WIRE_VERSION_MAX 41
#define WIRE_SCHOOL_MAX 33 /* school.id with the zero */
#define WIRE_REFUSED_MAX 64 /* refused check-ins named in one confirm */
#define WIRE_DAY_CLASSES_MAX 1000
#define WIRE_CURSOR_MAX 257 /* 64 characters of UTF-8 and the zero; our own are ASCII */
#define WIRE_REPLY_CARDS_MAX 100

enum wire_err {
	WIRE_ERR_SYNTAX = -1, /* not JSON, not UTF-8, too deep or too long: drop, count, log once */
	WIRE_ERR_SCHEMA = -2, /* JSON, but not this message: the same */
	WIRE_ERR_MEMORY = -3, /* drop; what matters comes again */
};

/* The zone in which times are written; NULL writes UTC (Z as +00:00). */
struct wire_context {
	const struct civil_zone *zone;
	bool rehearsal; /* the clock is simulated; state messages and alerts say so */
};

enum wire_unit_state { WIRE_UNIT_OFFLINE, WIRE_UNIT_STOPPING, WIRE_UNIT_ONLINE };
enum wire_reader_state {
	WIRE_READER_UNSAID,
	WIRE_READER_STARTING,
	WIRE_READER_OK,
	WIRE_READER_FAULT
};
enum wire_store_state {
	WIRE_STORE_UNSAID,
	WIRE_STORE_OK,
	WIRE_STORE_FULL,
	WIRE_STORE_FAILING,
	WIRE_STORE_RECOVERED,
};

/* gate-state.json. Negative numbers, "" and all-zero identifiers: not said. */
struct wire_gate_state {
	enum wire_unit_state state;
	char gate[CHECKIN_GATE_MAX];
	int64_t at_ms;
	struct uuid session;
	char version[WIRE_VERSION_MAX];
	struct uuid log;
	int64_t last_seq, confirmed_seq;
	int64_t complete_until_ms; /* every tap up to here is in the log */
	int clock; /* enum checkin_clock, or -1 */
	int64_t clock_error_ms;
	enum wire_reader_state reader;
	char reader_fault[WIRE_TEXT_MAX];
	int screen_ok; /* 1 ok, 0 absent, -1 not said */
	enum wire_store_state store;
	int64_t data_generation;
	int64_t disk_free_mb;
	int64_t uptime_s;
	bool rehearsal;
	int64_t taps_today;
	double p50_ms, p95_ms, p99_ms;
};

/* register-state.json, in the same manner. */
struct wire_register_state {
	enum wire_unit_state state;
	int64_t at_ms;
	struct uuid session;
	char version[WIRE_VERSION_MAX];
	int64_t generation, pupils, open_alerts, refused_checkins;
	enum wire_store_state store;
	int64_t disk_free_mb;
	int64_t uptime_s;
	bool rehearsal;
};

struct wire_refused {
	int64_t seq;
	char reason[WIRE_TEXT_MAX];
};

/* confirm.json */
struct wire_confirm {
	struct uuid log;
	int64_t through;
	size_t n_refused;
	struct wire_refused refused[WIRE_REFUSED_MAX];
};

/* arrival.json */
struct wire_arrival {
	int64_t pupil;
	struct civil_date date;
	enum halfday half;
	int64_t at_ms;
	char gate[CHECKIN_GATE_MAX];
};

/* One class in day.json: expected = the sum of the others. */
struct wire_day_class {
	char class_name[TIMETABLE_CLASS_MAX];
	int expected, present, late, absent, unconfirmed, excused, awaited;
};

struct wire_day {
	struct civil_date date;
	enum halfday half;
	int64_t at_ms;
	size_t n_classes;
	const struct wire_day_class *classes; /* borrowed */
};

/* counts.json: what core/counts.h lets out. */
struct wire_counts {
	char school[WIRE_SCHOOL_MAX];
	struct civil_date date;
	enum halfday half;
	int64_t at_ms;
	size_t n_groups;
	const struct counts_group *groups; /* borrowed */
	int withheld; /* groups left out */
};

/* command.json. Which of the fields a command needs is the register's business. */
enum wire_command_kind {
	WIRE_COMMAND_NONE,
	WIRE_COMMAND_ACKNOWLEDGE,
	WIRE_COMMAND_RESOLVE,
	WIRE_COMMAND_REOPEN,
	WIRE_COMMAND_MARK_PRESENT,
	WIRE_COMMAND_MARK_EXCUSED,
	WIRE_COMMAND_SET_CODE,
	WIRE_COMMAND_LINK_CARD,
	WIRE_COMMAND_BLOCK_CARD,
	WIRE_COMMAND_DAY_CARD,
	WIRE_COMMAND_RELEASE,
	WIRE_COMMAND_UNLINK_CARD,
	WIRE_COMMAND_UNBLOCK_CARD,
	WIRE_COMMAND_PUPILS, /* from here on: looks, which change nothing; wire/page.h */
	WIRE_COMMAND_PUPIL,
	WIRE_COMMAND_HISTORY,
};

struct wire_command {
	struct uuid request; /* drawn by the asker; the reply and a repetition carry the same */
	enum wire_command_kind command;
	char alert[ALERT_ID_MAX]; /* "" not said */
	int64_t pupil; /* 0: not said */
	struct card_hash card; /* all zero: not said */
	struct civil_date date; /* all zero: not said */
	enum halfday half; /* HALFDAY_NONE: not said */
	enum alert_what what; /* those that a person gives, see command.json; NONE: not said */
	char code; /* a letter of RZDHPBM, 0: not said */
	char note[ALERT_NOTE_MAX];
	int if_revision; /* 1 and up; 0: whatever it is */
	int year; /* 1990 to 2200; 0: not said */
	char after[WIRE_CURSOR_MAX]; /* "" not said */
};

enum wire_reply_error {
	WIRE_REPLY_OK,
	WIRE_REPLY_NOT_FOUND,
	WIRE_REPLY_STALE, /* if_revision was not the alert's */
	WIRE_REPLY_INVALID,
	WIRE_REPLY_NOT_ALLOWED,
	WIRE_REPLY_FAILED,
};

/* How an alert stands that a command didn't fit. */
struct wire_reply_now {
	enum alert_state state; /* ALERT_STATE_NONE: not said */
	int64_t at_ms; /* since when */
	char by[ALERT_BY_MAX]; /* "" the software */
	enum alert_what what; /* ALERT_WHAT_NONE: not over */
	char note[ALERT_NOTE_MAX];
};

/* reply.json, of what was done; what was looked up is a page (wire/page.h). */
struct wire_reply {
	struct uuid request; /* of the command */
	bool ok;
	enum wire_reply_error error; /* WIRE_REPLY_OK: not said */
	char reason[WIRE_TEXT_MAX]; /* "" not said */
	char alert[ALERT_ID_MAX]; /* "" not said */
	int revision; /* 1 and up; 0: not said */
	struct wire_reply_now now;
	size_t n_cards;
	struct roster_card cards[WIRE_REPLY_CARDS_MAX]; /* as they are now */
};

/* What of a name goes into a message; register.gate_names. */
enum wire_names { WIRE_NAMES_NONE, WIRE_NAMES_FIRST, WIRE_NAMES_FULL };

/* An encoder gives NULL where memory is out, and where the struct lacks what the schema requires or
 * holds what it forbids (a caller's bug, or a damaged row): nothing false crosses the broker. Texts
 * are cut to the schema's length, and what is no UTF-8 in them becomes "?". @ctx may be NULL. */
/** wire_checkin_encode() - checkin.json. Return: a string for free(), or NULL. */
char *wire_checkin_encode(const struct checkin *c, const struct wire_context *ctx);
/** wire_checkin_decode() - Return: 0 or a wire_err with *ret_reason set (WIRE_REASON_MAX bytes). */
int wire_checkin_decode(
	const void *bytes, size_t len, struct checkin *ret_checkin, char *ret_reason);

/** wire_checkin_peek() - log and seq of a check-in that wire_checkin_decode() refused, so that it can be
 * confirmed and kept aside by name. Return: 0, or a wire_err where not even these can be read. */
int wire_checkin_peek(const void *bytes, size_t len, struct uuid *ret_log, int64_t *ret_seq);

/** wire_confirm_encode() - confirm.json. Return: a string for free(), or NULL. */
char *wire_confirm_encode(const struct wire_confirm *c);
/** wire_confirm_decode() - Return: 0 or a wire_err with *ret_reason set. */
int wire_confirm_decode(
	const void *bytes, size_t len, struct wire_confirm *ret_confirm, char *ret_reason);

/** wire_gate_state_encode() - gate-state.json. Return: a string for free(), or NULL. */
char *wire_gate_state_encode(const struct wire_gate_state *s, const struct wire_context *ctx);
/** wire_gate_state_decode() - Return: 0 or a wire_err with *ret_reason set. */
int wire_gate_state_decode(
	const void *bytes, size_t len, struct wire_gate_state *ret_state, char *ret_reason);

/** wire_register_state_encode() - register-state.json. Return: a string for free(), or NULL. */
char *wire_register_state_encode(
	const struct wire_register_state *s, const struct wire_context *ctx);
/** wire_register_state_decode() - Return: 0 or a wire_err with *ret_reason set. */
int wire_register_state_decode(
	const void *bytes, size_t len, struct wire_register_state *ret_state, char *ret_reason);

/** wire_arrival_encode() - arrival.json. Return: a string for free(), or NULL. */
char *wire_arrival_encode(const struct wire_arrival *a, const struct wire_context *ctx);
/** wire_arrival_decode() - Return: 0 or a wire_err with *ret_reason set. */
int wire_arrival_decode(
	const void *bytes, size_t len, struct wire_arrival *ret_arrival, char *ret_reason);

/** wire_alert_encode() - alert.json.
 * @pupil: for name and class, or NULL for the id alone (register.care_names off, or a pupil who left).
 * Return: a string for free(), or NULL. */
char *wire_alert_encode(
	const struct alert *a, const struct roster_pupil *pupil, const struct wire_context *ctx);
/** wire_alert_decode() - names are dropped. Return: 0 or a wire_err with *ret_reason set. */
int wire_alert_decode(const void *bytes, size_t len, struct alert *ret_alert, char *ret_reason);

/** wire_command_encode() - command.json, as a client of the care team writes it. Return: a string for
 * free(), or NULL. */
char *wire_command_encode(const struct wire_command *c);
/** wire_command_decode() - Return: 0 or a wire_err with *ret_reason set. Who asked is said by the topic. */
int wire_command_decode(
	const void *bytes, size_t len, struct wire_command *ret_command, char *ret_reason);

/** wire_reply_encode() - reply.json. Return: a string for free(), or NULL. */
char *wire_reply_encode(const struct wire_reply *r, const struct wire_context *ctx);
/** wire_reply_decode() - pages are not read. Return: 0 or a wire_err with *ret_reason set. */
int wire_reply_decode(
	const void *bytes, size_t len, struct wire_reply *ret_reply, char *ret_reason);

/** wire_day_encode() - day.json. Return: a string for free(), or NULL. */
char *wire_day_encode(const struct wire_day *d, const struct wire_context *ctx);

/** wire_counts_encode() - counts.json. A group under COUNTS_GROUP_MIN pupils is refused. Return: a string for
 * free(), or NULL. */
char *wire_counts_encode(const struct wire_counts *c, const struct wire_context *ctx);

/**
 * wire_gates_data_encode() - gates-data.json of a roster.
 * @names: what of a name the gates get
 * @today: excuses of this day and the 13 after it are told, one row a half day, at most 40 a pupil
 * @roster: indexed. Return: a string for free(), or NULL.
 */
char *wire_gates_data_encode(const struct roster *roster, enum wire_names names,
	struct civil_date today, const struct wire_context *ctx);

/**
 * wire_gates_data_decode() - a new, indexed roster.
 * @len: at most WIRE_GATES_DATA_MAX
 * Return: 0, and *ret_roster is the caller's, for roster_destroy(); or a wire_err with *ret_reason set.
 */
int wire_gates_data_decode(
	const void *bytes, size_t len, struct roster **ret_roster, char *ret_reason);
