/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a file may say, and the exact words of each refusal. Runs in a folder of its own, so that paths in messages
 * are short and the same everywhere.
 */
#include "sys/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/config_type.h"
#include "sys/file.h"
#include "unit/unit.h"

#define SCHOOL "[school]\nid = sint-jan\ncard_key_file = key\n"
#define GATE SCHOOL "[unit]\nid = gate-1\n"
#define REGISTER SCHOOL "[unit]\nid = register\n[register]\ngates = gate-1, gate-2\n"
#define PLAIN "[broker]\ntls = off\n"

static void put_bytes(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static const struct {
	const char *name;
	enum config_program program;
	const char *text, *want;
} bad[] = {
	{ "empty file", CONFIG_READER, "",
		"u.conf:1: school.id: required: write id = … under [school], 1 to 32 of a-z, 0-9 "
		"and -" },
	{ "required is told at the last line", CONFIG_READER, "\n\n[school]\nid = a\n# end",
		"u.conf:5: school.card_key_file: required: write card_key_file = … under [school], "
		"a path of 1 to 1023 bytes" },
	{ "gates for the register", CONFIG_REGISTER, SCHOOL PLAIN "[unit]\nid = register\n",
		"u.conf:7: register.gates: required: write gates = … under [register], 1 to 64 "
		"different gates, comma separated, each 1 to 32 of a-z, 0-9 and -" },
	{ "unknown section", CONFIG_READER, GATE "[brocker]\nport = 1\n",
		"u.conf:7: brocker.port: unknown section: there are school, unit, paths, broker, "
		"reader, kiosk, screen, signal, clock, rules, register, export, retention, "
		"homeassistant" },
	{ "unknown key", CONFIG_READER, GATE "[kiosk]\nrepeats = 1\n",
		"u.conf:7: kiosk.repeats: unknown key: [kiosk] has repeat_s" },
	{ "before any section", CONFIG_READER, "id = a\n",
		"u.conf:1: .id: stands before any [section]: move it under its own" },
	{ "given twice", CONFIG_READER, GATE "[kiosk]\nrepeat_s = 1\n[unit]\nid = gate-2\n",
		"u.conf:9: unit.id: given twice, first in line 5: keep one of them" },
	{ "neither key nor section", CONFIG_READER, GATE "what is this\n[kiosk]\nrepeat_s = x\n",
		"u.conf:6: file: the line is neither [section], key = value nor a # comment" },
	{ "section not closed", CONFIG_READER, GATE "[kiosk\n",
		"u.conf:6: file: the line is neither [section], key = value nor a # comment" },
	{ "key behind its section", CONFIG_READER, GATE "[kiosk] repeat_s = 5\n",
		"u.conf:6: file: there is text behind the section's name: write it on a line of "
		"its "
		"own" },
	{ "first reason alone", CONFIG_READER, GATE "[kiosk]\nrepeat_s = x\nbad = y\nworse\n",
		"u.conf:7: kiosk.repeat_s: \"x\" is not allowed: write a whole number from 0 to "
		"3600 "
		"(seconds)" },
	{ "not UTF-8", CONFIG_READER, GATE "[school]\nname = caf\xe9\n",
		"u.conf:7: file: the line isn't UTF-8: save the file as plain UTF-8 text" },
	{ "a control character", CONFIG_READER, GATE "[school]\nname = a\033[2J\n",
		"u.conf:7: file: the line holds a control character: take it out" },
	{ "an indented line is a line", CONFIG_READER, GATE "[school]\nname = a\n  kiosk\n",
		"u.conf:8: file: the line is neither [section], key = value nor a # comment" },
	{ "slug with a capital", CONFIG_READER, "[school]\nid = Sint\n",
		"u.conf:2: school.id: \"Sint\" is not allowed: write 1 to 32 of a-z, 0-9 and -" },
	{ "a comment behind a number", CONFIG_READER, GATE "[kiosk]\nrepeat_s = 5 # s\n",
		"u.conf:7: kiosk.repeat_s: \"5 # s\" is not allowed: write a whole number from 0 "
		"to "
		"3600 (seconds)" },
	{ "misspelt zone", CONFIG_READER, GATE "[school]\ntimezone = Europe/Brusels\n",
		"u.conf:7: school.timezone: \"Europe/Brusels\" is no time zone that is installed: "
		"write a name of tzdata, as Europe/Brussels" },
	{ "zone as a path", CONFIG_READER, GATE "[school]\ntimezone = ../zoneinfo/UTC\n",
		"u.conf:7: school.timezone: \"../zoneinfo/UTC\" is no time zone that is installed: "
		"write a name of tzdata, as Europe/Brussels" },
	{ "switch", CONFIG_READER, GATE "[broker]\ntls = yes\n",
		"u.conf:7: broker.tls: \"yes\" is not allowed: write on or off" },
	{ "word", CONFIG_READER, GATE "[screen]\nshow_name = all\n",
		"u.conf:7: screen.show_name: \"all\" is not allowed: write none, first or full" },
	{ "language", CONFIG_READER, GATE "[screen]\nlanguage = NL\n",
		"u.conf:7: screen.language: \"NL\" is not allowed: write nl, fr, en or de" },
	{ "size", CONFIG_READER, GATE "[screen]\nsize = 319x240\n",
		"u.conf:7: screen.size: \"319x240\" is not allowed: write display, or WIDTHxHEIGHT "
		"from 320x240 to 7680x4320" },
	{ "slots", CONFIG_READER, GATE "[export]\ninformat_slots = 1,1\n",
		"u.conf:7: export.informat_slots: \"1,1\" is not allowed: write two different "
		"numbers from 1 to 9, as 1,6" },
	{ "a day that isn't in every year", CONFIG_READER, GATE "[retention]\nuntil = 02-29\n",
		"u.conf:7: retention.until: \"02-29\" is not allowed: write a day of every year as "
		"MM-DD, from 01-01 to 12-31" },
	{ "reader of no known driver", CONFIG_READER, GATE "[reader]\nconnstring = pn532:/dev/a\n",
		"u.conf:7: reader.connstring: \"pn532:/dev/a\" is not allowed: write pn53x_usb, "
		"acr122_usb, acr122s, arygon, pn532_uart, pn532_spi, pn532_i2c, each with its "
		"address behind a colon where it needs one, or replay:PATH" },
	{ "reset line", CONFIG_READER, GATE "[reader]\nreset_line = 17\n",
		"u.conf:7: reader.reset_line: \"17\" is not allowed: write CHIP:LINE, as "
		"gpiochip0:17, or nothing" },
	{ "host with a space", CONFIG_READER, GATE "[broker]\nhost = my broker\n",
		"u.conf:7: broker.host: \"my broker\" is not allowed: write a host name or address "
		"of 1 to 253 bytes" },
	{ "a gate twice", CONFIG_READER, GATE "[register]\ngates = a, b ,a\n",
		"u.conf:7: register.gates: \"a, b ,a\" names a gate twice: write 1 to 64 different "
		"gates, comma separated, each 1 to 32 of a-z, 0-9 and -" },
	{ "a comma too many", CONFIG_READER, GATE "[register]\ngates = a,\n",
		"u.conf:7: register.gates: \"a,\" is not allowed: write 1 to 64 different gates, "
		"comma separated, each 1 to 32 of a-z, 0-9 and -" },
	{ "the register as gate", CONFIG_READER, GATE "[register]\ngates = a,register\n",
		"u.conf:7: register.gates: \"a,register\" names the register, which is no gate: "
		"write 1 to 64 different gates, comma separated, each 1 to 32 of a-z, 0-9 and -" },
	{ "a long value is cut", CONFIG_READER,
		GATE "[clock]\ntrust = 123456789012345678901234567890123456789012345678901234567é9"
		     "0\n",
		"u.conf:7: clock.trust: "
		"\"123456789012345678901234567890123456789012345678901234567é9…\" is not allowed: "
		"write auto or always" },
	{ "a gate that calls itself register", CONFIG_KIOSK, REGISTER PLAIN,
		"u.conf:5: unit.id: register is the register's own: name a gate here" },
	{ "a register that calls itself a gate", CONFIG_REGISTER,
		GATE PLAIN "[register]\ngates = gate-1\n",
		"u.conf:5: unit.id: the register's file must say register here" },
	{ "password without a name", CONFIG_READER, GATE "[broker]\npassword_file = key\n",
		"u.conf:7: broker.password_file: needs broker.username: write both or none" },
	{ "no card key", CONFIG_KIOSK,
		"[school]\nid = a\ncard_key_file = none\n[unit]\nid = b\n" PLAIN,
		"u.conf:3: school.card_key_file: can't read none: No such file or directory; copy "
		"the school's key there or name another file" },
	{ "card key too short", CONFIG_KIOSK,
		"[school]\nid = a\ncard_key_file = short\n[unit]\nid = b\n" PLAIN,
		"u.conf:3: school.card_key_file: can't read short: it doesn't hold exactly 32 "
		"bytes; "
		"copy the school's key there" },
	{ "card key too long", CONFIG_REGISTER,
		"[school]\nid = a\ncard_key_file = long\n[unit]\nid = register\n[register]\ngates "
		"= "
		"b\n" PLAIN,
		"u.conf:3: school.card_key_file: can't read long: it doesn't hold exactly 32 "
		"bytes; "
		"copy the school's key there" },
	{ "no CA", CONFIG_KIOSK, GATE "[broker]\nca_file = none\n",
		"u.conf:7: broker.ca_file: can't read none: No such file or directory; put the "
		"file "
		"there or name another" },
	{ "a folder as certificate", CONFIG_KIOSK,
		GATE "[broker]\nca_file = key\ncert_file = .\nkey_file = key\n",
		"u.conf:8: broker.cert_file: can't read .: Is a directory; put the file there or "
		"name another" },
	{ "a certificate by default, and no user", CONFIG_KIOSK,
		GATE "[broker]\nca_file = key\nkey_file = key\n# end\n",
		"u.conf:9: broker.cert_file: can't read /etc/schoolpoort/tls/unit.crt: No such "
		"file "
		"or directory; put the file there or name another" },
	{ "a certificate without its key", CONFIG_KIOSK,
		GATE "[broker]\nca_file = key\ncert_file = key\nkey_file =\n",
		"u.conf:9: broker.key_file: needed with broker.cert_file: name it" },
	{ "no password file", CONFIG_KIOSK, GATE PLAIN "username = unit\npassword_file = none\n",
		"u.conf:9: broker.password_file: can't read none: No such file or directory; put "
		"the "
		"file there or name another" },
};

static void test_bad_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char reason[CONFIG_REASON_MAX] = "";
		struct config config;
		memset(&config, 0x5a, sizeof(config));
		put("u.conf", bad[i].text);
		int r = config_load("u.conf", bad[i].program, &config, reason);
		if (r != -1 || strcmp(reason, bad[i].want) != 0)
			fail_msg("%s: %d\n got  %s\n want %s", bad[i].name, r, reason, bad[i].want);
		for (size_t b = 0; b < sizeof(config); b++)
			if (((unsigned char *)&config)[b] != 0x5a)
				fail_msg("%s: the configuration was touched", bad[i].name);
	}
}

