//! Placeholders: characters that stand for what was found in a text before its emphasis is looked for.
//!
//! Each is one character of plane 16, a range for private use. A character of that plane in the text itself becomes a
//! placeholder for itself, so that none is taken for another's.

const FIRST: u32 = 0x10_0000;
const LAST: u32 = 0x10_fffd;

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is no markup.
    Text(String),
    /// The same, a space to what is beside it.
    LineBreak,
    /// Nothing: it keeps a delimiter and a sign apart.
    Nothing,
    Code(String),
    /// An address, and where it leads where it is a link.
    Address {
        text: String,
        target: Option<String>,
    },
    /// `mentions[index]`, of which this many bytes of the name are shown.
    Mention {
        index: usize,
        shown: String,
    },
    /// `#slug`.
    Room(String),
    /// `||`: whether it can begin and end a spoiler.
    Spoiler {
        opens: bool,
        closes: bool,
    },
}

impl Piece {
    /// As it was written, where that may still be needed: within the address of a link.
    pub fn push_source(&self, source: &mut String) {
        match self {
            Self::Text(text) | Self::Address { text, .. } => source.push_str(text),
            Self::LineBreak => source.push(' '),
            Self::Nothing => {}
            Self::Code(code) => source.push_str(code),
            Self::Mention { shown, .. } => source.push_str(shown),
            Self::Room(slug) => {
                source.push('#');
                source.push_str(slug);
            }
            Self::Spoiler { .. } => source.push_str("||"),
        }
    }
}

/// The pieces of one block's text.
#[derive(Debug, Default)]
pub struct Pieces(Vec<Piece>);

impl Pieces {
    /// Adds a piece, and gives the character for it.
    pub fn add(&mut self, piece: Piece) -> char {
        let at = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        match FIRST.checked_add(at).filter(|code| *code <= LAST).and_then(char::from_u32) {
            Some(c) => {
                self.0.push(piece);
                c
            }
            // A body has at most 4,000 characters, and no character becomes more than three pieces.
            None => char::REPLACEMENT_CHARACTER,
        }
    }

    pub fn get(&self, c: char) -> Option<&Piece> {
        let at = usize::try_from(u32::from(c).checked_sub(FIRST)?).ok()?;
        self.0.get(at)
    }

    pub fn set(&mut self, c: char, piece: Piece) {
        let at = u32::from(c).checked_sub(FIRST).and_then(|at| usize::try_from(at).ok());
        if let Some(there) = at.and_then(|at| self.0.get_mut(at)) {
            *there = piece;
        }
    }

    /// A text with its pieces as they were written.
    pub fn source(&self, text: &str) -> String {
        let mut source = String::with_capacity(text.len());
        for c in text.chars() {
            match self.get(c) {
                Some(piece) => piece.push_source(&mut source),
                None => source.push(c),
            }
        }
        source
    }
}

/// Whether a character may stand for a piece.
pub fn is_placeholder(c: char) -> bool {
    u32::from(c) >= FIRST
}

/// The first placeholder from a place on, and where it stands.
pub fn next_placeholder(text: &str, from: usize) -> Option<(usize, char)> {
    // Only characters of plane 16 begin with this byte in UTF-8.
    let at = from + text.as_bytes()[from..].iter().position(|byte| *byte == 0xf4)?;
    text[at..].chars().next().map(|c| (at, c))
}

/// Brackets around the number of a mention in sanitised HTML: noncharacters, which no body has there.
pub const MENTION: char = '\u{fdd0}';
/// The same, within a link.
pub const MENTION_IN_LINK: char = '\u{fdd1}';
pub const MENTION_END: char = '\u{fdd2}';

/// Noncharacters show nothing that can be told: they become the sign for that.
pub fn is_noncharacter(c: char) -> bool {
    matches!(u32::from(c), 0xfdd0..=0xfdef) || u32::from(c) & 0xfffe == 0xfffe
}
