// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_paper.h"

#include "base/fs.h"
#include "version.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>

#define CPUINFO_MAX (1 << 20)

struct bench_paper {
	FILE *out;
	json_t *root;
	json_t *rows; /* of the section begun last; borrowed from root */
};

/* "model name	: AMD EPYC" */
static void read_cpu_model(char *model, size_t size)
{
	_cleanup_buf_ struct buf text = {0};
	const char *line, *value, *end;

	snprintf(model, size, "unknown");
	if (fs_read_file("/proc/cpuinfo", CPUINFO_MAX, &text) < 0)
		return;
	buf_append_byte(&text, '\0');
	line = buf_error(&text) ? NULL : strstr((char *)text.data, "model name");
	value = line ? strstr(line, ": ") : NULL;
	end = value ? strchr(value, '\n') : NULL;
	if (end)
		snprintf(model, size, "%.*s", (int)(end - value - 2), value + 2);
}

static void describe_machine(struct bench_paper *paper)
{
	char model[128], load[64] = "";
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname host;

	uname(&host);
	read_cpu_model(model, sizeof(model));
	if (fs_read_line("/proc/loadavg", load, sizeof(load)) == 0)
		load[strcspn(load, "/")] = '\0';
	if (strrchr(load, ' ')) /* the number of processes is no load */
		*strrchr(load, ' ') = '\0';
	fprintf(paper->out, "smolder %s, %s %s %s, %ld × %s, load when begun: %s\n",
		SMOLDER_VERSION, host.sysname, host.release, host.machine, cpus, model, load);
	json_object_set_new(paper->root, "version", json_string(SMOLDER_VERSION));
	json_object_set_new(paper->root, "kernel", json_string(host.release));
	json_object_set_new(paper->root, "machine", json_string(host.machine));
	json_object_set_new(paper->root, "cpus", json_integer(cpus));
	json_object_set_new(paper->root, "cpu_model", json_string(model));
	json_object_set_new(paper->root, "load", json_string(load));
	json_object_set_new(paper->root, "sections", json_array());
}

int bench_paper_new(FILE *out, struct bench_paper **ret_paper)
{
	struct bench_paper *paper = calloc(1, sizeof(*paper));

	if (!paper)
		return -ENOMEM;
	paper->out = out;
	paper->root = json_object();
	if (!paper->root) {
		free(paper);
		return -ENOMEM;
	}
	describe_machine(paper);
	*ret_paper = paper;
	return 0;
}

struct bench_paper *bench_paper_free(struct bench_paper *paper)
{
	if (paper)
		json_decref(paper->root);
	free(paper);
	return NULL;
}

void bench_paper_section(struct bench_paper *paper, const char *name, const char *title)
{
	json_t *section = json_object();

	fprintf(paper->out,
		"\n%s (`smolder bench --only %s`)\n\n"
		"| what | who | median | from | to | N |\n"
		"|---|---|---:|---:|---:|---:|\n",
		title, name);
	fflush(paper->out);
	json_object_set_new(section, "name", json_string(name));
	json_object_set_new(section, "title", json_string(title));
	paper->rows = json_array();
	json_object_set_new(section, "rows", paper->rows);
	json_array_append_new(json_object_get(paper->root, "sections"), section);
}

/* Three digits that count, whatever the size. */
static void print_number(FILE *out, double number, const char *unit)
{
	double size = number < 0 ? -number : number;
	int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;

	fprintf(out, " %.*f %s |", decimals, number, unit);
}

static void print_row(const struct bench_paper *paper, const struct bench_row *row)
{
	fprintf(paper->out, "| %s | %s |", row->what, row->who);
	if (row->summary.count) {
		print_number(paper->out, row->summary.median, row->unit);
		print_number(paper->out, row->summary.least, row->unit);
		print_number(paper->out, row->summary.most, row->unit);
		fprintf(paper->out, " %zu |\n", row->summary.count);
	} else {
		fprintf(paper->out, " %s | | | |\n", row->note ? row->note : "no result");
	}
	fflush(paper->out);
}

void bench_paper_row(struct bench_paper *paper, const struct bench_row *row)
{
	json_t *object = json_object();

	print_row(paper, row);
	json_object_set_new(object, "what", json_string(row->what));
	json_object_set_new(object, "who", json_string(row->who));
	json_object_set_new(object, "unit", json_string(row->unit));
	json_object_set_new(object, "count", json_integer((json_int_t)row->summary.count));
	if (row->summary.count) {
		json_object_set_new(object, "median", json_real(row->summary.median));
		json_object_set_new(object, "least", json_real(row->summary.least));
		json_object_set_new(object, "most", json_real(row->summary.most));
	} else {
		json_object_set_new(object, "note", json_string(row->note ? row->note : ""));
	}
	json_array_append_new(paper->rows, object);
}

void bench_paper_numbers(struct bench_paper *paper, const struct bench_row *row,
			 struct bench_numbers *numbers)
{
	struct bench_row whole = *row;

	whole.summary = bench_numbers_summary(numbers);
	bench_paper_row(paper, &whole);
}

int bench_paper_to_json(const struct bench_paper *paper, struct buf *out)
{
	char *text = json_dumps(paper->root, JSON_COMPACT);

	if (!text)
		return -ENOMEM;
	buf_append_str(out, text);
	buf_append_byte(out, '\n');
	free(text);
	return buf_error(out);
}
