import { api } from '../net/api.js';
import { $, el, style } from '../core/dom.js';
import { icon } from '../core/icons.js';
import { t } from '../core/text.js';

const AROUND = { bold: '**', italic: '_', code: '`' };
const BEFORE = { quote: '> ', list: '- ' };
const SIGNS = {
  bold: 'M6.500 4.500h4.200a2.700 2.700 0 0 1 0 5.400H6.500zM6.500 9.900h4.900a2.800 2.800 0 0 1 0 5.600H6.500z',
  italic: 'M8.500 4.500h5M6.500 15.500h5M11.500 4.500l-3 11',
  code: 'm7 6-4 4 4 4M13 6l4 4-4 4',
  link: 'M8.500 11.500a3 3 0 0 0 4.200 0l2.500-2.500A3 3 0 0 0 11 4.800l-1 1M11.500 8.500a3 3 0 0 0-4.200 0L4.800 11A3 3 0 0 0 9 15.200l1-1',
  quote: 'M5 5v10M9 7h7M9 11h5',
  list: 'M8 6h8M8 10h8M8 14h8M4.500 6h.01M4.500 10h.01M4.500 14h.01',
  emoji: 'M10 3.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM7.700 8.500h.01M12.300 8.500h.01M7 11.500c1 2.300 5 2.300 6 0',
  preview: 'M2.500 10c3-5.500 12-5.500 15 0-3 5.500-12 5.500-15 0zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
};

/** Puts text in the place of what is selected, so that the browser can undo it. */
function insert(text, written, start = text.selectionStart, end = text.selectionEnd) {
  text.focus();
  text.setSelectionRange(start, end);
  if (document.execCommand('insertText', false, written)) return;
  text.setRangeText(written, start, end, 'end');
  text.dispatchEvent(new Event('input', { bubbles: true }));
}

function wrap(text, mark) {
  const { value, selectionStart: start, selectionEnd: end } = text;
  const chosen = value.slice(start, end);
  const long = mark.length;
  if (value.slice(start - long, start) === mark && value.slice(end, end + long) === mark) {
    insert(text, chosen, start - long, end + long);
    text.setSelectionRange(start - long, end - long);
  } else if (start === end && value.startsWith(mark, end)) {
    text.setSelectionRange(end + long, end + long); // out of what was begun
  } else {
    insert(text, `${mark}${chosen}${mark}`);
    text.setSelectionRange(start + long, end + long);
  }
}

function link(text) {
  const { value, selectionStart: start, selectionEnd: end } = text;
  const chosen = value.slice(start, end);
  const isAddress = /^https?:\/\/\S+$/.test(chosen);
  insert(text, isAddress ? `[](${chosen})` : `[${chosen}](https://)`);
  // What is missing is where the writing goes on.
  const at = isAddress ? start + 1 : start + chosen.length + 3;
  text.setSelectionRange(at, isAddress ? at : at + 8);
}

function prefix(text, sign) {
  const { value, selectionStart, selectionEnd } = text;
  const start = value.lastIndexOf('\n', selectionStart - 1) + 1;
  const next = value.indexOf('\n', selectionEnd);
  const end = next < 0 ? value.length : next;
  const lines = value.slice(start, end).split('\n');
  const off = lines.every((line) => line.startsWith(sign));
  insert(text, lines.map((line) => off ? line.slice(sign.length) : sign + line).join('\n'), start, end);
}

async function emoji(text, near) {
  const { selectionStart, selectionEnd } = text;
  const picked = await (await import('./emoji-picker.js')).pick(near);
  if (picked) insert(text, picked, selectionStart, selectionEnd);
}

/** Shows how the message will look, in the place of its text, or the text again. */
async function preview(text) {
  const shown = $('#preview');
  if (shown) {
    shown.remove();
    text.hidden = false;
    return text.focus();
  }
  const draft = text.value;
  if (!draft.trim()) return;
  await style('popups.css');
  const body = el('div', { class: 'body', dir: 'auto' });
  const back = el('button', { type: 'button', class: 'link' }, t('preview.back'));
  try {
    body.innerHTML = (await api('POST', '/preview', { body: draft })).html; // sanitised by the server
  } catch (error) {
    body.textContent = error.message;
  }
  if ($('#preview') || text.value !== draft) return; // asked twice, or written on meanwhile
  const box = el('div', { id: 'preview', class: 'preview', role: 'group', 'aria-label': t('format.preview') }, body, back);
  box.addEventListener('keydown', ({ key }) => key === 'Escape' && preview(text));
  text.before(box);
  text.hidden = true;
  back.addEventListener('click', () => preview(text));
  back.focus();
}

/** Gives what is selected in the text box a form: bold, italic, code, link, quote, list; or inserts an emoji, or shows a preview. */
export function format(text, what, near = text) {
  if (what in AROUND) wrap(text, AROUND[what]);
  else if (what in BEFORE) prefix(text, BEFORE[what]);
  else if (what === 'link') link(text);
  else if (what === 'emoji') emoji(text, near);
  else preview(text);
}

/** The buttons for all that; arrow keys go from one to the next. */
export async function toolbar(text) {
  await style('popups.css');
  const bar = el('div', { class: 'format', role: 'toolbar', 'aria-label': t('format.bar'), 'aria-controls': text.id },
    ...Object.entries(SIGNS).map(([what, sign], index) => el('button', {
      type: 'button', 'data-format': what, tabindex: index ? '-1' : '0', 'aria-label': t(`format.${what}`), title: t(`format.${what}`),
    }, icon(what, sign))));
  bar.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    if (button) format(text, button.dataset.format, button);
  });
  bar.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...bar.children];
    all.at((all.indexOf(document.activeElement) + step) % all.length).focus();
  });
  return bar;
}
