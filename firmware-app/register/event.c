/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/event.h"

#define NO_MATCHING_SUBSCRIBERS 16 /* MQTT 5.0, 3.4.2.1 */
#define REASON_FAILED 128 /* from here on a reason code is a refusal */

void event_up(struct event_outbox *o, int64_t mono_us)
{
	o->up = o->more = true;
	o->posted = o->done;
	o->waiting = 0;
	o->failed = 0;
	o->up_us = o->again_us = mono_us;
}

void event_down(struct event_outbox *o)
{
	o->up = false;
	o->waiting = 0;
}

void event_added(struct event_outbox *o)
{
	o->more = true;
}

int event_room(const struct event_outbox *o, int64_t mono_us)
{
	if (!o->up || !o->more || o->failed || mono_us < o->again_us)
		return 0;
	int room = EVENT_WINDOW - o->waiting;
	return room < EVENT_FEW ? 0 : room;
}

bool event_drops(const struct event_outbox *o)
{
	if (o->done <= o->dropped)
		return false;
	return o->waiting == 0 || o->done - o->dropped >= EVENT_DROP;
}

void event_posted(struct event_outbox *o, int64_t number)
{
	o->posted = number;
	o->waiting++;
}

void event_acked(struct event_outbox *o, int64_t number, int code, int64_t mono_us)
{
	bool nobody = code == NO_MATCHING_SUBSCRIBERS && mono_us - o->up_us < EVENT_NOBODY_US;

	if (!o->up || o->waiting == 0)
		return; /* of a connection that is gone */
	o->waiting--;
	if (nobody || code >= REASON_FAILED) {
		o->failed = o->failed && o->failed < number ? o->failed : number;
		o->again_us = mono_us + (nobody ? EVENT_AGAIN_US : EVENT_REFUSED_US);
	} else if (!o->failed && number > o->done) {
		o->done = number;
	}
	if (o->failed && o->waiting == 0) {
		o->posted = o->done;
		o->failed = 0;
		o->more = true;
	}
}