static void refuses(const char *want)
{
	char reason[CONFIG_REASON_MAX] = "";
	struct config config;
	assert_int_equal(config_load("u.conf", CONFIG_READER, &config, reason), -1);
	assert_string_equal(reason, want);
}

static void test_files_that_are_no_text(void **state)
{
	(void)state;
	unlink("u.conf");
	refuses("u.conf:0: file: can't be read: No such file or directory; name another by "
		"--config "
		"or make this one readable");
	put_bytes("u.conf", "[school]\nid = a\0b\n", 18);
	refuses("u.conf:2: file: the line holds a NUL byte: save the file as plain UTF-8 text");
	char *large = malloc(65537);
	assert_non_null(large);
	memset(large, '#', 65537);
	put_bytes("u.conf", large, 65537);
	refuses("u.conf:0: file: can't be read: it is longer than 64 KiB; name another by --config "
		"or make this one readable");
	put_bytes("u.conf", large, CONFIG_LINE_MAX);
	refuses("u.conf:1: school.id: required: write id = … under [school], 1 to 32 of a-z, 0-9 "
		"and "
		"-");
	put_bytes("u.conf", large, CONFIG_LINE_MAX + 1);
	refuses("u.conf:1: file: the line is too long: write at most 2400 bytes");
	free(large);
	char reason[CONFIG_REASON_MAX];
	struct config config;
	assert_int_equal(config_load(".", CONFIG_READER, &config, reason), -1);
	assert_string_equal(reason, ".:0: file: can't be read: Is a directory; name another by "
				    "--config or make this one "
				    "readable");
}

