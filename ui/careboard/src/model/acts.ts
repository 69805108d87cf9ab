// SPDX-License-Identifier: EUPL-1.2
/**
 * What this user does: what is asked of the register for it, what became of it, how it is taken back. Pure.
 *
 * Nothing is shown as done before the register says so. A request keeps its id however often it is sent, and the register
 * does it once; with if_revision it does nothing where a colleague was quicker, and says what that one did.
 */
import type { Alert, Reply } from "./types";

export type Verb =
	| "acknowledge"
	| "release"
	| "reached"
	| "not_reached"
	| "was_present"
	| "excused"
	| "other"
	| "link_card"
	| "day_card"
	| "block_card"
	| "undo";

export type Body = Readonly<Record<string, string | number>>;

export type AskStatus = "sent" | "done" | "refused" | "silent";

export interface Ask {
	readonly request: string;
	readonly body: Body;
	readonly status: AskStatus;
	readonly reply?: Reply;
}

export interface Act {
	readonly id: string;
	readonly verb: Verb;
	/** Of whom it is: names, for the line that tells of it. */
	readonly about: readonly string[];
	readonly asks: readonly Ask[];
	readonly atMs: number;
	/** undo: the act that it takes back. */
	readonly of?: string;
	readonly undone: boolean;
}

export type ActEvent =
	| { readonly type: "act"; readonly act: Act }
	| { readonly type: "reply"; readonly reply: Reply }
	| { readonly type: "silent"; readonly request: string }
	| { readonly type: "again"; readonly request: string }
	| { readonly type: "dismiss"; readonly id: string }
	| { readonly type: "clear" };

/** As long as an act can be taken back here. */
export const UNDO_MS = 60000;
/** As long as an answer may take before the page says that none came. */
export const ANSWER_MS = 15000;
const ACTS_MAX = 40;

const ENDINGS: readonly Verb[] = ["reached", "not_reached", "was_present", "excused", "other"];

/** bodyOf() - what is asked for a verb about an alert. */
export function bodyOf(verb: Verb, alert: Alert, note: string): Body {
	const about = { alert: alert.id, if_revision: alert.revision, ...(note ? { note } : {}) };
	return ENDINGS.includes(verb)
		? { command: "resolve", what: verb, ...about }
		: { command: verb, ...about };
}

/** undoOf() - what takes these asks back: of each that was done, with the revision that it had made. */
export function undoOf(act: Act): readonly Body[] {
	const done = act.asks.filter((ask) => ask.status === "done");
	return done.flatMap(({ body, reply }): Body[] => {
		const revision: Body = reply?.revision === undefined ? {} : { if_revision: reply.revision };
		const alert: Body = body["alert"] === undefined ? {} : { alert: body["alert"] };
		switch (body["command"]) {
			case "acknowledge":
				return [{ command: "release", ...alert, ...revision }];
			case "resolve":
				return [{ command: "reopen", ...alert, ...revision }];
			case "mark_present":
			case "mark_excused": {
				const { pupil = "", date = "", half = "" } = body;
				return [{ command: "reopen", pupil, date, half }];
			}
			case "link_card":
			case "day_card":
				return (reply?.cards ?? []).map((c) => ({
					command: "unlink_card",
					card: c.card,
					...(body["pupil"] === undefined ? {} : { pupil: body["pupil"] }),
				}));
			case "block_card":
				return (reply?.cards ?? []).map((c) => ({ command: "unblock_card", card: c.card }));
			default:
				return [];
		}
	});
}

export function isPending(act: Act): boolean {
	return act.asks.some((ask) => ask.status === "sent");
}

/** Asked once: its answer is awaited, or was a yes at least in part. One that was not stored may be asked again. */
function isTakenBack(act: Act, acts: readonly Act[]): boolean {
	return act.undone || acts.some((by) => by.of === act.id && by.asks.some((ask) => ask.status !== "refused"));
}

export function mayUndo(act: Act, acts: readonly Act[], now: number): boolean {
	if (act.verb === "undo" || isPending(act) || isTakenBack(act, acts)) return false;
	return now < act.atMs + UNDO_MS && undoOf(act).length > 0;
}

function answer(acts: readonly Act[], request: string, change: (ask: Ask) => Ask): readonly Act[] {
	const hit = acts.find((act) => act.asks.some((ask) => ask.request === request));
	if (!hit) return acts;
	const next = { ...hit, asks: hit.asks.map((ask) => (ask.request === request ? change(ask) : ask)) };
	const took = hit.verb === "undo" && next.asks.every((ask) => ask.status === "done");
	return acts.map((act) => (act.id === hit.id ? next : took && act.id === hit.of ? { ...act, undone: true } : act));
}

/** What a later act is about, an earlier one takes back no more: its revision is not the last. */
function overtaken(acts: readonly Act[], by: Act): readonly Act[] {
	const alerts = new Set(by.asks.map((ask) => ask.body["alert"]).filter((id) => id !== undefined));
	if (by.verb === "undo") return acts;
	return acts.flatMap((act): readonly Act[] => {
		const asks = act.asks.filter((ask) => ask.status === "sent" || !alerts.has(ask.body["alert"] ?? ""));
		if (asks.length === act.asks.length) return [act];
		const about = act.about.filter((_, i) => asks.some((ask) => ask === act.asks[i]));
		return asks.length === 0 ? [] : [{ ...act, asks, about }];
	});
}

export function reduceActs(acts: readonly Act[], e: ActEvent): readonly Act[] {
	switch (e.type) {
		case "act":
			return [...overtaken(acts, e.act).slice(1 - ACTS_MAX), e.act];
		case "reply":
			return answer(acts, e.reply.request, (ask) => ({
				...ask,
				reply: e.reply,
				status: e.reply.ok ? "done" : "refused",
			}));
		case "silent":
			return answer(acts, e.request, (ask) => (ask.status === "sent" ? { ...ask, status: "silent" } : ask));
		case "again":
			return answer(acts, e.request, (ask) => (ask.status === "silent" ? { ...ask, status: "sent" } : ask));
		case "dismiss":
			return acts.filter((act) => act.id !== e.id);
		case "clear":
			return [];
		default: {
			const never: never = e;
			return never;
		}
	}
}

/** The alerts about which an answer is still awaited. */
export function pendingAlerts(acts: readonly Act[]): ReadonlySet<string> {
	const ids = acts.flatMap((act) => act.asks.filter((a) => a.status === "sent").map((a) => a.body["alert"]));
	return new Set(ids.filter((id): id is string => typeof id === "string"));
}
