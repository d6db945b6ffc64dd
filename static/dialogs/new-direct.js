import { api } from '../net/api.js';
import { dialog } from './form-dialog.js';
import { t } from '../core/text.js';
import { whom } from './people-finder.js';

/** Begins a direct talk with these people, or goes to the one there is. */
export async function talkWith(users) {
  const { slug } = await api('POST', '/direct', { users });
  location.assign(`/rooms/${slug}`);
}

export function open({ me }) {
  const { content, names } = whom(me);
  return dialog(t('direct.new'), t('direct.begin'), content, async () => {
    if (!names().length) throw new Error(t('direct.people'));
    await talkWith(names());
  });
}
