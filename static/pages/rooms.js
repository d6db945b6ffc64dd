import { $ } from '../core/dom.js';
import { t } from '../core/text.js';
import { ChatPage, readUser } from './chat-page.js';

const page = new ChatPage({ me: readUser($('#rooms')), title: t('rooms.rooms') });
page.socket.start();

// "Laser Cutter" is meant as "laser-cutter".
const slug = $('#new-slug', document, HTMLInputElement);
slug.addEventListener('input', () => {
	const meant = slug.value.toLowerCase().replaceAll(/[\s_]+/g, '-');
	if (meant !== slug.value) slug.value = meant;
});
