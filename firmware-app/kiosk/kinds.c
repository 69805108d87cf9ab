/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/kinds.h"

#include <stddef.h>

const struct kind *kinds_differ(struct kinds *kinds, struct card_hash card, int sak, int atqa)
{
	struct kind *k = &kinds->kind[(card.b[0] << 8 | card.b[1]) % KINDS_MAX];

	if (sak < 0 || atqa < 0 || card_hash_is_none(card))
		return NULL;
	if (card_hash_compare(k->card, card) != 0) {
		*k = (struct kind){ card, sak, atqa, false };
		return NULL;
	}
	if ((k->sak == sak && k->atqa == atqa) || k->told)
		return NULL;
	k->told = true;
	return k;
}
