/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/probe.h: who answers at a TLS port, and would a unit trust it? A handshake and no more (libssl).
 *
 * For doctor: libmosquitto says "certificate verify failed" of a clock in 2001, a certificate that ended, another host and
 * another CA alike. Nothing of MQTT is said, so the broker ends nobody's session. Not here: whether the broker lets the unit
 * in; the running program knows that.
 */
#pragma once

#include <stdint.h>

#include "sys/cert.h"

enum probe_result {
	PROBE_NOT_MADE,
	PROBE_TRUSTED,
	PROBE_NO_NAME, /* the host's name isn't known */
	PROBE_NO_ANSWER, /* no connection, or silence on it */
	PROBE_NO_TLS, /* what answers speaks no TLS, none that is new enough, or none with us */
	PROBE_CA_UNREADABLE,
	PROBE_NOT_YET, /* not valid yet, by this machine's clock */
	PROBE_ENDED,
	PROBE_OTHER_HOST,
	PROBE_OTHER_CA, /* or anything else that isn't trusted */
};

struct probe {
	enum probe_result result;
	struct cert cert; /* who answered; its name is "" where nobody showed a certificate */
};

/** probe_tls() - look once. @host: a name or an address; @ca_file: PEM, the only authorities that are trusted
 * Blocks at most @wait_ms, and for the name as long as the system's resolver does. One thread; SIGPIPE is ignored meanwhile. */
struct probe probe_tls(const char *host, int port, const char *ca_file, int wait_ms);
