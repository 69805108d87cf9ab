// SPDX-License-Identifier: EUPL-1.2
/**
 * Messages of the contract (broker-config/contract/schema), from bytes that anybody may have retained. A field that isn't
 * known passes; a message with a wrong one is dropped whole, and counted by who asked. snake_case ends here.
 */
import {
	ALERT_KINDS,
	ALERT_STATES,
	CLOCKS,
	MARKS,
	OUTCOMES,
	READERS,
	REPLY_ERRORS,
	SCREENS,
	STORES,
	UNIT_STATES,
	type Alert,
	type Card,
	type ClassCounts,
	type Day,
	type Gate,
	type Half,
	type HalfDay,
	type Line,
	type Person,
	type Pupil,
	type Register,
	type Reply,
	type Standing,
	type Time,
} from "./types";

/** The register's pages are smaller; who sends more sends nonsense. */
export const BYTES_MAX = 262144;
const CLASSES_MAX = 1000;
const LIST_MAX = 5000;
const DID = /^[a-z][a-z_ ]{0,31}$/;
const SLUG = /^[a-z0-9-]{1,32}$/;
const PUPIL_ID = /^[0-9]{10}$/;
const HASH = /^[0-9a-f]{32}$/;
const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const TIME = /^(\d{4}-\d\d-\d\d)T(([01]\d|2[0-3]):[0-5]\d):[0-5]\d(?:\.\d{1,9})?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const HALVES = ["am", "pm"] as const;

class Wrong extends Error {}

/** An object of a message, read field by field; what doesn't fit throws, and decode() ends with null. */
export class Fields {
	readonly of: Readonly<Record<string, unknown>>;

	constructor(value: unknown) {
		if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Wrong();
		this.of = value as Readonly<Record<string, unknown>>;
	}

	has(key: string): boolean {
		const value = Object.hasOwn(this.of, key) ? this.of[key] : undefined;
		return value !== undefined && value !== null;
	}

	text(key: string, max: number, form?: RegExp): string {
		const value = this.has(key) ? this.of[key] : undefined;
		// Lengths of the contract are code points; a surrogate pair is one.
		if (typeof value !== "string" || value.length > 2 * max || (form && !form.test(value))) throw new Wrong();
		return value;
	}

	number(key: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
		const value = this.has(key) ? this.of[key] : undefined;
		if (typeof value !== "number" || !(value >= min && value <= max)) throw new Wrong();
		return value;
	}

	whole(key: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
		const value = this.number(key, min, max);
		if (!Number.isInteger(value)) throw new Wrong();
		return value;
	}

	flag(key: string): boolean {
		const value = this.has(key) ? this.of[key] : undefined;
		if (typeof value !== "boolean") throw new Wrong();
		return value;
	}

	word<T extends string>(key: string, words: readonly T[]): T {
		const value = this.text(key, 64);
		const word = words.find((w) => w === value);
		if (word === undefined) throw new Wrong();
		return word;
	}

	time(key: string): Time {
		return timeOf(this.text(key, 40));
	}

	date(key: string): string {
		const value = this.text(key, 10, DATE);
		if (new Date(`${value}T00:00:00Z`).toISOString().slice(0, 10) !== value) throw new Wrong();
		return value;
	}

	fields(key: string): Fields {
		return new Fields(this.has(key) ? this.of[key] : undefined);
	}

	list<T>(key: string, max: number, each: (f: Fields) => T): readonly T[] {
		const value = this.has(key) ? this.of[key] : undefined;
		if (!Array.isArray(value) || value.length > max) throw new Wrong();
		return value.map((v) => each(new Fields(v)));
	}

	/** { [key]: value } where there is one, for a spread: a property that is missing stays missing. */
	maybe<K extends string, T>(key: string, name: K, read: (key: string) => T): { [P in K]?: T } {
		return this.has(key) ? ({ [name]: read.call(this, key) } as { [P in K]?: T }) : {};
	}

	half(key: string): Half {
		return this.word(key, HALVES);
	}

	pupilId(key: string): string {
		return this.text(key, 10, PUPIL_ID);
	}

	hash(key: string): string {
		return this.text(key, 32, HASH);
	}
}

/** timeOf() - RFC 3339. Throws Wrong for what is none. */
function timeOf(text: string): Time {
	const part = TIME.exec(text);
	const ms = Date.parse(text);
	if (!part || Number.isNaN(ms)) throw new Wrong();
	const minutes = Number(part[5] ?? 0) * 60 + Number(part[6] ?? 0);
	return { ms, date: part[1] ?? "", clock: part[2] ?? "", offsetMin: part[4] === "-" ? -minutes : minutes };
}

