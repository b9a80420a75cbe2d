// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * depth N [FORKS [CHANGE]]: burns CPU below N nested calls of 64 functions in turn; forks first, if asked to. With
 * CHANGE it maps memory and unmaps it some hundred times a second.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FUNCTIONS 64
/* Of one digit after another, in base four: all numbers of three digits. */
#define FOUR(make, digits) make(digits##0) make(digits##1) make(digits##2) make(digits##3)
#define SIXTEEN(make, digits)                                                                      \
	FOUR(make, digits##0) FOUR(make, digits##1) FOUR(make, digits##2) FOUR(make, digits##3)
#define ALL(make) SIXTEEN(make, 0) SIXTEEN(make, 1) SIXTEEN(make, 2) SIXTEEN(make, 3)

#define CHANGE_EVERY (1ul << 22)

static volatile unsigned long sink;
static int changing;
static int descend(int left);

__attribute__((noinline)) static void change(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(memory, 4096);
}

#define FUNCTION(digits)                                                                           \
	__attribute__((noinline)) static int level_##digits(int left)                              \
	{                                                                                          \
		char room[64];                                                                     \
		int result;                                                                        \
                                                                                                   \
		room[left & 63] = (char)left;                                                      \
		__asm__ volatile("" : : "r"(room) : "memory");                                     \
		while (left == 0)                                                                  \
			if (++sink % CHANGE_EVERY == 0 && changing)                                \
				change();                                                          \
		result = descend(left - 1);                                                        \
		__asm__ volatile("" : "+r"(result)); /* no tail call */                            \
		return result + room[1];                                                           \
	}
ALL(FUNCTION)

#define NAME(digits) level_##digits,
static int (*const levels[FUNCTIONS])(int) = {ALL(NAME)};

__attribute__((always_inline)) static inline int descend(int left)
{
	return levels[left % FUNCTIONS](left);
}

int main(int argc, char **argv)
{
	int forks = argc > 2 ? atoi(argv[2]) : 0;

	changing = argc > 3;
	while (forks-- > 0 && fork() != 0)
		;
	return argc > 1 ? descend(atoi(argv[1])) : 2;
}
