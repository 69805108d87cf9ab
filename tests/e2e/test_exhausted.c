/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Descriptors and memory run out: the kiosk starts, or ends with status 1 and a reason; while it runs a tap is stored
 * or said not to be; and the next start without the limit is a clean one.
 *
 * test_e2e_exhausted [MEMORY]: with it, address space too, which the address sanitizer doesn't allow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/school.h"
#include "e2e/tap_client.h"
#include "e2e/watched.h"
#include "unit/unit.h"

#define GATE WATCHED_GATE

static bool with_memory;

struct outcome {
	struct stage *stage;
	struct stage_program *kiosk;
	struct tap_client reader, views;
	bool started, told, stored, refused;
	int status; /* -1: still runs */
};

static void on_view(void *ctx, const struct wire_view *v)
{
	struct outcome *o = ctx;

	if (v->state != WIRE_VIEW_RESULT)
		return;
	o->told = true;
	o->stored = v->result == WIRE_RESULT_UNKNOWN_CARD;
	o->refused = v->result == WIRE_RESULT_NOT_STORED;
}

static bool is_decided(struct stage *s, void *ctx)
{
	struct outcome *o = ctx;

	o->started = o->started || stage_said(o->kiosk, "started gate=");
	if (o->status < 0 && stage_ended(s, o->kiosk, &o->status))
		return true;
	return o->started;
}

/* @limit: of prlimit, or NULL. A start, a tap, an end. */
static struct outcome try_start(struct stage *s, const char *limit, unsigned n)
{
	char self[512], config[300], uid[16];
	struct outcome o = { .stage = s, .status = -1 };
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 32);

	assert_true(len > 0);
	self[len] = 0;
	(void)snprintf(strrchr(self, '/'), 32, "/schoolpoort-kiosk");
	(void)snprintf(config, sizeof(config), "%s", stage_path(s, GATE ".conf"));
	o.kiosk = stage_start(s, "prlimit", NULL,
		(const char *const[]){ limit ? limit : "--core=0", self, "--config", config,
			"--clock", "2026-11-23T08:30:00+01:00", NULL },
		NULL);
	stage_until(s, is_decided, &o, "a start or an end");
	if (o.status >= 0)
		return o;
	tap_client_init(&o.reader, s, GATE, WIRE_ROLE_READER);
	tap_client_init(&o.views, s, GATE, WIRE_ROLE_SIGNAL);
	o.views.on_view = on_view;
	o.views.ctx = &o;
	(void)snprintf(uid, sizeof(uid), "04%012x", 0x300000 + n);
	bool tapped = false;
	/* Where no descriptor is left for a client nobody is told anything, which is no tick either. */
	int64_t end_us = tap_now_us() + (limit ? 700 : STAGE_DEADLINE_MS) * INT64_C(1000);
	while (!o.told && tap_now_us() < end_us) {
		tap_client_serve(&o.reader);
		tap_client_serve(&o.views);
		if (!tapped && o.views.welcome && o.reader.welcome)
			tapped = tap_client_tap(&o.reader, uid);
		stage_turn(s, 10);
		tap_client_drain(&o.reader);
		tap_client_drain(&o.views);
	}
	tap_client_close(&o.reader);
	tap_client_close(&o.views);
	stage_stop(s, o.kiosk); /* with status 0 */
	return o;
}

static void sweep(const char *what, const char *resource, int from, int to, int step)
{
	struct stage *s = stage_open();
	int n_ended = 0, n_silent = 0, n_stored = 0, n_refused = 0;
	unsigned n = 0;

	stage_unit(s, GATE, (const char *const[]){ "screen.result_ms = 500", NULL });
	for (int limit = from; limit <= to; limit += step) {
		char option[64];
		(void)snprintf(option, sizeof(option), "--%s=%d:%d", resource, limit, limit);
		struct outcome o = try_start(s, option, ++n);
		/* 127: so little that not even the C library could be loaded. */
		if (o.status > 0 && o.status != 1 && o.status != 127)
			fail_msg("%s: status %d, %s", option, o.status, stage_text(o.kiosk));
		n_ended += o.status >= 0;
		n_silent += o.status < 0 && !o.told;
		n_stored += o.stored;
		n_refused += o.refused;
		stage_forget(s, o.kiosk);
	}
	struct outcome clean = try_start(s, NULL, ++n);
	assert_true(clean.stored);
	stage_forget(s, clean.kiosk);
	/* Each tick has its row, and numbers have no gaps: so many were shown, so many are there at least. */
	struct stage_program *kiosk = stage_start(s, "schoolpoort-kiosk", GATE,

		(const char *const[]){ "--clock", "2026-11-23T08:30:00+01:00", NULL }, NULL);
	stage_wait_log(s, kiosk, "started gate=");
	struct wire_node *status =
		school_ctl_json(s, GATE, (const char *const[]){ "status", NULL });
	assert_in_range(wire_node_get_int(status, "last_seq", -1), n_stored + 1, n);
	wire_node_destroy(status);
	stage_stop(s, kiosk);
	print_message(
		"\nfigure: %s %d to %d: ended with 1 %d, nobody told %d, stored %d, not_stored"
		" %d, false ticks 0 (%u starts)\n",
		what, from, to, n_ended, n_silent, n_stored, n_refused, n);
	stage_close(s);
}

static void p3_descriptors_run_out(void **state)
{
	(void)state;
	sweep("descriptors", "nofile", 4, 24, with_memory ? 1 : 2);
}

static void p3_memory_runs_out(void **state)
{
	(void)state;
	if (!with_memory) {
		print_message("SKIP: without the sanitizer alone, in ./dev test --long\n");
		skip();
	}
	sweep("address space, bytes", "as", 8000000, 48000000, 400000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_descriptors_run_out),
		cmocka_unit_test(p3_memory_runs_out),
	};

	(void)argv;
	with_memory = argc > 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
