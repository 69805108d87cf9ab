/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/local.h"
#include "wire/local.h"

#define ANSWER_MS 75000 /* an enrolment is answered after 60 s at the latest */
#define HELLO_MS                                                                                   \
	15000 /* a turn of two syncs on a bad card takes ten; with an answer, within what systemd gives metrics (30 s) */

static const char *socket_name(const struct ctl *ctl)
{
	return strcmp(ctl->config.unit_id, "register") == 0 ? "register.sock" : "kiosk.sock";
}

static int complain(char *said, const char *what, const char *why)
{
	(void)snprintf(said, ASK_REASON_MAX, "%s: %s", what, why);
	return -1;
}

static int connect_unit(const struct ctl *ctl, char *said)
{
	char path[108];

	if (config_socket_path(&ctl->config, socket_name(ctl), path) < 0)
		return complain(said, ctl->config.paths_run_dir,
			_("paths.run_dir is too long for a socket"));
	int fd = local_connect(path);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return complain(said, path, _("nobody answers there; is the program running?"));
	if (fd < 0)
		return complain(said, path, strerror(-fd));
	return fd;
}

/* The next datagram. @buffer: LOCAL_DATAGRAM_MAX + 1 bytes. Return: its length, or -1, said on standard error. */
static ssize_t receive(int fd, char *buffer, int *ret_fd, int64_t until_us, char *said)
{
	for (;;) {
		ssize_t len = local_recv(fd, buffer, ret_fd);
		if (len >= 0)
			return len;
		if (len != -EAGAIN && len != -EINTR)
			return complain(said, _("connection"),
				len == -ECONNRESET ? _("the program closed it")
						   : strerror((int)-len));
		int64_t left_us = until_us - clock_mono_us();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (left_us <= 0 || poll(&p, 1, (int)(left_us / 1000) + 1) == 0)
			return complain(said, _("connection"), _("no answer in time"));
	}
}

static int say_hello(int fd, char *buffer, char *said)
{
	static struct wire_local m; /* larger than a stack should bear */
	char reason[WIRE_REASON_MAX];

	m = (struct wire_local){
		.type = WIRE_LOCAL_HELLO, .role = WIRE_ROLE_CONTROL, .name = "schoolpoortctl"
	};
	char *text = wire_local_encode(&m);
	int err = text ? local_send(fd, text, strlen(text), -1) : -ENOMEM;
	free(text);
	if (err)
		return complain(said, _("connection"), strerror(-err));
	ssize_t len = receive(fd, buffer, NULL, clock_mono_us() + INT64_C(1000) * HELLO_MS, said);
	if (len < 0)
		return -1;
	if (wire_local_decode(buffer, (size_t)len, &m, reason) < 0 || m.type != WIRE_LOCAL_WELCOME)
		return complain(
			said, _("connection"), _("the other side is no kiosk and no register"));
	return 0;
}

/* An answer over 60 KiB comes as a file in memory (commands.md). */
static struct wire_node *read_large(int fd, char *said)
{
	char reason[WIRE_REASON_MAX];
	char *bytes = NULL;
	int64_t len = file_read_fd(fd, WIRE_GATES_DATA_MAX, &bytes);

	if (len < 0) {
		(void)complain(said, _("answer"), strerror((int)-len));
		return NULL;
	}
	struct wire_node *node = wire_node_parse(bytes, (size_t)len, reason);
	if (!node)
		(void)complain(said, _("answer"), reason);
	free(bytes);
	return node;
}

static struct wire_node *read_answer(int fd, char *buffer, int wait_ms, char *said)
{
	char reason[WIRE_REASON_MAX];
	int passed = -1;
	ssize_t len = receive(fd, buffer, &passed, clock_mono_us() + INT64_C(1000) * wait_ms, said);

	if (len < 0)
		return NULL;
	struct wire_node *node = wire_node_parse(buffer, (size_t)len, reason);
	if (!node)
		(void)complain(said, _("answer"), reason);
	const char *output = node ? wire_node_get_text(node, "output") : NULL;
	if (output && strcmp(output, "fd") == 0 && passed >= 0) {
		wire_node_destroy(node);
		node = read_large(passed, said);
	}
	if (passed >= 0)
		(void)close(passed);
	return node;
}

int ask_quietly(const struct ctl *ctl, struct wire_node *request, int pass_fd, int wait_ms,
	struct wire_node **ret_response, char *said)
{
	char *buffer = malloc(LOCAL_DATAGRAM_MAX + 1);
	char *text = wire_node_text(request);
	struct wire_node *response = NULL;
	int fd = -1;

	said[0] = 0;

	if (!buffer || !text) {
		(void)complain(said, _("memory"), strerror(ENOMEM));
		goto out;
	}
	fd = connect_unit(ctl, said);
	if (fd < 0 || say_hello(fd, buffer, said) < 0)
		goto out;
	int err = local_send(fd, text, strlen(text), pass_fd);
	if (err)
		(void)complain(said, _("connection"), strerror(-err));
	else
		response = read_answer(fd, buffer, wait_ms, said);
out:
	if (fd >= 0)
		(void)close(fd);
	free(text);
	free(buffer);
	if (!response)
		return -1;
	*ret_response = response;
	return 0;
}

int ask(const struct ctl *ctl, struct wire_node *request, int pass_fd,
	struct wire_node **ret_response)
{
	char said[ASK_REASON_MAX];
	int err = ask_quietly(ctl, request, pass_fd, ANSWER_MS, ret_response, said);

	if (err)
		(void)fprintf(stderr, "schoolpoortctl: %s\n", said);
	return err;
}
