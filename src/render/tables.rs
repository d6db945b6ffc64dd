//! Tables: a line of headings, a line of dashes, and lines with at least one bar.

#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// For each column, where its text stands: `left`, `center` or `right`.
    pub aligned: Vec<Option<&'static str>>,
    /// The headings, then the rows. Each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// Columns and cells that a table may have; a larger one is text.
const MAX_COLUMNS: usize = 50;
const MAX_CELLS: usize = 1_000;

pub fn begins_table(lines: &[&str]) -> bool {
    headings(lines).is_some()
}

/// The table at the start of these lines, and how many it takes.
pub fn table(lines: &[&str]) -> Option<(Table, usize)> {
    let (headings, aligned) = headings(lines)?;
    let mut rows = vec![headings];
    let mut taken = 2;
    while let Some(line) = lines.get(taken).filter(|line| line.contains('|')) {
        let mut cells = cells(line);
        // Nothing is lost: what is too much stands in the last cell.
        if cells.len() > aligned.len() {
            let rest = cells.split_off(aligned.len() - 1).join(" | ");
            cells.push(rest);
        }
        cells.resize(aligned.len(), String::new());
        rows.push(cells);
        if rows.len() * aligned.len() > MAX_CELLS {
            return None;
        }
        taken += 1;
    }
    Some((Table { aligned, rows }, taken))
}

type Headings = (Vec<String>, Vec<Option<&'static str>>);

fn headings(lines: &[&str]) -> Option<Headings> {
    let [first, second, ..] = lines else { return None };
    if !first.contains('|') || !second.contains('|') || !second.contains('-') {
        return None;
    }
    let rules = cells(second);
    if !rules.iter().all(|cell| is_rule(cell)) {
        return None;
    }
    let aligned: Vec<_> = rules.iter().map(|cell| alignment(cell)).collect();
    let headings = cells(first);
    let fits = headings.len() == aligned.len() && (1..=MAX_COLUMNS).contains(&aligned.len());
    let says_something = headings.iter().any(|heading| !heading.is_empty());
    (fits && says_something).then_some((headings, aligned))
}

/// Whether a cell is one of the line below a table's headings: dashes, with a colon on the side where the text stands.
fn is_rule(cell: &str) -> bool {
    let dashes = cell.strip_prefix(':').unwrap_or(cell);
    let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
    !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
}

/// Where the text of a column stands, by the cell of dashes below its heading.
fn alignment(cell: &str) -> Option<&'static str> {
    match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) => Some("center"),
        (true, false) => Some("left"),
        (false, true) => Some("right"),
        (false, false) => None,
    }
}

/// The cells of a line: between bars that no backslash precedes and that are not in code.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut in_code = false;
    let mut rest = line.chars().peekable();
    let push = |cells: &mut Vec<String>, c: char| {
        if let Some(last) = cells.last_mut() {
            last.push(c);
        }
    };
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'|') => {
                rest.next();
                push(&mut cells, '|');
            }
            '`' => {
                in_code = !in_code && rest.clone().any(|c| c == '`');
                push(&mut cells, c);
            }
            '|' if !in_code => {
                if rest.peek().is_some() {
                    cells.push(String::new());
                }
            }
            c => push(&mut cells, c),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
