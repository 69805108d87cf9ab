// SPDX-License-Identifier: EUPL-1.2
/**
 * pictures.mjs BIN PAGES OUT: each view of the board at the size of a desktop and of a phone, from a school of the demo's
 * invented pupils. The past of a pupil's year is invented too: it is laid over the register's answer on its way.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

import { openBrowser, openPage, openStage, ROOT, rowOf, signIn } from "./tools.mjs";

const [binDir, pages, out] = process.argv.slice(2);
const AWAY = ["20260192", "20260255", "20260388", "20260367", "20260381", "20260458", "20260115", "20260241", "20260325"];
const EXCUSED = ["20260171", "20260262", "20260360"];
const MILA = "0020260192";

const seen = (locator) => locator.first().waitFor({ state: "visible" });
const gone = (locator) => locator.first().waitFor({ state: "detached" });

async function view(page, name) {
	await page.evaluate((hash) => (location.hash = hash), `#/${name}`);
	await seen(page.locator(`.app__main .${name.split("/")[0]}`));
}

/** Everything of the morning is there: who is away or late, who has whom, the classes, what waits in other views. */
async function whole(page) {
	await page.waitForFunction((n) => document.querySelectorAll("[data-alert]").length === n, AWAY.length);
	await seen(page.locator(".now__section--others").getByText("Renée"));
	await seen(page.locator(".now__section--mine").getByText("Mila"));
	await seen(page.locator(".now__side"));
	for (const name of ["Kaarten", "Gesprek"]) await seen(page.locator(".nav__link", { hasText: name }).locator(".nav__count"));
}

/** Half days from September to yesterday, as a pupil's might be. */
function past(day) {
	const half = [];
	const off = (date) => (date >= "2026-11-02" && date <= "2026-11-08") || date === "2026-11-11" || date === "2026-10-05";
	for (let ms = Date.parse("2026-09-01T00:00:00Z"); ms < Date.parse(`${day}T00:00:00Z`); ms += 86400000) {
		const date = new Date(ms).toISOString().slice(0, 10);
		const weekday = new Date(ms).getUTCDay();
		if (weekday === 0 || weekday === 6 || off(date)) continue;
		for (const h of weekday === 3 ? ["am"] : ["am", "pm"]) {
			const n = half.length;
			const late = h === "am" && n % 23 === 7;
			const ill = date >= "2026-10-13" && date <= "2026-10-15";
			const away = n === 61 || n === 62;
			const mark = ill ? "x" : away ? "-" : late ? "L" : "|";
			half.push({
				date, half: h, mark,
				...(mark === "L" ? { arrived_at: `${date}T08:${29 + (n % 5)}:00.000+02:00`, minutes_late: 4 + (n % 5), gate: "gate-1" } : {}),
				...(mark === "x" ? { said: { by: "sofie", at: `${date}T09:10:00.000+02:00` } } : {}),
			});
		}
	}
	return half;
}

/** A packet of MQTT is as long as it says; only a whole answer about a pupil is changed. */
function withPast(data, day) {
	const text = data.toString("latin1");
	const at = text.indexOf('"half_days":[');
	if (at < 0 || data[0] >> 4 !== 3) return data;
	let size = 0;
	let n = 1;
	for (let shift = 0; ; shift += 7) {
		const byte = data[n++];
		size |= (byte & 127) << shift;
		if (byte < 128) break;
	}
	if (n + size !== data.length) return data;
	const have = text[at + 13] === "]" ? "" : ",";
	const more = JSON.stringify(past(day)).slice(1, -1) + have;
	const body = Buffer.from(text.slice(n, at + 13) + more + text.slice(at + 13), "latin1");
	const length = [];
	for (let left = body.length; ; ) {
		const byte = left & 127;
		left >>= 7;
		length.push(left ? byte | 128 : byte);
		if (!left) break;
	}
	return Buffer.concat([Buffer.from([data[0], ...length]), body]);
}

async function person(browser, stage, user, options) {
	const opened = await openPage(browser, stage, options);
	await opened.page.routeWebSocket(/\/mqtt$/, (ws) => {
		const server = ws.connectToServer();
		ws.onMessage((m) => server.send(m));
		server.onMessage((m) => ws.send(typeof m === "string" ? m : withPast(m, stage.day)));
	});
	await opened.page.reload();
	return { ...opened, in: () => signIn(opened.page, stage, user) };
}

