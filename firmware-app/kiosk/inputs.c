/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/kiosk.h"

bool kiosk_push(struct kiosk *k, const struct kiosk_input *input, int64_t received_us)
{
	if (k->n_inputs >= KIOSK_INPUTS_PER_TURN - 1) /* the last place is for TICK */
		return false;
	k->inputs[k->n_inputs] = *input;
	k->received_us[k->n_inputs] = received_us;
	k->n_inputs++;
	return true;
}
