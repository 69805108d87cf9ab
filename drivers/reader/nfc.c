/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/nfc.c: cards through libnfc; the only file that knows it.
 *
 * DESIGN: a look is one InListPassiveTarget for one card of ISO/IEC 14443 A, with a number of
 * tries that is set once after the open. Each call into libnfc here has an end: 350 ms a command,
 * 300 ms a look, 1.5 s an open. Rejected, all measured (library-facts.md 1.2):
 * nfc_initiator_poll_target() waits for ever on a chip that is mute; nfc_abort_command() doesn't
 * end it and leaks a descriptor a call; target_is_present() knows few cards;
 * nfc_initiator_list_passive_targets() gives 0 for a select that failed. It also sends the number
 * of tries anew before each look: half of the bytes on the line, and a chip that has lost its
 * set-up (no SAM configuration, finds nobody) would then pass for an empty field. With the tries
 * set once such a chip looks without end, and the first look that gets no answer finds it out.
 */
#include "reader/reader.h"

#include <nfc/nfc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_MS 350
#define FIRMWARE_LEN                                                                               \
	4 /* the answer to GetFirmwareVersion of a PN532: IC, version, revision, support */
/*
 * Tries of one look after the first. A chip that goes on looking answers the moment a card comes,
 * and wakes this program ten times a second instead of a hundred. Fewer than 300 ms must hold them
 * all, whatever a try takes on a board: the emulator has 5 ms, 11 tries leave room for 27.
 * README.md has the figures.
 */
#define LOOK_TRIES 10
#define I2C_PAUSE_MS 0 /* 5 ms or more may sleep for a second in libnfc's I2C driver */
#define PAUSE_MS 10

/* Exported by libnfc, in none of its installed headers. */
int pn53x_transceive(struct nfc_device *pnd, const uint8_t *pbtTx, const size_t szTx,
	uint8_t *pbtRx, const size_t szRxLen, int timeout);

struct nfc_state {
	nfc_context *context;
	nfc_device *device;
	bool fragile; /* after any error the next answer may be an old one: close and open */
};

static bool is_transport(const char *connstring, const char *transport)
{
	size_t len = strlen(transport);

	return strncmp(connstring, transport, len) == 0 &&
	       (connstring[len] == ':' || connstring[len] == '\0');
}

