// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder report: the top functions and the call tree as text. */
#include "base/parse.h"
#include "base/plain.h"
#include "formats/callnames.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/cli/selection.h"
#include "profiler/cli/summary.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_TOP 20
#define DEFAULT_MIN_PERCENT 1
#define INDENT_MAX 60

struct report {
	struct selection selection;
	uint32_t top;
	uint32_t min_percent;
	bool no_tree;
};

struct tree_printer {
	const struct callnames *names;
	int64_t min_total;
	uint32_t hidden_depth; /* below a node too small to show: its depth, else UINT32_MAX */
};

static int apply_top(void *ctx, const struct option_spec *spec, const char *value)
{
	struct report *report = ctx;

	(void)spec;
	if (parse_u32(value, &report->top) < 0)
		return options_error(report->selection.verb, "'%s' is not a number of functions",
				     value);
	return 0;
}

static int apply_min_percent(void *ctx, const struct option_spec *spec, const char *value)
{
	struct report *report = ctx;

	(void)spec;
	if (parse_u32(value, &report->min_percent) < 0 || report->min_percent > 100)
		return options_error(report->selection.verb, "'%s' is not a number from 0 to 100",
				     value);
	return 0;
}

static int apply_no_tree(void *ctx, const struct option_spec *spec, const char *value)
{
	struct report *report = ctx;

	(void)spec, (void)value;
	report->no_tree = true;
	return 0;
}

static const struct option_spec specs[] = {
	{'n', "top", true, apply_top, 0},
	{0, "min-percent", true, apply_min_percent, 0},
	{0, "no-tree", false, apply_no_tree, 0},
	SELECTION_SPECS,
	{0},
};

static const char help[] =
	"  -n, --top N                functions to list (default 20)\n"
	"      --min-percent P        leave branches below P % of all out of the tree (default 1)\n"
	"      --no-tree              only the list\n" SELECTION_HELP "\n"
	"Reads stores, folded text (plain, gzip or zstd) and pprof (gzip or plain); \"-\" is "
	"standard "
	"input.\n";

static double percent(const struct calltree *tree, int64_t part)
{
	int64_t whole = tree->nodes.items[0].total;

	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* Deep recursion must not push the names off the screen. */
static int print_node(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	struct tree_printer *printer = ctx;
	const struct calltree_node *item = &tree->nodes.items[node];
	const struct callname *name = &printer->names->names.items[item->key];
	_cleanup_free_ char *text = NULL;

	if (depth > printer->hidden_depth)
		return 0;
	printer->hidden_depth = UINT32_MAX;
	if (item->total < printer->min_total) {
		printer->hidden_depth = depth;
		return 0;
	}
	text = strdup(callname_text(printer->names, name->name));
	if (!text)
		return -ENOMEM;
	printf("%6.2f%% %6.2f%%  %*s%s%s\n", percent(tree, item->self), percent(tree, item->total),
	       (int)MIN(depth, (uint32_t)INDENT_MAX), "", depth > INDENT_MAX ? "…" : "",
	       plain_text(text));
	return 0;
}

/* Largest first; ties in the order of the names' ids, which the profile decides. */
static int by_falling_total(const void *a, const void *b, void *ctx)
{
	const struct calltree_node *nodes = ((const struct calltree *)ctx)->nodes.items;
	const struct calltree_node *left = &nodes[*(const uint32_t *)a];
	const struct calltree_node *right = &nodes[*(const uint32_t *)b];

	if (left->total != right->total)
		return left->total < right->total ? 1 : -1;
	return left->key < right->key ? -1 : left->key > right->key;
}

static int print_tree(const struct report *report, const struct profile *profile, struct err *err)
{
	_cleanup_callnames_ struct callnames names = {0};
	_cleanup_calltree_ struct calltree tree = {0};
	struct tree_printer printer = {.names = &names, .hidden_depth = UINT32_MAX};
	struct calltree_visitor visitor = {.enter = print_node, .ctx = &printer};
	struct calltree_options options = {
		.profile = profile,
		.value_type = summary_value_type(profile),
	};
	int r = callnames_init(profile, CALLNAMES_FUNCTIONS, &names);

	options.frame_keys = names.frames;
	options.root_keys = names.roots;
	if (r == 0)
		r = calltree_build(&options, &tree);
	if (r < 0)
		return err_errno(err, r, "cannot build the call tree");
	calltree_sort(&tree, by_falling_total, &tree);
	printer.min_total = (tree.nodes.items[0].total * report->min_percent + 99) / 100;
	printf("\n%7s %7s  call tree\n", "self", "total");
	r = calltree_walk(&tree, &visitor);
	return r < 0 ? err_errno(err, r, "cannot print the call tree") : 0;
}

static int report_file(const struct report *report, const char *path, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r = selection_read(&report->selection, path, &profile, err);

	if (r < 0)
		return r;
	summary_print_origin(profile);
	putchar('\n');
	r = summary_print_hottest(profile, report->top, err);
	if (r == 0 && !report->no_tree)
		r = print_tree(report, profile, err);
	if (r == 0 && profile->ledger.event[0])
		summary_tell_ledger(&profile->ledger);
	return r;
}

static int run_report(const struct verb *verb, int argc, char **argv)
{
	struct report report = {
		.selection.verb = verb,
		.top = DEFAULT_TOP,
		.min_percent = DEFAULT_MIN_PERCENT,
	};
	int operands = options_parse(verb, specs, &report, argv);
	struct err err;

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (argc - operands != 1)
		return options_error(verb, argc == operands ? "no file" : "more than one file"),
		       EXIT_USAGE;
	if (selection_check(&report.selection) < 0)
		return EXIT_USAGE;
	if (report_file(&report, argv[operands], &err) == 0)
		return EXIT_DONE;
	msg_error("%s", err.text);
	return EXIT_FAILED;
}

const struct verb verb_report = {
	.name = "report",
	.arguments = "FILE|STORE [OPTIONS]",
	.summary = "Print the top functions and the call tree",
	.help = help,
	.run = run_report,
};
