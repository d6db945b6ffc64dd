// Rooms as Bun's documents have them: publish and subscribe of its WebSocket server, which is uWebSockets.
//   bun bun.ts PORT

const server = Bun.serve<{ room: string }>({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch(request, server) {
    const room = new URL(request.url).pathname;
    if (server.upgrade(request, { data: { room } })) return undefined;
    return new Response("a WebSocket is expected", { status: 426 });
  },
  websocket: {
    open(socket) {
      socket.subscribe(socket.data.room);
    },
    message(socket, message) {
      server.publish(socket.data.room, message);
    },
  },
});
