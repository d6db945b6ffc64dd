//! Markdown to HTML: whatever a body says, what comes out is tags and attributes from a short list, and not too long.

#![no_main]

use klatch_fuzz::base::visible::is_html_visible;
use klatch_fuzz::render::highlight::CLASSES;
use klatch_fuzz::render::html::TAGS;
use klatch_fuzz::render::mentions::Meant;
use klatch_fuzz::render::{MAX_HTML_BYTES, render_again, render_body};
use klatch_fuzz::wire::MAX_BODY_CHARS;
use libfuzzer_sys::fuzz_target;

/// What the gaps of 50 mentions add at most.
const MENTIONS_BYTES: usize = 50 * 128;

fuzz_target!(|text: &str| {
    let Ok(rendered) = render_body(text) else {
        let body = text.trim();
        let is_bad = body.is_empty() || body.contains('\0') || body.chars().count() > MAX_BODY_CHARS;
        assert!(is_bad || !is_html_visible(&render_again(body).preview()), "{body:?}");
        return;
    };
    assert_eq!(rendered.body, text.trim());
    assert!(rendered.mentions.len() <= 50);
    // Each by its longest name, by its shortest, and none.
    let by = |reading: fn(usize) -> Option<usize>| -> Vec<Meant> {
        let meant = |count: usize| reading(count).map(|reading| Meant::User { reading, id: 7 });
        rendered.mentions.iter().map(|mention| meant(mention.readings.len()).unwrap_or(Meant::Nobody)).collect()
    };
    for meant in [by(|count| (count > 0).then_some(0)), by(|count| count.checked_sub(1)), by(|_| None)] {
        let html = rendered.html(&meant);
        assert!(html.len() <= MAX_HTML_BYTES + MENTIONS_BYTES, "{} bytes", html.len());
        assert!(is_html_visible(&html), "{html}");
        is_harmless(&html);
    }
    assert_eq!(render_again(&rendered.body).preview(), rendered.preview());
    for name in rendered.mentions.iter().flat_map(|mention| &mention.readings) {
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
    if let Some(name) = tag.strip_prefix('/') {
        return assert!(TAGS.contains(&name), "</{name}> in {html}");
    }
    let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(TAGS.contains(&name), "<{name}> in {html}");
    while !attributes.is_empty() {
        let (attribute, rest) = attributes.split_once("=\"").unwrap_or_else(|| panic!("{tag} in {html}"));
        let (value, rest) = rest.split_once('"').unwrap_or_else(|| panic!("{tag} in {html}"));
        let good = match (name, attribute) {
            (_, "dir") => matches!(value, "ltr" | "rtl"),
            ("a", "href") => {
                value.starts_with("/people/")
                    || ["http:", "https:", "mailto:"].iter().any(|scheme| has_scheme(value, scheme))
            }
            ("a", "title") => true,
            ("a", "target") => value == "_blank",
            ("a", "rel") => value == "noopener nofollow",
            ("a" | "span", "data-user") | ("ol", "start") | ("li", "value") => {
                value.bytes().all(|byte| byte.is_ascii_digit())
            }
            ("a", "class") => value == "at",
            ("div", "class") => value == "table",
            ("input", "type") => value == "checkbox",
            ("input", "checked" | "disabled") => value.is_empty(),
            ("li", "class") => value == "task",
            ("pre", "data-language") => value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            ("span", "class") => matches!(value, "at" | "spoiler") || CLASSES.contains(&value),
            ("span", "data-room") => value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            ("td" | "th", "align") => matches!(value, "left" | "center" | "right"),
            _ => false,
        };
        assert!(good, "{attribute}={value:?} in {html}");
        attributes = rest.trim_start_matches(' ');
    }
}

fn has_scheme(value: &str, scheme: &str) -> bool {
    value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}
