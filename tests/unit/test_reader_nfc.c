/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The driver's own decisions about what libnfc says, with a double in libnfc's place: above all for readers that no
 * emulator stands for. An ACR122U keeps an answer that came too late and gives it to the next command
 * (library-facts.md 1.2), so after any error there: close and open.
 */
#include "reader/reader.h"

#include <nfc/nfc.h>
#include <string.h>

#include "unit/unit.h"

int pn53x_transceive(struct nfc_device *pnd, const uint8_t *pbtTx, const size_t szTx,
	uint8_t *pbtRx, const size_t szRxLen, int timeout);

/* What the double gives. */
static struct {
	bool no_context, no_device, no_modulations;
	int init, property, tries, version; /* results */
	int select, last_error;
	size_t uid_len;
	int n_opened, n_closed, n_exited;
	bool infinite; /* NP_INFINITE_SELECT as it stands */
	bool ats;
} lib;

static char a_context, a_device; /* only their addresses are used */

void nfc_init(nfc_context **context)
{
	*context = lib.no_context ? NULL : (nfc_context *)&a_context;
}

void nfc_exit(nfc_context *context)
{
	assert_ptr_equal(context, &a_context);
	lib.n_exited++;
}

nfc_device *nfc_open(nfc_context *context, const nfc_connstring connstring)
{
	assert_ptr_equal(context, &a_context);
	assert_non_null(connstring); /* NULL would look for readers everywhere */
	if (lib.no_device)
		return NULL;
	lib.n_opened++;
	return (nfc_device *)&a_device;
}

void nfc_close(nfc_device *device)
{
	assert_ptr_equal(device, &a_device);
	lib.n_closed++;
}

int nfc_initiator_init(nfc_device *device)
{
	(void)device;
	lib.infinite = true; /* as libnfc does */
	lib.ats = true;
	return lib.init;
}

int nfc_device_set_property_bool(nfc_device *device, const nfc_property property, const bool enable)
{
	(void)device;
	if (property == NP_INFINITE_SELECT)
		lib.infinite = enable;
	if (property == NP_AUTO_ISO14443_4)
		lib.ats = enable;
	return lib.property;
}

int nfc_device_get_supported_modulation(
	nfc_device *device, const nfc_mode mode, const nfc_modulation_type **types)
{
	static const nfc_modulation_type known[] = { NMT_ISO14443A, 0 };

	(void)device;
	(void)mode;
	*types = lib.no_modulations ? NULL : known;
	return 0;
}

int nfc_initiator_select_passive_target(nfc_device *device, const nfc_modulation nm,
	const uint8_t *data, const size_t len, nfc_target *target)
{
	(void)device;
	(void)data;
	(void)len;
	assert_int_equal(nm.nmt, NMT_ISO14443A);
	assert_false(lib.infinite);
	memset(target, 0, sizeof(*target));
	target->nti.nai.szUidLen = lib.uid_len;
	memset(target->nti.nai.abtUid, 0x04, sizeof(target->nti.nai.abtUid));
	target->nti.nai.btSak = 0x20;
	target->nti.nai.abtAtqa[0] = 0x03;
	target->nti.nai.abtAtqa[1] = 0x44;
	return lib.select;
}

int nfc_device_get_last_error(const nfc_device *device)
{
	(void)device;
	return lib.last_error;
}

int pn53x_transceive(struct nfc_device *pnd, const uint8_t *pbtTx, const size_t szTx,
	uint8_t *pbtRx, const size_t szRxLen, int timeout)
{
	(void)pnd;
	(void)pbtRx;
	(void)szRxLen;
	assert_true(timeout > 200); /* an ACR122 never reads at less, and 0 is no limit */
	if (pbtTx[0] == 0x32)
		return lib.tries;
	assert_int_equal(pbtTx[0], 0x02);
	assert_int_equal(szTx, 1);
	return lib.version;
}

static void heal(void)
{
	memset(&lib, 0, sizeof(lib));
	lib.version = 4;
	lib.uid_len = 7;
}

#define UART "pn532_uart:/dev/null"
#define I2C "pn532_i2c:/dev/null"
#define SPI "pn532_spi:/dev/null"
#define ACR "acr122_usb"
#define ACR_AT "acr122_usb:001:004"
#define PN53X "pn53x_usb"

static const struct {
	const char *name, *connstring;
	int select, last_error;
	size_t uid_len;
	int want;
} looks[] = {
	{ "a card", UART, 1, 0, 7, 1 },
	{ "a card, over USB", ACR, 1, 0, 4, 1 },
	{ "nobody", UART, 0, 0, 0, 0 },
	{ "nobody, over USB", ACR, 0, 0, 0, 0 },
	{ "late", UART, NFC_ETIMEOUT, NFC_ETIMEOUT, 0, READER_ERR_TIMEOUT },
	{ "late, told as none", UART, 0, NFC_ETIMEOUT, 0, READER_ERR_TIMEOUT },
	{ "damaged", UART, NFC_EIO, NFC_EIO, 0, READER_ERR_IO },
	{ "damaged, told as none", I2C, 0, NFC_EIO, 0, READER_ERR_IO },
	{ "damaged, though with a card", UART, 1, NFC_EIO, 7, READER_ERR_IO },
	{ "late, over SPI", SPI, NFC_ETIMEOUT, NFC_ETIMEOUT, 0, READER_ERR_TIMEOUT },
	{ "late, over another USB", PN53X, NFC_ETIMEOUT, NFC_ETIMEOUT, 0, READER_ERR_TIMEOUT },
	{ "unplugged", PN53X, NFC_ENOTSUCHDEV, NFC_ENOTSUCHDEV, 0, READER_ERR_LOST },
	{ "ACR122: late", ACR, NFC_ETIMEOUT, NFC_ETIMEOUT, 0, READER_ERR_LOST },
	{ "ACR122: late, told as none", ACR, 0, NFC_ETIMEOUT, 0, READER_ERR_LOST },
	{ "ACR122: damaged", ACR, NFC_EIO, NFC_EIO, 0, READER_ERR_LOST },
	{ "ACR122: refused", ACR, NFC_ECHIP, NFC_ECHIP, 0, READER_ERR_LOST },
	{ "ACR122 by its place", ACR_AT, NFC_ETIMEOUT, NFC_ETIMEOUT, 0, READER_ERR_LOST },
	{ "a length that no card has", UART, 1, 0, 5, 0 },
	{ "none at all", UART, 1, 0, 0, 0 },
};

