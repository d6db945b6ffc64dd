//! The text of one block as HTML: emphasis, links and spoilers around what was found before.
//!
//! pulldown-cmark sees one line that begins with a placeholder, so that nothing in it can begin a block, and in which
//! there is neither HTML nor code.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::base::visible::{is_visible, visible_text};
use crate::render::Context;
use crate::render::html::{Direction, push_all, push_escaped};
use crate::render::links::{other_host, written_target};
use crate::render::placeholders::{
    MENTION, MENTION_END, MENTION_IN_LINK, Piece, Pieces, is_placeholder, next_placeholder,
};
use crate::render::scan::{Escape, Scanned, scan};

/// Spans nested deeper than this are shown as they were written.
const MAX_DEPTH: usize = 16;

/// The HTML of a block's text.
pub fn inline(source: &str, context: &mut Context) -> String {
    let mut scanned = scan(source, context, false);
    if !scanned.is_marked {
        return Writer::new(&scanned.pieces, source.len()).plain(&scanned.text);
    }
    // A space: whoever reads it takes what follows for the begin of a word.
    let start = scanned.pieces.add(Piece::Nothing);
    let mut text = String::with_capacity(start.len_utf8() + 1 + scanned.text.len());
    text.push(start);
    text.push(' ');
    text.push_str(&scanned.text);
    if !scanned.escapes.is_empty() {
        text = decide_escapes(&text, start.len_utf8() + 1, &mut scanned);
    }
    let mut writer = Writer::new(&scanned.pieces, source.len());
    for (event, range) in parse(&text) {
        writer.event(event, range, &text);
        if writer.spans.len() > MAX_DEPTH {
            return Writer::new(&scanned.pieces, source.len()).plain(&text);
        }
    }
    writer.finish()
}

/// The HTML of a text of which nothing is markup but addresses, names and line breaks.
pub fn as_written(source: &str, context: &mut Context) -> String {
    let scanned = scan(source, context, true);
    Writer::new(&scanned.pieces, source.len()).plain(&scanned.text)
}

/// The HTML of code between text of a direction.
pub fn push_code(html: &mut String, code: &str, around: Direction) {
    html.push_str("<code");
    html.push_str(Direction::Left.attribute(around));
    html.push('>');
    push_escaped(html, code);
    html.push_str("</code>");
}

fn parse(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH).into_offset_iter()
}

/// A backslash is an escape where the sign behind it would be markup without it, and shown where it would not: the text is
/// parsed without them once, to see. Within emphasis one before an underscore is an escape in any case.
fn decide_escapes(text: &str, offset: usize, scanned: &mut Scanned) -> String {
    let mut literal: Vec<(Range<usize>, bool)> = Vec::new();
    let mut emphasised = 0usize;
    for (event, range) in parse(text) {
        match event {
            Event::Start(Tag::Emphasis | Tag::Strong) => emphasised += 1,
            Event::End(TagEnd::Emphasis | TagEnd::Strong) => emphasised = emphasised.saturating_sub(1),
            Event::Text(_) => literal.push((range, emphasised > 0)),
            _ => {}
        }
    }
    let stays = |at: usize| {
        let next = literal.partition_point(|(range, _)| range.end <= at);
        literal.get(next).filter(|(range, _)| range.contains(&at)).map(|(_, emphasised)| *emphasised)
    };
    let mut decided = String::with_capacity(text.len() + 8);
    let mut from = 0;
    let escapes = std::mem::take(&mut scanned.escapes);
    for Escape { at, sign } in escapes {
        let at = at + offset;
        if is_placeholder(sign) {
            // Two backslashes: one is shown where what follows is markup.
            let mut rest = text[at..].chars();
            let parted = rest.next().filter(|c| is_placeholder(*c)).map_or(0, char::len_utf8);
            if stays(at + parted).is_none() {
                scanned.pieces.set(sign, Piece::Text("\\".into()));
            }
            continue;
        }
        let shown = match stays(at) {
            None => String::from(sign),
            Some(true) if sign == '_' => String::from(sign),
            Some(_) => format!("\\{sign}"),
        };
        decided.push_str(&text[from..at]);
        decided.push(scanned.pieces.add(Piece::Text(shown)));
        from = at + sign.len_utf8();
    }
    decided.push_str(&text[from..]);
    decided
}

/// A span that is being written.
#[derive(Default)]
struct Span {
    html: String,
    /// Where the `||` stands that may begin a spoiler here.
    spoiler: Option<usize>,
    link: Option<Link>,
}

/// A link that is being written.
struct Link {
    /// As it was written.
    address: String,
    title: String,
    /// None, where it can't be followed: then it is shown as it was written.
    target: Option<String>,
}

struct Writer<'a> {
    pieces: &'a Pieces,
    spans: Vec<Span>,
    /// Up to where the text has been written.
    cursor: usize,
}

impl<'a> Writer<'a> {
    /// Writes about so many bytes.
    fn new(pieces: &'a Pieces, bytes: usize) -> Self {
        let mut spans = Vec::with_capacity(4);
        spans.push(Span { html: String::with_capacity(bytes + bytes / 4), ..Span::default() });
        Self { pieces, spans, cursor: 0 }
    }

    fn plain(mut self, text: &str) -> String {
        self.text(text);
        self.finish()
    }

    fn finish(mut self) -> String {
        let mut html = self.spans.pop().unwrap_or_default().html;
        html.truncate(html.trim_end_matches(' ').len());
        match html.len() - html.trim_start_matches(' ').len() {
            0 => html,
            spaces => html.split_off(spaces),
        }
    }

