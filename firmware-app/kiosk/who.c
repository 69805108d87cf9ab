/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/who.h"

/*
 * Where the programs are installed the role is its user's alone, root's neither. Where they are run by hand, or
 * that user was never made, they run as whoever started the kiosk, or as root.
 */
static bool is_user_of(const struct who *who, uid_t uid, bool has_user, uid_t user)
{
	if (has_user && uid == user)
		return true;
	if (has_user && who->installed)
		return false;
	return uid == 0 || uid == who->own;
}

const char *who_refuse(const struct who *who, uid_t uid, enum wire_role role)
{
	switch (role) {
	case WIRE_ROLE_READER:
		return is_user_of(who, uid, who->has_reader, who->reader)
			       ? NULL
			       : "only the reader's user may be the reader";
	case WIRE_ROLE_SCREEN:
		return is_user_of(who, uid, who->has_screen, who->screen)
			       ? NULL
			       : "only the screen's user may be the screen";
	case WIRE_ROLE_SIGNAL:
	case WIRE_ROLE_CONTROL:
	case WIRE_ROLE_NONE:
		return NULL;
	}
	return "unknown role";
}
