/* SPDX-License-Identifier: EUPL-1.2 */
/* Checks of the card reader: what it says, and what on the machine is in its way. Source: library-facts.md 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"

#define I2C_HZ_MAX                                                                                 \
	10000 /* below it the stretching of Pi 1 to 4 hurts no byte; library-facts.md 1.3 */
#define I2C_HZ_DEFAULT 100000 /* Raspberry Pi OS without a dtparam */
#define STARTING_S 60 /* a kiosk that was just started may still wait for its reader */

static const char *reader_state(const struct doctor *d)
{
	const char *state = d->status ? wire_node_get_text(d->status, "reader") : NULL;

	return state ? state : "";
}

static bool reader_works(const struct doctor *d)
{
	return strcmp(reader_state(d), "ok") == 0;
}

static bool is_bus(const struct doctor *d, const char *bus)
{
	return doctor_is_gate(d) && strcmp(doctor_bus(d), bus) == 0;
}

void doctor_reader(const struct doctor *d, struct doctor_finding *f)
{
	const char *fault = d->status ? wire_node_get_text(d->status, "reader_fault") : NULL;

	if (!doctor_is_gate(d))
		return;
	if (!d->status)
		doctor_find(f, DOCTOR_UNKNOWN, _("the kiosk doesn't answer"));
	else if (reader_works(d))
		doctor_find(f, DOCTOR_OK, "%s", d->config.reader_connstring);
	else if (!strcmp(reader_state(d), "fault"))
		doctor_find(f, DOCTOR_BAD, _("fault: %s"), fault ? fault : "-");
	else if (wire_node_get_int(d->status, "uptime_s", 0) < STARTING_S)
		doctor_find(f, DOCTOR_NOTE, _("is starting"));
	else
		doctor_find(f, DOCTOR_BAD, _("none has said that it works"));
}

/* The kernel's own drivers for the same chips: they take the device before libnfc can. */
void doctor_module(const struct doctor *d, struct doctor_finding *f)
{
	static const struct {
		const char *bus, *module;
	} row[] = {
		{ "usb", "pn533_usb" },
		{ "i2c", "pn533_i2c" },
		{ "uart", "pn532_uart" },
	};
	char *modules = doctor_read(d, "/proc/modules");

	for (size_t i = 0; modules && i < sizeof(row) / sizeof(row[0]); i++) {
		char begin[32];
		size_t len = (size_t)snprintf(begin, sizeof(begin), "\n%s ", row[i].module);
		if (!is_bus(d, row[i].bus))
			continue;
		if (!strncmp(modules, begin + 1, len - 1) || strstr(modules, begin))
			doctor_find(f, DOCTOR_BAD, _("the kernel's module %s holds the reader"),
				row[i].module);
		else
			doctor_find(f, DOCTOR_OK, _("%s isn't loaded"), row[i].module);
	}
	free(modules);
}

