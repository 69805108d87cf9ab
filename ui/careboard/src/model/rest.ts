// SPDX-License-Identifier: EUPL-1.2
/**
 * What stands still under a finger. Pure.
 *
 * Rows come and go while somebody presses one, and the press would be about another child. So what has only just come to
 * where it stands takes no press, for as long as a hand needs that saw the one before it there. Nothing that is shown
 * waits for that. Rejected: to hold the list back while a pointer is over it, since a mouse rests there all morning; to
 * scroll along, since what comes on top is what should be seen.
 */

/** A hand on its way is stopped within 250 to 400 ms by what the eye sees. */
export const REST_MS = 500;
/** Less than this is rounding. */
const SAME_PX = 2;

export interface Place {
	readonly x: number;
	readonly y: number;
}

function isThere(a: Place | undefined, b: Place): boolean {
	return a !== undefined && Math.abs(a.x - b.x) < SAME_PX && Math.abs(a.y - b.y) < SAME_PX;
}

/** movedOf() - which of those that stand here now stood elsewhere before, or nowhere. */
export function movedOf<K>(had: ReadonlyMap<K, Place>, has: ReadonlyMap<K, Place>): readonly K[] {
	return [...has].filter(([key, place]) => !isThere(had.get(key), place)).map(([key]) => key);
}
