//! Authors' text, made harmless: Markdown to sanitised HTML, once a message, and the names it mentions.
//!
//! What comes out is kept beside the message with [`RENDERER`], so that a message is rendered again only after the rules
//! here have changed.

pub mod highlight;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html};

use crate::render::highlight::Highlighter;
use crate::wire::MAX_BODY_CHARS;
use crate::wire::refusal::Refusal;

/// The version of the rules in this file. Raise it with every change that alters their output.
pub const RENDERER: i32 = 3;

/// Blocks and spans nested deeper than this are shown as they were written: sanitising deep trees costs time, and nobody
/// writes them by hand.
const MAX_DEPTH: usize = 16;

const MAX_MENTIONS: usize = 50;

/// The most bytes of HTML that a body becomes. Code that would be longer is shown without its colours, and what is longer
/// still as it was written: a few references to one long address can stand for hundreds of kilobytes.
pub const MAX_HTML_BYTES: usize = 64 * 1024;

/// A body that may be stored, with what was made of it.
#[derive(Clone, Debug)]
pub struct Rendered {
    pub body: String,
    pub html: String,
    pub mentions: Vec<Mention>,
}

impl Rendered {
    /// Whether it wants everybody's attention who is in the room.
    pub fn mentions_here(&self) -> bool {
        self.names("here")
    }

    /// Whether it wants every member's attention.
    pub fn mentions_room(&self) -> bool {
        self.names("room")
    }

    fn names(&self, name: &str) -> bool {
        self.mentions.iter().any(|Mention(readings)| readings.iter().any(|reading| reading == name))
    }
}

/// An `@name` outside code: the usernames it can mean, in lower case, the likeliest first (`@ann.` at the end of a
/// sentence may mean `ann.` or `ann`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention(pub Vec<String>);

/// Checks and renders a body: 1 to [`MAX_BODY_CHARS`] characters after trimming, no NUL.
pub fn render_body(body: &str) -> Result<Rendered, Refusal> {
    let body = body.trim();
    if body.is_empty() {
        return Err(Refusal::invalid("body: must not be empty"));
    }
    if body.chars().count() > MAX_BODY_CHARS {
        return Err(Refusal::invalid("body: at most {most} characters").with("most", MAX_BODY_CHARS));
    }
    if body.contains('\0') {
        return Err(Refusal::invalid("body: must not contain NUL"));
    }
    let (html, mentions) = render(body);
    Ok(Rendered { body: body.to_owned(), html, mentions })
}

/// The HTML of a body that was stored under older rules.
pub fn render_again(body: &str) -> String {
    render(body).0
}

fn render(body: &str) -> (String, Vec<Mention>) {
    if is_plain(body) {
        return (format!("<p>{body}</p>\n"), Vec::new());
    }
    let mut writer = Writer::default();
    let events: Vec<Event> = TextMergeStream::new(Parser::new_ext(body, Options::ENABLE_STRIKETHROUGH)).collect();
    let as_written = [Event::Start(Tag::Paragraph), Event::Text(body.into()), Event::End(TagEnd::Paragraph)];
    let events = if depth(&events) > MAX_DEPTH { as_written.to_vec() } else { events };
    for event in events {
        writer.write(event);
    }
    let Writer { events, mentions, .. } = writer;
    let html = if_it_fits(events.iter().cloned())
        .or_else(|| if_it_fits(without_colours(&events)))
        .unwrap_or_else(|| sanitise(to_html(as_written)));
    (html, mentions)
}

fn if_it_fits<'a>(events: impl Iterator<Item = Event<'a>>) -> Option<String> {
    let fits = |html: &String| html.len() <= MAX_HTML_BYTES;
    Some(to_html(events)).filter(fits).map(sanitise).filter(fits)
}

fn without_colours<'a>(events: &[Event<'a>]) -> impl Iterator<Item = Event<'a>> {
    let mut in_code = false;
    events
        .iter()
        .filter(move |event| {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                _ => {}
            }
            !(in_code && matches!(event, Event::InlineHtml(_)))
        })
        .cloned()
}

