/* SPDX-License-Identifier: EUPL-1.2 */
/* Checks of the way to the broker: certificates, what the broker says, what it lets through. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/civil.h"
#include "ctl/ctl.h"
#include "ctl/doctor.h"
#include "sys/cert.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define NEAR_MS (14 * DAY_MS) /* two school weeks, in which somebody passes by */
#define WAITING_MS (10 * INT64_C(60) * 1000) /* a register that was restarted is back long before */

static bool has_certificate(const struct doctor *d)
{
	return d->config.broker_tls && d->config.broker_cert_file[0];
}

/* Of a file that can't be used: no rights of ours to look at it is nothing that is wrong with it. */
static void find_unread(struct doctor_finding *f, const char *path, int err)
{
	if (err == -EACCES) {
		doctor_find(f, DOCTOR_UNKNOWN, _("%s: not for you to read"), path);
		f->remedy = N_("ask again with sudo");
	} else
		doctor_find(f, DOCTOR_BAD, "%s: %s", path,
			err == -EBADMSG ? _("holds none in PEM form") : strerror(-err));
}

/* Whether the machine's own time says anything about a date. */
static bool knows_time(const struct doctor *d)
{
	const struct wire_node *clock = d->status ? wire_node_get_node(d->status, "clock") : NULL;
	const char *state = clock ? wire_node_get_text(clock, "state") : NULL;

	if (state)
		return !strcmp(state, "trusted") || !strcmp(state, "holdover");
	return clock_judges(d->now.state);
}

/* Return: whether there is something to say. */
static bool find_dates(const struct doctor *d, const struct cert *c, struct doctor_finding *f)
{
	int64_t left_ms = c->until_ms - d->now.wall_ms;
	int64_t near_ms = (c->until_ms - c->from_ms) / 6; /* those made for some days end later */
	char at[32];

	if (near_ms > NEAR_MS)
		near_ms = NEAR_MS;
	if (d->now.wall_ms < c->from_ms) {
		doctor_find(f, DOCTOR_BAD, _("not valid before %s"), doctor_time(c->from_ms, at));
		if (!knows_time(d))
			f->remedy = N_("the clock is wrong: see clock and time-source");
		return true;
	}
	if (left_ms < 0)
		doctor_find(f, DOCTOR_BAD, _("ended %s"), doctor_time(c->until_ms, at));
	else if (left_ms < near_ms)
		doctor_find(f, DOCTOR_BAD, _("ends %s, in %lld days"), doctor_time(c->until_ms, at),
			(long long)(left_ms / DAY_MS));
	return left_ms < near_ms;
}

void doctor_certificate(const struct doctor *d, struct doctor_finding *f)
{
	struct cert c;
	char at[32];

	if (!has_certificate(d))
		return;
	int err = cert_read(d->config.broker_cert_file, &c);
	if (err)
		find_unread(f, d->config.broker_cert_file, err);
	else if (strcmp(c.name, d->config.unit_id) != 0) {
		doctor_find(f, DOCTOR_BAD, _("is that of \"%s\", and this unit is %s"), c.name,
			d->config.unit_id);
		f->remedy = N_("put this unit's own certificate and key there; a copied card: give "
			       "the copy an identity of its own");
	} else if (!find_dates(d, &c, f))
		doctor_find(
			f, DOCTOR_OK, _("of %s, until %s"), c.name, doctor_time(c.until_ms, at));
}

void doctor_authority(const struct doctor *d, struct doctor_finding *f)
{
	const char *ca = d->config.broker_ca_file, *cert = d->config.broker_cert_file;
	struct cert c;
	char at[32];

	if (!d->config.broker_tls)
		return;
	int err = cert_read(ca, &c);
	if (err) {
		find_unread(f, ca, err);
		return;
	}
	int by = *cert ? cert_signed_by(cert, ca) : 1;
	if (by == 0)
		doctor_find(f, DOCTOR_BAD, _("\"%s\", %s, didn't sign this unit's certificate"),
			c.name, c.print);
	else if (!find_dates(d, &c, f))
		doctor_find(f, DOCTOR_OK, _("\"%s\", %s, until %s"), c.name, c.print,
			doctor_time(c.until_ms, at));
}

void doctor_key(const struct doctor *d, struct doctor_finding *f)
{
	const char *key = d->config.broker_key_file;
	struct stat st;

	if (!has_certificate(d))
		return;
	if (stat(key, &st) < 0) {
		find_unread(f, key, -errno);
		return;
	}
	int fits = cert_has_key(d->config.broker_cert_file, key);
	if (st.st_mode & 0007) {
		doctor_find(f, DOCTOR_BAD, _("%s: anybody on this machine can read it"), key);
		f->remedy =
			N_("sudo chown that file to the program's user (schoolpoort-kiosk or "
			   "schoolpoort-register), and sudo chmod 0600; whoever may have read it "
			   "can act as this unit: make a new bundle");
	} else if (fits < 0)
		find_unread(f, key, fits);
	else if (!fits)
		doctor_find(f, DOCTOR_BAD, _("%s: isn't the certificate's"), key);
	else
		doctor_find(f, DOCTOR_OK, _("fits the certificate"));
}

