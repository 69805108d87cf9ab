/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * emu/pn532_frame.h: the frames between a host and a PN532 on its serial port, both ways.
 *
 * Pure: no clock, no I/O, no allocation, no static state; any thread may call it.
 * Source: PN532 user manual UM0701-02, 6.2.1. Not here: what a command means (pn532_chip.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PN532_DATA_MAX 264 /* bytes of command and parameters; LEN, one more, is at most 265 */
#define PN532_FRAME_MAX (PN532_DATA_MAX + 11) /* an extended frame's own bytes */
#define PN532_PLAIN_MAX 6 /* ACK and NACK; the error frame has 8 */
#define PN532_TFI_HOST 0xD4 /* direction byte: to the chip */
#define PN532_TFI_CHIP 0xD5 /* from the chip */
#define PN532_TFI_ERROR 0x7F /* from the chip: I don't know that command */
#define PN532_WAKE_BYTE 0x55 /* what a sleeping chip hears */

/* What one more byte has completed. */
enum pn532_event {
	PN532_EVENT_NONE, /* nothing yet */
	PN532_EVENT_WAKE, /* a wake-up byte outside of any frame */
	PN532_EVENT_ACK,
	PN532_EVENT_NACK,
	PN532_EVENT_FRAME, /* a good frame: tfi, data and len of the parser hold it */
	PN532_EVENT_BAD_LENGTH, /* length and its checksum disagree, or an impossible length */
	PN532_EVENT_BAD_CHECKSUM, /* the data's checksum is wrong */
};

enum pn532_parser_state {
	PN532_PARSER_SYNC, /* looking for 00 FF */
	PN532_PARSER_LEN,
	PN532_PARSER_LCS,
	PN532_PARSER_LONG_HIGH,
	PN532_PARSER_LONG_LOW,
	PN532_PARSER_LONG_LCS,
	PN532_PARSER_TFI,
	PN532_PARSER_DATA,
	PN532_PARSER_DCS,
};

struct pn532_parser {
	enum pn532_parser_state state;
	uint8_t last; /* the byte before, while in SYNC and in the length */
	uint8_t sum; /* of TFI and data so far */
	size_t expect; /* data bytes that the frame announced, 0..PN532_DATA_MAX */
	size_t len; /* data bytes so far; all of them at PN532_EVENT_FRAME */
	uint8_t tfi; /* direction byte of the frame */
	uint8_t data[PN532_DATA_MAX]; /* valid until the next byte is pushed */
};

/**
 * pn532_parser_init() - start without any byte seen.
 */
void pn532_parser_init(struct pn532_parser *p);

/**
 * pn532_parser_push() - take one byte from the line.
 *
 * A frame counts at its data checksum; the postamble after it is skipped like any byte between
 * frames. After a bad frame the parser looks for the next start code by itself. Can't fail.
 */
enum pn532_event pn532_parser_push(struct pn532_parser *p, uint8_t byte);

/**
 * pn532_frame_build() - a frame ready for the line.
 * @out: room for PN532_FRAME_MAX bytes
 * @tfi: PN532_TFI_HOST or PN532_TFI_CHIP
 * @data: command and parameters
 * @len: of @data, 1..PN532_DATA_MAX; from 255 on the frame is an extended one
 *
 * Returns the number of bytes. The last two are the data checksum and the postamble.
 */
size_t pn532_frame_build(uint8_t *out, uint8_t tfi, const uint8_t *data, size_t len);

/**
 * pn532_frame_ack() - the ACK frame, PN532_PLAIN_MAX bytes into @out; returns that number.
 */
size_t pn532_frame_ack(uint8_t *out);

/**
 * pn532_frame_nack() - the NACK frame, PN532_PLAIN_MAX bytes into @out; returns that number.
 */
size_t pn532_frame_nack(uint8_t *out);

/**
 * pn532_frame_error() - the chip's "syntax error" frame, 8 bytes into @out; returns that number.
 */
size_t pn532_frame_error(uint8_t *out);
