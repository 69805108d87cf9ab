/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/pn532_chip.h"

#include <assert.h>
#include <string.h>

#define CHIP_US 200 /* the chip's own time for a command without the air; estimated */
#define LEVEL_US 1500 /* anticollision and select of one cascade level; estimated */
#define ATS_US 3000 /* RATS and its answer; estimated */
#define EXCHANGE_US 5000 /* a short command to a card; estimated */
#define PARAM_AUTO_RATS 0x10
#define SAK_ISO_DEP 0x20
#define SAK_CLASSIC 0x08
#define CASCADE_TAG 0x88

bool pn532_card_same(const struct pn532_card *card, const uint8_t *uid, size_t uid_len)
{
	return card->uid_len == uid_len && memcmp(card->uid, uid, uid_len) == 0;
}

int pn532_field_place(struct pn532_field *f, const struct pn532_card *card)
{
	pn532_field_remove(f, card->uid, card->uid_len);
	if (f->n == PN532_FIELD_MAX)
		return -1;
	f->card[f->n] = *card;
	f->card[f->n].halted = false;
	f->n++;
	f->turn = 0;
	return 0;
}

bool pn532_field_remove(struct pn532_field *f, const uint8_t *uid, size_t uid_len)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!pn532_card_same(&f->card[i], uid, uid_len))
			continue;
		memmove(&f->card[i], &f->card[i + 1], (f->n - i - 1) * sizeof(f->card[0]));
		f->n--;
		f->alternate = f->alternate && f->n >= 2;
		return true;
	}
	return false;
}

void pn532_field_clear(struct pn532_field *f)
{
	f->n = 0;
	f->alternate = false;
	f->turn = 0;
}

static void field_dropped(struct pn532_chip *c)
{
	for (size_t i = 0; i < c->field.n; i++)
		c->field.card[i].halted = false;
	c->n_listed = 0;
}

void pn532_chip_reset(struct pn532_chip *c)
{
	c->awake = false;
	c->sam_ready = false;
	c->rf_on = false;
	c->parameters = PARAM_AUTO_RATS; /* reset values of UM0701-02, 7.2.9 and 7.3.1 */
	c->passive_retries = 0xFF;
	c->looking = false;
	memset(c->reg, 0, sizeof(c->reg));
	field_dropped(c);
}

void pn532_chip_init(struct pn532_chip *c, int64_t attempt_us)
{
	memset(c, 0, sizeof(*c));
	c->attempt_us = attempt_us;
	pn532_chip_reset(c);
}

void pn532_chip_wake(struct pn532_chip *c)
{
	c->awake = true;
}

void pn532_chip_abort(struct pn532_chip *c)
{
	c->looking = false;
}

static void put(struct pn532_answer *a, uint8_t byte)
{
	assert(a->len < sizeof(a->data));
	a->data[a->len++] = byte;
}

static void put_all(struct pn532_answer *a, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(a, bytes[i]);
}

static void syntax(struct pn532_answer *a)
{
	a->kind = PN532_ANSWER_SYNTAX;
}

/* Where a card stands in the field, or NULL. */
static struct pn532_card *in_field(struct pn532_chip *c, const struct pn532_card *card)
{
	for (size_t i = 0; i < c->field.n; i++) {
		if (pn532_card_same(&c->field.card[i], card->uid, card->uid_len))
			return &c->field.card[i];
	}
	return NULL;
}

static bool is_heard(const struct pn532_chip *c, size_t i)
{
	const struct pn532_field *f = &c->field;

	/* Asked for one UID the chip wakes it up, asked for any it sends a plain request. */
	if (c->look_uid_len)
		return pn532_card_same(&f->card[i], c->look_uid, c->look_uid_len);
	if (f->card[i].halted)
		return false;
	if (f->every_second && c->look_until_us != PN532_FOR_EVER && f->turn % 2 == 1)
		return false;
	if (f->alternate && i < 2)
		return i == f->turn % 2;
	return true;
}

