/* SPDX-License-Identifier: EUPL-1.2 */
/* The check of releases: what packaging/update wrote where a new one did no good here. */
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"

#define REFUSED "/var/lib/schoolpoort-update/refused"

void doctor_update(const struct doctor *d, struct doctor_finding *f)
{
	char *text = doctor_read(d, REFUSED);

	if (text) {
		text[strcspn(text, "\n")] = '\0';
		doctor_find(f, DOCTOR_BAD, _("went back from a release: %s"), text);
	} else if (doctor_exists(d, REFUSED))
		doctor_find(f, DOCTOR_UNKNOWN, _("%s can't be read"), REFUSED);
	else if (doctor_exists(d, "/var/lib/schoolpoort-update/pending"))
		doctor_find(f, DOCTOR_NOTE, _("a new release is being looked at"));
	else if (doctor_exists(d, "/var/lib/schoolpoort-update"))
		doctor_find(f, DOCTOR_OK, _("none was refused"));
	free(text);
}
