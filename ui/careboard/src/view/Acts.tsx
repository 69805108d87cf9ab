// SPDX-License-Identifier: EUPL-1.2
/** What this user just did: what became of it, and how to take it back within a minute. */
import { useState } from "preact/hooks";

import { isPending, mayUndo, UNDO_MS, type Act, type Ask, type Verb } from "../model/acts";
import type { AlertState, Outcome, Standing } from "../model/types";
import { again, dismiss, undo } from "../session";
import type { Words } from "../words/words";
import { Button, Name, Sign, useNow, useWords } from "./kit";
import "./Acts.css";

const TICK_MS = 1000;
const SHOWN_MAX = 3;
/** A line that needs nothing more goes by itself; one that was refused stays until it is closed. */
const LINGER_MS = 6000;

export function didText(verb: Verb, w: Words): string {
	switch (verb) {
		case "acknowledge":
			return w.didAcknowledge;
		case "release":
			return w.didRelease;
		case "reached":
			return w.didReached;
		case "not_reached":
			return w.didNotReached;
		case "was_present":
			return w.didWasPresent;
		case "excused":
			return w.didExcused;
		case "other":
			return w.didOther;
		case "link_card":
			return w.didLink;
		case "day_card":
			return w.didDayCard;
		case "block_card":
			return w.didBlock;
		case "undo":
			return w.didUndo;
		default: {
			const never: never = verb;
			return never;
		}
	}
}

export function outcomeText(what: Outcome, w: Words): string {
	const texts: Readonly<Record<Outcome, string>> = {
		arrived: w.whatArrived,
		was_present: w.whatWasPresent,
		excused: w.whatExcused,
		reached: w.whatReached,
		not_reached: w.whatNotReached,
		gate_back: w.whatGateBack,
		card_linked: w.whatCardLinked,
		half_day_over: w.whatHalfDayOver,
		superseded: w.whatSuperseded,
		other: w.whatOther,
	};
	return texts[what];
}

export function alertStateText(state: AlertState, w: Words): string {
	const texts: Readonly<Record<AlertState, string>> = {
		open: w.stateOpen,
		acknowledged: w.stateAcknowledged,
		resolved: w.stateResolved,
		retracted: w.stateRetracted,
	};
	return texts[state];
}

function standingText(now: Standing, w: Words): string {
	const state = now.what ? outcomeText(now.what, w) : alertStateText(now.state, w);
	return now.by ? w.nowStands(state, now.by, now.at.clock) : w.nowStandsAlone(state, now.at.clock);
}

function whoOf(act: Act, w: Words): string {
	return act.about.length === 1 ? (act.about[0] ?? "") : w.manyPupils(act.about.length);
}

/** Of a refusal: whom it is about, and why. */
function refusalText(act: Act, ask: Ask, w: Words): string {
	const who = act.about[act.asks.indexOf(ask)] ?? whoOf(act, w);
	if (ask.status === "silent") return w.silent(who);
	const error = ask.reply?.error;
	switch (error) {
		case "stale":
			return w.stale(who);
		case "not_allowed":
			return w.notAllowed(who);
		case "not_found":
			return w.notFound(who);
		case "invalid":
			return w.invalid(who);
		case "failed":
		case undefined:
			return w.failed(who);
		default: {
			const never: never = error;
			return never;
		}
	}
}

function Refusals({ act }: { readonly act: Act }) {
	const { w } = useWords();
	const wrong = act.asks.filter((ask) => ask.status === "refused" || ask.status === "silent");
	return (
		<ul class="acts__wrong">
			{wrong.map((ask) => (
				<li key={ask.request}>
					<Name>{refusalText(act, ask, w)}</Name>
					{ask.reply?.now && <span class="acts__standing">{standingText(ask.reply.now, w)}</span>}
					{ask.reply?.now?.note && (
						<q class="acts__note">
							<Name>{ask.reply.now.note}</Name>
						</q>
					)}
				</li>
			))}
		</ul>
	);
}

function Line({ act, undoable, now }: { readonly act: Act; readonly undoable: boolean; readonly now: number }) {
	const { w } = useWords();
	const wrong = act.asks.some((ask) => ask.status === "refused" || ask.status === "silent");
	const silent = act.asks.some((ask) => ask.status === "silent");
	const good = act.asks.filter((ask) => ask.status === "done").length;
	const who = wrong && good > 0 && act.asks.length > 1 ? w.manyPupils(good) : whoOf(act, w);
	const text = w.actLine(who, didText(act.verb, w));
	const left = Math.max(0, Math.ceil((act.atMs + UNDO_MS - Math.max(now, act.atMs)) / 1000));
	return (
		<li class={`acts__line card moves ${wrong ? "acts__line--wrong" : ""}`}>
			<Sign name={wrong ? "warn" : "check"} />
			<div class="acts__told">
				{isPending(act) && (
					<p class="acts__text">
						<Name>{text}</Name> <em>{w.sending}</em>
					</p>
				)}
				{!isPending(act) && good > 0 && (
					<p class="acts__text">
						<Name>{text}</Name>
					</p>
				)}
				{wrong && <Refusals act={act} />}
			</div>
			{silent && <Button onClick={() => again(act)}>{w.retry}</Button>}
			{undoable && (
				<>
					{/* Seconds that go by aren't said aloud each. */}
					<span class="acts__left" aria-live="off">{w.undoLeft(left)}</span>
					<Button kind="main" label={w.undoOf(text)} onClick={() => undo(act)}>
						{w.undo}
					</Button>
				</>
			)}
			<Button kind="quiet" sign="cross" label={`${w.close}: ${text}`} onClick={() => dismiss(act.id)}>
				<span class="unseen">{w.close}</span>
			</Button>
		</li>
	);
}

function isShown(act: Act, acts: readonly Act[], now: number): boolean {
	if (act.undone) return false;
	if (isPending(act) || mayUndo(act, acts, now)) return true;
	if (act.asks.some((ask) => ask.status === "refused" || ask.status === "silent")) return true;
	return now < act.atMs + LINGER_MS;
}

export function Acts({ acts }: { readonly acts: readonly Act[] }) {
	const { w } = useWords();
	const now = useNow(TICK_MS);
	const [all, setAll] = useState(false);
	const shown = acts.filter((act) => isShown(act, acts, Math.max(now, act.atMs))).reverse();
	const lines = all ? shown : shown.slice(0, SHOWN_MAX);
	return (
		<section class="acts" aria-label={w.recent} aria-live="polite">
			<ul class="acts__lines">
				{lines.map((act) => (
					<Line key={act.id} act={act} undoable={mayUndo(act, acts, now)} now={now} />
				))}
			</ul>
			{shown.length > SHOWN_MAX && (
				<Button kind="plain" extra="acts__more" onClick={() => setAll(!all)}>
					{all ? w.less : w.andMore(shown.length - SHOWN_MAX)}
				</Button>
			)}
		</section>
	);
}
