/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * floor_nfc CONNSTRING: the least that can stand between a card and a word about it.
 *
 * One card after the other through libnfc, its UID on standard output, then when that was written, in microseconds of
 * CLOCK_MONOTONIC. nfc_initiator_select_passive_target() in a loop without a pause, with the three tries that libnfc
 * sets: the chip answers the moment a card comes, and is asked anew after 15 ms without one. Rejected: looking without
 * end (NP_INFINITE_SELECT) has the same median and 2 ms less at p95, but libnfc gives it up after 300 ms and then loses
 * the next card (measured 2026-11-22); nfc_initiator_poll_target() needs InAutoPoll and pauses of 150 ms. Nothing else:
 * no second card, none that goes, no fault.
 */
#include <inttypes.h>
#include <nfc/nfc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void say(const nfc_iso14443a_info *card)
{
	for (size_t i = 0; i < card->szUidLen; i++)
		printf("%02X", card->abtUid[i]);
	printf("\n");
	fflush(stdout);
	printf("%" PRId64 "\n", now_us());
	fflush(stdout);
}

static void watch(nfc_device *device)
{
	static const nfc_modulation type_a = { .nmt = NMT_ISO14443A, .nbr = NBR_106 };
	nfc_iso14443a_info last = { 0 };
	nfc_target target;

	for (;;) {
		const nfc_iso14443a_info *card = &target.nti.nai;
		if (nfc_initiator_select_passive_target(device, type_a, NULL, 0, &target) <= 0)
			continue;
		if (card->szUidLen == last.szUidLen &&
			memcmp(card->abtUid, last.abtUid, last.szUidLen) == 0)
			continue;
		say(card);
		last = *card;
	}
}

int main(int argc, char **argv)
{
	nfc_context *context = NULL;
	nfc_device *device = NULL;

	if (argc != 2 || setenv("LIBNFC_LOG_LEVEL", "0", 0)) /* it would tell each look in vain */
		return EXIT_FAILURE;
	nfc_init(&context);
	if (context)
		device = nfc_open(context, argv[1]);
	if (!device || nfc_initiator_init(device) < 0 ||
		nfc_device_set_property_bool(device, NP_INFINITE_SELECT, false) < 0 ||
		nfc_device_set_property_bool(device, NP_AUTO_ISO14443_4, false) < 0) {
		fprintf(stderr, "%s: no reader there\n", argv[1]);
		return EXIT_FAILURE;
	}
	printf("ready\n");
	fflush(stdout);
	watch(device);
}
