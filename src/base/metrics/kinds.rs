//! Kinds of numbers: counters, gauges and histograms, alone or as a family.

use std::marker::PhantomData;

use ::metrics::{Counter, Gauge, Histogram, Label, SharedString, Unit};
use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// What can stand in the table. A family is given its label with each of its values, so that all are there from the
/// first scrape; the others are given none.
pub trait Kind: Sized {
    fn describe(name: &'static str, unit: Unit, help: &'static str);

    fn register(name: &'static str, labels: Vec<Label>) -> Self;
}

impl Kind for Counter {
    fn describe(name: &'static str, unit: Unit, help: &'static str) {
        describe_counter!(name, unit, help);
    }

    fn register(name: &'static str, labels: Vec<Label>) -> Self {
        counter!(name, labels)
    }
}

impl Kind for Gauge {
    fn describe(name: &'static str, unit: Unit, help: &'static str) {
        describe_gauge!(name, unit, help);
    }

    fn register(name: &'static str, labels: Vec<Label>) -> Self {
        gauge!(name, labels)
    }
}

impl Kind for Histogram {
    fn describe(name: &'static str, unit: Unit, help: &'static str) {
        describe_histogram!(name, unit, help);
    }

    fn register(name: &'static str, labels: Vec<Label>) -> Self {
        histogram!(name, labels)
    }
}

/// Several numbers of one name, which differ in the value of a label.
pub struct Family<K> {
    name: &'static str,
    label: SharedString,
    kind: PhantomData<K>,
}

impl<K: Kind> Kind for Family<K> {
    fn describe(name: &'static str, unit: Unit, help: &'static str) {
        K::describe(name, unit, help);
    }

    fn register(name: &'static str, labels: Vec<Label>) -> Self {
        let label = labels.first().map_or(SharedString::const_str(""), |label| label.key().to_owned().into());
        for member in labels {
            K::register(name, vec![member]);
        }
        Self { name, label, kind: PhantomData }
    }
}

impl<K: Kind> Family<K> {
    /// The number with this value of the label. Looks it up by its name: not for what happens with each frame.
    pub fn of(&self, value: impl Into<SharedString>) -> K {
        K::register(self.name, vec![Label::new(self.label.clone(), value)])
    }
}

/// Counts one in a gauge for as long as it is kept.
pub struct Counted(&'static Gauge);

impl Counted {
    pub fn one(gauge: &'static Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
