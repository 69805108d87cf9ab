/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader/reset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATH_LEN 512
#define ATTRIBUTE_MAX 16 /* "072f\n" */

static int real_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static void real_wait(int ms)
{
	(void)poll(NULL, 0, ms);
}

const struct reset_machine reset_machine = { "/dev", "/sys/bus/usb/devices", real_ioctl,
	real_wait };

static int fail(char *ret_reason, const char *what, const char *where, int err)
{
	(void)snprintf(ret_reason, RESET_REASON_MAX, "%s %.80s: %s", what, where, strerror(err));
	return -err;
}

/*
 * Open drain, and pulled up where the pins can do that: whatever the board has on the line, it is never driven high,
 * and the reset is over once nobody holds it. A chip of pins without such a resistor refuses the whole request.
 */
static int request_line(const struct reset_machine *m, int chip, unsigned offset)
{
	static const uint64_t flags[] = {
		GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_OPEN_DRAIN |
			GPIO_V2_LINE_FLAG_BIAS_PULL_UP,
		GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_OPEN_DRAIN,
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct gpio_v2_line_request request = {
			.offsets = { offset },
			.consumer = "schoolpoort-reader-reset",
			.num_lines = 1,
			.config = {
				.flags = flags[i],
				.num_attrs = 1,
				/* Low from the first moment. */
				.attrs = { { .attr = { .id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES },
					.mask = 1 } },
			},
		};
		if (m->ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) == 0)
			return request.fd;
		if (errno == EBUSY || errno == EPERM)
			break;
	}
	return -errno;
}

static int pulse(const struct reset_machine *m, int line)
{
	struct gpio_v2_line_values high = { .bits = 1, .mask = 1 };

	m->wait_ms(RESET_LOW_MS);
	int err = m->ioctl(line, GPIO_V2_LINE_SET_VALUES_IOCTL, &high) < 0 ? -errno : 0;
	m->wait_ms(RESET_WAKE_MS);
	return err;
}

int reset_line(const struct reset_machine *m, const char *line, char *ret_reason)
{
	char path[PATH_LEN];
	const char *colon = strchr(line, ':');

	if (!colon)
		return fail(ret_reason, "no line in", line, EINVAL);
	(void)snprintf(path, sizeof(path), "%s/%.*s", m->devices, (int)(colon - line), line);
	int chip = open(path, O_RDWR | O_CLOEXEC);
	if (chip < 0)
		return fail(ret_reason, "can't open", path, errno);
	int fd = request_line(m, chip, (unsigned)strtoul(colon + 1, NULL, 10));
	(void)close(chip);
	if (fd < 0)
		return fail(ret_reason, "can't have", line, -fd);
	int err = pulse(m, fd);
	(void)close(fd);
	return err < 0 ? fail(ret_reason, "can't set", line, -err) : 0;
}

/* The readers that libnfc's two USB drivers know; pn53x_usb.c and acr122_usb.c of 1.8.0. */
static const struct usb_reader {
	const char *driver, *vendor, *product;
} usb_readers[] = {
	{ "acr122_usb", "072f", "2200" },
	{ "acr122_usb", "072f", "90cc" },
	{ "acr122_usb", "072f", "2214" },
	{ "pn53x_usb", "04cc", "0531" },
	{ "pn53x_usb", "04cc", "2533" },
	{ "pn53x_usb", "04e6", "5591" },
	{ "pn53x_usb", "04e6", "5594" },
	{ "pn53x_usb", "054c", "0193" },
	{ "pn53x_usb", "054c", "02e1" },
	{ "pn53x_usb", "1fd3", "0608" },
};

static bool read_attribute(
	const struct reset_machine *m, const char *port, const char *name, char *ret_text)
{
	char path[PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/%.64s/%s", m->usb, port, name);
	FILE *f = fopen(path, "re");
	bool got = f && fgets(ret_text, ATTRIBUTE_MAX, f);
	if (f)
		(void)fclose(f);
	if (got)
		ret_text[strcspn(ret_text, "\n")] = '\0';
	return got;
}

static int authorize(const struct reset_machine *m, const char *port, const char *value)
{
	char path[PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/%.64s/authorized", m->usb, port);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	(void)close(fd);
	return err;
}

static bool is_meant(const struct reset_machine *m, const char *port, const char *connstring)
{
	char vendor[ATTRIBUTE_MAX], product[ATTRIBUTE_MAX];
	size_t len = strcspn(connstring, ":");

	if (!read_attribute(m, port, "idVendor", vendor) ||
		!read_attribute(m, port, "idProduct", product))
		return false;
	for (size_t i = 0; i < sizeof(usb_readers) / sizeof(usb_readers[0]); i++) {
		const struct usb_reader *r = &usb_readers[i];
		if (strlen(r->driver) == len && strncmp(connstring, r->driver, len) == 0 &&
			strcmp(r->vendor, vendor) == 0 && strcmp(r->product, product) == 0)
			return true;
	}
	return false;
}

/* Whatever the first write gave, the second is tried: a port must not stay off. */
static int reset_port(const struct reset_machine *m, const char *port)
{
	int off = authorize(m, port, "0");

	if (off == 0)
		m->wait_ms(RESET_PORT_MS);
	int on = authorize(m, port, "1");
	return off < 0 ? off : on;
}

int reset_usb(const struct reset_machine *m, const char *connstring, char *ret_reason)
{
	size_t len = strcspn(connstring, ":");
	int n = 0, err = 0;

	if (len < 4 || strncmp(connstring + len - 4, "_usb", 4) != 0)
		return 0;
	DIR *ports = opendir(m->usb);
	if (!ports)
		return fail(ret_reason, "can't read", m->usb, errno);
	for (struct dirent *port; (port = readdir(ports));) {
		if (port->d_name[0] == '.' || !is_meant(m, port->d_name, connstring))
			continue;
		int result = reset_port(m, port->d_name);
		if (result < 0)
			err = fail(ret_reason, "can't switch port", port->d_name, -result);
		else
			n++;
	}
	(void)closedir(ports);
	return err < 0 ? err : n;
}