fn to_html<'a>(events: impl IntoIterator<Item = Event<'a>>) -> String {
    let mut html = String::new();
    html::push_html(&mut html, events.into_iter());
    html
}

fn sanitise(html: String) -> String {
    SANITISER.clean(&html).to_string()
}

/// Whether Markdown would change nothing: the common short message, for which parsing and sanitising can be saved.
fn is_plain(body: &str) -> bool {
    body.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | ',' | '!' | '?')) && !body.starts_with("    ")
}

fn depth(events: &[Event]) -> usize {
    let (mut now, mut most) = (0usize, 0);
    for event in events {
        match event {
            Event::Start(_) => {
                now += 1;
                most = most.max(now);
            }
            Event::End(_) => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Turns the parser's events into those that are shown.
#[derive(Default)]
struct Writer<'a> {
    events: Vec<Event<'a>>,
    mentions: Vec<Mention>,
    /// What stands after the fence of the block of code that this is in.
    code: Option<CowStr<'a>>,
    in_link: bool,
    highlighter: Highlighter,
}

impl<'a> Writer<'a> {
    fn write(&mut self, event: Event<'a>) {
        match event {
            // Raw HTML is shown as the text it is.
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            // In a chat a line break is meant.
            Event::SoftBreak => self.events.push(Event::HardBreak),
            Event::Start(Tag::HtmlBlock) => self.events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => self.events.push(Event::End(TagEnd::Paragraph)),
            // A picture from elsewhere would tell its host who reads: it becomes a link.
            Event::Start(
                Tag::Image { link_type, dest_url, title, id } | Tag::Link { link_type, dest_url, title, id },
            ) => {
                self.in_link = true;
                self.events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::End(TagEnd::Image | TagEnd::Link) => {
                self.in_link = false;
                self.events.push(Event::End(TagEnd::Link));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                self.events.push(Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)));
                self.code = Some(match kind {
                    CodeBlockKind::Fenced(info) => info,
                    CodeBlockKind::Indented => CowStr::Borrowed(""),
                });
            }
            Event::End(TagEnd::CodeBlock) => {
                self.code = None;
                self.events.push(Event::End(TagEnd::CodeBlock));
            }
            Event::Text(text) => match self.code.take() {
                Some(info) => {
                    self.code(&info, &text);
                    self.code = Some(info);
                }
                None => self.text(&text),
            },
            event => self.events.push(event),
        }
    }

    fn code(&mut self, info: &str, code: &str) {
        for (range, class) in self.highlighter.pieces(info, code) {
            let Some(class) = class else {
                self.push_text(&code[range]);
                continue;
            };
            self.events.push(Event::InlineHtml(format!("<span class=\"{class}\">").into()));
            self.push_text(&code[range]);
            self.events.push(Event::InlineHtml(CowStr::Borrowed("</span>")));
        }
    }

    /// Text between markup: bare links become links, `@names` are marked.
    fn text(&mut self, text: &str) {
        if self.in_link {
            return self.mark_mentions(text);
        }
        for span in LINKS.spans(text) {
            let destination = match span.kind() {
                Some(LinkKind::Url) => span.as_str().to_owned(),
                Some(LinkKind::Email) => format!("mailto:{}", span.as_str()),
                _ => {
                    self.mark_mentions(span.as_str());
                    continue;
                }
            };
            let (title, id) = (CowStr::Borrowed(""), CowStr::Borrowed(""));
            let tag = Tag::Link { link_type: LinkType::Autolink, dest_url: destination.into(), title, id };
            self.events.push(Event::Start(tag));
            self.events.push(Event::Text(span.as_str().to_owned().into()));
            self.events.push(Event::End(TagEnd::Link));
        }
    }

    fn mark_mentions(&mut self, text: &str) {
        let mut shown = 0;
        let mut from = 0;
        while let Some(at) = text[from..].find('@').map(|at| from + at) {
            from = at + 1;
            let follows_word = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            let run: &str = name_at(&text[from..]);
            let names = readings(run);
            if follows_word || names.is_empty() || self.mentions.len() == MAX_MENTIONS {
                continue;
            }
            // What is marked is the reading without the sentence's own punctuation.
            let end = from + names.last().map_or(0, String::len);
            self.push_text(&text[shown..at]);
            self.events.push(Event::InlineHtml(format!("<span class=\"at\">{}</span>", &text[at..end]).into()));
            self.mentions.push(Mention(names));
            (shown, from) = (end, end);
        }
        self.push_text(&text[shown..]);
    }

    fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.events.push(Event::Text(text.to_owned().into()));
        }
    }
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(text.len());
    &text[..end]
}

