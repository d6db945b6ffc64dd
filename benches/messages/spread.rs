//! What several rounds measured, in a few words.

/// The median, and from where to where the values go.
pub fn spread(values: &[f64]) -> String {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match (values.first(), values.last()) {
        (Some(least), Some(most)) => {
            format!("{} ({} to {})", short(values[values.len() / 2]), short(*least), short(*most))
        }
        _ => "none".to_owned(),
    }
}

/// Three digits, or all that stand before the point.
fn short(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
