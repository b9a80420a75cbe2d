// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/unwinders.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct dwfl_unwinder {
	Dwfl *dwfl;
	/* of the unwinding under way */
	struct space *space;
	struct unwound *unwound;
};

static int find_no_elf(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
		       char **path, Elf **elf)
{
	(void)module, (void)user, (void)name, (void)base, (void)path, (void)elf;
	return -1; /* all modules come with their file */
}

/* Files of debug information are not what programs unwind by at run time. */
static int find_no_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			     const char *path, const char *link, GElf_Word crc, char **ret_path)
{
	(void)module, (void)user, (void)name, (void)base;
	(void)path, (void)link, (void)crc, (void)ret_path;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = find_no_debuginfo,
};

static pid_t next_thread(Dwfl *dwfl, void *ctx, void **thread)
{
	struct dwfl_unwinder *unwinder = ctx;

	(void)dwfl;
	if (*thread)
		return 0;
	*thread = unwinder;
	return 1;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *ctx)
{
	struct dwfl_unwinder *unwinder = ctx;

	(void)dwfl;
	return space_read(unwinder->space, address, result);
}

static bool set_registers(Dwfl_Thread *thread, void *ctx)
{
	struct dwfl_unwinder *unwinder = ctx;

	return dwfl_thread_state_registers(thread, 0, UNWIND_REGISTER_CNT,
					   unwinder->space->sample->registers);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

static int report_modules(Dwfl *dwfl, const struct space *space)
{
	dwfl_report_begin(dwfl);
	vec_for_each(&space->modules, module) {
		int fd = fcntl(module->image->fd, F_DUPFD_CLOEXEC, 3);

		/* libdwfl closes the descriptor when it takes it. */
		if (fd >= 0 && !dwfl_report_elf(dwfl, "module", "module", fd, module->bias, true))
			close(fd);
	}
	return dwfl_report_end(dwfl, NULL, NULL);
}

int dwfl_unwinder_new(const struct space *space, struct dwfl_unwinder **ret_unwinder)
{
	struct dwfl_unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		return -ENOMEM;
	unwinder->dwfl = dwfl_begin(&callbacks);
	if (!unwinder->dwfl || report_modules(unwinder->dwfl, space) < 0 ||
	    !dwfl_attach_state(unwinder->dwfl, NULL, 1, &thread_callbacks, unwinder)) {
		dwfl_unwinder_free(unwinder);
		return -EINVAL;
	}
	*ret_unwinder = unwinder;
	return 0;
}

struct dwfl_unwinder *dwfl_unwinder_free(struct dwfl_unwinder *unwinder)
{
	if (unwinder)
		dwfl_end(unwinder->dwfl);
	free(unwinder);
	return NULL;
}

/*
 * libdwfl says of the frame that returns from a signal that it made no call, either; its address, taken
 * back by 1 like any other's, is that of the frame in our words.
 */
static bool returns_from_signal(struct space *space, uint64_t pc)
{
	static const unsigned char code[] = UNWIND_SIGRETURN_CODE;
	uint64_t word;

	return space_read(space, pc, &word) && memcmp(&word, code, sizeof(word)) == 0;
}

static int on_frame(Dwfl_Frame *frame, void *ctx)
{
	struct dwfl_unwinder *unwinder = ctx;
	bool is_activation;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(frame, &pc, &is_activation))
		return DWARF_CB_ABORT;
	if (!pc) /* nobody's caller */
		return DWARF_CB_OK;
	if (is_activation && unwinder->unwound->len && returns_from_signal(unwinder->space, pc))
		is_activation = false;
	return unwound_push(unwinder->unwound, unwinder->space, pc - !is_activation) ?
		       DWARF_CB_OK :
		       DWARF_CB_ABORT;
}

void dwfl_unwinder_unwind(struct dwfl_unwinder *unwinder, struct space *space,
			  struct unwound *ret_unwound)
{
	int r;

	unwinder->space = space;
	unwinder->unwound = ret_unwound;
	space->unread = false;
	ret_unwound->len = 0;
	r = dwfl_getthread_frames(unwinder->dwfl, 1, on_frame, unwinder);
	/* What it cannot read it takes for undefined, and an undefined return address for the base. */
	if (r == 0 && !space->unread)
		ret_unwound->end = UNWOUND_COMPLETE;
	else
		ret_unwound->end = space->unread ? UNWOUND_SHORT_COPY : UNWOUND_LOST;
}
