// SPDX-License-Identifier: EUPL-1.2
import { useState } from "preact/hooks";

import { allowNotices, playTone } from "../attention";
import { isAway, type State } from "../model/state";
import { signOut, type Model } from "../session";
import type { ChangeSettings, Settings } from "../settings";
import { ageText, LANGUAGE_NAMES, LANGUAGES } from "../words/words";
import { Button, Sign, useNow, useWords } from "./kit";
import "./Top.css";

interface Props {
	readonly model: Model;
	readonly settings: Settings;
	readonly setSettings: ChangeSettings;
}

const TICK_MS = 1000;

function Heard({ state }: { readonly state: State }) {
	const { w } = useWords();
	const now = useNow(TICK_MS);
	const age = state.lastMessageMs === null ? w.never : ageText(now - state.lastMessageMs, w);
	const online = !isAway(state);
	return (
		<p class={`top__heard ${online ? "" : "top__heard--away"}`}>
			<Sign name={online ? "check" : "away"} />
			<span>{w.lastMessage(age)}</span>
		</p>
	);
}

function SettingsPanel({ model, settings, setSettings }: Props) {
	const { w } = useWords();
	const [refused, setRefused] = useState(false);
	const notify = async (on: boolean) => {
		const may = on && (await allowNotices());
		setRefused(on && !may);
		setSettings({ notify: may });
	};
	return (
		<div class="top__panel card">
			<p class="top__user">{w.signedInAs(model.state.user)}</p>
			<fieldset class="top__set">
				<legend>{w.language}</legend>
				{LANGUAGES.map((language) => (
					<label class="top__choice" key={language}>
						<input
							type="radio"
							name="language"
							checked={settings.language === language}
							onChange={() => setSettings({ language })}
						/>
						<span lang={language}>{LANGUAGE_NAMES[language]}</span>
					</label>
				))}
			</fieldset>
			<label class="top__choice">
				<input
					type="checkbox"
					name="sound"
					checked={settings.sound}
					onChange={(e) => {
						setSettings({ sound: e.currentTarget.checked });
						if (e.currentTarget.checked) playTone();
					}}
				/>
				{w.sound}
			</label>
			<label class="top__choice">
				<input
					type="checkbox"
					name="notify"
					checked={settings.notify}
					onChange={(e) => void notify(e.currentTarget.checked)}
				/>
				{w.notify}
			</label>
			{refused && (
				<p class="top__refused" role="alert">
					{w.notifyRefused}
				</p>
			)}
			<Button onClick={signOut}>{w.signOut}</Button>
		</div>
	);
}

export function Top(props: Props) {
	const { w } = useWords();
	const { state } = props.model;
	return (
		<header class="top">
			<p class="top__brand">
				<Sign name="gates" />
				<span class="top__school">
					<span class="top__product">Schoolpoort</span>
					{state.school && <span class="top__name">{state.school}</span>}
				</span>
			</p>
			<Heard state={state} />
			<details
				class="top__tools"
				onKeyDown={(e) => {
					if (e.key !== "Escape") return;
					e.currentTarget.open = false;
					e.currentTarget.querySelector("summary")?.focus();
				}}
			>
				<summary class="button button--quiet" aria-label={w.settings}>
					<Sign name="gear" />
				</summary>
				<SettingsPanel {...props} />
			</details>
			{state.register?.rehearsal && <p class="top__rehearsal">{w.rehearsal}</p>}
		</header>
	);
}
