/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

#define NAME_WIDTH 18

/* In the order in which one thing explains the next. */
const struct doctor_check doctor_checks[] = {
	{ "configuration", doctor_configuration,
		N_("put that line right; what is allowed: /etc/schoolpoort/unit.conf.sample, what "
		   "holds: "
		   "schoolpoortctl "
		   "--print-config") },
	{ "program", doctor_program, NULL },
	{ "rehearsal", doctor_rehearsal,
		N_("take --clock and SCHOOLPOORT_CLOCK away, and the rehearsal's database with "
		   "them") },
	{ "clock", doctor_clock,
		N_("see time-source; taps get their verdict by themselves once the time is "
		   "known") },
	{ "time-source", doctor_time_source,
		N_("sudo apt install systemd-timesyncd; let the network pass UDP 123") },
	{ "real-time-clock", doctor_rtc,
		N_("a DS3231 on I2C, with dtoverlay=i2c-rtc,ds3231 in "
		   "/boot/firmware/config.txt: see hardware-notes") },
	{ "time-zone", doctor_time_zone,
		N_("sudo apt install --reinstall tzdata, and restart the program") },
	{ "reader", doctor_reader,
		N_("the checks below, then its cable; journalctl -u schoolpoort-reader -n 20. A "
		   "chip "
		   "that hangs for good: take the power away for ten seconds") },
	{ "reader-module", doctor_module,
		N_("echo \"install pn533 /bin/false\" | sudo tee "
		   "/etc/modprobe.d/schoolpoort-nfc.conf; sudo "
		   "modprobe -r pn533_usb pn533_i2c pn532_uart pn533") },
	{ "reader-pcscd", doctor_pcscd,
		N_("sudo apt purge pcscd; or sudo systemctl disable --now "
		   "pcscd.socket pcscd.service") },
	{ "reader-console", doctor_console,
		N_("take console=serial0,115200 (or the port's own name) out of "
		   "/boot/firmware/cmdline.txt; sudo systemctl mask --now "
		   "serial-getty@ttyAMA0.service; restart") },
	{ "reader-bluetooth", doctor_bluetooth,
		N_("dtoverlay=disable-bt in /boot/firmware/config.txt; sudo systemctl disable "
		   "hciuart; restart") },
	{ "reader-device", doctor_device_there, NULL },
	{ "reader-rights", doctor_rights,
		N_("sudo systemctl edit schoolpoort-reader, and under [Service]: DeviceAllow= with "
		   "the "
		   "device (USB: char-usb_device rw, and RestrictAddressFamilies=AF_UNIX "
		   "AF_NETLINK); then restart it") },
	{ "reader-i2c", doctor_i2c,
		N_("in /boot/firmware/config.txt: dtparam=i2c_arm_baudrate=10000, or "
		   "dtoverlay=i2c-gpio; then restart. Better: wire the reader by UART") },
	{ "screen", doctor_screen,
		N_("the display's cable and power; journalctl -u schoolpoort-screen -n 20") },
	{ "signal", doctor_signal,
		N_("put signal.go, desk and piezo right: gpiodetect names the chips, gpioinfo "
		   "their "
		   "lines") },
	{ "certificate", doctor_certificate,
		N_("sudo schoolpoort-join --fetch takes the renewed one, once "
		   "schoolpoort-provision renew has "
		   "made it "
		   "at the broker; it is used at the next connection, without a restart") },
	{ "authority", doctor_authority,
		N_("a placeholder stands there until sudo schoolpoort-join --fetch has brought the "
		   "unit's "
		   "own; else put the school's own CA in broker.ca_file") },
	{ "certificate-key", doctor_key,
		N_("put the key there that the certificate was requested with, or take a new "
		   "bundle "
		   "(schoolpoort-provision unit at the broker, schoolpoort-join here)") },
	{ "broker", doctor_broker,
		N_("the network, broker.host and broker.port, and the broker's own log: journalctl "
		   "-u "
		   "mosquitto -n 20. Taps are stored meanwhile") },
	{ "broker-certificate", doctor_broker_cert, NULL },
	{ "broker-rights", doctor_broker_rights,
		N_("135 is a right that is missing: put this unit's rights of topics.md in the "
		   "broker's ACL, and reload it") },
	{ "delivery", doctor_delivery,
		N_("is the register running and connected? schoolpoortctl doctor there. Taps are "
		   "kept "
		   "until it answers") },
	{ "gates", doctor_gates,
		N_("schoolpoortctl doctor at that gate; one that is gone for good: take it out of "
		   "register.gates") },
	{ "lists", doctor_lists,
		N_("schoolpoortctl import pupils, import cards, and each other list that is "
		   "named") },
	{ "check-ins", doctor_refused,
		N_("schoolpoortctl status names the refused, schoolpoortctl day those without a "
		   "time: a "
		   "person decides about them") },
	{ "card-key", doctor_card_key,
		N_("put the school's own key there, the same 32 bytes on every unit") },
	{ "state-folder", doctor_folder,
		N_("sudo systemd-tmpfiles --create; else sudo chown "
		   "root:schoolpoort and chmod 1770 that folder") },
	{ "database", doctor_database,
		N_("see disk-errors; the gate shows \"not stored\" meanwhile. journalctl -n 20 of "
		   "the "
		   "program says what failed") },
	{ "backup", doctor_backup,
		N_("schoolpoortctl backup FILE now; if that fails too, see disk-space and "
		   "disk-errors") },
	{ "disk-space", doctor_space,
		N_("sudo journalctl --vacuum-size=50M; sudo apt clean; a larger card") },
	{ "disk-wear", doctor_wear,
		N_("replace it before it fails: schoolpoortctl backup, a new card "
		   "and the unit's bundle") },
	{ "disk-errors", doctor_file_system,
		N_("replace the card; schoolpoortctl backup first, as far as it still reads") },
	{ "update", doctor_update,
		N_("journalctl -u schoolpoort-update-check -u schoolpoort-update-back; a newer "
		   "release is tried by itself") },
	{ "update-runs", doctor_update_runs,
		N_("journalctl -u apt-daily -u apt-daily-upgrade -n 50; schoolpoortctl may-update "
		   "says what it waits for") },
};

