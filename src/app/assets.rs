//! The files that pages need, from `static/`: in the binary, or read from disk in debug builds.
//!
//! Their address holds a hash over all of them, so that browsers keep them for ever and still get a new build's at once.
//! Those of other builds come from [`builds`].

pub mod builds;
pub mod emoji;
pub mod packed;
pub mod packing;
pub mod stored;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IfNoneMatch, LOCATION, VARY};
use actix_web::web::{Bytes, Data, Header, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::assets::packed::Packed;
use crate::app::comments::without_comments;
use crate::app::compression::{BY_CODING, Coding, LEAST_BYTES, is_text};
use crate::app::on_disk::{self, MadeOfFiles, Versions};
use crate::app::{App, Failure};
use crate::base::failpoints;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// Bytes of the hash that stand in the address.
const BUILD_BYTES: usize = 4;

const SERVICE_WORKER: &str = "sw.js";
/// Made rather than read.
const EMOJI: &str = "emoji.json";

/// A file to be served.
#[derive(Clone)]
pub struct Asset {
    content: Bytes,
    /// SHA-256.
    hash: [u8; 32],
    /// Its shorter forms, once one was asked for.
    packed: Arc<OnceLock<Packed>>,
}

impl From<Vec<u8>> for Asset {
    fn from(content: Vec<u8>) -> Self {
        Self { hash: Sha256::digest(&content).into(), content: content.into(), packed: Arc::default() }
    }
}

impl Asset {
    /// The present file of this build.
    fn own(name: &str) -> Option<Self> {
        own().files.get(name).cloned()
    }

    /// The content as whoever asks takes it, and the coding, where that is for them to choose.
    fn chosen(&self, req: &HttpRequest, is_text: bool) -> (Option<Coding>, Bytes) {
        if !is_text || self.content.len() < LEAST_BYTES {
            return (None, self.content.clone());
        }
        let packed = self.packed.get_or_init(|| Packed::of(&self.content));
        let coding = Coding::chosen(req, &packed.offered());
        (Some(coding), packed.get(coding).unwrap_or(&self.content).clone())
    }

    fn read(name: &str) -> Option<Self> {
        let file = Files::get(name)?;
        if name.ends_with(".js") || name.ends_with(".css") {
            let text = without_comments(str::from_utf8(&file.data).ok()?)
                + failpoints::build_mark().unwrap_or_default().as_str();
            return Some(Self { packed: Packed::made_of(name), ..text.into_bytes().into() });
        }
        let content = match file.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => data.into(),
        };
        Some(Self { content, hash: file.metadata.sha256_hash(), packed: Packed::made_of(name) })
    }
}

/// The files of this build, and its name: 8 hexadecimal digits.
struct Own {
    build: String,
    files: BTreeMap<Cow<'static, str>, Asset>,
}

fn own() -> Arc<Own> {
    static OWN: LazyLock<MadeOfFiles<Arc<Own>>> = LazyLock::new(|| MadeOfFiles::new(versions, read_all));
    OWN.get()
}

fn read_all() -> Arc<Own> {
    let mut files: BTreeMap<_, _> =
        Files::iter().filter_map(|name| Some((name.clone(), Asset::read(&name)?))).collect();
    files.insert(EMOJI.into(), emoji::list().into());
    let mut all = Sha256::new();
    for (name, file) in &files {
        all.update(name.as_bytes());
        all.update([0]);
        all.update(file.hash);
    }
    Arc::new(Own { build: hex::encode(&all.finalize()[..BUILD_BYTES]), files })
}

/// The name of this build, and its files by path.
pub fn own_files() -> (String, Vec<(String, Bytes)>) {
    let own = own();
    let files = own.files.iter().map(|(name, file)| (name.clone().into_owned(), file.content.clone()));
    (own.build.clone(), files.collect())
}

/// A file of this build.
pub fn own_file(name: &str) -> Option<Bytes> {
    Asset::own(name).map(|asset| asset.content)
}

/// Where the files of this build are: `/static/<8 hexadecimal digits>`.
pub fn prefix() -> String {
    format!("/static/{}", build())
}

/// Names this build's files.
pub fn build() -> String {
    own().build.clone()
}

/// The versions of the files in `static/`.
pub fn versions() -> Versions {
    on_disk::versions::<Files>("static")
}

/// `GET /static/{build}/{path}`: that build's file. Of a build that nobody knows, as after a change on disk, it is the
/// present one, not to be kept.
pub async fn file(
    req: HttpRequest,
    app: Data<App>,
    path: Path<(String, String)>,
    known: Header<IfNoneMatch>,
) -> Result<HttpResponse, Failure> {
    let (asked_build, name) = path.into_inner();
    let is_own = asked_build == own().build;
    let other = if is_own { None } else { app.builds.find(&asked_build, &name).await? };
    let caching = if is_own || other.is_some() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let asset = other.or_else(|| Asset::own(&name)).ok_or_else(|| Failure::of_status(StatusCode::NOT_FOUND))?;
    let tag = EntityTag::new_strong(hex::encode(&asset.hash[..16]));
    let is_known = match &*known {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
    };
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, caching)).insert_header((ETAG, tag.to_string()));
    let media_type = media_type(&name);
    let (coding, body) = asset.chosen(&req, is_text(&media_type));
    let mut response = if is_known { response.finish() } else { response.content_type(media_type).body(body) };
    if let Some(coding) = coding {
        response.headers_mut().insert(VARY, BY_CODING);
        coding.note(response.headers_mut());
    }
    Ok(response)
}

fn media_type(name: &str) -> String {
    let media_type = mime_guess::from_path(name).first_or_octet_stream();
    match media_type.type_() {
        mime_guess::mime::TEXT => format!("{media_type}; charset=utf-8"),
        _ => media_type.to_string(),
    }
}

/// `GET /sw.js`: the service worker, which is another one for each build.
pub async fn service_worker() -> Result<HttpResponse, Failure> {
    let own = own();
    let script = own.files.get(SERVICE_WORKER).ok_or_else(|| Failure::of_status(StatusCode::NOT_FOUND))?;
    let prefix = prefix();
    let names = own.files.keys();
    let files: Vec<_> = names
        .filter(|name| *name != SERVICE_WORKER && !name.ends_with(".png"))
        .map(|name| format!("{prefix}/{name}"))
        .collect();
    let head = format!("const BUILD = {};\nconst FILES = {};\n", json!(own.build), json!(files));
    let body = [head.as_bytes(), &script.content].concat();
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type(media_type(SERVICE_WORKER))
        .body(body))
}

/// Browsers ask for it by themselves on pages that are not ours, such as the JSON of the API.
pub async fn favicon() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{}/favicon.svg", prefix()))).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_have_the_types_that_browsers_insist_on() {
        assert_eq!(media_type("pages/room.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("css/base.css"), "text/css; charset=utf-8");
        assert_eq!(media_type("favicon.svg"), "image/svg+xml");
    }

    #[test]
    fn the_address_of_a_build_is_short_and_steady() {
        let digits = prefix().strip_prefix("/static/").unwrap().to_owned();
        assert!(digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
        assert_eq!(format!("/static/{digits}"), prefix());
    }
}
