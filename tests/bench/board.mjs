// SPDX-License-Identifier: EUPL-1.2
/**
 * One round of rows/board.py: a school's board in a real browser, and mosquitto_sub beside it on the same messages.
 *
 * board.mjs BIN PAGES ALERTS CROWD LOADS: alerts measured on a calm board, and as many with CROWD open beside them; loads
 * of the page by somebody who never was there.
 */
import { DEADLINE_MS, openBoard, openBrowser, openPage, openStage } from "../careboard/tools.mjs";

const [bin, pages, ...numbers] = process.argv.slice(2);
const [alerts, crowd, loads] = numbers.map(Number);

const told = (name, value) => console.log(`bench: ${name} ${value}`);
const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const worst = (list) => [...list].sort((a, b) => a - b)[Math.ceil(list.length * 0.95) - 1];

function alertOf(stage, id, name, clock) {
	const at = (time) => `${stage.day}T${time}:00.000+01:00`;
	return {
		v: 1,
		id: `${stage.day}-am-p${id}`,
		kind: "absent",
		state: "open",
		certainty: "confirmed",
		date: stage.day,
		half: "am",
		raised_at: at("08:46"),
		changed_at: at("08:46"),
		revision: 1,
		rehearsal: true,
		pupil: { id, name, class: `${1 + (Number(id) % 6)}A` },
		expected_at: at(clock),
	};
}

const messageOf = (stage, alert) => ({ topic: `${stage.root}/care/alert/${alert.id}`, payload: alert });

/** In the page: when each row was on the screen. Its frame is drawn after the first call, and shown by the second. */
function watchRows() {
	globalThis.visible = {};
	const look = (row) => {
		const id = row.dataset.alert;
		requestAnimationFrame(() =>
			requestAnimationFrame(() => {
				const box = row.getBoundingClientRect();
				const inSight = box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
				globalThis.visible[id] = { at: Date.now(), inSight };
			}),
		);
	};
	new MutationObserver((changes) => {
		for (const { addedNodes } of changes)
			for (const node of addedNodes)
				if (node instanceof HTMLElement)
					for (const row of node.matches("[data-alert]") ? [node] : node.querySelectorAll("[data-alert]")) look(row);
	}).observe(document.body, { childList: true, subtree: true });
}

/** @first: one after the other at random moments, each the first to be called, so that its row comes on top of the list. */
async function alertsShown(stage, page, first, clock) {
	const all = Array.from({ length: alerts }, (_, i) => {
		const minute = String(59 - i).padStart(2, "0");
		return alertOf(stage, String(first + i).padStart(10, "0"), `Nu ${i}`, `${clock}:${minute}`);
	});
	const sent = [];
	for (const alert of all) {
		await new Promise((then) => setTimeout(then, 100 + 250 * Math.random())); // the moment
		sent.push((await stage.do("publish", { messages: [messageOf(stage, alert)] })).sent[0]);
	}
	const ids = all.map((a) => a.id);
	await page.waitForFunction((wanted) => wanted.every((id) => id in globalThis.visible), ids);
	const visible = await page.evaluate((wanted) => wanted.map((id) => globalThis.visible[id]), ids);
	const { heard } = await stage.do("heard", { topics: all.map((a) => messageOf(stage, a).topic) });
	if (visible.some((v) => !v.inSight)) throw new Error("a row was not in sight");
	return { board: visible.map((v, i) => v.at - sent[i]), floor: heard.map((at, i) => at - sent[i]) };
}

function tell(name, { board, floor }) {
	told(name, middle(board));
	told(`${name}_p95`, worst(board));
	told(`${name}_floor`, middle(floor));
	told(`${name}_floor_p95`, worst(floor));
}

/** By somebody who has nothing of it yet. */
async function load(browser, stage) {
	const { page, context } = await openPage(browser, stage);
	const [paint, bytes] = await page.evaluate(
		() =>
			new Promise((done) => {
				const size = () =>
					["navigation", "resource"].flatMap((t) => performance.getEntriesByType(t)).reduce((n, e) => n + e.transferSize, 0);
				new PerformanceObserver((list) => {
					const found = list.getEntriesByName("first-contentful-paint")[0];
					if (found) done([found.startTime, size()]);
				}).observe({ type: "paint", buffered: true });
			}),
	);
	await context.close();
	return { paint, bytes };
}

async function main() {
	const stage = await openStage(bin, pages, "--speed", "1");
	const chrome = await openBrowser(stage);
	try {
		await stage.do("open");
		await stage.do("listen", { topic: `${stage.root}/care/alert/#` });
		const loaded = [];
		for (let i = 0; i < loads; i++) loaded.push(await load(chrome.browser, stage));
		told("paint", middle(loaded.map((l) => l.paint)));
		told("bytes", middle(loaded.map((l) => l.bytes)));

		const { page, wrong } = await openBoard(chrome.browser, stage, "ann");
		await page.waitForSelector(".now__classes");
		await page.evaluate(watchRows);
		tell("calm", await alertsShown(stage, page, 1, "07"));

		const many = Array.from({ length: crowd }, (_, i) =>
			messageOf(stage, alertOf(stage, String(6000000000 + i), `Testleerling ${i}`, "08:25")),
		);
		const { sent } = await stage.do("publish", { messages: many });
		const ids = many.map((m) => m.payload.id);
		await page.waitForFunction((wanted) => wanted.every((id) => id in globalThis.visible), ids);
		told("burst", (await page.evaluate((wanted) => Math.max(...wanted.map((id) => globalThis.visible[id].at)), ids)) - sent[0]);
		tell("crowd", await alertsShown(stage, page, 1000, "06"));

		await page.reload({ waitUntil: "commit" });
		const begin = Date.now();
		await page.waitForFunction((n) => document.querySelectorAll("[data-alert]").length >= n, 2 * alerts + crowd, {
			timeout: DEADLINE_MS,
		});
		told("reload", Date.now() - begin);
		if (wrong.length > 0) throw new Error(wrong.join("\n"));
	} finally {
		await chrome.close();
		await stage.close();
	}
}

await main();
