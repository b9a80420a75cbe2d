// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Light or dark: as the system says, until the reader says otherwise. */
const STORAGE_KEY = "smolder-theme";

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light"|"dark"} */
export function firstTheme() {
	return savedTheme() ?? systemTheme();
}

/** @param {import("./store.js").Store} store */
export function followTheme(store) {
	const apply = ({ theme }) => {
		document.documentElement.dataset.theme = theme;
		saveTheme(theme === systemTheme() ? null : theme);
	};
	store.on(["theme"], apply);
	document.documentElement.dataset.theme = store.state.theme;
	systemIsDark.addEventListener("change", () => {
		if (savedTheme() === null) store.set({ theme: systemTheme() });
	});
}

function systemTheme() {
	return systemIsDark.matches ? "dark" : "light";
}

/* Storage may be denied to a page opened from a file. */
function savedTheme() {
	try {
		const saved = localStorage.getItem(STORAGE_KEY);
		return saved === "light" || saved === "dark" ? saved : null;
	} catch {
		return null;
	}
}

function saveTheme(theme) {
	try {
		if (theme === null) localStorage.removeItem(STORAGE_KEY);
		else localStorage.setItem(STORAGE_KEY, theme);
	} catch {
		/* The choice lasts as long as the page. */
	}
}
