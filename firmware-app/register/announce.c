/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/announce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/checkin.h"
#include "sys/file.h"
#include "wire/request.h"

#define FILE_MAX_BYTES (ANNOUNCE_GATES_MAX * CONFIG_SLUG_MAX)
#define REFUSED_FROM 128 /* MQTT 5: from here on a reason code is a refusal */
#define ROOT_MAX 200

/* What Home Assistant shows of a gate. Templates are its own language, Jinja; a field may be missing (gate-state.json). */
static const struct component {
	const char *id, *platform, *name, *template;
	const char *class, *unit, *icon; /* NULL: none */
} components[] = {
	{ "online", "binary_sensor", "Online",
		"{{ 'ON' if value_json.state == 'online' else 'OFF' }}", "connectivity", NULL,
		NULL },
	{ "reader", "binary_sensor", "Reader",
		"{{ 'ON' if value_json.reader == 'fault' else 'OFF' }}", "problem", NULL, NULL },
	{ "screen", "binary_sensor", "Screen",
		"{{ 'ON' if value_json.screen == 'absent' else 'OFF' }}", "problem", NULL, NULL },
	{ "store", "binary_sensor", "Database",
		"{{ 'ON' if value_json.store in ['full', 'failing'] else 'OFF' }}", "problem", NULL,
		NULL },
	{ "clock", "sensor", "Clock", "{{ value_json.clock | default('unknown') }}", NULL, NULL,
		"mdi:clock-outline" },
	{ "queue", "sensor", "Check-ins waiting",
		"{{ (value_json.last_seq | default(0)) - (value_json.confirmed_seq | default(0)) "
		"}}",
		NULL, NULL, "mdi:tray-full" },
	{ "taps", "sensor", "Taps today",
		"{{ (value_json.taps | default({})).today | default(0) }}", NULL, NULL,
		"mdi:card-account-details-outline" },
	{ "p99", "sensor", "Slowest taps",
		"{{ (value_json.taps | default({})).p99_ms | default(none) }}", "duration", "ms",
		NULL },
	{ "disk", "sensor", "Free disk", "{{ value_json.disk_free_mb | default(none) }}",
		"data_size", "MiB", NULL },
};

bool announce_wanted(const struct config *config, const char *gate)
{
	if (!config->homeassistant_discovery)
		return false;
	for (size_t i = 0; i < config->register_n_gates; i++)
		if (!strcmp(config->register_gates[i], gate))
			return true;
	return false;
}

/* ---- whom it was said of ---- */

static void remember(struct announce *a, const char *gate)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->gates[i], gate))
			return;
	if (a->n < ANNOUNCE_GATES_MAX)
		(void)snprintf(a->gates[a->n++], CONFIG_SLUG_MAX, "%s", gate);
}

void announce_open(struct announce *a, const struct config *config)
{
	char *text;

	*a = (struct announce){ .n = 0 };
	(void)snprintf(a->path, sizeof(a->path), "%s/" ANNOUNCE_FILE, config->paths_state_dir);
	if (file_read(a->path, FILE_MAX_BYTES, &text) < 0)
		return;
	for (char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		bool last = !line[len];
		line[len] = '\0';
		if (checkin_slug_valid(line))
			remember(a, line);
		line += len + !last;
	}
	free(text);
}

/* Whole or not at all: renamed into place. */
static int write_list(const struct announce *a)
{
	char temp[sizeof(a->path) + 4], text[FILE_MAX_BYTES + 1] = "";
	size_t len = 0;

	if (a->n == 0)
		return unlink(a->path) == 0 || errno == ENOENT ? 0 : -errno;
	for (size_t i = 0; i < a->n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", a->gates[i]);
	(void)snprintf(temp, sizeof(temp), "%s.new", a->path);
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, len);
	int err = n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;
	if (!err && fsync(fd) < 0)
		err = -errno;
	(void)close(fd);
	if (!err && rename(temp, a->path) < 0)
		err = -errno;
	return err;
}

