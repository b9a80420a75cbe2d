// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* depth N: burns CPU below N nested calls. */
#include <stdlib.h>

static volatile unsigned long sink;

__attribute__((noinline)) static int descend(int left)
{
	char room[64];
	int result;

	room[left & 63] = (char)left;
	__asm__ volatile("" : : "r"(room) : "memory");
	while (left == 0)
		sink++;
	result = descend(left - 1);
	__asm__ volatile("" : "+r"(result)); /* no tail call */
	return result + room[1];
}

int main(int argc, char **argv)
{
	return argc > 1 ? descend(atoi(argv[1])) : 2;
}
