// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/format.h"

#include "formats/folded.h"
#include "formats/html_report.h"
#include "formats/json_report.h"
#include "formats/outfile.h"
#include "formats/pprof.h"
#include "formats/sink.h"
#include "formats/viewer_page.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

struct format {
	const char *suffix;
	int (*write)(const struct profile *profile, struct sink *sink, struct err *err);
};

static int write_pprof_gzip(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_sink_ struct sink *gzip = NULL;
	int r = sink_gzip_new(sink, &gzip);

	if (r < 0)
		return err_errno(err, r, "cannot write pprof");
	r = pprof_write(profile, gzip, err);
	if (r < 0)
		return r;
	r = sink_finish(gzip);
	return r < 0 ? err_errno(err, r, "cannot write pprof") : 0;
}

static int write_html(const struct profile *profile, struct sink *sink, struct err *err)
{
	const struct viewer_page page = {.html = smolder_viewer_html,
					 .len = smolder_viewer_html_len};

	return html_report_write(profile, &page, sink, err);
}

static const struct format formats[] = {
	{".folded", folded_write}, {".folded.zst", folded_write_zstd}, {".pb.gz", write_pprof_gzip},
	{".html", write_html},     {".json", json_report_write},
};

static bool has_suffix(const char *path, const char *suffix)
{
	size_t path_len = strlen(path), suffix_len = strlen(suffix);

	return path_len > suffix_len && strcmp(path + path_len - suffix_len, suffix) == 0;
}

static const struct format *find_format(const char *path, struct err *err)
{
	if (outfile_is_stdout(path))
		return &formats[0];
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (has_suffix(path, formats[i].suffix))
			return &formats[i];
	err_set(err, -EINVAL,
		"cannot write '%s': the name must end in .folded, .folded.zst, .pb.gz, .html or "
		".json",
		path);
	return NULL;
}

int format_check_output(const char *path, struct err *err)
{
	return find_format(path, err) ? outfile_check(path, err) : -EINVAL;
}

static int write_profile(const struct profile *profile, const struct outfile *file, struct err *err)
{
	const struct format *format = find_format(file->path, err);
	_cleanup_sink_ struct sink *sink = NULL;
	struct err why;
	int r;

	if (!format)
		return -EINVAL;
	r = sink_fd_new(file->fd, &sink);
	if (r < 0)
		return outfile_write_error(file, r, err);
	r = format->write(profile, sink, &why);
	if (r == 0)
		return 0;
	/* What the file system said is told plainly; else the writer knows best. */
	if (sink_error(sink) < 0)
		return outfile_write_error(file, sink_error(sink), err);
	return err_set(err, r, "cannot write '%s': %s", file->path, why.text);
}

/* One file or stream twice would come out as a mix, or as the last one only. */
static int check_paths(const char *const *paths, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(paths[i], paths[j]) == 0 ||
			    (outfile_is_stdout(paths[i]) && outfile_is_stdout(paths[j])))
				return err_set(err, -EINVAL, "output '%s' is given twice",
					       paths[i]);
	return 0;
}

int format_check_outputs(const char *const *paths, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = format_check_output(paths[i], err);

		if (r < 0)
			return r;
	}
	return check_paths(paths, count, err);
}

struct outputs {
	struct outfile *files;
	size_t len;
};

static void outputs_cleanup(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->len; i++)
		outfile_close(&outputs->files[i]);
	free(outputs->files);
}

static int open_outputs(const char *const *paths, size_t count, struct outputs *outputs,
			struct err *err)
{
	outputs->files = calloc(count + 1, sizeof(*outputs->files));
	if (!outputs->files)
		return err_errno(err, -ENOMEM, "cannot write the profile");
	while (outputs->len < count) {
		int r = outfile_open(paths[outputs->len], &outputs->files[outputs->len], err);

		if (r < 0)
			return r;
		outputs->len++;
	}
	return 0;
}

struct writing { /* of one file, by a thread of its own */
	const struct profile *profile;
	struct outfile *file;
	pthread_t thread;
	bool has_thread;
	int result;
	struct err err;
};

static void *write_file(void *ctx)
{
	struct writing *writing = ctx;

	writing->result = write_profile(writing->profile, writing->file, &writing->err);
	if (writing->result == 0)
		writing->result = outfile_sync(writing->file, &writing->err);
	return NULL;
}

/* Signals are the main thread's. */
static void start_writing(struct writing *writing)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	writing->has_thread = pthread_create(&writing->thread, NULL, write_file, writing) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!writing->has_thread)
		write_file(writing);
}

/* All at once: each waits for the disk. What fails first, in their order, is told. */
static int write_regular(const struct profile *profile, const struct outputs *outputs,
			 struct err *err)
{
	_cleanup_free_ struct writing *writings = calloc(outputs->len + 1, sizeof(*writings));
	int r = 0;

	if (!writings)
		return err_errno(err, -ENOMEM, "cannot write the profile");
	for (size_t i = 0; i < outputs->len; i++) {
		writings[i].profile = profile;
		writings[i].file = &outputs->files[i];
		if (!outputs->files[i].direct)
			start_writing(&writings[i]);
	}
	for (size_t i = 0; i < outputs->len; i++) {
		if (writings[i].has_thread)
			pthread_join(writings[i].thread, NULL);
		if (r == 0 && writings[i].result < 0)
			r = err_set(err, writings[i].result, "%s", writings[i].err.text);
	}
	return r;
}

static int write_streams(const struct profile *profile, const struct outputs *outputs,
			 struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < outputs->len && r == 0; i++)
		if (outputs->files[i].direct)
			r = write_profile(profile, &outputs->files[i], err);
	return r;
}

int format_write_files(const struct profile *profile, const char *const *paths, size_t count,
		       struct err *err)
{
	_cleanup_(outputs_cleanup) struct outputs outputs = {0};
	int r = check_paths(paths, count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = find_format(paths[i], err) ? 0 : -EINVAL;
	if (r == 0)
		r = open_outputs(paths, count, &outputs, err);
	if (r == 0)
		r = write_regular(profile, &outputs, err);
	if (r == 0) /* last: what was sent down a pipe cannot be taken back */
		r = write_streams(profile, &outputs, err);
	return r < 0 ? r : outfile_publish(outputs.files, outputs.len, err);
}

int format_write_bytes(const char *path, const void *data, size_t len, struct err *err)
{
	_cleanup_(outfile_close) struct outfile file = {.fd = -1};
	_cleanup_sink_ struct sink *sink = NULL;
	int r = outfile_open(path, &file, err);

	if (r < 0)
		return r;
	r = sink_fd_new(file.fd, &sink);
	if (r == 0)
		r = sink_write(sink, data, len);
	return r < 0 ? outfile_write_error(&file, r, err) : outfile_publish(&file, 1, err);
}
