/* SPDX-License-Identifier: EUPL-1.2 */
/* The two commands that work without the program too: doctor and metrics. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"
#include "ctl/metrics.h"
#include "sys/cert.h"
#include "sys/clock.h"
#include "sys/clock_stamp.h"

#define PROBE_MS 5000 /* a handshake over 2 kB/s and 3 s of latency is no broker for a gate */
#define STATUS_MS                                                                                  \
	10000 /* a register that exports a year says nothing for 2 s; one that hangs is ended after 10 */

struct wire_node *ctl_status_of(const struct ctl *ctl, char *ret_reason)
{
	struct wire_node *request = wire_request_create(1, "status");
	struct wire_node *response = NULL;
	int err = ask_quietly(ctl, request, -1, STATUS_MS, &response, ret_reason);

	wire_node_destroy(request);
	if (err)
		return NULL;
	if (wire_node_get_bool(response, "ok", false))
		return response;
	const char *reason = wire_node_get_text(response, "reason");
	(void)snprintf(ret_reason, ASK_REASON_MAX, "%s", reason ? reason : "-");
	wire_node_destroy(response);
	return NULL;
}

#define DOCTOR_WAIT_MAX_S 3600
#define WAIT_STEP_MS 500 /* between two looks: a program tells its state each second */

/* The machine's own time: certificates and copies are dated by it. */
static struct now time_here(const struct ctl *ctl)
{
	struct clock clock;
	struct clock_keeper keeper;
	const char *reason;

	(void)clock_init(&clock, NULL, ctl->config.clock_trust == CONFIG_TRUST_ALWAYS, &reason);
	clock_keeper_open(&keeper, &clock, ctl->config.paths_state_dir);
	return clock_read(&clock);
}

/* What of doctor's own words was given. */
struct doctor_words {
	const char *only; /* names, parted by commas; NULL: all */
	int wait_s; /* for each of them to be well; 0: as it is */
};

static bool is_check(const char *name, size_t len)
{
	for (size_t i = 0; i < doctor_n_checks; i++)
		if (strlen(doctor_checks[i].name) == len &&
			!strncmp(doctor_checks[i].name, name, len))
			return true;
	return false;
}

/* Return: the word that isn't understood, or NULL. */
static const char *parse_doctor(int argc, char **argv, struct doctor_words *w)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (!strcmp(argv[i], "--only")) {
			for (const char *at = value;; at++) {
				size_t len = strcspn(at, ",");
				if (!is_check(at, len))
					return at;
				at += len;
				if (!*at)
					break;
			}
			w->only = value;
		} else if (!strcmp(argv[i], "--wait")) {
			char *end;
			long s = strtol(value, &end, 10);
			if (end == value || *end || s < 0 || s > DOCTOR_WAIT_MAX_S)
				return argv[i];
			w->wait_s = (int)s;
		} else
			return argv[i];
	}
	return NULL;
}

/* With the program as it is now. Return: whether all is as it should be; *ret_status for wire_node_destroy(). */
static bool examine(struct ctl *ctl, struct doctor *d, const struct doctor_words *w,
	char *status_reason, struct wire_node **ret_status)
{
	bool probe = !w->only || doctor_word(w->only, "broker-certificate");

	*ret_status = d->config_reason ? NULL : ctl_status_of(ctl, status_reason);
	d->status = *ret_status;
	d->now = time_here(ctl);
	if (!d->config_reason && d->config.broker_tls && probe)
		d->probe = probe_tls(d->config.broker_host, d->config.broker_port,
			d->config.broker_ca_file, PROBE_MS);
	return doctor_is_well(d, w->wait_s > 0);
}

int ctl_doctor(struct ctl *ctl, int argc, char **argv)
{
	char config_reason[CONFIG_REASON_MAX], status_reason[ASK_REASON_MAX] = "";
	struct doctor_words words = { 0 };
	struct doctor d = { .root = "", .config_path = ctl->options.config_path };
	const char *wrong = parse_doctor(argc, argv, &words);

	if (wrong) {
		(void)fprintf(stderr,
			"schoolpoortctl: doctor [--only CHECK,CHECK...] [--wait SECONDS]: %s\n",
			wrong);
		return CTL_USAGE;
	}
	if (config_load(d.config_path, CONFIG_CTL, &ctl->config, config_reason) < 0)
		d.config_reason = config_reason;
	d.config = ctl->config;
	d.only = words.only;
	d.status_reason = status_reason;
	int64_t until_us = clock_mono_us() + (int64_t)words.wait_s * 1000000;
	struct wire_node *status;
	bool well;
	while (!(well = examine(ctl, &d, &words, status_reason, &status)) &&
		clock_mono_us() < until_us) {
		wire_node_destroy(status);
		(void)poll(NULL, 0, WAIT_STEP_MS);
	}
	doctor_tell(&d, ctl->options.json);
	wire_node_destroy(status);
	if (fflush(stdout) != 0)
		well = false;
	return well ? CTL_DONE : CTL_FAILED;
}

/* Whole or not at all: what reads it never sees half a file. Readable by all, since the reader is another user and
 * nobody's name stands in it. */
static int put_file(const char *path, const char *text)
{
	char temp[OUT_PATH_MAX];
	int fd = out_open(path, temp);

	if (fd < 0)
		return -1;
	int err = 0;
	for (size_t len = strlen(text); len > 0 && !err;) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		err = n <= 0 ? (n < 0 ? errno : EIO) : 0;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	if (!err && fchmod(fd, 0644) != 0)
		err = errno;
	if (err) {
		(void)fprintf(stderr, "schoolpoortctl: %s: %s\n", path, strerror(err));
		(void)unlink(temp);
	} else
		err = out_keep(fd, temp, path);
	(void)close(fd);
	return err ? -1 : 0;
}

int ctl_metrics(const struct ctl *ctl, int argc, char **argv)
{
	char reason[ASK_REASON_MAX];
	const char *out = NULL;
	struct metrics m = { .config = &ctl->config };
	struct updates updates;
	struct cert cert;

	if (argc == 3 && !strcmp(argv[1], "--out"))
		out = argv[2];
	else if (argc == 2 && !strncmp(argv[1], "--out=", 6) && argv[1][6])
		out = argv[1] + 6;
	else if (argc > 1) {
		(void)fprintf(stderr, "schoolpoortctl: metrics [--out FILE]: %s\n", argv[1]);
		return CTL_USAGE;
	}
	struct wire_node *status = ctl_status_of(ctl, reason);
	m.status = status;
	m.now_ms = time_here(ctl).wall_ms;
	if (ctl->config.broker_tls && ctl->config.broker_cert_file[0] &&
		cert_read(ctl->config.broker_cert_file, &cert) == 0)
		m.cert_until_ms = cert.until_ms;
	updates_look("", &updates);
	if (updates.here)
		m.updates = &updates;
	char *text = metrics_text(&m);
	int err = !text ? -1
		  : out ? put_file(out, text)
			: fputs(text, stdout) < 0 || fflush(stdout) != 0;
	free(text);
	wire_node_destroy(status);
	return err ? CTL_FAILED : CTL_DONE;
}
