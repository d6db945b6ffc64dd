//! Authors' text, made harmless: the chat's own Markdown to sanitised HTML, once a message, and the names it mentions.
//!
//! `docs/markdown.md` has the rules and a table of what becomes of what. The order is: blocks by their lines
//! ([`blocks`]); in each, what is decided before emphasis ([`scan`]: code, addresses, names, rooms); emphasis and links
//! ([`inline`]); HTML ([`mod@write`], [`html`]). Who is meant by a name is known where the members of the room are: until then
//! the HTML has gaps ([`template`]).
//!
//! What comes out is kept beside the message with [`RENDERER`], so that a message is rendered again only after the rules
//! here have changed.

pub mod blocks;
pub mod highlight;
pub mod html;
pub mod inline;
pub mod links;
pub mod mentions;
pub mod placeholders;
pub mod scan;
pub mod tables;
pub mod template;
pub mod write;

use crate::base::visible::{is_html_visible, is_visible, shows, visible_text};
use crate::render::highlight::Highlighter;
use crate::render::html::{Direction, LINK_ATTRIBUTES, has_right_to_left, sanitise};
use crate::render::mentions::{Meant, Mention};
use crate::render::template::Template;
use crate::wire::MAX_BODY_CHARS;
use crate::wire::refusal::Refusal;

/// The version of the rules in this folder. Raise it with every change that alters their output.
pub const RENDERER: i32 = 4;

/// The most bytes of HTML that a body becomes, before it is known who is mentioned. Code that would be longer is shown
/// without its colours, and what is longer still as it was written.
pub const MAX_HTML_BYTES: usize = 32 * 1024;

/// A body that may be stored, with what was made of it.
#[derive(Clone, Debug)]
pub struct Rendered {
    pub body: String,
    /// What may be names, in their order. [`Self::html`] is told whom each means.
    pub mentions: Vec<Mention>,
    template: Template,
    /// The same for a body in which a name ends with an underscore that could as well end emphasis.
    with_whole_names: Option<Template>,
}

impl Rendered {
    /// The HTML, once it is known whom each of [`Self::mentions`] means.
    pub fn html(&self, meant: &[Meant]) -> String {
        let template = match &self.with_whole_names {
            Some(whole) if !self.template.fits(&self.mentions, meant) => whole,
            _ => &self.template,
        };
        template.fill(&self.mentions, meant)
    }

    /// The HTML where nobody's names are known: what may be one is marked.
    pub fn preview(&self) -> String {
        self.template.mark(&self.mentions)
    }

    /// What people see, for filters of words: see [`visible_text`].
    pub fn visible(&self) -> String {
        visible_text(&self.preview())
    }

    /// Whether anything in it is a link.
    pub fn has_links(&self) -> bool {
        self.template.has_links()
    }

    /// Whether it may want everybody's attention who is in the room.
    pub fn mentions_here(&self) -> bool {
        self.names("here")
    }

    /// Whether it may want every member's attention.
    pub fn mentions_room(&self) -> bool {
        self.names("room")
    }

    fn names(&self, name: &str) -> bool {
        self.mentions.iter().any(|mention| mention.readings.iter().any(|reading| reading == name))
    }
}

/// Checks and renders a body: 1 to [`MAX_BODY_CHARS`] characters after trimming, no NUL, and something to see.
///
/// # Errors
/// `invalid`.
pub fn render_body(body: &str) -> Result<Rendered, Refusal> {
    let body = body.trim();
    if body.is_empty() {
        return Err(Refusal::invalid("body: must not be empty"));
    }
    if body.len() > MAX_BODY_CHARS && body.chars().count() > MAX_BODY_CHARS {
        return Err(Refusal::invalid("body: at most {most} characters").with("most", MAX_BODY_CHARS));
    }
    if body.contains('\0') {
        return Err(Refusal::invalid("body: must not contain NUL"));
    }
    let (rendered, is_visible) = render(body);
    if !is_visible {
        return Err(Refusal::invalid("body: nothing in it can be seen"));
    }
    Ok(rendered)
}

/// Whether rendering may take more than a few milliseconds: where it has a block of code, to be highlighted.
pub fn may_take_long(body: &str) -> bool {
    ["```", "~~~"].iter().any(|fence| body.contains(fence))
}

/// Whom a stored body may mention, without drawing it: code is not highlighted.
pub fn mentions_of(body: &str) -> Vec<Mention> {
    render_in(body.trim(), false).0.mentions
}

/// What a body becomes that was stored under older rules: it may be one that would be refused now.
pub fn render_again(body: &str) -> Rendered {
    render(body).0
}

