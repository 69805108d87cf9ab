/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Each finding of doctor on a machine that is a folder: /proc, /sys, /boot and /etc as they look with that fault, and as
 * they look without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#include "ctl/doctor.h"
#include "sys/file.h"
#include "unit/fake_root.h"
#include "unit/new_cert.h"
#include "unit/tempdir.h"
#include "unit/unit.h"
#include "wire/wire.h"

#define NOW_S INT64_C(1795293078) /* 2026-11-21 */
#define DAY_S INT64_C(86400)
#define UART "pn532_uart:/dev/ttyAMA0"
#define USB "acr122_usb"
#define I2C "pn532_i2c:/dev/i2c-1"
#define MODULES "i2c_dev 16384 0 - Live 0x0\n"

#define APT_CONF "/etc/apt/apt.conf.d/52schoolpoort"
#define WANTS "/etc/systemd/system/timers.target.wants/"

struct row {
	const char *name, *check;
	enum doctor_state want;
	const char *text, *remedy; /* held by them; NULL: anything */
	const char *connstring; /* NULL: UART */
	const char *status; /* NULL: the program doesn't answer */
	const char *files[9]; /* path and text by turns; NULL ends */
	const char *unit; /* NULL: gate-1 */
	enum clock_state clock; /* of the machine, where the program doesn't answer */
	const char *signal; /* signal.go; NULL: none */
};

