// SPDX-License-Identifier: EUPL-1.2
/** One pupil: the year, lateness, alerts and contacts, cards. Each look is a line of the register's journal. */
import { useEffect, useState } from "preact/hooks";

import { nowMs } from "../clock";
import { pendingAlerts } from "../model/acts";
import { halfOf, ofKind } from "../model/order";
import { fullName } from "../model/search";
import { isAway, schoolMs, type State } from "../model/state";
import type { Alert, Card, HalfDay, Reply } from "../model/types";
import { happeningsOf, schoolYearOf, sumOf, type Happening } from "../model/year";
import { kindText } from "../attention";
import { act, actOn, pupilYear, type Model } from "../session";
import { clockText, dateText, dayOf, type Words } from "../words/words";
import { alertStateText, didText, outcomeText } from "./Acts";
import { useVerbText, verbsOf } from "./AlertRow";
import { Button, Name, Sign, useWords } from "./kit";
import { Year } from "./Year";
import "./PupilView.css";

const SHORT = 8;

type Loaded = { readonly status: "loading" } | { readonly status: "failed" } | { readonly status: "here"; readonly reply: Reply };
const LOADING: Loaded = { status: "loading" };

/** Read anew when an act of this user about the pupil was answered, or the connection is back. */
function usePupil(id: string, year: number, again: string): Loaded {
	const [loaded, setLoaded] = useState({ of: year, what: LOADING });
	useEffect(() => {
		let wanted = true;
		void pupilYear(id, year).then((reply) => {
			if (wanted) setLoaded({ of: year, what: reply?.ok ? { status: "here", reply } : { status: "failed" } });
		});
		return () => {
			wanted = false;
		};
	}, [id, year, again]);
	// Until its own are here: another year's marks beneath this one's name would be wrong ones.
	return loaded.of === year ? loaded.what : LOADING;
}

function markText(h: HalfDay, w: Words): string {
	if (h.mark === "|") return w.markPresent;
	if (h.mark === "L") return w.markLate;
	if (h.mark === "x") return w.markExcused;
	return h.unconfirmed ? w.markUnconfirmed : w.markAbsent;
}

