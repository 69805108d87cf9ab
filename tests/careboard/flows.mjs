// SPDX-License-Identifier: EUPL-1.2
/**
 * The board as people use it: the real page, from the shipped nginx site, over the shipped Mosquitto with its rights, with
 * the real register and gates. One morning, told in order; each step is a test.
 *
 * flows.mjs BIN PAGES FAILED: where the programs are, the built page, and where a picture of a failed step goes.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

import {
	axe,
	chromiumPath,
	DEADLINE_MS,
	openBoard,
	openBrowser,
	openPage,
	openStage,
	PHONE,
	rowOf,
	signIn,
} from "./tools.mjs";

const [binDir, pages, failedDir] = process.argv.slice(2);
const MILA = { id: "20260192", name: "Mila Vandenbroucke" };
const KOBE = { id: "20260255", name: "Kobe Michiels" };
const RENEE = { id: "20260388", name: "Renée Thyssen" };
const NELE = { id: "20260367", name: "Nele Van Hoecke" };
const LARS = { id: "20260381", name: "Lars Hendrickx" };
const SALMA = { id: "20260458", name: "Salma Azzouzi" };
const NOOR = { id: "20260108", name: "Noor Peeters" };
const YASSINE = { id: "20260115", name: "Yassine Ben Haddou" };
const AWAY = [MILA, KOBE, RENEE, NELE, LARS, SALMA, YASSINE].map((p) => p.id);
const STRAY = "04C0FFEE5EED01";
const BUNDLE_MAX = 150000;

let passed = 0;
let failed = 0;
const opened = [];

/** Where so many fail, something beneath all of them is broken, and each of the others would wait out its deadlines. */
const FAILED_MAX = 5;

