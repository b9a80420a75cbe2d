// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_numbers.h"

int bench_numbers_add(struct bench_numbers *numbers, double value)
{
	return vec_push(&numbers->values, value);
}

void bench_numbers_free(struct bench_numbers *numbers)
{
	vec_free(&numbers->values);
}

static int compare_values(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

struct bench_summary bench_numbers_summary(struct bench_numbers *numbers)
{
	double *values = numbers->values.items;
	size_t count = numbers->values.len;

	if (!count)
		return (struct bench_summary){0};
	qsort(values, count, sizeof(*values), compare_values);
	return (struct bench_summary){
		.count = count,
		.median = (values[(count - 1) / 2] + values[count / 2]) / 2,
		.least = values[0],
		.most = values[count - 1],
	};
}
