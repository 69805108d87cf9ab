/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu_port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

void emu_port_init(struct emu_port *p, const char *link)
{
	p->link = link;
	p->master = -1;
	p->slave = -1;
}

static int make_link(const char *name, const char *link)
{
	struct stat st;

	if (lstat(link, &st) == 0) {
		if (!S_ISLNK(st.st_mode))
			return -EEXIST;
		unlink(link);
	}
	return symlink(name, link) < 0 ? -errno : 0;
}

static int open_pair(struct emu_port *p, char *name, size_t room)
{
	struct termios raw;

	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->master < 0 || grantpt(p->master) < 0 || unlockpt(p->master) < 0)
		return -errno;
	if (ptsname_r(p->master, name, room) != 0)
		return -errno;
	p->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave < 0 || tcgetattr(p->slave, &raw) < 0)
		return -errno;
	cfmakeraw(&raw);
	return tcsetattr(p->slave, TCSANOW, &raw) < 0 ? -errno : 0;
}

static void close_pair(struct emu_port *p)
{
	if (p->slave >= 0)
		close(p->slave);
	if (p->master >= 0)
		close(p->master);
	p->slave = -1;
	p->master = -1;
}

int emu_port_plug(struct emu_port *p)
{
	char name[PATH_MAX];
	int err = open_pair(p, name, sizeof(name));

	if (!err)
		err = make_link(name, p->link);
	if (err)
		close_pair(p);
	return err;
}

void emu_port_unplug(struct emu_port *p)
{
	if (p->master < 0)
		return;
	unlink(p->link);
	close_pair(p);
}
