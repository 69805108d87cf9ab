/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checkin.h"
#include "core/halfday.h"

#define CLASS_CHARS 20 /* of every schema */

const char *const wire_store_words[] = {
	[WIRE_STORE_UNSAID] = NULL,
	[WIRE_STORE_OK] = "ok",
	[WIRE_STORE_FULL] = "full",
	[WIRE_STORE_FAILING] = "failing",
	[WIRE_STORE_RECOVERED] = "recovered",
};
const char *const wire_reader_words[] = {
	[WIRE_READER_UNSAID] = NULL,
	[WIRE_READER_STARTING] = "starting",
	[WIRE_READER_OK] = "ok",
	[WIRE_READER_FAULT] = "fault",
};
/* One further than the enum, since wire_in_choice() keeps 0 for "none" and offline is 0. */
static const char *const unit_state_words[] = {
	NULL,
	[WIRE_UNIT_OFFLINE + 1] = "offline",
	[WIRE_UNIT_STOPPING + 1] = "stopping",
	[WIRE_UNIT_ONLINE + 1] = "online",
};

const char *wire_unit_state_word(enum wire_unit_state state)
{
	return unit_state_words[state + 1];
}

void wire_in_unit_state(struct wire_in *in, enum wire_unit_state *ret_state)
{
	int n = wire_in_choice(in, in->root, "state", WIRE_REQUIRED, unit_state_words,
		sizeof(unit_state_words) / sizeof(unit_state_words[0]));
	if (n > 0)
		*ret_state = (enum wire_unit_state)(n - 1);
}

void wire_in_clock(struct wire_in *in, enum wire_need need, int *ret_clock)
{
	const char *word = wire_in_word(in, in->root, "clock", need);
	if (!word)
		return;
	int clock = checkin_clock_parse(word);
	if (clock < 0)
		wire_in_refuse(in, "clock", "no such word");
	else
		*ret_clock = clock;
}

static int fail(struct wire_in *in, int err, const char *reason)
{
	if (in->err)
		return in->err;
	in->err = err;
	snprintf(in->reason, WIRE_REASON_MAX, "%s", reason);
	return err;
}

/* The library's own text quotes the input, which may name a pupil; so only its code and place are used. */
static int refuse_syntax(struct wire_in *in, const json_error_t *e)
{
	char reason[WIRE_REASON_MAX];
	const char *what = "is no JSON";

	switch (json_error_code(e)) {
	case json_error_out_of_memory:
		return fail(in, WIRE_ERR_MEMORY, "memory is out");
	case json_error_stack_overflow:
		what = "is nested too deep";
		break;
	case json_error_premature_end_of_input:
		what = "ends too early";
		break;
	case json_error_end_of_input_expected:
		what = "goes on after its end";
		break;
	case json_error_invalid_utf8:
		what = "is no UTF-8";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		what = "holds a zero character";
		break;
	case json_error_duplicate_key:
		what = "holds a field twice";
		break;
	case json_error_numeric_overflow:
		what = "holds a number out of range";
		break;
	case json_error_unknown:
	case json_error_cannot_open_file:
	case json_error_invalid_argument:
	case json_error_invalid_syntax:
	case json_error_invalid_format:
	case json_error_wrong_type:
	case json_error_null_value:
	case json_error_item_not_found:
	case json_error_index_out_of_range:
		break;
	}
	snprintf(reason, sizeof(reason), "%s (byte %d)", what, e->position);
	return fail(in, WIRE_ERR_SYNTAX, reason);
}

int wire_in_parse(struct wire_in *in, const void *bytes, size_t len, size_t max, char *ret_reason)
{
	json_error_t error;

	*in = (struct wire_in){ .reason = ret_reason };
	ret_reason[0] = '\0';
	if (len > max)
		return fail(in, WIRE_ERR_SYNTAX, "is too long");
	if (len == 0)
		return fail(in, WIRE_ERR_SYNTAX, "is empty");
	if (memchr(bytes, 0, len))
		return fail(in, WIRE_ERR_SYNTAX, "holds a zero byte");
	wire_memory_watch();
	in->root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
	/* Also where it parsed: a whole check-in would be refused for a word cut short that nobody sent. */
	if (wire_memory_was_out())
		return fail(in, WIRE_ERR_MEMORY, "memory is out");
	if (!in->root)
		return refuse_syntax(in, &error);
	if (!json_is_object(in->root))
		return fail(in, WIRE_ERR_SCHEMA, "is no object");
	return 0;
}

