// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_TRIES 100

/* The directory a path lies in; the caller frees it. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

bool outfile_is_stdout(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0 ||
	       strcmp(path, "/dev/fd/1") == 0 || strcmp(path, "/proc/self/fd/1") == 0;
}

/* Descriptors by name are never replaced, even when a regular file is behind them. */
static bool is_descriptor(const char *path)
{
	return outfile_is_stdout(path) || strcmp(path, "/dev/stderr") == 0 ||
	       strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/", 6) == 0;
}

static bool is_direct(const char *path)
{
	struct stat st;

	return is_descriptor(path) ||
	       (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int check_place(const char *path, struct err *err)
{
	_cleanup_free_ char *directory = directory_of(path);
	struct stat st;

	if (!directory)
		return err_errno(err, -ENOMEM, "cannot write '%s'", path);
	if (!path[0])
		return err_set(err, -EINVAL, "cannot write '': the name is empty");
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "cannot write '%s': it is a directory", path);
	if (stat(directory, &st) < 0)
		return err_errno(err, -errno, "cannot write '%s': directory '%s'", path, directory);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "cannot write '%s': '%s' is not a directory", path,
			       directory);
	if (access(directory, W_OK | X_OK) < 0)
		return err_errno(err, -errno, "cannot write '%s': directory '%s'", path, directory);
	return 0;
}

static int check_stdout(const char *path, struct err *err)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY)
		return 0;
	return err_errno(err, -EBADF, "cannot write '%s'", path);
}

int outfile_check(const char *path, struct err *err)
{
	if (outfile_is_stdout(path))
		return check_stdout(path, err);
	if (!is_direct(path))
		return check_place(path, err);
	return access(path, W_OK) < 0 ? err_errno(err, -errno, "cannot write '%s'", path) : 0;
}

static int open_direct(struct outfile *file, struct err *err)
{
	if (outfile_is_stdout(file->path) && check_stdout(file->path, err) < 0)
		return -EBADF;
	if (outfile_is_stdout(file->path))
		file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else
		file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (file->fd < 0)
		return err_errno(err, -errno, "cannot write '%s'", file->path);
	file->direct = true;
	return 0;
}

/* A name beside the path that nothing has; the caller frees it. */
static char *temporary_name(const char *path, unsigned int attempt)
{
	_cleanup_free_ char *directory = directory_of(path);
	char *name = NULL;

	if (!directory ||
	    asprintf(&name, "%s/.smolder-%ld-%u.tmp", directory, (long)getpid(), attempt) < 0)
		return NULL;
	return name;
}

