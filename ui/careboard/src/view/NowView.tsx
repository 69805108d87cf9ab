// SPDX-License-Identifier: EUPL-1.2
/** The view that stays open from 8 to 10: whom to call, in order. */
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { nowMs } from "../clock";
import { pendingAlerts, type Verb } from "../model/acts";
import { callsOf, classesOf, classOf, halfOf, nameOf, ofKind, totalOf, type Section } from "../model/order";
import { isAway, schoolMs, todayOf, type State } from "../model/state";
import type { Alert, ClassCounts, Counts, Day, Half } from "../model/types";
import { act, type Model } from "../session";
import { clockText, dateText, numberText } from "../words/words";
import { AlertRow, useVerbText, type RowDoes } from "./AlertRow";
import { Button, Empty, Name, Sign, useNow, useWords } from "./kit";
import "./NowView.css";

const MINUTE_MS = 30000;
const COLUMNS = ["present", "late", "absent", "unconfirmed", "excused", "awaited"] as const;
const FIGURES = ["expected", "present", "late", "absent", "unconfirmed", "excused", "awaited"] as const;

function Silent({ alerts }: { readonly alerts: readonly Alert[] }) {
	const { w } = useWords();
	if (alerts.length === 0) return null;
	return (
		<ul class="now__silent">
			{alerts.map((a) => (
				<li key={a.id}>
					<Sign name="warn" />
					<span>
						<strong>{w.gateSilent(a.gate ?? "", a.raisedAt.clock)}</strong> {w.gateSilentHint}
					</span>
				</li>
			))}
		</ul>
	);
}

function Figures({ total }: { readonly total: Counts }) {
	const { w, language } = useWords();
	return (
		<dl class="now__figures card" aria-label={w.counts}>
			{FIGURES.map((key) => (
				<div class={`now__figure now__figure--${key}`} key={key}>
					<dt>{w[key]}</dt>
					<dd>{numberText(total[key], language)}</dd>
				</div>
			))}
		</dl>
	);
}

interface ClassesProps {
	readonly classes: readonly ClassCounts[];
	readonly only: string | null;
	readonly show: (name: string | null) => void;
}

