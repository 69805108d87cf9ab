/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int emu_server_open(struct emu_server *s, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memset(s, 0, sizeof(*s));
	s->listener = -1;
	for (size_t i = 0; i < EMU_CLIENTS_MAX; i++)
		s->client[i].fd = -1;
	if (!path)
		return 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0)
		return -errno;
	unlink(path);
	if (bind(s->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(s->listener, EMU_CLIENTS_MAX) < 0) {
		int err = -errno;
		close(s->listener);
		s->listener = -1;
		return err;
	}
	s->path = path;
	return 0;
}

static void drop(struct emu_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->len = 0;
}

void emu_server_accept(struct emu_server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < EMU_CLIENTS_MAX; i++) {
		if (s->client[i].fd < 0) {
			s->client[i].fd = fd;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static bool answer_line(struct emu_server *s, struct emu_client *c, const char *line)
{
	size_t n = s->handle(s->context, line, s->answer, sizeof(s->answer) - 1);

	s->answer[n++] = '\n';
	return send(c->fd, s->answer, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n;
}

void emu_server_read(struct emu_server *s, size_t i)
{
	struct emu_client *c = &s->client[i];
	ssize_t n = recv(c->fd, c->line + c->len, sizeof(c->line) - c->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->len += (size_t)n;
	for (char *end = memchr(c->line, '\n', c->len); end; end = memchr(c->line, '\n', c->len)) {
		size_t used = (size_t)(end - c->line) + 1;
		*end = '\0';
		if (!answer_line(s, c, c->line)) {
			drop(c);
			return;
		}
		memmove(c->line, c->line + used, c->len - used);
		c->len -= used;
	}
	if (c->len == sizeof(c->line)) /* no command is that long */
		drop(c);
}

void emu_server_close(struct emu_server *s)
{
	for (size_t i = 0; i < EMU_CLIENTS_MAX; i++)
		drop(&s->client[i]);
	if (s->listener < 0)
		return;
	close(s->listener);
	unlink(s->path);
	s->listener = -1;
}
