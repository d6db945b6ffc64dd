import { t } from '../core/text.js';
import { api, textOf } from '../net/api.js';

/**
 * Marks all rooms as read.
 * @param {import('./openers.js').Context} context
 */
export async function readAll(context) {
	try {
		await api('POST', '/read', {});
		context.say(t('rooms.read'), true);
	} catch (error) {
		context.say(textOf(error));
	}
}