/* For file systems that have no files without a name. */
static int open_named(struct outfile *file)
{
	for (unsigned int attempt = 0; attempt < NAME_TRIES; attempt++) {
		_cleanup_free_ char *name = temporary_name(file->path, attempt);

		if (!name)
			return -ENOMEM;
		file->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (file->fd >= 0) {
			file->temp_path = TAKE_PTR(name);
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Kernels and file systems without O_TMPFILE answer with one of these (open(2)). */
static bool is_unsupported(int error)
{
	return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

static int open_unnamed(struct outfile *file)
{
	_cleanup_free_ char *directory = directory_of(file->path);

	if (!directory)
		return -ENOMEM;
	if (access("/proc/self/fd", X_OK) < 0) /* by which such a file is given its name */
		return open_named(file);
	file->fd = open(directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	if (file->fd >= 0)
		return 0;
	return is_unsupported(errno) ? open_named(file) : -errno;
}

int outfile_open(const char *path, struct outfile *ret_file, struct err *err)
{
	_cleanup_(outfile_close) struct outfile file = {.path = path, .fd = -1};
	struct stat st;
	int r;

	if (is_direct(path)) {
		r = open_direct(&file, err);
	} else {
		r = check_place(path, err);
		if (r < 0)
			return r;
		r = open_unnamed(&file);
		if (r == 0 && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    fchmod(file.fd, st.st_mode & 0777) < 0)
			r = -errno;
		if (r < 0)
			return err_errno(err, r, "cannot write '%s'", path);
	}
	if (r < 0)
		return r;
	*ret_file = file;
	file = (struct outfile){.fd = -1};
	return 0;
}

int outfile_write_error(const struct outfile *file, int code, struct err *err)
{
	const char *name = outfile_is_stdout(file->path) ? "standard output" : file->path;

	if (code == -EPIPE)
		return err_set(err, code, "cannot write '%s': its reader has gone away", name);
	return err_errno(err, code, "cannot write '%s'", name);
}

/* Gives a file without a name its temporary one, the only name that rename() can start from. */
static int link_temporary(struct outfile *file)
{
	char proc_path[64];

	snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", file->fd);
	for (unsigned int attempt = 0; !file->temp_path && attempt < NAME_TRIES; attempt++) {
		_cleanup_free_ char *name = temporary_name(file->path, attempt);

		if (!name)
			return -ENOMEM;
		if (linkat(AT_FDCWD, proc_path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0)
			file->temp_path = TAKE_PTR(name);
		else if (errno != EEXIST)
			return -errno;
	}
	return file->temp_path ? 0 : -EEXIST;
}

/* A pipe, a terminal or a device that cannot be synced has nothing that could be lost. */
int outfile_sync(struct outfile *file, struct err *err)
{
	if (!file->synced && fsync(file->fd) < 0 &&
	    !(file->direct && (errno == EINVAL || errno == EROFS)))
		return outfile_write_error(file, -errno, err);
	file->synced = true;
	return 0;
}

/*
 * What stands at the path changes places with the new file, so that it can be put back; a file
 * system that cannot do that just replaces it.
 */
static int give_name(struct outfile *file)
{
	struct stat st;

	if (lstat(file->path, &st) == 0 && S_ISDIR(st.st_mode)) /* which an exchange would move */
		return -EISDIR;
	if (renameat2(AT_FDCWD, file->temp_path, AT_FDCWD, file->path, RENAME_EXCHANGE) == 0)
		file->replaced = true;
	else if (errno != ENOENT && errno != EINVAL && errno != ENOSYS)
		return -errno;
	else if (rename(file->temp_path, file->path) < 0)
		return -errno;
	file->published = true;
	return 0;
}

static void take_name_back(struct outfile *file)
{
	if (!file->published)
		return;
	if (file->replaced)
		(void)renameat2(AT_FDCWD, file->temp_path, AT_FDCWD, file->path, RENAME_EXCHANGE);
	else
		unlink(file->path);
	file->published = file->replaced = false;
}

static bool is_in_directory(const struct outfile *file, const char *directory)
{
	_cleanup_free_ char *own = file->direct ? NULL : directory_of(file->path);

	return own && strcmp(own, directory) == 0;
}

/*
 * The directory of one of the files, unless that of one before it is the same. The names are what a crash could
 * still lose; a directory that cannot be synced is no failure.
 */
static void sync_directory(const struct outfile *files, size_t number)
{
	_cleanup_free_ char *directory = directory_of(files[number].path);
	_cleanup_close_ int fd = -1;

	for (size_t i = 0; directory && i < number; i++)
		if (is_in_directory(&files[i], directory))
			return;
	fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0)
		(void)fsync(fd);
}

static int give_names(struct outfile *files, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = files[i].direct ? 0 : give_name(&files[i]);

		if (r == 0)
			continue;
		for (size_t j = 0; j < i; j++)
			take_name_back(&files[j]);
		return err_errno(err, r, "cannot write '%s'", files[i].path);
	}
	return 0;
}

int outfile_publish(struct outfile *files, size_t count, struct err *err)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		r = outfile_sync(&files[i], err);
		if (r < 0)
			return r;
		r = files[i].direct ? 0 : link_temporary(&files[i]);
		if (r < 0)
			return outfile_write_error(&files[i], r, err);
	}
	r = give_names(files, count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (!files[i].direct)
			sync_directory(files, i);
	return r;
}

void outfile_close(struct outfile *file)
{
	if (file->temp_path && (!file->published || file->replaced))
		unlink(file->temp_path);
	free(file->temp_path);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct outfile){.fd = -1};
}
