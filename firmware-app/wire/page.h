/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire/page.h: what a member of the care team looks up, as pages of reply.json.
 *
 * DESIGN. A page has a size that it aims at, so that no answer keeps broker and browser busy. Of a pupil's year it holds
 * whole days, whatever belongs to them: its cursor is a date, which stays true while other days are written to. Of the list
 * of pupils it holds rows by id, and its cursor is an id. A page remembers its first failure; not thread safe.
 * Source: contract, commands.md, reply.json.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/mark.h"
#include "wire/wire.h"

#define WIRE_PAGE_BYTES                                                                            \
	(56 * 1024) /* aimed at; with what stands around the rows under WIRE_PAYLOAD_MAX */
#define WIRE_PAGE_PUPILS 500
/*
 * Mosquitto's WebSocket listener sends 4 KB each 100 ms of a message that is longer: 2,000 pupils in pages of 56 KB took a
 * browser 3.9 s, in which every alert waited behind them; in pages of this size 0.3 s (2026-11-22, 2.0.11, debug build).
 */
#define WIRE_PAGE_PUPIL_BYTES 3500
#define WIRE_PAGE_LINES 1000 /* of the journal, of one day */

struct wire_page; /* opaque */

struct wire_half_day {
	struct civil_date date;
	enum halfday half;
	enum mark_value mark; /* as the register keeps it: not NONE, not AWAITED */
	int minutes_late; /* of LATE */
	int64_t arrived_at_ms; /* negative: no tap */
	char gate[CHECKIN_GATE_MAX]; /* "" none */
	char by[ALERT_BY_MAX]; /* whose word stands on it; "" nobody's */
	int64_t said_at_ms;
};

/* What a person did. Each but the first three: not said where it is none. */
struct wire_line {
	int64_t at_ms;
	const char *by; /* borrowed, as all texts here */
	const char *did;
	char alert[ALERT_ID_MAX];
	struct civil_date date;
	enum halfday half;
	struct card_hash card;
	enum alert_what what;
	const char *note; /* "" none */
};

/** wire_page_create() - an empty page, for wire_page_close() or _destroy(). NULL: memory is out. */
struct wire_page *wire_page_create(struct uuid request, const struct wire_context *ctx);

/** wire_page_destroy() - accepts NULL. */
void wire_page_destroy(struct wire_page *page);

/** wire_page_set_days() - the rows to come are of these days (day numbers), at most two years; the page ends where it is
 * full. Without it, it doesn't. */
void wire_page_set_days(struct wire_page *page, int32_t from, int32_t to);

/** wire_page_set_pupil() - of whom it is. @names: first and last name too */
void wire_page_set_pupil(
	struct wire_page *page, const struct roster_pupil *pupil, bool left, bool names);

/** wire_page_set_total() - how many rows all pages have. */
void wire_page_set_total(struct wire_page *page, int64_t total);

/** wire_page_set_alert() - which alert was asked of, and its revision. */
void wire_page_set_alert(struct wire_page *page, const struct alert *alert);

/** wire_page_add_card() */
void wire_page_add_card(struct wire_page *page, const struct roster_card *card);

/** wire_page_add_pupil() - a row of the list. Return: false: there is no room for it. */
bool wire_page_add_pupil(
	struct wire_page *page, const struct roster_pupil *pupil, bool left, bool names);

/* Rows of days, of each kind oldest first. Return: false: neither this one nor a later one of its kind has room. */
/** wire_page_add_half_day() */
bool wire_page_add_half_day(struct wire_page *page, const struct wire_half_day *row);
/** wire_page_add_alert() - on the day of its date, without its pupil. */
bool wire_page_add_alert(struct wire_page *page, const struct alert *alert);
/** wire_page_add_line() - @day: on which day it belongs */
bool wire_page_add_line(struct wire_page *page, int32_t day, const struct wire_line *line);

/** wire_page_close() - the page ends. Return: a string for free(), or NULL where it failed. */
char *wire_page_close(struct wire_page *page);
