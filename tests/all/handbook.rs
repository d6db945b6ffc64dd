//! The handbook: every command that it has is run, in its order, as the users that it names.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LIMIT: Duration = Duration::from_secs(300);

/// A block of the handbook: commands, or the text of the file that the line before it names.
struct Block {
    path: Option<String>,
    text: String,
}

/// All blocks but those of other languages, in their order.
fn blocks() -> Vec<Block> {
    let handbook = include_str!("../../docs/operating.md");
    let mut found = vec![];
    let (mut lines, mut before) = (handbook.lines(), "");
    while let Some(line) = lines.next() {
        let Some(language) = line.trim().strip_prefix("```") else {
            before = if line.trim().is_empty() { before } else { line };
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
        let indent = text.first().map_or(0, |line| line.len() - line.trim_start().len());
        let text: String = text.iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or(line))).collect();
        match language {
            "sh" => found.push(Block { path: None, text }),
            "ini" => {
                let path = before.trim().strip_prefix('`').and_then(|line| line.strip_suffix("`:"));
                found.push(Block { path: Some(path.expect("the name of the file").to_owned()), text });
            }
            // What depends on the place: a part of HAProxy's configuration, the options of several machines.
            "" => {}
            other => panic!("how is a block of {other} to be run?"),
        }
    }
    found
}

/// What commands of the handbook read in a checkout.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", "Dockerfile", "docker-compose.yml", "deploy/haproxy.cfg"];

#[test]
fn every_command_of_the_handbook_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir_all(path.join("blocks")).unwrap();
    let blocks = blocks();
    assert!(blocks.iter().filter(|block| block.path.is_none()).count() > 15, "the blocks are found");
    for (n, Block { path: file, text }) in blocks.iter().enumerate() {
        let name = path.join(format!("blocks/{n:02}"));
        match file {
            None => fs::write(name, text).unwrap(),
            Some(file) => {
                fs::write(name.with_extension("file"), text).unwrap();
                fs::write(name.with_extension("path"), file).unwrap();
            }
        }
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_klatch"), path.join("klatch")).unwrap();
    for source in SOURCES {
        let copy = path.join("repository").join(source);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(Path::new(ROOT).join(source), copy).unwrap();
    }
    // SAFETY: a plain system call.
    let root = unsafe { libc::geteuid() } == 0;
    let namespace = if root { &["--mount"][..] } else { &["--mount", "--map-root-user", "--map-auto"] };
    let log = fs::File::create(path.join("log")).unwrap();
    let mut command = Command::new("unshare");
    command.args(namespace).args(["--net", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]);
    command.arg(Path::new(ROOT).join("tests/handbook/run")).arg(path);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KLATCH_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let mut running = command.spawn().expect("unshare");
    let began = Instant::now();
    let ended = loop {
        match running.try_wait().expect("a child") {
            Some(ended) => break ended.success(),
            None if began.elapsed() > LIMIT => {
                running.kill().expect("a child");
                running.wait().expect("a child");
                break false;
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    let told = fs::read_to_string(path.join("log")).unwrap();
    assert!(ended && told.ends_with("all blocks ran\n"), "{told}");
    eprintln!("{told}");
}
