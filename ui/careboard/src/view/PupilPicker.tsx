// SPDX-License-Identifier: EUPL-1.2
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

import { find, fullName } from "../model/search";
import type { Pupil } from "../model/types";
import type { Pupils } from "../session";
import { Name, Sign, useWords } from "./kit";
import "./PupilPicker.css";

interface Props {
	readonly pupils: Pupils;
	readonly focus?: boolean;
	/** What stands behind a pupil that was found: a link, or a button. */
	readonly each: (pupil: Pupil, content: ComponentChildren) => ComponentChildren;
	readonly here?: boolean;
}

/** Letters in, pupils out, at each key. */
export function PupilPicker({ pupils, focus, each, here }: Props) {
	const { w } = useWords();
	const [typed, setTyped] = useState("");
	const found = find(here ? pupils.rows.filter((r) => !r.pupil.left) : pupils.rows, typed);
	const input = useRef<HTMLInputElement>(null);
	// With the field's first picture: the first key that is touched belongs to it.
	useLayoutEffect(() => {
		if (focus) input.current?.focus();
	}, [focus]);
	const asked = typed.trim() !== "";
	return (
		<div class="picker">
			<label class="field picker__field">
				{w.search}
				<span class="field__hint">{w.searchHint}</span>
				<span class="picker__box">
					<Sign name="find" />
					<input
						class="field__input picker__input"
						type="search"
						name="search"
						autocomplete="off"
						autocapitalize="none"
						spellcheck={false}
						ref={input}
						value={typed}
						onInput={(e) => setTyped(e.currentTarget.value)}
					/>
				</span>
			</label>
			{!pupils.complete && <p class="picker__wait">{w.searching}</p>}
			<p class="unseen" role="status">
				{asked ? (found.length > 0 ? w.found(found.length) : w.foundNone) : ""}
			</p>
			{asked && found.length === 0 && pupils.complete && <p class="picker__wait">{w.foundNone}</p>}
			<ul class="picker__found">
				{found.map((pupil) => (
					<li key={pupil.id}>
						{each(
							pupil,
							<>
								<span class="picker__name">
									<Name>{fullName(pupil)}</Name>
								</span>
								<span class="picker__class">
									{pupil.left ? w.left : <Name>{pupil.class ?? ""}</Name>}
								</span>
							</>,
						)}
					</li>
				))}
			</ul>
		</div>
	);
}
