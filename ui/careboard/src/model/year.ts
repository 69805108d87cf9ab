// SPDX-License-Identifier: EUPL-1.2
/** A pupil's school year as a grid of weeks and half days, and in numbers. Pure. */
import type { Alert, HalfDay, Line, Time } from "./types";

const DAY_MS = 86400000;

/** schoolYearOf() - of YYYY-MM-DD: the calendar year in which its school year began. */
export function schoolYearOf(date: string): number {
	const year = Number(date.slice(0, 4));
	return date.slice(5, 7) >= "09" ? year : year - 1;
}

function dayMs(date: string): number {
	return Date.parse(`${date}T00:00:00Z`);
}

/** 0 is Monday. */
function weekday(ms: number): number {
	return (new Date(ms).getUTCDay() + 6) % 7;
}

export interface Cell {
	/** From the week of 1 September. */
	readonly week: number;
	/** 0 is Monday morning, 9 Friday afternoon. */
	readonly row: number;
	readonly half: HalfDay;
}

export interface YearGrid {
	readonly weeks: number;
	/** In which week each month begins. */
	readonly months: readonly { readonly week: number; readonly date: string }[];
	readonly cells: readonly Cell[];
}

/** gridOf() - up to the end of June, or later where there is a half day. Saturdays have no row. */
export function gridOf(year: number, halfDays: readonly HalfDay[]): YearGrid {
	const first = dayMs(`${year}-09-01`);
	const monday = first - weekday(first) * DAY_MS;
	const weekOf = (ms: number) => Math.floor((ms - monday) / (7 * DAY_MS));
	const cells = halfDays.flatMap((half): Cell[] => {
		const ms = dayMs(half.date);
		const day = weekday(ms);
		if (Number.isNaN(ms) || ms < first || day > 4) return [];
		return [{ week: weekOf(ms), row: day * 2 + (half.half === "pm" ? 1 : 0), half }];
	});
	const months = [9, 10, 11, 12, 1, 2, 3, 4, 5, 6].map((m) => {
		const date = `${m >= 9 ? year : year + 1}-${String(m).padStart(2, "0")}-01`;
		return { week: weekOf(dayMs(date)), date };
	});
	const june = weekOf(dayMs(`${year + 1}-06-30`));
	return { weeks: Math.max(june, ...cells.map((c) => c.week)) + 1, months, cells };
}

export interface YearSum {
	readonly present: number;
	readonly late: number;
	readonly lateMinutes: number;
	readonly absent: number;
	readonly excused: number;
}

export function sumOf(halfDays: readonly HalfDay[]): YearSum {
	const of = (mark: HalfDay["mark"]) => halfDays.filter((h) => h.mark === mark);
	return {
		present: of("|").length,
		late: of("L").length,
		lateMinutes: of("L").reduce((n, h) => n + (h.minutesLate ?? 0), 0),
		absent: of("-").length,
		excused: of("x").length,
	};
}

export type Happening =
	| { readonly at: Time; readonly type: "alert"; readonly alert: Alert }
	| { readonly at: Time; readonly type: "line"; readonly line: Line };

/** Who looked at a pupil is in the journal; it is no contact with anybody. */
const LOOKS = ["pupil", "pupil show", "history", "pupils"];

/** Alerts as they were raised, and what people did: in order of time, newest first. */
export function happeningsOf(alerts: readonly Alert[], journal: readonly Line[]): readonly Happening[] {
	const raised = alerts.map((alert): Happening => ({ at: alert.raisedAt, type: "alert", alert }));
	const done = journal
		.filter((line) => !LOOKS.includes(line.did))
		.map((line): Happening => ({ at: line.at, type: "line", line }));
	return [...raised, ...done].sort((a, b) => b.at.ms - a.at.ms);
}
