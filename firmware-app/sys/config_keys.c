/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One row a key, in the order of the contract (programs.md, "unit.conf"). From the row come parser, range check,
 * --print-config and the sample file.
 */
#include "sys/config_type.h"

#define AT(member) .at = offsetof(struct config, member)
#define ALSO(member) .also_at = offsetof(struct config, member)
#define CONFIG_TEXT(member) .type = &config_type_text, AT(member), .max = CONFIG_TEXT_MAX - 1
#define CONFIG_PATH(member) .type = &config_type_path, AT(member), .max = CONFIG_PATH_MAX - 1
#define CONFIG_INT(member) .type = &config_type_int, AT(member)
#define CONFIG_SWITCH(member) .type = &config_type_switch, AT(member)
#define CONFIG_WORD(member, list) .type = &config_type_word, AT(member), .words = (list)
#define CONFIG_OTHER(kind, member) .type = &config_type_##kind, AT(member)

static const char *const names_words[] = { "none", "first", "full", NULL };
static const char *const late_words[] = { "discreet", "open", NULL };
static const char *const afternoon_words[] = { "carry", "tap", NULL };
static const char *const trust_words[] = { "auto", "always", NULL };
static const char *const language_words[] = { "nl", "fr", "en", "de", NULL };

static const char *name_default(const struct config *config)
{
	return config->school_id;
}

static const char *port_default(const struct config *config)
{
	return config->broker_tls ? "8883" : "1883";
}

