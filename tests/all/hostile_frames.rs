//! Text that is JSON nearly, or JSON such as no client writes: an answer with the right code, and nobody else is touched.

use crate::common::*;

fn send_with(fields: &str) -> String {
    format!(r#"{{"type":"send","room":"den","key":"{}",{fields}}}"#, new_key())
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// Every frame beside what it is answered with: the code of an error, or the type of an answer.
fn frames() -> Vec<(String, &'static str)> {
    let mut frames = vec![
        // Surrogates of UTF-16 that are none of a pair stand for no character.
        (send_with(r#""body":"\ud800""#), "bad_frame"),
        (send_with(r#""body":"\udc00\ud800""#), "bad_frame"),
        (send_with(r#""body":"\ud83e\udd80""#), "sent"),
        (send_with(r#""body":"\u0000""#), "invalid"),
        (send_with(r#""body":"a\u0000b""#), "invalid"),
        (send_with(r#""body":"x","body":"y""#), "bad_frame"),
        (send_with(r#""body":"x","unknown":{"a":[1,2,{}]}"#), "sent"),
        (send_with(r#""body":"x","reply_to":1e400"#), "bad_frame"),
        (send_with(r#""body":"x","reply_to":1.5"#), "bad_frame"),
        (send_with(r#""body":"x","reply_to":99999999999999999999999999"#), "bad_frame"),
        (send_with(r#""body":"x","reply_to":9223372036854775807"#), "not_found"),
        (send_with(r#""body":"x","reply_to":-1"#), "not_found"),
        (send_with(r#""body":["x"]"#), "bad_frame"),
        (r#"{"type":{"type":"send"}}"#.to_owned(), "bad_frame"),
        (r#"{"type":"SEND","room":"den"}"#.to_owned(), "unknown_type"),
        (r#"{"type":"send\u0000","room":"den"}"#.to_owned(), "unknown_type"),
        (r#"{"type":"join","room":"den","after":NaN}"#.to_owned(), "bad_frame"),
        (r#"{"type":"join","room":"den",}"#.to_owned(), "bad_frame"),
        (r#"{"type":"join","room":"den"} {"type":"join","room":"den"}"#.to_owned(), "bad_frame"),
        ("\u{feff}{}".to_owned(), "bad_frame"),
        (format!(r#"{{"type":"join","room":"{}"}}"#, "x".repeat(60_000)), "not_found"),
        (format!(r#"{{"type":"join","room":"den","after":{}}}"#, "9".repeat(60_000)), "bad_frame"),
    ];
    for depth in [10, 1_000, 30_000] {
        // What is not known is passed over, however deep it is.
        frames.push((send_with(&format!(r#""body":"x","unknown":{}"#, nested(depth))), "sent"));
        frames.push((send_with(&format!(r#""body":{}"#, nested(depth))), "bad_frame"));
        frames.push((nested(depth), "bad_frame"));
        frames.push(("[".repeat(depth), "bad_frame"));
        frames.push((r#"{"type":"#.repeat(depth / 8), "bad_frame"));
    }
    frames
}

async fn hostile_text_is_answered_and_harms_nobody(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut hostile, mut other) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let mut stored = vec![];
    for (text, wanted) in frames() {
        let shown: String = text.chars().take(100).collect();
        hostile.send_text(&text).await;
        let answer = hostile.expect_where(&shown, |f| f["type"] == "error" || f["type"] == "sent").await;
        let got = if answer["type"] == "error" { &answer["code"] } else { &answer["type"] };
        assert_eq!(got, wanted, "{shown}: {answer}");
        stored.extend(answer["id"].as_u64());
        stored.push(other.say("den", "not a row of ten").await);
        stored.push(hostile.say("den", "nor here").await);
    }
    other.say("den", "the last").await;
    let told = other.messages_up_to("den", "the last").await;
    assert_eq!(numbers(&told, "id").split_last().expect("messages").1, stored);
}

// Not about storage.
on_sqlite![hostile_text_is_answered_and_harms_nobody];
