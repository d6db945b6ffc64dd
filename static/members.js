import { $, setText } from './dom.js';
import { api } from './api.js';
import { ask } from './ask.js';

/** Adding someone to the room, and leaving it. A direct room has neither. */
export function members(room, name) {
  const form = $('#add-member');
  if (!form) return;
  const note = $('#member-note');
  const input = $('#add-username');
  const path = `/rooms/${encodeURIComponent(room)}/members`;

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const username = input.value.trim();
    const button = $('button', form);
    button.disabled = true;
    try {
      await api('PUT', `${path}/${encodeURIComponent(username)}`);
      note.className = '';
      setText(note, `${username} is now a member.`);
      input.value = '';
    } catch (error) {
      note.className = 'error';
      setText(note, error.message);
    }
    button.disabled = false;
    input.focus();
  });

  $('#leave').addEventListener('click', async () => {
    if (!await ask(`Leave ${name}? You stop getting its messages.`, 'Leave')) return;
    try {
      await api('DELETE', `${path}/me`);
      location.assign('/rooms');
    } catch (error) {
      note.className = 'error';
      setText(note, error.message);
    }
  });
}
