import { el } from '../core/dom.js';
import { momentTime } from '../core/moment.js';
import { t } from '../core/text.js';
import { api, textOf } from '../net/api.js';
import { extraOf, learn } from '../people/names.js';
import { emojiField } from './emoji-picker.js';
import { field, formDialog } from './form-dialog.js';

const MINUTES = ['30', '60'];

/**
 * The end of a day, by the reader's clock.
 * @param {string | Date} day as a field for dates has it
 */
function endOf(day) {
	const date = typeof day === 'string' ? new Date(`${day}T00:00`) : new Date(day);
	date.setHours(24, 0, 0, 0);
	return date;
}

/**
 * When a status ends.
 * @param {Record<string, string>} values
 * @param {string | undefined} before when the one before does
 */
function endsAt({ end, day }, before) {
	if (MINUTES.includes(end)) return new Date(Date.now() + Number(end) * 60_000).toISOString();
	if (end === 'day') return endOf(new Date()).toISOString();
	if (end === 'date') return endOf(day).toISOString();
	return end === 'same' ? before : undefined;
}

/**
 * Sets or clears the reader's own status.
 * @param {HTMLElement} _button
 * @param {import('./openers.js').Context} context
 */
export async function open(_button, { me }) {
	/** @type {{ emoji?: string, text?: string, until?: string }} */
	const status = extraOf(me.id, 'status') ?? {};
	const sign = emojiField('emoji', t('status.emoji'), status.emoji);
	const text = el('input', { name: 'text', maxlength: '100', autocomplete: 'off', dir: 'auto', value: status.text });
	const ends = [
		['ever', t('status.ever')],
		...MINUTES.map((minutes) => [minutes, t(`status.${minutes}`)]),
		['day', t('status.day')],
		['date', t('status.until-date')],
	];
	if (status.until) ends.unshift(['same', t('extras.until', { time: momentTime(new Date(status.until)) })]);
	const end = el('select', { name: 'end' }, ...ends.map(([value, label]) => el('option', { value }, label)));
	const today = new Date().toLocaleDateString('sv'); // as a field for dates has it
	const day = el('input', { type: 'date', name: 'day', min: today, value: today });
	const days = field(t('status.date'), day);
	const showDays = () => {
		days.hidden = end.value !== 'date';
		day.required = !days.hidden;
	};
	end.addEventListener('change', showDays);
	showDays();
	const words = field(t('status.text'), text);
	const content = [el('div', { class: 'beside' }, sign, words), field(t('status.ends'), end), days];
	const box = await formDialog(t('status.set'), t('status.save'), content, async (values) => {
		const { emoji, text } = values;
		learn([await api('PUT', '/me/status', { emoji, text, until: endsAt(values, status.until) })]);
	});
	text.focus();
	if (!status.emoji && !status.text) return;
	const clear = el('button', { type: 'button', class: 'button quiet' }, t('status.clear'));
	clear.addEventListener('click', async () => {
		try {
			await api('DELETE', '/me/status');
			box.close();
		} catch (error) {
			box.querySelector('.error')?.replaceChildren(textOf(error));
		}
	});
	box.querySelector('.actions')?.prepend(clear);
}