int wire_in_open(struct wire_in *in, const void *bytes, size_t len, size_t max, char *ret_reason)
{
	int64_t v = 1;

	if (wire_in_parse(in, bytes, len, max, ret_reason))
		return in->err;
	wire_in_int(in, in->root, "v", WIRE_REQUIRED, INT64_MIN, INT64_MAX, &v);
	if (v != 1)
		wire_in_refuse(in, "v", "another version than 1");
	return in->err;
}

int wire_in_open_large(
	struct wire_in *in, const void *bytes, size_t len, size_t max, char *ret_reason)
{
	wire_memory_large();
	int err = wire_in_open(in, bytes, len, max, ret_reason);
	in->large = true;
	return err;
}

int wire_in_close(struct wire_in *in)
{
	if (in->large)
		wire_memory_large_end(); /* the tree with it: no walk to every leaf */
	else
		json_decref(in->root);
	in->root = NULL;
	return in->err;
}

void wire_in_refuse(struct wire_in *in, const char *key, const char *what)
{
	char where[WIRE_REASON_MAX] = "";
	size_t n = 0;

	if (in->err)
		return;
	for (size_t i = 0; i < in->n_levels && n < sizeof(where); i++) {
		const char *name = in->level[i].name;
		int w = in->level[i].index == SIZE_MAX
				? snprintf(where + n, sizeof(where) - n, "%s.", name)
				: snprintf(where + n, sizeof(where) - n, "%s[%zu].", name,
					  in->level[i].index);
		n += (size_t)w;
	}
	in->err = WIRE_ERR_SCHEMA;
	snprintf(in->reason, WIRE_REASON_MAX, "%.100s%s: %s", where, key, what);
}

void wire_in_enter(struct wire_in *in, const char *name, size_t index)
{
	if (in->n_levels < WIRE_DEPTH_MAX) {
		in->level[in->n_levels].name = name;
		in->level[in->n_levels].index = index;
	}
	in->n_levels++;
}

void wire_in_leave(struct wire_in *in)
{
	in->n_levels--;
}

/* The field, or NULL where it is missing, null where that is allowed, or of another type. */
static json_t *field(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, json_type type)
{
	static const char *const must[] = {
		[JSON_OBJECT] = "no object",
		[JSON_ARRAY] = "no array",
		[JSON_STRING] = "no string",
		[JSON_INTEGER] = "no integer",
		[JSON_REAL] = "no number",
		[JSON_TRUE] = "no boolean",
	};

	if (in->err || !at)
		return NULL;
	json_t *value = json_object_get(at, key);
	if (!value && need == WIRE_REQUIRED)
		wire_in_refuse(in, key, "missing");
	if (!value || (need == WIRE_NULLABLE && json_is_null(value)))
		return NULL;
	if (type == JSON_TRUE                               ? json_is_boolean(value)
		: type == JSON_INTEGER || type == JSON_REAL ? json_is_number(value)
							    : json_typeof(value) == type)
		return value;
	wire_in_refuse(in, key, must[type]);
	return NULL;
}

json_t *wire_in_object(struct wire_in *in, json_t *at, const char *key, enum wire_need need)
{
	return field(in, at, key, need, JSON_OBJECT);
}

json_t *wire_in_array(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, size_t max)
{
	json_t *array = field(in, at, key, need, JSON_ARRAY);
	if (array && json_array_size(array) > max) {
		wire_in_refuse(in, key, "too many elements");
		return NULL;
	}
	return array;
}

json_t *wire_in_element(struct wire_in *in, json_t *array, size_t index)
{
	json_t *element = json_array_get(array, index);
	if (json_is_object(element))
		return element;
	wire_in_refuse(in, "element", "no object");
	return NULL;
}

const char *wire_in_word(struct wire_in *in, json_t *at, const char *key, enum wire_need need)
{
	return json_string_value(field(in, at, key, need, JSON_STRING));
}

