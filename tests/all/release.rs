//! What a build says of itself, and what a release is made of.

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

/// By running this part of the build script alone, as Cargo would.
#[test]
fn a_build_outside_a_clone_names_the_commit_it_is_given_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("build-script");
    let source = script.with_extension("rs");
    let part = format!("#[path = \"{ROOT}/build/commit.rs\"] mod commit; fn main() {{ commit::tell(); }}");
    std::fs::write(&source, part).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-o"]).arg(&script).arg(&source).current_dir(ROOT);
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

/// What `scripts/<name>` prints.
fn script(name: &str, arguments: &[&str]) -> String {
    output(Command::new(Path::new(ROOT).join("scripts").join(name)).args(arguments))
}

#[test]
fn an_archive_has_the_program_its_licences_and_its_documents() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("built");
    std::fs::write(&program, "#!/bin/sh\necho it runs\n").unwrap();
    let packed = |into: &str| {
        let into = folder.path().join(into);
        let path = script("release-archive", &[program.to_str().unwrap(), "x86_64", into.to_str().unwrap()]);
        Path::new(path.trim_end()).to_owned()
    };
    let (archive, again) = (packed("first"), packed("second"));
    let name = format!("klatch-{VERSION}-x86_64-linux");
    assert_eq!(archive.file_name().unwrap().to_str(), Some(&*format!("{name}.tar.gz")));
    assert_eq!(std::fs::read(&archive).unwrap(), std::fs::read(again).unwrap(), "the same files make the same archive");
    output(Command::new("tar").arg("--extract").arg("--file").arg(&archive).current_dir(folder.path()));
    let unpacked = folder.path().join(name);
    assert_eq!(output(&mut Command::new(unpacked.join("klatch"))), "it runs\n");
    for file in
        ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md", "docs/operating.md", "deploy/haproxy.cfg"]
    {
        assert_eq!(
            std::fs::read(unpacked.join(file)).unwrap(),
            std::fs::read(Path::new(ROOT).join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn the_notes_of_a_release_are_its_section_of_the_changelog() {
    let changelog = std::fs::read_to_string(Path::new(ROOT).join("CHANGELOG.md")).unwrap();
    let section = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    let section = section.split(' ').next().unwrap();
    let notes = script("release-notes", &[section]);
    assert!(notes.starts_with("- ") && !notes.contains("\n## "), "{notes}");
    assert!(changelog.contains(&notes));
    let unknown = Command::new(Path::new(ROOT).join("scripts/release-notes")).arg("99.0.0").output().unwrap();
    assert_eq!(unknown.status.code(), Some(1), "a version that the changelog does not have");
}
