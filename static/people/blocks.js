import { t } from '../core/text.js';

/** Folds the messages of those whom the reader has blocked: one rule of style for all of a page, now and later. */
const sheet = new CSSStyleSheet();

/**
 * Folds the messages of these people, and of no others. A click on a folded one shows it.
 * @param {number[]} ids
 */
export function fold(ids) {
	if (!document.adoptedStyleSheets.includes(sheet)) {
		document.adoptedStyleSheets.push(sheet);
		document.addEventListener('click', unfold);
	}
	const folded = ids.map((id) => `.msg[data-author="${id}"]:not(.unfolded)`).join(', ');
	const rules = `:is(${folded}) .main > :not(header) { display: none }
		:is(${folded}) { background: none; box-shadow: none }
		:is(${folded}) .main::after { content: ${JSON.stringify(t('block.folded'))}; color: var(--soft); cursor: pointer }`;
	sheet.replaceSync(ids.length > 0 ? rules : '');
	folds = new Set(ids.map(String));
}

/** @type {Set<string>} */
let folds = new Set();

/** @param {MouseEvent} event */
function unfold({ target }) {
	const message = target instanceof Element ? target.closest('.msg[data-author]') : null;
	if (message instanceof HTMLElement && folds.has(message.dataset.author ?? '')) message.classList.add('unfolded');
}