static struct config good(enum config_program program, const char *text)
{
	char reason[CONFIG_REASON_MAX] = "";
	struct config config;
	put("u.conf", text);
	if (config_load("u.conf", program, &config, reason))
		fail_msg("%s", reason);
	return config;
}

static void test_defaults(void **state)
{
	(void)state;
	struct config c = good(CONFIG_KIOSK, GATE PLAIN);
	assert_string_equal(c.school_id, "sint-jan");
	assert_string_equal(c.school_name, "sint-jan");
	assert_string_equal(c.school_timezone, "Europe/Brussels");
	assert_string_equal(c.school_card_key_file, "key");
	assert_string_equal(c.unit_id, "gate-1");
	assert_string_equal(c.paths_state_dir, "/var/lib/schoolpoort");
	assert_string_equal(c.paths_run_dir, "/run/schoolpoort");
	assert_string_equal(c.broker_host, "localhost");
	assert_int_equal(c.broker_port, 1883);
	assert_false(c.broker_tls);
	assert_string_equal(c.broker_ca_file, "/etc/schoolpoort/tls/ca.crt");
	assert_string_equal(c.broker_cert_file, "/etc/schoolpoort/tls/unit.crt");
	assert_string_equal(c.broker_key_file, "/etc/schoolpoort/tls/unit.key");
	assert_string_equal(c.broker_username, "");
	assert_string_equal(c.broker_password_file, "");
	assert_string_equal(c.reader_connstring, "pn532_uart:/dev/ttyAMA0");
	assert_string_equal(c.reader_reset_line, "");
	assert_int_equal(c.screen_width, 0);
	assert_int_equal(c.screen_height, 0);
	assert_string_equal(c.screen_language, "nl");
	assert_int_equal(c.screen_show_name, CONFIG_NAMES_FIRST);
	assert_int_equal(c.screen_late, CONFIG_LATE_DISCREET);
	assert_true(c.screen_display);
	assert_true(c.screen_overview && c.screen_talk && c.screen_sound);
	assert_int_equal(c.screen_soft_until_min, -1);
	assert_int_equal(c.screen_soft_from_min, -1);
	assert_int_equal(c.clock_trust, CONFIG_TRUST_AUTO);
	assert_int_equal(c.rules_afternoon, CONFIG_AFTERNOON_CARRY);
	assert_int_equal(c.register_n_gates, 0);
	assert_int_equal(c.register_gate_names, CONFIG_NAMES_FIRST);
	assert_true(c.register_care_names);
	assert_int_equal(c.export_slot_am, 1);
	assert_int_equal(c.export_slot_pm, 6);
	assert_int_equal(c.retention_until_month, 8);
	assert_int_equal(c.retention_until_day, 31);
	assert_int_equal(good(CONFIG_READER, GATE).broker_port, 8883);
	assert_int_equal(good(CONFIG_READER, GATE PLAIN "port = 7\n").broker_port, 7);
}

