/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/config_type.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sys/zone.h"

#define NOT_ALLOWED "is not allowed"
#define SLUG_RANGE "1 to 32 of a-z, 0-9 and -"
#define SLUG_BYTES "abcdefghijklmnopqrstuvwxyz0123456789-"

_Static_assert(sizeof(enum config_names) == sizeof(int) &&
		       sizeof(enum config_late) == sizeof(int) &&
		       sizeof(enum config_afternoon) == sizeof(int) &&
		       sizeof(enum config_trust) == sizeof(int),
	"words are stored as int");

static void *place(struct config *config, size_t at)
{
	return (char *)config + at;
}

static const void *place_of(const struct config *config, size_t at)
{
	return (const char *)config + at;
}

static void set_int(struct config *config, size_t at, int value)
{
	memcpy(place(config, at), &value, sizeof(value));
}

static int get_int(const struct config *config, size_t at)
{
	int value;
	memcpy(&value, place_of(config, at), sizeof(value));
	return value;
}

/* @n digits, at most 9, as a number; -1 where there is anything else. */
static int number_of(const char *digits, size_t n)
{
	int value = 0;
	if (n == 0 || n > 9)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)digits[i]))
			return -1;
		value = value * 10 + (digits[i] - '0');
	}
	return value;
}

/* "A<separator>B" as two numbers. */
static bool two_numbers(const char *value, char separator, int *ret_a, int *ret_b)
{
	const char *mid = strchr(value, separator);
	if (!mid)
		return false;
	*ret_a = number_of(value, (size_t)(mid - value));
	*ret_b = number_of(mid + 1, strlen(mid + 1));
	return *ret_a >= 0 && *ret_b >= 0;
}

static bool is_slug(const char *text, size_t n)
{
	return n > 0 && n < CONFIG_SLUG_MAX && strspn(text, SLUG_BYTES) >= n;
}

static const char *text_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	size_t n = strlen(value);
	if (n < (size_t)key->min || n > (size_t)key->max)
		return n ? "is too long" : NOT_ALLOWED;
	memcpy(place(config, key->at), value, n + 1);
	return NULL;
}

static void text_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", (const char *)place_of(config, key->at));
}

static void text_range(const struct config_key *key, char *text, size_t size)
{
	(void)snprintf(text, size, "text of %d to %d bytes", key->min, key->max);
}

static void path_range(const struct config_key *key, char *text, size_t size)
{
	(void)snprintf(text, size, "a path of %d to %d bytes", key->min, key->max);
}

static const char *slug_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	size_t n = strlen(value);
	if (!is_slug(value, n))
		return NOT_ALLOWED;
	memcpy(place(config, key->at), value, n + 1);
	return NULL;
}

static void slug_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, SLUG_RANGE);
}

static const char *host_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	size_t n = strlen(value);
	if (n == 0 || n > 253 || value[0] == '-') /* RFC 1035 with its dots */
		return NOT_ALLOWED;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)value[i]) && !strchr(".-_:%", value[i]))
			return NOT_ALLOWED;
	memcpy(place(config, key->at), value, n + 1);
	return NULL;
}

static void host_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "a host name or address of 1 to 253 bytes");
}

static const char *zone_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	size_t n = strlen(value);
	/* Without any tzdata the gate still starts, stores its taps and judges none: faults.md C5. */
	if (n >= CONFIG_TEXT_MAX || zone_check(value) == ZONE_NO_SUCH)
		return "is no time zone that is installed";
	memcpy(place(config, key->at), value, n + 1);
	return NULL;
}

static void zone_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "a name of tzdata, as Europe/Brussels");
}

static const char *int_parse(const struct config_key *key, const char *value, struct config *config)
{
	int number = number_of(value, strlen(value));
	if (number < key->min || number > key->max)
		return NOT_ALLOWED;
	set_int(config, key->at, number);
	return NULL;
}

static void int_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	(void)snprintf(text, size, "%d", get_int(config, key->at));
}

static void int_range(const struct config_key *key, char *text, size_t size)
{
	int n = snprintf(text, size, "a whole number from %d to %d", key->min, key->max);
	if (key->unit && n > 0 && (size_t)n < size)
		(void)snprintf(text + n, size - (size_t)n, " (%s)", key->unit);
}

static const char *switch_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	bool on = !strcmp(value, "on");
	if (!on && strcmp(value, "off") != 0)
		return NOT_ALLOWED;
	memcpy(place(config, key->at), &on, sizeof(on));
	return NULL;
}

