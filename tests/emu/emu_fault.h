/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu_fault.h: the faults of the emulated reader, by name, and which of them are armed.
 *
 * Pure: no clock, no I/O, no allocation, no static state. To add one: a value here, a row in
 * emu_fault.c, its effect where emu.c carries out the plan, a row in test_emu_core.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_FAULTS_MAX 8 /* armed at once; the tests arm one or two */
#define EMU_ALWAYS (-1) /* a count without end */

enum emu_fault {
	EMU_FAULT_NONE,
	EMU_FAULT_NO_ACK, /* the answer comes, the ACK doesn't */
	EMU_FAULT_ACK_ONLY, /* ACK, then silence */
	EMU_FAULT_DROP, /* as ack_only, for one command */
	EMU_FAULT_MUTE, /* neither, and the command isn't done */
	EMU_FAULT_BAD_CHECKSUM, /* the answer's data checksum is wrong */
	EMU_FAULT_SPLIT, /* the answer comes in three pieces with gaps */
	EMU_FAULT_NOISE, /* seeded garbage before or inside the answer */
	EMU_FAULT_MANGLE, /* one of all that a bad line does, drawn anew for each answer */
	EMU_FAULT_LATE, /* the answer comes late, whatever the host has done meanwhile */
	EMU_FAULT_STATUS, /* another first answer byte, for one command */
	EMU_FAULT_UNPLUG, /* at once: no port, no link */
	EMU_FAULT_PLUG, /* at once: a new port behind the same link */
	EMU_FAULT_RESET, /* at once: the chip forgets its set-up and sleeps */
	EMU_FAULT_BROWNOUT, /* at once: it forgets its set-up, but goes on answering */
};

/* What stands behind a fault's name. */
enum emu_fault_arg {
	EMU_ARG_NONE,
	EMU_ARG_COMMAND, /* a command code, two hex digits */
	EMU_ARG_COMMAND_STATUS, /* a command code and a status byte */
	EMU_ARG_MS, /* milliseconds, must be given */
	EMU_ARG_GAP_MS, /* milliseconds, may be left out: 20 */
	EMU_ARG_SEED, /* a number, may be left out: 1 */
};

struct emu_fault_kind {
	const char *name; /* as on the control socket */
	enum emu_fault fault;
	enum emu_fault_arg arg;
	bool at_once; /* an event, not a state: takes no count */
};

struct emu_armed {
	enum emu_fault fault;
	int64_t value; /* milliseconds or seed */
	uint8_t command; /* DROP, STATUS: the only command concerned */
	uint8_t status; /* STATUS */
	int64_t left; /* commands still to be hit, or EMU_ALWAYS */
};

struct emu_faults {
	struct emu_armed armed[EMU_FAULTS_MAX];
	size_t n;
	uint64_t random; /* state of the noise; never 0 */
};

/* What happens to one command. All zero and both true: nothing special. */
struct emu_plan {
	bool dead; /* the command isn't even done */
	bool ack;
	bool answer;
	bool bad_checksum;
	bool noise;
	bool mangle;
	bool has_status;
	uint8_t status; /* with has_status */
	int64_t gap_us; /* 0: in one piece */
	int64_t late_us; /* 0: in time */
};

/**
 * emu_fault_kind_of() - the row of a name, or NULL.
 * @name: not necessarily ended by NUL
 * @len: its length in bytes
 */
const struct emu_fault_kind *emu_fault_kind_of(const char *name, size_t len);

/**
 * emu_fault_name() - the name of a fault; "none" for EMU_FAULT_NONE.
 */
const char *emu_fault_name(enum emu_fault fault);

/**
 * emu_faults_arm() - from the next command on.
 *
 * Takes the place of the same fault for the same command. Returns 0, or -1 when EMU_FAULTS_MAX
 * others are armed.
 */
int emu_faults_arm(struct emu_faults *f, const struct emu_armed *armed);

/**
 * emu_faults_clear() - none armed any more.
 */
void emu_faults_clear(struct emu_faults *f);

/**
 * emu_faults_plan() - what shall happen to this command; counts it.
 */
struct emu_plan emu_faults_plan(struct emu_faults *f, uint8_t command);

/**
 * emu_faults_random() - the next number of the noise, 0..UINT32_MAX; the same for the same seed.
 */
uint32_t emu_faults_random(struct emu_faults *f);
