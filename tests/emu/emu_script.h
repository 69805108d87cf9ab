/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/emu_script.h: the emulator's control language, one command a line.
 *
 *	place UID [sak XX] [atqa XXXX] [ats HEX]   a card comes and stays
 *	tap UID MS [sak ...]                       it comes and leaves after MS
 *	tap UID until-read MS [sak ...]            it leaves MS after it was reported first
 *	two UID1 UID2                              a wallet: polls see A, B, A, B
 *	remove [UID]                               one card, or all, leave
 *	every_second on|off                        cards answer every second poll only
 *	fault NAME [ARG] [count N]                 emu_fault.c has the names
 *	clear                                      no fault any more
 *	state [UID]                                one line of JSON
 *	wait MS | wait poll                        in a script only
 *
 * Pure: no clock, no I/O, no allocation, no static state; any thread may call it.
 */
#pragma once

#include <stdint.h>

#include "emu/emu_fault.h"
#include "emu/pn532_chip.h"

#define EMU_LINE_MAX 256 /* bytes of a command line; the longest sensible one has under 100 */
#define EMU_WAIT_MAX_MS 86400000 /* a day */

enum emu_verb {
	EMU_VERB_NONE, /* an empty line or a comment */
	EMU_VERB_PLACE,
	EMU_VERB_TAP,
	EMU_VERB_TWO,
	EMU_VERB_REMOVE,
	EMU_VERB_EVERY_SECOND,
	EMU_VERB_FAULT,
	EMU_VERB_CLEAR,
	EMU_VERB_STATE,
	EMU_VERB_WAIT,
	EMU_VERB_WAIT_POLL,
};

struct emu_command {
	enum emu_verb verb;
	struct pn532_card card; /* PLACE, TAP, TWO; REMOVE and STATE: uid_len 0 means all */
	struct pn532_card second; /* TWO */
	int64_t ms; /* TAP, WAIT: 0..EMU_WAIT_MAX_MS */
	bool until_read; /* TAP */
	bool on; /* EVERY_SECOND */
	struct emu_armed fault; /* FAULT */
};

/**
 * emu_script_parse() - read one line.
 * @line: NUL-ended, without a line end; blanks and tabs part the words
 * @ret_command: filled on success
 *
 * Returns NULL, or the reason in English, a string that lives for ever.
 */
const char *emu_script_parse(const char *line, struct emu_command *ret_command);

/**
 * emu_script_uid() - a UID as upper-case hex with an end, into room for 2 * PN532_UID_MAX + 1.
 */
void emu_script_uid(const uint8_t *uid, size_t uid_len, char *out);
