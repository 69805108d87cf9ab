/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The last rung of recovery, against a folder that stands for /dev and /sys and a double of ioctl().
 *
 * Not tested here: the kernel's own side of both, which needs pins and ports (faults.md section 4). That the requests
 * are those of its interface is: the structs and numbers are the kernel header's.
 */
#include "reader/reset.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/unit.h"

static struct {
	char events[256]; /* in order: "request 17 low", "wait 100", "high" … */
	uint64_t refused_flags; /* a request with one of these fails … */
	int refusal; /* … with this */
	int set_error;
	int line_fd;
} fake;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
	size_t n = strlen(fake.events);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(fake.events + n, sizeof(fake.events) - n, format, args);
	va_end(args);
}

static int take_request(struct gpio_v2_line_request *r)
{
	const struct gpio_v2_line_config_attribute *a = &r->config.attrs[0];

	assert_int_equal(r->num_lines, 1);
	assert_int_equal(r->config.num_attrs, 1);
	assert_int_equal(a->attr.id, GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES);
	assert_int_equal(a->mask, 1);
	assert_true(r->config.flags & GPIO_V2_LINE_FLAG_OUTPUT);
	assert_true(r->config.flags & GPIO_V2_LINE_FLAG_OPEN_DRAIN);
	if (r->config.flags & fake.refused_flags) {
		errno = fake.refusal;
		return -1;
	}
	fake.line_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	r->fd = fake.line_fd;
	note("request %u %s%s;", r->offsets[0], a->attr.values & 1 ? "high" : "low",
		r->config.flags & GPIO_V2_LINE_FLAG_BIAS_PULL_UP ? " pulled" : "");
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	if (request == GPIO_V2_GET_LINE_IOCTL)
		return take_request(arg);
	assert_true(request == GPIO_V2_LINE_SET_VALUES_IOCTL);
	assert_int_equal(fd, fake.line_fd);
	const struct gpio_v2_line_values *v = arg;
	assert_int_equal(v->mask, 1);
	note("%s;", v->bits & 1 ? "high" : "low");
	if (!fake.set_error)
		return 0;
	errno = fake.set_error;
	return -1;
}

static const char *port_now; /* what the double of the wait looks at */

static void fake_wait(int ms)
{
	char text[16] = "";

	if (port_now) {
		FILE *f = fopen(port_now, "re");
		assert_non_null(f);
		assert_non_null(fgets(text, sizeof(text), f));
		(void)fclose(f);
	}
	note("wait %d%s%s;", ms, *text ? " at " : "", text);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static char folder[64];
static struct reset_machine machine = { folder, folder, fake_ioctl, fake_wait };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	port_now = NULL;
	(void)snprintf(folder, sizeof(folder), "/tmp/schoolpoort-reset-XXXXXX");
	assert_non_null(mkdtemp(folder));
	put(folder, "gpiochip0", "");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_line(void **state)
{
	static const struct {
		const char *name, *line;
		uint64_t refused_flags;
		int refusal, set_error, want;
		const char *events;
	} row[] = {
		{ "as wired", "gpiochip0:17", 0, 0, 0, 0,
			"request 17 low pulled;wait 100;high;wait 50;" },
		{ "no resistor in the pins", "gpiochip0:4", GPIO_V2_LINE_FLAG_BIAS_PULL_UP, EINVAL,
			0, 0, "request 4 low;wait 100;high;wait 50;" },
		{ "held by somebody else", "gpiochip0:4", GPIO_V2_LINE_FLAG_OUTPUT, EBUSY, 0,
			-EBUSY, "" },
		{ "no such line", "gpiochip0:99", GPIO_V2_LINE_FLAG_OUTPUT, EINVAL, 0, -EINVAL,
			"" },
		{ "no such chip", "gpiochip7:17", 0, 0, 0, -ENOENT, "" },
		{ "can't be set high: let go all the same", "gpiochip0:17", 0, 0, EIO, -EIO,
			"request 17 low pulled;wait 100;high;wait 50;" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char reason[RESET_REASON_MAX] = "";
		fake.events[0] = '\0';
		fake.refused_flags = row[i].refused_flags;
		fake.refusal = row[i].refusal;
		fake.set_error = row[i].set_error;
		fake.line_fd = -1;
		int got = reset_line(&machine, row[i].line, reason);
		if (got != row[i].want || strcmp(fake.events, row[i].events) != 0)
			fail_msg("%s: %d, %s", row[i].name, got, fake.events);
		assert_int_equal(got < 0, reason[0] != '\0');
		if (fake.line_fd >= 0) /* nobody holds it */
			assert_int_equal(fcntl(fake.line_fd, F_GETFD), -1);
	}
}

static void plug(const char *port, const char *vendor, const char *product, const char *authorized)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, port);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "idVendor", vendor);
	put(path, "idProduct", product);
	if (authorized)
		put(path, "authorized", authorized);
}

static char at_port(const char *port)
{
	char path[600], text[8] = "";

	(void)snprintf(path, sizeof(path), "%s/%s/authorized", folder, port);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	return text[0];
}

static void test_port(void **state)
{
	char reason[RESET_REASON_MAX] = "", watched[600];

	(void)state;
	plug("1-1", "072f\n", "2200\n", "x\n");
	plug("1-2", "046d\n", "c31c\n", "x\n"); /* a keyboard */
	plug("2-1", "04cc\n", "2533\n", "x\n");
	(void)snprintf(watched, sizeof(watched), "%s/1-1/authorized", folder);
	port_now = watched;
	assert_int_equal(reset_usb(&machine, "acr122_usb", reason), 1);
	assert_string_equal(fake.events, "wait 300 at 0\n;");
	assert_int_equal(at_port("1-1"), '1');
	assert_int_equal(at_port("1-2"), 'x');
	assert_int_equal(at_port("2-1"), 'x');
	assert_int_equal(reset_usb(&machine, "pn53x_usb:001:004", reason), 1);
	assert_int_equal(at_port("2-1"), '1');
	assert_int_equal(at_port("1-2"), 'x');
	assert_string_equal(reason, "");
}

static void test_nothing_to_reset(void **state)
{
	char reason[RESET_REASON_MAX] = "";

	(void)state;
	plug("1-1", "072f\n", "2200\n", "x\n");
	assert_int_equal(reset_usb(&machine, "pn532_uart:/dev/ttyAMA0", reason), 0);
	assert_int_equal(reset_usb(&machine, "pn53x_usb", reason), 0);
	assert_int_equal(at_port("1-1"), 'x');
	assert_string_equal(fake.events, "");
}

static void test_port_without_a_switch(void **state)
{
	char reason[RESET_REASON_MAX] = "";
	struct reset_machine none = machine;

	(void)state;
	plug("1-1", "072f\n", "2200\n", NULL);
	assert_int_equal(reset_usb(&machine, "acr122_usb", reason), -ENOENT);
	assert_non_null(strstr(reason, "1-1"));
	none.usb = "/nonexistent";
	assert_int_equal(reset_usb(&none, "acr122_usb", reason), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_without_a_switch, setup, teardown),
	};

	return cmocka_run_group_tests_name("reader_reset", tests, NULL, NULL);
}
