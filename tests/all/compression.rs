//! Files, pages and answers of the API in fewer bytes, for whoever takes them so.

use crate::common::*;
use flate2::read::GzDecoder;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode};
use std::io::Read;

/// An answer as it came over the wire.
struct Raw {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.expect("a body").into() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The text; without what a page says of rights, which comes in any order.
    fn decoded(&self) -> String {
        let mut text = String::new();
        match self.header("content-encoding") {
            "" => text.push_str(str::from_utf8(&self.body).expect("UTF-8")),
            "gzip" => drop(GzDecoder::new(&self.body[..]).read_to_string(&mut text).expect("gzip")),
            "br" => drop(brotli::Decompressor::new(&self.body[..], 4_096).read_to_string(&mut text).expect("brotli")),
            other => panic!("{other}"),
        }
        match text.split_once("data-permissions=\"") {
            Some((before, rest)) => before.to_owned() + rest.split_once('"').expect("its end").1,
            None => text,
        }
    }
}

fn asking(who: &Person, method: Method, path: &str, accept: Option<&str>) -> RequestBuilder {
    let request = who.http.request(method, path).header("Accept", "text/html");
    match accept {
        Some(accept) => request.header("Accept-Encoding", HeaderValue::from_str(accept).expect("a value")),
        None => request,
    }
}

async fn get(who: &Person, path: &str, accept: Option<&str>) -> Raw {
    Raw::of(asking(who, Method::GET, path, accept)).await
}

/// Ann, a room with messages, and the address of a file of this build.
async fn den(server: &Server) -> (Person, String) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for number in 1..=20 {
        ann.posts("den", &format!("Message {number} is as long as many are.")).await;
    }
    let page = get(&ann, "page:/rooms/den", None).await.decoded();
    let (_, rest) = page.split_once("/static/").expect("files");
    (ann, format!("page:/static/{}/room/room.js", rest.split('/').next().unwrap()))
}

#[tokio::test]
async fn whoever_takes_fewer_bytes_gets_them_and_they_are_the_same_text() {
    let server = Server::start(Options::sqlite()).await;
    let (ann, file) = den(&server).await;
    // What is accepted, and what comes: a file, and what is made for a request.
    let table = [
        (None, "", ""),
        (Some(""), "", ""),
        (Some("identity"), "", ""),
        (Some("*"), "", ""),
        (Some("nonsense"), "", ""),
        (Some(";;q=,"), "", ""),
        (Some("deflate, zstd"), "", ""),
        (Some("gzip"), "gzip", "gzip"),
        (Some("GZIP"), "gzip", "gzip"),
        (Some("x-gzip"), "", ""),
        (Some("br"), "br", ""),
        (Some("gzip, deflate, br, zstd"), "br", "gzip"),
        (Some("gzip;q=0"), "", ""),
        (Some("gzip;q=0, br;q=0"), "", ""),
        (Some("br;q=0, gzip"), "gzip", "gzip"),
        (Some("br;q=0.1, gzip;q=0.9"), "gzip", "gzip"),
        (Some("identity;q=0"), "", ""),
        (Some("gzip;q=0.5, *;q=0"), "gzip", "gzip"),
    ];
    for path in [&file, "page:/rooms/den", "/rooms/den/messages", "page:/sw.js", "page:/rooms"] {
        let plain = get(&ann, path, None).await;
        assert!(plain.body.len() > 1_000, "{path}");
        for (accept, of_file, made) in table {
            let what = format!("{path}, {accept:?}");
            let answer = get(&ann, path, accept).await;
            let expected = if *path == *file { of_file } else { made };
            assert_eq!((answer.status, answer.header("content-encoding")), (StatusCode::OK, expected), "{what}");
            assert_eq!(answer.header("vary"), "accept-encoding", "{what}");
            assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{what}");
            assert_eq!(answer.header("content-type"), plain.header("content-type"), "{what}");
            assert!(answer.decoded() == plain.decoded(), "{what}");
            assert!(
                expected.is_empty() || answer.body.len() * 3 < plain.body.len() * 2,
                "{what}: {}",
                answer.body.len()
            );
        }
    }
}

