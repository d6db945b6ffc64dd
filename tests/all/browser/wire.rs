//! What lies between a browser and the server, and can fail.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    /// What WebSockets carry to the server is lost, and nobody is told.
    Deaf,
    /// Connections end at once.
    Cut,
}

/// A way to a server, under an address of its own.
pub struct Wire {
    address: String,
    state: watch::Sender<State>,
}

impl Wire {
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (state, states) = watch::channel(State::Whole);
        let server = server.to_owned();
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                tokio::spawn(carry(browser, server.clone(), states.clone()));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub fn deafen(&self) {
        self.state.send_replace(State::Deaf);
    }

    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn carry(browser: TcpStream, server: String, mut states: watch::Receiver<State>) {
    let state = states.clone();
    let both_ways = async {
        let Ok(server) = TcpStream::connect(server).await else { return };
        let (mut from_browser, mut to_browser) = browser.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let up = async {
            let mut buffer = vec![0; 64 * 1024];
            let mut is_socket = None;
            while let Ok(length @ 1..) = from_browser.read(&mut buffer).await {
                let bytes = &buffer[..length];
                // The browser sends no frame before its upgrade was answered, so the first bytes are the request alone.
                let lost = is_socket == Some(true) && *state.borrow() == State::Deaf;
                is_socket.get_or_insert(bytes.starts_with(b"GET /ws"));
                if !lost && to_server.write_all(bytes).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = up => {}
            _ = copy(&mut from_server, &mut to_browser) => {}
        }
    };
    tokio::select! {
        () = both_ways => {}
        _ = states.wait_for(|state| *state == State::Cut) => {}
    }
}
