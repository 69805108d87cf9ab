// SPDX-License-Identifier: EUPL-1.2
/** Finding a pupil by a few letters, with or without accents. Pure. */
import type { Pupil } from "./types";

const FOUND_MAX = 30;
/** Letters that no decomposition takes apart. */
const APART: Readonly<Record<string, string>> = {
	ø: "o",
	ł: "l",
	đ: "d",
	ð: "d",
	þ: "th",
	ß: "ss",
	æ: "ae",
	œ: "oe",
	ı: "i",
	ħ: "h",
	ə: "e",
};

const APOSTROPHE = /['’ʼ`´]/g;

/** fold() - as letters are compared: without case, accents and apostrophes, words apart by one space. */
export function fold(text: string): string {
	return text
		.normalize("NFKD")
		.toLowerCase()
		.replace(/\p{M}/gu, "")
		.replace(/[øłđðþßæœıħə]/g, (c) => APART[c] ?? c)
		.replace(APOSTROPHE, "")
		.replace(/[^\p{L}\p{N}]+/gu, " ")
		.trim();
}

export interface Row {
	readonly pupil: Pupil;
	/** Folded: "first last class id". */
	readonly words: readonly string[];
	readonly joined: string;
}

export function rowOf(pupil: Pupil): Row {
	const text = [pupil.firstName, pupil.lastName, pupil.class, pupil.id].filter(Boolean).join(" ");
	const joined = fold(text);
	// D'Hooghe is found as dhooghe and as hooghe.
	const apart = fold(text.replace(APOSTROPHE, " "));
	return { pupil, joined, words: [...new Set(`${joined} ${apart}`.split(" "))] };
}

export function fullName(p: Pupil): string {
	return [p.firstName, p.lastName].filter(Boolean).join(" ") || p.id;
}

/** Every word that was typed begins a word of the pupil's; who is still here comes before who left. */
export function find(rows: readonly Row[], typed: string, max = FOUND_MAX): readonly Pupil[] {
	const wanted = fold(typed).split(" ").filter(Boolean);
	if (wanted.length === 0) return [];
	return rows
		.filter((row) => wanted.every((w) => row.words.some((word) => word.startsWith(w)) || hasId(row, w)))
		.sort((a, b) => Number(a.pupil.left) - Number(b.pupil.left) || (a.joined < b.joined ? -1 : 1))
		.slice(0, max)
		.map((row) => row.pupil);
}

/** Ten digits with leading zeros that nobody types. */
function hasId(row: Row, typed: string): boolean {
	return /^\d{3,10}$/.test(typed) && row.pupil.id.replace(/^0+/, "").startsWith(typed.replace(/^0+/, ""));
}
