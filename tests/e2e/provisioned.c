/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/provisioned.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/unit.h"

#define SHIPPED TEST_SOURCE_DIR "/broker-config/"
#define ARGS_MAX 40

bool provisioned_here(void)
{
	bool here = access("/usr/bin/faketime", X_OK) == 0 &&
		    access("/usr/bin/mosquitto_passwd", X_OK) == 0;

	if (!here)
		print_message("faketime or mosquitto_passwd is not here\n");
	return here;
}

/* A shipped script; the broker that runs here is the test's to reload. */
static void run(struct provisioned *p, const char *at, const char *script, const char *const *args)
{
	const char *all[ARGS_MAX];
	size_t n = 0;

	if (at) {
		all[n++] = at;
		all[n++] = script;
	}
	for (; *args; args++) {
		assert_true(n < ARGS_MAX - 1);
		all[n++] = *args;
	}
	all[n] = NULL;
	struct stage_program *program = stage_start(p->stage,
		at ? TEST_SOURCE_DIR "/tests/broker/at.sh" : script, NULL, all,
		(const char *const[]){
			"PROVISION_BROKER=/bin/true", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL });
	int status = stage_wait_exit(p->stage, program);
	if (status != 0)
		fail_msg("%s %s: status %d\n%s", script, all[at ? 2 : 0], status,
			stage_text(program));
	stage_forget(p->stage, program);
}

void provisioned_run(struct provisioned *p, const char *at, const char *const *args)
{
	char dir[128], broker[128], web[128];
	const char *all[ARGS_MAX] = { "--dir", dir, "--broker", broker, "--web", web };
	size_t n = 6;

	(void)snprintf(dir, sizeof(dir), "%s", stage_path(p->stage, "school"));
	(void)snprintf(broker, sizeof(broker), "%s", stage_path(p->stage, "broker"));
	(void)snprintf(web, sizeof(web), "%s", stage_path(p->stage, "web"));
	for (; *args; args++) {
		assert_true(n < ARGS_MAX - 1);
		all[n++] = *args;
	}
	run(p, at, SHIPPED "provision", all);
}

static void join(struct provisioned *p, const char *unit, const char *at, const char *const *args)
{
	char etc[128];
	const char *all[ARGS_MAX] = { "--etc", etc };
	size_t n = 2;

	(void)snprintf(etc, sizeof(etc), "%s", stage_path(p->stage, "%s", unit));
	for (; *args; args++) {
		assert_true(n < ARGS_MAX - 1);
		all[n++] = *args;
	}
	run(p, at, SHIPPED "schoolpoort-join", all);
}

struct provisioned provisioned_open(const char *at)
{
	struct provisioned p = { .stage = stage_open(),
		.tls_port = stage_free_port(),
		.websocket_port = stage_free_port() };
	const char *kept;

	/* The broker becomes the user mosquitto, where it is root that starts it. */
	assert_int_equal(chmod(stage_dir(p.stage), 0755), 0);
	kept = stage_path(p.stage, "mosquitto");
	assert_int_equal(mkdir(kept, 0755), 0);
	const struct passwd *user = getpwnam("mosquitto");
	if (getuid() == 0 && user)
		assert_int_equal(chown(kept, user->pw_uid, user->pw_gid), 0);
	provisioned_run(&p, at,
		(const char *const[]){
			"init", "sint-jan", "--host", "localhost", "--name", "Sint-Jan", NULL });
	return p;
}

void provisioned_close(struct provisioned *p)
{
	if (p->broker)
		provisioned_stop(p);
	stage_close(p->stage);
}

