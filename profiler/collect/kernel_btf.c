// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/kernel_btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

/* Names in the enum end in this: "memory_cgrp_id". One differs from /proc/cgroups. */
static void enum_name(const char *controller, char *name, size_t size)
{
	if (strcmp(controller, "blkio") == 0)
		controller = "io";
	snprintf(name, size, "%s_cgrp_id", controller);
}

int kernel_btf_cgroup_subsys(const char *controller, uint32_t *ret_index, struct err *err)
{
	_cleanup_(free_btf) struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	char name[64];
	int id;

	if (!btf)
		return err_errno(err, -errno, "cannot read the kernel's BTF");
	enum_name(controller, name, sizeof(name));
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	if (id < 0)
		return err_set(err, id, "this kernel has no control group controllers");
	type = btf__type_by_id(btf, (uint32_t)id);
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const struct btf_enum *value = &btf_enum(type)[i];

		if (strcmp(btf__name_by_offset(btf, value->name_off), name) != 0)
			continue;
		*ret_index = (uint32_t)value->val;
		return 0;
	}
	return err_set(err, -ENOENT, "this kernel has no cgroup controller '%s'", controller);
}

#define NESTING_MAX 8

static bool has_member(const struct btf *btf, uint32_t id, const char *member, int nesting)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	if (!type || !btf_is_composite(type) || nesting > NESTING_MAX)
		return false;
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *at = &btf_members(type)[i];
		const char *name = btf__name_by_offset(btf, at->name_off);

		if (strcmp(name, member) == 0)
			return true;
		if (!*name && has_member(btf, at->type, member, nesting + 1))
			return true;
	}
	return false;
}

bool kernel_btf_has_member(const char *struct_name, const char *member)
{
	_cleanup_(free_btf) struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, struct_name, BTF_KIND_STRUCT) : -ENOENT;

	return id > 0 && has_member(btf, (uint32_t)id, member, 0);
}
