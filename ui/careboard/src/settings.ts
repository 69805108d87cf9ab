// SPDX-License-Identifier: EUPL-1.2
/** What this browser keeps of its user's taste: no pupil, no password. */
import { LANGUAGES, type Language } from "./words/words";

export interface Settings {
	readonly language: Language;
	readonly sound: boolean;
	readonly notify: boolean;
}

/** Of one thing: what is asked of the browser meanwhile may change another. */
export type ChangeSettings = (change: Partial<Settings>) => void;

const KEY = "schoolpoort-settings";

function fromBrowser(): Language {
	for (const tag of navigator.languages) {
		const language = LANGUAGES.find((l) => tag.toLowerCase().startsWith(l));
		if (language) return language;
	}
	return "nl";
}

export function loadSettings(): Settings {
	let kept: Partial<Record<keyof Settings, unknown>> = {};
	try {
		const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
		if (typeof value === "object" && value !== null) kept = value;
	} catch {
		// Kept by hand, or not at all.
	}
	return {
		language: LANGUAGES.find((l) => l === kept.language) ?? fromBrowser(),
		sound: kept.sound === true,
		notify: kept.notify === true,
	};
}

export function saveSettings(settings: Settings) {
	try {
		localStorage.setItem(KEY, JSON.stringify(settings));
	} catch {
		// Storage is switched off: it counts until the page is closed.
	}
}
