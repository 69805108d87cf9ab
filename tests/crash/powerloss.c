/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The recorder: a VFS around the default one, and the few calls that the store makes beside SQLite.
 */
#include "crash/powerloss.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crash/powerloss_trace.h"

static struct powerloss *now; /* being recorded; NULL: everything passes untouched */
static int within; /* SQLite's own VFS is at work: its calls are in the record already */
static sqlite3_vfs *ordinary;

struct pl_open {
	sqlite3_file base;
	int file; /* -1: not of the folder */
	sqlite3_file *inner; /* behind this struct */
};

/* ---- the record ------------------------------------------------------------------------------ */

/* Return: the name in the folder, or NULL for a path elsewhere. */
static const char *name_of(const char *path)
{
	size_t n = now ? strlen(now->dir) : 0;

	if (!now || !path || strncmp(path, now->dir, n) != 0 || path[n] != '/')
		return NULL;
	pl_check(strlen(path + n + 1) < PL_NAME_MAX && !strchr(path + n + 1, '/'));
	return path + n + 1;
}

static bool is_shm(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, "-shm") == 0;
}

static int file_named(const char *name)
{
	for (size_t i = 0; i < now->n_files; i++)
		if (strcmp(now->files[i].name, name) == 0)
			return (int)i;
	return -1;
}

static struct pl_moment *note(enum pl_kind kind, int file, const char *name)
{
	if (now->n_moments == now->room) {
		now->room = now->room ? 2 * now->room : 256;
		now->moments = realloc(now->moments, now->room * sizeof(*now->moments));
		pl_check(now->moments);
	}
	struct pl_moment *m = &now->moments[now->n_moments++];
	*m = (struct pl_moment){ .kind = kind, .file = file, .told = now->told };
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	return m;
}

static int add_file(const char *name)
{
	pl_check(now->n_files < PL_FILES_MAX);
	struct pl_file *f = &now->files[now->n_files];
	*f = (struct pl_file){ 0 };
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return (int)now->n_files++;
}

static void note_create(const char *name)
{
	int file = add_file(name);

	(void)note(PL_CREATE, file, name);
}

static void note_unlink(const char *name)
{
	int file = file_named(name);

	if (file < 0)
		return;
	(void)note(PL_UNLINK, file, name);
	now->files[file].name[0] = '\0';
}

static void note_write(int file, int64_t offset, const void *bytes, size_t len)
{
	struct pl_moment *m = note(PL_WRITE, file, now->files[file].name);

	m->offset = offset;
	m->len = len;
	m->bytes = malloc(len ? len : 1);
	pl_check(m->bytes);
	memcpy(m->bytes, bytes, len);
}

/* Return: whether it may succeed. */
static bool note_sync(int file)
{
	bool fails = now->fail_in > 0 && --now->fail_in == 0;

	now->n_syncs++;
	(void)note(fails ? PL_SYNC_FAILED : PL_SYNC, file, now->files[file].name);
	return !fails;
}

/* ---- calls beside SQLite: these stand before the C library's for the whole program ------------- */

int open(const char *path, int flags, ...)
{
	const char *name = within || !(flags & O_CREAT) ? NULL : name_of(path);
	bool is_new = name && access(path, F_OK) < 0;
	va_list args;

	va_start(args, flags);
	int fd = (int)syscall(
		SYS_openat, AT_FDCWD, path, flags, flags & O_CREAT ? va_arg(args, mode_t) : 0);
	va_end(args);
	if (fd >= 0 && is_new)
		note_create(name);
	return fd;
}

int unlink(const char *path)
{
	const char *name = within ? NULL : name_of(path);

	if (name && access(path, F_OK) == 0)
		note_unlink(name);
	return (int)syscall(SYS_unlink, path);
}

int rename(const char *from, const char *to)
{
	const char *name = within ? NULL : name_of(from), *to_name = within ? NULL : name_of(to);
	int r = (int)syscall(SYS_rename, from, to);

	if (r < 0 || !name || is_shm(name))
		return r;
	pl_check(to_name); /* out of the folder is not foreseen */
	int file = file_named(name), over = file_named(to_name);
	struct pl_moment *m = note(PL_RENAME, file, name);
	(void)snprintf(m->to, sizeof(m->to), "%s", to_name);
	if (over >= 0)
		now->files[over].name[0] = '\0';
	memcpy(now->files[file].name, m->to, sizeof(m->to));
	return r;
}

/* Return: the file that a descriptor is open on, -1: none of ours, -2: the folder itself. */
static int file_of(int fd)
{
	char link[64], path[512];

	if (!now)
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -1;
	path[n] = '\0';
	if (strcmp(path, now->dir) == 0)
		return -2;
	const char *name = name_of(path);
	return name ? file_named(name) : -1;
}