/* ---- what the broker says ---- */

static const char *remedy_of(const char *reason)
{
	/* The first that stands in the reason, as link/, libmosquitto 2.0 and OpenSSL 3.0 put it. */
	static const struct {
		const char *said, *remedy;
	} row[] = {
		{ "not yet valid",
			N_("the clock is wrong: see clock and time-source; it connects by "
			   "itself once it is right") },
		{ "certificate has expired", N_("the broker's certificate has ended: renew it "
						"there. If this unit's clock is "
						"wrong: see clock") },
		{ "alert certificate expired",
			N_("this unit's certificate has ended, by the broker's clock: renew it") },
		{ "alert certificate revoked", N_("this unit's certificate was revoked: give the "
						  "unit a new one, unless it was "
						  "stolen") },
		{ "hostname mismatch", N_("the broker's certificate is for another name: write "
					  "that name in broker.host, "
					  "or give the broker a certificate for this one") },
		{ "IP address mismatch", N_("the broker's certificate is for a name: write that "
					    "name in broker.host, not "
					    "an address") },
		{ "alert unknown ca", N_("the broker doesn't know who signed this unit's "
					 "certificate: a placeholder, until "
					 "sudo schoolpoort-join --fetch brings the school's; or "
					 "another school's") },
		{ "certificate verify failed",
			N_("see broker-certificate: why this unit doesn't trust it") },
		{ "self-signed",
			N_("the broker isn't of the CA in broker.ca_file: put the school's own "
			   "CA there") },
		{ "unable to get local issuer", N_("the broker isn't of the CA in broker.ca_file: "
						   "put the school's own CA there") },
		{ "CONNACK 134",
			N_("the broker knows no such user, or another password: see "
			   "broker.username and broker.password_file, and its password file") },
		{ "CONNACK 135",
			N_("the broker lets nobody of this name or password in: see "
			   "broker.username, broker.password_file, and that unit.id is the "
			   "certificate's name") },
		{ "CONNACK 136", N_("the broker is starting or stopping: it is tried again") },
		{ "CONNACK 137",
			N_("the broker has too many connections: raise max_connections there") },
		{ "CONNACK 138", N_("the broker has banned this unit: see its log") },
		{ "DISCONNECT 142",
			N_("another unit uses this identity: find the one with a copied "
			   "card, and give it its own") },
		{ "SUBACK",
			N_("the broker forbids reading what a unit must read: put the rights of "
			   "topics.md there") },
		{ "onnection refused",
			N_("nothing listens at broker.host and broker.port: is Mosquitto "
			   "running there (systemctl status mosquitto), and the port open?") },
		{ "Lookup error",
			N_("broker.host isn't known: correct it, or the network's name server") },
		{ "ame or service not known",
			N_("broker.host isn't known: correct it, or the network's name server") },
		{ "password_file", N_("give the program's user the right to read it") },
		{ "unreachable", N_("no network: cable, Wi-Fi, address (ip address)") },
		{ "No route", N_("no network: cable, Wi-Fi, address (ip address)") },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strstr(reason, row[i].said))
			return row[i].remedy;
	return NULL;
}

void doctor_broker(const struct doctor *d, struct doctor_finding *f)
{
	const struct wire_node *broker = d->status ? wire_node_get_node(d->status, "broker") : NULL;
	const char *reason = broker ? wire_node_get_text(broker, "reason") : NULL;

	if (!broker)
		doctor_find(f, DOCTOR_UNKNOWN, _("the program doesn't answer"));
	else if (wire_node_get_bool(broker, "connected", false))
		doctor_find(f, DOCTOR_OK, _("%s, connected"), d->config.broker_host);
	else {
		doctor_find(f, DOCTOR_BAD, "%s:%d: %s", d->config.broker_host,
			d->config.broker_port, reason ? reason : _("not connected yet"));
		f->remedy = reason ? remedy_of(reason) : NULL;
	}
}

static const char *remedy_of_probe(enum probe_result result)
{
	switch (result) {
	case PROBE_NOT_MADE:
	case PROBE_TRUSTED:
		break;
	case PROBE_NO_NAME:
		return N_("broker.host isn't known: correct it, or the network's name server");
	case PROBE_NO_ANSWER:
		return N_("is Mosquitto running there (systemctl status mosquitto), the port "
			  "right, and "
			  "open in its firewall?");
	case PROBE_NO_TLS:
		return N_("broker.port is no TLS port: 8883 is a school's; or what is there is "
			  "older than "
			  "TLS 1.2");
	case PROBE_CA_UNREADABLE:
		return N_("put the school's own CA in broker.ca_file; not for you to read: ask "
			  "again with "
			  "sudo");
	case PROBE_NOT_YET:
		return N_(
			"the clock is wrong, here or where the certificate was made: see clock and "
			"time-source; it connects by itself once it is right");
	case PROBE_ENDED:
		return N_("renew it at the broker: sudo schoolpoort-provision renew; if this "
			  "unit's clock is "
			  "wrong: see "
			  "clock");
	case PROBE_OTHER_HOST:
		return N_("write the certificate's name in broker.host, or give the broker a "
			  "certificate for "
			  "this one: sudo schoolpoort-provision hosts, with every name of it");
	case PROBE_OTHER_CA:
		return N_("the broker isn't of the CA in broker.ca_file: it is another school's, "
			  "or the CA was "
			  "made anew; put the broker's own CA there");
	}
	return NULL;
}

