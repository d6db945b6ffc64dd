//! What lies between an instance and Redis: it loses, repeats, delays and reorders whole words in both directions, and what
//! else a client of Redis counts on stays true.

use super::resp::{frame_len, texts};
use rand::RngExt;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// What happens to a word, each as a probability; what is held back may be overtaken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub loses: f64,
    pub repeats: f64,
    pub holds_back: f64,
    pub for_millis: u64,
}

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Whole,
    /// Nothing passes, and nobody is told.
    Silent,
    Cut,
}

/// A way to Redis under an address of its own.
#[derive(Debug)]
pub struct Words {
    address: String,
    weather: Arc<Mutex<Weather>>,
    line: watch::Sender<Line>,
}

impl Words {
    pub async fn to(redis: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let weather = Arc::<Mutex<Weather>>::default();
        let (line, lines) = watch::channel(Line::Whole);
        let shared = Arc::clone(&weather);
        tokio::spawn(async move {
            while let Ok((instance, _)) = listener.accept().await {
                tokio::spawn(carry(instance, redis.clone(), Arc::clone(&shared), lines.clone()));
            }
        });
        Self { address, weather, line }
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub fn set(&self, weather: Weather) {
        *self.weather.lock().expect("no panic") = weather;
    }

    pub fn silence(&self) {
        self.line.send_replace(Line::Silent);
    }

    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    pub fn mend(&self) {
        self.line.send_replace(Line::Whole);
    }
}

async fn carry(instance: TcpStream, redis: String, weather: Arc<Mutex<Weather>>, mut lines: watch::Receiver<Line>) {
    let cut = async |lines: &mut watch::Receiver<Line>| _ = lines.wait_for(|line| *line == Line::Cut).await;
    let (up, down) = (lines.clone(), lines.clone());
    let carried = async {
        let Ok(redis) = TcpStream::connect(redis).await else { return };
        let (from_instance, to_instance) = instance.into_split();
        let (from_redis, to_redis) = redis.into_split();
        let pipes =
            Pipes { weather, answers: Arc::default(), to_instance: pipe(to_instance), to_redis: pipe(to_redis) };
        tokio::select! {
            () = frames(from_instance, up, |frame| pipes.command(frame)) => {}
            () = frames(from_redis, down, |frame| pipes.answer(frame)) => {}
        }
    };
    tokio::select! {
        () = carried => {}
        () = cut(&mut lines) => {}
    }
}

type Pipe = mpsc::UnboundedSender<Vec<u8>>;

/// Writes what is put into it, until nobody has it any more.
fn pipe(mut to: OwnedWriteHalf) -> Pipe {
    let (pipe, mut frames) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(frame) = frames.recv().await {
            if to.write_all(&frame).await.is_err() {
                return;
            }
        }
    });
    pipe
}

/// Reads frame after frame, while the line is not silent.
async fn frames(mut from: OwnedReadHalf, mut lines: watch::Receiver<Line>, take: impl Fn(&[u8])) {
    let mut buffer = Vec::new();
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        while let Some(length) = Some(&buffer).filter(|buffer| !buffer.is_empty()).and_then(|buffer| frame_len(buffer))
        {
            if lines.wait_for(|line| *line != Line::Silent).await.is_err() {
                return;
            }
            take(&buffer[..length]);
            buffer.drain(..length);
        }
    }
}

/// Where the answer to a command comes from.
enum Answer {
    Redis,
    /// From Redis, to a command that was answered long ago.
    Nobody,
    Ours,
}

#[derive(Clone)]
struct Pipes {
    weather: Arc<Mutex<Weather>>,
    /// In the order of the commands, from the oldest without an answer.
    answers: Arc<Mutex<VecDeque<Answer>>>,
    to_instance: Pipe,
    to_redis: Pipe,
}

impl Pipes {
    /// What the instance says.
    fn command(&self, frame: &[u8]) {
        let words = texts(frame);
        let name = words[0].to_ascii_uppercase();
        let fates = if name.ends_with(b"PUBLISH") { self.fates() } else { vec![Duration::ZERO] };
        if fates.first() == Some(&Duration::ZERO) {
            let confirmed = if name.ends_with(b"SUBSCRIBE") { words.len() - 1 } else { 1 };
            let answers = (0..confirmed).map(|_| Answer::Redis);
            self.pass_up(frame, answers);
        } else {
            self.answers.lock().expect("no panic").push_back(Answer::Ours);
            self.answer_ourselves();
        }
        for fate in fates.into_iter().filter(|fate| !fate.is_zero()) {
            let (pipes, frame) = (self.clone(), frame.to_vec());
            tokio::spawn(async move {
                tokio::time::sleep(fate).await;
                pipes.pass_up(&frame, std::iter::once(Answer::Nobody));
            });
        }
    }

    /// What Redis says.
    fn answer(&self, frame: &[u8]) {
        let is_push = frame[0] == b'>';
        let kind = if is_push { texts(frame)[0].to_ascii_lowercase() } else { Vec::new() };
        if is_push && !kind.ends_with(b"subscribe") {
            for fate in self.fates() {
                self.pass_down(frame.to_vec(), fate);
            }
            return;
        }
        let answered = self.answers.lock().expect("no panic").pop_front();
        if !matches!(answered, Some(Answer::Nobody)) {
            self.pass_down(frame.to_vec(), Duration::ZERO);
        }
        self.answer_ourselves();
    }

    /// After how long a word arrives, how often: never where there is nothing.
    fn fates(&self) -> Vec<Duration> {
        let weather = *self.weather.lock().expect("no panic");
        let mut rng = rand::rng();
        if rng.random_bool(weather.loses) {
            return vec![];
        }
        let times = if rng.random_bool(weather.repeats) { 2 } else { 1 };
        let mut fate = |copy: u64| match rng.random_bool(weather.holds_back) {
            true => Duration::from_millis(rng.random_range(1..=weather.for_millis.max(1))),
            false => Duration::from_millis(copy),
        };
        (0..times).map(&mut fate).collect()
    }

    fn pass_up(&self, frame: &[u8], answers: impl Iterator<Item = Answer>) {
        // In one step, so that answers are awaited in the order of the commands.
        let mut awaited = self.answers.lock().expect("no panic");
        awaited.extend(answers);
        let _ = self.to_redis.send(frame.to_vec());
    }

    fn pass_down(&self, frame: Vec<u8>, after: Duration) {
        let to = self.to_instance.clone();
        if after.is_zero() {
            let _ = to.send(frame);
            return;
        }
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let _ = to.send(frame);
        });
    }

    /// Answers what has its turn and never reached Redis: nobody has heard it.
    fn answer_ourselves(&self) {
        let mut answers = self.answers.lock().expect("no panic");
        while answers.front().is_some_and(|answer| matches!(answer, Answer::Ours)) {
            answers.pop_front();
            let _ = self.to_instance.send(b":0\r\n".to_vec());
        }
    }
}