    fn span(&mut self) -> &mut Span {
        if self.spans.is_empty() {
            self.spans.push(Span::default());
        }
        let last = self.spans.len() - 1;
        &mut self.spans[last]
    }

    fn event(&mut self, event: Event, range: Range<usize>, source: &str) {
        match event {
            Event::Start(tag) => self.start(tag, range, source),
            Event::End(tag) => self.end(tag, range, source),
            Event::Text(text) => {
                self.text(&text);
                self.cursor = range.end;
            }
            // There is no other: no line break, no HTML, no code.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag, range: Range<usize>, source: &str) {
        let (address, title) = match tag {
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => return self.spans.push(Span::default()),
            Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. } => (dest_url, title),
            _ => return,
        };
        let (address, title) = (self.pieces.source(&address), self.pieces.source(&title));
        let target = written_target(&address);
        let bracket = if source[range.start..].starts_with('!') { "![" } else { "[" };
        self.cursor = range.start + bracket.len();
        if target.is_none() {
            self.text(bracket);
        }
        self.spans.push(Span { link: Some(Link { address, title, target }), ..Span::default() });
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>, source: &str) {
        let name = match tag {
            TagEnd::Emphasis => "em",
            TagEnd::Strong => "strong",
            TagEnd::Strikethrough => "del",
            TagEnd::Link | TagEnd::Image => {
                self.end_link(range.end, source);
                self.cursor = range.end;
                return;
            }
            _ => return,
        };
        let inner = self.spans.pop().unwrap_or_default().html;
        let html = &mut self.span().html;
        push_all(html, &["<", name, ">", &inner, "</", name, ">"]);
        self.cursor = range.end;
    }

    fn end_link(&mut self, end: usize, source: &str) {
        let Span { html: mut inner, link, .. } = self.spans.pop().unwrap_or_default();
        let Some(Link { address, title, target }) = link else { return };
        let Some(target) = target else {
            self.span().html.push_str(&inner);
            let rest = source.get(self.cursor..end).unwrap_or_default();
            return self.text(rest);
        };
        let text = visible_text(&inner);
        if !is_visible(&text) && !inner.contains([MENTION, MENTION_IN_LINK]) {
            inner.clear();
            push_escaped(&mut inner, &address);
        } else if let Some(host) = other_host(&text, &target) {
            inner.push_str(" (");
            push_escaped(&mut inner, &host);
            inner.push(')');
        }
        let html = &mut self.span().html;
        push_link(html, &target, &title, |html| html.push_str(&inner));
    }

    /// Text with placeholders.
    fn text(&mut self, text: &str) {
        let mut from = 0;
        while let Some((at, c)) = next_placeholder(text, from) {
            let before = &text[from..at];
            let html = &mut self.span().html;
            // A line begins without spaces.
            push_escaped(html, if html.ends_with('\n') { before.trim_start_matches(' ') } else { before });
            let pieces = self.pieces;
            if let Some(piece) = pieces.get(c) {
                self.piece(piece);
            }
            from = at + c.len_utf8();
        }
        let html = &mut self.span().html;
        let rest = &text[from..];
        push_escaped(html, if html.ends_with('\n') { rest.trim_start_matches(' ') } else { rest });
    }

    fn piece(&mut self, piece: &Piece) {
        let in_link = self.spans.iter().any(|span| span.link.as_ref().is_some_and(|link| link.target.is_some()));
        let html = &mut self.span().html;
        match piece {
            Piece::Nothing => {}
            Piece::Text(text) => push_escaped(html, text),
            Piece::LineBreak => {
                html.truncate(html.trim_end_matches(' ').len());
                html.push_str("<br>\n");
            }
            Piece::Code(code) => push_code(html, code, Direction::Left),
            Piece::Address { text, target: Some(target) } if !in_link => {
                push_link(html, target, "", |html| push_escaped(html, text));
            }
            Piece::Address { text, .. } => push_escaped(html, text),
            Piece::Mention { index, shown } => {
                let begin = if in_link { MENTION_IN_LINK } else { MENTION };
                html.push_str(&format!("{begin}{index} {}{MENTION_END}", shown.len()));
            }
            Piece::Room(slug) if !in_link => html.push_str(&format!("<span data-room=\"{slug}\">#{slug}</span>")),
            Piece::Room(slug) => {
                html.push('#');
                html.push_str(slug);
            }
            Piece::Spoiler { opens, closes } => self.spoiler(*opens, *closes),
        }
    }

    fn spoiler(&mut self, opens: bool, closes: bool) {
        let span = self.span();
        match span.spoiler {
            Some(begun) if closes => {
                let hidden = span.html.split_off(begun);
                let hidden = hidden.strip_prefix("||").unwrap_or(&hidden);
                span.html.push_str(&format!("<span class=\"spoiler\">{hidden}</span>"));
                span.spoiler = None;
            }
            _ => {
                if opens {
                    span.spoiler = Some(span.html.len());
                }
                span.html.push_str("||");
            }
        }
    }
}

fn push_link(html: &mut String, target: &str, title: &str, push_inner: impl FnOnce(&mut String)) {
    html.push_str("<a href=\"");
    push_escaped(html, target);
    if !title.is_empty() {
        html.push_str("\" title=\"");
        push_escaped(html, title);
    }
    html.push_str("\">");
    push_inner(html);
    html.push_str("</a>");
}
