// SPDX-License-Identifier: EUPL-1.2
/** What the tests of the careboard share: the school (stage.py), a browser, and steps that people do. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(path.join(ROOT, "ui/careboard/package.json"));
const { chromium, errors } = require("playwright-core");
export { errors };
export const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** For whatever is waited for: a loaded machine is slow, and a failure may be. */
export const DEADLINE_MS = Number(process.env.CAREBOARD_DEADLINE_MS ?? 60000);

export function chromiumPath() {
	return ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((p) => existsSync(p));
}

/** stage.py, one command after the other. */
export async function openStage(binDir, pages, ...options) {
	const child = spawn("/usr/bin/python3", ["-B", path.join(ROOT, "tests/careboard/stage.py"), binDir, pages, ...options], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const waiting = [];
	const ended = new Promise((done) => child.on("exit", done));
	void ended.then((code) => {
		for (const { no } of waiting.splice(0)) no(new Error(`stage.py ended with ${code}`));
	});
	createInterface({ input: child.stdout }).on("line", (line) => {
		if (!line.startsWith("{")) return; // a program's own word
		const answer = JSON.parse(line);
		const { yes, no } = waiting.shift();
		if (answer.ok) yes(answer);
		else no(new Error(answer.error));
	});
	const next = () => new Promise((yes, no) => waiting.push({ yes, no }));
	const first = next();
	const about = await first;
	return {
		...about,
		do: (what, fields = {}) => {
			const answer = next();
			child.stdin.write(`${JSON.stringify({ do: what, ...fields })}\n`);
			return answer;
		},
		close: async () => {
			child.stdin.end();
			await ended;
		},
	};
}

/** A browser that knows the school's certificate, and nothing else of anybody. */
export async function openBrowser(stage, options = {}) {
	const folder = mkdtempSync(path.join(tmpdir(), "schoolpoort-browser-"));
	const browser = await chromium.launch({
		executablePath: chromiumPath(),
		args: [
			"--no-sandbox",
			"--disable-dev-shm-usage",
			"--disable-gpu",
			`--ignore-certificate-errors-spki-list=${stage.spki}`,
			`--user-data-dir=${folder}`,
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			...(options.args ?? []),
		].filter((a) => !a.startsWith("--user-data-dir")),
		timeout: DEADLINE_MS,
	});
	return {
		browser,
		close: async () => {
			await browser.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 740 };

/** A person at a browser of their own. What the page says on its console as an error fails the test. */
export async function openPage(browser, stage, options = {}) {
	const context = await browser.newContext({
		viewport: options.phone ? PHONE : DESKTOP,
		locale: options.locale ?? "nl-BE",
		colorScheme: options.dark ? "dark" : "light",
		timezoneId: options.timezone ?? "America/New_York",
		reducedMotion: "reduce",
		baseURL: stage.url,
		...(options.context ?? {}),
	});
	context.setDefaultTimeout(DEADLINE_MS);
	const page = await context.newPage();
	const wrong = [];
	page.on("pageerror", (e) => wrong.push(`${e.message}\n${e.stack}`));
	page.on("console", (m) => {
		if (m.type() === "error" && !/WebSocket connection|WebSocket is already in CLOSING|ERR_CONNECTION|ERR_INTERNET|502|net::ERR/.test(m.text()))
			wrong.push(m.text());
	});
	page.on("dialog", (d) => {
		wrong.push(`dialog: ${d.message()}`);
		void d.dismiss();
	});
	await page.goto("/");
	return { page, context, wrong };
}

export async function signIn(page, stage, user, password = stage.password) {
	await page.fill('input[name="username"]', user);
	await page.fill('input[name="password"]', password);
	await page.press('input[name="password"]', "Enter");
}

export async function openBoard(browser, stage, user, options = {}) {
	const opened = await openPage(browser, stage, options);
	await signIn(opened.page, stage, user);
	await opened.page.waitForSelector(".app");
	return opened;
}

/** The row of a pupil, by what is read there. */
export function rowOf(page, name) {
	return page.locator("[data-alert]").filter({ has: page.locator(".alert-row__name", { hasText: name }) });
}

export async function axe(page) {
	await page.evaluate(AXE);
	const found = await page.evaluate(async () => {
		const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
		// eslint-disable-next-line no-undef
		const result = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
		return result.violations.map((v) => ({
			id: v.id,
			help: v.help,
			nodes: v.nodes.slice(0, 4).map((n) => `${n.target.join(" ")}: ${n.failureSummary}`),
		}));
	});
	return found;
}
