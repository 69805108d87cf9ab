// SPDX-License-Identifier: EUPL-1.2
/**
 * What the page knows, in its own words: messages of the contract after decode.ts, nothing of MQTT and nothing of the
 * browser. Times that came in a message keep their text beside the instant: it has the school's own offset, and what
 * people read is taken from it, never from the browser's zone.
 */

export type Half = "am" | "pm";

export interface Time {
	/** Milliseconds since 1970, UTC. */
	readonly ms: number;
	/** HH:MM on the school's wall. */
	readonly clock: string;
	/** YYYY-MM-DD there. */
	readonly date: string;
	/** The school's offset then, in minutes. */
	readonly offsetMin: number;
}

export const ALERT_KINDS = ["absent", "late", "gate_silent", "class_missing", "unknown_card", "talk"] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export const ALERT_STATES = ["open", "acknowledged", "resolved", "retracted"] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export const OUTCOMES = [
	"arrived",
	"was_present",
	"excused",
	"reached",
	"not_reached",
	"gate_back",
	"card_linked",
	"half_day_over",
	"superseded",
	"other",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Person {
	readonly id: string;
	/** Missing where the school sends no names. */
	readonly name?: string;
	readonly class?: string;
}

export interface Alert {
	readonly id: string;
	readonly kind: AlertKind;
	readonly state: AlertState;
	readonly certain: boolean;
	readonly date: string;
	readonly half?: Half;
	readonly raisedAt: Time;
	readonly changedAt: Time;
	readonly revision: number;
	readonly pupil?: Person;
	readonly gate?: string;
	readonly class?: string;
	readonly card?: string;
	readonly expectedAt?: Time;
	readonly arrivedAt?: Time;
	readonly minutesLate?: number;
	readonly missing?: number;
	readonly expected?: number;
	readonly acknowledged?: { readonly by: string; readonly at: Time };
	readonly resolution?: { readonly what: Outcome; readonly by?: string; readonly at: Time; readonly note?: string };
	readonly rehearsal: boolean;
}

export interface Counts {
	readonly expected: number;
	readonly present: number;
	readonly late: number;
	readonly absent: number;
	readonly unconfirmed: number;
	readonly excused: number;
	readonly awaited: number;
}

export interface ClassCounts extends Counts {
	readonly class: string;
}

export interface Day {
	readonly date: string;
	readonly half: Half;
	readonly at: Time;
	readonly classes: readonly ClassCounts[];
}

export const UNIT_STATES = ["online", "offline", "stopping"] as const;
export type UnitState = (typeof UNIT_STATES)[number];
export const CLOCKS = ["trusted", "holdover", "unknown", "regressed"] as const;
export const READERS = ["ok", "starting", "fault"] as const;
export const SCREENS = ["ok", "absent"] as const;
export const STORES = ["ok", "full", "failing", "recovered"] as const;

export interface Gate {
	readonly gate: string;
	readonly state: UnitState;
	readonly at?: Time;
	readonly version?: string;
	readonly lastSeq?: number;
	readonly confirmedSeq?: number;
	readonly clock?: (typeof CLOCKS)[number];
	readonly clockErrorMs?: number;
	readonly reader?: (typeof READERS)[number];
	readonly readerFault?: string;
	readonly screen?: (typeof SCREENS)[number];
	readonly store?: (typeof STORES)[number];
	readonly diskFreeMb?: number;
	readonly uptimeS?: number;
	readonly tapsToday?: number;
	readonly p50Ms?: number;
	readonly p95Ms?: number;
	readonly p99Ms?: number;
	readonly rehearsal: boolean;
}

export interface Register {
	readonly state: UnitState;
	readonly at?: Time;
	readonly version?: string;
	/** Changes with each import: the list of pupils is asked for anew. */
	readonly generation?: number;
	readonly pupils?: number;
	readonly openAlerts?: number;
	readonly refusedCheckins?: number;
	readonly store?: (typeof STORES)[number];
	readonly diskFreeMb?: number;
	readonly uptimeS?: number;
	readonly rehearsal: boolean;
}

export const REPLY_ERRORS = ["not_found", "stale", "invalid", "not_allowed", "failed"] as const;
export type ReplyError = (typeof REPLY_ERRORS)[number];

/** What stands there instead of what was asked: who has just brought the alert where. */
export interface Standing {
	readonly state: AlertState;
	readonly at: Time;
	readonly by?: string;
	readonly what?: Outcome;
	readonly note?: string;
}

export interface Card {
	readonly card: string;
	readonly blocked: boolean;
	readonly from?: string;
	readonly to?: string;
}

export interface Pupil {
	readonly id: string;
	readonly lastName?: string;
	readonly firstName?: string;
	readonly class?: string;
	readonly left: boolean;
}

export const MARKS = ["|", "L", "-", "x"] as const;
export type Mark = (typeof MARKS)[number];

export interface HalfDay {
	readonly date: string;
	readonly half: Half;
	readonly mark: Mark;
	readonly unconfirmed: boolean;
	readonly arrivedAt?: Time;
	readonly minutesLate?: number;
	readonly gate?: string;
	readonly said?: { readonly by: string; readonly at: Time };
}

export interface Line {
	readonly at: Time;
	readonly by: string;
	readonly did: string;
	readonly alert?: string;
	readonly date?: string;
	readonly half?: Half;
	readonly card?: string;
	readonly what?: Outcome;
	readonly note?: string;
}

export interface Reply {
	readonly request: string;
	readonly ok: boolean;
	readonly error?: ReplyError;
	readonly alert?: string;
	readonly revision?: number;
	readonly now?: Standing;
	readonly cards?: readonly Card[];
	readonly next?: string;
	readonly total?: number;
	readonly pupils?: readonly Pupil[];
	readonly pupil?: Pupil;
	readonly from?: string;
	readonly to?: string;
	readonly halfDays?: readonly HalfDay[];
	readonly alerts?: readonly Alert[];
	readonly journal?: readonly Line[];
}
