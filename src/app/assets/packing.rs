//! The shorter forms of a file: for the build script, which makes those of a release, and for what is not made before it is
//! asked for.

use std::io::Write;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Writing into memory has no way to fail; where it did, the file would be sent as it is.
pub fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

/// The quality is 11 at most, which takes a hundred times as long as 5.
pub fn brotli(content: &[u8], quality: i32) -> Option<Vec<u8>> {
    let parameters = BrotliEncoderParams { quality, size_hint: content.len(), ..BrotliEncoderParams::default() };
    let mut short = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut short, &parameters).ok()?;
    Some(short)
}
