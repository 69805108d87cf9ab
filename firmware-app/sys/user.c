/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/user.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

#define RECORD_MAX 4096 /* bytes of a line of passwd; ours have under 100 */

int user_find(const char *name, uid_t *ret_uid)
{
	struct passwd record, *found = NULL;
	char text[RECORD_MAX];
	int err;

	do
		err = getpwnam_r(name, &record, text, sizeof(text), &found);
	while (err == EINTR);
	if (!found) /* getpwnam(3): several numbers, 0 among them, say that there is none */
		return err == ERANGE || err == EIO || err == EMFILE || err == ENFILE ||
				       err == ENOMEM
			       ? -err
			       : -ENOENT;
	*ret_uid = record.pw_uid;
	return 0;
}

uid_t user_own(void)
{
	return geteuid();
}
