// SPDX-License-Identifier: EUPL-1.2
import { useState } from "preact/hooks";

import type { State } from "../model/state";
import { signIn } from "../session";
import type { ChangeSettings, Settings } from "../settings";
import { LANGUAGE_NAMES, LANGUAGES } from "../words/words";
import { Sign, useWords } from "./kit";
import "./SignIn.css";

interface Props {
	readonly state: State;
	readonly settings: Settings;
	readonly setSettings: ChangeSettings;
}

export function SignIn({ state, settings, setSettings }: Props) {
	const { w } = useWords();
	const [user, setUser] = useState("");
	const [password, setPassword] = useState("");
	const { status } = state.link;
	const busy = status === "connecting";
	const wrong = status === "refused" ? w.refused : status === "unreachable" ? w.unreachable : "";
	return (
		<main class="sign-in">
			<form
				class="sign-in__form card"
				onSubmit={(e) => {
					e.preventDefault();
					if (user && password) signIn(user.trim(), password);
				}}
			>
				<p class="sign-in__brand">
					<Sign name="gates" /> Schoolpoort
				</p>
				<h1 class="sign-in__title">{w.title}</h1>
				<p class="sign-in__hint">{w.signInHint}</p>
				<label class="field">
					{w.user}
					<input
						class="field__input"
						name="username"
						autocomplete="username"
						autocapitalize="none"
						spellcheck={false}
						required
						value={user}
						onInput={(e) => setUser(e.currentTarget.value)}
					/>
				</label>
				<label class="field">
					{w.password}
					<input
						class="field__input"
						type="password"
						name="password"
						autocomplete="current-password"
						required
						value={password}
						onInput={(e) => setPassword(e.currentTarget.value)}
					/>
				</label>
				<p class="sign-in__wrong" role="alert">
					{wrong && <Sign name="warn" />}
					{wrong}
				</p>
				<button class="button button--main" type="submit" disabled={busy}>
					{busy ? w.signingIn : w.signIn}
				</button>
				<p class="sign-in__languages">
					{LANGUAGES.map((language) => (
						<button
							key={language}
							type="button"
							class="sign-in__language"
							lang={language}
							aria-pressed={language === settings.language}
							onClick={() => setSettings({ language })}
						>
							{LANGUAGE_NAMES[language]}
						</button>
					))}
				</p>
			</form>
		</main>
	);
}
