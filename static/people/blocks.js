import { t } from '../core/text.js';

/** Folds the messages of those whom the reader has blocked: one rule of style for all of a page, now and later. */
const sheet = new CSSStyleSheet();

/**
 * Folds the messages of these people, and of no others. A click on a folded one shows it, and so does Enter.
 * @param {number[]} ids
 */
export function fold(ids) {
	if (!document.adoptedStyleSheets.includes(sheet)) {
		document.adoptedStyleSheets.push(sheet);
		document.addEventListener('click', unfold);
		document.addEventListener('keydown', (event) => event.key === 'Enter' && unfold(event));
	}
	document.body.classList.add('folds');
	// Until now the page itself has hidden what it came with.
	for (const message of document.querySelectorAll('.msg[hidden]')) message.removeAttribute('hidden');
	const folded = ids.map((id) => `.msg[data-author="${id}"]:not(.unfolded)`).join(', ');
	const rules = `:is(${folded}) .main > :not(header) { display: none }
		:is(${folded}) { background: none; box-shadow: none }
		:is(${folded}) .main::after { content: ${JSON.stringify(t('block.folded'))}; color: var(--soft); cursor: pointer }`;
	sheet.replaceSync(ids.length > 0 ? rules : '');
	folds = new Set(ids.map(String));
}

/** @type {Set<string>} */
let folds = new Set();

/** @param {Event} event */
function unfold({ target }) {
	// What stands in its head is no part of what is folded.
	if (!(target instanceof Element) || target.closest('header, button')) return;
	const message = target.closest('.msg[data-author]');
	if (message instanceof HTMLElement && folds.has(message.dataset.author ?? '')) message.classList.add('unfolded');
}
