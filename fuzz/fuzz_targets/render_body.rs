//! Markdown to HTML: whatever a body says, what comes out is tags and attributes from a short list, and not too long.

#![no_main]

use klatch_fuzz::render::highlight::CLASSES;
use klatch_fuzz::render::{MAX_HTML_BYTES, render_again, render_body};
use klatch_fuzz::wire::MAX_BODY_CHARS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(rendered) = render_body(text) else {
        let body = text.trim();
        assert!(body.is_empty() || body.contains('\0') || body.chars().count() > MAX_BODY_CHARS);
        return;
    };
    assert_eq!(rendered.body, text.trim());
    assert!(rendered.html.len() <= MAX_HTML_BYTES, "{} bytes", rendered.html.len());
    assert_eq!(render_again(&rendered.body), rendered.html);
    is_harmless(&rendered.html);
    assert!(rendered.mentions.len() <= 50);
    for name in rendered.mentions.iter().flat_map(|mention| &mention.0) {
        assert!((2..=32).contains(&name.len()), "{name}");
        assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')), "{name}");
    }
});

/// The sanitiser writes one form of HTML: every `<` begins a tag, attributes are quoted, and in them `"` is escaped.
fn is_harmless(html: &str) {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let inside = &rest[at + 1..];
        let end = end_of_tag(inside).unwrap_or_else(|| panic!("a tag without an end: {html}"));
        tag(&inside[..end], html);
        rest = &inside[end + 1..];
    }
}

/// Where the tag's `>` is, outside quotes.
fn end_of_tag(inside: &str) -> Option<usize> {
    let mut quoted = false;
    inside.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

fn tag(tag: &str, html: &str) {
    const TAGS: [&str; 20] = [
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
    if let Some(name) = tag.strip_prefix('/') {
        return assert!(TAGS.contains(&name), "</{name}> in {html}");
    }
    let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(TAGS.contains(&name), "<{name}> in {html}");
    while !attributes.is_empty() {
        let (attribute, rest) = attributes.split_once("=\"").unwrap_or_else(|| panic!("{tag} in {html}"));
        let (value, rest) = rest.split_once('"').unwrap_or_else(|| panic!("{tag} in {html}"));
        let good = match (name, attribute) {
            ("a", "href") => ["http:", "https:", "mailto:"].iter().any(|scheme| has_scheme(value, scheme)),
            ("a", "title") => true,
            ("a", "target") => value == "_blank",
            ("a", "rel") => value == "noopener nofollow",
            ("ol", "start") => value.bytes().all(|byte| byte.is_ascii_digit()),
            ("span", "class") => value == "at" || CLASSES.contains(&value),
            _ => false,
        };
        assert!(good, "{attribute}={value:?} in {html}");
        attributes = rest.trim_start_matches(' ');
    }
}

fn has_scheme(value: &str, scheme: &str) -> bool {
    value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}
