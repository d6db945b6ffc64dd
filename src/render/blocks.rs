//! The blocks of a message: paragraphs, quotes, lists, code, tables, headings, rules.
//!
//! A block reaches as far as its lines are marked: a line behind a quote or a list that is not marked again is a
//! paragraph of its own. What is empty, such as a sign of a list alone, is no block but text.

use crate::render::tables::{self, Table};

/// Blocks in blocks deeper than this are shown as they were written.
pub const MAX_DEPTH: usize = 12;

#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// Its text, lines and all.
    Paragraph(String),
    /// Text of which nothing is markup.
    AsWritten(String),
    /// A level from 1 to 6.
    Heading(usize, String),
    Quote(Vec<Block>),
    List {
        ordered: bool,
        items: Vec<Item>,
    },
    Code {
        /// What stands after the fence.
        info: String,
        code: String,
    },
    Table(Table),
    Rule,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// The number that was written.
    pub number: u32,
    /// Whether a task is done.
    pub task: Option<bool>,
    pub blocks: Vec<Block>,
}

/// More blocks in blocks than are shown as such.
#[derive(Debug, PartialEq, Eq)]
pub struct TooDeep;

pub fn parse(text: &str) -> Result<Vec<Block>, TooDeep> {
    let lines: Vec<&str> = text.lines().collect();
    blocks(&lines, 0)
}

/// Where the backslash is that keeps the first line of a text from beginning a block.
pub fn escaped_block_start(text: &str) -> Option<usize> {
    let line = text.lines().next()?;
    let at = line.find('\\').filter(|at| line[..*at].bytes().all(|byte| byte.is_ascii_digit()))?;
    let unescaped = format!("{}{}", &line[..at], &line[at + 1..]);
    begins_block(&unescaped, false).then_some(at)
}

fn blocks(lines: &[&str], depth: usize) -> Result<Vec<Block>, TooDeep> {
    if depth > MAX_DEPTH {
        return Err(TooDeep);
    }
    let mut found = Vec::new();
    let mut rest = lines;
    while let Some(line) = rest.first() {
        if line.trim().is_empty() {
            rest = &rest[1..];
            continue;
        }
        if begins_as_text(line) {
            let (block, taken) = text_block(rest);
            found.push(block);
            rest = &rest[taken..];
            continue;
        }
        let (block, taken) = match code(rest) {
            Some(block) => block,
            None => match indented_code(rest).or_else(|| heading(line)).or_else(|| rule(line)) {
                Some(block) => block,
                None => match quote(rest, depth)? {
                    Some(block) => block,
                    None => match list(rest, depth)? {
                        Some(block) => block,
                        None => text_block(rest),
                    },
                },
            },
        };
        found.push(block);
        rest = &rest[taken..];
    }
    Ok(found)
}

fn text_block(lines: &[&str]) -> (Block, usize) {
    match tables::table(lines) {
        Some((table, taken)) => (Block::Table(table), taken),
        None => paragraph(lines),
    }
}

/// Whether a line begins another block than a paragraph; within a paragraph only a list that starts with 1 does.
fn begins_block(line: &str, within_paragraph: bool) -> bool {
    if begins_as_text(line) {
        return false;
    }
    let number_fits = |marker: &Marker| !within_paragraph || marker.number.is_none_or(|number| number == 1);
    fence(line).is_some()
        || heading(line).is_some()
        || rule(line).is_some()
        || quoted(line).is_some()
        || marker(line).is_some_and(|marker| number_fits(&marker))
}

/// Whether a line begins as most do: with what is no sign of a block. A table is told by what follows.
fn begins_as_text(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn paragraph(lines: &[&str]) -> (Block, usize) {
    let ends = |index: usize| {
        let line = lines[index];
        line.trim().is_empty() || begins_block(line, true) || tables::begins_table(&lines[index..])
    };
    let taken = (1..lines.len()).find(|index| ends(*index)).unwrap_or(lines.len());
    let mut text = String::with_capacity(lines[..taken].iter().map(|line| line.len() + 1).sum());
    for (index, line) in lines[..taken].iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "\n" });
        text.push_str(line.trim());
    }
    (Block::Paragraph(text), taken)
}

