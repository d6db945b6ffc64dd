import { all, maybe, part } from './dom.js';
import { read, write } from './storage.js';

const IDLE = 60_000; // ms without a key or a pointer
const LOOK_EVERY = 5_000;
const NOT_WITHIN = 600_000; // ms: behind a balancer two builds may serve by turns for a while
const TRIED = 'klatch:updated'; // key of sessionStorage: build → when the page was reloaded for it

// What would be lost or would vanish from under somebody's hands. What is in a room's text box is kept as a draft.
const BUSY =
	'dialog[open], :popover-open, .mode:not([hidden]), .preview, .leaving, [aria-busy=true], [data-back], [data-unfinished]';
const FILLED = 'input, textarea:not([data-part=text])';

/** @type {string | null} */
let wanted = null;
let touched = 0; // when somebody last did something here

/**
 * The server is of another build than this page, which is loaded anew when that disturbs nobody.
 * @param {string | null} build `null`: of the same again
 */
export function reloadFor(build) {
	if (!touched) {
		touched = Date.now();
		const touch = () => {
			touched = Date.now();
		};
		for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel'])
			addEventListener(kind, touch, { capture: true, passive: true });
		document.addEventListener('visibilitychange', look);
		setInterval(look, LOOK_EVERY);
	}
	wanted = build;
	look();
}

function look() {
	if (wanted === null) return;
	/** @type {Record<string, number>} */
	const tried = JSON.parse(read(TRIED, true) ?? '{}');
	if (Date.now() - (tried[wanted] ?? 0) < NOT_WITHIN) return;
	if (!document.hidden && Date.now() - touched < IDLE) return;
	if (!navigator.onLine || maybe(BUSY) || isFilled()) return;
	// Where it can't be noted, it might be tried for ever.
	if (!write(TRIED, JSON.stringify({ ...tried, [wanted]: Date.now() }), true)) return;
	const message = readUpAbove();
	const { roomId } = part('list', document).closest('main')?.dataset ?? {};
	if (message) location.replace(`${location.pathname.split('/', 3).join('/')}/${message.dataset.id}?room_id=${roomId}`);
	else location.reload();
}

function isFilled() {
	const fields = [...all(FILLED, document, HTMLInputElement), ...all(FILLED, document, HTMLTextAreaElement)];
	return fields.some(({ value, defaultValue }) => value !== defaultValue);
}

// The message that is looked at, where that is not the end.
function readUpAbove() {
	if (!maybe('[data-part=jump]:not([hidden])')) return null;
	const list = part('list', document);
	const { top } = list.getBoundingClientRect();
	return all('.msg[id]', list).find((article) => article.getBoundingClientRect().bottom > top);
}
