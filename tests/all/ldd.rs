//! SQLite and libpq are compiled in: the program runs where neither is installed.

#[test]
fn neither_libpq_nor_libsqlite3_is_linked() {
    let program = env!("CARGO_BIN_EXE_klatch");
    let done = std::process::Command::new("ldd").arg(program).output().expect("ldd");
    let libraries = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && libraries.contains("libc."), "{libraries}");
    for library in ["libpq", "libsqlite3"] {
        assert!(!libraries.contains(library), "{libraries}");
    }
}
