//! Makes the shorter forms of the files in `static/` for a release, which has them in the program: `packed.rs` lists them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "../src/app/comments.rs"]
mod comments;
#[path = "../src/app/assets/packing.rs"]
mod packing;

/// Writes the list of packed files: none in a debug build, which reads files from disk as they are by then.
pub fn pack() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut list = String::new();
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=static");
        let mut files = Vec::new();
        find(Path::new("static"), &mut files)?;
        for path in files {
            let name = path.strip_prefix("static").unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let Some((gzip, brotli)) = packed(&name, &fs::read(&path)?) else { continue };
            let place = |ending: &str| out.join(format!("{}.{ending}", name.replace('/', "+")));
            let (by_gzip, by_brotli) = (place("gz"), place("br"));
            fs::write(&by_gzip, gzip)?;
            fs::write(&by_brotli, brotli)?;
            // Writing into memory has no way to fail.
            let _ = writeln!(list, "({name:?}, include_bytes!({by_gzip:?}), include_bytes!({by_brotli:?})),");
        }
    }
    fs::write(out.join("packed.rs"), format!("&[{list}]"))
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { find(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// A file as it is served, by gzip and by brotli; `None` where that is not worth while.
fn packed(name: &str, file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    const LEAST_BYTES: usize = 1_000;
    let served = match name.rsplit_once('.')?.1 {
        "js" | "css" => comments::without_comments(str::from_utf8(file).ok()?).into_bytes(),
        "json" | "svg" | "webmanifest" => file.to_vec(),
        _ => return None,
    };
    if served.len() < LEAST_BYTES {
        return None;
    }
    Some((packing::gzip(&served)?, packing::brotli(&served, 11)?))
}
