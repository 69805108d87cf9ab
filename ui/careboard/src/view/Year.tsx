// SPDX-License-Identifier: EUPL-1.2
/** The year at a glance: a column a week, a row a half day. Each mark has a shape of its own beside its colour. */
import { gridOf, sumOf, type Cell } from "../model/year";
import type { HalfDay } from "../model/types";
import { dateText } from "../words/words";
import { useWords } from "./kit";
import "./Year.css";

const SIZE = 10;
const TOP = 14;
/** The days' names. */
const LEFT = 20;
/** A Monday, from which the names of the days are taken. */
const MONDAY = Date.UTC(2026, 10, 23);
const DAY_MS = 86400000;
/** The days stand apart a little more than the halves of one. */
const GAP = 2;

type Shape = "present" | "late" | "absent" | "unconfirmed" | "excused";

function shapeOf(h: HalfDay): Shape {
	if (h.mark === "|") return "present";
	if (h.mark === "L") return "late";
	if (h.mark === "x") return "excused";
	return h.unconfirmed ? "unconfirmed" : "absent";
}

function Mark({ shape, x, y }: { readonly shape: Shape; readonly x: number; readonly y: number }) {
	const name = `year__mark year__mark--${shape}`;
	switch (shape) {
		case "present":
			return <rect class={name} x={x + 2.5} y={y + 2.5} width="5" height="5" rx="1" />;
		case "late":
			return <path class={name} d={`M${x + 5} ${y + 0.7}L${x + 9.5} ${y + 9.2}H${x + 0.5}Z`} />;
		case "absent":
			return <rect class={name} x={x + 0.8} y={y + 0.8} width="8.4" height="8.4" rx="1" />;
		case "unconfirmed":
			return <rect class={name} x={x + 1.5} y={y + 1.5} width="7" height="7" rx="1" />;
		case "excused":
			return <circle class={name} cx={x + 5} cy={y + 5} r="3.4" />;
		default: {
			const never: never = shape;
			return never;
		}
	}
}

function placeOf(cell: Cell): { readonly x: number; readonly y: number } {
	return { x: LEFT + cell.week * SIZE, y: TOP + cell.row * SIZE + Math.floor(cell.row / 2) * GAP };
}

export function Year({ year, halfDays }: { readonly year: number; readonly halfDays: readonly HalfDay[] }) {
	const { w, language } = useWords();
	const grid = gridOf(year, halfDays);
	const sum = sumOf(halfDays);
	const height = TOP + 10 * SIZE + 4 * GAP;
	const legend: readonly (readonly [Shape, string])[] = [
		["present", w.markPresent],
		["late", w.markLate],
		["absent", w.markAbsent],
		["unconfirmed", w.markUnconfirmed],
		["excused", w.markExcused],
	];
	return (
		<figure class="year">
			<svg
				class="year__grid"
				viewBox={`0 0 ${LEFT + grid.weeks * SIZE} ${height}`}
				role="img"
				aria-label={`${w.yearAt}: ${w.yearSummary(sum.present, sum.late, sum.absent, sum.excused)}`}
			>
				{grid.months.map(({ week, date }) => (
					<text class="year__month" key={date} x={LEFT + week * SIZE} y="9">
						{dateText(date, language, "month")}
					</text>
				))}
				{[0, 1, 2, 3, 4].map((day) => (
					<g key={day}>
						<text class="year__month" x="0" y={TOP + day * (2 * SIZE + GAP) + SIZE + 3}>
							{dateText(new Date(MONDAY + day * DAY_MS).toISOString().slice(0, 10), language, "weekday").slice(0, 2)}
						</text>
						<rect
							class="year__day"
							x={LEFT}
							y={TOP + day * (2 * SIZE + GAP)}
							width={grid.weeks * SIZE}
							height={2 * SIZE}
						/>
					</g>
				))}
				{grid.cells.map((cell) => (
					<Mark key={`${cell.half.date}${cell.half.half}`} shape={shapeOf(cell.half)} {...placeOf(cell)} />
				))}
			</svg>
			<figcaption>
				<ul class="year__legend">
					{legend.map(([shape, text]) => (
						<li key={shape}>
							<svg class="year__key" viewBox="0 0 10 10" aria-hidden="true" focusable="false">
								<Mark shape={shape} x={0} y={0} />
							</svg>
							{text}
						</li>
					))}
				</ul>
			</figcaption>
		</figure>
	);
}