static const struct row rows[] = {
	/* ---- program ---- */
	{ "nobody answers", "program", DOCTOR_BAD, "nobody answers there",
		"systemctl start schoolpoort-kiosk", .unit = NULL },
	{ "nobody answers for the register", "program", DOCTOR_BAD, NULL,
		"systemctl start schoolpoort-register", .unit = "register" },
	{ "of the release before", "program", DOCTOR_NOTE,
		"schoolpoort-kiosk 0.0.1, for 7 s; installed is ",
		"systemctl restart schoolpoort-kiosk",
		.status = "{\"version\":\"0.0.1\",\"uptime_s\":7}" },
	{ "of the release before, at the register", "program", DOCTOR_NOTE,
		"schoolpoort-register 0.0.1", "systemctl restart schoolpoort-register",
		.status = "{\"version\":\"0.0.1\",\"uptime_s\":7}", .unit = "register" },
	{ "no rehearsal", "rehearsal", DOCTOR_NOT_HERE, .status = "{\"rehearsal\":false}" },
	{ "rehearsal", "rehearsal", DOCTOR_NOTE, "nothing counts", "--clock",
		.status = "{\"rehearsal\":true}" },
	/* ---- time ---- */
	{ "trusted", "clock", DOCTOR_OK, "within 12 ms", NULL,
		.status = "{\"clock\":{\"state\":\"trusted\",\"error_ms\":12}}" },
	{ "holdover", "clock", DOCTOR_NOTE, "within 900 ms", "time-source",
		.status = "{\"clock\":{\"state\":\"holdover\",\"error_ms\":900}}" },
	{ "unknown", "clock", DOCTOR_BAD, "unknown since the start", "time-source",
		.status = "{\"clock\":{\"state\":\"unknown\",\"error_ms\":null}}" },
	{ "regressed", "clock", DOCTOR_BAD, "earlier than what is stored", "time-source",
		.status = "{\"clock\":{\"state\":\"regressed\",\"error_ms\":null}}" },
	{ "unknown without a program", "clock", DOCTOR_BAD, "unknown since", NULL,
		.clock = CLOCK_UNKNOWN },
	{ "trusted without a program", "clock", DOCTOR_OK, "trusted", NULL,
		.clock = CLOCK_STATE_TRUSTED },
	{ "no time source", "time-source", DOCTOR_BAD, "nothing sets this clock",
		"systemd-timesyncd", .files = { "/proc/7/cmdline", "/usr/sbin/cron|-f|" } },
	{ "chrony", "time-source", DOCTOR_OK, "chronyd runs", NULL,
		.files = { "/proc/7/cmdline", "/usr/sbin/chronyd|-F|1|" } },
	{ "timesyncd, never reached", "time-source", DOCTOR_BAD, "reached no server", "UDP 123",
		.files = { "/proc/7/cmdline", "/lib/systemd/systemd-timesyncd|" } },
	{ "timesyncd", "time-source", DOCTOR_OK, "systemd-timesyncd runs", NULL,
		.files = { "/proc/7/cmdline", "/lib/systemd/systemd-timesyncd|",
			"/run/systemd/timesync/synchronized", "" } },
	{ "no real-time clock", "real-time-clock", DOCTOR_NOTE, "none", "DS3231", .unit = NULL },
	{ "stopped real-time clock", "real-time-clock", DOCTOR_BAD, "has stopped", "battery",
		.files = { "/sys/class/rtc/rtc0/name", "ds3231\n" } },
	{ "real-time clock", "real-time-clock", DOCTOR_OK, NULL, NULL,
		.files = { "/sys/class/rtc/rtc0/since_epoch", "1795293078\n" } },
	{ "not at a register", "real-time-clock", DOCTOR_NOT_HERE, .unit = "register" },
	/* ---- update ---- */
	{ "no update yet", "update", DOCTOR_NOT_HERE, .unit = NULL },
	{ "an update that stayed", "update", DOCTOR_OK, "none was refused", NULL,
		.files = { "/var/lib/schoolpoort-update/before", "schoolpoort-gate 1.0-1\n" } },
	{ "an update that is looked at", "update", DOCTOR_NOTE, "is being looked at", NULL,
		.files = { "/var/lib/schoolpoort-update/pending", "" } },
	{ "an update that did no good", "update", DOCTOR_BAD,
		"went back from a release: schoolpoort-gate 1.1-1: reader", "newer release",
		.files = { "/var/lib/schoolpoort-update/refused",
			"schoolpoort-gate 1.1-1: reader\n" } },
	{ "not ours", "update-runs", DOCTOR_NOT_HERE,
		.files = { "/usr/bin/unattended-upgrade", "" } },
	{ "nothing brings them", "update-runs", DOCTOR_NOTE, "nothing here brings",
		"install unattended-upgrades", .files = { APT_CONF, "" } },
	{ "disabled", "update-runs", DOCTOR_BAD, "isn't enabled", "systemctl enable --now apt",
		.files = { APT_CONF, "", "/usr/bin/unattended-upgrade", "", WANTS "apt-daily.timer",
			"->/nowhere" } },
	{ "masked", "update-runs", DOCTOR_NOTE, "is masked", "unmask",
		.files = { APT_CONF, "", "/usr/bin/unattended-upgrade", "",
			"/etc/systemd/system/apt-daily-upgrade.timer", "->/dev/null" } },
	{ "first day", "update-runs", DOCTOR_OK, "not looked for yet", NULL,
		.files = { APT_CONF, "", "/usr/bin/unattended-upgrade", "", WANTS "apt-daily.timer",
			"->/nowhere", WANTS "apt-daily-upgrade.timer", "->/nowhere" } },
	/* ---- reader ---- */
	{ "works", "reader", DOCTOR_OK, UART, NULL, .status = "{\"reader\":\"ok\"}" },
	{ "fault", "reader", DOCTOR_BAD, "fault: port_gone", "journalctl",
		.status = "{\"reader\":\"fault\",\"reader_fault\":\"port_gone\"}" },
	{ "just started", "reader", DOCTOR_NOTE, "starting", NULL,
		.status = "{\"reader\":\"starting\",\"uptime_s\":59}" },
	{ "never came", "reader", DOCTOR_BAD, "none has said", NULL,
		.status = "{\"reader\":\"starting\",\"uptime_s\":60}" },
	{ "nobody knows", "reader", DOCTOR_UNKNOWN, NULL, "see program", .unit = NULL },
	{ "none at a register", "reader", DOCTOR_NOT_HERE, .unit = "register", .status = "{}" },
	{ "pn533 holds it", "reader-module", DOCTOR_BAD, "pn533_usb holds", "modprobe -r pn533_usb",
		USB, .files = { "/proc/modules", MODULES "pn533_usb 20480 0 - Live 0x0\n" } },
	{ "pn533 first of all", "reader-module", DOCTOR_BAD, "pn533_usb holds", NULL, USB,
		.files = { "/proc/modules", "pn533_usb 20480 0 - Live 0x0\n" MODULES } },
	{ "used by another line alone", "reader-module", DOCTOR_OK, "pn533_usb isn't loaded", NULL,
		USB,
		.files = { "/proc/modules", MODULES "pn533 24576 1 pn533_usb_x, Live 0x0\n" } },
	{ "of another bus", "reader-module", DOCTOR_OK, NULL, NULL, UART,
		.files = { "/proc/modules", "pn533_usb 20480 0 - Live 0x0\n" } },
	{ "on I2C", "reader-module", DOCTOR_BAD, "pn533_i2c", NULL, I2C,
		.files = { "/proc/modules", "pn533_i2c 20480 0 - Live 0x0\n" } },
	{ "pcscd runs", "reader-pcscd", DOCTOR_BAD, "pcscd runs", "apt purge pcscd", USB,
		.files = { "/proc/812/cmdline", "/usr/sbin/pcscd|--foreground|--auto-exit|" } },
	{ "pcscd's socket waits", "reader-pcscd", DOCTOR_BAD, "as soon as", "pcscd.socket", USB,
		.files = { "/run/pcscd/pcscd.comm", "" } },
	{ "no pcscd", "reader-pcscd", DOCTOR_OK, NULL, NULL, USB,
		.files = { "/proc/812/cmdline", "vi|pcscd|" } },
	{ "pcscd and a UART", "reader-pcscd", DOCTOR_NOT_HERE, NULL, NULL, UART,
		.files = { "/proc/812/cmdline", "/usr/sbin/pcscd|" } },
	{ "console of the kernel", "reader-console", DOCTOR_BAD, "console to ttyAMA0",
		"cmdline.txt", UART,
		.files = { "/proc/cmdline", "8250.nr_uarts=1 console=ttyAMA0,115200 quiet\n" } },
	{ "console elsewhere", "reader-console", DOCTOR_OK, "none on ttyAMA0", NULL, UART,
		.files = { "/proc/cmdline",
			"console=tty1 console=ttyAMA01 root=/dev/mmcblk0p2\n" } },
	{ "console at the next start", "reader-console", DOCTOR_BAD, "from the next start", NULL,
		UART,
		.files = { "/proc/cmdline", "console=tty1\n", "/boot/firmware/cmdline.txt",
			"console=serial0,115200 console=tty1\n" } },
	{ "in the older place", "reader-console", DOCTOR_BAD, "from the next start", NULL, UART,
		.files = { "/boot/cmdline.txt", "console=serial0,115200\n" } },
	{ "a login", "reader-console", DOCTOR_BAD, "a login waits on ttyAMA0", "serial-getty@",
		UART,
		.files = { "/proc/9/cmdline", "/sbin/agetty|-o|-p -- \\u|115200|ttyAMA0|vt220|" } },
	{ "a login that is enabled", "reader-console", DOCTOR_BAD, "a login", NULL, UART,
		.files = { "/etc/systemd/system/getty.target.wants/serial-getty@ttyAMA0.service",
			"->/lib/systemd/system/serial-getty@.service" } },
	{ "a login on the screen", "reader-console", DOCTOR_OK, NULL, NULL, UART,
		.files = { "/proc/9/cmdline", "/sbin/agetty|--noclear|tty1|" } },
	{ "the alias", "reader-console", DOCTOR_BAD, "console to ttyS0", NULL,
		"pn532_uart:/dev/serial0:115200",
		.files = { "/proc/cmdline", "console=ttyS0,115200\n", "/dev/serial0", "->ttyS0" } },
	{ "the alias of another port", "reader-console", DOCTOR_OK, NULL, NULL, UART,
		.files = { "/boot/firmware/cmdline.txt", "console=serial0,115200\n", "/dev/serial0",
			"->ttyS0" } },
	{ "Bluetooth's", "reader-bluetooth", DOCTOR_BAD, "/dev/ttyAMA0 belongs to Bluetooth",
		"disable-bt", UART, .files = { "/dev/serial1", "->ttyAMA0" } },
	{ "Bluetooth elsewhere", "reader-bluetooth", DOCTOR_OK, NULL, NULL, UART,
		.files = { "/dev/serial1", "->ttyS0" } },
	{ "no Bluetooth", "reader-bluetooth", DOCTOR_OK, NULL, NULL, UART, .unit = NULL },
	{ "not on USB", "reader-bluetooth", DOCTOR_NOT_HERE, NULL, NULL, USB, .unit = NULL },
	{ "a port on USB has none", "reader-console", DOCTOR_OK, NULL, NULL,
		"pn532_uart:/dev/ttyUSB0",
		.files = { "/proc/cmdline", "console=serial0,115200\n" } },
	{ "port not there", "reader-device", DOCTOR_BAD, "/dev/ttyAMA0 isn't there", "disable-bt",
		.unit = NULL },
	{ "port there", "reader-device", DOCTOR_OK, NULL, NULL, .files = { "/dev/ttyAMA0", "" } },
	{ "no I2C", "reader-device", DOCTOR_BAD, "/dev/i2c-1", "dtparam=i2c_arm=on", I2C,
		.unit = NULL },
	{ "no SPI", "reader-device", DOCTOR_BAD, NULL, "dtparam=spi=on",
		"pn532_spi:/dev/spidev0.0:500000", .unit = NULL },
	{ "no USB", "reader-device", DOCTOR_BAD, "no reader on any USB port", "plug", USB,
		.files = { "/sys/bus/usb/devices/1-1/idVendor", "046d\n" } },
	{ "USB", "reader-device", DOCTOR_OK, NULL, NULL, USB,
		.files = { "/sys/bus/usb/devices/1-1/idVendor", "046d\n",
			"/sys/bus/usb/devices/1-1.2/idVendor", "072f\n" } },
	{ "works, so it is there", "reader-device", DOCTOR_OK, NULL, NULL, USB,
		"{\"reader\":\"ok\"}", .unit = NULL },
#define UNIT_FILE "/lib/systemd/system/schoolpoort-reader.service"
#define DROP_IN "/etc/systemd/system/schoolpoort-reader.service.d/usb.conf"
	{ "USB not allowed", "reader-rights", DOCTOR_BAD, "DeviceAllow= for USB", "char-usb_device",
		USB, .files = { UNIT_FILE, "[Service]\nDeviceAllow=/dev/ttyAMA0 rw\n" } },
	{ "USB by a drop-in", "reader-rights", DOCTOR_OK, NULL, NULL, USB,
		.files = { UNIT_FILE, "[Service]\nDeviceAllow=/dev/ttyAMA0 rw\n", DROP_IN,
			"[Service]\nDeviceAllow=char-usb_device rw\n" } },
	{ "run by hand", "reader-rights", DOCTOR_NOT_HERE, .files = { "/dev/ttyAMA0", "" } },
#define PI_3 "Raspberry Pi 3 Model B Plus Rev 1.3"
#define OF_1 "/sys/bus/i2c/devices/i2c-1/of_node/"
	{ "I2C too fast", "reader-i2c", DOCTOR_BAD, "i2c-1 runs at 100000 Hz",
		"i2c_arm_baudrate=10000", I2C, .files = { "/proc/device-tree/model", PI_3 } },
	/* Four bytes, the highest first; | is 0. */
	{ "I2C at 400 kHz", "reader-i2c", DOCTOR_BAD, "400000 Hz", "UART", I2C,
		.files = { "/proc/device-tree/model", PI_3, OF_1 "clock-frequency",
			"|\x06\x1a\x80" } },
	{ "I2C at 10 kHz", "reader-i2c", DOCTOR_OK, "10000 Hz", NULL, I2C,
		.files = { "/proc/device-tree/model", PI_3, OF_1 "clock-frequency",
			"||\x27\x10" } },
	{ "I2C in software", "reader-i2c", DOCTOR_OK, NULL, NULL, I2C,
		.files = { "/proc/device-tree/model", PI_3, OF_1 "compatible", "i2c-gpio|" } },
	{ "I2C on a Pi 5", "reader-i2c", DOCTOR_OK, NULL, NULL, I2C,
		.files = { "/proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0" } },
	{ "I2C elsewhere", "reader-i2c", DOCTOR_OK, NULL, NULL, I2C,
		.files = { "/proc/device-tree/model", "Radxa ROCK 4" } },
	{ "no I2C on a UART", "reader-i2c", DOCTOR_NOT_HERE,
		.files = { "/proc/device-tree/model", PI_3 } },
	/* ---- signal ---- */
	{ "no lights", "signal", DOCTOR_NOT_HERE, NULL, NULL, .unit = NULL },
	{ "no such chip", "signal", DOCTOR_BAD, "/dev/gpiochip7 isn't there", "gpiodetect",
		.signal = "gpiochip7:23", .files = { "/dev/gpiochip0", "" } },
	{ "lights that nobody tells", "signal", DOCTOR_BAD, "doesn't run", "enable --now",
		.signal = "gpiochip0:23", .files = { "/dev/gpiochip0", "" } },
	{ "lights", "signal", DOCTOR_OK, NULL, NULL, .signal = "gpiochip0:23",
		.files = { "/dev/gpiochip0", "", "/proc/55/cmdline",
			"/usr/bin/schoolpoort-signal|--config|x|" } },
	/* ---- screen ---- */
	{ "screen", "screen", DOCTOR_OK, NULL, NULL, .status = "{\"screen\":\"ok\"}" },
	{ "screen doesn't run", "screen", DOCTOR_BAD, "doesn't run", "enable --now",
		.status = "{\"screen\":\"absent\"}" },
	{ "screen shows nothing", "screen", DOCTOR_BAD, "shows nothing", "cable",
		.status = "{\"screen\":\"absent\"}",
		.files = { "/proc/55/cmdline", "/usr/bin/schoolpoort-screen|--config|x|" } },
	{ "a gate without a display", "screen", DOCTOR_OK, "isn't enabled", NULL,
		.status = "{\"screen\":\"absent\"}",
		.files = { "/lib/systemd/system/schoolpoort-screen.service", "[Service]\n" } },
	{ "one that is wanted", "screen", DOCTOR_BAD, NULL, NULL,
		.status = "{\"screen\":\"absent\"}",
		.files = { "/lib/systemd/system/schoolpoort-screen.service", "[Service]\n",
			"/etc/systemd/system/multi-user.target.wants/schoolpoort-screen.service",
			"" } },
/* ---- broker ---- */
#define DOWN(reason) "{\"broker\":{\"connected\":false,\"reason\":\"" reason "\"}}"
	{ "connected", "broker", DOCTOR_OK, "connected", NULL,
		.status = "{\"broker\":{\"connected\":true}}" },
	{ "not tried yet", "broker", DOCTOR_BAD, "not connected yet", NULL,
		.status = "{\"broker\":{\"connected\":false,\"reason\":null}}" },
	{ "wrong password", "broker", DOCTOR_BAD, "CONNACK 135", "broker.password_file",
		.status = DOWN("CONNACK 135: Not authorized") },
	{ "bad user", "broker", DOCTOR_BAD, "CONNACK 134", "no such user",
		.status = DOWN("CONNACK 134: Bad User Name or Password") },
	{ "broker not ready", "broker", DOCTOR_BAD, "CONNACK 136", "tried again",
		.status = DOWN("CONNACK 136: Server unavailable") },
	{ "broker full", "broker", DOCTOR_BAD, "CONNACK 137", "max_connections",
		.status = DOWN("CONNACK 137: Server busy") },
	{ "twins", "broker", DOCTOR_BAD, "142", "copied card",
		.status = DOWN("DISCONNECT 142: Session taken over") },
	{ "may not read", "broker", DOCTOR_BAD, "SUBACK", "topics.md",
		.status = DOWN("SUBACK 135: Not authorized") },
	{ "closed port", "broker", DOCTOR_BAD, NULL, "systemctl status mosquitto",
		.status = DOWN("connect: Connection refused") },
	{ "clock in 2001", "broker", DOCTOR_BAD, NULL, "clock is wrong",
		.status = DOWN(
			"A TLS error occurred. (error:0A000086:SSL routines::certificate verify "
			"failed; certificate is not yet valid)") },
	{ "broker's certificate ended", "broker", DOCTOR_BAD, NULL, "renew it there",
		.status = DOWN("A TLS error occurred. (certificate has expired)") },
	{ "other host", "broker", DOCTOR_BAD, NULL, "write that name in broker.host",
		.status = DOWN(
			"A TLS error occurred. (certificate verify failed: hostname mismatch)") },
	{ "not trusted", "broker", DOCTOR_BAD, NULL, "see broker-certificate",
		.status = DOWN("error:0A000086:SSL routines::certificate verify failed") },
	{ "revoked", "broker", DOCTOR_BAD, NULL, "was revoked",
		.status = DOWN("error:0A000414:SSL routines::sslv3 alert certificate revoked") },
	{ "anything else", "broker", DOCTOR_BAD, NULL, "journalctl", .status = DOWN("who knows") },
#define REFUSED(list) "{\"broker\":{\"connected\":true,\"refused\":[" list "]}}"
	{ "ACL denies", "broker-rights", DOCTOR_BAD, "gate/checkin (135)", "ACL",
		.status = REFUSED("{\"topic\":\"gate/checkin\",\"code\":135}") },
	{ "too large", "broker-rights", DOCTOR_BAD, "gates/data (149)", "max_packet_size",
		.status = REFUSED("{\"topic\":\"gates/data\",\"code\":149}"), .unit = "register" },
	{ "takes all", "broker-rights", DOCTOR_OK, NULL, NULL, .status = REFUSED("") },
#define QUEUE(n, last, on)                                                                         \
	"{\"queue\":" n ",\"at\":\"2026-11-23T08:12:00.000+01:00\",\"last_delivery\":" last        \
	",\"uptime_s\":9000,\"broker\":{\"connected\":" on "}}"
	{ "all delivered", "delivery", DOCTOR_OK, NULL, NULL,
		.status = QUEUE("0", "null", "true") },
	{ "waits a moment", "delivery", DOCTOR_NOTE, "3 taps wait", NULL,
		.status = QUEUE("3", "\"2026-11-23T08:02:00.000+01:00\"", "true") },
	{ "no register", "delivery", DOCTOR_BAD, "for 10 minutes", "register running",
		.status = QUEUE("3", "\"2026-11-23T08:01:59.000+01:00\"", "true") },
	{ "no register ever", "delivery", DOCTOR_BAD, "for 150 minutes", NULL,
		.status = QUEUE("1", "null", "true") },
	{ "no broker, told elsewhere", "delivery", DOCTOR_NOTE, NULL, NULL,
		.status = QUEUE("3", "null", "false") },
/* ---- what the register knows ---- */
#define GATE(more) "{\"gates\":[{\"gate\":\"gate-1\",\"expected\":true," more "}]}"
	{ "gate well", "gates", DOCTOR_OK, "1, all well", NULL,
		.status = GATE("\"state\":\"online\",\"reader\":\"ok\",\"clock\":\"holdover\""),
		.unit = "register" },
	{ "gate offline", "gates", DOCTOR_BAD, "1 of 1 not well: gate-1: offline", "at that gate",
		.status = GATE("\"state\":\"offline\""), .unit = "register" },
	{ "gate twice", "gates", DOCTOR_BAD, "two units", NULL,
		.status = GATE("\"state\":\"online\",\"twice\":true"), .unit = "register" },
	{ "gate's reader", "gates", DOCTOR_BAD, "reader fault", NULL,
		.status = GATE("\"state\":\"online\",\"reader\":\"fault\""), .unit = "register" },
	{ "gate's clock", "gates", DOCTOR_BAD, "clock unknown", NULL,
		.status = GATE("\"state\":\"online\",\"clock\":\"unknown\""), .unit = "register" },
	{ "gate's disk", "gates", DOCTOR_BAD, "can't store", NULL,
		.status = GATE("\"state\":\"online\",\"store\":\"full\""), .unit = "register" },
	{ "a stranger is nobody's", "gates", DOCTOR_OK, "0, all well", NULL,
		.status = "{\"gates\":[{\"gate\":\"x\",\"expected\":false,\"state\":\"offline\"}]}",
		.unit = "register" },
	{ "lists lost", "lists", DOCTOR_BAD, "database: pupils cards", "import",
		.status = "{\"pupils\":9,\"cards\":9,\"store\":{\"lost\":[\"pupils\",\"cards\"]}}",
		.unit = "register" },
	{ "never imported", "lists", DOCTOR_BAD, "0 pupils", "import pupils",
		.status = "{\"pupils\":0,\"cards\":0,\"store\":{}}", .unit = "register" },
	{ "lists", "lists", DOCTOR_OK, "9 pupils, 8 cards", NULL,
		.status = "{\"pupils\":9,\"cards\":8,\"store\":{}}", .unit = "register" },
	{ "refused", "check-ins", DOCTOR_NOTE, "2 refused, 0 without", "status",
		.status = "{\"refused_checkins\":2,\"undated_checkins\":0}", .unit = "register" },
	/* ---- disk ---- */
	{ "database well", "database", DOCTOR_OK, NULL, NULL,
		.status = "{\"store\":{\"state\":\"ok\"}}" },
	{ "disk full", "database", DOCTOR_BAD, "full", "vacuum",
		.status = "{\"store\":{\"state\":\"full\"}}" },
	{ "disk failing", "database", DOCTOR_BAD, "can't be written", "disk-errors",
		.status = "{\"store\":{\"state\":\"failing\"}}" },
	{ "recovered", "database", DOCTOR_NOTE, "recovered", "replace it",
		.status = "{\"store\":{\"state\":\"recovered\"}}" },
	{ "refilling", "database", DOCTOR_NOTE, "from the gates", NULL,
		.status = "{\"store\":{\"state\":\"recovered\",\"refilling\":true}}",
		.unit = "register" },
#define LIFE "/sys/block/mmcblk0/device/life_time"
#define SPARE "/sys/block/mmcblk0/device/pre_eol_info"
	{ "no card at all", "disk-wear", DOCTOR_NOT_HERE,
		.files = { "/sys/block/sda/size", "1\n" } },
	{ "SD card", "disk-wear", DOCTOR_OK, "doesn't tell", NULL,
		.files = { "/sys/block/mmcblk0/device/type", "SD\n" } },
	{ "eMMC, new", "disk-wear", DOCTOR_OK, "10 %", NULL,
		.files = { LIFE, "0x01 0x01\n", SPARE, "0x01\n" } },
	{ "eMMC, worn", "disk-wear", DOCTOR_NOTE, "80 %", "new card",
		.files = { LIFE, "0x02 0x08\n" } },
	{ "eMMC, near its end", "disk-wear", DOCTOR_BAD, "90 %", NULL,
		.files = { LIFE, "0x09 0x02\n" } },
	{ "eMMC, past it", "disk-wear", DOCTOR_BAD, "100 %", NULL,
		.files = { LIFE, "0x0b 0x01\n" } },
	{ "no spare blocks", "disk-wear", DOCTOR_BAD, "spare blocks", NULL,
		.files = { LIFE, "0x01 0x01\n", SPARE, "0x02\n" } },
	{ "no errors", "disk-errors", DOCTOR_OK, NULL, NULL,
		.files = { "/sys/fs/ext4/mmcblk0p2/errors_count", "0\n", "/proc/mounts",
			"/dev/root / ext4 rw,noatime 0 0\ntmpfs /run tmpfs ro 0 0\n" } },
	{ "ext4 has seen some", "disk-errors", DOCTOR_BAD, "4 errors", "replace the card",
		.files = { "/sys/fs/ext4/mmcblk0p2/errors_count", "3\n",
			"/sys/fs/ext4/mmcblk0p3/errors_count", "1\n" } },
	{ "read-only", "disk-errors", DOCTOR_BAD, "read-only", NULL,
		.files = { "/proc/mounts", "/dev/root / ext4 rw 0 0\n/dev/mmcblk0p3 /tmp ext4 "
					   "ro,errors=remount-ro 0 0\n" } },
	{ "read-only elsewhere", "disk-errors", DOCTOR_OK, NULL, NULL,
		.files = { "/proc/mounts", "/dev/root / ext4 ro 0 0\n/dev/mmcblk0p3 /tmp ext4 "
					   "rw,errors=remount-ro 0 0\n" } },
};

