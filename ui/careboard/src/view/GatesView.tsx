// SPDX-License-Identifier: EUPL-1.2
/** Each unit as it says of itself, for IT. No pupil stands here. */
import { gatesOf, queueOf, troublesOf, type GateTrouble } from "../model/order";
import { schoolMs, type State } from "../model/state";
import type { Gate, Register } from "../model/types";
import { ageText, clockText, numberText, type Words } from "../words/words";
import { Empty, Name, Sign, useNow, useWords } from "./kit";
import "./GatesView.css";

const TICK_MS = 5000;

function stateText(state: Gate["state"], w: Words): string {
	return { online: w.online, offline: w.offline, stopping: w.stopping }[state];
}

function readerText(g: Gate, w: Words): string {
	if (!g.reader) return w.notKnown;
	const text = { ok: w.readerOk, starting: w.readerStarting, fault: w.readerFault }[g.reader];
	return g.readerFault ? `${text}: ${g.readerFault}` : text;
}

function clockStateText(g: Gate, w: Words, language: string): string {
	if (!g.clock) return w.notKnown;
	const text = {
		trusted: w.clockTrusted,
		holdover: w.clockHoldover,
		unknown: w.clockUnknown,
		regressed: w.clockRegressed,
	}[g.clock];
	return g.clockErrorMs === undefined ? text : `${text} (±${new Intl.NumberFormat(language).format(g.clockErrorMs)} ms)`;
}

function storeText(store: Gate["store"] | undefined, w: Words): string {
	if (!store) return w.notKnown;
	return { ok: w.storeOk, full: w.storeFull, failing: w.storeFailing, recovered: w.storeRecovered }[store];
}

interface RowProps {
	readonly name: string;
	readonly value: string;
	readonly wrong?: boolean;
}

function Row({ name, value, wrong }: RowProps) {
	return (
		<div class={`gates__row ${wrong ? "gates__row--wrong" : ""}`}>
			<dt>{name}</dt>
			<dd>
				{wrong && <Sign name="warn" />}
				<Name>{value}</Name>
			</dd>
		</div>
	);
}

interface UnitProps<T> {
	readonly unit: T;
	readonly state: State;
	readonly now: number;
}

function Head({ name, well }: { readonly name: string; readonly well: boolean }) {
	const { w } = useWords();
	return (
		<h2 class="gates__name">
			<Name>{name}</Name>
			<span class={`tag ${well ? "tag--good" : "tag--warn"}`}>
				<Sign name={well ? "check" : "warn"} />
				{well ? w.allWell : w.attention}
			</span>
		</h2>
	);
}

function Common({ unit: u, state, now }: UnitProps<Gate | Register>) {
	const { w, language } = useWords();
	const since = u.at && u.uptimeS !== undefined ? clockText(u.at.ms - u.uptimeS * 1000, u.at.offsetMin) : w.notKnown;
	return (
		<>
			<Row name={w.store} value={storeText(u.store, w)} wrong={u.store === "full" || u.store === "failing"} />
			<Row name={w.disk} value={u.diskFreeMb === undefined ? w.notKnown : w.mb(numberText(u.diskFreeMb, language))} />
			<Row name={w.uptime} value={since} />
			<Row name={w.heard} value={u.at ? ageText(schoolMs(state, now) - u.at.ms, w) : w.notKnown} />
			<Row name={w.version} value={u.version ?? w.notKnown} />
		</>
	);
}

function GateCard(props: UnitProps<Gate>) {
	const { w, language } = useWords();
	const { unit: g } = props;
	const troubles = troublesOf(g);
	const has = (t: GateTrouble) => troubles.includes(t);
	const queue = queueOf(g);
	const p95 = g.p95Ms === undefined ? w.notKnown : w.ms(Math.round(g.p95Ms));
	return (
		<li class="gates__unit card" data-gate={g.gate}>
			<Head name={g.gate} well={troubles.length === 0} />
			<dl class="gates__rows">
				<Row name={w.state} value={stateText(g.state, w)} wrong={has("offline")} />
				<Row name={w.reader} value={readerText(g, w)} wrong={has("reader")} />
				<Row name={w.clock} value={clockStateText(g, w, language)} wrong={has("clock")} />
				<Row
					name={w.queue}
					value={queue === null ? w.notKnown : numberText(queue, language)}
					wrong={has("queue")}
				/>
				<Row name={w.p95} value={p95} />
				<Row name={w.tapsToday} value={g.tapsToday === undefined ? w.notKnown : numberText(g.tapsToday, language)} />
				<Row
					name={w.screen}
					value={g.screen ? { ok: w.screenOk, absent: w.screenAbsent }[g.screen] : w.notKnown}
					wrong={has("screen")}
				/>
				<Common {...props} />
			</dl>
		</li>
	);
}

function RegisterCard(props: UnitProps<Register>) {
	const { w, language } = useWords();
	const { unit: r } = props;
	const number = (n: number | undefined) => (n === undefined ? w.notKnown : numberText(n, language));
	const well = r.state === "online" && r.store !== "full" && r.store !== "failing";
	return (
		<li class="gates__unit card" data-register="">
			<Head name={w.register} well={well} />
			<dl class="gates__rows">
				<Row name={w.state} value={stateText(r.state, w)} wrong={r.state !== "online"} />
				<Row name={w.pupils} value={number(r.pupils)} />
				<Row name={w.openAlerts} value={number(r.openAlerts)} />
				<Row name={w.refusedCheckins} value={number(r.refusedCheckins)} />
				<Common {...props} />
			</dl>
		</li>
	);
}

export function GatesView({ state }: { readonly state: State }) {
	const { w } = useWords();
	const now = useNow(TICK_MS);
	const gates = gatesOf(state);
	return (
		<div class="gates">
			<div class="view__head">
				<h1 class="view__title">{w.gatesTitle}</h1>
			</div>
			{gates.length === 0 && !state.register && (
				<div class="card">
					<Empty sign="gates" title={w.gatesEmpty} hint={w.noSchool} />
				</div>
			)}
			<ul class="gates__list">
				{gates.map((g) => (
					<GateCard key={g.gate} unit={g} state={state} now={now} />
				))}
				{state.register && <RegisterCard unit={state.register} state={state} now={now} />}
			</ul>
		</div>
	);
}
