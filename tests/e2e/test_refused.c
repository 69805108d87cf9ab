/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A gate that the broker refuses, or that must refuse the broker: passwords, rights, certificates. Taps go on in all of
 * it, IT sees why, and what is mended is used at the next attempt, without a restart.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/gates.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "sys/file.h"
#include "unit/unit.h"

#define ROOT "schoolpoort/sint-jan/"

static char lines[2000]; /* of mosquitto.conf; one stage at a time */

static void write_text(struct stage *s, const char *name, const char *text)
{
	ran_write(stage_path(s, "%s", name), text, strlen(text));
}

/* gate-1.conf with a broker section of the test's own. */
static void write_gate(struct stage *s, int port, const char *broker)
{
	FILE *f;

	stage_unit(s, "gate-1", NULL); /* its folders */
	f = fopen(stage_path(s, "gate-1.conf"), "we");
	assert_non_null(f);
	(void)fprintf(f,
		"[school]\nid = sint-jan\nname = Sint-Jan\ncard_key_file = %s/card.key\n"
		"[unit]\nid = gate-1\n[paths]\nstate_dir = %s/gate-1-state\nrun_dir = "
		"%s/gate-1-run\n[broker]\nport = %d\n%s",
		stage_dir(s), stage_dir(s), stage_dir(s), port, broker);
	assert_int_equal(fclose(f), 0);
}

static void set_password(struct stage *s, const char *word)
{
	(void)unlink(stage_path(s, "passwords"));
	write_text(s, "passwords", "");
	struct stage_program *p = stage_start(s, "mosquitto_passwd", NULL,
		(const char *const[]){ "-b", stage_path(s, "passwords"), word ? "gate-1" : "nobody",
			word ? word : "x", NULL },
		NULL);
	assert_int_equal(stage_wait_exit(s, p), 0);
	stage_forget(s, p);
}

static void reload(struct stage *s)
{
	assert_int_equal(kill(stage_pid(stage_broker(s)), SIGHUP), 0);
}

static bool reason_holds(struct stage *s, void *ctx)
{
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	const char *reason = wire_node_get_text(wire_node_get_node(status, "broker"), "reason");
	bool holds = reason && strstr(reason, ctx);

	wire_node_destroy(status);
	return holds;
}

static bool is_connected(struct stage *s, void *ctx)
{
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	bool connected =
		wire_node_get_bool(wire_node_get_node(status, "broker"), "connected", false);

	wire_node_destroy(status);
	return connected == *(bool *)ctx;
}

static void open_with_passwords(struct stage *s)
{
	(void)snprintf(lines, sizeof(lines), "password_file %s/passwords\nacl_file %s/acl\n",
		stage_dir(s), stage_dir(s));
	write_text(s, "word", "secret\n");
	write_text(s, "acl", "topic readwrite #\nuser gate-1\ntopic readwrite schoolpoort/#\n");
	set_password(s, "secret");
	stage_broker_lines(s, lines);
	stage_broker_start(s, true);
	char broker[600];
	(void)snprintf(broker, sizeof(broker),
		"host = 127.0.0.1\ntls = off\nusername = gate-1\npassword_file = %s/word\n",
		stage_dir(s));
	write_gate(s, stage_broker_port(s), broker);
}

/* Why it isn't let in is said where it changes, not at each attempt. How often it changes is the pace's affair: an attempt
 * that a slow broker leaves waiting, or that a reload cuts short, has a reason of its own. */
static void each_reason_is_said_once(const struct stage_program *p)
{
	static const char event[] = "broker_down ";
	const char *last = NULL;
	size_t last_len = 0;

	for (const char *at = stage_text(p); (at = strstr(at, event)); at += last_len) {
		size_t len = strcspn(at, "\n");

		if (last && len == last_len && memcmp(at, last, len) == 0)
			fail_msg("twice: %.*s", (int)len, at);
		last = at;
		last_len = len;
	}
	assert_non_null(last);
}

