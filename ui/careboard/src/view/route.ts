// SPDX-License-Identifier: EUPL-1.2
/** Which view the address names; the browser's own back and bookmarks work. */
import { useLayoutEffect, useState } from "preact/hooks";

export const VIEWS = ["now", "find", "cards", "talk", "gates"] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Route {
	readonly view: ViewName;
	readonly pupil: string | null;
}

export function routeOf(hash: string): Route {
	const [, name = "", id = ""] = hash.split("/");
	if (name === "pupil" && /^[0-9]{10}$/.test(id)) return { view: "find", pupil: id };
	return { view: VIEWS.find((v) => v === name) ?? "now", pupil: null };
}

export function useRoute(): Route {
	const [route, setRoute] = useState(() => routeOf(location.hash));
	// From the first picture on: a link touched in that moment leads somewhere.
	useLayoutEffect(() => {
		const follow = () => setRoute(routeOf(location.hash));
		window.addEventListener("hashchange", follow);
		return () => window.removeEventListener("hashchange", follow);
	}, []);
	return route;
}
