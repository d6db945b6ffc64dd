//! What operators do: health and metrics of a running server, backup and restore, the check of everything, and jobs that were
//! given up.

pub mod backup;
pub mod doctor;
pub mod health;
pub mod jobs;
pub mod scheduled_backups;