static int tap_number;

/* A gate without a broker is a gate all the same. */
static void tap_goes_on(struct stage *s, struct gate *g)
{
	char uid[15];

	(void)snprintf(uid, sizeof(uid), "04bb%010x", (unsigned)++tap_number);
	(void)gate_tap(s, g, uid, WIRE_RESULT_UNKNOWN_CARD);
}

/* A wrong password, then a removed user: the code is said once each, the gate tries on and is let in again. */
static void m4_wrong_password_and_removed_user(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	bool down = false;

	open_with_passwords(s);
	write_text(s, "word", "wrong\n");
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	stage_wait_log(s, g.kiosk, "CONNACK 135");
	(void)gate_tap(s, &g, "04aa0000000001", WIRE_RESULT_UNKNOWN_CARD);
	gate_pass(s, 2000); /* a few attempts */
	each_reason_is_said_once(g.kiosk);
	/* The file is read at each attempt. */
	write_text(s, "word", "secret\n");
	stage_wait_log(s, g.kiosk, "broker_up");
	/* This user is removed, and the broker restarted: the reason is his, not the restart's. */
	set_password(s, NULL);
	stage_broker_stop(s, true);
	stage_broker_start(s, false);
	stage_until(s, is_connected, &down, "the end of the connection");
	stage_wait_log(s, g.kiosk, "CONNACK 135");
	stage_until(s, reason_holds, (char[]){ "135" }, "the code in the status");
	tap_goes_on(s, &g);
	assert_int_equal(stage_said_count(g.kiosk, "CONNACK 135"), 2); /* one an edge */
	gate_stop(s, &g);
	stage_close(s);
}

static bool is_refused(struct stage *s, void *ctx)
{
	struct wire_node *status =
		school_ctl_json(s, "gate-1", (const char *const[]){ "status", NULL });
	const struct wire_node *refused =
		wire_node_get_node(wire_node_get_node(status, "broker"), "refused");
	int64_t code = wire_node_count(refused)
			       ? wire_node_get_int(wire_node_at(refused, 0), "code", 0)
			       : 0;

	wire_node_destroy(status);
	return code == *(int64_t *)ctx;
}

/* Rights that forgot check-ins: they stay, IT sees the code, the state goes on; never a fall-back to MQTT 3.1.1, in which
 * a forbidden publish looks like one that was taken. */
static void m7_forbidden_publish_keeps_the_row(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	int64_t forbidden = 135, none = 0;

	open_with_passwords(s);
	write_text(s, "acl",
		"topic readwrite #\nuser gate-1\ntopic write " ROOT
		"gate/gate-1/state\ntopic read " ROOT "gate/gate-1/confirm\ntopic read " ROOT
		"gates/#\n");
	reload(s);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	stage_wait_log(s, g.kiosk, "broker_up");
	(void)gate_tap(s, &g, "04aa0000000001", WIRE_RESULT_UNKNOWN_CARD);
	(void)gate_tap(s, &g, "04aa0000000002", WIRE_RESULT_UNKNOWN_CARD);
	stage_wait_log(s, g.kiosk, "publish_refused topic=gate/checkin code=135");
	stage_until(s, is_refused, &forbidden, "the code in the status");
	school_wait_status(s, "gate-1", "queue", 2);
	size_t from = stage_n_messages(s);
	stage_send_text(s, g.reader,
		"{\"v\":1,\"type\":\"status\",\"state\":\"fault\",\"reason\":\"port_gone\"}");
	(void)stage_wait_message(s, from, "gate/gate-1/state", "port_gone");
	assert_int_equal(stage_said_count(g.kiosk, "publish_refused"), 1);
	assert_int_equal(stage_count(s, "gate/gate-1/checkin", NULL), 0);
	/* Mended: the same connection delivers them. */
	write_text(s, "acl", "topic readwrite #\nuser gate-1\ntopic readwrite schoolpoort/#\n");
	reload(s);
	(void)stage_wait_message(s, 0, "gate/gate-1/checkin", "\"seq\":2");
	stage_until(s, is_refused, &none, "no refusal in the status");
	assert_int_equal(stage_said_count(g.kiosk, "broker_up"), 1);
	gate_stop(s, &g);
	stage_close(s);
}

