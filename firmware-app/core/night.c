/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/night.h"

bool night_due(struct civil_local now, struct civil_date last)
{
	return now.at_s >= NIGHT_FROM_S && now.at_s < NIGHT_UNTIL_S &&
	       civil_date_compare(now.date, last) != 0;
}
