//! Tells the program which commit it is built from, as `KLATCH_COMMIT` (12 digits, or empty) and in `KLATCH_VERSION`.
//!
//! Where there is no clone (an archive, an image), the environment variable `KLATCH_COMMIT` may say it.

use std::env;
use std::path::Path;
use std::process::Command;

const DIGITS: usize = 12;

pub fn tell() {
    println!("cargo::rerun-if-env-changed=KLATCH_COMMIT");
    let given = env::var("KLATCH_COMMIT").unwrap_or_default();
    let mut commit = if given.is_empty() { of_the_clone() } else { given };
    commit.truncate(DIGITS);
    let version = env!("CARGO_PKG_VERSION");
    let whole = if commit.is_empty() { version.to_owned() } else { format!("{version} ({commit})") };
    println!("cargo::rustc-env=KLATCH_COMMIT={commit}");
    println!("cargo::rustc-env=KLATCH_VERSION={whole}");
}

/// Empty where this folder is no clone of its own, or there is no git.
fn of_the_clone() -> String {
    // Sources that were unpacked within another project's clone are not of its commit.
    if !Path::new(".git").exists() {
        return String::new();
    }
    // Each change of the commit is written to the log of HEAD, if one is kept; HEAD itself only names a branch.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name]);
        // Cargo would run this script every time for a file that isn't there.
        if Path::new(&path).is_file() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "HEAD"])
}

/// What git prints, without the end of the line; empty where it fails.
fn git(arguments: &[&str]) -> String {
    let done = Command::new("git").args(arguments).output();
    let text = done.ok().filter(|done| done.status.success()).and_then(|done| String::from_utf8(done.stdout).ok());
    text.map(|text| text.trim_end().to_owned()).unwrap_or_default()
}
