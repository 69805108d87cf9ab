// SPDX-License-Identifier: EUPL-1.2
/**
 * What the Now view shows, in the order in which a person should call. Pure.
 *
 * The order: what this user has taken on; classes of which most are missing (one look into the room may end them all);
 * pupils who are surely absent and whom nobody has, longest expected first; unconfirmed ones, where a look into the class
 * comes before a call home; what colleagues have. Who is late has arrived: nobody needs to call, so they come apart.
 * Never by how often somebody was absent: it is a list of calls and no ranking.
 */
import type { State } from "./state";
import type { Alert, ClassCounts, Counts, Day, Gate, Half } from "./types";

export type Section = "mine" | "classes" | "absent" | "unconfirmed" | "others" | "late";

export interface Calls {
	readonly sections: readonly { readonly section: Section; readonly alerts: readonly Alert[] }[];
	/** How many wait for somebody. */
	readonly waiting: number;
}

const ORDER: readonly Section[] = ["mine", "classes", "absent", "unconfirmed", "others", "late"];

export function sectionOf(a: Alert, user: string): Section | null {
	if (a.kind !== "absent" && a.kind !== "late" && a.kind !== "class_missing") return null;
	if (a.kind === "late") return "late";
	if (a.acknowledged) return a.acknowledged.by === user ? "mine" : "others";
	if (a.kind === "class_missing") return "classes";
	return a.certain ? "absent" : "unconfirmed";
}

const collator = new Intl.Collator("nl", { sensitivity: "base", numeric: true });

export function classOf(a: Alert): string {
	return a.pupil?.class ?? a.class ?? "";
}

const READABLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

export function nameOf(a: Alert): string {
	const name = a.pupil?.name;
	// A row that nobody could read nor touch would be a pupil whom nobody calls.
	if (name !== undefined && READABLE.test(name)) return name;
	return a.pupil?.id ?? a.class ?? a.gate ?? a.id;
}

export function byCall(a: Alert, b: Alert): number {
	return (
		(a.expectedAt?.ms ?? a.raisedAt.ms) - (b.expectedAt?.ms ?? b.raisedAt.ms) ||
		collator.compare(classOf(a), classOf(b)) ||
		collator.compare(nameOf(a), nameOf(b)) ||
		(a.id < b.id ? -1 : 1)
	);
}

export function byClass(a: Alert, b: Alert): number {
	return collator.compare(classOf(a), classOf(b)) || byCall(a, b);
}

/** Who came last stands on top. */
function byArrival(a: Alert, b: Alert): number {
	return (b.arrivedAt?.ms ?? b.raisedAt.ms) - (a.arrivedAt?.ms ?? a.raisedAt.ms) || byCall(a, b);
}

export function callsOf(s: State, only: string | null = null): Calls {
	const found = new Map<Section, Alert[]>(ORDER.map((section) => [section, []]));
	for (const { value } of s.alerts.values()) {
		const section = sectionOf(value, s.user);
		if (section && (only === null || classOf(value) === only)) found.get(section)?.push(value);
	}
	const sections = ORDER.map((section) => ({
		section,
		alerts: (found.get(section) ?? []).sort(section === "late" ? byArrival : byCall),
	})).filter(({ alerts }) => alerts.length > 0);
	const waiting = (["classes", "absent", "unconfirmed"] as const).reduce(
		(n, section) => n + (found.get(section)?.length ?? 0),
		0,
	);
	return { sections, waiting };
}

/** The alerts of one kind that stand, oldest first. */
export function ofKind(s: State, kind: Alert["kind"]): readonly Alert[] {
	return [...s.alerts.values()]
		.map(({ value }) => value)
		.filter((a) => a.kind === kind)
		.sort((a, b) => a.raisedAt.ms - b.raisedAt.ms || (a.id < b.id ? -1 : 1));
}

export const NOTHING: Counts = {
	expected: 0,
	present: 0,
	late: 0,
	absent: 0,
	unconfirmed: 0,
	excused: 0,
	awaited: 0,
};

export function totalOf(classes: readonly ClassCounts[]): Counts {
	return classes.reduce<Counts>(
		(t, c) => ({
			expected: t.expected + c.expected,
			present: t.present + c.present,
			late: t.late + c.late,
			absent: t.absent + c.absent,
			unconfirmed: t.unconfirmed + c.unconfirmed,
			excused: t.excused + c.excused,
			awaited: t.awaited + c.awaited,
		}),
		NOTHING,
	);
}

/** From here on people speak of the afternoon, where there are lessons in it. */
const AFTERNOON = "12:30";

/** halfOf() - the half day to show first. @clock: HH:MM on the school's wall. */
export function halfOf(s: State, clock: string): Half {
	const expected = (half: Half) =>
		[...s.days.values()]
			.filter(({ value }) => value.half === half)
			.reduce((n, { value }) => n + totalOf(value.classes).expected, 0);
	if (expected("pm") === 0) return "am";
	return expected("am") === 0 || clock >= AFTERNOON ? "pm" : "am";
}

export function classesOf(day: Day | null): readonly ClassCounts[] {
	return [...(day?.classes ?? [])].sort((a, b) => collator.compare(a.class, b.class));
}

/** What is wrong at a gate, worst first; nothing where all is well. */
export type GateTrouble = "offline" | "reader" | "store" | "clock" | "screen" | "queue";

/** A queue so long doesn't empty by itself within a minute. */
const QUEUE_MANY = 50;

export function queueOf(g: Gate): number | null {
	return g.lastSeq === undefined || g.confirmedSeq === undefined ? null : Math.max(0, g.lastSeq - g.confirmedSeq);
}

export function troublesOf(g: Gate): readonly GateTrouble[] {
	const found: GateTrouble[] = [];
	if (g.state !== "online") found.push("offline");
	if (g.reader === "fault") found.push("reader");
	if (g.store === "full" || g.store === "failing") found.push("store");
	if (g.clock === "unknown" || g.clock === "regressed") found.push("clock");
	if (g.screen === "absent") found.push("screen");
	if ((queueOf(g) ?? 0) >= QUEUE_MANY) found.push("queue");
	return found;
}

export function gatesOf(s: State): readonly Gate[] {
	return [...s.gates.values()]
		.map(({ value }) => value)
		.sort((a, b) => troublesOf(b).length - troublesOf(a).length || collator.compare(a.gate, b.gate));
}
