/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire/request.h: requests of the command line and their answers, as a small tree of values.
 *
 * Each command has fields of its own; this is a thin, owned layer over the JSON library, so that ctl,
 * kiosk and register need not include it. A node is owned by its parent; the root by the caller. Not thread
 * safe per tree. Source: contract, local.md (request, response).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_node; /* opaque: a JSON value */

/** wire_node_object() - a new empty object, for wire_node_destroy(). NULL: memory is out. */
struct wire_node *wire_node_object(void);
/** wire_node_array() - a new empty array, likewise. */
struct wire_node *wire_node_array(void);
/** wire_node_destroy() - a root and all below it; accepts NULL. */
void wire_node_destroy(struct wire_node *node);

/* Setters: on an object with @key, on an array with @key NULL (appends). They take NULL nodes and
 * remember the failure: wire_node_text() of such a tree is NULL. */
/** wire_node_set_text() - copied; NULL writes null. What is no UTF-8 is written as "?". */
void wire_node_set_text(struct wire_node *node, const char *key, const char *text);
/** wire_node_set_int() */
void wire_node_set_int(struct wire_node *node, const char *key, int64_t value);
/** wire_node_set_real() */
void wire_node_set_real(struct wire_node *node, const char *key, double value);
/** wire_node_set_bool() */
void wire_node_set_bool(struct wire_node *node, const char *key, bool value);
/** wire_node_set_node() - @child becomes the parent's. */
void wire_node_set_node(struct wire_node *node, const char *key, struct wire_node *child);

/* Getters: with @key NULL the node itself, which is how an element of an array is read. */
/** wire_node_get_text() - NULL where missing or no string; borrowed from the tree. */
const char *wire_node_get_text(const struct wire_node *node, const char *key);
/** wire_node_get_int() - @fallback where missing or no integer. */
int64_t wire_node_get_int(const struct wire_node *node, const char *key, int64_t fallback);
/** wire_node_get_real() - integers too; @fallback where missing or no number. */
double wire_node_get_real(const struct wire_node *node, const char *key, double fallback);
/** wire_node_get_bool() - @fallback where missing or no boolean. */
bool wire_node_get_bool(const struct wire_node *node, const char *key, bool fallback);
/** wire_node_get_node() - NULL where missing; borrowed. */
const struct wire_node *wire_node_get_node(const struct wire_node *node, const char *key);
/** wire_node_count() - elements of an array, 0 for anything else. */
size_t wire_node_count(const struct wire_node *node);
/** wire_node_at() - element of an array, NULL beyond its end; borrowed. */
const struct wire_node *wire_node_at(const struct wire_node *node, size_t index);

/** wire_node_text() - the tree as one line of JSON, for free(); NULL where memory was out on the way. */
char *wire_node_text(const struct wire_node *node);
/** wire_node_pretty() - the same, indented by two, with a newline at the end. */
char *wire_node_pretty(const struct wire_node *node);
/** wire_node_parse() - an object of at most WIRE_GATES_DATA_MAX bytes. NULL: it is none; *ret_reason says why
 * (WIRE_REASON_MAX bytes). */
struct wire_node *wire_node_parse(const void *bytes, size_t len, char *ret_reason);

/** wire_request_create() - {"v":1,"type":"request","id":…,"command":…}; further fields by the setters. */
struct wire_node *wire_request_create(int64_t id, const char *command);
/** wire_response_create() - {"v":1,"type":"response","id":…,"ok":…} to a request; echoes its id as it came. */
struct wire_node *wire_response_create(const struct wire_node *request, bool ok);