/* The ranges once more, apart from the table under test. */
static const struct {
	const char *section, *key;
	size_t at;
	int def, min, max;
} number[] = {
	{ "broker", "port", offsetof(struct config, broker_port), 8883, 1, 65535 },
	{ "reader", "removed_after_ms", offsetof(struct config, reader_removed_after_ms), 320, 100,
		5000 },
	{ "kiosk", "repeat_s", offsetof(struct config, kiosk_repeat_s), 60, 0, 3600 },
	{ "screen", "result_ms", offsetof(struct config, screen_result_ms), 1500, 300, 10000 },
	{ "screen", "volume", offsetof(struct config, screen_volume), 100, 0, 100 },
	{ "screen", "soft_volume", offsetof(struct config, screen_soft_volume), 30, 0, 100 },
	{ "rules", "opens_before_min", offsetof(struct config, rules_opens_before_min), 90, 0,
		600 },
	{ "rules", "late_grace_min", offsetof(struct config, rules_late_grace_min), 0, 0, 240 },
	{ "rules", "absent_after_min", offsetof(struct config, rules_absent_after_min), 20, 1,
		480 },
	{ "rules", "absent_hold_s", offsetof(struct config, rules_absent_hold_s), 60, 0, 3600 },
	{ "rules", "mass_percent", offsetof(struct config, rules_mass_percent), 50, 1, 100 },
	{ "retention", "gate_days", offsetof(struct config, retention_gate_days), 30, 1, 366 },
};

static void try_number(size_t i, const char *value, bool allowed, int want)
{
	char text[400], reason[CONFIG_REASON_MAX] = "";
	struct config config;
	int got = 0;
	(void)snprintf(text, sizeof(text), GATE "[%s]\n%s = %s\n", number[i].section, number[i].key,
		value);
	put("u.conf", text);
	int r = config_load("u.conf", CONFIG_READER, &config, reason);
	if ((r == 0) != allowed)
		fail_msg("%s.%s = %s: %d %s", number[i].section, number[i].key, value, r, reason);
	if (r == 0)
		memcpy(&got, (char *)&config + number[i].at, sizeof(got));
	if (r == 0 && got != want)
		fail_msg("%s.%s = %s: got %d", number[i].section, number[i].key, value, got);
	char range[80];
	(void)snprintf(
		range, sizeof(range), "a whole number from %d to %d", number[i].min, number[i].max);
	if (r && !strstr(reason, range))
		fail_msg("%s: the reason doesn't tell the range: %s", number[i].key, reason);
}

static void test_numbers(void **state)
{
	(void)state;
	struct config plain = good(CONFIG_READER, GATE);
	size_t n_numbers = 0;
	for (size_t i = 0; i < config_n_keys; i++)
		n_numbers += config_keys[i].type == &config_type_int;
	assert_int_equal(n_numbers, ARRAY_LEN(number));
	for (size_t i = 0; i < ARRAY_LEN(number); i++) {
		int def;
		memcpy(&def, (char *)&plain + number[i].at, sizeof(def));
		if (def != number[i].def)
			fail_msg("%s: default %d", number[i].key, def);
		char value[16];
		for (int step = -1; step <= 1; step++) {
			(void)snprintf(value, sizeof(value), "%d", number[i].min + step);
			try_number(i, value, step >= 0, number[i].min + step);
			(void)snprintf(value, sizeof(value), "%d", number[i].max + step);
			try_number(i, value, step <= 0, number[i].max + step);
		}
		try_number(i, "", false, 0);
		try_number(i, "+1", false, 0);
		try_number(i, "0x64", false, 0);
		try_number(i, "1.5", false, 0);
		try_number(i, "9999999999", false, 0);
	}
}

