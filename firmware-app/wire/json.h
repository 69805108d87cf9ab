/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire/json.h: how every message of this folder is read and written; for this folder alone.
 *
 * Reading: a `struct wire_in` keeps the first thing that was wrong, so a decoder asks for field after
 * field and looks once at the end. Writing: a `struct wire_out` remembers a failure likewise.
 * No state beyond those structs; any thread may use its own.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/card.h"
#include "core/civil.h"
#include "core/timetable.h"
#include "core/uuid.h"
#include "wire/wire.h"

#define WIRE_DEPTH_MAX 3 /* lists within lists that a reason can name */
#define WIRE_INT_MAX (INT64_C(1) << 53) /* exact in every JSON reader, JavaScript's too */

#define WIRE_MINUTES_MAX 1440 /* minutes_late of every schema: a whole day */

enum wire_need { WIRE_OPTIONAL, WIRE_REQUIRED, WIRE_NULLABLE };

/* A message being read. Fields of `level` say where in it the reader stands, for the reason. */
struct wire_in {
	json_t *root; /* owned; NULL where it is no message */
	int err; /* 0, or the first wire_err */
	bool large; /* opened by wire_in_open_large() */
	char *reason; /* WIRE_REASON_MAX bytes, the caller's */
	size_t n_levels;
	struct {
		const char *name;
		size_t index; /* SIZE_MAX: an object, not an element of a list */
	} level[WIRE_DEPTH_MAX];
};

/**
 * wire_in_parse() - read an object of at most @max bytes; nothing of its fields is looked at.
 * @ret_reason: WIRE_REASON_MAX bytes; "" at first
 *
 * Refused as syntax: zero bytes, bytes that are no UTF-8, a field twice, more than one value.
 * End it by wire_in_close(), also where it failed. Return: 0 or a wire_err.
 */
int wire_in_parse(struct wire_in *in, const void *bytes, size_t len, size_t max, char *ret_reason);
/** wire_in_open() - wire_in_parse(), then "v" must be 1. */
int wire_in_open(struct wire_in *in, const void *bytes, size_t len, size_t max, char *ret_reason);
/** wire_in_open_large() - the same for a message of very many parts, which then live in blocks of their own. Until
 * wire_in_close() this thread reads and writes no other message. */
int wire_in_open_large(
	struct wire_in *in, const void *bytes, size_t len, size_t max, char *ret_reason);
/** wire_in_close() - Return: 0, or the first error met. */
int wire_in_close(struct wire_in *in);
/** wire_in_refuse() - as schema error, in the words "place.key: what"; a later one is dropped. */
void wire_in_refuse(struct wire_in *in, const char *key, const char *what);
/** wire_in_enter() - what follows is read in element @index of @name (SIZE_MAX: in object @name). */
void wire_in_enter(struct wire_in *in, const char *name, size_t index);
/** wire_in_leave() - back to where wire_in_enter() was called. */
void wire_in_leave(struct wire_in *in);

/*
 * Each of these looks for @key in @at and gives false where the field isn't there (or null, with
 * WIRE_NULLABLE) and where it is refused; *ret is then untouched. @at may be NULL: nothing happens.
 */
/** wire_in_object() - NULL where there is none; borrowed. */
json_t *wire_in_object(struct wire_in *in, json_t *at, const char *key, enum wire_need need);
/** wire_in_array() - NULL where there is none; borrowed. At most @max elements. */
json_t *wire_in_array(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, size_t max);
/** wire_in_element() - element of an array that must be an object; borrowed. */
json_t *wire_in_element(struct wire_in *in, json_t *array, size_t index);
/** wire_in_word() - a string as it stands, NULL where there is none; borrowed. */
const char *wire_in_word(struct wire_in *in, json_t *at, const char *key, enum wire_need need);
/** wire_in_text() - a string of at most @max_chars characters, into @size bytes. */
bool wire_in_text(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	size_t max_chars, char *ret_text, size_t size);
/** wire_in_choice() - which of @words (index 0 and NULL: no word) a string is; 0 where it is none. */
int wire_in_choice(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	const char *const *words, size_t n_words);
/** wire_in_int() - an integer from @min to @max; 3.0 is one too. */
bool wire_in_int(struct wire_in *in, json_t *at, const char *key, enum wire_need need, int64_t min,
	int64_t max, int64_t *ret_value);
