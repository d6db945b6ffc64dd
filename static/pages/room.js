import { $, all, maybe, targetOf } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';
import { navigateBy } from '../core/navigate.js';
import { t } from '../core/text.js';
import { OpenRooms } from '../room/open-rooms.js';
import { ChatPage, readUser } from './chat-page.js';

const DWELL = 40; // ms that a pointer stays on a link before what it leads to is fetched
const TEXT = 'input, textarea, select, [contenteditable], dialog *, [popover] *';

const talk = $('#talk');
const page = new ChatPage({
	me: readUser(talk),
	administers: talk.dataset.administers !== undefined,
	title: talk.dataset.name ?? '',
	here: talk.dataset.room ?? '',
});
const drawers = [
	{ panel: '#side', opener: '#side-open', media: matchMedia('(max-width: 720px)') },
	{ panel: '#who', opener: '#people-open', media: matchMedia('(max-width: 1100px)') },
];
/** @type {Promise<import('../room/drawers.js').Drawers> | null} */
let drawn = null; // in a large window there are none
/** @type {import('../room/room.js').Room | null} */
let first = null; // the one that the page came with
const hasKeyboard = matchMedia('(hover: hover) and (pointer: fine)').matches;

const rooms = new OpenRooms(page, (room, isSwitch) => {
	page.show(room);
	drawn?.then((it) => it.settle());
	if (!isSwitch) return;
	for (const dialog of all('dialog[open]', document, HTMLDialogElement)) dialog.close();
	for (const popover of all(':popover-open')) popover.hidePopover();
	if (hasKeyboard) return room.composer.focus();
	// Whoever listens to the page hears where they are; a keyboard on the screen stays away.
	room.root.tabIndex = -1;
	if (room !== first) room.root.focus({ preventScroll: true });
});

function setUpDrawers() {
	if (!drawers.some(({ media }) => media.matches)) return;
	drawn ??= import('../room/drawers.js').then(({ Drawers }) => new Drawers(drawers));
}
for (const { media } of drawers) media.addEventListener('change', setUpDrawers);
setUpDrawers();

page.open = rooms;
first = rooms.begin();
page.socket.start();

navigateBy((path) => rooms.open(new URL(path, location.href)) || location.assign(path));

/** @param {MouseEvent} event */
function followed(event) {
	if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
		return;
	const link = targetOf(event, 'a[href]');
	if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
	if (rooms.open(new URL(link.href))) event.preventDefault();
}
addEventListener('click', followed);

// A file that is dropped beside everything would take the place of the page.
for (const kind of ['dragover', 'drop', 'paste'])
	addEventListener(kind, (event) => {
		const data =
			event instanceof DragEvent ? event.dataTransfer : event instanceof ClipboardEvent ? event.clipboardData : null;
		if (!data?.types.includes('Files') || (kind === 'paste' && data.types.includes('text/plain'))) return;
		event.preventDefault();
		if (kind !== 'dragover') page.say(t('files.later'));
	});

let dwelling = 0;
for (const kind of ['pointerover', 'focusin'])
	$('#rooms').addEventListener(kind, (event) => {
		clearTimeout(dwelling);
		const link = targetOf(event, 'a[data-slug]');
		if (link) dwelling = setTimeout(() => rooms.prefetch(`/rooms/${link.dataset.slug}`), DWELL);
	});

// What is typed where no text is taken goes to the text box.
onKey(window, (event) => {
	const { key, target } = event;
	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || [...key].length !== 1) return;
	if (!(target instanceof Element) || target.matches(TEXT) || (key === ' ' && target !== document.body)) return;
	if (target.closest('.msg') && !rooms.shown?.hearsKeys) return;
	if (!maybe('dialog[open], :popover-open')) rooms.shown?.composer.focus();
});
