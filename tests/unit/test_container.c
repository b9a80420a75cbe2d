// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/cgroup_path.h"
#include "profiler/process/container.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER64 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define ID32 "017dd7e1d0506c8bdfdf3e6e1c162dcc"
#define POD "12345678_1234_1234_1234_123456789abc"

static const struct {
	const char *path, *id;
} ids[] = {
	{"/docker/" ID64, ID64},
	{"/system.slice/docker-" ID64 ".scope", ID64},
	{"/docker/" ID64 "/init.scope", ID64},
	{"/docker/" OTHER64 "/docker/" ID64, ID64},
	{"/kubepods/burstable/pod12345678-1234-1234-1234-123456789abc/" ID64, ID64},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD
	 ".slice/cri-containerd-" ID64 ".scope",
	 ID64},
	{"/kubepods.slice/crio-" ID64 ".scope", ID64},
	{"/system.slice/kubepods-besteffort-pod" POD ".slice:cri-containerd:" ID64, ID64},
	{"/machine.slice/libpod-" ID64 ".scope/container", ID64},
	{"/docker-0123456789ab", "0123456789ab"},
	{"/ecs/" ID32 "/" ID64, ID64},
	{"/runtime/" ID32, ID32},
	{"/lxc.payload.web-1/system.slice", "web-1"},
	{"/lxc/web-1", "web-1"},
	{"/", ""},
	{"", ""},
	{"/system.slice/ssh.service", ""},
	{"/docker/0123456789ab", ""},
	{"/user.slice/user-1000.slice/session-123456789012.scope", ""},
	{"/machine.slice/libpod-conmon-" ID64 ".scope", ""},
	{"/docker/" ID64 "0", ""},
	{"/docker/" ID64 "x", ""},
	{"/docker-0123456789a", ""},
	{"/lxc.monitor.web-1", ""},
};

static void finds_ids(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const char *start;
		size_t len = container_id_find(ids[i].path, &start);

		if (len != strlen(ids[i].id) || memcmp(start, ids[i].id, len) != 0)
			fail_msg("'%s' gives '%.*s'", ids[i].path, (int)len, start);
	}
}

static void choose(const char *text, const char *expected)
{
	char path[128];

	if (!expected) {
		assert_false(container_path_choose(text, strlen(text), path, sizeof(path)));
		return;
	}
	assert_true(container_path_choose(text, strlen(text), path, sizeof(path)));
	assert_string_equal(path, expected);
}

static void chooses_the_path_that_tells_most(void **state)
{
	(void)state;
	choose("", NULL);
	choose("0::/a.service\n", "/a.service");
	choose("0::/", "/");
	choose("4:memory:/docker/" ID64 "\n1:name=systemd:/a/b/c/d\n0::/\n", "/docker/" ID64);
	choose("4:memory:/a/b\n0::/user.slice\n", "/user.slice");
	choose("4:memory:/a\n2:cpu,cpuacct:/a/b\n0::/\n", "/a/b");
	choose("4:name=x:y:/a\n", NULL);
	choose("nonsense\n:::\n4:memory\n5:cpu:\n0::/a\n", "/a");
	choose("0::/a path/with:colons", "/a path/with:colons");
}

static void passes_over_paths_too_long(void **state)
{
	char text[400] = "4:memory:/";

	(void)state;
	memset(text + 10, 'x', 300);
	strcpy(text + 310, "\n0::/ok\n");
	choose(text, "/ok");
}

/* The v2 mount of this host, or "" */
static void find_v2_mount(char *path, size_t size)
{
	struct cgroup_path root;

	path[0] = '\0';
	if (cgroup_path_resolve("/", &root, NULL) == 0 && root.v2)
		snprintf(path, size, "%s", root.path);
}

