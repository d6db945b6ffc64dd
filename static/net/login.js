let loggingOut = false;
/** @type {() => Promise<unknown>} */
let clean = async () => {};

/** This page is about to log out: the end of its session is no news then. */
export function startLogout() {
	loggingOut = true;
}

/**
 * @param {() => Promise<unknown>} act takes what somebody wrote off this machine, once their session has ended
 */
export function onSessionEnd(act) {
	clean = act;
}

/** The session has ended, and there is no way back for now. */
export async function endSession() {
	if (loggingOut) return false;
	loggingOut = true;
	await clean().catch(() => {});
	return true;
}

/** The session has ended: the reader signs in, and comes back to this page. */
export async function toLogin() {
	const next = encodeURIComponent(location.pathname + location.search);
	if (await endSession()) location.assign(`/login?next=${next}`);
}
