import { api } from '../net/api.js';
import { el, style } from '../core/dom.js';
import { nameOf } from '../people/avatars.js';
import { menu } from '../dialogs/menu.js';
import { t } from '../core/text.js';

const AT_HAND = ['👍', '❤️', '😂', '🎉', '👀', '🙏'];
const TIMES = [10, 60, 24 * 60, 7 * 24 * 60, null]; // minutes; null: for ever

/** The whole menu of a message. `act(what, message, emoji?)` as of the tools; `say(text)`. */
export function messageMenu(near, message, { me, room, removes, act, say }) {
  const own = message.author.id === me.id;
  const name = nameOf(message.author);
  const item = (what, more) => ({ label: t(`message.${what}`, { name }), act: () => act(what, message), ...more });
  const told = (text, done) => navigator.clipboard.writeText(text).then(() => say(t(done)), () => say(t('copy.failed')));
  menu(near, t('message.menu'), [
    ...AT_HAND.map((emoji) => ({ label: t('message.react-with', { emoji }), mark: emoji, act: () => act('react', message, emoji) })),
    item('pick', { mark: '+' }),
    item('reply'),
    ...own ? [item('edit')] : [],
    item('copy-link', { act: () => told(new URL(`/rooms/${room}/${message.id}`, location).href, 'copy.link') }),
    item('copy-text', { act: () => told(message.body, 'copy.text') }),
    item('unread'),
    ...own ? [] : [item('report')],
    ...removes && !own ? ['mute', 'ban'].map((kind) => item(kind, { danger: true, act: () => sanction(kind, message.author, room, say) })) : [],
    ...own ? [item('delete', { danger: true })] : removes ? [item('delete', { label: t('message.remove'), danger: true })] : [],
  ]);
}

// For how long, and why.
async function sanction(kind, user, room, say) {
  await style('popups.css');
  const times = TIMES.map((minutes) => el('option', { value: minutes ?? '' }, t(`sanction.${minutes ?? 'ever'}`)));
  const cancel = el('button', { class: 'button quiet', type: 'button' }, t('cancel')); // Enter is not for the first button
  const dialog = el('dialog', { class: 'ask', 'aria-labelledby': 'sanction-title' }, el('form', { method: 'dialog' },
    el('h2', { id: 'sanction-title' }, t(`sanction.${kind}`, { name: nameOf(user) })),
    el('p', { class: 'soft' }, t(`sanction.${kind}-rule`)),
    el('label', { for: 'sanction-time' }, t('sanction.time')), el('select', { id: 'sanction-time', name: 'minutes' }, ...times),
    el('label', { for: 'sanction-reason' }, t('sanction.reason')), el('input', { id: 'sanction-reason', name: 'reason', maxlength: '500', dir: 'auto' }),
    el('div', { class: 'actions' },
      cancel,
      el('button', { class: 'button danger', value: 'yes' }, t(`sanction.${kind}-do`)))));
  const form = dialog.firstChild;
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', async () => {
    dialog.remove();
    if (dialog.returnValue !== 'yes') return;
    const { minutes, reason } = Object.fromEntries(new FormData(form));
    const given = { ...minutes && { minutes: Number(minutes) }, ...reason && { reason } };
    try {
      await api('PUT', `/rooms/${room}/${kind}s/${user.username}`, given);
      say(t(`sanction.${kind}-done`, { name: nameOf(user) }));
    } catch (error) {
      say(error.message);
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}
