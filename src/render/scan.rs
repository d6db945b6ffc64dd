//! What of a block's text is decided before its emphasis: code, addresses, names, rooms, line breaks, and signs that are no
//! markup. Each becomes a placeholder, and what remains is Markdown of one line without HTML, code and definitions.

use crate::render::Context;
use crate::render::blocks::escaped_block_start;
use crate::render::links::{self, Address};
use crate::render::mentions::{MAX_MENTIONS, MAX_ROOMS, mention_at, room_at};
use crate::render::placeholders::{Piece, Pieces, is_noncharacter, is_placeholder};

/// A text with placeholders.
#[derive(Debug, Default)]
pub struct Scanned {
    pub text: String,
    pub pieces: Pieces,
    /// Whether there may be emphasis, links or references to characters.
    pub is_marked: bool,
    pub escapes: Vec<Escape>,
}

/// A backslash before a sign: whether it is shown is known once the sign is seen to be markup or not.
#[derive(Debug)]
pub struct Escape {
    /// The byte of `Scanned::text` that decides.
    pub at: usize,
    /// The sign, or of two backslashes the placeholder that stands for them.
    pub sign: char,
}

struct Scanner<'a, 'b> {
    source: &'a str,
    at: usize,
    /// The character before `at`.
    before: Option<char>,
    addresses: std::iter::Peekable<std::vec::IntoIter<Address>>,
    /// The length of each run of backticks, and where it begins, in this order.
    ticks: Vec<(usize, usize)>,
    nothing: Option<char>,
    scanned: Scanned,
    context: &'b mut Context,
}

/// Scans a block's text. `as_written`: nothing in it is code or emphasis.
pub fn scan(source: &str, context: &mut Context, as_written: bool) -> Scanned {
    let addresses = if context.has_no_links { Vec::new() } else { links::addresses(source) };
    let mut scanner = Scanner {
        source,
        at: 0,
        before: None,
        addresses: addresses.into_iter().peekable(),
        ticks: if as_written { Vec::new() } else { ticks(source) },
        nothing: None,
        scanned: Scanned { text: String::with_capacity(source.len() + 8), ..Scanned::default() },
        context,
    };
    while let Some(c) = source[scanner.at..].chars().next() {
        match scanner.plain_run(as_written) {
            0 => scanner.step(c, as_written),
            bytes => scanner.keep(bytes),
        }
    }
    scanner.scanned
}

