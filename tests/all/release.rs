//! What a build says of itself.

use crate::common::server::run;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first 12 digits of the commit that the program was built from; empty where that is not known.
pub fn built_commit() -> String {
    if let Some(given) = std::env::var("KLATCH_COMMIT").ok().filter(|given| !given.is_empty()) {
        return given.chars().take(12).collect();
    }
    if !Path::new(ROOT).join(".git").exists() {
        return String::new();
    }
    output(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(ROOT))[..12].to_owned()
}

fn output(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test]
async fn the_version_names_the_commit_it_was_built_from() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["--version"], &[]).await;
    let commit = built_commit();
    let expected = if commit.is_empty() { VERSION.to_owned() } else { format!("{VERSION} ({commit})") };
    assert_eq!(String::from_utf8(done.stdout).unwrap(), format!("klatch {expected}\n"));
}

/// By running the build script alone, as Cargo would.
#[test]
fn a_build_outside_a_clone_names_the_commit_it_is_given_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("build-script");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-o"]).arg(&script).arg("build.rs").current_dir(ROOT);
    output(rustc.env("CARGO_PKG_VERSION", VERSION));
    // A clone of something else, in which the sources were unpacked.
    output(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    let sources = folder.path().join("sources");
    std::fs::create_dir(&sources).unwrap();
    for (given, version) in
        [("", VERSION.to_owned()), ("0123456789abcdef0123456789abcdef01234567", format!("{VERSION} (0123456789ab)"))]
    {
        let told = output(Command::new(&script).current_dir(&sources).env("KLATCH_COMMIT", given));
        assert!(told.lines().any(|line| line == format!("cargo::rustc-env=KLATCH_VERSION={version}")), "{told}");
    }
}