static void test_every_look(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		struct reader r = { .driver = &reader_nfc };
		struct reader_card card = { 0 };
		heal();
		assert_int_equal(r.driver->open(&r, looks[i].connstring), 0);
		assert_false(lib.ats);
		lib.select = looks[i].select;
		lib.last_error = looks[i].last_error;
		lib.uid_len = looks[i].uid_len;
		int got = r.driver->look(&r, &card);
		if (got != looks[i].want)
			fail_msg("%s: %d", looks[i].name, got);
		if (got == 1) {
			assert_int_equal(card.len, looks[i].uid_len);
			assert_int_equal(card.sak, 0x20);
			assert_int_equal(card.atqa, 0x0344);
		}
		assert_true(got >= 0 || r.reason[0]);
		r.driver->close(&r);
		assert_int_equal(lib.n_closed, 1);
		assert_int_equal(lib.n_exited, 1);
	}
}

static void test_every_ping(void **state)
{
	static const struct {
		const char *name, *connstring;
		int version, want;
	} row[] = {
		{ "the chip", UART, 4, 0 },
		{ "the chip, over USB", ACR, 4, 0 },
		{ "a driver without that method", UART, 0, READER_ERR_LOST },
		{ "another length", I2C, 6, READER_ERR_LOST },
		{ "late", I2C, NFC_ETIMEOUT, READER_ERR_TIMEOUT },
		{ "ACR122: late", ACR, NFC_ETIMEOUT, READER_ERR_LOST },
		{ "ACR122: damaged", ACR, NFC_EIO, READER_ERR_LOST },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct reader r = { .driver = &reader_nfc };
		heal();
		assert_int_equal(r.driver->open(&r, row[i].connstring), 0);
		lib.version = row[i].version;
		int got = r.driver->ping(&r);
		if (got != row[i].want)
			fail_msg("%s: %d", row[i].name, got);
		r.driver->close(&r);
	}
}

/* What comes to nothing leaves nothing open, and can be tried again. */
static void test_every_open(void **state)
{
	static const struct {
		const char *name, *connstring;
		bool no_context, no_device, no_modulations;
		int init, property, tries, want;
	} row[] = {
		{ "well", ACR, false, false, false, 0, 0, 0, 0 },
		{ "no context", UART, true, false, false, 0, 0, 0, READER_ERR_TIMEOUT },
		{ "no device", ACR, false, true, false, 0, 0, 0, READER_ERR_TIMEOUT },
		{ "half a device", UART, false, false, true, 0, 0, 0, READER_ERR_TIMEOUT },
		{ "late", UART, false, false, false, NFC_ETIMEOUT, 0, 0, READER_ERR_TIMEOUT },
		{ "damaged", UART, false, false, false, 0, NFC_EIO, 0, READER_ERR_IO },
		{ "tries refused", UART, false, false, false, 0, 0, NFC_EIO, READER_ERR_IO },
		{ "ACR122: late", ACR, false, false, false, NFC_ETIMEOUT, 0, 0, READER_ERR_LOST },
		{ "no node", "pn532_uart:/nonexistent/tty", false, false, false, 0, 0, 0,
			READER_ERR_ABSENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct reader r = { .driver = &reader_nfc };
		heal();
		lib.no_context = row[i].no_context;
		lib.no_device = row[i].no_device;
		lib.no_modulations = row[i].no_modulations;
		lib.init = row[i].init;
		lib.property = row[i].property;
		lib.tries = row[i].tries;
		int got = r.driver->open(&r, row[i].connstring);
		if (got != row[i].want)
			fail_msg("%s: %d", row[i].name, got);
		assert_int_equal(got < 0, r.state == NULL);
		assert_true(got >= 0 || r.reason[0]);
		r.driver->close(&r);
		assert_int_equal(lib.n_opened, lib.n_closed);
	}
}

/* A pause costs each pupil time; I2C's own driver may turn 5 ms into a second (N9). */
static void test_pauses(void **state)
{
	static const struct {
		const char *connstring;
		int pause_ms;
	} row[] = { { UART, 0 }, { I2C, 0 }, { SPI, 10 }, { ACR, 10 }, { PN53X, 10 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct reader r = { .driver = &reader_nfc };
		heal();
		assert_int_equal(r.driver->open(&r, row[i].connstring), 0);
		assert_int_equal(r.pause_ms, row[i].pause_ms);
		r.driver->close(&r);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_look),
		cmocka_unit_test(test_every_ping),
		cmocka_unit_test(test_every_open),
		cmocka_unit_test(test_pauses),
	};

	return cmocka_run_group_tests_name("reader_nfc", tests, NULL, NULL);
}