static struct {
	char dir[TEMPDIR_MAX]; /* state_dir, certificates, and the root below it */
	char root[TEMPDIR_PATH_MAX];
	struct doctor d;
} on;

static const struct doctor_check *check_of(const char *name)
{
	for (size_t i = 0; i < doctor_n_checks; i++)
		if (!strcmp(doctor_checks[i].name, name))
			return &doctor_checks[i];
	fail_msg("no check %s", name);
	return NULL;
}

static int setup(void **state)
{
	(void)state;
	if (tempdir_make(on.dir))
		return -1;
	(void)snprintf(on.root, sizeof(on.root), "%s/root", on.dir);
	on.d = (struct doctor){ .root = on.root,
		.config_path = "unit.conf",
		.status_reason = "kiosk.sock: nobody answers there",
		.now = { .wall_ms = NOW_S * 1000, .state = CLOCK_STATE_TRUSTED } };
	struct config *c = &on.d.config;
	(void)snprintf(c->school_id, sizeof(c->school_id), "sint-jan");
	(void)snprintf(c->school_timezone, sizeof(c->school_timezone), "Europe/Brussels");
	(void)snprintf(c->unit_id, sizeof(c->unit_id), "gate-1");
	(void)snprintf(c->paths_state_dir, sizeof(c->paths_state_dir), "%s", on.dir);
	(void)snprintf(c->reader_connstring, sizeof(c->reader_connstring), UART);
	(void)snprintf(c->broker_host, sizeof(c->broker_host), "broker.sint-jan.example");
	c->broker_port = 8883;
	c->broker_tls = true;
	c->screen_display = true;
	return mkdir(on.root, 0755);
}