function Classes({ classes, only, show }: ClassesProps) {
	const { w } = useWords();
	// A column of nothing but zeros takes the room of the others.
	const columns = COLUMNS.filter((c) => c === "present" || c === "absent" || classes.some((one) => one[c] > 0));
	return (
		<div class="now__classes">
			<table>
				<caption class="unseen">{w.perClass}</caption>
				<thead>
					<tr>
						<th scope="col">{w.class}</th>
						{columns.map((c) => (
							<th scope="col" key={c}>
								{w[c]}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{classes.map((c) => (
						<tr key={c.class} class={only === c.class ? "now__class--only" : undefined}>
							<th scope="row">
								<button
									type="button"
									class="now__class"
									aria-pressed={only === c.class}
									aria-label={w.showClass(c.class)}
									onClick={() => show(only === c.class ? null : c.class)}
								>
									<Name>{c.class}</Name>
								</button>
							</th>
							{columns.map((column) => (
								<td key={column} class={c[column] ? undefined : "now__zero"}>
									{c[column]}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

interface SelectionProps {
	readonly alerts: readonly Alert[];
	readonly away: boolean;
	readonly clear: () => void;
}

/** Several at once: each is asked for by itself, and each may be refused by itself. */
function Selection({ alerts, away, clear }: SelectionProps) {
	const { w } = useWords();
	const text = useVerbText();
	const does = (verb: Verb) => {
		act(verb, alerts, alerts.map(nameOf));
		clear();
	};
	const open = alerts.every((a) => !a.acknowledged);
	return (
		<div class="now__selection card moves" role="group" aria-label={w.selected(alerts.length)}>
			<strong class="now__selected">{w.selected(alerts.length)}</strong>
			{open && (
				<Button kind="main" sign="check" disabled={away} onClick={() => does("acknowledge")}>
					{w.takeAll}
				</Button>
			)}
			{(["reached", "not_reached", "was_present", "excused"] as const).map((verb) => (
				<Button key={verb} disabled={away} onClick={() => does(verb)}>
					{text(verb, null)}
				</Button>
			))}
			<Button kind="quiet" sign="cross" label={w.clearSelection} onClick={clear}>
				<span class="unseen">{w.clearSelection}</span>
			</Button>
		</div>
	);
}

function sectionText(section: Section, w: ReturnType<typeof useWords>["w"]): string {
	switch (section) {
		case "mine":
			return w.sectionMine;
		case "classes":
			return w.sectionClasses;
		case "absent":
			return w.sectionAbsent;
		case "unconfirmed":
			return w.sectionUnconfirmed;
		case "others":
			return w.sectionOthers;
		case "late":
			return w.sectionLate;
		default: {
			const never: never = section;
			return never;
		}
	}
}

/** Up and down go from row to row, to the same kind of thing in it. */
function moveByArrow(e: KeyboardEvent) {
	if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
	if (!(e.target instanceof HTMLElement) || e.target instanceof HTMLInputElement) return;
	const list = e.currentTarget instanceof HTMLElement ? e.currentTarget : null;
	const rows = [...(list?.querySelectorAll<HTMLElement>("[data-alert]") ?? [])];
	const at = rows.findIndex((row) => row.contains(document.activeElement));
	const next = rows[at + (e.key === "ArrowDown" ? 1 : -1)];
	if (at < 0 || !next) return;
	e.preventDefault();
	const alike = [".alert-row__first", ".alert-row__more", "a"].find((c) => document.activeElement?.matches(c));
	(next.querySelector<HTMLElement>(alike ?? "button") ?? next.querySelector<HTMLElement>("button"))?.focus();
}

/**
 * A row that was acted on goes elsewhere, or away: focus follows it, or stays with its neighbour, so that a keyboard needs
 * not begin at the top again.
 */
function useKeepFocus() {
	const list = useRef<HTMLDivElement>(null);
	const last = useRef<{ ids: readonly string[]; at: number } | null>(null);
	const remember = () => {
		const focus = document.activeElement;
		// With 500 rows there is much to look through, and most of the time nobody is in there.
		if (!focus || !list.current?.contains(focus)) return void (last.current = null);
		const rows = [...list.current.querySelectorAll<HTMLElement>("[data-alert]")];
		const at = rows.findIndex((row) => row.contains(focus));
		last.current = at < 0 ? null : { ids: rows.map((row) => row.dataset["alert"] ?? ""), at };
	};
	useLayoutEffect(() => {
		const had = last.current;
		if (!had || (document.activeElement && document.activeElement !== document.body)) return remember();
		const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-alert]") ?? [])];
		const byId = new Map(rows.map((row) => [row.dataset["alert"] ?? "", row]));
		const order = [...had.ids.slice(had.at), ...had.ids.slice(0, had.at).reverse()];
		const row = order.map((id) => byId.get(id)).find((found) => found !== undefined);
		// While its answer is awaited a row has its name alone.
		(row?.querySelector<HTMLElement>("button:not(:disabled)") ?? row?.querySelector<HTMLElement>("a, input"))?.focus();
		remember();
	});
	return { list, remember };
}

function useSelection(state: State) {
	const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
	const alerts = useMemo(
		() => [...chosen].flatMap((id) => state.alerts.get(id)?.value ?? []),
		[chosen, state.alerts],
	);
	const select = useCallback(
		(ids: readonly string[], on: boolean) =>
			setChosen((had) => {
				const next = new Set(had);
				for (const id of ids) if (on) next.add(id);
				else next.delete(id);
				return next;
			}),
		[],
	);
	return { chosen, alerts, select, clear: () => setChosen(new Set()) };
}

interface DayChoiceProps {
	readonly day: Day | null;
	readonly half: Half;
	readonly choose: (half: Half) => void;
	readonly state: State;
}

function Head({ day, half, choose, state }: DayChoiceProps) {
	const { w, language } = useWords();
	const now = useNow(MINUTE_MS);
	return (
		<div class="view__head">
			<h1 class="view__title">{day ? dateText(day.date, language) : w.now}</h1>
			{day && (
				<div class="now__halves" role="group" aria-label={w.halfDay}>
					<Button kind="quiet" pressed={half === "am"} onClick={() => choose("am")}>
						{w.voormiddag}
					</Button>
					<Button kind="quiet" pressed={half === "pm"} onClick={() => choose("pm")}>
						{w.namiddag}
					</Button>
				</div>
			)}
			<p class="now__printed">{w.printed(clockText(schoolMs(state, now), state.offsetMin))}</p>
			<Button kind="quiet" sign="print" extra="now__print" onClick={() => window.print()}>
				{w.print}
			</Button>
		</div>
	);
}

interface ListProps {
	readonly model: Model;
	readonly only: string | null;
	readonly show: (name: string | null) => void;
	readonly today: string | null;
}

function List({ model, only, show, today }: ListProps) {
	const { w } = useWords();
	const { state, acts } = model;
	const [open, setOpen] = useState<string | null>(null);
	const { chosen, alerts: selected, select, clear } = useSelection(state);
	const calls = useMemo(() => callsOf(state, only), [state.alerts, state.user, only]);
	// Of those alone that stand here: nobody acts on a pupil who is out of sight.
	const here = useMemo(() => new Set(calls.sections.flatMap(({ alerts }) => alerts.map((a) => a.id))), [calls]);
	const picked = selected.filter((a) => here.has(a.id));
	const pending = useMemo(() => pendingAlerts(acts), [acts]);
	const { list, remember } = useKeepFocus();
	const does = useMemo<RowDoes>(
		() => ({
			act: (verb, alert, note) => {
				act(verb, [alert], [nameOf(alert)], note);
				setOpen(null);
			},
			open: setOpen,
			select: (id, on) => select([id], on),
		}),
		[select],
	);
	const away = isAway(state);
	return (
		<div class="now__calls" ref={list} onKeyDown={moveByArrow} onFocusCapture={remember}>
			<div class="now__calls-head">
				<h2 class="now__title">{w.calls}</h2>
				{calls.waiting > 0 && <span class="tag">{w.waiting(calls.waiting)}</span>}
				{only !== null && (
					<Button sign="cross" onClick={() => show(null)}>
						<Name>{only}</Name>
						<span class="unseen">{w.allClasses}</span>
					</Button>
				)}
			</div>
			{calls.sections.length === 0 && (
				<div class="card">
					<Empty sign="check" title={w.nothing} hint={w.nothingHint} />
				</div>
			)}
			{calls.sections.map(({ section, alerts }) => {
				const title = sectionText(section, w);
				const ids = alerts.map((a) => a.id);
				return (
					<section class={`now__section now__section--${section} card`} key={section} aria-label={title}>
						<h3 class="now__section-title">
							<label class="now__all">
								<input
									type="checkbox"
									aria-label={w.selectAll(title)}
									checked={ids.every((id) => chosen.has(id))}
									onChange={(e) => select(ids, e.currentTarget.checked)}
								/>
							</label>
							<span>{title}</span>
							<span class="now__number">{alerts.length}</span>
						</h3>
						<ul class="now__rows">
							{alerts.map((a) => (
								<AlertRow
									key={a.id}
									alert={a}
									user={state.user}
									today={today}
									open={open === a.id}
									selected={chosen.has(a.id)}
									pending={pending.has(a.id)}
									away={away}
									does={does}
								/>
							))}
						</ul>
					</section>
				);
			})}
			{picked.length > 0 && <Selection alerts={picked} away={away} clear={clear} />}
		</div>
	);
}

export function NowView({ model }: { readonly model: Model }) {
	const { w } = useWords();
	const { state } = model;
	const now = useNow(MINUTE_MS);
	const [chosenHalf, setChosenHalf] = useState<Half | null>(null);
	const [only, setOnly] = useState<string | null>(null);
	const [wide, setWide] = useState(false);
	const clock = clockText(schoolMs(state, now || nowMs()), state.offsetMin);
	const half = chosenHalf ?? halfOf(state, clock);
	const day = [...state.days.values()].map((d) => d.value).reduce<Day | null>((best, d) => {
		if (d.half !== half) return best;
		return best && best.date > d.date ? best : d;
	}, null);
	const classes = classesOf(day);
	useLayoutEffect(() => {
		const media = window.matchMedia("(min-width: 64rem)");
		const follow = () => setWide(media.matches);
		follow();
		media.addEventListener("change", follow);
		return () => media.removeEventListener("change", follow);
	}, []);
	const silent = useMemo(
		() => ofKind(state, "gate_silent").filter((a) => only === null || classOf(a) === "" || classOf(a) === only),
		[state.alerts, only],
	);
	return (
		<div class="now">
			<Silent alerts={silent} />
			<Head day={day} half={half} choose={setChosenHalf} state={state} />
			<Figures total={totalOf(day?.classes ?? [])} />
			<div class="now__columns">
				<List model={model} only={only} show={setOnly} today={todayOf(state, now || nowMs())} />
				{classes.length > 0 && (
					<aside class="now__side" aria-label={w.perClass}>
						{wide ? (
							<section class="card">
								<h2 class="now__title now__title--side">{w.perClass}</h2>
								<Classes classes={classes} only={only} show={setOnly} />
							</section>
						) : (
							<details class="card">
								<summary class="now__title now__title--side">{w.perClass}</summary>
								<Classes classes={classes} only={only} show={setOnly} />
							</details>
						)}
					</aside>
				)}
			</div>
		</div>
	);
}
