// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/agent_config.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/parse.h"
#include "profiler/collect/sampler.h"

#include <errno.h>
#include <string.h>

#define FILE_MAX_LEN ((size_t)64 << 10)
#define DAY_NS (24 * 3600 * NS_PER_SEC)
#define WINDOW_MAX_NS (3600 * NS_PER_SEC)
#define MEMORY_MIN_BYTES ((uint64_t)16 << 20)
#define PPM UINT64_C(1000000)
/* More than the tables of a busy host take; what is not used is not mapped. */
#define UNWIND_BYTES (UINT32_C(32) << 20)

typedef int (*set_function)(struct agent_config *config, const char *value);

void agent_config_init(struct agent_config *config)
{
	*config = (struct agent_config){
		.kill_switch = "/run/smolder/stop",
		.frequency_hz = 19,
		.event = TICK_AUTO,
		.window_ns = 60 * NS_PER_SEC,
		.retain_ns = 7 * DAY_NS,
		.bytes_max = UINT64_C(2) << 30,
		.cpu_max_ppm = 5000,
		.memory_max = UINT64_C(64) << 20,
		.unwind_bytes = UNWIND_BYTES,
	};
}

static int set_path(char *path, const char *value)
{
	if (!*value || strlen(value) >= PATH_MAX)
		return -EINVAL;
	strcpy(path, value);
	return 0;
}

static int set_store(struct agent_config *config, const char *value)
{
	return set_path(config->store, value);
}

static int set_kill_switch(struct agent_config *config, const char *value)
{
	return set_path(config->kill_switch, value);
}

static int set_frequency(struct agent_config *config, const char *value)
{
	uint32_t frequency_hz;
	int r = parse_u32(value, &frequency_hz);

	if (r < 0 || frequency_hz == 0 || frequency_hz > AGENT_FREQUENCY_MAX_HZ)
		return -EINVAL;
	config->frequency_hz = frequency_hz;
	return 0;
}

static int set_event(struct agent_config *config, const char *value)
{
	static const char *const names[] = {"auto", "cycles", "cpu-clock"}; /* enum tick_event */

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		config->event = (enum tick_event)i;
		return 0;
	}
	return -EINVAL;
}

static int set_window(struct agent_config *config, const char *value)
{
	uint64_t window_ns;

	if (parse_duration_ns(value, &window_ns) < 0 || window_ns < AGENT_WINDOW_MIN_NS ||
	    window_ns > WINDOW_MAX_NS)
		return -EINVAL;
	config->window_ns = window_ns;
	return 0;
}

static int set_retain(struct agent_config *config, const char *value)
{
	return parse_duration_ns(value, &config->retain_ns);
}

static int set_max_size(struct agent_config *config, const char *value)
{
	return parse_size_bytes(value, &config->bytes_max);
}

static int set_max_cpu(struct agent_config *config, const char *value)
{
	uint64_t ppm;

	if (parse_percent_ppm(value, &ppm) < 0 || ppm > PPM)
		return -EINVAL;
	config->cpu_max_ppm = ppm;
	return 0;
}

static int set_max_memory(struct agent_config *config, const char *value)
{
	uint64_t bytes;

	if (parse_size_bytes(value, &bytes) < 0 || (bytes && bytes < MEMORY_MIN_BYTES))
		return -EINVAL;
	config->memory_max = bytes;
	return 0;
}

/* The kernel side masks addresses in the pool: its size is a power of two. */
static int set_unwind_memory(struct agent_config *config, const char *value)
{
	uint64_t bytes;

	if (parse_size_bytes(value, &bytes) < 0 || bytes & (bytes - 1) ||
	    bytes < SAMPLER_POOL_SIZE_MIN || bytes > SAMPLER_POOL_SIZE_MAX)
		return -EINVAL;
	config->unwind_bytes = (uint32_t)bytes;
	return 0;
}

static const struct {
	const char *name, *wanted;
	set_function set;
} known[] = {
	{"store", "a directory", set_store},
	{"frequency", "a number from 1 to 10000", set_frequency},
	{"event", "auto, cycles or cpu-clock", set_event},
	{"window", "a time from 1s to 1h", set_window},
	{"retain", "a time such as 12h or 7d, or 0", set_retain},
	{"max-size", "a size such as 500M or 2G, or 0", set_max_size},
	{"max-cpu", "a share such as 0.5%, or 0", set_max_cpu},
	{"max-memory", "a size of 16M or more, or 0", set_max_memory},
	{"unwind-memory", "a power of two from 1M to 256M", set_unwind_memory},
	{"kill-switch", "a path", set_kill_switch},
};

int agent_config_set(struct agent_config *config, const struct agent_setting *setting,
		     struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, setting->name) != 0)
			continue;
		if (known[i].set(config, setting->value) == 0)
			return 0;
		return err_set(err, -EINVAL, "%s '%s' is not %s", setting->name, setting->value,
			       known[i].wanted);
	}
	return err_set(err, -EINVAL, "there is no setting '%s'", setting->name);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
	char *end;

	while (is_space(*text))
		text++;
	end = text + strlen(text);
	while (end > text && is_space(end[-1]))
		end--;
	*end = '\0';
	return text;
}

static int parse_line(struct agent_config *config, char *line, struct err *err)
{
	struct agent_setting setting;
	char *equals;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (!*line)
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return err_set(err, -EINVAL, "'%s' is not of the form 'name = value'", line);
	*equals = '\0';
	setting.name = trim(line);
	setting.value = trim(equals + 1);
	return agent_config_set(config, &setting, err);
}

int agent_config_parse(struct agent_config *config, char *text, const char *path, struct err *err)
{
	char *rest = text, *line;
	struct err reason;

	for (unsigned int number = 1; (line = strsep(&rest, "\n")); number++)
		if (parse_line(config, line, &reason) < 0)
			return err_set(err, -EINVAL, "%s:%u: %s", path, number, reason.text);
	return 0;
}

static int read_file(struct agent_config *config, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r = fs_read_file(path, FILE_MAX_LEN, &text);

	if (r < 0)
		return err_errno(err, r, "cannot read the configuration '%s'", path);
	if (memchr(text.data, '\0', text.len))
		return err_set(err, -EINVAL, "the configuration '%s' is not text", path);
	buf_append_byte(&text, '\0');
	if (buf_error(&text))
		return err_errno(err, buf_error(&text), "cannot read '%s'", path);
	return agent_config_parse(config, (char *)text.data, path, err);
}

int agent_config_load(const struct agent_sources *sources, struct agent_config *ret_config,
		      struct err *err)
{
	struct agent_config config;
	int r = 0;

	agent_config_init(&config);
	if (sources->path)
		r = read_file(&config, sources->path, err);
	for (size_t i = 0; i < sources->settings_len && r == 0; i++)
		r = agent_config_set(&config, &sources->settings[i], err);
	if (r == 0 && !config.store[0])
		return err_set(err, -EINVAL, "no store: give --store DIR");
	if (r == 0)
		*ret_config = config;
	return r;
}

bool agent_config_is_compatible(const struct agent_config *a, const struct agent_config *b)
{
	return strcmp(a->store, b->store) == 0 && a->event == b->event &&
	       a->unwind_bytes == b->unwind_bytes;
}
