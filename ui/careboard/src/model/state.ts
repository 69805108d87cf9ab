// SPDX-License-Identifier: EUPL-1.2
/**
 * What the page holds, and reduce(): what an event makes of it. Pure; the time comes with the call.
 *
 * Alerts, half days and units are what the retained topics say and nothing else, so a reload or a second tab shows the
 * same. After a connection was lost the broker says again what stands; what it doesn't say any more by the end of that
 * (`settled`) is over, since an emptied topic has no message left to tell so.
 */
import { decode, readAlert, readDay, readGate, readRegister } from "./decode";
import type { Alert, Day, Gate, Register, Time } from "./types";

export type LinkStatus = "signed_out" | "connecting" | "refused" | "unreachable" | "online" | "lost";

export interface Link {
	readonly status: LinkStatus;
	readonly sinceMs: number;
	/** The broker has told everything that stands. */
	readonly settled: boolean;
	/** When the last word came of what is shown, as long as no later connection has told what stands; null: it is live. */
	readonly oldMs: number | null;
}

export interface Known<T> {
	readonly value: T;
	/** Of which connection of this page. */
	readonly round: number;
}

export interface State {
	readonly link: Link;
	readonly user: string;
	/** Out of the topics: a user reads one school's alone. */
	readonly school: string | null;
	/** Whether the broker takes this user's commands: IT's it doesn't. Null: not known yet. */
	readonly care: boolean | null;
	readonly round: number;
	readonly alerts: ReadonlyMap<string, Known<Alert>>;
	readonly days: ReadonlyMap<string, Known<Day>>;
	readonly gates: ReadonlyMap<string, Known<Gate>>;
	readonly register: Register | null;
	/** Those that came open while the page was looking: newest last, for notification and sound. */
	readonly fresh: readonly string[];
	readonly lastMessageMs: number | null;
	/** The school's clock less this machine's: it differs where one of them is wrong, and in a rehearsal. */
	readonly aheadMs: number;
	/** A unit has told the time while we listened, or one that was retained a moment ago says the same as this machine. */
	readonly clockKnown: boolean;
	readonly offsetMin: number;
	readonly dropped: number;
}

export type Event =
	| { readonly type: "sign_in"; readonly user: string }
	| { readonly type: "sign_out" }
	| { readonly type: "link"; readonly status: LinkStatus }
	| { readonly type: "settled" }
	| { readonly type: "right"; readonly care: boolean }
	| { readonly type: "message"; readonly topic: string; readonly payload: Uint8Array; readonly retained: boolean };

const ALERTS_MAX = 5000;
const UNITS_MAX = 200;
const DAYS_MAX = 40;
const FRESH_MAX = 500;
/** Less than this is a message on its way. */
const AHEAD_MIN_MS = 5000;
/** Units speak every 20 s: what was retained is about so old at most, or says nothing of now. */
const RETAINED_MAX_MS = 120000;

export const SIGNED_OUT: State = {
	link: { status: "signed_out", sinceMs: 0, settled: false, oldMs: null },
	user: "",
	school: null,
	care: null,
	round: 0,
	alerts: new Map(),
	days: new Map(),
	gates: new Map(),
	register: null,
	fresh: [],
	lastMessageMs: null,
	aheadMs: 0,
	clockKnown: false,
	offsetMin: 0,
	dropped: 0,
};

function put<T>(map: ReadonlyMap<string, Known<T>>, key: string, value: T, round: number, max: number) {
	if (!map.has(key) && map.size >= max) return null;
	return new Map(map).set(key, { value, round });
}

function without<T>(map: ReadonlyMap<string, Known<T>>, key: string) {
	if (!map.has(key)) return map;
	const left = new Map(map);
	left.delete(key);
	return left;
}

/** Only what this connection has told. */
function ofRound<T>(map: ReadonlyMap<string, Known<T>>, round: number) {
	return new Map([...map].filter(([, known]) => known.round === round));
}

export function isOver(alert: Alert): boolean {
	return alert.state === "resolved" || alert.state === "retracted";
}

function takeAlert(s: State, id: string, payload: Uint8Array, retained: boolean): State | null {
	if (payload.length === 0) return { ...s, alerts: without(s.alerts, id) };
	const alert = decode(readAlert, payload);
	if (!alert || alert.id !== id) return null;
	const had = s.alerts.get(id)?.value;
	if (isOver(alert)) return { ...s, alerts: without(s.alerts, id) };
	const alerts = put(s.alerts, id, alert, s.round, ALERTS_MAX);
	if (!alerts) return null;
	const isNew = !retained && alert.state === "open" && had?.state !== "open";
	return { ...s, alerts, fresh: isNew ? [...s.fresh.slice(1 - FRESH_MAX), id] : s.fresh };
}

function takeDay(s: State, key: string, payload: Uint8Array): State | null {
	if (payload.length === 0) return { ...s, days: without(s.days, key) };
	const day = decode(readDay, payload);
	if (!day || `${day.date}/${day.half}` !== key) return null;
	const days = put(s.days, key, day, s.round, DAYS_MAX);
	return days && { ...s, days };
}

