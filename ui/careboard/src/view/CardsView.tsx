// SPDX-License-Identifier: EUPL-1.2
/** The inbox of unknown cards: touch the card, touch the pupil. */
import { useMemo, useState } from "preact/hooks";

import { pendingAlerts } from "../model/acts";
import { byCall, classOf, nameOf, ofKind } from "../model/order";
import { fullName } from "../model/search";
import { isAway, type State } from "../model/state";
import type { Alert } from "../model/types";
import { act, actOn, type Model } from "../session";
import { Button, Empty, Name, Sign, useWords } from "./kit";
import { PupilPicker } from "./PupilPicker";
import "./CardsView.css";

const SHORT = 8;
const SUGGESTED_MAX = 6;

/** Who is missing while an unknown card was held to a gate may be its owner. */
function suggested(state: State): readonly Alert[] {
	return [...state.alerts.values()]
		.map(({ value }) => value)
		.filter((a) => a.kind === "absent" && a.pupil)
		.sort(byCall)
		.slice(0, SUGGESTED_MAX);
}

interface LinkProps {
	readonly alert: Alert;
	readonly model: Model;
	readonly away: boolean;
	readonly done: () => void;
}

function LinkTo({ alert, model, away, done }: LinkProps) {
	const { w } = useWords();
	const [today, setToday] = useState(false);
	const link = (pupil: string, name: string) => {
		const verb = today ? "day_card" : "link_card";
		actOn(verb, name, { command: verb, alert: alert.id, pupil });
		done();
	};
	const near = suggested(model.state);
	return (
		<div class="cards__link moves">
			<div class="cards__for" role="group" aria-label={w.linkTo}>
				<Button kind="quiet" pressed={!today} onClick={() => setToday(false)}>
					{w.linkForGood}
				</Button>
				<Button kind="quiet" pressed={today} onClick={() => setToday(true)}>
					{w.linkForToday}
				</Button>
			</div>
			{near.length > 0 && (
				<div>
					<p class="cards__near-title">{w.suggestions}</p>
					<div class="cards__near">
						{near.map((a) => (
							<Button key={a.id} disabled={away} onClick={() => link(a.pupil?.id ?? "", nameOf(a))}>
								<Name>{nameOf(a)}</Name> <span class="cards__class">{classOf(a)}</span>
							</Button>
						))}
					</div>
				</div>
			)}
			<PupilPicker
				pupils={model.pupils}
				here
				each={(pupil, content) => (
					<button
						type="button"
						class="picker__row"
						disabled={away}
						onClick={() => link(pupil.id, fullName(pupil))}
					>
						{content}
					</button>
				)}
			/>
		</div>
	);
}

export function CardsView({ model }: { readonly model: Model }) {
	const { w } = useWords();
	const { state } = model;
	const [open, setOpen] = useState<string | null>(null);
	const alerts = ofKind(state, "unknown_card");
	const pending = useMemo(() => pendingAlerts(model.acts), [model.acts]);
	const away = isAway(state);
	return (
		<div class="cards">
			<div class="view__head">
				<h1 class="view__title">{w.cardsTitle}</h1>
				<p class="view__hint">{w.cardsHint}</p>
			</div>
			{alerts.length === 0 && (
				<div class="card">
					<Empty sign="cards" title={w.cardsEmpty} hint={w.cardsEmptyHint} />
				</div>
			)}
			<ul class="cards__list">
				{alerts.map((a) => {
					const hash = (a.card ?? a.id).slice(0, SHORT);
					return (
						<li class="cards__item card" key={a.id} data-alert={a.id}>
							<div class="cards__head">
								<Sign name="cards" />
								<p class="cards__what">
									<strong>{w.cardNo(hash)}</strong>
									<span class="cards__where">{w.cardAt(a.gate ?? "", a.raisedAt.clock)}</span>
								</p>
								{pending.has(a.id) ? (
									<em>{w.sending}</em>
								) : (
									<>
										<Button
											kind="main"
											expanded={open === a.id}
											disabled={away}
											label={`${w.linkTo}: ${w.cardNo(hash)}`}
											onClick={() => setOpen(open === a.id ? null : a.id)}
										>
											{w.linkTo}
										</Button>
										<Button
											disabled={away}
											label={`${w.notOurs}: ${hash}`}
											onClick={() => act("other", [a], [w.cardNo(hash)])}
										>
											{w.notOurs}
										</Button>
									</>
								)}
							</div>
							{open === a.id && <LinkTo alert={a} model={model} away={away} done={() => setOpen(null)} />}
						</li>
					);
				})}
			</ul>
		</div>
	);
}
