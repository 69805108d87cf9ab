/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/request.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

/*
 * DESIGN: nodes are our own, and the library's values live only while a text is read or written.
 * Rejected: a json_t behind the pointer. It can't remember that a setter failed, and an answer that
 * silently lacks a field is worse than none.
 */
enum kind { NODE_NULL, NODE_BOOL, NODE_INT, NODE_REAL, NODE_TEXT, NODE_ARRAY, NODE_OBJECT };

struct wire_node {
	enum kind kind;
	bool failed; /* memory was out in this node, or a setter didn't fit it */
	bool boolean;
	int64_t integer;
	double real;
	char *text; /* NODE_TEXT; owned */
	char *key; /* in an object: its name; owned */
	struct wire_node **child; /* array and object; owned */
	size_t n_children, room;
};

static struct wire_node *make(enum kind kind)
{
	struct wire_node *node = calloc(1, sizeof(*node));
	if (node)
		node->kind = kind;
	return node;
}

struct wire_node *wire_node_object(void)
{
	return make(NODE_OBJECT);
}

struct wire_node *wire_node_array(void)
{
	return make(NODE_ARRAY);
}

/* Recursion is as deep as what was read (the library stops at 2,048) or what the caller built. */
void wire_node_destroy(struct wire_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->n_children; i++)
		wire_node_destroy(node->child[i]);
	free(node->child);
	free(node->text);
	free(node->key);
	free(node);
}

static struct wire_node **find(const struct wire_node *node, const char *key)
{
	for (size_t i = 0; node->kind == NODE_OBJECT && i < node->n_children; i++)
		if (strcmp(node->child[i]->key, key) == 0)
			return &node->child[i];
	return NULL;
}

static bool append(struct wire_node *node, struct wire_node *child)
{
	if (node->n_children == node->room) {
		size_t room = node->room ? 2 * node->room : 8;
		struct wire_node **grown =
			reallocarray(node->child, room, sizeof(struct wire_node *));
		if (!grown)
			return false;
		node->child = grown;
		node->room = room;
	}
	node->child[node->n_children++] = child;
	return true;
}

/*
 * Whether @child is @node's now. @unique: the key is known to be new, as in what was read: looking
 * for it would make a large object quadratic.
 */
static bool attach(struct wire_node *node, const char *key, struct wire_node *child, bool unique)
{
	if (!child || node->kind != (key ? NODE_OBJECT : NODE_ARRAY))
		return false;
	if (!key)
		return append(node, child);
	child->key = strdup(key);
	if (!child->key)
		return false;
	struct wire_node **old = unique ? NULL : find(node, key);
	if (!old)
		return append(node, child);
	wire_node_destroy(*old);
	*old = child;
	return true;
}

static void set(struct wire_node *node, const char *key, struct wire_node *child, bool unique)
{
	if (node && attach(node, key, child, unique))
		return;
	if (node)
		node->failed = true;
	wire_node_destroy(child);
}

static struct wire_node *make_text(const char *text)
{
	struct wire_node *node = make(NODE_TEXT);
	if (node) {
		node->text = strdup(text);
		node->failed = !node->text;
	}
	return node;
}

static struct wire_node *make_int(int64_t value)
{
	struct wire_node *node = make(NODE_INT);
	if (node)
		node->integer = value;
	return node;
}

static struct wire_node *make_real(double value)
{
	struct wire_node *node = make(NODE_REAL);
	if (node)
		node->real = value;
	return node;
}

static struct wire_node *make_bool(bool value)
{
	struct wire_node *node = make(NODE_BOOL);
	if (node)
		node->boolean = value;
	return node;
}

void wire_node_set_node(struct wire_node *node, const char *key, struct wire_node *child)
{
	set(node, key, child, false);
}

void wire_node_set_text(struct wire_node *node, const char *key, const char *text)
{
	set(node, key, text ? make_text(text) : make(NODE_NULL), false);
}

void wire_node_set_int(struct wire_node *node, const char *key, int64_t value)
{
	set(node, key, make_int(value), false);
}

void wire_node_set_real(struct wire_node *node, const char *key, double value)
{
	set(node, key, make_real(value), false);
}

void wire_node_set_bool(struct wire_node *node, const char *key, bool value)
{
	set(node, key, make_bool(value), false);
}

/* The node itself where @key is NULL: how an element of an array is read. */
const struct wire_node *wire_node_get_node(const struct wire_node *node, const char *key)
{
	if (!node || !key)
		return node;
	struct wire_node **found = find(node, key);
	return found ? *found : NULL;
}

const char *wire_node_get_text(const struct wire_node *node, const char *key)
{
	const struct wire_node *found = wire_node_get_node(node, key);
	return found && found->kind == NODE_TEXT ? found->text : NULL;
}

int64_t wire_node_get_int(const struct wire_node *node, const char *key, int64_t fallback)
{
	const struct wire_node *found = wire_node_get_node(node, key);
	return found && found->kind == NODE_INT ? found->integer : fallback;
}

