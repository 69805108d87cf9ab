// SPDX-License-Identifier: EUPL-1.2
import { isAway, type State } from "../model/state";
import { ageText, clockText } from "../words/words";
import { Sign, useNow, useWords } from "./kit";
import "./Bars.css";

/** Gates and register speak every 20 s: so long without a word, and something is wrong. */
const QUIET_MS = 70000;
const TICK_MS = 5000;

/** What makes the page less than the truth, said above everything else. */
export function Bars({ state }: { readonly state: State }) {
	const { w } = useWords();
	const now = useNow(TICK_MS);
	const { link, register, lastMessageMs } = state;
	const away = isAway(state);
	const quiet = !away && lastMessageMs !== null && now - lastMessageMs > QUIET_MS;
	return (
		<div class="bars">
			<div role="alert">
				{away && (
					<div class="bars__bar bars__bar--alarm">
						<Sign name="away" />
						<p class="bars__text">
							<strong>{w.lost(clockText((link.oldMs ?? link.sinceMs) + state.aheadMs, state.offsetMin))}</strong>
							<span>{w.lostHint}</span>
						</p>
					</div>
				)}
				{quiet && (
					<div class="bars__bar bars__bar--warn">
						<Sign name="warn" />
						<p class="bars__text">{w.quiet(ageText(now - lastMessageMs, w))}</p>
					</div>
				)}
				{!away && link.settled && state.care !== false && register !== null && register.state !== "online" && (
					<div class="bars__bar bars__bar--warn">
						<Sign name="warn" />
						<p class="bars__text">{w.registerAway}</p>
					</div>
				)}
			</div>
		</div>
	);
}