static int teardown(void **state)
{
	(void)state;
	fake_root_remove(on.dir);
	return 0;
}

static void expect(const char *name, const char *check, enum doctor_state want, const char *text,
	const char *remedy)
{
	struct doctor_finding f = doctor_look(&on.d, check_of(check));

	if (f.state != want || (text && !strstr(f.text, text)) ||
		(remedy && (!f.remedy || !strstr(f.remedy, remedy))))
		fail_msg("%s, %s: %d and not %d, \"%s\", remedy \"%s\"", name, check, (int)f.state,
			(int)want, f.text, f.remedy ? f.remedy : "");
	if (f.state > DOCTOR_OK && !f.remedy)
		fail_msg("%s, %s: no remedy", name, check);
	if (f.state == DOCTOR_OK && f.remedy)
		fail_msg("%s, %s: a remedy for nothing", name, check);
}

static void look_at_row(const struct row *row)
{
	struct config *c = &on.d.config;
	char reason[WIRE_REASON_MAX];
	struct wire_node *status =
		row->status ? wire_node_parse(row->status, strlen(row->status), reason) : NULL;

	if (row->status && !status)
		fail_msg("%s: %s", row->name, reason);
	fake_root_remove(on.root);
	assert_int_equal(mkdir(on.root, 0755), 0);
	for (size_t i = 0; row->files[i]; i += 2)
		fake_root_put(on.root, row->files[i], row->files[i + 1]);
	on.d.status = status;
	on.d.now.state = row->status ? CLOCK_STATE_TRUSTED : row->clock;
	(void)snprintf(c->reader_connstring, sizeof(c->reader_connstring), "%s",
		row->connstring ? row->connstring : UART);
	(void)snprintf(c->signal_go, sizeof(c->signal_go), "%s", row->signal ? row->signal : "");
	(void)snprintf(c->unit_id, sizeof(c->unit_id), "%s", row->unit ? row->unit : "gate-1");
	expect(row->name, row->check, row->want, row->text, row->remedy);
	on.d.status = NULL;
	wire_node_destroy(status);
}

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		look_at_row(&rows[i]);
}

