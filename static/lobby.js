import { $ } from './dom.js';
import { connectionLine } from './connection.js';
import { Rooms } from './rooms.js';
import { Socket } from './socket.js';

const rooms = new Rooms();
const socket = new Socket({ onFrame: (frame) => rooms.onFrame(frame), onState: (...state) => tell(...state) });
const tell = connectionLine(() => socket.connectNow());
socket.start();

// "Laser Cutter" is meant as "laser-cutter".
const slug = $('#new-slug');
slug.addEventListener('input', () => {
  const meant = slug.value.toLowerCase().replaceAll(/[\s_]+/g, '-');
  if (meant !== slug.value) slug.value = meant;
});