#define A31 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A93 A31 A31 A31

/* Values of the other forms, on both sides of their limits. */
static const struct {
	const char *section, *key, *value;
	bool allowed;
} form[] = {
	{ "register", "gates", A31 "a", true },
	{ "register", "gates", A31 "aa", false },
	{ "register", "gates", "gate-1", true },
	{ "register", "gates", "gate_1", false },
	{ "register", "gates", "", false },
	{ "register", "gates", "\ta ,\tb\t", true },
	{ "paths", "run_dir", A93, true },
	{ "paths", "run_dir", A93 "a", false },
	{ "paths", "run_dir", "", false },
	{ "paths", "state_dir", "", false },
	{ "school", "name", "Sint-Jan in 't groen, Ségur", true },
	{ "school", "name", "", false },
	{ "school", "timezone", "UTC", true },
	{ "school", "timezone", "Europe", false },
	{ "school", "timezone", "", false },
	{ "school", "timezone", "/Europe/Brussels", false },
	{ "broker", "host", "::1", true },
	{ "broker", "host", "fe80::1%eth0", true },
	{ "broker", "host", "-h", false },
	{ "broker", "host", "", false },
	{ "broker", "cert_file", "", true },
	{ "broker", "ca_file", "", false },
	{ "reader", "connstring", "pn532_uart:/dev/ttyUSB0:115200", true },
	{ "reader", "connstring", "pn53x_usb", true },
	{ "reader", "connstring", "acr122_usb:001:004", true },
	{ "reader", "connstring", "pn532_uart:", false },
	{ "reader", "connstring", "replay:", false },
	{ "reader", "connstring", "replay", false },
	{ "reader", "connstring", "replay:morning.rec", true },
	{ "reader", "connstring", "", false },
	{ "reader", "reset_line", "gpiochip0:17", true },
	{ "reader", "reset_line", "gpiochip0:", false },
	{ "reader", "reset_line", ":17", false },
	{ "reader", "reset_line", "", true },
	{ "signal", "go", "gpiochip0:23", true },
	{ "signal", "piezo", "", true },
	{ "signal", "desk", "23", false },
	{ "signal", "active_low", "yes", false },
	{ "screen", "display", "off", true },
	{ "screen", "display", "none", false },
	{ "screen", "size", "320x240", true },
	{ "screen", "size", "320x239", false },
	{ "screen", "size", "7680x4320", true },
	{ "screen", "size", "7681x4320", false },
	{ "screen", "size", "7680x4321", false },
	{ "screen", "size", "640", false },
	{ "screen", "size", "640X480", false },
	{ "screen", "size", "0x0", false },
	{ "export", "informat_slots", "9,1", true },
	{ "export", "informat_slots", "0,6", false },
	{ "export", "informat_slots", "1,10", false },
	{ "export", "informat_slots", "1,6,7", false },
	{ "retention", "until", "01-01", true },
	{ "retention", "until", "12-31", true },
	{ "retention", "until", "02-28", true },
	{ "retention", "until", "04-31", false },
	{ "retention", "until", "13-01", false },
	{ "retention", "until", "00-10", false },
	{ "retention", "until", "01-00", false },
	{ "retention", "until", "8-31", false },
	{ "clock", "trust", "always", true },
	{ "rules", "afternoon", "tap", true },
	{ "rules", "afternoon", "Tap", false },
	{ "screen", "soft_until", "00:00", true },
	{ "screen", "soft_until", "23:59", true },
	{ "screen", "soft_until", "24:00", false },
	{ "screen", "soft_from", "17:60", false },
	{ "screen", "soft_from", "7:30", false },
	{ "screen", "soft_from", "", true },
	{ "screen", "late", "open", true },
	{ "screen", "language", "de", true },
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(form); i++) {
		char text[600], reason[CONFIG_REASON_MAX] = "";
		struct config config;
		(void)snprintf(text, sizeof(text), GATE "[%s]\n%s = %s\n", form[i].section,
			form[i].key, form[i].value);
		put("u.conf", text);
		int r = config_load("u.conf", CONFIG_READER, &config, reason);
		if ((r == 0) != form[i].allowed)
			fail_msg("%s.%s = %s: %d %s", form[i].section, form[i].key, form[i].value,
				r, reason);
	}
}