/// The usernames that a run of name characters can mean: as it stands, then with less and less trailing punctuation.
fn readings(run: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = run;
    while name.len() >= 2 {
        if name.len() <= 32 {
            names.push(name.to_ascii_lowercase());
        }
        match name.strip_suffix(['.', '_', '-']) {
            Some(shorter) => name = shorter,
            None => break,
        }
    }
    names
}

static LINKS: LazyLock<LinkFinder> = LazyLock::new(|| {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url, LinkKind::Email]);
    finder
});

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "strong",
        "ul",
    ];
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from(tags))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href", "title"])), ("ol", HashSet::from(["start"]))]))
        .allowed_classes(HashMap::from([("span", highlight::CLASSES.into_iter().chain(["at"]).collect())]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

#[cfg(test)]
mod tests {
    use super::*;

    fn html(body: &str) -> String {
        render_body(body).expect("a body").html
    }

    #[test]
    fn a_plain_message_needs_no_parser() {
        for body in ["hello", "Hello there, everybody!", "Grüße, 李明?", "one  two"] {
            assert!(is_plain(body));
            let mut parsed = String::new();
            html::push_html(&mut parsed, Parser::new(body));
            assert_eq!(html(body), SANITISER.clean(&parsed).to_string());
        }
    }

    #[test]
    fn hostile_text_becomes_harmless() {
        assert_eq!(html("<script>alert(1)</script>"), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
        assert!(!html("[x](javascript:alert(1))").contains("javascript"));
        assert!(!html("[x](data:text/html;base64,AAAA)").contains("data:"));
        assert!(!html("<img src=x onerror=alert(1)>").contains("<img"));
        assert!(!html("![x](https://example.org/pixel.png)").contains("<img"));
    }

    #[test]
    fn links_do_not_vouch_for_their_target() {
        for body in ["[x](https://example.org/)", "see https://example.org/ there"] {
            assert!(html(body).contains(r#"href="https://example.org/""#), "{}", html(body));
            assert!(html(body).contains(r#"rel="noopener nofollow""#));
        }
    }

    #[test]
    fn deep_nesting_is_shown_as_written() {
        let body = ">".repeat(4_000);
        assert_eq!(html(&body).matches("<blockquote>").count(), 0);
        let body = format!("{}x", "- ".repeat(100));
        assert_eq!(html(&body).matches("<ul>").count(), 0);
    }

    #[test]
    fn a_name_is_mentioned_outside_code_and_words() {
        let names = |body: &str| -> Vec<Vec<String>> {
            render_body(body).expect("a body").mentions.into_iter().map(|Mention(names)| names).collect()
        };
        assert_eq!(names("@ann hello"), [["ann"]]);
        assert_eq!(names("ask @Ann."), [["ann.", "ann"]]);
        assert_eq!(names("ask @under_score_name, please"), [["under_score_name"]]);
        assert!(names("`@ann` and\n\n```\n@ann\n```").is_empty());
        assert!(names("mail ann@example").is_empty());
        assert!(html("ask @Ann.").contains(r#"<span class="at">@Ann</span>."#), "{}", html("ask @Ann."));
    }

    #[test]
    fn a_line_break_is_kept() {
        assert_eq!(html("one\ntwo"), "<p>one<br>\ntwo</p>\n");
    }
}
