//! Figures of several rounds, as a Markdown table.

use std::collections::BTreeMap;

use crate::spread::spread;

/// Rows are what was measured, columns the servers; each cell has a value for each round.
#[derive(Clone, Default)]
pub struct Grid {
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<String>,
    cells: BTreeMap<(usize, usize), Vec<f64>>,
}

impl Grid {
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    pub fn add(&mut self, row: &str, column: &str, value: f64) {
        let (row, column) = (place(&mut self.rows, row), place(&mut self.columns, column));
        self.cells.entry((row, column)).or_default().push(value);
    }

    /// Each value by that of the same row and round in one column.
    pub fn by(&self, column: &str, title: &str) -> Self {
        let mut ratios = Self { title: title.to_owned(), cells: BTreeMap::new(), ..self.clone() };
        let Some(base) = self.columns.iter().position(|name| name == column) else { return ratios };
        for ((row, column), values) in &self.cells {
            let bases = self.cells.get(&(*row, base)).map_or(&[][..], Vec::as_slice);
            let values = values.iter().zip(bases).map(|(value, base)| value / base).collect();
            ratios.cells.insert((*row, *column), values);
        }
        ratios
    }

    pub fn values(&self, row: &str, column: &str) -> &[f64] {
        let place = |names: &[String], name: &str| names.iter().position(|known| known == name);
        let cell = place(&self.rows, row).zip(place(&self.columns, column));
        cell.and_then(|cell| self.cells.get(&cell)).map_or(&[], Vec::as_slice)
    }

    /// NaN where there is none.
    pub fn median(&self, row: &str, column: &str) -> f64 {
        let mut values = self.values(row, column).to_vec();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub fn is_zero(&self) -> bool {
        self.cells.values().flatten().all(|value| *value == 0.0)
    }

    /// Medians, with the spread in brackets.
    pub fn markdown(&self) -> String {
        let mut table = line(&self.title, self.columns.iter().cloned());
        table += &line("---", self.columns.iter().map(|_| "---".to_owned()));
        for row in &self.rows {
            table += &line(row, self.columns.iter().map(|column| spread(self.values(row, column))));
        }
        table
    }
}

fn place(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

fn line(name: &str, values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.map(|value| if value == "none" { "–".to_owned() } else { value }).collect();
    format!("| {name} | {} |\n", values.join(" | "))
}
