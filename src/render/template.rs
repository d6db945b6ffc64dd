//! Sanitised HTML with gaps for mentions, and what fills them.

use std::fmt::Write;

use crate::render::mentions::{Meant, Mention};
use crate::render::placeholders::{MENTION, MENTION_END, MENTION_IN_LINK};

/// The most bytes of ids in the HTML; more are written as `*`, everybody.
const MAX_IDS_BYTES: usize = 8 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    start: String,
    /// Each with the HTML behind it.
    gaps: Vec<(Gap, String)>,
}

/// Where a mention stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    index: usize,
    /// How many bytes of what was written it stands for.
    length: usize,
    in_link: bool,
}

impl Gap {
    /// `5 4`: the number of the mention, and the length.
    fn parse(text: &str, in_link: bool) -> Option<Self> {
        let (index, length) = text.split_once(' ')?;
        Some(Self { index: index.parse().ok()?, length: length.parse().ok()?, in_link })
    }
}

impl Template {
    /// HTML without gaps.
    pub fn plain(html: String) -> Self {
        Self { start: html, gaps: Vec::new() }
    }

    /// Takes HTML apart at its gaps.
    pub fn new(html: String) -> Self {
        let Some(first) = html.find([MENTION, MENTION_IN_LINK]) else { return Self::plain(html) };
        let mut gaps = Vec::new();
        let mut rest = &html[first..];
        while let Some(bracket) = rest.chars().next() {
            // The renderer writes no bracket alone, and no gap that can't be read.
            let Some((gap, after)) = rest[bracket.len_utf8()..].split_once(MENTION_END) else { break };
            let end = after.find([MENTION, MENTION_IN_LINK]).unwrap_or(after.len());
            gaps.extend(Gap::parse(gap, bracket == MENTION_IN_LINK).map(|gap| (gap, after[..end].to_owned())));
            rest = &after[end..];
        }
        Self { start: html[..first].to_owned(), gaps }
    }

    /// What stands in no gap means nobody: a name in the title of a link, say.
    pub fn forget_unshown(&self, mentions: &mut [Mention]) {
        for (at, mention) in mentions.iter_mut().enumerate() {
            if !self.gaps.iter().any(|(gap, _)| gap.index == at) {
                mention.readings.clear();
            }
        }
    }

    /// Whether each mention is shown at least as far as its reading goes.
    pub fn fits(&self, mentions: &[Mention], meant: &[Meant]) -> bool {
        self.gaps.iter().all(|(gap, _)| match (mentions.get(gap.index), meant.get(gap.index)) {
            (
                Some(mention),
                Some(Meant::User { reading, .. } | Meant::Many { reading, .. } | Meant::Elsewhere { reading }),
            ) => mention.shown(*reading).len() <= gap.length,
            _ => true,
        })
    }

    pub fn has_links(&self) -> bool {
        self.start.contains("<a ") || self.gaps.iter().any(|(_, html)| html.contains("<a "))
    }

    /// The HTML in which each mention says who is meant: `data-user` has a user's id, `data-users` several, in their order
    /// and with ranges (`3 5-8`). Who is meant by nobody is text.
    pub fn fill(&self, mentions: &[Mention], meant: &[Meant]) -> String {
        self.with(mentions, |html, index, in_link, mention| match meant.get(index) {
            Some(Meant::User { reading, id }) => {
                let name = mention.readings.get(*reading)?;
                let shown = mention.shown(*reading);
                let _ = if in_link {
                    write!(html, "<span class=\"at\" data-user=\"{id}\">{shown}</span>")
                } else {
                    write!(html, "<a class=\"at\" data-user=\"{id}\" href=\"/people/{name}\">{shown}</a>")
                };
                Some(shown.len())
            }
            Some(Meant::Many { reading, ids }) => {
                let shown = mention.shown(*reading);
                let users = ranges(ids);
                let users = if users.len() > MAX_IDS_BYTES { "*" } else { &users };
                let _ = write!(html, "<span class=\"at\" data-users=\"{users}\">{shown}</span>");
                Some(shown.len())
            }
            Some(Meant::Elsewhere { reading }) if !in_link => {
                let (name, shown) = (mention.readings.get(*reading)?, mention.shown(*reading));
                let _ = write!(html, "<a class=\"at\" href=\"/people/{name}\">{shown}</a>");
                Some(shown.len())
            }
            Some(Meant::Elsewhere { .. } | Meant::Nobody) | None => None,
        })
    }

    /// The HTML in which all that may be a mention is marked.
    pub fn mark(&self, mentions: &[Mention]) -> String {
        self.with(mentions, |html, _, _, mention| {
            let reading = mention.readings.len().checked_sub(1)?;
            let shown = mention.shown(reading);
            let _ = write!(html, "<span class=\"at\">{shown}</span>");
            Some(shown.len())
        })
    }

    /// Fills each gap by `fill`, which gives how many bytes of the mention it has written, if any.
    fn with(&self, mentions: &[Mention], fill: impl Fn(&mut String, usize, bool, &Mention) -> Option<usize>) -> String {
        let mut html = self.start.clone();
        for (Gap { index, length, in_link }, after) in &self.gaps {
            if let Some(mention) = mentions.get(*index) {
                let shown = fill(&mut html, *index, *in_link, mention).unwrap_or(0);
                html.push_str(mention.written.get(shown..*length).unwrap_or_default());
            }
            html.push_str(after);
        }
        html
    }
}

/// Ids in their order: `1 3-5`.
fn ranges(ids: &[i64]) -> String {
    let mut text = String::new();
    let mut rest = ids;
    while let [first, ..] = rest {
        let length = rest.iter().zip(*first..).take_while(|(id, expected)| **id == *expected).count().max(1);
        let separator = if text.is_empty() { "" } else { " " };
        let _ = match length {
            1 => write!(text, "{separator}{first}"),
            _ => write!(text, "{separator}{first}-{}", first + length as i64 - 1),
        };
        rest = &rest[length..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_row_are_a_range() {
        for (ids, text) in
            [(&[][..], ""), (&[7], "7"), (&[1, 2], "1-2"), (&[1, 3, 4, 5, 9], "1 3-5 9"), (&[2, 4, 6], "2 4 6")]
        {
            assert_eq!(ranges(ids), text);
        }
    }
}