/* gates/data over the broker's limit: said once, and everything else of the register goes on. */
static void m7_too_large_publish_leaves_the_others(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_broker_lines(s, "max_packet_size 1500\n");
	stage_clock(s, "2026-11-23T08:45:01+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_wait_log(s, reg, "publish_refused topic=gates/data code=149");
	stage_unit(s, "gate-1", NULL);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "queue", 0);
	(void)stage_wait_message(s, 0, "care/event", NULL);
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	const struct wire_node *refused =
		wire_node_get_node(wire_node_get_node(status, "broker"), "refused");
	assert_int_equal(wire_node_count(refused), 1);
	assert_string_equal(wire_node_get_text(wire_node_at(refused, 0), "topic"), "gates/data");
	wire_node_destroy(status);
	assert_int_equal(stage_said_count(reg, "publish_refused"), 1);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- certificates ---- */

static void use(struct stage *s, const char *from, const char *as)
{
	static const char *const ends[] = { "pem", "key" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char *bytes = NULL;
		int64_t len = file_read(stage_path(s, "%s.%s", from, ends[i]), 1 << 20, &bytes);
		assert_true(len > 0);
		ran_write(stage_path(s, "%s.%s", as, ends[i]), bytes, (size_t)len);
		free(bytes);
	}
}

/* The library says one thing of them all; doctor looks for itself. */
static void doctor_finds(struct stage *s, const char *text)
{
	int status;
	char *said = stage_ctl(s, "gate-1", (const char *const[]){ "doctor", NULL }, &status);

	assert_int_equal(status, 1);
	if (!strstr(said, text))
		fail_msg("no \"%s\" in\n%s", text, said);
	free(said);
}

static void use_crl(struct stage *s, const char *from)
{
	char *bytes = ran_read(stage_path(s, "%s", from));

	write_text(s, "now.crl", bytes);
	free(bytes);
}

/* The broker with one more listener, over TLS, for those who have a certificate. */
static void open_with_tls(struct stage *s)
{
	char broker[600];
	int port = stage_free_port();

	struct stage_program *p = stage_start(s, TEST_SOURCE_DIR "/tests/e2e/pki.sh", NULL,
		(const char *const[]){ stage_dir(s), NULL }, NULL);
	if (stage_wait_exit(s, p) != 0)
		fail_msg("no certificates: see what pki.sh said");
	stage_forget(s, p);
	use(s, "server", "broker");
	use(s, "client", "gate");
	use_crl(s, "empty.crl");
	(void)snprintf(lines, sizeof(lines),
		"listener %d 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/broker.pem\nkeyfile "
		"%s/broker.key\ncrlfile %s/now.crl\ntls_version tlsv1.2\nrequire_certificate "
		"true\nuse_identity_as_username true\n",
		port, stage_dir(s), stage_dir(s), stage_dir(s), stage_dir(s));
	stage_broker_lines(s, lines);
	(void)snprintf(broker, sizeof(broker),
		"host = localhost\ntls = on\nca_file = %s/ca.pem\ncert_file = "
		"%s/gate.pem\nkey_file "
		"= %s/gate.key\n",
		stage_dir(s), stage_dir(s), stage_dir(s));
	write_gate(s, port, broker);
}

static void m6_broker_certificates_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *says, *doctor;
	} row[] = {
		{ "expired", "certificate verify failed", "its certificate has ended" },
		{ "foreign", "certificate verify failed", "isn't of the school's CA" },
		{ "elsewhere", "certificate verify failed", "is for another name: elsewhere" },
	};
	struct stage *s = stage_open();

	open_with_tls(s);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		use(s, row[i].name, "broker");
		stage_broker_start(s, false);
		struct gate g = gate_start(s, "gate-1", NULL, NULL);
		stage_wait_log(s, g.kiosk, "broker_down");
		stage_until(s, reason_holds, (char *)(uintptr_t)row[i].says, row[i].name);
		doctor_finds(s, "see broker-certificate");
		doctor_finds(s, row[i].doctor);
		tap_goes_on(s, &g);
		/* The broker's is replaced; the gate, not restarted, comes at its next attempt. */
		use(s, "server", "broker");
		reload(s);
		stage_wait_log(s, g.kiosk, "broker_up");
		each_reason_is_said_once(g.kiosk);
		/* Once; and once more where the broker's reload cut an attempt short. */
		assert_in_range(stage_said_count(g.kiosk, row[i].says), 1, 2);
		gate_stop(s, &g);
		stage_broker_stop(s, false);
	}
	stage_close(s);
}

