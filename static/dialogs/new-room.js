import { el } from '../core/dom.js';
import { navigate } from '../core/navigate.js';
import { t } from '../core/text.js';
import { api } from '../net/api.js';
import { choice, field, formDialog } from './form-dialog.js';

const MOST_CHARS = 64;

/**
 * The address that a name makes: without accents, and with dashes for what no address has.
 * @param {string} name
 */
export function addressOf(name) {
	const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss').toLowerCase();
	return plain
		.replaceAll(/[^a-z0-9]+/g, '-')
		.slice(0, MOST_CHARS)
		.replaceAll(/^-+|-+$/g, '');
}

export function open() {
	const name = el('input', { name: 'title', maxlength: '100', autocomplete: 'off', dir: 'auto', autofocus: true });
	const slug = el('input', {
		name: 'slug',
		required: true,
		maxlength: '64',
		pattern: '[a-z0-9\\-]{1,64}',
		autocapitalize: 'none',
		autocomplete: 'off',
		spellcheck: 'false',
	});
	const topic = el('input', { name: 'topic', maxlength: '500', autocomplete: 'off', dir: 'auto' });
	let own = false; // written by hand, so a name changes it no more
	name.addEventListener('input', () => {
		if (!own) slug.value = addressOf(name.value);
	});
	slug.addEventListener('input', () => {
		own = slug.value !== '';
	});
	/** @type {[string, string][]} */
	const kinds = [
		['public', t('rooms.public')],
		['private', t('rooms.private')],
	];
	const content = [
		field(t('room.name'), name),
		field(t('rooms.address'), slug, t('rooms.address-rule')),
		field(t('room.topic'), topic),
		choice('kind', t('rooms.who'), kinds, 'public'),
	];
	return formDialog(t('rooms.new'), t('rooms.make'), content, async (given) => {
		/** @type {Wire.Room} */
		const made = await api('POST', '/rooms', given);
		navigate(`/rooms/${made.slug}`);
	});
}
