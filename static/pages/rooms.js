import { $ } from '../core/dom.js';
import { company } from '../dialogs/openers.js';
import { connectionLine } from '../net/connection-status.js';
import { Mail } from '../outbox/sender.js';
import { keys } from '../dialogs/shortcuts.js';
import { Notices } from './notifications.js';
import { Rooms } from '../room/room-list.js';
import { Socket } from '../net/socket.js';

const id = Number($('#rooms').dataset.userId);
const rooms = new Rooms();
keys();
const notices = new Notices();
const mail = new Mail(id);
const socket = new Socket({ onFrame, onState: (...state) => tell(...state) });
const tell = connectionLine(() => socket.connectNow());
socket.start();
company({ rooms, me: { id } });

function onFrame(frame) {
  rooms.onFrame(frame);
  notices.onFrame(frame);
  if (frame.type === 'welcome') mail.hurry();
}

// "Laser Cutter" is meant as "laser-cutter".
const slug = $('#new-slug');
slug.addEventListener('input', () => {
  const meant = slug.value.toLowerCase().replaceAll(/[\s_]+/g, '-');
  if (meant !== slug.value) slug.value = meant;
});
