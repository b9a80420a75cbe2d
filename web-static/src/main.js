// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Puts the rooms together: a file or the data of this page, through the model, to the screen. */
import { FormatError } from "./data/error.js";
import { openEmbedded, openFile } from "./data/open.js";
import { safeText } from "./text/safe.js";
import { Actions } from "./ui/actions.js";
import { showBreadcrumb } from "./ui/breadcrumb.js";
import { byId } from "./ui/dom.js";
import { followFiles } from "./ui/files.js";
import { makeHelp } from "./ui/help.js";
import { followKeyboard, listShortcuts } from "./ui/keyboard.js";
import { followLocation } from "./ui/location.js";
import { showMirror } from "./ui/mirror.js";
import { showPanels } from "./ui/panels.js";
import { publishState } from "./ui/report.js";
import { showSearchBox } from "./ui/search_box.js";
import { Stage } from "./ui/stage.js";
import { showStatusBar } from "./ui/status_bar.js";
import { Store } from "./ui/store.js";
import { firstTheme, followTheme } from "./ui/theme.js";
import { followPointer } from "./ui/tooltip.js";

const store = new Store({
	model: null,
	zoom: 0,
	focus: 0,
	pattern: "",
	patternError: "",
	search: null,
	step: -1,
	layout: "icicle",
	theme: firstTheme(),
	panel: "",
});
const actions = new Actions(store);
const stage = new Stage(store);
const marks = { firstFrame: 0 };

followTheme(store);
showStatusBar(store, actions);
showSearchBox(store, actions);
showBreadcrumb(store, actions);
showPanels(store, actions);
showMirror(store, actions);
followPointer(store, actions, stage);
followLocation(store, actions);
publishState(store, actions, stage, marks);

const openFileDialog = followFiles((file) =>
	show(`“${safeText(file.name, 80)}”`, async () => {
		byId("busy").hidden = false;
		await nextFrame();
		return openFile(new Uint8Array(await file.arrayBuffer()));
	}),
);
const currentShortcuts = () =>
	listShortcuts(store, actions, { openFile: openFileDialog, toggleHelp });
const toggleHelp = makeHelp(store, currentShortcuts);
followKeyboard(currentShortcuts());
byId("help").addEventListener("click", toggleHelp);
byId("layout").addEventListener("click", () => actions.toggleLayout());
byId("theme").addEventListener("click", () => actions.toggleTheme());
byId("dismiss").addEventListener("click", () => fail(""));
store.on(["layout"], ({ layout }) =>
	byId("layout").setAttribute("aria-pressed", String(layout === "flame")),
);

/* The first frame is on its way to the screen when the next one begins. */
stage.onFirstDraw = () =>
	requestAnimationFrame(() => {
		marks.firstFrame = performance.now();
	});

/** @param {string} source for messages @param {() => Promise<object>} open */
async function show(source, open) {
	fail("");
	try {
		actions.show(await open());
		byId("welcome").hidden = true;
	} catch (error) {
		const reason =
			error instanceof FormatError
				? error.message
				: `unexpected: ${error.message}`;
		fail(`Cannot show ${source}: ${safeText(reason)}`);
		byId("welcome").hidden = store.state.model !== null;
	} finally {
		byId("busy").hidden = true;
	}
}

/* Until what was just shown has been painted. */
function nextFrame() {
	return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

function fail(text) {
	byId("failure-text").textContent = text;
	byId("failure").hidden = text === "";
}

const embedded = byId("smolder-data").textContent.trim();
if (embedded === "") byId("welcome").hidden = false;
else show("the profile in this page", () => openEmbedded(embedded));
