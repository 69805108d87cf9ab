/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu_port.h: a serial port that isn't one: a pseudo-terminal behind a symbolic link.
 */
#pragma once

#include <stdbool.h>

struct emu_port {
	const char *link; /* path of the link; borrowed for the port's life */
	int master; /* our end, not blocking; -1: unplugged */
	int slave; /* kept open, so that a host that closes its end doesn't hang up the line */
};

/**
 * emu_port_init() - unplugged.
 */
void emu_port_init(struct emu_port *p, const char *link);

/**
 * emu_port_plug() - a new pseudo-terminal, raw, and the link to it.
 *
 * A link that is already there is replaced, anything else at its path is left alone. Returns 0 or
 * a negative errno (-EEXIST: something else stands there).
 */
int emu_port_plug(struct emu_port *p);

/**
 * emu_port_unplug() - close it and remove the link; accepts an unplugged one.
 */
void emu_port_unplug(struct emu_port *p);