const struct config_key config_keys[] = {
	{ "school", "id", CONFIG_OTHER(slug, school_id), .required = CONFIG_BY_ALL,
		.help = "the school's name in topics" },
	{ "school", "name", CONFIG_TEXT(school_name), .min = 1, .def_of = name_default,
		.def_help = "as id", .help = "the school's name for people" },
	{ "school", "timezone", CONFIG_OTHER(zone, school_timezone), .def = "Europe/Brussels",
		.help = "every rule is computed in it" },
	{ "school", "card_key_file", CONFIG_PATH(school_card_key_file), .min = 1,
		.required = CONFIG_BY_ALL,
		.help = "32 bytes: the key under which card UIDs are hashed, the same on all "
			"units" },
	{ "unit", "id", CONFIG_OTHER(slug, unit_id), .required = CONFIG_BY_ALL,
		.help = "this gate's name in topics; register for the register" },
	{ "paths", "state_dir", CONFIG_PATH(paths_state_dir), .min = 1,
		.def = "/var/lib/schoolpoort", .help = "databases" },
	/* With "/register.sock" behind it, it must fit the 108 bytes of sun_path. */
	{ "paths", "run_dir", .type = &config_type_path, AT(paths_run_dir), .min = 1, .max = 93,
		.def = "/run/schoolpoort", .help = "sockets" },
	{ "broker", "host", CONFIG_OTHER(host, broker_host), .def = "localhost",
		.help = "name or address of the MQTT broker" },
	{ "broker", "port", CONFIG_INT(broker_port), .min = 1, .max = 65535, .def_of = port_default,
		.def_help = "8883, or 1883 with tls = off", .help = "the broker's port" },
	{ "broker", "tls", CONFIG_SWITCH(broker_tls), .def = "on",
		.help = "speak TLS with the broker" },
	{ "broker", "ca_file", CONFIG_PATH(broker_ca_file), .min = 1,
		.def = "/etc/schoolpoort/tls/ca.crt", .help = "the school's own CA" },
	{ "broker", "cert_file", CONFIG_PATH(broker_cert_file),
		.def = "/etc/schoolpoort/tls/unit.crt",
		.help = "this unit's certificate; empty: none" },
	{ "broker", "key_file", CONFIG_PATH(broker_key_file),
		.def = "/etc/schoolpoort/tls/unit.key",
		.help = "the key of cert_file; empty: none" },
	{ "broker", "username", CONFIG_TEXT(broker_username), .def = "",
		.help = "for brokers without client certificates" },
	{ "broker", "password_file", CONFIG_PATH(broker_password_file), .def = "",
		.help = "holds the password of username" },
	{ "reader", "connstring", CONFIG_OTHER(connstring, reader_connstring),
		.def = "pn532_uart:/dev/ttyAMA0", .help = "where the card reader is" },
	{ "reader", "reset_line", CONFIG_OTHER(gpio, reader_reset_line), .def = "",
		.help = "a GPIO line wired to the chip's reset, for the last rung of recovery" },
	/* Under 100 ms one missed poll would be a card gone; over 5 s the next pupil waits. */
	{ "reader", "removed_after_ms", CONFIG_INT(reader_removed_after_ms), .def = "320",
		.min = 100, .max = 5000, .unit = "milliseconds",
		.help = "a card counts as gone after this long unseen" },
	{ "kiosk", "repeat_s", CONFIG_INT(kiosk_repeat_s), .def = "60", .min = 0, .max = 3600,
		.unit = "seconds",
		.help = "a card within this time of its last accepted tap is the same tap" },
	{ "screen", "display", CONFIG_SWITCH(screen_display), .def = "on",
		.help = "off: this gate has none, and nobody calls it missing" },
	{ "screen", "size", CONFIG_OTHER(size, screen_width), ALSO(screen_height), .def = "display",
		.help = "the whole display, or the size of a window" },
	{ "screen", "language", CONFIG_OTHER(language, screen_language), .words = language_words,
		.def = "nl", .help = "a pupil's own language wins" },
	{ "screen", "show_name", CONFIG_WORD(screen_show_name, names_words), .def = "first",
		.help = "what the screen shows of a pupil's name" },
	{ "screen", "late", CONFIG_WORD(screen_late, late_words), .def = "discreet",
		.help = "discreet: the queue sees the same sign as for on time; open: amber and "
			"the minutes" },
	{ "screen", "result_ms", CONFIG_INT(screen_result_ms), .def = "1500", .min = 300,
		.max = 10000, .unit = "milliseconds",
		.help = "how long a result stays when nobody else taps" },
	{ "screen", "overview", CONFIG_SWITCH(screen_overview), .def = "on",
		.help = "a second tap while the result shows opens the pupil's own record" },
	{ "screen", "talk", CONFIG_SWITCH(screen_talk), .def = "on",
		.help = "the button by which a pupil asks for a talk" },
	{ "screen", "sound", CONFIG_SWITCH(screen_sound), .def = "on", .help = "sounds at a tap" },
	{ "screen", "volume", CONFIG_INT(screen_volume), .def = "100", .min = 0, .max = 100,
		.unit = "percent", .help = "how loud the sounds are" },
	{ "screen", "soft_volume", CONFIG_INT(screen_soft_volume), .def = "30", .min = 0,
		.max = 100, .unit = "percent",
		.help = "in place of it at the start and end of the day; 30 is half as loud to the "
			"ear" },
	{ "screen", "soft_until", CONFIG_OTHER(clock, screen_soft_until_min), .def = "",
		.help = "from midnight until then the sounds are soft" },
	{ "screen", "soft_from", CONFIG_OTHER(clock, screen_soft_from_min), .def = "",
		.help = "from then until midnight the sounds are soft" },
	{ "screen", "dark_from", CONFIG_OTHER(clock, screen_dark_from_min), .def = "20:00",
		.help = "from then on the picture that waits for a card is dark" },
	{ "screen", "dark_until", CONFIG_OTHER(clock, screen_dark_until_min), .def = "06:00",
		.help = "until then" },
	{ "signal", "go", CONFIG_OTHER(gpio, signal_go), .def = "",
		.help = "the GPIO line of the light for go on, the upper or left one; green" },
	{ "signal", "desk", CONFIG_OTHER(gpio, signal_desk), .def = "",
		.help = "that of the light for please read or go to the desk; amber or white" },
	{ "signal", "piezo", CONFIG_OTHER(gpio, signal_piezo), .def = "",
		.help = "that of a piezo buzzer that makes its tone itself; screen.sound silences "
			"it" },
	{ "signal", "active_low", CONFIG_SWITCH(signal_active_low), .def = "off",
		.help = "on: a low line is lit, as with most relay boards" },
	{ "clock", "trust", CONFIG_WORD(clock_trust, trust_words), .def = "auto",
		.help = "auto: by the kernel's synchronisation; always: the clock is kept "
			"otherwise" },
	{ "rules", "opens_before_min", CONFIG_INT(rules_opens_before_min), .def = "90", .min = 0,
		.max = 600, .unit = "minutes",
		.help = "a tap this long before the first lesson counts for the half day" },
	{ "rules", "late_grace_min", CONFIG_INT(rules_late_grace_min), .def = "0", .min = 0,
		.max = 240, .unit = "minutes",
		.help = "minutes after the start that still count as on time" },
	{ "rules", "absent_after_min", CONFIG_INT(rules_absent_after_min), .def = "20", .min = 1,
		.max = 480, .unit = "minutes",
		.help = "after a class's start, its missing pupils are absent" },
	{ "rules", "absent_hold_s", CONFIG_INT(rules_absent_hold_s), .def = "60", .min = 0,
		.max = 3600, .unit = "seconds",
		.help = "how much longer to wait for a gate that is silent" },
	{ "rules", "afternoon", CONFIG_WORD(rules_afternoon, afternoon_words), .def = "carry",
		.help = "carry: the morning's presence holds; tap: a tap is expected for each half "
			"day" },
	{ "rules", "mass_percent", CONFIG_INT(rules_mass_percent), .def = "50", .min = 1,
		.max = 100, .unit = "percent",
		.help = "from this share of a class missing, one alert for the class" },
	{ "register", "gates", CONFIG_OTHER(gates, register_gates),
		.required = CONFIG_BY(CONFIG_REGISTER), .def = "",
		.help = "the gates that the register waits for" },
	{ "register", "gate_names", CONFIG_WORD(register_gate_names, names_words), .def = "first",
		.help = "what of a name is sent to the gates" },
	{ "register", "care_names", CONFIG_SWITCH(register_care_names), .def = "on",
		.help = "names and classes in alerts; off: pupil ids alone" },
	{ "export", "informat_slots", CONFIG_OTHER(slots, export_slot_am), ALSO(export_slot_pm),
		.def = "1,6", .min = 1, .max = 9,
		.help = "Informat's time slots of morning and afternoon" },
	{ "retention", "gate_days", CONFIG_INT(retention_gate_days), .def = "30", .min = 1,
		.max = 366, .unit = "days",
		.help = "delivered check-ins leave the gate after this" },
	{ "retention", "until", CONFIG_OTHER(day, retention_until_month), ALSO(retention_until_day),
		.def = "08-31",
		.help = "of the following school year: what concerns a pupil leaves the "
			"register" },
	{ "homeassistant", "discovery", CONFIG_SWITCH(homeassistant_discovery), .def = "off",
		.help = "the register tells Home Assistant of the gates, over the same broker" },
};

const size_t config_n_keys = sizeof(config_keys) / sizeof(config_keys[0]);

_Static_assert(
	sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX, "room for each line");