void provisioned_bundle(struct provisioned *p, const char *unit, const char *at)
{
	char state[200], run_dir[200], port[64], bundle[200], request[200], here[128];
	const char *name = strcmp(unit, "register") == 0 ? "register" : "unit";
	struct stage *s = p->stage;

	(void)snprintf(state, sizeof(state), "paths.state_dir=%s/%s-state", stage_dir(s), unit);
	(void)snprintf(run_dir, sizeof(run_dir), "paths.run_dir=%s/%s-run", stage_dir(s), unit);
	(void)snprintf(port, sizeof(port), "broker.port=%d", p->tls_port);
	(void)snprintf(bundle, sizeof(bundle), "%s", stage_path(s, "%s.schoolpoort", unit));
	(void)snprintf(request, sizeof(request), "%s", stage_path(s, "%s.request", unit));
	provisioned_run(p, at,
		(const char *const[]){ "unit", unit, "--out", bundle, "--set", state, "--set",
			run_dir, "--set", port, NULL });
	join(p, unit, at, (const char *const[]){ bundle, "--request", request, NULL });
	assert_true(mkdir(stage_path(s, "%s-state", unit), 01770) == 0 || errno == EEXIST);
	assert_true(mkdir(stage_path(s, "%s-run", unit), 01770) == 0 || errno == EEXIST);
	(void)snprintf(here, sizeof(here), "%s/%s.conf", unit, name);
	assert_true(symlink(here, stage_path(s, "%s.conf", unit)) == 0 || errno == EEXIST);
}

void provisioned_sign(struct provisioned *p, const char *unit, const char *at)
{
	provisioned_run(p, at,
		(const char *const[]){ "sign", stage_path(p->stage, "%s.request", unit), NULL });
}

void provisioned_take(struct provisioned *p, const char *unit, const char *at)
{
	join(p, unit, at,
		(const char *const[]){
			"--certificate", stage_path(p->stage, "%s.crt", unit), NULL });
}

void provisioned_renewed(struct provisioned *p, const char *unit)
{
	join(p, unit, NULL,
		(const char *const[]){
			"--certificate", stage_path(p->stage, "web/units/%s.crt", unit), NULL });
}

void provisioned_unit(struct provisioned *p, const char *unit, const char *at)
{
	provisioned_bundle(p, unit, at);
	provisioned_sign(p, unit, at);
	provisioned_take(p, unit, at);
}

/* The shipped file, line by line. */
static void write_configuration(struct provisioned *p)
{
	static const struct {
		const char *shipped, *here;
	} paths[] = { { "/etc/schoolpoort/broker/", "broker/" },
		{ "/var/lib/mosquitto/", "mosquitto/" } };
	char line[512];
	FILE *in = fopen(SHIPPED "mosquitto/school.conf", "re");
	FILE *out = fopen(stage_path(p->stage, "mosquitto.conf"), "we");

	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		const char *at = NULL, *rest = line;
		if (strcmp(line, "listener 8883\n") == 0) {
			(void)fprintf(out, "listener %d\n", p->tls_port);
			continue;
		}
		if (strcmp(line, "listener 9001\n") == 0) {
			(void)fprintf(out, "listener %d\n", p->websocket_port);
			continue;
		}
		for (size_t i = 0; i < ARRAY_LEN(paths) && !at; i++) {
			at = line[0] == '#' ? NULL : strstr(line, paths[i].shipped);
			if (!at)
				continue;
			rest = at + strlen(paths[i].shipped);
			(void)fprintf(out, "%.*s%s", (int)(at - line), line,
				stage_path(p->stage, "%s", paths[i].here));
		}
		(void)fputs(rest, out);
	}
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

static bool accepts(struct stage *s, void *ctx)
{
	const struct provisioned *p = ctx;
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)p->tls_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, (struct sockaddr *)&a, sizeof(a));

	(void)close(fd);
	if (r != 0)
		stage_turn(s, 20); /* its port is its word */
	return r == 0;
}

void provisioned_start(struct provisioned *p)
{
	write_configuration(p);
	p->broker = stage_start(p->stage, "mosquitto", NULL,
		(const char *const[]){ "-c", stage_path(p->stage, "mosquitto.conf"), NULL }, NULL);
	stage_until(p->stage, accepts, p, "the broker to accept connections");
}

void provisioned_stop(struct provisioned *p)
{
	stage_stop(p->stage, p->broker);
	p->broker = NULL;
}