void doctor_pcscd(const struct doctor *d, struct doctor_finding *f)
{
	if (!is_bus(d, "usb"))
		return;
	if (doctor_runs(d, "pcscd", NULL))
		doctor_find(f, DOCTOR_BAD, _("pcscd runs, and takes the reader for itself"));
	else if (doctor_exists(d, "/run/pcscd/pcscd.comm"))
		doctor_find(f, DOCTOR_BAD, _("pcscd starts as soon as anybody asks for it"));
	else
		doctor_find(f, DOCTOR_OK, _("pcscd isn't there"));
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether an alias of the system (/dev/serial0: the console's, /dev/serial1: Bluetooth's) is this port.
 * @unknown: the answer where there is no such alias */
static bool is_alias(const struct doctor *d, const char *alias, const char *tty, bool unknown)
{
	char whole[DOCTOR_PATH_MAX], target[CONFIG_TEXT_MAX];
	ssize_t len = readlink(doctor_path(d, alias, whole), target, sizeof(target) - 1);

	if (len <= 0)
		return unknown;
	target[len] = '\0';
	return strcmp(base_of(target), tty) == 0;
}

/* "console=ttyAMA0,115200", by the name of the port or by its alias. */
static bool has_console(const struct doctor *d, const char *path, const char *tty)
{
	char word[CONFIG_TEXT_MAX + 16];
	char *line = doctor_read(d, path);
	bool first = !strcmp(tty, "ttyAMA0") || !strcmp(tty, "ttyS0") || !strcmp(tty, "ttyAMA10");

	(void)snprintf(word, sizeof(word), "console=%s", tty);
	bool has = line &&
		   (doctor_word(line, word) || (doctor_word(line, "console=serial0") &&
						       is_alias(d, "/dev/serial0", tty, first)));
	free(line);
	return has;
}

/* On a Pi 3 and later the good port is Bluetooth's, unless that is switched off: library-facts.md 1.3. */
void doctor_bluetooth(const struct doctor *d, struct doctor_finding *f)
{
	char device[CONFIG_TEXT_MAX];

	if (!is_bus(d, "uart"))
		return;
	doctor_device(d, device);
	if (is_alias(d, "/dev/serial1", base_of(device), false))
		doctor_find(f, DOCTOR_BAD, _("%s belongs to Bluetooth"), device);
	else
		doctor_find(f, DOCTOR_OK, _("%s isn't Bluetooth's"), device);
}

void doctor_console(const struct doctor *d, struct doctor_finding *f)
{
	char device[CONFIG_TEXT_MAX], wants[CONFIG_TEXT_MAX + 64];

	if (!is_bus(d, "uart"))
		return;
	doctor_device(d, device);
	const char *tty = base_of(device);
	(void)snprintf(wants, sizeof(wants),
		"/etc/systemd/system/getty.target.wants/serial-getty@%s.service", tty);
	if (has_console(d, "/proc/cmdline", tty))
		doctor_find(f, DOCTOR_BAD, _("the kernel writes its console to %s"), tty);
	else if (doctor_runs(d, "agetty", tty) || doctor_exists(d, wants))
		doctor_find(f, DOCTOR_BAD, _("a login waits on %s"), tty);
	else if (has_console(d, "/boot/firmware/cmdline.txt", tty) ||
		 has_console(d, "/boot/cmdline.txt", tty))
		doctor_find(f, DOCTOR_BAD,
			_("from the next start on the kernel writes its console to %s"), tty);
	else
		doctor_find(f, DOCTOR_OK, _("none on %s"), tty);
}

static const char *remedy_of_bus(const char *bus)
{
	if (!strcmp(bus, "uart"))
		return N_("in /boot/firmware/config.txt: enable_uart=1 and dtoverlay=disable-bt, "
			  "then restart; or name the right port in reader.connstring");
	if (!strcmp(bus, "i2c"))
		return N_("in /boot/firmware/config.txt: dtparam=i2c_arm=on, then restart; load "
			  "i2c-dev; or name the right bus in reader.connstring");
	if (!strcmp(bus, "spi"))
		return N_("in /boot/firmware/config.txt: dtparam=spi=on, then restart; or name the "
			  "right bus in reader.connstring");
	return N_("plug the reader in, with another cable or port if need be");
}

/* ACS, NXP and Philips, Sony, SCM: those that libnfc knows. */
static bool has_usb_reader(const struct doctor *d)
{
	static const char *const vendors[] = { "072f", "04cc", "1fc9", "054c", "04e6" };

	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (doctor_holds(d, "/sys/bus/usb/devices/*/idVendor", NULL, vendors[i]))
			return true;
	return false;
}

void doctor_device_there(const struct doctor *d, struct doctor_finding *f)
{
	char device[CONFIG_TEXT_MAX];
	const char *bus = doctor_bus(d);
	bool usb = !strcmp(bus, "usb");

	doctor_device(d, device);
	if (!doctor_is_gate(d) || (!usb && !device[0]))
		return;
	f->remedy = remedy_of_bus(bus);
	if (reader_works(d))
		doctor_find(f, DOCTOR_OK, _("in use"));
	else if (usb && !has_usb_reader(d))
		doctor_find(f, DOCTOR_BAD, _("no reader on any USB port"));
	else if (usb)
		doctor_find(f, DOCTOR_OK, _("a reader is plugged in"));
	else if (doctor_exists(d, device))
		doctor_find(f, DOCTOR_OK, "%s", device);
	else
		doctor_find(f, DOCTOR_BAD, _("%s isn't there"), device);
}

/* ---- the rights of schoolpoort-reader.service ---- */

static const char *const unit_files[] = {
	"/lib/systemd/system/schoolpoort-reader.service",
	"/usr/lib/systemd/system/schoolpoort-reader.service",
	"/etc/systemd/system/schoolpoort-reader.service",
	"/etc/systemd/system/schoolpoort-reader.service.d/*.conf",
};
#define N_UNIT_FILES (sizeof(unit_files) / sizeof(unit_files[0]))

static bool unit_is_there(const struct doctor *d)
{
	for (size_t i = 0; i < N_UNIT_FILES; i++)
		if (doctor_glob(d, unit_files[i], NULL))
			return true;
	return false;
}

static bool unit_says(const struct doctor *d, const char *key, const char *word)
{
	for (size_t i = 0; i < N_UNIT_FILES; i++)
		if (doctor_holds(d, unit_files[i], key, word))
			return true;
	return false;
}

/* The name of a group in the system's file, as "name:x:20:users" has it. */
static bool group_name(const struct doctor *d, gid_t gid, char ret_name[64])
{
	char *text = doctor_read(d, "/etc/group");
	bool found = false;

	for (char *line = text; line && *line && !found;) {
		size_t len = strcspn(line, "\n"), name = strcspn(line, ":\n");
		char *number = name < len ? strchr(line + name + 1, ':') : NULL;
		found = number && number < line + len && name < 64 &&
			strtoul(number + 1, NULL, 10) == gid;
		if (found)
			(void)snprintf(ret_name, 64, "%.*s", (int)name, line);
		line += len + (line[len] == '\n');
	}
	free(text);
	return found;
}

/* Whether the user of the unit is a member by /etc/group: "dialout:x:20:a,schoolpoort-reader". */
static bool is_member(const struct doctor *d, const char *group)
{
	char key[80];

	(void)snprintf(key, sizeof(key), "%s:", group);
	char *text = doctor_read(d, "/etc/group");
	const char *line = text;
	while (line && strncmp(line, key, strlen(key)) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	char members[1024] = "";
	if (line)
		(void)snprintf(members, sizeof(members), "%.*s", (int)strcspn(line, "\n"), line);
	for (char *at = members; *at; at++)
		if (*at == ':')
			*at = ',';
	free(text);
	return doctor_word(members, "schoolpoort-reader");
}

/* What DeviceAllow= calls it, since DevicePolicy=closed lets nothing else through. */
static bool unit_allows(const struct doctor *d, const char *device)
{
	return unit_says(d, "DeviceAllow", device) ||
	       (!strncmp(device, "/dev/ttyUSB", 11) &&
		       unit_says(d, "DeviceAllow", "char-ttyUSB")) ||
	       (!strncmp(device, "/dev/ttyACM", 11) &&
		       unit_says(d, "DeviceAllow", "char-ttyACM")) ||
	       (!strncmp(device, "/dev/i2c-", 9) && unit_says(d, "DeviceAllow", "char-i2c")) ||
	       (!strncmp(device, "/dev/spidev", 11) && unit_says(d, "DeviceAllow", "char-spi"));
}

static void look_at_device(const struct doctor *d, const char *device, struct doctor_finding *f)
{
	char whole[DOCTOR_PATH_MAX], group[64] = "";
	struct stat st;

	if (stat(doctor_path(d, device, whole), &st) < 0)
		return; /* told by another check */
	if (!group_name(d, st.st_gid, group))
		(void)snprintf(group, sizeof(group), "%lu", (unsigned long)st.st_gid);
	bool by_group = (st.st_mode & 0060) == 0060 &&
			(!strcmp(group, "schoolpoort") ||
				unit_says(d, "SupplementaryGroups", group) || is_member(d, group));
	if (!by_group && (st.st_mode & 0006) != 0006) {
		doctor_find(f, DOCTOR_BAD,
			_("%s belongs to the group %s, and the reader's user isn't in it"), device,
			group);
		f->remedy = N_("sudo systemctl edit schoolpoort-reader, and under [Service]: "
			       "SupplementaryGroups= with that group; then restart it");
	} else if (!unit_allows(d, device))
		doctor_find(f, DOCTOR_BAD,
			_("schoolpoort-reader.service has no DeviceAllow= for %s"), device);
	else
		doctor_find(f, DOCTOR_OK, _("%s by the group %s"), device, group);
}

void doctor_rights(const struct doctor *d, struct doctor_finding *f)
{
	char device[CONFIG_TEXT_MAX];
	bool usb = !strcmp(doctor_bus(d), "usb");

	doctor_device(d, device);
	if (!doctor_is_gate(d) || !unit_is_there(d) || (!usb && !device[0]))
		return; /* run by hand, as a developer does */
	if (!usb)
		look_at_device(d, device, f);
	else if (unit_says(d, "DeviceAllow", "char-usb_device"))
		doctor_find(f, DOCTOR_OK, _("USB is allowed"));
	else
		doctor_find(
			f, DOCTOR_BAD, _("schoolpoort-reader.service has no DeviceAllow= for USB"));
}

/* ---- I2C ---- */

/* As the kernel has it: four bytes, the highest first; else as the next start will. 0: neither says. */
static long i2c_hz(const struct doctor *d, const char *bus)
{
	char path[CONFIG_TEXT_MAX + 64];

	(void)snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/of_node/clock-frequency", bus);
	char *live = doctor_read(d, path);
	const unsigned char *b = (const unsigned char *)live;
	long hz = b ? ((long)b[0] << 24) + (b[1] << 16) + (b[2] << 8) + b[3] : 0;
	free(live);
	return hz;
}

void doctor_i2c(const struct doctor *d, struct doctor_finding *f)
{
	char device[CONFIG_TEXT_MAX], path[CONFIG_TEXT_MAX + 64];

	doctor_device(d, device);
	if (!is_bus(d, "i2c") || !device[0])
		return;
	const char *bus = strrchr(device, '/') + 1;
	char *model = doctor_read(d, "/proc/device-tree/model");
	(void)snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/of_node/compatible", bus);
	char *kind = doctor_read(d, path);
	bool pi = model && strstr(model, "Raspberry Pi");
	bool pi_5 = pi && (strstr(model, "Pi 5") || strstr(model, "Module 5"));
	bool gpio = kind && strstr(kind, "i2c-gpio");
	long hz = i2c_hz(d, bus);
	if (!hz)
		hz = I2C_HZ_DEFAULT;
	if (pi && !pi_5 && !gpio && hz > I2C_HZ_MAX)
		doctor_find(f, DOCTOR_BAD,
			_("%s runs at %ld Hz: this board cuts answers short when the reader "
			  "stretches the clock"),
			bus, hz);
	else
		doctor_find(f, DOCTOR_OK, _("%s at %ld Hz"), bus, hz);
	free(kind);
	free(model);
}
