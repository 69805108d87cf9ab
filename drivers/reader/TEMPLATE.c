/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/TEMPLATE.c: a driver to copy; README.md has the five steps.
 *
 * It reads an imaginary device: a character device or pipe that sends one line of hex for each
 * look with a card, and an empty line for each look without. It is compiled and tested with the
 * others, so what stands here holds.
 */
#include "reader/reader.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEME "template:"
#define ANSWER_MS 300 /* the device sends a line each 100 ms; every wait has an end */
#define LINE_MAX_BYTES (2 * READER_UID_MAX + 1)

/* What one opening needs. It hangs on r->state and is freed by close, so open can be called again.
 */
struct template_state {
	int fd;
};

/* Each error has a sentence for the people who read the kiosk's status; never a UID in it. */
static int failed(struct reader *r, int err, const char *reason)
{
	(void)snprintf(r->reason, sizeof(r->reason), "%s", reason);
	return err;
}

static void template_close(struct reader *r)
{
	struct template_state *s = r->state;

	if (!s) /* never opened, or closed before */
		return;
	close(s->fd);
	free(s);
	r->state = NULL;
}

static int template_open(struct reader *r, const char *connstring)
{
	if (strncmp(connstring, SCHEME, sizeof(SCHEME) - 1) != 0)
		return failed(r, READER_ERR_USAGE, "not of the form template:PATH");
	/* O_NONBLOCK: a pipe without a writer would hold the open for ever. */
	int fd =
		open(connstring + sizeof(SCHEME) - 1, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) /* waited for, not ended by */
		return failed(r, READER_ERR_ABSENT, "no such device");
	struct template_state *s = calloc(1, sizeof(*s));
	if (!s) {
		close(fd);
		return failed(r, READER_ERR_MEMORY, "out of memory");
	}
	s->fd = fd;
	r->state = s;
	r->pause_ms = 0; /* the device sets the pace itself */
	return 0;
}

/* One byte at a time is good enough for ten lines a second. Return: the line's length or a
 * reader_err. */
static int read_line(struct reader *r, char line[LINE_MAX_BYTES])
{
	const struct template_state *s = r->state;

	for (int n = 0; n < LINE_MAX_BYTES; n++) {
		struct pollfd wait = { .fd = s->fd, .events = POLLIN };
		int ready = poll(&wait, 1, ANSWER_MS);
		if (ready == 0)
			return failed(r, READER_ERR_TIMEOUT, "the device does not answer in time");
		if (ready < 0 || read(s->fd, &line[n], 1) != 1)
			return failed(r, READER_ERR_LOST, "the device has hung up");
		if (line[n] == '\n')
			return n;
	}
	return failed(r, READER_ERR_IO, "the device sent too long a line");
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = memchr(digits, c, sizeof(digits) - 1);

	return at ? (int)(at - digits) : -1;
}

static int template_look(struct reader *r, struct reader_card *ret_card)
{
	struct reader_card card = { .sak = READER_NOT_SAID, .atqa = READER_NOT_SAID };
	char line[LINE_MAX_BYTES];

	int n = read_line(r, line);
	if (n <= 0)
		return n; /* an error stays an error; 0 is a look that worked and saw none */
	for (int i = 0; i + 1 < n; i += 2) {
		int high = hex_digit(line[i]), low = hex_digit(line[i + 1]);
		if (high < 0 || low < 0)
			return failed(r, READER_ERR_IO, "the device sent no hex");
		card.uid[card.len++] = (uint8_t)(high * 16 + low);
	}
	if (n % 2 || (card.len != 4 && card.len != 7 && card.len != 10))
		return failed(r, READER_ERR_IO, "the device sent no UID of 4, 7 or 10 bytes");
	*ret_card = card; /* only on success */
	return 1;
}

static int template_ping(struct reader *r)
{
	/* A device with a command of its own for "who are you" is asked here, and its answer
	 * checked. */
	return r->state ? 0 : failed(r, READER_ERR_LOST, "the device is not open");
}

const struct reader_driver reader_template = {
	.name = "template",
	.open = template_open,
	.look = template_look,
	.ping = template_ping,
	.close = template_close,
};