async function step(name, run) {
	if (failed >= FAILED_MAX) {
		failed++;
		console.log(`not ok ${name} (not begun: ${FAILED_MAX} have failed)`);
		return;
	}
	const begin = Date.now();
	try {
		await run();
		passed++;
		console.log(`ok ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
	} catch (e) {
		failed++;
		console.log(`not ok ${name}\n${e.stack}`);
		mkdirSync(failedDir, { recursive: true });
		for (const [i, { page }] of opened.entries())
			await page.screenshot({ path: path.join(failedDir, `${name}-${i}.png`), timeout: 10000 }).catch(() => null);
	}
}

function figure(what, value, unit, setting) {
	console.log(`figure: ${what} ${value} ${unit} (${setting})`);
}

const seen = (locator) => locator.first().waitFor({ state: "visible" });
const hidden = (locator) => locator.first().waitFor({ state: "hidden" });
const countOf = (page, what) => page.locator(`.now__figure--${what} dd`).innerText();
const gone = (locator) => locator.first().waitFor({ state: "detached" });
const button = (scope, name) => scope.getByRole("button", { name });

/** Goes there, and is there: what is looked at next isn't the view before it. */
async function view(page, name) {
	await page.evaluate((hash) => (location.hash = hash), `#/${name}`);
	await seen(page.locator(`.app__main .${name.split("/")[0]}`));
}

/** The answers to all that this user did are here. */
const answered = (page) => gone(page.locator(".acts em"));

async function until(what, done) {
	const end = Date.now() + DEADLINE_MS;
	for (;;) {
		const value = await done();
		if (value) return value;
		assert.ok(Date.now() < end, `waited in vain for ${what}`);
		await new Promise((again) => setTimeout(again, 50)); // between two looks
	}
}

/** Only what this origin serves. */
function watchRequests(context, origin) {
	const foreign = [];
	context.on("request", (r) => {
		if (!r.url().startsWith(origin) && !r.url().startsWith("blob:")) foreign.push(r.url());
	});
	return foreign;
}

async function main() {
	if (!chromiumPath()) {
		console.log("skipped: chromium is not here");
		process.exit(77);
	}
	rmSync(failedDir, { recursive: true, force: true });
	const stage = await openStage(binDir, pages);
	const chrome = await openBrowser(stage);
	const { browser } = chrome;
	const keep = (o) => {
		opened.push(o);
		return o;
	};
	const alertTopic = (id) => `${stage.root}/care/alert/${id}`;
	const at = (clock) => `${stage.day}T${clock}:00.000+01:00`;
	const alertOf = (id, fields) => ({
		v: 1,
		id,
		kind: "absent",
		state: "open",
		certainty: "confirmed",
		date: stage.day,
		half: "am",
		raised_at: at("08:46"),
		changed_at: at("08:46"),
		revision: 1,
		rehearsal: true,
		...fields,
	});
	const publish = (messages) => stage.do("publish", { messages });
	const schoolClock = async () => (await stage.do("now")).clock;
	/** The time in this text is one since then: \d\d:\d\d as the pattern's group. */
	const saysTime = async (text, pattern, since) => {
		const told = pattern.exec(text)?.[1];
		const now = await schoolClock();
		assert.ok(told && told >= since && told <= now, `${text}: ${pattern} from ${since} to ${now}`);
	};
	let ann;
	let bram;
	let registerBack = "";

	// ---- before the bell ----

	await step("sign_in_wrong_password_is_said", async () => {
		ann = keep(await openPage(browser, stage));
		ann.foreign = watchRequests(ann.context, stage.url);
		await signIn(ann.page, stage, "ann", "fout");
		await seen(ann.page.getByText("horen niet bij elkaar"));
		assert.deepEqual(await axe(ann.page), []);
	});
	const morning = (async () => {
		await stage.do("open");
		await stage.do("crowd", { away: AWAY });
		await stage.do("bell");
		await stage.do("tap", { pupil: YASSINE.id, at: "08:25:05" });
		await stage.do("tap", { uid: STRAY, gate: "gate-2" });
	})();
	await step("signed_in_by_the_brokers_own_password", async () => {
		await signIn(ann.page, stage, "ann");
		await seen(ann.page.locator(".top__name", { hasText: stage.school }));
		await seen(ann.page.getByText("maandag 23 november"));
		await seen(ann.page.getByText("Oefening"));
		assert.equal(await ann.page.evaluate(() => document.documentElement.lang), "nl");
		// Nothing is loaded from elsewhere, and nothing of the password stands in the page.
		assert.ok(!(await ann.page.content()).includes(stage.password));
	});
	await step("bundle_is_small", async () => {
		const files = readdirSync(path.join(pages, "assets")).map((f) => path.join(pages, "assets", f));
		const size = [...files, path.join(pages, "index.html")].reduce((n, f) => n + gzipSync(readFileSync(f)).length, 0);
		figure("careboard bundle", (size / 1000).toFixed(1), "kB", "gzip -6, all of script, styles and page");
		assert.ok(size < BUNDLE_MAX, `${size} bytes`);
		const served = await ann.page.evaluate(async () => {
			const script = document.querySelector("script[src]").src;
			const got = await fetch(script);
			return [got.headers.get("content-encoding"), got.headers.get("content-type")];
		});
		assert.equal(served[0], "gzip");
		assert.match(served[1], /javascript/);
	});
	await morning;

	// ---- Now ----

	await step("late_is_shown_as_a_fact", async () => {
		const row = rowOf(ann.page, YASSINE.name);
		await seen(row);
		assert.match(await row.innerText(), /2A/);
		assert.match(await row.innerText(), /binnen om 08:25, 1 min na de bel/);
	});
	await step("absent_pupils_in_the_order_of_calls_and_counts", async () => {
		bram = keep(await openBoard(browser, stage, "bram", { context: {} }));
		for (const { page } of [ann, bram]) {
			for (const p of [MILA, KOBE, RENEE, NELE, LARS, SALMA]) await seen(rowOf(page, p.name));
			await seen(rowOf(page, "6Z"));
			await seen(rowOf(page, YASSINE.name));
			const names = await page.locator(".now__section--absent .alert-row__name").allInnerTexts();
			assert.deepEqual(names, [MILA, KOBE, LARS, NELE, RENEE, SALMA].map((p) => p.name));
			const titles = await page.locator(".now__section").evaluateAll((s) => s.map((e) => e.ariaLabel));
			assert.deepEqual(titles, ["Een groot deel van de klas ontbreekt", "Afwezig: bellen", "Te laat binnengekomen"]);
		}
		await until("the counts", async () => (await countOf(ann.page, "absent")) === "14");
		const row = await ann.page.locator("tr", { hasText: "6Z" }).locator("td").allInnerTexts();
		assert.equal(row[0], "0");
		assert.ok(row.includes("8"));
		assert.match(await ann.page.locator(".top__heard").innerText(), /Laatste bericht/);
	});
	await step("acknowledged_everybody_sees_who", async () => {
		const since = await schoolClock();
		// Twice, as quick hands do: it is one act, and nobody was quicker than oneself.
		await button(rowOf(ann.page, MILA.name), /Ik neem dit/).evaluate((b) => (b.click(), b.click()));
		await seen(ann.page.locator(".now__section--mine").getByText(MILA.name));
		assert.equal(await ann.page.locator(".acts__line").count(), 1);
		const his = bram.page.locator(".now__section--others [data-alert]", { hasText: MILA.name });
		await seen(his);
		await saysTime(await his.innerText(), /ann sinds (\d\d:\d\d)/, since);
	});
	await step("acknowledgement_taken_back", async () => {
		await button(ann.page.locator(".acts"), /Ongedaan maken.*Mila/).evaluate((b) => (b.click(), b.click()));
		await seen(ann.page.locator(".now__section--absent").getByText(MILA.name));
		await answered(ann.page);
		assert.equal(await ann.page.locator(".acts__line--wrong").count(), 0);
		await seen(bram.page.locator(".now__section--absent").getByText(MILA.name));
	});
	await step("what_just_moved_under_a_pointer_takes_no_press", async () => {
		const { page } = ann;
		const id = `${stage.day}-am-p4000000000`;
		const first = alertOf(id, { pupil: { id: "4000000000", name: "Aya Eerst", class: "2A" }, expected_at: at("08:00") });
		const take = button(rowOf(page, KOBE.name), /Ik neem dit/);
		await take.hover();
		const box = await take.boundingBox();
		const spot = [box.x + box.width / 2, box.y + box.height / 2];
		// In the page: whose row lies under the pointer, and what a press there would reach.
		await page.evaluate(() => {
			globalThis.under = ([x, y]) => {
				const hit = document.elementFromPoint(x, y);
				const what = hit?.closest("button, a, label");
				return { row: hit?.closest("[data-alert]")?.dataset.alert ?? null, what: what && (what.ariaLabel || what.textContent) };
			};
		});
		const now = () => page.evaluate((p) => globalThis.under(p), spot);
		const rested = async () => (await now()).what !== null;
		await until("rest", rested);
		const before = await now();
		assert.match(before.what, /Ik neem dit: Kobe/);
		for (const payload of [first, ""]) {
			// As soon as the list is another one: no clock is asked, and no press could have come before.
			await page.evaluate(
				([spot, id, there]) => {
					globalThis.change = new Promise((done) => {
						const drawn = new MutationObserver(() => {
							if ((document.querySelector(`[data-alert="${id}"]`) !== null) !== there) return;
							drawn.disconnect();
							void Promise.resolve().then(() => done(globalThis.under(spot)));
						});
						drawn.observe(document.body, { childList: true, subtree: true });
					});
				},
				[spot, id, payload !== ""],
			);
			const had = await now();
			await publish([{ topic: alertTopic(id), payload }]);
			const moved = await page.evaluate(() => globalThis.change);
			assert.ok(moved.row !== null && moved.row !== had.row, "another row came under the pointer");
			assert.equal(moved.what, null, "a press would be about another pupil");
			await until("rest", rested);
		}
		assert.deepEqual(await now(), before);
	});
	await step("reached_with_a_note_and_taken_back", async () => {
		const row = rowOf(ann.page, KOBE.name);
		await button(row, /Afhandelen/).click();
		await row.locator('input[name="note"]').fill("moeder gebeld, komt om 10 uur");
		await button(row, /^Bereikt/).click();
		await gone(rowOf(bram.page, KOBE.name));
		await gone(rowOf(ann.page, KOBE.name));
		await button(ann.page.locator(".acts"), /Ongedaan maken.*Kobe/).click();
		await seen(rowOf(ann.page, KOBE.name));
		await seen(rowOf(bram.page, KOBE.name));
	});
	await step("not_reached_in_two_touches", async () => {
		await button(rowOf(bram.page, LARS.name), /Ik neem dit/).click();
		await button(bram.page.locator(".now__section--mine"), /Niet bereikt: Lars/).click();
		await gone(rowOf(bram.page, LARS.name));
		await gone(rowOf(ann.page, LARS.name));
	});
	await step("was_present_counts", async () => {
		const row = rowOf(ann.page, NELE.name);
		await button(row, /Afhandelen/).click();
		await button(row, /Was aanwezig/).click();
		await gone(rowOf(ann.page, NELE.name));
		await until("one less", async () => (await countOf(ann.page, "absent")) === "13");
	});
	await step("what_the_broker_dropped_in_a_flood_is_told_anew", async () => {
		const id = `${stage.day}-am-p4000000001`;
		const name = "Bas Verloren";
		const missed = alertOf(id, { pupil: { id: "4000000001", name, class: "2A" }, expected_at: at("08:00") });
		const topic = `${stage.root}/gate/gate-1/state`;
		const state = Buffer.from(JSON.stringify({ v: 1, gate: "gate-1", state: "online" }));
		// MQTT 5, QoS 0: length, topic, no properties.
		const body = Buffer.concat([Buffer.from([0, topic.length]), Buffer.from(topic), Buffer.from([0]), state]);
		const packet = Buffer.concat([Buffer.from([0x30, (body.length & 127) | 128, body.length >> 7]), body]);
		const sofie = keep(await openPage(browser, stage));
		let lose = true;
		let lost = 0;
		const sockets = [];
		await sofie.page.routeWebSocket(/\/mqtt$/, (ws) => {
			const server = ws.connectToServer();
			sockets.push(ws);
			ws.onMessage((m) => server.send(m));
			server.onMessage((m) => (lose && Buffer.from(m).includes(id) ? lost++ : ws.send(m)));
		});
		await sofie.page.reload();
		await signIn(sofie.page, stage, "sofie");
		await seen(rowOf(sofie.page, MILA.name));
		await publish([{ topic: alertTopic(id), payload: missed }]);
		await until("the loss", () => lost > 0);
		for (const { page } of [ann, bram]) await seen(rowOf(page, name));
		assert.equal(await rowOf(sofie.page, name).count(), 0);
		lose = false;
		for (let i = 0; i < 60; i++) sockets.at(-1).send(Buffer.concat(Array.from({ length: 100 }, () => packet)));
		await seen(rowOf(sofie.page, name));
		await publish([{ topic: alertTopic(id), payload: "" }]);
		for (const { page } of [sofie, ann, bram]) await gone(rowOf(page, name));
		assert.deepEqual(sofie.wrong, []);
		await sofie.context.close();
		opened.pop();
	});
	await step("two_at_once_the_second_sees_what_the_first_did", async () => {
		// His page hears nothing for a moment: so both act on the same revision.
		const dora = keep(await openPage(browser, stage));
		let hold = false;
		const held = [];
		await dora.page.routeWebSocket(/\/mqtt$/, (ws) => {
			const server = ws.connectToServer();
			ws.onMessage((m) => server.send(m));
			server.onMessage((m) => (hold ? held.push({ text: m.toString("latin1"), send: () => ws.send(m) }) : ws.send(m)));
		});
		await dora.page.reload();
		await signIn(dora.page, stage, "sofie");
		await seen(rowOf(dora.page, RENEE.name));
		hold = true;
		const since = await schoolClock();
		await button(rowOf(ann.page, RENEE.name), /Ik neem dit/).click();
		await button(ann.page.locator(".now__section--mine"), /^Bereikt: Renée/).click();
		await gone(rowOf(bram.page, RENEE.name));
		await button(rowOf(dora.page, RENEE.name), /Afhandelen/).click();
		await button(rowOf(dora.page, RENEE.name), /^Verontschuldigd/).click();
		await until("the answer", () => held.some(({ text }) => /\/care\/reply\/.*"ok": ?false/s.test(text)));
		hold = false;
		for (const { send } of held.splice(0)) send();
		const told = dora.page.locator(".acts__line--wrong");
		await seen(told);
		assert.match(await told.innerText(), /Renée Thyssen: (een collega was je net voor|dat kan niet meer)/);
		await saysTime(await told.innerText(), /Nu: bereikt door ann om (\d\d:\d\d)/, since);
		await gone(rowOf(dora.page, RENEE.name));
		assert.deepEqual(dora.wrong, []);
		await dora.context.close();
		opened.pop();
	});
	await step("several_of_a_class_at_once_and_taken_back", async () => {
		await button(rowOf(ann.page, "6Z"), /Afhandelen/).click();
		await button(rowOf(ann.page, "6Z"), /^Verontschuldigd/).click();
		await gone(rowOf(ann.page, "6Z"));
		await until("the class", async () => (await countOf(ann.page, "excused")) === "8");
		await button(ann.page.locator(".acts"), /Ongedaan maken.*6Z/).click();
		await seen(rowOf(ann.page, "6Z"));
		await button(ann.page, "Toon alleen 2A").click();
		await gone(rowOf(ann.page, KOBE.name));
		await ann.page.getByRole("checkbox", { name: "Selecteer alles: Afwezig: bellen" }).check();
		await seen(ann.page.getByText("1 geselecteerd"));
		await button(ann.page.locator(".now__calls-head"), /2A/).click();
		await ann.page.getByRole("checkbox", { name: `Selecteer ${SALMA.name}` }).check();
		await button(ann.page.getByRole("group", { name: "2 geselecteerd" }), "Ik neem deze").click();
		await seen(ann.page.locator(".now__section--mine").getByText(SALMA.name));
		await button(ann.page.locator(".acts"), /Ongedaan maken: 2 leerlingen/).click();
		await gone(ann.page.locator(".now__section--mine"));
		for (const p of [MILA, KOBE, SALMA]) await seen(bram.page.locator(".now__section--absent").getByText(p.name));
	});
	await step("by_keyboard_alone", async () => {
		const { page } = bram;
		await page.locator(".app__skip").focus();
		const focus = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
		for (let i = 0; i < 60 && !/Ik neem dit: Mila/.test(await focus()); i++) await page.keyboard.press("Tab");
		assert.match(await focus(), /Ik neem dit: Mila/);
		await page.keyboard.press("ArrowDown");
		assert.match(await focus(), /Ik neem dit: Kobe/);
		await page.keyboard.press("Enter");
		await seen(page.locator(".now__section--mine").getByText(KOBE.name));
		// Focus went along with the row, or stayed beside it: the next key need not begin at the top.
		await seen(page.locator('.now__section--mine [data-alert][aria-busy="false"]', { hasText: KOBE.name }));
		await until("focus in the list", async () => /Kobe/.test(await focus()));
		for (let i = 0; i < 6 && !/Meer: Kobe/.test(await focus()); i++) await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await seen(page.locator('input[name="note"]'));
		for (let i = 0; i < 6 && !(await page.evaluate(() => document.activeElement?.matches('input[name="note"]'))); i++)
			await page.keyboard.press("Tab");
		await page.keyboard.type("vader teruggebeld");
		for (let i = 0; i < 6 && (await focus()) !== "Bereikt"; i++) await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await gone(rowOf(page, KOBE.name));
		await gone(rowOf(ann.page, KOBE.name));
	});
	await step("a_reload_and_a_second_tab_show_the_same", async () => {
		const rows = (page) => page.locator("[data-alert]").evaluateAll((r) => r.map((e) => e.dataset.alert));
		const same = async () => JSON.stringify(await rows(bram.page)) === JSON.stringify(await rows(ann.page));
		await until("the same rows", same);
		await bram.page.reload();
		await seen(rowOf(bram.page, MILA.name));
		await until("the same rows again", same);
	});

	// ---- Find, pupil, cards ----

	await step("a_pupil_found_without_accents", async () => {
		await ann.page.getByRole("link", { name: "Leerlingen" }).click();
		const search = ann.page.locator('input[name="search"]');
		// One types at once: the field has the focus as soon as it is there.
		await seen(search);
		assert.ok(await search.evaluate((field) => document.activeElement === field));
		await ann.page.keyboard.type("zofia kov");
		await seen(ann.page.getByText("Žofia Kováčová"));
		for (const [typed, name] of [
			["hooghe", "Mateo D'Hooghe"],
			["dhoog mat", "Mateo D'Hooghe"],
			["testleerling1999", "Proef Testleerling1999"],
		]) {
			await search.fill("");
			await gone(ann.page.locator(".picker__row"));
			await search.fill(typed);
			await seen(ann.page.getByText(name));
		}
		await search.fill("kobe");
		await ann.page.getByRole("link", { name: /Kobe Michiels/ }).click();
	});
	await step("a_pupils_year_alerts_and_contacts", async () => {
		await seen(ann.page.getByRole("heading", { name: KOBE.name }));
		await seen(ann.page.getByRole("img", { name: /Halve dagen van het jaar/ }));
		const contacts = ann.page.getByRole("region", { name: "Meldingen en contacten" });
		await seen(contacts.getByText("vader teruggebeld"));
		const text = await contacts.innerText();
		assert.match(text, /bereikt door bram/);
		assert.match(text, /Afwezig · /);
		await view(ann.page, `pupil/00${YASSINE.id}`);
		await seen(ann.page.getByText("1 keer, 1 min"));
	});
	await step("another_year_is_empty_until_it_is_here", async () => {
		// Each picture that the page ever drew of it: never one year's marks beneath another's name.
		await ann.page.evaluate(() => {
			const part = document.querySelector(".pupil__part--year");
			globalThis.drawn = [];
			const look = () => globalThis.drawn.push(part.textContent);
			new MutationObserver(look).observe(part, { childList: true, subtree: true, characterData: true });
		});
		const sum = ann.page.locator(".pupil__sum");
		await button(ann.page, "Vorig schooljaar").click();
		await seen(sum.getByText(", 0 keer te laat"));
		await button(ann.page, "Volgend schooljaar").click();
		await seen(sum.getByText(", 1 keer te laat"));
		const drawn = await ann.page.evaluate(() => globalThis.drawn);
		const year = (text) => /Schooljaar (\d+)–/.exec(text)[1];
		assert.deepEqual([...new Set(drawn.map(year))].sort(), ["2025", "2026"]);
		for (const text of drawn) assert.ok(!(year(text) === "2025" && /, 1 keer te laat/.test(text)), text);
		for (const text of drawn) assert.ok(!(year(text) === "2026" && /, 0 keer te laat/.test(text)), text);
	});
	await step("a_card_blocked_and_taken_back", async () => {
		const cards = ann.page.getByRole("region", { name: "Kaarten", exact: true });
		await button(cards, /^Blokkeren/).click();
		await seen(cards.getByText("geblokkeerd"));
		await button(ann.page.locator(".acts"), /Ongedaan maken.*Yassine.*geblokkeerd/).click();
		await seen(cards.getByText("in gebruik"));
	});
	await step("an_unknown_card_linked_by_two_touches_and_taken_back", async () => {
		await view(ann.page, "cards");
		await button(ann.page, /Koppelen aan: Kaart/).click();
		await button(ann.page.locator(".cards__near"), /Mila Vandenbroucke/).click();
		await seen(ann.page.getByText("Geen onbekende kaarten"));
		await view(ann.page, "now");
		// Her tap counts from its own time: she was late, and is not missing.
		await gone(ann.page.locator(".now__section--absent").getByText(MILA.name));
		await button(ann.page.locator(".acts"), /Ongedaan maken.*Mila/).click();
		await view(ann.page, "cards");
		await seen(button(ann.page, /Koppelen aan: Kaart/));
	});
	await step("a_day_card", async () => {
		await view(ann.page, `pupil/00${MILA.id}`);
		await button(ann.page, "Dagkaart geven").click();
		await ann.page.locator(".pupil__choose").getByRole("button").first().click();
		await seen(ann.page.getByText("alleen vandaag"));
		await view(ann.page, "cards");
		await seen(ann.page.getByText("Geen onbekende kaarten"));
		await view(ann.page, "now");
	});

	// ---- Talk, gates, roles ----

	await step("a_talk_asked_for_at_the_gate_quietly", async () => {
		const { asked } = await stage.do("talk", { pupil: NOOR.id });
		await seen(ann.page.locator(".nav__link", { hasText: "Gesprek" }).locator(".nav__count"));
		await view(ann.page, "talk");
		await view(bram.page, "talk");
		const row = rowOf(ann.page, NOOR.name);
		await seen(row);
		await saysTime(await row.innerText(), /gevraagd om (\d\d:\d\d)/, asked); // the record's minute, or a later one
		await button(row, /^Ik neem dit/).click();
		await seen(rowOf(bram.page, NOOR.name).getByText(/ann sinds \d\d:\d\d/));
		await button(row, /^Gesproken: Noor/).click();
		await seen(bram.page.getByText("Niemand vraagt een gesprek"));
		await view(bram.page, "now");
		await seen(ann.page.getByText("Niemand vraagt een gesprek"));
	});
	await step("gates_for_it_and_nothing_of_a_pupil", async () => {
		const ict = keep(await openBoard(browser, stage, "ict"));
		await seen(ict.page.locator('[data-gate="gate-1"]'));
		assert.deepEqual(await ict.page.locator(".nav__link").allInnerTexts(), ["Poorten"]);
		await stage.do("fault", { gate: "gate-2", reason: "no answer on I2C" });
		const gate2 = ict.page.locator('[data-gate="gate-2"]');
		await seen(gate2.getByText("defect: no answer on I2C"));
		assert.match(await gate2.innerText(), /Kijk na/);
		const text = await ict.page.locator('[data-gate="gate-1"]').innerText();
		for (const word of ["Lezer", "Klok", "Wachtrij", "Versie", "Tik tot scherm (p95)", "juist"]) assert.ok(text.includes(word), word);
		assert.ok(!/Mila|Kobe|Salma/.test(await ict.page.content()));
		await stage.do("fault", { gate: "gate-2" });
		await seen(gate2.locator(".gates__row", { hasText: "Lezer" }).getByText("in orde"));
		assert.deepEqual(ict.wrong, []);
		await ict.context.close();
		opened.pop();
	});
	await step("a_silent_gate_stands_on_top", async () => {
		await view(ann.page, "now");
		const silent = ann.page.locator(".now__silent");
		await gone(silent);
		// Its power is gone; the register waits for it for rules.absent_hold_s of the school's clock.
		await stage.do("end", { unit: "gate-2", how: "SIGKILL" });
		await seen(silent.getByText(/^gate-2 zwijgt, gemeld om \d\d:\d\d/));
		await seen(bram.page.locator(".now__silent"));
		await stage.do("begin", { unit: "gate-2" });
		await gone(silent);
		await gone(bram.page.locator(".now__silent"));
	});

	// ---- names, payloads ----

	await step("hostile_names_are_text", async () => {
		const messages = stage.hostile.map((p, i) => {
			const id = `${stage.day}-am-p9${String(i).padStart(9, "0")}`;
			return { topic: alertTopic(id), payload: alertOf(id, { pupil: { id: `9${String(i).padStart(9, "0")}`, name: p.name, class: "<b>" } }) };
		});
		await publish(messages);
		for (const p of stage.hostile) {
			await seen(ann.page.locator(".alert-row__name", { hasText: p.name.slice(0, 20) }));
			assert.ok((await ann.page.locator(".alert-row__name").allTextContents()).includes(p.name), p.name);
		}
		assert.equal(await ann.page.locator(".now img, .now script, .now b").count(), 0);
		await view(ann.page, "find");
		for (const [typed, name] of [
			["onerror", "Ann <img src=x onerror=alert(1)>"],
			["ليلى", "ليلى الخطيب"],
			["emile", "Émile 🎒 Peeters 👩‍👧"],
		]) {
			await ann.page.locator('input[name="search"]').fill(typed);
			await seen(ann.page.getByText(name));
		}
		await publish(messages.map((m) => ({ ...m, payload: "" })));
		await view(ann.page, "now");
		for (const p of stage.hostile) await gone(ann.page.locator(".alert-row__name", { hasText: p.name.slice(0, 20) }));
	});
	await step("hostile_payloads_break_nothing", async () => {
		const id = `${stage.day}-am-p8888888888`;
		const deep = "[".repeat(50000);
		const bad = [
			"", "null", "[]", "{", "\u0000", deep, '{"v":1}', '{"__proto__":{"x":1},"v":1}',
			alertOf(id, { v: 2 }), alertOf("another", {}), alertOf(id, { kind: "constructor" }), alertOf(id, { state: "__proto__" }),
			alertOf(id, { raised_at: "yesterday" }), alertOf(id, { date: "2026-02-31" }), alertOf(id, { revision: 1.5 }),
			alertOf(id, { pupil: { id: "../x" } }), alertOf(id, { pupil: "x" }), alertOf(id, { acknowledged: [] }),
		];
		await publish(bad.map((payload, i) => ({ topic: alertTopic(i % 2 ? id : `${id}-${i}`), payload })));
		await publish(bad.map((payload) => ({ topic: `${stage.root}/care/day/${stage.day}/am`, payload, retain: false })));
		await publish(bad.map((payload) => ({ topic: `${stage.root}/gate/gate-9/state`, payload })));
		await publish(bad.map((payload) => ({ topic: `${stage.root}/register/state`, payload: payload === "" ? "x" : payload, retain: false })));
		await publish(bad.map((payload) => ({ topic: `${stage.root}/care/reply/ann`, payload, retain: false })));
		await ann.page.reload();
		await seen(rowOf(ann.page, "6Z"));
		// Within their schemas, and no time that a calendar has: a page that can't draw it stands still.
		const most = { v: 1, gate: "gate-8", state: "online", at: "9999-12-31T23:59:59Z", clock: "trusted", uptime_s: Number.MAX_SAFE_INTEGER };
		await publish([{ topic: `${stage.root}/gate/gate-8/state`, payload: most, retain: false }]);
		await view(ann.page, "gates");
		await seen(ann.page.locator('[data-gate="gate-8"]'));
		await publish([{ topic: `${stage.root}/gate/gate-8/state`, payload: "" }]);
		await gone(ann.page.locator('[data-gate="gate-8"]'));
		await view(ann.page, "now");
		const good = `${stage.day}-am-p8888888887`;
		await publish([{ topic: alertTopic(good), payload: alertOf(good, { more: { than: "known" }, pupil: { id: "8888888887", name: "Na Alles" } }) }]);
		await seen(rowOf(ann.page, "Na Alles"));
		// It came after all of them: what they are was read by now.
		assert.equal(await ann.page.locator("[data-alert]", { hasText: "88888888" }).count(), 0);
		await publish([
			{ topic: alertTopic(good), payload: "" },
			{ topic: `${stage.root}/gate/gate-9/state`, payload: "" },
			...bad.map((_, i) => ({ topic: alertTopic(i % 2 ? id : `${id}-${i}`), payload: "" })),
		]);
		await gone(rowOf(ann.page, "Na Alles"));
	});

	// ---- attention ----

	await step("a_notification_in_the_background_grouped", async () => {
		const eva = keep(await openPage(browser, stage, { context: { permissions: ["notifications"] } }));
		await eva.page.addInitScript(() => {
			globalThis.notices = [];
			Object.defineProperty(Document.prototype, "hidden", { get: () => globalThis.isHidden === true });
			globalThis.Notification = class {
				static permission = "granted";
				static requestPermission = async () => "granted";
				constructor(title, options) {
					globalThis.notices.push([title, options.body, options.tag]);
				}
			};
			ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
				globalThis.notices.push([title, options.body, options.tag]);
			};
		});
		await eva.page.reload();
		await signIn(eva.page, stage, "sofie");
		await seen(eva.page.locator(".now"));
		await eva.page.locator(".top__tools summary").click();
		await eva.page.locator('input[name="notify"]').click(); // the browser's answer comes later
		await until("the worker", () => eva.page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.active)));
		await until("the switch", () => eva.page.evaluate(() => JSON.parse(localStorage.getItem("schoolpoort-settings")).notify));
		await eva.page.locator('input[name="sound"]').check();
		await seen(rowOf(eva.page, "6Z"));
		await eva.page.evaluate(() => (globalThis.isHidden = true));
		const ids = [0, 1, 2, 3, 4].map((i) => `${stage.day}-am-p777777777${i}`);
		await publish(ids.map((id, i) => ({ topic: alertTopic(id), payload: alertOf(id, { pupil: { id: `777777777${i}`, name: `Nieuw ${i}`, class: "2A" } }) })));
		// What came within a moment is one, and a later one takes its place.
		const notices = await until("all told", async () => {
			const all = await eva.page.evaluate(() => globalThis.notices);
			return all.map((n) => parseInt(n[0], 10)).reduce((a, b) => a + b, 0) >= ids.length && all;
		});
		assert.equal(notices.map((n) => parseInt(n[0], 10)).reduce((a, b) => a + b, 0), ids.length);
		assert.ok(notices.every((n) => n[2] === "schoolpoort"));
		assert.match(notices[0][1], /Afwezig: Nieuw 0, 2A/);
		await eva.page.locator('.app > p[role="status"]', { hasText: "nieuwe melding" }).waitFor({ state: "attached" });
		await publish(ids.map((id) => ({ topic: alertTopic(id), payload: "" })));
		for (const { page } of [ann, bram, eva]) await gone(rowOf(page, "Nieuw"));
		assert.deepEqual(eva.wrong, []);
		await eva.context.close();
		opened.pop();
	});
	await step("three_languages_and_dates_as_here", async () => {
		const { page } = ann;
		await page.locator(".top__tools summary").click();
		for (const [language, tag, date, word] of [
			["Français", "fr", "lundi 23 novembre", "À appeler"],
			["English", "en", /^Monday,? 23 November$/, "To call"],
			["Nederlands", "nl", "maandag 23 november", "Te bellen"],
		]) {
			await page.getByLabel(language).check();
			await seen(page.getByRole("heading", { name: date }));
			// The page's own language changes with its words: a screen reader goes by it.
			assert.equal(await page.evaluate(() => document.documentElement.lang), tag);
			await seen(page.getByRole("heading", { name: word }));
		}
		await page.keyboard.press("Escape");
	});
	await step("installable", async () => {
		const manifest = await ann.page.evaluate(async () => {
			const got = await fetch(document.querySelector('link[rel="manifest"]').href);
			const icons = (await got.json()).icons;
			const types = await Promise.all(icons.map(async (i) => (await fetch(i.src)).headers.get("content-type")));
			return { type: got.headers.get("content-type"), icons: icons.map((i) => i.type), types };
		});
		assert.deepEqual(manifest.types, manifest.icons);
		assert.match(manifest.type, /json/);
		const session = await ann.context.newCDPSession(ann.page);
		const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
		// A window without a profile of its own can't install; the page's own part must be whole.
		assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((e) => e !== "in-incognito"), []);
	});
	await step("prints_on_a4", async () => {
		await ann.page.emulateMedia({ media: "print" });
		await seen(ann.page.getByText("Stand van"));
		for (const left of [ann.page.locator(".nav"), rowOf(ann.page, "6Z").locator(".alert-row__first")]) {
			await hidden(left);
			assert.equal(await left.count(), 1, "it is there, and left out of the print alone");
		}
		const pdf = await ann.page.pdf({ format: "A4" });
		assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1);
		await ann.page.emulateMedia({ media: null });
	});

	// ---- every view, in each look ----

	const VIEWS = ["now", "find", `pupil/00${KOBE.id}`, "cards", "talk", "gates"];
	const settle = async (page, name) => {
		await view(page, name);
		if (name === "now") {
			await seen(rowOf(page, "6Z"));
			// Classes beside the calls, or folded beneath them: which one follows from the width.
			await seen(page.locator(`.now__side > ${page.viewportSize().width < 1024 ? "details" : "section"}`));
		}
		if (name.startsWith("pupil")) await seen(page.locator(".year"));
		if (name === "cards") await seen(button(page, /Koppelen aan/));
		if (name === "talk") await seen(rowOf(page, SALMA.name));
		if (name === "gates") await seen(page.locator("[data-gate]"));
		if (name === "find") {
			await page.locator('input[name="search"]').fill("van");
			await seen(page.locator(".picker__row"));
		}
	};
	await stage.do("tap", { uid: "04BADC0FFEE001" });
	const talk = `${stage.day}-r00${SALMA.id}`;
	await publish([
		{ topic: alertTopic(talk), payload: alertOf(talk, { kind: "talk", pupil: { id: `00${SALMA.id}`, name: SALMA.name, class: "5B" } }) },
	]);
	await step("axe_finds_nothing_light_and_dark", async () => {
		for (const scheme of ["light", "dark"]) {
			await ann.page.emulateMedia({ colorScheme: scheme });
			for (const name of VIEWS) {
				await settle(ann.page, name);
				if (name === "now") {
					await button(rowOf(ann.page, "6Z"), /Afhandelen|Meer/).click();
					await seen(ann.page.locator('input[name="note"]'));
				}
				if (name === "cards") {
					await button(ann.page, /Koppelen aan/).first().click();
					await seen(ann.page.locator(".picker"));
				}
				assert.deepEqual(await axe(ann.page), [], `${name}, ${scheme}`);
			}
		}
		await ann.page.emulateMedia({ colorScheme: "light" });
	});
	await step("usable_at_360_px_and_at_200_percent", async () => {
		const narrow = () => ann.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		const wide = () =>
			ann.page.evaluate(() => {
				const edge = document.documentElement.clientWidth;
				const over = [...document.querySelectorAll("main *, header *, nav *")].filter((e) => e.getBoundingClientRect().right > edge + 1);
				return over.slice(0, 5).map((e) => `${e.tagName}.${e.className}`).join(" ");
			});
		await ann.page.setViewportSize(PHONE);
		for (const name of VIEWS) {
			await settle(ann.page, name);
			assert.ok((await narrow()) <= 0, `${name} at 360 px`);
			if (name === "now") {
				await ann.page.getByRole("checkbox", { name: /Selecteer 6Z/ }).check();
				await seen(ann.page.locator(".now__selection"));
				assert.ok((await narrow()) <= 0, "selection at 360 px");
				const small = await ann.page.locator("main button:visible, main a:visible, nav a:visible, main label:visible").evaluateAll((all) =>
					all.map((e) => [e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.height < 24 || r.width < 24).map(([t, r]) => `${t} ${r.width}x${r.height}`));
				assert.deepEqual(small, []);
			}
		}
		assert.deepEqual(await axe(ann.page), []);
		for (const width of [360, 1280]) {
			await ann.page.setViewportSize({ width, height: 800 });
			await ann.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
			for (const name of VIEWS) {
				await settle(ann.page, name);
				assert.ok((await narrow()) <= 0, `${name} at 200 %, ${width} px: ${await wide()}`);
			}
		}
	});
	await ann.page.evaluate(() => document.documentElement.removeAttribute("style"));
	await ann.page.setViewportSize({ width: 1280, height: 900 });
	await view(ann.page, "now");

	// ---- register and broker away ----

	await step("no_answer_is_said_and_asked_again", async () => {
		await stage.do("end", { unit: "register" });
		await seen(ann.page.getByText("Het register antwoordt niet."));
		await button(rowOf(ann.page, "6Z"), /Ik neem dit/).click();
		await seen(ann.page.getByText("6Z: geen antwoord van het register"));
		registerBack = await schoolClock();
		await stage.do("begin", { unit: "register" });
		await gone(ann.page.getByText("Het register antwoordt niet."));
		await button(ann.page.locator(".acts"), "Opnieuw").click();
		await seen(ann.page.locator(".now__section--mine").getByText("6Z"));
	});
	await step("broker_killed_and_back", async () => {
		await stage.do("broker", { how: "kill" });
		const bar = ann.page.locator(".bars__bar--alarm");
		await seen(bar);
		// Since the last word that was heard, which is no older than the register's when it came back.
		await saysTime(await bar.innerText(), /Geen verbinding sinds (\d\d:\d\d)/, registerBack);
		await seen(rowOf(ann.page, "6Z"));
		assert.ok(await button(rowOf(ann.page, "6Z"), /^Bereikt/).isDisabled(), "nothing can be asked");
		assert.deepEqual(await axe(ann.page), []);
		await stage.do("broker", { how: "start" });
		await gone(bar);
		await seen(bram.page.locator(".now__section--others").getByText("6Z"));
		await button(ann.page.locator(".now__section--mine"), /^Bereikt: 6Z/).click();
		await gone(rowOf(ann.page, "6Z"));
		await gone(rowOf(bram.page, "6Z"));
	});

	// ---- large ----

	await step("two_thousand_pupils_and_400_alerts_feel_instant", async () => {
		const many = Array.from({ length: 400 }, (_, i) => {
			const id = `${stage.day}-am-p6${String(i).padStart(9, "0")}`;
			return {
				topic: alertTopic(id),
				payload: alertOf(id, { pupil: { id: `6${String(i).padStart(9, "0")}`, name: `Testleerling ${i}`, class: `${1 + (i % 6)}A` }, expected_at: at("08:25") }),
			};
		});
		await publish(many);
		await until("400 rows", async () => (await ann.page.locator("[data-alert]").count()) >= 400);
		const paints = [];
		const wholes = [];
		for (let i = 0; i < 5; i++) {
			await ann.page.reload({ waitUntil: "commit" });
			const drawn = await ann.page.waitForFunction(
				() =>
					document.querySelectorAll("[data-alert]").length >= 400 && [
						performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now(),
						performance.now(),
					],
			);
			const [paint, whole] = await drawn.jsonValue();
			paints.push(paint);
			wholes.push(whole);
		}
		const shown = [];
		for (let i = 0; i < 20; i++) {
			const id = `${stage.day}-am-p5${String(i).padStart(9, "0")}`;
			await ann.page.evaluate((wanted) => {
				globalThis.shown = 0;
				const look = () => {
					if (document.querySelector(`[data-alert="${wanted}"]`)) requestAnimationFrame(() => (globalThis.shown = Date.now()));
					else requestAnimationFrame(look);
				};
				look();
			}, id);
			const { sent } = await publish([{ topic: alertTopic(id), payload: alertOf(id, { pupil: { id: `5${String(i).padStart(9, "0")}`, name: `Nu ${i}`, class: "1A" }, expected_at: at("08:24") }) }]);
			const drawn = await ann.page.waitForFunction(() => globalThis.shown);
			shown.push((await drawn.jsonValue()) - sent[0]);
		}
		const worst = (list) => Math.max(...list).toFixed(0);
		const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)].toFixed(0);
		figure("careboard first paint, median", middle(paints), "ms", "5 loads, nginx, 400 alerts, 2,000 pupils");
		figure("careboard all 400 alerts drawn after a load, median", middle(wholes), "ms", "5 loads, sign-in included");
		figure("careboard alert published to drawn, median", middle(shown), "ms", "20 alerts beside 400");
		figure("careboard alert published to drawn, slowest", worst(shown), "ms", "20 alerts beside 400");
		assert.ok(Number(middle(paints)) < 10000 && Number(middle(shown)) < 5000, "not even nearly");
	});
	await step("signed_out_nothing_is_left", async () => {
		await view(ann.page, `pupil/00${MILA.id}`);
		await seen(ann.page.locator(".pupil"));
		await ann.page.locator(".top__tools summary").click();
		await button(ann.page, "Afmelden").click();
		await seen(button(ann.page, "Aanmelden"));
		assert.equal(await ann.page.evaluate(() => location.hash), "", "whom one looked at");
		assert.equal(await ann.page.evaluate(() => sessionStorage.length), 0);
		assert.ok(!(await ann.page.content()).includes("Testleerling"));
		assert.ok(!JSON.stringify(await ann.page.evaluate(() => ({ ...localStorage }))).includes("Mila"));
	});
	await step("nothing_went_wrong_on_the_way", async () => {
		assert.deepEqual(ann.wrong, []);
		assert.deepEqual(bram.wrong, []);
		assert.deepEqual(ann.foreign, []);
	});
	await chrome.close();
	await stage.close();
	console.log(`${passed} passed, ${failed} failed`);
	process.exitCode = failed > 0 ? 1 : 0;
}

await main();