double wire_node_get_real(const struct wire_node *node, const char *key, double fallback)
{
	const struct wire_node *found = wire_node_get_node(node, key);
	if (found && found->kind == NODE_INT)
		return (double)found->integer;
	return found && found->kind == NODE_REAL ? found->real : fallback;
}

bool wire_node_get_bool(const struct wire_node *node, const char *key, bool fallback)
{
	const struct wire_node *found = wire_node_get_node(node, key);
	return found && found->kind == NODE_BOOL ? found->boolean : fallback;
}

size_t wire_node_count(const struct wire_node *node)
{
	return node && node->kind == NODE_ARRAY ? node->n_children : 0;
}

const struct wire_node *wire_node_at(const struct wire_node *node, size_t index)
{
	return index < wire_node_count(node) ? node->child[index] : NULL;
}

static json_t *to_json(const struct wire_node *node);

/* NULL where memory is out anywhere below. */
static json_t *children_to_json(const struct wire_node *node)
{
	json_t *json = node->kind == NODE_OBJECT ? json_object() : json_array();
	for (size_t i = 0; json && i < node->n_children; i++) {
		json_t *value = to_json(node->child[i]);
		int err = node->kind == NODE_OBJECT
				  ? json_object_set_new(json, node->child[i]->key, value)
				  : json_array_append_new(json, value);
		if (err) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static json_t *to_json(const struct wire_node *node)
{
	if (node->failed)
		return NULL;
	switch (node->kind) {
	case NODE_NULL:
		return json_null();
	case NODE_BOOL:
		return json_boolean(node->boolean);
	case NODE_INT:
		return json_integer(node->integer);
	case NODE_REAL:
		return json_real(node->real);
	case NODE_TEXT:
		/* A file's name or a system's message may be no UTF-8; the answer must be. */
		return wire_json_text(node->text, SIZE_MAX);
	case NODE_ARRAY:
	case NODE_OBJECT:
		return children_to_json(node);
	}
	return NULL;
}

static char *dump(const struct wire_node *node, size_t flags)
{
	json_t *json = node ? to_json(node) : NULL;
	char *text = wire_dump(json, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	json_decref(json);
	return text;
}

char *wire_node_text(const struct wire_node *node)
{
	return dump(node, JSON_COMPACT);
}

char *wire_node_pretty(const struct wire_node *node)
{
	char *text = dump(node, JSON_INDENT(2));
	if (!text)
		return NULL;
	size_t len = strlen(text);
	char *grown = realloc(text, len + 2);
	if (!grown) {
		free(text);
		return NULL;
	}
	memcpy(grown + len, "\n", 2);
	return grown;
}

static struct wire_node *from_json(json_t *json);

static void fill(struct wire_node *node, json_t *json)
{
	const char *key;
	size_t index;
	json_t *value;

	json_array_foreach(json, index, value) set(node, NULL, from_json(value), true);
	json_object_foreach(json, key, value) set(node, key, from_json(value), true);
	for (size_t i = 0; i < node->n_children; i++)
		node->failed = node->failed || node->child[i]->failed;
}

static struct wire_node *from_json(json_t *json)
{
	struct wire_node *node = NULL;

	switch (json_typeof(json)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		node = make(json_is_array(json) ? NODE_ARRAY : NODE_OBJECT);
		if (node)
			fill(node, json);
		break;
	case JSON_STRING:
		node = make_text(json_string_value(json));
		break;
	case JSON_INTEGER:
		node = make_int(json_integer_value(json));
		break;
	case JSON_REAL:
		node = make_real(json_real_value(json));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		node = make_bool(json_is_true(json));
		break;
	case JSON_NULL:
		node = make(NODE_NULL);
		break;
	}
	return node;
}

struct wire_node *wire_node_parse(const void *bytes, size_t len, char *ret_reason)
{
	struct wire_node *node = NULL;
	struct wire_in in;

	if (!wire_in_parse(&in, bytes, len, WIRE_GATES_DATA_MAX, ret_reason)) {
		node = from_json(in.root);
		if (!node || node->failed) {
			wire_in_fail_memory(&in);
			wire_node_destroy(node);
			node = NULL;
		}
	}
	wire_in_close(&in);
	return node;
}

static struct wire_node *envelope(const char *type)
{
	struct wire_node *node = wire_node_object();
	wire_node_set_int(node, "v", 1);
	wire_node_set_text(node, "type", type);
	return node;
}

struct wire_node *wire_request_create(int64_t id, const char *command)
{
	struct wire_node *node = envelope("request");
	wire_node_set_int(node, "id", id);
	wire_node_set_text(node, "command", command);
	return node;
}

struct wire_node *wire_response_create(const struct wire_node *request, bool ok)
{
	struct wire_node *node = envelope("response");
	const struct wire_node *id = wire_node_get_node(request, "id");
	if (id && id->kind == NODE_INT)
		wire_node_set_int(node, "id", id->integer);
	else
		wire_node_set_text(node, "id", id && id->kind == NODE_TEXT ? id->text : NULL);
	wire_node_set_bool(node, "ok", ok);
	return node;
}
