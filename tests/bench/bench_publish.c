/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench_publish HOST PORT TLS KIND ID FILE: one client that publishes what FILE says, over TLS, and ends as all is
 * acknowledged. TLS holds ca.crt, KIND.crt and KIND.key. A line of FILE is "QOS TOPIC PAYLOAD"; all is retained. MQTT 3.1.1,
 * twenty at a time, as a relay does it.
 *
 * Says when it began to publish and when it had the last acknowledgement (seconds since 1970).
 */
#include <mosquitto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INFLIGHT 20
#define LOOP_MS 1000
#define DEADLINE_S 120

struct run {
	bool connected;
	int sent, done;
};

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_publish: %s\n", what);
	exit(1);
}

static void on_connect(struct mosquitto *m, void *ctx, int reason)
{
	(void)m;
	if (reason)
		die(mosquitto_connack_string(reason));
	((struct run *)ctx)->connected = true;
}

static void on_publish(struct mosquitto *m, void *ctx, int mid)
{
	(void)m;
	(void)mid;
	((struct run *)ctx)->done++;
}

static void turn(struct mosquitto *m)
{
	int rc = mosquitto_loop(m, LOOP_MS, 1);
	if (rc)
		die(mosquitto_strerror(rc));
}

static struct mosquitto *client(char **argv, struct run *run)
{
	char ca[4096], certificate[4096], key[4096];
	snprintf(ca, sizeof(ca), "%s/ca.crt", argv[3]);
	snprintf(certificate, sizeof(certificate), "%s/%s.crt", argv[3], argv[4]);
	snprintf(key, sizeof(key), "%s/%s.key", argv[3], argv[4]);
	struct mosquitto *m = mosquitto_new(argv[5], true, run);
	if (!m || mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1) ||
		mosquitto_max_inflight_messages_set(m, INFLIGHT) ||
		mosquitto_tls_set(m, ca, NULL, certificate, key, NULL))
		die("no client");
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_publish_callback_set(m, on_publish);
	char *end = NULL;
	long port = strtol(argv[2], &end, 10);
	if (*end || port < 1 || port > 65535)
		die("no port");
	int rc = mosquitto_connect(m, argv[1], (int)port, 60);
	if (rc)
		die(mosquitto_strerror(rc));
	while (!run->connected)
		turn(m);
	return m;
}

static void publish_line(struct mosquitto *m, struct run *run, char *line)
{
	char *topic = strchr(line, ' ');
	char *payload = topic ? strchr(topic + 1, ' ') : NULL;
	int qos = line[0] - '0';
	if (!payload || topic != line + 1 || qos < 0 || qos > 1)
		die("a line that isn't QOS TOPIC PAYLOAD");
	*topic++ = *payload++ = '\0';
	payload[strcspn(payload, "\n")] = '\0';
	if (mosquitto_publish(m, NULL, topic, (int)strlen(payload), payload, qos, true))
		die("not published");
	run->sent++;
	/* What is answered meanwhile is taken, so that neither side waits for the other. */
	if (run->sent - run->done >= INFLIGHT)
		turn(m);
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	char *line = NULL;
	size_t room = 0;
	if (argc != 7)
		die("HOST PORT TLS KIND ID FILE");
	mosquitto_lib_init();
	struct mosquitto *m = client(argv, &run);
	FILE *f = fopen(argv[6], "r");
	if (!f)
		die("no such file");
	double begin = now_s();
	while (getline(&line, &room, f) > 0)
		publish_line(m, &run, line);
	while (run.done < run.sent) {
		if (now_s() > begin + DEADLINE_S)
			die("not all was acknowledged");
		turn(m);
	}
	printf("bench: begin %.6f\nbench: acknowledged %.6f\n", begin, now_s());
	free(line);
	fclose(f);
	mosquitto_disconnect(m);
	mosquitto_destroy(m);
	mosquitto_lib_cleanup();
	return 0;
}