/// How many spaces a line begins with; a tab goes to the next multiple of four.
fn indent(line: &str) -> usize {
    let mut columns = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

/// A line without its first `columns` of spaces.
fn dedent(line: &str, columns: usize) -> &str {
    let mut passed = 0;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b' ' if passed < columns => passed += 1,
            b'\t' if passed < columns => passed += 4 - passed % 4,
            _ => return &line[at..],
        }
    }
    ""
}

/// A line's content, where it may begin a block.
fn opening(line: &str) -> Option<&str> {
    (indent(line) < 4).then(|| line.trim_start_matches([' ', '\t']))
}

/// The sign of a fence, how often it stands there, and what stands after it.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let content = opening(line)?;
    let sign = content.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
    let length = content.bytes().take_while(|byte| char::from(*byte) == sign).count();
    let info = content[length..].trim();
    (length >= 3 && !(sign == '`' && info.contains('`'))).then_some((sign, length, info))
}

/// A block of code from its fence to the next one, or to the end.
fn code(lines: &[&str]) -> Option<(Block, usize)> {
    let (sign, length, info) = fence(lines.first()?)?;
    let closes = |line: &&&str| fence(line).is_some_and(|(s, l, info)| s == sign && l >= length && info.is_empty());
    let inside = lines[1..].iter().take_while(|line| !closes(line)).count();
    let columns = indent(lines[0]);
    let code: String =
        lines[1..=inside].iter().flat_map(|line| [dedent(line, columns.min(indent(line))), "\n"]).collect();
    let taken = (inside + 2).min(lines.len());
    if code.trim().is_empty() {
        let text: Vec<&str> = lines[..taken].iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        return Some((Block::AsWritten(text.join("\n")), taken));
    }
    Some((Block::Code { info: info.to_owned(), code }, taken))
}

fn indented_code(lines: &[&str]) -> Option<(Block, usize)> {
    let is_code = |line: &&&str| line.trim().is_empty() || indent(line) >= 4;
    if indent(lines.first()?) < 4 {
        return None;
    }
    let taken = lines.iter().take_while(is_code).count();
    let last = lines[..taken].iter().rposition(|line| !line.trim().is_empty())?;
    let code = lines[..=last].iter().flat_map(|line| [dedent(line, 4), "\n"]).collect();
    Some((Block::Code { info: String::new(), code }, last + 1))
}

fn heading(line: &str) -> Option<(Block, usize)> {
    let content = opening(line)?;
    let level = content.bytes().take_while(|byte| *byte == b'#').count();
    let text = content[level..].strip_prefix([' ', '\t'])?.trim();
    if !(1..=6).contains(&level) || text.is_empty() {
        return None;
    }
    let closing = format!(" {}", "#".repeat(level));
    let text = text.strip_suffix(&closing).map_or(text, str::trim_end);
    Some((Block::Heading(level, text.to_owned()), 1))
}

fn rule(line: &str) -> Option<(Block, usize)> {
    let content = opening(line)?.trim_end();
    let sign = content.chars().next().filter(|sign| matches!(sign, '-' | '*' | '_'))?;
    let signs = content.chars().filter(|c| *c == sign).count();
    let is_rule = signs >= 3 && content.chars().all(|c| c == sign || matches!(c, ' ' | '\t'));
    is_rule.then_some((Block::Rule, 1))
}

/// What a line of a quote says.
fn quoted(line: &str) -> Option<&str> {
    let content = opening(line)?.strip_prefix('>')?;
    Some(content.strip_prefix([' ', '\t']).unwrap_or(content))
}

