// SPDX-License-Identifier: EUPL-1.2
/** What every view uses: texts, signs, buttons, a row that is drawn again only when it changed. */
import { Component, createContext, type ComponentChildren, type ComponentType, type JSX } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

import { every, nowMs } from "../clock";
import { wordsOf, type Language, type Words } from "../words/words";
import "./kit.css";

export const LanguageContext = createContext<Language>("nl");

export function useWords(): { readonly w: Words; readonly language: Language } {
	const language = useContext(LanguageContext);
	return { w: wordsOf(language), language };
}

/** useNow() - the time, anew each so many milliseconds. */
export function useNow(everyMs: number): number {
	const [now, setNow] = useState(nowMs);
	useEffect(() => every(everyMs, () => setNow(nowMs())), [everyMs]);
	return now;
}

/** memo() - drawn again only where a property is another one. */
export function memo<P extends object>(Of: ComponentType<P>): ComponentType<P> {
	return class extends Component<P> {
		override shouldComponentUpdate(next: Readonly<P>) {
			const had = this.props as Readonly<Record<string, unknown>>;
			const has = next as Readonly<Record<string, unknown>>;
			return Object.keys(has).length !== Object.keys(had).length || Object.keys(has).some((k) => has[k] !== had[k]);
		}
		override render() {
			return <Of {...(this.props as P & JSX.IntrinsicAttributes)} />;
		}
	};
}

/** Signs as shapes: each is told from the others without its colour. */
const PATHS = {
	now: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4v5.3l3.4 2",
	find: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm4.8 11.3L20 20",
	cards: "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1Zm-1 4h18M7 14.5h4",
	talk: "M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7l-4.5 4v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z",
	gates: "M5 21V4a1 1 0 0 1 1-1h12a1 1 0 0 1 1 1v17M3 21h18M14.5 12.2v.1",
	away: "M4 4l16 16M8.5 15.2a5 5 0 0 1 5-1.2M5.5 12a9.3 9.3 0 0 1 3.6-2.300M2.8 8.500a13.5 13.5 0 0 1 3.5-2.400M12 5.200a13.5 13.5 0 0 1 9.2 3.300M15.5 10a9.3 9.3 0 0 1 3 2M12 19v.1",
	warn: "M12 4 2.8 20h18.400L12 4Zm0 6v4.500m0 2.700v.1",
	person: "M12 4a3.8 3.8 0 1 0 0 7.600A3.8 3.8 0 0 0 12 4ZM4.5 20c.6-4 3.5-6 7.5-6s6.9 2 7.5 6",
	check: "M5 12.500l4.5 4.500L19 7.5",
	cross: "M6 6l12 12M18 6 6 18",
	phone: "M6 3h3.200l1.6 4.6-2.2 1.500a12 12 0 0 0 6.3 6.300l1.5-2.200L21 14.800V18a2.5 2.5 0 0 1-2.7 2.500C10.5 20 4 13.5 3.5 5.700A2.5 2.5 0 0 1 6 3Z",
	late: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm-3.5 5.500L12 12h4.5",
	question: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm-2.6 6.500A2.7 2.7 0 0 1 12 7.500c1.6 0 2.7 1 2.7 2.3 0 2-2.7 2-2.7 4m0 2.700v.1",
	group: "M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Zm-6.5 14c.4-3.6 2.9-5.3 6.5-5.300s6.1 1.7 6.5 5.300M16 5.500a3 3 0 0 1 0 5.600m2 3c2 .7 3.2 2.3 3.5 4.9",
	down: "M6 9.500l6 6 6-6",
	gear: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM12 3v2.500m0 13V21m9-9h-2.500m-13 0H3m15.4-6.4-1.8 1.800M7.4 16.600l-1.8 1.800m12.8 0-1.8-1.800M7.4 7.4 5.6 5.6",
	print: "M7 9V4h10v5M7 17H4v-7h16v7h-3M7 14h10v6H7v-6Z",
	back: "M14.5 6l-6 6 6 6",
	next: "M9.5 6l6 6-6 6",
} as const;

export type SignName = keyof typeof PATHS;

export function Sign({ name }: { readonly name: SignName }) {
	return (
		<svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
			<path d={PATHS[name]} />
		</svg>
	);
}

interface ButtonProps {
	readonly children: ComponentChildren;
	readonly onClick: () => void;
	readonly kind?: "main" | "plain" | "quiet";
	readonly sign?: SignName;
	readonly disabled?: boolean;
	/** Where the text alone doesn't say of what. */
	readonly label?: string;
	readonly expanded?: boolean;
	readonly pressed?: boolean;
	readonly extra?: string;
}

export function Button(p: ButtonProps) {
	return (
		<button
			type="button"
			class={`button button--${p.kind ?? "plain"} ${p.extra ?? ""}`}
			disabled={p.disabled}
			aria-label={p.label}
			aria-expanded={p.expanded}
			aria-pressed={p.pressed}
			onClick={p.onClick}
		>
			{p.sign && <Sign name={p.sign} />}
			<span class="button__text">{p.children}</span>
		</button>
	);
}

/** Names in any script: they don't turn the line around that they stand in. */
export function Name({ children }: { readonly children: ComponentChildren }) {
	return <bdi class="name">{children}</bdi>;
}

/** What can't be drawn says so: a page that stands still would show what is old as new. */
export class Guard extends Component<{ readonly children: ComponentChildren }, { readonly broken: boolean }> {
	override state = { broken: false };
	override componentDidCatch() {
		this.setState({ broken: true });
	}
	override render() {
		return this.state.broken ? <Broken /> : this.props.children;
	}
}

function Broken() {
	const { w } = useWords();
	return (
		<div class="empty card" role="alert">
			<Sign name="warn" />
			<p class="empty__title">{w.broken}</p>
			<Button kind="main" onClick={() => location.reload()}>
				{w.reload}
			</Button>
		</div>
	);
}

interface EmptyProps {
	readonly sign: SignName;
	readonly title: string;
	readonly hint: string;
}

export function Empty({ sign, title, hint }: EmptyProps) {
	return (
		<div class="empty">
			<Sign name={sign} />
			<p class="empty__title">{title}</p>
			<p class="empty__hint">{hint}</p>
		</div>
	);
}