function takeGate(s: State, name: string, payload: Uint8Array): State | null {
	if (payload.length === 0) return { ...s, gates: without(s.gates, name) };
	const gate = decode(readGate, payload);
	if (!gate || gate.gate !== name) return null;
	const gates = put(s.gates, name, gate, s.round, UNITS_MAX);
	return gates && { ...s, gates };
}

function takeRegister(s: State, payload: Uint8Array): State | null {
	if (payload.length === 0) return { ...s, register: null };
	const register = decode(readRegister, payload);
	return register && { ...s, register };
}

function take(s: State, under: string, payload: Uint8Array, retained: boolean): State | null {
	const [a = "", b = "", c = "", d = "", more] = under.split("/");
	if (a === "care" && b === "alert" && c && !d) return takeAlert(s, c, payload, retained);
	if (a === "care" && b === "day" && d && more === undefined) return takeDay(s, `${c}/${d}`, payload);
	if (a === "gate" && c === "state" && !d) return takeGate(s, b, payload);
	if (under === "register/state") return takeRegister(s, payload);
	return null;
}

/** What time a unit says that it is; null where it doesn't know. A will was written when the unit connected. */
function clockOf(unit: Gate | Register | null | undefined): Time | null {
	if (!unit?.at || unit.state === "offline") return null;
	if ("clock" in unit && unit.clock !== "trusted" && unit.clock !== "holdover") return null;
	return unit.at;
}

/** The school's clock, heard live from one of its units: what was retained is older by nobody knows how much. */
function hear(s: State, at: Time | null, live: boolean, now: number): State {
	if (!at) return s;
	const ahead = at.ms - now;
	if (live) return { ...s, clockKnown: true, aheadMs: Math.abs(ahead) < AHEAD_MIN_MS ? 0 : ahead, offsetMin: at.offsetMin };
	return { ...s, clockKnown: s.clockKnown || Math.abs(ahead) < RETAINED_MAX_MS, offsetMin: s.offsetMin || at.offsetMin };
}

const TOPIC = /^schoolpoort\/([a-z0-9-]{1,32})\/(.{1,300})$/;

function message(s: State, topic: string, payload: Uint8Array, retained: boolean, now: number): State {
	const part = TOPIC.exec(topic);
	const school = part?.[1];
	const under = part?.[2];
	if (school === undefined || under === undefined || (s.school !== null && s.school !== school))
		return { ...s, dropped: s.dropped + 1 };
	const next = take(s, under, payload, retained);
	if (!next) return { ...s, school, dropped: s.dropped + 1 };
	const isRegister = under === "register/state";
	const unit = isRegister ? next.register : under.startsWith("gate/") ? next.gates.get(under.split("/")[1] ?? "")?.value : null;
	// One box that is wrong is not the school's time: where the register is there, a gate's is a guess until its word comes.
	const guess = !isRegister && clockOf(next.register) !== null;
	const heard = guess && s.clockKnown ? next : hear(next, clockOf(unit), !retained, now);
	return { ...heard, clockKnown: guess ? s.clockKnown : heard.clockKnown, school, lastMessageMs: now };
}

function link(s: State, status: LinkStatus, now: number): State {
	if (s.link.status === status) return s;
	// Lost for good or again: it is as old as the first loss says.
	const sinceMs = s.link.status === "lost" && status === "connecting" ? s.link.sinceMs : now;
	const round = status === "online" ? s.round + 1 : s.round;
	// A connection that says nothing has made nothing newer.
	const oldMs = s.link.settled ? (s.lastMessageMs ?? now) : s.link.oldMs;
	return { ...s, round, link: { status, sinceMs, settled: false, oldMs } };
}

function settled(s: State): State {
	return {
		...s,
		alerts: ofRound(s.alerts, s.round),
		days: ofRound(s.days, s.round),
		gates: ofRound(s.gates, s.round),
		link: { ...s.link, settled: true, oldMs: null },
	};
}

/** reduce() - the state after this event, at this time (milliseconds since 1970 on this machine's clock). */
export function reduce(s: State, e: Event, now: number): State {
	switch (e.type) {
		case "sign_in":
			return { ...SIGNED_OUT, user: e.user, link: { status: "connecting", sinceMs: now, settled: false, oldMs: null } };
		case "sign_out":
			return SIGNED_OUT;
		case "link":
			return link(s, e.status, now);
		case "settled":
			return settled(s);
		case "right":
			return s.care === e.care ? s : { ...s, care: e.care };
		case "message":
			return message(s, e.topic, e.payload, e.retained, now);
		default: {
			const never: never = e;
			return never;
		}
	}
}

/** What is shown is old, or nothing can be asked: no connection, or one that hasn't told yet what stands. */
export function isAway(s: State): boolean {
	return s.link.status !== "online" || s.link.oldMs !== null;
}

/** todayOf() - YYYY-MM-DD at the school, or null where no unit has said so: this machine's day may be another. */
export function todayOf(s: State, now: number): string | null {
	return s.clockKnown ? new Date(schoolMs(s, now) + s.offsetMin * 60000).toISOString().slice(0, 10) : null;
}

/** Now on the school's wall. */
export function schoolMs(s: State, now: number): number {
	return now + s.aheadMs;
}
