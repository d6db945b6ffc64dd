//! What operators do: health and metrics of a running server, backup and restore, and the check of everything.

pub mod backup;
pub mod doctor;
pub mod health;
