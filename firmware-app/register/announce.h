/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/announce.h: Home Assistant is told of the gates (homeassistant.discovery): what to say, and to whom it was said.
 *
 * The one topic outside the school's root. The register says it, since a gate writes below its own name alone. Only what
 * IT may read anyway stands behind it: gate/{gate}/state. The gates that were announced are kept in a small file, so that
 * switching it off, or taking a gate away, empties what is retained; who never switched it on never writes there.
 * Source: contract, topics.md "Additions"; home-assistant.io, "MQTT: discovery", device messages (2024.11 and later).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sys/config.h"

#define ANNOUNCE_FILE "homeassistant" /* in paths.state_dir: a gate a line */
#define ANNOUNCE_GATES_MAX                                                                         \
	(2 * CONFIG_GATES_MAX) /* those of now, and as many that were taken away */
#define ANNOUNCE_TOPIC_MAX 128 /* bytes with the zero; two names of 32 in it */

struct announce {
	char path[CONFIG_PATH_MAX + sizeof(ANNOUNCE_FILE) + 1];
	size_t n; /* gates that may have been announced */
	char gates[ANNOUNCE_GATES_MAX][CONFIG_SLUG_MAX];
	size_t awaited; /* answers of the broker that are still to come */
	bool refused; /* one of them was no */
};

/** announce_open() - read what an earlier start announced; a file that is missing or damaged counts as none. */
void announce_open(struct announce *a, const struct config *config);

/** announce_begin() - all is said anew, to a new connection; the gates of now join those that are remembered, on disk
 * first. Return: 0, or negative errno: what can't be remembered isn't said. */
int announce_begin(struct announce *a, const struct config *config);

/** announce_acked() - the broker took one of the messages, or didn't. After the last, those that it emptied are forgotten.
 * @code: MQTT 5 reason. Return: 0 or negative errno: they are emptied again at the next connection. */
int announce_acked(struct announce *a, const struct config *config, int code);

/** announce_wanted() - whether a gate is to be announced; otherwise its topic is emptied. */
bool announce_wanted(const struct config *config, const char *gate);

/** announce_topic() - whole, not below the school's root. @ret_topic: ANNOUNCE_TOPIC_MAX bytes */
void announce_topic(const struct config *config, const char *gate, char *ret_topic);

/** announce_payload() - for free(). NULL: memory is out. */
char *announce_payload(const struct config *config, const char *gate);