/* A folder's sync counts from wherever it comes: SQLite makes one too, when it has made a journal. */
static int sync_call(int fd, long call)
{
	int file = file_of(fd);

	if (file == -2)
		(void)note(PL_FOLDER_SYNC, -1, "folder");
	if (file >= 0 && !within && !note_sync(file)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return sync_call(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_call(fd, SYS_fdatasync);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	int file = within ? -1 : file_of(fd);

	if (file >= 0)
		note_write(file, offset, bytes, len);
	return syscall(SYS_pwrite64, fd, bytes, len, offset);
}

/* ---- the VFS ---------------------------------------------------------------------------------- */

static sqlite3_file *inner_of(sqlite3_file *f)
{
	return ((struct pl_open *)f)->inner;
}

/* Of a recording that is over nothing is written down any more. */
static int recorded(sqlite3_file *f)
{
	return now ? ((struct pl_open *)f)->file : -1;
}

static int pl_close(sqlite3_file *f)
{
	within++;
	int rc = inner_of(f)->pMethods->xClose(inner_of(f));
	within--;
	return rc;
}

static int pl_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 offset)
{
	return inner_of(f)->pMethods->xRead(inner_of(f), bytes, len, offset);
}

static int pl_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 offset)
{
	if (recorded(f) >= 0)
		note_write(recorded(f), offset, bytes, (size_t)len);
	within++;
	int rc = inner_of(f)->pMethods->xWrite(inner_of(f), bytes, len, offset);
	within--;
	return rc;
}

static int pl_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (recorded(f) >= 0)
		note(PL_TRUNCATE, recorded(f), now->files[recorded(f)].name)->offset = size;
	within++;
	int rc = inner_of(f)->pMethods->xTruncate(inner_of(f), size);
	within--;
	return rc;
}

static int pl_sync(sqlite3_file *f, int flags)
{
	if (recorded(f) >= 0 && !note_sync(recorded(f))) {
		errno = EIO;
		return SQLITE_IOERR_FSYNC;
	}
	within++;
	int rc = inner_of(f)->pMethods->xSync(inner_of(f), flags);
	within--;
	return rc;
}

static int pl_size(sqlite3_file *f, sqlite3_int64 *ret_size)
{
	return inner_of(f)->pMethods->xFileSize(inner_of(f), ret_size);
}

static int pl_lock(sqlite3_file *f, int level)
{
	return inner_of(f)->pMethods->xLock(inner_of(f), level);
}

static int pl_unlock(sqlite3_file *f, int level)
{
	return inner_of(f)->pMethods->xUnlock(inner_of(f), level);
}

static int pl_reserved(sqlite3_file *f, int *ret_is)
{
	return inner_of(f)->pMethods->xCheckReservedLock(inner_of(f), ret_is);
}

/* SIZE_HINT and CHUNK_SIZE would make the file longer behind our back; neither is a promise. */
static int pl_control(sqlite3_file *f, int op, void *arg)
{
	if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
		return SQLITE_OK;
	return inner_of(f)->pMethods->xFileControl(inner_of(f), op, arg);
}

static int pl_sector(sqlite3_file *f)
{
	return inner_of(f)->pMethods->xSectorSize(inner_of(f));
}

static int pl_device(sqlite3_file *f)
{
	return inner_of(f)->pMethods->xDeviceCharacteristics(inner_of(f));
}

static int pl_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret_map)
{
	within++;
	int rc = inner_of(f)->pMethods->xShmMap(inner_of(f), page, size, extend, ret_map);
	within--;
	return rc;
}

static int pl_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return inner_of(f)->pMethods->xShmLock(inner_of(f), offset, n, flags);
}

static void pl_shm_barrier(sqlite3_file *f)
{
	inner_of(f)->pMethods->xShmBarrier(inner_of(f));
}

static int pl_shm_unmap(sqlite3_file *f, int delete)
{
	within++;
	int rc = inner_of(f)->pMethods->xShmUnmap(inner_of(f), delete);
	within--;
	return rc;
}

