import { $ } from './dom.js';
import { company } from './company.js';
import { connectionLine } from './connection.js';
import { Mail } from './mail.js';
import { keys } from './keys.js';
import { Notices } from './notices.js';
import { Rooms } from './rooms.js';
import { Socket } from './socket.js';

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