/** decode() - the message in these bytes, or null where they are none of this kind. */
export function decode<T>(read: (f: Fields) => T, bytes: Uint8Array): T | null {
	if (bytes.length > BYTES_MAX) return null;
	try {
		const f = new Fields(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
		if (f.number("v") !== 1) return null;
		return read(f);
	} catch {
		return null;
	}
}

function person(f: Fields): Person {
	return {
		id: f.pupilId("id"),
		...f.maybe("name", "name", (k) => f.text(k, 200)),
		...f.maybe("class", "class", (k) => f.text(k, 20)),
	};
}

function rehearsal(f: Fields): boolean {
	return f.has("rehearsal") && f.flag("rehearsal");
}

export function readAlert(f: Fields): Alert {
	return {
		id: f.text("id", 120),
		kind: f.word("kind", ALERT_KINDS),
		state: f.word("state", ALERT_STATES),
		certain: f.word("certainty", ["confirmed", "unconfirmed"]) === "confirmed",
		date: f.date("date"),
		raisedAt: f.time("raised_at"),
		changedAt: f.time("changed_at"),
		revision: f.whole("revision", 1),
		rehearsal: rehearsal(f),
		...f.maybe("half", "half", f.half),
		...f.maybe("pupil", "pupil", (k) => person(f.fields(k))),
		...f.maybe("gate", "gate", (k) => f.text(k, 32, SLUG)),
		...f.maybe("class", "class", (k) => f.text(k, 20)),
		...f.maybe("card", "card", f.hash),
		...f.maybe("expected_at", "expectedAt", f.time),
		...f.maybe("arrived_at", "arrivedAt", f.time),
		...f.maybe("minutes_late", "minutesLate", (k) => f.whole(k, 0, 1440)),
		...f.maybe("missing", "missing", (k) => f.whole(k)),
		...f.maybe("expected", "expected", (k) => f.whole(k)),
		...f.maybe("acknowledged", "acknowledged", (k) => {
			const a = f.fields(k);
			return { by: a.text("by", 64), at: a.time("at") };
		}),
		...f.maybe("resolution", "resolution", (k) => {
			const r = f.fields(k);
			return {
				what: r.word("what", OUTCOMES),
				at: r.time("at"),
				...r.maybe("by", "by", (b) => r.text(b, 64)),
				...r.maybe("note", "note", (n) => r.text(n, 1000)),
			};
		}),
	};
}

function classCounts(f: Fields): ClassCounts {
	return {
		class: f.text("class", 20),
		expected: f.whole("expected"),
		present: f.whole("present"),
		late: f.whole("late"),
		absent: f.whole("absent"),
		unconfirmed: f.whole("unconfirmed"),
		excused: f.whole("excused"),
		awaited: f.whole("awaited"),
	};
}

export function readDay(f: Fields): Day {
	return {
		date: f.date("date"),
		half: f.half("half"),
		at: f.time("at"),
		classes: f.list("classes", CLASSES_MAX, classCounts),
	};
}

export function readGate(f: Fields): Gate {
	const taps = f.has("taps") ? f.fields("taps") : null;
	return {
		gate: f.text("gate", 32, SLUG),
		state: f.word("state", UNIT_STATES),
		rehearsal: rehearsal(f),
		...f.maybe("at", "at", f.time),
		...f.maybe("version", "version", (k) => f.text(k, 40)),
		...f.maybe("last_seq", "lastSeq", (k) => f.whole(k)),
		...f.maybe("confirmed_seq", "confirmedSeq", (k) => f.whole(k)),
		...f.maybe("clock", "clock", (k) => f.word(k, CLOCKS)),
		...f.maybe("clock_error_ms", "clockErrorMs", (k) => f.whole(k)),
		...f.maybe("reader", "reader", (k) => f.word(k, READERS)),
		...f.maybe("reader_fault", "readerFault", (k) => f.text(k, 200)),
		...f.maybe("screen", "screen", (k) => f.word(k, SCREENS)),
		...f.maybe("store", "store", (k) => f.word(k, STORES)),
		...f.maybe("disk_free_mb", "diskFreeMb", (k) => f.whole(k)),
		...f.maybe("uptime_s", "uptimeS", (k) => f.whole(k)),
		...(taps
			? {
					...taps.maybe("today", "tapsToday", (k) => taps.whole(k)),
					...taps.maybe("p50_ms", "p50Ms", (k) => taps.number(k)),
					...taps.maybe("p95_ms", "p95Ms", (k) => taps.number(k)),
					...taps.maybe("p99_ms", "p99Ms", (k) => taps.number(k)),
				}
			: {}),
	};
}

export function readRegister(f: Fields): Register {
	return {
		state: f.word("state", UNIT_STATES),
		rehearsal: rehearsal(f),
		...f.maybe("at", "at", f.time),
		...f.maybe("version", "version", (k) => f.text(k, 40)),
		...f.maybe("generation", "generation", (k) => f.whole(k)),
		...f.maybe("pupils", "pupils", (k) => f.whole(k)),
		...f.maybe("open_alerts", "openAlerts", (k) => f.whole(k)),
		...f.maybe("refused_checkins", "refusedCheckins", (k) => f.whole(k)),
		...f.maybe("store", "store", (k) => f.word(k, STORES)),
		...f.maybe("disk_free_mb", "diskFreeMb", (k) => f.whole(k)),
		...f.maybe("uptime_s", "uptimeS", (k) => f.whole(k)),
	};
}

function readStanding(f: Fields): Standing {
	return {
		state: f.word("state", ALERT_STATES),
		at: f.time("at"),
		...f.maybe("by", "by", (k) => f.text(k, 64)),
		...f.maybe("what", "what", (k) => f.word(k, OUTCOMES)),
		...f.maybe("note", "note", (k) => f.text(k, 1000)),
	};
}

function readCard(f: Fields): Card {
	return {
		card: f.hash("card"),
		blocked: f.flag("blocked"),
		...f.maybe("from", "from", f.date),
		...f.maybe("to", "to", f.date),
	};
}

function readPupil(f: Fields): Pupil {
	return {
		id: f.pupilId("id"),
		left: f.has("left") && f.flag("left"),
		...f.maybe("last_name", "lastName", (k) => f.text(k, 100)),
		...f.maybe("first_name", "firstName", (k) => f.text(k, 100)),
		...f.maybe("class", "class", (k) => f.text(k, 20)),
	};
}

function readHalfDay(f: Fields): HalfDay {
	return {
		date: f.date("date"),
		half: f.half("half"),
		mark: f.word("mark", MARKS),
		unconfirmed: f.has("unconfirmed") && f.flag("unconfirmed"),
		...f.maybe("arrived_at", "arrivedAt", f.time),
		...f.maybe("minutes_late", "minutesLate", (k) => f.whole(k, 0, 1440)),
		...f.maybe("gate", "gate", (k) => f.text(k, 32, SLUG)),
		...f.maybe("said", "said", (k) => {
			const said = f.fields(k);
			return { by: said.text("by", 64), at: said.time("at") };
		}),
	};
}

function readLine(f: Fields): Line {
	return {
		at: f.time("at"),
		by: f.text("by", 64),
		did: f.text("did", 32, DID),
		...f.maybe("alert", "alert", (k) => f.text(k, 120)),
		...f.maybe("date", "date", f.date),
		...f.maybe("half", "half", f.half),
		...f.maybe("card", "card", f.hash),
		...f.maybe("what", "what", (k) => f.word(k, OUTCOMES)),
		...f.maybe("note", "note", (k) => f.text(k, 1000)),
	};
}

export function readReply(f: Fields): Reply {
	return {
		request: f.text("request", 36),
		ok: f.flag("ok"),
		...f.maybe("error", "error", (k) => f.word(k, REPLY_ERRORS)),
		...f.maybe("alert", "alert", (k) => f.text(k, 120)),
		...f.maybe("revision", "revision", (k) => f.whole(k, 1)),
		...f.maybe("now", "now", (k) => readStanding(f.fields(k))),
		...f.maybe("cards", "cards", (k) => f.list(k, LIST_MAX, readCard)),
		...f.maybe("next", "next", (k) => f.text(k, 64)),
		...f.maybe("total", "total", (k) => f.whole(k)),
		...f.maybe("pupils", "pupils", (k) => f.list(k, LIST_MAX, readPupil)),
		...f.maybe("pupil", "pupil", (k) => readPupil(f.fields(k))),
		...f.maybe("from", "from", f.date),
		...f.maybe("to", "to", f.date),
		...f.maybe("half_days", "halfDays", (k) => f.list(k, LIST_MAX, readHalfDay)),
		...f.maybe("alerts", "alerts", (k) => f.list(k, LIST_MAX, readAlert)),
		...f.maybe("journal", "journal", (k) => f.list(k, LIST_MAX, readLine)),
	};
}