static int64_t select_us(const struct pn532_chip *c, const struct pn532_card *card, bool with_ats)
{
	int levels = card->uid_len <= 4 ? 1 : card->uid_len <= 7 ? 2 : 3;

	if (!c->attempt_us)
		return 0;
	return LEVEL_US * levels + (with_ats ? ATS_US : 0);
}

static void report_target(
	struct pn532_chip *c, const struct pn532_card *card, uint8_t number, struct pn532_answer *a)
{
	bool with_ats = (card->sak & SAK_ISO_DEP) && (c->parameters & PARAM_AUTO_RATS);

	put(a, number);
	put_all(a, card->atqa, sizeof(card->atqa));
	put(a, card->sak);
	put(a, card->uid_len);
	put_all(a, card->uid, card->uid_len);
	if (with_ats)
		put_all(a, card->ats, card->ats_len);
	a->at_us += select_us(c, card, with_ats);
}

void pn532_chip_look(struct pn532_chip *c, int64_t now_us, struct pn532_answer *ret_answer)
{
	struct pn532_answer *a = ret_answer;
	size_t n = 0;

	memset(a, 0, sizeof(*a));
	if (!c->looking)
		return;
	a->at_us = now_us + CHIP_US;
	put(a, PN532_IN_LIST_PASSIVE_TARGET + 1);
	put(a, 0);
	for (size_t i = 0; i < c->field.n && n < c->look_max; i++) {
		if (!c->sam_ready || !is_heard(c, i))
			continue;
		c->listed[n++] = c->field.card[i];
		report_target(c, &c->field.card[i], (uint8_t)n, a);
	}
	if (!n && now_us < c->look_until_us) {
		a->kind = PN532_ANSWER_LATER;
		return;
	}
	c->looking = false;
	c->n_listed = n;
	if (c->field.n)
		c->field.turn++;
	a->kind = PN532_ANSWER_DATA;
	a->data[1] = (uint8_t)n;
	memcpy(a->listed, c->listed, sizeof(a->listed));
	a->n_listed = n;
}

/* The UID that the host asks for, without its cascade tags. */
static void set_wanted_uid(struct pn532_chip *c, const uint8_t *data, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < PN532_UID_MAX; i++) {
		bool tag = data[i] == CASCADE_TAG && i % 4 == 0 && i + 4 < len;
		if (!tag)
			c->look_uid[n++] = data[i];
	}
	c->look_uid_len = n;
}

static void list_targets(
	struct pn532_chip *c, const uint8_t *p, size_t n, int64_t now_us, struct pn532_answer *a)
{
	enum { MOD_106A, MOD_106JEWEL = 4 };

	if (n < 2 || p[0] < 1 || p[0] > PN532_LISTED_MAX || p[1] > MOD_106JEWEL) {
		syntax(a);
		return;
	}
	int64_t tries_us = (c->passive_retries + 1) * c->attempt_us;
	c->rf_on = true;
	if (p[1] != MOD_106A) { /* no such card can be placed: the tries pass, nobody answers */
		put(a, 0);
		a->at_us += c->passive_retries == 0xFF ? 0 : tries_us;
		return;
	}
	set_wanted_uid(c, p + 2, n - 2);
	c->look_max = p[0];
	c->look_until_us = c->passive_retries == 0xFF ? PN532_FOR_EVER : now_us + tries_us;
	c->looking = true;
	pn532_chip_look(c, now_us, a);
}

static void configure_rf(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	static const struct {
		uint8_t item;
		uint8_t len;
	} shape[] = { { 0x01, 1 }, { 0x02, 3 }, { 0x04, 1 }, { 0x05, 3 }, { 0x0A, 11 }, { 0x0B, 8 },
		{ 0x0C, 3 }, { 0x0D, 9 } };

	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
		if (n != shape[i].len + 1U || p[0] != shape[i].item)
			continue;
		if (p[0] == 0x01)
			c->rf_on = p[1] & 1;
		if (p[0] == 0x01 && !c->rf_on)
			field_dropped(c);
		if (p[0] == 0x05)
			c->passive_retries = p[3];
		return;
	}
	syntax(a);
}

