//! What single steps of a message's way take, without sockets and other processes.
//!
//!   cargo bench --bench micro                 less than a minute
//!   cargo bench --bench micro -- journal      those whose name contains this

mod frames;
mod journal;
mod texts;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn bounded() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
}

criterion_group! {
    name = steps;
    config = bounded();
    targets = frames::parse, frames::encode, texts::render, journal::append
}
criterion_main!(steps);
