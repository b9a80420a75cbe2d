// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct window window_of(uint64_t seen, uint64_t idle, uint64_t lost)
{
	struct window window = {0};

	window.stats[SMOLDER_STAT_SEEN] = seen;
	window.stats[SMOLDER_STAT_IDLE] = idle;
	window.stats[SMOLDER_STAT_LOST_COUNT_MAP] = lost;
	return window;
}

static struct ledger ledger_of(const struct account *account, const struct tick_account *ticks,
			       uint64_t recorded)
{
	struct recording recording = {.recorded = recorded};
	struct ledger ledger = {0};

	account_to_ledger(account, ticks, &recording, &ledger);
	return ledger;
}

static void windows_add_up(void **state)
{
	struct account account = {0};
	struct tick_account ticks = {.expected = 100, .delivered = 100, .cpus = 2};
	struct window first = window_of(60, 10, 0), second = window_of(40, 20, 5);
	struct ledger ledger;

	(void)state;
	account_add_window(&account, &first);
	account_add_window(&account, &second);
	ledger = ledger_of(&account, &ticks, 65);
	assert_int_equal(ledger.samples.idle, 30);
	assert_int_equal(ledger_reasons_sum(&ledger.samples.lost), 5);
	assert_string_equal(ledger.samples.lost.items[0].name, "count map full");
	assert_int_equal(ledger_gap(&ledger), 0);
}

static void ticks_no_program_saw_are_skipped(void **state)
{
	struct account account = {0};
	struct tick_account ticks = {.expected = 130, .delivered = 110, .offline = 20, .cpus = 2};
	struct window window = window_of(100, 0, 0);
	struct ledger ledger;

	(void)state;
	account_add_window(&account, &window);
	ledger = ledger_of(&account, &ticks, 100);
	assert_int_equal(ledger.samples.skipped, 10);
	assert_int_equal(ledger.samples.offline, 20);
	assert_int_equal(ledger_gap(&ledger), 0);
}

static void ticks_the_kernel_withheld_are_lost(void **state)
{
	struct account account = {0};
	struct tick_account ticks = {.expected = 100, .delivered = 60, .stopped = 40, .cpus = 1};
	struct window window = window_of(60, 60, 0);
	struct ledger ledger;

	(void)state;
	account_add_window(&account, &window);
	ledger = ledger_of(&account, &ticks, 0);
	assert_string_equal(ledger.samples.lost.items[0].name, "event stopped by the kernel");
	assert_int_equal(ledger.samples.skipped, 0);
	assert_int_equal(ledger_gap(&ledger), 0);
}

/* What vanishes between the kernel's counters and user space must not be papered over. */
static void a_loss_without_a_name_is_a_gap(void **state)
{
	struct account account = {0};
	struct tick_account ticks = {.expected = 100, .delivered = 100, .cpus = 1};
	struct window window = window_of(100, 40, 0);
	struct ledger ledger;

	(void)state;
	account_add_window(&account, &window);
	ledger = ledger_of(&account, &ticks, 53);
	assert_int_equal(ledger_gap(&ledger), 7);
}

static void halted_cycles_are_idle_but_never_more_than_are_missing(void **state)
{
	struct account account = {0};
	struct tick_account ticks = {.expected = 100, .delivered = 100, .idle = 500, .cpus = 1};
	struct window window = window_of(30, 0, 0);
	struct ledger ledger;

	(void)state;
	account_add_window(&account, &window);
	ledger = ledger_of(&account, &ticks, 30);
	assert_int_equal(ledger.samples.idle, 70);
	assert_int_equal(ledger.samples.skipped, 0);
	assert_int_equal(ledger_gap(&ledger), 0);
}

static void user_space_losses_have_names(void **state)
{
	struct account account = {0};
	struct tick_account ticks = {.expected = 10, .delivered = 10, .cpus = 1};
	struct window window = window_of(10, 0, 0);
	struct ledger ledger;

	(void)state;
	window.stack_missing = 2;
	window.no_memory = 3;
	account_add_window(&account, &window);
	ledger = ledger_of(&account, &ticks, 5);
	assert_int_equal(ledger.samples.lost.len, 2);
	assert_string_equal(ledger.samples.lost.items[0].name, "stack missing");
	assert_string_equal(ledger.samples.lost.items[1].name, "no memory");
	assert_int_equal(ledger_gap(&ledger), 0);
}

static void own_cost_is_measured(void **state)
{
	struct ledger ledger = {0};

	(void)state;
	account_self(&ledger, 0);
	assert_true(ledger.self.cpu_ns > 0);
	assert_true(ledger.self.rss_bytes > 100000);
	account_self(&ledger, UINT64_MAX);
	assert_int_equal(ledger.self.rss_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_add_up),
		cmocka_unit_test(ticks_no_program_saw_are_skipped),
		cmocka_unit_test(ticks_the_kernel_withheld_are_lost),
		cmocka_unit_test(a_loss_without_a_name_is_a_gap),
		cmocka_unit_test(halted_cycles_are_idle_but_never_more_than_are_missing),
		cmocka_unit_test(user_space_losses_have_names),
		cmocka_unit_test(own_cost_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
