/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * golden/screen_views.h: one view of each kind that the screen can be sent, for golden pictures and for
 * the test of what fits. The pupils are invented.
 */
#pragma once

#include "wire/local.h"

struct screen_view_row {
	const char *name; /* of the picture's file */
	bool late_open;
	bool away; /* no kiosk: the view isn't looked at */
	struct wire_view view;
};

/* Ends with a row whose name is NULL. */
extern const struct screen_view_row screen_view_rows[];
