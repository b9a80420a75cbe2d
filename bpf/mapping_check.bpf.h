/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is an address space still what it was when its mappings were published? The kernel counts changes of each
 * (mm_lock_seq, a part of per-VMA locks), and a mapping that is made or changed takes the count of then
 * (vma_start_write(), include/linux/mmap_lock.h): one with a lower count than ours has not changed since.
 */
#ifndef SMOLDER_BPF_MAPPING_CHECK_BPF_H
#define SMOLDER_BPF_MAPPING_CHECK_BPF_H

/* include/linux/maple_tree.h, lib/maple_tree.c: what the pointer to a node has in its low bits. */
#define MAPLE_NODE_MASK 255ull
#define MAPLE_TYPE_SHIFT 3
#define MAPLE_TYPE_MASK 15

/* xa_is_internal(): what a tree holds of others has 0 here, its root 2. */
#define MAPLE_INTERNAL_MASK 3

#define MAPLE_PIVOTS_MAX 15 /* of the node types that trees of mappings have */
#define MAPLE_LEVELS_MAX 8  /* of at least five ways each */

struct mapping_search {
	__u64 address;
	__u64 entry; /* of the tree: a node, in the end the mapping */
	__u64 found;
	__u64 pivots[MAPLE_PIVOTS_MAX];
};

static __always_inline bool kernel_counts_changes(void)
{
	return bpf_core_field_exists(((struct vm_area_struct *)0)->vm_lock_seq) &&
	       bpf_core_type_exists(struct maple_arange_64);
}

static __always_inline __u32 changes_of(struct mm_struct *mm)
{
	struct mm_struct___int *old = (void *)mm;

	if (!kernel_counts_changes())
		return 0;
	if (bpf_core_field_exists(mm->mm_lock_seq.sequence))
		return mm->mm_lock_seq.sequence;
	if (bpf_core_field_exists(old->mm_lock_seq))
		return BPF_CORE_READ(old, mm_lock_seq);
	return 0;
}

static __always_inline struct smolder_space space_of(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	return (struct smolder_space){.changes = changes_of(mm), .code_pages = mm->exec_vm};
}

/* All ones when the range that ends at the pivot ends before the address, which is below 2^63. */
static __always_inline __u64 ends_before(__u64 pivot, __u64 address)
{
	return (__s64)((pivot - address) & ~pivot) >> 63;
}

static __always_inline bool is_leaf_of_tree(__u64 node)
{
	return (node >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK) <
	       bpf_core_enum_value(enum maple_type, maple_range_64);
}

/* Of a node of one type or the other. */
#define OF_NODE(wide, range, arange) ((wide) ? (arange) : (range))

/* From a node to the entry of the first of its ranges that does not end before the address (mtree_lookup_walk()). */
static __always_inline long go_down_tree(struct mapping_search *search)
{
	__u64 node = search->entry & ~MAPLE_NODE_MASK;
	bool wide = (search->entry >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK) ==
		    bpf_core_enum_value(enum maple_type, maple_arange_64);
	__u64 pivots_off = OF_NODE(wide, bpf_core_field_offset(struct maple_range_64, pivot),
				   bpf_core_field_offset(struct maple_arange_64, pivot));
	__u64 slots_off = OF_NODE(wide, bpf_core_field_offset(struct maple_range_64, slot),
				  bpf_core_field_offset(struct maple_arange_64, slot));
	__u64 pivots_len = OF_NODE(wide, bpf_core_field_size(struct maple_range_64, pivot),
				   bpf_core_field_size(struct maple_arange_64, pivot));
	__u64 slot = 0, passed = -1;

	if (bpf_probe_read_kernel(search->pivots, sizeof(search->pivots),
				  (void *)(node + pivots_off)))
		return -1;
#pragma unroll
	for (__u64 i = 0; i < MAPLE_PIVOTS_MAX; i++) {
		passed &= ends_before(search->pivots[i], search->address);
		passed &= (__s64)(i * sizeof(__u64) - pivots_len) >> 63;
		slot -= passed;
	}
	return bpf_probe_read_kernel(&search->entry, sizeof(search->entry),
				     (void *)(node + slots_off + slot * sizeof(__u64)));
}

/*
 * One level down the tree, in a bpf_loop(). In the end `found` says whether `entry` is the mapping at the address, or the
 * next one.
 */
static __always_inline long search_one_level(struct mapping_search *search)
{
	bool leaf = is_leaf_of_tree(search->entry);

	if (go_down_tree(search))
		return 1;
	search->found = leaf && search->entry && !(search->entry & MAPLE_INTERNAL_MASK);
	return leaf;
}

#endif