static void test_gates(void **state)
{
	(void)state;
	struct config c = good(CONFIG_REGISTER, REGISTER PLAIN);
	assert_int_equal(c.register_n_gates, 2);
	assert_string_equal(c.register_gates[0], "gate-1");
	assert_string_equal(c.register_gates[1], "gate-2");
	char text[4000], reason[CONFIG_REASON_MAX];
	size_t n = (size_t)snprintf(text, sizeof(text), GATE "[register]\ngates = ");
	for (int i = 0; i < CONFIG_GATES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"%saaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%02d", i ? ", " : "", i);
	assert_int_equal(good(CONFIG_READER, text).register_n_gates, CONFIG_GATES_MAX);
	(void)snprintf(text + n, sizeof(text) - n, ",b");
	put("u.conf", text);
	assert_int_equal(config_load("u.conf", CONFIG_READER, &c, reason), -1);
	assert_non_null(strstr(reason, "names too many gates: write 1 to 64 different gates"));
	assert_int_equal(c.register_n_gates, 2);
}

/* Form only, where the program doesn't use the files itself. */
static void test_files_of_others(void **state)
{
	(void)state;
	static const enum config_program others[] = { CONFIG_READER, CONFIG_SCREEN, CONFIG_CTL };
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		(void)good(others[i], "[school]\nid = a\ncard_key_file = none\n[unit]\nid = b\n"
				      "[broker]\nca_file = none\nusername = u\n"
				      "password_file = none\n");
	struct config c = good(CONFIG_KIOSK, GATE "[broker]\nca_file = key\nusername = u\n"
						  "password_file = short\n");
	assert_string_equal(c.broker_cert_file, "");
	assert_string_equal(c.broker_key_file, "");
	c = good(CONFIG_KIOSK, GATE "[broker]\nca_file = key\ncert_file = key\nkey_file = key\n");
	assert_string_equal(c.broker_cert_file, "key");
	/* Without TLS nobody looks at its files. */
	c = good(CONFIG_KIOSK, GATE PLAIN "ca_file = none\n");
	assert_string_equal(c.broker_ca_file, "none");
}

static void test_forgiving(void **state)
{
	(void)state;
	struct config c = good(CONFIG_READER,
		"\xef\xbb\xbf; from an editor that adds a BOM\r\n[school]\r\n  id = a ; short\r\n"
		"card_key_file=key\r\n\r\n[unit] # the gate\r\nid : b\r\n[school]\r\nname = "
		"x=y\r\n");
	assert_string_equal(c.school_id, "a");
	assert_string_equal(c.unit_id, "b");
	assert_string_equal(c.school_name, "x=y");
}

/* An upgrade that loses tzdata must not close the gate: faults.md C5. */
static void c5_no_tzdata(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZDIR", ".", 1), 0);
	struct config c = good(CONFIG_READER, GATE);
	assert_string_equal(c.school_timezone, "Europe/Brussels");
	assert_int_equal(unsetenv("TZDIR"), 0);
}

static int redirect(int fd, const char *path)
{
	fflush(stdout);
	int saved = dup(fd);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && to >= 0);
	assert_int_equal(dup2(to, fd), fd);
	close(to);
	return saved;
}

static void restore(int fd, int saved)
{
	fflush(stdout);
	assert_int_equal(dup2(saved, fd), fd);
	close(saved);
}

