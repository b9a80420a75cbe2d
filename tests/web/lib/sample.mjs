// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** A profile that looks like one of a busy host: made of names one meets, by a fixed seed. */
import { makeNode } from "./block.mjs";

const USER = 0;
const KERNEL = 1;
const INLINE = 2;
const JIT = 3;
const MARKER = 4;
const PROCESS = 5;
const USER_UNNAMED = 6;
const KERNEL_UNNAMED = 7;

/** Numbers from 0 to 1, the same each time (mulberry32). */
export function makeRandom(seed) {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let hash = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash;
		return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32;
	};
}

/* Each line: kind, module, names; a stack goes from line to line with some left out. */
const SYSCALL = [
	[KERNEL, "[kernel.kallsyms]", "entry_SYSCALL_64_after_hwframe"],
	[KERNEL, "[kernel.kallsyms]", "do_syscall_64"],
	[
		KERNEL,
		"[kernel.kallsyms]",
		"__x64_sys_recvmsg __x64_sys_write __x64_sys_futex __x64_sys_epoll_wait ksys_read",
	],
	[KERNEL, "[kernel.kallsyms]", "sock_recvmsg vfs_write do_futex ep_poll vfs_read"],
	[
		KERNEL,
		"[nf_conntrack]",
		"nf_conntrack_in ext4_file_write_iter tcp_recvmsg schedule_hrtimeout_range",
	],
	[
		KERNEL,
		"[kernel.kallsyms]",
		"tcp_v4_rcv copy_user_enhanced_fast_string _raw_spin_lock finish_task_switch",
	],
	[KERNEL_UNNAMED, "[zfs]", "[zfs]+0x4f21"],
];

const PROGRAMS = {
	postgres: [
		[USER, "postgres", "main"],
		[USER, "postgres", "PostmasterMain"],
		[USER, "postgres", "BackendStartup"],
		[USER, "postgres", "PostgresMain exec_simple_query"],
		[USER, "postgres", "PortalRun standard_ExecutorRun"],
		[USER, "postgres", "ExecProcNode ExecHashJoin ExecSeqScan ExecIndexScan"],
		[INLINE, "postgres", "ExecScanFetch heap_getnext"],
		[
			USER,
			"postgres",
			"ExecInterpExpr heap_hot_search_buffer hash_search_with_hash_value LWLockAcquire",
		],
		[USER, "libc.so.6", "__memcmp_avx2_movbe malloc _int_free __strcoll_l"],
	],
	nginx: [
		[USER, "nginx", "main ngx_master_process_cycle"],
		[USER, "nginx", "ngx_worker_process_cycle"],
		[USER, "nginx", "ngx_process_events_and_timers"],
		[USER, "nginx", "ngx_epoll_process_events"],
		[USER, "nginx", "ngx_http_wait_request_handler ngx_http_upstream_handler"],
		[USER, "nginx", "ngx_http_process_request_line ngx_http_core_run_phases"],
		[USER, "libssl.so.3", "SSL_read SSL_do_handshake ssl3_read_bytes"],
		[
			USER,
			"libcrypto.so.3",
			"EVP_DecryptUpdate aesni_gcm_decrypt sha256_block_data_order_avx2 ecp_nistz256_point_mul",
		],
		[USER_UNNAMED, "libcrypto.so.3", "libcrypto.so.3+0x1a3f40"],
	],
	node: [
		[USER, "node", "node::Start(int, char**)"],
		[USER, "node", "node::NodeMainInstance::Run()"],
		[USER, "node", "uv_run uv__io_poll"],
		[
			USER,
			"node",
			"v8::internal::Execution::Call(v8::internal::Isolate*, v8::internal::Handle<v8::internal::Object>)",
		],
		[JIT, "[jit]", "Builtins_JSEntryTrampoline Builtins_InterpreterEntryTrampoline"],
		[
			JIT,
			"[jit]",
			"*processTicksAndRejections *handleRequest *render *JSON.stringify *onread",
		],
		[JIT, "[jit]", "*renderToString *query *serialize *matchRoute *middleware"],
		[
			USER,
			"node",
			"v8::internal::Heap::Scavenge() v8::internal::String::Flatten() v8::internal::JsonStringifier::Serialize_()",
		],
	],
	rustc: [
		[USER, "rustc", "main"],
		[
			USER,
			"librustc_driver.so",
			"rustc_interface::passes::analysis rustc_codegen_ssa::base::codegen_crate",
		],
		[
			USER,
			"librustc_driver.so",
			"rustc_mir_transform::run_analysis_to_runtime_passes rustc_borrowck::do_mir_borrowck",
		],
		[
			INLINE,
			"librustc_driver.so",
			"core::iter::traits::iterator::Iterator::fold hashbrown::raw::RawTable<T,A>::find",
		],
		[
			USER,
			"librustc_driver.so",
			"rustc_middle::ty::context::TyCtxt::mk_type_list <alloc::vec::Vec<T> as Drop>::drop",
		],
		[
			USER,
			"libLLVM-17.so",
			"llvm::SelectionDAGISel::runOnMachineFunction(llvm::MachineFunction&) llvm::FPPassManager::runOnFunction(llvm::Function&)",
		],
		[
			USER,
			"libLLVM-17.so",
			"llvm::InstCombinerImpl::run() llvm::GVNPass::runImpl(llvm::Function&) llvm::BitstreamWriter::Emit(unsigned,unsigned)",
		],
		[USER, "libc.so.6", "malloc __memmove_avx_unaligned_erms"],
	],
};
const WEIGHTS = { postgres: 0.36, nginx: 0.22, node: 0.17, rustc: 0.21 };

