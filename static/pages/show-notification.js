import { api } from '../net/api.js';
import { nameOf } from '../people/avatars.js';
import { wanted } from './notifications.js';
import { t } from '../core/text.js';

const TOLD_FOR = 5_000; // ms in which no other tab tells the same
const SHOWN = 200; // characters of a message

/** Tells of a message, as the reader wants it, unless another tab does. `room`: as `welcome` gives it, where it did. */
export function tell(slug, room, message) {
  navigator.locks.request(`klatch:notice:${slug}:${message.id}`, { ifAvailable: true }, async (mine) => {
    if (!mine) return;
    if (wanted('notices')) await show(slug, room, message).catch(() => {});
    if (wanted('sound')) (await import('../core/sound.js')).chime();
    await new Promise((resolve) => { setTimeout(resolve, TOLD_FOR); });
  });
}

async function show(slug, room, message) {
  const { title, kind } = room ?? await api('GET', `/rooms/${slug}`); // begun since `welcome`
  const name = nameOf(message.author);
  const heading = kind === 'direct' ? name : t('notices.message', { name, room: title || slug });
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.showNotification(heading, {
    body: message.body.slice(0, SHOWN), tag: slug, renotify: true, silent: true, data: `/rooms/${slug}`,
    icon: new URL('../icon-192.png', import.meta.url).href,
  });
}
