// Rooms as Socket.IO's documents have them.
//   node socketio.js PORT

const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    socket.data.room = room;
    done();
  });
  socket.on("message", (text) => {
    io.to(socket.data.room).emit("message", text);
  });
});

http.listen(Number(process.argv[2]), "127.0.0.1");
