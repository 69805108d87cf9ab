/* SPDX-License-Identifier: EUPL-1.2 */
#include "kiosk/deliver.h"

#define NO_MATCHING_SUBSCRIBERS 16 /* MQTT 5.0, 3.4.2.1 */

void deliver_init(struct deliver *d, int64_t last, int64_t confirmed)
{
	bool up = d->up;

	*d = (struct deliver){
		.up = up,
		.last = last,
		.confirmed = confirmed < last ? confirmed : last,
		.waits_from_us = -1,
		.moved_us = -DELIVER_ECHO_US,
		.asked_us = -DELIVER_AGAIN_US,
	};
	d->next = d->confirmed + 1;
}

void deliver_up(struct deliver *d, int64_t mono_us)
{
	(void)mono_us;
	d->up = true;
	d->alone = d->asked = false;
	d->unacked = 0;
	d->next = d->confirmed + 1;
	d->waits_from_us = -1;
}

void deliver_down(struct deliver *d)
{
	d->up = false;
	d->unacked = 0;
	d->waits_from_us = -1;
}

void deliver_stored(struct deliver *d, int64_t last)
{
	if (last > d->last)
		d->last = last;
}

int deliver_want(struct deliver *d, int64_t mono_us)
{
	if (!d->up)
		return 0;
	if (deliver_next_us(d, mono_us) == 0) {
		d->next = d->confirmed + 1;
		d->waits_from_us = -1;
		d->asked = false;
		/* A PUBACK that did not come in all this time is not waited for any longer. */
		d->unacked = 0;
	}
	int64_t ahead = d->next - 1 - d->confirmed;
	int64_t room = (d->alone ? DELIVER_AHEAD_ALONE : DELIVER_AHEAD_MAX) - ahead;
	int64_t left = d->last - (d->next - 1);
	int64_t want = DELIVER_UNACKED_MAX - d->unacked;

	if (want > room)
		want = room;
	if (want > left)
		want = left;
	return want > 0 ? (int)want : 0;
}

void deliver_sent(struct deliver *d, int64_t mono_us)
{
	if (d->waits_from_us < 0)
		d->waits_from_us = mono_us;
	d->next++;
	d->unacked++;
}

void deliver_acked(struct deliver *d, int code)
{
	if (d->unacked > 0)
		d->unacked--;
	d->alone = code == NO_MATCHING_SUBSCRIBERS || code >= DELIVER_REFUSED;
}

/* The register came back, or lost what was on its way to it: ten seconds would be a pause for nothing. */
static void believe(struct deliver *d, int64_t mono_us)
{
	if (d->waits_from_us < 0 || mono_us - d->asked_us < DELIVER_AGAIN_US)
		return;
	d->alone = false; /* somebody is there */
	d->asked = true;
	d->asked_us = mono_us;
}

enum deliver_news deliver_confirmed(struct deliver *d, int64_t through, int64_t mono_us)
{
	if (through > d->last)
		return DELIVER_BEYOND;
	if (through == d->confirmed) {
		believe(d, mono_us);
		return DELIVER_OLD;
	}
	bool back = through < d->confirmed;

	/* The register confirms a check-in that came twice by its own number alone (faults.md S10), and that may be on its
	 * way behind the number that covers all. To go back at once would send everything again. */
	if (back && mono_us - d->moved_us < DELIVER_ECHO_US)
		return DELIVER_DOUBTED;
	if (!back)
		d->moved_us = mono_us;
	d->alone = d->asked = false;
	d->confirmed = through;
	if (back || d->next <= through)
		d->next = through + 1;
	d->waits_from_us = d->next - 1 > through ? mono_us : -1;
	return back ? DELIVER_BACK : DELIVER_CONFIRMED;
}

int64_t deliver_next_us(const struct deliver *d, int64_t mono_us)
{
	if (!d->up || d->waits_from_us < 0)
		return -1;
	int64_t left =
		d->waits_from_us + (d->asked ? DELIVER_ASKED_US : DELIVER_AGAIN_US) - mono_us;
	return left > 0 ? left : 0;
}
