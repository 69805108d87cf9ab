/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the medium holds when the power went.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash/powerloss_trace.h"

#define SECTOR 512 /* bytes that a medium writes as a whole, at least */
#define PAGE 4096 /* and what a file system does */

/* While the record is read: what is safe, and since when each file's changes are not. */
struct medium {
	const struct powerloss *p;
	uint64_t random;
	struct pl_bytes bytes[PL_FILES_MAX];
	char names[PL_FILES_MAX][PL_NAME_MAX]; /* "" none */
	size_t *open[PL_FILES_MAX]; /* moments that changed a file and are not safe */
	size_t n_open[PL_FILES_MAX];
	size_t *folder; /* likewise, of names */
	size_t n_folder;
};

struct powerloss_image {
	size_t n;
	struct {
		char name[PL_NAME_MAX];
		struct pl_bytes bytes;
	} files[PL_FILES_MAX];
};

void pl_bytes_cut(struct pl_bytes *to, int64_t len)
{
	size_t n = (size_t)len;

	pl_check(len >= 0);
	if (n > to->room) {
		to->room = 2 * n;
		to->b = realloc(to->b, to->room);
		pl_check(to->b);
	}
	if (n > to->len)
		memset(to->b + to->len, 0, n - to->len);
	to->len = n;
}

void pl_bytes_put(struct pl_bytes *to, int64_t offset, const uint8_t *b, size_t len)
{
	if (len == 0)
		return;
	if ((size_t)offset + len > to->len)
		pl_bytes_cut(to, offset + (int64_t)len);
	memcpy(to->b + offset, b, len);
}