static void the_program_that_is_installed_runs(void **state)
{
	char status[200];
	const struct row row = { "answers", "program", DOCTOR_OK, "schoolpoort-kiosk ", NULL,
		.status = status };

	(void)state;
	(void)snprintf(
		status, sizeof(status), "{\"version\":\"%s\",\"uptime_s\":7}", config_version());
	look_at_row(&row);
}

/* ---- what the rights and dates of real files say ---- */

static const char *path(const char *name)
{
	static char ring[8][TEMPDIR_PATH_MAX];
	static size_t next;
	char *at = ring[next++ % ARRAY_LEN(ring)];

	(void)snprintf(at, TEMPDIR_PATH_MAX, "%s/%s", on.dir, name);
	return at;
}

static void write_bytes(const char *name, size_t len)
{
	FILE *f = fopen(path(name), "we");

	assert_non_null(f);
	for (size_t i = 0; i < len; i++)
		assert_true(putc('k', f) != EOF);
	assert_int_equal(fclose(f), 0);
}

static void a_group_that_the_reader_lacks(void **state)
{
	char group[256], device[TEMPDIR_PATH_MAX + 32];

	(void)state;
	(void)snprintf(device, sizeof(device), "%s/dev/ttyAMA0", on.root);
	(void)snprintf(group, sizeof(group), "root:x:99999:\ndialout:x:%lu:\nschoolpoort:x:98:\n",
		(unsigned long)getegid());
	fake_root_put(on.root, "/etc/group", group);
	fake_root_put(on.root, "/dev/ttyAMA0", "");
	fake_root_put(on.root, UNIT_FILE, "[Service]\nDeviceAllow=/dev/ttyAMA0 rw\n");
	assert_int_equal(chmod(device, 0660), 0);
	expect("no group", "reader-rights", DOCTOR_BAD, "group dialout", "SupplementaryGroups=");
	fake_root_put(on.root, UNIT_FILE,
		"[Service]\nSupplementaryGroups=video dialout\nDeviceAllow=/dev/ttyAMA0 rw\n");
	expect("by the unit", "reader-rights", DOCTOR_OK, "by the group dialout", NULL);
	assert_int_equal(chmod(device, 0600), 0);
	expect("its owner's alone", "reader-rights", DOCTOR_BAD, NULL, NULL);
	assert_int_equal(chmod(device, 0660), 0);
	fake_root_put(on.root, UNIT_FILE, "[Service]\nDeviceAllow=/dev/ttyS0 rw\n");
	(void)snprintf(group, sizeof(group), "dialout:x:%lu:someone,schoolpoort-reader\n",
		(unsigned long)getegid());
	fake_root_put(on.root, "/etc/group", group);
	expect("a member, and another port", "reader-rights", DOCTOR_BAD,
		"no DeviceAllow= for /dev/ttyAMA0", "DeviceAllow=");
}

