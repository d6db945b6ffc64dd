import { confirm } from '../dialogs/confirm.js';

/**
 * What somebody would be sorry for is asked before a form is sent: the question stands at its button, with `$whom` and `$time`
 * where the form says who and how long. Without scripts forms are sent as they are.
 */
async function ask(/** @type {SubmitEvent} */ event) {
	const { submitter, target: form } = event;
	if (!(submitter instanceof HTMLButtonElement) || !(form instanceof HTMLFormElement)) return;
	const question = submitter.dataset.ask;
	if (!question) return;
	event.preventDefault();
	const { username, minutes } = Object.fromEntries(new FormData(form));
	const time = form.querySelector(`option[value="${minutes}"]`)?.textContent ?? '';
	const asked = question.replace('$whom', () => String(username)).replace('$time', () => time);
	if (!(await confirm(asked, submitter.textContent.trim()))) return;
	delete submitter.dataset.ask;
	form.requestSubmit(submitter);
}
addEventListener('submit', ask);
