// SPDX-License-Identifier: EUPL-1.2
/**
 * Telling the user of what came newly: in a live region always, by the browser's notification while the page is in the
 * background, by a short tone; each where it was switched on. What comes within a moment is one of each.
 *
 * A phone shows notifications of a service worker alone. Ours (public/notices.js) does that and nothing else: it keeps
 * no file and no message, so the page is never older than the server's.
 */
import { useEffect, useRef, useState } from "preact/hooks";

import { after } from "./clock";
import { classOf, nameOf } from "./model/order";
import type { State } from "./model/state";
import type { Alert, AlertKind } from "./model/types";
import type { Settings } from "./settings";
import type { Words } from "./words/words";

/** A class's cut-off raises all of its alerts within a moment. */
const GATHER_MS = 700;
const NAMED_MAX = 3;

export function kindText(kind: AlertKind, w: Words): string {
	switch (kind) {
		case "absent":
			return w.kindAbsent;
		case "late":
			return w.kindLate;
		case "gate_silent":
			return w.kindGateSilent;
		case "class_missing":
			return w.kindClassMissing;
		case "unknown_card":
			return w.kindUnknownCard;
		case "talk":
			return w.kindTalk;
		default: {
			const never: never = kind;
			return never;
		}
	}
}

/** Late is no reason to interrupt anybody: nothing needs to be done. */
function interrupts(alert: Alert): boolean {
	return alert.kind !== "late";
}

function lineOf(alert: Alert, w: Words): string {
	if (alert.kind === "unknown_card") return w.newAlert(kindText(alert.kind, w), alert.gate ?? "", "");
	const group = alert.pupil ? classOf(alert) : "";
	return w.newAlert(kindText(alert.kind, w), nameOf(alert), group);
}

/** newsText() - some lines, and how many more. */
export function newsText(alerts: readonly Alert[], w: Words): string {
	const lines = alerts.slice(0, NAMED_MAX).map((a) => lineOf(a, w));
	const more = alerts.length - lines.length;
	return [...lines, ...(more > 0 ? [w.andMore(more)] : [])].join("\n");
}

let audio: AudioContext | null = null;

/** Two soft tones; browsers allow them once the page was touched. */
export function playTone() {
	try {
		audio ??= new AudioContext();
		void audio.resume();
		for (const [from, hz] of [
			[0, 660],
			[0.16, 880],
		] as const) {
			const at = audio.currentTime + from;
			const tone = audio.createOscillator();
			const loud = audio.createGain();
			tone.frequency.value = hz;
			loud.gain.setValueAtTime(0.0001, at);
			loud.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
			loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
			tone.connect(loud).connect(audio.destination);
			tone.start(at);
			tone.stop(at + 0.3);
		}
	} catch {
		// No sound device: the page and the notification say the same.
	}
}

/** allowNotices() - asks the browser, by the user's touch. Return: whether it may. */
export async function allowNotices(): Promise<boolean> {
	if (!("Notification" in window)) return false;
	if ("serviceWorker" in navigator) await navigator.serviceWorker.register("/notices.js").catch(() => null);
	return (await Notification.requestPermission()) === "granted";
}

async function notice(title: string, body: string) {
	// One tag: a new notice takes the place of the one that nobody read.
	const options = { body, tag: "schoolpoort", icon: "/icon-192.png" };
	const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
	if (worker?.active) return worker.showNotification(title, options);
	const shown = new Notification(title, options);
	shown.onclick = () => {
		window.focus();
		shown.close();
	};
}

/** forgetNotices() - names stand in them, and whoever comes next reads those too. */
export async function forgetNotices() {
	const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
	for (const shown of (await worker?.getNotifications()) ?? []) shown.close();
}

function mayNotice(): boolean {
	return "Notification" in window && Notification.permission === "granted";
}

/** useTold() - tells of what is new. Return: the text for the live region. */
export function useTold(state: State, settings: Settings, w: Words): string {
	const [text, setText] = useState("");
	const told = useRef(new Set(state.fresh));
	const now = useRef({ state, settings, w });
	now.current = { state, settings, w };
	useEffect(() => {
		if (state.fresh.every((id) => told.current.has(id))) return;
		return after(GATHER_MS, () => {
			const { state: s, settings: set, w: words } = now.current;
			const ids = s.fresh.filter((id) => !told.current.has(id));
			told.current = new Set(s.fresh);
			const alerts = ids.flatMap((id) => s.alerts.get(id)?.value ?? []).filter((a) => a.state === "open");
			if (alerts.length === 0) return;
			setText(`${words.newAlerts(alerts.length)}. ${newsText(alerts, words)}`);
			const loud = alerts.filter(interrupts);
			if (loud.length === 0) return;
			if (set.sound) playTone();
			if (set.notify && document.hidden && mayNotice())
				void notice(words.newAlerts(loud.length), newsText(loud, words)).catch(() => null);
		});
	}, [state.fresh]);
	return text;
}