const size_t doctor_n_checks = sizeof(doctor_checks) / sizeof(doctor_checks[0]);

struct doctor_finding doctor_look(const struct doctor *d, const struct doctor_check *check)
{
	struct doctor_finding f = { 0 };

	if (d->config_reason && check->look != doctor_configuration)
		return f;
	check->look(d, &f);
	if (f.state == DOCTOR_OK)
		f.remedy = NULL;
	else if (!f.remedy)
		f.remedy = check->remedy;
	/* What nobody could look at is answered by whoever can: the row's remedy would mend what may be well. */
	if (f.state == DOCTOR_UNKNOWN && f.remedy == check->remedy)
		f.remedy = N_("see program");
	return f;
}

static const char *state_word(enum doctor_state state)
{
	switch (state) {
	case DOCTOR_NOT_HERE:
		break;
	case DOCTOR_OK:
		return "ok";
	case DOCTOR_NOTE:
		return "note";
	case DOCTOR_UNKNOWN:
		return "unknown";
	case DOCTOR_BAD:
		return "bad";
	}
	return "";
}

static void tell_line(const struct doctor_check *check, const struct doctor_finding *f)
{
	static const char bad[] = "BAD"; /* seen at a glance, also without colours */

	(void)printf("%-8s %-*s %s", f->state == DOCTOR_BAD ? bad : state_word(f->state),
		NAME_WIDTH, check->name, f->text);
	if (f->remedy)
		(void)printf(" -> %s", _(f->remedy));
	(void)putchar('\n');
}

static void add_row(
	struct wire_node *list, const struct doctor_check *check, const struct doctor_finding *f)
{
	struct wire_node *row = wire_node_object();

	wire_node_set_text(row, "check", check->name);
	wire_node_set_text(row, "state", state_word(f->state));
	wire_node_set_text(row, "found", f->text);
	wire_node_set_text(row, "remedy", f->remedy ? _(f->remedy) : NULL);
	wire_node_set_node(list, NULL, row);
}

static void tell_document(const struct doctor *d, struct wire_node *list, bool well)
{
	struct wire_node *node = wire_node_object();

	wire_node_set_text(node, "unit", d->config_reason ? NULL : d->config.unit_id);
	wire_node_set_bool(node, "ok", well);
	wire_node_set_node(node, "checks", list);
	char *text = wire_node_pretty(node);
	if (text)
		(void)fputs(text, stdout);
	free(text);
	wire_node_destroy(node);
}

/* Not about this unit, or not asked for: not there. */
static struct doctor_finding look_if_asked(const struct doctor *d, const struct doctor_check *check)
{
	if (d->only && !doctor_word(d->only, check->name))
		return (struct doctor_finding){ 0 };
	return doctor_look(d, check);
}

bool doctor_is_well(const struct doctor *d, bool strictly)
{
	for (size_t i = 0; i < doctor_n_checks; i++) {
		enum doctor_state state = look_if_asked(d, &doctor_checks[i]).state;
		if (state == DOCTOR_BAD ||
			(strictly && state != DOCTOR_OK && state != DOCTOR_NOT_HERE))
			return false;
	}
	return !d->config_reason;
}

bool doctor_tell(const struct doctor *d, bool json)
{
	struct wire_node *list = json ? wire_node_array() : NULL;
	bool well = true;

	for (size_t i = 0; i < doctor_n_checks; i++) {
		struct doctor_finding f = look_if_asked(d, &doctor_checks[i]);
		if (f.state == DOCTOR_NOT_HERE)
			continue;
		well = well && f.state != DOCTOR_BAD;
		if (json)
			add_row(list, &doctor_checks[i], &f);
		else
			tell_line(&doctor_checks[i], &f);
	}
	if (json)
		tell_document(d, list, well);
	return well;
}
