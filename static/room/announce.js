import { t } from '../core/text.js';
import { nameOf } from '../people/avatars.js';

const SAID = 200; // characters of a message

/**
 * Has screen readers say what came.
 * @param {HTMLElement} region
 * @param {Wire.Message[]} messages
 */
export function announce(region, messages) {
	const [message] = messages;
	const said = `${nameOf(message.author)}: ${message.body.slice(0, SAID)}`;
	// Set even where it is the same: somebody may say the same twice.
	region.textContent = messages.length > 1 ? t('jump.new', { count: messages.length }) : said;
}