/** wire_in_int32() - the same, up to INT32_MAX. */
bool wire_in_int32(struct wire_in *in, json_t *at, const char *key, enum wire_need need, int min,
	int max, int *ret_value);
/** wire_in_real() - any number. */
bool wire_in_real(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, double *ret_value);
/** wire_in_bool() */
bool wire_in_bool(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, bool *ret_value);
/** wire_in_time() - an RFC 3339 time from 1970 on. */
bool wire_in_time(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, int64_t *ret_at_ms);
/** wire_in_date() */
bool wire_in_date(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	struct civil_date *ret_date);
/** wire_in_half() */
bool wire_in_half(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	enum halfday *ret_half);
/** wire_in_uuid() - all zero is refused: it stands for "none" in our structs. */
bool wire_in_uuid(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	struct uuid *ret_uuid);
/** wire_in_hash() - likewise. */
bool wire_in_hash(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	struct card_hash *ret_hash);
/** wire_in_pupil() - ten digits, not all zero. */
bool wire_in_pupil(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, int64_t *ret_pupil);
/** wire_in_slug() - a gate's id, into CHECKIN_GATE_MAX bytes. */
bool wire_in_slug(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, char *ret_slug);

/* A message being written. */
struct wire_out {
	json_t *root;
	bool failed; /* memory is out, or a value that no message may hold */
	const struct civil_zone *zone;
};

/** wire_out_open() - an object with "v": 1. @ctx: NULL: UTC */
void wire_out_open(struct wire_out *out, const struct wire_context *ctx);
/** wire_out_must() - fails the message where one of @keys (ended by NULL) was left out of @at. */
void wire_out_must(struct wire_out *out, json_t *at, const char *const *keys);
/** wire_out_close() - one line of JSON for free(), or NULL where anything failed. */
char *wire_out_close(struct wire_out *out);
/** wire_out_add() - @value becomes the message's; NULL says that memory was out. */
void wire_out_add(struct wire_out *out, json_t *at, const char *key, json_t *value);
/** wire_out_object() - a new object as field @key of @at, or as element where @key is NULL. */
json_t *wire_out_object(struct wire_out *out, json_t *at, const char *key);
/** wire_out_array() - a new array, likewise. */
json_t *wire_out_array(struct wire_out *out, json_t *at, const char *key);
/** wire_out_word() - a word of the contract; an empty one is a caller's bug and fails the message. */
void wire_out_word(struct wire_out *out, json_t *at, const char *key, const char *word);
/** wire_out_text() - cut to @max_chars characters; what is no UTF-8 becomes "?". */
void wire_out_text(
	struct wire_out *out, json_t *at, const char *key, const char *text, size_t max_chars);