/* What is shipped lets the default port through. */
static void the_shipped_unit_is_right(void **state)
{
	char group[64], device[TEMPDIR_PATH_MAX + 32], *unit;

	(void)state;
	assert_true(file_read(TEST_SOURCE_DIR
			    "/firmware-app/packaging/systemd/schoolpoort-reader.service",
			    8000, &unit) > 0);
	fake_root_remove(on.root);
	assert_int_equal(mkdir(on.root, 0755), 0);
	fake_root_put(on.root, UNIT_FILE, unit);
	free(unit);
	(void)snprintf(group, sizeof(group), "dialout:x:%lu:\n", (unsigned long)getegid());
	fake_root_put(on.root, "/etc/group", group);
	fake_root_put(on.root, "/dev/ttyAMA0", "");
	(void)snprintf(device, sizeof(device), "%s/dev/ttyAMA0", on.root);
	assert_int_equal(chmod(device, 0660), 0);
	(void)snprintf(on.d.config.unit_id, sizeof(on.d.config.unit_id), "gate-1");
	(void)snprintf(on.d.config.reader_connstring, sizeof(on.d.config.reader_connstring), UART);
	expect("as shipped", "reader-rights", DOCTOR_OK, "by the group dialout", NULL);
}

/* Said in the configuration: not missed, whether or not the kiosk answers, and well where one draws all the same. */
static void a_display_that_is_not_wanted(void **state)
{
	static const struct {
		const char *status; /* NULL: no answer */
		const char *text;
	} row[] = {
		{ "{\"screen\":\"none\"}", "screen.display = off" },
		{ "{\"screen\":\"ok\"}", "shows what it is told" },
		{ NULL, "screen.display = off" },
	};

	(void)state;
	on.d.config.screen_display = false;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char reason[WIRE_REASON_MAX];
		struct wire_node *status = row[i].status ? wire_node_parse(row[i].status,
								   strlen(row[i].status), reason)
							 : NULL;
		on.d.status = status;
		expect("no display", "screen", DOCTOR_OK, row[i].text, NULL);
		on.d.status = NULL;
		wire_node_destroy(status);
	}
	on.d.config.screen_display = true;
	expect("one is wanted", "screen", DOCTOR_UNKNOWN, NULL, NULL);
}

static void the_card_key(void **state)
{
	struct config *c = &on.d.config;

	(void)state;
	(void)snprintf(c->school_card_key_file, sizeof(c->school_card_key_file), "%s", path("key"));
	expect("missing", "card-key", DOCTOR_BAD, "No such file", "same 32 bytes");
	write_bytes("key", 31);
	expect("cut", "card-key", DOCTOR_BAD, "31 bytes, not 32", NULL);
	write_bytes("key", 32);
	assert_int_equal(chmod(path("key"), 0644), 0);
	expect("open to all", "card-key", DOCTOR_BAD, "anybody", "chmod 0600");
	assert_int_equal(chmod(path("key"), 0640), 0);
	expect("well", "card-key", DOCTOR_OK, NULL, NULL);
}

static void the_state_folder(void **state)
{
	struct config *c = &on.d.config;
	char passwd[256];

	(void)state;
	(void)snprintf(c->unit_id, sizeof(c->unit_id), "gate-1");
	assert_int_equal(chmod(on.dir, 0755), 0);
	expect("open to all", "state-folder", DOCTOR_BAD, "anybody", "systemd-tmpfiles");
	assert_int_equal(chmod(on.dir, 0770), 0);
	expect("of a release before", "state-folder", DOCTOR_BAD, "another's database",
		"chmod 1770");
	assert_int_equal(chmod(on.dir, 01770), 0);
	write_bytes("kiosk.db", 1);
	(void)snprintf(passwd, sizeof(passwd),
		"root:x:0:0::/:/bin/sh\nschoolpoort-kiosk:x:%lu:98::/:/x\n",
		(unsigned long)getuid() + 1);
	fake_root_put(on.root, "/etc/passwd", passwd);
	expect("run once as another", "state-folder", DOCTOR_BAD, "kiosk.db isn't the property",
		"chown schoolpoort-kiosk");
	(void)snprintf(passwd, sizeof(passwd), "schoolpoort-kiosk:x:%lu:98::/:/x\n",
		(unsigned long)getuid());
	fake_root_put(on.root, "/etc/passwd", passwd);
	expect("well", "state-folder", DOCTOR_OK, NULL, NULL);
	if (geteuid() == 0) {
		write_bytes("kiosk.db.backup", 1);
		assert_int_equal(chown(path("kiosk.db.backup"), 901, 900), 0);
		expect("another's copy", "state-folder", DOCTOR_BAD, "kiosk.db.backup isn't", NULL);
		assert_int_equal(unlink(path("kiosk.db.backup")), 0);
	}
	(void)snprintf(c->paths_state_dir, sizeof(c->paths_state_dir), "%s", path("nothing"));
	expect("missing", "state-folder", DOCTOR_BAD, "No such file", NULL);
	(void)snprintf(c->paths_state_dir, sizeof(c->paths_state_dir), "%s", path("kiosk.db"));
	expect("a file", "state-folder", DOCTOR_BAD, "is no folder", NULL);
	(void)snprintf(c->paths_state_dir, sizeof(c->paths_state_dir), "%s", on.dir);
	expect("room", "disk-space", DOCTOR_OK, "MB free", NULL);
}

