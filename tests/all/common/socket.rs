//! A client's WebSocket, as a library speaks it.

use super::people::Person;
use super::wait::{PATIENCE, within};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// One open socket.
///
/// Frames that come while a test waits for another are kept, in order, and handed out by the next call that asks
/// for them: `next` takes the oldest of all, `expect` the oldest of its type, `ask` the answer with its `ref`.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    kept: VecDeque<Value>,
    asked: u64,
    /// What the server said first.
    pub welcome: Value,
}

impl Socket {
    pub async fn open(person: &Person) -> Self {
        Self::from(Self::handshake(person, None).await).await
    }

    /// A socket whose receive buffer is small, for clients that stop reading.
    pub async fn open_with_small_buffer(person: &Person) -> Self {
        Self::from(Self::handshake(person, Some(16 * 1024)).await).await
    }

    /// A socket, unless the server is just away.
    pub async fn try_open(person: &Person) -> Option<Self> {
        let open = async {
            let mut socket = Self::unwelcomed(Self::handshake(person, None).await.ok()?);
            socket.welcome = socket.read_or_end().await.ok()?;
            Some(socket)
        };
        timeout(PATIENCE / 2, open).await.ok()?
    }

    async fn handshake(person: &Person, receive_buffer: Option<u32>) -> Result<WebSocketStream<TcpStream>, u16> {
        let cookie = person.http.cookie();
        let origin = format!("http://{}", person.address);
        handshake(&person.address, cookie.as_deref(), &[("Origin", &origin)], receive_buffer).await
    }

    async fn from(stream: Result<WebSocketStream<TcpStream>, u16>) -> Self {
        let stream = stream.unwrap_or_else(|status| panic!("the handshake was answered with {status}"));
        let mut socket = Self::unwelcomed(stream);
        let welcome = socket.next().await;
        assert_eq!(welcome["type"], "welcome", "the first frame: {welcome}");
        socket.welcome = welcome;
        socket
    }

    fn unwelcomed(stream: WebSocketStream<TcpStream>) -> Self {
        let (kept, asked, welcome) = (VecDeque::new(), 0, Value::Null);
        Self { stream, kept, asked, welcome }
    }

    pub async fn send_json(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        within(PATIENCE, "room for a frame", self.stream.send(message)).await.expect("an open socket");
    }

    /// The oldest frame not yet handed out.
    pub async fn next(&mut self) -> Value {
        match self.kept.pop_front() {
            Some(frame) => frame,
            None => self.read().await,
        }
    }

