import { $, maybe } from '../core/dom.js';
import { KEYS, remember } from '../core/storage.js';
import { Room } from '../room/room.js';
import { ChatPage, readUser } from './chat-page.js';

const MOST_VISITED = 12;

const talk = $('#talk');
const { room: slug = '', roomId, name = '', at, permissions = '{}', archived, administers } = talk.dataset;

const page = new ChatPage({
	me: readUser(talk),
	administers: administers !== undefined,
	title: name,
	here: slug,
	pip: maybe('#elsewhere'),
});
const room = new Room({
	root: talk,
	people: $('#who'),
	page,
	slug,
	id: Number(roomId),
	name,
	permissions: JSON.parse(permissions),
	archived: archived !== undefined,
	at: Number(at) || null,
});
page.room = room;
remember(KEYS.visited, String(room.id), MOST_VISITED);
const drawers = [
	{ panel: $('#side'), opener: $('#side-open'), media: matchMedia('(max-width: 720px)') },
	{ panel: $('#who'), opener: $('#people-open'), media: matchMedia('(max-width: 1100px)') },
];
let hasDrawers = false;
// In a large window there are none.
async function setUp() {
	if (hasDrawers || !drawers.some(({ media }) => media.matches)) return;
	hasDrawers = true;
	(await import('../room/drawers.js')).setUpDrawers({ talk, shade: $('#shade'), drawers });
}
for (const { media } of drawers) media.addEventListener('change', setUp);
setUp();
room.show();
page.socket.start();
const hasKeyboard = matchMedia('(hover: hover) and (pointer: fine)').matches;
if (hasKeyboard && document.activeElement === document.body) room.composer.focus();
