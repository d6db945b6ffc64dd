//! The connection to Postgres ends in the moment of a commit: whether it was stored is found out before anybody is told.

use crate::common::outage::frame_is_unavailable;
use crate::common::postgres::TestDatabase;
use crate::common::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Transactions that contain this are cut off at their commit.
const MARK: &str = "the marked message";
/// How long until a database that answers again is found.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Before Postgres hears of the commit.
    Before,
    /// When Postgres has answered, but nobody has heard it.
    After,
    /// As [`Cut::After`], and no connection is possible from then on.
    AfterAndAway,
}

/// The way to Postgres, which understands just enough of what passes.
struct Wire {
    url: String,
    /// What happens to the next marked transaction; none once it has happened.
    armed: Arc<Mutex<Option<Cut>>>,
    away: watch::Sender<bool>,
}

impl Wire {
    async fn to(url: &str) -> Self {
        let (user, rest) = url.split_once('@').expect("postgres://user@host:port/name");
        let (there, name) = rest.split_once('/').expect("a database's name");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let armed = Arc::new(Mutex::new(None));
        let away = watch::Sender::new(false);
        let (there, arms, tell_away) = (there.to_owned(), Arc::clone(&armed), away.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (there, arms, away) = (there.clone(), Arc::clone(&arms), tell_away.clone());
                tokio::spawn(async move {
                    let mut until_away = away.subscribe();
                    tokio::select! {
                        biased;
                        _ = until_away.wait_for(|away| *away) => {}
                        _ = carry(client, &there, &arms, &away) => {}
                    }
                });
            }
        });
        Self { url: format!("{user}@{address}/{name}?sslmode=disable"), armed, away }
    }

    fn arm(&self, cut: Cut) {
        *self.armed.lock().expect("no wire panicked") = Some(cut);
    }

    #[track_caller]
    fn has_cut(&self) {
        assert_eq!(*self.armed.lock().expect("no wire panicked"), None, "the commit was seen");
    }

    fn mend(&self) {
        self.away.send_replace(false);
    }
}

/// Carries one connection until it ends or is cut; returning ends both sides.
async fn carry(
    client: TcpStream,
    there: &str,
    armed: &Mutex<Option<Cut>>,
    away: &watch::Sender<bool>,
) -> std::io::Result<()> {
    let server = TcpStream::connect(there).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // The first message has no type.
    to_server.write_all(&untyped(&mut from_client).await?).await?;
    // From the commit that is to be cut on, what the server says is held back.
    let (hold, held) = watch::channel(None);
    let up = async {
        let mut marked = false;
        loop {
            let message = typed(&mut from_client).await?;
            marked |= message.windows(MARK.len()).any(|bytes| bytes == MARK.as_bytes());
            if marked && message[0] == b'Q' && message[5..].starts_with(b"COMMIT") {
                marked = false;
                let cut = armed.lock().expect("no wire panicked").take();
                if cut == Some(Cut::Before) {
                    return Ok(());
                }
                hold.send_replace(cut);
            }
            to_server.write_all(&message).await?;
        }
    };
    tokio::select! {
        ended = up => ended,
        ended = down(&mut from_server, &mut to_client, held, away) => ended,
    }
}

async fn down(
    server: &mut OwnedReadHalf,
    client: &mut OwnedWriteHalf,
    held: watch::Receiver<Option<Cut>>,
    away: &watch::Sender<bool>,
) -> std::io::Result<()> {
    let mut committed = false;
    loop {
        let message = typed(server).await?;
        let Some(cut) = *held.borrow() else {
            client.write_all(&message).await?;
            continue;
        };
        committed |= message[0] == b'C' && message[5..].starts_with(b"COMMIT");
        if message[0] == b'Z' {
            assert!(committed, "Postgres has committed");
            away.send_replace(cut == Cut::AfterAndAway);
            return Ok(());
        }
    }
}

/// A message with its type and its length.
async fn typed(from: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let kind = from.read_u8().await?;
    let mut message = vec![kind];
    message.append(&mut untyped(from).await?);
    Ok(message)
}

/// A length, which counts itself, and as many bytes.
async fn untyped(from: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    let mut message = length.to_be_bytes().to_vec();
    message.resize(length as usize, 0);
    from.read_exact(&mut message[4..]).await?;
    Ok(message)
}

/// A server behind the wire, with ann and bob in the den, where one message was sent.
async fn den(wire: &Wire) -> (Server, Person, Socket, Socket) {
    let server = Options::sqlite().option("--database-url", &wire.url).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    socket.say("den", "before").await;
    (server, ann, socket, watcher)
}

async fn is_stored_once_and_answered(cut: Cut) {
    let database = TestDatabase::create();
    let wire = Wire::to(&database.url).await;
    let (_server, ann, mut socket, mut watcher) = den(&wire).await;
    wire.arm(cut);
    let key = new_key();
    let sent = socket.send("den", &key, MARK).await;
    wire.has_cut();
    assert_eq!(sent["id"], 2, "looked up before it was answered");
    assert_eq!(socket.say("den", "after").await, 3);
    assert_eq!(socket.send("den", &key, "again").await["id"], 2);
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), [1, 2, 3]);
    for socket in [&mut socket, &mut watcher] {
        assert_eq!(socket.messages_up_to("den", "after").await, stored, "each is shown once, in order");
    }
}

#[tokio::test]
async fn a_send_whose_commit_was_not_answered_is_looked_up() {
    is_stored_once_and_answered(Cut::After).await;
}

#[tokio::test]
async fn a_send_whose_commit_never_arrived_is_stored_again() {
    is_stored_once_and_answered(Cut::Before).await;
}

/// Edits, deletions and reactions have no keys: that they are there already is seen from the message.
#[tokio::test]
async fn a_change_whose_commit_was_not_answered_takes_one_number() {
    let database = TestDatabase::create();
    let wire = Wire::to(&database.url).await;
    let (_server, ann, mut socket, mut watcher) = den(&wire).await;
    wire.arm(Cut::After);
    let done = socket.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": MARK})).await;
    wire.has_cut();
    assert_eq!((&done["id"], &done["seq"]), (&json!(1), &json!(2)));
    assert_eq!(socket.say("den", "after").await, 3);
    assert_eq!(numbers(&watcher.messages_up_to("den", "after").await, "seq"), [1, 2, 3]);
    assert_eq!(numbers(&ann.reads_whole_room("den").await, "seq"), [2, 3]);
}

#[tokio::test]
async fn a_send_whose_commit_was_lost_with_the_database_is_unavailable_and_found_later() {
    let database = TestDatabase::create();
    let wire = Wire::to(&database.url).await;
    let (server, ann, mut socket, mut watcher) = den(&wire).await;
    wire.arm(Cut::AfterAndAway);
    let send = json!({"type": "send", "room": "den", "key": new_key(), "body": MARK});
    frame_is_unavailable(&mut socket, send.clone()).await;
    wire.has_cut();
    frame_is_unavailable(&mut socket, send.clone()).await;
    assert_eq!(server.stranger().get("page:/readyz").await.status, 503);
    wire.mend();
    let sent = eventually(LIMIT, "the database to be found again", async || {
        let answer = socket.ask(send.clone()).await;
        (answer["type"] == "sent").then_some(answer)
    })
    .await;
    assert_eq!(sent["id"], 2, "it was stored the first time");
    assert_eq!(socket.say("den", "after").await, 3);
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), [1, 2, 3]);
    assert_eq!(watcher.messages_up_to("den", "after").await, stored, "each is shown once, in order");
}
