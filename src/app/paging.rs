//! Lists in pages: how long one may be, and where it goes on.

use crate::wire::refusal::Refusal;

const DEFAULT: i64 = 50;
const MOST: i64 = 100;

/// How many are asked for.
///
/// # Errors
/// `invalid`: out of range.
pub fn limit(asked: Option<i64>) -> Result<i64, Refusal> {
    match asked.unwrap_or(DEFAULT) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Refusal::invalid("limit: 1 to {most}").with("most", MOST)),
    }
}
