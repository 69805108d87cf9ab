/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/pn532_frame.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

void pn532_parser_init(struct pn532_parser *p)
{
	memset(p, 0, sizeof(*p));
	p->last = 0xFF; /* no half start code is behind us */
}

static enum pn532_event resync(struct pn532_parser *p, uint8_t last, enum pn532_event event)
{
	p->state = PN532_PARSER_SYNC;
	p->last = last;
	return event;
}

/* LEN counts the direction byte, so a frame without one has no meaning. */
static enum pn532_event begin_body(struct pn532_parser *p, size_t len, uint8_t last)
{
	if (len < 1 || len > PN532_DATA_MAX + 1)
		return resync(p, last, PN532_EVENT_BAD_LENGTH);
	p->expect = len - 1;
	p->len = 0;
	p->sum = 0;
	p->state = PN532_PARSER_TFI;
	return PN532_EVENT_NONE;
}

static enum pn532_event take_sync(struct pn532_parser *p, uint8_t byte)
{
	if (p->last == 0x00 && byte == 0xFF) {
		p->state = PN532_PARSER_LEN;
		return PN532_EVENT_NONE;
	}
	p->last = byte;
	return byte == PN532_WAKE_BYTE ? PN532_EVENT_WAKE : PN532_EVENT_NONE;
}

static enum pn532_event take_lcs(struct pn532_parser *p, uint8_t byte)
{
	uint8_t len = p->last;

	if (len == 0x00 && byte == 0xFF)
		return resync(p, byte, PN532_EVENT_ACK);
	if (len == 0xFF && byte == 0x00)
		return resync(p, byte, PN532_EVENT_NACK);
	if (len == 0xFF && byte == 0xFF) {
		p->state = PN532_PARSER_LONG_HIGH;
		return PN532_EVENT_NONE;
	}
	if ((uint8_t)(len + byte) != 0)
		return resync(p, byte, PN532_EVENT_BAD_LENGTH);
	return begin_body(p, len, byte);
}

static enum pn532_event take_long_lcs(struct pn532_parser *p, uint8_t byte)
{
	if ((uint8_t)((p->expect >> 8) + p->expect + byte) != 0)
		return resync(p, byte, PN532_EVENT_BAD_LENGTH);
	return begin_body(p, p->expect, byte);
}

static enum pn532_event take_dcs(struct pn532_parser *p, uint8_t byte)
{
	bool good = (uint8_t)(p->sum + byte) == 0;

	return resync(p, byte, good ? PN532_EVENT_FRAME : PN532_EVENT_BAD_CHECKSUM);
}

enum pn532_event pn532_parser_push(struct pn532_parser *p, uint8_t byte)
{
	switch (p->state) {
	case PN532_PARSER_SYNC:
		return take_sync(p, byte);
	case PN532_PARSER_LEN:
		p->last = byte;
		p->state = PN532_PARSER_LCS;
		return PN532_EVENT_NONE;
	case PN532_PARSER_LCS:
		return take_lcs(p, byte);
	case PN532_PARSER_LONG_HIGH:
		p->expect = (size_t)byte << 8;
		p->state = PN532_PARSER_LONG_LOW;
		return PN532_EVENT_NONE;
	case PN532_PARSER_LONG_LOW:
		p->expect |= byte;
		p->state = PN532_PARSER_LONG_LCS;
		return PN532_EVENT_NONE;
	case PN532_PARSER_LONG_LCS:
		return take_long_lcs(p, byte);
	case PN532_PARSER_TFI:
		p->tfi = byte;
		p->sum = byte;
		p->state = p->expect ? PN532_PARSER_DATA : PN532_PARSER_DCS;
		return PN532_EVENT_NONE;
	case PN532_PARSER_DATA:
		p->data[p->len++] = byte;
		p->sum = (uint8_t)(p->sum + byte);
		if (p->len == p->expect)
			p->state = PN532_PARSER_DCS;
		return PN532_EVENT_NONE;
	case PN532_PARSER_DCS:
		return take_dcs(p, byte);
	}
	return PN532_EVENT_NONE;
}

size_t pn532_frame_build(uint8_t *out, uint8_t tfi, const uint8_t *data, size_t len)
{
	size_t n = 0, announced = len + 1;
	uint8_t sum = tfi;

	assert(len >= 1 && len <= PN532_DATA_MAX);
	out[n++] = 0x00;
	out[n++] = 0x00;
	out[n++] = 0xFF;
	if (announced > 0xFF) {
		uint8_t high = (uint8_t)(announced >> 8), low = (uint8_t)announced;
		out[n++] = 0xFF;
		out[n++] = 0xFF;
		out[n++] = high;
		out[n++] = low;
		out[n++] = (uint8_t)(0x100 - (uint8_t)(high + low));
	} else {
		out[n++] = (uint8_t)announced;
		out[n++] = (uint8_t)(0x100 - announced);
	}
	out[n++] = tfi;
	for (size_t i = 0; i < len; i++) {
		out[n++] = data[i];
		sum = (uint8_t)(sum + data[i]);
	}
	out[n++] = (uint8_t)(0x100 - sum);
	out[n++] = 0x00;
	return n;
}

size_t pn532_frame_ack(uint8_t *out)
{
	static const uint8_t ack[] = { 0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00 };

	memcpy(out, ack, sizeof(ack));
	return sizeof(ack);
}

size_t pn532_frame_nack(uint8_t *out)
{
	static const uint8_t nack[] = { 0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00 };

	memcpy(out, nack, sizeof(nack));
	return sizeof(nack);
}

size_t pn532_frame_error(uint8_t *out)
{
	static const uint8_t error[] = { 0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00 };

	memcpy(out, error, sizeof(error));
	return sizeof(error);
}
