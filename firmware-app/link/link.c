/* SPDX-License-Identifier: EUPL-1.2 */
#include "link/link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "link/link_internal.h"

#define JOIN_MS 2000 /* beyond flush_ms; SIGTERM has 3 s in all (faults.md M3) */

static void raise_fd(int fd)
{
	const uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	assert(n == (ssize_t)sizeof(one));
	(void)n;
}

/* "" where there is none, so that nobody needs to ask twice. */
static bool copy_text(const char **text)
{
	*text = strdup(*text ? *text : "");
	return *text;
}

static bool copy_config(struct link_config *to, const struct link_config *from)
{
	struct link_subscription *subscriptions;

	*to = *from;
	subscriptions = calloc(from->n_subscriptions + 1, sizeof(*subscriptions));
	if (subscriptions && from->n_subscriptions)
		memcpy(subscriptions, from->subscriptions,
			from->n_subscriptions * sizeof(*subscriptions));
	to->subscriptions = subscriptions;
	/* Each is copied even after a failure: link_free() must find no string of the caller's. */
	bool ok = subscriptions;
	ok = copy_text(&to->host) && ok;
	ok = copy_text(&to->ca_file) && ok;
	ok = copy_text(&to->cert_file) && ok;
	ok = copy_text(&to->key_file) && ok;
	ok = copy_text(&to->username) && ok;
	ok = copy_text(&to->password_file) && ok;
	ok = copy_text(&to->client_id) && ok;
	ok = copy_text(&to->will_topic) && ok;
	return ok;
}

static void free_config(struct link_config *config)
{
	const char *texts[] = { config->host, config->ca_file, config->cert_file, config->key_file,
		config->username, config->password_file, config->client_id, config->will_topic };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free((void *)(uintptr_t)texts[i]);
	free((void *)(uintptr_t)config->subscriptions);
}

static void event_destroy(void *item)
{
	link_event_finish(item);
	free(item);
}

void link_free(struct link *link)
{
	const int fds[] = { link->stop_fd, link->flush_fd, link->will_fd, link->ended_fd };

	mailbox_destroy(link->in, event_destroy);
	mailbox_destroy(link->out, free);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	pthread_mutex_destroy(&link->lock);
	free(link->will);
	free_config(&link->config);
	free(link);
}

/* Signals are for the owner's loop: the thread starts with all of them blocked. */
static int start_thread(struct link *link)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&link->thread, NULL, link_thread, link);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return LINK_ERR_MEMORY;
	(void)pthread_setname_np(link->thread, "link");
	return 0;
}

int link_open(const struct link_config *config, struct link **ret_link)
{
	assert(config->n_subscriptions <= LINK_SUBSCRIPTIONS_MAX);
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return LINK_ERR_MEMORY;
	pthread_mutex_init(&link->lock, NULL);
	link->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	link->will_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	link->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	link->flush_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	link->in = mailbox_create(LINK_IN_MAX, LINK_IN_BYTES_MAX);
	link->out = mailbox_create(LINK_OUT_MAX, LINK_OUT_BYTES_MAX);
	bool ok = copy_config(&link->config, config) && link->in && link->out &&
		  link->stop_fd >= 0 && link->will_fd >= 0 && link->ended_fd >= 0 &&
		  link->flush_fd >= 0;
	if (!ok || start_thread(link)) {
		link_free(link);
		return LINK_ERR_MEMORY;
	}
	*ret_link = link;
	return 0;
}

static void wait_for_end(struct link *link, int limit_ms)
{
	struct pollfd p = { link->ended_fd, POLLIN, 0 };
	int r;

	do
		r = poll(&p, 1, limit_ms);
	while (r < 0 && errno == EINTR);
}

void link_close(struct link *link, int flush_ms)
{
	if (!link)
		return;
	if (flush_ms < 0)
		flush_ms = 0;
	/* 1 ns more, since a timer set to 0 never ends. */
	const struct itimerspec limit = { .it_value = { .tv_sec = flush_ms / 1000,
						  .tv_nsec = flush_ms % 1000 * 1000000L + 1 } };
	timerfd_settime(link->flush_fd, 0, &limit, NULL);
	raise_fd(link->stop_fd);
	wait_for_end(link, flush_ms + JOIN_MS);

	pthread_mutex_lock(&link->lock);
	bool ended = link->ended;
	link->abandoned = !ended;
	pthread_t thread = link->thread;
	pthread_mutex_unlock(&link->lock);
	if (!ended) {
		pthread_detach(thread); /* it frees the link, should it ever come back */
		return;
	}
	pthread_join(thread, NULL);
	link_free(link);
}

int link_fd(const struct link *link)
{
	return mailbox_fd(link->in);
}

bool link_take(struct link *link, struct link_event *ret_event)
{
	struct link_event *event = mailbox_take(link->in);

	if (!event)
		return false;
	if (event->kind == LINK_EVENT_UP) {
		link->up = true;
		link->session++;
	} else if (event->kind == LINK_EVENT_DOWN) {
		link->up = false;
	}
	*ret_event = *event; /* with its payload */
	free(event);
	return true;
}

void link_event_finish(struct link_event *event)
{
	free(event->payload);
	event->payload = NULL;
	event->len = 0;
}

int link_set_will(struct link *link, const char *payload, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return LINK_ERR_MEMORY;
	if (len)
		memcpy(copy, payload, len);
	copy[len] = '\0';
	pthread_mutex_lock(&link->lock);
	free(link->will);
	link->will = copy;
	link->will_len = len;
	link->will_serial++;
	pthread_mutex_unlock(&link->lock);
	raise_fd(link->will_fd);
	return 0;
}

bool link_up(const struct link *link)
{
	return link->up;
}

static int post(struct link *link, const char *topic, const void *payload, size_t len, int qos,
	bool retain, uint64_t tag, bool quiet)
{
	size_t topic_len = strlen(topic);

	assert(topic_len > 0 && topic_len < LINK_TOPIC_MAX && (qos == 0 || qos == 1));
	if (!link->up)
		return LINK_ERR_DOWN;
	if (len > LINK_OUT_BYTES_MAX)
		return LINK_ERR_FULL;
	struct link_message *message = malloc(sizeof(*message) + len);
	if (!message)
		return LINK_ERR_MEMORY;
	message->tag = tag;
	message->session = link->session;
	message->qos = qos;
	message->retain = retain;
	message->quiet = quiet;
	message->len = len;
	memcpy(message->topic, topic, topic_len + 1);
	if (len)
		memcpy(message->payload, payload, len);
	if (!mailbox_put(link->out, message, sizeof(*message) + len)) {
		free(message);
		return LINK_ERR_FULL;
	}
	return 0;
}

int link_post(struct link *link, const char *topic, const void *payload, size_t len, int qos,
	bool retain, uint64_t tag)
{
	return post(link, topic, payload, len, qos, retain, tag, false);
}

int link_post_quiet(struct link *link, const char *topic, const void *payload, size_t len, int qos,
	bool retain, uint64_t tag)
{
	return post(link, topic, payload, len, qos, retain, tag, true);
}
