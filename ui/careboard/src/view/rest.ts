// SPDX-License-Identifier: EUPL-1.2
/** Marks what has just moved (model/rest.ts); App.css says what the mark does. Keyboards don't aim, and aren't touched. */
import { after } from "../clock";
import { movedOf, REST_MS, type Place } from "../model/rest";

/** What is pressed, and moves without whoever presses it. Rows as a whole: to measure inside one out of sight would draw it. */
const PRESSED =
	"[data-alert], .now__section-title, .now__selection .button, .cards__near .button, .cards__link .picker__row, .pupil__cards .button, .acts__line";
const MARK = "data-moved";

function places(): ReadonlyMap<Element, Place> {
	return new Map([...document.querySelectorAll(PRESSED)].map((e) => [e, e.getBoundingClientRect()]));
}

/** keepRest() - from now on. Return: stop. */
export function keepRest(): () => void {
	let had = places();
	let turn = 0;
	const look = () => {
		const has = places();
		const moved = movedOf(had, has);
		had = has;
		if (moved.length === 0) return;
		const mark = `${++turn}`;
		for (const e of moved) e.setAttribute(MARK, mark);
		after(REST_MS, () => {
			// One that has moved once more since waits for its own.
			for (const e of moved) if (e.getAttribute(MARK) === mark) e.removeAttribute(MARK);
		});
	};
	// Before anything of it is on the screen; a text that grows too, since on a phone the figures above the rows then take
	// another line. Whoever scrolls moves it with the own hand.
	const drawn = new MutationObserver(look);
	const moveAlong = () => (had = places());
	drawn.observe(document.body, { childList: true, characterData: true, subtree: true });
	window.addEventListener("scroll", moveAlong, { capture: true, passive: true });
	window.addEventListener("resize", moveAlong);
	return () => {
		drawn.disconnect();
		window.removeEventListener("scroll", moveAlong, { capture: true });
		window.removeEventListener("resize", moveAlong);
	};
}
