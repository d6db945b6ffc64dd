//! What people see of a text: one rule for bodies, names, titles, topics and descriptions.
//!
//! A character is invisible where it shows nothing by itself: white space, control and format characters, what Unicode lets
//! fonts leave out (zero width characters, the soft hyphen, variation selectors, fillers of Hangul and Khmer, tags), and the
//! few signs whose picture is blank.

use icu_properties::CodePointSetData;
use icu_properties::props::{DefaultIgnorableCodePoint, WhiteSpace};

/// Signs whose picture is blank although they count as letters, marks or symbols.
const BLANK: [char; 6] = [
    '\u{2800}',  // braille pattern blank
    '\u{1d159}', // musical symbol null notehead
    '\u{16fe4}', // Khitan small script filler
    '\u{13441}', // Egyptian hieroglyph full blank
    '\u{13442}', // Egyptian hieroglyph half blank
    '\u{303f}',  // ideographic half fill space
];

/// Whether anything remains to be seen of a text.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(shows)
}

/// Whether a character shows something by itself.
pub fn shows(c: char) -> bool {
    match c {
        '!'..='~' => true,
        '\0'..=' ' | '\u{7f}'..='\u{a0}' => false,
        c => !CodePointSetData::new::<WhiteSpace>().contains(c) && !is_left_out(c),
    }
}

/// The text without what is invisible in it; white space stays.
pub fn without_invisible(text: &str) -> String {
    text.chars().filter(|c| shows(*c) || c.is_whitespace()).collect()
}

/// What people see of a message, from its HTML as the renderer writes it: its text without markup and without invisible
/// characters, so that `b**a**d` and `ba&#100;` are `bad`. What stands in different blocks, lines or cells is not one word: a
/// line break is between them. Nothing is folded.
pub fn visible_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        push(&mut text, &rest[..at]);
        rest = &rest[at..];
        let end = end_of(rest);
        let (piece, after) = rest.split_at(end);
        match piece.strip_prefix('<') {
            Some(tag) => {
                let name = tag.trim_start_matches('/').split([' ', '>', '/']).next().unwrap_or_default();
                let is_inline = matches!(name, "a" | "code" | "del" | "em" | "span" | "strong");
                if !is_inline {
                    push(&mut text, "\n");
                }
            }
            None => text.push_str(match piece {
                "&lt;" => "<",
                "&gt;" => ">",
                "&amp;" => "&",
                "&quot;" => "\"",
                "&#39;" => "'",
                "&nbsp;" => "\u{a0}",
                other => other,
            }),
        }
        rest = after;
    }
    push(&mut text, rest);
    without_invisible(text.trim())
}

/// Adds text, and of empty lines none.
fn push(text: &mut String, more: &str) {
    let is_new_line = text.is_empty() || text.ends_with('\n');
    text.push_str(if is_new_line { more.trim_start_matches('\n') } else { more });
}

/// Whether anything can be seen of a message, from its HTML: see [`visible_text`].
pub fn is_html_visible(html: &str) -> bool {
    let mut rest = html;
    loop {
        let at = rest.find(['<', '&']).unwrap_or(rest.len());
        if is_visible(&rest[..at]) {
            return true;
        }
        rest = &rest[at..];
        if rest.is_empty() {
            return false;
        }
        let (piece, after) = rest.split_at(end_of(rest));
        if piece.starts_with('&') && piece != "&nbsp;" {
            return true;
        }
        rest = after;
    }
}

/// Where the tag or the reference ends that a text begins with: attributes are quoted, and have no quotes in them.
fn end_of(text: &str) -> usize {
    if text.starts_with('&') {
        return text.find(';').map_or(1, |at| at + 1);
    }
    let mut quoted = false;
    let end = text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    });
    end.map_or(text.len(), |at| at + 1)
}

fn is_left_out(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || BLANK.contains(&c)
        // The controls of hieroglyphs, and what brackets annotations.
        || matches!(c, '\u{13430}'..='\u{13440}' | '\u{fff9}'..='\u{fffb}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_show_nothing_are_invisible() {
        for c in "\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2800}\u{3164}\u{115f}\u{1160}\u{ffa0}\u{2060}\u{2061}\u{ad}\
            \u{feff}\u{202a}\u{202e}\u{2066}\u{2069}\u{fe00}\u{fe0f}\u{e0100}\u{e0041}\u{1b}\u{7}\u{7f}\u{85}\u{a0}\u{1680}\u{2000}\
            \u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{180e}\u{180b}\u{34f}\u{61c}\u{17b4}\u{1d159}\u{1d173}\u{fff9}\u{13430}\t\n\r "
            .chars()
        {
            assert!(!shows(c), "U+{:04X}", u32::from(c));
            assert!(!is_visible(&c.to_string().repeat(3)), "U+{:04X}", u32::from(c));
        }
        assert!(!is_visible(""));
        assert!(!is_visible("\u{200b} \u{2800}\n\u{fe0f}\u{202e}"));
    }

    #[test]
    fn characters_that_show_something_are_visible() {
        for text in [
            "a",
            "0",
            ".",
            "é",
            "e\u{301}",
            "李",
            "ש",
            "हि",
            "👍",
            "❤\u{fe0f}",
            "👩\u{200d}🚀",
            "\u{301}",
            "¯",
            "…",
            "—",
            "\u{e000}",
            "\u{fffd}",
            "\u{1f1e9}",
            "\u{600}",
            "\u{6dd}",
            "\u{20e3}",
            "゛",
            "ー",
        ] {
            assert!(is_visible(text), "{text:?}");
            assert!(is_visible(&format!("\u{200b}{text}\u{202e}")), "{text:?}");
        }
    }

    #[test]
    fn the_text_that_is_seen_has_no_markup_and_no_invisible_characters() {
        for (html, text) in [
            ("<p>bad<strong>word</strong></p>\n", "badword"),
            ("<p>bad\u{200b}\u{ad}wo\u{fe0f}rd</p>\n", "badword"),
            ("<p>one</p>\n<p>two</p>\n", "one\ntwo"),
            ("<p>one<br>\ntwo</p>\n", "one\ntwo"),
            ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
            ("<table><tr><td>one</td><td>two</td></tr></table>", "one\ntwo"),
            ("<p>a &lt;b&gt; &amp;amp; c&nbsp;d</p>", "a <b> &amp; c\u{a0}d"),
            ("<p><a href=\"https://example.org/?a>b\" title=\"x\">bad</a>word</p>", "badword"),
            ("<pre><code>a <span class=\"k\">b</span>\n</code></pre>", "a b"),
            ("<hr>", ""),
            ("", ""),
            ("<p>\u{2800}<em>\u{200b}</em></p>\n", ""),
        ] {
            assert_eq!(visible_text(html), text, "{html}");
            assert_eq!(is_html_visible(html), !text.is_empty(), "{html}");
        }
        assert!(!is_html_visible("<p>&nbsp;<br>\n</p>") && is_html_visible("<p>&lt;</p>"));
    }
}
