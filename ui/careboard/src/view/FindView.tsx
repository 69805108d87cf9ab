// SPDX-License-Identifier: EUPL-1.2
import type { Model } from "../session";
import { useWords } from "./kit";
import { PupilPicker } from "./PupilPicker";

export function FindView({ model }: { readonly model: Model }) {
	const { w } = useWords();
	return (
		<div class="find">
			<div class="view__head">
				<h1 class="view__title">{w.find}</h1>
			</div>
			<PupilPicker
				pupils={model.pupils}
				focus
				each={(pupil, content) => (
					<a class="picker__row" href={`#/pupil/${pupil.id}`}>
						{content}
					</a>
				)}
			/>
		</div>
	);
}
