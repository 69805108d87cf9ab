/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu.h: the whole emulated reader without its operating system.
 *
 * Bytes from the host go in, bytes for the host come out at their time, commands of the control
 * language change cards and faults. Pure: each call gets the time, monotonic microseconds that
 * never go back; no I/O, no allocation, no static state; one thread.
 * Not here: pseudo-terminal, sockets, script file (main.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/emu_fault.h"
#include "emu/emu_script.h"
#include "emu/pn532_chip.h"
#include "emu/pn532_frame.h"

#define EMU_PIECE_MAX 8 /* bytes handed over at once: 0.7 ms of line time at 115,200 baud */
#define EMU_PIECES_MAX 256 /* three of the longest frames, and late ones */
#define EMU_SEEN_MAX 256 /* cards remembered for `state`; the one unseen longest goes first */
#define EMU_STATE_MAX 49152 /* bytes of the JSON line with EMU_SEEN_MAX cards */

/* Bytes for the host. */
struct emu_piece {
	int64_t due_us; /* when its last byte is over the line */
	uint8_t bytes[EMU_PIECE_MAX];
	size_t len;
	bool stays; /* late on purpose: the host's next command doesn't cancel it */
};

/* What happened to a card; times are 0 until it happens. */
struct emu_seen {
	uint8_t uid[PN532_UID_MAX];
	size_t uid_len;
	unsigned selects; /* answers that reported it */
	int64_t placed_us; /* the last time it was placed */
	int64_t first_us; /* first reported since it was placed */
	int64_t selected_us; /* last reported */
	int64_t leave_us; /* when a tap ends, or PN532_FOR_EVER */
	int64_t stay_us; /* until-read: stays so long after it was first reported; -1: not so */
};

struct emu {
	struct pn532_chip chip;
	struct pn532_parser parser;
	struct emu_faults faults;
	int baud; /* 0: the line takes no time */
	bool plugged; /* the port shall exist; main.c follows */
	struct emu_piece piece[EMU_PIECES_MAX]; /* by due_us */
	size_t n_pieces;
	int64_t rx_free_us, tx_free_us; /* when each direction of the line is free again */
	uint8_t last_frame[PN532_FRAME_MAX]; /* what a NACK asks for again */
	size_t last_len;
	struct emu_plan plan; /* of the InListPassiveTarget that is under way */
	struct emu_seen seen[EMU_SEEN_MAX];
	size_t n_seen;
	unsigned polls; /* InListPassiveTarget commands */
	unsigned mangled; /* answers that EMU_FAULT_MANGLE hurt */
	unsigned set_ups; /* SAMConfiguration commands: one an open */
	unsigned commands; /* good frames that the chip heard */
	unsigned bad_frames;
	unsigned lost_frames; /* came while the chip slept */
	unsigned lost_pieces; /* more was to be sent than EMU_PIECES_MAX hold */
};

/**
 * emu_init() - a plugged reader, chip asleep, no card.
 * @baud: of the line, or 0
 * @attempt_us: as pn532_chip_init()
 */
void emu_init(struct emu *e, int baud, int64_t attempt_us);

/**
 * emu_receive() - bytes that the host wrote.
 */
void emu_receive(struct emu *e, const uint8_t *bytes, size_t n, int64_t now_us);

/**
 * emu_advance() - let the time come to now: taps end, searches end.
 */
void emu_advance(struct emu *e, int64_t now_us);

/**
 * emu_send() - take what is due.
 * @out: room for EMU_PIECE_MAX bytes
 *
 * Returns the number of bytes, 0 when nothing is due. To be called until it gives 0.
 */
size_t emu_send(struct emu *e, uint8_t *out, int64_t now_us);

/**
 * emu_next_us() - when something is to be done next, or PN532_FOR_EVER.
 */
int64_t emu_next_us(const struct emu *e);

/**
 * emu_execute() - do one command of the control language; STATE and the WAITs do nothing here.
 *
 * Returns NULL, or the reason in English, a string that lives for ever.
 */
const char *emu_execute(struct emu *e, const struct emu_command *command, int64_t now_us);

/**
 * emu_unplugged() - the port is gone: what was on the line is lost, the chip has no power.
 */
void emu_unplugged(struct emu *e);

/**
 * emu_state() - counters as one line of JSON.
 * @uid: the only card to tell of, or NULL for all
 * @uid_len: of @uid
 * @out: receives text and end
 * @room: EMU_STATE_MAX for all cards, 1024 for one
 *
 * Returns the length, or 0 if the room was too small.
 */
size_t emu_state(const struct emu *e, const uint8_t *uid, size_t uid_len, char *out, size_t room);