impl<'a> Scanner<'a, '_> {
    fn step(&mut self, c: char, as_written: bool) {
        while self.addresses.next_if(|address| address.range.start < self.at).is_some() {}
        if let Some(Address { range, target }) = self.addresses.next_if(|address| address.range.start == self.at) {
            let text = self.source[range.clone()].to_owned();
            return self.put(Piece::Address { text, target }, range.len());
        }
        match c {
            '\n' => {
                self.scanned.text.push(' ');
                self.put(Piece::LineBreak, 1);
                self.scanned.text.push(' ');
            }
            '@' | '＠' if self.mention() => {}
            '#' if self.room() => {}
            c if is_noncharacter(c) => self.put(Piece::Text(char::REPLACEMENT_CHARACTER.into()), c.len_utf8()),
            c if is_placeholder(c) => self.put(Piece::Text(c.into()), c.len_utf8()),
            c if as_written && c.is_ascii_punctuation() => self.put(Piece::Text(c.into()), 1),
            '`' => self.code(),
            '\\' => self.backslash(),
            '<' => self.less_than(),
            '*' | '_' => self.delimiter(c),
            '~' | '|' => self.pair(c),
            c => {
                self.scanned.is_marked |= matches!(c, '[' | '&');
                self.keep(c.len_utf8());
            }
        }
    }

    /// How many of the next bytes are nothing but text, at least.
    fn plain_run(&mut self, as_written: bool) -> usize {
        let rest = self.rest().as_bytes();
        let end =
            self.addresses.peek().map_or(rest.len(), |next| next.range.start.saturating_sub(self.at).min(rest.len()));
        let is_special = |byte: &u8| is_special(*byte) || as_written && byte.is_ascii_punctuation();
        rest[..end].iter().position(is_special).unwrap_or(end)
    }

    /// Has the placeholder of a piece stand for the next bytes.
    fn put(&mut self, piece: Piece, bytes: usize) {
        let placeholder = self.scanned.pieces.add(piece);
        self.scanned.text.push(placeholder);
        self.pass(bytes);
    }

    fn keep(&mut self, bytes: usize) {
        self.scanned.text.push_str(&self.source[self.at..self.at + bytes]);
        self.pass(bytes);
    }

    fn pass(&mut self, bytes: usize) {
        self.before = self.source[self.at..self.at + bytes].chars().next_back();
        self.at += bytes;
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// How often the next character is there.
    fn run(&self, c: char) -> usize {
        self.rest().chars().take_while(|next| *next == c).count()
    }

    fn mention(&mut self) -> bool {
        let Some((mention, longest)) = mention_at(self.before, self.rest()) else { return false };
        if self.context.mentions.len() == MAX_MENTIONS {
            return false;
        }
        // An underscore behind a name may end emphasis, unless a name ends with it.
        let written = &mention.written;
        let trailing = written.trim_end_matches(['.', '_', '-']).len();
        let open_end = written[trailing..].contains('_') && !self.context.whole_names;
        self.context.has_open_end |= open_end;
        let bytes = if open_end { trailing } else { longest };
        let shown = written[..bytes].to_owned();
        let index = self.context.mentions.len();
        self.context.mentions.push(mention);
        self.put(Piece::Mention { index, shown }, bytes);
        true
    }

    fn room(&mut self) -> bool {
        let Some(slug) = room_at(self.before, self.rest()) else { return false };
        if self.context.rooms == MAX_ROOMS {
            return false;
        }
        self.context.rooms += 1;
        self.put(Piece::Room(slug.to_owned()), 1 + slug.len());
        true
    }

    fn code(&mut self) {
        let ticks = self.run('`');
        match self.closing(ticks, self.at + ticks) {
            Some(end) => {
                let code = self.source[self.at + ticks..end].replace('\n', " ");
                let is_padded = code.starts_with(' ') && code.ends_with(' ') && !code.trim_matches(' ').is_empty();
                let code = if is_padded { code[1..code.len() - 1].to_owned() } else { code };
                self.put(Piece::Code(code), end + ticks - self.at);
            }
            None => self.put(Piece::Text("`".repeat(ticks)), ticks),
        }
    }

    /// Where the next run of as many backticks begins.
    fn closing(&self, ticks: usize, from: usize) -> Option<usize> {
        let next = self.ticks.partition_point(|run| *run < (ticks, from));
        self.ticks.get(next).filter(|(length, _)| *length == ticks).map(|(_, at)| *at)
    }

    /// `<https://…>` without its brackets; any other is text.
    fn less_than(&mut self) {
        let rest = &self.rest()[1..];
        let starts = self.addresses.peek().filter(|next| next.range.start == self.at + 1 && next.target.is_some());
        let end = starts.and_then(|_| rest.find(['>', '<', ' ', '\n'])).filter(|end| rest[*end..].starts_with('>'));
        if let Some(text) = end.map(|end| &rest[..end])
            && let Some(target) = links::written_target(text)
        {
            return self.put(Piece::Address { text: text.to_owned(), target: Some(target) }, text.len() + 2);
        }
        self.put(Piece::Text("<".into()), 1);
    }

    fn backslash(&mut self) {
        let rest = &self.rest()[1..];
        let starts_line = matches!(self.before, None | Some('\n'));
        match rest.chars().next() {
            Some('\\') => {
                let placeholder = self.scanned.pieces.add(Piece::Text("\\\\".into()));
                self.scanned.text.push(placeholder);
                self.pass(2);
                // One of two, where the next sign would otherwise be escaped.
                let next = self.rest().chars().next();
                if next.is_some_and(|next| matches!(next, '*' | '_' | '[')) || self.rest().starts_with("~~") {
                    // Guards may come between: the sign is looked for behind them.
                    self.scanned.escapes.push(Escape { at: self.scanned.text.len(), sign: placeholder });
                } else if next == Some('`') && self.closing(self.run('`'), self.at + self.run('`')).is_some() {
                    self.scanned.pieces.set(placeholder, Piece::Text("\\".into()));
                }
            }
            Some('|') if rest.starts_with("|\\|") => self.put(Piece::Text("||".into()), 4),
            Some('|') if rest.starts_with("||") => self.put(Piece::Text("||".into()), 3),
            Some('`') if rest[1..].contains('`') => self.put(Piece::Text("`".into()), 2),
            Some('&') if reference(rest).is_some() => self.put(Piece::Text("&".into()), 2),
            Some('#') if room_at(None, rest).is_some() => self.put(Piece::Text("#".into()), 2),
            Some('<') if self.addresses.peek().is_some_and(|next| next.range.start == self.at + 2) => {
                self.put(Piece::Text("<".into()), 2);
            }
            Some(sign) if starts_line && escaped_block_start(self.rest()) == Some(0) => {
                self.put(Piece::Text(sign.into()), 1 + sign.len_utf8());
            }
            // `1\.`
            Some(sign @ ('.' | ')')) if self.escapes_number() => self.put(Piece::Text(sign.into()), 2),
            Some(sign @ ('*' | '_' | '~' | '[' | ']' | '(' | ')' | '!')) => {
                self.scanned.is_marked = true;
                if sign == '_' {
                    self.part_macron();
                }
                self.pass(1);
                self.scanned.escapes.push(Escape { at: self.scanned.text.len(), sign });
                self.keep(1);
            }
            _ => self.put(Piece::Text("\\".into()), 1),
        }
    }

    fn escapes_number(&self) -> bool {
        let start = self.source[..self.at].rfind('\n').map_or(0, |at| at + 1);
        escaped_block_start(&self.source[start..]) == Some(self.at - start)
    }

    /// Emphasis.
    fn delimiter(&mut self, c: char) {
        self.scanned.is_marked = true;
        if c == '_' {
            self.part_macron();
        }
        let length = self.run(c);
        self.guarded(&c.to_string().repeat(length));
    }

    /// `~~` and `||`; other numbers of them are text.
    fn pair(&mut self, c: char) {
        let length = self.run(c);
        match c {
            '~' if length == 2 => {
                self.scanned.is_marked = true;
                self.guarded("~~");
            }
            '|' if length == 2 => {
                let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
                let opens = !is_space(self.rest()[2..].chars().next());
                let closes = !is_space(self.before);
                self.put(Piece::Spoiler { opens, closes }, 2);
            }
            _ => self.put(Piece::Text(c.to_string().repeat(length)), length),
        }
    }

    /// A run of delimiters. Beside writing without spaces, a sign next to it does not keep it from opening or closing: a
    /// placeholder parts the two.
    fn guarded(&mut self, run: &str) {
        let (before, after) = (self.before, self.rest()[run.len()..].chars().next());
        let is_sign = |c: Option<char>| c.is_some_and(is_punctuation);
        let is_unspaced = |c: Option<char>| c.is_some_and(is_unspaced);
        if is_sign(before) && (is_unspaced(before) || is_unspaced(after)) {
            self.part();
        }
        self.scanned.text.push_str(run);
        self.pass(run.len());
        if is_sign(after) && (is_unspaced(before) || is_unspaced(after)) {
            self.part();
        }
    }

    /// The arm of a person who shrugs is no sign that a word begins behind.
    fn part_macron(&mut self) {
        if matches!(self.before, Some('¯' | '´' | '`' | 'ˉ' | '‾' | '￣')) {
            self.part();
        }
    }

    fn part(&mut self) {
        let nothing = *self.nothing.get_or_insert_with(|| self.scanned.pieces.add(Piece::Nothing));
        self.scanned.text.push(nothing);
    }
}