int announce_begin(struct announce *a, const struct config *config)
{
	size_t before = a->n;

	for (size_t i = 0; config->homeassistant_discovery && i < config->register_n_gates; i++)
		remember(a, config->register_gates[i]);
	int err = a->n > before ? write_list(a) : 0;
	if (err)
		a->n = before;
	a->awaited = err ? 0 : a->n;
	a->refused = false;
	return err;
}

int announce_acked(struct announce *a, const struct config *config, int code)
{
	size_t kept = 0;

	a->refused |= code >= REFUSED_FROM;
	if (a->awaited == 0 || --a->awaited > 0 || a->refused)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		if (announce_wanted(config, a->gates[i]))
			memmove(a->gates[kept++], a->gates[i], CONFIG_SLUG_MAX);
	bool fewer = kept < a->n;
	a->n = kept;
	return fewer ? write_list(a) : 0;
}

/* ---- what is said ---- */

static void unique_id(const struct config *config, const char *gate, char ret_id[ROOT_MAX])
{
	(void)snprintf(ret_id, ROOT_MAX, "schoolpoort-%s-%s", config->school_id, gate);
}

void announce_topic(const struct config *config, const char *gate, char *ret_topic)
{
	char id[ROOT_MAX];

	unique_id(config, gate, id);
	(void)snprintf(ret_topic, ANNOUNCE_TOPIC_MAX, "homeassistant/device/%.90s/config", id);
}

static struct wire_node *component(
	const struct component *c, const char *device, const char *state_topic)
{
	struct wire_node *node = wire_node_object();
	char id[ROOT_MAX + 16];

	(void)snprintf(id, sizeof(id), "%s-%s", device, c->id);
	wire_node_set_text(node, "platform", c->platform);
	wire_node_set_text(node, "unique_id", id);
	wire_node_set_text(node, "name", c->name);
	wire_node_set_text(node, "value_template", c->template);
	wire_node_set_text(node, "entity_category", "diagnostic");
	if (c->class)
		wire_node_set_text(node, "device_class", c->class);
	if (c->unit)
		wire_node_set_text(node, "unit_of_measurement", c->unit);
	if (c->icon)
		wire_node_set_text(node, "icon", c->icon);
	if (c == components) /* what says that the gate is away isn't away with it */
		return node;
	wire_node_set_text(node, "availability_topic", state_topic);
	wire_node_set_text(node, "availability_template",
		"{{ 'online' if value_json.state == 'online' else 'offline' }}");
	return node;
}

char *announce_payload(const struct config *config, const char *gate)
{
	struct wire_node *root = wire_node_object(), *device = wire_node_object();
	struct wire_node *origin = wire_node_object(), *list = wire_node_object();
	struct wire_node *ids = wire_node_array();
	char id[ROOT_MAX], topic[ROOT_MAX], name[CONFIG_TEXT_MAX + CONFIG_SLUG_MAX + 4];

	unique_id(config, gate, id);
	(void)snprintf(
		topic, sizeof(topic), "schoolpoort/%s/gate/%s/state", config->school_id, gate);
	(void)snprintf(name, sizeof(name), "%s %s", config->school_name, gate);
	wire_node_set_text(ids, NULL, id);
	wire_node_set_node(device, "identifiers", ids);
	wire_node_set_text(device, "name", name);
	wire_node_set_text(device, "manufacturer", "Schoolpoort");
	wire_node_set_text(device, "model", "gate");
	wire_node_set_text(origin, "name", "schoolpoort-register");
	wire_node_set_text(origin, "sw_version", config_version());
	for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++)
		wire_node_set_node(list, components[i].id, component(&components[i], id, topic));
	wire_node_set_node(root, "device", device);
	wire_node_set_node(root, "origin", origin);
	wire_node_set_text(root, "state_topic", topic);
	wire_node_set_int(root, "qos", 1);
	wire_node_set_node(root, "components", list);
	char *text = wire_node_text(root);
	wire_node_destroy(root);
	return text;
}
