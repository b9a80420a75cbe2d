/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts about the running kernel that only its BTF tells. */
#ifndef SMOLDER_COLLECT_KERNEL_BTF_H
#define SMOLDER_COLLECT_KERNEL_BTF_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The index of a cgroup v1 controller in css_set.subsys (enum cgroup_subsys_id, which depends on the
 * kernel's configuration). `controller` as in /proc/cgroups. -ENOENT when there is none.
 */
int kernel_btf_cgroup_subsys(const char *controller, uint32_t *ret_index, struct err *err)
	_warn_unused_;

/* Does this struct of the kernel have this member, or one of the nameless structs in it? */
bool kernel_btf_has_member(const char *struct_name, const char *member);

#endif