static char *content(const char *path)
{
	static char text[32768];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void test_print(void **state)
{
	(void)state;
	char reason[CONFIG_REASON_MAX];
	put("u.conf", GATE "[screen]\nsize = 800x480\n[retention]\nuntil = 07-01\n"
			   "[register]\ngates = b , a\n");
	int saved = redirect(STDOUT_FILENO, "out");
	int r = config_print("u.conf", CONFIG_READER, reason);
	restore(STDOUT_FILENO, saved);
	assert_int_equal(r, 0);
	const char *out = content("out");
	static const char *const want[] = { "school.id = sint-jan  # u.conf:2\n",
		"school.name = sint-jan  # default\n", "broker.port = 8883  # default\n",
		"broker.tls = on  # default\n", "broker.username =   # default\n",
		"screen.size = 800x480  # u.conf:7\n", "screen.show_name = first  # default\n",
		"register.gates = b,a  # u.conf:11\n", "export.informat_slots = 1,6  # default\n",
		"retention.until = 07-01  # u.conf:9\n" };
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (!strstr(out, want[i]))
			fail_msg("%s isn't in\n%s", want[i], out);
	size_t n_lines = 0;
	for (; *out; out++)
		n_lines += *out == '\n';
	assert_int_equal(n_lines, config_n_keys);
}

/* The sample is a file that is allowed as it is, and with each default written out. */
static void test_sample(void **state)
{
	(void)state;
	int saved = redirect(STDOUT_FILENO, "out");
	config_sample();
	restore(STDOUT_FILENO, saved);
	char text[32768], shipped[32768] = "";
	(void)snprintf(text, sizeof(text), "%s", content("out"));
	/* What is shipped is this, word for word: a new key is in both. */
	FILE *f = fopen(TEST_SOURCE_DIR "/firmware-app/packaging/unit.conf.sample", "r");
	assert_non_null(f);
	shipped[fread(shipped, 1, sizeof(shipped) - 1, f)] = '\0';
	(void)fclose(f);
	if (strcmp(shipped, text) != 0)
		fail_msg("firmware-app/packaging/unit.conf.sample must be:\n%s", text);
	for (size_t i = 0; i < config_n_keys; i++) {
		char line[80];
		(void)snprintf(line, sizeof(line), "\n#%s =", config_keys[i].key);
		if (!strstr(text, line))
			fail_msg("%s isn't in the sample", line);
		assert_non_null(config_keys[i].help);
		assert_true(config_keys[i].def || config_keys[i].def_of ||
			    config_keys[i].required == CONFIG_BY_ALL);
	}
	/* "#key = value" becomes "key = value"; help lines have a blank after their #. */
	for (char *at = strstr(text, "\n#"); at; at = strstr(at + 1, "\n#")) {
		char *equals = strstr(at, " =");
		if (at[2] != ' ' && equals && equals[2] == ' ')
			at[1] = ' ';
	}
	/* The sections stand there already, so that the required keys go under them. */
	struct config c;
	char reason[CONFIG_REASON_MAX] = "";
	size_t n = strlen(text);
	(void)snprintf(text + n, sizeof(text) - n, "%s", GATE);
	put("u.conf", text);
	if (config_load("u.conf", CONFIG_READER, &c, reason))
		fail_msg("%s", reason);
	assert_int_equal(c.rules_absent_after_min, 20);
}

#define MANY 8

static int parse(enum config_program program, const char *const *args, struct config_options *o,
	int *ret_index)
{
	char copy[MANY][100], *argv[MANY + 1] = { NULL };
	int argc = 0;
	for (; args[argc]; argc++) {
		(void)snprintf(copy[argc], sizeof(copy[argc]), "%s", args[argc]);
		argv[argc] = copy[argc];
	}
	int out = redirect(STDOUT_FILENO, "out");
	int err = redirect(STDERR_FILENO, "err");
	int r = config_options_parse(argc, argv, program, "COMMANDS", o, ret_index);
	restore(STDERR_FILENO, err);
	restore(STDOUT_FILENO, out);
	/* What it keeps are pointers into argv, which end here: only whether they are set is looked at. */
	return r;
}

static const struct {
	const char *name;
	enum config_program program;
	const char *args[MANY];
	int want;
	const char *err;
} line[] = {
	{ "nothing", CONFIG_KIOSK, { "p" }, 0, "" },
	{ "all", CONFIG_KIOSK, { "p", "--config", "a", "--check-config", "--print-config" }, 0,
		"" },
	{ "clock", CONFIG_KIOSK, { "p", "--clock=2026-11-23T08:10:00+01:00@1795293078x60" }, 0,
		"" },
	{ "version", CONFIG_KIOSK, { "p", "--version" }, 1, "" },
	{ "help before a bad one", CONFIG_KIOSK, { "p", "--help", "--bad" }, 1, "" },
	{ "unknown", CONFIG_KIOSK, { "p", "--bad" }, -1,
		"schoolpoort-kiosk: no such option: --bad; --help tells the options\n" },
	{ "unknown short", CONFIG_REGISTER, { "p", "-x" }, -1,
		"schoolpoort-register: no such option: -x; --help tells the options\n" },
	{ "json is not for all", CONFIG_SCREEN, { "p", "--json" }, -1,
		"schoolpoort-screen: no such option: --json; --help tells the options\n" },
	{ "no value", CONFIG_READER, { "p", "--config" }, -1,
		"schoolpoort-reader: a value is missing after --config; --help tells the "
		"options\n" },
	{ "argument", CONFIG_KIOSK, { "p", "start" }, -1,
		"schoolpoort-kiosk: takes no argument: start; --help tells the options\n" },
	{ "bad clock", CONFIG_KIOSK, { "p", "--clock", "now" }, -1,
		"schoolpoort-kiosk: --clock must begin with a date and time from 1990 to 2099, as "
		"2026-11-23T08:10:00+01:00; --help tells the options\n" },
	{ "command", CONFIG_CTL, { "p", "--json", "day", "--date", "D" }, 0, "" },
};

static void test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(line); i++) {
		struct config_options o = { 0 };
		int index = 0;
		int r = parse(line[i].program, line[i].args, &o,
			line[i].program == CONFIG_CTL ? &index : NULL);
		if (r != line[i].want || strcmp(content("err"), line[i].err) != 0)
			fail_msg("%s: %d, %s", line[i].name, r, content("err"));
		if (r == 0)
			assert_non_null(o.config_path);
		if (!strcmp(line[i].name, "all"))
			assert_true(o.check_config && o.print_config && !o.clock_spec);
		if (!strcmp(line[i].name, "clock"))
			assert_non_null(o.clock_spec);
		if (!strcmp(line[i].name, "command"))
			assert_true(index == 2 && o.json);
		if (!strcmp(line[i].name, "version"))
			assert_memory_equal(content("out"), "schoolpoort-kiosk ", 18);
		if (!strcmp(line[i].name, "help before a bad one"))
			assert_non_null(strstr(content("out"), "\nCOMMANDS\n"));
	}
}

