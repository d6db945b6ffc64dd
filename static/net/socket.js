import { t } from '../core/text.js';
import { endSession, toLogin } from './login.js';

const FIRST_WAIT = 500; // ms; doubles with each failure
const LONGEST_WAIT = 30_000;
const FULL_WAIT = 5_000; // at least this after 1013
const OPEN_WITHIN = 15_000; // from connecting to `welcome`
const ANSWER_WITHIN = 8_000; // to a probe
// A room this socket has surely not joined: whatever the answer to leaving it, it is a sign of life.
const NOWHERE = `nowhere-${Math.random().toString(36).slice(2)}`;
const OFFLINE_AFTER = 4; // failures in a row
const ASK_EVERY = 3; // refusals: where a crowd is let in by and by, questions would hold it up

// Close codes after which the contract has a client stay away, and what a person is told.
/** @type {Record<number, string>} */
const FINAL = {
	1000: 'over',
	1001: 'over',
	1002: 'unreadable',
	1003: 'unreadable',
	1007: 'unreadable',
	1008: 'unreadable',
	1009: 'large',
	4403: 'banned',
	4429: 'windows',
};

/** @typedef {'connecting' | 'online' | 'offline'} State */

/** One WebSocket that comes back by itself. It is online from `welcome` on. */
export class Socket {
	/** @type {Wire.FrameOf<'welcome'> | null} */
	#welcome = null;
	/** @type {WebSocket | null} */
	#ws = null;
	#failures = 0;
	/** @type {number | null} */
	#wait = null; // reconnect_after_ms of the latest `bye`
	#timer = 0;
	#watch = 0;
	#probing = false;
	#heard = 0;
	#stopped = false;
	/** @type {Promise<typeof import('../core/reload.js')> | null} */
	#reload = null; // once the server was of another build
	#patient = false; // told when to come back: nothing but a person shortens that

	#onFrame;
	#onState;

	/** @param {{ onFrame: (frame: Wire.ServerFrame) => void, onState: (state: State, text: string, retry?: boolean) => void }} on */
	constructor({ onFrame, onState }) {
		this.#onFrame = onFrame;
		this.#onState = onState;
	}

	get online() {
		return this.#welcome !== null;
	}

	start() {
		addEventListener('online', () => this.#nudge());
		addEventListener('offline', () => this.#nudge());
		addEventListener('pageshow', (event) => event.persisted && this.connectNow());
		document.addEventListener('visibilitychange', () => document.hidden || this.#nudge());
		setInterval(() => this.#listen(), 5_000);
		this.#connect();
	}

	connectNow() {
		if (this.online) return;
		this.#stopped = false;
		this.#connect();
	}

	/**
	 * Sends one frame; false when it could not even be handed to the browser.
	 * @param {Wire.ClientFrame} frame
	 */
	send(frame) {
		if (!this.online || this.#ws?.readyState !== WebSocket.OPEN) return false;
		this.#ws.send(JSON.stringify(frame));
		return true;
	}

	/** An answer is overdue: the connection may be dead without anyone having noticed. */
	probe() {
		if (!this.online || this.#probing) return;
		this.#probing = true;
		this.send({ type: 'leave', room: NOWHERE, ref: 'probe' });
		this.#watch = setTimeout(() => this.#lost(1006), ANSWER_WITHIN);
	}

	// A browser does not show pings to the page, and a connection cut without a word stays "open" for minutes.
	#listen() {
		if (this.online && !document.hidden && Date.now() - this.#heard > 2 * this.#heartbeat()) this.probe();
	}

	#heartbeat() {
		return Math.max(10, this.#welcome?.heartbeat_secs ?? 30) * 1_000;
	}

	#nudge() {
		if (this.online) {
			if (Date.now() - this.#heard > 5_000) this.probe();
		} else if (!this.#stopped && !this.#patient && this.#timer && navigator.onLine) {
			this.#connect();
		} else if (!this.#stopped) {
			this.#tell();
		}
	}

	#connect() {
		this.#drop();
		this.#tell();
		const ws = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
		this.#ws = ws;
		let opened = false;
		ws.onopen = () => {
			opened = true;
		};
		ws.onmessage = (event) => this.#receive(event.data);
		ws.onclose = (event) => this.#lost(event.code, opened);
		this.#watch = setTimeout(() => this.#lost(1006, opened), OPEN_WITHIN);
	}

	/** @param {string} data */
	#receive(data) {
		/** @type {Wire.ServerFrame} */
		let frame;
		try {
			frame = JSON.parse(data);
		} catch {
			return;
		}
		this.#heard = Date.now();
		if (this.#probing) {
			this.#probing = false;
			clearTimeout(this.#watch);
		}
		if (frame.type === 'welcome') {
			clearTimeout(this.#watch);
			this.#failures = 0;
			this.#wait = null;
			this.#welcome = frame;
			const other = import.meta.url.includes(`/${frame.build}/`) ? null : frame.build;
			if (other) this.#reload ??= import('../core/reload.js');
			this.#reload?.then(({ reloadFor }) => reloadFor(other));
			this.#onState('online', '');
		} else if (frame.type === 'bye') {
			this.#wait = frame.reconnect_after_ms ?? null;
		}
		if (!('ref' in frame && frame.ref === 'probe')) this.#onFrame(frame);
	}

	// Handlers come off first: close() of a dead connection may take minutes to report, and an old socket's
	// frames must not reach what a newer one has joined.
	#drop() {
		clearTimeout(this.#timer);
		clearTimeout(this.#watch);
		this.#timer = 0;
		this.#probing = false;
		this.#welcome = null;
		const ws = this.#ws;
		this.#ws = null;
		if (!ws) return;
		ws.onopen = null;
		ws.onmessage = null;
		ws.onclose = null;
		ws.close();
	}

	/**
	 * @param {number} code that of the WebSocket's close
	 * @param {boolean} [opened] whether it was ever open
	 */
	#lost(code, opened = true) {
		const announced = this.#wait;
		this.#wait = null;
		this.#drop();
		if (code === 4401) return toLogin();
		if (code in FINAL) {
			this.#stopped = true;
			if (code === 4403) endSession();
			this.#onState('offline', t(`connection.${FINAL[code]}`), code !== 4403);
			return;
		}
		this.#failures += 1;
		if (!opened && this.#failures % ASK_EVERY === 2) this.#checkSession();
		let wait = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(this.#failures, 16));
		if (code === 1013) wait += FULL_WAIT;
		if (code === 1012 && announced !== null) wait = announced;
		this.#patient = code === 1012 || code === 1013;
		this.#timer = setTimeout(() => this.#connect(), wait);
		this.#tell();
	}

	// A refused upgrade tells the page nothing. Only this tells an ended session (401) from a server that is away.
	async #checkSession() {
		const response = await fetch('/api/v1/me', { cache: 'no-store' }).catch(() => null);
		if (response?.status === 401) toLogin();
	}

	#tell() {
		if (this.online) return;
		if (!navigator.onLine || this.#failures >= OFFLINE_AFTER) this.#onState('offline', t('connection.offline'), true);
		else this.#onState('connecting', t(this.#failures ? 'connection.again' : 'connection.first'));
	}
}