static void switch_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	bool on;
	memcpy(&on, place_of(config, key->at), sizeof(on));
	(void)snprintf(text, size, "%s", on ? "on" : "off");
}

static void switch_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "on or off");
}

static int word_index(const struct config_key *key, const char *value)
{
	for (int i = 0; key->words[i]; i++)
		if (!strcmp(key->words[i], value))
			return i;
	return -1;
}

static const char *word_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	int i = word_index(key, value);
	if (i < 0)
		return NOT_ALLOWED;
	set_int(config, key->at, i);
	return NULL;
}

static void word_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", key->words[get_int(config, key->at)]);
}

static void word_range(const struct config_key *key, char *text, size_t size)
{
	size_t n = 0;
	text[0] = '\0';
	for (int i = 0; key->words[i] && n < size; i++) {
		const char *before = i == 0 ? "" : key->words[i + 1] ? ", " : " or ";
		n += (size_t)snprintf(text + n, size - n, "%s%s", before, key->words[i]);
	}
}

static const char *language_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	int i = word_index(key, value);
	if (i < 0)
		return NOT_ALLOWED;
	memcpy(place(config, key->at), key->words[i], sizeof(config->screen_language));
	return NULL;
}

#define WIDTH_MIN 320 /* the smallest panel on which a first name can be read at arm's length */
#define HEIGHT_MIN 240
#define WIDTH_MAX 7680
#define HEIGHT_MAX 4320

static const char *size_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	int width = 0, height = 0;
	if (strcmp(value, "display") != 0 &&
		(!two_numbers(value, 'x', &width, &height) || width < WIDTH_MIN ||
			width > WIDTH_MAX || height < HEIGHT_MIN || height > HEIGHT_MAX))
		return NOT_ALLOWED;
	set_int(config, key->at, width);
	set_int(config, key->also_at, height);
	return NULL;
}

static void size_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	int width = get_int(config, key->at);
	if (width == 0)
		(void)snprintf(text, size, "display");
	else
		(void)snprintf(text, size, "%dx%d", width, get_int(config, key->also_at));
}

static void size_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "display, or WIDTHxHEIGHT from %dx%d to %dx%d", WIDTH_MIN,
		HEIGHT_MIN, WIDTH_MAX, HEIGHT_MAX);
}

static const char *slots_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	int am, pm;
	if (!two_numbers(value, ',', &am, &pm) || am < key->min || am > key->max || pm < key->min ||
		pm > key->max || am == pm)
		return NOT_ALLOWED;
	set_int(config, key->at, am);
	set_int(config, key->also_at, pm);
	return NULL;
}

static void slots_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	(void)snprintf(
		text, size, "%d,%d", get_int(config, key->at), get_int(config, key->also_at));
}

static void slots_range(const struct config_key *key, char *text, size_t size)
{
	(void)snprintf(
		text, size, "two different numbers from %d to %d, as 1,6", key->min, key->max);
}

static const char *day_parse(const struct config_key *key, const char *value, struct config *config)
{
	/* No 29 February: the day must come every year. */
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int month, day;
	if (strlen(value) != 5 || value[2] != '-' || !two_numbers(value, '-', &month, &day) ||
		month < 1 || month > 12 || day < 1 || day > days[month - 1])
		return NOT_ALLOWED;
	set_int(config, key->at, month);
	set_int(config, key->also_at, day);
	return NULL;
}

static void day_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	(void)snprintf(
		text, size, "%02d-%02d", get_int(config, key->at), get_int(config, key->also_at));
}

static void day_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "a day of every year as MM-DD, from 01-01 to 12-31");
}

/* "07:30" as minutes of the day; empty: -1, none. */
static const char *clock_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	int hour = 0, minute = -1;
	if (value[0] &&
		(strlen(value) != 5 || value[2] != ':' ||
			!two_numbers(value, ':', &hour, &minute) || hour > 23 || minute > 59))
		return NOT_ALLOWED;
	set_int(config, key->at, 60 * hour + minute);
	return NULL;
}

static void clock_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	int minutes = get_int(config, key->at);
	text[0] = '\0';
	if (minutes >= 0)
		(void)snprintf(text, size, "%02d:%02d", minutes / 60, minutes % 60);
}

static void clock_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "HH:MM from 00:00 to 23:59, or nothing");
}

/* @text without the blanks round it. */
static size_t trim(const char **text, size_t n)
{
	while (n > 0 && (**text == ' ' || **text == '\t')) {
		(*text)++;
		n--;
	}
	while (n > 0 && ((*text)[n - 1] == ' ' || (*text)[n - 1] == '\t'))
		n--;
	return n;
}