static void resolves_real_groups(void **state)
{
	char mount[PATH_MAX], path[PATH_MAX + 64], moved[32];
	struct containers *containers;
	struct container_labels labels;
	struct cgroup_path resolved;
	struct stat st;

	(void)state;
	find_v2_mount(mount, sizeof(mount));
	snprintf(moved, sizeof(moved), "docker-%012x.scope", (unsigned int)getpid());
	snprintf(path, sizeof(path), "%s/%s", mount, moved);
	if (!mount[0] || mkdir(path, 0700) < 0) {
		print_message("no cgroup2 mount where groups may be made\n");
		skip();
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(cgroup_path_resolve(path, &resolved, NULL), 0);
	assert_int_equal(resolved.id, st.st_ino);
	assert_true(resolved.v2);
	assert_int_equal(resolved.level, 1);
	assert_int_equal(cgroup_path_resolve(moved, &resolved, NULL), 0);
	assert_int_equal(resolved.id, st.st_ino);

	assert_int_equal(containers_new(&containers), 0);
	containers_labels(containers, containers_by_cgroup(containers, st.st_ino), &labels);
	assert_string_equal(labels.cgroup + 1, moved);
	assert_int_equal(strlen(labels.container_id), 12);
	assert_int_equal(rmdir(path), 0);
	/* Once known, it keeps its name. */
	containers_labels(containers, containers_by_cgroup(containers, st.st_ino), &labels);
	assert_string_equal(labels.cgroup + 1, moved);
	containers_free(containers);
}

static void answers_for_unknown_groups(void **state)
{
	struct containers *containers;
	struct container_labels labels;

	(void)state;
	assert_int_equal(containers_new(&containers), 0);
	assert_int_equal(containers_by_cgroup(containers, 0), CONTAINER_NONE);
	containers_labels(containers, containers_by_cgroup(containers, UINT64_C(1) << 62), &labels);
	assert_string_equal(labels.cgroup, "");
	assert_string_equal(labels.container_id, "");
	containers_by_cgroup(containers, UINT64_C(1) << 62);
	assert_int_equal(containers_counters(containers)->unresolved, 1);
	assert_int_equal(containers_by_process(containers, UINT32_MAX), CONTAINER_NONE);
	assert_int_not_equal(containers_by_process(containers, (uint32_t)getpid()), CONTAINER_NONE);
	assert_int_equal(containers_by_process(containers, (uint32_t)getpid()),
			 containers_by_process(containers, (uint32_t)getpid()));
	containers_free(containers);
}

static void release_idle(struct containers *containers, int times)
{
	for (int i = 0; i < times; i++)
		containers_release(containers);
}

static void forgets_what_nobody_asks_for(void **state)
{
	const uint64_t gone = UINT64_C(1) << 62;
	const struct containers_counters *counters;
	struct containers *containers;
	struct container_labels labels;
	uint32_t own, id;

	(void)state;
	assert_int_equal(containers_new(&containers), 0);
	counters = containers_counters(containers);
	id = containers_by_cgroup(containers, gone);
	own = containers_by_process(containers, (uint32_t)getpid());
	release_idle(containers, IDLE_MARK_MAX);
	assert_int_equal(containers_by_cgroup(containers, gone),
			 id); /* was in use until the first */
	assert_int_equal(counters->unresolved, 1);
	for (int i = 0; i <= IDLE_MARK_MAX; i++) {
		containers_mark(containers, own);
		containers_release(containers);
	}
	containers_labels(containers, own, &labels);
	assert_string_not_equal(labels.cgroup, "");
	assert_int_equal(containers_by_cgroup(containers, gone), id);
	assert_int_equal(counters->unresolved, 2); /* looked up anew */
	release_idle(containers, IDLE_MARK_MAX + 1);
	containers_labels(containers, own, &labels);
	assert_string_equal(labels.cgroup, "");
	id = containers_by_process(containers, (uint32_t)getpid());
	containers_labels(containers, id, &labels);
	assert_string_not_equal(labels.cgroup, "");
	containers_free(containers);
}

/* A tree that looks like a hybrid host's mounts, in a directory of ours. */
struct tree {
	char top[40], mountinfo[64];
};

static void make_directory(const struct tree *tree, const char *path)
{
	char joined[128];

	snprintf(joined, sizeof(joined), "%s/%s", tree->top, path);
	assert_int_equal(mkdir(joined, 0700), 0);
}

static int plant(void **state)
{
	static const char *const directories[] = {
		"mem ory",   "mem ory/a",   "mem ory/a/b", "cpu",          "cpu/a",    "unified",
		"unified/a", "unified/a/c", "systemd",     "systemd/only", "elsewhere"};
	_cleanup_buf_ struct buf text = {0};
	_cleanup_close_ int fd = -1;
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -1;
	strcpy(tree->top, "/tmp/cgroup-XXXXXX");
	if (!mkdtemp(tree->top))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		make_directory(tree, directories[i]);
	buf_appendf(&text, "27 1 254:0 / / rw - ext4 /dev/vda rw\n");
	buf_appendf(&text, "1 2 0:1 / %s/mem\\040ory rw shared:9 - cgroup cgroup rw,memory\n",
		    tree->top);
	buf_appendf(&text, "1 2 0:1 /outer/two %s/cpu rw - cgroup x rw,cpu,cpuacct\n", tree->top);
	buf_appendf(&text, "1 2 0:1 / %s/systemd rw - cgroup x rw,xattr,name=systemd\n", tree->top);
	buf_appendf(&text, "1 2 0:1 / %s/unified rw shared:1 master:2 - cgroup2 none rw\n",
		    tree->top);
	buf_appendf(&text, "1 2 0:1 / %s\n1 2\n\n - - -\n", tree->top);
	snprintf(tree->mountinfo, sizeof(tree->mountinfo), "%s/mountinfo", tree->top);
	fd = open(tree->mountinfo, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	*state = tree;
	return fd < 0 ? -1 : fs_write_all(fd, text.data, text.len);
}

static int fell(void **state)
{
	struct tree *tree = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", tree->top);
	if (system(command) != 0)
		return -1;
	free(tree);
	return 0;
}

static int resolve(const struct tree *tree, const char *path, struct cgroup_path *resolved,
		   struct err *err)
{
	return cgroup_path_resolve_in(tree->mountinfo, path, resolved, err);
}

static void expect_v1(const struct tree *tree, const char *path, const char *controller,
		      uint32_t level)
{
	struct cgroup_path resolved;
	struct err err = {""};

	if (resolve(tree, path, &resolved, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(resolved.v2);
	assert_string_equal(resolved.controller, controller);
	assert_int_equal(resolved.level, level);
}

static void resolves_v1_and_v2(void **state)
{
	const struct tree *tree = *state;
	struct cgroup_path resolved;
	char path[64];

	snprintf(path, sizeof(path), "%s/mem ory/a/b", tree->top);
	expect_v1(tree, path, "memory", 2);
	expect_v1(tree, "/a/b", "memory", 2);
	expect_v1(tree, "a/b/", "memory", 2);
	/* Only a part of the hierarchy is mounted there: the group lies two levels deeper. */
	snprintf(path, sizeof(path), "%s/cpu/a", tree->top);
	expect_v1(tree, path, "cpu", 3);
	assert_int_equal(resolve(tree, "/a", &resolved, NULL), 0);
	assert_true(resolved.v2);
	assert_int_equal(resolved.level, 1);
	assert_string_equal(resolved.controller, "");
	assert_int_equal(resolve(tree, "a/c", &resolved, NULL), 0);
	assert_int_equal(resolved.level, 2);
	assert_int_equal(resolve(tree, "/", &resolved, NULL), 0);
	assert_int_equal(resolved.level, 0);
}

static void says_what_is_wrong(void **state)
{
	const struct tree *tree = *state;
	struct cgroup_path resolved;
	struct err err;
	char path[64];

	assert_int_equal(resolve(tree, "no/such", &resolved, &err), -ENOENT);
	assert_non_null(strstr(err.text, "there is no control group 'no/such' (looked below "));
	assert_non_null(strstr(err.text, "/unified"));
	assert_int_equal(resolve(tree, "", &resolved, &err), -ENOENT);
	snprintf(path, sizeof(path), "%s/elsewhere", tree->top);
	assert_int_equal(resolve(tree, path, &resolved, &err), -ENOENT);
	assert_int_equal(resolve(tree, "../elsewhere", &resolved, &err), -ENOENT);
	assert_int_equal(resolve(tree, "only", &resolved, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "name=systemd"));
	assert_int_equal(cgroup_path_resolve_in("/dev/null", "a", &resolved, &err), -ENOENT);
	assert_non_null(strstr(err.text, "none is mounted"));
	assert_int_equal(cgroup_path_resolve_in("/no/such/file", "a", &resolved, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_ids),
		cmocka_unit_test(chooses_the_path_that_tells_most),
		cmocka_unit_test(passes_over_paths_too_long),
		cmocka_unit_test(resolves_real_groups),
		cmocka_unit_test(answers_for_unknown_groups),
		cmocka_unit_test(forgets_what_nobody_asks_for),
		cmocka_unit_test_setup_teardown(resolves_v1_and_v2, plant, fell),
		cmocka_unit_test_setup_teardown(says_what_is_wrong, plant, fell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
