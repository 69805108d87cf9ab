/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Files that a command writes where a person said.
 *
 * Each is written under a name of its own in the same folder and then renamed: there is never half a file
 * under the right name, and one of an earlier run is replaced whole. Readable by its owner alone, since
 * pupils stand in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"

static int complain(const char *path, int error)
{
	(void)fprintf(stderr, "schoolpoortctl: %s: %s\n", path, strerror(error));
	return -1;
}

int out_open(const char *path, char ret_temp[OUT_PATH_MAX])
{
	int n = snprintf(ret_temp, OUT_PATH_MAX, "%s.XXXXXX", path);

	if (n < 0 || n >= OUT_PATH_MAX) {
		ret_temp[0] = 0;
		return complain(path, ENAMETOOLONG);
	}
	int fd = mkostemp(ret_temp, O_CLOEXEC);
	if (fd < 0) {
		ret_temp[0] = 0;
		return complain(path, errno);
	}
	return fd;
}

int out_keep(int fd, const char *temp, const char *path)
{
	if (fsync(fd) != 0 || rename(temp, path) != 0) {
		int error = errno;
		(void)unlink(temp);
		return complain(path, error);
	}
	return 0;
}

static int put(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A message has no control characters: each line's end, CRLF, is put here. */
static int put_lines(int fd, const struct wire_node *lines)
{
	int error = 0;

	for (size_t i = 0; !error && i < wire_node_count(lines); i++) {
		const char *line = wire_node_get_text(wire_node_at(lines, i), NULL);
		error = line ? put(fd, line) : EINVAL;
		if (!error)
			error = put(fd, "\r\n");
	}
	return error;
}

static int write_one(const char *folder, const char *name, const struct wire_node *lines)
{
	char path[OUT_PATH_MAX], temp[OUT_PATH_MAX];

	/* A register says plain names; anything else is none of ours. */
	if (!name || !*name || strchr(name, '/') ||
		snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return complain(folder, EINVAL);
	int fd = out_open(path, temp);
	if (fd < 0)
		return -1;
	int error = put_lines(fd, lines);
	if (error) {
		(void)unlink(temp);
		(void)complain(path, error);
	}
	int err = error ? -1 : out_keep(fd, temp, path);
	(void)close(fd);
	return err;
}

int out_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return complain(folder, errno);
	(void)close(fd);
	return access(folder, W_OK | X_OK) ? complain(folder, errno) : 0;
}

int out_files(const char *folder, const struct wire_node *files)
{
	for (size_t i = 0; i < wire_node_count(files); i++) {
		const struct wire_node *f = wire_node_at(files, i);
		if (write_one(
			    folder, wire_node_get_text(f, "name"), wire_node_get_node(f, "lines")))
			return -1;
	}
	return 0;
}

void out_warn_old(const char *folder, const struct wire_node *names)
{
	for (size_t i = 0; i < wire_node_count(names); i++) {
		char path[OUT_PATH_MAX];
		const char *name = wire_node_get_text(wire_node_at(names, i), NULL);
		if (!name ||
			snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
			access(path, F_OK) != 0)
			continue;
		(void)fprintf(stderr, "schoolpoortctl: %s: %s\n", path,
			_("of an earlier export, and no longer true: remove it"));
	}
}