/* Version 2: with shared memory, without memory-mapped reading, which the stores don't use. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = pl_close,
	.xRead = pl_read,
	.xWrite = pl_write,
	.xTruncate = pl_truncate,
	.xSync = pl_sync,
	.xFileSize = pl_size,
	.xLock = pl_lock,
	.xUnlock = pl_unlock,
	.xCheckReservedLock = pl_reserved,
	.xFileControl = pl_control,
	.xSectorSize = pl_sector,
	.xDeviceCharacteristics = pl_device,
	.xShmMap = pl_shm_map,
	.xShmLock = pl_shm_lock,
	.xShmBarrier = pl_shm_barrier,
	.xShmUnmap = pl_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
	struct pl_open *o = (struct pl_open *)f;
	const char *name = name_of(path);
	bool is_new = name && access(path, F_OK) < 0;

	(void)vfs;
	*o = (struct pl_open){ .file = -1, .inner = (sqlite3_file *)(void *)(o + 1) };
	within++;
	int rc = ordinary->xOpen(ordinary, path, o->inner, flags, ret_flags);
	within--;
	/* A file that failed to open may still have to be closed. */
	if (o->inner->pMethods)
		o->base.pMethods = &methods;
	if (rc == SQLITE_OK && name) {
		if (is_new)
			note_create(name);
		o->file = file_named(name);
		pl_check(o->file >= 0);
	}
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	const char *name = name_of(path);

	(void)vfs;
	if (name && access(path, F_OK) == 0)
		note_unlink(name);
	within++; /* the folder's sync, where it is asked for, is noted on its way */
	int rc = ordinary->xDelete(ordinary, path, sync_folder);
	within--;
	return rc;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_is)
{
	(void)vfs;
	return ordinary->xAccess(ordinary, path, flags, ret_is);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
	(void)vfs;
	return ordinary->xFullPathname(ordinary, path, size, ret_path);
}

static sqlite3_vfs ours = { .zName = "powerloss" };

static void make_vfs(void)
{
	if (ordinary)
		return;
	ordinary = sqlite3_vfs_find(NULL);
	pl_check(ordinary && ordinary->iVersion >= 2);
	ours = *ordinary; /* randomness, time and errors stay its own */
	ours.iVersion = 2;
	ours.pNext = NULL;
	ours.zName = "powerloss";
	ours.szOsFile = (int)sizeof(struct pl_open) + ordinary->szOsFile;
	ours.xOpen = vfs_open;
	ours.xDelete = vfs_delete;
	ours.xAccess = vfs_access;
	ours.xFullPathname = vfs_full_path;
}

/* ---- a recording ------------------------------------------------------------------------------- */

static void take_file(const char *name)
{
	char path[400];
	uint8_t buffer[16384];
	struct pl_file *f = &now->files[add_file(name)];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", now->dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	pl_check(fd >= 0);
	(void)snprintf(f->start_name, sizeof(f->start_name), "%s", name);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		pl_bytes_put(&f->start, (int64_t)f->start.len, buffer, (size_t)n);
	pl_check(n == 0 && close(fd) == 0);
}

struct powerloss *powerloss_start(const char *dir)
{
	pl_check(!now);
	make_vfs();
	now = calloc(1, sizeof(*now));
	pl_check(now);
	(void)snprintf(now->dir, sizeof(now->dir), "%s", dir);
	DIR *d = opendir(dir);
	pl_check(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_type == DT_REG && !is_shm(e->d_name))
			take_file(e->d_name);
	pl_check(closedir(d) == 0);
	pl_check(sqlite3_vfs_register(&ours, 1) == SQLITE_OK);
	return now;
}

void powerloss_stop(struct powerloss *p)
{
	pl_check(p && p == now);
	pl_check(sqlite3_vfs_register(ordinary, 1) == SQLITE_OK);
	now = NULL;
}

void powerloss_destroy(struct powerloss *p)
{
	if (!p)
		return;
	pl_check(p != now);
	for (size_t i = 0; i < p->n_files; i++)
		free(p->files[i].start.b);
	for (size_t i = 0; i < p->n_moments; i++)
		free(p->moments[i].bytes);
	free(p->moments);
	free(p);
}

int powerloss_told(struct powerloss *p)
{
	return ++p->told;
}

void powerloss_fail_sync(struct powerloss *p, int nth)
{
	p->fail_in = nth;
}

int powerloss_syncs(const struct powerloss *p)
{
	return p->n_syncs;
}

size_t powerloss_moments(const struct powerloss *p)
{
	return p->n_moments;
}

const char *powerloss_moment_text(const struct powerloss *p, size_t moment)
{
	static const char *const words[] = { [PL_WRITE] = "write",
		[PL_TRUNCATE] = "truncate",
		[PL_SYNC] = "sync",
		[PL_SYNC_FAILED] = "failed sync",
		[PL_CREATE] = "create",
		[PL_UNLINK] = "unlink",
		[PL_RENAME] = "rename",
		[PL_FOLDER_SYNC] = "sync" };
	static char text[256];

	if (moment >= p->n_moments)
		return "the end";
	const struct pl_moment *m = &p->moments[moment];
	(void)snprintf(text, sizeof(text), "%s %s %s offset %lld length %zu", words[m->kind],
		m->name, m->to, (long long)m->offset, m->len);
	return text;
}
