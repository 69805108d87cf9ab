// SPDX-License-Identifier: EUPL-1.2
/**
 * The wiring: one store, the connection, what the user does. Views read `model` and call these functions; nobody else
 * changes anything.
 */
import { after, nowMs } from "./clock";
import { connect, type Connection } from "./link";
import {
	ANSWER_MS,
	bodyOf,
	mayUndo,
	pendingAlerts,
	reduceActs,
	undoOf,
	type Act,
	type ActEvent,
	type Ask,
	type Body,
	type Verb,
} from "./model/acts";
import { decode, readReply } from "./model/decode";
import { rowOf, type Row } from "./model/search";
import { SIGNED_OUT, reduce, type Event, type State } from "./model/state";
import type { Alert, Pupil, Reply } from "./model/types";

export interface Pupils {
	/** Of which generation of the register's lists; null: not asked for yet. */
	readonly generation: number | null;
	readonly rows: readonly Row[];
	readonly complete: boolean;
}

export interface Model {
	readonly state: State;
	readonly acts: readonly Act[];
	readonly pupils: Pupils;
}

const NO_PUPILS: Pupils = { generation: null, rows: [], complete: false };
const NOT_AUTHORISED = 135;
const KEY = "schoolpoort-session";
const PAGES_MAX = 400;

let model: Model = { state: SIGNED_OUT, acts: [], pupils: NO_PUPILS };
const watchers = new Set<() => void>();
let connection: Connection | null = null;
const waiting = new Map<string, (reply: Reply | null) => void>();

export function current(): Model {
	return model;
}

/** watch() - be called after each change. Return: no more. */
export function watch(then: () => void): () => void {
	watchers.add(then);
	return () => watchers.delete(then);
}

function put(change: Partial<Model>) {
	model = { ...model, ...change };
	for (const then of watchers) then();
}

function dispatch(e: Event) {
	put({ state: reduce(model.state, e, nowMs()) });
}

function dispatchAct(e: ActEvent) {
	put({ acts: reduceActs(model.acts, e) });
}

// ---- requests ----

async function publish(request: string, body: Body): Promise<number | null> {
	const { school, user } = model.state;
	if (!connection || school === null) return -1;
	const topic = `schoolpoort/${school}/care/command/${user}`;
	return connection.publish(topic, JSON.stringify({ v: 1, request, ...body }));
}

/** ask() - and wait for the answer. Return: null where none came, or the broker takes none of this user. */
export function ask(body: Body): Promise<Reply | null> {
	const request = crypto.randomUUID();
	return new Promise((done) => {
		const finish = (reply: Reply | null) => {
			forget();
			waiting.delete(request);
			done(reply);
		};
		const forget = after(ANSWER_MS, () => finish(null));
		waiting.set(request, finish);
		void publish(request, body).then((error) => {
			if (error === NOT_AUTHORISED || error === null) dispatch({ type: "right", care: error === null });
			if (error !== null) finish(null);
		});
	});
}

function takeReply(payload: Uint8Array) {
	const reply = decode(readReply, payload);
	if (!reply) return;
	const finish = waiting.get(reply.request);
	if (finish) finish(reply);
	else dispatchAct({ type: "reply", reply });
}

function send(one: Ask) {
	void publish(one.request, one.body).then((error) => {
		if (error !== null) dispatchAct({ type: "silent", request: one.request });
	});
	after(ANSWER_MS, () => dispatchAct({ type: "silent", request: one.request }));
}

function start(verb: Verb, about: readonly string[], bodies: readonly Body[], of?: string) {
	const asks = bodies.map((body): Ask => ({ request: crypto.randomUUID(), body, status: "sent" }));
	const act: Act = {
		id: crypto.randomUUID(),
		verb,
		about,
		asks,
		atMs: nowMs(),
		undone: false,
		...(of === undefined ? {} : { of }),
	};
	dispatchAct({ type: "act", act });
	for (const one of asks) send(one);
}

/**
 * act() - a verb about these alerts, each by a request of its own. Not where an answer is awaited: the second touch of a
 * quick hand comes before the next drawing, and would be told that a colleague was there first.
 */
export function act(verb: Verb, alerts: readonly Alert[], names: readonly string[], note = "") {
	const pending = pendingAlerts(model.acts);
	const free = alerts.flatMap((alert, i) => (pending.has(alert.id) ? [] : [{ alert, name: names[i] ?? "" }]));
	if (free.length === 0) return;
	start(
		verb,
		free.map(({ name }) => name),
		free.map(({ alert }) => bodyOf(verb, alert, note)),
	);
}