static void test_clock_of_the_environment(void **state)
{
	(void)state;
	static const char *const args[] = { "p", NULL };
	struct config_options o;
	assert_int_equal(setenv("SCHOOLPOORT_CLOCK", "2026-11-23T08:10:00Z", 1), 0);
	assert_int_equal(parse(CONFIG_KIOSK, args, &o, NULL), 0);
	assert_string_equal(o.clock_spec, "2026-11-23T08:10:00Z");
	assert_int_equal(setenv("SCHOOLPOORT_CLOCK", "soon", 1), 0);
	assert_int_equal(parse(CONFIG_KIOSK, args, &o, NULL), -1);
	assert_non_null(strstr(content("err"), "SCHOOLPOORT_CLOCK must begin with"));
	assert_int_equal(setenv("SCHOOLPOORT_CLOCK", "", 1), 0);
	assert_int_equal(parse(CONFIG_KIOSK, args, &o, NULL), 0);
	assert_null(o.clock_spec);
	assert_int_equal(unsetenv("SCHOOLPOORT_CLOCK"), 0);
}

static int start(const char *option, struct config *ret_config, int *ret_status)
{
	char program[] = "p", config[] = "--config=u.conf", copy[40] = "";
	(void)snprintf(copy, sizeof(copy), "%s", option ? option : "");
	char *argv[] = { program, config, option ? copy : NULL, NULL };
	struct config_options o;
	int out = redirect(STDOUT_FILENO, "out");
	int err = redirect(STDERR_FILENO, "err");
	int r = config_start(option ? 3 : 2, argv, CONFIG_KIOSK, &o, ret_config, ret_status);
	restore(STDERR_FILENO, err);
	restore(STDOUT_FILENO, out);
	return r;
}

static void test_start(void **state)
{
	(void)state;
	struct config c = { .school_id = "" };
	int status = -1;
	put("u.conf", GATE PLAIN);
	assert_int_equal(start(NULL, &c, &status), 0);
	assert_string_equal(c.school_id, "sint-jan");
	assert_int_equal(status, -1);
	assert_int_not_equal(start("--check-config", &c, &status), 0);
	assert_int_equal(status, 0);
	assert_string_equal(content("out"), "");
	assert_string_equal(content("err"), "");
	assert_int_not_equal(start("--print-config", &c, &status), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(content("out"), "school.id = ", 12);
	assert_int_not_equal(start("--help", &c, &status), 0);
	assert_int_equal(status, 0);
	put("u.conf", GATE PLAIN "port = 0\n");
	assert_int_not_equal(start("--print-config", &c, &status), 0);
	assert_int_equal(status, 2);
	assert_string_equal(content("out"), "");
	assert_string_equal(content("err"),
		"u.conf:8: broker.port: \"0\" is not allowed: write a whole number from 1 to "
		"65535\n");
}

static void test_socket_path(void **state)
{
	(void)state;
	char path[108] = "as it was";
	struct config c = good(CONFIG_READER, GATE "[paths]\nrun_dir = " A93 "\n");
	assert_int_equal(config_socket_path(&c, "register.sock", path), 0);
	assert_string_equal(path, A93 "/register.sock");
	assert_int_equal(config_socket_path(&c, "register.sock.", path), -1);
	assert_string_equal(path, A93 "/register.sock");
}

static int enter_folder(void **state)
{
	static char folder[] = "/tmp/schoolpoort-config-XXXXXX";
	static const char *const foreign[] = { "JOURNAL_STREAM", "SCHOOLPOORT_CLOCK", "TZDIR" };
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		unsetenv(foreign[i]);
	*state = folder;
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	put("key", "0123456789abcdef0123456789abcdef");
	put("short", "0123456789abcdef0123456789abcde");
	put("long", "0123456789abcdef0123456789abcdef\n");
	return 0;
}

static int leave_folder(void **state)
{
	static const char *const files[] = { "key", "short", "long", "u.conf", "out", "err" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(files[i]);
	return chdir("/") || rmdir(*state) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_files_that_are_no_text),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_files_of_others),
		cmocka_unit_test(test_forgiving),
		cmocka_unit_test(c5_no_tzdata),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_clock_of_the_environment),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_socket_path),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
