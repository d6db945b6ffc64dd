//! What a delivery costs, and what stands around it, beside baselines that run in turn with klatch. `scripts/bench` builds
//! and installs what is compared and calls this; its head says what can be asked for.
//!
//! One program in three parts: this process is the driver; `floor BYTES` is the bare server that everything is compared
//! with; `load` is the many sockets of one server, ordered about by the driver over a pipe.

mod dialect;
mod floor;
mod frames;
mod grid;
mod http;
mod load;
#[path = "../../messages/machine.rs"]
#[allow(dead_code)]
mod machine;
mod measures;
mod orders;
mod plot;
mod process;
mod random;
mod servers;
#[path = "../../messages/spread.rs"]
mod spread;
mod subject;

use std::fmt::Write;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;

use measures::Setting;
use servers::{Kind, Programs};

struct Arguments {
    measures: Vec<String>,
    rounds: usize,
    seconds: f64,
    kinds: Vec<Kind>,
    programs: Programs,
    out: PathBuf,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["load"] => load::serve(),
        ["floor", bytes] => floor::serve(bytes.parse().expect("a length")).expect("an address to serve on"),
        _ => drive(read(words)),
    }
}

fn read(words: Vec<String>) -> Arguments {
    let programs = Programs { klatch: PathBuf::new(), before: PathBuf::new(), peers: PathBuf::new() };
    let (rounds, seconds, kinds) = (3, 1.0, servers::ALL.to_vec());
    let mut read = Arguments { measures: Vec::new(), rounds, seconds, kinds, programs, out: PathBuf::new() };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            assert!(measures::ALL.iter().any(|(name, _)| *name == word), "{word}: no such measure");
            read.measures.push(word);
            continue;
        }
        let value = words.next().unwrap_or_else(|| panic!("{word} takes a value"));
        match word.as_str() {
            "--rounds" => read.rounds = value.parse().expect("a number of rounds"),
            "--seconds" => read.seconds = value.parse().expect("a number of seconds"),
            "--only" => read.kinds = value.split(',').map(kind).collect(),
            "--klatch" => read.programs.klatch = value.into(),
            "--before" => read.programs.before = value.into(),
            "--peers" => read.programs.peers = fs::canonicalize(value).expect("a folder"),
            "--out" => read.out = value.into(),
            _ => panic!("{word}: no such option"),
        }
    }
    if read.programs.before.as_os_str().is_empty() {
        read.kinds.retain(|kind| *kind != Kind::Before);
    }
    read
}

fn kind(word: &str) -> Kind {
    let found = servers::ALL.into_iter().find(|kind| kind.word() == word);
    found.unwrap_or_else(|| panic!("{word}: no such server"))
}

/// Writes what a measure found as soon as it is there.
fn drive(arguments: Arguments) {
    process::allow_many_files();
    let Arguments { measures, rounds, seconds, kinds, programs, out } = arguments;
    let bytes = measures::payload_bytes(&programs);
    let setting = Setting { programs, kinds, rounds, seconds, bytes };
    let machine = machine::described(&std::env::temp_dir());
    fs::create_dir_all(&out).expect("a folder for what is found");
    let mut failed = Vec::new();
    for (name, measure) in measures::ALL {
        if !measures.is_empty() && !measures.iter().any(|asked| asked == name) {
            continue;
        }
        // What fails costs its measure, not the others.
        let Ok(report) = std::panic::catch_unwind(AssertUnwindSafe(|| measure(&setting))) else {
            failed.push(name);
            continue;
        };
        let mut text = format!(
            "{name}: {machine}; medians of {rounds} rounds (least to most), frames of {bytes} bytes of payload\n\n"
        );
        for grid in &report.grids {
            let _ = writeln!(text, "{}", grid.markdown());
        }
        println!("{text}");
        fs::write(out.join(format!("{name}.md")), text).expect("a folder that can be written to");
        for (file, plot) in report.plots {
            fs::write(out.join(file), plot).expect("a folder that can be written to");
        }
    }
    if !failed.is_empty() {
        eprintln!("failed: {}", failed.join(", "));
        std::process::exit(1);
    }
}
