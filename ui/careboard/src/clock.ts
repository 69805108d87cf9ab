// SPDX-License-Identifier: EUPL-1.2
/** The one place that reads the time and sets timers: everything else is handed it. */

/** Milliseconds since 1970. Of the wall, not of performance.now(): that one stands still while a laptop sleeps. */
export function nowMs(): number {
	return Date.now();
}

/** after() - once, later. Return: forget it. */
export function after(ms: number, then: () => void): () => void {
	const id = setTimeout(then, ms);
	return () => clearTimeout(id);
}

/** every() - again and again. Return: stop. */
export function every(ms: number, then: () => void): () => void {
	const id = setInterval(then, ms);
	return () => clearInterval(id);
}
