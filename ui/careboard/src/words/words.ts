// SPDX-License-Identifier: EUPL-1.2
/** The catalogue of texts, and dates as people here write them. */
import { en } from "./en";
import { fr } from "./fr";
import { nl } from "./nl";

export const LANGUAGES = ["nl", "fr", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Words = typeof nl;

export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { nl: "Nederlands", fr: "Français", en: "English" };
const CATALOGUES: Readonly<Record<Language, Words>> = { nl, fr, en };
/** English as it is written in Belgium: the day before the month. */
const LOCALES: Readonly<Record<Language, string>> = { nl: "nl-BE", fr: "fr-BE", en: "en-GB" };

export function wordsOf(language: Language): Words {
	return CATALOGUES[language];
}

type Form = "full" | "short" | "month" | "weekday";

const FORMS: Readonly<Record<Form, Intl.DateTimeFormatOptions>> = {
	full: { weekday: "long", day: "numeric", month: "long" },
	short: { weekday: "short", day: "numeric", month: "short" },
	month: { month: "short" },
	weekday: { weekday: "short" },
};

/** To make one takes half a millisecond, and each drawing of the page needs some. */
const DATES = new Map<string, Intl.DateTimeFormat>();
const NUMBERS = new Map<Language, Intl.NumberFormat>();

function made<K, V>(had: Map<K, V>, key: K, make: () => V): V {
	let one = had.get(key);
	if (one === undefined) had.set(key, (one = make()));
	return one;
}

/** dateText() - of YYYY-MM-DD, a day on the school's wall and no instant. */
export function dateText(date: string, language: Language, form: Form = "full"): string {
	const ms = Date.parse(`${date}T00:00:00Z`);
	if (Number.isNaN(ms)) return date;
	return made(
		DATES,
		`${language} ${form}`,
		() => new Intl.DateTimeFormat(LOCALES[language], { ...FORMS[form], timeZone: "UTC" }),
	).format(ms);
}

export function numberText(n: number, language: Language): string {
	return made(NUMBERS, language, () => new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: 0 })).format(n);
}

/** ageText() - how long ago, in one unit. */
export function ageText(ms: number, w: Words): string {
	const s = Math.max(0, Math.floor(ms / 1000));
	if (s < 3) return w.justNow;
	if (s < 60) return w.seconds(s);
	return s < 3600 ? w.minutes(Math.floor(s / 60)) : w.hours(Math.floor(s / 3600));
}

/** An instant on the school's wall; a unit may say one that no calendar has. */
function wallText(ms: number, offsetMin: number): string {
	const wall = new Date(ms + offsetMin * 60000);
	return Number.isNaN(wall.getTime()) ? "" : wall.toISOString();
}

/** clockText() - HH:MM of an instant on the school's wall. */
export function clockText(ms: number, offsetMin: number): string {
	return wallText(ms, offsetMin).slice(11, 16) || "–";
}

/** dayOf() - YYYY-MM-DD of an instant on the school's wall. */
export function dayOf(ms: number, offsetMin: number): string {
	return wallText(ms, offsetMin).slice(0, 10);
}