/** @param {number} samples */
export function sampleTree(samples, seed = 7) {
	const random = makeRandom(seed);
	const root = makeNode(null);
	for (let i = 0; i < samples; i++) {
		const path = randomStack(random);
		let node = root;
		for (const frame of path) {
			const key = `${frame.kind} ${frame.module} ${frame.name}`;
			if (!node.children.has(key)) node.children.set(key, makeNode(frame));
			node = node.children.get(key);
		}
		node.self++;
	}
	return root;
}

function randomStack(random) {
	const comm = pickProgram(random());
	if (comm === null) return [process("swapper"), ...walk(SYSCALL.slice(3), random)];
	const incomplete =
		random() < 0.03
			? [{ name: "[incomplete: no unwind info]", kind: MARKER, module: "" }]
			: [];
	const user = walk(PROGRAMS[comm], random);
	return [
		process(comm),
		...incomplete,
		...user,
		...(random() < 0.45 ? walk(SYSCALL, random) : []),
	];
}

function pickProgram(point) {
	for (const [name, weight] of Object.entries(WEIGHTS)) {
		point -= weight;
		if (point < 0) return name;
	}
	return null;
}

function process(name) {
	return { name, kind: PROCESS, module: "" };
}

/* The further in, the likelier a stack ends; names of a line are unevenly likely. */
function walk(lines, random) {
	const path = [];
	for (const [kind, module, names] of lines) {
		if (path.length > 2 && random() < 0.12) break;
		const list = names.split(/ (?![^(<]*[)>]|as )/);
		const name = list[Math.floor(list.length * random() ** 2.2)];
		const file =
			kind === USER || kind === INLINE
				? `/usr/src/${module}/${name.slice(0, 6)}.c`
				: "";
		path.push({
			name,
			kind,
			module,
			file,
			line: file ? 1 + ((name.length * 37) % 900) : 0,
		});
	}
	return path;
}

export const SAMPLE_META = {
	title: "whole host",
	version: "0.1.0",
	event: "cpu-clock",
	frequency_hz: 99,
	period_ns: 10101010,
	time_unix_ms: 1700000000000,
	duration_ns: 30000000000,
	host: "db-7",
	command: "",
	value: { type: "samples", unit: "count" },
	ledger: {
		version: 1,
		event: "cpu-clock",
		frequency_hz: 99,
		duration_ns: 30000000000,
		cpus: 4,
		samples: {
			expected: 11880,
			recorded: 9000,
			idle: 2866,
			filtered: 0,
			skipped: 8,
			offline: 0,
			lost: { "stack map full": 4, "ring buffer full": 2 },
		},
		stacks: {
			user: 8600,
			user_complete: 8342,
			incomplete: { "no unwind info": 258 },
			kernel: 4103,
			distinct: 1821,
			rescued_collisions: 4,
		},
		frames: {
			distinct: 2100,
			named: 2088,
			unnamed: { "no symbol table": 9, "file gone": 3 },
		},
		self: {
			bpf_ns_per_sample: 1800,
			cpu_ns: 212000000,
			rss_bytes: 23000000,
			map_bytes: 30000000,
		},
	},
};
