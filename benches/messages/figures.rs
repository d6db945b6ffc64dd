//! What was measured, as a table.

use crate::common::Database;
use crate::load::{Latency, Saturated};
use crate::spread::spread;

/// What one round measured on one database.
pub struct Figure {
    pub saturated: Saturated,
    pub steady: Latency,
    pub busy: Latency,
}

/// A Markdown table: a column for each database, with the spread of its rounds.
pub fn table(steady: u64, busy: u64, columns: &[(Database, &[Figure])]) -> String {
    let names = columns.iter().map(|(database, ..)| match database {
        Database::Sqlite => "SQLite",
        Database::Postgres => "Postgres",
    });
    let mut table = row("", names.map(str::to_owned));
    table += &row("---", columns.iter().map(|_| "---".to_owned()));
    let mut measure = |name: &str, of: &dyn Fn(&Figure) -> f64| {
        let spreads = columns.iter().map(|(_, figures)| spread(&figures.iter().map(of).collect::<Vec<_>>()));
        table += &row(name, spreads);
    };
    measure("saturated: stored messages a second", &|figure| figure.saturated.stored);
    measure("saturated: deliveries a second", &|figure| figure.saturated.delivered);
    measure("saturated: cores that the load took", &|figure| figure.saturated.load);
    let mut latency = |rate: &str, of: fn(&Figure) -> Latency| {
        measure(&format!("at {rate}: p50, ms"), &|figure| of(figure).p50);
        measure(&format!("at {rate}: p99, ms"), &|figure| of(figure).p99);
        measure(&format!("at {rate}: max, ms"), &|figure| of(figure).max);
        measure(&format!("at {rate}: refused or not delivered"), &|figure| of(figure).missing as f64);
    };
    latency(&format!("{steady} messages a second"), |figure| figure.steady);
    latency(&format!("{busy} messages a second"), |figure| figure.busy);
    table
}

fn row(name: &str, values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    format!("| {name} | {} |\n", values.join(" | "))
}
