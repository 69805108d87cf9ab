/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire/local.h: the datagrams of the local socket as structs, to and from JSON.
 *
 * Source: contract, local.md. Encoders and decoders as in wire/wire.h. The `request` and `response` of the
 * command line stay generic (wire/request.h): each command has fields of its own.
 */
#pragma once

#include "wire/wire.h"

#define WIRE_CLOCK_TEXT 6 /* "08:10" and its zero */
#define WIRE_VIEW_NAME_MAX 805 /* first and last name of 100 characters each, a space, the zero */

enum wire_role {
	WIRE_ROLE_NONE,
	WIRE_ROLE_READER,
	WIRE_ROLE_SCREEN,
	WIRE_ROLE_SIGNAL,
	WIRE_ROLE_CONTROL
};

enum wire_local_type {
	WIRE_LOCAL_NONE,
	WIRE_LOCAL_HELLO,
	WIRE_LOCAL_WELCOME,
	WIRE_LOCAL_CARD,
	WIRE_LOCAL_GONE,
	WIRE_LOCAL_TWO_CARDS,
	WIRE_LOCAL_STATUS,
	WIRE_LOCAL_VIEW,
	WIRE_LOCAL_PRESENTED,
	WIRE_LOCAL_TOUCH,
	WIRE_LOCAL_REQUEST, /* decoded no further here */
	WIRE_LOCAL_RESPONSE, /* likewise */
	WIRE_LOCAL_ERROR,
};

enum wire_touch { WIRE_TOUCH_NONE, WIRE_TOUCH_OVERVIEW, WIRE_TOUCH_TALK, WIRE_TOUCH_CLOSE };

enum wire_view_state {
	WIRE_VIEW_IDLE,
	WIRE_VIEW_READING,
	WIRE_VIEW_RESULT,
	WIRE_VIEW_OVERVIEW,
	WIRE_VIEW_FAULT
};

enum wire_view_result {
	WIRE_RESULT_NONE,
	WIRE_RESULT_PRESENT,
	WIRE_RESULT_LATE,
	WIRE_RESULT_ALREADY,
	WIRE_RESULT_NOT_EXPECTED,
	WIRE_RESULT_UNJUDGED,
	WIRE_RESULT_UNKNOWN_CARD,
	WIRE_RESULT_BLOCKED_CARD,
	WIRE_RESULT_REFUSED_CARD,
	WIRE_RESULT_TWO_CARDS,
	WIRE_RESULT_NOT_STORED,
};

enum wire_view_fault { WIRE_FAULT_NONE, WIRE_FAULT_READER, WIRE_FAULT_STORE };

struct wire_card {
	uint8_t uid[CARD_UID_MAX];
	size_t uid_len; /* 4, 7 or 10 */
	int sak; /* 0..255, -1 not said */
	char atqa[5]; /* four hex digits, "" not said */
	int64_t seen_us; /* CLOCK_MONOTONIC; negative: not said */
};

/* The whole picture each time. Fields beyond local.md are additions of the project's own copy. */
struct wire_view {
	int64_t number; /* 1 and up, one more each time */
	enum wire_view_state state;
	int64_t seen_us; /* of the card that led to it; negative: none */
	char at[WIRE_CLOCK_TEXT]; /* HH:MM of the tap in a result, of now otherwise; "" clock unknown */
	bool offline; /* the broker can't be reached */
	enum checkin_clock clock;
	enum wire_view_result result; /* state result, and overview */
	struct uuid checkin; /* all zero: null; in the database by then */
	char name[WIRE_VIEW_NAME_MAX]; /* as screen.show_name allows, "" none */
	enum roster_language language; /* NONE: the screen's own */
	int minutes_late; /* result late; else -1 */
	enum wire_view_fault fault;
	bool taps_count; /* state fault: whether a tap is still stored */
	bool has_record; /* state overview: the pupil's own figures follow */
	int late_30_days;
	int n_recent;
	struct roster_recent recent[ROSTER_RECENT_MAX];
	bool talk; /* state overview: the button by which a pupil asks for a talk may be shown */
	bool talk_asked; /* state overview: it was touched, and is in the database: say thanks */
};

/* One datagram, decoded; which members hold is said by type. */
struct wire_local {
	enum wire_local_type type;
	enum wire_role role; /* hello */
	char name[WIRE_TEXT_MAX]; /* hello: who, for the log */
	char gate[CHECKIN_GATE_MAX]; /* welcome; the register's welcome says "register" */
	char version[WIRE_VERSION_MAX]; /* welcome */
	struct wire_card card;
	enum wire_reader_state reader; /* status */
	char reason[WIRE_TEXT_MAX]; /* status, error */
	struct wire_view view;
	int64_t number, at_us; /* presented */
	enum wire_touch touch;
	struct uuid checkin; /* touch: of the view that was touched; none: not said */
};

/** wire_local_encode() - any message but request and response. Return: a string for free(), or NULL. */
char *wire_local_encode(const struct wire_local *m);

/** wire_local_decode() - Return: 0 or a wire_err with *ret_reason set (WIRE_REASON_MAX bytes). */
int wire_local_decode(
	const void *bytes, size_t len, struct wire_local *ret_local, char *ret_reason);

/** wire_view_result_word() - the contract's word, "" for none. */
const char *wire_view_result_word(enum wire_view_result result);
/** wire_view_state_word() - the contract's word. */
const char *wire_view_state_word(enum wire_view_state state);
