import { forgetDrafts } from '../core/storage.js';
import { channel, DATABASE, done, OutboxStorage } from './storage.js';

const FORGET_WITHIN = 2_000; // ms; logging out waits no longer

/** How many messages have not been sent. */
export async function unsent() {
	return (await new OutboxStorage().all()).length;
}

/** Takes all that was written here off this machine, drafts too; the other tabs are told. */
export async function forget() {
	channel().postMessage({ over: true });
	forgetDrafts();
	try {
		await globalThis.caches?.delete('klatch-pages');
		const deleted = done(indexedDB.deleteDatabase(DATABASE));
		const late = new Promise((resolve) => {
			setTimeout(resolve, FORGET_WITHIN);
		});
		await Promise.race([deleted, late]);
	} catch {
		// Where nothing may be stored nothing is.
	}
}