static void last_nights_copy(void **state)
{
	char reason[WIRE_REASON_MAX];
	static const char first[] = "{\"uptime_s\":93600}", later[] = "{\"uptime_s\":93601}";
	struct wire_node *status = wire_node_parse(first, strlen(first), reason);
	struct utimbuf at = { NOW_S - 2 * DAY_S, NOW_S - 2 * DAY_S };

	(void)state;
	on.d.status = status;
	expect("before the first night", "backup", DOCTOR_OK, "none yet", NULL);
	wire_node_destroy(status);
	status = wire_node_parse(later, strlen(later), reason);
	on.d.status = status;
	expect("after it", "backup", DOCTOR_BAD, "none, after a night", "backup FILE");
	write_bytes("kiosk.db.backup", 1);
	assert_int_equal(utime(path("kiosk.db.backup"), &at), 0);
	expect("two days", "backup", DOCTOR_OK, NULL, NULL);
	at.modtime--;
	assert_int_equal(utime(path("kiosk.db.backup"), &at), 0);
	expect("over two days", "backup", DOCTOR_BAD, "copy is of", NULL);
	on.d.status = NULL;
	wire_node_destroy(status);
}

/* A file of the machine, of then. */
static void put_of(const char *name, int64_t at_s)
{
	char whole[DOCTOR_PATH_MAX];
	struct utimbuf at = { at_s, at_s };

	fake_root_put(on.root, name, "");
	(void)snprintf(whole, sizeof(whole), "%s%s", on.root, name);
	assert_int_equal(utime(whole, &at), 0);
}

static void updates_that_have_stopped(void **state)
{
	static const char lists[] = "/var/lib/apt/periodic/update-stamp",
			  upgrade[] = "/var/lib/apt/periodic/upgrade-stamp",
			  machine[] = "/etc/machine-id";
	struct updates u;

	(void)state;
	fake_root_remove(on.root);
	assert_int_equal(mkdir(on.root, 0755), 0);
	on.d.now.state = CLOCK_STATE_TRUSTED;
	fake_root_put(on.root, APT_CONF, "");
	fake_root_put(on.root, "/usr/bin/unattended-upgrade", "");
	fake_root_put(on.root, WANTS "apt-daily.timer", "->/nowhere");
	fake_root_put(on.root, WANTS "apt-daily-upgrade.timer", "->/nowhere");
	put_of(machine, NOW_S - 21 * DAY_S);
	expect("three weeks without", "update-runs", DOCTOR_OK, "not looked for yet", NULL);
	put_of(machine, NOW_S - 21 * DAY_S - 1);
	expect("longer without", "update-runs", DOCTOR_BAD, "not looked for yet", "apt-daily");
	put_of(upgrade, NOW_S);
	expect("no lists", "update-runs", DOCTOR_BAD, "not looked for yet", NULL);
	put_of(lists, NOW_S - 21 * DAY_S);
	expect("lists of three weeks", "update-runs", DOCTOR_OK, "last looked for 2026-10-3", NULL);
	put_of(lists, NOW_S - 21 * DAY_S - 1);
	expect("older lists", "update-runs", DOCTOR_BAD, "last looked for 2026-10-3", "may-update");
	put_of(lists, NOW_S);
	expect("well", "update-runs", DOCTOR_OK, "last looked for 2026-11-2", NULL);
	put_of(upgrade, NOW_S - 30 * DAY_S);
	expect("held", "update-runs", DOCTOR_BAD, "last looked for 2026-10-2", "may-update");
	on.d.now.state = CLOCK_UNKNOWN;
	expect("held by the clock", "update-runs", DOCTOR_BAD, NULL, "until the time is known");
	updates_look(on.root, &u);
	assert_true(u.here && u.program && u.timed && !u.barred);
	assert_int_equal(u.last_s, NOW_S - 30 * DAY_S);
}

static void the_last_synchronised_time_is_told(void **state)
{
	FILE *f = fopen(path("clock"), "we");

	(void)state;
	assert_non_null(f);
	(void)fprintf(f, "schoolpoort-clock 1 %s %lld 1000 5 0\n",
		"01234567-89ab-cdef-0123-456789abcdef", (long long)(NOW_S - 3 * DAY_S) * 1000);
	assert_int_equal(fclose(f), 0);
	on.d.now.state = CLOCK_UNKNOWN;
	expect("unknown", "clock", DOCTOR_BAD, "last synchronised 2026-11-1", NULL);
}

/* Zone data is sought where TZDIR says. */
static void c5_missing_tzdata_is_told(void **state)
{
	(void)state;
	expect("there", "time-zone", DOCTOR_OK, "Europe/Brussels", NULL);
	assert_int_equal(setenv("TZDIR", on.root, 1), 0);
	expect("missing", "time-zone", DOCTOR_BAD, "without a verdict", "tzdata");
	assert_int_equal(unsetenv("TZDIR"), 0);
}

/* ---- certificates ---- */

static void put_cert(const char *name, int64_t from_s, int64_t until_s, const struct new_cert *ca)
{
	struct new_cert c = new_cert_make(name, from_s, until_s, ca);

	new_cert_write(&c, path("unit.crt"), path("unit.key"), "we");
	assert_int_equal(chmod(path("unit.key"), 0640), 0);
	new_cert_finish(&c);
}