#[tokio::test]
async fn what_is_short_or_no_text_comes_as_it_is() {
    let server = Server::start(Options::sqlite()).await;
    let (ann, file) = den(&server).await;
    let folder = file.trim_end_matches("/room/room.js");
    for path in ["/me", "page:/healthz", &format!("{folder}/icon-192.png"), &format!("{folder}/favicon.svg")] {
        let answer = get(&ann, path, Some("gzip, br")).await;
        let headers = ["content-encoding", "vary"].map(|name| answer.header(name));
        assert_eq!((answer.status, headers), (StatusCode::OK, ["", ""]), "{path}");
    }
    let moved = get(&ann, "page:/favicon.ico", Some("gzip")).await;
    assert_eq!(moved.header("content-encoding"), "");
    let sent = asking(&ann, Method::POST, "/rooms/den/messages", Some("gzip")).header("Origin", server.url());
    let long = json!({ "key": new_key(), "body": "a long one ".repeat(200) });
    let sent = Raw::of(sent.json(&long)).await;
    assert_eq!((sent.status, sent.header("content-encoding")), (StatusCode::CREATED, "gzip"));
    assert!(sent.decoded().contains("a long one"));
}

#[tokio::test]
async fn a_known_file_is_not_sent_again_in_whatever_form_it_is_known() {
    let server = Server::start(Options::sqlite()).await;
    let (ann, file) = den(&server).await;
    let mut tags = vec![];
    for accept in [None, Some("gzip"), Some("br")] {
        let answer = get(&ann, &file, accept).await;
        let tag = answer.header("etag").to_owned();
        // A strong tag is that of the very bytes.
        assert_eq!(tag.starts_with("W/"), accept.is_some(), "{accept:?}: {tag}");
        tags.push((accept, tag));
    }
    for (accept, tag) in &tags {
        let again = Raw::of(asking(&ann, Method::GET, &file, *accept).header("If-None-Match", tag)).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{accept:?}");
        assert_eq!((again.header("vary"), again.header("etag")), ("accept-encoding", tag.as_str()), "{accept:?}");
        let other = Raw::of(asking(&ann, Method::GET, &file, *accept).header("If-None-Match", "\"another\"")).await;
        assert_eq!(other.status, StatusCode::OK, "{accept:?}");
    }
}

#[tokio::test]
async fn head_tells_what_get_would_send_and_a_range_is_passed_over() {
    let server = Server::start(Options::sqlite()).await;
    let (ann, file) = den(&server).await;
    for path in [&file, "page:/rooms/den", "/rooms/den/messages"] {
        for accept in [None, Some("gzip"), Some("br, gzip")] {
            let whole = get(&ann, path, accept).await;
            let head = Raw::of(asking(&ann, Method::HEAD, path, accept)).await;
            assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{path} {accept:?}");
            // A page may be a byte longer for the order in it.
            let lengths =
                [&head, &whole].map(|answer| answer.header("content-length").parse::<usize>().expect("a length"));
            assert!(lengths[0].abs_diff(lengths[1]) < 100, "{path} {accept:?}: {lengths:?}");
            for name in ["content-encoding", "content-type", "vary", "etag"] {
                assert_eq!(head.header(name), whole.header(name), "{path} {accept:?} {name}");
            }
            let part = Raw::of(asking(&ann, Method::GET, path, accept).header("Range", "bytes=0-9")).await;
            assert_eq!((part.status, part.decoded()), (StatusCode::OK, whole.decoded()), "{path} {accept:?}");
        }
    }
}

/// Else lengths would tell which guess in the address a page repeats.
#[tokio::test]
async fn what_another_site_has_a_browser_ask_for_is_not_compressed() {
    let server = Server::start(Options::sqlite()).await;
    let (ann, file) = den(&server).await;
    for (site, made) in [("same-origin", "gzip"), ("none", "gzip"), ("same-site", ""), ("cross-site", ""), ("x", "")] {
        for (path, coding) in [("page:/rooms/den", made), ("/rooms/den/messages", made), (&*file, "br")] {
            let asked = asking(&ann, Method::GET, path, Some("gzip, br")).header("Sec-Fetch-Site", site);
            let answer = Raw::of(asked).await;
            assert_eq!((answer.status, answer.header("content-encoding")), (StatusCode::OK, coding), "{path}, {site}");
        }
    }
}
