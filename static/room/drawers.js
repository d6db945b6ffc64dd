import { $ } from '../core/dom.js';

const SHEETS = [
  { panel: '#side', opener: '#side-open', when: '(max-width: 720px)' },
  { panel: '#who', opener: '#people-open', when: '(max-width: 1100px)' },
];

/** On small windows the rooms and the people are sheets over the talk: one at a time, Escape closes. */
export function sheets() {
  const talk = $('#talk');
  const shade = $('#shade');
  let open = null;

  const close = (refocus = true) => {
    if (!open) return;
    const { panel, opener, media } = open;
    open = null;
    panel.classList.remove('open');
    panel.inert = media.matches;
    opener.setAttribute('aria-expanded', 'false');
    talk.inert = false;
    shade.hidden = true;
    if (refocus) opener.focus();
  };

  for (const { panel: panelName, opener: openerName, when } of SHEETS) {
    const sheet = { panel: $(panelName), opener: $(openerName), media: matchMedia(when) };
    const settle = () => {
      if (open === sheet) close(false);
      sheet.panel.inert = sheet.media.matches; // a closed sheet is out of the Tab order
    };
    settle();
    sheet.media.addEventListener('change', settle);
    sheet.opener.addEventListener('click', () => {
      close(false);
      open = sheet;
      sheet.panel.inert = false;
      sheet.panel.classList.add('open');
      sheet.opener.setAttribute('aria-expanded', 'true');
      talk.inert = true;
      shade.hidden = false;
      sheet.panel.focus();
    });
    $('[data-close]', sheet.panel).addEventListener('click', () => close());
  }
  shade.addEventListener('click', () => close());
  addEventListener('keydown', (event) => event.key === 'Escape' && !$('dialog[open]') && close());
}
