import { $ } from '../core/dom.js';
import { api } from '../net/api.js';
import { t } from '../core/text.js';

/** Clicks that concern rooms and people, and Shift+Escape, which marks all as read. What they open is loaded with its first use. */
export function company({ rooms, me, say = () => {}, toDay }) {
  const start = (name) => (...given) => import(`../${name}.js`).then((module) => module.open(...given)).catch((error) => say(error.message));
  const around = { rooms, me, say, toDay };
  const openers = {
    '#make-room': () => start('dialogs/new-room')(around),
    '#new-talk': () => start('dialogs/new-direct')(around),
    '#invite': () => {
      const { slug, title } = rooms.open();
      start('dialogs/invite')(slug, title || slug);
    },
    '#room-menu': (button) => start('dialogs/room-menu')(button, around),
  };
  addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const opener = Object.keys(openers).find((each) => event.target.closest(each));
    const person = !opener && personAt(event.target);
    if (!opener && !person) return;
    event.preventDefault();
    if (opener) openers[opener](event.target.closest(opener));
    else start('dialogs/profile-card')(event.target, person, around);
  });
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    api('POST', '/read', {}).then(() => say(t('rooms.read')), (error) => say(error.message));
  }, true);
}

/** The name of the person whom a click means. */
function personAt(target) {
  if (target.closest('#who li')) return target.closest('[data-user]').dataset.user;
  const link = target.closest('.msg [href^="/people/"]') ?? (target.closest('.msg > .face') && $('.author', target.closest('.msg')));
  return link?.title.slice(1);
}