static void read_registers(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	if (n < 2 || n % 2) {
		syntax(a);
		return;
	}
	for (size_t i = 0; i < n; i += 2) /* registers outside the radio read as 0 */
		put(a, p[i] == 0x63 && p[i + 1] < sizeof(c->reg) ? c->reg[p[i + 1]] : 0);
}

static void write_registers(
	struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	if (n < 3 || n % 3) {
		syntax(a);
		return;
	}
	for (size_t i = 0; i < n; i += 3) {
		if (p[i] == 0x63 && p[i + 1] < sizeof(c->reg))
			c->reg[p[i + 1]] = p[i + 2];
	}
}

static void diagnose(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	enum { TEST_LINE = 0, TEST_ROM = 1, TEST_RAM = 2, TEST_CARD = 6, TEST_ANTENNA = 7 };

	switch (n ? p[0] : 0xFF) {
	case TEST_LINE: /* says back what it was told */
		put_all(a, p, n);
		return;
	case TEST_ROM:
	case TEST_RAM:
	case TEST_ANTENNA:
		put(a, PN532_STATUS_OK);
		return;
	case TEST_CARD:
		put(a, c->n_listed && in_field(c, &c->listed[0]) ? PN532_STATUS_OK
								 : PN532_STATUS_TIMEOUT);
		return;
	default:
		syntax(a);
	}
}

static void general_status(struct pn532_chip *c, struct pn532_answer *a)
{
	put(a, 0x00); /* last error */
	put(a, 0x00); /* no field but its own */
	put(a, (uint8_t)c->n_listed);
	for (size_t i = 0; i < c->n_listed; i++) {
		put(a, (uint8_t)(i + 1));
		put(a, 0x00); /* 106 kbit/s both ways */
		put(a, 0x00);
		put(a, 0x00); /* ISO/IEC 14443 A */
	}
	put(a, 0x00); /* SAM */
}

/* InDeselect and InRelease differ only in whether the chip still knows the target. */
static void let_go(
	struct pn532_chip *c, const uint8_t *p, size_t n, bool forget, struct pn532_answer *a)
{
	if (n != 1) {
		syntax(a);
		return;
	}
	for (size_t i = 0; i < c->n_listed; i++) {
		struct pn532_card *card = in_field(c, &c->listed[i]);
		if (card && (p[0] == 0 || p[0] == i + 1))
			card->halted = true;
	}
	put(a, p[0] <= c->n_listed ? PN532_STATUS_OK : PN532_STATUS_CONTEXT);
	if (forget && p[0] == 0)
		c->n_listed = 0;
}

static void select_target(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	if (n != 1) {
		syntax(a);
		return;
	}
	if (p[0] < 1 || p[0] > c->n_listed) {
		put(a, PN532_STATUS_CONTEXT);
		return;
	}
	struct pn532_card *card = in_field(c, &c->listed[p[0] - 1]);
	if (card)
		card->halted = false;
	a->at_us += c->attempt_us;
	put(a, card ? PN532_STATUS_OK : PN532_STATUS_TIMEOUT);
}

/* Just so much card that "is it still there" has an answer; the content of a card is none of ours. */
static void exchange(struct pn532_chip *c, const struct pn532_card *card, const uint8_t *p,
	size_t n, struct pn532_answer *a)
{
	static const uint8_t refused[] = { PN532_STATUS_OK, 0x6D, 0x00 };

	a->at_us += c->attempt_us ? EXCHANGE_US : 0;
	if (!in_field(c, card) || !n) {
		put(a, PN532_STATUS_TIMEOUT);
	} else if (card->sak & SAK_ISO_DEP) {
		put_all(a, refused, sizeof(refused));
	} else if ((card->sak & SAK_CLASSIC) && (p[0] == 0x60 || p[0] == 0x61)) {
		put(a, PN532_STATUS_AUTH);
	} else if (card->sak == 0 && n == 2 && p[0] == 0x30) { /* READ: four pages */
		put(a, PN532_STATUS_OK);
		for (int i = 0; i < 16; i++)
			put(a, 0);
	} else {
		put(a, PN532_STATUS_TIMEOUT);
	}
}