static void m5_m6_certificates(void **state)
{
	static const struct {
		const char *name, *of;
		int64_t from_s, until_s; /* from now */
		enum doctor_state want;
		const char *text, *remedy;
	} row[] = {
		{ "well", "gate-1", -30 * DAY_S, 335 * DAY_S, DOCTOR_OK, "of gate-1, until", NULL },
		{ "two weeks", "gate-1", -351 * DAY_S, 14 * DAY_S, DOCTOR_OK, NULL, NULL },
		{ "less than two weeks", "gate-1", -351 * DAY_S, 14 * DAY_S - 1, DOCTOR_BAD,
			"in 13 days", "--fetch" },
		{ "a short one, a sixth left", "gate-1", -5 * DAY_S, DAY_S, DOCTOR_OK, NULL, NULL },
		{ "a short one, less", "gate-1", -5 * DAY_S, DAY_S - 1, DOCTOR_BAD, "in 0 days",
			NULL },
		{ "ended", "gate-1", -30 * DAY_S, -1, DOCTOR_BAD, "ended 2026-11-", "--fetch" },
		{ "not yet", "gate-1", 1, 30 * DAY_S, DOCTOR_BAD, "not valid before", NULL },
		{ "another unit's", "gate-2", -DAY_S, 300 * DAY_S, DOCTOR_BAD,
			"\"gate-2\", and this unit is", "copied card" },
	};
	struct config *c = &on.d.config;
	struct new_cert ca =
		new_cert_make("School CA", NOW_S - 900 * DAY_S, NOW_S + 900 * DAY_S, NULL);
	struct new_cert other =
		new_cert_make("Other CA", NOW_S - 900 * DAY_S, NOW_S + 9 * DAY_S, NULL);

	(void)state;
	on.d.now.state = CLOCK_STATE_TRUSTED;
	(void)snprintf(c->broker_ca_file, sizeof(c->broker_ca_file), "%s", path("ca.crt"));
	(void)snprintf(c->broker_cert_file, sizeof(c->broker_cert_file), "%s", path("unit.crt"));
	(void)snprintf(c->broker_key_file, sizeof(c->broker_key_file), "%s", path("unit.key"));
	expect("missing", "certificate", DOCTOR_BAD, "No such file", NULL);
	expect("missing", "authority", DOCTOR_BAD, "No such file", NULL);
	expect("missing", "certificate-key", DOCTOR_BAD, "No such file", NULL);
	new_cert_write(&ca, path("ca.crt"), NULL, "we");
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		put_cert(row[i].of, NOW_S + row[i].from_s, NOW_S + row[i].until_s, &ca);
		expect(row[i].name, "certificate", row[i].want, row[i].text, row[i].remedy);
		expect(row[i].name, "certificate-key", DOCTOR_OK, NULL, NULL);
	}
	expect("signed", "authority", DOCTOR_OK, "\"School CA\", ", NULL);
	/* M5: 2001, and the certificate seems not to have begun. */
	on.d.now = (struct now){ .wall_ms = INT64_C(999999999000), .state = CLOCK_UNKNOWN };
	put_cert("gate-1", NOW_S - DAY_S, NOW_S + DAY_S, &ca);
	expect("clock at 2001", "certificate", DOCTOR_BAD, "not valid before", "clock is wrong");
	on.d.now = (struct now){ .wall_ms = NOW_S * 1000, .state = CLOCK_STATE_TRUSTED };
	put_cert("gate-1", NOW_S - DAY_S, NOW_S + DAY_S, &other);
	expect("of another CA", "authority", DOCTOR_BAD, "didn't sign", "own CA");
	new_cert_write(&other, path("ca.crt"), NULL, "we");
	expect("a CA near its end", "authority", DOCTOR_BAD, "in 9 days", NULL);
	new_cert_write(&ca, NULL, path("unit.key"), "we");
	assert_int_equal(chmod(path("unit.key"), 0640), 0);
	expect("another key", "certificate-key", DOCTOR_BAD, "isn't the certificate's",
		"new bundle");
	assert_int_equal(chmod(path("unit.key"), 0644), 0);
	expect("open to all", "certificate-key", DOCTOR_BAD, "anybody", "new bundle");
	c->broker_tls = false;
	expect("without TLS", "certificate", DOCTOR_NOT_HERE, NULL, NULL);
	new_cert_finish(&ca);
	new_cert_finish(&other);
}

static void what_answers_at_the_brokers_port(void **state)
{
	static const struct {
		struct probe probe;
		enum doctor_state want;
		const char *text, *remedy;
	} row[] = {
		{ { .result = PROBE_NOT_MADE }, DOCTOR_NOT_HERE, NULL, NULL },
		{ { PROBE_TRUSTED, { "broker", 0, (NOW_S + 60 * DAY_S) * 1000, "" } }, DOCTOR_OK,
			"of broker, until", NULL },
		{ { PROBE_TRUSTED, { "broker", 0, (NOW_S + 13 * DAY_S) * 1000, "" } }, DOCTOR_BAD,
			"in 13 days", "provision renew" },
		{ { .result = PROBE_NO_NAME }, DOCTOR_BAD, "isn't known", "broker.host" },
		{ { .result = PROBE_NO_ANSWER }, DOCTOR_BAD, "nobody answers", "firewall" },
		{ { .result = PROBE_NO_TLS }, DOCTOR_BAD, "no TLS", "8883" },
		{ { .result = PROBE_CA_UNREADABLE }, DOCTOR_BAD, "ca_file", "ca_file" },
		{ { PROBE_NOT_YET, { "broker", 0, 1, "" } }, DOCTOR_BAD, "isn't valid yet: broker",
			"clock" },
		{ { PROBE_ENDED, { "broker", 0, 1, "" } }, DOCTOR_BAD, "has ended",
			"provision renew" },
		{ { PROBE_OTHER_HOST, { "broker", 0, 1, "" } }, DOCTOR_BAD, "another name",
			"provision hosts" },
		{ { PROBE_OTHER_CA, { "broker", 0, 1, "" } }, DOCTOR_BAD, "school's CA",
			"another school's" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		on.d.probe = row[i].probe;
		expect("probe", "broker-certificate", row[i].want, row[i].text, row[i].remedy);
	}
	on.d.probe = (struct probe){ .result = PROBE_NOT_MADE };
}

static void a_configuration_that_is_refused_hides_the_rest(void **state)
{
	const char *path = on.d.config_path;

	(void)state;
	on.d.config_path = "/dev/null"; /* it is there */
	on.d.config_reason = "unit.conf:7: broker.port: \"x\" is no number";
	expect("refused", "configuration", DOCTOR_BAD, "unit.conf:7: broker.port", "print-config");
	expect("refused", "program", DOCTOR_NOT_HERE, NULL, NULL);
	on.d.config_reason = "unit.conf:0: file: can't be read: No such file or directory";
	on.d.config_path = "/nowhere/unit.conf";
	expect("fresh", "configuration", DOCTOR_BAD, "no unit of a school yet", "schoolpoort-join");
	on.d.config_path = path;
	on.d.config_reason = NULL;
	expect("taken", "configuration", DOCTOR_OK, "gate-1 of sint-jan", NULL);
}

static void names_are_short_and_single(void **state)
{
	(void)state;
	for (size_t i = 0; i < doctor_n_checks; i++) {
		const char *name = doctor_checks[i].name;
		assert_true(strlen(name) <= 18);
		assert_int_equal(
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(name, doctor_checks[j].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(the_program_that_is_installed_runs),
		cmocka_unit_test(a_group_that_the_reader_lacks),
		cmocka_unit_test(the_shipped_unit_is_right),
		cmocka_unit_test(a_display_that_is_not_wanted),
		cmocka_unit_test(the_card_key),
		cmocka_unit_test(the_state_folder),
		cmocka_unit_test(last_nights_copy),
		cmocka_unit_test(updates_that_have_stopped),
		cmocka_unit_test(the_last_synchronised_time_is_told),
		cmocka_unit_test(c5_missing_tzdata_is_told),
		cmocka_unit_test(m5_m6_certificates),
		cmocka_unit_test(what_answers_at_the_brokers_port),
		cmocka_unit_test(a_configuration_that_is_refused_hides_the_rest),
		cmocka_unit_test(names_are_short_and_single),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