/** wire_out_int() - as it stands. */
void wire_out_int(struct wire_out *out, json_t *at, const char *key, int64_t value);
/** wire_out_said() - only where it isn't negative. */
void wire_out_said(struct wire_out *out, json_t *at, const char *key, int64_t value);
/** wire_out_real_said() - only where it isn't negative; to the microsecond of a millisecond figure. */
void wire_out_real_said(struct wire_out *out, json_t *at, const char *key, double value);
/** wire_out_bool() */
void wire_out_bool(struct wire_out *out, json_t *at, const char *key, bool value);
/** wire_out_null() */
void wire_out_null(struct wire_out *out, json_t *at, const char *key);
/** wire_out_time() - negative: left out. */
void wire_out_time(struct wire_out *out, json_t *at, const char *key, int64_t at_ms);
/** wire_out_date() - all zero: left out. */
void wire_out_date(struct wire_out *out, json_t *at, const char *key, struct civil_date date);
/** wire_out_half() - HALFDAY_NONE: left out. */
void wire_out_half(struct wire_out *out, json_t *at, const char *key, enum halfday half);
/** wire_out_uuid() - all zero: left out. */
void wire_out_uuid(struct wire_out *out, json_t *at, const char *key, struct uuid uuid);
/** wire_out_hash() - all zero: left out. */
void wire_out_hash(struct wire_out *out, json_t *at, const char *key, struct card_hash hash);
/** wire_out_pupil() - 0: left out. */
void wire_out_pupil(struct wire_out *out, json_t *at, const char *key, int64_t pupil);
/** wire_out_slug() - "": left out; no slug: fails the message. */
void wire_out_slug(struct wire_out *out, json_t *at, const char *key, const char *slug);

/** wire_out_alert() - an alert's fields into @m, but for v, pupil and rehearsal. */
void wire_out_alert(struct wire_out *out, json_t *m, const struct alert *a);
/** wire_out_card() - a card of reply.json, as element of @list. */
void wire_out_card(struct wire_out *out, json_t *list, const struct roster_card *card);

/** wire_json_text() - a JSON string of valid UTF-8 out of any bytes, as wire_out_text(). NULL: memory. */
json_t *wire_json_text(const char *text, size_t max_chars);

/* Words that several messages share; index 0 has none. */
extern const char *const wire_store_words[WIRE_STORE_RECOVERED + 1];
extern const char *const wire_reader_words[WIRE_READER_FAULT + 1];
/** wire_unit_state_word() - "online", "offline", "stopping". */
const char *wire_unit_state_word(enum wire_unit_state state);
/** wire_in_unit_state() - the field "state". */
void wire_in_unit_state(struct wire_in *in, enum wire_unit_state *ret_state);
/** wire_in_clock() - the field "clock" as an enum checkin_clock. */
void wire_in_clock(struct wire_in *in, enum wire_need need, int *ret_clock);
/** wire_in_class() - the field "class": 1 to 20 characters, into TIMETABLE_CLASS_MAX bytes. */
void wire_in_class(struct wire_in *in, json_t *at, char *ret_class);
/*
 * jansson 2.14 says "invalid" of a message for whose text memory was out as it was read, and leaves bytes out of one
 * that it writes. Who believed that would refuse a good check-in for good, or send a bad one. So it is watched.
 */
/** wire_memory_watch() - before a call of jansson that allocates. */
void wire_memory_watch(void);
/** wire_memory_was_out() - whether an allocation failed since. */
bool wire_memory_was_out(void);
/** wire_memory_large() - from here on what jansson asks for on this thread comes out of blocks, and isn't given back. */
void wire_memory_large(void);
/** wire_memory_large_end() - the blocks go, with all that is in them. */
void wire_memory_large_end(void);
/** wire_memory_own() - @text of jansson as one that the caller frees by free(); NULL where an allocation failed since. */
char *wire_memory_own(char *text);
/** wire_dump() - json_dumps(), NULL also where memory was out on the way. @json: borrowed, NULL gives NULL */
char *wire_dump(const json_t *json, size_t flags);
/** wire_in_fail_memory() - memory was out while the message was turned into structs. */
void wire_in_fail_memory(struct wire_in *in);
/** wire_out_record() - a pupil's own figures as field "record"; at most ROSTER_RECENT_MAX days. */
void wire_out_record(struct wire_out *out, json_t *at, int late_30_days,
	const struct roster_recent *recent, int n_recent);
/** wire_in_record() - the reverse, into zeroed places. @ret_recent: room for ROSTER_RECENT_MAX */
bool wire_in_record(struct wire_in *in, json_t *at, int *ret_late_30_days,
	struct roster_recent *ret_recent, int *ret_n_recent);