fn quote(lines: &[&str], depth: usize) -> Result<Option<(Block, usize)>, TooDeep> {
    let inside: Vec<&str> = lines.iter().map_while(|line| quoted(line)).collect();
    let taken = inside.len();
    if taken == 0 {
        return Ok(None);
    }
    if inside.iter().all(|line| line.chars().all(|c| c == '>' || c.is_whitespace())) {
        let text: Vec<&str> = lines[..taken].iter().map(|line| line.trim()).collect();
        return Ok(Some((Block::AsWritten(text.join("\n")), taken)));
    }
    Ok(Some((Block::Quote(blocks(&inside, depth + 1)?), taken)))
}

/// What an item of a list begins with.
struct Marker {
    /// `-`, `+` or `*`, or what stands behind the number.
    sign: char,
    number: Option<u32>,
    /// The columns before its content.
    columns: usize,
}

fn marker(line: &str) -> Option<Marker> {
    let content = opening(line)?;
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    // A number of a list is shown as one: what would look otherwise then is text.
    let number = match digits {
        0 => None,
        1..=9 if digits == 1 || !content.starts_with('0') => Some(content[..digits].parse().ok()?),
        _ => return None,
    };
    let signs: &[char] = if number.is_some() { &['.', ')'] } else { &['-', '+', '*'] };
    let sign = content[digits..].chars().next().filter(|sign| signs.contains(sign))?;
    let rest = &content[digits + 1..];
    if !rest.starts_with([' ', '\t']) || rest.trim().is_empty() || rule(line).is_some() {
        return None;
    }
    let spaces = indent(rest);
    let columns = indent(line) + digits + 1 + if spaces > 4 { 1 } else { spaces };
    Some(Marker { sign, number, columns })
}

fn list(lines: &[&str], depth: usize) -> Result<Option<(Block, usize)>, TooDeep> {
    let Some(first) = marker(lines[0]) else { return Ok(None) };
    let mut items = Vec::new();
    let mut taken = 0;
    let mut next = Some(first);
    let (sign, ordered) = next.as_ref().map_or(('-', false), |marker| (marker.sign, marker.number.is_some()));
    while let Some(marker) = next {
        let (item, lines_of_item) = item(&lines[taken..], &marker, depth)?;
        items.push(item);
        taken += lines_of_item;
        // Empty lines may stand between two items.
        let empty = lines[taken..].iter().take_while(|line| line.trim().is_empty()).count();
        next = lines.get(taken + empty).and_then(|line| self::marker(line));
        next = next.filter(|next| next.sign == sign && next.number.is_some() == ordered);
        if next.is_some() {
            taken += empty;
        }
    }
    Ok(Some((Block::List { ordered, items }, taken)))
}

/// An item with the lines below it that are indented.
fn item(lines: &[&str], marker: &Marker, depth: usize) -> Result<(Item, usize), TooDeep> {
    let belongs = marker.columns.min(indent(lines[0]) + 2);
    let mut taken = 1;
    while let Some(line) = lines.get(taken) {
        let empty = lines[taken..].iter().take_while(|line| line.trim().is_empty()).count();
        let next = if empty == 0 { Some(line) } else { lines.get(taken + empty) };
        if next.is_none_or(|next| indent(next) < belongs) {
            break;
        }
        taken += empty.max(1);
    }
    // The marker's own characters are no spaces: they are passed over by their bytes.
    let first = lines[0].trim_start();
    let sign = first.find(marker.sign).map_or(0, |at| at + marker.sign.len_utf8());
    let first = first[sign..].trim();
    let (task, first) = task(first);
    let mut inside = vec![first];
    inside.extend(lines[1..taken].iter().map(|line| dedent(line, marker.columns)));
    Ok((Item { number: marker.number.unwrap_or(0), task, blocks: blocks(&inside, depth + 1)? }, taken))
}

fn task(content: &str) -> (Option<bool>, &str) {
    let done = match content.get(..4) {
        Some("[ ] ") => false,
        Some("[x] " | "[X] ") => true,
        _ => return (None, content),
    };
    match content[4..].trim_start() {
        "" => (None, content),
        rest => (Some(done), rest),
    }
}
