//! The files of klatch that read what strangers send, built for fuzzing without the rest of the server, which would take
//! minutes: the modules are symbolic links to the server's own.

pub mod base;
pub mod render;
pub mod wire;
