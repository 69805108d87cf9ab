/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/outbox.h"

bool outbox_takes(enum outbox_kind kind, size_t n, size_t n_arrivals)
{
	switch (kind) {
	case OUTBOX_ARRIVAL:
		return n < OUTBOX_MAX && n_arrivals < OUTBOX_ARRIVALS_MAX;
	case OUTBOX_ALERT:
		return n < OUTBOX_MAX + OUTBOX_ALERTS_MORE;
	case OUTBOX_OTHER:
		break;
	}
	return n < OUTBOX_MAX;
}
