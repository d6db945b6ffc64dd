import { navigate } from '../core/navigate.js';
import { t } from '../core/text.js';
import { api } from '../net/api.js';
import { formDialog } from './form-dialog.js';
import { peopleFinder } from './people-finder.js';

/**
 * Opens the direct talk with these people, which begins by it where there is none.
 * @param {string[]} users their names
 */
export async function openDirect(users) {
	/** @type {Wire.Room} */
	const { slug } = await api('POST', '/direct', { users });
	navigate(`/rooms/${slug}`);
}

/** @param {import('./openers.js').Context} context */
export function open({ me }) {
	const { content, names } = peopleFinder(me);
	return formDialog(t('direct.new'), t('direct.begin'), content, async () => {
		if (!names().length) throw new Error(t('direct.people'));
		await openDirect(names());
	});
}