static void set_reason(struct reader *r, const char *reason)
{
	(void)snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

/* Of a connstring DRIVER:/dev/NODE[:SPEED] whether the node is missing; of others it can't be
 * told. */
static bool is_absent(struct reader *r, const char *connstring)
{
	char node[READER_REASON_MAX];
	const char *at = strchr(connstring, ':');

	if (!at || at[1] != '/')
		return false;
	size_t len = strcspn(at + 1, ":");
	if (len >= sizeof(node) - sizeof("no device "))
		return false;
	memcpy(node, at + 1, len);
	node[len] = '\0';
	if (access(node, F_OK) == 0)
		return false;
	(void)snprintf(r->reason, sizeof(r->reason), "no device %.140s", node);
	return true;
}

static int to_reader_err(struct reader *r, int nfc_error)
{
	const struct nfc_state *s = r->state;
	bool late = nfc_error == NFC_ETIMEOUT;

	set_reason(
		r, late ? "the chip does not answer in time" : "the answer of the chip is damaged");
	if (nfc_error == NFC_ENOTSUCHDEV || s->fragile)
		return READER_ERR_LOST;
	return late ? READER_ERR_TIMEOUT : READER_ERR_IO;
}

/* How often the chip asks for a card within one look. */
static int set_tries(nfc_device *device)
{
	/* RFConfiguration, item 5: MxRtyATR, MxRtyPSL, MxRtyPassiveActivation; UM0701-02, 7.3.1. */
	static const uint8_t command[] = { 0x32, 0x05, 0x00, 0x01, LOOK_TRIES };

	return pn53x_transceive(device, command, sizeof(command), NULL, 0, COMMAND_MS);
}

static int set_up(struct reader *r)
{
	const struct nfc_state *s = r->state;
	int err = nfc_initiator_init(s->device); /* leaves a select without an end */

	if (err >= 0)
		err = nfc_device_set_property_bool(s->device, NP_INFINITE_SELECT, false);
	if (err >= 0) /* the UID is all we ask for: no RATS, which takes a card 5 ms and more */
		err = nfc_device_set_property_bool(s->device, NP_AUTO_ISO14443_4, false);
	if (err >= 0)
		err = set_tries(s->device);
	return err < 0 ? to_reader_err(r, err) : 0;
}

/*
 * pn532_uart drops the result of its own start: where the chip left GetFirmwareVersion unanswered, nfc_open()
 * gives a device that knows no modulation, and the first select ends in libnfc's assert. Measured 2026-11-21,
 * libnfc 1.8.0, emulator with `fault drop 02`: hardware-notes/pn532.md.
 */
static bool knows_cards(nfc_device *device)
{
	const nfc_modulation_type *types = NULL;

	return nfc_device_get_supported_modulation(device, N_INITIATOR, &types) >= 0 && types;
}

static void nfc_driver_close(struct reader *r)
{
	struct nfc_state *s = r->state;

	if (!s)
		return;
	if (s->device)
		nfc_close(s->device);
	if (s->context)
		nfc_exit(s->context);
	free(s);
	r->state = NULL;
}

static int nfc_driver_open(struct reader *r, const char *connstring)
{
	struct nfc_state *s = r->state = calloc(1, sizeof(*s));

	/* At another level libnfc writes to stderr at each failed poll. A developer's own value
	 * stays. */
	if (!s || setenv("LIBNFC_LOG_LEVEL", "0", 0)) {
		set_reason(r, "out of memory");
		nfc_driver_close(r);
		return READER_ERR_MEMORY;
	}
	s->fragile = is_transport(connstring, "acr122_usb");
	bool steady = is_transport(connstring, "pn532_uart");
	r->pause_ms = is_transport(connstring, "pn532_i2c") ? I2C_PAUSE_MS : steady ? 0 : PAUSE_MS;
	int err = READER_ERR_ABSENT;
	if (is_absent(r, connstring))
		goto out;
	err = READER_ERR_TIMEOUT;
	set_reason(r, "the device does not answer as a reader");
	nfc_init(&s->context);
	if (s->context)
		s->device = nfc_open(s->context, connstring);
	if (!s->device || !knows_cards(s->device))
		goto out;
	err = set_up(r);
out:
	if (err < 0)
		nfc_driver_close(r);
	return err;
}

static int take_card(const nfc_target *target, struct reader_card *ret_card)
{
	const nfc_iso14443a_info *info = &target->nti.nai;
	size_t len = info->szUidLen;

	if (len != 4 && len != 7 && len != 10)
		return 0; /* no card has such a UID: what answered is nobody we could name */
	*ret_card = (struct reader_card){
		.len = len,
		.sak = info->btSak,
		.atqa = info->abtAtqa[0] << 8 | info->abtAtqa[1],
	};
	memcpy(ret_card->uid, info->abtUid, len);
	return 1;
}

static int nfc_driver_look(struct reader *r, struct reader_card *ret_card)
{
	static const nfc_modulation type_a = { .nmt = NMT_ISO14443A, .nbr = NBR_106 };
	const struct nfc_state *s = r->state;
	nfc_target target;

	int n = nfc_initiator_select_passive_target(s->device, type_a, NULL, 0, &target);
	int last = nfc_device_get_last_error(s->device);
	if (n < 0 || last < 0) /* 0 with a last error is an error, never an empty field */
		return to_reader_err(r, n < 0 ? n : last);
	return n == 0 ? 0 : take_card(&target, ret_card);
}

static int nfc_driver_ping(struct reader *r)
{
	static const uint8_t firmware_version[] = { 0x02 };
	const struct nfc_state *s = r->state;
	uint8_t answer[16];

	/* The length is checked, since a method that a driver lacks reads as 0, which means
	 * success. */
	int n = pn53x_transceive(s->device, firmware_version, sizeof(firmware_version), answer,
		sizeof(answer), COMMAND_MS);
	if (n < 0)
		return to_reader_err(r, n);
	if (n != FIRMWARE_LEN) {
		set_reason(r, "the chip does not say its version");
		return READER_ERR_LOST;
	}
	return 0;
}

const struct reader_driver reader_nfc = {
	.name = "nfc",
	.open = nfc_driver_open,
	.look = nfc_driver_look,
	.ping = nfc_driver_ping,
	.close = nfc_driver_close,
};
