/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/watched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/school.h"
#include "emu/emu_control.h"
#include "unit/unit.h"

#define IDS_MAX 64

static const char *const off_screen[] = { "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy", NULL };

void watched_open(struct watched *w, const char *const *more)
{
	char self[512], link[300], control[300], connstring[400];
	const char *lines[16] = { connstring, "screen.size = 400x240" };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 16);

	assert_true(n > 0);
	self[n] = 0;
	(void)snprintf(strrchr(self, '/'), 16, "/pn532_emu");
	*w = (struct watched){ .stage = stage_open() };
	(void)snprintf(link, sizeof(link), "%s", stage_path(w->stage, "tty"));
	(void)snprintf(control, sizeof(control), "%s", stage_path(w->stage, "emu"));
	(void)snprintf(connstring, sizeof(connstring), "reader.connstring = pn532_uart:%s", link);
	for (size_t i = 0; more && more[i] && i < 12; i++)
		lines[2 + i] = more[i];
	assert_int_equal(
		emu_control_start(self, link, control, NULL, STAGE_DEADLINE_MS, &w->emu_pid), 0);
	assert_int_equal(emu_control_open(control, &w->emu), 0);
	stage_clock(w->stage, "2026-11-23T08:30:00+01:00");
	stage_broker_start(w->stage, true);
	stage_unit(w->stage, WATCHED_GATE, lines);
	stage_unit(w->stage, "register",
		(const char *const[]){ "register.gates = " WATCHED_GATE, NULL });
	w->manager = manager_open(w->stage);
}

void watched_kiosk(struct watched *w)
{
	w->kiosk = manager_start(w->manager, "schoolpoort-kiosk", WATCHED_GATE, NULL, NULL);
}

void watched_reader(struct watched *w)
{
	w->reader = manager_start(w->manager, "schoolpoort-reader", WATCHED_GATE, NULL, NULL);
}

void watched_screen(struct watched *w)
{
	w->screen = manager_start(w->manager, "schoolpoort-screen", WATCHED_GATE, NULL, off_screen);
}

void watched_register(struct watched *w)
{
	w->reg = manager_start(w->manager, "schoolpoort-register", "register", NULL, NULL);
}

void watched_look(struct watched *w)
{
	stage_disconnect(w->stage, w->views);
	w->views = stage_connect(w->stage, WATCHED_GATE, "kiosk.sock", WIRE_ROLE_SIGNAL);
}

/* ctx: the generation that has the whole sample, cards and all. */
static bool is_served(struct stage *s, void *ctx)
{
	struct wire_node *status =
		school_ctl_json(s, WATCHED_GATE, (const char *const[]){ "status", NULL });
	int64_t generation = wire_node_get_int(status, "data_generation", -1);

	wire_node_destroy(status);
	return generation >= *(int64_t *)ctx;
}

static int64_t generation_of(const char *payload)
{
	char reason[WIRE_REASON_MAX];
	struct wire_node *data = wire_node_parse(payload, strlen(payload), reason);
	int64_t generation = wire_node_get_int(data, "generation", -1);

	wire_node_destroy(data);
	assert_true(generation > 0);
	return generation;
}

void watched_start(struct watched *w)
{
	watched_register(w);
	school_import(w->stage);
	watched_kiosk(w);
	watched_look(w);
	watched_reader(w);
	watched_screen(w);
	size_t at = stage_wait_message(w->stage, 0, "gates/data", "\"cards\":[{");
	int64_t generation = generation_of(stage_message(w->stage, at)->payload);
	stage_until(w->stage, is_served, &generation, "the school's data at the gate");
	(void)stage_wait_message(w->stage, 0, "/state", "\"reader\":\"ok\"");
	(void)stage_wait_message(w->stage, 0, "/state", "\"screen\":\"ok\"");
}

void watched_close(struct watched *w)
{
	stage_disconnect(w->stage, w->views);
	manager_close(w->manager);
	emu_control_close(w->emu);
	assert_int_equal(emu_control_stop(w->emu_pid, STAGE_DEADLINE_MS), 0);
	stage_close(w->stage);
}

void watched_place(struct watched *w, const char *uid)
{
	int err = uid ? emu_control_tell(w->emu, STAGE_DEADLINE_MS, "place %s", uid)
		      : emu_control_tell(w->emu, STAGE_DEADLINE_MS, "remove");

	if (err)
		fail_msg("%s", emu_control_answer(w->emu));
}

const struct wire_view *watched_tap(
	struct watched *w, const char *uid, enum wire_view_result result)
{
	size_t from = stage_views(w->views);

	watched_place(w, uid);
	size_t at = stage_wait_view(w->stage, w->views, from, WIRE_VIEW_RESULT, result);
	watched_place(w, NULL);
	return stage_view(w->views, at);
}

size_t watched_checkins(struct watched *w, const char *pupil)
{
	char ids[IDS_MAX][40], part[40];
	size_t n = 0;

	(void)snprintf(part, sizeof(part), "\"pupil\":\"%s\"", pupil);
	for (long at = -1; (at = stage_find(w->stage, (size_t)(at + 1), "/checkin", part)) >= 0;) {
		const char *id = strstr(stage_message(w->stage, (size_t)at)->payload, "\"id\":\"");
		size_t k = 0;
		assert_non_null(id);
		while (k < n && strncmp(ids[k], id + 6, 36) != 0)
			k++;
		assert_true(k < IDS_MAX);
		(void)snprintf(ids[k], sizeof(ids[k]), "%.36s", id + 6);
		n += k == n;
	}
	return n;
}
