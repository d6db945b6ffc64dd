//! What lies between the clients and the balancer: connections that are cut, or that nothing passes any more.

use rand::RngExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Whole,
    /// Both ends believe that the other is there.
    HalfOpen,
    Cut,
}

/// Longer than either end waits for the other.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// A way to a server under an address of its own.
#[derive(Debug)]
pub struct Network {
    pub address: String,
    connections: Arc<Mutex<Vec<watch::Sender<State>>>>,
}

impl Network {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let connections = Arc::<Mutex<Vec<watch::Sender<State>>>>::default();
        let known = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (state, states) = watch::channel(State::Whole);
                let mut known = known.lock().expect("no panic");
                known.retain(|state| !state.is_closed());
                known.push(state);
                tokio::spawn(carry(client, server.clone(), states));
            }
        });
        Self { address, connections }
    }

    /// Ends this share of all connections.
    pub fn cut(&self, share: f64) {
        self.turn(share, State::Cut);
    }

    /// Lets nothing pass through this share of all connections any more.
    pub fn half_open(&self, share: f64) {
        self.turn(share, State::HalfOpen);
    }

    /// Ends what is half open.
    pub fn mend(&self) {
        for state in &*self.connections.lock().expect("no panic") {
            state.send_if_modified(|state| {
                *state == State::HalfOpen && std::mem::replace(state, State::Cut) != State::Cut
            });
        }
    }

    fn turn(&self, share: f64, into: State) {
        for state in &*self.connections.lock().expect("no panic") {
            if rand::rng().random_bool(share) {
                state.send_replace(into);
            }
        }
    }
}

async fn carry(mut client: TcpStream, server: String, mut states: watch::Receiver<State>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = states.wait_for(|state| *state != State::Whole) => {}
    }
    // What is read by nobody is acknowledged by the system, and kept open here.
    let _ = tokio::time::timeout(FORGOTTEN, states.wait_for(|state| *state == State::Cut)).await;
}
