//! What is made before the program is compiled.

use std::io;

#[path = "build/commit.rs"]
mod commit;
#[path = "build/files.rs"]
mod files;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    commit::tell();
    files::pack()
}
