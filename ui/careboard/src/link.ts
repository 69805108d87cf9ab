// SPDX-License-Identifier: EUPL-1.2
/**
 * The one place that knows MQTT. A connection to the broker behind this page's own address, and what is said on it.
 *
 * Topics that are retained are subscribed at QoS 0: what is lost with a connection is told anew by the next one, and the
 * broker sends all of it before it answers the subscription after it, which is how the end is known (`settled`). At QoS 1
 * it would send twenty at a time and no end would show.
 *
 * Nor would QoS 1 keep a stolen gate, which may write its topics without end, from filling the broker with what waits for
 * slow pages: Mosquitto 2.0.11 hands on at the lower of both QoS, and of what was published at 0 it limits the number alone.
 * Measured 2026-11-22 with three pages that don't read, 200 kB a message: 268 MiB, and the broker refuses others, at 0;
 * published and subscribed at 1, 48 MiB, but 2 of 105 alerts came. So the page takes no packet that it wouldn't read (8 MB
 * each: 27 MiB, and all alerts came), and leaves a connection that may have missed some (model/hearing.ts).
 */
import mqtt, { type MqttClient } from "mqtt";

import { every, nowMs } from "./clock";
import { BYTES_MAX } from "./model/decode";
import { asked, begin, heard, isFlooded, lookAt } from "./model/hearing";
import type { LinkStatus } from "./model/state";

export interface LinkEvents {
	readonly status: (status: LinkStatus) => void;
	readonly message: (topic: string, payload: Uint8Array, retained: boolean) => void;
	readonly settled: () => void;
}

export interface Connection {
	/** Return: null once the broker has it, else its reason (135: this user may not). */
	readonly publish: (topic: string, text: string) => Promise<number | null>;
	readonly end: () => void;
}

/** A hidden page's timers run once a minute at worst: the broker must wait longer than that (1.5 times this). */
const KEEPALIVE_S = 90;
/** A visible one looks for itself (model/hearing.ts). */
const LOOK_MS = 5000;
const AGAIN_MS = 1000;
/** The longest topic of the contract, and MQTT's own bytes. */
const HEAD_MAX = 1024;
/** Mosquitto's answers to MQTT 5: bad user name or password, not authorised, banned. */
const REFUSALS = [134, 135, 138];

const KEPT = ["care/alert/#", "care/day/#", "gate/+/state", "register/state"];

function clientId(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(8));
	return `schoolpoort-careboard-${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
}

/** A user's rights are one school's, and the broker is silent about any other: so the page needs not to be told which. */
function subscribe(client: MqttClient, user: string, settled: () => void) {
	client.subscribe(
		KEPT.map((t) => `schoolpoort/+/${t}`),
		{ qos: 0 },
	);
	client.subscribe(`schoolpoort/+/care/reply/${user}`, { qos: 1 }, (error) => {
		if (!error) settled();
	});
}

/**
 * Ends a connection that died without a word (a laptop that slept, a network that changed), that is far behind, or on which
 * words may be missing: the next one tells all that stands. Return: stop.
 */
function watch(client: MqttClient): () => void {
	let hearing = begin(nowMs());
	const drop = () => client.connected && client.stream.destroy();
	client.on("connect", () => (hearing = begin(nowMs())));
	client.on("packetreceive", (packet) => {
		const told = packet.cmd === "publish" && (packet.retain ? "stood" : "live");
		hearing = heard(hearing, told || (packet.cmd === "pingresp" ? "answer" : "other"), nowMs());
		if (isFlooded(hearing)) drop();
	});
	const stop = every(LOOK_MS, () => {
		const now = nowMs();
		const what = client.connected ? lookAt(hearing, now) : null;
		if (what === "drop") drop();
		if (what !== "ask") return;
		hearing = asked(hearing, now);
		client.sendPing();
	});
	const back = () => !client.connected && !client.disconnecting && client.reconnect();
	window.addEventListener("offline", drop);
	window.addEventListener("online", back);
	return () => {
		stop();
		window.removeEventListener("offline", drop);
		window.removeEventListener("online", back);
	};
}

/** connect() - and stay connected until end(), or until the broker refuses the password. */
export function connect(user: string, password: string, events: LinkEvents): Connection {
	const client = mqtt.connect(`wss://${location.host}/mqtt`, {
		protocolVersion: 5,
		clientId: clientId(),
		username: user,
		password,
		clean: true,
		keepalive: KEEPALIVE_S,
		reconnectPeriod: AGAIN_MS,
		connectTimeout: 20000,
		resubscribe: false,
		queueQoSZero: false,
		properties: { maximumPacketSize: BYTES_MAX + HEAD_MAX },
		// Its workers come from blob: addresses, which the page's policy forbids.
		timerVariant: "native",
	});
	const stop = watch(client);
	let been = false;
	client.on("connect", () => {
		been = true;
		events.status("online");
		subscribe(client, user, events.settled);
	});
	client.on("message", (topic, payload, packet) => events.message(topic, payload, packet.retain));
	client.on("close", () => !client.disconnecting && events.status(been ? "lost" : "unreachable"));
	client.on("error", (error) => {
		if (!("code" in error) || !REFUSALS.includes(Number(error.code))) return;
		stop();
		client.end(true);
		events.status("refused");
	});
	return {
		publish: (topic, text) =>
			new Promise((done) => {
				if (!client.connected) return done(-1);
				client.publish(topic, text, { qos: 1 }, (error) =>
					done(error ? Number("code" in error ? error.code : -1) : null),
				);
			}),
		end: () => {
			stop();
			client.end(true);
		},
	};
}
