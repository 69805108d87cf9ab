// SPDX-License-Identifier: EUPL-1.2
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { forgetNotices, useTold } from "../attention";
import { after } from "../clock";
import { isOver } from "../model/state";
import { current, watch, type Model } from "../session";
import { loadSettings, saveSettings, type ChangeSettings, type Settings } from "../settings";
import { Acts } from "./Acts";
import { Bars } from "./Bars";
import { CardsView } from "./CardsView";
import { FindView } from "./FindView";
import { GatesView } from "./GatesView";
import { Guard, LanguageContext, Sign, useWords } from "./kit";
import { NowView } from "./NowView";
import { PupilView } from "./PupilView";
import { keepRest } from "./rest";
import { useRoute, VIEWS, type Route, type ViewName } from "./route";
import { SignIn } from "./SignIn";
import { TalkView } from "./TalkView";
import { Top } from "./Top";
import "./App.css";

const HIDDEN_MS = 200;

function useModel(): Model {
	const [model, setModel] = useState(current);
	useLayoutEffect(() => {
		let forget: (() => void) | null = null;
		const draw = () => {
			forget?.();
			forget = null;
			setModel(current());
		};
		draw();
		// Hundreds of messages come within a moment: one drawing a frame. A hidden page has no frames.
		return watch(() => {
			if (forget) return;
			forget = after(HIDDEN_MS, draw);
			requestAnimationFrame(() => forget && draw());
		});
	}, []);
	return model;
}

function useSettings(): [Settings, ChangeSettings] {
	const [settings, setSettings] = useState(loadSettings);
	// Together with the words, not a frame after them: a screen reader would begin them in the other language's sounds.
	useLayoutEffect(() => {
		document.documentElement.lang = settings.language;
		saveSettings(settings);
	}, [settings]);
	return [settings, (change) => setSettings((had) => ({ ...had, ...change }))];
}

/** How many of each there are to look at: shown as a number beside the name. */
function countOf(view: ViewName, { state }: Model): number {
	const kind = view === "cards" ? "unknown_card" : view === "talk" ? "talk" : null;
	if (!kind) return 0;
	return [...state.alerts.values()].filter(({ value }) => value.kind === kind && !isOver(value)).length;
}

function Nav({ model, route }: { readonly model: Model; readonly route: Route }) {
	const { w } = useWords();
	const shown = model.state.care === false ? (["gates"] as const) : VIEWS;
	return (
		<nav class="nav" aria-label={w.menu}>
			{shown.map((view) => {
				const n = countOf(view, model);
				return (
					<a class="nav__link" href={`#/${view}`} aria-current={route.view === view ? "page" : undefined} key={view}>
						<Sign name={view} />
						<span class="nav__name">{w[view]}</span>
						{n > 0 && <span class="nav__count">{n}</span>}
					</a>
				);
			})}
		</nav>
	);
}

function View({ model, route }: { readonly model: Model; readonly route: Route }) {
	const { w } = useWords();
	const { state } = model;
	if (!state.link.settled && state.link.status !== "lost" && state.round <= 1 && state.alerts.size === 0)
		return <p class="app__wait">{w.loading}</p>;
	// IT reads no pupil: there is nothing to show of the others.
	if (state.care === false) return <GatesView state={state} />;
	if (route.pupil !== null) return <PupilView key={route.pupil} model={model} id={route.pupil} />;
	switch (route.view) {
		case "now":
			return <NowView model={model} />;
		case "find":
			return <FindView model={model} />;
		case "cards":
			return <CardsView model={model} />;
		case "talk":
			return <TalkView model={model} />;
		case "gates":
			return <GatesView state={state} />;
		default: {
			const never: never = route.view;
			return never;
		}
	}
}

/** Another view begins at its top, for eyes and for screen readers. */
function useTop(route: Route) {
	const main = useRef<HTMLElement>(null);
	const first = useRef(true);
	useLayoutEffect(() => {
		if (!first.current) {
			window.scrollTo(0, 0);
			// Unless the view has a place of its own to begin at, as the field of a search.
			if (!main.current?.contains(document.activeElement)) main.current?.focus();
		}
		first.current = false;
	}, [route.view, route.pupil]);
	return main;
}

function Board({ model, settings, setSettings }: BoardProps) {
	const { w } = useWords();
	const route = useRoute();
	const main = useTop(route);
	const told = useTold(model.state, settings, w);
	useLayoutEffect(keepRest, []);
	return (
		<div class="app">
			<a
				class="app__skip"
				href="#/"
				onClick={(e) => {
					e.preventDefault();
					main.current?.focus();
				}}
			>
				{w.skip}
			</a>
			<Top model={model} settings={settings} setSettings={setSettings} />
			<Bars state={model.state} />
			<Nav model={model} route={route} />
			<main class="app__main" ref={main} tabIndex={-1}>
				<Guard key={`${route.view} ${route.pupil ?? ""}`}>
					<View model={model} route={route} />
				</Guard>
			</main>
			<Acts acts={model.acts} />
			<p class="unseen" role="status">
				{told}
			</p>
		</div>
	);
}

interface BoardProps {
	readonly model: Model;
	readonly settings: Settings;
	readonly setSettings: ChangeSettings;
}

/** Who signs in next begins at the beginning: the address named a pupil, and notifications do. */
function useForgotten(inside: boolean) {
	const was = useRef(inside);
	useLayoutEffect(() => {
		if (was.current && !inside) {
			history.replaceState(null, "", location.pathname);
			void forgetNotices().catch(() => null);
		}
		was.current = inside;
	}, [inside]);
}

export function App() {
	const model = useModel();
	const [settings, setSettings] = useSettings();
	const inside = model.state.round > 0 && model.state.link.status !== "refused";
	useForgotten(inside);
	return (
		<LanguageContext.Provider value={settings.language}>
			{inside ? (
				<Guard>
					<Board model={model} settings={settings} setSettings={setSettings} />
				</Guard>
			) : (
				<SignIn state={model.state} settings={settings} setSettings={setSettings} />
			)}
		</LanguageContext.Provider>
	);
}
