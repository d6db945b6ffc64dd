//! What is asked while the database is away.

use super::http::{Http, Reply};
use super::socket::Socket;
use reqwest::Method;
use serde_json::Value;
use std::time::{Duration, Instant};

/// `unavailable` comes within 5 s; the rest is for a busy machine.
pub const ANSWERED: Duration = Duration::from_secs(6);

/// Asserts that a frame is answered with `unavailable`, in time; gives the answer.
pub async fn frame_is_unavailable(socket: &mut Socket, frame: Value) -> Value {
    let began = Instant::now();
    let answer = socket.ask(frame.clone()).await;
    assert_eq!(answer["code"], "unavailable", "{frame}: {answer}");
    assert!(began.elapsed() < ANSWERED, "{frame} after {:?}", began.elapsed());
    answer
}

/// As [`frame_is_unavailable`], for a call.
pub async fn call_is_unavailable(http: &Http, method: Method, path: &str, body: &Value) {
    let began = Instant::now();
    let origin = http.request(Method::GET, "/me").build().expect("a request").url().origin().ascii_serialization();
    let mut request = http.request(method.clone(), path).header("Origin", origin);
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = Reply::of(request).await;
    assert!(began.elapsed() < ANSWERED, "{method} {path} after {:?}", began.elapsed());
    assert_eq!(answer.error(), (503, "unavailable"), "{method} {path}");
}