/// What is known of a body while it is rendered.
#[derive(Default)]
pub struct Context {
    pub mentions: Vec<Mention>,
    /// How many rooms were found.
    pub rooms: usize,
    /// Whether names keep an underscore at their end; and whether one was left to emphasis.
    pub whole_names: bool,
    pub has_open_end: bool,
    pub has_right_to_left: bool,
    pub has_colours: bool,
    /// Whether addresses are text.
    pub has_no_links: bool,
    pub highlighter: Highlighter,
}

/// What a body becomes, and whether anything of it can be seen.
fn render(body: &str) -> (Rendered, bool) {
    render_in(body, true)
}

fn render_in(body: &str, has_colours: bool) -> (Rendered, bool) {
    if is_plain(body) {
        let mut html = String::with_capacity(body.len() + "<p></p>\n".len());
        html::push_all(&mut html, &["<p>", body, "</p>\n"]);
        let (body, template) = (body.to_owned(), Template::plain(html));
        return (Rendered { body, mentions: Vec::new(), template, with_whole_names: None }, true);
    }
    let has_right_to_left = has_right_to_left(body);
    let context = |whole_names| Context { whole_names, has_right_to_left, has_colours, ..Context::default() };
    let mut first = context(false);
    let html = sanitised(body, &mut first);
    let with_whole_names = first.has_open_end.then(|| Template::new(sanitised(body, &mut context(true))));
    let is_visible = is_html_visible(&html);
    let template = if first.mentions.is_empty() { Template::plain(html) } else { Template::new(html) };
    let mut mentions = first.mentions;
    template.forget_unshown(&mut mentions);
    (Rendered { body: body.to_owned(), mentions, template, with_whole_names }, is_visible)
}

/// Sanitised HTML, with gaps for mentions.
fn sanitised(body: &str, context: &mut Context) -> String {
    let fresh = |context: &mut Context| {
        (context.mentions, context.rooms, context.has_open_end) = (Vec::new(), 0, false);
    };
    if let Ok(blocks) = blocks::parse(body) {
        let has_colours = context.has_colours;
        for has_colours in [true, false].into_iter().filter(|colours| has_colours || !colours) {
            fresh(context);
            context.has_colours = has_colours;
            let mut html = String::with_capacity(2 * body.len() + 64);
            write::blocks(&mut html, &blocks, Direction::Left, context);
            let Some(html) = sanitised_if_it_fits(&html) else { continue };
            if is_html_visible(&html) {
                return html;
            }
            // Nothing but marks, such as an empty quote: then these are what was meant.
            fresh(context);
            let html = sanitise(&write::paragraph(body, context));
            if is_html_visible(&html) || !is_visible(&without_references(body)) {
                return html;
            }
            fresh(context);
            return sanitise(&write::text_as_written(body, context));
        }
    }
    fresh(context);
    let html = write::text_as_written(body, context);
    if let Some(html) = sanitised_if_it_fits(&html) {
        return html;
    }
    // It fits: of text a character takes six bytes at most, and there are at most 50 names and rooms.
    fresh(context);
    context.has_no_links = true;
    sanitise(&write::text_as_written(body, context))
}

/// Sanitising adds to each link; what would be too long afterwards is not worth the time.
fn sanitised_if_it_fits(html: &str) -> Option<String> {
    let fits = |length: usize| length <= MAX_HTML_BYTES;
    // A link is shorter without than what is added.
    let fits_for_sure = fits(html.len() * LINK_ATTRIBUTES.len() / "<a ".len());
    let added = || html.matches("<a ").count() * LINK_ATTRIBUTES.len();
    (fits_for_sure || fits(html.len() + added())).then(|| sanitise(html)).filter(|html| fits(html.len()))
}

/// A text without `&nbsp;` and the like, which may show nothing.
fn without_references(text: &str) -> String {
    let mut rest = text;
    let mut without = String::new();
    while let Some(at) = rest.find('&') {
        without.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = scan::reference(rest).map_or(1, str::len);
        without.push_str(if length == 1 { "&" } else { "" });
        rest = &rest[length..];
    }
    without + rest
}

/// Whether Markdown would change nothing: the common short message, for which parsing and sanitising can be saved. Begins
/// with a letter, has one line, and no sign that could be markup or part of an address.
fn is_plain(body: &str) -> bool {
    let is_plain_ascii = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b' ' | b',' | b'.' | b':' | b'!' | b'?' | b'\'' | b'(' | b')' | b'-' | b';' | b'%' | b'=' | b'"'
            )
    };
    let is_plain = |c: char| {
        c.is_ascii() || c.is_alphanumeric() && !matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfeff | 0x1_0000..)
    };
    body.starts_with(|c: char| c.is_alphabetic() && shows(c))
        && body.bytes().all(|byte| !byte.is_ascii() || is_plain_ascii(byte))
        && (body.is_ascii() || body.chars().all(is_plain))
}

#[cfg(test)]
mod tests;
