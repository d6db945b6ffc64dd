//! What lies between the server and Postgres, and can fail: at a commit, or by swallowing what passes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Transactions that contain this are cut off at their commit.
pub const MARK: &str = "the marked message";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before Postgres hears of the commit.
    Before,
    /// When Postgres has answered, but nobody has heard it.
    After,
    /// As [`Cut::After`], and no connection is possible from then on.
    AfterAndAway,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    /// What was sent stays sent, and nothing arrives.
    Hanging,
    /// Connections end at once.
    Away,
}

/// The way to Postgres, which understands just enough of what passes.
pub struct PostgresWire {
    pub url: String,
    /// What happens to the next marked transaction; none once it has happened.
    armed: Arc<Mutex<Option<Cut>>>,
    state: watch::Sender<State>,
    round_trips: Arc<AtomicU64>,
}

impl PostgresWire {
    pub async fn to(url: &str) -> Self {
        let (user, rest) = url.split_once('@').expect("postgres://user@host:port/name");
        let (there, name) = rest.split_once('/').expect("a database's name");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let armed = Arc::new(Mutex::new(None));
        let state = watch::Sender::new(State::Whole);
        let round_trips = Arc::new(AtomicU64::new(0));
        let (there, arms, states) = (there.to_owned(), Arc::clone(&armed), state.clone());
        let trips = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (there, arms, state) = (there.clone(), Arc::clone(&arms), states.clone());
                let trips = Arc::clone(&trips);
                tokio::spawn(async move {
                    let mut until_away = state.subscribe();
                    tokio::select! {
                        biased;
                        _ = until_away.wait_for(|state| *state == State::Away) => {}
                        _ = carry(client, &there, &arms, &state, &trips) => {}
                    }
                });
            }
        });
        Self { url: format!("{user}@{address}/{name}?sslmode=disable"), armed, state, round_trips }
    }

    /// How often Postgres has been ready for the next query.
    pub fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::Relaxed)
    }

    pub fn arm(&self, cut: Cut) {
        *self.armed.lock().expect("no wire panicked") = Some(cut);
    }

    #[track_caller]
    pub fn has_cut(&self) {
        assert_eq!(*self.armed.lock().expect("no wire panicked"), None, "the commit was seen");
    }

    pub fn hang(&self) {
        self.state.send_replace(State::Hanging);
    }

    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

/// Carries one connection until it ends or is cut; returning ends both sides.
async fn carry(
    client: TcpStream,
    there: &str,
    armed: &Mutex<Option<Cut>>,
    state: &watch::Sender<State>,
    trips: &AtomicU64,
) -> std::io::Result<()> {
    let server = TcpStream::connect(there).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // The first message has no type.
    forward(&untyped(&mut from_client).await?, &mut to_server, state).await?;
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
            forward(&message, &mut to_server, state).await?;
        }
    };
    tokio::select! {
        ended = up => ended,
        ended = down(&mut from_server, &mut to_client, held, state, trips) => ended,
    }
}

async fn down(
    server: &mut OwnedReadHalf,
    client: &mut OwnedWriteHalf,
    held: watch::Receiver<Option<Cut>>,
    state: &watch::Sender<State>,
    trips: &AtomicU64,
) -> std::io::Result<()> {
    let mut committed = false;
    loop {
        let message = typed(server).await?;
        if message[0] == b'Z' {
            trips.fetch_add(1, Ordering::Relaxed);
        }
        let Some(cut) = *held.borrow() else {
            forward(&message, client, state).await?;
            continue;
        };
        committed |= message[0] == b'C' && message[5..].starts_with(b"COMMIT");
        if message[0] == b'Z' {
            assert!(committed, "Postgres has committed");
            if cut == Cut::AfterAndAway {
                state.send_replace(State::Away);
            }
            return Ok(());
        }
    }
}

/// Passes a message on, once nothing hangs.
async fn forward(message: &[u8], to: &mut OwnedWriteHalf, state: &watch::Sender<State>) -> std::io::Result<()> {
    let _ = state.subscribe().wait_for(|state| *state != State::Hanging).await;
    to.write_all(message).await
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
