/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/config_type.h: the table of keys and the forms that values can have. Inside sys only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sys/config.h"

#define CONFIG_KEYS_MAX 64
#define CONFIG_RANGE_MAX 320 /* "a whole number from 0 to 240 (minutes)" and its like */
#define CONFIG_VALUE_MAX 2200 /* the longest value printed: 64 gates */
/* Longer than any line that a row of the table allows, 64 gates with spaces included. */
#define CONFIG_LINE_MAX 2400

struct config_key;

/* One form of value. */
struct config_type {
	/* Stores a value. Return: NULL, or what is wrong, to follow the value ("is not allowed"). */
	const char *(*parse)(
		const struct config_key *key, const char *value, struct config *config);
	/* The value as it would stand in the file; @size CONFIG_VALUE_MAX is always enough. */
	void (*print)(
		const struct config_key *key, const struct config *config, char *text, size_t size);
	/* What may be written, to follow "write "; @size CONFIG_RANGE_MAX. */
	void (*range)(const struct config_key *key, char *text, size_t size);
};

/* One key: the only place that knows its name, form, range, default and help. */
struct config_key {
	const char *section, *key;
	const struct config_type *type;
	size_t at; /* its member's place in struct config */
	size_t also_at; /* of its second member, where one value fills two */
	const char *def; /* as it would be written; NULL: required, or def_of */
	const char *(*def_of)(const struct config *config); /* where it follows another key */
	const char *def_help; /* then: told in the sample file */
	int min, max; /* of a number; of a text its bytes */
	const char *const *words; /* of a word, NULL at the end; an enum's values in their order */
	unsigned required; /* programs that can't do without: CONFIG_BY() or CONFIG_BY_ALL */
	const char *unit; /* NULL: none */
	const char *help;
};

#define CONFIG_BY(program) (1u << (program))
#define CONFIG_BY_ALL (~0u)

extern const struct config_key config_keys[];
extern const size_t config_n_keys;

extern const struct config_type config_type_text; /* min..max bytes */
extern const struct config_type config_type_path; /* the same; there is no telling what is a path */
extern const struct config_type config_type_slug; /* [a-z0-9-]{1,32} */
extern const struct config_type config_type_host;
extern const struct config_type config_type_zone;
extern const struct config_type config_type_int;
extern const struct config_type config_type_switch; /* on, off; a bool */
extern const struct config_type config_type_word; /* an enum */
extern const struct config_type config_type_language; /* a word, kept as text */
extern const struct config_type config_type_size; /* display, WIDTHxHEIGHT; two ints */
extern const struct config_type config_type_slots; /* "1,6"; two ints */
extern const struct config_type config_type_day; /* MM-DD; two ints */
extern const struct config_type config_type_gates;
extern const struct config_type config_type_connstring;
extern const struct config_type config_type_clock; /* HH:MM as minutes, or nothing as -1 */
extern const struct config_type config_type_gpio;

/* What a file gave, and where. */
struct config_source {
	struct config config;
	int line[CONFIG_KEYS_MAX]; /* of each key of the table; 0: not given */
	int n_lines; /* at least 1 */
};

/**
 * config_file_read() - take a file apart: form, names, ranges and repetitions, no defaults.
 *
 * Return: 0, or -1 with *ret_reason as config_load().
 */
int config_file_read(const char *path, struct config_source *ret_source, char *ret_reason);

/** config_reason() - "FILE:LINE: section.key: " and the rest into CONFIG_REASON_MAX bytes. @key NULL: the file as
 * a whole or a line of it. Return: -1. */
int config_reason(char *ret_reason, const char *path, int line, const char *section,
	const char *key, const char *format, ...) __attribute__((format(printf, 6, 7)));
