const IDLE = 5 * 60_000; // ms without a key, a pointer or a scroll, after which a page is not in use
const LOOK = 15_000; // ms

/**
 * Tells when the page is no longer in use, and when it is again.
 * @param {(idle: boolean) => unknown} tell
 */
export function watchUse(tell) {
	let used = Date.now();
	let idle = false;
	const become = (/** @type {boolean} */ now) => {
		if (now === idle) return;
		idle = now;
		tell(idle);
	};
	const look = () => {
		if (Date.now() - used >= IDLE) become(true);
	};
	const use = () => {
		used = Date.now();
		become(false);
	};
	for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'focus'])
		addEventListener(kind, use, { capture: true, passive: true });
	// A page that comes back into sight is in use; one that was hidden long ago may have slept through its timers.
	document.addEventListener('visibilitychange', () => (document.hidden ? look() : use()));
	setInterval(look, LOOK);
	return {
		/** A new connection knows nothing of it. */
		connected: () => idle && tell(true),
	};
}