async function shoot(page, name) {
	await page.evaluate(() => document.activeElement?.blur());
	await page.mouse.move(0, 0);
	await page.screenshot({ path: path.join(out, `${name}.png`) });
}

async function main() {
	mkdirSync(out, { recursive: true });
	const stage = await openStage(binDir, pages, "--plain");
	const chrome = await openBrowser(stage);
	const { browser } = chrome;
	await stage.do("open");
	await stage.do("crowd", { away: [...AWAY, ...EXCUSED] });
	await stage.do("bell");
	for (const pupil of ["20260115", "20260241", "20260325"]) await stage.do("tap", { pupil, at: "08:25:05" });
	await stage.do("tap", { uid: "04C0FFEE5EED01", gate: "gate-2" });
	const at = `${stage.day}T08:31:00.000+01:00`;
	const id = `${stage.day}-r0020260311`;
	const ann = await person(browser, stage, "ann", {});
	await shoot(ann.page, "sign-in-desktop");
	await ann.in();
	const sofie = await person(browser, stage, "sofie", {});
	await sofie.in();
	const { page } = ann;
	await seen(rowOf(page, "Salma"));
	await stage.do("publish", {
		messages: [{
			topic: `${stage.root}/care/alert/${id}`,
			payload: {
				v: 1, id, kind: "talk", state: "open", certainty: "confirmed", date: stage.day, raised_at: at, changed_at: at, revision: 1,
				pupil: { id: "0020260311", name: "José Muñoz", class: "3B" },
			},
		}],
	});
	await rowOf(sofie.page, "Renée").getByRole("button", { name: /Ik neem dit/ }).click();
	await rowOf(page, "Mila").getByRole("button", { name: /Ik neem dit/ }).click();
	await whole(page);
	await page.locator(".acts").getByRole("button", { name: /Sluiten/ }).click();
	await gone(page.locator(".acts__line"));

	const phone = await person(browser, stage, "ann", { phone: true });
	await shoot(phone.page, "sign-in-phone");
	await phone.in();
	const dark = await person(browser, stage, "ann", { dark: true });
	await dark.in();
	for (const [p, size] of [[page, "desktop"], [phone.page, "phone"], [dark.page, "desktop-dark"]]) {
		await whole(p);
		await shoot(p, `now-${size}`);
		if (size !== "desktop-dark") {
			await rowOf(p, "Kobe").getByRole("button", { name: /Afhandelen/ }).click();
			await seen(p.locator('input[name="note"]'));
			await shoot(p, `act-${size}`);
			await rowOf(p, "Kobe").getByRole("button", { name: /Afhandelen/ }).click();
			await gone(p.locator('input[name="note"]'));
			await p.getByRole("checkbox", { name: "Selecteer alles: Afwezig: bellen" }).check();
			await seen(p.locator(".now__selection"));
			await shoot(p, `several-${size}`);
			await p.getByRole("button", { name: "Niets selecteren" }).click();
			await view(p, "find");
			await p.locator('input[name="search"]').fill("van");
			await seen(p.locator(".picker__row"));
			await shoot(p, `find-${size}`);
			await view(p, "cards");
			await p.getByRole("button", { name: /Koppelen aan/ }).click();
			await seen(p.locator(".picker"));
			await shoot(p, `cards-${size}`);
			await view(p, "talk");
			await seen(rowOf(p, "José"));
			await shoot(p, `talk-${size}`);
			await view(p, "gates");
			for (const unit of ['[data-gate="gate-1"]', '[data-gate="gate-2"]', "[data-register]"]) await seen(p.locator(unit));
			await shoot(p, `gates-${size}`);
		}
		await view(p, `pupil/${MILA}`);
		await seen(p.locator(".year"));
		await shoot(p, `pupil-${size}`);
		await view(p, "now");
	}
	await stage.do("broker", { how: "kill" });
	for (const [p, size] of [[page, "desktop"], [phone.page, "phone"]]) {
		await seen(p.locator(".bars__bar--alarm"));
		await shoot(p, `lost-${size}`);
	}
	await stage.do("broker", { how: "start" });
	await chrome.close();
	await stage.close();
	const files = readdirSync(out).filter((f) => f.endsWith(".png")).map((f) => path.join(out, f));
	spawnSync("/usr/bin/python3", [path.join(ROOT, "tests/careboard/palette.py"), ...files], { stdio: "inherit" });
}

await main();
