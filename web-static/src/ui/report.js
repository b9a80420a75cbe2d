// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** window.smolder: what the page shows, for scripts and tests. It can be read and not changed. */

/**
 * @param {import("./store.js").Store} store
 * @param {import("./actions.js").Actions} actions
 * @param {import("./stage.js").Stage} stage
 * @param {{firstFrame: number}} marks milliseconds since navigation
 */
export function publishState(store, actions, stage, marks) {
	const describe = (node) => {
		const { model } = store.state;
		const { name, module, file, line, kind, self, total, depth } =
			model.describeNode(node);
		return {
			node,
			name,
			module,
			file,
			line,
			kind,
			self,
			total,
			depth,
			box: stage.boxOf(node),
		};
	};
	const smolder = {
		get ready() {
			return stage.drawn > 0;
		},
		get state() {
			const {
				model,
				zoom,
				focus,
				search,
				pattern,
				patternError,
				step,
				layout,
				theme,
				panel,
			} = store.state;
			return {
				total: model?.total ?? 0,
				nodes: model ? model.trie.count - 1 : 0,
				zoom,
				focus,
				pattern,
				patternError,
				step,
				layout,
				theme,
				panel,
				matched: search?.matched ?? null,
				matches: search?.count ?? null,
			};
		},
		get timing() {
			return {
				...marks,
				drawMs: stage.lastDrawMs,
				searchMs: actions.lastSearchMs,
				drawn: stage.drawn,
			};
		},
		get meta() {
			return structuredClone(store.state.model?.meta ?? null);
		},
		describe,
		children(node) {
			const children = [];
			store.state.model.trie.forEachChild(
				node,
				(child) => void children.push(child),
			);
			return children;
		},
		top(key, limit) {
			const { model } = store.state;
			return model.totals.heaviest(key, limit).map((frame) => ({
				...model.describeFrame(frame),
				self: model.totals.self[frame],
				total: model.totals.total[frame],
			}));
		},
	};
	Object.defineProperty(window, "smolder", { value: Object.freeze(smolder) });
}