static const char *add_gate(struct config *config, const char *gate, size_t n)
{
	if (!is_slug(gate, n))
		return NOT_ALLOWED;
	if (config->register_n_gates == CONFIG_GATES_MAX)
		return "names too many gates";
	for (size_t i = 0; i < config->register_n_gates; i++)
		if (strlen(config->register_gates[i]) == n &&
			!memcmp(config->register_gates[i], gate, n))
			return "names a gate twice";
	char *to = config->register_gates[config->register_n_gates++];
	memcpy(to, gate, n);
	to[n] = '\0';
	return strcmp(to, "register") != 0 ? NULL : "names the register, which is no gate";
}

static const char *gates_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	(void)key;
	config->register_n_gates = 0;
	for (const char *at = value;;) {
		const char *gate = at;
		size_t n = strcspn(at, ",");
		at += n;
		n = trim(&gate, n);
		const char *wrong = add_gate(config, gate, n);
		if (wrong)
			return wrong;
		if (!*at++)
			return NULL;
	}
}

static void gates_print(
	const struct config_key *key, const struct config *config, char *text, size_t size)
{
	(void)key;
	size_t n = 0;
	text[0] = '\0';
	for (size_t i = 0; i < config->register_n_gates && n < size; i++)
		n += (size_t)snprintf(
			text + n, size - n, "%s%s", i ? "," : "", config->register_gates[i]);
}

static void gates_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "1 to %d different gates, comma separated, each " SLUG_RANGE,
		CONFIG_GATES_MAX);
}

/* The drivers of Debian's libnfc 1.8, and ours for recordings, which needs its file. */
static const char *const readers[] = { "pn53x_usb", "acr122_usb", "acr122s", "arygon", "pn532_uart",
	"pn532_spi", "pn532_i2c", NULL };

static bool good_connstring(const char *value)
{
	size_t n = strcspn(value, ":");
	if (n == strlen("replay") && !strncmp(value, "replay", n))
		return value[n] == ':' && value[n + 1];
	for (int i = 0; readers[i]; i++)
		if (strlen(readers[i]) == n && !strncmp(value, readers[i], n))
			return !value[n] || value[n + 1];
	return false;
}

static const char *connstring_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	size_t n = strlen(value);
	if (n >= CONFIG_TEXT_MAX || !good_connstring(value))
		return NOT_ALLOWED;
	memcpy(place(config, key->at), value, n + 1);
	return NULL;
}

static void connstring_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	size_t n = 0;
	for (int i = 0; readers[i] && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "", readers[i]);
	if (n < size)
		(void)snprintf(text + n, size - n,
			", each with its address behind a colon where it needs one, or "
			"replay:PATH");
}

/* "gpiochip0:17"; empty: none. */
static const char *gpio_parse(
	const struct config_key *key, const char *value, struct config *config)
{
	size_t n = strlen(value);
	size_t name = strspn(value, SLUG_BYTES);
	if (n > 0 && (n > 40 || name == 0 || value[name] != ':' ||
			     number_of(value + name + 1, n - name - 1) < 0))
		return NOT_ALLOWED;
	memcpy(place(config, key->at), value, n + 1);
	return NULL;
}

static void gpio_range(const struct config_key *key, char *text, size_t size)
{
	(void)key;
	(void)snprintf(text, size, "CHIP:LINE, as gpiochip0:17, or nothing");
}

const struct config_type config_type_text = { text_parse, text_print, text_range };
const struct config_type config_type_path = { text_parse, text_print, path_range };
const struct config_type config_type_slug = { slug_parse, text_print, slug_range };
const struct config_type config_type_host = { host_parse, text_print, host_range };
const struct config_type config_type_zone = { zone_parse, text_print, zone_range };
const struct config_type config_type_int = { int_parse, int_print, int_range };
const struct config_type config_type_switch = { switch_parse, switch_print, switch_range };
const struct config_type config_type_word = { word_parse, word_print, word_range };
const struct config_type config_type_language = { language_parse, text_print, word_range };
const struct config_type config_type_size = { size_parse, size_print, size_range };
const struct config_type config_type_slots = { slots_parse, slots_print, slots_range };
const struct config_type config_type_day = { day_parse, day_print, day_range };
const struct config_type config_type_clock = { clock_parse, clock_print, clock_range };
const struct config_type config_type_gates = { gates_parse, gates_print, gates_range };
const struct config_type config_type_connstring = { connstring_parse, text_print,
	connstring_range };
const struct config_type config_type_gpio = { gpio_parse, text_print, gpio_range };
