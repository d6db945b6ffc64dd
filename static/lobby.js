import { $ } from './dom.js';
import { connectionLine } from './connection.js';
import { Mail } from './mail.js';
import { Rooms } from './rooms.js';
import { Socket } from './socket.js';

const rooms = new Rooms();
const mail = new Mail(Number($('#rooms').dataset.userId));
const socket = new Socket({ onFrame, onState: (...state) => tell(...state) });
const tell = connectionLine(() => socket.connectNow());
socket.start();

function onFrame(frame) {
  rooms.onFrame(frame);
  if (frame.type === 'welcome') mail.hurry();
}

// "Laser Cutter" is meant as "laser-cutter".
const slug = $('#new-slug');
slug.addEventListener('input', () => {
  const meant = slug.value.toLowerCase().replaceAll(/[\s_]+/g, '-');
  if (meant !== slug.value) slug.value = meant;
});
