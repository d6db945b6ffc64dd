//! Answers in fewer bytes, for those who take them so: pages and JSON by gzip, as they are made; files as
//! [`crate::app::assets`] has them.

use std::cell::RefCell;

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ResponseHead, ServiceResponse};
use actix_web::http::header::{
    AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding, Header, HeaderMap, HeaderValue, VARY,
};
use actix_web::web::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Less would not fit into fewer packets.
pub const LEAST_BYTES: usize = 1_000;
/// The quickest: a page of 20 KB becomes a quarter in 62 µs, where the default level makes a sixth of it in 251.
const LEVEL: u32 = 1;
const WINDOW_BITS: u8 = 15;

/// A form in which a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Plain,
    Gzip,
    Brotli,
}

impl Coding {
    /// The one of these that whoever asks likes best. Who takes none of them, not even the plain one, gets that.
    pub fn chosen(req: &HttpRequest, offered: &[Encoding]) -> Self {
        let asked = AcceptEncoding::parse(req).ok();
        match asked.and_then(|asked| asked.negotiate(offered.iter())) {
            Some(encoding) if encoding == Encoding::brotli() => Self::Brotli,
            Some(encoding) if encoding == Encoding::gzip() => Self::Gzip,
            _ => Self::Plain,
        }
    }

    /// Says so in an answer's headers.
    pub fn note(self, headers: &mut HeaderMap) {
        let name = match self {
            Self::Plain => return,
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        };
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        // A tag that is strong would be of these very bytes.
        let weak = headers
            .get(ETAG)
            .and_then(|tag| tag.to_str().ok())
            .map(|tag| format!("W/{}", tag.trim_start_matches("W/")));
        if let Some(tag) = weak.and_then(|tag| HeaderValue::try_from(tag).ok()) {
            headers.insert(ETAG, tag);
        }
    }
}

/// Whether what is made for a request may go by gzip. Not where a browser says that another site has it ask: it could put guesses into the address,
/// and somebody who sees the lengths of the answers could tell which of them the page repeats.
pub fn may_gzip(req: &HttpRequest) -> bool {
    let site = req.headers().get("sec-fetch-site");
    let is_own = site.is_none_or(|site| site == "same-origin" || site == "none");
    is_own && Coding::chosen(req, &[Encoding::gzip(), Encoding::identity()]) == Coding::Gzip
}

/// Whether a body of this type becomes shorter.
pub fn is_text(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim_end();
    essence.starts_with("text/")
        || essence.ends_with("json")
        || ["image/svg+xml", "application/javascript"].contains(&essence)
}

/// An answer by gzip, if `wanted`, where that makes it shorter; one that might have come so says what it depends on.
pub fn gzipped(response: ServiceResponse<BoxBody>, wanted: bool) -> ServiceResponse<BoxBody> {
    response.map_body(|head, body| match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(if is_apt(head, &bytes) { coded(head, bytes, wanted) } else { bytes }),
        Err(body) => body,
    })
}

fn is_apt(head: &ResponseHead, body: &Bytes) -> bool {
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    body.len() >= LEAST_BYTES && !head.headers.contains_key(CONTENT_ENCODING) && media_type.is_some_and(is_text)
}

fn coded(head: &mut ResponseHead, body: Bytes, wanted: bool) -> Bytes {
    if !head.headers.contains_key(VARY) {
        head.headers.insert(VARY, BY_CODING);
    }
    match wanted.then(|| gzip(&body)).flatten() {
        Some(short) => {
            Coding::Gzip.note(&mut head.headers);
            short
        }
        None => body,
    }
}

pub const BY_CODING: HeaderValue = HeaderValue::from_static("accept-encoding");

// Made once for each thread: it takes a quarter of a megabyte, which would have to be cleared each time.
thread_local! {
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::new(LEVEL), WINDOW_BITS));
}

/// `None` where it would not become shorter.
fn gzip(body: &[u8]) -> Option<Bytes> {
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        let mut short = Vec::with_capacity(body.len());
        let done = deflate.compress_vec(body, &mut short, FlushCompress::Finish);
        matches!(done, Ok(Status::StreamEnd)).then(|| short.into())
    })
}