    /// The oldest frame of a type. An `error` that comes meanwhile fails the test, unless it is what is awaited.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let what = format!("a `{kind}` frame");
        self.expect_where(&what, |frame| {
            assert!(frame["type"] != "error" || kind == "error", "awaited {kind}, got {frame}");
            frame["type"] == kind
        })
        .await
    }

    /// The oldest frame that `wanted` accepts; all others are kept.
    pub async fn expect_where(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&mut wanted) {
            return self.kept.remove(at).expect("it is there");
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.read_unbounded()).await {
                Ok(frame) if wanted(&frame) => return frame,
                Ok(frame) => self.kept.push_back(frame),
                Err(_) => {
                    panic!("{what}: not within {PATIENCE:?}; the latest of {}: {:?}", self.kept.len(), self.latest())
                }
            }
        }
    }

    /// What a failing test shows of the frames it has kept.
    fn latest(&self) -> Vec<String> {
        let from = self.kept.len().saturating_sub(10);
        self.kept.range(from..).map(|frame| frame.to_string().chars().take(400).collect()).collect()
    }

    /// Everything up to and including the first frame that `marker` accepts: what is not in it did not come.
    pub async fn up_to(&mut self, what: &str, marker: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut frames = vec![];
        loop {
            let frame = within(PATIENCE, what, self.next()).await;
            let last = marker(&frame);
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    /// Sends a frame with a `ref` and gives its direct answer, be it an error.
    pub async fn ask(&mut self, mut frame: Value) -> Value {
        self.asked += 1;
        let reference = format!("ref {}", self.asked);
        frame["ref"] = json!(reference);
        let what = format!("the answer to {frame}");
        self.send_json(frame).await;
        self.expect_where(&what, |answer| answer["ref"] == reference.as_str()).await
    }

    /// As `ask`, for what must succeed.
    pub async fn ask_ok(&mut self, frame: Value) -> Value {
        let asked = frame.to_string();
        let answer = self.ask(frame).await;
        assert_ne!(answer["type"], "error", "{asked}: {answer}");
        answer
    }

    /// The code of the error that a frame is answered with.
    pub async fn refusal(&mut self, frame: Value) -> String {
        let asked = frame.to_string();
        let answer = self.ask(frame).await;
        assert_eq!(answer["type"], "error", "{asked}: {answer}");
        assert!(answer["message"].is_string(), "{answer}");
        answer["code"].as_str().expect("a code").to_owned()
    }

    pub async fn join(&mut self, room: &str) -> Value {
        let joined = self.ask_ok(json!({"type": "join", "room": room})).await;
        assert_eq!(joined["type"], "joined");
        joined
    }

    /// Joins behind a cursor.
    pub async fn join_after(&mut self, room: &str, after: u64, epoch: &Value) -> Value {
        let frame = json!({"type": "join", "room": room, "after": after, "epoch": epoch});
        self.ask_ok(frame).await
    }

    /// Joins behind a cursor and reads on to the end of the catch-up: the `joined` frame, and the messages of all pages.
    pub async fn catch_up(&mut self, room: &str, after: u64, epoch: &Value) -> (Value, Vec<Value>) {
        let joined = self.join_after(room, after, epoch).await;
        let mut messages = joined["messages"].as_array().expect("messages").clone();
        let mut more = joined["more"].as_bool().expect("more") && joined["reset"] == false;
        while more {
            let page = self.expect("changes").await;
            assert_eq!(page["room"], room);
            messages.extend(page["messages"].as_array().expect("messages").iter().cloned());
            more = page["more"].as_bool().expect("more");
        }
        (joined, messages)
    }

    pub async fn leave(&mut self, room: &str) -> Value {
        self.ask_ok(json!({"type": "leave", "room": room})).await
    }

    /// Sends a message and gives the id it was answered with.
    pub async fn say(&mut self, room: &str, body: &str) -> u64 {
        let sent = self.send(room, &new_key(), body).await;
        sent["id"].as_u64().expect("an id")
    }

    pub async fn send(&mut self, room: &str, key: &str, body: &str) -> Value {
        let frame = json!({"type": "send", "room": room, "key": key, "body": body});
        let sent = self.ask_ok(frame).await;
        assert_eq!(sent["type"], "sent", "{sent}");
        sent
    }

    pub async fn reply(&mut self, room: &str, to: u64, body: &str) -> u64 {
        let frame = json!({"type": "send", "room": room, "key": new_key(), "body": body, "reply_to": to});
        self.ask_ok(frame).await["id"].as_u64().expect("an id")
    }

    /// The next `message` frame's message, in any room.
    pub async fn message(&mut self) -> Value {
        self.expect("message").await["message"].take()
    }

    /// The message frames of a room up to the one with this body.
    pub async fn messages_up_to(&mut self, room: &str, body: &str) -> Vec<Value> {
        let mut messages = vec![];
        loop {
            let frame = self.expect_where(body, |f| f["type"] == "message" && f["room"] == room).await;
            let last = frame["message"]["body"] == body;
            messages.push(frame["message"].clone());
            if last {
                return messages;
            }
        }
    }

    /// How the server closed this socket; frames that come before are kept.
    pub async fn closed(&mut self) -> (u16, String) {
        self.closed_within(PATIENCE).await
    }

    pub async fn closed_within(&mut self, limit: Duration) -> (u16, String) {
        self.ended_within(limit).await.expect("a close frame before the end of the connection")
    }

    /// How this socket ended: with a close frame, or without one (`None`); frames that come before are kept.
    pub async fn ended_within(&mut self, limit: Duration) -> Option<(u16, String)> {
        let end = async {
            loop {
                match self.read_or_end().await {
                    Ok(frame) => self.kept.push_back(frame),
                    Err(end) => return end,
                }
            }
        };
        within(limit, "the end of the socket", end).await
    }

    /// Frames kept so far.
    pub fn kept(&self) -> impl Iterator<Item = &Value> {
        self.kept.iter()
    }

    /// Sends many messages, a few hundred on their way at once, and gives their ids. Frames kept so far are dropped,
    /// so that thousands can be sent.
    pub async fn say_many(&mut self, room: &str, messages: impl Iterator<Item = String>) -> Vec<u64> {
        let frames: Vec<_> =
            messages.map(|body| json!({"type": "send", "room": room, "key": new_key(), "body": body})).collect();
        let mut ids = vec![];
        // What comes back for one portion stays below what may wait for a socket.
        let portion = 200;
        for frames in frames.chunks(portion) {
            for frame in frames {
                self.send_json(frame.clone()).await;
            }
            for frame in frames {
                let sent = self
                    .expect_where("an answer to a send", |f| {
                        f["key"] == frame["key"] && (f["type"] == "sent" || f["type"] == "error")
                    })
                    .await;
                assert_eq!(sent["type"], "sent", "{sent}");
                ids.push(sent["id"].as_u64().expect("an id"));
            }
            // Answers may overtake messages: only when the last message is here does nothing wait for this socket.
            self.expect_where("one's own message", |f| {
                f["type"] == "message" && Some(&f["message"]["key"]) == frames.last().map(|frame| &frame["key"])
            })
            .await;
            self.kept.clear();
        }
        ids
    }

    /// The next frame, or how the socket ended: with a close frame, or without (`None`).
    pub async fn next_or_end(&mut self) -> Result<Value, Option<(u16, String)>> {
        match self.kept.pop_front() {
            Some(frame) => Ok(frame),
            None => within(PATIENCE, "a frame", self.read_or_end()).await,
        }
    }

    /// Sends without caring whether anybody still listens.
    pub async fn try_send(&mut self, frame: &Value) -> bool {
        self.stream.send(Message::text(frame.to_string())).await.is_ok()
    }

    async fn read(&mut self) -> Value {
        within(PATIENCE, "a frame", self.read_unbounded()).await
    }

    async fn read_unbounded(&mut self) -> Value {
        match self.read_or_end().await {
            Ok(frame) => frame,
            Err(end) => panic!("the socket ended with {end:?}; the latest frames: {:?}", self.latest()),
        }
    }

    /// Cancel-safe: a frame is taken from the stream as a whole or not at all.
    pub async fn read_or_end(&mut self) -> Result<Value, Option<(u16, String)>> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("frames are JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|f| (u16::from(f.code), f.reason.to_string())));
                }
                Some(Ok(Message::Binary(_))) => panic!("the server never sends binary frames"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}

/// Opens a socket; where the server answers with another status than 101, gives that.
pub async fn handshake(
    address: &str,
    cookie: Option<&str>,
    headers: &[(&'static str, &str)],
    receive_buffer: Option<u32>,
) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
    let all = headers.iter().copied().chain(cookie.map(|cookie| ("Cookie", cookie)));
    for (name, value) in all {
        request.headers_mut().insert(name, value.parse().expect("a header"));
    }
    let tcp = TcpSocket::new_v4().expect("a socket");
    if let Some(bytes) = receive_buffer {
        tcp.set_recv_buffer_size(bytes).expect("a small buffer");
    }
    let address = address.parse().expect("an address");
    let tcp = tcp.connect(address).await.map_err(|_| 0_u16)?;
    tcp.set_nodelay(true).expect("nodelay");
    match within(PATIENCE, "a handshake", client_async(request, tcp)).await {
        Ok((stream, _)) => Ok(stream),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(_) => Err(0),
    }
}

pub fn new_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The bodies of a frame's messages, in their order.
pub fn bodies(frame: &Value) -> Vec<&str> {
    let messages = frame["messages"].as_array().expect("messages");
    messages.iter().map(|m| m["body"].as_str().expect("a body")).collect()
}

/// A field of each message, as numbers: `numbers(&messages, "seq")`.
pub fn numbers(messages: &[Value], field: &str) -> Vec<u64> {
    messages.iter().map(|m| m[field].as_u64().expect("a number")).collect()
}

/// The room a `room` frame is about.
pub fn slug_of(frame: &Value) -> &str {
    let room = &frame["room"];
    room.as_str().or(room["slug"].as_str()).expect("a room")
}
