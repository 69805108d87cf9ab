// SPDX-License-Identifier: EUPL-1.2
/**
 * Whether what a connection says is all, and of now; where it isn't, another one tells all that stands. Pure.
 *
 * A stolen gate may write without end, and more than a page reads. Mosquitto keeps max_queued_messages of it for each page
 * and drops what comes on top, alerts among them, without a word to anybody. Whatever was dropped, so many came after it:
 * so a page that was told half of them within a while may have missed some. What is large waits long before it is so much;
 * but the answer to a ping comes behind it.
 */

/** Half of max_queued_messages in school.conf; three times the alerts of 1,500 pupils who are missing all at once. */
const FLOOD_MESSAGES = 5000;
/** Twenty gates say a tenth of it. Who reads so slowly that a flood comes at this pace doesn't notice it. */
const USUAL_PER_S = 10;
/** How often a ping is sent. */
const ASK_MS = 15000;
/** No word at all for so long after it: the connection died. */
const DEAF_MS = 15000;
/** Words, but no answer: what is shown is so old. What stood when we asked is not behind, however long a slow line takes. */
const BEHIND_MS = 30000;

export interface Hearing {
	readonly heardMs: number;
	/** Null: every ping was answered. */
	readonly askedMs: number | null;
	readonly answeredMs: number;
	/** Live messages that were heard over the usual pace. */
	readonly level: number;
}

/** begin() - of a connection. */
export function begin(now: number): Hearing {
	return { heardMs: now, askedMs: null, answeredMs: now, level: 0 };
}

/** heard() - a packet. @what: "live" is what was said just now, "stood" what stood when we asked. */
export function heard(h: Hearing, what: "live" | "stood" | "answer" | "other", now: number): Hearing {
	const passedMs = Math.max(0, now - h.heardMs);
	const level = Math.max(0, h.level - (passedMs / 1000) * USUAL_PER_S) + (what === "live" ? 1 : 0);
	if (what === "answer") return { heardMs: now, askedMs: null, answeredMs: now, level };
	const askedMs = what === "stood" && h.askedMs !== null ? now : h.askedMs;
	return { ...h, heardMs: now, askedMs, level };
}

/** asked() - a ping is sent. */
export function asked(h: Hearing, now: number): Hearing {
	return { ...h, askedMs: now };
}

/** isFlooded() - whether the broker may have dropped some of what it had for this page. */
export function isFlooded(h: Hearing): boolean {
	return h.level >= FLOOD_MESSAGES;
}

/** lookAt() - what to do about it now. */
export function lookAt(h: Hearing, now: number): "ask" | "drop" | null {
	// A clock that was set back counts as long ago.
	if (h.askedMs === null) return Math.abs(now - h.answeredMs) > ASK_MS ? "ask" : null;
	return now - Math.max(h.askedMs, h.heardMs) > DEAF_MS || now - h.askedMs > BEHIND_MS ? "drop" : null;
}