static void m6_revoked_gate_and_its_new_certificate(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	open_with_tls(s);
	stage_broker_start(s, false);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	stage_wait_log(s, g.kiosk, "broker_up");
	use_crl(s, "revoked.crl");
	stage_broker_stop(s, false); /* a reload would leave the session connected */
	stage_broker_start(s, false);
	stage_until(s, reason_holds, (char[]){ "certificate revoked" }, "the reason in the status");
	doctor_finds(s, "was revoked");
	tap_goes_on(s, &g);
	use(s, "client2", "gate");
	stage_wait_log(s, g.kiosk, "broker_up");
	gate_stop(s, &g);
	stage_close(s);
}

/* No clock after a power cut: 2001, in which no certificate is valid yet. Verification stays on. */
static void m5_clock_of_2001_until_it_is_set(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	char preload[200], file[300];
	const char *library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
	const char *libraries[] = { library,
		"/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1" };

	for (size_t i = 0; i < ARRAY_LEN(libraries) && access(library, R_OK) != 0; i++)
		library = libraries[i];
	if (access(library, R_OK) != 0) {
		stage_close(s);
		print_message("libfaketime is not here\n");
		skip();
	}
	open_with_tls(s);
	write_text(s, "time", "@2001-01-01 12:00:00\n");
	(void)snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library);
	(void)snprintf(file, sizeof(file), "FAKETIME_TIMESTAMP_FILE=%s", stage_path(s, "time"));
	const char *asan = getenv("ASAN_OPTIONS");
	char options[300];
	(void)snprintf(options, sizeof(options), "ASAN_OPTIONS=%s:verify_asan_link_order=0",
		asan ? asan : "");
	stage_broker_start(s, false);
	struct gate g = gate_start(s, "gate-1", NULL,
		(const char *const[]){ preload, file, "FAKETIME_NO_CACHE=1",
			"FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", options, NULL });
	stage_wait_log(s, g.kiosk, "certificate verify failed");
	tap_goes_on(s, &g);
	school_wait_status(s, "gate-1", "queue", 1);
	int64_t set = gate_now_ms();
	write_text(s, "time", "+0\n");
	stage_wait_log(s, g.kiosk, "broker_up");
	int64_t took = gate_now_ms() - set;
	printf("figure: connected after the clock was set %lld ms (1 run, from 2001)\n",
		(long long)took);
	assert_true(took < 40000);
	gate_stop(s, &g);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m4_wrong_password_and_removed_user),
		cmocka_unit_test(m5_clock_of_2001_until_it_is_set),
		cmocka_unit_test(m6_broker_certificates_that_are_refused),
		cmocka_unit_test(m6_revoked_gate_and_its_new_certificate),
		cmocka_unit_test(m7_forbidden_publish_keeps_the_row),
		cmocka_unit_test(m7_too_large_publish_leaves_the_others),
	};
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