static const char *word_of_probe(enum probe_result result)
{
	switch (result) {
	case PROBE_NOT_MADE:
	case PROBE_TRUSTED:
		break;
	case PROBE_NO_NAME:
		return _("this name isn't known");
	case PROBE_NO_ANSWER:
		return _("nobody answers");
	case PROBE_NO_TLS:
		return _("what answers speaks no TLS with us");
	case PROBE_CA_UNREADABLE:
		return _("broker.ca_file can't be read");
	case PROBE_NOT_YET:
		return _("its certificate isn't valid yet");
	case PROBE_ENDED:
		return _("its certificate has ended");
	case PROBE_OTHER_HOST:
		return _("its certificate is for another name");
	case PROBE_OTHER_CA:
		return _("its certificate isn't of the school's CA");
	}
	return "";
}

void doctor_broker_cert(const struct doctor *d, struct doctor_finding *f)
{
	const struct probe *p = &d->probe;
	char at[32];

	if (p->result == PROBE_NOT_MADE)
		return;
	f->remedy = remedy_of_probe(p->result);
	if (p->result != PROBE_TRUSTED) {
		doctor_find(f, DOCTOR_BAD, "%s:%d: %s%s%s", d->config.broker_host,
			d->config.broker_port, word_of_probe(p->result),
			p->cert.name[0] ? ": " : "", p->cert.name);
		return;
	}
	f->remedy = remedy_of_probe(PROBE_ENDED);
	if (!find_dates(d, &p->cert, f))
		doctor_find(f, DOCTOR_OK, _("of %s, until %s"), p->cert.name,
			doctor_time(p->cert.until_ms, at));
}

void doctor_broker_rights(const struct doctor *d, struct doctor_finding *f)
{
	const struct wire_node *broker = d->status ? wire_node_get_node(d->status, "broker") : NULL;
	const struct wire_node *refused = broker ? wire_node_get_node(broker, "refused") : NULL;
	char list[DOCTOR_TEXT_MAX / 2] = "";
	bool too_large = false;

	if (!broker || !wire_node_get_bool(broker, "connected", false))
		return;
	for (size_t i = 0; i < wire_node_count(refused); i++) {
		const struct wire_node *row = wire_node_at(refused, i);
		const char *topic = wire_node_get_text(row, "topic");
		long long code = wire_node_get_int(row, "code", 0);
		size_t len = strlen(list);
		(void)snprintf(list + len, sizeof(list) - len, "%s%s (%lld)", len ? ", " : "",
			topic ? topic : "-", code);
		too_large |= code == 149;
	}
	if (!list[0]) {
		doctor_find(f, DOCTOR_OK, _("all that was sent was taken"));
		return;
	}
	doctor_find(f, DOCTOR_BAD, _("the broker takes no %s"), list);
	if (too_large)
		f->remedy = N_("149 is too large: max_packet_size 8388608 in the broker's "
			       "configuration; 135 is a right that is missing: topics.md");
}

void doctor_delivery(const struct doctor *d, struct doctor_finding *f)
{
	if (!doctor_is_gate(d) || !d->status)
		return;
	const char *last = wire_node_get_text(d->status, "last_delivery");
	const char *now = wire_node_get_text(d->status, "at");
	long long queue = wire_node_get_int(d->status, "queue", 0);
	int64_t silent_ms = 0, now_ms = 0, last_ms = 0;
	bool connected =
		wire_node_get_bool(wire_node_get_node(d->status, "broker"), "connected", false);
	if (now && last && civil_parse_time(now, &now_ms) == 0 &&
		civil_parse_time(last, &last_ms) == 0)
		silent_ms = now_ms - last_ms;
	else
		silent_ms = wire_node_get_int(d->status, "uptime_s", 0) * 1000;
	if (queue <= 0)
		doctor_find(f, DOCTOR_OK, _("nothing waits"));
	else if (connected && silent_ms > WAITING_MS)
		doctor_find(f, DOCTOR_BAD,
			_("%lld taps wait, and no register has answered for %lld minutes"), queue,
			(long long)(silent_ms / 60000));
	else
		doctor_find(f, DOCTOR_NOTE, _("%lld taps wait"), queue);
}
