// SPDX-License-Identifier: EUPL-1.2
/** One alert about a pupil or a class: who, since when, who has it, and what to do about it in two touches. */
import { useState } from "preact/hooks";

import type { Verb } from "../model/acts";
import { nameOf } from "../model/order";
import type { Alert } from "../model/types";
import { dateText } from "../words/words";
import { Button, memo, Name, Sign, useWords, type SignName } from "./kit";
import "./AlertRow.css";

export interface RowDoes {
	readonly act: (verb: Verb, alert: Alert, note: string) => void;
	readonly open: (id: string | null) => void;
	readonly select: (id: string, on: boolean) => void;
}

export interface AlertRowProps {
	readonly alert: Alert;
	readonly user: string;
	/** YYYY-MM-DD at the school; null: not known. */
	readonly today: string | null;
	readonly open: boolean;
	readonly selected: boolean;
	/** An answer is awaited. */
	readonly pending: boolean;
	/** There is no connection: nothing can be asked. */
	readonly away: boolean;
	readonly does: RowDoes;
}

function signOf(a: Alert): SignName {
	if (a.kind === "class_missing") return "group";
	if (a.kind === "late") return "late";
	if (a.kind === "talk") return "talk";
	return a.certain ? "phone" : "question";
}

function Story({ alert: a, user, today }: Pick<AlertRowProps, "alert" | "user" | "today">) {
	const { w, language } = useWords();
	// A talk stays until somebody has had it; the rest is of today, or of a register that stood still.
	const { date } = a.kind === "talk" ? a.raisedAt : a;
	const since = (a.expectedAt ?? a.raisedAt).clock;
	let told = w.noTap(since);
	if (a.kind === "class_missing") told = w.missingOf(a.missing ?? 0, a.expected ?? 0);
	else if (a.kind === "late") told = w.cameLate((a.arrivedAt ?? a.raisedAt).clock, a.minutesLate ?? 0);
	else if (a.kind === "talk") told = w.talkAsked(a.raisedAt.clock);
	return (
		<span class="alert-row__story">
			<span>{told}</span>
			{today !== null && date !== today && (
				<span class={a.kind === "talk" ? "tag" : "tag tag--warn"}>{dateText(date, language, "short")}</span>
			)}
			{a.kind === "absent" && !a.certain && (
				<span class="tag tag--warn">
					<Sign name="question" />
					{w.uncertain}
				</span>
			)}
			{a.acknowledged && (
				<span class="tag tag--good">
					<Sign name="person" />
					{a.acknowledged.by === user ? (
						w.youHaveIt(a.acknowledged.at.clock)
					) : (
						<Name>{w.hasIt(a.acknowledged.by, a.acknowledged.at.clock)}</Name>
					)}
				</span>
			)}
		</span>
	);
}

/** What may be said of this kind, in the order in which it is said most. */
export function verbsOf(kind: Alert["kind"]): readonly Verb[] {
	if (kind === "talk") return ["reached", "not_reached", "other"];
	if (kind === "late") return ["was_present", "excused", "reached", "other"];
	return ["reached", "not_reached", "was_present", "excused", "other"];
}

export function useVerbText(): (verb: Verb, kind: Alert["kind"] | null) => string {
	const { w } = useWords();
	return (verb, kind) => {
		switch (verb) {
			case "acknowledge":
				return w.take;
			case "release":
				return w.release;
			case "reached":
				return kind === "talk" ? w.talked : w.reached;
			case "not_reached":
				return w.notReached;
			case "was_present":
				return w.wasPresent;
			case "excused":
				return w.setExcused;
			case "other":
				return w.other;
			default:
				return verb;
		}
	};
}

function Panel({ alert, user, away, does }: AlertRowProps) {
	const { w } = useWords();
	const [note, setNote] = useState("");
	const text = useVerbText();
	const mine = alert.acknowledged?.by === user;
	return (
		<div class="alert-row__panel moves">
			<label class="field">
				{w.note}
				<span class="field__hint">{w.noteHint}</span>
				<input
					class="field__input"
					name="note"
					maxLength={200}
					autocomplete="off"
					value={note}
					onInput={(e) => setNote(e.currentTarget.value)}
				/>
			</label>
			<div class="alert-row__verbs">
				{verbsOf(alert.kind).map((verb) => (
					<Button key={verb} disabled={away} onClick={() => does.act(verb, alert, note.trim())}>
						{text(verb, alert.kind)}
					</Button>
				))}
				{mine && (
					<Button kind="quiet" disabled={away} onClick={() => does.act("release", alert, "")}>
						{w.release}
					</Button>
				)}
			</div>
		</div>
	);
}

function Main(props: AlertRowProps) {
	const { alert: a, user, away, pending, open, does } = props;
	const { w } = useWords();
	const text = useVerbText();
	const name = nameOf(a);
	const mine = a.acknowledged?.by === user;
	// Who has it says next how the call went: the first answers stand there without another touch.
	const quick = mine ? verbsOf(a.kind).slice(0, 2) : [];
	return (
		<div class="alert-row__does">
			{pending && <span class="alert-row__pending">{w.sending}</span>}
			{!pending && !a.acknowledged && a.kind !== "late" && (
				<Button
					kind="main"
					sign="check"
					disabled={away}
					label={`${w.take}: ${name}`}
					extra="alert-row__first"
					onClick={() => does.act("acknowledge", a, "")}
				>
					{w.take}
				</Button>
			)}
			{!pending &&
				!open &&
				quick.map((verb) => (
					<Button
						key={verb}
						disabled={away}
						label={`${text(verb, a.kind)}: ${name}`}
						onClick={() => does.act(verb, a, "")}
					>
						{text(verb, a.kind)}
					</Button>
				))}
			<Button
				kind="plain"
				expanded={open}
				disabled={pending}
				label={`${mine ? w.more : w.handle}: ${name}`}
				extra="alert-row__more"
				onClick={() => does.open(open ? null : a.id)}
			>
				{mine ? w.more : w.handle}
				<Sign name="down" />
			</Button>
		</div>
	);
}

function Row(props: AlertRowProps) {
	const { alert: a, user, today, selected, pending, open, does } = props;
	const { w } = useWords();
	const name = nameOf(a);
	return (
		<li class={`alert-row ${open ? "alert-row--open" : ""}`} data-alert={a.id} aria-busy={pending}>
			<label class="alert-row__select">
				<input
					type="checkbox"
					checked={selected}
					aria-label={w.select(name)}
					onChange={(e) => does.select(a.id, e.currentTarget.checked)}
				/>
			</label>
			<span class={`alert-row__sign alert-row__sign--${a.kind}`}>
				<Sign name={signOf(a)} />
			</span>
			<p class="alert-row__who">
				{a.pupil ? (
					<a class="alert-row__name" href={`#/pupil/${a.pupil.id}`}>
						<Name>{name}</Name>
					</a>
				) : (
					<span class="alert-row__name">
						<Name>{name}</Name>
					</span>
				)}
				{a.pupil?.class && (
					<span class="alert-row__class">
						<Name>{a.pupil.class}</Name>
					</span>
				)}
				<Story alert={a} user={user} today={today} />
			</p>
			<Main {...props} />
			{open && <Panel {...props} />}
		</li>
	);
}

export const AlertRow = memo(Row);
