/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/kinds.h: of which kind of chip each card was, so that a copy on another chip is noticed.
 *
 * Pure. A copied UID counts as the pupil's card, since a gate can't know which of the two is the copy; but SAK and ATQA
 * of a cheap copy often differ, and then IT should look. In memory only, of this run: a hint, not a lock.
 * Source: faults.md X4; ISO/IEC 14443-3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/card.h"

#define KINDS_MAX                                                                                  \
	4096 /* cards, by their hash's first bits; of two with the same the later is kept */

struct kind {
	struct card_hash card; /* all zero: free */
	int sak; /* 0..255 */
	int atqa; /* 0..65535 */
	bool told;
};

struct kinds {
	struct kind kind[KINDS_MAX];
};

/** kinds_differ() - note a card. @sak, @atqa: negative: not said, then nothing is noted.
 * Return: its kind when it was first seen, where that was another and nobody was told yet; else NULL. */
const struct kind *kinds_differ(struct kinds *kinds, struct card_hash card, int sak, int atqa);
