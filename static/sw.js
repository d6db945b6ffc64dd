/*
 * The service worker. Pages of rooms that were opened before are shown while the server can't be reached, with what they
 * are made of: `BUILD` and `FILES`, which the server writes above. Logging out takes them off this machine (outbox/forget.js).
 */
const PAGES = 'klatch-pages';
const PARTS = `klatch-parts-${BUILD}`;
const MOST_PAGES = 60;
const ANSWER_WITHIN = 8_000; // ms; then a page that was kept is better than none

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @param {string} path */
const isPage = (path) => path === '/rooms' || /^\/rooms\/[a-z0-9-]+$/.test(path);

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
	const { request } = event;
	const { origin, pathname, search } = new URL(request.url);
	if (request.method !== 'GET' || origin !== location.origin) return;
	if (pathname.startsWith('/static/')) event.respondWith(part(request));
	// A page that shows another one inside itself asks for it as HTML.
	else if (request.mode === 'navigate' || request.headers.get('accept') === 'text/html')
		event.respondWith(page(event, pathname + search));
});

async function install() {
	const parts = await caches.open(PARTS);
	await parts.addAll([...FILES, '/offline']);
	await worker.skipWaiting();
}

// Pages that were kept may be of the build before.
async function activate() {
	const builds = (await caches.keys()).filter((name) => name.startsWith('klatch-parts-') && name !== PARTS);
	await Promise.all(builds.slice(0, -1).map((name) => caches.delete(name)));
	await worker.clients.claim();
	for (const { url } of await worker.clients.matchAll()) {
		const { pathname } = new URL(url);
		if (isPage(pathname)) await keep(pathname, await fetch(pathname));
	}
}

/**
 * A file's address changes with the file.
 * @param {Request} request
 */
async function part(request) {
	return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

/**
 * @param {FetchEvent} event
 * @param {string} path
 */
async function page(event, path) {
	const room = isPage(path) ? path : path.replace(/\/\d+$/, ''); // a message's link, without a connection, leads to its room
	const kept = isPage(room) && (await caches.match(room, { cacheName: PAGES, ignoreVary: true }));
	try {
		const response = await fetch(event.request, kept ? { signal: AbortSignal.timeout(ANSWER_WITHIN) } : {});
		if (isPage(path)) event.waitUntil(keep(path, response.clone()));
		// Whoever has to sign in may be somebody else.
		else if (['/', '/login', '/signup'].includes(path) && response.ok) event.waitUntil(caches.delete(PAGES));
		return response;
	} catch {
		return kept || (await caches.match('/offline', { ignoreVary: true })) || Response.error();
	}
}

/**
 * What may no longer be seen goes; the newest stands last.
 * @param {string} path
 * @param {Response} response
 */
async function keep(path, response) {
	const pages = await caches.open(PAGES);
	await pages.delete(path);
	if (!response.ok || response.redirected) return;
	await pages.put(path, response);
	const kept = await pages.keys();
	await Promise.all(kept.slice(0, -MOST_PAGES).map((oldest) => pages.delete(oldest)));
}

worker.addEventListener('notificationclick', (event) => {
	event.notification.close();
	event.waitUntil(open(event.notification.data.path));
});

/** @param {string} path */
async function open(path) {
	const pages = await worker.clients.matchAll({ type: 'window' });
	const page = pages.find(({ url }) => new URL(url).pathname === path) ?? pages[0];
	if (!page) return worker.clients.openWindow(path);
	const focused = await page.focus();
	if (new URL(focused.url).pathname !== path) await focused.navigate(path);
}