/// Whether a byte may begin something else than text. The last are of characters from U+F000 on.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'\n' | b'@' | b'#' | b'`' | b'\\' | b'<' | b'*' | b'_' | b'~' | b'|' | b'[' | b'&' | 0xef..)
}

fn ticks(source: &str) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut from = 0;
    while let Some(at) = source[from..].find('`').map(|at| from + at) {
        let length = source[at..].bytes().take_while(|byte| *byte == b'`').count();
        runs.push((length, at));
        from = at + length;
    }
    runs.sort_unstable();
    runs
}

/// The reference to a character that a text begins with: `&amp;`, `&#64;`.
pub fn reference(text: &str) -> Option<&str> {
    let end = text.find(';')?;
    let name = text[..end].strip_prefix('&')?;
    let name = name.strip_prefix('#').unwrap_or(name);
    let is_one = (1..=31).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some(&text[..=end])
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || (!c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace())
}

/// Signs and letters of writing that has no spaces between words: Chinese, Japanese, Korean with its particles, Thai, Lao,
/// Burmese and Khmer, and the wide signs that go with them.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1100..=0x11ff | 0x1780..=0x17ff | 0x2e80..=0xa4cf | 0xa960..=0xa97f
        | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xffef | 0x2_0000..=0x3_ffff)
}
