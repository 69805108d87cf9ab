/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/pn532_chip.h: what a PN532 does with a command, and the cards in its field.
 *
 * Pure: the time comes in as a number, the answer goes out as data; no I/O, no allocation, no
 * static state; any thread may call it. Not here: frames (pn532_frame.h), faults (emu_fault.h),
 * the line's speed (emu.h).
 * Source: PN532 user manual UM0701-02, chapter 7; ISO/IEC 14443-3 for cards. Times in the air are
 * estimates, not measurements: only a board can give them (hardware-notes/pn532.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/pn532_frame.h"

#define PN532_UID_MAX 10 /* bytes; ISO/IEC 14443-3 has 4, 7 and 10 */
#define PN532_ATS_MAX 20 /* bytes with its own length byte; longer ones don't occur here */
#define PN532_FIELD_MAX 4 /* cards that fit before an antenna */
#define PN532_LISTED_MAX 2 /* targets the chip keeps, its own limit */
#define PN532_FOR_EVER INT64_MAX /* an end that doesn't come */

/* Command codes that the model knows; the answer's code is one more. */
enum pn532_command {
	PN532_DIAGNOSE = 0x00,
	PN532_GET_FIRMWARE_VERSION = 0x02,
	PN532_GET_GENERAL_STATUS = 0x04,
	PN532_READ_REGISTER = 0x06,
	PN532_WRITE_REGISTER = 0x08,
	PN532_SET_PARAMETERS = 0x12,
	PN532_SAM_CONFIGURATION = 0x14,
	PN532_POWER_DOWN = 0x16,
	PN532_RF_CONFIGURATION = 0x32,
	PN532_IN_DATA_EXCHANGE = 0x40,
	PN532_IN_COMMUNICATE_THRU = 0x42,
	PN532_IN_DESELECT = 0x44,
	PN532_IN_LIST_PASSIVE_TARGET = 0x4A,
	PN532_IN_RELEASE = 0x52,
	PN532_IN_SELECT = 0x54,
};

/* Status bytes of UM0701-02, 7.1. */
enum pn532_status {
	PN532_STATUS_OK = 0x00,
	PN532_STATUS_TIMEOUT = 0x01, /* the card didn't answer */
	PN532_STATUS_AUTH = 0x14, /* MIFARE authentication failed */
	PN532_STATUS_CONTEXT = 0x27, /* no such target, or not now */
};

struct pn532_card {
	uint8_t uid[PN532_UID_MAX];
	uint8_t uid_len; /* 1..PN532_UID_MAX; other values than 4, 7, 10 exist as garbage only */
	uint8_t atqa[2]; /* high byte first, as libnfc prints it */
	uint8_t sak;
	uint8_t ats[PN532_ATS_MAX]; /* first byte: its length; used only with SAK bit 20 */
	uint8_t ats_len; /* 0: none */
	bool halted; /* deselected: answers no request until the field was off */
};

struct pn532_field {
	struct pn532_card card[PN532_FIELD_MAX]; /* in the order of placement */
	size_t n;
	bool alternate; /* a wallet: only one of the first two is heard, A, B, A, B */
	bool every_second; /* cards are heard at every second poll only */
	unsigned turn; /* polls answered with this field; picks whom the two modes let speak */
};

enum pn532_answer_kind {
	PN532_ANSWER_NONE, /* asleep: neither ACK nor answer */
	PN532_ANSWER_DATA, /* data[0] is the command plus one */
	PN532_ANSWER_SYNTAX, /* ACK, then the error frame */
	PN532_ANSWER_LATER, /* ACK now; ask pn532_chip_look() until it is there */
};

struct pn532_answer {
	enum pn532_answer_kind kind;
	int64_t at_us; /* when the chip has it ready, on the caller's clock; DATA and SYNTAX */
	size_t len; /* 1..PN532_DATA_MAX with DATA */
	uint8_t data[PN532_DATA_MAX];
	struct pn532_card listed[PN532_LISTED_MAX]; /* the cards that the answer reports */
	size_t n_listed;
};

struct pn532_chip {
	struct pn532_field field; /* the world before the antenna: outlives a reset */
	int64_t attempt_us; /* one unanswered request in the air; 0: the air takes no time */
	bool awake;
	bool sam_ready; /* SAMConfiguration came since power-on; without it no card is found */
	bool rf_on;
	uint8_t parameters; /* SetParameters; bit 4: fetch the ATS by itself */
	uint8_t passive_retries; /* RFConfiguration item 5; 255: for ever */
	uint8_t reg[64]; /* registers 6300 to 633F */
	struct pn532_card listed[PN532_LISTED_MAX]; /* targets 1 and 2 */
	size_t n_listed;
	bool looking; /* an InListPassiveTarget is under way */
	int64_t look_until_us;
	uint8_t look_max; /* targets asked for, 1 or 2 */
	uint8_t look_uid[PN532_UID_MAX]; /* the one card asked for */
	size_t look_uid_len; /* 0: any card */
};

/**
 * pn532_chip_init() - a chip just powered, asleep, nothing before its antenna.
 * @attempt_us: length of one unanswered request, 0 or more microseconds
 */
void pn532_chip_init(struct pn532_chip *c, int64_t attempt_us);

/**
 * pn532_chip_reset() - what RSTPD_N does: set-up and targets are forgotten, the field stays.
 *
 * The chip sleeps afterwards.
 */
void pn532_chip_reset(struct pn532_chip *c);

/**
 * pn532_chip_wake() - a wake-up byte came.
 */
void pn532_chip_wake(struct pn532_chip *c);

/**
 * pn532_chip_command() - do one command.
 * @data: command code and parameters
 * @len: 1..PN532_DATA_MAX
 * @now_us: when the frame's last byte came
 * @ret_answer: always filled
 *
 * A command ends the one before it, as on the chip.
 */
void pn532_chip_command(struct pn532_chip *c, const uint8_t *data, size_t len, int64_t now_us,
	struct pn532_answer *ret_answer);

/**
 * pn532_chip_look() - go on with an InListPassiveTarget that had no answer yet.
 *
 * To be called when the field has changed and when look_until_us is reached. Gives
 * PN532_ANSWER_LATER again as long as there is neither a card nor the end of the tries, and
 * PN532_ANSWER_NONE if nothing is being looked for.
 */
void pn532_chip_look(struct pn532_chip *c, int64_t now_us, struct pn532_answer *ret_answer);

/**
 * pn532_chip_abort() - the host's ACK: what was under way ends without an answer.
 */
void pn532_chip_abort(struct pn532_chip *c);

/**
 * pn532_field_place() - put a card before the antenna.
 *
 * A card with the same UID is replaced. Returns 0, or -1 if PN532_FIELD_MAX others are there.
 */
int pn532_field_place(struct pn532_field *f, const struct pn532_card *card);

/**
 * pn532_field_remove() - take a card away.
 *
 * Returns whether it was there. The two modes end with the last card.
 */
bool pn532_field_remove(struct pn532_field *f, const uint8_t *uid, size_t uid_len);

/**
 * pn532_field_clear() - take all cards away; alternate mode ends, every_second stays.
 */
void pn532_field_clear(struct pn532_field *f);

/**
 * pn532_card_same() - whether two UIDs are the same.
 */
bool pn532_card_same(const struct pn532_card *card, const uint8_t *uid, size_t uid_len);