static void exchange_with(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	if (n < 1) {
		syntax(a);
		return;
	}
	size_t target = p[0] & 0x3F; /* bit 6: more will follow */
	if (target < 1 || target > c->n_listed)
		put(a, PN532_STATUS_CONTEXT);
	else
		exchange(c, &c->listed[target - 1], p + 1, n - 1, a);
}

static void exchange_raw(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	if (c->n_listed) {
		exchange(c, &c->listed[0], p, n, a);
		return;
	}
	a->at_us += c->attempt_us;
	put(a, PN532_STATUS_TIMEOUT);
}

static void configure_sam(struct pn532_chip *c, const uint8_t *p, size_t n, struct pn532_answer *a)
{
	if (n < 1 || n > 3 || p[0] < 1 || p[0] > 4)
		syntax(a);
	else
		c->sam_ready = p[0] == 1;
}

/* IC 32, firmware 1.6, and what it can do: ISO/IEC 14443 A and B, ISO/IEC 18092. */
static const uint8_t firmware[] = { 0x32, 0x01, 0x06, 0x07 };

static void dispatch(struct pn532_chip *c, const uint8_t *data, size_t len, int64_t now_us,
	struct pn532_answer *a)
{
	const uint8_t *p = data + 1;
	size_t n = len - 1;

	switch (data[0]) {
	case PN532_DIAGNOSE:
		diagnose(c, p, n, a);
		return;
	case PN532_GET_FIRMWARE_VERSION:
		put_all(a, firmware, sizeof(firmware));
		return;
	case PN532_GET_GENERAL_STATUS:
		general_status(c, a);
		return;
	case PN532_READ_REGISTER:
		read_registers(c, p, n, a);
		return;
	case PN532_WRITE_REGISTER:
		write_registers(c, p, n, a);
		return;
	case PN532_SET_PARAMETERS:
		if (n != 1)
			syntax(a);
		else
			c->parameters = p[0];
		return;
	case PN532_SAM_CONFIGURATION:
		configure_sam(c, p, n, a);
		return;
	case PN532_POWER_DOWN:
		put(a, PN532_STATUS_OK);
		c->awake = false;
		return;
	case PN532_RF_CONFIGURATION:
		configure_rf(c, p, n, a);
		return;
	case PN532_IN_DATA_EXCHANGE:
		exchange_with(c, p, n, a);
		return;
	case PN532_IN_COMMUNICATE_THRU:
		exchange_raw(c, p, n, a);
		return;
	case PN532_IN_DESELECT:
	case PN532_IN_RELEASE:
		let_go(c, p, n, data[0] == PN532_IN_RELEASE, a);
		return;
	case PN532_IN_LIST_PASSIVE_TARGET:
		list_targets(c, p, n, now_us, a);
		return;
	case PN532_IN_SELECT:
		select_target(c, p, n, a);
		return;
	default:
		syntax(a);
	}
}

void pn532_chip_command(struct pn532_chip *c, const uint8_t *data, size_t len, int64_t now_us,
	struct pn532_answer *ret_answer)
{
	struct pn532_answer *a = ret_answer;

	assert(len >= 1 && len <= PN532_DATA_MAX);
	memset(a, 0, sizeof(*a));
	pn532_chip_abort(c);
	if (!c->awake)
		return;
	a->kind = PN532_ANSWER_DATA;
	a->at_us = now_us + CHIP_US;
	put(a, (uint8_t)(data[0] + 1));
	dispatch(c, data, len, now_us, a);
}
