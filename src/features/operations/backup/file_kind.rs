//! What a file is that somebody wants to restore, by how it begins.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Sqlite,
    /// Of `pg_dump --format=custom`.
    Archive,
    /// Of `pg_dump` without it.
    Script,
    /// With the program that unpacks it.
    Packed(&'static str),
    Encrypted,
    Empty,
    Other,
}

const BEGINNINGS: [(&[u8], FileKind); 10] = [
    (b"SQLite format 3\0", FileKind::Sqlite),
    (b"PGDMP", FileKind::Archive),
    (b"--\n-- PostgreSQL", FileKind::Script),
    (b"\x1f\x8b", FileKind::Packed("gunzip")),
    (b"\x28\xb5\x2f\xfd", FileKind::Packed("unzstd")),
    (b"\xfd7zXZ\0", FileKind::Packed("unxz")),
    (b"BZh", FileKind::Packed("bunzip2")),
    (b"PK\x03\x04", FileKind::Packed("unzip")),
    (b"age-encryption.org", FileKind::Encrypted),
    (b"-----BEGIN PGP", FileKind::Encrypted),
];

impl FileKind {
    /// # Errors
    /// What the system answers.
    pub fn of(file: &Path) -> io::Result<Self> {
        let mut start = Vec::new();
        File::open(file)?.take(64).read_to_end(&mut start)?;
        let known = BEGINNINGS.iter().find(|(beginning, _)| start.starts_with(beginning));
        Ok(known.map_or(if start.is_empty() { Self::Empty } else { Self::Other }, |(_, kind)| *kind))
    }

    /// Why it can't be restored where another kind is wanted, and what to do.
    pub fn instead_of(self, wanted: Self) -> String {
        match (self, wanted) {
            (Self::Packed(program), _) => format!("is packed: unpack it first, by {program}"),
            (Self::Encrypted, _) => "is encrypted: decrypt it first".to_owned(),
            (Self::Empty, _) => "is empty: restore another backup".to_owned(),
            (Self::Script, Self::Archive) => {
                "is a script of pg_dump, and klatch restores archives (--format=custom): give it to psql, and then run klatch \
                 renew-epoch"
                    .to_owned()
            }
            (Self::Archive | Self::Script, _) => {
                "is a backup of a Postgres database: name that by --database-url".to_owned()
            }
            (Self::Sqlite, _) => {
                "is a backup of an SQLite database, and can't be restored into Postgres: name an SQLite database by \
                 --database-url"
                    .to_owned()
            }
            (Self::Other, _) => "is no backup of klatch".to_owned(),
        }
    }
}
