/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/broker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/port.h"

#define START_TRIES 6000 /* of 10 ms */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int listen_on(int port, int backlog, int *ret_port)
{
	struct sockaddr_in a = loopback(port);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, backlog) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
		close(fd);
		return -1;
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static int connect_to(int port, int flags)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

int broker_init(struct broker *b)
{
	memset(b, 0, sizeof(*b));
	snprintf(b->dir, sizeof(b->dir), "/tmp/schoolpoort-broker-XXXXXX");
	if (!mkdtemp(b->dir))
		return -1;
	b->port = port_claim();
	return b->port < 0 ? -1 : 0;
}

static int write_configuration(const struct broker *b, const char *extra, char *path, size_t size)
{
	snprintf(path, size, "%s/mosquitto.conf", b->dir);
	FILE *f = fopen(path, "w");
	if (!f)
		return -1;
	/* user root: as root it would give up its rights, and then read nothing in our folder. */
	fprintf(f, "listener %d 127.0.0.1\nlog_dest stderr\npersistence false\nuser root\n%s\n",
		b->port, extra ? extra : "allow_anonymous true");
	return fclose(f) ? -1 : 0;
}

static void run_broker(const struct broker *b, const char *configuration)
{
	char log[BROKER_DIR_MAX + 16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(log, sizeof(log), "%s/log", b->dir);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	/* Debian puts it where only root looks. */
	execl("/usr/sbin/mosquitto", "mosquitto", "-c", configuration, (char *)NULL);
	execlp("mosquitto", "mosquitto", "-c", configuration, (char *)NULL);
	_exit(127);
}

int broker_start(struct broker *b, const char *extra)
{
	char path[BROKER_DIR_MAX + 32];

	if (write_configuration(b, extra, path, sizeof(path)))
		return -1;
	b->pid = fork();
	if (b->pid == 0)
		run_broker(b, path);
	if (b->pid < 0) {
		b->pid = 0;
		return -1;
	}
	for (int i = 0; i < START_TRIES; i++) {
		int fd = connect_to(b->port, 0);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		if (waitpid(b->pid, NULL, WNOHANG) == b->pid) {
			fprintf(stderr, "broker: no mosquitto, or it refused %s\n", path);
			b->pid = 0;
			return -1;
		}
		poll(NULL, 0, 10); /* a port has no event; the loop has the deadline */
	}
	return -1;
}

static void end_with(struct broker *b, int how)
{
	if (b->pid <= 0)
		return;
	kill(b->pid, how);
	kill(b->pid, SIGCONT);
	while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
		;
	b->pid = 0;
}

void broker_kill(struct broker *b)
{
	end_with(b, SIGKILL);
}

void broker_freeze(struct broker *b, bool freeze)
{
	kill(b->pid, freeze ? SIGSTOP : SIGCONT);
}

void broker_stop(struct broker *b)
{
	end_with(b, SIGTERM);
	DIR *dir = opendir(b->dir);
	if (!dir)
		return;
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		unlinkat(dirfd(dir), e->d_name, 0); /* fails for "." and "..", as it should */
	closedir(dir);
	rmdir(b->dir);
}

int broker_silent(bool full, int *ret_port)
{
	int fd = listen_on(0, full ? 0 : 8, ret_port);

	/* Connections that nobody accepts: beyond the backlog a SYN stays unanswered. They are left
	 * open until the program ends. */
	for (int i = 0; full && fd >= 0 && i < 4; i++)
		(void)connect_to(*ret_port, SOCK_NONBLOCK);
	return fd;
}
