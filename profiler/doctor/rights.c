// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/rights.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define USER_NS_INIT_INO 0xEFFFFFFDu /* PROC_USER_INIT_INO, include/linux/proc_ns.h */

bool rights_count(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) < 0 || st.st_ino == USER_NS_INIT_INO;
}

bool rights_held(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[capability / 32].effective >> (capability % 32) & 1;
}
