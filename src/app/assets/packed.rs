//! Files in fewer bytes. Those of a release are made when it is built (`build.rs`), by gzip and by brotli. What is made or read while
//! the server runs is packed when it is first asked for: other builds' files and the list of emoji by gzip, and in a debug build, which reads
//! its files from disk, by brotli too.

use std::sync::{Arc, OnceLock};

use actix_web::http::header::Encoding;
use actix_web::web::Bytes;

use crate::app::assets::packing;
use crate::app::compression::Coding;

/// By name: by gzip, and by brotli.
static MADE: &[(&str, &[u8], &[u8])] = include!(concat!(env!("OUT_DIR"), "/packed.rs"));

const QUICK: i32 = 5;

#[derive(Default)]
pub struct Packed {
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

impl Packed {
    /// What the build has made of a file, if it has.
    pub fn made_of(name: &str) -> Arc<OnceLock<Self>> {
        let made = MADE.iter().find(|(known, ..)| *known == name);
        let made = made.map(|(_, gzip, brotli)| Self {
            gzip: Some(Bytes::from_static(gzip)),
            brotli: Some(Bytes::from_static(brotli)),
        });
        Arc::new(made.map_or_else(OnceLock::new, OnceLock::from))
    }

    pub fn of(content: &[u8]) -> Self {
        let shorter = |short: Option<Vec<u8>>| short.filter(|short| short.len() < content.len()).map(Bytes::from);
        let brotli = if cfg!(debug_assertions) { packing::brotli(content, QUICK) } else { None };
        Self { gzip: shorter(packing::gzip(content)), brotli: shorter(brotli) }
    }

    pub fn get(&self, coding: Coding) -> Option<&Bytes> {
        match coding {
            Coding::Plain => None,
            Coding::Gzip => self.gzip.as_ref(),
            Coding::Brotli => self.brotli.as_ref(),
        }
    }

    pub fn offered(&self) -> Vec<Encoding> {
        let forms = [(&self.brotli, Encoding::brotli()), (&self.gzip, Encoding::gzip())];
        let there = forms.into_iter().filter(|(form, _)| form.is_some()).map(|(_, encoding)| encoding);
        there.chain([Encoding::identity()]).collect()
    }
}