function Different({ halfDays }: { readonly halfDays: readonly HalfDay[] }) {
	const { w, language } = useWords();
	const rows = halfDays.filter((h) => h.mark !== "|").reverse();
	if (rows.length === 0) return <p class="pupil__none">{w.allPresent}</p>;
	return (
		<div class="pupil__scroll">
			<table class="pupil__table">
				<thead>
					<tr>
						<th scope="col">{w.date}</th>
						<th scope="col">{w.what}</th>
						<th scope="col">{w.arrived}</th>
					</tr>
				</thead>
				<tbody>
					{rows.map((h) => (
						<tr key={`${h.date}${h.half}`}>
							<th scope="row">
								{dateText(h.date, language, "short")}{" "}
								<span class="pupil__half">{h.half === "am" ? w.voormiddag : w.namiddag}</span>
							</th>
							<td>
								{markText(h, w)}
								{h.minutesLate !== undefined && h.mark === "L" && `, ${w.minutesLate(h.minutesLate)}`}
								{h.said && (
									<span class="pupil__by">
										<Name>{w.by(h.said.by)}</Name>
									</span>
								)}
							</td>
							<td>{h.arrivedAt?.clock ?? ""}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function alertText(a: Alert, w: Words): string {
	const end = a.resolution ? outcomeText(a.resolution.what, w) : alertStateText(a.state, w);
	return `${kindText(a.kind, w)} · ${end}`;
}

/** A command's word in this language; the desk's own words stay as they are. */
function doneText(did: string, what: Happening & { readonly type: "line" }, w: Words): string {
	if (did === "resolve" && what.line.what) return outcomeText(what.line.what, w);
	if (did === "mark_present") return w.didWasPresent;
	if (did === "mark_excused") return w.didExcused;
	if (did === "reopen" || did === "unlink_card" || did === "unblock_card") return w.didUndo;
	if (did === "acknowledge" || did === "release" || did === "link_card" || did === "day_card" || did === "block_card")
		return didText(did, w);
	return did;
}

function Contacts({ reply }: { readonly reply: Reply }) {
	const { w, language } = useWords();
	const all = happeningsOf(reply.alerts ?? [], reply.journal ?? []);
	if (all.length === 0) return <p class="pupil__none">{w.contactsNone}</p>;
	return (
		<ol class="pupil__contacts">
			{all.map((h, i) => (
				<li key={i} class={`pupil__contact pupil__contact--${h.type}`}>
					<span class="pupil__when">
						{dateText(h.at.date, language, "short")} {h.at.clock}
					</span>
					<span class="pupil__did">
						{h.type === "alert" ? (
							alertText(h.alert, w)
						) : (
							<>
								<strong>{doneText(h.line.did, h, w)}</strong>{" "}
								<Name>{w.by(h.line.by === "desk" ? w.desk : h.line.by)}</Name>
								{h.line.note && (
									<q class="pupil__note">
										<Name>{h.line.note}</Name>
									</q>
								)}
							</>
						)}
					</span>
				</li>
			))}
		</ol>
	);
}

interface CardsProps {
	readonly id: string;
	readonly name: string;
	readonly cards: readonly Card[];
	readonly state: State;
	readonly today: string;
	readonly away: boolean;
}

function cardText(c: Card, today: string, w: Words): string {
	if (c.blocked) return w.cardBlocked;
	return c.from === today && c.to === today ? w.cardToday : w.cardActive;
}

function Cards({ id, name, cards, state, today, away }: CardsProps) {
	const { w } = useWords();
	const [choosing, setChoosing] = useState(false);
	const unknown = ofKind(state, "unknown_card");
	const usable = cards.filter((c) => !c.blocked);
	return (
		<>
			{cards.length === 0 && <p class="pupil__none">{w.cardsNone}</p>}
			<ul class="pupil__cards">
				{cards.map((c) => {
					const hash = c.card.slice(0, SHORT);
					return (
						<li key={c.card}>
							<Sign name="cards" />
							<span class="pupil__card">
								{w.cardNo(hash)} <span class="pupil__half">{cardText(c, today, w)}</span>
							</span>
							{!c.blocked && (
								<Button
									disabled={away}
									label={`${w.block}: ${hash}`}
									onClick={() => actOn("block_card", name, { command: "block_card", card: c.card })}
								>
									{w.block}
								</Button>
							)}
						</li>
					);
				})}
			</ul>
			<div class="pupil__does">
				{usable.length > 1 && (
					<Button disabled={away} onClick={() => actOn("block_card", name, { command: "block_card", pupil: id })}>
						{w.blockAll}
					</Button>
				)}
				<Button sign="cards" expanded={choosing} disabled={away} onClick={() => setChoosing(!choosing)}>
					{w.dayCard}
				</Button>
			</div>
			{choosing && (
				<div class="pupil__choose moves">
					<p class="pupil__none">{unknown.length > 0 ? w.dayCardHint : w.dayCardNone}</p>
					{unknown.map((a) => (
						<Button
							key={a.id}
							disabled={away}
							onClick={() => {
								actOn("day_card", name, { command: "day_card", pupil: id, alert: a.id });
								setChoosing(false);
							}}
						>
							{w.cardNo((a.card ?? "").slice(0, SHORT))} {w.cardAt(a.gate ?? "", a.raisedAt.clock)}
						</Button>
					))}
				</div>
			)}
		</>
	);
}

interface TodayProps {
	readonly id: string;
	readonly name: string;
	readonly model: Model;
	readonly away: boolean;
	readonly today: string;
}

/** What stands of this pupil now, and what can be said of this half day without an alert too. */
function Today({ id, name, model, away, today }: TodayProps) {
	const { w } = useWords();
	const text = useVerbText();
	const { state } = model;
	const half = halfOf(state, clockText(schoolMs(state, nowMs()), state.offsetMin));
	const pending = pendingAlerts(model.acts);
	const alerts = [...state.alerts.values()]
		.map(({ value }) => value)
		.filter((a) => a.pupil?.id === id && a.kind !== "unknown_card");
	const about = { pupil: id, date: today, half };
	// Which half day it is only the school's clock says: this machine's may be hours wrong.
	const still = away || !state.clockKnown;
	return (
		<>
			{alerts.map((a) => (
				<div class="pupil__alert" key={a.id} data-alert={a.id}>
					<p class="pupil__alert-text">
						<strong>{kindText(a.kind, w)}</strong>
						<span class="tag">
							{a.acknowledged
							? a.acknowledged.by === state.user
								? w.youHaveIt(a.acknowledged.at.clock)
								: w.hasIt(a.acknowledged.by, a.acknowledged.at.clock)
							: a.kind === "absent"
								? w.noTap((a.expectedAt ?? a.raisedAt).clock)
								: a.raisedAt.clock}
						</span>
					</p>
					<div class="pupil__does">
						{!a.acknowledged && a.kind !== "late" && (
							<Button
								kind="main"
								sign="check"
								disabled={away || pending.has(a.id)}
								onClick={() => act("acknowledge", [a], [name])}
							>
								{w.take}
							</Button>
						)}
						{verbsOf(a.kind).map((verb) => (
							<Button
								key={verb}
								disabled={away || pending.has(a.id)}
								onClick={() => act(verb, [a], [name])}
							>
								{text(verb, a.kind)}
							</Button>
						))}
					</div>
				</div>
			))}
			{alerts.length === 0 && (
				<div class="pupil__does">
					<Button
						disabled={still}
						onClick={() => actOn("was_present", name, { command: "mark_present", ...about })}
					>
						{w.markedPresent}
					</Button>
					<Button disabled={still} onClick={() => actOn("excused", name, { command: "mark_excused", ...about })}>
						{w.markedExcused}
					</Button>
				</div>
			)}
		</>
	);
}

/** Anything of this user's that was answered since: what the register says of the pupil may have changed. */
function changesOf(model: Model, id: string): string {
	const answered = model.acts.flatMap((a) => a.asks).filter((a) => a.status === "done").length;
	const alerts = [...model.state.alerts.values()].filter(({ value }) => value.pupil?.id === id);
	return [model.state.round, answered, ...alerts.map(({ value }) => `${value.id}:${value.revision}`)].join(" ");
}

export function PupilView({ model, id }: { readonly model: Model; readonly id: string }) {
	const { w } = useWords();
	const { state } = model;
	const today = dayOf(schoolMs(state, nowMs()), state.offsetMin);
	const current = schoolYearOf(today);
	const [year, setYear] = useState(current);
	const loaded = usePupil(id, year, changesOf(model, id));
	const pupil = model.pupils.rows.find((row) => row.pupil.id === id)?.pupil;
	const reply = loaded.status === "here" ? loaded.reply : null;
	const who = reply?.pupil ?? pupil;
	const name = who ? fullName(who) : id;
	const halfDays = reply?.halfDays ?? [];
	const sum = sumOf(halfDays);
	const away = isAway(state);
	const half = halfOf(state, clockText(schoolMs(state, nowMs()), state.offsetMin));
	return (
		<div class="pupil">
			<div class="view__head">
				<a class="button button--quiet" href="#/find" aria-label={w.back}>
					<Sign name="back" />
				</a>
				<h1 class="view__title">
					<Name>{name}</Name>
				</h1>
				<span class="tag">{who?.left ? w.left : <Name>{who?.class ?? "–"}</Name>}</span>
				<Button kind="quiet" sign="print" extra="now__print" onClick={() => window.print()}>
					{w.print}
				</Button>
			</div>
			<div class="pupil__columns">
				<section class="card pupil__part pupil__part--today" aria-label={w.today}>
					<h2>{w.todayFor(half === "am" ? w.voormiddag : w.namiddag)}</h2>
					<Today id={id} name={name} model={model} away={away || (who?.left ?? false)} today={today} />
				</section>
				<section class="card pupil__part pupil__part--year" aria-label={w.yearAt}>
					<div class="pupil__year">
						<Button kind="quiet" sign="back" label={w.yearBefore} onClick={() => setYear(year - 1)}>
							<span class="unseen">{w.yearBefore}</span>
						</Button>
						<h2>{w.pupilYear(`${year}–${year + 1}`)}</h2>
						<Button
							kind="quiet"
							sign="next"
							label={w.yearAfter}
							disabled={year >= current}
							onClick={() => setYear(year + 1)}
						>
							<span class="unseen">{w.yearAfter}</span>
						</Button>
					</div>
					{loaded.status === "failed" && <p role="alert">{w.pupilFailed}</p>}
					{loaded.status === "loading" && <p class="pupil__none">{w.loading}</p>}
					{reply && (
						<>
							<Year year={year} halfDays={halfDays} />
							<p class="pupil__sum">{w.yearSummary(sum.present, sum.late, sum.absent, sum.excused)}</p>
						</>
					)}
				</section>
				{reply && (
					<>
						<section class="card pupil__part" aria-label={w.notPresent}>
							<h2>{w.notPresent}</h2>
							<Different halfDays={halfDays} />
							<h2>{w.lateness}</h2>
							<p class="pupil__none">
								{sum.late > 0 ? w.latenessSum(sum.late, sum.lateMinutes) : w.latenessNone}
							</p>
						</section>
						<section class="card pupil__part" aria-label={w.contacts}>
							<h2>{w.contacts}</h2>
							<Contacts reply={reply} />
						</section>
						<section class="card pupil__part pupil__part--cards" aria-label={w.cardsOfPupil}>
							<h2>{w.cardsOfPupil}</h2>
							<Cards id={id} name={name} cards={reply.cards ?? []} state={state} today={today} away={away} />
						</section>
					</>
				)}
			</div>
		</div>
	);
}
