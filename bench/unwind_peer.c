// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The peer of bench/unwind_compile.sh: libdw asked once for each row of a table, as programs do that
 * make tables with it. Addresses come from standard input, one in front of each line; prints the
 * milliseconds of CPU time that the questions took.
 */
#include "base/clock.h"

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t read_addresses(uint64_t *addresses, size_t max)
{
	char line[256];
	size_t cnt = 0;

	while (cnt < max && fgets(line, sizeof(line), stdin))
		addresses[cnt++] = strtoull(line, NULL, 16);
	return cnt;
}

static void ask(Dwarf_CFI *cfi, uint64_t address)
{
	Dwarf_Op memory[3], *ops;
	Dwarf_Frame *frame;
	size_t cnt;

	if (dwarf_cfi_addrframe(cfi, address, &frame) != 0)
		return;
	dwarf_frame_cfa(frame, &ops, &cnt);
	dwarf_frame_register(frame, 6, memory, &ops, &cnt);
	dwarf_frame_register(frame, 16, memory, &ops, &cnt);
	free(frame);
}

int main(int argc, char **argv)
{
	enum { ADDRESSES_MAX = 4 << 20 };
	uint64_t *addresses = calloc(ADDRESSES_MAX, sizeof(*addresses)), start;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	Dwarf_CFI *cfi;
	size_t cnt;

	if (fd < 0 || !addresses)
		return 1;
	cnt = read_addresses(addresses, ADDRESSES_MAX);
	start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	elf_version(EV_CURRENT);
	cfi = dwarf_getcfi_elf(elf_begin(fd, ELF_C_READ_MMAP, NULL));
	if (!cfi)
		return 1;
	for (size_t i = 0; i < cnt; i++)
		ask(cfi, addresses[i]);
	printf("%.3f\n", (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)NS_PER_MS);
	return 0;
}