/* Characters of valid UTF-8: every byte but those that continue one. */
static size_t count_chars(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

bool wire_in_text(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	size_t max_chars, char *ret_text, size_t size)
{
	json_t *value = field(in, at, key, need, JSON_STRING);
	if (!value)
		return false;
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	if (len >= size || (len > max_chars && count_chars(text) > max_chars)) {
		wire_in_refuse(in, key, "too long");
		return false;
	}
	memcpy(ret_text, text, len + 1);
	return true;
}

int wire_in_choice(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	const char *const *words, size_t n_words)
{
	const char *word = wire_in_word(in, at, key, need);
	if (!word)
		return 0;
	for (size_t i = 1; i < n_words; i++)
		if (words[i] && strcmp(words[i], word) == 0)
			return (int)i;
	wire_in_refuse(in, key, "no such word");
	return 0;
}

bool wire_in_int(struct wire_in *in, json_t *at, const char *key, enum wire_need need, int64_t min,
	int64_t max, int64_t *ret_value)
{
	json_t *value = field(in, at, key, need, JSON_INTEGER);
	if (!value)
		return false;
	int64_t n = json_integer_value(value);
	if (json_is_real(value)) {
		/* JSON Schema takes 3.0 for an integer; beyond 2^53 a real is not exact. */
		double real = json_real_value(value);
		if (fabs(real) > (double)WIRE_INT_MAX || floor(real) < real) {
			wire_in_refuse(in, key, "no integer");
			return false;
		}
		n = (int64_t)real;
	}
	if (n < min || n > max) {
		wire_in_refuse(in, key, "out of range");
		return false;
	}
	*ret_value = n;
	return true;
}

bool wire_in_int32(struct wire_in *in, json_t *at, const char *key, enum wire_need need, int min,
	int max, int *ret_value)
{
	int64_t value;
	if (!wire_in_int(in, at, key, need, min, max, &value))
		return false;
	*ret_value = (int)value;
	return true;
}

bool wire_in_real(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, double *ret_value)
{
	json_t *value = field(in, at, key, need, JSON_REAL);
	if (!value)
		return false;
	*ret_value = json_number_value(value);
	return true;
}

bool wire_in_bool(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, bool *ret_value)
{
	json_t *value = field(in, at, key, need, JSON_TRUE);
	if (!value)
		return false;
	*ret_value = json_is_true(value);
	return true;
}

bool wire_in_time(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, int64_t *ret_at_ms)
{
	const char *text = wire_in_word(in, at, key, need);
	if (!text)
		return false;
	if (civil_parse_time(text, ret_at_ms)) {
		wire_in_refuse(in, key, "no time");
		return false;
	}
	return true;
}

bool wire_in_date(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	struct civil_date *ret_date)
{
	const char *text = wire_in_word(in, at, key, need);
	if (!text)
		return false;
	if (civil_parse_date(text, ret_date)) {
		wire_in_refuse(in, key, "no date");
		return false;
	}
	return true;
}

bool wire_in_half(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	enum halfday *ret_half)
{
	const char *word = wire_in_word(in, at, key, need);
	if (!word)
		return false;
	enum halfday half = halfday_parse(word);
	if (half == HALFDAY_NONE) {
		wire_in_refuse(in, key, "no such word");
		return false;
	}
	*ret_half = half;
	return true;
}

bool wire_in_uuid(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, struct uuid *ret_uuid)
{
	struct uuid uuid;
	const char *text = wire_in_word(in, at, key, need);
	if (!text)
		return false;
	if (uuid_parse(text, &uuid) || uuid_is_none(uuid)) {
		wire_in_refuse(in, key, "no identifier");
		return false;
	}
	*ret_uuid = uuid;
	return true;
}

bool wire_in_hash(struct wire_in *in, json_t *at, const char *key, enum wire_need need,
	struct card_hash *ret_hash)
{
	struct card_hash hash;
	const char *text = wire_in_word(in, at, key, need);
	if (!text)
		return false;
	if (card_hash_parse(text, &hash) || card_hash_is_none(hash)) {
		wire_in_refuse(in, key, "no card hash");
		return false;
	}
	*ret_hash = hash;
	return true;
}

bool wire_in_pupil(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, int64_t *ret_pupil)
{
	const char *text = wire_in_word(in, at, key, need);
	if (!text)
		return false;
	int64_t pupil = strlen(text) == 10 ? checkin_pupil_parse(text) : -1;
	if (pupil < 0) {
		wire_in_refuse(in, key, "no pupil number of ten digits");
		return false;
	}
	*ret_pupil = pupil;
	return true;
}

bool wire_in_slug(
	struct wire_in *in, json_t *at, const char *key, enum wire_need need, char *ret_slug)
{
	const char *text = wire_in_word(in, at, key, need);
	if (!text)
		return false;
	if (!checkin_slug_valid(text)) {
		wire_in_refuse(in, key, "no id of a-z, 0-9 and hyphens");
		return false;
	}
	snprintf(ret_slug, CHECKIN_GATE_MAX, "%s", text);
	return true;
}

void wire_in_class(struct wire_in *in, json_t *at, char *ret_class)
{
	if (wire_in_text(
		    in, at, "class", WIRE_REQUIRED, CLASS_CHARS, ret_class, TIMETABLE_CLASS_MAX) &&
		!ret_class[0])
		wire_in_refuse(in, "class", "empty");
}

void wire_in_fail_memory(struct wire_in *in)
{
	fail(in, WIRE_ERR_MEMORY, "memory is out");
}
