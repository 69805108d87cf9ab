// SPDX-License-Identifier: EUPL-1.2
/** Who asked for a talk at the gate. Quietly: no number of anything, nothing about attendance. */
import { useMemo, useState } from "preact/hooks";

import { nowMs } from "../clock";
import { pendingAlerts } from "../model/acts";
import { nameOf, ofKind } from "../model/order";
import { isAway, todayOf } from "../model/state";
import { act, type Model } from "../session";
import { AlertRow, type RowDoes } from "./AlertRow";
import { Empty, useWords } from "./kit";
import "./TalkView.css";

export function TalkView({ model }: { readonly model: Model }) {
	const { w } = useWords();
	const { state } = model;
	const [open, setOpen] = useState<string | null>(null);
	const alerts = ofKind(state, "talk");
	const today = todayOf(state, nowMs());
	const pending = useMemo(() => pendingAlerts(model.acts), [model.acts]);
	const does = useMemo<RowDoes>(
		() => ({
			act: (verb, alert, note) => {
				act(verb, [alert], [nameOf(alert)], note);
				setOpen(null);
			},
			open: setOpen,
			select: () => undefined,
		}),
		[],
	);
	return (
		<div class="talk">
			<div class="view__head">
				<h1 class="view__title">{w.talkTitle}</h1>
				<p class="view__hint">{w.talkHint}</p>
			</div>
			<div class="card">
				{alerts.length === 0 && <Empty sign="talk" title={w.talkEmpty} hint={w.talkEmptyHint} />}
				<ul class="now__rows">
					{alerts.map((a) => (
						<AlertRow
							key={a.id}
							alert={a}
							user={state.user}
							today={today}
							open={open === a.id}
							selected={false}
							pending={pending.has(a.id)}
							away={isAway(state)}
							does={does}
						/>
					))}
				</ul>
			</div>
		</div>
	);
}
