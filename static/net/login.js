let loggingOut = false;

/** This page is about to log out: the end of its session is no news then. */
export function startLogout() {
	loggingOut = true;
}

/** The session has ended: the reader signs in, and comes back to this page. */
export function toLogin() {
	if (!loggingOut) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