/* splitmix64: small, and the same everywhere. */
static uint64_t draw(struct medium *m)
{
	uint64_t z = (m->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void apply(struct medium *m, const struct pl_moment *change)
{
	struct pl_bytes *to = &m->bytes[change->file];

	if (change->kind == PL_WRITE)
		pl_bytes_put(to, change->offset, change->bytes, change->len);
	else
		pl_bytes_cut(to, change->offset);
}

/* Some of a write's sectors, each as it is on the medium: counted from the file's start, not the write's. */
static void apply_torn(struct medium *m, const struct pl_moment *change, size_t unit)
{
	struct pl_bytes *to = &m->bytes[change->file];
	size_t done = 0;

	while (done < change->len) {
		size_t at = (size_t)change->offset + done, n = unit - at % unit;
		if (n > change->len - done)
			n = change->len - done;
		if (draw(m) % 2)
			pl_bytes_put(to, (int64_t)at, change->bytes + done, n);
		done += n;
	}
}

/* A choice of what was under way for one file. @seed: an enum powerloss_seed */
static void apply_some(struct medium *m, size_t file, uint64_t seed)
{
	size_t n = m->n_open[file], kept = 0, *open = m->open[file];

	m->n_open[file] = 0;
	if (n == 0 || seed == POWERLOSS_NOTHING_MORE)
		return;
	if (seed == POWERLOSS_EVERYTHING) {
		for (size_t i = 0; i < n; i++)
			apply(m, &m->p->moments[open[i]]);
		return;
	}
	uint64_t of_four = 1 + draw(m) % 3;
	for (size_t i = 0; i < n; i++)
		if (draw(m) % 4 < of_four)
			open[kept++] = open[i];
	if (draw(m) % 2)
		for (size_t i = kept; i > 1; i--) {
			size_t j = draw(m) % i, other = open[j];
			open[j] = open[i - 1];
			open[i - 1] = other;
		}
	size_t torn = draw(m) % 2 ? SIZE_MAX : draw(m) % (kept + 1);
	size_t unit = draw(m) % 3 ? SECTOR : PAGE;
	for (size_t i = 0; i < kept; i++) {
		const struct pl_moment *change = &m->p->moments[open[i]];
		if (i == torn && change->kind == PL_WRITE)
			apply_torn(m, change, unit);
		else
			apply(m, change);
	}
}

static void apply_name(struct medium *m, const struct pl_moment *change)
{
	if (change->kind == PL_RENAME) /* what had the name before has none now */
		for (size_t i = 0; i < m->p->n_files; i++)
			if (strcmp(m->names[i], change->to) == 0)
				m->names[i][0] = '\0';
	const char *name = change->kind == PL_CREATE   ? change->name
			   : change->kind == PL_RENAME ? change->to
						       : "";
	(void)snprintf(m->names[change->file], PL_NAME_MAX, "%s", name);
}

static void apply_names(struct medium *m, size_t n)
{
	pl_check(n <= m->n_folder);
	for (size_t i = 0; i < n; i++)
		apply_name(m, &m->p->moments[m->folder[i]]);
	m->n_folder = 0;
}

/* One moment that is over. */
static void pass(struct medium *m, size_t at, uint64_t seed)
{
	const struct pl_moment *now = &m->p->moments[at];

	switch (now->kind) {
	case PL_WRITE:
	case PL_TRUNCATE:
		m->open[now->file][m->n_open[now->file]++] = at;
		break;
	case PL_SYNC:
		apply_some(m, (size_t)now->file, POWERLOSS_EVERYTHING);
		break;
	case PL_SYNC_FAILED:
		apply_some(m, (size_t)now->file, seed);
		break;
	case PL_CREATE:
	case PL_UNLINK:
	case PL_RENAME:
		m->folder[m->n_folder++] = at;
		break;
	case PL_FOLDER_SYNC:
		apply_names(m, m->n_folder);
		break;
	}
}

static struct medium *medium_create(const struct powerloss *p, size_t moment, uint64_t seed)
{
	struct medium *m = calloc(1, sizeof(*m));

	pl_check(m);
	m->p = p;
	m->random = seed * UINT64_C(1000003) + moment;
	m->folder = calloc(p->n_moments + 1, sizeof(*m->folder));
	pl_check(m->folder);
	for (size_t i = 0; i < p->n_files; i++) {
		m->open[i] = calloc(p->n_moments + 1, sizeof(*m->open[i]));
		pl_check(m->open[i]);
		pl_bytes_put(&m->bytes[i], 0, p->files[i].start.b, p->files[i].start.len);
		memcpy(m->names[i], p->files[i].start_name, PL_NAME_MAX);
	}
	return m;
}

static void medium_destroy(struct medium *m)
{
	for (size_t i = 0; i < PL_FILES_MAX; i++) {
		free(m->open[i]);
		free(m->bytes[i].b);
	}
	free(m->folder);
	free(m);
}

struct powerloss_image *powerloss_cut(
	const struct powerloss *p, size_t moment, uint64_t seed, int *ret_told)
{
	struct powerloss_image *image = calloc(1, sizeof(*image));
	struct medium *m = medium_create(p, moment, seed);

	pl_check(image && moment <= p->n_moments);
	for (size_t i = 0; i < moment; i++)
		pass(m, i, seed);
	/* What happens at this moment is under way; a sync has not got anywhere. */
	if (moment < p->n_moments && p->moments[moment].kind != PL_SYNC &&
		p->moments[moment].kind != PL_SYNC_FAILED &&
		p->moments[moment].kind != PL_FOLDER_SYNC)
		pass(m, moment, seed);
	if (seed != POWERLOSS_NOTHING_MORE)
		apply_names(m,
			seed == POWERLOSS_EVERYTHING ? m->n_folder : draw(m) % (m->n_folder + 1));
	for (size_t i = 0; i < p->n_files; i++) {
		apply_some(m, i, seed);
		if (!m->names[i][0])
			continue;
		memcpy(image->files[image->n].name, m->names[i], PL_NAME_MAX);
		image->files[image->n++].bytes = m->bytes[i];
		m->bytes[i] = (struct pl_bytes){ 0 };
	}
	*ret_told = moment < p->n_moments ? p->moments[moment].told : p->told;
	medium_destroy(m);
	return image;
}

uint64_t powerloss_image_hash(const struct powerloss_image *image)
{
	uint64_t h =
		UINT64_C(14695981039346656037); /* FNV-1a; over words where it can, for speed */

	for (size_t i = 0; i < image->n; i++) {
		const struct pl_bytes *b = &image->files[i].bytes;
		for (const char *c = image->files[i].name; *c; c++)
			h = (h ^ (uint8_t)*c) * UINT64_C(1099511628211);
		h = (h ^ b->len) * UINT64_C(1099511628211);
		for (size_t at = 0; at < b->len; at += sizeof(uint64_t)) {
			uint64_t word = 0;
			size_t n = b->len - at < sizeof(word) ? b->len - at : sizeof(word);
			memcpy(&word, b->b + at, n);
			h = (h ^ word ^ (word >> 29)) * UINT64_C(1099511628211);
			h ^= h >> 32;
		}
	}
	return h;
}

static void write_out(const char *dir, const char *name, const struct pl_bytes *bytes)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	pl_check(fd >= 0);
	for (size_t done = 0; done < bytes->len;) {
		ssize_t n = write(fd, bytes->b + done, bytes->len - done);
		pl_check(n > 0);
		done += (size_t)n;
	}
	pl_check(close(fd) == 0);
}

static void empty(const char *dir)
{
	DIR *d = opendir(dir);

	pl_check(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		(void)unlinkat(dirfd(d), e->d_name, 0); /* fails for "." and "..", as it should */
	pl_check(closedir(d) == 0);
}

void powerloss_image_write(const struct powerloss_image *image, const char *dir)
{
	empty(dir);
	for (size_t i = 0; i < image->n; i++)
		write_out(dir, image->files[i].name, &image->files[i].bytes);
}

void powerloss_image_destroy(struct powerloss_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->n; i++)
		free(image->files[i].bytes.b);
	free(image);
}
