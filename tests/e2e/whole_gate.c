/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/whole_gate.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/emu_control.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define UNIT "gate-1"

static void bin(const char *name, char *ret_path, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = 0;
	*strrchr(self, '/') = 0;
	(void)snprintf(ret_path, size, "%s/%s", self, name);
}

void gate_open(struct whole_gate *g)
{
	char emu[600], link[300], control[300];

	*g = (struct whole_gate){ .restart_ms = 1000 };
	g->s = stage_open();
	bin("pn532_emu", emu, sizeof(emu));
	(void)snprintf(link, sizeof(link), "%s", stage_path(g->s, "tty"));
	(void)snprintf(control, sizeof(control), "%s", stage_path(g->s, "emu.sock"));
	assert_int_equal(
		emu_control_start(emu, link, control, NULL, STAGE_DEADLINE_MS, &g->emu_pid), 0);
	assert_int_equal(emu_control_open(control, &g->emu), 0);
	(void)snprintf(g->connstring, sizeof(g->connstring), "pn532_uart:%s", link);
	stage_broker_start(g->s, true);
}

static void start_reader(struct whole_gate *g)
{
	char program[600], config[400], pidfile[400], restart[16];

	bin("schoolpoort-reader", program, sizeof(program));
	(void)snprintf(config, sizeof(config), "%s", stage_path(g->s, UNIT ".conf"));
	(void)snprintf(pidfile, sizeof(pidfile), "%s", stage_path(g->s, "reader.pid"));
	(void)snprintf(restart, sizeof(restart), "%d", g->restart_ms);
	g->reader = stage_start(g->s, "unit_run", NULL,
		(const char *const[]){ restart, pidfile, program, "--config", config, NULL }, NULL);
}

void gate_start(struct whole_gate *g)
{
	char line[450];
	bool emulated = strncmp(g->connstring, "pn532_uart", sizeof("pn532_uart") - 1) == 0;

	(void)snprintf(line, sizeof(line), "reader.connstring = %s", g->connstring);
	stage_unit(g->s, UNIT, (const char *const[]){ line, "screen.sound = off", NULL });
	g->kiosk = stage_start(g->s, "schoolpoort-kiosk", UNIT, NULL, NULL);
	g->views = stage_connect(g->s, UNIT, "kiosk.sock", WIRE_ROLE_SIGNAL);
	start_reader(g);
	if (emulated)
		gate_wait_well(g, 0, 0);
}

void gate_close(struct whole_gate *g)
{
	stage_disconnect(g->s, g->views);
	stage_close(g->s);
	emu_control_close(g->emu);
	assert_int_equal(emu_control_stop(g->emu_pid, STAGE_DEADLINE_MS), 0);
}

void gate_tell(struct whole_gate *g, const char *format, ...)
{
	char command[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (emu_control_tell(g->emu, STAGE_DEADLINE_MS, "%s", command))
		fail_msg("%s: %s", command, emu_control_answer(g->emu));
}

void gate_turn_ms(struct whole_gate *g, int ms)
{
	int64_t until_us = clock_mono_us() + (int64_t)ms * 1000;

	for (int64_t left_us; (left_us = until_us - clock_mono_us()) > 0;)
		stage_turn(g->s, (int)(left_us / 1000) + 1);
}

int gate_tap(struct whole_gate *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);
	int64_t from_us = clock_mono_us();

	gate_tell(g, "place %s", uid);
	(void)stage_wait_view(g->s, g->views, from, WIRE_VIEW_RESULT, want);
	int took_ms = (int)((clock_mono_us() - from_us) / 1000);
	gate_tell(g, "remove");
	return took_ms;
}

pid_t gate_reader_pid(const struct whole_gate *g)
{
	char text[32] = "";
	FILE *f = fopen(stage_path(g->s, "reader.pid"), "re");

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	return (pid_t)strtol(text, NULL, 10);
}

struct wait {
	struct whole_gate *g;
	size_t from_view, from_message;
	int64_t from_us;
	struct gate_shown shown; /* -1: not yet */
	long message;
};

static bool fault_seen(struct stage *s, void *ctx)
{
	struct wait *w = ctx;
	int ms = (int)((clock_mono_us() - w->from_us) / 1000);

	for (size_t i = w->from_view; w->shown.view_ms < 0 && i < stage_views(w->g->views); i++) {
		const struct wire_view *v = stage_view(w->g->views, i);
		if (v->state == WIRE_VIEW_FAULT && v->fault == WIRE_FAULT_READER)
			w->shown.view_ms = ms;
	}
	if (w->message < 0) {
		w->message = stage_find(s, w->from_message, "/state", "\"reader\":\"fault\"");
		w->shown.state_ms = ms;
	}
	return w->message >= 0 && w->shown.view_ms >= 0;
}

struct gate_shown gate_wait_fault(struct whole_gate *g, size_t from_view, size_t from_message,
	int64_t from_us, char *ret_reason)
{
	struct wait w = { g, from_view, from_message, from_us, { -1, -1 }, -1 };
	static const char key[] = "\"reader_fault\":\"";

	stage_until(g->s, fault_seen, &w, "the fault in view and gate state");
	const char *at = strstr(stage_message(g->s, (size_t)w.message)->payload, key);
	assert_non_null(at); /* with its reason */
	at += sizeof(key) - 1;
	assert_true(strcspn(at, "\"") > 0);
	if (ret_reason)
		(void)snprintf(ret_reason, 200, "%.*s", (int)strcspn(at, "\""), at);
	return w.shown;
}

static bool is_well(struct stage *s, void *ctx)
{
	const struct wait *w = ctx;
	size_t n = stage_views(w->g->views);

	return n > w->from_view && stage_view(w->g->views, n - 1)->state != WIRE_VIEW_FAULT &&
	       stage_find(s, w->from_message, "/state", "\"reader\":\"ok\"") >= 0;
}

void gate_wait_well(struct whole_gate *g, size_t from_view, size_t from_message)
{
	struct wait w = { .g = g, .from_view = from_view, .from_message = from_message };

	stage_until(g->s, is_well, &w, "the reader to read again");
}

size_t gate_checkins(const struct whole_gate *g)
{
	size_t n = 0;

	for (size_t i = 0; i < stage_n_messages(g->s); i++) {
		const char *id = strstr(stage_message(g->s, i)->payload, "\"id\":\"");
		if (stage_find(g->s, i, "/checkin", NULL) != (long)i || !id)
			continue;
		bool before = false;
		char text[64];
		(void)snprintf(text, sizeof(text), "%.43s", id);
		for (size_t j = 0; j < i && !before; j++)
			before = stage_find(g->s, j, "/checkin", text) == (long)j;
		n += !before;
	}
	return n;
}