/** actOn() - what is about a pupil or a card, and no alert that stands. */
export function actOn(verb: Verb, name: string, body: Body) {
	start(verb, [name], [body]);
}

export function undo(done: Act) {
	if (!mayUndo(done, model.acts, nowMs())) return;
	start("undo", done.about, undoOf(done), done.id);
}

export function dismiss(id: string) {
	dispatchAct({ type: "dismiss", id });
}

/** The same requests once more: what the register has done already it answers, and does not do again. */
export function again(silent: Act) {
	for (const one of silent.asks) {
		if (one.status !== "silent") continue;
		dispatchAct({ type: "again", request: one.request });
		send(one);
	}
}

// ---- the list of pupils ----

async function loadPupils(generation: number) {
	const by = connection;
	const round = model.state.round;
	const found: Pupil[] = [];
	let next: string | undefined;
	put({ pupils: { ...model.pupils, generation } });
	for (let page = 0; page < PAGES_MAX; page++) {
		const reply = await ask({ command: "pupils", ...(next === undefined ? {} : { after: next }) });
		if (connection !== by || model.pupils.generation !== generation) return;
		// Asked before the connection was lost: its answer may have gone with it.
		if (!reply?.ok || model.state.round !== round) break;
		found.push(...(reply.pupils ?? []));
		next = reply.next;
		if (next === undefined) {
			put({ pupils: { generation, rows: found.map(rowOf), complete: true } });
			return;
		}
	}
	// No answer: another connection, or the next change of the lists, asks again.
	put({ pupils: { ...model.pupils, generation: null } });
}

/** After whatever happened: are these lists still the register's? */
function followPupils() {
	const { state, pupils } = model;
	const generation = state.register?.generation ?? 0;
	if (!state.link.settled || state.school === null || state.care === false) return;
	if (state.care !== null && state.register?.state !== "online") return;
	if (pupils.generation !== generation) void loadPupils(generation);
}

function joined(a: Reply, b: Reply): Reply {
	return {
		...a,
		halfDays: [...(a.halfDays ?? []), ...(b.halfDays ?? [])],
		alerts: [...(a.alerts ?? []), ...(b.alerts ?? [])],
		journal: [...(a.journal ?? []), ...(b.journal ?? [])],
	};
}

/** pupilYear() - all pages of a pupil's school year, joined. */
export async function pupilYear(pupil: string, year: number): Promise<Reply | null> {
	let whole: Reply | undefined;
	let next: string | undefined;
	for (let page = 0; page < PAGES_MAX; page++) {
		const more: Body = next === undefined ? {} : { after: next };
		const reply: Reply | null = await ask({ command: "pupil", pupil, year, ...more });
		// Half a year would look like a whole one.
		if (!reply?.ok) return reply;
		whole = whole ? joined(whole, reply) : reply;
		next = reply.next;
		if (next === undefined) return whole;
	}
	return null;
}

// ---- sign in and out ----

const REPLY = /^schoolpoort\/[a-z0-9-]{1,32}\/care\/reply\//;

export function signIn(user: string, password: string) {
	connection?.end();
	put({ acts: [], pupils: NO_PUPILS });
	dispatch({ type: "sign_in", user });
	connection = connect(user, password, {
		status: (status) => {
			if (status === "online") remember(user, password);
			if (status === "refused") forgetSession();
			dispatch({ type: "link", status });
		},
		message: (topic, payload, retained) => {
			if (REPLY.test(topic)) return takeReply(payload);
			dispatch({ type: "message", topic, payload, retained });
			followPupils();
		},
		settled: () => {
			dispatch({ type: "settled" });
			followPupils();
		},
	});
}

export function signOut() {
	forgetSession();
	connection?.end();
	connection = null;
	for (const finish of [...waiting.values()]) finish(null);
	dispatchAct({ type: "clear" });
	put({ pupils: NO_PUPILS });
	dispatch({ type: "sign_out" });
}

/** For this tab alone and until it closes, so that a reload shows the same. */
function remember(user: string, password: string) {
	try {
		sessionStorage.setItem(KEY, JSON.stringify([user, password]));
	} catch {
		// Storage is switched off: a reload asks again.
	}
}

function forgetSession() {
	try {
		sessionStorage.removeItem(KEY);
	} catch {
		// As above.
	}
}

/** resume() - after a reload. */
export function resume() {
	try {
		const [user, password] = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as unknown[];
		if (typeof user === "string" && typeof password === "string") signIn(user, password);
	} catch {
		forgetSession();
	}
}
