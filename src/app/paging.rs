//! Lists in pages: how long one may be, and where it goes on.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::wire::refusal::Refusal;

/// Which part of a list is asked for.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<i64>,
    /// What the answer before gave; from the beginning if left out.
    pub cursor: Option<String>,
}

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

/// The id after which a list that is ordered by its ids goes on.
///
/// # Errors
/// `invalid`: this is no cursor.
pub fn id_after(cursor: Option<&str>) -> Result<Option<i64>, Refusal> {
    cursor.map(|cursor| cursor.parse().map_err(|_| Refusal::invalid("cursor: not one of this list"))).transpose()
}
