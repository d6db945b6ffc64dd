import { api } from '../net/api.js';
import { choice, dialog, field } from './form-dialog.js';
import { el } from '../core/dom.js';
import { t } from '../core/text.js';

const MOST_CHARS = 64;

/** The address that a name makes: without accents, and with dashes for what no address has. */
export function address(name) {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss').toLowerCase();
  return plain.replaceAll(/[^a-z0-9]+/g, '-').slice(0, MOST_CHARS).replaceAll(/^-+|-+$/g, '');
}

export function open() {
  const name = el('input', { name: 'title', maxlength: '100', autocomplete: 'off', dir: 'auto', autofocus: true });
  const slug = el('input', { name: 'slug', required: true, maxlength: '64', pattern: '[a-z0-9\\-]{1,64}', autocapitalize: 'none', autocomplete: 'off', spellcheck: 'false' });
  const topic = el('input', { name: 'topic', maxlength: '500', autocomplete: 'off', dir: 'auto' });
  let own = false; // written by hand, so a name changes it no more
  name.addEventListener('input', () => { if (!own) slug.value = address(name.value); });
  slug.addEventListener('input', () => { own = slug.value !== ''; });
  const content = [
    field(t('room.name'), name), field(t('rooms.address'), slug, t('rooms.address-rule')), field(t('room.topic'), topic),
    choice('kind', t('rooms.who'), [['public', t('rooms.public')], ['private', t('rooms.private')]], 'public'),
  ];
  return dialog(t('rooms.new'), t('rooms.make'), content, async (given) => {
    const made = await api('POST', '/rooms', given);
    location.assign(`/rooms/${made.slug}`);
  });
}
