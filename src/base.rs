//! What every layer may use and what knows nothing of a chat: options, metrics, failpoints, panics, admission.

pub mod arrivals;
pub mod config;
pub mod env_file;
pub mod failpoints;
pub mod folding;
pub mod log;
pub mod log_floods;
pub mod mailbox;
pub mod metrics;
pub mod panics;
pub mod private_files;
pub mod secret;
pub mod start_error;
pub mod uniform_delay;
pub mod visible;
