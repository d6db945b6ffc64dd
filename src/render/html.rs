//! HTML as the renderer writes it, and the sanitiser that all of it passes.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;

use crate::render::highlight;

/// Writes text.
pub fn push_escaped(html: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'"' => "&quot;",
            _ => continue,
        };
        html.push_str(&text[from..at]);
        html.push_str(escaped);
        from = at + 1;
    }
    html.push_str(&text[from..]);
}

/// Writes HTML in pieces.
pub fn push_all(html: &mut String, pieces: &[&str]) {
    for piece in pieces {
        html.push_str(piece);
    }
}

/// The direction of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
}

impl Direction {
    /// The attribute where a block's direction is another than that of what it stands in.
    pub fn attribute(self, around: Self) -> &'static str {
        match self {
            same if same == around => "",
            Self::Left => " dir=\"ltr\"",
            Self::Right => " dir=\"rtl\"",
        }
    }
}

/// Whether any character of a text is written from right to left.
pub fn has_right_to_left(text: &str) -> bool {
    text.chars().any(|c| matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff))
}

/// By the first letter in some HTML that has a direction, outside code.
pub fn direction(html: &str) -> Option<Direction> {
    let mut in_tag = false;
    let mut in_reference = false;
    let mut in_code = false;
    html.char_indices().find_map(|(at, c)| {
        in_code = c == '<' && html[at..].starts_with("<code") || in_code && !html[at..].starts_with("</code");
        match c {
            _ if in_code => {}
            '<' => in_tag = true,
            '>' => in_tag = false,
            '&' => in_reference = true,
            ';' => in_reference = false,
            _ if in_tag || in_reference => {}
            c => return direction_of_char(c),
        }
        None
    })
}

/// The same of text as it was written, in which names of people say nothing.
pub fn direction_of_text(text: &str) -> Option<Direction> {
    let mut in_name = false;
    text.chars().find_map(|c| {
        in_name = c == '@' || (in_name && (c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
        if in_name { None } else { direction_of_char(c) }
    })
}

fn direction_of_char(c: char) -> Option<Direction> {
    match c {
        'a'..='z' | 'A'..='Z' => Some(Direction::Left),
        c if c.is_ascii() => None,
        c => match CodePointMapData::<BidiClass>::new().get(c) {
            BidiClass::LeftToRight => Some(Direction::Left),
            BidiClass::RightToLeft | BidiClass::ArabicLetter => Some(Direction::Right),
            _ => None,
        },
    }
}

/// What is not in the renderer's own short list of tags and attributes goes.
pub fn sanitise(html: &str) -> String {
    let mut clean = Vec::with_capacity(html.len() + html.len() / 4 + LINK_ATTRIBUTES.len());
    // Neither fails: it is written into memory, and by a library for text in UTF-8.
    let written = SANITISER.clean(html).write_to(&mut clean);
    written.ok().and_then(|()| String::from_utf8(clean).ok()).unwrap_or_default()
}

/// What the sanitiser adds to each link.
pub const LINK_ATTRIBUTES: &str = " target=\"_blank\" rel=\"noopener nofollow\"";

/// The tags of messages.
pub const TAGS: [&str; 29] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "input",
    "label",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let blocks = ["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "ul"];
    let mut attributes: HashMap<&str, HashSet<&str>> =
        blocks.into_iter().map(|block| (block, HashSet::from(["dir"]))).collect();
    attributes.insert("a", HashSet::from(["href", "title"]));
    attributes.insert("code", HashSet::from(["dir"]));
    attributes.insert("input", HashSet::from(["checked", "disabled", "type"]));
    attributes.insert("li", HashSet::from(["dir", "value"]));
    attributes.insert("ol", HashSet::from(["dir", "start"]));
    attributes.insert("pre", HashSet::from(["data-language", "dir"]));
    attributes.insert("span", HashSet::from(["data-room"]));
    attributes.insert("td", HashSet::from(["align", "dir"]));
    attributes.insert("th", HashSet::from(["align", "dir"]));
    let classes = HashMap::from([
        ("div", HashSet::from(["table"])),
        ("li", HashSet::from(["task"])),
        ("span", highlight::CLASSES.into_iter().chain(["spoiler"]).collect()),
    ]);
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .tag_attributes(attributes)
        .allowed_classes(classes)
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});
